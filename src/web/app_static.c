/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that web gives alone: the console's files, health, metrics. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json_out.h"
#include "runtime/messages.h"
#include "web/app.h"
#include "web/metrics.h"
#include "web/problem.h"

void web_serve_asset(struct web_app *app, struct web_conn *c)
{
    const struct http_head *h = web_conn_head(c);
    if (h->method != HTTP_GET && h->method != HTTP_HEAD) {
        web_problem(c, 405, "Allow: GET, HEAD\r\n", "this address does not take the method");
        return;
    }
    const struct web_asset *a = app->find_asset(h->path);
    if (a == NULL) {
        web_problem(c, 404, NULL, "there is nothing at this address");
        return;
    }
    bool gzip = a->gzip.ptr != NULL && http_accepts_gzip(http_header(h, "accept-encoding"));
    char headers[256];
    (void)snprintf(headers, sizeof headers, "ETag: %s\r\n%s%s", a->etag,
                   a->gzip.ptr != NULL ? "Vary: Accept-Encoding\r\n" : "",
                   gzip ? "Content-Encoding: gzip\r\n" : "");
    struct web_reply r = {.status = 200,
                          .type = a->content_type,
                          .cache =
                              a->immutable ? "public, max-age=31536000, immutable" : "no-cache",
                          .headers = headers,
                          .csp = WEB_CONSOLE_POLICY};
    if (http_etag_matches(http_header(h, "if-none-match"), tc_slice_str(a->etag))) {
        r.status = 304;
        web_reply(c, &r, tc_slice(NULL, 0));
        return;
    }
    web_reply(c, &r, gzip ? a->gzip : a->bytes);
}

void web_serve_health(struct web_app *app, struct web_conn *c)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 80000);
    bool known = app->processes.len > 0;
    bool local = strcmp(web_conn_peer(c), "local") == 0;
    const struct tc_buf *list = local ? &app->processes : &app->processes_public;
    struct tc_json j = tc_json(&out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "status", known && !app->degraded ? "ok" : "degraded");
    tc_json_key(&j, "processes");
    tc_json_raw(&j, list->len > 0 ? tc_buf_view(list) : tc_slice_str("[]"));
    tc_json_kv_str(&j, "version", TOCSIN_VERSION);
    tc_json_obj_end(&j);
    web_reply(c,
              &(struct web_reply){.status = known && !app->degraded ? 200 : 503,
                                  .type = "application/json"},
              tc_buf_view(&out));
}

static struct web_metrics_source *source_of(struct web_app *app, uint32_t role, uint32_t instance)
{
    for (unsigned i = 0; i < WEB_METRICS_SOURCES; i++) {
        struct web_metrics_source *s = &app->metrics[i];
        if (s->used && s->role == role && s->instance == instance)
            return s;
        if (!s->used) {
            *s = (struct web_metrics_source){.used = true, .role = role, .instance = instance};
            tc_buf_init(&s->text, 65536);
            return s;
        }
    }
    return NULL;
}

/* Anybody may ask whether the processes live; how they are confined is for this machine's own
 * people. */
static void make_public_list(struct web_app *app)
{
    json_t *list = json_loadb((const char *)app->processes.data, app->processes.len, 0, NULL);
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach(list, i, row)
    {
        (void)json_object_del(row, "sandbox");
    }
    char *text = list == NULL ? NULL : json_dumps(list, JSON_COMPACT);
    tc_buf_clear(&app->processes_public);
    if (text != NULL)
        tc_buf_add_str(&app->processes_public, text);
    free(text);
    json_decref(list);
}

void web_app_on_health(struct web_app *app, struct msg *m)
{
    const struct msg_health *in = m->body;
    if (in->what == 0) {
        app->degraded = in->degraded != 0;
        tc_buf_clear(&app->processes);
        tc_buf_add_slice(&app->processes, m->tail);
        make_public_list(app);
        return;
    }
    struct web_metrics_source *s = source_of(app, in->role, in->instance);
    if (s == NULL)
        return;
    tc_buf_clear(&s->text);
    tc_buf_add_slice(&s->text, m->tail);
}

void web_serve_metrics(struct web_app *app, struct web_conn *c)
{
    struct tc_slice texts[WEB_METRICS_SOURCES + 1];
    size_t count = 0;
    while (count < WEB_METRICS_SOURCES && app->metrics[count].used) {
        texts[count] = tc_buf_view(&app->metrics[count].text);
        count++;
    }
    tc_buf_clear(&app->own_metrics);
    web_app_metrics(app, &app->own_metrics);
    texts[count++] = tc_buf_view(&app->own_metrics);
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 4 << 20);
    web_metrics_merge(texts, count, &out);
    tc_buf_add_str(&out, "# EOF\n");
    web_reply(
        c,
        &(struct web_reply){.status = 200,
                            .type = "application/openmetrics-text; version=1.0.0; charset=utf-8"},
        tc_buf_view(&out));
}

static void gauge(struct tc_buf *out, const char *name, const char *help, uint64_t value)
{
    tc_buf_add_fmt(
        out, "# TYPE tocsin_web_%s gauge\n# HELP tocsin_web_%s %s\ntocsin_web_%s %" PRIu64 "\n",
        name, name, help, name, value);
}

static void counter(struct tc_buf *out, const char *name, const char *help, uint64_t value)
{
    tc_buf_add_fmt(
        out,
        "# TYPE tocsin_web_%s counter\n# HELP tocsin_web_%s %s\ntocsin_web_%s_total %" PRIu64 "\n",
        name, name, help, name, value);
}

void web_app_metrics(const struct web_app *app, struct tc_buf *out)
{
    const struct web_server_stats *s = web_server_stats(app->server);
    const struct web_backend_stats *b = web_backend_stats(app->backend);
    const struct web_live_stats *l = web_live_stats(app->live);
    gauge(out, "connections", "open connections", s->conns);
    counter(out, "accepted", "connections accepted", s->accepted);
    counter(out, "refused_full", "connections refused or displaced because all places are taken",
            s->refused_full);
    counter(out, "refused_source", "connections refused because one source holds too many",
            s->refused_source);
    counter(out, "tls_failed", "connections lost before their handshake was done", s->tls_failed);
    counter(out, "timed_out", "connections over a deadline", s->timed_out);
    counter(out, "stalled", "connections whose peer took nothing", s->stalled);
    counter(out, "malformed", "requests that could not be read", s->malformed);
    counter(out, "gate_refused",
            "requests for another host, from a foreign page or with a malformed token",
            app->gate_refused);
    counter(out, "requests", "requests", s->requests);
    counter(out, "answers_client_errors", "answers 4xx", s->answers[4]);
    counter(out, "answers_server_errors", "answers 5xx", s->answers[5]);
    gauge(out, "core_questions_open", "questions core has not answered yet", b->open);
    counter(out, "core_questions", "questions to core", b->asked);
    counter(out, "core_timed_out", "questions nobody answered in time", b->timed_out);
    counter(out, "core_away", "questions lost because core was away", b->away);
    gauge(out, "followers", "open streams of changes", web_changes_followers(app->changes));
    counter(out, "followers_cut", "streams of changes ended by us", web_changes_cut(app->changes));
    counter(out, "clips", "clips served", app->clips);
    counter(out, "clip_bytes", "bytes of clips served", app->clip_bytes);
    gauge(out, "live_viewers", "open video connections", l->viewers);
    gauge(out, "live_streams", "live streams in them", l->streams);
    counter(out, "live_frames", "frames sent live", l->frames);
    counter(out, "live_dropped_gops", "groups of pictures that slow viewers did not get",
            l->dropped_gops);
}
