// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin: how often each instruction was executed between two marks, in
 * the guest's guest (bench_asm.S) or a program of the host (vm.c).  One line per instruction:
 *
 *	count address host-address
 *
 * Addresses are virtual; the host address, QEMU's own, tells apart what runs
 * with the MMU off in different partitions.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { SLOTS = 4 << 20 };

static struct insn {
	uint64_t haddr, vaddr, count;
} insns[SLOTS];
static unsigned int nr_insns;
static const char *out;

/* ori 0,0,n: what no compiler writes */
#define MARK_START	0x60006001
#define MARK_STOP	0x60006002

static struct insn *find(uint64_t haddr, uint64_t vaddr)
{
	uint32_t i = (haddr >> 2) * 0x9e3779b1U;
	struct insn *p;

	for (;; i++) {
		p = &insns[i % SLOTS];
		if (!p->haddr) {
			if (++nr_insns > SLOTS / 2) {
				fprintf(stderr, "pathcount: too many instructions\n");
				exit(1);
			}
			p->haddr = haddr;
			p->vaddr = vaddr;
			return p;
		}
		if (p->haddr == haddr && p->vaddr == vaddr)
			return p;
	}
}

/* In either byte order: a guest's, or a program's of the host */
static bool is_mark(const uint8_t *text, uint32_t mark)
{
	uint32_t be = (uint32_t)text[0] << 24 | text[1] << 16 | text[2] << 8 | text[3];

	return be == mark || __builtin_bswap32(be) == mark;
}

static void start(unsigned int cpu, void *data)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		insns[i].count = 0;
}

static void stop(unsigned int cpu, void *data)
{
	FILE *f = fopen(out, "w");
	unsigned int i;

	for (i = 0; f && i < SLOTS; i++)
		if (insns[i].count)
			fprintf(f, "%llu %llx %llx\n", (unsigned long long)insns[i].count,
				(unsigned long long)insns[i].vaddr,
				(unsigned long long)insns[i].haddr);
	if (!f || fclose(f))
		perror(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct insn *p = find((uintptr_t)qemu_plugin_insn_haddr(insn),
				      qemu_plugin_insn_vaddr(insn));
		const uint8_t *text = qemu_plugin_insn_data(insn);

		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &p->count, 1);
		if (is_mark(text, MARK_START))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, start,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (is_mark(text, MARK_STOP))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, stop,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "pathcount: out=FILE\n");
		return -1;
	}
	out = argv[0] + 4;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
