// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: hcalls on the interrupt presentation controller.
 *
 * REAL MODE.  Part of vmlinux, called by book3s_hv_rmhandlers.S with
 * MSR[IR] = MSR[DR] = MSR[EE] = 0 and MSR[HV] = 1 on the thread that runs the
 * vcpu.  It may touch the linear mapping only: no vmalloc or module addresses,
 * no user memory, no printk, tracing or WARN, no RCU, no sleeping lock and no
 * lock that is held with interrupts on elsewhere.  Built without
 * instrumentation, see Makefile.hv.
 *
 * What a controller knows is one doubleword, changed by compare and swap here as
 * in KVM's own book3s_xics.c.  This file has what needs interrupt presentation
 * controllers only: IPIs, and taking interrupts.  Whatever involves an interrupt
 * source (a rejected interrupt, one to be presented again, end of interrupt) is
 * H_TOO_HARD before anything has changed, or else done again by the module to
 * the same effect.
 */
#include <linux/kvm_host.h>
#include <asm/hvcall.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/xics.h>

#include "book3s_hv_thread.h"
#include "book3s_xics.h"

#ifdef CONFIG_KVM_XICS

#define XIRR_CPPR_SHIFT		24
#define LEAST_FAVOURED		0xff

/*
 * The vcpu's controller, if it is ours to serve.  The processor has LPCR[MER], see
 * kvmhv_rm_enable_hcall().
 */
static struct kvmppc_icp *own_icp(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.irq_type != KVMPPC_IRQ_XICS)
		return NULL;
	return vcpu->arch.icp;
}

static union kvmppc_icp_state read_icp(struct kvmppc_icp *icp)
{
	return (union kvmppc_icp_state) { .raw = READ_ONCE(icp->state.raw) };
}

/*
 * From @old to @new, and raise the external interrupt if that is what it comes
 * to.  The line is lowered only by its own vcpu, before it looks at the state.
 *
 * The release is a barrier for loads as well.  So what a guest stored before it sent an
 * IPI is seen by the one that takes it: H_XIRR has read the state before.
 */
static bool update_icp(struct kvmppc_icp *icp, union kvmppc_icp_state old,
		       union kvmppc_icp_state new)
{
	new.out_ee = new.xisr && new.pending_pri < new.cppr;
	if (cmpxchg64_release(&icp->state.raw, old.raw, new.raw) != old.raw)
		return false;
	if (new.out_ee) {
		smp_wmb(); /* Pairs with lower_line(): the state comes first */
		set_bit(BOOK3S_IRQPRIO_EXTERNAL,
			&icp->vcpu->arch.pending_exceptions);
	}
	return true;
}

static void lower_line(struct kvm_vcpu *vcpu)
{
	clear_bit(BOOK3S_IRQPRIO_EXTERNAL, &vcpu->arch.pending_exceptions);
	/* Then the state: a later change of it raises the line again */
	smp_mb__after_atomic();
}

/* H_SUCCESS, and the interrupt at once if there is one and MSR[EE] is on */
static long succeed(struct kvm_vcpu *vcpu)
{
	return test_bit(BOOK3S_IRQPRIO_EXTERNAL,
			&vcpu->arch.pending_exceptions) ? KVMHV_RM_INJECT :
							  H_SUCCESS;
}

/*
 * PAPR, "Check_IPI": an IPI is presented if it is more favoured than what the
 * processor does and what is presented already.  False if that would be the
 * interrupt of a source, which has to be told.
 */
static bool check_ipi(union kvmppc_icp_state *state)
{
	if (state->mfrr >= state->cppr || state->mfrr > state->pending_pri)
		return true;
	if (state->xisr && state->xisr != XICS_IPI)
		return false;
	state->pending_pri = state->mfrr;
	state->xisr = XICS_IPI;
	return true;
}

/* The processor becomes more willing to be interrupted */
static long lower_priority(struct kvm_vcpu *vcpu, struct kvmppc_icp *icp, u8 cppr)
{
	union kvmppc_icp_state old, new;

	do {
		old = read_icp(icp);
		new = old;
		new.cppr = cppr;
		if (old.need_resend || !check_ipi(&new))
			return H_TOO_HARD;
	} while (!update_icp(icp, old, new));
	return succeed(vcpu);
}

/* And less: what is presented may have to wait */
static long raise_priority(struct kvm_vcpu *vcpu, struct kvmppc_icp *icp, u8 cppr)
{
	union kvmppc_icp_state old, new;

	lower_line(vcpu);
	do {
		old = read_icp(icp);
		new = old;
		new.cppr = cppr;
		if (cppr <= old.pending_pri) {
			if (old.xisr && old.xisr != XICS_IPI)
				return H_TOO_HARD;
			new.xisr = 0;
			new.pending_pri = LEAST_FAVOURED;
		}
	} while (!update_icp(icp, old, new));
	return succeed(vcpu);
}

/**
 * kvmhv_rm_h_xirr() - H_XIRR: accept an interrupt
 * @vcpu: the caller
 *
 * Result in r4: XIRR, the priority before and the source, 0 if there is none.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, KVMHV_RM_INJECT (as well), H_TOO_HARD.
 */
long kvmhv_rm_h_xirr(struct kvm_vcpu *vcpu)
{
	struct kvmppc_icp *icp = own_icp(vcpu);
	union kvmppc_icp_state old, new;

	if (!icp)
		return H_TOO_HARD;
	lower_line(vcpu);
	do {
		old = read_icp(icp);
		new = old;
		if (!old.xisr)
			break;
		new.cppr = old.pending_pri;
		new.pending_pri = LEAST_FAVOURED;
		new.xisr = 0;
	} while (!update_icp(icp, old, new));
	vcpu->arch.regs.gpr[4] = old.xisr | (u32)old.cppr << XIRR_CPPR_SHIFT;
	return succeed(vcpu);
}

/**
 * kvmhv_rm_h_cppr() - H_CPPR: set the processor's priority
 * @vcpu: the caller
 * @cppr: r4
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, KVMHV_RM_INJECT (as well), H_TOO_HARD.
 */
long kvmhv_rm_h_cppr(struct kvm_vcpu *vcpu, unsigned long cppr)
{
	struct kvmppc_icp *icp = own_icp(vcpu);
	u8 now;

	if (!icp || cppr > LEAST_FAVOURED)
		return H_TOO_HARD;
	/* Only its own vcpu changes the CPPR */
	now = read_icp(icp).cppr;
	if (cppr > now)
		return lower_priority(vcpu, icp, cppr);
	if (cppr < now)
		return raise_priority(vcpu, icp, cppr);
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_eoi() - H_EOI: the end of an IPI
 * @vcpu: the caller
 * @xirr: r4: what H_XIRR said
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, KVMHV_RM_INJECT (as well), H_TOO_HARD (also for the
 *	interrupt of a source).
 */
long kvmhv_rm_h_eoi(struct kvm_vcpu *vcpu, unsigned long xirr)
{
	struct kvmppc_icp *icp = own_icp(vcpu);

	if (!icp || (xirr & XISR_MASK) != XICS_IPI)
		return H_TOO_HARD;
	return lower_priority(vcpu, icp, xirr >> XIRR_CPPR_SHIFT);
}

/*
 * Controller @server, if it is that of a vcpu of the caller's virtual core, or NULL.
 * User space may close the device meanwhile: that takes a vcpu's controller away at
 * any time if its task is not in KVM_RUN, and frees it after kvm->srcu sections, of
 * which this trip into the guest is one.
 */
static struct kvmppc_icp *icp_of_mate(struct kvm_vcpu *vcpu,
				      unsigned long server)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	struct kvmppc_icp *icp;
	struct kvm_vcpu *mate;
	unsigned int i;

	for (i = 0; i < READ_ONCE(vcore->nr_slots); i++) {
		mate = READ_ONCE(vcore->vcpu[i]);
		if (!mate)
			continue;
		icp = READ_ONCE(mate->arch.icp);
		if (icp && icp->server_num == server)
			return icp;
	}
	return NULL;
}

/**
 * kvmhv_rm_h_ipi() - H_IPI: set the most favoured request, perhaps interrupt
 * @vcpu: the caller
 * @server: r4; here, the caller or one that is in the guest in the same core
 * @mfrr: r5
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, KVMHV_RM_INJECT (as well), H_TOO_HARD.
 */
long kvmhv_rm_h_ipi(struct kvm_vcpu *vcpu, unsigned long server,
		    unsigned long mfrr)
{
	struct kvmppc_icp *icp = own_icp(vcpu);
	union kvmppc_icp_state old, new;
	struct kvm_vcpu *target = vcpu;
	struct kvmhv_thread *thread;

	if (!icp || mfrr > LEAST_FAVOURED)
		return H_TOO_HARD;
	if (server != icp->server_num) {
		icp = icp_of_mate(vcpu, server);
		if (!icp)
			return H_TOO_HARD;
		target = icp->vcpu;
		if (!READ_ONCE(target->arch.hv.thread))
			return H_TOO_HARD;
	}

	do {
		old = read_icp(icp);
		new = old;
		new.mfrr = mfrr;
		if ((mfrr > old.mfrr && old.need_resend) || !check_ipi(&new))
			return H_TOO_HARD;
	} while (!update_icp(icp, old, new));

	if (target == vcpu)
		return succeed(vcpu);
	if (!test_bit(BOOK3S_IRQPRIO_EXTERNAL, &target->arch.pending_exceptions))
		return H_SUCCESS;
	/* Pairs with take_out() and kvmhv_rm_h_cede(), as in kvmhv_kick_vcpu() */
	smp_mb();
	thread = READ_ONCE(target->arch.hv.thread);
	if (!thread)
		return H_TOO_HARD;	/* it has just left: the module finds it */
	kvmhv_rm_wake_thread(thread);
	return H_SUCCESS;
}

#else

long kvmhv_rm_h_xirr(struct kvm_vcpu *vcpu)
{
	return H_TOO_HARD;
}

long kvmhv_rm_h_cppr(struct kvm_vcpu *vcpu, unsigned long cppr)
{
	return H_TOO_HARD;
}

long kvmhv_rm_h_eoi(struct kvm_vcpu *vcpu, unsigned long xirr)
{
	return H_TOO_HARD;
}

long kvmhv_rm_h_ipi(struct kvm_vcpu *vcpu, unsigned long server,
		    unsigned long mfrr)
{
	return H_TOO_HARD;
}

#endif
