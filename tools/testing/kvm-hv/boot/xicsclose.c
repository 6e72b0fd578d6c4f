// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on an emulated host with two CPUs: user space closes the XICS device while
 * others use it, a guest that sends IPIs and KVM_IRQ_LINE.  Neither may touch what is
 * freed, which a host with slub_debug=FZPU notices.
 *
 * For an IPI KVM looks up the vcpu that gets it, and calls kvmppc_book3s_queue_irqprio() before the
 * last use of what it has found.  That function is slow here, so that the device is closed
 * meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(1024UL * 1024)
#define GUEST_PC	0x100
#define IRQ		16	/* the first that there may be */
#define ROUNDS		400
#define IPI_ROUNDS	10
#define RUN_NS		300000	/* for the guest; its first IPI takes longer */
#define CLOSE_US	200	/* less than that, and the guest has sent an IPI */

#define LI(reg, val)	(0x38000000 | (reg) << 21 | (val))
#define B_BACK_16	0x4bfffff0

static struct vm vm, sender;
static atomic_int go, stop;
static unsigned int sent, refused;

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check("two CPUs", sched_setaffinity(0, sizeof(set), &set), 0);
}

static void connect_vcpu(int fd, int dev, unsigned long server)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_IRQ_XICS, .args = { dev, server },
	};

	check("KVM_CAP_IRQ_XICS", ioctl(fd, KVM_ENABLE_CAP, &cap), 0);
}

/* The device, with a level-sensitive source for server 0 */
static int open_device(void)
{
	uint64_t source = KVM_XICS_LEVEL_SENSITIVE | 5ULL << KVM_XICS_PRIORITY_SHIFT;
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	struct kvm_device_attr attr = {
		.group = KVM_DEV_XICS_GRP_SOURCES, .attr = IRQ,
		.addr = (unsigned long)&source,
	};

	check("KVM_CREATE_DEVICE", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	connect_vcpu(vm.vcpu, dev.fd, 0);
	check("source", ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr), 0);
	return dev.fd;
}

static void *lines(void *arg)
{
	struct kvm_irq_level irq = { .irq = IRQ };

	on_cpu(1);
	while (!stop) {
		irq.level = !irq.level;
		if (!ioctl(vm.fd, KVM_IRQ_LINE, &irq))
			sent++;
		else
			refused++;
	}
	return NULL;
}

static void close_under_lines(void)
{
	pthread_t thread;
	int i;

	check("thread", pthread_create(&thread, NULL, lines, NULL), 0);
	for (i = 0; i < ROUNDS; i++)
		close(open_device());
	stop = 1;
	pthread_join(thread, NULL);
	printf("xicsclose: %u interrupts, %u without device\n", sent, refused);
	check_value("interrupts with and without device", sent && refused, 1);
}

static void come_out(int sig)
{
	sender.run->immediate_exit = 1;
}

/* The vcpu runs when @go says so, until a timer comes */
static void *send_ipis(void *arg)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1,
		._sigev_un._tid = syscall(SYS_gettid),
	};
	struct sigaction sa = { .sa_handler = come_out };
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };
	struct itimerspec when = { .it_value.tv_nsec = RUN_NS };
	timer_t timer;

	on_cpu(1);
	sigaction(SIGUSR1, &sa, NULL);
	check("timer", timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	for (;;) {
		while (!go)
			if (stop)
				return NULL;
		ioctl(sender.vcpu, KVM_SET_REGS, &regs);
		sender.run->immediate_exit = 0;
		timer_settime(timer, 0, &when, NULL);
		go = 2;
		/* Its first hcall without XICS is for us */
		if (!ioctl(sender.vcpu, KVM_RUN, 0))
			refused++;
		go = 0;
	}
}

/* Server 0 takes all interrupts, and has none */
static void accept_ipis(void)
{
	uint64_t state = 0xffULL << KVM_REG_PPC_ICP_CPPR_SHIFT |
			 0xffULL << KVM_REG_PPC_ICP_MFRR_SHIFT |
			 0xffULL << KVM_REG_PPC_ICP_PPRI_SHIFT;
	struct kvm_one_reg reg = { KVM_REG_PPC_ICP_STATE, (unsigned long)&state };

	check("KVM_REG_PPC_ICP_STATE", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void close_under_ipis(void)
{
	pthread_t thread;
	int i, dev;

	stop = 0;
	check("thread", pthread_create(&thread, NULL, send_ipis, NULL), 0);
	make_slow("kvmppc_book3s_queue_irqprio");
	for (i = 0; i < IPI_ROUNDS; i++) {
		dev = open_device();
		connect_vcpu(sender.vcpu, dev, 1);
		accept_ipis();
		go = 1;
		while (go == 1)
			;
		usleep(CLOSE_US);
		close(dev);
		while (go)
			;
	}
	make_fast();
	stop = 1;
	pthread_join(thread, NULL);
}

/* Have the allocator look at what has not been allocated since it was freed */
static void validate(void)
{
	unsigned int i;
	glob_t files;
	int fd;

	check("slab caches", glob("/sys/kernel/slab/*/validate", 0, NULL, &files) ? -1 : 0, 0);
	for (i = 0; i < files.gl_pathc; i++) {
		fd = open(files.gl_pathv[i], O_WRONLY);
		if (fd < 0 || write(fd, "1", 1) != 1)
			continue;	/* of a cache without debugging */
		close(fd);
	}
	globfree(&files);
}

int main(void)
{
	const uint32_t code[] = { LI(3, H_IPI), LI(4, 0), LI(5, 4), SC1, B_BACK_16 };
	char *mem;

	open_kvm();
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	put_code(mem + GUEST_PC, code, ARRAY_SIZE(code));
	open_vm(&vm, VM_HV);
	sender = vm;
	open_vcpu(&sender, 1);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("KVM_CAP_PPC_PAPR", enable_papr(&sender), 0);
	check("memory at 0", set_slot(&vm, 0, 0, mem, MEM_SIZE, 0), 0);
	on_cpu(0);
	close_under_lines();
	close_under_ipis();
	validate();
	return summary("xicsclose");
}
