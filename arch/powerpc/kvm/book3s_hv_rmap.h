/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor-mode KVM for Book3S: reverse map and TLB invalidation, what has to
 * be short.  Used with the MMU off, by hcalls, and on, by the module: nothing
 * here touches more than the linear mapping.
 */
#ifndef BOOK3S_HV_RMAP_H
#define BOOK3S_HV_RMAP_H

#include "book3s_hv_hpte.h"

/**
 * kvmhv_rm_gfn_to_slot - find the memslot of a guest page
 * @kvm: the VM
 * @gfn: guest frame number
 *
 * kvm->srcu held for reading, by the vcpu while in its guest.
 *
 * Return: the memslot, perhaps one that is being deleted or moved
 * (KVM_MEMSLOT_INVALID), or NULL.
 */
static inline const struct kvm_memory_slot *
kvmhv_rm_gfn_to_slot(struct kvm *kvm, u64 gfn)
{
	return ____gfn_to_memslot(rcu_dereference_raw(kvm->memslots[0]), gfn,
				  false);
}

/*
 * Which page of @slot is @gfn?  In it, and no guess of the processor is not.  What
 * array_index_nospec() does, with two instructions less: the mask is all ones if
 * @i - npages is negative and @i is not, and npages is far below 2^63.
 */
static inline unsigned long kvmhv_slot_page(const struct kvm_memory_slot *slot,
					    u64 gfn)
{
	unsigned long i = gfn - slot->base_gfn, in = i - slot->npages;

	OPTIMIZER_HIDE_VAR(in);	/* lest it finds that nothing changes */
	return i & ((long)(in & ~i) >> (BITS_PER_LONG - 1));
}

/* The rmap word of page @i of @slot, see kvmhv_slot_page() */
static inline unsigned long *kvmhv_rmap_page(const struct kvm_memory_slot *slot,
					     unsigned long i)
{
	unsigned long *chunk = slot->arch.rmap[i / KVMHV_RMAP_PER_CHUNK];

	return &chunk[i % KVMHV_RMAP_PER_CHUNK];
}

/**
 * kvmhv_rmap_slot - the rmap word of a guest page
 * @slot: memslot that contains @gfn
 * @gfn: guest frame number, in units of PAGE_SIZE
 *
 * No lock.
 */
static inline unsigned long *kvmhv_rmap_slot(const struct kvm_memory_slot *slot,
					     u64 gfn)
{
	return kvmhv_rmap_page(slot, kvmhv_slot_page(slot, gfn));
}

/* Does @slot have all of a page larger than the host's, in one piece? */
static inline bool kvmhv_slot_fits(const struct kvm_memory_slot *slot,
				   unsigned long gpa, unsigned long psize)
{
	unsigned long gfn = gpa >> PAGE_SHIFT;
	unsigned long start = slot->base_gfn << PAGE_SHIFT;

	if (gfn < slot->base_gfn ||
	    gfn + (psize >> PAGE_SHIFT) > slot->base_gfn + slot->npages)
		return false;
	return slot->arch.memory != KVMHV_MEM_USER ||
	       !((slot->userspace_addr - start) & (psize - 1));
}

/**
 * kvmhv_memory_at - what may a page of a guest be mapped to?
 * @kvm: the VM
 * @slot: the memslot at @gpa, or somewhere in the page if that is larger than a
 *	host page; NULL if there is none
 * @gpa: guest real address
 * @psize: size of the page, of which @gpa is a multiple; 1 if an address is all
 *	that matters
 * @pa: host real address of @gpa if the answer is RMA or PINNED
 *
 * The only place that decides this: H_ENTER, H_PROTECT, page faults, TCE lists and
 * the areas of H_REGISTER_VPA all ask here.  For KVMHV_MEM_USER the caller goes on
 * to find the host page.
 *
 * MMU on or off; kvm->srcu held since before @slot was looked up, so that the ioctl
 * that deletes or moves the memslot waits until the caller has used the answer.
 */
static __always_inline enum kvmhv_memory
kvmhv_memory_at(const struct kvm *kvm, const struct kvm_memory_slot *slot,
		unsigned long gpa, unsigned long psize, unsigned long *pa)
{
	if (unlikely(!slot))
		return KVMHV_MEM_NONE;
	if (psize > PAGE_SIZE && !kvmhv_slot_fits(slot, gpa, psize))
		return KVMHV_MEM_MISFIT;
	if (unlikely(slot->flags & KVM_MEMSLOT_INVALID))
		return KVMHV_MEM_AWAY;
	if (likely(slot->arch.memory == KVMHV_MEM_USER))
		return KVMHV_MEM_USER;
	return kvmhv_memory_kept(kvm, slot, gpa, psize, pa);
}

/* What an rmap word says of the ring */
#define KVMHV_RMAP_RING	(KVMPPC_RMAP_PRESENT | KVMPPC_RMAP_INDEX | KVMHV_RMAP_WALK)

/*
 * Ring of a page, locked: the rmap word @word before, and the one after an HPTE
 * came (it becomes the one in the word) or went.  Both take KVMHV_RMAP_WALK away.
 */
static inline unsigned long kvmhv_ring_add(struct kvm_hv_rev *rev,
					   unsigned long word,
					   unsigned long index)
{
	unsigned long next = index, prev = index;

	if (word & KVMPPC_RMAP_PRESENT) {
		next = word & KVMPPC_RMAP_INDEX;
		prev = rev[next].back;
		rev[next].back = index;
		rev[prev].forw = index;
	}
	rev[index].forw = next;
	rev[index].back = prev;
	return (word & ~KVMHV_RMAP_RING) | KVMPPC_RMAP_PRESENT | index;
}

static inline unsigned long kvmhv_ring_del(struct kvm_hv_rev *rev,
					   unsigned long word,
					   unsigned long index)
{
	unsigned long next = rev[index].forw, prev;

	if (next == index)
		return word & ~KVMHV_RMAP_RING;
	prev = rev[index].back;
	rev[prev].forw = next;
	rev[next].back = prev;
	if ((word & KVMPPC_RMAP_INDEX) == index)
		word = (word & ~KVMPPC_RMAP_INDEX) | next;
	return word & ~KVMHV_RMAP_WALK;
}

/**
 * kvmhv_rmap_add - put an HPTE on the ring of the page it maps
 * @kvm: the VM
 * @rmap: rmap word of the page, locked
 * @index: the HPTE, locked and on no ring
 */
static inline void kvmhv_rmap_add(struct kvm *kvm, unsigned long *rmap,
				  unsigned long index)
{
	*rmap = kvmhv_ring_add(kvm->arch.hv.hpt.rev, *rmap, index);
}

/**
 * kvmhv_rmap_del_locked - take an HPTE off the ring of the page it maps
 * @kvm: the VM
 * @rmap: rmap word of the page, locked
 * @index: the HPTE, locked and on this ring
 */
static inline void kvmhv_rmap_del_locked(struct kvm *kvm, unsigned long *rmap,
					 unsigned long index)
{
	*rmap = kvmhv_ring_del(kvm->arch.hv.hpt.rev, *rmap, index);
}

#ifndef kvmhv_unlock_rmap	/* the unit tests watch the lock */
/* As lock_rmap(), and returns the word as it was; mostly it is free */
static inline unsigned long kvmhv_lock_rmap(unsigned long *rmap)
{
	const unsigned long lock = BIT(KVMPPC_RMAP_LOCK_BIT);
	unsigned long word;

	for (;;) {
		word = atomic_long_fetch_or_acquire(lock, (atomic_long_t *)rmap);
		if (likely(!(word & lock)))
			return word;
		while (READ_ONCE(*rmap) & lock)
			cpu_relax();
	}
}

/* What the word becomes, without the lock */
static inline void kvmhv_unlock_rmap(unsigned long *rmap, unsigned long word)
{
	/* all that was done under the lock comes before */
	smp_store_release(rmap, word);
}
#endif

/* See kvmhv_rmap_unlink() and kvmhv_rmap_note_rc() */
static __always_inline void kvmhv_harvest(struct kvm *kvm, unsigned long v,
					  unsigned long r, unsigned long index,
					  unsigned long rc, bool unlink)
{
	unsigned long psize = kvmppc_actual_pgsz(v, r);
	u64 gfn = kvmhv_hpte_gpa(r, psize) >> PAGE_SHIFT;
	const struct kvm_memory_slot *slot = kvmhv_rm_gfn_to_slot(kvm, gfn);
	unsigned long *rmap, word;

	/* A memslot outlives the valid HPTEs in it: see kvmhv_check_lost() */
	if (unlikely(!slot)) {
		WRITE_ONCE(kvm->arch.hv.lost_hpte, 1);
		return;
	}

	rmap = kvmhv_rmap_slot(slot, gfn);
	word = kvmhv_lock_rmap(rmap);
	if (unlink)
		word = kvmhv_ring_del(kvm->arch.hv.hpt.rev, word, index);
	kvmhv_unlock_rmap(rmap, word | rc << KVMPPC_RMAP_RC_SHIFT);

	if (unlikely((rc & HPTE_R_C) && psize > PAGE_SIZE))
		kvmhv_rm_spread_changed(slot, gfn, psize >> PAGE_SHIFT);
}

/**
 * kvmhv_tlbie_rb_4k - compute_tlbie_rb() in line, for what most HPTEs are
 * @v: first doubleword: a page of 4K, by its primary hash
 * @index: the HPTE
 *
 * ISA 2.07 Book III-S, "tlbie": the virtual page number, of which AVPN has all
 * but the low 11 bits and the hash has those; B.
 */
static __always_inline unsigned long kvmhv_tlbie_rb_4k(unsigned long v,
						       unsigned long index)
{
	unsigned long hash = index >> 3, vsid;

	vsid = v & SLB_VSID_B_1T ? v >> SLB_VSID_SHIFT_1T :
				   v >> SLB_VSID_SHIFT;
	return (v & HPTE_V_AVPN) << 16 | ((hash ^ vsid) & 0x7ff) << 12 |
	       (v >> HPTE_V_SSIZE_SHIFT) << 8;
}

#ifndef kvmhv_tlbie_rb	/* the unit tests have a reversible one */
/**
 * kvmhv_tlbie_rb - what names the translation of an HPTE, for tlbie and tlbiel
 * @v: first doubleword
 * @r: second doubleword
 * @index: the HPTE
 */
static __always_inline unsigned long kvmhv_tlbie_rb(unsigned long v,
						    unsigned long r,
						    unsigned long index)
{
	if (likely(!(v & (HPTE_V_LARGE | HPTE_V_SECONDARY))))
		return kvmhv_tlbie_rb_4k(v, index);
	return compute_tlbie_rb(v, r, index);
}
#endif

/* One vcpu, and all other CPUs know that they have to flush */
static __always_inline bool kvmhv_rm_alone(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.hv.online_vcpus) == 1 &&
	       READ_ONCE(kvm->arch.hv.tlb_cpu) == raw_smp_processor_id() + 1;
}

/**
 * kvmhv_rm_tlbie - invalidate TLB entries for an hcall of a running vcpu
 * @kvm: the VM, whose LPID is in LPIDR
 * @rb: what kvmhv_tlbie_rb() says, for each HPTE
 * @n: number of HPTEs, all hidden and locked
 *
 * MMU off, on the thread that runs a vcpu of @kvm; never from the module.  As
 * kvmhv_tlbie_hpte(), but a VM with one vcpu needs only this processor; others
 * where the vcpu was before are told to flush before it runs there again.
 *
 * The number of vcpus may grow meanwhile.  The marks come after the HPTEs were
 * hidden, and the number is read again after the marks, with ptesync between:
 * a new vcpu either finds its CPU marked, or makes us invalidate everywhere.
 * Marks of an earlier call stand until a vcpu enters elsewhere: that was this
 * one, and it came back, or a new one, and then the number tells.
 */
static __always_inline void kvmhv_rm_tlbie(struct kvm *kvm,
					   const unsigned long *rb,
					   unsigned int n)
{
	unsigned int i;

	kvmhv_ptesync();
	if (likely(kvmhv_rm_alone(kvm))) {
		for (i = 0; i < n; i++)
			kvmhv_tlbiel(rb[i]);
		kvmhv_ptesync();
		if (likely(READ_ONCE(kvm->arch.hv.online_vcpus) == 1))
			return;
	}
	kvmhv_rm_tlbie_slow(kvm, rb, n);
}

/* The same for one, which need not be in memory */
static __always_inline void kvmhv_rm_tlbie_one(struct kvm *kvm,
					       unsigned long rb)
{
	kvmhv_ptesync();
	if (likely(kvmhv_rm_alone(kvm))) {
		kvmhv_tlbiel(rb);
		kvmhv_ptesync();
		if (likely(READ_ONCE(kvm->arch.hv.online_vcpus) == 1))
			return;
	}
	kvmhv_rm_tlbie_slow_one(kvm, rb);
}

#endif /* BOOK3S_HV_RMAP_H */
