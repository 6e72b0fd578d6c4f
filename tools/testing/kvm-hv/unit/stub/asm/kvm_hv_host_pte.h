/* SPDX-License-Identifier: GPL-2.0-only */
/* Host page tables of the unit tests: one level, native byte order */
#include "../kernel.h"

static inline unsigned long kvmhv_load_entry(const void *entry)
{
	return __atomic_load_n((const unsigned long *)entry, __ATOMIC_RELAXED);
}

pte_t *kvmhv_host_pte(pgd_t *pgd, unsigned long ea, unsigned int *shift);
