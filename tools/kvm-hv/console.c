// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's terminal on standard input and output, and the main thread's
 * loop, which also keeps --timeout.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "kvm-hv.h"

#define CTRL_A		1
#define BUF_SIZE	4096
#define POLL_MS		100

static struct termios saved;
static char buf[BUF_SIZE];
static size_t head, count;

static void restore(void)
{
	tcsetattr(0, TCSANOW, &saved);
}

static void quit(int sig)
{
	restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The guest echoes and edits; Ctrl-C is its own */
void console_init(void)
{
	struct termios raw;

	if (tcgetattr(0, &saved))
		return;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	atexit(restore);
	signal(SIGTERM, quit);
	signal(SIGHUP, quit);
	tcsetattr(0, TCSANOW, &raw);
}

/* Everything else waits while our output takes no more */
void console_put(const void *data, size_t len)
{
	struct pollfd out = { .fd = 1, .events = POLLOUT };
	const char *p = data;

	while (len) {
		ssize_t n = write(1, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			poll(&out, 1, -1);
			continue;
		}
		if (n <= 0)
			return;
		p += n;
		len -= n;
	}
}

size_t console_get(void *data, size_t len)
{
	char *p = data;
	size_t n;

	for (n = 0; n < len && count; n++, count--) {
		p[n] = buf[head];
		head = (head + 1) % BUF_SIZE;
	}
	return n;
}

static void put_in(char c)
{
	if (count < BUF_SIZE)
		buf[(head + count++) % BUF_SIZE] = c;
}

/* Ctrl-A is ours; false at Ctrl-A x */
static bool typed(char c)
{
	static bool escape;

	if (!escape && c == CTRL_A) {
		escape = true;
		return true;
	}
	if (escape) {
		escape = false;
		if (c == 'x')
			return false;
		if (c != CTRL_A)
			put_in(CTRL_A);
	}
	put_in(c);
	return true;
}

/* False when there will be no more input */
static bool input(void)
{
	char in[256];
	ssize_t i, n;

	/* What does not fit waits in the kernel */
	n = read(0, in, BUF_SIZE - count < sizeof(in) ? BUF_SIZE - count : sizeof(in));
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	for (i = 0; i < n; i++) {
		if (!typed(in[i])) {
			vm_end(0);
			return false;
		}
	}
	xics_pulse(IRQ_CONSOLE);
	return true;
}

static void timed_out(void)
{
	unsigned int i;

	vcpus_pause();
	if (!vm.ended) {
		warn("--timeout %u: the guest is not done", config.timeout);
		for (i = 0; i < config.cpus; i++)
			vcpu_dump(&vm.cpus[i]);
		vm_end(124);
	}
	vcpus_resume();
}

static bool passed(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec >= config.timeout;
}

/* The main thread until the guest has ended */
void console_loop(void)
{
	struct timespec start;
	bool more = true;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pthread_mutex_lock(&vm.lock);
	while (!vm.ended) {
		struct pollfd in = { .fd = more && count < BUF_SIZE ? 0 : -1, .events = POLLIN };
		int n;

		pthread_mutex_unlock(&vm.lock);
		n = poll(&in, 1, POLL_MS);
		pthread_mutex_lock(&vm.lock);
		if (n > 0 && !vm.ended)
			more = input();
		if (config.timeout && passed(&start))
			timed_out();
	}
	pthread_mutex_unlock(&vm.lock);
}
