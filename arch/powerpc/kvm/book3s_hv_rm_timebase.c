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
 * (ISA 2.06 Book III-S, "Time Base").  Two things can still go wrong: the lower
 * bits carry between reading and writing, and a layer below us (firmware, an
 * emulator) takes time for itself or does not do the write in one step.  The
 * host's clock must not go backwards by even a microsecond from one processor
 * to the next, so what was lost is measured, with the hypervisor decrementer,
 * which counts the same ticks and is not written, and put right.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include <asm/time.h>

/* Distances between TBU40 values */
#define TB_UNIT		((long)BIT(24))
/* Reading two registers is no more exact than this: not a loss */
#define TB_NOISE	8
/* Put right what exceeds this, in ticks: a quarter of a microsecond */
#define TB_SLACK	128
/* Tries: carry, stolen time; each is rare */
#define TB_TRIES	4

/*
 * Ticks a processor's timebase is behind, or ahead if negative.  No per-CPU
 * variable: those may live in vmalloc space.
 */
static long tb_lost[NR_CPUS];

static long *my_tb_lost(void)
{
	return &tb_lost[get_paca()->paca_index];
}

/* Timebase and decrementer run against each other: their sum stands still */
static unsigned long tick_sum(void)
{
	s32 before = mfspr(SPRN_HDEC);
	unsigned long tb = mftb();
	s32 after = mfspr(SPRN_HDEC);

	return tb + after + (s32)(before - after) / 2;
}

/* Returns the ticks lost on the way, less than a TB_UNIT */
static long shift_timebase(unsigned long delta)
{
	unsigned long want = tick_sum() + delta;
	long lost = 0;
	int i;

	for (i = 0; i < TB_TRIES && delta; i++) {
		mtspr(SPRN_TBU40, mftb() + delta);
		lost = want - tick_sum();
		delta = (lost + TB_UNIT / 2) & -TB_UNIT;
	}
	return abs(lost) > TB_NOISE ? lost : 0;
}

static void write_timebase(unsigned long tb)
{
	mtspr(SPRN_TBWL, 0);	/* no carry into the upper half */
	mtspr(SPRN_TBWU, tb >> 32);
	mtspr(SPRN_TBWL, tb & 0xffffffff);
}

/* The writing takes time as well: learn how long, and write ahead of it */
static long catch_up(long lost)
{
	unsigned long want;
	long ahead = 0;
	int i;

	for (i = 0; i < TB_TRIES && abs(lost) > TB_SLACK; i++) {
		want = tick_sum() + lost;
		write_timebase(mftb() + lost + ahead);
		lost = want - tick_sum();
		ahead += lost;
	}
	return lost;
}

/**
 * kvmhv_rm_guest_timebase - give the processor the guest's timebase
 * @vcore: its tb_offset says how far it is from the host's
 *
 * Context: MMU off, HDEC running.
 */
void kvmhv_rm_guest_timebase(struct kvm_hv_vcore *vcore)
{
	if (vcore->tb_offset)
		*my_tb_lost() += shift_timebase(vcore->tb_offset);
}

/**
 * kvmhv_rm_host_timebase - give the processor the host's timebase back
 * @vcore: the virtual core that was running
 *
 * Context: MMU off, HDEC running.
 */
void kvmhv_rm_host_timebase(struct kvm_hv_vcore *vcore)
{
	long *lost = my_tb_lost();

	if (!vcore->tb_offset)
		return;
	*lost += shift_timebase(-vcore->tb_offset);
	if (unlikely(abs(*lost) > TB_SLACK))
		*lost = catch_up(*lost);
}
