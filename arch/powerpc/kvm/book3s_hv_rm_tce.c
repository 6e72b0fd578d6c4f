// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: hcalls on TCE tables.
 *
 * REAL MODE.  Part of vmlinux, called by book3s_hv_rmhandlers.S with
 * MSR[IR] = MSR[DR] = MSR[EE] = 0 and MSR[HV] = 1 on the thread that runs the
 * vcpu.  It may touch the linear mapping only: no vmalloc or module addresses,
 * no user memory, no printk, tracing or WARN, no RCU, no sleeping lock and no
 * lock that is held with interrupts on elsewhere.  Built without
 * instrumentation, see Makefile.hv.
 *
 * A LIOBN without a table is H_TOO_HARD, and book3s_hv_tce.c makes it user
 * space's; so is what cannot be done here, and done there.
 */
#include <linux/kvm_host.h>
#include <asm/hvcall.h>
#include <asm/kvm_book3s_64.h>
#include <asm/kvm_book3s_hv.h>

#include "book3s_hv_hpte.h"
#include "book3s_hv_tce.h"

/*
 * Most entries that one hcall may store without looking at anything else:
 * as many as a list has.
 */
#define RM_STUFF_MAX	KVMHV_TCE_LIST_MAX

/**
 * kvmhv_rm_h_put_tce() - H_PUT_TCE
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @tce: r6
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here).
 */
long kvmhv_rm_h_put_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			unsigned long ioba, unsigned long tce)
{
	const struct kvmhv_tce_table *table = kvmhv_tce_find(vcpu->kvm, liobn);

	if (!table)
		return H_TOO_HARD;
	vcpu->stat.put_tce_real++;
	return kvmhv_tce_put(table, ioba, tce);
}

/**
 * kvmhv_rm_h_get_tce() - H_GET_TCE
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 *
 * Result in r4: the entry.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here).
 */
long kvmhv_rm_h_get_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			unsigned long ioba)
{
	const struct kvmhv_tce_table *table = kvmhv_tce_find(vcpu->kvm, liobn);

	if (!table)
		return H_TOO_HARD;
	return kvmhv_tce_get(table, ioba, &vcpu->arch.regs.gpr[4]);
}

/**
 * kvmhv_rm_h_stuff_tce() - H_STUFF_TCE
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @tce: r6: what to store
 * @n: r7: how often
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here, or too many
 *	entries for one go with interrupts off).
 */
long kvmhv_rm_h_stuff_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			  unsigned long ioba, unsigned long tce,
			  unsigned long n)
{
	const struct kvmhv_tce_table *table = kvmhv_tce_find(vcpu->kvm, liobn);
	unsigned long index, i;

	if (!table || n > RM_STUFF_MAX)
		return H_TOO_HARD;
	vcpu->stat.multi_tce_real++;
	if (!kvmhv_tce_index(table, ioba, n, &index) ||
	    (tce & ~kvmhv_tce_bits(table)))
		return H_PARAMETER;
	for (i = 0; i < n; i++)
		WRITE_ONCE(*kvmhv_tce_entry(table, index + i), tce);
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_put_tce_indirect() - H_PUT_TCE_INDIRECT
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @gpa: r6: guest real address of the list, of a page of 4K
 * @n: r7: number of entries, at most 512
 *
 * All entries are checked before the first is stored.  The lock of the list's
 * rmap word keeps the host from taking the page away meanwhile.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here, or the list
 *	is not in memory now).
 */
long kvmhv_rm_h_put_tce_indirect(struct kvm_vcpu *vcpu, unsigned long liobn,
				 unsigned long ioba, unsigned long gpa,
				 unsigned long n)
{
	const struct kvmhv_tce_table *table = kvmhv_tce_find(vcpu->kvm, liobn);
	unsigned long *rmap, index;
	const __be64 *list;
	long ret = H_PARAMETER;

	if (!table)
		return H_TOO_HARD;
	if (n > KVMHV_TCE_LIST_MAX || (gpa & (KVMHV_TCE_LIST_ALIGN - 1)) ||
	    !kvmhv_tce_index(table, ioba, n, &index)) {
		vcpu->stat.multi_tce_real++;
		return H_PARAMETER;
	}

	list = kvmhv_rm_lock_page(vcpu->kvm, gpa, &rmap);
	if (!list)
		return H_TOO_HARD;
	vcpu->stat.multi_tce_real++;
	if (kvmhv_tce_list_ok(table, list, n)) {
		kvmhv_tce_store_list(table, index, list, n);
		ret = H_SUCCESS;
	}
	unlock_rmap(rmap);
	return ret;
}
