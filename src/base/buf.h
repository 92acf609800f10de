/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes with its maximum given at birth.
 *
 * Invariants: len <= cap <= max; data is NULL exactly when cap is 0. A zeroed tc_buf is valid to
 * `done`. Appends are sticky: after one fails (limit or memory) the buffer keeps its old bytes,
 * remembers the error, and every later append does nothing, so that a writer can append in a
 * straight line and ask once. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct tc_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    enum tc_err err;
};

void tc_buf_init(struct tc_buf *b, size_t max);
void tc_buf_done(struct tc_buf *b);
/* Empty and without error, memory kept. */
void tc_buf_clear(struct tc_buf *b);
/* Makes room for MORE bytes behind len and returns where they go, or NULL (error remembered). Does
 * not change len: add to it what was written. */
uint8_t *tc_buf_reserve(struct tc_buf *b, size_t more);
void tc_buf_add(struct tc_buf *b, const void *bytes, size_t len);
void tc_buf_add_slice(struct tc_buf *b, struct tc_slice s);
void tc_buf_add_str(struct tc_buf *b, const char *text);
void tc_buf_add_fmt(struct tc_buf *b, const char *fmt, ...) TC_PRINTF(2, 3);
void tc_buf_add_u8(struct tc_buf *b, uint8_t v);
/* Big-endian, the order of networks and of ISO files. */
void tc_buf_add_be16(struct tc_buf *b, uint16_t v);
void tc_buf_add_be24(struct tc_buf *b, uint32_t v);
void tc_buf_add_be32(struct tc_buf *b, uint32_t v);
void tc_buf_add_be64(struct tc_buf *b, uint64_t v);
/* Overwrites bytes already there; AT + the width must be <= len (asserted: our own offset). */
void tc_buf_set_be32(struct tc_buf *b, size_t at, uint32_t v);
/* Drops the first N bytes, moving the rest down. */
void tc_buf_drop(struct tc_buf *b, size_t n);
/* NUL behind the bytes (not counted) and the bytes as a C string; "" when empty or in error.
 * Borrowed. */
const char *tc_buf_cstr(struct tc_buf *b);

static inline struct tc_slice tc_buf_view(const struct tc_buf *b)
{
    return tc_slice(b->data, b->len);
}
