// SPDX-License-Identifier: GPL-2.0
/*
 * usage: tce [pr] [/dev/vfio/GROUP]
 *
 * TCE tables in the kernel, without QEMU: the ioctls that make them, their
 * files and mappings, and the four hcalls.  A guest of a few instructions makes
 * each hcall with arguments from here; what it did is compared through the
 * mapping.  With "pr" all of it under KVM PR.  The group is one that KVM may be
 * asked to attach to a table.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define CODE_ONE	0x100		/* one hcall */
#define CODE_MANY	0x200		/* as many as r19 says */
#define LIST		0x100000UL
#define TB_PER_US	512

#define USER		0x77		/* our own answer */

#define LIOBN		0x80000000UL

static int memfd, pr;
static struct vm vm;
static uint8_t *mem;
static unsigned long nr_put;	/* H_PUT_TCE that should find a table */

/* ---- the VM ---- */

static int enable_hcall(uint64_t nr, uint64_t on)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = { nr, on },
	};

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

static void new_vm(void)
{
	open_vm(&vm, pr ? VM_PR : VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	if (!pr)
		check("HTAB", allocate_htab(&vm, 18), 0);
	check("memory", set_slot(&vm, 0, 0, mem, MEM_SIZE, 0), 0);
}

static unsigned long stat_of(const char *name)
{
	struct kvm_stats_header h;
	struct kvm_stats_desc *d;
	unsigned long val = ~0UL;
	int fd = ioctl(vm.vcpu, KVM_GET_STATS_FD, NULL);
	unsigned int i;

	if (fd < 0 || pread(fd, &h, sizeof(h), 0) != sizeof(h)) {
		perror("KVM_GET_STATS_FD");
		exit(1);
	}
	d = calloc(1, sizeof(*d) + h.name_size);
	for (i = 0; i < h.num_desc; i++) {
		pread(fd, d, sizeof(*d) + h.name_size,
		      h.desc_offset + i * (sizeof(*d) + h.name_size));
		if (!strcmp(d->name, name))
			pread(fd, &val, sizeof(val), h.data_offset + d->offset);
	}
	free(d);
	close(fd);
	return val;
}

/* ---- the guest ---- */

/* mr	ra,rs */
static uint32_t mr(uint32_t ra, uint32_t rs)
{
	return 0x7c000378 | rs << 21 | ra << 16 | rs << 11;
}

static void load_code(void)
{
	const uint32_t one[] = {
		mr(3, 14), mr(4, 15), mr(5, 16), mr(6, 17), mr(7, 18), SC1,
		mr(30, 3), mr(31, 4), LI_DONE, SC1,
	};
	const uint32_t many[] = {
		0x7f8c42e6,		/* mftb	r28 */
		mr(3, 14), mr(4, 15), mr(5, 16), mr(6, 17), mr(7, 18), SC1,
		0x3a73ffff,		/* addi	r19,r19,-1 */
		0x2c330000,		/* cmpdi r19,0 */
		0x4082ffe0,		/* bne	to the first mr */
		0x7fac42e6,		/* mftb	r29 */
		LI_DONE, SC1,
	};

	put_code(mem + CODE_ONE, one, ARRAY_SIZE(one));
	put_code(mem + CODE_MANY, many, ARRAY_SIZE(many));
}

static void set_regs(unsigned long pc, const uint64_t *args, uint64_t n)
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF };

	memcpy(&regs.gpr[14], args, 5 * sizeof(*args));
	regs.gpr[19] = n;
	if (ioctl(vm.vcpu, KVM_SET_REGS, &regs))
		perror("KVM_SET_REGS");
}

/*
 * One hcall.  If the kernel does not answer, USER is the answer, and all
 * arguments must have come.
 */
static long guest_calls(uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
			uint64_t d, uint64_t *r4)
{
	const uint64_t args[] = { nr, a, b, c, d };
	struct kvm_regs regs;
	int i;

	set_regs(CODE_ONE, args, 0);
	for (i = 0; i < 2; i++) {
		if (ioctl(vm.vcpu, KVM_RUN, 0) ||
		    vm.run->exit_reason != KVM_EXIT_PAPR_HCALL) {
			printf("FAIL KVM_RUN: %s, reason %u\n", strerror(errno),
			       vm.run->exit_reason);
			exit(1);
		}
		if (vm.run->papr_hcall.nr == HCALL_DONE)
			break;
		check_value("hcall for user space", vm.run->papr_hcall.nr, nr);
		check_value("its arguments",
			    !memcmp(vm.run->papr_hcall.args, &args[1],
				    4 * sizeof(args[0])), 1);
		vm.run->papr_hcall.ret = USER;
	}
	ioctl(vm.vcpu, KVM_GET_REGS, &regs);
	if (r4)
		*r4 = regs.gpr[31];
	return regs.gpr[30];
}

static long h_put(uint64_t liobn, uint64_t ioba, uint64_t tce)
{
	nr_put++;
	return guest_calls(H_PUT_TCE, liobn, ioba, tce, 0, NULL);
}

static long h_stuff(uint64_t liobn, uint64_t ioba, uint64_t tce, uint64_t n)
{
	return guest_calls(H_STUFF_TCE, liobn, ioba, tce, n, NULL);
}

static long h_indirect(uint64_t liobn, uint64_t ioba, uint64_t list, uint64_t n)
{
	return guest_calls(H_PUT_TCE_INDIRECT, liobn, ioba, list, n, NULL);
}

static void check_get(const char *what, uint64_t liobn, uint64_t ioba,
		      long want, uint64_t entry)
{
	uint64_t r4;

	if (pr)		/* it has no H_GET_TCE */
		return;
	check_value(what, guest_calls(H_GET_TCE, liobn, ioba, 0, 0, &r4), want);
	if (want == H_SUCCESS)
		check_value(what, r4, entry);
}

/* ---- tables ---- */

struct table {
	uint64_t liobn, offset, size;
	uint32_t shift;
	int fd;
	size_t bytes;
	uint64_t *map;
};

static int create(uint64_t liobn, uint32_t shift, uint32_t flags,
		  uint64_t offset, uint64_t size)
{
	struct kvm_create_spapr_tce_64 c = {
		.liobn = liobn, .page_shift = shift, .flags = flags,
		.offset = offset, .size = size,
	};

	return ioctl(vm.fd, KVM_CREATE_SPAPR_TCE_64, &c);
}

static int create_old(uint64_t liobn, uint32_t window)
{
	struct kvm_create_spapr_tce c = {
		.liobn = liobn, .window_size = window,
	};

	return ioctl(vm.fd, KVM_CREATE_SPAPR_TCE, &c);
}

static size_t page_align(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) & -page;
}

static void open_table(struct table *t)
{
	t->fd = create(t->liobn, t->shift, 0, t->offset, t->size);
	t->bytes = page_align(t->size * sizeof(uint64_t));
	t->map = mmap(NULL, t->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      t->fd, 0);
	if (t->fd < 0 || t->map == MAP_FAILED) {
		perror("table");
		exit(1);
	}
}

static void close_table(struct table *t)
{
	close(t->fd);
	munmap(t->map, t->bytes);
}

static uint64_t ioba_of(const struct table *t, uint64_t index)
{
	return (t->offset + index) << t->shift;
}

/* How many entries are not VAL, among N from FIRST */
static uint64_t others(const struct table *t, uint64_t first, uint64_t n,
		       uint64_t val)
{
	uint64_t i, bad = 0;

	for (i = first; i < first + n; i++)
		bad += t->map[i] != val;
	return bad;
}

static void fill(const struct table *t, uint64_t val)
{
	uint64_t i;

	for (i = 0; i < t->bytes / sizeof(val); i++)
		t->map[i] = val;
}

/* ---- tests: KVM's side ---- */

static void bad_ioctls(void)
{
	int fd, other;

	check("size 0", create(LIOBN, 12, 0, 0, 0), EINVAL);
	check("size too large", create(LIOBN, 12, 0, 0, (1 << 27) + 1), EINVAL);
	check("size 2^61", create(LIOBN, 12, 0, 0, 1UL << 61), EINVAL);
	check("size 2^64 - 1", create(LIOBN, 12, 0, 0, -1UL), EINVAL);
	check("flags", create(LIOBN, 12, 1, 0, 16), EINVAL);
	check("page shift 11", create(LIOBN, 11, 0, 0, 16), EINVAL);
	check("page shift 35", create(LIOBN, 35, 0, 0, 16), EINVAL);
	check("page shift 76", create(LIOBN, 76, 0, 0, 16), EINVAL);
	check("offset 2^52", create(LIOBN, 12, 0, 1UL << 52, 1), EINVAL);
	check("offset 2^64 - 1", create(LIOBN, 12, 0, -1UL, 1), EINVAL);
	check("end above 2^64", create(LIOBN, 12, 0, (1UL << 52) - 8, 9), EINVAL);
	fd = create(LIOBN, 12, 0, (1UL << 52) - 8, 8);
	check("end at 2^64", fd, 0);
	check_value("close-on-exec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	check("LIOBN taken", create(LIOBN, 16, 0, 0, 16), EBUSY);
	check("LIOBN taken, old ioctl", create_old(LIOBN, 1 << 20), EBUSY);
	other = create(LIOBN + 1, 12, 0, 0, 8);
	check("another LIOBN", other, 0);
	close(other);
	close(fd);
	fd = create(LIOBN, 12, 0, 0, 8);
	check("LIOBN free again", fd, 0);
	close(fd);
	check("old ioctl, window 0", create_old(LIOBN, 0), EINVAL);
	check("old ioctl, window 4095", create_old(LIOBN, 4095), EINVAL);
	fd = create_old(LIOBN, 4096);
	check("old ioctl, window 4096", fd, 0);
	close(fd);
	check_value("KVM_CAP_SPAPR_TCE",
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE), 1);
	check_value("KVM_CAP_SPAPR_TCE_64",
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_64), 1);
	check_value("KVM_CAP_SPAPR_MULTITCE",
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_MULTITCE), 1);
	check_value("KVM_CAP_SPAPR_TCE_VFIO",
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE_VFIO), 0);
}

static void too_many(void)
{
	const struct rlimit files = { 2048, 2048 };
	static int fd[1024];
	int i;

	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 0; i < 1024; i++)
		fd[i] = create(LIOBN + i, 12, 0, 0, 1);
	check("table 1024", fd[1023], 0);
	check("table 1025", create(LIOBN + i, 12, 0, 0, 1), ENOSPC);
	while (i--)
		close(fd[i]);
}

static long locked_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* Without CAP_IPC_LOCK: its own process, which is a VM's owner */
static void memory_limit(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct rlimit lock = { 1 << 20, 1 << 20 };
	struct __user_cap_data_struct cap[2];
	int fd, status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child) {
		waitpid(child, &status, 0);
		check_value("process with a limit", status, 0);
		return;
	}
	passed = 0;
	failed = 0;
	new_vm();
	setrlimit(RLIMIT_MEMLOCK, &lock);
	syscall(SYS_capget, &head, cap);
	cap[0].effective &= ~(1U << CAP_IPC_LOCK);
	check("capset", syscall(SYS_capset, &head, cap), 0);
	check_value("locked before", locked_kib(), 0);
	fd = create(LIOBN, 12, 0, 0, 65536);
	check("512 KiB of 1 MiB", fd, 0);
	/* the entries, and not much more */
	check_value("locked with a table",
		    locked_kib() > 512 && locked_kib() <= 640, 1);
	check("1 MiB of 1 MiB", create(LIOBN + 1, 12, 0, 0, 131072), ENOMEM);
	check("LIOBN taken", create(LIOBN, 12, 0, 0, 16), EBUSY);
	close(fd);
	check_value("locked after", locked_kib(), 0);
	close_vm(&vm);
	exit(failed != 0);
}

static sigjmp_buf bus;

static void on_bus(int sig)
{
	siglongjmp(bus, 1);
}

static int touch(uint64_t *p)
{
	if (sigsetjmp(bus, 1))
		return SIGBUS;
	*p = 1;
	return 0;
}

static void mappings(void)
{
	struct table t = { .liobn = LIOBN, .shift = 12, .size = 20000 };
	struct sigaction sa = { .sa_handler = on_bus };
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t *more;

	sigaction(SIGBUS, &sa, NULL);
	open_table(&t);
	check_value("new table", others(&t, 0, t.bytes / 8, 0), 0);
	more = mmap(NULL, t.bytes + page, PROT_READ | PROT_WRITE, MAP_SHARED,
		    t.fd, 0);
	check_value("last page", touch(more + t.bytes / 8 - 1), 0);
	check_value("past the end", touch(more + t.bytes / 8), SIGBUS);
	munmap(more, t.bytes + page);
	more = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, t.fd,
		    1L << 40);
	check_value("far past the end", touch(more), SIGBUS);
	munmap(more, page);
	check("offset inside a page",
	      (long)mmap(NULL, page, PROT_READ, MAP_SHARED, t.fd, 4096 + 8),
	      EINVAL);
	more = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, t.fd, page);
	t.map[page / 8] = 6;
	check_value("private mapping", more[0], 6);
	more[0] = 7;
	check_value("copied on write", t.map[page / 8], 6);
	munmap(more, page);
	check("read", read(t.fd, mem, 8), EINVAL);
	check("write", write(t.fd, mem, 8), EINVAL);

	/* the mapping keeps the table, the guest still has it */
	close(t.fd);
	check_value("fd closed, mapped", h_put(LIOBN, 0x5000, 0x7003), 0);
	check_value("fd closed, entry", t.map[5], 0x7003);
	munmap(t.map, t.bytes);
	check_value("unmapped",
		    guest_calls(H_PUT_TCE, LIOBN, 0x5000, 0x7003, 0, NULL), USER);
}

static unsigned long user_calls;	/* H_STUFF_TCE that came to us */
static int all_done;

/* Runs the guest until it has made all its hcalls */
static void *run_many(void *arg)
{
	while (!ioctl(vm.vcpu, KVM_RUN, 0) &&
	       vm.run->exit_reason == KVM_EXIT_PAPR_HCALL &&
	       vm.run->papr_hcall.nr == H_STUFF_TCE) {
		vm.run->papr_hcall.ret = USER;
		__atomic_add_fetch(&user_calls, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&all_done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static unsigned long load(unsigned long *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static int running(void)
{
	return !__atomic_load_n(&all_done, __ATOMIC_ACQUIRE);
}

/* A table may come after real mode has not found it: then it counts there */
static unsigned long multi_tces(void)
{
	return stat_of("multi_tce_real") + stat_of("multi_tce_virt");
}

/*
 * The guest makes hcalls, long ones, while its table and others on the same
 * list come and go: each hcall reaches the table or user space.  One that goes
 * on when its table is gone is for a kernel with page_poison=1 to find; -icount
 * stops a CPU in the middle of it for long enough.
 */
static void come_and_go(void)
{
	struct table t = { .liobn = LIOBN, .shift = 12, .size = 20000 };
	const uint64_t args[] = { H_STUFF_TCE, LIOBN, 0x3000, 0x9003, 512 };
	const unsigned long calls = 100000, before = multi_tces();
	unsigned long here, seen, rounds = 0, reached = 0;
	pthread_t thread;
	int other;

	set_regs(CODE_MANY, args, calls);
	pthread_create(&thread, NULL, run_many, NULL);
	while (running()) {
		other = create(LIOBN + 1, 12, 0, 0, 100);
		open_table(&t);
		close(other);
		usleep(2000);
		reached += t.map[3] == args[3] && t.map[514] == args[3];
		seen = load(&user_calls);
		close_table(&t);
		while (running() && load(&user_calls) < seen + 20)
			usleep(100);
		rounds++;
	}
	pthread_join(thread, NULL);
	here = multi_tces() - before;
	check_value("last exit", vm.run->exit_reason, KVM_EXIT_PAPR_HCALL);
	check_value("last hcall", vm.run->papr_hcall.nr, HCALL_DONE);
	check_value("hcalls", here + user_calls, calls);
	check_value("tables came and went", reached > 3 && rounds > 3, 1);
	printf("tce: %lu tables, %lu hcalls reached one, %lu did not\n",
	       rounds, here, user_calls);
}

/* What user space finds when a signal has come in the middle of one */
static int partly_done(const struct table *t, const uint64_t *args)
{
	struct kvm_regs regs;
	uint64_t left, done;

	if (t->map[0] != args[3] || t->map[t->size - 1] == args[3])
		return 0;
	ioctl(vm.vcpu, KVM_GET_REGS, &regs);
	left = regs.gpr[7];
	done = t->size - left;
	check_value("r3 in between", regs.gpr[3], H_STUFF_TCE);
	check_value("r5 in between", regs.gpr[5], ioba_of(t, done));
	check_value("the last one stored", t->map[done - 1], args[3]);
	check_value("the next one", t->map[done], 0);
	return 1;
}

static void no_action(int sig)
{
}

/* H_STUFF_TCE of a whole table, and signals: how many of them came in its middle? */
static unsigned int stuff_and_signals(struct table *t, uint64_t value, long usec)
{
	const uint64_t args[] = { H_STUFF_TCE, LIOBN, 0, value, t->size };
	const struct itimerval soon = { .it_value.tv_usec = usec };
	const unsigned long before = multi_tces();
	unsigned int parts = 0, i;
	struct kvm_regs regs;
	int rc = -1;

	set_regs(CODE_ONE, args, 0);
	/* not for ever: a machine may be too slow for the timer */
	for (i = 0; rc && i < 1000; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		rc = ioctl(vm.vcpu, KVM_RUN, 0);
		if (rc)
			check("KVM_RUN, signals", rc, EINTR);
		if (rc)
			parts += partly_done(t, args);
	}
	setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
	check("KVM_RUN, after signals", rc, 0);
	check_value("its reason", vm.run->exit_reason, KVM_EXIT_PAPR_HCALL);
	check_value("its hcall", vm.run->papr_hcall.nr, HCALL_DONE);
	ioctl(vm.vcpu, KVM_GET_REGS, &regs);
	check_value("stuff in parts", regs.gpr[30], H_SUCCESS);
	check_value("stuff in parts, entries", others(t, 0, t->size, value), 0);
	check_value("stuff in parts, counted", multi_tces() - before, 1);
	printf("tce: %u signals, %u in the middle of an H_STUFF_TCE\n", i - 1, parts);
	return parts;
}

/* A signal need not wait for a long H_STUFF_TCE, which goes on after it */
static void interrupted_stuff(void)
{
	struct table t = { .liobn = LIOBN, .shift = 12, .size = 1 << 22 };
	struct sigaction sa = { .sa_handler = no_action };
	unsigned int parts = 0;
	int tries;

	sigaction(SIGALRM, &sa, NULL);
	open_table(&t);
	/* On a machine that is busy the timer may miss it, so other times, too */
	for (tries = 0; !parts && tries < 20; tries++) {
		memset(t.map, 0, t.size * sizeof(*t.map));
		parts = stuff_and_signals(&t, 0x9003 + tries * 0x1000, 4000 + 1000 * (tries % 8));
	}
	check_value("a signal in the middle", parts > 0, 1);
	close_table(&t);
}

static int vfio_attr(int dev, uint64_t attr, void *arg)
{
	struct kvm_device_attr a = {
		.group = KVM_DEV_VFIO_GROUP, .attr = attr,
		.addr = (unsigned long)arg,
	};

	return ioctl(dev, KVM_SET_DEVICE_ATTR, &a);
}

static int attach(int dev, int group, int table)
{
	struct kvm_vfio_spapr_tce par = { .groupfd = group, .tablefd = table };

	return vfio_attr(dev, KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE, &par);
}

/* Tables in the kernel are not for hardware */
static void vfio(const char *group)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_VFIO };
	struct kvm_device_attr set = {
		.group = KVM_DEV_VFIO_GROUP,
		.attr = KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE,
	};
	int table = create(LIOBN, 12, 0, 0, 16), none = -1, has, fd;

	check("KVM_DEV_TYPE_VFIO", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	/* a kernel without CONFIG_SPAPR_TCE_IOMMU has not */
	has = !ioctl(dev.fd, KVM_HAS_DEVICE_ATTR, &set);
	check("attach, no file", attach(dev.fd, none, table), has ? EBADF : ENXIO);
	check("attach, not a group", attach(dev.fd, table, table),
	      has ? ENOENT : ENXIO);
	check("add, no file", vfio_attr(dev.fd, KVM_DEV_VFIO_GROUP_ADD, &none), EBADF);
	check("add, not a group", vfio_attr(dev.fd, KVM_DEV_VFIO_GROUP_ADD, &table),
	      EINVAL);
	if (group) {
		fd = open(group, O_RDWR);
		check(group, fd, 0);
		check("attach, not added", attach(dev.fd, fd, table), ENOENT);
		check("add", vfio_attr(dev.fd, KVM_DEV_VFIO_GROUP_ADD, &fd), 0);
		check("attach", attach(dev.fd, fd, table), EOPNOTSUPP);
		check("attach to no table", attach(dev.fd, fd, -1), EOPNOTSUPP);
		check("remove", vfio_attr(dev.fd, KVM_DEV_VFIO_GROUP_DEL, &fd), 0);
		check("attach, removed", attach(dev.fd, fd, table), ENOENT);
		printf("tce: %s was not attached\n", group);
		close(fd);
	}
	close(dev.fd);
	close(table);
}

static void vm_gone(void)
{
	struct table t = { .liobn = LIOBN, .shift = 12, .size = 100 };

	open_table(&t);
	check_value("entry", h_put(LIOBN, 0x3000, 0xa003), H_SUCCESS);
	close_vm(&vm);
	check_value("VM gone, entry", t.map[3], 0xa003);
	t.map[99] = 1;
	close_table(&t);
}

/* ---- tests: the guest's side ---- */

static void h_put_get(const struct table *t)
{
	const uint64_t page = 1UL << t->shift, last = t->size - 1;
	const uint64_t bad[] = { 4, page / 2, 8 | 3 };
	unsigned int i;

	fill(t, 0);
	for (i = 0; i < 4; i++) {
		check_value("put", h_put(t->liobn, ioba_of(t, i),
					 (i + 7) << t->shift | i), H_SUCCESS);
		check_value("entry", t->map[i], (i + 7) << t->shift | i);
	}
	check_value("put last", h_put(t->liobn, ioba_of(t, last), 3 - page),
		    H_SUCCESS);
	check_value("last entry", t->map[last], 3 - page);
	check_get("get", t->liobn, ioba_of(t, 2), H_SUCCESS, t->map[2]);
	t->map[2] = 0x123456789abcdef0;
	check_get("get ours", t->liobn, ioba_of(t, 2), H_SUCCESS, t->map[2]);
	check_get("get last", t->liobn, ioba_of(t, last), H_SUCCESS, 3 - page);

	fill(t, 5);
	check_value("put below", h_put(t->liobn, ioba_of(t, -1), 0), H_PARAMETER);
	check_value("put above", h_put(t->liobn, ioba_of(t, t->size), 0),
		    H_PARAMETER);
	check_value("put at 0", h_put(t->liobn, 0, 0), H_PARAMETER);
	check_value("put at end", h_put(t->liobn, -page, 0), H_PARAMETER);
	check_value("put ioba + 1", h_put(t->liobn, ioba_of(t, 1) + 1, 0),
		    H_PARAMETER);
	check_value("put ioba + half", h_put(t->liobn, ioba_of(t, 1) + page / 2,
					     0), H_PARAMETER);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check_value("put bad bits", h_put(t->liobn, ioba_of(t, 1),
						  page | bad[i]), H_PARAMETER);
	check_get("get below", t->liobn, ioba_of(t, -1), H_PARAMETER, 0);
	check_get("get above", t->liobn, ioba_of(t, t->size), H_PARAMETER, 0);
	check_get("get ioba + 1", t->liobn, ioba_of(t, 1) + 1, H_PARAMETER, 0);
	check_value("nothing changed", others(t, 0, t->bytes / 8, 5), 0);
}

static void stuff_ok(const struct table *t, uint64_t first, uint64_t n)
{
	const uint64_t tce = (first + 1) << t->shift | 2;

	fill(t, 5);
	check_value("stuff", h_stuff(t->liobn, ioba_of(t, first), tce, n),
		    H_SUCCESS);
	check_value("stuff before", others(t, 0, first, 5), 0);
	check_value("stuffed", others(t, first, n, tce), 0);
	check_value("stuff after",
		    others(t, first + n, t->bytes / 8 - first - n, 5), 0);
}

static void stuff_bad(const struct table *t, uint64_t first, uint64_t tce,
		      uint64_t n)
{
	fill(t, 5);
	check_value("bad stuff", h_stuff(t->liobn, ioba_of(t, first), tce, n),
		    H_PARAMETER);
	check_value("bad stuff, entries", others(t, 0, t->bytes / 8, 5), 0);
}

static void h_stuff_tests(const struct table *t)
{
	const unsigned long real = stat_of("multi_tce_real");
	const unsigned long virt = stat_of("multi_tce_virt");

	stuff_ok(t, 0, 1);
	stuff_ok(t, 0, 512);
	stuff_ok(t, t->size - 1, 1);
	stuff_ok(t, t->size - 512, 512);
	stuff_ok(t, t->size / 2 - 100, 300);
	check_value("stuff in real mode", stat_of("multi_tce_real") - real,
		    pr ? 0 : 5);
	stuff_ok(t, 0, t->size);
	stuff_ok(t, 7, 513);
	check_value("stuff in virtual mode", stat_of("multi_tce_virt") - virt,
		    pr ? 7 : 2);
	stuff_bad(t, 0, 0, 0);
	stuff_bad(t, 0, 0, t->size + 1);
	stuff_bad(t, 1, 0, t->size);
	stuff_bad(t, t->size - 1, 0, 2);
	stuff_bad(t, -1, 0, 2);
	stuff_bad(t, 0, 0, -1UL);
	stuff_bad(t, 0, 4, 1);
	stuff_bad(t, 0, 1UL << (t->shift - 1), 513);
}

static uint64_t list_entry(const struct table *t, uint64_t first, uint64_t i)
{
	return (first * 1000 + i + 1) << t->shift | (i & 3);
}

static void make_list(const struct table *t, uint64_t at, uint64_t first,
		      uint64_t n)
{
	uint64_t i, x;

	for (i = 0; i < n; i++) {
		x = htobe64(list_entry(t, first, i));
		memcpy(mem + at + 8 * i, &x, sizeof(x));
	}
}

static void indirect_ok(const struct table *t, uint64_t at, uint64_t first,
			uint64_t n, int absent)
{
	uint64_t i, bad = 0;

	fill(t, 5);
	make_list(t, at, first, n);
	/* the host forgets where the page is, not what is in it */
	if (absent)
		madvise(mem + (at & -65536UL), 65536, MADV_DONTNEED);
	check_value("indirect", h_indirect(t->liobn, ioba_of(t, first), at, n),
		    H_SUCCESS);
	for (i = 0; i < n; i++)
		bad += t->map[first + i] != list_entry(t, first, i);
	check_value("indirect, entries", bad, 0);
	check_value("indirect before", others(t, 0, first, 5), 0);
	check_value("indirect after",
		    others(t, first + n, t->bytes / 8 - first - n, 5), 0);
}

static void indirect_bad(const char *what, const struct table *t, uint64_t at,
			 uint64_t first, uint64_t n)
{
	fill(t, 5);
	check_value(what, h_indirect(t->liobn, ioba_of(t, first), at, n),
		    H_PARAMETER);
	check_value(what, others(t, 0, t->bytes / 8, 5), 0);
}

static void h_indirect_tests(const struct table *t)
{
	const unsigned long real = stat_of("multi_tce_real");
	unsigned long virt;

	indirect_ok(t, LIST, 0, 1, 0);
	indirect_ok(t, LIST, 0, 512, 0);
	indirect_ok(t, LIST + 4096, t->size - 512, 512, 0);
	indirect_ok(t, LIST + 61440, t->size / 2 - 256, 512, 0);
	indirect_ok(t, MEM_SIZE - 4096, 3, 511, 0);
	check_value("indirect in real mode", stat_of("multi_tce_real") - real,
		    pr ? 0 : 5);
	virt = stat_of("multi_tce_virt");
	indirect_ok(t, LIST + 8192, 1, 512, 1);
	check_value("indirect in virtual mode",
		    stat_of("multi_tce_virt") - virt, 1);

	make_list(t, LIST, 0, 1024);
	indirect_bad("indirect, none", t, LIST, 0, 0);
	indirect_bad("indirect, 513", t, LIST, 0, 513);
	indirect_bad("indirect, 2^64 - 1", t, LIST, 0, -1UL);
	indirect_bad("indirect, list across a page", t, LIST + 8, 0, 512);
	indirect_bad("indirect, list at 8", t, LIST + 8, 0, 1);
	indirect_bad("indirect, list nowhere", t, MEM_SIZE, 0, 1);
	indirect_bad("indirect, list at the end", t, -4096UL, 0, 1);
	indirect_bad("indirect, past the window", t, LIST, t->size - 511, 512);
	indirect_bad("indirect, below the window", t, LIST, -1, 2);
	mem[LIST + 8 * 511 + 7] |= 8;
	indirect_bad("indirect, last entry bad", t, LIST, 0, 512);
	mem[LIST + 8 * 511 + 7] &= ~8;
	madvise(mem + LIST, 65536, MADV_DONTNEED);
	mem[LIST + 8 * 255 + 7] |= 4;
	madvise(mem + LIST, 65536, MADV_DONTNEED);
	indirect_bad("indirect, entry bad, absent", t, LIST, 0, 512);
}

/* A LIOBN without a table: as if there were none at all */
static void bad_liobn(const struct table *t)
{
	const uint64_t liobn[] = { 0, LIOBN - 1, t->liobn | 1UL << 32, -1UL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(liobn); i++) {
		check_value("put, bad LIOBN",
			    guest_calls(H_PUT_TCE, liobn[i], 1, 2, 3, NULL), USER);
		check_value("get, bad LIOBN",
			    guest_calls(H_GET_TCE, liobn[i], 1, 2, 3, NULL), USER);
		check_value("stuff, bad LIOBN",
			    h_stuff(liobn[i], 1, 2, 3), USER);
		check_value("indirect, bad LIOBN",
			    h_indirect(liobn[i], 1, 2, 3), USER);
	}
}

static void switched_off(const struct table *t)
{
	check_value("stuff, not enabled", h_stuff(t->liobn, 0, 0, 1), USER);
	check_value("indirect, not enabled",
		    h_indirect(t->liobn, 0, LIST, 1), USER);
	check("enable H_STUFF_TCE", enable_hcall(H_STUFF_TCE, 1), 0);
	check("enable H_PUT_TCE_INDIRECT",
	      enable_hcall(H_PUT_TCE_INDIRECT, 1), 0);
	check("disable H_PUT_TCE", enable_hcall(H_PUT_TCE, 0), 0);
	check_value("put, not enabled",
		    guest_calls(H_PUT_TCE, t->liobn, ioba_of(t, 0), 0, 0, NULL), USER);
	check("enable H_PUT_TCE", enable_hcall(H_PUT_TCE, 1), 0);
}

static void measure(const struct table *t)
{
	const uint64_t args[] = { H_PUT_TCE, t->liobn, ioba_of(t, 1),
				  1UL << t->shift | 3, 0 };
	struct kvm_regs regs;
	unsigned long tb, best = -1UL;
	int i;

	for (i = 0; i < 10; i++) {
		set_regs(CODE_MANY, args, 1000);
		if (ioctl(vm.vcpu, KVM_RUN, 0))
			perror("KVM_RUN");
		ioctl(vm.vcpu, KVM_GET_REGS, &regs);
		tb = regs.gpr[29] - regs.gpr[28];
		if (tb < best)
			best = tb;
		nr_put += 1000;
	}
	printf("H_PUT_TCE: %lu ns\n", best / TB_PER_US);
	check_value("measured entry", t->map[1], args[3]);
}

int main(int argc, char **argv)
{
	/* the last one is larger than a page of the table */
	struct table t[] = {
		{ .shift = 12, .offset = 16, .size = 1000 },
		{ .shift = 16, .offset = 1UL << 43, .size = 1025 },
		{ .shift = 24, .offset = 1, .size = 777 },
		{ .shift = 21, .offset = 4096, .size = 20000 },
	};
	const int n = ARRAY_SIZE(t);
	const char *group = NULL;
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "pr"))
			group = argv[i];
		else
			pr = 1;
	open_kvm();
	memfd = syscall(SYS_memfd_create, "guest", 0);
	check("size of the guest's memory", ftruncate(memfd, MEM_SIZE), 0);
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_SHARED, memfd, 0));
	memset(mem, 0, MEM_SIZE);
	load_code();

	memory_limit();
	new_vm();
	bad_ioctls();
	too_many();
	mappings();
	for (i = 0; i < n; i++) {
		t[i].liobn = LIOBN + i;
		open_table(&t[i]);
	}
	switched_off(&t[0]);
	for (i = 0; i < n; i++) {
		h_put_get(&t[i]);
		h_stuff_tests(&t[i]);
		h_indirect_tests(&t[i]);
	}
	bad_liobn(&t[0]);
	measure(&t[0]);
	check_value("H_PUT_TCE in real mode", stat_of("put_tce_real"),
		    pr ? 0 : nr_put);
	check_value("H_PUT_TCE in virtual mode", stat_of("put_tce_virt"),
		    pr ? nr_put : 0);
	for (i = 0; i < n; i++)
		close_table(&t[i]);
	interrupted_stuff();
	vfio(group);
	come_and_go();
	vm_gone();
	return summary("tce");
}
