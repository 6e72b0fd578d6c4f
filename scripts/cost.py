# SPDX-License-Identifier: GPL-2.0
"""The tier cost of scripts/bench: what silicon charges beyond an instruction.

The plugin tools/testing/kvm-hv/bench/pathcost.c writes a line for each round of
each path; here are medians, the table, and the baseline of both kernels.
"""
import os, re, statistics
from plugin import BENCH, OUT

BASELINE = os.path.join(BENCH, "cost")
# What a column adds up, and whether one of it takes more than 20 cycles (bench.rst)
COLUMNS = [
    ("isync", ("isync",), True),
    ("rfid", ("rfid", "hrfid", "mtmsrd"), True),
    ("sync", ("sync",), True),
    ("ptesync", ("ptesync",), True),
    ("lwsync", ("lwsync", "eieio"), False),
    ("tlbie", ("tlbie", "tlbsync"), True),
    ("tlbiel", ("tlbiel",), True),
    ("slbmte", ("slbmte", "slbie", "slbia"), True),
    ("slbmf", ("slbmfev", "slbmfee"), True),
    ("larx", ("larx",), True),
    ("stcx", ("stcx",), True),
    ("ci", ("ci",), True),
    ("msg", ("msgsnd", "msgclr", "msgsndp", "msgclrp"), True),
    ("mtspr", ("mtspr:",), True),
    ("mfspr", ("mfspr:",), True),
    ("dlines", ("dlines",), False),
    ("ilines", ("ilines",), False),
]
# Registers near the pipeline: not in the columns mtspr and mfspr
FAST = {"XER", "LR", "CTR", "SRR0", "SRR1", "HSRR0", "HSRR1", "SPRG0", "SPRG1", "SPRG2", "SPRG3", "USPRG3",
        "HSPRG0", "HSPRG1"}
# Hypercalls that real mode answers: at most this part of the lines of 6.1
REAL_MODE = re.compile(r"one:h_(set_dabr|read|protect|protect_change|enter_remove|enter_4_bulk_remove|"
                       r"put_tce|get_tce|put_tce_indirect_entry|stuff_tce_entry|prod_self|cede_pending|"
                       r"ipi_to_eoi|ipi_to_vector)$")
LINES = 0.7
# What lines of data may differ from the baseline by, relatively or absolutely: where they
# begin depends on what else is allocated
DRIFT = {"dlines": (0.02, 1)}
# Not compared: instructions are the tier icount's; lines of code follow from icode, which is
# compared, and from what is linked before it
FOLLOWS = {"insns", "ilines"}


def collect(log, counts):
    """{"one:path": {what: median}} of a console's log and the plugin's file."""
    lines, got = open(counts).read().splitlines(), {}
    for path, rounds in re.findall(r"^one\| COST: (\S+) (\d+)$", log, re.M):
        part, lines = lines[:int(rounds)], lines[int(rounds):]
        part = [dict(zip(w[::2], map(int, w[1::2]))) for w in (l.split() for l in part)]
        medians = {k: statistics.median_low([p.get(k, 0) for p in part]) for k in sorted(set().union(*part))}
        got[f"one:{path}"] = {k: v for k, v in medians.items() if v}
    return got


def column(values, names):
    """Of what a path has, the sum of a column's parts."""
    if names[0].endswith(":"):
        return sum(v for k, v in values.items() if k.startswith(names[0]) and k[6:] not in FAST)
    return sum(values.get(n, 0) for n in names)


def registers(values, what):
    return {k[6:]: v for k, v in values.items() if k.startswith(what + ":") and k[6:] not in FAST}


def more(a, b):
    """Which registers b has more often than a, for a reader."""
    return " ".join(f"{r}+{b[r] - a.get(r, 0)}" for r in sorted(b) if b[r] > a.get(r, 0))


def compare(old, new, texts):
    """The table of a host, its head and its lines, and what is above the target."""
    above, lines = [], []
    keys = [k for k in texts if k in new]
    shown = [c for c in COLUMNS if any(column(d[k], c[1]) for d in (old, new) for k in keys if k in d)]
    for key in keys:
        a, b, cells = old.get(key), new[key], [texts[key].replace(", per entry", "")]
        for name, names, slow in shown:
            y = column(b, names)
            x = column(a, names) if a else None
            cells.append("." if not x and not y else f"{'-' if x is None else x}/{y}")
            if slow and a and y > x:
                above.append(f"{texts[key]}: {name} {y}, 6.1 has {x}" +
                             (f" ({more(registers(a, name), registers(b, name))})" if names[0].endswith(":") else ""))
        if a:
            x, y = (d.get("dlines", 0) + d.get("ilines", 0) for d in (a, b))
            cells.append(f"{y / x:.2f}")
            if REAL_MODE.match(key) and y > LINES * x:
                above.append(f"{texts[key]}: {y} lines, {LINES} of 6.1's are {LINES * x:.0f}")
        else:
            cells.append("-")
        lines.append(cells)
    return ["6.1/ours"] + [c[0] for c in shown] + ["lines"], lines, above


def read_baseline():
    """{host: {who: {path: {what: count}}}}"""
    out = {}
    for line in open(BASELINE) if os.path.exists(BASELINE) else ():
        if line.strip() and not line.startswith("#"):
            host, who, key, *rest = line.split()
            out.setdefault(host, {}).setdefault(who, {})[key] = {k: int(v) for k, v in (r.split("=") for r in rest)}
    return out


def write_baseline(hosts):
    with open(BASELINE, "w") as f:
        f.write("# What paths have of instructions that wait, of registers and of 128-byte lines: scripts/bench\n"
                "# --tier cost --update writes them.  host, kernel, path, what=count\n")
        for host, kernels in hosts.items():
            for who, paths in kernels.items():
                for key, values in paths.items():
                    f.write(f"{host} {who} {key} " + " ".join(f"{k}={v}" for k, v in values.items()) + "\n")


def off_baseline(was, now):
    """What is not as in the baseline."""
    bad = []
    for key in sorted(set(was) | set(now)):
        if key not in was or key not in now:
            bad.append(f"{key}: only in the {'baseline' if key in was else 'measurement'}")
            continue
        for what in sorted((set(was[key]) | set(now[key])) - FOLLOWS):
            a, b = was[key].get(what, 0), now[key].get(what, 0)
            if abs(a - b) > (max(DRIFT[what][0] * a, DRIFT[what][1]) if what in DRIFT else 0):
                bad.append(f"{key}: {what} {b}, baseline {a}")
    return bad
