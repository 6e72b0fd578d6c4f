// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: what debugfs shows of a VM, hash table, virtual
 * cores, real mode area and times, while its guest runs and while it does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define HPTES		20
#define CALLS		33
#define TEXT_SIZE	(4UL << 20)
#define NOBODY		65534
/* A tick of the host is the longest that a guest can go on alone, and much less than this */
#define TRIES		2000

enum { SPIN = GUEST_CODE };

static struct vm vm;
static char *mem;
static char text[TEXT_SIZE];

static int open_file(const char *name, int flags)
{
	char file[100];

	sprintf(file, "/sys/kernel/debug/kvm/%d-%d/%s", getpid(), vm.fd, name);
	return open(file, flags);
}

static void get(const char *name)
{
	int fd = open_file(name, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	check(name, fd, 0);
	/* Some bytes at a time: a line goes over several of them */
	while ((n = read(fd, text + len, 1000)) > 0 && len < TEXT_SIZE - 1001)
		len += n;
	check(name, n, 0);
	text[len] = 0;
	close(fd);
}

static void set(const char *name, const char *value, int want)
{
	int fd = open_file(name, O_WRONLY);

	check(name, fd, 0);
	check(value, write(fd, value, strlen(value)), want);
	close(fd);
}

static unsigned int lines(const char *what)
{
	unsigned int n = 0;
	const char *p;

	for (p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void says(const char *what)
{
	int there = !!strstr(text, what);

	if (!there)
		printf("debugfs: \"%s\" is not in:\n%.600s\n", what, text);
	check_value(what, there, 1);
}

static void hash_table(void)
{
	char line[100];
	int i;

	for (i = 0; i < HPTES; i++)
		check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX + i, HPTE_V,
						   HPTE_R(0x100000UL + i * 0x1000)), 0);
	/* A device, and one that the guest takes away again */
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX + HPTES, HPTE_V,
					   HPTE_R(MEM_SIZE)), 0);
	check_value("H_REMOVE", guest_hcall(&vm, H_REMOVE, 0, PTEX + 3, 0, 0), 0);
	get("hpt");
	printf("%.300s...\n%s", text, strstr(text, "\n# ") ? strstr(text, "\n# ") + 1 : "");
	sprintf(line, "\n%lu mmio 4K/4K v=%016lx r=%016lx gpa=%lx\n", PTEX + HPTES, HPTE_V,
		HPTE_R(MEM_SIZE), MEM_SIZE);
	says(line);
	sprintf(line, "\n%lu ", PTEX + 3);
	check_value("an HPTE that is gone", lines(line), 0);
	/* Some of the guest's pages may not have been there when it entered them */
	check_value("its pages", lines(" v=0000000000123001 "), HPTES);
	says("(1 mmio)");
	/* The VRMA, whose pages are the host's */
	says(" valid,bolted ");
}

static void virtual_cores(void)
{
	get("vcores");
	says("vcore 0: 1 vcpus, lpcr ");
	says("\n  vcpu 0: busy, pending 0x0, last trap 0xc00, pc ");
	get("rma");
	says("this VM: none\n");
	says("pool: 0 of 0 KiB, 0 unused\n");
}

static void root_only(void)
{
	static const char *const names[] = { "hpt", "vcores", "rma", "timing", "vcpu0/times" };
	unsigned int i;

	check("seteuid", seteuid(NOBODY), 0);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], open_file(names[i], O_RDONLY), EACCES);
	check("seteuid", seteuid(0), 0);
}

/* The number behind @what */
static unsigned long number(const char *what)
{
	const char *p = strstr(text, what);

	says(what);
	return p ? strtoul(p + strlen(what), NULL, 0) : 0;
}

static void clocks(void)
{
	struct timeval from, to, took;
	unsigned long real, guest, host;
	int i;

	get("vcpu0/times");
	says("not measured");
	set("timing", "1", 0);
	set("timing", "2", EINVAL);
	get("timing");
	says("1\n");
	gettimeofday(&from, NULL);
	for (i = 0; i < CALLS; i++)
		guest_hcall(&vm, H_READ, 0, 0, 0, 0);
	gettimeofday(&to, NULL);
	timersub(&to, &from, &took);
	set("timing", "0", 0);
	get("vcpu0/times");
	printf("%s", text);
	check_value("calls", number("hcall 0xc: "), CALLS);
	check_value("ways in, and calls", number("guest: ") >= 2 * CALLS, 1);
	check_value("ways out", number("host: ") >= CALLS - 1, 1);
	real = number("real mode: ");
	check_value("real mode", real >= 2 * CALLS, 1);
	real = strtoul(strstr(strstr(text, "real mode: "), "spans, ") + 7, NULL, 0);
	guest = strtoul(strstr(strstr(text, "guest: "), "spans, ") + 7, NULL, 0);
	host = strtoul(strstr(strstr(text, "host: "), "spans, ") + 7, NULL, 0);
	check_value("each of them some time", real && guest && host, 1);
	check_value("all of them no more than there was",
		    real + guest + host <= took.tv_sec * 1000000000UL + took.tv_usec * 1000UL, 1);
	/* Off: nothing is added */
	guest_hcall(&vm, H_READ, 0, 0, 0, 0);
	get("vcpu0/times");
	check_value("calls", number("hcall 0xc: "), CALLS);
	set("timing", "1", 0);	/* and stays so until the VM is gone */
}

static void nothing(int sig)
{
}

static void *run(void *unused)
{
	check("KVM_RUN", ioctl(vm.vcpu, KVM_RUN, 0), EINTR);
	return NULL;
}

/* It runs by itself: all files can be read */
static void while_it_runs(void)
{
	const uint32_t spin[] = { 0x48000000 };
	const uint64_t r[] = { 0 };
	pthread_t thread;
	int i;

	signal(SIGUSR1, nothing);
	put_code(mem + SPIN, spin, 1);
	start_guest(&vm, SPIN, 0, r, 1);
	check_value("thread", pthread_create(&thread, NULL, run, NULL), 0);
	for (i = 0; i < TRIES; i++) {
		get("vcores");
		if (strstr(text, "in the guest") || strstr(text, "run by"))
			break;
		usleep(1000);
	}
	says("run by vcpu 0");
	for (i = 0; i < 3; i++) {
		get("hpt");
		says(" valid,bolted ");
		get("vcpu0/times");
		get("rma");
	}
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

/* A file that outlives the VM */
static void afterwards(void)
{
	int fd = open_file("hpt", O_RDONLY);
	char c;

	check("hpt", fd, 0);
	check("hpt", read(fd, &c, 1), 0);
	close_vm(&vm);
	check("hpt of no VM", read(fd, &c, 1), EIO);
	close(fd);
}

int main(void)
{
	mem = make_guest(&vm, MEM_SIZE);
	hash_table();
	virtual_cores();
	root_only();
	clocks();
	while_it_runs();
	afterwards();
	return summary("debugfs");
}
