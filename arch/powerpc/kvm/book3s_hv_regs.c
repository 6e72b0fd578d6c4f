// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a hypervisor-mode vcpu as user space sees them:
 * KVM_GET/SET_SREGS and KVM_GET/SET_ONE_REG.
 *
 * ONE_REG is one table.  A row says which register, which processors have it,
 * where its value lives and which bits user space may set; rows with a rule of
 * their own name a get and a set function.  Whatever is not in the table, or
 * not on this processor, is -EINVAL, on which the common code of book3s.c and
 * powerpc.c looks for the register itself.
 *
 * Everything here is called with vcpu->mutex held and the vcpu not running,
 * so the state in struct kvm_vcpu is complete and ours.
 */
#include "book3s_hv.h"
#include "book3s_hv_intr.h"

#include <linux/align.h>
#include <asm/reg.h>

/*
 * mtspr TBU40 sets the upper 40 bits of the timebase and clears nothing else,
 * so offsets are multiples of this.
 */
#define TB_OFFSET_UNIT	BIT(24)

/* The word of a VSCR stored by stvx, which is word 3 of the vector register */
#define VSCR_WORD	(IS_ENABLED(CONFIG_CPU_LITTLE_ENDIAN) ? 0 : 3)

enum reg_cpu {
	CPU_ANY,
	CPU_ISA206,		/* POWER7 and later */
	CPU_ISA207,		/* POWER8 and later */
	CPU_UNTIL_206,		/* gone in ISA 2.07 */
	CPU_PMC8,		/* those with eight PMCs */
};

enum reg_where {
	IN_VCPU,
	IN_VCORE,
};

/**
 * struct kvmhv_reg - one row of the table
 * @id: KVM_REG_PPC_*, which includes the size user space transfers
 * @cpu: processors that have it
 * @where: structure that @offset is an offset into
 * @size: size of the field, 4 or 8 bytes
 * @offset: of the field
 * @mask: bits user space may set; others are dropped
 * @get: replaces reading the field
 * @set: replaces writing the field
 */
struct kvmhv_reg {
	u64 id;
	u8 cpu;
	u8 where;
	u8 size;
	u16 offset;
	u64 mask;
	int (*get)(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val);
	int (*set)(struct kvm_vcpu *vcpu, u64 id,
		   const union kvmppc_one_reg *val);
};

static u64 reg_value(u64 id, const union kvmppc_one_reg *val)
{
	return one_reg_size(id) == sizeof(u32) ? val->wval : val->dval;
}

static void reg_return(u64 id, union kvmppc_one_reg *val, u64 v)
{
	if (one_reg_size(id) == sizeof(u32))
		val->wval = v;
	else
		val->dval = v;
}

/* Interrupt vectors cannot be moved: the prefix is always 0 */
static int get_hior(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	reg_return(id, val, 0);
	return 0;
}

static int set_hior(struct kvm_vcpu *vcpu, u64 id,
		    const union kvmppc_one_reg *val)
{
	return reg_value(id, val) ? -EINVAL : 0;
}

static int get_debug_inst(struct kvm_vcpu *vcpu, u64 id,
			  union kvmppc_one_reg *val)
{
	reg_return(id, val, KVMHV_DEBUG_INST);
	return 0;
}

/*
 * Changes the bits in @mask of the LPCR that the vcpus of a virtual core run
 * with; user space sets ILE, AIL, DPFD and TC (ISA 2.06 and 2.07, Book III-S,
 * section 2.2).  A core that is plugged into a running guest begins with its
 * own.  Threads share these bits while they are in a guest, so that all of the
 * core have to leave it and come again.
 */
static void change_lpcr(struct kvm_vcpu *vcpu, unsigned long lpcr,
			unsigned long mask)
{
	struct kvm_hv_vcore *vcore = vcpu->arch.hv.vcore;
	unsigned long old, new, i;
	struct kvm_vcpu *other;

	mask &= kvmhv_cpu->lpcr_writable;
	if ((lpcr & LPCR_AIL) == LPCR_AIL_1)
		lpcr &= ~LPCR_AIL;	/* reserved in ISA 2.07 */

	spin_lock(&vcore->lock);
	old = vcore->lpcr;
	new = (old & ~mask) | (lpcr & mask);
	WRITE_ONCE(vcore->lpcr, new);
	spin_unlock(&vcore->lock);

	if (old == new)
		return;
	kvm_for_each_vcpu(i, other, vcpu->kvm)
		if (other->arch.hv.vcore == vcore) {
			kvm_make_request(KVM_REQ_UNBLOCK, other);
			kvm_vcpu_kick(other);
		}
}

static int get_lpcr(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	reg_return(id, val, kvmhv_vcpu_lpcr(vcpu));
	return 0;
}

/* The 32-bit register is the lower half and leaves the upper half alone */
static int set_lpcr(struct kvm_vcpu *vcpu, u64 id,
		    const union kvmppc_one_reg *val)
{
	change_lpcr(vcpu, reg_value(id, val),
		    id == KVM_REG_PPC_LPCR ? U32_MAX : ~0UL);
	return 0;
}

/*
 * The PCR takes away what problem state got in later versions of the
 * architecture.  Each row: logical PVR, the PCR bits that make a POWER7
 * (ISA 2.06) and a POWER8 (ISA 2.07) look like it.  POWER8 has no bit to
 * disable VSX.
 */
static const struct {
	u32 pvr;
	bool isa206;
	unsigned long pcr_206;
	unsigned long pcr_207;
} compat_modes[] = {
	{ 0, true, 0, 0 },
	{ PVR_ARCH_205, true, PCR_ARCH_205 | PCR_VSX_DIS,
	  PCR_ARCH_205 | PCR_ARCH_206 | PCR_TM_DIS },
	{ PVR_ARCH_206, true, 0, PCR_ARCH_206 | PCR_TM_DIS },
	{ PVR_ARCH_206p, true, 0, PCR_ARCH_206 | PCR_TM_DIS },
	{ PVR_ARCH_207, false, 0, 0 },
};

/**
 * kvmhv_set_arch_compat() - make a vcpu look like an earlier processor
 * @vcpu: any vcpu of the virtual core that is changed
 * @pvr: logical PVR (PAPR, "ibm,client-architecture-support"), or 0 for the
 *	processor as it is
 *
 * Takes effect at the next entry of each vcpu of the core.
 *
 * Context: process, vcpu->mutex held.
 * Return: 0, or -EINVAL for a version that is unknown or newer than the host.
 */
int kvmhv_set_arch_compat(struct kvm_vcpu *vcpu, u32 pvr)
{
	bool isa207 = cpu_has_feature(CPU_FTR_ARCH_207S);
	struct kvm_hv_vcore *vc = vcpu->arch.hv.vcore;
	int i;

	for (i = 0; i < ARRAY_SIZE(compat_modes); i++)
		if (compat_modes[i].pvr == pvr)
			break;
	if (i == ARRAY_SIZE(compat_modes))
		return -EINVAL;
	if (!isa207 && !compat_modes[i].isa206)
		return -EINVAL;

	WRITE_ONCE(vc->arch_compat, pvr);
	WRITE_ONCE(vc->pcr, isa207 ? compat_modes[i].pcr_207 :
				     compat_modes[i].pcr_206);
	return 0;
}

static int set_arch_compat(struct kvm_vcpu *vcpu, u64 id,
			   const union kvmppc_one_reg *val)
{
	return kvmhv_set_arch_compat(vcpu, reg_value(id, val));
}

/* Of all vcores, when the last trip ended, by the host's timebase */
static u64 last_in_guest(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 left, last = 0;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		left = READ_ONCE(vcpu->arch.hv.vcore->tb_left);
		if (left > last)
			last = left;
	}
	return last;
}

/*
 * An offset for @wanted, in units of TB_OFFSET_UNIT.  User space goes by the
 * offsets that it asked for.  If with them the guest's timebase goes forward,
 * it must not go back by what the last offset was rounded up.
 */
static u64 choose_tb_offset(struct kvm *kvm, u64 wanted)
{
	struct kvm_hv_vm *hv = &kvm->arch.hv;
	u64 last = last_in_guest(kvm), now = mftb();
	s64 ahead = wanted - (hv->tb_offset - (now - last));

	if (last && ahead < 0 &&
	    (s64)(wanted - (hv->tb_wanted - (now - last))) >= 0)
		wanted -= ahead;
	return ALIGN(wanted, TB_OFFSET_UNIT);
}

/* Vcpus get it one after the other, and all vcores have to have the same one */
static int set_tb_offset(struct kvm_vcpu *vcpu, u64 id,
			 const union kvmppc_one_reg *val)
{
	struct kvm_hv_vm *hv = &vcpu->kvm->arch.hv;
	u64 wanted = reg_value(id, val);

	mutex_lock(&hv->setup_lock);
	if (wanted != hv->tb_wanted) {
		hv->tb_offset = choose_tb_offset(vcpu->kvm, wanted);
		hv->tb_wanted = wanted;
	}
	WRITE_ONCE(vcpu->arch.hv.vcore->tb_offset, hv->tb_offset);
	mutex_unlock(&hv->setup_lock);
	return 0;
}

static int get_online(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	reg_return(id, val, vcpu->arch.hv.vcore->online);
	return 0;
}

static int set_online(struct kvm_vcpu *vcpu, u64 id,
		      const union kvmppc_one_reg *val)
{
	WRITE_ONCE(vcpu->arch.hv.vcore->online, reg_value(id, val) != 0);
	return 0;
}

/* A breakpoint in hypervisor state would be one in the host: turned off */
static int set_ciabr(struct kvm_vcpu *vcpu, u64 id,
		     const union kvmppc_one_reg *val)
{
	u64 ciabr = reg_value(id, val);

	if ((ciabr & CIABR_PRIV) == CIABR_PRIV_HYPER)
		ciabr &= ~(u64)CIABR_PRIV;
	vcpu->arch.ciabr = ciabr;
	return 0;
}

#define REG_FIELD(_where, _type, ...)					\
	.where = _where, .size = sizeof_field(_type, __VA_ARGS__),	\
	.offset = offsetof(_type, __VA_ARGS__)
#define VCPU_REG(_reg, _cpu, _field, _mask)				\
	{ .id = KVM_REG_PPC_##_reg, .cpu = _cpu, .mask = _mask,		\
	  REG_FIELD(IN_VCPU, struct kvm_vcpu, arch._field) }
#define VCORE_REG(_reg, _cpu, _field, ...)				\
	{ .id = KVM_REG_PPC_##_reg, .cpu = _cpu, .mask = ~0ULL,		\
	  REG_FIELD(IN_VCORE, struct kvm_hv_vcore, _field), __VA_ARGS__ }
#define FUNC_REG(_reg, _cpu, _get, _set)				\
	{ .id = KVM_REG_PPC_##_reg, .cpu = _cpu, .get = _get, .set = _set }
#define ALL_BITS	(~0ULL)

static const struct kvmhv_reg kvmhv_regs[] = {
	FUNC_REG(HIOR,		CPU_ANY, get_hior, set_hior),
	FUNC_REG(DEBUG_INST,	CPU_ANY, get_debug_inst, NULL),

	/* Partition and core */
	FUNC_REG(LPCR,		CPU_ISA206, get_lpcr, set_lpcr),
	FUNC_REG(LPCR_64,	CPU_ISA206, get_lpcr, set_lpcr),
	FUNC_REG(ONLINE,	CPU_ANY, get_online, set_online),
	VCORE_REG(ARCH_COMPAT,	CPU_ISA206, arch_compat, .set = set_arch_compat),
	VCORE_REG(TB_OFFSET,	CPU_ISA206, tb_offset, .set = set_tb_offset),
	VCORE_REG(DPDES,	CPU_ISA207, dpdes),
	VCORE_REG(VTB,		CPU_ISA207, vtb),

	/* Areas registered with H_REGISTER_VPA */
	FUNC_REG(VPA_ADDR,	CPU_ANY, kvmhv_vpa_get, kvmhv_vpa_set),
	FUNC_REG(VPA_SLB,	CPU_ANY, kvmhv_vpa_get, kvmhv_vpa_set),
	FUNC_REG(VPA_DTL,	CPU_ANY, kvmhv_vpa_get, kvmhv_vpa_set),

	/* Debug: never a match in hypervisor state */
	VCPU_REG(DABR,		CPU_UNTIL_206, dabr, ALL_BITS),
	VCPU_REG(DABRX,		CPU_UNTIL_206, dabrx, DABRX_ALL & ~DABRX_HYP),
	VCPU_REG(DAWR,		CPU_ISA207, dawr0, ALL_BITS),
	VCPU_REG(DAWRX,		CPU_ISA207, dawrx0, KVMHV_DAWRX_GUEST),
	{ .id = KVM_REG_PPC_CIABR, .cpu = CPU_ISA207, .set = set_ciabr,
	  REG_FIELD(IN_VCPU, struct kvm_vcpu, arch.ciabr) },

	/* Performance monitor */
	VCPU_REG(MMCR0,		CPU_ANY, mmcr[0], ALL_BITS),
	VCPU_REG(MMCR1,		CPU_ANY, mmcr[1], ALL_BITS),
	VCPU_REG(MMCR2,		CPU_ISA207, mmcr[2], ALL_BITS),
	VCPU_REG(MMCRA,		CPU_ANY, mmcra, ALL_BITS),
	VCPU_REG(MMCRS,		CPU_ISA207, mmcrs, ALL_BITS),
	VCPU_REG(PMC1,		CPU_ANY, pmc[0], ALL_BITS),
	VCPU_REG(PMC2,		CPU_ANY, pmc[1], ALL_BITS),
	VCPU_REG(PMC3,		CPU_ANY, pmc[2], ALL_BITS),
	VCPU_REG(PMC4,		CPU_ANY, pmc[3], ALL_BITS),
	VCPU_REG(PMC5,		CPU_ANY, pmc[4], ALL_BITS),
	VCPU_REG(PMC6,		CPU_ANY, pmc[5], ALL_BITS),
	VCPU_REG(PMC7,		CPU_PMC8, pmc[6], ALL_BITS),
	VCPU_REG(PMC8,		CPU_PMC8, pmc[7], ALL_BITS),
	VCPU_REG(SPMC1,		CPU_ISA207, spmc[0], ALL_BITS),
	VCPU_REG(SPMC2,		CPU_ISA207, spmc[1], ALL_BITS),
	VCPU_REG(SIAR,		CPU_ANY, siar, ALL_BITS),
	VCPU_REG(SDAR,		CPU_ANY, sdar, ALL_BITS),
	VCPU_REG(SIER,		CPU_ISA207, sier[0], ALL_BITS),

	/* powerpc.c looks in the word where big-endian hosts have it */
	VCPU_REG(VSCR,		CPU_ANY, vr.vscr.u[VSCR_WORD], ALL_BITS),

	/* The rest */
	VCPU_REG(DEC_EXPIRY,	CPU_ANY, dec_expires, ALL_BITS),
	VCPU_REG(PURR,		CPU_ISA206, purr, ALL_BITS),
	VCPU_REG(SPURR,		CPU_ISA206, spurr, ALL_BITS),
	VCPU_REG(DSCR,		CPU_ISA206, dscr, ALL_BITS),
	VCPU_REG(AMR,		CPU_ISA206, amr, ALL_BITS),
	VCPU_REG(UAMOR,		CPU_ISA206, uamor, ALL_BITS),
	VCPU_REG(IAMR,		CPU_ISA207, iamr, ALL_BITS),
	VCPU_REG(PPR,		CPU_ISA206, ppr, ALL_BITS),
	VCPU_REG(PSPB,		CPU_ISA207, pspb, ALL_BITS),
	VCPU_REG(ACOP,		CPU_ISA206, acop, ALL_BITS),
	VCPU_REG(PID,		CPU_ISA206, pid, ALL_BITS),
	VCPU_REG(TACR,		CPU_ISA207, tacr, ALL_BITS),
	VCPU_REG(TCSCR,		CPU_ISA207, tcscr, ALL_BITS),
	VCPU_REG(CSIGR,		CPU_ISA207, csigr, ALL_BITS),
	VCPU_REG(WORT,		CPU_ISA207, wort, ALL_BITS),
};

static bool reg_present(const struct kvmhv_reg *reg)
{
	switch (reg->cpu) {
	case CPU_ISA206:
		return cpu_has_feature(CPU_FTR_ARCH_206);
	case CPU_ISA207:
		return cpu_has_feature(CPU_FTR_ARCH_207S);
	case CPU_UNTIL_206:
		return !cpu_has_feature(CPU_FTR_ARCH_207S);
	case CPU_PMC8:
		return kvmhv_cpu->nr_pmc >= 8;
	default:
		return true;
	}
}

static const struct kvmhv_reg *reg_find(u64 id)
{
	const struct kvmhv_reg *reg;

	for (reg = kvmhv_regs; reg < &kvmhv_regs[ARRAY_SIZE(kvmhv_regs)]; reg++)
		if (reg->id == id)
			return reg_present(reg) ? reg : NULL;
	return NULL;
}

static void *reg_field(struct kvm_vcpu *vcpu, const struct kvmhv_reg *reg)
{
	if (reg->where == IN_VCORE)
		return (void *)vcpu->arch.hv.vcore + reg->offset;
	return (void *)vcpu + reg->offset;
}

/**
 * kvmhv_giveup_ext() - move FP, VMX and VSX registers to where KVM reads and writes them
 * @vcpu: a vcpu that does not run
 * @msr: which ones, by their MSR bits; the answer is all of them
 *
 * After a trip they are as the processor has them: in that form it takes them
 * back soonest.  Here they move to vcpu->arch.fp and vr.
 *
 * Context: process, vcpu->mutex held.
 */
void kvmhv_giveup_ext(struct kvm_vcpu *vcpu, ulong msr)
{
	const struct kvmhv_vsx_regs *vsx = &vcpu->arch.hv.vsx;
	struct thread_fp_state *fp = &vcpu->arch.fp;
	u64 *vr;
	int i;

	if (!vcpu->arch.hv.vsx_raw)
		return;
	for (i = 0; i < 32; i++) {
		fp->fpr[i][TS_FPROFFSET] = vsx->vsr[i][0];
		fp->fpr[i][TS_VSRLOWOFFSET] = vsx->vsr[i][1];
		vr = (u64 *)&vcpu->arch.vr.vr[i];
		vr[TS_FPROFFSET] = vsx->vsr[32 + i][0];
		vr[TS_VSRLOWOFFSET] = vsx->vsr[32 + i][1];
	}
	fp->fpscr = vsx->fpscr;
	vcpu->arch.vr.vscr = vsx->vscr;
	vcpu->arch.hv.vsx_raw = false;
}

/**
 * kvmhv_get_one_reg() - KVM_GET_ONE_REG
 * @vcpu: the vcpu
 * @id: KVM_REG_PPC_*
 * @val: receives the value, in the member that fits the size in @id
 *
 * Documentation/virt/kvm/api.rst, 4.69.
 *
 * Context: process, vcpu->mutex held.
 * Return: 0, or -EINVAL if the register is not ours or not on this processor.
 */
int kvmhv_get_one_reg(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	const struct kvmhv_reg *reg = reg_find(id);
	void *field;

	/* KVM's common code handles the remaining registers there */
	kvmhv_giveup_ext(vcpu, MSR_FP | MSR_VEC | MSR_VSX);
	if (!reg)
		return -EINVAL;
	if (reg->get)
		return reg->get(vcpu, id, val);
	if (!reg->size)
		return -EINVAL;

	field = reg_field(vcpu, reg);
	reg_return(id, val, reg->size == sizeof(u32) ? *(u32 *)field :
						       *(u64 *)field);
	return 0;
}

/**
 * kvmhv_set_one_reg() - KVM_SET_ONE_REG
 * @vcpu: the vcpu
 * @id: KVM_REG_PPC_*
 * @val: the value, in the member that fits the size in @id
 *
 * Bits that the guest must not have (hypervisor-state breakpoints, most of
 * the LPCR) are dropped without an error, so that state saved elsewhere loads.
 * Documentation/virt/kvm/api.rst, 4.68.
 *
 * Context: process, vcpu->mutex held.
 * Return: 0, or -EINVAL if the register is not ours, not on this processor,
 *	read-only, or cannot have this value.
 */
int kvmhv_set_one_reg(struct kvm_vcpu *vcpu, u64 id, union kvmppc_one_reg *val)
{
	const struct kvmhv_reg *reg = reg_find(id);
	void *field;
	u64 v;

	kvmhv_giveup_ext(vcpu, MSR_FP | MSR_VEC | MSR_VSX);
	if (!reg)
		return -EINVAL;
	if (reg->set)
		return reg->set(vcpu, id, val);
	if (!reg->size)
		return -EINVAL;

	field = reg_field(vcpu, reg);
	v = reg_value(id, val) & reg->mask;
	if (reg->size == sizeof(u32))
		*(u32 *)field = v;
	else
		*(u64 *)field = v;
	return 0;
}

/**
 * kvmhv_get_sregs() - KVM_GET_SREGS
 * @vcpu: the vcpu
 * @sregs: receives the PVR and the valid SLB entries, packed, each with its
 *	number in the low bits of slbe; all else is left as it is (0)
 *
 * Context: process, vcpu->mutex held.
 * Return: 0.
 */
int kvmhv_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u32 i;

	sregs->pvr = vcpu->arch.pvr;
	for (i = 0; i < min_t(u32, hv->slb_max, KVMHV_MAX_SLB); i++) {
		sregs->u.s.ppc64.slb[i].slbe = hv->slb[i].esid;
		sregs->u.s.ppc64.slb[i].slbv = hv->slb[i].vsid;
	}
	return 0;
}

/**
 * kvmhv_set_sregs() - KVM_SET_SREGS
 * @vcpu: the vcpu
 * @sregs: PVR, which must be the host's, and the SLB; entries without V are
 *	skipped; SDR1, segment registers and BATs are ignored, for the hash
 *	table is the hypervisor's
 *
 * The SLB is replaced as a whole.
 *
 * Context: process, vcpu->mutex held.
 * Return: 0, or -EINVAL, with nothing changed, for another PVR or an entry
 *	number the processor does not have.
 */
int kvmhv_set_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	u32 i, n = 0;
	u64 slbe;

	if (sregs->pvr != mfspr(SPRN_PVR))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(sregs->u.s.ppc64.slb); i++) {
		slbe = sregs->u.s.ppc64.slb[i].slbe;
		if ((slbe & SLB_ESID_V) &&
		    (slbe & SLBE_INDEX) >= kvmhv_cpu->slb_nr)
			return -EINVAL;
	}

	vcpu->arch.pvr = sregs->pvr;
	for (i = 0; i < ARRAY_SIZE(sregs->u.s.ppc64.slb); i++) {
		slbe = sregs->u.s.ppc64.slb[i].slbe;
		if (!(slbe & SLB_ESID_V))
			continue;
		hv->slb[n].esid = slbe & (ESID_MASK | SLB_ESID_V | SLBE_INDEX);
		hv->slb[n].vsid = sregs->u.s.ppc64.slb[i].slbv;
		n++;
	}
	hv->slb_max = n;
	return 0;
}
