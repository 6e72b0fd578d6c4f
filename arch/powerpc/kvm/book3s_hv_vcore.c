// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual cores: vcpus that take their turns together, on the hardware threads
 * of one core.  This file has the states of the vcpus and the tasks that wait;
 * a trip into the guest is book3s_hv_trip.c.
 *
 * Each vcpu's task offers its vcpu to the core (KVMHV_READY) and sleeps until
 * it gets it back (KVMHV_BUSY) with something to do for it.  One of these
 * tasks, the runner, takes all vcpus that are ready on trips into the guest;
 * idle vcpus too, so that a decrementer or an IPI does not have to pull the
 * core out for them.  A vcpu that becomes ready during a trip joins it.
 * Documentation/virt/kvm/ppc-hv/vcores.rst.
 *
 * Cold paths are noinline to shorten the prologue of the hot one.
 */
#include <linux/kvm_host.h>
#include <linux/rcupdate.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_hv_thread.h>
#include <asm/kvm_ppc.h>
#include <asm/time.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"
#include "book3s_hv_vcore.h"
#include "book3s_hv_watch.h"

/*
 * From a timer event in an idle host to a guest that goes on it takes some
 * thousand instructions.  An idle vcpu is woken that much before its decrementer
 * is due; should it be faster, real mode waits for the rest.
 */
#define WAKE_AHEAD_US		4

static s64 wake_ahead(void)
{
	return WAKE_AHEAD_US * tb_ticks_per_usec;
}

/* Guest timebase until the decrementer is due; negative when it is */
static s64 dec_remaining(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.dec_expires -
	       (mftb() + vcpu->arch.hv.vcore->tb_offset);
}

/* A doorbell that came when the core was on its way out (POWER8) */
static bool doorbell_pending(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;

	return READ_ONCE(vcore->dpdes) &
	       BIT(vcpu->vcpu_id - vcore->first_id);
}

static bool woken(struct kvm_vcpu *vcpu)
{
	return kvmhv_interrupt_pending(vcpu) || doorbell_pending(vcpu) ||
	       READ_ONCE(vcpu->arch.prodded) ||
	       dec_remaining(vcpu) <= wake_ahead();
}

/*
 * Since when a vcpu is kept from running that is runnable now, and was BUSY or idle:
 * for as long as its task has waited for a CPU of the host since then.  The task is
 * in KVM_RUN.  It may be that it waited before already: then less than that counts.
 */
static u64 kept_since(const struct kvm_hv_vcpu *hv)
{
	s64 delay = kvmhv_run_delay(hv->task) - hv->delay;
	u64 now = mftb();
	u64 ticks;

	if (likely(delay <= 0))	/* below: another task in the place of one that is gone */
		return now;
	ticks = (u64)delay / NSEC_PER_USEC * tb_ticks_per_usec;
	return now - min(ticks, now - hv->delay_at);
}

/**
 * kvmhv_end_cede - end the H_CEDE of a vcpu if there is a reason to
 * @vcpu: a vcpu with vcpu->arch.ceded set, KVMHV_READY
 *
 * Context: MMU on; vcore->lock held.
 * Return: true if the vcpu is runnable now.
 */
noinline bool kvmhv_end_cede(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	lockdep_assert_held(&hv->vcore->lock);
	if (!woken(vcpu))
		return false;
	vcpu->arch.ceded = 0;
	kvmhv_take_prod(vcpu);
	/* The runner's task waits for others than its own idle vcpu */
	hv->runnable_since = vcpu == hv->vcore->runner ? mftb() : kept_since(hv);
	hv->await_dec = wake_ahead();
	/* It only ended the wait; the guest's own decrementer does the rest */
	kvmppc_core_dequeue_dec(vcpu);
	return true;
}

/**
 * kvmhv_wake_task - wake the task of a vcpu that sleeps in KVM_RUN
 * @vcpu: the vcpu; the task looks at its state and at vcore->runner
 *
 * Context: MMU on; any, interrupts off included.
 */
noinline void kvmhv_wake_task(struct kvm_vcpu *vcpu)
{
	rcuwait_wake_up(kvm_arch_vcpu_get_wait(vcpu));
}

static void not_expected(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.hv.expected)
		return;
	vcpu->arch.hv.expected = false;
	if (!--vcore->nr_busy && vcore->runner)
		kvmhv_wake_task(vcore->runner);	/* from wait_for_busy() */
}

/**
 * kvmhv_vcore_join - give a new vcpu its place in a virtual core
 * @vcpu: the vcpu; kvm->arch.smt_mode vcpu ids in a row make a core
 *
 * Context: process.  kvm->lock held.
 * Return: 0, -ENOMEM, or -EEXIST if there is a vcpu of that id: the caller of
 * this looks for it too late, when the place would be taken over.
 */
int kvmhv_vcore_join(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	u32 nr = vcpu->vcpu_id % kvm->arch.smt_mode;
	u32 first_id = vcpu->vcpu_id - nr;
	struct kvm_hv_vcore *vcore;

	lockdep_assert_held(&kvm->lock);
	list_for_each_entry(vcore, &kvm->arch.hv.vcores, list)
		if (vcore->first_id == first_id)
			goto found;

	vcore = kzalloc(sizeof(*vcore), GFP_KERNEL_ACCOUNT);
	if (!vcore)
		return -ENOMEM;
	vcore->kvm = kvm;
	vcore->first_id = first_id;
	vcore->lpcr = kvmhv_cpu->guest_lpcr & kvmhv_cpu->lpcr_writable;
	spin_lock_init(&vcore->lock);
	list_add(&vcore->list, &kvm->arch.hv.vcores);
found:
	if (vcore->vcpu[nr])
		return -EEXIST;
	vcore->nr_vcpus++;
	vcpu->arch.hv.vcore = vcore;
	WRITE_ONCE(vcore->vcpu[nr], vcpu);
	if (nr >= vcore->nr_slots)
		WRITE_ONCE(vcore->nr_slots, nr + 1);
	return 0;
}

/**
 * kvmhv_vcore_part - a vcpu goes away
 * @vcpu: the vcpu; no longer reachable by others
 *
 * Context: process.
 */
void kvmhv_vcore_part(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	struct kvm *kvm = vcpu->kvm;

	spin_lock(&vcore->lock);
	not_expected(vcore, vcpu);
	WRITE_ONCE(vcore->vcpu[vcpu->vcpu_id - vcore->first_id], NULL);
	spin_unlock(&vcore->lock);
	/* Real mode may have found it there, in the course of a trip */
	synchronize_srcu_expedited(&kvm->srcu);

	mutex_lock(&kvm->lock);
	if (!--vcore->nr_vcpus) {
		list_del(&vcore->list);
		kfree(vcore);
	}
	mutex_unlock(&kvm->lock);
}

/* Is there a vcpu that wants to run? */
static bool any_runnable(struct kvm_hv_vcore *vcore)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu && runnable(vcpu))
			return true;
	}
	return false;
}

/* Wake a task that can run the core; if there is none, all to set their timers */
static noinline void hand_over_to_others(struct kvm_hv_vcore *vcore)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (!vcpu || !runnable(vcpu))
			continue;
		kvmhv_wake_task(vcpu);
		return;
	}
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu)
			kvmhv_wake_task(vcpu);
	}
}

static inline void hand_over(struct kvm_hv_vcore *vcore)
{
	/* The task that calls this is awake, and it may be the only one */
	if (!vcore->runner && vcore->nr_slots > 1)
		hand_over_to_others(vcore);
}

/* To a thread that runs already, or to the runner's next trip */
static void make_ready(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	not_expected(vcore, vcpu);
	hv->state = KVMHV_READY;
	if (hv->task != current || vcpu->arch.ceded) {
		hv->task = current;
		kvmhv_note_delay(hv);
	}
	if (runnable(vcpu) && !hv->runnable_since)
		hv->runnable_since = kept_since(hv);
	if (vcore->open && kvmhv_put_in(vcore, vcpu))
		kvmhv_wake_thread(hv->thread);
}

/* Work for the vcpu's task, whatever the core does */
static inline bool task_wanted(struct kvm_vcpu *vcpu)
{
	return signal_pending(current) || kvm_request_pending(vcpu);
}

/*
 * Has the task something to do, with the vcpu in the state it is in?  A hint, without
 * vcore->lock, which the caller takes then.
 */
static bool turn_over(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	switch (READ_ONCE(hv->state)) {
	case KVMHV_BUSY:
		return true;
	case KVMHV_IN:
		return !READ_ONCE(hv->leave) && task_wanted(vcpu);
	default:
		return task_wanted(vcpu) ||
		       (!READ_ONCE(hv->vcore->runner) &&
			(!vcpu->arch.ceded || woken(vcpu)));
	}
}

/* Have the thread that runs the vcpu look for what there is; false: none */
static bool call_thread(struct kvm_vcpu *vcpu)
{
	struct kvmhv_thread *thread;

	/* Pairs with take_out() and kvmhv_rm_h_cede() */
	smp_mb();
	thread = READ_ONCE(vcpu->arch.hv.thread);
	if (!thread || !thread->icp)
		return false;
	kvmhv_wake_thread(thread);
	return true;
}

/*
 * Must an idle vcpu's timer be set, or set once more?  It has none if the core
 * stopped under the vcpu; one for another time if the vcpu was in the core
 * meanwhile; or one that has expired already, since NTP may make the host's
 * clock run faster than the timebase.
 */
static bool timer_stale(struct kvm_vcpu *vcpu, bool timer, u64 expires)
{
	return READ_ONCE(vcpu->arch.hv.state) == KVMHV_READY &&
	       vcpu->arch.ceded &&
	       (!timer || READ_ONCE(vcpu->arch.dec_expires) != expires ||
		!hrtimer_is_queued(&vcpu->arch.dec_timer));
}

/*
 * Sleep until the vcpu is BUSY again or its task is needed otherwise; for an
 * idle one at most until its decrementer is due.  Out of the srcu section, so
 * that a change of memslots does not wait for idle guests.
 */
static noinline void wait_turn(struct kvm_vcpu *vcpu)
{
	struct rcuwait *wait = kvm_arch_vcpu_get_wait(vcpu);
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	bool timer = READ_ONCE(hv->state) == KVMHV_READY && vcpu->arch.ceded;
	u64 expires = READ_ONCE(vcpu->arch.dec_expires);
	s64 ticks;

	if (static_branch_unlikely(&kvmhv_watched))
		kvmhv_watch_wait(vcpu, true);
	if (timer) {
		ticks = max(dec_remaining(vcpu) - wake_ahead(), 0LL);
		hrtimer_start(&vcpu->arch.dec_timer,
			      ktime_add_ns(ktime_get(), tb_to_ns(ticks)),
			      HRTIMER_MODE_ABS);
	}
	kvm_vcpu_srcu_read_unlock(vcpu);
	prepare_to_rcuwait(wait);
	for (;;) {
		/* Once called out of the core, signals have had their effect */
		set_current_state(READ_ONCE(hv->leave) ? TASK_UNINTERRUPTIBLE :
							 TASK_INTERRUPTIBLE);
		if (turn_over(vcpu))
			break;
		if (timer_stale(vcpu, timer, expires))
			break;	/* the caller comes again */
		/* kvm_vcpu_kick() only wakes the task: pass it on */
		if (kvmhv_interrupt_pending(vcpu))
			call_thread(vcpu);
		/* What ends the sleep of an idle vcpu is for the vcpu */
		if (READ_ONCE(hv->state) == KVMHV_READY && vcpu->arch.ceded)
			kvmhv_note_delay(hv);
		schedule();
	}
	finish_rcuwait(wait);
	if (timer)
		hrtimer_cancel(&vcpu->arch.dec_timer);
	kvm_vcpu_srcu_read_lock(vcpu);
	if (static_branch_unlikely(&kvmhv_watched))
		kvmhv_watch_wait(vcpu, false);
}

/*
 * A vcpu that is busy in the host gets the time to come back, a tick at most,
 * before its core runs on without it: it would have to compete for the CPU
 * otherwise, with those that it holds up.  vcore->lock held, given up meanwhile.
 */
static noinline void wait_for_busy(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self)
{
	struct rcuwait *wait = kvm_arch_vcpu_get_wait(self);
	struct kvm_vcpu *vcpu;
	long left = 1;
	unsigned long i;

	spin_unlock(&vcore->lock);
	kvm_vcpu_srcu_read_unlock(self);
	prepare_to_rcuwait(wait);
	set_current_state(TASK_INTERRUPTIBLE);
	if (READ_ONCE(vcore->nr_busy) && !task_wanted(self))
		left = schedule_timeout(1);
	finish_rcuwait(wait);
	kvm_vcpu_srcu_read_lock(self);
	spin_lock(&vcore->lock);
	for (i = 0; !left && i < nr_slots(vcore); i++) {
		vcpu = READ_ONCE(vcore->vcpu[i]);
		if (vcpu)
			not_expected(vcore, vcpu);
	}
}

/*
 * Between two trips: give way to tasks that wait for the core, for memslots, for
 * the CPU or for a quiescent state of RCU Tasks, which preemption is not.
 * vcore->lock held, given up meanwhile.
 */
static noinline void breathe(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self)
{
	spin_unlock(&vcore->lock);
	kvm_vcpu_srcu_read_unlock(self);
	cond_resched_tasks_rcu_qs();
	kvm_vcpu_srcu_read_lock(self);
	spin_lock(&vcore->lock);
}

/*
 * Run the core as long as this task is free to; vcore->lock held.  The caller
 * has looked whether it is, and whether there is a vcpu to run.
 */
static int run_core(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self)
{
	int r = 0;

	vcore->runner = self;
	do {
		if (vcore->nr_busy) {
			wait_for_busy(vcore, self);
		} else {
			r = kvmhv_try_trip(self);
			if (self->arch.hv.state == KVMHV_READY)
				breathe(vcore, self);
		}
		if (r && r != -EAGAIN)
			break;
		r = 0;
	} while (self->arch.hv.state == KVMHV_READY && !task_wanted(self) &&
		 any_runnable(vcore));
	WRITE_ONCE(vcore->runner, NULL);
	/* A task that has seen a runner sleeps; now look what it saw before */
	smp_mb();
	return r;
}

/**
 * kvmhv_vcore_turn - have a vcpu run, until its task has to do something
 * @vcpu: the vcpu; vcpu->arch.trap says afterwards what its guest wants, 0 for
 *	nothing: then a signal, a request or an area to be pinned is the reason
 *
 * Context: the vcpu's task, kvm_vcpu_srcu_read_lock() held, given up where it
 * sleeps.
 * Return: 0; -EBUSY if a sibling thread is online, -ETIMEDOUT if a hardware
 * thread does not come, -ENXIO if the MMU must be set up.
 */
int kvmhv_vcore_turn(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	int r = 0;

	vcpu->arch.trap = 0;
	spin_lock(&vcore->lock);
	make_ready(vcore, vcpu);
	while (hv->state != KVMHV_BUSY) {
		if (hv->state == KVMHV_IN) {
			if (task_wanted(vcpu) && !hv->leave) {
				WRITE_ONCE(hv->leave, true);
				kvmhv_wake_thread(hv->thread);
			}
		} else if (!vcore->runner &&
			   (runnable(vcpu) || any_runnable(vcore))) {
			r = run_core(vcore, vcpu);
			if (hv->state == KVMHV_BUSY)
				break;
			if (r || task_wanted(vcpu)) {
				make_busy(vcpu, 0);
				break;
			}
			hand_over(vcore);
			continue;
		} else if (task_wanted(vcpu)) {
			make_busy(vcpu, 0);
			break;
		}
		spin_unlock(&vcore->lock);
		wait_turn(vcpu);
		spin_lock(&vcore->lock);
	}
	hand_over(vcore);
	spin_unlock(&vcore->lock);
	return r ? : hv->error;
}

/**
 * kvmhv_vcore_away - a vcpu's task returns to user space, and does not come soon
 * @vcpu: the vcpu
 *
 * Context: the vcpu's task.
 */
void kvmhv_vcore_away(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;

	spin_lock(&vcore->lock);
	not_expected(vcore, vcpu);
	spin_unlock(&vcore->lock);
}

/**
 * kvmhv_kick_vcpu - there is something for a vcpu: an interrupt, H_PROD
 * @vcpu: the vcpu; the reason is in memory already
 *
 * Context: any.
 */
void kvmhv_kick_vcpu(struct kvm_vcpu *vcpu)
{
	if (!call_thread(vcpu))
		kvm_vcpu_kick(vcpu);
}
