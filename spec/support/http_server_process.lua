-- SPDX-License-Identifier: MIT
-- The process of the key server that answers as it is asked, well or badly. Its first argument is the port of a control connection, on
-- which each line is a request as JSON, { op = ... }, and is answered by a line; it ends with that connection. The second is a folder
-- for its files. spec/support/http_server.lua starts it for Lua, spec/e2e/harness/key_server.py for Python.

local json = require "dkjson";
local socket = require "socket";
local ssl = require "ssl";

local here = debug.getinfo(1, "S").source:match("^@(.*/)");
local folder = arg[2] ~= "" and arg[2] or nil;
local port; -- of the first listener
local keys, documents, requests = {}, {}, {};
local released = false;
local swallowed = {};

local pem_type = "application/x-pem-file";
local content_types = {
	pem = pem_type, certificate = "application/x-x509-ca-cert; charset=utf-8", text = "text/plain", octets = "application/octet-stream",
	html = "text/html",
};
local bearer = "the-bearer-token-of-the-key-server";
local ten_megabytes = ("x"):rep(10 << 20);
local page = "<html><body>Sign in</body></html>\n";

-- Each connection is a coroutine, which yields what it waits for: a socket to read from or to write to, a time, or the release.

local tasks = {}; -- coroutine -> { read =, write =, time =, release = }
local gone = {}; -- the error of a connection that its client has left

local function await(connection, problem)
	if problem == "wantwrite" then
		coroutine.yield({ write = connection });
	elseif problem == "wantread" or problem == "timeout" then
		coroutine.yield({ read = connection });
	else
		error(gone);
	end
end

local function sleep(seconds)
	coroutine.yield({ time = socket.gettime() + seconds });
end

local function receive_line(connection)
	local line, problem, part;
	repeat
		line, problem, part = connection:receive("*l", part);
		if (line or part):byte() == 22 then -- the begin of TLS, where none is spoken
			connection:send("HTTP/1.1 400 Whatever\r\n\r\n");
			error(gone);
		elseif not line then
			await(connection, problem);
		end
	until line;
	return line;
end

local function send(connection, text)
	local sent = 0;
	while sent < #text do
		local last, problem, part = connection:send(text, sent + 1);
		sent = last or part;
		if not last then
			await(connection, problem == "timeout" and "wantwrite" or problem);
		end
	end
end

local function send_without_end(connection, text)
	while true do
		send(connection, text);
		await(connection, "wantwrite");
	end
end

local function head(status, headers)
	local lines = { ("HTTP/1.1 %d Whatever"):format(status) };
	for name, value in pairs(headers) do
		lines[#lines + 1] = name..": "..value;
	end
	return table.concat(lines, "\r\n").."\r\n\r\n";
end

local function answer(connection, status, body, headers)
	headers = headers or { ["Content-Type"] = pem_type };
	headers["Content-Length"] = status ~= 304 and #body or nil;
	send(connection, head(status, headers)..body);
end

-- What the first part of a path names: http://.../slow-2000/x/FILE is a key server that takes 2 s to answer. What stands between the
-- first part and the file only tells apart several servers of one behaviour. Each gets the key or nil, what stands behind the hyphen,
-- the request { path =, name =, headers =, first = } and the connection, and returns status, body and headers.
local behaviours = {};

-- The key, or 404.
function behaviours.good(pem) return pem and 200 or 404, pem or "no such key\n"; end
-- The key, as one of the content types, or without.
function behaviours.type(pem, kind) return 200, pem, { ["Content-Type"] = content_types[kind] }; end
-- The first half of the key.
function behaviours.truncated(pem) return 200, pem:sub(1, #pem // 2); end
function behaviours.empty() return 200, ""; end
-- A page that is no key.
function behaviours.garbage() return 200, page; end
-- 10 MB, announced by Content-Length.
function behaviours.huge() return 200, ten_megabytes; end
-- An answer with this status and no key.
function behaviours.status(_, status) return tonumber(status), "no key here\n"; end
function behaviours.none() return 404, "no such behaviour\n"; end
-- 429 with Retry-After.
function behaviours.retry(_, seconds) return 429, "too many\n", { ["Retry-After"] = seconds }; end

-- The first answer of this path has this status, later ones are the key.
function behaviours.once(pem, status, request)
	return behaviours[request.first and "status" or "good"](pem, status);
end

-- The key, after so many milliseconds.
function behaviours.slow(pem, milliseconds)
	sleep(tonumber(milliseconds) / 1000);
	return behaviours.good(pem);
end

-- The key, at once the first time and after so many milliseconds from then on.
function behaviours.later(pem, milliseconds, request)
	return behaviours.slow(pem, request.first and 0 or milliseconds);
end

-- The key, once the release was asked for.
function behaviours.held(pem)
	coroutine.yield({ release = true });
	return behaviours.good(pem);
end

-- The key, compressed although nobody asked for it.
function behaviours.gzip(pem)
	local pipe <close> = io.popen(("printf %%s '%s' | gzip"):format(pem));
	return 200, pipe:read("a"), { ["Content-Encoding"] = "gzip" };
end

-- A redirect to the key: to-http, to-file.
behaviours["to"] = function (_, scheme, request)
	local target = scheme == "http" and ("http://127.0.0.1:%d/good/"):format(port) or "file://"..folder.."/";
	return 302, "", { Location = target..request.name };
end;

-- The key, for the right Authorization only.
function behaviours.bearer(pem, _, request)
	if request.headers.authorization == "Bearer "..bearer then
		return behaviours.good(pem);
	end
	return 401, "who are you?\n";
end

-- What was published under the rest of the path; an ETag among its headers is compared with If-None-Match.
function behaviours.document(_, _, request)
	local document = documents[request.path:match("^/[^/]*/(.-)/*$")] or { status = 404, body = "no such document\n", headers = {} };
	local headers = {};
	for name, value in pairs(document.headers) do
		headers[name] = value;
	end
	local modified = not headers.ETag or request.headers["if-none-match"] ~= headers.ETag;
	return modified and document.status or 304, modified and document.body or "", headers;
end

-- The file of this name in the server's folder, and a page for the folder itself.
function behaviours.file(_, _, request)
	if request.name == "file" then
		return 200, page;
	end
	local file <close> = io.open(folder.."/"..request.name, "rb");
	return file and 200 or 404, file and file:read("a") or page;
end

-- These never come to an answer.

function behaviours.silent(_, _, _, connection)
	while true do
		receive_line(connection);
	end
end

-- A body that comes a byte a second and has no end.
function behaviours.drip(_, _, _, connection)
	send(connection, head(200, { Connection = "close" }));
	while true do
		sleep(1);
		send(connection, "-");
	end
end

-- Half an answer, then the connection is reset.
function behaviours.reset(pem, _, _, connection)
	send(connection, head(200, { ["Content-Length"] = #pem })..pem:sub(1, #pem // 2));
	connection:setoption("linger", { on = true, timeout = 0 }); -- makes the close a reset
	error(gone);
end

-- 10 MB, not announced.
function behaviours.flood(_, _, _, connection)
	send(connection, head(200, { Connection = "close" })..ten_megabytes);
	error(gone);
end

-- A chunked body that does not end.
function behaviours.endless(_, _, _, connection)
	send(connection, head(200, { ["Transfer-Encoding"] = "chunked" }));
	send_without_end(connection, "1000\r\n"..("x"):rep(0x1000).."\r\n");
end

-- Answers 103 before the answer, without end.
function behaviours.hints(_, _, _, connection)
	send_without_end(connection, head(103, { Link = ("x"):rep(0x1000) }));
end

-- Header lines behind the body, without end.
function behaviours.trailers(_, _, _, connection)
	send(connection, head(200, { ["Transfer-Encoding"] = "chunked" }).."1\r\nx\r\n0\r\n");
	send_without_end(connection, "X-Trailer: "..("x"):rep(0x400).."\r\n");
end

local function serve_request(connection, is_proxy)
	local path, headers = receive_line(connection):match("^GET (%S+)"), {};
	repeat
		local line = receive_line(connection);
		headers[(line:match("^[^:]*"):lower())] = line:match(":%s*(.*)$");
	until line == "";
	if is_proxy then
		requests[#requests + 1] = "proxy "..path;
		path = assert(path:match("^http://[^/]*(/.*)$")); -- whose address that is does not matter: the server is its own proxy
	end
	local request = { path = path, name = path:match("([^/]*)/*$"), headers = headers, first = true };
	for _, other in ipairs(requests) do
		request.first = request.first and other ~= path;
	end
	requests[#requests + 1] = path;
	local kind, argument = path:match("^/([^/-]*)%-?([^/]*)");
	answer(connection, (behaviours[kind] or behaviours.none)(keys[request.name], argument, request, connection));
end

local function serve(connection, options)
	connection:settimeout(0);
	connection:setoption("tcp-nodelay", true);
	if options.context then
		connection = assert(ssl.wrap(connection, options.context));
		connection:settimeout(0);
		repeat
			local done, problem = connection:dohandshake();
			if not done then
				await(connection, problem);
			end
		until done;
	end
	while true do
		serve_request(connection, options.proxy);
	end
end

local function resume(thread, ...)
	local fine, result = coroutine.resume(thread, ...);
	tasks[thread] = fine and result or nil;
	if not fine and result ~= gone then
		io.stderr:write(debug.traceback(thread, tostring(result)), "\n");
	end
	return fine;
end

-- Listens on a port of its own; gives that. Options: `certificate` (a file, with its key), `protocol`, `ciphers`, `client_ca` (whose
-- certificates are demanded of clients), `proxy` (it serves as a forward proxy for http).
local function listen(options)
	local listener = assert(socket.bind("127.0.0.1", 0, 256));
	listener:settimeout(0);
	options.context = options.certificate and assert(ssl.newcontext({
		mode = "server", protocol = options.protocol or "any", ciphers = options.ciphers,
		key = options.certificate, certificate = options.certificate, cafile = options.client_ca,
		verify = options.client_ca and { "peer", "fail_if_no_peer_cert" } or "none",
	}));
	resume(coroutine.create(function ()
		while true do
			local connection = listener:accept();
			if not connection then
				coroutine.yield({ read = listener });
			else
				resume(coroutine.create(function ()
					local _, problem = pcall(serve, connection, options);
					connection:close();
					error(problem, 0);
				end));
			end
		end
	end));
	return math.tointeger(tonumber((select(2, listener:getsockname()))));
end

local operations = { listen = listen };

-- A key under its file's name, here and in the folder.
function operations.publish(request)
	keys[request.name] = request.text;
	if folder then
		local file = assert(io.open(folder.."/"..request.name, "w"));
		file:write(request.text);
		file:close();
	end
end

function operations.withdraw(request)
	keys[request.name] = nil;
end

-- Whatever stands under /document/PATH; gives its URL.
function operations.publish_document(request)
	documents[request.path] = { status = request.status or 200, headers = request.headers or {}, body = request.body };
	return ("http://127.0.0.1:%d/document/%s"):format(port, request.path);
end

-- The paths with `part` in them that were asked for so far.
function operations.requests(request)
	local found = setmetatable({}, { __jsontype = "array" });
	for _, path in ipairs(requests) do
		if path:find(request.part or "", 1, true) then
			found[#found + 1] = path;
		end
	end
	return found;
end

-- Lets go what the behaviour "held" holds, now and from now on.
function operations.release()
	released = true;
end

-- The token that the behaviour "bearer" wants.
function operations.bearer()
	return bearer;
end

-- At this address of loopback, on the port of the server, connections are neither taken nor refused.
function operations.swallow(request)
	for i = 0, 4 do -- a listener, and more connections than its queue takes
		local one = socket.tcp4();
		swallowed[#swallowed + 1] = one;
		if i == 0 then
			one:setoption("reuseaddr", true);
			assert(one:bind(request.address, port));
			assert(one:listen(0));
		else
			one:settimeout(0);
			one:connect(request.address, port);
		end
	end
end

local function certificates(...)
	local words = {};
	for i, word in ipairs({ ... }) do
		words[i] = "'"..word.."'";
	end
	assert(os.execute(("sh '%scertificates.sh' %s"):format(here, table.concat(words, " "))));
	return ("%s/%s"):format((select(2, ...)), (select(3, ...)));
end

-- Starts the same server behind TLS, right and wrong, with certificates in this folder. Gives the files of a client, and URLs by what
-- is wrong.
function operations.start_tls(request)
	local own, strange = request.folder.."/tls", request.folder.."/tls-of-a-stranger";
	local ca_file = certificates("authority", own, "ca.pem", "Test CA");
	local good = certificates("issue", own, "good.pem", "1", "localhost", "127.0.0.1");
	certificates("authority", strange, "ca.pem", "Another CA");
	local servers = {
		good = { certificate = good },
		unknown_ca = { certificate = certificates("issue", strange, "server.pem", "1", "localhost") },
		wrong_name = { certificate = certificates("issue", own, "elsewhere.pem", "1", "elsewhere.example") },
		expired = { certificate = certificates("issue", own, "expired.pem", "0", "localhost") },
		-- OpenSSL 3 speaks TLS 1.1 at security level 0 only.
		tls_1_1 = { certificate = good, protocol = "tlsv1_1", ciphers = "ALL:@SECLEVEL=0" },
		mutual = { certificate = good, client_ca = ca_file },
	};
	local urls = {};
	for name, options in pairs(servers) do
		urls[name] = ("https://localhost:%d"):format(listen(options));
	end
	return { ca_file = ca_file, client_cert = certificates("issue", own, "client.pem", "1", "client.example"),
		stranger_cert = certificates("issue", strange, "client.pem", "1", "client.example"), urls = urls };
end

local control = assert(socket.connect("127.0.0.1", tonumber(arg[1])));
control:setoption("tcp-nodelay", true);

local function obey()
	local line = control:receive("*l");
	if not line then
		os.exit(0);
	end
	local request = json.decode(line);
	local fine, result = pcall(operations[request.op], request);
	assert(control:send(json.encode({ fine = fine, result = result }).."\n"));
end

local function step()
	local readers, writers, owners, wait = { control }, {}, {}, nil;
	local now, due = socket.gettime(), {};
	for thread, waits in pairs(tasks) do
		local connection = waits.read or waits.write;
		if connection then
			owners[connection] = thread;
			table.insert(waits.read and readers or writers, connection);
		elseif waits.release and released or waits.time and waits.time <= now then
			due[#due + 1] = thread;
		elseif waits.time then
			wait = math.min(wait or math.huge, waits.time - now);
		end
	end
	local readable, writable = socket.select(readers, writers, #due > 0 and 0 or wait);
	for _, ready in ipairs({ readable, writable }) do
		for _, connection in ipairs(ready) do
			if connection == control then
				obey();
			else
				due[#due + 1] = owners[connection];
			end
		end
	end
	for _, thread in ipairs(due) do
		resume(thread);
	end
end

port = listen({});
assert(control:send(port.."\n"));
while true do
	step();
end
