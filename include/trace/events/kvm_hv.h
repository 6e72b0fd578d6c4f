/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of hypervisor-mode KVM for 64-bit Book3S.
 *
 * The names of the first four, vcpu_id, trap and req are what "perf kvm stat" looks
 * for (tools/perf/arch/powerpc/util/kvm-stat.c).  It takes the task of an event for its
 * vcpu: these four always come in the vcpu's own task.  See observe.rst.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_hv

#if !defined(_TRACE_KVM_HV_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_HV_H

#include <linux/kvm_host.h>
#include <linux/tracepoint.h>
#include <asm/kvm_book3s.h>

/* They keep the static key on that the trips look at, book3s_hv_watch.c */
int kvmhv_watch_begin(void);
void kvmhv_watch_end(void);

#define kvmhv_trap_names						\
	{ 0x000, "none" },						\
	{ 0x100, "SYSTEM_RESET" },					\
	{ 0x200, "MACHINE_CHECK" },					\
	{ 0x500, "EXTERNAL" },						\
	{ 0x980, "HV_DECREMENTER" },					\
	{ 0xc00, "SYSCALL" },						\
	{ 0xd00, "TRACE" },						\
	{ 0xe00, "H_DATA_STORAGE" },					\
	{ 0xe20, "H_INST_STORAGE" },					\
	{ 0xe40, "H_EMUL_ASSIST" },					\
	{ 0xe60, "HMI" },						\
	{ 0xe80, "H_DOORBELL" },					\
	{ 0xf80, "H_FAC_UNAVAIL" }

#define kvmhv_fault_names						\
	{ KVMHV_FAULT_RETRY, "retry" },					\
	{ KVMHV_FAULT_REFLECT, "reflect" },				\
	{ KVMHV_FAULT_PAGE, "page" },					\
	{ KVMHV_FAULT_MMIO, "mmio" },					\
	{ KVMHV_FAULT_VRMA, "vrma" }

TRACE_EVENT_FN(kvm_guest_enter,

	TP_PROTO(struct kvm_vcpu *vcpu),

	TP_ARGS(vcpu),

	TP_STRUCT__entry(
		__field(int,		vcpu_id)
		__field(unsigned long,	pc)
		__field(unsigned long,	msr)
		__field(unsigned long,	pending)
		__field(bool,		ceded)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->pc = kvmppc_get_pc(vcpu);
		__entry->msr = vcpu->arch.hv.shregs.msr;
		__entry->pending = READ_ONCE(vcpu->arch.pending_exceptions);
		__entry->ceded = READ_ONCE(vcpu->arch.ceded);
	),

	TP_printk("vcpu %d pc=%#lx msr=%#lx pending=%#lx%s", __entry->vcpu_id,
		  __entry->pc, __entry->msr, __entry->pending,
		  __entry->ceded ? " ceded" : ""),

	kvmhv_watch_begin, kvmhv_watch_end
);

TRACE_EVENT_FN(kvm_guest_exit,

	TP_PROTO(struct kvm_vcpu *vcpu),

	TP_ARGS(vcpu),

	TP_STRUCT__entry(
		__field(int,		vcpu_id)
		__field(u32,		trap)
		__field(unsigned long,	pc)
		__field(unsigned long,	msr)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->trap = vcpu->arch.hv.trap;
		__entry->pc = kvmppc_get_pc(vcpu);
		__entry->msr = vcpu->arch.hv.shregs.msr;
	),

	TP_printk("vcpu %d trap=%#x (%s) pc=%#lx msr=%#lx", __entry->vcpu_id,
		  __entry->trap, __print_symbolic(__entry->trap, kvmhv_trap_names),
		  __entry->pc, __entry->msr),

	kvmhv_watch_begin, kvmhv_watch_end
);

TRACE_EVENT_FN(kvm_hcall_enter,

	TP_PROTO(struct kvm_vcpu *vcpu),

	TP_ARGS(vcpu),

	TP_STRUCT__entry(
		__field(int,		vcpu_id)
		__field(unsigned long,	req)
		__array(unsigned long,	arg, 4)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->req = kvmppc_get_gpr(vcpu, 3);
		memcpy(__entry->arg, &vcpu->arch.regs.gpr[4], sizeof(__entry->arg));
	),

	TP_printk("vcpu %d req=%#lx r4=%#lx r5=%#lx r6=%#lx r7=%#lx", __entry->vcpu_id,
		  __entry->req, __entry->arg[0], __entry->arg[1], __entry->arg[2],
		  __entry->arg[3]),

	kvmhv_watch_begin, kvmhv_watch_end
);

TRACE_EVENT_FN(kvm_hcall_exit,

	TP_PROTO(struct kvm_vcpu *vcpu),

	TP_ARGS(vcpu),

	TP_STRUCT__entry(
		__field(int,		vcpu_id)
		__field(unsigned long,	req)
		__field(long,		ret)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->req = vcpu->arch.hv.watched_hcall;
		__entry->ret = kvmppc_get_gpr(vcpu, 3);
	),

	TP_printk("vcpu %d req=%#lx ret=%ld", __entry->vcpu_id, __entry->req,
		  __entry->ret),

	kvmhv_watch_begin, kvmhv_watch_end
);

/* A storage interrupt that real mode leaves to the module */
TRACE_EVENT_FN(kvmhv_page_fault,

	TP_PROTO(struct kvm_vcpu *vcpu),

	TP_ARGS(vcpu),

	TP_STRUCT__entry(
		__field(int,		vcpu_id)
		__field(unsigned long,	ea)
		__field(long,		index)
		__field(unsigned long,	v)
		__field(unsigned long,	r)
		__field(u32,		dsisr)
		__field(u8,		verdict)
		__field(bool,		data)
	),

	TP_fast_assign(
		const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->ea = hv->fault_dar;
		__entry->index = hv->fault_index;
		__entry->v = hv->fault_v;
		__entry->r = hv->fault_r;
		__entry->dsisr = hv->fault_dsisr;
		__entry->verdict = hv->fault_verdict;
		__entry->data = hv->trap == BOOK3S_INTERRUPT_H_DATA_STORAGE;
	),

	TP_printk("vcpu %d %s ea=%#lx dsisr=%#x hpte %ld: v=%#lx r=%#lx: %s",
		  __entry->vcpu_id, __entry->data ? "data" : "fetch", __entry->ea,
		  __entry->dsisr, __entry->index, __entry->v, __entry->r,
		  __print_symbolic(__entry->verdict, kvmhv_fault_names)),

	kvmhv_watch_begin, kvmhv_watch_end
);

/* All of a core's vcpus, in the task of the runner */
TRACE_EVENT_FN(kvmhv_vcore_trip,

	TP_PROTO(const struct kvm_hv_vcore *vcore, const struct kvm_vcpu *runner,
		 bool begins),

	TP_ARGS(vcore, runner, begins),

	TP_STRUCT__entry(
		__field(u32,	vcore)
		__field(int,	runner)
		__field(u32,	threads)
		__field(u32,	busy)
		__field(bool,	begins)
	),

	TP_fast_assign(
		__entry->vcore = vcore->first_id;
		__entry->runner = runner->vcpu_id;
		__entry->threads = READ_ONCE(vcore->threads_used);
		__entry->busy = READ_ONCE(vcore->nr_busy);
		__entry->begins = begins;
	),

	TP_printk("vcore %u %s: runner %d threads=%#x busy=%u", __entry->vcore,
		  __entry->begins ? "begins" : "ends", __entry->runner,
		  __entry->threads, __entry->busy),

	kvmhv_watch_begin, kvmhv_watch_end
);

/* The task of a vcpu sleeps: another one runs the core, or the vcpu is idle */
TRACE_EVENT_FN(kvmhv_vcore_wait,

	TP_PROTO(const struct kvm_vcpu *vcpu, bool begins),

	TP_ARGS(vcpu, begins),

	TP_STRUCT__entry(
		__field(int,	vcpu_id)
		__field(u8,	state)
		__field(bool,	ceded)
		__field(bool,	begins)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->state = READ_ONCE(vcpu->arch.hv.state);
		__entry->ceded = READ_ONCE(vcpu->arch.ceded);
		__entry->begins = begins;
	),

	TP_printk("vcpu %d %s: %s%s", __entry->vcpu_id,
		  __entry->begins ? "begins" : "ends",
		  __print_symbolic(__entry->state, { KVMHV_BUSY, "busy" },
				   { KVMHV_READY, "ready" }, { KVMHV_IN, "in" }),
		  __entry->ceded ? ", ceded" : ""),

	kvmhv_watch_begin, kvmhv_watch_end
);

/* Another HPT: a piece of it is cleared, or the guest goes on with it */
TRACE_EVENT(kvmhv_resize,

	TP_PROTO(const struct kvm *kvm, bool commit, u32 order, int ret),

	TP_ARGS(kvm, commit, order, ret),

	TP_STRUCT__entry(
		__field(unsigned int,	lpid)
		__field(u32,		order)
		__field(int,		ret)
		__field(bool,		commit)
	),

	TP_fast_assign(
		__entry->lpid = kvm->arch.lpid;
		__entry->order = order;
		__entry->ret = ret;
		__entry->commit = commit;
	),

	TP_printk("lpid %u %s order=%u ret=%d", __entry->lpid,
		  __entry->commit ? "commit" : "prepare", __entry->order, __entry->ret)
);

TRACE_EVENT(kvmhv_htab_stream,

	TP_PROTO(const struct kvm *kvm, bool write, unsigned long index, long bytes),

	TP_ARGS(kvm, write, index, bytes),

	TP_STRUCT__entry(
		__field(unsigned int,	lpid)
		__field(unsigned long,	index)
		__field(long,		bytes)
		__field(bool,		write)
	),

	TP_fast_assign(
		__entry->lpid = kvm->arch.lpid;
		__entry->index = index;
		__entry->bytes = bytes;
		__entry->write = write;
	),

	TP_printk("lpid %u %s hpte=%lu bytes=%ld", __entry->lpid,
		  __entry->write ? "write" : "read", __entry->index, __entry->bytes)
);

#endif /* _TRACE_KVM_HV_H */

#include <trace/define_trace.h>
