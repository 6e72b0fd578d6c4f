// SPDX-License-Identifier: GPL-2.0
/*
 * Init where no distribution has programs: of the emulated big-endian host,
 * and of guests of either byte order.  It loads the modules named in
 * /modules/order, then obeys lines and powers off.  The lines are those of
 * /job/script, or of $cmd (from the kernel's command line, separated by ";"),
 * or of the console.
 *
 *   cat FILE...         ls FOLDER           echo TEXT...
 *   write FILE TEXT     sleep SECONDS       expect FILE TEXT (a line has it)
 *   insmod FILE         rmmod NAME          run PROGRAM ARG... (a static one)
 *   mount TYPE FOLDER   reboot              exit
 *   ! COMMAND           true if it fails
 *   together N PROGRAM ARG...    N of them at the same time
 *   guest NAME PROGRAM ARG...    a VMM: its lines are marked "NAME| ", true if
 *                       it exits with 0 and its guest said "@@guest exit 0"
 *   output NAME TEXT PROGRAM ARG...  the same, true if a line has TEXT
 *
 * "..." or '...' around words makes them one.  It ends at the first line that fails.
 * "@@job exit N" (with $cmd "@@guest exit N") tells the runner.
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

#define MAX_WORDS 64
#define MAX_TOGETHER 16
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

static int wait_for(pid_t pid, const char *name)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return complain("run", name);
	if (WIFSIGNALED(status)) {
		printf("run %s: signal %d\n", name, WTERMSIG(status));
		return 1;
	}
	return WEXITSTATUS(status);
}

static pid_t start(char **argv)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(complain("run", argv[0]) + 126);
	}
	return pid;
}

static int do_together(int n, char **argv)
{
	pid_t pid[MAX_TOGETHER];
	int i, rc = 0;

	if (n < 1 || n > MAX_TOGETHER)
		return 1;
	for (i = 0; i < n; i++)
		pid[i] = start(argv);
	for (i = 0; i < n; i++)
		rc |= wait_for(pid[i], argv[0]);
	return rc;
}

/* Runs a program with its lines marked; *seen: one of them has the text */
static int do_marked(const char *name, const char *text, char **argv, int *seen)
{
	char line[1024];
	int pipes[2];
	pid_t pid;
	FILE *f;

	*seen = 0;
	fflush(stdout);
	if (pipe(pipes))
		return complain("pipe", argv[0]);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		close(pipes[0]);
		execv(argv[0], argv);
		_exit(complain("run", argv[0]) + 126);
	}
	close(pipes[1]);
	f = fdopen(pipes[0], "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = 0;
		printf("%s| %s\n", name, line);
		*seen |= !!strstr(line, text);
	}
	if (f)
		fclose(f);
	return wait_for(pid, argv[0]);
}

static int obey(int n, char **w)
{
	int i, seen, rc = 0;

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
		rc = do_together(1, w + 1);
	} else if (!strcmp(w[0], "together") && n > 2) {
		rc = do_together(atoi(w[1]), w + 2);
	} else if (!strcmp(w[0], "guest") && n > 2) {
		rc = do_marked(w[1], "@@guest exit 0", w + 2, &seen);
		if (!rc && !seen)
			rc = 1;
	} else if (!strcmp(w[0], "output") && n > 3) {
		do_marked(w[1], w[2], w + 3, &seen);
		rc = !seen;
	} else if (!strcmp(w[0], "mount") && n == 3) {
		mkdir(w[2], 0755);
		if (mount(w[1], w[2], w[1], 0, NULL))
			rc = complain("mount", w[2]);
	} else if (!strcmp(w[0], "reboot") && n == 1) {
		reboot(RB_AUTOBOOT);
		rc = complain("reboot", "");
	} else {
		printf("%s: no such command, or wrong number of words\n", w[0]);
		rc = 127;
	}
	return rc;
}

/* Splits a line where it has spaces outside "..." and '...' */
static int split(char *s, char **w)
{
	int n = 0;

	for (;;) {
		s += strspn(s, SPACE);
		if (!*s || n == MAX_WORDS)
			break;
		if (*s == '"' || *s == '\'') {
			const char quote[] = { *s++, 0 };

			w[n++] = s;
			s += strcspn(s, quote);
		} else {
			w[n++] = s;
			s += strcspn(s, SPACE);
		}
		if (*s)
			*s++ = 0;
	}
	w[n] = NULL;
	return n;
}

static int obey_lines(FILE *f, const char *prompt)
{
	char line[2048];
	int rc = 0;

	for (;;) {
		char *w[MAX_WORDS + 1];
		int n;

		if (prompt) {
			printf("%s", prompt);
			fflush(stdout);
		}
		if (!fgets(line, sizeof(line), f))
			break;
		n = split(line, w);
		if (n && !strcmp(w[0], "exit"))
			break;
		rc = obey(n, w);
		if (rc && !prompt) {
			printf("@@fail %s %s: %d\n", w[0], n > 1 ? w[1] : "", rc);
			break;
		}
	}
	return rc;
}

/* The kernel's command line has one line only */
static FILE *lines_of(const char *cmd)
{
	FILE *f = tmpfile();

	for (; f && *cmd; cmd++)
		putc(*cmd == ';' ? '\n' : *cmd, f);
	if (f)
		rewind(f);
	return f;
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
	const char *nomod = getenv("modules"), *cmd = getenv("cmd");
	FILE *job;
	int fd, rc = 0;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (cmd) {
		printf("\n@@guest begin\n");
	} else {
		printf("@@stage host is up\n");
		do_cat("/proc/version");
		do_cat("/proc/cpuinfo");
	}
	if (!nomod || strcmp(nomod, "no"))
		rc = load_modules();
	job = cmd ? lines_of(cmd) : fopen("/job/script", "r");
	if (cmd && !job)
		rc = complain("tmpfile", "/tmp");
	if (!rc)
		rc = obey_lines(job ? job : stdin, job ? NULL : "# ");
	if (cmd)
		printf("@@guest exit %d\n", rc);
	else if (job || rc)
		printf("\n@@job exit %d\n", rc);
	fflush(stdout);
	sync();
	sleep(1);
	reboot(RB_POWER_OFF);
	return 0;
}
