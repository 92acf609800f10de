/* SPDX-License-Identifier: Apache-2.0 */
/* The DC-09 receiver: connections of panels, their frames, and the acknowledgements that core's
 * durability earns.
 *
 * It works on an event loop and the sockets it is given; core, faults and clocks are behind struct
 * receiver_ops, so that tests can be all three. Limits: RECEIVER_CONNS_MAX connections of one input
 * buffer each, CONN_OUTSTANDING_MAX signals per connection and PENDING_MAX in all that wait for
 * core; beyond them it stops reading, so that panels feel the pressure and nothing is dropped.
 * Invariant: a signal is acknowledged only after `receiver_durable` named it. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/time.h"
#include "model/site.h"
#include "runtime/messages.h"

enum {
    RECEIVER_CONNS_MAX = 4096,
    RECEIVER_LISTENS_MAX = 64,
    CONN_OUTSTANDING_MAX = 32,
    PANEL_SIGNALS_PER_S =
        2000, /* of one account on all its connections, and as many at once; beyond it waits */
    CONN_JUNK_BYTES_MAX = 65536, /* garbage without one good frame: then it is closed */
    CONN_FIRST_FRAME_S =
        30, /* a new connection shows a good frame of a known account within this */
    CONN_WHOLE_FRAME_S = 15,   /* a frame that has begun ends within this */
    CONN_STUCK_S = 60,         /* half-closed, or not taking our replies */
    RECEIVER_ASK_AGAIN_S = 30, /* a signal not durable after this is sent to core again */
    CONN_IDLE_S = 25 * 3600,   /* more than the longest usual supervision interval, a day */
};

struct event_base;
struct receiver;

struct receiver_ops {
    /* Hands a signal to core. TC_E_LIMIT or TC_E_CLOSED: not taken, will be tried again
     * (receiver_link_*). */
    enum tc_err (*send)(void *ctx, const struct msg_signal *body, struct tc_slice tail);
    /* Something that a person must see; held back by the callee. TYPE is an enum ev_type. */
    void (*fault)(void *ctx, unsigned type, const char *item, const char *text);
    struct tc_wall (*wall)(void *ctx);
    struct tc_mono (*mono)(void *ctx);
    void *ctx;
    /* Signals' ids run from here on: different at each start of the process, so that core's answers
     * to the one before, still on their way, name none of this one's. */
    uint64_t first_id;
};

/* SITE is sealed; SITE, OPS' ctx and BASE outlive the receiver. */
enum tc_err receiver_new(struct event_base *base, const struct site *site,
                         const struct receiver_ops *ops, struct receiver **ret,
                         struct tc_errinfo *info) TC_MUST_USE;
/* Closes everything; NULL is fine; returns NULL. */
struct receiver *receiver_free(struct receiver *r);

/* Accepts on FD (listening, non-blocking; taken, also when it fails) as the site's receiver INDEX,
 * called NAME in faults. */
enum tc_err receiver_listen(struct receiver *r, int fd, uint32_t index, const char *name,
                            struct tc_errinfo *info) TC_MUST_USE;

/* There is a link to core: all that is not durable is sent (again). */
void receiver_link_up(struct receiver *r);
/* The link takes messages again. */
void receiver_link_drained(struct receiver *r);
/* Core says that the COUNT signals with these ids are durable. */
void receiver_durable(struct receiver *r, const uint64_t *ids, size_t count);

/* Time-outs; once a second is right. */
void receiver_sweep(struct receiver *r);

size_t receiver_conns(const struct receiver *r);
size_t receiver_waiting(const struct receiver *r);
/* OpenMetrics lines. */
void receiver_metrics(const struct receiver *r, struct tc_buf *out);
