// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GUEST_DEBUG, and single steps of a guest.
 *
 * A step is emulated.  The processor's own way, MSR[SE], ends in a trace interrupt of the
 * guest's, at a vector that the hypervisor would have to make unusable meanwhile: in
 * memory that all vcpus share, and mostly in the very page that the step is in
 * (Documentation/virt/kvm/ppc-hv/observe.rst).  Emulation leaves memory, HPTEs and other
 * vcpus alone, and the guest does not see it in MSR, SRR0 or SRR1.
 *
 * Interrupts stay pending during a step: with a timer that is always due, a debugger
 * would see nothing but its handler.  Real mode does the hcalls that only it can serve.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <linux/ratelimit.h>
#include <asm/hvcall.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>
#include <asm/ppc-opcode.h>
#include <asm/reg.h>
#include <asm/sstep.h>
#include <asm/time.h>

#include "book3s_hv.h"
#include "book3s_hv_intr.h"
#include "book3s_hv_mm.h"
#include "book3s_hv_step.h"

#define INST_SC1	0x44000022
#define INST_MFTB	0x7c0002e6
#define MASK_MFTB	0xfc0007fe

/* An SPR number has this bit if problem state must not use it */
#define SPR_PRIVILEGED	0x10

#define DCBZ_BYTES	128UL

/* No page of a guest is smaller: what is within one is in one piece */
#define MAX_PIECE	((unsigned long)SZ_4K)

/* An instruction, or an interrupt instead of it, is over; beside RESUME_* and errnos */
#define STEP_DONE	RESUME_FLAG_ARCH1

/* ---- guest memory ---- */

/* RS image of the segment of @ea as the vcpu left it, 0: none */
static unsigned long segment_of(const struct kvm_hv_vcpu *hv, unsigned long ea)
{
	const struct kvm_hv_slb *slb;
	unsigned long mask;

	for (slb = hv->slb; slb < hv->slb + hv->slb_max; slb++) {
		mask = slb->vsid & SLB_VSID_B_1T ? ESID_MASK_1T : ESID_MASK;
		if (slb->esid & SLB_ESID_V && !((ea ^ slb->esid) & mask))
			return slb->vsid;
	}
	return 0;
}

/* An access that the guest's own translation forbids: its storage interrupt */
static int storage_interrupt(struct kvm_vcpu *vcpu, unsigned long ea, u32 cause, bool data)
{
	if (data) {
		vcpu->arch.hv.shregs.dar = ea;
		vcpu->arch.hv.shregs.dsisr = cause;
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_DATA_STORAGE, 0);
	} else {
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_INST_STORAGE,
				       cause & SRR1_CAUSE_BITS);
	}
	return STEP_DONE;
}

static int segment_interrupt(struct kvm_vcpu *vcpu, unsigned long ea, bool data)
{
	if (data)
		vcpu->arch.hv.shregs.dar = ea;
	kvmhv_inject_interrupt(vcpu, data ? BOOK3S_INTERRUPT_DATA_SEGMENT :
					    BOOK3S_INTERRUPT_INST_SEGMENT, 0);
	return STEP_DONE;
}

/* The access happens: R and C of the HPTE that real mode's judgement found */
static void note_access(struct kvm_vcpu *vcpu, bool store)
{
	struct kvm_hv_hpt *hpt = &vcpu->kvm->arch.hv.hpt;
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long v, rc = HPTE_R_R | (store ? HPTE_R_C : 0);
	__be64 *hpte;

	if (hv->fault_index < 0 || (hv->fault_r & rc) == rc)
		return;
	hpte = kvmhv_hpte(hpt, hv->fault_index);
	preempt_disable();
	v = kvmhv_lock_hpte(hpte);
	if (kvmhv_guest_v(v) == kvmhv_guest_v(hv->fault_v))
		hpt->rev[hv->fault_index].guest_r |= rc | KVMHV_GR_MODIFIED;
	unlock_hpte(hpte, v);
	preempt_enable();
}

/*
 * Guest real address of @ea for an access that the guest's translation allows, as the
 * processor and real mode would have it.  0, or STEP_DONE after an interrupt.
 */
static int translate(struct kvm_vcpu *vcpu, unsigned long ea, bool data, bool store,
		     unsigned long *gpa)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	enum kvmhv_fault verdict;
	unsigned long slb_v, psize;

	*gpa = ea & KVM_PAM;
	if (!(hv->shregs.msr & (data ? MSR_DR : MSR_IR)))
		return 0;
	slb_v = segment_of(hv, ea);
	if (!slb_v)
		return segment_interrupt(vcpu, ea, data);

	preempt_disable();
	verdict = kvmhv_rm_fault(vcpu, ea, slb_v,
				 DSISR_NOHPTE | (store ? DSISR_ISSTORE : 0), data);
	hv->fault_verdict = verdict;
	preempt_enable();
	if (verdict == KVMHV_FAULT_REFLECT)
		return storage_interrupt(vcpu, ea, hv->fault_dsisr, data);
	psize = kvmppc_actual_pgsz(hv->fault_v, hv->fault_r);
	if (!psize)
		return storage_interrupt(vcpu, ea, DSISR_PROTFAULT, data);
	*gpa = kvmhv_hpte_gpa(hv->fault_r, psize) | (ea & (psize - 1));
	note_access(vcpu, store);
	return 0;
}

/* There is no memory: a device for data, unless nothing is translated */
static int no_memory(struct kvm_vcpu *vcpu, unsigned long ea, unsigned long gpa, bool data,
		     bool store)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	int r;

	if (!data)
		return storage_interrupt(vcpu, ea, SRR1_ISI_N_G_OR_CIP, false);
	hv->fault_dsisr = store ? DSISR_ISSTORE : 0;
	if (!(hv->shregs.msr & MSR_DR))
		return storage_interrupt(vcpu, ea, DSISR_NOHPTE | hv->fault_dsisr, true);
	hv->fault_dar = ea;
	/* It is in vcpu->arch.last_inst; the PC is behind it afterwards */
	r = kvmhv_emulate_mmio(vcpu, gpa);
	return r == RESUME_GUEST ? -EOPNOTSUPP : r;
}

/* @size bytes at @ea; 0, or what the instruction has come to instead */
static int access(struct kvm_vcpu *vcpu, unsigned long ea, void *buf, unsigned long size,
		  bool data, bool store)
{
	unsigned long gpa, n;
	int r;

	while (size) {
		n = min(size, MAX_PIECE - (ea & (MAX_PIECE - 1)));
		r = translate(vcpu, ea, data, store, &gpa);
		if (r)
			return r;
		if (!gfn_to_memslot(vcpu->kvm, gpa >> PAGE_SHIFT))
			return no_memory(vcpu, ea, gpa, data, store);
		r = store ? kvm_vcpu_write_guest(vcpu, gpa, buf, n) :
			    kvm_vcpu_read_guest(vcpu, gpa, buf, n);
		if (r)
			return -EFAULT;
		ea += n;
		buf += n;
		size -= n;
	}
	return 0;
}

/* ---- SPRs ---- */

#define IN_VCPU(f)	offsetof(struct kvm_vcpu, arch.f)

static const struct {
	u16 spr;
	u16 from_206;	/* 1: not before ISA 2.06 */
	u32 size;
	unsigned long offset;
} sprs[] = {
	{ SPRN_DSCR, 1, 8, IN_VCPU(dscr) },
	{ SPRN_DSISR, 0, 4, IN_VCPU(hv.shregs.dsisr) },
	{ SPRN_DAR, 0, 8, IN_VCPU(hv.shregs.dar) },
	{ SPRN_SRR0, 0, 8, IN_VCPU(hv.shregs.srr0) },
	{ SPRN_SRR1, 0, 8, IN_VCPU(hv.shregs.srr1) },
	{ SPRN_CFAR, 1, 8, IN_VCPU(cfar) },
	{ SPRN_VRSAVE, 0, 4, IN_VCPU(vrsave) },
	{ SPRN_SPRG0, 0, 8, IN_VCPU(hv.shregs.sprg0) },
	{ SPRN_SPRG1, 0, 8, IN_VCPU(hv.shregs.sprg1) },
	{ SPRN_SPRG2, 0, 8, IN_VCPU(hv.shregs.sprg2) },
	{ SPRN_SPRG3, 0, 8, IN_VCPU(hv.shregs.sprg3) },
	{ SPRN_PPR, 1, 8, IN_VCPU(ppr) },
};

static void *spr_field(struct kvm_vcpu *vcpu, unsigned int spr, u32 *size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sprs); i++) {
		if (sprs[i].spr != spr)
			continue;
		if (sprs[i].from_206 && !cpu_has_feature(CPU_FTR_ARCH_206))
			return NULL;
		*size = sprs[i].size;
		return (void *)vcpu + sprs[i].offset;
	}
	return NULL;
}

static u64 guest_tb(const struct kvm_vcpu *vcpu)
{
	return mftb() + vcpu->arch.hv.vcore->tb_offset;
}

static bool read_spr(struct kvm_vcpu *vcpu, unsigned int spr, unsigned long *val)
{
	u32 size;
	void *field = spr_field(vcpu, spr, &size);

	if (field) {
		*val = size == 4 ? *(u32 *)field : *(u64 *)field;
		return true;
	}
	switch (spr) {
	case SPRN_DEC:
		*val = (u32)(vcpu->arch.dec_expires - guest_tb(vcpu));
		return true;
	case SPRN_PVR:
		*val = vcpu->arch.pvr;
		return true;
	default:
		return false;
	}
}

static bool write_spr(struct kvm_vcpu *vcpu, unsigned int spr, unsigned long val)
{
	u32 size;
	void *field = spr_field(vcpu, spr, &size);

	if (!field && spr != SPRN_DEC)
		return false;
	if (!field)
		vcpu->arch.dec_expires = guest_tb(vcpu) + (s32)val;
	else if (size == 4)
		*(u32 *)field = val;
	else
		*(u64 *)field = val;
	return true;
}

/* ---- instructions ---- */

static void next_pc(struct kvm_vcpu *vcpu)
{
	struct pt_regs *regs = &vcpu->arch.regs;

	regs->nip += 4;
	if (!(vcpu->arch.hv.shregs.msr & MSR_SF))
		regs->nip &= 0xffffffffUL;
}

/* In the guest's byte order; those of the instruction and of the number differ for swap */
static bool is_little(const struct kvm_vcpu *vcpu, int type)
{
	return !(vcpu->arch.hv.shregs.msr & MSR_LE) == !!(type & BYTEREV);
}

static void put_bytes(u8 *buf, unsigned long val, unsigned int size, bool little)
{
	unsigned int i;

	for (i = 0; i < size; i++, val >>= 8)
		buf[little ? i : size - 1 - i] = val;
}

static unsigned long get_bytes(const u8 *buf, unsigned int size, bool little)
{
	unsigned long val = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		val = val << 8 | buf[little ? size - 1 - i : i];
	return val;
}

static unsigned long sign_extend(unsigned long val, unsigned int size)
{
	return size == 2 ? (long)(s16)val : (long)(s32)val;
}

static void update_reg(struct kvm_vcpu *vcpu, const struct instruction_op *op)
{
	if (op->type & UPDATE)
		kvmppc_set_gpr(vcpu, op->update_reg, op->ea);
}

/* lmw, stmw and strings: words, of which the last may be incomplete */
static int several(struct kvm_vcpu *vcpu, const struct instruction_op *op, bool store)
{
	unsigned int size = GETSIZE(op->type), i, n, reg = op->reg;
	u8 buf[32 * 4];
	int r;

	if (size > sizeof(buf) || vcpu->arch.hv.shregs.msr & MSR_LE)
		return -EOPNOTSUPP;	/* an alignment interrupt in that byte order */
	for (i = 0; store && i < size; i += 4, reg = (reg + 1) % 32) {
		n = min(size - i, 4U);
		put_bytes(buf + i, (u32)kvmppc_get_gpr(vcpu, reg) >> (8 * (4 - n)), n, false);
	}
	r = access(vcpu, op->ea, buf, size, true, store);
	for (i = 0; !r && !store && i < size; i += 4, reg = (reg + 1) % 32) {
		n = min(size - i, 4U);
		kvmppc_set_gpr(vcpu, reg, get_bytes(buf + i, n, false) << (8 * (4 - n)));
	}
	return r;
}

static int load(struct kvm_vcpu *vcpu, const struct instruction_op *op)
{
	unsigned int size = GETSIZE(op->type);
	unsigned long val;
	u8 buf[8];
	int r;

	if (size > sizeof(buf))
		return -EOPNOTSUPP;
	r = access(vcpu, op->ea, buf, size, true, false);
	if (r)
		return r;
	val = get_bytes(buf, size, is_little(vcpu, op->type));
	if (op->type & SIGNEXT)
		val = sign_extend(val, size);
	kvmppc_set_gpr(vcpu, op->reg, val);
	update_reg(vcpu, op);
	return 0;
}

static int store(struct kvm_vcpu *vcpu, const struct instruction_op *op)
{
	unsigned int size = GETSIZE(op->type);
	u8 buf[8];
	int r;

	if (size > sizeof(buf))
		return -EOPNOTSUPP;
	/* analyse_instr() has reversed what is to be reversed */
	put_bytes(buf, op->val, size, is_little(vcpu, 0));
	r = access(vcpu, op->ea, buf, size, true, true);
	if (!r)
		update_reg(vcpu, op);
	return r;
}

/* Doublewords only: others are converted on their way */
static int load_store_fp(struct kvm_vcpu *vcpu, const struct instruction_op *op, bool store)
{
	u64 *reg = &VCPU_FPR(vcpu, op->reg & 31);
	u8 buf[8];
	int r;

	if (!(vcpu->arch.hv.shregs.msr & MSR_FP)) {
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_FP_UNAVAIL, 0);
		return STEP_DONE;
	}
	if (GETSIZE(op->type) != sizeof(buf))
		return -EOPNOTSUPP;
	kvmhv_giveup_ext(vcpu, MSR_FP);
	if (store)
		put_bytes(buf, *reg, sizeof(buf), is_little(vcpu, op->type));
	r = access(vcpu, op->ea, buf, sizeof(buf), true, store);
	if (r)
		return r;
	if (!store)
		*reg = get_bytes(buf, sizeof(buf), is_little(vcpu, op->type));
	update_reg(vcpu, op);
	return 0;
}

/*
 * No reservation survives what happens between two steps, and none is made: gdb puts a
 * breakpoint behind such a sequence.
 */
static int store_conditional(struct kvm_vcpu *vcpu)
{
	struct pt_regs *regs = &vcpu->arch.regs;

	regs->ccr = (regs->ccr & 0x0fffffff) | ((regs->xer >> 3) & 0x10000000);
	return 0;
}

static int cache_block(struct kvm_vcpu *vcpu, const struct instruction_op *op)
{
	u8 zeroes[DCBZ_BYTES] = { };
	unsigned long gpa;
	kvm_pfn_t pfn;
	int r;

	switch (op->type & CACHEOP_MASK) {
	case DCBZ:
		return access(vcpu, op->ea & ~(DCBZ_BYTES - 1), zeroes, DCBZ_BYTES, true, true);
	case ICBI:
		r = translate(vcpu, op->ea, true, false, &gpa);
		if (r)
			return r;
		pfn = kvm_vcpu_gfn_to_pfn(vcpu, gpa >> PAGE_SHIFT);
		if (!is_error_noslot_pfn(pfn)) {
			kvmppc_mmu_flush_icache(pfn);
			kvm_release_pfn_clean(pfn);
		}
		return 0;
	default:
		return 0;	/* the host's caches are coherent */
	}
}

/*
 * With the bits that problem state implies (ISA 2.07 Book III-S, rfid and mtmsrd), without
 * those that are the cause of an interrupt in SRR1, and reserved in the MSR.
 */
static void set_msr(struct kvm_vcpu *vcpu, unsigned long msr)
{
	msr &= ~SRR1_CAUSE_BITS;
	if (msr & MSR_PR)
		msr |= MSR_EE | MSR_IR | MSR_DR;
	kvmhv_set_msr(vcpu, msr);
}

static int spr_access(struct kvm_vcpu *vcpu, const struct instruction_op *op, bool write)
{
	unsigned long val;

	if (op->spr & SPR_PRIVILEGED && vcpu->arch.hv.shregs.msr & MSR_PR) {
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_PROGRAM, SRR1_PROGPRIV);
		return STEP_DONE;
	}
	if (write)
		return write_spr(vcpu, op->spr, op->val) ? 0 : -EOPNOTSUPP;
	if (!read_spr(vcpu, op->spr, &val))
		return -EOPNOTSUPP;
	kvmppc_set_gpr(vcpu, op->reg, val);
	return 0;
}

/* What is not just registers; 0 if the next instruction is the one behind it */
static int do_op(struct kvm_vcpu *vcpu, const struct instruction_op *op)
{
	struct kvm_vcpu_arch_shared *sh = &vcpu->arch.hv.shregs;

	switch (GETTYPE(op->type)) {
	case LOAD:
	case LARX:
		return load(vcpu, op);
	case STORE:
		return store(vcpu, op);
	case STCX:
		return store_conditional(vcpu);
	case LOAD_MULTI:
		return several(vcpu, op, false);
	case STORE_MULTI:
		return several(vcpu, op, true);
	case LOAD_FP:
		return load_store_fp(vcpu, op, false);
	case STORE_FP:
		return load_store_fp(vcpu, op, true);
	case CACHEOP:
		return cache_block(vcpu, op);
	case MFSPR:
		return spr_access(vcpu, op, false);
	case MTSPR:
		return spr_access(vcpu, op, true);
	case MFMSR:
		kvmppc_set_gpr(vcpu, op->reg, sh->msr);
		return 0;
	case MTMSR:
		set_msr(vcpu, (sh->msr & ~op->val) |
			      (kvmppc_get_gpr(vcpu, op->reg) & op->val));
		return 0;
	case RFI:
		kvmppc_set_pc(vcpu, sh->srr0 & ~3UL);
		set_msr(vcpu, sh->srr1);
		return STEP_DONE;
	case SYSCALL:
		next_pc(vcpu);
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_SYSCALL, 0);
		return STEP_DONE;
	case INTERRUPT:
		kvmhv_inject_interrupt(vcpu, BOOK3S_INTERRUPT_PROGRAM, op->val);
		return STEP_DONE;
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- hcalls ---- */

/* A trip to real mode, which does nothing but the hcall: kvmhv_rm_step_hcall() */
static int real_mode_hcall(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	int r;

	hv->step_hcall = true;
	r = kvmhv_vcore_turn(vcpu);
	hv->step_hcall = false;
	return r;
}

static int hcall(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long pc = kvmppc_get_pc(vcpu);
	int r;

	next_pc(vcpu);
	vcpu->arch.trap = BOOK3S_INTERRUPT_SYSCALL;
	if (!(hv->shregs.msr & MSR_PR) &&
	    kvmhv_only_real_mode(vcpu->kvm, kvmppc_get_gpr(vcpu, 3))) {
		r = real_mode_hcall(vcpu);
		if (r || !vcpu->arch.trap) {
			/* It has not been made: a signal, another request */
			kvmppc_set_pc(vcpu, pc);
			return r;
		}
		if (vcpu->arch.trap == BOOK3S_INTERRUPT_TRACE)
			return STEP_DONE;
	}
	r = kvmhv_handle_exit(vcpu);
	/* PAPR lets an H_CEDE end early: where a debugger can see it */
	vcpu->arch.ceded = 0;
	return r == RESUME_GUEST ? STEP_DONE : r;
}

/* ---- steps ---- */

static int debug_exit(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_DEBUG;
	vcpu->run->debug.arch.address = kvmppc_get_pc(vcpu);
	vcpu->run->debug.arch.status = 0;
	return RESUME_HOST;
}

/* The instruction at the PC: 0, or what fetching it has come to */
static int fetch(struct kvm_vcpu *vcpu, u32 *inst)
{
	u8 buf[4];
	int r;

	r = access(vcpu, kvmppc_get_pc(vcpu), buf, sizeof(buf), false, false);
	if (r)
		return r;
	*inst = get_bytes(buf, sizeof(buf), vcpu->arch.hv.shregs.msr & MSR_LE);
	memcpy(&vcpu->arch.last_inst, buf, sizeof(buf));
	return 0;
}

static int execute(struct kvm_vcpu *vcpu, u32 inst)
{
	struct pt_regs *regs = &vcpu->arch.regs;
	struct instruction_op op;
	int r;

	if (inst == INST_SC1)
		return hcall(vcpu);
	if ((inst & MASK_MFTB) == INST_MFTB) {
		kvmppc_set_gpr(vcpu, (inst >> 21) & 31, guest_tb(vcpu));
		next_pc(vcpu);
		return STEP_DONE;
	}
	regs->msr = vcpu->arch.hv.shregs.msr;
	r = kvmhv_emulate(regs, &op, inst);
	if (r > 0)
		return STEP_DONE;
	if (r < 0)
		return -EOPNOTSUPP;
	if (!(regs->msr & MSR_SF))
		op.ea &= 0xffffffffUL;
	r = do_op(vcpu, &op);
	if (!r) {
		next_pc(vcpu);
		return STEP_DONE;
	}
	return r;
}

/**
 * kvmhv_step - KVM_RUN with KVM_GUESTDBG_SINGLESTEP
 * @vcpu: the vcpu
 *
 * Context: the vcpu's task, kvm_vcpu_srcu_read_lock() held, counted in vcpus_running.
 * Return: RESUME_HOST with KVM_EXIT_DEBUG behind the instruction, or with what user space
 * has to do for it first: then the next call is the KVM_EXIT_DEBUG.  RESUME_GUEST if there
 * is another request to see to, and nothing has been done.  -EOPNOTSUPP for an instruction
 * that is not emulated, -EFAULT without memory where a memslot is; errors of KVM_RUN.
 */
int kvmhv_step(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u32 inst = 0;
	int r;

	if (hv->step_begun) {
		hv->step_begun = false;
		return debug_exit(vcpu);
	}
	/* Pairs with kvmhv_mmu_setup() */
	if (!smp_load_acquire(&vcpu->kvm->arch.hv.mmu_ready)) {
		kvm_make_request(KVMHV_REQ_SET_UP, vcpu);
		return RESUME_GUEST;
	}
	vcpu->arch.ceded = 0;
	r = fetch(vcpu, &inst);
	if (!r) {
		if (inst == KVMHV_DEBUG_INST && vcpu->guest_debug & KVM_GUESTDBG_USE_SW_BP)
			return debug_exit(vcpu);
		r = execute(vcpu, inst);
	}
	if (r == -ENXIO) {
		kvm_make_request(KVMHV_REQ_SET_UP, vcpu);
		return RESUME_GUEST;
	}
	if (r == -EOPNOTSUPP)
		pr_info_ratelimited("vcpu %d: no single step of instruction 0x%08x at 0x%lx\n",
				    vcpu->vcpu_id, inst, kvmppc_get_pc(vcpu));
	if (r == STEP_DONE || r == RESUME_GUEST_NV)
		return debug_exit(vcpu);
	hv->step_begun = r == RESUME_HOST || r == RESUME_HOST_NV;
	return r;
}

/**
 * kvmhv_set_guest_debug - KVM_SET_GUEST_DEBUG
 * @vcpu: the vcpu; vcpu->guest_debug is what was set before
 * @dbg: what is asked for
 *
 * Context: vcpu ioctl, vcpu->mutex held.
 * Return: 0; -EINVAL for what there is not: hardware breakpoints and watchpoints, unknown
 * flags.
 */
int kvmhv_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg)
{
	const u32 known = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP |
			  KVM_GUESTDBG_USE_SW_BP;
	bool step = dbg->control & KVM_GUESTDBG_ENABLE &&
		    dbg->control & KVM_GUESTDBG_SINGLESTEP;

	if (dbg->control & ~known) {
		pr_info_ratelimited("vcpu %d: no hardware breakpoints: control 0x%x\n",
				    vcpu->vcpu_id, dbg->control);
		return -EINVAL;
	}
	if (step && !vcpu->arch.hv.stepped)
		static_branch_inc(&kvmhv_stepped);
	if (!step && vcpu->arch.hv.stepped)
		static_branch_dec(&kvmhv_stepped);
	vcpu->arch.hv.stepped = step;
	if (!step)
		vcpu->arch.hv.step_begun = false;
	return 0;
}

/**
 * kvmhv_step_end - a vcpu goes away
 * @vcpu: the vcpu
 *
 * Context: process.
 */
void kvmhv_step_end(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.hv.stepped)
		static_branch_dec(&kvmhv_stepped);
}
