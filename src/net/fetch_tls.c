// SPDX-License-Identifier: MIT
// The files that TLS uses, which are read again when they change; limits on the work that a server
// can cause in TLS.
#include "net/fetch_internal.h"

#include "base/error_queue.h"
#include "base/sha256.h"
#include "net/plain_file.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define DEFAULT_CA_PATH "/etc/ssl/certs"
#define CA_FILE_MAX ((size_t)4 << 20) // a system's bundle has 0.2 MiB
#define CLIENT_FILE_MAX ((size_t)65536)
#define KEPT_MAX 16 // sets of files that are not in use but kept
// Bytes of the certificates that a server sends: each takes OpenSSL longer than a signature check.
#define CERTIFICATES_MAX 16384
#define CHAIN_MAX 8 // certificates between those of server and authority
// Bytes that TLS reads in one step, over all connections: libcurl works on several in one call.
#define STEP_BYTES ((size_t)8192)
// Two changes within one tick of the file system's clock have the same time.
#define CHANGE_VISIBLE_AFTER_S 2
// As in libcurl: an intermediate certificate can be a trust anchor too.
#define STORE_FLAGS (X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN)
#define DIGEST_TEXT_SIZE (sizeof "/nowhere/" + 2 * (size_t)TV_SHA256_SIZE)
static const char no_memory[] = "there is no memory left for its TLS";

enum file { CA_FILE, CLIENT_CERT, CLIENT_KEY, CA_FOLDER, FILES };

enum problem { UNREADABLE, NOT_PLAIN, TOO_LARGE, EMPTY, DAMAGED, ENCRYPTED, FOREIGN, PROBLEMS };

#define WORDS(what)                                                                                \
    [UNREADABLE] = "the file with " what " cannot be read",                                        \
    [NOT_PLAIN] = "the file with " what " is no plain file",                                       \
    [TOO_LARGE] = "the file with " what " is too large",                                           \
    [EMPTY] = "the file with " what " has none that can be read",                                  \
    [DAMAGED] = "the file with " what " is damaged",                                               \
    [ENCRYPTED] = "the file with " what " is encrypted, and nobody can be asked for its pass "     \
                  "phrase",                                                                        \
    [FOREIGN] = "the file with " what " has one that is not the certificate's"

// NOLINTBEGIN(bugprone-suspicious-missing-comma): the pieces are one sentence
static const char *const words[][PROBLEMS] = {
    [CA_FILE] = {WORDS("the CA certificates (ca_file)")},
    [CLIENT_CERT] = {WORDS("the client's certificate (client_cert)")},
    [CLIENT_KEY] = {WORDS("the client's key (client_key)")}};
// NOLINTEND(bugprone-suspicious-missing-comma)

// One set of files. What was made from their contents is kept, not the contents.
struct tv_tls {
    size_t references;  // of the fetches that use it, and of the list
    char *paths[FILES]; // NULL: not configured
    struct stat looks[FILES];
    time_t looked_s;
    unsigned char digest[TV_SHA256_SIZE];
    X509_STORE *authorities; // NULL: those of the folder
    X509 *certificate;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    struct tv_tls *next; // less recently used
};

static struct tv_tls *kept;
static size_t step_bytes; // still to be read in this step

void tv_tls_free(struct tv_tls *tls) {
    if (!tls || --tls->references > 0)
        return;
    for (int i = 0; i < FILES; i++)
        free(tls->paths[i]);
    X509_STORE_free(tls->authorities);
    X509_free(tls->certificate);
    sk_X509_pop_free(tls->chain, X509_free);
    EVP_PKEY_free(tls->key);
    free(tls);
}

// Contents

// Without this callback OpenSSL asks on the terminal. That it asks shows that the key is encrypted.
// NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's
static int no_passphrase(char *buffer, int size, int writing, void *asked) {
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

// Why nothing more could be read, after `count` objects.
static enum problem read_end(size_t count, bool asked) {
    if (asked)
        return ENCRYPTED;
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return DAMAGED;
    return count == 0 ? EMPTY : PROBLEMS;
}

static enum problem read_authorities(struct tv_tls *tls, BIO *bio) {
    bool asked = false, added = true;
    size_t count = 0;
    X509 *certificate;
    tls->authorities = X509_STORE_new();
    if (!tls->authorities)
        return UNREADABLE;
    X509_STORE_set_flags(tls->authorities, STORE_FLAGS);
    while (added && (certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, &asked))) {
        added = X509_STORE_add_cert(tls->authorities, certificate) == 1;
        X509_free(certificate);
        count++;
    }
    return added ? read_end(count, asked) : DAMAGED;
}

static enum problem read_certificate(struct tv_tls *tls, BIO *bio) {
    bool asked = false, added = true;
    X509 *certificate;
    tls->certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, &asked);
    if (!tls->certificate)
        return read_end(0, asked);
    tls->chain = sk_X509_new_null();
    if (!tls->chain)
        return UNREADABLE;
    while (added && (certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, &asked))) {
        added = sk_X509_push(tls->chain, certificate) > 0;
        if (!added)
            X509_free(certificate);
    }
    return added ? read_end(1, asked) : UNREADABLE;
}

static enum problem read_key(struct tv_tls *tls, BIO *bio) {
    bool asked = false;
    tls->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    if (!tls->key)
        return asked ? ENCRYPTED : EMPTY; // OpenSSL does not distinguish damaged from absent
    return !tls->certificate || X509_check_private_key(tls->certificate, tls->key) == 1 ? PROBLEMS
                                                                                        : FOREIGN;
}

// Makes what is kept of a file. Returns PROBLEMS if there is no problem.
static enum problem parse(struct tv_tls *tls, enum file file, const char *text, size_t length) {
    static enum problem (*const readers[])(struct tv_tls *, BIO *) = {
        [CA_FILE] = read_authorities, [CLIENT_CERT] = read_certificate, [CLIENT_KEY] = read_key};
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    if (!bio)
        return UNREADABLE;
    enum problem problem;
    TV_WITHOUT_ERRORS(problem = readers[file](tls, bio));
    BIO_free(bio);
    return problem;
}

// Files

struct texts {
    char *bytes[FILES];
    size_t lengths[FILES];
};

// Records stat() of the files before they are read, so that a change during reading is seen later.
static void look(struct tv_tls *tls) {
    tls->looked_s = time(NULL);
    for (int i = 0; i < FILES; i++)
        if (!tls->paths[i] || stat(tls->paths[i], &tls->looks[i]) != 0)
            tls->looks[i] = (struct stat){0};
}

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// Whether no file has changed since it was looked at.
static bool is_current(const struct tv_tls *tls) {
    for (int i = 0; i < FILES; i++) {
        struct stat now;
        const struct stat *then = &tls->looks[i];
        if (!tls->paths[i])
            continue;
        if (stat(tls->paths[i], &now) != 0 || now.st_dev != then->st_dev ||
            now.st_ino != then->st_ino || now.st_size != then->st_size ||
            !same_time(now.st_mtim, then->st_mtim) || !same_time(now.st_ctim, then->st_ctim) ||
            llabs((long long)tls->looked_s - then->st_ctim.tv_sec) < CHANGE_VISIBLE_AFTER_S)
            return false;
    }
    return true;
}

static const char *read_texts(const struct tv_tls *tls, struct texts *texts) {
    static const enum problem problems[] = {[TV_FILE_UNREADABLE] = UNREADABLE,
                                            [TV_FILE_NOT_PLAIN] = NOT_PLAIN,
                                            [TV_FILE_TOO_LARGE] = TOO_LARGE};
    for (int i = 0; i < CA_FOLDER; i++) {
        if (!tls->paths[i])
            continue;
        enum tv_file_outcome outcome =
            tv_plain_file_read(tls->paths[i], i == CA_FILE ? CA_FILE_MAX : CLIENT_FILE_MAX,
                               &texts->bytes[i], &texts->lengths[i]);
        if (outcome != TV_FILE_READ)
            return words[i][problems[outcome]];
    }
    return NULL;
}

// A digest of the contents, and of a folder's path and times. Equal digests mean equal settings.
static bool make_digest(struct tv_tls *tls, const struct texts *texts) {
    unsigned char digests[FILES + 1][TV_SHA256_SIZE] = {0};
    for (int i = 0; i < CA_FOLDER; i++)
        if (tls->paths[i] &&
            tv_sha256((struct tv_span){texts->bytes[i], texts->lengths[i]}, digests[i]) != TV_OK)
            return false;
    if (tls->paths[CA_FOLDER]) {
        struct stat *folder = &tls->looks[CA_FOLDER];
        const int64_t identity[] = {(int64_t)folder->st_dev, (int64_t)folder->st_ino,
                                    folder->st_mtim.tv_sec, folder->st_mtim.tv_nsec};
        if (tv_sha256((struct tv_span){(const char *)identity, sizeof identity},
                      digests[CA_FOLDER]) != TV_OK ||
            tv_sha256(tv_span_of(tls->paths[CA_FOLDER]), digests[FILES]) != TV_OK)
            return false;
    }
    return tv_sha256((struct tv_span){(const char *)digests, sizeof digests}, tls->digest) == TV_OK;
}

// Settings

// Takes the settings with the same paths out of the list; NULL: there are none.
static struct tv_tls *take_kept(const char *const paths[FILES]) {
    for (struct tv_tls **link = &kept; *link; link = &(*link)->next) {
        struct tv_tls *tls = *link;
        bool same = true;
        for (int i = 0; i < FILES && same; i++)
            same = paths[i] && tls->paths[i] ? strcmp(paths[i], tls->paths[i]) == 0
                                             : !paths[i] && !tls->paths[i];
        if (!same)
            continue;
        *link = tls->next;
        return tls;
    }
    return NULL;
}

// Puts the settings in front of the list, and drops those not used for the longest time.
static void keep(struct tv_tls *tls) {
    tls->next = kept;
    kept = tls;
    struct tv_tls **link = &kept;
    for (int i = 0; i < KEPT_MAX && *link; i++)
        link = &(*link)->next;
    struct tv_tls *dropped = *link;
    *link = NULL;
    tv_tls_free(dropped); // at most one is too many
}

// NULL without memory.
static struct tv_tls *tls_new(const char *const paths[FILES]) {
    struct tv_tls *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->references = 1;
    for (int i = 0; i < FILES; i++) {
        if (!paths[i])
            continue;
        made->paths[i] = strdup(paths[i]);
        if (!made->paths[i]) {
            tv_tls_free(made);
            return NULL;
        }
    }
    look(made);
    return made;
}

// Makes all objects from the texts. Returns NULL, or why that failed.
static const char *parse_all(struct tv_tls *tls, const struct texts *texts) {
    for (int i = 0; i < CA_FOLDER; i++) {
        enum problem problem = PROBLEMS;
        if (texts->bytes[i])
            problem = parse(tls, (enum file)i, texts->bytes[i], texts->lengths[i]);
        if (problem != PROBLEMS)
            return words[i][problem];
    }
    return NULL;
}

// Reads the files of `made`. Returns `made`, or `old` if the contents are still the same; frees the
// other one. NULL on failure; then the reason is set.
static struct tv_tls *load(struct tv_tls *made, struct tv_tls *old, const char **error) {
    struct texts texts = {0};
    struct tv_tls *loaded = made;
    *error = read_texts(made, &texts);
    if (!*error && !make_digest(made, &texts))
        *error = no_memory;
    if (!*error && old && memcmp(made->digest, old->digest, sizeof made->digest) == 0) {
        memcpy(old->looks, made->looks, sizeof old->looks);
        old->looked_s = made->looked_s;
        loaded = old;
    } else if (!*error) {
        *error = parse_all(made, &texts);
    }
    for (int i = 0; i < CA_FOLDER; i++)
        tv_plain_file_free(texts.bytes[i], texts.lengths[i]);
    if (*error || loaded != made)
        tv_tls_free(made);
    if (*error || loaded != old)
        tv_tls_free(old);
    return *error ? NULL : loaded;
}

static struct tv_tls *tls_get(const struct tv_fetch_settings *settings, const char **error) {
    const char *folder =
        settings->ca_path || settings->ca_file ? settings->ca_path : DEFAULT_CA_PATH;
    const char *const paths[FILES] = {[CA_FILE] = folder ? NULL : settings->ca_file,
                                      [CLIENT_CERT] = settings->client_cert,
                                      [CLIENT_KEY] = settings->client_key,
                                      [CA_FOLDER] = folder};
    struct tv_tls *tls = take_kept(paths);
    if (!tls || !is_current(tls)) {
        struct tv_tls *made = tls_new(paths);
        if (!made) {
            tv_tls_free(tls);
            *error = no_memory;
            return NULL;
        }
        tls = load(made, tls, error);
    }
    if (!tls)
        return NULL;
    keep(tls);
    tls->references++;
    return tls;
}

// Connections

void tv_tls_begin_step(void) { step_bytes = STEP_BYTES; }

// OpenSSL handles alerts, tickets, key updates and the like itself, and goes on reading as long as
// there are more: a server that sends enough of them would keep it from ever returning. So after
// STEP_BYTES, reading reports that nothing more is there, until the next step.
// NOLINTBEGIN(readability-non-const-parameter): the type is OpenSSL's
static long on_read(BIO *bio, int operation, const char *bytes, size_t size, int number, long other,
                    int result, size_t *count) {
    (void)bytes, (void)size, (void)number, (void)other;
    if (operation == BIO_CB_READ && step_bytes == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0)
        step_bytes -= *count < step_bytes ? *count : step_bytes;
    return result;
}
// NOLINTEND(readability-non-const-parameter)

static int index_of_fetch = -1; // of the fetch, in a context, until the handshake is done

// Whether an alert, sent or received, ends the handshake because there is no common version of TLS.
// OpenSSL sends the same alert to a server that does not speak TLS at all.
static bool is_about_version(int where, int alert) {
    return (where & SSL_CB_ALERT) && (alert & 0xff) == SSL_AD_PROTOCOL_VERSION &&
           ((where & SSL_CB_READ) ||
            ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_WRONG_VERSION_NUMBER);
}

static void on_state(const SSL *ssl, int where, int result) {
    SSL_CTX *context = SSL_get_SSL_CTX(ssl);
    struct tv_fetch *fetch =
        index_of_fetch >= 0 ? SSL_CTX_get_ex_data(context, index_of_fetch) : NULL;
    if (where == SSL_CB_HANDSHAKE_START)
        BIO_set_callback_ex(SSL_get_rbio(ssl), on_read);
    else if (where == SSL_CB_HANDSHAKE_DONE && fetch) // the connection may outlive it
        SSL_CTX_set_ex_data(context, index_of_fetch, NULL);
    else if (fetch && is_about_version(where, result))
        fetch->no_common_version = true;
}

// Limits on the work that a server can cause in OpenSSL.
static void set_bounds(SSL_CTX *context) {
    SSL_CTX_set_max_cert_list(context, CERTIFICATES_MAX);
    SSL_CTX_set_verify_depth(context, CHAIN_MAX);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
}

// Whether the context is for a proxy. A proxy is verified with the system's authorities and gets no
// client certificate. libcurl does not say so, but only the contexts of key servers have a maximum
// version set.
static bool is_for_proxy(SSL_CTX *context) {
    return SSL_CTX_get_max_proto_version(context) != TLS1_3_VERSION;
}

static CURLcode set_authorities(const struct tv_tls *tls, SSL_CTX *context) {
    if (tls->authorities) {
        SSL_CTX_set1_cert_store(context, tls->authorities);
        return CURLE_OK;
    }
    X509_STORE *store = X509_STORE_new();
    if (!store || X509_STORE_load_path(store, tls->paths[CA_FOLDER]) != 1) {
        X509_STORE_free(store);
        return CURLE_OUT_OF_MEMORY;
    }
    X509_STORE_set_flags(store, STORE_FLAGS);
    SSL_CTX_set_cert_store(context, store); // takes it
    return CURLE_OK;
}

static CURLcode on_context(CURL *easy, void *made, void *argument) {
    (void)easy;
    struct tv_fetch *fetch = argument;
    const struct tv_tls *tls = fetch->tls;
    SSL_CTX *context = made;
    if (index_of_fetch < 0)
        index_of_fetch = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    if (index_of_fetch >= 0)
        SSL_CTX_set_ex_data(context, index_of_fetch, fetch);
    bool for_proxy = is_for_proxy(context);
    set_bounds(context);
    // Bytes that came through a proxy's TLS may be in its buffer, and no socket event announces
    // them.
    if (for_proxy || !fetch->settings.proxy)
        SSL_CTX_set_info_callback(context, on_state);
    if (for_proxy)
        return CURLE_OK;
    if (set_authorities(tls, context) != CURLE_OK)
        return CURLE_OUT_OF_MEMORY;
    if (!tls->certificate || !tls->key)
        return CURLE_OK;
    return SSL_CTX_use_certificate(context, tls->certificate) == 1 &&
                   SSL_CTX_set1_chain(context, tls->chain) == 1 &&
                   SSL_CTX_use_PrivateKey(context, tls->key) == 1
               ? CURLE_OK
               : CURLE_SSL_CERTPROBLEM;
}

static void digest_text(const struct tv_tls *tls, char text[DIGEST_TEXT_SIZE]) {
    size_t used = (size_t)snprintf(text, DIGEST_TEXT_SIZE, "/nowhere/");
    for (size_t i = 0; i < sizeof tls->digest; i++)
        used += (size_t)snprintf(text + used, DIGEST_TEXT_SIZE - used, "%02x", tls->digest[i]);
}

// Which of the files, or lack of memory, is to blame.
static enum tv_network class_of(const char *error) {
    for (int problem = 0; problem < PROBLEMS; problem++)
        if (error == words[CA_FILE][problem])
            return TV_NETWORK_TLS_AUTHORITY;
    return error == no_memory ? TV_NETWORK_RESOURCES : TV_NETWORK_CREDENTIALS;
}

void tv_tls_set(struct tv_fetch *fetch, CURL *easy) {
    struct tv_fetch_result *result = &fetch->result;
    fetch->tls = tls_get(&fetch->settings, &result->error);
    if (!fetch->tls) {
        result->network = class_of(result->error);
        return;
    }
    if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) != CURLE_OK) {
        result->network = TV_NETWORK_TLS;
        result->error = "libcurl does its TLS with something else than OpenSSL";
        return;
    }
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, fetch);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                     (long)CURL_SSLVERSION_TLSv1_2 |
                         (long)CURL_SSLVERSION_MAX_TLSv1_3); // see is_for_proxy()
    // No such path exists: on_context() sets the authorities. The path is made from the digest of
    // the files, so that libcurl does not reuse a connection that was made with other files.
    char nowhere[DIGEST_TEXT_SIZE];
    digest_text(fetch->tls, nowhere);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nowhere);
    // Sessions are not resumed either: in a resumed session no certificate is verified.
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    // Never both: the distribution sets both by default, which loads the whole bundle for every
    // connection.
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, DEFAULT_CA_PATH);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}
