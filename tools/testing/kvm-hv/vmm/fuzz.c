// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest for kvm-hv: hypercalls and MMIO with whatever arguments, on a
 * machine without KVM.  Guest memory is from malloc(), so the sanitizers see an
 * access that guest_ptr() should not have allowed.
 *
 *   fuzz KERNEL SEED COUNT
 */
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
		memset((void *)(unsigned long)reg->addr, rand(), 4);
	if (req == KVM_SET_ONE_REG && rand() % 64 == 0) {
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
	return (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ rand();
}

/* Values that mean something to somebody, and their neighbours */
static uint64_t value(void)
{
	switch (rand() % 12) {
	case 0:
		return any();
	case 1:
		return rand() % 20;
	case 2:
		return RAM_SIZE - rand() % 80;
	case 3:
		return RAM_SIZE / 2 - rand() % 80;
	case 4:
		return rand() % RAM_SIZE;
	case 5:
		return -(uint64_t)(rand() % 64);
	case 6:
		return TESTDEV + rand() % (TESTDEV_SIZE + 16);
	case 7:
		return VTY_UNIT;
	case 8:
		return BIT_ULL(rand() % 64);
	case 9:
		return XICS_IRQ_BASE + rand() % (XICS_NR_IRQS + 4);
	case 10:
		return FDT_MAX_SIZE + rand() % 100;
	default:
		return rand() % 4096;
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
	word[0] = htobe32(rtas_token("display-character") + rand() % 18);
	word[1] = htobe32(rand() % 10);
	word[2] = htobe32(rand() % 10);
	if (rand() % 8 == 0)
		word[1 + rand() % 2] = any();
	put_words(addr & UINT32_MAX, word, RTAS_WORDS);
}

static void cas_vector(uint64_t addr)
{
	uint32_t word[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = rand() % 3 == 0 ? any() :
			  htobe32(rand() % 2 ? 0x0f000000 + rand() % 8 : UINT32_MAX);
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
	struct vcpu *v = &vm.cpus[rand() % config.cpus];
	unsigned int i, h = nr[rand() % ARRAY_SIZE(nr)];
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
	mmio(&vm.cpus[0], value(), data, len[rand() % 4], rand() % 2);
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

int main(int argc, char **argv)
{
	unsigned long i, n, good = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: fuzz KERNEL SEED COUNT\n");
		return 1;
	}
	config.kernel = argv[1];
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
