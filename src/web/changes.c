/* SPDX-License-Identifier: Apache-2.0 */
#include "web/changes.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json_out.h"
#include "runtime/messages.h"
#include "web/problem.h"
#include "web/ws.h"

#define KEEP_ALIVE_NS (15 * TC_NS_PER_S)
#define ASK_AGAIN_NS  (30 * TC_NS_PER_S)

enum { KINDS_MAX = 24, EVENT_BYTES_MAX = 128 * 1024 };

enum follower_state {
    ASKING,  /* may it? */
    HISTORY, /* reader tells what the backlog lacks */
    LIVE,
    ENDING,
};

struct follower {
    struct web_changes *all;
    struct follower *next, **link;
    struct web_conn *conn;
    struct web_ws *ws; /* NULL: server-sent events */
    bool websocket;
    enum follower_state state;
    bool resume;
    bool all_kinds;
    unsigned kind_count;
    char kinds[KINDS_MAX][16];
    struct web_cursor cursor; /* what it has been sent */
    uint64_t place;
    uint64_t hello; /* core's last seq when it was let in */
    uint64_t ask;   /* open question, 0: none */
    uint64_t watch; /* core's permission to follow, as long as it lasts */
    struct tc_mono kept, asked;
    char token[WEB_TOKEN_BYTES];
    struct tc_buf out;
};

struct web_changes {
    struct web_changes_options opt;
    struct web_backlog *backlog;
    struct follower *followers;
    unsigned count;
    unsigned watches; /* followers that core lets follow */
    uint64_t cut;
};

enum tc_err web_changes_new(const struct web_changes_options *options, struct web_changes **ret)
{
    struct web_changes *w = calloc(1, sizeof *w);
    struct web_backlog *backlog = web_backlog_new();
    if (w == NULL || backlog == NULL) {
        (void)web_backlog_free(backlog);
        free(w);
        return TC_E_NOMEM;
    }
    w->opt = *options;
    w->backlog = backlog;
    *ret = w;
    return TC_OK;
}

struct web_changes *web_changes_free(struct web_changes *w)
{
    if (w == NULL)
        return NULL;
    TC_ASSERT(w->followers == NULL);
    (void)web_backlog_free(w->backlog);
    free(w);
    return NULL;
}

unsigned web_changes_followers(const struct web_changes *w)
{
    return w->count;
}

uint64_t web_changes_cut(const struct web_changes *w)
{
    return w->cut;
}

/* ---- one follower's life ---- */

static void on_gone(void *ctx)
{
    struct follower *f = ctx;
    struct web_changes *all = f->all;
    web_backend_cancel(all->opt.backend, f->ask);
    web_backend_end(all->opt.backend, f->watch);
    all->watches -= f->watch != 0;
    if (all->watches == 0) /* core tells nothing to nobody: from here on something may be missing */
        web_backlog_clear(all->backlog);
    *f->link = f->next;
    if (f->next != NULL)
        f->next->link = f->link;
    all->count--;
    tc_buf_done(&f->out);
    free(f);
}

static bool may_see(const struct follower *f, const char *kind)
{
    if (f->all_kinds)
        return true;
    for (unsigned i = 0; i < f->kind_count; i++)
        if (strcmp(f->kinds[i], kind) == 0)
            return true;
    return false;
}

static void put(struct follower *f, struct tc_slice bytes)
{
    if (f->ws != NULL)
        web_ws_text(f->ws, bytes);
    else
        web_reply_data(f->conn, bytes.ptr, bytes.len);
}

/* "id: 17.2", ".2" only behind the first change of a seq. */
static void put_event(struct follower *f, const struct web_change *c)
{
    struct tc_buf *out = &f->out;
    tc_buf_clear(out);
    if (f->websocket) {
        struct tc_json j = tc_json(out);
        tc_json_obj(&j);
        tc_json_kv_u64(&j, "seq", c->seq);
        tc_json_kv_str(&j, "kind", c->kind);
        tc_json_key(&j, "data");
        tc_json_raw(&j, c->json.len > 0 ? c->json : tc_slice_str("null"));
        tc_json_obj_end(&j);
    } else {
        tc_buf_add_fmt(out, "id: %" PRIu64, c->seq);
        if (c->index > 0)
            tc_buf_add_fmt(out, ".%u", c->index);
        tc_buf_add_fmt(out, "\nevent: %s\ndata: ", c->kind);
        tc_buf_add_slice(out, c->json);
        tc_buf_add_str(out, "\n\n");
    }
    if (out->err == TC_OK)
        put(f, tc_buf_view(out));
}

/* The last word: why it ends. The client resumes by itself. */
static void cut(struct follower *f, const char *reason, const char *text)
{
    if (f->state == ENDING)
        return;
    f->state = ENDING;
    f->all->cut++;
    if (f->ws != NULL) {
        web_ws_close(f->ws, WEB_WS_TRY_AGAIN, text);
        return;
    }
    tc_buf_clear(&f->out);
    tc_buf_add_fmt(&f->out, "event: cut\ndata: {\"reason\":\"%s\",\"detail\":\"%s\"}\n\n", reason,
                   text);
    put(f, tc_buf_view(&f->out));
    web_conn_close(f->conn, true);
}

static size_t queued(const struct follower *f)
{
    return web_conn_queued(f->conn);
}

/* Sends from the backlog what there is and what the follower can take. */
static void send_live(struct follower *f)
{
    const struct web_backlog *b = f->all->backlog;
    if (f->place < b->first) {
        cut(f, "slow", "too slow: what happened meanwhile no longer fits; resume");
        return;
    }
    const struct web_change *c;
    while (f->state == LIVE && queued(f) < WEB_FOLLOWER_QUEUE &&
           (c = web_backlog_at(b, f->place)) != NULL) {
        f->place++;
        if (!web_cursor_before(f->cursor, c))
            continue;
        f->cursor = (struct web_cursor){.seq = c->seq, .index = c->index};
        if (may_see(f, c->kind))
            put_event(f, c);
    }
}

static void ask_history(struct follower *f);

static void on_drain(void *ctx)
{
    struct follower *f = ctx;
    if (f->state == LIVE)
        send_live(f);
    else if (f->state == HISTORY && f->ask == 0)
        ask_history(f);
}

static void on_text(void *ctx, struct tc_slice text)
{
    struct follower *f = ctx;
    (void)text;
    web_ws_close(f->ws, WEB_WS_POLICY, "nothing is taken here");
}

static const struct web_holder sse_holder = {
    .on_gone = on_gone, .on_drain = on_drain, .low = WEB_FOLLOWER_QUEUE / 4};
static const struct web_ws_ops ws_ops = {
    .on_text = on_text, .on_gone = on_gone, .on_drain = on_drain, .low = WEB_FOLLOWER_QUEUE / 4};

/* ---- what the backlog lacks ---- */

static void send_item(struct follower *f, json_t *item)
{
    json_t *data = json_object_get(item, "data");
    const char *kind = json_string_value(json_object_get(item, "kind"));
    json_int_t seq = json_integer_value(json_object_get(item, "seq"));
    if (kind == NULL || seq <= 0)
        return;
    char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    struct web_change c = {.seq = (uint64_t)seq, .json = tc_slice_str(text)};
    c.index = f->cursor.seq == c.seq && f->cursor.index != UINT32_MAX ? f->cursor.index + 1 : 0;
    (void)snprintf(c.kind, sizeof c.kind, "%s", kind);
    if (c.seq >= f->cursor.seq) {
        f->cursor = (struct web_cursor){.seq = c.seq, .index = c.index};
        if (may_see(f, c.kind))
            put_event(f, &c);
    }
    free(text);
}

static void go_live(struct follower *f)
{
    struct web_backlog *b = f->all->backlog;
    f->state = LIVE;
    /* Reader may be ahead of what core has told: the cursor leaves out what comes again. */
    if (!web_backlog_place(b, f->cursor, &f->place))
        f->place = b->first;
    send_live(f);
}

static void on_history(void *ctx, const struct web_answer *a)
{
    struct follower *f = ctx;
    f->ask = 0;
    if (f->state != HISTORY)
        return;
    json_t *page =
        a->status == 200 ? json_loadb((const char *)a->body.ptr, a->body.len, 0, NULL) : NULL;
    json_t *items = json_object_get(page, "items");
    if (!json_is_array(items)) {
        json_decref(page);
        /* What was missed cannot be told: the client must load its lists anew. */
        const struct web_change reset = {
            .seq = f->hello, .kind = "reset", .json = tc_slice_str("{}")};
        put_event(f, &reset);
        f->cursor = (struct web_cursor){.seq = f->hello, .index = UINT32_MAX};
        go_live(f);
        return;
    }
    size_t at;
    json_t *item;
    json_array_foreach(items, at, item) send_item(f, item);
    f->cursor.index = UINT32_MAX; /* a page ends with a whole seq */
    /* A page of changes that nobody is told of (or none) still leads on. */
    uint64_t next = (uint64_t)json_integer_value(json_object_get(page, "next"));
    bool more = next > 0;
    if (next > f->cursor.seq)
        f->cursor.seq = next;
    json_decref(page);
    if (!more)
        go_live(f);
    else if (queued(f) < WEB_FOLLOWER_QUEUE)
        ask_history(f);
}

static enum tc_err ask(struct follower *f, const char *route, struct tc_slice params,
                       uint32_t count, web_answer_fn *fn)
{
    const struct web_ask question = {.route = route,
                                     .params = params,
                                     .param_count = count,
                                     .token = f->token,
                                     .peer = web_conn_peer(f->conn),
                                     .local = web_conn_door(f->conn) == WEB_DOOR_LOCAL};
    return web_backend_ask(f->all->opt.backend, &question, fn, f, &f->ask);
}

static void ask_history(struct follower *f)
{
    char after[24];
    (void)snprintf(after, sizeof after, "%" PRIu64, f->cursor.seq);
    TC_CLEANUP(tc_buf_done) struct tc_buf params;
    tc_buf_init(&params, 256);
    msg_param_add(&params, tc_slice_str("after"), tc_slice_str(after));
    msg_param_add(&params, tc_slice_str("limit"), tc_slice_str("200"));
    if (ask(f, "changes_since", tc_buf_view(&params), 2, on_history) != TC_OK)
        cut(f, "busy", "core is away or busy; resume");
}

/* ---- may it? ---- */

static void read_kinds(struct follower *f, json_t *kinds)
{
    size_t at;
    json_t *kind;
    f->all_kinds = !json_is_array(kinds);
    f->kind_count = 0;
    json_array_foreach(kinds, at, kind)
    {
        if (json_is_string(kind) && f->kind_count < KINDS_MAX)
            (void)snprintf(f->kinds[f->kind_count++], 16, "%s", json_string_value(kind));
    }
}

static void begin_sse(struct follower *f)
{
    static const char first[] = "retry: 2000\n: tocsin\n\n";
    web_reply_start(f->conn, &(struct web_reply){.status = 200, .type = "text/event-stream"},
                    WEB_LENGTH_UNKNOWN);
    web_reply_data(f->conn, first, sizeof first - 1);
}

static void say_hello(struct follower *f, uint64_t seq)
{
    tc_buf_clear(&f->out);
    struct tc_json j = tc_json(&f->out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "kind", "hello");
    tc_json_kv_u64(&j, "seq", seq);
    tc_json_kv_wall(&j, "now", f->all->opt.wall());
    tc_json_obj_end(&j);
    put(f, tc_buf_view(&f->out));
}

static void begin(struct follower *f, uint64_t seq)
{
    f->hello = seq;
    if (f->websocket)
        say_hello(f, seq);
    if (!f->resume)
        f->cursor = (struct web_cursor){.seq = seq, .index = UINT32_MAX};
    if (web_backlog_place(f->all->backlog, f->cursor, &f->place)) {
        f->state = LIVE;
        send_live(f);
    } else {
        /* Reader tells a seq as a whole: one of which a part is known comes again rather than not
         * at all. */
        if (f->cursor.index != UINT32_MAX && f->cursor.seq > 0)
            f->cursor.seq--;
        f->cursor.index = UINT32_MAX;
        f->state = HISTORY;
        ask_history(f);
    }
}

static void refuse(struct follower *f, const struct web_answer *a)
{
    const char *why = a->detail != NULL ? a->detail : "core refused";
    f->state = ENDING;
    if (f->ws != NULL) {
        web_ws_close(f->ws, a->status == 401 || a->status == 403 ? WEB_WS_POLICY : WEB_WS_TRY_AGAIN,
                     why);
    } else if (web_conn_is_open(f->conn)) { /* else on_gone is on its way */
        /* The answer ends the exchange: the connection no longer knows this follower. */
        web_problem_from(f->conn, a->status < 400 ? 502 : a->status, a->body, a->detail);
        on_gone(f);
    }
}

static void on_may(void *ctx, const struct web_answer *a)
{
    struct follower *f = ctx;
    uint64_t id = f->ask;
    f->ask = 0;
    if (a->status != 200) {
        refuse(f, a);
        return;
    }
    f->watch = id;
    f->all->watches++;
    json_t *root = json_loadb((const char *)a->body.ptr, a->body.len, 0, NULL);
    json_int_t seq = json_integer_value(json_object_get(root, "seq"));
    read_kinds(f, json_object_get(root, "kinds"));
    json_decref(root);
    web_backlog_begin(f->all->backlog, (uint64_t)(seq < 0 ? 0 : seq));
    if (!f->websocket)
        begin_sse(f);
    begin(f, (uint64_t)(seq < 0 ? 0 : seq));
}

static void on_still_may(void *ctx, const struct web_answer *a)
{
    struct follower *f = ctx;
    f->ask = 0;
    if (a->status == 401 || a->status == 403)
        cut(f, "session", "the session is over");
}

/* ---- from outside ---- */

static enum tc_err read_cursor(struct web_conn *c, struct follower *f)
{
    const struct http_head *h = web_conn_head(c);
    struct tc_slice id = http_header(h, "last-event-id"), name, value, query = h->query;
    f->resume = true;
    if (id.len > 0)
        return web_cursor_parse(id, &f->cursor);
    while (http_query_next(&query, &name, &value)) {
        if (!tc_slice_is(name, "after"))
            continue;
        f->cursor.index = UINT32_MAX;
        return tc_slice_u64(value, INT64_MAX, &f->cursor.seq);
    }
    f->resume = false;
    return TC_OK;
}

static bool take_connection(struct follower *f)
{
    if (!f->websocket) {
        web_conn_hold(f->conn, &sse_holder, f);
        return true;
    }
    return web_ws_accept(f->conn, NULL, &ws_ops, f, f->all->opt.now, &f->ws) == TC_OK;
}

void web_changes_open(struct web_changes *w, struct web_conn *c, bool websocket, const char *token)
{
    struct follower *f = w->count < WEB_FOLLOWERS_MAX ? calloc(1, sizeof *f) : NULL;
    if (f == NULL) {
        web_problem(c, 503, "Retry-After: 5\r\n", "too many follow the changes already");
        return;
    }
    *f = (struct follower){
        .all = w, .conn = c, .websocket = websocket, .kept = w->opt.now(), .asked = w->opt.now()};
    (void)snprintf(f->token, sizeof f->token, "%s", token);
    tc_buf_init(&f->out, EVENT_BYTES_MAX);
    if (read_cursor(c, f) != TC_OK) {
        web_problem(c, 400, NULL, "Last-Event-ID is none that was given out here");
        free(f);
        return;
    }
    if (!take_connection(f)) {
        free(f);
        return;
    }
    f->next = w->followers;
    f->link = &w->followers;
    if (f->next != NULL)
        f->next->link = &f->next;
    w->followers = f;
    w->count++;
    if (ask(f, "stream", tc_slice(NULL, 0), 0, on_may) != TC_OK)
        refuse(f, &(struct web_answer){.status = 503,
                                       .detail = "core is away; try again in a moment"});
}

void web_changes_on_change(struct web_changes *w, struct msg *m)
{
    const struct msg_change *in = m->body;
    if (web_backlog_add(w->backlog, in->seq, in->kind, m->tail) != TC_OK)
        return;
    for (struct follower *f = w->followers, *next; f != NULL; f = next) {
        next = f->next;
        if (f->state == LIVE)
            send_live(f);
    }
}

void web_changes_core_gone(struct web_changes *w)
{
    web_backlog_clear(w->backlog);
    w->watches = 0;
    for (struct follower *f = w->followers, *next; f != NULL; f = next) {
        next = f->next;
        f->watch = 0;
        if (f->state == LIVE || f->state == HISTORY)
            cut(f, "restart", "the core is being restarted; resume");
    }
}

void web_changes_end_session(struct web_changes *w, const char *token)
{
    for (struct follower *f = w->followers, *next; f != NULL; f = next) {
        next = f->next;
        if (f->state != ASKING && strcmp(f->token, token) == 0)
            cut(f, "session", "signed out");
    }
}

static void keep_alive(struct follower *f)
{
    f->kept = f->all->opt.now();
    if (f->ws != NULL)
        web_ws_tick(f->ws);
    else
        web_reply_data(f->conn, ": still here\n\n", 14);
}

void web_changes_tick(struct web_changes *w)
{
    int64_t now = w->opt.now().ns;
    for (struct follower *f = w->followers, *next; f != NULL; f = next) {
        next = f->next;
        if (f->state == ASKING || f->state == ENDING)
            continue;
        if (now - f->kept.ns >= KEEP_ALIVE_NS)
            keep_alive(f);
        if (f->ask == 0 && f->state == LIVE && now - f->asked.ns >= ASK_AGAIN_NS) {
            f->asked.ns = now;
            (void)!ask(f, "session_get", tc_slice(NULL, 0), 0, on_still_may);
        }
    }
}
