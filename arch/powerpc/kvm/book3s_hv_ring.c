// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the ring of a guest page, all valid HPTEs that map it: take
 * them away, look for R bits, collect C bits (Power ISA 2.06 and 2.07, Book III-S,
 * 5.7.8 and 5.10.1).
 *
 * The guest decides how long a ring is: one page may be in every HPTE there is.  So
 * all walks are made of batches.  A batch of HPTEs is locked, changed, invalidated
 * with one tlbsync, and unlocked, with preemption off; then others get the locks and
 * the CPU.
 *
 * A walk holds the rmap lock of its ring and tries the lock of an HPTE.  If a guest has
 * that, the walk gives back what it holds and waits for the HPTE first, then for the
 * rmap lock, as an hcall does.  So a guest that uses an HPTE all the time keeps the
 * walk from it no longer than another vcpu.
 *
 * For locks see book3s_hv_mm.h, for the states of an HPTE book3s_hv_hpte.h.
 */
#include <linux/kvm_host.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <asm/kvm_ppc.h>
#include "book3s_hv_rmap.h"
#include "book3s_hv_mm.h"

/* HPTEs that are locked at the same time: real mode may wait for each */
#define BATCH		16U

/* HPTEs of one ring that the dirty log looks at before it gives the rmap lock back */
#define MAX_STEPS	64U

/* Guest pages that the dirty log looks at before others get the CPU */
#define MAX_PAGES	32UL

/* What it costs to clear an R bit, where looking at an HPTE costs 1 */
#define CLEAR_COST	8U

/**
 * struct held - an HPTE that is locked
 * @hpte: where it is
 * @rev: what is known of it
 * @v: its first doubleword, without the lock
 * @page: number in the memslot of the page it maps, for the dirty log
 */
struct held {
	__be64 *hpte;
	struct kvm_hv_rev *rev;
	unsigned long v;
	unsigned long page;
};

/**
 * struct batch - HPTEs that are locked
 * @n: how many
 * @e: which
 * @rb: what names the translation of each, for tlbie
 */
struct batch {
	unsigned int n;
	struct held e[BATCH];
	unsigned long rb[BATCH];
};

static void batch_add(struct kvm *kvm, struct batch *b, __be64 *hpte,
		      unsigned long index, unsigned long v)
{
	struct held *e = &b->e[b->n];

	kvmhv_assert_hpte_locked(hpte);

	e->hpte = hpte;
	e->rev = &kvm->arch.hv.hpt.rev[index];
	e->v = v;
	b->rb[b->n] = kvmhv_tlbie_rb(v, e->rev->guest_r, index);
	b->n++;
}

/* With the rmap lock held, or the lock of another HPTE */
static bool batch_trylock(struct kvm *kvm, struct batch *b, unsigned long index)
{
	__be64 *hpte = kvmhv_hpte(&kvm->arch.hv.hpt, index);

	if (!try_lock_hpte(hpte, HPTE_V_HVLOCK))
		return false;
	batch_add(kvm, b, hpte, index, kvmhv_hpte_load(&hpte[0]) & ~HPTE_V_HVLOCK);
	return true;
}

/* Wait for the HPTE; no other lock held.  Anything may have become of it. */
static void batch_lock(struct kvm *kvm, struct batch *b, unsigned long index)
{
	__be64 *hpte = kvmhv_hpte(&kvm->arch.hv.hpt, index);

	batch_add(kvm, b, hpte, index, kvmhv_lock_hpte(hpte));
}

static struct held *batch_last(struct batch *b)
{
	return &b->e[b->n - 1];
}

/* The last one is not what was looked for */
static void batch_drop(struct batch *b)
{
	struct held *e = batch_last(b);

	unlock_hpte(e->hpte, e->v);
	b->n--;
}

static unsigned long hpte_rc(const __be64 *hpte)
{
	return kvmhv_hpte_load(&hpte[1]) & (HPTE_R_R | HPTE_R_C);
}

/* Pages of PAGE_SIZE that an HPTE maps at least in part */
static unsigned long hpte_pages(const struct held *e)
{
	unsigned long psize = kvmppc_actual_pgsz(e->v, e->rev->guest_r);

	return max(psize >> PAGE_SHIFT, 1UL);
}

/* R and C that the guest gets to see even though the hardware forgets them */
static void keep_rc(struct held *e, unsigned long rc)
{
	kvmhv_assert_hpte_locked(e->hpte);

	if (rc & ~e->rev->guest_r)
		e->rev->guest_r |= rc | KVMHV_GR_MODIFIED;
}

/* ---- taking a page away ---- */

/* Is the HPTE, whose lock was waited for, on the ring of @gfn? */
static bool maps_gfn(const struct held *e, gfn_t gfn)
{
	unsigned long r = e->rev->guest_r;

	return (e->v & HPTE_V_VALID) &&
	       kvmhv_hpte_gpa(r, kvmppc_actual_pgsz(e->v, r)) >> PAGE_SHIFT == gfn;
}

/*
 * The pages of HPTEs that were written through, whose C bits are no more.  Under
 * the lock of their rmap word, so that the dirty log finds them either here or there.
 */
static void mark_pages_dirty(struct kvm *kvm, const struct kvm_memory_slot *slot,
			     gfn_t gfn, unsigned long n)
{
	if (!kvm_slot_dirty_track_enabled(slot))
		return;
	while (n--)
		mark_page_dirty_in_slot(kvm, slot, gfn++);
}

/* Valid to absent, all of @b; returns how many pages from their first on are dirty */
static unsigned long batch_unmap(struct kvm *kvm, struct batch *b)
{
	unsigned long rc, dirty = 0;
	struct held *e;

	/*
	 * tlbie of the host's partition is nothing to a PPC970 in a guest's; there
	 * the caller has the guest's TLBs flushed.
	 */
	if (kvmhv_cpu->has_vrma)
		kvmhv_tlbie_hptes(kvm, b->rb, b->n);

	for (e = b->e; e < b->e + b->n; e++) {
		rc = hpte_rc(e->hpte);
		keep_rc(e, rc);
		if (rc & HPTE_R_C)
			dirty = max(dirty, hpte_pages(e));
		WRITE_ONCE(e->hpte[1], 0);
		unlock_hpte(e->hpte, (e->v & ~HPTE_V_VALID) | HPTE_V_ABSENT);
	}
	return dirty;
}

/**
 * kvmhv_ring_unmap - take a page away from the guest, or a part of its HPTEs
 * @kvm: the VM
 * @slot: the memslot of @gfn
 * @gfn: the page
 *
 * To be called until it returns false: then no HPTE of the page is valid, nor any
 * TLB entry, unless one was added in the meantime.  Always takes the rmap lock, even
 * if there is nothing to do: H_ENTER and the fault path look for
 * mmu_invalidate_retry() while they hold it.
 *
 * Context: process, perhaps with kvm->mmu_lock held.  Takes rmap and HPTE locks.
 * Return: is there more to do?
 */
bool kvmhv_ring_unmap(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	unsigned long *rmap = kvmhv_rmap_slot(slot, gfn), index;
	struct batch b;
	bool more;

	b.n = 0;
	preempt_disable();
	lock_rmap(rmap);
	while ((*rmap & KVMPPC_RMAP_PRESENT) && b.n < BATCH) {
		index = *rmap & KVMPPC_RMAP_INDEX;
		if (!batch_trylock(kvm, &b, index)) {
			if (b.n)
				break;
			unlock_rmap(rmap);
			batch_lock(kvm, &b, index);
			lock_rmap(rmap);
			if (!maps_gfn(batch_last(&b), gfn)) {
				batch_drop(&b);
				break;
			}
		}
		kvmhv_hide_hpte(batch_last(&b)->hpte, batch_last(&b)->v);
		kvmhv_rmap_del_locked(kvm, rmap, index);
	}
	if (b.n)
		mark_pages_dirty(kvm, slot, gfn, batch_unmap(kvm, &b));
	more = *rmap & KVMPPC_RMAP_PRESENT;
	unlock_rmap(rmap);
	preempt_enable();
	return more;
}

/* ---- has the guest touched a page? ---- */

/*
 * Clear R in a valid HPTE: only its byte is stored, so that a C which the
 * hardware sets at the same time is not lost.  batch_age() makes the next access
 * set R again.  ISA 2.07 Book III-S, 5.10.1.2, "Resetting the Reference Bit".
 */
static void clear_r(struct held *e)
{
	u8 *byte = (u8 *)&e->hpte[1] + 6;

	keep_rc(e, HPTE_R_R);
	WRITE_ONCE(*byte, *byte & ~(HPTE_R_R >> 8));
}

static void batch_age(struct kvm *kvm, struct batch *b)
{
	struct held *e;

	if (!b->n)
		return;
	kvmhv_tlbie_hptes(kvm, b->rb, b->n);
	for (e = b->e; e < b->e + b->n; e++)
		unlock_hpte(e->hpte, e->v);
	b->n = 0;
}

/**
 * kvmhv_ring_young - has the guest touched the page?
 * @kvm: the VM
 * @slot: the memslot of @gfn
 * @gfn: the page
 * @clear: ... and forget it
 * @budget: what it may cost: 1 for the page and for each HPTE, CLEAR_COST for an R bit
 *	to clear.  When it is 0 the page counts as touched.
 *
 * An HPTE that is busy counts as touched, and is left alone: its guest is at it
 * just now.
 *
 * Context: any but interrupts, kvm->mmu_lock held.  Takes rmap and HPTE locks.
 */
bool kvmhv_ring_young(struct kvm *kvm, const struct kvm_memory_slot *slot,
		      gfn_t gfn, bool clear, unsigned int *budget)
{
	unsigned long *rmap = kvmhv_rmap_slot(slot, gfn), head, i;
	bool young = false;
	struct batch b;

	if (*budget)
		--*budget;
	/* unlocked: what changes meanwhile is seen the next time */
	if (!(READ_ONCE(*rmap) & (KVMPPC_RMAP_PRESENT | KVMPPC_RMAP_REFERENCED)))
		return false;

	b.n = 0;
	preempt_disable();
	lock_rmap(rmap);
	if (*rmap & KVMPPC_RMAP_REFERENCED) {
		young = true;
		if (clear)
			*rmap &= ~KVMPPC_RMAP_REFERENCED;
	}
	if (!(*rmap & KVMPPC_RMAP_PRESENT) || (young && !clear))
		goto out;

	head = *rmap & KVMPPC_RMAP_INDEX;
	i = head;
	do {
		if (!*budget) {
			young = true;
			break;
		}
		--*budget;
		if (hpte_rc(kvmhv_hpte(&kvm->arch.hv.hpt, i)) & HPTE_R_R) {
			young = true;
			if (!clear)
				break;
			*budget -= min(*budget, CLEAR_COST);
			if (batch_trylock(kvm, &b, i))
				clear_r(batch_last(&b));
			if (b.n == BATCH)
				batch_age(kvm, &b);
		}
		i = kvm->arch.hv.hpt.rev[i].forw;
	} while (i != head);
	batch_age(kvm, &b);
out:
	unlock_rmap(rmap);
	preempt_enable();
	return young;
}

/* ---- dirty log ---- */

/**
 * struct harvest - one walk over a memslot for the dirty log
 * @kvm: the VM
 * @slot: the memslot
 * @map: its pages that the guest has written to: bits are set
 * @b: HPTEs that are hidden, of any pages
 */
struct harvest {
	struct kvm *kvm;
	const struct kvm_memory_slot *slot;
	unsigned long *map;
	struct batch b;
};

/* @n pages from @page on are to be taken for written to */
static void set_dirty(struct harvest *h, unsigned long page, unsigned long n)
{
	unsigned long end = min(page + n, h->slot->npages);

	for (; page < end; page++)
		__set_bit_le(page, h->map);
}

/* The pages of the largest HPTE that may be on the ring of @page */
static unsigned long most_pages(const struct harvest *h, unsigned long page)
{
	unsigned long gpa = (h->slot->base_gfn + page) << PAGE_SHIFT;

	if (!(gpa & (SZ_16M - 1)))
		return SZ_16M >> PAGE_SHIFT;
	if (!(gpa & (SZ_64K - 1)))
		return SZ_64K >> PAGE_SHIFT;
	return 1;
}

/*
 * The hardware may store C as late as the tlbie, so only now it is known whether the
 * guest has written by way of an HPTE.  If so, C is cleared and the HPTE stays
 * writable, for the guest may go on writing.  If not, it becomes read-only: until the
 * next write, which brings the fault path, the log need not invalidate it again.
 */
static void harvest_batch(struct harvest *h)
{
	struct batch *b = &h->b;
	struct held *e;
	unsigned long r;

	if (!b->n)
		return;
	kvmhv_tlbie_hptes(h->kvm, b->rb, b->n);
	for (e = b->e; e < b->e + b->n; e++) {
		r = kvmhv_hpte_load(&e->hpte[1]);
		keep_rc(e, r & (HPTE_R_R | HPTE_R_C));
		if (r & HPTE_R_C) {
			set_dirty(h, e->page, hpte_pages(e));
			r &= ~HPTE_R_C;
		} else {
			r = hpte_make_readonly(r);
		}
		kvmhv_show_hpte(e->hpte, e->v, r);
	}
	b->n = 0;
}

/* Does it tell of a write, or may it come to do so? */
static bool may_be_dirty(const __be64 *hpte)
{
	unsigned long r = kvmhv_hpte_load(&hpte[1]);

	return (r & HPTE_R_C) || kvmhv_writable(r);
}

/*
 * In the middle of a ring, at @index: let others have locks and CPU.  KVMHV_RMAP_WALK
 * says afterwards whether the ring is what it was.  If @wait the HPTE is locked and
 * in the batch afterwards.  @word is the locked rmap word, before and after.  Returns
 * false if the ring has changed.
 */
static noinline bool harvest_pause(struct harvest *h, unsigned long *rmap,
				   unsigned long *word, unsigned long index, bool wait)
{
	bool same;

	kvmhv_unlock_rmap(rmap, *word | KVMHV_RMAP_WALK);
	harvest_batch(h);
	preempt_enable();
	cond_resched();

	preempt_disable();
	if (wait)
		batch_lock(h->kvm, &h->b, index);
	*word = kvmhv_lock_rmap(rmap);
	same = *word & KVMHV_RMAP_WALK;
	*word &= ~KVMHV_RMAP_WALK;
	if (wait && !same)
		batch_drop(&h->b);
	return same;
}

/* Into the batch with an HPTE of @page, whose rmap lock is held; false as above */
static bool harvest_hpte(struct harvest *h, unsigned long *rmap, unsigned long *word,
			 unsigned long page, unsigned long index)
{
	struct batch *b = &h->b;
	struct held *e;

	if (b->n == BATCH)
		harvest_batch(h);
	if (!batch_trylock(h->kvm, b, index) &&
	    !harvest_pause(h, rmap, word, index, true))
		return false;
	e = batch_last(b);
	e->page = page;
	kvmhv_hide_hpte(e->hpte, e->v);
	return true;
}

/* Has the guest written to the page?  False if its ring has changed meanwhile. */
static bool harvest_ring(struct harvest *h, unsigned long *rmap, unsigned long *word,
			 unsigned long page)
{
	const struct kvm_hv_hpt *hpt = &h->kvm->arch.hv.hpt;
	unsigned long head = *word & KVMPPC_RMAP_INDEX, i = head;
	unsigned int steps = 0;

	do {
		if (may_be_dirty(kvmhv_hpte(hpt, i)) &&
		    !harvest_hpte(h, rmap, word, page, i))
			return false;
		if (++steps == MAX_STEPS) {
			if (!harvest_pause(h, rmap, word, i, false))
				return false;
			steps = 0;
		}
		i = hpt->rev[i].forw;
	} while (i != head);
	return true;
}

static void harvest_page(struct harvest *h, unsigned long page)
{
	unsigned long *rmap = kvmhv_rmap_page(h->slot, page), word;

	/*
	 * Not even locked: whatever was here before is in the bitmap by now.  The
	 * caller takes that by xchg(), a full barrier.
	 */
	if (!(READ_ONCE(*rmap) &
	      (KVMPPC_RMAP_PRESENT | KVMHV_RMAP_CHANGED |
	       BIT(KVMPPC_RMAP_LOCK_BIT))))
		return;

	word = kvmhv_lock_rmap(rmap);
	/*
	 * What has not been looked at keeps its C bits for the next call, and what
	 * was removed may have been written to.
	 */
	if ((word & KVMPPC_RMAP_PRESENT) && !harvest_ring(h, rmap, &word, page))
		set_dirty(h, page, most_pages(h, page));
	/* Then, for an hcall may have moved a C bit here during a pause */
	if (word & KVMHV_RMAP_CHANGED) {
		word &= ~KVMHV_RMAP_CHANGED;
		set_dirty(h, page, 1);
	}
	kvmhv_unlock_rmap(rmap, word);
}

/**
 * kvmhv_ring_harvest - which pages of a memslot has the guest written to?
 * @kvm: the VM
 * @slot: the memslot, of KVMHV_MEM_USER
 * @map: the caller's own, a bit for each page, little-endian; bits are set
 *
 * Since the last call, by way of HPTEs.  C bits of those that are no more, with some
 * the memslot's own bitmap has.  A page whose ring changes while the walk has given its
 * lock up counts as written to.
 *
 * Context: process, kvm->slots_lock and kvm->srcu held.  Takes rmap and HPTE locks.
 * Return: 0, or -EINTR for a fatal signal.
 */
int kvmhv_ring_harvest(struct kvm *kvm, const struct kvm_memory_slot *slot,
		       unsigned long *map)
{
	struct harvest h;
	unsigned long i, end;

	h.kvm = kvm;
	h.slot = slot;
	h.map = map;
	h.b.n = 0;

	for (i = 0; i < slot->npages; ) {
		end = min(i + MAX_PAGES, slot->npages);
		preempt_disable();
		for (; i < end; i++)
			harvest_page(&h, i);
		harvest_batch(&h);
		preempt_enable();
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}
