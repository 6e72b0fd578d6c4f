/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start-up, interrupt vectors, and the crossings between C and other MSRs.
 *
 * The image is linked at 0 and runs in real mode.  SPRG0 is the CPU's struct
 * cpu, SPRG1 belongs to the vectors.
 */
#include "asm.h"

	.machine "power8"
	.section .head, "ax"

	.macro VECTOR n
	. = \n
	mtspr	SPR_SPRG1, 3
	mfspr	3, SPR_SPRG0
	std	4, 4 * 8(3)
	li	4, \n
	b	exc_common
	.endm

	.macro TOC
	lis	2, .TOC.@ha
	addi	2, 2, .TOC.@l
	.endm

	/* r1 up: 64-bit mode, whatever the start state was */
	.macro MODE64 tmp, one
	mfmsr	\tmp
	li	\one, 1
	sldi	\one, \one, 63
	or	\tmp, \tmp, \one
	ori	\tmp, \tmp, 2		/* RI */
	mtmsrd	\tmp
	isync
	.endm

	/* Reset: a PAPR partition starts here, r3 = device tree */
	. = 0x100
	.globl	start
start:	b	entry
	VECTOR	0x200
	VECTOR	0x300
	VECTOR	0x380
	VECTOR	0x400
	VECTOR	0x480
	VECTOR	0x500
	VECTOR	0x600
	VECTOR	0x700
	VECTOR	0x800
	VECTOR	0x900
	VECTOR	0x980
	VECTOR	0xa00
	VECTOR	0xb00
	VECTOR	0xc00
	VECTOR	0xd00
	VECTOR	0xe00
	VECTOR	0xe20
	VECTOR	0xe40
	VECTOR	0xe60
	VECTOR	0xe80
	VECTOR	0xf00
	VECTOR	0xf20
	VECTOR	0xf40
	VECTOR	0xf60
	VECTOR	0xf80
	VECTOR	0x1300
	VECTOR	0x1500
	VECTOR	0x1700
	VECTOR	0x1800
	. = 0x2000

entry:	MODE64	4, 5
	TOC
	lis	1, boot_stack_top@ha
	addi	1, 1, boot_stack_top@l
	li	0, 0
	stdu	0, -112(1)
	bl	boot
	nop
1:	b	1b

	/* RTAS start-cpu: r3 = struct cpu */
	.globl	secondary_entry
secondary_entry:
	MODE64	4, 5
	TOC
	mtspr	SPR_SPRG0, 3
	ld	1, CPU_JMP(3)
	li	0, 0
	stdu	0, -112(1)
	bl	secondary
	nop
1:	b	1b

exc_common:
	std	0, 0 * 8(3)
	std	1, 1 * 8(3)
	std	2, 2 * 8(3)
	mfspr	0, SPR_SPRG1
	std	0, 3 * 8(3)
	each_gpr std, 5, 31, 5 * 8, 3
	std	4, REG_VEC(3)
	mfsrr0	5
	mfsrr1	6
	mfctr	7
	mflr	8
	mfxer	9
	mfcr	10
	mfdar	11
	mfdsisr	12
	std	5, REG_NIP(3)
	std	6, REG_MSR(3)
	std	7, REG_CTR(3)
	std	8, REG_LR(3)
	std	9, REG_XER(3)
	std	10, REG_CR(3)
	std	11, REG_DAR(3)
	std	12, REG_DSISR(3)
	ld	1, CPU_EXC_STACK(3)
	TOC
	mr	31, 3
	bl	exception
	nop
	mr	3, 31
	ld	5, REG_NIP(3)
	ld	6, REG_MSR(3)
	ld	7, REG_CTR(3)
	ld	8, REG_LR(3)
	ld	9, REG_XER(3)
	ld	10, REG_CR(3)
	mtsrr0	5
	mtsrr1	6
	mtctr	7
	mtlr	8
	mtxer	9
	mtcr	10
	each_gpr ld, 0, 2, 0, 3
	each_gpr ld, 4, 31, 4 * 8, 3
	ld	3, 3 * 8(3)
	rfid

	.text
/*
 * long run_asm(msr, fn, a, b, c, d): call fn(a, b, c, d) under another MSR.
 * Comes back with 0, or with the vector of the interrupt that fn ended with:
 * exception() puts what is saved here back in place.
 */
	.globl	run_asm
run_asm:
	mfspr	10, SPR_SPRG0
	mflr	11
	mfcr	12
	mfmsr	0
	std	1, CPU_JMP + 0(10)
	std	2, CPU_JMP + 8(10)
	std	11, CPU_JMP + 16(10)
	std	12, CPU_JMP + 24(10)
	std	0, CPU_JMP + 32(10)
	each_gpr std, 14, 31, CPU_JMP + 5 * 8, 10
	li	11, 1
	std	11, CPU_CATCHING(10)
	stdu	1, -112(1)
	mtsrr0	4
	mtsrr1	3
	mr	12, 4
	mr	3, 5
	mr	4, 6
	mr	5, 7
	mr	6, 8
	lis	11, run_end@ha
	addi	11, 11, run_end@l
	mtlr	11
	rfid
run_end:
	li	0, RUN_DONE
	sc

/* long hcall_raw(u64 io[9]): r3 to r11 from io, and back after the hcall */
	.globl	hcall_raw
hcall_raw:
	std	3, -16(1)
	stdu	1, -64(1)
	mr	12, 3
	ld	3, 0(12)
	ld	4, 8(12)
	ld	5, 16(12)
	ld	6, 24(12)
	ld	7, 32(12)
	ld	8, 40(12)
	ld	9, 48(12)
	ld	10, 56(12)
	ld	11, 64(12)
	sc	1
	addi	1, 1, 64
	ld	12, -16(1)
	std	3, 0(12)
	std	4, 8(12)
	std	5, 16(12)
	std	6, 24(12)
	std	7, 32(12)
	std	8, 40(12)
	std	9, 48(12)
	std	10, 56(12)
	std	11, 64(12)
	blr

	.section .bss
	.balign	16
	.space	STACK_SIZE
boot_stack_top:
