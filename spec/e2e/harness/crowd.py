# SPDX-License-Identifier: MIT
"""Hundreds of log-ins at once: just enough of XMPP over WebSocket (RFC 7395) to ask for a log-in and read the answer."""

import asyncio
import base64
import os
import time
import urllib.parse
import uuid

from . import clients, tokens

OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="{host}" version="1.0"/>'
AUTH = '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>'
CONNECTING_AT_ONCE = 50


class Member:
    """One connection, up to the answer to <auth/>."""

    def __init__(self, url, host, headers=None):
        self.url, self.host, self.headers = urllib.parse.urlsplit(url), host, headers or {}
        self.outcome = None
        self.seconds = 0
        self._writer = None

    async def connect(self):
        self._reader, self._writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        fields = {
            "Host": self.url.netloc, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "xmpp",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **self.headers,
        }
        lines = [f"GET {self.url.path}?{self.url.query} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._reader.readuntil(b"\r\n\r\n")
        self._send(OPEN.format(host=self.host))
        while "features" not in await self._receive():
            pass

    async def authenticate(self):
        started = time.monotonic()
        try:
            self._send(AUTH)
            while not self.outcome:
                stanza = await self._receive()
                if stanza.startswith("<success"):
                    self.outcome = "accepted"
                elif stanza.startswith("<failure"):
                    self.outcome = "refused"
        except (OSError, EOFError):
            self.outcome = "connection lost"
        self.seconds = time.monotonic() - started

    def close(self):
        if self._writer:
            self._writer.transport.abort()

    def _send(self, text):
        data = text.encode()
        # Masked with zeros: a frame of a client must be masked, and the bytes stay as they are.
        self._writer.write(bytes([0x81, 0x80 | 126]) + len(data).to_bytes(2, "big") + bytes(4) + data)

    async def _receive(self):
        head = await self._reader.readexactly(2)
        length = head[1]
        if length >= 126:
            length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
        data = await self._reader.readexactly(length)
        if head[0] & 0x0F == 8:
            raise EOFError("closed by the server")
        return data.decode()


def summary(members):
    outcomes = [member.outcome or "no answer" for member in members]
    return {
        "accepted": outcomes.count("accepted"), "refused": outcomes.count("refused"),
        "lost": len(outcomes) - outcomes.count("accepted") - outcomes.count("refused"),
        "slowest": max((member.seconds for member in members), default=0),
    }


async def _connect_all(members):
    limit = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(member):
        async with limit:
            await member.connect()

    await asyncio.gather(*(connect(member) for member in members))


def at_once(members, seconds, before=lambda: None, after=lambda: None):
    """All connect; then `before` is called, all send <auth/> in one moment, and `after` is called when all are answered."""

    async def run():
        await _connect_all(members)
        before()
        started = time.monotonic()
        await asyncio.wait([asyncio.create_task(member.authenticate()) for member in members], timeout=seconds)
        took = time.monotonic() - started
        after()
        for member in members:
            member.close()
        return took

    took = asyncio.run(run())
    return {**summary(members), "seconds": took}


def mixed(url_with, host, keys, count):
    """So many members of these keys in turn, every fifth with a bad token of some kind; and (kind, outcome) for each."""
    members, expected = [], []
    for number in range(count):
        key = keys[number % len(keys)]
        kind = BAD_KINDS[number // 5 % len(BAD_KINDS)] if number % 5 == 4 else "good"
        members.append(Member(url_with(clients.query(_token(kind, key, keys))), host))
        expected.append((kind, "accepted" if kind == "good" else "refused"))
    return members, expected


BAD_KINDS = ("expired", "another key", "wrong signature", "another audience", "shared secret", "unknown kid")


def _token(kind, key, keys):
    now = int(time.time())
    changes = {"expired": {"exp": now - 1}, "another audience": {"aud": "mail"}}.get(kind, {})
    claims = tokens.default_claims(user_id=str(uuid.uuid4()), **changes)
    if kind == "shared secret":
        return tokens.forge(claims, {"alg": "HS256", "typ": "JWT", "kid": key.kid}, key.public)
    signer = keys[keys.index(key) - 1] if kind == "another key" else key
    token = tokens.mint(claims, signer.private, kid="unknown" if kind == "unknown kid" else key.kid)
    return tokens.with_wrong_signature(token) if kind == "wrong signature" else token


def stream(members, parallel, others=None, every=1):
    """One log-in after the other, so many in parallel; meanwhile others() makes a member every so many seconds."""

    async def log_in(member):
        try:
            await member.connect()
            await member.authenticate()
        except (OSError, EOFError):
            member.outcome = "connection lost"
        member.close()

    async def work(queue):
        while queue:
            await log_in(queue.pop())

    async def log_others_in(done):
        watched, tasks = [], []
        while others and not done.is_set():
            watched.append(others())
            tasks.append(asyncio.create_task(log_in(watched[-1])))
            await asyncio.sleep(every)
        await asyncio.gather(*tasks)
        return watched

    async def run():
        done = asyncio.Event()
        watching = asyncio.create_task(log_others_in(done))
        queue = members[::-1]
        started = time.monotonic()
        await asyncio.gather(*(work(queue) for _ in range(parallel)))
        took = time.monotonic() - started
        done.set()
        return took, await watching

    took, watched = asyncio.run(run())
    return {**summary(members), "seconds": took, "others": summary(watched)}
