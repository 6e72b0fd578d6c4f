// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace events of trips into the guest (include/trace/events/kvm_hv.h), and the module's
 * part of times that are measured.  All of it hangs on one static key, so that a trip that
 * is not traced has two instructions for it: one on its way in, one on its way out.
 * Real mode cannot be traced.
 */
#include <linux/atomic.h>
#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/reg.h>

#include "book3s_hv.h"
#include "book3s_hv_times.h"
#include "book3s_hv_vcore.h"
#include "book3s_hv_watch.h"

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_hv.h>

/* No hcall has this number: they are multiples of 4 */
#define NO_HCALL	(~0UL)

DEFINE_STATIC_KEY_FALSE(kvmhv_watched);

/* Counts the times that watching began: what vcpus remember of earlier ones is void */
static atomic_t round = ATOMIC_INIT(0);

/**
 * kvmhv_watch_begin - an event gets its first user
 *
 * Context: MMU on; tracepoints_mutex held.
 * Return: 0
 */
int kvmhv_watch_begin(void)
{
	atomic_inc(&round);
	static_branch_inc(&kvmhv_watched);
	return 0;
}

/**
 * kvmhv_watch_end - an event has lost its last user
 *
 * Context: as kvmhv_watch_begin().
 */
void kvmhv_watch_end(void)
{
	static_branch_dec(&kvmhv_watched);
}

/* The core's vcpus are not in the host any more, or there again */
static void note_times(struct kvm_hv_vcore *vcore, enum kvmhv_place place)
{
	u64 now = mftb();
	struct kvm_vcpu *vcpu;
	unsigned long i;

	for (i = 0; i < nr_slots(vcore); i++) {
		vcpu = vcpu_in(vcore, i, KVMHV_IN);
		if (vcpu)
			kvmhv_time_note(vcpu, place, now);
	}
}

static void forget_earlier_rounds(struct kvm_hv_vcpu *hv)
{
	u32 now = atomic_read(&round);

	if (hv->watch_round == now)
		return;
	hv->watch_round = now;
	hv->watched_in = false;
	hv->watched_hcall = NO_HCALL;
}

/* The vcpu goes into the guest; an hcall that it had made is over, served in any mode */
static void watch_enter(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	if (hv->watched_in)
		return;
	hv->watched_in = true;
	if (hv->watched_hcall != NO_HCALL)
		trace_kvm_hcall_exit(vcpu);
	hv->watched_hcall = NO_HCALL;
	trace_kvm_guest_enter(vcpu);
}

/* It has come out.  sc 1 from problem state is a system call of the guest's own. */
static void watch_exit(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	hv->watched_in = false;
	trace_kvm_guest_exit(vcpu);
	switch (hv->trap) {
	case BOOK3S_INTERRUPT_SYSCALL:
		if (hv->shregs.msr & MSR_PR)
			break;
		hv->watched_hcall = kvmppc_get_gpr(vcpu, 3);
		trace_kvm_hcall_enter(vcpu);
		break;
	case BOOK3S_INTERRUPT_H_DATA_STORAGE:
	case BOOK3S_INTERRUPT_H_INST_STORAGE:
		trace_kvmhv_page_fault(vcpu);
		break;
	}
}

/**
 * kvmhv_watch_trip - the core is about to enter the guest, or has left it
 * @vcore: the core
 * @self: the vcpu of the current task, which runs it
 * @begins: whether this is before the trip
 *
 * Context: MMU on, interrupts hard-disabled, RCU watching; vcore->lock not held.
 */
void kvmhv_watch_trip(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self, bool begins)
{
	struct kvm_hv_vcpu *hv = &self->arch.hv;

	if (READ_ONCE(vcore->kvm->arch.hv.timed))
		note_times(vcore, begins ? KVMHV_PLACE_REAL : KVMHV_PLACE_HOST);
	forget_earlier_rounds(hv);
	trace_kvmhv_vcore_trip(vcore, self, begins);
	/* Only this task changes it; if there is no thread for its vcpu, it is READY */
	if (READ_ONCE(hv->state) != KVMHV_IN)
		return;
	if (begins)
		watch_enter(self);
	else if (hv->watched_in)
		watch_exit(self);
}

/**
 * kvmhv_watch_wait - the task of a vcpu is about to sleep in KVM_RUN, or has slept
 * @vcpu: its vcpu
 * @begins: whether this is before the sleep
 *
 * Another task may take the vcpu into the guest meanwhile, once or more often.
 *
 * Context: MMU on, the task of @vcpu.
 */
void kvmhv_watch_wait(struct kvm_vcpu *vcpu, bool begins)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	enum kvmhv_state state = READ_ONCE(hv->state);

	forget_earlier_rounds(hv);
	trace_kvmhv_vcore_wait(vcpu, begins);
	if (begins && state == KVMHV_IN)
		watch_enter(vcpu);
	if (begins || state == KVMHV_IN)
		return;
	/* READY, and not taken anywhere: nothing has happened */
	if (state == KVMHV_BUSY && hv->trap)
		watch_enter(vcpu);
	if (hv->watched_in)
		watch_exit(vcpu);
}
