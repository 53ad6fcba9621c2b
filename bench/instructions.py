# SPDX-License-Identifier: MIT
"""Counts the instructions of one verification and compares them with those in instructions.json.

    instructions.py check|update [--build FOLDER] [--word WORD]      WORD: check only the cases with it in their names

Callgrind counts a process that does a case N times and one that does it 2 N times; their difference is what N take. The machine's
speed and load do not matter. Which code OpenSSL and libc choose does: valgrind's processor and all versions are part of the table.
check: more than LIMIT above the table fails; a combination that is not in the table is told and does not fail.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "bench/instructions.json"
RUNS = 3  # Lua seeds its hashes by the clock, so that counts differ a little
LIMIT = 0.02
PROSODY = pathlib.Path("/usr/lib/prosody/prosody.version")  # its libraries are part of process_and_verify_token


def output(*command):
    """What a command prints, on one line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"instructions.py: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return " ".join(done.stdout.split())


def combination():
    """What the counts depend on besides this project's code."""
    compiler, flags = os.environ.get("CC", "cc"), os.environ.get("CFLAGS", "")
    seen = output("valgrind", "-q", "--tool=none", "openssl", "version", "-c")
    return {
        "OpenSSL": output("openssl", "version").split()[1],
        "yyjson": output("pkg-config", "--modversion", "yyjson"),
        "Lua": output(os.environ.get("LUA", "lua5.4"), "-v").split()[1],
        "libc": output("getconf", "GNU_LIBC_VERSION"),
        "compiler": f"{output(compiler, '--version').split(' Copyright')[0]} {flags}".strip(),
        "Prosody": PROSODY.read_text().strip(),
        "valgrind": output("valgrind", "--version"),
        "processor": f"{os.uname().machine}, in valgrind {seen.partition(': ')[2]}",
    }


class Counter:
    """Runs instructions.lua, always with the same environment and addresses."""

    def __init__(self, build):
        path = f"LUA_CPATH={build}/?.so;{build}/bench/?.so;;"
        lua = shutil.which(os.environ.get("LUA", "lua5.4"))
        self.program = ["env", "-i", "PATH=/usr/bin:/bin", path, "LUA_PATH=./lua/?.lua;./?.lua;;", lua, "bench/instructions.lua"]

    def times(self):
        """How many times make a count, by name."""
        done = subprocess.run(self.program, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode != 0:
            sys.exit(f"instructions.py: {done.stderr}")
        return {name: int(times) for times, name in (line.split(" ", 1) for line in done.stdout.splitlines())}

    def count(self, name, times):
        env, lua = self.program[:-2], self.program[-2:]
        command = ["setarch", "-R", *env, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *lua, name, str(times)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            sys.exit(f"instructions.py: {name}: {done.stderr}")
        return int(found[1])

    def each(self, chosen):
        """Instructions of one call, by name: least, median and most of all pairs of runs."""
        work = [(name, factor * times, run) for name, times in chosen.items() for factor in (1, 2) for run in range(RUNS)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = dict(zip(work, pool.map(lambda item: self.count(*item[:2]), work)))
        for name, times in chosen.items():
            once, twice = ([counts[name, factor * times, run] for run in range(RUNS)] for factor in (1, 2))
            differences = min(twice) - max(once), statistics.median(twice) - statistics.median(once), max(twice) - min(once)
            yield name, [round(difference / times) for difference in differences]


def compare(found, known):
    """Prints a row for each case; the names of those that take too many."""
    worse = []
    print("| instructions | table | now | least..most | change |\n|---|---:|---:|---:|---:|")
    for name, (least, median, most) in found.items():
        before = known.get(name)
        change = f"{(median / before - 1) * 100:+.2f} %" if before else "not in the table"
        print(f"| {name} | {before or ''} | {median} | {least}..{most} | {change} |", flush=True)
        if before and median > before * (1 + LIMIT):
            worse.append(name)
    return worse


def update(table, here, found):
    rows = [row for row in table if row["with"] != here]
    rows.append({"with": here, "instructions": {name: median for name, (_, median, _) in found.items()}})
    TABLE.write_text(json.dumps(rows, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("check", "update"))
    parser.add_argument("--word", default="")
    parser.add_argument("--build", default="build")
    given = parser.parse_args()
    for tool in ("valgrind", "setarch", "openssl", "pkg-config"):
        if not shutil.which(tool):
            sys.exit(f"instructions.py: {tool} is not installed")
    if not PROSODY.exists():
        sys.exit(f"instructions.py: there is no {PROSODY}: Prosody is not installed")
    here, table = combination(), json.loads(TABLE.read_text()) if TABLE.exists() else []
    counter = Counter(given.build)
    chosen = {name: times for name, times in counter.times().items() if given.word in name or given.action == "update"}
    found = dict(counter.each(chosen))
    known = next((row["instructions"] for row in table if row["with"] == here), None)
    for name, value in here.items():
        print(f"- {name}: {value}")
    worse = compare(found, known or {})
    if given.action == "update":
        update(table, here, found)
        print(f"written to {TABLE.relative_to(ROOT)}")
        return 0
    if known is None:
        print("bench-check: this combination is not in bench/instructions.json, so nothing was compared; make bench-update adds it")
    elif worse:
        print(f"bench-check: over {LIMIT:.0%} more instructions than in the table: {', '.join(worse)}")
        return 1
    else:
        print(f"bench-check: {len(found)} cases, none over {LIMIT:.0%} more than in the table")
    return 0


if __name__ == "__main__":
    sys.exit(main())
