/* SPDX-License-Identifier: Apache-2.0 */
/* What web does with a request: the gate, the route table, then core's answer, a file of the
 * console, a clip, a stream or live video. It decides nothing about people: core does. */
#pragma once

#include "base/buf.h"
#include "runtime/channel.h"
#include "web/assets.h"
#include "web/backend.h"
#include "web/changes.h"
#include "web/conn.h"
#include "web/live.h"

enum { WEB_METRICS_SOURCES = 80 };

struct web_metrics_source {
    uint32_t role, instance;
    bool used;
    struct tc_buf text;
};

struct web_app {
    struct web_server *server;
    struct web_backend *backend;
    struct web_changes *changes;
    struct web_live *live;
    struct tc_mono (*now)(void);
    const struct web_asset *(*find_asset)(struct tc_slice path);
    /* Does the certificate carry this name? */
    bool (*host_named)(void *ctx, const char *name);
    void *host_ctx;
    struct tc_buf processes; /* JSON list, as the supervisor told; empty: not yet */
    struct tc_buf processes_public; /* the same without what each sandbox enforces */
    bool degraded;
    struct web_metrics_source metrics[WEB_METRICS_SOURCES];
    struct tc_buf own_metrics; /* made anew for each answer */
    uint64_t gate_refused, clips, clip_bytes;
};

void web_app_init(struct web_app *app);
void web_app_done(struct web_app *app);
/* For web_server_options.on_request; CTX is the app. */
void web_app_request(void *ctx, struct web_conn *c);
/* The supervisor's HEALTH message. */
void web_app_on_health(struct web_app *app, struct msg *m);
/* Appends web's own OpenMetrics lines. */
void web_app_metrics(const struct web_app *app, struct tc_buf *out);

/* app_static.c, app_health.c: answers that need nobody else. */
void web_serve_asset(struct web_app *app, struct web_conn *c);
void web_serve_health(struct web_app *app, struct web_conn *c);
void web_serve_metrics(struct web_app *app, struct web_conn *c);
/* media.c: serves a clip that archive has passed. Takes the descriptors out of A->msg. */
void web_serve_clip(struct web_app *app, struct web_conn *c, const struct web_answer *a);
