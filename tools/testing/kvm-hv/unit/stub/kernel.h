/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as the real-mode C under test uses, for a user
 * program on any machine.  Values come from the ISA, PAPR and Linux 6.1;
 * nothing more than is needed is here, so that a new dependency of the real
 * sources fails to compile until someone has looked at it.
 *
 * Files of the module see module.h besides: it has what real mode must not use.
 *
 * PAGE_SHIFT (12 or 16), STUB_BIG_ENDIAN and STUB_MODULE come from the command
 * line.
 */
#ifndef STUB_KERNEL_H
#define STUB_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>

/* Types and compiler */
#define noinline	__attribute_noinline__
#define typeof		__typeof__

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef u64 __be64;
typedef int32_t s32;
typedef int64_t s64;
typedef u32 __be32;
#define __vector128		unsigned __int128
#define __iomem
#define __force
#define ____cacheline_aligned	__aligned(128)

struct list_head {
	struct list_head *next, *prev;
};

typedef u64 gfn_t;

#define ASM_CONST(x)		x##UL
#define BIT(n)			(1UL << (n))
static inline bool test_bit(unsigned int n, const unsigned long *p)
{
	return p[n / 64] >> n % 64 & 1;
}

static inline void clear_bit(unsigned int n, unsigned long *p)
{
	__atomic_fetch_and(p, ~BIT(n), __ATOMIC_SEQ_CST);
}

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define READ_ONCE(x)							\
({									\
	barrier();							\
	__auto_type once_ = (x);					\
	barrier();							\
	once_;								\
})
#define WRITE_ONCE(x, val)						\
	do {								\
		__atomic_store_n(&(x), (val), __ATOMIC_RELAXED);	\
		if (stub_on_write)					\
			stub_on_write();				\
	} while (0)
/* another CPU may have been faster than the next access */
extern void (*stub_on_write)(void);
#define rcu_dereference_raw(p)	READ_ONCE(p)
#define barrier()		__atomic_signal_fence(__ATOMIC_SEQ_CST)
#define OPTIMIZER_HIDE_VAR(v)	asm("" : "+r" (v))
void sched_point(void);
/* stronger than what they stand for, and others may do something meanwhile */
#define smp_mb()							\
	do {								\
		__atomic_thread_fence(__ATOMIC_SEQ_CST);		\
		sched_point();						\
	} while (0)
/* stores, and then others may do something */
#define smp_store_release(p, v)	do { WRITE_ONCE(*(p), v); sched_point(); } while (0)
#define xchg_relaxed(p, v)	__atomic_exchange_n(p, v, __ATOMIC_RELAXED)
/* loads */
#define smp_rmb()		smp_mb()
/* stores */
#define smp_wmb()		smp_mb()
#define eieio()			__atomic_thread_fence(__ATOMIC_SEQ_CST)
/* where the kernel's atomics need one */
#define smp_mb__before_atomic()	smp_mb()

static inline unsigned long array_index_nospec(unsigned long i, unsigned long n)
{
	return i < n ? i : 0;
}

#define ARRAY_SIZE(x)		(sizeof(x) / sizeof((x)[0]))
#define __ilog2_u64(x)		(63 - __builtin_clzl(x))

#ifdef STUB_BIG_ENDIAN
#define cpu_to_be64(x)		((u64)(x))
#define cpu_to_be32(x)		((u32)(x))
#else
#define cpu_to_be64(x)		__builtin_bswap64(x)
#define cpu_to_be32(x)		__builtin_bswap32(x)
#endif
#define be64_to_cpu(x)		cpu_to_be64(x)
#define be32_to_cpu(x)		cpu_to_be32(x)
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))

void cpu_relax(void);

/* Pages */
#define PAGE_SIZE		BIT(PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
void *__va(unsigned long pa);

/* CPU masks, locks that only lie in structures */
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	(((n) + 63) / 64)
#define BIT_WORD(n)		((n) / 64)
#define BIT_MASK(n)		(1UL << ((n) % 64))
struct cpumask { unsigned long bits[2]; };
#define cpumask_t		struct cpumask
#define cpumask_bits(m)		((m)->bits)
#define nr_cpumask_bits		128
unsigned int raw_smp_processor_id(void);

#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

struct atomic { int counter; };
#define atomic_t		struct atomic
#define ATOMIC_INIT(i)		{ i }
#define atomic_read(v)		READ_ONCE((v)->counter)
#define atomic_set(v, i)	WRITE_ONCE((v)->counter, i)
#define atomic_or(i, v)		((void)atomic_fetch_or(i, v))
#define atomic_andnot(i, v)	((void)atomic_fetch_andnot(i, v))
#define atomic_fetch_or_relaxed(i, v)	atomic_fetch_or(i, v)
#define atomic_fetch_andnot_acquire(i, v)	atomic_fetch_andnot(i, v)
static inline int atomic_fetch_or(int i, atomic_t *v)
{
	return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline int atomic_fetch_andnot(int i, atomic_t *v)
{
	return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST);
}

static inline bool atomic_try_cmpxchg(atomic_t *v, int *old, int new)
{
	return __atomic_compare_exchange_n(&v->counter, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* @rank: a task may wait for locks of higher rank than those it has; 0: any */
struct spinlock { const void *owner; unsigned int rank; };
#define spinlock_t		struct spinlock
struct mutex { const void *owner; unsigned int rank; };

/* The lock of a raw spinlock, which real mode takes without the rest of it */
struct arch_spinlock { int held; };
#define arch_spinlock_t		struct arch_spinlock
struct raw_spinlock { arch_spinlock_t raw_lock; };
#define raw_spinlock_t		struct raw_spinlock
bool arch_spin_trylock(arch_spinlock_t *lock);
void arch_spin_unlock(arch_spinlock_t *lock);

/* Features */
#define CPU_FTR_ARCH_206	1
#define CPU_FTR_ARCH_207S	2
#define CPU_FTR_VSX		8
#define CPU_FTR_DBELL		16
bool cpu_has_feature(unsigned long feature);
#define MMU_FTR_LOCKLESS_TLBIE	4
#define mmu_has_feature(f)	cpu_has_feature(f)

/* MSR, DSISR, SRR1 */
#define MSR_SF			BIT(63)
#define MSR_VEC			BIT(25)
#define MSR_VSX			BIT(23)
#define MSR_EE			BIT(15)
#define MSR_PR			BIT(14)
#define MSR_FP			BIT(13)
#define MSR_ME			BIT(12)
#define MSR_KERNEL		(MSR_IR | MSR_DR)
#define MSR_IR			BIT(5)
#define MSR_DR			BIT(4)
#define MSR_LE			BIT(0)
#define LPCR_ILE		BIT(25)
#define LPCR_AIL		(3UL << 23)
#define LPCR_AIL_3		LPCR_AIL
#define LPCR_MER		BIT(11)
#define BOOK3S_IRQPRIO_DECREMENTER 14
#define BOOK3S_IRQPRIO_EXTERNAL	17
#define DSISR_NOHPTE		0x40000000
#define DSISR_NOEXEC_OR_G	0x10000000
#define DSISR_PROTFAULT		0x08000000
#define DSISR_ISSTORE		0x02000000
#define DSISR_DABRMATCH		0x00400000
#define DSISR_KEYFAULT		0x00200000
#define SRR1_ISI_NOPT		0x40000000
#define SRR1_ISI_N_G_OR_CIP	0x10000000
#define SRR1_ISI_PROT		0x08000000

#define SRR1_WAKEMASK		0x00380000
#define SRR1_WAKEMASK_P8	0x003c0000
#define SRR1_WAKEEE		0x00200000
#define SRR1_WAKERESET		0x00100000
#define SRR1_WAKEHDBELL		0x000c0000
#define SRR1_WAKEHMI		0x00280000
#define SRR1_WAKESTATE		0x00030000
#define SRR1_WS_GPRLOSS		0x00020000
#define SRR1_WS_NOLOSS		0x00010000

/* SLB, RS of slbmte */
#define SID_SHIFT		28
#define SID_SHIFT_1T		40
#define SLB_VSID_SHIFT		12
#define SLB_VSID_SHIFT_1T	24
#define SLB_VSID_B		(3UL << 62)
#define SLB_VSID_B_256M		0UL
#define SLB_VSID_B_1T		BIT(62)
#define SLB_VSID_KS		BIT(11)
#define SLB_VSID_KP		BIT(10)
#define SLB_VSID_N		BIT(9)
#define SLB_VSID_L		BIT(8)
#define SLB_VSID_LP_00		0UL
#define SLB_VSID_LP_01		BIT(4)
#define SLB_VSID_LP_10		BIT(5)
#define SLB_VSID_LLP		(SLB_VSID_L | BIT(4) | BIT(5))

/* HPTE, first doubleword; HVLOCK and ABSENT are software's */
#define HPTE_V_SSIZE_SHIFT	62
#define HPTE_V_AVPN_SHIFT	7
#define HPTE_V_AVPN		(((1UL << 62) - 1) & ~0x7fUL)
#define HPTE_V_1TB_SEG		BIT(62)
#define HPTE_V_HVLOCK		BIT(6)
#define HPTE_V_ABSENT		BIT(5)
#define HPTE_V_BOLTED		BIT(4)
#define HPTE_V_LARGE		BIT(2)
#define HPTE_V_SECONDARY	BIT(1)
#define HPTE_V_VALID		BIT(0)

/* HPTE, second doubleword */
#define HPTE_R_PP0		BIT(63)
#define HPTE_R_KEY_HI		(3UL << 60)
#define HPTE_R_RPN		(((1UL << 60) - 1) & ~0xfffUL)
#define HPTE_R_KEY_LO		(7UL << 9)
#define HPTE_R_KEY		(HPTE_R_KEY_HI | HPTE_R_KEY_LO)
#define HPTE_R_R		BIT(8)
#define HPTE_R_C		BIT(7)
#define HPTE_R_W		BIT(6)
#define HPTE_R_I		BIT(5)
#define HPTE_R_M		BIT(4)
#define HPTE_R_G		BIT(3)
#define HPTE_R_WIMG		(15UL << 3)
#define HPTE_R_N		BIT(2)
#define HPTE_R_PP		3UL
#define HPTE_R_PPP		(HPTE_R_PP0 | HPTE_R_PP)

/* Hcalls */
#define H_SUCCESS		0
#define H_PARAMETER		-4
#define H_PTEG_FULL		-6
#define H_NOT_FOUND		-7
#define H_UNSUPPORTED_FLAG_START -256
#define H_TOO_HARD		9999
#define PAPR_BIT(n)		BIT(63 - (n))
#define H_EXACT			PAPR_BIT(24)
#define H_READ_4		PAPR_BIT(26)
#define H_AVPN			PAPR_BIT(32)
#define H_ANDCOND		PAPR_BIT(33)
#define H_ZERO_PAGE		PAPR_BIT(48)
#define H_COPY_PAGE		PAPR_BIT(49)

/* TCE tables */
#define TCE_PCI_READ		1
#define TCE_PCI_WRITE		2
#define TCES_PER_PAGE		(PAGE_SIZE / sizeof(u64))
#define list_for_each_entry_lockless(pos, head, member)			\
	for (struct list_head *h_ = (head), *e_ = READ_ONCE(h_->next);	\
	     e_ != h_ && entry_of(&(pos), e_,				\
				  offsetof(typeof((pos)[0]), member));	\
	     e_ = READ_ONCE(e_->next))
static inline bool entry_of(void *pos, struct list_head *e, size_t offset)
{
	*(void **)pos = (char *)e - offset;
	return true;
}

/* Host page tables */
#define _PAGE_WRITE		0x2UL
#define _PAGE_READ		0x4UL
#define _PAGE_PRIVILEGED	0x8UL
#define _PAGE_NON_IDEMPOTENT	0x20UL
#define _PAGE_DIRTY		0x80UL
#define _PAGE_ACCESSED		0x100UL
#define _PAGE_SOFT_DIRTY	0x200UL
#define _PAGE_PRESENT		BIT(63)
#define H_PAGE_BUSY		BIT(61)
#define H_PAGE_4K_PFN		BIT(60)
#define H_PTE_PKEY_BIT0		BIT(54)
#define H_PTE_PKEY_BIT1		BIT(55)
#define H_PTE_PKEY_BIT2		BIT(56)
#define H_PTE_PKEY_BIT3		BIT(57)
#define H_PTE_PKEY_BIT4		BIT(58)
#define PTE_RPN_MASK		(((1UL << 53) - 1) & PAGE_MASK)

struct pte { unsigned long pte; };
#define pte_t			struct pte
struct pgd { int dummy; };
#define pgd_t			struct pgd
struct mm_struct {
	pgd_t *pgd;
	int users;	/* mmgrab() */
};

long si_mem_available(void);
struct srcu_struct { int dummy; };
#define pte_val(p)		((p).pte)
#define __pte(v)		((pte_t){ v })
#define pte_pfn(p)		((pte_val(p) & PTE_RPN_MASK) >> PAGE_SHIFT)
#define pte_mkyoung(p)		((pte_t){ pte_val(p) | _PAGE_ACCESSED })
#define pte_mkdirty(p)		((pte_t){ pte_val(p) | _PAGE_DIRTY | _PAGE_SOFT_DIRTY })
bool pte_xchg(pte_t *ptep, pte_t old, pte_t new);

/* KVM */
#define KVMPPC_RMAP_LOCK_BIT	43
#define KVMPPC_RMAP_RC_SHIFT	32
#define KVMPPC_RMAP_REFERENCED	(HPTE_R_R << KVMPPC_RMAP_RC_SHIFT)
#define KVMPPC_RMAP_PRESENT	BIT(32)
#define KVMPPC_RMAP_INDEX	0xffffffffUL
#define KVM_MEM_LOG_DIRTY_PAGES	BIT(0)
#define KVM_MEMSLOT_INVALID	BIT(16)

struct kvm_vcpu_arch_shared { u64 msr; };
struct machine_check_event { int dummy; };

#include <asm/kvm_book3s_hv.h>

struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	unsigned long *dirty_bitmap;
	u32 flags;
	int id;
	struct { unsigned long **rmap, **pinned; unsigned int memory; } arch;
};

struct kvm_memslots {
	u64 generation;
	unsigned int n;
	struct kvm_memory_slot *slot[8];
};

#define STUB_VCPUS		2

struct kvm {
	struct mm_struct *mm;
	struct kvm_memslots *memslots[1];
	spinlock_t mmu_lock;	/* around what notifiers do */
	unsigned long mmu_invalidate_seq;
	long mmu_invalidate_in_progress;
	spinlock_t mn_invalidate_lock;	/* mn_active_invalidate_count */
	unsigned long mn_active_invalidate_count;
	struct mutex slots_lock;	/* memslots */
	struct mutex slots_arch_lock;	/* their arch */
	struct srcu_struct srcu;
	int users_count;
	struct kvm_vcpu *vcpu[STUB_VCPUS];
	struct {
		unsigned int lpid;
		struct list_head spapr_tce_tables;
		struct kvm_hv_vm hv;
	} arch;
};

struct thread_fp_state { int dummy; };
struct thread_vr_state { int dummy; };
struct kvm_run;

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_run *run;
	int vcpu_id;
	int mode;
	struct {
		u64 put_tce_real, multi_tce_real, sum_exits;
		u64 real_mode_hcalls, real_mode_faults, real_mode_cedes;
	} stat;
	struct {
		struct { unsigned long gpr[32], nip, msr; } regs;
		struct thread_fp_state fp;
		struct thread_vr_state vr;
		unsigned long amr;
		unsigned long iamr;
		unsigned long pending_exceptions;
		u64 dec_expires;
		u32 trap, last_inst;
		u8 ceded, prodded, external_oneshot;
		u64 rm_hcalls, rm_cedes;
		u8 mmio_sp64_extend, mmio_vsx_copy_nums, mmio_vmx_copy_nums;
		unsigned long vaddr_accessed, paddr_accessed;
		struct machine_check_event mce_evt;
		struct kvm_hv_vcpu hv;
	} arch;
};

struct kvm_memory_slot *____gfn_to_memslot(struct kvm_memslots *slots,
					   gfn_t gfn, bool approx);
void mark_page_dirty_in_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
			     gfn_t gfn);
bool kvm_slot_dirty_track_enabled(const struct kvm_memory_slot *slot);
unsigned long __gfn_to_hva_memslot(const struct kvm_memory_slot *slot,
				   gfn_t gfn);
int mmu_invalidate_retry(struct kvm *kvm, unsigned long seq);

/* HPTE helpers of the kernel, written again from the ISA: stub.c */
long try_lock_hpte(__be64 *hpte, unsigned long bits);
void unlock_hpte(__be64 *hpte, unsigned long v);
void __unlock_hpte(__be64 *hpte, unsigned long v);
void lock_rmap(unsigned long *rmap);
void unlock_rmap(unsigned long *rmap);
unsigned long kvmhv_lock_rmap(unsigned long *rmap);
void kvmhv_unlock_rmap(unsigned long *rmap, unsigned long word);
#define kvmhv_unlock_rmap	kvmhv_unlock_rmap
int kvmppc_hpte_page_shifts(unsigned long v, unsigned long r);
int kvmppc_hpte_base_page_shift(unsigned long v, unsigned long r);
unsigned long kvmppc_actual_pgsz(unsigned long v, unsigned long r);
unsigned long compute_tlbie_rb(unsigned long v, unsigned long r,
			       unsigned long index);
#define kvmhv_tlbie_rb(v, r, index)	compute_tlbie_rb(v, r, index)
bool hpte_is_writable(unsigned long r);
unsigned long hpte_make_readonly(unsigned long r);
bool hpte_cache_flags_ok(unsigned long r, bool ci);
bool hpte_read_permission(unsigned long pp, unsigned long key);
bool hpte_write_permission(unsigned long pp, unsigned long key);
int hpte_get_skey_perm(unsigned long r, unsigned long amr);

/* The instructions, recorded: stub.c */
void kvmhv_ptesync(void);
void kvmhv_tlbie(unsigned long rb, unsigned long lpid);
void kvmhv_tlbiel(unsigned long rb);
void kvmhv_tlbsync(void);
void kvmhv_tlbie_201(unsigned long rb);
void kvmhv_tlbiel_201(unsigned long rb);

/* Hardware threads: test_core.c */
#define KVM_GUEST_MODE_NONE	0
#define KVM_GUEST_MODE_HOST_HV	5

struct paca_struct {
	struct {
		struct kvmhv_thread *kvm_thread;
		unsigned long host_msr;
		u8 in_guest;
	} kvm_hstate;
	unsigned int irq_happened;
	struct mce_info { int mce_queue_count; } *mce_info;
};

extern struct paca_struct *paca_ptrs[], *local_paca;

#define XICS_IPI		2
#define IPI_PRIORITY		4
#define PNV_THREAD_NAP		1
#define PNV_THREAD_WINKLE	3
#define PPC_DBELL_MSGTYPE	5
u32 __raw_rm_readl(void *addr);
void __raw_rm_writel(u32 val, void *addr);
void __raw_rm_writeb(u8 val, void *addr);
void ppc_msgsnd(u32 type, u32 flags, u32 tag);
void ppc_msgclr(u32 type);
unsigned long isa206_idle_insn_mayloss(unsigned long type);
void HMT_low(void);
#define HMT_medium()		do { } while (0)
#define this_cpu_disable_ftrace() do { } while (0)
#define this_cpu_enable_ftrace() do { } while (0)
#define mfmsr()			0UL
#define mtmsr_isync(v)		((void)(v))
#define SPRN_DSCR		17
#define SPRN_DEC		22
#define SPRN_SRR0		26
#define SPRN_SRR1		27
#define SPRN_AMR		29
#define SPRN_IAMR		61
#define SPRN_UAMOR		157
#define SPRN_DPDES		176
#define SPRN_VRSAVE		256
#define SPRN_AMOR		349
#define SPRN_TAR		815
#define SPRN_HID0		1008
#define HID0_HDICE_SH		40
#define SPRN_CTRLT		152
#define SPRN_HDEC		310
#define SPRN_TBU40		286
unsigned long mftb(void);
#define fls64(x)	((x) ? 64 - __builtin_clzl(x) : 0)
unsigned long mfspr(int spr);
void mtspr(int spr, unsigned long val);
void load_fp_state(struct thread_fp_state *fp);
void load_vr_state(struct thread_vr_state *vr);
void store_fp_state(struct thread_fp_state *fp);
void store_vr_state(struct thread_vr_state *vr);
#ifdef STUB_MODULE
#include "module.h"
#endif

#endif /* STUB_KERNEL_H */
