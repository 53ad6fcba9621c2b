-- SPDX-License-Identifier: MIT
-- docs/recipes/tenants.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("tenants", function ()
	local page = recipe.open("tenants");
	local focus;
	local opened = {};

	lazy_setup(function ()
		local etc = world.make_folder({ name = "etc" });
		page:substitute({ ["/etc/prosody"] = etc, ["chown prosody:"] = ": chown prosody:" });
		page:run("secret");
		page:run("keys");
		world.run_commands({ text = page:text("keys"):gsub("acme", "globex") });
		page:start(page:text("house").."\n"..page:text("issuers").."\n"..page:text("hosts")
			..'\nVirtualHost "auth.meet.example.org"\n\tauthentication = "internal_hashed"\n\tmodules_enabled = { "websocket" }\n',
			{ settings = 'admins = { "focus@auth.meet.example.org" }' });
		-- Who opens the rooms of a Jitsi Meet server.
		world.shell({ command = { "user", "create", "focus@auth.meet.example.org", "a-password" } });
		focus = world.begin({ host = "auth.meet.example.org", username = "focus", password = "a-password" });
		world.outcome({ client = focus });
	end);

	lazy_teardown(world.close);

	local function sign(arguments)
		local output = world.run_commands({ text = "token-verifier sign --aud jitsi "..arguments }).output;
		return world.remember({ token = assert(output:match("%S+")) });
	end

	local function visit(token, tenant, room)
		local address = (tenant and "["..tenant.."]" or "")..room.."@conference.meet.example.org";
		if not opened[address] then
			world.enter({ client = focus, room = address });
			opened[address] = true;
		end
		return recipe.visit({ host = "meet.example.org", token = token, prefix = tenant or "", enter = address });
	end

	it("of one deployment have their own rooms", function ()
		local token = page:token("token");
		assert.equal("joined", (visit(token, "acme", "planning")));
		assert.equal("refused", (visit(token, "acme", "finance")));
		assert.equal("refused", (visit(token, nil, "planning")));
		local outcome, log = visit(token, "globex", "planning");
		assert.equal("refused", outcome);
		page:shows("refused", log);
	end);

	-- { sub, room, tenant asked for, room asked for, outcome }: the page's table.
	for _, case in ipairs({
		{ "acme", "'*'", "acme", "finance", "joined" }, { "acme", "'*'", "globex", "finance", "refused" },
		{ "meet.example.org", "'*'", nil, "finance", "joined" }, { "meet.example.org", "'*'", "acme", "finance", "refused" },
		{ "'*'", "planning", "globex", "planning", "joined" }, { "'*'", "planning", "globex", "finance", "refused" },
	}) do
		local sub, claim, tenant, room, expected = table.unpack(case, 1, 5);
		it(("have rooms by sub %s and room %s: %s's %s"):format(sub, claim, tenant or "nobody", room), function ()
			local token = sign(("--secret-file etc/token-secret --iss my-app --sub %s --room %s"):format(sub, claim));
			local outcome, log = visit(token, tenant, room);
			assert.equal(expected, outcome, log);
		end);
	end

	it("with their own keys cannot sign as another issuer, but can sign for another tenant's rooms", function ()
		local function log_in(iss, sub)
			return recipe.visit({ host = "shared.example.org", token = sign(("--key acme.private.pem --kid acme --iss %s --sub %s --room '*'")
				:format(iss, sub)) });
		end
		assert.equal("accepted", (log_in("acme", "acme")));
		local outcome, log = log_in("globex", "globex");
		assert.equal("refused", outcome);
		page:shows("bound", log);
		assert.equal("accepted", (log_in("acme", "globex"))); -- what the page warns of
	end);

	it("with their own hosts cannot sign for another host", function ()
		local function enter(party, host, iss, at)
			local token = sign(("--key %s.private.pem --kid %s --iss %s --sub '*' --room '*'"):format(party, party, iss or party));
			return recipe.visit({ host = (at or host)..".example.org", token = token, enter = "room@conference."..host..".example.org" });
		end
		assert.equal("joined", (enter("acme", "acme")));
		assert.equal("joined", (enter("globex", "globex")));
		assert.equal("refused", (enter("acme", "globex")));
		assert.equal("refused", (enter("acme", "globex", "globex")));
		local outcome, log = enter("acme", "globex", "acme", "acme");
		assert.equal("refused", outcome);
		page:shows("elsewhere", log);
	end);

	it("run every example of their page", function ()
		page:finish();
	end);
end);
