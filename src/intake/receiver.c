/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/receiver.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "intake/receiver_internal.h"

enum { ACCEPT_BATCH = 64 };

/* ---- accepting ---- */

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct receiver_listener *l = arg;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            conn_open(l->receiver, (uint32_t)(l - l->receiver->listens), accepted);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            l->resting = true; /* else the loop would spin on a socket that stays readable */
            (void)event_del(l->ev);
            l->receiver->ops.fault(l->receiver->ops.ctx, EV_SYSTEM_OVERLOAD, l->name,
                                   "a panel's connection must wait: no descriptors left");
        }
        return;
    }
}

enum tc_err receiver_listen(struct receiver *r, int fd, uint32_t index, const char *name,
                            struct tc_errinfo *info)
{
    if (r->listens_count == RECEIVER_LISTENS_MAX) {
        (void)close(fd);
        return tc_fail(info, TC_E_LIMIT, "%s: more than %d receivers", name, RECEIVER_LISTENS_MAX);
    }
    struct receiver_listener *l = &r->listens[r->listens_count];
    *l = (struct receiver_listener){.receiver = r, .fd = fd, .index = index};
    tc_slice_to_str_cut(tc_slice_str(name), l->name, sizeof l->name);
    l->ev = event_new(r->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
    if (l->ev == NULL || event_add(l->ev, NULL) != 0) {
        if (l->ev != NULL)
            event_free(l->ev);
        (void)close(fd);
        return tc_fail(info, TC_E_NOMEM, "%s: no memory for its event", name);
    }
    r->listens_count++;
    return TC_OK;
}

/* ---- the rate of each account ---- */

enum { THAW_MS = 20 };

bool receiver_rate_take(struct receiver *r, uint32_t panel, struct tc_mono now)
{
    struct panel_rate *rate = &r->rates[panel];
    int64_t part_ns = TC_NS_PER_S / PANEL_SIGNALS_PER_S;
    rate->used_ns -= now.ns - rate->at.ns;
    rate->used_ns = rate->used_ns < 0 ? 0 : rate->used_ns;
    rate->at = now;
    if (rate->used_ns + part_ns <= TC_NS_PER_S) {
        rate->used_ns += part_ns;
        return true;
    }
    r->n.throttled++;
    struct timeval soon = {.tv_usec = THAW_MS * 1000};
    if (!event_pending(r->thaw, EV_TIMEOUT, NULL)) {
        (void)event_add(r->thaw, &soon);
        r->ops.fault(r->ops.ctx, EV_SYSTEM_OVERLOAD, r->site->panels[panel].id,
                     "the account sends more than its share: slowed down, nothing is lost");
    }
    return false;
}

/* ---- to core ---- */

void receiver_pump(struct receiver *r)
{
    struct pending *p;
    while ((p = pending_unsent(&r->pending)) != NULL) {
        if (r->ops.send(r->ops.ctx, &p->body, pending_tail(p)) != TC_OK)
            return;
        pending_sent(&r->pending);
    }
}

void receiver_link_up(struct receiver *r)
{
    r->n.resent += r->pending.unsent - r->pending.first;
    pending_resend(&r->pending);
    receiver_pump(r);
}

void receiver_link_drained(struct receiver *r)
{
    receiver_pump(r);
}

/* ---- from core ---- */

const int64_t receiver_bucket_ns[HISTOGRAM_BUCKETS] = {
    500 * TC_NS_PER_US, 1 * TC_NS_PER_MS,   2 * TC_NS_PER_MS,  5 * TC_NS_PER_MS,
    10 * TC_NS_PER_MS,  25 * TC_NS_PER_MS,  50 * TC_NS_PER_MS, 100 * TC_NS_PER_MS,
    250 * TC_NS_PER_MS, 1000 * TC_NS_PER_MS};

static void count_latency(struct receiver *r, int64_t ns)
{
    size_t i = 0;
    while (i < HISTOGRAM_BUCKETS && ns > receiver_bucket_ns[i])
        i++;
    r->n.latency[i]++;
    r->n.latency_sum_ns += ns;
}

static void acknowledge(struct receiver *r, struct pending *p, struct tc_mono now)
{
    struct conn *c = r->conns[p->conn];
    if (c == NULL || c->generation != p->conn_generation) {
        r->n.late++; /* the panel sends it again, core knows it, then it is acknowledged */
        return;
    }
    TC_ASSERT(c->outstanding > 0);
    c->outstanding--;
    conn_reply(c, tc_slice(p->ack, p->ack_len));
    r->n.acks++;
    count_latency(r, now.ns - p->body.received_mono_ns);
    if (c->dirty)
        return;
    c->dirty = true;
    r->dirty[r->dirty_count++] = c->slot;
}

/* One write per connection, however many of its signals became durable. */
static void write_dirty(struct receiver *r)
{
    for (size_t i = 0; i < r->dirty_count; i++) {
        struct conn *c = r->conns[r->dirty[i]];
        c->dirty = false;
        conn_flush(c);
        (void)conn_settle(c);
    }
    r->dirty_count = 0;
}

/* Those that waited for room, in the order in which they began to wait. */
static void resume_held(struct receiver *r)
{
    size_t count = r->held_count;
    uint32_t slots[RECEIVER_CONNS_MAX];
    memcpy(slots, r->held, count * sizeof slots[0]);
    r->held_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct conn *c = r->conns[slots[i]];
        conn_resume(c);
        conn_flush(c);
        (void)conn_settle(c);
    }
    if (count > 0)
        receiver_pump(r);
}

static void on_thaw(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    resume_held(arg);
}

void receiver_durable(struct receiver *r, const uint64_t *ids, size_t count)
{
    struct tc_mono now = r->ops.mono(r->ops.ctx);
    for (size_t i = 0; i < count; i++) {
        struct pending *p = pending_find(&r->pending, ids[i]);
        if (p == NULL)
            continue; /* told twice: sent to two links, both became durable */
        acknowledge(r, p, now);
        pending_remove(&r->pending, p);
    }
    write_dirty(r);
    resume_held(r);
}

/* ---- life ---- */

enum tc_err receiver_new(struct event_base *base, const struct site *site,
                         const struct receiver_ops *ops, struct receiver **ret,
                         struct tc_errinfo *info)
{
    TC_ASSERT(site->sealed);
    struct receiver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for the receiver");
    r->base = base;
    r->site = site;
    r->ops = *ops;
    tc_buf_init(&r->reply, DC09_FRAME_BYTES_MAX);
    r->thaw = event_new(base, -1, 0, on_thaw, r);
    r->rates = calloc(site->panels_count + 1, sizeof *r->rates);
    enum tc_err err = r->thaw == NULL || r->rates == NULL ? TC_E_NOMEM : TC_OK;
    if (err == TC_OK)
        err = pending_init(&r->pending, r->ops.first_id);
    if (err == TC_OK)
        err = signal_room_init(&r->room, info);
    if (err != TC_OK) {
        receiver_free(r);
        return tc_fail(info, err, "the receiver cannot start: %s", tc_err_text(err));
    }
    *ret = r;
    return TC_OK;
}

struct receiver *receiver_free(struct receiver *r)
{
    if (r == NULL)
        return NULL;
    for (size_t i = 0; i < RECEIVER_CONNS_MAX; i++)
        if (r->conns[i] != NULL)
            conn_close(r->conns[i]);
    for (size_t i = 0; i < r->listens_count; i++) {
        event_free(r->listens[i].ev);
        (void)close(r->listens[i].fd);
    }
    if (r->thaw != NULL)
        event_free(r->thaw);
    free(r->rates);
    pending_done(&r->pending);
    signal_room_done(&r->room);
    tc_buf_done(&r->reply);
    free(r);
    return NULL;
}

/* A link that lives and says nothing of a signal for so long has lost it (or its answer): core
 * knows a signal that it has seen before, so asking again is safe. */
static void ask_again(struct receiver *r, struct tc_mono now)
{
    const struct pending *oldest = pending_find(&r->pending, r->pending.first);
    if (oldest == NULL ||
        oldest->body.received_mono_ns > now.ns - RECEIVER_ASK_AGAIN_S * TC_NS_PER_S ||
        r->asked_again.ns > now.ns - RECEIVER_ASK_AGAIN_S * TC_NS_PER_S)
        return;
    r->asked_again = now;
    receiver_link_up(r);
}

void receiver_sweep(struct receiver *r)
{
    struct tc_mono now = r->ops.mono(r->ops.ctx);
    ask_again(r, now);
    for (size_t i = 0; i < RECEIVER_CONNS_MAX; i++)
        if (r->conns[i] != NULL)
            conn_sweep(r->conns[i], now);
    for (size_t i = 0; i < r->listens_count; i++) {
        if (r->listens[i].resting && event_add(r->listens[i].ev, NULL) == 0)
            r->listens[i].resting = false;
    }
}

size_t receiver_conns(const struct receiver *r)
{
    return r->conns_count;
}

size_t receiver_waiting(const struct receiver *r)
{
    return r->pending.count;
}
