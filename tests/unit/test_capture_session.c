/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with a camera, played by hand: what the session sends, what it is answered. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/session.h"

static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf,
                              0xe5, 0xc0, 0x5a, 0x80, 0x80, 0x80, 0xa0};
static const uint8_t pps[] = {0x68, 0xce, 0x3c, 0x80};

#define SDP                                                                                        \
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"                                    \
    "a=fmtp:96 sprop-parameter-sets=Z0LAHtoCgL/lwFqAgICg,aM48gA==\r\na=control:track1\r\n"

struct rig {
    struct ring_fds fds;
    struct ring_writer ring;
    struct ring_reader reader;
    struct session s;
    struct session_now now;
    uint16_t sequence;
};

static void rig_open(struct rig *g, const char *user, const char *password)
{
    *g = (struct rig){0};
    struct tc_errinfo info = {0};
    struct ring_size size = {.data_bytes = 1 << 20, .slot_count = 256};
    assert_ok(ring_create("session", size, &g->fds, &info), &info);
    assert_ok(ring_writer_open(&g->ring, g->fds.writer, &info), &info);
    assert_ok(ring_reader_open(&g->reader, g->fds.reader, &info), &info);
    struct session_config config = {.url = tc_slice_str("rtsp://cam/main"),
                                    .user = tc_slice_str(user),
                                    .password = tc_slice_str(password),
                                    .ring = &g->ring};
    session_init(&g->s, &config);
    g->now = (struct session_now){{INT64_C(1795349109) * TC_NS_PER_S}, {1000 * TC_NS_PER_S}};
    session_start(&g->s, g->now);
}

static void rig_close(struct rig *g)
{
    session_done(&g->s);
    ring_writer_close(&g->ring);
    ring_reader_close(&g->reader);
    close(g->fds.writer);
    close(g->fds.reader);
}

static void pass(struct rig *g, double seconds)
{
    int64_t ns = (int64_t)(seconds * 1e9);
    g->now.wall.ns += ns;
    g->now.mono.ns += ns;
    session_tick(&g->s, g->now);
}

/* Takes what the session said; it must begin with WANT. Returns it as text until the next call. */
static const char *heard(struct rig *g, const char *want)
{
    static char text[8192];
    size_t len = g->s.out.len < sizeof text - 1 ? g->s.out.len : sizeof text - 1;
    memcpy(text, g->s.out.data, len);
    text[len] = '\0';
    tc_buf_drop(&g->s.out, g->s.out.len);
    if (strncmp(text, want, strlen(want)) != 0)
        fail_msg("heard \"%s\", want \"%s\"", text, want);
    return text;
}

static void say(struct rig *g, const void *bytes, size_t len)
{
    assert_int_equal(session_input(&g->s, tc_slice(bytes, len), g->now), len);
}

static void answer(struct rig *g, const char *status, const char *headers, const char *body)
{
    char text[4096];
    int len =
        snprintf(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %u\r\n%sContent-Length: %zu\r\n\r\n%s",
                 status, g->s.cseq, headers, strlen(body), body);
    say(g, text, (size_t)len);
}

static void play(struct rig *g)
{
    (void)heard(g, "OPTIONS rtsp://cam/main RTSP/1.0\r\nCSeq: 1\r\n");
    answer(g, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n", "");
    (void)heard(g, "DESCRIBE rtsp://cam/main RTSP/1.0\r\nCSeq: 2\r\n");
    answer(g, "200 OK", "Content-Base: rtsp://cam/main/\r\n", SDP);
    assert_non_null(strstr(heard(g, "SETUP rtsp://cam/main/track1 RTSP/1.0\r\nCSeq: 3\r\n"),
                           "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"));
    answer(g, "200 OK", "Session: 77;timeout=20\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n", "");
    assert_non_null(
        strstr(heard(g, "PLAY rtsp://cam/main/ RTSP/1.0\r\nCSeq: 4\r\n"), "Session: 77\r\n"));
    answer(g, "200 OK", "Session: 77\r\nRTP-Info: url=rtsp://cam/main/track1;seq=0;rtptime=0\r\n",
           "");
    assert_int_equal(g->s.phase, SESSION_PLAYING);
}

static void send_on(struct rig *g, uint8_t channel, const uint8_t *payload, size_t len)
{
    uint8_t packet[2048] = {'$', channel, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(packet + 4, payload, len);
    say(g, packet, 4 + len);
}

static void send_nal(struct rig *g, uint32_t timestamp, bool marker, const uint8_t *nal, size_t len)
{
    uint8_t rtp[1500] = {0x80,
                         (uint8_t)(96 | (marker ? 0x80 : 0)),
                         (uint8_t)(g->sequence >> 8),
                         (uint8_t)g->sequence,
                         (uint8_t)(timestamp >> 24),
                         (uint8_t)(timestamp >> 16),
                         (uint8_t)(timestamp >> 8),
                         (uint8_t)timestamp,
                         0,
                         0,
                         0,
                         9};
    g->sequence++;
    memcpy(rtp + 12, nal, len);
    send_on(g, 4, rtp, 12 + len);
}

static void send_frame(struct rig *g, uint32_t timestamp, bool key)
{
    static const uint8_t idr[] = {0x65, 0x88, 1, 2, 3}, slice[] = {0x41, 0x9a, 1, 2, 3};
    if (key) {
        send_nal(g, timestamp, false, sps, sizeof sps);
        send_nal(g, timestamp, false, pps, sizeof pps);
    }
    send_nal(g, timestamp, true, key ? idr : slice, 5);
}

static void test_session__plain_camera__frames_come_into_the_ring(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    assert_false(session_is_up(&g.s));
    for (uint32_t i = 0; i < 20; i++) {
        send_frame(&g, i * 6000, i % 10 == 0);
        assert_true(session_is_up(&g.s));
        pass(&g, 1 / 15.0);
    }
    assert_int_equal(ring_next(&g.reader), 21);
    assert_int_equal(g.s.width, 640);
    assert_string_equal(g.s.codec, "avc1.42C01E");
    struct ring_frame f, later;
    assert_int_equal(ring_read_slot(&g.reader, 1, &f), RING_READ_OK);
    assert_int_equal(f.flags, RING_KEY | RING_DISCONTINUITY);
    assert_int_equal(f.length, 4 + sizeof sps + 4 + sizeof pps + 4 + 5);
    assert_memory_equal(ring_frame_view(&g.reader, &f).ptr, "\0\0\0\x0f\x67\x42", 6);
    assert_int_equal(ring_read_slot(&g.reader, 11, &later), RING_READ_OK);
    assert_int_equal(later.flags, RING_KEY);
    assert_true(llabs(later.wall.ns - f.wall.ns - 10 * TC_NS_PER_S / 15) < TC_NS_PER_MS);
    struct ring_params params;
    assert_int_equal(ring_read_params(&g.reader, f.param_generation, &params), TC_OK);
    assert_int_equal(params.height, 360);
    rig_close(&g);
}

static void test_session__input_in_any_pieces__gives_the_same(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 64; piece += 7) {
        struct rig g;
        rig_open(&g, "", "");
        play(&g);
        uint8_t stream[4096];
        size_t len = 0, fed = 0, left = 0;
        static const uint8_t idr[] = {'$', 4, 0, 17, 0x80, 0xe0, 0,    1, 0, 0, 0,
                                      0,   0, 0, 0,  9,    0x65, 0x88, 1, 2, 3};
        static const char text[] = "SET_PARAMETER rtsp://cam/ RTSP/1.0\r\nCSeq: 9\r\n\r\n";
        memcpy(stream, idr, sizeof idr);
        memcpy(stream + sizeof idr, text, sizeof text - 1);
        len = sizeof idr + sizeof text - 1;
        uint8_t window[4096];
        while (fed < len) {
            size_t more = len - fed < piece ? len - fed : piece;
            memcpy(window + left, stream + fed, more);
            fed += more;
            left += more;
            size_t took = session_input(&g.s, tc_slice(window, left), g.now);
            memmove(window, window + took, left - took);
            left -= took;
        }
        assert_int_equal(left, 0);
        assert_int_equal(ring_next(&g.reader), 2);
        (void)heard(&g, "RTSP/1.0 200 OK\r\nCSeq: 9\r\n");
        rig_close(&g);
    }
}

static void test_session__digest__is_answered_and_a_stale_nonce_renewed(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "admin", "12345");
    (void)heard(&g, "OPTIONS");
    answer(&g, "200 OK", "", "");
    assert_null(strstr(heard(&g, "DESCRIBE"), "Authorization"));
    answer(&g, "401 Unauthorized",
           "WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Digest realm=\"x\", "
           "nonce=\"n1\"\r\n",
           "");
    const char *text = heard(&g, "DESCRIBE rtsp://cam/main RTSP/1.0\r\nCSeq: 3\r\n");
    assert_non_null(
        strstr(text, "Authorization: Digest username=\"admin\", realm=\"x\", nonce=\"n1\""));
    assert_null(strstr(text, "12345"));
    answer(&g, "200 OK", "", SDP);
    assert_non_null(strstr(heard(&g, "SETUP"), "nonce=\"n1\""));
    answer(&g, "401 Unauthorized",
           "WWW-Authenticate: Digest realm=\"x\", nonce=\"n2\", stale=true\r\n", "");
    assert_non_null(strstr(heard(&g, "SETUP"), "nonce=\"n2\""));
    answer(&g, "200 OK", "Session: 1\r\n", "");
    (void)heard(&g, "PLAY");
    answer(&g, "200 OK", "", "");
    assert_int_equal(g.s.phase, SESSION_PLAYING);
    rig_close(&g);
}

static void test_session__wrong_password__ends_as_unauthorized(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "admin", "wrong");
    (void)heard(&g, "OPTIONS");
    answer(&g, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n", "");
    (void)heard(&g, "OPTIONS");
    answer(&g, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"x\", nonce=\"n2\"\r\n", "");
    assert_int_equal(g.s.phase, SESSION_ENDED);
    assert_int_equal(g.s.cause, SESSION_CAUSE_UNAUTHORIZED);
    assert_string_equal(g.s.text, "the camera refuses the login");
    rig_close(&g);
}

static void test_session__refusals__have_causes_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *status, *headers, *body;
        enum session_cause cause;
    } rows[] = {
        {"401 Unauthorized", "WWW-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\n", "",
         SESSION_CAUSE_UNAUTHORIZED},
        {"403 Forbidden", "", "", SESSION_CAUSE_UNAUTHORIZED},
        {"404 Not Found", "", "", SESSION_CAUSE_NOT_FOUND},
        {"453 Not Enough Bandwidth", "", "", SESSION_CAUSE_BUSY},
        {"503 Service Unavailable", "", "", SESSION_CAUSE_BUSY},
        {"302 Moved", "Location: rtsp://other/\r\n", "", SESSION_CAUSE_REFUSED},
        {"500 Oops", "", "", SESSION_CAUSE_REFUSED},
        {"200 OK", "", "no description", SESSION_CAUSE_GARBAGE},
        {"200 OK", "", "m=video 0 RTP/AVP 26\r\n", SESSION_CAUSE_NO_VIDEO},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct rig g;
        rig_open(&g, "", "");
        (void)heard(&g, "OPTIONS");
        answer(&g, "501 Not Implemented", "", ""); /* does not matter */
        (void)heard(&g, "DESCRIBE");
        answer(&g, rows[i].status, rows[i].headers, rows[i].body);
        assert_int_equal(g.s.phase, SESSION_ENDED);
        assert_int_equal(g.s.cause, rows[i].cause);
        assert_true(g.s.text[0] != '\0');
        rig_close(&g);
    }
}

static void test_session__udp_only_camera__ends_as_transport(void **state)
{
    (void)state;
    static const char *const answers[][2] = {
        {"461 Unsupported Transport", ""},
        {"200 OK", "Session: 1\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n"},
    };
    for (size_t i = 0; i < TC_COUNT(answers); i++) {
        struct rig g;
        rig_open(&g, "", "");
        (void)heard(&g, "OPTIONS");
        answer(&g, "200 OK", "", "");
        (void)heard(&g, "DESCRIBE");
        answer(&g, "200 OK", "", SDP);
        (void)heard(&g, "SETUP");
        answer(&g, answers[i][0], answers[i][1], "");
        assert_int_equal(g.s.cause, SESSION_CAUSE_TRANSPORT);
        rig_close(&g);
    }
}

static void test_session__garbage__ends_as_garbage(void **state)
{
    (void)state;
    static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01 tls",
                                        "\n\n\xff"};
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        struct rig g;
        rig_open(&g, "", "");
        (void)session_input(&g.s, tc_slice_str(texts[i]), g.now);
        assert_int_equal(g.s.cause, SESSION_CAUSE_GARBAGE);
        rig_close(&g);
    }
}

static void test_session__no_answer__ends_as_timeout(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    pass(&g, 4.9);
    assert_int_equal(g.s.phase, SESSION_OPTIONS);
    pass(&g, 0.2);
    assert_int_equal(g.s.cause, SESSION_CAUSE_TIMEOUT);
    rig_close(&g);
}

static void test_session__video_stops__ends_as_stalled(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    send_frame(&g, 0, true);
    pass(&g, 4.9);
    assert_int_equal(g.s.phase, SESSION_PLAYING);
    pass(&g, 0.2);
    assert_int_equal(g.s.cause, SESSION_CAUSE_STALLED);
    rig_close(&g);
}

static void test_session__packets_but_never_a_key_frame__ends_as_stalled(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    for (uint32_t i = 0; i < 31 && g.s.phase == SESSION_PLAYING; i++) {
        send_frame(&g, i * 90000, false);
        pass(&g, 1);
    }
    assert_int_equal(g.s.cause, SESSION_CAUSE_STALLED);
    assert_int_equal(ring_next(&g.reader), 1);
    rig_close(&g);
}

static void test_session__keep_alive__at_half_the_time_out(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    uint32_t i = 0;
    for (; i < 10; i++) {
        assert_int_equal(g.s.out.len, 0);
        send_frame(&g, i * 90000, true);
        pass(&g, 1);
    }
    assert_non_null(
        strstr(heard(&g, "GET_PARAMETER rtsp://cam/main/ RTSP/1.0\r\n"), "Session: 77\r\n"));
    answer(&g, "501 Not Implemented", "", "");
    for (; i < 20; i++) {
        send_frame(&g, i * 90000, true);
        pass(&g, 1);
    }
    (void)heard(&g, "OPTIONS rtsp://cam/main/ RTSP/1.0\r\n");
    answer(&g, "454 Session Not Found", "", "");
    assert_int_equal(g.s.cause, SESSION_CAUSE_CLOSED);
    rig_close(&g);
}

static void test_session__camera_asks_and_ends__is_answered(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    static const char options[] = "OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n";
    static const char announce[] = "ANNOUNCE rtsp://cam/ RTSP/1.0\r\nCSeq: 6\r\n\r\n";
    static const char teardown[] = "TEARDOWN rtsp://cam/ RTSP/1.0\r\nCSeq: 7\r\n\r\n";
    say(&g, options, sizeof options - 1);
    (void)heard(&g, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n");
    say(&g, announce, sizeof announce - 1);
    (void)heard(&g, "RTSP/1.0 501");
    say(&g, teardown, sizeof teardown - 1);
    assert_int_equal(g.s.cause, SESSION_CAUSE_CLOSED);
    rig_close(&g);
}

static void test_session__sender_report__is_answered_and_used(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    send_frame(&g, 0, true);
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 256);
    rtcp_write_sender_report(&b, 9, rtp_ntp_of_unix_ns(g.now.wall.ns + 2 * TC_NS_PER_S), 0, 3, 99);
    send_on(&g, 5, b.data, b.len);
    struct tc_slice out = tc_buf_view(&g.s.out);
    struct rtsp_interleaved frame;
    assert_int_equal(rtsp_parse_interleaved(out, &frame), RTSP_DONE);
    assert_int_equal(frame.channel, 5);
    assert_int_equal(frame.bytes, out.len);
    struct rtcp_item item;
    assert_int_equal(rtcp_next(&frame.payload, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_RECEIVER_REPORT);
    pass(&g, 0.1);
    send_frame(&g, 9000, false);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.reader, 2, &f), RING_READ_OK);
    assert_true(llabs(f.sender.ns - f.wall.ns - 2 * TC_NS_PER_S) < 5 * TC_NS_PER_MS);
    rig_close(&g);
}

static void test_session__foreign_packets__are_left_out(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    static const uint8_t stale[] = {'$', 0, 0, 2, 1, 2};
    say(&g, stale, sizeof stale); /* before any set-up: another client's */
    play(&g);
    send_on(&g, 8, (const uint8_t *)"audio", 5);
    send_on(&g, 4, (const uint8_t *)"no rtp", 6);
    static const uint8_t other[] = {0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x65, 0x88};
    send_on(&g, 4, other, sizeof other);
    send_frame(&g, 0, true);
    assert_int_equal(ring_next(&g.reader), 2);
    assert_int_equal(g.s.counts.foreign, 3);
    assert_int_equal(g.s.counts.bad_packets, 1);
    rig_close(&g);
}

static void test_session__stopped_while_playing__says_teardown(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, "", "");
    play(&g);
    session_stop(&g.s);
    (void)heard(&g, "TEARDOWN rtsp://cam/main/ RTSP/1.0\r\n");
    assert_int_equal(g.s.cause, SESSION_CAUSE_STOPPED);
    rig_close(&g);
}

/* ---- hostile bytes: the whole conversation, damaged ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void script_packet(struct tc_buf *b, uint16_t sequence, uint32_t timestamp,
                          const uint8_t *nal, size_t len, bool marker)
{
    tc_buf_add_str(b, "$");
    tc_buf_add_u8(b, 0);
    tc_buf_add_be16(b, (uint16_t)(12 + len));
    tc_buf_add_u8(b, 0x80);
    tc_buf_add_u8(b, (uint8_t)(96 | (marker ? 0x80 : 0)));
    tc_buf_add_be16(b, sequence);
    tc_buf_add_be32(b, timestamp);
    tc_buf_add_be32(b, 9);
    tc_buf_add(b, nal, len);
}

/* Everything a camera says from OPTIONS on, as it would come on the wire. */
static void write_script(struct tc_buf *b)
{
    static const uint8_t stap[] = {0x78, 0,    15,   0x67, 0x42, 0xc0, 0x1e, 0xda,
                                   0x02, 0x80, 0xbf, 0xe5, 0xc0, 0x5a, 0x80, 0x80,
                                   0x80, 0xa0, 0,    4,    0x68, 0xce, 0x3c, 0x80};
    static const uint8_t first[] = {0x7c, 0x85, 0x88, 1, 2, 3}, last[] = {0x7c, 0x45, 4, 5, 6};
    static const uint8_t slice[] = {0x41, 0x9a, 1, 2, 3};
    tc_buf_add_str(b, "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, GET_PARAMETER\r\n\r\n");
    tc_buf_add_fmt(b, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: %zu\r\n\r\n%s", strlen(SDP),
                   SDP);
    tc_buf_add_str(b, "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 7;timeout=9\r\n"
                      "Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n");
    tc_buf_add_str(b, "RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 7\r\n\r\n");
    for (uint16_t i = 0; i < 12; i++) {
        script_packet(b, (uint16_t)(4 * i), i * 6000U, stap, sizeof stap, false);
        script_packet(b, (uint16_t)(4 * i + 1), i * 6000U, first, sizeof first, false);
        script_packet(b, (uint16_t)(4 * i + 2), i * 6000U, last, sizeof last, true);
        script_packet(b, (uint16_t)(4 * i + 3), i * 6000U + 3000, slice, sizeof slice, true);
        tc_buf_add_str(b, "$");
        tc_buf_add_u8(b, 1);
        tc_buf_add_be16(b, 28);
        rtcp_write_sender_report(b, 9, rtp_ntp_of_unix_ns(INT64_C(1795349109) * TC_NS_PER_S),
                                 i * 6000U, i, i);
    }
}

/* All frames of the ring are rows of length-prefixed units. */
static uint64_t check_ring(const struct ring_reader *r)
{
    uint64_t good = 0;
    for (uint64_t n = ring_oldest(r); n < ring_next(r); n++) {
        struct ring_frame f;
        if (ring_read_slot(r, n, &f) != RING_READ_OK)
            continue;
        struct tc_slice rest = ring_frame_view(r, &f);
        while (rest.len > 0) {
            assert_true(rest.len > 4);
            size_t len = (size_t)rest.ptr[0] << 24 | (size_t)rest.ptr[1] << 16 |
                         (size_t)rest.ptr[2] << 8 | rest.ptr[3];
            assert_true(len > 0 && len <= rest.len - 4);
            rest = tc_slice_sub(rest, 4 + len, rest.len);
        }
        good++;
    }
    return good;
}

/* Feeds SCRIPT with DAMAGE bytes changed, in pieces of any size. */
static uint64_t run_damaged(struct rig *g, struct tc_slice script, uint32_t *seed, unsigned damage)
{
    uint8_t *bytes = malloc(script.len);
    memcpy(bytes, script.ptr, script.len);
    for (unsigned i = 0; i < damage; i++)
        bytes[next_random(seed) % script.len] = (uint8_t)next_random(seed);
    size_t at = 0, end = 0;
    while (end < script.len && g->s.phase != SESSION_ENDED) {
        end += 1 + next_random(seed) % 900;
        if (end > script.len)
            end = script.len;
        size_t took = session_input(&g->s, tc_slice(bytes + at, end - at), g->now);
        assert_true(took <= end - at);
        at += took;
        pass(g, 0.05);
        tc_buf_drop(&g->s.out, g->s.out.len);
    }
    free(bytes);
    return check_ring(&g->reader);
}

static void test_session__damaged_conversations__never_break_the_ring(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf script;
    tc_buf_init(&script, 65536);
    write_script(&script);
    uint32_t seed = 1;
    uint64_t frames = 0;
    for (unsigned i = 0; i < 1500; i++) {
        struct rig g;
        rig_open(&g, "", "");
        frames += run_damaged(&g, tc_buf_view(&script), &seed, i % 8);
        if (i % 8 == 0)
            assert_int_equal(ring_next(&g.reader), 25);
        rig_close(&g);
    }
    assert_true(frames > 1500);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session__plain_camera__frames_come_into_the_ring),
        cmocka_unit_test(test_session__input_in_any_pieces__gives_the_same),
        cmocka_unit_test(test_session__digest__is_answered_and_a_stale_nonce_renewed),
        cmocka_unit_test(test_session__wrong_password__ends_as_unauthorized),
        cmocka_unit_test(test_session__refusals__have_causes_of_their_own),
        cmocka_unit_test(test_session__udp_only_camera__ends_as_transport),
        cmocka_unit_test(test_session__garbage__ends_as_garbage),
        cmocka_unit_test(test_session__no_answer__ends_as_timeout),
        cmocka_unit_test(test_session__video_stops__ends_as_stalled),
        cmocka_unit_test(test_session__packets_but_never_a_key_frame__ends_as_stalled),
        cmocka_unit_test(test_session__keep_alive__at_half_the_time_out),
        cmocka_unit_test(test_session__camera_asks_and_ends__is_answered),
        cmocka_unit_test(test_session__sender_report__is_answered_and_used),
        cmocka_unit_test(test_session__foreign_packets__are_left_out),
        cmocka_unit_test(test_session__stopped_while_playing__says_teardown),
        cmocka_unit_test(test_session__damaged_conversations__never_break_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
