// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: does KVM_GET_STATS_FD say as much of what
 * real mode serves as the guest has counted, and debugfs the same?
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define TIMES		137
#define DIR_OF_VM	"/sys/kernel/debug/kvm/%d-%d/%s"

/*
 * The guest: r4 times an hcall, a storage interrupt of its own or an H_CEDE with the
 * decrementer pending; what it counts itself comes back in r4 of HCALL_DONE.
 */
asm(".pushsection .rodata\n"
	".balign 4\n"
	"hcall_code: mr 14,4; li 15,0\n"
	"1: li 3,0xc; li 4,0; li 5,0; .long 0x44000022\n"	/* H_READ */
	"addi 15,15,1; cmpld 15,14; blt 1b\n"
	"mr 4,15; li 3,0x7ffc; .long 0x44000022\n"
	"fault_code: mr 14,4; li 15,0\n"
	"1: lwz 3,0x5000(9); cmpld 15,14; blt 1b\n"
	"mr 4,15; li 3,0x7ffc; .long 0x44000022\n"
	"cede_code: mr 14,4; li 15,0; li 16,0\n"
	"1: mtmsrd 16,1; li 3,-1; mtdec 3; li 3,0xe0; .long 0x44000022\n" /* H_CEDE */
	"cmpld 15,14; blt 1b\n"
	"mtmsrd 16,1; mr 4,15; li 3,0x7ffc; .long 0x44000022\n"
	"dsi_code: addi 15,15,1; mfsrr0 18; addi 18,18,4; mtsrr0 18; rfid\n"
	"dec_code: addi 15,15,1; lis 18,0x7fff; mtdec 18; rfid\n"
	"end_code:\n"
	".popsection");
GUEST_LABELS(hcall_code[], fault_code[], cede_code[], dsi_code[], dec_code[], end_code[]);

enum { DSI = 0x300, DEC = 0x900 };
enum { HCALLS, FAULTS, CEDES, COUNTERS };

static const char *const names[COUNTERS] = {
	"real_mode_hcalls", "real_mode_faults", "real_mode_cedes",
};

static struct vm vm;
static char *mem;

/* The counter @name of the vcpu, which there must be */
static uint64_t stat_of(const char *name)
{
	struct kvm_stats_header head;
	uint64_t value = 0;
	int fd = ioctl(vm.vcpu, KVM_GET_STATS_FD, NULL), found = 0;
	uint32_t i;

	check("KVM_GET_STATS_FD", fd, 0);
	check("header", pread(fd, &head, sizeof(head), 0), 0);
	for (i = 0; i < head.num_desc && !found; i++) {
		const size_t size = sizeof(struct kvm_stats_desc) + head.name_size;
		struct kvm_stats_desc *desc = malloc(size);

		check("descriptor", pread(fd, desc, size, head.desc_offset + i * size), 0);
		if (!strcmp(desc->name, name)) {
			check("value", pread(fd, &value, sizeof(value),
					     head.data_offset + desc->offset), 0);
			found = 1;
		}
		free(desc);
	}
	close(fd);
	check_value(name, found, 1);
	return value;
}

static uint64_t debugfs(const char *name)
{
	char file[100];
	unsigned long value = ~0UL;
	FILE *f;

	sprintf(file, DIR_OF_VM, getpid(), vm.fd, name);
	f = fopen(file, "r");
	check(file, f ? 0 : -1, 0);
	if (!f)
		return value;
	check_value(file, fscanf(f, "%lu", &value), 1);
	fclose(f);
	return value;
}

/* What counters gain while the guest does @code, that is @want of each */
static void run(const char *what, const uint32_t *code, uint64_t msr,
		const uint64_t want[COUNTERS])
{
	const uint64_t r[] = { 0, TIMES };
	uint64_t before[COUNTERS];
	int i;

	printf("counts: %s\n", what);
	for (i = 0; i < COUNTERS; i++)
		before[i] = stat_of(names[i]);
	start_guest(&vm, GUEST_CODE + (code - hcall_code) * sizeof(*code), msr, r,
		    ARRAY_SIZE(r));
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);
	check_value("counted by the guest", vm.run->papr_hcall.args[0], TIMES);
	for (i = 0; i < COUNTERS; i++) {
		check_value(names[i], stat_of(names[i]) - before[i], want[i]);
		check_value("the same in debugfs", debugfs(names[i]), stat_of(names[i]));
	}
}

int main(void)
{
	static const uint64_t hcalls[] = { [HCALLS] = TIMES, 0, 0 };
	static const uint64_t faults[] = { 0, [FAULTS] = TIMES, 0 };
	static const uint64_t cedes[] = { TIMES, 0, [CEDES] = TIMES };

	mem = make_guest(&vm, MEM_SIZE);
	put_code(mem + GUEST_CODE, hcall_code, end_code - hcall_code);
	put_code(mem + DSI, dsi_code, dec_code - dsi_code);
	put_code(mem + DEC, dec_code, end_code - dec_code);
	/* Twice: pages of the VRMA, and their faults, are there then */
	start_guest(&vm, GUEST_CODE, 0, (const uint64_t[]){ 0, 1 }, 2);
	check_value("hcall", run_to_hcall(&vm), HCALL_DONE);

	run("hcalls that real mode serves", hcall_code, 0, hcalls);
	run("storage interrupts of the guest's own", fault_code, MSR_DR, faults);
	run("H_CEDEs that are over at once", cede_code, 0, cedes);
	close_vm(&vm);
	return summary("counts");
}
