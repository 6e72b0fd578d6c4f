/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of a vcpu goes.  With the MMU on and off.
 */
#ifndef BOOK3S_HV_TIMES_H
#define BOOK3S_HV_TIMES_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <asm/kvm_book3s_hv.h>

/**
 * enum kvmhv_place - where a vcpu is
 * @KVMHV_PLACE_HOST: in KVM_RUN or not, with the host's MMU on
 * @KVMHV_PLACE_REAL: on its way in or out, or in a real-mode handler; naps are here
 * @KVMHV_PLACE_GUEST: in the guest
 * @KVMHV_PLACES: how many; as a place: not known
 */
enum kvmhv_place {
	KVMHV_PLACE_HOST,
	KVMHV_PLACE_REAL,
	KVMHV_PLACE_GUEST,
	KVMHV_PLACES,
};

/* Spans of 2^(n - 1) to 2^n - 1 ticks are in histogram[n]; the last has the rest */
#define KVMHV_SPAN_BITS	40

struct kvmhv_span {
	u64 count, sum, min, max;
	u64 histogram[KVMHV_SPAN_BITS];
};

/**
 * struct kvmhv_times - times of a vcpu, in ticks of the timebase
 * @place: enum kvmhv_place
 * @since: since when, by the host's timebase
 * @span: of each place
 * @hcall: of each real-mode handler, by hcall number / 4
 *
 * What has the vcpu writes here, see kvmhv_time_note(); others read what may be
 * changing.
 */
struct kvmhv_times {
	u32 place;
	u64 since;
	struct kvmhv_span span[KVMHV_PLACES];
	struct {
		u64 count, sum;
	} hcall[KVMHV_RM_HCALLS];
};

DECLARE_STATIC_KEY_FALSE(kvmhv_timed);

/* book3s_hv_rm_times.c */
void kvmhv_time_note(struct kvm_vcpu *vcpu, enum kvmhv_place place, u64 now);
u64 kvmhv_rm_time_note(struct kvm_vcpu *vcpu, enum kvmhv_place place);

/* book3s_hv_rm_hcall.c */
void kvmhv_rm_time_hcalls(struct kvm *kvm, bool on);

#endif /* BOOK3S_HV_TIMES_H */
