// SPDX-License-Identifier: GPL-2.0
/* Start-up, interrupts, console, reports, hcalls and RTAS of the test guests */
#include "lib.h"

#define MAX_CPUS	8

static_assert(offsetof(struct regs, nip) == REG_NIP);
static_assert(offsetof(struct regs, dsisr) == REG_DSISR);
static_assert(offsetof(struct regs, vec) == REG_VEC);
static_assert(offsetof(struct cpu, exc_stack) == CPU_EXC_STACK);
static_assert(offsetof(struct cpu, catching) == CPU_CATCHING);
static_assert(offsetof(struct cpu, jmp) == CPU_JMP);

unsigned int isa, nr_cpus;
u64 tb_hz, mem_size;
bool is_kvm;

static struct cpu cpus[MAX_CPUS];
__aligned(16) static u8 stacks[MAX_CPUS][2][STACK_SIZE];
static handler_fn handlers[0x1900 >> 5];
u32 console_unit;
static unsigned int passed, failed, skipped;

/* --- memory and strings --- */

void *memset(void *p, int c, size_t n)
{
	u8 *b = p;

	while (n--)
		*b++ = c;
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	while (n--)
		*d++ = *s++;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

/* --- hcalls --- */

long hcall_n(u64 nr, const u64 *args, unsigned int n)
{
	struct cpu *c = cpu();
	u64 io[9] = { nr };

	memcpy(io + 1, args, 8 * n);
	hcall_raw(io);
	memcpy(c->hret, io + 1, sizeof(c->hret));
	return io[0];
}

static u32 rtas_node(void)
{
	return fdt_path("/rtas");
}

long rtas(const char *name, unsigned int nargs, unsigned int nret,
	  const u32 *args, u32 *rets)
{
	u32 node = rtas_node();
	u32 block[16];
	unsigned int i;

	if (!fdt_prop(node, name, NULL))
		return -1000;
	block[0] = fdt_u32(node, name, 0);
	block[1] = nargs;
	block[2] = nret;
	for (i = 0; i < nargs; i++)
		block[3 + i] = args[i];
	for (i = 0; i < nret; i++)
		block[3 + nargs + i] = 0;
	barrier();
	if (hcall(H_RTAS, (u64)block))
		return -1000;
	barrier();
	for (i = 1; i < nret; i++)
		rets[i - 1] = block[3 + nargs + i];
	return nret ? (s32)block[3 + nargs] : 0;
}

/* --- console --- */

/* Lines go out whole: processors that print at the same time take turns */
static struct {
	char text[256];
	unsigned int n;
} line;
static u32 print_lock;

void lock(u32 *l)
{
	u32 old;

	do {
		asm volatile("lwarx %0,0,%2; cmpwi %0,0; bne 1f;"
			     "stwcx. %3,0,%2; beq 1f; li %0,1\n1:"
			     : "=&r" (old), "+m" (*l) : "r" (l), "r" (1) : "cr0", "memory");
	} while (old);
	isync();
}

void unlock(u32 *l)
{
	sync();	/* what was done under the lock, first */
	WRITE_ONCE(*l, 0);
}

static void flush(void)
{
	u64 io[9], w[2];	/* not hcall(): tests look at HR() between lines */
	unsigned int at, n;

	for (at = 0; at < line.n; at += n) {
		n = line.n - at < 16 ? line.n - at : 16;
		memset(w, 0, sizeof(w));
		memcpy(w, line.text + at, n);
		do {
			io[0] = H_PUT_TERM_CHAR;
			io[1] = console_unit;
			io[2] = n;
			io[3] = w[0];
			io[4] = w[1];
		} while (hcall_raw(io) == 1);	/* H_BUSY */
	}
	line.n = 0;
}

static void put(char c)
{
	line.text[line.n++] = c;
	if (c == '\n' || line.n == sizeof(line.text))
		flush();
}

static void number(u64 v, unsigned int base)
{
	char buf[20];
	int n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		put(buf[--n]);
}

/* %s %c %d %u %x, with l for 64 bits */
static void vprint(const char *f, va_list ap)
{
	for (; *f; f++) {
		bool l = false;
		s64 v;

		if (*f != '%') {
			put(*f);
			continue;
		}
		if (*++f == 'l') {
			l = true;
			f++;
		}
		switch (*f) {
		case 's':
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put(*s);
			break;
		case 'c':
			put(va_arg(ap, int));
			break;
		case 'd':
			v = l ? va_arg(ap, s64) : va_arg(ap, int);
			if (v < 0)
				put('-');
			number(v < 0 ? -v : v, 10);
			break;
		case 'u':
		case 'x':
			number(l ? va_arg(ap, u64) : va_arg(ap, u32),
			       *f == 'x' ? 16 : 10);
			break;
		default:
			put(*f);
		}
	}
}

void printf(const char *fmt, ...)
{
	va_list ap;

	lock(&print_lock);
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	unlock(&print_lock);
}

/* --- reports --- */

static void puts(const char *s)
{
	while (*s)
		put(*s++);
}

static void head(const char *how, const char *fmt, va_list ap)
{
	lock(&print_lock);
	puts(how);
	puts(": ");
	vprint(fmt, ap);
}

static void tail(unsigned int *count)
{
	put('\n');
	++*count;
	unlock(&print_lock);
}

bool report(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	head(ok ? "PASS" : "FAIL", fmt, ap);
	va_end(ap);
	tail(ok ? &passed : &failed);
	return ok;
}

bool report_eq(u64 got, u64 want, const char *fmt, ...)
{
	bool ok = got == want;
	va_list ap;

	va_start(ap, fmt);
	head(ok ? "PASS" : "FAIL", fmt, ap);
	va_end(ap);
	if (!ok) {
		puts(": got 0x");
		number(got, 16);
		puts(", not 0x");
		number(want, 16);
	}
	tail(ok ? &passed : &failed);
	return ok;
}

bool report_papr(u64 got, u64 want, const char *fmt, ...)
{
	bool ok = got == want, skip = !ok && !is_kvm;
	va_list ap;

	va_start(ap, fmt);
	head(ok ? "PASS" : skip ? "SKIP" : "FAIL", fmt, ap);
	va_end(ap);
	if (!ok) {
		puts(skip ? ": QEMU's own hcall says 0x" : ": got 0x");
		number(got, 16);
		puts(", not 0x");
		number(want, 16);
	}
	tail(ok ? &passed : skip ? &skipped : &failed);
	return ok;
}

void report_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	head("SKIP", fmt, ap);
	va_end(ap);
	tail(&skipped);
}

/* The test device ends the machine with a status; else RTAS powers off */
__noreturn static void power_off(unsigned int status)
{
	static const u32 mask[2];
	u32 dev = fdt_compatible("kvm-hv,testdev", 0);
	const u64 ea = 0xf0000000UL, reg = TESTDEV_EXIT & ~0xfffUL;
	u64 ra = fdt_u64(dev, "reg", 0);

	printf("EXIT: STATUS=%u\n", status);
	if (dev && mmu_ready && map(ea, ra + reg, HPTE_R_I | HPTE_R_G | 2) >= 0)
		run(MSR_VIRT, store32, ea + TESTDEV_EXIT - reg, status, 0);
	for (;;)
		rtas("power-off", 2, 1, mask, NULL);
}

void finish(void)
{
	printf("SUMMARY: %u tests, %u failed, %u skipped\n",
	       passed + failed, failed, skipped);
	power_off(failed || !passed);
}

bool option(const char *word)
{
	const char *args = fdt_prop(fdt_path("/chosen"), "bootargs", NULL);
	const char *w;

	while (args && *args) {
		for (w = word; *w && *w == *args; w++)
			args++;
		if (!*w && (!*args || *args == ' '))
			return true;
		while (*args && *args != ' ')
			args++;
		while (*args == ' ')
			args++;
	}
	return false;
}

/* --- interrupts --- */

void set_handler(unsigned int vec, handler_fn fn)
{
	WRITE_ONCE(handlers[vec >> 5], fn);
}

/* Let run_asm() return value */
static void end_run(struct cpu *c, long value)
{
	struct regs *r = &c->regs;

	c->end = *r;
	c->catching = 0;
	r->gpr[1] = c->jmp[0];
	r->gpr[2] = c->jmp[1];
	r->gpr[3] = value;
	memcpy(&r->gpr[14], &c->jmp[5], 18 * 8);
	r->nip = c->jmp[2];
	r->cr = c->jmp[3];
	r->msr = c->jmp[4];
}

void exception(struct cpu *c)
{
	struct regs *r = &c->regs;

	if (c->catching && r->vec == 0xc00 && r->gpr[0] == RUN_DONE) {
		c->ret = r->gpr[3];
		end_run(c, 0);
		return;
	}
	if (handlers[r->vec >> 5]) {
		handlers[r->vec >> 5](c);
		return;
	}
	if (c->catching) {
		end_run(c, r->vec);
		return;
	}
	line.n = 0;
	print_lock = 0;
	printf("\nFAIL: CPU %lu: unexpected interrupt 0x%lx\n", c->server, r->vec);
	printf("SRR0 0x%lx SRR1 0x%lx LR 0x%lx DAR 0x%lx DSISR 0x%lx r1 0x%lx r3 0x%lx\n",
	       r->nip, r->msr, r->lr, r->dar, r->dsisr, r->gpr[1], r->gpr[3]);
	failed++;
	finish();
}

/* --- processors --- */

static unsigned int isa_of(u32 pvr)
{
	switch (pvr >> 16) {
	case 0x39:
	case 0x3c:
	case 0x44:
		return 201;
	case 0x3f:
	case 0x4a:
		return 206;
	case 0x4b:
	case 0x4c:
	case 0x4d:
		return 207;
	}
	return 300;
}

static void find_cpus(void)
{
	u32 node = fdt_path("/cpus"), len, i;
	const char *type;
	int depth = 0;

	while (node && (node = fdt_next(node, &depth)) && depth > 0) {
		type = fdt_prop(node, "device_type", &len);
		if (!type || strcmp(type, "cpu") || nr_cpus == MAX_CPUS)
			continue;
		if (!nr_cpus) {
			tb_hz = fdt_u32(node, "timebase-frequency", 0);
			npte = 1UL << (fdt_u32(node, "ibm,pft-size", 1) - 4);
		}
		/* A node is a core; its threads are listed in it */
		if (!fdt_prop(node, "ibm,ppc-interrupt-server#s", &len)) {
			cpus[nr_cpus++].server = fdt_u32(node, "reg", 0);
			continue;
		}
		for (i = 0; i < len / 4 && nr_cpus < MAX_CPUS; i++)
			cpus[nr_cpus++].server = fdt_u32(node, "ibm,ppc-interrupt-server#s", i);
	}
}

static void find_memory(void)
{
	u32 node = fdt_root();
	int depth = 0;
	const char *type;

	while (node && (node = fdt_next(node, &depth))) {
		type = fdt_prop(node, "device_type", NULL);
		if (type && !strcmp(type, "memory"))
			mem_size += fdt_u64(node, "reg", 2);
	}
}

struct cpu *cpu_nr(unsigned int n)
{
	return n < nr_cpus ? &cpus[n] : NULL;
}

void secondary(struct cpu *c)
{
	WRITE_ONCE(c->state, CPU_UP);
	sync();	/* before anything main() writes */
	c->main();
	sync();	/* all of it is done when the state says so */
	WRITE_ONCE(c->state, CPU_IDLE);
	for (;;)
		hcall(H_CEDE);
}

bool start_cpu(unsigned int n, void (*fn)(void))
{
	u64 end = mftb() + 10 * tb_hz;
	struct cpu *c = cpu_nr(n);
	u32 args[3];

	if (!c || c->state)
		return false;
	c->main = fn;
	c->jmp[0] = (u64)stacks[n][0] + STACK_SIZE;
	args[0] = c->server;
	args[1] = (u64)secondary_entry;
	args[2] = (u64)c;
	sync();	/* it reads *c */
	/* One that is about to stop can be started a little later */
	while (rtas("start-cpu", 3, 1, args, NULL))
		if (mftb() > end)
			return false;
	while (!READ_ONCE(c->state) && mftb() < end)
		barrier();
	return c->state;
}

void stop_cpu(void)
{
	struct cpu *c = cpu();

	sync();	/* all of its work is done when the state says so */
	WRITE_ONCE(c->state, 0);
	rtas("stop-self", 0, 1, NULL, NULL);
	for (;;)
		barrier();
}

/* Never two guests in the same memory: only what is above the image and below
 * the device tree is given away, and QEMU has that at the end of the first 2G.
 */
static u64 next_page;

u64 alloc_pages(u64 size)
{
	u64 ra = (next_page + size - 1) & ~(size - 1);

	next_page = ra + size;
	return ra;
}

/* Problem state cannot mask the decrementer */
static void quiet_decrementer(struct cpu *c)
{
	mtspr(SPR_DEC, 0x7fffffff);
}

void boot(const void *fdt)
{
	unsigned int i;
	u32 node;

	for (i = 0; i < MAX_CPUS; i++)
		cpus[i].exc_stack = (u64)stacks[i][1] + STACK_SIZE - 112;
	mtspr(SPR_SPRG0, &cpus[0]);
	set_handler(0x900, quiet_decrementer);

	fdt_init(fdt);
	node = fdt_compatible("hvterm1", 0);
	if (!node)
		node = fdt_compatible("hvterm-protocol", 0);
	console_unit = fdt_u32(node, "reg", 0);
	isa = isa_of(mfspr(SPR_PVR));
	is_kvm = fdt_path("/hypervisor");
	find_memory();
	find_cpus();
	/* Not in the first 16 MiB, where loaders put things of theirs */
	next_page = 16UL << 20;
	if (next_page < (u64)image_end)
		next_page = (u64)image_end;
	mmu_init();
	printf("PVR 0x%lx ISA %u, %u CPUs, %lu MiB, HPT of %lu HPTEs, timebase %lu Hz\n",
	       mfspr(SPR_PVR), isa, nr_cpus, mem_size >> 20, npte, tb_hz);
	(void)main();
	finish();
}
