/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCE tables: the translation control entries (PAPR, "TCE tables") by which a
 * guest tells its I/O devices where its memory is.  User space makes a table
 * with KVM_CREATE_SPAPR_TCE_64 and reads it through a mapping when a device it
 * emulates does DMA; the guest changes it by hcalls on its LIOBN.
 *
 * What book3s_hv_tce.c (MMU on, both backends) and book3s_hv_rm_tce.c (MMU off)
 * share.  All of it uses the linear mapping only.
 */
#ifndef BOOK3S_HV_TCE_H
#define BOOK3S_HV_TCE_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <linux/rculist.h>
#include <asm/hvcall.h>
#include <asm/tce.h>

/* Real mode walks the list of tables, so it has to end soon */
#define KVMHV_TCE_MAX_TABLES	1024

/* 1 GiB of table: a window of 8 TiB with pages of 64K */
#define KVMHV_TCE_MAX_ENTRIES	BIT(27)

/* PAPR, H_PUT_TCE_INDIRECT: the list is in one page of 4K */
#define KVMHV_TCE_LIST_ALIGN	4096UL
#define KVMHV_TCE_LIST_MAX	(KVMHV_TCE_LIST_ALIGN / sizeof(u64))

/**
 * struct kvmhv_tce_table - one DMA window of a guest
 * @list: on kvm->arch.spapr_tce_tables.  Changed with kvm->lock held, walked
 *	with kvm->srcu held for reading, which a vcpu does while in its guest
 * @kvm: the VM, with a reference
 * @liobn: logical I/O bus number, by which the guest names the window
 * @offset: I/O address of the first entry, in I/O pages
 * @size: number of entries
 * @npages: number of pages in @page
 * @locked: pages counted as locked memory of the VM's owner
 * @page_shift: log2 of the size of an I/O page
 * @page: entries in the host's byte order, TCES_PER_PAGE to a page
 *
 * Constant while on the list but for the entries.  These are stored by single
 * accesses of a doubleword, by vcpus and user space alike, without a lock:
 * the order of two updates of one entry is for the guest to decide.
 */
struct kvmhv_tce_table {
	struct list_head list;
	struct kvm *kvm;
	u64 liobn;
	u64 offset;
	unsigned long size;
	unsigned long npages;
	unsigned long locked;
	u32 page_shift;
	u64 *page[];
};

/**
 * kvmhv_tce_find() - the table of a LIOBN
 * @kvm: the VM
 * @liobn: as the guest says
 *
 * Context: MMU on or off; kvm->srcu held for reading.
 * Return: the table, or NULL if user space has it.
 */
static inline struct kvmhv_tce_table *kvmhv_tce_find(struct kvm *kvm, u64 liobn)
{
	struct kvmhv_tce_table *table;

	list_for_each_entry_lockless(table, &kvm->arch.spapr_tce_tables, list)
		if (table->liobn == liobn)
			return table;
	return NULL;
}

/**
 * kvmhv_tce_index() - which entries an hcall means
 * @table: the window
 * @ioba: I/O address of the first page
 * @n: number of pages
 * @index: the first entry
 *
 * Return: true if @ioba is that of a page and all @n, at least one, are in the
 *	window.
 */
static inline bool kvmhv_tce_index(const struct kvmhv_tce_table *table,
				   unsigned long ioba, unsigned long n,
				   unsigned long *index)
{
	unsigned long i = (ioba >> table->page_shift) - table->offset;

	if (ioba & ((1UL << table->page_shift) - 1))
		return false;
	if (i >= table->size || n - 1 >= table->size - i)
		return false;
	*index = array_index_nospec(i, table->size);
	return true;
}

/* All that an entry may have: the address of an I/O page and permissions */
static inline u64 kvmhv_tce_bits(const struct kvmhv_tce_table *table)
{
	return ~((1UL << table->page_shift) - 1) | TCE_PCI_READ | TCE_PCI_WRITE;
}

/* Where an entry is; @index as kvmhv_tce_index() says, or less than n more */
static inline u64 *kvmhv_tce_entry(const struct kvmhv_tce_table *table,
				   unsigned long index)
{
	return &table->page[index / TCES_PER_PAGE][index % TCES_PER_PAGE];
}

/**
 * kvmhv_tce_put() - H_PUT_TCE on a table
 * @table: the window
 * @ioba: I/O address
 * @tce: the entry
 *
 * PAPR, H_PUT_TCE.  That the page is memory of the guest is looked at when a
 * device uses it.
 *
 * Context: as kvmhv_tce_find().
 * Return: H_SUCCESS, or H_PARAMETER for a bad @ioba or @tce.
 */
static inline long kvmhv_tce_put(const struct kvmhv_tce_table *table,
				 unsigned long ioba, u64 tce)
{
	unsigned long index;

	if (!kvmhv_tce_index(table, ioba, 1, &index))
		return H_PARAMETER;
	if (tce & ~kvmhv_tce_bits(table))
		return H_PARAMETER;
	WRITE_ONCE(*kvmhv_tce_entry(table, index), tce);
	return H_SUCCESS;
}

/**
 * kvmhv_tce_get() - H_GET_TCE on a table
 * @table: the window
 * @ioba: I/O address
 * @tce: the entry
 *
 * Context: as kvmhv_tce_find().
 * Return: H_SUCCESS, or H_PARAMETER for a bad @ioba.
 */
static inline long kvmhv_tce_get(const struct kvmhv_tce_table *table,
				 unsigned long ioba, unsigned long *tce)
{
	unsigned long index;

	if (!kvmhv_tce_index(table, ioba, 1, &index))
		return H_PARAMETER;
	*tce = READ_ONCE(*kvmhv_tce_entry(table, index));
	return H_SUCCESS;
}

/* Are all entries of the list of an H_PUT_TCE_INDIRECT good ones? */
static inline bool kvmhv_tce_list_ok(const struct kvmhv_tce_table *table,
				     const __be64 *list, unsigned long n)
{
	const u64 bad = ~kvmhv_tce_bits(table);
	unsigned long i;

	for (i = 0; i < n; i++)
		if (be64_to_cpu(list[i]) & bad)
			return false;
	return true;
}

/*
 * Store them.  Where the list is the guest's own memory it may have changed
 * since: then bits that are not allowed are lost, and no entry is ever bad.
 */
static inline void kvmhv_tce_store_list(const struct kvmhv_tce_table *table,
					unsigned long index, const __be64 *list,
					unsigned long n)
{
	const u64 bits = kvmhv_tce_bits(table);
	unsigned long i;

	for (i = 0; i < n; i++)
		WRITE_ONCE(*kvmhv_tce_entry(table, index + i),
			   be64_to_cpu(list[i]) & bits);
}

/* book3s_hv_rm_tce.c, called by book3s_hv_rmhandlers.S with the MMU off */
long kvmhv_rm_h_put_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			unsigned long ioba, unsigned long tce);
long kvmhv_rm_h_get_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			unsigned long ioba);
long kvmhv_rm_h_stuff_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			  unsigned long ioba, unsigned long tce,
			  unsigned long n);
long kvmhv_rm_h_put_tce_indirect(struct kvm_vcpu *vcpu, unsigned long liobn,
				 unsigned long ioba, unsigned long gpa,
				 unsigned long n);

#endif /* BOOK3S_HV_TCE_H */
