/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trips and waits as trace events: book3s_hv_watch.c.
 * Module code, MMU on.
 */
#ifndef BOOK3S_HV_WATCH_H
#define BOOK3S_HV_WATCH_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>

/* Off, each look at it is one instruction; a trip has two */
DECLARE_STATIC_KEY_FALSE(kvmhv_watched);

void kvmhv_watch_trip(struct kvm_hv_vcore *vcore, struct kvm_vcpu *self, bool begins);
void kvmhv_watch_wait(struct kvm_vcpu *vcpu, bool begins);

#endif /* BOOK3S_HV_WATCH_H */
