/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/h264_bits.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static void put_byte(struct sim_bits *b, uint8_t byte)
{
    if (b->len + 2 > b->cap) {
        b->full = true;
        return;
    }
    if (b->zeros >= 2 && byte <= 3) {
        b->out[b->len++] = 3;
        b->zeros = 0;
    }
    b->out[b->len++] = byte;
    b->zeros = byte == 0 ? b->zeros + 1 : 0;
}

void sim_bits_begin(struct sim_bits *b, uint8_t *out, size_t cap, uint8_t nal_header)
{
    *b = (struct sim_bits){.out = out, .cap = cap};
    put_byte(b, nal_header);
}

void sim_bits_put(struct sim_bits *b, uint32_t value, unsigned count)
{
    uint64_t mask = (UINT64_C(1) << count) - 1;
    b->acc = (b->acc << count) | (value & mask);
    b->pending += count;
    while (b->pending >= 8) {
        b->pending -= 8;
        put_byte(b, (uint8_t)(b->acc >> b->pending));
    }
}

void sim_bits_ue(struct sim_bits *b, uint32_t value)
{
    TC_ASSERT(value < UINT32_MAX);
    uint32_t code = value + 1;
    unsigned length = 32 - (unsigned)__builtin_clz(code);
    sim_bits_put(b, 0, length - 1);
    sim_bits_put(b, code, length);
}

void sim_bits_se(struct sim_bits *b, int32_t value)
{
    TC_ASSERT(value > -(1 << 30) && value < (1 << 30));
    sim_bits_ue(b, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

void sim_bits_align(struct sim_bits *b)
{
    if (b->pending != 0)
        sim_bits_put(b, 0, 8 - b->pending);
}

void sim_bits_raw(struct sim_bits *b, const uint8_t *bytes, size_t len)
{
    TC_ASSERT(b->pending == 0);
    for (size_t i = 0; i < len; i++)
        put_byte(b, bytes[i]);
}

void sim_bits_raw_plain(struct sim_bits *b, const uint8_t *bytes, size_t len)
{
    TC_ASSERT(b->pending == 0);
    if (len > b->cap - b->len) {
        b->full = true;
        return;
    }
    memcpy(b->out + b->len, bytes, len);
    b->len += len;
    b->zeros = 0;
}

struct tc_slice sim_bits_end(struct sim_bits *b)
{
    sim_bits_put(b, 1, 1);
    sim_bits_align(b);
    return tc_slice(b->out, b->len);
}

/* --- CAVLC, clause 9.2
 * ------------------------------------------------------------------------------- */

struct code {
    uint8_t bits;
    uint8_t length;
};

enum { COEFFS_MAX = 4 };

/* Table 9-5, 0 <= nC < 2, [total coefficients][trailing ones]. */
static const struct code token_low[COEFFS_MAX + 1][4] = {
    {{1, 1}, {0, 0}, {0, 0}, {0, 0}},  {{5, 6}, {1, 2}, {0, 0}, {0, 0}},
    {{7, 8}, {4, 6}, {1, 3}, {0, 0}},  {{7, 9}, {6, 8}, {5, 7}, {3, 5}},
    {{7, 10}, {6, 9}, {5, 8}, {3, 6}},
};

/* Table 9-7, [total coefficients - 1][total zeros]. */
static const struct code total_zeros[COEFFS_MAX][SIM_BLOCK_COEFFS] = {
    {{1, 1}, {3, 3}, {2, 3}, {3, 4}, {2, 4}},
    {{7, 3}, {6, 3}, {5, 3}, {4, 3}, {5, 4}},
    {{5, 4}, {7, 3}, {6, 3}, {5, 3}, {4, 4}},
    {{3, 5}, {7, 3}, {5, 4}, {4, 4}, {6, 3}},
};

/* Table 9-10, [zeros left - 1][run]. */
static const struct code run_before[4][SIM_BLOCK_COEFFS] = {
    {{1, 1}, {0, 1}, {0, 0}, {0, 0}, {0, 0}},
    {{1, 1}, {1, 2}, {0, 2}, {0, 0}, {0, 0}},
    {{3, 2}, {2, 2}, {1, 2}, {0, 2}, {0, 0}},
    {{3, 2}, {2, 2}, {1, 2}, {1, 3}, {0, 3}},
};

static void put_code(struct sim_bits *b, struct code code)
{
    sim_bits_put(b, code.bits, code.length);
}

/* Clause 9.2.2.1, written backwards. */
static void put_level(struct sim_bits *b, uint32_t level_code, unsigned suffix_length)
{
    uint32_t escape = suffix_length == 0 ? 30 : 15U << suffix_length;
    if (level_code >= escape) {
        sim_bits_put(b, 1, 16);
        sim_bits_put(b, level_code - escape, 12);
    } else if (suffix_length == 0 && level_code >= 14) {
        sim_bits_put(b, 1, 15);
        sim_bits_put(b, level_code - 14, 4);
    } else {
        sim_bits_put(b, 1, (level_code >> suffix_length) + 1);
        sim_bits_put(b, level_code, suffix_length);
    }
}

/* LEVELS from the highest frequency down. */
static void put_levels(struct sim_bits *b, const int *levels, unsigned count, unsigned ones)
{
    unsigned suffix_length = 0;
    for (unsigned i = 0; i < count; i++) {
        if (i < ones) {
            sim_bits_put(b, levels[i] < 0, 1);
            continue;
        }
        uint32_t size = (uint32_t)abs(levels[i]);
        uint32_t level_code = 2 * size - (levels[i] > 0 ? 2 : 1);
        if (i == ones && ones < 3)
            level_code -= 2;
        put_level(b, level_code, suffix_length);
        if (suffix_length == 0)
            suffix_length = 1;
        if (size > (3U << (suffix_length - 1)) && suffix_length < 6)
            suffix_length++;
    }
}

static unsigned trailing_ones(const int *levels, unsigned count)
{
    unsigned ones = 0;
    while (ones < count && ones < 3 && abs(levels[ones]) == 1)
        ones++;
    return ones;
}

static void put_runs(struct sim_bits *b, const unsigned *places, unsigned count)
{
    unsigned zeros_left = places[0] + 1 - count;
    put_code(b, total_zeros[count - 1][zeros_left]);
    for (unsigned i = 0; i + 1 < count && zeros_left > 0; i++) {
        unsigned run = places[i] - places[i + 1] - 1;
        put_code(b, run_before[zeros_left - 1][run]);
        zeros_left -= run;
    }
}

void sim_bits_luma_block(struct sim_bits *b, const int coeffs[SIM_BLOCK_COEFFS], unsigned nc)
{
    int levels[SIM_BLOCK_COEFFS];
    unsigned places[SIM_BLOCK_COEFFS];
    unsigned count = 0;
    for (unsigned i = SIM_BLOCK_COEFFS; i-- > 0;) {
        if (coeffs[i] != 0) {
            levels[count] = coeffs[i];
            places[count++] = i;
        }
    }
    TC_ASSERT(count <= COEFFS_MAX);
    unsigned ones = trailing_ones(levels, count);
    if (nc < 2)
        put_code(b, token_low[count][ones]);
    else /* nC >= 8: six bits of fixed length */
        sim_bits_put(b, count == 0 ? 3 : (count - 1) << 2 | ones, 6);
    if (count == 0)
        return;
    put_levels(b, levels, count, ones);
    put_runs(b, places, count);
}

void sim_bits_chroma_dc(struct sim_bits *b, int coeff)
{
    if (coeff == 0) {
        sim_bits_put(b, 1, 2);
        return;
    }
    bool one = abs(coeff) == 1;
    if (one)
        sim_bits_put(b, 1, 1);
    else
        sim_bits_put(b, 7, 6);
    put_levels(b, &coeff, 1, one ? 1 : 0);
    sim_bits_put(b, 1, 1); /* total zeros: none */
}
