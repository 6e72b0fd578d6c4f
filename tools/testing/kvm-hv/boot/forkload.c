// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: a command, and beside it one process after the
 * other, each with memory of its own that it fills and checks.  So the host
 * invalidates translations all the time while a guest runs.
 *
 *   forkload COMMAND ARG...		its exit status, or 1 if memory was wrong
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK	(2UL << 20)
#define SELF	"/proc/self/exe"

/* What follows an exec: new memory, part of it given back in between */
static int child(uint64_t seed)
{
	size_t words = CHUNK / sizeof(uint64_t), i;
	uint64_t *mem;

	mem = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return 1;
	for (i = 0; i < words; i++)
		mem[i] = seed + i;
	madvise(mem, CHUNK / 2, MADV_DONTNEED);
	for (i = 0; i < words / 2; i++)
		if (mem[i])
			return 1;
	for (; i < words; i++)
		if (mem[i] != seed + i)
			return 1;
	return 0;
}

static int one(unsigned long n)
{
	char seed[32];
	int status;
	pid_t pid;

	snprintf(seed, sizeof(seed), "%lu", n << 32);
	pid = fork();
	if (!pid) {
		execl(SELF, "forkload", "--child", seed, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return status != 0;
}

int main(int argc, char **argv)
{
	unsigned long n = 0, wrong = 0;
	int status;
	pid_t pid;

	if (argc == 3 && !strcmp(argv[1], "--child"))
		return child(strtoull(argv[2], NULL, 10));
	if (argc < 2)
		return 2;

	pid = fork();
	if (!pid) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		wrong += one(++n);
	printf("forkload: %lu processes, %lu wrong\n", n, wrong);
	if (wrong || !n)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
