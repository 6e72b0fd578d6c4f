# SPDX-License-Identifier: GPL-2.0
# Everything here calls a script of scripts/, which says at its head what it does.

.PHONY: help run test bench profile kernel lab qemu-be tree rootfs series fuzz coverage check clean
.DEFAULT_GOAL := help

help:		## these lines
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

run:		## a guest on an emulated POWER8 (HOST=powernv7, ppc970): its shell, or RUN_CMD='...' in it
	@scripts/run

test:		## what a change must pass; TIER=static, unit, boot or all, ROW=name[,name], LOAD=N
	@scripts/test

bench:		## path lengths and costs, ours and Linux 6.1's own; build/bench (half an hour)
	@scripts/bench $(BENCH)

profile:	## where the instructions of a path go: PATH=h_enter_remove
	@MAKEFLAGS= PATH=$$(command -p getconf PATH):/usr/sbin:/sbin scripts/profile '$(PATH)'

kernel:		## host kernels build/le and build/be; KERNELS='le-4k ...' for others
	@for v in $(or $(KERNELS),le be); do scripts/build-kernel $$v || exit 1; done

lab:		## build/lab/qemu-system-ppc64: POWER7, POWER8 with SMT, PPC970 (2 minutes)
	@scripts/lab

qemu-be:	## build/qemu-be: QEMU and busybox for big-endian hosts (3 minutes)
	@scripts/qemu-be

tree:		## build/linux: the base tree with patches and files
	@scripts/base-tree

rootfs:		## the initramfs of the emulated hosts
	@scripts/rootfs le > /dev/null && scripts/rootfs be > /dev/null

series:		## build/series: the patches, ready to be mailed
	@scripts/export-series

fuzz:		## look for inputs that make the sources fail: FUZZ_SECONDS=300 for each of TARGETS
	@scripts/fuzz $(TARGETS)

coverage:	## lines of our sources that the unit tests execute
	@scripts/coverage

check:		## the quick half of the tests: static without builds, and unit
	@TIER=quick scripts/test

clean:		## remove build/ (the cache outside the clone stays)
	rm -rf build
