/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http.h"

#include <stddef.h>

#include "base/check.h"

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",      [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS"};

const char *http_method_name(enum http_method method)
{
    return (unsigned)method < HTTP_METHODS ? method_names[method] : "other";
}

static const struct {
    unsigned status;
    const char *text;
} status_texts[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_status_text(unsigned status)
{
    for (size_t i = 0; i < TC_COUNT(status_texts); i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "Status";
}

size_t http_head_length(struct tc_slice in)
{
    size_t at = tc_slice_find(in, "\r\n\r\n");
    return at == in.len ? 0 : at + 4;
}

/* tchar of RFC 9110, 5.6.2 */
static bool is_token_char(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_target(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || s.ptr[i] == '#')
            return false;
    return s.len > 0 && s.ptr[0] == '/';
}

/* Takes one line off *REST; what is left of the head ends in CRLF. False for a bare CR, LF or NUL.
 */
static bool take_line(struct tc_slice *rest, struct tc_slice *line)
{
    size_t end = tc_slice_find_byte(*rest, '\n');
    if (end == rest->len || end == 0 || rest->ptr[end - 1] != '\r')
        return false;
    *line = tc_slice_sub(*rest, 0, end - 1);
    *rest = tc_slice_sub(*rest, end + 1, rest->len);
    return tc_slice_find_byte(*line, '\r') == line->len &&
           tc_slice_find_byte(*line, 0) == line->len;
}

static enum tc_err refuse(unsigned *ret_status, unsigned status, struct tc_errinfo *info,
                          const char *why)
{
    *ret_status = status;
    return tc_fail(info, TC_E_FORMAT, "%s", why);
}

static enum tc_err parse_request_line(struct tc_slice line, struct http_head *h,
                                      unsigned *ret_status, struct tc_errinfo *info)
{
    struct tc_slice rest = line;
    h->method_text = tc_slice_split(&rest, ' ');
    struct tc_slice target = tc_slice_split(&rest, ' ');
    if (!is_token(h->method_text) || rest.ptr == NULL)
        return refuse(ret_status, 400, info, "the request line is malformed");
    if (!tc_slice_starts(rest, "HTTP/"))
        return refuse(ret_status, 400, info, "the request line names no HTTP version");
    if (!tc_slice_is(rest, "HTTP/1.1") && !tc_slice_is(rest, "HTTP/1.0"))
        return refuse(ret_status, 505, info, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    h->minor = rest.ptr[7] == '1';
    if (target.len > HTTP_TARGET_BYTES_MAX)
        return refuse(ret_status, 414, info, "the address is too long");
    if (!is_target(target))
        return refuse(ret_status, 400, info, "the request's target is no path");
    h->path = tc_slice_sub(target, 0, tc_slice_find_byte(target, '?'));
    if (h->path.len < target.len)
        h->query = tc_slice_sub(target, h->path.len + 1, target.len);
    h->method = HTTP_METHODS;
    for (unsigned i = 0; i < HTTP_METHODS; i++)
        if (tc_slice_is(h->method_text, method_names[i]))
            h->method = (enum http_method)i;
    return TC_OK;
}

static enum tc_err parse_field(struct tc_slice line, struct http_head *h, unsigned *ret_status,
                               struct tc_errinfo *info)
{
    size_t colon = tc_slice_find_byte(line, ':');
    struct tc_slice name = tc_slice_sub(line, 0, colon);
    if (colon == line.len || !is_token(name))
        return refuse(ret_status, 400, info, "a header field is malformed");
    struct tc_slice value = tc_slice_trim(tc_slice_sub(line, colon + 1, line.len));
    for (size_t i = 0; i < value.len; i++)
        if ((value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
            return refuse(ret_status, 400, info, "a header field holds a control character");
    if (h->header_count == HTTP_HEADERS_MAX)
        return refuse(ret_status, 431, info, "too many header fields");
    h->headers[h->header_count++] = (struct http_header){.name = name, .value = value};
    return TC_OK;
}

/* Fields that may come once only: they say where the request ends, to whom it goes, or who sent it.
 */
static const char *const single_fields[] = {"host",    "content-length", "authorization",
                                            "origin",  "range",          "cookie",
                                            "upgrade", "content-type",   "sec-websocket-key"};

static bool has_twice(const struct http_head *h, const char *name)
{
    unsigned count = 0;
    for (unsigned i = 0; i < h->header_count; i++)
        count += tc_slice_eq_nocase(h->headers[i].name, tc_slice_str(name));
    return count > 1;
}

static enum tc_err check_fields(struct http_head *h, unsigned *ret_status, struct tc_errinfo *info)
{
    for (size_t i = 0; i < TC_COUNT(single_fields); i++)
        if (has_twice(h, single_fields[i]))
            return refuse(ret_status, 400, info, "a header field that may come once came twice");
    if (http_header(h, "transfer-encoding").ptr != NULL)
        return refuse(ret_status, 501, info,
                      "transfer encodings are not taken: send Content-Length");
    h->host = http_header(h, "host");
    if (h->minor == 1 && h->host.ptr == NULL)
        return refuse(ret_status, 400, info, "the Host field is missing");
    struct tc_slice length = http_header(h, "content-length");
    if (length.ptr != NULL && tc_slice_u64(length, INT64_MAX, &h->content_length) != TC_OK)
        return refuse(ret_status, 400, info, "Content-Length is no number");
    struct tc_slice connection = http_header(h, "connection");
    h->close = http_list_has(connection, "close") ||
               (h->minor == 0 && !http_list_has(connection, "keep-alive"));
    h->upgrade = http_list_has(connection, "upgrade");
    h->expect_continue = tc_slice_eq_nocase(http_header(h, "expect"), tc_slice_str("100-continue"));
    return TC_OK;
}

enum tc_err http_head_parse(struct tc_slice head, struct http_head *ret, unsigned *ret_status,
                            struct tc_errinfo *info)
{
    memset(ret, 0, offsetof(struct http_head, headers));
    struct tc_slice line, rest = head;
    if (!take_line(&rest, &line))
        return refuse(ret_status, 400, info, "the request line is malformed");
    TC_TRY(parse_request_line(line, ret, ret_status, info));
    for (;;) {
        if (!take_line(&rest, &line))
            return refuse(ret_status, 400, info, "a header line does not end in CRLF");
        if (line.len == 0)
            break;
        TC_TRY(parse_field(line, ret, ret_status, info));
    }
    return check_fields(ret, ret_status, info);
}
