// SPDX-License-Identifier: MIT
// A key server that varies everything it sends: header, body, TLS. Each of its answers has a port
// of its own; a process of its own gives it, on loopback, and ends by itself.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE_MAX_S 600        // that the server lives
#define HOSTILE_CONNECTION_S 30  // that it goes on with one answer
#define HOSTILE_FLOOD (16 << 20) // bytes of a flood
// A flood of TLS takes so many steps at the least: 8 KiB are read in one, and 224 KiB may come.
#define HOSTILE_FLOOD_STEPS 7
#define HOSTILE_MESSAGES 3000 // of TLS, in a row: 26 bytes each, or more

enum hostile_speech {
    PLAIN,
    TLS_1_2,
    TLS_1_3,
    TLS_DRIPPED,
    TLS_LONG_CHAIN,
    TLS_HUGE_CHAIN,
    NOT_TLS
};

struct hostile_peer {
    int fd;
    SSL *ssl; // NULL: without
    const char *pem;
};

struct hostile_answer {
    const char *name;
    enum hostile_speech speech;
    void (*send)(const struct hostile_peer *peer);
    const char *problem; // in the reason why there is no key; NULL: there is one
    int least_steps;     // of the client's, for a flood that it could take in one
};

static inline void hostile_must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "hostile key server: %s\n", what);
    _exit(2);
}

// Sending

static inline bool hostile_send(const struct hostile_peer *peer, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = peer->ssl ? SSL_write(peer->ssl, bytes, (int)length)
                                 : send(peer->fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            _exit(0); // the client has gone
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static inline void hostile_say(const struct hostile_peer *peer, const char *text) {
    hostile_send(peer, text, strlen(text));
}

static inline void hostile_repeat(const struct hostile_peer *peer, const char *text, size_t count) {
    size_t length = strlen(text), per_send = 1 + 16000 / length;
    char *many = malloc(length * per_send + 1);
    hostile_must(many != NULL, "memory");
    for (size_t i = 0; i < per_send; i++)
        memcpy(many + i * length, text, length + 1);
    for (; count > per_send; count -= per_send)
        hostile_send(peer, many, length * per_send);
    hostile_send(peer, many, length * count);
    free(many);
}

static inline void hostile_flood(const struct hostile_peer *peer, const char *text) {
    hostile_repeat(peer, text, HOSTILE_FLOOD / strlen(text));
}

static inline void hostile_body(const struct hostile_peer *peer) {
    char length[64];
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(peer->pem));
    hostile_say(peer, length);
    hostile_say(peer, peer->pem);
}

#define HOSTILE_OK "HTTP/1.1 200 OK\r\n"
#define HOSTILE_CHUNKED HOSTILE_OK "Transfer-Encoding: chunked\r\n\r\n"

static inline void hostile_with_field(const struct hostile_peer *peer, const char *field,
                                      const char *value, size_t count) {
    hostile_say(peer, HOSTILE_OK);
    hostile_say(peer, field);
    hostile_repeat(peer, value, count);
    hostile_say(peer, "\r\n");
    hostile_body(peer);
}

// Answers

static void give_key(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK);
    hostile_body(peer);
}
static void give_status_line(const struct hostile_peer *peer) {
    hostile_say(peer, "HTTP/1.1 200 ");
    hostile_repeat(peer, "OK ", 20000);
    hostile_say(peer, "\r\n");
    hostile_body(peer);
}
static void give_equal_lines(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK);
    hostile_repeat(peer, "Age: 1\r\n", 10000);
    hostile_body(peer);
}
static void give_long_lines(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK);
    for (int i = 0; i < 250; i++) {
        hostile_say(peer, "Cache-Control: ");
        hostile_repeat(peer, "a,", 120);
        hostile_say(peer, "\r\n");
    }
    hostile_body(peer);
}
static void give_folded_lines(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "Cache-Control: a\r\n");
    for (int i = 0; i < 250; i++) {
        hostile_repeat(peer, " a,", 80);
        hostile_say(peer, "\r\n");
    }
    hostile_body(peer);
}
static void give_empty_folds(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "Cache-Control: a\r\n");
    hostile_repeat(peer, " b\r\n", 16000);
    hostile_body(peer);
}
static void give_endless_line(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "X: ");
    hostile_flood(peer, "x");
}
static void give_nuls(const struct hostile_peer *peer) {
    char nuls[1000] = {0};
    hostile_say(peer, HOSTILE_OK "X: ");
    hostile_send(peer, nuls, sizeof nuls);
    hostile_say(peer, "\r\n");
    hostile_body(peer);
}
static void give_commas(const struct hostile_peer *peer) {
    hostile_with_field(peer, "Cache-Control: ", ",", 60000);
}
static void give_quotes(const struct hostile_peer *peer) {
    hostile_with_field(peer, "Cache-Control: \"", "\\\"", 30000);
}
static void give_digits(const struct hostile_peer *peer) {
    hostile_with_field(peer, "Cache-Control: max-age=", "9", 60000);
}
static void give_age(const struct hostile_peer *peer) {
    hostile_with_field(peer, "Age: ", "1,", 30000);
}
static void give_etag(const struct hostile_peer *peer) {
    hostile_with_field(peer, "ETag: ", "e", 60000);
}
static void give_expires(const struct hostile_peer *peer) {
    hostile_with_field(peer, "Expires: ", "Sun ", 15000);
}
static void give_retry_after(const struct hostile_peer *peer) {
    hostile_say(peer, "HTTP/1.1 503 Busy\r\nRetry-After: ");
    hostile_repeat(peer, "9", 60000);
    hostile_say(peer, "\r\nContent-Length: 0\r\n\r\n");
}
static void give_retry_words(const struct hostile_peer *peer) {
    hostile_say(peer, "HTTP/1.1 503 Busy\r\nRetry-After: ");
    hostile_repeat(peer, "Sun ", 15000);
    hostile_say(peer, "\r\nContent-Length: 0\r\n\r\n");
}
static void give_hints(const struct hostile_peer *peer) {
    hostile_flood(peer, "HTTP/1.1 103 Early Hints\r\n\r\n");
}
static void give_trailers(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_CHUNKED "1\r\nx\r\n0\r\n");
    hostile_flood(peer, "X: 1\r\n");
}
static void give_extension(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_CHUNKED "1;");
    hostile_flood(peer, "x=\"1\";");
}
static void give_extensions(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_CHUNKED);
    hostile_flood(peer, "1;x=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n1\r\n");
}
static void give_tiny_chunks(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_CHUNKED);
    hostile_flood(peer, "1\r\nx\r\n");
}
static void give_flood(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "\r\n");
    hostile_flood(peer, "x");
}
static void give_unasked_for(const struct hostile_peer *peer) {
    give_key(peer);
    hostile_flood(peer, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
}
static void give_coded(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "Transfer-Encoding: gzip, chunked\r\n\r\n");
    hostile_flood(peer, "1000\r\n");
}
static void give_drip(const struct hostile_peer *peer) {
    const char *start = HOSTILE_OK "X: ";
    for (size_t i = 0; i < strlen(start); i++)
        hostile_send(peer, start + i, 1);
    for (int i = 0; i < 20000; i++)
        hostile_send(peer, "x", 1);
    hostile_say(peer, "\r\n");
    hostile_body(peer);
}
static void give_body_drip(const struct hostile_peer *peer) {
    hostile_say(peer, HOSTILE_OK "\r\n");
    for (int i = 0; i < 70000; i++)
        hostile_send(peer, "x", 1);
}
static void give_key_updates(const struct hostile_peer *peer) {
    for (int i = 0; i < HOSTILE_MESSAGES; i++)
        if (SSL_key_update(peer->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
            SSL_do_handshake(peer->ssl) != 1)
            _exit(0);
    give_key(peer);
}
static void give_asked_key_updates(const struct hostile_peer *peer) {
    for (int i = 0; i < HOSTILE_MESSAGES / 100; i++)
        if (SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
            SSL_do_handshake(peer->ssl) != 1)
            _exit(0);
    give_key(peer);
}
static void give_tickets(const struct hostile_peer *peer) {
    for (int i = 0; i < HOSTILE_MESSAGES / 10; i++)
        if (SSL_new_session_ticket(peer->ssl) != 1 || SSL_do_handshake(peer->ssl) != 1)
            _exit(0);
    give_key(peer);
}
static void give_renegotiations(const struct hostile_peer *peer) {
    for (int i = 0; i < HOSTILE_MESSAGES; i++)
        if (SSL_renegotiate(peer->ssl) != 1 || SSL_do_handshake(peer->ssl) != 1)
            _exit(0);
    give_key(peer);
}
// Records of 16 KiB with 4,096 messages that a client skips in its handshake.
static void give_hello_requests(const struct hostile_peer *peer) {
    char record[5 + 16384] = {0x16, 3, 3, 0x40, 0};
    for (size_t sent = 0; sent < HOSTILE_FLOOD; sent += sizeof record)
        hostile_send(peer, record, sizeof record);
}
static void give_alerts(const struct hostile_peer *peer) {
    for (int i = 0; i < HOSTILE_FLOOD / 7; i++)
        hostile_send(peer, "\x15\3\3\0\2\1\x5a", 7);
}
static void give_noise(const struct hostile_peer *peer) {
    hostile_flood(peer, "\x16\3\3\1\xff\xff\xff\xff");
}
// A server's first message, of TLS 1.1, then nothing more.
static void give_old_version(const struct hostile_peer *peer) {
    char hello[5 + 4 + 38] = {0x16, 3, 2, 0, 4 + 38, 2, 0, 0, 38, 3, 2};
    hello[sizeof hello - 2] = 0x2f; // TLS_RSA_WITH_AES_128_CBC_SHA
    hostile_send(peer, hello, sizeof hello);
}

#define LINES "more than 256 lines"
#define PIECES "many small pieces"
#define MUCH "far more than its answer needs"
static const struct hostile_answer hostile_answers[] = {
    {"the key", PLAIN, give_key, NULL, 1},
    {"status line of 60 KB", PLAIN, give_status_line, NULL, 1},
    {"10,000 equal lines of header", PLAIN, give_equal_lines, LINES, 1},
    {"250 lines of Cache-Control, 60 KB", PLAIN, give_long_lines, NULL, 1},
    {"250 folded lines, 60 KB", PLAIN, give_folded_lines, LINES, 1},
    {"16,000 folded lines", PLAIN, give_empty_folds, LINES, 1},
    {"one line without end", PLAIN, give_endless_line, "", 1},
    {"NULs in a line", PLAIN, give_nuls, "", 1},
    {"Cache-Control: 60,000 commas", PLAIN, give_commas, NULL, 1},
    {"Cache-Control: 30,000 quoted quotes", PLAIN, give_quotes, NULL, 1},
    {"Cache-Control: 60,000 digits", PLAIN, give_digits, NULL, 1},
    {"Age: 30,000 numbers", PLAIN, give_age, NULL, 1},
    {"ETag of 60 KB", PLAIN, give_etag, NULL, 1},
    {"Expires: 15,000 words", PLAIN, give_expires, NULL, 1},
    {"Retry-After: 60,000 digits", PLAIN, give_retry_after, "", 1},
    {"Retry-After: 15,000 words", PLAIN, give_retry_words, "", 1},
    {"answers 103 without end", PLAIN, give_hints, LINES, 1},
    {"trailers without end", PLAIN, give_trailers, LINES, 1},
    {"a chunk's extension without end", PLAIN, give_extension, MUCH, 1},
    {"chunks of a byte, with extensions", PLAIN, give_extensions, "", 1},
    {"chunks of a byte", PLAIN, give_tiny_chunks, PIECES, 1},
    {"a body without end", PLAIN, give_flood, "", 1},
    {"bytes behind the answer", PLAIN, give_unasked_for, NULL, 1},
    {"a transfer coding", PLAIN, give_coded, "Transfer-Encoding", 1},
    {"a header byte by byte", PLAIN, give_drip, NULL, 1},
    {"a body byte by byte", PLAIN, give_body_drip, "", 1},
    {"TLS 1.3: the key", TLS_1_3, give_key, NULL, 1},
    {"TLS 1.2: the key", TLS_1_2, give_key, NULL, 1},
    {"TLS: handshake byte by byte", TLS_DRIPPED, give_key, NULL, 1},
    {"TLS: 13 KB of certificates", TLS_LONG_CHAIN, give_key, NULL, 1},
    {"TLS: 90 KB of certificates", TLS_HUGE_CHAIN, give_key, "", 1},
    {"TLS: key updates", TLS_1_3, give_key_updates, NULL, HOSTILE_FLOOD_STEPS},
    {"TLS: key updates to be answered", TLS_1_3, give_asked_key_updates, NULL, 1},
    {"TLS: session tickets", TLS_1_3, give_tickets, NULL, HOSTILE_FLOOD_STEPS},
    {"TLS: renegotiations", TLS_1_2, give_renegotiations, NULL, HOSTILE_FLOOD_STEPS},
    {"TLS: a body in records of a byte", TLS_1_3, give_body_drip, PIECES, 1},
    {"TLS: a chunk's extension without end", TLS_1_3, give_extension, MUCH, 1},
    {"TLS: hello requests without end", NOT_TLS, give_hello_requests, MUCH, HOSTILE_FLOOD_STEPS},
    {"TLS: alerts without end", NOT_TLS, give_alerts, "", 1},
    {"TLS: noise", NOT_TLS, give_noise, "", 1},
    {"TLS 1.1", NOT_TLS, give_old_version, "", 1},
};
#define HOSTILE_COUNT (sizeof hostile_answers / sizeof hostile_answers[0])

struct hostile_server {
    pid_t pid;
    int listeners[HOSTILE_COUNT], ports[HOSTILE_COUNT];
    char ca_file[64]; // removed by hostile_stop()
    EVP_PKEY *key;
    X509 *certificate, *junk[240];
    char *pem;
};

// Certificates

static inline X509 *hostile_certify(EVP_PKEY *key, const char *subject, const char *issuer,
                                    long serial) {
    X509 *made = X509_new();
    X509_NAME *name = X509_NAME_new(), *by = X509_NAME_new();
    const unsigned char *text = (const unsigned char *)subject;
    const unsigned char *by_text = (const unsigned char *)issuer;
    hostile_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
                     X509_NAME_add_entry_by_txt(by, "CN", MBSTRING_ASC, by_text, -1, -1, 0) == 1 &&
                     X509_set_version(made, 2) == 1 &&
                     ASN1_INTEGER_set(X509_get_serialNumber(made), serial) == 1 &&
                     X509_set_issuer_name(made, by) == 1 &&
                     X509_set_subject_name(made, name) == 1 &&
                     X509_gmtime_adj(X509_getm_notBefore(made), -3600) &&
                     X509_gmtime_adj(X509_getm_notAfter(made), 86400) &&
                     X509_set_pubkey(made, key) == 1 && X509_sign(made, key, EVP_sha256()) > 0,
                 "certificate");
    X509_NAME_free(name);
    X509_NAME_free(by);
    return made;
}

// A certificate that is its own authority, and many that would be by their name.
static inline void hostile_make_certificates(struct hostile_server *server) {
    server->key = EVP_EC_gen("P-256");
    hostile_must(server->key != NULL, "key");
    server->certificate = hostile_certify(server->key, "localhost", "localhost", 1);
    EVP_PKEY *other = EVP_EC_gen("P-256");
    for (size_t i = 0; i < sizeof server->junk / sizeof server->junk[0]; i++)
        server->junk[i] = hostile_certify(other, "localhost", "localhost", (long)i + 2);
    EVP_PKEY_free(other);
    snprintf(server->ca_file, sizeof server->ca_file, "/tmp/token_verifier_hostile_XXXXXX");
    int fd = mkstemp(server->ca_file);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    hostile_must(file && PEM_write_X509(file, server->certificate) == 1 && fclose(file) == 0,
                 "file");
}

// The child

static inline int hostile_write_byte(BIO *bio, const char *bytes, int length) {
    BIO_clear_retry_flags(bio);
    for (int i = 0; i < length; i++)
        if (send((int)(intptr_t)BIO_get_data(bio), bytes + i, 1, MSG_NOSIGNAL) != 1)
            return -1;
    return length;
}

static inline long hostile_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static inline SSL *hostile_accept(const struct hostile_server *server, int fd,
                                  enum hostile_speech speech) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int version = speech == TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
    int junk = speech == TLS_LONG_CHAIN ? 36 : speech == TLS_HUGE_CHAIN ? 240 : 0;
    hostile_must(context && SSL_CTX_use_certificate(context, server->certificate) == 1 &&
                     SSL_CTX_use_PrivateKey(context, server->key) == 1 &&
                     SSL_CTX_set_min_proto_version(context, version) == 1 &&
                     SSL_CTX_set_max_proto_version(context, version) == 1,
                 "TLS");
    for (int i = 0; i < junk; i++)
        hostile_must(SSL_CTX_add1_chain_cert(context, server->junk[i]) == 1, "chain");
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (speech == TLS_DRIPPED) {
        BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "drip");
        BIO_meth_set_write(method, hostile_write_byte);
        BIO_meth_set_ctrl(method, hostile_control);
        BIO *bio = BIO_new(method);
        BIO_set_data(bio, (void *)(intptr_t)fd);
        BIO_set_init(bio, 1);
        SSL_set0_wbio(ssl, bio);
    }
    if (SSL_accept(ssl) != 1)
        _exit(0);
    return ssl;
}

static inline void hostile_serve(const struct hostile_server *server, size_t index, int fd) {
    const struct hostile_answer *answer = &hostile_answers[index];
    struct hostile_peer peer = {.fd = fd, .pem = server->pem};
    char request[4096];
    int one = 1;
    alarm(HOSTILE_CONNECTION_S);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (answer->speech != PLAIN && answer->speech != NOT_TLS)
        peer.ssl = hostile_accept(server, fd, answer->speech);
    if ((peer.ssl ? SSL_read(peer.ssl, request, sizeof request)
                  : (int)recv(fd, request, sizeof request, 0)) > 0)
        answer->send(&peer);
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof request, 0) > 0) // or the answer is lost by a reset
        continue;
    _exit(0);
}

static inline void hostile_run(const struct hostile_server *server) {
    struct pollfd polled[HOSTILE_COUNT];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(HOSTILE_MAX_S);
    signal(SIGCHLD, SIG_IGN);
    for (size_t i = 0; i < HOSTILE_COUNT; i++)
        polled[i] = (struct pollfd){.fd = server->listeners[i], .events = POLLIN};
    while (poll(polled, HOSTILE_COUNT, -1) >= 0)
        for (size_t i = 0; i < HOSTILE_COUNT; i++) {
            int fd = polled[i].revents ? accept(server->listeners[i], NULL, NULL) : -1;
            if (fd >= 0 && fork() == 0)
                hostile_serve(server, i, fd);
            if (fd >= 0)
                close(fd);
        }
    _exit(0);
}

// The parent

static inline void hostile_start(struct hostile_server *server, char *pem) {
    server->pem = pem;
    hostile_make_certificates(server);
    for (size_t i = 0; i < HOSTILE_COUNT; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int fd = server->listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        hostile_must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                         listen(fd, 64) == 0 &&
                         getsockname(fd, (struct sockaddr *)&address, &size) == 0,
                     "port");
        server->ports[i] = ntohs(address.sin_port);
    }
    server->pid = fork();
    hostile_must(server->pid >= 0, "process");
    if (server->pid == 0)
        hostile_run(server);
    for (size_t i = 0; i < HOSTILE_COUNT; i++)
        close(server->listeners[i]);
}

static inline void hostile_stop(struct hostile_server *server) {
    kill(server->pid, SIGKILL); // those that serve a connection end by themselves
    waitpid(server->pid, NULL, 0);
    unlink(server->ca_file);
    for (size_t i = 0; i < sizeof server->junk / sizeof server->junk[0]; i++)
        X509_free(server->junk[i]);
    X509_free(server->certificate);
    EVP_PKEY_free(server->key);
}

// "https://localhost:<port>", as that answer is asked for.
static inline const char *hostile_url(const struct hostile_server *server, size_t index,
                                      char url[64]) {
    bool plain = hostile_answers[index].speech == PLAIN;
    snprintf(url, 64, "%s://%s:%d", plain ? "http" : "https", plain ? "127.0.0.1" : "localhost",
             server->ports[index]);
    return url;
}
