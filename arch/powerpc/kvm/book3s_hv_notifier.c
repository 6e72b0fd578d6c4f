// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: memslots and their reverse map, MMU notifiers, dirty
 * log.  Everything here starts from guest pages; what is done to the HPTEs that
 * map one is in book3s_hv_ring.c.
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_rmap.h"
#include "book3s_hv_mm.h"

/* Guest real addresses have 60 bits: the RPN field of an HPTE */
#define MAX_GFN		((HPTE_R_RPN >> PAGE_SHIFT) + 1)

/* Guest pages to unmap before others get the CPU */
#define RESCHED_PAGES	32

/* What one look at R bits may cost, under locks: see kvmhv_ring_young() */
#define AGE_BUDGET	8192U

/* Of the dirty log's bitmap, at a time */
#define COPY_BYTES	SZ_64K

/*
 * Memory that is the guest's whatever user space does with its mapping: see
 * book3s_hv_rma.c and book3s_hv_pin.c.
 */
static bool slot_stays(const struct kvm_memory_slot *slot)
{
	return slot->arch.memory != KVMHV_MEM_USER;
}

static void unmap_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	unsigned long i;
	bool more;

	if (!slot->arch.rmap)
		return;
	for (i = 0; i < slot->npages; i += !more) {
		more = kvmhv_ring_unmap(kvm, slot, slot->base_gfn + i);
		if (more || !(i % RESCHED_PAGES))
			cond_resched();
	}
}

/**
 * kvmhv_rmap_reset - empty all rings before the HPT goes away or is cleared
 * @kvm: the VM; no vcpu runs
 *
 * What the guest wrote is kept for the dirty log.  TLB entries stay on a PPC970: the
 * caller has all CPUs flush theirs.
 *
 * Context: setup_lock held.  Takes kvm->srcu, rmap and HPTE locks.
 */
void kvmhv_rmap_reset(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	int bkt, idx;

	lockdep_assert_held(&kvm->arch.hv.setup_lock);

	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm))
		unmap_slot(kvm, slot);
	srcu_read_unlock(&kvm->srcu, idx);
}

/**
 * kvmhv_check_lost - warn once if a valid HPTE had no memslot
 * @kvm: the VM
 *
 * Whatever mapped that page did not ask kvmhv_memory_at(), or the memslot went
 * before its HPTEs did: the guest may have memory that is another task's by now.
 * kvmhv_harvest() finds out, often in real mode, where it cannot print.
 *
 * Context: any.
 */
void kvmhv_check_lost(struct kvm *kvm)
{
	WARN_ONCE(READ_ONCE(kvm->arch.hv.lost_hpte), "a valid HPTE has no memslot");
}

static int make_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	unsigned long **rmap;
	int ret;

	rmap = kvmhv_chunks_alloc(slot->npages);
	if (IS_ERR(rmap))
		return PTR_ERR(rmap);
	slot->arch.rmap = rmap;
	ret = kvmhv_rma_prepare(kvm, slot, KVM_MR_CREATE);
	if (!ret && !kvmhv_cpu->has_vrma && slot->arch.memory == KVMHV_MEM_USER)
		ret = kvmhv_pin_memslot(kvm, slot);
	if (ret)
		kvmhv_free_memslot(slot);
	return ret;
}

/**
 * kvmhv_prepare_memory_region - a memslot is about to be made or changed
 * @kvm: the VM
 * @old: the slot as it is, NULL for a new one
 * @new: the slot as it will be, NULL if it is deleted
 * @change: what happens
 *
 * Generic code has refused overlaps and bad alignment.  A moved slot or one
 * whose flags change keeps its reverse map, which generic code flushed
 * (kvmhv_flush_memslot()) if addresses change.
 *
 * Context: kvm->slots_lock and slots_arch_lock held.
 * Return: 0, -EINVAL beyond the 60 bits of guest real addresses, or what
 * kvmhv_chunks_alloc(), kvmhv_rma_prepare() or kvmhv_pin_memslot() say.
 */
int kvmhv_prepare_memory_region(struct kvm *kvm,
				const struct kvm_memory_slot *old,
				struct kvm_memory_slot *new,
				enum kvm_mr_change change)
{
	lockdep_assert_held(&kvm->slots_lock);

	if (change == KVM_MR_DELETE)
		return 0;
	if (new->base_gfn + new->npages > MAX_GFN)
		return -EINVAL;

	if (change == KVM_MR_CREATE)
		return make_slot(kvm, new);

	new->arch = old->arch;
	return change == KVM_MR_MOVE ? kvmhv_rma_prepare(kvm, new, change) : 0;
}

/**
 * kvmhv_commit_memory_region - a memslot was made or changed
 * @kvm: the VM
 * @old: the slot as it was, NULL for a new one
 * @new: the slot as it is, NULL if it was deleted
 * @change: what happened
 *
 * Nothing to do.  HPTEs that were entered as MMIO before there was memory are
 * found out when they are used next, and what was written before the dirty log
 * was turned on may be reported, as user space expects.
 *
 * Context: kvm->slots_lock held.
 */
void kvmhv_commit_memory_region(struct kvm *kvm, struct kvm_memory_slot *old,
				const struct kvm_memory_slot *new,
				enum kvm_mr_change change)
{
	if (change == KVM_MR_DELETE && old->arch.memory == KVMHV_MEM_PINNED)
		kvmhv_uncount_pinned(kvm, old->npages);
}

/**
 * kvmhv_free_memslot - free the reverse map of a memslot
 * @slot: a slot that no lookup finds any more
 *
 * Context: process.  May sleep.
 */
void kvmhv_free_memslot(struct kvm_memory_slot *slot)
{
	kvmhv_unpin_memslot(slot);
	kvmhv_chunks_free(slot->arch.rmap, slot->npages);
	slot->arch.rmap = NULL;
}

/**
 * kvmhv_flush_memslot - take all pages of a slot away from the guest
 * @kvm: the VM
 * @slot: the slot, marked invalid already for all lookups
 *
 * No path adds pages any more: each reader that found the slot while it was valid
 * has left its kvm->srcu section.
 *
 * Context: kvm->slots_lock held.  Takes vpa_lock, rmap and HPTE locks.
 */
void kvmhv_flush_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	kvmhv_vpa_unmap(kvm, slot->base_gfn, slot->base_gfn + slot->npages);
	unmap_slot(kvm, slot);
	/* A PPC970 flushes the TLB on its way out of a guest and in */
	if (!kvmhv_cpu->has_vrma)
		kvm_flush_remote_tlbs(kvm);
	kvmhv_check_lost(kvm);
}

/*
 * Let others have kvm->mmu_lock, which some wait for with preemption off, and the CPU.
 * mmu_invalidate_in_progress keeps pages out meanwhile.  The OOM reaper must not wait
 * for another task (!@may_block) but may be preempted: _cond_resched() does that
 * without might_sleep(), which complains in the reaper.
 */
static void give_way(struct kvm *kvm, bool may_block)
	__must_hold(&kvm->mmu_lock)
{
	spin_unlock(&kvm->mmu_lock);
	if (may_block)
		cond_resched();
	else
		_cond_resched();
	spin_lock(&kvm->mmu_lock);
}

/**
 * kvmhv_unmap_gfn_range - MMU notifier: the host takes pages away
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * Where the host maps a huge page, the range covers all of it: so it finds
 * the HPTEs of large guest pages on the ring of their first page.
 *
 * Context: mmu_notifier_invalidate_range_start(), preemptible but for kvm->mmu_lock,
 * which is given up for moments; kvm->srcu held.  Takes vpa_lock, rmap and HPTE locks.
 * Return: false, TLBs have been dealt with.
 */
bool kvmhv_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	gfn_t gfn;
	bool more;

	lockdep_assert_held(&kvm->mmu_lock);

	/* User space loses the memory, the guest does not */
	if (slot_stays(range->slot))
		return false;

	kvmhv_vpa_unmap(kvm, range->start, range->end);
	for (gfn = range->start; gfn < range->end; gfn += !more) {
		more = kvmhv_ring_unmap(kvm, range->slot, gfn);
		if (more || !(gfn % RESCHED_PAGES))
			give_way(kvm, range->may_block);
	}
	return false;
}

/**
 * kvmhv_set_spte_gfn - MMU notifier: the host has another page in its place
 * @kvm: the VM
 * @range: one page
 *
 * Between the begin and the end of an invalidation: the page has been taken away
 * already, and mmu_invalidate_in_progress keeps it out.  The next access brings the
 * new one in.
 *
 * Context: kvm->mmu_lock, kvm->srcu and a lock of host page tables held.
 * Return: false, there are no TLB entries.
 */
bool kvmhv_set_spte_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	lockdep_assert_held(&kvm->mmu_lock);

	if (!slot_stays(range->slot))
		WARN_ON_ONCE(READ_ONCE(*kvmhv_rmap_slot(range->slot, range->start)) &
			     KVMPPC_RMAP_PRESENT);
	return false;
}

/**
 * kvmhv_age_gfn - MMU notifier: were pages used since the last call?
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * When that is more than AGE_BUDGET allows, they count as used.
 *
 * Context: kvm->mmu_lock and kvm->srcu held, often a lock of host page tables, so it
 * may not sleep.  Takes rmap and HPTE locks.
 */
bool kvmhv_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	unsigned int budget = AGE_BUDGET;
	bool young = false;
	gfn_t gfn;

	lockdep_assert_held(&kvm->mmu_lock);

	if (slot_stays(range->slot))
		return false;

	for (gfn = range->start; gfn < range->end && budget; gfn++)
		young |= kvmhv_ring_young(kvm, range->slot, gfn, true, &budget);
	return young || !budget;
}

/**
 * kvmhv_test_age_gfn - MMU notifier: as kvmhv_age_gfn(), changing nothing
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * Context: as kvmhv_age_gfn().  Takes rmap locks.
 */
bool kvmhv_test_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	unsigned int budget = AGE_BUDGET;
	gfn_t gfn;

	lockdep_assert_held(&kvm->mmu_lock);

	if (slot_stays(range->slot))
		return false;

	for (gfn = range->start; gfn < range->end && budget; gfn++)
		if (kvmhv_ring_young(kvm, range->slot, gfn, false, &budget))
			return true;
	return !budget;
}

/*
 * Real mode leaves no C bits, and a PPC970 cannot have them cleared: all pages of such
 * a memslot are dirty.
 */
static void all_dirty(const struct kvm_memory_slot *slot, unsigned long *map)
{
	unsigned long i;

	for (i = 0; i < slot->npages; i++) {
		__set_bit_le(i, map);
		if (!(i % SZ_4K))
			cond_resched();
	}
}

static void clear_map(unsigned long *map, unsigned long bytes)
{
	unsigned long i, n;

	for (i = 0; i < bytes; i += n) {
		n = min_t(unsigned long, bytes - i, COPY_BYTES);
		memset((void *)map + i, 0, n);
		cond_resched();
	}
}

/* What the memslot's own bitmap has, together with @map, goes to user space */
static int give_map(struct kvm_memory_slot *slot, unsigned long *map,
		    unsigned long bytes, void __user *to)
{
	unsigned long i, k, n;

	for (i = 0; i < bytes; i += n) {
		n = min_t(unsigned long, bytes - i, COPY_BYTES);
		for (k = i / sizeof(*map); k < (i + n) / sizeof(*map); k++)
			map[k] |= xchg(&slot->dirty_bitmap[k], 0);
		if (copy_to_user(to + i, (void *)map + i, n))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/**
 * kvmhv_get_dirty_log - KVM_GET_DIRTY_LOG
 * @kvm: the VM
 * @log: which slot, and where to put the bits
 *
 * Pages written to since the last call, by the guest (C bits of HPTEs, those
 * removed included, and areas it shares with the kernel) or by the kernel for
 * it (the slot's own bitmap).  A write that came before the call is reported by
 * this call, whatever MMU notifiers do meanwhile.
 *
 * Context: VM ioctl.  Takes kvm->slots_lock, kvm->srcu, rmap and HPTE locks.
 * Return: 0, -EINVAL for a bad slot number, -ENOENT if there is no such slot
 * or it has no dirty log, -EFAULT, -EINTR for a fatal signal.
 */
int kvmhv_get_dirty_log(struct kvm *kvm, struct kvm_dirty_log *log)
{
	struct kvm_memory_slot *slot;
	unsigned long *map, i, n;
	struct kvm_vcpu *vcpu;
	int idx, ret;

	if (log->slot >= KVM_USER_MEM_SLOTS)
		return -EINVAL;

	mutex_lock(&kvm->slots_lock);
	idx = srcu_read_lock(&kvm->srcu);

	ret = -ENOENT;
	slot = id_to_memslot(kvm_memslots(kvm), log->slot);
	if (!slot || !slot->dirty_bitmap)
		goto out;

	/* The second half of the bitmap is for the holder of slots_lock. */
	n = kvm_dirty_bitmap_bytes(slot);
	map = kvm_second_dirty_bitmap(slot);
	clear_map(map, n);

	ret = 0;
	if (slot_stays(slot))
		all_dirty(slot, map);
	else
		ret = kvmhv_ring_harvest(kvm, slot, map);
	if (ret)
		goto out;
	kvm_for_each_vcpu(i, vcpu, kvm)
		kvmhv_vpa_harvest_dirty(vcpu, slot, map);

	/*
	 * Last: a page that lost its HPTEs, or an area that was deregistered, before
	 * we came to it has been marked here.
	 */
	ret = give_map(slot, map, n, log->dirty_bitmap);
out:
	srcu_read_unlock(&kvm->srcu, idx);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

/**
 * kvmhv_mark_dirty - the kernel wrote to a page for the guest
 * @kvm: the VM
 * @gfn: the page; may be outside every memslot
 *
 * Context: any that allows kvm->srcu; kvm->srcu may be held already.
 */
void kvmhv_mark_dirty(struct kvm *kvm, u64 gfn)
{
	int idx;

	idx = srcu_read_lock(&kvm->srcu);
	mark_page_dirty(kvm, gfn);
	srcu_read_unlock(&kvm->srcu, idx);
}
