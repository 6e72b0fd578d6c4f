/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tasks of a VM tell each other, with memory as POWER has it (weak.pml).
 *
 * SCENE 1: a vcpu takes an interrupt of the XICS (lower_line() and kvmhv_rm_h_xirr() of
 * arch/powerpc/kvm/book3s_hv_rm_xics.c) while another one sends it one
 * (update_icp()), for what it has stored before.  stcx. of the state is a store here that
 * others may see late.
 * SCENE 2: the HPT is replaced (kvmhv_hpt_quiesce(), kvmhv_mmu_setup() of
 * book3s_hv_hpt.c) while a task does KVM_RUN (count_running(), uncount_running() of
 * book3s_hv_run.c, mmu_ready() of book3s_hv_trip.c).
 * SCENE 3: a request for a vcpu whose task begins a trip (kvmhv_try_trip() of
 * book3s_hv_trip.c; kvm_vcpu_kick() and the like).
 *
 * NO_* leaves out a barrier.
 */
#ifndef SCENE
#define SCENE	1
#endif

#define T	2
#define A	4
#define STATE	0		/* SCENE 1: icp->state: there is an interrupt */
#define LINE	1		/* vcpu->arch.pending_exceptions */
#define DATA	2		/* what the interrupt is about */
#define READY	0		/* SCENE 2: hv->mmu_ready; 2: of the new table */
#define COUNT	1		/* hv->vcpus_running */
#define HPT	2		/* which table is set up */
#define HPTE	3		/* in the old table */
#define MODE	0		/* SCENE 3: vcpu->mode is IN_GUEST_MODE */
#define REQUEST	1		/* vcpu->requests */
#include "weak.pml"

#define START(a, val)	mem[a] = val; seen[a] = val; seen[A + (a)] = val

#if SCENE == 1
proctype Vcpu()
{
	byte x;

	/* clear_bit() */
	atomic { FREE(0, LINE) -> rmw(0, LINE, 0) };
#ifndef NO_LOWER
	sync(0);
#endif
	load(0, STATE, x);
	if
	:: x ->
		/* cmpxchg64_release() */
#ifndef NO_ACCEPT
		lwsync(0);
#endif
		atomic { FREE(0, STATE) -> rmw(0, STATE, 0) };
		load(0, DATA, x);
		assert(x)
	:: else
	fi
}

proctype Other()
{
	store(1, DATA, 1);
	/* cmpxchg64_release(), then set_bit() */
#ifndef NO_UPDATE
	lwsync(1);
#endif
	store(1, STATE, 1);
#ifndef NO_RAISE
	lwsync(1);
#endif
	atomic { FREE(1, LINE) -> rmw(1, LINE, 1) };
	timeout;
	assert(!mem[STATE] || mem[LINE])
}

init {
	atomic {
		start_memory();
		run Vcpu();
		run Other()
	}
}
#endif

#if SCENE == 2
bool in_use, replaced;

proctype Run()
{
	byte x, y;

	/* count_running(): atomic_inc() */
	atomic { FREE(0, COUNT) -> rmw(0, COUNT, 1) };
#ifndef NO_COUNT
	sync(0);
#endif
	load(0, READY, x);
#ifndef NO_READY
	lwsync(0);			/* smp_load_acquire() */
#endif
	if
	:: x == 1 ->
		in_use = 1;
		assert(!replaced);
		store(0, HPTE, 1);
		in_use = 0
	:: x == 2 ->
		load(0, HPT, y);
		assert(y == 2)
	:: else
	fi;
	/* uncount_running(): atomic_dec() */
#ifndef NO_UNCOUNT
	lwsync(0);			/* release */
#endif
	atomic { FREE(0, COUNT) -> rmw(0, COUNT, 0) }
}

proctype Replace()
{
	byte x;

	store(1, READY, 0);
#ifndef NO_QUIESCE
	sync(1);
#endif
	load(1, COUNT, x);
	if
	:: x -> store(1, READY, 1)	/* -EBUSY */
	:: else ->
		/* the old table is given back */
		replaced = 1;
		assert(!in_use && !WAITS(0, HPTE));
		store(1, HPT, 2);
#ifndef NO_SET_UP
		lwsync(1);		/* smp_store_release() */
#endif
		store(1, READY, 2)
	fi
}

init {
	atomic {
		start_memory();
		START(READY, 1);
		START(HPT, 1);
		run Run();
		run Replace()
	}
}
#endif

#if SCENE == 3
bool kicked;

proctype Trip()
{
	byte x;

	store(0, MODE, 1);
#ifndef NO_MODE
	sync(0);			/* smp_store_mb() */
#endif
	load(0, REQUEST, x);
	if
	:: x
	:: else -> kicked
	fi
}

proctype Request()
{
	byte x;

	/* kvm_make_request(): set_bit() */
	atomic { FREE(1, REQUEST) -> rmw(1, REQUEST, 1) };
#ifndef NO_REQUEST
	sync(1);
#endif
	load(1, MODE, x);
	if
	:: x -> kicked = 1
	:: else
	fi
}

init {
	atomic {
		start_memory();
		run Trip();
		run Request()
	}
}
#endif
