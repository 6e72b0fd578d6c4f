// SPDX-License-Identifier: GPL-2.0
/*
 * usage: memcheck MIB ROUNDS [PAUSE-SECONDS [fresh]]
 *
 * Fill MIB mebibytes with words that depend on address and round, read them
 * back after a pause, as often as ROUNDS says.  Exit 1 on the first wrong word.
 * fresh: other pages at the same addresses in each round.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t word(size_t i, unsigned int round)
{
	return (i + 1) * 0x9e3779b97f4a7c15ull ^ ((uint64_t)round << 48 | round);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? atoi(argv[2]) : 1, pause = argc > 3 ? atoi(argv[3]) : 0;
	size_t n = (argc > 1 ? strtoul(argv[1], NULL, 0) : 64) << 17, i;
	uint64_t *m = mmap(NULL, n * 8, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fresh = argc > 4 && !strcmp(argv[4], "fresh");
	unsigned int r;

	if (m == MAP_FAILED) {
		perror("memcheck: mmap");
		return 2;
	}
	for (r = 0; r < rounds; r++) {
		if (fresh && madvise(m, n * 8, MADV_DONTNEED)) {
			perror("memcheck: madvise");
			return 2;
		}
		for (i = 0; i < n; i++)
			m[i] = word(i, r);
		printf("memcheck: round %u written\n", r);
		fflush(stdout);
		sleep(pause);
		for (i = 0; i < n; i++) {
			uint64_t got = m[i];

			if (got != word(i, r)) {
				printf("memcheck: round %u: %p is %016llx, not %016llx\n",
				       r, (void *)&m[i], (unsigned long long)got,
				       (unsigned long long)word(i, r));
				return 1;
			}
		}
	}
	printf("memcheck: %zu MiB right in %u rounds\n", n >> 17, rounds);
	return 0;
}
