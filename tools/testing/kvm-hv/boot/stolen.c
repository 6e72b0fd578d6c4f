// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU, on one CPU: is a guest told of the time
 * for which the host gave the CPU to others, and of no other time?  By the VPA and
 * by the dispatch trace log.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define VPA		0x100000UL	/* guest real addresses */
#define DTL		0x110000UL
#define TB_MS		512000.0	/* ticks in a millisecond */
#define MTDEC_R5	0x7cb603a6
#define LI_CEDE		0x386000e0	/* li r3,H_CEDE */
#define DECREMENTER	0x900
#define ROUNDS		10
#define IDLE_MS		20

/* PAPR, "Virtual Processor Area" and "Dispatch Trace Log Buffer" */
#define VPA_DTL_MASK	0xb8
#define VPA_ENQUEUE	0x158		/* ticks from enqueue to dispatch */
#define VPA_DTL_INDEX	0x218
#define DTL_BYTES	4080
#define DTL_ENTRY	48
#define DTL_ENQUEUE	4
#define DTL_ALL		7

enum { AT_HCALL = GUEST_CODE, AT_CEDE = GUEST_CODE + 0x100 };

static struct vm vm;
static char *mem;
static pid_t other;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000.0;
}

/* Another task wants the CPU, or not */
static void others(int on)
{
	kill(other, on ? SIGCONT : SIGSTOP);
	usleep(20000);
}

static void set_area(uint64_t id, uint64_t addr, uint64_t length)
{
	uint64_t val[2] = { addr, length };
	struct kvm_one_reg reg = { .id = id, .addr = (unsigned long)val };

	check("KVM_SET_ONE_REG of an area", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void run(uint64_t pc, uint64_t dec)
{
	const uint64_t r[] = { 0, 0, dec };

	start_guest(&vm, pc, 0, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
}

static double stolen(void)
{
	return be64toh(*(uint64_t *)(mem + VPA + VPA_ENQUEUE)) / TB_MS;
}

static uint64_t logged(void)
{
	return be64toh(*(uint64_t *)(mem + VPA + VPA_DTL_INDEX));
}

/* The sum of the log's entries since @from, as many as it has room for */
static double sum_logged(uint64_t from)
{
	double sum = 0;
	char *entry;

	for (; from < logged(); from++) {
		entry = mem + DTL + from % (DTL_BYTES / DTL_ENTRY) * DTL_ENTRY;
		sum += be32toh(*(uint32_t *)(entry + DTL_ENQUEUE)) / TB_MS;
	}
	return sum;
}

/* In user space, while the guest waits for its exit: until it has been of use */
static double give_way(void)
{
	double from, took;

	do {
		from = now();
		sched_yield();
		took = now() - from;
	} while (took < 1);
	return took;
}

static double sleep_a_while(void)
{
	usleep(IDLE_MS * 1000);
	return 0;
}

static double work(void)
{
	double from = now();

	while (now() - from < IDLE_MS)
		;
	return 0;
}

/* An H_CEDE ends when the CPU is another task's, in the tick's time or more */
static double idle(void)
{
	double from = now();

	run(AT_CEDE, IDLE_MS * TB_MS);
	return now() - from - IDLE_MS;
}

/* @one returns how long, in ms, the guest was kept from running */
static void test(const char *what, double (*one)(void))
{
	double kept = 0, before, in_log = 0;
	uint64_t entries;
	int i;

	run(AT_HCALL, 0);
	before = stolen();
	for (i = 0; i < ROUNDS; i++) {
		entries = logged();
		kept += one();
		if (one != idle)
			run(AT_HCALL, 0);
		in_log += sum_logged(entries);
	}
	before = stolen() - before;
	printf("stolen: %s: kept from running for %.1f ms, stolen %.1f ms, logged %.1f ms\n",
	       what, kept, before, in_log);
	check_value("less was stolen", before < kept * 0.9 - 1, 0);
	check_value("more was stolen", before > kept * 1.1 + 1, 0);
	check_value("the log has less", in_log < before * 0.95, 0);
	check_value("the log has more", in_log > before * 1.05, 0);
}

int main(void)
{
	const uint32_t done[] = { LI_DONE, SC1 };
	const uint32_t cede[] = { MTDEC_R5, LI_CEDE, SC1, LI_DONE, SC1 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	check("sched_setaffinity", sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	other = fork();
	if (!other)
		for (;;)
			;
	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + AT_HCALL, done, ARRAY_SIZE(done));
	put_code(mem + AT_CEDE, cede, ARRAY_SIZE(cede));
	put_code(mem + DECREMENTER, done, ARRAY_SIZE(done));
	mem[VPA + VPA_DTL_MASK] = DTL_ALL;
	set_area(KVM_REG_PPC_VPA_ADDR, VPA, 0);
	set_area(KVM_REG_PPC_VPA_DTL, DTL, DTL_BYTES);

	others(0);
	test("user space sleeps", sleep_a_while);
	test("user space works for the guest", work);
	others(1);
	test("user space has to wait", give_way);
	/* so that a wake-up does not give it the CPU at once */
	setpriority(PRIO_PROCESS, 0, 19);
	test("an idle guest has to wait", idle);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	close_vm(&vm);
	return summary("stolen");
}
