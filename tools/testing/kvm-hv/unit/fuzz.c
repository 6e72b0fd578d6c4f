// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inputs of a fuzzer: bytes that decide instead of random numbers what a test does, see
 * rnd_input().  With UNIT_FUZZ this is what libFuzzer calls, and the environment's
 * FUZZ_TARGET says which test.  Without, inputs/NAME has inputs, each of them a word and
 * bytes in hexadecimal, on several lines of which all but the first begin with a blank;
 * each is a test that must pass.
 */
#include <ctype.h>
#include "unit.h"

#define INPUT_MAX	8192

static const struct target {
	const char *name;
	void (*run)(void);
	void (*tell)(void);	/* what led to an error */
} targets[] = {
	{ "hcalls", fuzz_hcalls },
	{ "memory", fuzz_memory, fuzz_memory_tell },
	{ "htab", fuzz_htab },
	{ "tce", fuzz_tce },
	{ "vpa", fuzz_vpa },
	{ "mmio", fuzz_mmio },
};

static const struct target *target;
static char word[64];

static void tell(void)
{
	if (*word)
		fprintf(stderr, "  target %s, input %s\n", target->name, word);
	if (target->tell)
		target->tell();
}

static void find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (name && !strcmp(targets[i].name, name))
			target = &targets[i];
	if (!target)
		fail("no target %s", name);
	unit_on_fail = tell;
}

static void run(const u8 *data, size_t size)
{
	rnd_input(data, size);
	target->run();
}

#ifdef UNIT_FUZZ
/* The Makefile gives them the names that libFuzzer wants */
int fuzz_initialize(int *argc, char ***argv)
{
	find(getenv("FUZZ_TARGET"));
	return 0;
}

int fuzz_one_input(const u8 *data, size_t size)
{
	run(data, size);
	return 0;
}
#endif

static u8 digit(char c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* More bytes of an input: a line is short enough for mail */
static size_t bytes_of(const char *hex, u8 *data, size_t n)
{
	for (; isxdigit(hex[0]) && isxdigit(hex[1]); hex += 2) {
		check(n < INPUT_MAX);
		data[n++] = digit(hex[0]) << 4 | digit(hex[1]);
	}
	if (*hex != '\n')
		fail("input %s is no hexadecimal number", word);
	return n;
}

static void inputs_of(const char *name)
{
	const char *folder = getenv("UNIT_INPUTS");
	char path[256], *line = NULL, *hex;
	unsigned int inputs = 0;
	size_t room = 0, n = 0;
	u8 data[INPUT_MAX];
	FILE *f;

	find(name);
	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "inputs", name);
	f = fopen(path, "r");
	if (!f)
		fail("cannot read %s", path);
	while (getline(&line, &room, f) > 0) {
		hex = strchr(line, ' ');
		if (*line == '#' || !hex)
			continue;
		if (hex != line) {
			if (inputs++)
				run(data, n);
			snprintf(word, sizeof(word), "%.*s", (int)(hex - line), line);
			n = 0;
		}
		n = bytes_of(hex + 1, data, n);
	}
	check(inputs);
	run(data, n);
	free(line);
	fclose(f);
}

static void inputs_hcalls(void)
{
	inputs_of("hcalls");
}

static void inputs_memory(void)
{
	inputs_of("memory");
}

static void inputs_htab(void)
{
	inputs_of("htab");
}

static void inputs_tce(void)
{
	inputs_of("tce");
}

static void inputs_vpa(void)
{
	inputs_of("vpa");
}

static void inputs_mmio(void)
{
	inputs_of("mmio");
}

const struct unit_case fuzz_cases[] = {
	{ "inputs of the fuzzer: hcalls", inputs_hcalls },
	{ "inputs of the fuzzer: memory", inputs_memory },
	{ "inputs of the fuzzer: htab", inputs_htab },
	{ "inputs of the fuzzer: tce", inputs_tce },
	{ "inputs of the fuzzer: vpa", inputs_vpa },
	{ "inputs of the fuzzer: mmio", inputs_mmio },
	{ NULL, NULL },
};
