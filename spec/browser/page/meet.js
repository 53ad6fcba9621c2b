// SPDX-License-Identifier: MIT
// What Jitsi Meet's page does with a token: https://HOST/[TENANT/]ROOM?jwt=TOKEN connects with it, logs in and enters the room.

import * as strophe from "/page/strophe.esm.js";
import { logIn } from "/page/strophe_log_in.js";

const asked = new URLSearchParams(location.search);
const parts = location.pathname.split("/").filter(Boolean);
const room = parts.pop();
const tenant = parts.pop();
const bosh = asked.get("transport") === "bosh";
const host = asked.get("host"); // of a real page: where it came from

const service = new URL(`${tenant ? `/${tenant}` : ""}/${bosh ? "http-bind" : "xmpp-websocket"}`, location);
service.protocol = bosh ? location.protocol : "ws:";
service.searchParams.set("room", room);
if (asked.has("jwt")) service.searchParams.set("token", asked.get("jwt"));

const domain = tenant ? `conference.${tenant}.${host}` : `conference.${host}`;
const { outcome, condition, text, entry } = await logIn(strophe, { service: service.href, host, enter: `${room}@${domain}` });

const refused = entry?.outcome === "refused" ? entry : { condition, text };
document.getElementById("reason").textContent = [refused.condition, refused.text].filter(Boolean).join(": ");
document.getElementById("state").textContent = entry?.outcome ?? outcome;
document.body.dataset.done = "yes";
