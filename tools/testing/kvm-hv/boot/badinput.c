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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib.h"

#define MAX_VMS	1300	/* more than any processor has partition IDs */

#define MEM_SIZE	(16UL << 20)
#define GUEST_PC	0x100

static struct vm vm;
static uint32_t *mem;

static int one_reg(unsigned long req, uint64_t id, uint64_t *val)
{
	struct kvm_one_reg r = { .id = id, .addr = (unsigned long)val };

	return ioctl(vm.vcpu, req, &r);
}

/* The guest starts in real mode, big-endian, at GUEST_PC */
static void set_guest(uint32_t first, uint32_t second)
{
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };
	const uint32_t insn[] = { first, second };

	put_code(mem + GUEST_PC / 4, insn, 2);
	check("KVM_SET_REGS", ioctl(vm.vcpu, KVM_SET_REGS, &regs), 0);
}

static void no_action(int sig)
{
}

static void *run_thread(void *arg)
{
	long rc = ioctl(vm.vcpu, KVM_RUN, 0);

	check("KVM_RUN interrupted by a signal", rc, EINTR);
	return NULL;
}

static void bad_ioctls(void)
{
	const uint64_t unknown = KVM_REG_PPC | KVM_REG_SIZE_U64 | 0xfffe;
	uint64_t val = 0;

	check("HTAB order 17", allocate_htab(&vm, 17), EINVAL);
	check("HTAB order 47", allocate_htab(&vm, 47), EINVAL);
	check("HTAB order 46", allocate_htab(&vm, 46), ENOMEM);
	check("HTAB order 18", allocate_htab(&vm, 18), 0);
	check("HTAB order 18 again", allocate_htab(&vm, 18), 0);
	check("vcpu id that is taken", ioctl(vm.fd, KVM_CREATE_VCPU, 0), EEXIST);
	check("vcpu id out of range", ioctl(vm.fd, KVM_CREATE_VCPU, 1 << 20), EINVAL);
	check("unknown ONE_REG", one_reg(KVM_GET_ONE_REG, unknown, &val), EINVAL);
	val = 1;
	check("HIOR other than 0",
	      one_reg(KVM_SET_ONE_REG, KVM_REG_PPC_HIOR, &val), EINVAL);
	check("KVM_RUN without PAPR", ioctl(vm.vcpu, KVM_RUN, 0), EINVAL);
}

static void small_guest(void)
{
	struct sigaction sa = { .sa_handler = no_action };
	pthread_t thread;

	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("KVM_RUN without memory at 0", ioctl(vm.vcpu, KVM_RUN, 0), EINVAL);
	check("memory at 0", set_slot(&vm, 0, 0, mem, MEM_SIZE, 0), 0);
	check("memory that overlaps", set_slot(&vm, 1, MEM_SIZE / 2, mem, MEM_SIZE, 0), EEXIST);
	check_value("KVM_CAP_READONLY_MEM",
		    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM), 0);
	check("read-only memory", set_slot(&vm, 1, MEM_SIZE, mem, MEM_SIZE, KVM_MEM_READONLY),
	      EINVAL);

	/* an unknown hcall goes to user space */
	set_guest(LI_DONE, SC1);
	check_value("unknown hcall", run_to_hcall(&vm), HCALL_DONE);
	vm.run->papr_hcall.ret = 0;

	/* b . until a signal comes */
	sigaction(SIGUSR1, &sa, NULL);
	set_guest(0x48000000, 0x48000000);
	pthread_create(&thread, NULL, run_thread, NULL);
	sleep(1);
	check("HTAB while a vcpu runs", allocate_htab(&vm, 18), EBUSY);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	check("HTAB after it has stopped", allocate_htab(&vm, 19), 0);
}

/* Lines in the host's log with @text */
static int log_lines(const char *text)
{
	static char log[1 << 20];
	int n = 0, len = klogctl(3 /* read all */, log, sizeof(log) - 1);
	char *at = log;

	check("the host's log", len, 0);
	while ((at = strstr(at, text))) {
		n++;
		at++;
	}
	return n;
}

/* The host may split cores while there is no VM; an emulated POWER8 cannot */
static void split_cores(void)
{
	int fd = open("/sys/devices/system/cpu/subcores_per_core", O_RDWR);
	char now = 0;

	check("subcores_per_core", fd, 0);
	check("cores split beside a VM", write(fd, "2", 1), EBUSY);
	check("subcores_per_core", pread(fd, &now, 1, 0), 0);
	check_value("subcores_per_core", now, '1');
	close(fd);
}

/* One VM for each partition ID, then many more: they must not flood the log */
static void all_partitions(void)
{
	const struct rlimit many = { MAX_VMS + 100, MAX_VMS + 100 };
	static int fd[MAX_VMS];
	int i, n = 0;

	check("setrlimit", setrlimit(RLIMIT_NOFILE, &many), 0);
	for (i = 0; i < MAX_VMS; i++) {
		fd[n] = ioctl(kvm, KVM_CREATE_VM, VM_HV);
		if (fd[n] >= 0)
			n++;
		else if (i == n)
			check("a VM too many", fd[n], ENOMEM);
	}
	printf("badinput: %d VMs\n", n);
	check_value("VMs for all partition IDs", n >= MAX_VMS / 2 && n < MAX_VMS, 1);
	check_value("lines in the log about partition IDs", log_lines("No LPIDs free") <= 20, 1);
	while (n--)
		close(fd[n]);
}

int main(void)
{
	int i;

	open_kvm();
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	/* more often than there are partition IDs: none may be lost */
	for (i = 0; i < 1100; i++) {
		open_vm(&vm, VM_HV);
		close_vm(&vm);
	}
	all_partitions();
	open_vm(&vm, VM_HV);
	split_cores();
	bad_ioctls();
	small_guest();
	close_vm(&vm);
	return summary("badinput");
}
