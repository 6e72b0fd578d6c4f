// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM on a PPC970: what later processors have in LPCR, LPIDR
 * and RMOR is in HID4 (PowerPC 970FX User's Manual, "Hardware Implementation
 * Dependent Register 4"), and external interrupts are not mediated.
 *
 * MMU on, part of vmlinux.  The assembly is book3s_hv_rm_ppc970.S, tlbie
 * book3s_hv_rm_tlbie.c, memory book3s_hv_rma.c and book3s_hv_pin.c.
 */
#include <linux/cpumask.h>
#include <linux/kvm_host.h>
#include <linux/smp.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/reg.h>
#include <asm/time.h>

/* The partition ID and the real mode limit are in two places each */
#define LPID_LOW_BITS	4
#define HID4_LPID	((0xfUL << HID4_LPID5_SH) | (0x3UL << HID4_LPID1_SH))
#define RMLS_LOW_BITS	2
#define HID4_RMLS	((0x3UL << HID4_RMLS2_SH) | (0x1UL << HID4_RMLS0_SH))

/* Bits of a real address that the real mode offset leaves out: 64 MiB */
#define RMOR_SHIFT	26

/* How long a guest may keep interrupts off until we look again */
#define POLL_US		50

/*
 * All but partition and real mode area is as in the host: LPES is 0b01 since
 * boot, which leaves the guest its own interrupts but the external ones.
 */
static void set_rma(struct kvm *kvm, unsigned long rmls)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	unsigned long lpid = kvm->arch.lpid;
	unsigned long hid4 = hv->host_control;

	lockdep_assert_held(&hv->setup_lock);

	hid4 &= ~(HID4_LPID | HID4_RMLS | HID4_RMOR);
	hid4 |= (lpid & GENMASK(LPID_LOW_BITS - 1, 0)) << HID4_LPID5_SH;
	hid4 |= (lpid >> LPID_LOW_BITS) << HID4_LPID1_SH;
	hid4 |= (rmls & GENMASK(RMLS_LOW_BITS - 1, 0)) << HID4_RMLS2_SH;
	hid4 |= (rmls >> RMLS_LOW_BITS) << HID4_RMLS0_SH;
	hid4 |= (hv->rma_pa >> RMOR_SHIFT) << HID4_RMOR_SH;
	hv->hid4 = hid4;
}

/*
 * Have the guest come back when it sets MSR[EE].
 *
 * If it has MSR[EE] off, an external interrupt of its own has to wait.  So do
 * the host's then: an IPI to ourselves ends the trip as soon as the guest can
 * take its own.  A host with one CPU may have no IPIs; there the hypervisor
 * decrementer, which gets the host's count, comes soon and we look again.
 * Interrupts are hard-disabled until the guest runs.
 */
static void want_interrupts(struct kvm_vcpu *vcpu)
{
	u64 soon = tb_ticks_per_usec * POLL_US;

	if (!test_bit(BOOK3S_IRQPRIO_EXTERNAL, &vcpu->arch.pending_exceptions) ||
	    vcpu->arch.hv.shregs.msr & MSR_EE)
		return;
	if (num_online_cpus() > 1)
		smp_send_reschedule(smp_processor_id());
	else if (get_dec() > soon)
		set_dec(soon);
}

/* HID4 of the 970 has one bit of the selector less */
static const struct kvmhv_rma_size rma_sizes_970[] = {
	{ 26, 3 }, { 27, 7 }, { 28, 4 }, { 30, 2 }, { 34, 1 }, { 38, 0 }, { }
};

/*
 * PPC970, ISA 2.01.  Every partition switch flushes the TLB, so none is left
 * to do (tlb_sets).  HID4 has 6 bits of partition ID; 0 (host) and 0x3f
 * (LPID_RSVD_970, switching) are taken.
 */
const struct kvmhv_cpu_ops kvmhv_ppc970_ops = {
	.name = "PPC970",
	.slb_nr = 64,
	.nr_pmc = 8,
	.max_threads = 1,
	.lpid_mask = 0x3e,
	.rma_sizes = rma_sizes_970,
	.set_rma = set_rma,
	.want_interrupts = want_interrupts,
	.read_control = kvmhv_ppc970_read_control,
	.enter_partition = kvmhv_ppc970_enter_partition,
	.leave_partition = kvmhv_ppc970_leave_partition,
	.to_guest = kvmhv_ppc970_to_guest,
	.to_host = kvmhv_ppc970_to_host,
};
