// SPDX-License-Identifier: MIT
// The properties of each kind of setting: size, unit, and how a value is stored.
#include "base/setting.h"

static const struct {
    size_t size;
    bool is_number, is_whole;
} kinds[] = {
    [TV_SETTING_BOOLEAN] = {sizeof(bool), false, false},
    [TV_SETTING_STRING] = {sizeof(struct tv_span), false, false},
    [TV_SETTING_TEXT] = {sizeof(const char *), false, false},
    [TV_SETTING_NUMBER] = {sizeof(double), true, false},
    [TV_SETTING_INT] = {sizeof(int), true, true},
    [TV_SETTING_SIZE] = {sizeof(size_t), true, true},
    [TV_SETTING_SECONDS] = {sizeof(int64_t), true, true},
    [TV_SETTING_MILLISECONDS] = {sizeof(int64_t), true, false},
};

size_t tv_setting_size(const struct tv_setting *setting) { return kinds[setting->kind].size; }

const char *tv_setting_unit(const struct tv_setting *setting) {
    bool seconds = setting->kind == TV_SETTING_SECONDS || setting->kind == TV_SETTING_MILLISECONDS;
    return seconds ? "s" : setting->unit;
}

bool tv_setting_is_number(const struct tv_setting *setting) {
    return kinds[setting->kind].is_number;
}

bool tv_setting_is_whole(const struct tv_setting *setting) { return kinds[setting->kind].is_whole; }

void tv_setting_put(const struct tv_setting *setting, double number, void *member) {
    switch (setting->kind) {
    case TV_SETTING_NUMBER:
        *(double *)member = number;
        break;
    case TV_SETTING_INT:
        *(int *)member = (int)number;
        break;
    case TV_SETTING_SIZE:
        *(size_t *)member = (size_t)number;
        break;
    case TV_SETTING_SECONDS:
        *(int64_t *)member = (int64_t)number;
        break;
    case TV_SETTING_MILLISECONDS:
        *(int64_t *)member = (int64_t)(number * 1000);
        break;
    default:
        break;
    }
}
