// SPDX-License-Identifier: MIT
// The kinds of texts that are no usable key, for the files that name them.
#pragma once

#include "keys/key_internal.h"

// Texts that are no key: ROW(NAME, kind in facts, words in messages).
#define KINDS(ROW)                                                                                 \
    ROW(UTF16LE, "utf-16le", "text in UTF-16, not in UTF-8")                                       \
    ROW(UTF16BE, "utf-16be", "text in UTF-16, not in UTF-8")                                       \
    ROW(PEM, "pem", "a PEM")                                                                       \
    ROW(PEM_ESCAPED, "pem-escaped", "a PEM whose line breaks are written as \\n")                  \
    ROW(PEM_ONE_LINE, "pem-one-line", "a PEM in one line, whose line breaks are lost")             \
    ROW(PEM_INDENTED, "pem-indented", "a PEM with something in front of \"-----BEGIN\"")           \
    ROW(PEM_DASHES, "pem-dashes", "a PEM without the five hyphens around its BEGIN and END")       \
    ROW(PEM_CUT, "pem-cut", "a PEM that is cut off: it has no \"-----END\"")                       \
    ROW(PEM_DAMAGED, "pem-damaged", "a damaged PEM")                                               \
    ROW(PEM_OTHER, "pem-other", "a PEM of another kind")                                           \
    ROW(PEM_KEY, "pem-of-key",                                                                     \
        "a PEM whose BEGIN line names another kind than the public key "                           \
        "in it")                                                                                   \
    ROW(PEM_RSA, "pem-of-rsa-key",                                                                 \
        "a PEM whose BEGIN line names another kind than the RSA "                                  \
        "public key in it (PKCS#1)")                                                               \
    ROW(PEM_CERTIFICATE, "pem-of-certificate",                                                     \
        "a PEM whose BEGIN line names another kind than "                                          \
        "the certificate in it")                                                                   \
    ROW(ENCRYPTED, "encrypted-private-key", "an encrypted private key")                            \
    ROW(SSH, "ssh-key", "an SSH key")                                                              \
    ROW(SSH_ED25519, "ssh-ed25519-key", "an SSH key")                                              \
    ROW(SSH_BARE, "ssh-bare-key", "an SSH key without the word in front of it")                    \
    ROW(SSH2, "ssh2-key", "an SSH key (RFC 4716)")                                                 \
    ROW(SSH_PRIVATE, "ssh-private-key", "an SSH key, a private one of OpenSSH")                    \
    ROW(PUTTY, "putty-key", "an SSH key, a private one of PuTTY")                                  \
    ROW(TRUSTED, "trusted-certificate", "a TRUSTED CERTIFICATE, OpenSSL's own form")               \
    ROW(REQUEST, "certificate-request", "a certificate signing request (CSR)")                     \
    ROW(PKCS7, "pkcs7", "a bundle of certificates (PKCS#7)")                                       \
    ROW(CRL, "crl", "a certificate revocation list (CRL)")                                         \
    ROW(PGP, "pgp-key", "a PGP key")                                                               \
    ROW(BARE_KEY, "base64-key", "bare base64 of a public key")                                     \
    ROW(BARE_RSA, "base64-rsa-key", "bare base64 of an RSA public key (PKCS#1)")                   \
    ROW(BARE_CERTIFICATE, "base64-certificate", "bare base64 of a certificate")                    \
    ROW(BARE_PRIVATE, "base64-private-key", "bare base64 of a private key")                        \
    ROW(BARE_PEM, "base64-pem", "base64 of a PEM")                                                 \
    ROW(BARE_JSON, "base64-json", "base64 of JSON")                                                \
    ROW(HEX_KEY, "hex-key", "a public key in hex digits")                                          \
    ROW(HEX_CERTIFICATE, "hex-certificate", "a certificate in hex digits")                         \
    ROW(HEX_PRIVATE, "hex-private-key", "a private key in hex digits")                             \
    ROW(DER_CERTIFICATE, "der-certificate", "DER of a certificate")                                \
    ROW(DER_PRIVATE, "der-private-key", "DER of a private key")                                    \
    ROW(PKCS12, "pkcs12", "a keystore (PKCS#12)")                                                  \
    ROW(JKS, "jks", "a keystore of Java (JKS)")                                                    \
    ROW(GZIP, "gzip", "a compressed file (gzip)")                                                  \
    ROW(XML, "xml-certificate", "XML with a certificate in it")                                    \
    ROW(PEM_URL, "pem-url-encoded", "a PEM that is URL-encoded")                                   \
    ROW(JWK, "jwk", "a single JWK")                                                                \
    ROW(JWK_ARRAY, "jwk-array", "a JSON array of JWKs")                                            \
    ROW(JWK_SET, "jwk-set", "a JWK Set")                                                           \
    ROW(MAP, "certificate-map", "a JSON map of certificates")                                      \
    ROW(REALM, "realm", "the JSON of a Keycloak realm")                                            \
    ROW(DISCOVERY, "openid-configuration", "the configuration of an OpenID provider")              \
    ROW(JSON_KEY, "json-with-key", "JSON with a PEM in the member")                                \
    ROW(JSON_ERROR, "json-error", "a JSON error")                                                  \
    ROW(JSON_TEXT, "json-text", "JSON as the text of a JSON string")                               \
    ROW(JSON, "json", "a JSON document")                                                           \
    ROW(TOKEN, "token", "a token")                                                                 \
    ROW(POINTER, "lfs-pointer", "a pointer of Git LFS, not the file itself")                       \
    ROW(ERROR_TEXT, "error-text", "an error text")                                                 \
    ROW(UNKNOWN, "unknown", "neither PEM nor JWK")

#define KIND_NAME(name, ...) KIND_##name,
enum tv_key_kind { KIND_NONE, KINDS(KIND_NAME) };
#undef KIND_NAME

// key_kind_table.c: fails with a kind, unless there is a failure that says more; `found` is shown
// if it is not empty.
void tv_key_set_kind(struct tv_detail *detail, enum tv_key_kind kind, struct tv_span found);
// Whether a server's words may be shown: they are no token, nor anything else that is one long run.
bool tv_key_is_showable(struct tv_span words);

// key_kind_json.c: names a text that begins with a brace. One that is no JSON keeps the failure
// that it has.
void tv_key_name_object(struct tv_span text, struct tv_detail *detail);
