/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/incident_reprint.h"

#include <stdlib.h>
#include <string.h>

static void drop_event(struct incident_reprint *p)
{
    free(p->event_text);
    p->event_text = NULL;
    p->event = (struct incident_event){0};
}

void incident_reprint_done(struct incident_reprint *p)
{
    drop_event(p);
    incident_done(&p->in);
}

void incident_reprint_begin(void *reprint)
{
    struct incident_reprint *p = reprint;
    incident_reprint_done(p);
    incident_init(&p->in);
}

static enum tc_err keep_event(struct incident_reprint *p, const struct record_entry *e)
{
    struct tc_slice text = entry_get_text(e, RF_TEXT);
    drop_event(p);
    if (text.len > 0) {
        p->event_text = strndup((const char *)text.ptr, text.len);
        if (p->event_text == NULL)
            return TC_E_NOMEM;
    }
    incident_event_of(e, &p->event);
    return TC_OK;
}

static enum tc_err note_durable(struct incident_reprint *p, const struct record_entry *e)
{
    struct tc_wall *at = &p->in.phases[INCIDENT_PHASE_DURABLE];
    if (at->ns == 0 && (uint64_t)entry_get_i64(e, RF_UPTO, 0) >= p->in.opened_seq)
        at->ns = entry_get_i64(e, RF_AT, e->at.ns);
    return TC_OK;
}

enum tc_err incident_reprint_entry(void *reprint, const struct record_entry *e)
{
    struct incident_reprint *p = reprint;
    if (e->kind == RK_EVENT)
        return keep_event(p, e);
    if (e->kind == RK_DURABLE)
        return note_durable(p, e);
    TC_TRY(incident_apply(&p->in, e));
    if (!incident_takes_event(e) || p->event.id == 0 ||
        (uint64_t)entry_get_i64(e, RF_EVENT, 0) != p->event.id)
        return TC_OK;
    return incident_add_event(&p->in, &p->event, tc_slice_str(p->event_text));
}

enum tc_err incident_reprint_print(void *reprint, bool full, struct tc_json *j)
{
    struct incident_reprint *p = reprint;
    /* Not every repetition was given, but each alarm's last one counts them all. */
    p->in.signals = p->in.alarms_more;
    for (size_t i = 0; i < p->in.alarms_count; i++)
        p->in.signals += p->in.alarms[i].count;
    return incident_print(&p->in, p->site, full, j);
}
