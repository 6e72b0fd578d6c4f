/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "lib.h"

/* One instruction, at the label for SRR0 to be compared with */
#define INSN(sym, text)							\
extern u8 at_##sym[];							\
static u64 i_##sym(u64 a, u64 b)					\
{									\
	register u64 r3 asm("r3") = a;					\
	register u64 r4 asm("r4") = b;					\
	asm volatile(".machine push; .machine power8; .globl at_" #sym	\
		     "; at_" #sym ": " text "; .machine pop"		\
		     : "+r" (r3), "+r" (r4) : : "r5", "cr0", "ctr", "memory"); \
	return r3;							\
}

#endif
