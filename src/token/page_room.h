// SPDX-License-Identifier: MIT
// The room that Jitsi's page makes of a name in its address.
#pragma once

#include "base/span.h"
#include "base/status.h"

#define TV_PAGE_ROOM_MAX 1023 // bytes: the most that a room's name may have in XMPP (RFC 7622)
// No longer part makes such a name: at most twelve bytes, an encoded bold letter, make one.
#define TV_PAGE_ROOM_PART_MAX (12UL * TV_PAGE_ROOM_MAX)

// What the page makes of the last part of its path: the percent-encoding is decoded once if all of
// it can be decoded, the text is normalized (NFKC), written in lower case and encoded like
// JavaScript's encodeURIComponent(), and that is written in lower case. `*length` bytes of `name`
// are set. TV_ROOM_INVALID: the part is empty, not UTF-8 or too long, or the name is too long.
enum tv_status tv_page_room(struct tv_span part, char name[TV_PAGE_ROOM_MAX], size_t *length);
