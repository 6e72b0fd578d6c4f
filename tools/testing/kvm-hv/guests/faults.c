// SPDX-License-Identifier: GPL-2.0
/* Storage interrupts: which, with what in SRR0, SRR1, DAR and DSISR, and when not */
#include "lib.h"

#define EA		0x30000000UL	/* segment 3, its SLB entry is 3 */
#define NO_SEGMENT	0x7000000000UL
#define BLR		0x4e800020U

#define SPR_IAMR	61

/* SRR1 of an instruction storage interrupt, without what comes from the MSR */
#define ISI_CAUSE(srr1)	((srr1) & 0x783f0000UL)
#define ISI_NOHPTE	0x40000000UL
#define ISI_NOEXEC	0x10000000UL
#define ISI_PROT	0x08000000UL
#define ISI_KEY		0x00200000UL

static u64 page;

static void fetch(u64 ea)
{
	asm volatile("mtctr %0; mr 12,%0; bctrl" : : "r" (ea)
		     : "ctr", "lr", "r12", "memory");
}

static void make_code(u64 ra)
{
	store32(ra, BLR);
	asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r" (ra) : "memory");
}

/* The interrupt that ended run() was this one */
static void expect(long vec, u64 want, u64 dar, u64 dsisr, const char *what)
{
	struct regs *e = &cpu()->end;
	u64 got = vec ? e->dsisr & 0xffffffffUL : 0;

	if (vec == (long)want && (!vec || (got == dsisr && e->dar == dar))) {
		report(true, "%s", what);
		return;
	}
	report(false, "%s: 0x%lx DAR 0x%lx DSISR 0x%lx, not 0x%lx DAR 0x%lx DSISR 0x%lx",
	       what, vec, e->dar, got, want, dar, dsisr);
}

static void expect_fetch(long vec, u64 want, u64 srr0, u64 cause, const char *what)
{
	struct regs *e = &cpu()->end;

	if (vec == (long)want &&
	    (!vec || (ISI_CAUSE(e->msr) == cause && e->nip == srr0))) {
		report(true, "%s", what);
		return;
	}
	report(false, "%s: 0x%lx SRR0 0x%lx SRR1 0x%lx, not 0x%lx SRR0 0x%lx cause 0x%lx",
	       what, vec, e->nip, e->msr, want, srr0, cause);
}

static void test_no_translation(void)
{
	static const struct {
		u64 msr;
		const char *load, *store, *fetch, *sload, *sstore, *sfetch;
	} m[] = {
		{ MSR_VIRT, "load, no HPTE: 0x300", "store, no HPTE: 0x300",
		  "fetch, no HPTE: 0x400", "load, no segment: 0x380",
		  "store, no segment: 0x380", "fetch, no segment: 0x480" },
		{ MSR_USER, "user load, no HPTE: 0x300", "user store, no HPTE: 0x300",
		  "user fetch, no HPTE: 0x400", "user load, no segment: 0x380",
		  "user store, no segment: 0x380", "user fetch, no segment: 0x480" },
	};
	const u64 ea = EA + 0x12340, none = NO_SEGMENT + 0x5678;
	unsigned int i;
	long vec;

	for (i = 0; i < ARRAY_SIZE(m); i++) {
		expect(run(m[i].msr, load64, ea, 0, 0), 0x300, ea, DSISR_NOHPTE, m[i].load);
		report_eq(cpu()->end.msr & ~0xffff0000UL, m[i].msr,
			  "SRR1 is the MSR: %s", m[i].load);
		expect(run(m[i].msr, store64, ea, 0, 0), 0x300, ea,
		       DSISR_NOHPTE | DSISR_STORE, m[i].store);
		expect_fetch(run(m[i].msr, fetch, ea, 0, 0), 0x400, ea, ISI_NOHPTE, m[i].fetch);
		/* DSISR is undefined for segment interrupts */
		vec = run(m[i].msr, load64, none, 0, 0);
		expect(vec, 0x380, none, cpu()->end.dsisr & 0xffffffff, m[i].sload);
		vec = run(m[i].msr, store64, none, 0, 0);
		expect(vec, 0x380, none, cpu()->end.dsisr & 0xffffffff, m[i].sstore);
		vec = run(m[i].msr, fetch, none, 0, 0);
		expect_fetch(vec, 0x480, none, ISI_CAUSE(cpu()->end.msr), m[i].sfetch);
	}
	/* SRR0 is the instruction: it is in load64() */
	run(MSR_VIRT, load64, ea, 0, 0);
	report(cpu()->end.nip >= (u64)load64 && cpu()->end.nip < (u64)load64 + 64,
	       "SRR0 is the load's address");
	/* One of IR and DR */
	store64(page, 0x1122334455667788UL);
	report_eq(run(MSR_REAL | MSR_IR, load64, page, 0, 0), 0,
		  "IR without DR: load by real address");
	report_eq(cpu()->ret, 0x1122334455667788UL, "IR without DR: value");
	expect(run(MSR_REAL | MSR_DR, load64, ea, 0, 0), 0x300, ea, DSISR_NOHPTE,
	       "DR without IR: load, no HPTE: 0x300");
}

/* ISA 2.07 Book III-S, figure "PP bit protection states" */
static bool allowed(unsigned int pp, bool key, bool store)
{
	switch (pp) {
	case 0:
		return !key;
	case 1:
		return !key || !store;
	case 2:
		return true;
	case 3:
		return !store;
	case 6:
		return !key && !store;
	}
	return false;
}

/*
 * isync is enough for the ISA.  QEMU's processor goes on using what it has
 * translated, until the segment is loaded anew.
 */
static void reload_segment(void)
{
	clear_slb(EA);
	set_slb(3, EA, vsid_of(EA), 0);
}

/* One setting, one state: load, store, fetch */
static void check_protection(unsigned int pp, bool ks, bool kp, bool user)
{
	const char *state = user ? "user" : "kernel";
	u64 msr = user ? MSR_USER : MSR_VIRT, want;
	struct regs *e = &cpu()->end;
	bool key = user ? kp : ks;
	long vec;

	want = allowed(pp, key, false) ? 0 : DSISR_PROT;
	vec = run(msr, load64, EA + 8, 0, 0);
	report(vec == (want ? 0x300 : 0) &&
	       (!vec || (e->dsisr == want && e->dar == EA + 8)),
	       "pp %u Ks %u Kp %u %s load", pp, ks, kp, state);
	want = allowed(pp, key, true) ? 0 : DSISR_PROT | DSISR_STORE;
	vec = run(msr, store64, EA + 8, 0, 0);
	report(vec == (want ? 0x300 : 0) &&
	       (!vec || (e->dsisr == want && e->dar == EA + 8)),
	       "pp %u Ks %u Kp %u %s store", pp, ks, kp, state);
	want = allowed(pp, key, false) ? 0 : ISI_PROT;
	vec = run(msr, fetch, EA, 0, 0);
	report(vec == (want ? 0x400 : 0) &&
	       (!vec || (ISI_CAUSE(e->msr) == want && e->nip == EA)),
	       "pp %u Ks %u Kp %u %s fetch", pp, ks, kp, state);
}

static void test_protection(void)
{
	static const u8 pps[] = { 0, 1, 2, 3, 6 };
	unsigned int i, ks, kp, pp;
	s64 at;

	for (i = 0; i < ARRAY_SIZE(pps); i++) {
		pp = pps[i];
		if (pp == 6 && isa < 206) {
			report_skip("pp 6: ISA 2.06");
			continue;
		}
		/* The store below writes over no more than the second doubleword */
		make_code(page);
		at = map(EA, page, HPTE_R_M | (pp & 3) | (pp & 4 ? HPTE_R_PP0 : 0));
		for (ks = 0; ks < 2; ks++) {
			for (kp = 0; kp < 2; kp++) {
				clear_slb(EA);
				set_slb(3, EA, vsid_of(EA),
					(ks ? SLB_KS : 0) | (kp ? SLB_KP : 0));
				check_protection(pp, ks, kp, false);
				check_protection(pp, ks, kp, true);
			}
		}
		unmap(at);
	}
	reload_segment();
}

static void test_noexec(void)
{
	s64 at;

	make_code(page);
	at = map(EA, page, HPTE_R_M | 2);
	expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0, 0, 0, "fetch without N: goes");
	unmap(at);
	at = map(EA, page, HPTE_R_M | HPTE_R_N | 2);
	expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0x400, EA, ISI_NOEXEC,
		     "fetch, N in HPTE: 0x400");
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0, "load, N in HPTE: goes");
	unmap(at);
	at = map(EA, page, HPTE_R_M | 2);
	clear_slb(EA);
	set_slb(3, EA, vsid_of(EA), SLB_N);
	expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0x400, EA, ISI_NOEXEC,
		     "fetch, N in SLB: 0x400");
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0, "load, N in SLB: goes");
	clear_slb(EA);
	set_slb(3, EA, vsid_of(EA), 0);
	unmap(at);
	/* Guarded: outside memory, where an HPTE with I and G is right */
	if (isa < 206) {
		report_skip("fetch, G in HPTE: nothing outside memory can be mapped");
	} else {
		at = map(EA, mem_size + (16UL << 30), HPTE_R_I | HPTE_R_G | 2);
		expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0x400, EA, ISI_NOEXEC,
			     "fetch, G in HPTE: 0x400");
		unmap(at);
	}
	/* A page whose N goes and comes */
	at = map(EA, page, HPTE_R_M | HPTE_R_N | 2);
	run(MSR_VIRT, fetch, EA, 0, 0);
	hcall(H_PROTECT, 2, at, 0);
	expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0, 0, 0,
		     "fetch after H_PROTECT without N: goes");
	hcall(H_PROTECT, 6, at, 0);
	expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0x400, EA, ISI_NOEXEC,
		     "fetch after H_PROTECT with N: 0x400");
	unmap(at);
}

static void set_amr(u64 v)
{
	mtspr(SPR_AMR, v);
	isync();
	reload_segment();
}

static void set_iamr(u64 v)
{
	mtspr(SPR_IAMR, v);
	isync();
	reload_segment();
}

static void test_keys(void)
{
	static const u8 keys[] = { 1, 7, 8, 30, 31 };
	unsigned int i, shift;
	u64 amr, rbits;
	s64 at;

	if (isa < 206) {
		report_skip("storage keys: ISA 2.06");
		return;
	}
	amr = mfspr(SPR_AMR);
	make_code(page);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		shift = 62 - 2 * keys[i];
		rbits = HPTE_R_M | 2 | ((u64)(keys[i] & 7) << 9) | ((u64)(keys[i] >> 3) << 60);
		at = map(EA, page, rbits);
		set_amr(0);
		report_eq(run(MSR_VIRT, store64, EA, 0, 0), 0, "key %u open: store", keys[i]);
		set_amr(1UL << shift);
		report_eq(mfspr(SPR_AMR), 1UL << shift, "AMR for key %u", keys[i]);
		expect(run(MSR_VIRT, load64, EA, 0, 0), 0x300, EA, DSISR_KEY,
		       "key without load: load");
		expect(run(MSR_VIRT, store64, EA, 0, 0), 0, 0, 0, "key without load: store");
		set_amr(2UL << shift);
		expect(run(MSR_VIRT, store64, EA, 0, 0), 0x300, EA, DSISR_KEY | DSISR_STORE,
		       "key without store: store");
		expect(run(MSR_VIRT, load64, EA, 0, 0), 0, 0, 0, "key without store: load");
		set_amr(~(3UL << shift) & ~(3UL << 62));
		expect(run(MSR_VIRT, store64, EA, 0, 0), 0, 0, 0, "all other keys closed: store");
		set_amr(0);
		if (isa >= 207) {
			u64 iamr = mfspr(SPR_IAMR);

			make_code(page);
			set_iamr(1UL << shift);
			expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0x400, EA, ISI_KEY,
				     "IAMR: fetch: 0x400");
			set_iamr(0);
			expect_fetch(run(MSR_VIRT, fetch, EA, 0, 0), 0, 0, 0, "IAMR 0: fetch goes");
			set_iamr(iamr);
		} else {
			report_skip("IAMR: ISA 2.07");
		}
		unmap(at);
	}
	set_amr(amr);
}

static void test_real_mode(void)
{
	u64 a, bad = 0, n = 0, first = 64UL << 20, last = mem_size - (48UL << 20);

	/* QEMU's device tree is in the last 48 MiB of what is below 2G */
	for (a = first; a < last; a += 1UL << 20)
		store64(a + 0x8008, ~a);
	for (a = first; a < last; a += 1UL << 20, n++)
		bad += load64(a + 0x8008) != ~a;
	report(!bad && n > 100, "real mode: a word in each MiB of memory");
	report_eq(run(MSR_REAL, load64, mem_size - 8, 0, 0), 0,
		  "real mode: last doubleword of memory");

	/* The processor ignores the four most significant bits */
	store64(page, 0x5a5a);
	report_eq(run(MSR_REAL, load64, page | BIT(63), 0, 0), 0,
		  "real mode: top bit of the address is ignored");
	report_eq(cpu()->ret, 0x5a5a, "real mode: top bit ignored: value");
	if (!is_kvm) {
		report_skip("real mode outside memory: QEMU's own processor reads 0 there");
		return;
	}
	/* What an access outside gets is not in the ISA but is a storage interrupt */
	report_eq(run(MSR_REAL, load64, mem_size, 0, 0), 0x300,
		  "real mode: load behind memory: 0x300");
	report_eq(cpu()->end.dar, mem_size, "real mode: load behind memory: DAR");
	report_eq(cpu()->end.dsisr & DSISR_STORE, 0, "real mode: load behind memory: DSISR");
	report_eq(run(MSR_REAL, store64, mem_size, 0, 0), 0x300,
		  "real mode: store behind memory: 0x300");
	report_eq(cpu()->end.dsisr & DSISR_STORE, DSISR_STORE,
		  "real mode: store behind memory: DSISR");
	report_eq(run(MSR_REAL, fetch, mem_size, 0, 0), 0x400,
		  "real mode: fetch behind memory: 0x400");
	report_eq(cpu()->end.nip, mem_size, "real mode: fetch behind memory: SRR0");
	report_eq(run(MSR_REAL, load64, mem_size + (8UL << 30), 0, 0), 0x300,
		  "real mode: load far behind memory: 0x300");
}

static void test_crossing(void)
{
	u64 two = alloc_pages(8192), ea = EA + 0x100000, v;
	s64 a, b;

	memset((void *)two, 0, 8192);
	/* Two neighbours in the guest's space, the other way round in memory */
	a = map(ea, two + 4096, HPTE_R_M | 2);
	b = map(ea + 4096, two, HPTE_R_M | 2);
	store32(two + 8192 - 4, 0x11223344);
	store32(two, 0x55667788);
	report_eq(run(MSR_VIRT, load64, ea + 4092, 0, 0), 0, "load across two pages");
	report_eq(cpu()->ret, 0x1122334455667788UL, "load across two pages: value");
	report_eq(run(MSR_VIRT, store64, ea + 4094, 0xa1a2a3a4a5a6a7a8UL, 0), 0,
		  "store across two pages");
	v = (u64)load16(two + 8192 - 2) << 48 | (u64)load32(two) << 16 |
	    load16(two + 4);
	report_eq(v, 0xa1a2a3a4a5a6a7a8UL, "store across two pages: value");
	unmap(b);
	report_eq(run(MSR_VIRT, load64, ea + 4092, 0, 0), 0x300,
		  "load across, second not mapped: 0x300");
	report(cpu()->end.dar >= ea + 4092 && cpu()->end.dar < ea + 4100,
	       "load across, second not mapped: DAR in the operand");
	report_eq(cpu()->end.dsisr, DSISR_NOHPTE, "load across, second not mapped: DSISR");
	report_eq(run(MSR_VIRT, store64, ea + 4092, 0, 0), 0x300,
		  "store across, second not mapped: 0x300");
	report_eq(cpu()->end.dsisr, DSISR_NOHPTE | DSISR_STORE,
		  "store across, second not mapped: DSISR");
	b = map(ea + 4096, two, HPTE_R_M | 2);
	unmap(a);
	report_eq(run(MSR_VIRT, load64, ea + 4092, 0, 0), 0x300,
		  "load across, first not mapped: 0x300");
	report_eq(cpu()->end.dar, ea + 4092, "load across, first not mapped: DAR");
	unmap(b);
	/* Across two segments, the second missing */
	a = map(0xfffff000UL, page, HPTE_R_M | 2);
	report_eq(run(MSR_VIRT, load64, 0xfffffffcUL, 0, 0), 0x380,
		  "load across, second segment missing: 0x380");
	unmap(a);
}

static u64 add_reserved(u64 ea, u64 n)
{
	u64 old, t;

	asm volatile("1: ldarx %0,0,%2; add %1,%0,%3; stdcx. %1,0,%2; bne- 1b"
		     : "=&r" (old), "=&r" (t) : "r" (ea), "r" (n) : "cr0", "memory");
	return old;
}

static u64 zero_block(u64 ea)
{
	asm volatile("dcbz 0,%0" : : "r" (ea) : "memory");
	return 0;
}

static u64 touch_block(u64 ea)
{
	asm volatile("dcbt 0,%0; dcbtst 0,%0" : : "r" (ea) : "memory");
	return 0;
}

static void test_first_touch(void)
{
	const u64 step = 0x10000, n = 16;	/* in host pages of their own */
	u64 ra, ea, i, bad;
	s64 at[16];

	for (unsigned int how = 0; how < 6; how++) {
		static const char * const what[] = { "load", "store", "reserved store",
						     "dcbz", "fetch", "across two" };

		/* Only the fault makes these pages: nobody has touched them */
		ra = alloc_pages(step * n);
		for (i = 0; i < n; i++)
			at[i] = map(EA + i * step, ra + i * step, HPTE_R_M | 2);
		for (bad = 0, i = 0; i < n; i++) {
			ea = EA + i * step;
			switch (how) {
			case 0:
				bad += run(MSR_VIRT, load64, ea, 0, 0) || cpu()->ret;
				break;
			case 1:
				bad += run(MSR_VIRT, store64, ea + 8, i + 1, 0) ||
				       load64(ra + i * step + 8) != i + 1;
				break;
			case 2:
				bad += run(MSR_VIRT, add_reserved, ea + 16, i + 3, 0) || cpu()->ret;
				bad += load64(ra + i * step + 16) != i + 3;
				break;
			case 3:
				bad += run(MSR_VIRT, zero_block, ea + 128, 0, 0) ||
				       load64(ra + i * step + 128);
				break;
			case 4:
				/* Zeros are no instruction */
				bad += run(MSR_VIRT, fetch, ea, 0,
					   0) != 0x700 || cpu()->end.nip != ea;
				break;
			case 5:
				if (i % 2)
					break;
				/* Two pages, both new: the second behind the first */
				unmap(at[i + 1]);
				at[i + 1] = map(ea + 4096, ra + (i + 1) * step, HPTE_R_M | 2);
				bad += run(MSR_VIRT, store64, ea + 4092, 0x1111222233334444UL, 0) ||
				       load32(ra + i * step + 4092) != 0x11112222 ||
				       load32(ra + (i + 1) * step) != 0x33334444;
			}
		}
		report_eq(bad, 0, "first touch of %lu pages by %s", n, what[how]);
		for (i = 0; i < n; i++)
			unmap(at[i]);
	}
	report_eq(run(MSR_VIRT, touch_block, EA, 0, 0), 0,
		  "dcbt and dcbtst without HPTE: no interrupt");
	expect(run(MSR_VIRT, zero_block, EA, 0, 0), 0x300, EA, DSISR_NOHPTE | DSISR_STORE,
	       "dcbz without HPTE: 0x300");
	expect(run(MSR_VIRT, add_reserved, EA, 0, 0), 0x300, EA, DSISR_NOHPTE,
	       "ldarx without HPTE: 0x300");
	at[0] = map(EA, page, HPTE_R_M | 3);
	run(MSR_VIRT, add_reserved, EA, 0, 0);
	report_eq(cpu()->end.dsisr, DSISR_PROT | DSISR_STORE, "stdcx. to a read-only page: 0x300");
	unmap(at[0]);
}

/* Other segment and page sizes, the secondary group, translations that change */
static void test_translation(void)
{
	u64 other = touched_page(), v, hash, ea, ra, i, bad;
	unsigned int n;
	s64 at;

	store64(page, 1);
	store64(other, 2);
	for (bad = 0, i = 0; i < 100; i++) {
		at = map(EA, i & 1 ? other : page, HPTE_R_M | 2);
		bad += run(MSR_VIRT, load64, EA, 0, 0) || cpu()->ret != (i & 1) + 1;
		unmap(at);
	}
	report_eq(bad, 0, "a page mapped elsewhere, 100 times");

	v = hpte_v(EA, vsid_of(EA), 0, 12, 12);
	hash = hpte_hash(EA, vsid_of(EA), 0, 12);
	hcall(H_ENTER, 0, hpte_group(~hash), v | HPTE_V_SECOND, page | HPTE_R_M | 2);
	at = HR(4);
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0, "HPTE in the secondary group");
	unmap(at);
	hcall(H_ENTER, 0, hpte_group(~hash), v, page | HPTE_R_M | 2);
	at = HR(4);
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0x300,
		  "secondary group without H: no translation");
	unmap(at);
	hcall(H_ENTER, 0, hpte_group(hash), v | HPTE_V_SECOND, page | HPTE_R_M | 2);
	at = HR(4);
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0x300, "primary group with H: no translation");
	unmap(at);

	ea = 0x15430000000UL;	/* above 1T, where no other segment is */
	if (isa >= 206) {
		hash = hpte_hash(ea, 0x1234, HPTE_V_1T, 12);
		hcall(H_ENTER, 0, hpte_group(hash), hpte_v(ea, 0x1234, HPTE_V_1T, 12, 12),
		      page | HPTE_R_M | 2);
		at = HR(4);
		set_slb(20, ea, 0x1234, SLB_1T);
		report_eq(run(MSR_VIRT, load64, ea, 0, 0), 0, "1T segment");
		report_eq(cpu()->ret, 1, "1T segment: value");
		unmap(at);
		expect(run(MSR_VIRT, load64, ea + 0x100, 0, 0), 0x300, ea + 0x100, DSISR_NOHPTE,
		       "1T segment, no HPTE: 0x300");
		asm volatile("isync; slbie %0; isync" : :
			     "r" ((ea & ~(BIT(40) - 1)) | BIT(25)) : "memory");
	} else {
		report_skip("1T segment: ISA 2.06");
	}

	/* 16 pages of each size the device tree lists, first and last word */
	for (n = 0; n < nr_psizes; n++) {
		const struct psize *p = &psizes[n];
		u64 size = BIT(p->actual), vsid = 0x77700 + n;

		ra = p->actual <= 24 ? alloc_pages(size) : ~0UL >> 1;
		if (ra + size > mem_size) {
			report_skip("access to a page of 2^%u: no memory for it", p->actual);
			continue;
		}
		ea = EA + size;
		clear_slb(EA);
		set_slb(3, EA, vsid, p->llp);
		/* A large page in a segment of small ones: an HPTE per hash */
		hash = hpte_hash(ea, vsid, 0, p->base);
		at = hcall(H_ENTER, 0, hpte_group(hash), hpte_v(ea, vsid, 0, p->base, p->actual),
			   ra | (u64)p->penc << 12 | HPTE_R_M | 2) ? -1 : (s64)HR(4);
		store64(ra + 8, 0x7000 + n);
		report_eq(run(MSR_VIRT, load64, ea + 8, 0, 0), 0,
			  "page of 2^%u in segment of 2^%u: load", p->actual, p->base);
		report_eq(cpu()->ret, 0x7000 + n, "page of 2^%u in segment of 2^%u: value",
			  p->actual, p->base);
		if (p->base == p->actual) {
			report_eq(run(MSR_VIRT, store64, ea + size - 8, 0x9000 + n, 0), 0,
				  "page of 2^%u: store to its end", p->actual);
			report_eq(load64(ra + size - 8), 0x9000 + n,
				  "page of 2^%u: the end has it", p->actual);
			report_eq(run(MSR_VIRT, load64, ea + size, 0, 0), 0x300,
				  "page of 2^%u: nothing behind it", p->actual);
		}
		unmap(at);
		report_eq(run(MSR_VIRT, load64, ea + 8, 0, 0), 0x300,
			  "page of 2^%u in segment of 2^%u: gone after H_REMOVE",
			  p->actual, p->base);
	}
	reload_segment();
}

int main(void)
{
	page = touched_page();
	test_no_translation();
	test_protection();
	test_noexec();
	test_keys();
	test_real_mode();
	test_crossing();
	test_first_touch();
	test_translation();
	return 0;
}
