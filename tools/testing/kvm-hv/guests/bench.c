// SPDX-License-Identifier: GPL-2.0
/*
 * Path lengths: how long the hypervisor takes for what a guest asks of it.
 *
 *	BENCH: name value unit
 *
 * The value is that of a batch of rounds, divided by the rounds, after what the
 * loop itself takes was taken away; the median of several batches, so that a
 * tick of the host in one of them does not show.  On a machine where an
 * instruction takes a nanosecond (QEMU's -icount shift=0) it is the number of
 * instructions that others executed, down to the processor's own handler.
 *
 * Several processors: only what takes several (bench_smt.c).
 */
#include "bench.h"
#include "intr.h"
#include "mmio.h"

#define BATCHES		15
#define NS100(ticks)	((ticks) * (100000000000UL / 1000) / (tb_hz / 1000))

#define EA_WORK		0x50000000UL
#define EA_FRESH	0x60000000UL
#define EA_DEV		0x70000000UL
#define PAGE_64K	0x10000UL

#define BULK(index)	(BIT(62) | (index))

#define VPA_SIZE	640
#define SLB_SHADOW_SIZE	(16 + 3 * 16)
#define VPA_FUNC(n)	((n) << (63 - 18))	/* PAPR: bits 16 to 18 */

#define NR_TCE		512
#define TCE_RW		3UL

static const struct loop hcalls = { loop_hcalls, loop_no_hcalls };
static const struct loop cede = { loop_cede, loop_ee };
static const struct loop loads = { loop_load, loop_no_load };

void result(const char *name, u64 ticks, u64 n)
{
	u64 v = NS100(ticks) / n;

	printf("BENCH: %s %lu.%lu%lu ns\n", name, v / 100, v / 10 % 10, v % 10);
}

u64 median(u64 *v, unsigned int n)
{
	unsigned int i, j;
	u64 t;

	for (i = 1; i < n; i++)
		for (j = i; j && v[j - 1] > v[j]; j--) {
			t = v[j];
			v[j] = v[j - 1];
			v[j - 1] = t;
		}
	return v[n / 2];
}

static void go(void (*loop)(u64, u64, u64), u64 msr, u64 n, u64 a, u64 b)
{
	if (msr)
		run(msr, loop, n, a, b);
	else
		loop(n, a, b);
}

static u64 ticks_of(void (*loop)(u64, u64, u64), u64 msr, u64 n, u64 a, u64 b)
{
	u64 v[BATCHES], start;
	unsigned int i;

	for (i = 0; i < BATCHES; i++) {
		start = mftb();
		go(loop, msr, n, a, b);
		v[i] = mftb() - start;
	}
	return median(v, BATCHES);
}

/* A plugin looks at each round of each path */
static bool costing(void)
{
	return bench_profile[0] == '*';
}

/* All paths, or the one to be profiled */
static bool wanted(const char *name)
{
	return bench_profile[0] == '@' || costing() || !strcmp(bench_profile, name);
}

/* Single rounds, each after one without the subject, for ../bench/pathcost.c */
static void cost(const char *name, const struct loop *l, u64 msr, u64 a, u64 b)
{
	unsigned int i;

	for (i = 0; i < BATCHES; i++) {
		mark_start();
		go(l->without, msr, 1, a, b);
		mark_subject();
		go(l->with, msr, 1, a, b);
		mark_stop();
	}
	printf("COST: %s %u\n", name, BATCHES);
}

static void measure(const char *name, const struct loop *l, u64 msr, u64 n, u64 per,
		    u64 a, u64 b)
{
	u64 with, without;

	if (!wanted(name))
		return;
	if (costing()) {
		cost(name, l, msr, a, b);
		return;
	}
	without = ticks_of(l->without, msr, n, a, b);
	with = ticks_of(l->with, msr, n, a, b);
	result(name, with > without ? with - without : 0, n * per);
	if (bench_profile[0] == '@')
		return;
	mark_start();
	go(l->with, msr, n, a, b);
	mark_stop();
	printf("PROFILE: %lu rounds\n", n * per);
}

/* Each call by itself must return want, then n rounds of all of them are timed */
static void bench_calls(const char *name, long want, const struct call *c,
			unsigned int nr, u64 n, u64 per)
{
	unsigned int i;
	long ret;

	for (i = 0; i < nr; i++) {
		ret = hcall_n(c[i].r[0], &c[i].r[1], CALL_ARGS - 1);
		if (ret == H_FUNCTION && ret != want) {
			report_skip("%s: hcall 0x%lx not offered", name, c[i].r[0]);
			return;
		}
		if (!report_papr(ret, want, "%s: hcall 0x%lx", name, c[i].r[0]))
			return;
	}
	measure(name, &hcalls, 0, n, per, (u64)c, (u64)(c + nr));
}

#define BENCH(name, n, per, ...) do {					\
	const struct call __c[] = { __VA_ARGS__ };			\
	bench_calls(name, H_SUCCESS, __c, ARRAY_SIZE(__c), n, per);	\
} while (0)

/* --- the hash table --- */

static void bench_hpt(void)
{
	u64 ra = touched_page(), vsid = vsid_of(EA_WORK);
	u64 group = hpte_group(hpte_hash(EA_WORK, vsid, 0, 12));
	u64 v = hpte_v(EA_WORK, vsid, 0, 12, 12);
	u64 r = ra | HPTE_R_M | HPTE_R_R | HPTE_R_C | 2;
	s64 at;

	BENCH("h_set_dabr", 256, 1, { { H_SET_DABR, 0 } });
	at = map(EA_WORK, ra, HPTE_R_M | HPTE_R_R | HPTE_R_C | 2);
	if (!report(at >= 0, "H_ENTER"))
		return;
	BENCH("h_read", 256, 1, { { H_READ, 0, at } });
	BENCH("h_protect", 256, 1, { { H_PROTECT, 2, at } });
	BENCH("h_protect_change", 256, 2, { { H_PROTECT, 3, at } }, { { H_PROTECT, 2, at } });
	unmap(at);
	BENCH("h_enter_remove", 256, 1,
	      { { H_ENTER, H_EXACT, group + 5, v, r } }, { { H_REMOVE, 0, group + 5 } });
	BENCH("h_enter_4_bulk_remove", 128, 1,
	      { { H_ENTER, H_EXACT, group + 4, v, r } },
	      { { H_ENTER, H_EXACT, group + 5, v, r } },
	      { { H_ENTER, H_EXACT, group + 6, v, r } },
	      { { H_ENTER, H_EXACT, group + 7, v, r } },
	      { { H_BULK_REMOVE, BULK(group + 4), 0, BULK(group + 5), 0,
		  BULK(group + 6), 0, BULK(group + 7) } });
}

/* --- TCE tables --- */

static void bench_tce(void)
{
	u32 phb = fdt_compatible("IBM,Logical_PHB", 0);
	u64 liobn = fdt_u32(phb, "ibm,dma-window", 0), ra = touched_page();
	u64 *list = (u64 *)touched_page();
	unsigned int i;

	if (!liobn) {
		report_skip("H_PUT_TCE: no PCI host bridge");
		return;
	}
	for (i = 0; i < NR_TCE; i++)
		list[i] = ra | TCE_RW;
	BENCH("h_put_tce", 128, 1, { { H_PUT_TCE, liobn, 0, ra | TCE_RW } });
	BENCH("h_get_tce", 128, 1, { { H_GET_TCE, liobn, 0 } });
	BENCH("h_put_tce_indirect_entry", 16, NR_TCE,
	      { { H_PUT_TCE_INDIRECT, liobn, 0, (u64)list, NR_TCE } });
	BENCH("h_stuff_tce_entry", 16, NR_TCE, { { H_STUFF_TCE, liobn, 0, 0, NR_TCE } });
}

/* --- idle, and interrupts --- */

#define CEDE_TICKS	(tb_hz / 10000)		/* 100 us */

void put_handler(unsigned int vec)
{
	memcpy((void *)(u64)vec, bench_handler, bench_handler_end - bench_handler);
	asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r" (vec) : "memory");
}

static void bench_cede(void)
{
	u64 me = cpu()->server, n = 16, t, loop;

	BENCH("h_prod_self", 128, 1, { { H_PROD, me } });
	put_handler(0x900);
	mtspr(SPR_DEC, DEC_MAX);
	hcall(H_CEDE);		/* ended by H_PROD */
	irq_off();

	mtspr(SPR_DEC, -1UL);
	report_eq(hcall(H_CEDE), H_SUCCESS, "h_cede_pending: H_CEDE");
	report_eq(read_msr() & MSR_EE, 0, "h_cede_pending: the interrupt comes at once");
	measure("h_cede_pending", &cede, 0, 128, 1, 0, 0);

	if (costing()) {
		cost("h_cede_100us", &cede, 0, CEDE_TICKS, 0);
		mtspr(SPR_DEC, DEC_MAX);
		irq_off();
		return;
	}
	t = ticks_of(loop_cede, 0, n, CEDE_TICKS, 0) - n * CEDE_TICKS;
	report((s64)t >= 0, "h_cede_100us: it waits");
	mtspr(SPR_DEC, -1UL);
	loop = ticks_of(loop_ee, 0, n, 0, 0);
	result("h_cede_100us", t > loop ? t - loop : 0, n);
	if (bench_profile[0] != '@' && wanted("h_cede_100us")) {
		mark_start();
		loop_cede(n, CEDE_TICKS, 0);
		mark_stop();
		printf("PROFILE: %lu rounds\n", n);
	}
	mtspr(SPR_DEC, DEC_MAX);
}

/*
 * From H_IPI to oneself up to H_EOI with EE = 0, and the same with EE = 1 up to
 * the vector: that tells what the delivery adds.
 */
#define XIRR_IPI	0xff000002UL

static void end_of_ipi(void)
{
	irq_off();
	hcall(H_XIRR);
	hcall(H_IPI, cpu()->server, 0xff);
	hcall(H_EOI, XIRR_IPI);
}

static void bench_xics(void)
{
	u64 me = cpu()->server, v[BATCHES], n = 16, i, start, bad = 0;
	const struct call ipi = { { H_IPI, me, 5 } };
	unsigned int b;

	if (hcall(H_CPPR, 0xff)) {
		report_skip("H_IPI: no XICS");
		return;
	}
	BENCH("h_ipi_to_eoi", 128, 1, { { H_IPI, me, 5 } }, { { H_XIRR } },
	      { { H_IPI, me, 0xff } }, { { H_EOI, XIRR_IPI } });
	put_handler(0x500);
	for (b = 0; costing() && b < BATCHES; b++) {
		irq_on();
		mark_start();
		loop_no_hcalls(1, (u64)&ipi, (u64)(&ipi + 1));
		mark_subject();
		loop_hcalls(1, (u64)&ipi, (u64)(&ipi + 1));
		mark_stop();
		end_of_ipi();
	}
	if (costing()) {
		printf("COST: h_ipi_to_vector %u\n", BATCHES);
		return;
	}
	for (b = 0; b < BATCHES; b++) {
		v[b] = 0;
		for (i = 0; i < n; i++) {
			irq_on();
			start = mftb();
			loop_hcalls(1, (u64)&ipi, (u64)(&ipi + 1));
			v[b] += mftb() - start;
			bad += !!(read_msr() & MSR_EE);
			end_of_ipi();
		}
	}
	report_eq(bad, 0, "h_ipi_to_vector: the interrupt comes at once");
	result("h_ipi_to_vector", median(v, BATCHES), n);
}

/* --- user space --- */

/* What Linux registers: VPA, SLB shadow buffer and dispatch trace log */
static bool register_areas(void)
{
	u64 vpa = alloc_pages(PAGE_64K), shadow = vpa + 4096, log = vpa + 8192;
	u64 me = cpu()->server;

	*(u16 *)(vpa + 4) = VPA_SIZE;
	*(u32 *)(shadow + 4) = SLB_SHADOW_SIZE;
	*(u32 *)(log + 4) = 4096;
	return !hcall(H_REGISTER_VPA, VPA_FUNC(1UL), me, vpa) &&
	       !hcall(H_REGISTER_VPA, VPA_FUNC(3UL), me, shadow) &&
	       !hcall(H_REGISTER_VPA, VPA_FUNC(2UL), me, log);
}

static void bench_exit(void)
{
	static const struct call nobodys = { { 0x7ffc } };
	struct window w;

	bench_calls("hcall_to_user", H_FUNCTION, &nobodys, 1, 256, 1);
	/*
	 * It wakes QEMU's main loop, which has slept and may run first until the
	 * scheduler finds that it had its share: batches are longer than that.
	 */
	BENCH("h_get_term_char", 4000, 1, { { H_GET_TERM_CHAR, console_unit } });
	if (isa < 206) {
		report_skip("MMIO: not on this processor");
		return;
	}
	if (!find_window(&w) || map(EA_DEV, w.ra & ~0xfffUL, HPTE_R_I | HPTE_R_G | 2) < 0) {
		report_skip("MMIO: no device");
		return;
	}
	measure("mmio_load", &loads, MSR_VIRT, 256, 1, EA_DEV + (w.ra & 0xfff), 0);
	if (report(register_areas(), "H_REGISTER_VPA"))
		measure("mmio_load_areas", &loads, MSR_VIRT, 256, 1, EA_DEV + (w.ra & 0xfff), 0);
}

/* --- first touch: absent HPTEs, entered before the host had the pages --- */

#define NR_FRESH	64

static u64 touch_all(void)
{
	u64 v[NR_FRESH], start, bad = 0;
	unsigned int i;

	for (i = 0; i < NR_FRESH; i++) {
		start = mftb();
		bad |= run(MSR_VIRT, load64, EA_FRESH + i * PAGE_64K, 0, 0);
		v[i] = mftb() - start;
	}
	report_eq(bad, 0, "first_touch: loads");
	return median(v, NR_FRESH);
}

static void bench_touch(void)
{
	u64 ra = alloc_pages(NR_FRESH * PAGE_64K), first;
	unsigned int i;

	if (isa < 206) {
		report_skip("first_touch: all memory is the real mode area");
		return;
	}
	for (i = 0; i < NR_FRESH; i++)
		if (map(EA_FRESH + i * PAGE_64K, ra + i * PAGE_64K, HPTE_R_M | 2) < 0) {
			report(false, "first_touch: H_ENTER");
			return;
		}
	if (costing()) {
		run(MSR_VIRT, load64, EA_FRESH, 0, 0);
		for (i = 1; i < NR_FRESH; i++) {
			mark_start();
			run(MSR_VIRT, load64, EA_FRESH + (i - 1) * PAGE_64K, 0, 0);
			mark_subject();
			run(MSR_VIRT, load64, EA_FRESH + i * PAGE_64K, 0, 0);
			mark_stop();
		}
		printf("COST: first_touch %u\n", NR_FRESH - 1);
		return;
	}
	if (bench_profile[0] != '@' && wanted("first_touch")) {
		mark_start();
		touch_all();
		mark_stop();
		printf("PROFILE: %u rounds\n", NR_FRESH);
		return;
	}
	first = touch_all();
	result("first_touch", first - touch_all(), 1);
}

int main(void)
{
	mtspr(SPR_DEC, DEC_MAX);
	if (nr_cpus > 1) {
		test_threads();
		return 0;
	}
	bench_hpt();
	bench_tce();
	bench_cede();
	bench_xics();
	bench_exit();
	bench_touch();
	return 0;
}
