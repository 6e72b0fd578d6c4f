/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ISA 2.07 (POWER8) adds to the state in book3s_hv_rm_power7.S.
 *
 * Register roles: book3s_hv_asm.h.  MMU off, interrupts off.  Every function
 * here preserves r2, r13-r31 and LR, and destroys the other volatile registers.
 *
 * Transactional memory is not offered to guests: HFSCR[TM] stays 0, so the TM
 * SPRs keep the host's values throughout.
 */
#include "book3s_hv_asm.h"

.macro host_sprs op, op_w
	\op	SPRN_FSCR, HS(HS_POWER8 + 0), r1
	\op	SPRN_TAR, HS(HS_POWER8 + 1), r1
	\op	SPRN_IAMR, HS(HS_POWER8 + 2), r1
	\op	SPRN_WORT, HS(HS_POWER8 + 3), r1
	\op	SPRN_HFSCR, HS(HS_POWER8 + 4), r1
.endm

/* Of the performance monitor: while the host's counters are not frozen */
.macro host_pmu op
	\op	SPRN_MMCR2, HS(HS_POWER8 + 5), r1
	\op	SPRN_SIER, HS(HS_POWER8 + 6), r1
.endm

/*
 * Event-based branches and breakpoints: 0 for most hosts and guests.  Not to be
 * switched then.  HS_SELDOM: what was set in the host's or the guest's on the way in.
 */
.macro host_seldom op
	\op	SPRN_EBBHR, HS(HS_POWER8 + 7), r1
	\op	SPRN_EBBRR, HS(HS_POWER8 + 8), r1
	\op	SPRN_BESCR, HS(HS_POWER8 + 9), r1
	\op	SPRN_CIABR, HS(HS_POWER8 + 10), r1
	\op	SPRN_DAWR0, HS(HS_POWER8 + 11), r1
	\op	SPRN_DAWRX0, HS(HS_POWER8 + 12), r1
.endm
#define HS_SELDOM	HS(HS_POWER8 + 13)
#if HS_POWER8 + 14 > HS_MAX
#error "the switch frame is too small"
#endif

/* Those the host has no use for: it only must not go on with a guest's */
.macro unused_sprs op, op_w
	\op_w	SPRN_PSPB, VCPU_PSPB, r31
	\op	SPRN_ACOP, VCPU_ACOP, r31
	\op	SPRN_TACR, VCPU_TACR, r31
	\op	SPRN_TCSCR, VCPU_TCSCR, r31
	\op	SPRN_CSIGR, VCPU_CSIGR, r31
	\op	SPRN_MMCRS, VCPU_MMCRS, r31
	\op_w	SPRN_SPMC1, VCPU_HV_SPMC, r31
	\op_w	SPRN_SPMC2, VCPU_HV_SPMC + 4, r31
.endm

.macro guest_sprs op, op_w
	\op	SPRN_FSCR, VCPU_FSCR, r31
	\op	SPRN_TAR, VCPU_TAR, r31
	\op	SPRN_IAMR, VCPU_IAMR, r31
	\op	SPRN_WORT, VCPU_WORT, r31
	\op	SPRN_HFSCR, VCPU_HFSCR, r31
	/* nothing in the host goes by what it had there */
	\op	SPRN_IC, VCPU_IC, r31
.endm

.macro guest_pmu op
	\op	SPRN_MMCR2, VCPU_MMCR_N(2), r31
	\op	SPRN_SIER, VCPU_SIER, r31
.endm

.macro guest_seldom op
	\op	SPRN_EBBHR, VCPU_EBBHR, r31
	\op	SPRN_EBBRR, VCPU_EBBRR, r31
	\op	SPRN_BESCR, VCPU_BESCR, r31
	\op	SPRN_CIABR, VCPU_CIABR, r31
	\op	SPRN_DAWR0, VCPU_DAWR0, r31
	\op	SPRN_DAWRX0, VCPU_DAWRX0, r31
.endm

/* What the host has live goes into the switch frame, the guest's comes */
_GLOBAL(kvmhv_power8_to_guest)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_host
	bne	1f
	host_pmu save_spr
1:	host_sprs save_spr, save_spr
	guest_sprs load_spr, load_spr_w
	unused_sprs load_spr, load_spr_w
	guest_pmu load_spr
	li	r4,0
	host_seldom look_spr
	guest_seldom look_kept
	std	r4,HS_SELDOM(r1)
	cmpdi	r4,0
	beq	1f
	host_seldom save_spr
	guest_seldom load_spr
1:
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_guest

/* What the guest leaves goes into the vcpu, the host's comes back */
_GLOBAL(kvmhv_power8_to_host)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_guest
	guest_sprs save_spr, save_spr_w
	mr	r4,r8
	guest_pmu collect_spr
	mr	r8,r4
	li	r4,0
	unused_sprs collect_spr, collect_spr_w
	cmpdi	r4,0			/* few guests use any: spare eight mtspr */
	beq	1f
	li	r0,0
	unused_sprs clear_spr, clear_spr
1:	host_sprs load_spr, load_spr

	ld	r0,HS_MMCR0_206(r1)
	andis.	r0,r0,MMCR0_FC_HI
	bne	1f
	host_pmu load_spr
	b	2f
1:	cmpdi	r8,0
	beq	2f
	li	r0,0
	host_pmu clear_spr
2:
	ld	r4,HS_SELDOM(r1)
	guest_seldom look_spr
	cmpdi	r4,0
	beq	2f			/* 0 in the vcpu, too */
	guest_seldom save_spr
	ld	r4,HS_SELDOM(r1)
	cmpdi	r4,0
	bne	1f
	/* The host's are not kept: they were 0, and the guest has changed one */
	li	r0,0
	host_seldom clear_spr
	b	2f
1:	host_seldom load_spr
2:
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_host

/*
 * unsigned long kvmhv_power8_enter_partition(struct kvm_hv_vcore *vcore)
 *
 * With what a core has once.  Its threads come in later.
 */
_GLOBAL_TOC(kvmhv_power8_enter_partition)
	load_spr SPRN_VTB, VCORE_HV_VTB, r3
	load_spr SPRN_DPDES, VCORE_HV_DPDES, r3
	li	r0,0			/* those doorbells have been delivered */
	std	r0,VCORE_HV_DPDES(r3)
	b	kvmhv_power7_enter_partition

/*
 * void kvmhv_power8_leave_partition(struct kvm_hv_vcore *vcore,
 *				     unsigned long lpcr)
 *
 * After all have left.  The host has no doorbells of this kind.
 */
_GLOBAL_TOC(kvmhv_power8_leave_partition)
	save_spr SPRN_VTB, VCORE_HV_VTB, r3
	save_spr SPRN_DPDES, VCORE_HV_DPDES, r3
	li	r0,0
	mtspr	SPRN_DPDES,r0
	b	kvmhv_power7_leave_partition
