-- SPDX-License-Identifier: MIT
-- Runs cases as it is told on standard input: see bench/README.md, "Workers".

local worker = {};

worker.unsupported = "unsupported";
local warm_up = 20; -- calls before those that are timed

function worker.read_file(path)
	local file = assert(io.open(path, "rb"));
	local text = file:read("a");
	file:close();
	return text;
end

-- The key in one of its forms: secret, pem, jwk; nil if it has none such.
function worker.key(base, form)
	local file = io.open(base.."."..form, "rb");
	local text = file and file:read("a");
	if file then file:close(); end
	return text;
end

local function answer(word, text)
	io.stdout:write(word, text and "\t"..text or "", "\n");
	io.stdout:flush();
end

-- Nanoseconds of processor time that so many calls take.
local function time(case, calls)
	local call = case.call;
	for _ = 1, warm_up do
		call();
	end
	collectgarbage();
	local start = os.clock();
	for _ = 1, calls do
		if not call() then
			error("what was accepted at first no longer is, or the other way round");
		end
	end
	return ("%.0f"):format((os.clock() - start) * 1e9);
end

-- `kinds[kind](...)` makes a case of what follows in the line, or says why not: nil, reason. A case is a function that does
-- the work once and gives what is true if it came out as wanted; or a table with that as `call` and, as `once`, a function
-- that gives true and perhaps a remark, or false and the reason.
function worker.serve(version, kinds)
	local cases = {};
	for line in io.lines() do
		local fields = {};
		for field in line:gmatch("[^\t]+") do
			fields[#fields + 1] = field;
		end
		local command, name = fields[1], fields[2];
		if command == "version" then
			answer("ok", version);
		elseif command == "load" then
			local case, reason = kinds[fields[3]](table.unpack(fields, 4));
			cases[name] = type(case) == "function" and { call = case, once = case } or case;
			answer(case and "ok" or "no", not case and reason or nil);
		elseif command == "once" then
			local ok, remark = cases[name].once();
			answer(ok and "accepted" or "refused", type(remark) == "string" and remark or nil);
		elseif command == "run" then
			answer("ok", time(cases[name], tonumber(fields[3])));
		else
			error("not understood: "..line);
		end
	end
end

return worker;
