// SPDX-License-Identifier: GPL-2.0
/*
 * What users of hostile do to one thing at a time: each of these operations has a VM of
 * its own, in which a second thread goes on using what the first takes away, on another
 * CPU.  Pages that the guest has lost, and those that are allocated next, are filled with
 * a stamp: a late write for the guest changes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"
#include "lib.h"

#define FIRST_IRQ	16	/* the first that there may be */
#define NR_IRQS		4
#define LOST_PAGES	8	/* of the user's memory that a guest has for a while */
#define OWN_PAGES	8	/* what it gives back is among them soon */
#define WAIT_US		50
#define WAITS		400	/* threads take turns of milliseconds */
#define HIDDEN_FD	200	/* no other thread guesses that */
#define TAG		0x1122334455667788UL	/* in an area */

struct aim;

/* The second thread */
struct user {
	struct aim *aim;
	void (*use)(struct user *user);
	unsigned long uses;
	int ended;
	int not_on;		/* the first one's CPU */
	pthread_t id;
	struct thread self;
};

struct aim {
	int fd, area, vcpu[NR_SERVERS];
	unsigned int nr_vcpus;
	struct kvm_run *run;
	uint8_t *mem;		/* at guest real address 0 */
	uint64_t size;
	int cpu;		/* of the first thread */
	int stop;
};

static uint64_t stamp(void)
{
	return rnd() | 1;
}

static uint8_t *reserve(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* In the place of what is there; no hole that another thread's mapping could come into */
static bool put_pages(uint8_t *at, uint64_t size, int kind)
{
	return mmap(at, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	       MAP_FAILED;
}

static void put_nothing(uint8_t *at, uint64_t size)
{
	mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* ---- a VM for one operation ---- */

static bool set_memory(const struct aim *a, uint32_t nr, uint64_t gpa, uint8_t *mem, uint64_t size)
{
	const struct vm vm = { .fd = a->fd };

	return !set_slot(&vm, nr, gpa, mem, size, 0);
}

static void close_aim(struct aim *a)
{
	cpu_set_t set;

	if (a->run)
		munmap(a->run, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	while (a->nr_vcpus)
		close(a->vcpu[--a->nr_vcpus]);
	if (a->area >= 0)
		close(a->area);
	if (a->fd >= 0)
		close(a->fd);
	if (a->mem)
		munmap(a->mem, a->size);
	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
}

static bool get_area(struct aim *a)
{
	struct kvm_allocate_rma rma;
	int fd = ioctl(a->fd, KVM_ALLOCATE_RMA, &rma);
	void *mem = MAP_FAILED;

	if (fd < 0)
		return false;
	a->area = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FD);
	close(fd);
	if (a->area >= 0)
		mem = mmap(NULL, rma.rma_size, PROT_READ | PROT_WRITE, MAP_SHARED, a->area, 0);
	if (mem == MAP_FAILED)
		return false;
	a->mem = mem;
	a->size = rma.rma_size;
	return true;
}

static bool get_vcpus(struct aim *a, unsigned int nr)
{
	struct vm vm;

	for (; a->nr_vcpus < nr; a->nr_vcpus++) {
		vm.vcpu = ioctl(a->fd, KVM_CREATE_VCPU, a->nr_vcpus);
		if (vm.vcpu < 0)
			return false;
		a->vcpu[a->nr_vcpus] = vm.vcpu;
		if (enable_papr(&vm))
			return false;
	}
	a->run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		      MAP_SHARED, a->vcpu[0], 0);
	if (a->run == MAP_FAILED)
		a->run = NULL;
	return a->run;
}

/* False if there is not enough of anything just now, which is no fault */
static bool open_aim(struct aim *a, bool area, unsigned int nr_vcpus)
{
	cpu_set_t set;
	struct vm vm;
	void *mem;

	*a = (struct aim){ .area = -1, .cpu = sched_getcpu() };
	CPU_ZERO(&set);
	CPU_SET(a->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	a->fd = call(kvm, KVM_CREATE_VM, VM_HV);
	if (a->fd < 0)
		goto fail;
	if (area || must_have_area) {
		if (!get_area(a))
			goto fail;
	} else {
		mem = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (mem == MAP_FAILED)
			goto fail;
		a->mem = mem;
		a->size = page;
	}
	put_aim_programs(a->mem);
	vm.fd = a->fd;
	if (get_vcpus(a, nr_vcpus) && set_memory(a, 0, 0, a->mem, a->size) &&
	    !allocate_htab(&vm, 18))
		return true;
fail:
	close_aim(a);
	return false;
}

/* ---- the thread that uses it ---- */

static void *be_second(void *arg)
{
	struct user *user = arg;
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	CPU_CLR(user->not_on, &set);
	sched_setaffinity(0, sizeof(set), &set);
	me = &user->self;
	while (!__atomic_load_n(&user->aim->stop, __ATOMIC_RELAXED)) {
		user->use(user);
		__atomic_fetch_add(&user->uses, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&user->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

static bool start_user(struct user *user, struct aim *a, void (*use)(struct user *user))
{
	*user = (struct user){ .aim = a, .use = use, .not_on = a->cpu, .self.rng = stamp() };
	return !pthread_create(&user->id, NULL, be_second, user);
}

static void end_user(struct user *user)
{
	struct aim *a = user->aim;

	__atomic_store_n(&a->stop, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&user->ended, __ATOMIC_ACQUIRE)) {
		a->run->immediate_exit = 1;
		pthread_kill(user->id, SIGUSR1);
		usleep(WAIT_US);
	}
	pthread_join(user->id, NULL);
}

/* Until it has begun to use it once more and is done with it, @n times */
static void wait_uses(const struct user *user, unsigned int n)
{
	unsigned long end = __atomic_load_n(&user->uses, __ATOMIC_RELAXED) + n + 1;

	for (unsigned int i = 0; i < WAITS; i++) {
		if ((long)(__atomic_load_n(&user->uses, __ATOMIC_RELAXED) - end) >= 0)
			return;
		usleep(WAIT_US);
	}
}

static long run_at(const struct aim *a, uint64_t pc, uint64_t r14, uint64_t r15)
{
	struct kvm_regs regs = { .pc = pc, .msr = 1UL << 63 };

	regs.gpr[14] = r14;
	regs.gpr[15] = r15;
	if (ioctl(a->vcpu[0], KVM_SET_REGS, &regs))
		return -1;
	return ioctl(a->vcpu[0], KVM_RUN, 0);
}

static void done(bool ok)
{
	seen->calls[me->nr]++;
	if (ok)
		seen->done[me->nr]++;
}

/* The second threads need the other CPU */
static void alone(void (*op)(void))
{
	static int taken;

	if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE))
		return;
	op();
	__atomic_store_n(&taken, 0, __ATOMIC_RELEASE);
}

/* ---- VPA, log and SLB shadow buffer in memory that goes away ---- */

/* Into the guest and out of it */
static void use_vpa(struct user *user)
{
	run_at(user->aim, G_TRIPS, 0, 0);
}

static void register_area(const struct aim *a, uint64_t id, uint64_t gpa, uint64_t len)
{
	uint64_t val[2] = { gpa, len };
	struct kvm_one_reg reg = { .id = id, .addr = (unsigned long)val };

	ioctl(a->vcpu[0], KVM_SET_ONE_REG, &reg);
}

/*
 * Takes the two pages at @at, guest real address @gpa, from the guest.  Returns where user
 * space sees the same pages if they are no guest's any more; for shared ones that is @also.
 */
static uint8_t *take_away(const struct aim *a, uint8_t *at, uint64_t gpa, uint8_t *also)
{
	const uint64_t size = 2 * PAGE;

	/* Pinned pages stay the guest's for as long as the memslot is there */
	switch (must_have_area ? below(2) : below(8)) {
	case 0:
		set_memory(a, 1, gpa, at, 0);
		put_nothing(at, size);
		return also;
	case 1:		/* not where the areas are registered */
		return set_memory(a, 1, gpa + size, at, size) ? at : NULL;
	case 2:
		put_nothing(at, size);
		return also;
	case 3:
		return put_pages(at, size, MAP_PRIVATE) ? also : NULL;
	case 4:
		return put_pages(at, size, MAP_SHARED) ? also : NULL;
	case 5:
		if (also)	/* @at would still have them */
			break;
		/* MAYMOVE, FIXED, DONTUNMAP */
		return mremap(at, size, size, 7, at + size) != MAP_FAILED ? at + size : NULL;
	}
	madvise(at, size, also ? MADV_REMOVE : MADV_DONTNEED);
	return NULL;
}

static void take_vpas(void)
{
	uint8_t *own = reserve(OWN_PAGES * PAGE), *at = reserve(6 * PAGE), *also, *lost;
	const uint64_t size = 2 * PAGE, own_size = OWN_PAGES * PAGE;
	struct user user;
	struct aim a;
	uint64_t gpa, mark;

	if (!own || !at || !put_pages(own, own_size, MAP_PRIVATE) || !open_aim(&a, false, 1))
		goto out;
	gpa = a.size + PAGE;
	if (!start_user(&user, &a, use_vpa)) {
		close_aim(&a);
		goto out;
	}
	for (unsigned int i = 4 + below(8); i; i--) {
		const uint64_t off = below(2) * 0x1000, log = 48 * (1 + below(80));

		also = one_in(2) ? at + 4 * PAGE : NULL;
		if (!put_pages(at, size, also ? MAP_SHARED : MAP_PRIVATE) ||
		    (also && mremap(at, 0, size, 3, also) == MAP_FAILED))
			break;
		at[off + 0xb8] = 7;	/* log everything */
		at[PAGE] = 1;
		set_memory(&a, 1, gpa, at, size);
		register_area(&a, KVM_REG_PPC_VPA_ADDR, gpa + off, 0);
		register_area(&a, KVM_REG_PPC_VPA_DTL, gpa + PAGE, log);
		register_area(&a, KVM_REG_PPC_VPA_SLB, gpa + 0x2000, 256);
		wait_uses(&user, 1);

		/* What is free last is allocated first */
		madvise(own, own_size, MADV_DONTNEED);
		lost = take_away(&a, at, gpa, also);
		mark = stamp();
		fill_pages(own, own_size, mark);
		if (lost)
			fill_pages(lost, size, mark);
		wait_uses(&user, 2);
		check_pages("allocated after a VPA was freed", own, own_size, mark);
		if (lost)
			check_pages("that had a VPA", lost, size, mark);
		done(true);

		register_area(&a, KVM_REG_PPC_VPA_SLB, 0, 0);
		register_area(&a, KVM_REG_PPC_VPA_DTL, 0, 0);
		register_area(&a, KVM_REG_PPC_VPA_ADDR, 0, 0);
		set_memory(&a, 1, gpa, at, 0);
	}
	end_user(&user);
	close_aim(&a);
out:
	if (own)
		munmap(own, own_size);
	if (at)
		munmap(at, 6 * PAGE);
}

/* ---- memslots beside a real mode area and in it ---- */

#define NR_PLACES	5

/* Where the guest looks in an area */
static uint64_t place(const struct aim *a, unsigned int nr)
{
	const uint64_t places[NR_PLACES] = {
		PAGE, 2 * PAGE, a->size / 2, a->size - 2 * PAGE, a->size - PAGE,
	};

	return places[nr];
}

static uint64_t some_place(const struct aim *a)
{
	return place(a, below(NR_PLACES));
}

static void use_area(struct user *user)
{
	const struct aim *a = user->aim;
	const bool inside = !one_in(4);
	uint64_t gpa = inside ? some_place(a) : a->size + below(LOST_PAGES) * PAGE;

	if (run_at(a, inside ? G_COMPARE : G_STORE, gpa, HPTE_R(gpa)) ||
	    a->run->exit_reason != KVM_EXIT_PAPR_HCALL || a->run->papr_hcall.nr != HCALL_WRONG)
		return;
	wrong("at guest real address %#lx of an area real mode has %#lx, an HPTE %#lx", gpa,
	      a->run->papr_hcall.args[0], a->run->papr_hcall.args[1]);
}

/* What is behind an address in the area is the area's, whatever memslots there are */
static void change_slots(const struct aim *a, uint8_t *ram)
{
	const uint64_t from = below(4) * PAGE;
	uint64_t gpa = some_place(a);

	switch (below(8)) {
	case 0:
		set_memory(a, 0, 0, a->mem, a->size);
		break;
	case 1:
		set_memory(a, 0, 0, a->mem, 0);
		break;
	case 2:
		set_memory(a, 2, 0, ram, 0);
		break;
	case 3:		/* may be a move */
		set_memory(a, 2, a->size + from, ram, LOST_PAGES * PAGE);
		break;
	case 4:		/* from the area to behind it; may be a move, too */
		set_memory(a, 2, a->size - from, ram, LOST_PAGES * PAGE);
		break;
	default:	/* where the area's own memslot is not, just now */
		set_memory(a, 2, 0, ram, 0);
		set_memory(a, 2, gpa > from ? gpa - from : 0, ram, (1 + below(LOST_PAGES)) * PAGE);
		break;
	}
}

/* The user's own mapping of the area, of no interest to the guest */
static void change_mapping(const struct aim *a)
{
	const uint64_t from = PAGE * (1 + below(a->size / PAGE - 1));

	if (one_in(2))
		put_nothing(a->mem + from, a->size - from);
	else
		mmap(a->mem, a->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, a->area, 0);
}

static void change_memslots(void)
{
	uint8_t *own = reserve(OWN_PAGES * PAGE), *ram = reserve(LOST_PAGES * PAGE);
	const uint64_t own_size = OWN_PAGES * PAGE, size = LOST_PAGES * PAGE;
	struct user user;
	struct aim a;
	uint64_t mark;
	unsigned int i;

	if (!own || !ram || !put_pages(own, own_size, MAP_PRIVATE) ||
	    !put_pages(ram, size, MAP_PRIVATE) || !open_aim(&a, true, 1))
		goto out;
	fill_pages(ram, size, stamp());
	for (i = 0; i < NR_PLACES; i++)
		*(uint64_t *)(a.mem + place(&a, i)) = TAG;
	if (!start_user(&user, &a, use_area)) {
		close_aim(&a);
		goto out;
	}
	for (i = 8 + below(24); i; i--) {
		for (unsigned int k = 1 + below(4); k; k--)
			change_slots(&a, ram);
		if (one_in(4))
			change_mapping(&a);
		wait_uses(&user, 1 + below(3));
		done(true);
		if (!one_in(4))
			continue;
		/* The guest stores to what it has of this memory, and loses all of it */
		if (must_have_area)
			set_memory(&a, 2, 0, ram, 0);
		madvise(own, own_size, MADV_DONTNEED);
		put_nothing(ram, size);
		mark = stamp();
		fill_pages(own, own_size, mark);
		wait_uses(&user, 2);
		check_pages("allocated after a memslot's was freed", own, own_size, mark);
		if (!put_pages(ram, size, MAP_PRIVATE))
			break;
		fill_pages(ram, size, stamp());
	}
	end_user(&user);
	close_aim(&a);
out:
	if (own)
		munmap(own, own_size);
	if (ram)
		munmap(ram, size);
}

/* ---- the XICS device is closed, and another one made ---- */

static void use_lines(struct user *user)
{
	struct kvm_irq_level irq = { .irq = FIRST_IRQ + below(NR_IRQS) };

	for (unsigned int i = 0; i < 8; i++) {
		irq.level = i & 1;
		ioctl(user->aim->fd, KVM_IRQ_LINE, &irq);
	}
}

/* H_IPI, H_CPPR and calls of RTAS that look for servers and sources */
static void use_ipis(struct user *user)
{
	run_at(user->aim, G_IPIS, 0, 0);
}

static void define_tokens(const struct aim *a)
{
	static const char *const names[] = { "ibm,set-xive", "ibm,get-xive", "ibm,int-on",
					     "ibm,int-off" };
	struct kvm_rtas_token_args arg;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		arg.token = 0x2000 + i;
		strcpy(arg.name, names[i]);
		ioctl(a->fd, KVM_PPC_RTAS_DEFINE_TOKEN, &arg);
	}
}

/* With servers that accept all interrupts and sources that have some */
static int open_xics(const struct aim *a)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	uint64_t state = 0xffULL << KVM_REG_PPC_ICP_CPPR_SHIFT |
			 0xffULL << KVM_REG_PPC_ICP_MFRR_SHIFT |
			 0xffULL << KVM_REG_PPC_ICP_PPRI_SHIFT;
	struct kvm_one_reg reg = { KVM_REG_PPC_ICP_STATE, (unsigned long)&state };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_IRQ_XICS };
	uint64_t source;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_XICS_GRP_SOURCES, .addr = (unsigned long)&source,
	};
	unsigned int i;

	if (ioctl(a->fd, KVM_CREATE_DEVICE, &dev))
		return -1;
	cap.args[0] = dev.fd;
	/* Few, and the last one: it takes long to find it, and not to free it */
	for (i = a->nr_vcpus; i--;) {
		if (i && i < NR_SERVERS - 1 && !one_in(16))
			continue;
		cap.args[1] = i;
		ioctl(a->vcpu[i], KVM_ENABLE_CAP, &cap);
		if (!one_in(4))
			ioctl(a->vcpu[i], KVM_SET_ONE_REG, &reg);
	}
	/* servers that are there */
	for (i = 0; i < NR_IRQS; i++) {
		source = (one_in(4) ? 0 : KVM_XICS_LEVEL_SENSITIVE) |
			 (one_in(4) ? 0 : NR_SERVERS - 1) |
			 5ULL << KVM_XICS_PRIORITY_SHIFT;
		attr.attr = FIRST_IRQ + i;
		ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr);
	}
	return dev.fd;
}

static void replace_xics(void)
{
	const bool guest = one_in(2);
	struct user lines, ipis;
	struct aim a;
	int dev;

	if (!open_aim(&a, false, NR_SERVERS))
		return;
	define_tokens(&a);
	if (!start_user(&lines, &a, use_lines))
		goto out;
	if (guest && !start_user(&ipis, &a, use_ipis))
		goto out_lines;
	for (unsigned int i = 8 + below(16); i; i--) {
		dev = open_xics(&a);
		wait_uses(&lines, 0);
		if (dev >= 0)
			close(dev);
		/* What is free stays so while the others do what they have begun */
		wait_uses(&lines, 1);
		if (guest)
			wait_uses(&ipis, 0);
		done(dev >= 0);
	}
	if (guest)
		end_user(&ipis);
out_lines:
	end_user(&lines);
out:
	close_aim(&a);
}

void op_vpa(void)
{
	alone(take_vpas);
}

void op_beside(void)
{
	alone(change_memslots);
}

void op_close_xics(void)
{
	alone(replace_xics);
}
