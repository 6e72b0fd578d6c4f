// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hcalls on TCE tables in real mode: which entries they change, codes, the list
 * of H_PUT_TCE_INDIRECT.
 */
#include "unit.h"
#include "../../../../arch/powerpc/kvm/book3s_hv_tce.h"

#define LIOBN		0x80000001UL
#define OFFSET		16UL
#define LIST_GPA	(5 * MB)
#define PAGES		3UL
#define OLD		5UL		/* no good TCE, so ours alone */

static struct kvmhv_tce_table *table, *other;
static struct kvm_vcpu *vcpu;
static u64 *all;

static struct kvmhv_tce_table *new_table(u64 liobn, u32 shift, u64 size)
{
	struct list_head *head = &fake.kvm.arch.spapr_tce_tables;
	struct kvmhv_tce_table *t;

	t = calloc(1, sizeof(*t) + PAGES * sizeof(t->page[0]));
	t->liobn = liobn;
	t->page_shift = shift;
	t->offset = OFFSET;
	t->size = size;
	t->list.next = head->next;
	head->next = &t->list;
	return t;
}

/* Entries beyond the window are there too, to be seen if they change */
static void setup(u32 shift)
{
	unsigned long i;

	fake_setup(16);
	fake.kvm.arch.spapr_tce_tables.next = &fake.kvm.arch.spapr_tce_tables;
	vcpu = fake_vcpu();
	table = new_table(LIOBN, shift, PAGES * TCES_PER_PAGE - 3);
	other = new_table(LIOBN + 1, 12, 1);
	all = calloc(PAGES, PAGE_SIZE);
	for (i = 0; i < PAGES; i++)
		table->page[i] = all + i * TCES_PER_PAGE;
	for (i = 0; i < PAGES * TCES_PER_PAGE; i++)
		all[i] = OLD;
	fake.page = calloc(1, PAGE_SIZE);
	fake.page_pa = PA_BASE + LIST_GPA;
	*fake_pte(LIST_GPA) = (pte_t){ fake.page_pa | _PAGE_PRESENT |
				       _PAGE_READ | _PAGE_WRITE };
}

static void down(void)
{
	check_eq(locks_held(), 0);
	free(fake.page);
	free(all);
	free(table);
	free(other);
	free(vcpu);
	fake_teardown();
}

static unsigned long ioba(unsigned long index)
{
	return (OFFSET + index) << table->page_shift;
}

static unsigned long changed(void)
{
	unsigned long i, n = 0;

	for (i = 0; i < PAGES * TCES_PER_PAGE; i++)
		n += all[i] != OLD;
	return n;
}

static void put_and_get(u32 shift)
{
	unsigned long last, page = 1UL << shift;

	setup(shift);
	last = table->size - 1;
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(0), page | 3), H_SUCCESS);
	check_eq(all[0], page | 3);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(last), -page | 1),
		 H_SUCCESS);
	check_eq(all[last], -page | 1);
	check_eq(kvmhv_rm_h_get_tce(vcpu, LIOBN, ioba(last)), H_SUCCESS);
	check_eq(vcpu->arch.regs.gpr[4], -page | 1);
	check_eq(changed(), 2);

	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(last + 1), 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(-1), 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, 0, 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, -page, 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(1) + 1, 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(1), 4), H_PARAMETER);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN, ioba(1), page / 2), H_PARAMETER);
	check_eq(kvmhv_rm_h_get_tce(vcpu, LIOBN, ioba(last + 1)), H_PARAMETER);
	check_eq(kvmhv_rm_h_get_tce(vcpu, LIOBN, ioba(1) + 1), H_PARAMETER);
	check_eq(vcpu->stat.put_tce_real, 9);
	check_eq(kvmhv_rm_h_put_tce(vcpu, LIOBN + 2, ioba(1), 0), H_TOO_HARD);
	check_eq(kvmhv_rm_h_get_tce(vcpu, LIOBN + 2, ioba(1)), H_TOO_HARD);
	check_eq(vcpu->stat.put_tce_real, 9);
	check_eq(changed(), 2);
	down();
}

static void put_get(void)
{
	put_and_get(12);
	put_and_get(16);
	put_and_get(24);
	put_and_get(34);
}

static void stuff(void)
{
	unsigned long first, i;

	setup(16);
	first = TCES_PER_PAGE - 100;
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(first), 0x10002, 512),
		 H_SUCCESS);
	for (i = 0; i < 512; i++)
		check_eq(all[first + i], 0x10002);
	check_eq(changed(), 512);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(0), 0, 0), H_PARAMETER);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(0), 4, 1), H_PARAMETER);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(-1), 0, 2), H_PARAMETER);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(table->size - 1), 0, 2),
		 H_PARAMETER);
	check_eq(vcpu->stat.multi_tce_real, 5);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN, ioba(0), 0, 513), H_TOO_HARD);
	check_eq(kvmhv_rm_h_stuff_tce(vcpu, LIOBN + 2, 0, 0, 1), H_TOO_HARD);
	check_eq(vcpu->stat.multi_tce_real, 5);
	check_eq(changed(), 512);
	down();
}

static void fill_list(unsigned long off)
{
	__be64 *list = fake.page + off;
	int i;

	for (i = 0; i < 512; i++)
		list[i] = cpu_to_be64(((i + 1UL) << 12) | (i & 3));
}

static long indirect(unsigned long index, unsigned long gpa, unsigned long n)
{
	long ret = kvmhv_rm_h_put_tce_indirect(vcpu, LIOBN, ioba(index), gpa, n);

	check_eq(locks_held(), 0);
	return ret;
}

static void indirect_lists(void)
{
	unsigned long off, first, i;

	for (off = 0; off < PAGE_SIZE; off += 4096) {
		setup(12);
		first = TCES_PER_PAGE - 300;
		fill_list(off);
		check_eq(indirect(first, LIST_GPA + off, 512), H_SUCCESS);
		for (i = 0; i < 512; i++)
			check_eq(all[first + i], ((i + 1) << 12) | (i & 3));
		check_eq(changed(), 512);
		down();
	}
}

static void indirect_bad(void)
{
	__be64 *list;

	setup(12);
	list = fake.page;
	fill_list(0);
	check_eq(indirect(0, LIST_GPA, 0), H_PARAMETER);
	check_eq(indirect(0, LIST_GPA, 513), H_PARAMETER);
	check_eq(indirect(0, LIST_GPA + 8, 1), H_PARAMETER);
	check_eq(indirect(table->size - 511, LIST_GPA, 512), H_PARAMETER);
	check_eq(indirect(-1, LIST_GPA, 2), H_PARAMETER);
	list[511] |= cpu_to_be64(8);
	check_eq(indirect(0, LIST_GPA, 512), H_PARAMETER);
	check_eq(vcpu->stat.multi_tce_real, 6);
	check_eq(changed(), 0);
	check_eq(indirect(0, LIST_GPA, 511), H_SUCCESS);
	check_eq(changed(), 511);
	down();
}

/* What real mode cannot read is the module's, and changes nothing here */
static void indirect_absent(void)
{
	setup(12);
	fill_list(0);
	check_eq(indirect(0, IO_GPA, 1), H_TOO_HARD);
	check_eq(indirect(0, GONE_GPA, 1), H_TOO_HARD);
	*fake_pte(RAM_GPA) = (pte_t){ 0 };
	check_eq(indirect(0, RAM_GPA, 1), H_TOO_HARD);
	fake.kvm.mmu_invalidate_in_progress = 1;
	check_eq(indirect(0, LIST_GPA, 1), H_TOO_HARD);
	fake.kvm.mmu_invalidate_in_progress = 0;
	fake_pte(LIST_GPA)->pte |= _PAGE_NON_IDEMPOTENT;
	check_eq(indirect(0, LIST_GPA, 1), H_TOO_HARD);
	fake_pte(LIST_GPA)->pte &= ~_PAGE_NON_IDEMPOTENT;
	check_eq(vcpu->stat.multi_tce_real, 0);
	check_eq(changed(), 0);
	check_eq(indirect(0, LIST_GPA, 1), H_SUCCESS);
	check_eq(vcpu->stat.multi_tce_real, 1);
	down();
}

/* A page that stays where it is needs no host PTE, nor does a notifier matter */
static void indirect_fixed(void)
{
	setup(12);
	fill_list(0);
	*fake_pte(LIST_GPA) = (pte_t){ 0 };
	check_eq(indirect(0, LIST_GPA, 512), H_TOO_HARD);
	fake.kvm.arch.hv.rma_pa = PA_BASE;
	fake.slots.slot[0]->arch.memory = KVMHV_MEM_RMA;
	fake.kvm.mmu_invalidate_in_progress = 1;
	check_eq(indirect(0, LIST_GPA, 512), H_SUCCESS);
	fake.kvm.mmu_invalidate_in_progress = 0;
	check_eq(changed(), 512);
	down();
}

/* Hcalls as bytes will have it, against a table of what the entries must be */
static u64 want[PAGES * TCES_PER_PAGE];
static unsigned int change_at;	/* by another vcpu, after so many stores */
static bool changed_list;

static u64 any(u64 near)
{
	switch (rnd(4)) {
	case 0:
		return near + rnd(8);
	case 1:
		return near - rnd(8);
	case 2:
		return BIT(rnd(64)) - rnd(2);
	default:
		return (u64)rnd(UINT_MAX) << 32 | rnd(UINT_MAX);
	}
}

static u64 some_tce(void)
{
	u64 tce = (u64)rnd(BIT(16)) << table->page_shift | rnd(4);

	return rnd(4) ? tce : tce ^ any(0);
}

static u64 some_ioba(void)
{
	u64 index = rnd(2) ? rnd(BIT(15)) : any(table->size);
	u64 addr = (table->offset + index) << table->page_shift;

	return rnd(8) ? addr : addr ^ any(0);
}

static bool in_window(u64 addr, u64 n, u64 *first)
{
	unsigned __int128 i = addr >> table->page_shift;

	*first = (addr >> table->page_shift) - table->offset;
	return n && !(addr << (64 - table->page_shift)) && i >= table->offset &&
	       i + n <= (unsigned __int128)table->offset + table->size;
}

static bool good(u64 tce)
{
	return !(tce & (BIT(table->page_shift) - 1) & ~3UL);
}

static void change_list(void)
{
	__be64 *list = fake.page;

	if (!change_at || --change_at)
		return;
	list[rnd(PAGE_SIZE / 8)] = cpu_to_be64(some_tce());
	changed_list = true;
}

static void any_put(u64 liobn)
{
	u64 addr = some_ioba(), tce = some_tce(), i;
	bool ok = in_window(addr, 1, &i) && good(tce);
	long ret = kvmhv_rm_h_put_tce(vcpu, liobn, addr, tce);

	if (liobn == LIOBN)
		check_eq(ret, ok ? H_SUCCESS : H_PARAMETER);
	if (ret == H_SUCCESS && liobn == LIOBN)
		want[i] = tce;
}

static void any_get(u64 liobn)
{
	u64 addr = some_ioba(), i;
	bool ok = in_window(addr, 1, &i);
	long ret = kvmhv_rm_h_get_tce(vcpu, liobn, addr);

	if (liobn != LIOBN)
		return;
	check_eq(ret, ok ? H_SUCCESS : H_PARAMETER);
	if (ok)
		check_eq(vcpu->arch.regs.gpr[4], want[i]);
}

static void any_stuff(u64 liobn)
{
	u64 addr = some_ioba(), tce = some_tce(), n = rnd(8) ? rnd(600) : any(0), i;
	bool ok = in_window(addr, n, &i) && good(tce);
	long ret = kvmhv_rm_h_stuff_tce(vcpu, liobn, addr, tce, n);

	if (liobn != LIOBN)
		return;
	check_eq(ret, n > 512 ? H_TOO_HARD : ok ? H_SUCCESS : H_PARAMETER);
	for (; ret == H_SUCCESS && n; n--)
		want[i++] = tce;
}

static void any_indirect(u64 liobn)
{
	static const u64 gone[] = { IO_GPA, GONE_GPA, -4096UL };
	u64 addr = some_ioba(), n = rnd(8) ? rnd(514) : any(0), i, k;
	unsigned long off = rnd(PAGE_SIZE / 4096) * 4096;
	bool there = rnd(8), aligned = rnd(8), ok;
	u64 gpa = there ? LIST_GPA + off : gone[rnd(ARRAY_SIZE(gone))];
	__be64 *list = fake.page + off;
	long ret;

	/* anywhere, or the last one that counts */
	for (k = rnd(4); k; k--)
		list[(rnd(2) ? rnd(512) : n - 1) % 512] = cpu_to_be64(some_tce());
	ok = n <= 512 && aligned && in_window(addr, n, &i);
	for (k = 0; k < n && ok && there; k++)
		if (!good(be64_to_cpu(list[k])))
			ok = false;
	change_at = rnd(4) ? 0 : rnd(512);
	changed_list = false;
	stub_on_write = change_list;
	ret = kvmhv_rm_h_put_tce_indirect(vcpu, liobn, addr, gpa + !aligned, n);
	stub_on_write = NULL;
	if (liobn != LIOBN)
		return;
	check_eq(ret, !ok ? H_PARAMETER : there ? H_SUCCESS : H_TOO_HARD);
	for (k = 0; ret == H_SUCCESS && k < n; k++) {
		check(good(all[i + k]));
		want[i + k] = changed_list ? all[i + k] : be64_to_cpu(list[k]);
	}
}

static void (*const any_hcall[])(u64 liobn) = {
	any_put, any_get, any_stuff, any_indirect,
};

void fuzz_tce(void)
{
	static const u8 shifts[] = { 12, 16, 24, 34 };

	setup(shifts[rnd(ARRAY_SIZE(shifts))]);
	table->size = 1 + rnd(table->size);
	table->offset = rnd(2) ? OFFSET : any(0) >> table->page_shift;
	if (rnd(2))
		fill_list(0);
	memcpy(want, all, sizeof(want));
	while (rnd_left()) {
		any_hcall[rnd(4)](rnd(8) ? LIOBN : LIOBN + 2);
		check_eq(locks_held(), 0);
	}
	check(!memcmp(want, all, sizeof(want)));
	down();
}

const struct unit_case tce_cases[] = {
	{ "H_PUT_TCE and H_GET_TCE: edges and bits", put_get },
	{ "H_STUFF_TCE", stuff },
	{ "H_PUT_TCE_INDIRECT: lists", indirect_lists },
	{ "H_PUT_TCE_INDIRECT: bad arguments, bad entries", indirect_bad },
	{ "H_PUT_TCE_INDIRECT: no list at hand", indirect_absent },
	{ "H_PUT_TCE_INDIRECT: list in a real mode area", indirect_fixed },
	{ NULL, NULL },
};
