// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: does a guest of an earlier version of the
 * architecture run with the PCR for it?  The emulated processors do not look at their
 * PCR, and only the hypervisor could read it: so lines "@@monitor" have run-host read it
 * from outside, while a guest runs that does nothing else.  The row says what it must be.
 * The same for IC of a POWER8, the instruction counter, which the emulator leaves alone.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define B_SELF		0x48000000
#define LOOKS		5	/* one may come while the host has the processor */
#define LOOK_US		100000

static struct vm vm;

static void no_action(int sig)
{
}

static void *run_guest(void *arg)
{
	ioctl(vm.vcpu, KVM_RUN, 0);
	return NULL;
}

/* A guest that spins; @name is what register @spr of the processor is about */
static void look_at(const char *spr, const char *name)
{
	const uint64_t r[] = { 0 };
	pthread_t task;
	int i;

	start_guest(&vm, GUEST_CODE, 0, r, ARRAY_SIZE(r));
	pthread_create(&task, NULL, run_guest, NULL);
	for (i = 0; i < LOOKS; i++) {
		usleep(LOOK_US);
		printf("@@monitor compat: %s: print/x $%s\n", name, spr);
		fflush(stdout);
	}
	usleep(LOOK_US);
	pthread_kill(task, SIGUSR1);
	pthread_join(task, NULL);
}

static void run_as(const char *name, uint32_t pvr)
{
	const struct kvm_one_reg reg = {
		.id = KVM_REG_PPC_ARCH_COMPAT, .addr = (unsigned long)&pvr,
	};

	check("KVM_REG_PPC_ARCH_COMPAT", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
	look_at("pcr", name);
}

static void count_instructions(void)
{
	uint64_t val = 0x1c1c1c1c;
	const struct kvm_one_reg reg = { .id = KVM_REG_PPC_IC, .addr = (unsigned long)&val };

	check("KVM_REG_PPC_IC", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
	look_at("ic", "instructions of a guest");
	check("KVM_REG_PPC_IC", ioctl(vm.vcpu, KVM_GET_ONE_REG, &reg), 0);
	check_value("KVM_REG_PPC_IC", val, 0x1c1c1c1c);
}

int main(void)
{
	const uint32_t spin[] = { B_SELF };
	struct sigaction sa = { .sa_handler = no_action };
	char *mem;

	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + GUEST_CODE, spin, ARRAY_SIZE(spin));
	sigaction(SIGUSR1, &sa, NULL);
	run_as("a guest of ISA 2.05", 0x0f000002);
	run_as("a guest of ISA 2.06", 0x0f000003);
	run_as("a guest of the processor's ISA", 0);
	count_instructions();
	close_vm(&vm);
	return summary("compat");
}
