// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that stays where it is: real mode areas, and the pinned slots of
 * a PPC970.  There KVM does not see storage interrupts, so H_ENTER leaves a
 * valid HPTE or refuses.  And its tlbie, of which there may be one at a time.
 */
#include <sched.h>
#include <time.h>
#include <asm/kvm_hv_tlbie_lock.h>
#include "unit.h"

#define RW		2UL		/* PP */
#define RMA_PA		BIT(45)
#define PIN_PA		BIT(44)
#define V_4K(n)		(((unsigned long)(n) << 12) | HPTE_V_VALID)

static struct kvm_vcpu *vcpu;
static struct kvm_memory_slot *slot;
static unsigned long *pinned;

static long enter(unsigned long index, unsigned long v, unsigned long r)
{
	return kvmhv_rm_h_enter(vcpu, H_EXACT, index, v, r);
}

/* Slot 0 is an RMA at its beginning, pinned if not; no host PTE is there */
static void up(bool rma, bool ppc970)
{
	unsigned long i;

	fake_setup(4);
	vcpu = fake_vcpu();
	slot = fake.slots.slot[0];
	for (i = 0; i < slot->npages; i++)
		fake_pte(i << PAGE_SHIFT)->pte = 0;
	if (ppc970) {
		fake.features = 0;
		fake.cpu_ops.has_vrma = false;
	}
	if (rma) {
		fake.kvm.arch.hv.rma_pa = RMA_PA;
		fake.kvm.arch.hv.rma_pages = slot->npages;
		slot->arch.memory = KVMHV_MEM_RMA;
		return;
	}
	slot->arch.memory = KVMHV_MEM_PINNED;
	slot->arch.pinned = calloc(slot->npages / KVMHV_RMAP_PER_CHUNK + 1,
				   sizeof(unsigned long *));
	pinned = calloc(slot->npages, sizeof(unsigned long));
	for (i = 0; i < slot->npages; i += KVMHV_RMAP_PER_CHUNK)
		slot->arch.pinned[i / KVMHV_RMAP_PER_CHUNK] = pinned + i;
	/* every page somewhere else, but the second 16 MiB in one piece */
	for (i = 0; i < slot->npages; i++)
		pinned[i] = ((PIN_PA >> PAGE_SHIFT) + 3 * i) << KVMHV_PIN_PFN_SHIFT;
	for (i = 0; i < 16 * MB >> PAGE_SHIFT; i++)
		pinned[(16 * MB >> PAGE_SHIFT) + i] =
			((2 * PIN_PA >> PAGE_SHIFT) + i) << KVMHV_PIN_PFN_SHIFT;
	pinned[16 * MB >> PAGE_SHIFT] |= KVMHV_PIN_LARGE;
}

static void down(void)
{
	free(slot->arch.pinned);
	slot->arch.pinned = NULL;
	slot->arch.memory = KVMHV_MEM_USER;
	free(pinned);
	pinned = NULL;
	free(vcpu);
	fake_teardown();
}

static void expect_pa(unsigned long index, unsigned long pa)
{
	check(V_OF(index) & HPTE_V_VALID);
	check_eq(R_OF(index) & HPTE_R_RPN & ~0xfffUL, pa);
	check(hpte_is_writable(R_OF(index)));
}

static void rma(void)
{
	const struct page_size *p = &page_sizes[NR_PAGE_SIZES - 1];

	up(true, false);
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_SUCCESS);
	expect_pa(0, RMA_PA + 0x5000);
	check_eq(enter(1, V_4K(2), (RAM_SIZE - 0x1000) | HPTE_R_M | RW), H_SUCCESS);
	expect_pa(1, RMA_PA + RAM_SIZE - 0x1000);
	check_eq(enter(2, V_4K(3), RAM_SIZE | HPTE_R_M | RW), H_SUCCESS);
	check(V_OF(2) & HPTE_V_ABSENT);
	/* as large as you like, whatever the host has */
	check_eq(p->actual, 24);
	check_eq(enter(3, p->v | HPTE_V_VALID, 16 * MB | p->lp | HPTE_R_M | RW), H_SUCCESS);
	check_eq(R_OF(3) & HPTE_R_RPN & ~(16 * MB - 1), RMA_PA + 16 * MB);
	/* invalidations elsewhere do not matter */
	fake.kvm.mmu_invalidate_in_progress = 1;
	check_eq(enter(4, V_4K(4), 0x6000 | HPTE_R_M | RW), H_SUCCESS);
	expect_pa(4, RMA_PA + 0x6000);
	fake.kvm.mmu_invalidate_in_progress = 0;
	/* read-only and back */
	check_eq(kvmhv_rm_h_protect(vcpu, 3, 0, 0), H_SUCCESS);
	check(!hpte_is_writable(R_OF(0)));
	check_eq(kvmhv_rm_h_protect(vcpu, 2, 0, 0), H_SUCCESS);
	expect_pa(0, RMA_PA + 0x5000);
	down();
}

static void pinned_slot(void)
{
	const struct page_size *p = &page_sizes[NR_PAGE_SIZES - 1];
	unsigned long page;

	up(false, true);
	for (page = 0; page < 3; page++) {
		check_eq(enter(page, V_4K(page), (page << PAGE_SHIFT) | HPTE_R_M | RW),
			 H_SUCCESS);
		expect_pa(page, PIN_PA + (3 * page << PAGE_SHIFT));
	}
	/* inside a host page */
	check_eq(enter(3, V_4K(3), (PAGE_SIZE + PAGE_SIZE - 0x1000) | HPTE_R_M | RW),
		 H_SUCCESS);
	expect_pa(3, PIN_PA + 3 * PAGE_SIZE + PAGE_SIZE - 0x1000);
	/* 16M where the host has them in one piece */
	check_eq(enter(4, p->v | HPTE_V_VALID, 16 * MB | p->lp | HPTE_R_M | RW), H_SUCCESS);
	check_eq(R_OF(4) & HPTE_R_RPN & ~(16 * MB - 1), 2 * PIN_PA);
	check_eq(enter(5, p->v | HPTE_V_VALID, 32 * MB | p->lp | HPTE_R_M | RW), H_PARAMETER);
	/* never absent: KVM would not see the fault */
	check_eq(enter(5, V_4K(5), IO_GPA | HPTE_R_M | RW), H_PARAMETER);
	check_eq(enter(5, V_4K(5), GONE_GPA | HPTE_R_M | RW), H_PARAMETER);
	check_eq(V_OF(5), 0);
	/* but for what is not known to be pinned, there is none */
	fake.kvm.mmu_invalidate_in_progress = 1;
	check_eq(enter(5, V_4K(5), 0 | HPTE_R_M | RW), H_SUCCESS);
	expect_pa(5, PIN_PA);
	fake.kvm.mmu_invalidate_in_progress = 0;
	down();
}

/* One function says what may be mapped, for all kinds of memslots and sizes */
static void memory_at(void)
{
	const struct page_size *p = &page_sizes[NR_PAGE_SIZES - 1];
	const struct kvm *kvm = &fake.kvm;
	const struct kvm_memory_slot *odd;
	unsigned long pa = 0;

	check_eq(p->actual, 24);
	up(true, false);
	odd = fake.slots.slot[1];
	check_eq(kvmhv_memory_at(kvm, NULL, IO_GPA, 1, &pa), KVMHV_MEM_NONE);
	check_eq(kvmhv_memory_at(kvm, odd, ODD_GPA, 1, &pa), KVMHV_MEM_USER);
	check_eq(kvmhv_memory_at(kvm, odd, ODD_GPA, 16 * MB, &pa), KVMHV_MEM_MISFIT);
	check_eq(kvmhv_memory_at(kvm, slot, 0x5008, 1, &pa), KVMHV_MEM_RMA);
	check_eq(pa, RMA_PA + 0x5008);
	check_eq(kvmhv_memory_at(kvm, slot, 48 * MB, 16 * MB, &pa), KVMHV_MEM_RMA);
	check_eq(pa, RMA_PA + 48 * MB);

	/* a page that the slot has in part, the slot on its way out */
	slot->npages--;
	check_eq(kvmhv_memory_at(kvm, slot, 48 * MB, 16 * MB, &pa), KVMHV_MEM_MISFIT);
	check_eq(enter(0, p->v | HPTE_V_VALID, 48 * MB | p->lp | HPTE_R_M | RW), H_PARAMETER);
	slot->npages++;
	slot->base_gfn++;
	check_eq(kvmhv_memory_at(kvm, slot, 0, 16 * MB, &pa), KVMHV_MEM_MISFIT);
	slot->base_gfn--;
	slot->flags = KVM_MEMSLOT_INVALID;
	check_eq(kvmhv_memory_at(kvm, slot, 0x5000, 1, &pa), KVMHV_MEM_AWAY);
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_SUCCESS);
	check(V_OF(0) & HPTE_V_ABSENT);
	slot->flags = 0;
	down();

	up(false, true);
	check_eq(kvmhv_memory_at(kvm, slot, 16 * MB, 16 * MB, &pa), KVMHV_MEM_PINNED);
	check_eq(pa, 2 * PIN_PA);
	check_eq(kvmhv_memory_at(kvm, slot, 0, 16 * MB, &pa), KVMHV_MEM_MISFIT);
	slot->flags = KVM_MEMSLOT_INVALID;
	check_eq(kvmhv_memory_at(kvm, slot, 0, 1, &pa), KVMHV_MEM_AWAY);
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_PARAMETER);
	check_eq(V_OF(0), 0);
	slot->flags = 0;
	down();
}

/* Cannot be: the memslot of a valid HPTE is gone.  It is noted, not passed over. */
static void lost_hpte(void)
{
	gfn_t base;

	up(true, false);
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_SUCCESS);
	base = slot->base_gfn;
	slot->base_gfn = IO_GPA >> PAGE_SHIFT;
	check_eq(fake.kvm.arch.hv.lost_hpte, 0);
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.kvm.arch.hv.lost_hpte, 1);
	slot->base_gfn = base;
	*fake_rmap(0x5000) = 0;
	down();
}

/*
 * ISA 2.01 has pages of 4K and of one other size, and one size of segments.  What
 * later processors find in these bits a PPC970 takes for 16M all the same.
 */
static void sizes_201(void)
{
	const struct page_size *p;
	unsigned long lp, v;
	unsigned int i;

	up(true, true);
	for (i = 0; i < NR_PAGE_SIZES; i++) {
		p = &page_sizes[i];
		v = p->v | HPTE_V_VALID;
		check_eq(enter(i, v, 16 * MB | p->lp | HPTE_R_M | RW),
			 p->base == p->actual && p->base != 16 ? H_SUCCESS : H_PARAMETER);
	}
	for (i = 0; i < NR_PAGE_SIZES; i++) {
		p = &page_sizes[i];
		v = p->v | HPTE_V_1TB_SEG | HPTE_V_VALID;
		check_eq(enter(8 + i, v, 16 * MB | p->lp | HPTE_R_M | RW), H_PARAMETER);
		check_eq(V_OF(8 + i), 0);
	}
	for (lp = 1; lp < 256; lp++)
		check_eq(enter(16, V_4K(1) | HPTE_V_LARGE, lp << 12 | HPTE_R_M | RW),
			 H_PARAMETER);
	/* the module comes here, too: the hash table as a stream */
	check_eq(kvmhv_hpt_insert(&fake.kvm, H_EXACT, 16, V_4K(1) | HPTE_V_LARGE,
				  0x1000 | HPTE_R_M | RW, &lp), H_PARAMETER);
	check_eq(V_OF(16), 0);
	down();
}

/* tlbie of several vcpus, tlbiel of one */
static void instructions(void)
{
	up(true, true);
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_SUCCESS);
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.nr_events, 3);
	check_eq(fake.event[0].what, EV_PTESYNC);
	check_eq(fake.event[1].what, EV_TLBIE_201);
	check_eq(fake.event[2].what, EV_TLBSYNC);
	check(!native_tlbie_lock.raw_lock.held);

	fake.kvm.arch.hv.online_vcpus = 1;
	fake.allow_tlbiel = true;
	check_eq(enter(0, V_4K(1), 0x5000 | HPTE_R_M | RW), H_SUCCESS);
	fake.nr_events = 0;
	check_eq(kvmhv_rm_h_remove(vcpu, 0, 0, 0), H_SUCCESS);
	check_eq(fake.nr_events, 3);
	check_eq(fake.event[1].what, EV_TLBIEL_201);
	down();
}

/*
 * Processors of a machine: the host flushes pages, guests remove theirs, and
 * partitions are switched.  Never two at a time.
 */
static bool stop;
static unsigned int inside;
static unsigned long switches, flushes, syncs;

static void alone(unsigned long *count)
{
	check_eq(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST), 1);
	if (rnd(8) == 0)
		sched_yield();
	__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
	check_eq(__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST), 0);
}

static void synced(void)
{
	alone(&syncs);
}

static void switched(void)
{
	alone(&switches);
}

static bool going(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void *switcher(void *arg)
{
	struct kvm_hv_vcore vcore = { .kvm = &fake.kvm };

	rnd_seed((unsigned long)arg);
	while (going()) {
		check_eq(kvmhv_ppc970_enter_partition(&vcore), HOST_HID4);
		kvmhv_ppc970_leave_partition(&vcore, HOST_HID4);
	}
	return NULL;
}

/* As arch/powerpc/mm/book3s64/hash_native.c has it */
static void *host(void *arg)
{
	rnd_seed((unsigned long)arg);
	while (going()) {
		while (!arch_spin_trylock(&native_tlbie_lock.raw_lock))
			sched_yield();
		alone(&flushes);
		arch_spin_unlock(&native_tlbie_lock.raw_lock);
	}
	return NULL;
}

static void *guest(void *arg)
{
	unsigned long index = (unsigned long)arg;
	struct kvm_vcpu *me = fake_vcpu();

	rnd_seed(index);
	while (going()) {
		check_eq(kvmhv_rm_h_enter(me, H_EXACT, index, V_4K(index),
					  index << 12 | HPTE_R_M | RW), H_SUCCESS);
		check_eq(kvmhv_rm_h_remove(me, 0, index, 0), H_SUCCESS);
	}
	free(me);
	return NULL;
}

static void exclusion(void)
{
	static void *(*const work[])(void *) = {
		switcher, switcher, host, guest, guest
	};
	pthread_t thread[5];
	struct timespec t = { .tv_sec = 1 };
	unsigned long i;

	up(true, true);
	mtspr(SPRN_HID0, HOST_HID0);
	fake.threaded = true;
	fake.on_tlbsync = synced;
	fake.on_switch = switched;
	stop = false;
	for (i = 0; i < 5; i++)
		pthread_create(&thread[i], NULL, work[i], (void *)i);
	nanosleep(&t, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 5; i++)
		pthread_join(thread[i], NULL);
	check(switches && flushes && syncs);
	fake.on_tlbsync = NULL;
	fake.on_switch = NULL;
	down();
}

const struct unit_case ppc970_cases[] = {
	{ "real mode area: pages of it", rma },
	{ "PPC970: pinned memory, nothing absent", pinned_slot },
	{ "memory: kinds of memslots, whole pages, slots on their way out", memory_at },
	{ "memory: a valid HPTE without memslot", lost_hpte },
	{ "PPC970: page and segment sizes of ISA 2.01", sizes_201 },
	{ "PPC970: tlbie with the host's lock, tlbiel without", instructions },
	{ "PPC970: tlbie, tlbsync and partition switches one at a time", exclusion },
	{ NULL, NULL },
};
