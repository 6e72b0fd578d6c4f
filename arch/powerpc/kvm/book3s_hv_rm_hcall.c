// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the real-mode hcall table and the small hcalls.
 *
 * REAL MODE.  Part of vmlinux, called by book3s_hv_rmhandlers.S with
 * MSR[IR] = MSR[DR] = MSR[EE] = 0 and MSR[HV] = 1 on the thread that runs the
 * vcpu.  It may touch the linear mapping only: no vmalloc or module addresses,
 * no user memory, no printk, tracing or WARN, no RCU, no sleeping lock and no
 * lock that is held with interrupts on elsewhere.  Built without
 * instrumentation, see Makefile.hv.
 */
#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/code-patching.h>
#include <asm/cputable.h>
#include <asm/hvcall.h>
#include <asm/kvm_book3s_hv.h>
#include <asm/reg.h>

#include "book3s_hv_step.h"
#include "book3s_hv_tce.h"
#include "book3s_hv_times.h"

/*
 * The handler of each hcall that has one in real mode, by hcall number / 4; NULL
 * for the rest.  Derived from book3s_hv_hcalls.h: HCALL()
 * becomes HCALL_0 for a handler and HCALL_1, which is empty, for "none".
 */
#define NO_HANDLER_none	0,
#define NO_HANDLER(mark)	__take_second_arg(mark 1, 0)
#define HCALL_1(nr, rm)
#define HCALL_0(nr, rm)							\
	[(nr) / 4] = (void *)(rm),
#define HCALL(nr, rm, kernel, dflt)					\
	__PASTE(HCALL_, NO_HANDLER(NO_HANDLER_##rm))(nr, rm)

static void *const handlers[KVMHV_RM_HCALLS] = {
#include "book3s_hv_hcalls.h"
};

#undef HCALL

/* The assembly has this from RM_HCALL_BITS (book3s_hv_rmhandlers.S) */
static_assert(KVMHV_RM_HCALLS == 1 << 7);
static_assert(H_PUT_TCE_INDIRECT / 4 < KVMHV_RM_HCALLS);

/*
 * Without LPCR[MER] only the module can make a guest that has MSR[EE] off see an
 * interrupt later.
 */
static bool needs_mer(unsigned long nr)
{
	return nr == H_EOI || nr == H_CPPR || nr == H_IPI || nr == H_XIRR;
}

/* Any handler: those with fewer arguments ignore the rest */
typedef long (*handler_fn)(struct kvm_vcpu *vcpu, unsigned long a0, unsigned long a1,
			   unsigned long a2, unsigned long a3);

/* In the place of every handler of a VM whose time is measured; r3 is the number */
static long timed_handler(struct kvm_vcpu *vcpu, unsigned long a0, unsigned long a1,
			  unsigned long a2, unsigned long a3)
{
	struct kvmhv_times *times = READ_ONCE(vcpu->arch.hv.times);
	unsigned long nr = vcpu->arch.regs.gpr[3] / 4;
	u64 begin, end;
	long ret;

	if (nr >= KVMHV_RM_HCALLS)
		return H_TOO_HARD;	/* assembly would not have come here */
	nr = array_index_nospec(nr, KVMHV_RM_HCALLS);
	begin = kvmhv_rm_time_note(vcpu, KVMHV_PLACE_REAL);
	ret = ((handler_fn)handlers[nr])(vcpu, a0, a1, a2, a3);
	if (ret == H_TOO_HARD)
		return ret;
	end = kvmhv_rm_time_note(vcpu, KVMHV_PLACE_GUEST);
	if (times) {
		times->hcall[nr].count++;
		times->hcall[nr].sum += end - begin;
	}
	return ret;
}

/* Assembly calls with the TOC pointer in place: it gets the entry point for that */
static unsigned long entry_of(const struct kvm *kvm, unsigned long i)
{
	i = array_index_nospec(i, KVMHV_RM_HCALLS);
	if (!handlers[i])
		return 0;
	return ppc_function_entry(READ_ONCE(kvm->arch.hv.timed) ? timed_handler :
								  handlers[i]);
}

/**
 * kvmhv_rm_time_hcalls() - measure how long hcalls take in real mode, or no more
 * @kvm: the VM
 * @on: whether to
 *
 * What an hcall costs that is not measured is the same as if this did not exist.
 *
 * Context: MMU on; callers exclude each other.  Vcpus may run.
 */
void kvmhv_rm_time_hcalls(struct kvm *kvm, bool on)
{
	unsigned long *entry, was, i;

	WRITE_ONCE(kvm->arch.hv.timed, on);
	smp_mb(); /* a CPU that enables an hcall from now on knows */
	for (i = 0; i < KVMHV_RM_HCALLS; i++) {
		entry = &kvm->arch.hv.rm_hcall[i];
		was = READ_ONCE(*entry);
		/* If it changes now, another CPU disables it, or enables it as is wanted */
		if (was)
			cmpxchg(entry, was, entry_of(kvm, i));
	}
}
EXPORT_SYMBOL_GPL(kvmhv_rm_time_hcalls);

/**
 * kvmhv_rm_enable_hcall() - serve an hcall in real mode, or not any more
 * @kvm: the VM
 * @nr: hcall number, a multiple of 4
 * @on: whether it is enabled
 *
 * One that has no handler here always leaves the guest, and the module knows
 * by kvm->arch.enabled_hcalls what to do.
 *
 * Context: MMU on or off.
 */
void kvmhv_rm_enable_hcall(struct kvm *kvm, unsigned long nr, bool on)
{
	unsigned long i = nr / 4;

	if (i >= KVMHV_RM_HCALLS)
		return;
	i = array_index_nospec(i, KVMHV_RM_HCALLS);
	on = on && (kvmhv_cpu->has_mer || !needs_mer(nr));
	WRITE_ONCE(kvm->arch.hv.rm_hcall[i], on ? entry_of(kvm, i) : 0);
}
EXPORT_SYMBOL_GPL(kvmhv_rm_enable_hcall);

/**
 * kvmhv_rm_step_hcall() - the hcall that a debugger steps over
 * @vcpu: the vcpu, that has not gone into its guest; its GPRs are those of the hcall
 *
 * hv.trap is BOOK3S_INTERRUPT_TRACE when it is done, with the result in r3, otherwise
 * BOOK3S_INTERRUPT_SYSCALL to have the module do it.
 *
 * Context: MMU off, guest partition, SPRs and SLB the guest's.
 */
void kvmhv_rm_step_hcall(struct kvm_vcpu *vcpu)
{
	unsigned long *gpr = vcpu->arch.regs.gpr;
	unsigned long i = gpr[3] / 4;
	long ret;

	vcpu->arch.hv.trap = BOOK3S_INTERRUPT_SYSCALL;
	if (i >= KVMHV_RM_HCALLS)
		return;
	i = array_index_nospec(i, KVMHV_RM_HCALLS);
	if (!READ_ONCE(vcpu->kvm->arch.hv.rm_hcall[i]))
		return;
	ret = ((handler_fn)handlers[i])(vcpu, gpr[4], gpr[5], gpr[6], gpr[7]);
	if (ret == H_TOO_HARD)
		return;
	gpr[3] = ret;
	vcpu->arch.hv.trap = BOOK3S_INTERRUPT_TRACE;
}

/* Low bits of a DABR value */
#define DABR_READ	1UL
#define DABR_WRITE	2UL
#define DABR_BT		4UL	/* compare with MSR[DR] = 1 only */

#define DABRX_GUEST	(DABRX_USER | DABRX_KERNEL | DABRX_BTI)

/*
 * Until ISA 2.06 the DABR.  DABRX is cleared first: there is no match with a
 * mix of the old and the new pair.  A POWER7 may write another value to DABR while
 * its performance monitor samples; then there is rather no breakpoint than a wrong one.
 */
static void write_dabr(struct kvm_vcpu *vcpu, unsigned long dabr,
		       unsigned long dabrx)
{
	int tries = KVMHV_DABR_TRIES;

	vcpu->arch.dabr = dabr;
	vcpu->arch.dabrx = dabrx;
	mtspr(SPRN_DABRX, 0);
	do {
		mtspr(SPRN_DABR, dabr);
	} while (cpu_has_feature(CPU_FTR_ARCH_206) &&
		 mfspr(SPRN_DABR) != dabr && --tries);
	if (tries)
		mtspr(SPRN_DABRX, dabrx);
}

/*
 * ISA 2.07 has the DAWR instead, which watches a range of doublewords; a range
 * of one (MRD = 0) is what the DABR does.  The privilege bits and BTI/WTI are
 * where DABRX has them.
 */
static void write_dawr(struct kvm_vcpu *vcpu, unsigned long dabr,
		       unsigned long dabrx)
{
	unsigned long dawrx = dabrx;

	/* DR, DW and WT in DAWRX are the same bits in another place */
	dawrx |= (dabr & (DABR_READ | DABR_WRITE)) * (DAWRX_DR / DABR_READ);
	dawrx |= (dabr & DABR_BT) * (DAWRX_WT / DABR_BT);
	dabr &= ~(DABR_READ | DABR_WRITE | DABR_BT);

	vcpu->arch.dawr0 = dabr;
	vcpu->arch.dawrx0 = dawrx;
	/* Hypervisor state is not watched: one after the other will do */
	mtspr(SPRN_DAWR0, dabr);
	mtspr(SPRN_DAWRX0, dawrx);
}

static_assert(DAWRX_DW / DABR_WRITE == DAWRX_DR / DABR_READ);

static void set_breakpoint(struct kvm_vcpu *vcpu, unsigned long dabr,
			   unsigned long dabrx)
{
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		write_dawr(vcpu, dabr, dabrx);
	else
		write_dabr(vcpu, dabr, dabrx);
}

/**
 * kvmhv_rm_h_set_dabr() - H_SET_DABR, the data address breakpoint
 * @vcpu: the caller
 * @dabr: address, and in the low three bits BT, DW and DR
 *
 * PAPR, H_SET_DABR: BT (translation on) must be set in a breakpoint, so that
 * it cannot match what the hypervisor does in real mode.  Problem and
 * privileged state are watched.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS or H_RESERVED_DABR.
 */
long kvmhv_rm_h_set_dabr(struct kvm_vcpu *vcpu, unsigned long dabr)
{
	unsigned long dabrx = 0;

	/* Without an access to watch, trips leave the registers alone */
	if (dabr & (DABR_READ | DABR_WRITE)) {
		if (!(dabr & DABR_BT))
			return H_RESERVED_DABR;
		dabrx = DABRX_USER | DABRX_KERNEL;
	}
	set_breakpoint(vcpu, dabr, dabrx);
	return H_SUCCESS;
}

/**
 * kvmhv_rm_h_set_xdabr() - H_SET_XDABR, the same with DABRX
 * @vcpu: the caller
 * @dabr: address, and in the low three bits BT, DW and DR
 * @dabrx: BTI, and the states to watch: problem, privileged or both
 *
 * PAPR, H_SET_XDABR.
 *
 * Context: real mode, see the top of this file.
 * Return: H_SUCCESS, or H_PARAMETER if @dabrx names no state, the hypervisor
 *	or undefined bits.
 */
long kvmhv_rm_h_set_xdabr(struct kvm_vcpu *vcpu, unsigned long dabr,
			  unsigned long dabrx)
{
	if (dabrx & ~DABRX_GUEST)
		return H_PARAMETER;
	if (!(dabrx & (DABRX_USER | DABRX_KERNEL)))
		return H_PARAMETER;

	set_breakpoint(vcpu, dabr, dabrx);
	return H_SUCCESS;
}
