/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's memory management and generic KVM, as tests use them.
 */
#ifndef STUB_MM_H
#define STUB_MM_H

/* stub_mm.c */
#define MM_AREAS	2
#define MM_AREA_PAGES	16UL

/* Huge pages, which the host has if its others are 64K */
#define MM_HUGE_SIZE	BIT(24)
#define MM_HUGE_PAGES	(MM_HUGE_SIZE >> PAGE_SHIFT)

struct mm_stub {
	bool may_fail;		/* allocations, now and then */
	unsigned long memlock;	/* pages that may be pinned, 0: any number */
	void (*on_free)(unsigned long pfn);
};

extern struct mm_stub mm_stub;

void mm_setup(void);
void mm_teardown(void);
bool mm_page_free(unsigned long pfn);
bool mm_page_huge(unsigned long pfn);		/* it is or was part of a huge one */
void mm_page_written(unsigned long pfn);	/* through the linear mapping or by a guest */
unsigned long mm_pte(unsigned long hva);
int mm_mmap(unsigned long start, unsigned long npages, struct file *file);
/* HUGE_TLB, which is for whole huge pages only, or HUGE_THP */
int mm_mmap_huge(unsigned long start, unsigned long npages, int huge);
/* khugepaged: small pages become a huge one */
void mm_collapse(unsigned long hva);
void mm_munmap(unsigned long start, unsigned long npages);
void mm_mprotect(unsigned long hva, bool writable);
void mm_swap(unsigned long hva);
void mm_ksm(unsigned long hva);
bool mm_touch(unsigned long hva, bool write);
int mm_get_page(unsigned long hva, bool write, struct page **page);
void mm_set_dirty(struct page *page);
bool mm_area_taken(unsigned long pfn);
struct file *fd_file(int fd);
void fd_close(int fd);

/* stub_kvm.c */
struct kvm_stub {
	unsigned int requests;
	unsigned int injected;	/* storage interrupts given to the guest */
	unsigned int mmio;
	void (*on_tlb_flush)(void);
	/* after kvmhv_flush_memslot(): the guest has no page of it any more */
	void (*on_flushed)(const struct kvm_memory_slot *slot);
};

extern struct kvm_stub kvm_stub;

void kvm_stub_setup(bool ppc970);
void kvm_stub_teardown(void);
/* KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG */
int kvm_stub_set_memory(unsigned int id, u32 flags, unsigned long gpa, unsigned long npages,
			unsigned long hva);
/* MMU notifiers */
void kvm_stub_invalidate_start(unsigned long start, unsigned long end);
void kvm_stub_invalidate_end(unsigned long start, unsigned long end);
void kvm_stub_change_pte(unsigned long hva);
bool kvm_stub_age(unsigned long start, unsigned long end, bool clear);

#endif /* STUB_MM_H */
