-- SPDX-License-Identifier: MIT
-- token-verifier jwks-to-pem: writes the keys of a JWK Set as the files of a key server. A URL is fetched by the module's own key
-- store, with its limits and timeouts.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local files = require "token_verifier.command.files";
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local key_findings = require "token_verifier.explain.explain_key";
local key_text = require "token_verifier.command.key_text";
local quote = require "token_verifier.plugin.report".quote;
local verification = require "token_verifier.command.verification";

local function register(parser)
	parser:argument("source"):argname("<url|file>")
		:description("The JWK Set, or a map of kid to certificate: http(s) URL, file, or - for standard input.");
	parser:option("--dir"):argname("<dir>"):count(1):description("The folder that the web server serves.");
	parser:flag("--delete-others"):description("Delete the files of keys that are not in the set.");
	verification.add_connection(parser);
	parser:epilog [[
Writes <sha256 of the kid>.pem for each key that may check signatures. A file
that has not changed is not written again. If the set cannot be fetched, or has
no usable key, nothing is changed.

Example, every 5 minutes:
   token-verifier jwks-to-pem --dir /srv/keys --delete-others \
      https://sso.example.org/realms/meet/protocol/openid-connect/certs]];
end

-- Both return a list of { kid, key, warning }, and a list of the keys that are left out: { kid, why }.

local function from_url(arguments, terminal)
	arguments.jwks_url = arguments.source;
	local store = verification.open_store(arguments, terminal);
	-- Asking for any kid fetches the set.
	local _, message, code = blocking.get(store, "any");
	if code and code ~= "key-not-found" then
		terminal.fail(("%s: %s"):format(code, message), verification.status_of(code));
	end
	local found, skipped = {}, {};
	local keys, unusable = store:keys();
	for i, held in ipairs(keys) do
		found[i] = { kid = held.kid, key = held.key, warning = held.warning };
	end
	for i, held in ipairs(unusable) do
		skipped[i] = { kid = held.kid ~= "" and held.kid or nil, why = held.message };
	end
	return found, skipped;
end

local function from_text(text, name, terminal)
	local set, message = token_verifier.decode_json(input.trim(text));
	if not set then
		terminal.fail(("%s is no JWK Set: %s"):format(name, message));
	end
	local texts, found, skipped = {}, {}, {};
	if type(set.keys) == "table" then
		for i, jwk in ipairs(set.keys) do
			texts[i] = { type(jwk) == "table" and jwk.kid or nil, json.encode(jwk) };
		end
	else -- Google's map, which has no order
		for kid, certificate in pairs(set) do
			texts[#texts + 1] = { kid, type(certificate) == "string" and certificate or json.encode(certificate) };
		end
		table.sort(texts, function (a, b) return a[1] < b[1]; end);
	end
	for _, item in ipairs(texts) do
		local key, problem = token_verifier.key(item[2]);
		if key then
			found[#found + 1] = { kid = item[1], key = key, warning = problem };
		else
			skipped[#skipped + 1] = { kid = type(item[1]) == "string" and item[1] or nil, why = problem };
		end
	end
	return found, skipped;
end

-- Returns the keys that get a file: { kid, key, file }. The others are added to `skipped`.
local function choose(found, skipped)
	local chosen, taken = {}, {};
	for _, item in ipairs(found) do
		local kid, why = item.kid, nil;
		if type(kid) ~= "string" or kid == "" then
			kid, why = nil, "it has no kid, so it has no file name";
		elseif #item.key:algorithms() == 0 then
			why = "it is not for checking signatures (use, key_ops or alg)";
		elseif taken[kid] then
			why = "another key before it has the same kid";
		end
		if why then
			skipped[#skipped + 1] = { kid = kid, why = why };
		else
			taken[kid] = true;
			chosen[#chosen + 1] = { kid = kid, key = item.key, file = token_verifier.key_file_name(kid), warning = item.warning };
		end
	end
	return chosen;
end

-- Deletes all other files whose names are those of keys. Returns their names.
local function delete_others(folder, chosen, terminal)
	local names, problem = files.list(folder, "^"..("%x"):rep(64).."%.pem$");
	if not names then
		terminal.fail(problem);
	end
	local keep, deleted = {}, json.list {};
	for _, item in ipairs(chosen) do
		keep[item.file] = true;
	end
	for _, name in ipairs(names) do
		if not keep[name] then
			local ok, why = os.remove(files.join(folder, name));
			if not ok then
				terminal.fail("cannot delete "..why);
			end
			deleted[#deleted + 1] = name;
		end
	end
	return deleted;
end

local function describe_skipped(item)
	return (item.kid and "kid "..quote(item.kid)..": " or "")..item.why;
end

local function report(terminal, written, skipped, deleted)
	if terminal.wants_json then
		terminal.print_json { keys = json.list(written), skipped = json.list(skipped), deleted = deleted };
		return;
	end
	for _, item in ipairs(written) do
		terminal.line(("%s (kid %s: %s, %s)"):format(item.file, quote(item.kid), item.key, item.outcome));
		if item.warning then
			terminal.warn(("kid %s: %s"):format(quote(item.kid), item.warning));
		end
	end
	for _, name in ipairs(deleted) do
		terminal.line(("%s (deleted)"):format(name));
	end
	for _, item in ipairs(skipped) do
		terminal.warn("left out: "..describe_skipped(item));
	end
end

local function run(arguments, terminal)
	local found, skipped;
	if arguments.source:match("^https?://") then
		found, skipped = from_url(arguments, terminal);
	else
		found, skipped = from_text(input.read(arguments.source, "the JWK Set", terminal), arguments.source, terminal);
	end
	local chosen = choose(found, skipped);
	if #chosen == 0 then
		local reasons = key_findings.list_keys(skipped, describe_skipped);
		terminal.fail(("no key of %s can be used%s; nothing was changed"):format(arguments.source, reasons and ": "..reasons or ""), 1);
	end
	local written = {};
	for i, item in ipairs(chosen) do
		local outcome, problem = files.publish(files.join(arguments.dir, item.file), item.key:pem(), true);
		if not outcome then
			terminal.fail(problem);
		end
		written[i] = { kid = item.kid, file = item.file, key = key_text.describe(item.key), outcome = outcome, warning = item.warning };
	end
	local deleted = arguments.delete_others and delete_others(arguments.dir, chosen, terminal) or json.list {};
	report(terminal, written, skipped, deleted);
	return 0;
end

return {
	name = "jwks-to-pem", summary = "Writes the keys of a JWK Set as files of a key server", usage = "[options] <url|file> --dir <dir>",
	register = register, run = run,
};
