// SPDX-License-Identifier: MIT
// Points of Ed25519 and Ed448: which y have an x, and which of these are good keys.
#include "check.h"

#include "keys/okp.h"

#include <stdint.h>

static enum tv_status check_point(bool ed448, const unsigned char *bytes, size_t length) {
    struct tv_span point = guard_copy(GUARD_KEY, bytes, length);
    return tv_okp_check_point(ed448, (const unsigned char *)point.data, length);
}

// The y from 2 to 33 that belong to a point, as bits, worked out apart from this code: there
// (y^2 - 1) / (d y^2 - a) is a square modulo p.
static const struct {
    const char *name;
    bool ed448;
    size_t size;
    uint32_t on_curve;
} curves[] = {{"Ed25519", false, TV_OKP_ED25519_SIZE, 0xdfeb719e},
              {"Ed448", true, TV_OKP_ED448_SIZE, 0xabca0cee}};

int main(void) {
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        bool ed448 = curves[i].ed448;
        size_t size = curves[i].size;
        unsigned char point[TV_OKP_ED448_SIZE + 1] = {0};
        uint32_t found = 0;
        for (unsigned char y = 2; y < 34; y++) {
            point[0] = y;
            enum tv_status status = check_point(ed448, point, size);
            point[size - 1] |= 0x80; // the other x
            CHECK_STATUS(status, check_point(ed448, point, size), curves[i].name);
            point[size - 1] &= 0x7f;
            CHECK(status == TV_OK || status == TV_WEAK_KEY, curves[i].name);
            found |= (uint32_t)(status == TV_OK) << (y - 2);
        }
        CHECK_NUMBER(curves[i].on_curve, found, curves[i].name);
        for (unsigned char y = 0; y < 2; y++) { // of order 4 and 1
            point[0] = y;
            CHECK_STATUS(TV_WEAK_KEY, check_point(ed448, point, size), "of small order");
        }
        point[0] = 0;
        while (point[0] < 34 && check_point(ed448, point, size) != TV_OK)
            point[0]++;
        CHECK_STATUS(TV_OK, check_point(ed448, point, size), "as long as the curve's points");
        CHECK_STATUS(TV_WEAK_KEY, check_point(ed448, point, size - 1), "a byte too few");
        CHECK_STATUS(TV_WEAK_KEY, check_point(ed448, point, size + 1), "a byte too many");
        CHECK_STATUS(TV_WEAK_KEY, check_point(ed448, point, 0), "no bytes");
    }
    return check_report("test_okp");
}
