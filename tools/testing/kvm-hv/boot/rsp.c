// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: what a debugger does to QEMU's stub for one, through a pair of
 * pipes.  usage: rsp PIPE STEPS: step a guest that has just been stopped, look where it is
 * after each step, and let it go.
 *
 * Each step has to come to another instruction, the next one unless the one before may
 * branch, and the guest's memory must be what it was where the program is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

/* Register 64 of QEMU's numbers, for a client that has asked for ... */
#define PC_REG		"p40"
#define TARGET_XML	"qXfer:features:read:target.xml:0,100"
#define PACKET_MAX	4096

static int to, from;

static void put_packet(const char *data)
{
	unsigned char sum = 0;
	char packet[PACKET_MAX];
	const char *p;

	for (p = data; *p; p++)
		sum += *p;
	snprintf(packet, sizeof(packet), "$%s#%02x", data, sum);
	check("write", write(to, packet, strlen(packet)), 0);
}

static int get_char(void)
{
	char c;

	return read(from, &c, 1) == 1 ? c : -1;
}

/* The next packet, acknowledged; empty at the end of the file */
static const char *get_packet(void)
{
	static char data[PACKET_MAX];
	int c, n = 0;

	while ((c = get_char()) != '$')
		if (c < 0)
			return "";
	while ((c = get_char()) != '#' && c >= 0 && n < PACKET_MAX - 1)
		data[n++] = c;
	data[n] = 0;
	get_char();
	get_char();
	check("write", write(to, "+", 1), 0);
	return data;
}

static const char *ask(const char *data)
{
	put_packet(data);
	return get_packet();
}

static uint64_t pc(void)
{
	return strtoull(ask(PC_REG), NULL, 16);
}

static uint32_t insn(uint64_t addr)
{
	char m[40];

	sprintf(m, "m%lx,4", (unsigned long)addr);
	return strtoul(ask(m), NULL, 16);
}

/* b, bc, bclr and bcctr, rfid, sc and trap: what may go elsewhere */
static int may_branch(uint32_t insn)
{
	uint32_t op = insn >> 26;

	return op == 16 || op == 17 || op == 18 || op == 19 || op == 2 || op == 3 ||
	       (op == 31 && ((insn & 0x7fe) == 8 || (insn & 0x7fe) == 136));
}

int main(int argc, char **argv)
{
	uint64_t was, now, first;
	int i, n, elsewhere = 0;
	uint32_t code, code_at_first;
	char name[100];

	if (argc != 3)
		return 1;
	n = atoi(argv[2]);
	snprintf(name, sizeof(name), "%s.in", argv[1]);
	to = open(name, O_WRONLY);
	snprintf(name, sizeof(name), "%s.out", argv[1]);
	from = open(name, O_RDONLY);
	check("pipes", to < 0 || from < 0 ? -1 : 0, 0);

	check_value("stopped", strncmp(ask("?"), "T05", 3), 0);
	check_value("what there is", *ask(TARGET_XML) != 0, 1);
	first = pc();
	was = first;
	code_at_first = insn(first);
	for (i = 0; i < n; i++) {
		code = insn(was);
		if (strncmp(ask("s"), "T05", 3)) {
			printf("rsp: step %d, at %#lx, instruction %#x\n", i,
			       (unsigned long)was, code);
			check_value("a step", 0, 1);
			break;
		}
		now = pc();
		if (now != was + 4) {
			elsewhere++;
			check_value("where it goes", may_branch(code), 1);
		}
		was = now;
	}
	printf("rsp: %d steps from %#lx to %#lx, %d branches\n", i, (unsigned long)first,
	       (unsigned long)was, elsewhere);
	check_value("steps", i, n);
	check_value("branches", elsewhere > 0, 1);
	check_value("memory", insn(first), code_at_first);
	check_value("detached", strcmp(ask("D"), "OK"), 0);
	return summary("rsp");
}
