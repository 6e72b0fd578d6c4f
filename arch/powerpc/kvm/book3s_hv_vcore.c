// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual cores: vcpus that take their turns together, on the hardware threads
 * of one core.
 *
 * Each vcpu's task offers its vcpu to the core (KVMHV_READY) and sleeps until
 * it gets it back (KVMHV_BUSY) with something to do for it.  One of these
 * tasks, the runner, takes all vcpus that are ready on trips into the guest;
 * those that are idle, too, so that a decrementer or an IPI does not have to
 * pull the core out for them.  A vcpu that becomes ready during a trip joins
 * it.  Documentation/virt/kvm/ppc-hv/vcores.rst.
 *
 * What few trips need is noinline, so that the others have less to save.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/cpu.h>
#include <linux/kvm_host.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <asm/cputhreads.h>
#include <asm/ftrace.h>
#include <asm/hw_irq.h>
#include <asm/interrupt.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_hv_thread.h>
#include <asm/kvm_ppc.h>
#include <asm/machdep.h>
#include <asm/switch_to.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"

/* A thread that has been called for this long and not come is broken */
#define THREAD_DEADLINE		(tb_ticks_per_sec)

/*
 * From a timer event in an idle host to a guest that goes on it takes some
 * thousand instructions.  An idle vcpu is woken that much before its decrementer
 * is due; should it be faster, real mode waits for the rest.
 */
#define WAKE_AHEAD_US		4

/* Of a task, what keeps it from a trip */
#define TRIP_NOT_NOW	(_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_NEED_RESCHED)

/* Trips for which user space keeps its registers unasked; a power of two */
#define VSX_KEEP		64

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

/* An H_CEDE ends here if there is a reason */
static noinline bool end_cede(struct kvm_vcpu *vcpu)
{
	if (!woken(vcpu))
		return false;
	vcpu->arch.ceded = 0;
	vcpu->arch.prodded = 0;
	vcpu->arch.hv.await_dec = wake_ahead();
	/* it only woke us; the guest's own decrementer does the rest */
	kvmppc_core_dequeue_dec(vcpu);
	return true;
}

/* Has it something to run? */
static inline bool runnable(struct kvm_vcpu *vcpu)
{
	return !vcpu->arch.ceded || end_cede(vcpu);
}

/* The vcpu in slot @i of a virtual core, if there is one and it is in @state */
static struct kvm_vcpu *vcpu_in(struct kvm_hv_vcore *vcore, unsigned long i,
				enum kvmhv_state state)
{
	struct kvm_vcpu *vcpu = READ_ONCE(vcore->vcpu[i]);

	return vcpu && vcpu->arch.hv.state == state ? vcpu : NULL;
}

static unsigned long nr_slots(const struct kvm_hv_vcore *vcore)
{
	return READ_ONCE(vcore->nr_slots);
}

static noinline void wake_task(struct kvm_vcpu *vcpu)
{
	rcuwait_wake_up(kvm_arch_vcpu_get_wait(vcpu));
}

/* Back to its task, with @error or a trap to be handled */
static void make_busy(struct kvm_vcpu *vcpu, int error)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	hv->error = error;
	hv->called_since = 0;
	hv->runnable_since = 0;
	WRITE_ONCE(hv->leave, false);
	/* Pairs with the load in turn_over(): then it may read the rest */
	smp_store_release(&hv->state, KVMHV_BUSY);
	if (vcpu != hv->vcore->runner)	/* whose task does this */
		wake_task(vcpu);
}

static void expect_back(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	if (vcore->nr_slots == 1)
		return;		/* nobody would wait for it */
	vcpu->arch.hv.expected = true;
	vcore->nr_busy++;
}

static void not_expected(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.hv.expected)
		return;
	vcpu->arch.hv.expected = false;
	if (!--vcore->nr_busy && vcore->runner)
		wake_task(vcore->runner);	/* from wait_for_busy() */
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

/* The same where the leader is taken, or need not be the one */
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
 * A hardware thread for the vcpu: the leader, then the lowest one that is free;
 * where guests can see thread numbers, the one they expect.
 */
static struct kvmhv_thread *pick_thread(struct kvm_hv_vcore *vcore,
					struct kvm_vcpu *vcpu)
{
	if (!vcore->threads_used &&
	    (threads_per_core == 1 || !kvmhv_cpu->fixed_threads))
		return vcore->leader;
	return pick_sibling(vcore, vcpu);
}

/*
 * READY to IN.  The thread looks at thread->vcpu once it has joined the core;
 * all else about the vcpu is written before.
 */
static bool put_in(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvmhv_thread *thread = pick_thread(vcore, vcpu);
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	if (!thread)
		return false;
	if (hv->called_since)
		WRITE_ONCE(vcore->threads_late,
			   vcore->threads_late | KVMHV_MAP_IN(thread->nr));
	/* The leader reads it when the map is OPEN, to call those who missed that */
	WRITE_ONCE(vcore->threads_used,
		   vcore->threads_used | KVMHV_MAP_IN(thread->nr));
	hv->trap = 0;
	vcpu->arch.last_inst = KVM_INST_FETCH_FAILED;
	hv->lpcr = kvmhv_vcpu_lpcr(vcpu);
	hv->state = KVMHV_IN;
	WRITE_ONCE(hv->thread, thread);
	if (READ_ONCE(hv->vpa.gpa))
		kvmhv_vpa_enter(vcpu);
	/* Pairs with serve() and wait_in_core() in real mode */
	smp_store_release(&thread->vcpu, vcpu);
	return true;
}

/* What most trips end with: the guest itself wants something */
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
	case 0:		/* its core left before it could begin */
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

/* Has the thread that was called for this vcpu been away for too long? */
static noinline bool thread_lost(struct kvm_vcpu *vcpu,
				 struct kvmhv_thread *thread)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u64 now = mftb();

	if (!hv->called_since)
		hv->called_since = now;
	if (now - hv->called_since < THREAD_DEADLINE)
		return false;
	pr_err_ratelimited("CPU %d does not come when it is called to run a guest; online it, and offline it again\n",
			   thread->cpu);
	return true;
}

/* IN to READY, or to BUSY if its task has to see to it */
static void take_out(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvmhv_thread *thread = hv->thread;
	bool hosts = trap_is_hosts(hv->trap);

	WRITE_ONCE(thread->vcpu, NULL);
	WRITE_ONCE(hv->thread, NULL);
	/* Pairs with kvmhv_kick_vcpu(): it sees no thread, or we its reason */
	smp_mb();
	vcpu->arch.trap = hv->trap;
	if (READ_ONCE(hv->vpa.gpa))
		kvmhv_vpa_exit(vcpu);
	if (hv->trap)
		++vcpu->stat.sum_exits;
	if (hv->trap && hosts)
		kvmhv_handle_exit(vcpu);	/* only counts it */
	if (hosts)
		vcpu->arch.trap = 0;

	if (hv->trap || vcpu->arch.ceded)
		hv->called_since = 0;

	if (!hv->trap && !vcpu->arch.ceded && thread_lost(vcpu, thread)) {
		make_busy(vcpu, -ETIMEDOUT);
	} else if (hosts && !READ_ONCE(hv->leave) &&
		   !kvm_request_pending(vcpu) && !kvmhv_vpa_missing(vcpu)) {
		hv->state = KVMHV_READY;
		hv->runnable_since = vcpu->arch.ceded ? 0 : mftb();
	} else {
		if (!hosts)
			expect_back(vcore, vcpu);
		make_busy(vcpu, 0);
	}
}

/*
 * Interrupts that the processor considers taken once it has left the guest
 * for them.  Level-triggered ones (external, decrementer) need nothing: they
 * come again as soon as interrupts are on, unless real mode has accepted one.
 */
static void replay_host_interrupt(struct kvm_vcpu *vcpu,
				  struct kvmhv_thread *thread)
{
	if (thread->xirr)
		local_paca->irq_happened |= PACA_IRQ_EE;
	if (!vcpu || trap_is_guests(vcpu->arch.hv.trap))
		return;
	switch (vcpu->arch.hv.trap) {
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

/* All that are ready: runnable ones first, they get the lower threads */
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
			put_in(vcore, vcpu);
		else if (vcpu)
			idle = true;
	}
	for (i = 0; idle && i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu)
			put_in(vcore, vcpu);
	}
	vcore->open = true;
}

/*
 * User space's FP, VMX and VSX registers make room for the guest's.  Most trips
 * end in user space, so the first one of a KVM_RUN keeps them in the place this
 * returns, which takes a fourth of what it costs to give them up and get them
 * back.  A task that has one more trip gives them up for all to come (NULL).
 *
 * Once in a while they are given up without a head start in getting them back:
 * whom they are no use between two exits does not pay for them.
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
 * by RCU, so RCU has to watch, here for all threads.  The cond_resched() after
 * each trip, or user space, is its quiescent state.
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
	guest_timing_enter_irqoff();
	keep = keep_vsx(self);

	/* real-mode code calls functions that can be traced, MMU off */
	ftrace = this_cpu_get_ftrace_enabled();
	this_cpu_disable_ftrace();
	kvmhv_enter_core(vcore, keep);
	srr_regs_clobbered();	/* lest the way to user space trusts them */
	this_cpu_set_ftrace_enabled(ftrace);

	spin_lock(&vcore->lock);
	vcore->open = false;
	replay_host_interrupt(leader->vcpu, leader);
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_IN);
		if (vcpu)
			take_out(vcore, vcpu);
	}
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

static bool mmu_ready(struct kvm *kvm)
{
	/* Pairs with kvmhv_mmu_setup() */
	return smp_load_acquire(&kvm->arch.hv.mmu_ready);
}

/* The other threads of the core, if it has any */
static bool borrow_threads(struct kvmhv_thread *leader)
{
	return threads_per_core == 1 ||
	       kvmhv_borrow_threads(leader->core, leader->cpu);
}

static void return_threads(struct kvmhv_thread *leader)
{
	if (threads_per_core > 1)
		kvmhv_return_threads(leader->core);
}

/*
 * The runner's last checks, and the trip.  vcore->lock held, given up meanwhile.
 * Returns 0, -EAGAIN if the host or the vcpu's task has something to do first,
 * -EBUSY if a sibling thread cannot be had, -ENXIO if there is no HPT to run
 * with.
 */
static int try_trip(struct kvm_vcpu *self)
{
	struct kvm_hv_vcore *vcore = self->arch.hv.vcore;
	struct kvmhv_thread *leader;
	int r = -EAGAIN;

	hard_irq_disable();

	/*
	 * Pairs with kvm_vcpu_kick() and kvm_make_all_cpus_request(): who
	 * changes something after the checks below sees the mode and sends an
	 * IPI, which ends the trip at once.
	 */
	smp_store_mb(self->mode, IN_GUEST_MODE);

	leader = local_paca->kvm_hstate.kvm_thread;
	if ((read_thread_flags() & TRIP_NOT_NOW) || lazy_irq_pending() ||
	    kvm_request_pending(self)) {
		r = -EAGAIN;
	} else if (!mmu_ready(vcore->kvm)) {
		r = -ENXIO;
	} else if (!leader || !borrow_threads(leader)) {
		r = -EBUSY;
	} else {
		vcore->leader = leader;
		core_trip(vcore, self, leader);
		return_threads(leader);
		r = 0;
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

/* Somebody else has to run the core, or nobody can: all set their timers */
static noinline void hand_over_to_others(struct kvm_hv_vcore *vcore)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (!vcpu || !runnable(vcpu))
			continue;
		wake_task(vcpu);
		return;
	}
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_READY);
		if (vcpu)
			wake_task(vcpu);
	}
}

static inline void hand_over(struct kvm_hv_vcore *vcore)
{
	/* Who asks is awake, and there may be nobody else */
	if (!vcore->runner && vcore->nr_slots > 1)
		hand_over_to_others(vcore);
}

/* To a thread that runs already, or to the runner's next trip */
static void make_ready(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	not_expected(vcore, vcpu);
	hv->state = KVMHV_READY;
	if (runnable(vcpu) && !hv->runnable_since)
		hv->runnable_since = mftb();
	if (vcore->open && put_in(vcore, vcpu))
		kvmhv_wake_thread(hv->thread);
}

/* Work for the vcpu's task, whatever the core does */
static inline bool task_wanted(struct kvm_vcpu *vcpu)
{
	return signal_pending(current) || kvm_request_pending(vcpu);
}

/* Has the task something to do, with the vcpu in the state it is in? */
static bool turn_over(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	switch (smp_load_acquire(&hv->state)) { /* see make_busy() */
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
 * Sleep until the vcpu is BUSY again or its task is needed otherwise; for an
 * idle one at most until its decrementer is due.  Out of the srcu section: who
 * changes memslots does not wait for idle guests.
 */
static noinline void wait_turn(struct kvm_vcpu *vcpu)
{
	struct rcuwait *wait = kvm_arch_vcpu_get_wait(vcpu);
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	bool timer = READ_ONCE(hv->state) == KVMHV_READY && vcpu->arch.ceded;
	u64 expires = READ_ONCE(vcpu->arch.dec_expires);
	s64 ticks;

	if (timer) {
		ticks = max(dec_remaining(vcpu) - wake_ahead(), 0LL);
		hrtimer_start(&vcpu->arch.dec_timer,
			      ktime_add_ns(ktime_get_real(), tb_to_ns(ticks)),
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
		if (READ_ONCE(hv->state) == KVMHV_READY && vcpu->arch.ceded &&
		    (!timer || READ_ONCE(vcpu->arch.dec_expires) != expires))
			break;	/* the core stopped under it: set the timer */
		/* kvm_vcpu_kick() only wakes the task: pass it on */
		if (kvmhv_interrupt_pending(vcpu))
			call_thread(vcpu);
		schedule();
	}
	finish_rcuwait(wait);
	if (timer)
		hrtimer_cancel(&vcpu->arch.dec_timer);
	kvm_vcpu_srcu_read_lock(vcpu);
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
 * Between two trips: let go who waits for the core, for memslots or for the CPU.
 * vcore->lock held, given up meanwhile.
 */
static noinline void breathe(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self)
{
	spin_unlock(&vcore->lock);
	kvm_vcpu_srcu_read_unlock(self);
	cond_resched();
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
			r = try_trip(self);
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
