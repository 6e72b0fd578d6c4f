// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ends a trip into the guest, and what the guest or user space gets for
 * it.  Real mode has dealt with everything that needs no host (see
 * book3s_hv_rm_exit.c).
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/kvm_host.h>
#include <linux/ratelimit.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>
#include <asm/mce.h>
#include <asm/reg.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"

/* MSR bits that are the hypervisor's, or of a facility guests do not have */
#define MSR_NOT_GUEST		(MSR_HV | MSR_TM | MSR_TS_MASK)

/**
 * kvmhv_set_msr - set a guest's MSR, without what is not the guest's
 * @vcpu: a vcpu that does not run
 * @msr: the value user space asks for
 *
 * KVM_SET_REGS ends here.  It gives the vcpu a new place to go on from, at a
 * reset for one, so an H_CEDE from before is over; PAPR lets it end early.
 */
void kvmhv_set_msr(struct kvm_vcpu *vcpu, u64 msr)
{
	vcpu->arch.hv.shregs.msr = (msr & ~MSR_NOT_GUEST) | MSR_ME;
	vcpu->arch.ceded = 0;
}

/**
 * kvmhv_inject_interrupt - interrupt a guest that does not run
 * @vcpu: the vcpu
 * @vec: vector
 * @srr1_flags: cause bits for SRR1
 */
void kvmhv_inject_interrupt(struct kvm_vcpu *vcpu, int vec, u64 srr1_flags)
{
	struct kvm_vcpu_arch_shared *sh = &vcpu->arch.hv.shregs;
	unsigned long pc = kvmhv_intr_pc(vcpu, vec);

	sh->srr0 = vcpu->arch.regs.nip;
	sh->srr1 = (sh->msr & ~SRR1_CAUSE_BITS) | srr1_flags;
	sh->msr = kvmhv_intr_msr(vcpu, vec);
	vcpu->arch.regs.nip = pc;
}

/*
 * A machine check hit the guest: tell user space, or the guest.  Where nothing is
 * lost the guest goes on, and only user space that asked for it hears of it.
 */
static int machine_check(struct kvm_vcpu *vcpu)
{
	struct machine_check_event *evt = &vcpu->arch.mce_evt;
	unsigned long cause = evt->srr1 & SRR1_CAUSE_BITS;
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct kvm_run *run = vcpu->run;
	static DEFINE_RATELIMIT_STATE(print, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	hv->mce_taken = false;
	if (hv->slb_lost && !kvmhv_slb_from_shadow(vcpu))
		evt->disposition = MCE_DISPOSITION_NOT_RECOVERED;
	hv->slb_lost = false;

	if (__ratelimit(&print))
		machine_check_print_event_info(evt, false, true);
	if (!vcpu->kvm->arch.hv.fwnmi_enabled) {
		if (evt->disposition == MCE_DISPOSITION_RECOVERED)
			return RESUME_GUEST;
		kvmppc_core_queue_machine_check(vcpu, cause);
		vcpu->arch.ceded = 0;
		return RESUME_GUEST;
	}
	run->exit_reason = KVM_EXIT_NMI;
	run->hw.hardware_exit_reason = BOOK3S_INTERRUPT_MACHINE_CHECK;
	run->flags &= ~KVM_RUN_PPC_NMI_DISP_MASK;
	if (evt->disposition == MCE_DISPOSITION_RECOVERED)
		run->flags |= KVM_RUN_PPC_NMI_DISP_FULLY_RECOV;
	else
		run->flags |= KVM_RUN_PPC_NMI_DISP_NOT_RECOV;
	return RESUME_HOST;
}

/* Instructions the processor leaves to the hypervisor: none that we have */
static int emulation_assist(struct kvm_vcpu *vcpu)
{
	if ((vcpu->guest_debug & KVM_GUESTDBG_USE_SW_BP) &&
	    vcpu->arch.hv.heir == KVMHV_DEBUG_INST) {
		vcpu->run->exit_reason = KVM_EXIT_DEBUG;
		vcpu->run->debug.arch.address = kvmppc_get_pc(vcpu);
		vcpu->run->debug.arch.status = 0;
		return RESUME_HOST;
	}
	++vcpu->stat.emulated_inst_exits;
	kvmppc_core_queue_program(vcpu, SRR1_PROGILL);
	return RESUME_GUEST;
}

/* A facility the guest was not offered is an instruction it does not have */
static int facility_unavailable(struct kvm_vcpu *vcpu)
{
	vcpu->arch.hfscr &= ~HFSCR_INTR_CAUSE;
	kvmppc_core_queue_program(vcpu, SRR1_PROGILL);
	return RESUME_GUEST;
}

static int storage_interrupt(struct kvm_vcpu *vcpu, bool data)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	++vcpu->stat.pf_storage;
	switch (hv->fault_verdict) {
	case KVMHV_FAULT_VRMA:
		return kvmhv_vrma_fault(vcpu, hv->fault_dar & KVM_PAM);
	case KVMHV_FAULT_MMIO:
		return kvmhv_mmio_fault(vcpu);
	default:
		return kvmhv_page_fault(vcpu, hv->fault_verdict, data);
	}
}

static int unknown_exit(struct kvm_vcpu *vcpu)
{
	pr_err_ratelimited("vcpu %d: unexpected interrupt 0x%x at 0x%lx, MSR 0x%llx\n",
			   vcpu->vcpu_id, vcpu->arch.trap,
			   kvmppc_get_pc(vcpu), vcpu->arch.hv.shregs.msr);
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	vcpu->run->hw.hardware_exit_reason = vcpu->arch.trap;
	return RESUME_HOST;
}

static int handle_trap(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	vcpu->run->ready_for_interrupt_injection = 1;

	switch (vcpu->arch.trap) {
	case BOOK3S_INTERRUPT_SYSCALL:
		++vcpu->stat.syscall_exits;
		return kvmhv_handle_hcall(vcpu);
	case BOOK3S_INTERRUPT_H_DATA_STORAGE:
		return storage_interrupt(vcpu, true);
	case BOOK3S_INTERRUPT_H_INST_STORAGE:
		return storage_interrupt(vcpu, false);
	case BOOK3S_INTERRUPT_EXTERNAL:
		++vcpu->stat.ext_intr_exits;
		return RESUME_GUEST;
	case BOOK3S_INTERRUPT_HV_DECREMENTER:
		++vcpu->stat.dec_exits;
		return RESUME_GUEST;
	case BOOK3S_INTERRUPT_H_DOORBELL:
		++vcpu->stat.dbell_exits;
		return RESUME_GUEST;
	case BOOK3S_INTERRUPT_HMI:
	case BOOK3S_INTERRUPT_SYSTEM_RESET:
		return RESUME_GUEST;
	case BOOK3S_INTERRUPT_MACHINE_CHECK:
		return machine_check(vcpu);
	case BOOK3S_INTERRUPT_H_EMUL_ASSIST:
		return emulation_assist(vcpu);
	case BOOK3S_INTERRUPT_H_FAC_UNAVAIL:
		return facility_unavailable(vcpu);
	default:
		return unknown_exit(vcpu);
	}
}

/**
 * kvmhv_handle_exit - act on the interrupt that ended a trip
 * @vcpu: vcpu->arch.trap says which
 *
 * A machine check that hit an idle vcpu (hv.mce_taken) comes after the H_CEDE.
 *
 * Context: process context, kvm->srcu held.
 * Return: RESUME_GUEST, RESUME_HOST with vcpu->run filled in, or an errno.
 */
int kvmhv_handle_exit(struct kvm_vcpu *vcpu)
{
	int r = handle_trap(vcpu);

	if (unlikely(vcpu->arch.hv.mce_taken) && r == RESUME_GUEST)
		r = machine_check(vcpu);
	return r;
}
