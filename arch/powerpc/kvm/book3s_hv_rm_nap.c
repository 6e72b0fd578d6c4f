// SPDX-License-Identifier: GPL-2.0-only
/*
 * Naps in real mode, and what ends them.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled, on
 * any thread of a core that is in a guest's partition or about to enter one.  It
 * may touch the linear mapping only: no vmalloc or ioremap addresses, no module
 * text or data, no printk, tracing or lockdep, no lock whose holder can sleep,
 * nothing that faults.
 *
 * What a thread keeps over a nap is on its stack (isa206_idle_insn_mayloss(), struct
 * kvmhv_nap_sprs).  SRR1 only speaks of the latest nap: what comes back from there is
 * for all naps since to say.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>

#include "book3s_hv_thread.h"

/**
 * kvmhv_rm_nap - nap until an interrupt comes
 * @sprs: @sprs->lost is set if registers were lost
 *
 * SRR0/1 and MSR[FP], [VEC] and [VSX] are lost; FP, VMX and VSX registers, AMOR and what
 * is in @sprs may be.
 *
 * Context: MMU off.
 * Return: SRR1 of the wake-up, which tells why.
 */
unsigned long kvmhv_rm_nap(struct kvmhv_nap_sprs *sprs)
{
	unsigned long srr1 = isa206_idle_insn_mayloss(PNV_THREAD_NAP);

	if ((srr1 & SRR1_WAKESTATE) != SRR1_WS_NOLOSS)
		sprs->lost = true;
	return srr1;
}

/**
 * kvmhv_rm_note_wakeup - is what ended a nap in the guest an event for the host?
 * @thread: this thread
 * @srr1: of the wake-up
 *
 * The processor considers it taken: it does not come again.
 *
 * Context: MMU off.
 * Return: true if so; the thread has to leave the guest.
 */
bool kvmhv_rm_note_wakeup(struct kvmhv_thread *thread, unsigned long srr1)
{
	switch (srr1 & kvmhv_wake_mask()) {
	case SRR1_WAKERESET:
		thread->events |= KVMHV_EVENT_RESET;
		return true;
	case SRR1_WAKEHMI:
		kvmhv_note_hmi(thread);
		return true;
	default:
		return false;
	}
}

/* The ICP is a big-endian device */
static u32 icp_read(const struct kvmhv_thread *thread, unsigned long reg)
{
	u32 raw = __raw_rm_readl((void __iomem *)(thread->icp + reg));

	return be32_to_cpu((__force __be32)raw);
}

static void icp_eoi(const struct kvmhv_thread *thread, u32 xirr)
{
	__raw_rm_writel((__force u32)cpu_to_be32(xirr),
			(void __iomem *)(thread->icp + ICP_XIRR));
}

/* Doorbells of the host have host_ipi set, too */
static enum kvmhv_ipi take_doorbell(struct kvmhv_thread *thread)
{
	ppc_msgclr(PPC_DBELL_MSGTYPE);
	/* The doorbell is withdrawn before its reason is looked for */
	smp_mb();
	if (!READ_ONCE(thread->host_ipi))
		return KVMHV_IPI_NONE;
	/* the host's came just now and went with ours */
	ppc_msgsnd(PPC_DBELL_MSGTYPE, 0, thread->nr);
	return KVMHV_IPI_HOST;
}

/**
 * kvmhv_rm_take_ipi - take KVM's own IPI or doorbell, and leave the host's
 * @thread: this thread
 *
 * What the sender wrote before the IPI is visible afterwards.
 *
 * Context: MMU off.
 * Return: KVMHV_IPI_HOST if an interrupt for the host is pending.
 */
enum kvmhv_ipi kvmhv_rm_take_ipi(struct kvmhv_thread *thread)
{
	void __iomem *mfrr = (void __iomem *)(thread->icp + ICP_MFRR);
	u32 xirr;

	if (!thread->icp || thread->xirr || READ_ONCE(thread->host_ipi))
		return KVMHV_IPI_HOST;
	if (cpu_has_feature(CPU_FTR_DBELL) &&
	    take_doorbell(thread) == KVMHV_IPI_HOST)
		return KVMHV_IPI_HOST;
	xirr = icp_read(thread, ICP_XIRR_POLL);
	if (!(xirr & XISR_MASK))
		return KVMHV_IPI_NONE;
	if ((xirr & XISR_MASK) != XICS_IPI)
		return KVMHV_IPI_HOST;

	xirr = icp_read(thread, ICP_XIRR);
	if (!(xirr & XISR_MASK))
		return KVMHV_IPI_NONE;	/* withdrawn; nothing was accepted */
	if ((xirr & XISR_MASK) != XICS_IPI) {
		/* a device was faster; accepted is accepted: hand it over */
		thread->xirr = xirr;
		return KVMHV_IPI_HOST;
	}
	__raw_rm_writeb(0xff, mfrr);
	/* The IPI is withdrawn before its reason is looked for */
	smp_mb();
	if (READ_ONCE(thread->host_ipi)) {
		/* the host's came just now and went with ours */
		__raw_rm_writeb(IPI_PRIORITY, mfrr);
		icp_eoi(thread, xirr);
		return KVMHV_IPI_HOST;
	}
	icp_eoi(thread, xirr);
	return KVMHV_IPI_NONE;
}
