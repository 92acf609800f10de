/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask for. Whether they may was decided by core before the entry was made; here it is
 * decided whether the incident's state allows it. */
#include <string.h>

#include "base/check.h"
#include "decide/decide.h"

static void answer(struct decide *d, enum record_kind kind, const struct record_entry *wish,
                   struct record_entry *e)
{
    entry_init(e, kind);
    entry_i64(e, RF_INCIDENT, entry_get_i64(wish, RF_INCIDENT, 0));
    entry_text(e, RF_USER, entry_get_text(wish, RF_USER));
    (void)d;
}

static void refuse(struct decide *d, const struct record_entry *wish, const char *why,
                   const char *owner)
{
    struct record_entry e;
    entry_init(&e, RK_REFUSED);
    entry_i64(&e, RF_INCIDENT, entry_get_i64(wish, RF_INCIDENT, 0));
    entry_str(&e, RF_USER, owner);
    entry_str(&e, RF_OUTCOME, why);
    decide_emit(d, &e);
}

static void pick_up(struct decide *d, const struct record_entry *wish, const struct incident *in)
{
    struct record_entry e;
    struct tc_slice user = entry_get_text(wish, RF_USER);
    if (in->state == INCIDENT_PICKED_UP && tc_slice_is(user, in->owner))
        return; /* has it already: the second click of the same person is no error */
    if (in->state == INCIDENT_PICKED_UP || in->state == INCIDENT_RESOLVED) {
        refuse(d, wish, DECIDE_REFUSED_OWNED, in->owner);
        return;
    }
    answer(d, RK_PICKED_UP, wish, &e);
    decide_emit(d, &e);
}

/* With an alarm still active the outcome is kept and the incident closes when all is normal, unless
 * forced. */
static void close_incident(struct decide *d, const struct record_entry *wish,
                           const struct incident *in)
{
    struct record_entry e;
    bool forced = entry_get_i64(wish, RF_FORCED, 0) != 0;
    bool waits = incident_is_active(in) && !forced;
    uint64_t id = in->id;
    answer(d, waits ? RK_RESOLVED : RK_CLOSED, wish, &e);
    entry_text(&e, RF_OUTCOME, entry_get_text(wish, RF_OUTCOME));
    entry_text(&e, RF_REASON, entry_get_text(wish, RF_REASON));
    if (forced && incident_is_active(in))
        entry_i64(&e, RF_FORCED, 1);
    if (!waits && incident_is_active(in))
        decide_record_end(d, id, d->input->at);
    decide_emit(d, &e);
}

static void add_note(struct decide *d, const struct record_entry *wish, const struct incident *in)
{
    struct record_entry e;
    (void)in;
    answer(d, RK_NOTED, wish, &e);
    entry_text(&e, RF_TEXT, entry_get_text(wish, RF_TEXT));
    decide_emit(d, &e);
}

static void reach_phase(struct decide *d, const struct record_entry *wish,
                        const struct incident *in)
{
    struct record_entry e;
    enum incident_phase phase =
        wish->kind == RK_OP_SHOWN ? INCIDENT_PHASE_SHOWN : INCIDENT_PHASE_VIEWED;
    if (in->phases[phase].ns != 0)
        return;
    answer(d, RK_PHASE, wish, &e);
    entry_i64(&e, RF_PHASE, phase);
    entry_i64(&e, RF_AT, wish->at.ns);
    decide_emit(d, &e);
}

static const struct {
    uint16_t kind;
    bool closed_too; /* may be asked of a closed incident */
    void (*fn)(struct decide *d, const struct record_entry *wish, const struct incident *in);
} wishes[] = {
    {RK_OP_PICKUP, false, pick_up},    {RK_OP_CLOSE, false, close_incident},
    {RK_OP_NOTE, true, add_note},      {RK_OP_SHOWN, true, reach_phase},
    {RK_OP_VIEWED, true, reach_phase},
};

void decide_operator(struct decide *d, const struct record_entry *wish)
{
    struct incident *in = state_incident(d->state, (uint64_t)entry_get_i64(wish, RF_INCIDENT, 0));
    for (size_t i = 0; i < TC_COUNT(wishes); i++) {
        if (wishes[i].kind != wish->kind)
            continue;
        if (in == NULL)
            refuse(d, wish, DECIDE_REFUSED_UNKNOWN, "");
        else if (!incident_is_open(in) && !wishes[i].closed_too)
            refuse(d, wish, DECIDE_REFUSED_CLOSED, in->owner);
        else
            wishes[i].fn(d, wish, in);
    }
}
