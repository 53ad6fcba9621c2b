-- SPDX-License-Identifier: MIT
-- What the command says of rooms, beside what a real Prosody does when the page of such a name joins: claims as people write them, and
-- as the page names the room.

local json = require "dkjson";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-room-names-spec-0123456789";
local configuration, token_file;

-- { name as it is typed into the page, the room that the page enters }; the second was computed by JavaScript: what URL() makes of
-- encodeURIComponent(name), without the characters that the page removes, decoded, normalized, in lower case and encoded again.
local names = {
	{ "planning", "planning" },
	{ "Planning", "planning" },
	{ "my room", "my%20room" },
	{ "Räksmörgås", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	{ "Ra\u{308}ksmo\u{308}rga\u{30a}s", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	{ "Встреча", "%d0%b2%d1%81%d1%82%d1%80%d0%b5%d1%87%d0%b0" },
	{ "ПРИВЕТ", "%d0%bf%d1%80%d0%b8%d0%b2%d0%b5%d1%82" },
	{ "ｆｕｌｌｗｉｄｔｈ", "fullwidth" },
	{ "Ｆｕｌｌ", "full" },
	{ "a+b", "a%2bb" },
	{ "a:b", "a%3ab" },
	{ "a b+c", "a%20b%2bc" },
	{ "😀 party", "%f0%9f%98%80%20party" },
	{ "👨\u{200d}👩\u{200d}👧", "%f0%9f%91%a8%e2%80%8d%f0%9f%91%a9%e2%80%8d%f0%9f%91%a7" },
	{ "Straße", "stra%c3%9fe" },
	{ "STRASSE", "strasse" },
	{ "ẞ", "%c3%9f" },
	{ "ﬁne", "fine" },
	{ "İstanbul", "i%cc%87stanbul" },
	{ "ısı", "%c4%b1s%c4%b1" },
	{ "会议", "%e4%bc%9a%e8%ae%ae" },
	{ "ミーティング", "%e3%83%9f%e3%83%bc%e3%83%86%e3%82%a3%e3%83%b3%e3%82%b0" },
	{ "ﾐｰﾃｨﾝｸﾞ", "%e3%83%9f%e3%83%bc%e3%83%86%e3%82%a3%e3%83%b3%e3%82%b0" },
	{ "회의", "%ed%9a%8c%ec%9d%98" },
	{ "اجتماع", "%d8%a7%d8%ac%d8%aa%d9%85%d8%a7%d8%b9" },
	{ "פגישה", "%d7%a4%d7%92%d7%99%d7%a9%d7%94" },
	{ "ΣΑΣ", "%cf%83%ce%b1%cf%82" },
	{ "ΌΣΟΣ", "%cf%8c%cf%83%ce%bf%cf%82" },
	{ "Ω", "%cf%89" },
	{ "Å", "%c3%a5" },
	{ "²", "2" },
	{ "Ⅷ", "viii" },
	{ "ŉ", "%ca%bcn" },
	{ "ǅ", "d%c5%be" },
	{ "naïve café", "na%c3%afve%20caf%c3%a9" },
	{ "100%", "100%25" },
	{ "C++", "c%2b%2b" },
	{ "C#", "c%23" },
	{ "it's", "its" },
	{ "(x)", "x" },
	{ "a&b", "a%26b" },
	{ "a=b", "a%3db" },
	{ "a@b", "a%40b" },
	{ "a!b", "ab" },
	{ "a.b", "a.b" },
	{ "a_b-c~d", "a_b-c~d" },
	{ "test*", "test" },
	{ "a,b;c", "a%2cb%3bc" },
	{ "what?", "what%3f" },
	{ "\"quoted\"", "%22quoted%22" },
	{ "<b>", "%3cb%3e" },
	{ "a|b", "a%7cb" },
	{ "a\\b", "a%5cb" },
	{ "{a}", "%7ba%7d" },
	{ "a\u{a0}b", "a%20b" },
	{ "a\u{200b}b", "a%e2%80%8bb" },
	{ "½", "1%e2%81%842" },
};

local host_lines = function (name, more)
	local options = { app_secret = secret };
	for option, value in pairs(more or {}) do
		options[option] = value;
	end
	return world.host(name, options);
end

lazy_setup(function ()
	local started = world.start_prosody({
		hosts = host_lines("names.example", { modules_enabled = { "token_verifier" } })
			..host_lines("texts.example", { token_room_matching = "address" })
			..'Component "breakout-rooms.names.example" "muc"\n';
	});
	configuration = started.log:gsub("%.log$", ".cfg.lua");
	token_file = world.folder().."/token";
end);

lazy_teardown(world.close);

local function quoted(text)
	return "'"..text:gsub("'", "'\\''").."'";
end

-- encodeURIComponent(), as the page's field does.
local function encoded(name)
	return (name:gsub("[^%w%-_.!~*'()]", function (char) return ("%%%02X"):format(char:byte()); end));
end

-- Whether the command says that the user may enter, and how it names the room.
local function explained(host, token, room)
	local file = assert(io.open(token_file, "w"));
	file:write(token);
	file:close();
	local pipe = io.popen(("bin/token-verifier explain --json --file %s --config %s --host %s --room %s 2>&1"):format(
		quoted(token_file), quoted(configuration), host, quoted(room)));
	local output = pipe:read("a");
	local _, _, status = pipe:close();
	local answer = assert(json.decode(output), output);
	assert.equal(answer.accepted and 0 or 1, status, output);
	return answer.accepted, answer;
end

local function enters(host, token, room)
	local outcome = world.log_in({ host = host, token = token, enter = room });
	assert.equal("accepted", outcome.outcome);
	assert.truthy(outcome.entry.outcome == "joined" or outcome.entry.outcome == "refused", outcome.entry.outcome);
	return outcome.entry.outcome == "joined";
end

local function suggestion(answer)
	for _, row in ipairs(answer.checks) do
		for _, finding in ipairs(row.check == "room" and row.findings or {}) do
			local text = finding.fix:match('"room": (".-[^\\]")');
			if text then
				return assert(json.decode(text), text);
			end
		end
	end
	return nil;
end

describe("the room of the page", function ()
	for _, case in ipairs(names) do
		local name, page = case[1], case[2];
		local jid = page.."@conference.names.example";

		it(("for %s is %s"):format(name, page), function ()
			for _, claim in ipairs({ name, page }) do
				local token = world.mint({ secret = secret, claims = { room = claim, sub = "names.example" } });
				local real = enters("names.example", token, jid);
				assert.equal(claim:lower() == page, real, claim);
				local said, answer = explained("names.example", token, "https://names.example/"..encoded(name));
				assert.equal(real, said, claim);
				-- The claim that is suggested is the one that lets the user in, as the second round shows.
				assert.equal(not said and page or nil, suggestion(answer), claim);
			end
		end);

		it(("for %s is opened by a claim of plain text where that is configured"):format(name), function ()
			local token = world.mint({ secret = secret, claims = { room = name, sub = "texts.example" } });
			assert.is_true(enters("texts.example", token, page.."@conference.texts.example"));
		end);
	end

	it("is the one that the shell explains", function ()
		local room = "https://names.example/acme/../R%C3%A4ksm%C3%B6rg%C3%A5s";
		for _, case in ipairs({ { "Räksmörgås", false }, { "r%c3%a4ksm%c3%b6rg%c3%a5s", true } }) do
			local token = world.mint({ secret = secret, claims = { room = case[1], sub = "names.example" } });
			local output = world.shell({ command = { "token", "explain", token, "names.example", room } });
			assert.equal(case[2], output:find("\nThe token is accepted.\n", 1, true) ~= nil, output);
			assert.truthy(output:find('found "'..case[1]..'"', 1, true), output);
			assert.truthy(case[2] or output:find('Set "room": "r%c3%a4ksm%c3%b6rg%c3%a5s"', 1, true), output);
		end
	end);

	it("is explained by its name, too, also where plain text is accepted", function ()
		local token = world.mint({ secret = secret, claims = { room = "ΣΑΣ", sub = "names.example" } });
		local said, answer = explained("names.example", token, "ΣΑΣ");
		assert.same({ false, "%cf%83%ce%b1%cf%82" }, { said, (suggestion(answer)) });
		token = world.mint({ secret = secret, claims = { room = "ΣΑΣ", sub = "texts.example" } });
		assert.is_true(explained("texts.example", token, "ΣΑΣ"));
	end);

	it("is the only one that such a claim opens", function ()
		local token = world.mint({ secret = secret, claims = { room = "My Room", sub = "texts.example" } });
		for _, name in ipairs({ "my%20room2", "my%2520room", "myroom", "my+room" }) do
			assert.is_false(enters("texts.example", token, name.."@conference.texts.example"), name);
			assert.is_false(explained("texts.example", token, name.."@conference.texts.example"), name);
		end
	end);

	it("may be entered by everybody where nothing verifies tokens", function ()
		local token = world.mint({ secret = secret, claims = { room = "planning", sub = "names.example" } });
		assert.is_true(enters("names.example", token, "bb747194@breakout-rooms.names.example"));
		assert.is_true(explained("names.example", token, "bb747194@breakout-rooms.names.example"));
	end);
end);
