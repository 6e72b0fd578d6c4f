// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual CPUs: creation, reset, the thread that is inside KVM_RUN.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm-hv.h"

/*
 * Registers KVM_SET_REGS does not reach and a guest leaves changed.  What they
 * are in a new vcpu is what they become at a reboot.
 */
static const uint64_t reset_ids[] = {
	KVM_REG_PPC_LPCR_64, KVM_REG_PPC_DSCR, KVM_REG_PPC_AMR, KVM_REG_PPC_UAMOR,
	KVM_REG_PPC_IAMR, KVM_REG_PPC_PID, KVM_REG_PPC_DABR, KVM_REG_PPC_DABRX,
	KVM_REG_PPC_DAWR, KVM_REG_PPC_DAWRX, KVM_REG_PPC_CIABR, KVM_REG_PPC_FSCR,
	KVM_REG_PPC_TAR, KVM_REG_PPC_DPDES, KVM_REG_PPC_MMCR0, KVM_REG_PPC_MMCR1,
	KVM_REG_PPC_MMCRA, KVM_REG_PPC_MMCR2, KVM_REG_PPC_VRSAVE,
	KVM_REG_PPC_FPSCR, KVM_REG_PPC_ARCH_COMPAT,
};

static struct {
	uint64_t val;
	bool there;
} reset_vals[ARRAY_SIZE(reset_ids)];

static struct kvm_sregs sregs;

static bool reg_ioctl(struct vcpu *v, unsigned long req, uint64_t id, void *val)
{
	struct kvm_one_reg r = { .id = id, .addr = (unsigned long)val };

	return !ioctl(v->fd, req, &r);
}

static bool is_u32(uint64_t id)
{
	return (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U32;
}

bool vcpu_get_reg(struct vcpu *v, uint64_t id, uint64_t *val)
{
	uint32_t val32 = 0;
	bool ok;

	if (!is_u32(id))
		return reg_ioctl(v, KVM_GET_ONE_REG, id, val);
	ok = reg_ioctl(v, KVM_GET_ONE_REG, id, &val32);
	*val = val32;
	return ok;
}

bool vcpu_set_reg(struct vcpu *v, uint64_t id, uint64_t val)
{
	uint32_t val32 = val;

	return reg_ioctl(v, KVM_SET_ONE_REG, id, is_u32(id) ? (void *)&val32 : &val);
}

uint32_t vcpu_pvr(void)
{
	return sregs.pvr;
}

struct vcpu *vcpu_by_id(uint64_t id)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		if (vm.cpus[i].id == id)
			return &vm.cpus[i];
	return NULL;
}

static void enable_cap(struct vcpu *v, uint32_t which, const char *name)
{
	struct kvm_enable_cap cap = { .cap = which };

	if (ioctl(v->fd, KVM_ENABLE_CAP, &cap))
		die_errno("KVM_ENABLE_CAP %s", name);
}

/* Hypercalls that KVM has but leaves off until it is asked */
static void enable_hcalls(void)
{
	static const uint32_t nr[] = { H_SET_MODE, 0x10 /* H_CLEAR_MOD */, 0x14 /* H_CLEAR_REF */ };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		struct kvm_enable_cap cap = {
			.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = { nr[i], 1 },
		};

		/* Not all have all of them; what is missing comes to us */
		ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
	}
}

static void create(unsigned int index)
{
	struct vcpu *v = &vm.cpus[index];
	int size = IOCTL(vm.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->index = index;
	v->id = index / config.threads * vm.stride + index % config.threads;
	v->fd = ioctl(vm.fd, KVM_CREATE_VCPU, v->id);
	if (v->fd < 0)
		die_errno("--smp %u: KVM_CREATE_VCPU %lu", config.cpus, v->id);
	v->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		die_errno("KVM_CREATE_VCPU %lu: mmap", v->id);
	enable_cap(v, KVM_CAP_PPC_PAPR, "KVM_CAP_PPC_PAPR");
	xics_connect(v);
}

void vcpus_create(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		create(i);
	enable_hcalls();
	IOCTL(vm.cpus[0].fd, KVM_GET_SREGS, &sregs);
	memset(&sregs.u.s.ppc64, 0, sizeof(sregs.u.s.ppc64));
	for (i = 0; i < ARRAY_SIZE(reset_ids); i++)
		reset_vals[i].there = vcpu_get_reg(&vm.cpus[0], reset_ids[i],
						   &reset_vals[i].val);
}

/*
 * The results of a hypercall or load reach the registers in the next KVM_RUN.
 * Let it do only that, before the registers are set from outside.
 */
void vcpu_finish_exit(struct vcpu *v)
{
	v->run->immediate_exit = 1;
	if (ioctl(v->fd, KVM_RUN, 0) && errno != EINTR)
		die_errno("KVM_RUN of CPU %u", v->index);
	v->run->immediate_exit = 0;
}

/* The areas of H_REGISTER_VPA: the VPA goes last */
static void forget_areas(struct vcpu *v)
{
	uint64_t none[2] = { };

	reg_ioctl(v, KVM_SET_ONE_REG, KVM_REG_PPC_VPA_DTL, none);
	reg_ioctl(v, KVM_SET_ONE_REG, KVM_REG_PPC_VPA_SLB, none);
	reg_ioctl(v, KVM_SET_ONE_REG, KVM_REG_PPC_VPA_ADDR, none);
}

/* The vcpu is not in KVM_RUN */
void vcpu_reset(struct vcpu *v)
{
	unsigned int i;

	vcpu_finish_exit(v);
	vcpu_stop(v);
	forget_areas(v);
	vcpu_irq_line(v, false);
	IOCTL(v->fd, KVM_SET_SREGS, &sregs);
	for (i = 0; i < ARRAY_SIZE(reset_ids); i++)
		if (reset_vals[i].there)
			vcpu_set_reg(v, reset_ids[i], reset_vals[i].val);
}

void vcpu_start(struct vcpu *v, uint64_t pc, uint64_t r3)
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF | MSR_ME };

	regs.gpr[3] = r3;
	IOCTL(v->fd, KVM_SET_REGS, &regs);
	vcpu_set_reg(v, KVM_REG_PPC_ONLINE, 1);
	v->started = true;
	pthread_cond_broadcast(&vm.changed);
}

void vcpu_stop(struct vcpu *v)
{
	v->started = false;
	vcpu_set_reg(v, KVM_REG_PPC_ONLINE, 0);
}

void vcpu_irq_line(struct vcpu *v, bool level)
{
	struct kvm_interrupt irq = {
		.irq = level ? KVM_INTERRUPT_SET_LEVEL : KVM_INTERRUPT_UNSET,
	};

	if (v->line == level)
		return;
	v->line = level;
	IOCTL(v->fd, KVM_INTERRUPT, &irq);
}

void vcpu_dump(struct vcpu *v)
{
	uint64_t dar = 0, dsisr = 0, lpcr = 0;
	struct kvm_regs r;
	unsigned int i;

	if (ioctl(v->fd, KVM_GET_REGS, &r))
		return;
	vcpu_get_reg(v, KVM_REG_PPC_DAR, &dar);
	vcpu_get_reg(v, KVM_REG_PPC_DSISR, &dsisr);
	vcpu_get_reg(v, KVM_REG_PPC_LPCR_64, &lpcr);
	fprintf(stderr, "CPU %u%s\n", v->index, v->started ? "" : " (stopped)");
#define R(x)	((unsigned long long)(x))
	fprintf(stderr, "pc   %016llx msr  %016llx lr   %016llx ctr  %016llx\n",
		R(r.pc), R(r.msr), R(r.lr), R(r.ctr));
	fprintf(stderr, "srr0 %016llx srr1 %016llx cr   %016llx xer  %016llx\n",
		R(r.srr0), R(r.srr1), R(r.cr), R(r.xer));
	fprintf(stderr, "dar  %016llx dsisr %15llx lpcr %016llx\n", R(dar), R(dsisr), R(lpcr));
	for (i = 0; i < 32; i++)
		fprintf(stderr, "r%-3u %016llx%c", i, R(r.gpr[i]), i % 4 == 3 ? '\n' : ' ');
#undef R
}

static void handle_exit(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	stats_exit(run->exit_reason);
	switch (run->exit_reason) {
	case KVM_EXIT_PAPR_HCALL:
		run->papr_hcall.ret = hcall(v, run->papr_hcall.nr,
					    (uint64_t *)run->papr_hcall.args);
		break;
	case KVM_EXIT_MMIO:
		mmio(v, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
		     run->mmio.is_write);
		break;
	case KVM_EXIT_INTR:
		break;
	default:
		warn("CPU %u cannot go on: exit reason %u (%s)", v->index,
		     run->exit_reason, exit_name(run->exit_reason));
		vcpu_dump(v);
		vm_end(1);
	}
}

static void run_failed(struct vcpu *v, int error)
{
	unsigned int reason = v->run->exit_reason;

	warn("KVM_RUN of CPU %u: %s (exit reason %u, %s)", v->index,
	     strerror(error), reason, exit_name(reason));
	vcpu_dump(v);
	vm_end(1);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;

	pthread_mutex_lock(&vm.lock);
	while (!vm.ended) {
		int rc, error;

		if (vm.paused || !v->started) {
			pthread_cond_wait(&vm.changed, &vm.lock);
			continue;
		}
		v->in_run = true;
		pthread_mutex_unlock(&vm.lock);

		stats_in(v);
		rc = ioctl(v->fd, KVM_RUN, 0);
		error = errno;
		stats_out(v);

		pthread_mutex_lock(&vm.lock);
		v->in_run = false;
		v->run->immediate_exit = 0;
		/* Threads of stopped CPUs wait, too: do not wake them for nothing */
		if (vm.paused)
			pthread_cond_broadcast(&vm.changed);
		if (!rc)
			handle_exit(v);
		else if (error != EINTR && error != EAGAIN)
			run_failed(v, error);
	}
	pthread_mutex_unlock(&vm.lock);
	return NULL;
}

/* Only interrupts KVM_RUN */
static void kicked(int sig)
{
}

void vcpus_run(void)
{
	struct sigaction sa = { .sa_handler = kicked };
	unsigned int i;

	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < config.cpus; i++) {
		struct vcpu *v = &vm.cpus[i];
		int error = pthread_create(&v->thread, NULL, vcpu_thread, v);

		if (error) {
			errno = error;
			die_errno("--smp %u: pthread_create", config.cpus);
		}
	}
}

void vcpus_join(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		pthread_join(vm.cpus[i].thread, NULL);
}

/* immediate_exit first: a vcpu just before KVM_RUN must not miss the signal */
void vcpus_kick(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++) {
		struct vcpu *v = &vm.cpus[i];

		if (!v->in_run)
			continue;
		v->run->immediate_exit = 1;
		pthread_kill(v->thread, SIGUSR1);
	}
}

static bool any_in_run(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		if (vm.cpus[i].in_run)
			return true;
	return false;
}

/* No vcpu is in KVM_RUN from when this returns until vcpus_resume() */
void vcpus_pause(void)
{
	while (vm.paused)
		pthread_cond_wait(&vm.changed, &vm.lock);
	vm.paused = true;
	vcpus_kick();
	while (any_in_run())
		pthread_cond_wait(&vm.changed, &vm.lock);
}

void vcpus_resume(void)
{
	vm.paused = false;
	pthread_cond_broadcast(&vm.changed);
}
