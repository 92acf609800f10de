/* SPDX-License-Identifier: Apache-2.0 */
#include "web/app.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "runtime/messages.h"
#include "web/gate.h"
#include "web/problem.h"
#include "web/routes.h"

/* One request that waits for an answer of core. */
struct exchange {
    struct web_app *app;
    struct web_conn *conn;
    const struct web_route *route;
    uint64_t ask;
    uint32_t param_count;
    struct tc_buf params;
    struct web_caller who;
};

void web_app_init(struct web_app *app)
{
    tc_buf_init(&app->processes, 65536);
    tc_buf_init(&app->processes_public, 65536);
    tc_buf_init(&app->own_metrics, 65536);
}

void web_app_done(struct web_app *app)
{
    tc_buf_done(&app->processes);
    tc_buf_done(&app->processes_public);
    tc_buf_done(&app->own_metrics);
    for (unsigned i = 0; i < WEB_METRICS_SOURCES; i++)
        tc_buf_done(&app->metrics[i].text);
}

static void free_exchange(struct exchange *x)
{
    tc_buf_done(&x->params);
    explicit_bzero(x->who.token, sizeof x->who.token);
    free(x);
}

static void on_gone(void *ctx)
{
    struct exchange *x = ctx;
    web_backend_cancel(x->app->backend, x->ask);
    free_exchange(x);
}

static const struct web_holder holder = {.on_gone = on_gone};

/* ---- core's answer ---- */

static void cookie_line(const struct web_answer *a, char *out, size_t size)
{
    if (a->set_token[0] != 0)
        (void)snprintf(
            out, size,
            "Set-Cookie: tocsin_session=%s; Path=/; HttpOnly; Secure; SameSite=Strict\r\n",
            a->set_token);
    else if (a->clear_token)
        (void)snprintf(out, size,
                       "Set-Cookie: tocsin_session=; Path=/; HttpOnly; Secure; SameSite=Strict; "
                       "Max-Age=0\r\n");
}

static void reply_json(struct exchange *x, const struct web_answer *a)
{
    char headers[WEB_TOKEN_BYTES + 160] = "";
    cookie_line(a, headers, sizeof headers);
    if (a->status >= 400) {
        web_problem_from(x->conn, a->status, a->body, a->detail);
        return;
    }
    const struct web_reply r = {.status = a->status,
                                .type = a->status == 204 ? NULL : "application/json",
                                .headers = headers};
    web_reply(x->conn, &r, a->status == 204 ? tc_slice(NULL, 0) : a->body);
}

static void on_answer(void *ctx, const struct web_answer *a)
{
    struct exchange *x = ctx;
    x->ask = 0;
    if (!web_conn_is_open(x->conn))
        return; /* on_gone is on its way */
    if (a->clear_token) {
        web_changes_end_session(x->app->changes, x->who.token);
        web_live_end_session(x->app->live, x->who.token);
    }
    if (a->clip != NULL && x->route->handler == WEB_HANDLER_CLIP)
        web_serve_clip(x->app, x->conn, a);
    else if (x->route->handler == WEB_HANDLER_METRICS && a->status < 400)
        web_serve_metrics(x->app, x->conn);
    else
        reply_json(x, a);
    free_exchange(x);
}

/* ---- the way to core ---- */

static void ask_core(struct exchange *x)
{
    char key[64] = "";
    struct tc_slice sent = http_header(web_conn_head(x->conn), "idempotency-key");
    if (tc_slice_to_str(sent, key, sizeof key) != TC_OK) {
        web_problem(x->conn, 400, NULL, "Idempotency-Key is longer than 63 bytes");
        free_exchange(x);
        return;
    }
    const struct web_ask ask = {.route = x->route->handler == WEB_HANDLER_METRICS ? "session_get"
                                                                                  : x->route->name,
                                .index = web_route_index(x->route),
                                .params = tc_buf_view(&x->params),
                                .param_count = x->param_count,
                                .body = web_conn_body(x->conn),
                                .token = x->who.token,
                                .peer = web_conn_peer(x->conn),
                                .idempotency_key = key,
                                .local = web_conn_door(x->conn) == WEB_DOOR_LOCAL};
    enum tc_err err = web_backend_ask(x->app->backend, &ask, on_answer, x, &x->ask);
    if (err == TC_OK)
        return;
    web_problem(x->conn, err == TC_E_LIMIT ? 413 : 503, "Retry-After: 2\r\n",
                err == TC_E_BUSY ? "too many requests wait for core"
                                 : "core is away; try again in a moment");
    free_exchange(x);
}

static void proceed(struct exchange *x)
{
    struct web_app *app = x->app;
    struct web_conn *c = x->conn;
    switch (x->route->handler) {
    case WEB_HANDLER_CORE:
    case WEB_HANDLER_CLIP:
    case WEB_HANDLER_METRICS:
        ask_core(x);
        return;
    case WEB_HANDLER_STREAM:
        web_conn_release(c);
        web_changes_open(app->changes, c, false, x->who.token);
        break;
    case WEB_HANDLER_CHANGES:
        web_conn_release(c);
        web_changes_open(app->changes, c, true, x->who.token);
        break;
    case WEB_HANDLER_VIDEO:
        web_conn_release(c);
        web_live_open(app->live, c, x->who.token);
        break;
    case WEB_HANDLER_HEALTH:
    case WEB_HANDLER_OPENAPI:
        break;
    }
    free_exchange(x);
}

/* Whose connection tocsin.sock's is: asked once, kept with the connection. */
static void on_peer(void *ctx, const struct web_answer *a)
{
    struct exchange *x = ctx;
    x->ask = 0;
    if (!web_conn_is_open(x->conn))
        return;
    if (a->peer == NULL || a->peer->token[0] == 0) {
        web_problem(
            x->conn, a->peer == NULL ? 503 : 401, NULL,
            a->peer == NULL
                ? "core is away; try again in a moment"
                : "this machine's user is nobody of this site: users: { NAME: { uid: ... } }");
        free_exchange(x);
        return;
    }
    (void)snprintf(web_conn_local_token(x->conn), WEB_TOKEN_BYTES, "%s", a->peer->token);
    (void)snprintf(x->who.token, sizeof x->who.token, "%s", a->peer->token);
    proceed(x);
}

static void ask_peer(struct exchange *x)
{
    if (web_backend_ask_peer(x->app->backend, web_conn_fd(x->conn), on_peer, x, &x->ask) == TC_OK)
        return;
    web_problem(x->conn, 503, "Retry-After: 2\r\n", "core is away; try again in a moment");
    free_exchange(x);
}

/* ---- before core ---- */

static bool mutates(const struct web_route *r)
{
    return r->method != HTTP_GET || r->handler == WEB_HANDLER_CHANGES ||
           r->handler == WEB_HANDLER_VIDEO;
}

static bool refused(struct web_app *app, struct web_conn *c, struct web_verdict v)
{
    if (v.status == 0)
        return false;
    app->gate_refused++;
    web_problem(c, v.status, NULL, v.detail);
    return true;
}

static bool body_is_wrong(struct web_conn *c, const struct web_route *r)
{
    struct tc_slice body = web_conn_body(c);
    struct tc_slice type = http_header(web_conn_head(c), "content-type");
    struct web_param_fault fault = {0};
    type = tc_slice_trim(tc_slice_sub(type, 0, tc_slice_find_byte(type, ';')));
    if (body.len > 0 && !tc_slice_eq_nocase(type, tc_slice_str("application/json"))) {
        web_problem(c, 415, NULL, "the body must be application/json");
        return true;
    }
    if (web_route_body(r, body, &fault) == TC_OK)
        return false;
    web_problem_field(c, 400, fault.field, "%s %s", fault.field, fault.text);
    return true;
}

/* The parameters in X->params, or answered. */
static bool params_are_wrong(struct exchange *x, const struct web_match *m)
{
    struct web_param_fault fault = {0};
    struct tc_slice query = web_conn_head(x->conn)->query;
    if (web_route_params(m, query, &x->params, &x->param_count, &fault) == TC_OK)
        return body_is_wrong(x->conn, m->route);
    web_problem_field(x->conn, 400, fault.field, "%s %s", fault.field, fault.text);
    return true;
}

static void serve_openapi(struct web_conn *c)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 1 << 20);
    web_openapi(&out);
    web_reply(c, &(struct web_reply){.status = 200, .type = "application/json"}, tc_buf_view(&out));
}

static void answer_not_found(struct web_conn *c, enum tc_err err, unsigned allowed)
{
    if (err == TC_E_NOT_FOUND) {
        web_problem(c, 404, NULL, "there is nothing at this address");
        return;
    }
    TC_CLEANUP(tc_buf_done) struct tc_buf allow;
    tc_buf_init(&allow, 256);
    tc_buf_add_str(&allow, "Allow:");
    const char *between = " ";
    for (unsigned i = 0; i < HTTP_METHODS; i++) {
        if ((allowed & 1u << i) == 0)
            continue;
        tc_buf_add_fmt(&allow, "%s%s%s", between, http_method_name((enum http_method)i),
                       i == HTTP_GET ? ", HEAD" : "");
        between = ", ";
    }
    tc_buf_add_str(&allow, "\r\n");
    web_problem(c, 405, tc_buf_cstr(&allow), "this address does not take the method");
}

static void serve_route(struct web_app *app, struct web_conn *c, const struct web_match *m)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        web_problem(c, 503, NULL, "no memory for one more request");
        return;
    }
    *x = (struct exchange){.app = app, .conn = c, .route = m->route};
    tc_buf_init(&x->params, 16384);
    bool local = web_conn_door(c) == WEB_DOOR_LOCAL;
    if (refused(app, c, web_gate_token(web_conn_head(c), &x->who)) ||
        refused(app, c, web_gate_origin(web_conn_head(c), &x->who, mutates(m->route) && !local)) ||
        params_are_wrong(x, m)) {
        free_exchange(x);
        return;
    }
    web_conn_hold(c, &holder, x);
    if (local && x->who.token[0] == 0)
        (void)snprintf(x->who.token, sizeof x->who.token, "%s", web_conn_local_token(c));
    if (local && x->who.token[0] == 0 && m->route->policy != WEB_POLICY_PUBLIC)
        ask_peer(x);
    else
        proceed(x);
}

void web_app_request(void *ctx, struct web_conn *c)
{
    struct web_app *app = ctx;
    const struct http_head *h = web_conn_head(c);
    struct web_match m;
    if (web_conn_door(c) == WEB_DOOR_TLS &&
        !web_gate_host(h->host, app->host_named, app->host_ctx)) {
        (void)refused(app, c, (struct web_verdict){421, "the Host field names another server"});
        return;
    }
    enum tc_err err = web_route_find(h->method, h->path, &m);
    if (err == TC_E_NOT_FOUND && !tc_slice_starts(h->path, "/api/"))
        web_serve_asset(app, c);
    else if (err != TC_OK)
        answer_not_found(c, err, m.allowed);
    else if (m.route->handler == WEB_HANDLER_HEALTH)
        web_serve_health(app, c);
    else if (m.route->handler == WEB_HANDLER_OPENAPI)
        serve_openapi(c);
    else if (m.route->handler == WEB_HANDLER_METRICS &&
             (web_conn_is_loopback(c) || web_conn_door(c) == WEB_DOOR_LOCAL))
        web_serve_metrics(app, c);
    else
        serve_route(app, c, &m);
}
