-- SPDX-License-Identifier: MIT
-- What an operator sees of a real Prosody: the shell's commands, prosodyctl without a server, metrics and the dashboard.

local json = require "dkjson";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-operator-spec-0123456789";
local keys_url, configuration;

lazy_setup(function ()
	local nginx = world.start_nginx();
	keys_url = nginx.url;
	world.new_key({ kid = "first-key", publish = { "nginx" } });
	world.new_key({ kid = "second-key", publish = { "nginx" } });
	world.new_key({ kid = "stranger" });
	local started = world.start_prosody({
		settings = 'statistics = "internal"\nstatistics_interval = "manual"';
		hosts = world.host("keys.example", {
				asap_key_server = nginx.url, asap_accepted_issuers = { "issuer", "other" }, asap_accepted_audiences = { "meet" },
				allow_empty_token = true, modules_enabled = { "token_verifier", "http_openmetrics" },
			})
			..world.host("shared.example", { app_secret = secret });
	});
	configuration = started.log:gsub("%.log$", ".cfg.lua");
end);

lazy_teardown(world.close);

local function shell(...)
	return (world.shell({ command = { ... } }));
end

-- How often the key server was asked, or asked for one key.
local function requests(kid)
	return #world.requests({ kid = kid });
end

local function log_in(host, token)
	return world.log_in({ host = host, token = token });
end

local function has(text, ...)
	for _, part in ipairs({ ... }) do
		assert.truthy(text:find(part, 1, true), ("no %q in: %s"):format(part, text));
	end
end

local function bad_token()
	local now = os.time();
	return world.mint({ key = "first-key", claims = { iss = "somebody", iat = now - 15120, nbf = now - 15120, exp = now - 11520 } });
end

describe("token:explain", function ()
	it("shows each check of an invalid token, also after the first failure", function ()
		local token = bad_token();
		for _, output in ipairs({ shell("token", "explain", token, "keys.example"),
			shell(("token:explain(%q, %q)"):format(token, "keys.example")) }) do
			has(output, "As keys.example verifies tokens:",
				"configuration: warn: Option 'allow_empty_token' is on",
				'\nok    alg        found "RS256"; expected "RS256"\n',
				'\nok    key        kid "first-key" is RSA, 2048 bits, from '..keys_url.."\n",
				"\nok    signature  it is valid\n", "\nFAIL  exp        expired 3 h 12 min ago (", "), was valid for 1 h\n",
				'\n                 why: The token has expired.\n                 fix (token): Let the issuer make a new token',
				'\nFAIL  iss        iss is "somebody"; accepted: "issuer", "other"\n', '\nok    aud        found "meet"; expected "meet"\n',
				"The token is refused: expired: ");
			assert.is_nil(output:find(token:match("[^.]+$"), 1, true));
			assert.is_nil(output:find(token:match("%.(.-)%."), 1, true));
		end
	end);

	it("fetches a key that is not held, and accepts a good token", function ()
		has(shell("token", "explain", world.mint({ key = "second-key" }), "keys.example"), 'ok    key        kid "second-key" is RSA',
			"The token is accepted.");
		assert.equal(1, requests("second-key"));
	end);

	it("says what is unknown about a token whose key is missing", function ()
		has(shell("token", "explain", world.mint({ key = "stranger" }), "keys.example"), "\nFAIL  key        ",
			"\n--    signature  not checked, because of key\n", "The following claims are not proven, because the signature was not verified:",
			'\nok    iss        found "issuer"', "The token is refused: key-not-found: ");
	end);

	it("knows a host's shared secret and does not show it", function ()
		local output = shell("token", "explain", world.mint({ secret = secret }), "shared.example");
		has(output, "\nok    key        the shared secret\n", "The token is accepted.");
		assert.is_nil(output:find(secret, 1, true));
	end);

	it("takes the token from a file", function ()
		local path = world.write_file({ name = "token.txt", text = "Bearer "..world.mint({ secret = secret }).."\n" });
		has(shell("token", "explain", "@"..path, "shared.example"), "The token is accepted.");
	end);

	it("says how it is used", function ()
		has(shell("token:explain()"), 'usage: token:explain("token", "host", "room")');
		has(shell("token", "keys", "conference.keys.example"),
			'"conference.keys.example" takes no tokens; there is keys.example, shared.example');
	end);
end);

describe("the keys of a host", function ()
	it("are listed, forgotten and fetched again", function ()
		assert.equal("accepted", log_in("keys.example", world.mint({ key = "first-key" })).outcome);
		has(shell("token", "keys", "keys.example"), keys_url..":\n", '  "first-key"  RSA, 2048 bits  fetched ', " ago, fresh for ");
		local before = requests("first-key");
		has(shell("token", "forget", "first-key", "keys.example"), "forgotten");
		assert.is_nil(shell("token", "keys", "keys.example"):find("first-key", 1, true));
		has(shell("token", "forget", "first-key", "keys.example"), "nothing was known");
		assert.equal("accepted", log_in("keys.example", world.mint({ key = "first-key" })).outcome);
		assert.equal(before + 1, requests("first-key"));
	end);

	it("are fetched again on request", function ()
		assert.equal("accepted", log_in("keys.example", world.mint({ key = "first-key" })).outcome);
		local before = requests("first-key");
		has(shell("token", "refresh", "keys.example"), " fetched, 0 failed");
		assert.equal(before + 1, requests("first-key"));
		world.stop_nginx();
		has(shell("token", "refresh", "keys.example"), ", 2 failed");
		world.restart_nginx();
		-- For about a second a source that failed is left alone; what comes next counts on its being asked.
		for _ = 1, 50 do
			if shell("token", "refresh", "keys.example"):find(" 0 failed", 1, true) then
				return;
			end
			world.run({ seconds = 0.1 });
		end
		error("the key server is not asked again");
	end);

	it("are counted", function ()
		has(shell("token", "stats", "keys.example"), keys_url..":\n", "\n  fetches        ", "\n  failed_network 2\n");
	end);

	it("are none if a shared secret is used", function ()
		has(shell("token", "keys", "shared.example"), "shared.example has no source of keys: tokens are verified with a shared secret");
	end);
end);

describe("the module", function ()
	it("is unloaded and loaded with its commands", function ()
		shell("module", "unload", "token_verifier");
		assert.is_nil(shell("token", "keys", "keys.example"):find("held", 1, true));
		shell("module", "load", "token_verifier", "keys.example");
		has(shell("token", "keys", "keys.example"), "held");
	end);
end);

describe("prosodyctl mod_token_verifier explain", function ()
	local function control(arguments, text)
		local command = { "mod_token_verifier", table.unpack(arguments) };
		return world.prosodyctl({ command = command, text = text });
	end

	it("explains with the options of the configuration, with a matching exit status", function ()
		local done = control({ "explain", bad_token(), "keys.example" });
		has(done.output, "As keys.example verifies tokens:", "\nok    signature  it is valid\n", "\nFAIL  exp        expired 3 h 12 min ago (");
		assert.equal(1, done.status);
		done = control({ "explain", world.mint({ key = "first-key" }), "keys.example" });
		has(done.output, "The token is accepted.");
		assert.equal(0, done.status);
	end);

	it("takes the token from standard input or a file", function ()
		local token = world.mint({ secret = secret });
		local done = control({ "explain", "-", "shared.example" }, token.."\n");
		has(done.output, "The token is accepted.");
		assert.equal(0, done.status);
		local path = world.write_file({ name = "token.txt", text = token.."\n" });
		assert.equal(0, control({ "explain", "@"..path, "shared.example" }).status);
	end);

	-- The rows of an explanation, with what stands below them.
	local function rows_of(output)
		local rows = {};
		for line in output:gmatch("[^\n]+") do
			local is_row = line:find("^ok  ") or line:find("^WARN  ") or line:find("^FAIL  ") or line:find("^%-%-  ");
			if is_row or line:find("^      +[cwfnT]") then
				-- They are asked one after the other, and time goes on.
				rows[#rows + 1] = line:gsub("%d+ min%f[%W]", "T"):gsub("%d+ [dhs]%f[%W]", "T"):gsub("T T", "T");
			end
		end
		return table.concat(rows, "\n");
	end

	it("says the same as the shell and the command, which reads the configuration itself", function ()
		local now = os.time();
		for host, token in pairs({
			["keys.example"] = world.mint({
				key = "first-key", claims = { iss = "issuer/", sub = "conference.keys.example", exp = now - 86400 * 40 },
			}),
			["shared.example"] = world.mint({ secret = secret.."\n", claims = { aud = json.null, audience = "meet" } }),
		}) do
			local path = world.write_file({ name = "token-"..host, text = token.."\n" });
			local here = rows_of(control({ "explain", "@"..path, host, "planning" }).output);
			has(here, "\nFAIL  ", "                 why: ", "                 fix (token");
			assert.equal(here, rows_of(shell("token", "explain", "@"..path, host, "planning")));
			local pipe = io.popen(("bin/token-verifier explain --file %s --config %s --host %s --room planning 2>&1"):format(path,
				configuration, host));
			assert.equal(here, rows_of(pipe:read("a")));
			pipe:close();
		end
	end);

	it("agrees with check, which asks the key server of the same configuration", function ()
		local pipe = io.popen(("bin/token-verifier check --config %s 2>&1"):format(configuration));
		local output = pipe:read("a");
		assert.is_true(pipe:close(), output);
		has(output, "\nkeys.example:\n", "\nok    keys       "..keys_url..": it answers, and says 404", "\nshared.example:\n",
			"\nNothing is wrong.\n");
		assert.is_nil(output:find(secret, 1, true));
	end);

	it("says how it is used", function ()
		local done = control({ "explain" });
		has(done.output, "usage: prosodyctl mod_token_verifier explain TOKEN|@FILE|- [HOST [ROOM]]");
		assert.equal(2, done.status);
	end);

	it("says how to pass a file that it cannot read", function ()
		local done = control({ "explain", "@README.md", "shared.example" }); -- it has left the folder that it was called in
		has(done.output, "cannot read the token from README.md: No such file or directory. Prosody's user", ", or - and <FILE");
		assert.equal(2, done.status);
	end);

	it("says that a token is empty", function ()
		local done = control({ "explain", "", "shared.example" });
		has(done.output, "The token is refused: malformed-token: the token is empty");
		assert.equal(1, done.status);
	end);
end);

-- The metrics by what stands in front of the value, and the types by the names of the families.
local function scrape()
	local values, types = {}, {};
	for line in world.http({ path = "/metrics", host = "keys.example" }):gmatch("[^\n]+") do
		local family, kind = line:match("^# TYPE (%S+) (%S+)$");
		local name, value = line:match("^([^#]%S*) (%S+)$");
		if family then
			types[family] = kind;
		elseif name then
			values[name] = tonumber(value);
		end
	end
	return values, types;
end

local function metric(values, name, labels)
	return values[("prosody_mod_token_verifier__%s{%s}"):format(name, labels)] or 0;
end

describe("the metrics", function ()
	it("count each token once, though several plugins of a host verify tokens", function ()
		local before = scrape();
		log_in("keys.example", world.mint({ key = "first-key" }));
		log_in("keys.example", world.mint({ key = "first-key" }));
		log_in("keys.example", bad_token());
		log_in("keys.example", nil);
		world.log_in({ host = "shared.example", token = world.mint({ secret = secret, claims = { room = "a", sub = "shared.example" } }),
			enter = "b@conference.shared.example" });
		local values = scrape();
		local function grown(name, labels)
			return metric(values, name, labels) - metric(before, name, labels);
		end
		assert.equal(2, grown("tokens_accepted_total", 'host="keys.example"'));
		assert.equal(1, grown("tokens_refused_total", 'host="keys.example",code="expired"'));
		assert.equal(1, grown("guests_accepted_total", 'host="keys.example"'));
		assert.equal(1, grown("tokens_accepted_total", 'host="shared.example"'));
		assert.equal(1, grown("rooms_refused_total", 'host="shared.example",error="room-mismatch"'));
		assert.equal(3, grown("verification_seconds_count", 'host="keys.example"'));
		assert.is_true(grown("verification_seconds_sum", 'host="keys.example"') > 0);
	end);

	it("count the keys of each source once in the process, also when the module is reloaded", function ()
		local source = ('source="%s"'):format(keys_url);
		local failed = source..',reason="network"';
		local function fetches()
			return metric(scrape(), "key_fetches_total", source);
		end
		local before, asked_before = fetches(), requests();
		shell("module", "reload", "token_verifier");
		assert.equal(before, fetches());
		shell("token", "forget", "first-key", "keys.example");
		local known = scrape();
		log_in("keys.example", world.mint({ key = "first-key" }));
		assert.equal(before + 1, fetches());
		log_in("keys.example", world.mint({ key = "first-key" }));
		shell("token", "refresh", "keys.example");
		assert.equal(requests() - asked_before, fetches() - before);
		local values = scrape();
		assert.is_true(metric(values, "key_cache_hits_total", source) > metric(known, "key_cache_hits_total", source));
		assert.is_true(metric(values, "keys_held", source..',state="fresh"') >= 1);
		assert.equal(2, metric(values, "key_fetches_failed_total", failed));
		local function waits(suffix, labels)
			local name = "key_wait_seconds_"..suffix;
			labels = 'host="keys.example"'..(labels or "");
			return metric(values, name, labels) - metric(known, name, labels);
		end
		assert.equal(1, waits("count"));
		assert.equal(1, waits("bucket", ',le="+Inf"'));
		assert.is_true(waits("sum") > 0);
	end);
end);

local function read_document(name)
	local file = assert(io.open("docs/"..name, "rb"));
	local text = file:read("a");
	file:close();
	return text;
end

-- What is exported: metric -> set of its labels. The families of ours: name as shown -> type.
local function exported()
	local values, types = scrape();
	local metrics, families = {}, {};
	for name in pairs(values) do
		local metric_name, labels = name:match("^([%w_]+)(.*)$");
		metrics[metric_name] = metrics[metric_name] or {};
		for label in labels:gmatch("([%w_]+)=\"") do
			metrics[metric_name][label] = true;
		end
	end
	for family, kind in pairs(types) do
		if family:find("^prosody_mod_token_verifier__") then
			families[family] = kind;
		end
	end
	return metrics, families;
end

describe("the dashboard", function ()
	-- Every text that is asked of Prometheus: { what asks, the query }.
	local function queries()
		local list = {};
		local dashboard = assert(json.decode(read_document("grafana-dashboard.json")));
		for _, panel in ipairs(dashboard.panels) do
			for _, target in ipairs(panel.targets or {}) do
				list[#list + 1] = { panel.title, target.expr };
			end
		end
		for _, variable in ipairs(dashboard.templating.list) do
			if variable.type == "query" then
				list[#list + 1] = { variable.name, variable.query.query };
				assert.equal(variable.query.query, variable.definition);
			end
		end
		return list;
	end

	-- The labels that a query asks a metric for. `by (...)` counts for every metric in the query.
	local function labels_of(query, selector)
		local labels = {};
		for label in selector:gmatch("([%w_]+)%s*[=!]") do
			labels[#labels + 1] = label;
		end
		for list in query:gmatch("by %(([^)]*)%)") do
			for label in list:gmatch("[%w_]+") do
				labels[#labels + 1] = label;
			end
		end
		labels[#labels + 1] = query:match("^label_values%(.*, ([%w_]+)%)$");
		return labels;
	end

	it("uses only exported metrics, and all of them", function ()
		log_in("keys.example", bad_token()); -- a counter with a label is there once it has counted
		local metrics, families = exported();
		local asked, count = {}, 0;
		for _, query in ipairs(queries()) do
			for name, selector in query[2]:gmatch("(prosody_[%w_]+)({?[^}]*}?)") do
				count = count + 1;
				assert.truthy(metrics[name], ("%s asks for %s, which is not exported"):format(query[1], name));
				for _, label in ipairs(labels_of(query[2], selector:sub(1, 1) == "{" and selector or "")) do
					assert.truthy(metrics[name][label], ("%s asks %s for the label %s"):format(query[1], name, label));
				end
				asked[name] = true;
			end
		end
		assert.is_true(count > 20, "only "..count.." metrics were found in the queries");
		for family, kind in pairs(families) do
			local name = ({ counter = family.."_total", histogram = family.."_bucket", summary = family.."_count", gauge = family })[kind];
			assert.truthy(asked[name], name.." is exported, and not on the dashboard");
		end
	end);

	it("shows quantiles only of histograms, and rates only of counters", function ()
		local _, families = exported();
		for _, query in ipairs(queries()) do
			for name in query[2]:gmatch("rate%((prosody_[%w_]+)") do
				local family = name:gsub("_total$", ""):gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "");
				assert.truthy(families[family] and families[family] ~= "gauge", query[1]);
				assert.not_equal(family, name, query[1]);
			end
			for name in query[2]:gmatch("(prosody_[%w_]+_total)") do
				assert.truthy(query[2]:find("rate("..name, 1, true) or query[2]:find("^label_values"), query[1]);
			end
		end
	end);
end);

describe("the list of metrics in the documentation", function ()
	it("has each of them with its type and labels, and no other", function ()
		local metrics, families = exported();
		local listed = {};
		for name, kind, labels in read_document("operating.md"):gmatch("\n| `([%w_]+)` | (%l+) | ([^|]+) |") do
			local family = "prosody_mod_token_verifier__"..name:gsub("_total$", "");
			listed[family] = true;
			assert.equal(families[family], kind, name);
			local shown = metrics[family..(({ histogram = "_bucket", summary = "_count", counter = "_total" })[kind] or "")];
			local count = 0;
			for label in labels:gmatch("`([%w_]+)`") do
				count = count + 1;
				assert.truthy(shown[label], name.." has no label "..label);
			end
			for label in pairs(shown) do
				count = count - (label ~= "le" and 1 or 0);
			end
			assert.equal(0, count, name);
		end
		for family in pairs(families) do
			assert.truthy(listed[family], family.." is not in docs/operating.md");
		end
	end);
end);
