-- SPDX-License-Identifier: MIT
-- What is wrong with a local folder of keys: names that are no hash of a kid, files that are no keys. Commands that it suggests name
-- the files that are there.

local token_verifier = require "token_verifier";
local causes = require "token_verifier.explain.causes";
local key_words = require "token_verifier.explain.key_words";
local plain_file = require "token_verifier.plugin.plain_file";
local quote = require "token_verifier.plugin.report".quote;
local texts = require "token_verifier.explain.explain_key_texts";

local max_files = 200; -- that are read
local max_length = 64 * 1024; -- of a key
local hashed = "^"..("[0-9a-f]"):rep(64).."%.pem$";

-- kids that people use in examples, whose hash with a line end is looked for
local usual_kids = { "jitsi", "default", "kid", "key", "key1", "key-1", "k1", "my-key", "my-kid", "main", "test", "jitsi/default",
	"jitsi/key1", "jitsi/my-key" };

local function load(path)
	local text = plain_file.read(path, max_length + 1);
	return token_verifier.key(text or "", { detail = true });
end

local function word(path)
	return key_words.shell_word(path) or "FILE";
end

-- A name of a file as people read it: whole, for it stands in commands too.
local function show(name)
	return #name < 256 and name:find("^[%w._-]+$") and '"'..name..'"' or quote(name);
end

local function join(folder, name)
	return (folder:gsub("/*$", "/"))..name;
end

-- The finding for a path that is a file.
local function of_file(path, kid)
	local folder, name = path:match("^(.*)/([^/]*)$");
	local set = key_words.option("asap_key_server", "file://"..folder);
	local _, _, _, facts = load(path);
	local fix;
	if name:find(hashed) then
		fix = ("Set %s."):format(set);
	elseif facts and (facts.kind == "jwk-set" or facts.kind == "certificate-map") then
		fix = ("Write its keys into a folder: token-verifier jwks-to-pem %s --dir %s; and set %s."):format(word(path), word(folder), set);
	elseif facts and facts.kind then
		local finding = texts.of_key(facts, { kid = kid or "", folder = folder, file = word(path) });
		fix = finding and ("%s; and set %s."):format(finding.fix, set);
	end
	if not fix then
		fix = ("Publish it under its kid: %s; and set %s."):format(key_words.publish(kid or "", folder, { file = word(path) }), set);
	end
	return causes.find("address-is-file", { address = path, wanted = fix });
end

local function rename(folder, name, wanted, what)
	return causes.find("folder-file-named", { found = show(name), what = what, file = wanted,
		wanted = ("mv %s %s"):format(word(join(folder, name)), word(join(folder, wanted))) });
end

local upper_case, no_ending, other_ending = "the hash is in upper case", "the ending .pem is missing", "the ending is not .pem";

-- In words what is wrong with a name that is the hash of the kid and a line end; nil if it is not.
local function line_end_of(name, kid)
	for _, line_end in ipairs({ "\n", "\r\n", " ", "\n\n" }) do
		if name == token_verifier.key_file_name(kid..line_end) then
			return "it is the hash of this kid with a line end, as echo adds one (use printf %s)";
		end
	end
	return nil;
end

-- Likewise of any name in the folder that was meant for the kid.
local function slip_of(name, kid)
	local wanted, line_end = token_verifier.key_file_name(kid), line_end_of(name, kid);
	if line_end then
		return line_end;
	elseif name:lower() == wanted then
		return upper_case;
	elseif name:lower():match("^%x+") == wanted:match("^%x+") and #name:match("^%x+") == 64 then
		return name == wanted:match("^%x+") and no_ending or other_ending;
	end
	return nil;
end

-- Whether a name is that of the kid: "k1.pem" or "k1".
local function is_plain_name(name, kid)
	return name == kid or name:match("^(.*)%.[^.]*$") == kid;
end

-- The finding for a kid that the folder has no file of; nil if nothing in it was meant for the kid.
local function of_kid(folder, kid)
	local wanted = token_verifier.key_file_name(kid);
	local names = plain_file.list(folder) or {};
	for _, name in ipairs(names) do
		local slip = slip_of(name, kid);
		if slip then
			return rename(folder, name, wanted, slip);
		end
	end
	for _, name in ipairs(names) do
		if is_plain_name(name, kid) then
			return causes.find("folder-file-by-kid", { found = show(name),
				wanted = key_words.publish(kid, folder, { file = word(join(folder, name)) }) });
		end
	end
	return nil;
end

local function stem_of(name)
	return name:match("^(.+)%.[^.]*$") or name;
end

-- Whether a file is a key whose name may be its kid, and that is not published.
local function is_unpublished(folder, name)
	local published = token_verifier.key_file_name(stem_of(name));
	return not plain_file.can_open(join(folder, published)) and load(join(folder, name)) ~= nil;
end

-- The finding for one name in a folder, of a kid that nobody knows; nil if it is good.
local function of_name(folder, name, kids)
	local hash, ending = name:match("^(%x+)(.*)$");
	if name:find(hashed) then
		for _, kid in ipairs(kids) do
			if line_end_of(name, kid) then
				local what = ("probably it is the hash of the kid %s with a line end, as echo adds one (use printf %%s)"):format(quote(kid));
				return rename(folder, name, token_verifier.key_file_name(kid), what);
			end
		end
	elseif hash and #hash == 64 then
		local what = hash:lower() ~= hash and upper_case or ending == "" and no_ending or other_ending;
		return rename(folder, name, hash:lower()..".pem", what);
	elseif hash and (#hash == 32 or #hash == 40 or #hash == 128) and (ending == "" or ending == ".pem") then
		return causes.find("folder-file-by-kid", { found = show(name).." (probably a hash by MD5, SHA-1 or SHA-512)",
			wanted = key_words.publish("", folder, { file = word(join(folder, name)) }) });
	elseif is_unpublished(folder, name) then
		return causes.find("folder-file-by-kid", { found = show(name),
			wanted = key_words.publish(stem_of(name), folder, { file = word(join(folder, name)) }) });
	end
	return nil;
end

-- The finding for the contents of a file with a good name; nil if they are good.
local function of_contents(folder, name)
	local key, warning, code, facts = load(join(folder, name));
	if key then
		return warning and causes.find("key-private", { command = key_words.publish(nil, folder) }) or nil;
	end
	facts = facts or {};
	facts.file = name;
	local finding = texts.of_key(facts, { folder = folder, kid = "" });
	if finding then
		return finding;
	end
	local row = facts.reason == "web-page" and "file-is-page" or facts.reason == "no-text" and "key-empty"
		or code ~= "malformed-key" and code or "key-no-key";
	return causes.find(row, { command = key_words.publish("", folder, { replaces = true }), file = word(join(folder, name)) });
end

-- Looks at a folder of which no kid is known. `kids` are those that might be meant. Returns a text about it, findings, and whether there
-- is a file that can be used.
local function look(folder, kids)
	local names = plain_file.list(folder);
	if not names then
		return "the folder cannot be listed", {}, true; -- it may be entered all the same
	end
	local all_kids, findings, good = table.move(usual_kids, 1, #usual_kids, #kids + 1, { table.unpack(kids) }), {}, 0;
	for _, name in ipairs(names) do
		all_kids[#all_kids + 1] = stem_of(name);
	end
	for i = 1, math.min(#names, max_files) do
		local name = names[i];
		local finding = of_name(folder, name, all_kids) or name:find(hashed) and of_contents(folder, name) or nil;
		findings[#findings + 1] = finding and { name = name, finding = finding } or nil;
		good = good + (name:find(hashed) and not (finding and finding.key ~= "key-private") and 1 or 0);
	end
	local texts_of = {};
	for i, item in ipairs(findings) do
		texts_of[i] = item.finding;
	end
	if #texts_of == 0 and good == 0 then
		texts_of[1] = causes.find("folder-empty", { found = #names == 0 and "it is empty" or ("none of its %d files has such a name")
			:format(#names), command = key_words.publish("", folder) });
	end
	return good == 1 and "the folder has one key" or ("the folder has %s keys"):format(good == 0 and "no usable" or good), texts_of, good > 0;
end

return { of_file = of_file, of_kid = of_kid, look = look };
