/* SPDX-License-Identifier: Apache-2.0 */
#include "media/avc_params.h"

#include <stdbool.h>

enum { NAL_SPS = 7, SIDE_MAX = 16384, BYTES_AHEAD_OF_BITS = 4 };

/* The SPS without its emulation prevention bytes, read bit by bit; sticky like tc_rd. */
struct bits {
    uint8_t bytes[AVC_PARAMS_BYTES_MAX];
    size_t len;
    size_t at; /* in bits */
    bool bad;
};

static void bits_unescape(struct bits *b, struct tc_slice nal)
{
    unsigned zeros = 0;
    for (size_t i = 0; i < nal.len; i++) {
        if (zeros >= 2 && nal.ptr[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal.ptr[i] == 0 ? zeros + 1 : 0;
        b->bytes[b->len++] = nal.ptr[i];
    }
}

static uint32_t bits_take(struct bits *b, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (b->at >= b->len * 8) {
            b->bad = true;
            return 0;
        }
        value = value << 1 | (((uint32_t)b->bytes[b->at / 8] >> (7 - b->at % 8)) & 1u);
        b->at++;
    }
    return value;
}

/* Exp-Golomb, unsigned; a signed one is as long, and this file never needs its value. */
static uint32_t bits_golomb(struct bits *b)
{
    unsigned zeros = 0;
    while (!b->bad && bits_take(b, 1) == 0) {
        if (++zeros > 31)
            b->bad = true;
    }
    if (b->bad)
        return 0;
    return ((uint32_t)1 << zeros) - 1 + bits_take(b, zeros);
}

static int32_t bits_golomb_signed(struct bits *b)
{
    uint32_t code = bits_golomb(b);
    int32_t half = (int32_t)(code / 2 + code % 2);
    return code % 2 == 1 ? half : -half;
}

/* scaling_list(), 7.3.2.1.1.1: walked over, not kept. */
static void skip_scaling_list(struct bits *b, unsigned size)
{
    int32_t last = 8, next = 8;
    for (unsigned i = 0; i < size && !b->bad; i++) {
        if (next != 0)
            next = (int32_t)(((int64_t)last + bits_golomb_signed(b) + 256) % 256);
        last = next == 0 ? last : next;
    }
}

static bool profile_is_high(uint8_t profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof high; i++) {
        if (high[i] == profile)
            return true;
    }
    return false;
}

static void read_high_fields(struct bits *b, struct avc_size *size)
{
    size->chroma_format = (uint8_t)(bits_golomb(b) & 0xff);
    if (size->chroma_format == 3)
        (void)bits_take(b, 1); /* separate_colour_plane_flag */
    size->depth_luma = (uint8_t)(bits_golomb(b) & 0xff);
    size->depth_chroma = (uint8_t)(bits_golomb(b) & 0xff);
    (void)bits_take(b, 1); /* qpprime_y_zero_transform_bypass_flag */
    if (bits_take(b, 1) == 0)
        return;
    unsigned lists = size->chroma_format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists && !b->bad; i++) {
        if (bits_take(b, 1) == 1)
            skip_scaling_list(b, i < 6 ? 16 : 64);
    }
}

static void skip_picture_order(struct bits *b)
{
    (void)bits_golomb(b); /* log2_max_frame_num_minus4 */
    uint32_t type = bits_golomb(b);
    if (type == 0)
        (void)bits_golomb(b);
    if (type != 1)
        return;
    (void)bits_take(b, 1);
    (void)bits_golomb(b);
    (void)bits_golomb(b);
    uint32_t cycle = bits_golomb(b);
    for (uint32_t i = 0; i < cycle && !b->bad; i++)
        (void)bits_golomb(b);
}

/* Width and height in macroblocks less the cropping, in 64 bits since every number is the sender's.
 */
static void read_size(struct bits *b, uint8_t chroma_format, int64_t *width, int64_t *height)
{
    *width = ((int64_t)bits_golomb(b) + 1) * 16;
    int64_t map_units = (int64_t)bits_golomb(b) + 1;
    uint32_t frames_only = bits_take(b, 1);
    *height = map_units * 16 * (2 - (int64_t)frames_only);
    if (frames_only == 0)
        (void)bits_take(b, 1);
    (void)bits_take(b, 1); /* direct_8x8_inference_flag */
    if (bits_take(b, 1) == 0)
        return;
    int64_t left = bits_golomb(b), right = bits_golomb(b);
    int64_t top = bits_golomb(b), bottom = bits_golomb(b);
    int64_t unit_x = chroma_format == 1 || chroma_format == 2 ? 2 : 1;
    int64_t unit_y = (chroma_format == 1 ? 2 : 1) * (2 - (int64_t)frames_only);
    *width -= (left + right) * unit_x;
    *height -= (top + bottom) * unit_y;
}

enum tc_err avc_size(struct tc_slice sps, struct avc_size *ret, struct tc_errinfo *info)
{
    if (sps.len > AVC_PARAMS_BYTES_MAX)
        return tc_fail(info, TC_E_LIMIT, "the H.264 SPS has %zu bytes", sps.len);
    if (sps.len <= BYTES_AHEAD_OF_BITS || (sps.ptr[0] & 0x1f) != NAL_SPS)
        return tc_fail(info, TC_E_FORMAT, "not an H.264 SPS");
    struct avc_size size = {
        .profile = sps.ptr[1], .compat = sps.ptr[2], .level = sps.ptr[3], .chroma_format = 1};
    struct bits b = {.len = 0};
    bits_unescape(&b, tc_slice_sub(sps, BYTES_AHEAD_OF_BITS, sps.len));
    (void)bits_golomb(&b); /* seq_parameter_set_id */
    if (profile_is_high(size.profile))
        read_high_fields(&b, &size);
    skip_picture_order(&b);
    (void)bits_golomb(&b);  /* max_num_ref_frames */
    (void)bits_take(&b, 1); /* gaps_in_frame_num_value_allowed_flag */
    int64_t width = 0, height = 0;
    read_size(&b, size.chroma_format, &width, &height);
    if (b.bad)
        return tc_fail(info, TC_E_FORMAT, "the H.264 SPS ends early");
    if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX)
        return tc_fail(info, TC_E_RANGE, "the H.264 SPS says %lld x %lld pixels", (long long)width,
                       (long long)height);
    if (size.chroma_format > 3 || size.depth_luma > 6 || size.depth_chroma > 6)
        return tc_fail(info, TC_E_RANGE,
                       "the H.264 SPS says chroma format %u, depths 8+%u and 8+%u",
                       size.chroma_format, size.depth_luma, size.depth_chroma);
    size.width = (uint16_t)width;
    size.height = (uint16_t)height;
    *ret = size;
    return TC_OK;
}
