// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: does a counter that perf has given this
 * program go on over KVM_RUN?  What a hypervisor that reads it too early loses only the
 * lab shows (property lab-pmu).
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define ROUNDS		300

static struct vm vm;

static uint64_t counted(int fd)
{
	uint64_t n = 0;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		perror("counter");
	return n;
}

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	const uint32_t code[] = { LI_DONE, SC1 };
	uint64_t before, after, bad = 0;
	const uint64_t r[] = { 0 };
	char *mem;
	int fd, i;

	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd < 0) {
		perror("perf_event_open");
		return 1;
	}
	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + GUEST_CODE, code, ARRAY_SIZE(code));
	before = counted(fd);
	for (i = 0; i < ROUNDS; i++) {
		start_guest(&vm, GUEST_CODE, 0, r, ARRAY_SIZE(r));
		check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
		after = counted(fd);
		bad += after <= before;
		before = after;
	}
	check_value("counts that did not grow", bad, 0);
	close_vm(&vm);
	return summary("hostpmu");
}
