/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that core has not called durable yet: whom to answer, with what, and the message itself,
 * so that it can be sent again to a core that was restarted.
 *
 * A ring of PENDING_MAX slots by running number. Invariants: first <= unsent <= next <= first +
 * PENDING_MAX; every slot outside [first, next) is free; slot `first` is used unless the ring is
 * empty; all before `unsent` were handed to the link that is up now. Nothing is allocated per
 * signal unless its tail is over PENDING_TAIL_BYTES. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "runtime/messages.h"

enum {
    PENDING_MAX = 8192, /* a power of two */
    PENDING_TAIL_BYTES = 512,
    PENDING_ACK_BYTES = 64, /* the longest ACK frame is 55 bytes */
};

struct pending {
    bool used;
    uint8_t ack_len;
    uint32_t conn; /* slot and generation of the connection it came on */
    uint32_t conn_generation;
    uint32_t tail_len;
    uint8_t *tail_far; /* a tail over PENDING_TAIL_BYTES, on the heap */
    struct msg_signal body;
    uint8_t ack[PENDING_ACK_BYTES];
    uint8_t tail_near[PENDING_TAIL_BYTES];
};

struct pending_ring {
    struct pending *slots;
    uint64_t first, unsent, next;
    size_t count;
};

/* An empty ring with room for PENDING_MAX; ids run from FIRST_ID (a multiple of PENDING_MAX, or 0)
 * + 1 on. TC_E_NOMEM. */
enum tc_err pending_init(struct pending_ring *r, uint64_t first_id) TC_MUST_USE;
void pending_done(struct pending_ring *r);

static inline bool pending_is_full(const struct pending_ring *r)
{
    return r->next - r->first == PENDING_MAX;
}

/* Takes a copy of BODY (its id becomes the running number) and TAIL. NULL when full or without
 * memory; the ring is unchanged then. The caller fills conn and ack. */
struct pending *pending_add(struct pending_ring *r, const struct msg_signal *body,
                            struct tc_slice tail);
/* The signal with this id, NULL when there is none (any more). */
struct pending *pending_find(struct pending_ring *r, uint64_t id);
void pending_remove(struct pending_ring *r, struct pending *p);
/* The first that the link has not taken yet, NULL at the end; and: the link took it. */
struct pending *pending_unsent(struct pending_ring *r);
void pending_sent(struct pending_ring *r);
/* A new link: everything is to be sent to it. */
void pending_resend(struct pending_ring *r);

static inline struct tc_slice pending_tail(const struct pending *p)
{
    return tc_slice(p->tail_far != NULL ? p->tail_far : p->tail_near, p->tail_len);
}
