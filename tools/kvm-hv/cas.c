// SPDX-License-Identifier: GPL-2.0
/*
 * H_CAS, which firmware makes for ibm,client-architecture-support: the guest
 * lists the processors it can be, and gets the device tree of the one chosen.
 *
 *   r4  the vector: pairs of mask and PVR, the last one with a bit in the PVR
 *       that the mask has not; then options, which we do not look at
 *   r5  buffer for the answer, r6 its size: a word with the version, 1, and the
 *       device tree
 */
#include <string.h>

#include "kvm-hv.h"

#define MAX_PVRS	512
#define LOGICAL_PVR	0x0f000000
#define LOGICAL_MASK	0xff000000
#define ANSWER_VERSION	1

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

/*
 * Look through the guest's list: does it know the real processor, and which is
 * the newest level in it below a given one (0 if none).
 */
static bool scan(uint64_t vector, uint32_t below, bool *real, uint32_t *level)
{
	unsigned int i;

	*real = false;
	*level = 0;
	for (i = 0; i < MAX_PVRS; i++) {
		const uint8_t *p = guest_ptr(vector + 8 * i, 8);
		uint32_t mask, pvr;

		if (!p)
			return false;
		memcpy(&mask, p, 4);
		memcpy(&pvr, p + 4, 4);
		mask = be32toh(mask);
		pvr = be32toh(pvr);
		if (pvr & ~mask)
			return true;
		if (mask && (vcpu_pvr() & mask) == pvr)
			*real = true;
		if ((pvr & LOGICAL_MASK) == LOGICAL_PVR && mask == UINT32_MAX &&
		    pvr < below && pvr > *level)
			*level = pvr;
	}
	return false;
}

/* The real processor if the guest knows it, else the newest level KVM has too */
static bool choose(uint64_t vector)
{
	uint32_t level = UINT32_MAX;
	bool real;

	while (scan(vector, level, &real, &level)) {
		if (real)
			level = 0;
		else if (!level)
			return false;
		if (set_compat(level)) {
			chosen = level;
			return true;
		}
		if (real)
			return false;
	}
	return false;
}

long h_cas(const uint64_t *args)
{
	uint64_t vector = args[0], answer = args[1], size = args[2];
	uint32_t version = htobe32(ANSWER_VERSION);
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
	if (size < sizeof(version) + len)
		return H_PARAMETER;
	memcpy(buf, &version, sizeof(version));
	memcpy(buf + sizeof(version), fdt, len);
	return H_SUCCESS;
}
