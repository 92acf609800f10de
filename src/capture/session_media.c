/* SPDX-License-Identifier: Apache-2.0 */
/* The stream: RTP and RTCP into the ring. */
#include <stdio.h>
#include <string.h>

#include "capture/session_internal.h"
#include "media/avc_params.h"
#include "proto/rtp.h"
#include "proto/sdp.h"

/* ---- frames into the ring ---- */

static void sink_begin(void *ctx)
{
    struct session *s = ctx;
    ring_begin_frame(s->config.ring);
}

static bool sink_add(void *ctx, const void *bytes, size_t len)
{
    struct session *s = ctx;
    return ring_frame_add(s->config.ring, bytes, len) == TC_OK;
}

static void sink_set_be32(void *ctx, size_t at, uint32_t value)
{
    struct session *s = ctx;
    ring_frame_set_be32(s->config.ring, at, value);
}

static void sink_abort(void *ctx)
{
    struct session *s = ctx;
    ring_abort_frame(s->config.ring);
}

static void sink_params(void *ctx, struct tc_slice sps, struct tc_slice pps)
{
    struct session *s = ctx;
    struct avc_size size;
    struct ring_params params = {.codec = RING_CODEC_H264};
    if (avc_size(sps, &size, NULL) != TC_OK || sps.len > sizeof params.sps ||
        pps.len > sizeof params.pps)
        return; /* what cannot be read is not used; the frames carry it */
    params.width = size.width;
    params.height = size.height;
    params.sps_bytes = (uint16_t)sps.len;
    params.pps_bytes = (uint16_t)pps.len;
    memcpy(params.sps, sps.ptr, sps.len);
    memcpy(params.pps, pps.ptr, pps.len);
    s->params_generation = ring_set_params(s->config.ring, &params);
    s->width = size.width;
    s->height = size.height;
    (void)snprintf(s->codec, sizeof s->codec, "avc1.%02X%02X%02X", size.profile, size.compat,
                   size.level);
}

static void sink_commit(void *ctx, const struct h264_unit *unit)
{
    struct session *s = ctx;
    struct stream_time t = stream_clock_frame(&s->clock, unit->timestamp, s->now.wall, s->now.mono);
    bool first = s->frame_wall.ns == 0;
    bool discontinuity = unit->discontinuity || t.discontinuity || first;
    struct ring_frame frame = {
        .flags = (unit->key ? (uint32_t)RING_KEY : 0) |
                 (discontinuity ? (uint32_t)RING_DISCONTINUITY : 0),
        .arrival = s->now.wall,
        .arrival_mono = s->now.mono,
        .rtp = t.rtp,
        .sender = t.sender,
        .wall = t.wall,
    };
    if (ring_commit_frame(s->config.ring, &frame) == 0)
        return;
    s->counts.frames++;
    s->frame_at = s->now.mono;
    s->frame_wall = t.wall;
}

void session_media_init(struct session *s, uint32_t clock_hz, struct tc_slice fmtp)
{
    s->sink = (struct h264_sink){.ctx = s,
                                 .begin = sink_begin,
                                 .add = sink_add,
                                 .set_be32 = sink_set_be32,
                                 .abort = sink_abort,
                                 .params = sink_params,
                                 .commit = sink_commit};
    h264_init(&s->h264, &s->sink);
    stream_clock_init(&s->clock, clock_hz);
    struct sdp_h264 params;
    sdp_h264_params(fmtp, &params);
    h264_set_params(&s->h264, tc_slice(params.sps, params.sps_bytes),
                    tc_slice(params.pps, params.pps_bytes));
}

/* ---- packets ---- */

static void note_sequence(struct session *s, uint16_t sequence)
{
    uint16_t last = (uint16_t)s->highest_sequence;
    uint32_t cycles = s->highest_sequence & 0xffff0000U;
    if ((uint16_t)(sequence - last) >= 0x8000)
        return; /* older than the highest */
    if (sequence < last)
        cycles += 0x10000;
    s->highest_sequence = cycles | sequence;
}

static void on_rtp(struct session *s, struct tc_slice bytes)
{
    struct rtp_packet packet;
    if (rtp_parse(bytes, &packet) != TC_OK) {
        s->counts.bad_packets++;
        return;
    }
    if (packet.payload_type != s->payload_type) {
        s->counts.foreign++;
        return;
    }
    if (!s->has_ssrc || packet.ssrc != s->ssrc) {
        if (s->has_ssrc) { /* the camera began a new stream: its numbers and times start anew */
            h264_break(&s->h264);
            stream_clock_init(&s->clock, s->clock.clock_hz);
        }
        s->has_ssrc = true;
        s->ssrc = packet.ssrc;
        s->highest_sequence = packet.sequence;
    }
    note_sequence(s, packet.sequence);
    s->packet_at = s->now.mono;
    h264_packet(&s->h264, &packet);
}

/* Cameras and relays that hear no report for long take us for dead. */
static void send_report(struct session *s)
{
    if (s->report_at.ns != 0 && s->now.mono.ns - s->report_at.ns < SESSION_REPORT_NS)
        return;
    s->report_at = s->now.mono;
    uint32_t own = 0;
    memcpy(&own, s->config.seed + 8, sizeof own);
    int64_t since_ns = s->now.mono.ns - s->sender_at.ns;
    struct rtcp_report report = {.own_ssrc = own,
                                 .source_ssrc = s->ssrc,
                                 .lost = (uint32_t)s->h264.counts.lost_packets,
                                 .highest_sequence = s->highest_sequence,
                                 .last_report_ntp = s->sender_ntp,
                                 .delay_65536 = (uint32_t)(since_ns / 1000 * 65536 / 1000000)};
    size_t at = s->out.len;
    tc_buf_add_u8(&s->out, '$');
    tc_buf_add_u8(&s->out, s->rtcp_channel);
    tc_buf_add_be16(&s->out, 0);
    rtcp_write_report(&s->out, &report, "tocsin");
    if (s->out.err != TC_OK) {
        session_end(s, SESSION_CAUSE_STALLED, "the camera no longer reads what it is sent");
        return;
    }
    size_t len = s->out.len - at - 4;
    s->out.data[at + 2] = (uint8_t)(len >> 8);
    s->out.data[at + 3] = (uint8_t)len;
}

static void on_rtcp(struct session *s, struct tc_slice bytes)
{
    struct rtcp_item item;
    while (bytes.len > 0 && rtcp_next(&bytes, &item) == TC_OK) {
        if (!s->has_ssrc || item.ssrc != s->ssrc)
            continue; /* reports of a source that sends nothing are no news */
        if (item.kind == RTCP_SENDER_REPORT) {
            struct tc_wall sender = {rtp_ntp_to_unix_ns(item.ntp)};
            stream_clock_report(&s->clock, sender, item.rtp_timestamp, s->now.wall);
            s->sender_ntp = (uint32_t)(item.ntp >> 16);
            s->sender_at = s->now.mono;
            send_report(s);
        } else if (item.kind == RTCP_BYE) {
            session_end(s, SESSION_CAUSE_CLOSED, "the camera ended its stream (BYE)");
            return;
        }
    }
}

void session_media_frame(struct session *s, const struct rtsp_interleaved *frame)
{
    bool ready = s->phase == SESSION_PLAY || s->phase == SESSION_PLAYING;
    if (ready && frame->channel == s->rtp_channel)
        on_rtp(s, frame->payload);
    else if (ready && frame->channel == s->rtcp_channel)
        on_rtcp(s, frame->payload);
    else
        s->counts.foreign++; /* what a server still had for its last client */
}
