/* SPDX-License-Identifier: GPL-2.0-only */
#define SZ_4K	0x1000UL
#define SZ_64K	0x10000UL
#define SZ_16M	0x1000000UL
#define SZ_32M	0x2000000UL
