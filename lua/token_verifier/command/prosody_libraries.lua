-- SPDX-License-Identifier: MIT
-- What the readers of options need of Prosody's libraries, for a machine or a moment without Prosody. Where these are loaded
-- already, they stay.

local preload = {};

preload["util.format"] = function ()
	-- Arguments of another type than the format wants are shown, as Prosody does.
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
	-- Of names in ASCII; others are left as they are.
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
