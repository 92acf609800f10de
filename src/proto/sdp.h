/* SPDX-License-Identifier: Apache-2.0 */
/* SDP (RFC 4566) as cameras write it: only what is needed to set up their streams, and tolerant of
 * the rest.
 *
 * Pure; slices borrow from the input. Lines that are broken, doubled or unknown are passed over; an
 * m= line that cannot be read still opens a media section, so that the attributes below it do not
 * fall to the section before. An fmtp that names a payload type of another section is given to that
 * one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { SDP_MEDIA_MAX = 16, SDP_FORMATS_MAX = 8, SDP_PARAM_BYTES_MAX = 256 };

struct sdp_format {
    uint8_t payload_type;
    struct tc_slice encoding; /* "H264"; from rtpmap or the static table; ptr NULL when not known */
    uint32_t clock_hz;        /* 0 when not known */
    struct tc_slice fmtp;     /* without the payload type */
};

struct sdp_media {
    struct tc_slice kind; /* "video"; empty when the m= line was broken */
    struct tc_slice control;
    bool backchannel; /* audio with a=sendonly: what the camera wants to receive */
    struct sdp_format formats[SDP_FORMATS_MAX];
    size_t format_count;
};

struct sdp {
    struct tc_slice name;
    struct tc_slice control; /* of the session */
    struct sdp_media media[SDP_MEDIA_MAX];
    size_t media_count;
};

/* TC_E_FORMAT when there is no media section at all; *RET is then unchanged. What goes beyond the
 * limits is left out. */
enum tc_err sdp_parse(struct tc_slice text, struct sdp *ret, struct tc_errinfo *info) TC_MUST_USE;

/* The first section and format with that encoding ("H264"), backchannels left out. False: there is
 * none. */
bool sdp_find(const struct sdp *sdp, const char *encoding, const struct sdp_media **ret_media,
              const struct sdp_format **ret_format);

/* A parameter of an fmtp line ("sprop-parameter-sets"); ptr NULL when it is not there. */
struct tc_slice sdp_fmtp_param(struct tc_slice fmtp, const char *name);

/* H.264 parameter sets out of an fmtp. */
struct sdp_h264 {
    uint8_t sps[SDP_PARAM_BYTES_MAX], pps[SDP_PARAM_BYTES_MAX];
    size_t sps_bytes, pps_bytes; /* 0: none */
};
/* sprop-parameter-sets (RFC 6184 8.1), each NAL unit base64, an Annex B start code in front of it
 * dropped. What cannot be read is left out: the stream brings its own. */
void sdp_h264_params(struct tc_slice fmtp, struct sdp_h264 *ret);
