// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: a guest loads and stores at one address
 * again and again.  Does it see the device, the memory or the interrupt that is
 * there now, when the HPTE, the memslot or the instruction changes?
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define PAGE		0x10000UL
#define DEVICE		(64UL << 20)	/* guest real address, no slot at first */
#define OTHER		(65UL << 20)

#define DSISR_PROT	0x08000000UL
#define DSISR_STORE	0x02000000UL

#define LHZ_R4_R9	0xa0890000

static struct vm vm;
static char *mem;

static uint64_t hcall(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return guest_hcall(&vm, nr, a, b, c, d);
}

static void enter(uint64_t r)
{
	hcall(H_REMOVE, 0, PTEX, 0, 0);
	check_value("H_ENTER", hcall(H_ENTER, H_EXACT, PTEX, HPTE_V, r), 0);
}

static void instruction(uint32_t first)
{
	const uint32_t code[] = { first, LI_DONE, SC1 };

	put_code(mem + GUEST_CODE, code, ARRAY_SIZE(code));
}

/* What it gets, without an exit for MMIO */
static uint64_t access_memory(void)
{
	const uint64_t r[] = { 0, 0x5a5a5a5a };

	start_guest(&vm, GUEST_CODE, MSR_DR, r, 2);
	check_value("no MMIO, but hcall", run_to_hcall(&vm), HCALL_DONE);
	return vm.run->papr_hcall.args[0];
}

static void access_device(const char *what, uint64_t gpa, int len, int store)
{
	const uint64_t r[] = { 0, 0x5a5a5a5a };
	struct kvm_run *run = vm.run;
	static uint32_t value = 0x8899aabb;
	uint32_t data = 0;

	start_guest(&vm, GUEST_CODE, MSR_DR, r, 2);
	check(what, ioctl(vm.vcpu, KVM_RUN, 0), 0);
	check_value(what, run->exit_reason, KVM_EXIT_MMIO);
	if (run->exit_reason != KVM_EXIT_MMIO)
		return;
	check_value("address", run->mmio.phys_addr, gpa);
	check_value("length", run->mmio.len, len);
	check_value("store", run->mmio.is_write, store);
	value += 0x01020304;
	memcpy(&data, run->mmio.data, 4);
	if (store)
		check_value("stored", be32toh(data), 0x5a5a5a5a);
	data = htobe32(value);
	memcpy(run->mmio.data, &data, 4);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	if (!store)
		check_value("loaded", run->papr_hcall.args[0],
			    len == 4 ? value : value >> 16);
}

static void devices(void)
{
	int i;

	enter(HPTE_R(DEVICE));
	instruction(LWZ_R4_R9);
	for (i = 0; i < 3; i++)
		access_device("load", DEVICE, 4, 0);
	instruction(STW_R4_R9);
	for (i = 0; i < 3; i++)
		access_device("store", DEVICE, 4, 1);
	instruction(LHZ_R4_R9);
	for (i = 0; i < 3; i++)
		access_device("halfword", DEVICE, 2, 0);
	instruction(LWZ_R4_R9);
	access_device("load", DEVICE, 4, 0);
	enter(HPTE_R(OTHER));
	access_device("another device", OTHER, 4, 0);
	enter(HPTE_R_RO(DEVICE));
	access_device("read-only", DEVICE, 4, 0);
	instruction(STW_R4_R9);
	check_value("store to read-only", access_memory(), DSISR_PROT | DSISR_STORE);
	instruction(LWZ_R4_R9);
	access_device("read-only", DEVICE, 4, 0);
	hcall(H_REMOVE, 0, PTEX, 0, 0);
	check_value("no HPTE", access_memory(), DSISR_NOHPTE);
	enter(HPTE_R(DEVICE));
	access_device("load", DEVICE, 4, 0);
}

/* What user space makes of the length of a load that it is asked to do */
static void lengths(void)
{
	const uint64_t r[] = { 0, 0x5a5a5a5a };
	const uint32_t data = htobe32(0x8899aabb);
	struct kvm_run *run = vm.run;
	uint32_t len;

	enter(HPTE_R(DEVICE));
	instruction(LWZ_R4_R9);
	for (len = 0; len <= 16; len++) {
		start_guest(&vm, GUEST_CODE, MSR_DR, r, 2);
		check("load", ioctl(vm.vcpu, KVM_RUN, 0), 0);
		check_value("load", run->exit_reason, KVM_EXIT_MMIO);
		memcpy(run->mmio.data, &data, sizeof(data));
		if (len != 4) {
			run->mmio.len = len;
			check("another length", ioctl(vm.vcpu, KVM_RUN, 0), EINVAL);
			run->mmio.len = 4;
		}
		if (run->exit_reason == KVM_EXIT_MMIO)
			check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
		check_value("loaded", run->papr_hcall.args[0], 0x8899aabb);
	}
}

static void slots(void)
{
	uint32_t *page;
	int i;

	page = must_map("page", mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (i = 1; i <= 5; i++) {
		access_device("before there is memory", DEVICE, 4, 0);
		access_device("before there is memory", DEVICE, 4, 0);
		*page = htobe32(i);
		check("slot", set_slot(&vm, 1, DEVICE, page, PAGE, 0), 0);
		check_value("memory", access_memory(), i);
		*page = htobe32(i + 100);
		check_value("memory", access_memory(), i + 100);
		check("slot deleted", set_slot(&vm, 1, DEVICE, page, 0, 0), 0);
	}
	access_device("without memory", DEVICE, 4, 0);
}

int main(void)
{
	mem = make_guest(&vm, MEM_SIZE);

	devices();
	lengths();
	slots();
	close_vm(&vm);
	return summary("mmioslot");
}
