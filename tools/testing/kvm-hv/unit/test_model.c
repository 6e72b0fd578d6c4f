// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of hcalls, hardware accesses and host invalidations against
 * a model that keeps each HPTE as a plain structure.
 */
#include "unit.h"

#define NR_PTEG		8
#define NR_HPTE		(NR_PTEG * 8)
#define RC		(HPTE_R_R | HPTE_R_C)

struct entry {
	bool used;
	bool valid;		/* for the hardware */
	bool mmio;
	bool hw_writable;
	unsigned long v;	/* as the guest knows it */
	unsigned long r;	/* as the guest knows it, but for hw_rc */
	unsigned long hw_rc;
	unsigned long gpa;
	unsigned long size;
};

static struct entry model[NR_HPTE];
/* R and C harvested, by host page */
static unsigned long harvested[NR_HOST_PTES];
static struct kvm_vcpu *vcpu;

static unsigned long rnd64(void)
{
	return (unsigned long)rnd(1U << 31) << 33 ^
	       (unsigned long)rnd(1U << 31) << 11 ^ rnd(1U << 11);
}

/* The hardware may set bits until the invalidation is complete */
static void hw_late(unsigned long index)
{
	unsigned long rc = 0;

	if (!rnd(3))
		rc |= HPTE_R_R;
	if (!rnd(3) && model[index].hw_writable)
		rc |= RC;
	model[index].hw_rc |= rc;
	kvmhv_hpte(&fake.kvm.arch.hv.hpt, index)[1] |= cpu_to_be64(rc);
}

static bool is_writable(unsigned long r)
{
	return (r & HPTE_R_PPP) != 3 && (r & HPTE_R_PPP) != (HPTE_R_PP0 | 2);
}

/* Is there a host page of @size at @gpa in a slot, and may it be written? */
static bool host_page(unsigned long gpa, unsigned long size, bool *writable)
{
	unsigned long val;

	if (gpa >= RAM_SIZE && !(gpa >= ODD_GPA && gpa < ODD_GPA + ODD_SIZE) &&
	    !(gpa >= ROM_GPA && gpa < ROM_GPA + ROM_SIZE))
		return false;
	if (size > PAGE_SIZE && !fake.huge_mode[gpa >> 24])
		return false;
	val = fake_pte(gpa)->pte;
	if (!(val & _PAGE_PRESENT) || (val & _PAGE_PRIVILEGED))
		return false;
	*writable = val & _PAGE_WRITE;
	return true;
}

static void harvest(unsigned long index)
{
	struct entry *e = &model[index];

	harvested[e->gpa >> PAGE_SHIFT] |= e->hw_rc;
	if ((e->hw_rc & HPTE_R_C) && e->gpa < RAM_SIZE &&
	    (fake.slots.slot[0]->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
		unsigned long off;

		for (off = PAGE_SIZE; off < e->size; off += PAGE_SIZE)
			harvested[(e->gpa + off) >> PAGE_SHIFT] |= HPTE_R_C;
	}
}

static void compare(unsigned long index)
{
	struct entry *e = &model[index];
	unsigned long r = R_OF(index), pa;

	if (!e->used) {
		check_eq(V_OF(index), 0);
		check_eq(r, 0);
		return;
	}
	check_eq(kvmhv_guest_v(V_OF(index)), e->v);
	check_eq(REV_OF(index).guest_r & ~KVMHV_GR_MODIFIED, e->r);
	if (!e->valid) {
		check_eq(V_OF(index) & KVMHV_HPTE_V_USED, HPTE_V_ABSENT);
		check_eq(r, e->mmio ? KVMHV_HPTE_R_MMIO : 0);
		return;
	}
	check_eq(V_OF(index) & KVMHV_HPTE_V_USED, HPTE_V_VALID);
	check_eq(is_writable(r), e->hw_writable);
	check_eq(r & RC, e->hw_rc);
	/* the page the host has there, and the host knows of writes */
	pa = fake_pte(e->gpa)->pte & PTE_RPN_MASK;
	if (e->size <= PAGE_SIZE)
		pa += e->gpa & (PAGE_SIZE - 1);
	if (fake.huge_mode[e->gpa >> 24])
		pa = (fake.huge[e->gpa >> 24].pte & PTE_RPN_MASK) +
		     (e->gpa & (16 * MB - 1));
	check_eq(r & HPTE_R_RPN & ~(e->size - 1), pa);
	if (e->hw_writable) {
		check(fake_pte(e->gpa)->pte & _PAGE_WRITE);
		check(fake_pte(e->gpa)->pte & _PAGE_DIRTY);
	}
}

static void compare_all(void)
{
	unsigned long i;
	u32 s;

	for (i = 0; i < NR_HPTE; i++)
		compare(i);
	fake_check_rings();
	for (s = 0; s < fake.slots.n; s++) {
		struct kvm_memory_slot *slot = fake.slots.slot[s];

		for (i = 0; i < slot->npages; i++)
			check_eq(*kvmhv_rmap_slot(slot, slot->base_gfn + i) >>
				 KVMPPC_RMAP_RC_SHIFT & RC,
				 harvested[slot->base_gfn + i]);
	}
}

static unsigned long rnd_gpa(void)
{
	/* a few pages of each slot, so that rings get long */
	unsigned long off = rnd(8) * 0x10000UL + rnd(16) * 0x1000UL;

	switch (rnd(8)) {
	case 0:
		return ODD_GPA + off;
	case 1:
		return ROM_GPA + off;
	case 2:
		return GONE_GPA + off;
	case 3:
		return IO_GPA + off;
	default:
		return RAM_GPA + rnd(4) * 16 * MB + off;
	}
}

static void do_enter(void)
{
	const struct page_size *ps = &page_sizes[rnd(NR_PAGE_SIZES)];
	unsigned long size = 1UL << ps->actual, gpa = rnd_gpa() & ~(size - 1);
	unsigned long index = rnd(NR_HPTE), v, r, want = index, base;
	unsigned long flags = rnd(2) ? H_EXACT : 0;
	struct entry *e;
	bool writable = false;
	long ret;

	v = (rnd64() & ~(2UL << 62) & ~HPTE_V_LARGE) | ps->v;
	r = (rnd64() & ~(HPTE_R_RPN | HPTE_R_WIMG)) | gpa | ps->lp | HPTE_R_M;

	base = index & ~7UL;
	if (!flags)
		for (want = base; want < base + 8 && model[want].used; want++)
			;
	ret = kvmhv_rm_h_enter(vcpu, flags, index, v, r);

	if (size > PAGE_SIZE &&
	    ((gpa >= ODD_GPA && gpa < IO_GPA) ||
	     (gpa < ODD_GPA && gpa + size > RAM_SIZE))) {
		/* 16M gpas rounded down may be in no slot, or a short one */
		bool in_slot = (gpa >= ODD_GPA && gpa < ODD_GPA + ODD_SIZE) ||
			       (gpa >= ROM_GPA && gpa < ROM_GPA + ROM_SIZE) ||
			       (gpa >= GONE_GPA && gpa < GONE_GPA + GONE_SIZE);
		bool whole = gpa < ODD_GPA ? gpa + size <= RAM_SIZE :
			     ps->actual < 20 &&
			     (gpa >= ROM_GPA || !(ODD_SHIFT & (size - 1)));

		if (in_slot && !whole) {
			check_eq(ret, H_PARAMETER);
			return;
		}
	}
	if (want >= base + 8 || model[want].used) {
		check_eq(ret, H_PTEG_FULL);
		return;
	}
	check_eq(ret, H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], want);

	e = &model[want];
	memset(e, 0, sizeof(*e));
	e->used = true;
	e->v = (v & ~(HPTE_V_ABSENT | HPTE_V_HVLOCK)) | HPTE_V_VALID;
	e->r = r & ~KVMHV_GR_MODIFIED;
	e->gpa = gpa;
	e->size = size;
	e->valid = host_page(gpa, size, &writable);
	e->mmio = gpa >= IO_GPA ||
		  !(gpa < RAM_SIZE ||
		    (gpa >= ODD_GPA && gpa < ODD_GPA + ODD_SIZE) ||
		    (gpa >= ROM_GPA && gpa < ROM_GPA + ROM_SIZE) ||
		    (gpa >= GONE_GPA && gpa < GONE_GPA + GONE_SIZE));
	e->hw_writable = e->valid && writable && is_writable(r);
	if (e->valid)
		e->hw_rc = r & HPTE_R_R;
	compare(want);
}

/* What the guest is told when it removes or reads */
static unsigned long guest_r(const struct entry *e)
{
	return e->r | e->hw_rc;
}

static bool condition(unsigned long index, unsigned long *flags,
		      unsigned long *avpn)
{
	const struct entry *e = &model[index];

	*flags = 0;
	*avpn = rnd64();
	switch (rnd(4)) {
	case 0:
		*flags = H_AVPN;
		if (rnd(4))
			*avpn = (e->v & ~0x7fUL) | rnd(0x80);
		return e->used && !((*avpn ^ e->v) & ~0x7fUL);
	case 1:
		*flags = H_ANDCOND;
		if (rnd(4))
			*avpn &= ~e->v;
		return e->used && !(*avpn & e->v);
	}
	return e->used;
}

static void removed(unsigned long index)
{
	if (model[index].valid)
		harvest(index);
	memset(&model[index], 0, sizeof(model[index]));
}

static void do_remove(void)
{
	unsigned long index = rnd(NR_HPTE), flags, avpn, v = 0, r = 0;
	bool ok = condition(index, &flags, &avpn);
	long ret;

	if (rnd(2)) {
		ret = kvmhv_rm_h_remove(vcpu, flags, index, avpn);
		v = vcpu->arch.regs.gpr[4];
		r = vcpu->arch.regs.gpr[5];
	} else {
		ret = kvmhv_hpt_remove(&fake.kvm, flags, index, avpn, &v, &r);
	}
	check_eq(ret, ok ? H_SUCCESS : H_NOT_FOUND);
	if (ok) {
		check_eq(v, model[index].v);
		check_eq(r, guest_r(&model[index]));
		removed(index);
	}
	compare(index);
}

static void do_bulk(void)
{
	unsigned long *arg = &vcpu->arch.regs.gpr[4], flags;
	unsigned long index[4], rc;
	struct entry before[4];
	bool ok[4];
	int i, j;

	for (i = 0; i < 4; i++) {
		index[i] = rnd(NR_HPTE);
		ok[i] = condition(index[i], &flags, &arg[2 * i + 1]);
		for (j = 0; j < i; j++)
			if (index[j] == index[i] && ok[j])
				ok[i] = false;
		arg[2 * i] = 1UL << 62 | index[i] |
			     (flags == H_AVPN ? 2UL << 56 :
			      flags == H_ANDCOND ? 1UL << 56 : 0);
	}
	check_eq(kvmhv_rm_h_bulk_remove(vcpu), H_SUCCESS);
	for (i = 0; i < 4; i++)
		before[i] = model[index[i]];
	for (i = 0; i < 4; i++) {
		check_eq(arg[2 * i] >> 60, ok[i] ? 8 : 9);
		check_eq(arg[2 * i] & 0xffffffff, index[i]);
		if (!ok[i])
			continue;
		rc = guest_r(&before[i]) & RC;
		check_eq(arg[2 * i] >> 51 & RC, rc);
		removed(index[i]);
		compare(index[i]);
	}
}

static void do_protect(void)
{
	const unsigned long mask = HPTE_R_PPP | HPTE_R_N | HPTE_R_KEY;
	unsigned long index = rnd(NR_HPTE), flags, avpn, prot = rnd64() & mask;
	struct entry *e = &model[index];
	bool writable = false, ok;
	long ret;

	ok = condition(index, &flags, &avpn);
	if (flags & H_ANDCOND) {
		/* not a flag of this hcall */
		flags = 0;
		ok = e->used;
	}
	flags |= (prot & 0xe07) | (prot & HPTE_R_PP0) >> 55 |
		 (prot & HPTE_R_KEY_HI) >> 48;
	ret = kvmhv_rm_h_protect(vcpu, flags, index, avpn);
	check_eq(ret, ok ? H_SUCCESS : H_NOT_FOUND);
	if (ok) {
		e->r = (e->r & ~mask) | prot;
		if (e->valid) {
			check(host_page(e->gpa, e->size, &writable));
			e->hw_writable = is_writable(prot) && writable;
		}
	}
	compare(index);
}

static void do_read(void)
{
	unsigned long index = rnd(NR_HPTE), flags = rnd(2) ? H_READ_4 : 0;
	unsigned int i;

	check_eq(kvmhv_rm_h_read(vcpu, flags, index), H_SUCCESS);
	if (flags)
		index &= ~3UL;
	for (i = 0; i < (flags ? 4 : 1); i++) {
		check_eq(vcpu->arch.regs.gpr[4 + 2 * i], model[index + i].v);
		check_eq(vcpu->arch.regs.gpr[5 + 2 * i],
			 guest_r(&model[index + i]));
	}
}

static void do_clear(void)
{
	unsigned long index = rnd(NR_HPTE), bit = rnd(2) ? HPTE_R_R : HPTE_R_C;
	struct entry *e = &model[index];
	long ret;

	ret = bit == HPTE_R_R ? kvmhv_rm_h_clear_ref(vcpu, rnd64(), index) :
				kvmhv_rm_h_clear_mod(vcpu, rnd64(), index);
	check_eq(ret, e->used ? H_SUCCESS : H_NOT_FOUND);
	if (e->used) {
		check_eq(vcpu->arch.regs.gpr[4], guest_r(e));
		/* with what the hardware set late */
		if (e->hw_rc & bit) {
			unsigned long others = e->hw_rc & ~bit;

			e->hw_rc = bit;
			harvest(index);
			e->hw_rc = others;
		}
		e->r &= ~bit;
	}
	compare(index);
}

/* An access by the hardware */
static void do_access(void)
{
	unsigned long index = rnd(NR_HPTE), rc = HPTE_R_R;
	struct entry *e = &model[index];

	if (!e->valid)
		return;
	if (rnd(2) && e->hw_writable)
		rc |= HPTE_R_C;
	e->hw_rc |= rc;
	kvmhv_hpte(&fake.kvm.arch.hv.hpt, index)[1] |= cpu_to_be64(rc);
}

static void new_pte(unsigned long gpa)
{
	pte_t *ptep = fake_pte(gpa);
	unsigned long val = PA_BASE + ((unsigned long)rnd(1024) << 24) +
			    (gpa & PAGE_MASK & (16 * MB - 1));

	if (fake.huge_mode[gpa >> 24])
		val &= ~(16 * MB - 1);
	val |= _PAGE_PRESENT | _PAGE_READ;
	if (rnd(4))
		val |= _PAGE_WRITE;
	switch (rnd(8)) {
	case 0:
		val &= ~_PAGE_PRESENT;
		break;
	case 1:
		val |= _PAGE_PRIVILEGED;
		break;
	}
	if (fake.huge_mode[gpa >> 24] == HUGE_THP)
		val |= H_PAGE_4K_PFN;
	ptep->pte = val;
}

/* Model of fake_unmap(): each HPTE on the ring of this page is absent now */
static void unmapped(unsigned long gpa)
{
	unsigned long i;

	for (i = 0; i < NR_HPTE; i++) {
		struct entry *e = &model[i];

		if (!e->valid || e->gpa >> PAGE_SHIFT != gpa >> PAGE_SHIFT)
			continue;
		e->valid = false;
		e->hw_writable = false;
		e->r |= e->hw_rc;
		e->hw_rc = 0;
	}
}

static void do_unmap(void)
{
	unsigned long gpa = rnd_gpa(), off;

	if (gpa >= GONE_GPA)
		return;
	if (gpa >= RAM_SIZE || rnd(8)) {
		unsigned long start = gpa & PAGE_MASK, len = PAGE_SIZE;

		if (fake.huge_mode[gpa >> 24]) {
			start = gpa & ~(16 * MB - 1);
			len = 16 * MB;
		}
		for (off = 0; off < len; off += PAGE_SIZE)
			fake_unmap(start + off, NULL);
		for (off = 0; off < len; off += PAGE_SIZE)
			unmapped(start + off);
		new_pte(start);
		return;
	}
	/* huge page splits, or small pages are collapsed */
	gpa &= ~(16 * MB - 1);
	for (off = 0; off < 16 * MB; off += PAGE_SIZE) {
		fake_unmap(gpa + off, NULL);
		unmapped(gpa + off);
	}
	fake.huge_mode[gpa >> 24] = rnd(3);
	for (off = 0; off < 16 * MB; off += PAGE_SIZE)
		new_pte(gpa + off);
}

/* The dirty log is read, pages are aged */
static void do_harvest(void)
{
	unsigned long gpa = rnd_gpa();

	if (gpa >= IO_GPA)
		return;
	*fake_rmap(gpa) &= ~(KVMPPC_RMAP_REFERENCED | KVMHV_RMAP_CHANGED);
	harvested[gpa >> PAGE_SHIFT] = 0;
}

static void begin(unsigned int vcpus)
{
	fake_setup(NR_PTEG);
	vcpu = fake_vcpu();
	memset(model, 0, sizeof(model));
	memset(harvested, 0, sizeof(harvested));
	fake.on_tlbie = hw_late;
	fake.kvm.arch.hv.online_vcpus = vcpus;
	fake.allow_tlbiel = vcpus == 1;
}

static void one(void)
{
	switch (rnd(16)) {
	case 0 ... 6:
		do_enter();
		break;
	case 7:
	case 8:
		do_remove();
		break;
	case 9:
		do_bulk();
		break;
	case 10:
		do_protect();
		break;
	case 11:
		do_read();
		break;
	case 12:
		do_clear();
		break;
	case 13:
		do_access();
		break;
	case 14:
		if (!rnd(8))
			do_unmap();
		break;
	case 15:
		do_harvest();
		if (!rnd(64))
			fake.slots.slot[0]->flags ^= KVM_MEM_LOG_DIRTY_PAGES;
		break;
	}
	check(!locks_held());
}

static void end(void)
{
	compare_all();
	free(vcpu);
	fake_teardown();
}

static void run_model(unsigned long seed, unsigned int vcpus)
{
	unsigned int i;

	rnd_seed(seed);
	begin(vcpus);
	for (i = 0; i < 60000; i++) {
		one();
		if (!(i % 5000))
			compare_all();
	}
	end();
}

void fuzz_hcalls(void)
{
	begin(1 + rnd(2));
	while (rnd_left())
		one();
	end();
}

static void model_smp(void)
{
	unsigned long seed;

	for (seed = 1; seed <= 3; seed++)
		run_model(seed, 2);
}

static void model_up(void)
{
	run_model(99, 1);
}

const struct unit_case model_cases[] = {
	{ "random hcalls against the model, several vcpus", model_smp },
	{ "random hcalls against the model, one vcpu", model_up },
	{ NULL, NULL },
};
