# SPDX-License-Identifier: GPL-2.0
"""What tests say: KTAP version 1 (Linux's Documentation/dev-tools/ktap.rst), and JUnit XML."""
import xml.etree.ElementTree as xml


class Report:
    def __init__(self, count):
        self.cases, self.number = [], 0
        print(f"KTAP version 1\n1..{count}", flush=True)

    def test(self, suite, name, verdict, seconds, why="", parts=(), log=None, again=""):
        """verdict: PASS, FAIL or SKIP, which no test has at present; parts: (name, is it right, text) of each subtest;
        log: of a failed test, the name of its log and its last lines; again: how to run it alone."""
        self.number += 1
        out = []
        if parts:
            out += ["  KTAP version 1", f"  1..{len(parts)}"]
            out += [f"  {'ok' if right else 'not ok'} {n} {self.plain(part)}" + (f" # {text}" if text else "")
                    for n, (part, right, text) in enumerate(parts, 1)]
        mark = {"PASS": f"# {seconds:.0f} s", "FAIL": f"# {seconds:.0f} s", "SKIP": f"# SKIP {why}"}[verdict]
        out.append(f"{'not ok' if verdict == 'FAIL' else 'ok'} {self.number} {name} {mark}")
        if verdict == "FAIL":
            out += [f"# {name}: {line}" for line in why.strip().split("\n")]
            if log:
                out += [f"# {name}: the end of {log[0]}:"] + [f"#     {line}" for line in log[1]]
            if again:
                out.append(f"# {name}: again, alone: {again}")
        print("\n".join(out), flush=True)
        self.cases.append((suite, name, verdict, seconds, why))

    @staticmethod
    def plain(text):
        """A description ends where a directive begins."""
        return text.replace("#", " ")

    def last(self):
        """The last line; true if something passed and nothing failed."""
        n = {v: sum(c[2] == v for c in self.cases) for v in ("PASS", "FAIL", "SKIP")}
        print(f"{n['PASS']} passed, {n['FAIL']} failed, {n['SKIP']} skipped", flush=True)
        return bool(n["PASS"]) and not n["FAIL"]

    def junit(self, path):
        top = xml.Element("testsuites")
        for suite in dict.fromkeys(c[0] for c in self.cases):
            some = [c for c in self.cases if c[0] == suite]
            node = xml.SubElement(top, "testsuite", name=suite, tests=str(len(some)),
                                  failures=str(sum(c[2] == "FAIL" for c in some)),
                                  skipped=str(sum(c[2] == "SKIP" for c in some)), time=f"{sum(c[3] for c in some):.1f}")
            for _, name, verdict, seconds, why in some:
                case = xml.SubElement(node, "testcase", classname=suite, name=name, time=f"{seconds:.1f}")
                if verdict != "PASS":
                    tag = "failure" if verdict == "FAIL" else "skipped"
                    text = "".join(c for c in why if c.isprintable() or c in "\n\t")
                    xml.SubElement(case, tag, message=text.split("\n")[0]).text = text
        xml.ElementTree(top).write(path, encoding="unicode", xml_declaration=True)
