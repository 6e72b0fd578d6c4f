// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: does synchronize_rcu_tasks() come to an end
 * beside a guest that runs all the time and never needs user space?  The optimizer of
 * kprobes calls it, and a write to its sysctl waits for the optimizer.  And does the
 * time that the guest runs count as its task's?
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define LIMIT_S		10	/* a trip may last 4 s where there is no tick */
#define EVENTS		"/sys/kernel/debug/tracing/"
#define B_SELF		0x48000000
#define LI_REMOVE	0x38600004	/* li r3,H_REMOVE */
#define LI_R5_NONE	0x38a0ffff	/* of no HPTE: refused in real mode */
#define B_BACK_12	0x4bfffff4

static struct vm vm;
static sigset_t alarm_only;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1000000000.0;
}

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY), ok;

	if (fd < 0)
		return 0;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static int optimized(void)
{
	static char text[4096];
	int fd = open("/sys/kernel/debug/kprobes/list", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return !!strstr(text, "[OPTIMIZED]");
}

/* At the first instruction of a function that can be replaced by a branch */
static int make_probe(void)
{
	char event[80];
	int off;

	for (off = 0; off < 128; off += 4) {
		snprintf(event, sizeof(event), "p:probe ksys_write+%d\n", off);
		if (!put(EVENTS "kprobe_events", event))
			continue;
		if (put(EVENTS "events/kprobes/probe/enable", "1") && optimized())
			return 1;
		put(EVENTS "events/kprobes/probe/enable", "0");
		put(EVENTS "kprobe_events", "-:probe\n");
	}
	return 0;
}

/* It ends the guest's turn: all other threads have it blocked */
static void no_action(int sig)
{
}

static void *run_guest(void *cpu)
{
	struct rusage used;
	double start, took, user;
	cpu_set_t cpus;

	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	CPU_ZERO(&cpus);
	CPU_SET((unsigned long)cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	start = seconds();
	ioctl(vm.vcpu, KVM_RUN, 0);
	took = seconds() - start;
	getrusage(RUSAGE_THREAD, &used);
	user = used.ru_utime.tv_sec + used.ru_utime.tv_usec / 1000000.0;
	printf("rcutasks: %.1f s of %.1f s are the guest's\n", user, took);
	check_value("time that no task has used", user < 0.8 * took, 0);
	return NULL;
}

static void beside_guest(const char *what, unsigned long cpu, uint64_t pc)
{
	static const char *const values[] = { "0", "1", "0", "1" };
	const uint64_t r[] = { 0 };
	double start, took, longest = 0;
	pthread_t task;
	unsigned int i;

	start_guest(&vm, pc, 0, r, ARRAY_SIZE(r));
	pthread_create(&task, NULL, run_guest, (void *)cpu);
	usleep(200000);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		alarm(LIMIT_S);
		start = seconds();
		check_value("kprobes-optimization",
			    put("/proc/sys/debug/kprobes-optimization", values[i]), 1);
		took = seconds() - start;
		if (took > longest)
			longest = took;
		/* The optimizer begins a few ticks later */
		usleep(100000);
		alarm(0);
	}
	pthread_kill(task, SIGALRM);
	pthread_join(task, NULL);
	printf("rcutasks: %s, CPU %lu: RCU Tasks waited for %.1f s\n", what, cpu, longest);
	check_value("longer than the guest was to run", longest >= LIMIT_S, 0);
}

int main(void)
{
	const uint32_t spin[] = { B_SELF };
	const uint32_t hcalls[] = { LI_REMOVE, LI_R5_NONE, SC1, B_BACK_12 };
	struct sigaction sa = { .sa_handler = no_action };
	unsigned long cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char *mem;

	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + GUEST_CODE, spin, ARRAY_SIZE(spin));
	put_code(mem + GUEST_CODE + 0x100, hcalls, ARRAY_SIZE(hcalls));
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_only, NULL);
	check_value("a probe that can be optimized", make_probe(), 1);
	for (cpu = 0; cpu < cpus; cpu++) {
		beside_guest("a guest that only computes", cpu, GUEST_CODE);
		beside_guest("a guest with hcalls of real mode", cpu, GUEST_CODE + 0x100);
	}
	put(EVENTS "events/kprobes/probe/enable", "0");
	put(EVENTS "kprobe_events", "-:probe\n");
	close_vm(&vm);
	return summary("rcutasks");
}
