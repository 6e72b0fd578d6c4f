// SPDX-License-Identifier: GPL-2.0
/*
 * How late the decrementer interrupt is: DEC is below 0, EE is 1, and it has not
 * come yet.  First without any hypervisor in between, then behind H_CEDE.
 */
#include "intr.h"

#define TRIES	1000

static u64 ticks, when;

static void on_dec(struct cpu *c)
{
	when = mftb();
	ticks++;
	mtspr(SPR_DEC, DEC_MAX);
}

static u64 us(u64 t)
{
	return t * 1000000 / tb_hz;
}

/* Some time between 0.1 and 1.1 ms */
static void wait_below_0(u64 i)
{
	mtspr(SPR_DEC, ms(1) / 10 + i * 7919 % ms(1));
	while (!(mfspr(SPR_DEC) & 0x80000000UL))
		barrier();
	irq_on();
}

static void cede_below_0(u64 i)
{
	mtspr(SPR_DEC, 1);
	wait(ms(1));
	hcall(H_CEDE);
}

static void cede_until_0(u64 i)
{
	mtspr(SPR_DEC, ms(1));
	hcall(H_CEDE);
}

static void measure(const char *what, void (*enable)(u64 i))
{
	u64 i, start, late = 0, sum = 0, worst = 0;

	for (i = 0; i < TRIES; i++) {
		ticks = 0;
		enable(i);
		irq_off();
		if (ticks)
			continue;
		late++;
		start = mftb();
		while (!READ_ONCE(ticks) && mftb() - start < tb_hz) {
			irq_on();
			irq_off();
		}
		if (!ticks) {
			report(false, "%s: the interrupt comes", what);
			return;
		}
		sum += when - start;
		if (when - start > worst)
			worst = when - start;
	}
	report(true, "%s: %lu of %u late, %lu us in the mean, %lu us at worst", what,
	       late, TRIES, late ? us(sum / late) : 0, us(worst));
}

int main(void)
{
	set_handler(0x900, on_dec);
	mtspr(SPR_DEC, DEC_MAX);
	irq_on();
	irq_off();
	measure("DEC < 0, EE = 1", wait_below_0);
	measure("DEC < 0, H_CEDE", cede_below_0);
	measure("H_CEDE until DEC < 0", cede_until_0);
	return 0;
}
