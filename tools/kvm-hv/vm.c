// SPDX-License-Identifier: GPL-2.0
/*
 * The VM: memory, hashed page table, what is loaded into it, reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>

#include "kvm-hv.h"

#define HUGE_SHIFT	24
#define MIN_HTAB_ORDER	18
/* RTAS and the device tree must be where 32-bit real mode reaches them */
#define LOW_TOP		(256 * MIB)
#define PAGE_64K	0x10000ULL

struct vm vm = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

int xioctl(int fd, unsigned long req, const char *what, unsigned long arg)
{
	int rc = ioctl(fd, req, arg);

	if (rc < 0)
		die_errno("%s", what);
	return rc;
}

int kvm_cap(int cap)
{
	int rc = ioctl(vm.fd, KVM_CHECK_EXTENSION, cap);

	return rc < 0 ? 0 : rc;
}

/* The only way from a guest real address to memory; NULL if not all is RAM */
void *guest_ptr(uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < vm.nr_ram; i++) {
		const struct ram *r = &vm.ram[i];

		if (addr >= r->start && addr - r->start <= r->size &&
		    len <= r->size - (addr - r->start))
			return r->host + (addr - r->start);
	}
	return NULL;
}

static void add_ram(uint64_t size, uint8_t *host, uint64_t page_size)
{
	struct ram *r = &vm.ram[vm.nr_ram];

	r->start = vm.nr_ram ? vm.ram[vm.nr_ram - 1].start + vm.ram[vm.nr_ram - 1].size : 0;
	r->size = size;
	r->host = host;
	vm.nr_ram++;
	if (!vm.page_size || page_size < vm.page_size)
		vm.page_size = page_size;
}

/* KVM keeps the RMA's memory in one piece; what it gives is what we get */
static void map_rma(void)
{
	struct kvm_allocate_rma rma;
	uint64_t size;
	void *host;
	int fd;

	if (!kvm_cap(KVM_CAP_PPC_RMA))
		die("--rma: this KVM has no real mode areas (KVM_CAP_PPC_RMA is 0)");
	fd = IOCTL(vm.fd, KVM_ALLOCATE_RMA, &rma);
	size = rma.rma_size < config.mem ? rma.rma_size : config.mem;
	host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (host == MAP_FAILED)
		die_errno("--rma: mmap of %llu MiB", (unsigned long long)size / MIB);
	close(fd);
	add_ram(size, host, size);
}

/* A file in PATH's hugetlbfs that is gone when we are */
static int hugepages_file(uint64_t size, uint64_t *page_size)
{
	const char *path = config.hugepages_path;
	struct statfs fs;
	char *name;
	int fd;

	if (statfs(path, &fs))
		die_errno("--hugepages=%s", path);
	if (fs.f_type != HUGETLBFS_MAGIC)
		die("--hugepages=%s: not a hugetlbfs", path);
	*page_size = fs.f_bsize;
	if (size % *page_size)
		die("--hugepages=%s: %llu MiB are not a multiple of its pages", path,
		    (unsigned long long)size / MIB);
	if (asprintf(&name, "%s/kvm-hv.XXXXXX", path) < 0)
		die_errno("--hugepages=%s", path);
	fd = mkstemp(name);
	if (fd < 0 || unlink(name) || ftruncate(fd, size))
		die_errno("--hugepages=%s: %s", path, name);
	free(name);
	return fd;
}

static void map_ram(uint64_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, fd = -1;
	uint64_t page_size = sysconf(_SC_PAGESIZE);
	void *host;

	if (config.hugepages_path) {
		fd = hugepages_file(size, &page_size);
		flags = MAP_SHARED;
	} else if (config.hugepages) {
		page_size = 1ULL << HUGE_SHIFT;
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
			HUGE_SHIFT << MAP_HUGE_SHIFT;
		if (size % page_size)
			die("--hugepages: %llu MiB are not a multiple of 16 MiB",
			    (unsigned long long)size / MIB);
	}
	/* Without a reservation a fault would kill us later */
	host = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (host == MAP_FAILED)
		die_errno("%s: mmap of %llu MiB", config.hugepages ? "--hugepages" : "-m",
			  (unsigned long long)size / MIB);
	if (fd >= 0)
		close(fd);
	add_ram(size, host, page_size);
}

void vm_add_memory(void)
{
	unsigned int i;

	if (config.rma || kvm_cap(KVM_CAP_PPC_RMA) == 2)
		map_rma();
	if (!vm.nr_ram || vm.ram[0].size < config.mem)
		map_ram(config.mem - (vm.nr_ram ? vm.ram[0].size : 0));
	vm.rma_size = vm.ram[0].size;
	for (i = 0; i < vm.nr_ram; i++) {
		struct kvm_userspace_memory_region r = {
			.slot = i, .guest_phys_addr = vm.ram[i].start,
			.memory_size = vm.ram[i].size,
			.userspace_addr = (unsigned long)vm.ram[i].host,
		};

		IOCTL(vm.fd, KVM_SET_USER_MEMORY_REGION, &r);
	}
}

/* Threads of one core have consecutive vcpu ids, cores begin at a multiple */
static void set_threads(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_PPC_SMT, .args = { config.threads, 0 },
	};
	int smt = kvm_cap(KVM_CAP_PPC_SMT);

	vm.stride = smt ? smt : 1;
	if (config.threads <= vm.stride)
		return;
	if (ioctl(vm.fd, KVM_ENABLE_CAP, &cap))
		die_errno("--threads %u: KVM_CAP_PPC_SMT (KVM has %d)", config.threads, smt);
	vm.stride = config.threads;
}

void vm_create(void)
{
	vm.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm.kvm < 0)
		die_errno("/dev/kvm");
	if (IOCTL(vm.kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		die("/dev/kvm: KVM_GET_API_VERSION is not %d", KVM_API_VERSION);
	vm.fd = IOCTL(vm.kvm, KVM_CREATE_VM, 0);
	if (!kvm_cap(KVM_CAP_PPC_ALLOC_HTAB))
		die("KVM_CREATE_VM: not a hypervisor-mode KVM (no KVM_CAP_PPC_ALLOC_HTAB)");
	if (!kvm_cap(KVM_CAP_IMMEDIATE_EXIT))
		die("KVM_CREATE_VM: this KVM has no KVM_CAP_IMMEDIATE_EXIT");
	set_threads();
	IOCTL(vm.fd, KVM_PPC_GET_SMMU_INFO, &vm.smmu);
}

/* 1/128 of the memory, as PAPR advises; KVM may know a smaller one only */
static void allocate_htab(void)
{
	uint32_t order = config.htab_order;

	if (!order) {
		order = MIN_HTAB_ORDER;
		while ((128ULL << order) < config.mem)
			order++;
	}
	if (vm.htab_order)
		order = vm.htab_order;
	while (ioctl(vm.fd, KVM_PPC_ALLOCATE_HTAB, &order)) {
		if (errno != ENOMEM || config.htab_order || order == MIN_HTAB_ORDER)
			die_errno("--htab-order %u: KVM_PPC_ALLOCATE_HTAB", order);
		order--;
	}
	vm.htab_order = order;
}

static uint64_t take_below(uint64_t *top, uint64_t size)
{
	*top = size > *top ? 0 : (*top - size) & ~(PAGE_64K - 1);
	return *top;
}

/*
 * The kernel is at the bottom.  RTAS and the device tree are below LOW_TOP, the
 * initrd is below them or, if there is memory, at the top of it.
 */
void vm_load(void)
{
	static struct file initrd;
	uint64_t top = vm.rma_size < LOW_TOP ? vm.rma_size : LOW_TOP;
	uint64_t entry, end, fdt_at;
	const void *fdt;
	int size;

	allocate_htab();
	entry = kernel_load(&end);
	vm.rtas = take_below(&top, RTAS_AREA);
	fdt_at = take_below(&top, FDT_MAX_SIZE);
	if (end > top)
		die("--kernel %s: reaches beyond %#llx", config.kernel, (unsigned long long)top);
	if (vm.rma_size > LOW_TOP) {
		top = vm.rma_size;
		end = LOW_TOP;
	}
	if (config.initrd) {
		if (!initrd.data)
			initrd = file_map("--initrd", config.initrd);
		vm.initrd_start = take_below(&top, initrd.size);
		vm.initrd_end = vm.initrd_start + initrd.size;
	}
	if (top < end)
		die("--initrd %s: does not fit in %llu MiB of real mode memory", config.initrd,
		    (unsigned long long)vm.rma_size / MIB);
	fdt = fdt_build(&size);
	memcpy(guest_ptr(fdt_at, size), fdt, size);
	if (initrd.size)
		memcpy(guest_ptr(vm.initrd_start, initrd.size), initrd.data, initrd.size);
	rtas_write_blob(guest_ptr(vm.rtas, RTAS_BLOB_SIZE));
	vcpu_start(&vm.cpus[0], entry, fdt_at);
}

/* Called by a vcpu with the lock held: the guest's reboot */
void vm_reset(void)
{
	unsigned int i;

	vcpus_pause();
	for (i = 0; i < config.cpus; i++)
		vcpu_reset(&vm.cpus[i]);
	xics_reset();
	cas_reset();
	vm_load();
	vcpus_resume();
}

/* With the lock held; the first one to end it has the say */
void vm_end(int status)
{
	if (vm.ended)
		return;
	vm.ended = true;
	vm.status = status;
	vcpus_kick();
	pthread_cond_broadcast(&vm.changed);
}
