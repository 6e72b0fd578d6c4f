// SPDX-License-Identifier: GPL-2.0-only
/*
 * What root can see of a VM in /sys/kernel/debug/kvm/PID-FD, while its guest runs:
 *
 *   hpt		the hash table, an HPTE a line, and at the end how many there are
 *   vcores		virtual cores, the states of their vcpus, the threads they have
 *   rma		the real mode area, and the pool
 *   timing		1: measure times, 0: not any more
 *   vcpuN/times	where the time of vcpu N goes
 *
 * debugfs waits for readers before a VM goes away, and lets in no new ones.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/kvm_hv_thread.h>
#include <asm/time.h>

#include "book3s_hv.h"
#include "book3s_hv_mm.h"
#include "book3s_hv_times.h"
#include "book3s_hv_vcore.h"
#include "book3s_hv_watch.h"

/* HPTEs to look at before others get setup_lock, and the CPU */
#define STEP_HPTES	1024UL

#define LINE_MAX	128

/* Base page sizes: 4K, 64K, 16M */
#define NR_SIZES	3

/**
 * struct hpt_dump - an open file "hpt"
 * @lock: for the rest
 * @kvm: the VM
 * @pos: the next HPTE
 * @generation: kvm_hv_vm.htab_generation of the table that @pos is about
 * @over: all is in @text, or has been read
 * @count: HPTEs so far, by base page size: valid, absent, of these MMIO, bolted
 * @from: what has been read of @text
 * @len: what there is of it
 * @text: some lines
 */
struct hpt_dump {
	struct mutex lock;	/* for the rest */
	struct kvm *kvm;
	unsigned long pos;
	u32 generation;
	bool over;
	struct {
		unsigned long valid, absent, mmio, bolted;
	} count[NR_SIZES];
	size_t from, len;
	char text[4096];
};

static const char *const size_names[NR_SIZES] = { "4K", "64K", "16M" };

static unsigned int size_of_shift(unsigned int shift)
{
	return shift == 12 ? 0 : shift == 16 ? 1 : 2;
}

__printf(2, 3)
static void say(struct hpt_dump *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	d->len += vscnprintf(d->text + d->len, sizeof(d->text) - d->len, fmt, args);
	va_end(args);
}

/* One HPTE, if it is in use; setup_lock held */
static void say_hpte(struct hpt_dump *d, const struct kvm_hv_hpt *hpt, unsigned long i)
{
	__be64 *hpte = kvmhv_hpte(hpt, i);
	unsigned long v, r, guest_r, guest_v;
	unsigned int base, actual;

	if (!(kvmhv_hpte_load(&hpte[0]) & KVMHV_HPTE_V_USED))
		return;
	preempt_disable();
	v = kvmhv_lock_hpte(hpte);
	r = kvmhv_hpte_load(&hpte[1]);
	guest_r = hpt->rev[i].guest_r & ~KVMHV_GR_MODIFIED;
	unlock_hpte(hpte, v);
	preempt_enable();
	if (!(v & KVMHV_HPTE_V_USED))
		return;

	guest_v = kvmhv_guest_v(v);
	base = size_of_shift(kvmppc_hpte_base_page_shift(guest_v, guest_r));
	actual = size_of_shift(kvmppc_hpte_actual_page_shift(guest_v, guest_r));
	if (v & HPTE_V_VALID)
		d->count[base].valid++;
	else
		d->count[base].absent++;
	if (!(v & HPTE_V_VALID) && r & KVMHV_HPTE_R_MMIO)
		d->count[base].mmio++;
	if (v & HPTE_V_BOLTED)
		d->count[base].bolted++;
	say(d, "%lu %s%s%s %s/%s v=%016lx r=%016lx gpa=%lx\n", i,
	    v & HPTE_V_VALID ? "valid" : r & KVMHV_HPTE_R_MMIO ? "mmio" : "absent",
	    v & HPTE_V_BOLTED ? ",bolted" : "", v & HPTE_V_SECONDARY ? ",secondary" : "",
	    size_names[base], size_names[actual], guest_v, guest_r,
	    kvmhv_hpte_gpa(guest_r, kvmppc_actual_pgsz(guest_v, guest_r)));
}

static void say_counts(struct hpt_dump *d)
{
	unsigned int i;

	for (i = 0; i < NR_SIZES; i++)
		say(d, "# %s: %lu valid, %lu absent (%lu mmio), %lu bolted\n",
		    size_names[i], d->count[i].valid, d->count[i].absent,
		    d->count[i].mmio, d->count[i].bolted);
}

/* Some more HPTEs into the text, which is empty, and may stay so */
static int more_hptes(struct hpt_dump *d)
{
	struct kvm_hv_vm *hv = &d->kvm->arch.hv;
	unsigned long n, end;

	if (mutex_lock_killable(&hv->setup_lock))
		return -EINTR;
	d->from = 0;
	d->len = 0;
	if (d->generation != hv->htab_generation) {
		if (d->pos)
			say(d, "# another hash table, from its beginning\n");
		d->generation = hv->htab_generation;
		d->pos = 0;
		memset(d->count, 0, sizeof(d->count));
	}
	n = hv->hpt.order ? kvmhv_hpt_npte(&hv->hpt) : 0;
	end = min(n, d->pos + STEP_HPTES);
	while (d->pos < end && d->len + LINE_MAX + NR_SIZES * LINE_MAX < sizeof(d->text))
		say_hpte(d, &hv->hpt, d->pos++);
	mutex_unlock(&hv->setup_lock);
	if (d->pos >= n) {
		say_counts(d);
		d->over = true;
	}
	return 0;
}

static ssize_t read_dump(struct hpt_dump *d, char __user *buf, size_t count)
{
	size_t n;
	int r;

	while (d->from == d->len) {
		if (d->over)
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		r = more_hptes(d);
		if (r)
			return r;
		cond_resched();
	}
	n = min(count, d->len - d->from);
	if (copy_to_user(buf, d->text + d->from, n))
		return -EFAULT;
	d->from += n;
	return n;
}

static ssize_t hpt_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct hpt_dump *d = file->private_data;
	ssize_t r;

	if (mutex_lock_killable(&d->lock))
		return -EINTR;
	r = read_dump(d, buf, count);
	mutex_unlock(&d->lock);
	return r;
}

static int hpt_open(struct inode *inode, struct file *file)
{
	struct hpt_dump *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	d->kvm = inode->i_private;
	file->private_data = d;
	return 0;
}

static int hpt_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations hpt_fops = {
	.owner = THIS_MODULE,
	.open = hpt_open,
	.read = hpt_read,
	.release = hpt_release,
	.llseek = no_llseek,
};

static const char *state_name(enum kvmhv_state state)
{
	switch (state) {
	case KVMHV_BUSY:
		return "busy";
	case KVMHV_READY:
		return "ready";
	default:
		return "in";
	}
}

static void show_vcpu(struct seq_file *m, const struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	seq_printf(m, "  vcpu %d: %s%s%s", vcpu->vcpu_id, state_name(hv->state),
		   READ_ONCE(vcpu->arch.ceded) ? ", ceded" : "",
		   READ_ONCE(vcpu->arch.prodded) ? ", prodded" : "");
	if (hv->thread)
		seq_printf(m, ", on thread %u of CPU %d", hv->thread->nr, hv->thread->cpu);
	seq_printf(m, ", pending %#lx, last trap %#x, pc %#lx\n",
		   READ_ONCE(vcpu->arch.pending_exceptions), READ_ONCE(hv->trap),
		   READ_ONCE(vcpu->arch.regs.nip));
}

static void show_vcore(struct seq_file *m, struct kvm_hv_vcore *vcore)
{
	const struct kvmhv_thread *leader;
	const struct kvm_vcpu *vcpu;
	unsigned long i;

	spin_lock(&vcore->lock);
	seq_printf(m, "vcore %u: %u vcpus, lpcr %#lx, timebase %+lld", vcore->first_id,
		   vcore->nr_vcpus, vcore->lpcr, (s64)vcore->tb_offset);
	if (vcore->runner)
		seq_printf(m, ", run by vcpu %d", vcore->runner->vcpu_id);
	leader = vcore->leader;
	if (vcore->open && leader)
		seq_printf(m, ", in the guest: CPU %d leads, threads %#x, lent %#x",
			   leader->cpu, vcore->threads_used,
			   atomic_read(&leader->core->lend));
	seq_putc(m, '\n');
	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = READ_ONCE(vcore->vcpu[i]);
		if (vcpu)
			show_vcpu(m, vcpu);
	}
	spin_unlock(&vcore->lock);
}

static int vcores_show(struct seq_file *m, void *unused)
{
	struct kvm *kvm = m->private;
	struct kvm_hv_vcore *vcore;

	if (mutex_lock_killable(&kvm->lock))
		return -EINTR;
	list_for_each_entry(vcore, &kvm->arch.hv.vcores, list)
		show_vcore(m, vcore);
	mutex_unlock(&kvm->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcores);

static int rma_show(struct seq_file *m, void *unused)
{
	struct kvm *kvm = m->private;
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	unsigned int all, idle;

	if (mutex_lock_killable(&hv->setup_lock))
		return -EINTR;
	if (hv->rma_pages)
		seq_printf(m, "this VM: %lu KiB at %#lx\n",
			   hv->rma_pages << (PAGE_SHIFT - 10), hv->rma_pa);
	else
		seq_puts(m, "this VM: none\n");
	mutex_unlock(&hv->setup_lock);
	all = kvmhv_rma_pool(&idle);
	seq_printf(m, "pool: %u of %lu KiB, %u unused\n", all,
		   all ? kvmhv_rma_bytes() / SZ_1K : 0, idle);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rma);

/* Switches, of all VMs */
static DEFINE_MUTEX(times_lock);

/* Room for the times of a vcpu, unless there is; times_lock held */
static int times_for(struct kvm_vcpu *vcpu)
{
	struct kvmhv_times *times = vcpu->arch.hv.times;

	if (!times) {
		times = kzalloc(sizeof(*times), GFP_KERNEL_ACCOUNT);
		if (!times)
			return -ENOMEM;
		times->place = KVMHV_PLACES;
		/* Pairs with the address dependency of the thread that counts there */
		smp_store_release(&vcpu->arch.hv.times, times);
	}
	/* What was before the switch went on is of no interest */
	WRITE_ONCE(times->place, KVMHV_PLACES);
	return 0;
}

static void switch_times(struct kvm *kvm, bool on)
{
	if (on) {
		static_branch_inc(&kvmhv_timed);
		static_branch_inc(&kvmhv_watched);
	}
	kvmhv_rm_time_hcalls(kvm, on);
	if (!on) {
		static_branch_dec(&kvmhv_watched);
		static_branch_dec(&kvmhv_timed);
	}
}

static int timing_get(void *data, u64 *val)
{
	struct kvm *kvm = data;

	*val = READ_ONCE(kvm->arch.hv.timed);
	return 0;
}

static int timing_set(void *data, u64 val)
{
	struct kvm *kvm = data;
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int r = 0;

	if (val > 1)
		return -EINVAL;
	mutex_lock(&times_lock);
	if (val == kvm->arch.hv.timed)
		goto out;
	if (val) {
		kvm_for_each_vcpu(i, vcpu, kvm) {
			r = times_for(vcpu);
			if (r)
				goto out;
		}
	}
	switch_times(kvm, val);
out:
	mutex_unlock(&times_lock);
	return r;
}
DEFINE_DEBUGFS_ATTRIBUTE(timing_fops, timing_get, timing_set, "%llu\n");

/**
 * kvmhv_stop_times - a VM goes away: so does its share in the static keys
 * @kvm: the VM
 *
 * Context: VM destruction, debugfs has no files of it any more.
 */
void kvmhv_stop_times(struct kvm *kvm)
{
	mutex_lock(&times_lock);
	if (kvm->arch.hv.timed)
		switch_times(kvm, false);
	mutex_unlock(&times_lock);
}

static void show_span(struct seq_file *m, const char *name, const struct kvmhv_span *span)
{
	u64 count = READ_ONCE(span->count);
	unsigned int i;

	seq_printf(m, "%s: %llu spans, %llu ns", name, count, tb_to_ns(READ_ONCE(span->sum)));
	if (count)
		seq_printf(m, ", min %llu max %llu ns", tb_to_ns(READ_ONCE(span->min)),
			   tb_to_ns(READ_ONCE(span->max)));
	seq_putc(m, '\n');
	for (i = 0; i < KVMHV_SPAN_BITS; i++)
		if (READ_ONCE(span->histogram[i]))
			seq_printf(m, "  below %llu ns: %llu\n", tb_to_ns(1ULL << i),
				   READ_ONCE(span->histogram[i]));
}

static int times_show(struct seq_file *m, void *unused)
{
	static const char *const names[KVMHV_PLACES] = {
		[KVMHV_PLACE_HOST] = "host",
		[KVMHV_PLACE_REAL] = "real mode",
		[KVMHV_PLACE_GUEST] = "guest",
	};
	const struct kvm_vcpu *vcpu = m->private;
	const struct kvmhv_times *times;
	unsigned int i;

	/* Pairs with times_for() */
	times = smp_load_acquire(&vcpu->arch.hv.times);
	if (!times) {
		seq_puts(m, "not measured: echo 1 > timing of the VM\n");
		return 0;
	}
	for (i = 0; i < KVMHV_PLACES; i++)
		show_span(m, names[i], &times->span[i]);
	for (i = 0; i < KVMHV_RM_HCALLS; i++)
		if (READ_ONCE(times->hcall[i].count))
			seq_printf(m, "hcall %#x: %llu calls, %llu ns\n", i * 4,
				   READ_ONCE(times->hcall[i].count),
				   tb_to_ns(READ_ONCE(times->hcall[i].sum)));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(times);

/**
 * kvmhv_create_vm_debugfs - the files of a VM
 * @kvm: the VM
 *
 * Context: KVM_CREATE_VM.
 * Return: 0
 */
int kvmhv_create_vm_debugfs(struct kvm *kvm)
{
	struct dentry *dir = kvm->debugfs_dentry;

	debugfs_create_file("hpt", 0400, dir, kvm, &hpt_fops);
	debugfs_create_file("vcores", 0400, dir, kvm, &vcores_fops);
	debugfs_create_file("rma", 0400, dir, kvm, &rma_fops);
	debugfs_create_file_unsafe("timing", 0600, dir, kvm, &timing_fops);
	return 0;
}

/**
 * kvmhv_create_vcpu_debugfs - the files of a vcpu
 * @vcpu: the vcpu
 * @dir: its folder
 *
 * Context: KVM_CREATE_VCPU.
 * Return: 0
 */
int kvmhv_create_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
{
	debugfs_create_file("times", 0400, dir, vcpu, &times_fops);
	mutex_lock(&times_lock);
	/* Without memory there are no times, and its file says so */
	if (vcpu->kvm->arch.hv.timed)
		times_for(vcpu);
	mutex_unlock(&times_lock);
	return 0;
}
