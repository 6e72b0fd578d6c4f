// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decisions at the edge of a hypervisor-mode guest, MMU off.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled,
 * on the thread that runs the vcpu.  It may touch the linear mapping only: no
 * vmalloc or ioremap addresses, no module text or data, no printk, tracing or
 * lockdep, no lock whose holder can sleep, nothing that faults.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>
#include <asm/mmu.h>
#include <asm/ppc-opcode.h>
#include <asm/reg.h>

#include "book3s_hv_hpte.h"
#include "book3s_hv_intr.h"
#include "book3s_hv_step.h"
#include "book3s_hv_thread.h"
#include "book3s_hv_times.h"

/* RB image of tlbiel: IS = 0b10, all entries of the set with our LPID */
#define TLBIEL_IS_LPID		(2UL << 10)
#define TLBIEL_SET_SHIFT	12

/**
 * kvmhv_rm_flush_tlb - drop what the core's TLB has of the guest's partition
 *
 * Context: MMU off, guest partition.
 */
void kvmhv_rm_flush_tlb(void)
{
	unsigned long set;

	asm volatile("ptesync" : : : "memory");
	for (set = 0; set < kvmhv_cpu->tlb_sets; set++)
		asm volatile("tlbiel %0" : :
			     "r" (TLBIEL_IS_LPID | set << TLBIEL_SET_SHIFT) :
			     "memory");
	asm volatile("ptesync; isync" : : : "memory");
}

/**
 * kvmhv_rm_enter_prepare - last decisions before a core's threads come in
 * @kvm: the VM about to run
 *
 * Context: MMU off, guest partition (LPIDR, SDR1, LPCR) in force, on the thread
 * that leads the core: the TLB is the core's.
 */
void kvmhv_rm_enter_prepare(struct kvm *kvm)
{
	int cpu = local_paca->paca_index;

	/*
	 * Another CPU, or this one for another VM that had the same LPID before, may
	 * have left translations in this CPU's TLB that tlbie never removed.
	 */
	if (unlikely(cpumask_test_cpu(cpu, &kvm->arch.hv.need_tlb_flush))) {
		/*
		 * Clear first: a CPU sets the bit after it has changed the HPT,
		 * so either this flush covers it or the bit stays for the next.
		 * The flush begins with the barrier that this takes.
		 */
		cpumask_clear_cpu(cpu, &kvm->arch.hv.need_tlb_flush);
		WRITE_ONCE(kvm->arch.hv.tlb_cpu, 0);
		kvmhv_rm_flush_tlb();
	}
}

/**
 * kvmhv_rm_save_slb - keep the host's SLB entries while a guest runs
 *
 * The task goes on with the same segments afterwards; a segment interrupt for
 * each would take several times what this does.  As long as interrupts are off
 * here the host leaves them unchanged: a flush of this CPU's SLB takes an IPI.
 *
 * Context: MMU off, the SLB still the host's.
 */
void kvmhv_rm_save_slb(void)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	struct paca_struct *paca = local_paca;
	unsigned long i, nr, esid, vsid;

	thread->slb_used = paca->slb_used_bitmap;
	thread->slb_kern = paca->slb_kern_bitmap;
	thread->slb_cache = paca->slb_cache_ptr;
	/* The host fills it from the bottom: hardly any of these is unused */
	nr = fls(thread->slb_used);
	thread->nr_slb = nr;
	for (i = 0; i < nr; i++) {
		asm volatile("slbmfee %0,%1" : "=r" (esid) : "r" (i));
		asm volatile("slbmfev %0,%1" : "=r" (vsid) : "r" (i));
		thread->slb[i].esid = esid | i;	/* slbmte wants the index */
		thread->slb[i].vsid = vsid;
	}
}

/**
 * kvmhv_rm_restore_slb - give the host its SLB entries back
 *
 * The bolted ones are among them; an entry that was not valid stays so.  The
 * host's records of them are the ones before, too: a context switch flushes the
 * entries that paca.slb_cache names.
 *
 * Context: MMU off, host partition.
 */
void kvmhv_rm_restore_slb(void)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	struct paca_struct *paca = local_paca;
	u32 i, nr = thread->nr_slb;

	/* slbia leaves entry 0 alone */
	asm volatile("slbmte %0,%0; slbia" : : "r" (0UL));
	for (i = 0; i < nr; i++)
		asm volatile("slbmte %0,%1" : :
			     "r" (thread->slb[i].vsid),
			     "r" (thread->slb[i].esid));
	paca->slb_used_bitmap = thread->slb_used;
	paca->slb_kern_bitmap = thread->slb_kern;
	paca->slb_cache_ptr = thread->slb_cache;
}

/**
 * kvmhv_rm_bolted_slb - give the host the SLB entries that it cannot do without
 *
 * Whatever is in the SLB, and whether or not the host's entries have been saved.
 *
 * Context: MMU off, host partition.
 */
void kvmhv_rm_bolted_slb(void)
{
	slb_flush_all_realmode();
	slb_restore_bolted_realmode();
}

/* Interrupt the guest without leaving it: SRR0/1 are the guest's, and live. */
static enum kvmhv_verdict rm_inject(struct kvm_vcpu *vcpu, unsigned int vec,
				    unsigned long srr1_flags)
{
	unsigned long msr = vcpu->arch.hv.shregs.msr;

	mtspr(SPRN_SRR0, vcpu->arch.regs.nip);
	mtspr(SPRN_SRR1, (msr & ~SRR1_CAUSE_BITS) | srr1_flags);
	vcpu->arch.regs.nip = kvmhv_intr_pc(vcpu, vec);
	vcpu->arch.hv.shregs.msr = kvmhv_intr_msr(vcpu, vec);
	return KVMHV_RESUME_GUEST;
}

/* RS image of the SLB entry that translates @ea, 0 if there is none */
static unsigned long slb_find(unsigned long ea)
{
	unsigned long vsid, cr;

	asm volatile(".machine push; .machine power7;"
		     "slbfee. %0,%2; .machine pop; mfcr %1" :
		     "=&r" (vsid), "=r" (cr) : "r" (ea) : "cr0");
	return (cr & 0x20000000) ? vsid : 0;
}

/*
 * A load or store from a device is going to be emulated: fetch the instruction,
 * which the module would have to look for in SLB and HPT.  The MMU does it for
 * us, with MSR[DR] on in the guest's partition.  If it cannot, the interrupt that
 * says so skips the load (book3s_64_entry.S), leaves its marks in registers that
 * are the guest's, and the module has to look after all.
 */
static void keep_inst(struct kvm_vcpu *vcpu)
{
	unsigned long srr0 = mfspr(SPRN_SRR0), srr1 = mfspr(SPRN_SRR1);
	unsigned long dar = mfspr(SPRN_DAR), dsisr = mfspr(SPRN_DSISR);
	unsigned long msr = mfmsr();
	u32 inst = KVM_INST_FETCH_FAILED;

	if (!(vcpu->arch.hv.shregs.msr & MSR_IR))
		return;
	local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_SKIP_HV;
	/* nothing but this load may happen with MSR[DR] on */
	asm volatile("mtmsrd %2; isync; lwz %0,0(%1); mtmsrd %3; isync" :
		     "+r" (inst) :
		     "b" (vcpu->arch.regs.nip), "r" (msr | MSR_DR), "r" (msr) :
		     "cr0", "memory");
	local_paca->kvm_hstate.in_guest = KVM_GUEST_MODE_HOST_HV;
	if (inst == KVM_INST_FETCH_FAILED) {
		mtspr(SPRN_SRR0, srr0);
		mtspr(SPRN_SRR1, srr1);
		mtspr(SPRN_DAR, dar);
		mtspr(SPRN_DSISR, dsisr);
		/* A machine check skips the load, too: then it hit the guest's instruction */
		if (unlikely(local_paca->mce_info->mce_nest_count)) {
			vcpu->arch.hv.trap = BOOK3S_INTERRUPT_MACHINE_CHECK;
			kvmhv_rm_machine_check(vcpu, true);
		}
	}
	vcpu->arch.last_inst = inst;
}

/*
 * Hypervisor data or instruction storage interrupt.  With LPCR[VPM1]=1 every
 * miss and protection fault of the guest comes here; most are the guest's own.
 */
static enum kvmhv_verdict storage_fault(struct kvm_vcpu *vcpu, bool data)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long ea, slb_v;
	bool translated;
	u32 dsisr;

	if (data) {
		ea = mfspr(SPRN_HDAR);
		dsisr = mfspr(SPRN_HDSISR);
		translated = hv->shregs.msr & MSR_DR;
	} else {
		ea = vcpu->arch.regs.nip;
		dsisr = vcpu->arch.shadow_srr1 & SRR1_CAUSE_BITS;
		translated = hv->shregs.msr & MSR_IR;
	}
	/* the keys that denied the access are the ones in the registers now */
	vcpu->arch.amr = mfspr(SPRN_AMR);
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		vcpu->arch.iamr = mfspr(SPRN_IAMR);

	if (translated) {
		slb_v = slb_find(ea);
		if (!slb_v) {
			/* the entry went away under the access: a segment fault */
			hv->rm_faults++;
			if (data)
				mtspr(SPRN_DAR, ea);
			return rm_inject(vcpu, data ?
					 BOOK3S_INTERRUPT_DATA_SEGMENT :
					 BOOK3S_INTERRUPT_INST_SEGMENT, 0);
		}
	} else {
		slb_v = vcpu->kvm->arch.hv.vrma_slb_v;
	}
	hv->fault_verdict = kvmhv_rm_fault(vcpu, ea, slb_v, dsisr, data);
	switch (hv->fault_verdict) {
	case KVMHV_FAULT_RETRY:
		hv->rm_faults++;
		return KVMHV_RESUME_GUEST;
	case KVMHV_FAULT_REFLECT:
		hv->rm_faults++;
		if (!data)
			return rm_inject(vcpu, BOOK3S_INTERRUPT_INST_STORAGE,
					 hv->fault_dsisr & SRR1_CAUSE_BITS);
		mtspr(SPRN_DAR, ea);
		mtspr(SPRN_DSISR, hv->fault_dsisr);
		return rm_inject(vcpu, BOOK3S_INTERRUPT_DATA_STORAGE, 0);
	case KVMHV_FAULT_MMIO:
		keep_inst(vcpu);
		return KVMHV_EXIT_HOST;
	default:
		return KVMHV_EXIT_HOST;
	}
}

/**
 * kvmhv_rm_set_mer - LPCR[MER]: tell when the guest sets MSR[EE], or not any more
 * @hv: the vcpu that runs on this thread
 * @on: whether to
 *
 * Context: MMU off, LPCR the guest's.
 */
void kvmhv_rm_set_mer(struct kvm_hv_vcpu *hv, bool on)
{
	hv->lpcr = (hv->lpcr & ~LPCR_MER) | (on ? LPCR_MER : 0);
	mtspr(SPRN_LPCR, hv->lpcr);
	isync();
}

/*
 * Virtual external interrupts are levels: they stay pending until user space
 * or the interrupt controller takes them back.
 */
static enum kvmhv_verdict deliver_external(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	bool pending = test_bit(BOOK3S_IRQPRIO_EXTERNAL,
				&vcpu->arch.pending_exceptions);
	bool taken = pending && hv->shregs.msr & MSR_EE;

	/* without MER it is want_interrupts() of struct kvmhv_cpu_ops */
	if (!(hv->lpcr & LPCR_MER) == (pending && !taken) && kvmhv_cpu->has_mer)
		kvmhv_rm_set_mer(hv, pending && !taken);
	if (!taken)
		return KVMHV_RESUME_GUEST;
	kvmhv_external_taken(vcpu);
	return rm_inject(vcpu, BOOK3S_INTERRUPT_EXTERNAL, 0);
}

/**
 * kvmhv_rm_inject_external - an H_CEDE ends with an external interrupt
 * @vcpu: the vcpu, with all that an interrupt out of the guest would leave
 *
 * Context: MMU off, SPRs and SLB the guest's.
 */
void kvmhv_rm_inject_external(struct kvm_vcpu *vcpu)
{
	deliver_external(vcpu);
}

/**
 * kvmhv_rm_entry - the guest's state is loaded but for its GPRs
 * @vcpu: the vcpu that is about to go on
 *
 * Context: MMU off, SPRs, SLB, FP, VMX and VSX the guest's.
 * Return: KVMHV_RESUME_GUEST, or KVMHV_EXIT_HOST if it was idle and its core
 * left the guest before there was something for it, or if an hcall was all that it
 * came for.
 */
enum kvmhv_verdict kvmhv_rm_entry(struct kvm_vcpu *vcpu)
{
	if (READ_ONCE(vcpu->arch.hv.leave))
		return KVMHV_EXIT_HOST;	/* its task's IPI may be gone by now */
	if (static_branch_unlikely(&kvmhv_stepped) && vcpu->arch.hv.step_hcall) {
		kvmhv_rm_step_hcall(vcpu);
		return KVMHV_EXIT_HOST;
	}
	if (unlikely(vcpu->arch.ceded) && !kvmhv_rm_cede_again(vcpu))
		return KVMHV_EXIT_HOST;
	if (vcpu->arch.hv.await_dec)
		kvmhv_rm_await_decrementer(&vcpu->arch.hv);
	if (static_branch_unlikely(&kvmhv_timed))
		kvmhv_rm_time_note(vcpu, KVMHV_PLACE_GUEST);
	return deliver_external(vcpu);
}

/*
 * External interrupt: KVM's own IPI, the guest's mediated one (LPCR[MER], the
 * guest has set MSR[EE]), or one of the host's, which is still asserted.
 * Hypervisor doorbell: KVM's; or the host's, which replays it.
 */
static enum kvmhv_verdict external(struct kvm_vcpu *vcpu)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();

	if (kvmhv_rm_take_ipi(thread) == KVMHV_IPI_HOST)
		return KVMHV_EXIT_HOST;
	if (READ_ONCE(vcpu->arch.hv.leave) ||
	    atomic_read(&thread->core->map) & KVMHV_MAP_EXITING)
		return KVMHV_EXIT_HOST;
	return deliver_external(vcpu);
}

/* See kvmhv_rm_exit() */
static enum kvmhv_verdict decide(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	/* the cause bits are not part of the MSR */
	if (hv->trap == BOOK3S_INTERRUPT_H_INST_STORAGE ||
	    hv->trap == BOOK3S_INTERRUPT_H_EMUL_ASSIST ||
	    hv->trap == BOOK3S_INTERRUPT_EXTERNAL ||
	    hv->trap == BOOK3S_INTERRUPT_H_DOORBELL)
		hv->shregs.msr &= ~SRR1_CAUSE_BITS;

	switch (hv->trap) {
	case BOOK3S_INTERRUPT_H_DATA_STORAGE:
		return storage_fault(vcpu, true);
	case BOOK3S_INTERRUPT_H_INST_STORAGE:
		return storage_fault(vcpu, false);
	case BOOK3S_INTERRUPT_EXTERNAL:
	case BOOK3S_INTERRUPT_H_DOORBELL:
		return external(vcpu);
	case BOOK3S_INTERRUPT_H_EMUL_ASSIST:
		hv->heir = mfspr(SPRN_HEIR);
		return KVMHV_EXIT_HOST;
	case BOOK3S_INTERRUPT_HMI:
		kvmhv_note_hmi(kvmhv_this_thread());
		return KVMHV_EXIT_HOST;
	case BOOK3S_INTERRUPT_SYSTEM_RESET:
		kvmhv_this_thread()->events |= KVMHV_EVENT_RESET;
		if (!(hv->shregs.msr & MSR_RI))
			kvmhv_rm_lose_guest(vcpu);
		hv->shregs.msr &= ~SRR1_CAUSE_BITS;
		return KVMHV_EXIT_HOST;
	case BOOK3S_INTERRUPT_MACHINE_CHECK:
		kvmhv_rm_machine_check(vcpu, hv->shregs.msr & MSR_RI);
		hv->shregs.msr &= ~SRR1_CAUSE_BITS;
		return KVMHV_EXIT_HOST;
	default:
		return KVMHV_EXIT_HOST;
	}
}

static noinline enum kvmhv_verdict decide_timed(struct kvm_vcpu *vcpu)
{
	enum kvmhv_verdict verdict;

	kvmhv_rm_time_note(vcpu, KVMHV_PLACE_REAL);
	verdict = decide(vcpu);
	if (verdict == KVMHV_RESUME_GUEST)
		kvmhv_rm_time_note(vcpu, KVMHV_PLACE_GUEST);
	return verdict;
}

/**
 * kvmhv_rm_exit - decide on an interrupt that came out of the guest
 * @vcpu: the vcpu, its volatile registers, PC and MSR saved
 *
 * Context: MMU off, everything else still the guest's, SLB and SPRs included.
 * Return: KVMHV_RESUME_GUEST or KVMHV_EXIT_HOST.
 */
enum kvmhv_verdict kvmhv_rm_exit(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvmhv_timed))
		return decide_timed(vcpu);
	return decide(vcpu);
}
