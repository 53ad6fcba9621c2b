// SPDX-License-Identifier: MIT
// Logs in with strophe.js: see serve.js.

import PlainXMLHttpRequest from "xhr2";
import * as strophe from "strophe.js";
import { serve } from "./serve.js";
import { logIn } from "./strophe_log_in.js";

// What a browser has and node lacks; xhr2 leaves the answer as text. strophe.js brings the parser.
globalThis.XMLHttpRequest = class extends PlainXMLHttpRequest {
  get responseXML() {
    return this.responseText ? new DOMParser().parseFromString(this.responseText, "text/xml") : null;
  }

  set responseXML(_) {}
};

strophe.Strophe.setLogLevel(strophe.Strophe.LogLevel.FATAL); // it logs to standard output
await serve((request) => logIn(strophe, request));
