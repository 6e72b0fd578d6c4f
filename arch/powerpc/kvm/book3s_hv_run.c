// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: trips into the guest, and sleep while the guest is idle.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/cpu.h>
#include <linux/kvm_host.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/srcu.h>
#include <asm/cputhreads.h>
#include <asm/ftrace.h>
#include <asm/hw_irq.h>
#include <asm/interrupt.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>
#include <asm/machdep.h>
#include <asm/mce.h>
#include <asm/switch_to.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"

/* What start_trip() found */
enum trip {
	TRIP_GO,	/* interrupts are off, the guest may be entered */
	TRIP_AGAIN,	/* the host had something to do first */
	TRIP_SIGNAL,	/* back to user space */
	TRIP_SETUP,	/* the HPT went away: set the MMU up */
	TRIP_THREADS,	/* a sibling hardware thread is online */
};

/*
 * All threads of a core must be in the same partition, and the host's MMU-on
 * code counts as one, so no sibling may run host code while this CPU is in a
 * guest.
 */
static bool siblings_online(int cpu)
{
	int first = cpu_first_thread_sibling(cpu);
	int i;

	for (i = first; i < first + threads_per_core; i++)
		if (i != cpu && cpu_online(i))
			return true;
	return false;
}

/*
 * External interrupts are levels: they stay pending until user space or the
 * interrupt controller takes them back.  With MSR[EE]=0 the processor is asked
 * to tell when that changes (mediated external exception, LPCR[MER]).
 */
static void prepare_external(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	hv->lpcr = vcpu->kvm->arch.hv.lpcr;
	if (!test_bit(BOOK3S_IRQPRIO_EXTERNAL, &vcpu->arch.pending_exceptions))
		return;
	if (!(hv->shregs.msr & MSR_EE)) {
		hv->lpcr |= LPCR_MER;
		return;
	}
	kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_EXTERNAL, 0);
	kvmhv_external_taken(vcpu);
}

/*
 * Last checks.  Returns TRIP_GO with interrupts hard-disabled and
 * vcpu->mode == IN_GUEST_MODE, anything else with them enabled.
 */
static enum trip start_trip(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vm *vm = &vcpu->kvm->arch.hv;
	enum trip trip;

	local_irq_disable();
	hard_irq_disable();

	/*
	 * Pairs with kvm_vcpu_kick() and kvm_make_all_cpus_request(): who
	 * changes something after the checks below sees the mode and sends an
	 * IPI, which ends the trip at once.
	 */
	smp_store_mb(vcpu->mode, IN_GUEST_MODE);

	if (signal_pending(current)) {
		trip = TRIP_SIGNAL;
	} else if (need_resched() || lazy_irq_pending() ||
		   kvm_request_pending(vcpu)) {
		trip = TRIP_AGAIN;
	} else if (threads_per_core > 1 &&
		   siblings_online(smp_processor_id())) {
		trip = TRIP_THREADS;
	} else if (!smp_load_acquire(&vm->mmu_ready)) { /* kvmhv_mmu_setup() */
		trip = TRIP_SETUP;
	} else {
		return TRIP_GO;
	}

	vcpu->mode = OUTSIDE_GUEST_MODE;
	local_irq_enable();
	return trip;
}

/*
 * Interrupts that the processor considers taken once it has left the guest
 * for them.  Level-triggered ones (external, decrementer) need nothing: they
 * come again as soon as interrupts are on.
 */
static void replay_host_interrupt(struct kvm_vcpu *vcpu, unsigned int trap)
{
	switch (trap) {
	case BOOK3S_INTERRUPT_H_DOORBELL:
		local_paca->irq_happened |= PACA_IRQ_DBELL;
		break;
	case BOOK3S_INTERRUPT_HMI:
		if (ppc_md.hmi_exception_early)
			ppc_md.hmi_exception_early(NULL);
		local_paca->irq_happened |= PACA_IRQ_HMI;
		break;
	case BOOK3S_INTERRUPT_SYSTEM_RESET:
		replay_system_reset();
		break;
	case BOOK3S_INTERRUPT_MACHINE_CHECK:
		kvmhv_take_mce_event(&vcpu->arch.mce_evt);
		break;
	}
}

/* One trip into the guest and out of it; interrupts are off, then on. */
static void guest_trip(struct kvm_vcpu *vcpu)
{
	unsigned int trap;
	u8 ftrace;

	prepare_external(vcpu);
	kvmhv_vpa_enter(vcpu);

	guest_timing_enter_irqoff();
	/*
	 * No guest_context_enter_irqoff(): real-mode handlers walk the host's
	 * page tables, whose pages are freed by RCU, so RCU has to watch.
	 * Entering is a quiescent state all the same.
	 */
	rcu_virt_note_context_switch(smp_processor_id());

	giveup_all(current);
	msr_check_and_set(MSR_FP | MSR_VEC | MSR_VSX);
	load_fp_state(&vcpu->arch.fp);
	if (cpu_has_feature(CPU_FTR_ALTIVEC))
		load_vr_state(&vcpu->arch.vr);

	/* real-mode handlers call functions that can be traced, MMU off */
	ftrace = this_cpu_get_ftrace_enabled();
	this_cpu_disable_ftrace();
	trap = kvmhv_enter_guest(vcpu);
	this_cpu_set_ftrace_enabled(ftrace);

	store_fp_state(&vcpu->arch.fp);
	if (cpu_has_feature(CPU_FTR_ALTIVEC))
		store_vr_state(&vcpu->arch.vr);
	msr_check_and_clear(MSR_FP | MSR_VEC | MSR_VSX);

	vcpu->arch.trap = trap;
	vcpu->arch.last_inst = KVM_INST_FETCH_FAILED;
	vcpu->mode = OUTSIDE_GUEST_MODE;
	++vcpu->stat.sum_exits;

	kvmhv_vpa_exit(vcpu);
	replay_host_interrupt(vcpu, trap);

	/* let the interrupt that ended the trip count as guest time */
	local_irq_enable();
	local_irq_disable();
	guest_timing_exit_irqoff();
	local_irq_enable();
}

/* Guest timebase until the decrementer is due; negative when it is */
static s64 dec_remaining(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.dec_expires -
	       (mftb() + vcpu->arch.hv.vcore->tb_offset);
}

static bool woken(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.pending_exceptions) ||
	       READ_ONCE(vcpu->arch.prodded) || dec_remaining(vcpu) <= 0;
}

/* H_CEDE: sleep until there is something for the guest, or a signal */
static void sleep_ceded(struct kvm_vcpu *vcpu)
{
	s64 dec = dec_remaining(vcpu);

	if (!woken(vcpu)) {
		hrtimer_start(&vcpu->arch.dec_timer,
			      ktime_add_ns(ktime_get_real(),
					   tb_to_ns(dec)),
			      HRTIMER_MODE_ABS);
		kvm_vcpu_halt(vcpu);
		hrtimer_cancel(&vcpu->arch.dec_timer);
	}
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	smp_mb__after_atomic(); /* pairs with the one in h_prod() */
	if (woken(vcpu)) {
		vcpu->arch.ceded = 0;
		vcpu->arch.prodded = 0;
	}
	/* it only woke us; the guest's own decrementer does the rest */
	kvmppc_core_dequeue_dec(vcpu);
}

/* What others asked of this vcpu; false when its VM must not run any more */
static bool handle_requests(struct kvm_vcpu *vcpu)
{
	if (kvm_check_request(KVM_REQ_VM_DEAD, vcpu))
		return false;
	/* these two only had to bring the vcpu out of the guest or of sleep */
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	kvm_clear_request(KVM_REQ_TLB_FLUSH, vcpu);
	smp_mb__after_atomic(); /* then look for what they announced */
	return true;
}

/*
 * All of KVM_RUN counts as running, sleep and preemption included.  Pairs with
 * kvmhv_hpt_allocate(), which takes mmu_ready away, then looks at the count.
 */
static void count_running(struct kvm_vcpu *vcpu)
{
	atomic_inc(&vcpu->kvm->arch.hv.vcpus_running);
	smp_mb__after_atomic(); /* count first, then look at mmu_ready */
}

static void uncount_running(struct kvm_vcpu *vcpu)
{
	smp_mb__before_atomic(); /* all use of the HPT comes before */
	atomic_dec(&vcpu->kvm->arch.hv.vcpus_running);
}

static int refuse_threads(struct kvm_vcpu *vcpu)
{
	int cpu = raw_smp_processor_id();

	pr_info_ratelimited("KVM_RUN needs the other threads of the core offline: echo 0 > /sys/devices/system/cpu/cpu%d/online and so on\n",
			    cpu_first_thread_sibling(cpu) + 1);
	vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	vcpu->run->fail_entry.hardware_entry_failure_reason = 0;
	return -EBUSY;
}

/**
 * kvmhv_vcpu_run - KVM_RUN
 * @vcpu: the vcpu; its mutex is held
 *
 * Context: process context, MMU on.
 * Return: RESUME_HOST with vcpu->run filled in, or: -EINTR for a signal,
 * -EINVAL before KVM_CAP_PPC_PAPR is enabled, -EBUSY when sibling threads are
 * online, -ENOMEM when the default HPT cannot be had.
 */
int kvmhv_vcpu_run(struct kvm_vcpu *vcpu)
{
	int r = RESUME_GUEST;

	if (!vcpu->arch.sane) {
		vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
		return -EINVAL;
	}

	count_running(vcpu);
	do {
		if (kvm_request_pending(vcpu) && !handle_requests(vcpu)) {
			r = -EIO;
			break;
		}
		if (vcpu->arch.ceded)
			sleep_ceded(vcpu);
		if (signal_pending(current)) {
			vcpu->run->exit_reason = KVM_EXIT_INTR;
			++vcpu->stat.signal_exits;
			r = -EINTR;
			break;
		}
		if (vcpu->arch.ceded)
			continue;

		kvm_vcpu_srcu_read_lock(vcpu);
		r = kvmhv_vpa_pin(vcpu);
		if (!r) {
			switch (start_trip(vcpu)) {
			case TRIP_GO:
				guest_trip(vcpu);
				r = kvmhv_handle_exit(vcpu);
				break;
			case TRIP_SETUP:
				uncount_running(vcpu);
				r = kvmhv_mmu_setup(vcpu);
				count_running(vcpu);
				if (!r)
					r = RESUME_GUEST;
				break;
			case TRIP_THREADS:
				r = refuse_threads(vcpu);
				break;
			case TRIP_SIGNAL:
			case TRIP_AGAIN:
				r = RESUME_GUEST;
				break;
			}
		}
		kvm_vcpu_srcu_read_unlock(vcpu);
		cond_resched();
	} while (is_kvmppc_resume_guest(r));
	uncount_running(vcpu);

	kvmhv_vpa_unpin(vcpu);
	return r;
}
