// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM on POWER7 and POWER8 (ISA 2.06 and 2.07).
 *
 * MMU on, part of vmlinux.  The assembly is book3s_hv_rm_power7.S and
 * book3s_hv_rm_power8.S.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/mmu.h>
#include <asm/reg.h>

/*
 * LPCR of a guest, ISA 2.06: all storage interrupts to the hypervisor (VPM),
 * external ones too (LPES = 0b01), hypervisor decrementer on, wake from nap by
 * external interrupt, decrementer, machine check and hypervisor maintenance, default
 * prefetch depth 4.
 */
#define GUEST_LPCR_206	(LPCR_VPM0 | LPCR_VPM1 | (4UL << LPCR_DPFD_SH) | \
			 LPCR_LPES1 | LPCR_HDICE | LPCR_PECE0 | LPCR_PECE1 | \
			 LPCR_PECE2)

/* ISA 2.06 and 2.07: real mode limit selectors of LPCR */
static const struct kvmhv_rma_size rma_sizes_206[] = {
	{ 25, 8 }, { 26, 3 }, { 27, 7 }, { 28, 4 }, { 30, 2 }, { 34, 1 },
	{ 38, 0 }, { }
};

/* All four bits; asm/reg.h knows the lower three */
#define RMLS_MASK	(0xfUL << LPCR_RMLS_SH)

/*
 * Real mode offset instead of VRMA, ISA 2.06 Book III-S, 5.7.3.2: VPM0 is 0,
 * RMLS the limit, RMOR (hv.rma_pa) the area.
 */
static void set_rma(struct kvm *kvm, unsigned long rmls)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;

	lockdep_assert_held(&hv->setup_lock);

	hv->lpcr &= ~(LPCR_VPM0 | LPCR_VRMASD | RMLS_MASK);
	hv->lpcr |= rmls << LPCR_RMLS_SH;
}

/* LPIDs 0 (host) and 0x3ff (LPID_RSVD_HV, switching) are taken */
#define MAX_LPID	0x3fe

const struct kvmhv_cpu_ops kvmhv_power7_ops = {
	.name = "POWER7",
	.slb_nr = 32,
	.nr_pmc = 6,
	.tlb_sets = POWER7_TLB_SETS,
	.max_threads = 4,
	.lpid_mask = MAX_LPID,
	.guest_lpcr = GUEST_LPCR_206,
	.lpcr_writable = LPCR_DPFD | LPCR_ILE | LPCR_TC,
	.rma_sizes = rma_sizes_206,
	.has_1t_segments = true,
	.has_vrma = true,
	.has_mer = true,
	.set_rma = set_rma,
	.read_control = kvmhv_power7_read_control,
	.enter_partition = kvmhv_power7_enter_partition,
	.leave_partition = kvmhv_power7_leave_partition,
	.to_guest = kvmhv_power7_to_guest,
	.to_host = kvmhv_power7_to_host,
};

const struct kvmhv_cpu_ops kvmhv_power8_ops = {
	.name = "POWER8",
	.slb_nr = 32,
	.nr_pmc = 6,
	.tlb_sets = POWER8_TLB_SETS,
	.max_threads = 8,
	.lpid_mask = MAX_LPID,
	.guest_lpcr = GUEST_LPCR_206 | LPCR_ONL | LPCR_PECEDP |
		      LPCR_PECEDH,
	.lpcr_writable = LPCR_DPFD | LPCR_ILE | LPCR_AIL | LPCR_TC,
	.rma_sizes = rma_sizes_206,
	.has_1t_segments = true,
	.has_vrma = true,
	.has_mer = true,
	.fixed_threads = true,	/* msgsndp, TIR */
	.set_rma = set_rma,
	.read_control = kvmhv_power7_read_control,
	.enter_partition = kvmhv_power8_enter_partition,
	.leave_partition = kvmhv_power8_leave_partition,
	.to_guest = kvmhv_power8_to_guest,
	.to_host = kvmhv_power8_to_host,
};
