// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: what a guest sees of time.  Does an
 * idle vcpu wake up for its decrementer whatever happens to the host's clock,
 * and does the guest's timebase only go forward when user space changes
 * KVM_REG_PPC_TB_OFFSET?
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define SLEEP_S		1
#define MTDEC_R5	0x7cb603a6
#define LI_CEDE		0x386000e0	/* li r3,H_CEDE */
#define MFTB_R4		0x7c8c42a6
#define DECREMENTER	0x900
#define TB_UNIT		0x1000000L	/* of KVM_REG_PPC_TB_OFFSET */

enum { AT_CEDE = GUEST_CODE, AT_TB = GUEST_CODE + 0x100, AT_XIRR = GUEST_CODE + 0x200 };

static struct vm vm;
static uint64_t tb_hz;

static void no_action(int sig)
{
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1000000000.0;
}

static void step_clock(long by)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += by;
	check("clock_settime", clock_settime(CLOCK_REALTIME, &t), 0);
}

/* H_CEDE for SLEEP_S; after a fifth of it the host's clock changes by @by */
static void sleep_and_step(const char *what, long by)
{
	const struct itimerval too_long = { .it_value.tv_sec = 4 * SLEEP_S };
	const struct itimerval off = { 0 };
	const uint64_t r[] = { 0, 0, tb_hz * SLEEP_S };
	double start;
	pid_t child;
	long rc;

	child = fork();
	if (!child) {
		usleep(SLEEP_S * 200000);
		step_clock(by);
		_exit(0);
	}
	start_guest(&vm, AT_CEDE, 0, r, ARRAY_SIZE(r));
	start = seconds();
	setitimer(ITIMER_REAL, &too_long, NULL);
	rc = ioctl(vm.vcpu, KVM_RUN, 0);
	setitimer(ITIMER_REAL, &off, NULL);
	start = seconds() - start;
	waitpid(child, NULL, 0);
	step_clock(-by);
	printf("clocks: %s: the guest slept %.3f s\n", what, start);
	check(what, rc, 0);
	check_value("not less than it wanted", start > SLEEP_S * 0.99, 1);
}

static uint64_t guest_tb(void)
{
	const uint64_t r[] = { 0 };

	start_guest(&vm, AT_TB, 0, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	return vm.run->papr_hcall.args[0];
}

static int64_t offset_of(int vcpu)
{
	int64_t v = 0;
	struct kvm_one_reg reg = { KVM_REG_PPC_TB_OFFSET, (unsigned long)&v };

	check("KVM_GET_ONE_REG", ioctl(vcpu, KVM_GET_ONE_REG, &reg), 0);
	return v;
}

static void set_offset(int vcpu, int64_t v)
{
	struct kvm_one_reg reg = { KVM_REG_PPC_TB_OFFSET, (unsigned long)&v };

	check("KVM_SET_ONE_REG", ioctl(vcpu, KVM_SET_ONE_REG, &reg), 0);
}

/*
 * As user space does that stops the guest's clock while it is stopped itself.
 * With @ask it goes on from the offset that the guest has.
 */
static void stop_and_go(int64_t offset, int ask)
{
	uint64_t last, now;
	int i, back = 0;

	set_offset(vm.vcpu, offset);
	last = guest_tb();
	for (i = 0; i < 40; i++) {
		usleep(1000 * i);
		if (ask)
			offset = offset_of(vm.vcpu);
		offset -= (long)tb_hz / 1000 * i;
		set_offset(vm.vcpu, offset);
		now = guest_tb();
		back += now < last;
		last = now;
		check_value("offset, not behind", offset_of(vm.vcpu) >= offset, 1);
		if (ask)
			check_value("offset, not far ahead",
				    offset_of(vm.vcpu) < offset + TB_UNIT, 1);
	}
	check_value("stopped and continued, the timebase went back", back, 0);
}

static void test_offset(void)
{
	struct vm other = vm;
	uint64_t before;

	set_offset(vm.vcpu, 1);
	check_value("rounded up", offset_of(vm.vcpu), TB_UNIT);
	before = guest_tb();
	set_offset(vm.vcpu, 0);
	check_value("offset 1, then 0: not back", guest_tb() >= before, 1);
	stop_and_go(TB_UNIT + 1, 0);
	stop_and_go(-(1L << 40) + 7, 0);
	stop_and_go(-(1L << 39) + 7, 1);

	/* Vcpus of other cores get it later, and the same */
	open_vcpu(&other, 8);
	set_offset(vm.vcpu, 1L << 41 | 1);
	usleep(50000);
	set_offset(vm.vcpu, (1L << 41 | 1) - (long)tb_hz / 30);
	usleep(50000);
	set_offset(other.vcpu, (1L << 41 | 1) - (long)tb_hz / 30);
	check_value("the same on another core", offset_of(other.vcpu), offset_of(vm.vcpu));
	close(other.vcpu);

	/* Another past is what user space asks for, not what rounding makes */
	before = guest_tb();
	set_offset(vm.vcpu, 5);
	check_value("an earlier time", guest_tb() < before, 1);
	check_value("an earlier time, exactly", offset_of(vm.vcpu), TB_UNIT);
}

/* H_XIRR_X says when the interrupt was accepted: in the guest's time */
static void test_xirr_x(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_IRQ_XICS };
	const uint64_t r[] = { H_XIRR_X };
	uint64_t now;

	check("KVM_CREATE_DEVICE", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	cap.args[0] = dev.fd;
	check("KVM_CAP_IRQ_XICS", ioctl(vm.vcpu, KVM_ENABLE_CAP, &cap), 0);
	set_offset(vm.vcpu, 1L << 50);
	now = guest_tb();
	start_guest(&vm, AT_XIRR, 0, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("H_XIRR_X: the guest's timebase",
		    vm.run->papr_hcall.args[1] - now < tb_hz, 1);
	set_offset(vm.vcpu, 0);
}

static void get_tb_hz(void)
{
	uint64_t from, to;
	double start;

	from = guest_tb();
	start = seconds();
	usleep(200000);
	to = guest_tb();
	tb_hz = (to - from) / (seconds() - start);
	printf("clocks: timebase of %lu Hz\n", (unsigned long)tb_hz);
}

int main(void)
{
	const uint32_t cede[] = { MTDEC_R5, LI_CEDE, SC1, LI_DONE, SC1 };
	const uint32_t tb[] = { MFTB_R4, LI_DONE, SC1 };
	const uint32_t xirr[] = { SC1, LI_DONE, SC1 };
	const uint32_t done[] = { LI_DONE, SC1 };
	struct sigaction sa = { .sa_handler = no_action };
	char *mem;

	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + AT_CEDE, cede, ARRAY_SIZE(cede));
	put_code(mem + AT_TB, tb, ARRAY_SIZE(tb));
	put_code(mem + AT_XIRR, xirr, ARRAY_SIZE(xirr));
	put_code(mem + DECREMENTER, done, ARRAY_SIZE(done));
	sigaction(SIGALRM, &sa, NULL);
	get_tb_hz();
	sleep_and_step("the host's clock stays", 0);
	sleep_and_step("the host's clock is set back", -3600);
	sleep_and_step("the host's clock is set forward", 7200);
	test_offset();
	test_xirr_x();
	close_vm(&vm);
	return summary("clocks");
}
