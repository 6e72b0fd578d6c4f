// SPDX-License-Identifier: GPL-2.0-only
/*
 * The areas a guest shares with the hypervisor through H_REGISTER_VPA: the
 * virtual processor area (VPA), the SLB shadow buffer and the dispatch trace
 * log (DTL).
 *
 * Registering only notes address and length, under the target's vpa_lock, and
 * may happen on any vcpu.  Another vcpu that registers an area, and the target
 * when it next prepares to enter the guest, call kvmhv_vpa_find(): it looks for
 * the page and keeps its address in the linear mapping.  kvmhv_vpa_enter() and
 * kvmhv_vpa_exit() write through it under vpa_lock.  The page is not pinned: when
 * the host takes it from the guest, an MMU notifier takes the address away
 * (kvmhv_vpa_unmap()).
 *
 * The VPA comes first: the others need it, and it goes last (PAPR).  The SLB
 * shadow buffer is read after a machine check only, because the whole SLB is saved
 * and restored otherwise, so its page is not pinned.
 */
#include "book3s_hv.h"
#include "book3s_hv_rmap.h"

#include <linux/minmax.h>
#include <asm/dtl.h>
#include <asm/hvcall.h>
#include <asm/kvm_hv_thread.h>
#include <asm/lppaca.h>
#include <asm/time.h>

/* PAPR: areas are aligned to this and do not cross this */
#define VPA_ALIGN	L1_CACHE_BYTES
#define VPA_BOUNDARY	4096UL

/* An SLB shadow buffer begins with two words: entries and length */
#define SLB_SHADOW_MIN	offsetof(struct slb_shadow, reserved)

/* A vcpu that waits less than this for its turn has not been kept from running */
#define STOLEN_MIN_US	20

/* PAPR reason codes of a dispatch trace log entry */
#define DTL_DISPATCH_TIME_SLICE	7
#define DTL_PREEMPT_H_CEDE	2
#define DTL_PREEMPT_TIME_SLICE	4

/*
 * The common head of the three areas: the length is a halfword in a VPA and a
 * word in the others.
 */
struct vpa_header {
	__be32 desc;
	union {
		__be16 vpa_size;
		__be32 buffer_size;
	};
};

static bool vpa_range_ok(unsigned long gpa, unsigned long len)
{
	return IS_ALIGNED(gpa, VPA_ALIGN) &&
	       len <= VPA_BOUNDARY - (gpa & (VPA_BOUNDARY - 1));
}

/*
 * Changes a registration; vpa_lock held.  Under it the dirty log hears of the page
 * that the hypervisor wrote to, so that it finds the mark either here or there.
 */
static void vpa_change_locked(struct kvm *kvm, struct kvm_hv_vcpu *hv,
			      struct kvm_hv_vpa *area,
			      unsigned long gpa, unsigned long len)
{
	lockdep_assert_held(&hv->vpa_lock);

	if (area->dirty)
		kvmhv_mark_dirty(kvm, gpa_to_gfn(area->gpa));
	area->dirty = false;
	WRITE_ONCE(area->gpa, gpa);
	area->len = len;
	WRITE_ONCE(area->kaddr, NULL);
	if (area == &hv->dtl)
		WRITE_ONCE(hv->dtl_new, gpa);
}

/* Reads the length the guest has written into the area; 0 if it cannot be */
static unsigned long vpa_guest_len(struct kvm *kvm, unsigned long func,
				   unsigned long gpa)
{
	struct vpa_header header;

	if (kvm_read_guest(kvm, gpa, &header, sizeof(header)))
		return 0;
	if (func == H_VPA_REG_VPA)
		return be16_to_cpu(header.vpa_size);
	return be32_to_cpu(header.buffer_size);
}

static unsigned long vpa_min_len(unsigned long func)
{
	switch (func) {
	case H_VPA_REG_VPA:
		return sizeof(struct lppaca);
	case H_VPA_REG_DTL:
		return sizeof(struct dtl_entry);
	default:
		return SLB_SHADOW_MIN;
	}
}

/**
 * kvmhv_h_register_vpa() - H_REGISTER_VPA
 * @vcpu: the caller
 * @flags: subfunction in bits 16-18; the other bits are reserved
 * @target: number of the virtual processor the area is for
 * @gpa: guest real address; ignored when deregistering
 *
 * PAPR, H_REGISTER_VPA.  A deregistered area is not written to any more.  Another
 * vcpu's area is looked for here: its task may be asleep for long while a thread
 * runs the vcpu.  Should that fail, the task does it as for its own.
 *
 * Context: process, may sleep, kvm->srcu held.  Takes the target's vpa_lock.
 * Return: H_SUCCESS; H_PARAMETER for an unknown subfunction, target or
 *	address, an address that is not aligned to a cache line, a length that
 *	is too small or reaches over a 4K boundary; H_RESOURCE if a VPA is to
 *	go before the other areas or another area is to come before the VPA.
 */
long kvmhv_h_register_vpa(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long target, unsigned long gpa)
{
	unsigned long func = (flags >> H_VPA_FUNC_SHIFT) & H_VPA_FUNC_MASK;
	struct kvm *kvm = vcpu->kvm;
	unsigned long len;
	struct kvm_vcpu *tvcpu;
	struct kvm_hv_vcpu *hv;
	long ret = H_SUCCESS;

	if (flags & ~(H_VPA_FUNC_MASK << H_VPA_FUNC_SHIFT))
		return H_PARAMETER;
	tvcpu = kvmhv_find_vcpu(kvm, target);
	if (!tvcpu)
		return H_PARAMETER;
	hv = &tvcpu->arch.hv;

	switch (func) {
	case H_VPA_REG_VPA:
	case H_VPA_REG_DTL:
	case H_VPA_REG_SLB:
		/* 0 means that there is none */
		if (!gpa)
			return H_PARAMETER;
		len = vpa_guest_len(kvm, func, gpa);
		if (len < vpa_min_len(func) || !vpa_range_ok(gpa, len))
			return H_PARAMETER;
		break;
	case H_VPA_DEREG_VPA:
	case H_VPA_DEREG_DTL:
	case H_VPA_DEREG_SLB:
		gpa = 0;
		len = 0;
		break;
	default:
		return H_PARAMETER;
	}

	spin_lock(&hv->vpa_lock);
	switch (func) {
	case H_VPA_DEREG_VPA:
		if (hv->slb_shadow.gpa || hv->dtl.gpa) {
			ret = H_RESOURCE;
			break;
		}
		fallthrough;
	case H_VPA_REG_VPA:
		vpa_change_locked(kvm, hv, &hv->vpa, gpa, len);
		break;
	case H_VPA_REG_DTL:
		/* The VPA holds the index of the next entry */
		if (!hv->vpa.gpa) {
			ret = H_RESOURCE;
			break;
		}
		fallthrough;
	case H_VPA_DEREG_DTL:
		vpa_change_locked(kvm, hv, &hv->dtl, gpa, len);
		break;
	case H_VPA_REG_SLB:
		if (!hv->vpa.gpa) {
			ret = H_RESOURCE;
			break;
		}
		fallthrough;
	case H_VPA_DEREG_SLB:
		vpa_change_locked(kvm, hv, &hv->slb_shadow, gpa, len);
		break;
	}
	spin_unlock(&hv->vpa_lock);

	if (ret == H_SUCCESS && tvcpu != vcpu && kvmhv_vpa_missing(tvcpu))
		kvmhv_vpa_find(tvcpu);
	return ret;
}

/**
 * kvmhv_slb_from_shadow() - the SLB as the guest wants it whatever happens
 * @vcpu: a vcpu whose SLB entries a machine check has taken
 *
 * PAPR, "SLB Shadow Buffer": entries to be restored when the hypervisor has to
 * invalidate the SLB.
 *
 * Context: process, may sleep, kvm->srcu held; the task of @vcpu.  Takes vpa_lock.
 * Return: false if the guest has no buffer.
 */
bool kvmhv_slb_from_shadow(struct kvm_vcpu *vcpu)
{
	const unsigned long first = offsetof(struct slb_shadow, save_area);
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long gpa, len, at;
	struct vpa_header header;
	__be64 entry[2];
	u64 esid;
	u32 n = 0;

	spin_lock(&hv->vpa_lock);
	gpa = hv->slb_shadow.gpa;
	len = hv->slb_shadow.len;
	spin_unlock(&hv->vpa_lock);
	if (!gpa || kvm_read_guest(vcpu->kvm, gpa, &header, sizeof(header)))
		return false;
	len = min(len, first + be32_to_cpu(header.desc) * sizeof(entry));
	for (at = first; at + sizeof(entry) <= len && n < kvmhv_cpu->slb_nr;
	     at += sizeof(entry)) {
		if (kvm_read_guest(vcpu->kvm, gpa + at, entry, sizeof(entry)))
			return false;
		esid = be64_to_cpu(entry[0]);
		if (!(esid & SLB_ESID_V) || (esid & SLBE_INDEX) >= kvmhv_cpu->slb_nr)
			continue;
		hv->slb[n].esid = esid & (ESID_MASK | SLB_ESID_V | SLBE_INDEX);
		hv->slb[n].vsid = be64_to_cpu(entry[1]);
		n++;
	}
	hv->slb_max = n;
	return true;
}

static struct kvm_hv_vpa *vpa_by_reg(struct kvm_hv_vcpu *hv, u64 id)
{
	switch (id) {
	case KVM_REG_PPC_VPA_ADDR:
		return &hv->vpa;
	case KVM_REG_PPC_VPA_SLB:
		return &hv->slb_shadow;
	case KVM_REG_PPC_VPA_DTL:
		return &hv->dtl;
	default:
		return NULL;
	}
}

/**
 * kvmhv_vpa_get() - what is registered, for KVM_GET_ONE_REG
 * @vcpu: the vcpu
 * @id: KVM_REG_PPC_VPA_ADDR, _SLB or _DTL
 * @val: receives the address, 0 if there is none, and for the latter two the
 *	length
 *
 * Context: process, vcpu->mutex held.  Takes vpa_lock.
 * Return: 0, or -EINVAL for another @id.
 */
int kvmhv_vpa_get(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvm_hv_vpa *area = vpa_by_reg(hv, id);

	if (!area)
		return -EINVAL;

	spin_lock(&hv->vpa_lock);
	val->vpaval.addr = area->gpa;
	if (id != KVM_REG_PPC_VPA_ADDR)
		val->vpaval.length = area->len;
	spin_unlock(&hv->vpa_lock);
	return 0;
}

/**
 * kvmhv_vpa_set() - register or deregister an area, for KVM_SET_ONE_REG
 * @vcpu: the vcpu
 * @id: KVM_REG_PPC_VPA_ADDR, _SLB or _DTL
 * @val: the address, 0 to deregister, and for the latter two the length; a
 *	VPA has its smallest length
 *
 * The order is PAPR's: the VPA is set first and cleared last.  Setting what is
 * set already does nothing.
 *
 * Context: process, vcpu->mutex held.  Takes vpa_lock.
 * Return: 0, or -EINVAL for another @id, an area out of order, and an address
 *	or length that H_REGISTER_VPA would not take.
 */
int kvmhv_vpa_set(struct kvm_vcpu *vcpu, u64 id, const union kvmppc_one_reg *val)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvm_hv_vpa *area = vpa_by_reg(hv, id);
	unsigned long gpa, len, func;
	bool is_vpa = id == KVM_REG_PPC_VPA_ADDR;
	int ret = 0;

	if (!area)
		return -EINVAL;
	if (is_vpa)
		func = H_VPA_REG_VPA;
	else
		func = id == KVM_REG_PPC_VPA_DTL ? H_VPA_REG_DTL :
						   H_VPA_REG_SLB;

	gpa = val->vpaval.addr;
	len = 0;
	if (gpa) {
		len = is_vpa ? vpa_min_len(func) : val->vpaval.length;
		if (len < vpa_min_len(func) || !vpa_range_ok(gpa, len))
			return -EINVAL;
	}

	spin_lock(&hv->vpa_lock);
	if (area->gpa == gpa && (is_vpa || area->len == len))
		goto out;
	if (is_vpa ? !gpa && (hv->slb_shadow.gpa || hv->dtl.gpa) :
		     gpa && !hv->vpa.gpa)
		ret = -EINVAL;
	else
		vpa_change_locked(vcpu->kvm, hv, area, gpa, len);
out:
	spin_unlock(&hv->vpa_lock);
	return ret;
}

/*
 * Where the guest has @gpa, in the linear mapping.  In memory that stays whatever
 * user space does this is not what user space has there: no MMU notifier would
 * take that away.  Otherwise @page is what user space has, with a reference.
 */
static void *vpa_host_addr(struct kvm *kvm, unsigned long gpa, struct page **page)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gpa_to_gfn(gpa));
	unsigned long pa;

	*page = NULL;
	switch (kvmhv_memory_at(kvm, slot, gpa, 1, &pa)) {
	case KVMHV_MEM_RMA:
	case KVMHV_MEM_PINNED:
		return __va(pa);
	case KVMHV_MEM_USER:
		*page = gfn_to_page(kvm, gpa_to_gfn(gpa));
		if (!is_error_page(*page))
			return page_address(*page) + offset_in_page(gpa);
		*page = NULL;
		return NULL;
	default:
		return NULL;
	}
}

/*
 * An address that no memslot has any more is as good as not registered, and
 * looked for again before the next entry.  So is one whose page goes away just
 * now.
 */
static void vpa_find_area(struct kvm_vcpu *vcpu, struct kvm_hv_vpa *area)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long gpa = READ_ONCE(area->gpa);
	struct kvm *kvm = vcpu->kvm;
	struct page *page;
	unsigned long seq;
	void *kaddr;

	/* Another vcpu may have taken the area away just now */
	if (!gpa)
		return;
	seq = kvm->mmu_invalidate_seq;
	smp_rmb(); /* before the host mapping: see mmu_invalidate_retry() */
	kaddr = vpa_host_addr(kvm, gpa, &page);
	if (!kaddr)
		return;

	/* Either we see the notifier here, or it sees our address */
	spin_lock(&hv->vpa_lock);
	if (area->gpa == gpa && (!page || !mmu_invalidate_retry(kvm, seq)))
		WRITE_ONCE(area->kaddr, kaddr);
	spin_unlock(&hv->vpa_lock);

	/*
	 * We write behind the back of the host's page tables, where it is dirty
	 * from now on until the notifier tells that it is written back.
	 */
	if (page)
		kvm_release_page_dirty(page);
}

/**
 * kvmhv_vpa_find() - make the registered areas accessible with interrupts off
 * @vcpu: the vcpu that is about to enter the guest
 *
 * To be called each time before interrupts are disabled for an entry, if
 * kvmhv_vpa_missing().
 *
 * Context: the vcpu's task, or another one of the VM that has registered an area
 * for it; may sleep, kvm->srcu held.  Takes vpa_lock.
 */
void kvmhv_vpa_find(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct lppaca *vpa;

	if (kvmhv_vpa_lost(&hv->vpa))
		vpa_find_area(vcpu, &hv->vpa);
	if (kvmhv_vpa_lost(&hv->dtl))
		vpa_find_area(vcpu, &hv->dtl);

	if (!READ_ONCE(hv->dtl_new) || kvmhv_vpa_lost(&hv->vpa))
		return;
	/*
	 * The guest sets the index in the VPA to 0 before it registers a log; in
	 * one that was moved here it goes on counting.
	 */
	spin_lock(&hv->vpa_lock);
	vpa = hv->vpa.kaddr;
	if (hv->dtl_new) {
		hv->dtl_new = false;
		hv->dtl_index = vpa ? be64_to_cpu(vpa->dtl_idx) : 0;
		hv->stolen_logged = hv->stolen_tb;
	}
	spin_unlock(&hv->vpa_lock);
}

/*
 * vpa_lock held.  The dirty log hears of what was written while the page still is
 * where it was: a memslot that moves takes its pages along.
 */
static void vpa_unmap_area(struct kvm *kvm, struct kvm_hv_vpa *area, gfn_t start,
			   gfn_t end)
{
	gfn_t gfn = gpa_to_gfn(area->gpa);

	if (!area->gpa || gfn < start || gfn >= end)
		return;
	if (area->dirty)
		kvmhv_mark_dirty(kvm, gfn);
	area->dirty = false;
	WRITE_ONCE(area->kaddr, NULL);
}

/**
 * kvmhv_vpa_unmap() - pages are taken from the guest: write to them no more
 * @kvm: the VM
 * @start: first page
 * @end: page after the last one
 *
 * Context: any but interrupts; kvm->mmu_invalidate_in_progress, or the memslot
 * is gone for all lookups.  Takes vpa_lock.
 */
void kvmhv_vpa_unmap(struct kvm *kvm, gfn_t start, gfn_t end)
{
	struct kvm_vcpu *vcpu;
	struct kvm_hv_vcpu *hv;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		hv = &vcpu->arch.hv;
		spin_lock(&hv->vpa_lock);
		vpa_unmap_area(kvm, &hv->vpa, start, end);
		vpa_unmap_area(kvm, &hv->dtl, start, end);
		spin_unlock(&hv->vpa_lock);
	}
}

/*
 * Appends an entry to the dispatch trace log, if the guest wants this kind: a
 * dispatch after the vcpu was kept from running, or any other dispatch.  It has
 * room for one at least, see vpa_min_len().
 */
static void dtl_log_dispatch(struct kvm_vcpu *vcpu, struct lppaca *vpa)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u64 stolen = hv->stolen_tb - hv->stolen_logged;
	u8 kind = stolen ? DTL_LOG_PREEMPT : DTL_LOG_CEDE;
	struct dtl_entry *entry = hv->dtl.kaddr;
	unsigned long nr;

	if (!(READ_ONCE(vpa->dtl_enable_mask) & kind))
		return;

	nr = hv->dtl.len / sizeof(*entry);
	entry += hv->dtl_index % nr;

	memset(entry, 0, sizeof(*entry));
	entry->dispatch_reason = DTL_DISPATCH_TIME_SLICE;
	entry->preempt_reason = stolen ? DTL_PREEMPT_TIME_SLICE :
					 DTL_PREEMPT_H_CEDE;
	entry->processor_id = cpu_to_be16(get_hard_smp_processor_id(hv->thread->cpu));
	entry->enqueue_to_dispatch_time =
		cpu_to_be32(min_t(u64, stolen, U32_MAX));
	entry->timebase = cpu_to_be64(mftb() + hv->vcore->tb_offset);
	entry->srr0 = cpu_to_be64(kvmppc_get_pc(vcpu));
	entry->srr1 = cpu_to_be64(hv->shregs.msr);

	/* The guest reads the index, then the entry */
	smp_wmb();
	hv->dtl_index++;
	vpa->dtl_idx = cpu_to_be64(hv->dtl_index);
	hv->stolen_logged = hv->stolen_tb;
	hv->dtl.dirty = true;
}

/**
 * kvmhv_vpa_enter() - tell the guest that a virtual processor is dispatched
 * @vcpu: the vcpu that enters the guest now
 *
 * The yield count becomes even, the dispatch trace log gets an entry, and the
 * processor is marked as a shared one, for it is.
 * Time since runnable_since, if that is set, is stolen time, and added to
 * what the VPA says was spent between enqueue and dispatch.  PAPR, "Virtual
 * Processor Area" and "Dispatch Trace Log Buffer".
 *
 * A wait shorter than STOLEN_MIN_US is what an exit costs: not stolen.
 *
 * Context: vcore->lock held, hv->thread set.  Takes vpa_lock, so callers look
 * first whether the vcpu has a VPA registered.
 */
void kvmhv_vpa_enter(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct lppaca *vpa;
	u64 stolen;

	spin_lock(&hv->vpa_lock);
	vpa = hv->vpa.kaddr;
	if (!vpa)
		goto out;

	if (hv->runnable_since) {
		stolen = mftb() - hv->runnable_since;
		if (stolen < STOLEN_MIN_US * tb_ticks_per_usec)
			stolen = 0;
		hv->stolen_tb += stolen;
		hv->runnable_since = 0;
		/* What guests take for their stolen time */
		stolen += be64_to_cpu(vpa->enqueue_dispatch_tb);
		vpa->enqueue_dispatch_tb = cpu_to_be64(stolen);
	}
	if (hv->dtl.kaddr && !hv->dtl_new)
		dtl_log_dispatch(vcpu, vpa);

	/* Without this mark guests neither look for stolen time nor yield */
	vpa->__old_status |= LPPACA_OLD_SHARED_PROC;
	/* The next even number, whatever the guest has made of it */
	vpa->yield_count =
		cpu_to_be32((be32_to_cpu(vpa->yield_count) | 1) + 1);
	hv->vpa.dirty = true;
out:
	spin_unlock(&hv->vpa_lock);
}

/**
 * kvmhv_vpa_exit() - tell the guest that a virtual processor runs no more
 * @vcpu: the vcpu that has just left the guest
 *
 * The yield count becomes odd.
 *
 * Context: vcore->lock held.  Takes vpa_lock, as above.
 */
void kvmhv_vpa_exit(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct lppaca *vpa;

	spin_lock(&hv->vpa_lock);
	vpa = hv->vpa.kaddr;
	if (vpa) {
		vpa->yield_count =
			cpu_to_be32((be32_to_cpu(vpa->yield_count) + 1) | 1);
		hv->vpa.dirty = true;
	}
	spin_unlock(&hv->vpa_lock);
}

/**
 * kvmhv_vpa_harvest_dirty() - pages the hypervisor has written to
 * @vcpu: vcpu whose areas are looked at
 * @slot: memslot the dirty log is read of
 * @map: bitmap with one bit for each page of @slot, little-endian; bits are
 *	set, and the marks taken away
 *
 * Context: process.  Takes vpa_lock.
 */
void kvmhv_vpa_harvest_dirty(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot,
			     unsigned long *map)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvm_hv_vpa *areas[] = { &hv->vpa, &hv->dtl };
	gfn_t gfn;
	int i;

	spin_lock(&hv->vpa_lock);
	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		if (!areas[i]->gpa || !areas[i]->dirty)
			continue;
		gfn = gpa_to_gfn(areas[i]->gpa);
		if (gfn < slot->base_gfn || gfn >= slot->base_gfn + slot->npages)
			continue;
		areas[i]->dirty = false;
		set_bit_le(gfn - slot->base_gfn, map);
	}
	spin_unlock(&hv->vpa_lock);
}
