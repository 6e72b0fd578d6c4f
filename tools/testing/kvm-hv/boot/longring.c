// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host with one CPU, where an instruction takes a nanosecond:
 * how long does the host keep the CPU from a thread of high priority, while it works
 * on a page that is in every HPTE of a guest?
 *
 * The thread sleeps for PERIOD and notes how long it was away.  It is away for longer
 * only while interrupts are off, or preemption: this kernel changes threads in its own
 * code only where it says so (cond_resched()).  So any stretch of that kind is shorter
 * than the longest absence, and the longest absence longer than the longest stretch
 * by PERIOD at most, and some 5000 instructions for the timer and the scheduler.
 *
 * longring [ORDER]: log2 of the hash table's bytes
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define PAGE		0x10000UL
#define MEM_SIZE	(32UL << 20)
#define GPA		0x100000UL	/* the page */
#define HUGE_GPA	0x10000000000UL
#define HUGE_SIZE	(64UL << 30)	/* address space without memory */
#define V_BOLTED	0x10UL
#define SOURCES		0x10000		/* of interrupts, the first 16 are none */
#define XICS_PENDING	0x40000000000UL	/* KVM_DEV_XICS_GRP_SOURCES */
#define XICS_PRIO_5	(5UL << 32)
#define PERIOD		50000UL		/* nanoseconds: instructions */
#define LIMIT		500000UL

static struct vm vm;
static char *mem;
static unsigned long npte;
static uint64_t absent;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

static void *watch(void *unused)
{
	const struct timespec period = { .tv_nsec = PERIOD };
	uint64_t since, t;

	(void)unused;
	for (;;) {
		since = now();
		clock_nanosleep(CLOCK_MONOTONIC, 0, &period, NULL);
		t = now() - since;
		if (t > __atomic_load_n(&absent, __ATOMIC_RELAXED))
			__atomic_store_n(&absent, t, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start_watch(void)
{
	const struct sched_param prio = { .sched_priority = 50 };
	pthread_attr_t attr;
	pthread_t thread;

	/* not the guest's memory, which comes later */
	check("mlockall", mlockall(MCL_CURRENT), 0);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &prio);
	check("the thread that watches", -pthread_create(&thread, &attr, watch, NULL), 0);
}

static uint64_t began;

static void begin(void)
{
	usleep(2000);		/* what was printed is out */
	__atomic_store_n(&absent, 0, __ATOMIC_RELAXED);
	began = now();
}

static void end(const char *what)
{
	uint64_t took = now() - began, longest;

	usleep(2000);		/* if it did not come to run in all that time */
	longest = __atomic_load_n(&absent, __ATOMIC_RELAXED);
	printf("longring: %8lu of %11lu instructions without a break: %s\n", longest, took, what);
	check_value(what, longest >= PERIOD && longest <= LIMIT, 1);
}

/* The page in all HPTEs, in groups where their hash has them */
static void fill(const char *what, uint64_t bits)
{
	int fd = htab_fd(&vm, KVM_GET_HTAB_WRITE, 0);
	static struct htab_record rec;
	unsigned long i, k;
	long n = 0;

	check("KVM_PPC_GET_HTAB_FD", fd, 0);
	begin();
	for (i = 0; i < npte && n >= 0; i += 256) {
		rec.head.index = i;
		rec.head.n_valid = 256;
		for (k = 0; k < 256; k++) {
			rec.hpte[k][0] = htobe64((i + k) / 8 << 12 | bits | 1);
			rec.hpte[k][1] = htobe64(HPTE_R(GPA));
		}
		n = write(fd, &rec, sizeof(rec.head) + 256 * sizeof(rec.hpte[0]));
	}
	end(what);
	check("HPTEs written", n, 0);
	close(fd);
}

static void empty_table(void)
{
	int fd = htab_fd(&vm, KVM_GET_HTAB_WRITE, 0);
	unsigned long i, n;

	begin();
	for (i = 0; i < npte; i += n) {
		n = npte - i < 65535 ? npte - i : 65535;
		check("HPTEs emptied", put_htab(fd, i, 0, n, 0, 0), 0);
	}
	end("the hash table's file, empty HPTEs written");
	close(fd);
}

/* HPTEs that are read */
static void read_all(const char *what)
{
	static char buf[1 << 20];
	int fd = htab_fd(&vm, 0, 0);
	long n;

	begin();
	do {
		n = read(fd, buf, sizeof(buf));
	} while (n > 0);
	end(what);
	check("read", n, 0);
	close(fd);
}

static void dirty_log(const char *what, unsigned int slot)
{
	static uint8_t map[HUGE_SIZE / PAGE / 8];
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = map };
	long rc;

	begin();
	rc = ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log);
	end(what);
	check("KVM_GET_DIRTY_LOG", rc, 0);
}

static void memslot(const char *what, uint64_t size)
{
	long rc;

	begin();
	rc = set_slot(&vm, 0, 0, mem, size, size ? KVM_MEM_LOG_DIRTY_PAGES : 0);
	end(what);
	check("KVM_SET_USER_MEMORY_REGION", rc, 0);
}

static void hash_table(const char *what, uint32_t order)
{
	long rc;

	begin();
	rc = allocate_htab(&vm, order);
	end(what);
	check("KVM_PPC_ALLOCATE_HTAB", rc, 0);
	npte = 1UL << (order - 4);
}

static void resize(uint32_t order)
{
	struct kvm_ppc_resize_hpt arg = { .shift = order };
	long rc;

	begin();
	while ((rc = ioctl(vm.fd, KVM_PPC_RESIZE_HPT_PREPARE, &arg)) > 0)
		;
	end("KVM_PPC_RESIZE_HPT_PREPARE");
	check("KVM_PPC_RESIZE_HPT_PREPARE", rc, 0);
	begin();
	rc = ioctl(vm.fd, KVM_PPC_RESIZE_HPT_COMMIT, &arg);
	end("KVM_PPC_RESIZE_HPT_COMMIT, all HPTEs bolted");
	check("KVM_PPC_RESIZE_HPT_COMMIT", rc, 0);
}

/* An MMU notifier for the page */
static void protect(const char *what, int prot)
{
	long rc;

	begin();
	rc = mprotect(mem + GPA, PAGE, prot);
	end(what);
	check(what, rc, 0);
}

/* A memslot with hardly any memory behind it */
static void huge_slot(void)
{
	char *huge = must_map("address space",
			      mmap(NULL, HUGE_SIZE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	long rc;

	begin();
	rc = set_slot(&vm, 1, HUGE_GPA, huge, HUGE_SIZE, KVM_MEM_LOG_DIRTY_PAGES);
	end("a memslot of 64 GiB made");
	check("a memslot of 64 GiB", rc, 0);
	dirty_log("KVM_GET_DIRTY_LOG of 64 GiB", 1);
	begin();
	rc = madvise(huge, HUGE_SIZE, MADV_DONTNEED);
	end("MADV_DONTNEED of 64 GiB");
	check("MADV_DONTNEED", rc, 0);
	begin();
	rc = set_slot(&vm, 1, HUGE_GPA, huge, 0, 0);
	end("a memslot of 64 GiB deleted");
	check("a memslot of 64 GiB deleted", rc, 0);
	munmap(huge, HUGE_SIZE);
}

/* Interrupts that the guest accepts one of, and 65519 it does not */
static void resend(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_IRQ_XICS };
	uint64_t state = XICS_PENDING | XICS_PRIO_5, rc = 0, irq;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_XICS_GRP_SOURCES, .addr = (unsigned long)&state,
	};

	check("KVM_DEV_TYPE_XICS", ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), 0);
	cap.args[0] = dev.fd;
	check("KVM_CAP_IRQ_XICS", ioctl(vm.vcpu, KVM_ENABLE_CAP, &cap), 0);
	begin();
	for (irq = 16; irq < SOURCES && !rc; irq++) {
		attr.attr = irq;
		rc = ioctl(dev.fd, KVM_SET_DEVICE_ATTR, &attr);
	}
	end("interrupts raised");
	check("KVM_DEV_XICS_GRP_SOURCES", rc, 0);
	begin();
	rc = guest_hcall(&vm, H_CPPR, 0xff, 0, 0, 0);
	end("H_CPPR with 65520 interrupts pending");
	check_value("H_CPPR", rc, 0);
	close(dev.fd);
}

int main(int argc, char **argv)
{
	uint32_t order = argc > 1 ? atoi(argv[1]) : 24;

	setvbuf(stdout, NULL, _IOLBF, 0);
	start_watch();
	open_kvm();
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	madvise(mem, MEM_SIZE, MADV_NOHUGEPAGE);
	memset(mem, 1, MEM_SIZE);
	open_guest(&vm, mem, MEM_SIZE);
	begin();
	usleep(20000);
	end("nothing");
	hash_table("KVM_PPC_ALLOCATE_HTAB", order);
	memslot("dirty log turned on", MEM_SIZE);

	fill("the hash table's file, HPTEs written", 0);
	dirty_log("KVM_GET_DIRTY_LOG, HPTEs writable", 0);
	dirty_log("KVM_GET_DIRTY_LOG, HPTEs read-only", 0);
	read_all("the hash table's file, HPTEs read");
	protect("mprotect(PROT_READ)", PROT_READ);
	protect("mprotect(PROT_READ | PROT_WRITE)", PROT_READ | PROT_WRITE);
	read_all("the hash table's file, absent HPTEs read");

	fill("the hash table's file, HPTEs written over others", 0);
	empty_table();
	read_all("the hash table's file, empty HPTEs read");

	fill("the hash table's file, HPTEs written", 0);
	memslot("the memslot deleted", 0);
	memslot("the memslot made again", MEM_SIZE);
	fill("the hash table's file, HPTEs written over others", 0);
	hash_table("KVM_PPC_ALLOCATE_HTAB again", order);

	fill("the hash table's file, bolted HPTEs written", V_BOLTED);
	resize(order + 1);
	hash_table("KVM_PPC_ALLOCATE_HTAB of another size", order);
	huge_slot();
	resend();

	begin();
	close_vm(&vm);
	end("the VM closed");
	return summary("longring");
}
