// SPDX-License-Identifier: MIT
// A setting's kind says what its member is.
#include "check.h"

#include "base/setting.h"

struct members {
    bool boolean;
    struct tv_span string;
    const char *text;
    double number;
    int integer;
    size_t size;
    int64_t seconds, milliseconds;
};

static const struct {
    const char *name;
    struct tv_setting setting;
    size_t size;
    bool is_number, is_whole;
    const char *unit;
} cases[] = {
    {"other", {.kind = TV_SETTING_OTHER, .unit = "keys"}, 0, false, false, "keys"},
    {"accepted", {.kind = TV_SETTING_ACCEPTED}, 0, false, false, NULL},
    {"boolean", {.kind = TV_SETTING_BOOLEAN}, sizeof(bool), false, false, NULL},
    {"string", {.kind = TV_SETTING_STRING}, sizeof(struct tv_span), false, false, NULL},
    {"text", {.kind = TV_SETTING_TEXT}, sizeof(const char *), false, false, NULL},
    {"number", {.kind = TV_SETTING_NUMBER, .unit = "%"}, sizeof(double), true, false, "%"},
    {"int", {.kind = TV_SETTING_INT, .unit = "bits"}, sizeof(int), true, true, "bits"},
    {"size", {.kind = TV_SETTING_SIZE}, sizeof(size_t), true, true, NULL},
    {"seconds", {.kind = TV_SETTING_SECONDS}, sizeof(int64_t), true, true, "s"},
    {"milliseconds", {.kind = TV_SETTING_MILLISECONDS}, sizeof(int64_t), true, false, "s"},
};

static void put(enum tv_setting_kind kind, double number, void *member) {
    struct tv_setting setting = {.kind = kind};
    tv_setting_put(&setting, number, member);
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct tv_setting *setting = &cases[i].setting;
        CHECK_NUMBER(cases[i].size, tv_setting_size(setting), cases[i].name);
        CHECK(tv_setting_is_number(setting) == cases[i].is_number, cases[i].name);
        CHECK(tv_setting_is_whole(setting) == cases[i].is_whole, cases[i].name);
        CHECK_TEXT(cases[i].unit, tv_setting_unit(setting), cases[i].name);
    }

    struct members members = {.text = "as it was"};
    put(TV_SETTING_NUMBER, -0.5, &members.number);
    put(TV_SETTING_INT, 2048, &members.integer);
    put(TV_SETTING_SIZE, 1e9, &members.size);
    put(TV_SETTING_SECONDS, 315360000, &members.seconds);
    put(TV_SETTING_MILLISECONDS, 0.25, &members.milliseconds);
    put(TV_SETTING_BOOLEAN, 1, &members.boolean);
    put(TV_SETTING_STRING, 1, &members.string);
    put(TV_SETTING_TEXT, 1, &members.text);
    put(TV_SETTING_OTHER, 1, NULL);
    CHECK(members.number == -0.5, "number");
    CHECK_NUMBER(2048, members.integer, "int");
    CHECK_NUMBER(1000000000, members.size, "size");
    CHECK_NUMBER(315360000, members.seconds, "seconds");
    CHECK_NUMBER(250, members.milliseconds, "milliseconds");
    CHECK(!members.boolean && !members.string.data, "no numbers");
    CHECK_TEXT("as it was", members.text, "no number");
    return check_report("test_setting");
}
