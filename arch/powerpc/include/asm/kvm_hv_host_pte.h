/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way down the host's page tables, for H_ENTER and its kind.  Apart from
 * everything else so that the host-native unit tests can put theirs in its
 * place.
 */
#ifndef __ASM_KVM_HV_HOST_PTE_H__
#define __ASM_KVM_HV_HOST_PTE_H__

#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <asm/pgtable.h>
#include <asm/pte-walk.h>

/*
 * One look at an entry.  Not READ_ONCE(), which would keep the compiler from
 * loading in the other byte order, and no second look.
 */
static inline unsigned long kvmhv_load_entry(const void *entry)
{
	unsigned long val = be64_to_cpu(*(const __be64 *)entry);

	OPTIMIZER_HIDE_VAR(val);
	return val;
}

#ifdef CONFIG_PPC_64K_PAGES
#define KVMHV_PMD_SHIFT		(PAGE_SHIFT + H_PTE_INDEX_SIZE)
#define KVMHV_PUD_SHIFT		(KVMHV_PMD_SHIFT + H_PMD_INDEX_SIZE)
#define KVMHV_PGD_SHIFT		(KVMHV_PUD_SHIFT + H_PUD_INDEX_SIZE)

/* What __va() sets covers the upper ones of PMD_MASKED_BITS */
#define KVMHV_PT_LOW_BITS	(PMD_MASKED_BITS & ~PAGE_OFFSET)

static inline const __be64 *kvmhv_pt_entry(const void *table, unsigned long ea,
					   unsigned int shift, unsigned int bits)
{
	return (const __be64 *)table + ((ea >> shift) & ((1UL << bits) - 1));
}

/* Is there a table below?  If not, it is a page, or nothing. */
static inline bool kvmhv_pt_below(unsigned long val, const void **table)
{
	if (!val || (val & _PAGE_PTE))
		return false;
	/* __va(), and the bits that are not part of the address */
	val |= PAGE_OFFSET;
	OPTIMIZER_HIDE_VAR(val);
	*table = (const void *)(val & ~KVMHV_PT_LOW_BITS);
	return true;
}
#endif

/**
 * kvmhv_host_pte - find the PTE of a user address
 * @pgd: top of the host's page tables
 * @ea: the user address
 * @shift: log2 of the size of the page
 *
 * As __find_linux_pte(), in a quarter of the instructions: the processors here
 * have hashed page tables, for which the layout is known when this is compiled.
 * With 64K pages all levels look the same.
 *
 * MMU on or off; interrupts hard-disabled, which is what keeps the tables.
 *
 * Return: where the PTE is, or NULL.
 */
static inline pte_t *kvmhv_host_pte(pgd_t *pgd, unsigned long ea,
				    unsigned int *shift)
{
#ifdef CONFIG_PPC_64K_PAGES
	const __be64 *entry;
	const void *table;
	unsigned long val;

	entry = kvmhv_pt_entry(pgd, ea, KVMHV_PGD_SHIFT, H_PGD_INDEX_SIZE);
	if (!kvmhv_pt_below(kvmhv_load_entry(entry), &table))
		return NULL;

	*shift = KVMHV_PUD_SHIFT;
	entry = kvmhv_pt_entry(table, ea, KVMHV_PUD_SHIFT, H_PUD_INDEX_SIZE);
	val = kvmhv_load_entry(entry);
	if (!kvmhv_pt_below(val, &table))
		return val ? (pte_t *)entry : NULL;

	*shift = KVMHV_PMD_SHIFT;
	entry = kvmhv_pt_entry(table, ea, KVMHV_PMD_SHIFT, H_PMD_INDEX_SIZE);
	val = kvmhv_load_entry(entry);
	if (!kvmhv_pt_below(val, &table))
		return val ? (pte_t *)entry : NULL;

	*shift = PAGE_SHIFT;
	return (pte_t *)kvmhv_pt_entry(table, ea, PAGE_SHIFT, H_PTE_INDEX_SIZE);
#else
	bool thp;
	pte_t *ptep = __find_linux_pte(pgd, ea, &thp, shift);

	if (ptep && !*shift)
		*shift = PAGE_SHIFT;
	return ptep;
#endif
}

#endif /* __ASM_KVM_HV_HOST_PTE_H__ */
