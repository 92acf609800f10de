/* SPDX-License-Identifier: Apache-2.0 */
/* The process: what the skeleton of runtime/process.h hands over, bound to the rooms' parts. */
#include "web/web.h"

#include <event2/event.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "web/app.h"
#include "web/tls.h"

struct web {
    struct web_app app;
    struct process *process;
    SSL_CTX *tls;
    struct event *tick;
};

static struct web web; /* one per process; large */

static struct web *web_of(void *ctx)
{
    return process_user(ctx);
}

/* ---- to core ---- */

static enum tc_err send_to(struct channel *c, enum msg_type type, const void *body,
                           struct tc_slice tail, int fd)
{
    if (c == NULL)
        return TC_E_CLOSED;
    if (fd >= 0)
        return channel_send_fds(c, type, body, tail, &fd, 1);
    return channel_send(c, type, body, tail);
}

static enum tc_err send_to_core(void *ctx, enum msg_type type, const void *body,
                                struct tc_slice tail, int fd)
{
    struct web *w = ctx;
    if (type == MSG_CANCEL) /* reader may be at it by now */
        (void)!send_to(process_link(w->process, TC_ROLE_READER), type, body, tail, -1);
    return send_to(process_link(w->process, TC_ROLE_CORE), type, body, tail, fd);
}

/* ---- TLS ---- */

static bool host_named(void *ctx, const char *name)
{
    struct web *w = ctx;
    X509 *x = w->tls == NULL ? NULL : SSL_CTX_get0_certificate(w->tls);
    return x != NULL && X509_check_host(x, name, 0, 0, NULL) == 1;
}

static enum tc_err load_tls(struct web *w, struct tc_errinfo *info)
{
    SSL_CTX *fresh = NULL;
    TC_TRY(web_tls_new(process_secret(w->process, "tls.crt"), process_secret(w->process, "tls.key"),
                       &fresh, info));
    if (w->app.server != NULL)
        web_server_set_tls(w->app.server, fresh);
    (void)web_tls_free(w->tls); /* connections hold what they need of it */
    w->tls = fresh;
    return TC_OK;
}

static void on_secret(struct process *p, const struct process_secret *secret)
{
    struct tc_errinfo info = {0};
    if (!tc_slice_starts(tc_slice_str(secret->name), "tls."))
        return;
    if (load_tls(web_of(p), &info) != TC_OK) /* the other half may be on its way */
        log_warn("the new TLS key or certificate is not used yet: %s", info.text);
}

/* ---- the skeleton's calls ---- */

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct web *w = ctx;
    web_backend_sweep(w->app.backend);
    web_changes_tick(w->app.changes);
    web_live_tick(w->app.live);
}

static enum tc_err make_parts(struct web *w, struct tc_errinfo *info)
{
    struct web_app *app = &w->app;
    struct event_base *base = process_base(w->process);
    const struct web_backend_options backend = {.now = clock_mono,
                                                .send = send_to_core,
                                                .ctx = w,
                                                .first_id = process_first_id(w->process)};
    const struct web_server_options server = {
        .base = base, .tls = w->tls, .now = clock_mono, .on_request = web_app_request, .ctx = app};
    TC_TRY(web_backend_new(&backend, &app->backend));
    const struct web_changes_options changes = {
        .backend = app->backend, .now = clock_mono, .wall = clock_wall};
    const struct web_live_options live = {.base = base, .backend = app->backend, .now = clock_mono};
    TC_TRY(web_changes_new(&changes, &app->changes));
    TC_TRY(web_live_new(&live, &app->live));
    return web_server_new(&server, &app->server, info);
}

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct web *w = web_of(p);
    w->process = p;
    json_object_seed(
        0); /* reads /dev/urandom: not possible later, and without it hashes could be foreseen */
    web_app_init(&w->app);
    w->app.now = clock_mono;
    w->app.find_asset = web_asset_find;
    w->app.host_named = host_named;
    w->app.host_ctx = w;
    TC_TRY(load_tls(w, info));
    return make_parts(w, info);
}

static enum tc_err start(struct process *p, struct tc_errinfo *info)
{
    struct web *w = web_of(p);
    const struct timeval second = {.tv_sec = 1};
    struct process_listen *l;
    for (unsigned i = 0; (l = process_listen_at(p, i)) != NULL; i++) {
        if (l->fd < 0 || (l->what != MSG_LISTEN_CONSOLE && l->what != MSG_LISTEN_LOCAL))
            continue;
        int fd = l->fd;
        l->fd = -1;
        TC_TRY(web_server_listen(
            w->app.server, fd, l->what == MSG_LISTEN_LOCAL ? WEB_DOOR_LOCAL : WEB_DOOR_TLS, info));
    }
    w->tick = event_new(process_base(p), -1, EV_PERSIST, on_tick, w);
    if (w->tick == NULL || event_add(w->tick, &second) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for the clock's tick");
    return TC_OK;
}

static void on_unlink(struct process *p, struct channel *peer)
{
    struct web *w = web_of(p);
    if (channel_peer(peer) != TC_ROLE_CORE)
        return;
    web_changes_core_gone(w->app.changes);
    web_live_core_gone(w->app.live);
    web_backend_core_gone(w->app.backend);
}

static void stop(struct process *p)
{
    struct web *w = web_of(p);
    w->app.server = web_server_free(w->app.server);
    w->app.changes = web_changes_free(w->app.changes);
    w->app.live = web_live_free(w->app.live);
    w->app.backend = web_backend_free(w->app.backend);
    if (w->tick != NULL)
        event_free(w->tick);
    w->tls = web_tls_free(w->tls);
    web_app_done(&w->app);
}

static void metrics(struct process *p, struct tc_buf *out)
{
    web_app_metrics(&web_of(p)->app, out);
}

/* ---- messages ---- */

static void on_answer(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_backend_on_answer(web_of(ctx)->app.backend, m);
}

static void on_clip(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_backend_on_clip(web_of(ctx)->app.backend, m);
}

static void on_peer(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_backend_on_peer(web_of(ctx)->app.backend, m);
}

static void on_live(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_backend_on_live(web_of(ctx)->app.backend, m);
}

static void on_change(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_changes_on_change(web_of(ctx)->app.changes, m);
}

static void on_ring(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_live_on_ring(web_of(ctx)->app.live, m);
}

static void on_health(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    web_app_on_health(&web_of(ctx)->app, m);
}

static const struct channel_handler handlers[] = {
    {MSG_ANSWER, on_answer}, {MSG_CLIP_ANSWER, on_clip}, {MSG_PEER_IS, on_peer},
    {MSG_LIVE, on_live},     {MSG_CHANGE, on_change},    {0, NULL},
};

static const struct channel_handler control_handlers[] = {
    {MSG_RING, on_ring},
    {MSG_HEALTH, on_health},
    {0, NULL},
};

int web_main(void)
{
    static const struct process_ops ops = {
        .role = TC_ROLE_WEB,
        .prepare = prepare,
        .start = start,
        .handlers = handlers,
        .control_handlers = control_handlers,
        .on_unlink = on_unlink,
        .on_secret = on_secret,
        .metrics = metrics,
        .stop = stop,
    };
    return process_run(&ops, &web);
}
