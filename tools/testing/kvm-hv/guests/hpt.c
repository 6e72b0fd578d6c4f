// SPDX-License-Identifier: GPL-2.0
/* The hcalls on the hash table: codes, flags, what is kept, R and C */
#include "lib.h"

#define VSID		0x123456UL
#define EA		0x30000000UL
#define BAD_INDEX	npte

/* H_BULK_REMOVE */
#define BULK_REQUEST	BIT(62)
#define BULK_RESPONSE	BIT(63)
#define BULK_END	(BIT(63) | BIT(62))
#define BULK_AVPN	BIT(57)
#define BULK_ANDCOND	BIT(56)
#define BULK_PARM	BIT(61)
#define BULK_NOT_FOUND	BIT(60)
#define BULK_R		BIT(59)
#define BULK_C		BIT(58)

/* QEMU's own H_BULK_REMOVE puts R and C 8 bits too low */
static u64 bulk_rc(u64 bits)
{
	return is_kvm ? bits : bits >> 8;
}

static u64 group;	/* first HPTE of a group with nothing in it */
static u64 page;	/* a page of memory */

static u64 v_of(u64 ea)
{
	return hpte_v(ea, VSID, 0, 12, 12);
}

static u64 r_of(u64 ra)
{
	return (ra & HPTE_R_RPN) | HPTE_R_M | 2;
}

/* QEMU's own hcalls show one of their software bits */
static u64 guest_v(u64 v)
{
	return is_kvm ? v : v & ~0x40UL;
}

static bool read_hpte(u64 index, u64 *v, u64 *r)
{
	if (hcall(H_READ, 0, index))
		return false;
	*v = guest_v(HR(4));
	*r = HR(5);
	return true;
}

static void find_group(void)
{
	u64 v, r, i;

	for (group = npte / 2; group < npte; group += 8) {
		for (i = 0; i < 8; i++)
			if (!read_hpte(group + i, &v, &r) || (v & HPTE_V_VALID))
				break;
		if (i == 8)
			return;
	}
	report(false, "an empty group in the table");
	finish();
}

static void test_enter(void)
{
	u64 v, r, i, n;
	long ret;

	report_eq(hcall(H_ENTER, H_EXACT, group + 3, v_of(EA), r_of(page)),
		  H_SUCCESS, "H_ENTER exact: H_SUCCESS");
	report_eq(HR(4), group + 3, "H_ENTER exact: index");
	report(read_hpte(group + 3, &v, &r), "H_READ after H_ENTER: H_SUCCESS");
	report_eq(v, v_of(EA), "H_ENTER keeps the first doubleword");
	report_eq(r & ~(HPTE_R_R | HPTE_R_C), r_of(page),
		  "H_ENTER keeps the second doubleword");
	report_eq(hcall(H_ENTER, H_EXACT, group + 3, v_of(EA + 4096), r_of(page)),
		  H_PTEG_FULL, "H_ENTER exact, slot in use: H_PTEG_FULL");
	report(read_hpte(group + 3, &v, &r) && v == v_of(EA),
	       "H_ENTER exact, slot in use: HPTE unchanged");

	/* The low three bits of the index count for H_EXACT only */
	for (n = 0, i = 0; i < 7; i++) {
		ret = hcall(H_ENTER, 0, group + 5, v_of(EA + 4096 * (i + 1)), r_of(page));
		if (ret == H_SUCCESS && HR(4) >= group && HR(4) < group + 8 &&
		    HR(4) != group + 3)
			n++;
	}
	report_eq(n, 7, "H_ENTER any: the seven others of the group");
	report_eq(hcall(H_ENTER, 0, group, v_of(EA), r_of(page)), H_PTEG_FULL,
		  "H_ENTER any, group full: H_PTEG_FULL");
	for (i = 0; i < 8; i++)
		hcall(H_REMOVE, 0, group + i, 0);
	report_eq(hcall(H_ENTER, 0, group + 7, v_of(EA), r_of(page)), H_SUCCESS,
		  "H_ENTER any, group emptied: H_SUCCESS");
	report(HR(4) >= group && HR(4) < group + 8, "H_ENTER any: index in the group");
	unmap(HR(4));

	report_eq(hcall(H_ENTER, H_EXACT, BAD_INDEX, v_of(EA), r_of(page)), H_PARAMETER,
		  "H_ENTER exact, index just too large: H_PARAMETER");
	report_eq(hcall(H_ENTER, 0, BAD_INDEX, v_of(EA), r_of(page)), H_PARAMETER,
		  "H_ENTER any, index just too large: H_PARAMETER");
	report_eq(hcall(H_ENTER, H_EXACT, ~0UL, v_of(EA), r_of(page)), H_PARAMETER,
		  "H_ENTER, index all ones: H_PARAMETER");
	report_eq(hcall(H_ENTER, H_EXACT, BIT(60) | group, v_of(EA), r_of(page)),
		  H_PARAMETER, "H_ENTER, high bit in the index: H_PARAMETER");
	/* The hypervisor may have put an entry for the VRMA there */
	hcall(H_READ, 0, npte - 1);
	ret = HR(4) & HPTE_V_VALID ? H_PTEG_FULL : H_SUCCESS;
	report_eq(hcall(H_ENTER, H_EXACT, npte - 1, v_of(EA), r_of(page)), ret,
		  "H_ENTER, last index: H_SUCCESS if it is empty");
	if (ret == H_SUCCESS)
		unmap(npte - 1);
}

/* What must not be lost: software bits, key, no-execute, R and C as given */
static void test_enter_bits(void)
{
	static const struct {
		const char *what;
		u64 v, r;
	} bits[] = {
		{ "bolted", HPTE_V_BOLTED, 0 },
		{ "secondary", HPTE_V_SECOND, 0 },
		{ "no-execute", 0, HPTE_R_N },
		{ "pp 1", 0, 1 },
		{ "R", 0, HPTE_R_R },
		{ "R and C", 0, HPTE_R_R | HPTE_R_C },
		{ "key 31", 0, HPTE_R_KEY_HI | HPTE_R_KEY_LO },
		{ "key 1", 0, 0x200 },
		{ "pp0", 0, HPTE_R_PP0 },
	};
	u64 v, r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		u64 wv = v_of(EA) | bits[i].v;
		u64 wr = (r_of(page) & ~HPTE_R_PP) | bits[i].r;

		if (isa < 206 && (bits[i].r & (HPTE_R_KEY_HI | HPTE_R_KEY_LO | HPTE_R_PP0))) {
			report_skip("H_ENTER keeps %s: ISA 2.06", bits[i].what);
			continue;
		}
		report_eq(hcall(H_ENTER, H_EXACT, group, wv, wr), H_SUCCESS,
			  "H_ENTER with %s: H_SUCCESS", bits[i].what);
		report(read_hpte(group, &v, &r) && v == wv && r == wr,
		       "H_ENTER keeps %s", bits[i].what);
		report_eq(hcall(H_REMOVE, 0, group, 0), H_SUCCESS,
			  "H_REMOVE with %s: H_SUCCESS", bits[i].what);
		report(guest_v(HR(4)) == wv && HR(5) == wr, "H_REMOVE returns %s", bits[i].what);
	}
}

static void test_enter_flags(void)
{
	static const struct {
		const char *what;
		u64 flag;
		int bit;
	} pages[] = {
		{ "H_ZERO_PAGE", H_ZERO_PAGE, 48 },
		{ "H_COPY_PAGE", H_COPY_PAGE, 49 },
	};
	unsigned int i;
	long ret;
	u64 v, r;

	/* Hints */
	report_eq(hcall(H_ENTER, H_EXACT | H_ICACHE_INVALIDATE | H_ICACHE_SYNCHRONIZE,
			group, v_of(EA), r_of(page)),
		  H_SUCCESS, "H_ENTER, instruction cache flags: H_SUCCESS");
	unmap(group);

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		memset((void *)page, 0xa5, 4096);
		ret = hcall(H_ENTER, H_EXACT | pages[i].flag, group, v_of(EA), r_of(page));
		if (ret == H_UNSUPPORTED_FLAG(pages[i].bit)) {
			report(read_hpte(group, &v, &r) && !(v & HPTE_V_VALID),
			       "H_ENTER %s: unsupported flag, nothing entered",
			       pages[i].what);
		} else if (ret == H_SUCCESS && !is_kvm && *(u64 *)page) {
			report_skip("H_ENTER %s: QEMU's own hcall ignores it", pages[i].what);
		} else {
			report_eq(ret, H_SUCCESS, "H_ENTER %s: H_SUCCESS", pages[i].what);
			report(pages[i].flag == H_COPY_PAGE || !*(u64 *)page,
			       "H_ENTER %s: page is zero", pages[i].what);
		}
		unmap(group);
	}
}

static bool listed(u64 lp)
{
	unsigned int i, shift;

	for (i = 0; i < nr_psizes; i++) {
		/* Bits of the field that are not page number for this size */
		shift = psizes[i].actual - 12 < 8 ? psizes[i].actual - 12 : 8;
		if (psizes[i].actual > 12 &&
		    (lp & (BIT(shift) - 1)) == (psizes[i].penc & (BIT(shift) - 1)))
			return true;
	}
	return false;
}

static void test_page_sizes(void)
{
	/* No processor has these; others a hypervisor may know and not list */
	static const u8 lps[] = { 0x02, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x0e, 0x0f };
	unsigned int i;
	u64 v, r;

	for (i = 0; i < nr_psizes; i++) {
		const struct psize *p = &psizes[i];
		u64 wv = hpte_v(EA, VSID, 0, p->base, p->actual);
		u64 ra, wr;

		if (p->actual > 24) {
			report_skip("page size 2^%u: too large for this guest", p->actual);
			continue;
		}
		ra = alloc_pages(BIT(p->actual));
		wr = ra | (u64)p->penc << 12 | HPTE_R_M | 2;
		if (ra + BIT(p->actual) > mem_size) {
			report_skip("page size 2^%u: no memory for it", p->actual);
			continue;
		}
		report_eq(hcall(H_ENTER, H_EXACT, group, wv, wr), H_SUCCESS,
			  "H_ENTER 2^%u in segment of 2^%u: H_SUCCESS", p->actual, p->base);
		report(read_hpte(group, &v, &r) && v == wv &&
		       (r & ~(HPTE_R_R | HPTE_R_C)) == wr,
		       "H_READ 2^%u in segment of 2^%u: as entered", p->actual, p->base);
		unmap(group);
	}
	for (i = 0; i < ARRAY_SIZE(lps); i++) {
		u64 wv = v_of(EA) | HPTE_V_LARGE;
		u64 ra = 0;	/* aligned to anything */

		if (listed(lps[i]))
			continue;
		report_eq(hcall(H_ENTER, H_EXACT, group, wv, ra | (u64)lps[i] << 12 | HPTE_R_M | 2),
			  H_PARAMETER, "H_ENTER, LP 0x%x is no page size: H_PARAMETER", lps[i]);
		unmap(group);
	}
	/* 1T segments, which ISA 2.01 does not have, and the two reserved sizes */
	v = hpte_v(0x5430000000UL, 0x77, HPTE_V_1T, 12, 12);
	report_eq(hcall(H_ENTER, H_EXACT, group, v, r_of(page)),
		  isa < 206 ? H_PARAMETER : H_SUCCESS,
		  "H_ENTER 1T segment: %s", isa < 206 ? "H_PARAMETER" : "H_SUCCESS");
	unmap(group);
	for (i = 2; i < 4; i++) {
		long ret = hcall(H_ENTER, H_EXACT, group, v_of(EA) | (u64)i << 62, r_of(page));

		if (!is_kvm && ret == H_SUCCESS)
			report_skip("H_ENTER segment size %u: QEMU's own hcall does not look", i);
		else
			report_eq(ret, H_PARAMETER,
				  "H_ENTER reserved segment size %u: H_PARAMETER", i);
		unmap(group);
	}
}

/* Storage control that does not fit may be refused, or must do no harm */
static void test_wimg(void)
{
	static const struct {
		const char *what;
		u64 wimg;
		bool must;
	} c[] = {
		{ "M", HPTE_R_M, true },
		{ "W|I|M (SAO)", HPTE_R_W | HPTE_R_I | HPTE_R_M, false },
		{ "I|G", HPTE_R_I | HPTE_R_G, false },
		{ "I|M|G", HPTE_R_I | HPTE_R_M | HPTE_R_G, false },
		{ "none", 0, false },
	};
	u64 outside = mem_size + (16UL << 30), n = 0;
	unsigned int i;
	s64 at;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		at = map(EA, page, c[i].wimg | 2);
		n++;
		store64(page, n);
		if (at < 0 && !c[i].must) {
			report_eq(at, H_PARAMETER, "H_ENTER of memory, WIMG %s: H_PARAMETER",
				  c[i].what);
			continue;
		}
		report(at >= 0, "H_ENTER of memory, WIMG %s: H_SUCCESS", c[i].what);
		report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0, "load with WIMG %s", c[i].what);
		report_eq(cpu()->ret, n, "load with WIMG %s: value", c[i].what);
		unmap(at);
	}
	if (isa < 206) {
		/* Accesses to it would be the guest's storage interrupts */
		report_eq(hcall(H_ENTER, H_EXACT, group, v_of(EA),
				(outside & HPTE_R_RPN) | HPTE_R_I | HPTE_R_G | 2),
			  H_PARAMETER, "H_ENTER outside memory, ISA 2.01: H_PARAMETER");
		report_eq(hcall(H_REMOVE, 0, group, 0), H_NOT_FOUND,
			  "H_REMOVE after it: H_NOT_FOUND");
		return;
	}
	report_eq(hcall(H_ENTER, H_EXACT, group, v_of(EA),
			(outside & HPTE_R_RPN) | HPTE_R_I | HPTE_R_G | 2),
		  H_SUCCESS, "H_ENTER outside memory, WIMG I|G: H_SUCCESS");
	report_eq(hcall(H_REMOVE, 0, group, 0), H_SUCCESS, "H_REMOVE of it: H_SUCCESS");
	report_eq(HR(5) & HPTE_R_RPN, outside, "H_REMOVE of it: address");
	report_eq(hcall(H_REMOVE, 0, group, 0), H_NOT_FOUND, "H_REMOVE again: H_NOT_FOUND");
}

static void test_remove(void)
{
	u64 v = v_of(EA), r = r_of(page);

	report_eq(hcall(H_REMOVE, 0, group, 0), H_NOT_FOUND, "H_REMOVE, empty: H_NOT_FOUND");
	report_eq(hcall(H_REMOVE, 0, BAD_INDEX, 0), H_PARAMETER,
		  "H_REMOVE, index just too large: H_PARAMETER");
	report_eq(hcall(H_REMOVE, 0, ~0UL, 0), H_PARAMETER,
		  "H_REMOVE, index all ones: H_PARAMETER");

	hcall(H_ENTER, H_EXACT, group, v | HPTE_V_BOLTED, r);
	report_eq(hcall(H_REMOVE, H_AVPN, group, (v & ~0x7fUL) + 0x80), H_NOT_FOUND,
		  "H_REMOVE H_AVPN, another page: H_NOT_FOUND");
	report_eq(hcall(H_REMOVE, H_AVPN, group, v ^ BIT(40)), H_NOT_FOUND,
		  "H_REMOVE H_AVPN, another segment: H_NOT_FOUND");
	report_eq(hcall(H_REMOVE, H_ANDCOND, group, HPTE_V_BOLTED), H_NOT_FOUND,
		  "H_REMOVE H_ANDCOND, bit set: H_NOT_FOUND");
	report_eq(hcall(H_READ, 0, group) == 0 && guest_v(HR(4)) == (v | HPTE_V_BOLTED), 1,
		  "H_REMOVE refused: HPTE unchanged");
	report_eq(hcall(H_REMOVE, H_ANDCOND, group, HPTE_V_SECOND), H_SUCCESS,
		  "H_REMOVE H_ANDCOND, bit clear: H_SUCCESS");
	report_eq(guest_v(HR(4)), v | HPTE_V_BOLTED, "H_REMOVE: first doubleword");
	report_eq(HR(5) & ~(HPTE_R_R | HPTE_R_C), r, "H_REMOVE: second doubleword");

	hcall(H_ENTER, H_EXACT, group, v, r);
	report_eq(hcall(H_REMOVE, H_AVPN, group, v & ~0x7fUL), H_SUCCESS,
		  "H_REMOVE H_AVPN, same page: H_SUCCESS");
	report_eq(hcall(H_READ, 0, group), H_SUCCESS, "H_READ of the empty HPTE: H_SUCCESS");
	report_eq(HR(4) & HPTE_V_VALID, 0, "H_READ of the empty HPTE: not valid");
}

static void test_read(void)
{
	u64 i, bad = 0;

	for (i = 0; i < 8; i++)
		hcall(H_ENTER, H_EXACT, group + i, v_of(EA + (i << 23)), r_of(page));
	report_eq(hcall(H_READ, H_READ_4, group), H_SUCCESS, "H_READ H_READ_4: H_SUCCESS");
	for (i = 0; i < 4; i++)
		bad += guest_v(HR(4 + 2 * i)) != v_of(EA + (i << 23)) ||
		       (HR(5 + 2 * i) & ~(HPTE_R_R | HPTE_R_C)) != r_of(page);
	report_eq(bad, 0, "H_READ H_READ_4: four HPTEs");
	report_eq(hcall(H_READ, H_READ_4, group + 7), H_SUCCESS,
		  "H_READ H_READ_4, index not a multiple of four: H_SUCCESS");
	for (bad = 0, i = 0; i < 4; i++)
		bad += guest_v(HR(4 + 2 * i)) != v_of(EA + ((i + 4) << 23));
	report_eq(bad, 0, "H_READ H_READ_4, index not a multiple of four: from the multiple");
	report_eq(hcall(H_READ, 0, BAD_INDEX), H_PARAMETER,
		  "H_READ, index just too large: H_PARAMETER");
	report_eq(hcall(H_READ, H_READ_4, BAD_INDEX), H_PARAMETER,
		  "H_READ H_READ_4, index just too large: H_PARAMETER");
	report_eq(hcall(H_READ, 0, ~0UL), H_PARAMETER, "H_READ, index all ones: H_PARAMETER");
	report_eq(hcall(H_READ, H_READ_4, npte - 1), H_SUCCESS, "H_READ H_READ_4, last: H_SUCCESS");
	for (i = 0; i < 8; i++)
		unmap(group + i);
}

static void test_protect(void)
{
	/* PAPR, "Page Protection": flag bits and the HPTE's bits */
	static const struct {
		const char *what;
		u64 flags, r;
	} p[] = {
		{ "pp 0", 0, 0 }, { "pp 1", 1, 1 }, { "pp 2", 2, 2 }, { "pp 3", 3, 3 },
		{ "N", 4 | 2, HPTE_R_N | 2 },
		{ "key 7", 0xe00 | 2, 0xe00 | 2 },
		{ "key 24", 0x3000 | 2, HPTE_R_KEY_HI | 2 },
		{ "pp 6", 0x100 | 2, HPTE_R_PP0 | 2 },
	};
	const u64 prot = HPTE_R_PP0 | HPTE_R_PP | HPTE_R_N | HPTE_R_KEY_LO | HPTE_R_KEY_HI;
	u64 v = v_of(EA), r = r_of(page);
	unsigned int i;
	long ret;

	hcall(H_ENTER, H_EXACT, group, v, r);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		if (isa < 206 && i > 4) {
			report_skip("H_PROTECT %s: ISA 2.06", p[i].what);
			continue;
		}
		ret = hcall(H_PROTECT, H_AVPN | p[i].flags, group, v & ~0x7fUL);
		report_eq(ret, H_SUCCESS, "H_PROTECT %s: H_SUCCESS", p[i].what);
		hcall(H_READ, 0, group);
		report_eq(HR(5) & prot, p[i].r, "H_PROTECT %s: in the HPTE", p[i].what);
	}
	report_eq(HR(5) & HPTE_R_RPN, page, "H_PROTECT leaves the address");
	report_eq(hcall(H_PROTECT, H_AVPN | 1, group, (v & ~0x7fUL) + 0x80), H_NOT_FOUND,
		  "H_PROTECT H_AVPN, another page: H_NOT_FOUND");
	hcall(H_READ, 0, group);
	report_eq(HR(5) & HPTE_R_PP, 2, "H_PROTECT refused: HPTE unchanged");
	report_eq(hcall(H_PROTECT, 1, group, 0), H_SUCCESS, "H_PROTECT without H_AVPN: H_SUCCESS");
	report_eq(hcall(H_PROTECT, H_AVPN, BAD_INDEX, v), H_PARAMETER,
		  "H_PROTECT, index just too large: H_PARAMETER");
	report_eq(hcall(H_PROTECT, H_AVPN, ~0UL, v), H_PARAMETER,
		  "H_PROTECT, index all ones: H_PARAMETER");
	unmap(group);
	report_eq(hcall(H_PROTECT, H_AVPN | 2, group, v), H_NOT_FOUND,
		  "H_PROTECT, empty: H_NOT_FOUND");
}

static void fill(void)
{
	u64 i;

	for (i = 0; i < 8; i++)
		hcall(H_ENTER, H_EXACT, group + i,
		      v_of(EA + (i << 23)) | (i & 1 ? HPTE_V_BOLTED : 0),
		      r_of(page) | (i & 2 ? HPTE_R_R : 0) | (i & 4 ? HPTE_R_C : 0));
}

static u64 valid_mask(void)
{
	u64 i, m = 0;

	for (i = 0; i < 8; i++)
		if (!hcall(H_READ, 0, group + i) && (HR(4) & HPTE_V_VALID))
			m |= BIT(i);
	return m;
}

static void test_bulk(void)
{
	u64 avpn0 = v_of(EA) & ~0x7fUL, avpn1 = v_of(EA + (1UL << 23)) & ~0x7fUL;
	u64 i;

	fill();
	report_eq(hcall(H_BULK_REMOVE, BULK_END), H_SUCCESS,
		  "H_BULK_REMOVE, end at once: H_SUCCESS");
	report_eq(valid_mask(), 0xff, "H_BULK_REMOVE, end at once: nothing removed");

	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | group, 0, BULK_END), H_SUCCESS,
		  "H_BULK_REMOVE of one: H_SUCCESS");
	report_eq(HR(4), BULK_RESPONSE | group, "H_BULK_REMOVE of one: response");
	report_eq(valid_mask(), 0xfe, "H_BULK_REMOVE of one: it is gone");

	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | (group + 2), 0, BULK_REQUEST | (group + 6), 0,
			BULK_REQUEST | (group + 0), 0, BULK_REQUEST | (group + 4), 0),
		  H_SUCCESS, "H_BULK_REMOVE of four: H_SUCCESS");
	report_eq(HR(4), BULK_RESPONSE | bulk_rc(BULK_R) | (group + 2),
		  "H_BULK_REMOVE: response with R");
	report_eq(HR(6), BULK_RESPONSE | bulk_rc(BULK_R | BULK_C) | (group + 6),
		  "H_BULK_REMOVE: response with R and C");
	report_eq(HR(8), BULK_RESPONSE | BULK_NOT_FOUND | group, "H_BULK_REMOVE: not found");
	report_eq(HR(10), BULK_RESPONSE | bulk_rc(BULK_C) | (group + 4),
		  "H_BULK_REMOVE: response with C");
	report_eq(valid_mask(), 0xaa, "H_BULK_REMOVE of four: they are gone");

	for (i = 0; i < 8; i++)
		unmap(group + i);
	fill();
	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | BULK_AVPN | group, avpn1,
			BULK_REQUEST | BULK_AVPN | group, avpn0,
			BULK_REQUEST | BULK_ANDCOND | (group + 1), HPTE_V_BOLTED,
			BULK_REQUEST | BULK_ANDCOND | (group + 1), HPTE_V_SECOND),
		  H_SUCCESS, "H_BULK_REMOVE with conditions: H_SUCCESS");
	report_eq(HR(4), BULK_RESPONSE | BULK_NOT_FOUND | BULK_AVPN | group,
		  "H_BULK_REMOVE AVPN, another page: not found");
	report_eq(HR(6), BULK_RESPONSE | BULK_AVPN | group,
		  "H_BULK_REMOVE AVPN, same page: removed");
	report_eq(HR(8), BULK_RESPONSE | BULK_NOT_FOUND | BULK_ANDCOND | (group + 1),
		  "H_BULK_REMOVE ANDCOND, bit set: not found");
	report_eq(HR(10), BULK_RESPONSE | BULK_ANDCOND | (group + 1),
		  "H_BULK_REMOVE ANDCOND, bit clear: removed");
	report_eq(valid_mask(), 0xfc, "H_BULK_REMOVE with conditions: two are gone");

	/* Errors: what stood before is done, what stands behind is not */
	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | (group + 2), 0, BULK_REQUEST | BAD_INDEX, 0,
			BULK_REQUEST | (group + 3), 0, BULK_END),
		  H_PARAMETER, "H_BULK_REMOVE, bad index: H_PARAMETER");
	report_eq(HR(4), BULK_RESPONSE | bulk_rc(BULK_R) | (group + 2),
		  "H_BULK_REMOVE, bad index: first is done");
	report_eq(HR(6), BULK_RESPONSE | BULK_PARM | BAD_INDEX,
		  "H_BULK_REMOVE, bad index: its response");
	report_eq(HR(8), BULK_REQUEST | (group + 3), "H_BULK_REMOVE, bad index: next is untouched");
	report_eq(valid_mask(), 0xf8, "H_BULK_REMOVE, bad index: one is gone");
	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | BULK_AVPN | BULK_ANDCOND | (group + 3), 0,
			BULK_END),
		  H_PARAMETER, "H_BULK_REMOVE, both flags: H_PARAMETER");
	report_eq(hcall(H_BULK_REMOVE, group + 3, 0, BULK_END), H_PARAMETER,
		  "H_BULK_REMOVE, no request: H_PARAMETER");
	report_eq(hcall(H_BULK_REMOVE, BULK_RESPONSE | (group + 3), 0, BULK_END), H_PARAMETER,
		  "H_BULK_REMOVE, a response: H_PARAMETER");
	report_eq(valid_mask(), 0xf8, "H_BULK_REMOVE, errors: nothing is gone");
	report_eq(hcall(H_BULK_REMOVE, BULK_REQUEST | (group + 3), 0, BULK_END, 0,
			BULK_REQUEST | (group + 4), 0),
		  H_SUCCESS, "H_BULK_REMOVE, end in the middle: H_SUCCESS");
	report_eq(HR(6), BULK_END, "H_BULK_REMOVE, end in the middle: mark stays");
	report_eq(valid_mask(), 0xf0, "H_BULK_REMOVE, end in the middle: one is gone");
	for (i = 0; i < 8; i++)
		unmap(group + i);
}

/* Accesses have stored R and C for certain only after ptesync */
static u64 rc_of(s64 index)
{
	asm volatile("ptesync" : : : "memory");
	hcall(H_READ, 0, index);
	return HR(5) & (HPTE_R_R | HPTE_R_C);
}

static void test_rc(void)
{
	s64 at = map(EA, page, HPTE_R_M | 2);
	unsigned int n;
	long ret;

	report_eq(rc_of(at), 0, "R and C are 0 before the first access");
	run(MSR_VIRT, load64, EA, 0, 0);
	report_eq(rc_of(at), HPTE_R_R, "R after a load");
	run(MSR_VIRT, store64, EA, 1, 0);
	report_eq(rc_of(at), HPTE_R_R | HPTE_R_C, "R and C after a store");

	ret = hcall(H_CLEAR_MOD, 0, at);
	if (ret == H_FUNCTION) {
		report_skip("H_CLEAR_MOD: not offered (H_FUNCTION)");
		report_skip("H_CLEAR_REF: not offered (H_FUNCTION)");
	} else {
		report_eq(ret, H_SUCCESS, "H_CLEAR_MOD: H_SUCCESS");
		report_eq(HR(4) & (HPTE_R_R | HPTE_R_C), HPTE_R_R | HPTE_R_C,
			  "H_CLEAR_MOD: result has C");
		report_eq(rc_of(at), HPTE_R_R, "H_CLEAR_MOD: C is 0, R stays");
		run(MSR_VIRT, load64, EA, 0, 0);
		report_eq(rc_of(at), HPTE_R_R, "H_CLEAR_MOD: a load does not set C");
		run(MSR_VIRT, store64, EA, 2, 0);
		report_eq(rc_of(at), HPTE_R_R | HPTE_R_C, "H_CLEAR_MOD: a store sets C again");
		report_eq(hcall(H_CLEAR_REF, 0, at), H_SUCCESS, "H_CLEAR_REF: H_SUCCESS");
		report_eq(HR(4) & HPTE_R_R, HPTE_R_R, "H_CLEAR_REF: result has R");
		report_eq(rc_of(at), HPTE_R_C, "H_CLEAR_REF: R is 0, C stays");
		run(MSR_VIRT, load64, EA, 0, 0);
		report_eq(rc_of(at), HPTE_R_R | HPTE_R_C, "H_CLEAR_REF: a load sets R again");
		/* R is stored with its invalidation at the latest, without ptesync here */
		for (ret = 0, n = 0; n < 8; n++) {
			hcall(H_CLEAR_REF, 0, at);
			run(MSR_VIRT, load64, EA, 0, 0);
			hcall(H_CLEAR_REF, 0, at);
			ret += !!(HR(4) & HPTE_R_R);
		}
		report_eq(ret, 8, "H_CLEAR_REF right after a load: R");
		run(MSR_VIRT, load64, EA, 0, 0);
		report_eq(hcall(H_CLEAR_MOD, 0, BAD_INDEX), H_PARAMETER,
			  "H_CLEAR_MOD, index just too large: H_PARAMETER");
		report_eq(hcall(H_CLEAR_REF, 0, BAD_INDEX), H_PARAMETER,
			  "H_CLEAR_REF, index just too large: H_PARAMETER");
		report_eq(hcall(H_CLEAR_MOD, 0, group), H_NOT_FOUND,
			  "H_CLEAR_MOD, empty: H_NOT_FOUND");
		report_eq(hcall(H_CLEAR_REF, 0, group), H_NOT_FOUND,
			  "H_CLEAR_REF, empty: H_NOT_FOUND");
	}
	/* A protection change loses neither bit, and a removal returns them */
	hcall(H_PROTECT, 3, at, 0);
	report_eq(rc_of(at), HPTE_R_R | HPTE_R_C, "H_PROTECT leaves R and C");
	run(MSR_VIRT, store64, EA, 3, 0);
	report_eq(cpu()->end.vec, 0x300, "H_PROTECT to read-only: a store faults");
	hcall(H_PROTECT, 2, at, 0);
	report_eq(run(MSR_VIRT, store64, EA, 4, 0), 0, "H_PROTECT to read-write: a store goes");
	hcall(H_REMOVE, 0, at, 0);
	report_eq(HR(5) & (HPTE_R_R | HPTE_R_C), HPTE_R_R | HPTE_R_C, "H_REMOVE returns R and C");
	report_eq(run(MSR_VIRT, load64, EA, 0, 0), 0x300, "after H_REMOVE a load faults");

	/* A read-only page never gets C */
	at = map(EA, page, HPTE_R_M | 3);
	run(MSR_VIRT, load64, EA, 0, 0);
	run(MSR_VIRT, store64, EA, 5, 0);
	report_eq(rc_of(at), HPTE_R_R, "a refused store sets no C");
	unmap(at);
	at = map(EA, page, HPTE_R_M | 2);
	run(MSR_VIRT, store64, EA, 6, 0);
	hcall(H_BULK_REMOVE, BULK_REQUEST | at, 0, BULK_END);
	report_eq(HR(4), BULK_RESPONSE | bulk_rc(BULK_R | BULK_C) | at,
		  "H_BULK_REMOVE after a store: R and C");
}

int main(void)
{
	page = touched_page();
	find_group();
	test_enter();
	test_enter_bits();
	test_enter_flags();
	test_page_sizes();
	test_wimg();
	test_remove();
	test_read();
	test_protect();
	test_bulk();
	test_rc();
	return 0;
}
