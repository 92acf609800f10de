/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gate.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool is_token(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || s.ptr[i] == '"' || s.ptr[i] == '\\')
            return false;
    return s.len > 0 && s.len < WEB_TOKEN_BYTES;
}

/* "name", "name:port", "[v6]:port": the name alone. */
static struct tc_slice without_port(struct tc_slice host)
{
    if (tc_slice_starts(host, "["))
        return tc_slice_sub(host, 1, tc_slice_find_byte(host, ']') - 1);
    return tc_slice_sub(host, 0, tc_slice_find_byte(host, ':'));
}

bool web_gate_host(struct tc_slice host, bool (*named)(void *ctx, const char *name), void *ctx)
{
    char name[256];
    struct in6_addr address;
    if (tc_slice_to_str(without_port(host), name, sizeof name) != TC_OK || name[0] == 0)
        return false;
    if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
        return true;
    if (tc_slice_eq_nocase(tc_slice_str(name), tc_slice_str("localhost")))
        return true;
    return named != NULL && named(ctx, name);
}

struct web_verdict web_gate_token(const struct http_head *h, struct web_caller *ret)
{
    *ret = (struct web_caller){0};
    struct tc_slice token = http_header(h, "authorization");
    if (token.ptr != NULL) {
        if (!tc_slice_starts_nocase(token, "bearer "))
            return (struct web_verdict){401,
                                        "only bearer tokens are taken in the Authorization field"};
        token = tc_slice_trim(tc_slice_sub(token, 7, token.len));
    } else {
        enum tc_err err = http_cookie(http_header(h, "cookie"), "tocsin_session", &token);
        if (err == TC_E_CONFLICT)
            return (struct web_verdict){400, "two different session cookies were sent"};
        if (err != TC_OK)
            return (struct web_verdict){0};
        ret->by_cookie = true;
    }
    if (!is_token(token))
        return (struct web_verdict){401, "the token is malformed"};
    (void)snprintf(ret->token, sizeof ret->token, "%.*s", TC_FMT(token));
    return (struct web_verdict){0};
}

struct web_verdict web_gate_origin(const struct http_head *h, const struct web_caller *who,
                                   bool mutates)
{
    if (!mutates)
        return (struct web_verdict){0};
    struct tc_slice origin = http_header(h, "origin");
    if (origin.ptr == NULL) {
        if (who->by_cookie)
            return (struct web_verdict){403, "the Origin field is missing"};
        return (struct web_verdict){0};
    }
    if (tc_slice_starts(origin, "https://") &&
        tc_slice_eq_nocase(tc_slice_sub(origin, 8, origin.len), h->host))
        return (struct web_verdict){0};
    return (struct web_verdict){403, "the request comes from a page of another host"};
}
