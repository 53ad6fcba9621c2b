# SPDX-License-Identifier: MIT
"""Lets the Lua specs use the harness: one JSON request a line on standard input, one JSON answer a line in a named pipe, after a
line that says that it is there.

The end of standard input, that is the end of the specs however it came, ends every server.
"""

import base64
import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import traceback
import urllib.parse
import urllib.request
import warnings

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import browser, clients, crowd, key_server, recipes, servers, tokens  # noqa: E402

NPM = servers.ROOT / "spec" / "e2e" / "npm"
PIECE = 16  # of a secret so many characters at a stretch are looked for, so that twice as many never go unseen
WEAK_CIPHERS = "ALL:@SECLEVEL=0"  # OpenSSL 3 speaks TLS 1.1 at security level 0 only


def pieces_of(secret):
    """What to look for in logs; the lines of a PEM one by one, and nothing so short that anybody may have written it."""
    lines = [line for line in secret.splitlines() if len(line) > PIECE / 2 and not line.startswith("-----")]
    return [line[start:start + PIECE] for line in lines for start in range(0, max(len(line) - PIECE, 0) + 1, PIECE)]


class Driver(recipes.Requests):
    """Each method named op_X is the request X; its arguments are the request's fields."""

    def __init__(self, world):
        self.world = world
        self.nginx = None
        self.bad_server = None
        self.browser = None
        self.prosodies = {}
        self.nodes = {}
        self.clients = {}
        self.keys = {}
        self.secrets = set()
        self.next_id = 0

    # servers

    def op_start_nginx(self):
        self.nginx = self.world.start(servers.Nginx(self.world.folder))
        return {"url": self.nginx.url, "https_url": self.nginx.https_url, "ca_file": str(self.nginx.ca_file)}

    def op_signal_nginx(self, name):
        self.nginx.signal(getattr(signal, "SIG" + name))

    def op_stop_nginx(self):
        self.nginx.stop()

    def op_restart_nginx(self):
        self.nginx.stop()
        self.nginx.start()

    def op_requests(self, kid=None):
        return self.nginx.requests(kid)

    def op_start_bad_server(self):
        folder = self.world.folder / "keys"
        folder.mkdir()
        self.bad_server = key_server.BadKeyServer(folder)
        return {"url": self.bad_server.url}

    def op_start_tls_servers(self):
        """TLS in front of the bad key server, right and wrong; gives back the files of a client and URLs by what is wrong."""
        return self.bad_server.ask("start_tls", folder=str(self.world.folder))

    def op_tls_version(self, url):
        """What a client that accepts anything agrees on with the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(WEAK_CIPHERS)
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), 5) as plain:
            with context.wrap_socket(plain) as secured:
                return secured.version()

    def op_start_proxy(self, certificate=None):
        """A proxy, behind TLS with a certificate."""
        port = self.bad_server.ask("listen", proxy=True, certificate=certificate)
        return f"{'https' if certificate else 'http'}://127.0.0.1:{port}"

    def op_write_file(self, name, text):
        path = self.world.folder / name
        path.write_text(text)
        return str(path)

    def op_bearer(self):
        bearer = self.bad_server.ask("bearer")
        self.secrets.add(bearer)
        return bearer

    def op_closed_url(self):
        """A key server's address where nothing listens."""
        return f"http://127.0.0.1:{servers.free_port()}"

    @staticmethod
    def op_has_browser():
        return browser.at_hand()

    def op_start_browser(self, pages, name="main"):
        """Serves a page and the files beside it, and starts a browser; gives back where the page is."""
        files = {pathlib.Path(path).name: servers.ROOT / path for path in pages}
        self.nginx.serve_pages(files, self.prosodies[name].port)
        self.browser = self.world.start(browser.Browser(self.world.folder))
        return f"http://127.0.0.1:{self.nginx.http_port}"

    def op_show_page(self, url):
        return self.browser.show(url)

    def op_lead_conferences(self, client, component):
        self.clients[client].lead_conferences(component)

    @staticmethod
    def op_free_port():
        return servers.free_port()

    def op_bad_url(self):
        return self.bad_server.url

    def op_swallow(self, address):
        self.bad_server.ask("swallow", address=address)

    def op_release(self):
        """Lets go what the bad server's behaviour "held" holds, now and from now on."""
        self.bad_server.ask("release")

    def op_publish_document(self, path, body, status=200, headers=None):
        return self.bad_server.ask("publish_document", path=path, body=body, status=status, headers=headers)

    def op_bad_requests(self, part=""):
        return self.bad_server.requests(part)

    def op_compile(self, source, name):
        """A shared object of one file of C; the file's first lines say what it is for."""
        output = self.world.folder / name
        flags = subprocess.run(["pkg-config", "--cflags", "lua5.4"], check=True, text=True, stdout=subprocess.PIPE).stdout
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-shared", "-fPIC", *flags.split(),
                        "-o", output, servers.ROOT / "spec/e2e" / source], check=True)
        return str(output)

    def op_folder(self):
        return str(self.world.folder)

    def op_start_prosody(self, hosts, name="main", debian=False, **settings):
        """`debian`: with the configuration of Debian's package, and `hosts` below its conf.d."""
        folder = self.world.folder / name
        folder.mkdir()
        plugins = [str(servers.ROOT / "spec/e2e/plugins")]
        prosody = (servers.DebianProsody if debian else servers.Prosody)(folder, self.launcher(), hosts, plugins=plugins, **settings)
        self.prosodies[name] = prosody
        self.world.start(prosody)
        return {"pid": prosody.pid(), "port": prosody.port, "log": str(prosody.log)}

    def op_stop_prosody(self, name="main"):
        self.prosodies[name].stop()

    def op_restart_prosody(self, name="main"):
        self.prosodies[name].stop()
        self.prosodies[name].start()

    def op_configure(self, hosts, settings="", name="main"):
        """Writes another configuration, which counts once the server reads it."""
        self.prosodies[name].write_configuration(hosts, settings)

    def op_mapped(self, part, name="main"):
        """The files with this part in their names that a Prosody has mapped into its memory: [inode, path]."""
        lines = pathlib.Path(f"/proc/{self.prosodies[name].pid()}/maps").read_text().splitlines()
        fields = [line.split(maxsplit=5) for line in lines if part in line]
        return sorted({(int(field[4]), field[5]) for field in fields})

    def op_pid(self, name="main"):
        return self.prosodies[name].pid()

    def op_memory(self, name="main"):
        """Resident memory of a Prosody in KiB."""
        status = pathlib.Path(f"/proc/{self.prosodies[name].pid()}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def op_loop_gap(self, host="shared.example", name="main"):
        return self.prosodies[name].loop_gap(host)

    def op_note(self, row, **figures):
        """Keeps figures of a row, for people to read after the specs."""
        folder = servers.ROOT / os.environ.get("BUILD", "build")
        version = os.environ.get("PROSODY") or "plain"
        if folder.is_dir():
            with open(folder / f"e2e-figures-{version}.txt", "a", encoding="utf-8") as notes:
                told = ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                                 for name, value in sorted(figures.items()))
                notes.write(f"{row}: {told}\n")

    def op_shell(self, command, name="main"):
        return self.prosodies[name].shell(command)

    def op_prosodyctl(self, command, text="", name="main"):
        """Output and exit status; works without a running server."""
        output, status = self.prosodies[name].control(*command, text=text)
        return {"output": output, "status": status}

    @staticmethod
    def launcher():
        found = servers.prosody_launchers()
        version = os.environ.get("PROSODY") or sorted(found)[0]
        if version not in found:
            raise servers.StartFailure(f"Prosody {version} is not at hand, only: {', '.join(sorted(found))}")
        return found[version]

    # keys and tokens

    def op_new_key(self, kid, publish=(), **kind):
        key = self.keys[kid] = tokens.KeyPair(kid, **kind)
        self.secrets.add(key.private)
        for place in publish:
            {"nginx": self.nginx, "bad": self.bad_server}[place].publish(kid, key.public)
        return {"kid": kid, "private": key.private, "public": key.public}

    def op_public_key(self, kid):
        return self.keys[kid].public

    def op_publish(self, key, kids, places):
        """One key under many kids, so that they need not all be made."""
        for kid in kids:
            for place in places:
                {"nginx": self.nginx, "bad": self.bad_server}[place].publish(kid, self.keys[key].public)

    @staticmethod
    def op_key_file_name(kid):
        return tokens.key_file_name(kid)

    def op_withdraw(self, kid, place):
        {"nginx": self.nginx, "bad": self.bad_server}[place].withdraw(kid)

    def op_mint(self, claims=None, key=None, secret=None, algorithm=None, kid=None, without=()):
        claims = tokens.default_claims(**dict(claims or {}, **dict.fromkeys(without)))
        if secret is not None:
            self.secrets.add(secret)
            return self.remember(tokens.mint(claims, secret, algorithm or "HS256", kid))
        kid = key if kid is None else kid or None  # kid = false: a token without one
        return self.remember(tokens.mint(claims, self.keys[key].private, algorithm or "RS256", kid))

    def op_forge(self, header, claims=None, secret=None):
        return self.remember(tokens.forge(tokens.default_claims(**(claims or {})), header, secret))

    def op_with_wrong_signature(self, token):
        return self.remember(tokens.with_wrong_signature(token))

    def op_remember(self, token):
        return self.remember(token)

    def remember(self, token):
        """Notes the parts of a token that no log may show: the claims and the signature."""
        self.secrets.update(token.split(".")[1:])
        return token

    def op_leaks(self):
        """The lines that a Prosody of this world wrote and that hold a piece of a token's claims or signature, or of a secret."""
        pieces = {piece for secret in self.secrets for piece in pieces_of(secret)}
        patterns = self.world.folder / "secrets"
        patterns.write_text("".join(piece + "\n" for piece in pieces))
        logs = [file for prosody in self.prosodies.values() for file in (prosody.log, prosody.output) if file.exists()]
        if not pieces or not logs:
            return []
        found = subprocess.run(["grep", "--no-filename", "--text", "--fixed-strings", f"--file={patterns}", *logs],
                               text=True, errors="replace", stdout=subprocess.PIPE)
        if found.returncode > 1:
            raise RuntimeError("grep failed")
        return found.stdout.splitlines()

    def op_tracebacks(self):
        """The lines of a Prosody of this world that say that a module raised, while it loaded or in the middle of a session."""
        raised = re.compile(r"\bTraceback\[|Error initializing module")
        return [line for prosody in self.prosodies.values() if prosody.log.exists()
                for line in prosody.log.read_text(errors="replace").splitlines() if raised.search(line)]

    def op_log_size(self, name="main"):
        return self.prosodies[name].log_size()

    def op_log_since(self, position, name="main"):
        return self.prosodies[name].log_since(position)

    # libraries from npm

    def op_install_npm(self):
        """Installs the libraries of spec/e2e/npm; gives back node's major version, or None without node and npm."""
        if not (shutil.which("node") and shutil.which("npm")):
            return None
        locked = (NPM / "package-lock.json").stat().st_mtime
        done = NPM / "node_modules" / ".package-lock.json"
        with open(NPM / "package.json", encoding="utf-8") as one_at_a_time:  # specs of two Prosodys run side by side
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            if not done.exists() or done.stat().st_mtime < locked:
                subprocess.run(["npm", "ci", "--loglevel=error"], cwd=NPM, check=True, stdout=sys.stderr)
        version = subprocess.run(["node", "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
        return int(version.strip("v\n").split(".")[0])

    def op_unpack_npm(self, package, integrity):
        """Fetches "NAME@VERSION" without what it depends on, and runs nothing of it; gives back its folder, or None without npm."""
        if not shutil.which("npm"):
            return None
        folder = self.world.folder / "npm" / package.replace("/", "+")
        folder.mkdir(parents=True)
        packed = subprocess.run(["npm", "pack", "--json", "--loglevel=error", package], cwd=folder, check=True, stdout=subprocess.PIPE)
        archive = folder / json.loads(packed.stdout)[0]["filename"]
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != integrity:
            raise RuntimeError(f"{package} is {found}, not {integrity}")
        subprocess.run(["tar", "-x", "-f", archive, "--strip-components=1", "--warning=no-unknown-keyword"], cwd=folder, check=True)
        return str(folder)

    def node(self, script, request):
        """Asks a script of spec/e2e/npm, which goes on running for the next request."""
        process = self.nodes.get(script)
        if not process:
            process = self.nodes[script] = subprocess.Popen(
                ["node", NPM / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                preexec_fn=servers.die_with_parent)
        print(json.dumps(request), file=process.stdin, flush=True)
        if not select.select([process.stdout], [], [], 60)[0]:
            raise RuntimeError(f"{script} does not answer")
        return json.loads(process.stdout.readline())

    def close(self):
        for process in self.nodes.values():
            process.stdin.close()
            process.kill()
            process.wait()
        if self.bad_server:
            self.bad_server.close()

    def op_mint_by_npm(self, library, key=None, secret=None, algorithm=None, claims=None):
        self.secrets.update([secret] if secret else [])
        request = {"library": library, "claims": tokens.default_claims(**(claims or {})), "kid": key,
                   "key": key and self.keys[key].private, "secret": secret, "algorithm": algorithm}
        return self.remember(self.node("mint.js", request))

    def op_log_in_by_npm(self, script, host, token=None, enter=None, transport="websocket", name="main"):
        service = self.url_for(transport, clients.query(token), name)
        return self.node(script, {"service": service, "host": host, "enter": enter})

    # clients

    def url_for(self, transport, query, name):
        prosody = self.prosodies[name]
        return prosody.websocket_url(query) if transport == "websocket" else prosody.bosh_url(query)

    def make_client(self, host, token=None, room=None, transport="websocket", bearer=None, name="main",
                    resumable=False, username="", password=None, headers=None, **others):
        url = self.url_for(transport, clients.query(token, room, **others), name)
        headers = {**(headers or {}), **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        if isinstance(self.prosodies[name], servers.DebianProsody):
            headers["Host"] = host  # as a web server in front passes it on: only this host has a WebSocket
        if transport == "websocket":
            return clients.WebSocketClient(url, host, headers, resumable, username, password)
        return {"bosh": clients.BoshClient, "bosh by curl": clients.CurlBoshClient}[transport](url, host, headers)

    def op_log_in(self, enter=None, **login):
        """One log-in, and if it succeeds the entry into a room; then the client leaves."""
        client = self.make_client(**login)
        outcome = client.log_in()
        if enter and outcome["outcome"] == "accepted":
            outcome["entry"] = client.join(enter)
        client.close()
        return outcome

    def op_log_ins(self, logins, bystander=None, seconds=20, meanwhile=(), name="main"):
        """Log-ins that all wait at the same time; a bystander logged in before them pings the server meanwhile, and the shell is
        given the commands of `meanwhile` one after the other."""
        watcher = None
        if bystander:
            watcher = self.make_client(**bystander)
            outcome = watcher.log_in()
            if outcome["outcome"] != "accepted":
                raise servers.StartFailure(f"the bystander could not log in: {outcome}")
            watcher.ping_every(0.05)
            where = {"host": bystander["host"], "name": bystander.get("name", "main")}
            self.op_loop_gap(**where)
        websockets = [self.make_client(**login) for login in logins if login.get("transport") != "bosh"]
        boshes = [self.make_client(**login) for login in logins if login.get("transport") == "bosh"]
        with concurrent.futures.ThreadPoolExecutor(len(boshes) + 1) as pool:
            futures = [pool.submit(client.log_in) for client in boshes]
            done = pool.submit(lambda: [self.op_shell(command, name) for command in meanwhile])
            for client in websockets:
                client.connect()
            clients.run_loop_until(
                lambda: all(client.outcome for client in websockets) and all(future.done() for future in [*futures, done]),
                seconds,
            )
            done.result()
            outcomes = [client.outcome or {"outcome": "no answer"} for client in websockets]
            outcomes += [future.result() for future in futures]
        answer = {"outcomes": outcomes}
        if watcher:
            clients.run_loop_until(lambda: len(watcher.round_trips) > 2, 1)  # that there is something to tell
            answer["pings"], answer["longest_wait"] = len(watcher.round_trips), watcher.longest_wait()
            answer["gap"] = self.op_loop_gap(**where)
            watcher.close()
        for client in [*websockets, *boshes]:
            client.close()
        return answer

    def make_members(self, host, kids, key, address=None, name="main", forged=False):
        """A member of the crowd for each kid; forged tokens have one signature, which is of nothing."""
        headers = {"X-Forwarded-For": address} if address else {}
        claims, signature = tokens.default_claims(), tokens.base64url(bytes(256))
        self.secrets.update([tokens.base64url(json.dumps(claims).encode()), signature])
        members = []
        for kid in kids:
            if forged:
                token = tokens.forge(claims, {"typ": "JWT", "alg": "RS256", "kid": kid}) + signature
            else:
                token = self.remember(tokens.mint(claims, self.keys[key].private, kid=kid))
            members.append(crowd.Member(self.prosodies[name].websocket_url(clients.query(token)), host, headers))
        return members

    def op_crowd(self, host, kids, key, seconds=20, name="main", gap_host="shared.example"):
        """Connects for each kid, and then sends all log-ins at once; gives back counts and times."""
        gaps = []
        measure = lambda: gaps.append(self.op_loop_gap(gap_host, name))  # noqa: E731
        answer = crowd.at_once(self.make_members(host, kids, key, name=name), seconds, measure, measure)
        return {**answer, "gap": gaps[1]}

    def op_flood(self, host, kids, key, address, others, every=0.1, parallel=20, name="main", gap_host="shared.example"):
        """Forged log-ins from one address, and meanwhile good ones of others = { kid, address }."""
        members = self.make_members(host, kids, key, address, name, forged=True)
        self.op_loop_gap(gap_host, name)
        answer = crowd.stream(members, parallel, lambda: self.make_members(
            host, [others["kid"]], others["kid"], others["address"], name)[0], every)
        return {**answer, "gap": self.op_loop_gap(gap_host, name)}

    def op_load(self, host, kids, count, parallel, name="main", gap_host="shared.example"):
        """Log-ins of these kids, every fifth of them bad; gives back counts, times, and who got what he should not."""
        members, expected = crowd.mixed(self.prosodies[name].websocket_url, host, [self.keys[kid] for kid in kids], count)
        for member in members:
            self.remember(urllib.parse.parse_qs(member.url.query)["token"][0])
        self.op_loop_gap(gap_host, name)
        answer = crowd.stream(members, parallel)
        wrong = [f"{member.outcome}: {kind}" for member, (kind, outcome) in zip(members, expected) if member.outcome != outcome]
        bad = sum(outcome == "refused" for _, outcome in expected)
        return {**answer, "gap": self.op_loop_gap(gap_host, name), "bad": bad, "wrong": wrong}

    def op_http(self, path, host, bearer=None, name="main"):
        """One GET at a plugin in Prosody; gives back the body."""
        headers = {"Host": host, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        url = f"http://127.0.0.1:{self.prosodies[name].port}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.read().decode()

    def op_begin(self, **login):
        """Starts a log-in and does not wait for its end; gives back a number for the client."""
        self.next_id += 1
        client = self.clients[self.next_id] = self.make_client(**login)
        client.connect()
        clients.run_loop_until(lambda: client.auth_sent or client.outcome, 5)
        return self.next_id

    def op_outcome(self, client, seconds=20):
        waited = self.clients[client]
        clients.run_loop_until(lambda: waited.outcome, seconds)
        return waited.outcome or {"outcome": "no answer"}

    def op_come_back(self, client, token=None, name="main", **others):
        """The client loses its connection, connects with this token and resumes its session."""
        back = self.clients[client]
        previd = back.resumption_token()
        return back.come_back(self.prosodies[name].websocket_url(clients.query(token, previd=previd, **others)))

    def op_enter(self, client, room, password=None, nick=None):
        return self.clients[client].join(room, password, nick)

    def op_configure_room(self, client, room):
        return self.clients[client].configure_room(room)

    def op_say(self, client, text, remote=False):
        return self.clients[client].say(text, remote)

    @staticmethod
    def op_ask_as_component(port, name, secret, request):
        return clients.ask_as_component(port, name, secret, request)

    def op_ask_for_recording(self, client, to, mode):
        return self.clients[client].ask_for_recording(to, mode)

    def op_drop(self, client):
        self.clients.pop(client).drop()
        self.op_run(0.1)

    def op_leave(self, client):
        self.clients.pop(client).close()

    def op_run(self, seconds):
        """Lets time pass while the clients live on."""
        clients.run_loop_until(lambda: False, seconds)


def main():
    warnings.filterwarnings("ignore", "ssl.TLSVersion", DeprecationWarning)  # an old one is what is wanted
    servers.exit_on_signals()
    world = servers.World()
    driver = Driver(world)
    try:
        with open(sys.argv[1], "w", encoding="utf-8") as answers:
            print("ready", file=answers, flush=True)
            for line in sys.stdin:
                request = json.loads(line)
                try:
                    answer = {"result": getattr(driver, "op_" + request.pop("op"))(**request)}
                except Exception:
                    answer = {"error": traceback.format_exc()}
                answers.write(json.dumps(answer) + "\n")
                answers.flush()
    finally:
        keep = os.environ.get("KEEP", "") not in ("", "0")
        world.close(keep_folder=keep)
        driver.close()
        if keep:
            print(f"kept: {world.folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
