/* SPDX-License-Identifier: GPL-2.0 */
/* What the test guests share: see README */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stddef.h>
#include <stdarg.h>
#include <stdbool.h>

#include "asm.h"
#include "../../../kvm-hv/hcalls.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int s32;
typedef long s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1UL << (n))

/* --- registers ----------------------------------------------------------- */

#define MSR_SF		BIT(63)
#define MSR_VEC		BIT(25)
#define MSR_VSX		BIT(23)
#define MSR_POW		BIT(18)
#define MSR_EE		BIT(15)
#define MSR_PR		BIT(14)
#define MSR_FP		BIT(13)
#define MSR_ME		BIT(12)
#define MSR_SE		BIT(10)
#define MSR_BE		BIT(9)
#define MSR_IR		BIT(5)
#define MSR_DR		BIT(4)
#define MSR_PMM		BIT(2)
#define MSR_RI		BIT(1)
#define MSR_LE		BIT(0)

#define MSR_REAL	(MSR_SF | MSR_ME | MSR_RI)
#define MSR_VIRT	(MSR_REAL | MSR_IR | MSR_DR)
/* Problem state has EE: rfid sets it */
#define MSR_USER	(MSR_VIRT | MSR_PR | MSR_EE)

#define mfspr(n) ({ u64 __v; asm volatile("mfspr %0, %1" : "=r" (__v) : "i" (n)); __v; })
#define mtspr(n, v) ({ asm volatile("mtspr %0, %1" : : "i" (n), "r" ((u64)(v)) : "memory"); })
/* Once, as it stands */
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#define SPR_XER		1
#define SPR_DSCR_U	3
#define SPR_DSISR	18
#define SPR_DAR		19
#define SPR_DEC		22
#define SPR_AMR		29
#define SPR_CTRLF	136
#define SPR_CTRLT	152
#define SPR_PVR		287
#define SPR_PURR	309
#define SPR_SPURR	308

static inline void sync(void)
{
	asm volatile("sync" : : : "memory");
}

static inline void barrier(void)
{
	asm volatile("" : : : "memory");
}

static inline void isync(void)
{
	asm volatile("isync" : : : "memory");
}

static inline u64 mftb(void)
{
	u64 v;

	asm volatile("mfspr %0, 268" : "=r" (v) : : "memory");
	return v;
}

static inline u64 read_msr(void)
{
	u64 v;

	asm volatile("mfmsr %0" : "=r" (v) : : "memory");
	return v;
}

static inline void mtmsr(u64 v)
{
	asm volatile("mtmsrd %0; isync" : : "r" (v) : "memory");
}

/* --- processors ---------------------------------------------------------- */

struct regs {
	u64 gpr[32];
	u64 nip, msr, ctr, lr, xer, cr, dar, dsisr, vec;
};

/* What a processor's interrupts and hcalls leave; SPRG0 points to it */
struct cpu {
	struct regs regs;	/* to be restored by the present interrupt */
	u64 exc_stack;
	u64 catching;		/* run() is under way */
	u64 jmp[JMP_WORDS];
	struct regs end;	/* of the interrupt that ended run() */
	u64 ret;		/* what run()'s function returned */
	u64 hret[8];		/* r4 to r11 after hcall() */
	u64 server;		/* number as in the device tree */
	void (*main)(void);
	u64 state;		/* 0, CPU_UP, CPU_IDLE */
};

enum { CPU_UP = 1, CPU_IDLE };

static inline struct cpu *cpu(void)
{
	return (struct cpu *)mfspr(SPR_SPRG0);
}

/* ISA level: 201, 206, 207, 300 */
extern unsigned int isa;
extern u32 console_unit;		/* the console's unit address */
extern u64 tb_hz, mem_size;
extern unsigned int nr_cpus;
/* The hypervisor is KVM, not QEMU's own code */
extern bool is_kvm;

/*
 * Starts the n-th processor in fn, 0 only after it has stopped; false if there is
 * none.  When fn returns it sleeps; stop_cpu() gives it back for another start.
 */
bool start_cpu(unsigned int n, void (*fn)(void));
__noreturn void stop_cpu(void);
struct cpu *cpu_nr(unsigned int n);
void lock(u32 *l);
void unlock(u32 *l);

/* --- interrupts ---------------------------------------------------------- */

/*
 * Call fn(a, b, c, d) under another MSR.  Returns 0, and what fn returned is
 * in cpu()->ret, or the vector of the interrupt it ended with, and cpu()->end
 * says all about it.  Interrupts that have a handler do not end it.
 */
long run_asm(u64 msr, const void *fn, u64 a, u64 b, u64 c, u64 d);
#define run(msr, fn, a, b, c) \
	run_asm(msr, (const void *)(fn), (u64)(a), (u64)(b), (u64)(c), 0)

typedef void (*handler_fn)(struct cpu *c);
/* NULL: end run(), or end the test */
void set_handler(unsigned int vec, handler_fn fn);

/* DSISR, and SRR1 of an instruction storage interrupt */
#define DSISR_NOHPTE	0x40000000UL
#define DSISR_NOEXEC	0x10000000UL
#define DSISR_PROT	0x08000000UL
#define DSISR_STORE	0x02000000UL
#define DSISR_DABR	0x00400000UL
#define DSISR_KEY	0x00200000UL
/* SRR1 of a program interrupt */
#define PROG_FP		0x00100000UL
#define PROG_ILL	0x00080000UL
#define PROG_PRIV	0x00040000UL
#define PROG_TRAP	0x00020000UL
#define PROG_CAUSES	(PROG_FP | PROG_ILL | PROG_PRIV | PROG_TRAP)

/* --- reports ------------------------------------------------------------- */

__printf(1, 2)
void printf(const char *fmt, ...);
/* One check; the text is the same whether it holds or not */
__printf(2, 3)
bool report(bool ok, const char *fmt, ...);
__printf(1, 2)
void report_skip(const char *fmt, ...);
/* got == want, and a failure says both */
__printf(3, 4)
bool report_eq(u64 got, u64 want, const char *fmt, ...);
/* The same for what QEMU's own hcalls are known to do otherwise: then a SKIP */
__printf(3, 4)
bool report_papr(u64 got, u64 want, const char *fmt, ...);
/* Prints the summary and powers off */
__noreturn void finish(void);
bool option(const char *word);

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int strcmp(const char *a, const char *b);

/* --- hcalls -------------------------------------------------------------- */

long hcall_raw(u64 io[9]);
/* Up to eight arguments; r4 to r11 afterwards: HR(4) to HR(11) */
long hcall_n(u64 nr, const u64 *args, unsigned int n);
#define hcall(nr, ...) ({						\
	const u64 __a[] = { 0, ##__VA_ARGS__ };				\
	hcall_n(nr, __a + 1, ARRAY_SIZE(__a) - 1); })
#define HR(r)		(cpu()->hret[(r) - 4])

/* RTAS: the first result, the status; -1000 if there is no such call */
long rtas(const char *name, unsigned int nargs, unsigned int nret,
	  const u32 *args, u32 *rets);

/* What head.S and lib.c know of each other; the test itself is main() */
extern u8 secondary_entry[], image_end[];
int main(void);
void boot(const void *fdt);
void exception(struct cpu *c);
void secondary(struct cpu *c);

/* Registers of the device "kvm-hv,testdev"; the rest keeps what is written */
#define TESTDEV_EXIT	0xfff0UL	/* ends the machine with this status */
#define TESTDEV_LINE	0xfff4UL	/* external interrupt: 1 raised, 0 lowered */

/* --- device tree --------------------------------------------------------- */

/* Nodes are offsets; 0 is "no such node", the root is positive too */
void fdt_init(const void *fdt);
u32 fdt_root(void);
/* The node after @node in the tree, *depth says how deep; 0 at the end */
u32 fdt_next(u32 node, int *depth);
const char *fdt_name(u32 node);
const void *fdt_prop(u32 node, const char *name, u32 *len);
u32 fdt_path(const char *path);	/* components without their unit address */
u32 fdt_compatible(const char *what, u32 after);
/* Cell n of a property, and a 64-bit number at cell n; 0 if not there */
u32 fdt_u32(u32 node, const char *name, unsigned int n);
u64 fdt_u64(u32 node, const char *name, unsigned int n);

/* --- memory -------------------------------------------------------------- */

#define HPTE_V_1T	BIT(62)
#define HPTE_V_BOLTED	0x10UL
#define HPTE_V_LARGE	0x04UL
#define HPTE_V_SECOND	0x02UL
#define HPTE_V_VALID	0x01UL
#define HPTE_R_PP0	BIT(63)
#define HPTE_R_KEY_HI	(3UL << 60)
#define HPTE_R_KEY_LO	0xe00UL
#define HPTE_R_R	0x100UL
#define HPTE_R_C	0x080UL
#define HPTE_R_W	0x040UL
#define HPTE_R_I	0x020UL
#define HPTE_R_M	0x010UL
#define HPTE_R_G	0x008UL
#define HPTE_R_N	0x004UL
#define HPTE_R_PP	0x003UL
#define HPTE_R_RPN	0x0ffffffffffff000UL

#define SLB_KS		0x800UL
#define SLB_KP		0x400UL
#define SLB_N		0x200UL
#define SLB_L		0x100UL
#define SLB_1T		BIT(62)

/* H_ENTER etc.; PAPR counts bits from the most significant one */
#define PAPR_BIT(n)	BIT(63 - (n))
#define H_EXACT		PAPR_BIT(24)
#define H_ZERO_PAGE	PAPR_BIT(48)
#define H_COPY_PAGE	PAPR_BIT(49)
#define H_ICACHE_INVALIDATE	PAPR_BIT(40)
#define H_ICACHE_SYNCHRONIZE	PAPR_BIT(41)
#define H_READ_4	PAPR_BIT(26)
#define H_AVPN		PAPR_BIT(32)
#define H_ANDCOND	PAPR_BIT(33)

/* One combination of "ibm,segment-page-sizes" */
struct psize {
	unsigned int base, actual, llp, penc;
};

extern u64 npte;		/* HPTEs in the table */
extern struct psize psizes[];
extern unsigned int nr_psizes;

extern bool mmu_ready;

/*
 * Before main().  Maps the image where it is (4K pages, segment 0) and makes segments for
 * everything up to 4G; no more than 16 SLB entries.
 */
void mmu_init(void);
/* VSID of an address in the segments of mmu_init(); they have 4K pages */
u64 vsid_of(u64 ea);
void set_slb(unsigned int entry, u64 ea, u64 vsid, u64 flags);
void clear_slb(u64 ea);
/* First doubleword and hash for any page size; 1T segments if flags say so */
u64 hpte_v(u64 ea, u64 vsid, u64 b, unsigned int base, unsigned int actual);
u64 hpte_hash(u64 ea, u64 vsid, u64 b, unsigned int base);
u64 hpte_group(u64 hash);	/* index of its first HPTE */
/* Enter a 4K page at ea; its index, or the (negative) code of H_ENTER */
s64 map(u64 ea, u64 ra, u64 rbits);
void unmap(s64 index);
/* For run(): one access each */
u64 load64(u64 ea);
u64 load32(u64 ea);
u64 load16(u64 ea);
u64 load8(u64 ea);
u64 store64(u64 ea, u64 v);
u64 store32(u64 ea, u64 v);
u64 store16(u64 ea, u64 v);
u64 store8(u64 ea, u64 v);
/* A whole page of memory that no other code uses and that has been written to; ra */
u64 touched_page(void);
/* A piece of memory that no code has touched, aligned to its size; ra */
u64 alloc_pages(u64 size);
#endif
