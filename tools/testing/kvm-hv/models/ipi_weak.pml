/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's IPIs and KVM's, with memory as POWER has it (weak.pml).
 *
 * Both are one level in the presentation controller (MFRR); thread->host_ipi says
 * that the host has sent one.  Models, in arch/powerpc/kvm: kvmhv_rm_take_ipi() of
 * book3s_hv_rm_nap.c, kvmppc_set_host_ipi() and kvmppc_clear_host_ipi() of
 * book3s_hv_builtin_thread.c; icp_native_cause_ipi() and pnv_cpu_offline_self() of
 * Linux.  A doorbell of a POWER8 is the same: msgclr is the store of 0.
 *
 * Thread 0 naps between guests, thread 1 is a CPU of the host that wants it
 * online, thread 2 calls it for KVM.  NO_* leaves out a barrier.  An invalid end
 * state is an IPI that was lost.
 */
#define T	3
#define A	4
#define WANTED	0		/* what the host's IPI is about */
#define HOST	1		/* thread->host_ipi */
#define REASON	2		/* what KVM's is about */
#define MFRR	3
#include "weak.pml"

proctype Thread()
{
	byte x;
	bool online, served, host;

	do
	:: online && served -> break
	:: else ->
		/* pnv_cpu_offline_self(), or kvmppc_clear_host_ipi() of a handler */
		store(0, HOST, 0);
#ifndef NO_CLEAR
		sync(0);
#endif
		load(0, WANTED, x);
		online = online || x;
		do
		:: online && served -> break
		:: else ->
			/* nap, then kvmhv_rm_take_ipi() */
			atomic { mem[MFRR] -> look(0) };
			load(0, HOST, x);
			host = x;
			if
			:: host
			:: else ->
				store(0, MFRR, 0);
#ifndef NO_TAKE
				sync(0);
#endif
				load(0, HOST, x);
				host = x;
				if
				:: host -> store(0, MFRR, 1)
				:: else
				fi
			fi;
			load(0, REASON, x);
			served = served || x;
			if
			:: host -> break
			:: else
			fi
		od
	od
}

/* icp_native_cause_ipi() of a CPU that has something for the thread */
proctype Host()
{
	store(1, WANTED, 1);
#ifndef NO_SET_FIRST
	sync(1);
#endif
	store(1, HOST, 1);
#ifndef NO_SET_SECOND
	sync(1);
#endif
	store(1, MFRR, 1)
}

/* kvmhv_wake_thread() */
proctype Kvm()
{
	store(2, REASON, 1);
#ifndef NO_WAKE
	sync(2);
#endif
	store(2, MFRR, 1)
}

init {
	atomic {
		start_memory();
		run Thread();
		run Host();
		run Kvm()
	}
}
