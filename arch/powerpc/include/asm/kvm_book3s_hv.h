/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor-mode KVM for 64-bit Book3S: what the module (kvm-hv.ko), the
 * built-in half and the real-mode assembly share.
 *
 * Every field carries a key saying which code may touch it:
 *
 *   [C]  constant after creation
 *   [S]  changes only under kvm->arch.hv.setup_lock with no vcpu running
 *   [V]  the vcpu's own task, vcpu->mutex held
 *   [R]  real mode on the thread that runs the vcpu, or [V] while it does not
 *   [L]  a lock named beside it
 *   [A]  atomic or single-copy access, any context
 *   (a)  offset used by assembly: see book3s_hv_offsets.c
 */
#ifndef __ASM_KVM_BOOK3S_HV_H__
#define __ASM_KVM_BOOK3S_HV_H__

#include <asm/kvm_asm.h>

/**
 * DOC: verdicts
 *
 * What real-mode C tells the assembly that called it.  The values are emitted
 * to the assembly through book3s_hv_offsets.c; no other value crosses.
 */
enum kvmhv_verdict {
	KVMHV_RESUME_GUEST = 0,	/* reload the volatile state and go on */
	KVMHV_EXIT_HOST = 1,	/* leave the partition, the module decides */
};

/*
 * What a real-mode hcall handler may return besides PAPR codes, which are all
 * smaller; H_TOO_HARD has the module do it.
 */
#define KVMHV_RM_INJECT		9998	/* H_SUCCESS, then an external interrupt */

/* Number of SLB entries we ever save: PPC970 has 64, POWER7 and POWER8 32. */
#define KVMHV_MAX_SLB		64

/*
 * Marks, in the second doubleword of an absent HPTE (where the hardware never
 * looks since V is 0), a translation to an address outside every memslot.
 */
#define KVMHV_HPTE_R_MMIO	ASM_CONST(0x0000000000000001)

/*
 * The instruction KVM_REG_PPC_DEBUG_INST gives to user space as a software
 * breakpoint: primary opcode 0, reserved by the ISA, so that it always ends in
 * an emulation assist interrupt.
 */
#define KVMHV_DEBUG_INST	0x00dddd00

#ifndef __ASSEMBLY__

#include <linux/cache.h>
#include <linux/types.h>
#include <linux/spinlock.h>
#include <linux/mutex.h>
#include <linux/cpumask.h>
#include <linux/atomic.h>
#include <asm/kvm_para.h>

struct kvm;
struct kvm_vcpu;
struct kvmhv_htab_file;
struct kvmhv_thread;
struct kvmhv_times;
struct kvmhv_vsx_regs;
struct kvm_memory_slot;
struct mm_struct;
struct dtl_entry;
struct lppaca;
struct machine_check_event;
struct task_struct;
struct thread_fp_state;
struct thread_vr_state;

/**
 * struct kvm_hv_rev - what the hypervisor knows of one HPTE besides the HPTE
 * @guest_r: second doubleword as the guest gave it, with the guest real
 *	address; R and C are kept here too while the HPTE is absent.
 *	[L: HPTE lock]
 * @forw: index of the next HPTE on the ring that maps the same host page
 * @back: index of the previous one; both [L: rmap lock of that page]
 *
 * As large as an HPTE, so the array is as large as the HPT.
 */
struct kvm_hv_rev {
	unsigned long guest_r;
	u32 forw;
	u32 back;
};

/*
 * Bits of kvm_hv_rev.guest_r that belong to the hypervisor; the guest's copy
 * never has them (they are reserved in the second doubleword).
 */
#define KVMHV_GR_MODIFIED	ASM_CONST(0x4000000000000000) /* since last HTAB read */

/**
 * struct kvm_hv_hpt - a guest's hashed page table
 * @hpte: the HPTEs, big-endian, naturally aligned, linear mapping [S](a)
 * @rev: one entry for each HPTE, linear mapping [S]
 * @mask: number of HPTEs - 1, all of them ones [S]
 * @order: log2 of the size in bytes, 0 when there is none [S]
 * @contig: allocated with alloc_contig_pages() and not alloc_pages() [S]
 */
struct kvm_hv_hpt {
	__be64 *hpte;
	struct kvm_hv_rev *rev;
	unsigned long mask;
	u32 order;
	bool contig;
};

/* Number of HPTEs, and of bytes in one of the two tables */
static inline unsigned long kvmhv_hpt_npte(const struct kvm_hv_hpt *hpt)
{
	return hpt->mask + 1;
}

/**
 * struct kvm_hv_rmap - per-memslot reverse map
 * @chunk: pages of unsigned long, one for each guest page (PAGE_SIZE), in
 *	chunks of KVMHV_RMAP_PER_CHUNK so that real mode never needs vmalloc.
 *	Format: KVMPPC_RMAP_* of asm/kvm_host.h: lock bit, R and C bits,
 *	present bit, index of one HPTE on the ring.
 */
#define KVMHV_RMAP_PER_CHUNK	(PAGE_SIZE / sizeof(unsigned long))

/*
 * Memory that guests keep because the processor does not tell the hypervisor
 * of their storage interrupts: page frame of each page of a memslot, in chunks
 * as the reverse map, in bits 63:1; bit 0 if 16 MiB in one piece begin there.
 */
#define KVMHV_PIN_LARGE		1UL
#define KVMHV_PIN_PFN_SHIFT	1

/**
 * enum kvmhv_memory - what a page of a guest may be mapped to
 * @KVMHV_MEM_USER: the memory that user space has at the memslot's address, until
 *	an MMU notifier takes it away
 * @KVMHV_MEM_RMA: the page with the same number of the VM's real mode area
 * @KVMHV_MEM_PINNED: the host page that slot->arch.pinned names
 * @KVMHV_MEM_AWAY: nothing now: the memslot is being deleted or moved, or the host
 *	page has to be brought in first
 * @KVMHV_MEM_NONE: nothing: no memslot is there
 * @KVMHV_MEM_MISFIT: nothing: no memslot has all of the page in one piece
 *
 * The first three are also the kinds of memslots (slot->arch.memory): a memslot is
 * of one kind as a whole, for as long as it exists.  Pages of the second and third
 * kind do not go away before the memslot does: MMU notifiers ignore them.
 */
enum kvmhv_memory {
	KVMHV_MEM_USER,
	KVMHV_MEM_RMA,
	KVMHV_MEM_PINNED,
	KVMHV_MEM_AWAY,
	KVMHV_MEM_NONE,
	KVMHV_MEM_MISFIT,
};

/* Hcalls that real mode may have handlers for: numbers below 4 times that */
#define KVMHV_RM_HCALLS	128

/**
 * struct kvm_hv_vm - the hypervisor-mode part of struct kvm_arch
 */
struct kvm_hv_vm {
	struct kvm_hv_hpt hpt;		/* (a) for sdr1 only */
	unsigned long sdr1;		/* [S](a) SDR1 while in the guest */
	unsigned long host_sdr1;	/* [C](a) */
	unsigned long host_control;	/* [C](a) the host's LPCR or HID4 */
	unsigned long lpcr;		/* [S](a) LPCR but for MER, or 0 */
	unsigned long hid4;		/* [S] instead of it, see book3s_hv_builtin_ppc970.c */
	/*
	 * slbmte RS image of the VRMA segment (VSID, B, L, LP) and its base
	 * page shift; 0 until the VRMA is set up.
	 */
	unsigned long vrma_slb_v;	/* [S] */
	u32 vrma_page_shift;		/* [S] */
	u32 online_vcpus;		/* [A] > 1: tlbie instead of tlbiel */
	bool mmu_ready;			/* [A] HPT and VRMA usable */
	bool fwnmi_enabled;		/* [A] */
	bool timed;			/* [A] book3s_hv_debugfs.c: measure times */
	/* Real mode area at guest real 0, once there was one; see book3s_hv_rma.c */
	unsigned long rma_pa;		/* [S](a) its host real address: RMOR */
	unsigned long rma_pages;	/* [S] pages of guest memory in it, or 0 */
	struct file *rma_file;		/* [S] keeps it the VM's */
	u32 lost_hpte;			/* [A] a valid one that no memslot has: a bug */
	unsigned long pinned_pages;	/* [L: slots_lock] see book3s_hv_pin.c */
	atomic_t vcpus_running;		/* [A] see kvmhv_hpt_quiesce() */
	struct mutex setup_lock;	/* outside vcpu->mutex never taken */
	struct kvm_hv_hpt next_hpt;	/* [L: slots_lock] book3s_hv_hpt_resize.c */
	unsigned long next_clean;	/* [L: slots_lock] bytes of it that are cleared */
	u32 htab_generation;		/* [S] counts new and emptied HPTs */
	struct kvmhv_htab_file *htab_reader; /* [L: setup_lock] book3s_hv_htab_fd.c */
	struct list_head vcores;	/* [L: kvm->lock] */
	u64 tb_wanted;			/* [L: setup_lock] KVM_REG_PPC_TB_OFFSET as set */
	u64 tb_offset;			/* [L: setup_lock] what the last vcore got for it */
	/* Code of the real-mode handlers of hcalls that are enabled, or 0 */
	unsigned long rm_hcall[KVMHV_RM_HCALLS];	/* [A](a) */
	/*
	 * CPUs whose TLB may hold stale entries of this LPID; set by anyone
	 * who used tlbiel only, cleared by the CPU itself before it enters.
	 */
	cpumask_t need_tlb_flush;	/* [A](a) */
	/* If n + 1: all CPUs but n are in it, and no CPU has flushed since */
	u32 tlb_cpu;			/* [A] */
};

/**
 * enum kvmhv_state - where a vcpu is, for its virtual core
 * @KVMHV_BUSY: busy in the host: its own task has it, in KVM_RUN or not
 * @KVMHV_READY: in KVM_RUN, runnable or ceded, waiting for its core to run
 * @KVMHV_IN: in the core: a hardware thread has it
 */
enum kvmhv_state {
	KVMHV_BUSY,
	KVMHV_READY,
	KVMHV_IN,
};

/**
 * struct kvm_hv_vcore - virtual core: vcpus that share a core of the host
 *
 * Fields marked T are for the task that runs the core (runner) and for the
 * thread that leads it in real mode.
 */
struct kvm_hv_vcore {
	struct kvm *kvm;	/* [C](a) */
	struct list_head list;	/* [L: kvm->lock] on kvm_hv_vm.vcores */
	struct kvm_vcpu *vcpu[8];	/* [L: lock, A] by number in the core */
	u32 first_id;		/* [C] vcpu id of thread 0 */
	u32 nr_vcpus;		/* [L: kvm->lock] existing ones */
	u32 nr_slots;		/* [L: kvm->lock, A] of vcpu[] ever used */

	spinlock_t lock;	/* states of the vcpus, book3s_hv_vcore.c */
	struct kvm_vcpu *runner;	/* [L: lock] whose task runs the core */
	bool open;		/* [L: lock] a trip is on, vcpus may join it */
	u32 nr_busy;		/* [L: lock] expected back soon */
	u32 threads_used;	/* [L: lock, A] KVMHV_MAP_IN of this trip's threads */
	u32 threads_late;	/* [L: lock, A] of those, who missed the trip before */
	struct kvmhv_thread *leader;	/* [T] that runs it for the host */

	u64 tb_offset;		/* [V] guest timebase - host timebase */
	u64 tb_left;		/* [T, A] host timebase at the end of the last trip */
	unsigned long lpcr;	/* [L: lock, A](a) what user space sets */
	unsigned long pcr;	/* [V] PCR while in the guest */
	unsigned long dpdes;	/* [T](a) POWER8 doorbells */
	unsigned long vtb;	/* [T](a) POWER8 virtual timebase */
	unsigned long host_hid0;	/* [T] PPC970, while in the guest */
	u32 arch_compat;	/* [V] logical PVR or 0 */
	bool online;		/* [V] */
};

/**
 * struct kvm_hv_vpa - one area registered with H_REGISTER_VPA
 * @gpa: guest real address, 0 when there is none
 * @len: bytes registered
 * @kaddr: where it is in the linear mapping, NULL: not known, or not any more
 * @dirty: written to since the dirty log last looked
 *
 * All [L: vpa_lock].
 */
struct kvm_hv_vpa {
	unsigned long gpa;
	unsigned long len;
	void *kaddr;
	bool dirty;
};

struct kvm_hv_slb {
	u64 esid;		/* slbmte RB: ESID, V, index */
	u64 vsid;		/* slbmte RS */
};

/*
 * FP, VMX and VSX registers while other code uses the processor: doublewords
 * 0 and 1 of each VSR, FPSCR, and VSCR as stvx leaves it.  kvmhv_vsx_keep().
 */
struct kvmhv_vsx_regs {
	u64 vsr[64][2];
	u64 fpscr;
	__vector128 vscr;
};

/**
 * struct kvm_hv_mmio - what has been found out about an access to a device
 * @inst: the instruction, 0 for none
 * @dir: what it does to memory, enum mmio_dir in book3s_hv_mmio.c
 * @reg: for a plain load or store of one GPR, which
 * @size: and how many bytes; 0: another instruction
 * @swap: and whether it reverses them
 * @v: first doubleword of the HPTE
 * @r: second doubleword, as the guest knows it
 * @generation: of the memslots that have no page there
 * @base: guest real address of the page
 * @mask: address bits within the page
 *
 * Drivers do the same thing again and again, so the last answers are kept.
 */
struct kvm_hv_mmio {
	u32 inst;
	u8 dir;
	u8 reg;
	u8 size;
	bool swap;
	unsigned long v;
	unsigned long r;
	u64 generation;
	unsigned long base;
	unsigned long mask;
};

/**
 * struct kvm_hv_vcpu - the hypervisor-mode part of struct kvm_vcpu_arch
 *
 * Cache lines of struct kvm_vcpu begin where the compiler sees them: no two vcpus share
 * one, and what is close together here is in the same one.
 */
struct kvm_hv_vcpu {
	struct kvm_vcpu_arch_shared shregs; /* [R](a) vcpu->arch.shared */
	struct kvm_hv_vcore *vcore;	/* [C](a) */
	enum kvmhv_state state;		/* [L: vcore->lock] */
	struct kvmhv_thread *thread;	/* [L: vcore->lock, A] while IN */
	u64 called_at;			/* [L: vcore->lock] when this trip called a thread */
	u64 not_come;			/* [L: vcore->lock] ticks of trips it missed */
	bool leave;			/* [A] the vcpu's task wants it back */
	bool expected;			/* [L: vcore->lock] counted in nr_busy */
	bool first_trip;		/* [V] of this KVM_RUN, if the task runs the core */
	u8 vsx_kept;			/* [V] counts such trips */
	u32 await_dec;			/* [R] an H_CEDE is over; no tick before its time */
	int error;			/* [L: vcore->lock] for KVM_RUN */
	unsigned long lpcr;		/* [R](a) the VM's and vcore's, MER if needed */

	/* What the last exit found, for real-mode C and the module */
	u32 trap;		/* [R](a) vector, without the HSRR bit */
	u32 heir;		/* [R] instruction, emulation assist only */
	u32 fault_dsisr;	/* [R](a) (H)DSISR, or SRR1 bits for HISI */
	u32 slb_max;		/* [R](a) number of entries in slb[] */
	unsigned long fault_dar;	/* [R](a) (H)DAR, or PC for HISI */
	unsigned long fault_slb_v;	/* [R] RS image of the segment, or 0 */
	u32 fault_verdict;	/* [R] enum kvmhv_fault of a storage interrupt */
	u64 rm_faults;		/* [R] counts those that did not leave the guest */
	unsigned long fault_v;	/* [R] HPTE found absent, 1st doubleword */
	unsigned long fault_r;	/* [R] guest's view of the 2nd doubleword */
	long fault_index;	/* [R] its index, -1 if there is none */
	bool mce_taken;		/* [R] a machine check is in vcpu->arch.mce_evt */
	bool slb_lost;		/* [R] its SLB entries are gone with it */

	struct kvm_hv_mmio mmio;	/* [V] the last access that was emulated */

	struct kvm_hv_slb slb[KVMHV_MAX_SLB];	/* [R](a) valid ones, packed */

	bool vsx_raw;	/* [R] FP, VMX and VSX registers are in ... */
	struct kvmhv_vsx_regs vsx;	/* [R] not in vcpu->arch.fp and vr */
	struct kvmhv_vsx_regs user_vsx;	/* [R] of the task, during a trip */

	spinlock_t vpa_lock;	/* leaf; the three areas, and who writes there */
	struct kvm_hv_vpa vpa;
	struct kvm_hv_vpa slb_shadow;
	struct kvm_hv_vpa dtl;
	bool dtl_new;		/* [L: vpa_lock] dtl_index is not for this log */
	u64 dtl_index;		/* [V] entries written since registration */
	u64 stolen_tb;		/* [V] ticks runnable and not running */
	u64 stolen_logged;	/* [V] of these, in the last DTL entry */
	u64 runnable_since;	/* [L: vcore->lock] 0: busy in host or ceded */
	struct task_struct *task;	/* [L: vcore->lock] the last one to do KVM_RUN */
	u64 delay;		/* [L: vcore->lock, or task] its run_delay at the time ... */
	u64 delay_at;		/* [L: vcore->lock, or task] ... of kvmhv_note_delay() */

	struct kvmhv_times *times;	/* [A] NULL until they are measured first */

	/* Single steps, book3s_hv_step.c */
	bool stepped;		/* [V] KVM_RUN is one */
	bool step_begun;	/* [V] user space has had to do its part */
	bool step_hcall;	/* [V] it is an hcall, and real mode's */

	/* Trace events, book3s_hv_watch.c */
	u32 watch_round;	/* [V] in which the two below were written */
	bool watched_in;	/* [V] kvm_guest_enter has been traced, its exit not yet */
	unsigned long watched_hcall;	/* [V] the same of an hcall: its number */
} ____cacheline_aligned;

/**
 * struct kvmhv_rma_size - a size of the real mode area that the processor has
 * @shift: log2 of the bytes, 0 ends a table
 * @rmls: the real mode limit selector that says so
 */
struct kvmhv_rma_size {
	u8 shift;
	u8 rmls;
};

/*
 * The table of what differs between processors, for C and for assembly.
 */
struct kvmhv_cpu_ops {
	const char *name;
	u32 slb_nr;			/* SLB entries */
	u32 nr_pmc;
	u32 tlb_sets;			/* congruence classes for tlbiel */
	u32 max_threads;		/* per core */
	unsigned long lpid_mask;	/* largest usable LPID */
	unsigned long guest_lpcr;	/* bits set for each guest */
	unsigned long lpcr_writable;	/* bits user space may change */
	const struct kvmhv_rma_size *rma_sizes; /* in ascending order */
	bool has_1t_segments;
	/* Storage interrupts come to the hypervisor; VRMA */
	bool has_vrma;
	bool fixed_threads;		/* guests see hardware thread numbers */
	bool has_mer;			/* LPCR[MER] */
	/* MMU on: real mode goes to the VM's RMA, up to the limit @rmls */
	void (*set_rma)(struct kvm *kvm, unsigned long rmls);
	/* MMU on, @vcpu is about to run: instead of LPCR[MER], or NULL */
	void (*want_interrupts)(struct kvm_vcpu *vcpu);
	/*
	 * MMU off; book3s_hv_rm_<cpu>.S.  "Control" is the register that says
	 * what a partition may do.  The first two: register roles of
	 * book3s_hv_asm.h, for assembly.
	 */
	void (*to_guest)(void);		/* host's SPRs out, guest's in */
	void (*to_host)(void);
	unsigned long (*read_control)(void);	/* MMU on as well */
	/* with what a core has once; the first returns the host's control */
	unsigned long (*enter_partition)(struct kvm_hv_vcore *vcore);
	void (*leave_partition)(struct kvm_hv_vcore *vcore,
				unsigned long control);
};

/* Writes of a POWER7's DABR until it has the value, before there is no breakpoint */
#define KVMHV_DABR_TRIES	16

extern const struct kvmhv_cpu_ops *kvmhv_cpu;

/* book3s_hv_builtin_power.c, _ppc970.c */
extern const struct kvmhv_cpu_ops kvmhv_power7_ops;
extern const struct kvmhv_cpu_ops kvmhv_power8_ops;
extern const struct kvmhv_cpu_ops kvmhv_ppc970_ops;

/* book3s_hv_builtin.c, MMU on */
const struct kvmhv_cpu_ops *kvmhv_probe_cpu(const char **why);
const struct kvmhv_cpu_ops *kvmhv_find_cpu(const char **why);

/* book3s_hv_builtin_thread.c, MMU on; the rest of it: asm/kvm_hv_thread.h */
int kvmhv_claim_cores(void);
void kvmhv_release_cores(void);

/**
 * struct kvmhv_rma - a real mode area of the pool
 * @free: on the list of those that are free [L: the pool's]
 * @pfn: its first page [C]
 * @owner: the VM that has it at guest real 0 [A]
 * @mm: with a reference, the process whose locked memory it is, or NULL in the pool
 *	[C] while there is a file
 */
struct kvmhv_rma {
	struct list_head free;
	unsigned long pfn;
	struct kvm *owner;
	struct mm_struct *mm;
};

/* book3s_hv_builtin_rma.c, MMU on */
void kvmhv_rma_reserve(void);
int kvmhv_rma_capability(void);
unsigned long kvmhv_rma_bytes(void);
unsigned int kvmhv_rma_pool(unsigned int *unused);
struct kvmhv_rma *kvmhv_rma_get(void);
void kvmhv_rma_put(struct kvmhv_rma *rma);

/*
 * book3s_hv_rmhandlers.S.  The first is for the module, MMU on; the second
 * runs one vcpu on this thread, MMU off, guest partition.  The third, MMU off, host
 * partition, panics because of threads that have not left the guest.
 */
void kvmhv_enter_core(struct kvm_hv_vcore *vcore, struct kvmhv_vsx_regs *keep);
void kvmhv_run_thread(struct kvm_vcpu *vcpu);
void __noreturn kvmhv_rm_panic(unsigned long left);

/* book3s_hv_rm_power7.S, _power8.S, _ppc970.S: MMU off */
void kvmhv_power7_to_guest(void);
void kvmhv_power7_to_host(void);
void kvmhv_power8_to_guest(void);
void kvmhv_power8_to_host(void);
void kvmhv_ppc970_to_guest(void);
void kvmhv_ppc970_to_host(void);
unsigned long kvmhv_ppc970_read_control(void);
void kvmhv_ppc970_set_partition(unsigned long sdr1, unsigned long hid4,
				unsigned long hid0);
unsigned long kvmhv_power7_read_control(void);
unsigned long kvmhv_power7_enter_partition(struct kvm_hv_vcore *vcore);
void kvmhv_power7_leave_partition(struct kvm_hv_vcore *vcore,
				  unsigned long lpcr);
unsigned long kvmhv_power8_enter_partition(struct kvm_hv_vcore *vcore);
void kvmhv_power8_leave_partition(struct kvm_hv_vcore *vcore,
				  unsigned long lpcr);
/* book3s_hv_rm_tlbie.c, MMU off */
unsigned long kvmhv_ppc970_enter_partition(struct kvm_hv_vcore *vcore);
void kvmhv_ppc970_leave_partition(struct kvm_hv_vcore *vcore,
				  unsigned long hid4);

/* book3s_hv_rm_vsx.S, MMU on or off, MSR[FP], [VEC] and [VSX] on */
void kvmhv_vsx_load(const struct thread_fp_state *fp,
		    const struct thread_vr_state *vr);
void kvmhv_vsx_keep(struct kvmhv_vsx_regs *regs);
void kvmhv_vsx_repair(const struct kvmhv_vsx_regs *regs);
void kvmhv_vsx_back(const struct kvmhv_vsx_regs *regs);

/* book3s_hv_rm_vcore.c, MMU off */
void kvmhv_rm_run_core(struct kvm_hv_vcore *vcore,
		       struct kvmhv_vsx_regs *keep);
void kvmhv_rm_begin_exit(void);
unsigned long kvmhv_rm_give_up(void);

/* book3s_hv_rm_exit.c, MMU off */
enum kvmhv_verdict kvmhv_rm_entry(struct kvm_vcpu *vcpu);
enum kvmhv_verdict kvmhv_rm_exit(struct kvm_vcpu *vcpu);
void kvmhv_rm_inject_external(struct kvm_vcpu *vcpu);
void kvmhv_rm_enter_prepare(struct kvm *kvm);
void kvmhv_rm_flush_tlb(void);
void kvmhv_rm_save_slb(void);
void kvmhv_rm_restore_slb(void);
void kvmhv_rm_bolted_slb(void);

/* book3s_hv_rm_failure.c, MMU off */
void kvmhv_rm_machine_check(struct kvm_vcpu *vcpu, bool intact);
void kvmhv_rm_lose_guest(struct kvm_vcpu *vcpu);
void kvmhv_rm_handle_hmi(void);
bool kvmhv_rm_nap_check(struct kvm_vcpu *vcpu, int queued, u64 dec_expires);

/* book3s_hv_builtin.c: where real mode ends up when all is lost, MMU on */
void kvmhv_unexpected_trap(unsigned long trap, unsigned long left);

/*
 * book3s_hv_rm_mmu.c: hcalls on the HPT.  Called by assembly with the MMU off
 * on the thread that runs @vcpu; a0... are hcall arguments 1..., results are
 * left in the vcpu's GPR 4 and up.  They return a PAPR code, or H_TOO_HARD to
 * have the module do it.
 */
long kvmhv_rm_h_enter(struct kvm_vcpu *vcpu, unsigned long flags,
		      unsigned long index, unsigned long v, unsigned long r);
long kvmhv_rm_h_remove(struct kvm_vcpu *vcpu, unsigned long flags,
		       unsigned long index, unsigned long avpn);
long kvmhv_rm_h_bulk_remove(struct kvm_vcpu *vcpu);
long kvmhv_rm_h_protect(struct kvm_vcpu *vcpu, unsigned long flags,
			unsigned long index, unsigned long avpn);
long kvmhv_rm_h_read(struct kvm_vcpu *vcpu, unsigned long flags,
		     unsigned long index);
long kvmhv_rm_h_clear_ref(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long index);
long kvmhv_rm_h_clear_mod(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long index);
/*
 * The same for the module (VRMA, HTAB file descriptor): MMU on, interrupts
 * hard-disabled, kvm->srcu held for reading.
 */
long kvmhv_hpt_insert(struct kvm *kvm, unsigned long flags, unsigned long index,
		      unsigned long v, unsigned long r, unsigned long *used);
long kvmhv_hpt_remove(struct kvm *kvm, unsigned long flags, unsigned long index,
		      unsigned long avpn, unsigned long *old_v,
		      unsigned long *old_r);
/* book3s_hv_rm_hcall.c */
long kvmhv_rm_h_set_dabr(struct kvm_vcpu *vcpu, unsigned long dabr);
long kvmhv_rm_h_set_xdabr(struct kvm_vcpu *vcpu, unsigned long dabr,
			  unsigned long dabrx);
/* book3s_hv_rm_xics.c */
long kvmhv_rm_h_xirr(struct kvm_vcpu *vcpu);
long kvmhv_rm_h_cppr(struct kvm_vcpu *vcpu, unsigned long cppr);
long kvmhv_rm_h_eoi(struct kvm_vcpu *vcpu, unsigned long xirr);
long kvmhv_rm_h_ipi(struct kvm_vcpu *vcpu, unsigned long server,
		    unsigned long mfrr);
/* book3s_hv_rm_cede.c */
long kvmhv_rm_h_cede(struct kvm_vcpu *vcpu);
long kvmhv_rm_h_prod(struct kvm_vcpu *vcpu, unsigned long id);
long kvmhv_rm_h_confer(struct kvm_vcpu *vcpu, unsigned long id);
void kvmhv_rm_enable_hcall(struct kvm *kvm, unsigned long nr, bool on);

/**
 * enum kvmhv_fault - verdict on a storage interrupt of a guest
 * @KVMHV_FAULT_RETRY: the HPTE is there now; run the instruction again
 * @KVMHV_FAULT_REFLECT: the guest's own business: hv.fault_dsisr says what
 * @KVMHV_FAULT_PAGE: an absent HPTE allows the access; bring the page in
 * @KVMHV_FAULT_MMIO: an absent HPTE allows the access; emulate the device
 * @KVMHV_FAULT_VRMA: no HPTE in the VRMA; the hypervisor inserts one
 */
enum kvmhv_fault {
	KVMHV_FAULT_RETRY,
	KVMHV_FAULT_REFLECT,
	KVMHV_FAULT_PAGE,
	KVMHV_FAULT_MMIO,
	KVMHV_FAULT_VRMA,
};

/*
 * book3s_hv_rm_fault.c: looks the faulting address up in the HPT.  Needs
 * nothing but the linear mapping, so the module may call it as well.
 */
enum kvmhv_fault kvmhv_rm_fault(struct kvm_vcpu *vcpu, unsigned long ea,
				unsigned long slb_v, u32 dsisr, bool data);
long kvmhv_hpt_find(struct kvm *kvm, unsigned long ea, unsigned long slb_v);

/*
 * book3s_hv_rm_rmap.c: the reverse map and invalidation of HPTEs.  All of it
 * but kvmhv_rm_tlbie() works with the MMU on (preemption off) and off.
 *
 * Lock order: HPTE lock (HPTE_V_HVLOCK), then rmap lock (KVMPPC_RMAP_LOCK_BIT).
 * Who starts from the rmap may only try the HPTE lock, and must drop the rmap
 * lock before trying again.  Several HPTEs: the first waits, others try only.
 *
 * The notifier side must take the rmap lock of every page it was asked to
 * unmap, even if the ring looks empty: together with mmu_invalidate_retry()
 * under the same lock, that is what keeps H_ENTER from adding a stale page.
 */
/* In an rmap word: the page was changed since the dirty log last looked */
#define KVMHV_RMAP_CHANGED	(HPTE_R_C << KVMPPC_RMAP_RC_SHIFT)
/* The dirty log has given up the lock in the middle of the ring, which is still the same */
#define KVMHV_RMAP_WALK		(KVMPPC_RMAP_PRESENT << 1)

void kvmhv_rm_lock_tlbie(void);
void kvmhv_rm_unlock_tlbie(void);
void kvmhv_rm_tlbie_201(const unsigned long *rb, unsigned int n);
enum kvmhv_memory kvmhv_memory_kept(const struct kvm *kvm,
				    const struct kvm_memory_slot *slot,
				    unsigned long gpa, unsigned long psize,
				    unsigned long *pa);
void kvmhv_rm_spread_changed(const struct kvm_memory_slot *slot, u64 gfn,
			     unsigned long npages);
void kvmhv_rmap_unlink(struct kvm *kvm, unsigned long v, unsigned long r,
		       unsigned long index, unsigned long rc);
void kvmhv_rmap_note_rc(struct kvm *kvm, unsigned long v, unsigned long r,
			unsigned long rc);
void kvmhv_tlbie_hpte(struct kvm *kvm, unsigned long v, unsigned long r,
		      unsigned long index);
void kvmhv_tlbie_hptes(struct kvm *kvm, const unsigned long *rb, unsigned int n);
void kvmhv_rm_tlbie_slow(struct kvm *kvm, const unsigned long *rb,
			 unsigned int n);
void kvmhv_rm_tlbie_slow_one(struct kvm *kvm, unsigned long rb);

#endif /* __ASSEMBLY__ */
#endif /* __ASM_KVM_BOOK3S_HV_H__ */
