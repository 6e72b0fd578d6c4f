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

#define EVENTS		"/sys/kernel/debug/tracing/"
#define PROBES		4
#define STRINGS		128	/* a probe has no more arguments */
#define TEXT		0x20000000UL
#define TEXT_SIZE	4096UL	/* of a longer one the kernel looks at no more */

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND), ok;

	if (fd < 0)
		return 0;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

void make_slow(const char *function)
{
	char *text = must_map("text", mmap((void *)TEXT, TEXT_SIZE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	char event[4096], name[100];
	int i, j, len;

	memset(text, 'x', TEXT_SIZE - 1);
	for (i = 0; i < PROBES; i++) {
		len = sprintf(event, "p:slow%d %s", i, function);
		for (j = 0; j < STRINGS; j++)
			len += sprintf(event + len, " @0x%lx:ustring", TEXT);
		strcpy(event + len, "\n");
		check_value("kprobe_events", put(EVENTS "kprobe_events", event), 1);
		sprintf(name, EVENTS "events/kprobes/slow%d/enable", i);
		check_value("probe", put(name, "1"), 1);
	}
}

void make_fast(void)
{
	char name[100];
	int i;

	for (i = 0; i < PROBES; i++) {
		sprintf(name, EVENTS "events/kprobes/slow%d/enable", i);
		check_value("probe", put(name, "0"), 1);
		sprintf(name, "-:slow%d\n", i);
		check_value("kprobe_events", put(EVENTS "kprobe_events", name), 1);
	}
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

void open_vcpu(struct vm *vm, unsigned long id)
{
	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	must(vm->vcpu >= 0, "KVM_CREATE_VCPU");
	vm->run = must_map("kvm_run", mmap(NULL, run_size(), PROT_READ | PROT_WRITE,
					   MAP_SHARED, vm->vcpu, 0));
}

void open_vm(struct vm *vm, unsigned long type)
{
	vm->fd = ioctl(kvm, KVM_CREATE_VM, type);
	must(vm->fd >= 0, "KVM_CREATE_VM");
	open_vcpu(vm, 0);
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

int htab_fd(const struct vm *vm, uint64_t flags, uint64_t start)
{
	struct kvm_get_htab_fd arg = { .flags = flags, .start_index = start };

	return ioctl(vm->fd, KVM_PPC_GET_HTAB_FD, &arg);
}

long put_htab(int fd, uint32_t index, unsigned int valid, unsigned int empty,
	      uint64_t v, uint64_t r)
{
	struct htab_record rec = { .head = { index, valid, empty } };
	unsigned int i;

	for (i = 0; i < valid; i++) {
		rec.hpte[i][0] = htobe64(v);
		rec.hpte[i][1] = htobe64(r + i * 0x1000);
	}
	return write(fd, &rec, sizeof(rec.head) + valid * 16);
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

#define SLB_E		(EA | 0x08000000UL)
#define SLB_V		(VSID << 12)
#define HCALL_AT	0x1000
#define DSI_AT		0x300
#define MR_R4_R3	0x7c641b78
#define MFDSISR_R4	0x7c9202a6

void open_guest(struct vm *vm, void *mem, uint64_t size)
{
	const uint32_t call[] = { SC1, MR_R4_R3, LI_DONE, SC1 };
	const uint32_t dsi[] = { MFDSISR_R4, LI_DONE, SC1 };
	struct kvm_sregs sregs;

	put_code((char *)mem + HCALL_AT, call, ARRAY_SIZE(call));
	put_code((char *)mem + DSI_AT, dsi, ARRAY_SIZE(dsi));
	open_vm(vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(vm), 0);
	check("memory at 0", set_slot(vm, 0, 0, mem, size, 0), 0);
	check("KVM_GET_SREGS", ioctl(vm->vcpu, KVM_GET_SREGS, &sregs), 0);
	sregs.u.s.ppc64.slb[0].slbe = SLB_E;
	sregs.u.s.ppc64.slb[0].slbv = SLB_V;
	check("KVM_SET_SREGS", ioctl(vm->vcpu, KVM_SET_SREGS, &sregs), 0);
}

void *make_guest(struct vm *vm, uint64_t size)
{
	void *mem;

	open_kvm();
	mem = must_map("memory", mmap(NULL, size, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	open_guest(vm, mem, size);
	return mem;
}

/* KVM_RUN takes r3 to r12 from the hcall that ended last */
void start_guest(const struct vm *vm, uint64_t pc, uint64_t msr,
		 const uint64_t *r, int nr)
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF | msr };

	memcpy(&regs.gpr[3], r, nr * sizeof(*r));
	regs.gpr[9] = EA;
	vm->run->papr_hcall.ret = regs.gpr[3];
	memcpy(vm->run->papr_hcall.args, &regs.gpr[4], 9 * sizeof(*r));
	check("KVM_SET_REGS", ioctl(vm->vcpu, KVM_SET_REGS, &regs), 0);
}

uint64_t guest_hcall(const struct vm *vm, uint64_t nr, uint64_t a, uint64_t b,
		     uint64_t c, uint64_t d)
{
	const uint64_t r[] = { nr, a, b, c, d };

	start_guest(vm, HCALL_AT, 0, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(vm), HCALL_DONE);
	return vm->run->papr_hcall.args[0];
}
