-- SPDX-License-Identifier: MIT
-- Commands and values that findings about keys suggest.

-- Quotes a text for a shell; nil if it is not safe to show at all.
local function shell_word(text)
	if text:find("^[%w._/:-]+$") then
		return text;
	elseif #text > 512 or text:find("[^\32-\126]") then
		return nil;
	end
	return "'"..text:gsub("'", "'\\''").."'";
end

-- The command that publishes a key. It has a placeholder without `folder`, and without `kid`: nil for a new key, "" for one whose kid
-- is not known. `more` may have the `file` of the key, and `replaces`, if there is a file of this kid already.
local function publish(kid, folder, more)
	local word = kid and kid ~= "" and #kid <= 128 and shell_word(kid);
	return ("token-verifier publish %s --kid %s --dir %s%s"):format(
		more and more.file or "PUBLIC-KEY.pem", kid and (word or "KID") or "NEW-KID", folder and shell_word(folder) or "FOLDER-OF-THE-KEYS",
		more and more.replaces and " --force" or "");
end

-- An option with a value as they stand in the configuration.
local function option(name, value)
	return ("%s = %q"):format(name, value):gsub("\\\n", "\\n");
end

return { shell_word = shell_word, publish = publish, option = option };
