# SPDX-License-Identifier: MIT
"""What a run of run.py found: tables on standard output, a CSV, and a plot drawn by gnuplot."""

import contextlib
import csv
import datetime
import io
import os
import pathlib
import platform
import shutil
import subprocess

import plot

FLOOR, OURS, CJSON, HELD = "bare check (floor)", "this module", "lua-cjson decode", "keys held"
COLUMNS = (
    "group", "subject", "case", "token_bytes", "ns_median", "ns_p10", "ns_p90", "times_floor", "times_rs256_floor", "rounds",
    "calls_per_slice",
)  # fmt: skip


def output(*command):
    """First line of what a command prints, or nothing."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def machine():
    """Names and values that say where and with what it was measured."""
    cpu = [line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    release = platform.freedesktop_os_release()
    yield "date", datetime.date.today().isoformat()
    yield "processor", f"{cpu[0] if cpu else platform.processor()}, {os.cpu_count()} cores, {platform.machine()}"
    yield "system", f"{release.get('PRETTY_NAME', platform.system())}, Linux {platform.release().partition('-')[0]}, {' '.join(platform.libc_ver())}"
    yield "OpenSSL", output("openssl", "version").split()[1] if output("openssl", "version") else "unknown"
    yield "Lua", output(os.environ.get("LUA", "lua5.4"), "-v").split("  ")[0].replace("Lua ", "")
    yield "yyjson", output("pkg-config", "--modversion", "yyjson")
    yield "compiler", f"{output(os.environ.get('CC', 'cc'), '--version')}, {os.environ.get('CFLAGS', '')}"


def microseconds(ns):
    return f"{ns / 1000:.2f}" if ns < 9995 else f"{ns / 1000:.1f}"


def spread(case):
    """Median and, in brackets, 10th and 90th percentile, in microseconds."""
    low, high = case.percentiles()
    return f"{microseconds(case.median())} ({microseconds(low)}..{microseconds(high)})"


def table(heads, rows):
    print(f"| {' | '.join(heads)} |")
    print(f"|---|{'---:|' * (len(heads) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


class Report:
    """Tables, CSV and plot of one run."""

    def __init__(self, bench, rounds, slice_ns):
        self.bench, self.rounds, self.slice_ns = bench, rounds, slice_ns
        self.unit = bench.find("algorithms", FLOOR, "RS256")
        self.machine = list(machine())
        self.versions = {worker.name: worker.version for worker in bench.workers if worker.name != HELD}

    def subjects(self):
        """Those who verify, in the order of the tables."""
        return [name for name in dict.fromkeys(case.subject for case in self.bench.cases if case.group == "algorithms") if name != CJSON]

    def floor_of(self, case):
        return self.bench.find(case.group, FLOOR, case.name)

    def head(self):
        print("## What verifying a token takes\n")
        print(f"{self.rounds} rounds in turns, each in another order; a slice is {self.slice_ns / 1e6:.0f} ms of processor time.")
        print("Microseconds per token: median (10th..90th percentile).\n")
        for name, value in self.machine:
            print(f"- {name}: {value}")
        for name, version in self.versions.items():
            print(f"- {version}" if name in version else f"- {name}: {version}")
        for name, reason in self.bench.missing.items():
            print(f"- {name}: missing: {reason}")
        for name, reason in self.bench.failed.items():
            print(f"- {name}: LEFT OUT: {reason}")
        print()

    def names(self, group):
        return list(dict.fromkeys(case.name for case in self.bench.cases if case.group == group))

    def by_subject(self, group, title, extra=()):
        """A row for each library, a column for each case."""
        names = self.names(group)
        rows = []
        for subject in (*self.subjects(), *extra):
            found = [self.bench.find(group, subject, name) for name in names]
            if any(found):
                rows.append([subject] + [spread(case) if case else "" for case in found])
        if rows:
            print(f"### {title}\n")
            table(("", *names), rows)

    def ratios(self):
        names = self.names("algorithms")
        print("### Times the bare signature check, median of the slices' ratios\n")
        rows = []
        for subject in self.subjects()[1:]:
            found = [self.bench.find("algorithms", subject, name) for name in names]
            rows.append([subject] + [f"{case.times(self.floor_of(case)):.2f}" if case else "" for case in found])
        table(("", *names), rows)

    def ways_and_refusals(self):
        print("### RS256 in other ways; refusals\n")
        rows = []
        for group in ("ways", "refusals"):
            for case in (case for case in self.bench.cases if case.group == group):
                name = case.name if group == "ways" else f"refused: {case.name}"
                good = self.bench.find("algorithms", OURS, case.good)
                rows.append((name, spread(case), f"{case.times(self.unit):.3f}", f"{case.times(good):.3f}"))
        table(("", "µs", "times the bare check of RS256", "times verify of a good token"), rows)

    def held(self):
        print("### Keys held: nanoseconds per keystore:get\n")
        rows = []
        for name in sorted(self.names(HELD), key=int):
            one, every, plain = (self.bench.find(HELD, subject, name) for subject in ("one", "any", "table"))
            memory = self.bench.memory[int(name)] if int(name) >= 10000 else ""
            checks = f"{one.times(self.unit):.3f}"
            rows.append((name, f"{one.median():.0f}", checks, f"{every.median():.0f}", f"{plain.median():.0f}", memory))
        table(("keys", "one kid", "that in bare checks of RS256", "all kids in random order", "a Lua table in that order", "bytes per key"), rows)

    def print(self):
        self.head()
        self.by_subject("algorithms", f"Algorithms: {self.bench.claims_bytes} bytes of claims", (CJSON,))
        self.ratios()
        self.by_subject("key sizes", "Other keys")
        self.by_subject("token sizes", "Token sizes, HS256", (CJSON,))
        self.ways_and_refusals()
        self.held()
        for (name, case), reason in self.bench.unsupported.items():
            print(f"- {name} has no {case}: {reason}")

    def csv(self, path):
        with path.open("w", newline="") as file:
            for name, value in (*self.machine, *self.versions.items()):
                file.write(f"# {name}: {value}\n")
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            for case in sorted(self.bench.cases, key=lambda case: case.group):
                floor, (low, high) = self.floor_of(case), case.percentiles()
                rows.writerow((
                    case.group, case.subject, case.name, case.token_bytes, f"{case.median():.1f}", f"{low:.1f}", f"{high:.1f}",
                    f"{case.times(floor):.4f}" if floor else "", f"{case.times(self.unit):.4f}", len(case.ns), case.calls,
                ))  # fmt: skip

    def plot(self, path):
        """False if there is no gnuplot."""
        names = [name for name in ("HS256", "RS256", "ES256", "Ed25519") if name in self.names("algorithms")]
        return plot.draw(path, self.subjects(), names, lambda *case: self.bench.find("algorithms", *case), self.bench.claims_bytes)


def write(bench, rounds, slice_ns):
    report = Report(bench, rounds, slice_ns)
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        report.print()
    print(text.getvalue())
    (bench.output / "bench.md").write_text(text.getvalue())
    report.csv(bench.output / "bench.csv")
    files = ["bench.md", "bench.csv"]
    if not bench.alone and report.plot(bench.output / "plot.svg"):
        files.append("plot.svg")
    print(f"written to {bench.output}: {' '.join(files)}")
