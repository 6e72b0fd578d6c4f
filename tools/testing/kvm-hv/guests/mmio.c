// SPDX-License-Identifier: GPL-2.0
/*
 * Loads and stores that the hypervisor emulates: each instruction is executed
 * on memory and on a device that keeps what is written, and must do the same.
 */
#include "mmio.h"

#define EA_RAM		0x30000000UL
#define EA_DEV		0x30010000UL
#define EA_NONE		0x30020000UL

enum { GPR, FP, VMX, VSX };

static u64 ea_ram, ea_dev;

/* What an instruction finds, and what it leaves */
static struct {
	__aligned(16) u64 in[4];
	__aligned(16) u64 out[8];
} io;

/*
 * The operand is at r5 + r6 and at 0x20(r5), r4 and v1/f1/vs1 are the data;
 * all are noted afterwards, r5 as the distance from where it began.
 */
#define HEAD	"addi 5,%0,-0x20; li 6,0x20; mr 7,%1; mr 8,%2; ld 4,0(8);"
#define TAIL	"std 4,0(7); sub 5,5,%0; std 5,8(7)"
#define CLOBBER	"r4", "r5", "r6", "r7", "r8", "r9", "r10", "memory"

#define OP(sym, insn, before, after)						\
static u64 op_##sym(u64 ea)							\
{										\
	asm volatile(".machine push; .machine power8;" HEAD before insn ";" after TAIL \
		     "; .machine pop"						\
		     : : "b" (ea), "b" (io.out), "b" (io.in) : CLOBBER);	\
	return 0;								\
}

/* r30 and r31 are the compiler's */
#define LMW	"std 31,-16(1); std 30,-24(1); lmw 30,0x20(5); mr 4,30;"	\
		"ld 31,-16(1); ld 30,-24(1)"

#define OP_GPR(sym, insn, bytes, from, emu)	OP(sym, insn, "", "")
#define OP_FP(sym, insn, bytes, from, emu)	OP(sym, insn, "lfd 1,8(8);", "stfd 1,16(7);")
#define OP_VMX(sym, insn, bytes, from, emu) \
	OP(sym, insn, "li 9,16; lvx 1,9,8;", "li 9,16; stvx 1,9,7;")
#define OP_VSX(sym, insn, bytes, from, emu) \
	OP(sym, insn, "li 9,16; lxvd2x 1,9,8;", "li 9,16; stxvd2x 1,9,7;")
#include "mmio_ops.h"

#undef OP_GPR
#undef OP_FP
#undef OP_VMX
#undef OP_VSX

#define OP_GPR(sym, insn, bytes, from, emu)	{ #sym, op_##sym, GPR, bytes, from, emu },
#define OP_FP(sym, insn, bytes, from, emu)	{ #sym, op_##sym, FP, bytes, from, emu },
#define OP_VMX(sym, insn, bytes, from, emu)	{ #sym, op_##sym, VMX, bytes, from, emu },
#define OP_VSX(sym, insn, bytes, from, emu)	{ #sym, op_##sym, VSX, bytes, from, emu },

static const struct op {
	const char *name;
	u64 (*fn)(u64 ea);
	u8 kind, bytes;
	u16 isa;
	u8 emulated;
} ops[] = {
#include "mmio_ops.h"
};

/* Lanes that a load of less than a register leaves undefined, as seen in out[] */
static bool same_out(const struct op *op, const u64 *a, const u64 *b)
{
	/* lvebx, lvehx, lvewx define the bytes at their offset in a quadword */
	if (op->kind == VMX && op->bytes < 8)
		return a[1] == b[1] && !memcmp((u8 *)&a[2] + ea_dev % 16,
					       (u8 *)&b[2] + ea_dev % 16, op->bytes);
	/* Scalar VSX loads leave the right half undefined */
	if (op->kind == VSX && op->bytes <= 8 && op->fn != op_lxvdsx)
		return !memcmp(a, b, 3 * 8);
	return !memcmp(a, b, 4 * 8);
}

static u64 msr_of(const struct op *op)
{
	switch (op->kind) {
	case FP:
		return MSR_VIRT | MSR_FP;
	case VMX:
		return MSR_VIRT | MSR_VEC;
	case VSX:
		return MSR_VIRT | MSR_FP | MSR_VEC | MSR_VSX;
	}
	return MSR_VIRT;
}

static u8 device_byte(unsigned int i)
{
	run(MSR_VIRT, load8, ea_dev + i, 0, 0);
	return cpu()->ret;
}

/* Bytes of single-precision 0xc0490fdb..., so that all conversions are exact */
static const u8 pattern[16] = { 0xc0, 0x49, 0x0f, 0xdb, 0x81, 0x72, 0x63, 0x54,
				0x45, 0x36, 0x27, 0x18, 0x99, 0xaa, 0xbb, 0xcc };

static void prepare(unsigned int size, u64 ram)
{
	unsigned int i;

	for (i = 0; i < size; i++) {
		store8(ram + i, pattern[i]);
		run(MSR_VIRT, store8, ea_dev + i, pattern[i], 0);
	}
}

static void test_op(const struct op *op, const struct window *w, u64 ram)
{
	u64 want[8];
	unsigned int i, bad = 0;
	long vec;

	if (isa < op->isa) {
		report_skip("%s: ISA 2.0%u", op->name, op->isa % 100);
		return;
	}
	if (op->bytes > w->size) {
		report_skip("%s: %s has %u bytes only", op->name, w->what, w->size);
		return;
	}
	io.in[0] = 0xf1e2d3c4b5a69788UL;
	io.in[1] = 0x400921fb60000000UL;	/* exact in single precision */
	io.in[2] = 0x400921fb60000000UL;
	io.in[3] = 0x0123456789abcdefUL;
	prepare(w->size, ram);
	memset(io.out, 0, sizeof(io.out));
	vec = run(msr_of(op), op->fn, ea_ram, 0, 0);
	if (vec) {
		report(false, "%s on memory: interrupt 0x%lx", op->name, vec);
		return;
	}
	memcpy(want, io.out, sizeof(want));
	memset(io.out, 0, sizeof(io.out));
	vec = run(msr_of(op), op->fn, ea_dev, 0, 0);
	if (vec && !op->emulated) {
		for (i = 0; i < w->size; i++)
			bad += device_byte(i) != pattern[i];
		report(!bad && (vec == 0x300 || vec == 0x600) && cpu()->end.dar == ea_dev,
		       "%s on a device: refused, no effect", op->name);
		report_skip("%s on a device: not emulated", op->name);
		return;
	}
	report_eq(vec, 0, "%s on a device: no interrupt", op->name);
	if (!report(!vec && same_out(op, want, io.out), "%s on a device: registers", op->name))
		printf("# want 0x%lx 0x%lx 0x%lx 0x%lx got 0x%lx 0x%lx 0x%lx 0x%lx\n", want[0],
		       want[1],
		       want[2], want[3], io.out[0], io.out[1], io.out[2], io.out[3]);
	for (bad = 0, i = 0; i < w->size; i++)
		bad += device_byte(i) != load8(ram + i);
	report_eq(bad, 0, "%s on a device: bytes", op->name);
}

/* The HPTE's protection counts for devices as well, and user state works */
static void test_protection(const struct window *w)
{
	u64 ra = w->ra & ~0xfffUL, ea = ea_dev + 0x1000;
	s64 at = map(ea, ra, HPTE_R_I | HPTE_R_G | 3);

	report_eq(run(MSR_VIRT, load8, ea, 0, 0), 0, "device, read-only: load");
	report_eq(run(MSR_VIRT, store8, ea, 0x77, 0), 0x300, "device, read-only: store: 0x300");
	report_eq(cpu()->end.dsisr, DSISR_PROT | DSISR_STORE, "device, read-only: DSISR");
	report_eq(cpu()->end.dar, ea, "device, read-only: DAR");
	hcall(H_PROTECT, 2, at, 0);
	report_eq(run(MSR_USER, store8, ea, 0x5e, 0), 0, "device: store in problem state");
	report_eq(run(MSR_USER, load8, ea, 0, 0), 0, "device: load in problem state");
	report_eq(cpu()->ret, 0x5e, "device: value in problem state");
	unmap(at);
	report_eq(run(MSR_VIRT, load8, ea, 0, 0), 0x300, "device, HPTE gone: load: 0x300");
	report_eq(cpu()->end.dsisr, DSISR_NOHPTE, "device, HPTE gone: DSISR");
}

static void test_logical_ci(const struct window *w)
{
	static const u8 sizes[] = { 1, 2, 4, 8 };
	unsigned int i, j;
	u64 want;

	if (hcall(H_LOGICAL_CI_LOAD, 1, w->ra) == H_FUNCTION) {
		report_skip("H_LOGICAL_CI_LOAD, _STORE: not offered (H_FUNCTION)");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 v = 0x8192a3b4c5d6e7f8UL;
		u64 mask = sizes[i] == 8 ? ~0UL : BIT(8 * sizes[i]) - 1;

		if (sizes[i] == 8 && w->size < 16) {
			/* QEMU makes one access of it, where std is made two */
			report_skip("H_LOGICAL_CI_LOAD, _STORE 8: %s takes 4 bytes", w->what);
			continue;
		}
		report_eq(hcall(H_LOGICAL_CI_STORE, sizes[i], w->ra, v & mask), H_SUCCESS,
			  "H_LOGICAL_CI_STORE %u: H_SUCCESS", sizes[i]);
		for (want = 0, j = 0; j < sizes[i]; j++)
			want = want << 8 | device_byte(j);
		report_eq(want, v & mask, "H_LOGICAL_CI_STORE %u: the device has it", sizes[i]);
		report_eq(hcall(H_LOGICAL_CI_LOAD, sizes[i], w->ra), H_SUCCESS,
			  "H_LOGICAL_CI_LOAD %u: H_SUCCESS", sizes[i]);
		report_eq(HR(4), v & mask, "H_LOGICAL_CI_LOAD %u: value", sizes[i]);
	}
	report_eq(hcall(H_LOGICAL_CI_LOAD, 3, w->ra), H_PARAMETER,
		  "H_LOGICAL_CI_LOAD 3: H_PARAMETER");
	report_eq(hcall(H_LOGICAL_CI_STORE, 16, w->ra, 0), H_PARAMETER,
		  "H_LOGICAL_CI_STORE 16: H_PARAMETER");
}

/* No memory and no device: the value is anything, but the guest goes on */
static void test_nothing_there(void)
{
	static const struct {
		u64 (*load)(u64 ea);
		const char *what;
	} loads[] = { { op_lbz, "lbz" }, { op_lhz, "lhz" }, { op_lwz, "lwz" }, { op_ld, "ld" },
		      { op_stb, "stb" }, { op_sth, "sth" }, { op_stw, "stw" }, { op_std, "std" },
		      { op_lwaux, "lwaux" }, { op_stdbrx, "stdbrx" } };
	s64 at = map(EA_NONE, mem_size + (16UL << 30), HPTE_R_I | HPTE_R_G | 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		if (loads[i].load == op_stdbrx && isa < 206)
			continue;
		report_eq(run(MSR_VIRT, loads[i].load, EA_NONE, 0, 0), 0,
			  "%s where nothing is: goes on", loads[i].what);
	}
	unmap(at);
}

int main(void)
{
	struct window w;
	unsigned int i;
	u64 ram;

	test_nothing_there();
	if (!find_window(&w)) {
		report_skip("loads and stores on a device: no kvm-hv,testdev, no sdhci-pci");
		return 0;
	}
	printf("device: %s, %u bytes at 0x%lx\n", w.what, w.size, w.ra);
	/* The same offset in a page for both */
	ram = touched_page() + (w.ra & 0xfff);
	ea_ram = EA_RAM + (w.ra & 0xfff);
	ea_dev = EA_DEV + (w.ra & 0xfff);
	map(ea_ram, ram, HPTE_R_M | 2);
	map(ea_dev, w.ra, HPTE_R_I | HPTE_R_G | 2);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		test_op(&ops[i], &w, ram);
	test_protection(&w);
	test_logical_ci(&w);
	return 0;
}
