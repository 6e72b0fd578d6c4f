// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of a guest page, as the module walks it: dirty log, R bits, pages that are
 * taken away.  The hardware here stores C as late as the ISA allows, at the tlbie.
 */
#include <sched.h>
#include "unit.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_mm.h"

#define NR_PTEG		128
#define NR_HPTE		(NR_PTEG * 8)
#define PP		2UL		/* all may read and write */
#define PP_RO		3UL

static struct kvm_vcpu *vcpu;
static struct kvm_memory_slot *ram;
static unsigned long map[RAM_SIZE / PAGE_SIZE / 64 + 1];
static unsigned int nr_tlbie, nr_tlbsync, nr_resched;

static unsigned long gpa_of(unsigned long page)
{
	return page << PAGE_SHIFT;
}

static bool is_dirty(unsigned long page)
{
	return ((u8 *)map)[page / 8] >> page % 8 & 1;
}

static unsigned int nr_dirty(void)
{
	unsigned int n = 0, i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		n += __builtin_popcountl(map[i]);
	return n;
}

/* The second doubleword in the HPT, in one piece */
static void set_hw(unsigned long index, unsigned long bits)
{
	__atomic_fetch_or(kvmhv_hpte(&fake.kvm.arch.hv.hpt, index) + 1,
			  cpu_to_be64(bits), __ATOMIC_SEQ_CST);
}

static void count_tlbie(unsigned long index)
{
	nr_tlbie++;
}

/* A store by way of a TLB entry: of each writable HPTE, or of one */
static unsigned long late_index;

static void late_c(unsigned long index)
{
	nr_tlbie++;
	if (hpte_is_writable(R_OF(index)) && (late_index == ~0UL || late_index == index))
		set_hw(index, HPTE_R_R | HPTE_R_C);
}

static void count_tlbsync(void)
{
	nr_tlbsync++;
}

static void count_resched(void)
{
	nr_resched++;
}

static void setup(void)
{
	fake_setup(NR_PTEG);
	vcpu = fake_vcpu();
	ram = fake.slots.slot[0];
	ram->dirty_bitmap = fake.bitmap;
	ram->flags = KVM_MEM_LOG_DIRTY_PAGES;
	fake.on_tlbsync = count_tlbsync;
	fake.on_resched = count_resched;
}

static void teardown(void)
{
	fake.on_tlbie = NULL;
	fake_teardown();
	free(vcpu);
}

static void enter(unsigned long index, unsigned long page, unsigned long r)
{
	check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, index,
				  index << HPTE_V_AVPN_SHIFT | HPTE_V_VALID,
				  gpa_of(page) | HPTE_R_M | r), H_SUCCESS);
	check(V_OF(index) & HPTE_V_VALID);
}

/* One call of the dirty log; how many pages are dirty */
static unsigned int harvest(void (*on_tlbie)(unsigned long index))
{
	unsigned int i;

	memset(map, 0, sizeof(map));
	nr_tlbie = 0;
	nr_tlbsync = 0;
	nr_resched = 0;
	fake.on_tlbie = on_tlbie;
	check_eq(kvmhv_ring_harvest(&fake.kvm, ram, map), 0);
	fake.on_tlbie = NULL;
	check(!locks_held());
	fake_check_rings();
	for (i = 0; i < ram->npages / 64; i++)
		map[i] |= __atomic_exchange_n(&fake.bitmap[i], 0, __ATOMIC_SEQ_CST);
	return nr_dirty();
}

/* C that comes with the tlbie only */
static void late(void)
{
	setup();
	enter(0, 5, PP);
	late_index = ~0UL;
	check_eq(harvest(late_c), 1);
	check(is_dirty(5));
	/* the guest may go on writing */
	check(hpte_is_writable(R_OF(0)));
	check(!(R_OF(0) & HPTE_R_C));
	check(REV_OF(0).guest_r & HPTE_R_C);
	check_eq(harvest(late_c), 1);

	/* Not written to: read-only, and left alone from then on */
	check_eq(harvest(count_tlbie), 0);
	check_eq(nr_tlbie, 1);
	check(!hpte_is_writable(R_OF(0)));
	check_eq(REV_OF(0).guest_r & HPTE_R_PPP, PP);
	check_eq(harvest(late_c), 0);
	check_eq(nr_tlbie, 0);

	/* What the guest has read-only is no reason for a tlbie, but for a C bit */
	enter(1, 6, PP_RO);
	check_eq(harvest(late_c), 0);
	check_eq(nr_tlbie, 0);
	set_hw(1, HPTE_R_C);
	check_eq(harvest(late_c), 1);
	check(is_dirty(6));
	check_eq(nr_tlbie, 1);
	check(!(R_OF(1) & HPTE_R_C));
	check_eq(harvest(late_c), 0);

	/* H_PROTECT has it writable again, and so the log looks at it again */
	check_eq(kvmhv_rm_h_protect(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(kvmhv_rm_h_protect(vcpu, PP, 0, 0), H_SUCCESS);
	check(hpte_is_writable(R_OF(0)));
	check_eq(harvest(late_c), 1);
	teardown();
}

/* The same for H_CLEAR_MOD and H_CLEAR_REF */
static void late_clear(void)
{
	unsigned long *gpr;

	setup();
	gpr = vcpu->arch.regs.gpr;
	late_index = ~0UL;
	enter(0, 5, PP);
	fake.on_tlbie = late_c;
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 0), H_SUCCESS);
	check(gpr[4] & HPTE_R_C);
	check(!(R_OF(0) & HPTE_R_C));
	check(*fake_rmap(gpa_of(5)) & KVMHV_RMAP_CHANGED);
	enter(1, 6, PP);
	check_eq(kvmhv_rm_h_clear_ref(vcpu, 0, 1), H_SUCCESS);
	check(gpr[4] & HPTE_R_R);
	check(!(R_OF(1) & HPTE_R_R));

	/* No store can have come */
	nr_tlbie = 0;
	enter(2, 7, PP_RO);
	check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, 2), H_SUCCESS);
	check(!(gpr[4] & HPTE_R_C));
	check_eq(nr_tlbie, 0);
	check_eq(harvest(count_tlbie), 2);
	teardown();
}

/* Pages share synchronisations, and only HPTEs that may be dirty are invalidated */
static void batches(void)
{
	unsigned int i;

	setup();
	for (i = 0; i < 64; i++)
		enter(i, i, i % 2 ? PP_RO : PP);
	late_index = 20;
	check_eq(harvest(late_c), 1);
	check(is_dirty(20));
	check_eq(nr_tlbie, 32);
	check(nr_tlbsync <= 4);
	check_eq(harvest(count_tlbie), 0);
	check_eq(nr_tlbie, 1);
	check_eq(harvest(count_tlbie), 0);
	check_eq(nr_tlbie, 0);
	check_eq(nr_tlbsync, 0);
	teardown();
}

/* HPTEs larger than a page of the host */
static void large(void)
{
	setup();
	fake.huge_mode[1] = HUGE_TLB;
	fake.huge[1].pte = (PA_BASE + 16 * MB) | _PAGE_PRESENT | _PAGE_READ | _PAGE_WRITE;
	check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, 0, HPTE_V_LARGE | HPTE_V_VALID,
				  16 * MB | HPTE_R_M | PP), H_SUCCESS);
	late_index = ~0UL;
	check_eq(harvest(late_c), 16 * MB / PAGE_SIZE);
	check(is_dirty(16 * MB / PAGE_SIZE));
	check_eq(harvest(count_tlbie), 0);
	set_hw(0, HPTE_R_C);
	check(!kvmhv_ring_unmap(&fake.kvm, ram, 16 * MB / PAGE_SIZE));
	check_eq(harvest(count_tlbie), 16 * MB / PAGE_SIZE);
	teardown();
}

/* A ring as long as the table: the CPU is given away, and nothing gets lost */
static void long_ring(unsigned long r)
{
	unsigned int i;

	setup();
	for (i = 0; i < NR_HPTE; i++)
		enter(i, 3, r);
	/* the one that is looked at last */
	late_index = REV_OF(*fake_rmap(gpa_of(3)) & KVMPPC_RMAP_INDEX).back;
	check_eq(harvest(late_c), r == PP);
	check_eq(nr_tlbie, r == PP ? NR_HPTE : 0);
	check(nr_resched >= ram->npages / 32 + NR_HPTE / 130);
	check_eq(harvest(count_tlbie), 0);
	check_eq(nr_tlbie, r == PP);
	teardown();
}

static void long_writable(void)
{
	long_ring(PP);
}

static void long_readonly(void)
{
	long_ring(PP_RO);
}

/* Meanwhile the guest makes its ring another one, the first time the CPU is given away */
static int change_what;

static void change_ring(void)
{
	unsigned long head = *fake_rmap(gpa_of(3)) & KVMPPC_RMAP_INDEX;
	unsigned long old_v, old_r;
	unsigned long last = REV_OF(head).back;

	if (!(*fake_rmap(gpa_of(3)) & KVMHV_RMAP_WALK) || nr_resched++)
		return;
	switch (change_what) {
	case 0:		/* the first is gone */
		check_eq(kvmhv_hpt_remove(&fake.kvm, 0, head, 0, &old_v, &old_r), H_SUCCESS);
		break;
	case 1:		/* and comes back as the first */
		check_eq(kvmhv_hpt_remove(&fake.kvm, 0, head, 0, &old_v, &old_r), H_SUCCESS);
		enter(head, 3, PP);
		break;
	case 2:		/* the last one had been written to */
		set_hw(last, HPTE_R_C);
		check_eq(kvmhv_hpt_remove(&fake.kvm, 0, last, 0, &old_v, &old_r), H_SUCCESS);
		break;
	case 3:		/* the same, but it stays */
		set_hw(last, HPTE_R_C);
		check_eq(kvmhv_rm_h_clear_mod(vcpu, 0, last), H_SUCCESS);
		break;
	case 4:		/* all are gone */
		while (kvmhv_ring_unmap(&fake.kvm, ram, 3))
			;
		break;
	}
}

static void changes(void)
{
	unsigned int i;

	for (change_what = 0; change_what < 5; change_what++) {
		setup();
		for (i = 0; i < 100; i++)
			enter(i, 3, PP);
		enter(200, 4, PP);
		fake.on_resched = change_ring;
		late_index = ~0UL;
		if (change_what == 3)	/* only that one is written to */
			late_index = NR_HPTE;
		check_eq(harvest(late_c), change_what == 3 ? 1 : 2);
		check(is_dirty(3));
		/* Of those that were not looked at, the next call knows */
		fake.on_resched = NULL;
		late_index = NR_HPTE;
		harvest(late_c);
		check_eq(harvest(late_c), 0);
		teardown();
	}
}

/* A page that is taken away: batches, C to the bitmap */
static void unmap(void)
{
	unsigned int i, calls = 0;
	bool more;

	setup();
	for (i = 0; i < NR_HPTE; i++)
		enter(i, 3, PP);
	late_index = 3;
	nr_tlbie = 0;
	nr_tlbsync = 0;
	fake.on_tlbie = late_c;
	do {
		i = nr_tlbie;
		more = kvmhv_ring_unmap(&fake.kvm, ram, 3);
		check(nr_tlbie - i <= 16);
		check(!locks_held());
		calls++;
	} while (more);
	check_eq(nr_tlbie, NR_HPTE);
	check_eq(nr_tlbsync, calls);
	check_eq(harvest(count_tlbie), 1);
	check(is_dirty(3));
	check(REV_OF(3).guest_r & HPTE_R_C);
	for (i = 0; i < NR_HPTE; i++)
		check_eq(V_OF(i) & KVMHV_HPTE_V_USED, HPTE_V_ABSENT);
	teardown();
}

#ifndef STUB_BIG_ENDIAN	/* R is cleared by a store of its byte, which is elsewhere here */
/* R bits */
static void young(void)
{
	unsigned int i, budget = 100;

	setup();
	fake.allow_valid = true;
	for (i = 0; i < 40; i++)
		enter(i, 3, PP);
	set_hw(7, HPTE_R_R);
	set_hw(9, HPTE_R_R | HPTE_R_C);
	check(kvmhv_ring_young(&fake.kvm, ram, 3, false, &budget));
	budget = 100;
	fake.on_tlbie = count_tlbie;
	nr_tlbie = 0;
	nr_tlbsync = 0;
	check(kvmhv_ring_young(&fake.kvm, ram, 3, true, &budget));
	check_eq(budget, 100 - 1 - 40 - 2 * 8);
	check_eq(nr_tlbie, 2);
	check_eq(nr_tlbsync, 1);
	check_eq(R_OF(9) & (HPTE_R_R | HPTE_R_C), HPTE_R_C);
	check(REV_OF(7).guest_r & HPTE_R_R);
	check(!kvmhv_ring_young(&fake.kvm, ram, 3, true, &budget));
	budget = 100;
	check(!kvmhv_ring_young(&fake.kvm, ram, 4, true, &budget));
	check_eq(budget, 99);

	/* More than may be looked at */
	budget = 20;
	check(kvmhv_ring_young(&fake.kvm, ram, 3, true, &budget));
	check_eq(budget, 0);
	budget = 20;
	check(kvmhv_ring_young(&fake.kvm, ram, 3, false, &budget));
	check_eq(budget, 0);
	for (i = 0; i < 40; i++)
		set_hw(i, HPTE_R_R);
	nr_tlbie = 0;
	budget = 50;
	check(kvmhv_ring_young(&fake.kvm, ram, 3, true, &budget));
	check_eq(budget, 0);
	check_eq(nr_tlbie, 6);

	/* What hcalls have harvested */
	*fake_rmap(gpa_of(4)) |= KVMPPC_RMAP_REFERENCED;
	budget = 100;
	check(kvmhv_ring_young(&fake.kvm, ram, 4, false, &budget));
	check(kvmhv_ring_young(&fake.kvm, ram, 4, true, &budget));
	check(!kvmhv_ring_young(&fake.kvm, ram, 4, true, &budget));
	teardown();
}
#endif

/*
 * ---- threads: guests that enter, remove and protect HPTEs and store by way of TLB
 * entries; a notifier; a dirty log that must know of each store that came before it
 */
#define FEW_PTEG	4
#define FEW_HPTE	(FEW_PTEG * 8)
#define FEW_PAGES	3

static bool stop;
static pthread_mutex_t tlb_lock[FEW_HPTE];

/* What the TLB knows of an HPTE: nothing, to set C at a store, to have it set already */
static enum { NO_ENTRY, CLEAN, WRITTEN } tlb[FEW_HPTE];
static bool owes_c[FEW_HPTE];
static int tlb_page[FEW_HPTE];
static unsigned long stores[FEW_PAGES];

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void tlb_invalidate(unsigned long index)
{
	pthread_mutex_lock(&tlb_lock[index]);
	if (owes_c[index])
		set_hw(index, HPTE_R_R | HPTE_R_C);
	owes_c[index] = false;
	tlb[index] = NO_ENTRY;
	pthread_mutex_unlock(&tlb_lock[index]);
}

static unsigned long load_hpte(unsigned long index, int n)
{
	return be64_to_cpu(__atomic_load_n(kvmhv_hpte(&fake.kvm.arch.hv.hpt, index) + n,
					   __ATOMIC_SEQ_CST));
}

static void *store_thread(void *arg)
{
	unsigned long index, r;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		index = rnd(FEW_HPTE);
		pthread_mutex_lock(&tlb_lock[index]);
		if (tlb[index] == NO_ENTRY && (load_hpte(index, 0) & HPTE_V_VALID)) {
			r = load_hpte(index, 1);
			if (hpte_is_writable(r)) {
				tlb[index] = r & HPTE_R_C ? WRITTEN : CLEAN;
				tlb_page[index] = ((r & HPTE_R_RPN) - PA_BASE) >> PAGE_SHIFT;
				check(tlb_page[index] < FEW_PAGES);
			}
		}
		if (tlb[index] == CLEAN) {
			owes_c[index] = true;
			tlb[index] = WRITTEN;
		}
		if (tlb[index] == WRITTEN)
			__atomic_fetch_add(&stores[tlb_page[index]], 1, __ATOMIC_SEQ_CST);
		if (owes_c[index] && !rnd(3)) {
			set_hw(index, HPTE_R_R | HPTE_R_C);
			owes_c[index] = false;
		}
		pthread_mutex_unlock(&tlb_lock[index]);
	}
	return NULL;
}

static void *hcall_thread(void *arg)
{
	struct kvm_vcpu *guest = fake_vcpu();
	unsigned long index;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		index = rnd(FEW_HPTE);
		switch (rnd(6)) {
		case 0:
			kvmhv_rm_h_remove(guest, 0, index, 0);
			break;
		case 1:
			kvmhv_rm_h_clear_mod(guest, 0, index);
			break;
		case 2:
			kvmhv_rm_h_protect(guest, rnd(2) ? PP : PP_RO, index, 0);
			break;
		default:
			kvmhv_rm_h_enter(guest, H_EXACT, index,
					 index << HPTE_V_AVPN_SHIFT | HPTE_V_VALID,
					 gpa_of(rnd(8) ? 0 : rnd(FEW_PAGES)) | HPTE_R_M |
					 (rnd(4) ? PP : PP_RO));
		}
		check(!locks_held());
	}
	free(guest);
	return NULL;
}

static void *unmap_thread(void *arg)
{
	unsigned int budget, i;
	int page;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		page = rnd(FEW_PAGES);
		__atomic_fetch_add(&fake.kvm.mmu_invalidate_in_progress, 1,
				   __ATOMIC_SEQ_CST);
		while (kvmhv_ring_unmap(&fake.kvm, ram, page))
			check(!locks_held());
		__atomic_fetch_add(&fake.kvm.mmu_invalidate_seq, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_sub(&fake.kvm.mmu_invalidate_in_progress, 1,
				   __ATOMIC_SEQ_CST);
		for (i = rnd(60); i && !stopped(); i--) {
			budget = rnd(30);
			kvmhv_ring_young(&fake.kvm, ram, rnd(FEW_PAGES), true, &budget);
			check(!locks_held());
			sched_yield();
		}
	}
	return NULL;
}

static void *(*const bodies[])(void *) = {
	store_thread, store_thread, hcall_thread, hcall_thread, unmap_thread,
};

static void threads(void)
{
	unsigned long before[FEW_PAGES], seen[FEW_PAGES] = { 0 }, bits, n;
	unsigned long dirty = 0, clean = 0;
	pthread_t thread[ARRAY_SIZE(bodies)];
	unsigned int i, round;

	fake_setup(FEW_PTEG);
	ram = fake.slots.slot[0];
	ram->dirty_bitmap = fake.bitmap;
	ram->flags = KVM_MEM_LOG_DIRTY_PAGES;
	ram->npages = FEW_PAGES;
	fake.threaded = true;
	fake.allow_valid = true;
	fake.on_tlbie = tlb_invalidate;
	for (i = 0; i < FEW_HPTE; i++)
		pthread_mutex_init(&tlb_lock[i], NULL);
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		pthread_create(&thread[i], NULL, bodies[i], (void *)(i + 1UL));

	/* until enough of both has been seen, however rarely the other threads run */
	for (round = 0; round < 3000 || dirty <= 100 || clean <= 100; round++) {
		for (i = 0; i < FEW_PAGES; i++)
			before[i] = __atomic_load_n(&stores[i], __ATOMIC_SEQ_CST);
		bits = 0;
		check_eq(kvmhv_ring_harvest(&fake.kvm, ram, &bits), 0);
		check(!locks_held());
		bits |= __atomic_exchange_n(&fake.bitmap[0], 0, __ATOMIC_SEQ_CST);
		for (i = 0; i < FEW_PAGES; i++) {
			n = __atomic_load_n(&stores[i], __ATOMIC_SEQ_CST);
			if (bits >> i & 1) {
				/* perhaps with some of those that came during the call */
				seen[i] = n;
				dirty++;
				continue;
			}
			if (before[i] != seen[i])
				fail("page %u: %lu stores are not in the log", i,
				     before[i] - seen[i]);
			clean++;
		}
		if (rnd(3))
			sched_yield();
	}
	stop = true;
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		pthread_join(thread[i], NULL);
	fake_teardown();
}

const struct unit_case dirty_cases[] = {
	{ "dirty log: C with the tlbie", late },
	{ "dirty log: H_CLEAR_MOD and C with the tlbie", late_clear },
	{ "dirty log: batches", batches },
	{ "dirty log: large pages", large },
	{ "dirty log: long ring, writable", long_writable },
	{ "dirty log: long ring, read-only", long_readonly },
	{ "dirty log: a ring that changes", changes },
	{ "ring: page taken away", unmap },
#ifndef STUB_BIG_ENDIAN
	{ "ring: R bits", young },
#endif
	{ "dirty log: threads", threads },
	{ NULL }
};
