/* SPDX-License-Identifier: Apache-2.0 */
/* What every request must be before anybody works for it: addressed to us, from our own pages where
 * a cookie speaks for a person, and with a token that could be one. Pure: a request's head in, a
 * verdict out. */
#pragma once

#include <stdbool.h>

#include "proto/http.h"
#include "web/conn.h"

struct web_verdict {
    unsigned status; /* 0: let in */
    const char *detail;
};

struct web_caller {
    char token[WEB_TOKEN_BYTES]; /* "" for none */
    bool by_cookie;
};

/* Is HOST (a Host field, with or without a port) this server? Addresses and localhost always; names
 * when NAMED says that the certificate carries them. Anything else is a page that points its own
 * name at us (DNS rebinding). */
bool web_gate_host(struct tc_slice host, bool (*named)(void *ctx, const char *name), void *ctx);
/* Reads the bearer token or the session's cookie into *RET. */
struct web_verdict web_gate_token(const struct http_head *h, struct web_caller *ret);
/* May this request change something, or open a WebSocket, for the person whose cookie it carries?
 */
struct web_verdict web_gate_origin(const struct http_head *h, const struct web_caller *who,
                                   bool mutates);
