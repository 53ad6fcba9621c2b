// SPDX-License-Identifier: MIT
// A key server of the tests: a child process on a loopback port that answers as it was told.
#pragma once

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_ANSWERS 128
// No unit test takes so long; a server that was left behind ends by itself.
#ifndef SERVER_MAX_S
#define SERVER_MAX_S 600
#endif

// Shared with the child, each by the index of the path.
struct server_path {
    atomic_int requests;    // below /<index>/ so far
    atomic_int conditional; // of these, with If-None-Match or If-Modified-Since
    atomic_int answer;      // that is given there: its own, or what server_say() chose
};

struct server {
    pid_t pid;
    int listener, port;
    struct server_path *paths;
};

// The answer to requests below /<index>/: its bytes, followed by as many of `filler`; then the
// connection is closed. NULL: no answer, and the connection stays open.
struct server_answer {
    const char *bytes;
    const char *body; // appended to `bytes`, or NULL
    size_t filler;
};

static inline void server_send(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

// From now on requests below /<index>/ get that answer.
static inline void server_say(struct server *server, int index, int answer) {
    atomic_store(&server->paths[index].answer, answer);
}

static inline void server_answer(int fd, const struct server *server,
                                 const struct server_answer *answers) {
    char request[4096] = "";
    size_t length = 0;
    while (!strstr(request, "\r\n\r\n") && length < sizeof request - 1) {
        ssize_t got = read(fd, request + length, sizeof request - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        request[length] = '\0';
    }
    unsigned index;
    if (sscanf(request, "GET /%u/", &index) != 1 || index >= SERVER_ANSWERS) {
        close(fd);
        return;
    }
    struct server_path *path = &server->paths[index];
    // Before the request is counted: who waits for it may change the answer then.
    const struct server_answer *answer = &answers[atomic_load(&path->answer)];
    atomic_fetch_add(&path->requests, 1);
    if (strstr(request, "\r\nIf-None-Match: ") || strstr(request, "\r\nIf-Modified-Since: "))
        atomic_fetch_add(&path->conditional, 1);
    if (!answer->bytes)
        return; // left open: whoever asks waits
    server_send(fd, answer->bytes, strlen(answer->bytes));
    if (answer->body)
        server_send(fd, answer->body, strlen(answer->body));
    char filler[4096];
    memset(filler, 'x', sizeof filler);
    for (size_t left = answer->filler; left > 0;) {
        size_t part = left < sizeof filler ? left : sizeof filler;
        server_send(fd, filler, part);
        left -= part;
    }
    shutdown(fd, SHUT_WR);
    close(fd);
}

// First: the port, which answers may have to name.
static inline void server_listen(struct server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 128) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        check_abort("no port to listen on");
    server->port = ntohs(address.sin_port);
    server->paths = mmap(NULL, SERVER_ANSWERS * sizeof *server->paths, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server->paths == MAP_FAILED)
        check_abort("no shared memory");
    for (int i = 0; i < SERVER_ANSWERS; i++)
        server_say(server, i, i);
}

// Second: the child.
static inline void server_start(struct server *server, const struct server_answer *answers) {
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid < 0)
        check_abort("no child process");
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        alarm(SERVER_MAX_S);
        for (;;) {
            int fd = accept(server->listener, NULL, NULL);
            if (fd >= 0)
                server_answer(fd, server, answers);
        }
    }
    close(server->listener);
}

static inline void server_stop(struct server *server) {
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}
