/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on their way to core: joined per thing and state, held back to one a second, kept while
 * core is away. */
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/log.h"
#include "runtime/process_internal.h"

static bool same_fault(const struct msg_fault *a, const struct msg_fault *b)
{
    return a->type == b->type && a->active == b->active && strcmp(a->item, b->item) == 0;
}

/* The slot of this fault, a free one, or the one that was sent longest ago with nothing left to
 * say. */
static struct fault_slot *fault_slot(struct process *p, const struct msg_fault *f)
{
    struct fault_slot *best = NULL;
    for (size_t i = 0; i < FAULT_SLOTS; i++) {
        struct fault_slot *s = &p->faults[i];
        if (s->used && same_fault(&s->fault, f))
            return s;
        if (s->used && s->unsent > 0)
            continue;
        if (best == NULL || !s->used || (best->used && s->sent_at.ns < best->sent_at.ns))
            best = s;
    }
    if (best != NULL)
        *best = (struct fault_slot){.used = true};
    return best;
}

/* Does the other state of the same thing, which came before, still wait? Core must hear the last
 * one last. */
static bool waits_for_other(const struct process *p, const struct fault_slot *s)
{
    for (size_t i = 0; s->fault.active < 2 && i < FAULT_SLOTS; i++) {
        const struct fault_slot *other = &p->faults[i];
        if (other->used && other->unsent > 0 && other->order < s->order &&
            other->fault.active == !s->fault.active && other->fault.type == s->fault.type &&
            strcmp(other->fault.item, s->fault.item) == 0)
            return true;
    }
    return false;
}

static void try_send(struct process *p, struct fault_slot *s)
{
    struct channel *core = process_link(p, TC_ROLE_CORE);
    struct tc_mono now = clock_mono();
    if (core == NULL || !p->started || s->unsent == 0 || waits_for_other(p, s))
        return;
    if (s->sent_at.ns != 0 && now.ns - s->sent_at.ns < TC_NS_PER_S)
        return;
    s->fault.count = s->unsent;
    if (channel_send(core, MSG_FAULT, &s->fault, tc_slice(NULL, 0)) != TC_OK)
        return;
    s->sent_at = now;
    s->unsent = 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    process_faults_resend(arg);
    process_links_ask(arg);
}

/* Twice over: the first may set free what the second sends. */
void process_faults_resend(struct process *p)
{
    for (size_t i = 0; i < 2 * FAULT_SLOTS; i++) {
        if (p->faults[i % FAULT_SLOTS].used)
            try_send(p, &p->faults[i % FAULT_SLOTS]);
    }
}

void process_faults_init(struct process *p)
{
    struct timeval every = {.tv_sec = 1};
    p->fault_tick = event_new(p->base, -1, EV_PERSIST, on_tick, p);
    if (p->fault_tick != NULL)
        (void)event_add(p->fault_tick, &every);
}

void process_fault(struct process *p, unsigned type, unsigned active, const char *item,
                   const char *fmt, ...)
{
    struct msg_fault f = {.type = (uint16_t)type, .active = (uint8_t)active};
    tc_slice_to_str_cut(tc_slice_str(item), f.item, sizeof f.item);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f.text, sizeof f.text, fmt, args);
    va_end(args);
    struct fault_slot *s = fault_slot(p, &f);
    if (s == NULL) {
        log_error("%s: %s (and too many other faults wait for core)", f.item, f.text);
        return;
    }
    if (s->unsent == 0 && active != 0)
        log_warn("%s: %s", f.item, f.text);
    s->fault = f;
    s->unsent++;
    s->order = ++p->faults_order;
    try_send(p, s);
}
