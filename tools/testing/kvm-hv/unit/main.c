// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs all cases, or those whose name contains an argument.  Each case is a
 * process of its own, so that one failure does not end the others.
 */
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#include "unit.h"

#ifdef UNIT_GCOV
void __gcov_dump(void);
#endif

static __thread unsigned long rnd_state = 1;

void rnd_seed(unsigned long seed)
{
	rnd_state = seed * 2 + 1;
}

/*
 * A fuzzer's input decides instead, as long as it lasts: what is done comes from its
 * beginning, and which task goes on from its end.  So a change of the one leaves most of
 * the other as it is.  Then the random numbers of one seed follow.
 */
static const u8 *input, *input_end;
static bool has_input;
static unsigned int turn, next_task;

void rnd_input(const u8 *data, size_t size)
{
	input = data;
	input_end = data + size;
	has_input = true;
	turn = 0;
	next_task = 0;
	rnd_seed(0);
}

bool rnd_left(void)
{
	return !has_input || input < input_end;
}

/* A number below @n, at most, of as many bytes as that takes */
static bool from_input(unsigned int n, unsigned int *val)
{
	unsigned int bytes = n <= BIT(8) ? 1 : n <= BIT(16) ? 2 : 4;

	if (input_end - input < bytes) {
		input = input_end;
		return false;
	}
	for (*val = 0; bytes; bytes--)
		*val = *val << 8 | *input++;
	*val %= n;
	return true;
}

/* Has the task that runs had its turn? */
bool rnd_switch(void)
{
	if (!has_input || input == input_end)
		return !rnd(4);
	if (turn) {
		turn--;
		return false;
	}
	turn = *--input_end;
	next_task = turn % 4;
	turn /= 4;
	return true;
}

unsigned int rnd_task(unsigned int n)
{
	return has_input && input < input_end ? next_task++ % n : rnd(n);
}

/* splitmix64 */
unsigned int rnd(unsigned int n)
{
	unsigned long z;
	unsigned int val;

	if (has_input && from_input(n, &val))
		return val;
	z = rnd_state += 0x9e3779b97f4a7c15UL;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return (z ^ z >> 31) % n;
}

void (*unit_on_fail)(void);

static void say_more(void)
{
	void (*fn)(void) = unit_on_fail;

	unit_on_fail = NULL;
	if (fn)
		fn();
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list ap;

	fprintf(stderr, "  %s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	say_more();
	abort();
}

void unit_exit(void)
{
#ifdef UNIT_GCOV
	__gcov_dump();
#endif
	_exit(0);
}

#ifndef UNIT_FUZZ	/* the fuzzer has a main() */
static bool run_case(const struct unit_case *c)
{
	const struct rlimit limit = { .rlim_cur = 60, .rlim_max = 60 };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/*
		 * A deadlock is a failure, too.  Threads that wait spin, so the limit
		 * is one of CPU time, which does not depend on the machine's load.
		 */
		setrlimit(RLIMIT_CPU, &limit);
#ifdef __SANITIZE_ADDRESS__
		__sanitizer_set_death_callback(say_more);
#endif
		c->run();
		unit_exit();
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const struct unit_case *const all[] = {
		hcall_cases, model_cases, fault_cases, tce_cases,
		ppc970_cases, core_cases, trip_cases, dirty_cases, module_cases, memory_cases,
		thread_cases, fuzz_cases,
	};
	int passed = 0, failed = 0, skipped = 0;
	const struct unit_case *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (c = all[i]; c->name; c++) {
			if (argc > 1 && !strstr(c->name, argv[1])) {
				skipped++;
				continue;
			}
			if (run_case(c)) {
				passed++;
				printf("PASS  %s  %s\n", VARIANT, c->name);
			} else {
				failed++;
				printf("FAIL  %s  %s\n", VARIANT, c->name);
			}
		}
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
#endif
