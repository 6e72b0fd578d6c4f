/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's lock around tlbie and tlbsync, of processors without
 * MMU_FTR_LOCKLESS_TLBIE, which KVM's real-mode code takes too.
 */
#ifndef __ASM_KVM_HV_TLBIE_LOCK_H__
#define __ASM_KVM_HV_TLBIE_LOCK_H__

#include <linux/spinlock_types.h>

/* arch/powerpc/mm/book3s64/hash_native.c */
extern raw_spinlock_t native_tlbie_lock;

#endif /* __ASM_KVM_HV_TLBIE_LOCK_H__ */
