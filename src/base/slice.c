/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool tc_slice_eq_nocase(struct tc_slice a, struct tc_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool tc_slice_starts(struct tc_slice s, const char *prefix)
{
    struct tc_slice p = tc_slice_str(prefix);
    return s.len >= p.len && tc_slice_eq(tc_slice_sub(s, 0, p.len), p);
}

bool tc_slice_starts_nocase(struct tc_slice s, const char *prefix)
{
    struct tc_slice p = tc_slice_str(prefix);
    return s.len >= p.len && tc_slice_eq_nocase(tc_slice_sub(s, 0, p.len), p);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct tc_slice tc_slice_trim(struct tc_slice s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = tc_slice(s.ptr + 1, s.len - 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

size_t tc_slice_find_byte(struct tc_slice s, uint8_t byte)
{
    if (s.len == 0)
        return 0;
    const uint8_t *at = memchr(s.ptr, byte, s.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

size_t tc_slice_find(struct tc_slice s, const char *needle)
{
    struct tc_slice n = tc_slice_str(needle);
    if (n.len == 0)
        return 0;
    if (s.len == 0)
        return 0;
    const uint8_t *at = memmem(s.ptr, s.len, n.ptr, n.len);
    return at == NULL ? s.len : (size_t)(at - s.ptr);
}

struct tc_slice tc_slice_split(struct tc_slice *rest, uint8_t sep)
{
    size_t at = tc_slice_find_byte(*rest, sep);
    struct tc_slice piece = tc_slice_sub(*rest, 0, at);
    if (at == rest->len)
        *rest = tc_slice(NULL, 0);
    else
        *rest = tc_slice(rest->ptr + at + 1, rest->len - at - 1);
    return piece;
}

enum tc_err tc_slice_u64(struct tc_slice s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (s.len == 0)
        return TC_E_FORMAT;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return TC_E_FORMAT;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return TC_E_RANGE;
        value = value * 10 + digit;
    }
    if (value > max)
        return TC_E_RANGE;
    *ret = value;
    return TC_OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum tc_err tc_slice_hex(struct tc_slice s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (s.len == 0)
        return TC_E_FORMAT;
    for (size_t i = 0; i < s.len; i++) {
        int digit = hex_digit(s.ptr[i]);
        if (digit < 0)
            return TC_E_FORMAT;
        if (value > UINT64_MAX >> 4)
            return TC_E_RANGE;
        value = (value << 4) | (uint64_t)digit;
    }
    if (value > max)
        return TC_E_RANGE;
    *ret = value;
    return TC_OK;
}

enum tc_err tc_slice_to_str(struct tc_slice s, char *out, size_t size)
{
    if (s.len >= size || (s.len > 0 && memchr(s.ptr, 0, s.len) != NULL))
        return TC_E_LIMIT;
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    out[s.len] = 0;
    return TC_OK;
}

void tc_slice_to_str_cut(struct tc_slice s, char *out, size_t size)
{
    if (size == 0)
        return;
    size_t len = s.len;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && (s.ptr[len] & 0xC0) == 0x80)
            len--;
    }
    if (len > 0) {
        const uint8_t *nul = memchr(s.ptr, 0, len);
        if (nul != NULL)
            len = (size_t)(nul - s.ptr);
        memcpy(out, s.ptr, len);
    }
    out[len] = 0;
}

/* Length of the sequence that LEAD starts, and the smallest code point it may hold; 0 for no lead
 * byte. */
static size_t utf8_shape(uint8_t lead, uint32_t *min, uint32_t *bits)
{
    if (lead < 0x80) {
        *min = 0;
        *bits = lead;
        return 1;
    }
    if ((lead & 0xE0) == 0xC0) {
        *min = 0x80;
        *bits = lead & 0x1F;
        return 2;
    }
    if ((lead & 0xF0) == 0xE0) {
        *min = 0x800;
        *bits = lead & 0x0F;
        return 3;
    }
    if ((lead & 0xF8) == 0xF0) {
        *min = 0x10000;
        *bits = lead & 0x07;
        return 4;
    }
    return 0;
}

bool tc_slice_is_utf8(struct tc_slice s)
{
    for (size_t i = 0; i < s.len;) {
        uint32_t min = 0;
        uint32_t code = 0;
        size_t len = utf8_shape(s.ptr[i], &min, &code);
        if (len == 0 || len > s.len - i)
            return false;
        for (size_t k = 1; k < len; k++) {
            if ((s.ptr[i + k] & 0xC0) != 0x80)
                return false;
            code = (code << 6) | (s.ptr[i + k] & 0x3F);
        }
        if (code < min || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return false;
        i += len;
    }
    return true;
}
