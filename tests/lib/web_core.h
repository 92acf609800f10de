/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of web in a test, with a core made of its messages: what web asks it lies in the
 * fixture, what it answers the test says. */
#pragma once

#include "web_client.h"

#include "runtime/messages.h"
#include "web/app.h"

struct fixture {
    struct event_base *base;
    SSL_CTX *tls;
    struct web_app app;
    struct web_client k;
    struct tc_buf got;
    bool core_away;
    /* what core last got */
    unsigned requests, cancels, peers;
    struct msg_request last;
    uint64_t last_id, cancelled_id;
    struct tc_buf tail;
};

static inline enum tc_err to_core(void *ctx, enum msg_type type, const void *body,
                                  struct tc_slice tail, int fd)
{
    struct fixture *f = ctx;
    if (f->core_away)
        return TC_E_CLOSED;
    if (type == MSG_REQUEST) {
        f->requests++;
        f->last = *(const struct msg_request *)body;
        f->last_id = f->last.request;
        tc_buf_clear(&f->tail);
        tc_buf_add_slice(&f->tail, tail);
    } else if (type == MSG_CANCEL) {
        f->cancels++;
        f->cancelled_id = ((const struct msg_cancel *)body)->request;
    } else if (type == MSG_PEER) {
        assert_true(fd >= 0);
        f->peers++;
        f->last_id = ((const struct msg_peer *)body)->request;
    }
    return TC_OK;
}

static const struct web_asset assets[] = {
    {.path = "/index.html",
     .content_type = "text/html; charset=utf-8",
     .etag = "\"e1\"",
     .bytes = {(const uint8_t *)"<html>", 6},
     .gzip = {(const uint8_t *)"GZ", 2}},
    {.path = "/a-1234.js",
     .content_type = "text/javascript",
     .etag = "\"e2\"",
     .bytes = {(const uint8_t *)"js", 2},
     .immutable = true},
};

static const struct web_asset *find_asset(struct tc_slice path)
{
    if (tc_slice_is(path, "/"))
        return &assets[0];
    for (size_t i = 0; i < TC_COUNT(assets); i++)
        if (tc_slice_is(path, assets[i].path))
            return &assets[i];
    return NULL;
}

static inline struct tc_wall wall(void)
{
    return (struct tc_wall){.ns = 1700000000 * TC_NS_PER_S};
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct tc_errinfo info = {0};
    f->base = event_base_new();
    f->tls = test_tls();
    tc_buf_init(&f->got, 64 << 20);
    tc_buf_init(&f->tail, 65536);
    web_app_init(&f->app);
    f->app.now = test_now;
    f->app.find_asset = find_asset;
    const struct web_backend_options backend = {.now = test_now, .send = to_core, .ctx = f};
    assert_ok(web_backend_new(&backend, &f->app.backend), NULL);
    const struct web_changes_options changes = {
        .backend = f->app.backend, .now = test_now, .wall = wall};
    assert_ok(web_changes_new(&changes, &f->app.changes), NULL);
    const struct web_live_options live = {
        .base = f->base, .backend = f->app.backend, .now = test_now};
    assert_ok(web_live_new(&live, &f->app.live), NULL);
    const struct web_server_options server = {.base = f->base,
                                              .tls = f->tls,
                                              .now = test_now,
                                              .on_request = web_app_request,
                                              .ctx = &f->app};
    assert_ok(web_server_new(&server, &f->app.server, &info), &info);
    assert_true(client_init(&f->k, f->base, f->app.server, WEB_DOOR_TLS, 1));
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    client_done(&f->k);
    f->app.server = web_server_free(f->app.server);
    f->app.changes = web_changes_free(f->app.changes);
    f->app.live = web_live_free(f->app.live);
    f->app.backend = web_backend_free(f->app.backend);
    web_app_done(&f->app);
    event_base_free(f->base);
    (void)web_tls_free(f->tls);
    tc_buf_done(&f->got);
    tc_buf_done(&f->tail);
    free(f);
    return 0;
}

/* REST: further fields and the body. */
static const char *ask(struct fixture *f, const char *line, const char *rest)
{
    char text[4096];
    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: 127.0.0.1:8443\r\n%s%s", line, rest,
                   strstr(rest, "\r\n\r\n") != NULL ? "" : "\r\n");
    return client_ask(&f->k, &f->got, text);
}

static const char *got(struct fixture *f)
{
    tc_buf_clear(&f->got);
    client_read(&f->k, &f->got);
    return tc_buf_cstr(&f->got);
}

static inline void answer(struct fixture *f, struct msg_answer a, const char *json)
{
    struct msg m = {.body = &a, .tail = tc_slice_str(json)};
    a.request = f->last_id;
    web_backend_on_answer(f->app.backend, &m);
    pump(f->base);
}

#define HAS(text, part) assert_non_null(strstr((text), (part)))
#define COOKIE          "Cookie: tocsin_session=abc\r\n"
#define OURS            "Origin: https://127.0.0.1:8443\r\n"

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
