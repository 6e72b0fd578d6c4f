// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's memory management: physical pages with reference counts, one user
 * address space with its mappings and page tables, files, and what the kernel
 * does to user pages (faults, copies, swap, KSM, mprotect, munmap), with the MMU
 * notifier calls around it.  The page tables are fake.pte, as for the tests that
 * have no more than those.
 */
#include <sys/mman.h>
#include "unit.h"
#include "stub_mm.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)		memset(p, 0x6b, n)
#define ASAN_UNPOISON_MEMORY_REGION(p, n)
#endif

/* With 64K pages there are huge ones, where no other allocation is in their way */
#define HUGE_AT		(64 * MB)
#define LINEAR		(PAGE_SHIFT == 16 ? 256 * MB : HUGE_AT)
#define NR_PAGES	(LINEAR >> PAGE_SHIFT)
#define FIRST_PFN	(PA_BASE >> PAGE_SHIFT)
#define NR_FDS		16

struct page {
	int count;		/* 0: free */
	bool dirty;
	bool written;		/* by a guest, or for it */
	bool user;		/* anonymous memory; of a huge page, only the first one */
	struct page *head;	/* of a huge page, whose dirty is that of all */
	unsigned int order;	/* of the first page of an allocation */
	unsigned long private;
};

struct mm_stub mm_stub;

static char *linear;
static struct page pages[NR_PAGES];
static unsigned long next_free[2];	/* among small pages, among huge ones */
static unsigned long nr_kmalloc, nr_pages;
static struct mutex mmap_lock = { .rank = RANK_MMAP };
static int mmap_readers;
static struct vm_area_struct *vmas;
static struct file *fds[NR_FDS];
static unsigned long locked_vm;

/* Memory for the kernel */
static bool out_of_memory(void)
{
	might_sleep();
	sched_point();
	return mm_stub.may_fail && !rnd(64);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	if (out_of_memory())
		return NULL;
	nr_kmalloc++;
	return calloc(n, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kcalloc(1, size, gfp);
}

void kfree(const void *p)
{
	nr_kmalloc -= !!p;
	free((void *)p);
}

/* Not of the page array, so that an access beyond the end is found */
unsigned long get_zeroed_page(gfp_t gfp)
{
	return (unsigned long)kcalloc(1, PAGE_SIZE, gfp);
}

void free_page(unsigned long addr)
{
	kfree((void *)addr);
}

/* Pages */
struct page *pfn_to_page(unsigned long pfn)
{
	check(pfn >= FIRST_PFN && pfn < FIRST_PFN + NR_PAGES);
	return &pages[pfn - FIRST_PFN];
}

unsigned long page_to_pfn(const struct page *page)
{
	check(page >= pages && page < pages + NR_PAGES);
	return FIRST_PFN + (page - pages);
}

static void *linear_address(unsigned long pa)
{
	check(pa >= PA_BASE && pa < PA_BASE + LINEAR);
	return linear + (pa - PA_BASE);
}

void *page_address(const struct page *page)
{
	return linear_address(page_to_pfn(page) << PAGE_SHIFT);
}

unsigned long __pa(const void *addr)
{
	unsigned long off = (const char *)addr - linear;

	check(off < LINEAR);
	return PA_BASE + off;
}

struct page *virt_to_page(const void *addr)
{
	return pfn_to_page(__pa(addr) >> PAGE_SHIFT);
}

/* @n pages in one piece; NULL if there are none */
static struct page *find_free(unsigned long n, bool huge)
{
	unsigned long first = huge ? HUGE_AT >> PAGE_SHIFT : 0;
	unsigned long nr = huge ? NR_PAGES - first : HUGE_AT >> PAGE_SHIFT, i, k, tries;

	for (tries = 0; tries < 2 * nr / n; tries++) {
		i = next_free[huge] & ~(n - 1);
		next_free[huge] = (i + n) % nr;
		for (k = 0; k < n && !pages[first + i + k].count; k++)
			;
		if (k == n)
			return &pages[first + i];
	}
	return NULL;
}

static struct page *get_pages(unsigned int order, bool huge)
{
	struct page *page;
	unsigned long k;

	if (out_of_memory())
		return NULL;
	page = find_free(1UL << order, huge);
	if (!page && huge)
		return NULL;
	if (!page)
		fail("the test takes too much memory");
	for (k = 0; k < 1UL << order; k++)
		page[k] = (struct page){ .count = 1 };
	page->order = order;
	nr_pages += 1UL << order;
	ASAN_UNPOISON_MEMORY_REGION(page_address(page), PAGE_SIZE << order);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	check(order < MAX_ORDER);
	return get_pages(order, false);
}

int node_online_map;

struct page *alloc_contig_pages(unsigned long n, gfp_t gfp, int nid, int *nodes)
{
	return get_pages(__builtin_ctzl(n), false);
}

static bool *dirty_of(struct page *page)
{
	return &(page->head ?: page)->dirty;
}

/* Contents are zero */
static struct page *alloc_huge(void)
{
	struct page *page = get_pages(__builtin_ctzl(MM_HUGE_PAGES), true);
	unsigned long k;

	if (!page)
		return NULL;
	page->user = true;
	for (k = 0; k < MM_HUGE_PAGES; k++)
		page[k].head = page;
	madvise(page_address(page), MM_HUGE_SIZE, MADV_DONTNEED);
	return page;
}

/* A huge page becomes small ones */
static void break_up(struct page *page)
{
	unsigned long k;

	for (k = MM_HUGE_PAGES; k--;) {
		check(page[k].head == page);
		page[k].dirty = page->dirty;
		page[k].head = NULL;
	}
}

void get_page(struct page *page)
{
	if (!page->count)
		fail("reference to a free page");
	page->count++;
}

void put_page(struct page *page)
{
	check(page->count > 0);
	if (--page->count)
		return;
	/* the host may have thrown it away as clean */
	if (page->written && !*dirty_of(page))
		fail("a page that a guest wrote to is freed as clean");
	nr_pages--;
	if (mm_stub.on_free && page->user)
		mm_stub.on_free(page_to_pfn(page));
	ASAN_POISON_MEMORY_REGION(page_address(page), PAGE_SIZE);
}

void free_pages(unsigned long addr, unsigned int order)
{
	struct page *page = virt_to_page((void *)addr);
	unsigned long k;

	check_eq(page->order, order);
	for (k = 0; k < 1UL << order; k++)
		put_page(page + k);
}

void free_contig_range(unsigned long pfn, unsigned long n)
{
	free_pages((unsigned long)page_address(pfn_to_page(pfn)), __builtin_ctzl(n));
}

bool mm_page_free(unsigned long pfn)
{
	return !pfn_to_page(pfn)->count;
}

bool mm_page_huge(unsigned long pfn)
{
	return pfn - FIRST_PFN >= HUGE_AT >> PAGE_SHIFT;
}

void mm_page_written(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	if (!page->count)
		fail("write to a free page");
	page->written = true;
}

void mmgrab(struct mm_struct *mm)
{
	mm->users++;
}

void mmdrop(struct mm_struct *mm)
{
	check(mm->users > 0);
	mm->users--;
}

void set_page_private(struct page *page, unsigned long private)
{
	page->private = private;
}

unsigned long page_private(const struct page *page)
{
	return page->private;
}

/* There is enough */
long si_mem_available(void)
{
	return LONG_MAX;
}

int account_locked_vm(struct mm_struct *mm, unsigned long n, bool inc)
{
	if (inc && mm_stub.memlock && locked_vm + n > mm_stub.memlock)
		return -ENOMEM;
	if (!inc)
		check(locked_vm >= n);
	locked_vm += inc ? n : -n;
	return 0;
}

/* Address space */
void mmap_read_lock(struct mm_struct *mm)
{
	may_wait_for(&mmap_lock, RANK_MMAP);
	while (mmap_lock.owner)
		wait_for(&mmap_lock);
	mmap_readers++;
	now_held(&mmap_lock, RANK_MMAP);
}

void mmap_read_unlock(struct mm_struct *mm)
{
	not_held(&mmap_lock);
	check(mmap_readers-- > 0);
	sched_point();
}

static void mmap_write_lock(void)
{
	mutex_lock(&mmap_lock);
	while (mmap_readers)
		wait_for(&mmap_lock);
}

static void mmap_write_unlock(void)
{
	mutex_unlock(&mmap_lock);
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma;

	lockdep_assert_held(&mmap_lock);
	for (vma = vmas; vma; vma = vma->next)
		if (vma->vm_end > start)
			return vma->vm_start < end ? vma : NULL;
	return NULL;
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	return find_vma_intersection(mm, addr, addr + 1);
}

static pte_t *pte_of(unsigned long hva)
{
	unsigned long i = (hva - HVA_BASE) >> PAGE_SHIFT;

	check(hva >= HVA_BASE && i < NR_HOST_PTES);
	return &fake.pte[i];
}

/* HUGE_TLB, HUGE_THP: there is one entry for all of 16M.  See kvmhv_host_pte(), too. */
static int *huge_mode(unsigned long hva)
{
	unsigned long i = (hva - HVA_BASE) / MM_HUGE_SIZE;
	static int never;

	check(hva >= HVA_BASE);
	return i < NR_HUGE ? &fake.huge_mode[i] : &never;
}

static unsigned long huge_base(unsigned long hva)
{
	return hva & ~(MM_HUGE_SIZE - 1);
}

/* The entry for @hva, of whatever size */
static pte_t *leaf_of(unsigned long hva)
{
	if (*huge_mode(hva))
		return &fake.huge[(hva - HVA_BASE) / MM_HUGE_SIZE];
	return pte_of(hva);
}

/* From @hva to the next page of its size */
static unsigned long step_of(unsigned long hva)
{
	return *huge_mode(hva) ? huge_base(hva) + MM_HUGE_SIZE - hva : PAGE_SIZE;
}

/* As if all pages were small */
unsigned long mm_pte(unsigned long hva)
{
	unsigned long val = leaf_of(hva)->pte;

	if (*huge_mode(hva) && (val & _PAGE_PRESENT))
		val += (hva - huge_base(hva)) & PAGE_MASK;
	return val;
}

pte_t *find_current_mm_pte(pgd_t *pgd, unsigned long ea, bool *thp, unsigned int *shift)
{
	*shift = *huge_mode(ea) ? __builtin_ctzl(MM_HUGE_SIZE) : 0;
	return leaf_of(ea);
}

unsigned long vma_kernel_pagesize(const struct vm_area_struct *vma)
{
	return vma->huge == HUGE_TLB ? MM_HUGE_SIZE : PAGE_SIZE;
}

/* Out of the page tables; inside notifier calls */
static void zap_pte(unsigned long hva)
{
	unsigned long val = __atomic_exchange_n(&pte_of(hva)->pte, 0, __ATOMIC_SEQ_CST);
	struct page *page;

	if (!(val & _PAGE_PRESENT))
		return;
	page = pfn_to_page(pte_pfn(__pte(val)));
	*dirty_of(page) |= !!(val & _PAGE_DIRTY);
	put_page(page);
}

/* No entry for all of the huge page any more; returns what that was */
static unsigned long take_huge(unsigned long hva)
{
	unsigned long val = __atomic_exchange_n(&leaf_of(hva)->pte, 0, __ATOMIC_SEQ_CST);
	struct page *page;

	*huge_mode(hva) = 0;
	if (!(val & _PAGE_PRESENT))
		return val;
	page = pfn_to_page(pte_pfn(__pte(val)));
	page->dirty |= !!(val & _PAGE_DIRTY);
	break_up(page);
	return val;
}

static void zap_huge(unsigned long hva)
{
	unsigned long val = take_huge(hva), k;

	for (k = 0; (val & _PAGE_PRESENT) && k < MM_HUGE_PAGES; k++)
		put_page(pfn_to_page(pte_pfn(__pte(val)) + k));
}

/* What is done to a part of a huge page is done to small ones */
static void split(unsigned long hva)
{
	unsigned long base = huge_base(hva), val, k;

	kvm_stub_invalidate_start(base, base + MM_HUGE_SIZE);
	if (*huge_mode(hva) == HUGE_THP) {
		val = take_huge(base);
		for (k = 0; (val & _PAGE_PRESENT) && k < MM_HUGE_PAGES; k++) {
			pte_of(base + (k << PAGE_SHIFT))->pte = val + (k << PAGE_SHIFT);
			pfn_to_page(pte_pfn(__pte(val)) + k)->user = true;
		}
	}
	kvm_stub_invalidate_end(base, base + MM_HUGE_SIZE);
}

static void zap(unsigned long start, unsigned long end)
{
	unsigned long hva, next;

	kvm_stub_invalidate_start(start, end);
	for (hva = start; hva < end; hva = next) {
		next = hva + step_of(hva);
		/* a long way over nothing is one step */
		if (leaf_of(hva)->pte || !(hva / PAGE_SIZE % 16))
			sched_point();
		if (!*huge_mode(hva)) {
			next = hva + PAGE_SIZE;
			zap_pte(hva);
		} else if (hva == huge_base(hva) && end - hva >= MM_HUGE_SIZE) {
			zap_huge(hva);
		} else {
			split(hva);
			next = hva;
		}
	}
	kvm_stub_invalidate_end(start, end);
}

/* Make [start, end) a hole; pieces of mappings at both ends stay */
static void unmap(unsigned long start, unsigned long end)
{
	struct vm_area_struct **link = &vmas, *vma, *rest;

	while ((vma = *link)) {
		if (vma->vm_end <= start || vma->vm_start >= end) {
			link = &vma->next;
			continue;
		}
		if (vma->vm_end > end) {
			rest = malloc(sizeof(*rest));
			*rest = *vma;
			rest->vm_start = end;
			rest->vm_pgoff += (end - vma->vm_start) >> PAGE_SHIFT;
			if (rest->vm_file)
				get_file(rest->vm_file);
			vma->next = rest;
			vma->vm_end = end;
		}
		if (vma->vm_start < start) {
			vma->vm_end = start;
			link = &vma->next;
			continue;
		}
		*link = vma->next;
		/* the file goes after its pages */
		zap(vma->vm_start, vma->vm_end);
		if (vma->vm_file)
			fput(vma->vm_file);
		free(vma);
	}
	zap(start, end);
}

/* Neither end is in the middle of a page of hugetlbfs */
static bool may_unmap(unsigned long start, unsigned long end)
{
	const struct vm_area_struct *vma;

	for (vma = vmas; vma; vma = vma->next) {
		if (vma->huge != HUGE_TLB)
			continue;
		if ((start > vma->vm_start && start < vma->vm_end && start != huge_base(start)) ||
		    (end > vma->vm_start && end < vma->vm_end && end != huge_base(end)))
			return false;
	}
	return true;
}

static int map(unsigned long start, unsigned long npages, struct file *file, int huge)
{
	unsigned long end = start + (npages << PAGE_SHIFT);
	struct vm_area_struct *vma, **link;
	int ret = 0;

	mmap_write_lock();
	if (!may_unmap(start, end) || (huge == HUGE_TLB && (start | end) % MM_HUGE_SIZE)) {
		mmap_write_unlock();
		return -EINVAL;
	}
	unmap(start, end);
	vma = calloc(1, sizeof(*vma));
	vma->huge = huge;
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_flags = VM_WRITE | (file ? VM_SHARED : 0);
	if (file) {
		vma->vm_file = get_file(file);
		ret = file->f_op->mmap(file, vma);
	}
	if (ret) {
		fput(file);
		free(vma);
	} else {
		for (link = &vmas; *link && (*link)->vm_start < start; link = &(*link)->next)
			;
		vma->next = *link;
		*link = vma;
	}
	mmap_write_unlock();
	return ret;
}

int mm_mmap(unsigned long start, unsigned long npages, struct file *file)
{
	return map(start, npages, file, 0);
}

int mm_mmap_huge(unsigned long start, unsigned long npages, int huge)
{
	return map(start, npages, NULL, huge);
}

void mm_munmap(unsigned long start, unsigned long npages)
{
	unsigned long end = start + (npages << PAGE_SHIFT);

	mmap_write_lock();
	if (may_unmap(start, end))
		unmap(start, end);
	mmap_write_unlock();
}

/* For whole mappings only */
void mm_mprotect(unsigned long hva, bool writable)
{
	struct vm_area_struct *vma;
	unsigned long addr;

	mmap_write_lock();
	vma = vma_lookup(&fake.mm, hva);
	if (vma && !vma->vm_file) {
		vma->vm_flags = writable ? vma->vm_flags | VM_WRITE : vma->vm_flags & ~VM_WRITE;
		kvm_stub_invalidate_start(vma->vm_start, vma->vm_end);
		for (addr = vma->vm_start; addr < vma->vm_end; addr += step_of(addr)) {
			sched_point();
			/* made writable by the next write */
			__atomic_fetch_and(&leaf_of(addr)->pte, ~_PAGE_WRITE, __ATOMIC_SEQ_CST);
		}
		kvm_stub_invalidate_end(vma->vm_start, vma->vm_end);
	}
	mmap_write_unlock();
}

/* The page at @hva to swap and back: what was in it is read from there */
void mm_swap(unsigned long hva)
{
	kvm_stub_invalidate_start(hva, hva + PAGE_SIZE);
	if (*huge_mode(hva) == HUGE_THP)
		split(hva);
	if (!*huge_mode(hva))
		zap_pte(hva);
	kvm_stub_invalidate_end(hva, hva + PAGE_SIZE);
}

/* The whole of the huge page at @hva is in @vma */
static bool huge_fits(const struct vm_area_struct *vma, unsigned long hva)
{
	return huge_base(hva) >= vma->vm_start && huge_base(hva) + MM_HUGE_SIZE <= vma->vm_end;
}

void mm_collapse(unsigned long hva)
{
	unsigned long base = huge_base(hva), k, old, val;
	struct vm_area_struct *vma;
	struct page *page, *small;

	mmap_write_lock();
	vma = vma_lookup(&fake.mm, hva);
	page = vma && vma->huge == HUGE_THP && huge_fits(vma, hva) && !*huge_mode(hva) ?
	       alloc_huge() : NULL;
	if (page) {
		kvm_stub_invalidate_start(base, base + MM_HUGE_SIZE);
		for (k = 0; k < MM_HUGE_PAGES; k++) {
			old = mm_pte(base + (k << PAGE_SHIFT));
			if (!(old & _PAGE_PRESENT))
				continue;
			small = pfn_to_page(pte_pfn(__pte(old)));
			memcpy(page_address(page + k), page_address(small), PAGE_SIZE);
			zap_pte(base + (k << PAGE_SHIFT));
		}
		page->dirty = true;
		val = page_to_pfn(page) << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ | _PAGE_ACCESSED;
		if (vma->vm_flags & VM_WRITE)
			val |= _PAGE_WRITE | _PAGE_DIRTY;
		*huge_mode(base) = HUGE_THP;
		leaf_of(base)->pte = val;
		kvm_stub_invalidate_end(base, base + MM_HUGE_SIZE);
	}
	mmap_write_unlock();
}

/* Put @page, or a copy of the one there, in the place of PTE @old */
static void replace(unsigned long hva, unsigned long old, bool writable)
{
	struct page *was = pfn_to_page(pte_pfn(__pte(old))), *page;
	unsigned long val;

	page = alloc_pages(0, 0);
	if (!page)
		return;
	page->user = true;
	kvm_stub_invalidate_start(hva, hva + PAGE_SIZE);
	if (!writable)
		kvm_stub_change_pte(hva);
	/* but for the marks, which H_ENTER may have set meanwhile */
	val = pte_of(hva)->pte;
	if ((val ^ old) & (PTE_RPN_MASK | _PAGE_PRESENT)) {
		kvm_stub_invalidate_end(hva, hva + PAGE_SIZE);
		put_page(page);
		return;
	}
	memcpy(page_address(page), page_address(was), PAGE_SIZE);
	page->dirty = true;
	zap_pte(hva);
	val = page_to_pfn(page) << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ | _PAGE_ACCESSED;
	if (writable)
		val |= _PAGE_WRITE | _PAGE_DIRTY;
	pte_of(hva)->pte = val;
	kvm_stub_invalidate_end(hva, hva + PAGE_SIZE);
}

/* As KSM does: a read-only page of the same contents */
void mm_ksm(unsigned long hva)
{
	unsigned long old;

	mmap_read_lock(&fake.mm);
	old = mm_pte(hva);
	if (!*huge_mode(hva) && (old & _PAGE_PRESENT) && !vma_lookup(&fake.mm, hva)->vm_file)
		replace(hva, old, false);
	mmap_read_unlock(&fake.mm);
}

/*
 * May there be a huge page, for which nothing has to go?  None of these tests runs
 * out of pages of hugetlbfs: if there is no memory another try is made.
 */
static bool wants_huge(const struct vm_area_struct *vma, unsigned long hva)
{
	unsigned long base = huge_base(hva), k;

	if (vma->huge == HUGE_TLB)
		return true;
	if (vma->huge != HUGE_THP || !huge_fits(vma, hva) || !rnd(4))
		return false;
	for (k = 0; k < MM_HUGE_PAGES; k++)
		if (pte_of(base + (k << PAGE_SHIFT))->pte)
			return false;
	return true;
}

static void fault_in_huge(struct vm_area_struct *vma, unsigned long hva, bool write)
{
	struct page *page = alloc_huge();
	unsigned long val, k;

	if (!page)
		return;
	/* under the page table's lock: another task may have been faster */
	if (*huge_mode(hva) || !wants_huge(vma, hva)) {
		for (k = 0, break_up(page); k < MM_HUGE_PAGES; k++)
			put_page(page + k);
		return;
	}
	val = page_to_pfn(page) << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ | _PAGE_ACCESSED;
	if (vma->vm_flags & VM_WRITE)
		val |= _PAGE_WRITE;
	if (write)
		val |= _PAGE_DIRTY;
	*huge_mode(hva) = vma->huge;
	leaf_of(hva)->pte = val;
}

/* One try to have a page there */
static int fault_in(struct vm_area_struct *vma, unsigned long hva, bool write)
{
	struct vm_fault vmf = {
		.vma = vma,
		.pgoff = vma->vm_pgoff + ((hva - vma->vm_start) >> PAGE_SHIFT),
	};
	unsigned long old = leaf_of(hva)->pte, val;

	if (write && !(vma->vm_flags & VM_WRITE))
		return -EFAULT;
	if (old & _PAGE_PRESENT) {
		if (!write || (old & _PAGE_WRITE)) {
			val = old | _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0);
			pte_xchg(leaf_of(hva), __pte(old), __pte(val));
			return 0;
		}
		if (*huge_mode(hva) == HUGE_THP && rnd(2)) {
			split(hva);
			return 0;
		}
		if (*huge_mode(hva)) {
			pte_xchg(leaf_of(hva), __pte(old),
				 __pte(old | _PAGE_WRITE | _PAGE_DIRTY | _PAGE_ACCESSED));
			return 0;
		}
		/* another task may have it, or it is ours alone */
		if (pfn_to_page(pte_pfn(__pte(old)))->count > 1 || !rnd(4))
			replace(hva, old, true);
		else
			pte_xchg(pte_of(hva), __pte(old),
				 __pte(old | _PAGE_WRITE | _PAGE_DIRTY | _PAGE_ACCESSED));
		return 0;
	}
	if (wants_huge(vma, hva)) {
		fault_in_huge(vma, hva, write);
		return 0;
	}
	if (vma->vm_ops) {
		if (vma->vm_ops->fault(&vmf))
			return -EFAULT;
	} else {
		vmf.page = alloc_pages(0, 0);
		if (!vmf.page)
			return 0;
		vmf.page->user = true;
		memset(page_address(vmf.page), 0, PAGE_SIZE);
	}
	val = page_to_pfn(vmf.page) << PAGE_SHIFT | _PAGE_PRESENT | _PAGE_READ | _PAGE_ACCESSED;
	if (vma->vm_flags & VM_WRITE)
		val |= _PAGE_WRITE;
	if (write)
		val |= _PAGE_DIRTY;
	/* under the page table's lock: another task may have been faster */
	if (*huge_mode(hva) || !pte_xchg(pte_of(hva), __pte(old), __pte(val)))
		put_page(vmf.page);
	return 0;
}

/**
 * mm_get_page - get_user_pages() for one page
 * @hva: where
 * @write: it will be written to
 * @page: the page, with a reference
 *
 * Return: 0 or -EFAULT
 */
int mm_get_page(unsigned long hva, bool write, struct page **page)
{
	struct vm_area_struct *vma;
	unsigned long val;
	int ret = -EFAULT;

	hva &= PAGE_MASK;
	mmap_read_lock(&fake.mm);
	while ((vma = vma_lookup(&fake.mm, hva))) {
		val = mm_pte(hva);
		if ((val & _PAGE_PRESENT) && (!write || (val & _PAGE_WRITE) == _PAGE_WRITE)) {
			*page = pfn_to_page(pte_pfn(__pte(val)));
			get_page(*page);
			ret = 0;
			break;
		}
		ret = fault_in(vma, hva, write);
		if (ret)
			break;
		ret = -EFAULT;
		wait_for(vma);
	}
	mmap_read_unlock(&fake.mm);
	return ret;
}

void mm_set_dirty(struct page *page)
{
	*dirty_of(page) = true;
}

int pin_user_pages_fast(unsigned long start, int n, unsigned int flags, struct page **list)
{
	int i, ret;

	check(flags & FOLL_LONGTERM);
	for (i = 0; i < n; i++) {
		ret = mm_get_page(start + ((unsigned long)i << PAGE_SHIFT),
				  flags & FOLL_WRITE, &list[i]);
		if (ret)
			return i ? i : ret;
	}
	return n;
}

void unpin_user_pages_dirty_lock(struct page **list, unsigned long n, bool dirty)
{
	while (n--) {
		*dirty_of(list[n]) |= dirty;
		put_page(list[n]);
	}
}

/* User space at its memory */
bool mm_touch(unsigned long hva, bool write)
{
	struct page *page;

	if (mm_get_page(hva, write, &page))
		return false;
	put_page(page);
	return true;
}

/* Buffers of tests are as good as user space's */
static unsigned long user_copy(void *to, const void *from, const void *user, unsigned long n)
{
	might_sleep();
	sched_point();
	/* user space never has anything there */
	if ((unsigned long)user < PAGE_SIZE)
		return n;
	memcpy(to, from, n);
	return 0;
}

unsigned long copy_to_user(void *to, const void *from, unsigned long n)
{
	return user_copy(to, from, to, n);
}

unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	return user_copy(to, from, from, n);
}

/* Files */
int get_unused_fd_flags(unsigned int flags)
{
	int fd;

	for (fd = 0; fd < NR_FDS; fd++)
		if (!fds[fd])
			return fd;
	return -EMFILE;
}

void put_unused_fd(int fd)
{
}

void fd_install(int fd, struct file *file)
{
	check(!fds[fd]);
	fds[fd] = file;
}

struct file *anon_inode_getfile(const char *name, const struct file_operations *ops, void *priv,
				int flags)
{
	struct file *file = kzalloc(sizeof(*file), 0);

	if (!file)
		return ERR_PTR(-ENOMEM);
	file->f_op = ops;
	file->private_data = priv;
	file->count = 1;
	return file;
}

int anon_inode_getfd(const char *name, const struct file_operations *ops, void *priv, int flags)
{
	struct file *file = anon_inode_getfile(name, ops, priv, flags);
	int fd;

	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(0);
	if (fd < 0)
		kfree(file);
	else
		fd_install(fd, file);
	return fd;
}

struct file *get_file(struct file *file)
{
	check(file->count > 0);
	file->count++;
	return file;
}

void fput(struct file *file)
{
	check(file->count > 0);
	if (--file->count)
		return;
	file->f_op->release(NULL, file);
	kfree(file);
}

struct file *fd_file(int fd)
{
	return fd >= 0 && fd < NR_FDS ? fds[fd] : NULL;
}

void fd_close(int fd)
{
	struct file *file = fds[fd];

	fds[fd] = NULL;
	fput(file);
}

/* The pool of real mode areas: pages that it alone has while they are free */
static struct { struct kvmhv_rma rma; bool taken; } areas[MM_AREAS];

unsigned long kvmhv_rma_bytes(void)
{
	return MM_AREA_PAGES << PAGE_SHIFT;
}

struct kvmhv_rma *kvmhv_rma_get(void)
{
	unsigned long i, k;

	for (i = 0; i < MM_AREAS; i++) {
		for (k = 0; !areas[i].taken && k < MM_AREA_PAGES; k++)
			if (pfn_to_page(areas[i].rma.pfn + k)->count != 1)
				break;
		if (areas[i].taken || k < MM_AREA_PAGES)
			continue;
		areas[i].taken = true;
		for (k = 0; k < MM_AREA_PAGES; k++)
			clear_page(page_address(pfn_to_page(areas[i].rma.pfn + k)));
		return &areas[i].rma;
	}
	return NULL;
}

void kvmhv_rma_put(struct kvmhv_rma *rma)
{
	unsigned long i;

	for (i = 0; i < MM_AREAS; i++)
		if (rma == &areas[i].rma)
			break;
	check(i < MM_AREAS && areas[i].taken && !rma->owner);
	areas[i].taken = false;
}

/* Is the area that this page is of in use? */
bool mm_area_taken(unsigned long pfn)
{
	unsigned long i;

	for (i = 0; i < MM_AREAS; i++)
		if (pfn - areas[i].rma.pfn < MM_AREA_PAGES)
			return areas[i].taken;
	return false;
}

/* No page has been allocated */
static void poison_all(void)
{
#ifdef __SANITIZE_ADDRESS__
	ASAN_POISON_MEMORY_REGION(linear, LINEAR);
#endif
}

void mm_setup(void)
{
	unsigned long i;
	struct page *page;

	if (!linear) {
		linear = mmap(NULL, LINEAR, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		check(linear != MAP_FAILED);
		poison_all();
	}
	memset(pages, 0, sizeof(pages));
	memset(&mm_stub, 0, sizeof(mm_stub));
	memset(next_free, 0, sizeof(next_free));
	nr_kmalloc = 0;
	nr_pages = 0;
	locked_vm = 0;
	vmas = NULL;
	fake.linear = linear_address;
	fake.pte = calloc(NR_HOST_PTES, sizeof(pte_t));
	for (i = 0; i < MM_AREAS; i++) {
		page = alloc_pages(0, __builtin_ctzl(MM_AREA_PAGES));
		areas[i].rma.pfn = page_to_pfn(page);
		areas[i].rma.owner = NULL;
		areas[i].taken = false;
	}
}

/* All that was taken has been given back */
void mm_teardown(void)
{
	unsigned long i, k;
	int fd;

	for (fd = 0; fd < NR_FDS; fd++)
		if (fds[fd])
			fd_close(fd);
	mm_munmap(HVA_BASE, NR_HOST_PTES);
	mm_stub.on_free = NULL;
	for (i = 0; i < MM_AREAS; i++) {
		check(!areas[i].taken);
		for (k = 0; k < MM_AREA_PAGES; k++) {
			pfn_to_page(areas[i].rma.pfn + k)->dirty = true;
			put_page(pfn_to_page(areas[i].rma.pfn + k));
		}
	}
	check_eq(nr_pages, 0);
	check_eq(nr_kmalloc, 0);
	check_eq(locked_vm, 0);
	check_eq(current->mm->users, 0);
	free(fake.pte);
	fake.pte = NULL;
	/* the next test finds zeros; all of it is free, and poisoned */
	check(!madvise(linear, LINEAR, MADV_DONTNEED));
}
