/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trips of a core of two threads, with memory as POWER has it (weak.pml).
 *
 * core.pml has the protocol with more threads, naps and a memory that is ordered;
 * this has the words that threads tell each other of, and the barriers.  Models, in
 * arch/powerpc/kvm: kvmhv_rm_run_core(), serve(), join_core(), part_core(),
 * begin_exit(), wait_for_others() and kvmhv_rm_thread_offer() of
 * book3s_hv_rm_vcore.c; kvmhv_borrow_threads(), kvmhv_return_threads() and
 * kvmhv_wake_thread() of book3s_hv_builtin_thread.c; kvmhv_put_in() and take_out() of
 * book3s_hv_trip.c; kvmhv_vcore_turn() of book3s_hv_vcore.c.
 *
 * Thread 0 leads the core, thread 1 is offline and borrowed.  Thread 2 is another
 * CPU: the task of the vcpu that thread 1 runs, which comes late or wants the vcpu
 * back.  NO_* leaves out a barrier.
 */
#ifndef TRIPS
#define TRIPS	2
#endif
#ifndef EVENTS
#define EVENTS	2
#endif

#define T	3
#define A	10
#define LEND	0		/* core->lend */
#define MAP	1		/* core->map */
#define LEADER	2		/* core->leader: the number of the trip here */
#define VCPU	3		/* thread->vcpu of thread 1 */
#define USED	4		/* vcore->threads_used */
#define INPUT	5		/* what the vcpu is given: registers and so on */
#define OUTPUT	6		/* what it leaves */
#define LEAVE	7		/* hv->leave */
#define MFRR	8		/* the IPI of thread 1, a level */
#define TB	9		/* the timebase is the guest's */
#define D	4
#include "weak.pml"

#define OFFERED	1
#define LENT	2

#define OPEN	1
#define EXITING	2
#define IN0	4
#define IN1	8

bool locked;			/* vcore->lock */
bool open;			/* vcore->open */
bool vin;			/* thread 1 has been given the vcpu */
bool inside;			/* guest instructions run on thread 1 */
bool tick, done;
bool away;			/* thread 1 is wanted by the host */
byte trip, output, events = EVENTS, exits;

/* spin_lock(); spin_unlock(), which is seen when all before it is */
#define lock(t)		atomic { !locked -> locked = 1; look(t) }
#define unlock(t)	atomic { DRAINED(t) -> locked = 0 }

/* kvmhv_put_in() by thread @t */
inline put_in(t)
{
	vin = 1;
	store(t, USED, 1);
	store(t, INPUT, trip);
#ifndef NO_PUT_IN
	lwsync(t);			/* smp_store_release() */
#endif
	store(t, VCPU, 1)
}

inline rm_wake()
{
#ifndef NO_RM_WAKE
	sync(0);
#endif
	store(0, MFRR, 1)
}

/* By another CPU; NO_WAKE: what xics_wake_cpu() does for itself is not enough */
inline wake()
{
#ifndef NO_WAKE
	sync(2);
#endif
	store(2, MFRR, 1)
}

proctype Leader()
{
	byte x;

	do
	:: trip < TRIPS ->
		/* kvmhv_borrow_threads(): atomic_try_cmpxchg() */
		atomic {
			DRAINED(0) && mem[LEND] == OFFERED ->
			rmw(0, LEND, OFFERED | LENT);
			look(0);
			trip++
		};
		store(0, LEADER, trip);
		/* core_trip() */
		lock(0);
		if
		:: put_in(0)
		:: skip
		fi;
		atomic { open = 1; tick = 0 };
		unlock(0);
		/* kvmhv_rm_run_core(): mtspr is not done before a barrier says so */
		store(0, TB, 1);
#ifndef NO_PARTITION
		sync(0);
#endif
		store(0, MAP, OPEN | IN0);
#ifndef NO_OPEN
		sync(0);
#endif
		load(0, USED, x);
		if
		:: x -> rm_wake()
		:: else
		fi;
		/* run_vcpu() */
		if
		:: tick || (mem[MAP] & EXITING)
		:: atomic { exits > 0 -> exits-- }
		fi;
		/* begin_exit(): atomic_fetch_or_relaxed() */
		atomic {
			FREE(0, MAP) ->
			x = mem[MAP];
			rmw(0, MAP, x | EXITING)
		};
		if
		:: (x & IN1) && !(x & EXITING) -> rm_wake()
		:: else
		fi;
		/* atomic_fetch_andnot_acquire() */
		atomic { FREE(0, MAP) -> rmw(0, MAP, mem[MAP] & ~IN0); x = mem[MAP] };
#ifndef NO_LAST
		isync(0);
#endif
		if
		:: x & IN1 ->
			/* wait_for_others() */
			atomic { !(mem[MAP] & IN1) -> seen[MAP] = mem[MAP] };
#ifndef NO_WAIT
			sync(0)
#endif
		:: else
		fi;
		assert(!inside);
		load(0, OUTPUT, x);
		assert(x == output);
		store(0, TB, 0);
		/* take_out() */
		lock(0);
		open = 0;
		store(0, VCPU, 0);
		store(0, LEAVE, 0);
		store(0, USED, 0);
		vin = 0;
		unlock(0);
		/* kvmhv_return_threads() */
		store(0, MAP, 0);
#ifndef NO_RETURN
		sync(0);
#endif
		atomic { FREE(0, LEND) -> rmw(0, LEND, mem[LEND] & ~LENT) }
	:: else -> break
	od;
	done = 1
}

/* kvmhv_rm_take_ipi() without the host's, of which ipi_weak.pml is */
inline take_ipi()
{
	store(1, MFRR, 0);
#ifndef NO_TAKE
	sync(1)
#else
	skip
#endif
}

/* join_core() */
inline join_core()
{
	load(1, MAP, x);
	do
	:: (x & (OPEN | EXITING)) != OPEN -> go = 0; break
	:: else ->
#ifdef NO_JOIN
		atomic { FREE(1, MAP) ->
#else
		atomic { DRAINED(1) ->
#endif
			if
			:: mem[MAP] == x ->
				rmw(1, MAP, x | IN1);
				go = 1
			:: else -> x = mem[MAP]; seen[A + MAP] = x; go = 0
			fi;
#ifndef NO_JOIN
			if
			:: go -> look(1)
			:: else
			fi
#endif
		};
		if
		:: go -> break
		:: else
		fi
	od
}

/* INPUT is in the vcpu: its address depends on thread->vcpu */
#ifdef NO_DEPENDENCY
#define LOAD_VCPU	load(1, VCPU, x)
#else
#define LOAD_VCPU	load_pointer(1, VCPU, x, INPUT)
#endif

/* serve() */
inline serve()
{
	LOAD_VCPU;
	if
	:: x -> join_core()
	:: else -> go = 0
	fi;
	if
	:: go ->
		LOAD_VCPU;
		if
		:: x ->
			assert(mem[TB]);
			load(1, INPUT, x);
			assert(x == trip);
			load(1, LEAVE, x);	/* kvmhv_rm_entry() */
			inside = !x;
			do
			:: !inside -> break
			:: inside && mem[MFRR] ->
				take_ipi();
				load(1, LEAVE, x);
				if
				:: x -> inside = 0
				:: else
				fi;
				load(1, MAP, x);
				if
				:: x & EXITING -> inside = 0
				:: else
				fi
			:: atomic { inside && exits > 0 -> exits--; inside = 0 }
			od;
			/* begin_exit() */
			atomic { FREE(1, MAP) -> rmw(1, MAP, mem[MAP] | EXITING) };
			output = !output;
			store(1, OUTPUT, output)
		:: else
		fi;
		load(1, LEADER, x);
		assert(x == trip);
		/* part_core() */
#ifdef NO_PART
		atomic { FREE(1, MAP) -> rmw(1, MAP, mem[MAP] & ~IN1) }
#else
		atomic { DRAINED(1) -> rmw(1, MAP, mem[MAP] & ~IN1); look(1) }
#endif
	:: else
	fi
}

/* power7_offline(); up: the host may want it once, and finds what it left */
proctype Thread()
{
	byte x;
	bool go, up = 1;

	do
	::
		/* kvmhv_rm_thread_offer() */
#ifndef NO_OFFER
		sync(1);
#endif
		atomic { FREE(1, LEND) -> rmw(1, LEND, mem[LEND] | OFFERED) };
end_nap:
		atomic { mem[MFRR] -> look(1) };
		take_ipi();
		if
		:: up ->
			up = 0;
			away = 1;
			/* withdraw(): atomic_try_cmpxchg() */
			atomic {
				DRAINED(1) && !(mem[LEND] & LENT) ->
				rmw(1, LEND, 0);
				look(1)
			};
			away = 0;
			/* the host's partition, and this may be the next leader */
			assert(!mem[TB] && !mem[MAP])
		:: skip
		fi;
		load(1, LEND, x);
		if
		:: x & LENT -> serve()
		:: else
		fi
	od
}

proctype Task()
{
	do
	:: atomic { events > 0 && !done -> events-- };
		lock(2);
		if
		:: open && !vin ->
			/* make_ready() */
			put_in(2);
			wake()
		:: open && vin ->
			/* kvmhv_vcore_turn() of a task that has a signal */
			store(2, LEAVE, 1);
			wake()
		:: !open
		fi;
		unlock(2)
	:: atomic {
		timeout ->
		/* it is to run, and no thread runs it */
		assert(!(vin && !away && (mem[MAP] & (OPEN | EXITING | IN1)) == OPEN));
		assert(!(inside && (mem[LEAVE] || (mem[MAP] & EXITING))));
		assert(done || !tick);
		if
		:: done -> break
		:: else -> tick = 1
		fi
	   }
	od
}

init {
	atomic {
		start_memory();
		if
		:: exits = 1
		:: skip
		fi;
		run Leader();
		run Thread();
		run Task()
	}
}
