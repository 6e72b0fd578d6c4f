// SPDX-License-Identifier: GPL-2.0
/*
 * What a user of hostile does.  His threads share a table of VMs without any lock:
 * what one works with, another closes, replaces or unmaps at the same time.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "lib.h"

#define NR_VMS		3
#define NR_VCPUS	4
#define NR_FILES	6
#define SMALL_ORDER	18

/* Where a VM's memory is mapped; slots are within it, most of them */
#define ARENA		0x100000000000UL
#define ARENA_SIZE	(256UL << 20)
#define BITMAP_SIZE	0x10000UL

static struct vms {
	int fd;
	int vcpu[NR_VCPUS];
	struct kvm_run *run[NR_VCPUS];
	int xics;
	/* tables, streams, areas, statistics, eventfds */
	int file[NR_FILES];
} vms[NR_VMS];

int must_have_area;
static int memory_fd;
static uint8_t *bitmap;		/* BITMAP_SIZE, nothing behind it */

/* ---- the table ---- */

static int get(int *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* Nothing is lost by a race: the thread that takes a descriptor out of the table closes it */
static void put_fd(int *at, int fd)
{
	int old = __atomic_exchange_n(at, fd, __ATOMIC_RELAXED);

	if (old > 2)
		close(old);
}

static struct vms *some_vm(void)
{
	return &vms[below(NR_VMS)];
}

static uint8_t *arena(const struct vms *vm)
{
	return (uint8_t *)ARENA + (vm - vms) * ARENA_SIZE;
}

static int some_vcpu(const struct vms *vm)
{
	return get((int *)&vm->vcpu[one_in(2) ? 0 : below(NR_VCPUS)]);
}

static int *some_file(struct vms *vm)
{
	return &vm->file[below(NR_FILES)];
}

/* Any descriptor of the table; one that KVM_CREATE_VCPU is about to give is a guess */
static int some_fd(void)
{
	struct vms *vm = some_vm();

	if (one_in(32))
		return kvm;
	if (one_in(4))
		return 4 + below(64);
	switch (below(4)) {
	case 0:
		return get(&vm->fd);
	case 1:
		return some_vcpu(vm);
	case 2:
		return get(some_file(vm));
	default:
		return one_in(4) ? get(&vm->xics) : get(&vm->fd);
	}
}

long call(int fd, unsigned long req, unsigned long arg)
{
	long rc;

	me->fd = fd;
	me->req = req;
	me->arg = arg;
	rc = ioctl(fd, req, arg);
	seen->calls[me->nr]++;
	if (rc >= 0)
		seen->done[me->nr]++;
	return rc;
}

static long call_with(int fd, unsigned long req, const void *arg)
{
	return call(fd, req, one_in(64) ? edge() : (unsigned long)arg);
}

/* ---- memory ---- */

static uint8_t *some_page(const struct vms *vm)
{
	return arena(vm) + (one_in(4) ? SECOND_GPA + (below(SECOND_SIZE) & -PAGE) :
			    below(one_in(2) ? RAM_SIZE : ARENA_SIZE) & -PAGE);
}

static uint64_t some_length(void)
{
	return PAGE * (one_in(8) ? 1 + below(256) : 1 + below(8));
}

static void *map(void *at, uint64_t size, int prot, int flags, int fd, uint64_t from)
{
	return mmap(at, size, prot, MAP_FIXED | flags, fd, from);
}

/* Where a VM's memory ends nothing else is mapped, so nothing is overwritten */
static uint64_t clip(const struct vms *vm, const uint8_t *at, uint64_t size)
{
	uint64_t rest = arena(vm) + ARENA_SIZE - at;

	return size < rest ? size : rest;
}

static const int advice[] = {
	MADV_DONTNEED, MADV_DONTNEED, MADV_REMOVE, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
	MADV_DONTFORK, MADV_DOFORK, MADV_FREE, MADV_MERGEABLE, 20 /* COLD */, 21 /* PAGEOUT */,
	22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */,
};

static void touch(uint8_t *at, uint64_t size)
{
	for (uint64_t i = 0; i < size; i += PAGE) {
		if (one_in(2))
			__atomic_store_n(at + i + below(PAGE), rnd(), __ATOMIC_RELAXED);
		else
			__atomic_load_n(at + i, __ATOMIC_RELAXED);
	}
}

static void op_memory(void)
{
	const struct vms *vm = some_vm();
	uint8_t *at = some_page(vm);
	uint64_t size = clip(vm, at, some_length());
	const int rw = PROT_READ | PROT_WRITE;
	bool done = true;

	switch (below(10)) {
	case 0:
		done = map(at, size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
		break;
	case 1:
		done = map(at, size, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
		break;
	case 2:
		done = map(at, size, rw, one_in(4) ? MAP_PRIVATE : MAP_SHARED, memory_fd,
			   below(RAM_SIZE) & -PAGE) != MAP_FAILED;
		break;
	case 3:
		done = map(at, size, one_in(2) ? rw : PROT_READ, MAP_SHARED, some_fd(),
			   PAGE * (one_in(2) ? 0 : below(8))) != MAP_FAILED;
		break;
	case 4:
		done = !munmap(at, size);
		break;
	case 5:
		done = !mprotect(at, size, one_in(2) ? rw : below(8));
		break;
	case 6:
	case 7:
		done = !madvise(at, size, advice[below(ARRAY_SIZE(advice))]);
		break;
	case 8:
		done = mremap(at, size, clip(vm, at, some_length()), 3 /* MAYMOVE | FIXED */,
			      some_page(some_vm())) != MAP_FAILED;
		break;
	default:
		touch(at, size);
		break;
	}
	seen->calls[me->nr]++;
	if (done)
		seen->done[me->nr]++;
}

/* Memory as a VM of good will has it, so that guests have something to run in */
static void fresh_memory(struct vms *vm, int area)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
	uint8_t *mem = arena(vm);

	map(mem, ARENA_SIZE, PROT_NONE, flags | MAP_NORESERVE, -1, 0);
	if (area < 0 || map(mem, 64UL << 20, rw, MAP_SHARED, area, 0) == MAP_FAILED)
		map(mem, RAM_SIZE, rw, flags, -1, 0);
	map(mem + SECOND_GPA, SECOND_SIZE, rw, one_in(2) ? flags : MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (!one_in(4))
		madvise(mem, ARENA_SIZE, MADV_NOHUGEPAGE);
	put_vectors(mem);
	put_program(mem + G_CODE);
}

/* ---- VMs and vcpus ---- */

static int slot(int fd, uint32_t nr, uint32_t flags, uint64_t gpa, uint64_t size, const void *mem)
{
	struct kvm_userspace_memory_region r = {
		.slot = maybe(nr), .flags = maybe(flags), .guest_phys_addr = maybe(gpa),
		.memory_size = maybe(size), .userspace_addr = maybe((unsigned long)mem),
	};

	/* Without a limit a user may have all memory for the reverse map of its slots */
	if (!limited && r.memory_size > 1UL << 34 && r.memory_size < 1UL << 59)
		r.memory_size = RAM_SIZE;
	return call_with(fd, KVM_SET_USER_MEMORY_REGION, &r);
}

static uint32_t some_order(void)
{
	uint32_t order = one_in(2) ? SMALL_ORDER : SMALL_ORDER + below(4);

	if (one_in(16))
		order = edge();
	if (!limited && order > 24 && order <= 46)
		order = 24;
	return order;
}

static int enable(int fd, uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	struct kvm_enable_cap cap = { .cap = nr, .args = { maybe(arg0), maybe(arg1) } };

	if (one_in(64))
		cap.flags = edge();
	return call_with(fd, KVM_ENABLE_CAP, &cap);
}

static void new_vcpu(struct vms *vm, unsigned int i)
{
	size_t size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int fd = call(get(&vm->fd), KVM_CREATE_VCPU, one_in(16) ? edge() : one_in(4) ? i * 8 : i);
	struct kvm_run *run, *old;

	if (fd < 0)
		return;
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (run == MAP_FAILED)
		run = NULL;
	if (!one_in(16))
		enable(fd, KVM_CAP_PPC_PAPR, 0, 0);
	if (!one_in(4))
		enable(fd, KVM_CAP_IRQ_XICS, get(&vm->xics), i);
	put_fd(&vm->vcpu[i], fd);
	old = __atomic_exchange_n(&vm->run[i], run, __ATOMIC_RELAXED);
	if (old)
		munmap(old, size);
}

static int new_xics(struct vms *vm)
{
	struct kvm_create_device dev = { .type = maybe(KVM_DEV_TYPE_XICS) };

	if (one_in(16))
		dev.flags = below(4);
	dev.fd = -1;
	if (call_with(get(&vm->fd), KVM_CREATE_DEVICE, &dev) || dev.fd < 3)
		return -1;
	return dev.fd;
}

/* Few steps go wrong, so that many VMs run; a real mode area for some, or for all */
static void op_new_vm(void)
{
	static const unsigned long types[] = { VM_HV, VM_HV, VM_HV, VM_HV, VM_HV, 0, VM_PR };
	struct vms *vm = some_vm();
	struct kvm_allocate_rma rma = { .rma_size = RAM_SIZE };
	uint32_t order = some_order();
	int fd, area = -1;
	unsigned int i, n;

	fd = call(kvm, KVM_CREATE_VM, one_in(16) ? edge() : types[below(ARRAY_SIZE(types))]);
	if (fd < 0)
		return;
	put_fd(&vm->fd, fd);
	if (must_have_area ? !one_in(8) : one_in(3))
		area = call(fd, KVM_ALLOCATE_RMA, (unsigned long)&rma);
	fresh_memory(vm, area);
	if (area >= 0)
		put_fd(some_file(vm), area);
	put_fd(&vm->xics, one_in(2) ? new_xics(vm) : -1);
	if (one_in(4))
		enable(fd, KVM_CAP_PPC_SMT, 1UL << below(4), 0);
	slot(fd, 0, one_in(4), 0, area < 0 ? RAM_SIZE : rma.rma_size, arena(vm));
	if (!one_in(4))
		slot(fd, 1, one_in(2), SECOND_GPA, SECOND_SIZE, arena(vm) + SECOND_GPA);
	if (!one_in(4))
		call_with(fd, KVM_PPC_ALLOCATE_HTAB, &order);
	n = one_in(2) ? 1 : 1 + below(NR_VCPUS);
	for (i = 0; i < n; i++)
		new_vcpu(vm, i);
	for (; i < NR_VCPUS; i++)
		put_fd(&vm->vcpu[i], -1);
}

static void op_new_vcpu(void)
{
	new_vcpu(some_vm(), below(NR_VCPUS));
}

static void op_close(void)
{
	struct vms *vm = some_vm();

	switch (below(5)) {
	case 0:
		put_fd(&vm->fd, -1);
		break;
	case 1:
		put_fd(&vm->vcpu[below(NR_VCPUS)], -1);
		break;
	case 2:
		put_fd(&vm->xics, -1);
		break;
	default:
		put_fd(some_file(vm), -1);
		break;
	}
	seen->calls[me->nr]++;
	seen->done[me->nr]++;
}

/* The same file by two numbers; or in place of another one, of any kind by now */
static void op_dup(void)
{
	int from = some_fd(), *at = one_in(4) ? &some_vm()->vcpu[below(NR_VCPUS)] :
						some_file(some_vm());
	int to = get(at), fd;

	fd = to > 2 && one_in(2) ? dup2(from, to) : dup(from);
	seen->calls[me->nr]++;
	if (fd < 0)
		return;
	seen->done[me->nr]++;
	if (fd != to)
		put_fd(at, fd);
}

static void op_slot(void)
{
	struct vms *vm = some_vm();
	const uint8_t *mem = some_page(vm);
	const uint64_t off = mem - arena(vm);
	int fd = get(&vm->fd);

	switch (below(8)) {
	case 0:		/* delete */
		slot(fd, below(4), 0, 0, 0, mem);
		break;
	case 1:		/* the flags of what is there */
		slot(fd, 1, below(4), SECOND_GPA, SECOND_SIZE, arena(vm) + SECOND_GPA);
		break;
	case 2:		/* move */
		slot(fd, 1, one_in(2), SECOND_GPA + SECOND_SIZE * below(4), SECOND_SIZE,
		     arena(vm) + SECOND_GPA);
		break;
	case 3:		/* memory at 0 comes and goes */
		slot(fd, 0, 0, 0, one_in(2) ? 0 : RAM_SIZE, arena(vm));
		break;
	case 4:
		slot(fd, 0, one_in(4), 0, one_in(2) ? RAM_SIZE : 64UL << 20, arena(vm));
		break;
	default:
		slot(fd, 2 + below(4), below(4) & rnd(), one_in(2) ? off : some_gpa() & -PAGE,
		     some_length(), mem);
		break;
	}
}

static void op_dirty_log(void)
{
	struct kvm_dirty_log log = { .slot = maybe(below(4)), .dirty_bitmap = bitmap };
	struct kvm_clear_dirty_log clear = {
		.slot = maybe(below(4)), .num_pages = maybe(64 * below(8)),
		.first_page = maybe(64 * below(4)), .dirty_bitmap = bitmap,
	};

	if (one_in(16))
		log.dirty_bitmap = (void *)some_page(some_vm());
	if (one_in(8))
		call_with(get(&some_vm()->fd), KVM_CLEAR_DIRTY_LOG, &clear);
	else
		call_with(get(&some_vm()->fd), KVM_GET_DIRTY_LOG, &log);
}

/* ---- the hash table ---- */

static void op_hpt(void)
{
	uint32_t order = some_order();
	struct kvm_ppc_resize_hpt resize = { .flags = one_in(16) ? edge() : 0,
					     .shift = one_in(8) ? 0 : order };
	int fd = get(&some_vm()->fd);

	switch (below(4)) {
	case 0:
		call_with(fd, KVM_PPC_ALLOCATE_HTAB, &order);
		break;
	case 1:
		call_with(fd, KVM_PPC_RESIZE_HPT_PREPARE, &resize);
		break;
	case 2:
		call_with(fd, KVM_PPC_RESIZE_HPT_COMMIT, &resize);
		break;
	default:
		for (int i = 0; i < 3 && call(fd, KVM_PPC_RESIZE_HPT_PREPARE,
					      (unsigned long)&resize) > 0; i++)
			usleep(1000);
		call(fd, KVM_PPC_RESIZE_HPT_COMMIT, (unsigned long)&resize);
		break;
	}
}

static void write_htab(int fd)
{
	struct htab_record rec;
	unsigned int i, valid = below(32);

	rec.head.index = maybe(below(NR_PTES));
	rec.head.n_valid = maybe(valid);
	rec.head.n_invalid = maybe(below(32));
	for (i = 0; i < valid; i++) {
		rec.hpte[i][0] = htobe64(some_hpte_v());
		rec.hpte[i][1] = htobe64(some_hpte_r());
	}
	(void)!write(fd, &rec, one_in(8) ? below(sizeof(rec)) : sizeof(rec.head) + valid * 16);
}

static void read_htab(int fd, const struct vms *vm)
{
	struct htab_record rec;
	long n;

	if (one_in(8))
		n = read(fd, some_page(vm), one_in(2) ? edge() : below(1UL << 20));
	else
		n = read(fd, &rec, one_in(8) ? below(64) : sizeof(rec));
	if (n >= (long)sizeof(rec.head))
		seen->hptes += rec.head.n_valid;
}

static void op_htab_stream(void)
{
	struct vms *vm = some_vm();
	struct kvm_get_htab_fd arg = {
		.flags = one_in(16) ? edge() : below(4),
		.start_index = one_in(2) ? 0 : maybe(below(NR_PTES)),
	};
	int fd;

	fd = call_with(get(&vm->fd), KVM_PPC_GET_HTAB_FD, &arg);
	if (fd < 0)
		return;
	for (int i = below(8); i; i--) {
		if (arg.flags & KVM_GET_HTAB_WRITE)
			write_htab(fd);
		else
			read_htab(fd, vm);
	}
	put_fd(some_file(vm), fd);
}

/* ---- registers ---- */

static const uint64_t regs[] = {
	KVM_REG_PPC_HIOR, KVM_REG_PPC_DABR, KVM_REG_PPC_DABRX, KVM_REG_PPC_DSCR, KVM_REG_PPC_PURR,
	KVM_REG_PPC_SPURR, KVM_REG_PPC_DAR, KVM_REG_PPC_DSISR, KVM_REG_PPC_AMR, KVM_REG_PPC_UAMOR,
	KVM_REG_PPC_MMCR0, KVM_REG_PPC_MMCR1, KVM_REG_PPC_MMCRA, KVM_REG_PPC_MMCR2,
	KVM_REG_PPC_MMCRS, KVM_REG_PPC_SIAR, KVM_REG_PPC_SDAR, KVM_REG_PPC_SIER, KVM_REG_PPC_PMC1,
	KVM_REG_PPC_PMC6, KVM_REG_PPC_PMC8, KVM_REG_PPC_FPR0, KVM_REG_PPC_FPR31, KVM_REG_PPC_VR0,
	KVM_REG_PPC_VR31, KVM_REG_PPC_VSR0, KVM_REG_PPC_VSR31, KVM_REG_PPC_FPSCR, KVM_REG_PPC_VSCR,
	KVM_REG_PPC_VPA_ADDR, KVM_REG_PPC_VPA_SLB, KVM_REG_PPC_VPA_DTL, KVM_REG_PPC_TB_OFFSET,
	KVM_REG_PPC_SPMC1, KVM_REG_PPC_IAMR, KVM_REG_PPC_TFHAR, KVM_REG_PPC_TEXASR,
	KVM_REG_PPC_FSCR, KVM_REG_PPC_PSPB, KVM_REG_PPC_EBBHR, KVM_REG_PPC_EBBRR,
	KVM_REG_PPC_BESCR, KVM_REG_PPC_TAR, KVM_REG_PPC_DPDES, KVM_REG_PPC_DAWR, KVM_REG_PPC_DAWRX,
	KVM_REG_PPC_CIABR, KVM_REG_PPC_IC, KVM_REG_PPC_VTB, KVM_REG_PPC_CSIGR, KVM_REG_PPC_TACR,
	KVM_REG_PPC_TCSCR, KVM_REG_PPC_PID, KVM_REG_PPC_ACOP, KVM_REG_PPC_VRSAVE, KVM_REG_PPC_LPCR,
	KVM_REG_PPC_LPCR_64, KVM_REG_PPC_PPR, KVM_REG_PPC_ARCH_COMPAT, KVM_REG_PPC_WORT,
	KVM_REG_PPC_DEBUG_INST, KVM_REG_PPC_ICP_STATE, KVM_REG_PPC_DEC_EXPIRY, KVM_REG_PPC_ONLINE,
	KVM_REG_PPC_TM_GPR0, KVM_REG_PPC_TM_VSR0, KVM_REG_PPC_EPR,
};

static void op_one_reg(void)
{
	uint64_t val[16], id = regs[below(ARRAY_SIZE(regs))];
	struct kvm_one_reg reg = { .addr = (unsigned long)val };
	unsigned int i;

	if (one_in(8))
		id = KVM_REG_PPC | below(0x100);
	if (one_in(8))
		id = (id & ~KVM_REG_SIZE_MASK) | below(16) << 52;
	reg.id = maybe(id);
	for (i = 0; i < ARRAY_SIZE(val); i++)
		val[i] = one_in(4) ? rnd() : edge();
	if (id == KVM_REG_PPC_VPA_ADDR || id == KVM_REG_PPC_VPA_DTL || id == KVM_REG_PPC_VPA_SLB) {
		val[0] = one_in(4) ? 0 : one_in(2) ? SECOND_GPA + (below(SECOND_SIZE) & ~0x7fUL) :
						     G_VPAS + below(16) * 0x1000;
		val[1] = maybe(48 * below(20));
	}
	if (id == KVM_REG_PPC_DEC_EXPIRY || id == KVM_REG_PPC_TB_OFFSET)
		val[0] = one_in(2) ? below(1UL << 40) : val[0];
	call_with(some_vcpu(some_vm()), one_in(4) ? KVM_GET_ONE_REG : KVM_SET_ONE_REG, &reg);
}

static void op_vcpu_state(void)
{
	static const unsigned long gets[] = {
		KVM_GET_REGS, KVM_GET_SREGS, KVM_GET_FPU, KVM_GET_MP_STATE, KVM_TRANSLATE,
	};
	static const unsigned long sets[] = {
		KVM_SET_REGS, KVM_SET_SREGS, KVM_SET_FPU, KVM_SET_MP_STATE, KVM_SET_GUEST_DEBUG,
		KVM_TRANSLATE,
	};
	union {
		struct kvm_signal_mask mask;
		uint8_t bytes[16];
	} m = { .mask.len = one_in(8) ? edge() : 8 };
	sigset_t set;
	uint64_t buf[256];
	struct kvm_interrupt irq = {
		.irq = one_in(8) ? edge() : one_in(2) ? KVM_INTERRUPT_UNSET : KVM_INTERRUPT_SET,
	};
	int fd = some_vcpu(some_vm());
	unsigned int i;

	switch (below(4)) {
	case 0:
		call_with(fd, KVM_INTERRUPT, &irq);
		break;
	case 1:		/* SIGUSR1 is how this program ends KVM_RUN */
		sigfillset(&set);
		for (i = 1; i < 32; i++)
			if (one_in(2) || i == SIGUSR1 || i == SIGSEGV || i == SIGBUS)
				sigdelset(&set, i);
		memcpy(m.mask.sigset, &set, 8);
		call_with(fd, KVM_SET_SIGNAL_MASK, one_in(2) ? NULL : &m);
		break;
	default:
		memset(buf, 0, sizeof(buf));
		call(fd, gets[below(ARRAY_SIZE(gets))], (unsigned long)buf);
		for (i = below(8); i; i--)
			buf[below(ARRAY_SIZE(buf))] = one_in(2) ? rnd() : edge();
		call_with(fd, sets[below(ARRAY_SIZE(sets))], buf);
		break;
	}
}

static void op_enable_cap(void)
{
	static const uint16_t caps[] = {
		KVM_CAP_PPC_PAPR, KVM_CAP_PPC_FWNMI, KVM_CAP_PPC_ENABLE_HCALL, KVM_CAP_PPC_SMT,
		KVM_CAP_IRQ_XICS, KVM_CAP_PPC_OSI, KVM_CAP_PPC_HTM, KVM_CAP_SPLIT_IRQCHIP,
		KVM_CAP_HALT_POLL, KVM_CAP_DIRTY_LOG_RING, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		KVM_CAP_PPC_NESTED_HV, KVM_CAP_PPC_SECURE_GUEST, KVM_CAP_PPC_DAWR1,
		KVM_CAP_IRQ_MPIC, KVM_CAP_SW_TLB, KVM_CAP_PPC_BOOKE_WATCHDOG, KVM_CAP_PPC_EPR,
		KVM_CAP_PPC_IRQ_XIVE,
	};
	struct vms *vm = some_vm();
	uint32_t cap = caps[below(ARRAY_SIZE(caps))];
	int fd = one_in(2) ? get(&vm->fd) : some_vcpu(vm);

	switch (one_in(2) ? KVM_CAP_PPC_ENABLE_HCALL : cap) {
	case KVM_CAP_PPC_ENABLE_HCALL:
		enable(get(&vm->fd), KVM_CAP_PPC_ENABLE_HCALL, 4 * below(0x110), !one_in(4));
		break;
	case KVM_CAP_IRQ_XICS:
		enable(some_vcpu(vm), KVM_CAP_IRQ_XICS, get(&vm->xics), below(NR_VCPUS));
		break;
	default:
		enable(fd, one_in(8) ? below(256) : cap, below(4), below(4));
		break;
	}
}

/* ---- interrupts ---- */

static void op_xics(void)
{
	struct vms *vm = some_vm();
	uint64_t val = below(5) | below(256) << 32 | (rnd() & 0x1f) << 40;
	struct kvm_device_attr attr = {
		.flags = one_in(16) ? edge() : 0, .group = maybe(1), .attr = maybe(16 + below(32)),
		.addr = (unsigned long)&val,
	};
	struct kvm_irq_level level = { .irq = maybe(16 + below(32)), .level = maybe(below(3)) };
	uint32_t servers = maybe(below(16));

	if (!limited && attr.attr > 8192 && attr.attr < 1UL << 21)
		attr.attr &= 8191;
	switch (below(4)) {
	case 0:
		call_with(get(&vm->fd), one_in(2) ? KVM_IRQ_LINE : KVM_IRQ_LINE_STATUS, &level);
		break;
	case 1:
		if (one_in(4)) {
			attr.group = KVM_DEV_XICS_GRP_CTRL;
			attr.attr = KVM_DEV_XICS_NR_SERVERS;
			attr.addr = (unsigned long)&servers;
		}
		call_with(get(&vm->xics), KVM_SET_DEVICE_ATTR, &attr);
		break;
	case 2:
		call_with(get(&vm->xics), one_in(2) ? KVM_HAS_DEVICE_ATTR : KVM_GET_DEVICE_ATTR,
			  &attr);
		break;
	default:
		if (get(&vm->xics) < 0)
			put_fd(&vm->xics, new_xics(vm));
		else
			call_with(get(&vm->xics), KVM_SET_DEVICE_ATTR, &attr);
		break;
	}
}

static void op_eventfd(void)
{
	struct vms *vm = some_vm();
	int *at = some_file(vm), fd = eventfd(0, EFD_NONBLOCK);
	struct kvm_irqfd irq = {
		.fd = one_in(8) ? get(at) : fd, .gsi = maybe(16 + below(32)),
		.flags = one_in(8) ? edge() : below(4), .resamplefd = get(some_file(vm)),
	};
	struct kvm_ioeventfd io = {
		.fd = one_in(8) ? get(at) : fd, .addr = some_gpa(), .len = maybe(1 << below(4)),
		.datamatch = maybe(below(256)), .flags = one_in(8) ? edge() : below(8),
	};
	struct kvm_coalesced_mmio_zone zone = { .addr = some_gpa(), .size = maybe(PAGE) };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[4];
	} routing = { .head = { .nr = maybe(below(5)), .flags = one_in(16) } };

	switch (below(4)) {
	case 0:
		call_with(get(&vm->fd), KVM_IRQFD, &irq);
		break;
	case 1:
		call_with(get(&vm->fd), KVM_IOEVENTFD, &io);
		break;
	case 2:
		for (int i = 0; i < 4; i++)
			routing.entry[i] = (struct kvm_irq_routing_entry){
				.gsi = maybe(16 + below(32)),
				.type = maybe(KVM_IRQ_ROUTING_IRQCHIP),
				.u.irqchip = { maybe(0), maybe(16 + below(32)) },
			};
		call_with(get(&vm->fd), KVM_SET_GSI_ROUTING, &routing);
		break;
	default:
		call_with(get(&vm->fd), one_in(2) ? KVM_REGISTER_COALESCED_MMIO :
						    KVM_UNREGISTER_COALESCED_MMIO, &zone);
		break;
	}
	for (int i = below(4); fd >= 0 && i; i--)
		eventfd_write(fd, 1);
	put_fd(at, fd);
}

static void op_rtas(void)
{
	static const char *const names[] = { "ibm,set-xive", "ibm,get-xive", "ibm,int-on",
					     "ibm,int-off", "stop-self" };
	struct kvm_rtas_token_args arg = { .token = one_in(8) ? 0 : 0x2000 + below(4) };

	if (one_in(16))
		memset(arg.name, 'x', sizeof(arg.name));
	else
		strcpy(arg.name, names[below(ARRAY_SIZE(names))]);
	call_with(get(&some_vm()->fd), KVM_PPC_RTAS_DEFINE_TOKEN, &arg);
}

/* ---- tables and areas ---- */

static void op_tce(void)
{
	struct vms *vm = some_vm();
	struct kvm_create_spapr_tce_64 tce = {
		.liobn = maybe(LIOBN + below(4)), .page_shift = maybe(12 + 4 * below(2)),
		.flags = one_in(32) ? edge() : 0, .offset = one_in(4) ? maybe(below(64)) : 0,
		.size = maybe(below(0x4000)),
	};
	struct kvm_create_spapr_tce old = {
		.liobn = maybe(LIOBN + below(4)), .window_size = maybe(below(64) << 20),
	};
	uint64_t *entries;
	int fd;

	fd = one_in(4) ? call_with(get(&vm->fd), KVM_CREATE_SPAPR_TCE, &old) :
			 call_with(get(&vm->fd), KVM_CREATE_SPAPR_TCE_64, &tce);
	if (fd < 0)
		return;
	entries = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	put_fd(some_file(vm), fd);
	if (entries == MAP_FAILED)
		return;
	for (int i = 0; i < 16; i++)
		__atomic_store_n(&entries[below(PAGE / 8)], rnd(), __ATOMIC_RELAXED);
	munmap(entries, PAGE);
}

static void op_area(void)
{
	struct vms *vm = some_vm();
	struct kvm_allocate_rma rma = { .rma_size = RAM_SIZE };
	int fd = call_with(get(&vm->fd), KVM_ALLOCATE_RMA, &rma);
	uint8_t *at = one_in(2) ? arena(vm) : some_page(vm);

	if (fd < 0)
		return;
	map(at, clip(vm, at, one_in(2) ? rma.rma_size : some_length()), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, one_in(2) ? 0 : below(rma.rma_size) & -PAGE);
	if (one_in(2))
		slot(get(&vm->fd), below(3), 0, 0, rma.rma_size, arena(vm));
	put_fd(some_file(vm), fd);
}

/* ---- what else there is ---- */

static void op_look(void)
{
	struct vms *vm = some_vm();
	char buf[2048];
	int fd;

	switch (below(4)) {
	case 0:
		fd = call(one_in(2) ? get(&vm->fd) : some_vcpu(vm), KVM_GET_STATS_FD, 0);
		if (fd < 0)
			return;
		for (int i = 0; i < 4; i++)
			(void)!pread(fd, buf, below(sizeof(buf)), one_in(4) ? edge() : below(8192));
		put_fd(some_file(vm), fd);
		break;
	case 1:
		call(one_in(2) ? kvm : get(&vm->fd), KVM_CHECK_EXTENSION, one_in(8) ? edge() :
		     below(256));
		break;
	case 2:
		call_with(get(&vm->fd), one_in(2) ? KVM_PPC_GET_SMMU_INFO : KVM_PPC_GET_PVINFO,
			  buf);
		break;
	default:
		call_with(get(&vm->fd), KVM_PPC_GET_CPU_CHAR, buf);
		break;
	}
}

/* What has no op of its own, or is made with what no op would say; on any descriptor */
static void op_any_ioctl(void)
{
	static const unsigned long reqs[] = {
		KVM_GET_API_VERSION, KVM_CHECK_EXTENSION, KVM_GET_VCPU_MMAP_SIZE, KVM_GET_DIRTY_LOG,
		KVM_IRQ_LINE, KVM_IRQ_LINE_STATUS, KVM_SET_GSI_ROUTING, KVM_IRQFD, KVM_IOEVENTFD,
		KVM_SIGNAL_MSI, KVM_SET_BOOT_CPU_ID, KVM_CREATE_IRQCHIP, KVM_NMI, KVM_RUN,
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_TRANSLATE,
		KVM_INTERRUPT, KVM_GET_FPU, KVM_SET_FPU, KVM_GET_MP_STATE, KVM_SET_MP_STATE,
		KVM_SET_GUEST_DEBUG, KVM_ENABLE_CAP, KVM_GET_ONE_REG, KVM_SET_ONE_REG,
		KVM_GET_REG_LIST, KVM_PPC_GET_PVINFO, KVM_PPC_GET_SMMU_INFO, KVM_CREATE_SPAPR_TCE,
		KVM_CREATE_SPAPR_TCE_64, KVM_ALLOCATE_RMA, KVM_PPC_GET_HTAB_FD,
		KVM_PPC_RTAS_DEFINE_TOKEN, KVM_PPC_CONFIGURE_V3_MMU, KVM_PPC_GET_RMMU_INFO,
		KVM_PPC_GET_CPU_CHAR, KVM_PPC_SVM_OFF, KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR,
		KVM_HAS_DEVICE_ATTR, KVM_CLEAR_DIRTY_LOG, KVM_RESET_DIRTY_RINGS, KVM_GET_STATS_FD,
		KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO,
	};
	unsigned long req = reqs[below(ARRAY_SIZE(reqs))];
	uint64_t buf[256];
	int fd;

	for (unsigned int i = 0; i < ARRAY_SIZE(buf); i++)
		buf[i] = one_in(2) ? below(256) : edge();
	if (req == KVM_SET_DEVICE_ATTR && !limited)
		buf[1] = below(8192);
	if (one_in(8)) {
		/* Any number that no other op keeps from doing too much */
		req ^= 1UL << below(32);
		switch (_IOC_NR(req)) {
		case _IOC_NR(KVM_CREATE_VM):
		case _IOC_NR(KVM_CREATE_VCPU):
		case _IOC_NR(KVM_SET_USER_MEMORY_REGION):
		case _IOC_NR(KVM_SET_SIGNAL_MASK):
		case _IOC_NR(KVM_PPC_ALLOCATE_HTAB):
		case _IOC_NR(KVM_PPC_RESIZE_HPT_PREPARE):
		case _IOC_NR(KVM_CREATE_DEVICE):
		case _IOC_NR(KVM_SET_DEVICE_ATTR):
			return;
		}
	}
	fd = call(some_fd(), req, one_in(8) ? edge() : (unsigned long)buf);
	if (fd > 2 && (req == KVM_GET_STATS_FD || req == KVM_CREATE_SPAPR_TCE ||
		       req == KVM_CREATE_SPAPR_TCE_64 || req == KVM_ALLOCATE_RMA ||
		       req == KVM_PPC_GET_HTAB_FD))
		put_fd(some_file(some_vm()), fd);
}

/* What KVM_RUN reads back, also while it runs */
static void op_kvm_run(void)
{
	struct vms *vm = some_vm();
	struct kvm_run *run = __atomic_load_n(&vm->run[below(NR_VCPUS)], __ATOMIC_RELAXED);

	if (!run)
		return;
	switch (below(6)) {
	case 0:
		run->immediate_exit = one_in(2);
		break;
	case 1:
		run->mmio.len = edge();
		break;
	case 2:
		run->exit_reason = below(32);
		break;
	case 3:
		run->request_interrupt_window = rnd();
		break;
	case 4:
		((uint64_t *)run)[below(64)] = rnd();
		break;
	default:
		run->papr_hcall.args[below(9)] = edge();
		break;
	}
	run->immediate_exit = one_in(8);
	seen->calls[me->nr]++;
	seen->done[me->nr]++;
}

static void op_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(below(4), &set);
	if (one_in(2))
		for (int i = 0; i < 32; i++)
			CPU_SET(i, &set);
	seen->calls[me->nr]++;
	if (!sched_setaffinity(0, sizeof(set), &set))
		seen->done[me->nr]++;
}

/* A child has the files, and copies of the memory; its ioctls are another process's */
static void op_fork(void)
{
	pid_t pid = fork();

	seen->calls[me->nr]++;
	if (pid > 0)
		seen->done[me->nr]++;
	if (pid)
		return;
	alarm(2);
	for (int i = below(16); i; i--) {
		uint8_t *at = some_page(some_vm());

		if (sigsetjmp(me->out, 1))
			continue;
		me->can_jump = true;
		switch (below(4)) {
		case 0:
			touch(at, PAGE);
			break;
		case 1:
			op_slot();
			break;
		case 2:
			op_one_reg();
			break;
		default:
			munmap(at, PAGE);
			break;
		}
		me->can_jump = false;
		usleep(below(2000));
	}
	if (one_in(2))
		usleep(below(300000));
	_exit(0);
}

/* ---- guests ---- */

static void answer(struct kvm_run *run)
{
	unsigned int i;

	switch (run->exit_reason) {
	case KVM_EXIT_PAPR_HCALL:
		seen->hcalls++;
		run->papr_hcall.ret = one_in(4) ? edge() : 0;
		if (one_in(4))
			for (i = 0; i < 9; i++)
				run->papr_hcall.args[i] = rnd();
		break;
	case KVM_EXIT_MMIO:
		seen->mmio++;
		for (i = 0; i < 8; i++)
			run->mmio.data[i] = rnd();
		if (one_in(16))
			run->mmio.len = edge();
		break;
	default:
		break;
	}
}

/*
 * A signal after @us microseconds, for a thread that is in the guest by then; and others
 * until it is back.  These are rarer: a signal takes a host with all its checks some 20 us,
 * and a thread that has the next one by then does nothing else any more.
 */
static void set_timer(unsigned long us)
{
	const struct itimerspec t = { { 0, us ? 2000000 : 0 }, { 0, 1000 * us } };

	if (me->has_timer)
		timer_settime(me->timer, 0, &t, NULL);
}

static void op_run(void)
{
	static const uint64_t bits[] = { 0x8000, 0x2000, 0x2000000, 0x800000, 0x10, 0x20, 2,
					 0x4000 };
	struct vms *vm = some_vm();
	unsigned int i, n = one_in(2) ? 0 : below(NR_VCPUS);
	struct kvm_run *run = __atomic_load_n(&vm->run[n], __ATOMIC_RELAXED);
	struct kvm_regs state = { .pc = G_CODE, .msr = MSR_SF };
	int fd = get(&vm->vcpu[n]);

	if (fd < 0 || !run)
		return;
	if (!one_in(8))
		put_program(arena(vm) + G_CODE);
	for (i = 0; i < 32; i++)
		state.gpr[i] = one_in(4) ? edge() : some_gpa();
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (one_in(8))
			state.msr |= bits[i];
	if (one_in(16))
		state.pc = edge();
	if (!one_in(4))
		call(fd, KVM_SET_REGS, (unsigned long)&state);
	for (i = 1 + below(12); i; i--) {
		set_timer(20 + below(one_in(16) ? 5000 : 300));
		if (call(fd, KVM_RUN, 0) && errno != EINTR)
			break;
		seen->runs++;
		answer(run);
	}
	set_timer(0);
}

struct op ops[] = {
	{ "new_vm", op_new_vm, 2 },
	{ "new_vcpu", op_new_vcpu, 4 },
	{ "close", op_close, 2 },
	{ "dup", op_dup, 2 },
	{ "slot", op_slot, 12 },
	{ "dirty_log", op_dirty_log, 8 },
	{ "memory", op_memory, 30 },
	{ "hpt", op_hpt, 5 },
	{ "htab_stream", op_htab_stream, 8 },
	{ "one_reg", op_one_reg, 20 },
	{ "vcpu_state", op_vcpu_state, 12 },
	{ "enable_cap", op_enable_cap, 10 },
	{ "xics", op_xics, 12 },
	{ "eventfd", op_eventfd, 8 },
	{ "rtas", op_rtas, 2 },
	{ "tce", op_tce, 8 },
	{ "area", op_area, 4 },
	{ "look", op_look, 6 },
	{ "any_ioctl", op_any_ioctl, 16 },
	{ "kvm_run", op_kvm_run, 10 },
	{ "cpus", op_cpus, 2 },
	{ "fork", op_fork, 1 },
	{ "run", op_run, 60 },
	{ "vpa", op_vpa, 4 },
	{ "beside", op_beside, 4 },
	{ "close_xics", op_close_xics, 8 },
};

const unsigned int nr_ops = ARRAY_SIZE(ops);

void prepare_user(void)
{
	unsigned int i, k;

	must_have_area = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_RMA) == 2;
	bitmap = must_map("bitmap", mmap(NULL, 2 * BITMAP_SIZE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	mprotect(bitmap + BITMAP_SIZE, BITMAP_SIZE, PROT_NONE);
	memory_fd = memfd_create("memory", 0);
	if (memory_fd < 0 || ftruncate(memory_fd, RAM_SIZE))
		perror("memfd_create");
	for (i = 0; i < NR_VMS; i++) {
		vms[i].fd = -1;
		vms[i].xics = -1;
		for (k = 0; k < NR_VCPUS; k++)
			vms[i].vcpu[k] = -1;
		for (k = 0; k < NR_FILES; k++)
			vms[i].file[k] = -1;
	}
	for (i = 0; i < 2 * NR_VMS; i++)
		op_new_vm();
}

void close_all(void)
{
	unsigned int i, k;

	for (i = 0; i < NR_VMS; i++) {
		put_fd(&vms[i].fd, -1);
		for (k = 0; k < NR_VCPUS; k++)
			put_fd(&vms[i].vcpu[k], -1);
		for (k = 0; k < NR_FILES; k++)
			put_fd(&vms[i].file[k], -1);
		put_fd(&vms[i].xics, -1);
		munmap(arena(&vms[i]), ARENA_SIZE);
	}
}
