// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that hit a thread while it runs a guest.  What happens then is in
 * Documentation/virt/kvm/ppc-hv/failure.rst.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled, on
 * the thread that the error hit.  It may touch the linear mapping only: no
 * vmalloc or ioremap addresses, no module text or data, no printk, tracing or
 * lockdep, no lock whose holder can sleep, nothing that faults.
 */
#include <linux/export.h>
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/machdep.h>
#include <asm/mce.h>
#include <asm/paca.h>
#include <asm/reg.h>

#include "book3s_hv_thread.h"

/* An event for an error of which the early handler has left none */
static void unknown_event(const struct kvm_vcpu *vcpu,
			  struct machine_check_event *evt)
{
	*evt = (struct machine_check_event) {
		.version = MCE_V1,
		.in_use = 1,
		.severity = MCE_SEV_SEVERE,
		.initiator = MCE_INITIATOR_UNKNOWN,
		.error_type = MCE_ERROR_TYPE_UNKNOWN,
		.sync_error = true,
		.cpu = local_paca->paca_index,
		.srr0 = vcpu->arch.regs.nip,
		.srr1 = vcpu->arch.shadow_srr1,
	};
}

/*
 * Translations that are wrong go; the guest's SLB comes back from its shadow buffer
 * (machine_check() in the module).  The SLB is not read before: that could raise the
 * error again.  slbia leaves entry 0 alone, and empties the ERAT as well.
 */
static void drop_translations(struct kvm_vcpu *vcpu)
{
	asm volatile("slbmte %0,%0; slbia; isync" : : "r" (0UL) : "memory");
	kvmhv_rm_flush_tlb();
	vcpu->arch.hv.slb_lost = true;
}

/* Recover what can be; Linux's early handler leaves it to us */
static void recover(struct kvm_vcpu *vcpu, bool intact)
{
	struct machine_check_event *evt = &vcpu->arch.mce_evt;

	evt->disposition = MCE_DISPOSITION_NOT_RECOVERED;
	switch (evt->error_type) {
	case MCE_ERROR_TYPE_SLB:
	case MCE_ERROR_TYPE_ERAT:
	case MCE_ERROR_TYPE_TLB:
		drop_translations(vcpu);
		if (intact)
			evt->disposition = MCE_DISPOSITION_RECOVERED;
		break;
	default:
		break;
	}
	vcpu->arch.hv.mce_taken = true;
}

/**
 * kvmhv_rm_machine_check - a machine check hit the guest
 * @vcpu: the vcpu that this thread runs
 * @intact: the guest's SRR0 and SRR1 are not lost: its MSR[RI] was 1, or they are
 *	saved elsewhere
 *
 * Takes the event that Linux's early handler has left for this thread, into
 * vcpu->arch.mce_evt.
 *
 * Context: MMU off, SPRs, SLB and partition the guest's.
 */
void kvmhv_rm_machine_check(struct kvm_vcpu *vcpu, bool intact)
{
	struct machine_check_event *evt = &vcpu->arch.mce_evt;

	if (!get_mce_event(evt, MCE_EVENT_RELEASE))
		unknown_event(vcpu, evt);
	recover(vcpu, intact);
}

/**
 * kvmhv_rm_lose_guest - a system reset hit the guest while its MSR[RI] was 0
 * @vcpu: the vcpu that this thread runs
 *
 * SRR0 and SRR1 are lost, as by a machine check that is not recovered; the guest or
 * user space hears of it as of one.
 *
 * Context: MMU off.
 */
void kvmhv_rm_lose_guest(struct kvm_vcpu *vcpu)
{
	struct machine_check_event *evt = &vcpu->arch.mce_evt;

	unknown_event(vcpu, evt);
	evt->disposition = MCE_DISPOSITION_NOT_RECOVERED;
	vcpu->arch.hv.mce_taken = true;
}

/**
 * kvmhv_rm_nap_check - did a machine check end the nap of an idle vcpu?
 * @vcpu: the vcpu
 * @queued: mce_info->mce_queue_count before the nap
 * @dec_expires: timebase at which the guest's decrementer expires
 *
 * Linux has queued the event for the host, and made the decrementer expire to have it
 * printed: but that is the guest's, and an offline thread prints nothing.
 *
 * Context: MMU off, SPRs, SLB and partition the guest's.
 * Return: true if one did; its event is in vcpu->arch.mce_evt.
 */
bool kvmhv_rm_nap_check(struct kvm_vcpu *vcpu, int queued, u64 dec_expires)
{
	struct mce_info *info = local_paca->mce_info;

	if (likely(info->mce_queue_count <= queued))
		return false;
	vcpu->arch.mce_evt = info->mce_event_queue[--info->mce_queue_count];
	vcpu->arch.mce_evt.srr1 &= ~SRR1_WAKESTATE;
	mtspr(SPRN_DEC, dec_expires - mftb());
	recover(vcpu, true);
	return true;
}

/**
 * kvmhv_rm_handle_hmi - have firmware see to a hypervisor maintenance interrupt
 *
 * It clears HMER, which would raise the interrupt again.
 *
 * Context: MMU on or off, interrupts disabled, the thread that was interrupted.
 */
void kvmhv_rm_handle_hmi(void)
{
	local_paca->hmi_irqs++;
	if (ppc_md.hmi_exception_early)
		ppc_md.hmi_exception_early(NULL);
}
EXPORT_SYMBOL_GPL(kvmhv_rm_handle_hmi);
