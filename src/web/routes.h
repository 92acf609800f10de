/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of HTTP routes: what there is, who may (the row that core enforces), what it takes,
 * what it gives. The server matches by it, requests are checked by it, OpenAPI is printed from it,
 * and the tests walk it. A row without a policy does not compile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "proto/http.h"

/* Who may call; decided by core, stated here for people, OpenAPI and the policy tests. name, text
 */
#define WEB_POLICY_LIST(X)                                                                         \
    X(PUBLIC, "everybody")                                                                         \
    X(SIGNED_IN, "signed in")                                                                      \
    X(VIEWER, "viewer and up")                                                                     \
    X(OPERATOR, "operator and up")                                                                 \
    X(OPERATOR_AUDITOR, "operator and up, auditor")                                                \
    X(AUDITOR, "auditor or administrator")                                                         \
    X(ADMINISTRATOR, "administrator")                                                              \
    X(LOOPBACK, "this machine; others signed in")

enum web_policy {
    WEB_POLICY_NONE, /* no row may say so */
#define X(name, text) WEB_POLICY_##name,
    WEB_POLICY_LIST(X)
#undef X
        WEB_POLICY_COUNT
};

enum web_handler {
    WEB_HANDLER_CORE = 1, /* to core; it or reader answers with JSON */
    WEB_HANDLER_CLIP,     /* to core; archive answers with descriptors */
    WEB_HANDLER_STREAM,
    WEB_HANDLER_CHANGES,
    WEB_HANDLER_VIDEO,
    WEB_HANDLER_HEALTH,
    WEB_HANDLER_METRICS,
    WEB_HANDLER_OPENAPI,
};

enum web_place { WEB_IN_PATH = 1, WEB_IN_QUERY, WEB_IN_BODY };

enum web_type {
    WEB_TYPE_NUMBER = 1, /* decimal, MIN..MAX */
    WEB_TYPE_ID,         /* letters, digits, . _ -; at most MAX */
    WEB_TYPE_TEXT,       /* UTF-8, MIN..MAX bytes */
    WEB_TYPE_TIME,       /* RFC 3339 or @seconds */
    WEB_TYPE_WORD,       /* one of WORDS */
    WEB_TYPE_BOOL,       /* JSON true or false; in a query 1 or 0 */
};

struct web_param {
    const char *name; /* NULL ends a list */
    enum web_place place;
    enum web_type type;
    bool required;
    uint64_t min, max;
    const char *words; /* "open|closed|all" */
    const char *help;
};

struct web_route {
    const char *name; /* as in msg_request.route_name */
    enum http_method method;
    const char *path; /* "/api/v1/incidents/{id}" */
    enum web_policy policy;
    enum web_handler handler;
    unsigned status;    /* of success */
    const char *answer; /* what comes back, for OpenAPI */
    const char *summary;
    const struct web_param *params;
};

enum { WEB_PATH_PARAMS_MAX = 4, WEB_PARAM_BYTES_MAX = 1024 };

struct web_match {
    const struct web_route *route;
    struct tc_slice path_values[WEB_PATH_PARAMS_MAX]; /* still encoded, in the pattern's order */
    unsigned allowed; /* with TC_E_UNSUPPORTED: bits 1 << enum http_method */
};

const struct web_route *web_route_at(unsigned index); /* NULL behind the last */
unsigned web_route_index(const struct web_route *route);
const char *web_policy_text(enum web_policy policy);

/* TC_E_NOT_FOUND: no such path. TC_E_UNSUPPORTED: the path exists, but not with this method. HEAD
 * matches GET. */
enum tc_err web_route_find(enum http_method method, struct tc_slice path,
                           struct web_match *ret) TC_MUST_USE;

/* What was wrong with which parameter. */
struct web_param_fault {
    char field[64];
    char text[160];
};

/* Checks path and query against the row and appends them to TAIL in the form of struct msg_request.
 * An unknown, repeated, missing or malformed parameter is TC_E_FORMAT with *FAULT filled. */
enum tc_err web_route_params(const struct web_match *m, struct tc_slice query, struct tc_buf *tail,
                             uint32_t *ret_count, struct web_param_fault *fault) TC_MUST_USE;
/* Checks a JSON body against the row: one object, known fields only, none twice. An empty body
 * stands for {}. */
enum tc_err web_route_body(const struct web_route *r, struct tc_slice body,
                           struct web_param_fault *fault) TC_MUST_USE;

/* OpenAPI 3.1 of the whole table. */
void web_openapi(struct tc_buf *out);
