// SPDX-License-Identifier: GPL-2.0
/*
 * batch PROGRAM [ARGUMENT...]: run it in SCHED_BATCH, where a thread that is woken
 * waits for its turn.  Whether QEMU's main loop takes the processor from a vcpu
 * that woke it is the scheduler's affair, and twice as long as the rest of the path.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sched_param param = { 0 };

	if (argc < 2 || sched_setscheduler(0, SCHED_BATCH, &param)) {
		perror("batch");
		return 1;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 1;
}
