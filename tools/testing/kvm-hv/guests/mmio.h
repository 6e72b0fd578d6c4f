/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_MMIO_H
#define GUEST_MMIO_H

#include "lib.h"

/* Registers of a device that keep what is written, byte by byte */
struct window {
	const char *what;
	u64 ra;			/* a multiple of 8 */
	unsigned int size;	/* at least 8 */
};

/* False if the machine has no such device */
bool find_window(struct window *w);

#endif
