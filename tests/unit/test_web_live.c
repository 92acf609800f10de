/* SPDX-License-Identifier: Apache-2.0 */
/* Live video: from a camera's ring to viewers' messages. */
#include "web_core.h"

#include "media/fmp4.h"
#include "runtime/ring.h"
#include "web/live_stream.h"

/* 640x360, baseline, as an encoder wrote it */
static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9,
                              0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00,
                              0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48};
static const uint8_t pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};

enum { GOP = 10, FRAME_BYTES = 4000 };

struct camera {
    struct ring_fds fds;
    struct ring_writer writer;
    struct ring_reader reader;
    unsigned made;
};

static void camera_init(struct camera *c, uint64_t data_bytes)
{
    struct tc_errinfo info = {0};
    *c = (struct camera){0};
    const struct ring_size size = {.data_bytes = data_bytes, .slot_count = 1024};
    assert_ok(ring_create("test", size, &c->fds, &info), &info);
    assert_ok(ring_writer_open(&c->writer, c->fds.writer, &info), &info);
    assert_ok(ring_reader_open(&c->reader, c->fds.reader, &info), &info);
    struct ring_params p = {.codec = RING_CODEC_H264,
                            .width = 640,
                            .height = 360,
                            .sps_bytes = sizeof sps,
                            .pps_bytes = sizeof pps};
    memcpy(p.sps, sps, sizeof sps);
    memcpy(p.pps, pps, sizeof pps);
    assert_int_equal(ring_set_params(&c->writer, &p), 1);
    ring_set_state(&c->writer, RING_CAMERA_UP);
}

static void camera_done(struct camera *c)
{
    ring_writer_close(&c->writer);
    ring_reader_close(&c->reader);
    (void)close(c->fds.writer);
    (void)close(c->fds.reader);
}

static void add_frame(struct camera *c, uint32_t more_flags)
{
    static uint8_t bytes[FRAME_BYTES];
    memset(bytes, (int)c->made, sizeof bytes);
    struct ring_frame f = {.flags = more_flags | (c->made % GOP == 0 ? RING_KEY : 0),
                           .wall.ns =
                               1700000000 * TC_NS_PER_S + (int64_t)c->made * 40 * TC_NS_PER_MS};
    ring_begin_frame(&c->writer);
    assert_ok(ring_frame_add(&c->writer, bytes, sizeof bytes), NULL);
    assert_int_not_equal(ring_commit_frame(&c->writer, &f), 0);
    c->made++;
}

static void add_frames(struct camera *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_frame(c, 0);
}

/* ---- a viewer without a socket ---- */

struct sink {
    struct tc_buf media; /* init segment and fragments, without their heads */
    unsigned texts, binaries, inits;
    char last[256];
    size_t queued;
    uint32_t generation;
    uint64_t first_us, last_us;
    uint8_t first_payload, last_payload;
};

static void on_text(void *ctx, struct tc_slice json)
{
    struct sink *s = ctx;
    s->texts++;
    tc_slice_to_str_cut(json, s->last, sizeof s->last);
}

static void on_binary(void *ctx, struct tc_slice b)
{
    struct sink *s = ctx;
    assert_true(b.len > 16);
    assert_int_equal(b.ptr[0], 1);
    assert_int_equal(b.ptr[2] << 8 | b.ptr[3], 7);
    s->inits += b.ptr[1] == 0;
    s->binaries++;
    s->generation = b.ptr[7];
    s->last_us = 0;
    for (int i = 8; i < 16; i++)
        s->last_us = s->last_us << 8 | b.ptr[i];
    s->last_payload = b.ptr[b.len - 1];
    if (b.ptr[1] == 1 && s->first_us == 0) {
        s->first_us = s->last_us;
        s->first_payload = s->last_payload;
    }
    tc_buf_add_slice(&s->media, tc_slice_sub(b, 16, b.len));
}

static size_t queued_in_sink(void *ctx)
{
    return ((struct sink *)ctx)->queued;
}

struct bench {
    struct camera camera;
    struct sink sink;
    struct live_sink out;
    struct live_stream stream;
    struct tc_buf scratch;
};

static int stream_setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    camera_init(&b->camera, 1 << 20);
    tc_buf_init(&b->sink.media, 64 << 20);
    tc_buf_init(&b->scratch, 1 << 20);
    b->out = (struct live_sink){.text = on_text,
                                .binary = on_binary,
                                .queued = queued_in_sink,
                                .ctx = &b->sink,
                                .gate_bytes = 100000};
    live_stream_init(&b->stream, 7);
    *state = b;
    return 0;
}

static int stream_teardown(void **state)
{
    struct bench *b = *state;
    camera_done(&b->camera);
    tc_buf_done(&b->sink.media);
    tc_buf_done(&b->scratch);
    free(b);
    return 0;
}

static void go(struct bench *b)
{
    live_stream_pump(&b->stream, &b->camera.reader, &b->out, &b->scratch);
}

static void test_stream__joined_in_the_middle__begins_at_the_last_key_frame(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 25);
    go(b);
    assert_int_equal(b->sink.inits, 1);
    assert_int_equal(b->sink.binaries, 1 + 5);
    assert_int_equal(b->sink.first_payload, 20);
    assert_int_equal(b->sink.last_payload, 24);
    assert_int_equal(b->sink.first_us, 1700000000u * UINT64_C(1000000) + 20 * 40000);
    HAS(b->sink.last,
        "\"op\":\"init\",\"stream\":7,\"codec\":\"avc1.42C01E\",\"width\":640,\"height\":360,"
        "\"generation\":1}");
    assert_int_equal(b->sink.texts, 2); /* state and init */
    add_frames(&b->camera, 3);
    go(b);
    assert_int_equal(b->sink.last_payload, 27);
    assert_int_equal(b->sink.inits, 1);
}

/* The fragments follow each other without a hole and end where the clock says. */
static void test_stream__timeline__continuous_and_true(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < 100; i++) {
        add_frame(&b->camera, 0);
        go(b);
    }
    int64_t should = fmp4_ticks(100 * 40 * TC_NS_PER_MS);
    int64_t is = (int64_t)b->stream.at;
    assert_true(is > should - 3600 && is < should + 3600);
    assert_int_equal(b->stream.frames, 100);
}

static void test_stream__clock_jumps_at_a_key_frame__followed(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 10);
    go(b);
    b->camera.made = 100; /* 3.6 s without pictures */
    add_frames(&b->camera, 2);
    go(b);
    int64_t should = fmp4_ticks(102 * 40 * TC_NS_PER_MS);
    assert_true((int64_t)b->stream.at > should - 4000 && (int64_t)b->stream.at < should + 4000);
}

static void test_stream__viewer_does_not_keep_up__whole_groups_lost_and_told(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 10);
    go(b);
    assert_int_equal(b->stream.frames, 10);
    b->sink.queued = 150000; /* over the gate */
    add_frames(&b->camera, 20);
    go(b);
    assert_int_equal(b->stream.frames, 10);
    b->sink.queued = 0; /* in the middle of a group: nothing yet */
    add_frames(&b->camera, 5);
    b->sink.queued = 150000;
    go(b);
    b->sink.queued = 0;
    add_frames(&b->camera, 4);
    go(b);
    assert_int_equal(b->stream.frames, 10);
    add_frames(&b->camera, 6);
    go(b);
    assert_int_equal(b->stream.frames, 15);
    HAS(b->sink.last, "{\"op\":\"dropped\",\"stream\":7,\"gops\":3}");
    assert_int_equal(b->stream.dropped_total, 3);
}

static void test_stream__group_too_long_for_the_queue__given_up_at_twice_the_gate(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 3);
    go(b);
    b->sink.queued = 150000; /* a group that has begun goes on */
    add_frames(&b->camera, 1);
    go(b);
    assert_int_equal(b->stream.frames, 4);
    b->sink.queued = 250000;
    add_frames(&b->camera, 1);
    go(b);
    b->sink.queued = 0;
    add_frames(&b->camera, 1); /* the rest of it cannot be decoded any more */
    go(b);
    assert_int_equal(b->stream.frames, 4);
}

static void test_stream__overtaken_by_the_writer__goes_on_at_a_key_frame(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 5);
    go(b);
    add_frames(&b->camera, 600); /* 2.4 MB through a ring of 1 MiB */
    go(b);
    assert_int_equal(b->sink.last_payload, (uint8_t)604);
    assert_int_equal(b->stream.frames, 5 + 5);
    assert_true(b->stream.dropped_total >= 1);
}

static void test_stream__something_missing__waits_for_a_key_frame(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 5);
    add_frame(&b->camera, RING_DISCONTINUITY);
    add_frames(&b->camera, 4);
    go(b);
    assert_int_equal(b->stream.frames, 5);
    add_frames(&b->camera, 1);
    go(b);
    assert_int_equal(b->stream.frames, 6);
}

static void test_stream__new_parameters__new_init(void **state)
{
    struct bench *b = *state;
    add_frames(&b->camera, 10);
    go(b);
    struct ring_params p = {.codec = RING_CODEC_H264,
                            .width = 640,
                            .height = 360,
                            .sps_bytes = sizeof sps,
                            .pps_bytes = 4};
    memcpy(p.sps, sps, sizeof sps);
    memcpy(p.pps, pps, 4);
    assert_int_equal(ring_set_params(&b->camera.writer, &p), 2);
    add_frames(&b->camera, 2);
    go(b);
    assert_int_equal(b->sink.inits, 2);
    assert_int_equal(b->sink.generation, 2);
    assert_int_equal(b->stream.frames, 12);
}

static void test_stream__camera_state__told_when_it_changes(void **state)
{
    struct bench *b = *state;
    ring_set_state(&b->camera.writer, RING_CAMERA_CONNECTING);
    go(b);
    HAS(b->sink.last, "\"state\":\"waiting\"");
    go(b);
    assert_int_equal(b->sink.texts, 1);
    ring_set_state(&b->camera.writer, RING_CAMERA_LOST);
    go(b);
    HAS(b->sink.last, "\"state\":\"lost\"");
}

/* ---- through the WebSocket ---- */

static void text_frame(struct web_client *k, const char *json)
{
    uint8_t frame[200] = {0x81, (uint8_t)(0x80 | strlen(json))};
    assert_true(strlen(json) < 126);
    memcpy(frame + 6, json, strlen(json));
    (void)client_try_send(k, frame, 6 + strlen(json));
}

static void open_video(struct fixture *f)
{
    HAS(ask(f, "GET /api/v1/video",
            COOKIE OURS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: tocsin.video.v1\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        "Sec-WebSocket-Protocol: tocsin.video.v1\r\n");
    assert_string_equal(f->last.route_name, "session_get");
    answer(f, (struct msg_answer){.status = 200}, "{}");
}

static uint64_t start_stream(struct fixture *f, unsigned status, uint32_t camera)
{
    text_frame(&f->k, "{\"op\":\"start\",\"stream\":7,\"camera\":\"gate\"}");
    assert_string_equal(f->last.route_name, "video_start");
    struct msg_live live = {.request = f->last_id, .camera = camera, .status = status};
    struct msg m = {.body = &live};
    web_backend_on_live(f->app.backend, &m);
    return f->last_id;
}

static void give_ring(struct fixture *f, struct camera *c, uint32_t camera)
{
    struct msg_ring ring = {.camera = camera};
    struct msg m = {.body = &ring, .fds = &c->fds.reader, .fds_count = 1};
    web_live_on_ring(f->app.live, &m);
}

static bool holds(const struct tc_buf *b, const char *text)
{
    struct tc_slice s = tc_buf_view(b);
    return tc_slice_find(s, text) < s.len;
}

static void test_live__start_watch_stop__core_told_ring_let_go(void **state)
{
    struct fixture *f = *state;
    struct camera c;
    camera_init(&c, 1 << 20);
    add_frames(&c, 12);
    open_video(f);
    uint64_t id = start_stream(f, 200, 3);
    give_ring(f, &c, 3);
    web_live_pump(f->app.live);
    (void)got(f);
    assert_true(holds(&f->got, "\"op\":\"init\",\"stream\":7"));
    assert_true(holds(&f->got, "moof"));
    assert_int_equal(web_live_stats(f->app.live)->frames, 2);
    assert_int_equal(web_live_stats(f->app.live)->streams, 1);
    text_frame(&f->k, "{\"op\":\"stop\",\"stream\":7}");
    assert_int_equal(f->cancelled_id, id);
    assert_int_equal(web_live_stats(f->app.live)->streams, 0);
    web_live_tick(f->app.live);
    add_frames(&c, 12);
    web_live_pump(f->app.live);
    assert_int_equal(web_live_stats(f->app.live)->frames, 2);
    camera_done(&c);
}

static void test_live__refused__said_in_words(void **state)
{
    static const struct {
        unsigned status;
        const char *word;
    } cases[] = {{404, "\"unknown\""}, {403, "\"denied\""}, {503, "\"lost\""}};
    struct fixture *f = *state;
    open_video(f);
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        (void)start_stream(f, cases[i].status, 0);
        (void)got(f);
        assert_true(holds(&f->got, cases[i].word));
        assert_int_equal(web_live_stats(f->app.live)->streams, 0);
    }
}

static void test_live__nonsense__closed(void **state)
{
    static const char *const cases[] = {"{",
                                        "[]",
                                        "{\"op\":\"start\"}",
                                        "{\"op\":\"start\",\"stream\":-1}",
                                        "{\"op\":\"start\",\"stream\":65536,\"camera\":\"a\"}",
                                        "{\"op\":\"start\",\"stream\":1,\"camera\":[1]}",
                                        "{\"op\":\"boom\",\"stream\":1}"};
    struct fixture *f = *state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        open_video(f);
        text_frame(&f->k, cases[i]);
        const char *text = got(f);
        assert_int_equal((uint8_t)text[0], 0x88);
        client_done(&f->k);
        assert_true(client_init(&f->k, f->base, f->app.server, WEB_DOOR_TLS, 1));
    }
    pump(f->base);
    assert_int_equal(web_live_stats(f->app.live)->viewers, 0);
}

static void test_live__viewer_leaves_without_a_word__core_told(void **state)
{
    struct fixture *f = *state;
    struct camera c;
    camera_init(&c, 1 << 20);
    open_video(f);
    uint64_t id = start_stream(f, 200, 3);
    give_ring(f, &c, 3);
    client_done(&f->k);
    pump(f->base);
    assert_int_equal(f->cancelled_id, id);
    assert_int_equal(web_live_stats(f->app.live)->viewers, 0);
    camera_done(&c);
}

static void test_live__viewer_stalls__groups_dropped_queue_bounded(void **state)
{
    struct fixture *f = *state;
    struct camera c;
    camera_init(&c, 1 << 20);
    open_video(f);
    (void)start_stream(f, 200, 3);
    give_ring(f, &c, 3);
    for (unsigned i = 0; i < 2000; i++) { /* 8 MB */
        add_frame(&c, 0);
        web_live_pump(f->app.live);
        if (i % 16 == 0)
            pump(f->base);
    }
    const struct web_live_stats *s = web_live_stats(f->app.live);
    assert_true(s->dropped_gops > 100);
    assert_true(s->bytes < 2 * WEB_LIVE_QUEUE);
    camera_done(&c);
}

static void test_live__signed_out__closed(void **state)
{
    struct fixture *f = *state;
    open_video(f);
    web_live_end_session(f->app.live, "abc");
    (void)got(f);
    assert_true(holds(&f->got, "signed out"));
}

#define S(name) cmocka_unit_test_setup_teardown(name, stream_setup, stream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        S(test_stream__joined_in_the_middle__begins_at_the_last_key_frame),
        S(test_stream__timeline__continuous_and_true),
        S(test_stream__clock_jumps_at_a_key_frame__followed),
        S(test_stream__viewer_does_not_keep_up__whole_groups_lost_and_told),
        S(test_stream__group_too_long_for_the_queue__given_up_at_twice_the_gate),
        S(test_stream__overtaken_by_the_writer__goes_on_at_a_key_frame),
        S(test_stream__something_missing__waits_for_a_key_frame),
        S(test_stream__new_parameters__new_init),
        S(test_stream__camera_state__told_when_it_changes),
        T(test_live__start_watch_stop__core_told_ring_let_go),
        T(test_live__refused__said_in_words),
        T(test_live__nonsense__closed),
        T(test_live__viewer_leaves_without_a_word__core_told),
        T(test_live__viewer_stalls__groups_dropped_queue_bounded),
        T(test_live__signed_out__closed),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
