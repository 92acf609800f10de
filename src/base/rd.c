/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"

struct tc_slice tc_rd_take(struct tc_rd *r, size_t len)
{
    if (r->bad || len > r->in.len - r->at) {
        r->bad = true;
        return tc_slice(NULL, 0);
    }
    struct tc_slice out = tc_slice(r->in.ptr == NULL ? NULL : r->in.ptr + r->at, len);
    r->at += len;
    return out;
}

void tc_rd_skip(struct tc_rd *r, size_t len)
{
    (void)tc_rd_take(r, len);
}

static uint64_t read_be(struct tc_rd *r, size_t width)
{
    struct tc_slice bytes = tc_rd_take(r, width);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = (value << 8) | bytes.ptr[i];
    return value;
}

uint8_t tc_rd_u8(struct tc_rd *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t tc_rd_be16(struct tc_rd *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t tc_rd_be24(struct tc_rd *r)
{
    return (uint32_t)read_be(r, 3);
}

uint32_t tc_rd_be32(struct tc_rd *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t tc_rd_be64(struct tc_rd *r)
{
    return read_be(r, 8);
}
