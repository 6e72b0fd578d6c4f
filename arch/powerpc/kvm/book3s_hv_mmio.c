// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: a guest's loads and stores where there is no memory, but
 * a device of user space or of the kernel.
 *
 * Drivers read and write the same registers with the same few instructions.
 * struct kvm_hv_mmio keeps the result of each step for the last access.  The next
 * access compares its inputs with those, so a stale result needs no invalidation.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include <asm/sstep.h>
#include "book3s_hv.h"
#include "trace.h"

/* What an instruction does to memory */
enum mmio_dir {
	MMIO_NEITHER,	/* emulation will refuse it */
	MMIO_LOAD,
	MMIO_STORE,
};

/*
 * The plain loads and stores of one GPR are all that most drivers use; size is 0
 * for any other instruction, which KVM's generic code sees to.
 */
static void decode(struct kvm_vcpu *vcpu, u32 inst)
{
	struct kvm_hv_mmio *mmio = &vcpu->arch.hv.mmio;
	struct instruction_op op;
	int type;

	mmio->inst = inst;
	mmio->dir = MMIO_NEITHER;
	mmio->size = 0;

	vcpu->arch.regs.msr = vcpu->arch.hv.shregs.msr;
	if (analyse_instr(&op, &vcpu->arch.regs, ppc_inst(inst)))
		return;

	type = GETTYPE(op.type);
	if (OP_IS_STORE(type))
		mmio->dir = MMIO_STORE;
	else if (OP_IS_LOAD(type))
		mmio->dir = MMIO_LOAD;

	if ((type != LOAD && type != STORE) ||
	    (op.type & (UPDATE | SIGNEXT)) || GETSIZE(op.type) > sizeof(u64))
		return;
	mmio->reg = op.reg;
	mmio->swap = op.type & BYTEREV;
	mmio->size = GETSIZE(op.type);
}

/* What kvmppc_emulate_mmio() does for such an instruction */
static int emulate_plain(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_mmio *mmio = &vcpu->arch.hv.mmio;
	unsigned long pc = kvmppc_get_pc(vcpu);
	int er;

	/* left by floating point and vector instructions */
	vcpu->arch.mmio_sp64_extend = 0;
	vcpu->arch.mmio_vsx_copy_nums = 0;
	vcpu->arch.mmio_vmx_copy_nums = 0;

	if (mmio->dir == MMIO_LOAD)
		er = kvmppc_handle_load(vcpu, mmio->reg, mmio->size,
					!mmio->swap);
	else
		er = kvmppc_handle_store(vcpu, kvmppc_get_gpr(vcpu, mmio->reg),
					 mmio->size, !mmio->swap);
	trace_kvm_ppc_instr(mmio->inst, pc, er);

	kvmppc_set_pc(vcpu, pc + 4);
	if (er == EMULATE_DONE)
		return RESUME_GUEST_NV;
	vcpu->run->exit_reason = KVM_EXIT_MMIO;
	return RESUME_HOST_NV;
}

/*
 * The instruction at the PC, for kvmppc_get_last_inst() to find.  kvmppc_ld()
 * takes the vcpu's own srcu lock, of which there is only one.
 */
static int fetch_inst(struct kvm_vcpu *vcpu, u32 *inst)
{
	int idx, er;

	/* Real mode may have kept it */
	if (vcpu->arch.last_inst != KVM_INST_FETCH_FAILED)
		return kvmppc_get_last_inst(vcpu, INST_GENERIC, inst);

	idx = srcu_read_lock(&vcpu->kvm->srcu);
	kvm_vcpu_srcu_read_unlock(vcpu);
	er = kvmppc_get_last_inst(vcpu, INST_GENERIC, inst);
	kvm_vcpu_srcu_read_lock(vcpu);
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return er;
}

/**
 * kvmhv_emulate_mmio - emulate the load or store that faulted
 * @vcpu: the vcpu; hv.fault_dar is the effective address of the access,
 *	hv.fault_dsisr says whether it is a store
 * @gpa: guest real address of the access
 *
 * The instruction is read from guest memory now, unless the exit path has left
 * it in vcpu->arch.last_inst; another vcpu may have changed it since.  If it no
 * longer goes in the direction that was checked against the page protection,
 * the guest executes it once more instead.
 *
 * Context: KVM_RUN, kvm_vcpu_srcu_read_lock() held.
 * Return: RESUME_GUEST, RESUME_GUEST_NV when an in-kernel device took it, or
 * RESUME_HOST_NV with KVM_EXIT_MMIO.
 */
int kvmhv_emulate_mmio(struct kvm_vcpu *vcpu, unsigned long gpa)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u32 inst;

	if (fetch_inst(vcpu, &inst) != EMULATE_DONE)
		return RESUME_GUEST;
	if (inst != hv->mmio.inst)
		decode(vcpu, inst);
	if (hv->mmio.dir ==
	    (hv->fault_dsisr & DSISR_ISSTORE ? MMIO_LOAD : MMIO_STORE))
		return RESUME_GUEST;

	vcpu->arch.vaddr_accessed = hv->fault_dar;
	vcpu->arch.paddr_accessed = gpa;

	return hv->mmio.size ? emulate_plain(vcpu) : kvmppc_emulate_mmio(vcpu);
}

/**
 * kvmhv_mmio_page - there is no memslot for an absent HPTE, but a device
 * @vcpu: the vcpu; hv.fault_v and hv.fault_r are the HPTE
 * @base: guest real address of the page
 * @size: of the page
 *
 * Context: KVM_RUN, kvm->srcu held since before the memslots were looked at.
 */
void kvmhv_mmio_page(struct kvm_vcpu *vcpu, unsigned long base,
		     unsigned long size)
{
	struct kvm_hv_mmio *mmio = &vcpu->arch.hv.mmio;

	mmio->v = vcpu->arch.hv.fault_v;
	mmio->r = vcpu->arch.hv.fault_r;
	mmio->generation = kvm_memslots(vcpu->kvm)->generation;
	mmio->base = base;
	mmio->mask = size - 1;
}

/**
 * kvmhv_mmio_fault - an access to a page that had no memory at H_ENTER
 * @vcpu: the vcpu; hv.fault_* say what real mode found
 *
 * Context and return: see kvmhv_page_fault().
 */
int kvmhv_mmio_fault(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	const struct kvm_hv_mmio *mmio = &hv->mmio;

	/* Where the page is depends on the HPTE, what is there on the memslots */
	if (hv->fault_v == mmio->v && hv->fault_r == mmio->r &&
	    kvm_memslots(vcpu->kvm)->generation == mmio->generation)
		return kvmhv_emulate_mmio(vcpu, mmio->base |
						(hv->fault_dar & mmio->mask));
	return kvmhv_page_fault(vcpu, KVMHV_FAULT_MMIO, true);
}
