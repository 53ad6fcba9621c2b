-- SPDX-License-Identifier: MIT
-- assert.accepts(token, by) and assert.refuses(token, by, expected) for busted. `by` are the options of verify(), a verifier, or a
-- token_util object; `expected` is a code, or a table of facts as from verify() with `detail`, which may contain `code`, too.

local luassert = require "luassert";
local luassert_util = require "luassert.util";
local token_verifier = require "token_verifier";
local keys = require "token_verifier.testing.keys";
local rooms = require "token_verifier.testing.rooms";

local format;

function format(value)
	if type(value) == "table" then
		local items = {};
		for i, item in ipairs(value) do
			items[i] = format(item);
		end
		return "{ "..table.concat(items, ", ").." }";
	end
	return type(value) == "string" and ("%q"):format(value) or tostring(value);
end

-- Options that wait for keys; with the name of the room, which may be given as an address or as people type it; and with the keys
-- of this kit if there are none.
local function complete(options)
	local copy = { wait = true, detail = true };
	for name, value in pairs(options) do
		copy[name] = value;
	end
	if type(copy.room) == "string" then
		copy.room = rooms.room(copy.room);
	end
	for _, row in ipairs(token_verifier.settings.verifier) do
		if row.key_source and copy[row.name] ~= nil then
			return copy;
		end
	end
	copy.keys = keys.keystore();
	return copy;
end

-- A token_util object returns a SASL condition; the code is available from why_refused().
local function ask_token_util(util, token)
	local prosody = require "token_verifier.testing.prosody";
	local session = prosody.session({ auth_token = token });
	local accepted, _, reason = prosody.run(util.process_and_verify_token, util, session);
	if accepted then
		return session;
	end
	return nil, reason, util:why_refused(session);
end

-- The same results as verify(): the claims and the header, or nil, message, code, facts.
local function judge(token, by)
	if type(by) == "userdata" then
		return by:verify(token, { detail = true });
	elseif type(by) == "table" and type(by.process_and_verify_token) == "function" then
		return ask_token_util(by, token);
	elseif by ~= nil and type(by) ~= "table" then
		error("options of verify(), a verifier or a token_util object expected as the second argument");
	end
	return token_verifier.verify(token, complete(by or {}));
end

local function accepts(state, arguments)
	local claims, header_or_message, code = judge(arguments[1], arguments[2]);
	if claims then
		state.failure_message = "The token is accepted; it was expected to be refused.";
		return true, { claims, header_or_message };
	end
	state.failure_message = ("The token is refused; it was expected to be accepted.\n%s: %s"):format(code, header_or_message);
	return false;
end

-- The expected facts as a table, including the code.
local function facts_of(expected)
	local facts = type(expected) == "table" and expected or { code = expected };
	local code = facts.code;
	if code ~= nil and not token_verifier.codes[code] and code ~= "token-required" and code ~= "internal-error" then
		error(("there is no code '%s'"):format(tostring(code)));
	end
	return facts;
end

-- One line for each expected fact that differs, with its actual value, sorted.
local function differences(expected, found)
	local lines = {};
	for name, value in pairs(expected) do
		if not luassert_util.deepcompare(value, found[name]) then
			lines[#lines + 1] = ("%s is %s, not %s"):format(name, format(found[name]), format(value));
		end
	end
	table.sort(lines);
	return lines;
end

local function refuses(state, arguments)
	local expected = facts_of(arguments[3]);
	local claims, message, code, facts = judge(arguments[1], arguments[2]);
	if claims then
		state.failure_message = ("The token is accepted; it was expected to be refused%s.")
			:format(expected.code and " with "..expected.code or "");
		return false;
	end
	local found = { code = code };
	for name, value in pairs(facts or {}) do
		found[name] = value;
	end
	local wrong = differences(expected, found);
	state.failure_message = ("The token is refused%s\n%s: %s%s"):format(
		expected.code and code ~= expected.code and (", but for another reason than %s:"):format(expected.code)
			or wrong[1] and ", but for another reason:" or ":", code, message,
		wrong[1] and not (expected.code and code ~= expected.code) and "\n"..table.concat(wrong, "\n") or "");
	return wrong[1] == nil, { message, code, facts };
end

luassert:register("assertion", "accepts", accepts);
luassert:register("assertion", "refuses", refuses);
