/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single steps of a guest, for the module, the built-in half and real mode.
 */
#ifndef BOOK3S_HV_STEP_H
#define BOOK3S_HV_STEP_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>

struct instruction_op;
struct pt_regs;

/* On while there is a vcpu with KVM_GUESTDBG_SINGLESTEP */
DECLARE_STATIC_KEY_FALSE(kvmhv_stepped);

/* book3s_hv_builtin.c, MMU on */
int kvmhv_emulate(struct pt_regs *regs, struct instruction_op *op, u32 inst);

/* book3s_hv_rm_hcall.c, MMU off */
void kvmhv_rm_step_hcall(struct kvm_vcpu *vcpu);

#endif /* BOOK3S_HV_STEP_H */
