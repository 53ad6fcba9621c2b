-- SPDX-License-Identifier: MIT
-- Problems of a text that is given as a token: rows of the table of causes, see causes.lua.

return {
	{ "token-too-large", "token-too-large", "token",
		"The token is longer than 16 KiB.",
		"Leave out lists of groups and similar data, or replace them with a short ID. Keep a token for a URL below 4 KiB." };
	{ "token-long-for-url", "ok", "token",
		"The token has {length} bytes. nginx refuses URLs of more than 8 KiB (414), and Prosody drops a request whose head is over 10 KiB: "
			.."then the log says nothing at all.",
		"Make it shorter: leave out lists of groups and similar data." };
	{ "text-too-long", "token-too-large", "text",
		"The text is longer than 64 KiB, so it was not searched for a token.",
		"Give the line or the part of it that has the token." };

	-- Texts without a token.
	{ "malformed-token", "malformed-token", "token",
		"This is not a signed token. A signed token has three parts of base64url, joined by two dots, and nothing else.",
		"Compare it byte by byte with the token that the issuer made, or copy it from there again." };
	{ "empty-token", "malformed-token", "token",
		"The token is empty.",
		"Check the URL that the client used: an empty ?jwt= or ?token= is not the same as no token. A guest must omit it." };
	{ "empty-variable", "malformed-token", "text",
		"The variable has no value: nothing stands behind its name.",
		"Find the command or the program that should set it, and look at its error." };
	{ "unset-variable", "malformed-token", "token",
		"This is not a token but {found}: what a program ({language}) writes for a variable that has no value.",
		"Find where the client builds its URL, or the issuer its answer: the variable for the token is not set there, or has another name." };
	{ "placeholder", "malformed-token", "token",
		"This is not a token but {found}, a placeholder that nothing has replaced.",
		"Look at the template or the script that it came from: set the variable there, with exactly this name, or write a token in its place." };
	{ "not-awaited", "malformed-token", "token",
		"This is not a token but {found}: the program did not wait for the function that gets the token.",
		"Write await in front of the call (or use .then), and use the string that comes back." };
	{ "object-as-text", "malformed-token", "token",
		"This is not a token but {found}, the text of an object or a value that is not a string.",
		"Use the member of it that has the token, as answer.token or answer.access_token, and not the whole answer." };
	{ "address-without-token", "malformed-token", "text",
		"This is an address, and there is no token in it.",
		"Copy the address that the client was sent to: Jitsi's page reads the token from ?jwt=TOKEN, and may remove it from the address bar." };
	{ "json-error", "malformed-token", "issuer",
		"This is not a token but an error answer: {found}.",
		"Fix the request that was answered so: the issuer made no token." };
	{ "json-without-token", "malformed-token", "text",
		"This is JSON, and there is no token in it.",
		"Give the whole answer of the token endpoint, or the token alone." };
	{ "json-serialization", "malformed-token", "token",
		"This is a signed token as JSON (\"protected\", \"payload\", \"signature\"). Only the compact form is accepted.",
		"Let the issuer make the compact form: the three values joined by dots (RFC 7515, section 7.1)." };
	{ "claims-as-token", "malformed-token", "token",
		"These are {what} of a token as plain JSON. Nothing is signed.",
		"Sign the claims with a JWT library, or with token-verifier sign." };
	{ "key-as-token", "malformed-token", "text",
		"This is not a token but {what}.",
		"Give the token here. If it is a private key or a secret, and others can have seen it, replace it." };
	{ "html-page", "malformed-token", "issuer",
		"This is not a token but an HTML page.",
		"Open the address that it came from in a browser: it is probably a page for logging in, or an error." };
	{ "other-token", "malformed-token", "token",
		"This is not a JSON Web Token but {what}.",
		"Ask the issuer for a signed JWT (JWS, compact form)." };
	{ "token-is-file-name", "malformed-token", "command",
		"This is the name of a file, not a token.",
		"Put an @ in front of it; or write - instead, and <FILE." };
	{ "opaque-token", "malformed-token", "token",
		"This is not a JSON Web Token, but probably an opaque token: a random text that only its issuer can look up.",
		"Ask the provider for a signed JWT. From an OpenID provider use the ID token, or let it issue JWTs as access tokens." };
	{ "cut-off", "malformed-token", "token",
		"The token is cut off: {missing}.",
		"Copy the whole token. Look for a database column, a cookie or a URL whose length is limited." };
	{ "base64-padding", "malformed-token", "token",
		"The parts are in plain base64, with \"=\", \"+\" or \"/\".",
		"Encode them as base64url without padding (RFC 7515, section 2), or better, use a JWT library." };
	{ "letters-changed", "malformed-token", "token",
		"All letters of the token are of one case: a program has changed them. That cannot be undone.",
		"Get a new token, and look for what changes it: an input field, a database column, strtolower." };
	{ "more-than-three-parts", "malformed-token", "token",
		"There are {count} parts joined by dots. A signed token has three; one of five is encrypted (JWE), but its header would have \"enc\".",
		"Remove what is in front of the token or behind it, or let the issuer do so." };
	{ "encrypted-token", "encrypted-token", "token",
		"The token is encrypted (JWE, five parts). Only the holder of its key can read it.",
		"Let the issuer sign it only: turn off encryption of ID tokens for this client." };

	-- Addresses that are refused, or have no token for Jitsi's page, although a token stands in them.
	{ "link-quoted", "malformed-token", "text",
		"There are quotes around the token in {name}= of this address. The server gets them with the token and refuses it.",
		"Write the token without quotes: ?{name}=TOKEN. Only in #jwt= they are needed." };
	{ "link-bearer", "malformed-token", "text",
		"\"Bearer\" stands in front of the token in {name}= of this address. The server gets it with the token and refuses it.",
		"Write only the token: ?{name}=TOKEN. \"Bearer \" is for the header Authorization." };
	{ "link-other-characters", "malformed-token", "text",
		"There are other characters beside the token in {name}= of this address. The server gets them with the token and refuses it.",
		"Write only the token: ?{name}=TOKEN." };
	{ "link-encoded-twice", "malformed-token", "text",
		"The token in {name}= of this address is percent-encoded twice. The server decodes it once and refuses what it gets.",
		"Encode it once at most. A token has no character that needs it." };
	{ "link-parameter-twice", "malformed-token", "text",
		"{name}= is in this address more than once. The last one counts, and it has no token, or a damaged one.",
		"Write {name}= once: ?{name}=TOKEN." };
	{ "link-parameter-case", "malformed-token", "text",
		"The parameter of this address is {name}. Jitsi's page reads only jwt, in lower case, so it has no token.",
		"Write ?jwt=TOKEN." };
	{ "link-token-parameter", "ok", "text",
		"The parameter of this address is token. Jitsi's page reads only jwt; token= is for /http-bind and /xmpp-websocket.",
		"If this is the address of a room, write ?jwt=TOKEN." };
	{ "hash-without-quotes", "malformed-token", "text",
		"In #jwt= the token must stand in double quotes: Jitsi's page reads the value as JSON. Without them it has no token.",
		"Write #jwt=%22TOKEN%22, or ?jwt=TOKEN without quotes." };
	{ "hash-not-json", "malformed-token", "text",
		"Jitsi's page reads the value of #jwt= as JSON, and this is no JSON string: other characters stand beside the token. It has no token.",
		"Write #jwt=%22TOKEN%22, with double quotes that are encoded once; or ?jwt=TOKEN without quotes." };

	-- What was left out.
	{ "token-found", "ok", "nowhere",
		"The token was found {place}.",
		"Nothing: any text with a token may be given here." };
	{ "several-tokens", "ok", "nowhere",
		"There are {count} tokens in the text. The one {place} was taken: {reason}.",
		"Give one token alone to have it explained." };
	{ "blanks-around", "ok", "nowhere",
		"There are blanks or line ends around the token. They were left out here.",
		"Nothing, if they are from copying. A server that gets them refuses the token." };
	{ "refresh-token", "ok", "token",
		"This is a refresh token: only the provider itself can use it.",
		"Send the ID token, or an access token that is a JWT." };
	{ "selective-disclosure", "ok", "token",
		"Something follows the token after a \"~\", as in an SD-JWT. Only the signed part was used here; a server refuses the whole text.",
		"Let the issuer make a plain JWT." };
	{ "bearer-prefix", "ok", "text",
		"The text begins with \"Bearer\", which belongs to the HTTP header and not to the token. It was ignored here.",
		"Put only the token into ?jwt= or ?token=; \"Bearer \" is only for the header Authorization." };
	{ "quoted-token", "ok", "text",
		"The token is in quotes. They were ignored here, but in ?jwt= or ?token= they make the token malformed.",
		"Send the token without quotes: read the string from the JSON that it came in." };
	{ "python-bytes", "ok", "text",
		"The token stands in b'...', as Python prints bytes. It was taken out here, but a server that gets the b and the quotes refuses it.",
		"Make a string of it before it is used: token.decode(). Newer versions of PyJWT give a string." };
	{ "line-breaks", "ok", "text",
		"There are line breaks or spaces in the token. They were ignored here, but they make a token malformed.",
		"Join the lines: many base64 tools insert a line break after 64 or 76 characters (use base64 -w 0)." };
	{ "invisible-characters", "ok", "text",
		"There are characters in or around the token that are not seen: {names}. They were left out here, but a server refuses them.",
		"Copy the token from where it was made, not from a chat or a document; save files as UTF-8 without BOM." };
	{ "utf-16-text", "ok", "text",
		"The text is in UTF-16, as PowerShell's > writes it. It was converted here; a program that reads it as it is gets no token.",
		"Save it as UTF-8 without BOM, in PowerShell with Set-Content -Encoding ascii -NoNewline." };
	{ "dash-in-token", "ok", "text",
		"A program has replaced a hyphen of the token with a dash. The hyphen was put back here, but a server refuses the dash.",
		"Copy the token from where it was made, not from a chat or a document." };
	{ "encoded-again", "ok", "text",
		"The text is base64 of a token, as in a Kubernetes secret. It was decoded here, but a server refuses it.",
		"Decode it once (base64 -d) before it is sent." };
	{ "url-encoded-token", "ok", "text",
		"The token is URL-encoded, although none of its characters needs that. It was decoded here.",
		"Encode it once at most: a second encoding turns % into %25, and the server gets a malformed token." };
	{ "address-escaped", "ok", "text",
		"The & in front of jwt= is written as in HTML or JSON. As an address in a browser, this has no jwt.",
		"If clients get it like this, write a plain & there." };
};
