// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: a guest that a debugger steps comes to the same
 * registers and the same memory as one that runs, through interrupts, rfid, hcalls, a
 * device and H_CEDE, and finds its own memory as it left it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define DATA		0x200000UL
#define DATA_SIZE	0x1000UL
#define ROUNDS		12
#define STEPS_MIN	400
#define STEPS_MAX	10000
#define HCALL_USER	0x7ff8
#define USER_RESULT	0x4711UL
#define MMIO_RESULT	0x12345678UL
#define MSR_FP		0x2000UL
#define MSR_EE		0x8000UL
#define MSR_IR		0x20UL
#define BREAKPOINT	0x00dddd00
#define ADD_FP		0xfc00082a	/* fadd f0,f0,f1: not emulated */

/*
 * r9 = EA, a page at DATA; r8 = EA + 0x1000, a device; r4 = rounds.  r14 and up hold what
 * it has come to, r31 counts interrupts.  Big-endian code: no data beside it.
 */
asm(".pushsection .rodata\n"
	".machine push; .machine power8\n"
	".balign 4\n"
	"step_code:\n"
	"mr 14,4; mr 16,9; mr 17,8; li 31,0; li 15,1; li 18,3\n"
	"1: mulld 15,15,18; addi 15,15,17; rldicl 19,15,13,7; xor 15,15,19\n"
    /* loads and stores: sizes, byte order, update */
	"std 15,8(16); ld 20,8(16); lwz 21,12(16); lha 22,10(16); lbz 23,11(16)\n"
	"add 15,15,20; add 15,15,21; add 15,15,22; add 15,15,23\n"
	"li 24,32; stdbrx 15,16,24; lwbrx 25,16,24; add 15,15,25\n"
	"addi 26,16,64; stwu 15,4(26); lwzu 25,-4(26); add 15,15,25; add 15,15,26\n"
	"stfd 1,128(16); lfd 2,8(16); stfd 2,136(16)\n"
	"addi 26,16,512; dcbz 0,26; std 15,520(16)\n"
    /* condition register, carry, counter and link register */
	"cmpdi 5,15,0; mfcr 27; add 15,15,27; addic. 15,15,-1; adde 15,15,18\n"
	"li 24,3; mtctr 24\n"
	"2: addi 15,15,5; bdnz 2b\n"
	"bl 3f; b 4f\n"
	"3: mflr 28; mtsprg 0,15; blr\n"
	"4: mfsprg 29,0; add 15,15,29\n"
    /* with translation off, on again: mtmsrd and rfid */
	"mfmsr 24; ori 25,24,0x10; xori 25,25,0x10; mtmsrd 25; std 15,0x2000(0); mtmsrd 24\n"
	"bl 5f\n5: mflr 28; addi 28,28,24; mtsrr0 28; mtsrr1 24; rfid\n.long 0\n"
    /* interrupts: storage, system call, program */
	"lwz 24,0x3000(16); sc; .long 0x7fe00008; add 15,15,31\n"
    /* a device */
	"lwz 25,0(17); add 15,15,25\n"
    /* hcalls of real mode, of the module and of user space */
	"li 3,0xc; li 4,0; li 5,0; .long 0x44000022; add 15,15,3\n"
	"li 3,0xe4; li 4,99; .long 0x44000022; add 15,15,3\n"
	"li 3,0x7ff8; .long 0x44000022; add 15,15,3; add 15,15,4\n"
    /* H_PROD of oneself, then H_CEDE is over at once; it leaves MSR[EE] on */
	"li 3,0xe4; li 4,0; .long 0x44000022; li 3,0xe0; .long 0x44000022; add 15,15,3\n"
	"mfmsr 24; rldicl 24,24,48,1; rotldi 24,24,16; mtmsrd 24\n"
	"addi 14,14,-1; cmpdi 14,0; bne 1b\n"
	"step_done: li 3,0x7ffc; .long 0x44000022\n"
	"int_code: addi 31,31,1; rfid\n"
	"skip_code: mfsrr0 30; addi 30,30,4; mtsrr0 30; addi 31,31,1; mfsrr1 30; rldicl 30,30,48,44; add 31,31,30; rfid\n"
	"dec_code: lis 12,0x7fff; mtdec 12; addi 11,11,1; rfid\n"
	"dec_end:\n"
	".machine pop\n"
	".popsection");
GUEST_LABELS(step_code[], step_done[], int_code[], skip_code[], dec_code[], dec_end[]);

static struct vm vm;
static char *mem;
static int steps;

static void debug(uint32_t control, int want)
{
	struct kvm_guest_debug arg = { .control = control };

	check("KVM_SET_GUEST_DEBUG", ioctl(vm.vcpu, KVM_SET_GUEST_DEBUG, &arg), want);
}

static struct kvm_regs registers(void)
{
	struct kvm_regs regs;

	check("KVM_GET_REGS", ioctl(vm.vcpu, KVM_GET_REGS, &regs), 0);
	return regs;
}

static void set_fpr1(uint64_t val)
{
	struct kvm_one_reg reg = { KVM_REG_PPC_FPR(1), (unsigned long)&val };

	check("FPR 1", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
}

/* What user space has to do for the guest; 0 when it has come to its end */
static int serve(void)
{
	switch (vm.run->exit_reason) {
	case KVM_EXIT_MMIO:
		check_value("address", vm.run->mmio.phys_addr, MEM_SIZE);
		vm.run->mmio.data[0] = MMIO_RESULT >> 24;
		vm.run->mmio.data[1] = MMIO_RESULT >> 16 & 0xff;
		vm.run->mmio.data[2] = MMIO_RESULT >> 8 & 0xff;
		vm.run->mmio.data[3] = MMIO_RESULT & 0xff;
		return 1;
	case KVM_EXIT_PAPR_HCALL:
		if (vm.run->papr_hcall.nr == HCALL_DONE)
			return 0;
		check_value("hcall", vm.run->papr_hcall.nr, HCALL_USER);
		vm.run->papr_hcall.ret = 1;
		vm.run->papr_hcall.args[0] = USER_RESULT;
		return 1;
	default:
		check_value("exit reason", vm.run->exit_reason, 0);
		return 0;
	}
}

/* From the beginning, to the end; what is in registers and memory then */
static struct kvm_regs whole(char *data)
{
	const uint64_t r[] = { 0, ROUNDS, 0, 0, 0, EA + 0x1000 };
	int more = 1;

	memset(mem + DATA, 0x5a, DATA_SIZE);
	memset(mem + 0x2000, 0, 8);
	set_fpr1(0x3ff123456789abcd);
	start_guest(&vm, 0x10000, MSR_DR | MSR_FP, r, ARRAY_SIZE(r));
	steps = 0;
	while (more && steps < STEPS_MAX) {
		if (ioctl(vm.vcpu, KVM_RUN, 0)) {
			check("KVM_RUN", -1, 0);
			printf("step: pc %#lx\n", (unsigned long)registers().pc);
			break;
		}
		if (vm.run->exit_reason == KVM_EXIT_DEBUG) {
			check_value("address", vm.run->debug.arch.address, registers().pc);
			steps++;
		} else {
			more = serve();
		}
	}
	memcpy(data, mem + DATA, DATA_SIZE);
	memcpy(data + DATA_SIZE, mem + 0x2000, 8);
	return registers();
}

static void same_as_running(void)
{
	static char run[DATA_SIZE + 8], step[DATA_SIZE + 8];
	static char before[MEM_SIZE], after[MEM_SIZE];
	struct kvm_regs a, b;
	int i;

	a = whole(run);
	check_value("no steps", steps, 0);
	check_value("interrupts", (a.gpr[31] & 0xff) >= 3 * ROUNDS, 1);
	memcpy(before, mem, MEM_SIZE);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0);
	b = whole(step);
	memcpy(after, mem, MEM_SIZE);
	debug(0, 0);
	printf("step: %d steps\n", steps);
	check_value("steps", steps >= STEPS_MIN && steps < STEPS_MAX, 1);
	for (i = 14; i < 32; i++) {
		if (a.gpr[i] != b.gpr[i])
			printf("step: r%d: ", i);
		check_value("register", b.gpr[i], a.gpr[i]);
	}
	check_value("PC", b.pc, a.pc);
	check_value("MSR", b.msr, a.msr);
	check_value("memory", memcmp(run, step, sizeof(run)), 0);
	check_value("all memory", memcmp(before, after, MEM_SIZE), 0);
}

/* The timer is due all the time: its handler runs when the guest does, once */
static void interrupts_wait(void)
{
	const uint32_t code[] = { 0x3a80ffff,	/* li r20,-1 */
				  0x7e9603a6,	/* mtdec r20 */
				  0x60000000, 0x60000000, 0x60000000, LI_DONE, SC1 };
	const uint64_t r[] = { 0 };
	int i;

	put_code(mem + 0x11000, code, ARRAY_SIZE(code));
	start_guest(&vm, 0x11000, MSR_EE, r, 1);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0);
	for (i = 1; i < 5; i++) {
		check("KVM_RUN", ioctl(vm.vcpu, KVM_RUN, 0), 0);
		check_value("exit reason", vm.run->exit_reason, KVM_EXIT_DEBUG);
		check_value("PC", registers().pc, 0x11000 + 4 * i);
	}
	debug(0, 0);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("interrupts", registers().gpr[11], 1);
}

static void what_there_is_not(void)
{
	const uint32_t code[] = { ADD_FP, BREAKPOINT };
	const uint64_t r[] = { 0 };

	check_value("KVM_CAP_PPC_GUEST_DEBUG_SSTEP",
		    ioctl(vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_GUEST_DEBUG_SSTEP), 1);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, EINVAL);
	debug(KVM_GUESTDBG_ENABLE | 0x80000000, EINVAL);

	put_code(mem + 0x11000, code, ARRAY_SIZE(code));
	start_guest(&vm, 0x11000, MSR_FP, r, 1);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP, 0);
	check("an instruction that is not emulated", ioctl(vm.vcpu, KVM_RUN, 0), EOPNOTSUPP);
	check_value("PC", registers().pc, 0x11000);

	/* A breakpoint of the debugger's is no instruction */
	start_guest(&vm, 0x11004, 0, r, 1);
	check("KVM_RUN", ioctl(vm.vcpu, KVM_RUN, 0), 0);
	check_value("exit reason", vm.run->exit_reason, KVM_EXIT_DEBUG);
	check_value("address", vm.run->debug.arch.address, 0x11004);
	check_value("PC", registers().pc, 0x11004);
	debug(0, 0);
}

int main(void)
{
	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + 0x10000, step_code, dec_end - step_code);
	put_code(mem + 0x300, skip_code, dec_code - skip_code);
	put_code(mem + 0x700, skip_code, dec_code - skip_code);
	put_code(mem + 0xc00, int_code, skip_code - int_code);
	put_code(mem + 0x900, dec_code, dec_end - dec_code);
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V,
					   HPTE_R(DATA)), 0);
	/* The group of the second page: its number, xor 1 */
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX - 8, HPTE_V,
					   HPTE_R(MEM_SIZE)), 0);
	same_as_running();
	interrupts_wait();
	what_there_is_not();
	close_vm(&vm);
	return summary("step");
}
