# SPDX-License-Identifier: GPL-2.0
"""The tables of Documentation/virt/kvm/ppc-hv/bench.rst, which scripts/bench writes.

Each stands between two comments, ".. table NAME" and ".. end of table".
"""
import os, re
from plugin import REPO

PAGE = os.path.join(REPO, "Documentation/virt/kvm/ppc-hv/bench.rst")
PART = re.compile(r"^(\.\. table ([^\n]+))\n.*?^(\.\. end of table)$", re.M | re.S)


def text_table(head, lines):
    """Lines of text: the first column to the left, the others to the right."""
    width = [max(len(l[i]) for l in [head] + lines) for i in range(len(head))]
    out = []
    for l in [head, ["-" * w for w in width]] + lines:
        out.append("  ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in enumerate(zip(l, width))).rstrip())
    return out


def filled(tables):
    """The page, and the page with these tables, {name: lines}."""
    text = open(PAGE).read()
    names = PART.findall(text)
    for _, name, _ in names:
        if name not in tables:
            raise SystemExit(f"{PAGE}: no table '{name}' to put there")
    for name in tables:
        if name not in [n for _, n, _ in names]:
            raise SystemExit(f"{PAGE}: no place for the table '{name}'")

    def part(m):
        body = "\n".join(("    " + l).rstrip() for l in tables[m.group(2)])
        return f"{m.group(1)}\n\n::\n\n{body}\n\n{m.group(3)}"
    return text, PART.sub(part, text)


def write(tables):
    old, new = filled(tables)
    if old != new:
        open(PAGE, "w").write(new)


def stale(tables):
    old, new = filled(tables)
    return old != new
