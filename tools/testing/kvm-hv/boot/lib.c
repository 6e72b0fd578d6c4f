// SPDX-License-Identifier: GPL-2.0
/* See lib.h */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

int passed, failed, kvm;

void check(const char *what, long rc, int want)
{
	int got = rc < 0 ? errno : 0;

	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s, not %s\n", what, got ? strerror(got) : "success",
	       want ? strerror(want) : "success");
}

void check_value(const char *what, unsigned long got, unsigned long want)
{
	if (got == want) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %#lx, not %#lx\n", what, got, want);
}

int summary(const char *name)
{
	printf("%s: %d right, %d wrong\n", name, passed, failed);
	return failed != 0;
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

void *must_map(const char *what, void *p)
{
	must(p != MAP_FAILED, what);
	return p;
}

void open_kvm(void)
{
	kvm = open("/dev/kvm", O_RDWR);
	must(kvm >= 0, "/dev/kvm");
}

static size_t run_size(void)
{
	return ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
}

void open_vm(struct vm *vm, unsigned long type)
{
	vm->fd = ioctl(kvm, KVM_CREATE_VM, type);
	must(vm->fd >= 0, "KVM_CREATE_VM");
	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	must(vm->vcpu >= 0, "KVM_CREATE_VCPU");
	vm->run = must_map("kvm_run", mmap(NULL, run_size(), PROT_READ | PROT_WRITE,
					   MAP_SHARED, vm->vcpu, 0));
}

void close_vm(struct vm *vm)
{
	munmap(vm->run, run_size());
	close(vm->vcpu);
	close(vm->fd);
}

int enable_papr(const struct vm *vm)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };

	return ioctl(vm->vcpu, KVM_ENABLE_CAP, &papr);
}

int allocate_htab(const struct vm *vm, uint32_t order)
{
	return ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB, &order);
}

int set_slot(const struct vm *vm, uint32_t slot, uint64_t gpa, void *mem,
	     uint64_t size, uint32_t flags)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (unsigned long)mem,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r);
}

unsigned long run_to_hcall(const struct vm *vm)
{
	long rc = ioctl(vm->vcpu, KVM_RUN, 0);

	check("KVM_RUN", rc, 0);
	if (rc)
		return ~0UL;
	check_value("exit reason", vm->run->exit_reason, KVM_EXIT_PAPR_HCALL);
	return vm->run->papr_hcall.nr;
}

void put_code(void *to, const uint32_t *insn, size_t n)
{
	uint32_t *p = to;

	while (n--)
		*p++ = htobe32(*insn++);
}
