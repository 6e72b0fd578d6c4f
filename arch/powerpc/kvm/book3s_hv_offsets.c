// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offsets and constants for the real-mode assembly of hypervisor-mode KVM.
 *
 * Compiled to assembly only; Makefile.hv turns the output into
 * book3s_hv_offsets.h.  book3s_hv_builtin.c asserts what the assembly relies
 * on beyond the plain offsets.
 */
#include <linux/kbuild.h>
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>

int main(void)
{
	/* Verdicts of real-mode C */
	DEFINE(KVMHV_RESUME_GUEST, KVMHV_RESUME_GUEST);
	DEFINE(KVMHV_EXIT_HOST, KVMHV_EXIT_HOST);
	DEFINE(KVMHV_RM_INJECT, KVMHV_RM_INJECT);

	DEFINE(KVMHV_DABR_TRIES, KVMHV_DABR_TRIES);

	/* struct kvmhv_cpu_ops */
	OFFSET(KVMHV_CPU_TO_GUEST, kvmhv_cpu_ops, to_guest);
	OFFSET(KVMHV_CPU_TO_HOST, kvmhv_cpu_ops, to_host);
	OFFSET(KVMHV_CPU_LEAVE, kvmhv_cpu_ops, leave_partition);

	/* struct kvm */
	OFFSET(KVM_RM_HCALL, kvm, arch.hv.rm_hcall);
	OFFSET(KVM_HOST_SDR1, kvm, arch.hv.host_sdr1);
	OFFSET(KVM_HOST_CONTROL, kvm, arch.hv.host_control);
	OFFSET(KVM_HV_SDR1, kvm, arch.hv.sdr1);
	OFFSET(KVM_HV_LPCR, kvm, arch.hv.lpcr);
	OFFSET(KVM_HV_RMOR, kvm, arch.hv.rma_pa);
	OFFSET(KVM_HV_LPID, kvm, arch.lpid);

	/* struct kvm_hv_vcore */
	OFFSET(VCORE_HV_KVM, kvm_hv_vcore, kvm);
	OFFSET(VCORE_HV_LPCR, kvm_hv_vcore, lpcr);
	OFFSET(VCORE_HV_PCR, kvm_hv_vcore, pcr);
	OFFSET(VCORE_HV_DPDES, kvm_hv_vcore, dpdes);
	OFFSET(VCORE_HV_VTB, kvm_hv_vcore, vtb);

	/* struct kvm_vcpu */
	OFFSET(VCPU_HV_VCORE, kvm_vcpu, arch.hv.vcore);
	OFFSET(VCPU_HV_LPCR, kvm_vcpu, arch.hv.lpcr);
	OFFSET(VCPU_HV_TRAP, kvm_vcpu, arch.hv.trap);
	OFFSET(VCPU_HV_SLB, kvm_vcpu, arch.hv.slb);
	OFFSET(VCPU_HV_SLB_MAX, kvm_vcpu, arch.hv.slb_max);
	OFFSET(VCPU_HV_SLB_NR, kvm_vcpu, arch.slb_nr);
	OFFSET(VCPU_HV_SRR1_RAW, kvm_vcpu, arch.shadow_srr1);
	OFFSET(VCPU_HV_PID, kvm_vcpu, arch.pid);
	OFFSET(VCPU_HV_RM_HCALLS, kvm_vcpu, arch.rm_hcalls);
	OFFSET(VCPU_HV_MSR, kvm_vcpu, arch.hv.shregs.msr);
	OFFSET(VCPU_HV_SRR0, kvm_vcpu, arch.hv.shregs.srr0);
	OFFSET(VCPU_HV_SRR1, kvm_vcpu, arch.hv.shregs.srr1);
	OFFSET(VCPU_HV_DAR, kvm_vcpu, arch.hv.shregs.dar);
	OFFSET(VCPU_HV_DSISR, kvm_vcpu, arch.hv.shregs.dsisr);
	OFFSET(VCPU_HV_SPRG0, kvm_vcpu, arch.hv.shregs.sprg0);
	OFFSET(VCPU_HV_SPRG1, kvm_vcpu, arch.hv.shregs.sprg1);
	OFFSET(VCPU_HV_SPRG2, kvm_vcpu, arch.hv.shregs.sprg2);
	OFFSET(VCPU_HV_SPRG3, kvm_vcpu, arch.hv.shregs.sprg3);
	OFFSET(VCPU_HV_SPMC, kvm_vcpu, arch.spmc);

	return 0;
}
