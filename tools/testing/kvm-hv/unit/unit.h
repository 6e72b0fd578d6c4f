/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake machine the tests run on, and the harness.
 */
#ifndef UNIT_H
#define UNIT_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../../arch/powerpc/kvm/book3s_hv_rmap.h"

/* Harness */
#define fail(...)	unit_fail(__FILE__, __LINE__, __VA_ARGS__)
#define check(cond)	do { if (!(cond)) fail("%s", #cond); } while (0)
#define check_eq(a, b)							\
	do {								\
		unsigned long a_ = (unsigned long)(a);			\
		unsigned long b_ = (unsigned long)(b);			\
									\
		if (a_ != b_)						\
			fail("%s is %lx, not %lx", #a, a_, b_);		\
	} while (0)

__noreturn __printf(3, 4)
void unit_fail(const char *file, int line, const char *fmt, ...);
extern void (*unit_on_fail)(void);	/* says more before the process ends */
unsigned int rnd(unsigned int n);	/* 0..n-1, one sequence per thread */
void rnd_seed(unsigned long seed);
void rnd_input(const u8 *data, size_t size);	/* what rnd() returns, while it lasts */
bool rnd_left(void);		/* does it?  Always, if there was none */
bool rnd_switch(void);		/* is it another task's turn?  Whose? */
unsigned int rnd_task(unsigned int n);
__noreturn void unit_exit(void);	/* a child process has passed */

struct unit_case {
	const char *name;
	void (*run)(void);
};

extern const struct unit_case hcall_cases[], model_cases[], fault_cases[],
	thread_cases[], tce_cases[], ppc970_cases[], core_cases[], dirty_cases[],
	module_cases[], memory_cases[], trip_cases[], fuzz_cases[];

/* Targets of fuzz.c that are models, too: as long as the input lasts */
void fuzz_hcalls(void);
void fuzz_memory(void);
void fuzz_memory_tell(void);
void fuzz_htab(void);
void fuzz_tce(void);
void fuzz_vpa(void);
void fuzz_mmio(void);

/*
 * Guest memory.  Slot 0 is all a guest page of 16M needs, slot 1 is neither
 * aligned nor long enough for one, user space can only read slot 2, slot 3 is on its
 * way out.
 */
#define MB		BIT(20)
#define RAM_GPA		0UL
#define RAM_SIZE	(64 * MB)
#define ODD_GPA		(256 * MB)
#define ODD_SIZE	(4 * MB)
#define ROM_GPA		(512 * MB)
#define ROM_SIZE	(1 * MB)
#define GONE_GPA	(768 * MB)
#define GONE_SIZE	(1 * MB)
#define IO_GPA		(1024 * MB)	/* no memslot */

#define HVA_BASE	(4096 * MB)	/* hva = gpa + HVA_BASE, slot 1 + 64K */
#define ODD_SHIFT	0x10000UL
#define PA_BASE		BIT(40)	/* host real = gpa + PA_BASE at first */
#define NR_HOST_PTES	((IO_GPA >> PAGE_SHIFT) + 16)
#define NR_HUGE		64		/* 16M regions */

/* What the instructions did, one thread's tests only */
enum {
	EV_PTESYNC = 1, EV_TLBIE, EV_TLBIEL, EV_TLBSYNC, EV_TLBIE_201,
	EV_TLBIEL_201,
};

struct event {
	int what;
	unsigned long rb;
	unsigned long lpid;
};

struct fake {
	struct kvm kvm;
	struct kvm_memslots slots;
	struct kvm_memory_slot slot[4];	/* of the tests without stub_kvm.c */
	struct mm_struct mm;
	pgd_t pgd;
	pte_t *pte;			/* by (hva - HVA_BASE) >> PAGE_SHIFT */
	pte_t huge[NR_HUGE];		/* instead, where huge_mode says so */
	int huge_mode[NR_HUGE];		/* 0, HUGE_TLB, HUGE_THP */
	unsigned long features;
	unsigned int cpu;
	bool allow_tlbiel;
	bool threaded;
	bool tb_stopped;
	/* called for each tlbie of a hidden HPTE: late R and C updates */
	void (*on_tlbie)(unsigned long index);
	void (*on_tlbsync)(void);
	void (*on_switch)(void);
	void (*on_resched)(void);	/* no lock is held */
	void (*on_busy)(const __be64 *hpte);	/* another task has it */
	bool allow_valid;		/* tlbie for R bits, of HPTEs that stay valid */
	unsigned long bitmap[NR_HOST_PTES / 64 + 1];	/* dirty pages */
	struct kvmhv_cpu_ops cpu_ops;
	unsigned int nr_events;
	struct event event[64];
	/* what __va() finds: one host page, to be read under the rmap lock */
	unsigned long page_pa;
	void *page;
	/* instead, with stub_mm.c */
	void *(*linear)(unsigned long pa);
};

enum { HUGE_TLB = 1, HUGE_THP };

extern struct fake fake;

/* What a PPC970 has in HID4 before a guest runs */
#define HOST_HID4	0x970UL
#define HOST_HID0	0x0050000000000000UL	/* NAP, DPM */
#define GUEST_HID0	0x0010010000000000UL	/* DPM, HDICE */

void fake_setup(unsigned long nr_pteg);
void fake_teardown(void);
struct kvm_vcpu *fake_vcpu(void);	/* free() it */
void fake_core(unsigned long features);	/* fake_setup(), and a core of four threads */
unsigned long *fake_rmap(unsigned long gpa);
pte_t *fake_pte(unsigned long gpa);
void fake_check_rings(void);

/* Locks and tasks: stub_task.c */
int locks_held(void);
bool held_rank(unsigned int rank);	/* a lock of this rank or a higher one? */
void may_wait_for(const void *lock, unsigned int rank);
void now_held(const void *lock, unsigned int rank);
void not_held(const void *lock);
void wait_for(const void *what);
bool srcu_held(void);
void ticks_pass(unsigned long n);	/* of mftb() */
void task_new(void (*fn)(void *arg), void *arg);
void tasks_run(void (*between)(void));	/* until all have returned */

/* as the MMU notifier does it; returns R and C harvested */
unsigned long fake_unmap(unsigned long gpa, void (*change)(unsigned long gpa));

/* Page sizes: encodings to use in V and R, by actual and base shift */
struct page_size {
	unsigned int base;
	unsigned int actual;
	unsigned long v;
	unsigned long lp;
};

#define NR_PAGE_SIZES 6
extern const struct page_size page_sizes[NR_PAGE_SIZES];

#define V_OF(hpt_index) kvmhv_hpte_load(kvmhv_hpte(&fake.kvm.arch.hv.hpt, hpt_index))
#define R_OF(hpt_index) kvmhv_hpte_load(kvmhv_hpte(&fake.kvm.arch.hv.hpt, hpt_index) + 1)
#define REV_OF(hpt_index) (fake.kvm.arch.hv.hpt.rev[hpt_index])

#endif /* UNIT_H */
