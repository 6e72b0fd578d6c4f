/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops of bench: nothing in them but what is measured and what the twin
 * without it has as well.
 */
#include "asm.h"
#include "bench.h"

	.machine "power8"
	.text

	.macro FRAME
	mflr	0
	std	0, 16(1)
	std	28, -32(1)
	std	29, -24(1)
	std	30, -16(1)
	std	31, -8(1)
	stdu	1, -144(1)
	.endm

	.macro UNFRAME
	addi	1, 1, 144
	ld	28, -32(1)
	ld	29, -24(1)
	ld	30, -16(1)
	ld	31, -8(1)
	ld	0, 16(1)
	mtlr	0
	blr
	.endm

	.macro HCALLS name, subject:vararg
	.globl	\name
\name:	FRAME
	mr	28, 3
	mr	29, 4
	mr	30, 5
1:	mr	31, 29
2:	each_gpr ld, 3, 11, 0, 31
	\subject
	addi	31, 31, CALL_SIZE
	cmpld	31, 30
	blt	2b
	addi	28, 28, -1
	cmpdi	28, 0
	bne	1b
	UNFRAME
	.endm

	HCALLS	loop_hcalls, sc 1
	HCALLS	loop_no_hcalls, nop

	/* r31 = MSR with EE */
	.macro CEDE name, subject:vararg
	.globl	\name
\name:	FRAME
	mr	28, 3
	mr	29, 4
	mfmsr	31
	ori	31, 31, 0x8000
1:	cmpdi	29, 0
	beq	2f
	mtdec	29
2:	li	3, 0xe0
	\subject
	addi	28, 28, -1
	cmpdi	28, 0
	bne	1b
	UNFRAME
	.endm

	CEDE	loop_cede, sc 1
	CEDE	loop_ee, mtmsrd 31, 1

	.macro LOADS name, subject:vararg
	.globl	\name
\name:
1:	\subject
	add	4, 4, 5
	addi	3, 3, -1
	cmpdi	3, 0
	bne	1b
	blr
	.endm

	LOADS	loop_load, lwz 6, 0(4)
	LOADS	loop_no_load, nop

	.globl	watch
watch:	mr	7, 6			/* last look */
	li	6, 0
	mr	8, 7			/* last event */
1:	mftb	9
	sub	10, 9, 7
	mr	7, 9
	cmpldi	10, 64
	blt	2f
	add	6, 6, 10
	mr	8, 9
2:	ld	11, 0(3)
	cmpd	11, 4
	beq	1b
	sub	11, 9, 8
	cmpd	11, 5
	blt	1b
	mr	3, 6
	blr

	/* For plugins that count instructions: ../bench/pathcount.c, pathcost.c */
	.globl	mark_start, mark_subject, mark_stop
mark_start:
	ori	0, 0, 0x6001
	blr
mark_subject:
	ori	0, 0, 0x6003
	blr
mark_stop:
	ori	0, 0, 0x6002
	blr

	/* scripts/bench puts the path to be profiled here, in the image */
	.section .data
	.globl	bench_profile
bench_profile:
	.ascii	"@@PROFILE"
	.space	32 - 9
	.text

	.globl	bench_handler, bench_handler_end
bench_handler:
	mfsrr1	12
	rldicl	12, 12, 48, 1		/* EE away */
	rotldi	12, 12, 16
	mtsrr1	12
	rfid
bench_handler_end:
