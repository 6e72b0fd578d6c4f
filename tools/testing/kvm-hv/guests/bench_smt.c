// SPDX-License-Identifier: GPL-2.0
/*
 * Path lengths that take more than one processor: threads of one core.
 *
 * The emulated machine runs one thread at a time.  So the first processor looks
 * at the timebase all the time: the gaps in what it sees are what the other
 * threads have executed.
 */
#include "bench.h"
#include "intr.h"

#define ROUNDS	31

static u64 rounds, stop, ipis;

static u64 us(u64 n)
{
	return n * tb_hz / 1000000;
}

static void spinner(void)
{
	mtspr(SPR_DEC, DEC_MAX);
	for (;;)
		barrier();
}

/* Sleeps, and counts how often it was woken; at last it is busy */
static void sleeper(void)
{
	hcall(H_CPPR, 0xff);
	while (!READ_ONCE(stop)) {
		mtspr(SPR_DEC, DEC_MAX);
		hcall(H_CEDE);
		irq_off();
		if (READ_ONCE(ipis)) {
			hcall(H_XIRR);
			hcall(H_IPI, cpu()->server, 0xff);
			hcall(H_EOI, 0xff000002UL);
		}
		WRITE_ONCE(rounds, rounds + 1);
	}
	spinner();
}

/* What the hcall that wakes the sleeper takes, and all up to its next sleep */
static void bench_wake(const char *name, const char *caller, u64 nr, u64 prio)
{
	const struct call c = { { nr, cpu_nr(1)->server, prio } };
	u64 call[ROUNDS], all[ROUNDS], start, end, was, n;

	for (n = 0; n < ROUNDS; n++) {
		/* Until it sleeps */
		wait(us(500));
		mtspr(SPR_DEC, DEC_MAX);
		was = READ_ONCE(rounds);
		start = mftb();
		loop_hcalls(1, (u64)&c, (u64)(&c + 1));
		end = mftb();
		call[n] = end - start;
		all[n] = call[n] + watch(&rounds, was, us(500), end);
	}
	result(caller, median(call, ROUNDS), 1);
	result(name, median(all, ROUNDS), 1);
}

/* An exit to user space */
static void bench_exit(const char *name)
{
	const struct call c = { { H_GET_TERM_CHAR, console_unit } };
	u64 v[ROUNDS], start, i;

	for (i = 0; i < ROUNDS; i++) {
		wait(us(100));
		start = mftb();
		loop_hcalls(1, (u64)&c, (u64)(&c + 1));
		v[i] = mftb() - start;
	}
	result(name, median(v, ROUNDS), 1);
}

/* While n threads run */
static void bench_switch(unsigned int n)
{
	char name[] = "exit_1_threads";

	name[5] = '0' + n;
	bench_exit(name);
}

static void bench_siblings(void)
{
	unsigned int n;

	put_handler(0x500);
	if (!report(start_cpu(1, sleeper), "RTAS start-cpu 1"))
		return;
	bench_wake("h_prod_wake", "h_prod_wake_caller", H_PROD, 0);
	wait(us(500));
	WRITE_ONCE(ipis, 1);
	bench_wake("h_ipi_wake", "h_ipi_wake_caller", H_IPI, 5);
	WRITE_ONCE(stop, 1);
	hcall(H_PROD, cpu_nr(1)->server);
	bench_switch(2);
	for (n = 2; n < nr_cpus; n++)
		if (!report(start_cpu(n, spinner), "RTAS start-cpu %u", n))
			return;
	if (nr_cpus > 2)
		bench_switch(nr_cpus);
}

static void first_again(void)
{
	while (READ_ONCE(cpu_nr(1)->state))
		barrier();	/* it is about to stop */
	bench_siblings();
	finish();
}

/* The first processor has stopped: its hardware thread leads the core and naps */
static void alone(void)
{
	mtspr(SPR_DEC, DEC_MAX);
	wait(us(2000));
	bench_exit("exit_leader_naps");
	if (!report(start_cpu(0, first_again), "RTAS start-cpu 0"))
		finish();
	stop_cpu();
}

void test_threads(void)
{
	bench_switch(1);
	if (report(start_cpu(1, alone), "RTAS start-cpu 1"))
		stop_cpu();
}
