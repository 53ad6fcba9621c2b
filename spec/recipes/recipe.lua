-- SPDX-License-Identifier: MIT
-- A page of docs/recipes whose blocks a spec really runs. The name of a block is the second word after its fence: ```sh token.
-- Differences from the page (paths, ports and names) are in the spec, as a table of texts to replace.

local world = require "spec.e2e.world";

local recipe = {};
recipe.__index = recipe;

local function plain(text)
	return (text:gsub("%p", "%%%0"));
end

-- Opens docs/recipes/NAME.md.
function recipe.open(name)
	local path = ("docs/recipes/%s.md"):format(name);
	local file = assert(io.open(path));
	local text = "\n"..file:read("a");
	file:close();
	local self = setmetatable({ path = path, text_of_page = text, blocks = {}, used = {}, here = {} }, recipe);
	for info, body in text:gmatch("\n```([^\n]+)\n(.-)\n```") do
		local language, label = info:match("^(%S+) ?(%S*)");
		assert(label ~= "", ("%s: a block of %s has no name"):format(path, language));
		assert(not self.blocks[label], ("%s: two blocks are called %s"):format(path, label));
		self.blocks[label] = body;
	end
	return self;
end

-- Replaces texts of the page from now on: { ["what the page has"] = "what is here" }. The longest ones come first.
function recipe:substitute(texts)
	for from, to in pairs(texts) do
		local found = false;
		for _, body in pairs(self.blocks) do
			found = found or body:find(from, 1, true) ~= nil;
		end
		assert(found, ("%s does not have the text that is to be replaced: %s"):format(self.path, from));
		table.insert(self.here, { from, to });
	end
	table.sort(self.here, function (a, b) return #a[1] > #b[1]; end);
end

-- The text of a block, as it is to be used here.
function recipe:text(label)
	local body = assert(self.blocks[label], ("%s has no block called %s"):format(self.path, label));
	self.used[label] = true;
	for _, pair in ipairs(self.here) do
		body = body:gsub(plain(pair[1]), (pair[2]:gsub("%%", "%%%%")));
	end
	return body;
end

-- Runs the commands of a block, and gives back what they print without its last line end.
function recipe:run(label)
	local done = world.run_commands({ text = self:text(label) });
	if done.status ~= 0 then
		error(("%s: the commands of %s end with status %d:\n%s%s"):format(self.path, label, done.status, done.output, done.errors), 2);
	end
	return (done.output:gsub("\n$", ""));
end

-- Like run(), for commands that print a token.
function recipe:token(label)
	return world.remember({ token = self:run(label) });
end

-- Whether a text holds each line of a block, in which "..." stands for anything. Line ends of the text count as spaces.
function recipe:shows(label, text)
	for line in self:text(label):gmatch("[^\n]+") do
		local pattern = plain(line:gsub("^%s+", "")):gsub("%s+", "%%s+"):gsub("%%%.%%%.%%%.", "[^\n]*");
		if not text:find(pattern) then
			error(("%s: %s has the line\n%s\nwhich is not in\n%s"):format(self.path, label, line, text), 2);
		end
	end
end

-- These blocks are not run, for a reason that the spec gives.
function recipe:leave_out(label, reason)
	assert(type(reason) == "string");
	self:text(label);
end

-- Fails if a block was not used.
function recipe:finish()
	for label in pairs(self.blocks) do
		assert(self.used[label], ("%s: nobody has tried the block %s"):format(self.path, label));
	end
end

-- What Prosody logged at info or above while `action` ran, and what that returned.
function recipe.log_of(action)
	return world.logged("main", action);
end

-- Logs in and enters a room. Returns "joined", or "refused" and what was logged, by whichever of the two it was.
function recipe.visit(login)
	local log, outcome = world.logged("main", function () return world.log_in(login); end);
	return outcome.entry and outcome.entry.outcome or outcome.outcome, log;
end

-- The lines that every recipe needs, from the page that each begins with a link to.
local function with_base(self, settings)
	assert(self.text_of_page:find("\n\n[^\n]*%(README%.md#the%-three%-lines%)"), self.path.." does not link to the lines that it needs");
	return recipe.open("README"):text("base").."\n"..(settings or "");
end

-- Starts a Prosody with Debian's configuration and, below conf.d, the lines that every recipe needs and `hosts`, from this page.
-- `more` may have a name and further settings, which only the test needs.
function recipe:start(hosts, more)
	for line in hosts:gmatch("[^\n]+") do
		assert(not line:find("^modules_enabled"), self.path.." replaces Debian's list of modules");
	end
	more = more or {};
	return world.start_prosody({ debian = true, name = more.name, hosts = hosts, settings = with_base(self, more.settings) });
end

-- Changes the configuration and has the server read it.
function recipe:reconfigure(hosts)
	world.configure({ hosts = hosts, settings = with_base(self) });
	world.shell({ command = { "config", "reload" } });
end

return recipe;
