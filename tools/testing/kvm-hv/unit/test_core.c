// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware threads of a core: which task may have them, an offline one between two naps, and
 * the interrupts that come there.  The interrupt presentation controller is PAPR's: the most
 * favoured request is accepted, and keeps all that are less favoured back until
 * its end (EOI).
 *
 * The threads' steps are taken one after another; a hook lets something happen
 * between two accesses to the controller.
 */
#include <setjmp.h>
#include "unit.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_thread.h"

#define NR_THREADS	4
#define ME		2		/* the offline thread */
#define CPPR_OPEN	0xff
#define NO_IPI		0xff
#define DEVICE		0x1234
#define DEVICE_PRIO	2		/* more favoured than an IPI */
#define ICP_BASE	0x10000UL
#define ICP_SIZE	0x1000UL
/* of book3s_hv_rm_vcore.c */
#define GIVE_UP_ROUNDS	10000000UL

static struct kvmhv_core core;
static struct kvmhv_thread threads[NR_THREADS];
static struct paca_struct pacas[NR_THREADS];
struct paca_struct *paca_ptrs[NR_THREADS], *local_paca;
int threads_per_core = NR_THREADS, threads_per_subcore = NR_THREADS;

static struct icp {
	u8 cppr;
	u8 mfrr;
	u32 device;		/* number of one that requests an interrupt, or 0 */
	u32 accepted;		/* of one that was accepted and has no EOI, or 0 */
} icp[NR_THREADS];

static bool doorbell[NR_THREADS];
static struct mce_info no_mce;
static unsigned long sprs[1024];
static void (*in_nap)(void);
static void (*after_poll)(struct icp *icp);
static void (*in_guest)(struct kvm_vcpu *vcpu);
static unsigned long ran;

static u32 icp_pending(const struct icp *p, u8 *prio)
{
	u32 xisr = 0;

	*prio = p->cppr;
	if (p->mfrr < *prio) {
		*prio = p->mfrr;
		xisr = XICS_IPI;
	}
	if (p->device && DEVICE_PRIO < *prio) {
		*prio = DEVICE_PRIO;
		xisr = p->device;
	}
	return xisr;
}

static struct icp *icp_at(void *addr, unsigned long *reg)
{
	unsigned long off = (unsigned long)addr - ICP_BASE;

	check(off / ICP_SIZE < NR_THREADS);
	*reg = off % ICP_SIZE;
	return &icp[off / ICP_SIZE];
}

u32 __raw_rm_readl(void *addr)
{
	void (*hook)(struct icp *icp) = after_poll;
	unsigned long reg;
	struct icp *p = icp_at(addr, &reg);
	u8 prio, cppr = p->cppr;
	u32 xisr = icp_pending(p, &prio);

	switch (reg) {
	case ICP_XIRR_POLL:
		after_poll = NULL;
		if (hook)
			hook(p);
		break;
	case ICP_XIRR:
		p->cppr = prio;
		if (xisr == p->device) {
			p->accepted = xisr;
			p->device = 0;
		}
		break;
	default:
		fail("ICP register %lx read", reg);
	}
	return cpu_to_be32((u32)cppr << 24 | xisr);
}

void __raw_rm_writel(u32 val, void *addr)
{
	unsigned long reg;
	struct icp *p = icp_at(addr, &reg);

	check_eq(reg, ICP_XIRR);
	val = be32_to_cpu(val);
	p->cppr = val >> 24;
	if ((val & XISR_MASK) == p->accepted)
		p->accepted = 0;
}

void __raw_rm_writeb(u8 val, void *addr)
{
	unsigned long reg;
	struct icp *p = icp_at(addr, &reg);

	check_eq(reg, ICP_MFRR);
	p->mfrr = val;
}

void ppc_msgsnd(u32 type, u32 flags, u32 tag)
{
	check_eq(type, PPC_DBELL_MSGTYPE);
	check(cpu_has_feature(CPU_FTR_DBELL));
	doorbell[tag] = true;
}

void ppc_msgclr(u32 type)
{
	check(cpu_has_feature(CPU_FTR_DBELL));
	doorbell[local_paca->kvm_hstate.kvm_thread->nr] = false;
}

unsigned long mfspr(int spr)
{
	return spr == SPRN_DEC ? 1000 : sprs[spr];
}

void mtspr(int spr, unsigned long val)
{
	sprs[spr] = val;
}

void load_fp_state(struct thread_fp_state *fp) { }
void load_vr_state(struct thread_vr_state *vr) { }
void store_fp_state(struct thread_fp_state *fp) { }
void store_vr_state(struct thread_vr_state *vr) { }
void kvmhv_vsx_load(const struct thread_fp_state *fp,
		    const struct thread_vr_state *vr)
{
}

void kvmhv_vsx_keep(struct kvmhv_vsx_regs *regs) { }
void kvmhv_vsx_repair(const struct kvmhv_vsx_regs *regs) { }
void kvmhv_vsx_back(const struct kvmhv_vsx_regs *regs) { }
void kvmhv_rm_enter_prepare(struct kvm *kvm) { }
void kvmhv_rm_save_slb(void) { }

/* Of the part of this that runs with the MMU on */
void smp_send_reschedule(int cpu) { }
void xics_wake_cpu(int cpu) { }

static unsigned long hmis;

/* Firmware sets the host's timebase, and wants the siblings to come, too */
void kvmhv_rm_handle_hmi(void)
{
	check(!(atomic_read(&core.lend) & KVMHV_LEND_LENT));
	check(!core.tb_shift);
	hmis++;
}

/* Of the nap of H_CEDE */
bool kvmhv_rm_nap_check(struct kvm_vcpu *vcpu, int queued, u64 dec_expires)
{
	return false;
}

void kvmhv_rm_set_mer(struct kvm_hv_vcpu *hv, bool on) { }

static unsigned long nap_srr1;

unsigned long isa206_idle_insn_mayloss(unsigned long type)
{
	check_eq(type, PNV_THREAD_NAP);
	if (!in_nap)
		fail("naps where nothing ends it");
	in_nap();
	return nap_srr1;
}

void kvmhv_run_thread(struct kvm_vcpu *vcpu)
{
	ran++;
	if (in_guest)
		in_guest(vcpu);
}

static void (*while_waiting)(void);
static unsigned long waits, partition_left;
static int left_with_in;

/* A thread that waits: the leader's trip ends meanwhile */
void HMT_low(void)
{
	waits++;
	if (while_waiting) {
		while_waiting();
		return;
	}
	atomic_set(&core.map, 0);
	atomic_andnot(KVMHV_LEND_LENT, &core.lend);
}

/* A device requests an interrupt, right after the thread has seen an IPI */
static void device_comes(struct icp *p)
{
	p->device = DEVICE;
}

/* What was seen is withdrawn again */
static void ipi_goes(struct icp *p)
{
	p->mfrr = NO_IPI;
}

void fake_core(unsigned long features)
{
	int i;

	fake_setup(1);
	fake.features = features;
	memset(&core, 0, sizeof(core));
	threads_per_subcore = threads_per_core;
	after_poll = NULL;
	in_guest = NULL;
	in_nap = NULL;
	nap_srr1 = SRR1_WS_GPRLOSS;
	while_waiting = NULL;
	waits = 0;
	partition_left = 0;
	ran = 0;
	atomic_set(&kvmhv_vms, 1);
	for (i = 0; i < NR_THREADS; i++) {
		threads[i] = (struct kvmhv_thread){
			.core = &core, .cpu = i, .nr = i,
			.icp = ICP_BASE + i * ICP_SIZE,
		};
		pacas[i].kvm_hstate.kvm_thread = &threads[i];
		pacas[i].mce_info = &no_mce;
		paca_ptrs[i] = &pacas[i];
		icp[i] = (struct icp){ .cppr = CPPR_OPEN, .mfrr = NO_IPI };
		doorbell[i] = false;
	}
	local_paca = paca_ptrs[ME];
}

/* The host's idle loop: pnv_smp_cpu_kill_self() after a wake-up with @srr1 */
static void host_takes(unsigned long srr1)
{
	struct kvmhv_thread *me = &threads[ME];
	unsigned long mask = SRR1_WAKEMASK;
	u32 xirr;

	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		mask = SRR1_WAKEMASK_P8;
	switch (srr1 & mask) {
	case SRR1_WAKEEE:
		/* icp_native_flush_interrupt(), kvmppc_get_xics_latch() */
		xirr = me->xirr;
		me->xirr = 0;
		if (!xirr)
			xirr = be32_to_cpu(__raw_rm_readl((void *)(me->icp + ICP_XIRR)));
		if (!(xirr & XISR_MASK))
			break;
		if ((xirr & XISR_MASK) == XICS_IPI)
			icp[ME].mfrr = NO_IPI;
		__raw_rm_writel(cpu_to_be32(xirr), (void *)(me->icp + ICP_XIRR));
		break;
	case SRR1_WAKEHDBELL:
		doorbell[ME] = false;
		break;
	}
}

/* The leader takes the core, and calls the thread to run @vcpu */
static unsigned long call(struct kvm_vcpu *vcpu)
{
	kvmhv_rm_thread_offer(PNV_THREAD_NAP);
	check(atomic_read(&core.lend) & KVMHV_LEND_OFFERED(ME));
	atomic_or(KVMHV_LEND_LENT, &core.lend);
	atomic_set(&core.map, KVMHV_MAP_OPEN | KVMHV_MAP_IN(0));
	threads[ME].vcpu = vcpu;
	kvmhv_rm_wake_thread(&threads[ME]);
	return cpu_has_feature(CPU_FTR_DBELL) ? SRR1_WAKEHDBELL : SRR1_WAKEEE;
}

/* A trip with nothing special runs the vcpu, and the thread naps again */
static void check_runs(struct kvm_vcpu *vcpu)
{
	unsigned long srr1 = call(vcpu);
	unsigned long before = ran;

	check(kvmhv_rm_thread_woken(&srr1));
	check_eq(ran, before + 1);
	check(!doorbell[ME]);
	check_eq(icp[ME].mfrr, NO_IPI);
	HMT_low();
}

/* All that came is done with: nothing is left that would keep an IPI out */
static void check_clean(void)
{
	check_eq(threads[ME].xirr, 0);
	check_eq(icp[ME].device, 0);
	check_eq(icp[ME].accepted, 0);
	check_eq(icp[ME].cppr, CPPR_OPEN);
}

/* POWER7, POWER8, and one whose firmware does not say that it has doorbells */
static const unsigned long processors[] = {
	CPU_FTR_ARCH_206, CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S | CPU_FTR_DBELL,
	CPU_FTR_ARCH_206 | CPU_FTR_ARCH_207S,
};

/* A trip on either processor, from a nap with an offer that no leader has taken */
static void on_processors(void (*trip)(struct kvm_vcpu *vcpu))
{
	struct kvm_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(processors); i++) {
		fake_core(processors[i]);
		vcpu = fake_vcpu();
		trip(vcpu);
		free(vcpu);
		fake_teardown();
	}
}

/*
 * An interrupt of a device that the thread accepts instead of KVM's IPI.  The host
 * gets it at once, and the thread can be called again.
 */
static void device_comes_first(struct kvm_vcpu *vcpu, bool lent)
{
	unsigned long srr1;

	check_runs(vcpu);

	srr1 = call(vcpu);
	if (!lent)
		HMT_low();
	icp[ME].mfrr = IPI_PRIORITY;
	after_poll = device_comes;
	check(!kvmhv_rm_thread_woken(&srr1));
	check_eq(ran, 1);
	check(!(atomic_read(&core.lend) & KVMHV_LEND_OFFERED(ME)));
	host_takes(srr1);
	check_clean();

	/* KVM's IPI is still there, if it was not seen */
	kvmhv_rm_thread_offer(PNV_THREAD_NAP);
	srr1 = SRR1_WAKEEE;
	check(kvmhv_rm_thread_woken(&srr1));
	check_runs(vcpu);
	check_clean();
}

static void trip_device_before_guest(struct kvm_vcpu *vcpu)
{
	device_comes_first(vcpu, true);
}

static void device_before_guest(void)
{
	on_processors(trip_device_before_guest);
}

static void trip_device_between_trips(struct kvm_vcpu *vcpu)
{
	device_comes_first(vcpu, false);
}

static void device_between_trips(void)
{
	on_processors(trip_device_between_trips);
}

/* What kvmhv_rm_exit() does with an external interrupt */
static void guest_is_interrupted(struct kvm_vcpu *vcpu)
{
	in_guest = NULL;
	icp[ME].mfrr = IPI_PRIORITY;
	after_poll = device_comes;
	check_eq(kvmhv_rm_take_ipi(&threads[ME]), KVMHV_IPI_HOST);
}

static void trip_device_in_guest(struct kvm_vcpu *vcpu)
{
	unsigned long srr1 = call(vcpu);

	in_guest = guest_is_interrupted;
	/* nothing would end another nap */
	check(!kvmhv_rm_thread_woken(&srr1));
	check_eq(ran, 1);
	host_takes(srr1);
	check_clean();
}

static void device_in_guest(void)
{
	on_processors(trip_device_in_guest);
}

/* An IPI that is withdrawn before it is accepted is no interrupt of the host */
static void trip_nothing_accepted(struct kvm_vcpu *vcpu)
{
	unsigned long srr1 = call(vcpu);

	icp[ME].mfrr = IPI_PRIORITY;
	after_poll = ipi_goes;
	check(kvmhv_rm_thread_woken(&srr1));
	check_eq(ran, 1);
	check_clean();
	HMT_low();
	check_runs(vcpu);
}

static void nothing_accepted(void)
{
	on_processors(trip_nothing_accepted);
}

/* A reset is told as such, whatever else has come */
static void trip_reset(struct kvm_vcpu *vcpu)
{
	unsigned long srr1 = SRR1_WAKERESET;

	kvmhv_rm_thread_offer(PNV_THREAD_NAP);
	icp[ME].mfrr = IPI_PRIORITY;
	after_poll = device_comes;
	check(!kvmhv_rm_thread_woken(&srr1));
	check_eq(srr1, SRR1_WAKERESET);
}

static void reset(void)
{
	on_processors(trip_reset);
}

static bool offered(void)
{
	return atomic_read(&core.lend) & KVMHV_LEND_OFFERED(ME);
}

/*
 * A thread that would be in winkle without VMs: lent only while it naps, and in
 * winkle only while it is not
 */
static void deep(void)
{
	struct kvmhv_thread *me = &threads[ME];
	struct kvm_vcpu *vcpu;
	unsigned long srr1;

	fake_core(processors[1]);
	vcpu = fake_vcpu();
	atomic_set(&kvmhv_vms, 0);
	check_eq(kvmhv_rm_thread_offer(PNV_THREAD_WINKLE), PNV_THREAD_WINKLE);
	check(!offered() && me->sleeps && me->deep);
	check_eq(local_paca->kvm_hstate.in_guest, KVM_GUEST_MODE_NONE);

	/* The first VM: kvmhv_claim_cores() sends an IPI and waits for !deep */
	atomic_set(&kvmhv_vms, 1);
	icp[ME].mfrr = IPI_PRIORITY;
	srr1 = SRR1_WAKEEE;
	check(kvmhv_rm_thread_woken(&srr1));
	check_eq(kvmhv_rm_thread_offer(PNV_THREAD_WINKLE), PNV_THREAD_NAP);
	check(offered() && me->sleeps && !me->deep);
	/* An error before, after and between naps must not turn the MMU on */
	check_eq(local_paca->kvm_hstate.in_guest, KVM_GUEST_MODE_HOST_HV);
	check_runs(vcpu);
	check_eq(local_paca->kvm_hstate.in_guest, KVM_GUEST_MODE_HOST_HV);

	/* A thread that is lent naps whatever there is */
	atomic_or(KVMHV_LEND_LENT, &core.lend);
	atomic_set(&kvmhv_vms, 0);
	check_eq(kvmhv_rm_thread_offer(PNV_THREAD_WINKLE), PNV_THREAD_NAP);
	check(offered() && !me->deep);
	atomic_andnot(KVMHV_LEND_LENT, &core.lend);
	check_eq(kvmhv_rm_thread_offer(PNV_THREAD_WINKLE), PNV_THREAD_WINKLE);
	check(!offered() && me->deep);
	check_eq(local_paca->kvm_hstate.in_guest, KVM_GUEST_MODE_NONE);

	/* Back online */
	me->host_ipi = true;
	check(!kvmhv_rm_thread_woken(&srr1));
	check(!me->sleeps && !me->deep);
	free(vcpu);
	fake_teardown();
}

static const int nap_loses[] = {
	SPRN_VRSAVE, SPRN_DSCR, SPRN_AMR, SPRN_UAMOR, SPRN_AMOR, SPRN_TAR, SPRN_IAMR,
};

/* The core leaves while its leader naps, and loses nothing but what all threads share */
static void nap_that_keeps(void)
{
	nap_srr1 = SRR1_WS_NOLOSS;
	if (cpu_has_feature(CPU_FTR_ARCH_207S))
		sprs[SPRN_AMOR] = 0x5a5a;
	atomic_or(KVMHV_MAP_EXITING, &core.map);
}

/* SRR1 of the last nap does not tell of the one before */
static void nap_that_loses(void)
{
	unsigned int i, n = ARRAY_SIZE(nap_loses);

	if (!cpu_has_feature(CPU_FTR_ARCH_207S))
		n = 4;
	for (i = 0; i < n; i++)
		sprs[nap_loses[i]] ^= 0x5a5a;
	in_nap = nap_that_keeps;
}

static void (*const naps[])(void) = { nap_that_loses, nap_that_keeps };

static unsigned long enter(struct kvm_hv_vcore *vcore)
{
	return 0;
}

static void leave(struct kvm_hv_vcore *vcore, unsigned long control)
{
}

/* A leader without a vcpu naps; what the host has in SPRs stays there */
static void leader_naps(void)
{
	struct kvm_hv_vcore vcore = { .kvm = &fake.kvm };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(processors) * ARRAY_SIZE(naps); i++) {
		fake_core(processors[i / ARRAY_SIZE(naps)]);
		fake.cpu_ops.enter_partition = enter;
		fake.cpu_ops.leave_partition = leave;
		local_paca = paca_ptrs[0];
		in_nap = naps[i % ARRAY_SIZE(naps)];
		for (k = 0; k < ARRAY_SIZE(nap_loses); k++)
			sprs[nap_loses[k]] = nap_loses[k] == SPRN_AMOR ? ~0UL : 1000 + k;
		kvmhv_rm_run_core(&vcore, NULL);
		for (k = 0; k < ARRAY_SIZE(nap_loses); k++)
			check_eq(sprs[nap_loses[k]],
				 nap_loses[k] == SPRN_AMOR ? ~0UL : 1000 + k);
		fake_teardown();
	}
}

/* ---- split cores (POWER8) ---- */

static int cpus_readers;
static int to_split;	/* threads of a subcore that a task wants; 0: there is none */

/* set_subcores_per_core(), which has the lock for itself */
static void split(void)
{
	check(!cpus_readers);
	if (to_split && !kvm_hv_mode_active())
		threads_per_subcore = to_split;
	to_split = 0;
}

void cpus_read_lock(void)
{
	if (to_split > 0)
		split();
	cpus_readers++;
}

void cpus_read_unlock(void)
{
	check(cpus_readers-- > 0);
	if (to_split < 0) {
		to_split = -to_split;
		split();
	}
}

/* A VM, or cores that are split: the first comes, the other one is refused */
static void split_cores(void)
{
	fake_core(processors[1]);
	atomic_set(&kvmhv_vms, 0);
	check(!kvm_hv_mode_active());
	check_eq(kvmhv_claim_cores(), 0);
	check_eq(kvmhv_claim_cores(), 0);
	kvmhv_release_cores();
	check(kvm_hv_mode_active());
	kvmhv_release_cores();
	check(!kvm_hv_mode_active());

	/* split a moment before there is a VM */
	to_split = threads_per_core / 2;
	check_eq(kvmhv_claim_cores(), -EBUSY);
	check_eq(threads_per_subcore, threads_per_core / 2);
	check(!kvm_hv_mode_active());
	check_eq(kvmhv_claim_cores(), -EBUSY);
	check(!kvm_hv_mode_active());

	/* and a moment after */
	threads_per_subcore = threads_per_core;
	to_split = -threads_per_core / 2;
	check_eq(kvmhv_claim_cores(), 0);
	check_eq(threads_per_subcore, threads_per_core);
	kvmhv_release_cores();
	check_eq(cpus_readers, 0);
	fake_teardown();
}

/* What kvmhv_rm_exit() and the nap of H_CEDE do with a system reset */
static void guest_is_reset(struct kvm_vcpu *vcpu)
{
	in_guest = NULL;
	check(kvmhv_rm_note_wakeup(&threads[ME], SRR1_WAKERESET));
	/* The leader has not left yet: the host must not have the thread */
	check(atomic_read(&core.lend) & KVMHV_LEND_LENT);
}

/* A reset of a thread in the guest: the host hears of it, once, after the trip */
static void reset_in_guest(void)
{
	struct kvm_vcpu *vcpu;
	unsigned long srr1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(processors); i++) {
		fake_core(processors[i]);
		vcpu = fake_vcpu();
		srr1 = call(vcpu);
		in_guest = guest_is_reset;
		check(!kvmhv_rm_thread_woken(&srr1));
		check_eq(ran, 1);
		check_eq(srr1 & SRR1_WAKEMASK, SRR1_WAKERESET);
		check(!(atomic_read(&core.lend) &
			(KVMHV_LEND_LENT | KVMHV_LEND_OFFERED(ME))));
		check_eq(atomic_read(&core.map) & KVMHV_MAP_IN(ME), 0);
		/* and the next wake-up is none */
		check_runs(vcpu);
		free(vcpu);
		fake_teardown();
	}
}

static void leave_partition(struct kvm_hv_vcore *vcore, unsigned long control)
{
	check_eq(control, 0x1234);
	partition_left++;
	left_with_in = atomic_read(&core.map) & KVMHV_MAP_IN_ALL;
}

/* @in of the threads are in the guest; @nr is hit by an error in real mode */
static void hit(int nr, u32 in)
{
	static struct kvm_hv_vcore vcore;

	fake_core(processors[1]);
	vcore.kvm = &fake.kvm;
	fake.kvm.arch.hv.host_control = 0x1234;
	fake.cpu_ops.leave_partition = leave_partition;
	core.vcore = &vcore;
	core.leader = 0;
	atomic_set(&core.lend, KVMHV_LEND_LENT | KVMHV_LEND_OFFERED(1) |
		   KVMHV_LEND_OFFERED(2) | KVMHV_LEND_OFFERED(3));
	atomic_set(&core.map, KVMHV_MAP_OPEN | in);
	local_paca = paca_ptrs[nr];
	mtspr(SPRN_AMR, ~0UL);
	mtspr(SPRN_IAMR, ~0UL);
}

/* Nothing keeps the host from its memory when the MMU goes on */
static void check_keys(void)
{
	check_eq(mfspr(SPRN_AMR), 0);
	check_eq(mfspr(SPRN_IAMR), 0);
}

/* One sibling after the other leaves, the leader last */
static void siblings_leave(void)
{
	int nr = local_paca->kvm_hstate.kvm_thread->nr;
	u32 in = atomic_read(&core.map) & KVMHV_MAP_IN_ALL & ~KVMHV_MAP_IN(nr);

	check(atomic_read(&core.map) & KVMHV_MAP_EXITING);
	if (in & ~KVMHV_MAP_IN(0)) {
		in &= ~KVMHV_MAP_IN(0);
		atomic_andnot(in & -in, &core.map);
	} else if (!(atomic_read(&core.map) & KVMHV_MAP_IN_ALL & ~KVMHV_MAP_IN(0))) {
		/* wait_for_others() is over */
		atomic_set(&core.map, 0);
		atomic_andnot(KVMHV_LEND_LENT, &core.lend);
	}
}

static void nobody_leaves(void)
{
}

static void leader_gives_up(void)
{
	hit(0, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(1) | KVMHV_MAP_IN(3));
	while_waiting = siblings_leave;
	check_eq(kvmhv_rm_give_up(), 0);
	check(doorbell[1] && doorbell[3] && !doorbell[2]);
	check_eq(partition_left, 1);
	check_eq(left_with_in & ~KVMHV_MAP_IN(0), 0);
	check_keys();
	/* Offline threads that the host calls for a dump go back to it */
	check(!(atomic_read(&core.lend) & KVMHV_LEND_LENT));
	fake_teardown();
}

/* Another thread leaves the partition to the leader */
static void thread_gives_up(void)
{
	hit(ME, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(1) | KVMHV_MAP_IN(ME));
	while_waiting = siblings_leave;
	check_eq(kvmhv_rm_give_up(), 0);
	check(doorbell[0] && doorbell[1]);
	check_eq(partition_left, 0);
	check_keys();
	/* and the leader does not go again while the MMU is on here */
	check(!(atomic_read(&core.lend) & (KVMHV_LEND_LENT | KVMHV_LEND_OFFERED(ME))));
	fake_teardown();
}

/* Thread 3 gives up, too: it waits for this one; then the leader leaves */
static void sibling_gives_up(void)
{
	if (atomic_read(&core.map) & KVMHV_MAP_IN(ME))
		return;
	atomic_set(&core.map, 0);
	atomic_andnot(KVMHV_LEND_LENT, &core.lend);
}

/* Several threads hit at the same time: the partition is left once */
static void two_give_up(void)
{
	hit(ME, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(ME) | KVMHV_MAP_IN(3));
	while_waiting = sibling_gives_up;
	waits = 0;
	check_eq(kvmhv_rm_give_up(), 0);
	check(waits < 10);
	check_eq(partition_left, 0);
	fake_teardown();

	/* The leader, then another one */
	hit(0, KVMHV_MAP_IN(0));
	while_waiting = nobody_leaves;
	check_eq(kvmhv_rm_give_up(), 0);
	check_eq(partition_left, 1);
	local_paca = paca_ptrs[ME];
	check_eq(kvmhv_rm_give_up(), 0);
	check_eq(partition_left, 1);
	fake_teardown();

	/* Two that have to do it for the leader, and wait no longer at the same time */
	hit(ME, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(ME));
	while_waiting = nobody_leaves;
	check_eq(kvmhv_rm_give_up(), KVMHV_MAP_IN(0));
	atomic_or(KVMHV_LEND_LENT, &core.lend);
	local_paca = paca_ptrs[3];
	kvmhv_rm_give_up();
	check_eq(partition_left, 1);
	fake_teardown();
}

/* A sibling that never leaves is waited for no longer than that */
static void sibling_is_lost(void)
{
	hit(0, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(3));
	while_waiting = nobody_leaves;
	check_eq(kvmhv_rm_give_up(), KVMHV_MAP_IN(3));
	check_eq(partition_left, 1);
	fake_teardown();

	hit(ME, KVMHV_MAP_IN(0) | KVMHV_MAP_IN(ME));
	while_waiting = nobody_leaves;
	check_eq(kvmhv_rm_give_up(), KVMHV_MAP_IN(0));
	check_eq(partition_left, 1);
	fake_teardown();
}

static void guest_needs_maintenance(struct kvm_vcpu *vcpu)
{
	in_guest = NULL;
	check(kvmhv_rm_note_wakeup(&threads[ME], SRR1_WAKEHMI));
}

/*
 * The thread itself asks firmware, in the host's partition, and goes on napping.  The
 * leader hears of it before its trip is over.
 */
static void maintenance(void)
{
	struct kvm_vcpu *vcpu;
	unsigned long srr1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(processors); i++) {
		fake_core(processors[i]);
		hmis = 0;
		vcpu = fake_vcpu();
		srr1 = call(vcpu);
		in_guest = guest_needs_maintenance;
		check(kvmhv_rm_thread_woken(&srr1));
		check_eq(hmis, 1);
		check(waits && !offered());
		check_runs(vcpu);
		/* This one was power7_idle_insn()'s */
		srr1 = SRR1_WAKEHMI;
		check(kvmhv_rm_thread_woken(&srr1));
		check_eq(hmis, 1);
		free(vcpu);
		fake_teardown();
	}
}

/* More rounds than any wait for time may take: ticks of 20 us, and some */
#define MANY_ROUNDS	(4 * 20 * 512 + 100)

static void nobody_comes(void)
{
	check(waits < MANY_ROUNDS);
}

/* The same for a millisecond */
static void nobody_comes_in(void)
{
	check(waits < 50 * MANY_ROUNDS);
}

/* While the leader's vcpu runs */
static void sibling_comes_in(struct kvm_vcpu *vcpu)
{
	atomic_or(KVMHV_MAP_IN(3), &core.map);
	doorbell[3] = false;
}

static unsigned long enter_partition(struct kvm_hv_vcore *vcore)
{
	return 0x1234;
}

/* A trip whose leader waits for a thread that is late, while the timebase stands */
static void stopped_timebase(void)
{
	struct kvm_hv_vcore vcore = { };
	struct kvm_vcpu *vcpu;

	hit(0, 0);
	fake.cpu_ops.enter_partition = enter_partition;
	fake.tb_stopped = true;
	while_waiting = nobody_comes;
	vcpu = fake_vcpu();
	vcore.kvm = &fake.kvm;
	vcore.threads_used = KVMHV_MAP_IN(0) | KVMHV_MAP_IN(3);
	vcore.threads_late = KVMHV_MAP_IN(3);
	threads[0].vcpu = vcpu;
	kvmhv_rm_run_core(&vcore, NULL);
	check_eq(ran, 1);
	check(waits);
	check_eq(partition_left, 1);
	free(vcpu);
	fake_teardown();
}

/* A sibling that does not leave, whatever calls it */
static void never_leaves(void)
{
	check(waits < 2 * GIVE_UP_ROUNDS);
	if (waits == GIVE_UP_ROUNDS / 2)
		check(doorbell[3]);
	else if (waits == 1)
		doorbell[3] = false;
}

static jmp_buf panic;
static unsigned long panic_left;

void kvmhv_rm_panic(unsigned long left)
{
	panic_left = left;
	longjmp(panic, 1);
}

static noinline unsigned long panics_for(struct kvm_hv_vcore *vcore)
{
	if (!setjmp(panic)) {
		kvmhv_rm_run_core(vcore, NULL);
		fail("the leader goes on");
	}
	return panic_left;
}

/* The leader of a trip waits that long for a thread; then the host panics */
static void lost_thread(void)
{
	struct kvm_hv_vcore vcore = { };
	struct kvm_vcpu *vcpu;
	int stopped;

	for (stopped = 0; stopped < 2; stopped++) {
		hit(0, 0);
		fake.cpu_ops.enter_partition = enter_partition;
		fake.tb_stopped = stopped;
		in_guest = sibling_comes_in;
		while_waiting = never_leaves;
		vcpu = fake_vcpu();
		vcore.kvm = &fake.kvm;
		threads[0].vcpu = vcpu;
		core.tb_shift = 0;
		check_eq(panics_for(&vcore), KVMHV_MAP_IN(3));
		check_eq(partition_left, 1);
		fake.tb_stopped = false;
		free(vcpu);
		fake_teardown();
	}
}

/* An idle vcpu's thread that waits for a runnable one to nap beside, which never comes */
static void stopped_company(void)
{
	struct kvm_hv_vcore vcore = { };
	struct kvm_vcpu *vcpu;

	hit(ME, KVMHV_MAP_IN(ME));
	fake.tb_stopped = true;
	while_waiting = nobody_comes_in;
	vcpu = fake_vcpu();
	vcore.threads_used = KVMHV_MAP_IN(0) | KVMHV_MAP_IN(ME);
	vcpu->arch.hv.vcore = &vcore;
	vcpu->arch.ceded = 1;
	check(!kvmhv_rm_cede_again(vcpu));
	check(waits);
	fake.tb_stopped = false;
	free(vcpu);
	fake_teardown();
}

/* The guest's decrementer stands at 1000 for ever */
static void stopped_decrementer(void)
{
	struct kvm_vcpu *vcpu;

	hit(ME, KVMHV_MAP_IN(ME));
	while_waiting = nobody_comes;
	vcpu = fake_vcpu();
	vcpu->arch.hv.await_dec = 1000;
	kvmhv_rm_await_decrementer(&vcpu->arch.hv);
	check(waits);
	check_eq(vcpu->arch.hv.await_dec, 0);
	/* a value that is not one of the last ticks is not waited for */
	waits = 0;
	vcpu->arch.hv.await_dec = 999;
	kvmhv_rm_await_decrementer(&vcpu->arch.hv);
	check_eq(waits, 0);
	free(vcpu);
	fake_teardown();
}

/* A sibling that is not there, with the MMU on: cpu_relax() fails after a while */
static void stopped_borrowing(void)
{
	fake_core(processors[1]);
	fake.tb_stopped = true;
	check_eq(kvmhv_borrow_threads(&core, 0), -EBUSY);
	check_eq(atomic_read(&core.lend), 0);
	fake.tb_stopped = false;
	fake_teardown();
}

/* A leader without a vcpu naps until it is called */
static void trip_ends(void)
{
	check(atomic_read(&core.map) & KVMHV_MAP_EXITING);
	check(doorbell[0] && doorbell[3]);
	atomic_andnot(KVMHV_MAP_IN(3), &core.map);
	check_eq(hmis, 0);
	if (waits < 5)
		return;
	atomic_set(&core.map, 0);
	atomic_andnot(KVMHV_LEND_LENT, &core.lend);
}

static void trip_never_ends(void)
{
	check(waits < 2 * GIVE_UP_ROUNDS);
}

/* A maintenance interrupt ends the nap of a thread without a vcpu beside a guest */
static void maintenance_beside_guest(void)
{
	hit(ME, KVMHV_MAP_IN(3) | KVMHV_MAP_NAP(0));
	hmis = 0;
	while_waiting = trip_ends;
	kvmhv_rm_await_host();
	check(!(atomic_read(&core.lend) & (KVMHV_LEND_LENT | KVMHV_LEND_OFFERED(ME))));

	/* Firmware has it: no trip begins, and KVM_RUN does not fail for that */
	check_eq(kvmhv_borrow_threads(&core, 0), -EAGAIN);
	kvmhv_rm_thread_offer(PNV_THREAD_NAP);
	check_eq(kvmhv_borrow_threads(&core, 0), 0);
	kvmhv_return_threads(&core);

	/* Not for ever */
	kvmhv_rm_await_host();
	threads[ME].in_firmware = 1;
	check_eq(kvmhv_borrow_threads(&core, 0), -EAGAIN);
	check_eq(kvmhv_borrow_threads(&core, 0), -EBUSY);
	fake_teardown();

	/* A core that stays in the guest: firmware is asked all the same */
	hit(ME, KVMHV_MAP_IN(0));
	while_waiting = trip_never_ends;
	kvmhv_rm_await_host();
	check_eq(waits, GIVE_UP_ROUNDS);
	fake_teardown();

	/* A thread that is online has nothing to wait for */
	hit(0, 0);
	atomic_andnot(KVMHV_LEND_LENT, &core.lend);
	kvmhv_rm_await_host();
	check_eq(waits, 0);
	check_eq(threads[0].in_firmware, 0);
	fake_teardown();
}

static void sibling_needs_maintenance(struct kvm_vcpu *vcpu)
{
	sibling_comes_in(vcpu);
	local_paca = paca_ptrs[3];
	check(kvmhv_rm_note_wakeup(&threads[3], SRR1_WAKEHMI));
	local_paca = paca_ptrs[0];
}

static void sibling_leaves(void)
{
	atomic_andnot(KVMHV_MAP_IN(3), &core.map);
}

static void sibling_has_left(struct kvm_vcpu *vcpu)
{
	sibling_needs_maintenance(vcpu);
	sibling_leaves();
}

/* Firmware wants the leader of a core, too */
static void maintenance_of_sibling(void)
{
	struct kvm_hv_vcore vcore = { };
	struct kvm_vcpu *vcpu;
	int early;

	for (early = 0; early < 2; early++) {
		hit(0, 0);
		fake.cpu_ops.enter_partition = enter_partition;
		in_guest = early ? sibling_has_left : sibling_needs_maintenance;
		while_waiting = sibling_leaves;
		vcpu = fake_vcpu();
		vcore.kvm = &fake.kvm;
		threads[0].vcpu = vcpu;
		kvmhv_rm_run_core(&vcore, NULL);
		check_eq(threads[0].events, KVMHV_EVENT_HMI);
		free(vcpu);
		fake_teardown();
	}
}

const struct unit_case core_cases[] = {
	{ "core: a device's interrupt before the guest", device_before_guest },
	{ "core: a device's interrupt between trips", device_between_trips },
	{ "core: a device's interrupt in the guest", device_in_guest },
	{ "core: an IPI that goes before it is accepted", nothing_accepted },
	{ "core: a reset", reset },
	{ "core: states deeper than nap", deep },
	{ "core: the nap of a leader without a vcpu", leader_naps },
	{ "core: VMs and split cores", split_cores },
	{ "core: a reset in the guest", reset_in_guest },
	{ "core: a maintenance interrupt in the guest", maintenance },
	{ "core: the leader gives up", leader_gives_up },
	{ "core: a borrowed thread gives up", thread_gives_up },
	{ "core: a trip while the timebase has stopped", stopped_timebase },
	{ "core: an idle vcpu while the timebase has stopped", stopped_company },
	{ "core: a decrementer that has stopped", stopped_decrementer },
	{ "core: a sibling that is missing while the timebase has stopped", stopped_borrowing },
	{ "core: a thread that never leaves", lost_thread },
	{ "core: a maintenance interrupt beside a guest", maintenance_beside_guest },
	{ "core: a maintenance interrupt of a sibling", maintenance_of_sibling },
	{ "core: several threads give up", two_give_up },
	{ "core: giving up beside a thread that does not leave", sibling_is_lost },
	{ NULL, NULL },
};
