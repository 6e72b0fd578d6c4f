// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypervisor-mode KVM: the pool of real mode areas (RMAs), MMU on.
 *
 * An RMA is memory in one piece, aligned to its size.  A guest whose real mode
 * does not go through its hash table has it at guest real address 0: the
 * processor compares real mode addresses with a limit (RMLS) and ORs them with
 * an offset (RMOR).  ISA 2.06 and 2.07, Book III-S, 5.7.3.2.
 *
 * So much memory in one piece is to be had at boot only, hence the boot
 * parameters kvm_rma_size= and kvm_rma_count=.  The pool neither grows nor
 * shrinks afterwards.
 */
#define pr_fmt(fmt) "kvm-hv: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/sizes.h>
#include <asm/kvm_book3s_hv.h>

#define DEFAULT_RMA_SIZE	SZ_64M

/* What the host keeps at least, besides a quarter of all memory */
#define HOST_MIN		SZ_256M

static unsigned long wanted_size __initdata = DEFAULT_RMA_SIZE;
static unsigned int wanted_count __initdata;

/* Allocated once; afterwards only the list changes */
static struct kvmhv_rma *areas;
static unsigned int nr_areas;
static unsigned long area_size;

static DEFINE_MUTEX(pool_lock);
static LIST_HEAD(free_areas);		/* pool_lock */

static int __init parse_size(char *arg)
{
	char *end;

	wanted_size = arg ? memparse(arg, &end) : 0;
	if (arg && *end)
		wanted_size = 0;
	return 0;
}
early_param("kvm_rma_size", parse_size);

static int __init parse_count(char *arg)
{
	if (!arg || kstrtouint(arg, 0, &wanted_count)) {
		wanted_count = 0;
		pr_warn("kvm_rma_count=%s: not a number\n", arg ?: "");
	}
	return 0;
}
early_param("kvm_rma_count", parse_count);

static bool __init size_ok(const struct kvmhv_cpu_ops *cpu)
{
	const struct kvmhv_rma_size *s;
	struct seq_buf list;
	char text[80];

	for (s = cpu->rma_sizes; s->shift; s++)
		if (wanted_size == 1UL << s->shift)
			return true;

	seq_buf_init(&list, text, sizeof(text));
	for (s = cpu->rma_sizes; s->shift; s++) {
		if (s->shift < 30)
			seq_buf_printf(&list, " %uM", 1 << (s->shift - 20));
		else
			seq_buf_printf(&list, " %uG", 1 << (s->shift - 30));
	}
	pr_err("kvm_rma_size: %lu KiB is no size of a real mode area, %s has%.*s\n",
	       wanted_size / SZ_1K, cpu->name, (int)seq_buf_used(&list), text);
	return false;
}

/* How many areas leave the host enough to live */
static unsigned int __init affordable(void)
{
	unsigned long mem = memblock_phys_mem_size();
	unsigned long keep = max_t(unsigned long, mem / 4, HOST_MIN);

	if (mem <= keep)
		return 0;
	return min_t(unsigned long, wanted_count, (mem - keep) / wanted_size);
}

/**
 * kvmhv_rma_reserve - set memory for the pool aside
 *
 * Context: boot, memblock knows all memory, its other users of importance have
 * had theirs.
 */
void __init kvmhv_rma_reserve(void)
{
	const struct kvmhv_cpu_ops *cpu;
	phys_addr_t pa;
	unsigned int n;
	const char *why;

	if (!wanted_count)
		return;
	cpu = kvmhv_find_cpu(&why);
	if (!cpu) {
		pr_info("no real mode areas: %s\n", why);
		return;
	}
	if (!size_ok(cpu))
		return;

	n = affordable();
	if (n)
		areas = memblock_alloc(array_size(n, sizeof(*areas)),
				       SMP_CACHE_BYTES);
	while (areas && nr_areas < n) {
		pa = memblock_phys_alloc_range(wanted_size, wanted_size, 0,
					       MEMBLOCK_ALLOC_ANYWHERE);
		if (!pa)
			break;
		areas[nr_areas++].pfn = pa >> PAGE_SHIFT;
	}
	area_size = wanted_size;

	if (nr_areas < wanted_count)
		pr_warn("memory for %u of %u real mode areas only\n", nr_areas,
			wanted_count);
	pr_info("%u real mode areas of %lu MiB reserved\n", nr_areas,
		area_size / SZ_1M);
}

static unsigned long area_pages(void)
{
	return area_size >> PAGE_SHIFT;
}

/*
 * Make ordinary pages of them that have one owner, the pool: user space maps
 * them, and whoever pins one counts.
 */
static int __init pool_init(void)
{
	unsigned long i;
	unsigned int n;

	for (n = 0; n < nr_areas; n++) {
		for (i = 0; i < area_pages(); i++)
			ClearPageReserved(pfn_to_page(areas[n].pfn + i));
		list_add_tail(&areas[n].free, &free_areas);
	}
	return 0;
}
core_initcall(pool_init);

/**
 * kvmhv_rma_capability - the value of KVM_CAP_PPC_RMA
 *
 * Context: kvm-hv is loaded.
 * Return: 2 if guests must have an RMA, whether there is a pool or not; else 1 if they
 * can have one, 0 without a pool.
 */
int kvmhv_rma_capability(void)
{
	if (!kvmhv_cpu->has_vrma)
		return 2;
	return nr_areas ? 1 : 0;
}
EXPORT_SYMBOL_GPL(kvmhv_rma_capability);

/**
 * kvmhv_rma_bytes - the size of every area of the pool
 */
unsigned long kvmhv_rma_bytes(void)
{
	return area_size;
}
EXPORT_SYMBOL_GPL(kvmhv_rma_bytes);

/**
 * kvmhv_rma_pool - how many areas there are
 * @unused: set to the number of those that are free
 *
 * Context: process.
 * Return: the number of all
 */
unsigned int kvmhv_rma_pool(unsigned int *unused)
{
	struct kvmhv_rma *rma;

	*unused = 0;
	mutex_lock(&pool_lock);
	list_for_each_entry(rma, &free_areas, free)
		(*unused)++;
	mutex_unlock(&pool_lock);
	return nr_areas;
}
EXPORT_SYMBOL_GPL(kvmhv_rma_pool);

/*
 * Does the pool alone hold references to the pages?  A pipe or a device at work may
 * have pinned one, and outlives file, mappings and VM: what it reads or writes
 * must not be another guest's.
 */
static bool area_idle(const struct kvmhv_rma *rma)
{
	unsigned long i;

	for (i = 0; i < area_pages(); i++) {
		if (page_count(pfn_to_page(rma->pfn + i)) != 1)
			return false;
		if (!(i % SZ_4K))
			cond_resched();
	}
	return true;
}

static struct kvmhv_rma *take_idle(void)
{
	struct kvmhv_rma *rma;

	list_for_each_entry(rma, &free_areas, free) {
		if (area_idle(rma)) {
			list_del_init(&rma->free);
			return rma;
		}
	}
	return NULL;
}

/**
 * kvmhv_rma_get - take an area out of the pool
 *
 * Context: process; clears it, which takes a while.
 * Return: an area full of zeroes, or NULL if there is none.
 */
struct kvmhv_rma *kvmhv_rma_get(void)
{
	struct kvmhv_rma *rma;
	unsigned long i;

	mutex_lock(&pool_lock);
	rma = take_idle();
	mutex_unlock(&pool_lock);
	if (!rma)
		return NULL;

	for (i = 0; i < area_pages(); i++) {
		clear_page(page_address(pfn_to_page(rma->pfn + i)));
		cond_resched();
	}
	return rma;
}
EXPORT_SYMBOL_GPL(kvmhv_rma_get);

/**
 * kvmhv_rma_put - give an area back
 * @rma: the area; no mapping and no VM has it any more
 *
 * Context: process.
 */
void kvmhv_rma_put(struct kvmhv_rma *rma)
{
	mutex_lock(&pool_lock);
	/* the one given back longest ago is the most likely to be idle */
	list_add_tail(&rma->free, &free_areas);
	mutex_unlock(&pool_lock);
}
EXPORT_SYMBOL_GPL(kvmhv_rma_put);
