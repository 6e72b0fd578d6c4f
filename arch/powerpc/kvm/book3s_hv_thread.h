/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor-mode KVM: hardware threads, as real-mode code sees them.
 */
#ifndef BOOK3S_HV_THREAD_H
#define BOOK3S_HV_THREAD_H

#include <linux/kvm_host.h>
#include <asm/dbell.h>
#include <asm/io.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_hv_thread.h>
#include <asm/paca.h>
#include <asm/processor.h>
#include <asm/switch_to.h>
#include <asm/xics.h>

/* Registers of an interrupt presentation controller (PAPR, "XICS") */
#define ICP_XIRR_POLL	0	/* reading it accepts nothing */
#define ICP_XIRR	4
#define ICP_MFRR	12	/* most favoured IPI requested; 0xff: none */
#define XISR_MASK	0x00ffffff

/* What a wake-up was for */
enum kvmhv_ipi {
	KVMHV_IPI_NONE,		/* nothing is pending, or it was KVM's */
	KVMHV_IPI_HOST,		/* the host has to see to it */
};

static inline struct kvmhv_thread *kvmhv_this_thread(void)
{
	return local_paca->kvm_hstate.kvm_thread;
}

/*
 * Call @thread, which is of the same core: by a doorbell where the processor
 * has them (ISA 2.07, and firmware says so), otherwise by an IPI.  The barrier
 * orders what it is to find before it.
 */
static inline void kvmhv_rm_wake_thread(const struct kvmhv_thread *thread)
{
	/* See kvmhv_rm_take_ipi() */
	smp_mb();
	if (cpu_has_feature(CPU_FTR_DBELL))
		ppc_msgsnd(PPC_DBELL_MSGTYPE, 0, thread->nr);
	else
		__raw_rm_writeb(IPI_PRIORITY,
				(void __iomem *)(thread->icp + ICP_MFRR));
}

/* A maintenance interrupt hit @thread in the guest: its business, and the leader's */
static inline void kvmhv_note_hmi(struct kvmhv_thread *thread)
{
	thread->events |= KVMHV_EVENT_HMI;
	atomic_or(KVMHV_MAP_HMI, &thread->core->map);
}

/* Rounds of a wait, each with a read of the timebase, in a tick of that: no more */
#define KVMHV_ROUNDS_PER_TICK	4

/*
 * Is a wait that began at @start to go on?  @rounds counts, and ends it should the
 * timebase have stopped.
 */
static inline bool kvmhv_time_left(unsigned long start, unsigned long ticks,
				   unsigned long *rounds)
{
	return mftb() - start < ticks &&
	       ++*rounds < ticks * KVMHV_ROUNDS_PER_TICK;
}

/* MSR bits of the floating point and vector registers there are */
static inline unsigned long kvmhv_fp_facilities(void)
{
	unsigned long bits = MSR_FP | MSR_VEC;

	if (cpu_has_feature(CPU_FTR_VSX))
		bits |= MSR_VSX;
	return bits;
}

/*
 * After an interrupt or a nap.  Loads and stores of these registers need it; before
 * ISA 2.06, only an isync after the mtmsrd makes sure that they do not find them off.
 */
static inline void kvmhv_enable_fp(void)
{
	mtmsr_isync(mfmsr() | kvmhv_fp_facilities());
}

/* The guest's into the processor */
static inline void kvmhv_load_fp(struct kvm_vcpu *vcpu)
{
	if (cpu_has_feature(CPU_FTR_VSX)) {
		if (vcpu->arch.hv.vsx_raw)
			kvmhv_vsx_back(&vcpu->arch.hv.vsx);
		else
			kvmhv_vsx_load(&vcpu->arch.fp, &vcpu->arch.vr);
	} else {
		load_fp_state(&vcpu->arch.fp);
		load_vr_state(&vcpu->arch.vr);
	}
}

/* And back; what is in the processor then is undefined */
static inline void kvmhv_store_fp(struct kvm_vcpu *vcpu)
{
	if (cpu_has_feature(CPU_FTR_VSX)) {
		kvmhv_vsx_keep(&vcpu->arch.hv.vsx);
		vcpu->arch.hv.vsx_raw = true;
	} else {
		store_fp_state(&vcpu->arch.fp);
		store_vr_state(&vcpu->arch.vr);
	}
}

/* The same, and the guest's stay in the processor */
static inline void kvmhv_copy_fp(struct kvm_vcpu *vcpu)
{
	kvmhv_store_fp(vcpu);
	if (cpu_has_feature(CPU_FTR_VSX))
		kvmhv_vsx_repair(&vcpu->arch.hv.vsx);
	else
		kvmhv_load_fp(vcpu);
}

/*
 * SPRs that processors keep where nap loses it: with the renamed registers and the
 * storage keys.  GPRs, CR and LR are isa206_idle_insn_mayloss()'s, FP, VMX and
 * VSX registers and SRR0/1 the caller's, no function keeps CTR and XER over a call.
 */
struct kvmhv_nap_sprs {
	unsigned long vrsave, dscr, amr, uamor;
	unsigned long tar, iamr;	/* ISA 2.07 */
	bool lost;			/* a nap has lost registers since */
};

/* Before the first of some naps */
static inline void kvmhv_keep_nap_sprs(struct kvmhv_nap_sprs *sprs)
{
	sprs->vrsave = mfspr(SPRN_VRSAVE);
	sprs->dscr = mfspr(SPRN_DSCR);
	sprs->amr = mfspr(SPRN_AMR);
	sprs->uamor = mfspr(SPRN_UAMOR);
	if (cpu_has_feature(CPU_FTR_ARCH_207S)) {
		sprs->tar = mfspr(SPRN_TAR);
		sprs->iamr = mfspr(SPRN_IAMR);
	} else {
		sprs->tar = 0;
		sprs->iamr = 0;
	}
	sprs->lost = false;
}

/*
 * After the last one; what synchronises context comes with the MMU or the guest.
 * AMOR is a constant of the host's, and the core's: the nap of another thread may have
 * lost it.
 */
static inline void kvmhv_nap_sprs_back(const struct kvmhv_nap_sprs *sprs)
{
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		mtspr(SPRN_AMOR, ~0UL);
	if (!sprs->lost)
		return;
	mtspr(SPRN_VRSAVE, sprs->vrsave);
	mtspr(SPRN_DSCR, sprs->dscr);
	mtspr(SPRN_AMR, sprs->amr);
	mtspr(SPRN_UAMOR, sprs->uamor);
	if (cpu_has_feature(CPU_FTR_ARCH_207S)) {
		mtspr(SPRN_TAR, sprs->tar);
		mtspr(SPRN_IAMR, sprs->iamr);
	}
}

/* The bits of SRR1 that say what ended a nap */
static inline unsigned long kvmhv_wake_mask(void)
{
	return cpu_has_feature(CPU_FTR_ARCH_207S) ? SRR1_WAKEMASK_P8 : SRR1_WAKEMASK;
}

/* book3s_hv_rm_nap.c */
bool kvmhv_rm_note_wakeup(struct kvmhv_thread *thread, unsigned long srr1);
enum kvmhv_ipi kvmhv_rm_take_ipi(struct kvmhv_thread *thread);
unsigned long kvmhv_rm_nap(struct kvmhv_nap_sprs *sprs);

/* book3s_hv_rm_exit.c */
void kvmhv_rm_set_mer(struct kvm_hv_vcpu *hv, bool on);

/* book3s_hv_rm_cede.c: a vcpu that was idle when its core started */
bool kvmhv_rm_cede_again(struct kvm_vcpu *vcpu);
void kvmhv_rm_await_decrementer(struct kvm_hv_vcpu *hv);

#endif /* BOOK3S_HV_THREAD_H */
