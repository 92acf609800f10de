/* SPDX-License-Identifier: Apache-2.0 */
/* A session description and the challenge parser, which read the same kind of sloppy text. Checked:
 * slices lie in the input, limits hold. */
#include <stdlib.h>

#include "proto/http_auth.h"
#include "proto/sdp.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_lie_in(struct tc_slice part, const uint8_t *data, size_t size)
{
    if (part.ptr != NULL && part.len > 0)
        must(part.ptr >= data && part.ptr + part.len <= data + size);
}

static void try_auth(struct tc_slice text)
{
    struct http_challenge c = {0};
    http_challenge_take(text, &c);
    struct http_login login = {tc_slice_str("user"), tc_slice_str("password")};
    struct tc_buf b;
    tc_buf_init(&b, 8192);
    struct tc_slice method = tc_slice_str("DESCRIBE");
    enum tc_err err = http_authorization_write(&b, &c, &login, method, tc_slice_str("rtsp://c/"), 1,
                                               tc_slice_str("c0ffee"));
    if (err == TC_OK)
        must(c.scheme != HTTP_AUTH_NONE);
    (void)http_authorization_check(text, &c, &login, method);
    tc_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tc_slice text = tc_slice(data, size);
    try_auth(text);
    struct sdp sdp;
    struct tc_errinfo info = {0};
    if (sdp_parse(text, &sdp, &info) != TC_OK)
        return 0;
    must(sdp.media_count > 0 && sdp.media_count <= SDP_MEDIA_MAX);
    for (size_t i = 0; i < sdp.media_count; i++) {
        const struct sdp_media *m = &sdp.media[i];
        must(m->format_count <= SDP_FORMATS_MAX);
        must_lie_in(m->kind, data, size);
        must_lie_in(m->control, data, size);
        for (size_t f = 0; f < m->format_count; f++) {
            struct sdp_h264 params;
            must_lie_in(m->formats[f].fmtp, data, size);
            sdp_h264_params(m->formats[f].fmtp, &params);
            must(params.sps_bytes <= SDP_PARAM_BYTES_MAX &&
                 params.pps_bytes <= SDP_PARAM_BYTES_MAX);
        }
    }
    return 0;
}
