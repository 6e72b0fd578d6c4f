// SPDX-License-Identifier: GPL-2.0
/*
 * usage: pester ROUNDS PROGRAM ARG...
 *
 * Run a VMM and send a signal to one of its threads, whichever, after random
 * times, ROUNDS times or until it ends.  SIGUSR1 is what QEMU and kvm-hv bring
 * a vcpu out of KVM_RUN with.  Exits with the status of the program; fails if
 * it ended too soon for half of the rounds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TASKS 64

static int tasks_of(pid_t pid, int *tid)
{
	char name[64];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	d = opendir(name);
	if (!d)
		return 0;
	while ((e = readdir(d)) && n < MAX_TASKS)
		if (atoi(e->d_name) > 0)
			tid[n++] = atoi(e->d_name);
	closedir(d);
	return n;
}

/* Not the first thread, nor before there are others */
static int pester(pid_t pid, unsigned int *sent)
{
	int tid[MAX_TASKS];
	int n = tasks_of(pid, tid);
	int i;

	if (n < 2)
		return 0;
	i = random() % n;
	if (tid[i] == pid)
		return 0;
	if (syscall(SYS_tgkill, pid, tid[i], SIGUSR1) == 0)
		++*sent;
	return 1;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? atoi(argv[1]) : 0, sent = 0;
	int status;
	pid_t pid;

	if (!rounds) {
		printf("usage: pester ROUNDS PROGRAM ARG...\n");
		return 1;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	sleep(1);
	while (sent < rounds) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			goto ended;
		pester(pid, &sent);
		usleep(random() % 20000);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
ended:
	printf("pester: %u of %u signals sent\n", sent, rounds);
	if (!WIFEXITED(status) || sent < rounds / 2)
		return 1;
	return WEXITSTATUS(status);
}
