// SPDX-License-Identifier: MIT
// Which bytes are a good public point of Ed25519 or Ed448.
#include "keys/okp.h"

#include <openssl/bn.h>

#define SMALL_COUNT 2

// a x^2 + y^2 = 1 + d x^2 y^2 modulo p, numbers as hexadecimal digits.
struct curve {
    size_t size;
    const char *p, *d;
    bool a_is_minus_one;
    // y of the points whose order divides the cofactor, besides 0, and 1 and -1, where x is 0.
    const char *small[SMALL_COUNT];
};

static const struct curve ed25519_curve = {
    TV_OKP_ED25519_SIZE,
    "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED",
    "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3",
    true,
    {"05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826",
     "7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7"}};

static const struct curve ed448_curve = {TV_OKP_ED448_SIZE,
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6756",
                                         false,
                                         {NULL, NULL}};

struct numbers {
    BN_CTX *context;
    BIGNUM *p, *d, *y, *other, *u, *v;
};

static enum tv_status is_small(const struct curve *curve, const struct numbers *n, bool *small) {
    *small = BN_is_zero(n->y);
    for (size_t i = 0; i < SMALL_COUNT && curve->small[i]; i++) {
        BIGNUM *other = n->other;
        if (!BN_hex2bn(&other, curve->small[i]))
            return TV_NO_MEMORY;
        *small = *small || BN_cmp(n->y, other) == 0;
    }
    return TV_OK;
}

// Whether x^2 = (y^2 - 1) / (d y^2 - a) is a square; u/v is one exactly if u*v is.
static enum tv_status has_x(const struct curve *curve, const struct numbers *n, bool *has) {
    if (!BN_mod_sqr(n->other, n->y, n->p, n->context) || !BN_copy(n->u, n->other) ||
        !BN_sub_word(n->u, 1) || !BN_mod_mul(n->v, n->d, n->other, n->p, n->context) ||
        !(curve->a_is_minus_one ? BN_add_word(n->v, 1) : BN_sub_word(n->v, 1)) ||
        !BN_mod_mul(n->u, n->u, n->v, n->p, n->context))
        return TV_NO_MEMORY;
    int symbol = BN_kronecker(n->u, n->p, n->context);
    *has = symbol == 1; // 0 is x = 0, a point of small order
    return symbol < -1 ? TV_NO_MEMORY : TV_OK;
}

static enum tv_status check(const struct curve *curve, const unsigned char *point,
                            const struct numbers *n) {
    unsigned char y[TV_OKP_ED448_SIZE] = {0};
    for (size_t i = 0; i < curve->size; i++)
        y[i] = point[i];
    y[curve->size - 1] &= 0x7f; // the sign of x
    BIGNUM *p = n->p, *d = n->d;
    if (!BN_hex2bn(&p, curve->p) || !BN_hex2bn(&d, curve->d) ||
        !BN_lebin2bn(y, (int)curve->size, n->y))
        return TV_NO_MEMORY;
    if (BN_cmp(n->y, n->p) >= 0)
        return TV_WEAK_KEY;
    bool small = false, has = false;
    enum tv_status status = is_small(curve, n, &small);
    if (status == TV_OK)
        status = has_x(curve, n, &has);
    return status != TV_OK ? status : has && !small ? TV_OK : TV_WEAK_KEY;
}

enum tv_status tv_okp_check_point(bool ed448, const unsigned char *point, size_t length) {
    const struct curve *curve = ed448 ? &ed448_curve : &ed25519_curve;
    if (length != curve->size)
        return TV_WEAK_KEY;
    BN_CTX *context = BN_CTX_new();
    if (!context)
        return TV_NO_MEMORY;
    BN_CTX_start(context);
    struct numbers n = {.context = context};
    BIGNUM **const all[] = {&n.p, &n.d, &n.y, &n.other, &n.u, &n.v};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        *all[i] = BN_CTX_get(context);
    // Once one cannot be had, none of the later can (BN_CTX_get(3)).
    enum tv_status status = n.v ? check(curve, point, &n) : TV_NO_MEMORY;
    BN_CTX_end(context);
    BN_CTX_free(context);
    return status;
}
