/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is as weakly ordered as POWER's, for models that include this.
 * The model defines T, the number of its hardware threads, and A, the number
 * of its words.  ISA 2.07 Book II, 1.7.1 and 4.4.3 ("Storage Access Ordering",
 * "Memory Barrier Instructions").
 *
 * Each thread has a buffer of stores that others do not see yet.  They leave it at
 * any time and in any order, but for two to one word, and but for the fences
 * that lwsync and eieio put in between.  sync and ptesync wait until it is empty.
 *
 * Each thread has also seen the words at some time since its latest barrier.  A
 * load returns what the thread has seen or what memory has now: so a load may be
 * satisfied before an earlier one.  lwsync, sync and isync end that.  A thread
 * sees its own stores at once.
 *
 * larx and stcx. act on memory: never on a word that waits in the thread's own
 * buffer, nor beyond a fence; but later than stores that come before them in the
 * program they may be seen only if a barrier says so.
 *
 * What this lacks: a store leaves the buffer for all other threads at once, where
 * POWER lets one see it before another.  A load is satisfied no later than the
 * program has it, so no later store overtakes it.
 */
#ifndef D
#define D	3		/* stores that wait, fences included */
#endif

#define FENCE	254
#define EMPTY	255

byte mem[A];
byte seen[T * A];
byte sb_word[T * D], sb_val[T * D], sb_n[T];
hidden byte w_i, w_j;

#if D == 3
#define ANY_OF(t, what)	(sb_word[(t) * D] == (what) || \
			 sb_word[(t) * D + 1] == (what) || \
			 sb_word[(t) * D + 2] == (what))
#elif D == 4
#define ANY_OF(t, what)	(sb_word[(t) * D] == (what) || \
			 sb_word[(t) * D + 1] == (what) || \
			 sb_word[(t) * D + 2] == (what) || \
			 sb_word[(t) * D + 3] == (what))
#endif
#define WAITS(t, a)	ANY_OF(t, a)
#define FENCED(t)	ANY_OF(t, FENCE)
#define LAST_FENCE(t)	(sb_word[(t) * D + sb_n[t] - 1] == FENCE)
#define DRAINED(t)	(sb_n[t] == 0)
/* May larx and stcx. of thread @t act on word @a? */
#define FREE(t, a)	(!WAITS(t, a) && !FENCED(t))

/* From a d_step or atomic: all that thread @t loads is what memory has now */
inline look(t)
{
	w_i = 0;
	do
	:: w_i < A ->
		if
		:: !WAITS(t, w_i) -> seen[(t) * A + w_i] = mem[w_i]
		:: else
		fi;
		w_i++
	:: else -> break
	od;
	w_i = 0
}

/* From an atomic: a store that cannot be executed before there is room */
inline push(t, a, v)
{
	sb_word[(t) * D + sb_n[t]] = a;
	sb_val[(t) * D + sb_n[t]] = v;
	sb_n[t]++
}

inline store(t, a, v)
{
	atomic {
		sb_n[t] < D;
		push(t, a, v);
		seen[(t) * A + (a)] = v
	}
}

inline load(t, a, to)
{
	atomic {
		if
		:: !WAITS(t, a) && seen[(t) * A + (a)] != mem[a] ->
			seen[(t) * A + (a)] = mem[a]
		:: skip
		fi;
		to = seen[(t) * A + (a)]
	}
}

/* The same, and the address of word @by depends on it: that is loaded later */
inline load_pointer(t, a, to, by)
{
	atomic {
		if
		:: !WAITS(t, a) && seen[(t) * A + (a)] != mem[a] ->
			seen[(t) * A + (a)] = mem[a];
			if
			:: !WAITS(t, by) -> seen[(t) * A + (by)] = mem[by]
			:: else
			fi
		:: skip
		fi;
		to = seen[(t) * A + (a)]
	}
}

inline sync(t)
{
	atomic { DRAINED(t) -> look(t) }
}

inline eieio(t)
{
	atomic {
		if
		:: sb_n[t] && sb_n[t] < D && !LAST_FENCE(t) -> push(t, FENCE, 0)
		:: !sb_n[t] || LAST_FENCE(t)
		fi
	}
}

inline lwsync(t)
{
	atomic { eieio(t); look(t) }
}

/* After a branch that depends on the loads before it; so is rfid */
inline isync(t)
{
	d_step { look(t) }
}

/* larx and stcx. from an atomic, if FREE(): word @a becomes @become */
inline rmw(t, a, become)
{
	mem[a] = become;
	seen[(t) * A + (a)] = mem[a]
}

/* The oldest of slots 0 to @i that may leave the buffer of @t is @i */
#define BEFORE(t, i, j)	(sb_word[(t) * D + (j)] != FENCE && \
			 sb_word[(t) * D + (j)] != sb_word[(t) * D + (i)])
#define STORE(t, i)	(sb_word[(t) * D + (i)] < A)

inline leave_buffer(t, i)
{
	d_step {
		mem[sb_word[(t) * D + i]] = sb_val[(t) * D + i];
		w_j = i;
		do
		:: w_j + 1 < D ->
			sb_word[(t) * D + w_j] = sb_word[(t) * D + w_j + 1];
			sb_val[(t) * D + w_j] = sb_val[(t) * D + w_j + 1];
			w_j++
		:: else -> break
		od;
		sb_word[(t) * D + D - 1] = EMPTY;
		sb_val[(t) * D + D - 1] = 0;
		sb_n[t]--;
		/* a fence with nothing before it */
		if
		:: sb_n[t] && sb_word[(t) * D] == FENCE ->
			w_j = 0;
			do
			:: w_j + 1 < D ->
				sb_word[(t) * D + w_j] = sb_word[(t) * D + w_j + 1];
				sb_val[(t) * D + w_j] = sb_val[(t) * D + w_j + 1];
				w_j++
			:: else -> break
			od;
			sb_word[(t) * D + D - 1] = EMPTY;
			sb_n[t]--
		:: else
		fi;
		w_j = 0
	}
}

proctype Buffer(byte t)
{
end_buffer:
	do
	:: atomic { STORE(t, 0) -> leave_buffer(t, 0) }
	:: atomic { STORE(t, 1) && BEFORE(t, 1, 0) -> leave_buffer(t, 1) }
	:: atomic { STORE(t, 2) && BEFORE(t, 2, 0) && BEFORE(t, 2, 1) ->
		    leave_buffer(t, 2) }
#if D > 3
	:: atomic { STORE(t, 3) && BEFORE(t, 3, 0) && BEFORE(t, 3, 1) &&
		    BEFORE(t, 3, 2) -> leave_buffer(t, 3) }
#endif
	od
}

/* To be called in the atomic of init, before anything else */
inline start_memory()
{
	w_i = 0;
	do
	:: w_i < T * D -> sb_word[w_i] = EMPTY; w_i++
	:: else -> break
	od;
	w_i = 0;
	do
	:: w_i < T -> run Buffer(w_i); w_i++
	:: else -> break
	od;
	w_i = 0
}
