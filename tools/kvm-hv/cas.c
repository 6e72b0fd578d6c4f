// SPDX-License-Identifier: GPL-2.0
/*
 * H_CAS, which firmware makes for ibm,client-architecture-support: the guest
 * lists the processors it can be, and gets the device tree of the one chosen.
 *
 *   r4  the vector: pairs of mask and PVR up to one with mask 0, then options
 *   r5  buffer for the answer, r6 its size: a header of two words (version 1,
 *       size of the tree) and the tree
 */
#include <string.h>

#include "kvm-hv.h"

#define MAX_PVRS	512
#define LOGICAL_PVR	0x0f000000
#define HEADER_SIZE	8
#define HEADER_VERSION	1

static uint32_t chosen;		/* a logical PVR, or 0 */

/* What the device tree says the processor is */
uint32_t cas_cpu_version(void)
{
	return chosen ? chosen : vcpu_pvr();
}

void cas_reset(void)
{
	chosen = 0;
}

static bool set_compat(uint32_t pvr)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < config.cpus; i++)
		ok &= vcpu_set_reg(&vm.cpus[i], KVM_REG_PPC_ARCH_COMPAT, pvr);
	return ok;
}

/* The real processor if the guest knows it, else the newest level it lists */
static bool choose(uint64_t vector)
{
	uint32_t tried = UINT32_MAX;
	unsigned int i;

	for (;;) {
		uint32_t best = 0, real = 0;

		for (i = 0; i < MAX_PVRS; i++) {
			const uint8_t *p = guest_ptr(vector + 8 * i, 8);
			uint32_t mask, pvr;

			if (!p)
				return false;
			memcpy(&mask, p, 4);
			memcpy(&pvr, p + 4, 4);
			mask = be32toh(mask);
			pvr = be32toh(pvr);
			if ((vcpu_pvr() & mask) == (pvr & mask) && mask)
				real = pvr;
			if ((pvr & ~0xffffffU) == LOGICAL_PVR && mask == UINT32_MAX &&
			    pvr < tried && pvr > best)
				best = pvr;
			if (!mask)
				break;
		}
		if (real) {
			chosen = 0;
			return set_compat(0);
		}
		if (!best)
			return false;
		if (set_compat(best)) {
			chosen = best;
			return true;
		}
		tried = best;
	}
}

long h_cas(const uint64_t *args)
{
	uint64_t vector = args[0], answer = args[1], size = args[2];
	uint32_t header[2];
	const void *fdt;
	uint8_t *buf;
	bool ok;
	int len;

	buf = guest_ptr(answer, size);
	if (!buf)
		return H_PARAMETER;
	vcpus_pause();
	ok = choose(vector);
	vcpus_resume();
	if (!ok)
		return H_HARDWARE;
	fdt = fdt_build(&len);
	if (size < HEADER_SIZE + (uint64_t)len)
		return H_PARAMETER;
	header[0] = htobe32(HEADER_VERSION);
	header[1] = htobe32(len);
	memcpy(buf, header, sizeof(header));
	memcpy(buf + HEADER_SIZE, fdt, len);
	return H_SUCCESS;
}
