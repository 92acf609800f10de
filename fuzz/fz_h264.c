/* SPDX-License-Identifier: Apache-2.0 */
/* A sequence of RTP packets into access units. Input: length (2 bytes), packet, and so on. Checked
 * after every commit: the frame is a row of length-prefixed NAL units that fills it exactly; sink
 * calls keep their order. */
#include <stdlib.h>
#include <string.h>

#include "proto/h264.h"

enum { FRAME_MAX = 8192 };

static struct {
    uint8_t bytes[FRAME_MAX];
    size_t length;
    bool begun;
} frame;

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void sink_begin(void *ctx)
{
    (void)ctx;
    frame.length = 0;
    frame.begun = true;
}

static bool sink_add(void *ctx, const void *bytes, size_t len)
{
    (void)ctx;
    must(frame.begun && len > 0);
    if (len > FRAME_MAX - frame.length)
        return false;
    memcpy(frame.bytes + frame.length, bytes, len);
    frame.length += len;
    return true;
}

static void sink_set_be32(void *ctx, size_t at, uint32_t value)
{
    (void)ctx;
    must(frame.begun && frame.length >= 4 && at <= frame.length - 4);
    for (size_t i = 0; i < 4; i++)
        frame.bytes[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

static void sink_abort(void *ctx)
{
    (void)ctx;
    frame.begun = false;
}

static void sink_params(void *ctx, struct tc_slice sps, struct tc_slice pps)
{
    (void)ctx;
    must(sps.len >= 2 && sps.len <= H264_PARAM_BYTES_MAX);
    must(pps.len >= 2 && pps.len <= H264_PARAM_BYTES_MAX);
}

static void sink_commit(void *ctx, const struct h264_unit *unit)
{
    (void)ctx;
    (void)unit;
    must(frame.begun && frame.length > 4);
    size_t at = 0;
    while (at < frame.length) {
        must(frame.length - at > 4);
        const uint8_t *p = frame.bytes + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        must(len > 0 && len <= frame.length - at - 4);
        at += 4 + len;
    }
    frame.begun = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct h264_sink sink = {.begin = sink_begin,
                                          .add = sink_add,
                                          .set_be32 = sink_set_be32,
                                          .abort = sink_abort,
                                          .params = sink_params,
                                          .commit = sink_commit};
    struct h264 h;
    h264_init(&h, &sink);
    frame.begun = false;
    while (size > 2) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        if (len > size)
            len = size;
        struct rtp_packet p;
        if (rtp_parse(tc_slice(data, len), &p) == TC_OK)
            h264_packet(&h, &p);
        struct tc_slice rest = tc_slice(data, len);
        struct rtcp_item item;
        while (rest.len > 0 && rtcp_next(&rest, &item) == TC_OK)
            continue;
        data += len;
        size -= len;
    }
    h264_break(&h);
    must(!h.open);
    return 0;
}
