// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: hostile users of /dev/kvm.
 *
 *   hostile [-OP|OP] ...
 *
 * Seed and seconds are hostile_seed= and hostile_seconds= on the host's command line.
 *
 * A user is a process without privileges.  Eight of its threads call KVM and change
 * their memory at random, most of the time with arguments that are right or nearly so
 * (hostile_calls.c), and have guests that are no better (hostile_guest.c).  After some
 * calls it ends, by itself or killed, with or without cleaning up, and the next one
 * comes.  Nothing may be left of it then: no process, no VM, no memory; and the host's
 * log must not be flooded.  What else is wrong the host's log says.
 *
 * The same seed makes the same calls; how threads and guests mix is up to the machine,
 * and always the same with -icount.
 *
 * -OP switches an operation off; OP ... leaves only these on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "lib.h"

/* How long a user lasts: some calls, however busy the machine is */
#define USER_CALLS	1000
#define USER_MS		30000
#define END_MS		120000	/* how long one may take to end, on a busy machine */
/* Longer than a busy machine may make anything take */
#define HUNG_SECONDS	"60"
#define UID		1000
#define MAX_FILES	400
#define MAX_PROCESSES	32
#define MAX_LOCKED	(512UL << 20)
#define GROUP		"/sys/fs/cgroup/hostile"
#define MAX_MEMORY	"512M"

/* After as many calls of a kind, one must have been right, whatever the machine does */
#define MANY_CALLS	300

/* What the host may lack afterwards, in KiB: caches of its own */
#define LOST_FREE	8192
#define LOST_SLAB	4096

/* The kernel's limit for a message is ten in five seconds; this is one for bursts of two */
#define LOG_LINES	25
#define LOG_MS		5000
#define MAX_KINDS	256

/* Of another process of the host */
#define CANARY_PAGES	64
#define CANARY_TURN	4	/* are given back while it sleeps */
#define MAX_WRONG	20	/* lines about them */

__thread struct thread *me;
struct seen *seen;
bool limited;
int page;

static struct thread threads[NR_THREADS];
static uint64_t seed;
static int stop;

#define fail(fmt, ...) do {						\
	failed++;							\
	printf("FAIL " fmt "\n", ##__VA_ARGS__);			\
} while (0)

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

static bool write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (!done)
		perror(name);
	if (fd >= 0)
		close(fd);
	return done;
}

/* ---- memory that is not a guest's ---- */

bool count_wrong(void)
{
	return __atomic_fetch_add(&seen->wrong, 1, __ATOMIC_RELAXED) < MAX_WRONG;
}

void fill_pages(uint8_t *at, uint64_t size, uint64_t mark)
{
	uint64_t *p = (uint64_t *)at;

	for (uint64_t i = 0; i < size / sizeof(*p); i++)
		p[i] = mark + i;
}

bool check_pages(const char *what, const uint8_t *at, uint64_t size, uint64_t mark)
{
	const uint64_t *p = (const uint64_t *)at;

	for (uint64_t i = 0; i < size / sizeof(*p); i++) {
		if (p[i] == mark + i)
			continue;
		wrong("memory %s: %#lx at offset %#lx, not %#lx", what, p[i], i * sizeof(*p),
		      mark + i);
		return false;
	}
	return true;
}

/* ---- random numbers ---- */

uint64_t rnd(void)
{
	uint64_t x = me->rng;

	/* xorshift64* */
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	me->rng = x;
	return x * 0x2545f4914f6cdd1dUL;
}

uint64_t below(uint64_t n)
{
	return (rnd() >> 11) % n;
}

bool one_in(unsigned int n)
{
	return !below(n);
}

uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 7, 8, 0xff, 0xfff, 0x1000, 0x1001, 0xffff, 0x10000, 0x10001, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 1UL << 40, 1UL << 46, 1UL << 59, 1UL << 60,
		1UL << 62, 0x7fffffffffff0000, 0x7fffffffffffffff, 1UL << 63, ~0xffffUL, ~0UL - 1,
		~0UL,
	};
	const uint64_t v = edges[below(ARRAY_SIZE(edges))];

	switch (below(6)) {
	case 0:
		return rnd();
	case 1:
		return 1UL << below(64);
	case 2:
		return v + below(16) - 8;
	default:
		return v;
	}
}

uint64_t maybe(uint64_t v)
{
	return one_in(24) ? edge() : v;
}

/* Any two seeds far apart; never 0, with which the generator would stand still */
static uint64_t seed_of(uint64_t user, uint64_t thread, uint64_t life)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15UL + user * 0xbf58476d1ce4e5b9UL +
		     thread * 0x94d049bb133111ebUL + life * 0xd6e8feb86659fd93UL;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9UL;
	return x ^ x >> 29 ?: 1;
}

/* ---- a user ---- */

static unsigned long all_calls(void)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < nr_ops; i++)
		sum += __atomic_load_n(&seen->calls[i], __ATOMIC_RELAXED);
	return sum;
}

static void no_action(int sig)
{
}

static void no_memory(int sig)
{
	if (!me || !me->can_jump)
		abort();
	me->can_jump = false;
	siglongjmp(me->out, 1);
}

static void choose_op(void)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < nr_ops; i++)
		sum += ops[i].weight;
	at = below(sum);
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	me->nr = i;
	me->op = ops[i].name;
}

static void make_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };

	event._sigev_un._tid = gettid();
	me->has_timer = !timer_create(CLOCK_MONOTONIC, &event, &me->timer);
}

static void *run_thread(void *arg)
{
	me = arg;
	make_timer();
	me->left = 20 + below(1000);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && me->left--) {
		choose_op();
		if (sigsetjmp(me->out, 1))
			continue;
		me->can_jump = true;
		ops[me->nr].fn();
		me->can_jump = false;
	}
	if (me->has_timer)
		timer_delete(me->timer);
	__atomic_store_n(&me->state, THREAD_ENDS, __ATOMIC_RELEASE);
	return NULL;
}

static void start_thread(unsigned int i, uint64_t user)
{
	static uint64_t lives[NR_THREADS];
	struct thread *t = &threads[i];

	memset(t, 0, sizeof(*t));
	t->rng = seed_of(user, 1 + i, ++lives[i]);
	t->state = THREAD_RUNS;
	if (pthread_create(&t->id, NULL, run_thread, t))
		t->state = THREAD_NONE;	/* too many processes just now */
}

/* Threads that have ended leave what they had; others come in their place */
static unsigned int look_after_threads(uint64_t user)
{
	unsigned int i, alive = 0;

	for (i = 0; i < NR_THREADS; i++) {
		struct thread *t = &threads[i];
		int state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE);

		if (state == THREAD_ENDS) {
			pthread_join(t->id, NULL);
			t->state = THREAD_NONE;
			state = THREAD_NONE;
		}
		if (state == THREAD_NONE && !stop)
			start_thread(i, user);
		if (state == THREAD_RUNS)
			alive++;
	}
	return alive;
}

static void send_signal(unsigned int i)
{
	if (__atomic_load_n(&threads[i].state, __ATOMIC_ACQUIRE) == THREAD_RUNS)
		pthread_kill(threads[i].id, SIGUSR1);
}

static void prepare_process(void)
{
	const struct rlimit files = { MAX_FILES, MAX_FILES }, locked = { MAX_LOCKED, MAX_LOCKED };
	const struct rlimit processes = { MAX_PROCESSES, MAX_PROCESSES };
	struct sigaction user = { .sa_handler = no_action };
	struct sigaction memory = { .sa_handler = no_memory, .sa_flags = SA_NODEFER };

	setpgid(0, 0);
	if (limited)
		write_file(GROUP "/cgroup.procs", "0");
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_MEMLOCK, &locked);
	setrlimit(RLIMIT_NPROC, &processes);
	sigaction(SIGUSR1, &user, NULL);
	sigaction(SIGSEGV, &memory, NULL);
	sigaction(SIGBUS, &memory, NULL);
	signal(SIGCHLD, SIG_IGN);
	if (setresgid(UID, UID, UID) || setresuid(UID, UID, UID))
		perror("setresuid");
}

/* How a user ends */
enum end { END_TIDY, END_EXIT, END_EXEC, END_KILLED, NR_ENDS };

/* All threads, by signals only: one that goes on is a fault of the host */
static void stop_threads(uint64_t user)
{
	const uint64_t limit = now_ms() + END_MS;
	unsigned int i, alive;

	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	while ((alive = look_after_threads(user)) && now_ms() < limit) {
		for (i = 0; i < NR_THREADS; i++)
			send_signal(i);
		usleep(5000);
	}
	for (i = 0; i < NR_THREADS && alive; i++)
		if (threads[i].state == THREAD_RUNS)
			printf("hostile: thread %u is in %s, ioctl %#lx(%#lx) of %d\n", i,
			       threads[i].op, threads[i].req, threads[i].arg, threads[i].fd);
	fflush(stdout);
	seen->stuck = alive;
}

static void be_user(uint64_t user, enum end end)
{
	struct thread first = { .rng = seed_of(user, 0, 0) };
	const uint64_t limit = now_ms() + USER_MS;
	const unsigned long before = all_calls();

	me = &first;
	prepare_process();
	prepare_user();
	while (all_calls() - before < USER_CALLS && now_ms() < limit) {
		look_after_threads(user);
		send_signal(below(NR_THREADS));
		usleep(1000 + below(8000));
	}
	switch (end) {
	case END_TIDY:
		stop_threads(user);
		if (seen->stuck)
			pause();	/* to be looked at */
		close_all();
		_exit(0);
	case END_EXEC:
		execl("/proc/self/exe", "hostile", "end", NULL);
		_exit(1);
	case END_KILLED:
		for (;;) {
			look_after_threads(user);
			usleep(1000);
		}
	default:
		_exit(0);
	}
}

/* ---- what the host says ---- */

/* Lines that differ in numbers only are one kind */
static struct kind {
	char text[96];
	uint64_t since;
	unsigned int lines, all;
} kinds[MAX_KINDS];

static void count_line(const char *line)
{
	char text[sizeof(kinds[0].text)];
	unsigned int i, n = 0;
	uint64_t now = now_ms();

	for (; *line && n < sizeof(text) - 1; line++) {
		if (!strchr("0123456789abcdefx", *line))
			text[n++] = *line;
		else if (!n || text[n - 1] != '#')
			text[n++] = '#';
	}
	text[n] = 0;
	for (i = 0; i < MAX_KINDS - 1 && kinds[i].text[0]; i++)
		if (!strcmp(kinds[i].text, text))
			break;
	strcpy(kinds[i].text, text);
	if (now - kinds[i].since > LOG_MS) {
		kinds[i].since = now;
		kinds[i].lines = 0;
	}
	kinds[i].all++;
	if (++kinds[i].lines == LOG_LINES)
		fail("%u lines in %u ms like \"%s\"", LOG_LINES, LOG_MS, text);
}

static void read_log(int fd)
{
	char buf[2048], *text;
	ssize_t n;

	for (;;) {
		n = read(fd, buf, sizeof(buf) - 1);
		if (n < 0 && errno == EPIPE) {
			fail("lines of the log were lost before they could be read");
			continue;
		}
		if (n <= 0)
			return;
		buf[n] = 0;
		text = strchr(buf, ';');
		if (!text)
			continue;
		text[1 + strcspn(text + 1, "\n")] = 0;
		count_line(text + 1);
	}
}

/* Only what comes from now on */
static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0) {
		perror("/dev/kmsg");
		exit(1);
	}
	return fd;
}

/* KiB */
static long memory_of(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			kib = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return kib;
}

static bool lockdep_is_on(void)
{
	FILE *f = fopen("/proc/lockdep_stats", "r");
	char line[128];
	int on = 1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, " debug_locks: %d", &on);
	if (f)
		fclose(f);
	return on;
}

struct memory {
	long free, slab;
};

/* KiB that CPUs keep for themselves, which MemFree does not count: also huge pages */
static long on_cpus(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long n, pages = 0;
	char line[256];

	if (!f) {
		perror("/proc/zoneinfo");
		exit(1);
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct memory look_at_memory(void)
{
	struct memory m;

	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
	usleep(200000);
	m.free = memory_of("MemFree") + on_cpus();
	m.slab = memory_of("Slab");
	return m;
}

/* Have the allocator look at what has not been allocated since it was freed */
static void look_at_slabs(void)
{
	unsigned int i;
	glob_t files;
	int fd;

	if (glob("/sys/kernel/slab/kmalloc-*/validate", 0, NULL, &files)) {
		fail("no slab caches");
		return;
	}
	for (i = 0; i < files.gl_pathc; i++) {
		fd = open(files.gl_pathv[i], O_WRONLY);
		if (fd < 0)
			continue;
		(void)!write(fd, "1", 1);	/* fails for a cache without debugging */
		close(fd);
	}
	globfree(&files);
}

/*
 * As others of the host's processes do, it takes memory, gives some back and takes other.
 * No user of KVM may change what is in it.
 */
static void be_canary(void)
{
	struct thread self = { .rng = seed_of(~0UL, 0, 0) };
	uint64_t marks[CANARY_PAGES] = { 0 };
	unsigned int i, n, first = 0;
	uint8_t *mem;

	me = &self;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mem = must_map("canary", mmap(NULL, CANARY_PAGES * PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	madvise(mem, CANARY_PAGES * PAGE, MADV_NOHUGEPAGE);
	for (;;) {
		for (i = 0; i < CANARY_TURN; i++) {
			n = (first + i) % CANARY_PAGES;
			marks[n] = rnd() | 1;
			fill_pages(mem + n * PAGE, PAGE, marks[n]);
		}
		first += CANARY_TURN;
		for (i = 0; i < CANARY_TURN; i++) {
			n = (first + i) % CANARY_PAGES;
			if (marks[n])
				check_pages("of another process", mem + n * PAGE, PAGE, marks[n]);
			madvise(mem + n * PAGE, PAGE, MADV_DONTNEED);
		}
		seen->watched += CANARY_TURN;
		usleep(1000 + below(2000));
	}
}

static pid_t start_canary(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		be_canary();
	check("canary", pid, 0);
	return pid;
}

static void end_canary(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG))
		fail("the canary has died");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	printf("hostile: canary: %lu pages right or wrong\n", seen->watched);
}

/* Each VM has a folder in debugfs, by process and descriptor */
static int count_vms(void)
{
	DIR *d = opendir("/sys/kernel/debug/kvm");
	struct dirent *e;
	int n = 0;

	if (!d) {
		perror("debugfs");
		exit(1);
	}
	while ((e = readdir(d)))
		n += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	closedir(d);
	return n;
}

/* ---- users, one after the other ---- */

static void show_file(int pid, const char *task, const char *name)
{
	char path[64], buf[4096];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", pid, task, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	printf("%s:\n%s\n", path, buf);
	if (fd >= 0)
		close(fd);
}

/* Where its threads are in the kernel */
static void show_tasks(int pid)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		show_file(pid, e->d_name, "stack");
	}
	if (d)
		closedir(d);
	fflush(stdout);
}

/* True if the process, or its group, has ended by @limit and the call number @calls */
static bool wait_for(pid_t pid, uint64_t limit, unsigned long calls, int log)
{
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			fail("a user had signal %d, which no call of it sends",
			     WTERMSIG(status));
		if (pid > 0 ? got == pid : got < 0 && errno == ECHILD)
			return true;
		read_log(log);
		if (seen->stuck || now_ms() > limit || all_calls() >= calls)
			return false;
		usleep(20000);
	}
}

/* False if the host is not fit for another one */
static bool one_user(uint64_t user, int log)
{
	enum end end = seed_of(user, 0, 1) % NR_ENDS;
	uint64_t limit;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		be_user(user, end);
	/* Killed at any time, in the middle of its first steps too */
	if (end == END_KILLED) {
		if (wait_for(pid, now_ms() + USER_MS,
			     all_calls() + seed_of(user, 0, 2) % USER_CALLS, log))
			return false;
		kill(pid, SIGKILL);
	}
	limit = now_ms() + USER_MS + 2 * END_MS;
	if (!wait_for(pid, limit, ULONG_MAX, log)) {
		fail("user %lu does not end: %u threads", user, seen->stuck);
		show_tasks(pid);
		return false;
	}
	kill(-pid, SIGKILL);
	if (!wait_for(-pid, now_ms() + END_MS, ULONG_MAX, log)) {
		fail("children of user %lu do not end", user);
		return false;
	}
	for (limit = now_ms() + END_MS; count_vms() && now_ms() < limit;)
		usleep(20000);
	if (count_vms()) {
		fail("VMs of user %lu are left: %d", user, count_vms());
		return false;
	}
	look_at_slabs();
	return true;
}

/*
 * What a user may never come to: a huge page that is mapped in small ones, because the
 * rights of one differ, is split by madvise().
 */
static void split_huge_page(void)
{
	const size_t size = 16UL << 20;
	uint8_t *p = must_map("memory", mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint8_t *huge = p + (-(uintptr_t)p & (size - 1));

	if (!madvise(huge, size, MADV_HUGEPAGE)) {
		*huge = 1;
		mprotect(huge + size / 2, getpagesize(), PROT_READ);
		check("MADV_FREE", madvise(huge, size / 2, MADV_FREE), 0);
	}
	munmap(p, 2 * size);
}

/*
 * And what few guests come to: one whose interrupt vector begins with an instruction that
 * causes the interrupt.  It completes no instruction, and a signal ends it all the same.
 */
static void trap_for_ever(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	const struct sigaction alarm = { .sa_handler = no_action };
	const uint32_t trap = 0x7c800008;	/* tweq r0,r0 */
	const uint64_t nothing = 0;
	struct kvm_allocate_rma rma = { .rma_size = RAM_SIZE };
	bool area = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_RMA) == 2;
	int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	struct vm vm;
	uint8_t *mem;

	open_vm(&vm, VM_HV);
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	if (area) {
		fd = ioctl(vm.fd, KVM_ALLOCATE_RMA, &rma);
		flags = MAP_SHARED;
	}
	mem = must_map("guest", mmap(NULL, rma.rma_size, PROT_READ | PROT_WRITE, flags, fd, 0));
	put_code(mem + 0x700, &trap, 1);
	put_code(mem + G_CODE, &trap, 1);
	check("memory at 0", set_slot(&vm, 0, 0, mem, rma.rma_size, 0), 0);
	start_guest(&vm, G_CODE, 0, &nothing, 1);
	sigaction(SIGALRM, &alarm, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	check("a guest that traps for ever", ioctl(vm.vcpu, KVM_RUN, 0), EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	close_vm(&vm);
	munmap(mem, rma.rma_size);
	if (area)
		close(fd);
}

/*
 * Without a control group users may have what memory there is, so their VMs stay small.
 * When all of it is used the kernel ends one of their processes, and may say so.
 */
static void make_group(void)
{
	if (mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) && errno != EBUSY) {
		printf("hostile: no control groups\n");
		return;
	}
	mkdir(GROUP, 0755);
	limited = write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory") &&
		  write_file(GROUP "/memory.max", MAX_MEMORY);
	write_file("/proc/sys/vm/oom_dump_tasks", "0");
}

static bool has_word(int argc, char **argv, const char *sign, const char *name)
{
	for (; argc; argc--, argv++)
		if (!strncmp(*argv, sign, strlen(sign)) && !strcmp(*argv + strlen(sign), name))
			return true;
	return false;
}

static void use_words(int argc, char **argv)
{
	const bool only = argc && argv[0][0] != '-';

	for (unsigned int i = 0; i < nr_ops; i++)
		if (only ? !has_word(argc, argv, "", ops[i].name) :
			   has_word(argc, argv, "-", ops[i].name))
			ops[i].weight = 0;
}

static void report(const struct memory *before)
{
	struct memory after = look_at_memory();
	unsigned int i;

	for (i = 0; i < nr_ops; i++) {
		printf("hostile: %s %lu calls, %lu done\n", ops[i].name, seen->calls[i],
		       seen->done[i]);
		/* One that never does anything tests nothing */
		if (seen->calls[i] >= MANY_CALLS && !seen->done[i])
			fail("%s: all calls were refused", ops[i].name);
	}
	for (i = 0; i < MAX_KINDS; i++)
		if (kinds[i].all)
			printf("hostile: log: %u times %s\n", kinds[i].all, kinds[i].text);
	printf("hostile: %lu calls, %lu of KVM_RUN, %lu back with an hcall, %lu with MMIO\n",
	       all_calls(), seen->runs, seen->hcalls, seen->mmio);
	printf("hostile: %lu HPTEs in the streams\n", seen->hptes);
	printf("hostile: free memory %ld KiB, %ld before; slabs %ld KiB, %ld before\n",
	       after.free, before->free, after.slab, before->slab);
	if (before->free - after.free > LOST_FREE)
		fail("memory is lost");
	if (after.slab - before->slab > LOST_SLAB)
		fail("slabs are lost");
}

/* The kernel gives init the words it does not know as its environment */
static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	struct memory before = { 0 };
	unsigned long users = 0;
	uint64_t begin, end;
	pid_t canary;
	int log;

	if (argc == 2 && !strcmp(argv[1], "end"))
		return 0;	/* what a user becomes that ends by exec() */
	page = getpagesize();
	seed = number("hostile_seed", 1);
	end = number("hostile_seconds", 10);
	printf("hostile: seed %lu, %lu seconds\n", seed, end);
	begin = now_ms();
	end = begin + 1000 * end;
	use_words(argc - 1, argv + 1);
	write_file("/proc/sys/kernel/hung_task_timeout_secs", HUNG_SECONDS);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	seen = must_map("shared", mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	make_group();
	log = open_log();
	open_kvm();
	split_huge_page();
	trap_for_ever();
	canary = start_canary();
	do {
		if (!one_user(users, log))
			break;
		users++;
		printf("hostile: %lu users, %lu calls, %lu ms\n", users, all_calls(),
		       now_ms() - begin);
		/* The first one fills caches that stay */
		if (users == 2)
			before = look_at_memory();
		read_log(log);
	} while (now_ms() < end || users < 3);
	if (users > 2)
		report(&before);
	end_canary(canary);
	failed += seen->wrong;
	if (!lockdep_is_on())
		fail("lockdep has turned itself off");
	printf("hostile: seed %lu, %lu users, %d faults\n", seed, users, failed);
	fflush(stdout);
	return failed != 0;
}
