// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: the hash table as a stream, read and
 * written, while the guest changes it in between.
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
#include <sys/wait.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define ORDER		18
#define NPTE		(1U << (ORDER - 4))
#define PAGE		0x10000UL
#define PAGE_GPA	(8UL << 20)
#define V_BOLTED	0x10UL
#define R_REF		0x100UL
#define R_CHANGED	0x80UL

static struct vm vm;
static char *mem;

/* What a pass said of each HPTE */
static struct seen {
	enum { NOTHING, VALID, EMPTY } what;
	uint64_t v, r;
} seen[NPTE];
static unsigned int nr_valid, nr_empty, twice;

static int must_get_fd(uint64_t flags, uint64_t start)
{
	int fd = htab_fd(&vm, flags, start);

	check("KVM_PPC_GET_HTAB_FD", fd, 0);
	return fd;
}

static void note(uint32_t index, int what, const uint64_t *hpte)
{
	if (index >= NPTE) {
		check_value("an index of the table", index, NPTE - 1);
		return;
	}
	twice += seen[index].what != NOTHING;
	seen[index].what = what;
	if (what == EMPTY) {
		nr_empty++;
		return;
	}
	nr_valid++;
	seen[index].v = be64toh(hpte[0]);
	seen[index].r = be64toh(hpte[1]);
}

/* One read(); what it returns */
static long read_some(int fd, size_t size)
{
	static char buf[1 << 20];
	struct kvm_get_htab_header head;
	uint64_t hpte[2];
	long at = 0, n;
	unsigned int i;

	n = read(fd, buf, size);
	check("read", n, 0);
	while (at < n) {
		memcpy(&head, buf + at, sizeof(head));
		at += sizeof(head);
		for (i = 0; i < head.n_valid; i++, at += sizeof(hpte)) {
			memcpy(hpte, buf + at, sizeof(hpte));
			note(head.index + i, VALID, hpte);
		}
		for (i = 0; i < head.n_invalid; i++)
			note(head.index + head.n_valid + i, EMPTY, NULL);
	}
	if (n > 0)
		check_value("whole records", at, n);
	return n;
}

/* Reads of @size up to one that finds nothing */
static void read_pass(int fd, size_t size)
{
	unsigned int reads = 0;

	memset(seen, 0, sizeof(seen));
	nr_valid = 0;
	nr_empty = 0;
	twice = 0;
	while (read_some(fd, size) > 0 && ++reads < 4 * NPTE)
		;
	check_value("read ends", reads < 4 * NPTE, 1);
}

static void check_counts(const char *what, unsigned int valid, unsigned int empty)
{
	check_value(what, nr_valid, valid);
	check_value(what, nr_empty, empty);
	check_value(what, twice, 0);
}

static void check_seen(const char *what, uint32_t index, uint64_t v, uint64_t r)
{
	check_value(what, seen[index].what, VALID);
	check_value(what, seen[index].v, v);
	check_value(what, seen[index].r, r);
}

static void refusals(void)
{
	struct kvm_get_htab_fd arg = { .reserved = { 0, 1 } };
	struct htab_record rec = { .head = { 0, 2, 0 } };
	int out, in, status = -1;
	pid_t child;
	char c[23], *nowhere;

	nowhere = must_map("a page without access",
			   mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0));
	check("unknown flag", htab_fd(&vm, 4, 0), EINVAL);
	check("reserved", ioctl(vm.fd, KVM_PPC_GET_HTAB_FD, &arg), EINVAL);
	check("nowhere", ioctl(vm.fd, KVM_PPC_GET_HTAB_FD, NULL), EFAULT);

	/* No table yet */
	in = must_get_fd(0, 0);
	out = must_get_fd(KVM_GET_HTAB_WRITE, 0);
	check_value("read without a table", read_some(in, 4096), 0);
	check("write without a table", put_htab(out, 0, 1, 0, HPTE_V, HPTE_R(0)), EINVAL);
	check("HTAB", allocate_htab(&vm, ORDER), 0);

	check("read from the writer", read(out, c, sizeof(c)), EBADF);
	check("write to the reader", put_htab(in, 0, 1, 0, HPTE_V, HPTE_R(0)), EBADF);
	check("no room for an HPTE", read(in, c, sizeof(c)), EINVAL);
	/* After that it begins with the first HPTE */
	check("read to nowhere", read(in, nowhere, 4096), EFAULT);
	check("write from nowhere", write(out, nowhere, 4096), EFAULT);
	check("beyond the table", put_htab(out, NPTE, 1, 0, HPTE_V, HPTE_R(0)), EINVAL);
	check("over the end", put_htab(out, NPTE - 1, 1, 1, HPTE_V, HPTE_R(0)), EINVAL);
	check("over the end", put_htab(out, NPTE - 1, 0, 2, 0, 0), EINVAL);
	check("empty", put_htab(out, NPTE - 1, 0, 1, 0, 0), 0);
	check("not valid", put_htab(out, 0, 1, 0, HPTE_V & ~1UL, HPTE_R(0)), EINVAL);
	check("no such page", put_htab(out, 0, 1, 0, HPTE_V | 4, HPTE_R(0xf000)), EINVAL);
	check("cut short", write(out, &rec, sizeof(rec.head) + 31), EINVAL);
	check_value("less than a header", write(out, &rec, 7), 0);
	/* The first is written, the second makes no sense */
	rec.head.n_valid = 1;
	rec.hpte[0][0] = htobe64(HPTE_V);
	rec.hpte[0][1] = htobe64(HPTE_R(0));
	rec.hpte[1][0] = ~0UL;
	check_value("as far as it goes", write(out, &rec, sizeof(rec.head) + 32),
		    sizeof(rec.head) + 16);
	check("empty again", put_htab(out, 0, 0, 1, 0, 0), 0);

	child = fork();
	if (!child)
		_exit(put_htab(out, 0, 1, 0, HPTE_V, HPTE_R(0)) < 0 ? errno : 0);
	waitpid(child, &status, 0);
	check_value("write from another process", WEXITSTATUS(status), EIO);

	read_pass(in, 1 << 20);
	check_counts("nothing was written", 0, NPTE);
	close(in);
	close(out);
}

static void write_and_read(void)
{
	int out = must_get_fd(KVM_GET_HTAB_WRITE, 0), in;
	size_t sizes[] = { 24, 100, 2048, 1 << 20 };
	unsigned int i, j, right;

	check_value("300 HPTEs", put_htab(out, 4096, 300, 50, HPTE_V, HPTE_R(PAGE_GPA)),
		    8 + 300 * 16);
	check_value("300 HPTEs, bolted",
		    put_htab(out, 8192, 300, 0, HPTE_V | V_BOLTED, HPTE_R(PAGE_GPA)),
		    8 + 300 * 16);
	check_value("10 of them away", put_htab(out, 4196, 0, 10, 0, 0), 8);
	check_value("one over another", put_htab(out, 4097, 1, 0, HPTE_V, HPTE_R(0)), 24);
	close(out);

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		in = must_get_fd(0, 0);
		read_pass(in, sizes[i]);
		check_counts("all", 590, NPTE - 590);
		for (j = right = 0; j < 300; j++) {
			right += j == 1 || (j >= 100 && j < 110) ||
				 (seen[4096 + j].v == HPTE_V &&
				  seen[4096 + j].r == HPTE_R(PAGE_GPA + j * 0x1000));
			right += seen[8192 + j].v == (HPTE_V | V_BOLTED) &&
				 seen[8192 + j].r == HPTE_R(PAGE_GPA + j * 0x1000);
		}
		check_value("HPTEs as written", right, 600);
		check_seen("written over", 4097, HPTE_V, HPTE_R(0));
		check_value("taken away", seen[4196].what, EMPTY);
		read_pass(in, sizes[i]);
		check_counts("no change", 0, 0);
		close(in);
	}

	in = must_get_fd(KVM_GET_HTAB_BOLTED_ONLY, 0);
	read_pass(in, 2048);
	check_counts("bolted", 300, NPTE - 300);
	read_pass(in, 2048);
	check_counts("bolted, no change", 0, 0);
	close(in);

	in = must_get_fd(0, 8192);
	memset(seen, 0, sizeof(seen));
	read_some(in, 24);
	check_seen("from the middle", 8192, HPTE_V | V_BOLTED, HPTE_R(PAGE_GPA));
	close(in);

	in = must_get_fd(0, NPTE);
	check_value("from the end", read_some(in, 2048), 0);
	close(in);
	in = must_get_fd(0, ~0UL);
	check_value("from far beyond", read_some(in, 2048), 0);
	read_pass(in, 2048);
	check_counts("and then all", 590, NPTE - 590);
	close(in);
}

/* One access by way of the HPTE */
static void access_page(uint32_t insn)
{
	const uint32_t code[] = { insn, LI_DONE, SC1 };
	const uint64_t r[] = { 0 };

	put_code(mem + GUEST_CODE, code, ARRAY_SIZE(code));
	start_guest(&vm, GUEST_CODE, MSR_DR, r, 1);
	check_value("access", run_to_hcall(&vm), HCALL_DONE);
}

static void guest_changes(void)
{
	const uint64_t r = HPTE_R(PAGE_GPA);
	int in = must_get_fd(0, 0), other;

	/* What the guest needs for its real mode is there afterwards */
	guest_hcall(&vm, H_REMOVE, 0, PTEX, 0, 0);
	access_page(LI_DONE);
	read_pass(in, 2048);
	read_pass(in, 2048);
	check_counts("before", 0, 0);

	/* Nothing in the rest of a pass is not yet nothing */
	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V, r);
	check_value("one change", read_some(in, 24), 24);
	guest_hcall(&vm, H_REMOVE, 0, PTEX, 0, 0);
	check_value("a change behind where it reads", read_some(in, 2048), 8);
	check_value("no more", read_some(in, 2048), 0);

	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V, r);
	read_pass(in, 2048);
	check_counts("entered", 1, 0);
	check_seen("entered", PTEX, HPTE_V, r);
	access_page(LWZ_R4_R9);
	read_pass(in, 2048);
	check_counts("loaded", 1, 0);
	check_seen("loaded", PTEX, HPTE_V, r | R_REF);
	access_page(LWZ_R4_R9);
	read_pass(in, 2048);
	check_counts("loaded again", 0, 0);
	access_page(STW_R4_R9);

	/* The host takes the page; what was known of it is not lost */
	check("MADV_DONTNEED", madvise(mem + PAGE_GPA, PAGE, MADV_DONTNEED), 0);
	read_pass(in, 2048);
	check_counts("stored, and the page gone", 1, 0);
	check_seen("stored, and the page gone", PTEX, HPTE_V, r | R_REF | R_CHANGED);
	access_page(LWZ_R4_R9);
	read_pass(in, 2048);
	check_counts("the page is back", 0, 0);

	/* Another reader gets all, each time, and takes nothing from the first */
	other = must_get_fd(0, 0);
	guest_hcall(&vm, H_REMOVE, 0, PTEX, 0, 0);
	read_pass(other, 2048);
	check_value("another reader", nr_valid + nr_empty, NPTE);
	check_value("another reader", seen[PTEX].what, EMPTY);
	read_pass(other, 2048);
	check_value("another reader, again", nr_valid + nr_empty, NPTE);
	read_pass(in, 2048);
	check_counts("removed", 0, 1);
	check_value("removed", seen[PTEX].what, EMPTY);

	/* It is the first now; it goes by changes after a pass that begins later */
	close(in);
	read_pass(other, 2048);
	read_pass(other, 2048);
	read_pass(other, 2048);
	check_counts("the only reader", 0, 0);
	guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V, r);
	read_pass(other, 2048);
	check_counts("the only reader, entered", 1, 0);

	check("HTAB emptied", allocate_htab(&vm, ORDER), 0);
	read_pass(other, 2048);
	check_counts("emptied", 0, NPTE);
	check("HTAB of another size", allocate_htab(&vm, ORDER + 1), 0);
	check("and of the same", allocate_htab(&vm, ORDER), 0);
	read_pass(other, 2048);
	check_counts("replaced", 0, NPTE);
	close(other);
}

static void *wait_in_guest(void *result)
{
	*(uint64_t *)result = run_to_hcall(&vm) == HCALL_DONE ?
			      vm.run->papr_hcall.args[0] : ~0UL;
	return NULL;
}

/*
 * The guest loads @now until it gets something else: that, after @empty or a write.
 * Between the old HPTE and a new one there is none, and a guest that sees it has to
 * load once more, like any after a page fault.
 */
static uint64_t change_under_guest(int fd, uint64_t now, bool empty)
{
	const uint32_t code[] = { LWZ_R4_R9, CMPLW_R4_R3, BEQ_BACK_8, LI_DONE, SC1 };
	uint64_t result = 0;
	pthread_t thread;

	put_code(mem + GUEST_CODE, code, ARRAY_SIZE(code));
	start_guest(&vm, GUEST_CODE, MSR_DR, &now, 1);
	check("thread", -pthread_create(&thread, NULL, wait_in_guest, &result), 0);
	usleep(100000);
	check_value("the guest goes on", result, 0);
	put_htab(fd, PTEX, !empty, empty, HPTE_V, HPTE_R(PAGE_GPA + (now == 1 ? PAGE : 0)));
	pthread_join(thread, NULL);
	if (result == DSISR_NOHPTE && !empty) {
		start_guest(&vm, GUEST_CODE, MSR_DR, &now, 1);
		wait_in_guest(&result);
	}
	return result;
}

static void write_under_guest(void)
{
	int out = must_get_fd(KVM_GET_HTAB_WRITE, 0), i;

	*(uint32_t *)(mem + PAGE_GPA) = htobe32(1);
	*(uint32_t *)(mem + PAGE_GPA + PAGE) = htobe32(2);
	check_value("written", put_htab(out, PTEX, 1, 0, HPTE_V, HPTE_R(PAGE_GPA)), 24);
	for (i = 0; i < 3; i++) {
		check_value("another page", change_under_guest(out, 1, false), 2);
		check_value("the first page", change_under_guest(out, 2, false), 1);
	}
	check_value("no page", change_under_guest(out, 1, true), DSISR_NOHPTE);
	close(out);
}

int main(void)
{
	int in;

	mem = make_guest(&vm, MEM_SIZE);
	printf("htab: what is refused\n");
	refusals();
	printf("htab: written\n");
	write_and_read();
	printf("htab: changes\n");
	guest_changes();
	printf("htab: written under a running guest\n");
	write_under_guest();
	check("HTAB emptied", allocate_htab(&vm, ORDER), 0);

	/* The file keeps the VM */
	in = must_get_fd(0, 0);
	close_vm(&vm);
	read_pass(in, 2048);
	check_counts("without the VM's file", 0, NPTE);
	close(in);
	return summary("htab");
}
