# SPDX-License-Identifier: MIT
"""The largest gap of a 10 ms timer in Prosody's loop while key servers misbehave and while a hundred people log in.

    loop.py [ROUNDS]      on each Prosody at hand, or the one named by PROSODY; 3 rounds, medians
"""

import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "spec" / "e2e"))

from harness import clients, crowd, key_server, servers, tokens  # noqa: E402

CROWD = 100
SECRET = "the-shared-secret-of-the-benchmark-0123456789"

# What a log-in meets: name, and the bad key server's behaviour (None: nothing listens there).
SERVERS = (
    ("key server takes 5 s", "slow-5000"),
    ("never answers", "silent"),
    ("refuses the connection", None),
    ("drips one byte a second", "drip"),
    ("body of 10 MB, declared", "huge"),
    ("body of 10 MB, not declared", "flood"),
)


def host(name, options):
    lines = "".join(f"    {option} = {servers.lua_string(value)}\n" for option, value in options.items())
    return f'VirtualHost "{name}"\n    authentication = "token"\n    app_id = "issuer"\n{lines}'


class Bench:
    """One Prosody, with a host of its own for each key server and round: one that failed is left alone for a while."""

    def __init__(self, world, launcher, name, rounds):
        self.bad = key_server.BadKeyServer()
        self.key = tokens.KeyPair("key")
        folder = world.folder / name
        folder.mkdir()
        hosts = [host("shared.example", {"app_secret": SECRET}) + '    modules_enabled = { "e2e_loop_gap" }\n']
        for number in range(rounds):
            for index, (_, behaviour) in enumerate(SERVERS):
                base = f"{self.bad.url}/{behaviour}" if behaviour else f"http://127.0.0.1:{servers.free_port()}"
                hosts.append(host(f"bad-{index}-{number}.example", {"asap_key_server": f"{base}/{index}-{number}"}))
            hosts.append(host(f"crowd-{number}.example", {"asap_key_server": f"{self.bad.url}/slow-500/crowd-{number}"}))
        self.bad.publish("key", self.key.public)
        plugins = [str(ROOT / "spec/e2e/plugins")]
        self.prosody = world.start(servers.Prosody(folder, launcher, "\n".join(hosts), plugins=plugins))
        self.held = tokens.mint(tokens.default_claims(), SECRET, "HS256")
        self.by_kid = tokens.mint(tokens.default_claims(), self.key.private, "RS256", "key")

    def close(self):
        self.prosody.stop()
        self.bad.close()

    def idle(self, _number):
        self.prosody.loop_gap("shared.example")
        time.sleep(5)
        return self.prosody.loop_gap("shared.example"), ""

    def log_in(self, name, token, count=1):
        """From <auth/> to a second after the last answer; the connections stand before and stay that long."""
        url = self.prosody.websocket_url(clients.query(token))
        gaps = []

        def begin():
            time.sleep(0.3)
            self.prosody.loop_gap("shared.example")

        def end():
            time.sleep(1)
            gaps.append(self.prosody.loop_gap("shared.example"))

        result = crowd.at_once([crowd.Member(url, name) for _ in range(count)], 20, before=begin, after=end)
        time.sleep(1)  # their sessions end, which is not what the next row measures
        return gaps[0], result

    def bad_server(self, index, number):
        gap, result = self.log_in(f"bad-{index}-{number}.example", self.by_kid)
        if result["refused"] != 1:
            raise servers.StartFailure(f"{SERVERS[index][0]}: not refused but {result}")
        return gap, f"refused after {result['seconds']:.1f} s"

    def crowd(self, number, requests):
        name = f"crowd-{number}.example"
        gap, result = self.log_in(name, self.by_kid, CROWD)
        asked = len(self.bad.requests(f"/crowd-{number}/"))
        if result["accepted"] != CROWD or asked != 1:
            raise servers.StartFailure(f"not all were let in with one request: {result}, requests: {asked}")
        return gap, f"{requests}, all let in within {result['seconds']:.1f} s"

    def rows(self):
        yield "idle", self.idle
        for index, (name, _) in enumerate(SERVERS):
            yield name, lambda number, index=index: self.bad_server(index, number)
        yield f"{CROWD} log-ins at once, key not held", lambda number: self.crowd(number, "1 request")
        yield f"{CROWD} log-ins at once, key held", lambda number: self.crowd(number, "no request")


def run(world, version, launcher, rounds):
    bench = Bench(world, launcher, f"prosody-{version}", rounds)
    gaps, outcomes = {}, {}
    for _ in range(3):  # what is loaded when it is first used
        bench.log_in("shared.example", bench.held)
    for number in range(rounds):
        for name, measure in bench.rows():
            gap, outcomes[name] = measure(number)
            gaps.setdefault(name, []).append(gap)
    bench.close()
    print(f"Prosody {version}: largest gap of a 10 ms timer in its loop, ms; {rounds} rounds in turns\n")
    print("| what happens | median | worst | outcome |\n|---|---:|---:|---|")
    for name, values in gaps.items():
        print(f"| {name} | {statistics.median(values):.0f} | {max(values):.0f} | {outcomes[name]} |")
    print(flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    servers.exit_on_signals()
    world = servers.World()
    try:
        for version, launcher in servers.wanted_launchers().items():
            run(world, version, launcher, rounds)
    except servers.StartFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
