// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real threads on one small hash table: vcpus in hcalls, the processors' table
 * walkers, the host taking pages away.  What must hold:
 *
 * - no processor uses a page after the host has taken it away;
 * - no write to a page gets lost: it is in an HPTE, in the rmap or was seen;
 * - afterwards all rings are whole and no lock is held.
 */
#include <sched.h>
#include <time.h>
#include "unit.h"

#define NR_PTEG		2
#define NR_HPTE		(NR_PTEG * 8)
#define NR_VCPUS	3
#define NR_WALKERS	2
#define NR_PAGES	4
#define RC		(HPTE_R_R | HPTE_R_C)

static bool stop;
static unsigned long inserted, invalidated, accesses;

/* Two host pages for each guest page, used in turn */
static int page_used[NR_PAGES][2];
static int page_now[NR_PAGES];
/* Written to since the harvest, and harvested by the notifier */
static bool wrote[NR_PAGES];
static bool seen[NR_PAGES];

/*
 * A walker between loading an HPTE and using it.  The invalidation of an HPTE
 * waits for those that are at it, as tlbsync does.
 */
static pthread_mutex_t walker[NR_HPTE];

static void wait_for_walkers(unsigned long index)
{
	pthread_mutex_lock(&walker[index]);
	pthread_mutex_unlock(&walker[index]);
}

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static unsigned long pa_of(int page, int which)
{
	return PA_BASE + ((unsigned long)(page * 2 + which) << 24);
}

static unsigned long gpa_of(int page)
{
	return (unsigned long)page << PAGE_SHIFT;
}

static void *walker_thread(void *arg)
{
	const struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long index, v, r, pa, rc;
	__be64 *hpte;
	int page, which;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		index = rnd(NR_HPTE);
		hpte = kvmhv_hpte(hpt, index);
		pthread_mutex_lock(&walker[index]);
		v = be64_to_cpu(__atomic_load_n(&hpte[0], __ATOMIC_SEQ_CST));
		if (v & HPTE_V_VALID) {
			check(!(v & HPTE_V_ABSENT));
			r = be64_to_cpu(__atomic_load_n(&hpte[1],
							__ATOMIC_SEQ_CST));
			pa = (r & HPTE_R_RPN) - PA_BASE;
			page = pa >> 25;
			which = pa >> 24 & 1;
			check(page < NR_PAGES);
			rc = HPTE_R_R;
			if (rnd(2) && hpte_is_writable(r))
				rc |= HPTE_R_C;
			if (rnd(4) == 0)
				sched_yield();
			__atomic_fetch_or(&hpte[1], cpu_to_be64(rc),
					  __ATOMIC_SEQ_CST);
			if (!__atomic_load_n(&page_used[page][which],
					     __ATOMIC_SEQ_CST))
				fail("page %d used after it was taken away", page);
			if (rc & HPTE_R_C)
				__atomic_store_n(&wrote[page], true,
						 __ATOMIC_SEQ_CST);
			__atomic_fetch_add(&accesses, 1, __ATOMIC_RELAXED);
		}
		pthread_mutex_unlock(&walker[index]);
	}
	return NULL;
}

static void new_page(unsigned long gpa)
{
	int page = gpa >> PAGE_SHIFT, which = page_now[page];
	pte_t *ptep = fake_pte(gpa);

	/* gone */
	__atomic_store_n(&ptep->pte, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&page_used[page][which], 0, __ATOMIC_SEQ_CST);
	if (rnd(2))
		sched_yield();
	/* back elsewhere, perhaps read-only */
	which ^= 1;
	page_now[page] = which;
	__atomic_store_n(&page_used[page][which], 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ptep->pte, pa_of(page, which) | _PAGE_PRESENT |
			 _PAGE_READ | (rnd(4) ? _PAGE_WRITE : 0),
			 __ATOMIC_SEQ_CST);
}

static void *notifier_thread(void *arg)
{
	unsigned int i;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		int page = rnd(NR_PAGES);

		if (fake_unmap(gpa_of(page), new_page) & HPTE_R_C)
			seen[page] = true;
		check(!locks_held());
		__atomic_fetch_add(&invalidated, 1, __ATOMIC_RELAXED);
		/* leave the guest some time without invalidation */
		for (i = rnd(20); i && !stopped(); i--)
			sched_yield();
	}
	return NULL;
}

static unsigned long page_of_v(unsigned long v)
{
	return gpa_of((v >> 12) % NR_PAGES);
}

/* What H_READ says is an HPTE that has been there, its parts together */
static void check_read(unsigned long v, unsigned long r)
{
	check(!(v & (HPTE_V_ABSENT | HPTE_V_HVLOCK)));
	if (v & HPTE_V_VALID)
		check_eq(r & HPTE_R_RPN, page_of_v(v));
	else
		check_eq(r, 0);
}

static void *vcpu_thread(void *arg)
{
	struct kvm_vcpu *vcpu = fake_vcpu();
	unsigned long *gpr = vcpu->arch.regs.gpr;
	unsigned long index, v, r;
	int i;

	rnd_seed((unsigned long)arg);
	while (!stopped()) {
		index = rnd(NR_HPTE);
		switch (rnd(12)) {
		case 0 ... 4:
			v = (unsigned long)rnd(1000) << 12;
			/* For H_READ below: one doubleword tells the page of the other */
			r = page_of_v(v) | HPTE_R_M | (rnd(4) ? 2 : 3);
			if (kvmhv_rm_h_enter(vcpu, rnd(2) ? H_EXACT : 0, index,
					     v, r) == H_SUCCESS)
				__atomic_fetch_add(&inserted, 1,
						   __ATOMIC_RELAXED);
			break;
		case 5:
		case 6:
			kvmhv_rm_h_remove(vcpu, 0, index, 0);
			break;
		case 7:
			for (i = 0; i < 4; i++) {
				gpr[4 + 2 * i] = 1UL << 62 | rnd(NR_HPTE);
				gpr[5 + 2 * i] = 0;
			}
			check_eq(kvmhv_rm_h_bulk_remove(vcpu), H_SUCCESS);
			break;
		case 8:
			kvmhv_rm_h_protect(vcpu, rnd(2) ? 2 : 3, index, 0);
			break;
		case 9:
			check_eq(kvmhv_rm_h_read(vcpu, H_READ_4, index),
				 H_SUCCESS);
			for (i = 0; i < 4; i++)
				check_read(gpr[4 + 2 * i], gpr[5 + 2 * i]);
			break;
		case 10:
			kvmhv_rm_h_clear_ref(vcpu, 0, index);
			break;
		case 11:
			kvmhv_rm_h_clear_mod(vcpu, 0, index);
			break;
		}
		check(!locks_held());
	}
	free(vcpu);
	return NULL;
}

static void start(void)
{
	int i;

	fake_setup(NR_PTEG);
	fake.threaded = true;
	stop = false;
	for (i = 0; i < NR_HPTE; i++)
		pthread_mutex_init(&walker[i], NULL);
	for (i = 0; i < NR_PAGES; i++) {
		page_used[i][0] = 1;
		fake_pte(gpa_of(i))->pte = pa_of(i, 0) | _PAGE_PRESENT |
					   _PAGE_READ | _PAGE_WRITE;
	}
	fake.on_tlbie = wait_for_walkers;
}

static void nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static void run_for(int ms)
{
	nap(ms);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}

static void spawn(pthread_t *t, void *(*fn)(void *), unsigned long seed)
{
	if (pthread_create(t, NULL, fn, (void *)seed))
		fail("pthread_create");
}

static bool enough_happened(void)
{
	return inserted > 100 && invalidated > 20 && accesses > 100;
}

static void everything(void)
{
	pthread_t t[NR_VCPUS + NR_WALKERS + 1];
	unsigned long index, pa;
	int i, n = 0;

	start();
	for (i = 0; i < NR_VCPUS; i++)
		spawn(&t[n++], vcpu_thread, i + 1);
	for (i = 0; i < NR_WALKERS; i++)
		spawn(&t[n++], walker_thread, i + 11);
	spawn(&t[n++], notifier_thread, 21);
	/* on a busy machine it takes longer until something has happened at all */
	nap(1500);
	for (i = 0; i < 600 && !enough_happened(); i++)
		nap(100);
	run_for(0);
	while (n--)
		pthread_join(t[n], NULL);

	check(enough_happened());
	for (index = 0; index < NR_HPTE; index++) {
		if (!(V_OF(index) & HPTE_V_VALID) || !(R_OF(index) & HPTE_R_C))
			continue;
		pa = (R_OF(index) & HPTE_R_RPN) - PA_BASE;
		seen[pa >> 25] = true;
	}
	for (i = 0; i < NR_PAGES; i++) {
		if (*fake_rmap(gpa_of(i)) & KVMHV_RMAP_CHANGED)
			seen[i] = true;
		check(!wrote[i] || seen[i]);
	}
	fake_teardown();
}

/* Writes only count if they are seen: short runs, harvest after each */
static void no_write_lost(void)
{
	int round;

	for (round = 0; round < 40; round++) {
		pthread_t t[4];
		unsigned long index;
		int i, n = 0;

		memset(wrote, 0, sizeof(wrote));
		memset(seen, 0, sizeof(seen));
		memset(page_used, 0, sizeof(page_used));
		memset(page_now, 0, sizeof(page_now));
		start();
		spawn(&t[n++], vcpu_thread, round * 8 + 1);
		spawn(&t[n++], vcpu_thread, round * 8 + 2);
		spawn(&t[n++], walker_thread, round * 8 + 3);
		spawn(&t[n++], notifier_thread, round * 8 + 4);
		run_for(5);
		while (n--)
			pthread_join(t[n], NULL);
		for (index = 0; index < NR_HPTE; index++)
			if ((V_OF(index) & HPTE_V_VALID) &&
			    (R_OF(index) & HPTE_R_C))
				seen[((R_OF(index) & HPTE_R_RPN) - PA_BASE) >> 25] = true;
		for (i = 0; i < NR_PAGES; i++) {
			if (*fake_rmap(gpa_of(i)) & KVMHV_RMAP_CHANGED)
				seen[i] = true;
			check(!wrote[i] || seen[i]);
		}
		fake_teardown();
	}
}

/* Two vcpus remove the same HPTEs in opposite order */
static void *bulk_thread(void *arg)
{
	unsigned long me = (unsigned long)arg;
	struct kvm_vcpu *vcpu = fake_vcpu();
	unsigned long *gpr = vcpu->arch.regs.gpr;
	int i;

	while (!stopped()) {
		for (i = 0; i < 4; i++)
			kvmhv_rm_h_enter(vcpu, H_EXACT, i, 1,
					 gpa_of(i) | HPTE_R_M | 2);
		for (i = 0; i < 4; i++) {
			gpr[4 + 2 * i] = 1UL << 62 | (me ? 3 - i : i);
			gpr[5 + 2 * i] = 0;
		}
		check_eq(kvmhv_rm_h_bulk_remove(vcpu), H_SUCCESS);
		check(!locks_held());
	}
	free(vcpu);
	return NULL;
}

static void bulk_crosswise(void)
{
	pthread_t t[2];

	start();
	spawn(&t[0], bulk_thread, 0);
	spawn(&t[1], bulk_thread, 1);
	run_for(500);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	fake_teardown();
}

/*
 * A group with one place more than there are vcpus is never full, whoever is
 * about to fill or to empty what.
 */
static void *filler_thread(void *arg)
{
	struct kvm_vcpu *vcpu = fake_vcpu();
	unsigned long index;

	while (!stopped()) {
		check_eq(kvmhv_rm_h_enter(vcpu, 0, 0, 1, IO_GPA | HPTE_R_M),
			 H_SUCCESS);
		index = vcpu->arch.regs.gpr[4];
		check(index < 8);
		check_eq(kvmhv_rm_h_remove(vcpu, 0, index, 0), H_SUCCESS);
	}
	free(vcpu);
	return NULL;
}

static void group_not_full(void)
{
	pthread_t t[2];
	struct kvm_vcpu *vcpu;
	unsigned long i;

	start();
	vcpu = fake_vcpu();
	for (i = 0; i < 5; i++)
		check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, i, 1,
					  IO_GPA | HPTE_R_M), H_SUCCESS);
	spawn(&t[0], filler_thread, 0);
	spawn(&t[1], filler_thread, 1);
	run_for(500);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	free(vcpu);
	fake_teardown();
}

/*
 * The search while HPTE 0 is protected all the time and HPTE 1 changes hands:
 * the first is always found, the second never under another's name.
 */
#define FIND_V(vsid)	((unsigned long)(vsid) << 12)

static void *protect_thread(void *arg)
{
	struct kvm_vcpu *vcpu = fake_vcpu();

	while (!stopped())
		check_eq(kvmhv_rm_h_protect(vcpu, rnd(2) ? 2 : 3, 0, 0),
			 H_SUCCESS);
	free(vcpu);
	return NULL;
}

static void *replace_thread(void *arg)
{
	struct kvm_vcpu *vcpu = fake_vcpu();

	while (!stopped()) {
		check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, 1, FIND_V(2 + 2 * rnd(2)),
					  HPTE_R_M | 2), H_SUCCESS);
		check_eq(kvmhv_rm_h_remove(vcpu, 0, 1, 0), H_SUCCESS);
	}
	free(vcpu);
	return NULL;
}

static void search_raced(void)
{
	const struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long i, j, n, found = 0;
	struct kvm_vcpu *vcpu;
	struct timespec t0, t;
	pthread_t thread[2];
	long index;

	start();
	vcpu = fake_vcpu();
	check_eq(kvmhv_rm_h_enter(vcpu, H_EXACT, 0, FIND_V(6),
				  gpa_of(1) | HPTE_R_M | 2), H_SUCCESS);
	spawn(&thread[0], protect_thread, 0);
	spawn(&thread[1], replace_thread, 0);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		for (n = 0; n < 1000; n++) {
			i = 2 + 2 * rnd(3);
			index = kvmhv_hpt_find(&fake.kvm, 0, FIND_V(i));
			/* its lock's holder may have lost the CPU, here: wait */
			for (j = 0; i == 6 && index < 0 && j < 1000; j++) {
				sched_yield();
				index = kvmhv_hpt_find(&fake.kvm, 0, FIND_V(i));
			}
			if (i == 6)
				check_eq(index, 0);
			if (index < 0)
				continue;
			check_eq(V_OF(index) & ~0x7fUL, FIND_V(i));
			check(V_OF(index) & KVMHV_HPTE_V_USED);
			unlock_hpte(kvmhv_hpte(hpt, index), V_OF(index));
			found += index;
		}
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while (t.tv_sec <= t0.tv_sec + 1 ||
		 (!found && t.tv_sec < t0.tv_sec + 60));
	run_for(0);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	check(found);
	free(vcpu);
	fake_teardown();
}

const struct unit_case thread_cases[] = {
	{ "threads: hcalls, table walkers and invalidations", everything },
	{ "threads: no write gets lost", no_write_lost },
	{ "threads: H_BULK_REMOVE crosswise", bulk_crosswise },
	{ "threads: a group with room is not full", group_not_full },
	{ "threads: search while HPTEs change", search_raced },
	{ NULL, NULL },
};
