/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prototypes private to kvm-hv.ko, grouped by the file that implements them.
 * Everything here runs with the MMU on, in process context.
 */
#ifndef BOOK3S_HV_H
#define BOOK3S_HV_H

#include <linux/kvm_host.h>
#include <asm/kvm_ppc.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_book3s_hv.h>

struct dentry;
struct kvm_guest_debug;

/* RB of slbmte: ESID, V and the entry number; the rest is reserved */
#define SLBE_INDEX	0xfffUL

/*
 * DAWRX bits a guest may set: MRD, HRAMMC, DW, DR, WT, WTI and the privilege
 * bits except hypervisor state (ISA 2.07, Book III-S, section 10.4).
 */
#define KVMHV_DAWRX_GUEST	0xfcfbUL

/* book3s_hv_run.c: KVM_RUN, and what it has to do first: see that there is an HPT */
#define KVMHV_REQ_SET_UP	KVM_ARCH_REQ(3)

int kvmhv_vcpu_run(struct kvm_vcpu *vcpu);

/* book3s_hv_vcore.c: virtual cores */
int kvmhv_vcore_join(struct kvm_vcpu *vcpu);
void kvmhv_vcore_part(struct kvm_vcpu *vcpu);
int kvmhv_vcore_turn(struct kvm_vcpu *vcpu);
void kvmhv_vcore_away(struct kvm_vcpu *vcpu);
void kvmhv_kick_vcpu(struct kvm_vcpu *vcpu);

/* book3s_hv_exit.c: what to do after an exit; returns RESUME_* or -errno */
int kvmhv_handle_exit(struct kvm_vcpu *vcpu);
void kvmhv_inject_interrupt(struct kvm_vcpu *vcpu, int vec, u64 srr1_flags);
void kvmhv_set_msr(struct kvm_vcpu *vcpu, u64 msr);

/* book3s_hv_hcall.c: hcalls with the MMU on; returns RESUME_* or -errno */
int kvmhv_handle_hcall(struct kvm_vcpu *vcpu);
int kvmhv_hcall_implemented(unsigned long hcall);
void kvmhv_default_hcalls(struct kvm *kvm);
bool kvmhv_only_real_mode(struct kvm *kvm, unsigned long nr);
struct kvm_vcpu *kvmhv_find_vcpu(struct kvm *kvm, unsigned long id);

/* book3s_hv_vpa.c: H_REGISTER_VPA areas */
bool kvmhv_slb_from_shadow(struct kvm_vcpu *vcpu);
long kvmhv_h_register_vpa(struct kvm_vcpu *vcpu, unsigned long flags,
			  unsigned long target, unsigned long gpa);
void kvmhv_vpa_find(struct kvm_vcpu *vcpu);
void kvmhv_vpa_unmap(struct kvm *kvm, gfn_t start, gfn_t end);
void kvmhv_vpa_enter(struct kvm_vcpu *vcpu);
void kvmhv_vpa_exit(struct kvm_vcpu *vcpu);
void kvmhv_vpa_harvest_dirty(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot,
			     unsigned long *map);
int kvmhv_vpa_get(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val);
int kvmhv_vpa_set(struct kvm_vcpu *vcpu, u64 id, const union kvmppc_one_reg *val);

/* Registered, and not known where it is */
static inline bool kvmhv_vpa_lost(const struct kvm_hv_vpa *area)
{
	return READ_ONCE(area->gpa) && !READ_ONCE(area->kaddr);
}

/* Has kvmhv_vpa_find() something to do? */
static inline bool kvmhv_vpa_missing(const struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	return kvmhv_vpa_lost(&hv->vpa) || kvmhv_vpa_lost(&hv->dtl) ||
	       READ_ONCE(hv->dtl_new);
}

/* book3s_hv_regs.c: sregs and ONE_REG */
int kvmhv_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
int kvmhv_set_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
void kvmhv_giveup_ext(struct kvm_vcpu *vcpu, ulong msr);
int kvmhv_get_one_reg(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val);
int kvmhv_set_one_reg(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val);
int kvmhv_set_arch_compat(struct kvm_vcpu *vcpu, u32 pvr);

/* book3s_hv_hpt.c: hash table and VRMA */
long kvmhv_hpt_allocate(struct kvm *kvm, u32 order);
void kvmhv_hpt_free(struct kvm *kvm);
int kvmhv_mmu_setup(struct kvm *kvm);
int kvmhv_vrma_fault(struct kvm_vcpu *vcpu, unsigned long gpa);
int kvmhv_get_smmu_info(struct kvm *kvm, struct kvm_ppc_smmu_info *info);

/* book3s_hv_hpt_resize.c: an HPT of another size for a guest that runs */
int kvmhv_hpt_prepare(struct kvm *kvm, const struct kvm_ppc_resize_hpt *arg);
int kvmhv_hpt_commit(struct kvm *kvm, const struct kvm_ppc_resize_hpt *arg);

/* book3s_hv_htab_fd.c: the hash table as a stream */
int kvmhv_htab_fd(struct kvm *kvm, const struct kvm_get_htab_fd *arg);

/* book3s_hv_rma.c: real mode areas */
long kvmhv_allocate_rma(struct kvm_allocate_rma __user *argp);
int kvmhv_rma_prepare(struct kvm *kvm, struct kvm_memory_slot *slot,
		      enum kvm_mr_change change);
void kvmhv_rma_setup(struct kvm *kvm);
void kvmhv_rma_free(struct kvm *kvm);

/* book3s_hv_pin.c: guest memory that must not go away */
int kvmhv_pin_memslot(struct kvm *kvm, struct kvm_memory_slot *slot);
void kvmhv_unpin_memslot(struct kvm_memory_slot *slot);
void kvmhv_uncount_pinned(struct kvm *kvm, unsigned long npages);

/* book3s_hv_step.c: a debugger's wishes */
int kvmhv_step(struct kvm_vcpu *vcpu);
int kvmhv_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg);
void kvmhv_step_end(struct kvm_vcpu *vcpu);

/* book3s_hv_debugfs.c */
int kvmhv_create_vm_debugfs(struct kvm *kvm);
int kvmhv_create_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir);
void kvmhv_stop_times(struct kvm *kvm);

/* book3s_hv_fault.c: storage interrupts and guest address translation */
int kvmhv_page_fault(struct kvm_vcpu *vcpu, enum kvmhv_fault verdict, bool data);
int kvmhv_xlate(struct kvm_vcpu *vcpu, gva_t eaddr, struct kvmppc_pte *pte,
		bool data, bool is_write);

/* book3s_hv_mmio.c: accesses to devices */
int kvmhv_emulate_mmio(struct kvm_vcpu *vcpu, unsigned long gpa);
void kvmhv_mmio_page(struct kvm_vcpu *vcpu, unsigned long base,
		     unsigned long size);
int kvmhv_mmio_fault(struct kvm_vcpu *vcpu);

/* book3s_hv_notifier.c: memslots, MMU notifiers, dirty log */
int kvmhv_prepare_memory_region(struct kvm *kvm,
				const struct kvm_memory_slot *old,
				struct kvm_memory_slot *new,
				enum kvm_mr_change change);
void kvmhv_commit_memory_region(struct kvm *kvm, struct kvm_memory_slot *old,
				const struct kvm_memory_slot *new,
				enum kvm_mr_change change);
void kvmhv_free_memslot(struct kvm_memory_slot *slot);
void kvmhv_flush_memslot(struct kvm *kvm, struct kvm_memory_slot *slot);
bool kvmhv_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);
bool kvmhv_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range);
bool kvmhv_test_age_gfn(struct kvm *kvm, struct kvm_gfn_range *range);
bool kvmhv_set_spte_gfn(struct kvm *kvm, struct kvm_gfn_range *range);
int kvmhv_get_dirty_log(struct kvm *kvm, struct kvm_dirty_log *log);
void kvmhv_mark_dirty(struct kvm *kvm, u64 gfn);

#endif /* BOOK3S_HV_H */
