---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of the native module token_verifier for editors that support LuaCATS; docs/api.md explains more.
-- luacheck: ignore 211 212 241 431 631

---@class token_verifier
---@field null lightuserdata JSON null in claims and headers
---@field codes table<token_verifier.code, string> every code of a failure, and its meaning
---@field code_classes table<token_verifier.code, token_verifier.code_class> what is at fault
---@field algorithms table<token_verifier.algorithm, token_verifier.algorithm_row>
---@field sources token_verifier.source_row[]
---@field settings { verifier: token_verifier.setting[], keystore: token_verifier.setting[] } options of verify() and of keystore()
---@field _VERSION string
local token_verifier = {};

-- <!-- codes -->
---Why something failed; stable.
---@alias token_verifier.code
---| '"token-too-large"'
---| '"malformed-token"'
---| '"encrypted-token"'
---| '"malformed-header"'
---| '"unsupported-critical"'
---| '"type-not-accepted"'
---| '"algorithm-not-accepted"'
---| '"key-id-missing"'
---| '"key-id-invalid"'
---| '"key-pending"'
---| '"key-not-found"'
---| '"key-source-unavailable"'
---| '"key-source-overloaded"'
---| '"key-unusable"'
---| '"key-algorithm-mismatch"'
---| '"malformed-key"'
---| '"unsupported-key"'
---| '"weak-key"'
---| '"weak-secret"'
---| '"bad-signature"'
---| '"crypto-failure"'
---| '"malformed-payload"'
---| '"invalid-claim"'
---| '"missing-claim"'
---| '"expired"'
---| '"not-yet-valid"'
---| '"lifetime-too-long"'
---| '"issuer-not-accepted"'
---| '"audience-not-accepted"'
---| '"room-missing"'
---| '"room-invalid"'
---| '"room-not-accepted"'
---| '"sub-missing"'
---| '"sub-invalid"'
-- <!-- end -->

---@alias token_verifier.code_class "token"|"claim"|"key"|"source"|"internal"

---@class token_verifier.algorithm_row
---@field order integer from 1; if several fit a key, the first one is used for signing
---@field family "HMAC"|"RSASSA-PKCS1-v1_5"|"ECDSA"|"RSASSA-PSS"|"EdDSA"
---@field key_type "oct"|"RSA"|"EC"|"OKP"
---@field symmetric? true keys are shared secrets
---@field curve? string of its keys
---@field hash? string "SHA-256" and so on
---@field signature_size? integer bytes; nil if it depends on the key

---@class token_verifier.source_row
---@field name string the option
---@field most integer maximum number of URLs
---@field is_set? true all its keys are fetched together
---@field text string what it is

---@class token_verifier.setting
---@field name string
---@field type string "number", "boolean", "string", "list" and others
---@field unit? string "s", "%", "bits", "keys", "kids", "fetches"
---@field whole? true only integers
---@field least? number
---@field most? number
---@field default? number|boolean
---@field default_text? string used if there is no default value
---@field jws? true verify_jws() has it, too
---@field key_source? true it is a source of keys: a verifier needs exactly one of these, a store accepts at most one
---@field text string what it means

-- <!-- algorithms -->
---The algorithms.
---@alias token_verifier.algorithm
---| '"HS256"'
---| '"HS384"'
---| '"HS512"'
---| '"RS256"'
---| '"RS384"'
---| '"RS512"'
---| '"ES256"'
---| '"ES384"'
---| '"ES512"'
---| '"PS256"'
---| '"PS384"'
---| '"PS512"'
---| '"EdDSA"'
---| '"Ed25519"'
---| '"Ed448"'
-- <!-- end -->

-- <!-- options: verify -->
---Where one key or many come from: exactly one of secret, key, keys, issuers, asap_key_server, jwks_url, openid_issuer and directory.
---@class token_verifier.options
---@field secret? string a shared secret, for HS*
---@field key? string|token_verifier.key a key: PEM or JWK text as for tv.key, or a key object that it returned; or, for HS*, the text of a JWK of type oct
---@field keys? token_verifier.keystore|token_verifier.keystore[] stores that are asked for the header's kid, in this order
---@field issuers? table<string, token_verifier.keystore|token_verifier.keystore[]> maps each issuer to the stores whose keys may sign its tokens: Issuers bound to their source
---@field asap_key_server? string|string[] a key server
---@field jwks_url? string a JWK Set
---@field openid_issuer? string|string[] an OpenID provider
---@field directory? string a local folder
---@field algorithms? token_verifier.algorithm[] names from Algorithms, compared exactly (default {"HS256"} for a secret, else {"RS256"})
---@field accepted_types? string[] values of the header's typ, compared as media types (RFC 7515, section 4.1.9), but JWT exactly. "*" accepts any value and a missing typ (default {"JWT"})
---@field accepted_issuers? string[] values of iss (RFC 7519, section 4.1.1). "*" accepts any value, but the claim must be present (default not checked)
---@field accepted_audiences? string[] values of aud (section 4.1.3), with the same rules (default not checked)
---@field require_room? boolean the claim room must be present (default false)
---@field require_sub? boolean the claim sub must be present (default false)
---@field required_claims? string[] names of claims that must be present and not null (default none)
---@field leeway? integer how far clocks may differ, for exp and nbf (sections 4.1.4, 4.1.5) (s, 0 to 300, default 0)
---@field max_lifetime? integer longest time from iat to exp; tokens must then have both (s, 0 to 315360000, default 0)
---@field allow_missing_kid? boolean a header without kid is accepted if a JWK Set has exactly one key for the alg (default false)
---@field strict_secrets? boolean a secret shorter than the hash (RFC 7518, section 3.2) is refused (default false)
---@field min_rsa_bits? integer minimum size of an RSA modulus, also for the sources that are named in these options (bits, 1024 to 16384, default 2048)
---@field accept_milliseconds? boolean an exp, nbf or iat after the year 9999 in seconds is read as milliseconds (default false)
---@field wait? boolean whether to wait for a key that is not cached, at most for the wait_limit of its store (6 s by default) (default true until tv.pollfd() was called)
---@field room? string the room to enter: the claim room, if there is one, must be this name (ignoring ASCII case) or * (default not checked)
---@field now? number Unix time (s, default the clock)
---@field detail? boolean a failure returns a fourth value: its facts (default false)
-- <!-- end -->

-- <!-- options: verify_jws -->
---As those of verify(), exactly one of secret, key, keys, asap_key_server, jwks_url and directory; but without algorithms a JWK's own alg is the one accepted.
---@class token_verifier.jws_options
---@field secret? string
---@field key? string|token_verifier.key
---@field keys? token_verifier.keystore|token_verifier.keystore[]
---@field asap_key_server? string|string[]
---@field jwks_url? string
---@field directory? string
---@field algorithms? token_verifier.algorithm[]
---@field allow_missing_kid? boolean
---@field strict_secrets? boolean
---@field min_rsa_bits? integer
---@field wait? boolean
---@field detail? boolean
-- <!-- end -->

---Exactly one of secret and private_key.
---@class token_verifier.sign_options
---@field secret? string
---@field private_key? string PEM, not encrypted, or JWK
---@field algorithm? token_verifier.algorithm default the JWK's alg, else the usual one of the key
---@field kid? string
---@field header? table|string more members of the header, without alg; a string: the text of a JSON object, whose members keep their order

---Exactly one of bits and curve.
---@class token_verifier.generate_options
---@field bits? integer of an RSA key, 2048 to 16384
---@field curve? "P-256"|"P-384"|"P-521"|"Ed25519"|"Ed448"

-- <!-- options: keystore -->
---At most one of asap_key_server, jwks_url, openid_issuer and directory; without any keys are put by hand.
---@class token_verifier.keystore_options
---@field asap_key_server? string|string[] base URL of a key server, http or https
---@field jwks_url? string URL of a JWK Set (RFC 7517, section 5), or of Google's map of kid to certificate: at most 512 KiB and 256 keys
---@field openid_issuer? string issuer of an OpenID provider
---@field directory? string absolute path of a local folder with the same files as a key server
---@field ca_file? string PEM file of the authorities that must have certified https servers
---@field ca_path? string directory of such files, hashed by openssl rehash (default /etc/ssl/certs)
---@field proxy? string URL of a proxy (default none)
---@field client_cert? string PEM file of a certificate that is sent to the server, for mutual TLS
---@field client_key? string PEM file of the certificate's private key
---@field bearer_token_file? string file whose first line is sent as Authorization: Bearer
---@field default_ttl? integer how long a key is fresh if the answer does not say so (s, 1 to 315360000, default 600)
---@field min_ttl? integer minimum of that time, whatever the answer says (s, 1 to 315360000, default 60)
---@field max_ttl? integer maximum of that time (s, 1 to 315360000, default 86400)
---@field refresh_ahead? integer a key that is used in the last part of its freshness, of this length, is fetched again in the background (%, 0 to 50, default 10)
---@field max_stale? integer how long a key is used after its freshness ends, while it cannot be fetched again (s, 0 to 315360000, default 3600)
---@field stale_wait? number how long a caller waits for a slow server before the old key is used (s, 0.001 to 315360000, default 1)
---@field negative_ttl? integer how long a missing or unusable key is remembered as such (s, 1 to 315360000, default 30)
---@field penalty? integer after an unknown kid caused a fetch of a JWK Set, the next one can do so after this time (s, 1 to 315360000, default 10)
---@field back_off_min? number pause after the source failed; it doubles each time (s, 0.001 to 315360000, default 1)
---@field back_off_max? number longest pause, also if the server asks for a longer one with Retry-After (s, 0.001 to 315360000, default 60)
---@field wait_limit? number longest time that a caller waits for a key, including the time in the queue (s, 0.001 to 315360000, default 6)
---@field connect_timeout? number longest time to connect (s, 0.001 to 315360000, default 2)
---@field timeout? number longest time for a whole fetch (s, 0.001 to 315360000, default 5)
---@field cache_size? integer how many keys are cached (keys, 1 to 10^9, default 128; without a source any number)
---@field negative_size? integer how many missing keys are remembered (kids, 1 to 10^9, default 1024)
---@field min_rsa_bits? integer minimum size of an RSA modulus (bits, 1024 to 16384, default 2048)
---@field max_set_keys? integer most keys in a JWK Set; a larger set is not used (keys, 1 to 256, default 256)
---@field max_fetches? integer most fetches that run at the same time in the process, and as many again for cached keys (fetches, 1 to 64, default 64)
---@field max_running? integer most fetches that run at the same time for this store; only one after the last one failed (fetches, 1 to 10^9, default 16)
---@field max_queued? integer most kids that wait for a fetch (kids, 1 to 10^9, default 1024)
---@field max_per_client? integer most unknown kids of one client that are pending (kids, 1 to 10^9, default 8)
---@field detail? boolean a failure returns a fourth value: its facts (default false)
-- <!-- end -->

---@class token_verifier.request
---@field room? string the room to enter
---@field now? number Unix time; default the clock's
---@field client? string address whose unknown kids are counted; nil is exempt
---@field detail? boolean a failure returns its facts, too; default false

---The facts of a failure. Which fields there are depends on the reason.
---@class token_verifier.facts
---@field reason? string the exact reason, a word
---@field kind? string what is there instead of a usable key, a word
---@field claim? string the claim that failed
---@field member? string or the member of the header or of a JWK
---@field part? string or the part of the token
---@field found? string its first 64 bytes, unchanged
---@field expected? string[] what would have been accepted, 8 at most
---@field number? number the number that was counted or measured
---@field limit? number the limit for this number
---@field kid? string
---@field issuer? string if the signature is valid
---@field url? string the source asked; or
---@field folder? string the folder
---@field file? string name of the key's file there
---@field asked? "key"|"set"|"configuration"
---@field status? integer of HTTP
---@field class? string of a network failure, a word

---A cached key.
---@class token_verifier.held_key
---@field kid string
---@field key token_verifier.key
---@field came_as "public key"|"private key"|"certificate" the form in the source
---@field age? number seconds since it was fetched; nil for a folder
---@field fresh_for? number seconds until it is stale, negative if it is stale; nil is forever
---@field source string as keystore:source()
---@field kid_type? string JSON type of a kid that is no string
---@field warning? string

---@class token_verifier.unusable_key
---@field kid string
---@field kid_type? string JSON type of a kid that is no string
---@field code "key-unusable"|"weak-key"
---@field message string
---@field facts token_verifier.facts
---@field source string as keystore:source()

---@class token_verifier.stats
---@field held integer keys
---@field fresh integer
---@field stale integer
---@field negative integer kids remembered as missing
---@field in_flight integer fetches
---@field queued integer kids waiting for a fetch
---@field hits integer look-ups answered from the cache
---@field misses integer
---@field fetches integer
---@field not_modified integer fetches answered with 304
---@field failed_network integer fetches without an answer
---@field failed_status integer fetches answered with an unhelpful status
---@field failed_key integer fetches answered with something that is not a key
---@field skipped integer JWKs of the set that cannot be used
---@field overloaded integer look-ups refused because of a limit

---The outcome for one kid: either key, or code and message; or only a warning.
---@class token_verifier.settlement
---@field store token_verifier.keystore
---@field kid string
---@field key? token_verifier.key
---@field code? token_verifier.code
---@field message? string
---@field warning? string worth logging: a key that could not be refreshed, a private one, JWKs that are not usable

---Verifies a token. Returns claims and header, or nil, message, code.
---@param token string
---@param options token_verifier.options
---@return table|nil claims
---@return table|string header_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.verify(token, options) end

---Processes options once. Returns a verifier, or nil, message, code.
---@param options token_verifier.options
---@return token_verifier.verifier|nil
---@return string? message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.new(options) end

---Verifies the signature of a compact JWS with any payload, and nothing else.
---@param jws string
---@param options token_verifier.jws_options
---@return string|nil payload
---@return table|string header_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.verify_jws(jws, options) end

---Makes a token; claims as verify() returns them keep their JSON types. A string is the text of a JSON object, and is signed unchanged.
---@param claims table|string
---@param options token_verifier.sign_options
---@return string|nil token
---@return string? message
---@return token_verifier.code? code
function token_verifier.sign(claims, options) end

---Makes a key pair: the private key as PEM (PKCS#8) and as JWK, or nil, message, code.
---@param options token_verifier.generate_options
---@return string|nil pem
---@return string jwk_or_message
---@return token_verifier.code? code
function token_verifier.generate_key(options) end

---Decodes a JSON object with the rules for the parts of a token.
---@param text string
---@return table|nil
---@return string? message
---@return token_verifier.code? code
function token_verifier.decode_json(text) end

---Decodes a token without verifying it, only for diagnosis. Returns header and claims, or nil, message, code.
---@param token string
---@param options? { detail?: boolean }
---@return table|nil header
---@return table|string claims_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.inspect(token, options) end

---Loads a public key from PEM (SPKI, PKCS#1, X.509 certificate), DER (SPKI, PKCS#1) or JWK text. With a key, the second value is a warning.
---@param text string
---@param options? { detail?: boolean }
---@return token_verifier.key|nil
---@return string? warning_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.key(text, options) end

---Opens the process' store of a source. With a store, the second value is a warning.
---@param options? token_verifier.keystore_options
---@return token_verifier.keystore|nil
---@return string? warning_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function token_verifier.keystore(options) end

---The file name of a kid on a key server.
---@param kid string
---@return string
function token_verifier.key_file_name(kid) end

---The name that Jitsi's page gives the room whose address ends with this text; nil if no room can have it.
---@param text string
---@return string?
function token_verifier.page_room(text) end

---A handle of each key store that is open in the process.
---@return token_verifier.keystore[]
function token_verifier.stores() end

---The descriptor to watch for reading. After this call verify() and get() do not wait by default.
---@return integer
function token_verifier.pollfd() end

---The event to watch the descriptor for.
---@return "r"
function token_verifier.events() end

---There is no time-out: the descriptor includes a timer.
---@return nil
function token_verifier.timeout() end

---Continues the fetches, and waits for events.
---@param seconds? number longest time to wait; 0, the default, does not wait
---@return token_verifier.settlement[] outcomes since the last call
---@return integer under_way fetches running and queued
function token_verifier.step(seconds) end

---@class token_verifier.verifier
local verifier = {};

---The same as token_verifier.verify().
---@param token string
---@param request? token_verifier.request
---@return table|nil claims
---@return table|string header_or_message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function verifier:verify(token, request) end

---@class token_verifier.key
local key = {};

---@return "RSA"|"EC"|"OKP"|"secret"
function key:type() end

---@return integer
function key:bits() end

---@return string|nil
function key:curve() end

---The algorithms whose signatures the key may check.
---@return token_verifier.algorithm[]
function key:algorithms() end

---SubjectPublicKeyInfo.
---@return string|nil
---@return string? message
---@return token_verifier.code? code
function key:pem() end

---@return string|nil json
---@return string? message
---@return token_verifier.code? code
function key:jwk() end

---RFC 7638, SHA-256.
---@return string|nil base64url
---@return string? message
---@return token_verifier.code? code
function key:thumbprint() end

---@class token_verifier.keystore
local keystore = {};

---The key of a kid, or nil, message, code.
---@param kid string
---@param options? boolean|{ wait?: boolean, detail?: boolean } a boolean is `wait`: default true until pollfd() was called
---@return token_verifier.key|nil
---@return string? message
---@return token_verifier.code? code
---@return token_verifier.facts? facts with `detail`
function keystore:get(kid, options) end

---Adds a key.
---@param kid string
---@param key string|token_verifier.key
---@param ttl? number seconds from 0.001; 0, the default, is forever
---@return true|nil
---@return string? message
---@return token_verifier.code? code
function keystore:put(kid, key, ttl) end

---Forgets one kid, or everything.
---@param kid? string
function keystore:forget(kid) end

---Fetches every cached key again, in the background.
function keystore:refresh() end

---@return token_verifier.held_key[]
---@return token_verifier.unusable_key[] unusable of a set
function keystore:keys() end

---@return token_verifier.stats
function keystore:stats() end

---The source, for messages: without user, password and query; "" without a source.
---@return string
function keystore:source() end

---A number that no other store of the process has.
---@return integer
function keystore:id() end

---Closes this handle.
---@param seconds? number how long the store is kept in case its source is opened again; 0 to 3600
function keystore:close(seconds) end

return token_verifier;
