// SPDX-License-Identifier: MIT
// Encodes and joins the three parts of a token.
#include "token/sign.h"

#include "base/base64url.h"
#include "keys/signature.h"

static enum tv_status fail_length(size_t length, struct tv_detail *detail) {
    detail->reason = TV_REASON_LENGTH;
    detail->number = (double)length;
    detail->limit = (double)TV_JWS_MAX_LENGTH;
    return TV_TOKEN_TOO_LARGE;
}

enum tv_status tv_sign_check_length(size_t text_length, struct tv_detail *detail) {
    // Before it is encoded it may be so long that its length encoded does not fit a size_t.
    if (text_length > TV_JWS_MAX_LENGTH)
        return fail_length(text_length, detail);
    size_t length = TV_BASE64URL_ENCODED_LENGTH(text_length);
    return length < TV_JWS_MAX_LENGTH ? TV_OK : fail_length(length + 1, detail);
}

enum tv_status tv_sign(const struct tv_algorithm *algorithm, const struct tv_key *key,
                       struct tv_span header, struct tv_span payload, char *token,
                       size_t *token_length, struct tv_detail *detail) {
    size_t header_length = TV_BASE64URL_ENCODED_LENGTH(header.length);
    size_t input_length = header_length + 1 + TV_BASE64URL_ENCODED_LENGTH(payload.length);
    if (input_length >= TV_JWS_MAX_LENGTH)
        return fail_length(input_length + 1, detail);
    tv_base64url_encode((const unsigned char *)header.data, header.length, token);
    token[header_length] = '.';
    tv_base64url_encode((const unsigned char *)payload.data, payload.length,
                        token + header_length + 1);

    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t signature_length;
    enum tv_status status = tv_signature_make(algorithm, key, (struct tv_span){token, input_length},
                                              signature, &signature_length, detail);
    if (status != TV_OK)
        return status;
    size_t length = input_length + 1 + TV_BASE64URL_ENCODED_LENGTH(signature_length);
    if (length > TV_JWS_MAX_LENGTH)
        return fail_length(length, detail);
    token[input_length] = '.';
    tv_base64url_encode(signature, signature_length, token + input_length + 1);
    *token_length = length;
    return TV_OK;
}
