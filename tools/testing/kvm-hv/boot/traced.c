// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: do trace events say what a guest did, one
 * for one, in the task of its vcpu, under the names that perf looks for?
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define TRACING		"/sys/kernel/debug/tracing/"
#define EVENTS		TRACING "events/kvm_hv/"
#define TRACE_SIZE	(4UL << 20)
#define CALLS		7
#define LOADS		5
#define NO_VCPU		99UL
#define HTAB_ORDER	18

enum { CODE = GUEST_CODE };

static struct vm vm;
static char *mem;
static char trace[TRACE_SIZE];

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_TRUNC);

	check(file, fd, 0);
	check(file, write(fd, text, strlen(text)), 0);
	close(fd);
}

static size_t get(const char *file, char *buf, size_t size)
{
	int fd = open(file, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	check(file, fd, 0);
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fd);
	return len;
}

static void begin(void)
{
	put(TRACING "trace", "");
	put(EVENTS "enable", "1");
	put(TRACING "tracing_on", "1");
}

static void end(void)
{
	put(EVENTS "enable", "0");
	check_value("the trace is not cut off",
		    get(TRACING "trace", trace, TRACE_SIZE) < TRACE_SIZE - 1, 1);
}

/* Lines of @event, of this task, that say @what and @more */
static unsigned int count(const char *event, const char *what, const char *more)
{
	char copy[1024], task[40], name[40], *line, *next;
	unsigned int n = 0;
	size_t len;

	sprintf(task, "-%d ", getpid());
	sprintf(name, ": %s: ", event);
	for (line = trace; *line; line = next) {
		next = strchrnul(line, '\n');
		len = next - line;
		next += *next == '\n';
		if (len >= sizeof(copy))
			continue;
		memcpy(copy, line, len);
		/* so that "req=0xe8 " is found at the end, too */
		strcpy(copy + len, " ");
		if (*line != '#' && strstr(copy, task) && strstr(copy, name) &&
		    strstr(copy, what) && strstr(copy, more))
			n++;
	}
	return n;
}

static void has_field(const char *event, const char *field)
{
	char file[100], format[4096], want[40];
	int there;

	sprintf(file, EVENTS "%s/format", event);
	sprintf(want, " %s;", field);
	get(file, format, sizeof(format));
	there = !!strstr(format, want);
	if (!there)
		printf("traced: %s has no field %s\n", event, field);
	check_value("fields that perf reads", there, 1);
}

/* One of each is always the hcall that ends guest_hcall(), for user space */
static void calls(void)
{
	int i;

	begin();
	for (i = 0; i < CALLS; i++)
		guest_hcall(&vm, H_PROD, NO_VCPU, 0, 0, 0);
	end();
	check_value("hcalls of the module",
		    count("kvm_hcall_enter", "req=0xe8 ", "r4=0x63 "), CALLS);
	check_value("their ends", count("kvm_hcall_exit", "req=0xe8 ", "ret=-4 "), CALLS);
	check_value("hcalls of user space", count("kvm_hcall_enter", "req=0x7ffc ", ""), CALLS);
	/* The last one goes on when the vcpu does */
	check_value("their ends", count("kvm_hcall_exit", "req=0x7ffc ", ""), CALLS - 1);
	check_value("exits", count("kvm_guest_exit", "trap=0xc00 ", "vcpu 0 "), 2 * CALLS);
	check_value("entries and exits", count("kvm_guest_enter", "", ""),
		    count("kvm_guest_exit", "", ""));
	check_value("trips", count("kvmhv_vcore_trip", "begins", "runner 0 threads=0x1 "),
		    count("kvmhv_vcore_trip", "ends", ""));
	check_value("trips, and entries", count("kvmhv_vcore_trip", "begins", ""),
		    count("kvm_guest_enter", "", ""));
}

/* Real mode serves it: no event but those of the hcall behind it */
static void real_mode_hcalls(void)
{
	int i;

	begin();
	for (i = 0; i < CALLS; i++)
		guest_hcall(&vm, H_READ, 0, 0, 0, 0);
	end();
	check_value("hcalls", count("kvm_hcall_enter", "", ""), CALLS);
	check_value("none in real mode", count("kvm_hcall_enter", "req=0xc ", ""), 0);
	check_value("exits", count("kvm_guest_exit", "trap=0xc00 ", ""), CALLS);
}

static void loads(void)
{
	const uint32_t load[] = { LWZ_R4_R9, LI_DONE, SC1 };
	const uint64_t r[] = { 0 };
	int i;

	put_code(mem + CODE, load, ARRAY_SIZE(load));
	/* guest real address behind all memory: a device */
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V,
					   HPTE_R(MEM_SIZE)), 0);
	begin();
	for (i = 0; i < LOADS; i++) {
		start_guest(&vm, CODE, MSR_DR, r, ARRAY_SIZE(r));
		check("KVM_RUN", ioctl(vm.vcpu, KVM_RUN, 0), 0);
		check_value("exit reason", vm.run->exit_reason, KVM_EXIT_MMIO);
		check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	}
	end();
	check_value("faults", count("kvmhv_page_fault", "data ea=0x40000000 ", ": mmio"), LOADS);
	check_value("exits", count("kvm_guest_exit", "trap=0xe00 ", "(H_DATA_STORAGE)"), LOADS);
}

static void tables(void)
{
	struct kvm_ppc_resize_hpt resize = { .shift = HTAB_ORDER };
	struct htab_record rec;
	int fd;

	begin();
	fd = htab_fd(&vm, 0, 0);
	check("KVM_PPC_GET_HTAB_FD", fd, 0);
	check("read", read(fd, &rec, sizeof(rec)), 0);
	close(fd);
	check("KVM_PPC_RESIZE_HPT_PREPARE", ioctl(vm.fd, KVM_PPC_RESIZE_HPT_PREPARE, &resize), 0);
	end();
	check_value("stream", count("kvmhv_htab_stream", " read ", ""), 1);
	check_value("resize", count("kvmhv_resize", " prepare ", "order=18 ret=0 "), 1);
}

/* Tracing is off: nothing is written, and no hcall of before is left over */
static void off(void)
{
	put(TRACING "trace", "");
	guest_hcall(&vm, H_PROD, NO_VCPU, 0, 0, 0);
	check_value("no events", get(TRACING "trace", trace, TRACE_SIZE) &&
		    count("kvm_guest_exit", "", ""), 0);
	begin();
	guest_hcall(&vm, H_PROD, NO_VCPU, 0, 0, 0);
	end();
	check_value("no end of an hcall that was not watched",
		    count("kvm_hcall_exit", "req=0x7ffc ", ""), 0);
}

int main(void)
{
	has_field("kvm_guest_enter", "vcpu_id");
	has_field("kvm_guest_exit", "vcpu_id");
	has_field("kvm_guest_exit", "trap");
	has_field("kvm_hcall_enter", "req");
	has_field("kvm_hcall_exit", "vcpu_id");

	mem = make_guest(&vm, MEM_SIZE);
	calls();
	real_mode_hcalls();
	loads();
	tables();
	off();
	printf("%.1200s\n", trace);
	close_vm(&vm);
	return summary("traced");
}
