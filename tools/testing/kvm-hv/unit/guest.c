// SPDX-License-Identifier: GPL-2.0-only
/*
 * See guest.h.  Nothing here calls the code under test to find a translation:
 * this is the hardware that the code is for.
 */
#include "unit.h"
#include "stub_mm.h"
#include "guest.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"

#define VSID_4K		0x51234UL
#define VSID_64K	0x61235UL
#define VSID_16M	0x71236UL
#define NR_TLB		8
#define TRIES		100

struct tlb {
	bool used;
	bool writable;
	bool c;			/* stores set C no more */
	bool late;		/* the HPTE has not got it yet */
	int seg;
	unsigned long page;
	unsigned long index;
	unsigned long pa;
	unsigned long gpa;
};

struct guest guest;
static struct tlb tlb[STUB_VCPUS][NR_TLB];
static bool in_guest[STUB_VCPUS];
static u64 stamp;

static const struct { unsigned long slb_v; unsigned int shift; } segs[] = {
	[SEG_4K] = { VSID_4K << SLB_VSID_SHIFT, 12 },
	[SEG_64K] = { VSID_64K << SLB_VSID_SHIFT | SLB_VSID_L | SLB_VSID_LP_01, 16 },
	[SEG_16M] = { VSID_16M << SLB_VSID_SHIFT | SLB_VSID_L, 24 },
};

static unsigned int shift_of(int seg)
{
	return seg == SEG_REAL ? fake.kvm.arch.hv.vrma_page_shift : segs[seg].shift;
}

static unsigned long slb_v_of(int seg)
{
	return seg == SEG_REAL ? fake.kvm.arch.hv.vrma_slb_v : segs[seg].slb_v;
}

unsigned long guest_v(int seg, unsigned long page, bool secondary)
{
	unsigned int shift = shift_of(seg);
	unsigned long slb_v = slb_v_of(seg), v = slb_v & SLB_VSID_B;
	unsigned int up = v ? SLB_VSID_SHIFT_1T : SLB_VSID_SHIFT;

	v |= ((slb_v & ~SLB_VSID_B) >> up) << up;
	v |= ((page << shift) >> 23) << HPTE_V_AVPN_SHIFT;
	return v | HPTE_V_VALID | (shift > 12 ? HPTE_V_LARGE : 0) |
	       (secondary ? HPTE_V_SECONDARY : 0);
}

unsigned long guest_group(int seg, unsigned long page, bool secondary)
{
	unsigned long slb_v = slb_v_of(seg), vsid, hash;

	if (slb_v & SLB_VSID_B_1T) {
		vsid = (slb_v & ~SLB_VSID_B) >> SLB_VSID_SHIFT_1T;
		hash = vsid ^ vsid << 25 ^ page;
	} else {
		hash = slb_v >> SLB_VSID_SHIFT ^ page;
	}
	return (secondary ? ~hash : hash) * 8 & fake.kvm.arch.hv.hpt.mask;
}

unsigned long guest_r(int seg, unsigned long gpa, bool writable)
{
	return gpa | (shift_of(seg) == 16 ? 0x1000 : 0) | HPTE_R_M | (writable ? 2 : 3);
}

long guest_h_enter(struct kvm_vcpu *vcpu, int seg, unsigned long page, unsigned long gpa,
		   bool writable, bool secondary, bool bolted)
{
	long ret = kvmhv_rm_h_enter(vcpu, 0, guest_group(seg, page, secondary),
				    guest_v(seg, page, secondary) | (bolted ? HPTE_V_BOLTED : 0),
				    guest_r(seg, gpa, writable));

	return ret == H_SUCCESS ? (long)vcpu->arch.regs.gpr[4] : ret;
}

static __be64 *hpte_of(unsigned long index)
{
	return kvmhv_hpte(&fake.kvm.arch.hv.hpt, index);
}

/* Index of the valid HPTE for a page, or -1 */
static long walk(int seg, unsigned long page)
{
	unsigned long want, index, i, v, mask = ~(HPTE_V_HVLOCK | HPTE_V_BOLTED | HPTE_V_LARGE |
						   0x8UL);
	int sec;

	for (sec = 0; sec < 2; sec++) {
		want = guest_v(seg, page, sec);
		index = guest_group(seg, page, sec);
		for (i = index; i < index + 8; i++) {
			v = V_OF(i);
			if (!((v ^ want) & mask) &&
			    kvmppc_hpte_base_page_shift(v, R_OF(i)) == shift_of(seg))
				return i;
		}
	}
	return -1;
}

static void set_bits(unsigned long index, unsigned long bits)
{
	__atomic_fetch_or(hpte_of(index) + 1, cpu_to_be64(bits), __ATOMIC_SEQ_CST);
}

/* An entry goes: what it has kept to itself is stored now */
static void tlb_drop(struct tlb *t)
{
	if (t->used && t->late)
		set_bits(t->index, HPTE_R_C);
	t->used = false;
}

static void on_tlbie(unsigned long index)
{
	unsigned int i, k;

	for (i = 0; i < STUB_VCPUS; i++)
		for (k = 0; k < NR_TLB; k++)
			if (tlb[i][k].index == index)
				tlb_drop(&tlb[i][k]);
}

static void flush(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < NR_TLB; k++)
		tlb_drop(&tlb[i][k]);
}

static void flush_all(void)
{
	unsigned int i;

	for (i = 0; i < STUB_VCPUS; i++)
		flush(i);
}

void guest_each_tlb(void (*fn)(unsigned long gpa, unsigned long pa, bool writable))
{
	const struct tlb *t;
	unsigned long off;
	unsigned int i;

	for (i = 0; i < STUB_VCPUS; i++)
		for (t = tlb[i]; in_guest[i] && t < tlb[i] + NR_TLB; t++)
			for (off = 0; t->used && off < BIT(shift_of(t->seg)); off += PAGE_SIZE)
				fn(t->gpa + off, t->pa + off, t->writable);
}

void guest_setup(void)
{
	memset(&guest, 0, sizeof(guest));
	memset(tlb, 0, sizeof(tlb));
	memset(in_guest, 0, sizeof(in_guest));
	fake.on_tlbie = on_tlbie;
	kvm_stub.on_tlb_flush = flush_all;
}

/* As book3s_hv_vcore.c does */
static void tell_guest(struct kvm_vcpu *vcpu, void (*how)(struct kvm_vcpu *vcpu))
{
	if (guest.before_vpa)
		guest.before_vpa(vcpu);
	if (READ_ONCE(vcpu->arch.hv.vpa.gpa))
		how(vcpu);
	if (guest.after_vpa)
		guest.after_vpa(vcpu);
}

static void enter(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vm *hv = &vcpu->kvm->arch.hv;

	if (kvmhv_vpa_missing(vcpu))
		kvmhv_vpa_find(vcpu);
	/* one CPU for each vcpu */
	if (cpumask_bits(&hv->need_tlb_flush)[0] & BIT(vcpu->vcpu_id)) {
		cpumask_bits(&hv->need_tlb_flush)[0] &= ~BIT(vcpu->vcpu_id);
		flush(vcpu->vcpu_id);
	}
	tell_guest(vcpu, kvmhv_vpa_enter);
	in_guest[vcpu->vcpu_id] = true;
}

static void leave(struct kvm_vcpu *vcpu)
{
	struct tlb *t = tlb[vcpu->vcpu_id];
	unsigned int k;

	for (k = 0; k < NR_TLB; k++) {
		if (t[k].used && t[k].late)
			set_bits(t[k].index, HPTE_R_C);
		t[k].late = false;
	}
	if (!kvmhv_cpu->has_vrma)
		flush(vcpu->vcpu_id);
	in_guest[vcpu->vcpu_id] = false;
	tell_guest(vcpu, kvmhv_vpa_exit);
}

static void note_store_fault(const struct kvm_vcpu *vcpu, bool store)
{
	unsigned long r = vcpu->arch.hv.fault_r;

	unsigned long psize;

	if (!store || !guest.on_c || vcpu->arch.hv.fault_index < 0)
		return;
	psize = kvmppc_actual_pgsz(vcpu->arch.hv.fault_v, r);
	guest.on_c(kvmhv_hpte_gpa(r, psize), psize);
}

static bool hypervisor(struct kvm_vcpu *vcpu, int seg, unsigned long page, bool store, bool prot)
{
	u32 dsisr = (prot ? DSISR_PROTFAULT : DSISR_NOHPTE) | (store ? DSISR_ISSTORE : 0);
	unsigned long ea = page << shift_of(seg);
	unsigned int before = kvm_stub.injected + kvm_stub.mmio;
	enum kvmhv_fault verdict;
	bool again = true;
	int ret;

	if (!kvmhv_cpu->has_vrma)
		return false;
	vcpu->arch.hv.shregs.msr = seg == SEG_REAL ? 0 : MSR_IR | MSR_DR;
	verdict = kvmhv_rm_fault(vcpu, ea, slb_v_of(seg), dsisr, true);
	vcpu->arch.hv.fault_verdict = verdict;
	if (verdict == KVMHV_FAULT_RETRY)
		return true;
	if (verdict == KVMHV_FAULT_REFLECT)
		return false;
	note_store_fault(vcpu, store);
	leave(vcpu);
	if (verdict == KVMHV_FAULT_VRMA)
		ret = kvmhv_vrma_fault(vcpu, ea);
	else
		ret = kvmhv_page_fault(vcpu, verdict, true);
	if (ret != RESUME_GUEST || kvm_stub.injected + kvm_stub.mmio != before)
		again = false;
	note_store_fault(vcpu, store);
	enter(vcpu);
	return again;
}

int guest_access(struct kvm_vcpu *vcpu, int seg, unsigned long page, bool store)
{
	struct tlb *t = &tlb[vcpu->vcpu_id][page % NR_TLB];
	unsigned int shift = shift_of(seg);
	/* of a large page, mostly in what others have to do with, too */
	unsigned long r, off = rnd(1U << (min(shift, rnd(4) ? 18U : shift) - 3)) << 3, guest_r;
	bool hit;
	long index;
	u64 *mem;
	int i;

	check(in_guest[vcpu->vcpu_id]);
	sched_point();
	hit = t->used && t->seg == seg && t->page == page;
	if (!hit) {
		index = walk(seg, page);
		if (index < 0)
			return hypervisor(vcpu, seg, page, store, false) ? ACCESS_AGAIN :
									   ACCESS_FAULT;
		tlb_drop(t);
		r = R_OF(index);
		guest_r = REV_OF(index).guest_r;
		*t = (struct tlb){
			.used = true, .seg = seg, .page = page, .index = index,
			.writable = hpte_is_writable(r),
			.c = r & HPTE_R_C,
			.pa = r & HPTE_R_RPN & ~(BIT(shift) - 1),
			.gpa = kvmhv_hpte_gpa(guest_r, BIT(shift)),
		};
		set_bits(index, HPTE_R_R);
	}
	if (store && !t->writable) {
		/* an entry that allows too little is looked up again */
		tlb_drop(t);
		index = walk(seg, page);
		if (index >= 0 && hpte_is_writable(R_OF(index)))
			return ACCESS_AGAIN;
		return hypervisor(vcpu, seg, page, true, true) ? ACCESS_AGAIN : ACCESS_FAULT;
	}
	if (guest.on_access)
		guest.on_access(t->gpa + off, t->pa + off, store);
	mem = __va(t->pa + off);
	if (!store) {
		stamp += *mem;
		return ACCESS_OK;
	}
	*mem = ++stamp;
	mm_page_written((t->pa + off) >> PAGE_SHIFT);
	if (!t->c) {
		if (guest.late_c)
			t->late = true;
		else
			set_bits(t->index, HPTE_R_C);
		t->c = true;
	}
	if (guest.on_c)
		guest.on_c(t->gpa, BIT(shift));
	if (guest.on_store)
		guest.on_store(t->gpa + off);
	/* have another task look for it while it is late, at times all of a dirty log */
	if (guest.late_c)
		for (i = rnd(4) ? 4 : 100; i; i--)
			sched_point();
	return ACCESS_OK;
}

bool guest_do(struct kvm_vcpu *vcpu, int seg, unsigned long page, bool store)
{
	int ret = ACCESS_AGAIN, i;

	for (i = 0; ret == ACCESS_AGAIN && i < TRIES; i++)
		ret = guest_access(vcpu, seg, page, store);
	return ret == ACCESS_OK;
}

int guest_begin(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vm *hv = &vcpu->kvm->arch.hv;
	int ret;

	for (;;) {
		atomic_inc(&hv->vcpus_running);
		smp_mb(); /* pairs with the one in kvmhv_hpt_quiesce() */
		if (READ_ONCE(hv->mmu_ready))
			break;
		atomic_dec(&hv->vcpus_running);
		ret = kvmhv_mmu_setup(vcpu->kvm);
		if (ret)
			return ret;
	}
	srcu_read_lock(&vcpu->kvm->srcu);
	enter(vcpu);
	return 0;
}

void guest_end(struct kvm_vcpu *vcpu)
{
	leave(vcpu);
	srcu_read_unlock(&vcpu->kvm->srcu, 0);
	atomic_dec(&vcpu->kvm->arch.hv.vcpus_running);
	kvm_stub.requests = 0;
}

/* Is the vcpu asked to leave its guest? */
bool guest_wanted(struct kvm_vcpu *vcpu)
{
	return kvm_stub.requests & KVMHV_REQ_SET_UP;
}
