# SPDX-License-Identifier: GPL-2.0
"""The TCG plugins of tools/testing/kvm-hv/bench, and the guest they look at."""
import glob, os, subprocess, sys, tarfile

REPO = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
BENCH = os.path.join(REPO, "tools/testing/kvm-hv/bench")
OUT = os.path.join(REPO, "build/bench")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "book3s-hv/lab/source")


def plugin(name):
    """Compiled, if need be.  The lab's QEMU is built with plugins; its header is in the source package."""
    so, header = os.path.join(OUT, f"lib{name}.so"), os.path.join(OUT, "qemu-plugin.h")
    source = os.path.join(BENCH, f"{name}.c")
    if not os.path.exists(header):
        with tarfile.open(glob.glob(os.path.join(CACHE, "qemu_*.orig.tar.xz"))[0]) as tar:
            for member in tar:
                if member.name.endswith("/include/qemu/qemu-plugin.h"):
                    open(header, "wb").write(tar.extractfile(member).read())
                    break
    if not os.path.exists(so) or os.path.getmtime(so) < os.path.getmtime(source):
        if subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-I", OUT, "-o", so, source]).returncode:
            sys.exit(f"{source} does not compile")
    return so


def image(path):
    """bench.bin that does nothing but this path, or "*" (tools/testing/kvm-hv/guests/bench.h)."""
    data = open(os.path.join(REPO, "build/guests/bench.bin"), "rb").read()
    at = data.index(b"@@PROFILE")
    name = os.path.join(OUT, "profile.bin" if path != "*" else "cost.bin")
    open(name, "wb").write(data[:at] + path.encode().ljust(32, b"\0") + data[at + 32:])
    return name
