// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls that KVM leaves to us.  args[0] is the guest's r4.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-hv.h"

/* H_SET_MODE */
#define MODE_LE			4
#define MODE_ADDR_TRANS		3
#define LPCR_ILE		BIT_ULL(25)
#define LPCR_AIL_SHIFT		23
#define LPCR_AIL		(3ULL << LPCR_AIL_SHIFT)

#define TERM_CHARS		16

static long h_put_term_char(const uint64_t *args)
{
	uint64_t buf[2] = { htobe64(args[2]), htobe64(args[3]) };

	if (args[0] != VTY_UNIT || args[1] > TERM_CHARS)
		return H_PARAMETER;
	console_put(buf, args[1]);
	return H_SUCCESS;
}

static long h_get_term_char(uint64_t *args)
{
	uint64_t buf[2] = { };

	if (args[0] != VTY_UNIT)
		return H_PARAMETER;
	args[0] = console_get(buf, TERM_CHARS);
	args[1] = be64toh(buf[0]);
	args[2] = be64toh(buf[1]);
	return H_SUCCESS;
}

/* Every vcpu has the bits, whoever asks; KVM takes them from no running one */
static long set_lpcr(uint64_t mask, uint64_t bits)
{
	long ret = H_SUCCESS;
	unsigned int i;
	uint64_t lpcr, now;

	vcpus_pause();
	for (i = 0; i < config.cpus; i++) {
		struct vcpu *v = &vm.cpus[i];

		if (!vcpu_get_reg(v, KVM_REG_PPC_LPCR_64, &lpcr) ||
		    !vcpu_set_reg(v, KVM_REG_PPC_LPCR_64, (lpcr & ~mask) | bits) ||
		    !vcpu_get_reg(v, KVM_REG_PPC_LPCR_64, &now) || (now & mask) != bits)
			ret = H_P2;
	}
	vcpus_resume();
	return ret;
}

static long h_set_mode(const uint64_t *args)
{
	uint64_t flags = args[0];

	switch (args[1]) {
	case MODE_LE:
		if (args[2])
			return H_P3;
		if (args[3])
			return H_P4;
		if (flags > 1)
			return H_UNSUPPORTED_FLAG(0);
		return set_lpcr(LPCR_ILE, flags ? LPCR_ILE : 0);
	case MODE_ADDR_TRANS:
		if (args[2])
			return H_P3;
		if (args[3])
			return H_P4;
		if (flags == 1 || flags > 3)
			return H_UNSUPPORTED_FLAG(0);
		return set_lpcr(LPCR_AIL, flags << LPCR_AIL_SHIFT);
	}
	return H_P2;
}

/* A cache-inhibited access by hypercall: size, address, value */
static long h_logical_ci(struct vcpu *v, uint64_t *args, bool store)
{
	uint64_t size = args[0], addr = args[1], be;
	uint8_t data[8] = { };
	uint8_t *mem;

	if ((size != 1 && size != 2 && size != 4 && size != 8) || addr % size)
		return H_PARAMETER;
	be = store ? htobe64(args[2] << (64 - 8 * size)) : 0;
	memcpy(data, &be, size);
	mem = guest_ptr(addr, size);
	if (!mem)
		mmio(v, addr, data, size, store);
	else if (store)
		memcpy(mem, data, size);
	else
		memcpy(data, mem, size);
	if (!store) {
		memcpy(&be, data, sizeof(be));
		args[0] = be64toh(be) >> (64 - 8 * size);
	}
	return H_SUCCESS;
}

/* What the host knows of speculation; a guest that hears nothing fears the worst */
static long h_get_cpu_characteristics(uint64_t *args)
{
	struct kvm_ppc_cpu_char c = { };

	if (ioctl(vm.fd, KVM_PPC_GET_CPU_CHAR, &c) ||
	    (!c.character_mask && !c.behaviour_mask))
		return H_FUNCTION;
	args[0] = c.character & c.character_mask;
	args[1] = c.behaviour & c.behaviour_mask;
	return H_SUCCESS;
}

long hcall(struct vcpu *v, uint64_t nr, uint64_t *args)
{
	long ret = H_FUNCTION;

	switch (nr) {
	case H_PUT_TERM_CHAR:
		ret = h_put_term_char(args);
		break;
	case H_GET_TERM_CHAR:
		ret = h_get_term_char(args);
		break;
	case H_SET_MODE:
		ret = h_set_mode(args);
		break;
	case H_GET_CPU_CHARACTERISTICS:
		ret = h_get_cpu_characteristics(args);
		break;
	case H_LOGICAL_CI_LOAD:
		ret = h_logical_ci(v, args, false);
		break;
	case H_LOGICAL_CI_STORE:
		ret = h_logical_ci(v, args, true);
		break;
	case H_RTAS:
		ret = h_rtas(v, args[0]);
		break;
	case H_CAS:
		if (!config.no_cas)
			ret = h_cas(args);
		break;
	default:
		if (!xics_hcall(v, nr, args, &ret))
			ret = H_FUNCTION;
	}
	stats_hcall(nr, ret == H_FUNCTION);
	return ret;
}
