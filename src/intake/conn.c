/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a panel: bytes in, frames judged, replies out, and its time-outs. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "intake/receiver_internal.h"

/* ---- faults ---- */

/* Faults of one kind are joined on their way, so the thing named is the panel or receiver and the
 * kind: never what a stranger sent, of which there is no end. */
static void tell_fault(struct conn *c, enum outcome outcome, const struct signal *s)
{
    struct receiver *r = c->receiver;
    const struct outcome_row *row = &outcome_rows[outcome];
    r->n.outcomes[outcome]++;
    if (row->fault == EV_NONE)
        return;
    const char *whose = r->listens[c->listen].name;
    char account[DC09_ACCOUNT_BYTES_MAX + 1] = "";
    if (s != NULL && s->panel != SITE_NONE)
        whose = r->site->panels[s->panel].id;
    else if (s != NULL)
        tc_slice_to_str_cut(s->msg.account, account, sizeof account);
    char item[MSG_NAME_BYTES];
    char text[MSG_TEXT_BYTES];
    (void)snprintf(item, sizeof item, "%s: %s", whose, row->label);
    for (char *at = strchr(item, ':'); at != NULL && *at != 0; at++)
        *at = *at == '_' ? ' ' : *at;
    (void)snprintf(text, sizeof text, "from %s%s%s: %s", c->peer,
                   account[0] != 0 ? ", account " : "", account, row->text);
    r->ops.fault(r->ops.ctx, row->fault, item, text);
}

/* ---- frames ---- */

static void hold(struct conn *c)
{
    struct receiver *r = c->receiver;
    if (c->held)
        return;
    c->held = true;
    r->held[r->held_count++] = c->slot;
    (void)event_del(c->ev_read);
}

/* Gives the signal to core. False: no room for it, the frame stays where it is. */
static bool take_signal(struct conn *c, const struct signal *s)
{
    struct receiver *r = c->receiver;
    struct pending *p = pending_add(&r->pending, &s->body, s->tail);
    if (p == NULL)
        return false;
    p->conn = c->slot;
    p->conn_generation = c->generation;
    tc_buf_clear(&r->reply);
    dc09_add_ack(&r->reply, &s->msg);
    TC_ASSERT(r->reply.err == TC_OK && r->reply.len <= PENDING_ACK_BYTES);
    memcpy(p->ack, r->reply.data, r->reply.len);
    p->ack_len = (uint8_t)r->reply.len;
    c->outstanding++;
    c->known = true;
    c->last_good.ns = s->body.received_mono_ns;
    c->junk_bytes = 0;
    r->n.outcomes[OUTCOME_GOOD]++;
    return true;
}

static void refuse(struct conn *c, enum outcome outcome, const struct signal *s, struct tc_wall now)
{
    struct receiver *r = c->receiver;
    tc_buf_clear(&r->reply);
    if (outcome_rows[outcome].reply == REPLY_NAK) {
        dc09_add_nak(&r->reply, now);
        r->n.naks++;
    } else if (outcome_rows[outcome].reply == REPLY_DUH) {
        dc09_add_duh(&r->reply, &s->msg);
        r->n.duhs++;
    }
    conn_reply(c, tc_buf_view(&r->reply));
    tell_fault(c, outcome, s);
}

static bool take_frame(struct conn *c, struct tc_slice frame, struct tc_slice body,
                       const struct signal_origin *origin)
{
    struct receiver *r = c->receiver;
    struct signal s;
    enum outcome outcome = signal_read(&r->room, r->site, frame, body, origin, &s);
    if (outcome == OUTCOME_GOOD)
        return !pending_is_full(&r->pending) && receiver_rate_take(r, s.panel, origin->mono) &&
               take_signal(c, &s);
    refuse(c, outcome, &s, origin->wall);
    return true;
}

static void take_junk(struct conn *c, const struct dc09_step *step)
{
    c->junk_bytes += step->bytes;
    c->receiver->n.junk_bytes += step->bytes;
    if (step->next == DC09_BAD)
        tell_fault(c, step->why == DC09_DAMAGE_CRC ? OUTCOME_BAD_CRC : OUTCOME_BAD_LENGTH, NULL);
    if (c->junk_bytes > CONN_JUNK_BYTES_MAX)
        c->broken = true;
}

void conn_process(struct conn *c)
{
    struct receiver *r = c->receiver;
    struct signal_origin origin = {.wall = r->ops.wall(r->ops.ctx),
                                   .mono = r->ops.mono(r->ops.ctx),
                                   .receiver = r->listens[c->listen].index,
                                   .peer = c->peer};
    size_t at = 0;
    bool need_more = false;
    while (at < c->in_len && !c->broken && !c->held && !need_more) {
        struct tc_slice in = tc_slice(c->in + at, c->in_len - at);
        struct dc09_step step = dc09_scan(in);
        need_more = step.next == DC09_MORE;
        if (step.next == DC09_DONE &&
            (c->outstanding >= CONN_OUTSTANDING_MAX ||
             !take_frame(c, tc_slice_sub(in, 0, step.bytes), step.body, &origin))) {
            hold(c);
            break;
        }
        if (step.next == DC09_SKIP || step.next == DC09_BAD)
            take_junk(c, &step);
        at += step.bytes;
    }
    if (at > 0)
        memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
    if (!need_more)
        c->partial_since.ns = 0;
    else if (at > 0 || c->partial_since.ns == 0)
        c->partial_since = origin.mono;
}

void conn_resume(struct conn *c)
{
    c->held = false;
    conn_process(c);
    if (!c->held && !c->eof)
        (void)event_add(c->ev_read, NULL);
}

/* ---- bytes ---- */

void conn_reply(struct conn *c, struct tc_slice reply)
{
    if (c->out_len + reply.len > sizeof c->out)
        conn_flush(c);
    if (c->out_len + reply.len > sizeof c->out) {
        c->broken = true; /* it sends and does not read */
        return;
    }
    if (reply.len > 0)
        memcpy(c->out + c->out_len, reply.ptr, reply.len);
    c->out_len += reply.len;
}

void conn_flush(struct conn *c)
{
    if (c->out_len == 0 || c->broken)
        return;
    ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->broken = true;
        return;
    }
    size_t sent = n > 0 ? (size_t)n : 0;
    memmove(c->out, c->out + sent, c->out_len - sent);
    c->out_len -= sent;
    if (c->out_len == 0) {
        c->stuck_since.ns = 0;
        return;
    }
    if (c->stuck_since.ns == 0)
        c->stuck_since = c->receiver->ops.mono(c->receiver->ops.ctx);
    (void)event_add(c->ev_write, NULL);
}

bool conn_settle(struct conn *c)
{
    bool finished = c->eof && c->outstanding == 0 && c->out_len == 0;
    if (!c->broken && !finished)
        return true;
    conn_close(c);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct conn *c = arg;
    ssize_t n = recv(fd, c->in + c->in_len, sizeof c->in - c->in_len, MSG_DONTWAIT);
    if (n > 0) {
        c->in_len += (size_t)n;
        c->receiver->n.bytes_in += (uint64_t)n;
        conn_process(c);
        receiver_pump(c->receiver);
    } else if (n == 0) {
        c->eof = true;
        c->stuck_since = c->receiver->ops.mono(c->receiver->ops.ctx);
        (void)event_del(c->ev_read);
    } else if (errno != EAGAIN && errno != EINTR) {
        c->broken = true;
    }
    conn_flush(c);
    (void)conn_settle(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct conn *c = arg;
    conn_flush(c);
    (void)conn_settle(c);
}

/* ---- life ---- */

static void name_peer(int fd, char *out, size_t size)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?";
    if (getpeername(fd, (struct sockaddr *)&a, &len) != 0) {
        (void)snprintf(out, size, "unknown");
    } else if (a.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&a;
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        (void)snprintf(out, size, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)&a;
        (void)inet_ntop(AF_INET, &in4->sin_addr, host, sizeof host);
        (void)snprintf(out, size, "%s:%u", host, ntohs(in4->sin_port));
    }
}

static void set_options(int fd)
{
    int one = 1;
    int idle_s = 60;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one,
                     sizeof one); /* dead panels give up their place */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

static uint32_t free_slot(const struct receiver *r)
{
    for (uint32_t i = 0; i < RECEIVER_CONNS_MAX; i++)
        if (r->conns[i] == NULL)
            return i;
    return RECEIVER_CONNS_MAX;
}

/* The table is full: the oldest that has shown no good frame makes room. False: all have. */
static bool evict_one(struct receiver *r)
{
    struct conn *oldest = NULL;
    for (uint32_t i = 0; i < RECEIVER_CONNS_MAX; i++) {
        struct conn *c = r->conns[i];
        if (c != NULL && !c->known && (oldest == NULL || c->opened.ns < oldest->opened.ns))
            oldest = c;
    }
    if (oldest == NULL)
        return false;
    r->n.evicted++;
    conn_close(oldest);
    return true;
}

static struct conn *conn_new(struct receiver *r, uint32_t listen, int fd)
{
    struct conn *c = malloc(sizeof *c);
    if (c == NULL)
        return NULL;
    memset(c, 0, offsetof(struct conn, in));
    c->receiver = r;
    c->fd = fd;
    c->listen = listen;
    c->opened = r->ops.mono(r->ops.ctx);
    c->ev_read = event_new(r->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->ev_write = event_new(r->base, fd, EV_WRITE, on_writable, c);
    if (c->ev_read != NULL && c->ev_write != NULL && event_add(c->ev_read, NULL) == 0)
        return c;
    if (c->ev_read != NULL)
        event_free(c->ev_read);
    if (c->ev_write != NULL)
        event_free(c->ev_write);
    free(c);
    return NULL;
}

void conn_open(struct receiver *r, uint32_t listen, int fd)
{
    struct conn *c = NULL;
    if (r->conns_count < RECEIVER_CONNS_MAX || evict_one(r))
        c = conn_new(r, listen, fd);
    if (c == NULL) {
        r->n.refused++;
        (void)close(fd);
        r->ops.fault(r->ops.ctx, EV_SYSTEM_OVERLOAD, r->listens[listen].name,
                     "a panel's connection was refused: no room for more");
        return;
    }
    c->slot = free_slot(r);
    c->generation = ++r->generations[c->slot];
    r->conns[c->slot] = c;
    r->conns_count++;
    r->n.accepted++;
    set_options(fd);
    name_peer(fd, c->peer, sizeof c->peer);
}

static void forget_held(struct receiver *r, uint32_t slot)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->held_count; i++)
        if (r->held[i] != slot)
            r->held[kept++] = r->held[i];
    r->held_count = kept;
}

void conn_close(struct conn *c)
{
    struct receiver *r = c->receiver;
    if (c->held)
        forget_held(r, c->slot);
    event_free(c->ev_read);
    event_free(c->ev_write);
    (void)close(c->fd);
    r->conns[c->slot] = NULL;
    r->conns_count--;
    free(c);
}

static bool is_over(struct tc_mono since, struct tc_mono now, int64_t limit_s)
{
    return since.ns != 0 && now.ns - since.ns > limit_s * TC_NS_PER_S;
}

void conn_sweep(struct conn *c, struct tc_mono now)
{
    bool over = is_over(c->partial_since, now, CONN_WHOLE_FRAME_S) ||
                is_over(c->stuck_since, now, CONN_STUCK_S);
    over |= !c->known && is_over(c->opened, now, CONN_FIRST_FRAME_S);
    over |= is_over(c->last_good, now, CONN_IDLE_S) && c->outstanding == 0;
    if (!over)
        return;
    c->receiver->n.timed_out++;
    conn_close(c);
}
