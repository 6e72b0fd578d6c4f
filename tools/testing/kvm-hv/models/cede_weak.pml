/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An idle vcpu and those who wake it, with memory as POWER has it (weak.pml).
 *
 * Models, in arch/powerpc/kvm: kvmhv_rm_h_cede(), kvmhv_rm_h_prod(), nap() and
 * end_cede() of book3s_hv_rm_cede.c, kvmhv_take_prod() of book3s_hv_intr.h,
 * kvmhv_rm_take_ipi() of book3s_hv_rm_nap.c; call_thread(), run_core() and
 * wait_turn() of book3s_hv_vcore.c, take_out() of book3s_hv_trip.c, h_cede() and
 * h_prod() of book3s_hv_hcall.c.
 *
 * SCENE 1: a vcpu in H_CEDE on its thread, another one that makes H_PROD, and
 * other reasons to wake.  The guest of the first waits for the other's DATA, and
 * looks each time it wakes.
 * SCENE 2: the thread goes back to the host while an interrupt or H_PROD comes.
 * SCENE 3: the runner of a core stops, the task of another vcpu sleeps.
 *
 * NO_* leaves out a barrier, BUG_* is what kvmhv_take_prod() must not be.  An invalid
 * end state is a wake-up that was lost.
 */
#ifndef SCENE
#define SCENE	1
#endif

#define T	3
#define A	7
#define CEDED	0
#define PROD	1		/* vcpu->arch.prodded */
#define PEND	2		/* vcpu->arch.pending_exceptions */
#define THREAD	3		/* hv->thread; it runs the vcpu */
#define RUNNER	4		/* vcore->runner; it is another one */
#define DATA	5		/* the guest's own */
#define MFRR	6		/* the IPI of the thread of the vcpu, a level */
#include "weak.pml"

bool asleep;			/* the task of the vcpu: wake_up_process() */
bool dec = 1;			/* the decrementer may come once, at any time */

#if SCENE == 1
/* end_cede(), kvmhv_take_prod() */
inline end_cede()
{
	store(0, CEDED, 0);
#ifdef BUG_END_CEDE
	store(0, PROD, 0)
#else
	load(0, PROD, x);
	if
	:: x ->
#ifdef BUG_END_CEDE_STORE
		store(0, PROD, 0)
#else
		atomic { FREE(0, PROD) -> rmw(0, PROD, 0) }
#endif
	:: else
	fi
#endif
}

/* reason = 1: woken(); the decrementer is looked at in the processor */
inline woken()
{
	load(0, PEND, x);
	reason = x;
	load(0, PROD, x);
	reason = reason | x;
	if
	:: dec -> dec = 0; reason = 1
	:: skip
	fi
}

/* The vcpu's thread */
proctype Idle()
{
	byte x;
	bool reason;

	do
	::
		isync(0);		/* rfid to the guest */
		load(0, DATA, x);
		if
		:: x == 2 -> break
		:: else
		fi;
		/* kvmhv_rm_h_cede() */
		store(0, CEDED, 1);
#ifndef NO_CEDE
		sync(0);
#endif
		woken();
		do
		:: reason -> break
		:: else ->
			/* kvmhv_rm_nap(), kvmhv_rm_take_ipi() */
			atomic { mem[MFRR] || dec -> look(0) };
			store(0, MFRR, 0);
#ifndef NO_TAKE
			sync(0);
#endif
			woken()
		od;
		end_cede()
	od
}

/* kvmhv_rm_h_prod() by vcpu @t, on a thread of the same core */
proctype Prod(byte t; byte add)
{
	byte x;

	atomic { mem[DATA] == add; look(t) };	/* one after the other */
	store(t, DATA, add + 1);
#ifndef NO_PROD_BEFORE
	lwsync(t);			/* smp_store_release() */
#endif
	store(t, PROD, 1);
#ifndef NO_PROD
	sync(t);
#endif
	load(t, CEDED, x);
	if
	:: x ->
		/* kvmhv_rm_wake_thread() */
#ifndef NO_RM_WAKE
		sync(t);
#endif
		store(t, MFRR, 1)
	:: else
	fi
}

init {
	atomic {
		start_memory();
		run Idle();
		run Prod(1, 0);
		run Prod(2, 1)
	}
}
#endif

#if SCENE == 2
/*
 * The vcpu has ceded, its task sleeps, and its thread leaves the guest.  take_out()
 * is on the thread that leads the core: that of the runner's task, which looks
 * afterwards for a vcpu to run.
 */
proctype Runner()
{
	byte x, y;

	store(0, THREAD, 0);
#ifndef NO_TAKE_OUT
	sync(0);
#endif
	/* any_runnable(), hand_over() */
	load(0, PEND, x);
	load(0, PROD, y);
	if
	:: x || y -> asleep = 0
	:: else
	fi
}

/* kvmhv_kick_vcpu() for an interrupt; also kvmhv_rm_h_ipi() */
proctype Kick()
{
	byte x;

	/* set_bit() */
	atomic { FREE(1, PEND) -> rmw(1, PEND, 1) };
#ifndef NO_CALL
	sync(1);
#endif
	load(1, THREAD, x);
	if
	:: x -> store(1, MFRR, 1)	/* in vain: the thread leaves */
	:: else -> asleep = 0		/* rcuwait_wake_up() */
	fi;
	timeout;
	assert(!asleep)
}

/* kvmhv_rm_h_prod(), that finds no thread and then is h_prod() of the module */
proctype Prod()
{
	byte x;

	store(2, PROD, 1);
#ifndef NO_PROD
	sync(2);
#endif
	load(2, CEDED, x);
	if
	:: x ->
		load(2, THREAD, x);
		if
		:: x -> store(2, MFRR, 1)
		:: else -> asleep = 0
		fi
	:: else
	fi;
	timeout;
	assert(!asleep)
}

init {
	atomic {
		start_memory();
		mem[THREAD] = 1;
		mem[CEDED] = 1;
		seen[THREAD] = 1; seen[A + THREAD] = 1; seen[2 * A + THREAD] = 1;
		seen[CEDED] = 1; seen[A + CEDED] = 1; seen[2 * A + CEDED] = 1;
		asleep = 1;
		run Runner();
#ifdef KICK
		run Kick()
#else
		run Prod()
#endif
	}
}
#endif

#if SCENE == 3
/* run_core(), then hand_over_to_others() */
proctype Runner()
{
	byte x;

	/* the last any_runnable() */
	load(0, PROD, x);
	if
	:: x -> goto runs
	:: else
	fi;
	store(0, RUNNER, 0);
#ifndef NO_RUNNER
	sync(0);
#endif
	load(0, PROD, x);
	if
	:: x -> asleep = 0		/* rcuwait_wake_up() */
	:: else
	fi;
runs:
	skip
}

/* wait_turn() of an idle vcpu: it sleeps on if a task runs the core */
proctype Sleeper()
{
	byte x, y;

	do
	::
		asleep = 1;
		/* set_current_state() */
#ifndef NO_STATE
		sync(1);
#endif
		load(1, RUNNER, y);
		load(1, PROD, x);
		if
		:: !y && x -> asleep = 0; break
		:: else
		fi;
end_asleep:
		!asleep
	od
}

/* h_prod() of the module */
proctype Prod()
{
	byte x;

	store(2, PROD, 1);
#ifndef NO_PROD
	sync(2);
#endif
	/* rcuwait_wake_up() */
	asleep = 0;
	/* no task runs the core, there is a reason to, and all sleep */
	timeout;
	assert(mem[RUNNER] || !asleep)
}

init {
	atomic {
		start_memory();
		mem[RUNNER] = 1;
		seen[RUNNER] = 1; seen[A + RUNNER] = 1; seen[2 * A + RUNNER] = 1;
		run Runner();
		run Sleeper();
		run Prod()
	}
}
#endif
