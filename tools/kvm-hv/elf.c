// SPDX-License-Identifier: GPL-2.0
/*
 * Guest kernels: ELF files of either byte order, or flat ones.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/elf.h>

#include "kvm-hv.h"

#define FLAT_ENTRY	0x100

/* The mapping stays: a reboot loads the file again */
struct file file_map(const char *option, const char *name)
{
	struct file f = { .name = name, .data = (const uint8_t *)"" };
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die_errno("%s %s", option, name);
	if (!S_ISREG(st.st_mode))
		die("%s %s: not a regular file", option, name);
	f.size = st.st_size;
	if (f.size) {
		f.data = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (f.data == MAP_FAILED)
			die_errno("%s %s: mmap", option, name);
	}
	close(fd);
	return f;
}

static bool le;		/* of the file that is looked at */

static uint16_t half(uint16_t val)
{
	return le ? le16toh(val) : be16toh(val);
}

static uint32_t word(uint32_t val)
{
	return le ? le32toh(val) : be32toh(val);
}

static uint64_t xword(uint64_t val)
{
	return le ? le64toh(val) : be64toh(val);
}

static uint64_t elf_load(const struct file *f, uint64_t *end)
{
	const struct elf64_hdr *eh = (const void *)f->data;
	uint64_t entry, phoff, i, n;
	bool found = false;

	if (f->size < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64)
		die("--kernel %s: not a 64-bit ELF file (see --flat)", f->name);
	le = eh->e_ident[EI_DATA] == ELFDATA2LSB;
	if (half(eh->e_machine) != EM_PPC64)
		die("--kernel %s: not for PowerPC", f->name);
	phoff = xword(eh->e_phoff);
	n = half(eh->e_phnum);
	if (half(eh->e_phentsize) != sizeof(struct elf64_phdr) || phoff > f->size ||
	    n > (f->size - phoff) / sizeof(struct elf64_phdr))
		die("--kernel %s: program headers are outside the file", f->name);

	entry = xword(eh->e_entry);
	for (i = 0; i < n; i++) {
		const struct elf64_phdr *ph = (const void *)(f->data + phoff + i * sizeof(*ph));
		uint64_t offset = xword(ph->p_offset), paddr = xword(ph->p_paddr);
		uint64_t filesz = xword(ph->p_filesz), memsz = xword(ph->p_memsz);
		uint64_t vaddr = xword(ph->p_vaddr);
		uint8_t *to;

		if (word(ph->p_type) != PT_LOAD || !memsz)
			continue;
		if (filesz > memsz || offset > f->size || filesz > f->size - offset)
			die("--kernel %s: a segment is outside the file", f->name);
		to = guest_ptr(paddr, memsz);
		if (!to)
			die("--kernel %s: segment of %#llx bytes at %#llx does not fit in memory",
			    f->name, (unsigned long long)memsz, (unsigned long long)paddr);
		memcpy(to, f->data + offset, filesz);
		memset(to + filesz, 0, memsz - filesz);
		if (paddr + memsz > *end)
			*end = paddr + memsz;
		/* The entry point is virtual, the guest starts in real mode */
		if (!found && entry - vaddr < memsz) {
			entry = entry - vaddr + paddr;
			found = true;
		}
	}
	if (!found)
		die("--kernel %s: the entry point is in no segment", f->name);
	return entry;
}

/* Returns the real address to enter; *end is where free memory begins */
uint64_t kernel_load(uint64_t *end)
{
	static struct file f;
	uint8_t *to;

	if (!f.data)
		f = file_map("--kernel", config.kernel);
	*end = 0;
	if (!config.flat)
		return elf_load(&f, end);
	to = guest_ptr(0, f.size);
	if (!to || f.size <= FLAT_ENTRY)
		die("--kernel %s: %s", f.name,
		    to ? "too small for an entry at 0x100" : "does not fit in memory");
	memcpy(to, f.data, f.size);
	*end = f.size;
	return FLAT_ENTRY;
}
