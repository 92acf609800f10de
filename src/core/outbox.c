/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for the commit of what they tell. In the batch's outbox each stands as a head,
 * the body, the tail. A peer that is away misses them: it asks again, or is told again, when its
 * link is back. */
#include "base/check.h"
#include "core/internal.h"
#include "runtime/log.h"

struct letter {
    uint32_t to; /* enum tc_role */
    uint32_t type;
    uint32_t body_bytes;
    uint32_t tail_bytes;
    uint32_t instance; /* of capture */
    uint32_t reserved;
};

static uint32_t instance_of(enum msg_type type, const void *body)
{
    return type == MSG_WATCH ? ((const struct msg_watch *)body)->camera / CORE_CAMERAS_PER_SHARD
                             : 0;
}

void outbox_send(struct core *c, enum tc_role to, enum msg_type type, const void *body,
                 struct tc_slice tail)
{
    const struct msg_row *row = msg_row(type);
    struct letter l = {.to = to,
                       .type = type,
                       .body_bytes = row->body_bytes,
                       .tail_bytes = (uint32_t)tail.len,
                       .instance = instance_of(type, body)};
    struct tc_buf *out = &c->filling->outbox;
    tc_buf_add(out, &l, sizeof l);
    tc_buf_add(out, body, row->body_bytes);
    tc_buf_add_slice(out, tail);
    if (out->err != TC_OK) {
        struct tc_errinfo info = {0};
        (void)tc_fail(&info, out->err, "more messages wait for one commit than there is room for");
        core_fail(c, "outbox", &info);
    }
    commit_kick(c);
}

void outbox_ack(struct core *c, uint64_t signal_id)
{
    struct batch *b = c->filling;
    if (b->acks_count < CORE_ACKS_MAX)
        b->acks[b->acks_count++] = signal_id;
    else
        log_warn("an acknowledgement too many for one commit; the panel will send again");
}

static void deliver_acks(struct core *c, struct batch *b)
{
    struct channel *intake = process_link(c->p, TC_ROLE_INTAKE);
    for (size_t at = 0; intake != NULL && at < b->acks_count;) {
        size_t n = b->acks_count - at;
        if (n > MSG_DURABLE_IDS_MAX)
            n = MSG_DURABLE_IDS_MAX;
        struct msg_signal_durable durable = {.count = (uint32_t)n};
        if (channel_send(intake, MSG_SIGNAL_DURABLE, &durable,
                         tc_slice(b->acks + at, n * sizeof b->acks[0])) != TC_OK)
            log_warn("intake does not take acknowledgements; it will ask again");
        at += n;
    }
    if (intake != NULL && b->acks_count > 0)
        channel_flush(intake);
}

static void deliver_one(struct core *c, const struct letter *l, const uint8_t *body)
{
    struct channel *to = l->to == TC_ROLE_SUPERVISOR ? process_control(c->p)
                         : l->to == TC_ROLE_CAPTURE
                             ? process_link_instance(c->p, TC_ROLE_CAPTURE, l->instance)
                             : process_link(c->p, (enum tc_role)l->to);
    if (to == NULL) {
        log_debug("no link to %s, a message of type %u is dropped",
                  tc_role_name((enum tc_role)l->to), l->type);
        return;
    }
    enum tc_err err = channel_send(to, (enum msg_type)l->type, body,
                                   tc_slice(body + l->body_bytes, l->tail_bytes));
    if (err == TC_OK)
        return;
    log_warn("a message of type %u to %s: %s", l->type, tc_role_name((enum tc_role)l->to),
             tc_err_text(err));
    /* Web would miss a change, archive an order: with a new link both get what they need again. */
    if (l->to == TC_ROLE_WEB || l->to == TC_ROLE_ARCHIVE)
        process_link_renew(c->p, (enum tc_role)l->to, 0);
}

void outbox_deliver(struct core *c, struct batch *b)
{
    deliver_acks(c, b);
    size_t at = 0;
    while (at < b->outbox.len) {
        struct letter l;
        memcpy(&l, b->outbox.data + at, sizeof l);
        at += sizeof l;
        TC_ASSERT(b->outbox.len - at >= (size_t)l.body_bytes + l.tail_bytes);
        deliver_one(c, &l, b->outbox.data + at);
        at += (size_t)l.body_bytes + l.tail_bytes;
    }
    if (c->changes_lost) {
        log_warn("more changed at once than the screens can be told; they begin anew");
        c->changes_lost = false;
        process_link_renew(c->p, TC_ROLE_WEB, 0);
    }
}
