// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM for Book3S: tlbie one at a time.
 *
 * REAL MODE: this file runs with MSR[IR]=MSR[DR]=0 and interrupts disabled,
 * on the thread that runs the vcpu.  It may touch the linear mapping only: no
 * vmalloc or ioremap addresses, no module text or data, no printk, tracing or
 * lockdep, no lock whose holder can sleep, nothing that faults.
 *
 * PPC970 (ISA 2.01): only one processor of a machine may execute tlbie and
 * tlbsync at a time, and none while another one changes its partition.  The
 * host has a lock for the former, native_tlbie_lock; it is taken for all of
 * these, so that host, hypervisor and partition switch exclude each other.
 */
#include <linux/kvm_host.h>
#include <linux/spinlock.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/kvm_hv_tlbie.h>
#include <asm/kvm_hv_tlbie_lock.h>
#include <asm/processor.h>
#include <asm/reg.h>

/**
 * kvmhv_rm_lock_tlbie - keep all other CPUs from tlbie and tlbsync until the unlock
 *
 * Not raw_spin_lock(): lockdep needs the MMU.
 *
 * Context: MMU off or on, interrupts disabled.  Holders hold it for some tlbie
 * or one partition switch, with preemption off.
 */
void kvmhv_rm_lock_tlbie(void)
{
	while (!arch_spin_trylock(&native_tlbie_lock.raw_lock))
		cpu_relax();
}

/**
 * kvmhv_rm_unlock_tlbie - others may go on
 *
 * Context: as kvmhv_rm_lock_tlbie().
 */
void kvmhv_rm_unlock_tlbie(void)
{
	arch_spin_unlock(&native_tlbie_lock.raw_lock);
}

/**
 * kvmhv_rm_tlbie_201 - invalidate pages of this partition on all processors
 * @rb: what compute_tlbie_rb() says, for each page
 * @n: number of pages
 *
 * Context: MMU off, guest partition, interrupts disabled.
 */
void kvmhv_rm_tlbie_201(const unsigned long *rb, unsigned int n)
{
	unsigned int i;

	kvmhv_rm_lock_tlbie();
	for (i = 0; i < n; i++)
		kvmhv_tlbie_201(rb[i]);
	kvmhv_tlbsync();
	kvmhv_rm_unlock_tlbie();
}

/* HID0[DEEPNAP], [DOZE], [NAP] and [SLEEP]: what MSR[POW] stands for */
#define HID0_POWER_SAVING	(0xfUL << 53)

static void switch_partition(unsigned long sdr1, unsigned long hid4, unsigned long hid0)
{
	kvmhv_rm_lock_tlbie();
	kvmhv_ppc970_set_partition(sdr1, hid4, hid0);
	kvmhv_rm_unlock_tlbie();
}

/**
 * kvmhv_ppc970_enter_partition - move the processor into a guest's partition
 * @vcore: of a VM whose HID4 names partition and real mode area
 *
 * Hypervisor decrementer interrupts are for guests only; MSR[POW], which a guest
 * can set, does nothing in it: a processor that naps with MSR[EE] off is lost for
 * the host's interrupts.
 *
 * Context: MMU off, interrupts disabled.
 * Return: HID4 of the host.
 */
unsigned long kvmhv_ppc970_enter_partition(struct kvm_hv_vcore *vcore)
{
	const struct kvm_hv_vm *hv = &vcore->kvm->arch.hv;
	unsigned long host = kvmhv_ppc970_read_control();
	unsigned long hid0 = mfspr(SPRN_HID0);

	vcore->host_hid0 = hid0;
	switch_partition(hv->sdr1, hv->hid4,
			 (hid0 & ~HID0_POWER_SAVING) | 1UL << HID0_HDICE_SH);
	return host;
}

/**
 * kvmhv_ppc970_leave_partition - move it into the host's
 * @vcore: whose VM knows SDR1 of the host
 * @hid4: of the host
 *
 * Context: MMU off, interrupts disabled.
 */
void kvmhv_ppc970_leave_partition(struct kvm_hv_vcore *vcore,
				  unsigned long hid4)
{
	switch_partition(vcore->kvm->arch.hv.host_sdr1, hid4, vcore->host_hid0);
}
