/* SPDX-License-Identifier: GPL-2.0 */
/* What sprs.c fills, and sprs_asm.S loads and stores */
#ifndef GUEST_SPRS_H
#define GUEST_SPRS_H

#define IMG_CR		256
#define IMG_XER		264
#define IMG_LR		272
#define IMG_CTR		280
#define IMG_FPSCR	288
#define IMG_VSCR	304
#define IMG_FPR		320		/* 32 of 8 bytes */
#define IMG_VR		576		/* 32 of 16 bytes */
#define IMG_VS		1088		/* 64 of 16 bytes */
#define IMG_SIZE	2112

#ifndef __ASSEMBLER__
#include "lib.h"

/* All registers a program sees */
struct __aligned(16) image {
	u64 gpr[32];
	u64 cr, xer, lr, ctr, fpscr, pad;
	u64 vscr[2];
	u64 fpr[32];
	u64 vr[32][2];
	u64 vs[64][2];
};

static_assert(offsetof(struct image, cr) == IMG_CR);
static_assert(offsetof(struct image, vscr) == IMG_VSCR);
static_assert(offsetof(struct image, fpr) == IMG_FPR);
static_assert(offsetof(struct image, vr) == IMG_VR);
static_assert(offsetof(struct image, vs) == IMG_VS);
static_assert(sizeof(struct image) == IMG_SIZE);

/*
 * Load everything from in, leave the guest, store everything to out.  GPRs
 * that the way of leaving needs are in its name's comment; arg is one.
 */
void exit_spin(const struct image *in, struct image *out, u64 loops);	/* CTR */
void exit_hcall(const struct image *in, struct image *out, u64 nr);	/* r3 to r12, ... */
void exit_touch(const struct image *in, struct image *out, u64 ea);	/* r30 */

void test_breakpoints(void);

void load_fp(const struct image *in);
void save_fp(struct image *out);
void load_vmx(const struct image *in);
void save_vmx(struct image *out);
void load_vsx(const struct image *in);
void save_vsx(struct image *out);
#endif
#endif
