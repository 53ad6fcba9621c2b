# SPDX-License-Identifier: MIT
"""Starts nginx and Prosody on loopback in a temporary folder, and ends everything it started."""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from . import certificates, tokens

ROOT = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS = 60
STOP_SECONDS = 5


class StartFailure(Exception):
    """A server did not come up; the message says which and shows the end of its log."""


_ports = []


def free_port():
    """A port that the system gives nobody else while this process lives: it stays bound, as servers that set SO_REUSEADDR let it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _ports.append(held)
    return held.getsockname()[1]


def exit_on_signals():
    """Turns SIGTERM, SIGINT and SIGHUP into an ordinary exit, so that clean-up runs."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, frame: sys.exit(128 + received))


def die_with_parent():
    """For a child before exec: the kernel ends it should the harness be killed outright."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def wait_until(condition, seconds, step=0.02):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step)
    return False


def answers(port, path="/"):
    """Whether an HTTP server answers here: one that is still loading takes connections already."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            return probe.recv(1) != b""
    except OSError:
        return False


def accepts(port):
    """Whether anything takes connections here, whatever it speaks."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def nginx_binary():
    binary = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not binary:
        raise StartFailure("nginx is not installed")
    return binary


def lua_string(text):
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class World:
    """The temporary folder and every process started in it; close() ends them all."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tv-"))
        self.servers = []

    def start(self, server):
        self.servers.append(server)
        server.start()
        return server

    def close(self, keep_folder=False):
        for server in reversed(self.servers):
            server.stop()
        self.servers = []
        if not keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def let_live(self):
        """Forgets the servers without ending them, and gives back what to kill."""
        pids = [server.pid() for server in self.servers if server.pid()]
        self.servers = []
        return pids


class Server:
    """One process. `detached` processes survive the harness."""

    name = "server"
    detached = False
    stop_seconds = STOP_SECONDS

    def __init__(self, folder):
        self.folder = folder
        self.output = folder / f"{self.name}.out"
        self.process = None

    def spawn(self, command, environment=None):
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=None if self.detached else die_with_parent,
            )

    def await_port(self, port):
        if not wait_until(lambda: answers(port) or self.process.poll() is not None, START_SECONDS) or (
            self.process.poll() is not None
        ):
            raise StartFailure(f"{self.name} did not start:\n{self.last_words()}")

    def last_words(self):
        texts = []
        for path in sorted(self.folder.glob(f"{self.name}.*")):
            if path.suffix in (".out", ".log"):
                texts.append(f"--- {path}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]))
        return "\n".join(texts)

    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else None

    def is_frozen(self):
        pid = self.pid()
        return bool(pid) and pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "T"

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        if not self.pid():
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait()


class Nginx(Server):
    """A key server: a folder of <sha256(kid)>.pem files over http and https, one line a request in its log."""

    name = "nginx"

    def __init__(self, folder):
        super().__init__(folder / "nginx")
        self.keys = self.folder / "www" / "keys"
        self.keys.mkdir(parents=True)
        self.http_port, self.https_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}/keys"
        self.https_url = f"https://localhost:{self.https_port}/keys"
        self.ca_file = self.folder / "ca.pem"
        self.access_log = self.folder / "access.log"
        self.marks = 0

    def start(self):
        if not self.ca_file.exists():
            certificates.Authority(self.folder).issue("server.pem")
            self._write_configuration()
        self.spawn([nginx_binary(), "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "nginx.log"])
        self.await_port(self.http_port)

    def publish(self, kid, pem):
        (self.keys / tokens.key_file_name(kid)).write_text(pem)

    def withdraw(self, kid):
        (self.keys / tokens.key_file_name(kid)).unlink()

    def serve_pages(self, files, prosody_port):
        """Serves these files (name -> path) at /page/, the first at any other path too, with Prosody behind it as Jitsi Meet has it."""
        folder = self.folder / "www" / "page"
        folder.mkdir()
        for name, path in files.items():
            shutil.copy(path, folder / name)
        to_prosody = f"""proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://127.0.0.1:{prosody_port}"""
        (self.folder / "pages.conf").write_text(f"""\
location = /xmpp-websocket {{ {to_prosody}/xmpp-websocket?prefix=&$args; }}
location = /http-bind {{ {to_prosody}/http-bind?prefix=&$args; }}
location ~ ^/([^/]+)/xmpp-websocket$ {{ {to_prosody}/xmpp-websocket?prefix=$1&$args; }}
location ~ ^/([^/]+)/http-bind$ {{ {to_prosody}/http-bind?prefix=$1&$args; }}
location /keys/ {{ }}
location / {{ try_files $uri /page/{next(iter(files))}; }}
""")
        self.stop()
        self.start()

    def requests(self, kid=None):
        """The requests nginx has answered so far, or those for one kid: a list of 'STATUS PATH'."""
        self._await_log()
        lines = self.access_log.read_text().splitlines() if self.access_log.exists() else []
        wanted = tokens.key_file_name(kid) if kid else " /keys/"
        return [line for line in lines if wanted in line]

    def _await_log(self):
        """A line is written after its answer was sent: one of ours, asked for now, comes after all that was answered."""
        if self.is_frozen():
            return  # it answers nobody; who waits for it here keeps the clients of this process waiting
        self.marks += 1
        mark = f"/mark-{self.marks}"
        if self.pid() and answers(self.http_port, mark):
            wait_until(lambda: mark in self.access_log.read_text(), START_SECONDS)

    def _write_configuration(self):
        (self.folder / "nginx.conf").write_text(nginx_configuration(self.folder, f"{self.folder}/nginx.log info", f"""\
    log_format requests '$status $request_uri';
    access_log {self.access_log} requests;
    types {{ application/x-pem-file pem; text/html html; text/javascript js; }}
    # As key servers are that many ask: HTTP/2, and connections that end while others of their requests are on the way.
    keepalive_requests 3;
    server {{
        listen 127.0.0.1:{self.http_port};
        listen 127.0.0.1:{self.https_port} ssl http2;
        ssl_certificate {self.folder}/server.pem;
        ssl_certificate_key {self.folder}/server.pem;
        root {self.folder}/www;
        include {self.folder}/pages*.conf;
    }}"""))


def nginx_configuration(folder, error_log, blocks):
    """An nginx in this folder with these blocks of http: one process in the foreground, so that no user is changed, and a signal
    stops or freezes the whole server."""
    temporary = "\n".join(
        f"    {kind}_temp_path {folder}/tmp-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {error_log};
events {{ worker_connections 1024; }}
http {{
{temporary}
{blocks}
}}
"""


def prosody_launchers():
    """The Prosody launchers at hand: version ('0.12' or '13') -> path."""
    beside = os.environ.get("PROSODY13_ROOT", "/opt/prosody-13")
    found = {}
    for prefix in ("/usr", f"{beside}/usr"):
        launcher = pathlib.Path(prefix, "bin/prosody")
        version_file = pathlib.Path(prefix, "lib/prosody/prosody.version")
        if launcher.exists() and version_file.exists():
            version = version_file.read_text().strip()
            found.setdefault("0.12" if version.startswith("0.12") else version.split(".")[0], launcher)
    return found


def wanted_launchers():
    """Those of prosody_launchers(), or the one of the version that the variable PROSODY names."""
    found, wanted = prosody_launchers(), os.environ.get("PROSODY")
    if not found or (wanted and wanted not in found):
        raise StartFailure(f"Prosody {wanted or ''} is not at hand")
    return {wanted: found[wanted]} if wanted else dict(sorted(found.items()))


class Prosody(Server):
    """A real Prosody: WebSocket and BOSH on one loopback port, a debug log, our modules from the tree or a prefix."""

    name = "prosody"

    def __init__(self, folder, launcher, hosts, settings="", backend="epoll", daemonize=False, plugins=(),
                 preload=None, prefix=None, lua_path=""):
        super().__init__(folder / "prosody")
        self.folder.mkdir()
        self.launcher = launcher
        self.port = free_port()
        self.log = self.folder / "prosody.log"
        self.configuration = self.folder / "prosody.cfg.lua"
        self.pid_file = self.folder / "prosody.pid"
        self.backend = backend
        if backend == "select":
            self.stop_seconds = 2  # Prosody 13 does not end by itself with this one, whatever it has loaded
        self.daemonize = daemonize
        self.preload = preload
        self.plugins = plugins
        self.lua_path = lua_path
        self.prefix = prefix or os.environ.get("TOKEN_VERIFIER_PREFIX")
        self.write_configuration(hosts, settings)

    def write_configuration(self, hosts, settings=""):
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "certs").mkdir(exist_ok=True)
        path = ", ".join(lua_string(item) for item in [*self.plugins, *plugin_paths(self.prefix)])
        # 0.12 listens for the shell on a socket file; its length is limited, so it is relative to nothing long.
        self.configuration.write_text(f"""\
run_as_root = true
daemonize = {"true" if self.daemonize else "false"}
network_backend = {lua_string(self.backend)}
pidfile = {lua_string(self.pid_file)}
data_path = {lua_string(self.folder / "data")}
certificates = {lua_string(self.folder / "certs")}
admin_socket = {lua_string(self.folder / "shell.sock")}
plugin_paths = {{ {path} }}
log = {{ debug = {lua_string(self.log)} }}
interfaces = {{ "127.0.0.1" }}
http_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {self.port} }}
https_ports = {{ }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
storage = "memory"
consider_websocket_secure = true
consider_bosh_secure = true
muc_room_locking = false
modules_disabled = {{ "s2s", "tls" }}
modules_enabled = {{ "posix", "saslauth", "disco", "ping", "bosh", "websocket", "admin_shell" }}
{settings}
{hosts}
""")

    def start(self):
        environment = dict(os.environ, **lua_paths(self.prefix))
        environment["LUA_PATH"] += self.lua_path
        if self.preload:
            environment["LD_PRELOAD"] = self.preload
        flag = "-D" if self.daemonize else "-F"
        self.spawn([self.launcher, "--config", self.configuration, flag], environment)
        if self.daemonize:
            if not wait_until(lambda: self.pid() and answers(self.port), START_SECONDS):
                raise StartFailure(f"{self.name} did not start:\n{self.last_words()}")
        else:
            self.await_port(self.port)
        backend = "libevent" if self.backend == "event" else self.backend
        if f"Prosody is using the {backend} " not in self.log_since(0):
            raise StartFailure(f"{self.name} does not use the network back end {self.backend}")

    def pid(self):
        if not self.daemonize:
            return super().pid()
        if self.process:
            self.process.poll()
        try:
            pid = int(self.pid_file.read_text())
            os.kill(pid, 0)
            return pid
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None

    def signal(self, number):
        pid = self.pid()
        if pid:
            os.kill(pid, number)

    def stop(self):
        if not self.daemonize:
            super().stop()
            return
        self.signal(signal.SIGTERM)
        if not wait_until(lambda: not self.pid(), STOP_SECONDS):
            self.signal(signal.SIGKILL)

    def log_size(self):
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, position):
        with open(self.log, errors="replace") as log:
            log.seek(position)
            return log.read()

    def websocket_url(self, query=""):
        return f"ws://127.0.0.1:{self.port}/xmpp-websocket{query}"

    def bosh_url(self, query=""):
        return f"http://127.0.0.1:{self.port}/http-bind{query}"

    def loop_gap(self, host):
        """The largest gap of a 10 ms timer in the loop since the last call, in milliseconds; `host` needs mod_e2e_loop_gap."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/loop-gap", headers={"Host": host})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return float(answer.read().split()[0])

    def shell(self, command):
        """Runs one command in Prosody's own shell and gives back its output."""
        return self.control("shell", *command)[0]

    def control(self, *command, text=""):
        """Runs prosodyctl with this text on its standard input; gives back its output and its exit status."""
        done = subprocess.run(
            [str(self.launcher) + "ctl", "--root", "--config", str(self.configuration), *command],
            env=dict(os.environ, **lua_paths(self.prefix)), input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
        )
        return done.stdout, done.returncode


class DebianProsody(Prosody):
    """A Prosody with the configuration of Debian's package; the hosts and settings are a file below its conf.d.

    Only paths, ports and the level of the log are others, and the plugins are those of the tree.
    """

    def write_configuration(self, hosts, settings=""):
        for name in ("data", "certs", "conf.d"):
            (self.folder / name).mkdir(exist_ok=True)
        package = self.launcher.parent.parent.parent / "etc/prosody/prosody.cfg.lua"
        text = package.read_text()
        for ours, theirs in (
            (f'pidfile = {lua_string(self.pid_file)}', 'pidfile = "/run/prosody/prosody.pid"'),
            (f'debug = {lua_string(self.log)}', 'info = "/var/log/prosody/prosody.log"'),
            (f'{lua_string(self.folder / "prosody.err")}', '"/var/log/prosody/prosody.err"'),
            ('', '{ levels = { "error" }; to = "syslog";  };'),
        ):
            if theirs not in text:
                raise StartFailure(f"{package} does not have {theirs}")
            text = text.replace(theirs, ours)
        self.configuration.write_text(f"""\
run_as_root = true
data_path = {lua_string(self.folder / "data")}
admin_socket = {lua_string(self.folder / "shell.sock")}
interfaces = {{ "127.0.0.1" }}
http_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {self.port} }}
https_ports = {{ }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
{text}""")
        ours = f"{settings}\n{hosts}\n"
        for path in plugin_paths(self.prefix):
            ours = ours.replace(f"/usr/local/share/lua/5.4/token_verifier/plugins/{pathlib.Path(path).name}", path)
        (self.folder / "conf.d" / "meet.cfg.lua").write_text(ours)


def lua_paths(prefix=None):
    """Where Prosody's Lua finds the native module and the shim: an installed prefix if one is named, else the tree."""
    if prefix:
        return {"LUA_PATH": f"{prefix}/share/lua/5.4/?.lua;;", "LUA_CPATH": f"{prefix}/lib/lua/5.4/?.so;;"}
    return {"LUA_PATH": f"{ROOT}/lua/?.lua;;", "LUA_CPATH": f"{ROOT}/build/?.so;;"}


def plugin_paths(prefix=None):
    base = f"{prefix}/share/lua/5.4/token_verifier/plugins" if prefix else f"{ROOT}/lua"
    return [f"{base}/modules", f"{base}/dropin"]
