// SPDX-License-Identifier: GPL-2.0
/* Guests of hostile: short programs of random hcalls, loads, stores and instructions */
#include <endian.h>
#include <string.h>

#include "hostile.h"
#include "lib.h"

#define MAX_INSNS	(G_CODE_SIZE / 4)
#define ROOM		128		/* more than what one step emits */

#define MSR_EE		0x8000UL
#define MSR_PR		0x4000UL
#define MSR_FP		0x2000UL
#define MSR_IR		0x20UL
#define MSR_VEC		0x2000000UL
#define MSR_VSX		0x800000UL

#define LAST_HCALL	0x450

#define SPR_SRR0	26
#define SPR_SRR1	27

/* Registers that steps use: arguments of hcalls are r3 to r11 */
#define R_COUNT		21
#define R_PTEX		20
#define R_TMP		24
#define R_TMP2		25

/* Where no memslot is, unless its address is random */
#define DEVICE		0x10000000000UL

struct code {
	uint32_t insn[MAX_INSNS];
	unsigned int n;
};

/* ---- values ---- */

uint64_t some_gpa(void)
{
	switch (below(8)) {
	case 0:
		return SECOND_GPA + (below(SECOND_SIZE) & ~0xfffUL);
	case 1:
		return below(1UL << 30) & ~0xfffUL;
	case 2:		/* a device */
		return DEVICE + (below(1UL << 20) & ~0xfffUL);
	case 3:
		return edge();
	default:
		return below(RAM_SIZE) & ~0xfffUL;
	}
}

uint64_t some_hpte_v(void)
{
	uint64_t v = (VSID + below(2)) << 12 | 1;

	if (one_in(8))
		v |= 4;			/* L */
	if (one_in(4))
		v |= 0x10;		/* bolted */
	if (one_in(8))
		v |= 2;			/* secondary hash */
	if (one_in(16))
		v |= below(4) << 62;	/* segment size */
	return one_in(16) ? rnd() : v | below(32) << 7;
}

uint64_t some_hpte_r(void)
{
	static const uint64_t wimg[] = { 0x10, 0x10, 0x10, 0x10, 0x28, 0x38, 0x08, 0x50 };
	uint64_t r = some_gpa() | wimg[below(ARRAY_SIZE(wimg))] | below(4);

	if (one_in(8))
		r |= rnd() & 0x1fc;	/* R, C, N, G */
	if (one_in(8))
		r |= below(16) << 12;	/* LP */
	if (one_in(16))
		r |= 1UL << below(64);
	return r;
}

static uint64_t some_ptex(void)
{
	if (one_in(16))
		return edge();
	return one_in(2) ? PTEX + below(64) : below(NR_PTES);
}

/* ---- instructions ---- */

static void emit(struct code *c, uint32_t insn)
{
	if (c->n < MAX_INSNS)
		c->insn[c->n++] = insn;
}

static void load(struct code *c, unsigned int reg, uint64_t v)
{
	const uint32_t d = reg << 21, same = d | reg << 16;

	if ((int64_t)v == (int16_t)v) {
		emit(c, 0x38000000 | d | (v & 0xffff));		/* li */
		return;
	}
	emit(c, 0x3c000000 | d | (v >> 48 & 0xffff));		/* lis */
	emit(c, 0x60000000 | same | (v >> 32 & 0xffff));	/* ori */
	emit(c, 0x780007c6 | same);				/* sldi 32 */
	emit(c, 0x64000000 | same | (v >> 16 & 0xffff));	/* oris */
	emit(c, 0x60000000 | same | (v & 0xffff));		/* ori */
}

static void to_spr(struct code *c, unsigned int spr, unsigned int reg)
{
	emit(c, 0x7c0003a6 | reg << 21 | (spr & 31) << 16 | spr >> 5 << 11);
}

static void from_spr(struct code *c, unsigned int spr, unsigned int reg)
{
	emit(c, 0x7c0002a6 | reg << 21 | (spr & 31) << 16 | spr >> 5 << 11);
}

/* Once more from @start on while R_COUNT counts down */
static void repeat(struct code *c, unsigned int start)
{
	emit(c, 0x34000000 | R_COUNT << 21 | R_COUNT << 16 | 0xffff);	/* addic. -1 */
	emit(c, 0x40820000 | (((int)start - (int)c->n) * 4 & 0xfffc));	/* bne */
}

/* ---- hcalls ---- */

static void args(struct code *c, const uint64_t *v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		load(c, 4 + i, maybe(v[i]));
}

#define ARGS(c, ...) do {						\
	const uint64_t v_[] = { __VA_ARGS__ };				\
									\
	args(c, v_, ARRAY_SIZE(v_));					\
} while (0)

static void hpt_args(struct code *c, unsigned int nr)
{
	switch (nr) {
	case H_ENTER:
		ARGS(c, one_in(2) ? H_EXACT : 0, some_ptex(), some_hpte_v(), some_hpte_r());
		break;
	case H_REMOVE:
		ARGS(c, one_in(4) ? below(4) << 32 : 0, some_ptex(), some_hpte_v() & ~0x7fUL);
		break;
	case H_PROTECT:
		ARGS(c, (one_in(4) ? 1UL << 32 : 0) | below(16), some_ptex(),
		     some_hpte_v() & ~0x7fUL);
		break;
	case H_BULK_REMOVE:
		for (unsigned int i = 4; i < 12; i += 2) {
			load(c, i, maybe((1 + below(3)) << 62 | below(4) << 56 | some_ptex()));
			load(c, i + 1, some_hpte_v() & ~0x7fUL);
		}
		break;
	default:
		ARGS(c, one_in(4) ? 1UL << 32 : 0, some_ptex());
		break;
	}
}

static void other_args(struct code *c, unsigned int nr)
{
	static const uint16_t area[] = { 1, 2, 3, 5, 6, 7, 0, 4 };
	const uint64_t liobn = LIOBN + below(4), ioba = below(64) << 12;

	switch (nr) {
	case H_GET_TCE:
	case H_PUT_TCE:
		ARGS(c, liobn, ioba, some_gpa() | below(4));
		break;
	case H_STUFF_TCE:
		ARGS(c, liobn, ioba, some_gpa() | below(4), below(600));
		break;
	case H_PUT_TCE_INDIRECT:
		ARGS(c, liobn, ioba, one_in(4) ? some_gpa() : G_LIST, below(520));
		break;
	case H_REGISTER_VPA:
		ARGS(c, (uint64_t)area[below(ARRAY_SIZE(area))] << 45, below(5),
		     one_in(4) ? some_gpa() : G_VPAS + below(16) * 0x1000);
		break;
	case H_EOI:
		ARGS(c, (below(256) << 24) | (one_in(2) ? 2 : 16 + below(16)));
		break;
	case H_CPPR:
		ARGS(c, below(256));
		break;
	case H_IPI:
		ARGS(c, below(5), below(256));
		break;
	case H_IPOLL:
	case H_PROD:
		ARGS(c, below(5));
		break;
	case H_CONFER:
		ARGS(c, one_in(4) ? ~0UL : below(5), below(8));
		break;
	case H_SET_MODE:
		ARGS(c, below(5), below(6), one_in(2) ? 0 : rnd(), one_in(2) ? 0 : rnd());
		break;
	case H_LOGICAL_CI_LOAD:
	case H_LOGICAL_CI_STORE:
		ARGS(c, 1UL << below(5), some_gpa() + below(8), rnd());
		break;
	case H_RTAS:
		ARGS(c, one_in(4) ? some_gpa() : G_RTAS + below(8) * 0x40);
		break;
	default:
		ARGS(c, edge(), edge(), edge(), edge(), edge(), edge());
		break;
	}
}

static void step_hcall(struct code *c)
{
	static const uint16_t hpt[] = { H_ENTER, H_ENTER, H_REMOVE, H_PROTECT, H_BULK_REMOVE,
					H_READ, H_CLEAR_MOD, H_CLEAR_REF };
	static const uint16_t other[] = {
		H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT, H_REGISTER_VPA,
		H_REGISTER_VPA, H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR, H_XIRR_X, H_PROD,
		H_CONFER, H_SET_MODE, H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE, H_RTAS,
		H_SET_DABR, H_SET_XDABR, H_RANDOM, HCALL_DONE,
	};
	uint64_t nr;

	if (one_in(2)) {
		nr = hpt[below(ARRAY_SIZE(hpt))];
		hpt_args(c, nr);
	} else if (!one_in(8)) {
		nr = other[below(ARRAY_SIZE(other))];
		other_args(c, nr);
	} else {
		nr = one_in(2) ? 4 * below(LAST_HCALL / 4) : edge();
		other_args(c, 0);
	}
	load(c, 3, nr);
	emit(c, SC1);
}

/* The same hcall again and again, with one index after the other */
static void step_storm(struct code *c)
{
	static const uint16_t nrs[] = { H_ENTER, H_REMOVE, H_PROTECT, H_READ };
	const uint64_t nr = nrs[below(ARRAY_SIZE(nrs))];
	unsigned int start;

	load(c, R_COUNT, 1 + below(one_in(8) ? 2000 : 100));
	load(c, R_PTEX, some_ptex());
	load(c, R_TMP, some_hpte_v());
	load(c, R_TMP2, some_hpte_r());
	start = c->n;
	load(c, 3, nr);
	load(c, 4, nr == H_ENTER && one_in(2) ? H_EXACT : 0);
	emit(c, 0x7c000378 | R_PTEX << 21 | 5 << 16 | R_PTEX << 11);	/* mr r5 */
	emit(c, 0x7c000378 | R_TMP << 21 | 6 << 16 | R_TMP << 11);	/* mr r6 */
	emit(c, 0x7c000378 | R_TMP2 << 21 | 7 << 16 | R_TMP2 << 11);	/* mr r7 */
	emit(c, SC1);
	emit(c, 0x38000000 | R_PTEX << 21 | R_PTEX << 16 | (one_in(2) ? 1 : 8));	/* addi */
	if (one_in(4))
		emit(c, 0x38000000 | R_TMP2 << 21 | R_TMP2 << 16 | 0x1000);
	repeat(c, start);
}

/* An hcall that waits, with something that may end it */
static void step_sleep(struct code *c)
{
	load(c, 4, below(1UL << 16));
	to_spr(c, 22, 4);			/* DEC */
	if (one_in(4))
		load(c, 4, 1UL << 40);
	load(c, 3, H_CEDE);
	emit(c, SC1);
}

/* ---- memory ---- */

static const uint32_t accesses[] = {
	/* r4 and (r5) */
	0xe8850000, 0xf8850000, 0x80850000, 0x90850000, 0x88850000, 0x98850000, /* ld to stb */
	0xa0850000, 0xb0850000, 0xa8850000, 0x84850000, 0xe8850002,	/* lhz sth lha lwzu lwa */
	0x7c80282c + 0x400, 0x7c80292c, 0x7c802aaa, 0x7c8028a8, 0x7c8029ad, /* by index */
	0xc8850000, 0xd8850000, 0x7c8028ce, 0x7c8029ce,		/* lfd stfd lvx stvx */
	0x7c0027ec + 0x800, 0x7c002fac, 0x7c0028ac,		/* dcbz icbi dcbf */
	0xb8850000, 0xbc850000, 0x7c802e98,			/* lmw stmw lxvd2x */
};

/* Loads and stores with translation as it is */
static void step_access(struct code *c)
{
	unsigned int start;

	load(c, 5, one_in(2) ? some_gpa() + below(0x1000) : EA + below(64) * 0x1000);
	if (one_in(4)) {
		emit(c, accesses[below(ARRAY_SIZE(accesses))]);
		return;
	}
	load(c, R_COUNT, 1 + below(64));
	start = c->n;
	emit(c, accesses[below(ARRAY_SIZE(accesses))]);
	emit(c, 0x38a51000);			/* addi r5,r5,0x1000 */
	repeat(c, start);
}

/* A segment, pages in it, and translation on */
static void step_translate(struct code *c)
{
	unsigned int i, n = 1 + below(4);

	for (i = 0; i < n; i++) {
		load(c, 3, H_ENTER);
		load(c, 4, H_EXACT);
		load(c, 5, (VSID ^ i) * 8 + below(2));
		load(c, 6, HPTE_V);
		load(c, 7, maybe(HPTE_R(one_in(4) ? DEVICE : below(RAM_SIZE) & ~0xfffUL)));
		emit(c, SC1);
	}
	load(c, R_TMP, VSID << 12);
	load(c, R_TMP2, EA | 0x08000000UL | (one_in(8) ? below(64) : 0));
	emit(c, 0x7c000324 | R_TMP << 21 | R_TMP2 << 11);	/* slbmte */
	load(c, R_TMP, MSR_SF | MSR_DR | 2 | (one_in(8) ? MSR_IR : 0) |
	     (one_in(4) ? MSR_EE : 0) | (one_in(2) ? MSR_FP | MSR_VEC | MSR_VSX : 0));
	emit(c, 0x7c000164 | R_TMP << 21);			/* mtmsrd */
	emit(c, 0x4c00012c);					/* isync */
	load(c, 5, EA + below(n) * 0x1000);
	emit(c, accesses[below(ARRAY_SIZE(accesses))]);
}

/* ---- everything else ---- */

static void step_msr(struct code *c)
{
	uint64_t msr = MSR_SF | (rnd() & (MSR_EE | MSR_FP | MSR_VEC | MSR_VSX | MSR_DR | MSR_IR));

	if (one_in(4))
		msr ^= 1UL << below(64);
	if (one_in(8))
		msr = rnd();
	load(c, R_TMP, msr);
	if (one_in(4)) {
		load(c, R_TMP2, one_in(2) ? G_CODE + below(G_CODE_SIZE / 4) * 4 : edge());
		to_spr(c, SPR_SRR0, R_TMP2);
		to_spr(c, SPR_SRR1, R_TMP);
		emit(c, 0x4c000024);				/* rfid */
	} else {
		emit(c, 0x7c000164 | R_TMP << 21 | (one_in(4) ? 1 << 16 : 0));
	}
}

static void step_spr(struct code *c)
{
	static const uint16_t sprs[] = {
		1, 3, 8, 9, 13, 17, 18, 19, 22, 25, 26, 27, 28, 29, 48, 61, 80, 128, 129, 130, 131,
		136, 152, 153, 157, 159, 176, 180, 186, 187, 188, 256, 268, 272, 273, 274, 275,
		276, 284, 285, 286, 287, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314,
		315, 316, 317, 318, 319, 336, 337, 338, 339, 349, 350, 351, 446, 736, 752, 768,
		769, 770, 771, 779, 780, 782, 784, 785, 786, 787, 795, 796, 798, 800, 804, 808,
		815, 848, 849, 861, 880, 881, 882, 896, 921, 1008, 1009, 1012, 1013, 1023,
	};
	const unsigned int spr = one_in(8) ? below(1024) : sprs[below(ARRAY_SIZE(sprs))];

	if (one_in(2)) {
		from_spr(c, spr, R_TMP);
	} else {
		load(c, R_TMP, one_in(2) ? rnd() : edge());
		to_spr(c, spr, R_TMP);
	}
}

static void step_insn(struct code *c)
{
	static const uint32_t insns[] = {
		0x00000000, 0x00dddd00, 0x44000002, 0x7fe00008, 0x0b030000, 0x7c0003e4,
		0x7c002a64, 0x7c002a24, 0x7c002b64, 0x7c00046c, 0x7c0004ac, 0x7c20051d,
		0x7c00055d, 0x7c00071d, 0x7c000f1c + 0x400, 0x4c000224, 0x4c000364, 0x7c6021a6,
		0x7c00295c, 0x7c00291c, 0x7c0029dc, 0x7c00295c, 0x7c210b78, 0x7c421378,
		0x7c852626, 0x7c852726, 0xfc42102a, 0x10420404, 0xf0421492, 0x7c000124, 0x60000000,
	};
	unsigned int i, n = 1 + below(8);

	load(c, 5, one_in(2) ? edge() : EA | 0x08000000UL);
	for (i = 0; i < n; i++)
		emit(c, one_in(4) ? (uint32_t)rnd() : insns[below(ARRAY_SIZE(insns))]);
}

/* Until a signal comes, or for long */
static void step_loop(struct code *c)
{
	unsigned int start;

	if (one_in(32)) {
		emit(c, 0x48000000);
		return;
	}
	load(c, R_COUNT, below(1UL << below(18)));
	start = c->n;
	emit(c, 0x60000000);
	repeat(c, start);
}

static void put(uint8_t *to, const struct code *c)
{
	put_code(to, c->insn, c->n);
}

void put_program(uint8_t *to)
{
	static void (*const steps[])(struct code *) = {
		step_hcall, step_hcall, step_hcall, step_storm, step_storm, step_sleep,
		step_access, step_access, step_translate, step_translate, step_msr, step_spr,
		step_insn, step_loop,
	};
	struct code c = { .n = 0 };
	unsigned int room = ROOM + below(MAX_INSNS - ROOM);

	while (c.n + ROOM < room)
		steps[below(ARRAY_SIZE(steps))](&c);
	load(&c, 3, HCALL_DONE);
	emit(&c, SC1);
	/* And again from the start */
	emit(&c, 0x48000000 | ((0 - c.n * 4) & 0x3fffffc));
	put(to, &c);
}

/* ---- programs of hostile_aim.c ---- */

#define R_GPA		14
#define R_HPTE		15
#define R_REAL		17
#define R_MAPPED	18
#define R_REAL_AGAIN	19

static void mr(struct code *c, unsigned int to, unsigned int from)
{
	emit(c, 0x7c000378 | from << 21 | to << 16 | from << 11);
}

static void ld(struct code *c, unsigned int to, unsigned int base)
{
	emit(c, 0xe8000000 | to << 21 | base << 16);
}

static void set_msr(struct code *c, uint64_t msr)
{
	load(c, R_TMP, msr);
	emit(c, 0x7c000164 | R_TMP << 21);	/* mtmsrd */
	emit(c, 0x4c00012c);			/* isync */
}

static void hcall(struct code *c, unsigned int nr)
{
	load(c, 3, nr);
	emit(c, SC1);
}

/* The HPTE in R_HPTE for EA, which is in r9, and no older one */
static void map_page(struct code *c)
{
	load(c, R_TMP, VSID << 12);
	load(c, R_TMP2, EA | 0x08000000UL);
	emit(c, 0x7c000324 | R_TMP << 21 | R_TMP2 << 11);	/* slbmte */
	load(c, 4, 0);
	load(c, 5, PTEX);
	load(c, 6, 0);
	hcall(c, H_REMOVE);
	load(c, 4, H_EXACT);
	load(c, 5, PTEX);
	load(c, 6, HPTE_V);
	mr(c, 7, R_HPTE);
	hcall(c, H_ENTER);
	load(c, 9, EA);
}

/* Real mode twice: other threads of the user may store there */
static void compare(struct code *c)
{
	unsigned int start, differ, same;

	load(c, R_COUNT, 8);
	start = c->n;
	map_page(c);
	ld(c, R_REAL, R_GPA);
	set_msr(c, MSR_SF | MSR_DR);
	ld(c, R_MAPPED, 9);
	set_msr(c, MSR_SF);
	ld(c, R_REAL_AGAIN, R_GPA);
	emit(c, 0x7c200000 | R_REAL << 16 | R_REAL_AGAIN << 11);	/* cmpd */
	differ = c->n;
	emit(c, 0);
	emit(c, 0x7c200000 | R_REAL << 16 | R_MAPPED << 11);
	same = c->n;
	emit(c, 0);
	mr(c, 4, R_REAL);
	mr(c, 5, R_MAPPED);
	hcall(c, HCALL_WRONG);
	c->insn[differ] = 0x40820000 | (c->n - differ) * 4;	/* bne */
	c->insn[same] = 0x41820000 | (c->n - same) * 4;		/* beq */
	repeat(c, start);
	hcall(c, HCALL_DONE);
}

static void store(struct code *c)
{
	unsigned int start;

	map_page(c);
	load(c, R_COUNT, 32);
	set_msr(c, MSR_SF | MSR_DR);
	start = c->n;
	emit(c, 0xf8090000 | R_MAPPED << 21);	/* std 0(r9) */
	emit(c, 0x39290080);			/* addi r9,r9,0x80 */
	repeat(c, start);
	set_msr(c, MSR_SF);
	hcall(c, HCALL_DONE);
}

/* RTAS looks for sources and servers, as H_IPI does for the latter */
static void ipis(struct code *c)
{
	unsigned int i, start;

	load(c, R_COUNT, 4);
	start = c->n;
	for (i = 0; i < 4; i++) {
		load(c, 4, below(NR_SERVERS));
		load(c, 5, one_in(2) ? 4 : below(256));
		hcall(c, H_IPI);
		load(c, 4, 0xff);
		hcall(c, H_CPPR);
		hcall(c, H_XIRR);
		hcall(c, H_EOI);
		load(c, 4, G_CALLS + i * 0x40);
		hcall(c, H_RTAS);
	}
	repeat(c, start);
	hcall(c, HCALL_DONE);
}

/* Token, number of arguments and results; source, server, priority */
static void put_call(uint8_t *at, unsigned int nr)
{
	const uint32_t call[] = {
		0x2000 + nr, nr ? 1 : 3, nr == 1 ? 3 : 1, 16 + below(4), below(NR_SERVERS), 5,
	};

	put_code(at, call, ARRAY_SIZE(call));
}

void put_aim_programs(uint8_t *mem)
{
	static const struct { uint64_t at; void (*emit)(struct code *c); } programs[] = {
		{ G_COMPARE, compare }, { G_STORE, store }, { G_IPIS, ipis },
	};
	const uint32_t out[] = { LI_DONE, SC1 };
	struct code c;
	unsigned int i;

	/* An interrupt ends a program */
	for (i = 0x100; i < 0x1000; i += 0x20)
		put_code(mem + i, out, ARRAY_SIZE(out));
	put_code(mem + G_TRIPS, out, ARRAY_SIZE(out));
	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		c.n = 0;
		programs[i].emit(&c);
		put(mem + programs[i].at, &c);
	}
	for (i = 0; i < 4; i++)
		put_call(mem + G_CALLS + i * 0x40, i);
}

/* What an interrupt at @vec does: mostly, go on behind the instruction */
static void handler(struct code *c, unsigned int vec)
{
	const unsigned int r = 29;

	if (vec == 0x900) {
		load(c, r, 0x7fffffff);
		to_spr(c, 22, r);
		emit(c, 0x4c000024);
		return;
	}
	if (vec == 0x500) {
		load(c, 3, H_XIRR);
		emit(c, SC1);
		load(c, 3, H_EOI);
		emit(c, SC1);
		emit(c, 0x4c000024);
		return;
	}
	if (one_in(16)) {
		load(c, 3, HCALL_DONE);
		emit(c, SC1);
		return;
	}
	if (vec != 0xc00) {
		from_spr(c, SPR_SRR0, r);
		emit(c, 0x38000004 | r << 21 | r << 16);	/* addi r29,r29,4 */
		to_spr(c, SPR_SRR0, r);
	}
	emit(c, 0x4c000024);
}

void put_vectors(uint8_t *mem)
{
	struct code c;
	unsigned int i;

	for (i = 0x100; i < 0x1000; i += i < 0xe00 ? 0x80 : 0x20) {
		c.n = 0;
		handler(&c, i);
		put(mem + i, &c);
	}
	/* The common head of a VPA, an SLB shadow buffer and a log */
	for (i = 0; i < 16; i++) {
		uint32_t *area = (uint32_t *)(mem + G_VPAS + i * 0x1000);

		area[0] = 0;
		area[1] = htobe32(i & 1 ? 0x1000 : 0x4000000 | below(0x400));
		mem[G_VPAS + i * 0x1000 + 0xb8] = 7;	/* log everything */
	}
	for (i = 0; i < 512; i++)
		((uint64_t *)(mem + G_LIST))[i] = htobe64(some_gpa() | below(4));
	/* RTAS: token, number of arguments and results, then these */
	for (i = 0; i < 8; i++) {
		uint32_t *call = (uint32_t *)(mem + G_RTAS + i * 0x40);

		call[0] = htobe32(0x2000 + below(4));
		call[1] = htobe32(one_in(8) ? edge() : 3);
		call[2] = htobe32(one_in(8) ? edge() : 3);
		call[3] = htobe32(16 + below(32));
		call[4] = htobe32(below(5));
		call[5] = htobe32(below(256));
	}
}
