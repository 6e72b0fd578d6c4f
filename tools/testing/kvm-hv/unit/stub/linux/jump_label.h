/* SPDX-License-Identifier: GPL-2.0-only */
/* A static key is a variable that tests may set */
#ifndef STUB_JUMP_LABEL_H
#define STUB_JUMP_LABEL_H

#define DECLARE_STATIC_KEY_FALSE(key)	extern int key
#define DEFINE_STATIC_KEY_FALSE(key)	int key
#define static_branch_unlikely(key)	(*(key))
#define static_branch_inc(key)		((void)++*(key))
#define static_branch_dec(key)		((void)--*(key))

#endif
