// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory side of the module, one by one: memslots, page faults, MMU
 * notifiers, dirty log, real mode areas, pinned memory, VPA, HPT, HTAB file.
 */
#include "unit.h"
#include "stub_mm.h"
#include "guest.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"

#define PAGES		MM_AREA_PAGES
#define HVA		HVA_BASE
#define HVA2		(HVA_BASE + (64UL << PAGE_SHIFT))
#define GPA(page)	((unsigned long)(page) << PAGE_SHIFT)

static struct kvm_vcpu *vcpu;
static unsigned char bits[64];

static int slot(unsigned int id, u32 flags, unsigned long page, unsigned long n, unsigned long hva)
{
	return kvm_stub_set_memory(id, flags, GPA(page), n, hva);
}

/* A VM, and memory of user space for it */
static void up(bool ppc970)
{
	kvm_stub_setup(ppc970);
	guest_setup();
	vcpu = fake.kvm.vcpu[0];
	check_eq(mm_mmap(HVA, 3 * PAGES, NULL), 0);
}

static void down(void)
{
	if (fake.kvm.arch.hv.hpt.order)
		fake_check_rings();
	kvm_stub_teardown();
}

/* The same, and it runs, with memory at 0 */
static void up_run(u32 flags)
{
	up(false);
	check_eq(slot(0, flags, 0, PAGES, HVA), 0);
	check_eq(guest_begin(vcpu), 0);
}

static void down_run(void)
{
	guest_end(vcpu);
	down();
}

static long enter(unsigned long page, unsigned long gpa)
{
	long index = guest_h_enter(vcpu, SEG_4K, page, gpa, true, false, false);

	check(index >= 0);
	return index;
}

static bool valid(long index)
{
	return V_OF(index) & HPTE_V_VALID;
}

static unsigned long pfn_at(unsigned long hva)
{
	return pte_pfn(__pte(mm_pte(hva)));
}

static unsigned long pfn_of(long index)
{
	return (R_OF(index) & HPTE_R_RPN) >> PAGE_SHIFT;
}

/* Number of pages that KVM_GET_DIRTY_LOG reports; @bits has them */
static int dirty(unsigned int id)
{
	struct kvm_dirty_log log = { .slot = id, .dirty_bitmap = bits };
	unsigned int i;
	int n = 0;

	check_eq(kvmhv_get_dirty_log(&fake.kvm, &log), 0);
	for (i = 0; i < PAGES; i++)
		n += bits[i / 8] >> i % 8 & 1;
	return n;
}

static bool is_dirty(unsigned int page)
{
	return bits[page / 8] >> page % 8 & 1;
}

static void faults(void)
{
	long i, ro;

	up_run(0);
	i = enter(1, GPA(3));
	check(!valid(i));
	check(guest_do(vcpu, SEG_4K, 1, false));
	check(valid(i));
	check_eq(pfn_of(i), pfn_at(HVA + GPA(3)));
	check(guest_do(vcpu, SEG_4K, 1, true));
	check(R_OF(i) & HPTE_R_C);
	check(mm_pte(HVA + GPA(3)) & _PAGE_PRESENT);

	/* the host takes it away, and has another page */
	mm_swap(HVA + GPA(3));
	check(!valid(i));
	check(guest_do(vcpu, SEG_4K, 1, true));
	check_eq(pfn_of(i), pfn_at(HVA + GPA(3)));

	/* read-only for the guest: its own business */
	ro = guest_h_enter(vcpu, SEG_4K, 2, GPA(3), false, false, false);
	check(valid(ro));
	check(!guest_do(vcpu, SEG_4K, 2, true));
	check(guest_do(vcpu, SEG_4K, 2, false));

	/* read-only for the host until a store */
	mm_ksm(HVA + GPA(3));
	check(!valid(i) && !valid(ro));
	check(guest_do(vcpu, SEG_4K, 1, false));
	check(!hpte_is_writable(R_OF(i)));
	check(guest_do(vcpu, SEG_4K, 1, true));
	check(hpte_is_writable(R_OF(i)));
	check_eq(pfn_of(i), pfn_at(HVA + GPA(3)));

	/* nothing of user space there: KVM_RUN fails; no memslot: a device */
	mm_munmap(HVA + GPA(4), 1);
	i = enter(3, GPA(4));
	check(!guest_do(vcpu, SEG_4K, 3, false));
	check(!valid(i));
	enter(4, GPA(PAGES));
	check_eq(kvm_stub.mmio, 0);
	check(!guest_do(vcpu, SEG_4K, 4, false));
	check_eq(kvm_stub.mmio, 1);
	down_run();
}

static void slots(void)
{
	long i, k;

	up(false);
	check_eq(guest_begin(vcpu), -EINVAL);	/* no memory at 0 */
	check_eq(slot(0, 0, 0, PAGES, HVA), 0);
	check_eq(slot(1, 0, PAGES, PAGES, HVA + GPA(PAGES)), 0);
	check_eq(slot(2, 0, 1UL << (60 - PAGE_SHIFT), 1, HVA), -EINVAL);
	check_eq(guest_begin(vcpu), 0);
	i = enter(1, GPA(PAGES));
	k = enter(2, 0);
	check(guest_do(vcpu, SEG_4K, 1, true) && guest_do(vcpu, SEG_4K, 2, true));
	guest_end(vcpu);

	/* moved: the guest has to look for it elsewhere */
	check_eq(slot(1, 0, 2 * PAGES, PAGES, HVA + GPA(PAGES)), 0);
	check(!valid(i) && valid(k));
	check_eq(guest_begin(vcpu), 0);
	check(!guest_do(vcpu, SEG_4K, 1, true));
	i = enter(3, GPA(2 * PAGES));
	check(valid(i));
	guest_end(vcpu);

	check_eq(slot(0, 0, 0, 0, 0), 0);
	check(valid(i) && !valid(k));
	fake_check_rings();
	check(!fake.kvm.arch.hv.lost_hpte);
	down();
}

static void dirty_log(void)
{
	struct kvm_dirty_log log = { .slot = 5, .dirty_bitmap = bits };
	union kvmppc_one_reg reg = { .vpaval.addr = GPA(9) };
	unsigned long v, r;
	long i;

	up_run(KVM_MEM_LOG_DIRTY_PAGES);
	check_eq(kvmhv_get_dirty_log(&fake.kvm, &log), -ENOENT);
	log.slot = KVM_USER_MEM_SLOTS;
	check_eq(kvmhv_get_dirty_log(&fake.kvm, &log), -EINVAL);
	log.slot = 0;
	log.dirty_bitmap = NULL;
	check_eq(kvmhv_get_dirty_log(&fake.kvm, &log), -EFAULT);

	enter(1, GPA(1));
	enter(2, GPA(2));
	i = enter(3, GPA(3));
	check(guest_do(vcpu, SEG_4K, 1, true));
	check(guest_do(vcpu, SEG_4K, 2, false));
	check(guest_do(vcpu, SEG_4K, 3, true));
	check_eq(dirty(0), 2);
	check(is_dirty(1) && is_dirty(3));
	check_eq(dirty(0), 0);

	/* again, and the TLB does not hide it */
	check(guest_do(vcpu, SEG_4K, 1, true));
	check_eq(dirty(0), 1);
	/* the HPTE goes, by the host and by the guest */
	check(guest_do(vcpu, SEG_4K, 1, true));
	check(guest_do(vcpu, SEG_4K, 3, true));
	mm_swap(HVA + GPA(1));
	check_eq(kvmhv_hpt_remove(&fake.kvm, 0, i, 0, &v, &r), H_SUCCESS);
	check(r & HPTE_R_C);
	check_eq(dirty(0), 2);
	check(is_dirty(1) && is_dirty(3));
	check_eq(dirty(0), 0);

	/* areas that KVM writes to: at each entry and exit */
	guest_end(vcpu);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(guest_begin(vcpu), 0);
	check_eq(dirty(0), 1);
	check(is_dirty(9));
	check_eq(dirty(0), 0);
	guest_end(vcpu);
	reg.vpaval.addr = 0;
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(dirty(0), 1);
	check_eq(dirty(0), 0);
	check_eq(slot(0, 0, 0, PAGES, HVA), 0);	/* without log */
	check_eq(guest_begin(vcpu), 0);
	down_run();
}

/* The memslot goes elsewhere with what KVM has written to it */
static void dirty_vpa_moves(void)
{
	union kvmppc_one_reg reg = { .vpaval.addr = GPA(PAGES + 4) };

	up(false);
	check_eq(slot(0, 0, 0, PAGES, HVA), 0);
	check_eq(slot(1, KVM_MEM_LOG_DIRTY_PAGES, PAGES, PAGES, HVA + GPA(PAGES)), 0);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(guest_begin(vcpu), 0);
	guest_end(vcpu);
	check_eq(slot(1, KVM_MEM_LOG_DIRTY_PAGES, 2 * PAGES, PAGES, HVA + GPA(PAGES)), 0);
	check_eq(dirty(1), 1);
	check(is_dirty(4));
	check_eq(dirty(1), 0);
	down();
}

static void ageing(void)
{
	long i;

	up_run(0);
	i = enter(1, GPA(1));
	check(guest_do(vcpu, SEG_4K, 1, false));
	check(kvm_stub_age(HVA, HVA + GPA(PAGES), false));
	check(valid(i));
#ifndef STUB_BIG_ENDIAN	/* the one byte that is stored is elsewhere here */
	check(kvm_stub_age(HVA, HVA + GPA(PAGES), true));
	check(!kvm_stub_age(HVA, HVA + GPA(PAGES), false));
	check(valid(i));
	check(guest_do(vcpu, SEG_4K, 1, false));
	check(kvm_stub_age(HVA + GPA(1), HVA + GPA(2), true));
	check(!kvm_stub_age(HVA + GPA(1), HVA + GPA(2), true));
#endif
	down_run();
}

static struct file *new_area(void)
{
	struct kvm_allocate_rma arg;
	int fd = kvmhv_allocate_rma(&arg);

	check_eq(arg.rma_size, GPA(PAGES));
	return fd_file(fd);
}

static void rma(void)
{
	struct file *file, *other;
	unsigned long pfn, was;
	long i;

	up(false);
	file = new_area();
	check(file);
	pfn = ((struct kvmhv_rma *)file->private_data)->pfn;
	check_eq(mm_mmap(HVA2, PAGES + 1, file), -EINVAL);
	check_eq(mm_mmap(HVA2, PAGES, file), 0);
	check(mm_touch(HVA2, true));
	check_eq(pfn_at(HVA2), pfn);

	check_eq(slot(0, 0, 1, PAGES, HVA2), -EINVAL);
	check_eq(slot(0, 0, 0, PAGES - 1, HVA2 + GPA(1)), -EINVAL);
	check_eq(slot(0, 0, 0, PAGES, HVA2), 0);
	check_eq(slot(0, 0, 1, PAGES, HVA2), -EINVAL);	/* moved */
	check_eq(guest_begin(vcpu), 0);
	i = enter(1, GPA(3));
	check(valid(i));	/* H_ENTER needs no page tables */
	check_eq(pfn_of(i), pfn + 3);
	check(guest_do(vcpu, SEG_4K, 1, true));
	guest_end(vcpu);

	/* user space has something else there; the guest has the area */
	mm_mmap(HVA2, PAGES, NULL);
	check(mm_touch(HVA2 + GPA(3), true));
	check(valid(i));
	check_eq(guest_begin(vcpu), 0);
	check(guest_do(vcpu, SEG_4K, 1, true));
	guest_end(vcpu);

	/* without the slot nothing, and its addresses are for the area only */
	check_eq(slot(0, 0, 0, 0, 0), 0);
	check(!valid(i));
	check_eq(slot(2, 0, 0, 1, HVA), -EBUSY);
	check_eq(slot(2, 0, 1, 2 * PAGES, HVA), -EBUSY);
	check_eq(slot(2, 0, PAGES - 1, 1, HVA), -EBUSY);
	check_eq(slot(2, 0, PAGES, PAGES, HVA), 0);
	check_eq(slot(2, 0, PAGES - 1, PAGES, HVA), -EBUSY);
	other = new_area();
	check(other);
	check_eq(mm_mmap(HVA2, PAGES, other), 0);
	check_eq(slot(0, 0, 0, PAGES, HVA2), -EBUSY);
	check_eq(mm_mmap(HVA2, PAGES, file), 0);
	check_eq(slot(0, 0, 0, PAGES / 2, HVA2), -EBUSY);
	check_eq(slot(0, 0, 0, PAGES, HVA2), 0);
	check_eq(guest_begin(vcpu), 0);
	was = pfn_of(i);
	check_eq(was, 0);
	check(guest_do(vcpu, SEG_4K, 1, true));
	check_eq(pfn_of(i), pfn + 3);
	guest_end(vcpu);
	check(mm_area_taken(pfn));
	down();
}

static void pinned(void)
{
	struct file *file;
	unsigned long pfn;
	long i;

	up(true);
	check_eq(slot(0, 0, 0, PAGES, HVA), -EINVAL);	/* needs an area */
	file = new_area();
	check_eq(mm_mmap(HVA2, PAGES, file), 0);
	check_eq(slot(0, 0, 0, PAGES, HVA2), 0);
	mm_stub.memlock = MM_AREA_PAGES + PAGES;	/* the area counts, too */
	check_eq(slot(1, 0, PAGES, PAGES + 1, HVA), -ENOMEM);
	mm_munmap(HVA + GPA(2), 1);
	check_eq(slot(1, 0, PAGES, PAGES, HVA), -EFAULT);
	check_eq(mm_mmap(HVA, PAGES, NULL), 0);
	check_eq(slot(1, 0, PAGES, PAGES, HVA), 0);
	check_eq(fake.kvm.arch.hv.pinned_pages, PAGES);

	check_eq(guest_begin(vcpu), 0);
	i = guest_h_enter(vcpu, SEG_4K, 1, GPA(PAGES + 2), true, false, false);
	check(i >= 0 && valid(i));
	pfn = pfn_of(i);
	check_eq(pfn, pfn_at(HVA + GPA(2)));
	check(guest_do(vcpu, SEG_4K, 1, true));
	mm_mmap(HVA, PAGES, NULL);
	check(valid(i) && !mm_page_free(pfn));
	check(guest_do(vcpu, SEG_4K, 1, true));
	guest_end(vcpu);

	check_eq(slot(1, 0, PAGES, 0, HVA), 0);
	check(!valid(i) && mm_page_free(pfn));
	check_eq(fake.kvm.arch.hv.pinned_pages, 0);
	down();
}

static struct kvm_hv_vpa *vpa(void)
{
	return &vcpu->arch.hv.vpa;
}

static void vpa_moves(void)
{
	union kvmppc_one_reg reg = { .vpaval.addr = GPA(5) };
	union kvmppc_one_reg dtl = { .vpaval = { .addr = GPA(6), .length = 96 } };
	struct lppaca *l;
	u32 yields;

	up(false);
	check_eq(slot(0, 0, 0, PAGES, HVA), 0);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_DTL, &dtl), -EINVAL);
	reg.vpaval.addr += 64;
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), -EINVAL);
	reg.vpaval.addr += 4096 - 128;
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), -EINVAL);
	reg.vpaval.addr = GPA(5);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_DTL, &dtl), 0);
	check_eq(guest_begin(vcpu), 0);
	l = vpa()->kaddr;
	check_eq(__pa(l) >> PAGE_SHIFT, pfn_at(HVA + GPA(5)));
	yields = be32_to_cpu(l->yield_count);
	check(!(yields & 1));
	l->dtl_enable_mask = DTL_LOG_CEDE;

	/* the page goes while the guest runs, and another one comes */
	mm_swap(HVA + GPA(5));
	check(!vpa()->kaddr && vcpu->arch.hv.dtl.kaddr);
	guest_end(vcpu);
	check_eq(guest_begin(vcpu), 0);
	check_eq(__pa(vpa()->kaddr) >> PAGE_SHIFT, pfn_at(HVA + GPA(5)));
	/* a log has an index that is the VPA's, entries at entry */
	l = vpa()->kaddr;
	l->dtl_enable_mask = DTL_LOG_CEDE;
	guest_end(vcpu);
	check_eq(guest_begin(vcpu), 0);
	check_eq(be64_to_cpu(l->dtl_idx), 1);
	guest_end(vcpu);
	check(be32_to_cpu(l->yield_count) & 1);

	/* the slot goes */
	check_eq(slot(0, 0, 0, 0, 0), 0);
	check(!vpa()->kaddr && vpa()->gpa && !vcpu->arch.hv.dtl.kaddr);
	down();
}

/* In memory that stays, areas are where the guest has them */
static void vpa_stays(void)
{
	union kvmppc_one_reg reg = { .vpaval.addr = GPA(5) };
	struct file *file;
	unsigned long pfn;

	up(false);
	file = new_area();
	pfn = ((struct kvmhv_rma *)file->private_data)->pfn;
	check_eq(mm_mmap(HVA2, PAGES, file), 0);
	check_eq(slot(0, 0, 0, PAGES, HVA2), 0);
	check_eq(mm_mmap(HVA2, PAGES, NULL), 0);
	check_eq(kvmhv_vpa_set(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(guest_begin(vcpu), 0);
	check(mm_touch(HVA2 + GPA(5), true));
	check_eq(__pa(vpa()->kaddr) >> PAGE_SHIFT, pfn + 5);
	mm_munmap(HVA2, PAGES);
	check_eq(__pa(vpa()->kaddr) >> PAGE_SHIFT, pfn + 5);
	guest_end(vcpu);
	check_eq(slot(0, 0, 0, 0, 0), 0);
	check(!vpa()->kaddr);
	down();
}

static void hpt(void)
{
	struct kvm_hv_vm *hv = &fake.kvm.arch.hv;
	u32 generation;
	long i;

	up(false);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, PPC_MIN_HPT_ORDER - 1), -EINVAL);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, PPC_MAX_HPT_ORDER + 1), -EINVAL);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 47), -EINVAL);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), 0);
	check_eq(hv->hpt.order, 18);
	check_eq(kvmhv_hpt_npte(&hv->hpt), BIT(14));
	check_eq(hv->sdr1, __pa(hv->hpt.hpte));
	check_eq(slot(0, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES, HVA), 0);
	check_eq(guest_begin(vcpu), 0);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), -EBUSY);
	i = enter(1, GPA(1));
	check(guest_do(vcpu, SEG_4K, 1, true));
	guest_end(vcpu);

	/* the same table, emptied; what was written is not forgotten */
	generation = hv->htab_generation;
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), 0);
	check_eq(V_OF(i), 0);
	check(hv->htab_generation != generation);
	check(cpumask_bits(&hv->need_tlb_flush)[0] & 1);
	check_eq(dirty(0), 1);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 19), 0);
	check_eq(hv->sdr1, __pa(hv->hpt.hpte) | 1);
	check_eq(guest_begin(vcpu), 0);
	guest_end(vcpu);
	down();
}

static int prepare(u32 order)
{
	struct kvm_ppc_resize_hpt arg = { .shift = order };

	return kvmhv_hpt_prepare(&fake.kvm, &arg);
}

static int commit(u32 order)
{
	struct kvm_ppc_resize_hpt arg = { .shift = order };

	return kvmhv_hpt_commit(&fake.kvm, &arg);
}

static void resize(void)
{
	struct kvm_hv_vm *hv = &fake.kvm.arch.hv;
	unsigned long page, n = 0, i;

	up(false);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), 0);
	check_eq(slot(0, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES, HVA), 0);
	check_eq(guest_begin(vcpu), 0);
	for (page = 0; page < 12; page++) {
		check(guest_h_enter(vcpu, SEG_4K, page * 37, GPA(page), true, page % 3 == 2,
				    page & 1) >= 0);
		check(guest_do(vcpu, SEG_4K, page * 37, true));
	}
	guest_end(vcpu);
	check_eq(commit(19), -ENXIO);
	check_eq(prepare(17), -EINVAL);
	check_eq(prepare(20), 0);
	check_eq(prepare(0), 0);
	check_eq(commit(20), -ENXIO);
	check_eq(prepare(19), 0);
	check_eq(commit(18), -ENXIO);
	check_eq(commit(19), 0);
	check_eq(hv->hpt.order, 19);
	check(hv->mmu_ready);
	check_eq(dirty(0), 12);
	check_eq(dirty(0), 0);
	/* the bolted ones, absent, where the hash says */
	for (i = 0; i < kvmhv_hpt_npte(&hv->hpt); i++) {
		if (!V_OF(i))
			continue;
		n++;
		check(V_OF(i) & HPTE_V_BOLTED);
		check(!valid(i));
	}
	check_eq(n, 6);
	check_eq(guest_begin(vcpu), 0);
	for (page = 0; page < 12; page++)
		check_eq(guest_do(vcpu, SEG_4K, page * 37, true), page & 1);
	guest_end(vcpu);
	check_eq(dirty(0), 6);
	down();
}

static void vrma(void)
{
	unsigned long index;

	up_run(0);
	check_eq(fake.kvm.arch.hv.vrma_page_shift, PAGE_SHIFT);
	check(guest_do(vcpu, SEG_REAL, 3, true));
	index = guest_group(SEG_REAL, 3, false);
	check(V_OF(index) & HPTE_V_BOLTED);
	check(valid(index));
	check_eq(pfn_of(index), pfn_at(HVA + GPA(3)));
	mm_swap(HVA + GPA(3));
	check(!valid(index));
	check(guest_do(vcpu, SEG_REAL, 3, false));
	/* beyond the memslot at 0 */
	check(!guest_do(vcpu, SEG_REAL, PAGES, false));
	down_run();
}

static struct file *htab(unsigned long flags, unsigned long start)
{
	struct kvm_get_htab_fd arg = { .flags = flags, .start_index = start };

	return fd_file(kvmhv_htab_fd(&fake.kvm, &arg));
}

/* Valid and empty HPTEs that a read() reports */
static ssize_t read_htab(struct file *f, char *buf, size_t size, long *n_valid, long *n_empty)
{
	struct kvm_get_htab_header *h;
	ssize_t n = f->f_op->read(f, buf, size, NULL), i;

	*n_valid = 0;
	*n_empty = 0;
	for (i = 0; i < n; i += sizeof(*h) + h->n_valid * 16) {
		h = (struct kvm_get_htab_header *)(buf + i);
		*n_valid += h->n_valid;
		*n_empty += h->n_invalid;
	}
	return n;
}

static void htab_file(void)
{
	struct kvm_get_htab_fd bad = { .flags = 4 };
	size_t size = 64 << 10;
	char *buf = malloc(size), *more = malloc(size);
	long n, m, i, k;
	struct file *f, *w;
	ssize_t len, rest;

	up(false);
	check_eq(kvmhv_htab_fd(&fake.kvm, &bad), -EINVAL);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), 0);
	check_eq(slot(0, 0, 0, PAGES, HVA), 0);
	check_eq(guest_begin(vcpu), 0);
	i = enter(1, GPA(1));
	k = enter(2, GPA(2));
	check(guest_do(vcpu, SEG_4K, 1, true));
	f = htab(0, 0);
	len = read_htab(f, buf, size, &n, &m);
	check(len > 0);
	check_eq(n, 2);
	check_eq(n + m, BIT(14));
	check_eq(read_htab(f, more, size, &n, &m), 0);
	/* changes only: R and C count, removed ones too */
	check(guest_do(vcpu, SEG_4K, 2, true));
	rest = read_htab(f, more, size, &n, &m);
	check(rest > 0);
	check_eq(n, 1);
	check_eq(kvmhv_rm_h_remove(vcpu, 0, i, 0), H_SUCCESS);
	check(read_htab(f, more, size, &n, &m) > 0);
	check_eq(n, 0);
	check_eq(m, 1);

	/* what was read first is written: the guest has both again */
	w = htab(KVM_GET_HTAB_WRITE, 0);
	check_eq(w->f_op->write(w, buf, len, NULL), len);
	check(guest_do(vcpu, SEG_4K, 1, true));
	check(guest_do(vcpu, SEG_4K, 2, true));
	check(valid(i) && valid(k));
	guest_end(vcpu);
	free(buf);
	free(more);
	down();
}

static void xlate(void)
{
	struct kvmppc_pte pte;

	up_run(0);
	vcpu->arch.hv.shregs.msr = 0;
	check_eq(kvmhv_xlate(vcpu, 0x1234, &pte, true, false), 0);
	check_eq(pte.raddr, 0x1234);
	vcpu->arch.hv.shregs.msr = MSR_DR | MSR_IR;
	check_eq(kvmhv_xlate(vcpu, 0x1234, &pte, true, false), -EINVAL);
	vcpu->arch.hv.slb_max = 1;
	vcpu->arch.hv.slb[0].esid = SLB_ESID_V;
	vcpu->arch.hv.slb[0].vsid = 0x51234UL << SLB_VSID_SHIFT;
	check_eq(kvmhv_xlate(vcpu, 0x1234, &pte, true, false), -ENOENT);
	guest_h_enter(vcpu, SEG_4K, 1, GPA(7), false, false, false);
	check_eq(kvmhv_xlate(vcpu, 0x1234, &pte, true, false), 0);
	check_eq(pte.raddr, GPA(7) + 0x234);
	check(pte.may_read && !pte.may_write && pte.may_execute);
	down_run();
}

static void no_memory(void)
{
	unsigned long seed;
	int ret = 0, failed = 0;

	up(false);
	for (seed = 0; seed < 200; seed++) {
		rnd_seed(seed);
		mm_stub.may_fail = true;
		ret = slot(0, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES, HVA);
		mm_stub.may_fail = false;
		check(!ret || ret == -ENOMEM);
		failed += !!ret;
		if (!ret)
			check_eq(slot(0, 0, 0, 0, 0), 0);
	}
	check(failed && failed < 200);
	down();
}

const struct unit_case module_cases[] = {
	{ "module: page faults, swap, copy on write", faults },
	{ "module: memslots made, moved, deleted", slots },
	{ "module: dirty log", dirty_log },
	{ "module: dirty log of a VPA whose memslot moves", dirty_vpa_moves },
	{ "module: ageing", ageing },
	{ "module: real mode areas", rma },
	{ "module: pinned memory", pinned },
	{ "module: VPA and its log follow the page", vpa_moves },
	{ "module: a VPA in memory that stays", vpa_stays },
	{ "module: HPT made, emptied, replaced", hpt },
	{ "module: HPT resized", resize },
	{ "module: VRMA", vrma },
	{ "module: HTAB file", htab_file },
	{ "module: translation for emulation", xlate },
	{ "module: memslots without memory", no_memory },
	{ NULL, NULL },
};
