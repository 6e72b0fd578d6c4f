// SPDX-License-Identifier: GPL-2.0
/* H_REGISTER_VPA and what the hypervisor writes into the areas */
#include "intr.h"

#define FUNC(n)		((u64)(n) << 45)	/* PAPR: bits 16 to 18 */
#define REG_VPA		FUNC(1)
#define REG_DTL		FUNC(2)
#define REG_SLB		FUNC(3)
#define DEREG_VPA	FUNC(5)
#define DEREG_DTL	FUNC(6)
#define DEREG_SLB	FUNC(7)

/* Fields of a VPA (PAPR, "Virtual Processor Area") */
#define VPA_SIZE		4
#define VPA_DTL_MASK		0xb8
#define VPA_STATUS	9
#define VPA_SHARED	2
#define VPA_YIELD		0x100
#define VPA_ENQUEUE_DISPATCH	0x158
#define VPA_DTL_INDEX		0x218
#define VPA_BYTES		640
#define DTL_ENTRY		48
#define DTL_ENQUEUE_DISPATCH	4
#define DTL_TIMEBASE		16

static u64 area, log, shadow;

static u64 reg(u64 func, u64 addr)
{
	return hcall(H_REGISTER_VPA, func, cpu()->server, addr);
}

static void set_size(u64 addr, u64 func, u32 size)
{
	if (func == REG_VPA)
		store16(addr + VPA_SIZE, size);
	else
		store32(addr + VPA_SIZE, size);
}

static void test_codes(void)
{
	static const u64 funcs[] = { REG_VPA, REG_DTL, REG_SLB };
	static const char * const names[] = { "VPA", "log", "SLB shadow" };
	static const u32 sizes[] = { VPA_BYTES, DTL_ENTRY, 8 };
	unsigned int i;
	u64 a;

	report_papr(reg(FUNC(0), area), H_PARAMETER, "H_REGISTER_VPA, function 0: H_PARAMETER");
	report_papr(reg(FUNC(4), area), H_PARAMETER, "H_REGISTER_VPA, function 4: H_PARAMETER");
	report_papr(reg(REG_VPA | 1, area), H_PARAMETER,
		    "H_REGISTER_VPA, another flag: H_PARAMETER");
	/* QEMU's own hcall may have taken it */
	reg(DEREG_VPA, 0);
	set_size(log, REG_DTL, 4096);
	set_size(shadow, REG_SLB, 16);
	report_papr(reg(REG_DTL, log), H_RESOURCE, "H_REGISTER_VPA, log without VPA: H_RESOURCE");
	report_papr(reg(REG_SLB, shadow), H_RESOURCE,
		    "H_REGISTER_VPA, shadow without VPA: H_RESOURCE");
	report_papr(hcall(H_REGISTER_VPA, REG_VPA, NO_SUCH_CPU, area), H_PARAMETER,
		    "H_REGISTER_VPA, no such processor: H_PARAMETER");
	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		a = i == 0 ? area : i == 1 ? log : shadow;
		if (i == 1)
			report_papr(reg(REG_VPA, area), H_SUCCESS,
				    "H_REGISTER_VPA, VPA: H_SUCCESS");
		report_papr(reg(funcs[i], 0), H_PARAMETER,
			    "H_REGISTER_VPA %s, address 0: H_PARAMETER", names[i]);
		set_size(a + 8, funcs[i], sizes[i]);
		report_papr(reg(funcs[i], a + 8), H_PARAMETER,
			    "H_REGISTER_VPA %s, not aligned: H_PARAMETER", names[i]);
		set_size(a, funcs[i], sizes[i] - 1);
		report_papr(reg(funcs[i], a), H_PARAMETER,
			    "H_REGISTER_VPA %s, too small: H_PARAMETER", names[i]);
		set_size(a + 4096 - 128, funcs[i], sizes[i] < 256 ? 256 : sizes[i]);
		report_papr(reg(funcs[i], a + 4096 - 128), H_PARAMETER,
			    "H_REGISTER_VPA %s, across a 4K boundary: H_PARAMETER", names[i]);
		report_papr(reg(funcs[i], mem_size + (16UL << 30)), H_PARAMETER,
			    "H_REGISTER_VPA %s, no memory: H_PARAMETER", names[i]);
		set_size(a, funcs[i], i == 1 ? 4096 : sizes[i]);
	}
	report_papr(reg(REG_DTL, log), H_SUCCESS, "H_REGISTER_VPA, log: H_SUCCESS");
	report_papr(reg(DEREG_VPA, 0), H_RESOURCE,
		    "H_REGISTER_VPA, VPA away before the log: H_RESOURCE");
	report_papr(reg(REG_SLB, shadow), H_SUCCESS, "H_REGISTER_VPA, SLB shadow: H_SUCCESS");
	report_papr(reg(DEREG_DTL, 0), H_SUCCESS, "H_REGISTER_VPA, log away: H_SUCCESS");
	report_papr(reg(DEREG_VPA, 0), H_RESOURCE,
		    "H_REGISTER_VPA, VPA away before the shadow: H_RESOURCE");
	report_papr(reg(DEREG_SLB, 0), H_SUCCESS, "H_REGISTER_VPA, shadow away: H_SUCCESS");
	report_papr(reg(DEREG_VPA, 0), H_SUCCESS, "H_REGISTER_VPA, VPA away: H_SUCCESS");
	report_papr(reg(DEREG_VPA, 0), H_SUCCESS, "H_REGISTER_VPA, VPA away again: H_SUCCESS");
}

static u32 yield_count(void)
{
	return load32(area + VPA_YIELD);
}

static void cede(u64 t)
{
	mtspr(SPR_DEC, t);
	hcall(H_CEDE);
	irq_off();
}

static void test_effect(void)
{
	u64 stolen, before, i, bad, n;
	u32 y1, y2;

	memset((void *)area, 0, 4096);
	memset((void *)log, 0, 4096);
	set_size(area, REG_VPA, VPA_BYTES);
	set_size(log, REG_DTL, 4096);
	reg(REG_VPA, area);
	cede(ms(1));
	y1 = yield_count();
	report_eq(y1 & 1, 0, "VPA: yield count is even while running");
	report_eq(load8(area + VPA_STATUS) & VPA_SHARED, VPA_SHARED,
		  "VPA: a shared processor");
	cede(ms(1));
	y2 = yield_count();
	report((s32)(y2 - y1) >= 2 && !(y2 & 1), "VPA: yield count goes on at H_CEDE");

	if (!is_kvm) {
		report_skip("dispatch trace log: QEMU's own hcall keeps none");
	} else {
		store64(area + VPA_DTL_INDEX, 0);
		store8(area + VPA_DTL_MASK, 7);
		set_size(log, REG_DTL, 4096);
		report_eq(reg(REG_DTL, log), H_SUCCESS, "log: registered");
		before = mftb();
		for (i = 0; i < 200; i++)
			cede(ms(1) / 10);
		n = load64(area + VPA_DTL_INDEX);
		/*
		 * Before anything is printed: that makes entries as well, and so
		 * may an exit between two of these readings.
		 */
		for (bad = 0, i = 0; i < 4096 / DTL_ENTRY; i++) {
			u64 t = load64(log + i * DTL_ENTRY + DTL_TIMEBASE);

			bad += t < before || t > mftb();
		}
		report(n >= 100, "log: an entry for dispatches, more than it has room for");
		report_eq(bad, 0, "log: the timebase of each is right");
		report_eq(load64(log + 4096), 0, "log: nothing behind its end");
		store8(area + VPA_DTL_MASK, 0);
		cede(ms(1));
		n = load64(area + VPA_DTL_INDEX);
		for (i = 0; i < 10; i++)
			cede(ms(1));
		report_eq(load64(area + VPA_DTL_INDEX), n, "log: no entries with mask 0");
		reg(DEREG_DTL, 0);
	}
	stolen = load64(area + VPA_ENQUEUE_DISPATCH);
	wait(ms(50));
	report(load64(area + VPA_ENQUEUE_DISPATCH) >= stolen, "VPA: stolen time never goes back");
	report(load64(area + VPA_ENQUEUE_DISPATCH) < mftb(), "VPA: stolen time is a time");

	report_eq(reg(DEREG_VPA, 0), H_SUCCESS, "VPA: away");
	y1 = yield_count();
	for (i = 0; i < 5; i++)
		cede(ms(1));
	report_eq(yield_count(), y1, "VPA away: not written to");
}

/*
 * Another processor is busy, perhaps on the same one of the host.  What the
 * log says was waited for must be in the VPA's sum, where a guest looks for
 * stolen time.
 */
void test_stolen(void)
{
	u64 i, sum = 0, before, after;

	if (!is_kvm) {
		report_skip("VPA: stolen time: QEMU's own hcalls have none");
		return;
	}
	memset((void *)area, 0, 4096);
	memset((void *)log, 0, 8192);
	store8(area + VPA_DTL_MASK, 7);
	set_size(area, REG_VPA, VPA_BYTES);
	reg(REG_VPA, area);
	set_size(log, REG_DTL, 4096);
	reg(REG_DTL, log);
	cede(ms(1));
	before = load64(area + VPA_ENQUEUE_DISPATCH);
	wait(ms(300));
	store8(area + VPA_DTL_MASK, 0);
	after = load64(area + VPA_ENQUEUE_DISPATCH);
	for (i = 1; i < 4096 / DTL_ENTRY; i++)
		sum += load32(log + i * DTL_ENTRY + DTL_ENQUEUE_DISPATCH);
	reg(DEREG_DTL, 0);
	reg(DEREG_VPA, 0);
	printf("# waited %lu us by the log, %lu us by the VPA\n", sum * 1000000 / tb_hz,
	       (after - before) * 1000000 / tb_hz);
	if (!sum)
		report_skip("VPA: stolen time: nothing was stolen");
	else
		report(after - before >= sum / 2 && after - before < ms(2000),
		       "VPA: the stolen time of the log is in it");
}

void test_vpa(void)
{
	area = alloc_pages(0x10000);
	log = area + 0x2000;
	shadow = area + 0x8000;
	memset((void *)area, 0, 0x10000);
	test_codes();
	test_effect();
}
