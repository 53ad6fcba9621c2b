-- SPDX-License-Identifier: MIT
-- token-verifier sign: makes a token.

local token_verifier = require "token_verifier";
local input = require "token_verifier.command.input";
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local members_of = require "token_verifier.command.members";
local verification = require "token_verifier.command.verification";

local default_lifetime = 3600;

local units = { [""] = 1, s = 1, m = 60, min = 60, h = 3600, d = 86400 };

-- For argparse's convert(): "90", "30min", "1h", "7d" to seconds; "never" to false.
local function duration(text)
	local number, unit = text:match("^(%d+)(%a*)$");
	if text == "never" then
		return false;
	elseif not number or not units[unit] or #number > 9 then
		return nil, ("'%s' is not a length of time: give seconds, a number followed by s, min, h or d, or never"):format(text);
	end
	return math.tointeger(tonumber(number)) * units[unit];
end

-- For argparse: notes the options that change claims in the order in which they are given.
local function note(arguments, target, value)
	arguments.changes = arguments.changes or {};
	table.insert(arguments.changes, { target = target, value = value });
end

local function register(parser)
	parser:argument("claims"):args("?"):description("The claims as a JSON object; @FILE: a file that contains it; -: standard input.");
	parser:mutex(
		parser:option("--secret-file"):argname("<file>"):description("Sign with the shared secret in this file; - is standard input."),
		parser:option("--key"):argname("<file>"):description("Sign with the private key in this file: PEM or JWK.")
	);
	parser:option("--alg"):argname("<name>")
		:description("The algorithm; default: that of the JWK, HS256 for a secret, RS256, or that of the key's curve.");
	parser:option("--kid"):argname("<kid>"):description("The kid of the header; default: that of the JWK.");
	parser:option("--iss"):argname("<text>"):action(note):description("The claim iss: who issues the token.");
	parser:option("--aud"):argname("<text>"):count("*"):action(note)
		:description("The claim aud: the recipient; given more than once, a list.");
	parser:option("--sub"):argname("<text>"):action(note):description("The claim sub: with Jitsi Meet the domain, the tenant, or *.");
	parser:option("--room"):argname("<text>"):action(note):description("The claim room: the room's name, or *.");
	parser:option("--nbf"):argname("<time>"):convert(verification.whole):action(note)
		:description("The claim nbf: the Unix time from which the token is valid.");
	parser:option("--claim"):argname("<name=value>"):count("*"):action(note):description("Any claim: name=text, or name:=JSON.");
	parser:option("--header"):argname("<name=value>"):count("*"):description("A member of the header: name=text, or name:=JSON.");
	parser:option("--expires"):argname("<time>"):convert(duration)
		:description("The time until it expires: 90, 30min, 1h, 7d, or never; default 1h.");
	parser:option("--now"):argname("<time>"):convert(verification.whole):description("Use this Unix time instead of the clock.");
	parser:epilog [[
Claims keep the order in which they are given. If iat or exp is missing, it is
added. Options override claims given as JSON.

Examples:
   token-verifier sign --secret-file token-secret --iss my-app --aud jitsi \
      --sub meet.example.org --room planning
   token-verifier sign '{"iss":"my-app","aud":"jitsi","sub":"*","room":"*"}' \
      --key my-key.private.pem --kid my-key --expires 10min \
      --claim 'context:={"user":{"name":"Ann"}}']];
end

-- Sets a member as "name=text" or "name:=JSON" says.
local function set(members, assignment, option, terminal)
	local name, value = assignment:match("^([^=]+)=(.*)$");
	if not name or name == ":" then
		terminal.fail(("%s '%s': name=text or name:=JSON is expected"):format(option, assignment));
	end
	if name:sub(-1) ~= ":" then -- names may be URLs, with colons in them
		members:set(name, members_of.quoted(value));
		return;
	end
	local read, message = token_verifier.decode_json('{"value":'..value.."\n}");
	if not read or next(read, next(read)) ~= nil then
		terminal.fail(("%s '%s': what follows := is not JSON%s"):format(option, assignment,
			message and (" (%s)"):format(message) or ""));
	end
	members:set(name:sub(1, -2), input.trim(value));
end

local function read_claims(arguments, terminal)
	local text = arguments.claims or "{}";
	if text == "-" or text:sub(1, 1) == "@" then
		text = input.read(text == "-" and text or text:sub(2), "the claims", terminal);
	end
	local claims, message, code = members_of.read(input.trim(text));
	if not claims then
		terminal.fail(("%s: the claims: %s"):format(code, message));
	end
	return claims;
end

-- The JSON text of the claims.
local function make_claims(arguments, terminal)
	local claims, audiences = read_claims(arguments, terminal), {};
	for _, change in ipairs(arguments.changes or {}) do
		if change.target == "claim" then
			set(claims, change.value, "--claim", terminal);
		elseif change.target == "aud" then
			table.insert(audiences, members_of.quoted(change.value));
			claims:set("aud", audiences[2] and "["..table.concat(audiences, ",").."]" or audiences[1]);
		else
			claims:set(change.target, math.type(change.value) and ("%d"):format(change.value) or members_of.quoted(change.value));
		end
	end
	local now = arguments.now or os.time();
	if not claims:has("iat") then
		claims:set("iat", ("%d"):format(now));
	end
	if arguments.expires then
		claims:set("exp", ("%d"):format(now + arguments.expires));
	elseif arguments.expires == false then
		claims:remove("exp");
	elseif not claims:has("exp") then
		claims:set("exp", ("%d"):format(now + default_lifetime));
	end
	return claims:text();
end

-- The kid of a JWK, if it has one.
local function kid_of(key)
	local jwk = key:match("^%s*{") and token_verifier.decode_json(key);
	return jwk and type(jwk.kid) == "string" and jwk.kid or nil;
end

-- Warns about a short secret, as the verifier does.
local function warn_of_secret(options, terminal)
	local algorithm = options.algorithm;
	local is_hmac = algorithm == nil or is_symmetric(algorithm); -- another one is refused later, by sign()
	local made, warning = verification.call(terminal, token_verifier.new, {
		secret = options.secret, algorithms = is_hmac and algorithm and { algorithm } or nil,
	});
	if made and warning and is_hmac then
		terminal.warn(warning);
	end
end

local function run(arguments, terminal)
	local options = { algorithm = arguments.alg, kid = arguments.kid };
	if arguments.secret_file then
		options.secret = verification.read_secret(arguments.secret_file, terminal);
		warn_of_secret(options, terminal);
	elseif arguments.key then
		options.private_key = input.read(arguments.key, "the key", terminal);
		options.kid = options.kid or kid_of(options.private_key);
	else
		terminal.fail("there is no key to sign with: give --secret-file or --key");
	end
	if #arguments.header > 0 then
		local header = members_of.read("{}");
		for _, assignment in ipairs(arguments.header) do
			set(header, assignment, "--header", terminal);
		end
		options.header = header:text();
	end
	local token, message, code = verification.call(terminal, token_verifier.sign, make_claims(arguments, terminal), options);
	if not token then
		terminal.fail(("%s: %s"):format(code, message));
	elseif terminal.wants_json then
		local header, claims = token_verifier.inspect(token);
		terminal.print_json { token = token, header = header, claims = claims };
	else
		terminal.line(token);
	end
	return 0;
end

return { name = "sign", aliases = { "mint" }, summary = "Makes a token", usage = "[options] [<claims>]", register = register, run = run };
