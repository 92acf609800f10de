/* SPDX-License-Identifier: Apache-2.0 */
/* One end of a message link between two processes: a SOCK_SEQPACKET socket on the event loop.
 *
 * Sending copies the message into a queue and returns; the queue leaves in batches (sendmmsg) when
 * the loop comes round, so a burst costs few calls. Receiving reads in batches and hands each
 * message to the handler table. A message that the table of messages.h does not allow (sender,
 * receiver, size, text, descriptors) is refused: the link is closed and on_closed is told, for a
 * peer that breaks the table is not to be trusted further. Invariants: handlers run on the loop's
 * thread; descriptors that a handler does not take are closed after it; a channel may be closed
 * (channel_free) from within a handler or on_closed. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "runtime/messages.h"

struct channel;
struct event_base;

/* A received message; BODY, TAIL and FDS are borrowed and valid until the handler returns. */
struct msg {
    const struct msg_row *row;
    const void *body; /* the row's struct, aligned */
    struct tc_slice tail;
    int *fds;
    unsigned fds_count;
};

typedef void channel_handler_fn(void *ctx, struct channel *from, struct msg *m);

/* A dispatch table ends with a row of type 0. */
struct channel_handler {
    uint16_t type;
    channel_handler_fn *fn;
};

struct channel_ops {
    const struct channel_handler *handlers;
    /* The link is gone: the peer died, or broke the table (err TC_E_FORMAT, text says how). Told
     * once. */
    void (*on_closed)(void *ctx, struct channel *c, const struct tc_errinfo *why);
    /* The queue, which had been over half full, is empty again. May be NULL. */
    void (*on_drained)(void *ctx, struct channel *c);
};

struct channel_options {
    enum tc_role self;
    enum tc_role peer;
    unsigned peer_instance;
    size_t queue_max_bytes; /* 0: 8 MiB */
};

/* A connected pair for two processes. Both ends close-on-exec, non-blocking. */
enum tc_err channel_pair(int ret_fds[2], struct tc_errinfo *info) TC_MUST_USE;

/* Takes FD (also when it fails: closed then). OPS and CTX must outlive the channel. */
enum tc_err channel_new(struct event_base *base, int fd, const struct channel_options *options,
                        const struct channel_ops *ops, void *ctx, struct channel **ret,
                        struct tc_errinfo *info) TC_MUST_USE;
/* Sends what is queued if the socket takes it, closes. NULL is fine; returns NULL. */
struct channel *channel_free(struct channel *c);

/* Queues a message: BODY is the row's struct (asserted: our own table), TAIL may be empty, FDS are
 * duplicated. TC_E_LIMIT when the queue is full, TC_E_CLOSED when the link is gone; nothing is
 * queued then. */
enum tc_err channel_send(struct channel *c, enum msg_type type, const void *body,
                         struct tc_slice tail) TC_MUST_USE;
enum tc_err channel_send_fds(struct channel *c, enum msg_type type, const void *body,
                             struct tc_slice tail, const int *fds, unsigned fds_count) TC_MUST_USE;
/* Sends what is queued now, without waiting for the loop; what the socket does not take stays
 * queued. */
void channel_flush(struct channel *c);

/* The handler keeps descriptor INDEX of M: returns it, and the channel no longer closes it. */
int msg_take_fd(struct msg *m, unsigned index);

/* Who is at the other end; what waits to be sent to it; false when it is gone or broke the table's
 * law. */
enum tc_role channel_peer(const struct channel *c);
unsigned channel_peer_instance(const struct channel *c);
size_t channel_queued_bytes(const struct channel *c);
bool channel_is_open(const struct channel *c);
