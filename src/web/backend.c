/* SPDX-License-Identifier: Apache-2.0 */
#include "web/backend.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"

struct ask {
    uint64_t id; /* 0: free. Low byte: the slot, so that an answer finds it at once */
    struct tc_mono deadline;
    web_answer_fn *fn;
    void *ctx;
    struct tc_buf parts; /* of an answer that comes in several */
    char route[40];
};

struct web_backend {
    struct web_backend_options opt;
    struct web_backend_stats stats;
    uint64_t last;
    struct ask asks[WEB_ASKS_MAX];
};

enum tc_err web_backend_new(const struct web_backend_options *options, struct web_backend **ret)
{
    struct web_backend *b = calloc(1, sizeof *b);
    if (b == NULL)
        return TC_E_NOMEM;
    b->opt = *options;
    b->last = options->first_id >> 8;
    *ret = b;
    return TC_OK;
}

static void clear(struct web_backend *b, struct ask *a)
{
    a->id = 0;
    tc_buf_done(&a->parts);
    b->stats.open--;
}

struct web_backend *web_backend_free(struct web_backend *b)
{
    if (b == NULL)
        return NULL;
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++)
        if (b->asks[i].id != 0)
            clear(b, &b->asks[i]);
    free(b);
    return NULL;
}

static struct ask *open_slot(struct web_backend *b)
{
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++) {
        if (b->asks[i].id == 0) {
            b->asks[i].id = ++b->last << 8 | i;
            b->stats.open++;
            tc_buf_init(&b->asks[i].parts, WEB_ANSWER_BYTES_MAX);
            return &b->asks[i];
        }
    }
    return NULL;
}

static struct ask *find(struct web_backend *b, uint64_t id)
{
    struct ask *a = &b->asks[id & 0xff];
    if (id != 0 && a->id == id)
        return a;
    b->stats.stray++;
    return NULL;
}

/* The slot is free before the function runs: it may ask again at once. */
static void answer(struct web_backend *b, struct ask *a, const struct web_answer *with)
{
    web_answer_fn *fn = a->fn;
    void *ctx = a->ctx;
    struct tc_buf parts = a->parts;
    a->parts = (struct tc_buf){0};
    clear(b, a);
    b->stats.answered++;
    fn(ctx, with);
    tc_buf_done(&parts);
}

static void fill(struct msg_request *r, const struct web_ask *ask)
{
    *r = (struct msg_request){.route = ask->index,
                              .params = ask->param_count,
                              .body_bytes = (uint32_t)ask->body.len,
                              .local = ask->local};
    (void)snprintf(r->route_name, sizeof r->route_name, "%s", ask->route);
    (void)snprintf(r->token, sizeof r->token, "%s", ask->token == NULL ? "" : ask->token);
    (void)snprintf(r->peer, sizeof r->peer, "%s", ask->peer == NULL ? "" : ask->peer);
    (void)snprintf(r->idempotency_key, sizeof r->idempotency_key, "%s",
                   ask->idempotency_key == NULL ? "" : ask->idempotency_key);
}

static enum tc_err send_request(struct web_backend *b, uint64_t id, const struct web_ask *ask)
{
    struct msg_request r;
    fill(&r, ask);
    r.request = id;
    TC_CLEANUP(tc_buf_done) struct tc_buf tail;
    tc_buf_init(&tail, msg_row(MSG_REQUEST)->tail_max);
    tc_buf_add_slice(&tail, ask->params);
    tc_buf_add_slice(&tail, ask->body);
    if (tail.err != TC_OK)
        return tail.err;
    return b->opt.send(b->opt.ctx, MSG_REQUEST, &r, tc_buf_view(&tail), -1);
}

static enum tc_err opened(struct web_backend *b, struct ask *a, web_answer_fn *fn, void *ctx,
                          int64_t wait_ns, enum tc_err sent, uint64_t *ret_id)
{
    a->fn = fn;
    a->ctx = ctx;
    a->deadline.ns = b->opt.now().ns + (wait_ns == 0 ? WEB_ASK_MAX_NS : wait_ns);
    if (sent != TC_OK) {
        clear(b, a);
        b->stats.away++;
        return sent;
    }
    b->stats.asked++;
    *ret_id = a->id;
    return TC_OK;
}

enum tc_err web_backend_ask(struct web_backend *b, const struct web_ask *ask, web_answer_fn *fn,
                            void *ctx, uint64_t *ret_id)
{
    struct ask *a = open_slot(b);
    if (a == NULL)
        return TC_E_BUSY;
    (void)snprintf(a->route, sizeof a->route, "%s", ask->route);
    return opened(b, a, fn, ctx, ask->wait_ns, send_request(b, a->id, ask), ret_id);
}

enum tc_err web_backend_ask_peer(struct web_backend *b, int fd, web_answer_fn *fn, void *ctx,
                                 uint64_t *ret_id)
{
    struct ask *a = open_slot(b);
    if (a == NULL)
        return TC_E_BUSY;
    (void)snprintf(a->route, sizeof a->route, "peer");
    const struct msg_peer p = {.request = a->id};
    enum tc_err sent = b->opt.send(b->opt.ctx, MSG_PEER, &p, tc_slice(NULL, 0), fd);
    return opened(b, a, fn, ctx, 0, sent, ret_id);
}

static void tell_cancelled(struct web_backend *b, uint64_t id)
{
    const struct msg_cancel c = {.request = id};
    (void)!b->opt.send(b->opt.ctx, MSG_CANCEL, &c, tc_slice(NULL, 0), -1);
}

void web_backend_end(struct web_backend *b, uint64_t id)
{
    if (id != 0)
        tell_cancelled(b, id);
}

void web_backend_cancel(struct web_backend *b, uint64_t id)
{
    struct ask *a = &b->asks[id & 0xff];
    if (id == 0 || a->id != id)
        return;
    clear(b, a);
    b->stats.cancelled++;
    tell_cancelled(b, id);
}

void web_backend_core_gone(struct web_backend *b)
{
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++) {
        if (b->asks[i].id == 0)
            continue;
        b->stats.away++;
        answer(b, &b->asks[i],
               &(struct web_answer){.status = 503,
                                    .detail = "the core is being restarted; try again in a moment",
                                    .set_token = ""});
    }
}

void web_backend_sweep(struct web_backend *b)
{
    int64_t now = b->opt.now().ns;
    for (unsigned i = 0; i < WEB_ASKS_MAX; i++) {
        struct ask *a = &b->asks[i];
        if (a->id == 0 || a->deadline.ns > now)
            continue;
        char detail[120];
        (void)snprintf(detail, sizeof detail,
                       "core, or whom it handed the request to, gave no answer to %s", a->route);
        b->stats.timed_out++;
        tell_cancelled(b, a->id);
        answer(b, a, &(struct web_answer){.status = 504, .detail = detail, .set_token = ""});
    }
}

const struct web_backend_stats *web_backend_stats(const struct web_backend *b)
{
    return &b->stats;
}

void web_backend_on_answer(struct web_backend *b, struct msg *m)
{
    const struct msg_answer *in = m->body;
    struct ask *a = find(b, in->request);
    if (a == NULL)
        return;
    struct tc_slice body = m->tail;
    if (in->more != 0 || a->parts.len > 0) {
        tc_buf_add_slice(&a->parts, m->tail);
        if (a->parts.err != TC_OK) {
            tell_cancelled(b, a->id);
            answer(b, a,
                   &(struct web_answer){
                       .status = 502, .detail = "the answer is too long", .set_token = ""});
            return;
        }
        if (in->more != 0)
            return;
        body = tc_buf_view(&a->parts);
    }
    bool sane = in->status >= 200 && in->status <= 599;
    answer(b, a,
           &(struct web_answer){.status = sane ? in->status : 502,
                                .body = body,
                                .set_token = in->set_token,
                                .clear_token = in->clear_token != 0,
                                .msg = m});
}

void web_backend_on_clip(struct web_backend *b, struct msg *m)
{
    const struct msg_clip_answer *in = m->body;
    struct ask *a = find(b, in->request);
    if (a != NULL)
        answer(b, a,
               &(struct web_answer){
                   .status = 200, .body = m->tail, .clip = in, .set_token = "", .msg = m});
}

void web_backend_on_live(struct web_backend *b, struct msg *m)
{
    const struct msg_live *in = m->body;
    struct ask *a = find(b, in->request);
    if (a != NULL)
        answer(b, a,
               &(struct web_answer){.status = in->status, .live = in, .set_token = "", .msg = m});
}

void web_backend_on_peer(struct web_backend *b, struct msg *m)
{
    const struct msg_peer_is *in = m->body;
    struct ask *a = find(b, in->request);
    if (a != NULL)
        answer(b, a, &(struct web_answer){.status = 200, .peer = in, .set_token = "", .msg = m});
}
