// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin: what a path costs beyond the number of its instructions.  A guest
 * (bench.c) runs its loop without the subject after the first mark and with it
 * after the second, one round each; at the third mark one line comes out:
 *
 *	insns 160 isync 1 mtspr:SRR0 1 ... ci 2 dlines 12 ilines 9 icode 148
 *
 * Instructions that serialise or wait, by name, and accesses to special purpose
 * registers, by register: those of the second part less those of the first.
 * ci: loads and stores to devices.  dlines, ilines: distinct 128-byte lines that
 * loads and stores, by real address, and the fetch, by QEMU's own address, touched
 * in the second part and did not in the first.  icode: distinct instructions, by the
 * same rule; unlike ilines it does not follow from where the linker has put functions.
 * The MMU's table walks, and what dcbz and dcbf do, are not seen.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* ori 0,0,n: what no compiler writes */
#define MARK_START	0x60006001
#define MARK_STOP	0x60006002
#define MARK_SUBJECT	0x60006003

#define LINE_SHIFT	7
#define SLOTS		(2U << 20)
#define NR_SPR		1024
#define FIELD(w, shift, bits)	((w) >> (shift) & ((1U << (bits)) - 1))
/* Primary opcode and extended opcode of the X and XL forms */
#define OP(primary, extended)	((primary) << 10 | (extended))

static const struct insn {
	uint16_t op;
	int8_t l;		/* the L field (of sync 2 bits, else 1), -1: any */
	const char *name;
} insns[] = {
	{ OP(19, 150), -1, "isync" },
	{ OP(19, 18), -1, "rfid" }, { OP(19, 274), -1, "hrfid" },
	{ OP(19, 402), -1, "doze" }, { OP(19, 434), -1, "nap" },
	{ OP(19, 466), -1, "sleep" }, { OP(19, 498), -1, "rvwinkle" },
	{ OP(31, 598), 0, "sync" }, { OP(31, 598), 1, "lwsync" }, { OP(31, 598), 2, "ptesync" },
	{ OP(31, 854), -1, "eieio" },
	{ OP(31, 306), -1, "tlbie" }, { OP(31, 274), -1, "tlbiel" }, { OP(31, 566), -1, "tlbsync" },
	{ OP(31, 402), -1, "slbmte" }, { OP(31, 434), -1, "slbie" }, { OP(31, 498), -1, "slbia" },
	{ OP(31, 851), -1, "slbmfev" }, { OP(31, 915), -1, "slbmfee" },
	{ OP(31, 20), -1, "larx" }, { OP(31, 84), -1, "larx" }, { OP(31, 52), -1, "larx" },
	{ OP(31, 116), -1, "larx" }, { OP(31, 276), -1, "larx" },
	{ OP(31, 150), -1, "stcx" }, { OP(31, 214), -1, "stcx" }, { OP(31, 694), -1, "stcx" },
	{ OP(31, 726), -1, "stcx" }, { OP(31, 182), -1, "stcx" },
	/* L = 1 sets EE and RI only, and waits for nothing after it */
	{ OP(31, 146), 0, "mtmsrd" }, { OP(31, 178), 0, "mtmsrd" }, { OP(31, 178), 1, "mtmsrd1" },
	{ OP(31, 83), -1, "mfmsr" },
	{ OP(31, 238), -1, "msgsnd" }, { OP(31, 206), -1, "msgclr" },
	{ OP(31, 142), -1, "msgsndp" }, { OP(31, 174), -1, "msgclrp" },
	{ OP(31, 982), -1, "icbi" },
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum { NR_INSNS = ARRAY_SIZE(insns) };

static const char *const sprs[NR_SPR] = {
	[1] = "XER", [3] = "UDSCR", [8] = "LR", [9] = "CTR", [13] = "UAMR", [17] = "DSCR",
	[18] = "DSISR", [19] = "DAR", [22] = "DEC", [25] = "SDR1", [26] = "SRR0", [27] = "SRR1",
	[28] = "CFAR", [29] = "AMR", [31] = "ACOP", [48] = "PID", [61] = "IAMR", [128] = "TFHAR",
	[129] = "TFIAR", [130] = "TEXASR", [136] = "CTRLF", [152] = "CTRLT", [153] = "FSCR",
	[157] = "UAMOR", [159] = "PSPB", [176] = "DPDES", [180] = "DAWR", [186] = "RPR",
	[187] = "CIABR", [188] = "DAWRX", [190] = "HFSCR", [256] = "VRSAVE", [259] = "USPRG3",
	[268] = "TB", [269] = "TBU", [272] = "SPRG0", [273] = "SPRG1", [274] = "SPRG2",
	[275] = "SPRG3", [284] = "TBLW", [285] = "TBUW", [286] = "TBU40", [287] = "PVR",
	[304] = "HSPRG0", [305] = "HSPRG1", [306] = "HDSISR", [307] = "HDAR", [308] = "SPURR",
	[309] = "PURR", [310] = "HDEC", [312] = "RMOR", [313] = "HRMOR", [314] = "HSRR0",
	[315] = "HSRR1", [318] = "LPCR", [319] = "LPIDR", [336] = "HMER", [337] = "HMEER",
	[338] = "PCR", [339] = "HEIR", [349] = "AMOR", [446] = "TIR", [784] = "SIER",
	[785] = "MMCR2", [786] = "MMCRA", [787] = "PMC1", [788] = "PMC2", [789] = "PMC3",
	[790] = "PMC4", [791] = "PMC5", [792] = "PMC6", [793] = "PMC7", [794] = "PMC8",
	[795] = "MMCR0", [796] = "SIAR", [797] = "SDAR", [798] = "MMCR1", [804] = "EBBHR",
	[805] = "EBBRR", [806] = "BESCR", [815] = "TAR", [848] = "IC", [849] = "VTB",
	[885] = "RWMR", [888] = "TACR", [889] = "TCSCR", [890] = "CSIGR", [892] = "SPMC1",
	[893] = "SPMC2", [894] = "MMCRS", [895] = "WORT", [896] = "PPR", [1008] = "HID0",
	[1009] = "HID1", [1012] = "HID4", [1013] = "DABR", [1014] = "HID5", [1015] = "DABRX",
	[1023] = "PIR",
};

/* Counts of all time; what they were at the first mark and at the second */
enum {
	COUNT_INSNS, COUNT_CI, COUNT_OP,
	COUNT_MF = COUNT_OP + NR_INSNS,
	COUNT_MT = COUNT_MF + NR_SPR,
	NR_COUNTS = COUNT_MT + NR_SPR
};

static uint64_t counts[NR_COUNTS], at_start[NR_COUNTS], at_subject[NR_COUNTS];

/* A line, and the last round whose first or second part touched it */
static struct line {
	uint64_t key;		/* address >> LINE_SHIFT, + 1; bit 63: fetched */
	uint32_t own, seen;
	uint32_t own_code, seen_code;	/* fetched: a bit for each instruction */
} lines[SLOTS];
#define FETCHED		0x8000000000000000ULL

static uint32_t nr_slots, batch;	/* batch: number of the round, from 1 on */
static uint64_t dlines, ilines, icode;
static enum { IDLE, OWN, SUBJECT } part;
static bool little;
static FILE *out;

static struct line *find(uint64_t key)
{
	uint32_t i = (key ^ key >> 63) * 0x9e3779b1U;
	struct line *p;

	for (key++;; i++) {
		p = &lines[i % SLOTS];
		if (p->key == key)
			return p;
		if (p->key)
			continue;
		if (++nr_slots > SLOTS / 2) {
			fprintf(stderr, "pathcost: too many lines\n");
			exit(1);
		}
		p->key = key;
		return p;
	}
}

static void touch(struct line *p, uint64_t *n)
{
	if (part == OWN) {
		p->own = batch;
	} else if (p->seen != batch) {
		p->seen = batch;
		*n += p->own != batch;
	}
}

/* Instructions of a block in one line: the line's number, and a bit for each above it */
#define RUN(line, code)	((void *)((uintptr_t)(code) * SLOTS + (line)))

static void fetched(unsigned int cpu, void *run)
{
	struct line *p = &lines[(uintptr_t)run % SLOTS];
	uint32_t code = (uintptr_t)run / SLOTS;

	if (part == IDLE)
		return;
	if (p->own != batch)
		p->own_code = 0;
	if (p->seen != batch)
		p->seen_code = 0;
	touch(p, &ilines);
	if (part == OWN) {
		p->own_code |= code;
		return;
	}
	icode += __builtin_popcount(code & ~p->own_code & ~p->seen_code);
	p->seen_code |= code;
}

static void accessed(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	struct qemu_plugin_hwaddr *hw;
	uint64_t first, last;

	if (part == IDLE)
		return;
	hw = qemu_plugin_get_hwaddr(info, vaddr);
	if (!hw)
		return;
	if (qemu_plugin_hwaddr_is_io(hw)) {
		counts[COUNT_CI]++;
		return;
	}
	first = qemu_plugin_hwaddr_phys_addr(hw);
	last = first + (1U << qemu_plugin_mem_size_shift(info)) - 1;
	touch(find(first >> LINE_SHIFT), &dlines);
	if (last >> LINE_SHIFT != first >> LINE_SHIFT)
		touch(find(last >> LINE_SHIFT), &dlines);
}

static void start(unsigned int cpu, void *data)
{
	batch++;
	dlines = 0;
	ilines = 0;
	icode = 0;
	memcpy(at_start, counts, sizeof(counts));
	part = OWN;
}

static void subject(unsigned int cpu, void *data)
{
	memcpy(at_subject, counts, sizeof(counts));
	part = SUBJECT;
}

static void print(const char *what, const char *name, uint64_t i)
{
	int64_t v = counts[i] - at_subject[i] - (at_subject[i] - at_start[i]);

	if (v)
		fprintf(out, " %s%s %lld", what, name, (long long)v);
}

static void stop(unsigned int cpu, void *data)
{
	unsigned int i;
	char number[16];

	if (part != SUBJECT)
		return;
	part = IDLE;
	print("insns", "", COUNT_INSNS);
	for (i = 0; i < NR_INSNS; i++)
		print(insns[i].name, "", COUNT_OP + i);
	for (i = 0; i < NR_SPR; i++) {
		snprintf(number, sizeof(number), "%u", i);
		print("mfspr:", sprs[i] ?: number, COUNT_MF + i);
		print("mtspr:", sprs[i] ?: number, COUNT_MT + i);
	}
	print("ci", "", COUNT_CI);
	fprintf(out, " dlines %llu ilines %llu icode %llu\n", (unsigned long long)dlines,
		(unsigned long long)ilines, (unsigned long long)icode);
	fflush(out);
}

/* What an instruction of the host counts as, beside being one */
static int count_of(uint32_t w)
{
	unsigned int op = OP(w >> 26, FIELD(w, 1, 10)), i;
	unsigned int spr = FIELD(w, 16, 5) | FIELD(w, 11, 5) << 5;

	if (op == OP(31, 339) || op == OP(31, 371))
		return COUNT_MF + spr;
	if (op == OP(31, 467))
		return COUNT_MT + spr;
	for (i = 0; i < NR_INSNS; i++)
		if (op == insns[i].op &&
		    (insns[i].l < 0 || (op == OP(31, 598) ? FIELD(w, 21, 2) : FIELD(w, 16, 1)) ==
				       (unsigned int)insns[i].l))
			return COUNT_OP + i;
	return 0;
}

static uint64_t haddr_of(struct qemu_plugin_tb *tb, size_t i)
{
	return (uintptr_t)qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, i));
}

/* The instructions from the i-th on that are in the same line as it */
static void watch_run(struct qemu_plugin_tb *tb, size_t i)
{
	uint64_t line = haddr_of(tb, i) >> LINE_SHIFT, haddr;
	size_t n = qemu_plugin_tb_n_insns(tb), k;
	uint32_t code = 0;

	for (k = i; k < n; k++) {
		haddr = haddr_of(tb, k);
		if (haddr >> LINE_SHIFT != line)
			break;
		code |= 1U << FIELD(haddr, 2, LINE_SHIFT - 2);
	}
	qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), fetched,
					       QEMU_PLUGIN_CB_NO_REGS,
					       RUN(find(line | FETCHED) - lines, code));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	uint64_t last = 0;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t line = haddr_of(tb, i) >> LINE_SHIFT;
		const uint8_t *text = qemu_plugin_insn_data(insn);
		uint32_t be = (uint32_t)text[0] << 24 | text[1] << 16 | text[2] << 8 | text[3];
		uint32_t le = __builtin_bswap32(be);
		int count = count_of(little ? le : be);
		qemu_plugin_vcpu_udata_cb_t mark = NULL;

		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &counts[COUNT_INSNS], 1);
		if (count)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								   &counts[count], 1);
		if (line != last)
			watch_run(tb, i);
		last = line;
		qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, NULL);
		/* The guest's, of either byte order */
		if (be == MARK_START || le == MARK_START)
			mark = start;
		else if (be == MARK_SUBJECT || le == MARK_SUBJECT)
			mark = subject;
		else if (be == MARK_STOP || le == MARK_STOP)
			mark = stop;
		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	const char *name = NULL;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			name = argv[i] + 4;
		else if (!strcmp(argv[i], "order=le"))
			little = true;
		else if (strcmp(argv[i], "order=be"))
			name = NULL;
	}
	out = name ? fopen(name, "w") : NULL;
	if (!out) {
		fprintf(stderr, "pathcost: out=FILE,order=le|be (of the host)\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
