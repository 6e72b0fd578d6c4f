// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU, where an instruction takes a nanosecond:
 * does the way out of a guest flush the branch caches if and only if the host does so
 * for tasks?  No emulator has such caches, but the flush is an instruction for each
 * of their entries.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define SETTING		"/sys/kernel/debug/powerpc/count_cache_flush"
#define REPORT		"/sys/devices/system/cpu/vulnerabilities/spectre_v2"
#define BATCHES		20
#define RUNS		20
#define HCALLS		1000
/* entry_64.S, flush_branch_caches: 64 calls, 278 branches in 8 instructions each */
#define FLUSH		2300

enum { AT_DONE = GUEST_CODE, AT_HCALLS = GUEST_CODE + 0x100 };

static struct vm vm;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void set_flush(const char *val)
{
	int fd = open(SETTING, O_WRONLY);

	check("write of " SETTING, write(fd, val, 1), 0);
	close(fd);
}

/* Nanoseconds of a KVM_RUN at @pc, the least that RUNS of them in a row took */
static double run(uint64_t pc)
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF };
	double from, took, least = 1e12;
	int batch, i;

	regs.gpr[14] = HCALLS;
	for (batch = 0; batch < BATCHES; batch++) {
		from = now();
		for (i = 0; i < RUNS; i++) {
			ioctl(vm.vcpu, KVM_SET_REGS, &regs);
			ioctl(vm.vcpu, KVM_RUN, 0);
		}
		took = (now() - from) / RUNS;
		if (took < least)
			least = took;
		check_value("exit reason", vm.run->exit_reason, KVM_EXIT_PAPR_HCALL);
	}
	return least;
}

static void measure(const char *what, double *trip, double *hcall)
{
	*trip = run(AT_DONE);
	*hcall = (run(AT_HCALLS) - *trip) / HCALLS;
	printf("branchflush: %s: KVM_RUN of a trip %.0f ns, an hcall in real mode %.0f ns\n",
	       what, *trip, *hcall);
}

int main(void)
{
	static const uint32_t done[] = { LI_DONE, SC1 };
	static const uint32_t hcalls[] = {
		0x38600000 | H_REMOVE,	/* li r3,H_REMOVE */
		0x38800000,			/* li r4,0 */
		0x38a0ffff,			/* li r5,-1: no such HPTE */
		SC1,
		0x35ceffff,			/* addic. r14,r14,-1 */
		0x4082ffec,			/* bne to the first */
		LI_DONE, SC1,
	};
	double trip[3], hcall[3];
	char text[200] = "";
	char *mem;
	int fd;

	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + AT_DONE, done, ARRAY_SIZE(done));
	put_code(mem + AT_HCALLS, hcalls, ARRAY_SIZE(hcalls));

	fd = open(REPORT, O_RDONLY);
	check("read of " REPORT, read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	printf("branchflush: the host says: %s", text);
	check_value("the host flushes both", strstr(text, "count cache flush") &&
		    strstr(text, "link stack flush"), 1);

	measure("as the host has booted", &trip[0], &hcall[0]);
	set_flush("0");
	measure("flush off", &trip[1], &hcall[1]);
	set_flush("1");
	measure("flush on again", &trip[2], &hcall[2]);
	check_value("a trip with the flush is longer by its length",
		    trip[0] - trip[1] > FLUSH - 50 && trip[0] - trip[1] < FLUSH + 100, 1);
	check_value("the same when it is on again",
		    trip[2] - trip[0] > -50 && trip[2] - trip[0] < 50, 1);
	check_value("an hcall in real mode has no flush",
		    hcall[0] - hcall[1] < 10 && hcall[2] - hcall[1] < 10, 1);
	close_vm(&vm);
	return summary("branchflush");
}
