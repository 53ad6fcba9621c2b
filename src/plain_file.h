// SPDX-License-Identifier: MIT
// Files that settings name. Opening a pipe waits for whoever writes into it, and with it the whole
// server: only plain files are opened.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Whether `path` names something that is no plain file. False also if there is nothing.
bool tv_plain_file_is_other(const char *path);

// The file's first line, without its end, as a text; false if there is none, it does not fit, or
// the file cannot be read.
bool tv_plain_file_read_line(const char *path, char *line, size_t size);
