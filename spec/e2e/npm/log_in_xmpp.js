// SPDX-License-Identifier: MIT
// Logs in with @xmpp/client: one JSON request on standard input, the outcome as JSON on standard output.

import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { client, xml } from "@xmpp/client";

globalThis.WebSocket ??= WebSocket; // which node has of its own from version 22

const { service, host, enter } = JSON.parse(readFileSync(0, "utf8"));

const xmpp = client({ service, domain: host });
xmpp.reconnect.stop();
xmpp.on("error", () => {});

function tell(outcome) {
  console.log(JSON.stringify(outcome));
  xmpp.stop().finally(() => process.exit(0));
}

xmpp.on("stanza", (stanza) => {
  if (!stanza.is("presence") || !stanza.attrs.from?.startsWith(enter)) return;
  const error = stanza.getChild("error");
  if (error) {
    const condition = error.getChildElements().find((child) => child.attrs.xmlns?.endsWith("xmpp-stanzas"));
    tell({ outcome: "accepted", entry: { outcome: "refused", condition: condition?.name } });
  } else if (stanza.getChild("x", "http://jabber.org/protocol/muc#user")) {
    tell({ outcome: "accepted", entry: { outcome: "joined" } });
  }
});

try {
  const jid = await xmpp.start();
  if (!enter) tell({ outcome: "accepted", jid: jid.toString() });
  else await xmpp.send(xml("presence", { to: `${enter}/guest` }, xml("x", "http://jabber.org/protocol/muc")));
} catch (error) {
  const refused = error.name === "SASLError";
  tell({ outcome: refused ? "refused" : "failed", condition: error.condition, text: error.text ?? String(error) });
}
