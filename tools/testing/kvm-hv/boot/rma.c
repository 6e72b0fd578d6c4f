// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: real mode areas.
 *
 *   rma CAPABILITY [MIB COUNT]
 *
 * What KVM_CAP_PPC_RMA has to be, and the size and number of areas that the
 * host was booted with, if it was.  With count 0 their number is whatever it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib.h"

#define MAX_AREAS	256
#define GUEST_PC	0x100
#define GUEST_DSI	0x300
#define GUEST_DATA	0x1000
#define HCALL_FAULT	0x7ff8
#define STARTS		100

/* Slots that go under a guest which stores to so many pages of 4K */
#define ROUNDS		40
#define PAGES		256
#define PASSES		20000
#define MSR_IR		0x20UL

static int count;
static size_t size;

static struct vm new_vm(void)
{
	struct vm vm;

	open_vm(&vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("HTAB", allocate_htab(&vm, 18), 0);
	return vm;
}

static int allocate(const struct vm *vm)
{
	struct kvm_allocate_rma rma = { 0 };
	int fd = ioctl(vm->fd, KVM_ALLOCATE_RMA, &rma);

	if (fd >= 0 && rma.rma_size != size)
		check_value("size of the area", rma.rma_size, size);
	return fd;
}

static void *map(int fd)
{
	return must_map("area", mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
}

/* How many areas the pool has now */
static int available(void)
{
	struct vm vm = new_vm();
	int fds[MAX_AREAS], n = 0;

	while (n < MAX_AREAS && (fds[n] = allocate(&vm)) >= 0)
		n++;
	check("KVM_ALLOCATE_RMA of an empty pool", n < MAX_AREAS ? -1 : 0, ENOMEM);
	close_vm(&vm);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

/*
 * Guest in real mode: r4 = OR of all that is in memory from r5 to r6, in steps
 * of r9; r8 is stored there instead.  A storage interrupt is another hcall.
 */
static const uint32_t scan[] = {
	0x38800000,		/*	li	r4,0 */
	0xe8e50000,		/* 1:	ld	r7,0(r5) */
	0x7c843b78,		/*	or	r4,r4,r7 */
	0xf9050000,		/*	std	r8,0(r5) */
	0x7ca54a14,		/*	add	r5,r5,r9 */
	0x7c253040,		/*	cmpld	r5,r6 */
	0x4180ffec,		/*	blt	1b */
	LI_DONE,
	SC1,
};

static const uint32_t fault[] = {
	0x38600000 | HCALL_FAULT,	/* li r3,... */
	SC1,
};

static void load(uint8_t *mem)
{
	put_code(mem + GUEST_PC, scan, ARRAY_SIZE(scan));
	put_code(mem + GUEST_DSI, fault, ARRAY_SIZE(fault));
}

/* The hcall it ends with */
static unsigned long run_scan(const struct vm *vm, unsigned long from,
			      unsigned long end, unsigned long step,
			      unsigned long fill)
{
	struct kvm_regs regs = { .pc = GUEST_PC, .msr = MSR_SF };

	regs.gpr[5] = from;
	regs.gpr[6] = end;
	regs.gpr[8] = fill;
	regs.gpr[9] = step;
	/* KVM_RUN takes r3 to r12 from the hcall that ended last */
	memcpy(vm->run->papr_hcall.args, &regs.gpr[4], 9 * sizeof(regs.gpr[0]));
	check("KVM_SET_REGS", ioctl(vm->vcpu, KVM_SET_REGS, &regs), 0);
	return run_to_hcall(vm);
}

/* A guest looks for what others left, and leaves something itself */
static void one_guest(unsigned long step)
{
	struct vm vm = new_vm();
	int fd = allocate(&vm);
	uint8_t *mem;

	if (fd < 0) {
		check("KVM_ALLOCATE_RMA", fd, 0);
		close_vm(&vm);
		return;
	}
	mem = map(fd);
	close(fd);
	check("slot", set_slot(&vm, 0, 0, mem, size, 0), 0);
	load(mem);
	check_value("hcall", run_scan(&vm, GUEST_DATA, size, step, ~0UL), HCALL_DONE);
	check_value("what the guest finds", vm.run->papr_hcall.args[0], 0);
	check_value("what it left", *(uint64_t *)(mem + GUEST_DATA), ~0UL);
	check_value("what it left at the end", *(uint64_t *)(mem + size - step), ~0UL);
	munmap(mem, size);
	close_vm(&vm);
}

static void beyond_limit(void)
{
	struct vm vm = new_vm();
	int fd = allocate(&vm);
	uint8_t *mem = map(fd);

	close(fd);
	check("slot", set_slot(&vm, 0, 0, mem, size, 0), 0);
	load(mem);
	check_value("real mode beyond the area", run_scan(&vm, size - 8, size + 8, 8, 0),
		    HCALL_FAULT);
	munmap(mem, size);
	close_vm(&vm);
}

static void bad_mappings(void)
{
	struct vm vm = new_vm();
	int fd = allocate(&vm), page = getpagesize();
	char *p;

	p = mmap(NULL, size + page, PROT_READ, MAP_SHARED, fd, 0);
	check("mapping beyond the end", p == MAP_FAILED ? -1 : 0, EINVAL);
	p = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, size - page);
	check("the last page and one more", p == MAP_FAILED ? -1 : 0, EINVAL);
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, size);
	check("mapping behind the end", p == MAP_FAILED ? -1 : 0, EINVAL);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	check("private mapping", p == MAP_FAILED ? -1 : 0, EINVAL);
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, size - page);
	check("the last page", p == MAP_FAILED ? -1 : 0, 0);
	check("growing it", mremap(p, page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0,
	      EFAULT);
	munmap(p, page);
	close(fd);
	close_vm(&vm);
}

/* User space may have something else at a slot's address when it moves the slot */
static void moved_slots(const struct vm *vm, uint8_t *mem, int fd)
{
	int page = getpagesize();
	uint8_t *other;

	other = must_map("memory", mmap(NULL, size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must_map("memory over the area", mmap(mem, size, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	check("moving the area's slot, with other memory there",
	      set_slot(vm, 0, 4 * size, mem, size, 0), EINVAL);
	check("deleting it", set_slot(vm, 0, 0, mem, 0, 0), 0);
	check("memory", set_slot(vm, 2, 4 * size, other, size, 0), 0);
	check("moving it to 0", set_slot(vm, 2, 0, other, size, 0), EBUSY);
	check("moving it into the area", set_slot(vm, 2, page, other, size, 0), EBUSY);
	must_map("area over memory", mmap(other, size, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_FIXED, fd, 0));
	check("moving it to 0, with the area there", set_slot(vm, 2, 0, other, size, 0), EINVAL);
	check("deleting it", set_slot(vm, 2, 0, other, 0, 0), 0);
	check("the area again", set_slot(vm, 0, 0, other, size, 0), 0);
	check_value("hcall", run_scan(vm, GUEST_DATA, size, 4096, 1), HCALL_DONE);
	munmap(other, size);
}

static void bad_slots(int must_have)
{
	struct vm vm = new_vm(), other = new_vm();
	int fd = allocate(&vm), fd2 = allocate(&vm), page = getpagesize();
	uint8_t *mem = map(fd), *mem2 = map(fd2), *ram;

	ram = must_map("memory", mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check("not at 0", set_slot(&vm, 0, size, mem, size, 0), EINVAL);
	check("not its beginning", set_slot(&vm, 0, 0, mem + page, size - page, 0), EINVAL);
	check("read-only", set_slot(&vm, 0, 0, mem, size, KVM_MEM_READONLY), EINVAL);
	check("too small a slot", set_slot(&vm, 0, 0, mem, 16 << 20, 0), EINVAL);
	check("KVM_ALLOCATE_RMA, nowhere to put the size",
	      ioctl(vm.fd, KVM_ALLOCATE_RMA, 8UL), EFAULT);
	if (must_have) {
		check("other memory at 0", set_slot(&vm, 0, 0, ram, size, 0), EINVAL);
		check("KVM_RUN without an area", ioctl(other.vcpu, KVM_RUN, 0), EINVAL);
	}
	check("the area at 0", set_slot(&vm, 0, 0, mem, size, 0), 0);
	check("a second slot on it", set_slot(&vm, 1, size, mem, size, 0), EINVAL);
	check("another area behind it", set_slot(&vm, 1, size, mem2, size, 0), EINVAL);
	check("memory behind it", set_slot(&vm, 1, size, ram, size, 0), 0);
	check("moving it", set_slot(&vm, 0, 2 * size, mem, size, 0), EINVAL);
	check("the area in another VM", set_slot(&other, 0, 0, mem, size, 0), EBUSY);
	check("deleting the slot", set_slot(&vm, 0, 0, mem, 0, 0), 0);
	check("another area at 0", set_slot(&vm, 0, 0, mem2, size, 0), EBUSY);
	check("other memory at 0", set_slot(&vm, 2, 0, ram, size, 0), EBUSY);
	check("no memory behind it", set_slot(&vm, 1, size, ram, 0, 0), 0);
	check("other memory from inside the area to behind it",
	      set_slot(&vm, 2, page, ram, 2 * size, 0), EBUSY);
	check("other memory inside the area", set_slot(&vm, 2, page, ram, page, 0), EBUSY);
	check("the area's last page",
	      set_slot(&vm, 2, size - page, ram, page, 0), EBUSY);
	check("half of the area", set_slot(&vm, 0, 0, mem, size / 2, 0),
	      size > 64 << 20 || !must_have ? EBUSY : EINVAL);
	check("the area again", set_slot(&vm, 0, 0, mem, size, 0), 0);
	load(mem);
	check_value("hcall", run_scan(&vm, GUEST_DATA, size, 4096, 1), HCALL_DONE);
	moved_slots(&vm, mem, fd);

	if (!must_have) {
		check("memory at 0", set_slot(&other, 0, 0, ram, size, 0), 0);
		load(ram);
		check_value("hcall", run_scan(&other, GUEST_DATA, size, 4096, 1), HCALL_DONE);
		check("deleting it", set_slot(&other, 0, 0, ram, 0, 0), 0);
		check("an area after a run without", set_slot(&other, 0, 0, mem2, size, 0), EBUSY);
	}
	munmap(ram, 2 * size);
	munmap(mem, size);
	munmap(mem2, size);
	close(fd);
	close(fd2);
	close_vm(&vm);
	close_vm(&other);
}

/* Guest, translated: r6 times, r4 to each page from r9 to r10 */
static const uint32_t store[] = {
	0x7d2b4b78,		/* 1:	mr	r11,r9 */
	0x908b0000,		/* 2:	stw	r4,0(r11) */
	0x396b1000,		/*	addi	r11,r11,0x1000 */
	0x7c2b5040,		/*	cmpld	r11,r10 */
	0x4180fff4,		/*	blt	2b */
	0x34c6ffff,		/*	addic.	r6,r6,-1 */
	0x4082ffe8,		/*	bne	1b */
	LI_DONE,
	SC1,
};

/* Its code is the page behind what it stores to */
static void start_store(const struct vm *vm, uint64_t passes)
{
	const uint64_t r[8] = { [1] = passes, [3] = passes, [7] = EA + PAGES * 0x1000 };

	start_guest(vm, EA + PAGES * 0x1000, MSR_DR | MSR_IR, r, ARRAY_SIZE(r));
}

/* Up to the first store that is one to a device; false if there is none */
static int run_to_store(const struct vm *vm)
{
	long rc = ioctl(vm->vcpu, KVM_RUN, 0);

	check("KVM_RUN", rc, 0);
	return !rc && vm->run->exit_reason == KVM_EXIT_MMIO;
}

static void *run_store(void *vm)
{
	run_to_store(vm);
	return NULL;
}

/*
 * The area's slot goes while the guest stores to its pages.  After that all of
 * these stores are to a device.
 */
static void deleted_slots(void)
{
	struct vm vm, tmp = new_vm();
	int fd = allocate(&tmp), i, n, page = getpagesize();
	uint8_t *mem = map(fd), *code;
	pthread_t thread;
	uint64_t gpa;

	close_vm(&tmp);
	close(fd);
	code = must_map("memory", mmap(NULL, page, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	put_code(code, store, ARRAY_SIZE(store));
	open_guest(&vm, mem, size);
	check("memory behind it", set_slot(&vm, 1, size, code, page, 0), 0);
	for (i = 0; i <= PAGES; i++) {
		gpa = i < PAGES ? 0x100000UL + i * 0x1000 : size;
		check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, (VSID ^ i) * 8,
						   HPTE_V, HPTE_R(gpa)), 0);
	}
	for (i = 0; i < ROUNDS; i++) {
		start_store(&vm, PASSES);
		pthread_create(&thread, NULL, run_store, &vm);
		usleep(2000 + rand() % 2000);
		check("deleting the slot", set_slot(&vm, 0, 0, mem, 0, 0), 0);
		pthread_join(thread, NULL);
		start_store(&vm, 1);
		for (n = 0; run_to_store(&vm); n++)
			;
		check_value("pages that went with the slot", n, PAGES);
		check("the slot again", set_slot(&vm, 0, 0, mem, size, 0), 0);
	}
	munmap(mem, size);
	munmap(code, page);
	close_vm(&vm);
}

/* Whoever holds an area, it comes back when the last one lets go */
static void holders(void)
{
	struct vm vm = new_vm();
	int fd = allocate(&vm), pipes[2];
	uint8_t *mem = map(fd), byte;
	struct iovec iov = { .iov_len = 1 };

	load(mem);
	mem[GUEST_DATA] = 'x';
	close(fd);
	check_value("held by a mapping", available(), count - 1);
	check("slot", set_slot(&vm, 0, 0, mem, size, 0), 0);
	munmap(mem, size);
	check_value("held by the VM", available(), count - 1);
	check_value("hcall", run_scan(&vm, GUEST_DATA, GUEST_DATA, 8, 0), HCALL_DONE);
	check_value("what only the guest sees", vm.run->papr_hcall.args[0], 'x' * (1UL << 56));
	close_vm(&vm);
	check_value("held by nobody", available(), count);

	vm = new_vm();
	fd = allocate(&vm);
	close_vm(&vm);
	mem = map(fd);
	iov.iov_base = mem;
	*mem = 'x';
	check("pipe", pipe(pipes), 0);
	check("vmsplice", vmsplice(pipes[1], &iov, 1, 0), 0);
	munmap(mem, size);
	close(fd);
	check_value("held by a pipe", available(), count - 1);
	check("read", read(pipes[0], &byte, 1), 0);
	check_value("what was in the pipe", byte, 'x');
	check_value("held by nobody", available(), count);
	close(pipes[0]);
	close(pipes[1]);
}

int main(int argc, char **argv)
{
	int cap = argc > 1 ? atoi(argv[1]) : 0;
	struct vm vm;

	open_kvm();
	check_value("KVM_CAP_PPC_RMA", ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_RMA), cap);
	size = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;
	if (!size) {
		vm = new_vm();
		check("KVM_ALLOCATE_RMA without a pool", allocate(&vm), ENOMEM);
		close_vm(&vm);
		goto out;
	}
	count = available();
	printf("rma: %d areas of %zu MiB\n", count, size >> 20);
	if (argc > 3 && atoi(argv[3]))
		check_value("number of areas", count, atoi(argv[3]));

	bad_mappings();
	bad_slots(cap == 2);
	beyond_limit();
	/* a guest of a PPC970 has no devices */
	if (cap < 2)
		deleted_slots();
	holders();
	/* areas are handed out in turn: the second round meets what the first left */
	for (int i = 0; i < 2 * count; i++)
		one_guest(8);
	for (int i = 0; i < STARTS; i++)
		one_guest(4096);
	check_value("areas after all guests", available(), count);
out:
	return summary("rma");
}
