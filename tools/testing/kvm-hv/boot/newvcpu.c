// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on an emulated host with two CPUs: user space guesses the file descriptor that
 * KVM_CREATE_VCPU is about to return, and uses the vcpu from another thread.  KVM must
 * have counted it by then: all that look for vcpus (requests, MMU notifiers, hcalls)
 * find those that are counted.  Here XICS does: it must not give a server's number away
 * that the new vcpu has.
 *
 * With -icount the CPUs take turns of 0.1 ms.  The ioctl begins a little later in its
 * turn in each round: so the other CPU has its turn at any instruction of the ioctl.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

/* Instructions to wait: up to more than a turn, and not many */
#define MAX_DELAY	110000
#define STEP		64
#define VCPUS		30	/* of a VM, besides the one of lib.c */

static struct vm vm;
static int xics;
static atomic_int guess = -1, new_id, returned, done;
static unsigned int early, twice;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check("two CPUs", sched_setaffinity(0, sizeof(set), &set), 0);
}

static int connect_vcpu(int fd, unsigned long server)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_IRQ_XICS, .args = { xics, server },
	};

	return ioctl(fd, KVM_ENABLE_CAP, &cap);
}

/* Make both vcpus server @id; false if there is no such file descriptor yet */
static int use_vcpu(int fd, int id)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };

	if (ioctl(fd, KVM_ENABLE_CAP, &papr))
		return 0;
	early += !returned;
	if (connect_vcpu(fd, id))
		perror("newvcpu: server of the new vcpu");
	else if (!connect_vcpu(vm.vcpu, id))
		twice++;
	else if (errno != EEXIST && errno != EBUSY)
		perror("newvcpu: server of the old vcpu");
	return 1;
}

static void *other(void *arg)
{
	int fd;

	on_cpu(1);
	for (;;) {
		fd = guess;
		if (fd >= 0 && !done && use_vcpu(fd, new_id))
			done = 1;
	}
	return NULL;
}

static void new_vm(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };

	if (vm.run) {
		close(xics);
		close_vm(&vm);
	}
	open_vm(&vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("KVM_CREATE_DEVICE", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	xics = dev.fd;
}

static void create(int id, unsigned long delay)
{
	int fd;

	/* the lowest that is free */
	fd = dup(kvm);
	close(fd);
	done = 0;
	returned = 0;
	new_id = id;
	guess = fd;
	__asm__ __volatile__("mtctr %0; 1: bdnz 1b" : : "r" (delay) : "ctr");
	check_value("file descriptor", ioctl(vm.fd, KVM_CREATE_VCPU, id), fd);
	returned = 1;
	while (!done)
		;
	guess = -1;
	close(fd);
}

int main(void)
{
	unsigned long delay;
	pthread_t thread;
	int n = 0;

	open_kvm();
	on_cpu(0);
	check("thread", pthread_create(&thread, NULL, other, NULL), 0);
	for (delay = 1; delay < MAX_DELAY; delay += STEP) {
		if (n++ % VCPUS == 0)
			new_vm();
		create(n % VCPUS + 1, delay);
	}
	printf("newvcpu: %d vcpus, %u used before KVM_CREATE_VCPU was back\n", n, early);
	check_value("vcpus used early", early > 0, 1);
	check_value("servers given away twice", twice, 0);
	return summary("newvcpu");
}
