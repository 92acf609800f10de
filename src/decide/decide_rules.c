/* SPDX-License-Identifier: Apache-2.0 */
/* The site's rules in their first form: which answer an event, and what they order. */
#include <stdio.h>

#include "base/check.h"
#include "decide/decide.h"

/* What a rule's actions are about. */
struct firing {
    const struct rule *rule;
    const struct record_entry *event;
    uint64_t incident; /* 0: the event raised no alarm */
    uint32_t zone;
    struct tc_wall at;
    const uint32_t *cameras; /* that cover the zone, nearest first */
    size_t cameras_count;
};

static void begin(struct record_entry *e, enum record_kind kind, const struct firing *f)
{
    entry_init(e, kind);
    if (f->incident != 0)
        entry_i64(e, RF_INCIDENT, (int64_t)f->incident);
    entry_str(e, RF_RULE, f->rule->id);
    entry_i64(e, RF_EVENT, (int64_t)f->event->seq);
    entry_text(e, RF_ZONE, entry_get_text(f->event, RF_ZONE));
    entry_text(e, RF_TEXT, entry_get_text(f->event, RF_TEXT));
}

/* An incident's camera has one clip: a rule makes it longer, never shorter. */
static void act_record(struct decide *d, const struct firing *f, const struct rule_action *a)
{
    for (size_t i = 0; i < f->cameras_count; i++) {
        const struct site_camera *c = &d->site->cameras[f->cameras[i]];
        struct incident *in = f->incident == 0 ? NULL : state_incident(d->state, f->incident);
        const struct incident_clip *clip =
            in == NULL ? NULL : incident_clip_find(in, tc_slice_str(c->id));
        int64_t end_ns = f->at.ns + (a->for_ns > 0 ? a->for_ns : c->record.post_ns);
        if (clip != NULL && clip->least_to.ns >= end_ns)
            continue;
        struct record_entry e;
        begin(&e, RK_COMMANDED, f);
        entry_str(&e, RF_VERB, clip == NULL ? "record" : "record_until");
        entry_str(&e, RF_CAMERA, c->id);
        entry_i64(&e, RF_AT, f->at.ns);
        entry_i64(&e, RF_FROM, f->at.ns - c->record.pre_ns);
        entry_i64(&e, RF_TO,
                  clip != NULL && clip->asked_to.ns > end_ns ? clip->asked_to.ns : end_ns);
        entry_i64(&e, RF_DUE, end_ns);
        if (clip != NULL)
            entry_i64(&e, RF_ACTION, (int64_t)clip->action);
        decide_emit(d, &e);
    }
}

static void act_bookmark(struct decide *d, const struct firing *f, const struct rule_action *a)
{
    (void)a;
    struct record_entry e;
    begin(&e, RK_BOOKMARK, f);
    if (f->cameras_count > 0) {
        const struct site_camera *c = &d->site->cameras[f->cameras[0]];
        entry_str(&e, RF_CAMERA, c->id);
        entry_i64(&e, RF_FROM, f->at.ns - c->record.pre_ns);
        entry_i64(&e, RF_TO, f->at.ns + c->record.post_ns);
    }
    entry_i64(&e, RF_AT, f->at.ns);
    decide_emit(d, &e);
}

static void act_notify(struct decide *d, const struct firing *f, const struct rule_action *a)
{
    struct record_entry e;
    begin(&e, RK_NOTIFIED, f);
    if (a->verb == RULE_NOTIFY_ROLE)
        entry_str(&e, RF_ROLE, site_role_name((enum site_role)a->target));
    else if (a->target < d->site->users_count)
        entry_str(&e, RF_USER, d->site->users[a->target].id);
    entry_i64(&e, RF_PRIORITY, entry_get_i64(f->event, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT));
    entry_i64(&e, RF_TYPE, entry_get_i64(f->event, RF_TYPE, 0));
    decide_emit(d, &e);
}

static const struct {
    enum rule_verb verb;
    void (*fn)(struct decide *d, const struct firing *f, const struct rule_action *a);
} acts[] = {
    {RULE_RECORD, act_record},
    {RULE_BOOKMARK, act_bookmark},
    {RULE_NOTIFY_ROLE, act_notify},
    {RULE_NOTIFY_USER, act_notify},
};

static void fire(struct decide *d, const struct firing *f)
{
    for (size_t i = 0; i < f->rule->actions_count; i++) {
        for (size_t k = 0; k < TC_COUNT(acts); k++) {
            if (acts[k].verb == f->rule->actions[i].verb)
                acts[k].fn(d, f, &f->rule->actions[i]);
        }
    }
}

void decide_rules(struct decide *d, const struct record_entry *event, uint64_t incident)
{
    uint32_t cameras[INCIDENT_CLIPS_MAX];
    struct firing f = {.event = event,
                       .incident = incident,
                       .zone = site_zone_find(d->site, entry_get_text(event, RF_ZONE)),
                       .at = {.ns = entry_get_i64(event, RF_AT, event->at.ns)},
                       .cameras = cameras};
    enum ev_type type = ev_type_by_number((uint32_t)entry_get_i64(event, RF_TYPE, 0));
    bool looked = false;
    for (size_t i = 0; i < d->site->rules_count && d->err == TC_OK; i++) {
        if (!rule_matches(&d->site->rules[i], type, f.zone))
            continue;
        if (!looked && f.zone != SITE_NONE)
            f.cameras_count = site_cameras_of_zone(d->site, f.zone, cameras, TC_COUNT(cameras));
        if (f.cameras_count > TC_COUNT(cameras))
            f.cameras_count = TC_COUNT(cameras);
        looked = true;
        f.rule = &d->site->rules[i];
        fire(d, &f);
    }
}
