// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest for kvm-hv: hypercalls and MMIO with whatever arguments, on a
 * machine without KVM.  Guest memory is from malloc(), so the sanitizers see an
 * access that guest_ptr() should not have allowed.
 *
 *   fuzz KERNEL SEED COUNT	as random numbers will have it
 *   fuzz KERNEL INPUTS		as a file has it: a word and bytes in hexadecimal each, on
 *				lines of which all but the first begin with a blank
 *
 * With VMM_FUZZ this is libFuzzer's, whose input decides; the environment's FUZZ_KERNEL is
 * the kernel.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kvm-hv.h"

#define RAM_SIZE	(32 * MIB)
#define TESTDEV		0x40000000ULL
#define RTAS_WORDS	20

struct config config = {
	.mem = RAM_SIZE, .cpus = 3, .threads = 1, .append = "", .flat = true,
	.irqchip = IRQCHIP_USER, .has_testdev = true, .testdev = TESTDEV,
};

/* The fuzzer's input, 16 bits at a time, as long as it lasts; random numbers without one */
static const uint8_t *input;
static size_t input_left;

static int draw(void)
{
	unsigned int val;

	if (!input)
		return rand();
	if (input_left < 2) {
		input_left = 0;
		return 0;
	}
	val = input[0] << 8 | input[1];
	input += 2;
	input_left -= 2;
	return val;
}

void warn(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

static void __noreturn died(const char *fmt, va_list ap)
{
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\nfuzz: the guest has ended kvm-hv with an error\n");
	exit(1);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	died(fmt, ap);
}

void die_errno(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	died(fmt, ap);
}

/* KVM: registers can be read and mostly set, no vcpu ever runs */
int fake_ioctl(int fd, unsigned long req, ...)
{
	struct kvm_one_reg *reg;
	va_list ap;

	va_start(ap, req);
	reg = va_arg(ap, struct kvm_one_reg *);
	va_end(ap);
	if (req == KVM_GET_ONE_REG)
		memset((void *)(unsigned long)reg->addr, draw(), 4);
	if (req == KVM_SET_ONE_REG && draw() % 64 == 0) {
		errno = EINVAL;
		return -1;
	}
	if (req == KVM_RUN) {
		errno = EINTR;
		return -1;
	}
	return 0;
}

static uint64_t any(void)
{
	return (uint64_t)draw() << 48 ^ (uint64_t)draw() << 32 ^ (uint64_t)draw() << 16 ^ draw();
}

/* Values that mean something to somebody, and their neighbours */
static uint64_t value(void)
{
	switch (draw() % 12) {
	case 0:
		return any();
	case 1:
		return draw() % 20;
	case 2:
		return RAM_SIZE - draw() % 80;
	case 3:
		return RAM_SIZE / 2 - draw() % 80;
	case 4:
		return draw() % RAM_SIZE;
	case 5:
		return -(uint64_t)(draw() % 64);
	case 6:
		return TESTDEV + draw() % (TESTDEV_SIZE + 16);
	case 7:
		return VTY_UNIT;
	case 8:
		return BIT_ULL(draw() % 64);
	case 9:
		return XICS_IRQ_BASE + draw() % (XICS_NR_IRQS + 4);
	case 10:
		return FDT_MAX_SIZE + draw() % 100;
	default:
		return draw() % 4096;
	}
}

static void put_words(uint64_t addr, const uint32_t *word, unsigned int n)
{
	void *p;

	while (n && !(p = guest_ptr(addr, 4 * n)))
		n--;
	if (n)
		memcpy(p, word, 4 * n);
}

static void rtas_arguments(uint64_t addr)
{
	uint32_t word[RTAS_WORDS];
	unsigned int i;

	for (i = 3; i < RTAS_WORDS; i++)
		word[i] = htobe32(value());
	word[0] = htobe32(rtas_token("display-character") + draw() % 18);
	word[1] = htobe32(draw() % 10);
	word[2] = htobe32(draw() % 10);
	if (draw() % 8 == 0)
		word[1 + draw() % 2] = draw() % 2 ? any() : htobe32(value());
	put_words(addr & UINT32_MAX, word, RTAS_WORDS);
}

static void cas_vector(uint64_t addr)
{
	uint32_t word[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = draw() % 3 == 0 ? any() :
			  htobe32(draw() % 2 ? 0x0f000000 + draw() % 8 : UINT32_MAX);
	put_words(addr, word, ARRAY_SIZE(word));
}

static bool one_hcall(void)
{
	static const unsigned int nr[] = {
		H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE, H_GET_TERM_CHAR, H_PUT_TERM_CHAR,
		H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR, H_XIRR_X, H_SET_MODE,
		H_GET_CPU_CHARACTERISTICS, H_RTAS, H_RTAS, H_RTAS,
		H_CAS, 0x4fc, 0x500, 0xf0ff, 0xf100,
	};
	struct vcpu *v = &vm.cpus[draw() % config.cpus];
	unsigned int i, h = nr[draw() % ARRAY_SIZE(nr)];
	uint64_t args[9];
	bool ok;

	for (i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = value();
	if (h == H_RTAS)
		rtas_arguments(args[0]);
	else if (h == H_CAS)
		cas_vector(args[0]);
	ok = hcall(v, h, args) == H_SUCCESS;
	/* Power off and the like are no end here */
	vm.ended = false;
	return ok;
}

static void one_mmio(void)
{
	static const unsigned int len[] = { 1, 2, 4, 8 };
	uint8_t data[8];
	uint64_t val = any();

	memcpy(data, &val, sizeof(data));
	mmio(&vm.cpus[0], value(), data, len[draw() % 4], draw() % 2);
	vm.ended = false;
}

/* Two pieces, as with an RMA, so that both have their end */
static void make_vm(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vm.ram[i].start = i * RAM_SIZE / 2;
		vm.ram[i].size = RAM_SIZE / 2;
		vm.ram[i].host = calloc(1, RAM_SIZE / 2);
	}
	vm.nr_ram = 2;
	vm.rma_size = RAM_SIZE / 2;
	vm.page_size = 0x10000;
	vm.stride = 1;
	for (i = 0; i < config.cpus; i++) {
		vm.cpus[i].index = i;
		vm.cpus[i].id = i;
		vm.cpus[i].run = calloc(1, 0x10000);
	}
	xics_create();
	vm_load();
}

/* The same guest again, but for what its memory has */
static void one_input(const uint8_t *data, size_t size)
{
	input = data;
	input_left = size;
	xics_reset();
	cas_reset();
	vm_load();
	while (input_left) {
		if (draw() % 4)
			one_hcall();
		else
			one_mmio();
	}
	input = NULL;
}

#ifdef VMM_FUZZ
/* The Makefile gives them the names that libFuzzer wants */
int fuzz_initialize(int *argc, char ***argv)
{
	config.kernel = getenv("FUZZ_KERNEL");
	make_vm();
	return 0;
}

int fuzz_one_input(const uint8_t *data, size_t size)
{
	one_input(data, size);
	return 0;
}
#else
static uint8_t digit(char c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

static int inputs_of(const char *name)
{
	char *line = NULL, *hex;
	uint8_t data[8192];
	size_t room = 0, n = 0;
	FILE *f = fopen(name, "r");
	int count = 0;

	if (!f)
		return 1;
	while (getline(&line, &room, f) > 0) {
		hex = strchr(line, ' ');
		if (*line == '#' || !hex)
			continue;
		if (hex != line) {
			if (count++)
				one_input(data, n);
			n = 0;
		}
		for (hex++; n < sizeof(data) && isxdigit(hex[0]) && isxdigit(hex[1]); hex += 2)
			data[n++] = digit(hex[0]) << 4 | digit(hex[1]);
	}
	if (count)
		one_input(data, n);
	free(line);
	fclose(f);
	fprintf(stderr, "fuzz: %d inputs\n", count);
	return !count;
}

int main(int argc, char **argv)
{
	unsigned long i, n, good = 0;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: fuzz KERNEL SEED COUNT | fuzz KERNEL INPUTS\n");
		return 1;
	}
	config.kernel = argv[1];
	if (argc == 3) {
		make_vm();
		return inputs_of(argv[2]);
	}
	srand(atoi(argv[2]));
	n = atol(argv[3]);
	make_vm();
	for (i = 0; i < n; i++) {
		good += one_hcall();
		one_mmio();
	}
	fprintf(stderr, "fuzz: %lu hypercalls, %lu of them successful\n", n, good);
	/* All arguments wrong would test the first check only */
	return good < n / 10;
}
#endif
