// SPDX-License-Identifier: GPL-2.0
/* Reading the flattened device tree (Devicetree Specification, chapter 5) */
#include "lib.h"

enum { FDT_BEGIN = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

#define FDT_MAGIC	0xd00dfeed

static const u8 *blob;
static u32 structs, strings;

static u32 word(u32 off)
{
	return *(const u32 *)(blob + off);
}

static u32 up4(u32 v)
{
	return (v + 3) & ~3U;
}

void fdt_init(const void *fdt)
{
	blob = fdt;
	if (word(0) != FDT_MAGIC) {
		blob = NULL;
		return;
	}
	structs = word(8);
	strings = word(12);
}

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

u32 fdt_root(void)
{
	return blob ? structs : 0;
}

const char *fdt_name(u32 node)
{
	return (const char *)(blob + node + 4);
}

/* From behind a node's name: the token at off, and where the next one is */
static u32 step(u32 *off)
{
	u32 at = *off, token = word(at);

	switch (token) {
	case FDT_BEGIN:
		*off = at + 4 + up4(length(fdt_name(at)) + 1);
		break;
	case FDT_PROP:
		*off = at + 12 + up4(word(at + 4));
		break;
	default:
		*off = at + 4;
	}
	return token;
}

u32 fdt_next(u32 node, int *depth)
{
	u32 off = node, token, at;

	step(&off);
	for (;;) {
		at = off;
		token = step(&off);
		if (token == FDT_BEGIN) {
			++*depth;
			return at;
		}
		if (token == FDT_END_NODE)
			--*depth;
		else if (token != FDT_PROP && token != FDT_NOP)
			return 0;
	}
}

const void *fdt_prop(u32 node, const char *name, u32 *len)
{
	u32 off = node, token, at;

	if (!node)
		return NULL;
	step(&off);
	for (;;) {
		at = off;
		token = step(&off);
		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		if (!strcmp((const char *)(blob + strings + word(at + 8)), name)) {
			if (len)
				*len = word(at + 4);
			return blob + at + 12;
		}
	}
}

/* Does a component of a path, up to '/', name this node? */
static bool same_name(const char *node, const char *part)
{
	while (*part && *part != '/' && *part == *node)
		part++, node++;
	return (!*part || *part == '/') && (!*node || *node == '@');
}

u32 fdt_path(const char *path)
{
	u32 node = fdt_root();
	int depth = 0, want = 0;

	while (node && *path == '/') {
		path++;
		want++;
		/* Children of the last match only */
		do {
			node = fdt_next(node, &depth);
			if (!node || depth < want)
				return 0;
		} while (depth != want || !same_name(fdt_name(node), path));
		while (*path && *path != '/')
			path++;
	}
	return node;
}

u32 fdt_compatible(const char *what, u32 after)
{
	u32 node = after ? after : fdt_root(), len, i;
	const char *c;
	int depth = 0;

	while (node && (node = fdt_next(node, &depth))) {
		c = fdt_prop(node, "compatible", &len);
		for (i = 0; c && i < len; i += length(c + i) + 1)
			if (!strcmp(c + i, what))
				return node;
	}
	return 0;
}

u32 fdt_u32(u32 node, const char *name, unsigned int n)
{
	u32 len;
	const u32 *p = fdt_prop(node, name, &len);

	return p && (n + 1) * 4 <= len ? p[n] : 0;
}

u64 fdt_u64(u32 node, const char *name, unsigned int n)
{
	return (u64)fdt_u32(node, name, n) << 32 | fdt_u32(node, name, n + 1);
}
