// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM for Book3S: hcalls on the guest's hash table.
 *
 * Real-mode code.  Runs with the MMU off and interrupts hard-disabled, on the
 * hardware thread of a vcpu that has left its guest for a moment; what is not
 * named _rm_ may also be called by the module with the MMU on, interrupts
 * hard-disabled and preemption off.
 *
 * May touch: the linear mapping (struct kvm, vcpus, memslots, HPT, host page
 * tables, vmlinux text and data, this stack).
 * Forbidden: vmalloc and user addresses, module text and data, printk,
 * tracing, anything that may fault or sleep, locks whose holders may sleep or
 * be preempted, entering RCU read sections (the vcpu holds kvm->srcu).
 *
 * Each hcall checks what the guest said first, then takes locks and commits
 * on a path that cannot fail.  States and locks of HPTEs: book3s_hv_hpte.h.
 */
#include <linux/export.h>
#include <linux/sizes.h>
#include <asm/hvcall.h>

#include "book3s_hv_page.h"
#include "book3s_hv_rmap.h"

#define HPTES_PER_PTEG		8

/* B, and LP where L is set (ISA 2.06) */
#define HPTE_V_SSIZE_MASK	(3UL << HPTE_V_SSIZE_SHIFT)
#define HPTE_R_LP		0xff000UL

/* H_PROTECT flags: where the PTE's bits are (PAPR, "Page Protection") */
#define PROT_PP0_SHIFT		55
#define PROT_KEY_HI_SHIFT	48
#define PROT_MASK		(HPTE_R_PP0 | HPTE_R_PP | HPTE_R_N | HPTE_R_KEY)

/* Bits in r4, r6, r8, r10 of H_BULK_REMOVE (PAPR, "H_BULK_REMOVE") */
#define BULK_TYPE		(3UL << 62)
#define BULK_REQUEST		BIT(62)
#define BULK_RESPONSE		BIT(63)
#define BULK_END		(3UL << 62)
#define BULK_NOT_FOUND		BIT(60)
#define BULK_PARAMETER		BIT(61)
#define BULK_RC_SHIFT		51
#define BULK_FLAGS		(3UL << 56)
#define BULK_AVPN		BIT(57)
#define BULK_ANDCOND		BIT(56)
#define BULK_INDEX		(BIT(56) - 1)
#define BULK_MAX		4

/* PAPR: the code says which bit of the flags was not understood */
#define H_UNSUPPORTED_FLAG(flag)	\
	(H_UNSUPPORTED_FLAG_START - (63 - (long)__ilog2_u64(flag)))

/* The number of HPTEs is a power of two: a mask bounds guesses, too */
static __always_inline bool index_ok(const struct kvm_hv_hpt *hpt,
				     unsigned long *index)
{
	unsigned long mask = hpt->mask;

	if (*index > mask)
		return false;
	OPTIMIZER_HIDE_VAR(mask);	/* lest it finds that nothing changes */
	*index &= mask;
	return true;
}

/* What H_ENTER is going to put into the HPT */
struct new_hpte {
	unsigned long v;		/* state bits included */
	unsigned long real_r;		/* second doubleword */
	unsigned long guest_r;		/* for rev.guest_r */
	unsigned long *rmap;		/* NULL if there is no host page */
	unsigned long mmu_seq;		/* if there is */
	bool fixed;			/* ... and it cannot be invalidated */
};

static __always_inline void make_absent(struct new_hpte *new,
					unsigned long real_r)
{
	new->v = (new->v & ~HPTE_V_VALID) | HPTE_V_ABSENT;
	new->real_r = real_r;
	new->rmap = NULL;
}

/* page_size_of() by ISA 2.01: no B; L says 16M, and then the LP bits are the RPN's */
static noinline unsigned long page_size_201(unsigned long v, unsigned long r)
{
	if (v & HPTE_V_SSIZE_MASK)
		return 0;
	if (!(v & HPTE_V_LARGE))
		return SZ_4K;
	return r & HPTE_R_LP ? 0 : SZ_16M;
}

/* Size of the page that H_ENTER is asked for; 0 if there is no such thing */
static __always_inline unsigned long page_size_of(unsigned long v,
						  unsigned long r)
{
	unsigned int shifts;

	if (unlikely(!cpu_has_feature(CPU_FTR_ARCH_206)))
		return page_size_201(v, r);
	if (v & (2UL << HPTE_V_SSIZE_SHIFT))	/* reserved segment size */
		return 0;
	shifts = kvmppc_hpte_page_shifts(v, r);
	if (shifts == 0 || shifts == 34)	/* no such page, or 16G */
		return 0;
	return 1UL << (shifts > 0xff ? shifts >> 8 : shifts);
}

/*
 * Check the second doubleword and find the host page.  Returns H_SUCCESS also
 * for pages that the guest may map but that are not there now.
 */
static __always_inline long prepare(struct kvm *kvm, unsigned long psize,
				    unsigned long r, struct new_hpte *new)
{
	const struct kvm_memory_slot *slot;
	unsigned long gpa = kvmhv_hpte_gpa(r, psize);
	enum kvmhv_memory where;
	struct host_page hp = { };

	/* The host PTE after new->mmu_seq; pairs with kvm_mmu_invalidate_end() */
	smp_rmb();

	slot = kvmhv_rm_gfn_to_slot(kvm, gpa >> PAGE_SHIFT);
	where = find_page(kvm, slot, gpa, psize, kvmhv_writable(r), &hp);
	if (unlikely(where > KVMHV_MEM_PINNED)) {
		if (where == KVMHV_MEM_MISFIT || !kvmhv_cpu->has_vrma)
			return H_PARAMETER;
		make_absent(new, where == KVMHV_MEM_NONE ? KVMHV_HPTE_R_MMIO : 0);
		return H_SUCCESS;
	}

	new->real_r = kvmhv_real_r(r, psize, hp.pa, hp.ci, hp.writable);
	if (!new->real_r)
		return H_PARAMETER;
	new->rmap = kvmhv_rmap_page(slot, hp.nr);
	new->fixed = hp.fixed;
	return H_SUCCESS;
}

/*
 * Lock an empty HPTE: this one, or any of the eight in its group.  One that
 * is empty and locked is waited for, since the holder of its lock may only be reading.
 */
static __always_inline __be64 *claim_hpte(const struct kvm_hv_hpt *hpt,
					  unsigned long *index, bool exact)
{
	__be64 *hpte;
	unsigned int i, n = 1;

	if (!exact) {
		*index &= ~(HPTES_PER_PTEG - 1UL);
		n = HPTES_PER_PTEG;
	}
	hpte = kvmhv_hpte(hpt, *index);
	for (i = 0; i < n; i++, hpte += 2) {
		if (READ_ONCE(hpte[0]) & cpu_to_be64(KVMHV_HPTE_V_USED))
			continue;
		if (!(kvmhv_lock_hpte(hpte) & KVMHV_HPTE_V_USED)) {
			*index += i;
			return hpte;
		}
		__unlock_hpte(hpte, kvmhv_hpte_load(&hpte[0]));
	}
	return NULL;
}

/* See kvmhv_hpt_insert(); a page of @psize bytes */
static __always_inline long insert_page(struct kvm *kvm, unsigned long psize,
					unsigned long flags, unsigned long index,
					unsigned long v, unsigned long r,
					unsigned long *used)
{
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	struct new_hpte new = {
		.v = (v & ~KVMHV_HPTE_V_OURS) | HPTE_V_VALID,
		.guest_r = r | KVMHV_GR_MODIFIED,
		.mmu_seq = READ_ONCE(kvm->mmu_invalidate_seq),
	};
	unsigned long word;
	__be64 *hpte;
	long ret;

	if (unlikely(flags & (H_ZERO_PAGE | H_COPY_PAGE)))
		return H_UNSUPPORTED_FLAG(flags & H_ZERO_PAGE ? H_ZERO_PAGE :
								H_COPY_PAGE);
	if (!index_ok(hpt, &index))
		return H_PARAMETER;
	ret = prepare(kvm, psize, r, &new);
	if (ret != H_SUCCESS)
		return ret;

	hpte = claim_hpte(hpt, &index, flags & H_EXACT);
	if (!hpte)
		return H_PTEG_FULL;

	hpt->rev[index].guest_r = new.guest_r;
	*used = index;
	if (new.rmap) {
		word = kvmhv_lock_rmap(new.rmap);
		if (likely(new.fixed || !mmu_invalidate_retry(kvm, new.mmu_seq))) {
			word = kvmhv_ring_add(hpt->rev, word, index);
			kvmhv_unlock_rmap(new.rmap, word);
			kvmhv_show_hpte(hpte, new.v, new.real_r);
			return H_SUCCESS;
		}
		kvmhv_unlock_rmap(new.rmap, word);
		make_absent(&new, 0);
	}
	hpte[1] = cpu_to_be64(new.real_r);
	unlock_hpte(hpte, new.v);
	return H_SUCCESS;
}

static noinline long insert_large(struct kvm *kvm, unsigned long psize,
				  unsigned long flags, unsigned long index,
				  unsigned long v, unsigned long r,
				  unsigned long *used)
{
	return insert_page(kvm, psize, flags, index, v, r, used);
}

/* Pages of 4K, which most are, need the least: for them it is made separately */
static __always_inline long insert(struct kvm *kvm, unsigned long flags,
				   unsigned long index, unsigned long v,
				   unsigned long r, unsigned long *used)
{
	unsigned long psize = page_size_of(v, r);

	if (unlikely(!psize))
		return H_PARAMETER;
	if (likely(psize == SZ_4K))
		return insert_page(kvm, SZ_4K, flags, index, v, r, used);
	return insert_large(kvm, psize, flags, index, v, r, used);
}

/**
 * kvmhv_hpt_insert - make a new entry in a guest's hash table
 * @kvm: the VM
 * @flags: H_EXACT or 0; others are hints, or refused
 * @index: the HPTE, or any of the group to look for an empty one in
 * @v: first doubleword, as the guest wants it
 * @r: second doubleword, as the guest wants it
 * @used: the index used, on success
 *
 * MMU on or off; interrupts hard-disabled, kvm->srcu held.  PAPR, H_ENTER.
 * A page that is in memory and large enough is mapped at once, writable only
 * if the host PTE is; anything else becomes an absent HPTE.
 *
 * Return: H_SUCCESS, H_PTEG_FULL, H_PARAMETER (index, page or segment size,
 * large page beyond its memslot or not aligned in it, caching), or the code
 * for an unsupported flag: H_ZERO_PAGE and H_COPY_PAGE would need the page.
 */
long kvmhv_hpt_insert(struct kvm *kvm, unsigned long flags, unsigned long index,
		      unsigned long v, unsigned long r, unsigned long *used)
{
	return insert(kvm, flags, index, v, r, used);
}
EXPORT_SYMBOL_GPL(kvmhv_hpt_insert);

/**
 * kvmhv_rm_h_enter - H_ENTER
 * @vcpu: the caller
 * @flags: r4
 * @index: r5
 * @v: r6
 * @r: r7
 *
 * MMU off.  Result in r4: index of the HPTE.
 *
 * Return: as kvmhv_hpt_insert().
 */
long kvmhv_rm_h_enter(struct kvm_vcpu *vcpu, unsigned long flags,
		      unsigned long index, unsigned long v, unsigned long r)
{
	return insert(vcpu->kvm, flags, index, v, r, &vcpu->arch.regs.gpr[4]);
}

/* May the guest go on with the HPTE it named?  @v as kvmhv_guest_v() says. */
static inline bool condition_ok(unsigned long v, unsigned long flags,
				unsigned long avpn)
{
	if (!(v & HPTE_V_VALID))
		return false;
	if ((flags & H_AVPN) && ((v ^ avpn) & ~0x7fUL))
		return false;
	return !(flags & H_ANDCOND) || !(v & avpn);
}

/*
 * Last step of a removal, after invalidation if the HPTE was valid: harvest,
 * empty, unlock.  Returns the guest's view of the second doubleword.
 */
static __always_inline unsigned long
finish_remove(struct kvm *kvm, struct kvm_hv_rev *rev, __be64 *hpte,
	      unsigned long index, unsigned long v, unsigned long guest_r)
{
	unsigned long rc;

	if (v & HPTE_V_VALID) {
		rc = kvmhv_hpte_load(&hpte[1]) & (HPTE_R_R | HPTE_R_C);
		kvmhv_harvest(kvm, v, guest_r, index, rc, true);
		guest_r |= rc;
	}
	rev->guest_r = KVMHV_GR_MODIFIED;
	hpte[1] = 0;
	unlock_hpte(hpte, 0);
	return guest_r & ~KVMHV_GR_MODIFIED;
}

/*
 * @in_guest: LPIDR is the guest's, kvmhv_rm_tlbie() may be used.  A constant
 * wherever this is called, so no test is left of it.
 */
static __always_inline long remove_one(struct kvm *kvm, unsigned long flags,
				       unsigned long index, unsigned long avpn,
				       unsigned long *old_v,
				       unsigned long *old_r, bool in_guest)
{
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	unsigned long v, guest_r;
	struct kvm_hv_rev *rev;
	__be64 *hpte;

	if (!index_ok(hpt, &index))
		return H_PARAMETER;
	hpte = kvmhv_hpte(hpt, index);
	v = kvmhv_lock_hpte(hpte);
	if (!condition_ok(kvmhv_guest_v(v), flags, avpn)) {
		__unlock_hpte(hpte, v);
		return H_NOT_FOUND;
	}

	rev = &hpt->rev[index];
	guest_r = rev->guest_r;
	if (v & HPTE_V_VALID) {
		kvmhv_hide_hpte(hpte, v);
		if (in_guest)
			kvmhv_rm_tlbie_one(kvm, kvmhv_tlbie_rb(v, guest_r, index));
		else
			kvmhv_tlbie_hpte(kvm, v, guest_r, index);
	}
	*old_r = finish_remove(kvm, rev, hpte, index, v, guest_r);
	*old_v = kvmhv_guest_v(v);
	return H_SUCCESS;
}

/**
 * kvmhv_hpt_remove - empty an entry of a guest's hash table
 * @kvm: the VM
 * @flags: H_AVPN, H_ANDCOND or 0
 * @index: the HPTE
 * @avpn: what to compare with
 * @old_v: first doubleword as the guest knew it, on success
 * @old_r: second doubleword as the guest knew it, on success
 *
 * MMU on or off, any LPIDR; preemption off, kvm->srcu held.  PAPR, H_REMOVE.
 *
 * Return: H_SUCCESS, H_PARAMETER (index), H_NOT_FOUND.
 */
long kvmhv_hpt_remove(struct kvm *kvm, unsigned long flags, unsigned long index,
		      unsigned long avpn, unsigned long *old_v,
		      unsigned long *old_r)
{
	return remove_one(kvm, flags, index, avpn, old_v, old_r, false);
}
EXPORT_SYMBOL_GPL(kvmhv_hpt_remove);

/**
 * kvmhv_rm_h_remove - H_REMOVE
 * @vcpu: the caller
 * @flags: r4: H_AVPN, H_ANDCOND
 * @index: r5
 * @avpn: r6
 *
 * MMU off.  Results in r4 and r5: both doublewords.
 *
 * Return: H_SUCCESS, H_PARAMETER (index), H_NOT_FOUND.
 */
long kvmhv_rm_h_remove(struct kvm_vcpu *vcpu, unsigned long flags,
		       unsigned long index, unsigned long avpn)
{
	return remove_one(vcpu->kvm, flags, index, avpn,
			  &vcpu->arch.regs.gpr[4], &vcpu->arch.regs.gpr[5],
			  true);
}

/* HPTEs of one H_BULK_REMOVE that are hidden and locked, not yet emptied */
struct bulk {
	unsigned int n;
	struct {
		__be64 *hpte;
		unsigned long index;
		unsigned long v;
		unsigned long *arg;
	} e[BULK_MAX];
	unsigned long rb[BULK_MAX];
};

static void bulk_finish(struct kvm *kvm, struct bulk *b)
{
	struct kvm_hv_rev *rev;
	unsigned long r;
	unsigned int i;

	if (!b->n)
		return;
	kvmhv_rm_tlbie(kvm, b->rb, b->n);
	for (i = 0; i < b->n; i++) {
		rev = &kvm->arch.hv.hpt.rev[b->e[i].index];
		r = finish_remove(kvm, rev, b->e[i].hpte, b->e[i].index,
				  b->e[i].v, rev->guest_r);
		*b->e[i].arg |= (r & (HPTE_R_R | HPTE_R_C)) << BULK_RC_SHIFT;
	}
	b->n = 0;
}

/* One request; returns false if it makes no sense, the call ends there */
static bool bulk_one(struct kvm *kvm, struct bulk *b, unsigned long *arg)
{
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	unsigned long index = arg[0] & BULK_INDEX;
	unsigned long req = arg[0];
	unsigned long v, flags = 0;
	__be64 *hpte;

	arg[0] = BULK_RESPONSE | (req & (BULK_FLAGS | BULK_INDEX));
	if ((req & BULK_TYPE) != BULK_REQUEST ||
	    (req & BULK_FLAGS) == BULK_FLAGS || !index_ok(hpt, &index)) {
		arg[0] |= BULK_PARAMETER;
		return false;
	}
	if (req & BULK_AVPN)
		flags = H_AVPN;
	else if (req & BULK_ANDCOND)
		flags = H_ANDCOND;

	/* Never wait while holding the lock of another HPTE */
	hpte = kvmhv_hpte(hpt, index);
	if (try_lock_hpte(hpte, HPTE_V_HVLOCK)) {
		v = kvmhv_hpte_load(&hpte[0]) & ~HPTE_V_HVLOCK;
	} else {
		bulk_finish(kvm, b);
		v = kvmhv_lock_hpte(hpte);
	}

	if (!condition_ok(kvmhv_guest_v(v), flags, arg[1])) {
		__unlock_hpte(hpte, v);
		arg[0] |= BULK_NOT_FOUND;
	} else if (v & HPTE_V_VALID) {
		kvmhv_hide_hpte(hpte, v);
		b->rb[b->n] = kvmhv_tlbie_rb(v, hpt->rev[index].guest_r,
					     index);
		b->e[b->n].hpte = hpte;
		b->e[b->n].index = index;
		b->e[b->n].v = v;
		b->e[b->n].arg = arg;
		b->n++;
	} else {
		struct kvm_hv_rev *rev = &hpt->rev[index];
		unsigned long r = finish_remove(kvm, rev, hpte, index, v,
						rev->guest_r);

		arg[0] |= (r & (HPTE_R_R | HPTE_R_C)) << BULK_RC_SHIFT;
	}
	return true;
}

/**
 * kvmhv_rm_h_bulk_remove - H_BULK_REMOVE
 * @vcpu: the caller; up to four pairs in r4 to r11
 *
 * MMU off.  The first of each pair becomes a response.  All valid HPTEs of a
 * call share one synchronisation.
 *
 * Return: H_SUCCESS, also if some were not found; H_PARAMETER at the first
 * request that makes no sense (type, flags, index), which says so as well.
 */
long kvmhv_rm_h_bulk_remove(struct kvm_vcpu *vcpu)
{
	unsigned long *arg = &vcpu->arch.regs.gpr[4];
	struct bulk b;
	long ret = H_SUCCESS;
	int i;

	b.n = 0;
	for (i = 0; i < BULK_MAX; i++, arg += 2) {
		if ((arg[0] & BULK_TYPE) == BULK_END)
			break;
		if (!bulk_one(vcpu->kvm, &b, arg)) {
			ret = H_PARAMETER;
			break;
		}
	}
	bulk_finish(vcpu->kvm, &b);
	return ret;
}

/*
 * May this valid, locked HPTE become writable?  As long as it is valid and
 * locked, no invalidation of its page has ended, so the host PTE is still
 * what the notifier is asked to remove, and a write to it still counts.
 */
static noinline bool writable_now(struct kvm *kvm, unsigned long v,
				  unsigned long guest_r, unsigned long real_r)
{
	unsigned long psize = kvmppc_actual_pgsz(v, guest_r);
	unsigned long gpa = kvmhv_hpte_gpa(guest_r, psize);
	const struct kvm_memory_slot *slot =
		kvmhv_rm_gfn_to_slot(kvm, gpa >> PAGE_SHIFT);
	struct host_page hp;

	return find_page(kvm, slot, gpa, psize, true, &hp) <= KVMHV_MEM_PINNED &&
	       hp.writable && hp.pa == kvmhv_hpte_gpa(real_r, psize);
}

/**
 * kvmhv_rm_h_protect - H_PROTECT
 * @vcpu: the caller
 * @flags: r4: H_AVPN, new protection and key
 * @index: r5
 * @avpn: r6
 *
 * MMU off.  A page that the host has mapped read-only stays so in the
 * hardware's view; the guest's first write brings the fault path.
 *
 * Return: H_SUCCESS, H_PARAMETER (index), H_NOT_FOUND.
 */
long kvmhv_rm_h_protect(struct kvm_vcpu *vcpu, unsigned long flags,
			unsigned long index, unsigned long avpn)
{
	struct kvm *kvm = vcpu->kvm;
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	unsigned long v, r, new_r, guest_r, prot, rb;
	struct kvm_hv_rev *rev;
	__be64 *hpte;

	if (!index_ok(hpt, &index))
		return H_PARAMETER;
	prot = (flags << PROT_PP0_SHIFT) & HPTE_R_PP0;
	prot |= (flags << PROT_KEY_HI_SHIFT) & HPTE_R_KEY_HI;
	prot |= flags & (HPTE_R_PP | HPTE_R_N | HPTE_R_KEY_LO);

	hpte = kvmhv_hpte(hpt, index);
	v = kvmhv_lock_hpte(hpte);
	if (!condition_ok(kvmhv_guest_v(v), flags & H_AVPN, avpn)) {
		__unlock_hpte(hpte, v);
		return H_NOT_FOUND;
	}

	rev = &hpt->rev[index];
	guest_r = (rev->guest_r & ~PROT_MASK) | prot | KVMHV_GR_MODIFIED;
	rev->guest_r = guest_r;
	if (!(v & HPTE_V_VALID)) {
		unlock_hpte(hpte, v);
		return H_SUCCESS;
	}

	r = kvmhv_hpte_load(&hpte[1]);
	new_r = (r & ~PROT_MASK) | prot;
	if (hpte_is_writable(new_r) && !hpte_is_writable(r) &&
	    !writable_now(kvm, v, guest_r, r))
		new_r = hpte_make_readonly(new_r);
	if (!((new_r ^ r) & PROT_MASK)) {
		unlock_hpte(hpte, v);
		return H_SUCCESS;
	}

	kvmhv_hide_hpte(hpte, v);
	rb = kvmhv_tlbie_rb(v, guest_r, index);
	kvmhv_rm_tlbie_one(kvm, rb);
	/* R and C may have been set until now */
	new_r |= kvmhv_hpte_load(&hpte[1]) & (HPTE_R_R | HPTE_R_C);
	kvmhv_show_hpte(hpte, v, new_r);
	return H_SUCCESS;
}

/*
 * An HPTE as the guest knows it, from its three words.  R and C are in the hardware's
 * only if it is valid, and an empty one's other words are 0 but for our mark.
 */
static inline void put_read(unsigned long *out, unsigned long v,
			    unsigned long r, unsigned long guest_r)
{
	out[0] = kvmhv_guest_v(v);
	out[1] = (guest_r & ~KVMHV_GR_MODIFIED) | (r & (HPTE_R_R | HPTE_R_C));
}

/*
 * An HPTE changes under its lock only: one that is unlocked, and the same before and
 * after the hardware's R and C were read, has had them.  False if it is not.
 */
static inline bool read_unlocked(const struct kvm_hv_hpt *hpt,
				 unsigned long index, unsigned long *out)
{
	const __be64 *hpte = kvmhv_hpte(hpt, index);
	const unsigned long *rev = &hpt->rev[index].guest_r;
	unsigned long v, r, guest_r;

	v = kvmhv_hpte_load(&hpte[0]);
	guest_r = READ_ONCE(*rev);
	smp_rmb();	/* these two before the hardware's word */
	r = kvmhv_hpte_load(&hpte[1]);
	smp_rmb();	/* and that before they are read again */
	if (unlikely(v & HPTE_V_HVLOCK || kvmhv_hpte_load(&hpte[0]) != v ||
		     READ_ONCE(*rev) != guest_r))
		return false;
	put_read(out, v, r, guest_r);
	return true;
}

static noinline long read_locked(const struct kvm_hv_hpt *hpt,
				 unsigned long index, unsigned int n,
				 unsigned long *out)
{
	unsigned long v;
	__be64 *hpte;

	for (; n; n--, index++, out += 2) {
		hpte = kvmhv_hpte(hpt, index);
		v = kvmhv_lock_hpte(hpte);
		put_read(out, v, kvmhv_hpte_load(&hpte[1]), hpt->rev[index].guest_r);
		unlock_hpte(hpte, v);
	}
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_read - H_READ
 * @vcpu: the caller
 * @flags: r4: H_READ_4 for four HPTEs, the first at a multiple of four
 * @index: r5
 *
 * MMU off.  Results in r4 and r5, or r4 to r11.  H_R_XLATE changes nothing:
 * the logical page number is always there.
 *
 * Return: H_SUCCESS, H_PARAMETER (index).
 */
long kvmhv_rm_h_read(struct kvm_vcpu *vcpu, unsigned long flags,
		     unsigned long index)
{
	const struct kvm_hv_hpt *hpt = &vcpu->kvm->arch.hv.hpt;
	unsigned long *out = &vcpu->arch.regs.gpr[4];
	unsigned int i, n = 1;

	if (!index_ok(hpt, &index))
		return H_PARAMETER;
	if (flags & H_READ_4) {
		index &= ~3UL;
		n = 4;
	}
	for (i = 0; i < n; i++)
		if (!read_unlocked(hpt, index + i, out + 2 * i))
			return read_locked(hpt, index, n, out);
	return H_SUCCESS;
}

/*
 * Clear R or C.  The hardware may store them as late as the invalidation: so that
 * comes first, except where a guest cannot have written.  Then the answer is exact, and the
 * next access sets the bit again.  What the host wants to know goes to the rmap word.
 */
static __always_inline long clear_bit_of_r(struct kvm_vcpu *vcpu,
					   unsigned long index,
					   unsigned long bit)
{
	struct kvm *kvm = vcpu->kvm;
	const struct kvm_hv_hpt *hpt = &kvm->arch.hv.hpt;
	unsigned long v, r, rb, guest_r;
	struct kvm_hv_rev *rev;
	__be64 *hpte;

	if (!index_ok(hpt, &index))
		return H_PARAMETER;
	hpte = kvmhv_hpte(hpt, index);
	v = kvmhv_lock_hpte(hpte);
	if (!(v & KVMHV_HPTE_V_USED)) {
		__unlock_hpte(hpte, v);
		return H_NOT_FOUND;
	}

	rev = &hpt->rev[index];
	guest_r = rev->guest_r & ~KVMHV_GR_MODIFIED;
	if (guest_r & bit)
		rev->guest_r = (guest_r & ~bit) | KVMHV_GR_MODIFIED;

	r = v & HPTE_V_VALID ? kvmhv_hpte_load(&hpte[1]) : 0;
	if (!(v & HPTE_V_VALID) ||
	    (bit == HPTE_R_C && !(r & bit) && !kvmhv_writable(r))) {
		unlock_hpte(hpte, v);
		goto out;
	}

	kvmhv_hide_hpte(hpte, v);
	rb = kvmhv_tlbie_rb(v, guest_r, index);
	kvmhv_rm_tlbie_one(kvm, rb);
	r = kvmhv_hpte_load(&hpte[1]);
	if (r & bit) {
		kvmhv_rmap_note_rc(kvm, v, guest_r, bit);
		rev->guest_r |= KVMHV_GR_MODIFIED;
	}
	kvmhv_show_hpte(hpte, v, r & ~bit);
out:
	vcpu->arch.regs.gpr[4] = guest_r | (r & (HPTE_R_R | HPTE_R_C));
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_clear_ref - H_CLEAR_REF
 * @vcpu: the caller
 * @flags: r4: none defined
 * @index: r5
 *
 * MMU off.  Result in r4: the second doubleword before.
 *
 * Return: H_SUCCESS, H_PARAMETER (index), H_NOT_FOUND.
 */
long kvmhv_rm_h_clear_ref(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long index)
{
	return clear_bit_of_r(vcpu, index, HPTE_R_R);
}

/**
 * kvmhv_rm_h_clear_mod - H_CLEAR_MOD
 * @vcpu: the caller
 * @flags: r4: none defined
 * @index: r5
 *
 * MMU off.  Result in r4: the second doubleword before.
 *
 * Return: H_SUCCESS, H_PARAMETER (index), H_NOT_FOUND.
 */
long kvmhv_rm_h_clear_mod(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long index)
{
	return clear_bit_of_r(vcpu, index, HPTE_R_C);
}

/**
 * kvmhv_rm_lock_page - read a page of the guest for a moment
 * @kvm: the VM
 * @gpa: guest real address
 * @rmap: rmap word of the page, locked on success
 *
 * MMU on or off; interrupts hard-disabled, kvm->srcu held.  A notifier takes
 * the lock of every page that it was asked to unmap, so until unlock_rmap()
 * the host cannot get past it, and the page stays where it is.
 *
 * Return: where @gpa is in the linear mapping, or NULL if it is no memory, the
 * host maps it caching-inhibited, or has not got it at hand.
 */
const void *kvmhv_rm_lock_page(struct kvm *kvm, unsigned long gpa,
			       unsigned long **rmap)
{
	unsigned long seq = READ_ONCE(kvm->mmu_invalidate_seq);
	const struct kvm_memory_slot *slot;
	struct host_page hp;

	/* The host PTE after that; pairs with kvm_mmu_invalidate_end() */
	smp_rmb();

	slot = kvmhv_rm_gfn_to_slot(kvm, gpa >> PAGE_SHIFT);
	if (find_page(kvm, slot, gpa, 1, false, &hp) > KVMHV_MEM_PINNED || hp.ci)
		return NULL;

	*rmap = kvmhv_rmap_page(slot, hp.nr);
	lock_rmap(*rmap);
	if (!hp.fixed && mmu_invalidate_retry(kvm, seq)) {
		unlock_rmap(*rmap);
		return NULL;
	}
	return __va(hp.pa);
}
