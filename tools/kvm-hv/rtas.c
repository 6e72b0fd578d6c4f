// SPDX-License-Identifier: GPL-2.0
/*
 * Run-time abstraction services.  In the guest they are five instructions that
 * make H_RTAS with the address of the arguments: token, number of
 * arguments, number of results, then both; big-endian words below 4G.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kvm-hv.h"

#define RTAS_OK			0
#define RTAS_HW_ERROR		(-1)
#define RTAS_PARAM_ERROR	(-3)

#define MAX_WORDS		16
#define TOKEN_BASE		0x2000

#define CPU_STOPPED		0
#define CPU_NOT_STOPPED		2

struct call {
	struct vcpu *v;
	uint32_t arg[MAX_WORDS], ret[MAX_WORDS];
};

static int64_t clock_offset;	/* of the guest, set-time-of-day */

static int display_character(struct call *c)
{
	char ch = c->arg[0];

	console_put(&ch, 1);
	return RTAS_OK;
}

static int get_time_of_day(struct call *c)
{
	struct timespec now;
	struct tm tm;
	time_t t;

	clock_gettime(CLOCK_REALTIME, &now);
	t = now.tv_sec + clock_offset;
	if (!gmtime_r(&t, &tm))
		return RTAS_HW_ERROR;
	c->ret[1] = tm.tm_year + 1900;
	c->ret[2] = tm.tm_mon + 1;
	c->ret[3] = tm.tm_mday;
	c->ret[4] = tm.tm_hour;
	c->ret[5] = tm.tm_min;
	c->ret[6] = tm.tm_sec;
	c->ret[7] = now.tv_nsec;
	return RTAS_OK;
}

static int set_time_of_day(struct call *c)
{
	struct tm tm = { };

	if (c->arg[0] < 1970 || c->arg[0] > 9999 || c->arg[1] < 1 || c->arg[1] > 12 ||
	    c->arg[2] < 1 || c->arg[2] > 31 || c->arg[3] > 23 || c->arg[4] > 59 ||
	    c->arg[5] > 59)
		return RTAS_PARAM_ERROR;
	tm.tm_year = c->arg[0] - 1900;
	tm.tm_mon = c->arg[1] - 1;
	tm.tm_mday = c->arg[2];
	tm.tm_hour = c->arg[3];
	tm.tm_min = c->arg[4];
	tm.tm_sec = c->arg[5];
	clock_offset = timegm(&tm) - time(NULL);
	return RTAS_OK;
}

static int power_off(struct call *c)
{
	vm_end(0);
	return RTAS_OK;
}

static int system_reboot(struct call *c)
{
	if (config.no_reboot)
		vm_end(0);
	else
		vm_reset();
	return RTAS_OK;
}

/* The guest has given up; its text is for whoever looks at our output */
static int os_term(struct call *c)
{
	char text[256];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		const char *p = guest_ptr((uint64_t)c->arg[0] + n, 1);
		char ch = p ? *p : 0;

		if (!ch)
			break;
		text[n++] = ch < ' ' || ch > '~' ? ' ' : ch;
	}
	text[n] = 0;
	warn("the guest has ended itself: %s", text);
	vm_end(1);
	return RTAS_OK;
}

static int start_cpu(struct call *c)
{
	struct vcpu *v = vcpu_by_id(c->arg[0]);

	if (!v)
		return RTAS_PARAM_ERROR;
	if (v->started)
		return RTAS_HW_ERROR;
	vcpu_start(v, c->arg[1], c->arg[2]);
	return RTAS_OK;
}

static int stop_self(struct call *c)
{
	vcpu_finish_exit(c->v);
	vcpu_stop(c->v);
	return RTAS_OK;
}

static int query_cpu_stopped_state(struct call *c)
{
	struct vcpu *v = vcpu_by_id(c->arg[0]);

	if (!v)
		return RTAS_PARAM_ERROR;
	c->ret[1] = v->started ? CPU_NOT_STOPPED : CPU_STOPPED;
	return RTAS_OK;
}

/* There are no indicators and no system parameters */
static int none_such(struct call *c)
{
	return RTAS_PARAM_ERROR;
}

static int set_xive(struct call *c)
{
	return xics_set_xive(c->arg[0], c->arg[1], c->arg[2]) ? RTAS_PARAM_ERROR : RTAS_OK;
}

static int get_xive(struct call *c)
{
	return xics_get_xive(c->arg[0], &c->ret[1], &c->ret[2]) ? RTAS_PARAM_ERROR : RTAS_OK;
}

static int int_on(struct call *c)
{
	return xics_int_on(c->arg[0]) ? RTAS_PARAM_ERROR : RTAS_OK;
}

static int int_off(struct call *c)
{
	return xics_int_off(c->arg[0]) ? RTAS_PARAM_ERROR : RTAS_OK;
}

/* In the order of their tokens; what is not here is not in the device tree */
static const struct {
	const char *name;
	int (*func)(struct call *c);
	unsigned int nargs, nret;
} calls[] = {
	{ "display-character",		display_character,	1, 1 },
	{ "get-time-of-day",		get_time_of_day,	0, 8 },
	{ "set-time-of-day",		set_time_of_day,	7, 1 },
	{ "power-off",			power_off,		2, 1 },
	{ "system-reboot",		system_reboot,		0, 1 },
	{ "ibm,os-term",		os_term,		1, 1 },
	{ "start-cpu",			start_cpu,		3, 1 },
	{ "stop-self",			stop_self,		0, 1 },
	{ "query-cpu-stopped-state",	query_cpu_stopped_state, 1, 2 },
	{ "set-indicator",		none_such,		3, 1 },
	{ "ibm,get-system-parameter",	none_such,		3, 1 },
	{ "ibm,set-xive",		set_xive,		3, 1 },
	{ "ibm,get-xive",		get_xive,		1, 3 },
	{ "ibm,int-on",			int_on,			1, 1 },
	{ "ibm,int-off",		int_off,		1, 1 },
};

uint32_t rtas_token(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return TOKEN_BASE + i;
	abort();
}

void rtas_fdt(void (*u32)(const char *name, uint32_t val))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		u32(calls[i].name, TOKEN_BASE + i);
}

void rtas_write_blob(void *blob)
{
	const uint32_t code[] = {
		htobe32(0x7c641b78),			/* mr   r4,r3 */
		htobe32(0x3c600000),			/* lis  r3,0 */
		htobe32(0x60630000 | H_RTAS),		/* ori  r3,r3,H_RTAS */
		htobe32(0x44000022),			/* sc   1 */
		htobe32(0x4e800020),			/* blr */
	};

	static_assert(sizeof(code) == RTAS_BLOB_SIZE, "size of the RTAS code");
	memcpy(blob, code, sizeof(code));
}

static uint32_t get_word(const uint8_t *p, unsigned int i)
{
	uint32_t val;

	memcpy(&val, p + 4 * i, 4);
	return be32toh(val);
}

static void put_word(uint8_t *p, unsigned int i, uint32_t val)
{
	val = htobe32(val);
	memcpy(p + 4 * i, &val, 4);
}

long h_rtas(struct vcpu *v, uint64_t addr)
{
	struct call c = { .v = v };
	uint32_t token, nargs, nret, i;
	int status = RTAS_PARAM_ERROR;
	uint8_t *p;

	addr &= UINT32_MAX;	/* RTAS runs in 32-bit mode */
	p = guest_ptr(addr, 3 * 4);
	if (!p)
		return H_PARAMETER;
	token = get_word(p, 0) - TOKEN_BASE;
	nargs = get_word(p, 1);
	nret = get_word(p, 2);
	/* Both are the guest's and may change: checked and used here only */
	if (nargs > MAX_WORDS || nret > MAX_WORDS || nargs + nret > MAX_WORDS)
		return H_PARAMETER;
	p = guest_ptr(addr, 4 * (3 + nargs + nret));
	if (!p)
		return H_PARAMETER;
	for (i = 0; i < nargs; i++)
		c.arg[i] = get_word(p, 3 + i);
	if (token < ARRAY_SIZE(calls) && nargs >= calls[token].nargs &&
	    nret >= calls[token].nret)
		status = calls[token].func(&c);
	/* A guest that was reset or ended takes no results */
	if (!nret || vm.ended || !v->started ||
	    (token < ARRAY_SIZE(calls) && calls[token].func == system_reboot))
		return H_SUCCESS;
	c.ret[0] = status;
	for (i = 0; i < nret; i++)
		put_word(p, 3 + nargs + i, c.ret[i]);
	return H_SUCCESS;
}
