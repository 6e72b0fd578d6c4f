/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypervisor-mode KVM: what a processor core and its hardware threads have to
 * tell each other.  Documentation/virt/kvm/ppc-hv/vcores.rst has the protocol,
 * tools/testing/kvm-hv/models/ its model; names in capitals are the model's.
 */
#ifndef __ASM_KVM_HV_THREAD_H__
#define __ASM_KVM_HV_THREAD_H__

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/types.h>

struct kvm_hv_vcore;
struct kvm_vcpu;

/* The largest decrementer before ISA 3.0 */
#define DEC_MAX			0x7fffffff

/*
 * kvmhv_core.lend.  An offline thread is OFFERED from before its nap until it
 * goes back to code with the MMU on.  The core is LENT while its online thread
 * has it in a guest's partition; no thread withdraws its offer then.
 */
#define KVMHV_LEND_OFFERED(nr)	BIT(nr)
#define KVMHV_LEND_LENT		BIT(16)

/*
 * kvmhv_core.map.  A thread enters the guest only by setting its IN bit while
 * the map is OPEN and nobody is EXITING, and clears it when the guest's state
 * is saved; the partition is left when no IN bit is set.  A thread that is IN
 * sets its NAP bit while it naps in H_CEDE.
 */
#define KVMHV_MAP_IN(nr)	BIT(nr)
#define KVMHV_MAP_IN_ALL	0xffU
#define KVMHV_MAP_NAP(nr)	BIT(8 + (nr))
#define KVMHV_MAP_NAP_SHIFT	8
#define KVMHV_MAP_OPEN		BIT(16)
#define KVMHV_MAP_EXITING	BIT(17)
/* A maintenance interrupt came to a thread that was IN; the sign bit, next to IN */
#define KVMHV_MAP_HMI		BIT(31)

/* Threads of a core, at most: bits in the two words above */
#define KVMHV_MAX_THREADS	8

/* kvmhv_thread.events: what hit a thread in the guest and is the host's business */
#define KVMHV_EVENT_RESET	BIT(0)
#define KVMHV_EVENT_HMI		BIT(1)

/* Trips that a core does not make, a millisecond each, while a thread is in firmware */
#define KVMHV_FIRMWARE_TRIES	1000

/* SLB entries of the host that survive a guest: those its bitmaps are about */
#define KVMHV_HOST_SLB		32

/**
 * struct kvmhv_core - a processor core that guests run on
 * @lend: which offline threads may be used, and whether they are
 * @map: which threads are in the guest
 * @leader: number of the thread that is online; changes while not LENT only
 * @vcore: the virtual core whose partition it is in, NULL for the host's; written by
 *	the leader
 * @tb_shift: what the timebase has more than the host's, until it is taken off
 *
 * All threads write here on their way in and out: a cache line of its own.
 */
struct kvmhv_core {
	atomic_t lend;
	atomic_t map;
	int leader;
	struct kvm_hv_vcore *vcore;
	unsigned long tb_shift;
} ____cacheline_aligned;

/**
 * struct kvmhv_thread - a hardware thread
 * @core: its core
 * @vcpu: what it shall run, or NULL; written by the thread that leads the core
 * @icp: real address of its interrupt presentation registers, 0: not known
 * @cpu: its number as a CPU of the host
 * @nr: its number in the core
 * @host_ipi: the host has sent it an IPI that it has not taken
 * @sleeps: offline, and goes to a deeper state than nap while there are no VMs
 * @deep: in that state, or about to be; not OFFERED then
 * @events: KVMHV_EVENT_*, noted by the thread while it runs a guest
 * @in_firmware: not 0: not OFFERED because firmware handles a maintenance interrupt;
 *	how many more trips the core's leader is to put off for it
 * @xirr: an interrupt of the host that was accepted while a guest ran, or 0
 * @slb: SLB entries of the host while a guest runs
 * @nr_slb: number of these
 * @slb_used: paca.slb_used_bitmap that goes with them
 * @slb_kern: paca.slb_kern_bitmap that goes with them
 * @slb_cache: paca.slb_cache_ptr that goes with them
 */
struct kvmhv_thread {
	struct kvmhv_core *core;
	struct kvm_vcpu *vcpu;
	unsigned long icp;
	int cpu;
	u8 nr;
	bool host_ipi;
	bool sleeps;
	bool deep;
	u8 events;
	u16 in_firmware;
	u32 xirr;
	u32 nr_slb;
	u32 slb_used;
	u32 slb_kern;
	u16 slb_cache;
	struct {
		unsigned long esid;
		unsigned long vsid;
	} slb[KVMHV_HOST_SLB];
} ____cacheline_aligned;

/* book3s_hv_rm_vcore.c, MMU off; called by power7_offline() */
unsigned long kvmhv_rm_thread_offer(unsigned long type);
bool kvmhv_rm_thread_woken(unsigned long *srr1);
/* ... and power7_idle_insn() */
void kvmhv_rm_await_host(void);

/* book3s_hv_builtin_thread.c */
extern atomic_t kvmhv_vms;

/* ... MMU on */
struct kvmhv_thread *kvmhv_thread_of(int cpu);
int kvmhv_borrow_threads(struct kvmhv_core *core, int cpu);
void kvmhv_return_threads(struct kvmhv_core *core);
void kvmhv_wake_thread(struct kvmhv_thread *thread);

#endif /* __ASM_KVM_HV_THREAD_H__ */
