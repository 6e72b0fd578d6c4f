// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on an emulated host with two CPUs: user space guesses the file descriptor that
 * KVM_CREATE_VCPU is about to return, and uses the vcpu from another thread.  KVM must
 * have counted it by then: all that look for vcpus (requests, MMU notifiers, hcalls)
 * find those that are counted.  Here XICS does: it must not give a server's number away
 * that the new vcpu has.
 *
 * Between the two KVM stores the vcpu in an xarray, by xa_store(), which is slow here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define ROUNDS		8
#define VCPU		1	/* its server, too */
#define LONG_NS		1000000	/* CPUs take turns of 0.1 ms */

static struct vm vm;
static int xics;
static atomic_int guess = -1, returned, done;
static unsigned int early, twice;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check("two CPUs", sched_setaffinity(0, sizeof(set), &set), 0);
}

static int connect_vcpu(int fd)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_IRQ_XICS, .args = { xics, VCPU },
	};

	return ioctl(fd, KVM_ENABLE_CAP, &cap);
}

/* Make both vcpus the same server; false if there is no such file descriptor yet */
static int use_vcpu(int fd)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	int before = !returned;

	if (ioctl(fd, KVM_ENABLE_CAP, &papr))
		return 0;
	early += before;
	if (connect_vcpu(fd))
		perror("newvcpu: server of the new vcpu");
	else if (!connect_vcpu(vm.vcpu))
		twice++;
	else if (errno != EEXIST)
		perror("newvcpu: server of the old vcpu");
	return 1;
}

static void *other(void *arg)
{
	int fd;

	on_cpu(1);
	for (;;) {
		fd = guess;
		if (fd >= 0 && !done && use_vcpu(fd))
			done = 1;
	}
	return NULL;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/* Nanoseconds that KVM_CREATE_VCPU takes; @raced: the other thread does not wait */
static uint64_t create(int raced)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	uint64_t start, took;
	int fd;

	open_vm(&vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("KVM_CREATE_DEVICE", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	xics = dev.fd;
	/* the lowest that is free */
	fd = dup(kvm);
	close(fd);
	done = 0;
	returned = 0;
	if (raced)
		guess = fd;
	start = now();
	check_value("file descriptor", ioctl(vm.fd, KVM_CREATE_VCPU, VCPU), fd);
	returned = 1;
	took = now() - start;
	while (raced && !done)
		;
	guess = -1;
	close(fd);
	close(xics);
	close_vm(&vm);
	return took;
}

int main(void)
{
	uint64_t plain, slow;
	pthread_t thread;
	int i;

	open_kvm();
	on_cpu(0);
	check("thread", pthread_create(&thread, NULL, other, NULL), 0);
	create(0);
	plain = create(0);
	make_slow("xa_store");
	slow = create(0);
	printf("newvcpu: KVM_CREATE_VCPU takes %lu us, with probes %lu us\n",
	       (unsigned long)plain / 1000, (unsigned long)slow / 1000);
	check_value("probes make it slow", slow > plain + LONG_NS, 1);
	for (i = 0; i < ROUNDS; i++)
		create(1);
	make_fast();
	printf("newvcpu: %u of %d vcpus found before KVM_CREATE_VCPU was back\n", early, ROUNDS);
	check_value("vcpus found early", early, ROUNDS);
	check_value("servers given away twice", twice, 0);
	return summary("newvcpu");
}
