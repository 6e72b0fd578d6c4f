// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: memslots and their reverse map, MMU notifiers, dirty
 * log.  Everything here starts from a guest page and works on the HPTEs that
 * map it (Power ISA 2.06 and 2.07, Book III-S, 5.7.8 and 5.10.1).
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_rmap.h"
#include "book3s_hv_mm.h"

/* Guest real addresses have 60 bits: the RPN field of an HPTE */
#define MAX_GFN		((HPTE_R_RPN >> PAGE_SHIFT) + 1)

/* Look after each so many pages whether someone else should run */
#define RESCHED_PAGES	256

/**
 * struct ring_walk - the HPTEs of one guest page
 * @rmap: rmap word of the page, locked while @hpte is
 * @hpte: the current HPTE, locked
 * @rev: what we know of it
 * @index: its index
 * @v: its first doubleword
 */
struct ring_walk {
	unsigned long *rmap;
	__be64 *hpte;
	struct kvm_hv_rev *rev;
	unsigned long index;
	unsigned long v;
};

/*
 * Lock the rmap, then the HPTE @index on its ring.  Guests lock the other way
 * round, so when the HPTE is taken the rmap goes back and its owner gets on.
 * The caller starts again from the rmap word, which may have changed.
 */
static bool ring_trylock(struct kvm *kvm, struct ring_walk *w,
			 unsigned long index)
{
	kvmhv_assert_rmap_locked(w->rmap);

	w->index = index;
	w->hpte = kvmhv_hpte(&kvm->arch.hv.hpt, index);
	w->rev = &kvm->arch.hv.hpt.rev[index];
	if (!try_lock_hpte(w->hpte, HPTE_V_HVLOCK))
		return false;

	w->v = kvmhv_hpte_load(&w->hpte[0]) & ~HPTE_V_HVLOCK;
	return true;
}

static unsigned long hpte_rc(const __be64 *hpte)
{
	return be64_to_cpu(READ_ONCE(hpte[1])) & (HPTE_R_R | HPTE_R_C);
}

/* Pages of PAGE_SIZE that an HPTE maps at least in part */
static unsigned long hpte_pages(const struct ring_walk *w)
{
	unsigned long psize = kvmppc_actual_pgsz(w->v, w->rev->guest_r);

	return max(psize >> PAGE_SHIFT, 1UL);
}

/* R and C that the guest gets to see even though the hardware forgets them */
static void keep_rc(struct ring_walk *w, unsigned long rc)
{
	kvmhv_assert_hpte_locked(w->hpte);

	if (rc & ~w->rev->guest_r)
		w->rev->guest_r |= rc | KVMHV_GR_MODIFIED;
}

/* Valid to absent; returns the final R and C.  HPTE and rmap stay locked. */
static unsigned long ring_unmap_one(struct kvm *kvm, struct ring_walk *w,
				    bool invalidate)
{
	unsigned long rc;

	kvmhv_hide_hpte(w->hpte, w->v);
	if (invalidate)
		kvmhv_tlbie_hpte(kvm, w->v, w->rev->guest_r, w->index);
	rc = hpte_rc(w->hpte);
	keep_rc(w, rc);
	kvmhv_rmap_del_locked(kvm, w->rmap, w->index);
	w->v = (w->v & ~HPTE_V_VALID) | HPTE_V_ABSENT;
	WRITE_ONCE(w->hpte[1], 0);
	return rc;
}

/*
 * The pages of an HPTE that was written through, whose C bit is no more.  Under
 * the lock of its rmap word, so that the dirty log finds them either here or there.
 */
static void mark_pages_dirty(struct kvm *kvm,
			     const struct kvm_memory_slot *slot, gfn_t gfn,
			     const struct ring_walk *w)
{
	unsigned long n = hpte_pages(w);

	kvmhv_assert_rmap_locked(w->rmap);

	while (n--)
		mark_page_dirty_in_slot(kvm, slot, gfn++);
}

/*
 * Memory that is the guest's whatever user space does with its mapping: see
 * book3s_hv_rma.c and book3s_hv_pin.c.
 */
static bool slot_stays(const struct kvm_memory_slot *slot)
{
	return slot->arch.memory != KVMHV_MEM_USER;
}

/*
 * Take a page away from the guest: no HPTE for it is valid afterwards, nor any
 * TLB entry if @invalidate.  Always takes the rmap lock, even if there is
 * nothing to do: H_ENTER and the fault path look for mmu_invalidate_retry()
 * while they hold it.
 */
static void unmap_page(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       gfn_t gfn, bool invalidate)
{
	struct ring_walk w = { .rmap = kvmhv_rmap_slot(slot, gfn) };
	bool more = true;

	while (more) {
		preempt_disable();
		lock_rmap(w.rmap);
		more = *w.rmap & KVMPPC_RMAP_PRESENT;
		if (more && ring_trylock(kvm, &w, *w.rmap & KVMPPC_RMAP_INDEX)) {
			if (ring_unmap_one(kvm, &w, invalidate) & HPTE_R_C)
				mark_pages_dirty(kvm, slot, gfn, &w);
			unlock_hpte(w.hpte, w.v);
		}
		unlock_rmap(w.rmap);
		preempt_enable();
		cpu_relax();
	}
}

static void unmap_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       bool invalidate)
{
	unsigned long i;

	if (!slot->arch.rmap)
		return;
	for (i = 0; i < slot->npages; i++) {
		unmap_page(kvm, slot, slot->base_gfn + i, invalidate);
		if (!(i % RESCHED_PAGES))
			cond_resched();
	}
}

/**
 * kvmhv_rmap_reset - empty all rings before the HPT goes away or is cleared
 * @kvm: the VM; no vcpu runs
 *
 * What the guest wrote is kept for the dirty log.  TLB entries stay: the
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
		unmap_slot(kvm, slot, false);
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

static unsigned long slot_chunks(const struct kvm_memory_slot *slot)
{
	return DIV_ROUND_UP(slot->npages, KVMHV_RMAP_PER_CHUNK);
}

static int rmap_alloc(struct kvm_memory_slot *slot)
{
	unsigned long i, n = slot_chunks(slot);

	/* not kvcalloc(): real mode reads this array */
	slot->arch.rmap = kcalloc(n, sizeof(slot->arch.rmap[0]),
				  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!slot->arch.rmap)
		return -ENOMEM;

	for (i = 0; i < n; i++) {
		slot->arch.rmap[i] = (unsigned long *)
			get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!slot->arch.rmap[i]) {
			kvmhv_free_memslot(slot);
			return -ENOMEM;
		}
		cond_resched();
	}
	return 0;
}

static int make_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	int ret;

	ret = rmap_alloc(slot);
	if (ret)
		return ret;
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
 * Return: 0, -EINVAL beyond the 60 bits of guest real addresses, -ENOMEM, or
 * what kvmhv_rma_prepare() or kvmhv_pin_memslot() say.
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
 * @slot: a slot that nobody can find any more
 */
void kvmhv_free_memslot(struct kvm_memory_slot *slot)
{
	unsigned long i, n = slot_chunks(slot);

	kvmhv_unpin_memslot(slot);
	if (!slot->arch.rmap)
		return;
	for (i = 0; i < n; i++)
		free_page((unsigned long)slot->arch.rmap[i]);
	kfree(slot->arch.rmap);
	slot->arch.rmap = NULL;
}

/**
 * kvmhv_flush_memslot - take all pages of a slot away from the guest
 * @kvm: the VM
 * @slot: the slot, marked invalid already for everyone who looks it up
 *
 * Nobody adds pages any more: who found the slot while it was valid has left
 * its kvm->srcu section.
 *
 * Context: kvm->slots_lock held.  Takes vpa_lock, rmap and HPTE locks.
 */
void kvmhv_flush_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	/*
	 * tlbie of the host's partition is nothing to a PPC970 in a guest's; but
	 * on its way out and in it flushes the TLB.
	 */
	kvmhv_vpa_unmap(kvm, slot->base_gfn, slot->base_gfn + slot->npages);
	unmap_slot(kvm, slot, kvmhv_cpu->has_vrma);
	if (!kvmhv_cpu->has_vrma)
		kvm_flush_remote_tlbs(kvm);
	kvmhv_check_lost(kvm);
}

/**
 * kvmhv_unmap_gfn_range - MMU notifier: the host takes pages away
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * Where the host maps a huge page, the range covers all of it: so it finds
 * the HPTEs of large guest pages on the ring of their first page.
 *
 * Context: kvm->mmu_lock and kvm->srcu held.  Takes vpa_lock, rmap and HPTE
 * locks.
 * Return: false, TLBs have been dealt with.
 */
bool kvmhv_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	gfn_t gfn;

	lockdep_assert_held(&kvm->mmu_lock);

	/* User space loses the memory, the guest does not */
	if (slot_stays(range->slot))
		return false;

	kvmhv_vpa_unmap(kvm, range->start, range->end);
	for (gfn = range->start; gfn < range->end; gfn++) {
		unmap_page(kvm, range->slot, gfn, true);
		/* mmu_invalidate_in_progress keeps pages out meanwhile */
		if (range->may_block && !(gfn % RESCHED_PAGES))
			cond_resched_lock(&kvm->mmu_lock);
	}
	return false;
}

/**
 * kvmhv_set_spte_gfn - MMU notifier: the host has another page in its place
 * @kvm: the VM
 * @range: one page
 *
 * The next access brings the new page in.
 *
 * Context: kvm->mmu_lock and kvm->srcu held.  Takes rmap and HPTE locks.
 * Return: false, TLBs have been dealt with.
 */
bool kvmhv_set_spte_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	return kvmhv_unmap_gfn_range(kvm, range);
}

/*
 * Clear R in a valid HPTE: only its byte is stored, so that a C which the
 * hardware sets at the same time is not lost, then the TLB entries go, so that
 * the next access sets R again.  ISA 2.07 Book III-S, 5.10.1.2, "Resetting the
 * Reference Bit".
 */
static void hpte_clear_r(struct kvm *kvm, struct ring_walk *w)
{
	u8 *byte = (u8 *)&w->hpte[1] + 6;

	keep_rc(w, HPTE_R_R);
	WRITE_ONCE(*byte, *byte & ~(HPTE_R_R >> 8));
	kvmhv_tlbie_hpte(kvm, w->v, w->rev->guest_r, w->index);
}

/*
 * Has the guest touched the page?  With @clear, and forget it.  An HPTE that
 * is busy counts as touched, and is left alone: its guest is at it just now.
 */
static bool page_young(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       gfn_t gfn, bool clear)
{
	struct ring_walk w = { .rmap = kvmhv_rmap_slot(slot, gfn) };
	unsigned long head, i;
	bool young = false;

	/* unlocked: what changes meanwhile is seen the next time */
	if (!(READ_ONCE(*w.rmap) &
	      (KVMPPC_RMAP_PRESENT | KVMPPC_RMAP_REFERENCED)))
		return false;

	preempt_disable();
	lock_rmap(w.rmap);
	if (*w.rmap & KVMPPC_RMAP_REFERENCED) {
		young = true;
		if (clear)
			*w.rmap &= ~KVMPPC_RMAP_REFERENCED;
	}
	if (!(*w.rmap & KVMPPC_RMAP_PRESENT))
		goto out;

	head = *w.rmap & KVMPPC_RMAP_INDEX;
	i = head;
	do {
		if (hpte_rc(kvmhv_hpte(&kvm->arch.hv.hpt, i)) & HPTE_R_R) {
			young = true;
			if (!clear)
				break;
			if (ring_trylock(kvm, &w, i)) {
				hpte_clear_r(kvm, &w);
				unlock_hpte(w.hpte, w.v);
			}
		}
		i = kvm->arch.hv.hpt.rev[i].forw;
	} while (i != head);
out:
	unlock_rmap(w.rmap);
	preempt_enable();
	return young;
}

/**
 * kvmhv_age_gfn - MMU notifier: were pages used since the last call?
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * Context: kvm->mmu_lock and kvm->srcu held.  Takes rmap and HPTE locks.
 */
bool kvmhv_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	bool young = false;
	gfn_t gfn;

	lockdep_assert_held(&kvm->mmu_lock);

	if (slot_stays(range->slot))
		return false;

	for (gfn = range->start; gfn < range->end; gfn++)
		young |= page_young(kvm, range->slot, gfn, true);
	return young;
}

/**
 * kvmhv_test_age_gfn - MMU notifier: as kvmhv_age_gfn(), changing nothing
 * @kvm: the VM
 * @range: the pages, in one memslot
 *
 * Context: kvm->mmu_lock and kvm->srcu held.  Takes rmap locks.
 */
bool kvmhv_test_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range)
{
	gfn_t gfn;

	lockdep_assert_held(&kvm->mmu_lock);

	if (slot_stays(range->slot))
		return false;

	for (gfn = range->start; gfn < range->end; gfn++)
		if (page_young(kvm, range->slot, gfn, false))
			return true;
	return false;
}

/*
 * Clear C in a valid HPTE if it is set, and unlock it.  C tells nothing while
 * a TLB may know it as set, and must not be overwritten while the hardware may
 * set it: so the HPTE is hidden while it changes.  A guest that comes across
 * it meanwhile waits for the lock, and finds it as it was.
 */
static bool hpte_clear_c(struct kvm *kvm, struct ring_walk *w)
{
	unsigned long r;

	if (!(hpte_rc(w->hpte) & HPTE_R_C)) {
		unlock_hpte(w->hpte, w->v);
		return false;
	}

	kvmhv_hide_hpte(w->hpte, w->v);
	kvmhv_tlbie_hpte(kvm, w->v, w->rev->guest_r, w->index);
	r = kvmhv_hpte_load(&w->hpte[1]);
	keep_rc(w, r & (HPTE_R_R | HPTE_R_C));
	kvmhv_show_hpte(w->hpte, w->v, r & ~HPTE_R_C);
	return true;
}

/*
 * Has the guest written to the page since the last call?  Returns how many
 * pages from @gfn on are to be taken for written to, 0 if none.
 */
static unsigned long harvest_page(struct kvm *kvm,
				  const struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct ring_walk w = { .rmap = kvmhv_rmap_slot(slot, gfn) };
	unsigned long head, i, n, dirty = 0;

	/* Not even locked: whatever was here before is in the bitmap by now */
	if (!(smp_load_acquire(w.rmap) &
	      (KVMPPC_RMAP_PRESENT | KVMHV_RMAP_CHANGED |
	       BIT(KVMPPC_RMAP_LOCK_BIT))))
		return 0;
again:
	preempt_disable();
	lock_rmap(w.rmap);
	if (*w.rmap & KVMHV_RMAP_CHANGED) {
		*w.rmap &= ~KVMHV_RMAP_CHANGED;
		dirty = max(dirty, 1UL);
	}
	if (!(*w.rmap & KVMPPC_RMAP_PRESENT))
		goto out;

	head = *w.rmap & KVMPPC_RMAP_INDEX;
	i = head;
	do {
		if (hpte_rc(kvmhv_hpte(&kvm->arch.hv.hpt, i)) & HPTE_R_C) {
			if (!ring_trylock(kvm, &w, i)) {
				unlock_rmap(w.rmap);
				preempt_enable();
				cpu_relax();
				goto again;
			}
			n = hpte_pages(&w);
			if (hpte_clear_c(kvm, &w))
				dirty = max(dirty, n);
		}
		i = kvm->arch.hv.hpt.rev[i].forw;
	} while (i != head);
out:
	unlock_rmap(w.rmap);
	preempt_enable();
	return dirty;
}

/* Sets bits in @map, which nobody else uses */
static void harvest_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
			 unsigned long *map)
{
	unsigned long i, n, end;

	/* Real mode leaves no C bits, and a PPC970 cannot have them cleared */
	if (slot_stays(slot)) {
		for (i = 0; i < slot->npages; i++)
			__set_bit_le(i, map);
		return;
	}
	for (i = 0; i < slot->npages; i++) {
		n = harvest_page(kvm, slot, slot->base_gfn + i);
		end = min(i + n, slot->npages);
		for (n = i; n < end; n++)
			__set_bit_le(n, map);
		if (!(i % RESCHED_PAGES))
			cond_resched();
	}
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
 * or it has no dirty log, -EFAULT.
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
	memset(map, 0, n);

	harvest_slot(kvm, slot, map);
	kvm_for_each_vcpu(i, vcpu, kvm)
		kvmhv_vpa_harvest_dirty(vcpu, slot, map);

	/*
	 * Last: a page that lost its HPTEs, or an area that was deregistered, before
	 * we came to it has been marked here.
	 */
	for (i = 0; i < n / sizeof(*map); i++)
		map[i] |= xchg(&slot->dirty_bitmap[i], 0);

	ret = copy_to_user(log->dirty_bitmap, map, n) ? -EFAULT : 0;
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
