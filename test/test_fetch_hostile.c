// SPDX-License-Identifier: MIT
// A key server that varies everything it sends: what is told, and that no step goes on for as long
// as it sends.
#include "check.h"
#include "hostile.h"

#include "base/clock.h"
#include "store/keystore.h"

#define ENDS_WITHIN_MS 30000
#define SLOW_STEPS 20 // a handshake, and more than a flood must take

static struct hostile_server server;

static struct tv_keystore *open_answer(size_t index) {
    char url[64];
    struct tv_keystore_options options;
    struct tv_keystore *store = NULL;
    struct tv_detail detail = {0};
    tv_keystore_defaults(&options);
    options.source = TV_SOURCE_ASAP;
    options.urls[options.url_count++] = hostile_url(&server, index, url);
    options.ca_file = server.ca_file;
    options.timeout_ms = ENDS_WITHIN_MS;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &store, NULL, &detail), url);
    return store;
}

// Asks for a kid, and gives its outcome and how many steps that took.
static struct tv_outcome *ask(struct tv_keystore *store, const char *key_id, bool slowly,
                              int *steps) {
    struct tv_detail detail = {0};
    struct tv_key *key;
    struct tv_key_request request = {.key_id = tv_span_of(key_id), .announce = true};
    CHECK_STATUS(TV_KEY_PENDING,
                 tv_keystore_get(store, &request, tv_clock_steady_ms(), &key, &detail), key_id);
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    struct tv_outcome *outcome = NULL;
    for (*steps = 0; !outcome && tv_clock_steady_ms() < until_ms; ++*steps) {
        if (slowly && *steps < SLOW_STEPS)
            usleep(20000); // so that more has come than is read in a step
        tv_keystores_step(1000);
        outcome = tv_keystores_take_outcome();
    }
    return outcome;
}

static void check_answer(size_t index) {
    const struct hostile_answer *answer = &hostile_answers[index];
    struct tv_keystore *store = open_answer(index);
    int steps;
    struct tv_outcome *outcome =
        ask(store, "key", answer->least_steps == HOSTILE_FLOOD_STEPS, &steps);
    if (CHECK(outcome != NULL, answer->name)) {
        const char *text = outcome->absence.detail.text;
        CHECK((outcome->key != NULL) == (answer->problem == NULL), answer->name);
        if (answer->problem && answer->problem[0])
            CHECK(text && strstr(text, answer->problem), answer->name);
        // Not what speaks no TLS at all.
        CHECK((outcome->absence.detail.network == TV_NETWORK_TLS_VERSION) ==
                  (answer->send == give_old_version),
              answer->name);
    }
    CHECK(steps >= answer->least_steps, answer->name);
    tv_outcome_free(outcome);
    tv_keystore_free(store);
}

int main(void) {
    size_t length;
    char *pem = check_read_file("test/vectors/keys/rsa.pem", &length);
    hostile_start(&server, pem);
    for (size_t i = 0; i < HOSTILE_COUNT; i++)
        check_answer(i);
    hostile_stop(&server);
    free(pem);
    return check_report("test_fetch_hostile");
}
