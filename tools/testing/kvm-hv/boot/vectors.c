// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: where do interrupts go that a guest gets
 * from the hypervisor, by LPCR[AIL] and by what its MSR was?
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define MSR_EE		0x8000UL
#define MSR_PR		0x4000UL
#define MSR_IR		0x20UL
#define B_SELF		0x48000000
#define LI_R4(n)	(0x38800000 | (n))
#define LIS_R5_7FFF	0x3ca07fff
#define MTDEC_R5	0x7cb603a6
#define RFID		0x4c000024

#define AIL(n)		((n) * 0x800000UL)	/* LPCR[AIL], ISA 2.07 */
#define LOW_VSID	0x200UL
#define HIGH_VSID	0x300UL
#define HIGH		0xc000000000000000UL
#define SLBE(ea, nr)	((ea) | 0x08000000UL | (nr))
#define SLBV(vsid)	((vsid) << 12)

enum { CODE = 0x10000, EXTERNAL = 0x500, DECREMENTER = 0x900, SYSCALL = 0xc00 };
/* What the handler in each place has in r4 */
enum { NO_OFFSET = 1, AT_18000, AT_C0004000 };

static struct vm vm;
static char *mem;

static void put_handlers(void)
{
	const uint32_t later[] = { LIS_R5_7FFF, MTDEC_R5, RFID };
	const unsigned long at[] = { 0, 0x18000, 0x4000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		const uint32_t code[] = { LI_R4(NO_OFFSET + i), LI_DONE, SC1 };

		put_code(mem + at[i] + EXTERNAL, code, ARRAY_SIZE(code));
		put_code(mem + at[i] + SYSCALL, code, ARRAY_SIZE(code));
		put_code(mem + at[i] + DECREMENTER, later, ARRAY_SIZE(later));
	}
}

static void map_page(uint64_t vsid, uint64_t page, uint64_t gpa)
{
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, (vsid ^ page) * 8,
					   vsid << 12 | 1, HPTE_R(gpa)), 0);
}

static uint64_t lpcr(void)
{
	uint64_t v = 0;
	struct kvm_one_reg reg = { KVM_REG_PPC_LPCR_64, (unsigned long)&v };

	check("KVM_GET_ONE_REG", ioctl(vm.vcpu, KVM_GET_ONE_REG, &reg), 0);
	return v;
}

static void set_ail(unsigned int ail)
{
	uint64_t v = (lpcr() & ~AIL(3)) | AIL(ail);
	struct kvm_one_reg reg = { KVM_REG_PPC_LPCR_64, (unsigned long)&v };

	check("KVM_SET_ONE_REG", ioctl(vm.vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void irq(unsigned int level)
{
	struct kvm_interrupt arg = { .irq = level };

	check("KVM_INTERRUPT", ioctl(vm.vcpu, KVM_INTERRUPT, &arg), 0);
}

/* The handler that the guest comes to, from where it has @msr */
static uint64_t external(uint64_t msr)
{
	const uint64_t r[] = { 0 };

	start_guest(&vm, CODE, msr | MSR_EE, r, ARRAY_SIZE(r));
	irq(KVM_INTERRUPT_SET_LEVEL);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	irq(KVM_INTERRUPT_UNSET);
	return vm.run->papr_hcall.args[0];
}

static uint64_t problem_sc1(void)
{
	const uint64_t r[] = { 0 };

	start_guest(&vm, CODE + 4, MSR_IR | MSR_DR | MSR_PR, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	return vm.run->papr_hcall.args[0];
}

static void test_ail(unsigned int ail, unsigned int want, unsigned int place)
{
	printf("vectors: LPCR[AIL] = %u\n", ail);
	set_ail(ail);
	check_value("LPCR[AIL]", lpcr() & AIL(3), AIL(want));
	check_value("external, MMU off", external(0), NO_OFFSET);
	check_value("external, IR alone", external(MSR_IR), NO_OFFSET);
	check_value("external, MMU on", external(MSR_IR | MSR_DR), place);
	check_value("system call, MMU on", problem_sc1(), place);
}

int main(void)
{
	const uint32_t code[] = { B_SELF, SC1 };
	struct kvm_sregs sregs;

	mem = make_guest(&vm, MEM_SIZE);
	check("KVM_GET_SREGS", ioctl(vm.vcpu, KVM_GET_SREGS, &sregs), 0);
	sregs.u.s.ppc64.slb[1].slbe = SLBE(0, 1);
	sregs.u.s.ppc64.slb[1].slbv = SLBV(LOW_VSID);
	sregs.u.s.ppc64.slb[2].slbe = SLBE(HIGH, 2);
	sregs.u.s.ppc64.slb[2].slbv = SLBV(HIGH_VSID);
	check("KVM_SET_SREGS", ioctl(vm.vcpu, KVM_SET_SREGS, &sregs), 0);
	put_code(mem + CODE, code, ARRAY_SIZE(code));
	put_handlers();
	map_page(LOW_VSID, CODE >> 12, CODE);
	map_page(LOW_VSID, 0x18, 0x18000);
	map_page(HIGH_VSID, 4, 0x4000);

	test_ail(0, 0, NO_OFFSET);
	test_ail(1, 0, NO_OFFSET);	/* reserved: dropped */
	test_ail(2, 2, AT_18000);
	test_ail(3, 3, AT_C0004000);
	close_vm(&vm);
	return summary("vectors");
}
