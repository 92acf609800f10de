/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of RTSP messages and interleaved frames. Checked: every slice lies in the input, a
 * message takes at least a byte and at most what there is, and what was cut short is never BAD
 * where the whole was DONE. */
#include <stdlib.h>

#include "proto/rtsp.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_lie_in(struct tc_slice part, struct tc_slice whole)
{
    if (part.ptr != NULL && part.len > 0)
        must(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void try_headers(const struct rtsp_message *m, struct tc_slice in)
{
    must(m->header_count <= RTSP_HEADERS_MAX);
    for (size_t i = 0; i < m->header_count; i++) {
        must_lie_in(m->headers[i].name, in);
        must_lie_in(m->headers[i].value, in);
    }
    struct rtsp_session s;
    if (rtsp_session_parse(rtsp_header(m, "Session"), &s) == TC_OK)
        must(s.id.len > 0 && s.timeout_s > 0);
    struct rtsp_transport t;
    (void)!rtsp_transport_parse(rtsp_header(m, "Transport"), &t);
    (void)rtsp_cseq(m);
    struct rtsp_url url;
    if (rtsp_url_parse(m->uri, &url) == TC_OK) {
        must_lie_in(url.host, in);
        must_lie_in(url.path, in);
        struct tc_buf b;
        tc_buf_init(&b, 4096);
        rtsp_url_write(&b, &url);
        rtsp_url_resolve(&b, m->uri, rtsp_header(m, "Content-Base"));
        rtsp_write_request(&b, m->method, m->uri, 1);
        tc_buf_done(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tc_slice in = tc_slice(data, size);
    while (in.len > 0) {
        size_t took = 0;
        if (rtsp_is_interleaved(in)) {
            struct rtsp_interleaved f;
            if (rtsp_parse_interleaved(in, &f) != RTSP_DONE)
                return 0;
            must_lie_in(f.payload, in);
            took = f.bytes;
        } else {
            struct rtsp_message m, cut;
            struct tc_errinfo info = {0};
            if (rtsp_parse(in, &m, &info) != RTSP_DONE)
                return 0;
            must_lie_in(m.body, in);
            try_headers(&m, in);
            took = m.bytes;
            must(rtsp_parse(tc_slice_sub(in, 0, took - 1), &cut, NULL) == RTSP_MORE);
        }
        must(took > 0 && took <= in.len);
        in = tc_slice_sub(in, took, in.len);
    }
    return 0;
}
