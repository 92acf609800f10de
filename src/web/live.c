/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/check.h"
#include "runtime/messages.h"
#include "web/live_stream.h"
#include "web/problem.h"
#include "web/ws.h"

#define PING_NS      (20 * TC_NS_PER_S)
#define ASK_AGAIN_NS (30 * TC_NS_PER_S)

enum { SCRATCH_BYTES_MAX = 16 << 20 };

enum stream_state {
    STREAM_FREE,
    STREAM_ASKING, /* core has not answered yet */
    STREAM_OPEN,
};

struct viewer;

struct slot {
    struct viewer *viewer;
    enum stream_state state;
    uint64_t ask;   /* open question */
    uint64_t watch; /* core's permission, as long as it lasts */
    uint32_t camera;
    struct live_stream stream;
};

struct viewer {
    struct web_live *all;
    struct viewer *next, **link;
    struct web_ws *ws;
    uint64_t ask;
    struct tc_mono pinged, asked;
    char token[WEB_TOKEN_BYTES];
    struct slot slots[WEB_STREAMS_PER_VIEWER];
};

struct web_live {
    struct web_live_options opt;
    struct web_live_stats stats;
    struct viewer *viewers;
    struct event *timer;
    bool ticking;
    struct tc_buf scratch;
    struct ring_reader *rings[WEB_LIVE_CAMERAS]; /* NULL: not here */
};

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    web_live_pump(ctx);
}

enum tc_err web_live_new(const struct web_live_options *options, struct web_live **ret)
{
    struct web_live *l = calloc(1, sizeof *l);
    if (l == NULL)
        return TC_E_NOMEM;
    l->opt = *options;
    tc_buf_init(&l->scratch, SCRATCH_BYTES_MAX);
    l->timer = event_new(options->base, -1, EV_PERSIST, on_timer, l);
    if (l->timer == NULL) {
        free(l);
        return TC_E_NOMEM;
    }
    *ret = l;
    return TC_OK;
}

static void close_ring(struct web_live *l, unsigned camera)
{
    if (l->rings[camera] == NULL)
        return;
    ring_reader_close(l->rings[camera]);
    free(l->rings[camera]);
    l->rings[camera] = NULL;
}

struct web_live *web_live_free(struct web_live *l)
{
    if (l == NULL)
        return NULL;
    TC_ASSERT(l->viewers == NULL);
    for (unsigned i = 0; i < WEB_LIVE_CAMERAS; i++)
        close_ring(l, i);
    event_free(l->timer);
    tc_buf_done(&l->scratch);
    free(l);
    return NULL;
}

const struct web_live_stats *web_live_stats(const struct web_live *l)
{
    return &l->stats;
}

/* ---- the timer runs while somebody watches ---- */

static void set_timer(struct web_live *l)
{
    const struct timeval tick = {.tv_usec = WEB_LIVE_TICK_MS * 1000};
    bool wanted = l->stats.streams > 0;
    if (wanted == l->ticking)
        return;
    l->ticking = wanted;
    if (wanted)
        (void)event_add(l->timer, &tick);
    else
        (void)event_del(l->timer);
}

/* ---- a viewer's sink ---- */

static void sink_text(void *ctx, struct tc_slice json)
{
    web_ws_text(((struct viewer *)ctx)->ws, json);
}

static void sink_binary(void *ctx, struct tc_slice bytes)
{
    web_ws_binary(((struct viewer *)ctx)->ws, bytes);
}

static size_t sink_queued(void *ctx)
{
    return web_ws_queued(((struct viewer *)ctx)->ws);
}

static struct live_sink sink_of(struct viewer *v)
{
    return (struct live_sink){.text = sink_text,
                              .binary = sink_binary,
                              .queued = sink_queued,
                              .ctx = v,
                              .gate_bytes = WEB_LIVE_QUEUE};
}

static void tell(struct slot *s, const char *state, const char *text)
{
    const struct live_sink sink = sink_of(s->viewer);
    live_stream_tell(&s->stream, &sink, state, text);
}

/* ---- streams ---- */

static void end_slot(struct slot *s)
{
    struct web_live *l = s->viewer->all;
    web_backend_cancel(l->opt.backend, s->ask);
    web_backend_end(l->opt.backend, s->watch);
    if (s->state == STREAM_OPEN)
        l->stats.streams--;
    *s = (struct slot){.viewer = s->viewer};
    set_timer(l);
}

static void pump_slot(struct web_live *l, struct slot *s)
{
    const struct ring_reader *ring = l->rings[s->camera];
    if (ring == NULL || !web_ws_is_open(s->viewer->ws))
        return;
    const struct live_sink sink = sink_of(s->viewer);
    struct live_stream *t = &s->stream;
    uint64_t frames = t->frames, dropped = t->dropped_total, bytes = t->bytes;
    live_stream_pump(t, ring, &sink, &l->scratch);
    l->stats.frames += t->frames - frames;
    l->stats.dropped_gops += t->dropped_total - dropped;
    l->stats.bytes += t->bytes - bytes;
}

static void on_start_answer(void *ctx, const struct web_answer *a)
{
    struct slot *s = ctx;
    struct web_live *l = s->viewer->all;
    uint64_t id = s->ask;
    s->ask = 0;
    if (!web_ws_is_open(s->viewer->ws))
        return;
    if (a->live != NULL && a->status == 200 && a->live->camera < WEB_LIVE_CAMERAS) {
        s->watch = id;
        s->camera = a->live->camera;
        s->state = STREAM_OPEN;
        l->stats.streams++;
        set_timer(l);
        pump_slot(l, s);
        return;
    }
    if (a->status == 401 || a->status == 403)
        tell(s, "denied", "you may not watch this camera");
    else if (a->status == 404)
        tell(s, "unknown", "there is no such camera");
    else
        tell(s, "lost",
             a->detail != NULL ? a->detail : "too many watch live; try again in a moment");
    end_slot(s);
}

static struct slot *slot_of(struct viewer *v, unsigned number)
{
    for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
        if (v->slots[i].state != STREAM_FREE && v->slots[i].stream.number == number)
            return &v->slots[i];
    return NULL;
}

static struct slot *free_slot(struct viewer *v)
{
    for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
        if (v->slots[i].state == STREAM_FREE)
            return &v->slots[i];
    return NULL;
}

static void start(struct viewer *v, unsigned number, const char *camera)
{
    struct slot *s = slot_of(v, number);
    if (s != NULL)
        end_slot(s);
    s = free_slot(v);
    if (s == NULL) {
        struct slot none = {.viewer = v};
        live_stream_init(&none.stream, (uint16_t)number);
        tell(&none, "denied", "too many streams on one connection");
        return;
    }
    s->state = STREAM_ASKING;
    live_stream_init(&s->stream, (uint16_t)number);
    TC_CLEANUP(tc_buf_done) struct tc_buf params;
    tc_buf_init(&params, 256);
    msg_param_add(&params, tc_slice_str("camera"), tc_slice_str(camera));
    struct web_conn *c = web_ws_conn(v->ws);
    const struct web_ask ask = {.route = "video_start",
                                .params = tc_buf_view(&params),
                                .param_count = 1,
                                .token = v->token,
                                .peer = web_conn_peer(c),
                                .local = web_conn_door(c) == WEB_DOOR_LOCAL};
    if (web_backend_ask(v->all->opt.backend, &ask, on_start_answer, s, &s->ask) == TC_OK)
        return;
    tell(s, "lost", "core is away; try again in a moment");
    end_slot(s);
}

/* ---- what a viewer says ---- */

static bool is_camera_id(const char *id)
{
    size_t len = id == NULL ? 0 : strlen(id);
    return len > 0 && len < MSG_ID_BYTES;
}

static bool obey(struct viewer *v, json_t *root)
{
    const char *op = json_string_value(json_object_get(root, "op"));
    json_t *number = json_object_get(root, "stream");
    const char *camera = json_string_value(json_object_get(root, "camera"));
    json_int_t n = json_is_integer(number) ? json_integer_value(number) : -1;
    if (op == NULL || n < 0 || n > UINT16_MAX)
        return false;
    if (strcmp(op, "ack") == 0)
        return true;
    if (strcmp(op, "stop") == 0) {
        struct slot *s = slot_of(v, (unsigned)n);
        if (s != NULL)
            end_slot(s);
        return true;
    }
    if (strcmp(op, "start") != 0 || !is_camera_id(camera))
        return false;
    start(v, (unsigned)n, camera);
    return true;
}

static void on_text(void *ctx, struct tc_slice text)
{
    struct viewer *v = ctx;
    json_t *root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_object(root) && obey(v, root);
    json_decref(root);
    if (!ok)
        web_ws_close(v->ws, WEB_WS_POLICY, "not an operation of tocsin.video.v1");
}

static void on_gone(void *ctx)
{
    struct viewer *v = ctx;
    struct web_live *l = v->all;
    web_backend_cancel(l->opt.backend, v->ask);
    for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
        if (v->slots[i].state != STREAM_FREE)
            end_slot(&v->slots[i]);
    *v->link = v->next;
    if (v->next != NULL)
        v->next->link = v->link;
    l->stats.viewers--;
    free(v);
}

static const struct web_ws_ops ws_ops = {
    .on_text = on_text, .on_gone = on_gone, .low = WEB_LIVE_QUEUE / 2};

static void on_may(void *ctx, const struct web_answer *a)
{
    struct viewer *v = ctx;
    v->ask = 0;
    if (a->status == 401 || a->status == 403)
        web_ws_close(v->ws, WEB_WS_POLICY, "the session is over");
}

/* Does the session still stand? */
static void ask_session(struct viewer *v)
{
    struct web_conn *c = web_ws_conn(v->ws);
    const struct web_ask ask = {.route = "session_get",
                                .token = v->token,
                                .peer = web_conn_peer(c),
                                .local = web_conn_door(c) == WEB_DOOR_LOCAL};
    v->asked = v->all->opt.now();
    (void)!web_backend_ask(v->all->opt.backend, &ask, on_may, v, &v->ask);
}

void web_live_open(struct web_live *l, struct web_conn *c, const char *token)
{
    struct viewer *v = l->stats.viewers < WEB_VIEWERS_MAX ? calloc(1, sizeof *v) : NULL;
    if (v == NULL) {
        web_problem(c, 503, "Retry-After: 5\r\n", "too many watch live already");
        return;
    }
    v->all = l;
    v->pinged = l->opt.now();
    (void)snprintf(v->token, sizeof v->token, "%s", token);
    for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
        v->slots[i].viewer = v;
    if (web_ws_accept(c, "tocsin.video.v1", &ws_ops, v, l->opt.now, &v->ws) != TC_OK) {
        free(v);
        return;
    }
    v->next = l->viewers;
    v->link = &l->viewers;
    if (v->next != NULL)
        v->next->link = &v->next;
    l->viewers = v;
    l->stats.viewers++;
    ask_session(v);
}

/* ---- from outside ---- */

void web_live_on_ring(struct web_live *l, struct msg *m)
{
    const struct msg_ring *in = m->body;
    struct tc_errinfo info = {0};
    if (m->fds_count == 0 || in->camera >= WEB_LIVE_CAMERAS || l->rings[in->camera] != NULL)
        return; /* the channel closes what is not taken */
    struct ring_reader *r = calloc(1, sizeof *r);
    if (r == NULL || ring_reader_open(r, m->fds[0], &info) != TC_OK) {
        free(r);
        return;
    }
    l->rings[in->camera] = r;
}

void web_live_pump(struct web_live *l)
{
    for (struct viewer *v = l->viewers, *next; v != NULL; v = next) {
        next = v->next;
        for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
            if (v->slots[i].state == STREAM_OPEN)
                pump_slot(l, &v->slots[i]);
    }
}

void web_live_core_gone(struct web_live *l)
{
    for (struct viewer *v = l->viewers, *next; v != NULL; v = next) {
        next = v->next;
        for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
            v->slots[i].watch = 0;
        web_ws_close(v->ws, WEB_WS_TRY_AGAIN, "the core is being restarted; connect again");
    }
}

void web_live_end_session(struct web_live *l, const char *token)
{
    for (struct viewer *v = l->viewers, *next; v != NULL; v = next) {
        next = v->next;
        if (strcmp(v->token, token) == 0)
            web_ws_close(v->ws, WEB_WS_POLICY, "signed out");
    }
}

static bool ring_is_wanted(const struct web_live *l, unsigned camera)
{
    for (const struct viewer *v = l->viewers; v != NULL; v = v->next)
        for (unsigned i = 0; i < WEB_STREAMS_PER_VIEWER; i++)
            if (v->slots[i].state == STREAM_ASKING ||
                (v->slots[i].state == STREAM_OPEN && v->slots[i].camera == camera))
                return true;
    return false;
}

void web_live_tick(struct web_live *l)
{
    int64_t now = l->opt.now().ns;
    for (unsigned i = 0; i < WEB_LIVE_CAMERAS; i++)
        if (l->rings[i] != NULL && !ring_is_wanted(l, i))
            close_ring(l, i);
    for (struct viewer *v = l->viewers, *next; v != NULL; v = next) {
        next = v->next;
        if (now - v->pinged.ns >= PING_NS) {
            v->pinged.ns = now;
            web_ws_tick(v->ws);
        }
        if (v->ask == 0 && now - v->asked.ns >= ASK_AGAIN_NS)
            ask_session(v);
    }
}
