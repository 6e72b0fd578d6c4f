// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: the hash table becomes larger and smaller,
 * also under a guest that runs and one that sleeps.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define PAGE		0x10000UL
#define PAGE_GPA	(8UL << 20)
#define SMALL		18
#define LARGEST		26
#define V_BOLTED	0x10UL
#define V_LARGE		4UL
#define V_SECONDARY	2UL
#define V_1T		0x4000000000000000UL
#define R_RC		0x180UL
#define EXTERNAL_AT	0x500
#define DEC_AT		0x900
#define IDLE_AT		0x3000

static struct vm vm;
static char *mem;

static long resize(unsigned long ioctl_nr, uint32_t order, uint64_t flags)
{
	struct kvm_ppc_resize_hpt arg = { .flags = flags, .shift = order };

	return ioctl(vm.fd, ioctl_nr, &arg);
}

static long prepare(uint32_t order)
{
	return resize(KVM_PPC_RESIZE_HPT_PREPARE, order, 0);
}

static long commit(uint32_t order)
{
	return resize(KVM_PPC_RESIZE_HPT_COMMIT, order, 0);
}

static long longest;

/* As a guest does it, whose vcpus all wait during the second part */
static void resize_to(uint32_t order)
{
	struct timespec from, to;
	unsigned int i;
	long rc, ms;

	for (i = 0; (rc = prepare(order)) > 0 && i < 1000; i++)
		usleep(rc * 1000);
	check("KVM_PPC_RESIZE_HPT_PREPARE", rc, 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	check("KVM_PPC_RESIZE_HPT_COMMIT", commit(order), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	if (ms > longest)
		longest = ms;
}

static void refusals(void)
{
	check_value("KVM_CAP_SPAPR_RESIZE_HPT",
		    ioctl(vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_RESIZE_HPT), 1);
	check("prepare with a flag", resize(KVM_PPC_RESIZE_HPT_PREPARE, 20, 1), EINVAL);
	check("commit with a flag", resize(KVM_PPC_RESIZE_HPT_COMMIT, 20, 1), EINVAL);
	check("prepare too small", prepare(17), EINVAL);
	check("prepare too large", prepare(47), EINVAL);
	check("prepare much too large", prepare(~0U), EINVAL);
	check("no memory", prepare(46), ENOMEM);
	check("prepare from nowhere", ioctl(vm.fd, KVM_PPC_RESIZE_HPT_PREPARE, NULL),
	      EFAULT);
	check("commit from nowhere", ioctl(vm.fd, KVM_PPC_RESIZE_HPT_COMMIT, NULL), EFAULT);
	check("commit too small", commit(17), EINVAL);
	check("nothing to commit", commit(20), ENXIO);
	check("nothing to commit", commit(0), ENXIO);
	check_value("nothing to give up", prepare(0), 0);

	check_value("prepare", prepare(19), 0);
	check("commit another", commit(20), ENXIO);
	check_value("prepare another", prepare(20), 0);
	check("commit the first", commit(19), ENXIO);
	check_value("give up", prepare(0), 0);
	check("commit what was given up", commit(20), ENXIO);

	check_value("prepare a part", prepare(LARGEST), 1);
	check("commit a part", commit(LARGEST), EBUSY);
	check_value("prepare the rest", prepare(LARGEST), 0);
	check_value("there it is", prepare(LARGEST), 0);
	check("HTAB emptied", allocate_htab(&vm, SMALL), 0);
	check("commit after reset", commit(LARGEST), ENXIO);
}

/* Pages of all kinds, and the HPTEs that map them */
#define NR_PAGES	600

static const struct kind {
	unsigned int base_shift;
	uint64_t v, lp;
} kinds[] = {
	{ 12, 0, 0 },
	{ 12, V_1T, 0 },
	{ 16, V_LARGE, 1 << 12 },
	{ 16, V_1T | V_LARGE, 1 << 12 },
	{ 24, V_LARGE, 0 },
	{ 24, V_1T | V_LARGE, 0 },
	/* 16M in segments of smaller pages */
	{ 12, V_LARGE, 0x38 << 12 },
	{ 16, V_1T | V_LARGE, 8 << 12 },
};

static struct page {
	uint64_t hash, v, r;
	uint32_t index;
	bool bolted, used;
} page[NR_PAGES];

static uint64_t seed = 1;

/* Numerical Recipes' generator */
static uint64_t random_bits(void)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return seed >> 8;
}

/* ISA 2.07 Book III-S, "Page Table Search" */
static uint64_t hash_of(uint64_t va, uint64_t v, unsigned int shift)
{
	const uint64_t vsid = va >> (v & V_1T ? 40 : 28);
	const uint64_t offset = va & ((v & V_1T ? 1UL << 40 : 1UL << 28) - 1);

	return vsid ^ (v & V_1T ? vsid << 25 : 0) ^ (offset >> shift);
}

static uint32_t group_of(const struct page *p, unsigned int order)
{
	const uint64_t hash = p->v & V_SECONDARY ? ~p->hash : p->hash;

	return (hash & ((1UL << (order - 7)) - 1)) * 8;
}

static void make_page(struct page *p, unsigned int i)
{
	const struct kind *k = &kinds[i % ARRAY_SIZE(kinds)];
	const bool large = k->v & V_LARGE && k->lp != 1 << 12;
	uint64_t va = random_bits() << 8;

	/* The bits of a page are not in its hash */
	va &= ~((1UL << (large ? 24 : k->base_shift)) - 1);
	p->v = (va >> 23) << 7 | k->v | 1;
	p->r = (large ? 0 : PAGE_GPA) | k->lp | 0x12 | (i & 2 ? R_RC : 0);
	if (random_bits() & 1)
		p->v |= V_SECONDARY;
	p->bolted = i % 5;
	if (p->bolted)
		p->v |= V_BOLTED;
	p->hash = hash_of(va, p->v, k->base_shift);
	p->index = group_of(p, SMALL) + i / ARRAY_SIZE(kinds) % 8;
}

static bool index_taken(unsigned int before, uint32_t index)
{
	unsigned int i;

	for (i = 0; i < before; i++)
		if (page[i].used && page[i].index == index)
			return true;
	return false;
}

/* The table as a guest finds it: HPTEs that are not empty, by index */
static unsigned int nr_hptes;
static uint64_t (*table)[2];

/* Another table begins another pass of the one file that is open all the time */
static void read_table(unsigned int order)
{
	static int fd;
	static char buf[1 << 20];
	struct kvm_get_htab_header head;
	uint64_t hpte[2];
	unsigned int i, found = 0;
	long n, at;

	if (!fd)
		fd = htab_fd(&vm, 0, 0);
	check("KVM_PPC_GET_HTAB_FD", fd, 0);
	memset(table, 0, 1UL << LARGEST);
	nr_hptes = 0;
	while (found < 1U << (order - 4)) {
		n = read(fd, buf, sizeof(buf));
		check("read", n, 0);
		if (n <= 0)
			break;
		for (at = 0; at < n; at += sizeof(head) + head.n_valid * sizeof(hpte)) {
			memcpy(&head, buf + at, sizeof(head));
			for (i = 0; i < head.n_valid; i++) {
				memcpy(hpte, buf + at + sizeof(head) + i * sizeof(hpte),
				       sizeof(hpte));
				table[head.index + i][0] = be64toh(hpte[0]);
				table[head.index + i][1] = be64toh(hpte[1]);
			}
			nr_hptes += head.n_valid;
			found += head.n_valid + head.n_invalid;
		}
	}
	check_value("HPTEs of the table", found, 1U << (order - 4));
}

/* Each page in a table of @order, bolted ones in the same place of their group */
static void check_table(unsigned int order, bool others)
{
	unsigned int i, here = 0, wrong = 0;
	struct page *p;
	uint32_t index;

	read_table(order);
	for (i = 0; i < NR_PAGES; i++) {
		p = &page[i];
		if (!p->used || !(p->bolted || others))
			continue;
		here++;
		index = group_of(p, order) + p->index % 8;
		wrong += table[index][0] != p->v || table[index][1] != p->r;
	}
	check_value("HPTEs that are not where they belong", wrong, 0);
	check_value("number of HPTEs", nr_hptes, here);
}

static void moved(void)
{
	const unsigned int orders[] = { 20, 19, 23, LARGEST, 21, SMALL };
	int fd = htab_fd(&vm, KVM_GET_HTAB_WRITE, 0);
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		make_page(&page[i], i);
		page[i].used = !index_taken(i, page[i].index);
		if (page[i].used)
			check("HPTE", put_htab(fd, page[i].index, 1, 0, page[i].v,
					       page[i].r), 0);
	}
	close(fd);
	check_table(SMALL, true);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		resize_to(orders[i]);
		check_table(orders[i], false);
	}
	check("HTAB emptied", allocate_htab(&vm, SMALL), 0);
}

/* Of a page in the first segment, whose hash is @hash ^ VSID */
static void put_bolted(int fd, uint32_t hash, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		check("HPTE", put_htab(fd, (hash ^ VSID) * 8 + i, 1, 0,
				       HPTE_V | V_BOLTED | (hash >> 11) << 7,
				       HPTE_R(PAGE_GPA)), 0);
}

static void no_room(void)
{
	int fd = htab_fd(&vm, KVM_GET_HTAB_WRITE, 0);
	const uint32_t one = 0x234, other = one | 0x800;

	resize_to(SMALL + 1);
	put_bolted(fd, one, 7);
	put_bolted(fd, other, 1);
	resize_to(SMALL);
	read_table(SMALL);
	check_value("eight in one group", nr_hptes, 8);
	check_value("the eighth", table[(one ^ VSID) * 8 + 7][0],
		    HPTE_V | V_BOLTED | 1 << 7);
	resize_to(SMALL + 1);
	read_table(SMALL + 1);
	check_value("each in its own again", nr_hptes, 8);
	check_value("the eighth", table[(other ^ VSID) * 8 + 7][0],
		    HPTE_V | V_BOLTED | 1 << 7);

	put_bolted(fd, one, 8);
	check_value("prepare", prepare(SMALL), 0);
	check("nine for one group", commit(SMALL), ENOSPC);
	check("and again", commit(SMALL), ENXIO);
	read_table(SMALL + 1);
	check_value("all still there", nr_hptes, 9);
	check("HTAB of the first size", allocate_htab(&vm, SMALL), 0);
	close(fd);
}

static void *run_vcpu(void *arg)
{
	const struct vm *v = arg;

	return run_to_hcall(v) == HCALL_DONE ?
	       (void *)v->run->papr_hcall.args[0] : (void *)~0UL;
}

/* The first vcpu loads by way of a bolted HPTE all the time, the second one sleeps */
static void under_guests(void)
{
	const uint32_t load[] = {
		0x3d490080,		/* addis r10,r9,0x80 */
		0x808a0000,		/* lwz r4,0(r10) */
		CMPLW_R4_R3, BEQ_BACK_8, LI_DONE, SC1
	};
	const uint32_t once[] = { LWZ_R4_R9, LI_DONE, SC1 };
	const uint32_t external[] = { LI_DONE, SC1 };
	const uint32_t dec[] = { 0x48000000 + IDLE_AT - DEC_AT };	/* b IDLE_AT */
	const uint32_t idle[] = {
		0x3c807fff,		/* lis r4,0x7fff */
		0x7c9603a6,		/* mtdec r4 */
		0x38600000 | H_CEDE,	/* li r3,H_CEDE */
		SC1,
		0x4bfffff0		/* b .-16 */
	};
	const unsigned int orders[] = { SMALL, 20, 24 };
	const uint64_t one = 1;
	struct kvm_interrupt irq = { .irq = KVM_INTERRUPT_SET };
	struct vm second = { .fd = vm.fd };
	pthread_t thread[2];
	unsigned int i;
	void *result;

	open_vcpu(&second, 1);
	check("KVM_CAP_PPC_PAPR", enable_papr(&second), 0);
	/* At EA + 0x800000: in any but the smallest table elsewhere than PTEX */
	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V | V_BOLTED | 1 << 7,
		    HPTE_R(PAGE_GPA));
	*(uint32_t *)(mem + PAGE_GPA) = htobe32(1);
	put_code(mem + GUEST_CODE, load, ARRAY_SIZE(load));
	put_code(mem + EXTERNAL_AT, external, ARRAY_SIZE(external));
	put_code(mem + DEC_AT, dec, ARRAY_SIZE(dec));
	put_code(mem + IDLE_AT, idle, ARRAY_SIZE(idle));
	start_guest(&vm, GUEST_CODE, MSR_DR, &one, 1);
	start_guest(&second, IDLE_AT, 0, &one, 1);
	check("thread", -pthread_create(&thread[0], NULL, run_vcpu, &vm), 0);
	check("thread", -pthread_create(&thread[1], NULL, run_vcpu, &second), 0);
	usleep(100000);
	for (i = 0; i < 4 * ARRAY_SIZE(orders); i++) {
		resize_to(orders[i % ARRAY_SIZE(orders)]);
		usleep(20000);
		check("a table for running vcpus", allocate_htab(&vm, SMALL), EBUSY);
	}
	/* The host finds the HPTE when it takes the page */
	check("MADV_DONTNEED", madvise(mem + PAGE_GPA, PAGE, MADV_DONTNEED), 0);
	pthread_join(thread[0], &result);
	check_value("what is in another page", (unsigned long)result, 0);
	check("KVM_INTERRUPT", ioctl(second.vcpu, KVM_INTERRUPT, &irq), 0);
	pthread_join(thread[1], &result);
	check_value("the interrupt for the sleeper", result != (void *)~0UL, 1);

	/* Any HPTE that is not bolted is gone, and can be entered again */
	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V, HPTE_R(PAGE_GPA));
	*(uint32_t *)(mem + PAGE_GPA) = htobe32(2);
	put_code(mem + GUEST_CODE, once, ARRAY_SIZE(once));
	for (i = 0; i < 2; i++) {
		start_guest(&vm, GUEST_CODE, MSR_DR, &one, 1);
		check_value("load", (unsigned long)run_vcpu(&vm), i ? DSISR_NOHPTE : 2);
		resize_to(20);
	}
	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V, HPTE_R(PAGE_GPA));
	start_guest(&vm, GUEST_CODE, MSR_DR, &one, 1);
	check_value("load", (unsigned long)run_vcpu(&vm), 2);
}

int main(void)
{
	open_kvm();
	/* Aligned, as pages of 16M want to have it */
	mem = must_map("memory", mmap(NULL, 2 * MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	mem += -(uintptr_t)mem & (MEM_SIZE - 1);
	table = must_map("table", mmap(NULL, 1UL << LARGEST, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	open_guest(&vm, mem, MEM_SIZE);
	check("HTAB", allocate_htab(&vm, SMALL), 0);
	printf("resize: what is refused\n");
	refusals();
	printf("resize: moved\n");
	moved();
	printf("resize: no room\n");
	no_room();
	printf("resize: under guests\n");
	under_guests();
	/* A sleeping vcpu that no resize calls out wakes after four seconds by itself */
	check_value("none takes three seconds", longest < 3000 ? 0 : longest, 0);
	printf("resize: the longest took %ld ms\n", longest);
	/* One that is prepared goes with the VM */
	check_value("prepare", prepare(22), 0);
	close_vm(&vm);
	return summary("resize");
}
