/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's decoder of instructions says of one; test_mmio.c has it.
 */
#ifndef STUB_SSTEP_H
#define STUB_SSTEP_H

#include "../kernel.h"

enum instruction_type {
	COMPUTE,
	LOAD, LOAD_MULTI, LOAD_FP, LOAD_VMX, LOAD_VSX,
	STORE, STORE_MULTI, STORE_FP, STORE_VMX, STORE_VSX,
	LARX, STCX, UNKNOWN,
};

#define GETTYPE(t)	((t) & 0x1f)
#define OP_IS_LOAD(t)	op_is_load(t)
#define OP_IS_STORE(t)	op_is_store(t)
static inline bool op_is_load(int type)
{
	return (type >= LOAD && type <= LOAD_VSX) || type == LARX;
}

static inline bool op_is_store(int type)
{
	return (type >= STORE && type <= STORE_VSX) || type == STCX;
}

#define SIGNEXT		0x20
#define UPDATE		0x40
#define BYTEREV		0x80
#define SIZE(n)		((n) << 12)
#define GETSIZE(t)	((t) >> 12)

struct instruction_op {
	int type;
	int reg;
};

#define ppc_inst(inst)	(inst)
int analyse_instr(struct instruction_op *op, const void *regs, u32 inst);

#endif
