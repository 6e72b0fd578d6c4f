/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual cores: shared by the states of the vcpus (book3s_hv_vcore.c) and the
 * trips into the guest (book3s_hv_trip.c).  Module code, MMU on.
 */
#ifndef BOOK3S_HV_VCORE_H
#define BOOK3S_HV_VCORE_H

#include <linux/kvm_host.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/time.h>

/* book3s_hv_vcore.c */
bool kvmhv_end_cede(struct kvm_vcpu *vcpu);
void kvmhv_wake_task(struct kvm_vcpu *vcpu);

/* book3s_hv_trip.c */
bool kvmhv_put_in(struct kvm_hv_vcore *vcore, struct kvm_vcpu *vcpu);
int kvmhv_try_trip(struct kvm_vcpu *self);

/* Does the vcpu have instructions to execute?  vcore->lock held */
static inline bool runnable(struct kvm_vcpu *vcpu)
{
	return !vcpu->arch.ceded || kvmhv_end_cede(vcpu);
}

static inline unsigned long nr_slots(const struct kvm_hv_vcore *vcore)
{
	return READ_ONCE(vcore->nr_slots);
}

/* The vcpu with number @i in its virtual core; NULL if none is there in @state */
static inline struct kvm_vcpu *vcpu_in(struct kvm_hv_vcore *vcore,
				       unsigned long i, enum kvmhv_state state)
{
	struct kvm_vcpu *vcpu = READ_ONCE(vcore->vcpu[i]);

	return vcpu && vcpu->arch.hv.state == state ? vcpu : NULL;
}

/* Nanoseconds for which a task has waited for a CPU of the host so far */
static inline u64 kvmhv_run_delay(const struct task_struct *task)
{
	return READ_ONCE(task->sched_info.run_delay);
}

/*
 * From now on count how long the vcpu's task is kept waiting for a CPU of the host:
 * the vcpu is BUSY or idle, so its guest waits only if its task does.
 */
static inline void kvmhv_note_delay(struct kvm_hv_vcpu *hv)
{
	hv->delay = kvmhv_run_delay(hv->task);
	hv->delay_at = mftb();
}

/* Give the vcpu to its task, with @error or a trap to handle; vcore->lock held */
static inline void make_busy(struct kvm_vcpu *vcpu, int error)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	lockdep_assert_held(&hv->vcore->lock);
	hv->error = error;
	hv->not_come = 0;
	hv->runnable_since = 0;
	kvmhv_note_delay(hv);
	WRITE_ONCE(hv->leave, false);
	/* A task that reads BUSY without the lock takes it before it reads the rest */
	WRITE_ONCE(hv->state, KVMHV_BUSY);
	if (vcpu != hv->vcore->runner)	/* the runner's task is current */
		kvmhv_wake_task(vcpu);
}

#endif /* BOOK3S_HV_VCORE_H */
