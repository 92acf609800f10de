/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/check.h"

/* Splits "12.5 km" into 12500 (thousandths) and "km". At most three decimals. */
static enum tc_err number_and_unit(struct tc_slice text, uint64_t *ret_thousandths,
                                   struct tc_slice *ret_unit)
{
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    uint64_t whole = 0;
    TC_TRY(tc_slice_u64(tc_slice_sub(text, 0, digits), UINT64_MAX / 2000, &whole));
    uint64_t part = 0;
    size_t at = digits;
    if (at < text.len && text.ptr[at] == '.') {
        size_t decimals = 0;
        while (at + 1 + decimals < text.len && text.ptr[at + 1 + decimals] >= '0' &&
               text.ptr[at + 1 + decimals] <= '9')
            decimals++;
        if (decimals > 3)
            return TC_E_FORMAT;
        TC_TRY(tc_slice_u64(tc_slice_sub(text, at + 1, decimals), 999, &part));
        for (size_t i = decimals; i < 3; i++)
            part *= 10;
        at += 1 + decimals;
    }
    *ret_thousandths = whole * 1000 + part;
    *ret_unit = tc_slice_trim(tc_slice_sub(text, at, text.len));
    return TC_OK;
}

enum tc_err value_bytes(struct tc_slice text, uint64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"b", 1},
        {"kb", 1000},
        {"mb", 1000000},
        {"gb", 1000000000},
        {"tb", 1000000000000},
        {"kib", UINT64_C(1) << 10},
        {"mib", UINT64_C(1) << 20},
        {"gib", UINT64_C(1) << 30},
        {"tib", UINT64_C(1) << 40},
    };
    uint64_t thousandths = 0;
    struct tc_slice unit = {0};
    TC_TRY(number_and_unit(text, &thousandths, &unit));
    if (thousandths == 0 && unit.len == 0) {
        *ret_bytes = 0;
        return TC_OK;
    }
    for (size_t i = 0; i < TC_COUNT(units); i++) {
        if (!tc_slice_eq_nocase(unit, tc_slice_str(units[i].unit)))
            continue;
        uint64_t bytes = 0;
        if (__builtin_mul_overflow(thousandths, units[i].bytes, &bytes) || bytes / 1000 > INT64_MAX)
            return TC_E_RANGE;
        *ret_bytes = bytes / 1000;
        return TC_OK;
    }
    return TC_E_FORMAT;
}

enum tc_err value_distance(struct tc_slice text, uint32_t *ret_mm)
{
    enum { DISTANCE_MAX_MM = 100000000 };
    static const struct {
        const char *unit;
        uint64_t tenths_mm;
    } units[] = {{"m", 10000}, {"cm", 100}, {"mm", 10}, {"ft", 3048}};
    uint64_t thousandths = 0;
    struct tc_slice unit = {0};
    TC_TRY(number_and_unit(text, &thousandths, &unit));
    for (size_t i = 0; i < TC_COUNT(units); i++) {
        if (!tc_slice_is(unit, units[i].unit))
            continue;
        uint64_t product = 0;
        if (__builtin_mul_overflow(thousandths, units[i].tenths_mm, &product))
            return TC_E_RANGE;
        uint64_t mm = (product + 5000) / 10000;
        if (mm > DISTANCE_MAX_MM)
            return TC_E_RANGE;
        *ret_mm = (uint32_t)mm;
        return TC_OK;
    }
    return TC_E_FORMAT;
}

/* Splits HOST:PORT or [V6]:PORT; *RET_PORT stays empty when there is no colon behind the host. */
static enum tc_err host_and_port(struct tc_slice text, struct tc_slice *ret_host, bool *ret_v6,
                                 struct tc_slice *ret_port)
{
    *ret_v6 = text.len > 0 && text.ptr[0] == '[';
    size_t end = tc_slice_find_byte(text, *ret_v6 ? ']' : ':');
    if (*ret_v6 && end == text.len)
        return TC_E_FORMAT;
    *ret_host = *ret_v6 ? tc_slice_sub(text, 1, end - 1) : tc_slice_sub(text, 0, end);
    struct tc_slice rest = tc_slice_sub(text, *ret_v6 ? end + 1 : end, text.len);
    *ret_port = tc_slice(NULL, 0);
    if (rest.len == 0)
        return TC_OK;
    if (rest.ptr[0] != ':' || rest.len < 2)
        return TC_E_FORMAT;
    *ret_port = tc_slice_sub(rest, 1, rest.len);
    return TC_OK;
}

enum tc_err value_listen(struct tc_slice text, struct site_addr *ret)
{
    struct tc_slice host = {0};
    struct tc_slice port_text = {0};
    bool v6 = false;
    uint64_t port = 0;
    TC_TRY(host_and_port(text, &host, &v6, &port_text));
    TC_TRY(tc_slice_u64(port_text, UINT16_MAX, &port));
    struct site_addr addr = {.port = (uint16_t)port};
    struct in6_addr binary;
    if (tc_slice_to_str(host, addr.host, sizeof addr.host) != TC_OK)
        return TC_E_FORMAT;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, addr.host, &binary) != 1)
        return TC_E_FORMAT;
    *ret = addr;
    return TC_OK;
}

/* A DNS name or a numeric IPv4 address: letters, digits, "-" and "_" in parts of 1..63 joined by
 * dots. */
static bool host_name_ok(struct tc_slice host)
{
    size_t part = 0;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (c == '.' ? part == 0 : !word || part >= 63)
            return false;
        part = c == '.' ? 0 : part + 1;
    }
    return host.len > 0 && host.len < SITE_HOST_BYTES && part > 0;
}

static enum tc_err url_host(struct tc_slice authority, struct site_url *url)
{
    struct tc_slice host = {0};
    struct tc_slice port_text = {0};
    bool v6 = false;
    TC_TRY(host_and_port(authority, &host, &v6, &port_text));
    if (authority.len > 0 && authority.ptr[authority.len - 1] == ':')
        return TC_E_FORMAT;
    uint64_t port = url->tls ? 322 : 554;
    if (port_text.len > 0)
        TC_TRY(tc_slice_u64(port_text, UINT16_MAX, &port));
    if (port == 0)
        return TC_E_RANGE;
    url->port = (uint16_t)port;
    struct in6_addr binary;
    if (!v6 && !host_name_ok(host))
        return TC_E_FORMAT;
    TC_TRY(tc_slice_to_str(host, url->host, sizeof url->host));
    return v6 && inet_pton(AF_INET6, url->host, &binary) != 1 ? TC_E_FORMAT : TC_OK;
}

/* The schemes and their ports: RFC 7826 22.1 (rtsp 554, rtsps 322). */
enum tc_err value_rtsp_url(struct tc_slice text, struct site_url *ret)
{
    struct site_url url = {.tls = tc_slice_starts_nocase(text, "rtsps://")};
    size_t scheme = tc_slice_find(text, "://");
    if (scheme == text.len)
        return TC_E_FORMAT;
    if (!url.tls && !tc_slice_starts_nocase(text, "rtsp://"))
        return TC_E_UNSUPPORTED;
    struct tc_slice rest = tc_slice_sub(text, scheme + 3, text.len);
    struct tc_slice authority = tc_slice_sub(rest, 0, tc_slice_find_byte(rest, '/'));
    authority = tc_slice_sub(authority, 0, tc_slice_find_byte(authority, '?'));
    /* Some cameras have an "@" in their paths, so only one before the path speaks of a login. */
    if (tc_slice_find_byte(authority, '@') < authority.len)
        return TC_E_DENIED;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 127 || strchr("\"<>\\^`{|}#", text.ptr[i]) != NULL)
            return TC_E_FORMAT;
    }
    if (text.len >= sizeof url.text)
        return TC_E_LIMIT;
    TC_TRY(tc_slice_to_str(text, url.text, sizeof url.text));
    TC_TRY(url_host(authority, &url));
    *ret = url;
    return TC_OK;
}

bool value_timezone_ok(struct tc_slice text)
{
    if (text.len == 0 || text.len >= SITE_TIMEZONE_BYTES || text.ptr[0] == '/')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || strchr("_+-/", c) == NULL))
            return false;
    }
    return text.ptr[text.len - 1] != '/' && tc_slice_find(text, "//") == text.len;
}

bool value_path_ok(struct tc_slice text)
{
    if (text.len < 2 || text.len >= SITE_PATH_BYTES || text.ptr[0] != '/')
        return false;
    struct tc_slice rest = tc_slice_sub(text, 1, text.len);
    while (rest.ptr != NULL) {
        struct tc_slice part = tc_slice_split(&rest, '/');
        if (part.len == 0 || tc_slice_is(part, ".") || tc_slice_is(part, ".."))
            return false;
    }
    return true;
}
