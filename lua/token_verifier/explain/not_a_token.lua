-- SPDX-License-Identifier: MIT
-- Names texts that are given as a token and contain none: variables that were not set, placeholders, addresses, keys, JSON.

local token_verifier = require "token_verifier";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local quote = require "token_verifier.plugin.report".quote;

local longest_value = 120; -- of a variable or a placeholder, in bytes

-- Values that a program writes for a variable without a value, in lower case, and the languages that do so.
local unset = {
	undefined = "JavaScript", null = "JSON, JavaScript, Java or PHP", none = "Python", ["nil"] = "Go, Lua or Ruby", nan = "JavaScript",
	["false"] = "many languages", ["(null)"] = "C", ["<nil>"] = "Go", ["(nil)"] = "C", ["<null>"] = "many languages",
	["<none>"] = "many languages", ["[null]"] = "many languages", ["(none)"] = "many languages",
};

local not_awaited = {
	"^%[object Promise%]$", "^Promise%s*{", "^<coroutine ", "^<Future", "^<Task", "^System%.Threading%.Tasks%.Task", "CompletableFuture@",
	"^<generator ", "^<async_generator ",
};

local objects = {
	"^%[object .*%]$", "^{}$", "^%[%]$", "^function%s*[%w_]*%(", "^%[Function", "^<function ", "^<bound method ", "^<[%w_.]+ object at 0x",
	"^<[%w_.]+ instance at 0x", "^[%a][%w_.$]*@%x+$", "^table: 0x", "^Array$", "^Object$", "^System%.[%u]", "^Symbol%(", "^#<.*>$", "^map%[",
	"^true$", "^True$", "^async%s", "^%([%w_, ]*%)%s*=>",
};

local placeholders = {
	"^[$#]?{+[%w_ .$|:'\"()>@%%=/-]*}+$", "^{%%.*%%}$", "^%${{.*}}$", "^%$[%a_][%w_.:]*$", "^%$%([%w_ ./-]*%)$", "^%%[%a_][%w_]*%%$",
	"^%%[sdvo@]$", "^<%%.*%%>$", "^<%?.*%?>$", "^@[%a_][%w_.]*@$", "^__[%w_]+__$", "^%[[%a][%w_ .-]*%]$", "^:[%a_]+$", "^<[%a][%w_ .-]*>$",
	"^[xX*][xX*][xX*]+$", "^%.%.%.$", "^[xX]+%.[yY]+%.[zZ]+$", "^[aA]+%.[bB]+%.[cC]+$", "^[hH]eader%.[pP]ayload%.[sS]ignature$",
	"^process%.env[%w_.%[%]'\"]+$", "^os%.environ[%w_.%[%]'\"]+$", "^!ENV ",
};

-- Words that stand for a token in examples, without case, hyphens, underscores and blanks.
local function is_example(value)
	local word = value:lower():gsub("[-_ .<>]", "");
	local names_token = word:find("token", 1, true) or word:find("jwt", 1, true);
	return #word <= 40 and not word:find("%d%d%d") and (word == "jwt" or word == "token" or word == "changeme" or word == "todo"
		or names_token and (word:find("^your") or word:find("^my") or word:find("^the") or word:find("^insert") or word:find("^paste")
			or word:find("^replace") or word:find("here$") or word:find("^example") or word:find("^jwttoken$") or word:find("^[ai][cd]%a*token$")));
end

local function any(text, patterns)
	for _, pattern in ipairs(patterns) do
		if text:find(pattern) then
			return true;
		end
	end
	return false;
end

-- What stands where a value is expected, or nil. Nothing long is quoted: it may be a secret.
local function name_value(value)
	if #value > longest_value then
		return nil;
	end
	local found = { found = quote(value), language = unset[value:lower()] };
	if found.language then
		return find("unset-variable", found);
	elseif any(value, not_awaited) then
		return find("not-awaited", found);
	elseif any(value, objects) then
		return find("object-as-text", found);
	elseif any(value, placeholders) or is_example(value) then
		return find("placeholder", found);
	end
	return nil;
end

-- Members that are certain to be a claim of a token.
local claims = { "iss", "aud", "exp", "sub", "room", "context", "iat", "nbf" };
local token_members = { "id_token", "access_token", "token", "jwt", "refresh_token" };

local function string_of(value)
	return type(value) == "string" and value or nil;
end

-- What an error answer says, quoted; nil if the object is none.
local function failure_of(object)
	local failure = object.error or object.errors;
	failure = type(failure) == "table" and type(failure[1]) == "table" and failure[1] or failure;
	local number = tonumber(object.code or object.status or object.statusCode);
	if not failure or failure == token_verifier.null then
		failure = (number and number >= 400 and number < 600 or object.status == "error") and object.message and "error" or nil;
	end
	if not failure then
		return nil;
	end
	local of_error = type(failure) == "table" and failure or {};
	local message = string_of(object.error_description) or string_of(object.message) or string_of(of_error.message);
	return quote(string_of(failure) or string_of(of_error.code) or "error")..(message and ": "..quote(message) or "");
end

-- Looks into a JSON object, and into the objects in it, one level deep.
local function name_object(object, depth)
	local failure = failure_of(object);
	if failure then
		return find("json-error", { found = failure });
	elseif object.keys and type(object.keys) == "table" or string_of(object.kty) then
		return find("key-as-token", { what = object.keys and "a JWK Set" or "a key as JSON (JWK)" });
	elseif object.payload and (object.protected or object.signatures or object.header and object.signature) then
		return find("json-serialization");
	end
	for _, name in ipairs(token_members) do
		local value = object[name];
		if value == token_verifier.null or type(value) == "boolean" then
			return find("unset-variable", { found = quote(tostring(value == token_verifier.null and "null" or value)), language = "JSON" });
		elseif type(value) == "string" then
			return value == "" and find("empty-token") or name_value(value) or find("opaque-token");
		end
	end
	if string_of(object.alg) and not object.iss then
		return find("claims-as-token", { what = "the header" });
	end
	for _, name in ipairs(claims) do
		if object[name] ~= nil then
			return find("claims-as-token", { what = "the claims" });
		end
	end
	for _, inner in pairs(depth == 0 and object or {}) do
		local named = type(inner) == "table" and name_object(inner, 1);
		if named then
			return named;
		end
	end
	return depth == 0 and find("json-without-token") or nil;
end

local function name_json(text)
	local object = text:find("^{") and token_verifier.decode_json(text);
	if type(object) == "table" then
		return name_object(object, 0);
	end
	return nil;
end

-- Tokens and documents of other kinds, by how they begin.
local function name_kind(text)
	local label = text:match("^%-%-%-%-%-BEGIN ([%u%d ]+)%-%-%-%-%-");
	if label or text:find("^ssh%-[%w-]+ ") or text:find("^ecdsa%-sha2%-") then
		return find("key-as-token", { what = label and ("a PEM block, \"%s\""):format(label:sub(1, 40)) or "a key of SSH" });
	elseif text:find("^MI[IGM][%w+/]+") and not text:find("[^%w+/=\n]") then
		return find("key-as-token", { what = "probably a key or a certificate in base64" });
	elseif text:find("^[eE][yY][jJ][%w_-]+%.[%w_-]+%.") and (not text:find("%u") or not text:find("%l")) then
		return find("letters-changed");
	elseif text:find("^[Bb]asic [%w+/=]+$") then
		return find("other-token", { what = "a name with a password (HTTP Basic)" });
	elseif text:find("^v[1-4]%.local%.") or text:find("^v[1-4]%.public%.") then
		return find("other-token", { what = "a PASETO" });
	end
	local head = text:sub(1, 600);
	local xml = head:find("^<") and head or head:find("^P[DH][%w+/]+") and encodings.base64_decode(head:match("^[%w+/]*"):sub(1, 400)) or "";
	if xml:find("^<[%w:?]") and (xml:find("saml", 1, true) or xml:find("SAML", 1, true)) then
		return find("other-token", { what = "a SAML message" });
	elseif head:find("^<!?[%a]") and head:lower():find("<!?[dh][ot][cm][tl]") then
		return find("html-page");
	elseif text:find("^gAAAAA[%w_-]+=*$") then
		return find("other-token", { what = "probably a Fernet token" });
	end
	return nil;
end

-- Last labels by which a name without a scheme is known as that of a host.
local domains = {};
for name in ("com org net de fr io eu uk nl at ch us info cloud dev app local lan internal example test"):gmatch("%a+") do
	domains[name] = true;
end

local function is_address(text)
	return text:find("^[%a][%w+.-]*://%S*$") or text:find("^//[%w.-]+") or text:find("^/[%w%%._~?#/=&-]*$")
		or text:find("^[%w-]+%.[%w.-]+[:/?#]%S*$") or text:find("^localhost[:/?#]%S*$")
		or text:find("^%?[%w_=&-]*$") or domains[text:match("^[%l%d-]+%.[%l%d.-]*%f[%l](%l+)$")] ~= nil;
end

-- The finding for a text in which no token was found, or nil. `value` is what stands where the token should be, `of` is "address"
-- or "variable" if the text is one of a kind that should contain a token.
local function name(text, value, of)
	if value == "" and of then
		return find(of == "variable" and "empty-variable" or "empty-token");
	end
	return name_json(text) or name_kind(text) or name_value(value) or name_kind(value)
		or is_address(text) and not (of and value ~= "") and find("address-without-token") or nil;
end

return { name = name };
