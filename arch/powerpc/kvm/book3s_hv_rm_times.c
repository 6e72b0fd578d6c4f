// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the time of a vcpu goes: to its guest, to real mode or to the host.  Measured
 * for VMs whose switch in debugfs is on, see book3s_hv_debugfs.c; otherwise a way into
 * the guest, and one out of it, has one instruction for it and an hcall that real mode
 * serves has none.
 *
 * REAL MODE: runs with MSR[IR]=MSR[DR]=0 and interrupts disabled, on the thread that
 * runs the vcpu; kvmhv_time_note() with the MMU on, too.  It may touch the linear
 * mapping only: no vmalloc or ioremap addresses, no module text or data, no printk,
 * tracing or lockdep, no lock whose holder can sleep, nothing that faults.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <linux/nospec.h>
#include <asm/kvm_book3s_hv.h>

#include "book3s_hv_thread.h"
#include "book3s_hv_times.h"

DEFINE_STATIC_KEY_FALSE(kvmhv_timed);	/* on while the switch of any VM is */
EXPORT_SYMBOL_GPL(kvmhv_timed);

static void add_span(struct kvmhv_span *span, u64 ticks)
{
	unsigned long bits = fls64(ticks);

	if (bits >= KVMHV_SPAN_BITS)
		bits = KVMHV_SPAN_BITS - 1;
	bits = array_index_nospec(bits, KVMHV_SPAN_BITS);
	if (!span->count || ticks < span->min)
		span->min = ticks;
	if (ticks > span->max)
		span->max = ticks;
	span->sum += ticks;
	span->count++;
	span->histogram[bits]++;
}

/**
 * kvmhv_time_note - from now on a vcpu is somewhere else
 * @vcpu: the vcpu; nothing happens if it has nowhere to count
 * @place: where it is
 * @now: the host's timebase
 *
 * Context: MMU on or off; what has the vcpu: the thread that runs it, or the task
 * that runs its core.
 */
void kvmhv_time_note(struct kvm_vcpu *vcpu, enum kvmhv_place place, u64 now)
{
	struct kvmhv_times *times = READ_ONCE(vcpu->arch.hv.times);
	unsigned long was;

	if (!times || times->place == place)
		return;
	was = times->place;
	/* A thread's timebase may be some ticks behind the one of another */
	if (was < KVMHV_PLACES && now >= times->since) {
		was = array_index_nospec(was, KVMHV_PLACES);
		add_span(&times->span[was], now - times->since);
	}
	times->place = place;
	times->since = now;
}
EXPORT_SYMBOL_GPL(kvmhv_time_note);

/**
 * kvmhv_rm_time_note - the same on a thread that is in the guest's partition
 * @vcpu: the vcpu that it runs
 * @place: where the vcpu is from now on
 *
 * Context: MMU off, guest partition and timebase.
 * Return: the host's timebase now
 */
u64 kvmhv_rm_time_note(struct kvm_vcpu *vcpu, enum kvmhv_place place)
{
	u64 now = mftb() - kvmhv_this_thread()->core->tb_shift;

	kvmhv_time_note(vcpu, place, now);
	return now;
}
