// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the part of the built-in half that runs with the MMU
 * on.  Which processor this is, and what the module needs from vmlinux.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kvm_host.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <asm/cputable.h>
#include <asm/hw_irq.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>
#include <asm/mce.h>
#include <asm/mmu.h>
#include <asm/reg.h>

/*
 * The assembly reaches these by 16-bit displacements from struct kvm and
 * struct kvm_vcpu, and walks the SLB image in steps of 16.
 */
static_assert(offsetofend(struct kvm, arch.hv) <= 0x8000);
static_assert(offsetofend(struct kvm_vcpu, arch.hv) <= 0x8000);
static_assert(sizeof(struct kvm_hv_slb) == 16);
static_assert(sizeof(struct kvm_hv_rev) == 16);

/*
 * LPCR of a guest, ISA 2.06: all storage interrupts to the hypervisor (VPM),
 * external ones too (LPES = 0b01), hypervisor decrementer on, wake from nap by
 * external interrupt and decrementer, default prefetch depth 4.
 */
#define GUEST_LPCR_206	(LPCR_VPM0 | LPCR_VPM1 | (4UL << LPCR_DPFD_SH) | \
			 LPCR_LPES1 | LPCR_HDICE | LPCR_PECE0 | LPCR_PECE1)

/* ISA 2.06 and 2.07: real mode limit selectors of LPCR */
static const struct kvmhv_rma_size rma_sizes_206[] = {
	{ 25, 8 }, { 26, 3 }, { 27, 7 }, { 28, 4 }, { 30, 2 }, { 34, 1 },
	{ 38, 0 }, { }
};

/* LPIDs 0 (host) and 0x3ff (LPID_RSVD_HV, switching) are taken */
#define MAX_LPID	0x3fe

static const struct kvmhv_cpu_ops power7_ops = {
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
	.switch_partition = kvmhv_power7_switch_partition,
	.save_host = kvmhv_power7_save_host,
	.load_host = kvmhv_power7_load_host,
	.load_guest = kvmhv_power7_load_guest,
	.save_guest = kvmhv_power7_save_guest,
};

static const struct kvmhv_cpu_ops power8_ops = {
	.name = "POWER8",
	.slb_nr = 32,
	.nr_pmc = 6,
	.tlb_sets = POWER8_TLB_SETS,
	.max_threads = 8,
	.lpid_mask = MAX_LPID,
	.guest_lpcr = GUEST_LPCR_206 | LPCR_ONL | LPCR_PECEDP,
	.lpcr_writable = LPCR_DPFD | LPCR_ILE | LPCR_AIL | LPCR_TC,
	.rma_sizes = rma_sizes_206,
	.has_1t_segments = true,
	.has_vrma = true,
	.fixed_threads = true,	/* msgsndp, TIR */
	.switch_partition = kvmhv_power7_switch_partition,
	.load_vcore = kvmhv_power8_load_vcore,
	.save_vcore = kvmhv_power8_save_vcore,
	.save_host = kvmhv_power8_save_host,
	.load_host = kvmhv_power8_load_host,
	.load_guest = kvmhv_power8_load_guest,
	.save_guest = kvmhv_power8_save_guest,
};

/* HID4 of the 970 has one bit of the selector less */
static const struct kvmhv_rma_size rma_sizes_970[] = {
	{ 26, 3 }, { 27, 7 }, { 28, 4 }, { 30, 2 }, { 34, 1 }, { 38, 0 }, { }
};

/*
 * PPC970, ISA 2.01.  Every partition switch flushes the TLB, so none is left
 * to do (tlb_sets).  HID4 has 6 bits of partition ID.
 */
static const struct kvmhv_cpu_ops ppc970_ops = {
	.name = "PPC970",
	.slb_nr = 64,
	.nr_pmc = 8,
	.max_threads = 1,
	.lpid_mask = 0x3f,
	.rma_sizes = rma_sizes_970,
	.save_host = kvmhv_ppc970_save_host,
	.load_host = kvmhv_ppc970_load_host,
	.load_guest = kvmhv_ppc970_load_guest,
	.save_guest = kvmhv_ppc970_save_guest,
	.switch_partition = kvmhv_ppc970_switch_partition,
};

const struct kvmhv_cpu_ops *kvmhv_cpu;
EXPORT_SYMBOL_GPL(kvmhv_cpu);

/**
 * kvmhv_find_cpu - the table for the host processor
 * @why: where to put the reason when there is none
 *
 * Context: any time after the CPU features are known, early boot included.
 */
const struct kvmhv_cpu_ops *kvmhv_find_cpu(const char **why)
{
	if (!cpu_has_feature(CPU_FTR_HVMODE)) {
		*why = "this kernel does not run in hypervisor mode";
		return NULL;
	}
	if (cpu_has_feature(CPU_FTR_ARCH_300)) {
		*why = "POWER9 and later processors are not supported";
		return NULL;
	}
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		return &power8_ops;
	if (cpu_has_feature(CPU_FTR_ARCH_206))
		return &power7_ops;

	/* Apple's and those without LPES1 have lost CPU_FTR_HVMODE at boot */
	switch (PVR_VER(mfspr(SPRN_PVR))) {
	case PVR_970:
	case PVR_970FX:
	case PVR_970MP:
	case PVR_970GX:
		return &ppc970_ops;
	}
	*why = "the processor is none of PPC970, POWER7 and POWER8";
	return NULL;
}

/**
 * kvmhv_probe_cpu - find the table for the host processor and use it
 * @why: where to put the reason when there is none
 *
 * Return: the table, which also becomes kvmhv_cpu, or NULL.
 */
const struct kvmhv_cpu_ops *kvmhv_probe_cpu(const char **why)
{
	const struct kvmhv_cpu_ops *cpu = kvmhv_find_cpu(why);

	if (cpu)
		kvmhv_cpu = cpu;
	return cpu;
}
EXPORT_SYMBOL_GPL(kvmhv_probe_cpu);

static int __init try_timebase(void)
{
	unsigned long flags;
	long lost;

	if (!cpu_has_feature(CPU_FTR_HVMODE) || !cpu_has_feature(CPU_FTR_ARCH_206))
		return 0;
	local_irq_save(flags);
	hard_irq_disable();
	lost = kvmhv_rm_try_tbu40();
	local_irq_restore(flags);
	if (lost)
		pr_info("kvm-hv: writing TBU40 loses time here, %ld ticks at boot; it is measured and put right\n",
			lost);
	return 0;
}
early_initcall(try_timebase);

/**
 * kvmhv_take_mce_event - what the host's early handler recorded
 * @evt: where to put it; zeroed if it recorded nothing
 *
 * Context: on the CPU that took the machine check, interrupts off.
 */
void kvmhv_take_mce_event(struct machine_check_event *evt)
{
	if (!get_mce_event(evt, MCE_EVENT_RELEASE))
		memset(evt, 0, sizeof(*evt));
}
EXPORT_SYMBOL_GPL(kvmhv_take_mce_event);

/**
 * kvmhv_unexpected_trap - a machine check or system reset in real-mode code
 * @trap: its vector
 *
 * Context: MMU on, emergency stack.  Does not return.
 */
void kvmhv_unexpected_trap(unsigned long trap)
{
	panic("KVM HV: interrupt 0x%lx hit the hypervisor's real-mode code",
	      trap);
}

/* Called by the module, implemented in real-mode units that export nothing */
EXPORT_SYMBOL_GPL(kvmhv_enter_core);
