// SPDX-License-Identifier: MIT
// Logs in at an OpenID provider as a browser does: the page for the name, the page for the consent, the code. Prints the ID token.

const [issuer, user] = process.argv.slice(2);
const cookies = new Map();

async function ask(url, body) {
  const answer = await fetch(url, {
    redirect: "manual", body: body && new URLSearchParams(body), method: body ? "POST" : "GET",
    headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
  });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    cookies.set(name, value);
  }
  return answer;
}

// Follows redirections until one leads back to the client, or a page asks for something.
async function follow(url) {
  for (;;) {
    if (url.startsWith("http://localhost:1/")) {
      return { code: new URL(url).searchParams.get("code") };
    }
    const answer = await ask(url);
    const target = answer.headers.get("location");
    if (!target) {
      return { page: url, text: await answer.text() };
    }
    url = new URL(target, url).href;
  }
}

const query = new URLSearchParams({
  client_id: "jitsi", response_type: "code", scope: "openid", redirect_uri: "http://localhost:1/callback", nonce: "n",
});
let place = await follow(`${issuer}/auth?${query}`);
for (let pages = 0; !place.code && pages < 5; pages += 1) {
  const prompt = /name="prompt" value="([a-z]+)"/.exec(place.text)?.[1];
  if (!prompt) {
    throw new Error(`the provider shows: ${place.text.slice(0, 500)}`);
  }
  const answer = await ask(place.page, prompt === "login" ? { prompt, login: user, password: "any" } : { prompt });
  place = await follow(new URL(answer.headers.get("location"), place.page).href);
}
const answer = await fetch(`${issuer}/token`, {
  method: "POST",
  headers: { authorization: `Basic ${btoa("jitsi:the-secret-of-the-client")}` },
  body: new URLSearchParams({ grant_type: "authorization_code", code: place.code, redirect_uri: "http://localhost:1/callback" }),
});
const tokens = await answer.json();
if (!tokens.id_token) {
  throw new Error(JSON.stringify(tokens));
}
console.log(tokens.id_token);
