// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: guest memory that stays where it is.
 *
 * A PPC970 does not tell the hypervisor of a guest's storage interrupts, so an
 * HPTE must be valid from H_ENTER on for as long as the guest wants it: no
 * fault lets the hypervisor bring a page in later.  All pages of a memory slot are
 * pinned when it is made, and MMU notifiers do not matter.  The guest goes on
 * with them even if user space has something else in their place.
 *
 * The page frames are in slot->arch.pinned, where real mode finds them.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_mm.h"

/* Pages pinned by one call */
#define BATCH		64

/* Page frames to look at before others get the CPU */
#define LOOK_PAGES	4096

#define LARGE_PAGES	(SZ_16M / PAGE_SIZE)

static unsigned long *pin_word(const struct kvm_memory_slot *slot,
			       unsigned long i)
{
	return &slot->arch.pinned[i / KVMHV_RMAP_PER_CHUNK]
				 [i % KVMHV_RMAP_PER_CHUNK];
}

static void unpin_slot(struct kvm_memory_slot *slot)
{
	unsigned long i, word;
	struct page *page;

	for (i = 0; i < slot->npages; i++) {
		word = *pin_word(slot, i);
		if (!word)
			break;		/* pinning came no further */
		page = pfn_to_page(word >> KVMHV_PIN_PFN_SHIFT);
		unpin_user_pages_dirty_lock(&page, 1, true);
		cond_resched();
	}
}

/**
 * kvmhv_chunks_free - free what kvmhv_chunks_alloc() gave
 * @chunks: NULL for nothing
 * @npages: number of pages of the slot
 *
 * Context: process.  Sleeps.
 */
void kvmhv_chunks_free(unsigned long **chunks, unsigned long npages)
{
	unsigned long i, n = DIV_ROUND_UP(npages, KVMHV_RMAP_PER_CHUNK);

	for (i = 0; chunks && i < n; i++) {
		free_page((unsigned long)chunks[i]);
		cond_resched();
	}
	kfree(chunks);
}

/**
 * kvmhv_chunks_alloc - a word for each page of a memory slot
 * @npages: number of pages of the slot
 *
 * The slot may be as large as user space has addresses, with nothing mapped there,
 * so these words are all that it costs.
 *
 * Context: process.  Sleeps, for long if the slot is large.
 * Return: pages with KVMHV_RMAP_PER_CHUNK zeroes each, in the linear mapping;
 * ERR_PTR(-ENOMEM) if the memory cgroup does not allow it or the host does not
 * have as much, ERR_PTR(-EINTR) for a fatal signal.
 */
unsigned long **kvmhv_chunks_alloc(unsigned long npages)
{
	unsigned long i, n = DIV_ROUND_UP(npages, KVMHV_RMAP_PER_CHUNK);
	unsigned long **chunks;
	int ret = -ENOMEM;

	if (!kvmhv_can_have(n))
		return ERR_PTR(-ENOMEM);

	/* not kvcalloc(): real mode reads this array */
	chunks = kcalloc(n, sizeof(chunks[0]), KVMHV_GFP);
	if (!chunks)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < n; i++) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err;
		}
		chunks[i] = (unsigned long *)get_zeroed_page(KVMHV_GFP);
		if (!chunks[i])
			goto err;
		cond_resched();
	}
	return chunks;

err:
	kvmhv_chunks_free(chunks, npages);
	return ERR_PTR(ret);
}

static void free_pinned(struct kvm_memory_slot *slot)
{
	kvmhv_chunks_free(slot->arch.pinned, slot->npages);
	slot->arch.pinned = NULL;
}

static int pin_slot(struct kvm_memory_slot *slot)
{
	struct page *pages[BATCH];
	unsigned long i = 0;
	int n, k;

	while (i < slot->npages) {
		n = min_t(unsigned long, BATCH, slot->npages - i);
		n = pin_user_pages_fast(slot->userspace_addr + (i << PAGE_SHIFT),
					n, FOLL_LONGTERM | FOLL_WRITE, pages);
		if (n <= 0)
			return n ? n : -EFAULT;
		for (k = 0; k < n; k++)
			*pin_word(slot, i++) = page_to_pfn(pages[k]) <<
					       KVMHV_PIN_PFN_SHIFT;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* Find the places where 16 MiB in one piece begin: huge pages of the host */
static void mark_large(struct kvm_memory_slot *slot)
{
	unsigned long i, pfn, run = 0, last = 0;

	for (i = 0; i < slot->npages; i++) {
		pfn = *pin_word(slot, i) >> KVMHV_PIN_PFN_SHIFT;
		if (run && pfn == last + 1)
			run++;
		else
			run = !(pfn % LARGE_PAGES);
		last = pfn;
		if (run == LARGE_PAGES) {
			*pin_word(slot, i - (run - 1)) |= KVMHV_PIN_LARGE;
			run = 0;
		}
		if (!(i % LOOK_PAGES))
			cond_resched();
	}
}

/**
 * kvmhv_pin_memslot - keep the memory of a new slot where it is
 * @kvm: the VM
 * @slot: the slot; not one of a real mode area
 *
 * For processors that cannot do without; counts as locked memory.
 *
 * Context: kvm->slots_lock held, user space's own mm.  Sleeps.
 * Return: 0; -ENOMEM beyond RLIMIT_MEMLOCK or without memory for the page
 * frames; -EINTR for a fatal signal; -EFAULT and others if user space has no
 * memory there that can be pinned.  One line in the log says so.
 */
int kvmhv_pin_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	unsigned long **pinned;
	int ret;

	lockdep_assert_held(&kvm->slots_lock);

	ret = account_locked_vm(kvm->mm, slot->npages, true);
	if (ret)
		goto err;
	pinned = kvmhv_chunks_alloc(slot->npages);
	ret = PTR_ERR_OR_ZERO(pinned);
	if (ret)
		goto err_account;
	slot->arch.pinned = pinned;
	ret = pin_slot(slot);
	if (ret)
		goto err_unpin;

	mark_large(slot);
	slot->arch.memory = KVMHV_MEM_PINNED;
	kvm->arch.hv.pinned_pages += slot->npages;
	return 0;

err_unpin:
	unpin_slot(slot);
	free_pinned(slot);
err_account:
	account_locked_vm(kvm->mm, slot->npages, false);
err:
	pr_info_ratelimited("memory slot refused: its memory cannot be pinned (%d)\n",
			    ret);
	return ret;
}

/**
 * kvmhv_unpin_memslot - the slot goes away
 * @slot: the slot; no HPTE and no TLB entry is for its memory any more
 *
 * Context: process.  Sleeps.
 */
void kvmhv_unpin_memslot(struct kvm_memory_slot *slot)
{
	if (!slot->arch.pinned)
		return;
	unpin_slot(slot);
	free_pinned(slot);
}

/**
 * kvmhv_uncount_pinned - memory of the VM does not count as locked any more
 * @kvm: the VM
 * @npages: number of pages, or ULONG_MAX for all of them
 *
 * Context: kvm->slots_lock held, or VM destruction.
 */
void kvmhv_uncount_pinned(struct kvm *kvm, unsigned long npages)
{
	npages = min(npages, kvm->arch.hv.pinned_pages);
	account_locked_vm(kvm->mm, npages, false);
	kvm->arch.hv.pinned_pages -= npages;
}
