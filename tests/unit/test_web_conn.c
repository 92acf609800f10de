/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server against friendly and hostile peers, over TLS and plain. */
#include "web_client.h"

#include "web/conn.h"

enum mode { ANSWER, HOLD, STREAM };

struct fixture {
    struct event_base *base;
    SSL_CTX *tls;
    struct web_server *server;
    struct tc_buf got;
    enum mode mode;
    struct web_conn *held;
    unsigned requests, gone, drained;
    char last_path[64];
    char last_body[64];
};

static void on_gone(void *ctx)
{
    struct fixture *f = ctx;
    f->gone++;
    f->held = NULL;
}

static void on_drain(void *ctx)
{
    ((struct fixture *)ctx)->drained++;
}

static const struct web_holder holder = {.on_gone = on_gone, .on_drain = on_drain, .low = 1000};

static void on_request(void *ctx, struct web_conn *c)
{
    struct fixture *f = ctx;
    f->requests++;
    tc_slice_to_str_cut(web_conn_head(c)->path, f->last_path, sizeof f->last_path);
    tc_slice_to_str_cut(web_conn_body(c), f->last_body, sizeof f->last_body);
    const struct web_reply ok = {.status = 200, .type = "text/plain"};
    if (f->mode == ANSWER) {
        web_reply(c, &ok, tc_slice_str("hello"));
        return;
    }
    f->held = c;
    web_conn_hold(c, &holder, f);
    if (f->mode == STREAM)
        web_reply_start(c, &ok, WEB_LENGTH_UNKNOWN);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->base = event_base_new();
    f->tls = test_tls();
    tc_buf_init(&f->got, 64 << 20);
    const struct web_server_options options = {.base = f->base,
                                               .tls = f->tls,
                                               .now = test_now,
                                               .on_request = on_request,
                                               .ctx = f,
                                               .conns_max = 200};
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

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static void client(struct fixture *f, struct web_client *k)
{
    assert_true(client_init(k, f->base, f->server, WEB_DOOR_TLS, 1));
}

static void test_conn__two_requests__one_connection_security_headers(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    const char *got = client_ask(&k, &f->got, GET("/a"));
    assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(got, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(got, "frame-ancestors 'none'"));
    assert_non_null(strstr(got, "Strict-Transport-Security:"));
    assert_non_null(strstr(got, "Content-Length: 5\r\n"));
    assert_non_null(strstr(got, "\r\n\r\nhello"));
    got = client_ask(&k, &f->got, GET("/b"));
    assert_non_null(strstr(got, "hello"));
    assert_string_equal(f->last_path, "/b");
    assert_int_equal(web_server_stats(f->server)->conns, 1);
    client_done(&k);
    pump(f->base);
    assert_int_equal(web_server_stats(f->server)->conns, 0);
}

static void test_conn__pipelined_requests__answered_in_order(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    const char *got = client_ask(&k, &f->got, GET("/1") GET("/2") GET("/3"));
    assert_int_equal(f->requests, 3);
    assert_string_equal(f->last_path, "/3");
    assert_non_null(strstr(strstr(strstr(got, "hello") + 1, "hello") + 1, "hello"));
    client_done(&k);
}

static void test_conn__body_in_pieces__whole(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    client_send(&k, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Le");
    client_send(&k, "ngth: 10\r\n\r\n01234");
    assert_int_equal(f->requests, 0);
    client_send(&k, "56789");
    assert_int_equal(f->requests, 1);
    assert_string_equal(f->last_body, "0123456789");
    client_done(&k);
}

static void test_conn__head_request__length_but_no_body(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    const char *got = client_ask(&k, &f->got, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(got, "Content-Length: 5\r\n"));
    assert_null(strstr(got, "hello"));
    client_done(&k);
}

static void test_conn__http_1_0__closed_after_answer(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    const char *got = client_ask(&k, &f->got, "GET / HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(got, "hello"));
    assert_true(k.closed);
    client_done(&k);
}

static void test_conn__malformed_requests__problem_and_closed(void **state)
{
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET /\r\n\r\n", "400"},
        {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", "413"},
        {"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct web_client k;
        client(f, &k);
        const char *got = client_ask(&k, &f->got, cases[i].request);
        if (strncmp(got + 9, cases[i].status, 3) != 0)
            fail_msg("%s -> %s", cases[i].request, got);
        assert_non_null(strstr(got, "application/problem+json"));
        assert_true(k.closed);
        client_done(&k);
    }
    assert_int_equal(f->requests, 0);
}

static void test_conn__header_flood__431(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    char line[1024];
    memset(line, 'a', sizeof line);
    memcpy(line, "\r\nX: ", 5);
    client_send(&k, "GET / HTTP/1.1");
    size_t sent = 0;
    for (int i = 0; i < 1000; i++)
        sent += client_try_send(&k, line, sizeof line);
    assert_true(sent > 0);
    tc_buf_clear(&f->got);
    client_read(&k, &f->got);
    assert_non_null(strstr(tc_buf_cstr(&f->got), "431"));
    client_done(&k);
}

static void test_conn__headers_by_drops__cut_at_the_absolute_deadline(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    client_send(&k, "GET / HTTP/1.1\r\n");
    for (int s = 0; s < 9; s++) {
        client_send(&k, "a");
        test_advance(f->server, TC_NS_PER_S);
    }
    assert_int_equal(web_server_stats(f->server)->conns, 1);
    test_advance(f->server, 2 * TC_NS_PER_S);
    assert_int_equal(web_server_stats(f->server)->conns, 0);
    assert_int_equal(web_server_stats(f->server)->timed_out, 1);
    client_done(&k);
}

static void test_conn__no_handshake__cut_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    web_server_adopt(f->server, pair[1], WEB_DOOR_TLS, NULL);
    test_advance(f->server, 9 * TC_NS_PER_S);
    assert_int_equal(web_server_stats(f->server)->conns, 1);
    test_advance(f->server, 2 * TC_NS_PER_S);
    assert_int_equal(web_server_stats(f->server)->conns, 0);
    (void)close(pair[0]);
}

static void test_conn__idle_keep_alive__closed_after_75_s(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    client(f, &k);
    (void)client_ask(&k, &f->got, GET("/"));
    test_advance(f->server, 74 * TC_NS_PER_S);
    assert_int_equal(web_server_stats(f->server)->conns, 1);
    test_advance(f->server, 2 * TC_NS_PER_S);
    assert_int_equal(web_server_stats(f->server)->conns, 0);
    client_done(&k);
}

static void test_conn__client_leaves_while_answer_is_owed__holder_told_once(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = HOLD;
    client(f, &k);
    client_send(&k, GET("/"));
    assert_non_null(f->held);
    client_done(&k);
    pump(f->base);
    assert_int_equal(f->gone, 1);
    assert_int_equal(web_server_stats(f->server)->held, 0);
}

static void test_conn__request_behind_held_one__waits(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = HOLD;
    client(f, &k);
    client_send(&k, GET("/1") GET("/2"));
    assert_int_equal(f->requests, 1);
    web_reply(f->held, &(struct web_reply){.status = 204}, tc_slice(NULL, 0));
    pump(f->base);
    assert_int_equal(f->requests, 2);
    assert_string_equal(f->last_path, "/2");
    client_done(&k);
    pump(f->base);
    assert_int_equal(f->gone, 1);
}

static void test_conn__flood_while_answer_is_owed__input_bounded(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = HOLD;
    client(f, &k);
    client_send(&k, GET("/"));
    static uint8_t junk[65536];
    size_t taken = 0;
    for (int i = 0; i < 100; i++)
        taken += client_try_send(&k, junk, sizeof junk);
    assert_true(taken < 600000); /* our watermark and the two sockets' buffers */
    client_done(&k);
}

static void test_conn__stream_to_stalled_client__drain_told_then_cut(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = STREAM;
    client(f, &k);
    client_send(&k, GET("/"));
    static uint8_t piece[50000];
    for (int i = 0; i < 100 && web_conn_queued(f->held) < 400000; i++) {
        web_reply_data(f->held, piece, sizeof piece);
        pump(f->base);
    }
    assert_true(web_conn_queued(f->held) >= 400000);
    unsigned before = f->drained;
    tc_buf_clear(&f->got);
    client_read(&k, &f->got);
    assert_int_equal(web_conn_queued(f->held), 0);
    assert_true(f->drained > before);
    for (int i = 0; i < 12; i++)
        web_reply_data(f->held, piece, sizeof piece);
    pump(f->base);
    test_advance(f->server, 29 * TC_NS_PER_S);
    assert_int_equal(f->gone, 0);
    test_advance(f->server, 2 * TC_NS_PER_S);
    pump(f->base);
    assert_int_equal(f->gone, 1);
    assert_int_equal(web_server_stats(f->server)->stalled, 1);
    client_done(&k);
}

static void test_conn__stream_ended__chunked_and_connection_goes_on(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = STREAM;
    client(f, &k);
    client_send(&k, GET("/"));
    web_reply_data(f->held, "abc", 3);
    web_reply_end(f->held);
    tc_buf_clear(&f->got);
    client_read(&k, &f->got);
    assert_non_null(strstr(tc_buf_cstr(&f->got), "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(tc_buf_cstr(&f->got), "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    f->mode = ANSWER;
    assert_non_null(strstr(client_ask(&k, &f->got, GET("/")), "hello"));
    assert_int_equal(f->gone, 0);
    client_done(&k);
}

static void test_conn__answer_shorter_than_announced__cut(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    f->mode = HOLD;
    client(f, &k);
    client_send(&k, GET("/"));
    web_reply_start(f->held, &(struct web_reply){.status = 200}, 10);
    web_reply_data(f->held, "abc", 3);
    web_reply_end(f->held);
    tc_buf_clear(&f->got);
    client_read(&k, &f->got);
    assert_true(k.closed);
    client_done(&k);
}

static void test_conn__one_source__bounded_others_served(void **state)
{
    struct fixture *f = *state;
    static struct web_client many[WEB_CONNS_PER_SOURCE_MAX], k;
    for (unsigned i = 0; i < WEB_CONNS_PER_SOURCE_MAX; i++)
        assert_true(client_init(&many[i], f->base, f->server, WEB_DOOR_TLS, 7));
    assert_false(client_init(&k, f->base, f->server, WEB_DOOR_TLS, 7));
    client_done(&k);
    assert_int_equal(web_server_stats(f->server)->refused_source, 1);
    assert_true(client_init(&k, f->base, f->server, WEB_DOOR_TLS, 8));
    assert_non_null(strstr(client_ask(&k, &f->got, GET("/")), "hello"));
    client_done(&k);
    for (unsigned i = 0; i < WEB_CONNS_PER_SOURCE_MAX; i++)
        client_done(&many[i]);
}

static void test_conn__house_full__longest_idle_makes_place(void **state)
{
    struct fixture *f = *state;
    static struct web_client many[200], k;
    for (unsigned i = 0; i < 200; i++) {
        assert_true(client_init(&many[i], f->base, f->server, WEB_DOOR_TLS, 1000 + i));
        test_clock.ns += TC_NS_PER_MS;
    }
    assert_true(client_init(&k, f->base, f->server, WEB_DOOR_TLS, 9));
    assert_non_null(strstr(client_ask(&k, &f->got, GET("/")), "hello"));
    assert_int_equal(web_server_stats(f->server)->conns, 200);
    tc_buf_clear(&f->got);
    client_read(&many[0], &f->got);
    assert_true(many[0].closed);
    assert_non_null(strstr(client_ask(&many[1], &f->got, GET("/")), "hello"));
    client_done(&k);
    for (unsigned i = 0; i < 200; i++)
        client_done(&many[i]);
}

static void test_conn__local_door__plain(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    assert_true(client_init(&k, f->base, f->server, WEB_DOOR_LOCAL, 0));
    const char *got = client_ask(&k, &f->got, GET("/"));
    assert_non_null(strstr(got, "hello"));
    assert_null(strstr(got, "Strict-Transport"));
    client_done(&k);
}

static void test_server__freed_with_connections__holders_told(void **state)
{
    struct fixture *f = *state;
    struct web_client k, l;
    f->mode = HOLD;
    client(f, &k);
    client(f, &l);
    client_send(&k, GET("/"));
    f->server = web_server_free(f->server);
    assert_int_equal(f->gone, 1);
    pump(f->base);
    client_done(&k);
    client_done(&l);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_conn__two_requests__one_connection_security_headers),
        T(test_conn__pipelined_requests__answered_in_order),
        T(test_conn__body_in_pieces__whole),
        T(test_conn__head_request__length_but_no_body),
        T(test_conn__http_1_0__closed_after_answer),
        T(test_conn__malformed_requests__problem_and_closed),
        T(test_conn__header_flood__431),
        T(test_conn__headers_by_drops__cut_at_the_absolute_deadline),
        T(test_conn__no_handshake__cut_at_the_deadline),
        T(test_conn__idle_keep_alive__closed_after_75_s),
        T(test_conn__client_leaves_while_answer_is_owed__holder_told_once),
        T(test_conn__request_behind_held_one__waits),
        T(test_conn__flood_while_answer_is_owed__input_bounded),
        T(test_conn__stream_to_stalled_client__drain_told_then_cut),
        T(test_conn__stream_ended__chunked_and_connection_goes_on),
        T(test_conn__answer_shorter_than_announced__cut),
        T(test_conn__one_source__bounded_others_served),
        T(test_conn__house_full__longest_idle_makes_place),
        T(test_conn__local_door__plain),
        T(test_server__freed_with_connections__holders_told),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
