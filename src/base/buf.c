/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void tc_buf_init(struct tc_buf *b, size_t max)
{
    *b = (struct tc_buf){.max = max};
}

void tc_buf_done(struct tc_buf *b)
{
    free(b->data);
    *b = (struct tc_buf){0};
}

void tc_buf_clear(struct tc_buf *b)
{
    b->len = 0;
    b->err = TC_OK;
}

uint8_t *tc_buf_reserve(struct tc_buf *b, size_t more)
{
    if (b->err != TC_OK)
        return NULL;
    if (more > b->max || b->len > b->max - more) {
        b->err = TC_E_LIMIT;
        return NULL;
    }
    size_t need = b->len + more;
    if (need <= b->cap && b->data != NULL)
        return b->data + b->len;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap *= 2;
    if (cap > b->max)
        cap = b->max < 1 ? 1 : b->max;
    uint8_t *data = realloc(b->data, cap);
    if (data == NULL) {
        b->err = TC_E_NOMEM;
        return NULL;
    }
    b->data = data;
    b->cap = cap;
    return b->data + b->len;
}

void tc_buf_add(struct tc_buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    uint8_t *at = tc_buf_reserve(b, len);
    if (at == NULL)
        return;
    memcpy(at, bytes, len);
    b->len += len;
}

void tc_buf_add_slice(struct tc_buf *b, struct tc_slice s)
{
    tc_buf_add(b, s.ptr, s.len);
}

void tc_buf_add_str(struct tc_buf *b, const char *text)
{
    tc_buf_add(b, text, strlen(text));
}

void tc_buf_add_fmt(struct tc_buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len > 0) {
        uint8_t *at = tc_buf_reserve(b, (size_t)len + 1);
        if (at != NULL) {
            (void)vsnprintf((char *)at, (size_t)len + 1, fmt, again);
            b->len += (size_t)len;
        }
    }
    va_end(again);
}

void tc_buf_add_u8(struct tc_buf *b, uint8_t v)
{
    tc_buf_add(b, &v, 1);
}

void tc_buf_add_be16(struct tc_buf *b, uint16_t v)
{
    uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    tc_buf_add(b, bytes, sizeof bytes);
}

void tc_buf_add_be24(struct tc_buf *b, uint32_t v)
{
    uint8_t bytes[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    tc_buf_add(b, bytes, sizeof bytes);
}

static void put_be32(uint8_t out[4], uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
}

void tc_buf_add_be32(struct tc_buf *b, uint32_t v)
{
    uint8_t bytes[4];
    put_be32(bytes, v);
    tc_buf_add(b, bytes, sizeof bytes);
}

void tc_buf_add_be64(struct tc_buf *b, uint64_t v)
{
    uint8_t bytes[8];
    put_be32(bytes, (uint32_t)(v >> 32));
    put_be32(bytes + 4, (uint32_t)v);
    tc_buf_add(b, bytes, sizeof bytes);
}

void tc_buf_set_be32(struct tc_buf *b, size_t at, uint32_t v)
{
    if (b->err != TC_OK)
        return;
    TC_ASSERT(b->len >= 4);
    TC_ASSERT(at <= b->len - 4);
    put_be32(b->data + at, v);
}

void tc_buf_drop(struct tc_buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

const char *tc_buf_cstr(struct tc_buf *b)
{
    uint8_t *at = tc_buf_reserve(b, 1);
    if (at == NULL)
        return "";
    *at = 0;
    return (const char *)b->data;
}
