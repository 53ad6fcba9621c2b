# SPDX-License-Identifier: MIT
"""A headless Chromium that opens pages, driven by its chromedriver (W3C WebDriver)."""

import contextlib
import json
import os
import shutil
import signal
import urllib.request

from . import clients, servers

# Nothing but the page: no first-run pages, no look for updates or accounts, and no QUIC, which has no place on loopback.
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]


def at_hand():
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser(servers.Server):
    """A browser with an empty profile, and its driver."""

    name = "chromedriver"

    def __init__(self, folder):
        super().__init__(folder / "browser")
        self.folder.mkdir()
        self.port = servers.free_port()
        self.session = None

    def start(self):
        self.spawn(["chromedriver", f"--port={self.port}", f"--log-path={self.folder}/chromedriver.log"])
        if not servers.wait_until(self.is_ready, servers.START_SECONDS):
            raise servers.StartFailure(f"{self.name} did not start:\n{self.last_words()}")
        profile = self.folder / "profile"
        profile.mkdir()
        options = {"binary": shutil.which("chromium"), "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.session = answer["sessionId"]

    def is_ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)["value"]

    def run(self, script):
        return self.ask("POST", f"/session/{self.session}/execute/sync", {"script": script, "args": []})

    def show(self, url, seconds=30):
        """Opens a page and waits until it says that it is done, while the clients live on; gives back the texts of its elements with
        an id."""
        self.ask("POST", f"/session/{self.session}/url", {"url": url})
        clients.run_loop_until(lambda: self.run("return document.body?.dataset.done === 'yes'"), seconds)
        return self.run("return Object.fromEntries([...document.querySelectorAll('[id]')].map((e) => [e.id, e.innerText]))")

    def stop(self):
        if not self.pid():
            return
        group = os.getpgid(self.pid())
        try:
            if self.session:
                self.ask("DELETE", f"/session/{self.session}")
        finally:
            super().stop()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)  # what the driver left of the browser
