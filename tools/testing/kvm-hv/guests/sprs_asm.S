/* SPDX-License-Identifier: GPL-2.0 */
/* Registers that C cannot hold on to, see sprs.h */
#include "asm.h"
#include "sprs.h"

	.machine "power8"

	/* Where a register can be put when none is left to say where */
	.section .head, "ax"
	. = 0x1f00
low_r3:	.quad	0
low_out:
	.quad	0
low_r1:	.quad	0
low_r2:	.quad	0

	.text
	/* \setup before, \leave with everything loaded; r3, r4, r5 as given */
	.macro EXIT name, setup, leave
	.globl	\name
\name:
	mflr	0
	std	0, 16(1)
	mfcr	0
	std	0, 8(1)
	stdu	1, -256(1)
	each_gpr std, 14, 31, 64, 1
	std	1, low_r1@l(0)
	std	2, low_r2@l(0)
	std	4, low_out@l(0)
	\setup
	ld	0, IMG_CR(3)
	mtcrf	0xff, 0
	ld	0, IMG_XER(3)
	mtxer	0
	ld	0, IMG_LR(3)
	mtlr	0
	each_gpr ld, 0, 2, 0, 3
	each_gpr ld, 6, 29, 6 * 8, 3
	ld	31, 31 * 8(3)
	\leave
	std	3, low_r3@l(0)
	ld	3, low_out@l(0)
	each_gpr std, 0, 2, 0, 3
	each_gpr std, 4, 31, 4 * 8, 3
	mfcr	0
	std	0, IMG_CR(3)
	mfxer	0
	std	0, IMG_XER(3)
	mflr	0
	std	0, IMG_LR(3)
	mfctr	0
	std	0, IMG_CTR(3)
	ld	0, low_r3@l(0)
	std	0, 3 * 8(3)
	ld	1, low_r1@l(0)
	ld	2, low_r2@l(0)
	each_gpr ld, 14, 31, 64, 1
	addi	1, 1, 256
	ld	0, 8(1)
	mtcr	0
	ld	0, 16(1)
	mtlr	0
	blr
	.endm

	/* The hypervisor's decrementer comes in here: no GPR is in use */
	.macro SPIN_SETUP
	mtctr	5
	ld	30, 30 * 8(3)
	.endm
	.macro SPIN
	ld	4, 4 * 8(3)
	ld	5, 5 * 8(3)
	ld	3, 3 * 8(3)
1:	bdnz	1b
	.endm

	.macro HCALL_SETUP
	ld	0, IMG_CTR(3)
	mtctr	0
	ld	30, 30 * 8(3)
	.endm
	/* r4 to r11 are arguments: the image has what they should be */
	.macro HCALL
	ld	4, 4 * 8(3)
	mr	0, 5
	ld	5, 5 * 8(3)
	mr	3, 0
	sc	1
	.endm

	.macro TOUCH_SETUP
	ld	0, IMG_CTR(3)
	mtctr	0
	mr	30, 5
	.endm
	.macro TOUCH
	ld	4, 4 * 8(3)
	ld	5, 5 * 8(3)
	ld	0, 0(3)
	ld	3, 3 * 8(3)
	lbz	30, 0(30)
	.endm

	EXIT	exit_spin, SPIN_SETUP, SPIN
	EXIT	exit_hcall, HCALL_SETUP, HCALL
	EXIT	exit_touch, TOUCH_SETUP, TOUCH

	.globl	load_fp
load_fp:
	lfd	0, IMG_FPSCR(3)
	mtfsf	0xff, 0
	each_gpr lfd, 0, 31, IMG_FPR, 3
	blr

	.globl	save_fp
save_fp:
	each_gpr stfd, 0, 31, IMG_FPR, 3
	mffs	0
	stfd	0, IMG_FPSCR(3)
	blr

	.macro	each_vr op
	.set	.Lvr, 0
	.rept	32
	li	4, IMG_VR + .Lvr * 16
	\op	.Lvr, 3, 4
	.set	.Lvr, .Lvr + 1
	.endr
	.endm

	.globl	load_vmx
load_vmx:
	li	4, IMG_VSCR
	lvx	0, 3, 4
	mtvscr	0
	each_vr	lvx
	blr

	.globl	save_vmx
save_vmx:
	each_vr	stvx
	mfvscr	0
	li	4, IMG_VSCR
	stvx	0, 3, 4
	blr

	.altmacro
	.macro VS insn, n
	li	4, IMG_VS + \n * 16
	\insn	\n, 3, 4
	.endm

	.globl	load_vsx
load_vsx:
	.set	i, 0
	.rept	64
	VS	lxvd2x, %i
	.set	i, i + 1
	.endr
	blr

	.globl	save_vsx
save_vsx:
	.set	i, 0
	.rept	64
	VS	stxvd2x, %i
	.set	i, i + 1
	.endr
	blr
