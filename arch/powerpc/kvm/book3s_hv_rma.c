// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: real mode areas (RMAs) for user space and its VMs.
 *
 * KVM_ALLOCATE_RMA gives a file that is an area of the pool
 * (book3s_hv_builtin_rma.c).  User space maps it and makes it the memory at
 * guest real address 0.  From then on the VM holds a reference to the file, so
 * that the area goes back to the pool when descriptors, mappings and the VM
 * are all gone.
 *
 * The guest gets at the area by the real mode offset at any time, whatever
 * user space does with its mapping.  So HPTEs do not follow that mapping
 * either: guest page n of the area is page n of the area for as long as the VM
 * lives, MMU notifiers do not matter, and all of it always counts as dirty.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <asm/cacheflush.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include "book3s_hv.h"

static unsigned long area_pages(void)
{
	return kvmhv_rma_bytes() >> PAGE_SHIFT;
}

static vm_fault_t area_fault(struct vm_fault *vmf)
{
	const struct kvmhv_rma *rma = vmf->vma->vm_file->private_data;

	if (vmf->pgoff >= area_pages())
		return VM_FAULT_SIGBUS;

	vmf->page = pfn_to_page(rma->pfn + vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct area_vm_ops = {
	.fault = area_fault,
};

static int area_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff >= area_pages() ||
	    vma_pages(vma) > area_pages() - vma->vm_pgoff)
		return -EINVAL;

	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_ops = &area_vm_ops;
	return 0;
}

/* An area counts as locked memory of the process that asked for it */
static struct kvmhv_rma *get_area(void)
{
	struct kvmhv_rma *rma;

	if (account_locked_vm(current->mm, area_pages(), true))
		return NULL;
	rma = kvmhv_rma_get();
	if (!rma) {
		account_locked_vm(current->mm, area_pages(), false);
		return NULL;
	}
	mmgrab(current->mm);
	rma->mm = current->mm;
	return rma;
}

static void put_area(struct kvmhv_rma *rma)
{
	account_locked_vm(rma->mm, area_pages(), false);
	mmdrop(rma->mm);
	rma->mm = NULL;
	kvmhv_rma_put(rma);
}

static int area_release(struct inode *inode, struct file *file)
{
	put_area(file->private_data);
	return 0;
}

static const struct file_operations area_fops = {
	.owner = THIS_MODULE,
	.mmap = area_mmap,
	.release = area_release,
	.llseek = noop_llseek,
};

/**
 * kvmhv_allocate_rma - KVM_ALLOCATE_RMA
 * @argp: where to put the size
 *
 * Context: VM ioctl.
 * Return: a file descriptor, -ENOMEM if every area is in use, there is no pool, or
 * the process would have more locked memory than RLIMIT_MEMLOCK, -EFAULT, or why
 * there is no file descriptor.
 */
long kvmhv_allocate_rma(struct kvm_allocate_rma __user *argp)
{
	struct kvm_allocate_rma arg = { .rma_size = kvmhv_rma_bytes() };
	struct kvmhv_rma *rma;
	struct file *file;
	int fd;

	if (copy_to_user(argp, &arg, sizeof(arg)))
		return -EFAULT;

	rma = get_area();
	if (!rma)
		return -ENOMEM;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto err_put;
	file = anon_inode_getfile("kvm-rma", &area_fops, rma, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto err_put;
	}
	fd_install(fd, file);
	return fd;

err_put:
	put_area(rma);
	return fd;
}

/* The selector of the largest limit that is not above @bytes; NULL: none */
static const struct kvmhv_rma_size *limit_for(unsigned long bytes)
{
	const struct kvmhv_rma_size *s, *best = NULL;

	for (s = kvmhv_cpu->rma_sizes; s->shift; s++)
		if (bytes >> s->shift)
			best = s;
	return best;
}

static int refuse(int err, const char *why)
{
	pr_info_ratelimited("memory slot refused: %s\n", why);
	return err;
}

/*
 * Whether user space at @slot is an RMA.  Gives its file, with a reference, or
 * NULL, or an error if it is an RMA only in part.
 */
static struct file *find_area(const struct kvm_memory_slot *slot)
{
	unsigned long start = slot->userspace_addr;
	unsigned long end = start + (slot->npages << PAGE_SHIFT);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct file *file = NULL;
	bool partly = false;

	mmap_read_lock(mm);
	for (vma = find_vma_intersection(mm, start, end); vma && !file && !partly;
	     vma = find_vma_intersection(mm, vma->vm_end, end)) {
		cond_resched();	/* there may be many */
		if (vma->vm_ops != &area_vm_ops)
			continue;
		partly = vma->vm_pgoff || vma->vm_start != start ||
			 vma->vm_end < end;
		if (!partly)
			file = get_file(vma->vm_file);
	}
	mmap_read_unlock(mm);
	if (partly)
		return ERR_PTR(refuse(-EINVAL, "not the start of one mapping of an area"));
	return file;
}

/* setup_lock held; takes over the reference to @file on success */
static int adopt(struct kvm *kvm, struct kvm_memory_slot *slot,
		 struct file *file)
{
	struct kvmhv_rma *rma = file->private_data;
	struct kvm_hv_vm *hv = &kvm->arch.hv;

	lockdep_assert_held(&hv->setup_lock);

	if (slot->base_gfn)
		return refuse(-EINVAL, "a real mode area is for guest real address 0 only");
	if (!limit_for(slot->npages << PAGE_SHIFT))
		return refuse(-EINVAL, "the processor has no real mode limit so small");
	if (hv->rma_file) {
		if (hv->rma_file != file)
			return refuse(-EBUSY, "the VM has another real mode area");
		if (hv->rma_pages != slot->npages)
			return refuse(-EBUSY, "the VM has its real mode area with another size");
		slot->arch.memory = KVMHV_MEM_RMA;
		fput(file);
		return 0;
	}
	if (hv->mmu_ready)
		return refuse(-EBUSY, "the VM has run without a real mode area");
	if (cmpxchg(&rma->owner, NULL, kvm))
		return refuse(-EBUSY, "another VM has this real mode area");

	hv->rma_pa = rma->pfn << PAGE_SHIFT;
	hv->rma_file = file;
	slot->arch.memory = KVMHV_MEM_RMA;
	WRITE_ONCE(hv->rma_pages, slot->npages);
	return 0;
}

/* setup_lock held: other memory, from which the area's pages must keep apart */
static int beside_area(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;

	lockdep_assert_held(&hv->setup_lock);

	if (slot->base_gfn < hv->rma_pages)
		return refuse(-EBUSY, "the VM has a real mode area there");
	if (!slot->base_gfn && !kvmhv_cpu->has_vrma)
		return refuse(-EINVAL, "guest real address 0 needs a real mode area");
	return 0;
}

/**
 * kvmhv_rma_prepare - a memslot is about to be made or moved
 * @kvm: the VM
 * @slot: the slot as it will be
 * @change: KVM_MR_CREATE or KVM_MR_MOVE
 *
 * If user space mapped an RMA there, it becomes the VM's for the rest of its
 * life.  It is in force from the next KVM_RUN on: no vcpu has run before.  The
 * guest real addresses of the area are for its slot only, whether that exists at
 * the moment or not; and that slot does not move.
 *
 * Context: kvm->slots_lock held.  Takes mmap_lock and setup_lock.
 * Return: 0; -EINVAL or -EBUSY with one line in the log.
 */
int kvmhv_rma_prepare(struct kvm *kvm, struct kvm_memory_slot *slot,
		      enum kvm_mr_change change)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct file *file;
	int ret;

	lockdep_assert_held(&kvm->slots_lock);

	file = find_area(slot);
	if (IS_ERR(file))
		return PTR_ERR(file);

	mutex_lock(&hv->setup_lock);
	if (change == KVM_MR_MOVE && (file || slot->arch.memory == KVMHV_MEM_RMA))
		ret = refuse(-EINVAL, "a real mode area cannot be moved");
	else if (file)
		ret = adopt(kvm, slot, file);
	else
		ret = beside_area(kvm, slot);
	mutex_unlock(&hv->setup_lock);

	if (file && ret)
		fput(file);
	return ret;
}

/**
 * kvmhv_rma_setup - have real mode go to the VM's RMA
 * @kvm: the VM, which has one
 *
 * Context: setup_lock held, no vcpu runs.
 */
void kvmhv_rma_setup(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	unsigned long bytes = hv->rma_pages << PAGE_SHIFT;
	const struct kvmhv_rma_size *limit = limit_for(bytes);
	unsigned long start = (unsigned long)__va(hv->rma_pa);

	lockdep_assert_held(&hv->setup_lock);

	kvmhv_cpu->set_rma(kvm, limit->rmls);

	/* user space has put code there that will be fetched without a fault */
	flush_icache_range(start, start + bytes);
}

/**
 * kvmhv_rma_free - the VM goes away
 * @kvm: the VM
 *
 * Context: VM destruction: no vcpu, no memslot.
 */
void kvmhv_rma_free(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct kvmhv_rma *rma;

	if (!hv->rma_file)
		return;
	rma = hv->rma_file->private_data;
	WRITE_ONCE(rma->owner, NULL);
	fput(hv->rma_file);
	hv->rma_file = NULL;
	hv->rma_pages = 0;
}
