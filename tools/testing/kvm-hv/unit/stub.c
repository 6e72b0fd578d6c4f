// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fake machine: kernel helpers, host page tables, recorded TLB
 * instructions, bit locks that know who holds them.
 */
#include <asm/kvm_hv_tlbie_lock.h>
#include "unit.h"

struct fake fake;
void (*stub_on_write)(void);

const struct page_size page_sizes[NR_PAGE_SIZES] = {
	{ 12, 12, 0, 0 },
	{ 12, 16, HPTE_V_LARGE, 0x7000 },
	{ 12, 24, HPTE_V_LARGE, 0x38000 },
	{ 16, 16, HPTE_V_LARGE, 0x1000 },
	{ 16, 24, HPTE_V_LARGE, 0x8000 },
	{ 24, 24, HPTE_V_LARGE, 0 },
};

/* Locks: stub_task.c knows their owners */
long try_lock_hpte(__be64 *hpte, unsigned long bits)
{
	__be64 old;

	sched_point();
	old = __atomic_load_n(hpte, __ATOMIC_RELAXED);

	do {
		if (old & cpu_to_be64(bits)) {
			if (fake.on_busy)
				fake.on_busy(hpte);
			return 0;
		}
	} while (!__atomic_compare_exchange_n(hpte, &old,
					      old | cpu_to_be64(HPTE_V_HVLOCK),
					      true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	now_held(hpte, RANK_HPTE);
	return 1;
}

void unlock_hpte(__be64 *hpte, unsigned long v)
{
	not_held(hpte);
	if (!(*hpte & cpu_to_be64(HPTE_V_HVLOCK)))
		fail("HPTE was not locked");
	if ((v & HPTE_V_VALID) && (v & HPTE_V_ABSENT))
		fail("HPTE valid and absent");
	__atomic_store_n(hpte, cpu_to_be64(v & ~HPTE_V_HVLOCK),
			 __ATOMIC_RELEASE);
	sched_point();
}

/* Without the barrier: the HPTE must not have been changed */
void __unlock_hpte(__be64 *hpte, unsigned long v)
{
	if ((*hpte ^ cpu_to_be64(v)) & ~cpu_to_be64(HPTE_V_HVLOCK))
		fail("HPTE changed, and unlocked without a barrier");
	unlock_hpte(hpte, v);
}

void lock_rmap(unsigned long *rmap)
{
	const unsigned long bit = BIT(KVMPPC_RMAP_LOCK_BIT);

	may_wait_for(rmap, RANK_RMAP);
	while (__atomic_fetch_or(rmap, bit, __ATOMIC_ACQUIRE) & bit)
		wait_for(rmap);
	now_held(rmap, RANK_RMAP);
}

void unlock_rmap(unsigned long *rmap)
{
	const unsigned long bit = BIT(KVMPPC_RMAP_LOCK_BIT);

	not_held(rmap);
	if (!(__atomic_fetch_and(rmap, ~bit, __ATOMIC_RELEASE) & bit))
		fail("rmap was not locked");
	sched_point();
}

unsigned long kvmhv_lock_rmap(unsigned long *rmap)
{
	lock_rmap(rmap);
	return *rmap & ~BIT(KVMPPC_RMAP_LOCK_BIT);
}

void kvmhv_unlock_rmap(unsigned long *rmap, unsigned long word)
{
	if (word & BIT(KVMPPC_RMAP_LOCK_BIT))
		fail("rmap would stay locked");
	*rmap = word | BIT(KVMPPC_RMAP_LOCK_BIT);
	unlock_rmap(rmap);
}

/*
 * Only ever called to wait for an HPTE lock, or with HPTE locks held for the
 * tlbie lock, whose holder waits for nothing.
 */
static __thread bool wants_tlbie, has_tlbie;

void cpu_relax(void)
{
	if (held_rank(RANK_HPTE) && !wants_tlbie)
		fail("waits for an HPTE lock with another lock held");
	wait_for("cpu_relax");
}

/* HPTE helpers */
int kvmppc_hpte_page_shifts(unsigned long v, unsigned long r)
{
	/* LP values of POWER7 and POWER8, bits that count, shifts */
	static const struct {
		u8 lp, mask, base, actual;
	} table[] = {
		{ 0x00, 0xff, 24, 24 }, { 0x01, 0x0f, 16, 16 },
		{ 0x03, 0xff, 34, 34 }, { 0x07, 0x0f, 12, 16 },
		{ 0x08, 0xff, 16, 24 }, { 0x38, 0xff, 12, 24 },
	};
	unsigned int i;
	u8 lp = r >> 12;

	if (!(v & HPTE_V_LARGE))
		return 12;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if ((lp & table[i].mask) != table[i].lp)
			continue;
		if (table[i].base == table[i].actual)
			return table[i].base;
		return (table[i].actual << 8) + table[i].base;
	}
	return 0;
}

int kvmppc_hpte_base_page_shift(unsigned long v, unsigned long r)
{
	return kvmppc_hpte_page_shifts(v, r) & 0xff;
}

unsigned long kvmppc_actual_pgsz(unsigned long v, unsigned long r)
{
	int shifts = kvmppc_hpte_page_shifts(v, r);

	if (!shifts)
		fail("page size of an HPTE that has none");
	return 1UL << (shifts > 0xff ? shifts >> 8 : shifts);
}

/* Not the real thing: what the recorder needs to find the HPTE again */
unsigned long compute_tlbie_rb(unsigned long v, unsigned long r,
			       unsigned long index)
{
	return index | (unsigned long)kvmppc_hpte_page_shifts(v, r) << 32;
}

bool hpte_is_writable(unsigned long r)
{
	switch (r & HPTE_R_PPP) {
	case 0:
	case 1:
	case 2:
		return true;
	case 3:
	case HPTE_R_PP0 | 2:
		return false;
	}
	return true;	/* reserved values: whatever, but the same always */
}

unsigned long hpte_make_readonly(unsigned long r)
{
	if (r & HPTE_R_PP0)
		return (r & ~HPTE_R_PP) | 2;
	if (!(r & HPTE_R_PP))
		return r | HPTE_R_PP0 | 2;
	return r | 3;
}

bool hpte_cache_flags_ok(unsigned long r, bool ci)
{
	unsigned long wimg = r & HPTE_R_WIMG;

	if (ci)
		return (wimg & HPTE_R_I) && !(wimg & HPTE_R_W);
	return wimg == HPTE_R_M ||
	       (wimg == (HPTE_R_W | HPTE_R_I | HPTE_R_M) &&
		cpu_has_feature(CPU_FTR_ARCH_206));
}

/* ISA 2.07 Book III-S, figure "PP bit protection states" */
bool hpte_read_permission(unsigned long pp, unsigned long key)
{
	if (!key)
		return true;
	return pp == 1 || pp == 2 || pp == 3;
}

bool hpte_write_permission(unsigned long pp, unsigned long key)
{
	if (key)
		return pp == 2;
	return pp == 0 || pp == 1 || pp == 2;
}

int hpte_get_skey_perm(unsigned long r, unsigned long amr)
{
	unsigned int key = (r >> 60 & 3) << 3 | (r >> 9 & 7);

	return amr >> (62 - 2 * key) & 3;
}

bool cpu_has_feature(unsigned long feature)
{
	return fake.features & feature;
}

unsigned int raw_smp_processor_id(void)
{
	return fake.cpu;
}

/* Recorder */
static void record(int what, unsigned long rb, unsigned long lpid)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (fake.threaded || fake.nr_events == 64)
		return;
	fake.event[fake.nr_events++] = (struct event){ what, rb, lpid };
}

/* An HPTE must be hidden and locked when it is invalidated */
static void check_invalidation(unsigned long rb)
{
	unsigned long index = rb & 0xffffffff;
	unsigned long v;

	if (index >= kvmhv_hpt_npte(&fake.kvm.arch.hv.hpt))
		fail("tlbie for HPTE %lx", index);
	v = V_OF(index);
	/* only R may be reset without hiding it: ISA 2.07 Book III-S, 5.10.1.2 */
	if (fake.allow_valid && (v & HPTE_V_HVLOCK) && (v & HPTE_V_VALID))
		v ^= HPTE_V_VALID | HPTE_V_ABSENT;
	if ((v & (HPTE_V_VALID | HPTE_V_ABSENT | HPTE_V_HVLOCK)) !=
	    (HPTE_V_ABSENT | HPTE_V_HVLOCK))
		fail("tlbie for HPTE %lx with V %lx", index, v);
	check_eq(rb >> 32, kvmppc_hpte_page_shifts(v, R_OF(index)));
	if (fake.on_tlbie)
		fake.on_tlbie(index);
}

void kvmhv_ptesync(void)
{
	record(EV_PTESYNC, 0, 0);
}

void kvmhv_tlbie(unsigned long rb, unsigned long lpid)
{
	check_eq(lpid, fake.kvm.arch.lpid);
	check_invalidation(rb);
	record(EV_TLBIE, rb, lpid);
}

void kvmhv_tlbiel(unsigned long rb)
{
	if (!fake.allow_tlbiel)
		fail("tlbiel where tlbie is needed");
	check_invalidation(rb);
	record(EV_TLBIEL, rb, 0);
}

void kvmhv_tlbsync(void)
{
	check(has_tlbie || mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE));
	if (fake.on_tlbsync)
		fake.on_tlbsync();
	record(EV_TLBSYNC, 0, 0);
}

/* Of a processor that may have one of them at a time in the whole machine */
void kvmhv_tlbie_201(unsigned long rb)
{
	check(!mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE));
	check(has_tlbie);
	check_invalidation(rb);
	record(EV_TLBIE_201, rb, 0);
}

void kvmhv_tlbiel_201(unsigned long rb)
{
	check(!mmu_has_feature(MMU_FTR_LOCKLESS_TLBIE));
	if (!fake.allow_tlbiel)
		fail("tlbiel where tlbie is needed");
	check_invalidation(rb);
	record(EV_TLBIEL_201, rb, 0);
}

/* The assembly */
void kvmhv_ppc970_set_partition(unsigned long sdr1, unsigned long hid4,
				unsigned long hid0)
{
	check(has_tlbie);
	check_eq(hid0, hid4 == HOST_HID4 ? HOST_HID0 : GUEST_HID0);
	if (fake.on_switch)
		fake.on_switch();
}

unsigned long kvmhv_ppc970_read_control(void)
{
	return HOST_HID4;
}

const struct kvmhv_cpu_ops *kvmhv_cpu;
raw_spinlock_t native_tlbie_lock;

bool arch_spin_trylock(arch_spinlock_t *lock)
{
	wants_tlbie = __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
	has_tlbie = !wants_tlbie;
	return has_tlbie;
}

void arch_spin_unlock(arch_spinlock_t *lock)
{
	check(lock->held && has_tlbie);
	has_tlbie = false;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/* Host page tables */
pte_t *kvmhv_host_pte(pgd_t *pgdir, unsigned long ea, unsigned int *shift)
{
	unsigned long off = ea - HVA_BASE;

	check(pgdir == &fake.pgd);
	check(ea >= HVA_BASE && off >> PAGE_SHIFT < NR_HOST_PTES);
	*shift = PAGE_SHIFT;
	if (off >> 24 < NR_HUGE && fake.huge_mode[off >> 24]) {
		*shift = 24;
		return &fake.huge[off >> 24];
	}
	/* no page table at all is as good as an empty PTE */
	if (!fake.pte[off >> PAGE_SHIFT].pte)
		return NULL;
	return &fake.pte[off >> PAGE_SHIFT];
}

bool pte_xchg(pte_t *ptep, pte_t old, pte_t new)
{
	return __atomic_compare_exchange_n(&ptep->pte, &old.pte, new.pte, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

pte_t *fake_pte(unsigned long gpa)
{
	unsigned long off = gpa;

	if (gpa >= ODD_GPA && gpa < ODD_GPA + ODD_SIZE)
		off += ODD_SHIFT;
	if (off >> 24 < NR_HUGE && fake.huge_mode[off >> 24])
		return &fake.huge[off >> 24];
	return &fake.pte[off >> PAGE_SHIFT];
}

void *__va(unsigned long pa)
{
	if (fake.linear)
		return fake.linear(pa);
	if (!held_rank(RANK_RMAP))
		fail("%s() without the rmap lock", __func__);
	check_eq(pa & PAGE_MASK, fake.page_pa);
	return (char *)fake.page + (pa & ~PAGE_MASK);
}

/* KVM */
struct kvm_memory_slot *____gfn_to_memslot(struct kvm_memslots *slots,
					   gfn_t gfn, bool approx)
{
	unsigned int i;

	check(!approx);
	for (i = 0; i < slots->n; i++) {
		struct kvm_memory_slot *slot = slots->slot[i];

		if (gfn >= slot->base_gfn && gfn - slot->base_gfn < slot->npages)
			return slot;
	}
	return NULL;
}

bool kvm_slot_dirty_track_enabled(const struct kvm_memory_slot *slot)
{
	return slot->flags & KVM_MEM_LOG_DIRTY_PAGES;
}

unsigned long __gfn_to_hva_memslot(const struct kvm_memory_slot *slot,
				   gfn_t gfn)
{
	check(gfn >= slot->base_gfn && gfn - slot->base_gfn < slot->npages);
	return slot->userspace_addr + ((gfn - slot->base_gfn) << PAGE_SHIFT);
}

int mmu_invalidate_retry(struct kvm *kvm, unsigned long seq)
{
	if (!held_rank(RANK_RMAP))
		fail("%s() without the rmap lock", __func__);
	if (__atomic_load_n(&kvm->mmu_invalidate_in_progress, __ATOMIC_SEQ_CST))
		return 1;
	return __atomic_load_n(&kvm->mmu_invalidate_seq,
			       __ATOMIC_SEQ_CST) != seq;
}

unsigned long *fake_rmap(unsigned long gpa)
{
	u64 gfn = gpa >> PAGE_SHIFT;

	return kvmhv_rmap_slot(kvmhv_rm_gfn_to_slot(&fake.kvm, gfn), gfn);
}

unsigned long fake_unmap(unsigned long gpa, void (*change)(unsigned long gpa))
{
	const struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long *rmap = fake_rmap(gpa);
	unsigned long index, v, rc, all = 0;
	__be64 *hpte;

	__atomic_fetch_add(&fake.kvm.mmu_invalidate_in_progress, 1,
			   __ATOMIC_SEQ_CST);
	lock_rmap(rmap);
	while (*rmap & KVMPPC_RMAP_PRESENT) {
		index = *rmap & KVMPPC_RMAP_INDEX;
		hpte = kvmhv_hpte(hpt, index);
		if (!try_lock_hpte(hpte, HPTE_V_HVLOCK)) {
			unlock_rmap(rmap);
			wait_for(hpte);
			lock_rmap(rmap);
			continue;
		}
		v = kvmhv_hpte_load(hpte) & ~HPTE_V_HVLOCK;
		check((v & KVMHV_HPTE_V_USED) == HPTE_V_VALID);
		kvmhv_hide_hpte(hpte, v);
		kvmhv_tlbie_hpte(&fake.kvm, v, REV_OF(index).guest_r, index);
		rc = kvmhv_hpte_load(hpte + 1) & (HPTE_R_R | HPTE_R_C);
		REV_OF(index).guest_r |= rc | KVMHV_GR_MODIFIED;
		all |= rc;
		kvmhv_rmap_del_locked(&fake.kvm, rmap, index);
		hpte[1] = 0;
		unlock_hpte(hpte, (v & ~HPTE_V_VALID) | HPTE_V_ABSENT);
	}
	unlock_rmap(rmap);
	if (change)
		change(gpa);
	__atomic_fetch_add(&fake.kvm.mmu_invalidate_seq, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&fake.kvm.mmu_invalidate_in_progress, 1,
			   __ATOMIC_SEQ_CST);
	return all;
}

/* Each valid HPTE is on the ring of its page, and nothing else is */
void fake_check_rings(void)
{
	const struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long npte = kvmhv_hpt_npte(hpt), i, gfn, v, r, index, first;
	unsigned char *seen = calloc(npte, 1);
	unsigned int s, steps;

	for (s = 0; s < kvm_memslots(&fake.kvm)->n; s++) {
		struct kvm_memory_slot *slot = kvm_memslots(&fake.kvm)->slot[s];

		for (i = 0; i < slot->npages; i++) {
			unsigned long word = *kvmhv_rmap_slot(slot, slot->base_gfn + i);

			check(!(word & BIT(KVMPPC_RMAP_LOCK_BIT)));
			check(!(word & ~(KVMPPC_RMAP_PRESENT | KVMPPC_RMAP_INDEX |
					 KVMPPC_RMAP_REFERENCED | KVMHV_RMAP_CHANGED)));
			if (!(word & KVMPPC_RMAP_PRESENT)) {
				check(!(word & KVMPPC_RMAP_INDEX));
				continue;
			}
			index = word & KVMPPC_RMAP_INDEX;
			first = index;
			steps = 0;
			do {
				check(index < npte);
				check(steps++ <= npte);
				check(!seen[index]);
				seen[index] = 1;
				v = V_OF(index);
				check(v & HPTE_V_VALID);
				r = REV_OF(index).guest_r;
				r = kvmhv_hpte_gpa(r, kvmppc_actual_pgsz(v, r));
				gfn = r >> PAGE_SHIFT;
				check_eq(gfn, slot->base_gfn + i);
				check_eq(REV_OF(REV_OF(index).forw).back, index);
				index = REV_OF(index).forw;
			} while (index != first);
		}
	}
	for (i = 0; i < npte; i++) {
		v = V_OF(i);
		check(!(v & HPTE_V_HVLOCK));
		check((v & KVMHV_HPTE_V_USED) != KVMHV_HPTE_V_USED);
		check_eq(!!(v & HPTE_V_VALID), seen[i]);
	}
	free(seen);
}

static void add_slot(unsigned long gpa, unsigned long size, unsigned long hva,
		     u32 flags, unsigned long rights)
{
	struct kvm_memory_slot *slot = &fake.slot[fake.slots.n];
	unsigned long chunks, i;

	fake.slots.slot[fake.slots.n++] = slot;
	slot->base_gfn = gpa >> PAGE_SHIFT;
	slot->npages = size >> PAGE_SHIFT;
	slot->userspace_addr = hva;
	slot->flags = flags;
	chunks = (slot->npages + KVMHV_RMAP_PER_CHUNK - 1) / KVMHV_RMAP_PER_CHUNK;
	slot->arch.rmap = calloc(chunks, sizeof(unsigned long *));
	for (i = 0; i < chunks; i++)
		slot->arch.rmap[i] = calloc(KVMHV_RMAP_PER_CHUNK,
					    sizeof(unsigned long));
	for (i = 0; i < slot->npages; i++)
		*fake_pte(gpa + (i << PAGE_SHIFT)) = (pte_t){
			(PA_BASE + gpa + (i << PAGE_SHIFT)) | _PAGE_PRESENT |
			rights };
}

void fake_setup(unsigned long nr_pteg)
{
	const unsigned long rw = _PAGE_READ | _PAGE_WRITE;
	struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;

	memset(&fake, 0, sizeof(fake));
	fake.features = CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S |
			MMU_FTR_LOCKLESS_TLBIE;
	fake.cpu_ops.has_vrma = true;
	kvmhv_cpu = &fake.cpu_ops;
	fake.cpu = 5;
	fake.pte = calloc(NR_HOST_PTES, sizeof(pte_t));
	fake.mm.pgd = &fake.pgd;
	fake.kvm.mm = &fake.mm;
	fake.kvm.memslots[0] = &fake.slots;
	fake.kvm.arch.lpid = 23;
	fake.kvm.arch.hv.online_vcpus = 2;
	hpt->hpte = aligned_alloc(128, nr_pteg * 128);
	memset(hpt->hpte, 0, nr_pteg * 128);
	hpt->rev = calloc(nr_pteg * 8, sizeof(*hpt->rev));
	hpt->mask = nr_pteg * 8 - 1;
	add_slot(RAM_GPA, RAM_SIZE, HVA_BASE + RAM_GPA, 0, rw);
	add_slot(ODD_GPA, ODD_SIZE, HVA_BASE + ODD_GPA + ODD_SHIFT, 0, rw);
	add_slot(ROM_GPA, ROM_SIZE, HVA_BASE + ROM_GPA, 0, _PAGE_READ);
	add_slot(GONE_GPA, GONE_SIZE, HVA_BASE + GONE_GPA, KVM_MEMSLOT_INVALID, rw);
}

void fake_teardown(void)
{
	unsigned long i, chunks;
	unsigned int s;

	fake_check_rings();
	check(!locks_held());
	for (s = 0; s < kvm_memslots(&fake.kvm)->n; s++) {
		struct kvm_memory_slot *slot = kvm_memslots(&fake.kvm)->slot[s];

		chunks = (slot->npages + KVMHV_RMAP_PER_CHUNK - 1) /
			 KVMHV_RMAP_PER_CHUNK;
		for (i = 0; i < chunks; i++)
			free(slot->arch.rmap[i]);
		free(slot->arch.rmap);
	}
	free(fake.pte);
	free(fake.kvm.arch.hv.hpt.hpte);
	free(fake.kvm.arch.hv.hpt.rev);
}

struct kvm_vcpu *fake_vcpu(void)
{
	struct kvm_vcpu *vcpu = aligned_alloc(__alignof__(*vcpu), sizeof(*vcpu));

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->kvm = &fake.kvm;
	vcpu->arch.hv.shregs.msr = MSR_IR | MSR_DR;
	return vcpu;
}
