# SPDX-License-Identifier: MIT
"""How many requests a key server sees from a hundred shards, with and without nginx's cache between them.

    shards.py [SHARDS [PERIODS]]    100 shards, 4 freshness periods

The cache is configured as docs/recipes/many-shards.md has it: the nginx block is read from there. The shards are key stores of the
module, each with an address of its own on the loopback; a freshness period is SECONDS long, so that minutes stand for hours.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "spec" / "e2e"))

from harness import recipes, servers, tokens  # noqa: E402

SECONDS = 5  # a freshness period
MAX_SHARDS = 200
RECIPE = ROOT / "docs" / "recipes" / "many-shards.md"


class Origin(servers.Nginx):
    """The key server, which says how long its keys are good."""

    def _write_configuration(self):
        super()._write_configuration()
        path = self.folder / "nginx.conf"
        path.write_text(path.read_text().replace(
            f"root {self.folder}/www;", f'root {self.folder}/www; add_header Cache-Control "max-age={SECONDS}";'))


def cache_blocks(folder, port, origin):
    """The recipe's cache in front of this origin, with an address for each shard."""
    block = re.search(r"```nginx cache\n(.*?)```", RECIPE.read_text(), re.S).group(1)
    addresses = ["127.0.0.1", *(f"127.0.1.{number}" for number in range(1, MAX_SHARDS + 1))]
    for shown, here in (
        ("/var/cache/nginx/keys", str(folder / "keys")),
        ("listen 8080;", " ".join(f"listen {address}:{port};" for address in addresses)),
        ("/asap/", "/keys/"),
        ("https://keys.example.org", f"http://127.0.0.1:{origin.http_port}"),
        ("/etc/ssl/certs/ca-certificates.crt", str(origin.ca_file)),
    ):
        if shown not in block:
            raise servers.StartFailure(f"{RECIPE.name} has no {shown}")
        block = block.replace(shown, here)
    return block


class Shards:
    def __init__(self, count, url):
        self.process = subprocess.Popen(
            ["lua5.4", ROOT / "bench" / "shards.lua", str(count), url], env=dict(os.environ, **servers.lua_paths()),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise servers.StartFailure("the shards ended")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def run(origin, url, count, periods):
    """(what happened, requests at the origin, what the shards had) for each phase."""
    shards, rows = Shards(count, url), []

    def phase(name, action, each=1):
        before = len(origin.requests())
        answers = action()
        rows.append((name, (len(origin.requests()) - before) / each, answers))

    origin.publish("first", KEYS[0].public)
    phase("start: all ask for one key at once", lambda: shards("ask", "first"))
    phase(f"each period of {SECONDS} s, keys in use", lambda: shards("hold", periods * SECONDS), periods)
    phase("all ask for a key that is not there", lambda: shards("ask", "absent"))
    origin.publish("second", KEYS[1].public)
    phase("rotation: all ask for the new key at once", lambda: shards("ask", "second"))
    origin.withdraw("first")
    phase("the old key is withdrawn: two periods", lambda: shards("hold", 2 * SECONDS + 2))
    phase("and then", lambda: shards("ask", "first"))
    origin.stop()
    phase("outage of the key server: two periods", lambda: shards("hold", 2 * SECONDS))
    origin.start()
    phase("it is back: the first two periods", lambda: shards("hold", 2 * SECONDS))
    phase("and then", lambda: shards("ask", "second"))
    shards.close()
    return rows


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    periods = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    servers.exit_on_signals()
    world = servers.World()
    try:
        found = []
        for name, cached in (("direct", False), ("cached", True)):
            folder = world.folder / name
            folder.mkdir()
            origin = world.start(Origin(folder))
            if cached:
                port = servers.free_port()
                cache = recipes.Site(folder, [port])
                cache.write(cache_blocks(folder, port, origin))
                world.start(cache)
                url = f"http://127.0.1.%d:{port}/keys"
            else:
                url = f"{origin.url}/%d"
                link_each(origin, count)
            found.append(run(origin, url, count, periods))
    finally:
        world.close()
    print(f"Requests that reach the key server from {count} shards; a freshness period of {SECONDS} s\n")
    print("| | without a cache | with nginx's | what the shards had then |\n|---|---:|---:|---|")
    for (phase, direct, _), (_, cached, answers) in zip(*found):
        print(f"| {phase} | {direct:.0f} | {cached:.1f} | {answers} |".replace(".0 |", " |"))
    return 0


def link_each(origin, count):
    """A folder for each shard that is the same one: stores are shared by URL, and each shard must have its own."""
    for number in range(1, count + 1):
        (origin.keys / str(number)).symlink_to(origin.keys)


if __name__ == "__main__":
    KEYS = [tokens.KeyPair("first"), tokens.KeyPair("second")]
    started = time.monotonic()
    status = main()
    print(f"\n{time.monotonic() - started:.0f} s")
    sys.exit(status)
