/* SPDX-License-Identifier: Apache-2.0 */
/* H.264 pictures as RTP packets (RFC 6184, packetization mode 1: single NAL units and FU-A), each
 * already in the frame that RTSP interleaves ('$', channel, length: RFC 2326 10.12). Packed once
 * for all who watch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum { RTP_PACK_FRAME_BYTES = 4, RTP_PACK_PAYLOAD_TYPE = 96, RTP_PACK_PAYLOAD_BYTES = 1400 };

struct rtp_pack {
    struct tc_buf bytes; /* the last picture: frames one behind the other, channel 0 */
    uint32_t ssrc;
    uint16_t sequence; /* of the next packet */
    uint32_t packets,
        octets; /* in the last picture; octets of payload only, as reports count them */
};

/* At most MAX_BYTES for one picture. */
void rtp_pack_init(struct rtp_pack *p, uint32_t ssrc, uint16_t sequence, size_t max_bytes);
void rtp_pack_done(struct rtp_pack *p);
/* Packs one picture; the marker is on its last packet. TC_E_LIMIT, TC_E_NOMEM: p->bytes is then
 * empty and the sequence has moved on, as after a loss. */
enum tc_err rtp_pack_picture(struct rtp_pack *p, const struct tc_slice *nals, size_t count,
                             uint32_t timestamp) TC_MUST_USE;
/* Takes the next frame off *REST, '$' included; RTP begins RTP_PACK_FRAME_BYTES behind. Empty at
 * the end. */
struct tc_slice rtp_pack_next(struct tc_slice *rest);
