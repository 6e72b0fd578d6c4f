/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What badinput, rma, tce and others share: counted checks of ioctls, a VM of one
 * vcpu whose guest is a few instructions in real mode, and one that also makes
 * hcalls and has a segment.
 */
#ifndef BOOT_LIB_H
#define BOOT_LIB_H

#include <stddef.h>
#include <stdint.h>
#include <asm/kvm.h>
#include <linux/kvm.h>
#include "../../../kvm-hv/hcalls.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MSR_SF		0x8000000000000000UL
#define SC1		0x44000022
/* An hcall that KVM does not know, so it exits to this program */
#define HCALL_DONE	0x7ffc
#define LI_DONE		(0x38600000 | HCALL_DONE)	/* li r3,HCALL_DONE */

/* ---- checks ---- */

extern int passed, failed;

/* @rc is what a system call returned, @want the errno it should have left or 0 */
void check(const char *what, long rc, int want);
void check_value(const char *what, unsigned long got, unsigned long want);
/* Says how many were right; main()'s exit status */
int summary(const char *name);
/* @p, or the end if it is MAP_FAILED */
void *must_map(const char *what, void *p);

/*
 * Kprobes that make @function of the host take a million instructions more and longer,
 * before its first one: they measure a string of this program again and again.  Other
 * CPUs go on meanwhile.  make_fast() takes them away.
 */
void make_slow(const char *function);
void make_fast(void);

/* ---- VMs ---- */

struct vm {
	int fd, vcpu;
	struct kvm_run *run;
};

extern int kvm;		/* /dev/kvm, after open_kvm() */

enum { VM_HV = 1, VM_PR = 2 };

void open_kvm(void);
/* A VM of @type with vcpu 0, nothing else; ends the program if there is none */
void open_vm(struct vm *vm, unsigned long type);
/* Vcpu @id for a VM of which vm->fd is known; the same errors end the program */
void open_vcpu(struct vm *vm, unsigned long id);
void close_vm(struct vm *vm);
int enable_papr(const struct vm *vm);
int allocate_htab(const struct vm *vm, uint32_t order);
int set_slot(const struct vm *vm, uint32_t slot, uint64_t gpa, void *mem,
	     uint64_t size, uint32_t flags);
/* A part of the hash table's stream */
struct htab_record {
	struct kvm_get_htab_header head;
	uint64_t hpte[300][2];
};

int htab_fd(const struct vm *vm, uint64_t flags, uint64_t start);
/* @valid times @v, with @r for one page of 4K after the other, and @empty ones */
long put_htab(int fd, uint32_t index, unsigned int valid, unsigned int empty,
	      uint64_t v, uint64_t r);
/* KVM_RUN up to an hcall for user space: its number, or ~0 after a failed check */
unsigned long run_to_hcall(const struct vm *vm);

/* Labels of a program's own assembly, whose instructions go to a guest */
#define GUEST_LABELS(...)	extern const uint32_t __VA_ARGS__

/* Instructions for a big-endian guest */
void put_code(void *to, const uint32_t *insn, size_t n);

/* ---- a guest with memory at 0 and one segment, that does one thing at a time ---- */

/* 256M segment; pages of 4K, first HPTE of the primary group of the first */
#define EA		0x40000000UL
#define VSID		0x123UL
#define PTEX		(VSID * 8)
#define HPTE_V		(VSID << 12 | 1)
#define HPTE_R(gpa)	((gpa) | 0x12UL)	/* M, PP = 2 */
#define HPTE_R_RO(gpa)	((gpa) | 0x13UL)
#define H_EXACT		0x8000000000UL
#define MSR_DR		0x10UL

#define LWZ_R4_R9	0x80890000
#define STW_R4_R9	0x90890000
#define CMPLW_R4_R3	0x7c041840
#define BEQ_BACK_8	0x4182fff8
#define DSISR_NOHPTE	0x40000000UL

/*
 * Its code is below, but for what put_code() puts there: a data storage interrupt
 * is HCALL_DONE with DSISR.
 */
#define GUEST_CODE	0x2000

void open_guest(struct vm *vm, void *mem, uint64_t size);
/* The program's first, with memory of its own; returns where that is */
void *make_guest(struct vm *vm, uint64_t size);
/* At @pc, with @r from r3 on and EA in r9 */
void start_guest(const struct vm *vm, uint64_t pc, uint64_t msr,
		 const uint64_t *r, int nr);
/* An hcall in its name; its return code */
uint64_t guest_hcall(const struct vm *vm, uint64_t nr, uint64_t a, uint64_t b,
		     uint64_t c, uint64_t d);

#endif
