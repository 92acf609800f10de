/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/buf.h"
#include "golden.h"
#include "proto/sdp.h"

static void add_hex(struct tc_buf *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        tc_buf_add_fmt(out, "%02x", bytes[i]);
}

static void dump_media(const struct sdp_media *m, struct tc_buf *out)
{
    tc_buf_add_fmt(out, "media [%.*s] control [%.*s]%s\n", TC_FMT(m->kind), TC_FMT(m->control),
                   m->backchannel ? " backchannel" : "");
    for (size_t i = 0; i < m->format_count; i++) {
        const struct sdp_format *f = &m->formats[i];
        tc_buf_add_fmt(out, "  %u [%.*s] %u Hz fmtp [%.*s]\n", f->payload_type, TC_FMT(f->encoding),
                       f->clock_hz, TC_FMT(f->fmtp));
    }
}

static void dump(struct tc_slice in, struct tc_buf *out)
{
    struct sdp s;
    struct tc_errinfo info = {0};
    if (sdp_parse(in, &s, &info) != TC_OK) {
        tc_buf_add_fmt(out, "%s: %s\n", tc_err_name(info.err), info.text);
        return;
    }
    tc_buf_add_fmt(out, "name [%.*s] control [%.*s]\n", TC_FMT(s.name), TC_FMT(s.control));
    for (size_t i = 0; i < s.media_count; i++)
        dump_media(&s.media[i], out);
    const struct sdp_media *media;
    const struct sdp_format *format;
    if (!sdp_find(&s, "H264", &media, &format)) {
        tc_buf_add_str(out, "no H264\n");
        return;
    }
    struct sdp_h264 params;
    sdp_h264_params(format->fmtp, &params);
    tc_buf_add_fmt(out, "H264 in [%.*s] sps ", TC_FMT(media->control));
    add_hex(out, params.sps, params.sps_bytes);
    tc_buf_add_str(out, " pps ");
    add_hex(out, params.pps, params.pps_bytes);
    tc_buf_add_str(out, "\n");
}

static void test_sdp__golden__every_oddity_reads_as_recorded(void **state)
{
    (void)state;
    assert_true(golden_check("sdp", dump) >= 7);
}

static void test_sdp__more_than_the_limits__is_left_out(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1 << 16);
    for (int i = 0; i < SDP_MEDIA_MAX + 5; i++) {
        tc_buf_add_str(&b, "m=video 0 RTP/AVP");
        for (int t = 96; t < 96 + SDP_FORMATS_MAX + 5; t++)
            tc_buf_add_fmt(&b, " %d", t);
        tc_buf_add_fmt(&b, "\r\na=control:t%d\r\n", i);
    }
    struct sdp s;
    assert_int_equal(sdp_parse(tc_buf_view(&b), &s, NULL), TC_OK);
    assert_int_equal(s.media_count, SDP_MEDIA_MAX);
    assert_int_equal(s.media[0].format_count, SDP_FORMATS_MAX);
    assert_slice_is(s.media[SDP_MEDIA_MAX - 1].control, "t15");
}

static void test_sdp_h264__parameter_sets_that_cannot_be_read__are_left_out(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "sprop-parameter-sets=",
        "sprop-parameter-sets=!!!,???",
        "sprop-parameter-sets=,,,",
        "packetization-mode=1",
        "sprop-parameter-sets=AA==,AAAAAQ==",
    };
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        struct sdp_h264 p;
        sdp_h264_params(tc_slice_str(texts[i]), &p);
        assert_int_equal(p.sps_bytes + p.pps_bytes, 0);
    }
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1 << 16);
    tc_buf_add_str(&b, "sprop-parameter-sets=Z");
    for (int i = 0; i < 2000; i++)
        tc_buf_add_str(&b, "A");
    struct sdp_h264 p;
    sdp_h264_params(tc_buf_view(&b), &p);
    assert_int_equal(p.sps_bytes, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sdp__golden__every_oddity_reads_as_recorded),
        cmocka_unit_test(test_sdp__more_than_the_limits__is_left_out),
        cmocka_unit_test(test_sdp_h264__parameter_sets_that_cannot_be_read__are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
