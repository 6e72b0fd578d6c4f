// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching the hash table, and the verdict on storage interrupts.
 */
#include "unit.h"

#define NR_PTEG		64
#define u128		unsigned __int128

static struct kvm_vcpu *vcpu;

static void up(void)
{
	fake_setup(NR_PTEG);
	vcpu = fake_vcpu();
}

static void down(void)
{
	check(!locks_held());
	free(vcpu);
	fake_teardown();
}

/* An address and a segment, and what follows from them by the ISA */
struct place {
	unsigned long ea;
	unsigned long slb_v;
	const struct page_size *ps;
	unsigned long v;		/* first doubleword for this address */
	unsigned long group[2];		/* primary and secondary */
};

/* 78-bit virtual addresses, the way the ISA words it */
static void place_of(struct place *p, bool tb, unsigned long vsid,
		     unsigned long ea, const struct page_size *ps)
{
	unsigned int s = tb ? 40 : 28;
	u128 va = (u128)vsid << s | (ea & ((1UL << s) - 1));
	unsigned long page = (ea & ((1UL << s) - 1)) >> ps->base;
	unsigned long hash = tb ? vsid ^ vsid << 25 ^ page : vsid ^ page;
	unsigned int drop = ps->base > 23 ? ps->base : 23;

	p->ea = ea;
	p->ps = ps;
	p->slb_v = (tb ? 1UL << 62 : 0) | vsid << (tb ? 24 : 12);
	if (ps->base == 16)
		p->slb_v |= SLB_VSID_L | SLB_VSID_LP_01;
	else if (ps->base == 24)
		p->slb_v |= SLB_VSID_L;
	/* AVPN: the virtual address without its 23 low bits, from bit 7 up */
	p->v = (tb ? 1UL << 62 : 0) |
	       (unsigned long)(va >> drop << drop >> 23) << 7;
	p->v |= ps->v | HPTE_V_VALID;
	p->group[0] = hash & (NR_PTEG - 1);
	p->group[1] = ~hash & (NR_PTEG - 1);
}

static void rnd_place(struct place *p)
{
	bool tb = rnd(2);
	unsigned long vsid = (unsigned long)rnd(1U << 31) << 5 ^ rnd(1U << 31);

	/* 256M: 50 bits of VSID, 1T: 38 */
	vsid &= tb ? (1UL << 26) - 1 : (1UL << 38) - 1;
	place_of(p, tb, vsid,
		 (unsigned long)rnd(1U << 31) << 17 | rnd(1U << 17),
		 &page_sizes[rnd(NR_PAGE_SIZES)]);
}

static long enter(const struct place *p, unsigned int group, unsigned long r)
{
	check_eq(kvmhv_rm_h_enter(vcpu, 0, p->group[group] * 8,
				  p->v | (group ? HPTE_V_SECONDARY : 0),
				  r | p->ps->lp), H_SUCCESS);
	return vcpu->arch.regs.gpr[4];
}

static void leave(long index)
{
	check_eq(kvmhv_rm_h_remove(vcpu, 0, index, 0), H_SUCCESS);
}

/* Find and give the lock back */
static long find(unsigned long ea, unsigned long slb_v)
{
	long index = kvmhv_hpt_find(&fake.kvm, ea, slb_v);
	__be64 *hpte;

	check_eq(locks_held(), index >= 0);
	if (index >= 0) {
		hpte = kvmhv_hpte(&fake.kvm.arch.hv.hpt, index);
		unlock_hpte(hpte, kvmhv_hpte_load(hpte) & ~HPTE_V_HVLOCK);
	}
	return index;
}

static void find_random(void)
{
	struct place p, q;
	unsigned int i, group;
	unsigned long mask;
	long index;

	up();
	for (i = 0; i < 20000; i++) {
		rnd_place(&p);
		group = rnd(2);
		check_eq(find(p.ea, p.slb_v), -1);
		index = enter(&p, group, IO_GPA | HPTE_R_M);
		check_eq(find(p.ea, p.slb_v), index);
		/* protection and class bits of the segment do not matter */
		check_eq(find(p.ea, p.slb_v | 0xe80), index);
		/* another address in the same base page */
		mask = (1UL << p.ps->base) - 1;
		check_eq(find(p.ea ^ (rnd(1U << 31) & mask), p.slb_v),
			 index);
		/* the next base page, the next segment, other page sizes */
		check_eq(find(p.ea ^ (mask + 1), p.slb_v), -1);
		check_eq(find(p.ea, p.slb_v ^ 1UL << 25), -1);
		check_eq(find(p.ea, p.slb_v ^ SLB_VSID_B_1T), -1);
		check_eq(find(p.ea, p.slb_v ^ SLB_VSID_L), -1);
		check_eq(find(p.ea, p.slb_v | SLB_VSID_L | SLB_VSID_LP_10),
			 -1);
		check_eq(find(p.ea, p.slb_v | 2UL << 62), -1);
		/* a second one in the other group: the primary comes first */
		if (!group)
			enter(&p, 1, IO_GPA | HPTE_R_M);
		else
			index = enter(&p, 0, IO_GPA | HPTE_R_M);
		check_eq(find(p.ea, p.slb_v), index);
		/* keep the table half full with others */
		if (rnd(4)) {
			for (index = 0; index < NR_PTEG * 8; index++)
				kvmhv_rm_h_remove(vcpu, 0, index, 0);
			if (rnd(2)) {
				rnd_place(&q);
				enter(&q, rnd(2), IO_GPA | HPTE_R_M);
			}
		} else {
			leave(index);
			index = find(p.ea, p.slb_v);
			check(index >= 0);
			leave(index);
		}
	}
	down();
}

/* An HPTE for another LP value in the same group is not ours */
static void find_mixed_sizes(void)
{
	struct place a, b;
	long ia, ib;

	up();
	/* same group, same AVPN, both L: 64K base page and 16M base page */
	place_of(&a, false, 0x1000, 0, &page_sizes[3]);
	place_of(&b, false, 0x1000, 0, &page_sizes[5]);
	check_eq(a.group[0], b.group[0]);
	ia = enter(&a, 0, IO_GPA | HPTE_R_M);
	ib = enter(&b, 0, IO_GPA | HPTE_R_M);
	check_eq(find(0, a.slb_v), ia);
	check_eq(find(0, b.slb_v), ib);
	leave(ia);
	check_eq(find(0, a.slb_v), -1);
	leave(ib);
	down();
}

static enum kvmhv_fault fault(const struct place *p, unsigned long seg,
			      u32 dsisr, bool data)
{
	enum kvmhv_fault verdict;

	verdict = kvmhv_rm_fault(vcpu, p->ea, p->slb_v | seg, dsisr, data);
	/* as the interrupt handler does */
	vcpu->arch.hv.fault_verdict = verdict;
	return verdict;
}

static void fault_not_found(void)
{
	struct kvm_hv_vcpu *hv;
	struct place p;

	up();
	hv = &vcpu->arch.hv;
	place_of(&p, true, 5, 0x12345678, &page_sizes[0]);
	check_eq(fault(&p, 0, DSISR_NOHPTE | DSISR_ISSTORE, true),
		 KVMHV_FAULT_REFLECT);
	check_eq(hv->fault_dsisr, DSISR_NOHPTE | DSISR_ISSTORE);
	check_eq(hv->fault_index, -1);
	check_eq(fault(&p, 0, DSISR_PROTFAULT, true), KVMHV_FAULT_REFLECT);
	check_eq(hv->fault_dsisr, DSISR_NOHPTE);
	check_eq(fault(&p, 0, SRR1_ISI_NOPT, false), KVMHV_FAULT_REFLECT);
	check_eq(hv->fault_dsisr, SRR1_ISI_NOPT);
	/* real mode of the guest */
	hv->shregs.msr = MSR_IR;
	check_eq(fault(&p, 0, DSISR_NOHPTE, true), KVMHV_FAULT_VRMA);
	check_eq(fault(&p, 0, SRR1_ISI_NOPT, false), KVMHV_FAULT_REFLECT);
	hv->shregs.msr = MSR_DR;
	check_eq(fault(&p, 0, SRR1_ISI_NOPT, false), KVMHV_FAULT_VRMA);
	check_eq(fault(&p, 0, DSISR_NOHPTE, true), KVMHV_FAULT_REFLECT);
	/* nothing of ours: as it came */
	check_eq(fault(&p, 0, DSISR_DABRMATCH, true), KVMHV_FAULT_REFLECT);
	check_eq(hv->fault_dsisr, DSISR_DABRMATCH);
	down();
}

/* Figure "PP bit protection states": may we read, may we write? */
static const struct {
	unsigned long pp;
	bool read[2], write[2];		/* by key */
} pp_table[] = {
	{ 0, { true, false }, { true, false } },
	{ 1, { true, true }, { true, false } },
	{ 2, { true, true }, { true, true } },
	{ 3, { true, true }, { false, false } },
	{ HPTE_R_PP0 | 2, { true, false }, { false, false } },
};

static void fault_permissions(void)
{
	struct kvm_hv_vcpu *hv;
	unsigned int i, n, g, ks, kp, pr, store, akey, kind;
	struct place p;
	long index;

	up();
	hv = &vcpu->arch.hv;
	for (n = 0; n < 20000; n++) {
		unsigned long r, seg, amr, iamr, key_bits;
		enum kvmhv_fault want, got;
		u32 bits;
		bool key, data;

		fake.features = rnd(4) ? CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S :
				rnd(2) ? CPU_FTR_ARCH_206 : 0;
		/* ISA 2.01 has no 1T segments */
		place_of(&p, fake.features && rnd(2), rnd(1 << 20), rnd(1U << 31),
			 &page_sizes[0]);
		i = rnd(5);
		ks = rnd(2);
		kp = rnd(2);
		pr = rnd(2);
		data = rnd(2);
		store = data && rnd(2);
		akey = rnd(32);
		kind = rnd(4);
		g = rnd(4);
		amr = (unsigned long)rnd(1U << 31) << 33 ^ rnd(1U << 31) << 5;
		iamr = ~amr;
		key_bits = (unsigned long)(akey >> 3) << 60 | (akey & 7) << 9;
		r = pp_table[i].pp | key_bits | HPTE_R_M;
		if (g == 0)
			r |= HPTE_R_N;
		if (g == 1)
			r |= HPTE_R_G;
		seg = (ks ? SLB_VSID_KS : 0) | (kp ? SLB_VSID_KP : 0);
		if (g == 2)
			seg |= SLB_VSID_N;
		key = pr ? kp : ks;
		hv->shregs.msr = (pr ? MSR_PR : 0) |
				 (rnd(8) ? MSR_DR | MSR_IR : 0);
		vcpu->arch.amr = amr;
		vcpu->arch.iamr = iamr;

		/* valid, valid but read-only, absent, device */
		fake_pte(0)->pte = (PA_BASE) | _PAGE_PRESENT | _PAGE_READ |
				   (kind == 1 ? 0 : _PAGE_WRITE);
		if (kind == 2)
			fake_pte(0)->pte = 0;
		index = enter(&p, rnd(2), r | (kind == 3 ? IO_GPA : 0));

		bits = 0;
		if (data) {
			if (store ? !pp_table[i].write[key] :
				    !pp_table[i].read[key])
				bits |= DSISR_PROTFAULT;
			if ((fake.features & CPU_FTR_ARCH_206) &&
			    (hv->shregs.msr & MSR_DR) &&
			    (amr >> (62 - 2 * akey) & (store ? 2 : 1)))
				bits |= DSISR_KEYFAULT;
		} else {
			if (!pp_table[i].read[key])
				bits |= SRR1_ISI_PROT;
			if (g < 3)
				bits |= SRR1_ISI_N_G_OR_CIP;
			if ((fake.features & CPU_FTR_ARCH_207S) &&
			    (hv->shregs.msr & MSR_IR) &&
			    (iamr >> (62 - 2 * akey) & 1))
				bits |= DSISR_KEYFAULT;
		}
		want = bits ? KVMHV_FAULT_REFLECT :
		       kind == 0 ? KVMHV_FAULT_RETRY :
		       kind == 1 ? store ? KVMHV_FAULT_PAGE : KVMHV_FAULT_RETRY :
		       kind == 3 && data ? KVMHV_FAULT_MMIO : KVMHV_FAULT_PAGE;

		got = fault(&p, seg, DSISR_PROTFAULT |
			    (store ? DSISR_ISSTORE : 0), data);
		check_eq(got, want);
		if (want == KVMHV_FAULT_REFLECT)
			check_eq(hv->fault_dsisr,
				 bits | (store ? DSISR_ISSTORE : 0));
		check_eq(hv->fault_index, index);
		check_eq(hv->fault_r, r | (kind == 3 ? IO_GPA : 0));
		check_eq(kvmhv_guest_v(hv->fault_v), kvmhv_guest_v(V_OF(index)));
		check(!locks_held());
		leave(index);
	}
	down();
}

/*
 * The access to a device once more, with nothing or one thing changed since: the
 * verdict must be what it is for a vcpu that has not seen the first one.
 */
static void fault_again(void)
{
	struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long seg, mask, index, r, clone = 0;
	enum kvmhv_fault want, got;
	struct kvm_hv_vcpu *hv;
	unsigned int n, what;
	struct place p, q;
	u32 dsisr, bits;
	bool data;

	up();
	hv = &vcpu->arch.hv;
	fake.features = CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S;
	fake_pte(0)->pte = PA_BASE | _PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE;
	mask = hpt->mask;
	for (n = 0; n < 20000; n++) {
		place_of(&p, rnd(2), rnd(1 << 20), rnd(1U << 31) & ~0xfffUL,
			 &page_sizes[0]);
		seg = SLB_VSID_KP;
		dsisr = DSISR_PROTFAULT | (rnd(2) ? DSISR_ISSTORE : 0);
		vcpu->arch.amr = 0;
		hv->shregs.msr = MSR_DR | MSR_IR;
		index = enter(&p, 0, IO_GPA | HPTE_R_M | 2);
		check_eq(fault(&p, seg, dsisr, true), KVMHV_FAULT_MMIO);
		check_eq(hv->fault_index, index);

		q = p;
		q.ea += rnd(0x1000);
		data = true;
		what = rnd(12);
		switch (what) {
		case 0:		/* it looks where it was, and nowhere else */
			clone = index ^ 9;
			check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, clone, p.v,
						  IO_GPA | HPTE_R_M | 2),
				 H_SUCCESS);
			hv->fault_index = clone;
			index = clone;
			break;
		case 1:
			q.ea ^= 0x1000;
			break;
		case 2:
			q.slb_v ^= 1UL << 25;
			break;
		case 3:
			dsisr ^= DSISR_ISSTORE;
			break;
		case 4:
			data = false;
			break;
		case 5:
			hv->shregs.msr |= MSR_PR;
			check_eq(kvmhv_rm_h_protect(vcpu, rnd(2), index, 0),
				 H_SUCCESS);
			break;
		case 6:		/* key 0: neither loads nor stores */
			vcpu->arch.amr = 3UL << 62;
			break;
		case 7:
			leave(index);
			break;
		case 8:		/* memory now */
			leave(index);
			check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, index, p.v,
						  HPTE_R_M | 2), H_SUCCESS);
			break;
		case 9:		/* another table, too small for the index */
			hpt->mask = (index >> 4) * 8 + 7;
			break;
		case 10:	/* another device */
		case 11:	/* the device is somewhere else */
			leave(index);
			check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, index,
						  what == 10 ? p.v : p.v ^ 0x80,
						  IO_GPA | HPTE_R_M | 2 |
						  (what == 10 ? 0x1000 : 0)),
				 H_SUCCESS);
			break;
		}
		got = fault(&q, seg, dsisr, data);
		bits = hv->fault_dsisr;
		r = hv->fault_r;
		check_eq(hv->fault_dar, q.ea);
		if (!what) {
			check_eq(got, KVMHV_FAULT_MMIO);
			check_eq(hv->fault_index, clone);
			leave(clone);
			index = -1UL;
		} else {
			hv->fault_verdict = KVMHV_FAULT_REFLECT;
			want = fault(&q, seg, dsisr, data);
			check_eq(got, want);
			check_eq(bits, hv->fault_dsisr);
			check_eq(r, hv->fault_r);
			if (what == 7 || what == 11 || (what == 9 && hpt->mask > 7))
				check_eq(got, KVMHV_FAULT_REFLECT);
			if (what == 8)
				check_eq(got, KVMHV_FAULT_RETRY);
		}
		hpt->mask = mask;
		for (index = 0; index < NR_PTEG * 8; index++)
			kvmhv_rm_h_remove(vcpu, 0, index, 0);
	}
	down();
}

const struct unit_case fault_cases[] = {
	{ "search: random addresses, both segment sizes, both groups",
	  find_random },
	{ "search: page sizes mixed in one group", find_mixed_sizes },
	{ "fault: no HPTE", fault_not_found },
	{ "fault: protection, keys, no-execute, verdicts", fault_permissions },
	{ "fault: the same access to a device again", fault_again },
	{ NULL, NULL },
};
