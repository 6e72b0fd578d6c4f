/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conventions of the real-mode assembly of hypervisor-mode KVM.
 *
 * Register roles, the same in every file, once the nonvolatile registers of
 * whoever ran before are saved:
 *
 *   r1	 host stack: the switch frame below or deeper
 *   r2	 host TOC
 *   r13 host PACA
 *   r30 struct kvm of the vcpu
 *   r31 struct kvm_vcpu
 *
 * All of it runs with MSR[IR]=MSR[DR]=MSR[EE]=0, MSR[HV]=1.  Addresses are
 * linear-mapping addresses; the hardware ignores their top bits in this mode.
 */
#ifndef BOOK3S_HV_ASM_H
#define BOOK3S_HV_ASM_H

#include <asm/asm-offsets.h>
#include <asm/cache.h>
#include <asm/code-patching-asm.h>
#include <asm/exception-64s.h>
#include <asm/export.h>
#include <asm/feature-fixups.h>
#include <asm/hvcall.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_book3s_asm.h>
#include <asm/mmu.h>
#include <asm/ppc-opcode.h>
#include <asm/ppc_asm.h>
#include <asm/ptrace.h>
#include <asm/reg.h>
#include "book3s_hv_offsets.h"

/* Call a function of struct kvmhv_cpu_ops, OFF: KVMHV_CPU_*.  Clobbers r12. */
#ifdef __ASSEMBLY__
.macro call_cpu off
	LOAD_REG_ADDR(r12, kvmhv_cpu)
	ld	r12,0(r12)
	ld	r12,\off(r12)
#ifdef CONFIG_PPC64_ELF_ABI_V1
	ld	r12,0(r12)
#endif
	mtctr	r12
	bctrl
.endm
#endif

#define VCPU_REG(n)	(VCPU_GPRS + (n) * 8)
#define VCPU_PMC_N(n)	(VCPU_PMC + ((n) - 1) * 4)
#define VCPU_MMCR_N(n)	(VCPU_MMCR + (n) * 8)

/*
 * The switch frame, made by kvmhv_run_thread on the stack of whatever runs on
 * the thread: the task that does KVM_RUN, or the idle task of an offline CPU.
 * HS(n) is the n-th doubleword for host SPRs.
 */
#define SWITCH_NVGPRS	STACK_FRAME_MIN_SIZE
#define SWITCH_CR	(SWITCH_NVGPRS + 18 * 8)
#define SWITCH_PURR	(SWITCH_CR + 8)
#define SWITCH_SPURR	(SWITCH_PURR + 8)
#define SWITCH_HS	(SWITCH_SPURR + 8)
#define HS(n)		(SWITCH_HS + (n) * 8)
#define HS_MAX		48
#define SWITCH_FRAME	((HS(HS_MAX) + 15) & ~15)

/*
 * LPIDs that no partition ever gets: lpid_mask in book3s_hv_builtin_power.c and
 * book3s_hv_builtin_ppc970.c stays below
 */
#define LPID_RSVD_HV	0x3ff
#define LPID_RSVD_970	0x3f

/* tlbiel RB of ISA 2.01, which assemblers for later ones do not take */
#define PPC_TLBIEL_201(rb)	.long PPC_RAW_TLBIEL_v205(rb, 0)

/* First HS() slot of each file */
#define HS_PPC970	0
#define HS_POWER7	0
#define HS_POWER8	20

/* MMCR0 of the host, in the files of POWER7 and POWER8 */
#define HS_MMCR0_206	HS(HS_POWER7 + 6)

/* Of MMCR0, for andis. and xoris */
#define MMCR0_FC_HI	0x8000
#define MMCR0_PMXE_HI	0x0400

#ifdef __ASSEMBLY__

/*
 * Operators for the SPR lists.  A list macro names each SPR and where it lives
 * exactly once; given one of these it becomes a save or a load.
 * BASE is r31 for guest lists, r1 for host lists.  Clobber r0.
 */
/* With r0 = 0: what the guest left goes */
.macro clear_spr spr, off, base
	mtspr	\spr,r0
.endm
.macro save_spr spr, off, base
	mfspr	r0,\spr
	std	r0,\off(\base)
.endm
.macro save_spr_w spr, off, base
	mfspr	r0,\spr
	stw	r0,\off(\base)
.endm
/* As these two; r4 gets the bits that are set in any of them */
.macro collect_spr spr, off, base
	save_spr \spr, \off, \base
	or	r4,r4,r0
.endm
.macro collect_spr_w spr, off, base
	save_spr_w \spr, \off, \base
	or	r4,r4,r0
.endm
/* r4 gets the bits that are set in the register, or in memory */
.macro look_spr spr, off, base
	mfspr	r0,\spr
	or	r4,r4,r0
.endm
.macro look_kept spr, off, base
	ld	r0,\off(\base)
	or	r4,r4,r0
.endm
.macro load_spr spr, off, base
	ld	r0,\off(\base)
	mtspr	\spr,r0
.endm
.macro load_spr_w spr, off, base
	lwz	r0,\off(\base)
	mtspr	\spr,r0
.endm

/* Registers FIRST..LAST with an 8-byte stride from OFF(BASE); no clobber */
.macro each_gpr op, first, last, off, base
	.L_gpr = \first
	.rept	\last - \first + 1
	\op	.L_gpr, \off + (.L_gpr - \first) * 8(\base)
	.L_gpr = .L_gpr + 1
	.endr
.endm

/*
 * DABR and DABRX, which OP loads, at their offsets from BASE.  DABRX goes to 0
 * first so that no half-set pair ever matches.  If it is 0 for the host, at HOST(r1),
 * and for the vcpu, both stay: the DABR does nothing then.  Clobbers r0, r4.
 */
.macro load_dabr dabr, dabrx, op, base, host
	ld	r0,\host(r1)
	lwz	r4,VCPU_DABRX(r31)
	or.	r0,r0,r4
	beq	99f
	li	r0,0
	mtspr	SPRN_DABRX,r0
	load_spr SPRN_DABR, \dabr, \base
	\op	SPRN_DABRX, \dabrx, \base
	isync
99:
.endm

/*
 * Stop all counters, leaving the old MMCR0 at OFF(BASE) and in r0.  Those that are
 * frozen and can raise no exception stand still already.  Clobbers r4.
 */
.macro freeze_pmu off, base
	mfspr	r0,SPRN_MMCR0
	std	r0,\off(\base)
	xoris	r4,r0,MMCR0_FC_HI
	andis.	r4,r4,MMCR0_FC_HI | MMCR0_PMXE_HI
	beq	99f
	li	r4,1
	sldi	r4,r4,31		/* MMCR0[FC] */
	mtspr	SPRN_MMCR0,r4
	isync
99:
.endm

#endif /* __ASSEMBLY__ */
#endif /* BOOK3S_HV_ASM_H */
