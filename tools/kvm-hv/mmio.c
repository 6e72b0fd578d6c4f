// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses outside guest memory.
 */
#include <string.h>

#include "kvm-hv.h"

/* A guest can cause any number of reports: print the first few */
#define MAX_REPORTS	10

/* data is what lies in memory, in the order of addresses */
void mmio(struct vcpu *v, uint64_t addr, uint8_t *data, unsigned int len, bool write)
{
	static unsigned int reports;

	if (testdev_access(v, addr, data, len, write))
		return;
	if (!write)
		memset(data, 0xff, len);
	if (reports >= MAX_REPORTS)
		return;
	reports++;
	warn("CPU %u: %s of %u bytes at %#llx, where nothing is%s", v->index,
	     write ? "store" : "load", len, (unsigned long long)addr,
	     reports == MAX_REPORTS ? " (no more such lines)" : "");
}
