/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest for "kvm-hv --flat --testdev 0x40000000": maps the last page of the
 * test device, stores and loads there in both byte orders, and ends kvm-hv with
 * status 0 if all is as it should be, else with 1; 2 is for H_ENTER, and the
 * vectors below end it with their number.
 */
#define EA	0x1000f000
#define VSID	0x123
#define PTEG	(VSID ^ 0xf)		/* of page 0xf, HPTs from 256K up */

	.machine power8
	.text
	.org	0x100
	li	r3,0x08		/* H_ENTER */
	li	r4,1
	sldi	r4,r4,39		/* H_EXACT */
	li	r5,PTEG * 8
	lis	r6,VSID >> 4
	ori	r6,r6,((VSID << 12) & 0xffff) | 1
	lis	r7,0x4000
	ori	r7,r7,0xf1aa		/* R, C, I, G, read-write */
	sc	1
	cmpdi	r3,0
	li	r6,2
	bne	end

	lis	r9,VSID >> 4
	ori	r9,r9,(VSID << 12) & 0xffff
	lis	r8,(EA >> 16) | 0x800	/* ESID, valid */
	rldicr	r8,r8,0,36
	slbmte	r9,r8
	isync
	mfmsr	r9
	ori	r9,r9,0x10		/* MSR[DR] */
	mtmsrd	r9
	isync

	lis	r8,EA >> 16
	ori	r8,r8,EA & 0xffff
	lis	r10,0x1122
	ori	r10,r10,0x3344
	stwbrx	r10,0,r8		/* 44 33 22 11 */
	stw	r10,4(r8)		/* 11 22 33 44 */
	lbz	r5,0(r8)
	cmpwi	r5,0x44
	bne	bad
	lhz	r5,4(r8)
	cmpwi	r5,0x1122
	bne	bad
	ld	r5,0(r8)
	cmpw	r5,r10
	bne	bad
	srdi	r5,r5,32
	lis	r7,0x4433
	ori	r7,r7,0x2211
	cmpw	r5,r7
	bne	bad
	li	r6,0
	stw	r6,0xff0(r8)
	b	.

bad:	li	r6,1
end:	li	r3,0x40		/* H_LOGICAL_CI_STORE */
	li	r4,4
	lis	r5,0x4000
	ori	r5,r5,0xfff0
	sc	1
	b	.

	.irp	vector, 0x300, 0x380, 0x400, 0x480, 0x600, 0x700
	.org	\vector
	li	r6,\vector >> 4
	b	end
	.endr
