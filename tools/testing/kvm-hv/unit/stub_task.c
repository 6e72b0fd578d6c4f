// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks, and locks that know their owners.
 *
 * A test may be one task, several threads (fake.threaded), or tasks that
 * tasks_run() runs in turn: these change places at every lock and wherever the
 * kernel may be preempted or another CPU may come between, as the random numbers
 * will have it.  So a seed tells all that happens.
 */
#include <sched.h>
#include <stdint.h>
#include <ucontext.h>
#include "unit.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void **save, const void *stack, size_t size)
{
}

static void __sanitizer_finish_switch_fiber(void *save, const void **stack, size_t *size)
{
}
#endif

#define MAX_HELD	32
#define MAX_TASKS	8
#define STACK_SIZE	(128UL << 10)
/* No task got any further in so many turns: a deadlock */
#define MAX_WAITS	200000

struct task {
	struct task_struct ts;
	struct { const void *lock; unsigned int rank; } held[MAX_HELD];
	int nr_held;
	int atomic;		/* preemption off, so often */
	bool irqs_off;
	int srcu;
	unsigned long srcu_since;
	const void *waits;
	/* of tasks_run() */
	void (*fn)(void *arg);
	void *arg;
	void *stack;
	void *fake_stack;
	bool done;
	ucontext_t context;
};

static __thread struct task own;
static __thread struct task *me;
static struct task tasks[MAX_TASKS];
static int nr_tasks;
static ucontext_t scheduler;
static unsigned long srcu_clock, waits;

unsigned long jiffies;

static unsigned long tb;

unsigned long mftb(void)
{
	return fake.tb_stopped ? tb : (tb += 100);
}

void ticks_pass(unsigned long n)
{
	tb += n;
}

static struct task *self(void)
{
	return me ? me : &own;
}

struct task_struct *get_current(void)
{
	struct task *t = self();

	t->ts.mm = &fake.mm;
	return &t->ts;
}

/* Tasks that take turns */
static const void *main_stack;
static size_t main_stack_size;

static void task_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &main_stack, &main_stack_size);
	me->fn(me->arg);
	check(!me->nr_held && !me->atomic && !me->irqs_off && !me->srcu);
	me->done = true;
	__sanitizer_start_switch_fiber(NULL, main_stack, main_stack_size);
	swapcontext(&me->context, &scheduler);
}

static void switch_away(void)
{
	struct task *t = me;

	__sanitizer_start_switch_fiber(&t->fake_stack, main_stack, main_stack_size);
	swapcontext(&t->context, &scheduler);
	__sanitizer_finish_switch_fiber(t->fake_stack, &main_stack, &main_stack_size);
}

void task_new(void (*fn)(void *arg), void *arg)
{
	struct task *t = &tasks[nr_tasks++];

	check(nr_tasks <= MAX_TASKS);
	memset(t, 0, sizeof(*t));
	t->fn = fn;
	t->arg = arg;
	t->stack = malloc(STACK_SIZE);
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&t->context, task_main, 0);
}

void tasks_run(void (*between)(void))
{
	void *fake_stack = NULL;
	int left = nr_tasks, i;

	waits = 0;
	while (left) {
		i = rnd_task(nr_tasks);
		if (tasks[i].done)
			continue;
		me = &tasks[i];
		__sanitizer_start_switch_fiber(&fake_stack, me->stack, STACK_SIZE);
		swapcontext(&scheduler, &me->context);
		__sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
		if (me->done) {
			free(me->stack);
			left--;
		}
		me = NULL;
		if (between)
			between();
	}
	nr_tasks = 0;
}

/* Here another task may come in */
void sched_point(void)
{
	if (me && rnd_switch())
		switch_away();
}

void wait_for(const void *what)
{
	if (fake.threaded) {
		sched_yield();
		return;
	}
	if (waits++ > MAX_WAITS)
		fail("waits for ever");
	if (!me)
		return;
	me->waits = what;
	switch_away();
	me->waits = NULL;
}

/* Locks */
int locks_held(void)
{
	return self()->nr_held;
}

bool held_rank(unsigned int rank)
{
	const struct task *t = self();
	int i;

	for (i = 0; i < t->nr_held; i++)
		if (t->held[i].rank >= rank)
			return true;
	return false;
}

bool lock_is_held(const void *lock)
{
	const struct task *t = self();
	int i;

	for (i = 0; i < t->nr_held; i++)
		if (t->held[i].lock == lock)
			return true;
	return false;
}

void lock_assert(bool ok, const char *what)
{
	if (!ok)
		fail("not held: %s", what);
}

void may_wait_for(const void *lock, unsigned int rank)
{
	if (lock_is_held(lock))
		fail("waits for itself");
	if (rank && held_rank(rank))
		fail("lock of rank %u wanted with a later one held", rank);
	if (rank && rank < RANK_SPIN)
		might_sleep();
	sched_point();
}

void now_held(const void *lock, unsigned int rank)
{
	struct task *t = self();

	waits = 0;
	if (t->nr_held == MAX_HELD)
		fail("too many locks");
	t->held[t->nr_held].lock = lock;
	t->held[t->nr_held++].rank = rank;
}

void not_held(const void *lock)
{
	struct task *t = self();
	int i;

	for (i = 0; i < t->nr_held; i++) {
		if (t->held[i].lock == lock) {
			t->held[i] = t->held[--t->nr_held];
			return;
		}
	}
	fail("unlock of what this task did not lock");
}

void mutex_init(struct mutex *lock)
{
	*lock = (struct mutex){ };
}

void mutex_lock(struct mutex *lock)
{
	might_sleep();
	may_wait_for(lock, lock->rank);
	while (lock->owner)
		wait_for(lock);
	lock->owner = self();
	now_held(lock, lock->rank);
}

void mutex_unlock(struct mutex *lock)
{
	not_held(lock);
	check(lock->owner == self());
	lock->owner = NULL;
	sched_point();
}

void spin_lock(spinlock_t *lock)
{
	may_wait_for(lock, lock->rank);
	while (lock->owner)
		wait_for(lock);
	lock->owner = self();
	now_held(lock, lock->rank);
}

void spin_unlock(spinlock_t *lock)
{
	not_held(lock);
	check(lock->owner == self());
	lock->owner = NULL;
	sched_point();
}

void preempt_disable(void)
{
	self()->atomic++;
}

void preempt_enable(void)
{
	check(self()->atomic-- > 0);
	sched_point();
}

void local_irq_disable(void)
{
	self()->irqs_off = true;
}

void local_irq_enable(void)
{
	check(self()->irqs_off);
	self()->irqs_off = false;
	sched_point();
}

void might_sleep(void)
{
	if (held_rank(RANK_SPIN))
		fail("sleeps with a spinlock held");
	if (self()->atomic || self()->irqs_off)
		fail("sleeps with preemption off");
}

void cond_resched(void)
{
	might_sleep();
	if (fake.on_resched)
		fake.on_resched();
	sched_point();
}

bool need_resched(void)
{
	return !rnd(8);
}

void usleep_range(unsigned long from, unsigned long to)
{
	might_sleep();
	jiffies++;
	wait_for("usleep_range");
}

/* SRCU: readers that began before have to come to an end */
int srcu_read_lock(struct srcu_struct *srcu)
{
	struct task *t = self();

	if (!t->srcu++)
		t->srcu_since = srcu_clock;
	sched_point();
	return 0;
}

void srcu_read_unlock(struct srcu_struct *srcu, int idx)
{
	check(self()->srcu-- > 0);
	sched_point();
}

bool srcu_held(void)
{
	return self()->srcu;
}

void synchronize_srcu_expedited(struct srcu_struct *srcu)
{
	unsigned long now = srcu_clock++;
	int i;

	might_sleep();
	if (self()->srcu)
		fail("waits for its own srcu section");
	for (i = 0; i < nr_tasks; i++)
		while (tasks[i].srcu && tasks[i].srcu_since <= now)
			wait_for(srcu);
	sched_point();
}
