// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timebase, from the host's value to the guest's and back.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled,
 * on the thread that runs the vcpu.  It may touch the linear mapping only: no
 * vmalloc or ioremap addresses, no module text or data, no printk, tracing or
 * lockdep, no lock whose holder can sleep, nothing that faults.
 *
 * TBU40 writes the upper 40 bits and leaves the lower 24 counting, so that a
 * processor changes its timebase without losing a tick against the others
 * (ISA 2.06 Book III-S, "Time Base").  A layer below us may not do the write in
 * one step: emulators read their clock twice for it and lose the ticks between,
 * which is milliseconds when they are preempted just there.  Neither the host's
 * nor a guest's clock may go backwards from one processor to the next, Linux
 * does not survive it.  So the exactness of TBU40 is tried once at boot, and
 * where it is not exact, every switch measures what was lost with the hypervisor
 * decrementer, which counts the same ticks and is not written, and puts it right.
 * Some ticks too many or too few each time add up to more than it takes to pass a
 * lock on, so nobody may be behind the latest time that a processor has had.
 */
#include <linux/init.h>
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include <asm/time.h>

/* What TBU40 leaves alone, and the carry out of it */
#define TB_UNIT		BIT(24)
/* Ticks that may stay lost, a quarter of a microsecond; they are remembered */
#define TB_SLACK	128
/* A reading of two registers that took longer than this was interrupted */
#define TB_WINDOW	1024
/* Bound of each loop here: interruptions are rare, eight in a row do not come */
#define TB_TRIES	8
/* Writes of the trial at boot, and the ticks an exact TBU40 may seem to lose */
#define TB_TRIAL	64
#define TB_TRIAL_NOISE	64

static bool tbu40_loses __ro_after_init;

/*
 * Ticks a processor's timebase is behind, or ahead if negative, and what it is
 * ahead because a guest wants it so.  No per-CPU variables: those may live in
 * vmalloc space.
 */
static long tb_lost[NR_CPUS];
static unsigned long tb_shifted[NR_CPUS];

/* The latest time of the host that any processor has had */
static unsigned long tb_latest;

/* What a reading of two registers takes if nothing comes in between */
static u32 tb_window = TB_WINDOW;

/*
 * Timebase and decrementer run against each other: their sum stands still.
 * Of several readings the one that took least time is the most exact.
 */
static unsigned long tick_sum(void)
{
	const u32 good = READ_ONCE(tb_window) / 4 * 5;
	unsigned long sum = 0;
	u32 best = U32_MAX;
	int i;

	for (i = 0; i < TB_TRIES && best > good; i++) {
		s32 before = mfspr(SPRN_HDEC);
		unsigned long tb = mftb();
		s32 after = mfspr(SPRN_HDEC);
		u32 window = before - after;

		if (window < best) {
			best = window;
			sum = tb + after + window / 2;
		}
	}
	if (best < READ_ONCE(tb_window))
		WRITE_ONCE(tb_window, best);
	return sum;
}

static void write_timebase(unsigned long tb)
{
	mtspr(SPRN_TBWL, 0);	/* no carry into the upper half */
	mtspr(SPRN_TBWU, tb >> 32);
	mtspr(SPRN_TBWL, tb & 0xffffffff);
}

/*
 * Bring the sum back to @want, as near as TB_SLACK; returns the ticks that are
 * missing still.  Writing takes time as well: learn how long, and write ahead.
 */
static long catch_up(unsigned long want)
{
	long lost = want - tick_sum();
	long ahead = 0;
	int i;

	for (i = 0; i < TB_TRIES && abs(lost) > TB_SLACK; i++) {
		write_timebase(mftb() + lost + ahead);
		lost = want - tick_sum();
		if (abs(lost) < TB_WINDOW)
			ahead += lost;
	}
	return lost;
}

static void shift_exact(unsigned long delta)
{
	unsigned long tb = mftb() + delta;

	mtspr(SPRN_TBU40, tb);
	/* A carry out of the lower 24 bits after they were read is gone */
	if (unlikely((mftb() & (TB_UNIT - 1)) < (tb & (TB_UNIT - 1))))
		mtspr(SPRN_TBU40, tb + TB_UNIT);
}

/* How far is a processor behind, whose timebase and @offset are the host's time? */
static long behind(unsigned long offset)
{
	unsigned long latest = READ_ONCE(tb_latest);
	unsigned long now;

	smp_mb(); /* what others have had before comes before now */
	now = mftb() + offset;
	if ((long)(latest - now) > 0)
		return latest - now;
	cmpxchg(&tb_latest, latest, now); /* or somebody else did */
	return 0;
}

static void shift_measured(unsigned long delta)
{
	unsigned int cpu = get_paca()->paca_index;
	unsigned long *shifted = &tb_shifted[cpu], want;
	long *lost = &tb_lost[cpu];

	*lost += behind(*lost - *shifted);
	want = tick_sum() + delta + *lost;
	mtspr(SPRN_TBU40, mftb() + delta);
	*lost = catch_up(want);
	*shifted += delta;
}

/**
 * kvmhv_rm_shift_timebase - from the host's timebase to the guest's, or back
 * @delta: ticks to add; a multiple of TB_UNIT, not 0
 *
 * Context: MMU off, HDEC running.
 */
void kvmhv_rm_shift_timebase(unsigned long delta)
{
	if (unlikely(tbu40_loses))
		shift_measured(delta);
	else
		shift_exact(delta);
}

/**
 * kvmhv_rm_try_tbu40 - find out whether this machine loses time writing TBU40
 *
 * Before the other processors start: theirs is the timebase to come back to.
 *
 * Context: MMU on or off, interrupts disabled.
 * Return: ticks lost in TB_TRIAL writes, 0 if TBU40 is exact.
 */
long __init kvmhv_rm_try_tbu40(void)
{
	unsigned long want = tick_sum();
	long lost;
	int i;

	for (i = 0; i < TB_TRIAL; i++)
		shift_exact(0);
	lost = want - tick_sum();
	if (abs(lost) <= TB_TRIAL_NOISE)
		return 0;
	tbu40_loses = true;
	tb_lost[get_paca()->paca_index] = catch_up(want);
	return lost;
}
