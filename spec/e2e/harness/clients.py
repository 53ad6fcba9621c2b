# SPDX-License-Identifier: MIT
"""Real XMPP clients: nbxmpp over WebSocket, and plain BOSH sessions; as a program, one log-in from the shell."""

import collections
import hashlib
import http.client
import logging
import random
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version("Soup", "3.0")

# It complains of what is not installed as it is imported.
logging.getLogger("nbxmpp").setLevel(logging.CRITICAL)

from gi.repository import GLib  # noqa: E402
from nbxmpp.client import Client  # noqa: E402
from nbxmpp.const import ConnectionProtocol, ConnectionType  # noqa: E402
from nbxmpp.protocol import Iq, NodeProcessed, Protocol, Presence  # noqa: E402
from nbxmpp.sasl import ANONYMOUS  # noqa: E402
from nbxmpp.simplexml import Node  # noqa: E402
from nbxmpp.structs import StanzaHandler  # noqa: E402

NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
NS_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
NS_MUC = "http://jabber.org/protocol/muc"
NS_MUC_USER = "http://jabber.org/protocol/muc#user"
NS_MUC_OWNER = "http://jabber.org/protocol/muc#owner"
NS_PING = "urn:xmpp:ping"
NS_JITSI = "http://jitsi.org/jitmeet"
NS_JIBRI = "http://jitsi.org/protocol/jibri"
NS_FOCUS = "http://jitsi.org/protocol/focus"


def run_loop_until(condition, seconds):
    """Runs the GLib main loop until the condition holds; False if it did not in time."""
    context = GLib.MainContext.default()
    deadline = time.monotonic() + seconds
    waker = GLib.timeout_add(20, lambda: True)
    try:
        while not condition():
            if time.monotonic() > deadline:
                return False
            context.iteration(True)
        return True
    finally:
        GLib.source_remove(waker)


def query(token=None, room=None, **others):
    fields = {"token": token, "room": room, **others}
    given = {name: value for name, value in fields.items() if value is not None}
    return "?" + urllib.parse.urlencode(given) if given else ""


def error_of(stanza):
    """The condition, Jitsi's reason and the text of an error stanza."""
    error = stanza.getTag("error")
    found = {child.getNamespace(): child.getName() for child in error.getChildren() if child.getName() != "text"}
    return {"condition": found.get(NS_STANZAS), "reason": found.get(NS_JITSI), "text": error.getTagData("text")}


class WebSocketClient:
    """One nbxmpp client; `outcome` is None until the server has decided.

    It logs in with SASL ANONYMOUS, or with SCRAM if it has a user name.
    """

    def __init__(self, url, host, headers=None, resumable=False, username="", password=None):
        self.outcome = None
        self.auth_sent = False
        self.round_trips = []
        self._gone = False
        self._failure = None
        self._join = None
        self._ping_sent = {}
        self._answers = {}
        self._heard = collections.deque(maxlen=200)
        self._ping_timer = None
        self._client = Client(log_context=host)
        if headers:
            self._send_headers(headers)
        self._client.set_domain(host)
        self._client.set_username(username)
        self._client.set_password(password)
        self._client.set_mechs({"SCRAM-SHA-1" if username else "ANONYMOUS"})
        # COMPAT nbxmpp has this mechanism and asks for it by name, but its table of mechanisms lacks it.
        self._client._sasl._mechanism_classes.setdefault("ANONYMOUS", ANONYMOUS)
        self._client.set_sm_disabled(not resumable)
        self._client.set_custom_host(url, ConnectionProtocol.WEBSOCKET, ConnectionType.PLAIN)
        self._client.subscribe("connected", self._on_connected)
        self._client.subscribe("resume-successful", self._on_resumed)
        self._client.subscribe("disconnected", self._on_gone)
        self._client.subscribe("connection-failed", self._on_gone)
        self._client.subscribe("stanza-received", self._on_stanza)
        self._client.subscribe("stanza-sent", self._on_sent)

    def connect(self):
        self._started = time.monotonic()
        self._client.connect()

    def log_in(self, seconds=20):
        """Connects and waits; gives back the outcome."""
        self.connect()
        run_loop_until(lambda: self.outcome, seconds)
        return self.outcome or {"outcome": "no answer", "seconds": seconds}

    def resumption_token(self, seconds=5):
        """The id under which the server keeps the session for a while when the connection is lost (XEP-0198)."""
        run_loop_until(lambda: self._client.resumeable, seconds)
        return self._client._smacks._session_id

    def come_back(self, url, seconds=20):
        """Loses the connection without a word, connects again at this URL and resumes; gives back the outcome."""
        self._client._con.disconnect()
        run_loop_until(lambda: self._gone, 5)
        self.outcome, self._failure, self._gone = None, None, False
        self._client._current_address = self._client._current_address._replace(uri=url)
        return self.log_in(seconds)

    def join(self, room, password=None, nick=None, seconds=10):
        """Joins a MUC room; gives back whether the server let us in, as what, and if not, why."""
        self._join = {"room": room, "result": None}
        presence = Presence(to=f"{room}/{nick or 'guest' + uuid.uuid4().hex[:8]}")
        muc = presence.addChild("x", namespace=NS_MUC)
        if password is not None:
            muc.setTagData("password", password)
        started = time.monotonic()
        self._client.send_stanza(presence)
        run_loop_until(lambda: self._join["result"], seconds)
        return dict(self._join["result"] or {"outcome": "no answer"}, seconds=time.monotonic() - started)

    def configure_room(self, room, seconds=10):
        """Submits an empty owner's form for a room; gives back what the server says to it."""
        submit = Iq("set", to=room)
        submit.addChild("query", namespace=NS_MUC_OWNER).addChild("x", {"type": "submit"}, namespace="jabber:x:data")
        return self._ask(submit, seconds)

    def ask_for_recording(self, to, mode, seconds=10):
        """Asks for the start of a recording, as Jitsi Meet's pages do; gives back what the server says to it."""
        start = Iq("set", to=to)
        start.addChild("jibri", {"action": "start", "recording_mode": mode}, namespace=NS_JIBRI)
        return self._ask(start, seconds)

    def lead_conferences(self, component):
        """Answers each request for a conference as Jitsi's focus does when the room is ready; this component passes them on."""
        self._client.register_handler(StanzaHandler(name="iq", callback=self._on_conference_request, typ="set", ns=NS_FOCUS))
        self._client.send_stanza(Presence(to=component))

    def _on_conference_request(self, _client, request, _properties):
        answer = Iq("result", to=request.getFrom())
        answer.setID(request.getID())
        room = request.getTagAttr("conference", "room")
        focus = str(self._client.get_bound_jid().bare)
        answer.addChild("conference", {"room": room, "ready": "true", "focusjid": focus}, namespace=NS_FOCUS)
        self._client.send_stanza(answer)
        raise NodeProcessed

    def say(self, text, remote=False, seconds=10):
        """Sends any stanza; gives back what the server says to it, and all that it sent before it answered a ping behind it. What
        goes to another server is waited for."""
        self._heard.clear()
        stanza = Protocol(node=Node(node=text))
        stanza.setID("ask-" + uuid.uuid4().hex)
        self._client.send_stanza(stanza)
        ping = Iq("get", to=self._client.domain)
        ping.addChild("ping", namespace=NS_PING)
        self._ask(ping, seconds)
        run_loop_until(lambda: not remote or stanza.getID() in self._answers, seconds)
        answer = self._answers.pop(stanza.getID(), None)
        told = {"heard": "\n".join(self._heard)}
        if answer is None:
            return {"outcome": "no answer", **told}
        if answer.getAttr("type") == "error":
            return {"outcome": "refused", **error_of(answer), **told}
        return {"outcome": "done", **told}

    def _ask(self, request, seconds):
        request.setID("ask-" + uuid.uuid4().hex)
        self._client.send_stanza(request)
        run_loop_until(lambda: request.getID() in self._answers, seconds)
        answer = self._answers.pop(request.getID(), None)
        if answer is None:
            return {"outcome": "no answer"}
        if answer.getAttr("type") == "result":
            return {"outcome": "done"}
        return {"outcome": "refused", **error_of(answer)}

    def ping_every(self, seconds):
        """Starts pinging the server; every answer's time is added to `round_trips`."""
        self._ping_timer = GLib.timeout_add(int(seconds * 1000), self._send_ping)

    def longest_wait(self):
        """The longest round trip so far, counting pings that still have no answer."""
        now = time.monotonic()
        return max([*self.round_trips, *(now - sent for sent in self._ping_sent.values())], default=0)

    def drop(self):
        """Goes away as a lost client does: the TCP connection closes without a word."""
        self._stop_pings()
        connection = self._client._con
        connection._finalize = lambda _signal: None  # nbxmpp cleans up twice when its socket is closed under it
        connection._websocket.get_io_stream().close(None)

    def close(self, seconds=2):
        self._stop_pings()
        if self.outcome and self.outcome["outcome"] in ("accepted", "resumed") and not self._gone:
            self._client.disconnect()
            run_loop_until(lambda: self._gone, seconds)

    def _send_headers(self, headers):
        """nbxmpp has no option for headers of the WebSocket's request, so they are added as it is sent."""
        get_connection = self._client._get_connection

        def with_headers(*arguments):
            connection = get_connection(*arguments)
            connection._session.connect("request-queued", lambda _session, message: [
                message.get_request_headers().replace(name, value) for name, value in headers.items()
            ])
            return connection

        self._client._get_connection = with_headers

    def _stop_pings(self):
        if self._ping_timer:
            GLib.source_remove(self._ping_timer)
            self._ping_timer = None

    def _settle(self, outcome, **details):
        if not self.outcome:
            self.outcome = {"outcome": outcome, "seconds": time.monotonic() - self._started, **details}

    def _on_connected(self, _client, _signal):
        self._settle("accepted", jid=str(self._client.get_bound_jid()))

    def _on_resumed(self, _client, _signal):
        self._settle("resumed", jid=str(self._client.get_bound_jid()))

    def _on_gone(self, _client, _signal):
        self._gone = True
        self._stop_pings()
        if self._failure:
            self._settle("refused", **self._failure)
        else:
            self._settle("connection lost", text=str(self._client.get_error()))

    def _on_sent(self, _client, _signal, stanza):
        self.auth_sent = self.auth_sent or str(stanza).startswith("<auth ")

    def _on_stanza(self, _client, _signal, stanza):
        name = stanza.getName()
        self._heard.append(str(stanza))
        if name == "failure" and stanza.getNamespace() == NS_SASL and not self._failure:
            conditions = [child.getName() for child in stanza.getChildren() if child.getName() != "text"]
            self._failure = {"condition": conditions[0] if conditions else None, "text": stanza.getTagData("text")}
            self._settle("refused", **self._failure)
        elif (stanza.getAttr("id") or "").startswith("ask-"):
            self._answers[stanza.getAttr("id")] = stanza
        elif name == "presence" and self._join and (stanza.getAttr("from") or "").startswith(self._join["room"]):
            self._on_room_presence(stanza)
        elif name == "iq" and stanza.getAttr("id") in self._ping_sent:
            self.round_trips.append(time.monotonic() - self._ping_sent.pop(stanza.getAttr("id")))

    def _on_room_presence(self, stanza):
        if stanza.getAttr("type") == "error":
            self._join["result"] = {"outcome": "refused", **error_of(stanza)}
        else:
            user = stanza.getTag("x", namespace=NS_MUC_USER)
            if user and any(status.getAttr("code") == "110" for status in user.getTags("status")):
                self._join["result"] = {"outcome": "joined", "affiliation": user.getTagAttr("item", "affiliation")}

    def _send_ping(self):
        ping_id = "ping-" + uuid.uuid4().hex
        ping = Iq("get", to=self._client.domain)
        ping.setID(ping_id)
        ping.addChild("ping", namespace=NS_PING)
        self._ping_sent[ping_id] = time.monotonic()
        self._client.send_stanza(ping)
        return True


class BoshClient:
    """A BOSH session (XEP-0124, XEP-0206) over one keep-alive connection; every call blocks."""

    NS_BODY = "http://jabber.org/protocol/httpbind"
    NS_XBOSH = "urn:xmpp:xbosh"

    def __init__(self, url, host, headers=None):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        self._path = parts.path + ("?" + parts.query if parts.query else "")
        self._host = host
        self._headers = dict(headers or {}, **{"Content-Type": "text/xml; charset=utf-8"})
        self._rid = random.randrange(1, 2**32)
        self._sid = None

    def log_in(self):
        started = time.monotonic()

        def settle(outcome, **details):
            return {"outcome": outcome, "seconds": time.monotonic() - started, **details}

        opened = self._post(attributes={
            "to": self._host, "wait": "20", "hold": "1", "ver": "1.6", "xml:lang": "en",
            "xmpp:version": "1.0", "xmlns:xmpp": self.NS_XBOSH,
        })
        if opened is None or "sid" not in opened.attrib:
            return settle("connection lost", text="no BOSH session")
        self._sid = opened.attrib["sid"]
        answer = self._post(f'<auth xmlns="{NS_SASL}" mechanism="ANONYMOUS"/>')
        while answer is not None and answer.find(f"{{{NS_SASL}}}*") is None and "type" not in answer.attrib:
            answer = self._post()
        failure = answer.find(f"{{{NS_SASL}}}failure") if answer is not None else None
        if failure is not None:
            conditions = [child.tag.split("}")[1] for child in failure if not child.tag.endswith("}text")]
            text = failure.find(f"{{{NS_SASL}}}text")
            return settle("refused", condition=conditions[0] if conditions else None,
                          text=text.text if text is not None else None)
        if answer is None or answer.find(f"{{{NS_SASL}}}success") is None:
            return settle("connection lost", text="no answer to <auth/>")
        self._post(attributes={"xmpp:restart": "true", "to": self._host, "xmlns:xmpp": self.NS_XBOSH})
        bound = self._post('<iq xmlns="jabber:client" type="set" id="bind">'
                           '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>')
        jid = bound.find(".//{urn:ietf:params:xml:ns:xmpp-bind}jid") if bound is not None else None
        return settle("accepted", jid=jid.text) if jid is not None else settle("connection lost", text="not bound")

    def close(self):
        if self._sid:
            self._post(attributes={"type": "terminate"})
        self._connection.close()

    def _post(self, stanza="", attributes=None):
        self._rid += 1
        fields = {"rid": str(self._rid), **({"sid": self._sid} if self._sid else {}), **(attributes or {})}
        body = ElementTree.Element("body", {"xmlns": self.NS_BODY, **fields})
        text = ElementTree.tostring(body, encoding="unicode", short_empty_elements=False)
        data = self._exchange(text.replace("</body>", stanza + "</body>").encode())
        return ElementTree.fromstring(data) if data else None

    def _exchange(self, data):
        self._connection.request("POST", self._path, data, self._headers)
        answer = self._connection.getresponse()
        return answer.read() if answer.status == 200 else None


class CurlBoshClient(BoshClient):
    """A BOSH session of which the program curl makes each request."""

    def __init__(self, url, host, headers=None):
        super().__init__(url, host, headers)
        self._url = url

    def _exchange(self, data):
        headers = [part for name, value in self._headers.items() for part in ("--header", f"{name}: {value}")]
        done = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", *headers,
                               "--data-binary", "@-", self._url], input=data, stdout=subprocess.PIPE)
        return done.stdout if done.returncode == 0 else None


def ask_as_component(port, name, secret, request, seconds=10):
    """Connects as an external component (XEP-0114), sends a request that ends with its answer, and gives back what came."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        def exchange(text, end):
            connection.sendall(text.encode())
            came = ""
            while not re.search(end, came):
                came += (connection.recv(65536) or b"<no more/>").decode()
                if "<no more/>" in came:
                    raise ConnectionError(came)
            return came

        opened = exchange(f"<stream:stream to='{name}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>",
                          "id='[^']*'[^>]*>")
        stream_id = re.search(r"\bid='([^']*)'", opened).group(1)
        exchange(f"<handshake>{hashlib.sha1((stream_id + secret).encode()).hexdigest()}</handshake>", "<handshake")
        return exchange(request, "</iq>|<iq [^>]*/>")


def main():
    import argparse

    parser = argparse.ArgumentParser(description="Logs in over WebSocket with a token and, if asked, joins a room.")
    parser.add_argument("url", help="ws://127.0.0.1:PORT/xmpp-websocket")
    parser.add_argument("host", help="the virtual host to log in at")
    parser.add_argument("--token")
    parser.add_argument("--room", help="the room's address: room@conference.HOST")
    arguments = parser.parse_args()
    room_name = arguments.room.split("@")[0] if arguments.room else None
    client = WebSocketClient(arguments.url + query(arguments.token, room_name), arguments.host)
    outcome = client.log_in()
    print("log-in:", outcome)
    if arguments.room and outcome["outcome"] == "accepted":
        outcome = client.join(arguments.room)
        print("room:", outcome)
    client.close()
    return 0 if outcome["outcome"] in ("accepted", "joined") else 1


if __name__ == "__main__":
    sys.exit(main())
