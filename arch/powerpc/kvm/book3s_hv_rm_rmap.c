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

#include "book3s_hv_rmap.h"

/* The word for page @i of a pinned memslot, see KVMHV_PIN_LARGE */
static unsigned long pin_word(const struct kvm_memory_slot *slot,
			      unsigned long i)
{
	unsigned long *chunk = slot->arch.pinned[i / KVMHV_RMAP_PER_CHUNK];

	return chunk[i % KVMHV_RMAP_PER_CHUNK];
}

/**
 * kvmhv_memory_kept - kvmhv_memory_at() for a memslot whose pages stay
 * @kvm: the VM
 * @slot: the memslot, of a real mode area or pinned
 * @gpa: guest real address
 * @psize: size of the page
 * @pa: host real address of @gpa
 *
 * MMU on or off; no lock: it does not change.
 */
enum kvmhv_memory kvmhv_memory_kept(const struct kvm *kvm,
				    const struct kvm_memory_slot *slot,
				    unsigned long gpa, unsigned long psize,
				    unsigned long *pa)
{
	unsigned long i = kvmhv_slot_page(slot, gpa >> PAGE_SHIFT);
	unsigned long offset = gpa & ~PAGE_MASK, word;

	if (slot->arch.memory == KVMHV_MEM_RMA) {
		*pa = kvm->arch.hv.rma_pa + (i << PAGE_SHIFT) + offset;
		return KVMHV_MEM_RMA;
	}
	word = pin_word(slot, i);
	if (psize > PAGE_SIZE && !(word & KVMHV_PIN_LARGE))
		return KVMHV_MEM_MISFIT;
	*pa = ((word >> KVMHV_PIN_PFN_SHIFT) << PAGE_SHIFT) + offset;
	return KVMHV_MEM_PINNED;
}
EXPORT_SYMBOL_GPL(kvmhv_memory_kept);

/**
 * kvmhv_rm_spread_changed - an HPTE larger than a host page was written through
 * @slot: its memslot
 * @gfn: its first page
 * @npages: how many it has
 *
 * It is on the ring of its first page only.  The dirty log wants the others as
 * well; pages of a slot without dirty log need no mark, since whoever turns the
 * log on takes everything for dirty.
 *
 * MMU on or off; kvm->srcu held, no rmap lock.
 */
void kvmhv_rm_spread_changed(const struct kvm_memory_slot *slot, u64 gfn,
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
	kvmhv_harvest(kvm, v, r, index, rc, true);
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
	kvmhv_harvest(kvm, v, r, 0, rc, false);
}
EXPORT_SYMBOL_GPL(kvmhv_rmap_note_rc);

/* POWER7 and POWER8 take tlbie from several processors at once, a PPC970 not */
static void tlbie_all(struct kvm *kvm, const unsigned long *rb,
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
 * kvmhv_tlbie_hptes - invalidate the TLB entries of HPTEs, on all CPUs
 * @kvm: the VM
 * @rb: what kvmhv_tlbie_rb() says, for each HPTE
 * @n: number of HPTEs, all locked and hidden
 *
 * As kvmhv_tlbie_hpte(), with one synchronisation for all.  HPTEs need not be hidden
 * if only R is to be set again by the next access.
 */
void kvmhv_tlbie_hptes(struct kvm *kvm, const unsigned long *rb, unsigned int n)
{
	kvmhv_ptesync();
	tlbie_all(kvm, rb, n);
}
EXPORT_SYMBOL_GPL(kvmhv_tlbie_hptes);

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

	kvmhv_tlbie_hptes(kvm, &rb, 1);
}
EXPORT_SYMBOL_GPL(kvmhv_tlbie_hpte);

/* All CPUs but this one are to flush before a vcpu of this VM runs there */
static void mark_others(struct kvm *kvm, unsigned int cpu)
{
	unsigned long *stale = cpumask_bits(&kvm->arch.hv.need_tlb_flush);
	unsigned long others;
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(nr_cpumask_bits); i++) {
		others = i == BIT_WORD(cpu) ? ~BIT_MASK(cpu) : ~0UL;
		WRITE_ONCE(stale[i], stale[i] | others);
	}
}

/**
 * kvmhv_rm_tlbie_slow - kvmhv_rm_tlbie() when there is more to it
 * @kvm: the VM, whose LPID is in LPIDR
 * @rb: what kvmhv_tlbie_rb() says, for each HPTE
 * @n: number of HPTEs, all hidden and locked
 *
 * More than one vcpu; or other CPUs have to be told first.  tlb_cpu says that
 * they have been.  A PPC970 has a tlbiel of its own and always comes here.
 *
 * MMU off, after a ptesync.
 */
void kvmhv_rm_tlbie_slow(struct kvm *kvm, const unsigned long *rb,
			 unsigned int n)
{
	bool lockless = mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE);
	unsigned int cpu = raw_smp_processor_id();
	unsigned int i;

	if (READ_ONCE(kvm->arch.hv.online_vcpus) == 1) {
		mark_others(kvm, cpu);
		if (lockless)
			WRITE_ONCE(kvm->arch.hv.tlb_cpu, cpu + 1);
		for (i = 0; i < n; i++) {
			if (lockless)
				kvmhv_tlbiel(rb[i]);
			else
				kvmhv_tlbiel_201(rb[i]);
		}
		kvmhv_ptesync();
		if (likely(READ_ONCE(kvm->arch.hv.online_vcpus) == 1))
			return;
	}
	tlbie_all(kvm, rb, n);
}

/**
 * kvmhv_rm_tlbie_slow_one - kvmhv_rm_tlbie_slow() for one HPTE
 * @kvm: the VM, whose LPID is in LPIDR
 * @rb: what kvmhv_tlbie_rb() says
 *
 * MMU off, after a ptesync.
 */
void kvmhv_rm_tlbie_slow_one(struct kvm *kvm, unsigned long rb)
{
	kvmhv_rm_tlbie_slow(kvm, &rb, 1);
}
