// SPDX-License-Identifier: MIT
// A local folder of key files, named as a key server names them.
#pragma once

#include "base/status.h"
#include "keys/key.h"

// Identifies the state of a file by device, inode, size and ctime, so that a chmod counts as a
// change too.
#define TV_FOLDER_STAMP_SIZE 96

// Looks at the file of `key_id` in `folder` and gives its state. TV_KEY_NOT_FOUND if there is no
// file, TV_KEY_UNUSABLE if it is not a plain file or stat() fails, TV_NO_MEMORY.
enum tv_status tv_folder_look(const char *folder, struct tv_span key_id,
                              char stamp[TV_FOLDER_STAMP_SIZE], struct tv_detail *detail);

// Reads the file and loads its key, `rsa_min_bits` as for tv_key_load_with(). TV_KEY_NOT_FOUND,
// TV_KEY_UNUSABLE (reason TV_REASON_FILE: it could not be read; another: the key is not usable),
// TV_KEY_SOURCE_UNAVAILABLE if the process has no descriptor left, TV_NO_MEMORY.
enum tv_status tv_folder_load(const char *folder, struct tv_span key_id, int rsa_min_bits,
                              struct tv_key **key, struct tv_detail *detail);
