/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/h264.h"

#include <string.h>

enum {
    NAL_SLICE = 1,
    NAL_SLICE_LAST = 5, /* 1 to 5 are slices, 5 of an IDR picture */
    NAL_IDR = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_STAP_A = 24,
    NAL_FU_A = 28,
    SEI_RECOVERY_POINT = 6,
    FU_START = 0x80,
    FU_END = 0x40,
};

static bool is_slice(unsigned type)
{
    return type >= NAL_SLICE && type <= NAL_SLICE_LAST;
}

void h264_init(struct h264 *h, const struct h264_sink *sink)
{
    *h = (struct h264){.sink = sink, .wait_key = true};
}

/* ---- access units ---- */

static void forget_unit(struct h264 *h)
{
    h->open = h->skip = h->nal_open = h->fragment_open = false;
    h->has_slice = h->has_idr = h->has_sps = h->has_recovery = false;
    h->length = 0;
}

/* Something is missing: nothing before the next key frame can be decoded. */
static void lose(struct h264 *h)
{
    if (h->open) {
        h->counts.dropped_frames++;
        h->sink->abort(h->sink->ctx);
    }
    forget_unit(h);
    h->wait_key = true;
    h->lost_some = true;
}

void h264_break(struct h264 *h)
{
    lose(h);
    h->started = false;
    h->has_last = false;
}

static void open_unit(struct h264 *h, uint32_t timestamp)
{
    forget_unit(h);
    h->open = true;
    h->timestamp = timestamp;
    h->sink->begin(h->sink->ctx);
}

static void close_nal(struct h264 *h)
{
    if (!h->nal_open)
        return;
    h->nal_open = false;
    if (!h->skip)
        h->sink->set_be32(h->sink->ctx, h->nal_at, (uint32_t)(h->length - h->nal_at - 4));
}

static void finish_unit(struct h264 *h)
{
    close_nal(h);
    bool key = h->has_idr || (h->has_sps && h->has_recovery);
    if (h->skip || (h->wait_key && !key)) {
        h->counts.dropped_frames++;
        h->sink->abort(h->sink->ctx);
    } else {
        if (h->params_changed && h->sps_bytes > 0 && h->pps_bytes > 0) {
            h->params_changed = false;
            h->sink->params(h->sink->ctx, tc_slice(h->sps, h->sps_bytes),
                            tc_slice(h->pps, h->pps_bytes));
        }
        struct h264_unit unit = {
            .timestamp = h->timestamp, .key = key, .discontinuity = h->lost_some};
        h->counts.frames++;
        h->wait_key = h->lost_some = false;
        h->sink->commit(h->sink->ctx, &unit);
    }
    h->has_last = true;
    h->last_timestamp = h->timestamp;
    forget_unit(h);
}

/* ---- NAL units ---- */

static void keep_param(uint8_t *to, size_t *to_bytes, struct tc_slice nal, bool *changed)
{
    if (nal.len < 2 || nal.len > H264_PARAM_BYTES_MAX || tc_slice_eq(nal, tc_slice(to, *to_bytes)))
        return;
    memcpy(to, nal.ptr, nal.len);
    *to_bytes = nal.len;
    *changed = true;
}

void h264_set_params(struct h264 *h, struct tc_slice sps, struct tc_slice pps)
{
    keep_param(h->sps, &h->sps_bytes, sps, &h->params_changed);
    keep_param(h->pps, &h->pps_bytes, pps, &h->params_changed);
}

/* first_mb_in_slice is the first thing in a slice's header, an Exp-Golomb code: the bit 1 alone
 * means 0. */
static bool starts_picture(struct tc_slice nal)
{
    return nal.len > 1 && (nal.ptr[1] & 0x80) != 0;
}

/* What a NAL unit that begins says about its access unit. HEAD is its first bytes, all of it when
 * WHOLE. */
static void note_nal(struct h264 *h, struct tc_slice head, bool whole)
{
    unsigned type = head.ptr[0] & 31;
    if (is_slice(type)) {
        if (!h->has_slice && h->has_last && h->last_timestamp == h->timestamp &&
            !starts_picture(head))
            h->marker_is_bad = true; /* the rest of a picture that the marker had ended */
        h->has_slice = true;
        h->has_idr = h->has_idr || type == NAL_IDR;
        if (h->wait_key && type != NAL_IDR && !(h->has_sps && h->has_recovery))
            h->skip = true;
    } else if (type == NAL_SPS) {
        h->has_sps = true;
        if (whole)
            keep_param(h->sps, &h->sps_bytes, head, &h->params_changed);
    } else if (type == NAL_PPS) {
        if (whole)
            keep_param(h->pps, &h->pps_bytes, head, &h->params_changed);
    } else if (type == NAL_SEI) {
        h->has_recovery = h->has_recovery || (head.len > 1 && head.ptr[1] == SEI_RECOVERY_POINT);
    }
}

static void add_bytes(struct h264 *h, const void *bytes, size_t len)
{
    if (h->skip || len == 0)
        return;
    if (!h->sink->add(h->sink->ctx, bytes, len)) {
        h->skip = true;
        h->wait_key = h->lost_some = true;
        return;
    }
    h->length += len;
}

static void begin_nal(struct h264 *h)
{
    static const uint8_t no_length[4];
    close_nal(h);
    h->nal_at = h->length;
    add_bytes(h, no_length, sizeof no_length);
    h->nal_open = true;
}

/* Position of a start code's 00 00 01 from FROM on, or len. */
static size_t find_start_code(struct tc_slice s, size_t from)
{
    for (size_t i = from; i + 2 < s.len;) {
        const uint8_t *one = memchr(s.ptr + i + 2, 1, s.len - i - 2);
        if (one == NULL)
            return s.len;
        i = (size_t)(one - s.ptr) - 2;
        if (s.ptr[i] == 0 && s.ptr[i + 1] == 0)
            return i;
        i++;
    }
    return s.len;
}

/* A NAL unit in one piece, start codes in it or not. LAST_IS_OPEN: its last part goes on in later
 * packets. */
static void take_nal(struct h264 *h, struct tc_slice nal, bool last_is_open)
{
    size_t at = 0;
    while (at < nal.len) {
        size_t code = find_start_code(nal, at);
        size_t end = code;
        while (code < nal.len && end > at && nal.ptr[end - 1] == 0)
            end--; /* the zero of a four-byte code, and trailing ones */
        if (end > at) {
            struct tc_slice part = tc_slice_sub(nal, at, end - at);
            bool is_last = code >= nal.len;
            note_nal(h, part, !(is_last && last_is_open));
            begin_nal(h);
            add_bytes(h, part.ptr, part.len);
            if (!(is_last && last_is_open))
                close_nal(h);
        }
        at = code + 3;
    }
}

/* ---- packets ---- */

static bool take_stap_a(struct h264 *h, struct tc_slice payload)
{
    struct tc_slice rest = tc_slice_sub(payload, 1, payload.len);
    while (rest.len > 2) {
        size_t len = (size_t)rest.ptr[0] << 8 | rest.ptr[1];
        if (len == 0 || len > rest.len - 2)
            return false;
        take_nal(h, tc_slice_sub(rest, 2, len), false);
        rest = tc_slice_sub(rest, 2 + len, rest.len);
    }
    return rest.len == 0;
}

/* The first fragment carries the NAL unit's header in two pieces; put together it stands before the
 * payload. A unit that is no slice may hold several glued ones, so it is looked through as if it
 * were whole. */
static void start_fragment(struct h264 *h, uint8_t header, struct tc_slice data)
{
    enum { GLUED_BYTES_MAX = 2048 };
    uint8_t head[1 + GLUED_BYTES_MAX];
    head[0] = header;
    head[1] = 0; /* when nothing follows */
    bool whole_look = !is_slice(header & 31) && data.len <= GLUED_BYTES_MAX;
    size_t seen = whole_look ? data.len : data.len > 0;
    if (seen > 0)
        memcpy(head + 1, data.ptr, seen);
    if (whole_look) {
        take_nal(h, tc_slice(head, 1 + seen), true);
        return;
    }
    note_nal(h, tc_slice(head, 1 + seen), false);
    begin_nal(h);
    add_bytes(h, &header, 1);
    add_bytes(h, data.ptr, data.len);
}

static bool take_fu_a(struct h264 *h, struct tc_slice payload)
{
    if (payload.len < 2)
        return false;
    uint8_t fu = payload.ptr[1];
    struct tc_slice data = tc_slice_sub(payload, 2, payload.len);
    if ((fu & FU_START) != 0) {
        if (h->fragment_open)
            return false; /* the last one has no end */
        start_fragment(h, (uint8_t)((payload.ptr[0] & 0xe0) | (fu & 31)), data);
        h->fragment_open = true;
    } else {
        if (!h->fragment_open)
            return false;
        add_bytes(h, data.ptr, data.len);
    }
    if ((fu & FU_END) != 0) {
        h->fragment_open = false;
        close_nal(h);
    }
    return true;
}

static bool take_payload(struct h264 *h, struct tc_slice payload)
{
    unsigned type = payload.ptr[0] & 31;
    if (type == NAL_FU_A)
        return take_fu_a(h, payload);
    if (h->fragment_open)
        return false;
    if (type == NAL_STAP_A)
        return take_stap_a(h, payload);
    if (type > NAL_STAP_A)
        return false;            /* STAP-B, MTAP, FU-B: interleaved mode, which nobody offers */
    take_nal(h, payload, false); /* type 0 is a start code's first byte */
    return true;
}

/* False: a packet seen before. */
static bool check_sequence(struct h264 *h, uint16_t sequence)
{
    uint16_t ahead = (uint16_t)(sequence - h->expected_sequence);
    if (h->started && ahead == UINT16_MAX)
        return false;
    if (h->started && ahead != 0) {
        h->counts.lost_packets += ahead < INT16_MAX ? ahead : 1; /* else it started anew */
        lose(h);
    }
    h->started = true;
    h->expected_sequence = (uint16_t)(sequence + 1);
    return true;
}

void h264_packet(struct h264 *h, const struct rtp_packet *packet)
{
    h->counts.packets++;
    if (!check_sequence(h, packet->sequence) || packet->payload.len == 0)
        return;
    if (h->open && packet->timestamp != h->timestamp) {
        if (h->has_slice && !h->fragment_open)
            finish_unit(h);
        else if (h->has_slice)
            lose(h);
        else
            h->timestamp = packet->timestamp; /* parameter sets that went ahead */
    }
    if (!h->open)
        open_unit(h, packet->timestamp);
    if (!take_payload(h, packet->payload)) {
        h->counts.broken_packets++;
        lose(h);
        return;
    }
    if (packet->marker && h->has_slice && !h->fragment_open && !h->marker_is_bad)
        finish_unit(h);
}
