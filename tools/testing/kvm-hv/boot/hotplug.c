// SPDX-License-Identifier: GPL-2.0
/*
 * usage: hotplug THREADS ROUNDS
 *
 * Every core has THREADS hardware threads, all of them online.  Take all but
 * the first of each core offline and bring them back, ROUNDS times, with a
 * check that a thread that came back computes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CPU_DIR "/sys/devices/system/cpu"
#define MAX_CPUS 64

static void die(const char *what, int cpu)
{
	printf("hotplug: %s, CPU %d: %s\n", what, cpu, strerror(errno));
	exit(1);
}

static void read_text(const char *name, char *text, size_t size)
{
	FILE *f = fopen(name, "r");

	if (!f || !fgets(text, size, f))
		die(name, -1);
	text[strcspn(text, "\n")] = 0;
	fclose(f);
}

/* A list like 0-3,8 as a bit mask */
static uint64_t cpu_list(const char *name)
{
	char text[256], *s = text;
	uint64_t mask = 0;

	read_text(name, text, sizeof(text));
	while (*s) {
		unsigned long from = strtoul(s, &s, 10), to = from;

		if (*s == '-')
			to = strtoul(s + 1, &s, 10);
		for (; from <= to && from < MAX_CPUS; from++)
			mask |= 1ull << from;
		if (*s == ',')
			s++;
	}
	return mask;
}

static void set_online(int cpu, int on)
{
	char name[128];
	FILE *f;

	snprintf(name, sizeof(name), CPU_DIR "/cpu%d/online", cpu);
	f = fopen(name, "w");
	if (!f || fprintf(f, "%d\n", on) < 0 || fclose(f))
		die(on ? "online" : "offline", cpu);
}

/* What a thread that lost its registers or its memory gets wrong */
static void compute_on(int cpu)
{
	double sum = 0;
	uint64_t x = 1;
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity", cpu);
	for (i = 1; i <= 20000; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		sum += i;
	}
	if (sched_getcpu() != cpu || sum != 200010000.0 || x != 0x92d32d9ddb0cd321ull) {
		printf("hotplug: CPU %d computes wrong: on %d, %.0f, %#llx\n", cpu,
		       sched_getcpu(), sum, (unsigned long long)x);
		exit(1);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint64_t all = cpu_list(CPU_DIR "/present"), primaries = 0, secondaries;
	int threads = argc == 3 ? atoi(argv[1]) : 0;
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	double start = seconds();
	int i, cpu;

	if (threads < 1 || rounds < 1) {
		printf("usage: hotplug THREADS ROUNDS\n");
		return 1;
	}
	for (cpu = 0; cpu < MAX_CPUS; cpu += threads)
		primaries |= all & 1ull << cpu;
	secondaries = all & ~primaries;
	if (cpu_list(CPU_DIR "/online") != all) {
		printf("hotplug: not all CPUs are online at the start\n");
		return 1;
	}
	for (i = 0; i < rounds; i++) {
		for (cpu = 0; cpu < MAX_CPUS; cpu++)
			if (secondaries & 1ull << cpu)
				set_online(cpu, 0);
		if (cpu_list(CPU_DIR "/online") != primaries) {
			printf("hotplug: round %d: not offline\n", i);
			return 1;
		}
		compute_on(0);
		for (cpu = 0; cpu < MAX_CPUS; cpu++)
			if (secondaries & 1ull << cpu)
				set_online(cpu, 1);
		if (cpu_list(CPU_DIR "/online") != all) {
			printf("hotplug: round %d: not online\n", i);
			return 1;
		}
		for (cpu = 0; cpu < MAX_CPUS; cpu++)
			if (all & 1ull << cpu)
				compute_on(cpu);
	}
	printf("hotplug: %d CPUs, %d secondaries off and on %d times in %.1f s\n",
	       __builtin_popcountll(all), __builtin_popcountll(secondaries), rounds,
	       seconds() - start);
	return 0;
}
