# SPDX-License-Identifier: GPL-2.0
#
# The libraries that QEMU links, static, from the unpacked sources in the current folder:
#
#   make -f libs.mk CROSS_COMPILE=powerpc64-linux-gnu- GLIB=...
#
# Each has a few dozen files and a configuration that is the same on each Linux of this
# byte order, so they are compiled here; GLib has its own meson.build (scripts/qemu-be).
# GLIB: options for GLib's headers, which libslirp needs.

CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
CFLAGS ?= -O1
libs := pcre2-8 z pixman-1 slirp

.PHONY: all $(libs)
all: pcre2-8 z pixman-1

pcre2 := auto_possess chartables compile config context convert dfa_match error extuni find_bracket \
	jit_compile maketables match match_data newline ord2utf pattern_info script_run serialize \
	string_utils study substitute substring tables ucd valid_utf xclass
pcre2-8_src := $(pcre2:%=pcre2/src/pcre2_%.c)
pcre2-8_flags := -DHAVE_CONFIG_H -DHAVE_MEMMOVE -DPCRE2_CODE_UNIT_WIDTH=8 -DSUPPORT_UNICODE -DPCRE2_STATIC
pcre2-8_made := pcre2/src/config.h pcre2/src/pcre2.h

z_src := $(wildcard zlib/*.c)
z_flags := -DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE=1

pixman := pixman access access-accessors bits-image combine32 combine-float conical-gradient filter x86 \
	mips arm ppc edge edge-accessors fast-path glyph general gradient-walker image implementation \
	linear-gradient matrix noop radial-gradient region16 region32 solid-fill timer trap utils
pixman-1_src := pixman/pixman/pixman.c $(patsubst %,pixman/pixman/pixman-%.c,$(filter-out pixman,$(pixman)))
pixman-1_flags := -Ipixman/pixman -DPACKAGE=pixman-1 -DWORDS_BIGENDIAN=1 -DSIZEOF_LONG=8 -DTLS=__thread -DHAVE_PTHREADS \
	-DHAVE_BUILTIN_CLZ -DTOOLCHAIN_SUPPORTS_ATTRIBUTE_CONSTRUCTOR
pixman-1_made := pixman/pixman/pixman-version.h

slirp_src := $(wildcard libslirp/src/*.c)
slirp_flags := $(GLIB) -DG_LOG_DOMAIN='"Slirp"' -DBUILDING_LIBSLIRP
slirp_made := libslirp/src/libslirp-version.h

pcre2/src/config.h pcre2/src/pcre2.h: %: %.generic
	cp $< $@

pcre2/src/pcre2_chartables.c: %: %.dist
	cp $< $@

# The version of a meson.build, in its three parts, into FILE.in
%-version.h: %-version.h.in
	set -- $$(sed -nE "s/^ *version *: *'([0-9.]+)'.*/\1/p" $(dir $(@D))meson.build | tr . ' '); \
	sed -E "/STRING/s/\"?@.*@\"?/\"$$1.$$2.$$3\"/; s/@[A-Z_]*MAJOR[A-Z_]*@/$$1/; \
		s/@[A-Z_]*MINOR[A-Z_]*@/$$2/; s/@[A-Z_]*MICRO[A-Z_]*@/$$3/" $< > $@

define library
$(1): lib$(1).a
lib$(1).a: $$($(1)_src:.c=.o)
	rm -f $$@
	$$(AR) rcs $$@ $$^
$$($(1)_src:.c=.o): %.o: %.c $$($(1)_made)
	$$(CC) $$(CFLAGS) -w $$($(1)_flags) -c -o $$@ $$<
endef
$(foreach l,$(libs),$(eval $(call library,$(l))))
