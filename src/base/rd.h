/* SPDX-License-Identifier: Apache-2.0 */
/* A reader over a bounded slice with a sticky error: read in a straight line, ask once at the end.
 *
 * After the end every read returns 0 or an empty slice, moves nothing and sets `bad`. Rule of the
 * house: ask tc_rd_ok before a value that was read becomes a length, an index or a loop's bound. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct tc_rd {
    struct tc_slice in;
    size_t at;
    bool bad;
};

static inline struct tc_rd tc_rd(struct tc_slice in)
{
    return (struct tc_rd){.in = in};
}

static inline size_t tc_rd_left(const struct tc_rd *r)
{
    return r->bad ? 0 : r->in.len - r->at;
}

static inline bool tc_rd_ok(const struct tc_rd *r)
{
    return !r->bad;
}

/* True when nothing went wrong and nothing is left. */
static inline bool tc_rd_end(const struct tc_rd *r)
{
    return !r->bad && r->at == r->in.len;
}

uint8_t tc_rd_u8(struct tc_rd *r);
uint16_t tc_rd_be16(struct tc_rd *r);
uint32_t tc_rd_be24(struct tc_rd *r);
uint32_t tc_rd_be32(struct tc_rd *r);
uint64_t tc_rd_be64(struct tc_rd *r);
/* LEN bytes, borrowed from the input. */
struct tc_slice tc_rd_take(struct tc_rd *r, size_t len);
void tc_rd_skip(struct tc_rd *r, size_t len);
