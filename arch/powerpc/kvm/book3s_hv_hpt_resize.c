// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: an HPT of another size for a guest that runs, which has
 * got more memory, or less (Documentation/virt/kvm/api.rst has the ioctls, user
 * space the hcalls H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT).
 *
 * Bolted HPTEs go along.  A guest finds them by their hash; any other it
 * may know by its place, and has to enter again.  They arrive absent, and are
 * mapped by the first access, as after an MMU notifier.  That is why there is
 * no such thing on a PPC970, whose guests would get the storage interrupt.
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/kvm_host.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv.h"
#include "book3s_hv_mm.h"
#include <trace/events/kvm_hv.h>

/* What one KVM_PPC_RESIZE_HPT_PREPARE clears; user space may hold locks */
#define CLEAR_BYTES	SZ_32M

/* From there on a virtual address is in the first doubleword of an HPTE */
#define AVPN_SHIFT	23

/* HPTEs to look at before others get the CPU */
#define STEP_HPTES	1024UL

static int check_args(const struct kvm_ppc_resize_hpt *arg)
{
	if (!kvmhv_cpu->has_vrma)
		return -ENOTTY;
	if (arg->flags || arg->shift > PPC_MAX_HPT_ORDER ||
	    (arg->shift && arg->shift < PPC_MIN_HPT_ORDER))
		return -EINVAL;
	return 0;
}

/**
 * kvmhv_hpt_prepare - KVM_PPC_RESIZE_HPT_PREPARE: an empty HPT, not in use yet
 * @kvm: the VM
 * @arg: log2 of its size in bytes; 0 to give up the one that there is
 *
 * No work is left to others: each call clears a piece, and the guest does
 * something else in between.
 *
 * Context: VM ioctl.  Takes slots_lock.
 * Return: 0 when it is ready; 1, to be called again after a millisecond;
 * -EINVAL for a flag or an order out of range, -ENOMEM without contiguous
 * memory of this size or beyond the limit of the memory cgroup, -EINTR for a
 * fatal signal, -ENOTTY on a processor that needs all HPTEs.
 */
int kvmhv_hpt_prepare(struct kvm *kvm, const struct kvm_ppc_resize_hpt *arg)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct kvm_hv_hpt *next = &hv->next_hpt;
	unsigned long n;
	int ret;

	ret = check_args(arg);
	if (ret)
		return ret;

	mutex_lock(&kvm->slots_lock);
	if (next->order != arg->shift) {
		kvmhv_hpt_put(next);
		hv->next_clean = 0;
		if (arg->shift)
			ret = kvmhv_hpt_get(next, arg->shift);
	}
	if (next->order) {
		n = min_t(unsigned long, CLEAR_BYTES,
			  (1UL << next->order) - hv->next_clean);
		ret = kvmhv_hpt_clear(next, hv->next_clean, n);
		if (!ret) {
			hv->next_clean += n;
			ret = hv->next_clean < 1UL << next->order;
		}
	}
	mutex_unlock(&kvm->slots_lock);
	trace_kvmhv_resize(kvm, false, arg->shift, ret);
	return ret;
}

/*
 * The hash of a virtual page, of which the HPTE's place gives the bits that its
 * first doubleword does not have: 11 at most, as many as the smallest HPT needs
 * (ISA 2.07 Book III-S, 5.7.7.3).
 */
static unsigned long hash_of(unsigned long v, unsigned long r, unsigned long index)
{
	const unsigned int shift = kvmppc_hpte_base_page_shift(v, r);
	const int ssize = v & HPTE_V_1TB_SEG ? MMU_SEGSIZE_1T : MMU_SEGSIZE_256M;
	unsigned long hash = index / HPTES_PER_GROUP, known, low = 0;

	known = hpt_hash(HPTE_V_AVPN_VAL(v) << (AVPN_SHIFT - VPN_SHIFT), shift,
			 ssize);
	if (v & HPTE_V_SECONDARY)
		hash = ~hash;
	if (shift < AVPN_SHIFT)
		low = (1UL << (AVPN_SHIFT - shift)) - 1;
	return known ^ ((known ^ hash) & low);
}

/* An absent HPTE into @to, in the same place of its group if that is free */
static bool copy_hpte(const struct kvm_hv_hpt *from, unsigned long index,
		      const struct kvm_hv_hpt *to)
{
	const __be64 *hpte = kvmhv_hpte(from, index);
	unsigned long v = kvmhv_hpte_load(&hpte[0]);
	unsigned long r = from->rev[index].guest_r;
	unsigned long hash = hash_of(v, r, index), group, i, n;
	__be64 *new;

	if (v & HPTE_V_SECONDARY)
		hash = ~hash;
	group = (hash * HPTES_PER_GROUP) & to->mask;
	for (n = 0; n < HPTES_PER_GROUP; n++) {
		i = group + (index + n) % HPTES_PER_GROUP;
		new = kvmhv_hpte(to, i);
		if (new[0])
			continue;
		new[0] = hpte[0];
		new[1] = hpte[1];
		to->rev[i].guest_r = r;
		return true;
	}
	return false;
}

/* No vcpu, no ring: all HPTEs that are not empty are absent, and stay so */
static int copy_bolted(const struct kvm_hv_hpt *from, const struct kvm_hv_hpt *to)
{
	unsigned long i, n = from->order ? kvmhv_hpt_npte(from) : 0;

	for (i = 0; i < n; i++) {
		if (!(i % STEP_HPTES)) {
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		}
		if ((kvmhv_hpte_load(kvmhv_hpte(from, i)) & HPTE_V_BOLTED) &&
		    !copy_hpte(from, i, to)) {
			pr_info_ratelimited("HPT not resized: more bolted HPTEs of a hash than a group of the new one has\n");
			return -ENOSPC;
		}
	}
	return 0;
}

/* Put the new table in place of the old one, or free it; all vcpus wait */
static int switch_hpt(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	struct kvm_hv_hpt unused = hv->next_hpt;
	int ret;

	mutex_lock(&hv->setup_lock);
	kvmhv_rmap_reset(kvm);
	ret = copy_bolted(&hv->hpt, &hv->next_hpt);
	if (!ret)
		unused = hv->hpt;
	kvmhv_hpt_install(kvm, ret ? &hv->hpt : &hv->next_hpt);
	memset(&hv->next_hpt, 0, sizeof(hv->next_hpt));
	mutex_unlock(&hv->setup_lock);

	kvmhv_hpt_put(&unused);
	return ret;
}

/**
 * kvmhv_hpt_commit - KVM_PPC_RESIZE_HPT_COMMIT: use the HPT that is prepared
 * @kvm: the VM
 * @arg: log2 of its size in bytes
 *
 * Vcpus that run are brought out of their guests, and wait.  If it fails the
 * guest goes on with the HPT it has, with all HPTEs.  After -ENOSPC and -EINTR
 * nothing is prepared any more.
 *
 * Context: VM ioctl.  Takes slots_lock and setup_lock, waits for vcpus and
 * kvm->srcu.
 * Return: 0; -EINVAL for a flag or an order out of range, -ENXIO if no HPT of
 * this size is prepared, -EBUSY if it is not ready or a vcpu does not come out,
 * -ENOSPC if the bolted HPTEs do not fit, -EINTR for a fatal signal, -ENOTTY on
 * a processor that needs all HPTEs.
 */
int kvmhv_hpt_commit(struct kvm *kvm, const struct kvm_ppc_resize_hpt *arg)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	bool ready;
	int ret;

	ret = check_args(arg);
	if (ret)
		return ret;

	mutex_lock(&kvm->slots_lock);
	ready = hv->mmu_ready;
	if (!arg->shift || hv->next_hpt.order != arg->shift)
		ret = -ENXIO;
	else if (hv->next_clean < 1UL << arg->shift)
		ret = -EBUSY;
	else
		ret = kvmhv_hpt_quiesce(kvm, true);
	if (!ret) {
		ret = switch_hpt(kvm);
		/* the new table first; pairs with the barrier in KVM_RUN */
		smp_store_release(&hv->mmu_ready, ready);
	}
	mutex_unlock(&kvm->slots_lock);
	trace_kvmhv_resize(kvm, true, arg->shift, ret);
	return ret;
}
