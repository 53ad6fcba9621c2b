// SPDX-License-Identifier: MIT
// The version, here and nowhere else in the code.
#pragma once

#define TV_VERSION "0.1.0"
