// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM for 64-bit Book3S: module, virtual machines and vcpus.
 *
 * The reading order for newcomers: this file, book3s_hv_run.c (one trip into
 * the guest), book3s_hv_rmhandlers.S (the world switch), book3s_hv_exit.c
 * (what ends a trip).  Prototypes by file: book3s_hv.h.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/cputable.h>
#include <asm/cputhreads.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_hv_thread.h>
#include <asm/kvm_ppc.h>
#include <asm/reg.h>
#include <asm/switch_to.h>

#include "book3s_hv.h"
#include "book3s_hv_mm.h"

/*
 * A thread that comes online runs code of the host with the MMU on, which no
 * thread of a core may do while another one is in a guest.  __cpu_up() keeps all
 * secondary threads offline when kvm_hv_mode_active(), without a word; a core's
 * first thread comes here only.  cpus_read_lock() keeps new VMs away meanwhile.
 */
static int thread_online(unsigned int cpu)
{
	int first = cpu_first_thread_sibling(cpu);
	bool busy = cpu != first;
	int i;

	if (!kvm_hv_mode_active())
		return 0;
	for (i = first + 1; i < first + threads_per_core; i++)
		busy |= cpu_online(i);
	if (!busy)
		return 0;
	pr_info_ratelimited("CPU %u stays offline: virtual machines use its core\n",
			    cpu);
	return -EBUSY;
}

static enum cpuhp_state thread_state;

static int hv_init_vm(struct kvm *kvm)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	long lpid;
	int r;

	r = kvmhv_claim_cores();
	if (r) {
		pr_info_ratelimited("no virtual machines while cores are split: echo 1 > /sys/devices/system/cpu/subcores_per_core\n");
		return r;
	}
	lpid = kvmppc_alloc_lpid();
	if (lpid < 0) {
		pr_info_ratelimited("all %lu partition IDs are in use\n",
				    kvmhv_cpu->lpid_mask);
		kvmhv_release_cores();
		return lpid;
	}
	kvm->arch.lpid = lpid;
	kvm->arch.smt_mode = threads_per_core;
	kvm->arch.emul_smt_mode = threads_per_core;

	mutex_init(&hv->setup_lock);
	INIT_LIST_HEAD(&hv->vcores);
	/* Some CPU may still hold translations of the LPID's last owner */
	cpumask_setall(&hv->need_tlb_flush);
	hv->host_control = kvmhv_cpu->read_control();
	hv->host_sdr1 = mfspr(SPRN_SDR1);
	/* A guest's doorbells do not wake a leader that has no vcpu: kvmhv_put_in() */
	hv->lpcr = kvmhv_cpu->guest_lpcr & ~(kvmhv_cpu->lpcr_writable | LPCR_PECEDP);
	kvmhv_default_hcalls(kvm);
	return 0;
}

static void hv_destroy_vm(struct kvm *kvm)
{
	kvmhv_stop_times(kvm);
	kvmhv_release_cores();
	kvmhv_check_lost(kvm);
	kvmhv_hpt_free(kvm);
	kvmhv_rma_free(kvm);
	kvmhv_uncount_pinned(kvm, ULONG_MAX);
	kvmppc_free_lpid(kvm->arch.lpid);
}

/* State at reset that is neither zero nor up to user space */
static void vcpu_init_regs(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pvr = mfspr(SPRN_PVR);
	vcpu->arch.hv.shregs.msr = MSR_SF | MSR_ME;
	vcpu->arch.mmcr[0] = MMCR0_FC;
	vcpu->arch.ctrl = CTRL_RUNLATCH;
	vcpu->arch.ppr = DEFAULT_PPR;
	/* Everything a PAPR guest may use without asking, TM excepted */
	vcpu->arch.hfscr = HFSCR_TAR | HFSCR_EBB | HFSCR_PM | HFSCR_BHRB |
			   HFSCR_DSCR | HFSCR_VECVSX | HFSCR_FP | HFSCR_MSGP;
}

static int hv_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	int r;

	vcpu->arch.shared = &vcpu->arch.hv.shregs;
#ifdef CONFIG_KVM_BOOK3S_PR_POSSIBLE
	vcpu->arch.shared_big_endian = IS_ENABLED(CONFIG_CPU_BIG_ENDIAN);
#endif
	vcpu->arch.cpu_type = KVM_CPU_3S_64;
	vcpu->arch.slb_nr = kvmhv_cpu->slb_nr;
	vcpu->arch.mmu.xlate = kvmhv_xlate;
	vcpu->arch.last_inst = KVM_INST_FETCH_FAILED;
	vcpu->arch.hv.fault_index = -1;
	spin_lock_init(&vcpu->arch.hv.vpa_lock);
	vcpu_init_regs(vcpu);

	mutex_lock(&kvm->lock);
	r = kvmhv_vcore_join(vcpu);
	/* From the second vcpu on, tlbiel is no longer enough */
	if (!r)
		WRITE_ONCE(kvm->arch.hv.online_vcpus,
			   kvm->arch.hv.online_vcpus + 1);
	mutex_unlock(&kvm->lock);
	if (r)
		return r;

	/* not sane yet: user space enables PAPR later */
	kvmppc_sanity_check(vcpu);
	return 0;
}

static void hv_vcpu_free(struct kvm_vcpu *vcpu)
{
	kvmhv_step_end(vcpu);
	kvmhv_vcore_part(vcpu);
	kfree(vcpu->arch.hv.times);
}

/* Where a kick has to go to while the vcpu is in the guest */
static void hv_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	vcpu->cpu = cpu;
}

static void hv_vcpu_put(struct kvm_vcpu *vcpu)
{
	vcpu->cpu = -1;
}

static int hv_check_requests(struct kvm_vcpu *vcpu)
{
	return 1;	/* none that needs more than a trip out of the guest */
}

static long hv_arch_vm_ioctl(struct file *filp, unsigned int ioctl,
			     unsigned long arg)
{
	struct kvm *kvm = filp->private_data;
	void __user *argp = (void __user *)arg;
	struct kvm_ppc_resize_hpt resize;
	struct kvm_get_htab_fd htab;
	u32 order;

	switch (ioctl) {
	case KVM_PPC_ALLOCATE_HTAB:
		if (get_user(order, (u32 __user *)argp))
			return -EFAULT;
		return kvmhv_hpt_allocate(kvm, order);
	case KVM_PPC_RESIZE_HPT_PREPARE:
	case KVM_PPC_RESIZE_HPT_COMMIT:
		if (copy_from_user(&resize, argp, sizeof(resize)))
			return -EFAULT;
		return ioctl == KVM_PPC_RESIZE_HPT_PREPARE ?
		       kvmhv_hpt_prepare(kvm, &resize) :
		       kvmhv_hpt_commit(kvm, &resize);
	case KVM_PPC_GET_HTAB_FD:
		if (copy_from_user(&htab, argp, sizeof(htab)))
			return -EFAULT;
		return kvmhv_htab_fd(kvm, &htab);
	case KVM_ALLOCATE_RMA:
		return kvmhv_allocate_rma(argp);
	default:
		return -ENOTTY;
	}
}

static int hv_set_smt_mode(struct kvm *kvm, unsigned long mode,
			   unsigned long flags)
{
	int r = -EINVAL;

	if (flags || !mode || mode > threads_per_core || !is_power_of_2(mode))
		return r;
	mutex_lock(&kvm->lock);
	if (!kvm->created_vcpus) {
		kvm->arch.smt_mode = mode;
		kvm->arch.emul_smt_mode = mode;
		r = 0;
	}
	mutex_unlock(&kvm->lock);
	return r;
}

static struct kvmppc_ops kvm_ops_hv = {
	.get_sregs = kvmhv_get_sregs,
	.set_sregs = kvmhv_set_sregs,
	.get_one_reg = kvmhv_get_one_reg,
	.set_one_reg = kvmhv_set_one_reg,
	.giveup_ext = kvmhv_giveup_ext,
	.vcpu_load = hv_vcpu_load,
	.vcpu_put = hv_vcpu_put,
	.inject_interrupt = kvmhv_inject_interrupt,
	.set_msr = kvmhv_set_msr,
	.vcpu_run = kvmhv_vcpu_run,
	.vcpu_create = hv_vcpu_create,
	.vcpu_free = hv_vcpu_free,
	.check_requests = hv_check_requests,
	.get_dirty_log = kvmhv_get_dirty_log,
	.flush_memslot = kvmhv_flush_memslot,
	.prepare_memory_region = kvmhv_prepare_memory_region,
	.commit_memory_region = kvmhv_commit_memory_region,
	.unmap_gfn_range = kvmhv_unmap_gfn_range,
	.age_gfn = kvmhv_age_gfn,
	.test_age_gfn = kvmhv_test_age_gfn,
	.set_spte_gfn = kvmhv_set_spte_gfn,
	.free_memslot = kvmhv_free_memslot,
	.init_vm = hv_init_vm,
	.destroy_vm = hv_destroy_vm,
	.get_smmu_info = kvmhv_get_smmu_info,
	.fast_vcpu_kick = kvmhv_kick_vcpu,
	.arch_vm_ioctl = hv_arch_vm_ioctl,
	.hcall_implemented = kvmhv_hcall_implemented,
	.set_smt_mode = hv_set_smt_mode,
	.set_guest_debug = kvmhv_set_guest_debug,
	.create_vm_debugfs = kvmhv_create_vm_debugfs,
	.create_vcpu_debugfs = kvmhv_create_vcpu_debugfs,
};

static int __init kvmhv_init(void)
{
	const char *why;
	const struct kvmhv_cpu_ops *cpu = kvmhv_probe_cpu(&why);
	int r;

	if (!cpu) {
		pr_info("not usable here: %s\n", why);
		return -ENODEV;
	}
	r = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "kvm/ppc-hv:thread",
				      thread_online, NULL);
	if (r < 0)
		return r;
	thread_state = r;
	kvmppc_init_lpid(cpu->lpid_mask + 1);
	kvm_ops_hv.owner = THIS_MODULE;
	kvmppc_hv_ops = &kvm_ops_hv;
	pr_info("hypervisor-mode KVM for %s, %lu partitions\n", cpu->name,
		cpu->lpid_mask);
	return 0;
}

static void __exit kvmhv_exit(void)
{
	kvmppc_hv_ops = NULL;
	cpuhp_remove_state_nocalls(thread_state);
}

module_init(kvmhv_init);
module_exit(kvmhv_exit);
MODULE_DESCRIPTION("KVM using the hypervisor mode of 64-bit Book3S processors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_MISCDEV(KVM_MINOR);
MODULE_ALIAS("devname:kvm");
