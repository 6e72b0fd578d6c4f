// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: do its first two processors have the same timebase?
 * They pass a turn to each other; what one reads in between has to be in between.
 *
 * tbskew TICKS: fails if they are further apart.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS	200000

static long turn;
static uint64_t read_there;

static uint64_t timebase(void)
{
	uint64_t tb;

	__asm__ __volatile__("sync; isync; mfspr %0,268; isync" : "=r" (tb) : : "memory");
	return tb;
}

static bool stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Each odd number is a turn of this one */
static void *second(void *unused)
{
	long n;

	if (!stay_on(1))
		exit(1);
	for (n = 1; n < 2 * ROUNDS; n += 2) {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != n)
			;
		read_there = timebase();
		__atomic_store_n(&turn, n + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long limit = argc > 1 ? atol(argv[1]) : 0, n;
	int64_t least = INT64_MIN, most = INT64_MAX;
	uint64_t before, after;
	pthread_t thread;

	if (!stay_on(0) || pthread_create(&thread, NULL, second, NULL))
		return 1;
	for (n = 1; n < 2 * ROUNDS; n += 2) {
		before = timebase();
		__atomic_store_n(&turn, n, __ATOMIC_RELEASE);
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == n)
			;
		after = timebase();
		if ((int64_t)(read_there - after) > least)
			least = read_there - after;
		if ((int64_t)(read_there - before) < most)
			most = read_there - before;
	}
	pthread_join(thread, NULL);
	printf("tbskew: CPU 1 is ahead of CPU 0 by %ld to %ld ticks\n", (long)least,
	       (long)most);
	return least > limit || most < -limit;
}
