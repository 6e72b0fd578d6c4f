// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: KVM_GET_DIRTY_LOG while another CPU
 * takes the guest's pages away and gives them back.  All that a guest wrote before
 * it stopped is in the next call: the last one of a migration has no other behind
 * it.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

#define PAGE		0x10000UL
#define LOW		(16UL << 20)	/* below it: the guest's code */
#define PAGES		1024UL		/* that it stores to */
#define ROUNDS		20
#define MAP_BYTES	((LOW / PAGE + PAGES) / 8)

static struct vm vm;
static char *mem;
static int stop;

/* The host write-protects the pages, and allows writing: HPTEs come and go */
static void *toggle(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		mprotect(mem + LOW, PAGES * PAGE, PROT_READ);
		mprotect(mem + LOW, PAGES * PAGE, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

/* How many of the pages are dirty */
static int dirty_pages(void)
{
	uint8_t map[MAP_BYTES] = { 0 };
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = map };
	int i, n = 0;

	check("KVM_GET_DIRTY_LOG", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log), 0);
	for (i = LOW / PAGE / 8; i < (int)MAP_BYTES; i++)
		n += __builtin_popcount(map[i]);
	return n;
}

/* The guest stores @value to each page */
static void write_pages(uint64_t value)
{
	const uint64_t r[] = { 0, 0, LOW, LOW + PAGES * PAGE, 0, value };

	start_guest(&vm, GUEST_CODE, 0, r, ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("the last page", *(uint64_t *)(mem + LOW + (PAGES - 1) * PAGE),
		    htobe64(value));
}

int main(void)
{
	/* r8 to each page from r5 to r6 */
	const uint32_t code[] = {
		0xf9050000,	/* 1:	std	r8,0(r5) */
		0x3ca50001,	/*	addis	r5,r5,1 */
		0x7c253040,	/*	cmpld	r5,r6 */
		0x4180fff4,	/*	blt	1b */
		LI_DONE,
		SC1,
	};
	int i, first = 0, late = 0;
	pthread_t thread;

	open_kvm();
	mem = must_map("memory", mmap(NULL, LOW + PAGES * PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	madvise(mem, LOW + PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(mem + LOW, 1, PAGES * PAGE);
	open_guest(&vm, mem, LOW + PAGES * PAGE);
	put_code(mem + GUEST_CODE, code, ARRAY_SIZE(code));
	check("dirty log", set_slot(&vm, 0, 0, mem, LOW + PAGES * PAGE,
				    KVM_MEM_LOG_DIRTY_PAGES), 0);
	for (i = 0; i < ROUNDS; i++) {
		dirty_pages();
		write_pages(i + 1);
		stop = 0;
		pthread_create(&thread, NULL, toggle, NULL);
		usleep(rand() % 3000);
		first += dirty_pages();
		__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		late += dirty_pages();
	}
	check_value("pages in the first call", first, ROUNDS * PAGES);
	check_value("pages in the second call", late, 0);
	close_vm(&vm);
	return summary("dirty");
}
