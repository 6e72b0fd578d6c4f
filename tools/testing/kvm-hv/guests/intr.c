// SPDX-License-Identifier: GPL-2.0
/* Decrementer, H_CEDE, H_PROD, H_CONFER */
#include "intr.h"

/* What the handler does: ticks to the next one, and what it has seen */
static u64 reload;
static u64 ticks, last_tick;

static void on_dec(struct cpu *c)
{
	last_tick = mftb();
	ticks++;
	mtspr(SPR_DEC, reload);
}

bool wait_for(u64 *what, u64 n)
{
	u64 start = mftb();

	irq_on();
	while (READ_ONCE(*what) < n && mftb() - start < tb_hz)
		barrier();
	irq_off();
	return READ_ONCE(*what) >= n;
}

/*
 * DEC below 0 is not yet an interrupt: the ISA has the exception come "within a
 * reasonable period of time".  On QEMU without -icount that is when its main
 * loop gets the host's CPU.  Only such interrupts may be late here, and each is
 * counted: DEC is the processor's, and with EE = 1 nobody is in between.
 */
static u64 late, latest;

/* EE is on: has one interrupt come, or does it, DEC being below 0? */
static bool one_tick(void)
{
	u64 start = mftb();

	irq_off();
	if (!ticks && mfspr(SPR_DEC) & 0x80000000UL && wait_for(&ticks, 1)) {
		late++;
		if (last_tick - start > latest)
			latest = last_tick - start;
	}
	return ticks == 1;
}

/* One interrupt ends an H_CEDE; how long that was, from @start */
static bool cede(u64 start, u64 *took)
{
	hcall(H_CEDE);
	*took = mftb() - start;
	return one_tick();
}

static void test_decrementer(void)
{
	u64 start, end, d1, d2, t1, t2, n;
	unsigned int i;

	/* Nothing left over */
	reload = DEC_MAX;
	mtspr(SPR_DEC, DEC_MAX);
	irq_on();
	irq_off();

	ticks = 0;
	start = mftb();
	mtspr(SPR_DEC, ms(2));
	report(wait_for(&ticks, 1), "decrementer: interrupt");
	report(last_tick - start >= ms(2), "decrementer: not early");
	report(last_tick - start < ms(500), "decrementer: not late");
	irq_on();
	wait(ms(10));
	irq_off();
	report_eq(ticks, 1, "decrementer: one interrupt");

	ticks = 0;
	reload = ms(1);
	start = mftb();
	mtspr(SPR_DEC, ms(1));
	report(wait_for(&ticks, 20), "decrementer, periodic: 20 interrupts");
	report(last_tick - start >= ms(20), "decrementer, periodic: not early");
	reload = DEC_MAX;
	wait_for(&ticks, ticks + 1);

	/* Expired with EE = 0: stays, through exits too */
	ticks = 0;
	mtspr(SPR_DEC, 10);
	wait(ms(3));
	report_eq(ticks, 0, "decrementer, EE = 0: no interrupt");
	report(mfspr(SPR_DEC) & 0x80000000UL, "decrementer, EE = 0: goes on below 0");
	for (i = 0; i < 50; i++)
		hcall(H_READ, 0, 0);
	hcall(H_CONFER, ~0UL, 0);
	wait(ms(20));
	irq_on();
	one_tick();
	irq_on();
	wait(ms(1));
	irq_off();
	report_eq(ticks, 1, "decrementer, EE = 1 again: the interrupt comes, once");

	for (n = 0; n < 2; n++) {
		ticks = 0;
		mtspr(SPR_DEC, n);
		report(wait_for(&ticks, 1), "decrementer set to %lu: interrupt", n);
	}
	ticks = 0;
	mtspr(SPR_DEC, 0xffffffffUL);
	if (isa >= 207)
		report(wait_for(&ticks, 1), "decrementer set to -1: interrupt");
	mtspr(SPR_DEC, DEC_MAX);
	irq_on();
	irq_off();

	ticks = 0;
	mtspr(SPR_DEC, DEC_MAX);
	irq_on();
	wait(ms(20));
	irq_off();
	report_eq(ticks, 0, "decrementer, largest value: no interrupt");

	/* Decrementer and timebase have the same clock, also with exits between */
	t1 = mftb();
	d1 = mfspr(SPR_DEC);
	for (i = 0; i < 20; i++) {
		wait(ms(1));
		hcall(H_CONFER, ~0UL, 0);
	}
	t2 = mftb();
	d2 = mfspr(SPR_DEC);
	end = (d1 - d2) - (t2 - t1);
	if ((s64)end < 0)
		end = -end;
	report(end < ms(2), "decrementer and timebase go together");

	/* Hcalls to user space and back do not lose it */
	ticks = 0;
	start = mftb();
	mtspr(SPR_DEC, ms(30));
	irq_on();
	while (!READ_ONCE(ticks) && mftb() - start < tb_hz)
		hcall(H_GET_TERM_CHAR, 0);
	irq_off();
	report(ticks == 1 && last_tick - start >= ms(30),
	       "decrementer during hcalls to user space");
}

static void test_cede(void)
{
	u64 start, took, lost;
	unsigned int i, early;
	long ret;

	reload = DEC_MAX;
	ticks = 0;
	start = mftb();
	mtspr(SPR_DEC, ms(5));
	ret = hcall(H_CEDE);
	took = mftb() - start;
	report_eq(read_msr() & MSR_EE, MSR_EE, "H_CEDE turns EE on");
	one_tick();
	report_eq(ret, H_SUCCESS, "H_CEDE: H_SUCCESS");
	report(took >= ms(5) && took < ms(900), "H_CEDE waits for the decrementer");
	report_eq(ticks, 1, "H_CEDE: the interrupt has come");

	ticks = 0;
	mtspr(SPR_DEC, 1);
	wait(ms(1));
	report(cede(mftb(), &took) && took < ms(500), "H_CEDE, decrementer pending: back at once");

	for (lost = 0, early = 0, i = 0; i < 50; i++) {
		ticks = 0;
		start = mftb();
		mtspr(SPR_DEC, ms(1));
		lost += !cede(start, &took);
		early += took < ms(1);
	}
	report_eq(lost, 0, "H_CEDE, 50 times: an interrupt each");
	report_eq(early, 0, "H_CEDE, 50 times: none early");

	ticks = 0;
	start = mftb();
	mtspr(SPR_DEC, ms(300));
	report(cede(start, &took) && took >= ms(300), "H_CEDE for 300 ms");
}

static void test_prod_confer(void)
{
	u64 me = cpu()->server, start, took;

	if (!is_kvm) {
		report_skip("H_PROD before H_CEDE: QEMU's own hcall does not keep it");
	} else {
		ticks = 0;
		mtspr(SPR_DEC, ms(700));
		report_eq(hcall(H_PROD, me), H_SUCCESS, "H_PROD of oneself: H_SUCCESS");
		hcall(H_PROD, me);
		hcall(H_CEDE);
		irq_off();
		report_eq(ticks, 0, "H_CEDE after H_PROD: back at once");
		start = mftb();
		mtspr(SPR_DEC, ms(3));
		report(cede(start, &took) && took >= ms(3),
		       "H_CEDE after that: waits, H_PROD does not add up");
	}
	report_eq(hcall(H_PROD, NO_SUCH_CPU), H_PARAMETER,
		  "H_PROD, no such processor: H_PARAMETER");
	report_eq(hcall(H_PROD, ~0UL), H_PARAMETER, "H_PROD, all ones: H_PARAMETER");
	report_papr(hcall(H_PROD, BIT(32) | me), H_PARAMETER, "H_PROD, high bit: H_PARAMETER");
	report_papr(hcall(H_CONFER, ~0UL, 0), H_SUCCESS, "H_CONFER to all: H_SUCCESS");
	report_eq(hcall(H_CONFER, me, 0), H_SUCCESS, "H_CONFER to oneself: H_SUCCESS");
	report_eq(hcall(H_CONFER, NO_SUCH_CPU, 0), H_PARAMETER,
		  "H_CONFER, no such processor: H_PARAMETER");
	/* QEMU's own H_CONFER to oneself waits for H_PROD or an interrupt */
	irq_on();
	mtspr(SPR_DEC, 1);
	irq_off();
	mtspr(SPR_DEC, DEC_MAX);
}

static void test_timebase(void)
{
	u64 last = mftb(), now, bad = 0, i;

	for (i = 0; i < 3000; i++) {
		if (i % 100 == 0) {
			mtspr(SPR_DEC, ms(1) / 10);
			hcall(H_CEDE);
			irq_off();
		} else if (i % 2) {
			hcall(H_READ, 0, 0);
		}
		now = mftb();
		bad += now < last;
		last = now;
	}
	report_eq(bad, 0, "timebase never goes back, 3000 looks");
}

int main(void)
{
	set_handler(0x900, on_dec);
	test_decrementer();
	test_cede();
	test_prod_confer();
	if (late)
		printf("LATE: %lu decrementer interrupts after DEC < 0 and EE = 1, up to %lu us\n",
		       late, latest * 1000000 / tb_hz);
	test_timebase();
	test_vpa();
	test_xics();
	test_two_cpus();
	return 0;
}
