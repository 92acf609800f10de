/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP authentication as RTSP uses it: Digest (RFC 7616: MD5, SHA-256, their -sess forms, qop auth
 * or none) and Basic (RFC 7617), which is answered only when the server offers nothing else.
 *
 * Pure: the client's nonce is an argument. Both sides' needs are here: reading a challenge and
 * answering it, and checking an answer (the camera simulator). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    HTTP_AUTH_TEXT_BYTES = 256, /* a realm, nonce or opaque, NUL included */
    HTTP_AUTH_USER_BYTES_MAX = 128,
};

/* In the order of preference. */
enum http_auth_scheme {
    HTTP_AUTH_NONE,
    HTTP_AUTH_BASIC,
    HTTP_AUTH_DIGEST_MD5,
    HTTP_AUTH_DIGEST_SHA256
};

struct http_challenge {
    enum http_auth_scheme scheme;
    bool session; /* the -sess form */
    bool qop_auth;
    bool stale; /* the answer was right, its nonce too old: answer again, it is no wrong password */
    bool has_opaque;
    char realm[HTTP_AUTH_TEXT_BYTES];
    char nonce[HTTP_AUTH_TEXT_BYTES];
    char opaque[HTTP_AUTH_TEXT_BYTES];
};

struct http_login {
    struct tc_slice user, password;
};

/* Takes the best challenge of one WWW-Authenticate value into *BEST, unless *BEST is better
 * already: start with a zeroed one and call for each header. What is not understood is passed over.
 */
void http_challenge_take(struct tc_slice value, struct http_challenge *best);

/* Appends the value of an Authorization header. COUNT is the number of uses of this nonce, from 1;
 * CNONCE some random text, used with qop. TC_E_UNSUPPORTED for HTTP_AUTH_NONE, TC_E_FORMAT for a
 * login that cannot be written (quotes or control bytes in the name), TC_E_CRYPTO. */
enum tc_err http_authorization_write(struct tc_buf *out, const struct http_challenge *challenge,
                                     const struct http_login *login, struct tc_slice method,
                                     struct tc_slice uri, uint32_t count,
                                     struct tc_slice cnonce) TC_MUST_USE;

/* Is VALUE (of an Authorization header) the right answer to CHALLENGE? For Digest the nonce must be
 * the challenge's; the uri that it names is the caller's to compare. False for anything malformed.
 */
bool http_authorization_check(struct tc_slice value, const struct http_challenge *challenge,
                              const struct http_login *login, struct tc_slice method);

/* A parameter of a challenge or an answer: `name="value"` or `name=value`; ptr NULL when it is not
 * there. */
struct tc_slice http_auth_param(struct tc_slice value, const char *name);
