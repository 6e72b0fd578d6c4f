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

static __thread unsigned long rnd_state = 1;

void rnd_seed(unsigned long seed)
{
	rnd_state = seed * 2 + 1;
}

/* splitmix64 */
unsigned int rnd(unsigned int n)
{
	unsigned long z = rnd_state += 0x9e3779b97f4a7c15UL;

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
		_exit(0);
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
		thread_cases,
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
