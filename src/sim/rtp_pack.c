/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/rtp_pack.h"

#include <string.h>

#include "base/check.h"

enum { RTP_HEADER_BYTES = 12, FU_BYTES = 2, FU_A = 28, FU_START = 0x80, FU_END = 0x40 };

void rtp_pack_init(struct rtp_pack *p, uint32_t ssrc, uint16_t sequence, size_t max_bytes)
{
    *p = (struct rtp_pack){.ssrc = ssrc, .sequence = sequence};
    tc_buf_init(&p->bytes, max_bytes);
}

void rtp_pack_done(struct rtp_pack *p)
{
    tc_buf_done(&p->bytes);
}

static uint8_t *put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    return put16(put16(at, v >> 16), v & 0xffff);
}

/* One packet whose payload is HEAD (0 or 2 bytes) and then BODY. */
static void put_packet(struct rtp_pack *p, const uint8_t *head, size_t head_len,
                       struct tc_slice body, uint32_t timestamp, bool marker)
{
    size_t rtp_len = RTP_HEADER_BYTES + head_len + body.len;
    uint16_t sequence = p->sequence++;
    uint8_t *at = tc_buf_reserve(&p->bytes, RTP_PACK_FRAME_BYTES + rtp_len);
    if (at == NULL)
        return;
    p->bytes.len += RTP_PACK_FRAME_BYTES + rtp_len;
    *at++ = '$';
    *at++ = 0;
    at = put16(at, (uint32_t)rtp_len);
    *at++ = 0x80; /* version 2 */
    *at++ = (uint8_t)(RTP_PACK_PAYLOAD_TYPE | (marker ? 0x80 : 0));
    at = put16(at, sequence);
    at = put32(at, timestamp);
    at = put32(at, p->ssrc);
    if (head_len != 0)
        memcpy(at, head, head_len);
    memcpy(at + head_len, body.ptr, body.len);
    p->packets++;
    p->octets += (uint32_t)(head_len + body.len);
}

static void put_fragments(struct rtp_pack *p, struct tc_slice nal, uint32_t timestamp,
                          bool last_nal)
{
    uint8_t first = nal.ptr[0];
    struct tc_slice rest = tc_slice_sub(nal, 1, nal.len);
    uint8_t flag = FU_START;
    while (rest.len > 0) {
        struct tc_slice part = tc_slice_sub(rest, 0, RTP_PACK_PAYLOAD_BYTES - FU_BYTES);
        rest = tc_slice_sub(rest, part.len, rest.len);
        if (rest.len == 0)
            flag = FU_END;
        const uint8_t head[FU_BYTES] = {(uint8_t)((first & 0x60) | FU_A),
                                        (uint8_t)(flag | (first & 0x1f))};
        put_packet(p, head, FU_BYTES, part, timestamp, last_nal && rest.len == 0);
        flag = 0;
    }
}

enum tc_err rtp_pack_picture(struct rtp_pack *p, const struct tc_slice *nals, size_t count,
                             uint32_t timestamp)
{
    tc_buf_clear(&p->bytes);
    p->packets = 0;
    p->octets = 0;
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        if (nals[i].len <= RTP_PACK_PAYLOAD_BYTES)
            put_packet(p, NULL, 0, nals[i], timestamp, last);
        else
            put_fragments(p, nals[i], timestamp, last);
    }
    enum tc_err err = p->bytes.err;
    if (err != TC_OK)
        tc_buf_clear(&p->bytes);
    return err;
}

struct tc_slice rtp_pack_next(struct tc_slice *rest)
{
    if (rest->len < RTP_PACK_FRAME_BYTES)
        return tc_slice(NULL, 0);
    size_t len = RTP_PACK_FRAME_BYTES + ((size_t)rest->ptr[2] << 8 | rest->ptr[3]);
    TC_ASSERT(len <= rest->len); /* our own packing */
    struct tc_slice frame = tc_slice_sub(*rest, 0, len);
    *rest = tc_slice_sub(*rest, len, rest->len);
    return frame;
}
