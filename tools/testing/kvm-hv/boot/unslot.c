// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated big-endian host, a PPC970 with two processors: memory
 * slots that are deleted while their guest runs on the other one.
 *
 *   unslot ROUNDS
 *
 * The guest counts in the first page of a slot.  When the ioctl that deletes
 * the slot comes back, the page must be ours alone: we have it mapped and see
 * that the count stands still.  The guest gets a storage interrupt, and no
 * HPTE for memory that is not there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <asm/kvm.h>
#include <linux/kvm.h>
#include "../../../kvm-hv/hcalls.h"
#include "unslot.h"

#define MSR_SF		0x8000000000000000UL
#define MSR_EE		0x8000UL
#define MSR_RI		0x2UL
#define MSR_DR		0x10UL

/* The guest's page: effective address, segment, place in the HPT */
#define EA		0x40000000UL
#define VSID		0x123UL
#define SLB_V		0x08000000UL
#define PTEX		(VSID * 8)
#define HPTE_V		(VSID << 12 | 1)
#define HPTE_R		0x12UL		/* M, PP=2 */
#define H_EXACT		0x8000000000UL
#define DSISR_NOHPTE	0x40000000UL

#define HCALL_ENTERED	0x7ffc		/* H_ENTER's return code, if not 0 */
#define HCALL_FAULT	0x7ff8		/* DAR and DSISR */
#define HCALL_OTHER	0x7ff4

#define GUEST_PC	0x1000
#define SLOT_SIZE	0x100000UL
#define STILL_US	20000
#define LIMIT_S		20

/* H_REMOVE what is left of the last round, H_ENTER, MSR[DR] on, count */
asm(".pushsection .rodata\n"
"guest_main:\n"
"	lis	0,0x7fff\n"
"	mtdec	0\n"
"	li	3,4\n"
"	li	4,0\n"
"	mr	5,21\n"
"	li	6,0\n"
"	.long	0x44000022\n"
"	li	3,8\n"
"	mr	4,20\n"
"	mr	5,21\n"
"	mr	6,22\n"
"	mr	7,23\n"
"	.long	0x44000022\n"
"	cmpdi	3,0\n"
"	bne	2f\n"
"	slbmte	24,25\n"
"	mtmsrd	26\n"
"	isync\n"
"1:	ld	8,0(27)\n"
"	addi	8,8,1\n"
"	std	8,0(27)\n"
"	b	1b\n"
"2:	mr	4,3\n"
"	li	3,0x7ffc\n"
"	.long	0x44000022\n"
"guest_main_end:\n"
"guest_dsi:\n"
"	li	3,0x7ff8\n"
"	mfdar	4\n"
"	mfdsisr	5\n"
"	.long	0x44000022\n"
"guest_other:\n"
"	li	3,0x7ff4\n"
"	mfsrr0	4\n"
"	mfsrr1	5\n"
"	.long	0x44000022\n"
"guest_dec:\n"
"	lis	0,0x7fff\n"
"	mtdec	0\n"
"	rfid\n"
"guest_end:\n"
"	.popsection\n");

static int passed, failed, kvm, vm, vcpu;
static struct kvm_run *run;
static size_t size;

static void check(const char *what, long got, long want)
{
	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %#lx, not %#lx\n", what, got, want);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void put(uint8_t *mem, const char *from, const char *end)
{
	memcpy(mem, from, end - from);
}

static void *map(int flags, int fd, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static int set_slot(uint32_t slot, uint64_t gpa, void *mem, size_t len)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = len,
		.userspace_addr = (unsigned long)mem,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
}

/* KiB that count as locked */
static long locked(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void *run_guest(void *cpu)
{
	run_on((long)cpu);
	if (ioctl(vcpu, KVM_RUN, 0))
		die("KVM_RUN");
	return NULL;
}

static void prepare(unsigned long msr)
{
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };

	regs.gpr[20] = H_EXACT;
	regs.gpr[21] = PTEX;
	regs.gpr[22] = HPTE_V;
	regs.gpr[23] = size | HPTE_R;
	regs.gpr[24] = VSID << 12;
	regs.gpr[25] = EA | SLB_V;
	regs.gpr[26] = msr;
	regs.gpr[27] = EA;
	if (ioctl(vcpu, KVM_SET_REGS, &regs))
		die("KVM_SET_REGS");
}

static uint64_t now(const uint64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void one_round(int nr, uint8_t *mem)
{
	unsigned long msr = MSR_SF | MSR_RI | MSR_DR | (nr & 1 ? MSR_EE : 0);
	uint64_t *count = (uint64_t *)mem;
	long cpu = nr >> 1 & 1, before = locked();
	uint64_t seen;
	pthread_t thread;

	check("slot", set_slot(1, size, mem, SLOT_SIZE), 0);
	check("locked memory", locked() - before, SLOT_SIZE >> 10);
	prepare(msr);
	run_on(!cpu);
	__atomic_store_n(count, 0, __ATOMIC_RELAXED);
	if (pthread_create(&thread, NULL, run_guest, (void *)cpu))
		die("pthread_create");
	while (now(count) < 1000)
		sched_yield();

	check("deleting the slot", set_slot(1, size, mem, 0), 0);
	seen = now(count);
	usleep(STILL_US);
	check("writes to a page that is gone", now(count) - seen, 0);
	pthread_join(thread, NULL);
	check("exit reason", run->exit_reason, KVM_EXIT_PAPR_HCALL);
	check("storage interrupt", run->papr_hcall.nr, HCALL_FAULT);
	check("DAR", run->papr_hcall.args[0], EA);
	check("DSISR", run->papr_hcall.args[1] & DSISR_NOHPTE, DSISR_NOHPTE);
	check("locked memory again", locked(), before);

	prepare(msr);
	run_guest((void *)cpu);
	check("H_ENTER", run->papr_hcall.nr, HCALL_ENTERED);
	check("H_ENTER without memory", run->papr_hcall.args[0], H_PARAMETER);
}

int main(int argc, char **argv)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	int rounds = argc > 1 ? atoi(argv[1]) : 1, fd, i;
	struct kvm_allocate_rma rma = { 0 };
	uint32_t order = 18;
	uint8_t *mem;

	kvm = open("/dev/kvm", O_RDWR);
	vm = ioctl(kvm, KVM_CREATE_VM, 1);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	fd = ioctl(vm, KVM_ALLOCATE_RMA, &rma);
	if (vcpu < 0 || fd < 0 || ioctl(vcpu, KVM_ENABLE_CAP, &papr) ||
	    ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &order))
		die("VM");
	run = map(0, vcpu, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	size = rma.rma_size;
	mem = map(0, fd, size);
	check("real mode area", set_slot(0, 0, mem, size), 0);
	for (i = 0x100; i < GUEST_PC; i += 0x80)
		put(mem + i, guest_other, guest_dec);
	put(mem + 0x300, guest_dsi, guest_other);
	put(mem + 0x900, guest_dec, guest_end);
	put(mem + GUEST_PC, guest_main, guest_main_end);

	mem = map(MAP_ANONYMOUS, -1, SLOT_SIZE);
	for (i = 0; i < rounds; i++) {
		alarm(LIMIT_S);		/* a round that hangs ends the program */
		one_round(i, mem);
	}
	printf("unslot: %d rounds, %d right, %d wrong\n", rounds, passed, failed);
	return failed != 0;
}
