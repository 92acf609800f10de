/* SPDX-License-Identifier: Apache-2.0 */
/* H.264 out of RTP (RFC 6184: single NAL unit, STAP-A, FU-A) to whole access units.
 *
 * Pure: packets in, calls of a sink out. The sink gets the NAL units of an access unit with 4-byte
 * big-endian lengths in front, order and bytes as the camera sent them, piece by piece as they
 * arrive, so that capture writes them straight into its ring.
 *
 * Rules
 * - An access unit ends at the marker bit or where the timestamp changes. A marker before any slice
 * (parameter sets sent "alone") ends nothing; what came before a slice belongs to the next one.
 * - After a loss, a broken packet or a frame that the sink refuses, frames are dropped up to the
 * next key frame, which is then committed as a discontinuity. At the start too, without the word.
 * - A key frame is one with an IDR slice, or with an SPS and a recovery point.
 * - Annex B start codes where they must not be (glued parameter sets and slices) split the NAL unit
 * there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/rtp.h"

enum { H264_PARAM_BYTES_MAX = 256 };

struct h264_unit {
    uint32_t timestamp; /* RTP */
    bool key;
    bool discontinuity;
};

/* The receiver of access units; a call that returns false refuses: the frame is dropped (abort
 * follows). */
struct h264_sink {
    void *ctx;
    /* A frame begins; one that was not committed is forgotten. */
    void (*begin)(void *ctx);
    bool (*add)(void *ctx, const void *bytes, size_t len);
    /* Overwrites the four bytes at AT of the frame. */
    void (*set_be32)(void *ctx, size_t at, uint32_t value);
    void (*abort)(void *ctx);
    /* The parameter sets changed; told before the commit of the frame that needs them. */
    void (*params)(void *ctx, struct tc_slice sps, struct tc_slice pps);
    void (*commit)(void *ctx, const struct h264_unit *unit);
};

struct h264_counts {
    uint64_t packets;
    uint64_t lost_packets;   /* by sequence numbers */
    uint64_t broken_packets; /* payloads that make no sense */
    uint64_t frames;         /* committed */
    uint64_t dropped_frames; /* begun and not committed */
};

struct h264 {
    const struct h264_sink *sink;
    struct h264_counts counts;
    /* of the stream */
    bool started; /* expected_sequence is known */
    uint16_t expected_sequence;
    bool wait_key;
    bool lost_some;     /* the next frame is a discontinuity */
    bool marker_is_bad; /* this camera marks every slice: only timestamps count */
    /* of the access unit */
    bool open;
    bool skip; /* no use to collect it: no key frame where one must come */
    bool has_slice, has_idr, has_sps, has_recovery;
    uint32_t timestamp;
    size_t length; /* given to the sink so far */
    /* of the NAL unit in work */
    bool nal_open;
    size_t nal_at; /* of its length field */
    bool fragment_open;
    /* of the last access unit */
    bool has_last;
    uint32_t last_timestamp;
    /* parameter sets */
    uint8_t sps[H264_PARAM_BYTES_MAX], pps[H264_PARAM_BYTES_MAX];
    size_t sps_bytes, pps_bytes;
    bool params_changed;
};

/* SINK must outlive it. */
void h264_init(struct h264 *h, const struct h264_sink *sink);
/* Parameter sets known beforehand (from the SDP); what comes in the stream replaces them. Too long
 * or empty ones are ignored. */
void h264_set_params(struct h264 *h, struct tc_slice sps, struct tc_slice pps);
/* The next packet of the stream. */
void h264_packet(struct h264 *h, const struct rtp_packet *packet);
/* The stream ended or broke: drops what is unfinished; the next frame is a discontinuity. */
void h264_break(struct h264 *h);
