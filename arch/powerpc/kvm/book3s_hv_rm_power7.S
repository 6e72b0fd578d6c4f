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

/* The performance monitor but for MMCR0, which goes first and last */
.macro host_pmu op, op_w
	\op	SPRN_MMCR1, HS(HS_POWER7 + 7), r1
	\op	SPRN_MMCRA, HS(HS_POWER7 + 8), r1
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
	\op	SPRN_MMCRA, VCPU_MMCRA, r31
	\op	SPRN_SIAR, VCPU_SIAR, r31
	\op	SPRN_SDAR, VCPU_SDAR, r31
	\op_w	SPRN_PMC1, VCPU_PMC_N(1), r31
	\op_w	SPRN_PMC2, VCPU_PMC_N(2), r31
	\op_w	SPRN_PMC3, VCPU_PMC_N(3), r31
	\op_w	SPRN_PMC4, VCPU_PMC_N(4), r31
	\op_w	SPRN_PMC5, VCPU_PMC_N(5), r31
	\op_w	SPRN_PMC6, VCPU_PMC_N(6), r31
.endm

#define HS_DABR		HS(HS_POWER7 + 17)
#define HS_DABRX	HS(HS_POWER7 + 18)

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
	load_dabr VCPU_DABR, VCPU_DABRX, load_spr_w, r31, HS_DABRX
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_guest

/* What the guest leaves goes into the vcpu, the host's comes back */
_GLOBAL(kvmhv_power7_to_host)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_guest
	load_dabr HS_DABR, HS_DABRX, load_spr, r1, HS_DABRX
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_host

/*
 * The following four have all that ISA 2.06 and later have.  The host's counters
 * stop; those that are frozen at a trip count for nobody: perf freezes them when
 * it has no events.  CR0[EQ] afterwards: they are not.
 */
_GLOBAL(kvmhv_isa206_save_host)
	freeze_pmu HS_MMCR0_206, r1
	andis.	r0,r0,MMCR0_FC_HI
	bne	1f
	host_pmu save_spr, save_spr
1:	host_sprs save_spr, save_spr
	blr

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
	bne	1f
	host_pmu load_spr, load_spr
	b	2f
1:	cmpdi	r8,0
	beq	2f
	li	r0,0
	host_pmu clear_spr, clear_spr
2:	mtspr	SPRN_MMCR0,r4
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
	guest_pmu load_spr, load_spr_w
	ld	r0,VCPU_MMCR_N(0)(r31)
	ori	r0,r0,MMCR0_FCHV
	mtspr	SPRN_MMCR0,r0
	lwz	r0,VCPU_CTRL(r31)
	mtspr	SPRN_CTRLT,r0
	blr

/*
 * What the guest leaves, into the vcpu; its counters stop first.  r8 = the bits that
 * are set in any register of the PMU but MMCR0, for kvmhv_isa206_load_host.
 */
_GLOBAL(kvmhv_isa206_save_guest)
	freeze_pmu VCPU_MMCR_N(0), r31
	clrrdi	r0,r0,1			/* FCHV is ours */
	std	r0,VCPU_MMCR_N(0)(r31)
	li	r4,0
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
