// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: memory for hash tables beyond what the page allocator
 * gives in one piece.  Built in, because neither alloc_contig_pages() nor what
 * charges a memory cgroup is exported.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/topology.h>
#include "book3s_hv_mm.h"

#ifdef CONFIG_CONTIG_ALLOC

#define CONTIG_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

#ifdef CONFIG_MEMCG_KMEM

/* obj_cgroup_charge() has 32 bits for the number of bytes */
#define CHARGE_STEP	SZ_1G

static void uncharge(struct obj_cgroup *objcg, unsigned long bytes)
{
	unsigned long n;

	if (!objcg)
		return;
	for (; bytes; bytes -= n) {
		n = min_t(unsigned long, bytes, CHARGE_STEP);
		obj_cgroup_uncharge(objcg, n);
	}
	obj_cgroup_put(objcg);
}

/*
 * alloc_contig_pages() ignores __GFP_ACCOUNT.  @charged becomes the memory cgroup
 * of the current task, with a reference, or NULL if that has no limit.
 */
static int charge(struct obj_cgroup **charged, unsigned long bytes)
{
	struct obj_cgroup *objcg = NULL;
	unsigned long done = 0, n;

	if (memcg_kmem_enabled())
		objcg = get_obj_cgroup_from_current();
	*charged = objcg;
	while (objcg && done < bytes) {
		n = min_t(unsigned long, bytes - done, CHARGE_STEP);
		if (obj_cgroup_charge(objcg, CONTIG_GFP, n)) {
			uncharge(objcg, done);
			return -ENOMEM;
		}
		done += n;
	}
	return 0;
}

#else

static void uncharge(struct obj_cgroup *objcg, unsigned long bytes)
{
}

static int charge(struct obj_cgroup **charged, unsigned long bytes)
{
	*charged = NULL;
	return 0;
}

#endif

/**
 * kvmhv_alloc_contig - physically contiguous, naturally aligned pages
 * @order: log2 of the number of pages
 *
 * They are charged to the memory cgroup of the current task, before any page is
 * migrated for them.
 *
 * Context: may sleep, for long: it migrates pages out of the way.  A fatal
 * signal ends that.
 * Return: the first page, contents undefined, or NULL.
 */
struct page *kvmhv_alloc_contig(unsigned int order)
{
	struct obj_cgroup *charged;
	struct page *page;

	if (charge(&charged, PAGE_SIZE << order))
		return NULL;
	page = alloc_contig_pages(1UL << order, CONTIG_GFP, numa_node_id(),
				  &node_online_map);
	if (page)
		set_page_private(page, (unsigned long)charged);
	else
		uncharge(charged, PAGE_SIZE << order);
	return page;
}
EXPORT_SYMBOL_GPL(kvmhv_alloc_contig);

/**
 * kvmhv_free_contig - free what kvmhv_alloc_contig() gave
 * @page: the first page
 * @order: as it was allocated
 *
 * Context: may sleep.
 */
void kvmhv_free_contig(struct page *page, unsigned int order)
{
	struct obj_cgroup *charged = (struct obj_cgroup *)page_private(page);

	set_page_private(page, 0);
	free_contig_range(page_to_pfn(page), 1UL << order);
	uncharge(charged, PAGE_SIZE << order);
}
EXPORT_SYMBOL_GPL(kvmhv_free_contig);

#else

struct page *kvmhv_alloc_contig(unsigned int order)
{
	return NULL;
}
EXPORT_SYMBOL_GPL(kvmhv_alloc_contig);

void kvmhv_free_contig(struct page *page, unsigned int order)
{
}
EXPORT_SYMBOL_GPL(kvmhv_free_contig);

#endif
