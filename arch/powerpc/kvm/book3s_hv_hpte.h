/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HPTEs of hypervisor-mode guests: states, locks and encodings.  For real-mode
 * code and the module alike; touches only the linear mapping.
 *
 * States of an HPTE, told by its first doubleword:
 *
 *   empty	neither VALID nor ABSENT.  Second doubleword 0.
 *   valid	VALID.  Second doubleword is the hardware's: host real address,
 *		write permission only if the host PTE has it and is dirty, C
 *		only if written to since it was put in or last harvested.  On
 *		the ring of its page.
 *   absent	ABSENT.  Second doubleword is 0 or KVMHV_HPTE_R_MMIO.  On no
 *		ring; what the guest asked for is in rev.guest_r.
 *   hidden	ABSENT and HVLOCK, while the holder of the lock changes a valid
 *		HPTE.  Still on its ring.
 *
 *   from	to	by
 *   empty	valid	H_ENTER of a page that is there
 *   empty	absent	H_ENTER of any other
 *   absent	valid	the fault path of the module
 *   valid	hidden	H_REMOVE, H_PROTECT, H_CLEAR_*, MMU notifier
 *   hidden	valid	H_PROTECT, H_CLEAR_*, dirty log
 *   hidden	absent	MMU notifier
 *   hidden	empty	H_REMOVE
 *   absent	empty	H_REMOVE
 *
 * To the guest, absent and hidden are valid.  HVLOCK is held for each step.
 */
#ifndef BOOK3S_HV_HPTE_H
#define BOOK3S_HV_HPTE_H

#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/kvm_ppc.h>
#include <asm/kvm_book3s_64.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_hv_tlbie.h>

/* First doubleword: an entry that the guest regards as valid */
#define KVMHV_HPTE_V_USED	(HPTE_V_VALID | HPTE_V_ABSENT)
/* First doubleword: software bits that are ours, not the guest's */
#define KVMHV_HPTE_V_OURS	(HPTE_V_HVLOCK | HPTE_V_ABSENT)

/**
 * kvmhv_hpte - address of one HPTE
 * @hpt: the hash table
 * @index: below kvmhv_hpt_npte()
 */
static inline __be64 *kvmhv_hpte(const struct kvm_hv_hpt *hpt,
				 unsigned long index)
{
	return hpt->hpte + 2 * index;
}

/**
 * kvmhv_hpte_load - one doubleword of an HPTE
 * @word: where it is
 *
 * Not READ_ONCE(), which would keep the compiler from loading in the other
 * byte order.  What it cannot see through it does not take apart, either.
 */
static inline unsigned long kvmhv_hpte_load(const __be64 *word)
{
	unsigned long val = be64_to_cpu(*word);

	OPTIMIZER_HIDE_VAR(val);
	return val;
}

/**
 * kvmhv_hpte_store - one doubleword of an HPTE
 * @word: where it is
 * @val: what it becomes
 */
static inline void kvmhv_hpte_store(__be64 *word, unsigned long val)
{
	OPTIMIZER_HIDE_VAR(val);
	*word = cpu_to_be64(val);
}

/**
 * kvmhv_lock_hpte - wait for the lock of an HPTE
 * @hpte: the HPTE
 *
 * Preemption off.  Holders run with preemption off and never wait for
 * anything but an rmap lock, so this ends.
 *
 * Return: the first doubleword without the lock bit.  unlock_hpte() ends it.
 */
static inline unsigned long kvmhv_lock_hpte(__be64 *hpte)
{
	while (!try_lock_hpte(hpte, HPTE_V_HVLOCK)) {
		do {
			cpu_relax();
		} while (READ_ONCE(hpte[0]) & cpu_to_be64(HPTE_V_HVLOCK));
	}
	return kvmhv_hpte_load(&hpte[0]) & ~HPTE_V_HVLOCK;
}

/**
 * kvmhv_guest_v - a first doubleword as the guest knows it
 * @v: the first doubleword in memory
 */
static inline unsigned long kvmhv_guest_v(unsigned long v)
{
	if (v & HPTE_V_ABSENT)
		v |= HPTE_V_VALID;
	return v & ~KVMHV_HPTE_V_OURS;
}

/**
 * kvmhv_hide_hpte - valid to hidden
 * @hpte: the HPTE, locked
 * @v: its first doubleword
 *
 * TLBs may hold the translation until it has been invalidated; only then R
 * and C in the second doubleword are final (ISA 2.07 Book III-S, 5.10.1.2).
 */
static inline void kvmhv_hide_hpte(__be64 *hpte, unsigned long v)
{
	kvmhv_hpte_store(&hpte[0], (v & ~HPTE_V_VALID) | KVMHV_HPTE_V_OURS);
	barrier();
}

/**
 * kvmhv_show_hpte - empty, absent or hidden to valid, and unlock
 * @hpte: the HPTE, locked
 * @v: first doubleword, valid and not absent
 * @r: second doubleword for the hardware
 *
 * The order is that of ISA 2.07 Book III-S, 5.10.1.1 "Adding a PTE".  On a kernel
 * for more than one CPU the lwsync of unlock_hpte() would do for eieio; on another
 * one there is none.
 */
static inline void kvmhv_show_hpte(__be64 *hpte, unsigned long v,
				   unsigned long r)
{
	kvmhv_hpte_store(&hpte[1], r);
	eieio();
	unlock_hpte(hpte, v);
	kvmhv_ptesync();
}

/**
 * kvmhv_writable - hpte_is_writable() without a branch
 * @r: second doubleword
 *
 * Read-only are PP = 0b011 and 0b110 (PP0, then the two others).
 */
static inline bool kvmhv_writable(unsigned long r)
{
	return !((r >> 1) & (r ^ (r >> 63)) & 1);
}

/**
 * kvmhv_hpte_gpa - the guest real address an HPTE maps
 * @r: second doubleword as the guest gave it
 * @psize: actual page size in bytes
 */
static inline unsigned long kvmhv_hpte_gpa(unsigned long r, unsigned long psize)
{
	return r & HPTE_R_RPN & ~(psize - 1);
}

/**
 * kvmhv_real_r - second doubleword for the hardware
 * @r: second doubleword as the guest gave it
 * @psize: actual page size in bytes
 * @pa: host real address of the page, a multiple of @psize
 * @ci: the host maps the page caching-inhibited
 * @writable: the host PTE is writable, and dirty by now
 *
 * Takes over key, protection, R and page size; C starts as 0 so that it tells
 * of real writes only.  Storage control is the host's: memory that the guest
 * takes for a device (a frame buffer) stays cacheable, as all other mappings
 * of it are; strong access order is allowed.
 *
 * Return: the doubleword, or 0 if the guest wants a caching-inhibited page
 * cached, which must not be.
 */
static inline unsigned long kvmhv_real_r(unsigned long r, unsigned long psize,
					 unsigned long pa, bool ci,
					 bool writable)
{
	unsigned long lp = r & (psize - 1) & 0xff000;

	if (!hpte_cache_flags_ok(r, ci)) {
		if (ci)
			return 0;
		r = (r & ~HPTE_R_WIMG) | HPTE_R_M;
	}
	r &= ~(HPTE_R_RPN | HPTE_R_C | KVMHV_GR_MODIFIED);
	if (!writable)
		r = hpte_make_readonly(r);
	return r | pa | lp;
}

/* book3s_hv_rm_mmu.c */
const void *kvmhv_rm_lock_page(struct kvm *kvm, unsigned long gpa,
			       unsigned long **rmap);

#endif /* BOOK3S_HV_HPTE_H */
