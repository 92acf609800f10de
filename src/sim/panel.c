/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/panel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "proto/dc09.h"
#include "runtime/clock.h"
#include "sim/panel_internal.h"

enum { TIMEOUT_DEFAULT_S = 20, TRIES_DEFAULT = 3, RECONNECT_MS = 500 };

/* ---- timers ---- */

static void set_timer(struct panel *p, int64_t ns)
{
    int64_t us = (ns + TC_NS_PER_US - 1) / TC_NS_PER_US; /* never too early */
    struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    (void)event_add(p->timer, &tv);
}

/* ---- messages ---- */

/* The receiver's time as far as its NAK told. */
static int64_t panel_time_ns(const struct panel *p)
{
    return clock_wall().ns + p->offset_ns;
}

static struct tc_slice token_of(enum dc09_kind kind)
{
    return tc_slice_str(kind == DC09_NULL_ ? "NULL" : kind == DC09_ADM_CID ? "ADM-CID" : "SIA-DCS");
}

/* Encodes the message under way into p->frame; a later try sends the same bytes. */
static void encode_message(struct panel *p)
{
    char data[PANEL_DATA_BYTES + DC09_ACCOUNT_BYTES_MAX + 4] = "";
    if (p->kind != DC09_NULL_)
        (void)snprintf(data, sizeof data, "#%s|%s", p->account, p->data);
    struct dc09_msg m = {.token = token_of(p->kind),
                         .sequence = p->kind == DC09_NULL_ ? 0 : (uint16_t)p->sequence,
                         .line = tc_slice_str("0"),
                         .account = tc_slice_str(p->account),
                         .data = tc_slice_str(data),
                         .has_time = !p->all->options.without_time,
                         .time.ns = panel_time_ns(p)};
    tc_buf_clear(&p->frame);
    dc09_encode(&p->frame, &m);
}

static void write_frame(struct panel *p)
{
    ssize_t n = send(p->fd, p->frame.data + p->frame_at, p->frame.len - p->frame_at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        p->frame_at += (size_t)n;
    if (p->frame_at < p->frame.len)
        (void)event_add(p->ev_write, NULL);
}

static void send_message(struct panel *p)
{
    p->frame_at = 0;
    p->tries++;
    if (p->tries == 1)
        p->sent_at = clock_mono();
    else
        p->all->stats.resent++;
    p->state = PANEL_WAITING;
    set_timer(p, p->all->options.timeout_ns);
    write_frame(p);
    panel_say(p, p->tries == 1 ? "sent" : "sent again", tc_buf_view(&p->frame));
}

static void begin_message(struct panel *p, enum dc09_kind kind, const char *data,
                          bool is_supervision)
{
    p->kind = kind;
    p->data = data;
    p->is_supervision = is_supervision;
    p->under_way = true;
    p->tries = 0;
    encode_message(p);
    p->all->stats.sent++;
    send_message(p);
}

static void finish(struct panel *p)
{
    struct sim_panels *all = p->all;
    p->state = PANEL_DONE;
    (void)event_del(p->timer);
    if (++all->done == all->count)
        (void)event_base_loopbreak(all->base);
}

/* The next step of the script, when one may be sent. */
static void go_on(struct panel *p)
{
    struct sim_panels *all = p->all;
    if (p->step == all->steps_count) {
        p->step = 0;
        p->round++;
        if (all->options.repeat != 0 && p->round == all->options.repeat) {
            finish(p);
            return;
        }
    }
    const struct panel_step *s = &all->steps[p->step++];
    if (s->kind == DC09_OTHER) {
        p->state = PANEL_PAUSING;
        p->pause_until.ns = clock_mono().ns + s->wait_ns;
        panel_rest(p);
        return;
    }
    begin_message(p, s->kind, s->data, false);
}

/* Sleeps until the pause is over or a supervision message is due, whichever is first. */
void panel_rest(struct panel *p)
{
    p->rest_since = clock_mono();
    int64_t left_ns = p->pause_until.ns - p->rest_since.ns;
    int64_t supervision_ns = p->all->options.supervision_ns;
    if (supervision_ns > 0 && supervision_ns < left_ns)
        left_ns = supervision_ns;
    set_timer(p, left_ns > 0 ? left_ns : 0);
}

static void message_over(struct panel *p)
{
    int64_t delay_ns = p->all->options.delay_ns;
    p->under_way = false;
    p->failures = 0;
    p->tries = 0;
    if (p->kind != DC09_NULL_)
        p->sequence = p->sequence == DC09_SEQUENCE_MAX ? 1 : p->sequence + 1;
    if (p->is_supervision || delay_ns > 0) {
        if (!p->is_supervision)
            p->pause_until.ns = clock_mono().ns + delay_ns;
        p->state = PANEL_PAUSING;
        panel_rest(p);
        return;
    }
    go_on(p);
}

/* ---- answers ---- */

static void take_nak(struct panel *p, const struct dc09_msg *m)
{
    p->all->stats.naks++;
    if (m->has_time && !m->time_is_bad)
        p->offset_ns = m->time.ns - clock_wall().ns;
    if (p->tries >= p->all->options.tries) {
        panel_reconnect(p);
        return;
    }
    encode_message(p); /* with the right time now */
    send_message(p);
}

static bool is_answer_to(const struct panel *p, const struct dc09_msg *m)
{
    unsigned sequence = p->kind == DC09_NULL_ ? 0 : p->sequence;
    return p->state == PANEL_WAITING && m->sequence == sequence &&
           dc09_account_eq(m->account, tc_slice_str(p->account));
}

static void take_answer(struct panel *p, const struct dc09_msg *m)
{
    struct sim_panel_stats *stats = &p->all->stats;
    if (m->kind == DC09_NAK && p->state == PANEL_WAITING) {
        take_nak(p, m);
    } else if (m->kind == DC09_ACK && is_answer_to(p, m)) {
        stats->acked++;
        if (p->tries == 1)
            latency_add(&stats->latency, clock_mono().ns - p->sent_at.ns);
        message_over(p);
    } else if (m->kind == DC09_DUH && is_answer_to(p, m)) {
        stats->duhs++;
        message_over(p);
    } else {
        stats->strays++; /* an ACK that came after its time-out, or nothing of ours */
    }
}

static void take_bytes(struct panel *p)
{
    size_t at = 0;
    while (at < p->in_len && p->fd >= 0) {
        struct dc09_step s = dc09_scan(tc_slice(p->in + at, p->in_len - at));
        if (s.next == DC09_MORE)
            break;
        at += s.bytes;
        struct dc09_msg m;
        if (s.next != DC09_DONE || dc09_decode(s.body, &m, NULL) != TC_OK)
            continue;
        panel_say(p, "got", s.body);
        take_answer(p, &m);
    }
    if (p->fd < 0)
        return; /* reconnecting: what was left is void */
    memmove(p->in, p->in + at, p->in_len - at);
    p->in_len -= at;
}

/* ---- the connection ---- */

static void drop_connection(struct panel *p)
{
    if (p->fd < 0)
        return;
    event_free(p->ev_read);
    event_free(p->ev_write);
    p->ev_read = p->ev_write = NULL;
    (void)close(p->fd);
    p->fd = -1;
    p->in_len = 0;
}

void panel_reconnect(struct panel *p)
{
    drop_connection(p);
    p->all->stats.reconnects++;
    p->failures++;
    if (p->all->options.failures_max != 0 && p->failures > p->all->options.failures_max) {
        finish(p);
        return;
    }
    p->state = PANEL_CONNECTING;
    p->tries = 0;
    set_timer(p, RECONNECT_MS * TC_NS_PER_MS);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct panel *p = arg;
    ssize_t n = recv(fd, p->in + p->in_len, sizeof p->in - p->in_len, MSG_DONTWAIT);
    if (n > 0) {
        p->in_len += (size_t)n;
        take_bytes(p);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        panel_say(p, "the receiver closed", tc_slice(NULL, 0));
        if (p->state == PANEL_DONE)
            drop_connection(p);
        else
            panel_reconnect(p);
    }
}

static void connected(struct panel *p)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err != 0) {
        panel_say(p, strerrorname_np(err), tc_slice(NULL, 0));
        panel_reconnect(p);
        return;
    }
    (void)event_add(p->ev_read, NULL);
    if (p->under_way) {
        send_message(p);
    } else {
        p->state = PANEL_PAUSING;
        panel_rest(p);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct panel *p = arg;
    if (p->state == PANEL_CONNECTING)
        connected(p);
    else if (p->frame_at < p->frame.len)
        write_frame(p);
}

static void connect_panel(struct panel *p)
{
    const struct sim_panels *all = p->all;
    int one = 1;
    p->state = PANEL_CONNECTING;
    p->fd = socket(all->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd >= 0) {
        (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        p->ev_read = event_new(all->base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
        p->ev_write = event_new(all->base, p->fd, EV_WRITE, on_writable, p);
        if (connect(p->fd, (const struct sockaddr *)&all->address, all->address_len) == 0 ||
            errno == EINPROGRESS) {
            (void)event_add(p->ev_write, NULL);
            set_timer(p, all->options.timeout_ns);
            return;
        }
    }
    panel_reconnect(p);
}

/* The pause is over, or a supervision message is due in it. */
static void pause_over(struct panel *p)
{
    int64_t supervision_ns = p->all->options.supervision_ns;
    struct tc_mono now = clock_mono();
    if (now.ns >= p->pause_until.ns)
        go_on(p);
    else if (supervision_ns > 0 && now.ns - p->rest_since.ns >= supervision_ns)
        begin_message(p, DC09_NULL_, "", true);
    else
        panel_rest(p);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct panel *p = arg;
    switch (p->state) {
    case PANEL_CONNECTING:
        if (p->fd >= 0)
            panel_reconnect(p);
        else
            connect_panel(p);
        return;
    case PANEL_WAITING:
        if (p->tries >= p->all->options.tries)
            panel_reconnect(p);
        else
            send_message(p);
        return;
    case PANEL_PAUSING:
        pause_over(p);
        return;
    case PANEL_DONE:
        return;
    }
}

/* ---- life ---- */

static void on_run_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct sim_panels *all = arg;
    all->time_over = true;
    (void)event_base_loopbreak(all->base);
}

static enum tc_err read_address(struct sim_panels *all, struct tc_errinfo *info)
{
    struct sockaddr_in *in4 = (struct sockaddr_in *)(void *)&all->address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&all->address;
    if (inet_pton(AF_INET, all->options.host, &in4->sin_addr) == 1) {
        in4->sin_family = AF_INET;
        in4->sin_port = htons(all->options.port);
        all->address_len = sizeof *in4;
        return TC_OK;
    }
    if (inet_pton(AF_INET6, all->options.host, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(all->options.port);
        all->address_len = sizeof *in6;
        return TC_OK;
    }
    return tc_fail(info, TC_E_FORMAT, "\"%s\" is no numeric address", all->options.host);
}

static enum tc_err read_steps(struct sim_panels *all, struct tc_errinfo *info)
{
    const struct sim_panel_options *o = &all->options;
    bool sends = false;
    if (o->events_count == 0 || o->events_count > SIM_PANEL_STEPS_MAX)
        return tc_fail(info, TC_E_LIMIT, "1 to %d events", SIM_PANEL_STEPS_MAX);
    for (size_t i = 0; i < o->events_count; i++) {
        TC_TRY(panel_step_parse(tc_slice_str(o->events[i]), &all->steps[i], info));
        sends |= all->steps[i].kind != DC09_OTHER || all->steps[i].wait_ns > 0;
    }
    all->steps_count = o->events_count;
    return sends ? TC_OK : tc_fail(info, TC_E_FORMAT, "nothing but empty pauses to send");
}

static enum tc_err init_panel(struct sim_panels *all, unsigned index, struct tc_errinfo *info)
{
    struct panel *p = &all->panels[index];
    p->all = all;
    p->fd = -1;
    p->sequence = all->options.first_sequence;
    tc_buf_init(&p->frame, DC09_FRAME_BYTES_MAX);
    if (panel_account(all->options.account, index, p->account) != TC_OK)
        return tc_fail(info, TC_E_FORMAT, "account \"%s\" + %u is no account of 3 to 16 hex digits",
                       all->options.account, index);
    p->timer = event_new(all->base, -1, 0, on_timer, p);
    if (p->timer == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for a panel");
    p->state = PANEL_CONNECTING;
    set_timer(p, 0);
    return TC_OK;
}

static enum tc_err init_all(struct sim_panels *all, struct tc_errinfo *info)
{
    struct sim_panel_options *o = &all->options;
    o->panels = o->panels == 0 ? 1 : o->panels;
    o->timeout_ns = o->timeout_ns == 0 ? TIMEOUT_DEFAULT_S * TC_NS_PER_S : o->timeout_ns;
    o->tries = o->tries == 0 ? TRIES_DEFAULT : o->tries;
    o->first_sequence = o->first_sequence == 0 ? 1 : o->first_sequence;
    if (o->panels > SIM_PANELS_MAX || o->first_sequence > DC09_SEQUENCE_MAX)
        return tc_fail(info, TC_E_LIMIT, "at most %d panels, sequences up to %d", SIM_PANELS_MAX,
                       DC09_SEQUENCE_MAX);
    TC_TRY(read_address(all, info));
    TC_TRY(read_steps(all, info));
    all->panels = calloc(o->panels, sizeof *all->panels);
    if (all->panels == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for %u panels", o->panels);
    for (unsigned i = 0; i < o->panels; i++) {
        all->count++;
        TC_TRY(init_panel(all, i, info));
    }
    if (o->run_ns == 0)
        return TC_OK;
    struct timeval run = {.tv_sec = o->run_ns / TC_NS_PER_S,
                          .tv_usec = o->run_ns % TC_NS_PER_S / TC_NS_PER_US};
    all->run_over = event_new(all->base, -1, 0, on_run_over, all);
    if (all->run_over == NULL || event_add(all->run_over, &run) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for a timer");
    return TC_OK;
}

enum tc_err sim_panels_new(struct event_base *base, const struct sim_panel_options *options,
                           struct sim_panels **ret, struct tc_errinfo *info)
{
    struct sim_panels *all = calloc(1, sizeof *all);
    if (all == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for panels");
    all->base = base;
    all->options = *options;
    enum tc_err err = init_all(all, info);
    if (err != TC_OK) {
        sim_panels_free(all);
        return err;
    }
    *ret = all;
    return TC_OK;
}

struct sim_panels *sim_panels_free(struct sim_panels *all)
{
    if (all == NULL)
        return NULL;
    for (unsigned i = 0; i < all->count; i++) {
        struct panel *p = &all->panels[i];
        drop_connection(p);
        if (p->timer != NULL)
            event_free(p->timer);
        tc_buf_done(&p->frame);
    }
    if (all->run_over != NULL)
        event_free(all->run_over);
    free(all->panels);
    free(all);
    return NULL;
}

const struct sim_panel_stats *sim_panels_stats(const struct sim_panels *all)
{
    return &all->stats;
}

bool sim_panels_finished(const struct sim_panels *all)
{
    return all->time_over || all->done == all->count;
}

bool sim_panels_all_acked(const struct sim_panels *all)
{
    uint64_t open = all->stats.sent - all->stats.acked;
    if (!all->time_over)
        return open == 0;
    /* The time ended in the middle: what each had just sent for the first time has no answer yet.
     */
    for (unsigned i = 0; i < all->count; i++) {
        const struct panel *p = &all->panels[i];
        open -= p->under_way && p->tries <= 1 && p->failures == 0 && open > 0;
    }
    return open == 0;
}
