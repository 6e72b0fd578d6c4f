/* SPDX-License-Identifier: GPL-2.0-only */
#define trace_kvm_ppc_instr(inst, pc, er)	((void)(pc))
