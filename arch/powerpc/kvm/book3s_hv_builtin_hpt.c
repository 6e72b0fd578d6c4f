// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: memory for hash tables beyond what the page allocator
 * gives in one piece.  Built in, because alloc_contig_pages() is not exported.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/nodemask.h>
#include <linux/topology.h>
#include "book3s_hv_mm.h"

/**
 * kvmhv_alloc_contig - physically contiguous, naturally aligned pages
 * @order: log2 of the number of pages
 *
 * Context: may sleep, for long: it migrates pages out of the way.
 * Return: the first page, contents undefined, or NULL.
 */
struct page *kvmhv_alloc_contig(unsigned int order)
{
#ifdef CONFIG_CONTIG_ALLOC
	return alloc_contig_pages(1UL << order, GFP_KERNEL | __GFP_NOWARN,
				  numa_node_id(), &node_online_map);
#else
	return NULL;
#endif
}
EXPORT_SYMBOL_GPL(kvmhv_alloc_contig);

/**
 * kvmhv_free_contig - free what kvmhv_alloc_contig() gave
 * @page: the first page
 * @order: as it was allocated
 */
void kvmhv_free_contig(struct page *page, unsigned int order)
{
#ifdef CONFIG_CONTIG_ALLOC
	free_contig_range(page_to_pfn(page), 1UL << order);
#endif
}
EXPORT_SYMBOL_GPL(kvmhv_free_contig);
