/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "golden.h"
#include "proto/rtsp.h"

static struct rtsp_message parse_ok(const char *text)
{
    struct rtsp_message m;
    struct tc_errinfo info = {0};
    enum rtsp_next next = rtsp_parse(tc_slice_str(text), &m, &info);
    if (next != RTSP_DONE)
        print_error("%s: %s\n", text, info.text);
    assert_int_equal(next, RTSP_DONE);
    return m;
}

static void test_rtsp__response__is_taken_apart(void **state)
{
    (void)state;
    struct rtsp_message m = parse_ok("RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 42;timeout=30\r\n"
                                     "content-length: 4\r\n\r\nbodyrest");
    assert_false(m.is_request);
    assert_int_equal(m.status, 200);
    assert_slice_is(m.reason, "OK");
    assert_slice_is(m.body, "body");
    assert_int_equal(rtsp_cseq(&m), 3);
    assert_int_equal(m.bytes, strlen("RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 42;timeout=30\r\n"
                                     "content-length: 4\r\n\r\nbody"));
    struct rtsp_session s;
    assert_int_equal(rtsp_session_parse(rtsp_header(&m, "session"), &s), TC_OK);
    assert_slice_is(s.id, "42");
    assert_int_equal(s.timeout_s, 30);
}

static void test_rtsp__request__is_taken_apart(void **state)
{
    (void)state;
    struct rtsp_message m = parse_ok("SETUP rtsp://cam/main/trackID=1 RTSP/1.0\r\nCSeq: 4\r\n"
                                     "Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n\r\n");
    assert_true(m.is_request);
    assert_int_equal(m.method, RTSP_SETUP);
    assert_slice_is(m.uri, "rtsp://cam/main/trackID=1");
    struct rtsp_transport t;
    assert_int_equal(rtsp_transport_parse(rtsp_header(&m, "Transport"), &t), TC_OK);
    assert_true(t.tcp && t.unicast && t.has_channels);
    assert_int_equal(t.rtp_channel, 2);
    assert_int_equal(t.rtcp_channel, 3);
    m = parse_ok("FANCY * RTSP/1.0\r\nCSeq: 5\r\n\r\n");
    assert_int_equal(m.method, RTSP_UNKNOWN_METHOD);
    assert_slice_is(m.method_text, "FANCY");
}

static void test_rtsp__every_cut__asks_for_more(void **state)
{
    (void)state;
    static const char text[] = "RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nbody";
    struct rtsp_message m;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(rtsp_parse(tc_slice(text, len), &m, NULL), RTSP_MORE);
    assert_int_equal(rtsp_parse(tc_slice(text, sizeof text - 1), &m, NULL), RTSP_DONE);
}

static void test_rtsp__what_is_no_rtsp__is_bad_at_once(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\x15\x03\x01\x02\x02\x28", /* a TLS alert */
        "RTSP/1.0 banana\r\n\r\n",
        "RTSP/1.0 99 Low\r\n\r\n",
        "RTSP/1.0 2000 High\r\n\r\n",
        "DESCRIBE rtsp://x HTTP/1.0\r\n\r\n",
        "describe rtsp://x RTSP/1.0\r\n\r\n",
        "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        "RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "RTSP/1.0 200 OK\r\n folded: first\r\n\r\n",
    };
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        struct rtsp_message m;
        if (rtsp_parse(tc_slice_str(texts[i]), &m, NULL) != RTSP_BAD) {
            print_error("not refused: %s\n", texts[i]);
            fail();
        }
    }
}

static void test_rtsp__limits__are_kept(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1 << 20);
    struct rtsp_message m;
    tc_buf_add_str(&b, "RTSP/1.0 200 OK\r\n");
    for (int i = 0; i < RTSP_HEADERS_MAX; i++)
        tc_buf_add_fmt(&b, "X-%d: y\r\n", i);
    struct tc_slice many = tc_buf_view(&b);
    assert_int_equal(rtsp_parse(many, &m, NULL), RTSP_MORE);
    tc_buf_add_str(&b, "One: more\r\n\r\n");
    assert_int_equal(rtsp_parse(tc_buf_view(&b), &m, NULL), RTSP_BAD);
    tc_buf_clear(&b);
    tc_buf_add_str(&b, "RTSP/1.0 200 OK\r\nX: ");
    while (b.len < RTSP_HEAD_BYTES_MAX)
        tc_buf_add_str(&b, "y");
    assert_int_equal(rtsp_parse(tc_buf_view(&b), &m, NULL), RTSP_BAD);
}

static void test_rtsp__interleaved_frame__waits_for_all_of_it(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {'$', 1, 0, 3, 'a', 'b', 'c', 'R'};
    struct rtsp_interleaved f;
    for (size_t len = 1; len < 7; len++)
        assert_int_equal(rtsp_parse_interleaved(tc_slice(bytes, len), &f), RTSP_MORE);
    assert_int_equal(rtsp_parse_interleaved(tc_slice(bytes, sizeof bytes), &f), RTSP_DONE);
    assert_int_equal(f.channel, 1);
    assert_slice_is(f.payload, "abc");
    assert_int_equal(f.bytes, 7);
    assert_int_equal(rtsp_parse_interleaved(tc_slice("R", 1), &f), RTSP_BAD);
}

static void test_rtsp_session__odd_forms__are_understood_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *in, *id;
        unsigned timeout_s;
    } rows[] = {
        {"abc", "abc", 60},
        {"abc;timeout=20", "abc", 20},
        {" abc ; Timeout = 5 ", "abc", 5},
        {"abc;timeout=", "abc", 60},
        {"abc;timeout=0", "abc", 60},
        {"abc;timeout=999999999", "abc", 60},
    };
    struct rtsp_session s;
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        assert_int_equal(rtsp_session_parse(tc_slice_str(rows[i].in), &s), TC_OK);
        assert_slice_is(s.id, rows[i].id);
        assert_int_equal(s.timeout_s, rows[i].timeout_s);
    }
    assert_int_equal(rtsp_session_parse(tc_slice_str(" ;timeout=5"), &s), TC_E_FORMAT);
}

static void test_rtsp_transport__forms__are_understood_or_refused(void **state)
{
    (void)state;
    struct rtsp_transport t;
    assert_int_equal(
        rtsp_transport_parse(tc_slice_str("RTP/AVP/TCP;interleaved=4;ssrc= 1A2B3C4D;mode=\"PLAY\""),
                             &t),
        TC_OK);
    assert_true(t.has_channels && t.has_ssrc);
    assert_int_equal(t.rtp_channel, 4);
    assert_int_equal(t.rtcp_channel, 5);
    assert_int_equal(t.ssrc, 0x1a2b3c4d);
    assert_int_equal(rtsp_transport_parse(
                         tc_slice_str("RTP/AVP;multicast;client_port=5000-5001,RTP/AVP/TCP"), &t),
                     TC_OK);
    assert_false(t.tcp || t.unicast || t.has_channels);
    assert_int_equal(t.client_rtcp_port, 5001);
    assert_int_equal(rtsp_transport_parse(tc_slice_str("RTP/AVP/TCP;interleaved=255"), &t), TC_OK);
    assert_false(t.has_channels); /* 256 is no channel */
    assert_int_equal(rtsp_transport_parse(tc_slice_str("RAW/RAW/UDP"), &t), TC_E_FORMAT);
    assert_int_equal(rtsp_transport_parse(tc_slice_str(""), &t), TC_E_FORMAT);
}

static void test_rtsp_url__forms__lose_their_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *in, *host;
        unsigned port;
        const char *user, *out;
    } rows[] = {
        {"rtsp://10.0.0.1/main", "10.0.0.1", 554, "", "rtsp://10.0.0.1/main"},
        {"RTSP://cam:8554", "cam", 8554, "", "rtsp://cam:8554"},
        {"rtsp://u:p@ss@cam/x?a=b@c", "cam", 554, "u", "rtsp://cam/x?a=b@c"},
        {"rtsp://u@[fe80::1]:5540/x", "fe80::1", 5540, "u", "rtsp://[fe80::1]:5540/x"},
        {"rtsp://cam?channel=1", "cam", 554, "", "rtsp://cam?channel=1"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct rtsp_url url;
        assert_int_equal(rtsp_url_parse(tc_slice_str(rows[i].in), &url), TC_OK);
        assert_slice_is(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_slice_is(url.user, rows[i].user);
        TC_CLEANUP(tc_buf_done) struct tc_buf b;
        tc_buf_init(&b, 1024);
        rtsp_url_write(&b, &url);
        assert_string_equal(tc_buf_cstr(&b), rows[i].out);
    }
    static const char *const bad[] = {"rtsp://",         "rtsp:///x",        "rtsp://a:0/",
                                      "rtsp://a:99999/", "rtsp://a:x/",      "rtsp://[::1/x",
                                      "rtsp://a b/",     "rtsp://a/\r\nX: y"};
    struct rtsp_url url;
    for (size_t i = 0; i < TC_COUNT(bad); i++)
        assert_int_equal(rtsp_url_parse(tc_slice_str(bad[i]), &url), TC_E_FORMAT);
    assert_int_equal(rtsp_url_parse(tc_slice_str("http://a/"), &url), TC_E_UNSUPPORTED);
}

static void test_rtsp_url__control__is_resolved_as_cameras_mean_it(void **state)
{
    (void)state;
    static const struct {
        const char *base, *control, *out;
    } rows[] = {
        {"rtsp://c/main", "track1", "rtsp://c/main/track1"},
        {"rtsp://c/main/", "track1", "rtsp://c/main/track1"},
        {"rtsp://c/main?x=1", "trackID=0", "rtsp://c/main?x=1/trackID=0"},
        {"rtsp://c/main", "*", "rtsp://c/main"},
        {"rtsp://c/main", "", "rtsp://c/main"},
        {"rtsp://c/main", "rtsp://c/other/t", "rtsp://c/other/t"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        TC_CLEANUP(tc_buf_done) struct tc_buf b;
        tc_buf_init(&b, 1024);
        rtsp_url_resolve(&b, tc_slice_str(rows[i].base), tc_slice_str(rows[i].control));
        assert_string_equal(tc_buf_cstr(&b), rows[i].out);
    }
}

static void test_rtsp_write__request_and_response__are_parsed_back(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 4096);
    rtsp_write_request(&b, RTSP_DESCRIBE, tc_slice_str("rtsp://c/x"), 7);
    rtsp_write_header(&b, "Accept", tc_slice_str("application/sdp"));
    rtsp_write_end(&b, NULL, tc_slice(NULL, 0));
    assert_string_equal(
        tc_buf_cstr(&b),
        "DESCRIBE rtsp://c/x RTSP/1.0\r\nCSeq: 7\r\nAccept: application/sdp\r\n\r\n");
    tc_buf_clear(&b);
    rtsp_write_response(&b, 401, 7);
    rtsp_write_header_fmt(&b, "WWW-Authenticate", "Digest realm=\"%s\"", "cam");
    rtsp_write_end(&b, "text/plain", tc_slice_str("no"));
    struct rtsp_message m = parse_ok(tc_buf_cstr(&b));
    assert_int_equal(m.status, 401);
    assert_slice_is(m.reason, "Unauthorized");
    assert_slice_is(m.body, "no");
}

static void test_rtsp_write__line_break_in_a_value__is_refused(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 4096);
    rtsp_write_request(&b, RTSP_OPTIONS, tc_slice_str("rtsp://c/x\r\nEvil: yes"), 1);
    assert_int_equal(b.err, TC_E_FORMAT);
}

/* ---- golden: one file per oddity met in the field, named maker_oddity ---- */

static void dump(struct tc_slice in, struct tc_buf *out)
{
    while (in.len > 0) {
        struct rtsp_interleaved f;
        if (rtsp_is_interleaved(in)) {
            if (rtsp_parse_interleaved(in, &f) != RTSP_DONE) {
                tc_buf_add_str(out, "more\n");
                return;
            }
            tc_buf_add_fmt(out, "channel %u: %zu bytes\n", f.channel, f.payload.len);
            in = tc_slice_sub(in, f.bytes, in.len);
            continue;
        }
        struct rtsp_message m;
        struct tc_errinfo info = {0};
        enum rtsp_next next = rtsp_parse(in, &m, &info);
        if (next != RTSP_DONE) {
            tc_buf_add_str(out, next == RTSP_MORE ? "more\n" : "bad\n");
            return;
        }
        if (m.is_request)
            tc_buf_add_fmt(out, "request %s %.*s\n", rtsp_method_name(m.method), TC_FMT(m.uri));
        else
            tc_buf_add_fmt(out, "response %u %.*s\n", m.status, TC_FMT(m.reason));
        for (size_t i = 0; i < m.header_count; i++)
            tc_buf_add_fmt(out, "  [%.*s] [%.*s]\n", TC_FMT(m.headers[i].name),
                           TC_FMT(m.headers[i].value));
        tc_buf_add_fmt(out, "  body %zu bytes\n", m.body.len);
        in = tc_slice_sub(in, m.bytes, in.len);
    }
}

static void test_rtsp__golden__every_oddity_reads_as_recorded(void **state)
{
    (void)state;
    assert_true(golden_check("rtsp", dump) >= 6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtsp__response__is_taken_apart),
        cmocka_unit_test(test_rtsp__request__is_taken_apart),
        cmocka_unit_test(test_rtsp__every_cut__asks_for_more),
        cmocka_unit_test(test_rtsp__what_is_no_rtsp__is_bad_at_once),
        cmocka_unit_test(test_rtsp__limits__are_kept),
        cmocka_unit_test(test_rtsp__interleaved_frame__waits_for_all_of_it),
        cmocka_unit_test(test_rtsp_session__odd_forms__are_understood_or_refused),
        cmocka_unit_test(test_rtsp_transport__forms__are_understood_or_refused),
        cmocka_unit_test(test_rtsp_url__forms__lose_their_credentials),
        cmocka_unit_test(test_rtsp_url__control__is_resolved_as_cameras_mean_it),
        cmocka_unit_test(test_rtsp_write__request_and_response__are_parsed_back),
        cmocka_unit_test(test_rtsp_write__line_break_in_a_value__is_refused),
        cmocka_unit_test(test_rtsp__golden__every_oddity_reads_as_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
