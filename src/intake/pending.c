/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

_Static_assert((PENDING_MAX & (PENDING_MAX - 1)) == 0, "a power of two");

static struct pending *slot(struct pending_ring *r, uint64_t id)
{
    return &r->slots[id & (PENDING_MAX - 1)];
}

enum tc_err pending_init(struct pending_ring *r, uint64_t first_id)
{
    *r = (struct pending_ring){.first = first_id + 1, .unsent = first_id + 1, .next = first_id + 1};
    r->slots = calloc(PENDING_MAX, sizeof *r->slots);
    return r->slots == NULL ? TC_E_NOMEM : TC_OK;
}

void pending_done(struct pending_ring *r)
{
    for (size_t i = 0; r->slots != NULL && i < PENDING_MAX; i++)
        free(r->slots[i].tail_far);
    free(r->slots);
    r->slots = NULL;
}

struct pending *pending_add(struct pending_ring *r, const struct msg_signal *body,
                            struct tc_slice tail)
{
    if (pending_is_full(r))
        return NULL;
    struct pending *p = slot(r, r->next);
    TC_ASSERT(!p->used);
    uint8_t *at = p->tail_near;
    if (tail.len > PENDING_TAIL_BYTES) {
        p->tail_far = malloc(tail.len);
        if (p->tail_far == NULL)
            return NULL;
        at = p->tail_far;
    }
    if (tail.len > 0)
        memcpy(at, tail.ptr, tail.len);
    p->tail_len = (uint32_t)tail.len;
    p->body = *body;
    p->body.id = r->next++;
    p->ack_len = 0;
    p->used = true;
    r->count++;
    return p;
}

struct pending *pending_find(struct pending_ring *r, uint64_t id)
{
    if (id < r->first || id >= r->next)
        return NULL;
    struct pending *p = slot(r, id);
    return p->used ? p : NULL;
}

void pending_remove(struct pending_ring *r, struct pending *p)
{
    TC_ASSERT(p->used);
    free(p->tail_far);
    p->tail_far = NULL;
    p->used = false;
    r->count--;
    while (r->first < r->next && !slot(r, r->first)->used)
        r->first++;
    if (r->unsent < r->first)
        r->unsent = r->first;
}

struct pending *pending_unsent(struct pending_ring *r)
{
    while (r->unsent < r->next && !slot(r, r->unsent)->used)
        r->unsent++;
    return r->unsent < r->next ? slot(r, r->unsent) : NULL;
}

void pending_sent(struct pending_ring *r)
{
    TC_ASSERT(r->unsent < r->next);
    r->unsent++;
}

void pending_resend(struct pending_ring *r)
{
    r->unsent = r->first;
}
