/* SPDX-License-Identifier: Apache-2.0 */
/* Following what changes: order, resume, slow followers, the end of a session. */
#include "web_core.h"

#define SSE "GET /api/v1/stream"
#define WS_FIELDS                                                                                  \
    COOKIE OURS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"       \
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void change(struct fixture *f, uint64_t seq, const char *kind, const char *json)
{
    struct msg_change c = {.seq = seq};
    (void)snprintf(c.kind, sizeof c.kind, "%s", kind);
    struct msg m = {.body = &c, .tail = tc_slice_str(json)};
    web_changes_on_change(f->app.changes, &m);
}

static void follow(struct fixture *f, const char *fields, const char *may)
{
    char rest[512];
    (void)snprintf(rest, sizeof rest, COOKIE "%s", fields);
    (void)ask(f, SSE, rest);
    assert_string_equal(f->last.route_name, "stream");
    answer(f, (struct msg_answer){.status = 200}, may);
}

static void second(struct fixture *f, struct web_client *k, const char *fields, const char *may)
{
    char text[512];
    assert_true(client_init(k, f->base, f->app.server, WEB_DOOR_TLS, 2));
    (void)snprintf(text, sizeof text, SSE " HTTP/1.1\r\nHost: 127.0.0.1\r\n" COOKIE "%s\r\n",
                   fields);
    client_send(k, text);
    answer(f, (struct msg_answer){.status = 200}, may);
}

static const char *got_by(struct fixture *f, struct web_client *k)
{
    tc_buf_clear(&f->got);
    client_read(k, &f->got);
    return tc_buf_cstr(&f->got);
}

static void test_sse__changes__in_order_with_ids(void **state)
{
    struct fixture *f = *state;
    follow(f, "", "{\"seq\":10}");
    change(f, 11, "event", "{\"a\":1}");
    change(f, 12, "incident", "{\"b\":\n2}");
    change(f, 12, "alarm", "{}");
    const char *text = got(f);
    HAS(text, "Content-Type: text/event-stream\r\n");
    HAS(text, "retry: 2000\n");
    HAS(text, "id: 11\nevent: event\ndata: {\"a\":1}\n\n");
    HAS(text, "id: 12\nevent: incident\ndata: {\"b\": 2}\n\n");
    HAS(text, "id: 12.1\nevent: alarm\ndata: {}\n\n");
}

static void test_sse__kinds_named_by_core__no_others(void **state)
{
    struct fixture *f = *state;
    follow(f, "", "{\"seq\":10,\"kinds\":[\"event\"]}");
    change(f, 11, "signal", "{}");
    change(f, 12, "event", "{}");
    const char *text = got(f);
    assert_null(strstr(text, "signal"));
    HAS(text, "event: event");
}

static void test_sse__not_permitted__problem(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, SSE, "");
    answer(f, (struct msg_answer){.status = 401}, "{\"detail\":\"sign in\"}");
    const char *text = got(f);
    HAS(text, "HTTP/1.1 401 ");
    HAS(text, "sign in");
    assert_int_equal(web_changes_followers(f->app.changes), 0);
}

static void test_sse__resume_from_the_backlog__exactly_the_rest(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    follow(f, "", "{\"seq\":10}"); /* keeps the backlog alive */
    change(f, 11, "event", "{}");
    change(f, 12, "incident", "{}");
    change(f, 12, "alarm", "{}");
    change(f, 13, "event", "{}");
    unsigned before = f->requests;
    second(f, &k, "Last-Event-ID: 12\r\n", "{\"seq\":13}");
    assert_int_equal(f->requests, before + 1); /* reader was not needed */
    const char *text = got_by(f, &k);
    assert_null(strstr(text, "id: 11\n"));
    assert_null(strstr(text, "id: 12\n"));
    HAS(text, "id: 12.1\nevent: alarm");
    HAS(text, "id: 13\n");
    client_done(&k);
    second(f, &k, "Last-Event-ID: 13\r\n", "{\"seq\":13}");
    assert_null(strstr(got_by(f, &k), "id: "));
    change(f, 14, "event", "{}");
    HAS(got_by(f, &k), "id: 14\n");
    client_done(&k);
}

static void test_sse__resume_older_than_the_backlog__reader_tells_then_live(void **state)
{
    struct fixture *f = *state;
    follow(f, "Last-Event-ID: 3\r\n", "{\"seq\":10}");
    assert_string_equal(f->last.route_name, "changes_since");
    struct tc_slice rest = tc_buf_view(&f->tail), name, value;
    assert_ok(msg_param_next(&rest, &name, &value), NULL);
    assert_slice_is(value, "2");            /* of seq 3 only a part may be known */
    change(f, 11, "event", "{\"live\":1}"); /* meanwhile */
    answer(f, (struct msg_answer){.status = 200},
           "{\"items\":[{\"seq\":3,\"kind\":\"event\",\"data\":{\"x\":3}},"
           "{\"seq\":7,\"kind\":\"alarm\",\"data\":{}}],\"next\":7}");
    assert_string_equal(f->last.route_name, "changes_since");
    rest = tc_buf_view(&f->tail);
    assert_ok(msg_param_next(&rest, &name, &value), NULL);
    assert_slice_is(value, "7");
    /* Reader is ahead: 11 is in its answer already, and even 12, which core has not told yet. */
    answer(f, (struct msg_answer){.status = 200},
           "{\"items\":[{\"seq\":11,\"kind\":\"event\",\"data\":{\"live\":1}},"
           "{\"seq\":12,\"kind\":\"event\",\"data\":{}}],\"next\":null}");
    change(f, 12, "event", "{}");
    change(f, 13, "event", "{}");
    const char *text = got(f);
    const char *at3 = strstr(text, "id: 3\n"), *at7 = strstr(text, "id: 7\n");
    const char *at11 = strstr(text, "id: 11\n"), *at12 = strstr(text, "id: 12\n");
    assert_true(at3 != NULL && at7 > at3 && at11 > at7 && at12 > at11);
    assert_null(strstr(at11 + 1, "id: 11\n"));
    assert_null(strstr(at12 + 1, "id: 12\n"));
    HAS(at12, "id: 13\n");
}

static void test_sse__history_cannot_be_told__reset(void **state)
{
    struct fixture *f = *state;
    follow(f, "Last-Event-ID: 3\r\n", "{\"seq\":10}");
    answer(f, (struct msg_answer){.status = 404}, "");
    change(f, 11, "event", "{}");
    const char *text = got(f);
    HAS(text, "id: 10\nevent: reset\n");
    HAS(text, "id: 11\n");
}

static void test_sse__nonsense_as_last_event_id__400(void **state)
{
    struct fixture *f = *state;
    HAS(ask(f, SSE, COOKIE "Last-Event-ID: 1; drop\r\n"), "HTTP/1.1 400 ");
    assert_int_equal(f->requests, 0);
}

static void test_sse__follower_reads_nothing__bounded_then_cut_with_a_last_word(void **state)
{
    struct fixture *f = *state;
    static char json[1100];
    (void)snprintf(json, sizeof json, "{\"x\":\"%01000d\"}", 0);
    follow(f, "", "{\"seq\":10}");
    for (unsigned i = 0; i < 2 * WEB_BACKLOG_CHANGES; i++)
        change(f, 11 + i, "event", json);
    pump(f->base);
    assert_int_equal(web_changes_cut(f->app.changes), 1);
    const char *text = got(f);
    assert_true(f->got.len < 1000 * 1000); /* of 16 MB */
    HAS(text, "event: cut\ndata: {\"reason\":\"slow\"");
    assert_true(f->k.closed);
}

static void test_sse__quiet__comment_every_15_s(void **state)
{
    struct fixture *f = *state;
    follow(f, "", "{\"seq\":10}");
    (void)got(f);
    test_clock.ns += 14 * TC_NS_PER_S;
    web_changes_tick(f->app.changes);
    assert_string_equal(got(f), "");
    test_clock.ns += TC_NS_PER_S;
    web_changes_tick(f->app.changes);
    HAS(got(f), ": still here\n\n");
}

static void test_sse__session_ends__cut(void **state)
{
    struct fixture *f = *state;
    follow(f, "", "{\"seq\":10}");
    test_clock.ns += 31 * TC_NS_PER_S;
    web_changes_tick(f->app.changes);
    assert_string_equal(f->last.route_name, "session_get");
    answer(f, (struct msg_answer){.status = 401}, "");
    HAS(got(f), "\"reason\":\"session\"");
    assert_true(f->k.closed);
}

static void test_sse__signed_out_elsewhere__cut_at_once_and_core_told(void **state)
{
    struct fixture *f = *state;
    struct web_client k;
    second(f, &k, "", "{\"seq\":10}");
    uint64_t watch = f->last_id;
    (void)ask(f, "DELETE /api/v1/session", COOKIE OURS);
    answer(f, (struct msg_answer){.status = 204, .clear_token = 1}, "");
    HAS(got(f), "Max-Age=0");
    HAS(got_by(f, &k), "signed out");
    client_done(&k);
    test_advance(f->app.server, 3 * TC_NS_PER_S);
    pump(f->base);
    assert_int_equal(f->cancelled_id, watch);
    assert_int_equal(web_changes_followers(f->app.changes), 0);
}

static void test_sse__core_restarts__cut_and_backlog_forgotten(void **state)
{
    struct fixture *f = *state;
    follow(f, "", "{\"seq\":10}");
    change(f, 11, "event", "{}");
    web_changes_core_gone(f->app.changes);
    HAS(got(f), "\"reason\":\"restart\"");
    client_done(&f->k);
    assert_true(client_init(&f->k, f->base, f->app.server, WEB_DOOR_TLS, 1));
    follow(f, "Last-Event-ID: 11\r\n", "{\"seq\":20}");
    assert_string_equal(f->last.route_name,
                        "changes_since"); /* what happened in between is reader's to tell */
}

static void test_ws__hello_then_changes_as_messages(void **state)
{
    struct fixture *f = *state;
    HAS(ask(f, "GET /api/v1/changes?after=10", WS_FIELDS), "HTTP/1.1 101 ");
    answer(f, (struct msg_answer){.status = 200}, "{\"seq\":10}");
    change(f, 11, "event", "{\"a\":1}");
    const char *text = got(f);
    HAS(text, "{\"kind\":\"hello\",\"seq\":10,\"now\":\"2023-11-14T22:13:20.000000Z\"}");
    HAS(text, "{\"seq\":11,\"kind\":\"event\",\"data\":{\"a\":1}}");
}

static void test_ws__not_permitted__closed_with_policy(void **state)
{
    struct fixture *f = *state;
    (void)ask(f, "GET /api/v1/changes", WS_FIELDS);
    answer(f, (struct msg_answer){.status = 401}, "");
    const char *text = got(f);
    assert_int_equal((uint8_t)text[0], 0x88);
    assert_int_equal((uint8_t)text[2] << 8 | (uint8_t)text[3], 1008);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_sse__changes__in_order_with_ids),
        T(test_sse__kinds_named_by_core__no_others),
        T(test_sse__not_permitted__problem),
        T(test_sse__resume_from_the_backlog__exactly_the_rest),
        T(test_sse__resume_older_than_the_backlog__reader_tells_then_live),
        T(test_sse__history_cannot_be_told__reset),
        T(test_sse__nonsense_as_last_event_id__400),
        T(test_sse__follower_reads_nothing__bounded_then_cut_with_a_last_word),
        T(test_sse__quiet__comment_every_15_s),
        T(test_sse__session_ends__cut),
        T(test_sse__signed_out_elsewhere__cut_at_once_and_core_told),
        T(test_sse__core_restarts__cut_and_backlog_forgotten),
        T(test_ws__hello_then_changes_as_messages),
        T(test_ws__not_permitted__closed_with_policy),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
