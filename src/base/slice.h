/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes: pointer and length. Owns nothing, is never NUL-terminated by contract,
 * and is valid as long as what it points into. Inside the program text travels as slices, not as C
 * strings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct tc_slice {
    const uint8_t *ptr;
    size_t len;
};

/* A printf pair for a slice of text: printf("%.*s", TC_FMT(slice)). */
#define TC_FMT(slice) (int)(slice).len, (const char *)(slice).ptr

static inline struct tc_slice tc_slice(const void *ptr, size_t len)
{
    return (struct tc_slice){.ptr = ptr, .len = len};
}

static inline struct tc_slice tc_slice_str(const char *text)
{
    return (struct tc_slice){.ptr = (const uint8_t *)text, .len = text == NULL ? 0 : strlen(text)};
}

static inline bool tc_slice_eq(struct tc_slice a, struct tc_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool tc_slice_is(struct tc_slice a, const char *text)
{
    return tc_slice_eq(a, tc_slice_str(text));
}

/* The part from FROM on, at most LEN bytes; clamped to the slice, never out of it. */
static inline struct tc_slice tc_slice_sub(struct tc_slice s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return tc_slice(s.ptr == NULL ? NULL : s.ptr + from, len);
}

/* ASCII only; the locale is never asked. */
bool tc_slice_eq_nocase(struct tc_slice a, struct tc_slice b);
bool tc_slice_starts(struct tc_slice s, const char *prefix);
bool tc_slice_starts_nocase(struct tc_slice s, const char *prefix);
/* Without blanks (space, tab, CR, LF) at both ends. */
struct tc_slice tc_slice_trim(struct tc_slice s);
/* Position of the byte or of the text, or s.len when it is not there. */
size_t tc_slice_find_byte(struct tc_slice s, uint8_t byte);
size_t tc_slice_find(struct tc_slice s, const char *needle);
/* Takes what stands before SEP off the front of *REST and returns it; at the last piece *REST
 * becomes empty with ptr NULL. `while (rest.ptr != NULL)` walks all pieces. */
struct tc_slice tc_slice_split(struct tc_slice *rest, uint8_t sep);

/* The whole slice as a number; nothing but digits (hex: no prefix). Writes *RET only on success.
 * TC_E_FORMAT for anything else, TC_E_RANGE above MAX. */
enum tc_err tc_slice_u64(struct tc_slice s, uint64_t max, uint64_t *ret) TC_MUST_USE;
enum tc_err tc_slice_hex(struct tc_slice s, uint64_t max, uint64_t *ret) TC_MUST_USE;

/* Copies into a C string of SIZE bytes. TC_E_LIMIT when it does not fit or holds a NUL; then
 * unchanged. */
enum tc_err tc_slice_to_str(struct tc_slice s, char *out, size_t size) TC_MUST_USE;
/* The same, cutting what does not fit (never inside a UTF-8 sequence); for names on a screen. */
void tc_slice_to_str_cut(struct tc_slice s, char *out, size_t size);

/* Valid UTF-8 (no overlong forms, no surrogates, at most U+10FFFF)? */
bool tc_slice_is_utf8(struct tc_slice s);
