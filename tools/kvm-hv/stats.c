// SPDX-License-Identifier: GPL-2.0
/*
 * --stats: exits by reason, hypercalls by number, time inside KVM_RUN.
 */
#include "kvm-hv.h"

/* Numbers of PAPR are multiples of 4 below HCALL_MAX, those of KVM begin at HCALL_OWN */
#define HCALL_MAX	0x500
#define HCALL_OWN	0xf000
#define NR_OWN		0x100
#define NR_REASONS	48

struct hcall_count {
	uint64_t calls, unknown;
};

static uint64_t reasons[NR_REASONS];
static struct hcall_count papr[HCALL_MAX / 4], own[NR_OWN], others;

static const char * const reason_names[NR_REASONS] = {
	[KVM_EXIT_UNKNOWN]		= "unknown",
	[KVM_EXIT_DEBUG]		= "debug",
	[KVM_EXIT_MMIO]			= "mmio",
	[KVM_EXIT_FAIL_ENTRY]		= "fail entry",
	[KVM_EXIT_INTR]			= "signal",
	[KVM_EXIT_NMI]			= "machine check",
	[KVM_EXIT_INTERNAL_ERROR]	= "internal error",
	[KVM_EXIT_PAPR_HCALL]		= "hypercall",
};

const char *exit_name(unsigned int reason)
{
	return reason < NR_REASONS && reason_names[reason] ? reason_names[reason] : "unheard of";
}

static uint64_t ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Around KVM_RUN, without the lock: of this vcpu only */
void stats_in(struct vcpu *v)
{
	uint64_t now = ns();

	if (v->since)
		v->ns_outside += now - v->since;
	v->since = now;
}

void stats_out(struct vcpu *v)
{
	uint64_t now = ns();

	v->ns_in_run += now - v->since;
	v->since = now;
}

void stats_exit(unsigned int reason)
{
	reasons[reason < NR_REASONS ? reason : KVM_EXIT_UNKNOWN]++;
}

void stats_hcall(uint64_t nr, bool unknown)
{
	struct hcall_count *c = &others;

	if (nr < HCALL_MAX && nr % 4 == 0)
		c = &papr[nr / 4];
	else if (nr - HCALL_OWN < NR_OWN)
		c = &own[nr - HCALL_OWN];
	c->calls++;
	c->unknown += unknown;
}

static void print_hcall(FILE *f, unsigned int nr, const struct hcall_count *c)
{
	if (!c->calls)
		return;
	if (c == &others)
		fprintf(f, "other hypercalls     ");
	else
		fprintf(f, "hypercall %#-11x", nr);
	fprintf(f, " %10llu", (unsigned long long)c->calls);
	if (c->unknown)
		fprintf(f, "  %llu refused with H_FUNCTION", (unsigned long long)c->unknown);
	fputc('\n', f);
}

void stats_print(FILE *f)
{
	unsigned int i;

	fprintf(f, "kvm-hv: statistics\n");
	for (i = 0; i < config.cpus; i++) {
		const struct vcpu *v = &vm.cpus[i];

		fprintf(f, "CPU %-3u in KVM_RUN %8.3f s, outside %8.3f s\n", i,
			v->ns_in_run / 1e9, v->ns_outside / 1e9);
	}
	for (i = 0; i < NR_REASONS; i++)
		if (reasons[i])
			fprintf(f, "exit %-16s %10llu\n", exit_name(i),
				(unsigned long long)reasons[i]);
	for (i = 0; i < HCALL_MAX / 4; i++)
		print_hcall(f, 4 * i, &papr[i]);
	for (i = 0; i < NR_OWN; i++)
		print_hcall(f, HCALL_OWN + i, &own[i]);
	print_hcall(f, 0, &others);
}
