/* SPDX-License-Identifier: Apache-2.0 */
/* Requests through the whole of web, with a core made of its messages: what is asked, what is
 * answered. */
#include "web_core.h"

#include <sys/mman.h>

#include "media/clip.h"
#include "web/metrics.h"

static void test_core__get_with_cookie__request_and_answer(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "GET /api/v1/incidents/17", COOKIE);
    assert_int_equal(f->requests, 1);
    assert_string_equal(f->last.route_name, "incident");
    assert_string_equal(f->last.token, "abc");
    assert_string_equal(f->last.peer, "10.0.0.1:40000");
    assert_int_equal(f->last.params, 1);
    answer(f, (struct msg_answer){.status = 200}, "{\"id\":17}");
    const char *text = got(f);
    HAS(text, "HTTP/1.1 200 OK\r\n");
    HAS(text, "Content-Type: application/json\r\n");
    HAS(text, "Cache-Control: no-store\r\n");
    HAS(text, "\r\n\r\n{\"id\":17}");
}

static void test_core__answer_in_parts__put_together(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "GET /api/v1/events?limit=2", COOKIE);
    answer(f, (struct msg_answer){.status = 200, .more = 1}, "{\"items\":");
    answer(f, (struct msg_answer){.status = 200, .more = 1}, "[1,2]");
    answer(f, (struct msg_answer){.status = 200}, "}");
    HAS(got(f), "\r\n\r\n{\"items\":[1,2]}");
}

static void test_core__sign_in__cookie_is_locked_down(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "POST /api/v1/session",
              "Content-Type: application/json\r\nContent-Length: 31\r\n\r\n"
              "{\"user\":\"anna\",\"password\":\"pw\"}");
    assert_string_equal(f->last.route_name, "session_create");
    assert_int_equal(f->last.body_bytes, 31);
    struct msg_answer a = {.status = 200, .set_token = "TOKEN"};
    answer(f, a, "{}");
    HAS(got(f), "Set-Cookie: tocsin_session=TOKEN; Path=/; HttpOnly; Secure; SameSite=Strict\r\n");
}

static void test_core__problem__passed_on(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "POST /api/v1/incidents/1/pickup", COOKIE OURS);
    answer(f, (struct msg_answer){.status = 409}, "{\"status\":409,\"owner\":\"ben\"}");
    const char *text = got(f);
    HAS(text, "HTTP/1.1 409 Conflict\r\n");
    HAS(text, "application/problem+json");
    HAS(text, "\"owner\":\"ben\"");
}

static void test_core__does_not_answer__504_and_cancelled(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "GET /api/v1/zones", COOKIE);
    test_clock.ns += WEB_ASK_MAX_NS + 1;
    web_backend_sweep(f->app.backend);
    HAS(got(f), "HTTP/1.1 504 ");
    assert_int_equal(f->cancelled_id, f->last_id);
    answer(f, (struct msg_answer){.status = 200}, "{}"); /* too late: dropped */
    assert_int_equal(web_backend_stats(f->app.backend)->stray, 1);
}

static void test_core__away_or_restarting__503(void **state)
{
    struct fixture *f = *state;
    f->core_away = true;
    HAS(ask(f, "GET /api/v1/zones", COOKIE), "HTTP/1.1 503 ");
    f->core_away = false;
    (void)ask(f, "GET /api/v1/zones", COOKIE);
    web_backend_core_gone(f->app.backend);
    HAS(got(f), "HTTP/1.1 503 ");
}

static void test_core__client_leaves__cancelled(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "GET /api/v1/zones", COOKIE);
    uint64_t id = f->last_id;
    client_done(&f->k);
    pump(f->base);
    assert_int_equal(f->cancelled_id, id);
    assert_int_equal(web_backend_stats(f->app.backend)->open, 0);
}

static void test_core__too_many_at_once__503_not_more(void **state)
{
    struct fixture *f = *state;
    static struct web_client many[WEB_ASKS_MAX];
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++) {
        assert_true(client_init(&many[i], f->base, f->app.server, WEB_DOOR_TLS, 100 + i));
        client_send(&many[i], "GET /api/v1/zones HTTP/1.1\r\nHost: 127.0.0.1\r\n" COOKIE "\r\n");
    }
    assert_int_equal(f->requests, WEB_ASKS_MAX);
    HAS(ask(f, "GET /api/v1/zones", COOKIE), "HTTP/1.1 503 ");
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++)
        client_done(&many[i]);
    pump(f->base);
    assert_int_equal(web_backend_stats(f->app.backend)->open, 0);
}

static void test_gate__hostile_requests__never_reach_core(void **state)
{
    static const struct {
        const char *line, *rest, *status;
    } cases[] = {
        {"POST /api/v1/incidents/1/pickup", COOKIE, "403"},
        {"POST /api/v1/incidents/1/pickup", COOKIE "Origin: https://evil.example\r\n", "403"},
        {"DELETE /api/v1/session", COOKIE, "403"},
        {"POST /api/v1/incidents/1/note",
         COOKIE OURS "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n{\"text\":\"a\"}",
         "415"},
        {"POST /api/v1/incidents/1/note",
         COOKIE OURS "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"text\":1}",
         "400"},
        {"GET /api/v1/incidents?limit=9999", COOKIE, "400"},
        {"PUT /api/v1/incidents", COOKIE, "405"},
        {"GET /api/v1/nothing", COOKIE, "404"},
        {"GET /api/v1/changes",
         COOKIE "Origin: https://evil.example\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
         "403"},
        {"GET /api/v1/video",
         COOKIE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
         "403"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        const char *text = ask(f, cases[i].line, cases[i].rest);
        if (strncmp(text + 9, cases[i].status, 3) != 0)
            fail_msg("%s: %s", cases[i].line, text);
        HAS(text, "application/problem+json");
    }
    assert_int_equal(f->requests, 0);
}

static void test_gate__rebound_host__421(void **state)
{
    struct fixture *f = *state;
    HAS(client_ask(&f->k, &f->got, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        "HTTP/1.1 421 ");
}

static void test_assets__page_and_hashed_file__cached_as_they_may(void **state)
{
    struct fixture *f = *state;
    const char *text = ask(f, "GET /", "");
    HAS(text, "Cache-Control: no-cache\r\n");
    HAS(text, "default-src 'none'; script-src 'self'");
    HAS(text, "ETag: \"e1\"\r\n");
    HAS(text, "\r\n\r\n<html>");
    text = ask(f, "GET /", "Accept-Encoding: gzip\r\n");
    HAS(text, "Content-Encoding: gzip\r\n");
    HAS(text, "\r\n\r\nGZ");
    text = ask(f, "GET /", "If-None-Match: \"e1\"\r\n");
    HAS(text, "HTTP/1.1 304 ");
    HAS(ask(f, "GET /a-1234.js", ""), "immutable");
    HAS(ask(f, "GET /../etc/passwd", ""), "HTTP/1.1 404 ");
    HAS(ask(f, "GET /%2e%2e/etc/passwd", ""), "HTTP/1.1 404 ");
    HAS(ask(f, "POST /", "Content-Length: 0\r\n"), "HTTP/1.1 405 ");
    assert_int_equal(f->requests, 0);
}

static void test_health__before_and_after_the_supervisor_spoke(void **state)
{
    struct fixture *f = *state;
    HAS(ask(f, "GET /healthz", ""), "HTTP/1.1 503 ");
    struct msg_health h = {.what = 0};
    struct msg m = {.body = &h,
                    .tail = tc_slice_str("[{\"name\":\"core\",\"sandbox\":{\"uid\":1}}]")};
    web_app_on_health(&f->app, &m);
    const char *text = ask(f, "GET /healthz", "");
    HAS(text, "HTTP/1.1 200 ");
    HAS(text, "{\"status\":\"ok\",\"processes\":[{\"name\":\"core\"}]");
    h.degraded = 1;
    web_app_on_health(&f->app, &m);
    HAS(ask(f, "GET /healthz", ""), "\"degraded\"");
}

static void test_metrics__loopback_free_others_asked(void **state)
{
    struct fixture *f = *state;
    struct msg_health h = {.what = 1, .role = TC_ROLE_CORE};
    struct msg m = {.body = &h, .tail = tc_slice_str("# TYPE tocsin_x gauge\ntocsin_x 1\n")};
    web_app_on_health(&f->app, &m);
    (void)ask(f, "GET /metrics", COOKIE);
    assert_string_equal(f->last.route_name, "session_get");
    answer(f, (struct msg_answer){.status = 401}, "");
    HAS(got(f), "HTTP/1.1 401 ");
    (void)ask(f, "GET /metrics", COOKIE);
    answer(f, (struct msg_answer){.status = 200}, "{}");
    HAS(got(f), "tocsin_x 1\n");
    struct web_client k;
    assert_true(client_init(&k, f->base, f->app.server, WEB_DOOR_TLS, 0));
    const char *text = client_ask(&k, &f->got, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    HAS(text, "tocsin_web_requests_total");
    HAS(text, "# EOF\n");
    client_done(&k);
}

static void test_metrics__family_of_two_shards__in_one_piece(void **state)
{
    (void)state;
    const struct tc_slice texts[] = {
        tc_slice_str("# TYPE up gauge\n# HELP up h\nup{c=\"1\"} 1\n# TYPE a counter\na_total 1\n"),
        tc_slice_str("junk\n# TYPE b gauge\nb 2\n# TYPE up gauge\nup{c=\"2\"} 0\n# EOF\n"),
        tc_slice_str(""),
        tc_slice_str("# TYPE up gauge\nup{c=\"3\"} 1"),
    };
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 4096);
    web_metrics_merge(texts, TC_COUNT(texts), &out);
    assert_slice_is(tc_buf_view(&out),
                    "# TYPE up gauge\n# HELP up h\nup{c=\"1\"} 1\nup{c=\"2\"} 0\nup{c=\"3\"} 1\n"
                    "# TYPE a counter\na_total 1\n# TYPE b gauge\nb 2\n");
}

static void test_local_door__core_says_who__token_kept(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    assert_true(client_init(&k, f->base, f->app.server, WEB_DOOR_LOCAL, 0));
    client_send(&k, "POST /api/v1/incidents/3/pickup HTTP/1.1\r\nHost: local\r\n\r\n");
    assert_int_equal(f->peers, 1);
    assert_int_equal(f->requests, 0);
    struct msg_peer_is who = {.request = f->last_id, .token = "LOCAL"};
    struct msg m = {.body = &who};
    web_backend_on_peer(f->app.backend, &m);
    assert_int_equal(f->requests, 1);
    assert_string_equal(f->last.token, "LOCAL");
    assert_int_equal(f->last.local, 1);
    answer(f, (struct msg_answer){.status = 200}, "{}");
    client_send(&k, "GET /api/v1/zones HTTP/1.1\r\nHost: local\r\n\r\n");
    assert_int_equal(f->peers, 1); /* asked once a connection */
    assert_string_equal(f->last.token, "LOCAL");
    client_done(&k);
}

static void test_local_door__nobody_we_know__401(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    assert_true(client_init(&k, f->base, f->app.server, WEB_DOOR_LOCAL, 0));
    client_send(&k, "GET /api/v1/zones HTTP/1.1\r\nHost: local\r\n\r\n");
    struct msg_peer_is who = {.request = f->last_id};
    struct msg m = {.body = &who};
    web_backend_on_peer(f->app.backend, &m);
    tc_buf_clear(&f->got);
    client_read(&k, &f->got);
    HAS(tc_buf_cstr(&f->got), "HTTP/1.1 401 ");
    assert_int_equal(f->requests, 0);
    client_done(&k);
}

/* ---- clips ---- */

enum { CLIP_BYTES = 700000, BOX_BYTES = 1000 };

static uint8_t clip_byte(uint64_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

/* Boxes, extents, and a second source that holds the rest, shuffled in three extents. */
static void answer_clip(struct fixture *f, struct msg_clip_answer a, uint64_t missing)
{
    int fds[2] = {memfd_create("boxes", 0), memfd_create("pictures", 0)};
    static uint8_t bytes[CLIP_BYTES];
    for (size_t i = 0; i < CLIP_BYTES; i++)
        bytes[i] = clip_byte(i);
    const struct clip_extent extents[] = {
        {.source = 0, .offset = 0, .bytes = BOX_BYTES},
        {.source = 1, .offset = 5000, .bytes = 300000},
        {.source = 1, .offset = 400000, .bytes = CLIP_BYTES - BOX_BYTES - 300000},
    };
    assert_int_equal(pwrite(fds[0], bytes, BOX_BYTES, 0), BOX_BYTES);
    assert_int_equal(pwrite(fds[0], extents, sizeof extents, BOX_BYTES), sizeof extents);
    assert_int_equal(pwrite(fds[1], bytes + BOX_BYTES, 300000, 5000), 300000);
    size_t rest = CLIP_BYTES - BOX_BYTES - 300000;
    assert_int_equal(pwrite(fds[1], bytes + BOX_BYTES + 300000, rest - missing, 400000),
                     rest - missing);
    a.request = f->last_id;
    a.extents = 3;
    a.boxes_bytes = BOX_BYTES;
    if (a.total_bytes == 0)
        a.total_bytes = CLIP_BYTES;
    memset(a.etag, 0xab, sizeof a.etag);
    struct msg m = {.body = &a, .tail = tc_slice_str("[]"), .fds = fds, .fds_count = 2};
    web_backend_on_clip(f->app.backend, &m);
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    pump(f->base);
}

#define CLIP "GET /api/v1/incidents/1/clip.mp4?camera=gate"
#define ETAG "\"abababababababababababababababab\""

static void check_bytes(const char *text, size_t total, uint64_t first, uint64_t count)
{
    const uint8_t *body = (const uint8_t *)strstr(text, "\r\n\r\n") + 4;
    assert_int_equal(total - (size_t)((const char *)body - text), count);
    for (uint64_t i = 0; i < count; i++)
        if (body[i] != clip_byte(first + i))
            fail_msg("byte %u differs", (unsigned)(first + i));
}

static void test_clip__closed__whole_with_etag(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, CLIP, COOKIE);
    assert_string_equal(f->last.route_name, "incident_clip");
    answer_clip(f, (struct msg_clip_answer){.closed = 1, .pre_asked_ns = 10, .pre_got_ns = 9}, 0);
    const char *text = got(f);
    HAS(text, "HTTP/1.1 200 OK\r\n");
    HAS(text, "ETag: " ETAG "\r\n");
    HAS(text, "Accept-Ranges: bytes\r\n");
    HAS(text, "X-Tocsin-Clip: {");
    HAS(text, "\"pre_asked_ns\":10,\"pre_got_ns\":9,\"closed\":true,\"gaps\":[]}\r\n");
    check_bytes(text, f->got.len, 0, CLIP_BYTES);
}

static void test_clip__ranges__across_sources(void **state)
{
    static const struct {
        const char *fields, *status;
        uint64_t first, count;
    } cases[] = {
        {"Range: bytes=0-0\r\n", "206", 0, 1},
        {"Range: bytes=990-1009\r\n", "206", 990, 20},
        {"Range: bytes=300990-301009\r\n", "206", 300990, 20},
        {"Range: bytes=500-\r\n", "206", 500, CLIP_BYTES - 500},
        {"Range: bytes=-7\r\n", "206", CLIP_BYTES - 7, 7},
        {"Range: bytes=700000-\r\n", "416", 0, 0},
        {"Range: bytes=1-2\r\nIf-Range: " ETAG "\r\n", "206", 1, 2},
        {"Range: bytes=1-2\r\nIf-Range: \"old\"\r\n", "200", 0, CLIP_BYTES},
        {"If-None-Match: " ETAG "\r\n", "304", 0, 0},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        char rest[200];
        (void)snprintf(rest, sizeof rest, COOKIE "%s", cases[i].fields);
        (void)ask(f, CLIP, rest);
        answer_clip(f, (struct msg_clip_answer){.closed = 1}, 0);
        const char *text = got(f);
        if (strncmp(text + 9, cases[i].status, 3) != 0)
            fail_msg("%s: %.60s", cases[i].fields, text);
        check_bytes(text, f->got.len, cases[i].first, cases[i].count);
    }
}

static void test_clip__head_request__no_bytes(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "HEAD /api/v1/incidents/1/clip.mp4?camera=gate", COOKIE);
    answer_clip(f, (struct msg_clip_answer){.closed = 1}, 0);
    const char *text = got(f);
    HAS(text, "Content-Length: 700000\r\n");
    check_bytes(text, f->got.len, 0, 0);
}

static void test_clip__still_growing__no_store_no_ranges(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, CLIP, COOKIE "Range: bytes=1-2\r\n");
    answer_clip(f, (struct msg_clip_answer){.closed = 0}, 0);
    const char *text = got(f);
    HAS(text, "HTTP/1.1 200 OK\r\n");
    HAS(text, "Cache-Control: no-store\r\n");
    assert_null(strstr(text, "ETag"));
    check_bytes(text, f->got.len, 0, CLIP_BYTES);
}

static void test_clip__slow_reader__held_bytes_bounded(void **state)
{
    struct fixture *f = *state;
    client_send(&f->k, CLIP " HTTP/1.1\r\nHost: 127.0.0.1\r\n" COOKIE "\r\n");
    answer_clip(f, (struct msg_clip_answer){.closed = 1}, 0);
    pump(f->base);
    assert_true(f->app.clip_bytes < CLIP_BYTES); /* the rest is still in its files */
    const char *text = got(f);
    check_bytes(text, f->got.len, 0, CLIP_BYTES);
}

static void test_clip__source_shorter_than_said__cut(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, CLIP, COOKIE);
    answer_clip(f, (struct msg_clip_answer){.closed = 1}, 1);
    (void)got(f);
    assert_true(f->k.closed);
}

static void test_clip__list_disagrees_with_itself__502(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, CLIP, COOKIE);
    answer_clip(f, (struct msg_clip_answer){.closed = 1, .total_bytes = CLIP_BYTES + 1}, 0);
    HAS(got(f), "HTTP/1.1 502 ");
}

static void test_clip__refused_by_archive__its_words(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, CLIP, COOKIE);
    struct msg_clip_answer a = {
        .request = f->last_id, .err = TC_E_NOT_FOUND, .text = "no pictures"};
    struct msg m = {.body = &a};
    web_backend_on_clip(f->app.backend, &m);
    const char *text = got(f);
    HAS(text, "HTTP/1.1 404 ");
    HAS(text, "no pictures");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_core__get_with_cookie__request_and_answer),
        T(test_core__answer_in_parts__put_together),
        T(test_core__sign_in__cookie_is_locked_down),
        T(test_core__problem__passed_on),
        T(test_core__does_not_answer__504_and_cancelled),
        T(test_core__away_or_restarting__503),
        T(test_core__client_leaves__cancelled),
        T(test_core__too_many_at_once__503_not_more),
        T(test_gate__hostile_requests__never_reach_core),
        T(test_gate__rebound_host__421),
        T(test_assets__page_and_hashed_file__cached_as_they_may),
        T(test_health__before_and_after_the_supervisor_spoke),
        T(test_metrics__loopback_free_others_asked),
        T(test_metrics__family_of_two_shards__in_one_piece),
        T(test_local_door__core_says_who__token_kept),
        T(test_local_door__nobody_we_know__401),
        T(test_clip__closed__whole_with_etag),
        T(test_clip__ranges__across_sources),
        T(test_clip__head_request__no_bytes),
        T(test_clip__still_growing__no_store_no_ranges),
        T(test_clip__slow_reader__held_bytes_bounded),
        T(test_clip__source_shorter_than_said__cut),
        T(test_clip__list_disagrees_with_itself__502),
        T(test_clip__refused_by_archive__its_words),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
