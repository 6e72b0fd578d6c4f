/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor-mode KVM for Book3S: what is behind a page of a guest.  Part of
 * book3s_hv_rm_mmu.c, whose rules are those here: MMU on or off, interrupts
 * hard-disabled, kvm->srcu held.
 */
#ifndef BOOK3S_HV_PAGE_H
#define BOOK3S_HV_PAGE_H

#include <asm/kvm_hv_host_pte.h>

#include "book3s_hv_rmap.h"

/* How often to try a host PTE that others are changing */
#define HOST_PTE_TRIES		8

/*
 * What the host has at a user address, without locks: only that interrupts
 * are off keeps the page tables from being freed, and only a later
 * mmu_invalidate_retry() tells whether the answer still holds.
 */
struct host_page {
	unsigned long pa;
	unsigned long nr;	/* which page of its memslot it is behind */
	bool ci;
	bool writable;
	bool fixed;		/* nothing ever invalidates it */
};

/* false if the PTE is not @val any more */
static inline bool set_marks(pte_t *ptep, unsigned long val, bool dirty)
{
	pte_t old = __pte(val), new = pte_mkyoung(old);

	if (dirty)
		new = pte_mkdirty(new);
	return pte_xchg(ptep, old, new);
}

/*
 * Look for @psize bytes at @hva, to be written to if @write and the PTE says
 * so: then it becomes dirty, now, because once a writable HPTE exists nothing
 * tells the host of writes.
 */
static __always_inline bool find_host_page(struct kvm *kvm, unsigned long hva,
					   unsigned long psize, bool write,
					   struct host_page *hp)
{
	const unsigned long need = _PAGE_PRESENT | _PAGE_READ;
	const unsigned long bad = _PAGE_PRIVILEGED | H_PAGE_BUSY |
				  H_PTE_PKEY_BIT0 | H_PTE_PKEY_BIT1 |
				  H_PTE_PKEY_BIT2 | H_PTE_PKEY_BIT3 |
				  H_PTE_PKEY_BIT4;
	unsigned long val, marks;
	unsigned int shift;
	pte_t *ptep;
	int i;

	ptep = kvmhv_host_pte(kvm->mm->pgd, hva, &shift);
	if (!ptep || psize > 1UL << shift)
		return false;

	for (i = 0; i < HOST_PTE_TRIES; i++) {
		val = kvmhv_load_entry(ptep);
		if ((val ^ need) & (need | bad))
			return false;
		/* Subpages of their own; in a larger page the bit means THP */
		if ((val & H_PAGE_4K_PFN) && shift == PAGE_SHIFT)
			return false;

		hp->writable = val & _PAGE_WRITE;
		hp->writable &= write;
		marks = _PAGE_ACCESSED;
		if (hp->writable)
			marks |= _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
		if (unlikely((val & marks) != marks) &&
		    !set_marks(ptep, val, hp->writable))
			continue;

		hp->pa = (val & PTE_RPN_MASK) | (hva & ((1UL << shift) - 1));
		hp->ci = val & _PAGE_NON_IDEMPOTENT;
		hp->fixed = false;
		return true;
	}
	return false;
}

/*
 * What to map @psize bytes at @gpa to, to be written to if @write and the host
 * allows it.  @hp is valid for the first three answers only.  KVMHV_MEM_AWAY also
 * if the host has to bring the page in, or has it in smaller pieces.
 */
static __always_inline enum kvmhv_memory
find_page(struct kvm *kvm, const struct kvm_memory_slot *slot,
	  unsigned long gpa, unsigned long psize, bool write,
	  struct host_page *hp)
{
	unsigned long hva, pa;	/* not &hp->pa, which would live on the stack then */
	enum kvmhv_memory where = kvmhv_memory_at(kvm, slot, gpa, psize, &pa);

	if (where > KVMHV_MEM_PINNED)
		return where;

	hp->nr = kvmhv_slot_page(slot, gpa >> PAGE_SHIFT);
	if (likely(where == KVMHV_MEM_USER)) {
		hva = slot->userspace_addr + (hp->nr << PAGE_SHIFT);
		if (!find_host_page(kvm, hva | (gpa & ~PAGE_MASK), psize, write, hp))
			return KVMHV_MEM_AWAY;
		return where;
	}
	hp->pa = pa;
	hp->ci = false;
	hp->writable = write;
	hp->fixed = true;
	return where;
}

#endif /* BOOK3S_HV_PAGE_H */
