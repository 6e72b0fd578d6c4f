/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets and numbers that C and assembly share; lib.c asserts them. */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

/* struct regs, at the beginning of struct cpu */
#define REG_NIP		256
#define REG_MSR		264
#define REG_CTR		272
#define REG_LR		280
#define REG_XER		288
#define REG_CR		296
#define REG_DAR		304
#define REG_DSISR	312
#define REG_VEC		320
/* struct cpu */
#define CPU_EXC_STACK	328
#define CPU_CATCHING	336
#define CPU_JMP		344

/* struct cpu.jmp: r1, r2, LR, CR, MSR, r14 to r31 */
#define JMP_WORDS	23

/* r0 of the sc that ends run() */
#define RUN_DONE	0x600d

#define STACK_SIZE	0x4000

#define SPR_SPRG0	272
#define SPR_SPRG1	273

#ifdef __ASSEMBLER__
/* op for GPRs first to last, each 8 bytes further behind off(base) */
	.macro	each_gpr op, first, last, off, base
	.set	_gpr_nr, \first
	.rept	\last - \first + 1
	\op	_gpr_nr, \off + 8 * (_gpr_nr - \first)(\base)
	.set	_gpr_nr, _gpr_nr + 1
	.endr
	.endm
#endif

#endif
