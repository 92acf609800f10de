/* SPDX-License-Identifier: Apache-2.0 */
/* Reading HTTP/1.1 requests: the head, and the few header fields that web understands itself.
 *
 * Strict on purpose (RFC 9112 lets a server be): lines end in CRLF, no folded lines, no blank
 * before a colon, no control characters, origin-form targets only, no Transfer-Encoding in
 * requests, no field twice that decides where a request ends or who sent it. What two readers could
 * understand differently is refused. Every slice that comes out borrows from what went in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    HTTP_HEAD_BYTES_MAX = 8192,
    HTTP_TARGET_BYTES_MAX = 4096,
    HTTP_HEADERS_MAX = 64,
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS, /* also: any other word */
};

struct http_header {
    struct tc_slice name;
    struct tc_slice value; /* without blanks around it */
};

struct http_head {
    enum http_method method;
    struct tc_slice method_text;
    struct tc_slice path;  /* as sent, percent-encoding and all; begins with '/' */
    struct tc_slice query; /* behind '?', ptr NULL when there is no '?' */
    struct tc_slice host;  /* ptr NULL only in HTTP/1.0 */
    unsigned minor;        /* HTTP/1.MINOR: 0 or 1 */
    uint64_t content_length;
    bool close;   /* the connection ends with this exchange */
    bool upgrade; /* Connection: upgrade */
    bool expect_continue;
    unsigned header_count;
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* "GET"; static. */
const char *http_method_name(enum http_method method);
/* "Not Found" for 404; "Status" for a number without a phrase. Static. */
const char *http_status_text(unsigned status);

/* Bytes of the head with its blank line, or 0 while the blank line has not come. */
size_t http_head_length(struct tc_slice in);
/* HEAD as http_head_length measured it. On error *RET is undefined and *RET_STATUS is the answer to
 * give: 400 malformed, 414 target too long, 431 too many fields, 501 transfer encodings, 505
 * version. */
enum tc_err http_head_parse(struct tc_slice head, struct http_head *ret, unsigned *ret_status,
                            struct tc_errinfo *info) TC_MUST_USE;

/* The first field of this name (ASCII case ignored), ptr NULL when there is none. */
struct tc_slice http_header(const struct http_head *h, const char *name);
/* Does a comma-separated list hold the WORD (ASCII case ignored, parameters behind ';' ignored)? */
bool http_list_has(struct tc_slice list, const char *word);
/* May a body be sent gzip-encoded to a client with this Accept-Encoding? */
bool http_accepts_gzip(struct tc_slice accept_encoding);
/* Is ETAG (with its quotes) named by this If-None-Match or If-Range field? "*" matches; W/ is
 * ignored. */
bool http_etag_matches(struct tc_slice field, struct tc_slice etag);

/* The cookie's value. TC_E_NOT_FOUND; TC_E_CONFLICT when the name comes twice with different values
 * (somebody plants cookies from another host); *RET unchanged then. */
enum tc_err http_cookie(struct tc_slice field, const char *name, struct tc_slice *ret) TC_MUST_USE;

enum http_range {
    HTTP_RANGE_WHOLE,  /* no range, or one that a server may ignore: several ranges, other units,
                          nonsense */
    HTTP_RANGE_PART,   /* *FIRST to *LAST inclusive, inside TOTAL */
    HTTP_RANGE_BEYOND, /* 416 */
};
/* A Range field over TOTAL bytes (RFC 9110, 14.1.2). Writes the positions only for HTTP_RANGE_PART.
 */
enum http_range http_range(struct tc_slice field, uint64_t total, uint64_t *first, uint64_t *last);

/* Takes "name=value" off the front of a query string, still encoded. False at the end. */
bool http_query_next(struct tc_slice *rest, struct tc_slice *ret_name, struct tc_slice *ret_value);
/* Decodes percent-encoding (and '+' to a blank when PLUS). OUT holds SIZE bytes, *RET_LEN gets what
 * was used. TC_E_FORMAT for a broken escape, control characters or bytes that are no UTF-8;
 * TC_E_LIMIT. */
enum tc_err http_decode(struct tc_slice in, bool plus, char *out, size_t size,
                        size_t *ret_len) TC_MUST_USE;
