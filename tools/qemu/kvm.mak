# SPDX-License-Identifier: GPL-2.0
#
# What scripts/qemu-be builds: configs/devices/ppc64-softmmu/kvm.mak of QEMU, with
# --without-default-devices.  PSERIES brings spapr-vscsi, spapr-vlan and spapr-vty.
CONFIG_PSERIES=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_BALLOON=y
# What the machine does not link without, and does not select
CONFIG_USB=y
CONFIG_ACPI=y
CONFIG_NVDIMM=y
