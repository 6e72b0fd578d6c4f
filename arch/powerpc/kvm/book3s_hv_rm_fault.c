// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM for Book3S: whose is a storage interrupt?
 *
 * Real-mode code.  Runs with the MMU off and interrupts hard-disabled, on the
 * hardware thread of a vcpu that has left its guest for a moment; may also be
 * called by the module with the MMU on and preemption off.
 *
 * May touch: the linear mapping (struct kvm, vcpus, memslots, HPT, host page
 * tables, vmlinux text and data, this stack).
 * Forbidden: vmalloc and user addresses, module text and data, printk,
 * tracing, anything that may fault or sleep, locks whose holders may sleep or
 * be preempted, entering RCU read sections (the vcpu holds kvm->srcu).
 */
#include <linux/export.h>

#include "book3s_hv_rmap.h"

#define HPTES_PER_PTEG	8

/* A storage interrupt for one of these only may be the hypervisor's doing */
#define DSISR_TRANSLATION	(DSISR_NOHPTE | DSISR_PROTFAULT | \
				 DSISR_KEYFAULT | DSISR_NOEXEC_OR_G)

/* SRR1 bit of an instruction storage interrupt by virtual page class key */
#define SRR1_ISI_KEY		DSISR_KEYFAULT

/* Base page shift of a segment, from L and LP; 0 if we support no such size */
static inline unsigned int slb_base_shift(unsigned long slb_v)
{
	switch (slb_v & SLB_VSID_LLP) {
	case 0:
		return 12;
	case SLB_VSID_L | SLB_VSID_LP_00:
		return 24;
	case SLB_VSID_L | SLB_VSID_LP_01:
		return 16;
	}
	return 0;
}

/* Search one group; returns the index of the HPTE, locked, or -1 */
static long search_group(const struct kvm_hv_hpt *hpt, unsigned long hash,
			 unsigned long want, unsigned long mask,
			 unsigned int shift)
{
	unsigned long index = (hash * HPTES_PER_PTEG) & hpt->mask;
	__be64 *hpte = kvmhv_hpte(hpt, index);
	unsigned long v, r;
	unsigned int i;

	for (i = 0; i < HPTES_PER_PTEG; i++, hpte += 2, index++) {
		v = kvmhv_hpte_load(&hpte[0]);
		/* The holder of the lock may be about to set VALID again */
		if (!(v & (KVMHV_HPTE_V_USED | HPTE_V_HVLOCK)) ||
		    ((v ^ want) & mask))
			continue;

		v = kvmhv_lock_hpte(hpte);
		r = hpt->rev[index].guest_r;
		if ((v & KVMHV_HPTE_V_USED) && !((v ^ want) & mask) &&
		    kvmppc_hpte_base_page_shift(v, r) == shift)
			return index;
		__unlock_hpte(hpte, v);
	}
	return -1;
}

/**
 * kvmhv_hpt_find - look an effective address up in a guest's hash table
 * @kvm: the VM
 * @ea: effective address
 * @slb_v: RS image of the slbmte that made its segment
 *
 * MMU on or off, preemption off, no HPTE lock held.  ISA 2.07 Book III-S,
 * 5.7.7.3 "Page Table Search".
 *
 * Return: index of the HPTE with its lock held (unlock_hpte() ends that), or
 * -1.
 */
long kvmhv_hpt_find(struct kvm *kvm, unsigned long ea, unsigned long slb_v)
{
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	unsigned int shift = slb_base_shift(slb_v);
	unsigned long mask, want, hash, vsid, offset;
	long index;

	if (!shift)
		return -1;

	/*
	 * B and VSID are in the same place in slbmte's RS and in an HPTE; the
	 * HPTE goes on with the address within the segment from bit 23 up.
	 */
	want = slb_v & SLB_VSID_B;
	if (want == SLB_VSID_B_1T) {
		vsid = (slb_v & ~SLB_VSID_B) >> SLB_VSID_SHIFT_1T;
		offset = ea & ((1UL << SID_SHIFT_1T) - 1);
		want |= vsid << SLB_VSID_SHIFT_1T;
		hash = vsid ^ (vsid << 25);
	} else if (want == SLB_VSID_B_256M) {
		vsid = (slb_v & ~SLB_VSID_B) >> SLB_VSID_SHIFT;
		offset = ea & ((1UL << SID_SHIFT) - 1);
		want |= vsid << SLB_VSID_SHIFT;
		hash = vsid;
	} else {
		return -1;
	}
	want |= (offset >> 23) << HPTE_V_AVPN_SHIFT;
	hash ^= offset >> shift;

	/* L differs if a segment of 4K pages has larger ones: see LP instead */
	mask = SLB_VSID_B | HPTE_V_AVPN | HPTE_V_SECONDARY;
	/* 16M pages: bit 23 of the address is within the page */
	if (shift > 23)
		mask &= ~(((1UL << (shift - 23)) - 1) << HPTE_V_AVPN_SHIFT);

	index = search_group(hpt, hash, want, mask, shift);
	if (index < 0)
		index = search_group(hpt, ~hash, want | HPTE_V_SECONDARY, mask,
				     shift);
	return index;
}
EXPORT_SYMBOL_GPL(kvmhv_hpt_find);

/* What the guest's own HPTE forbids, as DSISR bits; 0 if nothing */
static u32 data_denied(struct kvm_vcpu *vcpu, unsigned long guest_r,
		       unsigned long key, bool store)
{
	unsigned long pp = guest_r & HPTE_R_PPP;
	unsigned int perm;
	u32 bits = 0;

	if (store ? !hpte_write_permission(pp, key) :
		    !hpte_read_permission(pp, key))
		bits |= DSISR_PROTFAULT;

	/* AMR: two bits for each key, "no store" and "no load" */
	if (cpu_has_feature(CPU_FTR_ARCH_206) &&
	    (vcpu->arch.hv.shregs.msr & MSR_DR)) {
		perm = hpte_get_skey_perm(guest_r, vcpu->arch.amr);
		if (perm & (store ? 2 : 1))
			bits |= DSISR_KEYFAULT;
	}
	return bits;
}

static unsigned long storage_key(const struct kvm_vcpu *vcpu,
				 unsigned long slb_v)
{
	return slb_v & (vcpu->arch.hv.shregs.msr & MSR_PR ? SLB_VSID_KP :
							    SLB_VSID_KS);
}

/*
 * Drivers look at a device again and again: is this the last storage interrupt
 * once more, was that an access to a device, and is the HPTE what it was?  It is
 * if the first doubleword is, unlocked, before and after the second one is.
 */
static bool same_mmio(struct kvm_vcpu *vcpu, unsigned long ea,
		      unsigned long slb_v, u32 dsisr)
{
	const struct kvm_hv_hpt *hpt = &vcpu->kvm->arch.hv.hpt;
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long index = hv->fault_index;
	unsigned long guest_r;
	__be64 *hpte;

	if (hv->fault_verdict != KVMHV_FAULT_MMIO || dsisr != hv->fault_dsisr ||
	    slb_v != hv->fault_slb_v || (ea ^ hv->fault_dar) >> 12 ||
	    index >= kvmhv_hpt_npte(hpt))
		return false;

	hpte = kvmhv_hpte(hpt, index);
	if (kvmhv_hpte_load(&hpte[0]) != hv->fault_v)
		return false;
	smp_rmb(); /* a writer has changed the first doubleword before ... */
	guest_r = READ_ONCE(hpt->rev[index].guest_r) & ~KVMHV_GR_MODIFIED;
	smp_rmb(); /* ... or holds its lock */
	return guest_r == hv->fault_r &&
	       kvmhv_hpte_load(&hpte[0]) == hv->fault_v &&
	       !data_denied(vcpu, guest_r, storage_key(vcpu, slb_v),
			    dsisr & DSISR_ISSTORE);
}

/* The same for an instruction fetch, as SRR1 bits */
static u32 fetch_denied(struct kvm_vcpu *vcpu, unsigned long guest_r,
			unsigned long slb_v, unsigned long key)
{
	unsigned long pp = guest_r & HPTE_R_PPP;
	u32 bits = 0;

	if ((slb_v & SLB_VSID_N) || (guest_r & (HPTE_R_N | HPTE_R_G)))
		bits |= SRR1_ISI_N_G_OR_CIP;
	if (!hpte_read_permission(pp, key))
		bits |= SRR1_ISI_PROT;
	if (cpu_has_feature(CPU_FTR_ARCH_207S) &&
	    (vcpu->arch.hv.shregs.msr & MSR_IR) &&
	    (hpte_get_skey_perm(guest_r, vcpu->arch.iamr) & 1))
		bits |= SRR1_ISI_KEY;
	return bits;
}

/* Look the access up: see kvmhv_rm_fault() */
static noinline enum kvmhv_fault new_fault(struct kvm_vcpu *vcpu,
					   unsigned long ea,
					   unsigned long slb_v, u32 dsisr,
					   bool data)
{
	struct kvm *kvm = vcpu->kvm;
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long v, r, guest_r, key;
	u32 store = data ? dsisr & DSISR_ISSTORE : 0;
	__be64 *hpte;
	u32 denied;
	long index;

	hv->fault_dsisr = dsisr;
	hv->fault_dar = ea;
	hv->fault_slb_v = slb_v;
	hv->fault_index = -1;
	hv->fault_v = 0;
	hv->fault_r = 0;

	/* Breakpoint match, load and reserve from a device, ... */
	if (!(dsisr & DSISR_TRANSLATION))
		return KVMHV_FAULT_REFLECT;

	index = kvmhv_hpt_find(kvm, ea, slb_v);
	if (index < 0) {
		if (!(hv->shregs.msr & (data ? MSR_DR : MSR_IR)))
			return KVMHV_FAULT_VRMA;
		hv->fault_dsisr = DSISR_NOHPTE | store;
		return KVMHV_FAULT_REFLECT;
	}
	hpte = kvmhv_hpte(hpt, index);
	v = kvmhv_hpte_load(&hpte[0]) & ~HPTE_V_HVLOCK;
	r = kvmhv_hpte_load(&hpte[1]);
	guest_r = hpt->rev[index].guest_r & ~KVMHV_GR_MODIFIED;
	unlock_hpte(hpte, v);

	hv->fault_index = index;
	hv->fault_v = v;
	hv->fault_r = guest_r;

	key = storage_key(vcpu, slb_v);
	denied = data ? data_denied(vcpu, guest_r, key, store) :
			fetch_denied(vcpu, guest_r, slb_v, key);
	if (denied) {
		hv->fault_dsisr = denied | store;
		return KVMHV_FAULT_REFLECT;
	}

	if (v & HPTE_V_VALID) {
		if (store && !hpte_is_writable(r))
			return KVMHV_FAULT_PAGE;
		return KVMHV_FAULT_RETRY;
	}
	if (data && (r & KVMHV_HPTE_R_MMIO))
		return KVMHV_FAULT_MMIO;
	return KVMHV_FAULT_PAGE;
}

/**
 * kvmhv_rm_fault - decide on a hypervisor data or instruction storage interrupt
 * @vcpu: the vcpu that took it
 * @ea: effective address, HDAR or the program counter
 * @slb_v: RS image of its segment; the VRMA's if the guest is in real mode
 * @dsisr: HDSISR, or the HSRR1 bits of the same meaning
 * @data: not an instruction fetch
 *
 * MMU off or on, preemption off.  Leaves in vcpu->arch.hv: fault_dar and
 * fault_slb_v, the access; fault_index, fault_v and fault_r, the HPTE as the
 * guest knows it but with HPTE_V_ABSENT kept in fault_v (-1, 0, 0 if there is
 * none); fault_dsisr, for REFLECT what the guest is to see in DSISR or SRR1.
 * The caller leaves the verdict in fault_verdict, for the next time.
 *
 * The guest's HPTE is judged first (ISA 2.07 Book III-S, 5.7.9 and 5.7.10):
 * what it forbids is the guest's business whether the page is there or not.
 *
 * Return: the verdict.  MMIO is for data only: a fetch from outside every
 * memslot is PAGE, and the module will find no memslot.  MMIO may be out of
 * date if a memslot was created after H_ENTER: the module looks again.
 */
enum kvmhv_fault kvmhv_rm_fault(struct kvm_vcpu *vcpu, unsigned long ea,
				unsigned long slb_v, u32 dsisr, bool data)
{
	if (!data || !same_mmio(vcpu, ea, slb_v, dsisr))
		return new_fault(vcpu, ea, slb_v, dsisr, data);
	vcpu->arch.hv.fault_dar = ea;
	return KVMHV_FAULT_MMIO;
}
EXPORT_SYMBOL_GPL(kvmhv_rm_fault);
