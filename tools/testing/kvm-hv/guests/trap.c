// SPDX-License-Identifier: GPL-2.0
/* Instructions that interrupt: whose they are, with what in SRR0 and SRR1 */
#include "trap.h"

#define EA		0x30000000UL
#define SPR_FSCR	153
#define FSCR_TAR	BIT(8)
#define FSCR_EBB	BIT(7)
#define FSCR_DSCR	BIT(2)
#define FSCR_IC(v)	((v) >> 56)

INSN(zero, ".long 0")
INSN(op1, ".long 0x04000000")
INSN(op5, ".long 0x14000000")
INSN(op31, ".long 0x7c0007fe")
INSN(trap, "trap")
INSN(tdi, "tdeqi 4, 7")
INSN(twnot, "twlti 4, 0")
INSN(sc, "li 0, 0; sc")
INSN(sc1, "sc 1")
/* r0 and CTR are r4, r12 and XER are r5, CR is r6 */
INSN(sc1_regs, "mr 0, 4; mr 12, 5; mtctr 4; mtxer 5; mtcrf 0xff, 6; sc 1")
INSN(cfar, "mtspr 28, 6; sc 1; mfspr 3, 28")
INSN(hrfid, "hrfid")
INSN(rfid, "rfid")
INSN(tlbie, "tlbie 3, 4")
INSN(tlbiel, "tlbiel 3")
INSN(nap, ".long 0x4c000364")
INSN(sleep, ".long 0x4c0003a4")
INSN(slbmte, "slbmte 3, 4")
INSN(slbia, "slbia")
INSN(mfmsr, "mfmsr 3")
INSN(mtmsrd, "mtmsrd 3")
INSN(mtmsr, "mtmsr 3")
INSN(mflpcr, "mfspr 3, 318")
INSN(mtlpcr, "mtspr 318, 4")
INSN(mflpidr, "mfspr 3, 319")
INSN(mtlpidr, "mtspr 319, 4")
INSN(mfhsrr0, "mfspr 3, 314")
INSN(mthsrr0, "mtspr 314, 4")
INSN(mfhsprg0, "mfspr 3, 304")
INSN(mthsprg0, "mtspr 304, 4")
INSN(mthdec, "mtspr 310, 4")
INSN(mtsdr1, "mtspr 25, 4")
INSN(mfhid0, "mfspr 3, 1008")
INSN(mthid0, "mtspr 1008, 4")
INSN(mttbu40, "mtspr 286, 4")
INSN(mttbl, "mtspr 284, 4")
INSN(mthfscr, "mtspr 190, 4")
INSN(mtptcr, "mtspr 464, 4")
INSN(mtciabr, "mtspr 187, 4")
INSN(mtdawr, "mtspr 180, 4")
INSN(mtamor, "mtspr 349, 4")
INSN(mtsprg0, "mtspr 272, 3")
INSN(mfdec, "mfspr 3, 22")
INSN(mfsrr0, "mfspr 3, 26")
INSN(spr1000, "mfspr 3, 1000")
INSN(fadd, "fadd 1, 1, 1")
INSN(vadd, "vadduwm 1, 1, 1")
INSN(xxlor, "xxlor 1, 1, 1")
INSN(mfdscr, "mfspr 3, 3")
INSN(mftar, "mfspr 3, 815")
INSN(mfebbhr, "mfspr 3, 804")
INSN(tbegin, "tbegin. 0")
INSN(lwarx, "lwarx 5, 0, 3")
INSN(ldarx, "ldarx 5, 0, 3")
INSN(nop, "nop")
INSN(branch, "nop; b 1f; 1:")

struct insn {
	const char *what;
	u64 (*fn)(u64 a, u64 b);
	u8 *at;
	u64 cause;	/* of PROG_CAUSES, any if 0 */
};

#define I(s, cause)	{ #s, i_##s, at_##s, cause }

static void expect_program(u64 msr, const struct insn *i, const char *state)
{
	long vec = run(msr, i->fn, 0, 0, 0);
	struct regs *e = &cpu()->end;

	if (vec == 0x700 && e->nip == (u64)i->at && (e->msr & PROG_CAUSES) &&
	    (!i->cause || (e->msr & PROG_CAUSES) == i->cause))
		report(true, "%s in %s state: program interrupt", i->what, state);
	else
		report(false,
		       "%s in %s state: 0x%lx SRR0 0x%lx SRR1 0x%lx, not 0x700 at 0x%lx cause 0x%lx",
		       i->what, state, vec, e->nip, e->msr, (u64)i->at, i->cause);
}

static void test_illegal(void)
{
	static const struct insn illegal[] = {
		I(zero, PROG_ILL), I(op1, PROG_ILL), I(op5, PROG_ILL), I(op31, PROG_ILL),
	};
	static const struct insn privileged[] = {
		I(hrfid, 0), I(rfid, PROG_PRIV), I(slbmte, PROG_PRIV), I(slbia, PROG_PRIV),
		I(mfmsr, PROG_PRIV), I(mtmsrd, PROG_PRIV), I(mtmsr, PROG_PRIV),
		I(mtsprg0, PROG_PRIV), I(mfdec, PROG_PRIV), I(mfsrr0, PROG_PRIV),
		I(tlbie, PROG_PRIV), I(mtlpcr, PROG_PRIV), I(mfhsrr0, PROG_PRIV),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(illegal); i++) {
		expect_program(MSR_REAL, &illegal[i], "real-mode");
		expect_program(MSR_VIRT, &illegal[i], "privileged");
		expect_program(MSR_USER, &illegal[i], "problem");
		report_eq(cpu()->end.msr & MSR_PR, MSR_PR, "%s: SRR1 has PR", illegal[i].what);
	}
	for (i = 0; i < ARRAY_SIZE(privileged); i++)
		expect_program(MSR_USER, &privileged[i], "problem");
}

/*
 * The hypervisor's registers.  Where the ISA lets the processor choose, an
 * access is nothing or a program interrupt; what counts is that it has no
 * effect, and that everything goes on.
 */
static void test_hypervisor(void)
{
	static const struct insn must[] = { I(hrfid, 0), I(tlbie, 0), I(nap, 0), I(sleep, 0) };
	static const struct insn may[] = {
		I(mflpcr, 0), I(mtlpcr, 0), I(mflpidr, 0), I(mtlpidr, 0), I(mfhsrr0, 0),
		I(mthsrr0, 0), I(mfhsprg0, 0), I(mthsprg0, 0), I(mthdec, 0), I(mtsdr1, 0),
		I(mfhid0, 0), I(mthid0, 0), I(mttbu40, 0), I(mthfscr, 0),
		I(mtptcr, 0), I(mtciabr, 0), I(mtdawr, 0), I(mtamor, 0), I(tlbiel, 0),
		I(spr1000, 0),
	};
	struct regs *e = &cpu()->end;
	u64 before, tb;
	unsigned int i;
	long vec;

	if (!is_kvm && isa < 207) {
		report_skip("hypervisor's instructions: QEMU's POWER7 has no such state");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(must); i++)
		expect_program(MSR_REAL, &must[i], "privileged");
	for (i = 0; i < ARRAY_SIZE(may); i++) {
		tb = mftb();
		vec = run(MSR_REAL, may[i].fn, 0, ~0UL, 0);
		report(vec == 0 || (vec == 0x700 && e->nip == (u64)may[i].at &&
				    (e->msr & PROG_CAUSES)),
		       "%s in privileged state: nothing or a program interrupt", may[i].what);
		report(mftb() - tb < tb_hz, "%s: the timebase goes on", may[i].what);
	}
	/* Debian's QEMU does write it, and the host's clock with it */
	if (option("hardware")) {
		tb = mftb();
		run(MSR_REAL, i_mttbl, 0, ~0UL, 0);
		report(mftb() - tb < tb_hz, "mttbl in privileged state: no effect");
	} else {
		report_skip("mttbl in privileged state: Debian's QEMU has it wrong");
	}
	/* MSR[HV] cannot be set, by mtmsrd or by rfid */
	before = read_msr();
	run(MSR_REAL, i_mtmsrd, before | BIT(60), 0, 0);
	report_eq(read_msr() & BIT(60), 0, "mtmsrd does not set HV");
	report_eq(run(MSR_REAL | BIT(60), i_mfmsr, 0, 0, 0), 0, "rfid with HV in SRR1: goes on");
	report_eq(cpu()->ret & BIT(60), 0, "rfid does not set HV");
	/* ... nor the machine check bit cleared that the hypervisor wants */
	report_eq(cpu()->ret & MSR_SF, MSR_SF, "rfid sets SF");
}

/* Problem state: the interrupt comes with all that the instruction found */
static void test_sc1_regs(void)
{
	const u64 r0 = 0x1111222233334444UL, r12 = 0xa0000055UL, cr = 0x59a6c73fUL;
	struct regs *e = &cpu()->end;

	if (!is_kvm) {
		report_skip("sc 1 in problem state: QEMU's own H_PRIVILEGE");
		return;
	}
	report_eq(run_asm(MSR_USER, i_sc1_regs, 0, r0, r12, cr), 0xc00,
		  "sc 1 in problem state: vector");
	report_eq(e->gpr[0], r0, "sc 1 in problem state: r0");
	report_eq(e->gpr[12], r12, "sc 1 in problem state: r12");
	report_eq(e->xer & 0xe000007f, r12 & 0xe000007f, "sc 1 in problem state: XER");
	/* The hypervisor may destroy CR0 and CTR */
	report_eq(e->cr & 0x0fffffff, cr & 0x0fffffff, "sc 1 in problem state: CR1 to CR7");
	report(e->ctr == r0 || !e->ctr, "sc 1 in problem state: CTR is the guest's or 0");
	report_eq(e->msr & ~0xffff0000UL, MSR_USER, "sc 1 in problem state: SRR1");
}

/* An hcall may change the CFAR, but not to an address of the hypervisor */
static void test_cfar(void)
{
	static const struct {
		const char *name;
		u64 nr;
	} calls[] = {
		{ "in real mode", H_READ }, { "in the kernel", H_CONFER },
		{ "in user space", H_GET_TERM_CHAR },
	};
	const u64 want = 0x123450UL;
	unsigned int i;
	u64 got;

	if (isa < 206 || !is_kvm) {
		report_skip("CFAR: ISA 2.06 with a hypervisor");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		run_asm(MSR_REAL, i_cfar, calls[i].nr, 0, cpu()->server, want);
		got = cpu()->ret;
		report(got == want || !got, "CFAR after an hcall %s: 0x%lx", calls[i].name, got);
	}
}

static void test_hcalls(void)
{
	static const u64 unknown[] = {
		0x374 /* H_CLEAN_SLB */, 0x378 /* H_INVALIDATE_PID */, 0x3f8, 0x7f0, 0x10000,
		0xfffffffcUL, 0x100000004UL, 0x8000000000000004UL, ~3UL,
		/* not multiples of 4 */
		1, 2, 3, 5, 6, 7, 9, 0xe1, 0xe3, 0x125, 0x127,
	};
	u64 group, r4, io[9];
	unsigned int i;
	long vec;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		memset(io, 0, sizeof(io));
		io[0] = unknown[i];
		report_eq(hcall_raw(io), H_FUNCTION, "hcall 0x%lx: H_FUNCTION", unknown[i]);
	}
	test_sc1_regs();
	test_cfar();
	/* Problem state: QEMU has H_PRIVILEGE, the ISA a system call interrupt */
	for (group = npte - 8; group; group -= 8)
		if (!hcall(H_READ, 0, group) && !(HR(4) & HPTE_V_VALID))
			break;
	vec = run_asm(MSR_USER, i_sc1, H_CEDE, 0, 0, 0);
	report((vec == 0xc00 && cpu()->end.nip == (u64)at_sc1 + 4) ||
	       (!is_kvm && !vec && (long)cpu()->ret == H_PRIVILEGE),
	       "sc 1 in problem state: system call interrupt");
	r4 = H_EXACT;
	vec = run_asm(MSR_USER, i_sc1, H_ENTER, r4, group, HPTE_V_VALID);
	report(vec == 0xc00 || (long)cpu()->ret == H_PRIVILEGE,
	       "H_ENTER in problem state: refused");
	hcall(H_READ, 0, group);
	report_eq(HR(4) & HPTE_V_VALID, 0, "H_ENTER in problem state: no effect");
	vec = run_asm(MSR_VIRT, i_sc1, H_READ, 0, group, 0);
	report(!vec && cpu()->ret == 0, "hcall with MMU on: works");
	/* sc goes to the guest's own vector, behind the instruction */
	vec = run(MSR_USER, i_sc, 0, 0, 0);
	report_eq(vec, 0xc00, "sc: system call interrupt");
	report_eq(cpu()->end.nip, (u64)at_sc + 8, "sc: SRR0 is behind it");
	report_eq(cpu()->end.msr & ~0xffff0000UL, MSR_USER, "sc: SRR1");
}

static void test_trap(void)
{
	static const struct insn traps[] = { I(trap, PROG_TRAP) };
	long vec;

	expect_program(MSR_VIRT, &traps[0], "privileged");
	expect_program(MSR_USER, &traps[0], "problem");
	vec = run(MSR_VIRT, i_tdi, 0, 7, 0);
	report(vec == 0x700 && (cpu()->end.msr & PROG_TRAP), "tdeqi, equal: trap");
	report_eq(run(MSR_VIRT, i_tdi, 0, 8, 0), 0, "tdeqi, not equal: no trap");
	report_eq(run(MSR_VIRT, i_twnot, 0, 5, 0), 0, "twlti, not less: no trap");
}

static void test_unavailable(void)
{
	struct regs *e = &cpu()->end;
	u64 fscr;
	long vec;

	report_eq(run(MSR_VIRT, i_fadd, 0, 0, 0), 0x800, "fadd without MSR[FP]: 0x800");
	report_eq(e->nip, (u64)at_fadd, "fadd without MSR[FP]: SRR0");
	report_eq(run(MSR_VIRT | MSR_FP, i_fadd, 0, 0, 0), 0, "fadd with MSR[FP]");
	report_eq(run(MSR_VIRT, i_vadd, 0, 0, 0), 0xf20, "vadduwm without MSR[VEC]: 0xf20");
	report_eq(run(MSR_VIRT | MSR_VEC, i_vadd, 0, 0, 0), 0, "vadduwm with MSR[VEC]");
	if (isa >= 206) {
		report_eq(run(MSR_VIRT | MSR_FP | MSR_VEC, i_xxlor, 0, 0, 0), 0xf40,
			  "xxlor without MSR[VSX]: 0xf40");
		report_eq(run(MSR_VIRT | MSR_FP | MSR_VEC | MSR_VSX, i_xxlor, 0, 0, 0), 0,
			  "xxlor with MSR[VSX]");
	} else {
		report_skip("VSX: ISA 2.06");
	}
	if (isa < 207) {
		report_skip("facilities of FSCR: ISA 2.07");
		report_skip("TM: ISA 2.07");
		return;
	}
	fscr = mfspr(SPR_FSCR);
	mtspr(SPR_FSCR, 0);
	vec = run(MSR_USER, i_mfdscr, 0, 0, 0);
	if (vec == 0x700) {
		report_skip("DSCR without FSCR[DSCR]: this processor has no SPR 3 (QEMU's)");
	} else {
		report_eq(vec, 0xf60, "DSCR without FSCR[DSCR]: 0xf60");
		report_eq(FSCR_IC(mfspr(SPR_FSCR)), 2, "DSCR: cause in FSCR");
		mtspr(SPR_FSCR, FSCR_DSCR);
		report_eq(run(MSR_USER, i_mfdscr, 0, 0, 0), 0, "DSCR with FSCR[DSCR]");
		mtspr(SPR_FSCR, 0);
	}
	report_eq(run(MSR_USER, i_mftar, 0, 0, 0), 0xf60, "TAR without FSCR[TAR]: 0xf60");
	report_eq(FSCR_IC(mfspr(SPR_FSCR)), 8, "TAR: cause in FSCR");
	report_eq(run(MSR_USER, i_mfebbhr, 0, 0, 0), 0xf60, "EBBHR without FSCR[EBB]: 0xf60");
	report_eq(FSCR_IC(mfspr(SPR_FSCR)), 7, "EBBHR: cause in FSCR");
	mtspr(SPR_FSCR, FSCR_TAR | FSCR_EBB | FSCR_DSCR);
	report_eq(run(MSR_USER, i_mftar, 0, 0, 0), 0, "TAR with FSCR[TAR]");
	report_eq(run(MSR_USER, i_mfebbhr, 0, 0, 0), 0, "EBBHR with FSCR[EBB]");
	mtspr(SPR_FSCR, fscr);
	/* Off by the hypervisor's word, or by MSR[TM] = 0 first */
	vec = run(MSR_VIRT, i_tbegin, 0, 0, 0);
	report(vec == 0xf60 || (vec == 0x700 && (e->msr & PROG_ILL)),
	       "tbegin. without MSR[TM]: facility unavailable or illegal");
	vec = run(MSR_VIRT | BIT(32), i_tbegin, 0, 0, 0);
	/* QEMU's processor does not look at HFSCR[TM] */
	if (!vec && !option("hardware"))
		report_skip("tbegin. with MSR[TM]: this processor executes it (QEMU's)");
	else
		report(vec == 0xf60 || (vec == 0x700 && (e->msr & PROG_ILL)),
		       "tbegin. with MSR[TM]: facility unavailable or illegal");
}

static void test_alignment(void)
{
	u64 ra = touched_page(), bad = ra + 2;
	s64 at = map(EA, ra, HPTE_R_M | 2);

	report_eq(run(MSR_VIRT, i_lwarx, EA + 2, 0, 0), 0x600, "lwarx, not aligned: 0x600");
	report_eq(cpu()->end.dar, EA + 2, "lwarx, not aligned: DAR");
	report_eq(cpu()->end.nip, (u64)at_lwarx, "lwarx, not aligned: SRR0");
	report_eq(run(MSR_USER, i_ldarx, EA + 4, 0, 0), 0x600, "ldarx, not aligned: 0x600");
	report_eq(run(MSR_REAL, i_lwarx, bad, 0, 0), 0x600,
		  "lwarx in real mode, not aligned: 0x600");
	report_eq(run(MSR_VIRT, i_lwarx, EA + 4, 0, 0), 0, "lwarx, aligned");
	unmap(at);
}

static void test_trace(void)
{
	long vec = run(MSR_VIRT | MSR_SE, i_nop, 0, 0, 0);

	report_eq(vec, 0xd00, "MSR[SE]: trace interrupt");
	report_eq(cpu()->end.nip, (u64)i_nop + 4, "MSR[SE]: after one instruction");
	vec = run(MSR_USER | MSR_SE, i_nop, 0, 0, 0);
	report_eq(vec, 0xd00, "MSR[SE] in problem state: trace interrupt");
	report_eq(cpu()->end.msr & (MSR_PR | MSR_SE), MSR_PR | MSR_SE, "MSR[SE]: SRR1 has it");
	vec = run(MSR_VIRT | MSR_BE, i_branch, 0, 0, 0);
	report_eq(vec, 0xd00, "MSR[BE]: trace interrupt");
	report_eq(cpu()->end.nip, (u64)at_branch + 8, "MSR[BE]: after the branch");
}

int main(void)
{
	test_illegal();
	test_trap();
	test_unavailable();
	test_alignment();
	test_trace();
	test_hcalls();
	test_hypervisor();
	return 0;
}
