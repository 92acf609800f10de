/* SPDX-License-Identifier: Apache-2.0 */
/* What changed, as rows for the screens: one message per signal, event, bookmark and notice;
 * incidents and cameras once per commit, in their state at its end. Nothing is made while nobody
 * watches: a screen that comes later reads the lists first and asks for what it missed. */
#include "base/check.h"
#include "core/internal.h"
#include "record/rows.h"
#include "runtime/log.h"

static void send_change(struct core *c, uint64_t seq, const char *kind, struct tc_buf *json)
{
    struct msg_change change = {.seq = seq};
    tc_slice_to_str_cut(tc_slice_str(kind), change.kind, sizeof change.kind);
    if (json->err != TC_OK) {
        log_error("a change of kind %s at entry %llu is too long for the screens", kind,
                  (unsigned long long)seq);
        return;
    }
    c->changes_lost =
        c->changes_lost || c->filling->outbox.len > CORE_OUTBOX_BYTES_MAX - CORE_OUTBOX_SPARE_BYTES;
    if (!c->changes_lost)
        outbox_send(c, TC_ROLE_WEB, MSG_CHANGE, &change, tc_buf_view(json));
}

static void mark_dirty(struct core *c, uint64_t incident)
{
    if (incident == 0)
        return;
    for (size_t i = c->dirty_count; i-- > 0;) {
        if (c->dirty[i] == incident)
            return;
    }
    if (c->dirty_count < CORE_DIRTY_MAX)
        c->dirty[c->dirty_count++] = incident;
    else
        c->dirty_all = true;
}

/* A commit gives its incidents their durable phase; the entry that says so names none of them. */
static void mark_durable(struct core *c, uint64_t upto)
{
    size_t left = c->state.undurable;
    for (size_t i = c->state.incidents_count; i-- > 0 && left > 0;) {
        const struct incident *in = c->state.incidents[i];
        if (in->phases[INCIDENT_PHASE_DURABLE].ns != 0)
            continue;
        left--;
        if (in->opened_seq <= upto)
            mark_dirty(c, in->id);
    }
}

void changes_note(struct core *c, const struct record_entry *e)
{
    if (c->watchers_count == 0)
        return;
    if (e->kind == RK_DURABLE)
        mark_durable(c, (uint64_t)entry_get_i64(e, RF_UPTO, 0));
    mark_dirty(c, (uint64_t)entry_get_i64(e, RF_INCIDENT, 0));
    if (record_row_name(e->kind) == NULL)
        return;
    TC_CLEANUP(tc_buf_done) struct tc_buf json;
    tc_buf_init(&json, 49152);
    struct tc_json j = tc_json(&json);
    record_row_to_json(e, &c->site, &j);
    send_change(c, e->seq, record_row_name(e->kind), &json);
}

static void send_incident(struct core *c, const struct incident *in)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf json;
    tc_buf_init(&json, 49152);
    struct tc_json j = tc_json(&json);
    if (incident_print(in, &c->site, false, &j) == TC_OK)
        send_change(c, c->state.last_seq, "incident", &json);
    for (size_t i = 0; i < in->alarms_count; i++) {
        tc_buf_clear(&json);
        j = tc_json(&json);
        incident_alarm_print(in, &in->alarms[i], &c->site, &j);
        send_change(c, c->state.last_seq, "alarm", &json);
    }
}

void changes_seal(struct core *c)
{
    if (c->changes_lost) {
        c->dirty_count = 0;
        c->dirty_all = false;
    }
    /* More incidents at once than the list holds: then all that are open. */
    for (size_t i = 0; c->dirty_all && i < c->state.incidents_count; i++) {
        if (incident_is_open(c->state.incidents[i]))
            send_incident(c, c->state.incidents[i]);
    }
    for (size_t i = 0; !c->dirty_all && i < c->dirty_count; i++) {
        const struct incident *in = state_incident(&c->state, c->dirty[i]);
        if (in != NULL)
            send_incident(c, in);
    }
    c->dirty_count = 0;
    c->dirty_all = false;
}
