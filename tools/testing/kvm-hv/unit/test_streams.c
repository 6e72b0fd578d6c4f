// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets for the fuzzer that are no tests of their own: a hash table that user space
 * writes as a stream, and the areas of H_REGISTER_VPA.
 */
#include <linux/sizes.h>
#include "unit.h"
#include "stub_mm.h"
#include "../../../../arch/powerpc/kvm/book3s_hv.h"
#include <asm/dtl.h>
#include <asm/hvcall.h>
#include <asm/lppaca.h>

#define PAGES		MM_AREA_PAGES
#define ORDER		18
#define NR_HPTES	BIT(ORDER - 4)
#define STREAM		(64U << 10)

static unsigned long rnd64(void)
{
	return (unsigned long)rnd(UINT_MAX) << 32 | rnd(UINT_MAX);
}

/* ---- The stream of a hash table */

struct hpte {
	unsigned long v;	/* as the guest knows it, 0: none */
	unsigned long r;
};

static struct hpte table[NR_HPTES];
static char stream[2 * STREAM], again[2 * STREAM];

static struct hpte hpte_at(unsigned long i)
{
	struct hpte h = { V_OF(i) };

	if (!(h.v & KVMHV_HPTE_V_USED))
		return (struct hpte){ };
	return (struct hpte){ kvmhv_guest_v(h.v), REV_OF(i).guest_r & ~KVMHV_GR_MODIFIED };
}

static bool same(struct hpte a, struct hpte b)
{
	return a.v == b.v && a.r == b.r;
}

/* What is asked for, as the guest sees it then */
static struct hpte asked(const char *p)
{
	__be64 word[2];

	memcpy(word, p, sizeof(word));
	return (struct hpte){
		(be64_to_cpu(word[0]) & ~(HPTE_V_ABSENT | HPTE_V_HVLOCK)) | HPTE_V_VALID,
		be64_to_cpu(word[1]) & ~KVMHV_GR_MODIFIED,
	};
}

/* One that H_ENTER takes, with a few bits changed now and then */
static size_t put_hpte(char *p)
{
	const struct page_size *ps = &page_sizes[rnd(NR_PAGE_SIZES)];
	unsigned long gpa = (unsigned long)rnd(PAGES + 4) << PAGE_SHIFT;
	__be64 word[2];

	word[0] = (unsigned long)rnd(BIT(16)) << 12 | ps->v | HPTE_V_VALID;
	word[1] = (gpa & ~(BIT(ps->actual) - 1)) | ps->lp | HPTE_R_M | (rnd(4) << 7) | rnd(4);
	if (!rnd(4))
		word[rnd(2)] ^= BIT(rnd(64));
	if (!rnd(16))
		word[rnd(2)] = rnd64();
	word[0] = cpu_to_be64(word[0]);
	word[1] = cpu_to_be64(word[1]);
	memcpy(p, word, sizeof(word));
	return sizeof(word);
}

static size_t put_record(char *p)
{
	struct kvm_get_htab_header head = {
		.index = rnd(8) ? rnd(256) : rnd(8) ? NR_HPTES - rnd(16) : rnd(UINT_MAX),
		.n_valid = rnd(16) ? rnd(6) : rnd(8) ? rnd(256) : rnd(BIT(16)),
		.n_invalid = rnd(8) ? rnd(6) : rnd(2) ? rnd(BIT(16)) : BIT(16) - 1 - rnd(8),
	};
	unsigned int i;
	size_t n = sizeof(head);

	memcpy(p, &head, n);
	for (i = 0; i < head.n_valid && i < 256 && rnd_left(); i++)
		n += put_hpte(p + n);
	return n;
}

/* A record that write() refused: of its HPTEs, those before the bad one are written */
static void refused(unsigned long index, unsigned int n, const char *p)
{
	unsigned int i;

	for (i = 0; i < n && same(hpte_at(index + i), asked(p + 16 * i)); i++)
		table[index + i] = asked(p + 16 * i);
	if (i == n)
		fail("write() refuses a record that can be written");
	/* and in the place of the bad one there may be none */
	if (!hpte_at(index + i).v)
		table[index + i] = (struct hpte){ };
}

/* What the table has to be now: write() has taken the first @done bytes of @stream */
static void written(ssize_t done, size_t size)
{
	struct kvm_get_htab_header head;
	unsigned long off = 0, i;

	while (size - off >= sizeof(head)) {
		memcpy(&head, stream + off, sizeof(head));
		off += sizeof(head);
		if (head.n_valid * 16UL > size - off ||
		    head.index + (unsigned long)head.n_valid + head.n_invalid > NR_HPTES) {
			off -= sizeof(head);
			break;
		}
		if ((ssize_t)off > done) {
			refused(head.index, head.n_valid, stream + off);
			off -= sizeof(head);
			break;
		}
		for (i = 0; i < head.n_valid; i++, off += 16)
			table[head.index + i] = asked(stream + off);
		memset(&table[head.index + i], 0, head.n_invalid * sizeof(table[0]));
	}
	/* with nothing written, an error tells why */
	check_eq(max(done, 0L), off);
}

static void check_table(void)
{
	unsigned long k;

	for (k = 0; k < NR_HPTES; k++)
		if (!same(hpte_at(k), table[k]))
			fail("HPTE %lx is %lx %lx, not %lx %lx", k, hpte_at(k).v, hpte_at(k).r,
			     table[k].v, table[k].r);
	fake_check_rings();
}

static struct file *open_htab(const struct kvm_get_htab_fd *arg, int *fd)
{
	*fd = kvmhv_htab_fd(&fake.kvm, arg);
	return fd_file(*fd);
}

static ssize_t write_stream(const char *buf, size_t size)
{
	const struct kvm_get_htab_fd arg = { .flags = KVM_GET_HTAB_WRITE };
	struct file *file;
	ssize_t n;
	int fd;

	file = open_htab(&arg, &fd);
	n = file->f_op->write(file, buf, size, NULL);
	fd_close(fd);
	return n;
}

/* The first pass, with reads of @room bytes: each HPTE there is, once and in order */
static size_t read_stream(char *buf, size_t room)
{
	const struct kvm_get_htab_fd arg = { };
	struct kvm_get_htab_header head;
	unsigned long k = 0, i;
	struct file *file;
	size_t size = 0, off;
	ssize_t n;
	int fd;

	file = open_htab(&arg, &fd);
	while (k < NR_HPTES) {
		check(size + room <= 2 * STREAM);
		n = file->f_op->read(file, buf + size, room, NULL);
		check(n > 0 && n <= (ssize_t)room);
		for (off = size; off < size + n; off += head.n_valid * 16) {
			memcpy(&head, buf + off, sizeof(head));
			off += sizeof(head);
			check(off + head.n_valid * 16UL <= size + n);
			check_eq(head.index, k);
			for (i = 0; i < head.n_valid; i++, k++)
				check(same(asked(buf + off + 16 * i), table[k]));
			for (i = 0; i < head.n_invalid; i++, k++)
				check(!table[k].v);
		}
		size += n;
	}
	check_eq(k, NR_HPTES);
	fd_close(fd);
	return size;
}

/* Readers may begin anywhere, leave out HPTEs, and have little room */
static void read_some(void)
{
	const struct kvm_get_htab_fd arg = {
		.flags = rnd(4) ? rnd(4) : rnd64(),
		.start_index = rnd(4) ? rnd(BIT(16)) : rnd64(),
		.reserved = { !rnd(16), !rnd(16) },
	};
	struct kvm_get_htab_header head;
	size_t room = rnd(512), off;
	char *const nowhere = (char *)8;
	struct file *file;
	ssize_t n;
	int fd, i;

	file = open_htab(&arg, &fd);
	check_eq(!file, (arg.flags & ~3UL) || arg.reserved[0] || arg.reserved[1]);
	if (!file)
		return;
	for (i = rnd(4); i && !(arg.flags & KVM_GET_HTAB_WRITE); i--) {
		n = file->f_op->read(file, rnd(16) ? again : nowhere, room, NULL);
		check(n <= (ssize_t)room);
		for (off = 0; (ssize_t)off < n; off += head.n_valid * 16) {
			memcpy(&head, again + off, sizeof(head));
			off += sizeof(head);
			check(head.index + (unsigned long)head.n_valid + head.n_invalid <=
			      NR_HPTES);
		}
		check(n < 0 || (ssize_t)off == n);
	}
	fd_close(fd);
}

void fuzz_htab(void)
{
	size_t size;
	ssize_t done;

	kvm_stub_setup(false);
	memset(table, 0, sizeof(table));
	mm_mmap(HVA_BASE, PAGES, NULL);
	check_eq(kvmhv_hpt_allocate(&fake.kvm, ORDER), 0);
	check_eq(kvm_stub_set_memory(0, 0, 0, PAGES, HVA_BASE), 0);
	while (rnd_left()) {
		if (!rnd(4)) {
			read_some();
			continue;
		}
		size = 0;
		do {
			size += put_record(stream + size);
		} while (rnd(4) && size < STREAM / 4 && rnd_left());
		size -= rnd(8) ? 0 : rnd(size);
		done = write_stream(stream, size);
		check(done < 0 || done <= (ssize_t)size);
		written(done, size);
	}
	check_table();
	check_eq(write_stream((char *)8, 8 + rnd(64)), -EFAULT);
	/* What one host reads another one takes, and has the same then */
	size = read_stream(stream, 24 + rnd(BIT(13)));
	check_eq(kvmhv_hpt_allocate(&fake.kvm, ORDER), 0);
	check_eq(write_stream(stream, size), size);
	check_table();
	read_stream(again, BIT(13));
	kvm_stub_teardown();
}

/* ---- Areas of H_REGISTER_VPA */

#define BLOCK		4096UL

/* Some of what is there already, or near the end of a block */
static unsigned long rnd_area(void)
{
	unsigned long gpa = (unsigned long)rnd(PAGES + 1) << PAGE_SHIFT | rnd(3) * BLOCK;

	switch (rnd(8)) {
	case 0:
		return gpa + rnd(BLOCK);
	case 1:
		return rnd64();
	case 2:
		return 0;
	case 3:
		return gpa + BLOCK - (rnd(8) << 7);
	default:
		return gpa + (rnd(8) << 7);
	}
}

/* Of an area: so many entries of a log, or any */
static unsigned long rnd_len(void)
{
	return rnd(2) ? sizeof(struct dtl_entry) * (1 + rnd(16)) : rnd(BIT(16));
}

/* The 4K of user space's memory that has @gpa, or NULL; dirty then */
static char *block_of(unsigned long gpa)
{
	struct page *page;
	char *p;

	srcu_read_lock(&fake.kvm.srcu);
	page = gfn_to_page(&fake.kvm, gpa >> PAGE_SHIFT);
	srcu_read_unlock(&fake.kvm.srcu, 0);
	if (IS_ERR(page))
		return NULL;
	p = (char *)page_address(page) + offset_in_page(gpa & ~(BLOCK - 1));
	kvm_release_page_dirty(page);
	return p;
}

static void guest_writes(unsigned long gpa, u64 val, unsigned int n)
{
	unsigned long off = gpa & (BLOCK - 1);
	char *p = block_of(gpa);

	if (p)
		memcpy(p + off, &val, min((unsigned long)n, BLOCK - off));
}

static void check_area(const struct kvm_hv_vpa *area, unsigned long least)
{
	if (!area->gpa) {
		check(!area->kaddr);
		return;
	}
	check(!(area->gpa % 128));
	check(area->len >= least);
	check(area->gpa % BLOCK + area->len <= BLOCK);
	if (area->kaddr) {
		check(!mm_page_free(__pa(area->kaddr) >> PAGE_SHIFT));
		check_eq((char *)area->kaddr - area->gpa % BLOCK, block_of(area->gpa));
	}
}

static void check_areas(const struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;

	check_area(&hv->vpa, sizeof(struct lppaca));
	check_area(&hv->dtl, sizeof(struct dtl_entry));
	check_area(&hv->slb_shadow, 8);
	check(hv->vpa.gpa || (!hv->dtl.gpa && !hv->slb_shadow.gpa));
}

/* Is a byte of an area that the hypervisor writes to? */
static bool in_area(const struct kvm_hv_vpa *area, unsigned long gpa)
{
	return area->gpa && gpa - area->gpa < area->len;
}

/* One trip; nothing changes outside the areas */
static void trip(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned long at[2] = { hv->vpa.gpa & ~(BLOCK - 1), hv->dtl.gpa & ~(BLOCK - 1) }, i, k;
	static char was[2][BLOCK];
	const char *p;

	for (i = 0; i < 2; i++) {
		p = block_of(at[i]);
		if (p)
			memcpy(was[i], p, BLOCK);
	}
	srcu_read_lock(&fake.kvm.srcu);
	if (kvmhv_vpa_missing(vcpu))
		kvmhv_vpa_find(vcpu);
	if (hv->vpa.gpa) {
		hv->runnable_since = rnd(2) ? mftb() - rnd(BIT(20)) : 0;
		kvmhv_vpa_enter(vcpu);
		kvmhv_vpa_exit(vcpu);
	}
	srcu_read_unlock(&fake.kvm.srcu, 0);
	for (i = 0; i < 2; i++) {
		p = block_of(at[i]);
		for (k = 0; p && k < BLOCK; k++)
			if (p[k] != was[i][k] && !in_area(&hv->vpa, at[i] + k) &&
			    !in_area(&hv->dtl, at[i] + k))
				fail("KVM writes to %lx, outside the areas", at[i] + k);
	}
}

static void slb_shadow(struct kvm_vcpu *vcpu)
{
	struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	unsigned int i;

	srcu_read_lock(&fake.kvm.srcu);
	hv->slb_max = 0;
	kvmhv_slb_from_shadow(vcpu);
	srcu_read_unlock(&fake.kvm.srcu, 0);
	check(hv->slb_max <= fake.cpu_ops.slb_nr);
	for (i = 0; i < hv->slb_max; i++) {
		check(hv->slb[i].esid & SLB_ESID_V);
		check((hv->slb[i].esid & SLBE_INDEX) < fake.cpu_ops.slb_nr);
	}
}

/* A log is wanted, of all dispatches; a buffer has entries of the SLB */
static void guest_asks(const struct kvm_hv_vcpu *hv)
{
	const unsigned long slb = hv->slb_shadow.gpa;
	unsigned int i, n = rnd(100);

	if (hv->vpa.gpa)
		guest_writes(hv->vpa.gpa + offsetof(struct lppaca, dtl_enable_mask), ~0UL, 1);
	if (!slb)
		return;
	guest_writes(slb, cpu_to_be32(n), 4);
	for (i = 0; i < n && 16 * (i + 2) <= hv->slb_shadow.len; i++)
		guest_writes(slb + 16 * (i + 1), cpu_to_be64(SLB_ESID_V | i % 32), 8);
}

/* Into an area: heads, what the VPA asks for */
static void guest_changes(const struct kvm_hv_vcpu *hv)
{
	const struct kvm_hv_vpa *const areas[] = { &hv->vpa, &hv->dtl, &hv->slb_shadow };
	const struct kvm_hv_vpa *area = areas[rnd(3)];
	unsigned long off = rnd(2) ? rnd(8) * 8 : rnd(BLOCK), i;
	u64 val = rnd(2) ? rnd64() : BIT(rnd(64)) | rnd(64);

	if (!rnd(4)) {
		guest_asks(hv);
		return;
	}
	if (!area->gpa)
		return;
	for (i = rnd(4) ? 1 : rnd(80); i; i--, off += 8)
		guest_writes(area->gpa + off, cpu_to_be64(val), 8);
}

static void get_area(struct kvm_vcpu *vcpu)
{
	const struct kvm_hv_vcpu *hv = &vcpu->arch.hv;
	union kvmppc_one_reg reg = { };

	check_eq(kvmhv_vpa_get(vcpu, KVM_REG_PPC_VPA_ADDR, &reg), 0);
	check_eq(reg.vpaval.addr, hv->vpa.gpa);
	check_eq(kvmhv_vpa_get(vcpu, KVM_REG_PPC_VPA_SLB, &reg), 0);
	check(reg.vpaval.addr == hv->slb_shadow.gpa && reg.vpaval.length == hv->slb_shadow.len);
	check_eq(kvmhv_vpa_get(vcpu, KVM_REG_PPC_VPA_DTL, &reg), 0);
	check(reg.vpaval.addr == hv->dtl.gpa && reg.vpaval.length == hv->dtl.len);
	check_eq(kvmhv_vpa_get(vcpu, 0, &reg), -EINVAL);
}

static void host_event(void)
{
	unsigned long hva = HVA_BASE + ((unsigned long)rnd(PAGES) << PAGE_SHIFT);
	u32 flags = rnd(2);

	switch (rnd(6)) {
	case 0:
		mm_munmap(hva, 1 + rnd(4));
		break;
	case 1:
		mm_mmap(hva, 1 + rnd(4), NULL);
		break;
	case 2:
		mm_swap(hva);
		break;
	case 3:
		kvm_stub_set_memory(0, 0, 0, 0, 0);
		break;
	default:
		kvm_stub_set_memory(0, flags, 0, PAGES, HVA_BASE);
		break;
	}
}

void fuzz_vpa(void)
{
	static const u64 ids[] = {
		KVM_REG_PPC_VPA_ADDR, KVM_REG_PPC_VPA_SLB, KVM_REG_PPC_VPA_DTL, 0,
	};
	union kvmppc_one_reg reg;
	struct kvm_vcpu *vcpu;
	unsigned long gpa, flags;

	kvm_stub_setup(false);
	fake.cpu_ops.slb_nr = 32;
	mm_mmap(HVA_BASE, PAGES, NULL);
	check_eq(kvm_stub_set_memory(0, 0, 0, PAGES, HVA_BASE), 0);
	while (rnd_left()) {
		vcpu = fake.kvm.vcpu[rnd(STUB_VCPUS)];
		switch (rnd(8)) {
		case 0 ... 2:
			gpa = rnd_area();
			flags = (unsigned long)rnd(8) << H_VPA_FUNC_SHIFT;
			if (!rnd(16))
				flags ^= BIT(rnd(64));
			if (rnd(4))	/* a length: bytes 4 and 5, or 4 to 7 */
				guest_writes(gpa + 4,
					     cpu_to_be64(rnd_len() << (rnd(2) ? 48 : 32)), 4);
			srcu_read_lock(&fake.kvm.srcu);
			kvmhv_h_register_vpa(vcpu, flags, rnd(STUB_VCPUS + 1), gpa);
			srcu_read_unlock(&fake.kvm.srcu, 0);
			break;
		case 3:
			reg.vpaval.addr = rnd_area();
			reg.vpaval.length = rnd(4) ? rnd_len() : rnd64();
			kvmhv_vpa_set(vcpu, ids[rnd(4)], &reg);
			break;
		case 4:
			guest_changes(&vcpu->arch.hv);
			break;
		case 5:
			trip(vcpu);
			break;
		case 6:
			slb_shadow(vcpu);
			get_area(vcpu);
			break;
		case 7:
			host_event();
			break;
		}
		check_areas(fake.kvm.vcpu[0]);
		check_areas(fake.kvm.vcpu[1]);
		check(!locks_held());
	}
	kvm_stub_teardown();
}
