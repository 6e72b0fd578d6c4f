// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM for Book3S: reverse map and TLB invalidation.
 *
 * Real-mode code.  Runs with the MMU off and interrupts hard-disabled, on the
 * hardware thread of a vcpu that has left its guest for a moment; may also be
 * called by the module with the MMU on and preemption off.
 *
 * May touch: the linear mapping (struct kvm, vcpus, memslots, HPT, host page
 * tables, vmlinux text and data, this stack).
 * Forbidden: vmalloc and user addresses, module text and data, printk,
 * tracing, anything that may fault or sleep, locks whose holders may sleep or
 * be preempted, entering RCU read sections (the vcpu holds kvm->srcu).
 */
#include <linux/export.h>

#include "book3s_hv_hpte.h"

/**
 * kvmhv_rmap_slot - the rmap word of a guest page
 * @slot: memslot that contains @gfn
 * @gfn: guest frame number, in units of PAGE_SIZE
 *
 * MMU on or off; no lock.
 */
unsigned long *kvmhv_rmap_slot(const struct kvm_memory_slot *slot, u64 gfn)
{
	unsigned long i = array_index_nospec(gfn - slot->base_gfn, slot->npages);
	unsigned long *chunk = slot->arch.rmap[i / KVMHV_RMAP_PER_CHUNK];

	return &chunk[i % KVMHV_RMAP_PER_CHUNK];
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_slot);

/**
 * kvmhv_pin_word - what is known of the host page behind a guest page
 * @slot: memslot that contains @gfn and is pinned
 * @gfn: guest frame number, in units of PAGE_SIZE
 *
 * MMU on or off; no lock: it does not change.
 *
 * Return: the word, see KVMHV_PIN_LARGE.
 */
unsigned long kvmhv_pin_word(const struct kvm_memory_slot *slot, u64 gfn)
{
	unsigned long i = array_index_nospec(gfn - slot->base_gfn, slot->npages);
	unsigned long *chunk = slot->arch.pinned[i / KVMHV_RMAP_PER_CHUNK];

	return chunk[i % KVMHV_RMAP_PER_CHUNK];
}

/**
 * kvmhv_rm_gfn_to_slot - find the memslot of a guest page
 * @kvm: the VM
 * @gfn: guest frame number
 *
 * MMU on or off; kvm->srcu held for reading, by the vcpu while in its guest.
 *
 * Return: the memslot, perhaps one that is being deleted or moved
 * (KVM_MEMSLOT_INVALID), or NULL.
 */
const struct kvm_memory_slot *kvmhv_rm_gfn_to_slot(struct kvm *kvm, u64 gfn)
{
	return ____gfn_to_memslot(rcu_dereference_raw(kvm->memslots[0]), gfn,
				  false);
}
EXPORT_SYMBOL_GPL(kvmhv_rm_gfn_to_slot);

/**
 * kvmhv_rmap_add - put an HPTE on the ring of the page it maps
 * @kvm: the VM
 * @rmap: rmap word of the page, locked
 * @index: the HPTE, locked and on no ring
 *
 * MMU on or off.  The newest HPTE becomes the one in the rmap word.
 */
void kvmhv_rmap_add(struct kvm *kvm, unsigned long *rmap, unsigned long index)
{
	struct kvm_hv_rev *rev = kvm->arch.hv.hpt.rev;
	unsigned long word = *rmap;
	u32 next = index;
	u32 prev = index;

	if (word & KVMPPC_RMAP_PRESENT) {
		next = word & KVMPPC_RMAP_INDEX;
		prev = rev[next].back;
	}
	rev[index].forw = next;
	rev[index].back = prev;
	/* Alone on the ring, these two change nothing */
	rev[next].back = index;
	rev[prev].forw = index;

	word &= ~KVMPPC_RMAP_INDEX;
	*rmap = word | KVMPPC_RMAP_PRESENT | index;
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_add);

/**
 * kvmhv_rmap_del_locked - take an HPTE off the ring of the page it maps
 * @kvm: the VM
 * @rmap: rmap word of the page, locked
 * @index: the HPTE, locked and on this ring
 *
 * MMU on or off.
 */
void kvmhv_rmap_del_locked(struct kvm *kvm, unsigned long *rmap,
			   unsigned long index)
{
	struct kvm_hv_rev *rev = kvm->arch.hv.hpt.rev;
	u32 next = rev[index].forw;
	u32 prev = rev[index].back;
	unsigned long word = *rmap;

	rev[prev].forw = next;
	rev[next].back = prev;
	if (next == index)
		word &= ~(KVMPPC_RMAP_PRESENT | KVMPPC_RMAP_INDEX);
	else if ((word & KVMPPC_RMAP_INDEX) == index)
		word = (word & ~KVMPPC_RMAP_INDEX) | next;
	*rmap = word;
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_del_locked);

/*
 * An HPTE larger than a host page is on the ring of its first page only.  The
 * dirty log wants the others as well; pages of a slot without dirty log need
 * no mark, since whoever turns the log on takes everything for dirty.
 */
static void spread_changed(const struct kvm_memory_slot *slot, u64 gfn,
			   unsigned long npages)
{
	unsigned long *rmap;

	if (!kvm_slot_dirty_track_enabled(slot))
		return;
	while (--npages) {
		rmap = kvmhv_rmap_slot(slot, ++gfn);
		lock_rmap(rmap);
		*rmap |= KVMHV_RMAP_CHANGED;
		unlock_rmap(rmap);
	}
}

static __always_inline void harvest(struct kvm *kvm, unsigned long v,
				    unsigned long r, unsigned long index,
				    unsigned long rc, bool unlink)
{
	unsigned long psize = kvmppc_actual_pgsz(v, r);
	u64 gfn = kvmhv_hpte_gpa(r, psize) >> PAGE_SHIFT;
	const struct kvm_memory_slot *slot = kvmhv_rm_gfn_to_slot(kvm, gfn);
	unsigned long *rmap;

	/* A memslot outlives the valid HPTEs in it */
	if (unlikely(!slot))
		return;

	rmap = kvmhv_rmap_slot(slot, gfn);
	lock_rmap(rmap);
	if (unlink)
		kvmhv_rmap_del_locked(kvm, rmap, index);
	*rmap |= rc << KVMPPC_RMAP_RC_SHIFT;
	unlock_rmap(rmap);

	if ((rc & HPTE_R_C) && psize > PAGE_SIZE)
		spread_changed(slot, gfn, psize >> PAGE_SHIFT);
}

/**
 * kvmhv_rmap_unlink - take a hidden HPTE off its ring and harvest R and C
 * @kvm: the VM
 * @v: first doubleword
 * @r: second doubleword as the guest gave it
 * @index: the HPTE, locked; its rmap word is not
 * @rc: final R and C bits of the hardware's second doubleword
 *
 * MMU on or off; kvm->srcu held.  R and C go to the rmap word as
 * KVMPPC_RMAP_REFERENCED and KVMHV_RMAP_CHANGED; the caller keeps the guest's
 * own in rev.guest_r where it needs them.
 */
void kvmhv_rmap_unlink(struct kvm *kvm, unsigned long v, unsigned long r,
		       unsigned long index, unsigned long rc)
{
	harvest(kvm, v, r, index, rc, true);
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_unlink);

/**
 * kvmhv_rmap_note_rc - harvest R and C that the guest is about to clear
 * @kvm: the VM
 * @v: first doubleword
 * @r: second doubleword as the guest gave it
 * @rc: R and C bits to remember
 *
 * MMU on or off; kvm->srcu and the HPTE lock held, the rmap lock not.
 */
void kvmhv_rmap_note_rc(struct kvm *kvm, unsigned long v, unsigned long r,
			unsigned long rc)
{
	harvest(kvm, v, r, 0, rc, false);
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_note_rc);

/* POWER7 and POWER8 take tlbie from several processors at once, a PPC970 not */
static void tlbie_everywhere(struct kvm *kvm, const unsigned long *rb,
			     unsigned int n)
{
	unsigned int i;

	if (unlikely(!mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE))) {
		kvmhv_rm_tlbie_201(rb, n);
		return;
	}
	for (i = 0; i < n; i++)
		kvmhv_tlbie(rb[i], kvm->arch.lpid);
	kvmhv_tlbsync();
}

/**
 * kvmhv_tlbie_hpte - invalidate the TLB entries of one HPTE, on all CPUs
 * @kvm: the VM
 * @v: first doubleword
 * @r: second doubleword, the guest's or the hardware's (page size encoding)
 * @index: the HPTE, locked and hidden
 *
 * MMU on or off, whatever LPIDR is (PPC970: in the guest's partition only).
 * Afterwards no CPU uses the translation
 * any more, and R and C in the HPTE are final.  ISA 2.07 Book III-S, 5.10.1.2.
 */
void kvmhv_tlbie_hpte(struct kvm *kvm, unsigned long v, unsigned long r,
		      unsigned long index)
{
	unsigned long rb = compute_tlbie_rb(v, r, index);

	kvmhv_ptesync();
	tlbie_everywhere(kvm, &rb, 1);
}
EXPORT_SYMBOL_GPL(kvmhv_tlbie_hpte);

/*
 * All CPUs but this one are to flush before a vcpu of this VM runs there.  The
 * mask is long and nearly always says so already.
 */
static noinline void mark_others(struct kvm *kvm, unsigned int cpu)
{
	unsigned long *stale = cpumask_bits(&kvm->arch.hv.need_tlb_flush);
	unsigned long others;
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(nr_cpumask_bits); i++) {
		others = i == BIT_WORD(cpu) ? ~BIT_MASK(cpu) : ~0UL;
		WRITE_ONCE(stale[i], stale[i] | others);
	}
	WRITE_ONCE(kvm->arch.hv.tlb_cpu, cpu + 1);
}

/**
 * kvmhv_rm_tlbie - invalidate TLB entries for an hcall of a running vcpu
 * @kvm: the VM, whose LPID is in LPIDR
 * @rb: what compute_tlbie_rb() says, for each HPTE
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
void kvmhv_rm_tlbie(struct kvm *kvm, const unsigned long *rb, unsigned int n)
{
	unsigned int cpu = raw_smp_processor_id();
	unsigned int i;

	kvmhv_ptesync();
	if (READ_ONCE(kvm->arch.hv.online_vcpus) == 1) {
		if (unlikely(READ_ONCE(kvm->arch.hv.tlb_cpu) != cpu + 1))
			mark_others(kvm, cpu);
		for (i = 0; i < n; i++) {
			if (likely(mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE)))
				kvmhv_tlbiel(rb[i]);
			else
				kvmhv_tlbiel_201(rb[i]);
		}
		kvmhv_ptesync();
		if (likely(READ_ONCE(kvm->arch.hv.online_vcpus) == 1))
			return;
	}
	tlbie_everywhere(kvm, rb, n);
}
