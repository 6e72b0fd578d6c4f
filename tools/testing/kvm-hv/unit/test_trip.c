// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is decided around a trip with the MMU on: is a thread lost that was called for
 * a vcpu, and where does an interrupt go that the hypervisor gives to a guest?
 */
#include "unit.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_intr.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_times.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_vcore.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_watch.h"
#include <asm/kvm_hv_thread.h>
#include <trace/events/kvm_hv.h>

#define TRIP		20000UL		/* ticks; the deadline is tb_ticks_per_sec */
#define TRIPS		(tb_ticks_per_sec / TRIP)
#define OTHER_TASKS	(10 * tb_ticks_per_sec)

struct machdep_calls ppc_md;
static struct kvm_hv_vcore vcore;
static struct kvm_vcpu *runner, *other;
static bool comes;
static u8 events;
static unsigned long host_dec;

/* Trace events, one after the other: of the runner's vcpu and of the other one */
static char traced[2][400];

void stub_trace(const char *event, const struct kvm_vcpu *vcpu, unsigned long value)
{
	char *log = traced[vcpu != runner];
	size_t len = strlen(log);

	snprintf(log + len, sizeof(traced[0]) - len, "%s %lx, ", event, value);
}

static void expect_traced(const struct kvm_vcpu *vcpu, const char *what)
{
	char *log = traced[vcpu != runner];

	if (strcmp(log, what))
		fail("traced: %s", log);
	*log = 0;
}

/* A trip: the runner's vcpu runs until the host wants the CPU, the other may */
void kvmhv_enter_core(struct kvm_hv_vcore *vc, struct kvmhv_vsx_regs *keep)
{
	check(!held_rank(RANK_VPA));
	ticks_pass(TRIP);
	runner->arch.hv.trap = BOOK3S_INTERRUPT_HV_DECREMENTER;
	if (comes)
		other->arch.hv.trap = BOOK3S_INTERRUPT_HV_DECREMENTER;
	vc->leader->events |= events;
}

void set_dec(u64 ticks)
{
	host_dec = ticks;
}

int kvmhv_handle_exit(struct kvm_vcpu *vcpu)
{
	return RESUME_GUEST;
}

void kvmhv_wake_task(struct kvm_vcpu *vcpu) { }
void kvmhv_take_mce_event(struct machine_check_event *event) { }

bool kvmhv_end_cede(struct kvm_vcpu *vcpu)
{
	return false;
}

static struct kvm_vcpu *add_vcpu(int id)
{
	struct kvm_vcpu *vcpu = fake_vcpu();

	vcpu->vcpu_id = id;
	vcpu->arch.hv.vcore = &vcore;
	vcpu->arch.hv.state = KVMHV_READY;
	vcpu->arch.hv.task = current;
	vcore.vcpu[id] = vcpu;
	vcore.nr_slots = id + 1;
	return vcpu;
}

static void set_up(void)
{
	static struct pt_regs regs;
	int i;

	fake_core(CPU_FTR_ARCH_206);
	fake.cpu_ops.fixed_threads = true;
	fake.kvm.arch.hv.mmu_ready = true;
	local_paca = paca_ptrs[0];
	for (i = 1; i < threads_per_core; i++)
		atomic_or(KVMHV_LEND_OFFERED(i), &kvmhv_thread_of(0)->core->lend);
	memset(&vcore, 0, sizeof(vcore));
	spin_lock_init(&vcore.lock);
	vcore.kvm = &fake.kvm;
	runner = add_vcpu(0);
	other = add_vcpu(1);
	vcore.runner = runner;
	current->thread.regs = &regs;
	comes = false;
	events = 0;
	host_dec = 0;
}

static void tear_down(void)
{
	free(runner);
	free(other);
	fake_teardown();
}

/* Some trips with @between ticks of other tasks before each: how many until it is lost */
static unsigned long trips(unsigned long n, unsigned long between)
{
	unsigned long i;

	for (i = 1; i <= n; i++) {
		ticks_pass(between);
		spin_lock(&vcore.lock);
		check_eq(kvmhv_try_trip(runner), 0);
		check_eq(runner->arch.hv.state, KVMHV_READY);
		if (other->arch.hv.state == KVMHV_BUSY) {
			spin_unlock(&vcore.lock);
			return i;
		}
		check_eq(other->arch.hv.state, KVMHV_READY);
		check(!other->arch.hv.thread);
		spin_unlock(&vcore.lock);
	}
	return 0;
}

/* Its vcpu ends with an error after a second of trips, whatever is between them */
static void lost(unsigned long between)
{
	set_up();
	check_eq(trips(2 * TRIPS, between), TRIPS);
	check_eq(other->arch.hv.error, -ETIMEDOUT);

	/* KVM_RUN again: another second */
	other->arch.hv.state = KVMHV_READY;
	check_eq(trips(2 * TRIPS, between), TRIPS);
	check_eq(other->arch.hv.error, -ETIMEDOUT);
	tear_down();
}

static void thread_never_comes(void)
{
	lost(0);
}

static void thread_never_comes_busy_host(void)
{
	lost(OTHER_TASKS);
}

/* A thread that came once has a second again */
static void thread_comes_late(void)
{
	set_up();
	check_eq(trips(TRIPS - 1, OTHER_TASKS), 0);
	comes = true;
	check_eq(trips(1, OTHER_TASKS), 0);
	comes = false;
	check_eq(trips(TRIPS - 1, OTHER_TASKS), 0);
	comes = true;
	check_eq(trips(3 * TRIPS, OTHER_TASKS), 0);
	tear_down();
}

/* Firmware may have set the timebase: a timer that was saved by a wrong one is due */
static void maintenance(void)
{
	u64 soon = mftb() + 0x7fffffff;

	set_up();
	vcore.tb_offset = 1UL << 40;
	soon += vcore.tb_offset;
	runner->arch.dec_expires = 1UL << 60;
	other->arch.dec_expires = soon;
	check_eq(trips(1, 0), 0);
	check_eq(runner->arch.dec_expires, 1UL << 60);
	check_eq(host_dec, 0);

	events = KVMHV_EVENT_HMI;
	check_eq(trips(1, 0), 0);
	check_eq(runner->arch.dec_expires, 0);
	check_eq(other->arch.dec_expires, soon);
	check_eq(host_dec, 1);
	check(local_paca->irq_happened & PACA_IRQ_HMI);
	check_eq(vcore.leader->events, 0);
	tear_down();
}

static void watch_set_up(void)
{
	set_up();
	memset(traced, 0, sizeof(traced));
	check(!kvmhv_watched);
	kvmhv_watch_begin();
}

static void watch_tear_down(void)
{
	kvmhv_watch_end();
	check(!kvmhv_watched);
	tear_down();
}

/* Each trip that is watched is seen on its way in and out, in the runner's task */
static void watched_trips(void)
{
	watch_set_up();
	comes = true;
	check_eq(trips(1, 0), 0);
	expect_traced(runner, "trip 1, enter 0, trip 0, exit 980, ");
	check_eq(trips(1, 0), 0);
	expect_traced(runner, "trip 1, enter 0, trip 0, exit 980, ");
	expect_traced(other, "");
	kvmhv_watch_end();
	check_eq(trips(2, 0), 0);
	expect_traced(runner, "");
	kvmhv_watch_begin();
	watch_tear_down();
}

/* The vcpu as the real thing leaves it */
static void out(struct kvm_vcpu *vcpu, enum kvmhv_state state, unsigned int trap)
{
	vcpu->arch.hv.state = state;
	vcpu->arch.hv.trap = trap;
}

/* An hcall is over when the vcpu enters the guest next, if it was watched from the start */
static void watched_hcalls(void)
{
	watch_set_up();
	runner->arch.regs.gpr[3] = 0xe4;
	out(runner, KVMHV_IN, 0);
	kvmhv_watch_trip(&vcore, runner, true);
	out(runner, KVMHV_IN, BOOK3S_INTERRUPT_SYSCALL);
	kvmhv_watch_trip(&vcore, runner, false);
	expect_traced(runner, "trip 1, enter 0, trip 0, exit c00, hcall e4, ");
	runner->arch.regs.gpr[3] = 0;
	kvmhv_watch_trip(&vcore, runner, true);
	expect_traced(runner, "trip 1, hcall over e4, enter 0, ");

	/* sc 1 from problem state is none; a storage interrupt */
	runner->arch.hv.shregs.msr = MSR_PR;
	kvmhv_watch_trip(&vcore, runner, false);
	kvmhv_watch_trip(&vcore, runner, true);
	out(runner, KVMHV_IN, BOOK3S_INTERRUPT_H_DATA_STORAGE);
	runner->arch.hv.fault_verdict = KVMHV_FAULT_MMIO;
	kvmhv_watch_trip(&vcore, runner, false);
	expect_traced(runner, "trip 0, exit c00, trip 1, enter 0, trip 0, exit e00, fault 3, ");
	runner->arch.hv.shregs.msr = 0;

	/* It makes one, tracing is off for a while: its end is none any more */
	kvmhv_watch_trip(&vcore, runner, true);
	out(runner, KVMHV_IN, BOOK3S_INTERRUPT_SYSCALL);
	kvmhv_watch_trip(&vcore, runner, false);
	expect_traced(runner, "trip 1, enter 0, trip 0, exit c00, hcall 0, ");
	kvmhv_watch_end();
	kvmhv_watch_begin();
	kvmhv_watch_trip(&vcore, runner, true);
	expect_traced(runner, "trip 1, enter 0, ");

	/* Watched from the middle of a trip on, or without a thread: nothing to tell */
	kvmhv_watch_end();
	kvmhv_watch_begin();
	kvmhv_watch_trip(&vcore, runner, false);
	out(runner, KVMHV_READY, 0);
	kvmhv_watch_trip(&vcore, runner, true);
	kvmhv_watch_trip(&vcore, runner, false);
	expect_traced(runner, "trip 0, trip 1, trip 0, ");
	watch_tear_down();
}

/* Where another task runs the core, a vcpu's events come in its own task all the same */
static void watched_waits(void)
{
	watch_set_up();
	out(other, KVMHV_IN, 0);
	kvmhv_watch_wait(other, true);
	kvmhv_watch_wait(other, false);		/* a signal: it calls the thread, and waits again */
	kvmhv_watch_wait(other, true);
	out(other, KVMHV_BUSY, BOOK3S_INTERRUPT_SYSCALL);
	other->arch.regs.gpr[3] = 0x58;
	kvmhv_watch_wait(other, false);
	expect_traced(other, "wait 1, enter 0, wait 0, wait 1, wait 0, exit c00, hcall 58, ");

	/* In and out while its task slept all the time */
	out(other, KVMHV_READY, 0);
	kvmhv_watch_wait(other, true);
	out(other, KVMHV_BUSY, BOOK3S_INTERRUPT_HMI);
	kvmhv_watch_wait(other, false);
	expect_traced(other, "wait 1, wait 0, hcall over 58, enter 0, exit e60, ");

	/* Out for the host's sake; then its own task is to run the core */
	out(other, KVMHV_IN, 0);
	kvmhv_watch_wait(other, true);
	out(other, KVMHV_READY, BOOK3S_INTERRUPT_HV_DECREMENTER);
	kvmhv_watch_wait(other, false);
	out(other, KVMHV_IN, 0);
	kvmhv_watch_trip(&vcore, other, true);
	expect_traced(other, "wait 1, enter 0, wait 0, exit 980, trip 1, enter 0, ");

	/* It slept, and no task took it anywhere */
	out(other, KVMHV_IN, BOOK3S_INTERRUPT_EXTERNAL);
	kvmhv_watch_trip(&vcore, other, false);
	out(other, KVMHV_READY, BOOK3S_INTERRUPT_EXTERNAL);
	kvmhv_watch_wait(other, true);
	kvmhv_watch_wait(other, false);
	expect_traced(other, "trip 0, exit 500, wait 1, wait 0, ");
	watch_tear_down();
}

/* Spans of time: how many, how long, the extremes, powers of two */
static void times(void)
{
	struct kvmhv_times t = { .place = KVMHV_PLACES };
	const struct kvmhv_span *host = &t.span[KVMHV_PLACE_HOST];
	const struct kvmhv_span *guest = &t.span[KVMHV_PLACE_GUEST];

	set_up();
	kvmhv_time_note(runner, KVMHV_PLACE_HOST, 5);	/* nowhere to count: nothing */
	runner->arch.hv.times = &t;
	kvmhv_time_note(runner, KVMHV_PLACE_HOST, 1000);	/* where it was is not known */
	check_eq(host->count + guest->count, 0);
	kvmhv_time_note(runner, KVMHV_PLACE_GUEST, 1007);
	kvmhv_time_note(runner, KVMHV_PLACE_GUEST, 1010);	/* still there */
	kvmhv_time_note(runner, KVMHV_PLACE_HOST, 2007);
	kvmhv_time_note(runner, KVMHV_PLACE_GUEST, 2010);
	kvmhv_time_note(runner, KVMHV_PLACE_HOST, 2009);	/* another thread's clock */
	kvmhv_time_note(runner, KVMHV_PLACE_REAL, 2009 + BIT(50));
	check_eq(host->count, 3);
	check_eq(host->sum, 7 + 3 + BIT(50));
	check_eq(host->min, 3);
	check_eq(host->max, BIT(50));
	check_eq(host->histogram[3], 1);	/* 4 to 7 */
	check_eq(host->histogram[2], 1);
	check_eq(host->histogram[KVMHV_SPAN_BITS - 1], 1);
	check_eq(guest->count, 1);
	check_eq(guest->sum, 1000);
	check_eq(guest->histogram[10], 1);
	check_eq(t.span[KVMHV_PLACE_REAL].count, 0);
	tear_down();
}

/*
 * ISA 2.07 Book III-S, LPCR[AIL]: only interrupts that are taken with IR = DR = 1
 * move, and neither system reset nor machine check do.
 */
static void interrupt_places(void)
{
	static const unsigned long offset[] = { 0, 0, 0x18000, 0xc000000000004000 };
	static const unsigned long mmu[] = { 0, MSR_IR, MSR_DR, MSR_IR | MSR_DR };
	static const unsigned int vec[] = {
		0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800,
		0x900, 0xa00, 0xc00, 0xd00, 0xf00, 0xf20, 0xf40, 0xf60,
	};
	unsigned int ail, m, v, ile;
	unsigned long move, msr;

	set_up();
	for (ail = 0; ail < 4; ail++)
		for (m = 0; m < ARRAY_SIZE(mmu); m++)
			for (v = 0; v < ARRAY_SIZE(vec); v++)
				for (ile = 0; ile < 2; ile++) {
					vcore.lpcr = ail * (LPCR_AIL / 3) | ile * LPCR_ILE;
					runner->arch.hv.shregs.msr = MSR_EE | MSR_PR | mmu[m];
					move = vec[v] > 0x200 && m == 3 ? offset[ail] : 0;
					msr = MSR_SF | MSR_ME | (ile ? MSR_LE : 0) |
					      (move ? MSR_IR | MSR_DR : 0);
					check_eq(kvmhv_intr_pc(runner, vec[v]), move + vec[v]);
					check_eq(kvmhv_intr_msr(runner, vec[v]), msr);
				}
	tear_down();
}

const struct unit_case trip_cases[] = {
	{ "trip: a thread that never comes", thread_never_comes },
	{ "trip: a thread that never comes, busy host", thread_never_comes_busy_host },
	{ "trip: a thread that comes late", thread_comes_late },
	{ "trip: traced trips", watched_trips },
	{ "trip: traced hcalls", watched_hcalls },
	{ "trip: traced waits", watched_waits },
	{ "trip: times", times },
	{ "trip: interrupts and LPCR[AIL]", interrupt_places },
	{ "trip: a maintenance interrupt", maintenance },
	{ NULL, NULL },
};
