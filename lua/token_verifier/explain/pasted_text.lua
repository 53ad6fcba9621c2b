-- SPDX-License-Identifier: MIT
-- Finds the token in what people paste: an address, JSON, a header, a log line, a wrapped copy. Says where it was found, what was
-- left out, and whether a server that gets the text as it was pasted refuses it.

local token_verifier = require "token_verifier";
local characters = require "token_verifier.explain.pasted_characters";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local header_of = require "token_verifier.plugin.report".header_of;
local names_of_marks = characters.names_of_marks;
local name_text = require "token_verifier.explain.not_a_token".name;

-- Limits of size and of effort: what is looked at, how often, and how far around a token.
local max_length = 64 * 1024;
local max_tokens, max_tries, max_joins, max_pieces = 16, 200, 16, 4096;
local max_levels = 3; -- of percent-encoding
local max_before, max_lead, max_header = 4096, 200, 12 * 1024;

-- Whether the & in front of jwt= is written as in HTML or JSON.
local function has_escaped_separator(text)
	for _, escape in ipairs({ "&amp;jwt=", "&#38;jwt=", "&#x26;jwt=", "\\u0026jwt=", "\\x26jwt=" }) do
		if text:find(escape, 1, true) then
			return true;
		end
	end
	return false;
end

-- The lengths that a signature of this algorithm may have, in characters of base64url; nil if they are not known.
local function lengths_of(header)
	local row = type(header.alg) == "string" and token_verifier.algorithms[header.alg];
	if not row then
		return nil;
	elseif row.key_type == "RSA" then
		return { [342] = true, [512] = true, [683] = true, [1366] = true };
	elseif row.signature_size then
		return { [(row.signature_size * 4 + 2) // 3] = true };
	end
	return { [86] = true, [152] = true };
end

local function count_dots(text)
	return select(2, text:gsub("%.", ""));
end

-- Joins the pieces of a token that was wrapped, from `first` on. Returns the token, the position behind it, and the characters
-- between the pieces; nil if no whole token comes out.
local function join(text, first)
	local pieces, junk, at, dots, tail = {}, {}, first, 0, 0;
	local lengths, wanted, only_lines = nil, 2, true;
	for _ = 1, max_pieces do
		local piece, after = text:match("^([%w_.-]+)()", at);
		if not piece then
			break;
		end
		pieces[#pieces + 1], at = piece, after;
		local had = dots;
		dots = dots + count_dots(piece);
		tail = dots > had and #piece:match("[^.]*$") or tail + #piece;
		if had == 0 and dots > 0 then
			local head = table.concat(pieces):match("^[^.]*");
			local header = #head <= max_header and header_of(head);
			if not header then
				return nil;
			end
			lengths, wanted = lengths_of(header), header.enc and 4 or 2;
		end
		if dots > wanted then
			return nil;
		elseif dots == wanted and lengths and lengths[tail] then
			return table.concat(pieces), at, table.concat(junk);
		end
		local between, next_at = text:match("^([%s\1-\6\\=>|\"'+]+)()", at);
		if not between or #between > 64 or not between:find("[%s\1-\6]") or not text:find("^[%w_.-]", next_at) then
			break;
		end
		only_lines = only_lines and between:find("[\n\1-\6]") ~= nil;
		junk[#junk + 1], at = between, next_at;
	end
	if dots ~= wanted or not only_lines or #junk == 0 then
		return nil;
	end
	return table.concat(pieces), at, table.concat(junk);
end

-- Whether the first part of a token begins as a header does; the rest of it may be missing.
local function begins_as_header(part)
	local text = encodings.base64_decode(part:sub(1, #part - #part % 4):sub(1, 256));
	return text ~= nil and text:find('^{%s*"[%w_]+"') ~= nil;
end

-- The end of the text without the dots of a sentence, and with what else stands in the word if the token is damaged.
local function chain_at(text, first, header)
	local chain = text:match("^[%w_.-]+", first);
	local wanted = header.enc and 4 or 2;
	local dots = count_dots(chain);
	if dots == wanted + 1 and chain:find("[^.]%.$") then
		chain, dots = chain:sub(1, -2), wanted;
	end
	local tail, lengths = #chain:match("[^.]*$"), lengths_of(header);
	if dots == wanted and lengths and not lengths[tail] and lengths[#chain:match("[^.]*$"):gsub("[_-]+$", "")] then
		chain = chain:gsub("[_-]+$", ""); -- Markdown, or the end of a comment in HTML
		tail = #chain:match("[^.]*$");
	end
	local follows = text:match("^=*[^%s\1-\6\"'`<>&#,;:%%)%]}~\\|]*", first + #chain);
	local is_whole = dots == wanted and (not lengths or lengths[tail] or tail > 86 and lengths[342] ~= nil);
	return chain, is_whole and not follows:find("^=+$"), follows;
end

-- Orders the tokens of a text: the names that people give to the token for Jitsi first, what is not whole last.
local ranks = { jwt = 1, id_token = 2, token = 3, access_token = 4, id_token_hint = 6, refresh_token = 7 };

-- The token at `first`, or nil. `effort` counts what was tried.
local function token_at(text, first, effort)
	local part, after = text:match("^([%w_-]+)()", first);
	local header = #part <= max_header and header_of(part);
	local found;
	if header then
		local chain, is_whole, follows = chain_at(text, first, header);
		found = { token = chain, after = first + #chain, header = header, state = is_whole and (header.enc and 2 or 0) or 4 };
		if not is_whole and follows ~= "" then
			found.token, found.state = chain..follows, 5;
			found.after = found.after + #follows;
		end
	elseif not (first > 1 and text:find("^[%w_.-]", first - 1)) and (text:find("^[^.]", after) or after > #text) then
		found = begins_as_header(part) and { token = text:match("^[%w_.-]+", first), state = 6 } or nil;
	else
		return nil;
	end
	if (not found or found.state >= 4) and effort.joins < max_joins then
		effort.joins = effort.joins + 1;
		local token, behind, junk = join(text, first);
		if token and #junk > 0 then
			return { token = token, after = behind, junk = junk, header = header or header_of(token:match("^[^.]*")), state = 0 };
		end
	end
	if found and not found.after then
		found.after = first + #found.token;
	end
	return found;
end

-- The quotes, brackets, blanks and words directly in front of a token. Returns what stands before them, and them.
local function split_lead(before)
	local rest, bearer = before:sub(-max_lead), false;
	local length = #rest;
	for _ = 1, 24 do
		local stripped = rest:gsub("[%s\1-\6\"'`<(%[{*_\\]+$", "");
		local code = stripped:match("%%[25]*(%x%x)$");
		if code and code:lower() ~= "3d" and code ~= "26" and code ~= "3F" then
			stripped = stripped:gsub("%%[25]*%x%x$", "");
		elseif stripped ~= rest and rest:find("[\"']$") and stripped:find("%f[%w][bBuUrRfF]$") then
			stripped = stripped:sub(1, -2);
		elseif stripped:lower():find("%f[%a]bearer[+:]?$") then
			stripped, bearer = stripped:gsub("%a+[+:]?$", ""), true;
		elseif stripped:find("=3D$") then -- quoted-printable
			stripped = stripped:sub(1, -3);
		end
		if stripped == rest then
			break;
		end
		rest = stripped;
	end
	return before:sub(1, #before - length + #rest), before:sub(#before - length + #rest + 1), bearer;
end

-- Where a token stands: { name, kind, lead, bearer, fragment, level }. `level`: how often the address is percent-encoded itself.
local function place_of(text, first)
	local before = text:sub(math.max(1, first - max_before), first - 1);
	local rest, lead, bearer = split_lead(before);
	local level = 0;
	while level < max_levels and (rest:sub(-8):find("%%[25]*3[Dd]$")) do
		before, level = encodings.url_decode(before), level + 1;
		rest, lead, bearer = split_lead(before);
	end
	local place = { lead = lead, bearer = bearer, level = level };
	local tail = rest:sub(-max_lead);
	local word, sign = tail:match("([%w_.%[%]-]+)%s*([=:])>?%s*$");
	if tail:find("[\"']%s*[=:]>?%s*$") then
		word, sign = tail:match("([%w_.-]+)[\"']%s*[=:]>?%s*$"), "member";
	end
	if word and sign == "=" and tail:find("[?&#]"..word:gsub("%p", "%%%0").."=$") then
		local address = rest:match("%S*$");
		local hash = address:find("#", 1, true);
		place.name, place.kind = word, "address";
		place.fragment = hash ~= nil and not address:find("?", hash, true);
	elseif word then
		local line = rest:match("[^\n]*$");
		place.name, place.kind = word, sign == "member" and "member" or sign == "=" and line:find("[Cc]ookie%s*:") and "cookie"
			or sign == ":" and (word:find("%u%l+") or bearer) and "header" or "variable";
	elseif tail:find("[Aa]uthorization[\"']?%s*[:=]%s*[\"']?%a+%s*$") then
		place.name, place.kind = "Authorization", "header";
	end
	return place;
end

-- Adds the tokens of a text to `list`, each once. `level` says how often the text was percent-decoded.
local function scan(text, level, list, seen, effort)
	local from, anchor = 1, 1; -- the header of most tokens begins with these two letters
	while #list < max_tokens and effort.tries < max_tries do
		local first, last = text:find("[%w_.-]+", from);
		if not first then
			return;
		end
		local at, found = first, nil;
		while not found and at <= last and effort.tries < max_tries do
			if text:find("^ey[A-DI-L]", at) or text:find("^ew[k-r0-3]", at) or text:find("^e3[0-3]", at) then
				effort.tries = effort.tries + 1;
				found = token_at(text, at, effort);
			end
			if not found then
				if anchor <= at then
					anchor = text:find("e[yw]", at + 1) or #text + 1;
				end
				at = anchor;
			end
		end
		from = found and found.after or last + 1;
		if found and not seen[found.token] then
			seen[found.token], list[#list + 1] = true, found;
			found.place, found.text, found.level = place_of(text, at), text, level;
			found.first, found.order = at, #list;
			found.rank = (ranks[(found.place.name or ""):lower()] or 5) + 10 * found.state;
		end
	end
end

-- All tokens of a text, the best first, and the text after each percent-decoding.
local function tokens_of(text)
	local list, seen, effort = {}, {}, { tries = 0, joins = 0 };
	local levels = { [0] = text };
	for level = 0, max_levels do
		scan(levels[level], level, list, seen, effort);
		local has_whole = false;
		for _, found in ipairs(list) do
			has_whole = has_whole or found.state < 4;
		end
		local decoded = levels[level]:find("%%%x%x") and encodings.url_decode(levels[level]);
		if has_whole or not decoded then
			break;
		end
		levels[level + 1] = decoded;
	end
	table.sort(list, function (one, other)
		return one.rank < other.rank or one.rank == other.rank and one.order < other.order;
	end);
	return list, levels;
end

-- Whether something follows the token as in an SD-JWT, and not as in Markdown.
local function has_disclosures(found)
	return found.text:find("^~[%w_-]", found.after) or found.text:find("^~%f[^~]", found.after) and not found.place.lead:find("~$")
		and not found.text:find("^~", found.first - 1) and not found.text:find("^~~", found.after);
end

-- How Jitsi's page, or the server, reads the token of an address that was pasted: the finding why it is refused, or nil.
local function fault_of(found, levels)
	local place = found.place;
	local name = place.name:lower();
	if name ~= "jwt" and name ~= "token" then
		return nil;
	end
	local level = found.level - place.level;
	for below = 0, found.level - 1 do -- the address may have been readable before the token was
		if levels[below]:find("[?&#]"..name.."=") then
			level = found.level - below;
			break;
		end
	end
	local lead, trail = place.lead:gsub("[\n\r]", ""), found.text:match("^[\"%%][^%s&#<>']*", found.after) or "";
	local named = { name = place.name };
	if name == "jwt" and place.name ~= "jwt" then
		return find("link-parameter-case", named);
	elseif place.bearer then
		return find("link-bearer", named);
	elseif place.fragment and name == "jwt" then
		local decoded = place.level == 0 and encodings.url_decode(lead) or lead;
		local good = decoded:find('^%s*\\?"%s*$') and encodings.url_decode(trail):find('^\\?"');
		return not good and find(lead:find("^%s*$") and "hash-without-quotes" or "hash-not-json")
			or level > 2 and find("link-encoded-twice", named) or nil;
	elseif lead:find("[\"'`]") or lead:find("%%[25]*2[27]") then
		return find("link-quoted", named);
	elseif lead:find("%S") or trail:find("^%%") or has_disclosures(found) or (found.junk or ""):find("[\1-\6]") then
		return find("link-other-characters", named);
	end
	return level >= 2 and find("link-encoded-twice", named) or nil;
end

-- Whether both tokens are values of the same parameter of one address, and `other` is behind `found`.
local function repeats(found, other)
	return found.place.kind == "address" and other.place.kind == "address" and found.place.name == other.place.name
		and found.text == other.text and found.first < other.first
		and not found.text:sub(found.after, other.first - 1):find("[%s<>`]");
end

-- Jitsi's page and Prosody take the last of several parameters with the same name; what follows # counts only if it can be read.
-- Returns the token that they take, and whether there was a choice.
local function last_of_address(found, list, levels)
	local chosen = found;
	for _, other in ipairs(list) do
		if other.state < 4 and repeats(chosen, other) and (not other.place.fragment or chosen.place.fragment or not fault_of(other, levels)) then
			chosen = other;
		end
	end
	return chosen, chosen ~= found;
end

-- The finding that a later parameter of the same address has no token, or a damaged one, as value; or nil.
local function fault_of_later(found)
	local name = found.place.name:gsub("%p", "%%%0");
	local rest = found.text:match("^[^%s\"'<>`#]*", found.after);
	local value = rest:match(".*&"..name.."=([^&]*)");
	if not value or encodings.url_decode(value):find(found.token, 1, true) then
		return nil;
	end
	return find("link-parameter-twice", { name = found.place.name });
end

local place_words = {
	address = "in the parameter %q of an address", member = "in the member %q of JSON", cookie = "in the cookie %q",
	header = "in the header %q", variable = "as the value of %q",
};

-- Where a token was found, in words. Only what is surely a name is shown.
local function place_in_words(place)
	local name = place.name;
	if not name or not name:find("^[%a][%a_.-]*$") or #name > 40 then
		return "in a longer text";
	end
	return place_words[place.kind]:format(name);
end

local reasons = {
	jwt = "Jitsi's page reads this parameter", id_token = "an ID token says who the user is; an access token is for the provider's own APIs",
	token = "its name says so", access_token = "it is for this purpose more likely than the others",
};

-- Whether a text is an address with a query that may be that of a room, and not one of Prosody's own.
local function may_be_room(text)
	local path = text:match("^%s*https?://([^?#%s]*)%?");
	return path ~= nil and not path:find("^jwt%.") and not path:find("/http-bind", 1, true) and not path:find("/xmpp-websocket", 1, true);
end

-- Adds the findings about a text whose token was found.
local function describe(result, found, list, raw, text, levels)
	local place, findings = found.place, result.findings;
	local function add(...)
		findings[#findings + 1] = find(...);
	end
	local behind = found.text:sub(found.after, found.after + 63);
	local outside = text:sub(1, found.first - 1):find("%S") or found.text:find("%S", found.after);
	local junk = found.junk or "";
	local around = place.lead:match("[%s\1-\6]*$")..behind:match("^[%s\1-\6]*");
	local is_alone = not place.name and not found.text:sub(1, found.first - #place.lead - 1):find("%S")
		and not found.text:find("[^%s\1-\6\"'`>)%]}*_.,;:!?]", found.after);
	if place.kind == "address" then
		result.refused = fault_of(found, levels) or fault_of_later(found);
		if has_escaped_separator(raw) then
			add("address-escaped");
		end
		if place.name == "token" and may_be_room(found.text) then
			add("link-token-parameter");
		end
	elseif found.level > 0 then
		add("url-encoded-token");
	end
	if place.bearer and (place.name or ""):lower() ~= "authorization" and not result.refused then
		add("bearer-prefix");
	end
	if is_alone and place.lead:find("%f[%w][bB][\"']") then
		add("python-bytes");
	elseif is_alone and place.lead:find("[\"'`<]") then
		add("quoted-token");
	end
	if names_of_marks(junk) or is_alone and names_of_marks(around) then
		add("invisible-characters", { names = names_of_marks(junk..around) });
	end
	if junk:find("%s") then
		add("line-breaks");
	elseif not findings[1] and is_alone and around:find("[%s]") and #around > 1 then
		add("blanks-around");
	end
	if not junk:find("[%s\1-\6]") and not raw:find(found.token, 1, true) and raw:find("\226[\128\136][\144-\148\146]") then
		add("dash-in-token");
	end
	if has_disclosures(found) then
		add("selective-disclosure");
	end
	if (place.name or ""):lower() == "refresh_token" then
		add("refresh-token");
	end
	local whole = 0;
	for _, one in ipairs(list) do
		whole = whole + (one.state < 4 and 1 or 0);
	end
	if whole > 1 then
		local reason = found.is_last and "it is there more than once, and the last one counts" or reasons[(place.name or ""):lower()];
		add("several-tokens", { count = whole, place = reason and place_in_words(place) or "that comes first",
			reason = reason or "no name tells which one is meant" });
	elseif not findings[1] and not result.refused and outside then
		add("token-found", { place = is_alone and "with other characters around it" or place_in_words(place) });
	end
end

-- What stands where a token is expected in a text without one, and of which kind the text is ("address", "variable" or nil).
local function value_of(text)
	local value, of = text, nil;
	for _, name in ipairs({ "jwt", "token", "id_token", "access_token" }) do
		local inside = text:match("[?&#]"..name.."=([^&#%s\"'<>]*[^&#%s\"']*)");
		if inside then
			value, of = encodings.url_decode(encodings.url_decode(inside)), "address";
			break;
		end
	end
	for _ = 1, 4 do
		local inner = value:match("^[Aa]uthorization:(.*)$") or value:match("^[Bb][Ee][Aa][Rr][Ee][Rr]%f[%A][%s:+]*(.*)$")
			or value:match('^[bu]?"([^"]*)"[,;]?$') or value:match("^[bu]?'([^']*)'[,;]?$") or value:match("^`([^`]*)`$");
		local name, rest = value:match("^([%a_][%w_ .-]*)[=:]%s*(.*)$");
		local is_name = name and #name <= 60 and not rest:find("^//") and not rest:find("^>") and not rest:find("^%d+/")
			and (rest ~= "" or not name:find("%l") or name:lower():find("token") or name:lower():find("jwt")); -- and not base64
		if not inner and not of and is_name then
			inner, of = rest:gsub(";$", ""), "variable";
		end
		if not inner then
			break;
		end
		value = inner:match("^%s*(.*)$");
	end
	return value, of;
end

-- Trims blanks. The end is searched backwards: the pattern "%s*$" is slow on many blanks.
local function trim(text)
	local first = text:match("^%s*()");
	local last = #text - text:reverse():match("^%s*()") + 1;
	return text:sub(first, last);
end

-- Finds the token in a text. Returns { token, findings, refused, named }. `findings`: what was left out, and where the token was
-- found; empty if the text is a token, or one with a line end. `refused`: the finding why a server that gets the text as it was
-- pasted refuses the token in it, or nil. `named`: the finding that says what the text is if it contains no token, or nil.
local function read(raw)
	local result = { findings = {} };
	if #raw > max_length then
		result.token, result.named = trim(raw), find("text-too-long");
		return result;
	end
	result.token = raw:gsub("\r?\n$", "");
	if result.token:find("^[%w_-]+%.[%w_-]+%.[%w_-]*$") and result.token:find("^e[yw3][%uk-r0-3]") then
		return result;
	end
	local text = raw;
	local converted = characters.from_utf16(raw);
	if converted then
		text, result.findings[1] = converted, find("utf-16-text");
	end
	text = characters.simplify(text);
	local list, levels = tokens_of(text);
	local found = list[1];
	if found then
		found, found.is_last = last_of_address(found, list, levels);
	end
	local plain = trim((text:gsub("[\1-\6]", " ")));
	local value, of = value_of(plain);
	local named = (not found or found.state >= 4) and name_text(plain, trim(value), of) or nil;
	if found and not (named and named.key == "json-serialization") then
		result.token = found.token;
		if found.state ~= 5 or #list > 1 or found.place.name then
			describe(result, found, list, converted or raw, found.text, levels);
		end
		return result;
	end
	local decoded = not plain:find("[^%w+/=_%s-]") and #plain > 60 and encodings.base64_decode((plain:gsub("%s", "")));
	local inner = decoded and tokens_of(decoded)[1];
	if inner and inner.state < 4 then
		result.token = inner.token;
		result.findings[#result.findings + 1] = find("encoded-again");
		return result;
	end
	result.named, result.token = named, trim(value);
	if not result.named and not of and result.token:find("%s") then
		result.token = plain;
	elseif not result.named and result.token ~= trim(raw) and result.token:find("^%S+$") then
		result.findings[#result.findings + 1] = find("token-found", { place = "in a longer text" });
	end
	return result;
end

return { read = read, trim = trim };
