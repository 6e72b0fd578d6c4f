/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tasks of a virtual core: BUSY, READY, IN, and who runs the core.
 *
 * Models, in arch/powerpc/kvm/book3s_hv_vcore.c: kvmhv_vcore_turn(), run_core(),
 * make_ready(), hand_over(), wait_turn(), turn_over(), wait_for_busy(),
 * kvmhv_kick_vcpu(), kvmhv_vcore_away(); in book3s_hv_vcore.h: make_busy(); in
 * book3s_hv_trip.c: kvmhv_try_trip(), core_trip() with assign_threads() and
 * take_out(), kvmhv_put_in().  Of the core itself (core.pml) only what ends a turn.
 *
 * The host's tick and the end of wait_for_busy() come last, when nothing else
 * can happen: what was left undone by then is an error.
 */
#ifndef M
#define M	2
#endif
#ifndef ROUNDS
#define ROUNDS	2
#endif
#ifndef LAST
#define LAST	ROUNDS		/* of the last task */
#endif
#ifndef EVENTS
#define EVENTS	2
#endif
#ifndef EARLY
#define EARLY	0		/* timers that expire before the decrementer is due */
#endif

#define BUSY	0
#define READY	1
#define IN	2

bool locked;			/* vcore->lock */
byte runner;			/* vcore->runner: task + 1, or 0 */
bool open, in_trip, kicked, tick, jiffy;
byte nr_busy, running;
byte state[M];
bool ceded[M], due[M];		/* due: the guest's decrementer */
bool pend[M];			/* prodded, or an interrupt */
bool ipi[M];			/* the thread has been called */
bool leave[M], expected[M];
bool sig[M];			/* a signal for the task */
bool asleep[M], deaf[M];	/* deaf: TASK_UNINTERRUPTIBLE */
byte expires[M];		/* a name for the decrementer's value */
bool timer[M], fired[M];
byte set_for[M];		/* what the timer was set for */
bool trap[M], was_cede[M];	/* what the turn ended with */
bool waits[M];			/* in wait_for_busy() */
bool home[M];			/* in user space for good */
byte rounds[M] = ROUNDS;
byte events = EVENTS, early = EARLY;

#define lock()		atomic { !locked -> locked = 1 }
#define unlock()	locked = 0
#define wake_task(i)	asleep[i] = 0
#define task_wanted(i)	(sig[i])
#define TIMER_DUE(i)	(timer[i] && !fired[i] && \
			 (due[i] || set_for[i] != expires[i]))
#define WOKEN(i)	(pend[i] || due[i])

/* runnable(): an H_CEDE ends here if there is a reason */
inline end_cede(i)
{
	if
	:: ceded[i] && WOKEN(i) ->
		ceded[i] = 0;
		pend[i] = 0;
		expires[i] = expires[i] + due[i];
		due[i] = 0
	:: else
	fi
}

inline any_runnable()
{
	atomic {
		any = 0; x = 0;
		do
		:: x < M && state[x] == READY ->
			end_cede(x);
			any = any || !ceded[x];
			x++
		:: x < M && state[x] != READY -> x++
		:: x >= M -> break
		od;
		x = 0
	}
}

inline make_busy(i)
{
	atomic { leave[i] = 0; state[i] = BUSY; wake_task(i) }
}

inline not_expected(i)
{
	atomic {
		if
		:: expected[i] ->
			expected[i] = 0;
			nr_busy--;
			if
			:: nr_busy == 0 && runner -> wake_task(runner - 1)
			:: else
			fi
		:: else
		fi
	}
}

inline put_in(i)
{
	state[i] = IN
}

inline make_ready()
{
	not_expected(me);
	atomic {
		if
		:: open -> put_in(me); ipi[me] = 1
		:: else -> state[me] = READY
		fi
	}
}

/* Another task has to run the core; if none can, all set their timers */
inline hand_over()
{
	if
	:: runner
	:: else ->
		any_runnable();
		atomic {
			x = 0;
			do
			:: x < M && any && state[x] == READY && !ceded[x] ->
				wake_task(x); break
			:: x < M && !(any && state[x] == READY && !ceded[x]) ->
#ifndef BUG_IDLE_TIMER
				if
				:: !any && state[x] == READY -> wake_task(x)
				:: else
				fi;
#endif
				x++
			:: x >= M -> break
			od;
			x = 0
		}
	fi
}

/* IN to READY, or to BUSY */
inline take_out(i)
{
	if
	:: trap[i] -> expected[i] = 1; nr_busy++; make_busy(i)
#ifndef BUG_TAKE_OUT
	:: !trap[i] && leave[i] -> make_busy(i)
	:: !trap[i] && !leave[i] -> state[i] = READY
#else
	:: !trap[i] -> state[i] = READY
#endif
	fi
}

#define AWAKE(i)	(state[i] == IN && !ceded[i])
#if M == 2
#define NR_AWAKE	(AWAKE(0) + AWAKE(1))
#else
#define NR_AWAKE	(AWAKE(0) + AWAKE(1) + AWAKE(2))
#endif

/* What can happen to a vcpu that is IN, or be done by it */
#define GUEST(i) \
	:: atomic { state[i] == IN && ipi[i] -> ipi[i] = 0; \
		    if \
		    :: leave[i] -> kicked = 1 \
		    :: else -> end_cede(i) \
		    fi } \
	:: atomic { state[i] == IN && ceded[i] && due[i] -> end_cede(i) } \
	:: atomic { AWAKE(i) && pend[i] -> pend[i] = 0 } \
	:: atomic { AWAKE(i) && due[i] -> due[i] = 0; expires[i]++ } \
	:: atomic { AWAKE(i) && rounds[i] -> rounds[i]--; /* H_CEDE */ \
		    if \
		    :: NR_AWAKE > 1 -> ceded[i] = 1; end_cede(i) \
		    :: else -> trap[i] = 1; was_cede[i] = 1; kicked = 1 \
		    fi } \
	:: atomic { AWAKE(i) && rounds[i] -> rounds[i]--; /* a trap */ \
		    trap[i] = 1; kicked = 1 }

/* All IN vcpus, until one of them has to leave: kicked */
inline guest_runs()
{
	do
	:: tick || kicked || NR_AWAKE == 0 -> break
	GUEST(0)
	GUEST(1)
#if M > 2
	GUEST(2)
#endif
	od
}

inline core_trip()
{
	lock();
	atomic {
		x = 0;
		do
		:: x < M && state[x] == READY -> end_cede(x); put_in(x); ipi[x] = 0; x++
		:: x < M && state[x] != READY -> x++
		:: x >= M -> break
		od;
		x = 0;
		open = 1
	};
	unlock();
	guest_runs();
	lock();
	open = 0;
	atomic {
		y = 0;
		do
		:: y < M && state[y] == IN -> take_out(y); y++
		:: y < M && state[y] != IN -> y++
		:: y >= M -> break
		od;
		y = 0
	};
	unlock()
}

inline wait_for_busy()
{
	asleep[me] = 1;
	if
	:: nr_busy && !task_wanted(me) ->
		waits[me] = 1;
		!asleep[me];
		waits[me] = 0
	:: else
	fi;
	asleep[me] = 0;
	if
	:: jiffy ->
		jiffy = 0;
		lock();
		atomic {
			y = 0;
			do
			:: y < M -> not_expected(y); y++
			:: else -> break
			od;
			y = 0
		};
		unlock()
	:: else
	fi
}

/* The lock is held */
inline run_core()
{
	runner = me + 1;
	running++;
	assert(running == 1);
	do
	:: if
	   :: state[me] == READY && !task_wanted(me) -> any_runnable()
	   :: else -> any = 0
	   fi;
	   if
	   :: !any -> break
	   :: else
	   fi;
	   unlock();
	   if
	   :: nr_busy -> wait_for_busy()
	   :: else ->
		/* kvmhv_try_trip(): the mode, then the last checks */
		kicked = 0; tick = 0;
		in_trip = 1;
		if
		:: !task_wanted(me) -> core_trip()
		:: else
		fi;
		in_trip = 0
	   fi;
	   lock()
	od;
	running--;
	runner = 0
}

/* any = the task has something to do */
inline turn_over()
{
	atomic {
		if
		:: state[me] == BUSY -> any = 1
		:: state[me] == IN -> any = !leave[me] && task_wanted(me)
		:: state[me] == READY ->
			any = task_wanted(me) ||
			      (!runner && (!ceded[me] || WOKEN(me)))
		fi
	}
}

inline call_thread(i)
{
	atomic {
		if
		:: state[i] == IN -> ipi[i] = 1
		:: else
		fi
	}
}

inline wait_turn()
{
	atomic {
		timer[me] = (state[me] == READY && ceded[me]);
		fired[me] = 0;
		set_for[me] = expires[me]
	};
	do
	:: atomic { asleep[me] = 1; deaf[me] = leave[me] };
	   turn_over();
	   if
	   :: any -> break
	   :: else
	   fi;
#ifndef BUG_TIMER
	   if
	   :: state[me] == READY && ceded[me] &&
#ifdef BUG_OLD_TIMER
	      !timer[me] -> break
#else
	      (!timer[me] || set_for[me] != expires[me]
#ifndef BUG_EARLY
	       || fired[me]
#endif
	      ) -> break
#endif
	   :: else
	   fi;
#endif
#ifndef BUG_KICK
	   if
	   :: pend[me] -> call_thread(me)
	   :: else
	   fi;
#endif
end_sleep:
	   !asleep[me];		/* schedule() */
#ifdef BUG_KICK
	   if
	   :: pend[me] -> call_thread(me)
	   :: else
	   fi
#endif
	od;
	atomic { asleep[me] = 0; deaf[me] = 0; timer[me] = 0 }
}

proctype Task(byte me)
{
	bool any;
	byte x, y;

again:
	/* KVM_RUN, or on the way to it again */
	if
	:: sig[me] ->
		sig[me] = 0;
		lock();
		not_expected(me);
		unlock()
	:: else
	fi;
	if
	:: rounds[me] -> rounds[me]--
	:: else -> goto away
	fi;
	atomic {
		if
		:: was_cede[me] -> ceded[me] = 1
		:: else
		fi;
		trap[me] = 0;
		was_cede[me] = 0
	};
	lock();
	make_ready();
	do
	:: state[me] == BUSY -> break
	:: else ->
		if
		:: state[me] == IN && task_wanted(me) && !leave[me] ->
			leave[me] = 1;
#ifndef BUG_LEAVE
			call_thread(me)
#endif
		:: state[me] == IN && !(task_wanted(me) && !leave[me])
		:: state[me] == READY ->
			any_runnable();
			if
#ifdef BUG_RUNNER
			:: any ->
#else
			:: !runner && any ->
#endif
				run_core();
				if
				:: state[me] == BUSY
				:: state[me] == READY && task_wanted(me) ->
					make_busy(me)
				:: state[me] == READY && !task_wanted(me) ->
					hand_over()
				fi;
				goto next
			:: else ->
				if
				:: task_wanted(me) ->
					make_busy(me);
					goto next
				:: else
				fi
			fi
		fi;
		unlock();
		wait_turn();
		lock();
next:		skip
	od;
#ifndef BUG_LAST_HAND_OVER
	hand_over();
#endif
	unlock();
	goto again;

away:
	home[me] = 1;
end_away:
	sig[me] -> sig[me] = 0; goto end_away
}

proctype Events()
{
	byte i;

	do
	:: atomic { events > 0 -> events-- };
	   atomic { select(i : 0 .. M - 1) };
	   if
	   :: /* kvmhv_kick_vcpu(): an interrupt, H_PROD */
	      pend[i] = 1;
	      atomic {
		if
		:: state[i] == IN -> ipi[i] = 1
		:: else -> wake_task(i)
		fi
	      }
	   :: /* kvm_vcpu_kick() knows of the runner only */
	      pend[i] = 1;
	      atomic {
		if
		:: asleep[i] -> wake_task(i)
		:: !asleep[i] && runner == i + 1 && in_trip -> kicked = 1
		:: else
		fi
	      }
	   :: /* a signal */
	      atomic {
		sig[i] = 1;
		if
		:: asleep[i] && !deaf[i] -> wake_task(i)
		:: else
		fi;
		if
		:: runner == i + 1 && in_trip -> kicked = 1
		:: else
		fi
	      }
	   :: due[i] = 1
	   :: skip
	   fi
	:: /* dec_timer */
	   atomic { TIMER_DUE(0) -> fired[0] = 1; wake_task(0) }
	:: atomic { TIMER_DUE(1) -> fired[1] = 1; wake_task(1) }
#if M > 2
	:: atomic { TIMER_DUE(2) -> fired[2] = 1; wake_task(2) }
#endif
#if EARLY
	:: /* the host's clock runs faster than the timebase */
	   atomic { early && timer[0] && !fired[0] -> early--; fired[0] = 1; wake_task(0) }
	:: atomic { early && timer[1] && !fired[1] -> early--; fired[1] = 1; wake_task(1) }
#endif
	:: atomic {
		timeout ->
		assert(!locked);
		i = 0;
		do
		:: i < M ->
			/* a vcpu that could run, and no task runs it */
			assert(!(state[i] == READY && !runner &&
				 (!ceded[i] || WOKEN(i))));
			/* it naps, and was not told */
			assert(!(state[i] == IN && ceded[i] && pend[i]));
			/* a task that does not get its vcpu back */
			assert(!(sig[i] && !waits[i]));
			i++
		:: else -> break
		od;
		i = 0;
		if
		:: in_trip -> assert(!tick); tick = 1
		:: !in_trip && runner ->
			assert(waits[runner - 1] && !jiffy);
			jiffy = 1; wake_task(runner - 1)
		:: else -> break
		fi
	   }
	od
}

init {
	byte i;

	atomic {
		rounds[M - 1] = LAST;
		do
		:: i < M ->
			if
			:: ceded[i] = 1
			:: skip
			fi;
			run Task(i);
			i++
		:: else -> break
		od;
		run Events();
		i = 0
	}
}
