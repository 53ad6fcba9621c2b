// SPDX-License-Identifier: MIT
// One log-in with strophe.js, in node and in a browser's page alike; then, if asked, the entry into a room.

// The condition and the text in a failure of SASL or in the error of a stanza.
function reasonOf(element) {
  const text = element.getElementsByTagName("text")[0];
  const word = Array.from(element.childNodes).find((child) => child.tagName && child !== text);
  return { condition: word?.tagName, text: text?.textContent };
}

// `strophe` is the library, `service` the URL of a WebSocket or of BOSH.
export function logIn({ Strophe, $pres }, { service, host, enter }) {
  return new Promise((resolve) => {
    const connection = new Strophe.Connection(service);
    let settled = false;
    const settle = (outcome) => {
      if (settled) return; // to disconnect is told too, and would begin anew
      settled = true;
      resolve(outcome);
      connection.disconnect();
    };

    const join = (jid) => {
      connection.addHandler((presence) => {
        const error = presence.getElementsByTagName("error")[0];
        const entry = error ? { outcome: "refused", ...reasonOf(error) } : { outcome: "joined" };
        settle({ outcome: "accepted", jid, entry });
      }, null, "presence", null, null, enter, { matchBareFromJid: true });
      connection.send($pres({ to: `${enter}/guest` }).c("x", { xmlns: "http://jabber.org/protocol/muc" }).tree());
    };

    connection.connect(host, null, (status, condition, element) => {
      if (status === Strophe.Status.CONNECTED && enter) {
        join(connection.jid);
      } else if (status === Strophe.Status.CONNECTED) {
        settle({ outcome: "accepted", jid: connection.jid });
      } else if (status === Strophe.Status.AUTHFAIL && element) {
        settle({ outcome: "refused", ...reasonOf(element) });
      } else if ([Strophe.Status.AUTHFAIL, Strophe.Status.CONNFAIL, Strophe.Status.DISCONNECTED].includes(status)) {
        settle({ outcome: "failed", text: `status ${status}: ${condition}` });
      }
    });
  });
}
