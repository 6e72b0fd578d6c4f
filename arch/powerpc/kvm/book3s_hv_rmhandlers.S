/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Into a hypervisor-mode guest and out of it.
 *
 * From top to bottom, in the order of a trip:
 *
 *   kvmhv_enter_core		MMU on, called by the module; to C with MMU off
 *   kvmhv_run_thread		called by it: host state out, guest state in
 *   kvmhv_rm_resume		last step of each way into the guest
 *   kvmhv_interrupt		any interrupt but hcalls: C decides
 *   kvmhv_rm_leave		guest state out, host state in, back to C
 *
 * Hcalls, which need no world switch, are in book3s_hv_rm_hcall_entry.S.
 *
 * Register roles: book3s_hv_asm.h.
 */
#include "book3s_hv_asm.h"

/* Entry INDEX, whose slbmfee gave ESID, to the N-th from r6.  Clobbers r0, ESID. */
.macro store_slbe esid, index, n
	slbmfev	r0,\index
	or	\esid,\esid,\index	/* slbmte wants the index */
	std	\esid,\n * 16(r6)
	std	r0,\n * 16 + 8(r6)
.endm

/* The same if it is valid, and r6 goes on */
.macro keep_slbe esid, index
	andis.	r0,\esid,SLB_ESID_V@h
	beq	99f
	store_slbe \esid, \index, 0
	addi	r6,r6,16
99:
.endm

/*
 * void kvmhv_enter_core(struct kvm_hv_vcore *vcore, struct kvmhv_vsx_regs *keep)
 *
 * kvmhv_rm_run_core() with the MMU off.  MMU on, interrupts hard-disabled,
 * kvm->srcu held, preemption off, core lent.  Afterwards interrupts are still
 * hard-disabled, and FP, VMX and VSX registers undefined unless keep
 * is a place to keep them.
 */
_GLOBAL_TOC(kvmhv_enter_core)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	stdu	r1,-STACK_FRAME_MIN_SIZE(r1)
	mfmsr	r5
	std	r5,HSTATE_HOST_MSR(r13)
	li	r0,0
	mtmsrd	r0,1			/* RI = 0: SRR0/1 are about to be live */
	/* so Linux could not return from an error, either: KVM gives up, and dumps */
	li	r0,KVM_GUEST_MODE_HOST_HV
	stb	r0,HSTATE_IN_GUEST(r13)
	LOAD_REG_ADDR(r6, .Lrm_core)
	li	r7,MSR_IR | MSR_DR | MSR_RI
	andc	r7,r5,r7
	ori	r7,r7,MSR_FP
	oris	r7,r7,MSR_VEC@h
BEGIN_FTR_SECTION
	oris	r7,r7,MSR_VSX@h
END_FTR_SECTION_IFSET(CPU_FTR_VSX)
	mtspr	SPRN_SRR0,r6
	mtspr	SPRN_SRR1,r7
	RFI_TO_KERNEL
/* From kvmhv_enter_core by rfid: MMU off, r3 = vcore, r4 = keep. */
.Lrm_core:
	bl	kvmhv_rm_run_core
	LOAD_REG_ADDR(r6, .Lback_in_host)
	ld	r7,HSTATE_HOST_MSR(r13)
	mtspr	SPRN_SRR0,r6
	mtspr	SPRN_SRR1,r7
	RFI_TO_KERNEL
/* MMU on again, guest gone.  r1, r2, r13 are the host's. */
.Lback_in_host:
	li	r0,KVM_GUEST_MODE_NONE
	stb	r0,HSTATE_IN_GUEST(r13)
	addi	r1,r1,STACK_FRAME_MIN_SIZE
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	blr

/*
 * void kvmhv_run_thread(struct kvm_vcpu *vcpu)
 *
 * Runs one vcpu on this thread until something needs the host: hv.trap says
 * what, 0 if the guest did not get to run.  MMU off, guest partition and
 * timebase, guest FP/VMX/VSX registers loaded; afterwards what the guest left
 * in them is live.
 *
 * From the first instruction HSTATE_IN_GUEST is KVM_GUEST_MODE_HOST_HV: an NMI
 * must not be taken for one that hit the guest, nor return to code that expects
 * the MMU on.
 */
_GLOBAL(kvmhv_run_thread)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	stdu	r1,-SWITCH_FRAME(r1)
	each_gpr std, 14, 31, SWITCH_NVGPRS, r1
	mfcr	r0
	std	r0,SWITCH_CR(r1)
	std	r1,HSTATE_HOST_R1(r13)
	std	r3,HSTATE_KVM_VCPU(r13)
	mr	r31,r3
	ld	r30,VCPU_KVM(r31)

	call_cpu KVMHV_CPU_TO_GUEST

	/* The guest's SLB.  slbia leaves entry 0 alone. */
	li	r0,0
	slbmte	r0,r0
	slbia
	lwz	r4,VCPU_HV_SLB_MAX(r31)
	cmpwi	r4,0
	beq	2f
	mtctr	r4
	addi	r5,r31,VCPU_HV_SLB - 16
1:	ldu	r6,16(r5)
	ld	r7,8(r5)
	slbmte	r7,r6
	bdnz	1b
2:
	/* The guest's decrementer, from the timebase at which it expires */
	ld	r4,VCPU_DEC_EXPIRES(r31)
	mftb	r5
	sub	r4,r4,r5
	sradi	r0,r4,63		/* overdue is overdue, however long: */
	or	r4,r4,r0		/* the register has but 32 bits */
	mtspr	SPRN_DEC,r4

	mr	r3,r31
	bl	kvmhv_rm_entry
	cmpwi	r3,KVMHV_RESUME_GUEST
	bne	.Lrm_leave_early

	each_gpr ld, 14, 30, VCPU_REG(14), r31
	mr	r3,r31
	ld	r31,VCPU_REG(31)(r31)
	/* fall through */

/*
 * Last step into the guest: all state is the guest's but for r0-r12, r13, LR,
 * CTR, XER, CR, CFAR, PPR, PC and MSR, which are in the vcpu.
 * r3 = vcpu, r13 = PACA.  From kvmhv_run_thread, kvmhv_interrupt, kvmhv_hcall.
 */
	.global	kvmhv_rm_resume
kvmhv_rm_resume:
	li	r0,KVM_GUEST_MODE_GUEST_HV
	stb	r0,HSTATE_IN_GUEST(r13)
BEGIN_FTR_SECTION
	ld	r0,VCPU_CFAR(r3)
	mtspr	SPRN_CFAR,r0
END_FTR_SECTION_IFSET(CPU_FTR_CFAR)
	ld	r4,VCPU_PC(r3)
	ld	r5,VCPU_HV_MSR(r3)
	mtspr	SPRN_HSRR0,r4
	mtspr	SPRN_HSRR1,r5
	ld	r4,VCPU_LR(r3)
	ld	r5,VCPU_CTR(r3)
	ld	r6,VCPU_XER(r3)
	ld	r7,VCPU_CR(r3)
	ld	r8,VCPU_PPR(r3)
	mtlr	r4
	mtctr	r5
	mtxer	r6
	mtcr	r7
	each_gpr ld, 0, 2, VCPU_REG(0), r3
	each_gpr ld, 4, 7, VCPU_REG(4), r3
	each_gpr ld, 9, 13, VCPU_REG(9), r3
BEGIN_FTR_SECTION
	mtspr	SPRN_PPR,r8
END_FTR_SECTION_IFSET(CPU_FTR_HAS_PPR)
	ld	r8,VCPU_REG(8)(r3)
	ld	r3,VCPU_REG(3)(r3)
	HRFI_TO_GUEST
	b	.

/*
 * Any other interrupt out of the guest, from book3s_64_entry.S.
 *
 * r13 = PACA, r12 = guest CR << 32 | trap, guest r9 in HSTATE_SCRATCH2, guest
 * r12 in HSTATE_SCRATCH0, guest r13 in SPRN_HSPRG1, CFAR and PPR in HSTATE_*;
 * r9 free; everything else is the guest's.  MMU off.
 */
	.global	kvmhv_interrupt
	.balign	IFETCH_ALIGN_BYTES
kvmhv_interrupt:
	li	r9,KVM_GUEST_MODE_HOST_HV
	stb	r9,HSTATE_IN_GUEST(r13)
	ld	r9,HSTATE_KVM_VCPU(r13)
	each_gpr std, 0, 8, VCPU_REG(0), r9
	each_gpr std, 10, 11, VCPU_REG(10), r9
	ld	r3,HSTATE_SCRATCH2(r13)
	ld	r4,HSTATE_SCRATCH0(r13)
	GET_SCRATCH0(r5)
	std	r3,VCPU_REG(9)(r9)
	std	r4,VCPU_REG(12)(r9)
	std	r5,VCPU_REG(13)(r9)
	srdi	r3,r12,32
	mflr	r4
	mfctr	r5
	mfxer	r6
	std	r3,VCPU_CR(r9)
	std	r4,VCPU_LR(r9)
	std	r5,VCPU_CTR(r9)
	std	r6,VCPU_XER(r9)
BEGIN_FTR_SECTION
	ld	r3,HSTATE_CFAR(r13)
	std	r3,VCPU_CFAR(r9)
END_FTR_SECTION_IFSET(CPU_FTR_CFAR)
BEGIN_FTR_SECTION
	ld	r3,HSTATE_PPR(r13)
	std	r3,VCPU_PPR(r9)
END_FTR_SECTION_IFSET(CPU_FTR_HAS_PPR)
	/* bit 0x2 of the trap says which pair of registers the CPU used */
	andi.	r0,r12,2
	mfspr	r3,SPRN_SRR0
	mfspr	r4,SPRN_SRR1
	beq	1f
	mfspr	r3,SPRN_HSRR0
	mfspr	r4,SPRN_HSRR1
1:	rldicl.	r0,r4,64-MSR_HV_LG,63
	bne-	kvmhv_unexpected_interrupt /* on the last steps into the guest */
	rlwinm	r12,r12,0,~2
	std	r3,VCPU_PC(r9)
	std	r4,VCPU_HV_SRR1_RAW(r9)
	std	r4,VCPU_HV_MSR(r9)
	stw	r12,VCPU_HV_TRAP(r9)

	ld	r1,HSTATE_HOST_R1(r13)
	ld	r2,PACATOC(r13)
	mr	r3,r9
	bl	kvmhv_rm_exit
	cmpwi	r3,KVMHV_RESUME_GUEST
	ld	r3,HSTATE_KVM_VCPU(r13)
	beq	kvmhv_rm_resume
	/* fall through */

/*
 * The guest's turn is over.  r3 = vcpu, r1, r2, r13 the host's, r14-r31 the
 * guest's; r0-r13, LR, CTR, XER, CR, PC and MSR of the guest are in the vcpu.
 * From kvmhv_interrupt and kvmhv_hcall.  MMU off.
 */
	.global	kvmhv_rm_leave
kvmhv_rm_leave:
	each_gpr std, 14, 31, VCPU_REG(14), r3
	mr	r31,r3
	ld	r30,VCPU_KVM(r31)
	/* fall through */
/*
 * The guest did not get its turn.  All its GPRs are in the vcpu, r31 = vcpu,
 * r30 = kvm, r1, r2, r13 the host's.  From kvmhv_run_thread.  MMU off.
 */
.Lrm_leave_early:
	bl	kvmhv_rm_begin_exit

	/*
	 * Returns were paired with calls since the guest was interrupted; from here on
	 * they go back further than the guest.  Neither they nor calls by CTR are to be
	 * predicted by what the guest has left.  Patched to "bl flush_branch_caches",
	 * which clobbers r9 and CTR, where the host flushes for tasks.
	 */
1:	nop
	patch_site 1b, patch__call_kvmhv_flush

	mfspr	r4,SPRN_DEC
	extsw	r4,r4
	mftb	r5
	add	r4,r4,r5
	std	r4,VCPU_DEC_EXPIRES(r31)

	/* Keep the valid entries of the guest's SLB, packed */
	lwz	r0,VCPU_HV_SLB_NR(r31)
	srwi	r0,r0,2
	mtctr	r0
	li	r4,0
	addi	r6,r31,VCPU_HV_SLB
	/* fall through */
/*
 * Four in a row: mostly all are valid, or none.  r4 = number of the first, r6 =
 * where to keep the next, CTR = fours left, r31 = vcpu, r30 = kvm.
 */
.Lslb_four:
	addi	r11,r4,1
	slbmfee	r7,r4
	addi	r12,r4,2
	slbmfee	r8,r11
	addi	r5,r4,3
	slbmfee	r9,r12
	or	r0,r7,r8
	slbmfee	r10,r5
	or	r0,r0,r9
	or	r0,r0,r10
	andis.	r0,r0,SLB_ESID_V@h
	beq	2f
	and	r0,r7,r8
	and	r3,r9,r10
	and	r0,r0,r3
	andis.	r0,r0,SLB_ESID_V@h
	beq	3f
	store_slbe r7, r4, 0
	store_slbe r8, r11, 1
	store_slbe r9, r12, 2
	store_slbe r10, r5, 3
	addi	r6,r6,64
	b	2f
3:	keep_slbe r7, r4
	keep_slbe r8, r11
	keep_slbe r9, r12
	keep_slbe r10, r5
2:	addi	r4,r4,4
	bdnz	.Lslb_four
	addi	r0,r31,VCPU_HV_SLB
	sub	r6,r6,r0
	srwi	r6,r6,4			/* sizeof(struct kvm_hv_slb) */
	stw	r6,VCPU_HV_SLB_MAX(r31)

	call_cpu KVMHV_CPU_TO_HOST
	bl	kvmhv_rm_restore_slb

	ld	r0,SWITCH_CR(r1)
	mtcr	r0
	each_gpr ld, 14, 31, SWITCH_NVGPRS, r1
	addi	r1,r1,SWITCH_FRAME
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	blr

/*
 * A machine check or a system reset hit the hypervisor's own real-mode code.
 * r13 = PACA, r12 = CR << 32 | trap, MMU off, everything else unknown.  There
 * is nothing to return to: when the siblings are out, get the host's partition
 * back and say so.
 */
	.global	kvmhv_unexpected_interrupt
	.balign	IFETCH_ALIGN_BYTES
kvmhv_unexpected_interrupt:
	ld	r1,PACAEMERGSP(r13)
	subi	r1,r1,STACK_FRAME_MIN_SIZE
	ld	r2,PACATOC(r13)
	clrldi	r14,r12,32
	bl	kvmhv_rm_give_up
	mr	r15,r3
	b	.Lto_panic

/*
 * void kvmhv_rm_panic(unsigned long left)
 *
 * The same without an interrupt, on the stack there is.
 */
_GLOBAL(kvmhv_rm_panic)
	li	r14,0
	mr	r15,r3
	/* fall through */
/* r14 = trap or 0, r15 = threads, r1, r2, r13 the host's.  From the two above. */
.Lto_panic:
	bl	kvmhv_rm_bolted_slb
	LOAD_REG_ADDR(r4, .Lpanic)
	ld	r5,HSTATE_HOST_MSR(r13)
	mtspr	SPRN_SRR0,r4
	mtspr	SPRN_SRR1,r5
	RFI_TO_KERNEL
/* MMU on, r14 = trap, r15 = threads that are still in the guest */
.Lpanic:
	li	r0,KVM_GUEST_MODE_NONE
	stb	r0,HSTATE_IN_GUEST(r13)
	mr	r3,r14
	mr	r4,r15
	bl	kvmhv_unexpected_trap
	b	.
