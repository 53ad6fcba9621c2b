// SPDX-License-Identifier: MIT
// Logs in with @xmpp/client: see serve.js.

import WebSocket from "ws";
import { client, xml } from "@xmpp/client";
import { serve } from "./serve.js";

globalThis.WebSocket ??= WebSocket; // which node has of its own from version 22

const logIn = ({ service, host, enter }) => new Promise((resolve) => {
  const xmpp = client({ service, domain: host });
  xmpp.reconnect.stop();
  xmpp.on("error", () => {});

  const settle = (outcome) => xmpp.stop().finally(() => resolve(outcome));

  xmpp.on("stanza", (stanza) => {
    if (!stanza.is("presence") || !stanza.attrs.from?.startsWith(enter)) return;
    const error = stanza.getChild("error");
    if (error) {
      const condition = error.getChildElements().find((child) => child.attrs.xmlns?.endsWith("xmpp-stanzas"));
      settle({ outcome: "accepted", entry: { outcome: "refused", condition: condition?.name } });
    } else if (stanza.getChild("x", "http://jabber.org/protocol/muc#user")) {
      settle({ outcome: "accepted", entry: { outcome: "joined" } });
    }
  });

  xmpp.start().then(async (jid) => {
    if (!enter) settle({ outcome: "accepted", jid: jid.toString() });
    else await xmpp.send(xml("presence", { to: `${enter}/guest` }, xml("x", "http://jabber.org/protocol/muc")));
  }).catch((error) => {
    const refused = error.name === "SASLError";
    settle({ outcome: refused ? "refused" : "failed", condition: error.condition, text: error.text ?? String(error) });
  });
});

await serve(logIn);
