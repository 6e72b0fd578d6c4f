// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: does the hypervisor write to a guest's
 * VPA and dispatch trace log where the guest has them, when the pages behind them
 * come and go, and nowhere else?
 *
 *   vpamove [rma]
 *
 * With "rma": where these pages are the guest's whatever user space has at their
 * addresses, in a real mode area and, on a PPC970, in all other memory.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define AREAS		(32UL << 20)	/* guest real address */
#define PAGE		0x10000UL
#define SLOT_SIZE	(2 * PAGE)	/* the VPA, then the log */
#define GUEST_PC	0x100
#define SPIN_PC		0x200
#define OTHER_PC	0x2000
#define OTHER_AREA	0x100000UL	/* within reach of real mode */
#define TB_MS		512000UL	/* ticks in a millisecond */
#define VPA_REG		1UL
#define VPA_DEREG	5UL

/* PAPR, "Virtual Processor Area" and "Dispatch Trace Log Buffer" */
#define VPA_SIZE	4
#define VPA_BYTES	1024
#define VPA_DTL_MASK	0xb8
#define VPA_YIELD	0x100
#define VPA_DTL_INDEX	0x218
#define DTL_BYTES	4096
#define DTL_ENTRY	48
#define DTL_TIMEBASE	16
#define DTL_ALL		7

static struct vm vm;
static char *mem, *at;		/* @at: what is at AREAS */

static void no_action(int sig)
{
}

static uint32_t yields(const char *area)
{
	return be32toh(*(uint32_t *)(area + VPA_YIELD));
}

static uint64_t entries(const char *area)
{
	return be64toh(*(uint64_t *)(area + VPA_DTL_INDEX));
}

static void set_area(uint64_t id, uint64_t addr, uint64_t length)
{
	uint64_t val[2] = { addr, length };
	struct kvm_one_reg reg = { .id = id, .addr = (unsigned long)val };

	check("KVM_SET_ONE_REG of an area", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void run(void)
{
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };

	vm.run->papr_hcall.ret = 0;
	check("KVM_SET_REGS", ioctl(vm.vcpu, KVM_SET_REGS, &regs), 0);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
}

/* Each run is written down in @area, which begins with @count yields or more */
static void check_runs(const char *what, char *area, uint32_t count)
{
	uint32_t before;
	uint64_t n;
	int i;

	printf("vpamove: %s\n", what);
	area[VPA_DTL_MASK] = DTL_ALL;
	run();
	check_value("yields begin as before", yields(area) > count, 1);
	for (i = 0; i < 3; i++) {
		before = yields(area);
		n = entries(area);
		run();
		check_value("it does not run any more: an odd number of yields",
			    yields(area) & 1, 1);
		check_value("yields, more", yields(area) >= before + 2, 1);
		check_value("log entries, more", entries(area) > n, 1);
		n = (entries(area) - 1) % (DTL_BYTES / DTL_ENTRY);
		check_value("there is an entry",
			    !!*(uint64_t *)(area + PAGE + n * DTL_ENTRY + DTL_TIMEBASE), 1);
	}
}

static char *file_at(void *where)
{
	int fd = memfd_create("areas", 0);

	if (fd < 0 || ftruncate(fd, SLOT_SIZE)) {
		perror("memfd_create");
		return MAP_FAILED;
	}
	where = must_map("file", mmap(where, SLOT_SIZE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | (where ? MAP_FIXED : 0), fd, 0));
	close(fd);
	return where;
}

/* Other pages in the same place; the old ones stay visible elsewhere */
static void other_pages(void)
{
	char *old, copy[PAGE];

	old = must_map("second mapping", mremap(at, 0, SLOT_SIZE, MREMAP_MAYMOVE));
	check_value("seen twice", yields(old), yields(at));
	memcpy(copy, old, PAGE);
	file_at(at);
	check_value("new pages", yields(at), 0);
	check_runs("pages replaced", at, 0);
	check_value("the old page has changed", !!memcmp(copy, old, PAGE), 0);
	munmap(old, SLOT_SIZE);
}

static void no_pages(void)
{
	check("MADV_REMOVE", madvise(at, SLOT_SIZE, MADV_REMOVE), 0);
	check_value("empty pages", yields(at), 0);
	check_runs("pages dropped", at, 0);
}

/* After fork() one of the two gets a copy, on the next write */
static void forked(void)
{
	char before[PAGE];
	int to[2], status = -1;
	uint32_t count;
	pid_t child;
	char c;

	at = must_map("private memory",
		      mmap(at, SLOT_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(at, 0, SLOT_SIZE);
	check_runs("private memory", at, 0);
	count = yields(at);
	memcpy(before, at, PAGE);
	check("pipe", pipe(to), 0);
	child = fork();
	if (!child) {
		close(to[1]);
		if (read(to[0], &c, 1))
			_exit(2);
		_exit(!!memcmp(before, at, PAGE));
	}
	check_runs("a child has the same pages", at, count - 1);
	close(to[1]);
	waitpid(child, &status, 0);
	check_value("the child's page has changed", status, 0);
}

static void slot_gone(void)
{
	char before[PAGE], *other;
	uint32_t count = yields(at);

	printf("vpamove: slot deleted\n");
	check("slot deleted", set_slot(&vm, 1, AREAS, at, 0, 0), 0);
	memcpy(before, at, PAGE);
	run();
	run();
	check_value("no slot, the page has changed", !!memcmp(before, at, PAGE), 0);

	other = file_at(NULL);
	check("slot with other memory", set_slot(&vm, 1, AREAS, other, SLOT_SIZE, 0), 0);
	check_runs("other memory", other, 0);
	check_value("the old page has changed", !!memcmp(before, at, PAGE), 0);

	check("slot deleted", set_slot(&vm, 1, AREAS, other, 0, 0), 0);
	check("slot as before", set_slot(&vm, 1, AREAS, at, SLOT_SIZE, 0), 0);
	check_runs("slot as before", at, count - 1);
}

static void no_areas(void)
{
	char before[PAGE];

	printf("vpamove: deregistered\n");
	set_area(KVM_REG_PPC_VPA_DTL, 0, 0);
	set_area(KVM_REG_PPC_VPA_ADDR, 0, 0);
	memcpy(before, at, PAGE);
	run();
	check_value("deregistered, the page has changed",
		    !!memcmp(before, at, PAGE), 0);
}

/* @seen: where else user space sees the pages that the guest had at @at */
static void check_stays(const char *what, uint64_t gpa, char *seen)
{
	static char zero[SLOT_SIZE];

	set_area(KVM_REG_PPC_VPA_ADDR, gpa, 0);
	set_area(KVM_REG_PPC_VPA_DTL, gpa + PAGE, DTL_BYTES);
	at = must_map("other memory", mmap(at, SLOT_SIZE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(at, 0, SLOT_SIZE);
	check_runs(what, seen, 0);
	check_value("other memory has changed", !!memcmp(at, zero, SLOT_SIZE), 0);
	munmap(at, SLOT_SIZE);
	check_runs("no memory there", seen, 1);

	set_area(KVM_REG_PPC_VPA_DTL, 0, 0);
	set_area(KVM_REG_PPC_VPA_ADDR, 0, 0);
	munmap(seen, SLOT_SIZE);
}

/* Memory that stays: what counts is what the guest sees */
static void in_area(void)
{
	const uint32_t code[] = { LI_DONE, SC1 };
	struct kvm_allocate_rma rma = { 0 };
	char *seen;
	int fd;

	fd = ioctl(vm.fd, KVM_ALLOCATE_RMA, &rma);
	check("KVM_ALLOCATE_RMA", fd, 0);
	mem = must_map("area", mmap(NULL, rma.rma_size, PROT_READ | PROT_WRITE,
				    MAP_SHARED, fd, 0));
	put_code(mem + GUEST_PC, code, ARRAY_SIZE(code));
	at = mem + AREAS / 2;
	seen = must_map("area", mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, fd, AREAS / 2));
	close(fd);
	check("area at 0", set_slot(&vm, 0, 0, mem, rma.rma_size, 0), 0);
	check_stays("in a real mode area", AREAS / 2, seen);

	if (ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_RMA) < 2)
		return;
	at = file_at(NULL);
	seen = must_map("second mapping", mremap(at, 0, SLOT_SIZE, MREMAP_MAYMOVE));
	check("memory behind it", set_slot(&vm, 1, rma.rma_size, at, SLOT_SIZE, 0), 0);
	check_stays("in pinned memory", rma.rma_size, seen);
}

/*
 * Vcpu 0 registers a VPA for vcpu 1, which runs beside it in the same core, and
 * looks for the first dispatch there without leaving the guest.
 */
static const uint32_t register_other[] = {
	SC1,			/* H_REGISTER_VPA */
	0x7cec42a6,		/* mftb r7 */
	0x808e0000,		/* lwz r4,0(r14) */
	0x2c040000,		/* cmpwi r4,0 */
	0x40820014,		/* bne out */
	0x7ccc42a6,		/* mftb r6 */
	0x7cc73050,		/* subf r6,r7,r6 */
	0x7c267840,		/* cmpld r6,r15 */
	0x4180ffe8,		/* blt to the load */
	LI_DONE, SC1,		/* out */
};

static void *run_other(void *other)
{
	ioctl(*(int *)other, KVM_RUN, 0);
	return NULL;
}

static uint64_t register_for_other(uint64_t func, uint64_t gpa)
{
	struct kvm_regs regs = { .pc = OTHER_PC, .msr = MSR_SF };

	regs.gpr[4] = func << 45;
	regs.gpr[5] = 1;
	regs.gpr[6] = gpa;
	regs.gpr[14] = OTHER_AREA + VPA_YIELD;
	regs.gpr[15] = TB_MS;
	vm.run->papr_hcall.ret = H_REGISTER_VPA;
	memcpy(vm.run->papr_hcall.args, &regs.gpr[4], 9 * sizeof(regs.gpr[0]));
	check("KVM_SET_REGS", ioctl(vm.vcpu, KVM_SET_REGS, &regs), 0);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	return vm.run->papr_hcall.args[0];
}

static void other_vcpu(void)
{
	struct kvm_regs regs = { .pc = SPIN_PC, .msr = MSR_SF };
	const uint32_t spin = 0x48000000;
	struct vm other = vm;
	pthread_t task;
	int i, late = 0;

	if (ioctl(vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_SMT) < 2) {
		printf("vpamove: no two vcpus in a core here\n");
		return;
	}
	put_code(mem + OTHER_PC, register_other, ARRAY_SIZE(register_other));
	put_code(mem + SPIN_PC, &spin, 1);
	open_vcpu(&other, 1);
	check("KVM_CAP_PPC_PAPR", enable_papr(&other), 0);
	check("KVM_SET_REGS", ioctl(other.vcpu, KVM_SET_REGS, &regs), 0);
	signal(SIGUSR1, no_action);
	pthread_create(&task, NULL, run_other, &other.vcpu);
	for (i = 0; i < 10; i++) {
		usleep(20000);
		memset(mem + OTHER_AREA, 0, PAGE);
		*(uint16_t *)(mem + OTHER_AREA + VPA_SIZE) = htobe16(VPA_BYTES);
		late += !register_for_other(VPA_REG, OTHER_AREA);
		register_for_other(VPA_DEREG, 0);
	}
	pthread_kill(task, SIGUSR1);
	pthread_join(task, NULL);
	printf("vpamove: 10 VPAs for another vcpu of the core\n");
	check_value("VPAs that it did not use within a millisecond", late, 0);
	close(other.vcpu);
}

int main(int argc, char **argv)
{
	const uint32_t code[] = { LI_DONE, SC1 };

	open_kvm();
	if (argc > 1 && !strcmp(argv[1], "rma")) {
		open_vm(&vm, VM_HV);
		check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
		in_area();
		close_vm(&vm);
		return summary("vpamove");
	}
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	put_code(mem + GUEST_PC, code, ARRAY_SIZE(code));
	at = file_at(NULL);
	open_vm(&vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("memory at 0", set_slot(&vm, 0, 0, mem, MEM_SIZE, 0), 0);
	check("memory for the areas", set_slot(&vm, 1, AREAS, at, SLOT_SIZE, 0), 0);
	set_area(KVM_REG_PPC_VPA_ADDR, AREAS, 0);
	set_area(KVM_REG_PPC_VPA_DTL, AREAS + PAGE, DTL_BYTES);

	check_runs("registered", at, 0);
	other_pages();
	no_pages();
	forked();
	slot_gone();
	no_areas();
	other_vcpu();
	close_vm(&vm);
	return summary("vpamove");
}
