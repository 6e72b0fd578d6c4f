// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt controller of a PAPR guest: KVM's XICS, or ours.
 *
 * Ours keeps no queue.  What a server presents is found when it is asked for:
 * the most favoured of its IPI and the sources directed to it, if better than
 * its CPPR.  The external interrupt line of the vcpu is that there is one.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-hv.h"

#define PRIO_MASKED	0xff
#define XISR_NONE	0
#define XISR_IPI	2

struct source {
	uint32_t server;
	uint8_t prio, saved_prio;
	bool pending, in_service;
};

struct server {
	uint8_t cppr, mfrr;
};

static struct source sources[XICS_NR_IRQS];
static struct server servers[MAX_CPUS];
static int device = -1;			/* of the kernel, or -1 */

static struct source *source_of(uint32_t irq)
{
	return irq - XICS_IRQ_BASE < XICS_NR_IRQS ? &sources[irq - XICS_IRQ_BASE] : NULL;
}

/* What the server presents now: XISR, and its priority */
static uint32_t presented(const struct vcpu *v, uint8_t *prio)
{
	const struct server *s = &servers[v->index];
	uint32_t xisr = XISR_NONE;
	unsigned int i;

	*prio = s->cppr;
	if (s->mfrr < *prio) {
		*prio = s->mfrr;
		xisr = XISR_IPI;
	}
	for (i = 0; i < XICS_NR_IRQS; i++) {
		const struct source *src = &sources[i];

		if (src->pending && !src->in_service && src->server == v->id &&
		    src->prio < *prio) {
			*prio = src->prio;
			xisr = XICS_IRQ_BASE + i;
		}
	}
	return xisr;
}

static void update(struct vcpu *v)
{
	uint8_t prio;

	vcpu_irq_line(v, presented(v, &prio) != XISR_NONE);
}

static void update_all(void)
{
	unsigned int i;

	for (i = 0; i < config.cpus; i++)
		update(&vm.cpus[i]);
}

static uint32_t accept(struct vcpu *v)
{
	struct server *s = &servers[v->index];
	uint8_t prio, old = s->cppr;
	uint32_t xisr = presented(v, &prio);
	struct source *src = source_of(xisr);

	if (xisr != XISR_NONE)
		s->cppr = prio;
	if (src) {
		src->pending = false;
		src->in_service = true;
	}
	update(v);
	return (uint32_t)old << 24 | xisr;
}

static void eoi(struct vcpu *v, uint32_t xirr)
{
	struct source *src = source_of(xirr & 0xffffff);

	servers[v->index].cppr = xirr >> 24;
	if (src) {
		src->in_service = false;
		update_all();
	} else {
		update(v);
	}
}

/* False if the hypercall is not for an interrupt controller of ours */
bool xics_hcall(struct vcpu *v, uint64_t nr, uint64_t *args, long *ret)
{
	struct vcpu *target;
	uint8_t prio;

	if (device >= 0)
		return false;
	*ret = H_SUCCESS;
	switch (nr) {
	case H_XIRR_X:
		args[1] = __builtin_ppc_get_timebase();
		fallthrough;
	case H_XIRR:
		args[0] = accept(v);
		return true;
	case H_CPPR:
		servers[v->index].cppr = args[0];
		update(v);
		return true;
	case H_EOI:
		eoi(v, args[0]);
		return true;
	case H_IPI:
		target = vcpu_by_id(args[0]);
		if (!target) {
			*ret = H_PARAMETER;
			return true;
		}
		servers[target->index].mfrr = args[1];
		update(target);
		return true;
	case H_IPOLL:
		target = vcpu_by_id(args[0]);
		if (!target) {
			*ret = H_PARAMETER;
			return true;
		}
		args[0] = (uint64_t)servers[target->index].cppr << 24 |
			  presented(target, &prio);
		args[1] = servers[target->index].mfrr;
		return true;
	}
	return false;
}

/* The four RTAS calls; they come here only without KVM's XICS */
int xics_set_xive(uint32_t irq, uint32_t server, uint32_t prio)
{
	struct source *src = source_of(irq);

	if (!src || !vcpu_by_id(server) || prio > PRIO_MASKED)
		return -1;
	src->server = server;
	src->prio = prio;
	src->saved_prio = prio;
	update_all();
	return 0;
}

int xics_get_xive(uint32_t irq, uint32_t *server, uint32_t *prio)
{
	struct source *src = source_of(irq);

	if (!src)
		return -1;
	*server = src->server;
	*prio = src->prio;
	return 0;
}

int xics_int_off(uint32_t irq)
{
	struct source *src = source_of(irq);

	if (!src)
		return -1;
	if (src->prio != PRIO_MASKED)
		src->saved_prio = src->prio;
	src->prio = PRIO_MASKED;
	update_all();
	return 0;
}

int xics_int_on(uint32_t irq)
{
	struct source *src = source_of(irq);

	if (!src)
		return -1;
	src->prio = src->saved_prio;
	update_all();
	return 0;
}

/* An edge, as of a message */
void xics_pulse(uint32_t irq)
{
	struct kvm_irq_level line = { .irq = irq, .level = KVM_INTERRUPT_SET };
	struct source *src = source_of(irq);

	if (device >= 0) {
		IOCTL(vm.fd, KVM_IRQ_LINE, &line);
	} else if (src) {
		src->pending = true;
		update_all();
	}
}

/* --- KVM's ------------------------------------------------------------- */

static const char * const rtas_calls[] = {
	"ibm,set-xive", "ibm,get-xive", "ibm,int-on", "ibm,int-off",
};

static void define_rtas_tokens(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rtas_calls); i++) {
		struct kvm_rtas_token_args t = { .token = rtas_token(rtas_calls[i]) };

		strncpy(t.name, rtas_calls[i], sizeof(t.name) - 1);
		IOCTL(vm.fd, KVM_PPC_RTAS_DEFINE_TOKEN, &t);
	}
}

static void reset_kvm_source(unsigned int i)
{
	uint64_t val = (uint64_t)PRIO_MASKED << KVM_XICS_PRIORITY_SHIFT | KVM_XICS_MASKED;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_XICS_GRP_SOURCES, .attr = XICS_IRQ_BASE + i,
		.addr = (unsigned long)&val,
	};

	IOCTL(device, KVM_SET_DEVICE_ATTR, &attr);
}

void xics_create(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XICS };

	if (config.irqchip == IRQCHIP_AUTO && !kvm_cap(KVM_CAP_IRQ_XICS))
		config.irqchip = IRQCHIP_USER;
	if (config.irqchip != IRQCHIP_USER) {
		if (ioctl(vm.fd, KVM_CREATE_DEVICE, &dev))
			die_errno("--irqchip=kernel: KVM_CREATE_DEVICE XICS");
		device = dev.fd;
		define_rtas_tokens();
	}
	xics_reset();
}

void xics_connect(struct vcpu *v)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_IRQ_XICS, .args = { device, v->id },
	};

	if (device >= 0 && ioctl(v->fd, KVM_ENABLE_CAP, &cap))
		die_errno("--irqchip=kernel: KVM_CAP_IRQ_XICS of CPU %u", v->index);
}

void xics_reset(void)
{
	const uint64_t icp = 0xffULL << KVM_REG_PPC_ICP_MFRR_SHIFT |
			     0xffULL << KVM_REG_PPC_ICP_PPRI_SHIFT;
	unsigned int i;

	for (i = 0; i < XICS_NR_IRQS; i++) {
		sources[i] = (struct source){ .prio = PRIO_MASKED, .saved_prio = PRIO_MASKED };
		if (device >= 0)
			reset_kvm_source(i);
	}
	for (i = 0; i < config.cpus; i++) {
		servers[i] = (struct server){ .mfrr = 0xff };
		if (device >= 0 && vm.cpus[i].run)
			vcpu_set_reg(&vm.cpus[i], KVM_REG_PPC_ICP_STATE, icp);
	}
}
