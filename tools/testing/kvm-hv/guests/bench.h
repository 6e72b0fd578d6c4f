/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

/* One hcall of a round: number, then r4 to r11 */
#define CALL_ARGS	9
#define CALL_SIZE	(CALL_ARGS * 8)

#ifndef __ASSEMBLER__
#include "lib.h"

struct call {
	u64 r[CALL_ARGS];
};

/*
 * Loops of n rounds, and what each is without its subject: one plain
 * instruction stands in its place.
 */
struct loop {
	void (*with)(u64 n, u64 a, u64 b);
	void (*without)(u64 n, u64 a, u64 b);
};

/* All hcalls from a up to b, in each round */
void loop_hcalls(u64 n, u64 calls, u64 end);
void loop_no_hcalls(u64 n, u64 calls, u64 end);
/* H_CEDE with the decrementer set to a, unless a is 0; without: EE = 1 */
void loop_cede(u64 n, u64 dec, u64 unused);
void loop_ee(u64 n, u64 dec, u64 unused);
/* A load from a, which goes on by b */
void loop_load(u64 n, u64 ea, u64 step);
void loop_no_load(u64 n, u64 ea, u64 step);

/*
 * Look at the timebase until *a is not b and nothing has happened for idle
 * ticks.  Returns the ticks this processor did not run since start, in gaps of
 * 64 and more.
 */
u64 watch(u64 *a, u64 b, u64 idle, u64 start);

/* The shortest handler: back with EE = 0.  Clobbers r12. */
extern u8 bench_handler[], bench_handler_end[];
void put_handler(unsigned int vec);

/* Only this path, between two marks; "*": all, for pathcost.c; "@@PROFILE" if none was put there */
extern char bench_profile[];
void mark_start(void);
void mark_subject(void);
void mark_stop(void);

void test_threads(void);	/* bench_smt.c */

/* Of name, once: what, in nanoseconds by the timebase */
void result(const char *name, u64 ticks, u64 n);
u64 median(u64 *v, unsigned int n);
#endif
#endif
