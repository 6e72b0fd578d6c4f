// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, as root, which has one control group per VM here: does a
 * VM take more memory than its group may have (memory.max), or its process may lock?
 *
 * Each case is a process of its own.  It makes ioctls until one fails, which must be
 * with ENOMEM, and then waits: meanwhile the host must have lost no more memory than
 * the limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define GROUP		"/sys/fs/cgroup/vm"
#define MIB		(1024UL * 1024)
#define GIB		(1024 * MIB)
#define TIB		(1024 * GIB)
#define LIMIT		(64 * MIB)
/* What the host needs for a process besides: page tables, lists of free pages */
#define SLACK		(16 * MIB)
#define NR_TOKENS	8000UL
#define TOKEN_BYTES	16	/* at least; some of it counts later */
#define NOBODY		65534

/* errno, which is the exit status, or how a case says that it cannot go on */
enum { NO_LIMIT = 200, NO_VM };

static struct vm vm;

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	int ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (!ok) {
		perror(name);
		exit(1);
	}
	close(fd);
}

static unsigned long read_number(const char *name, const char *key)
{
	char text[4096] = "", *at;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		perror(name);
		exit(1);
	}
	close(fd);
	at = strstr(text, key);
	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static unsigned long mem_free(void)
{
	return read_number("/proc/meminfo", "MemFree:") << 10;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/* ---- cases: errno of the ioctl that fails ---- */

static int make_slots(uint64_t size, int max, uint32_t flags)
{
	void *mem = must_map("nothing", mmap(NULL, size, PROT_NONE, MAP_PRIVATE |
					     MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	int i;

	for (i = 0; i < max; i++)
		if (set_slot(&vm, i, i * size, mem, size, flags))
			return errno;
	return NO_LIMIT;
}

static int one_huge_slot(void)
{
	return make_slots(100 * TIB, 1, 0);
}

static int large_slot(void)
{
	return make_slots(TIB, 1, 0);
}

static int many_slots(void)
{
	return make_slots(64 * GIB, 64, 0);
}

static int huge_logged_slot(void)
{
	return make_slots(100 * TIB, 1, KVM_MEM_LOG_DIRTY_PAGES);
}

static int logged_slots(void)
{
	return make_slots(64 * GIB, 64, KVM_MEM_LOG_DIRTY_PAGES);
}

/* An HPT of 2^order bytes, and as much again beside it */
static int table(uint32_t order)
{
	return allocate_htab(&vm, order) ? errno : NO_LIMIT;
}

static int table_25(void)
{
	return table(25);
}

static int table_28(void)
{
	return table(28);
}

static int table_36(void)
{
	return table(36);
}

static int prepare(uint32_t order)
{
	struct kvm_ppc_resize_hpt arg = { .shift = order };
	int rc;

	if (allocate_htab(&vm, 24))
		return NO_VM;
	do
		rc = ioctl(vm.fd, KVM_PPC_RESIZE_HPT_PREPARE, &arg);
	while (rc > 0);
	return rc ? errno : NO_LIMIT;
}

static int prepare_24(void)
{
	return prepare(24);
}

static int prepare_27(void)
{
	return prepare(27);
}

/* KVM_RUN wants an HPT of 16 MiB */
static int run(void)
{
	void *mem = must_map("memory", mmap(NULL, MIB, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	if (make_slots(64 * GIB, 5, 0) != NO_LIMIT ||
	    set_slot(&vm, 5, 5 * 64 * GIB, mem, MIB, 0) || enable_papr(&vm))
		return NO_VM;
	return ioctl(vm.vcpu, KVM_RUN, 0) ? errno : NO_LIMIT;
}

static int sources(void)
{
	uint64_t source = KVM_XICS_MASKED | 0xffULL << KVM_XICS_PRIORITY_SHIFT;
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	struct kvm_device_attr attr = {
		.group = KVM_DEV_XICS_GRP_SOURCES, .addr = (unsigned long)&source,
	};
	int i, n;

	/* the old VM goes on, for there is a file of its device */
	for (n = 0; n < 2; n++) {
		if (ioctl(vm.fd, KVM_CREATE_DEVICE, &dev))
			return errno;
		for (i = 0; i < 1024; i++) {
			attr.attr = i << 10 | 16;
			if (ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr))
				return errno;
		}
		vm.fd = ioctl(kvm, KVM_CREATE_VM, VM_HV);
		if (vm.fd < 0)
			return errno;
	}
	return NO_LIMIT;
}

static int tce_table(void)
{
	struct kvm_create_spapr_tce_64 arg = {
		.liobn = 1, .page_shift = 16, .size = 1 << 24,
	};

	return ioctl(vm.fd, KVM_CREATE_SPAPR_TCE_64, &arg) < 0 ? errno : NO_LIMIT;
}

static int tce_tables(void)
{
	struct kvm_create_spapr_tce_64 arg = { .page_shift = 16, .size = 1 << 20 };

	for (arg.liobn = 1; arg.liobn < 100; arg.liobn++)
		if (ioctl(vm.fd, KVM_CREATE_SPAPR_TCE_64, &arg) < 0)
			return errno;
	return NO_LIMIT;
}

/* Of the pool that was set aside at boot: not more than this user may lock */
static int rmas(void)
{
	const struct rlimit some = { 100 * MIB, 100 * MIB };
	struct kvm_allocate_rma rma;

	if (setrlimit(RLIMIT_MEMLOCK, &some) || setuid(NOBODY) ||
	    ioctl(vm.fd, KVM_ALLOCATE_RMA, &rma) < 0)
		return NO_VM;
	return ioctl(vm.fd, KVM_ALLOCATE_RMA, &rma) < 0 ? errno : NO_LIMIT;
}

/* One that goes back to the pool counts no more */
static int rmas_in_turn(void)
{
	const struct rlimit some = { 100 * MIB, 100 * MIB };
	struct kvm_allocate_rma rma;
	int i, fd;

	if (setrlimit(RLIMIT_MEMLOCK, &some) || setuid(NOBODY))
		return NO_VM;
	for (i = 0; i < 4; i++) {
		fd = ioctl(vm.fd, KVM_ALLOCATE_RMA, &rma);
		if (fd < 0)
			return NO_VM;
		close(fd);
	}
	return rmas();
}

/*
 * What a vcpu needs is small, and allocated as for any other backend: the kernel ends
 * the process that is beyond its limit, and no other.
 */
static int vcpus(void)
{
	int i, n;

	for (n = 0; n < 100; n++) {
		for (i = 1; i < 32; i++)
			if (ioctl(vm.fd, KVM_CREATE_VCPU, i) < 0)
				return errno;
		vm.fd = ioctl(kvm, KVM_CREATE_VM, VM_HV);
		if (vm.fd < 0)
			return errno;
	}
	return NO_LIMIT;
}

/* ---- */

static void join(void)
{
	char pid[20];

	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(GROUP "/cgroup.procs", pid);
}

/* Runs @attempt in a process; the memory that the host lost meanwhile */
static int in_process(int (*attempt)(void), int limited, unsigned long *lost)
{
	unsigned long before = mem_free(), then;
	int to[2], from[2], status;
	char c;
	pid_t pid;

	if (pipe(to) || pipe(from))
		exit(1);
	/* A pipe keeps its page: write() needs none when the group is full */
	if (write(from[1], "", 1) != 1 || read(from[0], &c, 1) != 1)
		exit(1);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(to[1]);
		close(from[0]);
		if (limited)
			join();
		/* What this process itself needs is there before the group is full */
		if (mlockall(MCL_CURRENT) || munlockall())
			_exit(1);
		open_vm(&vm, VM_HV);
		status = attempt();
		if (write(from[1], "", 1) != 1 || read(to[0], &c, 1))
			_exit(1);
		_exit(status);
	}
	close(to[0]);
	close(from[1]);
	/* an end without a byte if it was killed */
	if (read(from[0], &c, 1) < 0)
		exit(1);
	then = mem_free();
	*lost = then < before ? before - then : 0;
	close(to[1]);
	close(from[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void limited(const char *what, int (*attempt)(void), unsigned long allowed)
{
	unsigned long lost;
	int got = in_process(attempt, 1, &lost);

	printf("quota: %s: %s, the host lost %lu KiB\n", what,
	       got == NO_LIMIT ? "no limit" : got > 0 ? strerror(got) : "killed", lost >> 10);
	check_value(what, got, ENOMEM);
	check_value("no more than allowed", lost > allowed + SLACK ? lost : 0, 0);
}

/* Small objects of the group; the kernel adds up what its CPUs count every two seconds */
static unsigned long group_slab(void)
{
	sleep(3);
	return read_number(GROUP "/memory.stat", "slab ");
}

/* Tokens are few bytes each: look whether they count */
static int tokens(void)
{
	struct kvm_rtas_token_args arg = { .name = "ibm,int-on" };
	unsigned long before = group_slab(), after;

	for (arg.token = 1; arg.token <= NR_TOKENS; arg.token++)
		if (ioctl(vm.fd, KVM_PPC_RTAS_DEFINE_TOKEN, &arg))
			return errno;
	after = group_slab();
	return after - before < NR_TOKENS * TOKEN_BYTES ? NO_LIMIT : ENOMEM;
}

/* Memory for the pages of a slot takes a while to clear; @kill: not to its end */
static uint64_t time_of_slot(uint64_t size, uint64_t kill_after)
{
	struct timespec t = { .tv_nsec = kill_after };
	uint64_t begin;
	int to[2], status;
	pid_t pid;
	char c;

	if (pipe(to))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		open_vm(&vm, VM_HV);
		if (write(to[1], "", 1) != 1)
			_exit(1);
		status = make_slots(size, 1, 0);
		if (write(to[1], "", 1) != 1)
			_exit(1);
		_exit(status == NO_LIMIT ? 0 : status);
	}
	close(to[1]);
	check("start", read(to[0], &c, 1), 0);
	begin = now();
	if (kill_after) {
		nanosleep(&t, NULL);
		kill(pid, SIGKILL);
	}
	/* until the slot is there, or the process has left the kernel */
	check("end", read(to[0], &c, 1), 0);
	begin = now() - begin;
	close(to[0]);
	waitpid(pid, &status, 0);
	if (!kill_after)
		check_value("slot", status, 0);
	return begin;
}

static void killed_early(void)
{
	uint64_t all = time_of_slot(4 * TIB, 0);
	uint64_t part = time_of_slot(4 * TIB, all / 8);

	printf("quota: a slot of 4 TiB: %lu us, %lu us with SIGKILL after %lu us\n",
	       (unsigned long)all / 1000, (unsigned long)part / 1000,
	       (unsigned long)all / 8000);
	check_value("a signal ends a long allocation", part < all / 2, 1);
}

int main(void)
{
	unsigned long lost;
	int got;

	open_kvm();
	if (mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL)) {
		perror("cgroup2");
		return 1;
	}
	/* Short lists of pages that a CPU keeps for itself: they are not in MemFree */
	write_file("/proc/sys/vm/min_free_kbytes", "8192");
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	write_file(GROUP "/memory.max", "64M");

	limited("an HPT of 32 MiB", table_25, 0);
	limited("an HPT of 256 MiB", table_28, 0);
	limited("an HPT of 64 GiB", table_36, 0);
	limited("an HPT of 16 MiB beside another", prepare_24, LIMIT);
	limited("an HPT of 128 MiB beside another", prepare_27, LIMIT);
	limited("a slot of 100 TiB", one_huge_slot, 0);
	limited("a slot of 100 TiB with a dirty log", huge_logged_slot, 0);
	limited("a slot of 1 TiB", large_slot, 0);
	limited("slots of 64 GiB", many_slots, LIMIT);
	limited("slots of 64 GiB with a dirty log", logged_slots, LIMIT);
	limited("KVM_RUN", run, LIMIT);
	limited("sources of XICS", sources, LIMIT);
	limited("a TCE table of 128 MiB", tce_table, 0);
	limited("TCE tables of 8 MiB", tce_tables, LIMIT);
	limited("RMAs", rmas, LIMIT);
	limited("one RMA after the other", rmas_in_turn, LIMIT);
	limited("RTAS tokens", tokens, LIMIT);

	got = in_process(vcpus, 1, &lost);
	printf("quota: vcpus: %s, the host lost %lu KiB\n",
	       got < 0 ? "killed" : strerror(got), lost >> 10);
	check_value("vcpus", got == ENOMEM || got == -SIGKILL, 1);
	check_value("memory of vcpus", lost > LIMIT + SLACK ? lost : 0, 0);

	/* Without a limit there is what the host has, and no other process pays for it */
	got = in_process(one_huge_slot, 0, &lost);
	check_value("a slot of 100 TiB without a limit", got, ENOMEM);
	check_value("memory for it", lost > SLACK ? lost : 0, 0);
	killed_early();
	return summary("quota");
}
