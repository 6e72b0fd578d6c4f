// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: illegal instructions of a guest, one of
 * which is the software breakpoint of its debugger.  The hypervisor tells them
 * apart by HEIR.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define ILLEGAL		0x00000000
#define LI_R4(n)	(0x38800000 | (n))
#define MFSRR1_R5	0x7cbb02a6
#define SRR1_ILLEGAL	0x80000UL

enum { CODE = 0x10000, PROGRAM = 0x700, IN_HANDLER = 1, BEHIND = 2 };

static struct vm vm;
static char *mem;

static uint32_t breakpoint(void)
{
	uint32_t v = 0;
	struct kvm_one_reg reg = { KVM_REG_PPC_DEBUG_INST, (unsigned long)&v };

	check("KVM_REG_PPC_DEBUG_INST", ioctl(vm.vcpu, KVM_GET_ONE_REG, &reg), 0);
	return v;
}

static void debug(uint32_t control)
{
	struct kvm_guest_debug arg = { .control = control };

	check("KVM_SET_GUEST_DEBUG", ioctl(vm.vcpu, KVM_SET_GUEST_DEBUG, &arg), 0);
}

static void start(uint64_t pc)
{
	const uint64_t r[] = { 0 };

	start_guest(&vm, pc, 0, r, ARRAY_SIZE(r));
}

/* The guest's own program interrupt */
static void expect_program(const char *what, uint64_t pc)
{
	printf("softbreak: %s\n", what);
	start(pc);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("r4", vm.run->papr_hcall.args[0], IN_HANDLER);
	check_value("SRR1, illegal instruction",
		    vm.run->papr_hcall.args[1] & SRR1_ILLEGAL, SRR1_ILLEGAL);
}

static void expect_debug_exit(uint64_t pc)
{
	printf("softbreak: a breakpoint of the debugger\n");
	start(pc);
	check("KVM_RUN", ioctl(vm.vcpu, KVM_RUN, 0), 0);
	check_value("exit reason", vm.run->exit_reason, KVM_EXIT_DEBUG);
	check_value("address", vm.run->debug.arch.address, pc);
	check_value("status", vm.run->debug.arch.status, 0);
	start(pc + 4);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("r4", vm.run->papr_hcall.args[0], BEHIND);
}

int main(void)
{
	uint32_t code[] = { 0, LI_R4(BEHIND), LI_DONE, SC1, ILLEGAL };
	const uint32_t handler[] = { LI_R4(IN_HANDLER), MFSRR1_R5, LI_DONE, SC1 };

	mem = make_guest(&vm, MEM_SIZE);
	code[0] = breakpoint();
	put_code(mem + CODE, code, ARRAY_SIZE(code));
	put_code(mem + PROGRAM, handler, ARRAY_SIZE(handler));

	expect_program("a breakpoint without a debugger", CODE);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP);
	expect_debug_exit(CODE);
	expect_program("another instruction, beside a debugger", CODE + 16);
	debug(0);
	expect_program("a breakpoint without a debugger any more", CODE);
	close_vm(&vm);
	return summary("softbreak");
}
