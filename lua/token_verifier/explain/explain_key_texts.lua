-- SPDX-License-Identifier: MIT
-- Findings about a text that is found where a key or a JWK Set belongs, from the word that the native module has for it.

local causes = require "token_verifier.explain.causes";
local key_words = require "token_verifier.explain.key_words";
local quote = require "token_verifier.plugin.report".quote;

-- Kind -> cause, for those that do not have the same name; what {what} stands for.
local rows = {
	["hex-private-key"] = { "text-private-key" }, ["base64-private-key"] = { "text-private-key" },
	["der-private-key"] = { "text-private-key" }, ["private-key"] = { "text-private-key" }, ["putty-key"] = { "text-ssh-private-key" },
	["pem-other"] = { "text-other", "a PEM of another kind" }, ["pgp-key"] = { "text-other", "a PGP key" },
	["crl"] = { "text-other", "a certificate revocation list" }, ["token"] = { "text-other", "a token" },
	["error-text"] = { "text-error" }, ["json-error"] = { "text-error" }, ["json-with-key"] = { "text-json-key" },
	["json"] = { "text-json", "of another kind" }, ["jwk-array"] = { "text-json", "a list of JWKs" },
	["realm"] = { "text-json", "that of a Keycloak realm" }, ["openid-configuration"] = { "text-json", "that of an OpenID provider" },
	["jwk-set"] = { "text-set-in-folder", "a JWK Set" }, ["certificate-map"] = { "text-set-in-folder", "a map of certificates" },
	["oct"] = { "type-secret" }, ["RSA-PSS"] = { "type-rsa-pss" },
	["X25519"] = { "type-agreement", "X25519" }, ["X448"] = { "type-agreement", "X448" },
	["DH"] = { "type-agreement", "DH" }, ["DHX"] = { "type-agreement", "DH" }, ["DSA"] = { "type-other", "DSA" },
};

-- The same for a curve that is not supported.
local function of_curve(kind)
	return { causes.by_key["type-curve"].key, kind };
end

-- The finding for a key's text, or nil if its kind says nothing more. `place`: { folder, kid, url } where it was found, of which each
-- may be absent; or { configured = true }.
local function of_key(facts, place)
	local row = rows[facts.kind] or facts.kind and causes.by_key["text-"..facts.kind] and { "text-"..facts.kind }
		or facts.kind and facts.reason == "curve" and of_curve(facts.kind);
	if not row and facts.reason == "duplicate-member" then
		row = { "member-twice" };
	end
	if not row then
		return nil;
	elseif row[1] == "text-error" and not place.url then
		row = { "text-other", "an error of a server that was saved in the place of a key" };
	end
	local file = place.file or place.folder and facts.file and key_words.shell_word(place.folder.."/"..facts.file) or facts.file;
	if row[1] == "text-set-in-folder" and place.url then
		file = place.url; -- the command fetches it
	end
	local configured = "give that to --key instead";
	local finding = causes.find(row[1], {
		what = row[2], found = facts.found and quote(facts.found) or "a text", url = place.url, file = file or "FILE",
		folder = place.folder and key_words.shell_word(place.folder) or "FOLDER-OF-THE-KEYS",
		algorithm = facts.kind == "secp256k1" and " (of ES256K)" or "",
		command = place.configured and "give key.pem to --key instead"
			or key_words.publish(place.kid, place.folder, { file = "key.pem", replaces = true }),
		publish = place.configured and configured or key_words.publish(place.kid, place.folder, { replaces = true }),
		fresh = place.configured and configured or key_words.publish(nil, place.folder),
	});
	if place.configured and finding.where == "key server" then
		finding.where = "command";
	end
	return finding;
end

-- Kinds that are a JWK Set in another form: words, and the filter that makes a set of it.
local forms_of_sets = {
	["jwk-array"] = { "a list of JWKs", "jq '{keys: .}'" }, ["json-text"] = { "JSON in quotes", "jq -r ." },
	["utf-16le"] = { "text in UTF-16", "iconv -f UTF-16 -t UTF-8" }, ["base64-json"] = { "base64", "base64 -d" },
	["utf-16be"] = { "text in UTF-16", "iconv -f UTF-16BE -t UTF-8 | sed '1s/^\\xEF\\xBB\\xBF//'" },
	["gzip"] = { "a compressed file", "gzip -dc" },
};

-- Kinds that are one key.
local single_keys = { ["jwk"] = "a single JWK", ["pem"] = "a single key as PEM" };

-- The finding for what the address of a JWK Set returns, or nil.
local function of_set(facts, place)
	local values = { url = place.url, found = facts.found and quote(facts.found) or "a text",
		publish = key_words.publish(place.kid, place.folder, { file = "key.pem" }) };
	if facts.reason == "duplicate-member" then
		return causes.find("member-twice", values);
	elseif facts.kind == "json-error" or facts.kind == "error-text" then
		return causes.find("set-is-error", values);
	elseif forms_of_sets[facts.kind] then
		values.what, values.make = table.unpack(forms_of_sets[facts.kind]);
		return causes.find("set-in-other-form", values);
	elseif single_keys[facts.kind] then
		values.what = single_keys[facts.kind];
		return causes.find("set-is-key", values);
	end
	return nil;
end

return { of_key = of_key, of_set = of_set };
