// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the hashed page table of a guest as a whole, and the
 * virtual real mode area (VRMA), which translates a guest's real mode accesses
 * through it (Power ISA 2.06 and 2.07, Book III-S, 5.7.3.4 and 5.7.7).
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_mm.h"

/* What a guest gets that runs before user space chose a size: 16 MiB */
#define DEFAULT_HPT_ORDER	24

/* Rings are made of 32-bit HPTE indices: 16 bytes each, 64 GiB at most */
#define MAX_RING_HPT_ORDER	(32 + 4)

/* PTEGs have 8 HPTEs of 16 bytes */
#define PTEG_SHIFT		7

/* Clear in pieces, a table may be large */
#define CLEAR_STEP		SZ_16M

/* For all vcpus to come out of KVM_RUN, page faults served by user space included */
#define STOP_TIME	(5 * HZ)

/* From the L and LP bits of an SLB entry to those of LPCR[VRMASD] */
#define SLB_LLP_TO_VRMASD	(LPCR_VRMASD_SH - 4)

static int clear_table(void *table, unsigned long size)
{
	unsigned long done;

	for (done = 0; done < size; done += PAGE_SIZE) {
		if (!(done & (CLEAR_STEP - 1))) {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		}
		clear_page(table + done);
	}
	return 0;
}

static void *alloc_table(unsigned int page_order, bool contig)
{
	struct page *page;

	if (contig)
		page = kvmhv_alloc_contig(page_order);
	else if (page_order < MAX_ORDER)
		page = alloc_pages(KVMHV_GFP, page_order);
	else
		page = NULL;

	return page ? page_address(page) : NULL;
}

static void free_table(void *table, unsigned int page_order, bool contig)
{
	if (!table)
		return;
	if (contig)
		kvmhv_free_contig(virt_to_page(table), page_order);
	else
		free_pages((unsigned long)table, page_order);
}

/**
 * kvmhv_hpt_clear - make a part of an HPT empty
 * @hpt: the table, not in use
 * @from: bytes to leave alone, whole pages
 * @size: bytes to clear, whole pages
 *
 * Context: may sleep.
 * Return: 0; -EINTR for a fatal signal, when the part is to be cleared again
 */
int kvmhv_hpt_clear(const struct kvm_hv_hpt *hpt, unsigned long from,
		    unsigned long size)
{
	int ret;

	ret = clear_table((void *)hpt->hpte + from, size);
	return ret ? : clear_table((void *)hpt->rev + from, size);
}

static int hpt_clear(const struct kvm_hv_hpt *hpt)
{
	return kvmhv_hpt_clear(hpt, 0, 1UL << hpt->order);
}

static int hpt_get_one_way(struct kvm_hv_hpt *hpt, u32 order, bool contig)
{
	unsigned int page_order = order - min_t(u32, order, PAGE_SHIFT);
	void *hpte, *rev;

	hpte = alloc_table(page_order, contig);
	rev = hpte ? alloc_table(page_order, contig) : NULL;
	if (!rev) {
		free_table(hpte, page_order, contig);
		return -ENOMEM;
	}

	hpt->hpte = hpte;
	hpt->rev = rev;
	hpt->order = order;
	hpt->contig = contig;
	hpt->mask = ((unsigned long)HPTES_PER_GROUP << (order - PTEG_SHIFT)) - 1;
	return 0;
}

/**
 * kvmhv_hpt_get - memory for an HPT
 * @hpt: to be filled in; whole on success, else as it was
 * @order: log2 of its size in bytes
 *
 * What is in the memory has to be cleared before a guest gets it.
 *
 * Context: may sleep; what it takes is charged to the memory cgroup of the current
 * task.
 * Return: 0; -ENOMEM without contiguous memory, beyond the limit of the memory
 * cgroup, or for too many HPTEs.
 */
int kvmhv_hpt_get(struct kvm_hv_hpt *hpt, u32 order)
{
	BUILD_BUG_ON(sizeof(struct kvm_hv_rev) != 2 * sizeof(__be64));

	if (order > MAX_RING_HPT_ORDER ||
	    !kvmhv_can_have(2UL << (order - min_t(u32, order, PAGE_SHIFT))))
		return -ENOMEM;
	if (hpt_get_one_way(hpt, order, false) &&
	    hpt_get_one_way(hpt, order, true))
		return -ENOMEM;
	return 0;
}

/**
 * kvmhv_hpt_put - give the memory of an HPT back
 * @hpt: the table, not in use; empty afterwards, and may be empty before
 *
 * Context: may sleep.
 */
void kvmhv_hpt_put(struct kvm_hv_hpt *hpt)
{
	unsigned int page_order;

	if (!hpt->order)
		return;

	page_order = hpt->order - min_t(u32, hpt->order, PAGE_SHIFT);
	free_table(hpt->hpte, page_order, hpt->contig);
	free_table(hpt->rev, page_order, hpt->contig);
	memset(hpt, 0, sizeof(*hpt));
}

/* SDR1: HTABORG is the address, HTABSIZE the number of hash bits beyond 11 */
static unsigned long hpt_sdr1(const struct kvm_hv_hpt *hpt)
{
	return __pa(hpt->hpte) | (hpt->order - PPC_MIN_HPT_ORDER);
}

/* HPTEs went without being invalidated one by one: nothing may keep anything */
static void hpt_changed(struct kvm *kvm)
{
	kvm->arch.hv.htab_generation++;
	cpumask_setall(&kvm->arch.hv.need_tlb_flush);
}

/**
 * kvmhv_hpt_install - make a table that of a VM
 * @kvm: the VM, quiesced, with every ring empty
 * @hpt: the table
 *
 * Context: setup_lock held.
 */
void kvmhv_hpt_install(struct kvm *kvm, const struct kvm_hv_hpt *hpt)
{
	lockdep_assert_held(&kvm->arch.hv.setup_lock);

	kvm->arch.hv.hpt = *hpt;
	kvm->arch.hv.sdr1 = hpt_sdr1(hpt);
	hpt_changed(kvm);
}

static int hpt_alloc(struct kvm *kvm, u32 order)
{
	struct kvm_hv_hpt hpt;
	int ret;

	ret = kvmhv_hpt_get(&hpt, order);
	if (ret)
		return ret;
	ret = hpt_clear(&hpt);
	if (ret)
		kvmhv_hpt_put(&hpt);
	else
		kvmhv_hpt_install(kvm, &hpt);
	return ret;
}

/* Bring all vcpus to where KVM_RUN waits for slots_lock, see set_up() there */
static int stop_vcpus(struct kvm *kvm)
{
	const unsigned long end = jiffies + STOP_TIME;

	while (atomic_read(&kvm->arch.hv.vcpus_running)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, end)) {
			pr_info_ratelimited("a vcpu does not come out of KVM_RUN: the HPT stays\n");
			return -EBUSY;
		}
		/* Each time: one may have come into KVM_RUN, and idle there */
		kvm_make_all_cpus_request(kvm, KVMHV_REQ_SET_UP);
		usleep_range(50, 200);
	}
	return 0;
}

/**
 * kvmhv_hpt_quiesce - keep all vcpus from using the HPT
 * @kvm: the VM
 * @stop: vcpus that run wait; otherwise it is an error if there are any
 *
 * No vcpu enters the guest before mmu_ready is set again, for which
 * kvmhv_mmu_setup() needs slots_lock.  A vcpu counts itself in vcpus_running for all of KVM_RUN,
 * then looks at mmu_ready; with a full barrier on both sides one of the two
 * sees the other.
 *
 * No wait for vcpus is under setup_lock, which they take in srcu sections.
 *
 * Context: slots_lock held, setup_lock and kvm->srcu not.
 * Return: 0; -EBUSY for a vcpu that runs, or does not stop; -EINTR for a fatal
 * signal.
 */
int kvmhv_hpt_quiesce(struct kvm *kvm, bool stop)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	int ret = 0;

	lockdep_assert_held(&kvm->slots_lock);

	if (hv->mmu_ready) {
		WRITE_ONCE(hv->mmu_ready, false);
		smp_mb(); /* pairs with the one between count and look in KVM_RUN */
		if (stop)
			ret = stop_vcpus(kvm);
		else if (atomic_read(&hv->vcpus_running))
			ret = -EBUSY;
		if (ret) {
			WRITE_ONCE(hv->mmu_ready, true);
			return ret;
		}
	}
	synchronize_srcu_expedited(&kvm->srcu);
	return 0;
}

/**
 * kvmhv_hpt_allocate - KVM_PPC_ALLOCATE_HTAB: a new, empty HPT
 * @kvm: the VM
 * @order: log2 of its size in bytes, 18 to 46
 *
 * An HPT of that size is emptied in place, any other replaced.  The VRMA is
 * set up again when a vcpu runs next.  When a table of another size cannot be
 * had, or a fatal signal ends the call, the VM is left without one, and the next
 * run allocates the default.  One that is prepared for resizing is given up.
 *
 * Context: process, kvm->srcu not held, no vcpu->mutex needed.  Takes
 * slots_lock and setup_lock, waits for kvm->srcu.
 * Return: 0, -EINVAL for an order out of range, -EBUSY while a vcpu runs,
 * -ENOMEM when there is no contiguous memory for exactly this size, or the memory
 * cgroup does not allow it, -EINTR for a fatal signal.
 */
long kvmhv_hpt_allocate(struct kvm *kvm, u32 order)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	long ret;

	if (order < PPC_MIN_HPT_ORDER || order > PPC_MAX_HPT_ORDER)
		return -EINVAL;

	mutex_lock(&kvm->slots_lock);
	ret = kvmhv_hpt_quiesce(kvm, false);
	if (ret)
		goto out;

	kvmhv_hpt_put(&hv->next_hpt);
	mutex_lock(&hv->setup_lock);
	if (hv->hpt.order)
		kvmhv_rmap_reset(kvm);

	if (hv->hpt.order == order) {
		ret = hpt_clear(&hv->hpt);
		if (ret)
			kvmhv_hpt_put(&hv->hpt);
		hpt_changed(kvm);
	} else {
		kvmhv_hpt_put(&hv->hpt);
		ret = hpt_alloc(kvm, order);
	}
	mutex_unlock(&hv->setup_lock);
out:
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

/**
 * kvmhv_hpt_free - give the HPT back when the VM goes away
 * @kvm: the VM
 *
 * Context: VM destruction: no vcpu, MMU notifiers unregistered.
 */
void kvmhv_hpt_free(struct kvm *kvm)
{
	kvmhv_hpt_put(&kvm->arch.hv.next_hpt);
	kvmhv_hpt_put(&kvm->arch.hv.hpt);
}

/*
 * Base page size of the VRMA: the largest the MMU has for segments, and not
 * larger than the pages that back guest real address 0.
 */
static int vrma_backing_shift(struct kvm *kvm, u32 *shift)
{
	struct kvm_memory_slot *slot;
	struct vm_area_struct *vma;
	unsigned long hva, psize = 0;

	slot = gfn_to_memslot(kvm, 0);
	if (slot && !(slot->flags & KVM_MEMSLOT_INVALID)) {
		hva = slot->userspace_addr;
		mmap_read_lock(current->mm);
		vma = vma_lookup(current->mm, hva);
		if (vma)
			psize = vma_kernel_pagesize(vma);
		mmap_read_unlock(current->mm);

		/* a guest page must be one piece of a host page */
		while (psize > PAGE_SIZE &&
		       ((hva & (psize - 1)) ||
			psize > slot->npages << PAGE_SHIFT))
			psize >>= 1;
	}

	if (!psize)
		return -EINVAL;

	if (psize >= SZ_16M)
		*shift = 24;
	else if (psize >= SZ_64K)
		*shift = 16;
	else
		*shift = 12;
	return 0;
}

static int vrma_setup(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	unsigned long senc;
	u32 shift;
	int ret;

	lockdep_assert_held(&hv->setup_lock);

	ret = vrma_backing_shift(kvm, &shift);
	if (ret)
		return ret;

	senc = slb_pgsize_encoding(1UL << shift);
	hv->vrma_page_shift = shift;
	hv->vrma_slb_v = SLB_VSID_B_1T | senc |
			 (VRMA_VSID << SLB_VSID_SHIFT_1T);
	hv->lpcr = (hv->lpcr & ~LPCR_VRMASD) | (senc << SLB_LLP_TO_VRMASD);
	return 0;
}

/**
 * kvmhv_mmu_setup - make HPT and VRMA usable before a vcpu runs
 * @kvm: the VM
 *
 * For the first run and for the first one after kvmhv_hpt_allocate(); waits
 * while the HPT is being resized.  The caller is not counted in vcpus_running,
 * and counts itself and looks at mmu_ready again after this.
 *
 * Context: KVM_RUN, vcpu->mutex held, kvm->srcu not, current->mm is the VM's.
 * Takes slots_lock, setup_lock and the mmap lock.
 * Return: 0, -ENOMEM without memory for the default HPT, -EINVAL when there
 * is no memory at guest real address 0, -EINTR for a fatal signal.
 */
int kvmhv_mmu_setup(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	int ret = 0;

	if (mutex_lock_killable(&kvm->slots_lock))
		return -EINTR;
	mutex_lock(&hv->setup_lock);
	if (hv->mmu_ready)
		goto out;

	if (!hv->hpt.order) {
		ret = hpt_alloc(kvm, DEFAULT_HPT_ORDER);
		if (ret)
			goto out;
	}
	if (hv->rma_pages) {
		kvmhv_rma_setup(kvm);
	} else {
		ret = kvmhv_cpu->has_vrma ? vrma_setup(kvm) : -EINVAL;
		if (ret)
			goto out;
	}
	/* tables and LPCR first; pairs with the barrier in KVM_RUN */
	smp_store_release(&hv->mmu_ready, true);
out:
	mutex_unlock(&hv->setup_lock);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

/* A real mode access that no VRMA page can serve */
static int vrma_reflect(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	if (hv->trap == BOOK3S_INTERRUPT_H_INST_STORAGE)
		kvmppc_core_queue_inst_storage(vcpu, SRR1_ISI_NOPT);
	else
		kvmppc_core_queue_data_storage(vcpu, hv->fault_dar,
					       DSISR_NOHPTE |
					       (hv->fault_dsisr &
						DSISR_ISSTORE));
	return RESUME_GUEST;
}

/*
 * Find the translation of a VRMA page or add it.  setup_lock keeps two vcpus
 * from adding it twice; guests do not use this VSID (PAPR, "VRMA").
 *
 * Return: a PAPR code
 */
static long vrma_insert(struct kvm *kvm, unsigned long page)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	u32 shift = hv->vrma_page_shift;
	unsigned long v, r, hash, used, lp;
	long index, ret;

	lockdep_assert_held(&hv->setup_lock);

	/* as kvmhv_hpt_insert() wants it; it looks at host page tables */
	local_irq_disable();
	hard_irq_disable();

	index = kvmhv_hpt_find(kvm, page, hv->vrma_slb_v);
	if (index >= 0) {
		__be64 *hptep = kvmhv_hpte(&hv->hpt, index);

		unlock_hpte(hptep, kvmhv_hpte_load(&hptep[0]));
		ret = H_SUCCESS;
		goto out;
	}

	v = HPTE_V_1TB_SEG | (VRMA_VSID << (SID_SHIFT_1T - 16)) |
	    ((page >> 16) & HPTE_V_AVPN) | HPTE_V_BOLTED | HPTE_V_VALID;
	if (shift > 12)
		v |= HPTE_V_LARGE;

	/* supervisor read and write, coherent; R and C are for the guest */
	lp = kvmppc_pgsize_lp_encoding(shift, shift);
	r = page | (lp << 12) | HPTE_R_R | HPTE_R_C | HPTE_R_M | PP_RWXX;

	hash = hpt_hash((VRMA_VSID << (SID_SHIFT_1T - VPN_SHIFT)) |
			(page >> VPN_SHIFT), shift, MMU_SEGSIZE_1T);
	ret = kvmhv_hpt_insert(kvm, 0, (hash * HPTES_PER_GROUP) & hv->hpt.mask,
			       v, r, &used);
	if (ret == H_PTEG_FULL)
		ret = kvmhv_hpt_insert(kvm, 0,
				       (~hash * HPTES_PER_GROUP) & hv->hpt.mask,
				       v | HPTE_V_SECONDARY, r, &used);
out:
	local_irq_enable();
	return ret;
}

/**
 * kvmhv_vrma_fault - real mode access to a VRMA page that has no HPTE
 * @vcpu: the vcpu that faulted
 * @gpa: the guest real address
 *
 * The VRMA is filled as it is used, with bolted HPTEs.  Should the page not be
 * in memory, the HPTE is absent, and the access faults once more to bring it
 * in.  An address outside the memslot at guest real 0 is reported to the guest
 * as a storage interrupt.
 *
 * Context: KVM_RUN, after a trip into the guest and with kvm->srcu held since
 * before it.  Takes setup_lock, HPTE and rmap locks.
 * Return: RESUME_GUEST, or RESUME_HOST with KVM_EXIT_INTERNAL_ERROR when both
 * PTEGs are full of the guest's own HPTEs.
 */
int kvmhv_vrma_fault(struct kvm_vcpu *vcpu, unsigned long gpa)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct kvm_run *run = vcpu->run;
	struct kvm_memory_slot *slot;
	unsigned long psize, page;
	long ret = H_PARAMETER;

	gpa &= KVM_PAM;
	psize = 1UL << hv->vrma_page_shift;
	page = gpa & ~(psize - 1);

	slot = gfn_to_memslot(kvm, 0);
	if (hv->vrma_slb_v && slot && page < 1UL << SID_SHIFT_1T &&
	    page + psize <= slot->npages << PAGE_SHIFT) {
		mutex_lock(&hv->setup_lock);
		ret = vrma_insert(kvm, page);
		mutex_unlock(&hv->setup_lock);
	}

	if (ret == H_SUCCESS)
		return RESUME_GUEST;
	if (ret != H_PTEG_FULL)
		return vrma_reflect(vcpu);

	pr_warn_ratelimited("no free HPTE for real mode page %#lx\n", page);
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	run->internal.ndata = 2;
	run->internal.data[0] = vcpu->arch.hv.trap;
	run->internal.data[1] = gpa;
	return RESUME_HOST;
}

/*
 * Segment and page sizes of guests, in the encodings of the SLB and of the
 * HPTE's LP field.  @mpss: several page sizes in one segment, ISA 2.06.
 */
static const struct {
	struct kvm_ppc_one_seg_page_size sps;
	bool mpss;
} page_sizes[] = {
	{ { 12, 0, { { 12, 0 } } }, false },
	{ { 12, 0, { { 12, 0 }, { 24, 0x38 } } }, true },
	{ { 16, SLB_VSID_L | SLB_VSID_LP_01, { { 16, 1 } } }, false },
	{ { 16, SLB_VSID_L | SLB_VSID_LP_01, { { 16, 1 }, { 24, 8 } } }, true },
	{ { 24, SLB_VSID_L, { { 24, 0 } } }, false },
	{ { 24, SLB_VSID_L, { { 24, 0 } } }, true },
};

/**
 * kvmhv_get_smmu_info - KVM_PPC_GET_SMMU_INFO
 * @kvm: the VM, any state
 * @info: filled in
 *
 * Guest pages must not be larger than the host pages behind them
 * (KVM_PPC_PAGE_SIZES_REAL).  A processor without multiple page sizes per
 * segment (PPC970) is given its 64K row on hosts with 64K pages only because
 * user space derives limits from it; such guests never use it.
 *
 * Return: 0
 */
int kvmhv_get_smmu_info(struct kvm *kvm, struct kvm_ppc_smmu_info *info)
{
	bool mpss = cpu_has_feature(CPU_FTR_ARCH_206);
	unsigned int i, n = 0;

	memset(info, 0, sizeof(*info));
	if (mpss)
		info->flags |= KVM_PPC_PAGE_SIZES_REAL;
	if (kvmhv_cpu->has_1t_segments)
		info->flags |= KVM_PPC_1T_SEGMENTS;
	info->slb_size = kvmhv_cpu->slb_nr;
	if (mpss)
		info->data_keys = 32;
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		info->instr_keys = 32;

	for (i = 0; i < ARRAY_SIZE(page_sizes); i++) {
		if (page_sizes[i].mpss != mpss)
			continue;
		if (page_sizes[i].sps.page_shift == 16 && !mpss &&
		    PAGE_SIZE < SZ_64K)
			continue;
		info->sps[n++] = page_sizes[i].sps;
	}
	return 0;
}
