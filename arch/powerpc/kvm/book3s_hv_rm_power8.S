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
	\op	SPRN_EBBHR, HS(HS_POWER8 + 2), r1
	\op	SPRN_EBBRR, HS(HS_POWER8 + 3), r1
	\op	SPRN_BESCR, HS(HS_POWER8 + 4), r1
	\op	SPRN_IAMR, HS(HS_POWER8 + 5), r1
	\op	SPRN_WORT, HS(HS_POWER8 + 6), r1
	\op	SPRN_CIABR, HS(HS_POWER8 + 7), r1
	\op	SPRN_DAWR0, HS(HS_POWER8 + 8), r1
	\op	SPRN_DAWRX0, HS(HS_POWER8 + 9), r1
	\op	SPRN_MMCR2, HS(HS_POWER8 + 10), r1
	\op	SPRN_SIER, HS(HS_POWER8 + 11), r1
	\op	SPRN_HFSCR, HS(HS_POWER8 + 12), r1
.endm
#if HS_POWER8 + 13 > HS_MAX
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
	\op	SPRN_EBBHR, VCPU_EBBHR, r31
	\op	SPRN_EBBRR, VCPU_EBBRR, r31
	\op	SPRN_BESCR, VCPU_BESCR, r31
	\op	SPRN_IAMR, VCPU_IAMR, r31
	\op	SPRN_WORT, VCPU_WORT, r31
	\op	SPRN_CIABR, VCPU_CIABR, r31
	\op	SPRN_DAWR0, VCPU_DAWR0, r31
	\op	SPRN_DAWRX0, VCPU_DAWRX0, r31
	\op	SPRN_MMCR2, VCPU_MMCR_N(2), r31
	\op	SPRN_SIER, VCPU_SIER, r31
	\op	SPRN_HFSCR, VCPU_HFSCR, r31
.endm

/* As save_spr and save_spr_w; r4 gets the bits that are set in any of them */
.macro collect_spr spr, off, base
	save_spr \spr, \off, \base
	or	r4,r4,r0
.endm
.macro collect_spr_w spr, off, base
	save_spr_w \spr, \off, \base
	or	r4,r4,r0
.endm

/* What the host has live goes into the switch frame, the guest's comes */
_GLOBAL(kvmhv_power8_to_guest)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_host
	host_sprs save_spr, save_spr
	guest_sprs load_spr, load_spr_w
	unused_sprs load_spr, load_spr_w
	ld	r0,PPC_LR_STKOFF(r1)
	mtlr	r0
	b	kvmhv_isa206_load_guest

/* What the guest leaves goes into the vcpu, the host's comes back */
_GLOBAL(kvmhv_power8_to_host)
	mflr	r0
	std	r0,PPC_LR_STKOFF(r1)
	bl	kvmhv_isa206_save_guest
	guest_sprs save_spr, save_spr_w
	li	r4,0
	unused_sprs collect_spr, collect_spr_w
	cmpdi	r4,0			/* few guests use any: spare eight mtspr */
	beq	1f
	li	r0,0
	unused_sprs clear_spr, clear_spr
1:	host_sprs load_spr, load_spr
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
