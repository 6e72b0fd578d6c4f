/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlbiel of a VM with one vcpu, and CPUs that must flush, with memory as POWER has
 * it (weak.pml).
 *
 * Models, in arch/powerpc/kvm: kvmhv_rm_tlbie() of book3s_hv_rmap.h,
 * kvmhv_rm_tlbie_slow() of book3s_hv_rm_rmap.c, kvmhv_rm_enter_prepare() of
 * book3s_hv_rm_exit.c, the count of vcpus in book3s_hv.c.
 *
 * The only vcpu was on CPU 1 once, whose TLB still has a translation, and removes the
 * HPTE on CPU 0.  Meanwhile another vcpu is made, and enters the guest on CPU 1.
 * NO_* leaves out a barrier.
 */
#define T	2
#define A	4
#define HV	0		/* the HPTE is valid */
#define ONLINE	1		/* kvm->arch.hv.online_vcpus */
#define MARK	2		/* need_tlb_flush has CPU 1 */
#define TLB_CPU	3
#include "weak.pml"

bool tlb0, tlb1;		/* TLBs that have the translation */
bool inv;			/* tlbiel of CPU 0 is not done yet */
bool freed;			/* the page is the host's again */
bool inside;			/* a guest runs on CPU 1 */

/* kvmhv_rm_tlbie(), kvmhv_rm_tlbie_slow() */
inline tlbie_slow()
{
	load(0, ONLINE, x);
	if
	:: x == 1 ->
		store(0, MARK, 1);
		store(0, TLB_CPU, 1);
		inv = 1;		/* tlbiel */
#ifndef NO_MARK_PTESYNC
		!inv;
		sync(0);
#endif
		load(0, ONLINE, x)
	:: else
	fi;
	if
	:: x == 1
	:: else -> atomic { inv = 0; tlb0 = 0; tlb1 = 0 }	/* tlbie, tlbsync, ptesync */
	fi
}

proctype Remove()
{
	byte x;

	store(0, HV, 0);
	/* kvmhv_ptesync() */
#ifndef NO_HIDE_PTESYNC
	sync(0);
#endif
	load(0, TLB_CPU, x);
	if
	:: x == 1 -> load(0, ONLINE, x)
	:: else
	fi;
	if
	:: x == 1 ->
		inv = 1;
#ifndef NO_TLBIEL_PTESYNC
		!inv;
		sync(0);
#endif
		load(0, ONLINE, x);
		if
		:: x == 1
		:: else -> tlbie_slow()
		fi
	:: else -> tlbie_slow()
	fi;
	sync(0);
	freed = 1
}

/* KVM_CREATE_VCPU, KVM_RUN */
proctype Enter()
{
	byte x;

	store(1, ONLINE, 2);
	/* smp_store_mb(self->mode), for one */
#ifndef NO_ENTER
	sync(1);
#endif
	/* kvmhv_rm_enter_prepare() */
	load(1, MARK, x);
	if
	:: x ->
		/* cpumask_clear_cpu(): larx and stcx. */
		atomic { FREE(1, MARK) -> rmw(1, MARK, 0) };
		store(1, TLB_CPU, 0);
		sync(1);		/* flush_guest_tlb(): ptesync */
		tlb1 = 0
	:: else
	fi;
	inside = 1
}

proctype Guest()
{
end_guest:
	do
	:: atomic { mem[HV] && !tlb0 -> tlb0 = 1 }
	:: atomic { mem[HV] && inside && !tlb1 -> tlb1 = 1 }
	:: atomic { inv -> inv = 0; tlb0 = 0 }
	:: atomic { freed && inside && tlb1 -> assert(0) }
	:: atomic { freed && tlb0 -> assert(0) }
	od
}

init {
	atomic {
		start_memory();
		mem[HV] = 1; seen[HV] = 1; seen[A + HV] = 1;
		mem[ONLINE] = 1; seen[ONLINE] = 1; seen[A + ONLINE] = 1;
		/* CPU 1 had no mark, or CPU 0 has marked it before */
		if
		:: skip
		:: mem[MARK] = 1; seen[MARK] = 1; seen[A + MARK] = 1;
		   mem[TLB_CPU] = 1; seen[TLB_CPU] = 1; seen[A + TLB_CPU] = 1
		fi;
		tlb0 = 1;
		tlb1 = 1;
		run Remove();
		run Enter();
		run Guest()
	}
}
