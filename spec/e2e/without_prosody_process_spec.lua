-- SPDX-License-Identifier: MIT
-- Key fetches and their process, in plain Lua: slow DNS, a fork, and leaks after ten thousand fetches.

local gettime = require "socket".gettime;
local world = require "spec.e2e.world";

local cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;.*", "");
package.cpath = cpath..";"..package.cpath;

local nginx, bad;

lazy_setup(function ()
	nginx = world.start_nginx();
	bad = world.start_bad_server();
	world.new_key({ kid = "key", publish = { "nginx", "bad" } });
end);

lazy_teardown(world.close);

-- Starts a program of its own in lua5.4; the function that it gives back waits for its end, and gives back what the
-- program printed and the seconds it ran.
local programs = 0;
local function start(program, preload)
	programs = programs + 1;
	local path = world.write_file({ name = ("program%d.lua"):format(programs), text = program });
	local command = ("LUA_CPATH='%s;%s/?.so' LD_PRELOAD='%s' lua5.4 %s 2>&1; echo status $? $(date +%%s.%%N)"):format(
		cpath, world.folder(), preload or "", path);
	local started = gettime();
	local pipe = io.popen(command);
	return function ()
		local output, ended = pipe:read("a"):match("^(.*) (%S+)\n$");
		pipe:close();
		return output, tonumber(ended) - started;
	end;
end

local function run(...)
	return start(...)();
end

local patient; -- the end of a program that takes 25 s

describe("a name that takes 25 s to look up", function ()
	it("is given up in time, and does not delay the end of the program", function ()
		local preload = world.compile({ source = "slow_dns.c", name = "slow_dns.so" });
		local url = bad.url:gsub("127.0.0.1", "keys.slow.test");
		patient = start(([[
			local tv = require "token_verifier";
			local store = tv.keystore{ asap_key_server = "%s/good", timeout = 30, connect_timeout = 30, wait_limit = 30 };
			print(assert(store:get("key", true)):type());
		]]):format(url), preload);
		local output, seconds = run(([[
			local tv = require "token_verifier";
			local store = tv.keystore{ asap_key_server = "%s/good", timeout = 1 };
			local found, message, code = store:get("key", true);
			print(found, code, store:stats().fetches);
			store:close();
		]]):format(url), preload);
		assert.equal("nil\tkey-source-unavailable\t1\nstatus 0", output);
		assert.is_true(seconds > 0.9 and seconds < 15, ("%.2f s"):format(seconds));
	end);
end);

describe("a name with two addresses, of which the first does not answer", function ()
	it("is reached at the second, within the time that it takes to give up the first", function ()
		world.swallow({ address = "127.0.0.2" });
		local preload = world.compile({ source = "slow_dns.c", name = "two_dns.so" });
		local output = run(([[
			local tv = require "token_verifier";
			local store = tv.keystore{ asap_key_server = "%s/good", connect_timeout = 2, timeout = 5 };
			print(assert(store:get("key", true)):type());
		]]):format((bad.url:gsub("127.0.0.1", "keys.two.test"))), preload);
		assert.equal("RSA\nstatus 0", output);
	end);
end);

describe("a fork", function ()
	it("during a fetch leaves each process its own fetches", function ()
		world.compile({ source = "process.c", name = "process.so" });
		local output = run(([[
			local tv, process = require "token_verifier", require "process";
			local function in_time(store, kid)
				for _ = 1, 100 do
					tv.step(0.05);
					if store:get(kid, false) then
						return true;
					end
				end
				return false;
			end
			local store = tv.keystore{ asap_key_server = "%s/slow-500/fork" };
			assert(select(3, store:get("key", false)) == "key-pending");
			local _, running = tv.step(0.1);
			assert(running == 1);
			local fd = tv.pollfd();
			local pid = process.fork();
			if pid == 0 then
				process.leave(in_time(store, "key") and tv.pollfd() ~= fd and 7 or 8);
			end
			print(in_time(store, "key"), tv.pollfd() == fd, process.wait(pid));
		]]):format(bad.url));
		assert.equal("true\ttrue\t7\nstatus 0", output);
		assert.equal(2, #world.bad_requests({ part = "/fork/" })); -- one of each process
	end);
end);

describe("ten thousand fetches", function ()
	it("leave no descriptor, no thread and no memory behind", function ()
		local localhost = bad.url:gsub("127.0.0.1", "localhost");
		local output = run(([[
			local tv = require "token_verifier";
			local good = tv.keystore{ asap_key_server = "%s" };
			local function status(name)
				for line in io.lines("/proc/self/status") do
					if line:find("^" .. name) then
						return tonumber(line:match("%%d+"));
					end
				end
			end
			local function descriptors()
				local pipe = io.popen("ls /proc/$PPID/fd | wc -l");
				local count = tonumber(pipe:read("a"));
				pipe:close();
				return count;
			end
			local count = 0;
			local function fetch(store, kid, expected)
				store:forget(kid);
				local key, message, code = store:get(kid, true);
				assert((key and "key" or code) == expected, message);
				count = count + 1;
			end
			-- One fetch in ten is of a store of its own, which is closed again: new connections, refused ones, other failures.
			local odd = {
				{ "%s/good", "key" }, -- by its name, which a thread looks up
				{ "%s/status-500", "key-source-unavailable" }, { "%s", "key-source-unavailable" },
				{ "%s/garbage", "key-unusable" }, { "%s/reset", "key-source-unavailable" },
			};
			local function fetches(limit)
				local turn = 0;
				while count < limit do
					for _ = 1, 8 do
						fetch(good, "key", "key");
					end
					fetch(good, "nobody-" .. count, "key-not-found");
					turn = turn %% #odd + 1;
					local store = tv.keystore{ asap_key_server = odd[turn][1] };
					fetch(store, "key", odd[turn][2]);
					store:close();
				end
				collectgarbage();
				collectgarbage();
				return descriptors(), status("Threads"), status("VmRSS");
			end
			local function show(...)
				print(count, ...);
			end
			show(fetches(100));
			show(fetches(2000));
			show(fetches(10000));
		]]):format(nginx.url, localhost, bad.url, world.closed_url(), bad.url, bad.url));
		local few, more, many = {}, {}, {};
		for i, figures in ipairs({ few, more, many }) do
			local line = select(i, output:match("^(.-)\n(.-)\n(.-)\nstatus 0$"));
			assert.truthy(line, output);
			for number in line:gmatch("%d+") do
				figures[#figures + 1] = tonumber(number);
			end
		end
		for _, figures in ipairs({ few, more, many }) do
			world.note({ row = "fetches in plain Lua", number = figures[1], descriptors = figures[2], threads = figures[3],
				resident_kib = figures[4] });
		end
		-- Whether a connection that its server has just ended is closed here by then differs by one or two; what a fetch left would be
		-- hundreds.
		assert.is_true(many[2] <= few[2] + 3, output);
		assert.equal(1, many[3]);
		assert.is_true(many[1] >= 10000);
		-- 1,024 absences fill up in the first 10,240; what remains must be noise of the allocator.
		assert.is_true(many[4] - more[4] < 1024, output);
	end);
end);

it("a name that takes 25 s to look up is found by a caller that waits for it", function ()
	local output, seconds = patient();
	assert.equal("RSA\nstatus 0", output);
	assert.is_true(seconds > 24 and seconds < 30, ("%.2f s"):format(seconds));
end);
