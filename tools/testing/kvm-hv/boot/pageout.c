// SPDX-License-Identifier: GPL-2.0
/*
 * usage: pageout PID MIB
 *
 * Push out the memory of process PID: every anonymous mapping of at least MIB
 * mebibytes is handed to process_madvise(MADV_PAGEOUT).  Prints how much.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif

int main(int argc, char **argv)
{
	unsigned long start, end, inode, min, done = 0;
	char name[64], line[512], perms[8];
	int pidfd;
	FILE *maps;

	if (argc != 3) {
		fprintf(stderr, "usage: pageout PID MIB\n");
		return 2;
	}
	min = strtoul(argv[2], NULL, 0) << 20;
	pidfd = syscall(__NR_pidfd_open, atoi(argv[1]), 0);
	snprintf(name, sizeof(name), "/proc/%s/maps", argv[1]);
	maps = fopen(name, "r");
	if (pidfd < 0 || !maps) {
		fprintf(stderr, "pageout: process %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s %*x %*s %lu", &start, &end, perms, &inode) != 4 ||
		    inode || end - start < min)
			continue;
		while (start < end) {
			unsigned long len = end - start > 16 << 20 ? 16 << 20 : end - start;
			struct iovec iov = { (void *)start, len };
			long n = syscall(__NR_process_madvise, pidfd, &iov, 1, MADV_PAGEOUT, 0);

			if (n < 0) {
				fprintf(stderr, "pageout: %lx: %s\n", start, strerror(errno));
				return 1;
			}
			done += n;
			start += len;
		}
	}
	printf("pageout: asked for %lu MiB\n", done >> 20);
	return done ? 0 : 1;
}
