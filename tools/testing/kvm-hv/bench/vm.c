// SPDX-License-Identifier: GPL-2.0
/*
 * What it takes to make a VM and to get rid of it, in nanoseconds by the
 * timebase: one vcpu, a hash table of 16 MiB, 256 MiB of untouched memory; and
 * the same once its guest has run.  Then what a page of the dirty log takes.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>

#define ROUNDS	15
#define MEM	(256UL << 20)
#define ORDER	24

#define PAGE	0x10000UL
#define LOW	(16UL << 20)	/* below it: the guest's code */
#define PAGES	2048UL		/* that it stores to */

enum what { MADE, RAN, GONE, NR_WHAT };

static const char *const name[NR_WHAT] = { "vm_create", "vm_first_run", "vm_destroy" };

/* Pages that the guest has written to, has not for the first time, and has not again */
enum { WRITTEN, NOT_WRITTEN, STILL_NOT, NR_LOGS };

static const char *const log_name[NR_LOGS] = {
	"dirty_log_written", "dirty_log_not_written", "dirty_log_still_not",
};

static int kvm;
static uint32_t *mem;
/* For the plugin that counts, pathcount.c: which of them has marks around it */
static int marked = NR_WHAT;

static uint64_t timebase(void)
{
	uint64_t v;

	__asm__ volatile("mfspr %0,268" : "=r" (v) : : "memory");
	return v;
}

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static uint64_t hz(void)
{
	char line[128];
	uint64_t v = 0;
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "timebase : %lu", &v);
	if (f)
		fclose(f);
	check(v, "timebase");
	return v;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t start(int what)
{
	if (what == marked)
		__asm__ volatile("ori 0,0,0x6001" : : : "memory");
	return timebase();
}

static uint64_t stop(int what, uint64_t since)
{
	uint64_t t = timebase() - since;

	if (what == marked)
		__asm__ volatile("ori 0,0,0x6002" : : : "memory");
	return t;
}

static struct kvm_run *run;
static int vm, vcpu, size;

static void make_vm(uint32_t flags)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_userspace_memory_region r = {
		.memory_size = MEM, .userspace_addr = (unsigned long)mem,
		.flags = flags,
	};
	struct kvm_regs regs = { .pc = 0x100, .msr = 1UL << 63 };
	uint32_t order = ORDER;

	vm = ioctl(kvm, KVM_CREATE_VM, 1);
	check(vm >= 0, "KVM_CREATE_VM");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check(vcpu >= 0, "KVM_CREATE_VCPU");
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run != MAP_FAILED, "mmap");
	check(!ioctl(vcpu, KVM_ENABLE_CAP, &papr), "KVM_CAP_PPC_PAPR");
	check(!ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &order), "KVM_PPC_ALLOCATE_HTAB");
	check(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r), "KVM_SET_USER_MEMORY_REGION");
	check(!ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void run_guest(void)
{
	check(!ioctl(vcpu, KVM_RUN, 0) && run->exit_reason == KVM_EXIT_PAPR_HCALL,
	      "KVM_RUN");
}

static void close_vm(void)
{
	munmap(run, size);
	close(vcpu);
	close(vm);
}

static void round_of(uint64_t t[NR_WHAT])
{
	t[MADE] = start(MADE);
	make_vm(0);
	t[MADE] = stop(MADE, t[MADE]);
	t[RAN] = start(RAN);
	run_guest();
	t[RAN] = stop(RAN, t[RAN]);
	t[GONE] = start(GONE);
	close_vm();
	t[GONE] = stop(GONE, t[GONE]);
}

/* The guest stores to each of the pages */
static void write_pages(void)
{
	struct kvm_regs regs = { .pc = 0x200, .msr = 1UL << 63 };

	memset(run->papr_hcall.args, 0, sizeof(run->papr_hcall.args));
	run->papr_hcall.ret = 0;
	run->papr_hcall.args[1] = LOW;			/* r5 */
	run->papr_hcall.args[2] = LOW + PAGES * PAGE;	/* r6 */
	check(!ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	run_guest();
}

/* What the memslot takes, most of which are the pages */
static uint64_t read_log(unsigned int want)
{
	static uint8_t map[MEM / PAGE / 8];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = map };
	unsigned int i, n = 0;
	uint64_t t;

	t = timebase();
	check(!ioctl(vm, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	t = timebase() - t;
	for (i = LOW / PAGE; i < LOW / PAGE + PAGES; i++)
		n += map[i / 8] >> i % 8 & 1;
	check(n == want, "pages in the dirty log");
	return t;
}

static void dirty_log(uint64_t tb)
{
	static uint64_t v[NR_LOGS][ROUNDS];
	uint64_t none;
	int i, j;

	/* 1: std r5,0(r5); addis r5,r5,1; cmpld r5,r6; blt 1b; then as at 0x100 */
	mem[0x80] = htobe32(0xf8a50000);
	mem[0x81] = htobe32(0x3ca50001);
	mem[0x82] = htobe32(0x7c253040);
	mem[0x83] = htobe32(0x4180fff4);
	mem[0x84] = mem[0x40];
	mem[0x85] = mem[0x41];
	make_vm(KVM_MEM_LOG_DIRTY_PAGES);
	run_guest();
	read_log(0);
	none = read_log(0);
	for (i = 0; i < ROUNDS; i++) {
		write_pages();
		v[WRITTEN][i] = read_log(PAGES);
		v[NOT_WRITTEN][i] = read_log(0);
		v[STILL_NOT][i] = read_log(0);
	}
	close_vm();
	for (j = 0; j < NR_LOGS; j++) {
		qsort(v[j], ROUNDS, sizeof(v[j][0]), compare);
		printf("BENCH: %s %.2f ns\n", log_name[j],
		       (v[j][ROUNDS / 2] - none) * 1e9 / tb / PAGES);
	}
}

/* vm [NAME]: the result called NAME, of one round, is what is profiled */
int main(int argc, char **argv)
{
	static uint64_t v[NR_WHAT][ROUNDS];
	uint64_t tb = hz(), t[NR_WHAT];
	int i, j;

	kvm = open("/dev/kvm", O_RDWR);
	check(kvm >= 0, "/dev/kvm");
	mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(mem != MAP_FAILED, "memory");
	/* li r3,0x7ffc; sc 1: an hcall nobody has; the guest is big-endian */
	mem[0x40] = htobe32(0x38607ffc);
	mem[0x41] = htobe32(0x44000022);
	for (i = 0; i < ROUNDS; i++) {
		round_of(t);
		for (j = 0; j < NR_WHAT; j++)
			v[j][i] = t[j];
	}
	for (i = 0; i < NR_WHAT; i++) {
		qsort(v[i], ROUNDS, sizeof(v[i][0]), compare);
		printf("BENCH: %s %lu.00 ns\n", name[i], v[i][ROUNDS / 2] * 1000 / (tb / 1000000));
		if (argc > 1 && !strcmp(argv[1], name[i]))
			marked = i;
	}
	if (marked == NR_WHAT)
		dirty_log(tb);
	if (marked != NR_WHAT) {
		round_of(t);
		printf("PROFILE: 1 rounds\n");
	}
	return 0;
}
