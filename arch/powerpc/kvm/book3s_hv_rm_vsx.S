/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FP, VMX and VSX registers of processors that have VSX (ISA 2.06 and later),
 * for each trip into a guest.
 *
 * The kernel's own functions for this take an instruction for the address of
 * each register and keep what they save usable.  Here eight registers share
 * their index registers, and the functions that save may clobber what they have saved.
 *
 * MMU on or off; MSR[FP], MSR[VEC] and MSR[VSX] are on.  All functions clobber
 * r3-r12, and kvmhv_vsx_keep VSR0 and VSR32 as well.
 */
#include "book3s_hv_asm.h"

/* struct kvmhv_vsx_regs */
#define KEEP_FPSCR	(64 * 16)
#define KEEP_VSCR	(KEEP_FPSCR + 16)
#define LAST_EIGHT	(56 * 16)

/* r4-r10: indexes of the second to eighth of eight registers */
.macro index_eight
	li	r4,16
	li	r5,32
	li	r6,48
	li	r7,64
	li	r8,80
	li	r9,96
	li	r10,112
.endm

/* OP for NR registers from FIRST, at r3, which goes on to the last eight of them */
.macro each_vsr op, first, nr
	.L_vsr = \first
	.rept	(\nr) / 8
	.if .L_vsr != \first
	addi	r3,r3,128
	.endif
	\op	.L_vsr, 0
	\op	.L_vsr + 1, r4
	\op	.L_vsr + 2, r5
	\op	.L_vsr + 3, r6
	\op	.L_vsr + 4, r7
	\op	.L_vsr + 5, r8
	\op	.L_vsr + 6, r9
	\op	.L_vsr + 7, r10
	.L_vsr = .L_vsr + 8
	.endr
.endm

	.machine push
	.machine power7

/* As the processor has it */
.macro keep_vsr vsr, index
	stxvd2x	\vsr,\index,r3
.endm
.macro back_vsr vsr, index
	lxvd2x	\vsr,\index,r3
.endm

/*
 * From struct thread_fp_state: FPR in the doubleword that user space expects.
 * lxvd2x has big-endian order of the two in both byte orders.
 */
.macro load_fpr vsr, index
	lxvd2x	\vsr,\index,r3
#ifdef __LITTLE_ENDIAN__
	xxpermdi \vsr,\vsr,\vsr,2
#endif
.endm

/* From struct thread_vr_state */
.macro load_vr vr, index
	lvx	\vr,\index,r3
.endm

/*
 * void kvmhv_vsx_load(const struct thread_fp_state *fp,
 *		       const struct thread_vr_state *vr)
 */
_GLOBAL(kvmhv_vsx_load)
	mr	r12,r4
	lfd	fr0,FPSTATE_FPSCR(r3)
	MTFSF_L(fr0)
	index_eight
	each_vsr load_fpr, 0, 32
	mr	r3,r12
	li	r11,VRSTATE_VSCR
	lvx	v0,r11,r3
	mtvscr	v0
	each_vsr load_vr, 0, 32
	blr

/* void kvmhv_vsx_keep(struct kvmhv_vsx_regs *regs) */
_GLOBAL(kvmhv_vsx_keep)
	index_eight
	each_vsr keep_vsr, 0, 64
	mffs	fr0
	stfd	fr0,KEEP_FPSCR - LAST_EIGHT(r3)
	mfvscr	v0
	li	r11,KEEP_VSCR - LAST_EIGHT
	stvx	v0,r11,r3
	blr

/*
 * void kvmhv_vsx_repair(const struct kvmhv_vsx_regs *regs)
 *
 * After kvmhv_vsx_keep(), which has changed two registers: they are as before it.
 */
_GLOBAL(kvmhv_vsx_repair)
	li	r4,32 * 16
	lxvd2x	0,0,r3
	lxvd2x	32,r4,r3
	blr

/* void kvmhv_vsx_back(const struct kvmhv_vsx_regs *regs) */
_GLOBAL(kvmhv_vsx_back)
	lfd	fr0,KEEP_FPSCR(r3)
	MTFSF_L(fr0)
	li	r11,KEEP_VSCR
	lvx	v0,r11,r3
	mtvscr	v0
	index_eight
	each_vsr back_vsr, 0, 64
	blr

	.machine pop
