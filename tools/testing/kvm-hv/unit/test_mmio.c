// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and stores where there is no memory: the kernel's decoder as far as they go, what
 * generic KVM does for one, and a target for the fuzzer.  What is done for an access must
 * not depend on those before it, of which book3s_hv_mmio.c keeps the results.
 */
#include <asm/sstep.h>
#include "unit.h"
#include "stub_mm.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"

/* By primary opcode, and for opcode 31 by extended opcode; of 58 and 62 the lowest bits */
static const struct form {
	u8 op;
	u16 xo;
	int type;
} forms[] = {
	{ 32, 0, LOAD | SIZE(4) }, { 33, 0, LOAD | SIZE(4) | UPDATE },
	{ 34, 0, LOAD | SIZE(1) }, { 35, 0, LOAD | SIZE(1) | UPDATE },
	{ 36, 0, STORE | SIZE(4) }, { 37, 0, STORE | SIZE(4) | UPDATE },
	{ 38, 0, STORE | SIZE(1) }, { 39, 0, STORE | SIZE(1) | UPDATE },
	{ 40, 0, LOAD | SIZE(2) }, { 42, 0, LOAD | SIZE(2) | SIGNEXT },
	{ 44, 0, STORE | SIZE(2) }, { 46, 0, LOAD_MULTI | SIZE(4) },
	{ 47, 0, STORE_MULTI | SIZE(4) }, { 48, 0, LOAD_FP | SIZE(4) },
	{ 52, 0, STORE_FP | SIZE(4) }, { 58, 0, LOAD | SIZE(8) },
	{ 58, 1, LOAD | SIZE(8) | UPDATE }, { 58, 2, LOAD | SIZE(4) | SIGNEXT },
	{ 62, 0, STORE | SIZE(8) }, { 62, 1, STORE | SIZE(8) | UPDATE },
	{ 62, 2, STORE | SIZE(16) },
	{ 31, 20, LARX | SIZE(4) }, { 31, 21, LOAD | SIZE(8) },
	{ 31, 23, LOAD | SIZE(4) }, { 31, 87, LOAD | SIZE(1) },
	{ 31, 103, LOAD_VMX | SIZE(16) }, { 31, 149, STORE | SIZE(8) },
	{ 31, 150, STCX | SIZE(4) }, { 31, 151, STORE | SIZE(4) },
	{ 31, 231, STORE_VMX | SIZE(16) }, { 31, 532, LOAD | SIZE(8) | BYTEREV },
	{ 31, 534, LOAD | SIZE(4) | BYTEREV }, { 31, 660, STORE | SIZE(8) | BYTEREV },
	{ 31, 662, STORE | SIZE(4) | BYTEREV }, { 31, 790, LOAD | SIZE(2) | BYTEREV },
	{ 31, 918, STORE | SIZE(2) | BYTEREV }, { 31, 844, LOAD_VSX | SIZE(16) },
};

/* The instruction at the PC, if @fetched; else one that does what the vcpu did */
static struct { bool on, fetched; u32 inst; int result; } now;
/* What generic KVM has been asked to do */
static struct { int calls; bool store, generic, normal; unsigned int reg, bytes; u64 val; } done;

static u32 extended(u32 inst)
{
	switch (inst >> 26) {
	case 31:
		return inst >> 1 & 0x3ff;
	case 58:
	case 62:
		return inst & 3;
	default:
		return 0;
	}
}

int analyse_instr(struct instruction_op *op, const void *regs, u32 inst)
{
	unsigned int i;

	op->type = COMPUTE;
	op->reg = inst >> 21 & 31;
	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].op == inst >> 26 && forms[i].xo == extended(inst))
			op->type = forms[i].type;
	return op->type == COMPUTE ? -1 : 0;
}

int kvmppc_get_last_inst(struct kvm_vcpu *vcpu, int kind, u32 *inst)
{
	check(srcu_held());
	if (!now.on) {
		*inst = vcpu->arch.hv.fault_dsisr & DSISR_ISSTORE ? 36U << 26 : 32U << 26;
		return EMULATE_DONE;
	}
	*inst = now.inst;
	return now.fetched ? EMULATE_DONE : EMULATE_AGAIN;
}

static int asked(bool store, bool generic)
{
	kvm_stub.mmio++;
	done.calls++;
	done.store = store;
	done.generic = generic;
	return now.result;
}

int kvmppc_handle_load(struct kvm_vcpu *vcpu, unsigned int reg, unsigned int bytes, int normal)
{
	done.reg = reg;
	done.bytes = bytes;
	done.normal = normal;
	return asked(false, false);
}

int kvmppc_handle_store(struct kvm_vcpu *vcpu, u64 val, unsigned int bytes, int normal)
{
	done.val = val;
	done.bytes = bytes;
	done.normal = normal;
	return asked(true, false);
}

int kvmppc_emulate_mmio(struct kvm_vcpu *vcpu)
{
	return asked(false, true);
}

/* @ret for an access that @inst, if fetched, has made */
static void check_access(struct kvm_vcpu *vcpu, bool store, unsigned long pc, unsigned long gpa,
			 int ret)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	struct instruction_op op;
	int type;
	bool plain;

	analyse_instr(&op, NULL, now.inst);
	type = GETTYPE(op.type);
	if (!now.fetched || (store ? OP_IS_LOAD(type) : OP_IS_STORE(type))) {
		check_eq(ret, RESUME_GUEST);
		check_eq(done.calls, 0);
		check_eq(vcpu->arch.regs.nip, pc);
		return;
	}
	check_eq(done.calls, 1);
	check_eq(vcpu->arch.vaddr_accessed, hv->fault_dar);
	check_eq(vcpu->arch.paddr_accessed, gpa);
	plain = (type == LOAD || type == STORE) && !(op.type & (UPDATE | SIGNEXT)) &&
		GETSIZE(op.type) <= 8;
	check_eq(done.generic, !plain);
	if (!plain) {
		check_eq(ret, now.result);
		return;
	}
	check_eq(ret, now.result == EMULATE_DONE ? RESUME_GUEST_NV : RESUME_HOST_NV);
	check_eq(vcpu->arch.regs.nip, pc + 4);
	check_eq(done.store, type == STORE);
	check_eq(done.bytes, GETSIZE(op.type));
	check_eq(done.normal, !(op.type & BYTEREV));
	if (done.store)
		check_eq(done.val, vcpu->arch.regs.gpr[op.reg]);
	else
		check_eq(done.reg, op.reg);
	check(!vcpu->arch.mmio_sp64_extend && !vcpu->arch.mmio_vsx_copy_nums &&
	      !vcpu->arch.mmio_vmx_copy_nums);
}

/* One of a few, as drivers have them, now and then any */
static u32 some_inst(u32 *few)
{
	const struct form *f = &forms[rnd(ARRAY_SIZE(forms))];
	u32 *inst = &few[rnd(4)];

	if (rnd(2))
		return *inst;
	*inst = (u32)f->op << 26 | rnd(32) << 21 | (u32)f->xo << (f->op == 31);
	if (!rnd(8))
		*inst ^= BIT(rnd(32));
	return *inst;
}

static void one_access(struct kvm_vcpu *vcpu, u32 *few)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long pc = (unsigned long)rnd(BIT(16)) << 2, gpa = IO_GPA + rnd(BIT(16));
	bool store = rnd(2);
	int ret;

	memset(&done, 0, sizeof(done));
	now.inst = some_inst(few);
	now.fetched = rnd(16);
	now.result = rnd(2) ? EMULATE_DONE : EMULATE_DO_MMIO;
	vcpu->arch.regs.nip = pc;
	vcpu->arch.regs.gpr[rnd(32)] = rnd(UINT_MAX);
	vcpu->arch.last_inst = rnd(2) ? KVM_INST_FETCH_FAILED : now.inst;
	vcpu->arch.mmio_sp64_extend = rnd(2);
	vcpu->arch.mmio_vsx_copy_nums = rnd(3);
	hv->fault_dar = gpa ^ BIT(40);
	hv->fault_dsisr = store ? DSISR_ISSTORE : 0;
	srcu_read_lock(&fake.kvm.srcu);
	if (rnd(2)) {
		ret = kvmhv_emulate_mmio(vcpu, gpa);
	} else {
		/* a page found before, with the same HPTE and memslots */
		kvmhv_mmio_page(vcpu, gpa & PAGE_MASK, PAGE_SIZE);
		ret = kvmhv_mmio_fault(vcpu);
	}
	srcu_read_unlock(&fake.kvm.srcu, 0);
	check_access(vcpu, store, pc, gpa, ret);
}

void fuzz_mmio(void)
{
	struct kvm_vcpu *vcpu;
	u32 few[4] = { };

	fake_setup(1);
	vcpu = fake_vcpu();
	vcpu->run = calloc(1, sizeof(*vcpu->run));
	now.on = true;
	while (rnd_left())
		one_access(vcpu, few);
	now.on = false;
	free(vcpu->run);
	free(vcpu);
	fake_teardown();
}
