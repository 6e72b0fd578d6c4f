// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCE tables with the MMU on: KVM_CREATE_SPAPR_TCE and _64, the file they
 * return, and the hcalls on tables.  Part of kvm.ko, for it serves KVM PR as
 * well as what hypervisor-mode KVM does not finish in real mode.
 *
 * The file owns the table.  It is on the VM's list until the last descriptor
 * and the last mapping of the file are gone; the file has a reference to the
 * VM, so the list outlives the table.  Whoever closes it waits until no vcpu
 * can have the table any more, in real mode neither: RCU does not watch real
 * mode, kvm->srcu does.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>

#include "book3s_hv_tce.h"

/* I/O pages of 4K are the smallest there are (PAPR), of 16G the largest */
#define TCE_MIN_SHIFT	12
#define TCE_MAX_SHIFT	34

/* Entries stored between two looks at what else there is to do */
#define STUFF_BATCH	4096UL

static vm_fault_t table_fault(struct vm_fault *vmf)
{
	struct kvmhv_tce_table *table = vmf->vma->vm_file->private_data;
	unsigned long i = vmf->pgoff;
	struct page *page;

	if (i >= table->npages)
		return VM_FAULT_SIGBUS;
	page = virt_to_page(table->page[array_index_nospec(i, table->npages)]);
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct table_vm_ops = {
	.fault = table_fault,
};

static int table_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &table_vm_ops;
	return 0;
}

static void table_free(struct kvmhv_tce_table *table)
{
	unsigned long i;

	for (i = 0; i < table->npages && table->page[i]; i++) {
		free_page((unsigned long)table->page[i]);
		cond_resched();
	}
	kfree(table);
}

static int table_release(struct inode *inode, struct file *file)
{
	struct kvmhv_tce_table *table = file->private_data;
	struct kvm *kvm = table->kvm;

	mutex_lock(&kvm->lock);
	list_del_rcu(&table->list);
	mutex_unlock(&kvm->lock);
	synchronize_srcu_expedited(&kvm->srcu);

	account_locked_vm(kvm->mm, table->locked, false);
	table_free(table);
	kvm_put_kvm(kvm);
	return 0;
}

static const struct file_operations table_fops = {
	.owner = THIS_MODULE,
	.mmap = table_mmap,
	.release = table_release,
	.llseek = noop_llseek,
};

static struct kvmhv_tce_table *
table_alloc(const struct kvm_create_spapr_tce_64 *args, unsigned long npages)
{
	/* A request for too much gets an error instead of the OOM killer */
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
			  __GFP_NOWARN;
	struct kvmhv_tce_table *table;
	unsigned long i;

	/* kmalloc(): real mode walks it */
	table = kzalloc(struct_size(table, page, npages), gfp);
	if (!table)
		return NULL;
	INIT_LIST_HEAD(&table->list);
	table->liobn = args->liobn;
	table->offset = args->offset;
	table->size = args->size;
	table->page_shift = args->page_shift;
	table->npages = npages;

	for (i = 0; i < npages; i++) {
		if (!fatal_signal_pending(current))
			table->page[i] = (u64 *)get_zeroed_page(gfp);
		if (!table->page[i]) {
			table_free(table);
			return NULL;
		}
		cond_resched();
	}
	return table;
}

/* Puts a new table on the VM's list, if that has room for it */
static int table_add(struct kvm *kvm, struct kvmhv_tce_table *table)
{
	struct kvmhv_tce_table *other;
	int n = 0;

	lockdep_assert_held(&kvm->lock);
	list_for_each_entry(other, &kvm->arch.spapr_tce_tables, list) {
		if (other->liobn == table->liobn)
			return -EBUSY;
		n++;
	}
	if (n >= KVMHV_TCE_MAX_TABLES)
		return -ENOSPC;
	list_add_rcu(&table->list, &kvm->arch.spapr_tce_tables);
	return 0;
}

/**
 * kvm_vm_ioctl_create_spapr_tce() - KVM_CREATE_SPAPR_TCE and _64
 * @kvm: the VM
 * @args: what user space wants; no flags
 *
 * Pages of the table and the array of pointers to them count as locked memory.
 * All are allocated now: a guest's hcall finds them there.
 *
 * Context: process, a task of the VM's owner.
 * Return: a file descriptor, or
 *	-EINVAL: the size is 0 or above KVMHV_TCE_MAX_ENTRIES, the I/O page is
 *	not of 4K to 16G, or the window's end is above 2^64
 *	-EBUSY: the VM has a table with this LIOBN
 *	-ENOSPC: the VM has KVMHV_TCE_MAX_TABLES
 *	-ENOMEM: no memory, or more than RLIMIT_MEMLOCK
 *	-EMFILE, -ENFILE: no file descriptor
 */
long kvm_vm_ioctl_create_spapr_tce(struct kvm *kvm,
				   struct kvm_create_spapr_tce_64 *args)
{
	unsigned long npages, locked;
	struct kvmhv_tce_table *table;
	struct file *file;
	int fd, err;

	if (!args->size || args->size > KVMHV_TCE_MAX_ENTRIES ||
	    args->page_shift < TCE_MIN_SHIFT ||
	    args->page_shift > TCE_MAX_SHIFT)
		return -EINVAL;
	if (args->offset > (ULLONG_MAX >> args->page_shift) ||
	    args->size > (ULLONG_MAX >> args->page_shift) + 1 - args->offset)
		return -EINVAL;

	npages = DIV_ROUND_UP(args->size, TCES_PER_PAGE);
	locked = npages + DIV_ROUND_UP(struct_size(table, page, npages),
				       PAGE_SIZE);
	err = account_locked_vm(kvm->mm, locked, true);
	if (err)
		return err;
	table = table_alloc(args, npages);
	if (!table) {
		err = -ENOMEM;
		goto out_account;
	}
	table->locked = locked;
	table->kvm = kvm;

	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		err = fd;
		goto out_free;
	}
	file = anon_inode_getfile("kvm-spapr-tce", &table_fops, table,
				  O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto out_fd;
	}

	kvm_get_kvm(kvm);
	mutex_lock(&kvm->lock);
	err = table_add(kvm, table);
	mutex_unlock(&kvm->lock);
	if (err)
		goto out_file;
	fd_install(fd, file);
	return fd;

out_file:
	/* From here on the file has the table: table_release() ends it */
	put_unused_fd(fd);
	fput(file);
	return err;
out_fd:
	put_unused_fd(fd);
out_free:
	table_free(table);
out_account:
	account_locked_vm(kvm->mm, locked, false);
	return err;
}

/**
 * kvmppc_h_put_tce() - H_PUT_TCE with the MMU on
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @tce: r6
 *
 * Context: the vcpu's task, of either backend.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here).
 */
long kvmppc_h_put_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
		      unsigned long ioba, unsigned long tce)
{
	struct kvmhv_tce_table *table;
	long ret = H_TOO_HARD;
	int idx;

	idx = srcu_read_lock(&vcpu->kvm->srcu);
	table = kvmhv_tce_find(vcpu->kvm, liobn);
	if (table) {
		vcpu->stat.put_tce_virt++;
		ret = kvmhv_tce_put(table, ioba, tce);
	}
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return ret;
}
EXPORT_SYMBOL_GPL(kvmppc_h_put_tce);

/**
 * kvmppc_h_get_tce() - H_GET_TCE with the MMU on
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 *
 * Result in r4: the entry.
 *
 * Context: the vcpu's task, of either backend.
 * Return: H_SUCCESS, H_PARAMETER, H_TOO_HARD (no such table here).
 */
long kvmppc_h_get_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
		      unsigned long ioba)
{
	struct kvmhv_tce_table *table;
	long ret = H_TOO_HARD;
	int idx;

	idx = srcu_read_lock(&vcpu->kvm->srcu);
	table = kvmhv_tce_find(vcpu->kvm, liobn);
	if (table)
		ret = kvmhv_tce_get(table, ioba, &vcpu->arch.regs.gpr[4]);
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return ret;
}
EXPORT_SYMBOL_GPL(kvmppc_h_get_tce);

/*
 * Let the guest make its H_STUFF_TCE again, for what is left of it.  PAPR has
 * r5 and r7 lost in an hcall, and the PC is behind sc 1 for either backend.
 */
static long stuff_later(struct kvm_vcpu *vcpu, unsigned long ioba,
			unsigned long left)
{
	kvmppc_set_gpr(vcpu, 5, ioba);
	kvmppc_set_gpr(vcpu, 7, left);
	kvmppc_set_pc(vcpu, kvmppc_get_pc(vcpu) - 4);
	return H_STUFF_TCE;	/* what r3 has to be */
}

static long stuff(struct kvm_vcpu *vcpu, struct kvmhv_tce_table *table,
		  unsigned long ioba, u64 tce, unsigned long n)
{
	unsigned long index, i = 0, end;

	if (!kvmhv_tce_index(table, ioba, n, &index) ||
	    (tce & ~kvmhv_tce_bits(table)))
		return H_PARAMETER;
	for (;;) {
		end = min(i + STUFF_BATCH, n);
		for (; i < end; i++)
			WRITE_ONCE(*kvmhv_tce_entry(table, index + i), tce);
		if (i == n)
			return H_SUCCESS;
		if (signal_pending(current))
			return stuff_later(vcpu,
					   ioba + (i << table->page_shift),
					   n - i);
		cond_resched();
	}
}

/**
 * kvmppc_h_stuff_tce() - H_STUFF_TCE with the MMU on
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @tce: r6: what to store
 * @n: r7: how often, up to the size of the window
 *
 * A signal ends it early.  Then r5, r7 and the PC are such that the guest goes
 * on with it when its vcpu runs again.
 *
 * Context: the vcpu's task, of either backend; may sleep.
 * Return: for r3: H_SUCCESS, H_PARAMETER, or H_STUFF_TCE to be made again; or
 *	H_TOO_HARD (no such table here).
 */
long kvmppc_h_stuff_tce(struct kvm_vcpu *vcpu, unsigned long liobn,
			unsigned long ioba, unsigned long tce, unsigned long n)
{
	struct kvmhv_tce_table *table;
	long ret = H_TOO_HARD;
	int idx;

	idx = srcu_read_lock(&vcpu->kvm->srcu);
	table = kvmhv_tce_find(vcpu->kvm, liobn);
	if (table) {
		ret = stuff(vcpu, table, ioba, tce, n);
		if (ret != H_STUFF_TCE)
			vcpu->stat.multi_tce_virt++;
	}
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return ret;
}
EXPORT_SYMBOL_GPL(kvmppc_h_stuff_tce);

/* A copy of the list, so that what is stored is what was checked */
static long put_list(struct kvm *kvm, struct kvmhv_tce_table *table,
		     unsigned long ioba, unsigned long gpa, unsigned long n)
{
	unsigned long index;
	long ret = H_PARAMETER;
	__be64 *list;

	if (n > KVMHV_TCE_LIST_MAX || (gpa & (KVMHV_TCE_LIST_ALIGN - 1)) ||
	    !kvmhv_tce_index(table, ioba, n, &index))
		return H_PARAMETER;
	list = kmalloc_array(n, sizeof(*list), GFP_KERNEL);
	if (!list)
		return H_TOO_HARD;
	if (!kvm_read_guest(kvm, gpa, list, n * sizeof(*list)) &&
	    kvmhv_tce_list_ok(table, list, n)) {
		kvmhv_tce_store_list(table, index, list, n);
		ret = H_SUCCESS;
	}
	kfree(list);
	return ret;
}

/**
 * kvmppc_h_put_tce_indirect() - H_PUT_TCE_INDIRECT with the MMU on
 * @vcpu: the caller
 * @liobn: r4
 * @ioba: r5
 * @gpa: r6: guest real address of the list, of a page of 4K
 * @n: r7: number of entries, at most 512
 *
 * Context: the vcpu's task, of either backend; may sleep.
 * Return: H_SUCCESS, H_PARAMETER (no entry has been stored), H_TOO_HARD (no
 *	such table here, or no memory for a copy of the list).
 */
long kvmppc_h_put_tce_indirect(struct kvm_vcpu *vcpu, unsigned long liobn,
			       unsigned long ioba, unsigned long gpa,
			       unsigned long n)
{
	struct kvmhv_tce_table *table;
	long ret = H_TOO_HARD;
	int idx;

	idx = srcu_read_lock(&vcpu->kvm->srcu);
	table = kvmhv_tce_find(vcpu->kvm, liobn);
	if (table) {
		vcpu->stat.multi_tce_virt++;
		ret = put_list(vcpu->kvm, table, ioba, gpa, n);
	}
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return ret;
}
EXPORT_SYMBOL_GPL(kvmppc_h_put_tce_indirect);

/**
 * kvm_spapr_tce_attach_iommu_group() - KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE
 * @kvm: the VM
 * @tablefd: file of a table
 * @grp: the VFIO group whose hardware should follow the table
 *
 * Return: -EOPNOTSUPP.  Tables here are for devices that user space emulates;
 *	KVM_CAP_SPAPR_TCE_VFIO is 0.
 */
long kvm_spapr_tce_attach_iommu_group(struct kvm *kvm, int tablefd,
				      struct iommu_group *grp)
{
	return -EOPNOTSUPP;
}

/**
 * kvm_spapr_tce_release_iommu_group() - a VFIO group leaves the VM
 * @kvm: the VM
 * @grp: the group, which no table was attached to
 */
void kvm_spapr_tce_release_iommu_group(struct kvm *kvm, struct iommu_group *grp)
{
}
