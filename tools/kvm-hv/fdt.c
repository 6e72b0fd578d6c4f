// SPDX-License-Identifier: GPL-2.0
/*
 * The device tree of the guest: what firmware would have left behind for a
 * kernel that is entered directly.  Properties of the processor that are the
 * same for us as for our host are copied from the host's tree.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <libfdt.h>

#include "kvm-hv.h"

#ifndef HOST_CPUS
#define HOST_CPUS	"/proc/device-tree/cpus"
#endif
#define PHANDLE_XICS	1
#define VEC5_SIZE	26
#define PA_FEATURE_TM	22
#define NO_SEGMENT	0xffffffff

static char tree[FDT_MAX_SIZE];
static char host_cpu[512], cpu_name[64];

/* Sequential writing fails for want of space only: --append may have any length */
static void must(int rc)
{
	if (rc)
		die("--append: the device tree has no room: %s", fdt_strerror(rc));
}

static void begin(const char *name)
{
	must(fdt_begin_node(tree, name));
}

static void end(void)
{
	must(fdt_end_node(tree));
}

static void u32(const char *name, uint32_t val)
{
	must(fdt_property_u32(tree, name, val));
}

static void str(const char *name, const char *val)
{
	must(fdt_property_string(tree, name, val));
}

static void flag(const char *name)
{
	must(fdt_property(tree, name, "", 0));
}

static void cells(const char *name, const uint32_t *val, unsigned int n)
{
	uint32_t *to;
	unsigned int i;

	must(fdt_property_placeholder(tree, name, n * 4, (void **)&to));
	for (i = 0; i < n; i++)
		to[i] = cpu_to_fdt32(val[i]);
}

#define CELLS(name, ...) do {						\
	const uint32_t cells_[] = { __VA_ARGS__ };			\
	cells(name, cells_, ARRAY_SIZE(cells_));			\
} while (0)

/* --- the host's ---------------------------------------------------------- */

static int host_prop(const char *name, void *buf, int size)
{
	char path[sizeof(host_cpu) + 64];
	int fd, len;

	snprintf(path, sizeof(path), "%s/%s", host_cpu, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	len = read(fd, buf, size);
	close(fd);
	return len;
}

static void find_host_cpu(void)
{
	DIR *d = opendir(HOST_CPUS);
	struct dirent *e;
	char type[8];

	if (!d)
		die_errno("%s", HOST_CPUS);
	while ((e = readdir(d))) {
		snprintf(host_cpu, sizeof(host_cpu), "%s/%s", HOST_CPUS, e->d_name);
		if (host_prop("device_type", type, sizeof(type)) == 4 && !strcmp(type, "cpu")) {
			snprintf(cpu_name, sizeof(cpu_name), "%.*s",
				 (int)strcspn(e->d_name, "@"), e->d_name);
			closedir(d);
			return;
		}
	}
	die("%s: no processor in it", HOST_CPUS);
}

static void copy_host_cpu(void)
{
	static const char * const same[] = {
		"timebase-frequency", "clock-frequency", "ibm,extended-clock-frequency",
		"64-bit", "ibm,vmx", "ibm,dfp", "ibm,purr", "ibm,spurr",
		"d-cache-size", "d-cache-block-size", "d-cache-line-size", "d-cache-sets",
		"i-cache-size", "i-cache-block-size", "i-cache-line-size", "i-cache-sets",
		"reservation-granule-size",
	};
	unsigned char val[256];
	unsigned int i;
	int len;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		len = host_prop(same[i], val, sizeof(val));
		if (len >= 0)
			must(fdt_property(tree, same[i], val, len));
	}
	/* A size and a type come first, then the bytes Linux numbers from 0 */
	len = host_prop("ibm,pa-features", val, sizeof(val));
	if (len > 2 + PA_FEATURE_TM && !kvm_cap(KVM_CAP_PPC_HTM))
		val[2 + PA_FEATURE_TM] &= 0x7f;
	if (len > 0)
		must(fdt_property(tree, "ibm,pa-features", val, len));
}

/* --- nodes ------------------------------------------------------------- */

/*
 * A PPC970 has no 64K pages; KVM lists them for others that derive limits from
 * the list.
 */
static bool page_fits(unsigned int shift)
{
	if (!(vm.smmu.flags & KVM_PPC_PAGE_SIZES_REAL) && shift == 16)
		return false;
	return (1ULL << shift) <= vm.page_size;
}

static void segment_page_sizes(void)
{
	uint32_t val[KVM_PPC_PAGE_SIZES_MAX_SZ * (3 + 2 * KVM_PPC_PAGE_SIZES_MAX_SZ)];
	unsigned int i, j, n = 0, count_at;

	for (i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
		const struct kvm_ppc_one_seg_page_size *s = &vm.smmu.sps[i];

		if (!s->page_shift || !page_fits(s->page_shift))
			continue;
		val[n++] = s->page_shift;
		val[n++] = s->slb_enc;
		count_at = n++;
		val[count_at] = 0;
		for (j = 0; j < KVM_PPC_PAGE_SIZES_MAX_SZ; j++) {
			if (!s->enc[j].page_shift || !page_fits(s->enc[j].page_shift))
				continue;
			val[count_at]++;
			val[n++] = s->enc[j].page_shift;
			val[n++] = s->enc[j].pte_enc;
		}
	}
	cells("ibm,segment-page-sizes", val, n);
}

static void add_cpu(unsigned int core)
{
	uint32_t servers[MAX_THREADS], gservers[2 * MAX_THREADS];
	unsigned int i, id = core * vm.stride;
	char name[sizeof(cpu_name) + 16];

	for (i = 0; i < config.threads; i++) {
		servers[i] = id + i;
		gservers[2 * i] = id + i;
		gservers[2 * i + 1] = 0;
	}
	snprintf(name, sizeof(name), "%s@%x", cpu_name, id);
	begin(name);
	str("device_type", "cpu");
	u32("reg", id);
	str("status", "okay");
	u32("cpu-version", cas_cpu_version());
	cells("ibm,ppc-interrupt-server#s", servers, config.threads);
	cells("ibm,ppc-interrupt-gserver#s", gservers, 2 * config.threads);
	CELLS("ibm,pft-size", 0, vm.htab_order);
	u32("ibm,slb-size", vm.smmu.slb_size);
	u32("slb-size", vm.smmu.slb_size);
	if (vm.smmu.flags & KVM_PPC_1T_SEGMENTS)
		CELLS("ibm,processor-segment-sizes", 28, 40, NO_SEGMENT, NO_SEGMENT);
	segment_page_sizes();
	copy_host_cpu();
	end();
}

static void add_cpus(void)
{
	unsigned int core;

	begin("cpus");
	u32("#address-cells", 1);
	u32("#size-cells", 0);
	for (core = 0; core < config.cpus / config.threads; core++)
		add_cpu(core);
	end();
}

/* Linux takes the size of the first node for the real mode area */
static void add_memory(void)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < vm.nr_ram; i++) {
		const struct ram *r = &vm.ram[i];

		snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)r->start);
		begin(name);
		str("device_type", "memory");
		CELLS("reg", r->start >> 32, r->start, r->size >> 32, r->size);
		end();
	}
}

static void add_rtas(void)
{
	static const char features[] =
		"hcall-pft\0hcall-term\0hcall-dabr\0hcall-interrupt\0hcall-bulk\0"
		"hcall-set-mode\0hcall-splpar\0hcall-tce";
	int len = sizeof(features);

	if (!kvm_cap(KVM_CAP_SPAPR_TCE))
		len -= sizeof("hcall-tce");
	begin("rtas");
	must(fdt_property(tree, "ibm,hypertas-functions", features, len));
	u32("rtas-version", 1);
	u32("rtas-size", RTAS_BLOB_SIZE);
	u32("linux,rtas-base", vm.rtas);
	u32("linux,rtas-entry", vm.rtas);
	flag("ibm,extended-os-term");
	rtas_fdt(u32);
	end();
}

static void add_vdevice(void)
{
	begin("vdevice");
	str("device_type", "vdevice");
	str("compatible", "IBM,vdevice");
	u32("#address-cells", 1);
	u32("#size-cells", 0);
	u32("#interrupt-cells", 2);
	flag("interrupt-controller");
	begin("vty@71000000");
	str("device_type", "serial");
	str("compatible", "hvterm1");
	u32("reg", VTY_UNIT);
	CELLS("interrupts", IRQ_CONSOLE, 0);
	end();
	end();
}

static void add_interrupt_controller(void)
{
	begin("interrupt-controller");
	str("device_type", "PowerPC-External-Interrupt-Presentation");
	str("compatible", "IBM,ppc-xicp");
	CELLS("ibm,interrupt-server-ranges", 0, (config.cpus - 1) / config.threads * vm.stride +
	      config.threads);
	flag("interrupt-controller");
	u32("#interrupt-cells", 2);
	u32("phandle", PHANDLE_XICS);
	end();
}

static void add_hypervisor(void)
{
	begin("hypervisor");
	str("compatible", "linux,kvm");
	end();
}

static void add_testdev(void)
{
	char name[40];

	if (!config.has_testdev)
		return;
	snprintf(name, sizeof(name), "testdev@%llx", (unsigned long long)config.testdev);
	begin(name);
	str("compatible", "kvm-hv,testdev");
	CELLS("reg", config.testdev >> 32, config.testdev, 0, TESTDEV_SIZE);
	end();
}

static void add_chosen(void)
{
	/* No options: hash MMU, whatever else is new is not there */
	static const unsigned char vec5[VEC5_SIZE];

	begin("chosen");
	str("bootargs", config.append);
	str("stdout-path", "/vdevice/vty@71000000");
	str("linux,stdout-path", "/vdevice/vty@71000000");
	must(fdt_property(tree, "ibm,architecture-vec-5", vec5, sizeof(vec5)));
	if (vm.initrd_end) {
		must(fdt_property_u64(tree, "linux,initrd-start", vm.initrd_start));
		must(fdt_property_u64(tree, "linux,initrd-end", vm.initrd_end));
	}
	end();
}

/* The tree, valid until the next call */
const void *fdt_build(int *size)
{
	if (!host_cpu[0])
		find_host_cpu();
	must(fdt_create(tree, sizeof(tree)));
	/* Linux keeps off its initrd and this tree by itself, but not off RTAS */
	must(fdt_add_reservemap_entry(tree, vm.rtas, RTAS_AREA));
	must(fdt_finish_reservemap(tree));
	begin("");
	str("device_type", "chrp");
	str("model", "IBM,pseries");
	str("compatible", "IBM,pseries");
	str("system-id", "kvm-hv");
	u32("ibm,partition-no", 0);
	str("ibm,partition-name", "kvm-hv");
	u32("#address-cells", 2);
	u32("#size-cells", 2);
	u32("interrupt-parent", PHANDLE_XICS);
	add_chosen();
	add_hypervisor();
	add_cpus();
	add_memory();
	add_rtas();
	add_interrupt_controller();
	add_vdevice();
	add_testdev();
	end();
	must(fdt_finish(tree));
	fdt_set_boot_cpuid_phys(tree, vm.cpus[0].id);
	*size = fdt_totalsize(tree);
	return tree;
}
