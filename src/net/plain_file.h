// SPDX-License-Identifier: MIT
// Files that settings name. Only plain files are read: opening a pipe would wait for its writer,
// and block the whole server.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum tv_file_outcome { TV_FILE_READ, TV_FILE_UNREADABLE, TV_FILE_NOT_PLAIN, TV_FILE_TOO_LARGE };

// Up to `size` bytes of an open file; -1 with errno.
ssize_t tv_file_read(int file, char *bytes, size_t size);

// The whole file, if it has at most `max` bytes: a text that ends with a NUL behind its `length`
// bytes, wiped and freed by tv_plain_file_free(). Without memory the file is unreadable.
enum tv_file_outcome tv_plain_file_read(const char *path, size_t max, char **text, size_t *length);

void tv_plain_file_free(char *text, size_t length);

// The file's first line, without its end, as a text; false if there is none, it does not fit, or
// the file cannot be read.
bool tv_plain_file_read_line(const char *path, char *line, size_t size);
