/* SPDX-License-Identifier: GPL-2.0-only */
#define SZ_4K	0x1000UL
