# SPDX-License-Identifier: MIT
"""A key server that misbehaves as asked, for what nginx cannot be made to do; it runs in threads of the harness."""

import http.server
import threading

from . import tokens


class BadKeyServer:
    """The first part of a request's path names the behaviour: <url>/slow-2000 is a key server that takes 2 s an answer.

    What stands between the first part and the file name only tells apart several servers of one behaviour.

    good         the key
    slow-MS      the key, after so many milliseconds
    silent       takes the request and never answers
    drip         a body that comes a byte at a time and has no end
    huge         a body far larger than any key
    status-N     an answer with this status and no key
    garbage      200 with a page that is no key
    document     what publish_document() put under the rest of the path
    """

    def __init__(self):
        self.keys = {}
        self.documents = {}
        self.requests = []
        self._ended = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def publish(self, kid, pem):
        self.keys[tokens.key_file_name(kid)] = pem

    def publish_document(self, path, body, status=200, headers=None):
        """Whatever stands under <url>/document/<path>; an ETag among the headers is compared with If-None-Match."""
        self.documents[path] = (status, headers or {}, body.encode())

    def close(self):
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.requests.append(self.path)
                behaviour, *_, name = self.path.strip("/").split("/")
                if behaviour == "document":
                    name = self.path.strip("/").partition("/")[2]
                try:
                    owner._answer(self, behaviour, name)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler

    def _answer(self, handler, behaviour, name):
        kind, _, argument = behaviour.partition("-")
        pem = self.keys.get(name)
        if kind == "slow":
            self._ended.wait(int(argument) / 1000)
        if kind in ("good", "slow"):
            self._send(handler, 200 if pem else 404, (pem or "no such key\n").encode())
        elif kind == "status":
            self._send(handler, int(argument), b"no key here\n")
        elif kind == "document":
            self._send_document(handler, *self.documents.get(name, (404, {}, b"no such document\n")))
        elif kind == "garbage":
            self._send(handler, 200, b"<html><body>Sign in</body></html>\n")
        elif kind == "huge":
            self._send(handler, 200, b"x" * (4 << 20))
        elif kind == "silent":
            self._ended.wait()
            handler.close_connection = True
        elif kind == "drip":
            handler.send_response(200)
            handler.end_headers()
            handler.close_connection = True
            while not self._ended.wait(0.1):
                handler.wfile.write(b"-")
                handler.wfile.flush()

    @staticmethod
    def _send_document(handler, status, headers, body):
        if headers.get("ETag", "") and handler.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    @staticmethod
    def _send(handler, status, body):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/x-pem-file")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
