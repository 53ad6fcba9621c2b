// SPDX-License-Identifier: MIT
// An OpenID provider on the port that is given: oidc-provider as it comes, with one client, one key and whoever logs in as user.

import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(`http://localhost:${port}`, {
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "provider-key", alg: "RS256", use: "sig" }] },
  clients: [{
    client_id: "jitsi", client_secret: "the-secret-of-the-client", redirect_uris: ["http://localhost:1/callback"],
  }],
  pkce: { required: () => false },
  cookies: { keys: ["any"] },
  conformIdTokenClaims: false, // the claims are in the ID token itself
  claims: { openid: ["sub", "context", "room"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, context: { user: { id, name: id } }, ...(id === "bob" && { room: "planning" }) }),
  }),
});
provider.listen(port, "127.0.0.1");
