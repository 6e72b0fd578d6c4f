// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each hcall by itself: arguments, return codes, results, what goes into the
 * HPT, which TLB instructions are issued.
 */
#include "unit.h"

#define WIMG_M		HPTE_R_M
#define RW		2UL
#define RO		3UL
#define RWSUP		0UL

static struct kvm_vcpu *vcpu;

static void up(void)
{
	fake_setup(4);
	vcpu = fake_vcpu();
}

static void down(void)
{
	check(!locks_held());
	free(vcpu);
	fake_teardown();
}

static long enter(unsigned long flags, unsigned long index, unsigned long v,
		  unsigned long r)
{
	fake.nr_events = 0;
	return kvmhv_rm_h_enter(vcpu, flags, index, v, r);
}

/* A 4K page at @gpa in HPTE @index */
static void enter_4k(unsigned long index, unsigned long gpa, unsigned long bits)
{
	check_eq(enter(H_EXACT, index, (0x1234UL << 12) | HPTE_V_VALID,
		       gpa | WIMG_M | bits), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], index);
}

static void index_range(void)
{
	static const unsigned long bad[] = { 32, 33, 1UL << 32, ~0UL };
	unsigned int i;

	up();
	for (i = 0; i < 4; i++) {
		check_eq(enter(0, bad[i], 1, WIMG_M), H_PARAMETER);
		check_eq(enter(H_EXACT, bad[i], 1, WIMG_M), H_PARAMETER);
		check_eq(kvmhv_rm_h_remove(vcpu, 0, bad[i], 0), H_PARAMETER);
		check_eq(kvmhv_rm_h_protect(vcpu, 0, bad[i], 0), H_PARAMETER);
		check_eq(kvmhv_rm_h_read(vcpu, 0, bad[i]), H_PARAMETER);
		check_eq(kvmhv_rm_h_read(vcpu, H_READ_4, bad[i]), H_PARAMETER);
		check_eq(kvmhv_rm_h_clear_ref(vcpu, 0, bad[i]), H_PARAMETER);
		check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, bad[i]), H_PARAMETER);
	}
	enter_4k(31, 0, RW);
	down();
}

static void empty_not_found(void)
{
	up();
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 3, 0), H_NOT_FOUND);
	check_eq(kvmhv_rm_h_protect(vcpu, 0, 3, 0), H_NOT_FOUND);
	check_eq(kvmhv_rm_h_clear_ref(vcpu, 0, 3), H_NOT_FOUND);
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 3), H_NOT_FOUND);
	check_eq(kvmhv_rm_h_read(vcpu, 0, 3), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], 0);
	check_eq(vcpu->arch.regs.gpr[5], 0);
	down();
}

static void enter_parameters(void)
{
	unsigned long lp, base;
	unsigned int i;

	up();
	/* all 256 LP values: those that are no page size, and 16G */
	for (lp = 0; lp < 256; lp++) {
		long want = H_PARAMETER;

		for (i = 0; i < NR_PAGE_SIZES; i++) {
			if (!page_sizes[i].v)
				continue;
			/* 64K pages: the upper half is part of the address */
			base = page_sizes[i].lp >> 12;
			if ((page_sizes[i].actual == 16 ? lp & 15 : lp) == base)
				want = H_SUCCESS;
		}
		check_eq(enter(H_EXACT, 0, HPTE_V_LARGE | 1,
			       IO_GPA | lp << 12 | WIMG_M), want);
		if (want == H_SUCCESS)
			kvmhv_rm_h_remove(vcpu, 0, 0, 0);
	}
	/* reserved segment sizes */
	check_eq(enter(0, 0, 2UL << 62 | 1, WIMG_M), H_PARAMETER);
	check_eq(enter(0, 0, 3UL << 62 | 1, WIMG_M), H_PARAMETER);
	/* large pages not aligned in their slot, or beyond its end */
	check_eq(enter(0, 0, HPTE_V_LARGE | 1, ODD_GPA | WIMG_M), H_PARAMETER);
	check_eq(enter(0, 0, HPTE_V_LARGE | 1, ROM_GPA | WIMG_M), H_PARAMETER);
	/* flags that would need the page, PAPR bits 48 and 49 */
	check_eq(enter(H_ZERO_PAGE, 0, 1, WIMG_M), -256 - 48);
	check_eq(enter(H_COPY_PAGE, 0, 1, WIMG_M), -256 - 49);
	/* caching-inhibited in the host, cached in the guest */
	fake_pte(0)->pte |= _PAGE_NON_IDEMPOTENT;
	check_eq(enter(0, 0, 1, WIMG_M), H_PARAMETER);
	check_eq(enter(0, 0, 1, HPTE_R_W | HPTE_R_I | WIMG_M), H_PARAMETER);
	check_eq(enter(H_EXACT, 0, 1, HPTE_R_I | WIMG_M | HPTE_R_G), H_SUCCESS);
	check_eq(R_OF(0) & HPTE_R_WIMG, HPTE_R_I | HPTE_R_M | HPTE_R_G);
	down();
}

static void enter_valid(void)
{
	unsigned long v = (0x9999UL << 12) | HPTE_V_BOLTED | 0x8 |
			  HPTE_V_SECONDARY | HPTE_V_1TB_SEG;
	unsigned long r = 0x123000 | WIMG_M | HPTE_R_R | HPTE_R_C | HPTE_R_N |
			  HPTE_R_KEY | RW;

	up();
	/* bits that are ours in V, and a reserved one in R, have no effect */
	check_eq(enter(H_EXACT, 9, v | HPTE_V_HVLOCK | HPTE_V_ABSENT,
		       r | KVMHV_GR_MODIFIED), H_SUCCESS);
	check_eq(V_OF(9), v | HPTE_V_VALID);
	check_eq(R_OF(9), (r & ~HPTE_R_C) | PA_BASE);
	check_eq(REV_OF(9).guest_r, r | KVMHV_GR_MODIFIED);
	check_eq(*fake_rmap(0x123000), KVMPPC_RMAP_PRESENT | 9);
	/* the host knows that the page will be written to */
	check(fake_pte(0x123000)->pte & _PAGE_DIRTY);
	check(fake_pte(0x123000)->pte & _PAGE_ACCESSED);
	/* visible to the guest's next access */
	check_eq(fake.event[fake.nr_events - 1].what, EV_PTESYNC);

	check_eq(kvmhv_rm_h_read(vcpu, 0, 9), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], v | HPTE_V_VALID);
	check_eq(vcpu->arch.regs.gpr[5], r);
	down();
}

static void enter_read_only(void)
{
	up();
	/* the guest wants to read only: the host page stays clean */
	enter_4k(0, 0, RO);
	check(!(fake_pte(0)->pte & _PAGE_DIRTY));
	check_eq(R_OF(0) & HPTE_R_PPP, RO);
	/* the host allows to read only */
	fake_pte(0x100000)->pte &= ~_PAGE_WRITE;
	enter_4k(1, 0x100000, RW);
	enter_4k(2, 0x100000, RWSUP);
	check(!(fake_pte(0x100000)->pte & _PAGE_DIRTY));
	check(!hpte_is_writable(R_OF(1)));
	check(!hpte_is_writable(R_OF(2)));
	check_eq(REV_OF(1).guest_r & HPTE_R_PPP, RW);
	/* users keep out of what is the supervisor's */
	check(!hpte_read_permission(R_OF(2) & HPTE_R_PPP, 1));
	/* nowhere in the memslot */
	enter_4k(3, ROM_GPA, RW);
	check(V_OF(3) & HPTE_V_VALID);
	check(!hpte_is_writable(R_OF(3)));
	check(!(fake_pte(ROM_GPA)->pte & _PAGE_DIRTY));
	down();
}

static void enter_storage_control(void)
{
	up();
	/* emulated device memory: cacheable behind the guest's back */
	enter_4k(0, 0, HPTE_R_I | HPTE_R_G | RW);
	check_eq(R_OF(0) & HPTE_R_WIMG, HPTE_R_M);
	check_eq(REV_OF(0).guest_r & HPTE_R_WIMG,
		 HPTE_R_I | HPTE_R_M | HPTE_R_G);
	enter_4k(1, 0, HPTE_R_W | HPTE_R_I | RW);
	check_eq(R_OF(1) & HPTE_R_WIMG, HPTE_R_W | HPTE_R_I | HPTE_R_M);
	fake.features = 0;
	enter_4k(2, 0, HPTE_R_W | HPTE_R_I | RW);
	check_eq(R_OF(2) & HPTE_R_WIMG, HPTE_R_M);
	down();
}

static void check_absent(unsigned long index, unsigned long r)
{
	check_eq(V_OF(index) & (KVMHV_HPTE_V_USED | HPTE_V_HVLOCK),
		 HPTE_V_ABSENT);
	check_eq(R_OF(index), r);
	check_eq(kvmhv_rm_h_read(vcpu, 0, index), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4] & 0x61, HPTE_V_VALID);
}

static void enter_absent(void)
{
	static const unsigned long set[] = {
		_PAGE_PRIVILEGED, H_PAGE_BUSY, H_PAGE_4K_PFN, H_PTE_PKEY_BIT0,
		H_PTE_PKEY_BIT4,
	};
	unsigned long good;
	unsigned int i;

	up();
	good = fake_pte(0)->pte;
	for (i = 0; i < 5; i++) {
		fake_pte(0)->pte = good | set[i];
		enter_4k(i, 0, RW);
		check_absent(i, 0);
		check_eq(fake_pte(0)->pte, good | set[i]);
	}
	fake_pte(0)->pte = good & ~_PAGE_PRESENT;
	enter_4k(5, 0, RW);
	check_absent(5, 0);
	fake_pte(0)->pte = good & ~_PAGE_READ;
	enter_4k(6, 0, RW);
	check_absent(6, 0);
	fake_pte(0)->pte = 0;
	enter_4k(7, 0, RW);
	check_absent(7, 0);
	fake_pte(0)->pte = good;
	/* an invalidation of any page is going on */
	fake.kvm.mmu_invalidate_in_progress = 1;
	enter_4k(8, 0, RW);
	check_absent(8, 0);
	fake.kvm.mmu_invalidate_in_progress = 0;
	/* the slot is being deleted */
	enter_4k(9, GONE_GPA, RW);
	check_absent(9, 0);
	/* no memory at all */
	enter_4k(10, IO_GPA, RW);
	check_absent(10, KVMHV_HPTE_R_MMIO);
	enter_4k(11, 0x0ffffffffffff000, RW);
	check_absent(11, KVMHV_HPTE_R_MMIO);
	check_eq(*fake_rmap(0), 0);
	/* all of them can go again, without invalidation */
	fake.nr_events = 0;
	for (i = 0; i < 12; i++)
		check_eq(kvmhv_rm_h_remove(vcpu, 0, i, 0), H_SUCCESS);
	check_eq(fake.nr_events, 0);
	down();
}

/* A complete invalidation between the look at the PTE and the rmap lock */
static void enter_raced(void)
{
	up();
	fake.kvm.mmu_invalidate_seq = 77;
	enter_4k(0, 0, RW);
	check(V_OF(0) & HPTE_V_VALID);
	check_eq(fake_unmap(0, NULL), 0);
	check_absent(0, 0);
	enter_4k(1, 0, RW);
	check(V_OF(1) & HPTE_V_VALID);
	down();
}

static void page_size_and_host(void)
{
	const struct page_size *ps;
	unsigned long gpa = 16 * MB, r;
	unsigned int i, mode;
	bool fits;

	up();
	for (mode = 0; mode <= HUGE_THP; mode++) {
		fake.huge_mode[1] = mode;
		fake.huge[1].pte = (PA_BASE + gpa) | _PAGE_PRESENT |
				   _PAGE_READ | _PAGE_WRITE |
				   (mode == HUGE_THP ? H_PAGE_4K_PFN : 0);
		for (i = 0; i < NR_PAGE_SIZES; i++) {
			ps = &page_sizes[i];
			/* RPN bits below the page size do not count */
			r = gpa | ps->lp | WIMG_M | RW;
			if (ps->actual == 24)
				r |= 0xf00000;
			check_eq(enter(H_EXACT, 0, ps->v | 1, r), H_SUCCESS);
			fits = mode || ps->actual <= PAGE_SHIFT;
			check_eq(!!(V_OF(0) & HPTE_V_VALID), fits);
			if (fits)
				check_eq(R_OF(0), (PA_BASE + gpa) | ps->lp |
					 WIMG_M | RW);
			check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
			check_eq(vcpu->arch.regs.gpr[5], r);
		}
	}
	down();
}

static void group_and_exact(void)
{
	unsigned int i;

	up();
	for (i = 0; i < 8; i++) {
		/* any index of the group names the group */
		check_eq(enter(0, 8 + (5 * i) % 8, 1, WIMG_M | RW), H_SUCCESS);
		check_eq(vcpu->arch.regs.gpr[4], 8 + i);
	}
	check_eq(enter(0, 8, 1, WIMG_M | RW), H_PTEG_FULL);
	check_eq(enter(H_EXACT, 11, 1, WIMG_M | RW), H_PTEG_FULL);
	check_eq(enter(0, 8, 1, IO_GPA | WIMG_M | RW), H_PTEG_FULL);
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 13, 0), H_SUCCESS);
	check_eq(enter(H_EXACT, 12, 1, WIMG_M | RW), H_PTEG_FULL);
	check_eq(enter(0, 8, 1, IO_GPA | WIMG_M | RW), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], 13);
	/* absent entries fill a group as well */
	check_eq(enter(0, 8, 1, WIMG_M | RW), H_PTEG_FULL);
	down();
}

static unsigned long late_bits;

static void late_rc(unsigned long index)
{
	kvmhv_hpte(&fake.kvm.arch.hv.hpt, index)[1] |= cpu_to_be64(late_bits);
}

static void remove_results(void)
{
	unsigned long v = (0x1234UL << 12) | HPTE_V_VALID;

	up();
	fake.on_tlbie = late_rc;
	late_bits = HPTE_R_C;
	enter_4k(4, 0x40000, HPTE_R_R | RW);
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 4, 0), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], v);
	check_eq(vcpu->arch.regs.gpr[5],
		 0x40000 | HPTE_R_R | HPTE_R_C | WIMG_M | RW);
	check_eq(V_OF(4), 0);
	check_eq(R_OF(4), 0);
	check_eq(REV_OF(4).guest_r, KVMHV_GR_MODIFIED);
	check_eq(*fake_rmap(0x40000),
		 KVMPPC_RMAP_REFERENCED | KVMHV_RMAP_CHANGED);
	check_eq(fake.nr_events, 3);
	check_eq(fake.event[0].what, EV_PTESYNC);
	check_eq(fake.event[1].what, EV_TLBIE);
	check_eq(fake.event[1].rb & 0xffffffff, 4);
	check_eq(fake.event[2].what, EV_TLBSYNC);
	down();
}

static void remove_conditions(void)
{
	unsigned long v = (0x1234UL << 12) | HPTE_V_VALID;

	up();
	enter_4k(4, 0, RW);
	check_eq(kvmhv_rm_h_remove(vcpu, H_AVPN, 4, v ^ 0x80), H_NOT_FOUND);
	check_eq(kvmhv_rm_h_remove(vcpu, H_AVPN, 4, v ^ HPTE_V_1TB_SEG),
		 H_NOT_FOUND);
	check_eq(kvmhv_rm_h_remove(vcpu, H_ANDCOND, 4, HPTE_V_VALID),
		 H_NOT_FOUND);
	check_eq(kvmhv_rm_h_remove(vcpu, H_ANDCOND, 4, 0x1000UL << 12),
		 H_NOT_FOUND);
	check_eq(kvmhv_rm_h_remove(vcpu, H_AVPN, 4, v & ~0x7fUL), H_SUCCESS);
	/* an absent HPTE is valid for the guest, our bits do not exist */
	enter_4k(4, IO_GPA, RW);
	check_eq(kvmhv_rm_h_remove(vcpu, H_ANDCOND, 4, HPTE_V_VALID),
		 H_NOT_FOUND);
	check_eq(kvmhv_rm_h_remove(vcpu, H_ANDCOND, 4,
				   HPTE_V_ABSENT | HPTE_V_HVLOCK), H_SUCCESS);
	down();
}

static void module_functions(void)
{
	unsigned long v = 0, r = 0, used = 99;

	up();
	/* LPIDR is not the guest's: never tlbiel, whatever the number of vcpus */
	fake.kvm.arch.hv.online_vcpus = 1;
	check_eq(kvmhv_hpt_insert(&fake.kvm, 0, 3, 1, WIMG_M | RW, &used),
		 H_SUCCESS);
	check_eq(used, 0);
	check_eq(kvmhv_hpt_remove(&fake.kvm, 0, 0, 0, &v, &r), H_SUCCESS);
	check_eq(v, 1);
	check_eq(r, WIMG_M | RW);
	check_eq(kvmhv_hpt_remove(&fake.kvm, 0, 0, 0, &v, &r), H_NOT_FOUND);
	check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[0], 0);
	down();
}

static void tlbiel_marks_others(void)
{
	unsigned int i;

	up();
	fake.kvm.arch.hv.online_vcpus = 1;
	fake.allow_tlbiel = true;
	for (i = 0; i < 4; i++) {
		fake.cpu = i * 32 + 3;
		memset(&fake.kvm.arch.hv.need_tlb_flush, 0, sizeof(cpumask_t));
		fake.kvm.arch.hv.tlb_cpu = i ? 1 : 0;	/* none, or another one */
		enter_4k(0, 0, RW);
		check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[1], 0);
		fake.nr_events = 0;
		check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
		check_eq(fake.nr_events, 3);
		check_eq(fake.event[0].what, EV_PTESYNC);
		check_eq(fake.event[1].what, EV_TLBIEL);
		check_eq(fake.event[2].what, EV_PTESYNC);
		check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[0],
			 i < 2 ? ~BIT(fake.cpu) : ~0UL);
		check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[1],
			 i < 2 ? ~0UL : ~BIT(fake.cpu - 64));
	}
	/* and that all others are marked is not said again */
	memset(&fake.kvm.arch.hv.need_tlb_flush, 0, sizeof(cpumask_t));
	enter_4k(0, 0, RW);
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[0], 0);
	/* another VM's mark for this CPU stays */
	memset(&fake.kvm.arch.hv.need_tlb_flush, 0xff, sizeof(cpumask_t));
	fake.kvm.arch.hv.tlb_cpu = 0;
	enter_4k(0, 0, RW);
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[1], ~0UL);
	down();
}

static void second_vcpu(unsigned long index)
{
	fake.kvm.arch.hv.online_vcpus = 2;
}

/* A second vcpu comes while the first believes to be alone */
static void tlbiel_too_late(void)
{
	static const int want[] = {
		EV_PTESYNC, EV_TLBIEL, EV_PTESYNC, EV_TLBIE, EV_TLBSYNC,
	};
	unsigned int i;

	up();
	fake.kvm.arch.hv.online_vcpus = 1;
	fake.allow_tlbiel = true;
	fake.on_tlbie = second_vcpu;
	enter_4k(0, 0, RW);
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.nr_events, 5);
	for (i = 0; i < 5; i++)
		check_eq(fake.event[i].what, want[i]);
	check_eq(fake.kvm.arch.hv.need_tlb_flush.bits[0], ~BIT(fake.cpu));
	down();
}

static void writable_or_not(void)
{
	/* PP0 with anything but PP = 0b10 is reserved */
	static const unsigned long pp[] = { 0, 1, 2, 3, HPTE_R_PP0 | 2 };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		check_eq(kvmhv_writable(pp[i]), hpte_is_writable(pp[i]));
		check_eq(kvmhv_writable(pp[i] | HPTE_R_N), hpte_is_writable(pp[i]));
	}
}

/* RB has the virtual page number whole, wherever H_ENTER found room for it */
static void tlbie_names_page(void)
{
	unsigned long vsid, page, hash, v;
	int i, large;

	for (i = 0; i < 2000; i++) {
		large = i & 1;		/* segment of 1T */
		vsid = random() & (large ? 0x3fffff : 0x3fffffff);
		page = random() & (large ? 0xfffffff : 0xffff);
		hash = vsid ^ page;
		if (large)
			hash ^= vsid << 25;
		v = vsid << (large ? 24 : 12) | (page >> 11) << 7 | 1;
		v |= (unsigned long)large << 62;
		check_eq(kvmhv_tlbie_rb_4k(v, (hash & 0x3fff) * 8 + (i >> 1) % 8),
			 (vsid << (large ? 28 : 16) | page) << 12 |
			 (unsigned long)large << 8);
	}
}

static unsigned long prot_flags(unsigned long r)
{
	return (r & 0xe07) | (r & HPTE_R_PP0) >> 55 | (r & HPTE_R_KEY_HI) >> 48;
}

static void protect_all(void)
{
	const unsigned long mask = HPTE_R_PPP | HPTE_R_N | HPTE_R_KEY;
	unsigned long prot, flags, v, r;
	unsigned int i;

	up();
	enter_4k(0, 0x10000, HPTE_R_R | RW);
	for (i = 0; i < 5000; i++) {
		prot = ((unsigned long)rnd(16) << 60 | rnd(4096)) & mask;
		flags = prot_flags(prot);
		v = V_OF(0);
		r = R_OF(0);
		fake.nr_events = 0;
		check_eq(kvmhv_rm_h_protect(vcpu, flags, 0, 0), H_SUCCESS);
		check_eq(V_OF(0), v);
		check_eq(R_OF(0), (r & ~mask) | prot);
		check_eq(REV_OF(0).guest_r & mask, prot);
		check_eq(fake.nr_events, (r & mask) == prot ? 0 : 4);
	}
	down();
}

static void protect_upgrade(void)
{
	up();
	/* made writable: only now the host page becomes dirty */
	enter_4k(0, 0, RO);
	check(!(fake_pte(0)->pte & _PAGE_DIRTY));
	check_eq(kvmhv_rm_h_protect(vcpu, RW, 0, 0), H_SUCCESS);
	check_eq(R_OF(0) & HPTE_R_PPP, RW);
	check(fake_pte(0)->pte & _PAGE_DIRTY);
	/* not if the host does not allow it */
	fake_pte(0x100000)->pte &= ~_PAGE_WRITE;
	enter_4k(1, 0x100000, RO);
	check_eq(kvmhv_rm_h_protect(vcpu, RW, 1, 0), H_SUCCESS);
	check(!hpte_is_writable(R_OF(1)));
	check_eq(REV_OF(1).guest_r & HPTE_R_PPP, RW);
	/* nor in memory that user space only reads, nor if the PTE says another page */
	enter_4k(2, ROM_GPA, RO);
	check_eq(kvmhv_rm_h_protect(vcpu, RW, 2, 0), H_SUCCESS);
	check(!hpte_is_writable(R_OF(2)));
	enter_4k(3, 0x200000, RO);
	fake_pte(0x200000)->pte ^= 1UL << 30;
	check_eq(kvmhv_rm_h_protect(vcpu, RW, 3, 0), H_SUCCESS);
	check(!hpte_is_writable(R_OF(3)));
	/* absent: the guest's view only */
	enter_4k(4, IO_GPA, RO);
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_protect(vcpu, RW, 4, 0), H_SUCCESS);
	check_eq(fake.nr_events, 0);
	check_absent(4, KVMHV_HPTE_R_MMIO);
	check_eq(REV_OF(4).guest_r & HPTE_R_PPP, RW);
	/* AVPN */
	check_eq(kvmhv_rm_h_protect(vcpu, H_AVPN | RO, 4, 0x1235UL << 12),
		 H_NOT_FOUND);
	check_eq(kvmhv_rm_h_protect(vcpu, H_AVPN | RO, 4, 0x1234UL << 12),
		 H_SUCCESS);
	down();
}

static void protect_keeps_rc(void)
{
	up();
	fake.on_tlbie = late_rc;
	late_bits = HPTE_R_R | HPTE_R_C;
	enter_4k(0, 0, RW);
	check_eq(kvmhv_rm_h_protect(vcpu, RO, 0, 0), H_SUCCESS);
	check_eq(R_OF(0) & (HPTE_R_R | HPTE_R_C), HPTE_R_R | HPTE_R_C);
	down();
}

static void read_four(void)
{
	unsigned int i;

	up();
	enter_4k(4, 0, RW);
	enter_4k(6, IO_GPA, RO);
	check_eq(kvmhv_rm_h_read(vcpu, H_READ_4, 7), H_SUCCESS);
	for (i = 4; i < 12; i++) {
		static const unsigned long want[] = {
			0x1234001, HPTE_R_M | RW, 0, 0,
			0x1234001, IO_GPA | HPTE_R_M | RO, 0, 0,
		};

		check_eq(vcpu->arch.regs.gpr[i], want[i - 4]);
	}
	down();
}

static void clear_ref_mod(void)
{
	unsigned long r = WIMG_M | RW;

	up();
	enter_4k(0, 0, HPTE_R_R | HPTE_R_C | RW);
	/* C is the guest's word only, the hardware has not set it */
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 0), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], r | HPTE_R_R | HPTE_R_C);
	/* ... as is known after the invalidation only */
	check_eq(fake.nr_events, 4);
	check(!(*fake_rmap(0) & KVMHV_RMAP_CHANGED));
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_clear_ref(vcpu, 0, 0), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], r | HPTE_R_R);
	check_eq(fake.nr_events, 4);
	check(*fake_rmap(0) & KVMPPC_RMAP_REFERENCED);
	kvmhv_rm_h_read(vcpu, 0, 0);
	check_eq(vcpu->arch.regs.gpr[5], r);
	/* now the hardware sets both, C at the last moment */
	late_bits = HPTE_R_R;
	late_rc(0);
	fake.on_tlbie = late_rc;
	late_bits = HPTE_R_C;
	check_eq(kvmhv_rm_h_clear_ref(vcpu, 0, 0), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], r | HPTE_R_R | HPTE_R_C);
	check_eq(R_OF(0) & (HPTE_R_R | HPTE_R_C), HPTE_R_C);
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 0), H_SUCCESS);
	check(*fake_rmap(0) & KVMHV_RMAP_CHANGED);
	check_eq(R_OF(0) & (HPTE_R_R | HPTE_R_C), 0);
	/* absent */
	fake_unmap(0, NULL);
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 0), H_SUCCESS);
	kvmhv_rm_h_read(vcpu, 0, 0);
	check_eq(vcpu->arch.regs.gpr[5], r);
	down();
}

/* The dirty log wants to know of each page under a large HPTE */
static void large_page_changed(void)
{
	unsigned long gpa = 32 * MB, i;
	unsigned int on;

	up();
	fake.huge_mode[2] = HUGE_TLB;
	fake.huge[2].pte = (PA_BASE + gpa) | _PAGE_PRESENT | _PAGE_READ |
			   _PAGE_WRITE;
	fake.on_tlbie = late_rc;
	late_bits = HPTE_R_C;
	for (on = 0; on < 2; on++) {
		if (on)
			fake.slots.slot[0]->flags |= KVM_MEM_LOG_DIRTY_PAGES;
		check_eq(enter(H_EXACT, 0, HPTE_V_LARGE | 1, gpa | WIMG_M | RW),
			 H_SUCCESS);
		check(V_OF(0) & HPTE_V_VALID);
		check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
		check(*fake_rmap(gpa) & KVMHV_RMAP_CHANGED);
		for (i = PAGE_SIZE; i < 16 * MB; i += PAGE_SIZE)
			check_eq(*fake_rmap(gpa + i),
				 on ? KVMHV_RMAP_CHANGED : 0);
		check_eq(*fake_rmap(gpa - 1), 0);
		check_eq(*fake_rmap(gpa + 16 * MB), 0);
	}
	down();
}

#define REQ		BIT(62)
#define END		(3UL << 62)
#define RESP		BIT(63)
#define F_AVPN		BIT(57)
#define F_ANDCOND	BIT(56)
#define NOT_FOUND	BIT(60)
#define PARM		BIT(61)
#define RC_R		BIT(59)
#define RC_C		BIT(58)

static long bulk(unsigned long a, unsigned long a2, unsigned long b,
		 unsigned long b2, unsigned long c, unsigned long c2,
		 unsigned long d, unsigned long d2)
{
	const unsigned long in[] = { a, a2, b, b2, c, c2, d, d2 };

	memcpy(&vcpu->arch.regs.gpr[4], in, sizeof(in));
	fake.nr_events = 0;
	return kvmhv_rm_h_bulk_remove(vcpu);
}

static void bulk_remove(void)
{
	const unsigned long v = 0x1234UL << 12;
	unsigned long *gpr;
	unsigned int i;

	up();
	gpr = vcpu->arch.regs.gpr;
	for (i = 0; i < 5; i++)
		enter_4k(i, i * 0x100000UL, HPTE_R_R | RW);
	enter_4k(5, IO_GPA, HPTE_R_R | HPTE_R_C | RW);

	/* three valid, one not found: one synchronisation */
	check_eq(bulk(REQ | 0, 0, REQ | F_AVPN | 1, v, REQ | F_AVPN | 2, 0,
		      REQ | F_ANDCOND | 3, 0x6), H_SUCCESS);
	check_eq(gpr[4], RESP | RC_R | 0);
	check_eq(gpr[6], RESP | F_AVPN | RC_R | 1);
	check_eq(gpr[8], RESP | F_AVPN | NOT_FOUND | 2);
	check_eq(gpr[10], RESP | F_ANDCOND | RC_R | 3);
	check_eq(fake.nr_events, 5);
	check_eq(fake.event[4].what, EV_TLBSYNC);
	check_eq(V_OF(0) | V_OF(1) | V_OF(3), 0);
	check(V_OF(2));

	/* absent, the same one twice, end of the list */
	fake.on_tlbie = late_rc;
	late_bits = HPTE_R_C;
	check_eq(bulk(REQ | 5, 0, REQ | 5, 0, END, 0, REQ | 2, 0), H_SUCCESS);
	check_eq(gpr[4], RESP | RC_R | RC_C | 5);
	check_eq(gpr[6], RESP | NOT_FOUND | 5);
	check_eq(gpr[8], END);
	check_eq(gpr[10], REQ | 2);
	check(V_OF(2));

	/* nonsense ends the call, what came before is done */
	check_eq(bulk(REQ | 2, 0, REQ | F_AVPN | F_ANDCOND | 4, v, REQ | 4, 0,
		      END, 0), H_PARAMETER);
	check_eq(gpr[4], RESP | RC_R | RC_C | 2);
	check_eq(gpr[6], RESP | PARM | F_AVPN | F_ANDCOND | 4);
	check_eq(gpr[8], REQ | 4);
	check_eq(V_OF(2), 0);
	check(V_OF(4));
	check_eq(bulk(REQ | 32, 0, REQ | 4, 0, END, 0, END, 0), H_PARAMETER);
	check_eq(gpr[4], RESP | PARM | 32);
	check_eq(bulk(0 | 4, 0, REQ | 4, 0, END, 0, END, 0), H_PARAMETER);
	check_eq(gpr[4], RESP | PARM | 4);
	check_eq(bulk(RESP | 4, 0, REQ | 4, 0, END, 0, END, 0), H_PARAMETER);
	check(V_OF(4));
	/* nothing at all */
	check_eq(bulk(END, 0, 0, 0, 0, 0, 0, 0), H_SUCCESS);
	check_eq(fake.nr_events, 0);
	down();
}

/* The same HPTE twice in one call: locked by ourselves the second time */
static void bulk_remove_twice(void)
{
	unsigned long *gpr;

	up();
	gpr = vcpu->arch.regs.gpr;
	enter_4k(0, 0, RW);
	check_eq(bulk(REQ | 0, 0, REQ | 0, 0, END, 0, END, 0), H_SUCCESS);
	check_eq(gpr[4], RESP | 0);
	check_eq(gpr[6], RESP | NOT_FOUND | 0);
	down();
}

const struct unit_case hcall_cases[] = {
	{ "index out of range", index_range },
	{ "empty HPTEs are not found", empty_not_found },
	{ "H_ENTER: bad arguments", enter_parameters },
	{ "H_ENTER: valid HPTE", enter_valid },
	{ "H_ENTER: read-only", enter_read_only },
	{ "H_ENTER: storage control", enter_storage_control },
	{ "H_ENTER: absent HPTE", enter_absent },
	{ "H_ENTER: after an invalidation", enter_raced },
	{ "H_ENTER: page sizes on small, huge and transparent huge pages",
	  page_size_and_host },
	{ "H_ENTER: groups and H_EXACT", group_and_exact },
	{ "H_REMOVE: results and order", remove_results },
	{ "H_REMOVE: conditions", remove_conditions },
	{ "insert and remove for the module", module_functions },
	{ "tlbiel marks the other CPUs", tlbiel_marks_others },
	{ "tlbiel overtaken by a second vcpu", tlbiel_too_late },
	{ "protection that lets a page be written", writable_or_not },
	{ "tlbie of a 4K page: its virtual page number", tlbie_names_page },
	{ "H_PROTECT: all bits", protect_all },
	{ "H_PROTECT: upgrade to writable", protect_upgrade },
	{ "H_PROTECT: keeps R and C", protect_keeps_rc },
	{ "H_READ: four entries", read_four },
	{ "H_CLEAR_REF and H_CLEAR_MOD", clear_ref_mod },
	{ "large page: dirty marks", large_page_changed },
	{ "H_BULK_REMOVE: codes", bulk_remove },
	{ "H_BULK_REMOVE: one entry twice", bulk_remove_twice },
	{ NULL, NULL },
};
