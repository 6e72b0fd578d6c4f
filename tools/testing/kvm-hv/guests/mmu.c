// SPDX-License-Identifier: GPL-2.0
/* SLB and hash table of the test guests (ISA 2.07 Book III-S, chapter 5.7) */
#include "lib.h"

#define VSID_BASE	0x4a500UL
#define MAX_PSIZES	32

u64 npte;
bool mmu_ready;
struct psize psizes[MAX_PSIZES];
unsigned int nr_psizes;

/* "ibm,segment-page-sizes": base shift, SLB encoding, count, then pairs */
static void find_psizes(void)
{
	u32 node = fdt_path("/cpus"), len, i = 0, n;
	const u32 *p = NULL;
	int depth = 0;

	while (!p && node && (node = fdt_next(node, &depth)))
		p = fdt_prop(node, "ibm,segment-page-sizes", &len);
	while (p && i + 3 <= len / 4) {
		u32 base = p[i], llp = p[i + 1];

		for (n = p[i + 2], i += 3; n && i + 2 <= len / 4; n--, i += 2)
			if (nr_psizes < MAX_PSIZES)
				psizes[nr_psizes++] = (struct psize){
					base, p[i], llp, p[i + 1] };
	}
	if (!nr_psizes)
		psizes[nr_psizes++] = (struct psize){ 12, 12, 0, 0 };
}

u64 vsid_of(u64 ea)
{
	return VSID_BASE + (ea >> 28) * 0x111;
}

void set_slb(unsigned int entry, u64 ea, u64 vsid, u64 flags)
{
	u64 esid_mask = flags & SLB_1T ? ~(BIT(40) - 1) : ~(BIT(28) - 1);
	u64 rs = flags | vsid << (flags & SLB_1T ? 24 : 12);
	u64 rb = (ea & esid_mask) | BIT(27) | entry;

	asm volatile("isync; slbmte %0,%1; isync" : : "r" (rs), "r" (rb) : "memory");
}

void clear_slb(u64 ea)
{
	asm volatile("isync; slbie %0; isync" : : "r" (ea & ~(BIT(28) - 1)) : "memory");
}

u64 hpte_v(u64 ea, u64 vsid, u64 b, unsigned int base, unsigned int actual)
{
	u64 v = b, offset;

	if (b & HPTE_V_1T) {
		offset = ea & (BIT(40) - 1);
		v |= vsid << 24;
	} else {
		offset = ea & (BIT(28) - 1);
		v |= vsid << 12;
	}
	/* The page number; AVPN ends at bit 23 of the address */
	offset &= ~(BIT(base) - 1);
	v |= (offset >> 23) << 7;
	if (actual > 12)
		v |= HPTE_V_LARGE;
	return v | HPTE_V_VALID;
}

u64 hpte_hash(u64 ea, u64 vsid, u64 b, unsigned int base)
{
	if (b & HPTE_V_1T)
		return vsid ^ (vsid << 25) ^ ((ea & (BIT(40) - 1)) >> base);
	return vsid ^ ((ea & (BIT(28) - 1)) >> base);
}

u64 hpte_group(u64 hash)
{
	return (hash & (npte / 8 - 1)) * 8;
}

s64 map(u64 ea, u64 ra, u64 rbits)
{
	u64 vsid = vsid_of(ea), hash = hpte_hash(ea, vsid, 0, 12);
	u64 v = hpte_v(ea, vsid, 0, 12, 12);
	long ret;

	ret = hcall(H_ENTER, 0, hpte_group(hash), v, (ra & HPTE_R_RPN) | rbits);
	if (ret == H_PTEG_FULL)
		ret = hcall(H_ENTER, 0, hpte_group(~hash), v | HPTE_V_SECOND,
			    (ra & HPTE_R_RPN) | rbits);
	return ret ? ret : (s64)HR(4);
}

void unmap(s64 index)
{
	hcall(H_REMOVE, 0, index, 0);
}

void mmu_init(void)
{
	u64 a;
	s64 ret;

	find_psizes();
	asm volatile("isync; slbia; isync" : : : "memory");
	for (a = 0; a < 16; a++)
		set_slb(a, a << 28, vsid_of(a << 28), 0);
	for (a = 0; a < (u64)image_end; a += 4096) {
		ret = map(a, a, HPTE_R_M | 2);
		if (ret < 0) {
			report(false, "H_ENTER for the image at 0x%lx: %ld", a, ret);
			finish();
		}
	}
	mmu_ready = true;
}

u64 load64(u64 ea)
{
	return READ_ONCE(*(u64 *)ea);
}

u64 load32(u64 ea)
{
	return READ_ONCE(*(u32 *)ea);
}

u64 load16(u64 ea)
{
	return READ_ONCE(*(u16 *)ea);
}

u64 load8(u64 ea)
{
	return READ_ONCE(*(u8 *)ea);
}

u64 store64(u64 ea, u64 v)
{
	WRITE_ONCE(*(u64 *)ea, v);
	return 0;
}

u64 store32(u64 ea, u64 v)
{
	WRITE_ONCE(*(u32 *)ea, v);
	return 0;
}

u64 store16(u64 ea, u64 v)
{
	WRITE_ONCE(*(u16 *)ea, v);
	return 0;
}

u64 store8(u64 ea, u64 v)
{
	WRITE_ONCE(*(u8 *)ea, v);
	return 0;
}

u64 touched_page(void)
{
	u64 ra = alloc_pages(4096);

	memset((void *)ra, 0, 4096);
	return ra;
}
