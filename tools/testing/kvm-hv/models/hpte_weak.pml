/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HPTE, the ring of its page and a TLB, with memory as POWER has it (weak.pml).
 *
 * Models, in arch/powerpc/kvm: insert_page() and remove_one() of
 * book3s_hv_rm_mmu.c; kvmhv_lock_hpte(), kvmhv_hide_hpte() and kvmhv_show_hpte() of
 * book3s_hv_hpte.h; kvmhv_lock_rmap(), kvmhv_harvest() and kvmhv_rm_tlbie() of
 * book3s_hv_rmap.h; kvmhv_ring_unmap() and kvmhv_ring_harvest() of book3s_hv_ring.c,
 * kvmhv_get_dirty_log() of book3s_hv_notifier.c; same_mmio() of
 * book3s_hv_rm_fault.c; Linux's MMU notifiers around them.  map_page() of
 * book3s_hv_fault.c takes locks and looks as insert_page() does, H_PROTECT and
 * H_CLEAR_* hide and show as the dirty log does.
 *
 * The guest walks the table and writes at any time.  Its TLB sets C late, but before
 * it gives the translation up.  tlbie is done at any time, but before the ptesync
 * that follows tlbsync ends.
 *
 * SCENE 1: H_ENTER of a page that the host takes away.
 * SCENE 2: H_REMOVE and H_ENTER while the dirty log is read.
 * SCENE 3: H_REMOVE on one thread, H_ENTER on another.
 * SCENE 4: the host takes a page away while the dirty log is read.
 * SCENE 5: a device's HPTE changes while same_mmio() looks at it.
 * SCENE 6: what H_ENTER has reported is there.
 * SCENE 7: H_ENTER on one thread, H_REMOVE on another.
 * NO_* leaves out a barrier, HARVEST_ACQUIRE puts one in that is not necessary.
 */
#ifndef SCENE
#define SCENE	1
#endif
#ifndef WRITES
#define WRITES	1	/* of the guest */
#endif

#define T	2
#define A	9
#define HV	0		/* first doubleword */
#define HR	1		/* second doubleword */
#define GR	2		/* rev[].guest_r */
#define RMAP	3		/* rmap word */
#define LINK	4		/* rev[].forw, back: is it on the ring? */
#define SEQ	5		/* kvm->mmu_invalidate_seq */
#define PROG	6		/* kvm->mmu_invalidate_in_progress */
#define PTE	7		/* the host's: is there a page? */
#define BITMAP	8		/* of the memslot */
#define D	4
#include "weak.pml"

#define VALID	1		/* HV */
#define ABSENT	2
#define LOCK	4		/* HV and RMAP */
#define MAPS	1		/* HR: the address of the page */
#define W	2
#define C	4
#define PRESENT	1		/* RMAP */
#define CHANGED	2

bool freed;			/* the host uses the page for something else */
bool written;			/* by the guest, since the last harvest */
bool reported, removed_c;
bool inv[2];			/* tlbie of thread 0, 1 is on its way */
bool tv, tw, tk, tc;		/* TLB: valid, writable, C is known, C is to be set */
byte writes = WRITES;		/* how many there still may be */

/* A thread of the guest: table walks, stores, and what tlbie does to its TLB */
proctype Guest()
{
end_guest:
	do
	:: atomic { !tv && (mem[HV] & VALID) ->
		assert(mem[HR] & MAPS);
		tv = 1; tw = (mem[HR] & W) != 0; tk = (mem[HR] & C) != 0 }
	:: atomic { tv && tw && writes ->
		assert(!freed);
		writes--; written = 1; tc = !tk }
	:: atomic { tc -> mem[HR] = mem[HR] | C; tc = 0; tk = 1 }
	:: atomic { inv[0] || inv[1] ->
		if
		:: tc -> mem[HR] = mem[HR] | C
		:: else
		fi;
		tv = 0; tw = 0; tk = 0; tc = 0; inv[0] = 0; inv[1] = 0 }
	od
}

/* try_lock_hpte(); v is what there was */
inline lock_hpte(t)
{
	atomic {
		FREE(t, HV) && !(mem[HV] & LOCK) ->
		v = mem[HV];
		rmw(t, HV, v | LOCK)
	};
#ifndef NO_LOCK
	isync(t)
#endif
}

inline unlock_hpte(t, val)
{
#ifndef NO_UNLOCK
	lwsync(t);
#endif
	store(t, HV, val)
}

/* word is what there was */
inline lock_rmap(t)
{
	atomic {
		FREE(t, RMAP) && !(mem[RMAP] & LOCK) ->
		word = mem[RMAP];
		rmw(t, RMAP, word | LOCK)
	};
#ifndef NO_LOCK_RMAP
	isync(t)
#endif
}

inline unlock_rmap(t)
{
#ifndef NO_UNLOCK_RMAP
	lwsync(t);
#endif
	store(t, RMAP, word)
}

/* kvmhv_hide_hpte(), then kvmhv_tlbie_hptes() or kvmhv_rm_tlbie() */
inline hide_hpte(t)
{
	store(t, HV, ABSENT | LOCK);
#ifndef NO_HIDE_PTESYNC
	sync(t);
#endif
	inv[t] = 1;
#ifdef NO_TLBIE_EIEIO
	/* tlbsync may come first, and does not speak of the tlbie then */
	if
	:: x = 0
	:: x = 1
	fi;
#else
	x = 1;
#endif
#ifndef NO_TLBSYNC_PTESYNC
	atomic { !x || !inv[t] };
	sync(t)
#endif
}

/* kvmhv_show_hpte() */
inline show_hpte(t, r)
{
	store(t, HR, r);
#ifndef NO_SHOW_EIEIO
	eieio(t);
#endif
#ifdef NO_SHOW_UNLOCK
	store(t, HV, VALID);
#else
	unlock_hpte(t, VALID);
#endif
#ifndef NO_SHOW_PTESYNC
	sync(t)
#endif
}

/* insert_page(); there = 0 if the host has no page */
inline h_enter(t)
{
	load(t, SEQ, s);
#ifndef NO_PREPARE
	lwsync(t);
#endif
	load(t, PTE, there);
	lock_hpte(t);
	if
	:: v & (VALID | ABSENT) -> store(t, HV, v)
	:: else ->
		store(t, GR, 1);
		if
		:: there ->
			lock_rmap(t);
			/* mmu_invalidate_retry() */
			load(t, PROG, x);
#ifndef NO_RETRY
			lwsync(t);
#endif
			load(t, SEQ, y);
			there = !x && y == s;
			if
			:: there ->
				load(t, LINK, x);
				assert(!x);
				store(t, LINK, 1);
				word = word | PRESENT
			:: else
			fi;
			unlock_rmap(t)
		:: else
		fi;
		if
		:: there -> show_hpte(t, MAPS | W)
		:: else ->
			store(t, HR, 0);
			unlock_hpte(t, ABSENT)
		fi
	fi;
	x = 0; y = 0; s = 0; v = 0; word = 0
}

/* remove_one() */
inline h_remove(t)
{
	lock_hpte(t);
	if
	:: v & VALID ->
		load(t, GR, x);
		assert(x);
		hide_hpte(t);
		load(t, HR, y);
		lock_rmap(t);
		load(t, LINK, x);
		assert(x);
		store(t, LINK, 0);
		word = word & ~PRESENT;
		if
		:: y & C -> word = word | CHANGED; removed_c = 1
		:: else
		fi;
		unlock_rmap(t);
		store(t, GR, 0);
		store(t, HR, 0);
		unlock_hpte(t, 0)
	:: v & ABSENT ->
		store(t, GR, 0);
		store(t, HR, 0);
		unlock_hpte(t, 0)
	:: else -> store(t, HV, v)
	fi;
	x = 0; y = 0; v = 0; word = 0
}

/* try_lock_hpte() under the rmap lock; v = 255: it is locked */
inline try_hpte(t)
{
	atomic {
		FREE(t, HV) ->
		if
		:: mem[HV] & LOCK -> v = 255
		:: else -> v = mem[HV]; rmw(t, HV, v | LOCK)
		fi
	};
#ifndef NO_LOCK
	isync(t)
#endif
}

/* kvmhv_ring_unmap() */
inline ring_unmap(t)
{
	do
	::
		lock_rmap(t);
		v = 0;
		if
		:: word & PRESENT -> try_hpte(t)
		:: else
		fi;
		if
		:: v != 255 -> break
		:: else -> unlock_rmap(t); !(mem[HV] & LOCK)
		fi
	od;
	if
	:: word & PRESENT ->
		store(t, LINK, 0);
		hide_hpte(t);
		load(t, HR, y);
		if
		:: y & C ->
			/* mark_page_dirty_in_slot(): set_bit() */
			atomic { FREE(t, BITMAP) -> rmw(t, BITMAP, 1) }
		:: else
		fi;
		store(t, HR, 0);
		unlock_hpte(t, ABSENT);
		word = word & ~PRESENT
	:: else
	fi;
	unlock_rmap(t);
	x = 0; y = 0; v = 0; word = 0
}

/* The host takes the page away */
inline notifier(t)
{
	/* kvm_mmu_invalidate_begin() */
	store(t, PROG, 1);
	ring_unmap(t);
	/* ptep_clear_flush() and what frees the page, with barriers of their own */
	sync(t);
	atomic { FREE(t, PTE) -> rmw(t, PTE, 0) };
	sync(t);
	freed = 1;
	/* kvm_mmu_invalidate_end() */
	store(t, SEQ, 1);
#ifndef NO_INVALIDATE_END
	lwsync(t);
#endif
	store(t, PROG, 0)
}

/* KVM_GET_DIRTY_LOG: kvmhv_ring_harvest(), then give_map() */
inline get_dirty_log(t)
{
	must = written;
	load(t, RMAP, x);
#ifdef HARVEST_ACQUIRE
	lwsync(t);
#endif
	if
	:: !(x & (PRESENT | CHANGED | LOCK))
	:: else ->
		held = 0;
		lock_rmap(t);
		if
		:: word & PRESENT ->
			load(t, HR, x);
			if
			:: x & (W | C) ->
				try_hpte(t);
				if
				:: v == 255 ->
					/* harvest_pause() */
					unlock_rmap(t);
					lock_hpte(t);
					lock_rmap(t);
					if
					:: (word & PRESENT) && (v & VALID) ->
						held = 1
					:: else ->
						reported = 1;
						unlock_hpte(t, v)
					fi
				:: else -> held = 1
				fi
			:: else
			fi
		:: else
		fi;
		if
		:: held -> store(t, HV, ABSENT | LOCK)
		:: else
		fi;
		if
		:: word & CHANGED -> reported = 1; word = word & ~CHANGED
		:: else
		fi;
		unlock_rmap(t);
		if
		:: held ->
			/* harvest_batch() */
			hide_hpte(t);
			load(t, HR, y);
			if
			:: y & C -> reported = 1; y = y & ~C
			:: else -> y = y & ~W
			fi;
			show_hpte(t, y)
		:: else
		fi
	fi;
	/* xchg() */
	atomic {
		DRAINED(t) ->
		x = mem[BITMAP];
		rmw(t, BITMAP, 0);
		look(t);
		reported = reported || x
	};
	assert(!must || reported);
	x = 0; y = 0; v = 0; word = 0
}

proctype Hcalls()
{
	byte x, y, v, word, s;
	bool there;

#if SCENE == 1
	h_enter(0)
#elif SCENE == 2
	h_remove(0);
	h_enter(0)
#elif SCENE == 3
	h_remove(0);
	/* H_REMOVE reports C of all that was written by way of this HPTE */
	assert(!written || removed_c || mem[HV] & VALID)
#elif SCENE == 5
	/* device A becomes B, or B A, with other rights: VALID stands for B's address */
	lock_hpte(0);
	store(0, GR, (v & VALID -> 7 : 9));
	unlock_hpte(0, v ^ VALID)
#elif SCENE == 7
	h_enter(0)
#elif SCENE == 6
	h_enter(0);
	/* the thread's own table search */
	assert(mem[HV] == VALID && (mem[HR] & MAPS))
#endif
}

proctype Others()
{
	byte x, y, v, word, s;
	bool there, must, held;

#if SCENE == 1
	notifier(1)
#elif SCENE == 2
	get_dirty_log(1)
#elif SCENE == 3
	h_enter(1)
#elif SCENE == 4
	notifier(1)
#elif SCENE == 7
	h_remove(1)
#elif SCENE == 5
	/* same_mmio(): the last fault was by way of B, with the rights of A */
	load(1, HV, x);
#ifndef NO_MMIO_FIRST
	lwsync(1);
#endif
	load(1, GR, y);
#ifndef NO_MMIO_SECOND
	lwsync(1);
#endif
	load(1, HV, v);
	assert(!(x == (ABSENT | VALID) && y == 7 && v == x))
#endif
}

#if SCENE == 4
proctype Log()
{
	byte x, y, v, word;
	bool must, held;

	get_dirty_log(0)
}
#endif

#define START(a, val)	mem[a] = val; seen[a] = val; seen[A + (a)] = val

init {
	atomic {
		start_memory();
#if SCENE == 5
		if
		:: START(HV, ABSENT); START(GR, 7)
		:: START(HV, ABSENT | VALID); START(GR, 9)
		fi;
#else
		START(PTE, 1);
		run Guest();
#endif
#if SCENE == 2 || SCENE == 3 || SCENE == 4
		START(HV, VALID);
		START(HR, MAPS | W);
		START(GR, 1);
		START(RMAP, PRESENT);
		START(LINK, 1);
#endif
#if SCENE == 4
		run Log();
#else
		run Hcalls();
#endif
		run Others()
	}
}
