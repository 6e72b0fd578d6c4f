# SPDX-License-Identifier: GPL-2.0
#
# What scripts/lab builds: configs/devices/ppc64-softmmu/lab.mak of QEMU, with
# --without-default-devices.  Nothing is here but these machines and what they
# need; a device for "-device" is one more line, such as CONFIG_VIRTIO_PCI=y.
CONFIG_POWERNV=y
CONFIG_MAC_NEWWORLD=y
CONFIG_PSERIES=y
# What the machines do not link or start without, and do not select
CONFIG_SERIAL_ISA=y
CONFIG_USB_OHCI_PCI=y
CONFIG_ACPI=y
CONFIG_NVDIMM=y
