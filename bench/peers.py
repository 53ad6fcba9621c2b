# SPDX-License-Identifier: MIT
"""The programs that run the cases, one for each library, and what is said to them: README.md, "Workers"."""

import os
import pathlib
import shutil
import subprocess

OLDEST_NODE = 20
ROOT = pathlib.Path(__file__).resolve().parents[1]


class Missing(Exception):
    """The library is not installed here."""


class Broken(Exception):
    """A worker ended, or answered what it should not."""


def prosody_13():
    """The folder that holds util/jwt.lua of Prosody 13."""
    unpacked = pathlib.Path(os.environ.get("PROSODY13_ROOT", "/opt/prosody-13"))
    for folder in (unpacked / "usr/lib/prosody", pathlib.Path("/usr/lib/prosody")):
        version = folder / "prosody.version"
        if version.is_file() and version.read_text().startswith("13."):
            return str(folder)
    raise Missing("Prosody 13 is neither installed nor unpacked")


def package_version(name):
    """Of a Debian package; empty elsewhere."""
    query = ["dpkg-query", "-W", "-f", "${Version}", name]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout if shutil.which("dpkg-query") else ""


def lua(name, *arguments):
    program = os.environ.get("LUA", "lua5.4")
    return [program, str(ROOT / f"bench/peers/{name}.lua"), *arguments]


def lua_modules(command, modules):
    """The command, if these modules load."""
    names = ", ".join(f'"{name}"' for name in modules)
    probe = f"for _, name in ipairs{{ {names} }} do require(name); end"
    found = subprocess.run([command[0], "-e", probe], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise Missing(found.stderr.strip().splitlines()[0])
    return command


def built(build, name):
    program = build / name
    if not program.exists():
        raise Missing(f"the headers of {name} were not there when the benchmarks were built")
    return [str(program)]


def npm(name):
    version = shutil.which("node") and subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if not version or int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise Missing(f"it takes node {OLDEST_NODE}; here is {version or 'none'}")
    if not (ROOT / f"spec/cross/node_modules/{name}/package.json").exists():
        raise Missing("not in spec/cross/node_modules: npm is not installed, or could not reach its registry")
    return ["node", str(ROOT / "bench/peers/npm.mjs"), name]


# name: how its command is made, in the order in which they are shown
PEERS = {
    "cjose": lambda build: built(build, "cjose"),
    "libjwt": lambda build: built(build, "libjwt"),
    "fast-jwt": lambda build: npm("fast-jwt"),
    "jsonwebtoken": lambda build: npm("jsonwebtoken"),
    "jose": lambda build: npm("jose"),
    "luaossl + lua-cjson": lambda build: lua_modules(lua("luaossl"), ("openssl", "cjson", "mime")),
    "Prosody 13 util.jwt": lambda build: lua("prosody", prosody_13()),
}


class Worker:
    """A running program that knows cases by name."""

    def __init__(self, name, command):
        self.name, self.command, self.loaded = name, command, []
        self.environment = dict(os.environ, PEER_VERSION=package_version("lua-luaossl"), NODE_OPTIONS="")
        self._start()
        self.version = self._ask("version")[1]

    def _start(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=self.environment)

    def _ask(self, *fields):
        try:
            self.process.stdin.write("\t".join(map(str, fields)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Broken(f"{self.name}: ended when asked {fields[0]} {fields[1] if len(fields) > 1 else ''}")
        word, _, text = line.rstrip("\n").partition("\t")
        return word, text

    def load(self, case, kind, *arguments):
        """None, or why it has no such thing."""
        word, text = self._ask("load", case, kind, *arguments)
        if word == "ok":
            self.loaded.append((case, kind, *arguments))
            return None
        return text

    def restart(self):
        """The same cases in a new process, and so at other addresses."""
        self.close()
        self._start()
        for case in self.loaded:
            self._ask("load", *case)

    def once(self, case):
        """Whether it is accepted, and a reason or remark."""
        word, text = self._ask("once", case)
        return word == "accepted", text

    def run(self, case, calls):
        """Nanoseconds of processor time, all calls together."""
        word, text = self._ask("run", case, calls)
        if word != "ok":
            raise Broken(f"{self.name}: {case}: {word} {text}")
        return float(text)

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
