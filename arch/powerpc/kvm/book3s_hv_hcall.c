// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of a hypervisor-mode guest that are handled with the MMU on, in
 * the task of the vcpu, after it has left the guest: those without a real-mode
 * handler and those the real-mode handler could not finish.  Everything that
 * has no handler here, or that the VM has not enabled, is for user space.
 *
 * Numbers and handlers stand in book3s_hv_hcalls.h.
 */
#include "book3s_hv.h"

#include <linux/nospec.h>
#include <linux/srcu.h>
#include <asm/hvcall.h>
#include <asm/reg.h>

/* PAPR, H_CONFER: to all virtual processors of the partition */
#define CONFER_TO_ALL	(~0UL)

/*
 * A handler gets the hcall's arguments r4, r5, ... as args[0], args[1], ...,
 * which is also where results beyond the return code go.  It returns what goes
 * into r3, or H_TOO_HARD to have user space do it.
 */
typedef long (*hcall_fn)(struct kvm_vcpu *vcpu, unsigned long *args);

/**
 * kvmhv_find_vcpu() - the vcpu a guest means by a processor number
 * @kvm: the guest
 * @id: number as in the guest's "ibm,ppc-interrupt-server#s"
 *
 * Context: any that may look at @kvm's vcpus; takes no lock.
 * Return: the vcpu or NULL.
 */
struct kvm_vcpu *kvmhv_find_vcpu(struct kvm *kvm, unsigned long id)
{
	if (id > INT_MAX)
		return NULL;
	return kvm_get_vcpu_by_id(kvm, id);
}

/* PAPR, H_LOGICAL_CI_LOAD and _STORE: devices in the kernel, ioeventfd */
static long h_logical_ci_load(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_logical_ci_load(vcpu);
}

static long h_logical_ci_store(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_logical_ci_store(vcpu);
}

static long h_xics(struct kvm_vcpu *vcpu, unsigned long *args)
{
	if (!kvmppc_xics_enabled(vcpu))
		return H_TOO_HARD;
	return kvmppc_xics_hcall(vcpu, kvmppc_get_gpr(vcpu, 3));
}

/* PAPR, H_XIRR_X: r5 is the timebase; common code puts the host's there */
static long h_xirr_x(struct kvm_vcpu *vcpu, unsigned long *args)
{
	long ret = h_xics(vcpu, args);

	if (ret == H_SUCCESS)
		args[1] += vcpu->arch.hv.vcore->tb_offset;
	return ret;
}

/* PAPR, hcalls on TCE tables: those not done in real mode, book3s_hv_tce.c */
static long h_get_tce(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_get_tce(vcpu, args[0], args[1]);
}

static long h_put_tce(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_put_tce(vcpu, args[0], args[1], args[2]);
}

static long h_stuff_tce(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_stuff_tce(vcpu, args[0], args[1], args[2], args[3]);
}

static long h_put_tce_indirect(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmppc_h_put_tce_indirect(vcpu, args[0], args[1], args[2],
					 args[3]);
}

static long h_register_vpa(struct kvm_vcpu *vcpu, unsigned long *args)
{
	return kvmhv_h_register_vpa(vcpu, args[0], args[1], args[2]);
}

/*
 * PAPR, H_CEDE: interrupts are enabled, and the virtual processor waits for
 * one or for H_PROD.  The virtual core does the waiting, and looks at
 * prodded.  The barrier pairs with the one in h_prod(): either this side sees
 * prodded or the other sees ceded.
 */
static long h_cede(struct kvm_vcpu *vcpu, unsigned long *args)
{
	vcpu->arch.hv.shregs.msr |= MSR_EE;
	WRITE_ONCE(vcpu->arch.ceded, 1);
	/* See h_prod() */
	smp_mb();
	return H_SUCCESS;
}

/* PAPR, H_PROD: ends the target's H_CEDE, the present one or the next */
static long h_prod(struct kvm_vcpu *vcpu, unsigned long *args)
{
	struct kvm_vcpu *target = kvmhv_find_vcpu(vcpu->kvm, args[0]);

	if (!target)
		return H_PARAMETER;

	/* Pairs with kvmhv_take_prod(): the guest's stores come first */
	smp_store_release(&target->arch.prodded, 1);
	/* See h_cede() */
	smp_mb();
	if (READ_ONCE(target->arch.ceded))
		kvmhv_kick_vcpu(target);
	return H_SUCCESS;
}

/*
 * Reads the yield count in the target's VPA, wherever that vcpu is.  Returns
 * false if it has none or it cannot be read.
 */
static bool read_yield_count(struct kvm_vcpu *target, u32 *count)
{
	struct kvm_hv_vcpu *hv = &target->arch.hv;
	unsigned long gpa;
	__be32 val;

	spin_lock(&hv->vpa_lock);
	gpa = hv->vpa.gpa;
	spin_unlock(&hv->vpa_lock);
	if (!gpa)
		return false;

	gpa += offsetof(struct lppaca, yield_count);
	if (kvm_read_guest(target->kvm, gpa, &val, sizeof(val)))
		return false;
	*count = be32_to_cpu(val);
	return true;
}

/*
 * PAPR, H_CONFER: lends this virtual processor's time to another one, if that
 * has not been dispatched since the caller read its yield count.
 */
static long h_confer(struct kvm_vcpu *vcpu, unsigned long *args)
{
	struct kvm_vcpu *target;
	u32 count;

	if (args[0] == CONFER_TO_ALL) {
		kvm_vcpu_on_spin(vcpu, false);
		return H_SUCCESS;
	}

	target = kvmhv_find_vcpu(vcpu->kvm, args[0]);
	if (!target)
		return H_PARAMETER;
	if (target == vcpu) {
		cond_resched();
		return H_SUCCESS;
	}
	if (read_yield_count(target, &count) && count != (u32)args[1])
		return H_SUCCESS;
	kvm_vcpu_yield_to(target);
	return H_SUCCESS;
}

/* PAPR: the code for an unsupported flag says which one, in IBM numbering */
static long unsupported_flag(unsigned long flags)
{
	return H_UNSUPPORTED_FLAG_START - (BITS_PER_LONG - 1 - __fls(flags));
}

static long set_mode_ciabr(struct kvm_vcpu *vcpu, unsigned long flags,
			   unsigned long ciabr, unsigned long value2)
{
	if (!cpu_has_feature(CPU_FTR_ARCH_207S))
		return H_P2;
	if (flags)
		return unsupported_flag(flags);
	if ((ciabr & CIABR_PRIV) == CIABR_PRIV_HYPER)
		return H_P3;
	if (value2)
		return H_P4;
	vcpu->arch.ciabr = ciabr;
	return H_SUCCESS;
}

static long set_mode_dawr0(struct kvm_vcpu *vcpu, unsigned long flags,
			   unsigned long dawr, unsigned long dawrx)
{
	if (!cpu_has_feature(CPU_FTR_ARCH_207S))
		return H_P2;
	if (flags)
		return unsupported_flag(flags);
	if (dawrx & ~KVMHV_DAWRX_GUEST)
		return H_P4;
	vcpu->arch.dawr0 = dawr;
	vcpu->arch.dawrx0 = dawrx;
	return H_SUCCESS;
}

/*
 * PAPR, H_SET_MODE: args are flags, resource and two values.  The breakpoint
 * registers are this vcpu's own; interrupt endianness and location concern
 * every vcpu and are left to user space, which sets the LPCR.
 */
static long h_set_mode(struct kvm_vcpu *vcpu, unsigned long *args)
{
	switch (args[1]) {
	case H_SET_MODE_RESOURCE_SET_CIABR:
		return set_mode_ciabr(vcpu, args[0], args[2], args[3]);
	case H_SET_MODE_RESOURCE_SET_DAWR0:
		return set_mode_dawr0(vcpu, args[0], args[2], args[3]);
	default:
		return H_TOO_HARD;
	}
}

/*
 * The tables derived from the list.  In the first, "none" stands for no
 * handler with the MMU on.
 */
#define none	NULL
#define HCALL(nr, rm, fn, dflt)						\
	[(nr) / 4] = fn,
static const hcall_fn hcall_table[] = {
#include "book3s_hv_hcalls.h"
};

#undef HCALL
#undef none

#define HCALL(nr, rm, fn, dflt)	{ nr, dflt },
static const struct {
	u16 nr;
	bool on;
} hcall_list[] = {
#include "book3s_hv_hcalls.h"
};

#undef HCALL

/**
 * kvmhv_hcall_implemented() - may KVM_CAP_PPC_ENABLE_HCALL name this one?
 * @hcall: hcall number
 *
 * Context: any.
 * Return: 1 if the kernel handles it in real mode or here, else 0.
 */
int kvmhv_hcall_implemented(unsigned long hcall)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hcall_list); i++)
		if (hcall_list[i].nr == hcall)
			return 1;
	return 0;
}

/**
 * kvmhv_default_hcalls() - the hcalls a new VM has in the kernel
 * @kvm: a VM that no vcpu runs in yet
 *
 * Context: process.
 */
void kvmhv_default_hcalls(struct kvm *kvm)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hcall_list); i++) {
		if (!hcall_list[i].on)
			continue;
		__set_bit(hcall_list[i].nr / 4, kvm->arch.enabled_hcalls);
		kvmhv_rm_enable_hcall(kvm, hcall_list[i].nr, true);
	}
}

static hcall_fn hcall_handler(struct kvm *kvm, unsigned long nr)
{
	unsigned long i = nr / 4;

	if (nr % 4 || i >= ARRAY_SIZE(hcall_table))
		return NULL;
	i = array_index_nospec(i, ARRAY_SIZE(hcall_table));
	if (!test_bit(i, kvm->arch.enabled_hcalls))
		return NULL;
	return hcall_table[i];
}

/**
 * kvmhv_only_real_mode() - does only real mode serve this hcall?
 * @kvm: the VM
 * @nr: hcall number
 *
 * Context: any.
 * Return: true if the VM has it enabled, and no handler of it runs with the MMU on.
 */
bool kvmhv_only_real_mode(struct kvm *kvm, unsigned long nr)
{
	unsigned long i = nr / 4;

	if (nr % 4 || i >= KVMHV_RM_HCALLS)
		return false;
	i = array_index_nospec(i, KVMHV_RM_HCALLS);
	return READ_ONCE(kvm->arch.hv.rm_hcall[i]) && !hcall_handler(kvm, nr);
}

/*
 * RTAS calls whose tokens user space has defined (XICS sources).  What the
 * handler does not know, or cannot read, is user space's.
 *
 * It writes to guest memory, for which the memslots must stay, but takes and
 * releases the vcpu's own read lock besides; that does not nest, so another
 * one stands in for it.
 */
static long rtas_call(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	int idx, err;

	if (list_empty(&kvm->arch.rtas_tokens))
		return H_TOO_HARD;

	idx = srcu_read_lock(&kvm->srcu);
	kvm_vcpu_srcu_read_unlock(vcpu);
	err = kvmppc_rtas_hcall(vcpu);
	kvm_vcpu_srcu_read_lock(vcpu);
	srcu_read_unlock(&kvm->srcu, idx);
	return err ? H_TOO_HARD : H_SUCCESS;
}

/* KVM_EXIT_PAPR_HCALL: the answer is loaded by the next KVM_RUN */
static int hcall_to_user(struct kvm_vcpu *vcpu, unsigned long nr,
			 const unsigned long *args)
{
	struct kvm_run *run = vcpu->run;
	int i;

	run->papr_hcall.nr = nr;
	for (i = 0; i < ARRAY_SIZE(run->papr_hcall.args); i++)
		run->papr_hcall.args[i] = args[i];
	run->exit_reason = KVM_EXIT_PAPR_HCALL;
	vcpu->arch.hcall_needed = 1;
	return RESUME_HOST;
}

/**
 * kvmhv_handle_hcall() - a guest has executed sc 1
 * @vcpu: the vcpu; r3 is the hcall number, r4 and up its arguments, the PC is
 *	behind the instruction
 *
 * From problem state it is a system call interrupt of the guest's own, for only
 * the guest's kernel may make hcalls.  The ISA has no other interrupt for sc;
 * and if that kernel runs guests itself, in problem state by KVM PR, sc 1 is an
 * hcall of one of them and comes to where KVM PR looks for it.
 *
 * Context: the vcpu's task, kvm_vcpu_srcu_read_lock() held, may sleep.
 * Return: RESUME_GUEST with the result in r3, or RESUME_HOST with
 *	KVM_EXIT_PAPR_HCALL prepared.
 */
int kvmhv_handle_hcall(struct kvm_vcpu *vcpu)
{
	unsigned long *args = &vcpu->arch.regs.gpr[4];
	unsigned long nr = kvmppc_get_gpr(vcpu, 3);
	long ret = H_TOO_HARD;
	hcall_fn handler;

	if (vcpu->arch.hv.shregs.msr & MSR_PR) {
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_SYSCALL, 0);
		return RESUME_GUEST;
	}

	if (nr == H_RTAS) {
		ret = rtas_call(vcpu);
	} else {
		handler = hcall_handler(vcpu->kvm, nr);
		if (handler)
			ret = handler(vcpu, args);
	}
	if (ret == H_TOO_HARD)
		return hcall_to_user(vcpu, nr, args);

	kvmppc_set_gpr(vcpu, 3, ret);
	return RESUME_GUEST;
}
