// SPDX-License-Identifier: GPL-2.0
/*
 * Init of the emulated big-endian host, where no distribution has programs:
 * loads the modules named in /modules/order, then obeys the lines of
 * /job/script, or of the console if there is none, and powers off.
 *
 *   cat FILE...         ls FOLDER           echo TEXT...
 *   write FILE TEXT     sleep SECONDS       expect FILE TEXT (a line has it)
 *   insmod FILE         rmmod NAME          run PROGRAM ARG... (a static one)
 *   ! COMMAND           true if it fails    exit
 *
 * A job ends at its first failing line.  "@@job exit N" tells the runner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 32
#define SPACE " \t\r\n"

static int complain(const char *what, const char *name)
{
	printf("%s %s: %s\n", what, name, strerror(errno));
	return 1;
}

static int do_cat(const char *name)
{
	char buf[4096];
	ssize_t n;
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		return complain("cat", name);
	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			break;
	close(fd);
	return n < 0 ? complain("cat", name) : 0;
}

static int do_ls(const char *name)
{
	DIR *d = opendir(name);
	struct dirent *e;

	if (!d)
		return complain("ls", name);
	while ((e = readdir(d)))
		printf("%s\n", e->d_name);
	closedir(d);
	return 0;
}

static int do_expect(const char *name, const char *text)
{
	char line[1024];
	FILE *f = fopen(name, "r");

	if (!f)
		return complain("expect", name);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, text)) {
			printf("%s: %s", name, line);
			fclose(f);
			return 0;
		}
	}
	fclose(f);
	printf("expect: no line of %s has '%s'\n", name, text);
	return 1;
}

static int do_write(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	ssize_t len = strlen(text);

	if (fd < 0)
		return complain("write", name);
	if (write(fd, text, len) != len) {
		complain("write", name);
		close(fd);
		return 1;
	}
	close(fd);
	return 0;
}

static int do_insmod(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return complain("insmod", name);
	rc = syscall(SYS_finit_module, fd, "", 0);
	if (rc)
		complain("insmod", name);
	else
		printf("@@stage module loaded: %s\n", name);
	close(fd);
	return rc ? 1 : 0;
}

static int do_run(char **argv)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(complain("run", argv[0]) + 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return complain("run", argv[0]);
	if (WIFSIGNALED(status)) {
		printf("run %s: signal %d\n", argv[0], WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

static int obey(int n, char **w)
{
	int i, rc = 0;

	if (n == 0 || w[0][0] == '#')
		return 0;
	if (!strcmp(w[0], "!"))
		return !obey(n - 1, w + 1);
	if (!strcmp(w[0], "echo")) {
		for (i = 1; i < n; i++)
			printf("%s%s", w[i], i < n - 1 ? " " : "");
		printf("\n");
	} else if (!strcmp(w[0], "cat")) {
		for (i = 1; i < n; i++)
			rc |= do_cat(w[i]);
	} else if (!strcmp(w[0], "ls")) {
		rc = do_ls(n > 1 ? w[1] : "/");
	} else if (!strcmp(w[0], "write") && n == 3) {
		rc = do_write(w[1], w[2]);
	} else if (!strcmp(w[0], "expect") && n == 3) {
		rc = do_expect(w[1], w[2]);
	} else if (!strcmp(w[0], "sleep") && n == 2) {
		sleep(atoi(w[1]));
	} else if (!strcmp(w[0], "insmod") && n == 2) {
		rc = do_insmod(w[1]);
	} else if (!strcmp(w[0], "rmmod") && n == 2) {
		if (syscall(SYS_delete_module, w[1], O_NONBLOCK))
			rc = complain("rmmod", w[1]);
	} else if (!strcmp(w[0], "run") && n > 1) {
		rc = do_run(w + 1);
	} else {
		printf("%s: no such command, or wrong number of words\n", w[0]);
		rc = 127;
	}
	return rc;
}

static int obey_lines(FILE *f, int job)
{
	char line[1024];
	int rc = 0;

	for (;;) {
		char *w[MAX_WORDS + 1], *s;
		int n = 0;

		if (!job) {
			printf("host# ");
			fflush(stdout);
		}
		if (!fgets(line, sizeof(line), f))
			break;
		s = strtok(line, SPACE);
		for (; s && n < MAX_WORDS; s = strtok(NULL, SPACE))
			w[n++] = s;
		w[n] = NULL;
		if (n && !strcmp(w[0], "exit"))
			break;
		rc = obey(n, w);
		if (rc && job) {
			printf("@@fail %s %s: %d\n", w[0], n > 1 ? w[1] : "", rc);
			break;
		}
	}
	return rc;
}

static int load_modules(void)
{
	char line[256], path[512];
	FILE *f = fopen("/modules/order", "r");
	int rc = 0;

	if (!f)
		return 0;
	while (!rc && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof(path), "/modules/%s", line);
		if (strcmp(line, "kvm-pr.ko"))
			rc = do_insmod(path);
	}
	fclose(f);
	return rc;
}

int main(void)
{
	const char *nomod = getenv("modules");
	FILE *job;
	int fd, rc = 0;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("@@stage host is up\n");
	do_cat("/proc/version");
	do_cat("/proc/cpuinfo");
	if (!nomod || strcmp(nomod, "no"))
		rc = load_modules();
	job = fopen("/job/script", "r");
	if (!rc)
		rc = obey_lines(job ? job : stdin, !!job);
	if (job || rc)
		printf("\n@@job exit %d\n", rc);
	fflush(stdout);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
	return 0;
}
