// SPDX-License-Identifier: MIT
// What Jitsi Meet's page does with Jitsi's library: https://HOST/ROOM?jwt=TOKEN connects with the token and joins the room.

const asked = new URLSearchParams(location.search);
const room = location.pathname.split("/").pop();
const host = asked.get("host"); // of a real page: where it came from
const bosh = asked.get("transport") === "bosh";

function load(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: `/page/${name}`, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

function done(state, reasons) {
  if (document.body.dataset.done) return; // to disconnect is told, too
  document.getElementById("state").textContent = state;
  document.getElementById("reason").textContent = reasons.filter((reason) => typeof reason === "string").join(": ");
  document.body.dataset.done = "yes";
}

addEventListener("error", ({ message, error }) => done("error", [String(error?.stack ?? message)]));
addEventListener("unhandledrejection", ({ reason }) => done("error", [String(reason?.stack ?? reason)]));

for (const name of asked.get("scripts").split(",")) await load(name); // the last is the library
const { connection: connecting, conference: meeting } = JitsiMeetJS.events;
const noThirdParties = { disableThirdPartyRequests: true };
JitsiMeetJS.init({ disableAudioLevels: true, ...noThirdParties });

const service = new URL(bosh ? "/http-bind" : "/xmpp-websocket", location);
service.protocol = bosh ? location.protocol : "ws:";
service.searchParams.set("room", room);
const connection = new JitsiMeetJS.JitsiConnection(null, asked.get("jwt"), {
  hosts: { domain: host, muc: `conference.${host}`, focus: `focus.${host}` },
  serviceUrl: service.href,
  bosh: service.href, // what serviceUrl was called
});
connection.addEventListener(connecting.CONNECTION_FAILED, (...reasons) => done("no log-in", reasons));
connection.addEventListener(connecting.CONNECTION_DISCONNECTED, (...reasons) => done("disconnected", reasons));
connection.addEventListener(connecting.CONNECTION_ESTABLISHED, () => {
  document.getElementById("state").textContent = "connected";
  const conference = connection.initJitsiConference(room, noThirdParties);
  conference.on(meeting.CONFERENCE_JOINED, () => done("joined", []));
  conference.on(meeting.CONFERENCE_FAILED, (...reasons) => done("no entry", reasons));
  conference.join();
});
connection.connect();
