/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated cameras over real sockets: a hand-made client for the protocol, ffmpeg for the whole
 * way. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "proto/http_auth.h"
#include "proto/rtp.h"
#include "proto/rtsp.h"
#include "proto/sdp.h"
#include "sim/camera.h"
#include "sim/h264_draw.h"
#include "sim/scene.h"

enum { PATIENCE_MS = 8000, RUN_MS = 30000 };

static const char *const two_names[] = {"gate", "yard"};

/* --- the server: a process of its own
 * ---------------------------------------------------------------- */

struct server {
    pid_t pid;
    uint16_t port;
};

static struct server start(struct sim_camera_options options)
{
    int out[2];
    options.names = two_names;
    options.name_count = 2;
    options.run_ms = RUN_MS;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    struct server s = {.pid = fork()};
    if (s.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(out[1], STDOUT_FILENO);
        _exit(sim_camera_main(&options));
    }
    (void)close(out[1]);
    FILE *f = fdopen(out[0], "r");
    char line[128];
    unsigned port = 0;
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(sscanf(line, "rtsp://127.0.0.1:%u/gate", &port), 1);
    assert_non_null(fgets(line, sizeof line, f));
    assert_non_null(strstr(line, "/yard"));
    (void)fclose(f);
    s.port = (uint16_t)port;
    return s;
}

static void stop(struct server *s)
{
    int status = 0;
    assert_int_equal(kill(s->pid, SIGTERM), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- the client
 * -------------------------------------------------------------------------------------- */

struct client {
    int fd;
    uint16_t port;
    unsigned cseq;
    struct tc_buf in;
    struct rtsp_message m; /* the last answer; borrows from answer */
    struct tc_buf answer;
    char session[64];
    bool bad; /* the stream was no RTSP */
};

static struct client dial(const struct server *s, int receive_bytes)
{
    struct client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .port = s->port};
    if (receive_bytes > 0)
        assert_int_equal(
            setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
    tc_buf_init(&c.in, 64 << 20);
    tc_buf_init(&c.answer, 1 << 20);
    return c;
}

static void hang_up(struct client *c)
{
    (void)close(c->fd);
    tc_buf_done(&c->in);
    tc_buf_done(&c->answer);
}

/* More bytes; false at the end of the stream. */
static bool fill(struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (poll(&p, 1, PATIENCE_MS) != 1)
        fail_msg("the camera said nothing for %d ms", PATIENCE_MS);
    uint8_t *room = tc_buf_reserve(&c->in, 65536);
    ssize_t n = recv(c->fd, room, 65536, 0);
    if (n > 0)
        c->in.len += (size_t)n;
    return n > 0;
}

/* The next RTP or RTCP packet in OUT; false at the end or when the stream is BAD. */
static bool next_packet(struct client *c, uint8_t *ret_channel, struct tc_buf *out)
{
    for (;;) {
        struct rtsp_interleaved frame;
        if (c->in.len > 0 && !rtsp_is_interleaved(tc_buf_view(&c->in))) {
            c->bad = true;
            return false;
        }
        if (c->in.len > 0 && rtsp_parse_interleaved(tc_buf_view(&c->in), &frame) == RTSP_DONE) {
            *ret_channel = frame.channel;
            tc_buf_clear(out);
            tc_buf_add_slice(out, frame.payload);
            tc_buf_drop(&c->in, frame.bytes);
            return true;
        }
        if (!fill(c))
            return false;
    }
}

static void send_text(struct client *c, struct tc_buf *text)
{
    assert_int_equal(text->err, TC_OK);
    assert_int_equal(send(c->fd, text->data, text->len, MSG_NOSIGNAL), text->len);
}

/* Reads up to the answer, throwing pictures away. */
static unsigned read_answer(struct client *c)
{
    for (;;) {
        struct rtsp_interleaved frame;
        struct tc_slice in = tc_buf_view(&c->in);
        if (rtsp_is_interleaved(in) && rtsp_parse_interleaved(in, &frame) == RTSP_DONE) {
            tc_buf_drop(&c->in, frame.bytes);
            continue;
        }
        if (in.len > 0 && !rtsp_is_interleaved(in)) {
            struct rtsp_message probe;
            enum rtsp_next next = rtsp_parse(in, &probe, NULL);
            assert_int_not_equal(next, RTSP_BAD);
            if (next == RTSP_DONE) {
                tc_buf_clear(&c->answer);
                tc_buf_add_slice(&c->answer, tc_slice_sub(in, 0, probe.bytes));
                tc_buf_drop(&c->in, probe.bytes);
                assert_int_equal(rtsp_parse(tc_buf_view(&c->answer), &c->m, NULL), RTSP_DONE);
                assert_int_equal(rtsp_cseq(&c->m), c->cseq);
                return c->m.status;
            }
        }
        if (!fill(c))
            fail_msg("closed instead of an answer");
    }
}

struct ask {
    enum rtsp_method method;
    const char *path;
    const char *header, *value;
    const char *body;
    const char *authorization;
};

static unsigned request(struct client *c, struct ask a)
{
    char url[128];
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 8192);
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/%s", c->port, a.path);
    rtsp_write_request(&out, a.method, tc_slice_str(url), ++c->cseq);
    if (c->session[0] != '\0')
        rtsp_write_header(&out, "Session", tc_slice_str(c->session));
    if (a.header != NULL)
        rtsp_write_header(&out, a.header, tc_slice_str(a.value));
    if (a.authorization != NULL)
        rtsp_write_header(&out, "Authorization", tc_slice_str(a.authorization));
    rtsp_write_end(&out, "text/parameters", tc_slice_str(a.body));
    send_text(c, &out);
    return read_answer(c);
}

static void take_session(struct client *c)
{
    struct rtsp_session session;
    assert_ok(rtsp_session_parse(rtsp_header(&c->m, "Session"), &session), NULL);
    assert_ok(tc_slice_to_str(session.id, c->session, sizeof c->session), NULL);
}

static void set_up_and_play(struct client *c, const char *path, const char *transport)
{
    assert_int_equal(request(c, (struct ask){RTSP_SETUP, path, "Transport", transport, NULL, NULL}),
                     200);
    take_session(c);
    assert_int_equal(request(c, (struct ask){.method = RTSP_PLAY, .path = path}), 200);
}

static const char tcp_transport[] = "RTP/AVP/TCP;unicast;interleaved=2-3";

static int64_t wall_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * TC_NS_PER_S + t.tv_nsec;
}

/* --- the protocol
 * ------------------------------------------------------------------------------------ */

static void test_camera__describe__sdp_with_parameter_sets(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){.fps = 25});
    struct client c = dial(&s, 0);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_OPTIONS, .path = "gate"}), 200);
    assert_true(tc_slice_find(rtsp_header(&c.m, "Public"), "SET_PARAMETER") <
                rtsp_header(&c.m, "Public").len);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_DESCRIBE, .path = "yard"}), 200);
    struct sdp sdp;
    struct tc_errinfo info = {0};
    const struct sdp_media *media;
    const struct sdp_format *format;
    assert_ok(sdp_parse(c.m.body, &sdp, &info), &info);
    assert_slice_is(sdp.name, "yard");
    assert_true(sdp_find(&sdp, "H264", &media, &format));
    assert_slice_is(media->control, "trackID=1");
    assert_int_equal(format->clock_hz, 90000);
    struct sdp_h264 sets;
    sdp_h264_params(format->fmtp, &sets);
    assert_int_equal(sets.sps[0], 0x67);
    assert_int_equal(sets.pps[0], 0x68);
    assert_slice_is(sdp_fmtp_param(format->fmtp, "packetization-mode"), "1");
    assert_slice_is(sdp_fmtp_param(format->fmtp, "profile-level-id"), "42C01F");
    hang_up(&c);
    stop(&s);
}

static void check_report(struct tc_slice packet, uint32_t last_timestamp)
{
    struct rtcp_item item;
    assert_ok(rtcp_next(&packet, &item), NULL);
    assert_int_equal(item.kind, RTCP_SENDER_REPORT);
    int64_t off = rtp_ntp_to_unix_ns(item.ntp) - wall_ns();
    assert_true(off > -2 * TC_NS_PER_S && off <= TC_NS_PER_S);
    /* its RTP time is this moment's, so near the last picture's */
    int32_t ahead = (int32_t)(item.rtp_timestamp - last_timestamp);
    assert_true(ahead > -90000 && ahead < 90000);
}

static void test_camera__play__packets_in_order_and_a_sender_report(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){.fps = 30, .gop = 10});
    struct client c = dial(&s, 0);
    set_up_and_play(&c, "gate/trackID=1", tcp_transport);
    assert_true(rtsp_header(&c.m, "RTP-Info").len > 0);
    TC_CLEANUP(tc_buf_done) struct tc_buf bytes;
    tc_buf_init(&bytes, 1 << 16);
    struct rtp_packet p = {0};
    uint32_t last = 0;
    unsigned pictures = 0;
    unsigned seen = 0;
    unsigned reports = 0;
    uint16_t sequence = 0;
    for (unsigned n = 0; pictures < 20 || reports == 0;) {
        uint8_t channel;
        assert_true(next_packet(&c, &channel, &bytes));
        if (channel == 3) {
            check_report(tc_buf_view(&bytes), p.timestamp);
            reports++;
            continue;
        }
        assert_int_equal(channel, 2);
        assert_ok(rtp_parse(tc_buf_view(&bytes), &p), NULL);
        if (n++ == 0) {
            last = p.timestamp;
            assert_int_equal(p.payload.ptr[0], 0x67);
        } else {
            assert_int_equal(p.sequence, (uint16_t)(sequence + 1));
        }
        sequence = p.sequence;
        assert_true(p.payload.len <= 1400);
        /* one period of 3000 ticks, rounded; more when this machine was too busy for the beat */
        uint32_t step = p.timestamp - last;
        if (pictures != seen)
            assert_in_range(step, 2999, 5 * 90000);
        else
            assert_int_equal(step, 0);
        last = p.timestamp;
        seen = pictures;
        pictures += p.marker;
    }
    assert_int_equal(request(&c, (struct ask){.method = RTSP_GET_PARAMETER, .path = "gate"}), 200);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_PAUSE, .path = "gate"}), 200);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_PLAY, .path = "gate"}), 200);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_TEARDOWN, .path = "gate"}), 200);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_PLAY, .path = "gate"}), 454);
    hang_up(&c);
    stop(&s);
}

static void test_camera__wrong_requests__the_right_status(void **state)
{
    (void)state;
    static const struct {
        struct ask ask;
        unsigned status;
    } cases[] = {
        {{.method = RTSP_DESCRIBE, .path = "nothing"}, 404},
        {{.method = RTSP_DESCRIBE, .path = ""}, 404},
        {{.method = RTSP_PLAY, .path = "gate"}, 454},
        {{.method = RTSP_TEARDOWN, .path = "gate"}, 454},
        {{.method = RTSP_SETUP, .path = "gate"}, 461},
        {{RTSP_SETUP, "gate", "Transport", "RTP/AVP;multicast", NULL, NULL}, 461},
        {{RTSP_DESCRIBE, "gate", "Require", "implicit-play", NULL, NULL}, 551},
        {{.method = RTSP_RECORD, .path = "gate"}, 501},
        {{.method = RTSP_SET_PARAMETER, .path = "gate", .body = "zoom: 3"}, 400},
        {{.method = RTSP_SET_PARAMETER, .path = "gate", .body = "intruder: on"}, 200},
        {{.method = RTSP_GET_PARAMETER, .path = "gate", .body = "weather"}, 451},
        {{.method = RTSP_OPTIONS, .path = "gate?x=1"}, 200},
    };
    struct server s = start((struct sim_camera_options){0});
    struct client c = dial(&s, 0);
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        unsigned got = request(&c, cases[i].ask);
        if (got != cases[i].status)
            fail_msg("case %zu: %u", i, got);
    }
    hang_up(&c);
    stop(&s);
}

static unsigned describe_with_login(struct client *c, const char *password)
{
    const struct ask plain = {.method = RTSP_DESCRIBE, .path = "gate"};
    assert_int_equal(request(c, plain), 401);
    struct http_challenge challenge = {0};
    http_challenge_take(rtsp_header(&c->m, "WWW-Authenticate"), &challenge);
    char url[64];
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/gate", c->port);
    const struct http_login login = {tc_slice_str("anna"), tc_slice_str(password)};
    TC_CLEANUP(tc_buf_done) struct tc_buf value;
    tc_buf_init(&value, 4096);
    assert_ok(http_authorization_write(&value, &challenge, &login, tc_slice_str("DESCRIBE"),
                                       tc_slice_str(url), 1, tc_slice_str("0a4f113b")),
              NULL);
    struct ask with = plain;
    with.authorization = tc_buf_cstr(&value);
    return request(c, with);
}

static void test_camera__login__digest_checked(void **state)
{
    (void)state;
    for (int sha256 = 0; sha256 < 2; sha256++) {
        struct server s = start((struct sim_camera_options){
            .user = "anna", .password = "s3cret", .sha256 = sha256 != 0});
        struct client c = dial(&s, 0);
        assert_int_equal(describe_with_login(&c, "s3cret"), 200);
        assert_int_equal(describe_with_login(&c, "wrong"), 401);
        assert_int_equal(request(&c, (struct ask){.method = RTSP_OPTIONS, .path = "gate"}), 200);
        hang_up(&c);
        stop(&s);
    }
}

static void test_camera__udp__packets_arrive(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){.fps = 30});
    struct client c = dial(&s, 0);
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof own;
    assert_int_equal(bind(udp, (struct sockaddr *)&own, len), 0);
    assert_int_equal(getsockname(udp, (struct sockaddr *)&own, &len), 0);
    char transport[96];
    unsigned port = ntohs(own.sin_port);
    (void)snprintf(transport, sizeof transport, "RTP/AVP/UDP;unicast;client_port=%u-%u", port,
                   port + 1);
    set_up_and_play(&c, "gate", transport);
    for (unsigned pictures = 0; pictures < 5;) {
        uint8_t packet[2000];
        struct pollfd poll_udp = {.fd = udp, .events = POLLIN};
        assert_int_equal(poll(&poll_udp, 1, PATIENCE_MS), 1);
        ssize_t n = recv(udp, packet, sizeof packet, 0);
        struct rtp_packet p;
        assert_ok(rtp_parse(tc_slice(packet, (size_t)n), &p), NULL);
        pictures += p.marker;
    }
    (void)close(udp);
    hang_up(&c);
    stop(&s);
}

/* --- time and trouble
 * -------------------------------------------------------------------------------- */

static bool read_to_end(struct client *c, unsigned *ret_pictures)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf bytes;
    tc_buf_init(&bytes, 1 << 16);
    uint8_t channel;
    *ret_pictures = 0;
    while (next_packet(c, &channel, &bytes)) {
        struct rtp_packet p;
        if (channel == 2 && rtp_parse(tc_buf_view(&bytes), &p) == TC_OK)
            *ret_pictures += p.marker;
    }
    return !c->bad;
}

static void test_camera__nobody_keeps_the_session_alive__closed(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){.session_timeout_s = 1, .fps = 5});
    struct client c = dial(&s, 0);
    unsigned pictures = 0;
    set_up_and_play(&c, "gate", tcp_transport);
    assert_true(tc_slice_find(rtsp_header(&c.m, "Session"), "timeout=1") <
                rtsp_header(&c.m, "Session").len);
    assert_true(read_to_end(&c, &pictures));
    assert_in_range(pictures, 1, 20);
    hang_up(&c);
    stop(&s);
}

static void test_camera__fault_drop__closed_in_the_middle_of_a_picture(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){
        .fps = 30, .fault = SIM_FAULT_DROP, .fault_after_ms = 200, .fault_camera = "gate"});
    struct client c = dial(&s, 0);
    unsigned pictures = 0;
    set_up_and_play(&c, "gate", tcp_transport);
    assert_true(read_to_end(&c, &pictures));
    assert_in_range(pictures, 1, 12);
    assert_true(c.in.len > 0);
    hang_up(&c);
    stop(&s);
}

static void test_camera__fault_garbage__stream_is_no_rtsp(void **state)
{
    (void)state;
    struct server s = start(
        (struct sim_camera_options){.fps = 30, .fault = SIM_FAULT_GARBAGE, .fault_after_ms = 100});
    struct client c = dial(&s, 0);
    unsigned pictures = 0;
    set_up_and_play(&c, "gate", tcp_transport);
    assert_false(read_to_end(&c, &pictures));
    hang_up(&c);
    stop(&s);
}

static void test_camera__fault_stall__answers_but_sends_nothing(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){
        .fps = 60, .session_timeout_s = 1, .fault = SIM_FAULT_STALL, .fault_after_ms = 1});
    struct client c = dial(&s, 0);
    unsigned pictures = 0;
    set_up_and_play(&c, "gate", tcp_transport);
    assert_int_equal(request(&c, (struct ask){.method = RTSP_GET_PARAMETER, .path = "gate"}), 200);
    assert_true(read_to_end(&c, &pictures)); /* until the session ends */
    assert_in_range(pictures, 0, 1);
    hang_up(&c);
    stop(&s);
}

static void test_camera__fault_refuse__no_login_is_right(void **state)
{
    (void)state;
    struct server s = start((struct sim_camera_options){.user = "anna",
                                                        .password = "s3cret",
                                                        .fault = SIM_FAULT_REFUSE,
                                                        .fault_after_ms = 60000,
                                                        .fault_camera = "gate"});
    struct client c = dial(&s, 0);
    assert_int_equal(describe_with_login(&c, "s3cret"), 401);
    hang_up(&c);
    stop(&s);
}

/* 100 Mbit/s and nobody reads: pictures are lost as a whole, and after the gap comes a key frame.
 */
static void test_camera__viewer_does_not_read__goes_on_with_a_key_frame(void **state)
{
    (void)state;
    struct server s =
        start((struct sim_camera_options){.fps = 60, .gop = 6, .bits_per_second = 100000000});
    struct client c = dial(&s, 65536);
    set_up_and_play(&c, "gate", tcp_transport);
    struct client observer = dial(&s, 0);
    const struct ask lost = {.method = RTSP_GET_PARAMETER, .path = "gate", .body = "lost_pictures"};
    do {
        assert_int_equal(request(&observer, lost), 200);
        assert_true(tc_slice_starts(observer.m.body, "lost_pictures: "));
    } while (tc_slice_is(observer.m.body, "lost_pictures: 0\r\n"));
    hang_up(&observer);
    TC_CLEANUP(tc_buf_done) struct tc_buf bytes;
    tc_buf_init(&bytes, 1 << 16);
    bool first = true;
    bool gap = false;
    uint16_t sequence = 0;
    while (!gap) {
        uint8_t channel;
        struct rtp_packet p;
        assert_true(next_packet(&c, &channel, &bytes));
        if (channel != 2)
            continue;
        assert_ok(rtp_parse(tc_buf_view(&bytes), &p), NULL);
        gap = !first && p.sequence != (uint16_t)(sequence + 1);
        if (gap)
            assert_int_equal(p.payload.ptr[0], 0x67);
        first = false;
        sequence = p.sequence;
    }
    hang_up(&c);
    stop(&s);
}

static void test_camera__film__sent_over_and_over(void **state)
{
    (void)state;
    char path[] = "/tmp/tocsin-test-film-XXXXXX";
    int fd = mkstemp(path);
    struct sim_draw *d = NULL;
    const struct sim_draw_options draw = {.name = "film", .gop = 5};
    assert_ok(sim_draw_new(&draw, &d, NULL), NULL);
    for (int i = 0; i < 10; i++) {
        struct sim_draw_frame f;
        sim_draw_next(d, i, false, &f);
        for (unsigned n = 0; n < f.nal_count; n++) {
            assert_int_equal(write(fd, "\0\0\1", 3), 3);
            assert_int_equal(write(fd, f.nals[n].ptr, f.nals[n].len), f.nals[n].len);
        }
    }
    sim_draw_free(d);
    (void)close(fd);
    struct server s = start((struct sim_camera_options){.film = path, .fps = 60});
    struct client c = dial(&s, 0);
    set_up_and_play(&c, "yard", tcp_transport);
    TC_CLEANUP(tc_buf_done) struct tc_buf bytes;
    tc_buf_init(&bytes, 1 << 16);
    unsigned sets = 0;
    for (unsigned pictures = 0; pictures < 25;) {
        uint8_t channel;
        struct rtp_packet p;
        assert_true(next_packet(&c, &channel, &bytes));
        if (channel != 2)
            continue;
        assert_ok(rtp_parse(tc_buf_view(&bytes), &p), NULL);
        sets += p.payload.ptr[0] == 0x67;
        if (p.payload.ptr[0] == 0x67)
            assert_int_equal(pictures % 5, 0);
        pictures += p.marker;
    }
    assert_int_equal(sets, 5);
    (void)unlink(path);
    hang_up(&c);
    stop(&s);
}

/* --- errors at the start
 * ----------------------------------------------------------------------------- */

static void test_camera__bad_options__error_names_it(void **state)
{
    (void)state;
    static const char *const twice[] = {"a", "a"};
    static const char *const slash[] = {"a/b"};
    const struct {
        struct sim_camera_options options;
        enum tc_err err;
        const char *says;
    } cases[] = {
        {{.names = twice, .name_count = 2}, TC_E_EXISTS, "twice"},
        {{.names = slash, .name_count = 1}, TC_E_RANGE, "a/b"},
        {{.names = twice, .name_count = 0}, TC_E_RANGE, "0 cameras"},
        {{.names = twice, .name_count = 1, .width = 10, .height = 10}, TC_E_RANGE, "10x10"},
        {{.names = twice, .name_count = 1, .film = "/nonexistent"}, TC_E_NOT_FOUND, "/nonexistent"},
        {{.names = twice, .name_count = 1, .film = "/dev/null"}, TC_E_FORMAT, "/dev/null"},
        {{.names = twice, .name_count = 1, .address = "localhost"}, TC_E_FORMAT, "localhost"},
    };
    struct event_base *base = event_base_new();
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct sim_cameras *cameras = NULL;
        struct tc_errinfo info = {0};
        assert_int_equal(sim_cameras_start(base, &cases[i].options, &cameras, &info), cases[i].err);
        assert_non_null(strstr(info.text, cases[i].says));
        assert_null(cameras);
    }
    event_base_free(base);
}

static void test_camera__port_in_use__error_names_it(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct sim_cameras *first = NULL;
    struct sim_cameras *second = NULL;
    struct tc_errinfo info = {0};
    struct sim_camera_options options = {.names = two_names, .name_count = 2};
    assert_ok(sim_cameras_start(base, &options, &first, &info), &info);
    options.port = sim_cameras_port(first);
    char port[16];
    (void)snprintf(port, sizeof port, "%u", options.port);
    assert_int_not_equal(sim_cameras_start(base, &options, &second, &info), TC_OK);
    assert_non_null(strstr(info.text, port));
    assert_int_equal(sim_cameras_set_intruder(first, "attic", true), TC_E_NOT_FOUND);
    assert_ok(sim_cameras_set_intruder(first, "yard", true), NULL);
    assert_ok(sim_cameras_set_fault(first, NULL, SIM_FAULT_STALL, 0), NULL);
    sim_cameras_stop(first);
    event_base_free(base);
}

/* --- ffmpeg
 * ------------------------------------------------------------------------------------------ */

static bool decode_by_ffmpeg(const char *url, const char *transport, const char *out)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("ffmpeg", "ffmpeg", "-v", "error", "-nostdin", "-y", "-rtsp_transport",
                     transport, "-i", url, "-frames:v", "20", "-fps_mode", "passthrough",
                     "-pix_fmt", "gray", "-f", "rawvideo", out, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_by_ffmpeg(const char *transport, int64_t skew_ms)
{
    enum { WIDTH = 640, HEIGHT = 480, PICTURES = 20 };
    struct server s = start((struct sim_camera_options){.width = WIDTH,
                                                        .height = HEIGHT,
                                                        .fps = 25,
                                                        .bits_per_second = 1000000,
                                                        .user = "anna",
                                                        .password = "s3cret",
                                                        .clock_skew_ms = skew_ms});
    char path[] = "/tmp/tocsin-test-gray-XXXXXX";
    (void)close(mkstemp(path));
    char url[96];
    (void)snprintf(url, sizeof url, "rtsp://anna:s3cret@127.0.0.1:%u/yard", s.port);
    assert_true(decode_by_ffmpeg(url, transport, path));
    stop(&s);
    static uint8_t picture[WIDTH * HEIGHT];
    FILE *f = fopen(path, "rb");
    int64_t last = 0;
    for (int i = 0; i < PICTURES; i++) {
        int64_t shown = 0;
        assert_int_equal(fread(picture, 1, sizeof picture, f), sizeof picture);
        assert_ok(sim_scene_code_read(picture, WIDTH, WIDTH, HEIGHT, &shown), NULL);
        assert_true(shown > last);
        last = shown;
    }
    (void)fclose(f);
    (void)unlink(path);
    int64_t age_ms = wall_ns() / TC_NS_PER_MS + skew_ms - last;
    assert_in_range(age_ms, 0, 10000);
}

static void test_camera__played_by_ffmpeg__every_picture_shows_its_time(void **state)
{
    (void)state;
    if (access("/usr/bin/ffmpeg", X_OK) != 0)
        skip();
    check_by_ffmpeg("tcp", 0);
    check_by_ffmpeg("udp", 3600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_camera__describe__sdp_with_parameter_sets),
        cmocka_unit_test(test_camera__play__packets_in_order_and_a_sender_report),
        cmocka_unit_test(test_camera__wrong_requests__the_right_status),
        cmocka_unit_test(test_camera__login__digest_checked),
        cmocka_unit_test(test_camera__udp__packets_arrive),
        cmocka_unit_test(test_camera__nobody_keeps_the_session_alive__closed),
        cmocka_unit_test(test_camera__fault_drop__closed_in_the_middle_of_a_picture),
        cmocka_unit_test(test_camera__fault_garbage__stream_is_no_rtsp),
        cmocka_unit_test(test_camera__fault_stall__answers_but_sends_nothing),
        cmocka_unit_test(test_camera__fault_refuse__no_login_is_right),
        cmocka_unit_test(test_camera__viewer_does_not_read__goes_on_with_a_key_frame),
        cmocka_unit_test(test_camera__film__sent_over_and_over),
        cmocka_unit_test(test_camera__bad_options__error_names_it),
        cmocka_unit_test(test_camera__port_in_use__error_names_it),
        cmocka_unit_test(test_camera__played_by_ffmpeg__every_picture_shows_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
