/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to its alarm, from the alarm to its incident. */
#include <stdio.h>
#include <string.h>

#include "decide/decide.h"

/* What the event is about, read once from its entry. */
struct subject {
    enum ev_type type;
    enum ev_class class_;
    enum ev_state state;
    unsigned priority;
    struct tc_slice panel, point, zone, area, text;
    struct tc_wall at;
};

static struct subject subject_of(const struct record_entry *e)
{
    struct subject s = {
        .type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0)),
        .state = (enum ev_state)entry_get_i64(e, RF_STATE, EV_STATE_INSTANT),
        .priority = (unsigned)entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT),
        .panel = entry_get_text(e, RF_PANEL),
        .point = entry_get_text(e, RF_POINT),
        .zone = entry_get_text(e, RF_ZONE),
        .area = entry_get_text(e, RF_AREA),
        .text = entry_get_text(e, RF_TEXT),
        .at = {.ns = entry_get_i64(e, RF_AT, e->at.ns)},
    };
    s.class_ = ev_type_class(s.type);
    return s;
}

/* The alarm's zone and those adjacent to it, found once for all incidents that are looked at. */
struct near {
    const char *zones[SITE_ZONES_MAX];
    size_t count;
};

static void find_near(const struct site *site, struct tc_slice zone, struct near *ret)
{
    uint32_t index = site_zone_find(site, zone);
    ret->count = 0;
    for (size_t i = 0; index != SITE_NONE && i < site->adjacent_count; i++) {
        const struct site_adjacent *pair = &site->adjacent[i];
        if (pair->a == index || pair->b == index)
            ret->zones[ret->count++] = site->zones[pair->a == index ? pair->b : pair->a].id;
    }
}

static bool zone_is_near(const struct near *near, struct tc_slice zone, const char *other)
{
    bool meets = tc_slice_is(zone, other);
    for (size_t i = 0; !meets && i < near->count; i++)
        meets = strcmp(near->zones[i], other) == 0;
    return meets;
}

/* Does any alarm of the incident stand in the same or an adjacent zone? Without zones: of the same
 * panel. */
static bool incident_near(const struct incident *in, const struct subject *s,
                          const struct near *near)
{
    for (size_t i = 0; i < in->alarms_count; i++) {
        const struct incident_alarm *a = &in->alarms[i];
        if (s->zone.len == 0 && a->zone[0] == 0 && tc_slice_is(s->panel, a->panel) &&
            (s->panel.len > 0 || tc_slice_is(s->point, a->point)))
            return true;
        if (s->zone.len > 0 && a->zone[0] != 0 && zone_is_near(near, s->zone, a->zone))
            return true;
    }
    return false;
}

/* Nothing joins what somebody has decided already (it would close unseen), nor what is full.
 * Entries' times are those of the wall clock: one that was set back must not make the window
 * longer. */
static bool incident_takes_alarms(const struct incident *in, enum ev_class class_,
                                  struct tc_wall now)
{
    int64_t age_ns = now.ns - in->last_alarm_at.ns;
    return incident_is_open(in) && in->state != INCIDENT_RESOLVED && in->class_ == class_ &&
           in->alarms_count < INCIDENT_ALARMS_MAX && age_ns <= DECIDE_JOIN_NS &&
           age_ns >= -DECIDE_JOIN_NS;
}

/* The newest open incident that this alarm belongs to, or NULL. */
static struct incident *find_incident(const struct decide *d, const struct subject *s)
{
    const struct state *st = d->state;
    struct near near;
    find_near(d->site, s->zone, &near);
    for (size_t i = st->incidents_count; i-- > 0;) {
        struct incident *in = st->incidents[i];
        if (incident_takes_alarms(in, s->class_, d->input->at) && incident_near(in, s, &near))
            return in;
    }
    return NULL;
}

static uint64_t open_incident(struct decide *d, const struct subject *s,
                              const struct record_entry *event)
{
    uint64_t id = d->state->next_incident;
    struct record_entry e;
    entry_init(&e, RK_INCIDENT_OPENED);
    entry_i64(&e, RF_INCIDENT, (int64_t)id);
    entry_i64(&e, RF_TYPE, s->type);
    entry_i64(&e, RF_CLASS, s->class_);
    entry_i64(&e, RF_PRIORITY, s->priority);
    entry_text(&e, RF_ZONE, s->zone);
    entry_text(&e, RF_AREA, s->area);
    entry_text(&e, RF_PANEL, s->panel);
    int64_t sensed = entry_get_i64(event, RF_DEVICE_AT, 0);
    entry_i64(&e, RF_DEVICE_AT, sensed != 0 ? sensed : s->at.ns);
    entry_i64(&e, RF_RECEIVED_AT, entry_get_i64(event, RF_RECEIVED_AT, event->at.ns));
    decide_emit(d, &e);
    return id;
}

static void alarm_fields(struct record_entry *e, const struct subject *s,
                         const struct record_entry *event, uint64_t incident)
{
    entry_i64(e, RF_INCIDENT, (int64_t)incident);
    entry_i64(e, RF_TYPE, s->type);
    entry_i64(e, RF_STATE, s->state);
    entry_i64(e, RF_AT, s->at.ns);
    entry_i64(e, RF_EVENT, (int64_t)event->seq);
}

static void raise_alarm(struct decide *d, const struct subject *s, const struct record_entry *event)
{
    struct incident *in = find_incident(d, s);
    uint64_t id = in == NULL ? open_incident(d, s, event) : in->id;
    struct record_entry e;
    entry_init(&e, RK_ALARM_RAISED);
    alarm_fields(&e, s, event, id);
    entry_i64(&e, RF_ALARM, (int64_t)(d->state->last_seq + 1));
    entry_i64(&e, RF_PRIORITY, s->priority);
    entry_text(&e, RF_ZONE, s->zone);
    entry_text(&e, RF_AREA, s->area);
    entry_text(&e, RF_POINT, s->point);
    entry_text(&e, RF_PANEL, s->panel);
    entry_text(&e, RF_TEXT, s->text);
    decide_emit(d, &e);
    if (in != NULL) {
        entry_init(&e, RK_INCIDENT_JOINED);
        entry_i64(&e, RF_INCIDENT, (int64_t)id);
        entry_i64(&e, RF_ALARM, (int64_t)d->state->last_seq);
        decide_emit(d, &e);
    }
    decide_record(d, id, s->zone, s->at, s->state == EV_STATE_ACTIVE);
    decide_rules(d, event, id);
}

static void repeat_alarm(struct decide *d, const struct subject *s,
                         const struct record_entry *event, struct incident *in,
                         const struct incident_alarm *a)
{
    uint64_t id = in->id;
    struct record_entry e;
    entry_init(&e, RK_ALARM_REPEATED);
    alarm_fields(&e, s, event, id);
    entry_i64(&e, RF_ALARM, (int64_t)a->id);
    entry_i64(&e, RF_COUNT, (int64_t)a->count + 1);
    decide_emit(d, &e);
    decide_record_on(d, id, s->at, s->state == EV_STATE_ACTIVE);
}

/* All alarms normal again: the clips get their end, and an incident that has its outcome closes. */
static void settle(struct decide *d, uint64_t incident, struct tc_wall normal_at)
{
    struct incident *in = state_incident(d->state, incident);
    if (in == NULL || incident_is_active(in))
        return;
    decide_record_end(d, incident, normal_at);
    if (in->state != INCIDENT_RESOLVED)
        return;
    struct record_entry e;
    entry_init(&e, RK_CLOSED);
    entry_i64(&e, RF_INCIDENT, (int64_t)incident);
    entry_str(&e, RF_REASON, in->reason == NULL ? "" : in->reason);
    entry_str(&e, RF_OUTCOME, in->outcome);
    decide_emit(d, &e);
}

static void restore_alarm(struct decide *d, const struct subject *s,
                          const struct record_entry *event, struct incident *in,
                          const struct incident_alarm *a)
{
    uint64_t id = in->id;
    if (!a->active)
        return;
    struct record_entry e;
    entry_init(&e, RK_ALARM_NORMAL);
    alarm_fields(&e, s, event, id);
    entry_i64(&e, RF_ALARM, (int64_t)a->id);
    decide_emit(d, &e);
    settle(d, id, s->at);
}

void decide_event(struct decide *d, const struct record_entry *event)
{
    struct subject s = subject_of(event);
    struct incident *in = NULL;
    if (s.type == EV_NONE)
        return; /* unmapped: kept and shown, raises nothing by itself */
    const struct incident_alarm *open =
        state_alarm_find(d->state, s.type, s.panel, s.point, s.zone, &in);
    if (s.state == EV_STATE_RESTORED) {
        if (open != NULL)
            restore_alarm(d, &s, event, in, open);
    } else if (open != NULL) {
        repeat_alarm(d, &s, event, in, open);
    } else if (s.priority < EV_PRIORITY_LEAST_URGENT) {
        raise_alarm(d, &s, event);
    } else {
        decide_rules(d, event, 0);
    }
}
