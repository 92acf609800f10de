/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "supervisor/internal.h"
#include "supervisor/watch.h"

static void on_ready(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct worker *w = ctx;
    if (w->state != WORKER_STARTING)
        return; /* once a start */
    w->state = WORKER_READY;
    w->heard_at = clock_mono();
    tc_buf_clear(&w->sandbox_json);
    tc_buf_add_slice(&w->sandbox_json, m->tail);
    log_info("%s is ready (pid %d)", w->label, (int)w->pid);
    if (w->role == TC_ROLE_CORE)
        health_tell_untold(w->sup);
    health_tell(w->sup, w, MSG_PROCESS_UP, w->starts > 1 ? "started again" : "started");
    health_send(w->sup);
    watch_announce(w->sup);
}

static void on_pong(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    (void)m;
    struct worker *w = ctx;
    w->heard_at = clock_mono();
}

static void on_metrics(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct worker *w = ctx;
    health_metrics(w->sup, w, m->tail);
}

static void on_connect(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    connect_camera(ctx, m->body);
}

static void on_ring_give(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct supervisor *s = ((struct worker *)ctx)->sup;
    const struct msg_ring_give *wish = m->body;
    struct worker *web = worker_find(s, TC_ROLE_WEB, 0);
    if (wish->camera >= s->site.cameras_count || web == NULL || web->control == NULL)
        return;
    struct msg_ring ring = {.camera = wish->camera, .request = wish->request};
    if (channel_send_fds(web->control, MSG_RING, &ring, tc_slice(NULL, 0),
                         &s->rings[wish->camera].reader, 1) != TC_OK)
        log_error("handing the ring of %s to web failed", s->site.cameras[wish->camera].id);
}

static void on_password_put(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct supervisor *s = ((struct worker *)ctx)->sup;
    const struct msg_password_put *put = m->body;
    struct tc_errinfo info = {0};
    char name[MSG_NAME_BYTES];
    (void)snprintf(name, sizeof name, "password/%s", put->user);
    /* an empty one is a one-time password that was used */
    enum tc_err err = m->tail.len == 0 ? secret_remove(s->secrets_fd, name, &info)
                                       : secret_set(s->secrets_fd, name, m->tail, &info);
    if (err != TC_OK) {
        log_error("keeping the password of %s: %s", put->user, info.text);
        return;
    }
    passwords_look(s); /* core is told like of any other change */
}

static void on_link_lost(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct worker *w = ctx;
    const struct msg_link_lost *lost = m->body;
    struct tc_mono now = clock_mono();
    struct worker *peer = lost->peer < TC_ROLE_COUNT
                              ? worker_find(w->sup, (enum tc_role)lost->peer, lost->instance)
                              : NULL;
    if (peer == NULL || now.ns - w->relinked_at.ns < RELINK_EVERY_MS * TC_NS_PER_MS)
        return; /* it asks again */
    w->relinked_at = now;
    worker_relink(w, peer);
}

static const struct channel_handler handlers[] = {
    {MSG_READY, on_ready},         {MSG_PONG, on_pong},
    {MSG_METRICS, on_metrics},     {MSG_CONNECT, on_connect},
    {MSG_RING_GIVE, on_ring_give}, {MSG_PASSWORD_PUT, on_password_put},
    {MSG_LINK_LOST, on_link_lost}, {0, NULL},
};

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)c;
    struct worker *w = ctx;
    w->control = channel_free(w->control);
    /* Closed: it is dying, and its exit status will say of what; should it live on, the next ping
     * ends it. */
    if (why->err != TC_E_CLOSED) {
        log_error("%s", why->text);
        worker_kill(w, why->text);
    }
}

const struct channel_ops control_ops = {.handlers = handlers, .on_closed = on_closed};
