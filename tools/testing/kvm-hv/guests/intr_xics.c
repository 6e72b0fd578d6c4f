// SPDX-License-Identifier: GPL-2.0
/* External interrupts through the XICS hcalls, to oneself and between processors */
#include "intr.h"

#define XISR(xirr)	((xirr) & 0xffffff)
#define XISR_IPI	2
#define CPPR(xirr)	((xirr) >> 24 & 0xff)
#define LOWEST		0xff

static u64 seen[8];	/* by processor */
static u64 last_xirr;

/* hcall() belongs to what was interrupted: results go elsewhere */
static long quiet_hcall(u64 nr, u64 a, u64 b, u64 *r4)
{
	u64 io[9] = { nr, a, b };

	hcall_raw(io);
	if (r4)
		*r4 = io[1];
	return io[0];
}

static void on_external(struct cpu *c)
{
	u64 xirr;

	quiet_hcall(H_XIRR, 0, 0, &xirr);
	last_xirr = xirr;
	if (XISR(xirr) == XISR_IPI)
		quiet_hcall(H_IPI, c->server, LOWEST, NULL);
	quiet_hcall(H_EOI, xirr, 0, NULL);
	seen[c - cpu_nr(0)]++;
}

static void window(u64 t)
{
	irq_on();
	wait(t);
	irq_off();
}

/* One more than n of them, and how late the latest of all was */
static u64 slowest;

static bool comes(u64 n)
{
	u64 start = mftb();
	bool ok = wait_for(&seen[0], n);

	if (mftb() - start > slowest)
		slowest = mftb() - start;
	return ok && seen[0] == n;
}

static void test_self(void)
{
	u64 me = cpu()->server, xirr, n;

	report_eq(hcall(H_CPPR, LOWEST), H_SUCCESS, "H_CPPR: H_SUCCESS");
	report_eq(hcall(H_XIRR), H_SUCCESS, "H_XIRR, nothing pending: H_SUCCESS");
	report_eq(XISR(HR(4)), 0, "H_XIRR, nothing pending: no source");
	report_eq(CPPR(HR(4)), LOWEST, "H_XIRR, nothing pending: priority");

	seen[0] = 0;
	report_eq(hcall(H_IPI, me, 5), H_SUCCESS, "H_IPI to oneself: H_SUCCESS");
	wait(ms(5));
	report_eq(seen[0], 0, "external interrupt, EE = 0: none");
	report_eq(hcall(H_IPOLL, me), H_SUCCESS, "H_IPOLL: H_SUCCESS");
	report(XISR(HR(4)) == XISR_IPI && HR(5) == 5, "H_IPOLL: source and MFRR");
	report(comes(1), "external interrupt, EE = 1: it comes");
	report(XISR(last_xirr) == XISR_IPI && CPPR(last_xirr) == LOWEST,
	       "H_XIRR: source and priority before");
	window(ms(20));
	report_eq(seen[0], 1, "external interrupt: not again after H_EOI");

	/* Priorities: equal is masked, lower number passes */
	report_eq(hcall(H_CPPR, 5), H_SUCCESS, "H_CPPR 5: H_SUCCESS");
	hcall(H_IPI, me, 5);
	window(ms(20));
	report_eq(seen[0], 1, "external interrupt of priority 5, CPPR 5: masked");
	hcall(H_IPI, me, 4);
	report(comes(2), "external interrupt of priority 4, CPPR 5: comes");
	hcall(H_CPPR, 0);
	hcall(H_IPI, me, 1);
	window(ms(20));
	report_eq(seen[0], 2, "external interrupt, CPPR 0: masked");
	hcall(H_CPPR, LOWEST);
	report(comes(3), "external interrupt, CPPR lowered: comes");
	for (n = 4; n < 204; n++) {
		hcall(H_IPI, me, 5);
		if (!comes(n))
			break;
	}
	report_eq(seen[0], 203, "external interrupt, 200 times");
	printf("# slowest: %lu us after EE = 1\n", slowest * 1000000 / tb_hz);
	/* QEMU's processor has no LPCR[MER]: the next tick of the host brings it */
	if (option("hardware"))
		report(slowest < ms(1), "external interrupt, EE = 1: at once");

	/* By polling alone: accept, end */
	hcall(H_IPI, me, 6);
	if (hcall(H_XIRR_X) == H_FUNCTION) {
		report_skip("H_XIRR_X: not offered (H_FUNCTION)");
		hcall(H_XIRR);
	} else {
		report_eq(XISR(HR(4)), XISR_IPI, "H_XIRR_X: source");
		report(HR(5), "H_XIRR_X: a timebase");
	}
	xirr = HR(4);
	report_eq(hcall(H_IPOLL, me), H_SUCCESS, "H_IPOLL, accepted: H_SUCCESS");
	report_eq(CPPR(HR(4)), 6, "H_XIRR has raised the priority");
	hcall(H_IPI, me, LOWEST);
	report_eq(hcall(H_EOI, xirr), H_SUCCESS, "H_EOI: H_SUCCESS");
	hcall(H_IPOLL, me);
	report_eq(CPPR(HR(4)), LOWEST, "H_EOI has set the priority back");
	report_papr(hcall(H_EOI, (u64)LOWEST << 24 | 0xfffff0), H_PARAMETER,
		    "H_EOI, no such source: H_PARAMETER");
	report_eq(hcall(H_IPI, NO_SUCH_CPU, 5), H_PARAMETER, "H_IPI, no such server: H_PARAMETER");
	report_eq(hcall(H_IPOLL, NO_SUCH_CPU), H_PARAMETER, "H_IPOLL, no such server: H_PARAMETER");

	/* An interrupt ends H_CEDE, and comes */
	seen[0] = 0;
	mtspr(SPR_DEC, DEC_MAX);
	hcall(H_IPI, me, 5);
	hcall(H_CEDE);
	irq_off();
	report_eq(seen[0], 1, "H_CEDE with an external interrupt pending: it comes");
}

/* --- the line of the test device, on the processor itself --- */

#define EA_DEV		0x50000000UL

static u64 line_ea, line_ra, line_seen;

static void set_line(u32 level)
{
	u64 msr = read_msr();

	/* No MMIO there */
	if (isa < 206) {
		hcall(H_LOGICAL_CI_STORE, 4, line_ra, level);
		return;
	}
	mtmsr(msr | MSR_DR);
	store32(line_ea, level);
	mtmsr(msr);
}

static void on_line(struct cpu *c)
{
	line_seen++;
	set_line(0);
}

static void test_line(void)
{
	u32 dev = fdt_compatible("kvm-hv,testdev", 0);
	u64 ra = fdt_u64(dev, "reg", 0) + TESTDEV_LINE;
	s64 at;

	if (!dev) {
		report_skip("external interrupt line: no kvm-hv,testdev");
		return;
	}
	line_ea = EA_DEV + (ra & 0xfff);
	line_ra = ra;
	at = isa < 206 ? -1 : map(line_ea, ra, HPTE_R_I | HPTE_R_G | 2);
	set_handler(0x500, on_line);
	set_line(1);
	wait(ms(5));
	report_eq(line_seen, 0, "interrupt line raised, EE = 0: none");
	wait_for(&line_seen, 1);	/* without LPCR[MER] a tick of the host brings it */
	window(ms(5));
	report_eq(line_seen, 1, "interrupt line raised, EE = 1: one");
	set_line(1);
	set_line(0);
	window(ms(5));
	report_eq(line_seen, 1, "interrupt line lowered before EE = 1: none");
	mtspr(SPR_DEC, DEC_MAX);
	set_line(1);
	hcall(H_CEDE);
	irq_off();
	report_eq(line_seen, 2, "interrupt line ends H_CEDE");
	if (at >= 0)
		unmap(at);
}

void test_xics(void)
{
	test_line();
	set_handler(0x500, on_external);
	if (hcall(H_CPPR, LOWEST) == H_FUNCTION) {
		report_skip("XICS hcalls: not offered (H_FUNCTION)");
		return;
	}
	test_self();
}

/* --- two processors --- */

static u64 busy_over, stop, other_rounds, other_bad, shared_tb;
static u32 tb_lock;

/* The timebase when one of the two had the lock, never less than before */
static u64 look(void)
{
	u64 t, bad;

	lock(&tb_lock);
	t = mftb();
	bad = t < shared_tb;
	shared_tb = t;
	unlock(&tb_lock);
	return bad;
}

/*
 * Answers each IPI with one to processor 0, sleeping in between.  Prodded it
 * wakes up too, and looks at the clock.
 */
static void other(void)
{
	u64 done = 0;

	hcall(H_CPPR, LOWEST);
	mtspr(SPR_DEC, DEC_MAX);
	while (!READ_ONCE(stop)) {
		hcall(H_CEDE);
		irq_off();
		mtspr(SPR_DEC, DEC_MAX);
		other_bad += look();
		other_rounds++;
		if (READ_ONCE(seen[1]) != done) {
			done = READ_ONCE(seen[1]);
			hcall(H_IPI, cpu_nr(0)->server, 5);
		}
	}
}

/* Busy at first */
static void second(void)
{
	while (!READ_ONCE(busy_over))
		barrier();
	other();
}

/*
 * The hypervisor asks the processor to tell when MSR[EE] lets a pending interrupt in
 * (LPCR[MER]).  One that the guest accepts by polling is no reason to wake it any more.
 */
static void test_accepted(void)
{
	u64 start, xirr;

	irq_off();
	hcall(H_IPI, cpu()->server, 6);
	wait(ms(1));
	hcall(H_XIRR);
	xirr = HR(4);
	/* None of these leaves the guest, as a report would */
	hcall(H_IPI, cpu()->server, LOWEST);
	hcall(H_EOI, xirr);
	seen[0] = 0;
	start = mftb();
	mtspr(SPR_DEC, ms(5));
	hcall(H_CEDE);
	irq_off();
	start = mftb() - start;
	report_eq(XISR(xirr), XISR_IPI, "H_XIRR, EE = 0: source");
	report(start >= ms(5), "H_CEDE after H_XIRR: waits for the decrementer");
	report_eq(seen[0], 0, "external interrupt after H_XIRR: none");
}

void test_two_cpus(void)
{
	u64 i, n = 200, bad = 0, rounds;
	u64 target;

	if (nr_cpus < 2) {
		report_skip("interrupts between processors: there is one");
		return;
	}
	target = cpu_nr(1)->server;
	report(start_cpu(1, second), "RTAS start-cpu");
	test_stolen();
	test_accepted();
	WRITE_ONCE(busy_over, 1);
	/* Until it sleeps */
	wait(ms(20));
	seen[0] = 0;
	seen[1] = 0;
	mtspr(SPR_DEC, DEC_MAX);
	for (i = 0; i < n; i++) {
		hcall(H_IPI, target, 5);
		/* Half of them asleep, half of them watching */
		if (i & 1) {
			mtspr(SPR_DEC, ms(900));
			while (READ_ONCE(seen[0]) <= i && (mfspr(SPR_DEC) & 0x80000000UL) == 0) {
				hcall(H_CEDE);
				irq_off();
				if (mfspr(SPR_DEC) > ms(900))
					break;
			}
			mtspr(SPR_DEC, DEC_MAX);
		}
		if (!wait_for(&seen[0], i + 1))
			break;
		bad += look();
	}
	report_eq(seen[0], n, "IPI to another processor and back, %lu times", n);
	report_eq(seen[1], n, "the other processor has had as many");

	rounds = READ_ONCE(other_rounds);
	wait(ms(20));
	report_eq(READ_ONCE(other_rounds), rounds, "the other processor sleeps");
	report_eq(hcall(H_PROD, target), H_SUCCESS, "H_PROD of the other: H_SUCCESS");
	report(wait_for(&other_rounds, rounds + 1), "H_PROD ends the other's H_CEDE");
	report_eq(hcall(H_CONFER, target, 0), H_SUCCESS, "H_CONFER to the other: H_SUCCESS");
	WRITE_ONCE(stop, 1);
	hcall(H_PROD, target);
	wait(ms(20));
	report_eq(bad + other_bad, 0, "timebase never goes back between two processors");
	report_eq(READ_ONCE(cpu_nr(1)->state), CPU_IDLE, "the other processor has stopped");
}
