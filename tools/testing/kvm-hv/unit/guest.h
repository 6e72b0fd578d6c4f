/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's processors, as far as they translate addresses: hash table walks,
 * R and C, a TLB each; and KVM_RUN around them.
 */
#ifndef GUEST_H
#define GUEST_H

/* Segments of the guest: 4K, 64K and 16M pages, and real mode through the VRMA */
enum { SEG_4K, SEG_64K, SEG_16M, SEG_REAL, NR_SEGS };

struct guest {
	/*
	 * A store leaves C in the TLB only; the HPTE gets it when that entry goes
	 * or the processor leaves the guest.  The ISA allows as much.
	 */
	bool late_c;
	/* An access is made: may it be?  And a store has been */
	void (*on_access)(unsigned long gpa, unsigned long pa, bool store);
	void (*on_store)(unsigned long gpa);
	/*
	 * C is set for all of a page: by a store to any of it, or by a fault that may
	 * have been for a store that is never made.
	 */
	void (*on_c)(unsigned long gpa, unsigned long psize);
	/* KVM writes to the areas of H_REGISTER_VPA */
	void (*before_vpa)(struct kvm_vcpu *vcpu);
	void (*after_vpa)(struct kvm_vcpu *vcpu);
};

extern struct guest guest;

void guest_setup(void);
/* KVM_RUN: out of the host into the guest and back */
int guest_begin(struct kvm_vcpu *vcpu);
void guest_end(struct kvm_vcpu *vcpu);
bool guest_wanted(struct kvm_vcpu *vcpu);

/* HPTE for page @page of a segment; its group, and the first doubleword */
unsigned long guest_group(int seg, unsigned long page, bool secondary);
unsigned long guest_v(int seg, unsigned long page, bool secondary);
unsigned long guest_r(int seg, unsigned long gpa, bool writable);
long guest_h_enter(struct kvm_vcpu *vcpu, int seg, unsigned long page, unsigned long gpa,
		   bool writable, bool secondary, bool bolted);

enum { ACCESS_OK, ACCESS_AGAIN, ACCESS_FAULT, ACCESS_ERROR };
/* One try; after ACCESS_AGAIN the hypervisor has done something about it */
int guest_access(struct kvm_vcpu *vcpu, int seg, unsigned long page, bool store);
/* Until it is made or the guest sees a fault; true if made */
bool guest_do(struct kvm_vcpu *vcpu, int seg, unsigned long page, bool store);

/* Translations that processors have, for each page of the host */
void guest_each_tlb(void (*fn)(unsigned long gpa, unsigned long pa, bool writable));

#endif /* GUEST_H */
