/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ISA 2.06 (POWER7) state: special purpose registers, performance monitor and
 * the partition itself.  POWER8 has all of this too and adds to it in
 * book3s_hv_rm_power8.S.
 *
 * Register roles: book3s_hv_asm.h.  MMU off, interrupts off.  Every function
 * here preserves r2, r13-r31 and LR, and destroys the other volatile registers.
 */
#include "book3s_hv_asm.h"

/* SPRs that the host has live while it does KVM_RUN, and their slots */
.macro host_sprs op, op_w
	\op	SPRN_DSCR, HS(HS_POWER7 + 0), r1
	\op	SPRN_AMR, HS(HS_POWER7 + 1), r1
	\op	SPRN_UAMOR, HS(HS_POWER7 + 2), r1
	\op	SPRN_VRSAVE, HS(HS_POWER7 + 3), r1
	\op	SPRN_PID, HS(HS_POWER7 + 4), r1
	/* the partition's, with what each thread has for itself: PECE, MER */
	\op	SPRN_LPCR, HS(HS_POWER7 + 5), r1
.endm

/* SPRs that belong to the guest */
.macro guest_sprs op, op_w
	\op	SPRN_SRR0, VCPU_HV_SRR0, r31
	\op	SPRN_SRR1, VCPU_HV_SRR1, r31
	\op	SPRN_DAR, VCPU_HV_DAR, r31
	\op_w	SPRN_DSISR, VCPU_HV_DSISR, r31
	\op	SPRN_SPRG0, VCPU_HV_SPRG0, r31
	\op	SPRN_SPRG1, VCPU_HV_SPRG1, r31
	\op	SPRN_SPRG2, VCPU_HV_SPRG2, r31
	\op	SPRN_SPRG3, VCPU_HV_SPRG3, r31
	\op	SPRN_DSCR, VCPU_DSCR, r31
	\op	SPRN_AMR, VCPU_AMR, r31
	\op	SPRN_UAMOR, VCPU_UAMOR, r31
	\op_w	SPRN_VRSAVE, VCPU_VRSAVE, r31
	\op_w	SPRN_PID, VCPU_HV_PID, r31
.endm

/*
 * The performance monitor but for MMCR0 and MMCRA, which stop it first; MMCR0 is the
 * last to be loaded
 */
.macro host_pmu op, op_w
	\op	SPRN_MMCR1, HS(HS_POWER7 + 7), r1
	\op	SPRN_SIAR, HS(HS_POWER7 + 9), r1
	\op	SPRN_SDAR, HS(HS_POWER7 + 10), r1
	\op	SPRN_PMC1, HS(HS_POWER7 + 11), r1
	\op	SPRN_PMC2, HS(HS_POWER7 + 12), r1
	\op	SPRN_PMC3, HS(HS_POWER7 + 13), r1
	\op	SPRN_PMC4, HS(HS_POWER7 + 14), r1
	\op	SPRN_PMC5, HS(HS_POWER7 + 15), r1
	\op	SPRN_PMC6, HS(HS_POWER7 + 16), r1
.endm

.macro guest_pmu op, op_w
	\op	SPRN_MMCR1, VCPU_MMCR_N(1), r31
	\op	SPRN_SIAR, VCPU_SIAR, r31
	\op	SPRN_SDAR, VCPU_SDAR, r31
	\op_w	SPRN_PMC1, VCPU_PMC_N(1), r31
	\op_w	SPRN_PMC2, VCPU_PMC_N(2), r31
	\op_w	SPRN_PMC3, VCPU_PMC_N(3), r31
	\op_w	SPRN_PMC4, VCPU_PMC_N(4), r31
	\op_w	SPRN_PMC5, VCPU_PMC_N(5), r31
	\op_w	SPRN_PMC6, VCPU_PMC_N(6), r31
.endm

/*
 * HS_MMCR0_206: if the host's counters are to be restored it has MMCR0 in the upper
 * half, and FC is 0 in the lower.
 */
#define HS_MMCRA	HS(HS_POWER7 + 8)
#define HS_DABR		HS(HS_POWER7 + 17)
#define HS_DABRX	HS(HS_POWER7 + 18)

/*
 * Stop a performance monitor that is in use.  MMCR0 is set by the processor, too: what
 * it does between mfspr and mtspr would be lost.  So MMCR2, where there is one, stops
 * the counters before MMCR0 is read.  And POWER7 and POWER8 go on changing SIAR and
 * SDAR while MMCRA samples, whatever is in MMCR0.
 *
 * r0 = MMCR0 and r5 = MMCRA as they were, afterwards.  Clobbers r4, r6, r7.
 */
.macro stop_pmu
BEGIN_FTR_SECTION
	mfspr	r7,SPRN_MMCR2
	li	r6,-1
	clrrdi	r6,r6,10		/* each way to freeze PMC1 to PMC6 */
	mtspr	SPRN_MMCR2,r6
	isync
END_FTR_SECTION_IFSET(CPU_FTR_ARCH_207S)
	mfspr	r0,SPRN_MMCR0
	li	r4,1
	sldi	r4,r4,31		/* MMCR0[FC] */
	mtspr	SPRN_MMCR0,r4
	isync
	mfspr	r5,SPRN_MMCRA
	li	r6,0
	mtspr	SPRN_MMCRA,r6
	isync
BEGIN_FTR_SECTION
	mtspr	SPRN_MMCR2,r7
END_FTR_SECTION_IFSET(CPU_FTR_ARCH_207S)
.endm

/*
 * r4 = MMCR0 to come, with PMAO: an alert that has not become an interrupt yet.  A
 * POWER8E does not make it one when MMCR0 is written.  A counter that overflows does:
 * PMC6, which counts cycles also while CTRL[RUN] is 0.  MSR[EE] = 0 holds the
 * interrupt off.  Leaves all counters stopped and PMC6 undefined; r4 stays, clobbers
 * r0, r5, r6.
 */
.Lalert_again:
	andi.	r0,r4,MMCR0_PMAO_SYNC
	bnelr				/* it has: the interrupt is what came of it */
	mfspr	r5,SPRN_MMCR2
	li	r0,0
	mtspr	SPRN_MMCR2,r0
	lis	r6,0x7fff
	ori	r6,r6,0xfffe
	mtspr	SPRN_PMC6,r6
	lis	r6,MMCR0_PMXE@h
	ori	r6,r6,MMCR0_PMCjCE | MMCR0_C56RUN | MMCR0_PMAO
	mtspr	SPRN_MMCR0,r6
	isync
	li	r6,1
	sldi	r6,r6,31
	ori	r6,r6,MMCR0_PMAO
	mtspr	SPRN_MMCR0,r6
	isync
	mtspr	SPRN_MMCR2,r5
	blr

/*
 * r4 = DABR, r5 = DABRX.  A POWER7 may write another value to DABR while its
 * performance monitor samples.  If KVMHV_DABR_TRIES are not enough DABRX stays 0:
 * rather none than a breakpoint elsewhere.  DABRX is 0 meanwhile, so that no half-set pair
 * ever matches.  Clobbers r0, CTR.
 */
.Lset_dabr:
	li	r0,0
	mtspr	SPRN_DABRX,r0
	li	r0,KVMHV_DABR_TRIES
	mtctr	r0
1:	mtspr	SPRN_DABR,r4
	isync
	mfspr	r0,SPRN_DABR
	cmpd	r0,r4
	beq	2f
	bdnz	1b
	blr
2:	mtspr	SPRN_DABRX,r5
	isync
	blr

/*
 * What the host has live goes into the switch frame, the guest's comes.  POWER7
 * only: the DABR became the DAWR in ISA 2.07.
 */
_GLOBAL(kvmhv_power7_to_guest)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_host
	save_spr SPRN_DABR, HS_DABR, r1
	save_spr SPRN_DABRX, HS_DABRX, r1
	lwz	r5,VCPU_DABRX(r31)
	or.	r0,r0,r5
	beq	1f			/* neither has a breakpoint */
	ld	r4,VCPU_DABR(r31)
	bl	.Lset_dabr
1:	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_guest

/* What the guest leaves goes into the vcpu, the host's comes back */
_GLOBAL(kvmhv_power7_to_host)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_guest
	lwz	r0,VCPU_DABRX(r31)
	ld	r5,HS_DABRX(r1)
	or.	r0,r0,r5
	beq	1f
	ld	r4,HS_DABR(r1)
	bl	.Lset_dabr
1:	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_host

/*
 * The following four have all that ISA 2.06 and later have.  The host's counters
 * stop; those that are frozen at a trip and have caused no alert have no reader:
 * perf freezes them when it has no events.  CR0[EQ] afterwards: they are to be restored.
 */
_GLOBAL(kvmhv_isa206_save_host)
	mfspr	r0,SPRN_MMCR0
	std	r0,HS_MMCR0_206(r1)
	andi.	r4,r0,MMCR0_PMAO
	bne	2f
	andis.	r4,r0,MMCR0_FC_HI
	beq	2f
1:	host_sprs save_spr, save_spr
	blr
2:	stop_pmu
	std	r5,HS_MMCRA(r1)
	sldi	r5,r0,32
	clrldi	r0,r0,33		/* without FC */
	or	r0,r0,r5
	std	r0,HS_MMCR0_206(r1)
	host_pmu save_spr, save_spr
	cmpd	r0,r0
	b	1b

/*
 * And back; the counters go on last, at the latest with the rfid into the host.  r8 =
 * what the guest has left in the PMU: most have never used it.
 */
_GLOBAL(kvmhv_isa206_load_host)
	host_sprs load_spr, load_spr
	ld	r0,PACA_SPRG_VDSO(r13)
	mtspr	SPRN_SPRG_VDSO_WRITE,r0
	ld	r4,HS_MMCR0_206(r1)
	andis.	r0,r4,MMCR0_FC_HI
	beq	.Lload_host_pmu
	cmpdi	r8,0
	beq	2f
	li	r0,0
	mtspr	SPRN_MMCRA,r0
	host_pmu clear_spr, clear_spr
2:	mtspr	SPRN_MMCR0,r4
	blr
/* The host's was in use: r4 = HS_MMCR0_206, r1 = switch frame.  Returns. */
.Lload_host_pmu:
	mflr	r7
	srdi	r4,r4,32
	andi.	r0,r4,MMCR0_PMAO
	beq	1f
BEGIN_FTR_SECTION
	bl	.Lalert_again
END_FTR_SECTION_IFSET(CPU_FTR_PMAO_BUG)
1:	mtlr	r7
	host_pmu load_spr, load_spr
	load_spr SPRN_MMCRA, HS_MMCRA, r1
	mtspr	SPRN_MMCR0,r4
	blr

/*
 * With FCHV the PMU itself stops a guest's counters while MSR[HV]=1, so that
 * MMCR0 may be loaded before the last instructions here have run.  What is loaded
 * here is for the guest; the hrfid into it synchronises.
 */
_GLOBAL(kvmhv_isa206_load_guest)
	/* the partition's, with what each thread has for itself */
	ld	r4,VCPU_HV_LPCR(r31)
	mtspr	SPRN_LPCR,r4

	mfspr	r4,SPRN_PURR
	mfspr	r5,SPRN_SPURR
	ld	r6,VCPU_PURR(r31)
	ld	r7,VCPU_SPURR(r31)
	mtspr	SPRN_PURR,r6
	mtspr	SPRN_SPURR,r7
	/* keep the difference, so that only one addition is left to do */
	sub	r4,r4,r6
	sub	r5,r5,r7
	std	r4,SWITCH_PURR(r1)
	std	r5,SWITCH_SPURR(r1)

	guest_sprs load_spr, load_spr_w
	ld	r4,VCPU_MMCR_N(0)(r31)
	andi.	r0,r4,MMCR0_PMAO
	bne	.Lguest_alert
	/* fall through */
/* r4 = the guest's MMCR0, r31 = vcpu.  From here and from .Lguest_alert. */
.Lload_guest_pmu:
	guest_pmu load_spr, load_spr_w
	load_spr SPRN_MMCRA, VCPU_MMCRA, r31
	ori	r4,r4,MMCR0_FCHV
	mtspr	SPRN_MMCR0,r4
	lwz	r0,VCPU_CTRL(r31)
	mtspr	SPRN_CTRLT,r0
	blr
/* r4 = the guest's MMCR0, with PMAO; r31 = vcpu */
.Lguest_alert:
	mflr	r7
BEGIN_FTR_SECTION
	bl	.Lalert_again
END_FTR_SECTION_IFSET(CPU_FTR_PMAO_BUG)
	mtlr	r7
	b	.Lload_guest_pmu

/*
 * What the guest leaves, into the vcpu; its counters stop first.  Most guests leave
 * MMCR0[FC] = 1 and MMCRA = 0: nothing changes by itself then.  r8 = the bits that
 * are set in any register of the PMU but MMCR0, for kvmhv_isa206_load_host.
 */
_GLOBAL(kvmhv_isa206_save_guest)
	li	r4,1
	sldi	r4,r4,31		/* MMCR0[FC] */
	addi	r6,r4,MMCR0_FCHV	/* which is ours */
	mfspr	r0,SPRN_MMCR0
	xor	r0,r0,r6
	mfspr	r5,SPRN_MMCRA
	or.	r0,r0,r5
	bne	.Lstop_guest_pmu
	/* fall through */
/* r4 = the guest's MMCR0, r5 = its MMCRA, r31 = vcpu.  Also from .Lstop_guest_pmu. */
.Lsave_guest_pmu:
	std	r4,VCPU_MMCR_N(0)(r31)
	std	r5,VCPU_MMCRA(r31)
	mr	r4,r5
	guest_pmu collect_spr, collect_spr_w
	mr	r8,r4
	guest_sprs save_spr, save_spr_w
	mfspr	r0,SPRN_CTRLF
	stw	r0,VCPU_CTRL(r31)
	/* the host runs with the run latch on */
	li	r0,CTRL_RUNLATCH
	mtspr	SPRN_CTRLT,r0

	mfspr	r4,SPRN_PURR
	mfspr	r5,SPRN_SPURR
	std	r4,VCPU_PURR(r31)
	std	r5,VCPU_SPURR(r31)
	ld	r6,SWITCH_PURR(r1)
	ld	r7,SWITCH_SPURR(r1)
	add	r4,r4,r6
	add	r5,r5,r7
	mtspr	SPRN_PURR,r4
	mtspr	SPRN_SPURR,r5
	blr
/* The guest's is in use: r4 = its MMCR0 afterwards, r5 = its MMCRA.  r31 = vcpu */
.Lstop_guest_pmu:
	stop_pmu
	clrrdi	r4,r0,1
	b	.Lsave_guest_pmu

/* unsigned long kvmhv_power7_read_control(void) */
_GLOBAL_TOC(kvmhv_power7_read_control)
	mfspr	r3,SPRN_LPCR
	blr

/*
 * unsigned long kvmhv_power7_enter_partition(struct kvm_hv_vcore *vcore)
 *
 * Move the core into a guest's partition; returns the host's LPCR.  SDR1 and
 * LPIDR cannot change together, so LPIDR passes through a value no partition
 * uses: nothing that is fetched into the TLB in between can be found later (ISA
 * 2.06 Book III-S, "Logical Partition Identification Register").
 */
_GLOBAL_TOC(kvmhv_power7_enter_partition)
	load_spr SPRN_PCR, VCORE_HV_PCR, r3
	ld	r7,VCORE_HV_KVM(r3)
	ld	r8,VCORE_HV_LPCR(r3)
	mfspr	r3,SPRN_LPCR
	ld	r9,KVM_HV_RMOR(r7)
	ld	r6,KVM_HV_SDR1(r7)
	ld	r4,KVM_HV_LPCR(r7)
	lwz	r5,KVM_HV_LPID(r7)
	or	r4,r4,r8
	mtspr	SPRN_RMOR,r9
	b	.Lswitch

/*
 * void kvmhv_power7_leave_partition(struct kvm_hv_vcore *vcore,
 *				     unsigned long lpcr)
 *
 * And back into the host's, which has no compatibility mode.
 */
_GLOBAL_TOC(kvmhv_power7_leave_partition)
	ld	r7,VCORE_HV_KVM(r3)
	li	r5,0
	mtspr	SPRN_PCR,r5
	ld	r6,KVM_HOST_SDR1(r7)
	/* fall through */

/* r4 = LPCR, r5 = LPID, r6 = SDR1.  From the two functions above; r3 stays. */
.Lswitch:
	ptesync
	li	r0,LPID_RSVD_HV
	mtspr	SPRN_LPID,r0
	isync
	mtspr	SPRN_SDR1,r6
	mtspr	SPRN_LPID,r5
	mtspr	SPRN_LPCR,r4
	isync
	blr
