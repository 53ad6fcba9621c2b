-- SPDX-License-Identifier: MIT
-- Which room a text is: as Jitsi's page and its web server make it of an address.

require "spec.support.prosody";
local room_address = require "token_verifier.room_address";
local tv = require "token_verifier";

-- { text, name, tenant, website, host of the JID, problem }
local texts = {
	{ "planning", "planning" },
	{ "Planning", "planning" },
	{ "my room", "my%20room" },
	{ " planning ", "%20planning%20" },
	{ "Räksmörgås", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	{ "Ra\u{308}ksmo\u{308}rga\u{30a}s", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	{ "r%c3%a4ksm%c3%b6rg%c3%a5s", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	{ "R%C3%A4ksm%C3%B6rg%C3%A5s", "r%c3%a4ksm%c3%b6rg%c3%a5s" },
	-- a name is encoded first, so that the page removes only what that leaves
	{ "a+b:c&d=e", "a%2bb%3ac%26d%3de" },
	{ "it's (my) room!*", "its%20my%20room" },
	{ "a@b", "a%40b" },
	{ "Team @ 10.30", "team%20%40%2010.30" },
	{ "what? #1", "what%3f%20%231" },
	{ "100%", "100%25" },
	{ "100% a+b", "100%25%20a%2bb" },
	{ "a%2Bb", "a%2bb" },
	{ "a%2Bb+c", "a%2bbc" },
	{ "it%27s", "it's", nil, nil, nil, "name-refused" },
	{ "", nil, nil, nil, nil, "no-room" },
	{ "*", nil, nil, nil, nil, "name-unusable" },
	{ "\xff", nil, nil, nil, nil, "name-unusable" },
	{ ("a"):rep(1023), ("a"):rep(1023) },
	{ ("a"):rep(1024), nil, nil, nil, nil, "name-unusable" },
	{ ("a"):rep(100000), nil, nil, nil, nil, "name-unusable" },

	{ "https://meet.example.org/planning", "planning", nil, "meet.example.org" },
	{ "HTTPS://MEET.example.org./Planning", "planning", nil, "meet.example.org" },
	{ "https://ann:secret@meet.example.org:8443/planning?jwt=x#config.a=1", "planning", nil, "meet.example.org" },
	{ "https://meet.example.org:8443/acme/planning?x=a/b", "planning", "acme", "meet.example.org" },
	{ "  https://meet.example.org/plan\nning\r\n ", "planning", nil, "meet.example.org" },
	{ "org.jitsi.meet://meet.example.org/planning", "planning", nil, "meet.example.org" },
	{ "//meet.example.org/planning", "planning", nil, "meet.example.org" },
	{ "meet.example.org/planning", "planning", nil, "meet.example.org" },
	{ "meet.example.org:8443/Acme/planning", "planning", "acme", "meet.example.org" },
	{ "\n meet.example.org/planning ", "planning", nil, "meet.example.org" },
	{ " acme/planning\n", "planning", "acme" },
	{ " planning@conference.meet.example.org\n", "planning", nil, nil, "conference.meet.example.org" },
	{ "other.example.com/planning", "planning", nil, "other.example.com" },
	{ "förening.example.com/planning", "planning", nil, "förening.example.com" },
	{ "localhost:8443/planning", "planning", nil, "localhost" },
	{ "localhost/planning", "planning", nil, "localhost" },
	{ "https://meet.example.org", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org?x", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org/", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org/planning/", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org/planning/?x", nil, nil, "meet.example.org", nil, "no-room" },
	{ "meet.example.org", nil, nil, "meet.example.org", nil, "no-room" },
	{ "Meet.example.org", nil, nil, "meet.example.org", nil, "no-room" },
	{ "meet.example.org/", nil, nil, "meet.example.org", nil, "no-room" },
	{ "other.example.com", "other.example.com" },
	{ "https://meet.example.org/static/close3.html", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org/static", "static", nil, "meet.example.org" },
	{ "https://meet.example.org//planning", "planning", nil, "meet.example.org" },
	{ "https://meet.example.org/acme//planning", "planning", "acme", "meet.example.org" },
	{ "https://meet.example.org/x/../acme/./planning", "planning", "acme", "meet.example.org" },
	{ "https://meet.example.org/../planning", "planning", nil, "meet.example.org" },
	{ "https://meet.example.org/planning/..", nil, nil, "meet.example.org", nil, "no-room" },
	{ "https://meet.example.org/%2E%2e/planning", "planning", nil, "meet.example.org" },
	{ "https://meet.example.org\\acme\\planning", "planning", "acme", "meet.example.org" },
	{ "https://meet.example.org/acme/emea/planning", "planning", "emea", "meet.example.org" },
	{ "https://meet.example.org/my.tenant/planning", "planning", "my_tenant", "meet.example.org" },
	{ "https://meet.example.org/F%C3%B6rening/planning", "planning", "förening", "meet.example.org" },
	-- what a browser leaves, the page removes
	{ "https://meet.example.org/a+b", "ab", nil, "meet.example.org" },
	{ "https://meet.example.org/a:b", "ab", nil, "meet.example.org" },
	{ "https://meet.example.org/[a]b@c!$&'()*,;=d", "abcd", nil, "meet.example.org" },
	{ "https://meet.example.org/a%2Bb", "a%2bb", nil, "meet.example.org" },
	{ "https://meet.example.org/a\"<>|b", "a%22%3c%3e%7cb", nil, "meet.example.org" },
	{ "https://meet.example.org/%F6", "%25f6", nil, "meet.example.org" },
	{ "https://meet.example.org/a%2Fb", "a%2fb", nil, "meet.example.org" },
	{ "https://meet.example.org/+", nil, nil, "meet.example.org", nil, "name-unusable" },
	{ "https://meet.example.org/it%27s", "it's", nil, "meet.example.org", nil, "name-refused" },

	{ "acme/planning", "planning", "acme" },
	{ "Acme/EMEA/My%20Room", "my%20room", "emea" },
	{ "/planning", "planning" },
	{ "acme/", nil, nil, nil, nil, "no-room" },
	{ "[Acme]My room", "my%20room", "acme" },
	{ "Planning@Conference.Meet.Example.Org/Nick", "planning", nil, nil, "conference.meet.example.org" },
	{ "[Acme]planning@conference.meet.example.org", "planning", "acme", nil, "conference.meet.example.org" },
	{ "a+b!@conference.meet.example.org", "a+b!", nil, nil, "conference.meet.example.org" },
	{ "r%c3%a4ksm@conference.meet.example.org", "r%c3%a4ksm", nil, nil, "conference.meet.example.org" },
	{ "Räksm@conference.meet.example.org", "räksm", nil, nil, "conference.meet.example.org" }, -- by Prosody's own library
	{ "my room@conference.meet.example.org", "my room", nil, nil, "conference.meet.example.org", "name-refused" },
	{ "@conference.meet.example.org", "", nil, nil, "conference.meet.example.org", "no-room" },
};

describe("a room", function ()
	for _, case in ipairs(texts) do
		local text, name, tenant, site, host, problem = table.unpack(case, 1, 6);
		it(("that is written %q"):format(text:sub(1, 80)), function ()
			local found = room_address.read(text, "meet.example.org");
			assert.same({ name = name, tenant = tenant, site = site, host = host, problem = problem },
				{ name = found.name, tenant = found.tenant, site = found.site, host = found.host, problem = found.problem });
		end);
	end

	it("has a name that Prosody accepts, or is said to have none", function ()
		local nodeprep = require "util.encodings".stringprep.nodeprep;
		for byte = 1, 127 do
			local char = string.char(byte);
			if char ~= "@" and char ~= "/" then -- those end a name
				local found = room_address.read("x"..char.."x@conference.meet.example.org");
				assert.equal(nodeprep("x"..char.."x", true) == nil, found.problem == "name-refused", byte);
			end
		end
	end);

	it("is told to Prosody with the tenant as it is in the address", function ()
		assert.equal("my.tenant", room_address.read("https://meet.example.org/My.Tenant/planning").prefix);
		assert.equal("acme", room_address.read("[Acme]planning").prefix);
	end);

	it("has no tenant in a claim, which is a name", function ()
		assert.equal("acme%2fplanning", room_address.of_name("acme/planning"));
		assert.is_nil(room_address.of_name("***"));
	end);
end);

describe("page_room", function ()
	it("makes the name of a part of an address", function ()
		assert.equal("my%20room", tv.page_room("My Room"));
		assert.equal("%cf%83%ce%b1%cf%82+", tv.page_room("ΣΑΣ%2B"):gsub("%%2b", "+"));
	end);

	it("makes none of an empty text, of bytes that are not UTF-8, and of a text that is too long", function ()
		for _, text in ipairs({ "", "\xff", ("a"):rep(1024), ("%F0%9D%90%80"):rep(1024), ("ﷺ"):rep(1023) }) do
			assert.is_nil(tv.page_room(text));
		end
		assert.equal(("a"):rep(1023), tv.page_room(("%F0%9D%90%80"):rep(1023)));
	end);

	it("takes only a string", function ()
		assert.has_error(function () tv.page_room(5); end);
		assert.has_error(function () tv.page_room(); end);
	end);
end);
