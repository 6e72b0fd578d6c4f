// SPDX-License-Identifier: GPL-2.0-only
/*
 * A core in a guest's partition: threads come, run a vcpu each, and leave.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled, on
 * the thread that leads the core (the online one) and on the offline ones it
 * has borrowed.  It may touch the linear mapping only: no vmalloc or ioremap
 * addresses, no module text or data, no printk, tracing or lockdep, no lock
 * whose holder can sleep, nothing that faults.
 *
 * All threads of a core must be in the same partition, and MMU-on code of the
 * host counts as one.  So the leader borrows all offline threads of the core
 * (MMU on, kvmhv_borrow_threads()): they are in nap or on their way to it,
 * MMU off, and stay so while the core is LENT.  Then it switches the partition
 * alone, opens the map and wakes those that have a vcpu to run.  Any thread
 * that must leave makes the core EXITING and calls the others out.  When the
 * last one is out the leader switches back.
 *
 * What few trips need is noinline, so that the others have less to save.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_hv_tlbie.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include <asm/switch_to.h>

#include "book3s_hv_thread.h"

/* Timebase ticks in a microsecond, as on all processors we know (512 MHz) */
#define TB_PER_US		512
/* How long the leader waits for threads that missed the trip before */
#define ENTER_TOGETHER		(20 * TB_PER_US)
/* When to call those once more that do not leave */
#define CALL_AGAIN		(1000 * TB_PER_US)
/*
 * How often a thread looks whether others have left before it goes on without them:
 * about a second.  Not by the timebase: that may have stopped.
 */
#define GIVE_UP_ROUNDS		10000000

/* The bits of the timebase that mtspr TBU40 does not write */
#define TB_LOW			(BIT(24) - 1)

static struct kvmhv_thread *sibling(const struct kvmhv_thread *thread, int nr)
{
	return paca_ptrs[thread->cpu - thread->nr + nr]->kvm_hstate.kvm_thread;
}

static void call_threads(const struct kvmhv_thread *thread, u32 in)
{
	in &= ~KVMHV_MAP_IN(thread->nr);
	for (; in; in &= in - 1)
		kvmhv_rm_wake_thread(sibling(thread, __ffs(in)));
}

/*
 * The core leaves the guest; the thread that says so first calls the others (EXITING).
 * The barrier that this takes is in kvmhv_rm_wake_thread().
 */
static void begin_exit(const struct kvmhv_thread *thread)
{
	u32 old = atomic_fetch_or_relaxed(KVMHV_MAP_EXITING, &thread->core->map);
	u32 others = old & KVMHV_MAP_IN_ALL & ~KVMHV_MAP_IN(thread->nr);

	if (others && !(old & KVMHV_MAP_EXITING))
		call_threads(thread, others);
}

/**
 * kvmhv_rm_begin_exit - a vcpu's turn is over, so its core's is
 *
 * Called by assembly as early as possible: the others leave while this thread
 * saves its guest's state.
 *
 * Context: MMU off, guest partition.
 */
void kvmhv_rm_begin_exit(void)
{
	begin_exit(kvmhv_this_thread());
}

/* JOIN: false if the core has begun to leave, or has not begun to enter */
static bool join_core(const struct kvmhv_thread *thread)
{
	int old = atomic_read(&thread->core->map);

	do {
		if ((old & (KVMHV_MAP_OPEN | KVMHV_MAP_EXITING)) !=
		    KVMHV_MAP_OPEN)
			return false;
	} while (!atomic_try_cmpxchg(&thread->core->map, &old,
				     old | KVMHV_MAP_IN(thread->nr)));
	return true;
}

/*
 * OUT: the guest's state is in memory.  No thread may be left to nap alone, for
 * HDEC does not end naps; a thread that goes says so in the same step, lest it ends
 * the next trip.  The last one wakes the leader if that naps until all are out;
 * if it waits without, an IPI would only become an interrupt of the host.
 */
static void part_core(const struct kvmhv_thread *thread)
{
	u32 me = KVMHV_MAP_IN(thread->nr) | KVMHV_MAP_NAP(thread->nr);
	atomic_t *map = &thread->core->map;
	int leader = thread->core->leader;
	int old = atomic_read(map);
	u32 left, in;

	/* A full barrier: the leader reads what we saved */
	do {
		left = old & ~me;
		in = left & KVMHV_MAP_IN_ALL;
		if (in && !(in & ~(left >> KVMHV_MAP_NAP_SHIFT)))
			left |= KVMHV_MAP_EXITING;
	} while (!atomic_try_cmpxchg(map, &old, left));

	if (in && left & ~old & KVMHV_MAP_EXITING)
		call_threads(thread, in);
	else if (!in && left & KVMHV_MAP_NAP(leader))
		kvmhv_rm_wake_thread(sibling(thread, leader));
}

/* One vcpu's turn on this thread, guest partition in force, kvmhv_enable_fp() */
static inline void run_vcpu(struct kvm_vcpu *vcpu)
{
	kvmhv_load_fp(vcpu);
	kvmhv_rm_save_slb();
	kvmhv_run_thread(vcpu);
	kvmhv_enable_fp();
	kvmhv_store_fp(vcpu);
}

/*
 * A borrowed thread has been called.  What it shall run is looked at after it
 * has joined: then the leader cannot have taken it back.
 */
static void serve(struct kvmhv_thread *thread)
{
	struct kvm_vcpu *vcpu;

	if (!READ_ONCE(thread->vcpu) || !join_core(thread))
		return;
	/*
	 * Perhaps another one, put in just now: what kvmhv_put_in() wrote before is
	 * seen because its address depends on this.
	 */
	vcpu = READ_ONCE(thread->vcpu);
	if (vcpu) {
		kvmhv_enable_fp();
		run_vcpu(vcpu);
		/* an offline thread has no use for its decrementer */
		mtspr(SPRN_DEC, DEC_MAX);
		mtspr(SPRN_CTRLT, 0);
	}
	/* R and C that this thread has set go to the guest's table: SDR1 is next */
	kvmhv_ptesync();
	part_core(thread);
}

/* Back to the MMU-on world; not while a guest has the core */
static bool withdraw(struct kvmhv_thread *thread)
{
	int old = atomic_read(&thread->core->lend);

	do {
		if (old & KVMHV_LEND_LENT)
			return false;
	} while (!atomic_try_cmpxchg(&thread->core->lend, &old, old &
				     ~KVMHV_LEND_OFFERED(thread->nr)));
	return true;
}

static bool lent(const struct kvmhv_core *core)
{
	return atomic_read(&core->lend) & KVMHV_LEND_LENT;
}

static bool offered(const struct kvmhv_thread *thread)
{
	return atomic_read(&thread->core->lend) & KVMHV_LEND_OFFERED(thread->nr);
}

/*
 * No trip begins after this.  True if there is one, whose end has to be awaited before
 * the MMU goes on.
 */
static bool stop_offering(const struct kvmhv_thread *thread)
{
	return atomic_fetch_andnot(KVMHV_LEND_OFFERED(thread->nr), &thread->core->lend) &
	       KVMHV_LEND_LENT;
}

/* Have the core leave the guest, from a thread that is not in it */
static void end_trip(const struct kvmhv_thread *thread)
{
	u32 map = atomic_read(&thread->core->map);
	int leader = thread->core->leader;

	/* Before OPEN the leader would not see EXITING */
	if ((map & (KVMHV_MAP_OPEN | KVMHV_MAP_EXITING)) != KVMHV_MAP_OPEN)
		return;
	begin_exit(thread);
	if (atomic_read(&thread->core->map) & KVMHV_MAP_NAP(leader))
		kvmhv_rm_wake_thread(sibling(thread, leader));
}

/**
 * kvmhv_rm_await_host - have partition and timebase be the host's, for firmware
 *
 * Firmware that handles a maintenance interrupt may set the timebase to what the host's
 * should be, and may want all threads of the core in its handler.  So the core leaves
 * the guest before, and does not enter one until the thread is OFFERED again.  Of a
 * core that does not leave the thread has waited GIVE_UP_ROUNDS.
 *
 * Context: MMU off, interrupts disabled; not IN.  Called by power7_idle_insn() as well,
 * also on a thread that is online: that is not OFFERED, nor its core LENT.
 */
void kvmhv_rm_await_host(void)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	unsigned long rounds = GIVE_UP_ROUNDS;
	u8 mode = local_paca->kvm_hstate.in_guest;

	if (!thread || !offered(thread))
		return;
	WRITE_ONCE(thread->in_firmware, KVMHV_FIRMWARE_TRIES);
	if (!stop_offering(thread))
		return;
	local_paca->kvm_hstate.host_msr = MSR_KERNEL;
	local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_HOST_HV;
	while (rounds && lent(thread->core)) {
		end_trip(thread);
		HMT_low();
		rounds--;
	}
	HMT_medium();
	smp_mb(); /* all that the leader did comes before */
	local_paca->kvm_hstate.in_guest = mode;
}

/* What kvmhv_rm_thread_woken() does while an error of this thread is KVM's business */
static bool woken(struct kvmhv_thread *thread, unsigned long *srr1)
{
	bool reset;

	/* power7_idle_insn() has dealt with a maintenance interrupt */
	reset = (*srr1 & kvmhv_wake_mask()) == SRR1_WAKERESET;
	if (kvmhv_rm_take_ipi(thread) == KVMHV_IPI_NONE && !reset) {
		if (lent(thread->core))
			serve(thread);
		if (unlikely(thread->events & KVMHV_EVENT_HMI)) {
			kvmhv_rm_await_host();
			kvmhv_rm_handle_hmi();
		}
		reset = thread->events & KVMHV_EVENT_RESET;
		thread->events = 0;
		/* What came while it ran the guest ends no other nap */
		if (!thread->xirr && !reset)
			return true;
	}
	/*
	 * The host wants its thread back: wait for the end of the leader's
	 * trip, which the host's next timer event ends at the latest.
	 */
	while (!withdraw(thread))
		HMT_low();
	HMT_medium();
	WRITE_ONCE(thread->sleeps, false);
	WRITE_ONCE(thread->deep, false);
	WRITE_ONCE(thread->in_firmware, 0);
	if (reset)
		*srr1 = (*srr1 & ~kvmhv_wake_mask()) | SRR1_WAKERESET;
	else if (thread->xirr)
		*srr1 = (*srr1 & ~kvmhv_wake_mask()) | SRR1_WAKEEE;
	return false;
}

/**
 * kvmhv_rm_thread_offer - an offline thread is about to idle
 * @type: the state the host would have it in: nap or a deeper one
 *
 * While there are VMs the thread naps, and may be used for guests (OFFERED).  What a
 * deeper state loses comes back from what the thread has found before, so it neither
 * begins nor ends in a guest's partition: SDR1 and LPCR would be the guest's, and
 * then the host's again beneath threads that run the guest.
 *
 * Context: MMU off, interrupts disabled, by power7_offline().
 * Return: the state to enter, nap or @type.
 */
unsigned long kvmhv_rm_thread_offer(unsigned long type)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();

	if (!thread || !thread->icp)
		return type;
	/* functions called from here on can be traced, MMU off */
	this_cpu_disable_ftrace();
	if (type != PNV_THREAD_NAP) {
		WRITE_ONCE(thread->sleeps, true);
		WRITE_ONCE(thread->deep, true);
		smp_mb(); /* Pairs with kvmhv_claim_cores() */
		if (!atomic_read(&kvmhv_vms) && withdraw(thread)) {
			local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_NONE;
			return type;
		}
		WRITE_ONCE(thread->deep, false);
	}
	WRITE_ONCE(thread->in_firmware, 0);
	/*
	 * The partition may become a guest's, now and between two naps: nothing of
	 * Linux's may turn the MMU on
	 */
	local_paca->kvm_hstate.host_msr = MSR_KERNEL;
	local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_HOST_HV;
	smp_mb__before_atomic(); /* all that was done with the MMU on */
	atomic_or(KVMHV_LEND_OFFERED(thread->nr), &thread->core->lend);
	return PNV_THREAD_NAP;
}

/**
 * kvmhv_rm_thread_woken - an offline thread has woken up
 * @srr1: of the wake-up; when the thread goes back to the host, of the wake-up that
 *	the host has to hear of
 *
 * Runs a vcpu if that was what the thread was called for.
 *
 * If an interrupt of the host was accepted instead of KVM's IPI (thread->xirr) the
 * host hears of a wake-up by an external interrupt, whatever ended the nap.  Only
 * then its idle code asks kvmppc_get_xics_latch(), deals with the device as with any
 * that interrupts an offline CPU, and ends the interrupt, which reopens the CPPR.  A
 * system reset goes before it, also one that hit the thread in the guest.
 *
 * Context: MMU off, interrupts disabled, by power7_offline().
 * Return: true if the thread shall nap again: only KVM wanted it.
 */
bool kvmhv_rm_thread_woken(unsigned long *srr1)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	bool again;

	if (!thread || !thread->icp)
		return false;
	again = woken(thread, srr1);
	if (!again) {
		local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_NONE;
		this_cpu_enable_ftrace();
	}
	return again;
}

/*
 * The leader has no vcpu to run; the host's interrupts still come here.  Naps
 * until the core leaves (NULL), or a vcpu joins on this thread.  If nobody
 * ever comes in, the host's decrementer ends it.
 */
static noinline struct kvm_vcpu *wait_in_core(struct kvmhv_thread *thread)
{
	u32 nap = KVMHV_MAP_NAP(thread->nr);
	atomic_t *map = &thread->core->map;
	struct kvmhv_nap_sprs sprs;
	struct kvm_vcpu *vcpu;
	unsigned long srr1;

	kvmhv_keep_nap_sprs(&sprs);
	for (;;) {
		vcpu = READ_ONCE(thread->vcpu);
		if (vcpu && join_core(thread))
			break;
		vcpu = NULL;
		/* Pairs with part_core(): it sees NAP, or we see EXITING */
		if (atomic_fetch_or(nap, map) & KVMHV_MAP_EXITING)
			break;
		srr1 = kvmhv_rm_nap(&sprs);
		atomic_andnot(nap, map);
		if (kvmhv_rm_note_wakeup(thread, srr1) ||
		    kvmhv_rm_take_ipi(thread) == KVMHV_IPI_HOST ||
		    (s32)mfspr(SPRN_DEC) < 0)
			begin_exit(thread);
	}
	atomic_andnot(nap, map);
	kvmhv_nap_sprs_back(&sprs);
	kvmhv_enable_fp();
	return vcpu;
}

/**
 * shift_timebase - add an offset to the timebase of this core
 * @delta: ticks to add; a multiple of 2^24
 *
 * mtspr TBU40 writes the upper 40 bits of the timebase and leaves the lower 24
 * counting, so that the write loses no tick (ISA 2.06 Book III-S, "Time Base").
 * A carry from the lower bits between the read and the write is lost; lower
 * bits that are smaller afterwards show it.  They carry once in 2^24 ticks, so
 * one more write is enough.
 *
 * Context: MMU off, ISA 2.06 or later, interrupts disabled, the only thread of
 * the core that uses the timebase.
 */
static void shift_timebase(unsigned long delta)
{
	unsigned long tb = mftb() + delta;

	mtspr(SPRN_TBU40, tb);
	if (unlikely((mftb() & TB_LOW) < (tb & TB_LOW)))
		mtspr(SPRN_TBU40, tb + TB_LOW + 1);
}

/*
 * The core is the host's again, and its offline threads with it: they come when the
 * host calls them for a dump.  One thread does it, should several give up.
 */
static void abandon_guest(struct kvmhv_core *core)
{
	struct kvm_hv_vcore *vcore = xchg(&core->vcore, NULL);

	if (vcore) {
		if (core->tb_shift)
			shift_timebase(-core->tb_shift);
		core->tb_shift = 0;
		kvmhv_cpu->leave_partition(vcore, vcore->kvm->arch.hv.host_control);
	}
	smp_mb__before_atomic(); /* the partition comes before */
	atomic_andnot(KVMHV_LEND_LENT, &core->lend);
}

/*
 * Not all have left, or a sibling had a maintenance interrupt, after which firmware
 * wants to see the leader, too.
 *
 * No thread is left behind: the partition must not be taken away from under one.
 * All of them were called, which ends their turns within the time it takes to save
 * their state.  A thread that has not left after GIVE_UP_ROUNDS is broken, and so is
 * its core: the leader goes back to the host's partition all the same, to panic.
 */
static noinline void wait_for_others(struct kvmhv_thread *thread)
{
	struct kvmhv_core *core = thread->core;
	unsigned long called = mftb(), rounds = 0, left = GIVE_UP_ROUNDS;
	u32 map, in;

	for (;;) {
		map = atomic_read(&core->map);
		in = map & KVMHV_MAP_IN_ALL;
		if (!in || !left--)
			break;
		HMT_low();
		if (!kvmhv_time_left(called, CALL_AGAIN, &rounds)) {
			call_threads(thread, in);
			called = mftb();
			rounds = 0;
		}
	}
	HMT_medium();
	smp_mb(); /* then read what they saved */
	if (map & KVMHV_MAP_HMI)
		thread->events |= KVMHV_EVENT_HMI;
	if (in) {
		abandon_guest(core);
		kvmhv_rm_panic(in);
	}
}

/*
 * Wake the threads that have a vcpu.  The leader does not wait for them as a rule: what the
 * leader's vcpu does meanwhile is gained.  But a leader that leaves sooner than
 * they come would keep them out for good, so those that missed the trip before
 * (@late) get the time to come in.
 */
static noinline void start_others(struct kvmhv_thread *thread, u32 wanted,
				  u32 late)
{
	unsigned long start, rounds = 0;

	call_threads(thread, wanted);
	if (!late)
		return;
	start = mftb();
	while ((atomic_read(&thread->core->map) & late) != late &&
	       kvmhv_time_left(start, ENTER_TOGETHER, &rounds))
		HMT_low();
	HMT_medium();
}

/* The host's decrementer becomes the hypervisor decrementer for the while */
static unsigned long lend_decrementer(void)
{
	long dec = (s32)mfspr(SPRN_DEC);

	mtspr(SPRN_HDEC, dec);
	return mftb() + dec;
}

static void return_decrementer(unsigned long expires)
{
	mtspr(SPRN_HDEC, DEC_MAX);
	mtspr(SPRN_DEC, expires - mftb());
}

/**
 * kvmhv_rm_run_core - one trip of a core into a guest
 * @vcore: the virtual core
 * @keep: where FP, VMX and VSX registers are kept meanwhile; NULL: they need not be kept
 *
 * Called by assembly on the thread that leads the core.
 *
 * Context: MMU off, MSR[FP], [VEC] and [VSX] on, host partition, core LENT, in_guest
 * HOST_HV.
 */
void kvmhv_rm_run_core(struct kvm_hv_vcore *vcore, struct kvmhv_vsx_regs *keep)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	struct kvmhv_core *core = thread->core;
	unsigned long expires, host_control, tb_shift;
	struct kvm_vcpu *vcpu;
	u32 others, me;

	core->vcore = vcore;		/* for kvmhv_rm_give_up(), from here on */
	if (keep)
		kvmhv_vsx_keep(keep);
	expires = lend_decrementer();
	host_control = kvmhv_cpu->enter_partition(vcore);
	kvmhv_rm_enter_prepare(vcore->kvm);
	tb_shift = READ_ONCE(vcore->tb_offset);
	if (tb_shift) {
		shift_timebase(tb_shift);
		core->tb_shift = tb_shift;
	}

	vcpu = READ_ONCE(thread->vcpu);
	smp_mb(); /* the partition comes before the threads */
	atomic_set(&core->map, KVMHV_MAP_OPEN |
		   (vcpu ? KVMHV_MAP_IN(thread->nr) : 0));
	smp_mb(); /* a vcpu that is put in too late to be seen here sees OPEN */
	others = READ_ONCE(vcore->threads_used) & ~KVMHV_MAP_IN(thread->nr);
	if (others)
		start_others(thread, others, READ_ONCE(vcore->threads_late) & others);

	if (!vcpu)
		vcpu = wait_in_core(thread);
	if (vcpu)
		run_vcpu(vcpu);		/* EXITING now */
	/* Then read what the others saved; of this thread they want nothing */
	me = KVMHV_MAP_IN(thread->nr) | KVMHV_MAP_NAP(thread->nr);
	others = atomic_fetch_andnot_acquire(me, &core->map) & ~me;
	if (others & (KVMHV_MAP_IN_ALL | KVMHV_MAP_HMI))
		wait_for_others(thread);

	if (tb_shift) {
		core->tb_shift = 0;
		shift_timebase(-tb_shift);
	}
	kvmhv_cpu->leave_partition(vcore, host_control);
	core->vcore = NULL;
	return_decrementer(expires);
	if (keep)
		kvmhv_vsx_back(keep);
}

/* A guest's keys would keep the host from its own pages */
static void drop_keys(void)
{
	if (cpu_has_feature(CPU_FTR_ARCH_206))
		mtspr(SPRN_AMR, 0);
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		mtspr(SPRN_IAMR, 0);
}

/* Until no thread of @in is in the guest any more */
static void await_threads(const struct kvmhv_core *core, u32 in)
{
	unsigned long rounds = GIVE_UP_ROUNDS;

	while (rounds-- && atomic_read(&core->map) & in)
		HMT_low();
	HMT_medium();
}

/*
 * Until the leader is in the host's partition, which it must not leave again beside a
 * thread with its MMU on: the offer is withdrawn in the same step.  False if it does
 * not come.
 */
static bool await_leader(struct kvmhv_thread *thread)
{
	unsigned long rounds = GIVE_UP_ROUNDS;
	bool there;

	while (!(there = withdraw(thread)) && rounds--)
		HMT_low();
	HMT_medium();
	return there;
}

/**
 * kvmhv_rm_give_up - real mode cannot go on: back to the host's partition, to panic
 *
 * A machine check or a system reset hit the hypervisor's code on this thread.  There is
 * nothing to return to, but siblings may be in the guest: their guest's state is not
 * lost, and they must not find themselves in another partition.  Siblings may give up
 * at the same time: a thread that does says first of all that it is out.
 *
 * Called by assembly.
 *
 * Context: MMU off, emergency stack.
 * Return: the threads that have not left, as bits of their numbers; the partition has
 * been taken from under them.
 */
unsigned long kvmhv_rm_give_up(void)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	struct kvmhv_core *core = thread->core;
	u32 others = KVMHV_MAP_IN_ALL & ~KVMHV_MAP_IN(thread->nr);
	bool leads = thread->nr == core->leader;

	drop_keys();
	begin_exit(thread);
	if (!leads) {
		part_core(thread);
		if (await_leader(thread))
			return 0;
	}
	/* The leader, or what is to be done without it */
	await_threads(core, others);
	others &= atomic_read(&core->map);
	abandon_guest(core);
	if (!leads)
		withdraw(thread);
	return others;
}
