// SPDX-License-Identifier: MIT
// Logs in with strophe.js: one JSON request on standard input, the outcome as JSON on standard output.

import { readFileSync } from "node:fs";
import PlainXMLHttpRequest from "xhr2";
import * as strophe from "strophe.js";
import { logIn } from "./strophe_log_in.js";

// What a browser has and node lacks; xhr2 leaves the answer as text. strophe.js brings the parser.
globalThis.XMLHttpRequest = class extends PlainXMLHttpRequest {
  get responseXML() {
    return this.responseText ? new DOMParser().parseFromString(this.responseText, "text/xml") : null;
  }

  set responseXML(_) {}
};

strophe.Strophe.setLogLevel(strophe.Strophe.LogLevel.FATAL); // it logs to standard output
const outcome = await logIn(strophe, JSON.parse(readFileSync(0, "utf8")));
console.log(JSON.stringify(outcome));
process.exit(0);
