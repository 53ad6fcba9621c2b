# SPDX-License-Identifier: MIT
"""What the specs of docs/recipes need besides: the commands of a page, the sites of an nginx, a client that comes through it."""

import os
import re
import signal
import subprocess

from . import certificates, clients, servers

NPM = servers.ROOT / "spec" / "e2e" / "npm"


class Site(servers.Server):
    """An nginx with these server blocks and no others, as they would stand in a file below conf.d."""

    name = "site"

    def __init__(self, folder, ports):
        super().__init__(folder / "site")
        self.folder.mkdir()
        self.port = ports[0]
        self.configuration = self.folder / "nginx.conf"

    def write(self, blocks):
        self.configuration.write_text(servers.nginx_configuration(
            self.folder, f"{self.folder}/error.log", f"    access_log {self.folder}/access.log;\n{blocks}"))

    def start(self):
        self.spawn([servers.nginx_binary(), "-p", self.folder, "-c", self.configuration, "-e", self.folder / "error.log"])
        if not servers.wait_until(lambda: servers.accepts(self.port) or self.process.poll() is not None, servers.START_SECONDS) \
                or self.process.poll() is not None:
            raise servers.StartFailure(f"nginx did not start:\n{self.last_words()}")


class OpenIdProvider(servers.Server):
    """oidc-provider from npm, an OpenID provider that is none of ours."""

    name = "provider"

    def __init__(self, folder):
        super().__init__(folder / "provider")
        self.folder.mkdir()
        self.port = servers.free_port()
        self.issuer = f"http://localhost:{self.port}"

    def start(self):
        self.spawn(["node", NPM / "openid_provider.js", self.port])
        self.await_port(self.port)


class Requests:
    """Requests of the driver, as in driver.py."""

    def op_run_commands(self, text, name="main"):
        """Runs shell commands in the world's folder, with token-verifier and this Prosody's prosodyctl at hand."""
        tools = self.world.folder / "bin"
        tools.mkdir(exist_ok=True)
        if name in self.prosodies:
            prosody = self.prosodies[name]
            command = tools / "prosodyctl"
            command.write_text(f'#!/bin/sh\nexec "{prosody.launcher}ctl" --root --config "{prosody.configuration}" "$@"\n')
            command.chmod(0o755)
        environment = dict(os.environ, **servers.lua_paths())
        environment["PATH"] = f"{tools}:{servers.ROOT}/bin:{environment['PATH']}"
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.world.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return {"output": done.stdout, "errors": done.stderr, "status": done.returncode}

    def op_make_folder(self, name):
        folder = self.world.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def op_read_file(self, name, holding=""):
        """The text of a file, once it has this pattern in it: nginx writes a line after its answer was sent."""
        path = self.world.folder / name
        if not servers.wait_until(lambda: path.exists() and re.search(holding, path.read_text()), servers.START_SECONDS):
            raise RuntimeError(f"{name} never has {holding}: {path.read_text() if path.exists() else 'there is no such file'}")
        return path.read_text()

    def op_issue_certificate(self):
        """A certificate for localhost with its key, in one file, and the authority's."""
        authority = certificates.Authority(self.world.folder / "authority")
        return {"file": authority.issue("server.pem"), "ca_file": authority.file}

    def op_start_site(self, blocks, ports):
        """Starts an nginx with these blocks, which listen on these ports."""
        self.site = Site(self.world.folder, ports)
        self.site.write(blocks)
        self.world.start(self.site)
        return str(self.site.folder)

    def op_change_site(self, blocks):
        self.site.stop()
        self.site.write(blocks)
        self.site.start()

    def op_kill_site(self):
        self.site.signal(signal.SIGKILL)

    def op_log_in_at(self, url, host, enter=None, headers=None):
        """One log-in at a WebSocket's address, such as that of a proxy, and the entry into a room."""
        client = clients.WebSocketClient(url, host, headers)
        outcome = client.log_in()
        if enter and outcome["outcome"] == "accepted":
            outcome["entry"] = client.join(enter)
        client.close()
        return outcome

    def op_run_script(self, text):
        """Runs a program of JavaScript with the libraries of spec/e2e/npm; gives back what it prints, a token."""
        path = NPM / f".recipe-{os.getpid()}.mjs"
        path.write_text(text)
        try:
            done = subprocess.run(["node", path], cwd=self.world.folder, check=True, text=True, stdout=subprocess.PIPE, timeout=30)
        finally:
            path.unlink()
        return self.remember(done.stdout.strip())

    def op_start_openid_provider(self):
        """Needs install_npm; gives back the issuer."""
        self.provider = self.world.start(OpenIdProvider(self.world.folder))
        return self.provider.issuer

    def op_log_in_at_provider(self, user):
        """Goes through the provider's pages as a browser does; gives back the ID token."""
        done = subprocess.run(["node", NPM / "openid_log_in.js", self.provider.issuer, user], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=30)
        return self.remember(done.stdout.strip())
