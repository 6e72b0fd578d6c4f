/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an interrupt does to a guest's PC and MSR (Power ISA Book III-S,
 * "Interrupt Definitions").  Used with the MMU on and off.
 */
#ifndef BOOK3S_HV_INTR_H
#define BOOK3S_HV_INTR_H

#include <linux/kvm_host.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/reg.h>

/* SRR1 and HSRR1 bits that tell a cause and do not come from the MSR */
#define SRR1_CAUSE_BITS		0x783f0000UL

#define LPCR_AIL_1		0x00800000UL
#define LPCR_AIL_2		0x01000000UL

/* Where an interrupt goes with the MMU on and LPCR[AIL] = 2 or 3 */
#define AIL2_OFFSET		0x0000000000018000UL
#define AIL3_OFFSET		0xc000000000004000UL

/* LPCR that a vcpu runs with, but for MER */
static inline unsigned long kvmhv_vcpu_lpcr(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->kvm->arch.hv.lpcr) |
	       READ_ONCE(vcpu->arch.hv.vcore->lpcr);
}

/*
 * LPCR[AIL], ISA 2.07: offset of an interrupt that leaves the MMU on, 0 for one
 * that does not.  System reset and machine check never do.
 */
static inline unsigned long kvmhv_intr_ail(struct kvm_vcpu *vcpu,
					   unsigned int vec)
{
	unsigned long ail = kvmhv_vcpu_lpcr(vcpu) & LPCR_AIL;

	if (vec <= 0x200 || (vcpu->arch.hv.shregs.msr & (MSR_IR | MSR_DR)) !=
			    (MSR_IR | MSR_DR))
		return 0;
	if (ail == LPCR_AIL_3)
		return AIL3_OFFSET;
	return ail == LPCR_AIL_2 ? AIL2_OFFSET : 0;
}

static inline unsigned long kvmhv_intr_pc(struct kvm_vcpu *vcpu,
					  unsigned int vec)
{
	return kvmhv_intr_ail(vcpu, vec) + vec;
}

/* Call after kvmhv_intr_pc(): both look at the MSR before the interrupt */
static inline unsigned long kvmhv_intr_msr(struct kvm_vcpu *vcpu,
					   unsigned int vec)
{
	unsigned long msr = MSR_SF | MSR_ME;

	if (kvmhv_vcpu_lpcr(vcpu) & LPCR_ILE)
		msr |= MSR_LE;
	if (kvmhv_intr_ail(vcpu, vec))
		msr |= MSR_IR | MSR_DR;
	return msr;
}

/*
 * Has the hypervisor an interrupt for the guest?  The decrementer is not one:
 * the processor has the guest's, and the timer that stands in for it while the
 * guest does not run only wakes the vcpu's task.
 */
static inline bool kvmhv_interrupt_pending(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.pending_exceptions) &
	       ~BIT(BOOK3S_IRQPRIO_DECREMENTER);
}

/*
 * H_CEDE ends: so does the H_PROD that there may be.  By an atomic operation: an H_PROD
 * that comes just now either is the one taken here, and the guest goes on to see what
 * came before it, or stays for the next H_CEDE.  Pairs with the release in
 * H_PROD; hrfid into the guest is what an acquire would be.
 */
static inline void kvmhv_take_prod(struct kvm_vcpu *vcpu)
{
	if (READ_ONCE(vcpu->arch.prodded))
		xchg_relaxed(&vcpu->arch.prodded, 0);
}

/* KVM_INTERRUPT_SET is for one interrupt, KVM_INTERRUPT_SET_LEVEL is a level */
static inline void kvmhv_external_taken(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.external_oneshot)
		return;
	vcpu->arch.external_oneshot = 0;
	clear_bit(BOOK3S_IRQPRIO_EXTERNAL, &vcpu->arch.pending_exceptions);
}

#endif /* BOOK3S_HV_INTR_H */
