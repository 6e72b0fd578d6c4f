/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions that keep TLBs in step with a guest's HPT, ISA 2.06 and
 * 2.07 Book III-S, 5.9.3.3 and 5.10.1.  Apart from everything else so that
 * the host-native unit tests can put a recorder in their place.
 */
#ifndef __ASM_KVM_HV_TLBIE_H__
#define __ASM_KVM_HV_TLBIE_H__

#include <asm/ppc-opcode.h>

/* Earlier HPTE updates before later invalidations, and the other way round */
static inline void kvmhv_ptesync(void)
{
	asm volatile("ptesync" : : : "memory");
}

/*
 * Put together by hand: what assemblers take for the second operand of tlbie
 * depends on the processor they were told.
 */

/* One virtual page of partition @lpid, on all processors */
static inline void kvmhv_tlbie(unsigned long rb, unsigned long lpid)
{
	asm volatile(".long %[tlbie] | (%[lpid] << 21) | (%[rb] << 11)"
		     : : [tlbie] "i" (PPC_RAW_TLBIE(0, 0)),
			 [lpid] "r" (lpid), [rb] "r" (rb) : "memory");
}

/* One virtual page of the partition in LPIDR, on this processor */
static inline void kvmhv_tlbiel(unsigned long rb)
{
	asm volatile(".long %[tlbiel] | (%[rb] << 11)"
		     : : [tlbiel] "i" (PPC_RAW_TLBIEL_v205(0, 0)),
			 [rb] "r" (rb) : "memory");
}

/* Wait until all processors have done what kvmhv_tlbie() asked of them */
static inline void kvmhv_tlbsync(void)
{
	asm volatile("eieio; tlbsync; ptesync" : : : "memory");
}

/*
 * ISA 2.01 (PPC970): the partition is the one that HID4 names, the page size is
 * in the instruction, and RB has 48 bits of address and nothing else.
 * @rb is as compute_tlbie_rb() says, for ISA 2.06: its lowest bit is L.
 */
#define KVMHV_TLBIE_201_VA	0x0000fffffffff000UL
#define KVMHV_TLBIE_201_LARGE	0x0000ffffff000000UL

static inline void kvmhv_tlbie_201(unsigned long rb)
{
	if (rb & 1)
		asm volatile(".long %[tlbie] | (%[rb] << 11)"
			     : : [tlbie] "i" (PPC_RAW_TLBIE(1, 0)),
				 [rb] "r" (rb & KVMHV_TLBIE_201_LARGE) : "memory");
	else
		asm volatile(".long %[tlbie] | (%[rb] << 11)"
			     : : [tlbie] "i" (PPC_RAW_TLBIE(0, 0)),
				 [rb] "r" (rb & KVMHV_TLBIE_201_VA) : "memory");
}

static inline void kvmhv_tlbiel_201(unsigned long rb)
{
	if (rb & 1)
		asm volatile(".long %[tlbiel] | (%[rb] << 11)"
			     : : [tlbiel] "i" (PPC_RAW_TLBIEL_v205(0, 1)),
				 [rb] "r" (rb & KVMHV_TLBIE_201_LARGE) : "memory");
	else
		asm volatile(".long %[tlbiel] | (%[rb] << 11)"
			     : : [tlbiel] "i" (PPC_RAW_TLBIEL_v205(0, 0)),
				 [rb] "r" (rb & KVMHV_TLBIE_201_VA) : "memory");
}

#endif /* __ASM_KVM_HV_TLBIE_H__ */
