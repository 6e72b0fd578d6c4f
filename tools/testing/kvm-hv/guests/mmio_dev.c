// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose registers keep what is written: the VMM's test device, or on
 * QEMU's pseries machine an SD host controller on PCI (sdhci-pci): its ADMA
 * system address register are 8 bytes of any access width and no effect.
 */
#include "mmio.h"

#define PCI_COMMAND	4
#define PCI_BAR0	0x10
#define COMMAND_MEMORY	2
#define CLASS_SDHCI	0x0805
#define SDHC_ADMASYSADDR	0x58

/* Of "ranges": what kind of PCI address */
#define PCI_SPACE(hi)	((hi) >> 24 & 3)
#define SPACE_MEM32	2

static bool config_write(u32 phb, u32 addr, u32 size, u32 value)
{
	u32 args[] = { addr, fdt_u32(phb, "reg", 0), fdt_u32(phb, "reg", 1), size, value };

	return rtas("ibm,write-pci-config", 5, 1, args, NULL) == 0;
}

static u32 find_sdhci(u32 phb)
{
	u32 node = phb;
	int depth = 0;

	while ((node = fdt_next(node, &depth)) && depth > 0)
		if (fdt_u32(node, "class-code", 0) >> 8 == CLASS_SDHCI)
			return node;
	return 0;
}

static bool find_pci(struct window *w)
{
	u32 phb = 0, dev, i, addr;

	while ((phb = fdt_compatible("IBM,Logical_PHB", phb))) {
		dev = find_sdhci(phb);
		if (!dev)
			continue;
		addr = fdt_u32(dev, "reg", 0) & 0xffffff;
		for (i = 0; fdt_u64(phb, "ranges", i + 5); i += 7) {
			if (PCI_SPACE(fdt_u32(phb, "ranges", i)) != SPACE_MEM32)
				continue;
			/* No firmware has assigned addresses: take the first one */
			if (!config_write(phb, addr + PCI_BAR0, 4, fdt_u32(phb, "ranges", i + 2)) ||
			    !config_write(phb, addr + PCI_COMMAND, 2, COMMAND_MEMORY))
				return false;
			w->what = "sdhci-pci";
			w->ra = fdt_u64(phb, "ranges", i + 3) + SDHC_ADMASYSADDR;
			w->size = 8;
			return true;
		}
	}
	return false;
}

bool find_window(struct window *w)
{
	u32 dev = fdt_compatible("kvm-hv,testdev", 0);

	if (!dev)
		return find_pci(w);
	w->what = "testdev";
	w->ra = fdt_u64(dev, "reg", 0);
	w->size = 16;
	return true;
}
