/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one list of hcalls this backend knows.  The real-mode table, the kernel
 * dispatcher, KVM_CAP_PPC_ENABLE_HCALL and the documentation check all derive
 * from it; add an hcall here and nowhere else.
 *
 *   HCALL(number, real mode, kernel, default)
 *
 * real mode: handler called by book3s_hv_rmhandlers.S with the MMU off as
 *	handler(vcpu, r4, r5, r6, r7, ...), or none
 * kernel: handler in book3s_hv_hcall.c called with the MMU on, or none
 * default: on when the VM is created (1), or only after user space asked
 *	with KVM_CAP_PPC_ENABLE_HCALL (0)
 *
 * No include guard: included once for each derived table.
 */
HCALL(H_REMOVE,		kvmhv_rm_h_remove,	none,			1)
HCALL(H_ENTER,		kvmhv_rm_h_enter,	none,			1)
HCALL(H_READ,		kvmhv_rm_h_read,	none,			1)
HCALL(H_CLEAR_MOD,	kvmhv_rm_h_clear_mod,	none,			0)
HCALL(H_CLEAR_REF,	kvmhv_rm_h_clear_ref,	none,			0)
HCALL(H_GET_TCE,	kvmhv_rm_h_get_tce,	h_get_tce,		1)
HCALL(H_PUT_TCE,	kvmhv_rm_h_put_tce,	h_put_tce,		1)
HCALL(H_PROTECT,	kvmhv_rm_h_protect,	none,			1)
HCALL(H_SET_DABR,	kvmhv_rm_h_set_dabr,	none,			1)
HCALL(H_BULK_REMOVE,	kvmhv_rm_h_bulk_remove,	none,			1)
HCALL(H_SET_XDABR,	kvmhv_rm_h_set_xdabr,	none,			1)
HCALL(H_STUFF_TCE,	kvmhv_rm_h_stuff_tce,	h_stuff_tce,		0)
HCALL(H_PUT_TCE_INDIRECT, kvmhv_rm_h_put_tce_indirect, h_put_tce_indirect, 0)
HCALL(H_LOGICAL_CI_LOAD,  none,			h_logical_ci_load,	0)
HCALL(H_LOGICAL_CI_STORE, none,			h_logical_ci_store,	0)
HCALL(H_XIRR,		kvmhv_rm_h_xirr,	h_xics,			1)
HCALL(H_XIRR_X,		none,			h_xirr_x,		1)
HCALL(H_CPPR,		kvmhv_rm_h_cppr,	h_xics,			1)
HCALL(H_EOI,		kvmhv_rm_h_eoi,	h_xics,			1)
HCALL(H_IPI,		kvmhv_rm_h_ipi,	h_xics,			1)
HCALL(H_IPOLL,		none,			h_xics,			1)
HCALL(H_REGISTER_VPA,	none,			h_register_vpa,		1)
HCALL(H_CEDE,		kvmhv_rm_h_cede,	h_cede,			1)
HCALL(H_CONFER,		kvmhv_rm_h_confer,	h_confer,		1)
HCALL(H_PROD,		kvmhv_rm_h_prod,	h_prod,			1)
HCALL(H_SET_MODE,	none,			h_set_mode,		0)
