# SPDX-License-Identifier: MIT
"""Key servers that misbehave as asked, for what nginx cannot be made to do: the process of spec/support, which has the behaviours."""

import json
import pathlib
import socket
import subprocess

from . import tokens

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"


class BadKeyServer:
    def __init__(self, folder=None):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(30)
            self._process = subprocess.Popen(
                ["lua5.4", SUPPORT / "http_server_process.lua", str(listener.getsockname()[1]), str(folder or "")],
                stdin=subprocess.DEVNULL)
            self._control = listener.accept()[0]
        self._answers = self._control.makefile("r")
        self.url = f"http://127.0.0.1:{self._answers.readline().strip()}"

    def ask(self, op, **request):
        """A request to the process; what there is stands in http_server_process.lua."""
        self._control.sendall(json.dumps({"op": op, **request}).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        if not answer["fine"]:
            raise RuntimeError(answer["result"])
        return answer.get("result")

    def publish(self, kid, pem):
        self.ask("publish", name=tokens.key_file_name(kid), text=pem)

    def withdraw(self, kid):
        self.ask("withdraw", name=tokens.key_file_name(kid))

    def requests(self, part=""):
        return self.ask("requests", part=part)

    def close(self):
        self._answers.close()
        self._control.close()
        self._process.wait()
