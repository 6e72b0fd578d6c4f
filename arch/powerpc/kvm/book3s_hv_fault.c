// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: storage interrupts of a guest that need the host's
 * memory management, and translation of guest effective addresses for emulated
 * accesses (Power ISA 2.06 and 2.07, Book III-S, 5.7).
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/kvm_ppc.h>
#include <asm/pte-walk.h>
#include <asm/reg.h>
#include "book3s_hv.h"
#include "book3s_hv_rmap.h"
#include "book3s_hv_mm.h"

/**
 * struct guest_fault - one access to a guest page that has to be brought in
 * @index: the HPTE
 * @v: its first doubleword as real mode found it
 * @guest_r: its second doubleword in the guest's terms
 * @psize: actual page size
 * @base: guest real address of the page, aligned to @psize
 * @gpa: guest real address of the access
 * @ea: effective address of the access
 * @data: data access, otherwise instruction fetch
 * @store: the access writes
 */
struct guest_fault {
	unsigned long index;
	unsigned long v;
	unsigned long guest_r;
	unsigned long psize;
	unsigned long base;
	unsigned long gpa;
	unsigned long ea;
	bool data;
	bool store;
};

/**
 * struct host_page - what the host has behind a guest page
 * @seq: mmu_invalidate_seq from before it was looked up
 * @pfn: frame that contains the accessed address, referenced
 * @size: bytes that the host maps there in one piece
 * @writable: the guest may write to it
 * @ci: mapped caching-inhibited
 */
struct host_page {
	unsigned long seq;
	kvm_pfn_t pfn;
	unsigned long size;
	bool writable;
	bool ci;
};

/* The access is an error of the guest's, or cannot be made to work. */
static int reflect(struct kvm_vcpu *vcpu, const struct guest_fault *f,
		   u32 cause)
{
	if (!f->data) {
		kvmppc_core_queue_inst_storage(vcpu, cause);
		return RESUME_GUEST;
	}
	if (f->store)
		cause |= DSISR_ISSTORE;
	kvmppc_core_queue_data_storage(vcpu, f->ea, cause);
	return RESUME_GUEST;
}

/* Nothing there: a device for data, for a fetch guarded storage */
static int no_memory(struct kvm_vcpu *vcpu, const struct guest_fault *f)
{
	if (!f->data)
		return reflect(vcpu, f, SRR1_ISI_N_G_OR_CIP);
	return kvmhv_emulate_mmio(vcpu, f->gpa);
}

/*
 * How the host maps @hva now.  The PTE may change right after; a caller that
 * uses the answer checks mmu_invalidate_retry() under the rmap lock first.
 *
 * Return: false if it is not mapped any more as get_user_pages() left it.
 */
static bool host_mapping(unsigned long hva, bool store, struct host_page *host)
{
	unsigned int shift;
	unsigned long flags;
	pte_t *ptep, pte;

	/* page tables are not freed while interrupts are off */
	local_irq_save(flags);
	ptep = find_current_mm_pte(current->mm->pgd, hva, NULL, &shift);
	pte = ptep ? READ_ONCE(*ptep) : __pte(0);
	local_irq_restore(flags);

	if (!pte_present(pte) || (store && !pte_write(pte)))
		return false;

	host->size = 1UL << max_t(unsigned int, shift, PAGE_SHIFT);
	host->ci = pte_ci(pte);
	host->writable &= pte_write(pte);
	return true;
}

/* Absent to valid; HPTE and rmap locked, gives both back. */
static void hpte_fill(struct kvm *kvm, const struct guest_fault *f,
		      __be64 *hptep, unsigned long *rmap, unsigned long v,
		      unsigned long r)
{
	kvmhv_assert_hpte_locked(hptep);
	kvmhv_assert_rmap_locked(rmap);

	kvmhv_rmap_add(kvm, rmap, f->index);
	kvmhv_show_hpte(hptep, (v & ~KVMHV_HPTE_V_OURS) | HPTE_V_VALID, r);
	unlock_rmap(rmap);
}

/*
 * Valid to valid with more rights; HPTE and rmap locked, gives both back.
 * R and C that the hardware set meanwhile are taken over.
 */
static void hpte_upgrade(struct kvm *kvm, const struct guest_fault *f,
			 __be64 *hptep, unsigned long *rmap, unsigned long v,
			 unsigned long r)
{
	kvmhv_assert_hpte_locked(hptep);
	kvmhv_assert_rmap_locked(rmap);

	kvmhv_hide_hpte(hptep, v);
	kvmhv_tlbie_hpte(kvm, v, f->guest_r, f->index);
	r |= kvmhv_hpte_load(&hptep[1]) & (HPTE_R_R | HPTE_R_C);
	kvmhv_show_hpte(hptep, v, r);
	unlock_rmap(rmap);
}

/*
 * Give the HPTE its host page unless the HPTE or the host mapping has changed
 * since it was looked up; then the guest just tries again.
 */
static void map_page(struct kvm *kvm, const struct kvm_memory_slot *slot,
		     const struct guest_fault *f, const struct host_page *host,
		     unsigned long r)
{
	const unsigned long soft = HPTE_R_R | HPTE_R_C | KVMHV_GR_MODIFIED;
	unsigned long *rmap = kvmhv_rmap_slot(slot, f->base >> PAGE_SHIFT);
	__be64 *hptep = kvmhv_hpte(&kvm->arch.hv.hpt, f->index);
	struct kvm_hv_rev *rev = &kvm->arch.hv.hpt.rev[f->index];
	unsigned long v;

	preempt_disable();
	v = kvmhv_lock_hpte(hptep);
	if (!(v & KVMHV_HPTE_V_USED) ||
	    kvmhv_guest_v(v) != kvmhv_guest_v(f->v) ||
	    ((rev->guest_r ^ f->guest_r) & ~soft)) {
		unlock_hpte(hptep, v);
		goto out;
	}

	lock_rmap(rmap);
	if (mmu_invalidate_retry(kvm, host->seq)) {
		unlock_rmap(rmap);
		unlock_hpte(hptep, v);
	} else if (v & HPTE_V_ABSENT) {
		hpte_fill(kvm, f, hptep, rmap, v, r);
	} else if (f->store && !hpte_is_writable(kvmhv_hpte_load(&hptep[1]))) {
		hpte_upgrade(kvm, f, hptep, rmap, v, r);
	} else {
		/* another vcpu was faster */
		unlock_rmap(rmap);
		unlock_hpte(hptep, v);
	}
out:
	preempt_enable();
}

/* Pages that become executable: fetches must not find older cache blocks. */
static void flush_icache(unsigned long pa, unsigned long psize)
{
	unsigned long pfn = pa >> PAGE_SHIFT;
	unsigned long end = (pa + psize - 1) >> PAGE_SHIFT;

	for (; pfn <= end; pfn++)
		kvmppc_mmu_flush_icache(pfn);
}

/* A page that stays where it is, whose HPTE a deleted memslot left absent */
static void kept_page(struct kvm *kvm, const struct kvm_memory_slot *slot,
		      const struct guest_fault *f, unsigned long pa)
{
	struct host_page host = { .seq = kvm->mmu_invalidate_seq };

	smp_rmb(); /* as in fault_in() */
	map_page(kvm, slot, f, &host,
		 kvmhv_real_r(f->guest_r, f->psize, pa, false, true));
}

/* Bring in the page of @slot that user space has there */
static int user_page(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
		     const struct guest_fault *f)
{
	struct kvm *kvm = vcpu->kvm;
	gfn_t gfn = f->gpa >> PAGE_SHIFT;
	struct host_page host;
	unsigned long hva, pa, r;
	int ret = RESUME_GUEST;

	host.seq = kvm->mmu_invalidate_seq;
	smp_rmb(); /* before the host mapping: see mmu_invalidate_retry() */

	host.pfn = __gfn_to_pfn_memslot(slot, gfn, false, NULL, f->store,
					&host.writable, &hva);
	if (is_noslot_pfn(host.pfn))
		return RESUME_GUEST;	/* the memslot is going away */
	if (host.pfn == KVM_PFN_ERR_HWPOISON)
		return -EHWPOISON;
	if (is_error_pfn(host.pfn))
		return -EFAULT;

	if (!host_mapping(hva, f->store, &host))
		goto out;

	if (f->psize > host.size) {
		ret = reflect(vcpu, f, DSISR_PROTFAULT);
		goto out;
	}

	pa = (host.pfn << PAGE_SHIFT) + (f->gpa & ~PAGE_MASK);
	pa &= ~(f->psize - 1);
	r = kvmhv_real_r(f->guest_r, f->psize, pa, host.ci, host.writable);
	if (!r) {
		ret = reflect(vcpu, f, DSISR_PROTFAULT);
		goto out;
	}
	/* saves the hardware the update */
	r |= HPTE_R_R;
	if (f->store)
		r |= HPTE_R_C;

	if (!(r & (HPTE_R_N | HPTE_R_G)) && !host.ci)
		flush_icache(pa, f->psize);

	map_page(kvm, slot, f, &host, r);

	/*
	 * From now on the guest may write to it without the host noticing.  As
	 * long as we hold the reference the page cannot be freed as clean, and
	 * when it gets cleaned later the notifiers take it from the guest.
	 */
	if (host.writable && hpte_is_writable(r)) {
		kvm_release_pfn_dirty(host.pfn);
		return ret;
	}
out:
	kvm_release_pfn_clean(host.pfn);
	return ret;
}

/* Bring in the page at an address of @slot */
static int fault_in(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
		    const struct guest_fault *f)
{
	unsigned long pa;

	switch (kvmhv_memory_at(vcpu->kvm, slot, f->base, f->psize, &pa)) {
	case KVMHV_MEM_USER:
		return user_page(vcpu, slot, f);
	case KVMHV_MEM_RMA:
	case KVMHV_MEM_PINNED:
		kept_page(vcpu->kvm, slot, f, pa);
		return RESUME_GUEST;
	case KVMHV_MEM_MISFIT:
		return reflect(vcpu, f, DSISR_PROTFAULT);
	default:
		/* the memslot is going away: look again */
		return RESUME_GUEST;
	}
}

/**
 * kvmhv_page_fault - an absent or read-only HPTE allows the access
 * @vcpu: the vcpu; hv.fault_* say what real mode found
 * @verdict: KVMHV_FAULT_PAGE or KVMHV_FAULT_MMIO, both checked again here
 * @data: data access, otherwise instruction fetch
 *
 * Brings the page in, or hands the access to MMIO emulation when there is no
 * memory at the address.  Nothing stays pinned: MMU notifiers take the page
 * away again.  A guest page larger than the host's, or cached where the host's
 * is caching-inhibited, cannot be mapped: the guest sees a protection fault.
 *
 * Context: KVM_RUN, after a trip into the guest and with kvm->srcu held since
 * before it; current->mm is the VM's.  Sleeps.  Takes the mmap lock, HPTE and
 * rmap lock.
 * Return: RESUME_GUEST*, RESUME_HOST*, -EFAULT when user space has nothing
 * mapped there that allows the access, -EHWPOISON when the host page is broken.
 */
int kvmhv_page_fault(struct kvm_vcpu *vcpu, enum kvmhv_fault verdict, bool data)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvm *kvm = vcpu->kvm;
	struct kvm_memory_slot *slot;
	struct guest_fault f = {
		.index = hv->fault_index,
		.v = hv->fault_v,
		.guest_r = hv->fault_r,
		.ea = hv->fault_dar,
		.data = data,
		.store = data && (hv->fault_dsisr & DSISR_ISSTORE),
	};

	if (verdict != KVMHV_FAULT_PAGE && verdict != KVMHV_FAULT_MMIO)
		return RESUME_GUEST;
	if (hv->fault_index < 0 || f.index >= kvmhv_hpt_npte(&kvm->arch.hv.hpt))
		return RESUME_GUEST;

	f.psize = kvmppc_actual_pgsz(f.v, f.guest_r);
	if (!f.psize)
		return reflect(vcpu, &f, DSISR_PROTFAULT);
	f.base = kvmhv_hpte_gpa(f.guest_r, f.psize);
	f.gpa = f.base | (f.ea & (f.psize - 1));

	slot = gfn_to_memslot(kvm, f.gpa >> PAGE_SHIFT);
	if (!slot) {
		if (f.psize <= PAGE_SIZE)
			kvmhv_mmio_page(vcpu, f.base, f.psize);
		return no_memory(vcpu, &f);
	}
	return fault_in(vcpu, slot, &f);
}

/* RS image of the SLB entry for @ea in the copy made at the exit, 0: none */
static unsigned long slb_lookup(const struct kvm_hv_vcpu *hv, unsigned long ea)
{
	const struct kvm_hv_slb *slb;
	unsigned long mask;

	for (slb = hv->slb; slb < hv->slb + hv->slb_max; slb++) {
		if (!(slb->esid & SLB_ESID_V))
			continue;
		mask = slb->vsid & SLB_VSID_B_1T ? ESID_MASK_1T : ESID_MASK;
		if (!((ea ^ slb->esid) & mask))
			return slb->vsid;
	}
	return 0;
}

/**
 * kvmhv_xlate - translate a guest effective address as the guest would
 * @vcpu: the vcpu
 * @eaddr: effective address
 * @pte: filled in on success
 * @data: data access, otherwise instruction fetch
 * @is_write: the access is a store; permissions are reported either way
 *
 * Through the SLB as it was at the exit and the HPT, absent HPTEs included;
 * with translation off the address is the guest real address.  R and C are
 * not touched.  For vcpu->arch.mmu.xlate, and so for kvmppc_ld(), kvmppc_st()
 * and the fetch of instructions to emulate.
 *
 * Context: KVM_RUN, kvm->srcu held since before the last trip into the guest,
 * which keeps the HPT from being replaced.  Takes an HPTE lock.
 * Return: 0, -EINVAL without a segment, -ENOENT without an HPTE.
 */
int kvmhv_xlate(struct kvm_vcpu *vcpu, gva_t eaddr, struct kvmppc_pte *pte,
		bool data, bool is_write)
{
	struct kvm *kvm = vcpu->kvm;
	unsigned long msr = vcpu->arch.hv.shregs.msr;
	unsigned long slb_v, v, r, key, pp, psize;
	unsigned int denied = 0;
	__be64 *hptep;
	long index;

	*pte = (struct kvmppc_pte) {
		.eaddr = eaddr,
		.raddr = eaddr & KVM_PAM,
		.may_read = true, .may_write = true, .may_execute = true,
	};
	if (!(msr & (data ? MSR_DR : MSR_IR)))
		return 0;

	slb_v = slb_lookup(&vcpu->arch.hv, eaddr);
	if (!slb_v)
		return -EINVAL;

	preempt_disable();
	index = kvmhv_hpt_find(kvm, eaddr, slb_v);
	if (index < 0) {
		preempt_enable();
		return -ENOENT;
	}
	hptep = kvmhv_hpte(&kvm->arch.hv.hpt, index);
	v = kvmhv_hpte_load(&hptep[0]);
	r = kvm->arch.hv.hpt.rev[index].guest_r;
	unlock_hpte(hptep, v);
	preempt_enable();

	psize = kvmppc_actual_pgsz(v, r);
	pte->raddr = kvmhv_hpte_gpa(r, psize) | (eaddr & (psize - 1));
	pte->wimg = r & HPTE_R_WIMG;
	pte->rc = r & (HPTE_R_R | HPTE_R_C);
	pte->page_shift = kvmppc_hpte_actual_page_shift(v, r);

	/* ISA 2.07 Book III-S, 5.7.9: page protection and storage keys */
	key = slb_v & (msr & MSR_PR ? SLB_VSID_KP : SLB_VSID_KS);
	pp = r & HPTE_R_PPP;
	if (cpu_has_feature(CPU_FTR_ARCH_206))
		denied = hpte_get_skey_perm(r, vcpu->arch.amr);
	pte->may_read = hpte_read_permission(pp, key) && !(denied & 1);
	pte->may_write = hpte_write_permission(pp, key) && !(denied & 2);

	/* fetches know keys only from ISA 2.07 on, in IAMR */
	denied = 0;
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		denied = hpte_get_skey_perm(r, vcpu->arch.iamr);
	pte->may_execute = hpte_read_permission(pp, key) && !(denied & 1) &&
			   !(slb_v & SLB_VSID_N) &&
			   !(r & (HPTE_R_N | HPTE_R_G));
	/* kvmppc_ld() asks for may_read, whatever it reads for */
	if (!data)
		pte->may_read = pte->may_execute;
	return 0;
}
