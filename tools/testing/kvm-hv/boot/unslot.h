/* SPDX-License-Identifier: GPL-2.0 */
/* The guest in unslot.c: pieces of its code, each ends where the next begins */
#ifndef UNSLOT_H
#define UNSLOT_H

extern const char guest_main[], guest_main_end[], guest_dsi[], guest_other[];
extern const char guest_dec[], guest_end[];

#endif
