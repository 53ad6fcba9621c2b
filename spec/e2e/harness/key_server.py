# SPDX-License-Identifier: MIT
"""Key servers that misbehave as asked, for what nginx cannot be made to do; they run in threads of the harness."""

import gzip
import http.server
import pathlib
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
import urllib.request

from . import tokens

PEM_TYPE = "application/x-pem-file"
CONTENT_TYPES = {
    "pem": PEM_TYPE,
    "certificate": "application/x-x509-ca-cert; charset=utf-8",
    "text": "text/plain",
    "octets": "application/octet-stream",
    "html": "text/html",
    "none": None,
}
TEN_MEGABYTES = 10 << 20


class ThreadingServer(http.server.ThreadingHTTPServer):
    """HTTP on a port of loopback; a TLS handshake happens in the connection's own thread, so none waits for another."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, handler, context=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.context = context
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def finish_request(self, request, client_address):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hangs up is nothing to report here
            super().handle_error(request, client_address)

    def close(self):
        self.shutdown()
        self.server_close()


class QuietHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass


class BadKeyServer:
    """The first part of a request's path names the behaviour: <url>/slow-2000 is a key server that takes 2 s an answer.

    What stands between the first part and the file name only tells apart several servers of one behaviour.

    good           the key
    type-NAME      the key, as one of CONTENT_TYPES
    slow-MS        the key, after so many milliseconds
    later-MS       the key, at once the first time and after so many milliseconds from then on
    held           the key, once release() is called
    once-STATUS    the first answer of this path has this status, later ones are the key
    retry-S        429 with Retry-After: S
    silent         takes the request and never answers
    drip           a body that comes a byte a second and has no end
    reset          half an answer, then the connection is reset
    huge           10 MB, announced by Content-Length
    flood          10 MB, not announced
    endless        a chunked body that does not end
    hints          answers 103 before the answer, without end
    trailers       header lines behind the body, without end
    gzip           the key, compressed although nobody asked for it
    truncated      the first half of the key's PEM
    empty          200 with no body
    status-N       an answer with this status and no key
    to-http, to-file   a redirect to the key, as http and file URL
    bearer         the key, for the right Authorization only
    garbage        200 with a page that is no key
    document       what publish_document() put under the rest of the path
    """

    BEARER = "the-bearer-token-of-the-key-server"

    def __init__(self, folder=None):
        self.folder = folder
        self.keys = {}
        self.documents = {}
        self.requests = []
        self._ended = threading.Event()
        self._released = threading.Event()
        self._servers = []
        self._swallowed = []
        self.url = f"http://127.0.0.1:{self.add_server().port}"

    def add_server(self, context=None):
        """One more port that serves the same keys, with TLS if a context is given."""
        server = ThreadingServer(self._handler(), context)
        self._servers.append(server)
        return server

    def add_proxy(self, certificate=None):
        server = ThreadingServer(_proxy_handler(self.requests), tls_context(certificate) if certificate else None)
        self._servers.append(server)
        return f"{'https' if certificate else 'http'}://127.0.0.1:{server.port}"

    def swallow(self, address):
        """At this address of loopback, on the port that serves the keys, connections are neither taken nor refused."""
        port = int(self.url.rsplit(":", 1)[1])
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        self._swallowed.append(listener)
        for _ in range(4):  # more than the queue takes
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((address, port))
            self._swallowed.append(filler)

    def publish(self, kid, pem):
        self.keys[tokens.key_file_name(kid)] = pem
        if self.folder:
            pathlib.Path(self.folder, tokens.key_file_name(kid)).write_text(pem)

    def withdraw(self, kid):
        del self.keys[tokens.key_file_name(kid)]

    def publish_document(self, path, body, status=200, headers=None):
        """Whatever stands under <url>/document/<path>; an ETag among the headers is compared with If-None-Match."""
        self.documents[path] = (status, headers or {}, body.encode())

    def release(self):
        self._released.set()

    def close(self):
        self._ended.set()
        self.release()
        for swallowed in self._swallowed:
            swallowed.close()
        for server in self._servers:
            server.close()

    def _handler(self):
        owner = self

        class Handler(QuietHandler):
            def do_GET(self):
                seen_before = owner.requests.count(self.path)
                owner.requests.append(self.path)
                behaviour, *_, name = self.path.strip("/").split("/")
                if behaviour == "document":
                    name = self.path.strip("/").partition("/")[2]
                kind, _, argument = behaviour.partition("-")
                try:
                    answer = getattr(owner, "_answer_" + kind, None)
                    if answer:
                        answer(self, owner.keys.get(name), argument=argument, name=name, first=seen_before == 0)
                    else:
                        _send(self, 404, b"no such behaviour\n")
                except OSError:
                    self.close_connection = True

        return Handler

    # Each of these answers one request; `pem` is None if there is no such key.

    def _answer_good(self, handler, pem, content_type=PEM_TYPE, **_):
        _send(handler, 200 if pem else 404, (pem or "no such key\n").encode(), content_type)

    def _answer_type(self, handler, pem, argument, **_):
        self._answer_good(handler, pem, CONTENT_TYPES[argument])

    def _answer_slow(self, handler, pem, argument, **_):
        self._ended.wait(int(argument) / 1000)
        self._answer_good(handler, pem)

    def _answer_later(self, handler, pem, argument, first, **_):
        self._answer_slow(handler, pem, 0 if first else argument)

    def _answer_held(self, handler, pem, **_):
        self._released.wait()
        self._answer_good(handler, pem)

    def _answer_once(self, handler, pem, argument, first, **_):
        if first:
            self._answer_status(handler, pem, argument)
        else:
            self._answer_good(handler, pem)

    def _answer_retry(self, handler, _pem, argument, **_):
        _send(handler, 429, b"too many\n", "text/plain", {"Retry-After": argument})

    def _answer_status(self, handler, _pem, argument, **_):
        _send(handler, int(argument), b"no key here\n")

    def _answer_garbage(self, handler, _pem, **_):
        _send(handler, 200, b"<html><body>Sign in</body></html>\n")

    def _answer_empty(self, handler, _pem, **_):
        _send(handler, 200, b"")

    def _answer_truncated(self, handler, pem, **_):
        _send(handler, 200, pem[:len(pem) // 2].encode())

    def _answer_gzip(self, handler, pem, **_):
        _send(handler, 200, gzip.compress(pem.encode()), PEM_TYPE, {"Content-Encoding": "gzip"})

    def _answer_to(self, handler, _pem, argument, name, **_):
        target = f"{self.url}/good/{name}" if argument == "http" else pathlib.Path(self.folder, name).as_uri()
        _send(handler, 302, b"", headers={"Location": target})

    def _answer_bearer(self, handler, pem, **_):
        if handler.headers.get("Authorization") == "Bearer " + self.BEARER:
            self._answer_good(handler, pem)
        else:
            _send(handler, 401, b"who are you?\n")

    def _answer_silent(self, handler, _pem, **_):
        self._ended.wait()
        handler.close_connection = True

    def _answer_drip(self, handler, _pem, **_):
        _begin_without_length(handler)
        while not self._ended.wait(1):
            handler.wfile.write(b"-")

    def _answer_reset(self, handler, pem, **_):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(pem)))
        handler.end_headers()
        handler.wfile.write(pem[:len(pem) // 2].encode())
        handler.close_connection = True
        # A lingering time of 0 makes the close a reset; the socket is closed once the file made of it is.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.rfile.close()
        handler.connection.close()

    def _answer_huge(self, handler, _pem, **_):
        _send(handler, 200, b"x" * TEN_MEGABYTES)

    def _answer_flood(self, handler, _pem, **_):
        _begin_without_length(handler)
        handler.wfile.write(b"x" * TEN_MEGABYTES)

    def _answer_endless(self, handler, _pem, **_):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not self._ended.is_set():
            handler.wfile.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")

    def _answer_hints(self, handler, _pem, **_):
        while not self._ended.is_set():
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 0x1000 + b"\r\n\r\n")

    def _answer_trailers(self, handler, _pem, **_):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"1\r\nx\r\n0\r\n")
        while not self._ended.is_set():
            handler.wfile.write(b"X-Trailer: " + b"x" * 0x400 + b"\r\n")

    def _answer_document(self, handler, _pem, name, **_):
        status, headers, body = self.documents.get(name, (404, {}, b"no such document\n"))
        if headers.get("ETag", "") and handler.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        _send(handler, status, body, None, headers)


def _begin_without_length(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", PEM_TYPE)
    handler.send_header("Connection", "close")
    handler.end_headers()


def _send(handler, status, body, content_type=PEM_TYPE, headers=None):
    handler.send_response(status)
    if content_type:
        handler.send_header("Content-Type", content_type)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    if status != 304:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _proxy_handler(requests):
    """A forward proxy for http: it notes what it was asked for as 'proxy URL'."""

    class Handler(QuietHandler):
        def do_GET(self):
            requests.append("proxy " + self.path)
            if not urllib.parse.urlsplit(self.path).scheme:
                _send(self, 400, b"this is a proxy\n")
                return
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(self.path, timeout=5) as answer:
                _send(self, answer.status, answer.read(), answer.headers.get_content_type())

    return Handler


def tls_context(certificate, ciphers=None, only=None, client_ca=None):
    """A server's context; `only` is the one TLS version it speaks, `client_ca` whose certificates it demands of clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if ciphers:
        context.set_ciphers(ciphers)
    if only:
        context.minimum_version = context.maximum_version = only
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
