/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events go to the test */
#ifndef STUB_TRACE_KVM_HV_H
#define STUB_TRACE_KVM_HV_H

#include <linux/kvm_host.h>

int kvmhv_watch_begin(void);
void kvmhv_watch_end(void);

void stub_trace(const char *event, const struct kvm_vcpu *vcpu, unsigned long value);

static inline void trace_kvm_guest_enter(const struct kvm_vcpu *vcpu)
{
	stub_trace("enter", vcpu, 0);
}

static inline void trace_kvm_guest_exit(const struct kvm_vcpu *vcpu)
{
	stub_trace("exit", vcpu, vcpu->arch.hv.trap);
}

static inline void trace_kvm_hcall_enter(const struct kvm_vcpu *vcpu)
{
	stub_trace("hcall", vcpu, vcpu->arch.regs.gpr[3]);
}

static inline void trace_kvm_hcall_exit(const struct kvm_vcpu *vcpu)
{
	stub_trace("hcall over", vcpu, vcpu->arch.hv.watched_hcall);
}

static inline void trace_kvmhv_page_fault(const struct kvm_vcpu *vcpu)
{
	stub_trace("fault", vcpu, vcpu->arch.hv.fault_verdict);
}

#define trace_kvmhv_vcore_trip(vcore, vcpu, begins) stub_trace("trip", vcpu, begins)
#define trace_kvmhv_vcore_wait(vcpu, begins) stub_trace("wait", vcpu, begins)
#define trace_kvmhv_resize(kvm, commit, order, ret) ((void)(order))
#define trace_kvmhv_htab_stream(kvm, write, index, bytes) ((void)(bytes))

#endif
