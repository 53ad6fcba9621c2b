-- SPDX-License-Identifier: MIT
-- How the command token-verifier shows texts from elsewhere: without characters that control a terminal, change the direction of text,
-- or are invisible.

local tv = require "token_verifier";
local command = require "spec.support.command";
local tokens = require "spec.support.tokens";
local lines = require "token_verifier.explain.explain_lines".lines;
local printable = require "token_verifier.plugin.printable".printable;

local secret = ("a shared secret "):rep(4);
local folder;

-- What must not be seen, by its name: a character, and how it is shown.
local hidden = {
	["an escape sequence"] = { "\27[31m", "\\x1b[31m", "\\u001b[31m" };
	["a delete"] = { "\127", "\\x7f", "\\u007f" };
	["a C1 control (CSI)"] = { "\u{9b}31m", "\\u{9b}31m", "\\u009b31m" };
	["a C1 control (NEL)"] = { "\u{85}", "\\u{85}", "\\u0085" };
	["a right-to-left override"] = { "\u{202e}", "\\u{202e}", "\\u202e" };
	["an isolate"] = { "\u{2066}", "\\u{2066}", "\\u2066" };
	["an Arabic letter mark"] = { "\u{61c}", "\\u{61c}", "\\u061c" };
	["a zero-width space"] = { "\u{200b}", "\\u{200b}", "\\u200b" };
	["a soft hyphen"] = { "\u{ad}", "\\u{ad}", "\\u00ad" };
	["a line separator"] = { "\u{2028}", "\\u{2028}", "\\u2028" };
	["a byte order mark"] = { "\u{feff}", "\\u{feff}", "\\ufeff" };
	["a filler"] = { "\u{3164}", "\\u{3164}", "\\u3164" };
	["a tag"] = { "\u{e0041}", "\\u{e0041}", "\\udb40\\udc41" };
	["no character"] = { "\u{10ffff}", "\\u{10ffff}", "\\udbff\\udfff" };
};

local shown = "Zoë Жанна 李 😀";

setup(function ()
	folder = command.folder();
	command.write(folder.."/secret", secret);
end);

local function escaped(text)
	return (text:gsub("%W", "%%%0"));
end

describe("a text", function ()
	for name, case in pairs(hidden) do
		it("is shown without "..name, function ()
			assert.equal("a"..case[2].."b "..shown, printable("a"..case[1].."b "..shown));
		end);
	end

	it("is shown unchanged if it has no hidden characters", function ()
		assert.equal(shown, printable(shown));
		assert.equal("~ \\ \" '", printable("~ \\ \" '"));
		assert.equal("", printable(""));
	end);

	it("is shown byte by byte if it is not UTF-8", function ()
		assert.equal("a\\xffë\\xc3\\xed\\xa0\\x80\\xc0\\x9b", printable("a\xffë\xc3\xed\xa0\x80\xc0\x9b"));
	end);
end);

-- All of them in one text.
local all = { "", "", "" };
for _, case in pairs(hidden) do
	for i = 1, 3 do
		all[i] = all[i]..case[i];
	end
end

describe("the lines of an explanation, for the shell and prosodyctl too,", function ()
	it("contain no hidden characters and no extra lines", function ()
		local nasty = all[1].."\n";
		local findings = { { where = "token", cause = nasty, fix = nasty }, { where = "nowhere", cause = nasty } };
		local rows = { { check = "room", mark = "FAIL", text = nasty, findings = findings } };
		local results = {
			{ rows = rows, host = nasty, configuration = { nasty }, code = "expired", message = nasty },
			{ rows = rows, accepted = true, room = { error = "room-mismatch", reason = nasty } },
			{ rows = rows, unjudged = true, message = nasty },
		};
		for _, result in ipairs(results) do
			for _, line in ipairs(lines(result)) do
				assert.is_nil(line:find("[^ -~]"), line);
			end
		end
	end);
end);

describe("the command", function ()
	local text = "a"..all[1].."b";
	local claims = {
		iss = text, sub = "h.example", room = text, exp = 4102444800, context = { user = { name = shown..text } }, [text] = text,
	};

	-- Runs it, and sees that neither output has the characters themselves.
	local function run(arguments, input)
		local output, errors, status = command.run(folder, arguments, input);
		for name, case in pairs(hidden) do
			assert.is_nil((output..errors):find(case[1], 1, true), name..": "..output..errors);
		end
		return output, errors, status;
	end

	it("inspects and verifies a token with hidden characters", function ()
		local token = assert(tv.sign(claims, { secret = secret, kid = text }));
		local output = run({ "inspect", token });
		assert.matches(escaped('"name": "'..shown.."a"..all[3].."b"), output);
		assert.matches(escaped('"kid": "a'..all[3]..'b"'), output);
		assert.matches(escaped('"a'..all[3]..'b": "a'), output);
		output = run({ "verify", "--secret-file", "secret", token });
		assert.matches(escaped('"iss": "a'..all[3]..'b"'), output);
	end);

	it("prints equivalent JSON for hidden characters", function ()
		local token = assert(tv.sign(claims, { secret = secret }));
		for _, arguments in ipairs({ { "inspect", "--json", token }, { "verify", "--json", "--secret-file", "secret", token } }) do
			local read = assert(tv.decode_json((run(arguments))));
			assert.same(claims, read.claims);
		end
	end);

	it("explains a token with hidden characters", function ()
		local token = assert(tv.sign(claims, { secret = secret, kid = text }));
		run({ "explain", token, "--secret-file", "secret", "--room", text, "--color", "never" });
		run({ "explain", token, "--secret-file", "secret", "--room", "other"..text, "--issuer", text, "--audience", text, "--host", text });
		local read = assert(tv.decode_json((run({ "explain", token, "--json", "--secret-file", "secret", "--room", "other" }))));
		assert.is_false(read.accepted);
	end);

	it("checks a configuration with hidden characters", function ()
		local lua = ("%q"):format(text);
		command.write(folder.."/cfg", ([[
			VirtualHost(%s)
				authentication = %s
				app_id = %s
				app_secret_file = %s
				signature_algorithm = %s
				token_leway = %s
			Component("conference."..%s)("muc")
				app_secret = %s]]):gsub("%%s", function () return lua; end));
		local output = run({ "check", "--config", "cfg" });
		assert.matches(escaped(all[2]), output);
		run({ "check", "--config", "cfg", "--json" });
		run({ "check", "--config", "cfg", "--host", text });
		run({ "explain", "x.y.z", "--config", "cfg" });
		command.write(folder.."/cfg", "error("..lua..", 0)");
		run({ "check", "--config", "cfg" });
		run({ "check", "--config", text });
	end);

	it("accepts arguments, files and keys with hidden characters", function ()
		run({ text });
		run({ "verify", "--"..text });
		run({ "inspect", "@"..text });
		run({ "verify", "--key", text, "x" });
		run({ "verify", "--leeway", text, "x" });
		run({ "verify", "--alg", text, "--secret-file", "secret", "x" });
		run({ "sign", "--secret-file", "secret", "--claim", text });
		run({ "sign", "--secret-file", "secret", "--alg", text });
		run({ "verify", "--jwks-url", "http://127.0.0.1:1/"..text, "x" });
		run({ "verify", "--jwks-url", text, "x" });
		run({ "key-name", text, "--json" });
		local set = ('{"keys":[{"kty":"oct","kid":"%s","k":"AAAA"},{"kty":"%s"}]}'):format(text, text);
		run({ "jwks-to-pem", "--dir", ".", "-" }, set);
		local output, errors = run({ "keygen", "--type", "ec", "--out", text, "--public", text..".pem" });
		assert.equal("", errors);
		assert.matches(escaped(all[2]), output);
		run({ "publish", text..".pem", "--kid", text, "--dir", text });
		run({ "pem-to-jwks", text.."="..text..".pem" });
		os.execute(("rm -f '%s/%s' '%s/%s.pem'"):format(folder, text, folder, text));
	end);

	it("shows no extra line for a name that contains a line break", function ()
		local output = command.run(folder, { "keygen", "--type", "secret", "--out", "a\nok    signature  holds" });
		assert.equal("a\\x0aok    signature  holds (secret, for its owner only)\n", output);
	end);

	it("shows no colour that a text contains", function ()
		local token = tokens.hs256({ iss = "a\27[32mb" }, secret);
		local output = command.run(folder, { "explain", token, "--secret-file", "secret", "--color", "always" });
		assert.truthy(output:find("\27[31m", 1, true));
		assert.is_nil(output:find("a\27", 1, true));
	end);
end);
