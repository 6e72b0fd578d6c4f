/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A core in a guest's partition: lend and return, OPEN, join, EXITING, nap.
 *
 * Models, in arch/powerpc/kvm: book3s_hv_rm_vcore.c, _rm_nap.c and _rm_cede.c,
 * kvmhv_rm_entry() and external() of book3s_hv_rm_exit.c, borrow and return of
 * book3s_hv_builtin_thread.c, kvmhv_put_in() of book3s_hv_trip.c, `leave' of
 * book3s_hv_vcore.c, and the host's IPI that brings an offline thread back.
 *
 * Thread 0 leads the core.  Each vcpu has a thread of its own.  Events are
 * few and come at any time.  The host's timer (tick) comes last, when nothing
 * else can happen: whatever was left undone by then is an error, though a
 * tick would repair it.
 *
 * An error may hit a thread in real mode (ERRORS), which gives up: kvmhv_rm_give_up().
 * A thread may never leave the guest (LOSSES).  Waits that count their rounds end when
 * nothing else can happen, also not by a tick or an interrupt of the host (late).
 *
 * The options BUG_* put an error in that spin must find.
 */
#ifndef N
#define N	3
#endif
#ifndef TRIPS
#define TRIPS	2
#endif
#ifndef EVENTS
#define EVENTS	2
#endif
#ifndef EXITS
#define EXITS	2
#endif
#ifndef ERRORS
#define ERRORS	0
#endif
#ifndef LOSSES
#define LOSSES	0
#endif
#define BIT(i)	(1 << (i))

/* kvmhv_core: lend, map, taken apart */
byte OFFERED, IN, NAP;
bool LENT, OPEN, EXITING;

bool guest;			/* whose partition it is */
bool mmu[N];			/* MSR[IR, DR] of the thread */
bool mfrr[N];			/* an IPI is pending in the ICP: a level */
bool host_ipi[N];		/* ... and it is the host's */
bool up[N];			/* the host wants the thread online */
bool asked;			/* ... some thread */
bool tick;			/* HDEC, and the leader's DEC, are negative */

byte wanted;			/* vcore->wanted */
byte first;			/* what it was when the trip began */
bool vopen;			/* vcore->open */
bool vcpu[N];			/* thread->vcpu */
bool ceded[N], reason[N];	/* reason: prodded, or an interrupt */
bool leave[N];
bool inside[N];			/* guest instructions run, or it naps */
bool napping[N];
bool done;			/* the leader does no more trips */
byte events = EVENTS, exits = EXITS;	/* how many there may still be */
byte faults = ERRORS, losses = LOSSES;
byte lost;			/* threads that never leave */
bool late;			/* rounds are over */
bool dead;			/* the host panics; NMIs stop its other threads */

#define AWAKE_BUT(i)	(IN & ~NAP & ~BIT(i))
#define wake(i)		mfrr[i] = 1

inline begin_exit(t)
{
	atomic {
		if
		:: !EXITING ->
			EXITING = 1;
			x = 0;
			do
			:: x < N && x != t && (IN & BIT(x)) -> wake(x); x++
			:: x < N && !(x != t && (IN & BIT(x))) -> x++
			:: x >= N -> break
			od;
			x = 0
		:: else
		fi
	}
}

/* host = 1: KVMHV_IPI_HOST */
inline take_ipi(t)
{
	host = 0;
	if
	:: !mfrr[t]
	:: mfrr[t] && host_ipi[t] -> host = 1
	:: mfrr[t] && !host_ipi[t] ->
		mfrr[t] = 0;
#ifndef BUG_HOST_IPI
		if
		:: host_ipi[t] -> mfrr[t] = 1; host = 1
		:: else
		fi
#endif
	fi
}

inline end_nap(t)
{
	atomic { napping[t] = 0; NAP = NAP & ~BIT(t) }
}

/* go = 1: back to the guest */
inline nap_loop(t)
{
	do
	:: /* kvmhv_rm_nap(); the decrementer is one of the reasons */
	   atomic { napping[t] = 1; mfrr[t] -> napping[t] = 0 };
	   take_ipi(t);
	   if
	   :: host -> go = 0; break
	   :: !host && (EXITING || leave[t]) -> go = 0; break
	   :: !host && !EXITING && !leave[t] && reason[t] ->
		atomic { ceded[t] = 0; reason[t] = 0 }; go = 1; break
	   :: else
	   fi
	od;
	end_nap(t)
}

/* NAP, unless it would be the last to */
inline begin_nap(t)
{
	atomic {
		if
#ifdef BUG_LAST_NAPS
		:: !EXITING -> NAP = NAP | BIT(t); go = 1
#else
		:: !EXITING && AWAKE_BUT(t) -> NAP = NAP | BIT(t); go = 1
#endif
		:: else -> go = 0
		fi
	}
}

inline h_cede(t)
{
	ceded[t] = 1;
#ifdef BUG_CEDE
	/* looks before it says so: the other side of H_PROD, reversed */
	begin_nap(t);
	if
	:: go -> nap_loop(t)
	:: else
	fi
#else
	if
	:: atomic { reason[t] -> ceded[t] = 0; reason[t] = 0 }; go = 1
	:: !reason[t] ->
		begin_nap(t);
		if
		:: go -> nap_loop(t)
		:: else
		fi
	fi
#endif
}

/* Another thread is awake, or there is a reason to leave; tick: waited for too long */
#define COMPANY(t)	(AWAKE_BUT(t) || EXITING || tick || reason[t] || \
			 leave[t] || mfrr[t] || !(wanted & ~IN))

/* kvmhv_rm_entry(): go = 0 to leave */
inline entry(t)
{
	go = 1;
#ifndef BUG_LEAVE_ENTRY
	if
	:: leave[t] -> go = 0
	:: else
	fi;
#endif
	if
	:: go && ceded[t] ->
		if
		:: atomic { reason[t] -> ceded[t] = 0; reason[t] = 0 }
		:: !reason[t] ->
#ifdef BUG_COMPANY
			COMPANY(t);	/* idle ones wait for each other */
#endif
			atomic {
#if !defined BUG_IDLE_FIRST && !defined BUG_COMPANY
				COMPANY(t);
#endif
				begin_nap(t)
			};
			if
			:: go -> nap_loop(t)
			:: !go && reason[t] ->
				atomic { ceded[t] = 0; reason[t] = 0 }; go = 1
			:: else ->
				assert(EXITING || tick || leave[t] || mfrr[t] ||
				       !(first & ~IN))
			fi
		fi
	:: else
	fi
}

/* kvmhv_run_thread() and what the assembly calls; ends EXITING */
inline run_vcpu(t)
{
	assert(guest && OPEN && (IN & BIT(t)));
	inside[t] = 1;
	entry(t);
	do
	:: !go -> break
	:: go && mfrr[t] ->
		take_ipi(t);
		if
		:: host || leave[t] || EXITING -> go = 0
		:: else
		fi
	:: go && tick -> go = 0
#if ERRORS
	:: atomic { go && faults > 0 -> faults--; gone = 1 }; break
#endif
#if LOSSES
	:: atomic { go && t > 0 && losses > 0 -> losses--; lost = lost | BIT(t) };
end_lost:
	   false
#endif
	:: atomic { go && exits > 0 -> exits-- }; h_cede(t)
	   /* to the module: a page fault, an hcall */
	:: atomic { go && exits > 0 -> exits-- }; go = 0
	od;
	if
	:: gone
	:: else ->
		inside[t] = 0;
		begin_exit(t);
		assert(guest)
	fi
}

/* Nobody may find itself in another partition but threads that are lost */
inline check_others(t)
{
	atomic {
		x = 0;
		do
		:: x < N ->
			assert(x == t || (lost & BIT(x)) ||
			       !(inside[x] || napping[x] || (x > 0 && mmu[x])));
			x++
		:: else -> break
		od;
		x = 0
	}
}

/* OUT.  A last one that was awake must not leave naps behind. */
inline part_core(t)
{
	atomic {
		IN = IN & ~BIT(t);
		NAP = NAP & ~BIT(t);
		if
		:: IN == 0 && (NAP & BIT(0)) -> wake(0)
		:: else
		fi;
		go = (IN != 0 && (IN & ~NAP) == 0);
#if !defined BUG_PART_NAP && !defined BUG_PART_LATE
		if
		:: go -> begin_exit(t)
		:: else
		fi
#endif
	};
#ifdef BUG_PART_LATE
	if
	:: go -> begin_exit(t)
	:: else
	fi;
#endif
	go = 0
}

inline join_core(t)
{
	atomic {
		if
#ifdef BUG_JOIN_EXITING
		:: OPEN -> IN = IN | BIT(t); go = 1
#else
		:: OPEN && !EXITING -> IN = IN | BIT(t); go = 1
#endif
		:: else -> go = 0
		fi
	}
}

inline serve(t)
{
#ifdef BUG_PART_NAP
	join_core(t);
#else
	if
	:: vcpu[t] -> join_core(t)
	:: else -> go = 0
	fi;
#endif
	if
	:: go ->
		if
		:: vcpu[t] -> run_vcpu(t)
		:: else
		fi;
		if
		:: gone
		:: else -> part_core(t)
		fi
	:: else
	fi
}

/* An offline thread: pnv_cpu_offline_self(), power7_offline() */
proctype Thread(byte t)
{
	bool go, host, gone;
	byte x;

offline:
	/* generic_check_cpu_restart() */
	if
	:: up[t] -> goto online
	:: else
	fi;
	host_ipi[t] = 0;		/* kvmppc_clear_host_ipi() */
#ifndef BUG_ONLINE
	if
	:: up[t] -> goto online
	:: else
	fi;
#endif
	mmu[t] = 0;
	do
	:: OFFERED = OFFERED | BIT(t);	/* kvmhv_rm_thread_offer() */
end_offline:
	   mfrr[t];			/* nap */
	   take_ipi(t);			/* kvmhv_rm_thread_woken() */
	   if
	   :: !host ->
		if
		:: LENT -> serve(t)
		:: else
		fi;
		if
		:: gone -> goto give_up
		:: else
		fi
	   :: else -> break
	   fi
	od;
#ifdef BUG_WITHDRAW
	OFFERED = OFFERED & ~BIT(t);
#else
	if
	:: atomic { !LENT -> OFFERED = OFFERED & ~BIT(t) }
	:: dead -> goto stopped
	fi;
#endif
	mmu[t] = 1;
	assert(!LENT && !guest);
	mfrr[t] = 0;
	goto offline;

give_up:
	/* It leaves the partition to the leader, which must not begin another trip */
#ifndef BUG_GIVE_UP_OFFER
	OFFERED = OFFERED & ~BIT(t);
#endif
	begin_exit(t);
	(IN & ~BIT(0) & ~BIT(t)) == 0 || late;
#ifndef BUG_GIVE_UP_IN
	inside[t] = 0;
	part_core(t);
#endif
#ifndef BUG_GIVE_UP_MMU
	if
	:: !LENT
	:: late -> check_others(t); guest = 0
	fi;
#endif
	inside[t] = 0;
	mmu[t] = 1;
	assert(!guest);
	/* panics; until then the leader may do anything */
	dead = 1;
	goto stopped;
online:
	mmu[t] = 1;
stopped:
	skip
}

inline wait_in_core()
{
	do
	::
#ifndef BUG_LEADER_JOIN
		if
		:: vcpu[0] -> join_core(0)
		:: else -> go = 0
		fi;
		if
		:: go -> break
		:: else
		fi;
#endif
#ifdef BUG_LEADER_NAP
		x = EXITING;
		NAP = NAP | BIT(0);
#else
		atomic { NAP = NAP | BIT(0); x = EXITING };
#endif
		if
		:: x -> x = 0; go = 0; break
		:: else
		fi;
		atomic { mfrr[0] || tick };
		NAP = NAP & ~BIT(0);
		take_ipi(0);
		if
		:: host || tick -> begin_exit(0)
		:: else ->
#ifdef BUG_NOBODY_YET
			if
			:: IN == 0 -> assert(EXITING || !first); begin_exit(0)
			:: else
			fi
#else
			skip
#endif
		fi
	od;
	NAP = (go -> NAP : NAP & ~BIT(0))
}

/* The online thread: core_trip() and kvmhv_rm_run_core() */
proctype Leader()
{
	bool go, host, gone;
	byte x, n, w;

	do
	:: n < TRIPS ->
		n++;
		/* kvmhv_borrow_threads(): gives up if one does not come */
		if
		:: atomic { OFFERED == BIT(N) - 2 && !LENT -> LENT = 1 }
		:: asked || dead -> break
		fi;
		tick = 0;
		/* assign_threads(): any vcpus, runnable ones and idle ones */
		atomic {
			x = 0;
			do
			:: x < N ->
				if
				:: vcpu[x] = 1; ceded[x] = 0; wanted = wanted | BIT(x)
				:: x > 0 -> vcpu[x] = 1; ceded[x] = 1; wanted = wanted | BIT(x)
				:: skip
				fi;
				x++
			:: else -> break
			od;
			x = 0;
			vopen = 1
		};
		guest = 1;		/* enter_partition() */
		go = vcpu[0];
		first = wanted;
		w = wanted;
		atomic {
			OPEN = 1;
			if
			:: go -> IN = BIT(0)
			:: else
			fi
		};
		/* start_others() */
		atomic {
#ifndef BUG_LATE_WANTED
			w = wanted;
#endif
			x = 1;
			do
			:: x < N && (w & BIT(x)) -> wake(x); x++
			:: x < N && !(w & BIT(x)) -> x++
			:: x >= N -> break
			od;
			x = 0
		};
		if
		:: go
		:: else -> wait_in_core()
		fi;
		if
		:: go ->
			run_vcpu(0);
			if
			:: gone ->
				begin_exit(0);
#ifndef BUG_GIVE_UP_NOW
				(IN & ~BIT(0)) == 0 || late;
#endif
				check_others(0);
				guest = 0;
				dead = 1;
				break
			:: else
			fi;
			atomic { IN = IN & ~BIT(0); NAP = NAP & ~BIT(0) }
		:: else
		fi;
#ifdef BUG_LOST_WAIT
		IN == 0;
#elif !defined BUG_NO_WAIT
		IN == 0 || late;	/* wait_for_others() */
#ifndef BUG_LOST_GO_ON
		if
		:: IN != 0 ->
			/* kvmhv_rm_panic() */
			assert((IN & ~lost) == 0);
			check_others(0);
			guest = 0;
			dead = 1;
			break
		:: else
		fi;
#endif
#endif
		assert(EXITING && IN == 0 && NAP == 0);
		atomic {
			x = 0;
			do
			:: x < N -> assert(!inside[x] && !napping[x] && !(x > 0 && mmu[x])); x++
			:: else -> break
			od;
			x = 0
		};
		guest = 0;
		/* take_out() */
		atomic {
			vopen = 0; wanted = 0; first = 0;
			x = 0;
			do
			:: x < N -> vcpu[x] = 0; leave[x] = 0; reason[x] = 0; ceded[x] = 0; x++
			:: else -> break
			od;
			x = 0
		};
		/* kvmhv_return_threads() */
		atomic { OPEN = 0; EXITING = 0 };
		LENT = 0
	:: else -> break
	od;
	done = 1
}

/* Others: tasks on other CPUs, the guest's other vcpus, devices, the host */
proctype Events()
{
	byte i, x;

	do
	:: atomic { events > 0 && !done -> events-- };
	   atomic { select(i : 0 .. N - 1) };
	   if
	   :: /* make_ready() during a trip */
	      atomic { vopen && !vcpu[i] ->
		       vcpu[i] = 1; ceded[i] = 0; wanted = wanted | BIT(i) };
	      wake(i)
	   :: /* H_PROD, an interrupt */
	      atomic { vcpu[i] && !reason[i] -> reason[i] = 1 };
	      if
	      :: ceded[i] -> wake(i)
	      :: else
	      fi
	   :: /* a signal for the vcpu's task */
	      atomic { vopen && vcpu[i] && !leave[i] -> leave[i] = 1; wake(i) }
	   :: /* an IPI that comes too late */
	      wake(i)
	   :: /* a host IPI for the leader */
	      i == 0 -> host_ipi[0] = 1; wake(0)
	   :: /* the host wants the thread: generic_set_cpu_up(), IPI */
	      i > 0 && !up[i] -> up[i] = 1; asked = 1; host_ipi[i] = 1; wake(i)
	   :: skip
	   fi
	:: atomic {
		timeout ->
		x = 0;
		do
		:: x < N && (dead || (lost & BIT(x))) -> x++
		:: x < N && !dead && !(lost & BIT(x)) ->
			/* put in, and no task runs it */
			assert(!(vcpu[x] && OPEN && !EXITING && !(IN & BIT(x)) && !up[x]));
			/* lost wake-ups */
			assert(!(napping[x] && (reason[x] || leave[x] || EXITING)));
			assert(!(inside[x] && leave[x]));
			assert(!(EXITING && IN == 0 && (NAP & BIT(0))));
			assert(!(done && up[x] && !mmu[x]));
			x++
		:: x >= N -> break
		od;
		x = 0;
		if
		:: done -> break
		/* HDEC does not end the nap of a leader beside a lost thread */
		:: !done && tick && lost && !host_ipi[0] -> host_ipi[0] = 1; wake(0)
		:: !done && tick && lost && host_ipi[0] && !late -> late = 1
		:: else ->
			/* the tick that ends a trip has had no effect: a deadlock */
			assert(!tick);
			tick = 1
		fi
	   }
	od
}

init {
	byte i;

	atomic {
		mmu[0] = 1;
		run Leader();
		i = 1;
		do
		:: i < N -> mmu[i] = 1; run Thread(i); i++
		:: else -> break
		od;
		run Events()
	}
}
