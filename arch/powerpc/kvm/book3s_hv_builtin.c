// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the part of the built-in half that runs with the MMU
 * on.  Which processor this is, and what the module needs from vmlinux.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/cputable.h>
#include <asm/interrupt.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_ppc.h>
#include <asm/mce.h>
#include <asm/reg.h>
#include <asm/sstep.h>

#include "book3s_hv_step.h"

/*
 * The assembly reaches these by 16-bit displacements from struct kvm and
 * struct kvm_vcpu, and walks the SLB image in steps of 16.
 */
static_assert(offsetofend(struct kvm, arch.hv) <= 0x8000);
static_assert(offsetofend(struct kvm_vcpu, arch.hv) <= 0x8000);
static_assert(sizeof(struct kvm_hv_slb) == 16);
static_assert(sizeof(struct kvm_hv_rev) == 16);

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
		return &kvmhv_power8_ops;
	if (cpu_has_feature(CPU_FTR_ARCH_206))
		return &kvmhv_power7_ops;

	/* Apple's and those without LPES1 have lost CPU_FTR_HVMODE at boot */
	switch (PVR_VER(mfspr(SPRN_PVR))) {
	case PVR_970:
	case PVR_970FX:
	case PVR_970MP:
	case PVR_970GX:
		return &kvmhv_ppc970_ops;
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

#define LOST_THREADS	"KVM HV: threads 0x%lx of the core do not leave the guest"

/**
 * kvmhv_unexpected_trap - real-mode code cannot go on
 * @trap: the vector of the machine check or system reset that hit it, 0 for none
 * @left: threads of the core that were called and have not left the guest, as bits of
 *	their numbers: neither the guest nor the host can have a core with such a thread
 *
 * Context: MMU on, interrupts disabled, host partition, emergency stack if there is a
 * vector.  Does not return.
 */
void kvmhv_unexpected_trap(unsigned long trap, unsigned long left)
{
	struct machine_check_event evt;

	/* Consoles print nothing of a CPU that is offline, as a borrowed thread is */
	set_cpu_online(raw_smp_processor_id(), true);
	while (get_mce_event(&evt, MCE_EVENT_RELEASE))
		machine_check_print_event_info(&evt, false, false);
	if (!trap)
		panic(LOST_THREADS, left);
	/*
	 * A reset of all threads, by the operator or for a dump, hits some in real
	 * mode.  Those take part in the dump as the others do; nothing is printed that
	 * might wait for them.
	 */
	if (trap == BOOK3S_INTERRUPT_SYSTEM_RESET) {
		printk_deferred_enter();
		pr_emerg("KVM HV: interrupt 0x%lx hit the hypervisor's real-mode code\n", trap);
		printk_deferred_exit();
		replay_system_reset();
	}
	if (left)
		pr_emerg(LOST_THREADS "\n", left);
	panic("KVM HV: interrupt 0x%lx hit the hypervisor's real-mode code",
	      trap);
}

DEFINE_STATIC_KEY_FALSE(kvmhv_stepped);	/* on while a vcpu is, book3s_hv_step.c */
EXPORT_SYMBOL_GPL(kvmhv_stepped);

/**
 * kvmhv_emulate - an instruction of a guest
 * @regs: its registers, and MSR
 * @op: what it does
 * @inst: the instruction
 *
 * Context: any.
 * Return: 1 if it has been executed, since it does nothing but change @regs; 0 if @op is
 * left to do, the PC with it; -1 if it is unknown.
 */
int kvmhv_emulate(struct pt_regs *regs, struct instruction_op *op, u32 inst)
{
	int r = analyse_instr(op, regs, ppc_inst(inst));

	if (r > 0)
		emulate_update_regs(regs, op);
	return r;
}
EXPORT_SYMBOL_GPL(kvmhv_emulate);

/* Called by the module, implemented in real-mode units that export nothing */
EXPORT_SYMBOL_GPL(kvmhv_enter_core);
