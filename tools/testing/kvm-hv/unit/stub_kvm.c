// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic KVM as Linux 6.1 has it: memslots and how they are changed, dirty
 * bitmaps, guest pages of user space's memory, MMU notifiers; and what the
 * module's files call that are not under test.
 */
#include <linux/sizes.h>
#include "unit.h"
#include "stub_mm.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"
#include <asm/kvm_hv_thread.h>

struct kvm_stub kvm_stub;

static struct kvmhv_thread thread;
static struct kvm_hv_vcore vcore;
static struct kvm_run run[STUB_VCPUS];
static int mmu_notifiers;	/* began, and not ended */

void stub_warn(const char *why)
{
	fail("WARN: %s", why);
}

/* HPT */
unsigned long hpt_hash(unsigned long vpn, unsigned int shift, int ssize)
{
	unsigned int bits = (ssize == MMU_SEGSIZE_1T ? SID_SHIFT_1T : SID_SHIFT) - VPN_SHIFT;
	unsigned long vsid = vpn >> bits, page = (vpn & (BIT(bits) - 1)) >> (shift - VPN_SHIFT);

	if (ssize == MMU_SEGSIZE_1T)
		vsid ^= vsid << 25;
	return (vsid ^ page) & 0x7fffffffffUL;
}

unsigned long slb_pgsize_encoding(unsigned long psize)
{
	if (psize == SZ_4K)
		return 0;
	return SLB_VSID_L | (psize == SZ_64K ? SLB_VSID_LP_01 : 0);
}

int kvmppc_pgsize_lp_encoding(int base, int actual)
{
	unsigned int i;

	for (i = 0; i < NR_PAGE_SIZES; i++)
		if (page_sizes[i].base == base && page_sizes[i].actual == actual)
			return page_sizes[i].lp >> 12;
	return -1;
}

unsigned int kvmppc_hpte_actual_page_shift(unsigned long v, unsigned long r)
{
	return __builtin_ctzl(kvmppc_actual_pgsz(v, r));
}

/* Memslots */
struct kvm_memory_slot *id_to_memslot(struct kvm_memslots *slots, int id)
{
	unsigned int i;

	for (i = 0; i < slots->n; i++)
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	return NULL;
}

unsigned long kvm_dirty_bitmap_bytes(const struct kvm_memory_slot *slot)
{
	return BITS_TO_LONGS(slot->npages) * sizeof(long);
}

unsigned long *kvm_second_dirty_bitmap(const struct kvm_memory_slot *slot)
{
	return slot->dirty_bitmap + BITS_TO_LONGS(slot->npages);
}

static void mark_dirty(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	if (!slot || !slot->dirty_bitmap)
		return;
	check(gfn >= slot->base_gfn && gfn - slot->base_gfn < slot->npages);
	set_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap);
}

/* What C bits tell */
void mark_page_dirty_in_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	check(kvm_slot_dirty_track_enabled(slot));
	if (!held_rank(RANK_RMAP))
		fail("%s() without the rmap lock", __func__);
	mark_dirty(slot, gfn);
}

void mark_page_dirty(struct kvm *kvm, gfn_t gfn)
{
	check(srcu_held());
	mark_dirty(gfn_to_memslot(kvm, gfn), gfn);
}

/* The set of memslots with @old, if not NULL, replaced by @new, if not NULL */
static void publish(struct kvm *kvm, const struct kvm_memory_slot *old,
		    struct kvm_memory_slot *new)
{
	struct kvm_memslots *now = kvm->memslots[0], *next = calloc(1, sizeof(*next));
	unsigned int i;

	for (i = 0; i < now->n; i++)
		if (now->slot[i] != old)
			next->slot[next->n++] = now->slot[i];
	if (new)
		next->slot[next->n++] = new;

	spin_lock(&kvm->mn_invalidate_lock);
	while (kvm->mn_active_invalidate_count) {
		spin_unlock(&kvm->mn_invalidate_lock);
		wait_for(&kvm->mn_active_invalidate_count);
		spin_lock(&kvm->mn_invalidate_lock);
	}
	WRITE_ONCE(kvm->memslots[0], next);
	spin_unlock(&kvm->mn_invalidate_lock);
	mutex_unlock(&kvm->slots_arch_lock);
	synchronize_srcu_expedited(&kvm->srcu);
	free(now);
}

static struct kvm_memory_slot *copy_slot(const struct kvm_memory_slot *slot)
{
	struct kvm_memory_slot *copy = malloc(sizeof(*copy));

	*copy = *slot;
	return copy;
}

static int prepare(struct kvm *kvm, const struct kvm_memory_slot *old,
		   struct kvm_memory_slot *new, enum kvm_mr_change change)
{
	int ret;

	if (new) {
		if (!(new->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
			new->dirty_bitmap = NULL;
		} else if (old && old->dirty_bitmap) {
			new->dirty_bitmap = old->dirty_bitmap;
		} else {
			new->dirty_bitmap = kcalloc(2, kvm_dirty_bitmap_bytes(new), 0);
			if (!new->dirty_bitmap)
				return -ENOMEM;
		}
	}
	ret = kvmhv_prepare_memory_region(kvm, old, new, change);
	if (ret && new && new->dirty_bitmap && (!old || !old->dirty_bitmap))
		kfree(new->dirty_bitmap);
	return ret;
}

static int change_slot(struct kvm *kvm, struct kvm_memory_slot *old, struct kvm_memory_slot *new,
		       enum kvm_mr_change change)
{
	bool away = change == KVM_MR_DELETE || change == KVM_MR_MOVE;
	struct kvm_memory_slot *invalid = NULL;
	int ret;

	mutex_lock(&kvm->slots_arch_lock);
	if (away) {
		invalid = copy_slot(old);
		invalid->flags |= KVM_MEMSLOT_INVALID;
		publish(kvm, old, invalid);
		kvmhv_flush_memslot(kvm, old);
		if (kvm_stub.on_flushed)
			kvm_stub.on_flushed(old);
		mutex_lock(&kvm->slots_arch_lock);
	}
	ret = prepare(kvm, old, new, change);
	if (ret) {
		if (away)
			publish(kvm, invalid, old);
		else
			mutex_unlock(&kvm->slots_arch_lock);
		free(invalid);
		return ret;
	}
	publish(kvm, away ? invalid : old, new);
	free(invalid);
	kvmhv_commit_memory_region(kvm, old, new, change);
	switch (change) {
	case KVM_MR_CREATE:
		break;
	case KVM_MR_DELETE:
		kfree(old->dirty_bitmap);
		kvmhv_free_memslot(old);
		free(old);
		break;
	case KVM_MR_MOVE:
	case KVM_MR_FLAGS_ONLY:
		if (old->dirty_bitmap && !new->dirty_bitmap)
			kfree(old->dirty_bitmap);
		free(old);
		break;
	}
	return 0;
}

static bool overlaps(const struct kvm_memslots *slots, const struct kvm_memory_slot *new)
{
	unsigned int i;

	for (i = 0; i < slots->n; i++) {
		const struct kvm_memory_slot *s = slots->slot[i];

		if (s->id != new->id && s->base_gfn < new->base_gfn + new->npages &&
		    new->base_gfn < s->base_gfn + s->npages)
			return true;
	}
	return false;
}

static int set_memory(struct kvm *kvm, int id, u32 flags, unsigned long gpa,
		      unsigned long npages, unsigned long hva)
{
	struct kvm_memory_slot *old = id_to_memslot(kvm_memslots(kvm), id), *new;
	enum kvm_mr_change change = KVM_MR_CREATE;
	int ret;

	if (!npages)
		return old ? change_slot(kvm, old, NULL, KVM_MR_DELETE) : -EINVAL;
	if (old) {
		if (hva != old->userspace_addr || npages != old->npages)
			return -EINVAL;
		if (gpa >> PAGE_SHIFT != old->base_gfn)
			change = KVM_MR_MOVE;
		else if (flags != old->flags)
			change = KVM_MR_FLAGS_ONLY;
		else
			return 0;
	}
	new = calloc(1, sizeof(*new));
	new->id = id;
	new->base_gfn = gpa >> PAGE_SHIFT;
	new->npages = npages;
	new->flags = flags;
	new->userspace_addr = hva;
	ret = -EEXIST;
	if (change == KVM_MR_FLAGS_ONLY || !overlaps(kvm_memslots(kvm), new))
		ret = change_slot(kvm, old, new, change);
	if (ret)
		free(new);
	return ret;
}

int kvm_stub_set_memory(unsigned int id, u32 flags, unsigned long gpa, unsigned long npages,
			unsigned long hva)
{
	struct kvm *kvm = &fake.kvm;
	int ret;

	mutex_lock(&kvm->slots_lock);
	ret = set_memory(kvm, id, flags, gpa, npages, hva);
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

/* User space's memory as guest memory */
kvm_pfn_t __gfn_to_pfn_memslot(const struct kvm_memory_slot *slot, gfn_t gfn, bool atomic,
			       bool *async, bool write, bool *writable, unsigned long *hva)
{
	struct page *page;
	unsigned long addr, val;

	check(!atomic && !async && srcu_held());
	if (!slot || (slot->flags & KVM_MEMSLOT_INVALID))
		return KVM_PFN_NOSLOT;
	addr = __gfn_to_hva_memslot(slot, gfn);
	if (hva)
		*hva = addr;
	if (mm_get_page(addr, write, &page))
		return KVM_PFN_ERR_FAULT;
	if (writable) {
		val = mm_pte(addr);
		*writable = write || ((val & _PAGE_WRITE) && (val & _PAGE_PRESENT) &&
				      pte_pfn(__pte(val)) == page_to_pfn(page));
	}
	sched_point();
	return page_to_pfn(page);
}

struct page *gfn_to_page(struct kvm *kvm, gfn_t gfn)
{
	kvm_pfn_t pfn = __gfn_to_pfn_memslot(gfn_to_memslot(kvm, gfn), gfn, false, NULL, true,
					     NULL, NULL);

	return is_error_pfn(pfn) || is_noslot_pfn(pfn) ? ERR_PTR(-EFAULT) : pfn_to_page(pfn);
}

void kvm_release_pfn_clean(kvm_pfn_t pfn)
{
	put_page(pfn_to_page(pfn));
}

void kvm_release_pfn_dirty(kvm_pfn_t pfn)
{
	mm_set_dirty(pfn_to_page(pfn));
	put_page(pfn_to_page(pfn));
}

void kvm_release_page_dirty(struct page *page)
{
	kvm_release_pfn_dirty(page_to_pfn(page));
}

int kvm_read_guest(struct kvm *kvm, gpa_t gpa, void *data, unsigned long len)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gpa_to_gfn(gpa));
	struct page *page;

	check(srcu_held());
	if (!slot || (slot->flags & KVM_MEMSLOT_INVALID) ||
	    offset_in_page(gpa) + len > PAGE_SIZE ||
	    mm_get_page(__gfn_to_hva_memslot(slot, gpa_to_gfn(gpa)), false, &page))
		return -EFAULT;
	memcpy(data, (char *)page_address(page) + offset_in_page(gpa), len);
	put_page(page);
	return 0;
}

/* MMU notifiers */
typedef bool (*handler_t)(struct kvm *kvm, struct kvm_gfn_range *range);

enum lock_hook { NO_HOOK, BEGIN, END };

static bool handle_range(struct kvm *kvm, unsigned long start, unsigned long end,
			 handler_t handler, enum lock_hook hook)
{
	bool ret = false, locked = false;
	struct kvm_memory_slot *slot;
	unsigned long from, to;
	int bkt, idx;

	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm)) {
		from = max(start, slot->userspace_addr);
		to = min(end, slot->userspace_addr + (slot->npages << PAGE_SHIFT));
		if (from >= to)
			continue;
		if (!locked) {
			locked = true;
			spin_lock(&kvm->mmu_lock);
			if (hook == BEGIN) {
				kvm->mmu_invalidate_in_progress++;
			} else if (hook == END) {
				kvm->mmu_invalidate_seq++;
				smp_wmb(); /* pairs with those that look for it */
				check(kvm->mmu_invalidate_in_progress-- > 0);
			}
		}
		if (handler) {
			struct kvm_gfn_range range = {
				.slot = slot,
				.start = slot->base_gfn +
					 ((from - slot->userspace_addr) >> PAGE_SHIFT),
				.end = slot->base_gfn +
				       ((to - slot->userspace_addr) >> PAGE_SHIFT),
				.may_block = true,
			};

			ret |= handler(kvm, &range);
		}
	}
	if (locked)
		spin_unlock(&kvm->mmu_lock);
	srcu_read_unlock(&kvm->srcu, idx);
	return ret;
}

void kvm_stub_invalidate_start(unsigned long start, unsigned long end)
{
	struct kvm *kvm = &fake.kvm;

	spin_lock(&kvm->mn_invalidate_lock);
	kvm->mn_active_invalidate_count++;
	spin_unlock(&kvm->mn_invalidate_lock);
	mmu_notifiers++;
	check(!handle_range(kvm, start, end, kvmhv_unmap_gfn_range, BEGIN));
}

void kvm_stub_invalidate_end(unsigned long start, unsigned long end)
{
	struct kvm *kvm = &fake.kvm;

	handle_range(kvm, start, end, NULL, END);
	mmu_notifiers--;
	spin_lock(&kvm->mn_invalidate_lock);
	check(kvm->mn_active_invalidate_count-- > 0);
	spin_unlock(&kvm->mn_invalidate_lock);
}

void kvm_stub_change_pte(unsigned long hva)
{
	check(mmu_notifiers);
	handle_range(&fake.kvm, hva, hva + PAGE_SIZE, kvmhv_set_spte_gfn, NO_HOOK);
}

bool kvm_stub_age(unsigned long start, unsigned long end, bool clear)
{
	return handle_range(&fake.kvm, start, end, clear ? kvmhv_age_gfn : kvmhv_test_age_gfn,
			    NO_HOOK);
}

/* The rest of KVM */
void kvm_flush_remote_tlbs(struct kvm *kvm)
{
	if (kvm_stub.on_tlb_flush)
		kvm_stub.on_tlb_flush();
}

void kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req)
{
	kvm_stub.requests |= req;
}

void kvm_get_kvm(struct kvm *kvm)
{
	check(kvm->users_count++ > 0);
}

void kvm_put_kvm(struct kvm *kvm)
{
	check(--kvm->users_count > 0);
}

void kvmppc_core_queue_inst_storage(struct kvm_vcpu *vcpu, ulong cause)
{
	kvm_stub.injected++;
}

void kvmppc_core_queue_data_storage(struct kvm_vcpu *vcpu, ulong dar, ulong cause)
{
	kvm_stub.injected++;
}

void kvmppc_mmu_flush_icache(kvm_pfn_t pfn)
{
	/* A reference to a part of a huge page, which the caller has, keeps all of a real one */
	check(mm_page_huge(pfn) || !mm_page_free(pfn));
}

struct kvm_vcpu *kvmhv_find_vcpu(struct kvm *kvm, unsigned long id)
{
	return id < STUB_VCPUS ? kvm->vcpu[id] : NULL;
}

static void set_rma(struct kvm *kvm, unsigned long rmls)
{
}

static const struct kvmhv_rma_size rma_sizes[] = {
	{ PAGE_SHIFT + 3, 1 }, { PAGE_SHIFT + 4, 2 }, { },
};

void kvm_stub_setup(bool ppc970)
{
	struct kvm *kvm = &fake.kvm;
	unsigned int i;

	memset(&fake, 0, sizeof(fake));
	memset(&kvm_stub, 0, sizeof(kvm_stub));
	if (!ppc970)
		fake.features = CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S | MMU_FTR_LOCKLESS_TLBIE;
	fake.cpu_ops.has_vrma = !ppc970;
	fake.cpu_ops.rma_sizes = rma_sizes;
	fake.cpu_ops.set_rma = set_rma;
	kvmhv_cpu = &fake.cpu_ops;
	fake.allow_valid = true;
	fake.mm.pgd = &fake.pgd;
	mm_setup();

	kvm->mm = &fake.mm;
	kvm->memslots[0] = calloc(1, sizeof(*kvm->memslots[0]));
	kvm->users_count = 1;
	kvm->slots_lock.rank = RANK_SLOTS;
	kvm->slots_arch_lock.rank = RANK_SLOTS_ARCH;
	kvm->mmu_lock.rank = RANK_MMU;
	kvm->mn_invalidate_lock.rank = RANK_MN;
	kvm->arch.lpid = 23;
	kvm->arch.hv.setup_lock.rank = RANK_SETUP;
	kvm->arch.hv.online_vcpus = STUB_VCPUS;
	for (i = 0; i < STUB_VCPUS; i++) {
		kvm->vcpu[i] = fake_vcpu();
		kvm->vcpu[i]->vcpu_id = i;
		kvm->vcpu[i]->run = &run[i];
		kvm->vcpu[i]->arch.hv.vcore = &vcore;
		kvm->vcpu[i]->arch.hv.thread = &thread;
		spin_lock_init(&kvm->vcpu[i]->arch.hv.vpa_lock);
	}
}

void kvm_stub_teardown(void)
{
	struct kvm *kvm = &fake.kvm;
	unsigned int i;

	for (i = 0; i < KVM_USER_MEM_SLOTS; i++)
		kvm_stub_set_memory(i, 0, 0, 0, 0);
	check_eq(kvm_memslots(kvm)->n, 0);
	for (i = 0; i < 1 << 4; i++)
		if (fd_file(i))
			fd_close(i);
	kvmhv_rma_free(kvm);
	kvmhv_hpt_free(kvm);
	check_eq(kvm->users_count, 1);
	check_eq(kvm->arch.hv.pinned_pages, 0);
	check(!mmu_notifiers && !kvm->mmu_invalidate_in_progress);
	check(!locks_held());
	for (i = 0; i < STUB_VCPUS; i++)
		free(kvm->vcpu[i]);
	mm_teardown();
	free(kvm->memslots[0]);
	kvm->memslots[0] = NULL;
}
