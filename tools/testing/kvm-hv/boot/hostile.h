/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of hostile: hostile.c starts the users and watches them and the host,
 * hostile_calls.c is what a user does, hostile_aim.c what he does to one thing at a time,
 * hostile_guest.c what his guests do.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <pthread.h>
#include <time.h>

#define NR_THREADS	8
#define MAX_OPS		64

/* ---- random numbers ---- */

uint64_t rnd(void);
/* 0 to @n - 1 */
uint64_t below(uint64_t n);
bool one_in(unsigned int n);
/* At the edge of what a number can be */
uint64_t edge(void);
/* @v most of the time, else edge() */
uint64_t maybe(uint64_t v);

/* ---- a user, that is a process ---- */

/* What its parent sees of it */
struct seen {
	unsigned long calls[MAX_OPS], done[MAX_OPS];
	unsigned long runs, hcalls, mmio, hptes;
	unsigned int stuck;	/* threads that do not end */
	unsigned int wrong;	/* faults that were found in another process */
	unsigned long watched;	/* pages that the canary has looked at */
};

/* One of its threads.  The fields up to @id are for the thread that reads the table */
struct thread {
	const char *op;		/* what it does just now */
	unsigned long req, arg;	/* and the ioctl it has made last */
	int fd;
	int state;		/* THREAD_* */
	pthread_t id;
	uint64_t rng;
	int nr;			/* its op's index */
	unsigned int left;	/* ops until it ends */
	timer_t timer;		/* ends its guests' loops */
	bool has_timer;
	bool can_jump;
	sigjmp_buf out;		/* an access to memory that is not there ends an op */
};

enum { THREAD_NONE, THREAD_RUNS, THREAD_ENDS };

extern __thread struct thread *me;
extern struct seen *seen;
extern bool limited;		/* a control group limits the memory of users */
extern int page;		/* bytes of one */

#define PAGE		((uint64_t)page)

/* A fault of the host that any process has found; the first of them are shown */
#define wrong(fmt, ...) do {						\
	if (count_wrong()) {						\
		printf("FAIL " fmt "\n", ##__VA_ARGS__);		\
		fflush(stdout);						\
	}								\
} while (0)

bool count_wrong(void);
/* Memory that nobody else may write to: what is in it is known from @mark */
void fill_pages(uint8_t *at, uint64_t size, uint64_t mark);
/* False, and a fault of the host, if it is not in it any more; @what memory it is */
bool check_pages(const char *what, const uint8_t *at, uint64_t size, uint64_t mark);

/* ---- hostile_calls.c ---- */

struct op {
	const char *name;
	void (*fn)(void);
	unsigned int weight;
};

extern struct op ops[];
extern const unsigned int nr_ops;
extern int must_have_area;	/* memory at 0 has to be one: a PPC970 */

/* An ioctl that counts */
long call(int fd, unsigned long req, unsigned long arg);
void prepare_user(void);
void close_all(void);

/* ---- hostile_aim.c ---- */

void op_vpa(void);
void op_beside(void);
void op_close_xics(void);

/* ---- hostile_guest.c ---- */

/* Where the guest's code, its storage, VPAs and lists are; all within 1M */
#define G_CODE		0x4000UL
#define G_CODE_SIZE	0x1000UL
#define G_VPAS		0x20000UL
#define G_LIST		0x30000UL
#define G_RTAS		0x38000UL
#define RAM_SIZE	(16UL << 20)
#define SECOND_GPA	(128UL << 20)
#define SECOND_SIZE	(4UL << 20)
#define LIOBN		0x80000000UL
#define NR_PTES		0x4000UL	/* of the smallest HPT */

/* A guest real address that may be good for something */
uint64_t some_gpa(void);
uint64_t some_hpte_v(void);
uint64_t some_hpte_r(void);
/* At @mem, which is guest real address 0: vectors, VPAs, lists */
void put_vectors(uint8_t *mem);
/* A program at @to */
void put_program(uint8_t *to);

/* Programs of hostile_aim.c, in the first 64K, which is all that some of its VMs have */
#define G_TRIPS		0x5000UL	/* out of the guest at once */
#define G_COMPARE	0x5400UL	/* what is at r14, by real mode and by HPTE r15 */
#define G_STORE		0x5800UL	/* to the page of HPTE r15 */
#define G_IPIS		0x6000UL	/* hcalls of XICS */
#define G_CALLS		0x8000UL	/* of RTAS */
#define NR_SERVERS	8	/* it takes time to find the last one */
/* Two values at one address: they are the arguments */
#define HCALL_WRONG	0x7ff8

void put_aim_programs(uint8_t *mem);

#endif
