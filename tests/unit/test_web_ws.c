/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that a WebSocket over TLS can be served beside a peer that stops reading: memory
 * bounded, others not delayed, whole groups of pictures dropped, and no order of closing that
 * touches freed memory. */
#include <malloc.h>

#include "web_client.h"

#include "web/ws.h"

enum { GOP_FRAMES = 5, FRAME_BYTES = 20000, GATE_BYTES = 400000 };

struct viewer {
    struct web_ws *ws;
    unsigned texts, gone, sent, dropped_gops;
    bool skipping;
    char last[64];
    struct fixture *f;
};

struct fixture {
    struct event_base *base;
    SSL_CTX *tls;
    struct web_server *server;
    struct tc_buf got;
    struct viewer viewers[8];
    unsigned count;
    bool close_on_text;
};

static void on_text(void *ctx, struct tc_slice text)
{
    struct viewer *v = ctx;
    v->texts++;
    tc_slice_to_str_cut(text, v->last, sizeof v->last);
    if (v->f->close_on_text) {
        web_ws_close(v->ws, WEB_WS_POLICY, "as asked");
        web_conn_close(web_ws_conn(v->ws), false);
        return;
    }
    web_ws_text(v->ws, text);
}

static void on_gone(void *ctx)
{
    struct viewer *v = ctx;
    v->gone++;
    v->ws = NULL;
}

static const struct web_ws_ops ops = {
    .on_text = on_text, .on_gone = on_gone, .low = GATE_BYTES / 4};

static void on_request(void *ctx, struct web_conn *c)
{
    struct fixture *f = ctx;
    struct viewer *v = &f->viewers[f->count];
    if (tc_slice_is(web_conn_head(c)->path, "/ws")) {
        v->f = f;
        if (web_ws_accept(c, "tocsin.video.v1", &ops, v, test_now, &v->ws) == TC_OK)
            f->count++;
        return;
    }
    web_reply(c, &(struct web_reply){.status = 200}, tc_slice_str("hello"));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->base = event_base_new();
    f->tls = test_tls();
    tc_buf_init(&f->got, 64 << 20);
    const struct web_server_options options = {
        .base = f->base, .tls = f->tls, .now = test_now, .on_request = on_request, .ctx = f};
    struct tc_errinfo info = {0};
    assert_ok(web_server_new(&options, &f->server, &info), &info);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->server = web_server_free(f->server);
    event_base_free(f->base);
    (void)web_tls_free(f->tls);
    tc_buf_done(&f->got);
    free(f);
    return 0;
}

#define HANDSHAKE                                                                                  \
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"     \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static struct viewer *open_ws(struct fixture *f, struct web_client *k)
{
    assert_true(client_init(k, f->base, f->server, WEB_DOOR_TLS, 1));
    const char *got = client_ask(k, &f->got, HANDSHAKE);
    assert_non_null(strstr(got, "HTTP/1.1 101 "));
    assert_non_null(strstr(got, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    return &f->viewers[f->count - 1];
}

/* A masked frame with a mask of zeros, so that the payload stands as it is. */
static void send_frame(struct web_client *k, uint8_t first, struct tc_slice payload)
{
    uint8_t frame[10 + 70000] = {first};
    size_t at = 2;
    frame[1] = (uint8_t)(0x80 | (payload.len < 126 ? payload.len : 126));
    if (payload.len >= 126) {
        frame[at++] = (uint8_t)(payload.len >> 8);
        frame[at++] = (uint8_t)payload.len;
    }
    at += 4;
    if (payload.len > 0)
        memcpy(frame + at, payload.ptr, payload.len);
    (void)client_try_send(k, frame, at + payload.len);
}

static struct tc_slice read_all(struct fixture *f, struct web_client *k)
{
    tc_buf_clear(&f->got);
    client_read(k, &f->got);
    return tc_buf_view(&f->got);
}

static void test_ws__text_ping_close__echo_pong_close(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    struct viewer *v = open_ws(f, &k);
    send_frame(&k, 0x81, tc_slice_str("{\"op\":1}"));
    assert_int_equal(v->texts, 1);
    assert_slice_is(read_all(f, &k), "\x81\x08{\"op\":1}");
    send_frame(&k, 0x89, tc_slice_str("abc"));
    assert_slice_is(read_all(f, &k), "\x8a\x03"
                                     "abc");
    send_frame(&k, 0x88, tc_slice("\x03\xe8", 2));
    assert_slice_is(read_all(f, &k), "\x88\x02\x03\xe8");
    client_done(&k);
    pump(f->base);
    assert_int_equal(v->gone, 1);
}

static void test_ws__frame_behind_the_handshake__is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    assert_true(client_init(&k, f->base, f->server, WEB_DOOR_TLS, 1));
    static const char both[] = HANDSHAKE "\x81\x82\0\0\0\0hi";
    assert_int_equal(client_try_send(&k, both, sizeof both - 1), sizeof both - 1);
    assert_int_equal(f->viewers[0].texts, 1);
    assert_string_equal(f->viewers[0].last, "hi");
    client_done(&k);
}

static void test_ws__wrong_handshakes__refused_as_http(void **state)
{
    static const char *const wrong[] = {
        "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: other\r\n\r\n",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < TC_COUNT(wrong); i++) {
        struct web_client k;
        assert_true(client_init(&k, f->base, f->server, WEB_DOOR_TLS, 1));
        assert_non_null(strstr(client_ask(&k, &f->got, wrong[i]), "HTTP/1.1 4"));
        client_done(&k);
    }
    assert_int_equal(f->count, 0);
}

static void test_ws__hostile_frames__closed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x81\x02hi", 4},                                    /* not masked */
        {"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff....", 14}, /* a length of 2^64 */
        {"\x83\x80\0\0\0\0", 6},                              /* an opcode that is none */
        {"\x81\x82\0\0\0\0\xff\xfe", 8},                      /* no UTF-8 */
        {"\xc1\x80\0\0\0\0", 6},                              /* a reserved bit */
        {"\x82\x81\0\0\0\0x", 7},                             /* binary */
    };
    struct fixture *f = *state;
    for (unsigned i = 0; i < TC_COUNT(cases); i++) {
        struct web_client k;
        f->count = 0;
        f->viewers[0] = (struct viewer){0};
        struct viewer *v = open_ws(f, &k);
        (void)client_try_send(&k, cases[i].bytes, cases[i].len);
        (void)read_all(f, &k);
        client_done(&k);
        pump(f->base);
        assert_int_equal(v->texts, 0);
        assert_int_equal(v->gone, 1);
    }
}

static void test_ws__message_over_the_limit__closed(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    struct viewer *v = open_ws(f, &k);
    static char big[WEB_WS_MESSAGE_MAX + 1];
    memset(big, 'a', sizeof big);
    send_frame(&k, 0x81, tc_slice(big, sizeof big));
    struct tc_slice got = read_all(f, &k);
    assert_int_equal(v->texts, 0);
    assert_true(got.len >= 4 && got.ptr[2] == 0x03 && got.ptr[3] == 0xf1); /* 1009 */
    client_done(&k);
}

/* What the video room does with one frame: whole groups of pictures or nothing. */
static void send_picture(struct viewer *v, bool key)
{
    static uint8_t frame[FRAME_BYTES];
    if (v->ws == NULL)
        return;
    if (key) {
        v->skipping = web_ws_queued(v->ws) > GATE_BYTES;
        v->dropped_gops += v->skipping;
    }
    if (v->skipping)
        return;
    web_ws_binary(v->ws, tc_slice(frame, sizeof frame));
    v->sent++;
}

static void test_ws__stalled_viewer__bounded_and_others_get_everything(void **state)
{
    struct fixture *f = *state;
    struct web_client stalled, quick;
    struct viewer *a = open_ws(f, &stalled), *b = open_ws(f, &quick);
    size_t got = 0, most = 0, heap_before = 0, heap_after = 0;
    for (unsigned i = 0; i < 1000; i++) {
        send_picture(a, i % GOP_FRAMES == 0);
        send_picture(b, i % GOP_FRAMES == 0);
        got += read_all(f, &quick).len;
        assert_int_equal(web_ws_queued(b->ws), 0); /* nothing of it waits for the other one */
        if (web_ws_queued(a->ws) > most)
            most = web_ws_queued(a->ws);
        if (i == 200)
            heap_before = mallinfo2().uordblks;
    }
    heap_after = mallinfo2().uordblks;
    assert_int_equal(b->sent, 1000);
    assert_int_equal(got, 1000 * (FRAME_BYTES + 4));
    assert_true(a->dropped_gops > 150);
    assert_int_equal(a->sent % GOP_FRAMES, 0);
    assert_true(most <= GATE_BYTES + GOP_FRAMES * (FRAME_BYTES + 4));
    assert_true(heap_after <= heap_before + 65536);
    /* It reads again: what it gets is whole groups. */
    got = read_all(f, &stalled).len;
    assert_int_equal(got, a->sent * (FRAME_BYTES + 4));
    client_done(&stalled);
    client_done(&quick);
}

static void test_ws__stalled_for_half_a_minute__cut(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    struct viewer *v = open_ws(f, &k);
    for (unsigned i = 0; i < 100; i++)
        send_picture(v, i % GOP_FRAMES == 0);
    pump(f->base);
    test_advance(f->server, 31 * TC_NS_PER_S);
    pump(f->base);
    assert_int_equal(v->gone, 1);
    client_done(&k);
}

static void test_ws__pings_without_reading__cut(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    struct viewer *v = open_ws(f, &k);
    static char ping[125];
    for (unsigned i = 0; i < 200000 && v->gone == 0; i++)
        send_frame(&k, 0x89, tc_slice(ping, sizeof ping));
    assert_int_equal(v->gone, 1);
    client_done(&k);
}

static void test_ws__silent_peer__cut_after_a_minute_of_pings(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    struct viewer *v = open_ws(f, &k);
    for (int i = 0; i < 3; i++) {
        test_clock.ns += 20 * TC_NS_PER_S;
        web_ws_tick(v->ws);
    }
    assert_true(web_ws_is_open(v->ws));
    send_frame(&k, 0x8a, tc_slice(NULL, 0)); /* pong */
    for (int i = 0; i < 4 && v->gone == 0; i++) {
        test_clock.ns += 20 * TC_NS_PER_S;
        web_ws_tick(v->ws);
        pump(f->base);
    }
    assert_int_equal(v->gone, 1);
    client_done(&k);
}

/* Every order in which two ends and the server can end it, with and without bytes under way. */
static void test_ws__closed_in_any_order__told_once(void **state)
{
    struct fixture *f = *state;
    for (unsigned order = 0; order < 16; order++) {
        struct web_client k;
        f->count = 0;
        f->viewers[0] = (struct viewer){0};
        struct viewer *v = open_ws(f, &k);
        for (unsigned i = 0; (order & 1) != 0 && i < 30; i++)
            send_picture(v, true);
        f->close_on_text = (order & 2) != 0;
        if (order & 2)
            send_frame(&k, 0x81, tc_slice_str("x"));
        if ((order & 4) && v->ws != NULL)
            web_ws_close(v->ws, WEB_WS_GOING_AWAY, "bye");
        if ((order & 8) && v->ws != NULL)
            web_conn_close(web_ws_conn(v->ws), false);
        if (v->ws != NULL) { /* ended or not: harmless */
            web_ws_text(v->ws, tc_slice_str("late"));
            web_ws_tick(v->ws);
        }
        client_done(&k);
        pump(f->base);
        assert_int_equal(v->gone, 1);
    }
    assert_int_equal(web_server_stats(f->server)->conns, 0);
}

static void test_ws__server_ends_first__told_once(void **state)
{
    struct fixture *f = *state;
    struct web_client k, l;
    struct viewer *v = open_ws(f, &k), *w = open_ws(f, &l);
    for (unsigned i = 0; i < 30; i++)
        send_picture(v, true);
    client_done(&l);
    f->server = web_server_free(f->server);
    assert_int_equal(v->gone, 1);
    assert_int_equal(w->gone, 1);
    pump(f->base);
    client_done(&k);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_ws__text_ping_close__echo_pong_close),
        T(test_ws__frame_behind_the_handshake__is_not_lost),
        T(test_ws__wrong_handshakes__refused_as_http),
        T(test_ws__hostile_frames__closed),
        T(test_ws__message_over_the_limit__closed),
        T(test_ws__stalled_viewer__bounded_and_others_get_everything),
        T(test_ws__stalled_for_half_a_minute__cut),
        T(test_ws__pings_without_reading__cut),
        T(test_ws__silent_peer__cut_after_a_minute_of_pings),
        T(test_ws__closed_in_any_order__told_once),
        T(test_ws__server_ends_first__told_once),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
