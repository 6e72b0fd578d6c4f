/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What book3s_hv_hpt.c, book3s_hv_hpt_resize.c, book3s_hv_fault.c,
 * book3s_hv_notifier.c and book3s_hv_ring.c share.
 *
 * Locks of the memory side, outermost first:
 *
 *   vcpu->mutex
 *     kvm->slots_lock (memslot changes, dirty log, another HPT)
 *       kvm->arch.hv.setup_lock (HPT and VRMA as a whole)
 *         kvm->mmu_lock (held by generic code around the notifier callbacks)
 *           HPTE lock (HPTE_V_HVLOCK, in the HPTE)
 *             rmap lock (KVMPPC_RMAP_LOCK_BIT, in the rmap word)
 *
 * Guest hcalls take the last two in that order with the MMU off.  Whoever
 * starts from a page (notifiers, dirty log) holds the rmap lock first, so it
 * may only try to lock an HPTE, and gives the rmap lock back before it waits.
 * Several HPTEs: the first lock may be waited for, others are only tried.  A walk
 * that has to wait gives back all its locks before.
 * Real mode spins on both: hold them with preemption off, and for one batch of a
 * ring only, however long the guest has made the ring.
 *
 * kvm->srcu is held for reading from before a trip into the guest until what
 * ended it has been dealt with, and wherever else memslots are used.  A memslot
 * is not freed, nor its reverse map, before every such section has ended; the
 * HPT is not replaced or freed either (kvmhv_hpt_quiesce()), when besides every
 * ring has been emptied.  So holders of slots_lock or setup_lock
 * may wait for srcu sections unless these may wait for them: setup_lock never
 * does.
 *
 * An HPTE is on the ring of a page if and only if it is valid; both change
 * under its own lock together with the rmap lock of the page.  An HPTE larger
 * than PAGE_SIZE is on the ring of its first page.
 *
 * The states of an HPTE are described in book3s_hv_hpte.h.
 */
#ifndef BOOK3S_HV_MM_H
#define BOOK3S_HV_MM_H

#include <linux/lockdep.h>
#include <linux/mm.h>
#include "book3s_hv_hpte.h"

static inline void kvmhv_assert_hpte_locked(const __be64 *hptep)
{
	lockdep_assert(hptep[0] & cpu_to_be64(HPTE_V_HVLOCK));
}

static inline void kvmhv_assert_rmap_locked(const unsigned long *rmap)
{
	lockdep_assert(test_bit(KVMPPC_RMAP_LOCK_BIT, rmap));
}

/*
 * What user space makes a VM take is charged to its memory cgroup.  It fails rather
 * than have the OOM killer end another process for it.
 */
#define KVMHV_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/*
 * Can the host have so many more pages at all?  To be asked before much memory is
 * allocated piece by piece, which would leave all others without until it fails.
 */
static inline bool kvmhv_can_have(unsigned long npages)
{
	long available = si_mem_available();

	return available > 0 && npages < available;
}

/* book3s_hv_hpt.c */
int kvmhv_hpt_get(struct kvm_hv_hpt *hpt, u32 order);
int kvmhv_hpt_clear(const struct kvm_hv_hpt *hpt, unsigned long from,
		    unsigned long size);
void kvmhv_hpt_put(struct kvm_hv_hpt *hpt);
void kvmhv_hpt_install(struct kvm *kvm, const struct kvm_hv_hpt *hpt);
int kvmhv_hpt_quiesce(struct kvm *kvm, bool stop);

/* book3s_hv_notifier.c */
void kvmhv_rmap_reset(struct kvm *kvm);
void kvmhv_check_lost(struct kvm *kvm);

/* book3s_hv_ring.c: the HPTEs of one guest page, in batches */
bool kvmhv_ring_unmap(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn);
bool kvmhv_ring_young(struct kvm *kvm, const struct kvm_memory_slot *slot,
		      gfn_t gfn, bool clear, unsigned int *budget);
int kvmhv_ring_harvest(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       unsigned long *map);

/* book3s_hv_pin.c */
unsigned long **kvmhv_chunks_alloc(unsigned long npages);
void kvmhv_chunks_free(unsigned long **chunks, unsigned long npages);

/* book3s_hv_builtin_hpt.c, in vmlinux */
struct page *kvmhv_alloc_contig(unsigned int order);
void kvmhv_free_contig(struct page *page, unsigned int order);

#endif /* BOOK3S_HV_MM_H */
