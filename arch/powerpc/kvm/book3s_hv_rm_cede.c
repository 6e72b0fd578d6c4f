// SPDX-License-Identifier: GPL-2.0-only
/*
 * H_CEDE, H_PROD and H_CONFER between the threads of a core.
 *
 * REAL MODE.  Part of vmlinux, called by book3s_hv_rmhandlers.S with
 * MSR[IR] = MSR[DR] = MSR[EE] = 0 and MSR[HV] = 1 on the thread that runs the
 * vcpu.  It may touch the linear mapping only: no vmalloc or module addresses,
 * no user memory, no printk, tracing or WARN, no RCU, no sleeping lock and no
 * lock that is held with interrupts on elsewhere.
 *
 * An idle vcpu naps on its thread, in the guest's partition, as long as another
 * one of its core does not: pulling a core out of a guest for one idle thread
 * costs all the others their turn.  The last one leaves instead, and the core
 * with it.  An HDEC interrupt does not end a nap, but it ends the turn of a
 * thread that does not nap, which calls the others (kvmhv_rm_begin_exit()).
 */
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/hvcall.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>
#include <asm/mce.h>
#include <asm/reg.h>
#include <asm/switch_to.h>

#include "book3s_hv_intr.h"
#include "book3s_hv_thread.h"

/* An interrupt for the guest that it does not see by itself */
static bool external_pending(struct kvm_vcpu *vcpu)
{
	return test_bit(BOOK3S_IRQPRIO_EXTERNAL,
			&vcpu->arch.pending_exceptions);
}

/* POWER8: another thread of the guest's core has sent this one a msgsndp */
static bool doorbell_pending(void)
{
	return cpu_has_feature(CPU_FTR_ARCH_207S) &&
	       mfspr(SPRN_DPDES) & BIT(kvmhv_this_thread()->nr);
}

/* What ends an H_CEDE.  The decrementer in the processor is the guest's. */
static __always_inline bool woken(struct kvm_vcpu *vcpu)
{
	return kvmhv_interrupt_pending(vcpu) ||
	       READ_ONCE(vcpu->arch.prodded) || (s32)mfspr(SPRN_DEC) < 0 ||
	       doorbell_pending();
}

static void end_cede(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->arch.ceded, 0);
	kvmhv_take_prod(vcpu);
}

/* NAP: not if the core is leaving, nor if this would be the last to nap */
static bool begin_nap(const struct kvmhv_thread *thread)
{
	int old = atomic_read(&thread->core->map);
	u32 awake;

	do {
		awake = old & KVMHV_MAP_IN_ALL & ~(old >> KVMHV_MAP_NAP_SHIFT);
		if (old & KVMHV_MAP_EXITING ||
		    !(awake & ~KVMHV_MAP_IN(thread->nr)))
			return false;
	} while (!atomic_try_cmpxchg(&thread->core->map, &old,
				     old | KVMHV_MAP_NAP(thread->nr)));
	return true;
}

static void end_nap(const struct kvmhv_thread *thread)
{
	atomic_andnot(KVMHV_MAP_NAP(thread->nr), &thread->core->map);
}

/* How long an idle vcpu waits for one that is not to come into the core */
#define COMPANY_TICKS		(512 * 1000)

/*
 * The thread of an idle vcpu may be the first to come in.  It must not take
 * that for an idle core, and end a trip that others are on their way to.
 */
static bool others_come(struct kvm_vcpu *vcpu, unsigned long start,
			unsigned long *rounds)
{
	u32 map = atomic_read(&kvmhv_this_thread()->core->map);
	u32 called = READ_ONCE(vcpu->arch.hv.vcore->threads_used);

	return called & ~map & KVMHV_MAP_IN_ALL &&
	       !(map & KVMHV_MAP_EXITING) &&
	       !READ_ONCE(vcpu->arch.hv.leave) && !woken(vcpu) &&
	       kvmhv_time_left(start, COMPANY_TICKS, rounds);
}

/* NAP, as soon as there is another one that does not; false if none comes */
static bool nap_in_company(struct kvm_vcpu *vcpu,
			   const struct kvmhv_thread *thread)
{
	unsigned long start = mftb(), rounds = 0;
	bool begun, wait;

	do {
		HMT_low();	/* the core is theirs meanwhile */
		/* In this order: the last one to come is seen below */
		wait = others_come(vcpu, start, &rounds);
		begun = begin_nap(thread);
	} while (wait && !begun);
	HMT_medium();
	return begun;
}

/*
 * Nap until there is something for the guest (true), or the thread has to
 * leave it (false).  Each round consumes the IPI that began it.  A vcpu that is
 * patient naps as soon as there is another one that does not.
 */
static bool nap(struct kvm_vcpu *vcpu, bool patient,
		struct kvmhv_nap_sprs *sprs)
{
	struct kvmhv_thread *thread = kvmhv_this_thread();
	int queued = local_paca->mce_info->mce_queue_count;
	u64 dec_expires = mftb() + (s32)mfspr(SPRN_DEC);
	bool go_on = false;
	unsigned long srr1;

	if (!begin_nap(thread) && !(patient && nap_in_company(vcpu, thread)))
		return false;

	for (;;) {
		srr1 = kvmhv_rm_nap(sprs);
		if (kvmhv_rm_nap_check(vcpu, queued, dec_expires) ||
		    kvmhv_rm_note_wakeup(thread, srr1))
			break;
		if (kvmhv_rm_take_ipi(thread) == KVMHV_IPI_HOST)
			break;
		if (atomic_read(&thread->core->map) & KVMHV_MAP_EXITING ||
		    READ_ONCE(vcpu->arch.hv.leave))
			break;
		if (woken(vcpu)) {
			end_cede(vcpu);
			go_on = true;
			break;
		}
	}
	end_nap(thread);
	return go_on;
}

/*
 * The same with the guest's state that nap may lose, and what waking up writes to:
 * SRR0/1.  A mediated interrupt that the guest has accepted by H_XIRR meanwhile is
 * not asked for any more: LPCR[MER] would end each nap at once.
 */
static bool nap_for_guest(struct kvm_vcpu *vcpu, bool patient)
{
	unsigned long srr0 = mfspr(SPRN_SRR0), srr1 = mfspr(SPRN_SRR1);
	struct kvmhv_nap_sprs sprs;
	bool go_on;

	if (vcpu->arch.hv.lpcr & LPCR_MER)
		kvmhv_rm_set_mer(&vcpu->arch.hv, false);
	kvmhv_enable_fp();
	kvmhv_copy_fp(vcpu);
	kvmhv_keep_nap_sprs(&sprs);
	go_on = nap(vcpu, patient, &sprs);
	kvmhv_nap_sprs_back(&sprs);
	if (sprs.lost) {
		kvmhv_enable_fp();
		kvmhv_load_fp(vcpu);
	}
	mtspr(SPRN_SRR0, srr0);
	mtspr(SPRN_SRR1, srr1);
	return go_on;
}

/* Is there another thread in the guest for this one to nap beside? */
static bool alone(const struct kvmhv_thread *thread)
{
	u32 map = atomic_read(&thread->core->map);

	return !(map & KVMHV_MAP_IN_ALL & ~KVMHV_MAP_IN(thread->nr));
}

/**
 * kvmhv_rm_h_cede() - H_CEDE: idle until an interrupt or H_PROD
 * @vcpu: the caller
 *
 * PAPR, H_CEDE: interrupts are enabled first.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS; KVMHV_RM_INJECT if the guest is to get an external
 *	interrupt at once; H_TOO_HARD to sleep in the module.
 */
long kvmhv_rm_h_cede(struct kvm_vcpu *vcpu)
{
	mtspr(SPRN_SRR1, mfspr(SPRN_SRR1) | MSR_EE);
	WRITE_ONCE(vcpu->arch.ceded, 1);
	/* Pairs with kvmhv_rm_h_prod() and kvmhv_kick_vcpu() */
	smp_mb();
	if (woken(vcpu)) {
		end_cede(vcpu);
	} else {
		if (alone(kvmhv_this_thread()))
			return H_TOO_HARD;
		if (!nap_for_guest(vcpu, false))
			return H_TOO_HARD;
	}
	vcpu->arch.rm_cedes++;
	return external_pending(vcpu) ? KVMHV_RM_INJECT : H_SUCCESS;
}

/**
 * kvmhv_rm_cede_again - a vcpu that was idle when its core started
 * @vcpu: the vcpu; its registers but for GPRs, FP, VMX and VSX are loaded
 *
 * It naps where it would have napped had the core not stopped in between.  The
 * FP, VMX and VSX registers are loaded, too, and may be lost.
 *
 * Context: real mode, see the top of this file.
 * Return: false if the thread has to leave.
 */
bool kvmhv_rm_cede_again(struct kvm_vcpu *vcpu)
{
	if (!READ_ONCE(vcpu->arch.ceded))
		return true;
	if (!woken(vcpu) && nap_for_guest(vcpu, true))
		return true;
	/* What ended the nap has to be seen to first, whatever else there is by now */
	if (vcpu->arch.hv.mce_taken || kvmhv_this_thread()->events)
		return false;
	/* The IPI that said so is gone: do not begin a nap that nothing would end */
	if (!woken(vcpu) || READ_ONCE(vcpu->arch.hv.leave) ||
	    atomic_read(&kvmhv_this_thread()->core->map) & KVMHV_MAP_EXITING)
		return false;
	end_cede(vcpu);
	return true;
}

/**
 * kvmhv_rm_await_decrementer - the last ticks before a decrementer is due
 * @hv: the vcpu that is about to go on; hv.await_dec ticks at most
 *
 * The module has ended an H_CEDE that little before the decrementer is due, or for
 * another reason.  The guest must not find its timer early, unless that has stopped
 * with the timebase.
 *
 * Context: MMU off, the decrementer the guest's.
 */
void kvmhv_rm_await_decrementer(struct kvm_hv_vcpu *hv)
{
	unsigned long rounds = (unsigned long)hv->await_dec * KVMHV_ROUNDS_PER_TICK;
	u32 ahead = hv->await_dec;

	hv->await_dec = 0;
	while ((u32)mfspr(SPRN_DEC) <= ahead && rounds--)
		HMT_low();
	HMT_medium();
}

/* The vcpu of the caller's virtual core that a guest means by @id, or NULL */
static struct kvm_vcpu *core_mate(struct kvm_vcpu *vcpu, unsigned long id)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	unsigned long nr = id - vcore->first_id;

	if (nr >= KVMHV_MAX_THREADS)
		return NULL;
	nr = array_index_nospec(nr, KVMHV_MAX_THREADS);
	return READ_ONCE(vcore->vcpu[nr]);
}

/**
 * kvmhv_rm_h_prod() - H_PROD: end the H_CEDE of another virtual processor
 * @vcpu: the caller
 * @id: which one; here, only one of the same core
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, or H_TOO_HARD to have the module look for the target.
 */
long kvmhv_rm_h_prod(struct kvm_vcpu *vcpu, unsigned long id)
{
	struct kvm_vcpu *target = core_mate(vcpu, id);
	struct kvmhv_thread *thread;

	if (!target)
		return H_TOO_HARD;
	/* Pairs with kvmhv_take_prod(): the guest's stores come first */
	smp_store_release(&target->arch.prodded, 1);
	/* Pairs with kvmhv_rm_h_cede(): it sees prodded or we see ceded */
	smp_mb();
	if (!READ_ONCE(target->arch.ceded))
		return H_SUCCESS;
	thread = READ_ONCE(target->arch.hv.thread);
	if (!thread)
		return H_TOO_HARD;	/* sleeps in the module, or is about to */
	kvmhv_rm_wake_thread(thread);
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_confer() - H_CONFER: give the rest of one's time to another one
 * @vcpu: the caller
 * @id: which one
 *
 * One that is in the same core runs already, with this thread's resources the
 * better the less this one does: there is nothing more to give.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS or H_TOO_HARD.
 */
long kvmhv_rm_h_confer(struct kvm_vcpu *vcpu, unsigned long id)
{
	struct kvm_vcpu *target = core_mate(vcpu, id);

	if (!target || target == vcpu || !READ_ONCE(target->arch.hv.thread))
		return H_TOO_HARD;
	return H_SUCCESS;
}
