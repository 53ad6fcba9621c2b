// SPDX-License-Identifier: MIT
// A local folder of key files, named as a key server names them.
#pragma once

#include "base/status.h"
#include "keys/key.h"

// Tells one state of a file from another: device, inode, size and time of change, be it of the
// mode.
#define TV_FOLDER_STAMP_SIZE 96

// Where the key of `key_id` lies in `folder`, and what state it is in. TV_KEY_NOT_FOUND if there is
// no file, TV_KEY_UNUSABLE if it is no plain file or cannot be looked at, TV_NO_MEMORY.
enum tv_status tv_folder_look(const char *folder, struct tv_span key_id,
                              char stamp[TV_FOLDER_STAMP_SIZE], struct tv_detail *detail);

// Reads and loads it, `rsa_min_bits` as for tv_key_load_with(). TV_KEY_NOT_FOUND, TV_KEY_UNUSABLE
// (for the reason TV_REASON_FILE if it could not be read, for another if it is no good key),
// TV_KEY_SOURCE_UNAVAILABLE if the process has no descriptor left, TV_NO_MEMORY.
enum tv_status tv_folder_load(const char *folder, struct tv_span key_id, int rsa_min_bits,
                              struct tv_key **key, struct tv_detail *detail);
