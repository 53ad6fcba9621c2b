# SPDX-License-Identifier: MIT
"""What a log-in costs a real Prosody: by token, beside mod_auth_anonymous, which asks for none; and how long a crowd is out.

    log_ins.py [ROUNDS [CROWD]]   on each Prosody at hand, or the one named by PROSODY; 5 rounds in turns, medians;
                                  5,000 clients that a restart disconnects (0: none)
"""

import asyncio
import os
import pathlib
import random
import resource
import statistics
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "spec" / "e2e"))

from harness import clients, crowd, servers, tokens  # noqa: E402

SECRET = "the-shared-secret-of-the-benchmark-0123456789"
PARALLEL = 100
STREAM = 500  # log-ins a slice
CONNECTING = 200  # of the crowd, at a time
TICKS = os.sysconf("SC_CLK_TCK")

HOSTS = """
VirtualHost "gap.example"
    authentication = "anonymous"
    modules_enabled = {{ "e2e_loop_gap" }}
VirtualHost "anonymous.example"
    authentication = "anonymous"
VirtualHost "shared.example"
    authentication = "token"
    app_id = "issuer"
    app_secret = "{secret}"
VirtualHost "keys.example"
    authentication = "token"
    app_id = "issuer"
    asap_key_server = "{key_server}"
"""
ROWS = (
    ("without a token (mod_auth_anonymous)", "anonymous.example"),
    ("token, HS256", "shared.example"),
    ("token, RS256, key held", "keys.example"),
)


class Bench:
    def __init__(self, world, version, launcher):
        folder = world.folder / f"prosody-{version}"
        folder.mkdir()
        nginx = world.start(servers.Nginx(folder))
        self.key = tokens.KeyPair("key")
        nginx.publish("key", self.key.public)
        self.prosody = world.start(servers.Prosody(
            folder, launcher, HOSTS.format(secret=SECRET, key_server=nginx.url), plugins=[str(ROOT / "spec/e2e/plugins")]))

    def member(self, host):
        token = None
        if host == "shared.example":
            token = tokens.mint(self.claims(), SECRET, "HS256")
        elif host == "keys.example":
            token = tokens.mint(self.claims(), self.key.private, "RS256", "key")
        return crowd.Member(self.prosody.websocket_url(clients.query(token)), host)

    @staticmethod
    def claims():
        return tokens.default_claims(exp=int(time.time()) + 3600, context={
            "user": {"id": str(random.random()), "name": "Ada", "email": "ada@example.org", "moderator": True},
            "features": {"recording": True, "livestreaming": False}})

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.prosody.pid()}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self):
        pages = int(pathlib.Path(f"/proc/{self.prosody.pid()}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stream(self, host):
        """STREAM log-ins, PARALLEL under way at any time, each on a connection of its own."""
        members = [self.member(host) for _ in range(STREAM)]
        before = self.processor_seconds()
        result = crowd.stream(members, PARALLEL)
        processor = self.processor_seconds() - before
        expect_all(result, STREAM, host)
        time.sleep(0.5)
        return {"a second": STREAM / result["seconds"], "processor": processor / STREAM * 1000, "slowest": result["slowest"] * 1000}

    def at_once(self, host):
        """PARALLEL log-ins sent in one moment by connections that stand already."""
        gaps = []

        def begin():
            time.sleep(0.2)
            self.prosody.loop_gap("gap.example")

        def end():
            time.sleep(0.5)
            gaps.append(self.prosody.loop_gap("gap.example"))

        result = crowd.at_once([self.member(host) for _ in range(PARALLEL)], 20, before=begin, after=end)
        expect_all(result, PARALLEL, host)
        time.sleep(0.5)
        return {"gap": gaps[0], "all in": result["seconds"] * 1000}


def expect_all(result, count, host):
    if result["accepted"] != count:
        raise servers.StartFailure(f"{host}: not all were let in: {result}")


# Those whom a restart throws out

async def stay(make, state, deadline):
    """Logs in, and again whenever the connection is lost, after a second or so, as web clients do."""
    while time.monotonic() < deadline:
        # Who connects to a port of the ephemeral range while nobody listens may come to talk to himself.
        await state["listening"].wait()
        member = make()
        try:
            async with state["connecting"]:
                await member.connect()
                await member.authenticate()
            if member.outcome != "accepted":
                raise servers.StartFailure(f"a member of the crowd was {member.outcome}")
            state["in"] += 1
            try:
                while True:
                    await member._receive()
            finally:
                state["in"] -= 1
        except (OSError, EOFError):
            pass
        finally:
            member.close()
        await asyncio.sleep(random.uniform(0.5, 1.5))


async def restart(bench, host, size):
    """Seconds from the restart of a server with so many clients until all of them are back."""
    state = {"in": 0, "connecting": asyncio.Semaphore(CONNECTING), "listening": asyncio.Event()}
    state["listening"].set()
    deadline = time.monotonic() + 400
    prepared = [bench.member(host) for _ in range(size)]
    tasks = [asyncio.create_task(stay(lambda url=member.url.geturl(): crowd.Member(url, host), state, deadline))
             for member in prepared]

    async def all_in():
        while state["in"] < size:
            for task in tasks:
                if task.done():
                    task.result()
            if time.monotonic() > deadline:
                raise servers.StartFailure(f"{host}: only {state['in']} of {size} are in")
            await asyncio.sleep(0.02)

    await all_in()
    # Here and not in another thread: the server ends with the thread that started it.
    bench.prosody.stop()
    state["listening"].clear()
    while state["in"] > 0:
        await asyncio.sleep(0.02)
    started = time.monotonic()
    bench.prosody.start()
    ready = time.monotonic() - started
    state["listening"].set()
    await all_in()
    took, processor = time.monotonic() - started, bench.processor_seconds()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return took, ready, processor


def run(world, version, launcher, rounds, size):
    bench = Bench(world, version, launcher)
    for _, host in ROWS:  # what is loaded when it is first used
        bench.stream(host)
    figures, memory = {}, []
    for _ in range(rounds):
        for name, host in ROWS:
            for what, value in {**bench.stream(host), **bench.at_once(host)}.items():
                figures.setdefault((name, what), []).append(value)
        memory.append(bench.resident_mib())
    median = {key: statistics.median(values) for key, values in figures.items()}
    floor = median[ROWS[0][0], "processor"]
    print(f"Prosody {version}: {rounds} rounds of {STREAM} log-ins, {PARALLEL} at a time, and of {PARALLEL} in one moment; medians\n")
    print("| | log-ins a second | Prosody's processor time for one, ms | ratio | slowest, ms | "
          f"{PARALLEL} at once: all done after, ms | largest gap of the loop, ms |\n|---|---:|---:|---:|---:|---:|---:|")
    for name, _ in ROWS:
        row = {what: median[name, what] for what in ("a second", "processor", "slowest", "all in", "gap")}
        print(f"| {name} | {row['a second']:.0f} | {row['processor']:.2f} | {row['processor'] / floor:.2f} | {row['slowest']:.0f} | "
              f"{row['all in']:.0f} | {row['gap']:.0f} |")
    print(f"\nResident memory after each round of {len(ROWS) * (STREAM + PARALLEL)} log-ins, MiB: "
          + ", ".join(f"{value:.1f}" for value in memory) + "\n", flush=True)
    if size:
        print(f"| {size} clients disconnected by a restart | server up after, s | all back after, s | Prosody's processor time, s |\n"
              "|---|---:|---:|---:|")
        for name, host in ROWS:
            took, ready, processor = asyncio.run(restart(bench, host, size))
            print(f"| {name} | {ready:.1f} | {took:.1f} | {processor:.1f} |", flush=True)
        print(flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    servers.exit_on_signals()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 2 * size + 200:
        print(f"log_ins.py: only {hard} open files are allowed (ulimit -n): the crowd is smaller", file=sys.stderr)
        size = (hard - 200) // 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    world = servers.World()
    try:
        for version, launcher in servers.wanted_launchers().items():
            run(world, version, launcher, rounds, size)
    except servers.StartFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
