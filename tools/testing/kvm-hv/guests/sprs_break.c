// SPDX-License-Identifier: GPL-2.0
/* Breakpoint registers: the hcalls that set them, and what they do */
#include "sprs.h"

#define EA		0x30010000UL

/* Low bits of H_SET_DABR's argument */
#define DABR_BT		4UL
#define DABR_DW		2UL
#define DABR_DR		1UL
/* H_SET_XDABR */
#define DABRX_USER	1UL
#define DABRX_KERNEL	2UL
#define DABRX_HYP	4UL
#define DABRX_BTI	8UL

/* H_SET_MODE */
#define SET_CIABR	1
#define SET_DAWR0	2
#define SET_AIL		3
#define SET_LE		4
#define CIABR_KERNEL	2UL
#define CIABR_HYP	3UL
#define DAWRX_USER	1UL
#define DAWRX_KERNEL	2UL
#define DAWRX_HYP	4UL
#define DAWRX_WT	8UL
#define DAWRX_WTI	0x10UL
#define DAWRX_DR	0x20UL
#define DAWRX_DW	0x40UL

static bool unsupported(long ret)
{
	return ret <= -256 && ret >= -511;
}

/*
 * Does the processor watch at all?  QEMU's does not have DAWR and CIABR; a
 * machine that does have them says so with "hardware" in bootargs.
 */
static void expect_hit(u64 msr, const void *fn, u64 ea, bool store, bool hit, const char *what)
{
	long vec = run(msr, fn, ea, 0, 0);
	struct regs *e = &cpu()->end;
	u64 dsisr = DSISR_DABR | (store ? DSISR_STORE : 0);

	if (!hit)
		report_eq(vec, 0, "%s: no interrupt", what);
	else if (!vec && !option("hardware"))
		report_skip("%s: this processor has no breakpoints", what);
	else
		report(vec == 0x300 && e->dar >= ea - 7 && e->dar <= ea + 7 &&
		       (e->dsisr & (DSISR_DABR | DSISR_STORE)) == dsisr,
		       "%s: 0x300 with the breakpoint bit", what);
}

static void test_dabr(void)
{
	long ret = hcall(H_SET_DABR, EA | DABR_BT | DABR_DW | DABR_DR);

	if (ret == H_FUNCTION || ret == H_HARDWARE) {
		report_skip("H_SET_DABR: not offered (%ld)", ret);
		return;
	}
	report_eq(ret, H_SUCCESS, "H_SET_DABR, loads and stores: H_SUCCESS");
	expect_hit(MSR_VIRT, load64, EA, false, true, "H_SET_DABR: load");
	expect_hit(MSR_VIRT, store64, EA, true, true, "H_SET_DABR: store");
	expect_hit(MSR_USER, load64, EA, false, true, "H_SET_DABR: load in problem state");
	expect_hit(MSR_VIRT, load64, EA + 8, false, false, "H_SET_DABR: load behind it");
	expect_hit(MSR_VIRT, load64, EA - 8, false, false, "H_SET_DABR: load before it");
	report_eq(hcall(H_SET_DABR, EA | DABR_BT | DABR_DW), H_SUCCESS,
		  "H_SET_DABR, stores: H_SUCCESS");
	expect_hit(MSR_VIRT, load64, EA, false, false, "H_SET_DABR, stores: load");
	expect_hit(MSR_VIRT, store64, EA, true, true, "H_SET_DABR, stores: store");
	if (is_kvm) {
		report_eq(hcall(H_SET_DABR, EA | DABR_DW), H_RESERVED_DABR,
			  "H_SET_DABR, DW without BT: H_RESERVED_DABR");
		report_eq(hcall(H_SET_DABR, EA | DABR_DR), H_RESERVED_DABR,
			  "H_SET_DABR, DR without BT: H_RESERVED_DABR");
	} else {
		report_skip("H_SET_DABR without BT: QEMU's own hcall takes it");
	}
	report_eq(hcall(H_SET_DABR, 0), H_SUCCESS, "H_SET_DABR 0: H_SUCCESS");
	expect_hit(MSR_VIRT, store64, EA, true, false, "H_SET_DABR 0: store");
}

static void test_xdabr(void)
{
	const u64 dabr = EA | DABR_BT | DABR_DW | DABR_DR;
	long ret = hcall(H_SET_XDABR, dabr, DABRX_USER);

	if (ret == H_FUNCTION || ret == H_HARDWARE) {
		report_skip("H_SET_XDABR: not offered (%ld)", ret);
		return;
	}
	report_eq(ret, H_SUCCESS, "H_SET_XDABR, problem state: H_SUCCESS");
	expect_hit(MSR_VIRT, load64, EA, false, false,
		   "H_SET_XDABR, problem state: privileged load");
	expect_hit(MSR_USER, load64, EA, false, true, "H_SET_XDABR, problem state: its load");
	report_eq(hcall(H_SET_XDABR, dabr, DABRX_KERNEL), H_SUCCESS,
		  "H_SET_XDABR, privileged: H_SUCCESS");
	expect_hit(MSR_USER, load64, EA, false, false,
		   "H_SET_XDABR, privileged: problem state load");
	expect_hit(MSR_VIRT, load64, EA, false, true, "H_SET_XDABR, privileged: its load");
	report_eq(hcall(H_SET_XDABR, dabr, DABRX_KERNEL | DABRX_USER | DABRX_BTI), H_SUCCESS,
		  "H_SET_XDABR, both and BTI: H_SUCCESS");
	report_eq(hcall(H_SET_XDABR, dabr, 0), H_PARAMETER, "H_SET_XDABR, no state: H_PARAMETER");
	report_eq(hcall(H_SET_XDABR, dabr, DABRX_HYP | DABRX_USER), H_PARAMETER,
		  "H_SET_XDABR, hypervisor state: H_PARAMETER");
	report_eq(hcall(H_SET_XDABR, dabr, 0x10 | DABRX_USER), H_PARAMETER,
		  "H_SET_XDABR, undefined bit: H_PARAMETER");
	report_eq(hcall(H_SET_XDABR, 0, DABRX_USER | DABRX_KERNEL), H_SUCCESS,
		  "H_SET_XDABR, none: H_SUCCESS");
	expect_hit(MSR_VIRT, load64, EA, false, false, "H_SET_XDABR, none: load");
}

/* The two that are the processor's own, in the kernel for KVM */
static void test_set_mode_break(void)
{
	long ret = hcall(H_SET_MODE, 0, SET_CIABR, 0, 0);

	if (!is_kvm) {
		report_skip("H_SET_MODE CIABR, DAWR0: QEMU's own hcall does not have them");
		return;
	}
	if (isa < 207) {
		report_eq(ret, H_P2, "H_SET_MODE CIABR before POWER8: H_P2");
		return;
	}
	report_eq(ret, H_SUCCESS, "H_SET_MODE CIABR 0: H_SUCCESS");
	report_eq(hcall(H_SET_MODE, 0, SET_CIABR, (u64)load64 | CIABR_KERNEL, 0), H_SUCCESS,
		  "H_SET_MODE CIABR, privileged state: H_SUCCESS");
	ret = run(MSR_VIRT, load64, EA, 0, 0);
	if (!ret && !option("hardware"))
		report_skip("H_SET_MODE CIABR, hit: this processor has no breakpoints");
	else
		report_eq(ret, 0xd00, "H_SET_MODE CIABR, hit: trace interrupt");
	report_eq(hcall(H_SET_MODE, 0, SET_CIABR, (u64)load64 | CIABR_HYP, 0), H_P3,
		  "H_SET_MODE CIABR, hypervisor state: H_P3");
	report_eq(hcall(H_SET_MODE, 0, SET_CIABR, 0, 1), H_P4,
		  "H_SET_MODE CIABR, second value: H_P4");
	report_eq(hcall(H_SET_MODE, 1, SET_CIABR, 0, 0), H_UNSUPPORTED_FLAG(63),
		  "H_SET_MODE CIABR, flag 63: its code");
	report_eq(hcall(H_SET_MODE, BIT(63), SET_CIABR, 0, 0), H_UNSUPPORTED_FLAG(0),
		  "H_SET_MODE CIABR, flag 0: its code");
	report_eq(hcall(H_SET_MODE, 0, SET_CIABR, 0, 0), H_SUCCESS,
		  "H_SET_MODE CIABR, off: H_SUCCESS");

	report_eq(hcall(H_SET_MODE, 0, SET_DAWR0, EA,
			DAWRX_KERNEL | DAWRX_DR | DAWRX_DW | DAWRX_WT),
		  H_SUCCESS, "H_SET_MODE DAWR0, privileged state: H_SUCCESS");
	expect_hit(MSR_VIRT, load64, EA, false, true, "H_SET_MODE DAWR0: load");
	expect_hit(MSR_VIRT, store64, EA, true, true, "H_SET_MODE DAWR0: store");
	expect_hit(MSR_USER, load64, EA, false, false, "H_SET_MODE DAWR0: problem state");
	expect_hit(MSR_VIRT, load64, EA + 8, false, false, "H_SET_MODE DAWR0: load behind it");
	report_eq(hcall(H_SET_MODE, 0, SET_DAWR0, EA, DAWRX_HYP | DAWRX_DR), H_P4,
		  "H_SET_MODE DAWR0, hypervisor state: H_P4");
	report_eq(hcall(H_SET_MODE, 0, SET_DAWR0, EA, BIT(63) | DAWRX_KERNEL), H_P4,
		  "H_SET_MODE DAWR0, undefined bit: H_P4");
	report_eq(hcall(H_SET_MODE, 2, SET_DAWR0, EA, DAWRX_KERNEL), H_UNSUPPORTED_FLAG(62),
		  "H_SET_MODE DAWR0, flag 62: its code");
	report_eq(hcall(H_SET_MODE, 0, SET_DAWR0, 0, 0), H_SUCCESS,
		  "H_SET_MODE DAWR0, off: H_SUCCESS");
	expect_hit(MSR_VIRT, store64, EA, true, false, "H_SET_MODE DAWR0, off: store");
}

/* User space's: the two resources every guest kernel sets */
static void test_set_mode_other(void)
{
	long ret = hcall(H_SET_MODE, 0, SET_LE, 0, 0);

	if (isa < 206) {
		report_skip("H_SET_MODE: ISA 2.06");
		return;
	}
	if (ret == H_FUNCTION) {
		report_skip("H_SET_MODE: not offered (H_FUNCTION)");
		return;
	}
	report_eq(ret, H_SUCCESS, "H_SET_MODE LE, big-endian: H_SUCCESS");
	report(unsupported(hcall(H_SET_MODE, 7, SET_LE, 0, 0)),
	       "H_SET_MODE LE, flags 7: unsupported flag");
	report_eq(hcall(H_SET_MODE, 0, SET_LE, 1, 0), H_P3, "H_SET_MODE LE, first value: H_P3");
	report_eq(hcall(H_SET_MODE, 0, SET_LE, 0, 1), H_P4, "H_SET_MODE LE, second value: H_P4");
	if (isa >= 207) {
		report_eq(hcall(H_SET_MODE, 0, SET_AIL, 0, 0), H_SUCCESS,
			  "H_SET_MODE AIL 0: H_SUCCESS");
		report(unsupported(hcall(H_SET_MODE, 1, SET_AIL, 0, 0)),
		       "H_SET_MODE AIL, flags 1: unsupported flag");
		report_eq(hcall(H_SET_MODE, 0, SET_AIL, 1, 0), H_P3,
			  "H_SET_MODE AIL, first value: H_P3");
	} else {
		report_skip("H_SET_MODE AIL: ISA 2.07");
	}
	report_eq(hcall(H_SET_MODE, 0, 99, 0, 0), H_P2, "H_SET_MODE, no such resource: H_P2");
	/* Interrupts still come as before */
	report_eq(run(MSR_VIRT, load64, 0x30050000UL, 0, 0), 0x300,
		  "H_SET_MODE errors: nothing has changed");
}

void test_breakpoints(void)
{
	u64 ra = touched_page();

	map(EA, ra, HPTE_R_M | 2);
	map(EA - 4096, touched_page(), HPTE_R_M | 2);
	test_dabr();
	test_xdabr();
	test_set_mode_break();
	test_set_mode_other();
}
