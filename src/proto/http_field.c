/* SPDX-License-Identifier: Apache-2.0 */
/* The values of header fields and of targets; see http.h. */
#include "proto/http.h"

#include "base/check.h"

struct tc_slice http_header(const struct http_head *h, const char *name)
{
    struct tc_slice wanted = tc_slice_str(name);
    for (unsigned i = 0; i < h->header_count; i++)
        if (tc_slice_eq_nocase(h->headers[i].name, wanted))
            return h->headers[i].value;
    return tc_slice(NULL, 0);
}

bool http_list_has(struct tc_slice list, const char *word)
{
    while (list.ptr != NULL) {
        struct tc_slice item = tc_slice_split(&list, ',');
        item = tc_slice_trim(tc_slice_sub(item, 0, tc_slice_find_byte(item, ';')));
        if (tc_slice_eq_nocase(item, tc_slice_str(word)))
            return true;
    }
    return false;
}

/* A parameter "q=0", "q=0.0"... means "do not". */
static bool is_refused(struct tc_slice parameters)
{
    size_t q = tc_slice_find(parameters, "q=");
    if (q == parameters.len)
        return false;
    struct tc_slice value = tc_slice_trim(tc_slice_sub(parameters, q + 2, parameters.len));
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] != '0' && value.ptr[i] != '.')
            return false;
    return true;
}

bool http_accepts_gzip(struct tc_slice accept_encoding)
{
    while (accept_encoding.ptr != NULL) {
        struct tc_slice item = tc_slice_split(&accept_encoding, ',');
        size_t end = tc_slice_find_byte(item, ';');
        if (tc_slice_eq_nocase(tc_slice_trim(tc_slice_sub(item, 0, end)), tc_slice_str("gzip")))
            return !is_refused(tc_slice_sub(item, end, item.len));
    }
    return false;
}

bool http_etag_matches(struct tc_slice field, struct tc_slice etag)
{
    while (field.ptr != NULL) {
        struct tc_slice item = tc_slice_trim(tc_slice_split(&field, ','));
        if (tc_slice_is(item, "*"))
            return true;
        if (tc_slice_starts(item, "W/"))
            item = tc_slice_sub(item, 2, item.len);
        if (item.len > 0 && tc_slice_eq(item, etag))
            return true;
    }
    return false;
}

enum tc_err http_cookie(struct tc_slice field, const char *name, struct tc_slice *ret)
{
    struct tc_slice found = tc_slice(NULL, 0);
    while (field.ptr != NULL) {
        struct tc_slice pair = tc_slice_trim(tc_slice_split(&field, ';'));
        size_t equals = tc_slice_find_byte(pair, '=');
        if (equals == pair.len || !tc_slice_is(tc_slice_sub(pair, 0, equals), name))
            continue;
        struct tc_slice value = tc_slice_sub(pair, equals + 1, pair.len);
        if (found.ptr != NULL && !tc_slice_eq(found, value))
            return TC_E_CONFLICT;
        found = value;
    }
    if (found.ptr == NULL)
        return TC_E_NOT_FOUND;
    *ret = found;
    return TC_OK;
}

enum http_range http_range(struct tc_slice field, uint64_t total, uint64_t *first, uint64_t *last)
{
    if (field.ptr == NULL || !tc_slice_starts_nocase(field, "bytes="))
        return HTTP_RANGE_WHOLE;
    struct tc_slice spec = tc_slice_trim(tc_slice_sub(field, 6, field.len));
    size_t dash = tc_slice_find_byte(spec, '-');
    if (dash == spec.len)
        return HTTP_RANGE_WHOLE;
    struct tc_slice low = tc_slice_sub(spec, 0, dash),
                    high = tc_slice_sub(spec, dash + 1, spec.len);
    uint64_t from = 0, to = UINT64_MAX;
    if ((low.len > 0 && tc_slice_u64(low, UINT64_MAX, &from) != TC_OK) ||
        (high.len > 0 && tc_slice_u64(high, UINT64_MAX, &to) != TC_OK) ||
        (low.len == 0 && high.len == 0))
        return HTTP_RANGE_WHOLE;
    if (low.len == 0) { /* the last TO bytes */
        if (to == 0 || total == 0)
            return HTTP_RANGE_BEYOND;
        from = to >= total ? 0 : total - to;
        to = UINT64_MAX;
    } else if (from > to) {
        return HTTP_RANGE_WHOLE;
    }
    if (from >= total)
        return HTTP_RANGE_BEYOND;
    *first = from;
    *last = to >= total ? total - 1 : to;
    return HTTP_RANGE_PART;
}

bool http_query_next(struct tc_slice *rest, struct tc_slice *ret_name, struct tc_slice *ret_value)
{
    while (rest->ptr != NULL) {
        struct tc_slice pair = tc_slice_split(rest, '&');
        if (pair.len == 0)
            continue;
        size_t equals = tc_slice_find_byte(pair, '=');
        *ret_name = tc_slice_sub(pair, 0, equals);
        *ret_value = tc_slice_sub(pair, equals + 1, pair.len);
        return true;
    }
    return false;
}

static bool hex_digit(uint8_t c, unsigned *ret)
{
    if (c >= '0' && c <= '9')
        *ret = c - '0';
    else if (c >= 'a' && c <= 'f')
        *ret = c - 'a' + 10u;
    else if (c >= 'A' && c <= 'F')
        *ret = c - 'A' + 10u;
    else
        return false;
    return true;
}

enum tc_err http_decode(struct tc_slice in, bool plus, char *out, size_t size, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        unsigned c = in.ptr[i], high, low;
        if (c == '%') {
            if (in.len - i < 3 || !hex_digit(in.ptr[i + 1], &high) ||
                !hex_digit(in.ptr[i + 2], &low))
                return TC_E_FORMAT;
            c = high << 4 | low;
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c < ' ' || c == 0x7f)
            return TC_E_FORMAT;
        if (len == size)
            return TC_E_LIMIT;
        out[len++] = (char)c;
    }
    if (!tc_slice_is_utf8(tc_slice(out, len)))
        return TC_E_FORMAT;
    *ret_len = len;
    return TC_OK;
}
