/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PPC970, 970FX and 970MP (ISA 2.01): special purpose registers, performance
 * monitor and the partition itself.
 *
 * What later processors have in LPCR, LPIDR and RMOR is in HID4, the enabling
 * of hypervisor decrementer interrupts in HID0.  There are no DSCR, AMR, PURR,
 * PID or TBU40, eight counters, and TLB entries do not say whose they are.
 * (PowerPC 970FX User's Manual, "Logical Partitioning", "HID Registers".)
 *
 * Register roles: book3s_hv_asm.h.  MMU off, interrupts off.  Every function
 * here preserves r2, r13-r31 and LR, and destroys the other volatile registers.
 */
#include "book3s_hv_asm.h"

/* TLB: 1024 entries in 256 congruence classes, which EA[44:51] selects */
#define TLB_CLASSES	256
#define TLB_CLASS_STEP	0x1000

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
	\op_w	SPRN_VRSAVE, VCPU_VRSAVE, r31
.endm

/* The performance monitor but for MMCR0, which goes first and last */
.macro host_pmu op
	\op	SPRN_MMCR1, HS(HS_PPC970 + 1), r1
	\op	SPRN_MMCRA, HS(HS_PPC970 + 2), r1
	\op	SPRN_SIAR, HS(HS_PPC970 + 3), r1
	\op	SPRN_SDAR, HS(HS_PPC970 + 4), r1
	\op	SPRN_PMC1, HS(HS_PPC970 + 5), r1
	\op	SPRN_PMC2, HS(HS_PPC970 + 6), r1
	\op	SPRN_PMC3, HS(HS_PPC970 + 7), r1
	\op	SPRN_PMC4, HS(HS_PPC970 + 8), r1
	\op	SPRN_PMC5, HS(HS_PPC970 + 9), r1
	\op	SPRN_PMC6, HS(HS_PPC970 + 10), r1
	\op	SPRN_PMC7, HS(HS_PPC970 + 11), r1
	\op	SPRN_PMC8, HS(HS_PPC970 + 12), r1
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
	\op_w	SPRN_PMC7, VCPU_PMC_N(7), r31
	\op_w	SPRN_PMC8, VCPU_PMC_N(8), r31
.endm

#define HS_MMCR0	HS(HS_PPC970 + 0)
#define HS_VRSAVE	HS(HS_PPC970 + 13)
#define HS_DABR		HS(HS_PPC970 + 14)
#define HS_DABRX	HS(HS_PPC970 + 15)
#if HS_PPC970 + 16 > HS_MAX
#error "the switch frame is too small"
#endif

/*
 * What the host has live goes into the switch frame, the guest's comes.  With FCHV
 * the PMU stops the guest's counters while MSR[HV]=1.
 */
_GLOBAL(kvmhv_ppc970_to_guest)
	freeze_pmu HS_MMCR0, r1
	host_pmu save_spr
	save_spr SPRN_VRSAVE, HS_VRSAVE, r1
	save_spr SPRN_DABR, HS_DABR, r1
	save_spr SPRN_DABRX, HS_DABRX, r1
	load_dabr VCPU_DABR, VCPU_DABRX, load_spr_w, r31, HS_DABRX

	guest_sprs load_spr, load_spr_w
	guest_pmu load_spr, load_spr_w
	ld	r0,VCPU_MMCR_N(0)(r31)
	ori	r0,r0,MMCR0_FCHV
	mtspr	SPRN_MMCR0,r0
	isync
	lwz	r0,VCPU_CTRL(r31)
	mtspr	SPRN_CTRLT,r0
	blr

/*
 * What the guest leaves goes into the vcpu, the host's comes back.  The guest's
 * counters stop first, the host's go on last.
 */
_GLOBAL(kvmhv_ppc970_to_host)
	freeze_pmu VCPU_MMCR_N(0), r31
	clrrdi	r0,r0,1			/* FCHV is ours */
	std	r0,VCPU_MMCR_N(0)(r31)
	guest_pmu save_spr, save_spr_w
	guest_sprs save_spr, save_spr_w
	mfspr	r0,SPRN_CTRLF
	stw	r0,VCPU_CTRL(r31)
	/* the host runs with the run latch on */
	li	r0,CTRL_RUNLATCH
	mtspr	SPRN_CTRLT,r0

	load_dabr HS_DABR, HS_DABRX, load_spr, r1, HS_DABRX
	load_spr SPRN_VRSAVE, HS_VRSAVE, r1
	ld	r0,PACA_SPRG_VDSO(r13)
	mtspr	SPRN_SPRG_VDSO_WRITE,r0
	host_pmu load_spr
	ld	r0,HS_MMCR0(r1)
	mtspr	SPRN_MMCR0,r0
	isync
	blr

/* unsigned long kvmhv_ppc970_read_control(void) */
_GLOBAL_TOC(kvmhv_ppc970_read_control)
	mfspr	r3,SPRN_HID4
	blr

/*
 * void kvmhv_ppc970_set_partition(unsigned long sdr1, unsigned long hid4,
 *				   unsigned long hid0)
 *
 * Move the processor into a partition, the host's being 0.  The caller keeps
 * all CPUs from tlbie and tlbsync meanwhile: book3s_hv_rm_tlbie.c.
 *
 * SDR1 and HID4 cannot change together, so HID4 passes through a partition ID
 * that no partition has, as LPIDR does in .Lswitch of book3s_hv_rm_power7.S.
 */
_GLOBAL_TOC(kvmhv_ppc970_set_partition)
	li	r0,LPID_RSVD_970 & 0xf	/* the bottom 4 bits */
	sldi	r0,r0,HID4_LPID5_SH
	or	r0,r0,r4
	ori	r0,r0,LPID_RSVD_970 >> 4	/* the top 2, at HID4_LPID1_SH */
	ptesync
	mtspr	SPRN_HID4,r0
	isync
	mtspr	SPRN_SDR1,r3
	sync
	mtspr	SPRN_HID4,r4
	isync
	sync

	/* No translation of either partition stays */
	li	r7,TLB_CLASSES
	mtctr	r7
	li	r8,0
1:	PPC_TLBIEL_201(8)
	addi	r8,r8,TLB_CLASS_STEP
	bdnz	1b
	ptesync

	/* HID0 wants to be written like this */
	sync
	mtspr	SPRN_HID0,r5
	.rept	6
	mfspr	r7,SPRN_HID0
	.endr
	sync
	isync
	blr
