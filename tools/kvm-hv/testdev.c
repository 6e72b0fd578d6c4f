// SPDX-License-Identifier: GPL-2.0
/*
 * The test device: a window of 64K that keeps what is written to it, and a few
 * words at its end, all big-endian:
 *
 *   0xffe0  8 bytes  loads so far (to be read)
 *   0xffe8  8 bytes  stores so far (to be read)
 *   0xfff0  4 bytes  a store ends kvm-hv with that exit status
 *   0xfff4  4 bytes  a store of 1 raises the external interrupt of the CPU
 *                    that stores, 0 lowers it
 */
#include <string.h>

#include "kvm-hv.h"

#define REG_LOADS	0xffe0
#define REG_STORES	0xffe8
#define REG_EXIT	0xfff0
#define REG_IRQ		0xfff4

static uint8_t window[TESTDEV_SIZE];
static uint64_t loads, stores;

void testdev_init(void)
{
	struct file f;

	if (!config.testdev_file)
		return;
	f = file_map("--testdev", config.testdev_file);
	if (f.size > sizeof(window))
		die("--testdev %s: more than %u bytes", f.name, TESTDEV_SIZE);
	memcpy(window, f.data, f.size);
}

static void set_count(unsigned int at, uint64_t val)
{
	val = htobe64(val);
	memcpy(window + at, &val, sizeof(val));
}

static void control(struct vcpu *v, uint64_t at, uint32_t val)
{
	if (at == REG_EXIT)
		vm_end(val & 0xff);
	else if (at == REG_IRQ)
		vcpu_irq_line(v, val & 1);
}

/* False if the access is not all in the window */
bool testdev_access(struct vcpu *v, uint64_t addr, uint8_t *data,
		    unsigned int len, bool write)
{
	uint64_t at = addr - config.testdev;
	uint32_t word;

	if (!config.has_testdev || at >= TESTDEV_SIZE || len > TESTDEV_SIZE - at)
		return false;
	if (!write) {
		loads++;
		set_count(REG_LOADS, loads);
		memcpy(data, window + at, len);
		return true;
	}
	stores++;
	memcpy(window + at, data, len);
	set_count(REG_LOADS, loads);
	set_count(REG_STORES, stores);
	if (len == sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		control(v, at, be32toh(word));
	}
	return true;
}

void testdev_print(FILE *f)
{
	if (config.has_testdev)
		fprintf(f, "testdev: %llu loads, %llu stores\n",
			(unsigned long long)loads, (unsigned long long)stores);
}
