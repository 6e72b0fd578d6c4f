// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: hardware threads, the part that runs with the MMU on.
 * What the interrupt controller's driver and the module need to know and do.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <asm/cputhreads.h>
#include <asm/kvm_hv_thread.h>
#include <asm/kvm_ppc.h>
#include <asm/paca.h>
#include <asm/smp.h>
#include <asm/time.h>
#include <asm/xics.h>

#include "book3s_hv_thread.h"

/* How long an offline thread may take from one nap to the next */
#define BORROW_US	1000
/* How long all of them may take to come out of deeper states than nap */
#define DEEP_MS		1000

/* VMs that exist; see kvmhv_rm_thread_offer() */
atomic_t kvmhv_vms = ATOMIC_INIT(0);

/**
 * kvmhv_thread_of - what is known of a CPU as a hardware thread
 * @cpu: its number
 *
 * Context: any.
 * Return: the thread, NULL if there was no memory for it at boot.
 */
struct kvmhv_thread *kvmhv_thread_of(int cpu)
{
	return paca_ptrs[cpu]->kvm_hstate.kvm_thread;
}
EXPORT_SYMBOL_GPL(kvmhv_thread_of);

/* Boot only, one CPU */
static struct kvmhv_thread *__init make_thread(int cpu)
{
	struct kvmhv_thread *thread = kvmhv_thread_of(cpu);
	int first = cpu_first_thread_sibling(cpu);
	struct kvmhv_thread *head;

	if (thread)
		return thread;
	thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	if (!thread)
		return NULL;
	thread->cpu = cpu;
	thread->nr = cpu - first;
	if (cpu == first) {
		thread->core = kzalloc(sizeof(*thread->core), GFP_KERNEL);
	} else {
		head = make_thread(first);
		thread->core = head ? head->core : NULL;
	}
	if (!thread->core) {
		kfree(thread);
		return NULL;
	}
	paca_ptrs[cpu]->kvm_hstate.kvm_thread = thread;
	return thread;
}

static int __init make_threads(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		make_thread(cpu);
	return 0;
}
early_initcall(make_threads);

/**
 * kvmppc_set_xics_phys - where a CPU's interrupt presentation registers are
 * @cpu: the CPU
 * @addr: their real address
 *
 * Context: boot, one CPU.
 */
void __init kvmppc_set_xics_phys(int cpu, unsigned long addr)
{
	struct kvmhv_thread *thread = make_thread(cpu);

	if (thread)
		thread->icp = addr;
}

/**
 * kvmppc_get_xics_latch - an interrupt that was accepted in real mode
 *
 * Context: interrupts disabled.
 * Return: what XIRR said, 0 if there is none.
 */
u32 kvmppc_get_xics_latch(void)
{
	struct kvmhv_thread *thread = local_paca->kvm_hstate.kvm_thread;
	u32 xirr = 0;

	if (thread)
		swap(xirr, thread->xirr);
	return xirr;
}

/**
 * kvmppc_set_host_ipi - the host is about to send an IPI
 * @cpu: to this CPU
 *
 * Context: any.
 */
void kvmppc_set_host_ipi(int cpu)
{
	struct kvmhv_thread *thread = kvmhv_thread_of(cpu);

	if (!thread)
		return;
	/* What the IPI is about, then the mark, then the IPI */
	smp_mb();
	WRITE_ONCE(thread->host_ipi, true);
	smp_mb(); /* see kvmhv_rm_take_ipi() */
}

/**
 * kvmppc_clear_host_ipi - the host takes its IPIs
 * @cpu: this CPU
 *
 * Context: interrupts disabled.
 */
void kvmppc_clear_host_ipi(int cpu)
{
	struct kvmhv_thread *thread = kvmhv_thread_of(cpu);

	if (!thread)
		return;
	WRITE_ONCE(thread->host_ipi, false);
	smp_mb(); /* the mark goes before what it stood for is looked at */
}

/* The offers that a core of the host needs when @cpu leads it */
static int offers_wanted(int cpu)
{
	int first = cpu_first_thread_sibling(cpu);
	int offers = 0;
	int i;

	for (i = first; i < first + threads_per_core; i++)
		if (i != cpu && cpu_present(i))
			offers |= KVMHV_LEND_OFFERED(i - first);
	return offers;
}

/* Is a thread of the core in firmware, and has been for less than a second? */
static bool in_firmware(int cpu)
{
	int first = cpu_first_thread_sibling(cpu);
	struct kvmhv_thread *thread;
	bool r = false;
	u16 tries;
	int i;

	for (i = first; i < first + threads_per_core; i++) {
		thread = cpu_present(i) ? kvmhv_thread_of(i) : NULL;
		tries = thread ? READ_ONCE(thread->in_firmware) : 0;
		if (!tries)
			continue;
		/* The thread may be back meanwhile: it writes 0 when it is OFFERED */
		cmpxchg(&thread->in_firmware, tries, tries - 1);
		r = true;
	}
	return r;
}

/**
 * kvmhv_borrow_threads - have all other threads of the core for a guest
 * @core: the core
 * @cpu: this CPU, a thread of it
 *
 * Waits a millisecond for threads that are between two naps.
 *
 * Context: interrupts disabled.
 * Return: 0; -EAGAIN while firmware has one of them, for a second at most; -EBUSY if
 * one is online or does not come.
 */
int kvmhv_borrow_threads(struct kvmhv_core *core, int cpu)
{
	unsigned long start = mftb(), rounds = 0;
	int wanted = offers_wanted(cpu);
	int old;

	do {
		old = atomic_read(&core->lend);
		if (old == wanted &&
		    atomic_try_cmpxchg(&core->lend, &old,
				       old | KVMHV_LEND_LENT)) {
			core->leader = cpu_thread_in_core(cpu);
			return 0;
		}
		cpu_relax();
	} while (kvmhv_time_left(start, BORROW_US * tb_ticks_per_usec, &rounds));
	return in_firmware(cpu) ? -EAGAIN : -EBUSY;
}
EXPORT_SYMBOL_GPL(kvmhv_borrow_threads);

/**
 * kvmhv_return_threads - the opposite of kvmhv_borrow_threads()
 * @core: the core, in the host's partition again
 *
 * Context: interrupts disabled.
 */
void kvmhv_return_threads(struct kvmhv_core *core)
{
	atomic_set(&core->map, 0);
	smp_mb__before_atomic(); /* all of the guest comes before */
	atomic_andnot(KVMHV_LEND_LENT, &core->lend);
}
EXPORT_SYMBOL_GPL(kvmhv_return_threads);

/**
 * kvmhv_wake_thread - have a thread look for what there is to do
 * @thread: a thread that runs a guest, or was borrowed for it
 *
 * What was written before is visible to the thread.  A thread that has gone
 * back to the host meanwhile takes it for a spurious IPI.
 *
 * Context: any.
 */
void kvmhv_wake_thread(struct kvmhv_thread *thread)
{
	/* See kvmhv_rm_take_ipi() */
	smp_mb();
	if (IS_ENABLED(CONFIG_PPC_ICP_NATIVE) && thread->icp)
		xics_wake_cpu(thread->cpu);
	else
		smp_send_reschedule(thread->cpu);
}
EXPORT_SYMBOL_GPL(kvmhv_wake_thread);

/**
 * kvm_hv_mode_active - may cores run guests?
 *
 * Context: any; a caller with cpus_write_lock() held can rely on "no".
 * Return: true while there is a VM.
 */
bool kvm_hv_mode_active(void)
{
	return atomic_read(&kvmhv_vms);
}
EXPORT_SYMBOL_GPL(kvm_hv_mode_active);

/* A VM that is not the first waits for those, too */
static DEFINE_MUTEX(sleepers_lock);

/* Have the offline threads look whether there are VMs; returns how many are deep */
static int call_sleepers(void)
{
	struct kvmhv_thread *thread;
	int cpu, deep = 0;

	for_each_present_cpu(cpu) {
		thread = kvmhv_thread_of(cpu);
		if (!thread || !READ_ONCE(thread->sleeps))
			continue;
		deep += READ_ONCE(thread->deep);
		kvmhv_wake_thread(thread);
	}
	return deep;
}

/* Until no offline thread is in a deeper state than nap */
static void wake_sleepers(void)
{
	int tries = DEEP_MS;

	while (call_sleepers()) {
		if (!tries--) {
			pr_err_ratelimited("kvm-hv: offline CPUs do not wake up\n");
			break;
		}
		usleep_range(1000, 2000);
	}
}

/**
 * kvmhv_claim_cores - a new VM needs the host's cores as they are
 *
 * The leader takes all threads of its core into the guest's partition.  Those of
 * another subcore have registers of a partition of their own: they would run the
 * guest in the host's.  And threads in a deeper state than nap cannot be borrowed;
 * the first VM waits for those.
 *
 * Context: MMU on, process context, may sleep; pairs with kvmhv_release_cores().
 * Return: 0, or -EBUSY while cores are split.
 */
int kvmhv_claim_cores(void)
{
	int r = 0;

	cpus_read_lock();
	mutex_lock(&sleepers_lock);
	if (threads_per_subcore != threads_per_core)
		r = -EBUSY;
	/* A full barrier: a thread that is not seen to be deep sees the VM */
	else if (atomic_inc_return(&kvmhv_vms) == 1)
		wake_sleepers();
	mutex_unlock(&sleepers_lock);
	cpus_read_unlock();
	return r;
}
EXPORT_SYMBOL_GPL(kvmhv_claim_cores);

/**
 * kvmhv_release_cores - a VM is no more; deeper states are back after the last one
 *
 * Context: MMU on; none of its vcpus runs.
 */
void kvmhv_release_cores(void)
{
	if (atomic_dec_and_test(&kvmhv_vms))
		call_sleepers();
}
EXPORT_SYMBOL_GPL(kvmhv_release_cores);
