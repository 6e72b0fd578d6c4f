// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: a guest's hash table as a stream, by which user space
 * saves and restores it (KVM_PPC_GET_HTAB_FD; Documentation/virt/kvm/api.rst has
 * the format).  HPTEs are those the guest knows: guest real addresses, and valid
 * also where the hardware's are absent.
 *
 * The first pass over the table reports all HPTEs.  Later ones report what
 * has changed: whoever changes an HPTE sets KVMHV_GR_MODIFIED under its lock,
 * and R and C that only the hardware has so far count, too.  There is one such
 * bit for each HPTE, so one file can go by it, the first that is open.  Any
 * other gets the whole table in each pass.
 *
 * Guests may run meanwhile, for reading and for writing: an HPTE that is
 * written is an H_REMOVE and an H_ENTER, and between them there is none.  For
 * locks see book3s_hv_mm.h.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/hvcall.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_mm.h"
#include <trace/events/kvm_hv.h>

/* Valid HPTEs of a record, at most.  We could write a record of any length. */
#define RECORD_HPTES	64U

/* HPTEs to look at before vcpus get setup_lock */
#define STEP_HPTES	8192UL

/* HPTEs to look at, and to write, before others get the CPU */
#define RESCHED_LOOKS	1024UL
#define RESCHED_WRITES	64UL

/**
 * struct kvmhv_htab_file - one open file
 * @kvm: the VM, with a reference [C]
 * @bolted_only: HPTEs that are not bolted count as empty [C]
 * @lock: for one read() or write() at a time; outside setup_lock
 * @pos: the HPTE to look at next [L: lock]
 * @partial: this pass did not begin at the first HPTE [L: lock]
 * @changes: this pass reports changes only [L: lock]
 * @generation: of the table that @pos and @changes are about [L: lock]
 * @head: a record [L: lock]
 * @hpte: its valid HPTEs [L: lock]
 */
struct kvmhv_htab_file {
	struct kvm *kvm;
	bool bolted_only;
	struct mutex lock; /* one user at a time */
	unsigned long pos;
	bool partial;
	bool changes;
	u32 generation;
	struct kvm_get_htab_header head;
	__be64 hpte[RECORD_HPTES][2];
};

/* What a reader is to know of an HPTE */
enum kind {
	NOTHING,
	VALID,
	EMPTY,
};

static bool goes_by_changes(const struct kvmhv_htab_file *f)
{
	return f->kvm->arch.hv.htab_reader == f;
}

/* R and C that the hardware has set since @guest_r was noted */
static unsigned long fresh_rc(const __be64 *hpte, unsigned long v,
			      unsigned long guest_r)
{
	if (!(v & HPTE_V_VALID))
		return 0;
	return kvmhv_hpte_load(&hpte[1]) & (HPTE_R_R | HPTE_R_C) & ~guest_r;
}

/* Is there an HPTE that matters? */
static bool there(const struct kvmhv_htab_file *f, unsigned long v)
{
	return v & KVMHV_HPTE_V_USED &&
	       (!f->bolted_only || v & HPTE_V_BOLTED);
}

/* Unlocked: what changes meanwhile is marked, and seen in the next pass */
static enum kind kind_of(const struct kvmhv_htab_file *f, unsigned long index)
{
	const struct kvm_hv_hpt *hpt = &f->kvm->arch.hv.hpt;
	const __be64 *hpte = kvmhv_hpte(hpt, index);
	unsigned long v = kvmhv_hpte_load(&hpte[0]);
	unsigned long guest_r = READ_ONCE(hpt->rev[index].guest_r);
	bool valid = there(f, v);

	if (f->changes && !(guest_r & KVMHV_GR_MODIFIED) &&
	    !(valid && fresh_rc(hpte, v, guest_r)))
		return NOTHING;
	return valid ? VALID : EMPTY;
}

/* Into @out if it is still @kind; then it is reported, and no change any more */
static bool take(const struct kvmhv_htab_file *f, unsigned long index,
		 enum kind kind, __be64 *out)
{
	const struct kvm_hv_hpt *hpt = &f->kvm->arch.hv.hpt;
	struct kvm_hv_rev *rev = &hpt->rev[index];
	__be64 *hpte = kvmhv_hpte(hpt, index);
	unsigned long v, guest_r;
	bool ok;

	/* Most of a table has never been used: as kind_of() saw it */
	if (kind == EMPTY && !(READ_ONCE(rev->guest_r) & KVMHV_GR_MODIFIED))
		return true;

	preempt_disable();
	v = kvmhv_lock_hpte(hpte);
	guest_r = rev->guest_r;
	guest_r = (guest_r | fresh_rc(hpte, v, guest_r)) & ~KVMHV_GR_MODIFIED;
	ok = there(f, v) == (kind == VALID);
	if (ok && goes_by_changes(f))
		rev->guest_r = guest_r;
	unlock_hpte(hpte, v);
	preempt_enable();

	if (ok && kind == VALID) {
		out[0] = cpu_to_be64(kvmhv_guest_v(v));
		out[1] = cpu_to_be64(guest_r);
	}
	return ok;
}

static unsigned long next_hpte(unsigned long i)
{
	if (!(++i % RESCHED_LOOKS))
		cond_resched();
	return i;
}

/*
 * Fill in a record of at most @max valid HPTEs, from @pos on; setup_lock held.
 * It may be empty although there is more to come: @pos tells.
 */
static void next_record(struct kvmhv_htab_file *f, unsigned int max)
{
	const unsigned long n = kvmhv_hpt_npte(&f->kvm->arch.hv.hpt);
	struct kvm_get_htab_header *head = &f->head;
	/* below n, and no guess of the processor is not: it may be start_index */
	unsigned long i = array_index_nospec(f->pos, n);
	const unsigned long end = min(n, i + STEP_HPTES);

	while (i < end && kind_of(f, i) == NOTHING)
		i = next_hpte(i);
	*head = (struct kvm_get_htab_header){ .index = i };
	while (i < end && head->n_valid < max && kind_of(f, i) == VALID &&
	       take(f, i, VALID, f->hpte[head->n_valid])) {
		head->n_valid++;
		i = next_hpte(i);
	}
	while (i < end && kind_of(f, i) == EMPTY && take(f, i, EMPTY, NULL)) {
		head->n_invalid++;
		i = next_hpte(i);
	}
	f->pos = i;
}

static void start_over(struct kvmhv_htab_file *f)
{
	f->pos = 0;
	f->partial = false;
	f->changes = false;
}

/* The same, for the table there is now; false at its end */
static bool step(struct kvmhv_htab_file *f, unsigned int max)
{
	struct kvm_hv_vm *hv = &f->kvm->arch.hv;
	bool more;

	mutex_lock(&hv->setup_lock);
	if (f->generation != hv->htab_generation) {
		/* What has been reported is of another table */
		f->generation = hv->htab_generation;
		start_over(f);
	}
	more = hv->hpt.order && f->pos < kvmhv_hpt_npte(&hv->hpt);
	if (more)
		next_record(f, max);
	mutex_unlock(&hv->setup_lock);
	return more;
}

/*
 * A pass is over, and the next one begins: with changes only if this one began
 * at the first HPTE, and cleared the marks.
 */
static void next_pass(struct kvmhv_htab_file *f)
{
	struct kvm_hv_vm *hv = &f->kvm->arch.hv;

	mutex_lock(&hv->setup_lock);
	f->changes = goes_by_changes(f) && !f->partial;
	f->partial = false;
	f->pos = 0;
	if (!hv->htab_reader)
		hv->htab_reader = f;
	mutex_unlock(&hv->setup_lock);
}

/*
 * Whole records.  At the end of a pass read() returns with what there is.  Zero
 * means that a whole pass, and not just the rest of one, found no change: user
 * space takes it for the end.  Without changes to go by, it follows each pass.
 */
static ssize_t read_records(struct kvmhv_htab_file *f, char __user *buf,
			    size_t count)
{
	const size_t head = sizeof(f->head), size = sizeof(f->hpte[0]);
	bool whole = f->changes && !f->pos;
	size_t done = 0, n;

	while (count - done >= head + size) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!step(f, min_t(size_t, (count - done - head) / size,
				   RECORD_HPTES))) {
			if (done)
				break;
			next_pass(f);
			if (whole || !f->changes)
				break;
			whole = true;
			continue;
		}
		if (!f->head.n_valid && !f->head.n_invalid)
			continue;
		n = f->head.n_valid * size;
		if (copy_to_user(buf + done, &f->head, head) ||
		    copy_to_user(buf + done + head, f->hpte, n)) {
			/* The record was the only copy of these changes */
			start_over(f);
			return -EFAULT;
		}
		done += head + n;
	}
	return done;
}

static ssize_t htab_read(struct file *file, char __user *buf, size_t count,
			 loff_t *ppos)
{
	struct kvmhv_htab_file *f = file->private_data;
	ssize_t ret;

	if (count < sizeof(f->head) + sizeof(f->hpte[0]))
		return -EINVAL;
	if (mutex_lock_killable(&f->lock))
		return -EINTR;
	ret = read_records(f, buf, count);
	trace_kvmhv_htab_stream(f->kvm, false, f->pos, ret);
	mutex_unlock(&f->lock);
	return ret;
}

/* One HPTE, or none if @v is 0; setup_lock and kvm->srcu held */
static int put_hpte(struct kvm *kvm, unsigned long index, unsigned long v,
		    unsigned long r)
{
	unsigned long old_v, old_r, used;
	long ret = H_SUCCESS;

	/* as kvmhv_hpt_insert() wants it; it looks at host page tables */
	local_irq_disable();
	hard_irq_disable();
	kvmhv_hpt_remove(kvm, 0, index, 0, &old_v, &old_r);
	if (v)
		ret = kvmhv_hpt_insert(kvm, H_EXACT, index, v, r, &used);
	local_irq_enable();
	kvmhv_check_lost(kvm);

	switch (ret) {
	case H_SUCCESS:
		return 0;
	case H_PTEG_FULL:
		return -EBUSY;	/* the guest was faster */
	default:
		return -EINVAL;
	}
}

static bool in_table(struct kvm *kvm, unsigned long index, unsigned long n)
{
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;

	lockdep_assert_held(&kvm->arch.hv.setup_lock);
	return hpt->order && index + n <= kvmhv_hpt_npte(hpt);
}

/* @n HPTEs from @index on, of f->hpte or empty */
static int put_hptes(struct kvmhv_htab_file *f, unsigned long index, unsigned long n,
		     bool valid)
{
	struct kvm *kvm = f->kvm;
	unsigned long i, v = 0, r = 0;
	int ret = 0, idx;

	mutex_lock(&kvm->arch.hv.setup_lock);
	idx = srcu_read_lock(&kvm->srcu);
	if (!in_table(kvm, index, n))
		ret = -EINVAL;
	for (i = 0; i < n && !ret; i++) {
		if (valid) {
			v = be64_to_cpu(f->hpte[i][0]);
			r = be64_to_cpu(f->hpte[i][1]);
			if (!(v & HPTE_V_VALID)) {
				ret = -EINVAL;
				break;
			}
		}
		ret = put_hpte(kvm, index + i, v, r);
		if (!(i % RESCHED_WRITES))
			cond_resched();
	}
	srcu_read_unlock(&kvm->srcu, idx);
	mutex_unlock(&kvm->arch.hv.setup_lock);
	cond_resched();
	return ret;
}

/* The record at @buf, whose header is f->head */
static int write_record(struct kvmhv_htab_file *f, const char __user *buf)
{
	struct mutex *lock = &f->kvm->arch.hv.setup_lock;
	unsigned long index = f->head.index, left, n;
	bool ok;
	int ret;

	/* All of it, or the table becomes another one meanwhile */
	mutex_lock(lock);
	ok = in_table(f->kvm, index, f->head.n_valid + f->head.n_invalid);
	mutex_unlock(lock);
	if (!ok)
		return -EINVAL;

	for (left = f->head.n_valid; left; left -= n) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = min_t(unsigned long, left, RECORD_HPTES);
		if (copy_from_user(f->hpte, buf, n * sizeof(f->hpte[0])))
			return -EFAULT;
		ret = put_hptes(f, index, n, true);
		if (ret)
			return ret;
		buf += n * sizeof(f->hpte[0]);
		index += n;
	}
	for (left = f->head.n_invalid; left; left -= n) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = min(left, STEP_HPTES);
		ret = put_hptes(f, index, n, false);
		if (ret)
			return ret;
		index += n;
	}
	return 0;
}

static ssize_t write_records(struct kvmhv_htab_file *f, const char __user *buf,
			     size_t count)
{
	const size_t head = sizeof(f->head);
	size_t done = 0, n;
	int ret = 0;

	while (count - done >= head) {
		ret = -EFAULT;
		if (copy_from_user(&f->head, buf + done, head))
			break;
		n = head + f->head.n_valid * sizeof(f->hpte[0]);
		ret = -EINVAL;
		if (n > count - done)
			break;
		ret = write_record(f, buf + done + head);
		if (ret)
			break;
		done += n;
	}
	/* A PPC970's TLB does not hear of tlbie while it is in a guest */
	if (!kvmhv_cpu->has_vrma)
		kvm_flush_remote_tlbs(f->kvm);
	return done ? : ret;
}

static ssize_t htab_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	struct kvmhv_htab_file *f = file->private_data;
	ssize_t ret;

	if (f->kvm->mm != current->mm)
		return -EIO;
	if (mutex_lock_killable(&f->lock))
		return -EINTR;
	ret = write_records(f, buf, count);
	trace_kvmhv_htab_stream(f->kvm, true, f->head.index, ret);
	mutex_unlock(&f->lock);
	return ret;
}

static int htab_release(struct inode *inode, struct file *file)
{
	struct kvmhv_htab_file *f = file->private_data;
	struct kvm_hv_vm *hv = &f->kvm->arch.hv;

	mutex_lock(&hv->setup_lock);
	if (goes_by_changes(f))
		hv->htab_reader = NULL;
	mutex_unlock(&hv->setup_lock);
	kvm_put_kvm(f->kvm);
	kfree(f);
	return 0;
}

static const struct file_operations htab_fops = {
	.owner = THIS_MODULE,
	.read = htab_read,
	.write = htab_write,
	.release = htab_release,
	.llseek = noop_llseek,
};

/**
 * kvmhv_htab_fd - KVM_PPC_GET_HTAB_FD: read or write the HPT as a stream
 * @kvm: the VM
 * @arg: flags; for reading, the index to begin with
 *
 * Errors of read(): -EINVAL for less room than one HPTE takes, -EFAULT (then
 * a first pass begins), -EINTR for a fatal signal.
 *
 * Errors of write(), if not even one record could be written: -EINVAL for HPTEs
 * that do not exist, that H_ENTER would refuse or that are not valid, a record
 * cut short, or a VM without HPT; -EBUSY if a running guest took the place;
 * -EIO from another process than the VM's; -EFAULT; -EINTR.
 *
 * Context: VM ioctl.  Takes setup_lock.
 * Return: a file descriptor, -EINVAL for unknown flags, -ENOMEM, or why there
 * is no file descriptor.
 */
int kvmhv_htab_fd(struct kvm *kvm, const struct kvm_get_htab_fd *arg)
{
	const bool write = arg->flags & KVM_GET_HTAB_WRITE;
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct kvmhv_htab_file *f;
	int fd;

	if (arg->flags & ~(KVM_GET_HTAB_WRITE | KVM_GET_HTAB_BOLTED_ONLY) ||
	    arg->reserved[0] || arg->reserved[1])
		return -EINVAL;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	f->kvm = kvm;
	f->pos = arg->start_index;
	f->partial = arg->start_index;
	f->bolted_only = arg->flags & KVM_GET_HTAB_BOLTED_ONLY;

	kvm_get_kvm(kvm);
	mutex_lock(&hv->setup_lock);
	f->generation = hv->htab_generation;
	if (!write && !hv->htab_reader)
		hv->htab_reader = f;
	fd = anon_inode_getfd("kvm-htab", &htab_fops, f,
			      (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0 && goes_by_changes(f))
		hv->htab_reader = NULL;
	mutex_unlock(&hv->setup_lock);
	if (fd < 0) {
		kvm_put_kvm(kvm);
		kfree(f);
	}
	return fd;
}
