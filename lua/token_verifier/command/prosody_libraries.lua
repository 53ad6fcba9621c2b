-- SPDX-License-Identifier: MIT
-- Replacements for the parts of Prosody's libraries that the readers of options need, for use without Prosody. Libraries that are
-- already loaded stay.

local preload = {};

preload["util.format"] = function ()
	-- Like Prosody's, it shows arguments whose type does not fit the format, instead of raising an error.
	local function format(text, ...)
		local ok, result = pcall(string.format, text, ...);
		if ok then
			return result;
		end
		local arguments, next_one = table.pack(...), 0;
		return (text:gsub("%%[^%a%%]*[%a%%]", function (specifier)
			if specifier == "%%" then
				return "%";
			end
			next_one = next_one + 1;
			return tostring(arguments[next_one]);
		end));
	end
	return { format = format };
end;

preload["util.encodings"] = function ()
	-- Only for ASCII; other characters are left unchanged.
	local function nameprep(name)
		return name:lower();
	end
	return { stringprep = { nameprep = nameprep } };
end;

preload["util.jid"] = function ()
	local function split(jid)
		local node, host = jid:match("^([^@/]+)@([^@/]+)");
		return node, host or jid:match("^([^@/]+)");
	end
	return { split = split };
end;

for name, loader in pairs(preload) do
	package.preload[name] = package.preload[name] or loader;
end

return true;
