/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of entry does to the state. Nothing here decides: it takes the entry's word. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/check.h"
#include "decide/state_internal.h"

static struct tc_wall wall_field(const struct record_entry *e, enum record_field tag)
{
    return (struct tc_wall){.ns = entry_get_i64(e, tag, 0)};
}

static enum tc_err fold_start(struct state *s, const struct record_entry *e)
{
    s->boot = e->boot;
    return TC_OK;
}

static enum tc_err fold_config(struct state *s, const struct record_entry *e)
{
    struct tc_slice hash = entry_get_bytes(e, RF_HASH);
    if (hash.len == sizeof s->config_hash)
        memcpy(s->config_hash, hash.ptr, hash.len);
    return TC_OK;
}

static enum tc_err fold_signal(struct state *s, const struct record_entry *e)
{
    struct tc_slice id = entry_get_text(e, RF_PANEL);
    struct tc_slice digest = entry_get_bytes(e, RF_DIGEST);
    if (id.len == 0)
        return TC_OK;
    struct state_panel *p = state_panel_find(s, id);
    if (p == NULL) {
        p = TC_ARRAY_ADD(s, panels);
        if (p == NULL)
            return TC_E_NOMEM;
        tc_slice_to_str_cut(id, p->id, sizeof p->id);
        TC_TRY(state_index_panel(s, s->panels_count - 1));
    }
    p->last_heard_at = wall_field(e, RF_RECEIVED_AT);
    if (digest.len != sizeof p->digests[0].digest || entry_has(e, RF_DUPLICATE_OF))
        return TC_OK;
    struct state_digest *d = &p->digests[p->next];
    p->next = (p->next + 1) % STATE_DIGESTS;
    memcpy(d->digest, digest.ptr, digest.len);
    d->seq = e->seq;
    d->received_at = p->last_heard_at;
    return TC_OK;
}

static enum tc_err fold_point(struct state *s, const struct record_entry *e)
{
    struct tc_slice panel = entry_get_text(e, RF_PANEL);
    struct tc_slice point = entry_get_text(e, RF_POINT);
    if (panel.len == 0 || point.len == 0)
        return TC_OK;
    struct state_point *p = state_point_find(s, panel, point);
    if (p == NULL) {
        if (s->points_count == STATE_POINTS_MAX)
            return TC_OK;
        p = TC_ARRAY_ADD(s, points);
        if (p == NULL)
            return TC_E_NOMEM;
        tc_slice_to_str_cut(panel, p->panel, sizeof p->panel);
        tc_slice_to_str_cut(point, p->point, sizeof p->point);
        TC_TRY(tc_map_add(&s->point_map,
                          state_point_hash(tc_slice_str(p->panel), tc_slice_str(p->point)),
                          (uint32_t)(s->points_count - 1)));
    }
    tc_slice_to_str_cut(entry_get_text(e, RF_ZONE), p->zone, sizeof p->zone);
    p->type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    p->state = (enum ev_state)entry_get_i64(e, RF_STATE, EV_STATE_INSTANT);
    p->last_at = wall_field(e, RF_AT);
    return TC_OK;
}

/* An event of opening or closing that names an area. */
static enum tc_err fold_area(struct state *s, const struct record_entry *e)
{
    struct tc_slice id = entry_get_text(e, RF_AREA);
    enum ev_type type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    bool opens = type == EV_AREA_OPENING || type == EV_AREA_DISARMED || type == EV_AREA_EARLY_OPEN;
    bool closes = type == EV_AREA_CLOSING || type == EV_AREA_ARMED || type == EV_AREA_LATE_CLOSE;
    if (id.len == 0 || (!opens && !closes))
        return TC_OK;
    struct state_area *a = state_area_find(s, id);
    if (a == NULL) {
        a = TC_ARRAY_ADD(s, areas);
        if (a == NULL)
            return TC_E_NOMEM;
        tc_slice_to_str_cut(id, a->id, sizeof a->id);
    }
    a->state = opens ? AREA_DISARMED : AREA_ARMED_AWAY;
    a->since = wall_field(e, RF_AT);
    return TC_OK;
}

static enum tc_err fold_event(struct state *s, const struct record_entry *e)
{
    incident_event_of(e, &s->event);
    struct tc_slice text = entry_get_text(e, RF_TEXT);
    free(s->event_text);
    s->event_text = text.len == 0 ? NULL : strndup((const char *)text.ptr, text.len);
    if (text.len > 0 && s->event_text == NULL)
        return TC_E_NOMEM;
    TC_TRY(fold_point(s, e));
    return fold_area(s, e);
}

static enum tc_err fold_camera(struct state *s, const struct record_entry *e)
{
    struct tc_slice id = entry_get_text(e, RF_CAMERA);
    struct state_camera *c = state_camera_find(s, id);
    if (c == NULL) {
        c = TC_ARRAY_ADD(s, cameras);
        if (c == NULL)
            return TC_E_NOMEM;
        tc_slice_to_str_cut(id, c->id, sizeof c->id);
    }
    c->what = (uint32_t)entry_get_i64(e, RF_STATE, 0);
    c->since = wall_field(e, RF_AT);
    tc_slice_to_str_cut(entry_get_text(e, RF_CAUSE_TEXT), c->cause, sizeof c->cause);
    if (entry_has(e, RF_CODEC)) {
        c->width = (uint32_t)entry_get_i64(e, RF_WIDTH, 0);
        c->height = (uint32_t)entry_get_i64(e, RF_HEIGHT, 0);
        tc_slice_to_str_cut(entry_get_text(e, RF_CODEC), c->codec, sizeof c->codec);
    }
    return TC_OK;
}

/* Only the newest can lack their durable phase: walk back until the count is met. */
static enum tc_err fold_durable(struct state *s, const struct record_entry *e)
{
    s->durable_upto = (uint64_t)entry_get_i64(e, RF_UPTO, 0);
    size_t left = s->undurable;
    for (size_t i = s->incidents_count; i-- > 0 && left > 0;) {
        struct incident *in = s->incidents[i];
        if (in->phases[INCIDENT_PHASE_DURABLE].ns != 0)
            continue;
        left--;
        if (in->opened_seq <= s->durable_upto) {
            in->phases[INCIDENT_PHASE_DURABLE] = wall_field(e, RF_AT);
            s->undurable--;
        }
    }
    return TC_OK;
}

static enum tc_err fold_opened(struct state *s, const struct record_entry *e)
{
    struct incident *in = calloc(1, sizeof *in);
    if (in == NULL)
        return TC_E_NOMEM;
    incident_init(in);
    if (incident_apply(in, e) != TC_OK || in->id < s->next_incident) {
        incident_done(in);
        free(in);
        return TC_E_CORRUPT;
    }
    struct incident **slot = TC_ARRAY_ADD(s, incidents);
    if (slot == NULL) {
        free(in);
        return TC_E_NOMEM;
    }
    *slot = in;
    s->next_incident = in->id + 1;
    s->undurable++;
    return state_index_incident(s, s->incidents_count - 1);
}

/* Forgets the oldest closed incident when there are more than are kept. */
static enum tc_err forget_closed(struct state *s)
{
    if (s->closed_count <= STATE_CLOSED_KEPT)
        return TC_OK;
    size_t at = 0;
    while (incident_is_open(s->incidents[at]))
        at++;
    struct incident *old = s->incidents[at];
    if (old->phases[INCIDENT_PHASE_DURABLE].ns == 0)
        s->undurable--;
    incident_done(old);
    free(old);
    s->incidents_count--;
    s->closed_count--;
    memmove(&s->incidents[at], &s->incidents[at + 1],
            (s->incidents_count - at) * sizeof *s->incidents);
    return state_index_incidents(s);
}

static enum tc_err attach_event(struct state *s, struct incident *in, const struct record_entry *e)
{
    if (!incident_takes_event(e) || s->event.id == 0 ||
        (uint64_t)entry_get_i64(e, RF_EVENT, -1) != s->event.id)
        return TC_OK;
    return incident_add_event(in, &s->event, tc_slice_str(s->event_text));
}

static enum tc_err fold_into_incident(struct state *s, const struct record_entry *e)
{
    struct incident *in = state_incident(s, (uint64_t)entry_get_i64(e, RF_INCIDENT, 0));
    if (in == NULL)
        return TC_OK; /* one that is no longer at hand: it stands in the journal */
    bool was_open = incident_is_open(in);
    size_t alarms = in->alarms_count;
    TC_TRY(incident_apply(in, e));
    TC_TRY(attach_event(s, in, e));
    if (in->alarms_count > alarms && incident_is_open(in))
        TC_TRY(state_add_alarm(s, in, &in->alarms[alarms]));
    if (was_open && !incident_is_open(in)) {
        s->closed_count++;
        TC_TRY(state_drop_alarms(s, in->id));
        s->changed_incident = in->id;
        return forget_closed(s);
    }
    return TC_OK;
}

static const struct {
    uint16_t kind;
    enum tc_err (*fn)(struct state *s, const struct record_entry *e);
} folds[] = {
    {RK_START, fold_start},
    {RK_CONFIG, fold_config},
    {RK_SIGNAL, fold_signal},
    {RK_EVENT, fold_event},
    {RK_CAMERA, fold_camera},
    {RK_DURABLE, fold_durable},
    {RK_INCIDENT_OPENED, fold_opened},
};

enum tc_err state_fold(struct state *s, const struct record_entry *e)
{
    if (e->seq != s->last_seq + 1)
        return TC_E_CONFLICT;
    s->changed_incident = (uint64_t)entry_get_i64(e, RF_INCIDENT, 0);
    enum tc_err (*fn)(struct state *, const struct record_entry *) = NULL;
    for (size_t i = 0; i < TC_COUNT(folds); i++) {
        if (folds[i].kind == e->kind)
            fn = folds[i].fn;
    }
    if (fn != NULL)
        TC_TRY(fn(s, e));
    else if (entry_has(e, RF_INCIDENT))
        TC_TRY(fold_into_incident(s, e));
    s->last_seq = e->seq;
    return TC_OK;
}
