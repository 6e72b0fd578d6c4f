// SPDX-License-Identifier: GPL-2.0
/* Registers keep what they hold while the hypervisor is at work */
#include "sprs.h"

#define EA_NONE		0x30000000UL
#define SPR_MMCR0	795
#define MMCR0_FC	0x80000000UL	/* counters do not count */
#define MMCR0_FCHV	1UL		/* may be the hypervisor's */
#define MMCR0_PMAE	0x04000000UL	/* an alert is to be an interrupt */
#define MMCR0_FCECE	0x02000000UL	/* and ends counting */
#define MMCR0_PMCNCE	0x00004000UL	/* a counter but PMC1 that is negative is one */
#define MMCR0_PMAO	0x00000080UL	/* there was one */
#define SPR_MMCRA	786
#define MMCRA_SAMPLE	1UL
#define SPR_PMC6	792
#define SPR_VTB		849
#define SPR_FSCR	153

static struct image in, out;
static bool fp, vmx, vsx, can_cede;
static u64 vty;

/* --- special purpose registers --- */

#define SPR(n, nr, from, to, bits)					\
static u64 get_##n(void)						\
{									\
	return mfspr(nr);						\
}

#include "sprs_list.h"

#undef SPR

#define SPR(n, nr, from, to, bits)					\
static u64 set_##n(u64 v)						\
{									\
	mtspr(nr, v);							\
	isync();							\
	return 0;							\
}

#include "sprs_list.h"

#undef SPR

static u64 get_PURR(void)
{
	return mfspr(SPR_PURR);
}

static u64 get_SPURR(void)
{
	return mfspr(SPR_SPURR);
}

static u64 get_VTB(void)
{
	return mfspr(SPR_VTB);
}

#define SPR(n, nr, from, to, bits) \
	{ #n, get_##n, set_##n, from, to, bits, 0, 0, 0, 0 },

static struct spr {
	const char *name;
	u64 (*get)(void);
	u64 (*set)(u64 v);
	u16 from, to;
	u64 mask, want, got, saved;
	bool there;
} sprs[] = {
#include "sprs_list.h"
};

static u64 noise(u64 *seed)
{
	/* xorshift */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* FSCR says whether others can be read; 0 is no value for PPR */
static u64 pattern(const struct spr *s, u64 *seed)
{
	u64 v = noise(seed) & s->mask;

	return s->set == set_FSCR || s->set == set_PPR ? s->mask : v;
}

/* All that this processor has, other than the vectors' own */
static void find_sprs(void)
{
	u64 seed = 0x123456789abcdefUL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		struct spr *s = &sprs[i];
		u64 v = pattern(s, &seed);
		bool vectors = s->set == set_SPRG1 || s->set == set_SRR0 || s->set == set_SRR1 ||
			       s->set == set_DAR || s->set == set_DSISR;

		if (isa < s->from || isa > s->to) {
			report_skip("%s: not on this processor", s->name);
			continue;
		}
		s->there = true;
		if (vectors)
			continue;
		s->there = !run(MSR_REAL, s->get, 0, 0, 0);
		s->saved = cpu()->ret;
		if (!s->there || run(MSR_REAL, s->set, v, 0, 0) ||
		    run(MSR_REAL, s->get, 0, 0, 0) ||
		    (cpu()->ret & s->mask) != v) {
			report_skip("%s: this processor does not keep it", s->name);
			s->there = false;
		} else {
			report(true, "%s: keeps what is written", s->name);
		}
		run(MSR_REAL, s->set, s->saved, 0, 0);
	}
}

/* --- ways out --- */

enum how { SPIN, REAL_HCALL, KERNEL_HCALL, USER_HCALL, CEDE, NAP, TOUCH, MMIO };

static const struct {
	const char *name;
	bool hcall;
} hows[] = {
	[SPIN] = { "running on for 30 ms", false },
	[REAL_HCALL] = { "H_READ", true },
	[KERNEL_HCALL] = { "H_PROD", true },
	[USER_HCALL] = { "H_GET_TERM_CHAR", true },
	[CEDE] = { "H_CEDE, prodded", true },
	[NAP] = { "H_CEDE for 2 ms", true },
	[TOUCH] = { "a new page", false },
	[MMIO] = { "MMIO", false },
};

static u64 loops;	/* of bdnz in 30 ms */

static void calibrate(void)
{
	u64 t;

	for (loops = 1000; ; loops *= 2) {
		t = mftb();
		asm volatile("mtctr %0; 1: bdnz 1b" : : "r" (loops) : "ctr");
		t = mftb() - t;
		if (t > tb_hz / 100)
			break;
	}
	loops = loops * (tb_hz * 3 / 100) / t;
}

static void go(enum how how)
{
	u64 msr = read_msr();

	switch (how) {
	case SPIN:
		exit_spin(&in, &out, loops);
		break;
	case REAL_HCALL:
		in.gpr[4] = 0;
		in.gpr[5] = npte - 1;
		exit_hcall(&in, &out, H_READ);
		break;
	case KERNEL_HCALL:
		in.gpr[4] = cpu()->server;
		exit_hcall(&in, &out, H_PROD);
		break;
	case USER_HCALL:
		in.gpr[4] = vty;
		exit_hcall(&in, &out, H_GET_TERM_CHAR);
		break;
	case CEDE:
		/* EE is on afterwards, but nothing is pending */
		exit_hcall(&in, &out, H_CEDE);
		mtmsr(msr);
		break;
	case NAP:
		mtspr(SPR_DEC, tb_hz / 500);
		exit_hcall(&in, &out, H_CEDE);
		mtmsr(msr);
		break;
	case TOUCH:
		exit_touch(&in, &out, alloc_pages(0x10000));
		break;
	case MMIO:
		mtmsr(msr | MSR_DR);
		exit_touch(&in, &out, EA_NONE);
		mtmsr(msr);
		break;
	}
}

static void fill(u64 *seed)
{
	u64 *p = (u64 *)&in;
	unsigned int i;

	for (i = 0; i < sizeof(in) / 8; i++)
		p[i] = noise(seed);
	in.cr &= 0xffffffff;
	in.xer &= 0xe000007fUL;
	in.lr &= ~3UL;
	in.fpscr = *seed & 3;	/* rounding mode; no exception enabled */
	in.vscr[0] = 0;
	in.vscr[1] = *seed & 0x10001;
	memset(&out, 0, sizeof(out));
}

static unsigned int gpr_differences(enum how how)
{
	unsigned int i, bad = 0;

	for (i = 0; i < 32; i++) {
		/* An hcall may change r0 and r3 to r12 */
		if (hows[how].hcall && (i == 0 || (i >= 3 && i <= 12)))
			continue;
		if ((how == TOUCH || how == MMIO) && i == 30)
			continue;
		if (in.gpr[i] != out.gpr[i]) {
			printf("# r%u 0x%lx, was 0x%lx\n", i, out.gpr[i], in.gpr[i]);
			bad++;
		}
	}
	return bad;
}

static void test_exit(enum how how)
{
	/* PAPR: an hcall keeps CR2 to CR4, LR, and not CTR and XER */
	const u64 cr_mask = hows[how].hcall ? 0x00fff000UL : 0xffffffffUL;
	static struct image all;
	u64 seed = 0x9e3779b97f4a7c15UL + how, tb = mftb();
	const char *name = hows[how].name;
	struct image *o = &out;
	unsigned int i, bad;
	u64 dec;

	/* Whatever is pending comes now */
	mtspr(SPR_DEC, 0x7fffffff);
	mtmsr(read_msr() | MSR_EE);
	mtmsr(read_msr() & ~MSR_EE);
	mtspr(SPR_DEC, 0x7fffffff);
	dec = mfspr(SPR_DEC);
	if (how == CEDE)
		hcall(H_PROD, cpu()->server);
	fill(&seed);
	all = in;
	mtmsr(read_msr() | (fp ? MSR_FP : 0) | (vmx ? MSR_VEC : 0) | (vsx ? MSR_VSX : 0));
	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		struct spr *s = &sprs[i];

		if (!s->there)
			continue;
		s->want = pattern(s, &seed);
		s->saved = s->get();
		s->set(s->want);
	}
	load_fp(&in);
	if (vsx)
		load_vsx(&in);
	if (vmx && !vsx)
		load_vmx(&in);
	go(how);
	if (vsx)
		save_vsx(o);
	save_fp(o);
	if (vmx)
		save_vmx(o);
	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		struct spr *s = &sprs[i];

		if (!s->there)
			continue;
		s->got = s->get() & s->mask;
		s->set(s->saved);
	}
	mtmsr(read_msr() & ~(MSR_FP | MSR_VEC | MSR_VSX));

	/* Each line is an hcall, so not before everything has been read */
	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		struct spr *s = &sprs[i];

		/* sc itself sets two of them, and an interrupt's vector a third */
		if (s->there && !(hows[how].hcall && (s->set == set_SRR0 || s->set == set_SRR1)) &&
		    !(how == NAP && s->set == set_SPRG1))
			report_eq(s->got, s->want, "%s after %s", s->name, name);
	}
	report_eq(gpr_differences(how), 0, "GPRs after %s", name);
	report_eq(o->cr & cr_mask, in.cr & cr_mask, "CR after %s", name);
	report_eq(o->lr, in.lr, "LR after %s", name);
	if (!hows[how].hcall) {
		report_eq(o->xer & 0xe000007f, in.xer, "XER after %s", name);
		if (how != SPIN)
			report_eq(o->ctr, in.ctr, "CTR after %s", name);
	}
	if (vsx) {
		for (bad = 0, i = 0; i < 64; i++)
			bad += memcmp(o->vs[i], all.vs[i], 16) != 0;
		report_eq(bad, 0, "64 VSX registers after %s", name);
	} else {
		for (bad = 0, i = 0; i < 32; i++)
			bad += o->fpr[i] != all.fpr[i];
		report_eq(bad, 0, "32 FP registers after %s", name);
	}
	report_eq(o->fpscr & 0xff, all.fpscr & 0xff, "FPSCR after %s", name);
	report(mftb() >= tb, "timebase after %s", name);
	/* Below 0 if its interrupt has yet to come */
	report((int)mfspr(SPR_DEC) <= (int)dec, "decrementer after %s", name);
}

/* All registers are 0 but one, or two: 0 is no value for PPR */
static void test_alone(enum how how)
{
	u64 seed = 0x1234567 + how, v;
	unsigned int i, k, bad;

	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		if (!sprs[i].there)
			continue;
		fill(&seed);
		for (k = 0; k < ARRAY_SIZE(sprs); k++) {
			struct spr *s = &sprs[k];

			if (!s->there)
				continue;
			v = pattern(s, &seed);
			s->want = k == i || s->set == set_PPR ? v : 0;
			s->saved = s->get();
			s->set(s->want);
		}
		go(how);
		for (bad = 0, k = 0; k < ARRAY_SIZE(sprs); k++) {
			struct spr *s = &sprs[k];

			if (!s->there)
				continue;
			v = s->get() & s->mask;
			s->set(s->saved);
			if (hows[how].hcall && (s->set == set_SRR0 || s->set == set_SRR1))
				continue;
			bad += v != s->want;
		}
		report_eq(bad, 0, "%s is the only one set: all SPRs after %s", sprs[i].name,
			  hows[how].name);
	}
}

/* H_CEDE ends with this interrupt */
static void on_decrementer(struct cpu *c)
{
	mtspr(SPR_DEC, 0x7fffffff);
}

static u64 stop_busy;

/* A processor beside which another one of its core may nap in H_CEDE */
static void busy(void)
{
	while (!READ_ONCE(stop_busy))
		barrier();
	stop_cpu();
}

/*
 * A nap need not lose everything each time, and one that an IPI for the hypervisor
 * ends goes on: some rounds.
 */
static void test_nap(void)
{
	bool beside = start_cpu(1, busy);
	unsigned int i;

	if (!beside)
		report_skip("H_CEDE beside another processor: there is one only");
	set_handler(0x900, on_decrementer);
	for (i = 0; i < (beside ? 8 : 1); i++)
		test_exit(NAP);
	WRITE_ONCE(stop_busy, 1);
}

/* VSCR has no VSX way in: on its own */
static void test_vmx(enum how how)
{
	u64 seed = 77 + how;
	unsigned int i, bad;

	if (how == CEDE)
		hcall(H_PROD, cpu()->server);
	fill(&seed);
	in.vscr[1] = how & 1 ? 0x10000 : 0x00001;
	mtmsr(read_msr() | MSR_VEC);
	load_vmx(&in);
	go(how);
	save_vmx(&out);
	mtmsr(read_msr() & ~MSR_VEC);
	for (bad = 0, i = 0; i < 32; i++)
		bad += memcmp(out.vr[i], in.vr[i], 16) != 0;
	report_eq(bad, 0, "VMX registers after %s", hows[how].name);
	report_eq(out.vscr[1], in.vscr[1], "VSCR after %s", hows[how].name);
}

static void test_monotonic(void)
{
	static const struct {
		const char *name;
		u64 (*get)(void);
		u16 from;
	} clocks[] = {
		{ "timebase", mftb, 201 }, { "PURR", get_PURR, 206 },
		{ "SPURR", get_SPURR, 206 }, { "VTB", get_VTB, 207 },
	};
	unsigned int i, n, bad;
	u64 first, last, now;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (isa < clocks[i].from) {
			report_skip("%s: not on this processor", clocks[i].name);
			continue;
		}
		if (run(MSR_REAL, clocks[i].get, 0, 0, 0)) {
			report_skip("%s: this processor does not have it", clocks[i].name);
			continue;
		}
		first = clocks[i].get();
		last = first;
		for (bad = 0, n = 0; n < 2000; n++) {
			/* Every kind of exit between two looks */
			if (n % 200 == 0)
				go(SPIN);
			else if (n % 3 == 0)
				hcall(H_READ, 0, 0);
			else if (n % 3 == 1)
				hcall(H_PROD, cpu()->server);
			else if (can_cede && !hcall(H_PROD, cpu()->server))
				hcall(H_CEDE);
			now = clocks[i].get();
			bad += now < last;
			last = now;
		}
		report_eq(bad, 0, "%s never goes back", clocks[i].name);
		if (last == first && clocks[i].get != mftb)
			report_skip("%s goes on: this processor does not count it", clocks[i].name);
		else
			report(last > first, "%s goes on", clocks[i].name);
	}
}

static void test_ctrl(void)
{
	u64 want;

	for (want = 0; want < 2; want++) {
		mtspr(SPR_CTRLT, want);
		go(SPIN);
		go(USER_HCALL);
		report_eq(mfspr(SPR_CTRLF) & 1, want, "CTRL[RUN] = %lu is kept", want);
	}
}

static void test_mmcr0(void)
{
	u64 v = MMCR0_FC | 0x7e0UL, got;

	mtspr(SPR_MMCR0, v);
	if ((mfspr(SPR_MMCR0) & ~MMCR0_FCHV) != v) {
		report_skip("MMCR0: this processor does not keep it");
	} else {
		go(SPIN);
		go(USER_HCALL);
		got = mfspr(SPR_MMCR0);
		report_eq(got & ~MMCR0_FCHV, v, "MMCR0 after exits");
	}
	/* Counters stay frozen for all that follows */
	mtspr(SPR_MMCR0, MMCR0_FC);
}

/*
 * Exits while the performance monitor counts and samples.  What a hypervisor may do
 * wrong then only a processor shows, or the lab: property lab-pmu.
 */
static void test_pmu_in_use(void)
{
	if (isa < 206) {
		report_skip("performance monitor in use: ISA 2.06");
		return;
	}
	mtspr(SPR_MMCRA, MMCRA_SAMPLE);
	mtspr(SPR_MMCR0, 0);
	go(SPIN);
	go(USER_HCALL);
	report_eq(mfspr(SPR_MMCR0) & ~MMCR0_FCHV, 0, "MMCR0 after exits, counting");
	report_eq(mfspr(SPR_MMCRA), MMCRA_SAMPLE, "MMCRA after exits, sampling");
	mtspr(SPR_MMCR0, MMCR0_FC);
	mtspr(SPR_MMCRA, 0);
}

static u64 alerts;

static void on_alert(struct cpu *c)
{
	alerts++;
	mtspr(SPR_MMCR0, MMCR0_FC);
}

/* A counter overflows with interrupts off: how many interrupts come when they are on? */
static u64 overflow(bool leave)
{
	u64 end = mftb() + tb_hz / 100;

	alerts = 0;
	mtspr(SPR_PMC6, 0x7ffffff0UL);
	mtspr(SPR_MMCR0, MMCR0_PMAE | MMCR0_FCECE | MMCR0_PMCNCE);
	while (!(mfspr(SPR_MMCR0) & MMCR0_PMAO) && mftb() < end)
		barrier();
	if (leave) {
		go(SPIN);
		go(USER_HCALL);
	}
	mtmsr(read_msr() | MSR_EE);
	mtmsr(read_msr() & ~MSR_EE);
	mtspr(SPR_MMCR0, MMCR0_FC);
	return alerts;
}

static void test_alert(void)
{
	u64 v = MMCR0_FC | MMCR0_PMAO;

	if (isa < 207) {
		report_skip("performance monitor alert: ISA 2.07");
		return;
	}
	set_handler(0xf00, on_alert);
	mtspr(SPR_MMCR0, v);
	go(SPIN);
	go(USER_HCALL);
	report_eq(mfspr(SPR_MMCR0) & ~MMCR0_FCHV, v, "MMCR0 after exits, alert");
	mtspr(SPR_MMCR0, MMCR0_FC);
	if (overflow(false) == 1)
		report_eq(overflow(true), 1, "performance monitor alert across exits");
	else
		report_skip("performance monitor alert: this processor has no interrupt for it");
	set_handler(0xf00, NULL);
}

/*
 * MSR[POW] of a PPC970 is the guest's to set, and no way to keep the processor from the
 * host; one look of several must be shorter than a tick of the host.
 */
static void test_pow(void)
{
	u64 msr = read_msr(), best = ~0UL, t;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		mtspr(SPR_DEC, 0x7fffffff);
		t = mftb();
		sync();
		mtmsr(msr | MSR_POW);
		mtmsr(msr);
		t = mftb() - t;
		if (t < best)
			best = t;
	}
	report(best < tb_hz / 2000, "MSR[POW]: the processor goes on");
}

int main(void)
{
	static const enum how all[] = { SPIN, REAL_HCALL, KERNEL_HCALL, USER_HCALL,
					CEDE, TOUCH, MMIO };
	unsigned int i;

	vty = fdt_u32(fdt_compatible("hvterm1", 0), "reg", 0);
	if (isa >= 206)
		map(EA_NONE, mem_size + (16UL << 30), HPTE_R_I | HPTE_R_G | 2);
	calibrate();
	fp = true;
	vmx = true;
	vsx = isa >= 206;
	if (isa >= 207)
		mtspr(SPR_FSCR, 0x184);
	test_mmcr0();
	test_pmu_in_use();
	test_alert();
	test_ctrl();
	if (isa < 206)
		test_pow();
	find_sprs();
	can_cede = is_kvm;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i] == CEDE && !can_cede) {
			report_skip("H_CEDE, prodded: QEMU's own H_PROD is not kept for later");
			continue;
		}
		if (all[i] == MMIO && isa < 206) {
			report_skip("MMIO: ISA 2.06");
			continue;
		}
		test_exit(all[i]);
		test_vmx(all[i]);
	}
	test_alone(USER_HCALL);
	if (can_cede)
		test_nap();
	test_monotonic();
	test_breakpoints();
	return 0;
}
