// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: a vcpu's task, between user space and the virtual core.  What few of
 * them need is noinline, so that the others have less to save.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/kvm_host.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/srcu.h>
#include <asm/cputhreads.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>

#include "book3s_hv.h"
#include "book3s_hv_step.h"

/*
 * All of KVM_RUN counts as running, sleep and preemption included.  Pairs with
 * kvmhv_hpt_quiesce(), which takes mmu_ready away, then looks at the count.
 */
static void count_running(struct kvm_vcpu *vcpu)
{
	atomic_inc(&vcpu->kvm->arch.hv.vcpus_running);
	smp_mb__after_atomic(); /* count first, then look at mmu_ready */
}

static void uncount_running(struct kvm_vcpu *vcpu)
{
	/* Release: all use of the HPT comes before */
	(void)atomic_dec_return_release(&vcpu->kvm->arch.hv.vcpus_running);
}

/* There is no HPT to run with, or an ioctl is about to change it */
static int set_up(struct kvm_vcpu *vcpu)
{
	int r;

	uncount_running(vcpu);
	r = kvmhv_mmu_setup(vcpu->kvm);
	count_running(vcpu);
	return r;
}

/* What others asked of this vcpu, or it of itself; 0 when it is to run again */
static noinline int handle_requests(struct kvm_vcpu *vcpu)
{
	if (kvm_check_request(KVM_REQ_VM_DEAD, vcpu))
		return -EIO;
	/* these two only had to bring the vcpu out of the guest or of sleep */
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_clear_request(KVM_REQ_TLB_FLUSH, vcpu);
	smp_mb__after_atomic(); /* then look for what they announced */
	return kvm_check_request(KVMHV_REQ_SET_UP, vcpu) ? set_up(vcpu) : 0;
}

static noinline int refuse(struct kvm_vcpu *vcpu, int r)
{
	int cpu = raw_smp_processor_id();

	if (r == -EBUSY)
		pr_info_ratelimited("KVM_RUN needs the other threads of the core offline: echo 0 > /sys/devices/system/cpu/cpu%d/online and so on\n",
				    cpu_first_thread_sibling(cpu) + 1);
	vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	vcpu->run->fail_entry.hardware_entry_failure_reason = 0;
	return r;
}

/* The core did not run: why */
static noinline int not_run(struct kvm_vcpu *vcpu, int r)
{
	if (r != -ENXIO)
		return refuse(vcpu, r);
	kvm_make_request(KVMHV_REQ_SET_UP, vcpu);
	return RESUME_GUEST;
}

/* One round: a turn in the core, and what it brought; kvm->srcu held */
static int run_once(struct kvm_vcpu *vcpu)
{
	int r;

	if (kvmhv_vpa_missing(vcpu))
		kvmhv_vpa_find(vcpu);

	r = kvmhv_vcore_turn(vcpu);
	if (unlikely(r))
		return not_run(vcpu, r);
	return vcpu->arch.trap ? kvmhv_handle_exit(vcpu) : RESUME_GUEST;
}

/**
 * kvmhv_vcpu_run - KVM_RUN
 * @vcpu: the vcpu; its mutex is held
 *
 * Context: process context, MMU on.
 * Return: RESUME_HOST with vcpu->run filled in, or: -EINTR for a signal,
 * -EINVAL before KVM_CAP_PPC_PAPR is enabled or in a transaction, -EBUSY when
 * sibling threads are online, -ETIMEDOUT when a sibling thread does not answer,
 * -ENOMEM when the default HPT cannot be had, -EOPNOTSUPP for a single step of an
 * instruction that is not emulated.
 */
int kvmhv_vcpu_run(struct kvm_vcpu *vcpu)
{
	int r;

	if (!vcpu->arch.sane) {
		vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
		return -EINVAL;
	}

	/*
	 * rfid into the guest would leave Suspended state in a way that is a
	 * TM Bad Thing program interrupt (ISA 2.07 Book III-S), in real mode.
	 */
	if (MSR_TM_ACTIVE(current->thread.regs->msr))
		return refuse(vcpu, -EINVAL);

	vcpu->arch.hv.first_trip = true;
	count_running(vcpu);
	for (;;) {
		kvm_vcpu_srcu_read_lock(vcpu);
		if (static_branch_unlikely(&kvmhv_stepped) && vcpu->arch.hv.stepped)
			r = kvmhv_step(vcpu);
		else
			r = run_once(vcpu);
		kvm_vcpu_srcu_read_unlock(vcpu);
		if (!is_kvmppc_resume_guest(r))
			break;

		/* No turn begins with one of these, so it is enough to look here */
		if (kvm_request_pending(vcpu)) {
			r = handle_requests(vcpu);
			if (r)
				break;
		}
		if (signal_pending(current)) {
			vcpu->run->exit_reason = KVM_EXIT_INTR;
			++vcpu->stat.signal_exits;
			r = -EINTR;
			break;
		}
		/* No other quiescent state of RCU Tasks is here: a trip is none */
		cond_resched_tasks_rcu_qs();
	}
	uncount_running(vcpu);

	/* Signals stop a VM: this vcpu may stay away for any length of time */
	if (vcpu->run->exit_reason == KVM_EXIT_INTR)
		kvmhv_vcore_away(vcpu);
	return r;
}
