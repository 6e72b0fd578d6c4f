// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's memory under all that changes it at once: two vcpus in their guest, user
 * space and the host's memory management at the memory behind it, ioctls on
 * memslots, dirty log and hash table.  What must hold, at every step:
 *
 * - a valid HPTE is on the ring of the page it maps, which a memslot has;
 * - behind a valid HPTE, a translation in a TLB and the address of an area (VPA,
 *   DTL) is the page that the guest has there at that moment: in a real mode area
 *   the area's, in pinned memory the one that is pinned, elsewhere what is in user
 *   space's page tables, as writable as there.  It is never free;
 * - a store is in the dirty log that is read next, or in the one that was being
 *   read, and in one only, unless a ring changed while its log was being read;
 * - a memslot keeps its memory whatever user space does, or follows user space,
 *   as a whole: none is partly in the real mode area.
 *
 * With 64K pages some seeds have a memslot with huge pages behind it, of hugetlbfs or
 * transparent ones, which are split and collapse; and guest pages of 16M.
 *
 * Three of four seeds have the hardware store C bits as late as the ISA allows.
 * UNIT_SEED=N runs one seed and prints all that led to an error, UNIT_SEEDS=N the
 * first N.  When a seed fails, the kinds of changes that it fails without are left out
 * one after the other; UNIT_WITHOUT= is what was left out in the end.
 */
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sizes.h>
#include "unit.h"
#include "stub_mm.h"
#include "guest.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"

#define PAGES		MM_AREA_PAGES
#define HUGE_SLOT	3
#define NR_SLOTS	4
#define SLOT_PAGES	(2 * MM_HUGE_PAGES)	/* of that slot; no other has more */
#define NR_PAGES_4K	16
#define NR_PAGES_64K	4
#define NR_PAGES_16M	2
#define NR_REGIONS	3
#define ROUNDS		10
/* For each task, so that all of them take about as long */
#define VCPU_STEPS	24
#define MEMORY_STEPS	120
#define IOCTL_STEPS	48
#define HISTORY		4096

#define REGION(n)	(HVA_BASE + ((unsigned long)(n) * 2 * PAGES << PAGE_SHIFT))
#define HUGE_REGION	(HVA_BASE + 2 * MM_HUGE_SIZE)

/* Kinds of changes */
enum {
	MMAP, MUNMAP, MPROTECT, KSM, TOUCH, AGE, COLLAPSE, SWAP,
	MEMSLOTS, NEW_AREA, MOVE, LOG, NEW_HPT, RESIZE, HTAB,
	VCPU_1, VPA, HCALLS, OUT_OF_MEMORY, NR_KINDS
};

static unsigned long without;

static bool left_out(int kind)
{
	return without & BIT(kind);
}

/* What the model knows of a memslot */
struct mslot {
	bool log;
	bool reading;		/* KVM_GET_DIRTY_LOG is at it */
	/* Stores to a page: the next log has to have it, may have it */
	bool must[SLOT_PAGES], may[SLOT_PAGES];
	/* the same for those made while one is read: that one or the next */
	bool must_then[SLOT_PAGES], may_then[SLOT_PAGES];
	unsigned long step[SLOT_PAGES];	/* of the last store */
};

static struct mslot mslot[NR_SLOTS];
static unsigned long nr_logs;	/* begun or ended */
static bool with_rma, with_huge, ppc970;
static struct file *area;
static unsigned long steps;
static struct kvm_vcpu *vcpus[STUB_VCPUS];

/* History */
static char history[HISTORY][80];
static unsigned long nr_history, seed;

static __printf(1, 2) void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(history[nr_history++ % HISTORY], sizeof(history[0]), fmt, ap);
	va_end(ap);
}

void fuzz_memory_tell(void)
{
	unsigned long n = getenv("UNIT_SEED") ? HISTORY : 24, i;

	fprintf(stderr, "  UNIT_SEED=%lu UNIT_WITHOUT=%#lx, after %lu steps; the last ones:\n",
		seed, without, nr_history);
	for (i = nr_history > n ? nr_history - n : 0; i < nr_history; i++)
		fprintf(stderr, "    %s\n", history[i % HISTORY]);
}

/* What the guest has at @gpa */
static const struct kvm_memory_slot *slot_at(unsigned long gpa)
{
	return gfn_to_memslot(&fake.kvm, gpa >> PAGE_SHIFT);
}

static bool in_area(const struct kvm_memory_slot *slot)
{
	return slot->base_gfn < fake.kvm.arch.hv.rma_pages;
}

static void check_owned(const char *who, unsigned long gpa, unsigned long pa, bool writable)
{
	const struct kvm_memory_slot *slot = slot_at(gpa);
	unsigned long pfn = pa >> PAGE_SHIFT, i, pte;

	if (mm_page_free(pfn))
		fail("%s maps %lx to a free page", who, gpa);
	if (!slot)
		fail("%s maps %lx, which no memslot has", who, gpa);
	i = (gpa >> PAGE_SHIFT) - slot->base_gfn;
	if (in_area(slot)) {
		if (pfn != (fake.kvm.arch.hv.rma_pa >> PAGE_SHIFT) + i || !mm_area_taken(pfn))
			fail("%s maps %lx, not to the area", who, gpa);
	} else if (ppc970) {
		if (pfn != slot->arch.pinned[i / KVMHV_RMAP_PER_CHUNK]
					    [i % KVMHV_RMAP_PER_CHUNK] >> KVMHV_PIN_PFN_SHIFT)
			fail("%s maps %lx, not to what is pinned", who, gpa);
	} else {
		pte = mm_pte(slot->userspace_addr + (i << PAGE_SHIFT));
		if (!(pte & _PAGE_PRESENT) || pte_pfn(__pte(pte)) != pfn)
			fail("%s maps %lx to a page that user space has not got there",
			     who, gpa);
		if (writable && !(pte & _PAGE_WRITE))
			fail("%s maps %lx writable", who, gpa);
	}
}

static void check_tlb(unsigned long gpa, unsigned long pa, bool writable)
{
	check_owned("a TLB", gpa, pa, writable);
}

static void check_ring(unsigned long index, unsigned long gpa)
{
	const struct kvm_memory_slot *slot = slot_at(gpa);
	unsigned long word = *kvmhv_rmap_slot(slot, gpa >> PAGE_SHIFT), i, n = 0;

	if (word & BIT(KVMPPC_RMAP_LOCK_BIT))
		return;
	if (!(word & KVMPPC_RMAP_PRESENT))
		fail("HPTE %lx is on no ring", index);
	for (i = word & KVMPPC_RMAP_INDEX; i != index; i = REV_OF(i).forw)
		if (n++ > 10000 || REV_OF(i).forw == (word & KVMPPC_RMAP_INDEX))
			fail("HPTE %lx is not on the ring of its page", index);
}

static void check_hpte(unsigned long index)
{
	unsigned long v = V_OF(index), r, gpa, psize, off;

	if (!(v & HPTE_V_VALID) || (v & HPTE_V_HVLOCK))
		return;
	r = REV_OF(index).guest_r;
	psize = kvmppc_actual_pgsz(v, r);
	gpa = kvmhv_hpte_gpa(r, psize);
	r = R_OF(index);
	for (off = 0; off < psize; off += min(psize, PAGE_SIZE))
		check_owned("an HPTE", gpa + off, (r & HPTE_R_RPN & ~(psize - 1)) + off,
			    hpte_is_writable(r));
	check_ring(index, gpa);
}

static void check_group(unsigned long index)
{
	unsigned long i;

	for (i = 0; i < 8; i++)
		check_hpte(index + i);
}

static void check_area_of(const struct kvm_hv_vpa *vpa)
{
	if (vpa->kaddr)
		check_owned("an area", vpa->gpa, __pa(vpa->kaddr), true);
}

static void check_slots(void)
{
	const struct kvm_memslots *slots = kvm_memslots(&fake.kvm);
	unsigned int i;

	for (i = 0; i < slots->n; i++) {
		const struct kvm_memory_slot *s = slots->slot[i];

		if (in_area(s) && (s->base_gfn || s->npages != fake.kvm.arch.hv.rma_pages))
			fail("memslot %d is partly in the real mode area", s->id);
	}
}

static void check_all(void)
{
	unsigned long i;
	int sec;

	check_slots();
	guest_each_tlb(check_tlb);
	for (i = 0; i < STUB_VCPUS; i++) {
		check_area_of(&vcpus[i]->arch.hv.vpa);
		check_area_of(&vcpus[i]->arch.hv.dtl);
	}
	if (!fake.kvm.arch.hv.hpt.order)
		return;
	for (sec = 0; sec < 2; sec++) {
		for (i = 0; i < NR_PAGES_4K; i++)
			check_group(guest_group(SEG_4K, i, sec));
		for (i = 0; i < NR_PAGES_64K; i++)
			check_group(guest_group(SEG_64K, i, sec));
		for (i = 0; with_huge && i < NR_PAGES_16M; i++)
			check_group(guest_group(SEG_16M, i, sec));
	}
	for (i = 0; fake.kvm.arch.hv.vrma_slb_v && i < PAGES; i++)
		check_group(guest_group(SEG_REAL, i, false));
}

static void between(void)
{
	if (!(++steps % 32))
		check_all();
}

/* The guest has nothing of a memslot any more */
static void on_flushed(const struct kvm_memory_slot *slot)
{
	const struct kvm_hv_hpt *hpt = &fake.kvm.arch.hv.hpt;
	unsigned long i, v, r, gfn;

	for (i = 0; hpt->order && i < kvmhv_hpt_npte(hpt); i++) {
		v = V_OF(i);
		if (!(v & HPTE_V_VALID) || (v & HPTE_V_HVLOCK))
			continue;
		r = REV_OF(i).guest_r;
		gfn = kvmhv_hpte_gpa(r, kvmppc_actual_pgsz(v, r)) >> PAGE_SHIFT;
		if (gfn - slot->base_gfn < slot->npages)
			fail("HPTE %lx outlives its memslot", i);
	}
}

static void on_free(unsigned long pfn)
{
	check_all();
}

/* Dirty log */
static struct mslot *page_at(unsigned long gpa, unsigned long *i)
{
	const struct kvm_memory_slot *slot = slot_at(gpa);

	if (!slot)
		return NULL;
	*i = (gpa >> PAGE_SHIFT) - slot->base_gfn;
	return &mslot[slot->id];
}

static void may_be_dirty(unsigned long gpa)
{
	unsigned long i;
	struct mslot *m = page_at(gpa, &i);

	if (!m)
		return;
	*(m->reading ? &m->may_then[i] : &m->may[i]) = true;
}

static void on_c(unsigned long gpa, unsigned long psize)
{
	unsigned long off;

	for (off = 0; off < psize; off += PAGE_SIZE)
		may_be_dirty(gpa + off);
}

static void is_dirty(unsigned long gpa)
{
	unsigned long i;
	struct mslot *m = page_at(gpa, &i);

	if (!m)
		return;
	may_be_dirty(gpa);
	if (m->log)
		*(m->reading ? &m->must_then[i] : &m->must[i]) = true;
	m->step[i] = nr_history;
}

static void on_access(unsigned long gpa, unsigned long pa, bool store)
{
	check_owned("an access", gpa, pa, store);
}

/* All that is in it now may be reported, and nothing must be */
static void log_on(unsigned int id, bool on)
{
	struct mslot *m = &mslot[id];

	m->log = on;
	memset(m->must, 0, sizeof(m->must));
	memset(m->may, 1, sizeof(m->may));
}

/*
 * Where the dirty log waits for an HPTE its page counts as written to if the ring
 * changes meanwhile, with all that an HPTE on it may map.  What has not been looked at
 * keeps its C bits for the next log.
 */
static const struct task_struct *reader;

static void on_busy(const __be64 *hpte)
{
	unsigned long index = (hpte - kvmhv_hpte(&fake.kvm.arch.hv.hpt, 0)) / 2;
	unsigned long r, gpa, i, k, n;
	struct mslot *m;

	if (get_current() != reader || !held_rank(RANK_RMAP))
		return;
	r = REV_OF(index).guest_r;
	gpa = kvmhv_hpte_gpa(r, kvmppc_actual_pgsz(V_OF(index), r)) & PAGE_MASK;
	m = page_at(gpa, &i);
	if (!m)
		return;
	n = gpa % SZ_16M ? SZ_64K >> PAGE_SHIFT : MM_HUGE_PAGES;
	for (k = i; k < SLOT_PAGES && k < i + n; k++) {
		m->may[k] = true;
		m->may_then[k] = true;
	}
}

/* KVM writes to the areas of a vcpu: by now, when logs were read, where */
static bool vpa_writing[STUB_VCPUS];
static unsigned long vpa_logs[STUB_VCPUS];
static void *vpa_was[STUB_VCPUS];

static void areas_may_be_dirty(const struct kvm_hv_vcpu *hv)
{
	if (hv->vpa.gpa)
		may_be_dirty(hv->vpa.gpa);
	if (hv->dtl.gpa)
		may_be_dirty(hv->dtl.gpa);
}

static void read_log(unsigned int id)
{
	u8 map[SLOT_PAGES / 8 + 8] = { };
	struct kvm_dirty_log log = { .slot = id, .dirty_bitmap = map };
	const struct kvm_memory_slot *slot = id_to_memslot(kvm_memslots(&fake.kvm), id);
	struct mslot *m = &mslot[id];
	bool keeps, set;
	unsigned long i;
	int ret;

	keeps = slot && (ppc970 || in_area(slot));
	memset(m->must_then, 0, sizeof(m->must_then));
	memset(m->may_then, 0, sizeof(m->may_then));
	m->reading = true;
	/* What is being written may be dirty now and, again, the next time */
	for (i = 0; i < STUB_VCPUS; i++)
		if (vpa_writing[i])
			areas_may_be_dirty(&vcpus[i]->arch.hv);
	reader = get_current();
	nr_logs++;
	ret = kvmhv_get_dirty_log(&fake.kvm, &log);
	nr_logs++;
	reader = NULL;
	m->reading = false;
	note("log %u: %d", id, ret);
	if (!slot || !m->log) {
		check_eq(ret, -ENOENT);
		return;
	}
	check_eq(ret, 0);
	for (i = 0; i < slot->npages; i++) {
		set = map[i / 8] >> i % 8 & 1;
		if (m->must[i] && !set)
			fail("a store to page %lu of memslot %u is not in the dirty log (step %lu)",
			     i, id, m->step[i]);
		if (set && !m->may[i] && !m->may_then[i] && !keeps)
			fail("no store to page %lu of memslot %u is in the dirty log again", i, id);
		m->must[i] = m->must_then[i] && !set;
		m->may[i] = m->may_then[i];
	}
}

/* Vcpus */
/* Mostly in a memslot, and then in a few pages of it */
static unsigned long rnd_gpa(void)
{
	const struct kvm_memslots *slots = kvm_memslots(&fake.kvm);
	const struct kvm_memory_slot *slot;
	unsigned long page = rnd(4 * PAGES);

	if (slots->n && rnd(8)) {
		slot = slots->slot[rnd(slots->n)];
		page = slot->base_gfn + rnd(min(slot->npages, 6UL));
		/* or of its second huge page */
		if (slot->npages > MM_HUGE_PAGES && !rnd(4))
			page += MM_HUGE_PAGES;
	}
	return (page << PAGE_SHIFT) + (rnd(PAGE_SIZE >> 12) << 12);
}

/* Where 16M in one piece may be */
static unsigned long rnd_huge_gpa(void)
{
	const struct kvm_memory_slot *slot = id_to_memslot(kvm_memslots(&fake.kvm), HUGE_SLOT);
	unsigned long page = slot && rnd(8) ? slot->base_gfn : rnd(SLOT_PAGES);

	page += rnd(2) * MM_HUGE_PAGES;
	return (page << PAGE_SHIFT) & ~(MM_HUGE_SIZE - 1);
}

static const unsigned int nr_pages[NR_SEGS] = {
	[SEG_4K] = NR_PAGES_4K, [SEG_64K] = NR_PAGES_64K, [SEG_16M] = NR_PAGES_16M,
	[SEG_REAL] = PAGES,
};

static void hcall(struct kvm_vcpu *vcpu)
{
	int seg = with_huge && !rnd(3) ? SEG_16M : rnd(4) ? SEG_4K : SEG_64K;
	unsigned long page = rnd(nr_pages[seg]);
	/* there are few large ones */
	unsigned long index = guest_group(seg, page, !rnd(4)) + (seg == SEG_16M ? 0 : rnd(3));
	unsigned long gpa = rnd_gpa();
	unsigned long *arg = &vcpu->arch.regs.gpr[4], i;
	long ret;

	switch (left_out(HCALLS) ? 0 : seg == SEG_16M && !rnd(4) ? 4 : rnd(8)) {
	case 0 ... 3:
		if (ppc970 && seg == SEG_64K)
			seg = SEG_4K, page %= NR_PAGES_4K;
		if (seg == SEG_64K)
			gpa &= ~0xffffUL;
		if (seg == SEG_16M)
			gpa = rnd_huge_gpa();
		ret = guest_h_enter(vcpu, seg, page, gpa, rnd(4), !rnd(4), !rnd(4));
		note("vcpu %d: enter page %lu of segment %d, gpa %lx: %lx", vcpu->vcpu_id, page,
		     seg, gpa, ret);
		break;
	case 4:
		ret = kvmhv_rm_h_remove(vcpu, 0, index, 0);
		note("vcpu %d: remove %lx: %ld", vcpu->vcpu_id, index, ret);
		break;
	case 5:
		for (i = 0; i < 4; i++)
			arg[2 * i] = 1UL << 62 | (index + i);
		ret = kvmhv_rm_h_bulk_remove(vcpu);
		note("vcpu %d: bulk remove %lx", vcpu->vcpu_id, index);
		break;
	case 6:
		ret = kvmhv_rm_h_protect(vcpu, rnd(2) ? 2 : 3, index, 0);
		note("vcpu %d: protect %lx: %ld", vcpu->vcpu_id, index, ret);
		break;
	case 7:
		if (rnd(2))
			kvmhv_rm_h_clear_mod(vcpu, 0, index);
		else
			kvmhv_rm_h_clear_ref(vcpu, 0, index);
		note("vcpu %d: clear %lx", vcpu->vcpu_id, index);
		break;
	}
}

static void memory_access(struct kvm_vcpu *vcpu)
{
	int seg = rnd(8) ? SEG_4K : rnd(2) ? SEG_64K : SEG_REAL, ret, tries = 0;
	bool store = rnd(2);
	unsigned long page;

	if (seg == SEG_REAL && !fake.kvm.arch.hv.vrma_slb_v)
		seg = SEG_4K;
	if (with_huge && !rnd(3))
		seg = SEG_16M;
	page = rnd(nr_pages[seg]);
	do {
		ret = guest_access(vcpu, seg, page, store);
	} while (ret == ACCESS_AGAIN && tries++ < 4);
	note("vcpu %d: %s page %lu of segment %d: %d", vcpu->vcpu_id,
	     store ? "store to" : "load from", page, seg, ret);
}

/* Before and after KVM writes to the areas of a vcpu */
static void before_vpa(struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	vpa_writing[vcpu->vcpu_id] = true;
	vpa_logs[vcpu->vcpu_id] = nr_logs;
	vpa_was[vcpu->vcpu_id] = hv->vpa.kaddr;
	areas_may_be_dirty(hv);
}

static void after_vpa(struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	vpa_writing[vcpu->vcpu_id] = false;
	areas_may_be_dirty(hv);
	if (hv->vpa.kaddr && hv->vpa.kaddr == vpa_was[vcpu->vcpu_id] &&
	    nr_logs == vpa_logs[vcpu->vcpu_id]) {
		is_dirty(hv->vpa.gpa);
		note("vcpu %d: KVM writes to VPA at %lx", vcpu->vcpu_id, hv->vpa.gpa);
	}
}

static void set_vpa(struct kvm_vcpu *vcpu)
{
	union kvmppc_one_reg reg = { };
	u64 id = rnd(3) ? KVM_REG_PPC_VPA_ADDR : KVM_REG_PPC_VPA_DTL;
	int ret;

	if (rnd(4)) {
		reg.vpaval.addr = ((unsigned long)rnd(3 * PAGES) << PAGE_SHIFT) + 2048;
		reg.vpaval.length = 96;
	}
	ret = kvmhv_vpa_set(vcpu, id, &reg);
	note("vcpu %d: area %llx at %llx: %d", vcpu->vcpu_id, (long long)id,
	     (long long)reg.vpaval.addr, ret);
}

static void vcpu_task(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	int i, n, ret;

	for (i = 0; i < VCPU_STEPS && rnd_left(); i++) {
		if (!rnd(8) && !left_out(VPA))
			set_vpa(vcpu);
		ret = guest_begin(vcpu);
		if (ret) {
			note("vcpu %d: KVM_RUN: %d", vcpu->vcpu_id, ret);
			cond_resched();
			continue;
		}
		for (n = rnd(16); n && !guest_wanted(vcpu); n--) {
			if (rnd(3))
				memory_access(vcpu);
			else
				hcall(vcpu);
		}
		guest_end(vcpu);
	}
}

/* Of hugetlbfs or transparent */
static void new_huge(unsigned long hva, unsigned long n)
{
	int mode = rnd(3) ? HUGE_THP : HUGE_TLB, ret;

	ret = mm_mmap_huge(hva, n, mode);
	note("mmap %lx, %lu pages, huge ones (%d): %d", hva, n, mode, ret);
}

/* Where to change something in the region of huge pages, and how much of it */
static void huge_range(unsigned long *hva, unsigned long *n)
{
	unsigned long page = rnd(rnd(4) ? 6 : MM_HUGE_PAGES) + rnd(2) * MM_HUGE_PAGES;

	*n = 1 + rnd(3);
	if (!rnd(3)) {
		page &= ~(MM_HUGE_PAGES - 1);
		*n = page || rnd(2) ? MM_HUGE_PAGES : SLOT_PAGES;
	}
	*hva = HUGE_REGION + (page << PAGE_SHIFT);
}

/* User space and the host at the memory */
static void memory_task(void *arg)
{
	unsigned long hva, n;
	int i, region, kind;

	for (i = 0; i < MEMORY_STEPS && rnd_left(); i++) {
		kind = rnd(SWAP + 2);
		if (left_out(min(kind, SWAP)))
			continue;
		region = rnd(NR_REGIONS + with_huge);
		hva = REGION(region) + ((unsigned long)rnd(rnd(3) ? 6 : PAGES) << PAGE_SHIFT);
		n = 1 + rnd(3);
		if (!rnd(8)) {
			hva = REGION(region);
			n = PAGES;
		}
		if (region == NR_REGIONS)
			huge_range(&hva, &n);
		switch (kind) {
		case MMAP:
			if (region == NR_REGIONS && rnd(4)) {
				new_huge(hva, n);
				break;
			}
			note("mmap %lx, %lu pages", hva, n);
			mm_mmap(hva, n, NULL);
			break;
		case MUNMAP:
			note("munmap %lx, %lu pages", hva, n);
			mm_munmap(hva, n);
			break;
		case MPROTECT:
			note("mprotect %lx", hva);
			mm_mprotect(hva, rnd(4));
			break;
		case KSM:
			note("KSM %lx", hva);
			mm_ksm(hva);
			break;
		case TOUCH:
			note("touch %lx", hva);
			mm_touch(hva, rnd(2));
			break;
		case AGE:
#ifndef STUB_BIG_ENDIAN	/* the one byte that is stored is elsewhere here */
			note("age");
			kvm_stub_age(hva, hva + (2 * PAGES << PAGE_SHIFT), rnd(2));
			break;
#endif
		case COLLAPSE:
			if (!with_huge)
				break;
			hva = HUGE_REGION + rnd(2) * MM_HUGE_SIZE;
			note("collapse %lx", hva);
			mm_collapse(hva);
			break;
		default:
			note("swap %lx", hva);
			mm_swap(hva);
			break;
		}
	}
}

/* The VM's ioctls */
static char htab_buf[16 << 10];
static ssize_t htab_len;
static int htab_fd = -1;

/* Behind all other memslots; mostly such that guest pages of 16M fit */
static unsigned long huge_base_gfn(void)
{
	return (1 + rnd(2)) * MM_HUGE_PAGES + (rnd(4) ? 0 : rnd(PAGES));
}

static void new_huge_slot(u32 flags)
{
	unsigned long base = huge_base_gfn(), first = rnd(4) ? 0 : rnd(PAGES), n, hva;
	int ret;

	n = rnd(3) ? SLOT_PAGES - first : rnd(SLOT_PAGES - first) + 1;
	hva = HUGE_REGION + (first << PAGE_SHIFT);
	if (rnd(2))
		new_huge(HUGE_REGION, SLOT_PAGES);
	ret = kvm_stub_set_memory(HUGE_SLOT, flags, base << PAGE_SHIFT, n, hva);
	note("new huge memslot at page %lu, %lu pages, hva %lx, flags %x: %d", base, n, hva,
	     flags, ret);
	if (!ret)
		log_on(HUGE_SLOT, flags);
}

static void change_memslot(void)
{
	unsigned int id = rnd(with_huge ? NR_SLOTS : HUGE_SLOT);
	const struct kvm_memory_slot *slot = id_to_memslot(kvm_memslots(&fake.kvm), id);
	unsigned long base, n = PAGES, hva;
	u32 flags;
	int ret;

	if (slot && !rnd(3)) {
		ret = kvm_stub_set_memory(id, 0, 0, 0, 0);
		note("delete memslot %u: %d", id, ret);
		check_eq(ret, 0);
		return;
	}
	if (slot) {
		base = slot->base_gfn;
		hva = slot->userspace_addr;
		n = slot->npages;
		flags = slot->flags ^ KVM_MEM_LOG_DIRTY_PAGES;
		if (!rnd(3) && !left_out(MOVE)) {
			base = id || !rnd(4) ? rnd(4 * PAGES) : 0;
			if (id == HUGE_SLOT)
				base = huge_base_gfn();
			flags = slot->flags;
		}
		ret = kvm_stub_set_memory(id, flags, base << PAGE_SHIFT, n, hva);
		note("memslot %u at page %lu, flags %x: %d", id, base, flags, ret);
		if (!ret && flags != mslot[id].log)
			log_on(id, flags);
		return;
	}
	flags = rnd(2);
	if (id == HUGE_SLOT) {
		new_huge_slot(flags);
		return;
	}
	base = id ? rnd(3 * PAGES) : 0;
	hva = REGION(id ? 1 + rnd(2) : 0);
	if (!id && with_rma && rnd(4) && !left_out(NEW_AREA))
		mm_mmap(hva, PAGES, area);
	else if (rnd(2))
		mm_mmap(hva, PAGES, NULL);
	if (id && rnd(2))
		n = 1 + rnd(PAGES);
	ret = kvm_stub_set_memory(id, flags, base << PAGE_SHIFT, n, hva);
	note("new memslot %u at page %lu, %lu pages, hva %lx, flags %x: %d", id, base, n, hva,
	     flags, ret);
	if (!ret)
		log_on(id, flags);
}

static void resize(void)
{
	u32 order = fake.kvm.arch.hv.hpt.order == 18 ? 19 : 18;
	struct kvm_ppc_resize_hpt arg = { .shift = order };
	int ret;

	ret = kvmhv_hpt_prepare(&fake.kvm, &arg);
	note("prepare order %u: %d", order, ret);
	if (!ret && rnd(4)) {
		ret = kvmhv_hpt_commit(&fake.kvm, &arg);
		note("commit order %u: %d", order, ret);
	}
}

static void htab_file(void)
{
	struct kvm_get_htab_fd arg = { .flags = rnd(3) ? 0 : KVM_GET_HTAB_WRITE };
	struct file *file;
	ssize_t n;
	int fd;

	if (arg.flags) {
		fd = kvmhv_htab_fd(&fake.kvm, &arg);
		if (fd < 0)
			return;
		file = fd_file(fd);
		n = file->f_op->write(file, htab_buf, htab_len, NULL);
		note("HTAB written: %zd", n);
		fd_close(fd);
		return;
	}
	if (htab_fd < 0)
		htab_fd = kvmhv_htab_fd(&fake.kvm, &arg);
	file = fd_file(htab_fd);
	if (!file)
		return;
	n = file->f_op->read(file, htab_buf, sizeof(htab_buf), NULL);
	htab_len = max(n, 0L);
	note("HTAB read: %zd", n);
	if (!rnd(8)) {
		fd_close(htab_fd);
		htab_fd = -1;
	}
}

static void ioctl_task(void *arg)
{
	/* how often */
	static const u8 kinds[] = {
		MEMSLOTS, MEMSLOTS, MEMSLOTS, MEMSLOTS, LOG, LOG, LOG, LOG, NEW_HPT, RESIZE,
		HTAB, HTAB,
	};
	int i, kind;
	u32 order;
	long ret;

	for (i = 0; i < IOCTL_STEPS && rnd_left(); i++) {
		kind = kinds[rnd(ARRAY_SIZE(kinds))];
		if (left_out(kind))
			continue;
		switch (kind) {
		case MEMSLOTS:
			change_memslot();
			break;
		case LOG:
			read_log(rnd(with_huge ? NR_SLOTS : HUGE_SLOT));
			break;
		case NEW_HPT:
			order = 18 + rnd(2);
			ret = kvmhv_hpt_allocate(&fake.kvm, order);
			note("new HPT of order %u: %ld", order, ret);
			break;
		case RESIZE:
			resize();
			break;
		case HTAB:
			htab_file();
			break;
		}
	}
}

/* No task does anything: all must be in order */
static void quiet(void)
{
	unsigned int id;

	check_all();
	if (fake.kvm.arch.hv.hpt.order)
		fake_check_rings();
	check(!fake.kvm.arch.hv.lost_hpte);
	check(!fake.kvm.mmu_invalidate_in_progress);
	for (id = 0; id < NR_SLOTS; id++) {
		if (!id_to_memslot(kvm_memslots(&fake.kvm), id) || !mslot[id].log)
			continue;
		read_log(id);
		read_log(id);	/* and nothing is left */
	}
}

static void run_seed(unsigned long number)
{
	struct kvm_allocate_rma arg;
	unsigned int i;

	seed = number;
	rnd_seed(seed);
	nr_history = 0;
	steps = 0;
	ppc970 = seed % 4 == 3;
	with_rma = seed % 2;
	with_huge = PAGE_SHIFT == 16 && (seed % 8 < 3 || seed % 16 == 7);
	kvm_stub_setup(ppc970);
	guest_setup();
	guest.on_access = on_access;
	guest.on_store = is_dirty;
	guest.on_c = on_c;
	guest.before_vpa = before_vpa;
	guest.after_vpa = after_vpa;
	guest.late_c = seed / 4 % 4;
	fake.on_busy = on_busy;
	kvm_stub.on_flushed = on_flushed;
	memset(mslot, 0, sizeof(mslot));
	memset(vpa_writing, 0, sizeof(vpa_writing));
	htab_len = 0;
	htab_fd = -1;
	for (i = 0; i < STUB_VCPUS; i++)
		vcpus[i] = fake.kvm.vcpu[i];
	area = with_rma ? fd_file(kvmhv_allocate_rma(&arg)) : NULL;
	for (i = 0; i < NR_REGIONS; i++)
		mm_mmap(REGION(i), PAGES, i ? NULL : area);
	if (with_huge)
		new_huge(HUGE_REGION, SLOT_PAGES);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, 18), 0);
	check_eq(kvm_stub_set_memory(0, 0, 0, PAGES, REGION(0)), 0);
	mm_stub.on_free = on_free;

	for (i = 0; i < ROUNDS && rnd_left(); i++) {
		mm_stub.may_fail = i % 3 == 2 && !left_out(OUT_OF_MEMORY);
		task_new(vcpu_task, vcpus[0]);
		if (!left_out(VCPU_1))
			task_new(vcpu_task, vcpus[1]);
		task_new(memory_task, NULL);
		task_new(ioctl_task, NULL);
		tasks_run(between);
		mm_stub.may_fail = false;
		quiet();
	}
	mm_stub.on_free = NULL;
	kvm_stub_teardown();
}

void fuzz_memory(void)
{
	run_seed(rnd(16));
}

/* In a process of its own: does it pass? */
static bool passes(unsigned long number, unsigned long left_out, bool quiet)
{
	/* seconds; it takes a quarter of one */
	const struct rlimit limit = { .rlim_cur = 5, .rlim_max = 5 };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_CPU, &limit);
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(0);
		without = left_out;
		run_seed(number);
		unit_exit();
	}
	check(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (!quiet && WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT)
		fprintf(stderr, "  seed %lu: signal %d\n", number, WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Leave out what the failure does not need; seeds of the same kind of VM */
static void shrink(unsigned long number)
{
	unsigned long mask = 0, try;
	int kind;

	for (kind = 0; kind < NR_KINDS; kind++) {
		for (try = number; try < number + 48; try += 16) {
			if (passes(try, mask | BIT(kind), true))
				continue;
			mask |= BIT(kind);
			number = try;
			break;
		}
	}
	passes(number, mask, false);
}

static void all_seeds(void)
{
	const char *one = getenv("UNIT_SEED"), *many = getenv("UNIT_SEEDS");
	unsigned long n = many ? strtoul(many, NULL, 0) : 32, i;

	unit_on_fail = fuzz_memory_tell;
	if (one) {
		if (getenv("UNIT_WITHOUT"))
			without = strtoul(getenv("UNIT_WITHOUT"), NULL, 0);
		return run_seed(strtoul(one, NULL, 0));
	}
	for (i = 0; i < n; i++) {
		if (passes(i, 0, false))
			continue;
		unit_on_fail = NULL;
		if (!getenv("UNIT_NO_SHRINK")) {
			unit_on_fail = fuzz_memory_tell;
			shrink(i);
			unit_on_fail = NULL;
		}
		fail("seed %lu fails", i);
	}
}

const struct unit_case memory_cases[] = {
	{ "memory of a VM, all at once", all_seeds },
	{ NULL, NULL },
};
