/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hcalls of a hypervisor-mode guest: to their real-mode handler and straight
 * back, without a world switch.  What that cannot do goes on as any other
 * interrupt, in book3s_hv_rmhandlers.S.
 */
#include "book3s_hv_asm.h"

/* kvm->arch.hv.rm_hcall[] has 1 << RM_HCALL_BITS entries of 8 bytes */
#define RM_HCALL_BITS	7
#define RM_HCALL_MASK	0x3f8

/* In the vcpu, while a real-mode handler runs: LR and PPR of the guest */
#define HCALL_LR	VCPU_REG(0)
#define HCALL_PPR	VCPU_REG(12)

/* To where they are in the vcpu else.  Clobbers r6. */
.macro move_lr_ppr vcpu
	ld	r6,HCALL_LR(\vcpu)
	std	r6,VCPU_LR(\vcpu)
BEGIN_FTR_SECTION
	ld	r6,HCALL_PPR(\vcpu)
	std	r6,VCPU_PPR(\vcpu)
END_FTR_SECTION_IFSET(CPU_FTR_HAS_PPR)
.endm

/* CR fields that a function call, and an hcall, may destroy; and the others */
#define CR_VOLATILE	0xc7
#define CR_NONVOLATILE	0x00fff000
#define CR_NOT_CR0	0x0fffffff

/* One more hcall that needed no world switch, for KVM_GET_STATS_FD.  Clobbers TMP. */
.macro count_hcall vcpu, tmp
	ld	\tmp,VCPU_HV_RM_HCALLS(\vcpu)
	addi	\tmp,\tmp,1
	std	\tmp,VCPU_HV_RM_HCALLS(\vcpu)
.endm

/*
 * Hcall, from kvmhv_hcall_tramp in exceptions-64s.S.
 *
 * r13 = PACA, r10 = vcpu, guest r9 and r13 in it, guest r10 in PACA_EXGEN; r9
 * and CTR free; SRR0/1 = PC and MSR; everything else is the guest's.  MMU off.
 *
 * PAPR lets an hcall destroy r0, r3-r12, CTR, XER and CR0, CR1, CR5-7, so only
 * the arguments are kept, for the handler and for user space.  Nonvolatile
 * registers, CR2-4 among them, stay where they are: the C ABI keeps them.  LR and
 * PPR go where r0 and r12 would, so that the vcpu's GPRs are all that is touched
 * there: one cache line.  What goes back to the guest in a volatile register, or in
 * CFAR, must not be the host's, hence the zeros.
 */
	.global	kvmhv_hcall
	.balign	IFETCH_ALIGN_BYTES
kvmhv_hcall:
	each_gpr std, 3, 8, VCPU_REG(3), r10
	std	r11,VCPU_REG(11)(r10)
	each_gpr std, 1, 2, VCPU_REG(1), r10
	ld	r1,PACA_EXGEN+EX_R10(r13)
	mflr	r2
	std	r1,VCPU_REG(10)(r10)
	std	r2,HCALL_LR(r10)
BEGIN_FTR_SECTION
	mfspr	r1,SPRN_PPR
	std	r1,HCALL_PPR(r10)
END_FTR_SECTION_IFSET(CPU_FTR_HAS_PPR)
	HMT_MEDIUM
	li	r2,KVM_GUEST_MODE_HOST_HV
	stb	r2,HSTATE_IN_GUEST(r13)

	/*
	 * A multiple of 4 below the end of the table, and from privileged
	 * state?  Enabled for this VM, and is there a handler?  Whatever r3
	 * is, r9 is in the table, so that no guess at a branch leads out of it.
	 * r0, r12 and XER are still the guest's.
	 */
	mfspr	r11,SPRN_SRR1
	rldicr	r2,r3,62,63 - RM_HCALL_BITS	/* r3 >> 2, above the number */
	ld	r1,VCPU_KVM(r10)
	rlwimi.	r2,r11,32 - MSR_PR_LG,31,31
	rlwinm	r9,r3,1,RM_HCALL_MASK	/* offset in the table */
	bne	.Lhcall_not_here
	add	r9,r1,r9
	ld	r12,KVM_RM_HCALL(r9)
	ld	r1,HSTATE_HOST_R1(r13)
	ld	r2,PACATOC(r13)
	cmpdi	r12,0
	beq	.Lhcall_to_host

	mr	r3,r10
	mtctr	r12
	bctrl				/* handler(vcpu, r4, ...) */
	cmpdi	r3,KVMHV_RM_INJECT	/* or H_TOO_HARD */
	bge	.Lhcall_slow

	/*
	 * Straight back: SRR0/1 still hold the guest's PC and MSR.  Go by
	 * HSRR0/1, because rfid puts its own address into CFAR.
	 */
	mfspr	r4,SPRN_SRR0
	mfspr	r5,SPRN_SRR1
	ld	r12,HSTATE_KVM_VCPU(r13)
	mtspr	SPRN_HSRR0,r4
	mtspr	SPRN_HSRR1,r5
	count_hcall r12, r4
	li	r0,KVM_GUEST_MODE_GUEST_HV
	stb	r0,HSTATE_IN_GUEST(r13)
	each_gpr ld, 4, 11, VCPU_REG(4), r12
	ld	r0,HCALL_LR(r12)
	mtlr	r0
BEGIN_FTR_SECTION
	ld	r0,HCALL_PPR(r12)
	mtspr	SPRN_PPR,r0
END_FTR_SECTION_IFSET(CPU_FTR_HAS_PPR)
	li	r0,0
BEGIN_FTR_SECTION
	mtspr	SPRN_CFAR,r0
END_FTR_SECTION_IFSET(CPU_FTR_CFAR)
	mtctr	r0
	mtxer	r0
	mtcrf	CR_VOLATILE,r0
	each_gpr ld, 1, 2, VCPU_REG(1), r12
	ld	r13,VCPU_REG(13)(r12)
	li	r12,0
	HRFI_TO_GUEST			/* hrfid with the flush slots; HV goes to 0 */
	b	.

/*
 * No number of a real-mode handler, or from problem state, which is a system
 * call interrupt of the guest's own: it finds all registers as they were, but
 * for CR0 and CTR, which are gone (exceptions-64s.S).  r1 and r2 are free, r11
 * = SRR1, r10 = vcpu, r0, r12, XER and CR1-7 the guest's.
 */
.Lhcall_not_here:
	andi.	r2,r11,MSR_PR
	ld	r1,HSTATE_HOST_R1(r13)
	ld	r2,PACATOC(r13)
	beq	.Lhcall_to_host
	move_lr_ppr r10
	mfcr	r5
	mfxer	r4
	std	r0,VCPU_REG(0)(r10)
	std	r12,VCPU_REG(12)(r10)
	std	r4,VCPU_XER(r10)
	rlwinm	r5,r5,0,CR_NOT_CR0
	mr	r3,r10
	li	r0,0
	b	.Lhcall_store
/*
 * Not the short way back: the same as any other interrupt out of the guest.
 * The vcpu has the volatile state but for what an hcall may destroy.
 * r1, r2, r13 are the host's; r14-r31 and CR2-4 the guest's; SRR0/1 = PC and
 * MSR.
 */
.Lhcall_to_host:
	li	r3,H_TOO_HARD
	/* fall through */
/* r3 = the handler's verdict, KVMHV_RM_INJECT or H_TOO_HARD; else as above */
.Lhcall_slow:
	mfcr	r5
	cmpdi	r3,KVMHV_RM_INJECT
	ld	r3,HSTATE_KVM_VCPU(r13)
	move_lr_ppr r3
	li	r0,0
	std	r0,VCPU_REG(0)(r3)
	std	r0,VCPU_REG(12)(r3)
	std	r0,VCPU_XER(r3)
	rlwinm	r5,r5,0,CR_NONVOLATILE
	/* fall through */
/* The rest, from both: r3 = vcpu, r5 = CR, r0 = 0; CR0[EQ]: interrupt it */
.Lhcall_store:
	std	r0,VCPU_CTR(r3)
BEGIN_FTR_SECTION
	std	r0,VCPU_CFAR(r3)
END_FTR_SECTION_IFSET(CPU_FTR_CFAR)
	std	r5,VCPU_CR(r3)
	mfspr	r4,SPRN_SRR0
	mfspr	r5,SPRN_SRR1
	std	r4,VCPU_PC(r3)
	std	r5,VCPU_HV_SRR1_RAW(r3)
	std	r5,VCPU_HV_MSR(r3)
	li	r4,BOOK3S_INTERRUPT_SYSCALL
	stw	r4,VCPU_HV_TRAP(r3)
	beq	1f
	b	kvmhv_rm_leave
1:	count_hcall r3, r4
	li	r0,H_SUCCESS
	std	r0,VCPU_REG(3)(r3)
	bl	kvmhv_rm_inject_external
	ld	r3,HSTATE_KVM_VCPU(r13)
	b	kvmhv_rm_resume
