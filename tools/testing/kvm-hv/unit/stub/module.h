/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What files of the module get besides: memory management, files, locks whose
 * holders sleep, generic KVM.  stub_task.c, stub_mm.c and stub_kvm.c model it.
 */
#ifndef STUB_MODULE_H
#define STUB_MODULE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sizes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint16_t __be16;
typedef u64 gpa_t;
typedef u64 gva_t;
typedef unsigned long ulong;
typedef u64 kvm_pfn_t;

#define __user
#define __must_hold(lock)
#define __init
#define __initdata
#define fallthrough		__attribute__((fallthrough))
#define L1_CACHE_BYTES		128

#ifdef STUB_BIG_ENDIAN
#define cpu_to_be16(x)		((__be16)(x))
#else
#define cpu_to_be16(x)		__builtin_bswap16(x)
#endif
#define be16_to_cpu(x)		cpu_to_be16(x)

#define DIV_ROUND_UP(n, d)	({ typeof(d) d_ = (d); ((n) + d_ - 1) / d_; })
#define IS_ALIGNED(x, a)	(!((x) & ((typeof(x))(a) - 1)))
#define BUILD_BUG_ON(c)		((void)sizeof(char[1 - 2 * !!(c)]))
#define min(a, b)		({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define swap(a, b)		swap_u32(&(a), &(b))
#define ffz(x)			__ffs(~(x))
#define max(a, b)		({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ > b_ ? a_ : b_; })
/* of unsigned types */
#define min_t(t, a, b)		((t)min((u64)(a), (u64)(b)))
#define max_t(t, a, b)		((t)max((u64)(a), (u64)(b)))
#define U32_MAX			UINT_MAX

static inline void swap_u32(u32 *a, u32 *b)
{
	u32 old = *a;

	*a = *b;
	*b = old;
}

/* Neither a guest nor user space may cause a WARN */
void stub_warn(const char *why);
#define WARN_ONCE(c, ...)	({ bool c_ = !!(c); if (c_) stub_warn(#c); c_; })
#define WARN_ON_ONCE(c)		WARN_ONCE(c, "")
#define WARN_ON(c)		WARN_ONCE(c, "")
#define pr_info_ratelimited(...) do { if (0) stub_printk(__VA_ARGS__); } while (0)
#define pr_warn_ratelimited(...) pr_info_ratelimited(__VA_ARGS__)
#define pr_err_ratelimited(...) pr_info_ratelimited(__VA_ARGS__)
__printf(1, 2) static inline void stub_printk(const char *fmt, ...)
{
}

#define ERR_PTR(e)		((void *)(long)(e))
#define PTR_ERR(p)		((long)(p))
#define IS_ERR(p)		((unsigned long)(p) >= -4095UL)
static inline int PTR_ERR_OR_ZERO(const void *p)
{
	return IS_ERR(p) ? PTR_ERR(p) : 0;
}

/* Atomics: only one task runs at a time, others may come in at a sched_point() */
#define smp_load_acquire(p)	({ sched_point(); READ_ONCE(*(p)); })
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
/* the same for stores */
#define smp_store_release(p, v)	do { WRITE_ONCE(*(p), v); sched_point(); } while (0)
#define xchg_relaxed(p, v)	__atomic_exchange_n(p, v, __ATOMIC_RELAXED)
#define cmpxchg(p, old, new)						\
({									\
	typeof(old) o_ = (old);						\
									\
	__atomic_compare_exchange_n(p, (void *)&o_, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	o_;								\
})

static inline void atomic_inc(atomic_t *a)
{
	a->counter++;
}

static inline int atomic_inc_return(atomic_t *a)
{
	return __atomic_add_fetch(&a->counter, 1, __ATOMIC_SEQ_CST);
}

static inline bool atomic_dec_and_test(atomic_t *a)
{
	return !__atomic_sub_fetch(&a->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic_dec(atomic_t *a)
{
	a->counter--;
}

static inline void cpumask_setall(struct cpumask *m)
{
	memset(m, 0xff, sizeof(*m));
}

/* by the byte, whatever the byte order of this machine */
static inline void set_bit_le(unsigned long nr, void *p)
{
	__atomic_fetch_or((u8 *)p + nr / 8, 1 << nr % 8, __ATOMIC_SEQ_CST);
}

static inline void __set_bit_le(unsigned long nr, void *p)
{
	((u8 *)p)[nr / 8] |= 1 << nr % 8;
}

/* Tasks and their locks: stub_task.c */
#define RANK_SLOTS		1
#define RANK_SLOTS_ARCH		2
#define RANK_SETUP		3
#define RANK_MMAP		4
#define RANK_SPIN		5	/* from here on no task may sleep */
#define RANK_MN			5
#define RANK_MMU		6
#define RANK_HPTE		7
#define RANK_RMAP		8
#define RANK_VPA		9

struct pt_regs { unsigned long msr; };

struct task_struct {
	struct mm_struct *mm;
	struct { unsigned long run_delay; } sched_info;
	struct {
		struct pt_regs *regs;
		u8 load_fp, load_vec;
	} thread;
};

struct task_struct *get_current(void);
#define current			get_current()
#define DEFINE_MUTEX(name)	struct mutex name
void mutex_init(struct mutex *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);

static inline int mutex_lock_killable(struct mutex *lock)
{
	mutex_lock(lock);
	return 0;
}

void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
#define spin_lock_init(l)	(*(l) = (spinlock_t){ .rank = RANK_VPA })
bool lock_is_held(const void *lock);
void lock_assert(bool ok, const char *what);
#define lockdep_assert(c)	lock_assert(c, #c)
#define lockdep_assert_held(l)	lock_assert(lock_is_held(l), #l)
void preempt_disable(void);
void preempt_enable(void);
void local_irq_disable(void);
void local_irq_enable(void);
#define hard_irq_disable()	local_irq_disable()
#define local_irq_save(f)	do { (f) = 0; local_irq_disable(); } while (0)
#define local_irq_restore(f)	do { (void)(f); local_irq_enable(); } while (0)
void might_sleep(void);
void cond_resched(void);
#define _cond_resched()		cond_resched()
bool need_resched(void);
int srcu_read_lock(struct srcu_struct *srcu);
void srcu_read_unlock(struct srcu_struct *srcu, int idx);
void synchronize_srcu_expedited(struct srcu_struct *srcu);
#define fatal_signal_pending(t)	((void)(t), false)
#define HZ			100
extern unsigned long jiffies;
#define time_after(a, b)	((long)((b) - (a)) < 0)
void usleep_range(unsigned long from, unsigned long to);

/* Memory: stub_mm.c */
#define gfp_t			unsigned int
#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0
#define __GFP_RETRY_MAYFAIL	0
#define MAX_ORDER		(PAGE_SHIFT == 12 ? 11 : 9)

struct page;
void *kzalloc(size_t size, gfp_t gfp);
void *kcalloc(size_t n, size_t size, gfp_t gfp);
void kfree(const void *p);
unsigned long get_zeroed_page(gfp_t gfp);
void free_page(unsigned long addr);
struct page *alloc_pages(gfp_t gfp, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);
void *page_address(const struct page *page);
struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(unsigned long pfn);
unsigned long page_to_pfn(const struct page *page);
unsigned long __pa(const void *addr);
void get_page(struct page *page);
void set_page_private(struct page *page, unsigned long private);
unsigned long page_private(const struct page *page);
void put_page(struct page *page);
#define clear_page(p)		memset(p, 0, PAGE_SIZE)
#define offset_in_page(a)	((a) & ~PAGE_MASK)
#define flush_icache_range(a, b) do { (void)(a); (void)(b); } while (0)

#define CONFIG_CONTIG_ALLOC
#define numa_node_id()		0
extern int node_online_map;
struct page *alloc_contig_pages(unsigned long n, gfp_t gfp, int nid, int *nodes);
void free_contig_range(unsigned long pfn, unsigned long n);

#define vm_fault_t		unsigned int
#define VM_FAULT_SIGBUS		2
#define VM_WRITE		2
#define VM_SHARED		8
#define VM_DONTEXPAND		0x40000
#define VM_DONTDUMP		0x4000000

struct vm_fault;
struct vm_operations_struct {
	vm_fault_t (*fault)(struct vm_fault *vmf);
};

struct vm_area_struct {
	struct vm_area_struct *next;
	unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
	int huge;		/* HUGE_TLB: always, HUGE_THP: at times */
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long pgoff;
	struct page *page;
};

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

unsigned long vma_kernel_pagesize(const struct vm_area_struct *vma);
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end);
struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr);
void mmap_read_lock(struct mm_struct *mm);
void mmap_read_unlock(struct mm_struct *mm);

#define pte_present(p)		(!!(pte_val(p) & _PAGE_PRESENT))
#define pte_write(p)		(!!(pte_val(p) & _PAGE_WRITE))
#define pte_ci(p)		(!!(pte_val(p) & _PAGE_NON_IDEMPOTENT))
pte_t *find_current_mm_pte(pgd_t *pgd, unsigned long ea, bool *thp, unsigned int *shift);

#define FOLL_WRITE		1
#define FOLL_LONGTERM		2
int pin_user_pages_fast(unsigned long start, int n, unsigned int flags, struct page **pages);
void unpin_user_pages_dirty_lock(struct page **pages, unsigned long n, bool dirty);
int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool inc);
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
unsigned long copy_from_user(void *to, const void *from, unsigned long n);

/* Files: stub_mm.c */
struct inode;
struct file_operations {
	void *owner;
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	ssize_t (*read)(struct file *file, char *buf, size_t n, loff_t *pos);
	ssize_t (*write)(struct file *file, const char *buf, size_t n, loff_t *pos);
	int (*release)(struct inode *inode, struct file *file);
	loff_t (*llseek)(struct file *file, loff_t off, int whence);
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
	int count;
};

#define THIS_MODULE		NULL
#define noop_llseek		NULL
int get_unused_fd_flags(unsigned int flags);
void put_unused_fd(int fd);
void fd_install(int fd, struct file *file);
struct file *anon_inode_getfile(const char *name, const struct file_operations *ops, void *priv,
				int flags);
int anon_inode_getfd(const char *name, const struct file_operations *ops, void *priv, int flags);
struct file *get_file(struct file *file);
void fput(struct file *file);

/* SLB, LPCR, VRMA, hash: from the ISA and Linux 6.1 */
#define LPCR_VRMASD_SH		47
#define LPCR_VRMASD		(0x1fUL << LPCR_VRMASD_SH)
#define VRMA_VSID		0x1ffffffUL
#define VPN_SHIFT		12
#define MMU_SEGSIZE_256M	0
#define MMU_SEGSIZE_1T		1
#define HPTES_PER_GROUP		8
#define HPTE_V_AVPN_VAL(x)	(((x) & HPTE_V_AVPN) >> HPTE_V_AVPN_SHIFT)
#define PP_RWXX			0
#define PPC_MIN_HPT_ORDER	18
#define PPC_MAX_HPT_ORDER	46
#define ESID_MASK		0xfffffffff0000000UL
#define ESID_MASK_1T		0xffffff0000000000UL
#define SLB_ESID_V		BIT(27)
unsigned long hpt_hash(unsigned long vpn, unsigned int shift, int ssize);
unsigned long slb_pgsize_encoding(unsigned long psize);
int kvmppc_pgsize_lp_encoding(int base, int actual);
unsigned int kvmppc_hpte_actual_page_shift(unsigned long v, unsigned long r);

/* Generic KVM, and KVM of powerpc: stub_kvm.c */
#define RESUME_GUEST		0
#define RESUME_HOST		2
#define RESUME_GUEST_NV		1
#define RESUME_HOST_NV		3
#define KVM_EXIT_MMIO		6
#define KVM_PAM			0x0fffffffffffffffUL
#define KVM_USER_MEM_SLOTS	8
#define KVM_ARCH_REQ(n)		BIT(8 + (n))
#define KVM_EXIT_INTERNAL_ERROR	17
#define KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON 4
#define BOOK3S_INTERRUPT_H_INST_STORAGE 0xe20
#define KVM_REG_PPC_VPA_ADDR	0x82
#define KVM_REG_PPC_VPA_SLB	0x83
#define KVM_REG_PPC_VPA_DTL	0x84
#define KVM_PFN_ERR_FAULT	BIT(62)
#define KVM_PFN_ERR_HWPOISON	(BIT(62) + 1)
#define KVM_PFN_ERR_RO_FAULT	(BIT(62) + 2)
#define KVM_PFN_NOSLOT		BIT(63)
#define is_noslot_pfn(p)	((p) == KVM_PFN_NOSLOT)
#define is_error_pfn(p)		(!!((p) >> 62 & 1))
#define gpa_to_gfn(a)		((gfn_t)((a) >> PAGE_SHIFT))

#define H_RESOURCE		-16
#define H_VPA_FUNC_SHIFT	(63 - 18)
#define H_VPA_FUNC_MASK		7UL
#define H_VPA_REG_VPA		1UL
#define H_VPA_REG_DTL		2UL
#define H_VPA_REG_SLB		3UL
#define H_VPA_DEREG_VPA		5UL
#define H_VPA_DEREG_DTL		6UL
#define H_VPA_DEREG_SLB		7UL

enum kvm_mr_change {
	KVM_MR_CREATE,
	KVM_MR_DELETE,
	KVM_MR_MOVE,
	KVM_MR_FLAGS_ONLY,
};

struct kvm_gfn_range {
	struct kvm_memory_slot *slot;
	gfn_t start, end;
	pte_t pte;
	bool may_block;
};

struct kvm_userspace_memory_region {
	u32 slot, flags;
	u64 guest_phys_addr, memory_size, userspace_addr;
};

struct kvm_dirty_log {
	u32 slot;
	void *dirty_bitmap;
};

struct kvm_allocate_rma {
	u64 rma_size;
};

struct kvm_get_htab_fd {
	u64 flags, start_index, reserved[2];
};

#define KVM_GET_HTAB_BOLTED_ONLY 1
#define KVM_GET_HTAB_WRITE	2

struct kvm_get_htab_header {
	u32 index;
	u16 n_valid, n_invalid;
};

struct kvm_ppc_resize_hpt {
	u64 flags;
	u32 shift, pad;
};

struct kvm_ppc_one_page_size { u32 page_shift, pte_enc; };

struct kvm_ppc_one_seg_page_size {
	u32 page_shift, slb_enc;
	struct kvm_ppc_one_page_size enc[8];
};

struct kvm_ppc_smmu_info {
	u64 flags;
	u32 slb_size;
	u16 data_keys, instr_keys;
	struct kvm_ppc_one_seg_page_size sps[8];
};

#define KVM_PPC_PAGE_SIZES_REAL	1
#define KVM_PPC_1T_SEGMENTS	2

struct kvm_run {
	u32 exit_reason;
	struct { u32 suberror, ndata; u64 data[16]; } internal;
};

union kvmppc_one_reg {
	u64 dval;
	struct { u64 addr, length; } vpaval;
};

struct kvmppc_pte {
	ulong eaddr, raddr, vpage, wimg, rc;
	u8 page_shift;
	bool may_read, may_write, may_execute;
};

struct kvm_sregs;

#define gfn_to_memslot(kvm, gfn) ____gfn_to_memslot((kvm)->memslots[0], gfn, false)
#define kvm_memslots(kvm)	((kvm)->memslots[0])
#define kvm_for_each_memslot(s, bkt, slots)				\
	for (unsigned int n_ = ((void)&(bkt), 0);			\
	     slot_nr(slots, n_, (struct kvm_memory_slot **)&(s)); n_++)
#define kvm_for_each_vcpu(i, v, kvm)					\
	for (unsigned long n_ = ((void)&(i), 0); vcpu_nr(kvm, n_, &(v)); n_++)
static inline bool slot_nr(const struct kvm_memslots *slots, unsigned int n,
			   struct kvm_memory_slot **slot)
{
	*slot = n < slots->n ? slots->slot[n] : NULL;
	return *slot;
}

static inline bool vcpu_nr(const struct kvm *kvm, unsigned long n, struct kvm_vcpu **vcpu)
{
	*vcpu = n < STUB_VCPUS ? kvm->vcpu[n] : NULL;
	return *vcpu;
}

struct kvm_memory_slot *id_to_memslot(struct kvm_memslots *slots, int id);
unsigned long kvm_dirty_bitmap_bytes(const struct kvm_memory_slot *slot);
unsigned long *kvm_second_dirty_bitmap(const struct kvm_memory_slot *slot);
void mark_page_dirty(struct kvm *kvm, gfn_t gfn);
int kvm_read_guest(struct kvm *kvm, gpa_t gpa, void *data, unsigned long len);
kvm_pfn_t __gfn_to_pfn_memslot(const struct kvm_memory_slot *slot, gfn_t gfn, bool atomic,
			       bool *async, bool write, bool *writable, unsigned long *hva);
struct page *gfn_to_page(struct kvm *kvm, gfn_t gfn);
#define is_error_page(p)	IS_ERR(p)
void kvm_release_pfn_dirty(kvm_pfn_t pfn);
void kvm_release_pfn_clean(kvm_pfn_t pfn);
void kvm_release_page_dirty(struct page *page);
void kvm_flush_remote_tlbs(struct kvm *kvm);
void kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req);
void kvm_get_kvm(struct kvm *kvm);
void kvm_put_kvm(struct kvm *kvm);
void kvmppc_core_queue_inst_storage(struct kvm_vcpu *vcpu, ulong cause);
void kvmppc_core_queue_data_storage(struct kvm_vcpu *vcpu, ulong dar, ulong cause);
void kvmppc_mmu_flush_icache(kvm_pfn_t pfn);
#define kvmppc_get_pc(v)	((v)->arch.regs.nip)
#define kvmppc_set_pc(v, pc)	((v)->arch.regs.nip = (pc))
#define kvmppc_get_gpr(v, n)	((v)->arch.regs.gpr[n])

/* Emulated loads and stores: test_mmio.c */
enum emulation_result { EMULATE_DONE, EMULATE_DO_MMIO, EMULATE_FAIL, EMULATE_AGAIN };
#define INST_GENERIC		0
#define kvm_vcpu_srcu_read_lock(v)	((void)srcu_read_lock(&(v)->kvm->srcu))
#define kvm_vcpu_srcu_read_unlock(v)	srcu_read_unlock(&(v)->kvm->srcu, 0)
int kvmppc_get_last_inst(struct kvm_vcpu *vcpu, int kind, u32 *inst);
int kvmppc_handle_load(struct kvm_vcpu *vcpu, unsigned int reg, unsigned int bytes, int normal);
int kvmppc_handle_store(struct kvm_vcpu *vcpu, u64 val, unsigned int bytes, int normal);
int kvmppc_emulate_mmio(struct kvm_vcpu *vcpu);

/* Hardware threads, and the last steps before a trip: test_core.c, test_trip.c */
#define IS_ENABLED(...)		0
#define early_initcall(fn)	int stub_##fn(void) { return fn(); }
extern int threads_per_core, threads_per_subcore;
#define for_each_possible_cpu(cpu) for (int n_ = 0; cpu_nr(n_, &(cpu)); n_++)
static inline bool cpu_nr(int n, int *cpu)
{
	*cpu = n;
	return n < threads_per_core;
}

#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#define cpu_present(cpu)	((cpu) >= 0)
#define cpu_thread_in_core(cpu)	((cpu) & (threads_per_core - 1))
#define cpu_first_thread_sibling(cpu) ((cpu) & -threads_per_core)
bool kvm_hv_mode_active(void);
void cpus_read_lock(void);
void cpus_read_unlock(void);
void smp_send_reschedule(int cpu);
void xics_wake_cpu(int cpu);

#define OUTSIDE_GUEST_MODE	0
#define IN_GUEST_MODE		1
/* xchg() is a full barrier, too */
#define smp_store_mb(var, val)	((void)xchg(&(var), val))
#define KVM_INST_FETCH_FAILED	0xffffffffU
#define _TIF_SIGPENDING		BIT(1)
#define _TIF_NEED_RESCHED	BIT(2)
#define _TIF_NOTIFY_SIGNAL	BIT(3)
#define read_thread_flags()	0UL
#define lazy_irq_pending()	false
#define kvm_request_pending(v)	((void)(v), false)
#define PACA_IRQ_DBELL		2
#define PACA_IRQ_EE		4
#define PACA_IRQ_HMI		0x20
struct machdep_calls { int (*hmi_exception_early)(struct pt_regs *regs); };
extern struct machdep_calls ppc_md;
#define replay_system_reset()	do { } while (0)
void set_dec(u64 ticks);
#define giveup_all(task)	((void)(task))
#define guest_timing_enter_irqoff() do { } while (0)
#define guest_timing_exit_irqoff() do { } while (0)
#define srr_regs_clobbered()	do { } while (0)
#define this_cpu_get_ftrace_enabled() ((u8)0)
#define this_cpu_set_ftrace_enabled(on) ((void)(on))

/* Interrupts, ISA 2.07 Book III-S */
#define BOOK3S_INTERRUPT_SYSTEM_RESET 0x100
#define BOOK3S_INTERRUPT_MACHINE_CHECK 0x200
#define BOOK3S_INTERRUPT_EXTERNAL 0x500
#define BOOK3S_INTERRUPT_HV_DECREMENTER 0x980
#define BOOK3S_INTERRUPT_SYSCALL 0xc00
#define BOOK3S_INTERRUPT_H_DATA_STORAGE 0xe00
#define BOOK3S_INTERRUPT_HMI	0xe60
#define BOOK3S_INTERRUPT_H_DOORBELL 0xe80
#define LPCR_PECEDP		BIT(16)

/* Time, VPA */
#define tb_ticks_per_usec	1
#define tb_ticks_per_sec	1000000UL
#define get_hard_smp_processor_id(cpu) (cpu)
#define DTL_LOG_CEDE		1
#define DTL_LOG_PREEMPT		2
#define LPPACA_OLD_SHARED_PROC	2

struct lppaca {
	__be32 desc;
	__be16 size;
	u8 reserved1[3];
	u8 __old_status;
	u8 reserved2[174];
	u8 dtl_enable_mask;
	u8 reserved3[71];
	__be32 yield_count;
	u8 reserved4[84];
	__be64 enqueue_dispatch_tb;
	u8 reserved5[184];
	__be64 dtl_idx;
	u8 reserved6[96];
} ____cacheline_aligned;

struct dtl_entry {
	u8 dispatch_reason, preempt_reason;
	__be16 processor_id;
	__be32 enqueue_to_dispatch_time, ready_to_enqueue_time, waiting_to_ready_time;
	__be64 timebase, fault_addr, srr0, srr1;
};

struct slb_shadow {
	__be32 persistent, buffer_length;
	__be64 reserved;
	struct {
		__be64 esid, vsid;
	} save_area[2];
};

#endif /* STUB_MODULE_H */
