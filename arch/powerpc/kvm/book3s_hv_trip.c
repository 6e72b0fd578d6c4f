// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trip of a core into the guest: a hardware thread for each vcpu that is
 * ready, the last checks with interrupts off, real mode, and what the trip
 * ended with.  Module code, MMU on, but for kvmhv_enter_core().
 *
 * The states of the vcpus and the tasks that wait: book3s_hv_vcore.c.
 *
 * Cold paths are noinline to shorten the prologue of the hot one.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/kvm_host.h>
#include <linux/sched.h>
#include <asm/cputhreads.h>
#include <asm/ftrace.h>
#include <asm/hw_irq.h>
#include <asm/interrupt.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_hv_thread.h>
#include <asm/kvm_ppc.h>
#include <asm/switch_to.h>
#include <asm/time.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"
#include "book3s_hv_vcore.h"
#include "book3s_hv_watch.h"

/*
 * A thread that does not join the core in trips of this length together is
 * broken.  The time between the trips may be that of other tasks and of anything
 * else the host does.
 */
#define THREAD_DEADLINE		(tb_ticks_per_sec)

/* Flags of a task that keep it from a trip */
#define TRIP_NOT_NOW	(_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_NEED_RESCHED)

/* Trips for which user space keeps its registers unasked; a power of two */
#define VSX_KEEP		64

/* pick_thread() if the leader is taken, or need not be the thread to use */
static noinline struct kvmhv_thread *pick_sibling(struct kvm_hv_vcore *vcore,
						  struct kvm_vcpu *vcpu)
{
	struct kvmhv_thread *leader = vcore->leader;
	int nr;

	if (kvmhv_cpu->fixed_threads)
		nr = vcpu->vcpu_id - vcore->first_id;
	else
		nr = ffz(vcore->threads_used);
	if (nr >= threads_per_core ||
	    vcore->threads_used & KVMHV_MAP_IN(nr))
		return NULL;
	return kvmhv_thread_of(leader->cpu - leader->nr + nr);
}

/*
 * A hardware thread for the vcpu: the leader first, then the lowest free one.
 * Where a guest can read the number of its thread, the thread of that number.
 */
static struct kvmhv_thread *pick_thread(struct kvm_hv_vcore *vcore,
					struct kvm_vcpu *vcpu)
{
	if (!vcore->threads_used &&
	    (threads_per_core == 1 || !kvmhv_cpu->fixed_threads))
		return vcore->leader;
	return pick_sibling(vcore, vcpu);
}

/**
 * kvmhv_put_in - give a vcpu a hardware thread: KVMHV_READY to KVMHV_IN
 * @vcore: its virtual core, which has a leader
 * @vcpu: the vcpu
 *
 * The thread reads thread->vcpu once it has joined the core; all else about
 * the vcpu is written before.  Waking the thread is up to the caller.
 *
 * Context: MMU on; vcore->lock held; interrupts on or off.
 * Return: false if there is no free thread for it; it stays KVMHV_READY.
 */
bool kvmhv_put_in(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvmhv_thread *thread = pick_thread(vcore, vcpu);
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	lockdep_assert_held(&vcore->lock);
	if (!thread)
		return false;
	if (hv->not_come)
		WRITE_ONCE(vcore->threads_late,
			   vcore->threads_late | KVMHV_MAP_IN(thread->nr));
	/* The leader reads it after the map is OPEN and calls these threads */
	WRITE_ONCE(vcore->threads_used,
		   vcore->threads_used | KVMHV_MAP_IN(thread->nr));
	if (thread != vcore->leader)
		hv->called_at = mftb();
	hv->trap = 0;
	vcpu->arch.last_inst = KVM_INST_FETCH_FAILED;
	hv->lpcr = kvmhv_vcpu_lpcr(vcpu) | (kvmhv_cpu->guest_lpcr & LPCR_PECEDP);
	hv->state = KVMHV_IN;
	WRITE_ONCE(hv->thread, thread);
	if (READ_ONCE(hv->vpa.gpa))
		kvmhv_vpa_enter(vcpu);
	/* Pairs with serve() and wait_in_core() in real mode */
	smp_store_release(&thread->vcpu, vcpu);
	return true;
}

/* Most trips end with one of these: the guest itself wants something */
static inline bool trap_is_guests(unsigned int trap)
{
	return trap == BOOK3S_INTERRUPT_SYSCALL ||
	       trap == BOOK3S_INTERRUPT_H_DATA_STORAGE;
}

/* Exits that leave nothing to do for the vcpu itself */
static bool trap_is_hosts(unsigned int trap)
{
	if (trap_is_guests(trap))
		return false;
	switch (trap) {
	case 0:		/* the core was EXITING before the vcpu entered the guest */
	case BOOK3S_INTERRUPT_EXTERNAL:
	case BOOK3S_INTERRUPT_HV_DECREMENTER:
	case BOOK3S_INTERRUPT_H_DOORBELL:
	case BOOK3S_INTERRUPT_HMI:
	case BOOK3S_INTERRUPT_SYSTEM_RESET:
		return true;
	default:
		return false;
	}
}

/* The thread did not run this vcpu in time: has it exceeded its deadline? */
static noinline bool thread_lost(struct kvm_vcpu *vcpu,
				 struct kvmhv_thread *thread)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	if (thread == vcore->leader)
		return false;	/* it is here; the trip ended too soon for it */
	hv->not_come += vcore->tb_left - hv->called_at;
	if (hv->not_come < THREAD_DEADLINE)
		return false;
	pr_err_ratelimited("CPU %d does not come when it is called to run a guest; online it, and offline it again\n",
			   thread->cpu);
	return true;
}

/*
 * For KVM_GET_STATS_FD, which knows one place for all of a vcpu's counters, and that is
 * none that real mode touches.
 */
static inline void show_counters(struct kvm_vcpu *vcpu)
{
	vcpu->stat.real_mode_hcalls = vcpu->arch.rm_hcalls;
	vcpu->stat.real_mode_faults = vcpu->arch.hv.rm_faults;
	vcpu->stat.real_mode_cedes = vcpu->arch.rm_cedes;
}

/* The vcpu has an exit to handle and is expected to be ready soon */
static void expect_back(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	if (vcore->nr_slots == 1)
		return;		/* there is no other vcpu to wait for it */
	vcpu->arch.hv.expected = true;
	vcore->nr_busy++;
}

/* KVMHV_IN to KVMHV_READY, or to KVMHV_BUSY if its task has work to do */
static void take_out(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvmhv_thread *thread = hv->thread;
	bool hosts = trap_is_hosts(hv->trap) && likely(!hv->mce_taken);

	WRITE_ONCE(thread->vcpu, NULL);
	WRITE_ONCE(hv->thread, NULL);
	/* Pairs with call_thread(), which reads NULL; or its reason is seen below */
	smp_mb();
	vcpu->arch.trap = hv->trap;
	if (READ_ONCE(hv->vpa.gpa))
		kvmhv_vpa_exit(vcpu);
	show_counters(vcpu);
	if (hv->trap)
		++vcpu->stat.sum_exits;
	if (hv->trap && hosts)
		kvmhv_handle_exit(vcpu);	/* only counts it */
	if (hosts)
		vcpu->arch.trap = 0;
	else if (unlikely(hv->mce_taken && !hv->trap))
		vcpu->arch.trap = BOOK3S_INTERRUPT_MACHINE_CHECK;

	if (hv->trap || vcpu->arch.ceded)
		hv->not_come = 0;

	if (!hv->trap && !vcpu->arch.ceded && thread_lost(vcpu, thread)) {
		make_busy(vcpu, -ETIMEDOUT);
	} else if (hosts && !READ_ONCE(hv->leave) &&
		   !kvm_request_pending(vcpu) && !kvmhv_vpa_missing(vcpu)) {
		hv->state = KVMHV_READY;
		hv->runnable_since = vcpu->arch.ceded ? 0 : mftb();
		if (vcpu->arch.ceded)
			kvmhv_note_delay(hv);
	} else {
		if (!hosts)
			expect_back(vcore, vcpu);
		make_busy(vcpu, 0);
	}
}

/*
 * Interrupts that the processor considers taken once it has left the guest
 * for them.  Level-triggered ones (external, decrementer) need nothing: they
 * are still asserted when interrupts are enabled, except an external interrupt
 * that real mode has accepted (thread->xirr).
 */
static void replay_host_interrupt(struct kvm_vcpu *vcpu,
				  struct kvmhv_thread *thread)
{
	if (thread->xirr)
		local_paca->irq_happened |= PACA_IRQ_EE;
	if (!vcpu || trap_is_guests(vcpu->arch.hv.trap))
		return;
	if (vcpu->arch.hv.trap == BOOK3S_INTERRUPT_H_DOORBELL)
		local_paca->irq_happened |= PACA_IRQ_DBELL;
}

/*
 * Firmware may have set the timebase, by which decrementers were saved while it was
 * wrong.  One that would be due later than any decrementer can be is due now.  So is
 * the host's, which finds out that it is too early and is set again.
 */
static void check_timers(struct kvm_hv_vcore *vcore)
{
	u64 latest = mftb() + vcore->tb_offset + DEC_MAX;
	struct kvm_vcpu *vcpu;
	unsigned long i;

	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = READ_ONCE(vcore->vcpu[i]);
		if (vcpu && (s64)(READ_ONCE(vcpu->arch.dec_expires) - latest) > 0)
			WRITE_ONCE(vcpu->arch.dec_expires, 0);
	}
	set_dec(1);
}

/*
 * What the host shall do about an event in the guest: of this thread, or a maintenance
 * interrupt of a sibling (KVMHV_MAP_HMI).  Of a crash it does not come back; so the
 * siblings are its own again.
 */
static noinline void replay_events(struct kvm_hv_vcore *vcore,
				   struct kvmhv_thread *thread)
{
	u8 events = thread->events;

	thread->events = 0;
	if (events & KVMHV_EVENT_HMI) {
		kvmhv_rm_handle_hmi();
		check_timers(vcore);
		local_paca->irq_happened |= PACA_IRQ_HMI;
	}
	if (events & KVMHV_EVENT_RESET)
		replay_system_reset();
}

/* A thread for each ready vcpu: runnable vcpus first, for the lower threads */
static void assign_threads(struct kvm_hv_vcore *vcore)
{
	struct kvm_vcpu *vcpu;
	bool idle = false;
	unsigned long i;

	vcore->threads_used = 0;
	vcore->threads_late = 0;
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu && runnable(vcpu))
			kvmhv_put_in(vcore, vcpu);
		else if (vcpu)
			idle = true;
	}
	for (i = 0; idle && i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu)
			kvmhv_put_in(vcore, vcpu);
	}
	vcore->open = true;
}

/*
 * Save user space's FP, VMX and VSX registers before the guest's are loaded.
 * Most trips end in user space, so the first one of a KVM_RUN saves them where
 * the return value points, which takes a fourth of the instructions of giving
 * them up and loading them again.  A task that has one more trip gives them up
 * for all trips to come (NULL).
 *
 * Every VSX_KEEP times they are given up without thread.load_fp and load_vec,
 * so that a task that does not use them between two exits stops paying.
 */
static struct kvmhv_vsx_regs *keep_vsx(struct kvm_vcpu *self)
{
	struct kvm_hv_vcpu *hv = &self->arch.hv;
	bool first = hv->first_trip;

	hv->first_trip = false;
	if (first && cpu_has_feature(CPU_FTR_VSX) && ++hv->vsx_kept % VSX_KEEP)
		return current->thread.regs->msr & (MSR_FP | MSR_VEC) ?
		       &hv->user_vsx : NULL;
	giveup_all(current);
	if (first) {
		current->thread.load_fp = 0;
		current->thread.load_vec = 0;
	}
	return NULL;
}

/*
 * One trip of the core, with interrupts hard-disabled and the core borrowed;
 * vcore->lock held, given up meanwhile.  guest_context_enter_irqoff() is not
 * called: real-mode handlers walk the host's page tables, whose pages are freed
 * by RCU, so RCU has to watch, here for all threads.  Its quiescent state, and that
 * of RCU Tasks, is cond_resched_tasks_rcu_qs() after each trip, or user space; of a
 * kernel that preempts, also the interrupt that ended the trip.
 */
static void core_trip(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self,
		      struct kvmhv_thread *leader)
{
	struct kvmhv_vsx_regs *keep;
	struct kvm_vcpu *vcpu;
	u8 ftrace;
	unsigned long i;

	assign_threads(vcore);
	spin_unlock(&vcore->lock);

	if (kvmhv_cpu->want_interrupts && leader->vcpu)
		kvmhv_cpu->want_interrupts(leader->vcpu);
	if (static_branch_unlikely(&kvmhv_watched))
		kvmhv_watch_trip(vcore, self, true);
	guest_timing_enter_irqoff();
	keep = keep_vsx(self);

	/* real-mode code calls functions that can be traced, MMU off */
	ftrace = this_cpu_get_ftrace_enabled();
	this_cpu_disable_ftrace();
	kvmhv_enter_core(vcore, keep);
	WRITE_ONCE(vcore->tb_left, mftb());
	srr_regs_clobbered();	/* lest the way to user space trusts them */
	this_cpu_set_ftrace_enabled(ftrace);
	if (static_branch_unlikely(&kvmhv_watched))
		kvmhv_watch_trip(vcore, self, false);

	spin_lock(&vcore->lock);
	vcore->open = false;
	replay_host_interrupt(leader->vcpu, leader);
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_IN);
		if (vcpu)
			take_out(vcore, vcpu);
	}
}

static bool mmu_ready(struct kvm *kvm)
{
	/* Pairs with kvmhv_mmu_setup() */
	return smp_load_acquire(&kvm->arch.hv.mmu_ready);
}

/* The other threads of the core, if it has any */
static int borrow_threads(struct kvmhv_thread *leader)
{
	return threads_per_core == 1 ? 0 :
	       kvmhv_borrow_threads(leader->core, leader->cpu);
}

static void return_threads(struct kvmhv_thread *leader)
{
	if (threads_per_core > 1)
		kvmhv_return_threads(leader->core);
}

/**
 * kvmhv_try_trip - the runner's last checks, and a trip of its core
 * @self: the runner's own vcpu, KVMHV_READY
 *
 * The trip takes the vcpus of the core that are ready, as many as there are
 * threads.  Afterwards each of them is KVMHV_READY or KVMHV_BUSY.
 *
 * Context: MMU on; the task of @self, interrupts enabled before and after;
 * vcore->lock held, given up meanwhile; kvm->srcu held.
 * Return: 0; -EAGAIN if the host or the task of @self has something to do
 * first, -EBUSY if a sibling thread cannot be had, -ENXIO if there is no HPT.
 */
int kvmhv_try_trip(struct kvm_vcpu *self)
{
	struct kvm_hv_vcore *vcore = self->arch.hv.vcore;
	struct kvmhv_thread *leader;
	int r = -EAGAIN;

	lockdep_assert_held(&vcore->lock);
	hard_irq_disable();

	/*
	 * Pairs with kvm_vcpu_kick() and kvm_make_all_cpus_request(): a
	 * requester that changes something after the checks below reads this
	 * mode and sends an IPI, which ends the trip at once.
	 */
	smp_store_mb(self->mode, IN_GUEST_MODE);

	leader = local_paca->kvm_hstate.kvm_thread;
	if ((read_thread_flags() & TRIP_NOT_NOW) || lazy_irq_pending() ||
	    kvm_request_pending(self)) {
		r = -EAGAIN;
	} else if (!mmu_ready(vcore->kvm)) {
		r = -ENXIO;
	} else if (!leader) {
		r = -EBUSY;
	} else {
		r = borrow_threads(leader);
	}
	if (!r) {
		vcore->leader = leader;
		core_trip(vcore, self, leader);
		return_threads(leader);
		if (unlikely(leader->events))
			replay_events(vcore, leader);
	}

	self->mode = OUTSIDE_GUEST_MODE;
	/*
	 * Let the host's interrupts in, without the lock.  One that ended the
	 * trip counts as guest time.
	 */
	if (r || !self->arch.trap) {
		spin_unlock(&vcore->lock);
		local_irq_enable();
		local_irq_disable();
		spin_lock(&vcore->lock);
	}
	if (!r)
		guest_timing_exit_irqoff();
	local_irq_enable();
	return r;
}
