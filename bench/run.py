# SPDX-License-Identifier: MIT
"""Measures this module beside the bare signature check and beside other libraries, all in turns in one run.

    run.py [--build FOLDER] [--quick] [--alone] [--rounds N] [--seconds N]

Tables on standard output; these, bench.csv and plot.svg in FOLDER/bench, or in FOLDER/bench/quick if the run was
not a whole one. --quick: a look in ten seconds. --alone: no peers.
"""

import argparse
import base64
import hashlib
import hmac
import json
import pathlib
import random
import statistics
import sys
import time

sys.dont_write_bytecode = True

import peers  # noqa: E402
import report  # noqa: E402

ALGORITHMS = ("HS256", "RS256", "PS256", "ES256", "Ed25519")
KEY_SIZES = ("RS256-3072", "RS256-4096", "ES384", "ES512")
SIZES = {"0.3 KiB": 307, "1 KiB": 1024, "4 KiB": 4096, "16 KiB": 16384}
HELD = (100000, 10000, 100, 1)  # the largest first, for its memory to be weighed
REFUSALS = (  # name, code, how the token is made of those in tokens.json
    ("no token at all", "malformed-token", lambda tokens: "undefined"),
    ("signature missing", "malformed-token", lambda tokens: tokens["kid"].rpartition(".")[0]),
    ("padding in the signature", "malformed-token", lambda tokens: tokens["kid"] + "=="),
    ("over 16 KiB", "token-too-large", lambda tokens: tokens["kid"] + "A" * 16384),
    ("wrong alg", "algorithm-not-accepted", lambda tokens: tokens["refused-alg"]),
    ("wrong typ", "type-not-accepted", lambda tokens: tokens["refused-typ"]),
    ("unknown kid", "key-not-found", lambda tokens: tokens["refused-kid"]),
    ("damaged signature", "bad-signature", lambda tokens: damaged_signature(tokens["kid"])),
    ("expired", "expired", lambda tokens: tokens["refused-expired"]),
    ("another issuer", "issuer-not-accepted", lambda tokens: tokens["refused-issuer"]),
)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def damaged_signature(token):
    """Another character in the middle of the signature."""
    middle = (token.rindex(".") + len(token)) // 2
    return token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]


def damaged_payload(token):
    """Still base64url and JSON: a letter of the claims' text is another."""
    header, payload, signature = token.split(".")
    text = base64.urlsafe_b64decode(payload + "==")
    changed = base64url(text.replace(b"Lovelace", b"Lovelacf").replace(b"/org/team-0001", b"/org/team-9001"))
    assert changed != payload
    return f"{header}.{changed}.{signature}"


def sized_token(secret, length):
    """With HS256 and a list of groups that makes it so long, or a byte less."""
    header = base64url(b'{"alg":"HS256","typ":"JWT"}')
    room = (length - len(header) - 2 - 43) * 3 // 4
    claims = {"iss": "app", "aud": "jitsi", "sub": "example.org", "exp": 4102444800, "nbf": 1700000000, "groups": []}
    number, text = 0, ""
    while True:
        number += 1
        claims["groups"].append(f"/org/team-{number:04}")
        longer = json.dumps(claims, separators=(",", ":"))
        if len(longer) + len(',"note":""') > room:
            break
        text = longer
    claims = json.loads(text)
    claims["note"] = ""
    claims["note"] = "n" * (room - len(json.dumps(claims, separators=(",", ":"))))
    data = f"{header}.{base64url(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{data}.{base64url(hmac.new(secret.encode(), data.encode(), hashlib.sha256).digest())}"


class Case:
    """One thing that one worker does again and again."""

    def __init__(self, worker, group, subject, name, token_bytes=""):
        self.worker, self.group, self.subject, self.name, self.token_bytes = worker, group, subject, name, token_bytes
        self.id = f"{group}/{subject}/{name}"
        self.good = "RS256"  # the case of a good token that a refusal is compared with
        self.calls = 1
        self.ns = []

    def block(self):
        """What is compared with each other is measured close together."""
        return (self.group, self.subject if self.group == report.HELD else self.name if self.group != "refusals" else "")

    def calibrate(self, slice_ns):
        """As many calls as fill a slice; what is compiled or loaded at first is so before."""
        self.worker.run(self.id, 1)
        while True:
            taken = self.worker.run(self.id, self.calls)
            if taken >= slice_ns / 2 or self.calls >= 1000000:
                break
            self.calls = min(self.calls * 10, max(self.calls * 2, int(self.calls * slice_ns / max(taken, 1000))))
        self.calls = max(1, int(self.calls * slice_ns / max(taken, 1)))

    def measure(self):
        self.ns.append(self.worker.run(self.id, self.calls) / self.calls)

    def median(self):
        return statistics.median(self.ns)

    def percentiles(self):
        tenths = statistics.quantiles(self.ns, n=10, method="inclusive")
        return tenths[0], tenths[-1]

    def times(self, unit):
        """Median of the ratios to another case, slice by slice of the same round."""
        return statistics.median(mine / other for mine, other in zip(self.ns, unit.ns))


class Bench:
    """All workers and cases of a run."""

    def __init__(self, folder, quick, alone):
        self.folder, self.quick, self.alone = folder / "bench", quick, alone
        self.output = self.folder / "quick" if quick or alone else self.folder
        self.output.mkdir(parents=True, exist_ok=True)
        self.work = self.folder / "work"
        self.work.mkdir(parents=True, exist_ok=True)
        fixed = json.loads((peers.ROOT / "bench/tokens.json").read_text())
        self.tokens = {name: entry["token"] for name, entry in fixed["tokens"].items()}
        self.key_of = {name: entry["key"] for name, entry in fixed["tokens"].items()}
        self.algorithm_of = {name: entry["algorithm"] for name, entry in fixed["tokens"].items()}
        self.claims_bytes = len(fixed["claims"])
        self.secret = fixed["keys"]["secret"]["secret"]
        for name, forms in fixed["keys"].items():
            for form, text in forms.items():
                (self.work / f"{name}.{form}").write_text(text)
        self.files = {}
        self.workers, self.cases, self.unsupported, self.missing, self.failed, self.memory = [], [], {}, {}, {}, {}

    def token_file(self, token):
        """The path of a file that holds the token."""
        name = hashlib.sha256(token.encode()).hexdigest()[:16]
        (self.work / name).write_text(token)
        return str(self.work / name)

    def key(self, name):
        return str(self.work / name)

    def start(self, name, command):
        worker = peers.Worker(name, command)
        self.workers.append(worker)
        return worker

    def add(self, worker, case, kind, *arguments):
        """A case that is accepted at once, or the reason why not."""
        problem = worker.load(case.id, kind, *arguments)
        if problem is None:
            accepted, text = worker.once(case.id)
            problem = None if accepted else text or "refused"
        if problem is None:
            self.cases.append(case)
        return problem

    def must(self, *arguments):
        problem = self.add(*arguments)
        if problem is not None:
            raise peers.Broken(f"{arguments[1].id}: {problem}")

    def verifying(self):
        """Group, name, algorithm, key, token of what every library is asked to verify."""
        names = ("HS256", "RS256") if self.quick else ALGORITHMS
        for name in names:
            yield "algorithms", name, self.algorithm_of[name], self.key(self.key_of[name]), self.tokens[name]
        for name in () if self.quick else KEY_SIZES:
            yield "key sizes", name, self.algorithm_of[name], self.key(self.key_of[name]), self.tokens[name]
        for name, length in {"1 KiB": 1024}.items() if self.quick else SIZES.items():
            yield "token sizes", name, "HS256", self.key("secret"), sized_token(self.secret, length)

    def start_ours(self):
        worker = self.start(report.OURS, peers.lua("ours"))
        for group, name, algorithm, key, token in self.verifying():
            path = self.token_file(token)
            for subject, kind in ((report.FLOOR, "floor"), (report.OURS, "verify"), (report.CJSON, "cjson")):
                if kind != "cjson" or algorithm == "HS256":
                    self.must(worker, Case(worker, group, subject, name, len(token)), kind, algorithm, key, path)
            for damaged in (damaged_signature(token), damaged_payload(token)):
                self.refuses(worker, "verify", algorithm, key, damaged)
                self.refuses(worker, "floor", algorithm, key, damaged)
        kid = self.token_file(self.tokens["kid"])
        for name, kind in (("key by kid", "kid"), ("options in each call", "options")):
            self.must(worker, Case(worker, "ways", report.OURS, name, len(self.tokens["kid"])), kind, "RS256", self.key("rsa2048"), kid)
        for name, code, make in REFUSALS:
            token = make(self.tokens)
            case = Case(worker, "refusals", report.OURS, name, len(token))
            self.must(worker, case, "refuse", code, self.key("rsa2048"), self.token_file(token))
        for name in () if self.quick else ("HS256", "PS256", "ES256", "Ed25519"):
            token = damaged_signature(self.tokens[name])
            case = Case(worker, "refusals", report.OURS, f"damaged signature, {name}", len(token))
            case.good = name
            self.must(worker, case, "damaged", self.algorithm_of[name], self.key(self.key_of[name]), self.token_file(token))

    def start_held(self):
        """Keys held, in a process of its own because of the memory."""
        worker = self.start(report.HELD, peers.lua("held"))
        sizes = HELD[2:] if self.quick else HELD
        for size in sizes:
            worker.load(f"fill {size}", "fill", size)
            _, self.memory[size] = worker.once(f"fill {size}")
        for size in sizes:
            for name in ("one", "any", "table"):
                self.must(worker, Case(worker, report.HELD, name, str(size)), name, size)

    def refuses(self, worker, kind, algorithm, key, token):
        """Raises if a worker accepts the token."""
        name = f"damaged {algorithm} {hash(token)}"
        if worker.load(name, kind, algorithm, key, self.token_file(token)) is None and worker.once(name)[0]:
            raise peers.Broken(f"{worker.name} accepts a damaged {algorithm} token")

    def start_peer(self, name, command):
        """Accepts the good token and refuses two damaged ones of each case, or the case is not measured."""
        worker = self.start(name, command)
        expired = self.token_file(self.tokens["refused-expired"])
        for group, case_name, algorithm, key, token in self.verifying():
            case = Case(worker, group, name, case_name, len(token))
            problem = self.add(worker, case, "verify", algorithm, key, self.token_file(token))
            if problem is not None:
                self.unsupported[(name, case_name)] = problem
                continue
            for damaged in (damaged_signature(token), damaged_payload(token)):
                self.refuses(worker, "verify", algorithm, key, damaged)
        for must in ("HS256", "RS256"):
            if (name, must) in self.unsupported:
                raise peers.Broken(f"{name} refuses a good {must} token: {self.unsupported[(name, must)]}")
        if worker.load("expired", "verify", "RS256", self.key("rsa2048"), expired) is None and worker.once("expired")[0]:
            raise peers.Broken(f"{name} accepts an expired token")

    def start_peers(self):
        for name, command in peers.PEERS.items():
            try:
                self.start_peer(name, command(self.folder))
            except peers.Missing as reason:
                self.missing[name] = str(reason)
            except peers.Broken as reason:
                self.failed[name] = str(reason)
                self.cases = [case for case in self.cases if case.worker.name != name]

    def measure(self, rounds, seconds, slice_ns):
        """All cases in turns, each round in another order; the rounds that fitted."""
        for case in self.cases:
            case.calibrate(slice_ns)
        order = random.Random(1)
        end = time.monotonic() + seconds
        blocks = {}
        for case in self.cases:
            blocks.setdefault(case.block(), []).append(case)
        blocks = list(blocks.values())
        native = [worker for worker in self.workers if worker.name != report.HELD and "node" not in worker.command[0]]
        for number in range(rounds):
            for worker in native:
                worker.restart()
            order.shuffle(blocks)
            for block in blocks:
                order.shuffle(block)
                for case in block:
                    case.measure()
            if time.monotonic() > end and number >= 4:
                break
        return number + 1

    def find(self, group, subject, name):
        """A measured case, or None."""
        return next((c for c in self.cases if (c.group, c.subject, c.name) == (group, subject, name)), None)

    def close(self):
        for worker in self.workers:
            worker.close()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"), help="folder of what is built (build)")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    parser.add_argument("--alone", action="store_true", help="without other libraries")
    parser.add_argument("--rounds", type=int, help="at most so many rounds (61; quick: 7)")
    parser.add_argument("--seconds", type=float, default=200, help="no new round after so many seconds (200)")
    return parser.parse_args()


def main():
    given = arguments()
    bench = Bench(given.build.resolve(), given.quick, given.alone)
    try:
        bench.start_ours()
        bench.start_held()
        if not given.alone:
            bench.start_peers()
        slice_ns = 2e6 if given.quick else 8e6
        rounds = bench.measure(given.rounds or (7 if given.quick else 61), given.seconds, slice_ns)
    except peers.Broken as reason:
        sys.exit(f"run.py: {reason}")
    finally:
        bench.close()
    report.write(bench, rounds, slice_ns)
    for name, reason in bench.failed.items():
        print(f"run.py: {name} was left out: {reason}", file=sys.stderr)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
