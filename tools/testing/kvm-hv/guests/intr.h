/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_INTR_H
#define GUEST_INTR_H

#include "lib.h"

#define DEC_MAX		0x7fffffffUL
#define NO_SUCH_CPU	0x7ffUL

static inline u64 ms(u64 n)
{
	return n * tb_hz / 1000;
}

static inline void irq_on(void)
{
	mtmsr(read_msr() | MSR_EE);
}

static inline void irq_off(void)
{
	mtmsr(read_msr() & ~MSR_EE);
}

static inline void wait(u64 ticks)
{
	u64 start = mftb();

	while (mftb() - start < ticks)
		barrier();
}

/* Wait with interrupts on until *what is at least n; false after a second */
bool wait_for(u64 *what, u64 n);

void test_xics(void);		/* intr_xics.c */
void test_two_cpus(void);
void test_vpa(void);		/* intr_vpa.c */
void test_stolen(void);

#endif
