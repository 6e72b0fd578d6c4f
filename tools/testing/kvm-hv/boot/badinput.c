// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: what user space gets for ioctls it
 * should not have made, and for a guest of two instructions.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <asm/kvm.h>
#include <linux/kvm.h>

#define MEM_SIZE	(16UL << 20)
#define MSR_SF		0x8000000000000000UL
#define GUEST_PC	0x100

static int passed, failed, kvm, vm, vcpu;
static struct kvm_run *run;
static uint32_t *mem;

static void check(const char *what, long rc, int want)
{
	int got = rc < 0 ? errno : 0;

	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s, not %s\n", what, got ? strerror(got) : "success",
	       want ? strerror(want) : "success");
}

static void check_value(const char *what, unsigned long got, unsigned long want)
{
	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %#lx, not %#lx\n", what, got, want);
}

static int allocate_htab(uint32_t order)
{
	return ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &order);
}

static int set_memory(uint32_t slot, uint64_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (unsigned long)mem,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
}

static int one_reg(unsigned long req, uint64_t id, uint64_t *val)
{
	struct kvm_one_reg r = { .id = id, .addr = (unsigned long)val };

	return ioctl(vcpu, req, &r);
}

static void open_vm(void)
{
	vm = ioctl(kvm, KVM_CREATE_VM, 1);
	if (vm < 0) {
		perror("KVM_CREATE_VM");
		exit(1);
	}
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (vcpu < 0 || run == MAP_FAILED) {
		perror("KVM_CREATE_VCPU");
		exit(1);
	}
}

static void close_vm(void)
{
	munmap(run, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	close(vcpu);
	close(vm);
}

/* The guest starts in real mode, big-endian, at GUEST_PC */
static void set_guest(uint32_t first, uint32_t second)
{
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };

	mem[GUEST_PC / 4] = __builtin_bswap32(first);
	mem[GUEST_PC / 4 + 1] = __builtin_bswap32(second);
	check("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, &regs), 0);
}

static void no_action(int sig)
{
}

static void *run_thread(void *arg)
{
	long rc = ioctl(vcpu, KVM_RUN, 0);

	check("KVM_RUN interrupted by a signal", rc, EINTR);
	return NULL;
}

static void bad_ioctls(void)
{
	const uint64_t unknown = KVM_REG_PPC | KVM_REG_SIZE_U64 | 0xfffe;
	uint64_t val = 0;

	check("HTAB order 17", allocate_htab(17), EINVAL);
	check("HTAB order 47", allocate_htab(47), EINVAL);
	check("HTAB order 46", allocate_htab(46), ENOMEM);
	check("HTAB order 18", allocate_htab(18), 0);
	check("HTAB order 18 again", allocate_htab(18), 0);
	check("vcpu id that is taken", ioctl(vm, KVM_CREATE_VCPU, 0), EEXIST);
	check("vcpu id out of range", ioctl(vm, KVM_CREATE_VCPU, 1 << 20), EINVAL);
	check("unknown ONE_REG", one_reg(KVM_GET_ONE_REG, unknown, &val), EINVAL);
	val = 1;
	check("HIOR other than 0",
	      one_reg(KVM_SET_ONE_REG, KVM_REG_PPC_HIOR, &val), EINVAL);
	check("KVM_RUN without PAPR", ioctl(vcpu, KVM_RUN, 0), EINVAL);
}

static void small_guest(void)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct sigaction sa = { .sa_handler = no_action };
	pthread_t thread;

	check("KVM_CAP_PPC_PAPR", ioctl(vcpu, KVM_ENABLE_CAP, &papr), 0);
	check("KVM_RUN without memory at 0", ioctl(vcpu, KVM_RUN, 0), EINVAL);
	check("memory at 0", set_memory(0, 0, MEM_SIZE), 0);
	check("memory that overlaps", set_memory(1, MEM_SIZE / 2, MEM_SIZE), EEXIST);

	/* li r3,0x7ffc; sc 1: an hcall nobody knows is user space's */
	set_guest(0x38607ffc, 0x44000022);
	check("KVM_RUN to an unknown hcall", ioctl(vcpu, KVM_RUN, 0), 0);
	check_value("exit reason", run->exit_reason, KVM_EXIT_PAPR_HCALL);
	check_value("hcall number", run->papr_hcall.nr, 0x7ffc);
	run->papr_hcall.ret = 0;

	/* b . until a signal comes */
	sigaction(SIGUSR1, &sa, NULL);
	set_guest(0x48000000, 0x48000000);
	pthread_create(&thread, NULL, run_thread, NULL);
	sleep(1);
	check("HTAB while a vcpu runs", allocate_htab(18), EBUSY);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	check("HTAB after it has stopped", allocate_htab(19), 0);
}

int main(void)
{
	int i;

	kvm = open("/dev/kvm", O_RDWR);
	mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (kvm < 0 || mem == MAP_FAILED) {
		perror(kvm < 0 ? "/dev/kvm" : "mmap");
		return 1;
	}
	/* more often than there are partition IDs: none may be lost */
	for (i = 0; i < 1100; i++) {
		open_vm();
		close_vm();
	}
	open_vm();
	bad_ioctls();
	small_guest();
	close_vm();
	printf("badinput: %d right, %d wrong\n", passed, failed);
	return failed != 0;
}
