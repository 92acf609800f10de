/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/incident.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/check.h"

void incident_init(struct incident *in)
{
    *in = (struct incident){.priority = EV_PRIORITY_LEAST_URGENT};
}

void incident_done(struct incident *in)
{
    for (size_t i = 0; i < in->alarms_count; i++)
        free(in->alarms[i].text);
    for (size_t i = 0; i < in->clips_count; i++) {
        free(in->clips[i].gaps);
        free(in->clips[i].text);
    }
    for (size_t i = 0; i < in->actions_count; i++)
        free(in->actions[i].text);
    for (size_t i = 0; i < in->notes_count; i++)
        free(in->notes[i].text);
    for (size_t i = 0; i < in->events_count; i++)
        free(in->events[i].text);
    free(in->alarms);
    free(in->clips);
    free(in->actions);
    free(in->notes);
    free(in->events);
    free(in->reason);
    incident_init(in);
}

/* Replaces *TEXT by a copy; an empty text becomes NULL. S may lie in *TEXT: an incident that closes
 * by itself closes with its own reason. */
static enum tc_err set_text(char **text, struct tc_slice s)
{
    char *copy = NULL;
    if (s.len > 0) {
        copy = strndup((const char *)s.ptr, s.len < INCIDENT_TEXT_MAX ? s.len : INCIDENT_TEXT_MAX);
        if (copy == NULL)
            return TC_E_NOMEM;
    }
    free(*text);
    *text = copy;
    return TC_OK;
}

#define COPY_FIELD(out, e, tag) tc_slice_to_str_cut(entry_get_text((e), (tag)), (out), sizeof(out))

static struct tc_wall wall_field(const struct record_entry *e, enum record_field tag)
{
    return (struct tc_wall){.ns = entry_get_i64(e, tag, 0)};
}

static void reach(struct incident *in, enum incident_phase phase, struct tc_wall at)
{
    if (in->phases[phase].ns == 0)
        in->phases[phase] = at;
}

bool incident_is_active(const struct incident *in)
{
    for (size_t i = 0; i < in->alarms_count; i++) {
        if (in->alarms[i].active)
            return true;
    }
    return false;
}

bool incident_is_open(const struct incident *in)
{
    return in->state != INCIDENT_CLOSED;
}

struct incident_alarm *incident_alarm_find(struct incident *in, uint64_t alarm_id)
{
    for (size_t i = 0; i < in->alarms_count; i++) {
        if (in->alarms[i].id == alarm_id)
            return &in->alarms[i];
    }
    return NULL;
}

struct incident_clip *incident_clip_find(struct incident *in, struct tc_slice camera)
{
    for (size_t i = 0; i < in->clips_count; i++) {
        if (tc_slice_is(camera, in->clips[i].camera))
            return &in->clips[i];
    }
    return NULL;
}

struct incident_action *incident_action_find(struct incident *in, uint64_t action_id)
{
    for (size_t i = 0; i < in->actions_count; i++) {
        if (in->actions[i].id == action_id)
            return &in->actions[i];
    }
    return NULL;
}

/* ---- what each kind of entry does ---- */

static enum tc_err on_opened(struct incident *in, const struct record_entry *e)
{
    in->id = (uint64_t)entry_get_i64(e, RF_INCIDENT, 0);
    in->opened_seq = e->seq;
    in->priority = (unsigned)entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT);
    in->type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    in->class_ = ev_type_class(in->type);
    COPY_FIELD(in->zone, e, RF_ZONE);
    COPY_FIELD(in->area, e, RF_AREA);
    COPY_FIELD(in->panel, e, RF_PANEL);
    in->opened_at = e->at;
    in->last_alarm_at = e->at;
    reach(in, INCIDENT_PHASE_SENSED, wall_field(e, RF_DEVICE_AT));
    reach(in, INCIDENT_PHASE_RECEIVED, wall_field(e, RF_RECEIVED_AT));
    return TC_OK;
}

static enum tc_err on_alarm_raised(struct incident *in, const struct record_entry *e)
{
    unsigned priority = (unsigned)entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT);
    in->last_alarm_at = e->at;
    in->signals++;
    if (priority < in->priority)
        in->priority = priority;
    if (in->alarms_count == INCIDENT_ALARMS_MAX) {
        in->alarms_more++;
        return TC_OK;
    }
    struct incident_alarm *a = TC_ARRAY_ADD(in, alarms);
    if (a == NULL)
        return TC_E_NOMEM;
    a->id = (uint64_t)entry_get_i64(e, RF_ALARM, (int64_t)e->seq);
    a->type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    a->priority = priority;
    a->active = entry_get_i64(e, RF_STATE, EV_STATE_INSTANT) == EV_STATE_ACTIVE;
    a->count = 1;
    a->raised_at = a->last_at = wall_field(e, RF_AT);
    if (!a->active)
        a->normal_at = a->raised_at;
    COPY_FIELD(a->zone, e, RF_ZONE);
    COPY_FIELD(a->point, e, RF_POINT);
    COPY_FIELD(a->panel, e, RF_PANEL);
    return set_text(&a->text, entry_get_text(e, RF_TEXT));
}

static enum tc_err on_alarm_repeated(struct incident *in, const struct record_entry *e)
{
    struct incident_alarm *a = incident_alarm_find(in, (uint64_t)entry_get_i64(e, RF_ALARM, 0));
    in->signals++;
    in->last_alarm_at = e->at;
    if (a == NULL)
        return TC_OK;
    a->count = (uint64_t)entry_get_i64(e, RF_COUNT, (int64_t)a->count + 1);
    a->last_at = wall_field(e, RF_AT);
    /* An instant says nothing of a condition's end: what was active stays so until its restoral. */
    a->active = a->active || entry_get_i64(e, RF_STATE, EV_STATE_INSTANT) == EV_STATE_ACTIVE;
    a->normal_at = a->active ? (struct tc_wall){0} : a->last_at;
    return TC_OK;
}

static enum tc_err on_alarm_normal(struct incident *in, const struct record_entry *e)
{
    struct incident_alarm *a = incident_alarm_find(in, (uint64_t)entry_get_i64(e, RF_ALARM, 0));
    if (a != NULL) {
        a->active = false;
        a->normal_at = wall_field(e, RF_AT);
    }
    return TC_OK;
}

static enum tc_err on_correlated(struct incident *in, const struct record_entry *e)
{
    reach(in, INCIDENT_PHASE_CORRELATED, e->at);
    return TC_OK;
}

static enum tc_err add_clip(struct incident *in, const struct record_entry *e)
{
    struct incident_clip *c = incident_clip_find(in, entry_get_text(e, RF_CAMERA));
    if (c == NULL && in->clips_count < INCIDENT_CLIPS_MAX) {
        c = TC_ARRAY_ADD(in, clips);
        if (c == NULL)
            return TC_E_NOMEM;
        COPY_FIELD(c->camera, e, RF_CAMERA);
        c->asked_from = wall_field(e, RF_FROM);
        c->pre_of = wall_field(e, RF_AT);
        c->action = e->seq;
    }
    if (c != NULL) {
        c->asked_to = wall_field(e, RF_TO);
        if (entry_has(e, RF_RULE) && entry_get_i64(e, RF_DUE, 0) > c->least_to.ns)
            c->least_to = wall_field(e, RF_DUE);
        c->state = CLIP_RECORDING;
    }
    return TC_OK;
}

static enum tc_err on_commanded(struct incident *in, const struct record_entry *e)
{
    reach(in, INCIDENT_PHASE_COMMANDED, e->at);
    struct tc_slice verb = entry_get_text(e, RF_VERB);
    if (tc_slice_is(verb, "record") || tc_slice_is(verb, "record_until"))
        TC_TRY(add_clip(in, e));
    if (in->actions_count == INCIDENT_ACTIONS_MAX || tc_slice_is(verb, "record_until"))
        return TC_OK;
    struct incident_action *a = TC_ARRAY_ADD(in, actions);
    if (a == NULL)
        return TC_E_NOMEM;
    a->id = e->seq;
    tc_slice_to_str_cut(verb, a->verb, sizeof a->verb);
    COPY_FIELD(a->target, e, RF_CAMERA);
    a->commanded_at = e->at;
    return set_text(&a->text, entry_get_text(e, RF_TEXT));
}

static enum tc_err on_outcome(struct incident *in, const struct record_entry *e)
{
    bool failed = e->kind == RK_FAILED;
    struct incident_action *a = incident_action_find(in, (uint64_t)entry_get_i64(e, RF_ACTION, 0));
    if (!failed)
        reach(in, INCIDENT_PHASE_CONFIRMED, e->at);
    if (a == NULL)
        return TC_OK;
    a->state = failed ? ACTION_FAILED : ACTION_CONFIRMED;
    a->confirmed_at = e->at;
    if (entry_has(e, RF_TEXT))
        TC_TRY(set_text(&a->text, entry_get_text(e, RF_TEXT)));
    struct incident_clip *c = incident_clip_find(in, tc_slice_str(a->target));
    if (failed && c != NULL && strcmp(a->verb, "record") == 0) {
        c->state = CLIP_FAILED;
        return set_text(&c->text, entry_get_text(e, RF_TEXT));
    }
    return TC_OK;
}

static enum tc_err on_clip_state(struct incident *in, const struct record_entry *e)
{
    struct incident_clip *c = incident_clip_find(in, entry_get_text(e, RF_CAMERA));
    if (c == NULL)
        return TC_OK;
    c->from = wall_field(e, RF_FROM);
    c->to = wall_field(e, RF_TO);
    c->bytes = entry_get_i64(e, RF_BYTES, c->bytes);
    if (entry_get_i64(e, RF_STATE, CLIP_RECORDING) < CLIP_STATE_COUNT)
        c->state = (enum clip_state)entry_get_i64(e, RF_STATE, CLIP_RECORDING);
    return set_text(&c->gaps, entry_get_text(e, RF_GAPS));
}

static enum tc_err on_picked_up(struct incident *in, const struct record_entry *e)
{
    in->state = INCIDENT_PICKED_UP;
    COPY_FIELD(in->owner, e, RF_USER);
    reach(in, INCIDENT_PHASE_PICKED_UP, e->at);
    return TC_OK;
}

static enum tc_err on_decided(struct incident *in, const struct record_entry *e)
{
    bool closed = e->kind == RK_CLOSED;
    in->state = closed ? INCIDENT_CLOSED : INCIDENT_RESOLVED;
    if (entry_has(e, RF_OUTCOME) &&
        entry_get_text(e, RF_OUTCOME).ptr != (const uint8_t *)in->outcome)
        COPY_FIELD(in->outcome, e, RF_OUTCOME);
    reach(in, INCIDENT_PHASE_DECIDED, e->at);
    if (closed)
        reach(in, INCIDENT_PHASE_CLOSED, e->at);
    if (entry_has(e, RF_REASON))
        return set_text(&in->reason, entry_get_text(e, RF_REASON));
    return TC_OK;
}

static enum tc_err on_noted(struct incident *in, const struct record_entry *e)
{
    if (in->notes_count == INCIDENT_NOTES_MAX)
        return TC_OK;
    struct incident_note *n = TC_ARRAY_ADD(in, notes);
    if (n == NULL)
        return TC_E_NOMEM;
    n->at = e->at;
    COPY_FIELD(n->user, e, RF_USER);
    return set_text(&n->text, entry_get_text(e, RF_TEXT));
}

static enum tc_err on_phase(struct incident *in, const struct record_entry *e)
{
    int64_t phase = entry_get_i64(e, RF_PHASE, -1);
    if (phase >= 0 && phase < INCIDENT_PHASE_COUNT)
        reach(in, (enum incident_phase)phase, wall_field(e, RF_AT));
    return TC_OK;
}

static const struct {
    uint16_t kind;
    enum tc_err (*fn)(struct incident *in, const struct record_entry *e);
} folds[] = {
    {RK_INCIDENT_OPENED, on_opened},
    {RK_ALARM_RAISED, on_alarm_raised},
    {RK_ALARM_REPEATED, on_alarm_repeated},
    {RK_ALARM_NORMAL, on_alarm_normal},
    {RK_CORRELATED, on_correlated},
    {RK_COMMANDED, on_commanded},
    {RK_CONFIRMED, on_outcome},
    {RK_FAILED, on_outcome},
    {RK_CLIP_STATE, on_clip_state},
    {RK_PICKED_UP, on_picked_up},
    {RK_RESOLVED, on_decided},
    {RK_CLOSED, on_decided},
    {RK_NOTED, on_noted},
    {RK_PHASE, on_phase},
};

enum tc_err incident_apply(struct incident *in, const struct record_entry *e)
{
    for (size_t i = 0; i < TC_COUNT(folds); i++) {
        if (folds[i].kind == e->kind)
            return folds[i].fn(in, e);
    }
    return TC_OK;
}

bool incident_takes_event(const struct record_entry *e)
{
    return e->kind == RK_ALARM_RAISED || e->kind == RK_ALARM_REPEATED || e->kind == RK_ALARM_NORMAL;
}

void incident_event_of(const struct record_entry *e, struct incident_event *out)
{
    *out = (struct incident_event){.id = e->seq, .signal = e->cause};
    out->at = wall_field(e, RF_AT);
    out->received_at = wall_field(e, RF_RECEIVED_AT);
    out->type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    out->state = (enum ev_state)entry_get_i64(e, RF_STATE, EV_STATE_INSTANT);
    out->priority = (unsigned)entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT);
    COPY_FIELD(out->zone, e, RF_ZONE);
    COPY_FIELD(out->area, e, RF_AREA);
    COPY_FIELD(out->point, e, RF_POINT);
    COPY_FIELD(out->panel, e, RF_PANEL);
    COPY_FIELD(out->code, e, RF_CODE);
}

enum tc_err incident_add_event(struct incident *in, const struct incident_event *event,
                               struct tc_slice text)
{
    if (in->events_count == INCIDENT_EVENTS_MAX) {
        free(in->events[0].text);
        in->events_count--;
        memmove(&in->events[0], &in->events[1], in->events_count * sizeof in->events[0]);
    }
    struct incident_event *added = TC_ARRAY_ADD(in, events);
    if (added == NULL)
        return TC_E_NOMEM;
    *added = *event;
    added->text = NULL;
    return set_text(&added->text, text);
}

/* ---- snapshot ---- */

static void enum_io(struct io *io, unsigned *v)
{
    uint32_t u = *v;
    io_u32(io, &u);
    *v = u;
}

#define ENUM_IO(io, field)                                                                         \
    do {                                                                                           \
        unsigned enum_io_ = (unsigned)(field);                                                     \
        enum_io((io), &enum_io_);                                                                  \
        (field) = enum_io_;                                                                        \
    } while (0)

static void alarm_io(struct io *io, struct incident_alarm *a)
{
    io_u64(io, &a->id);
    ENUM_IO(io, a->type);
    ENUM_IO(io, a->priority);
    io_bool(io, &a->active);
    io_u64(io, &a->count);
    io_wall(io, &a->raised_at);
    io_wall(io, &a->last_at);
    io_wall(io, &a->normal_at);
    io_str(io, a->zone, sizeof a->zone);
    io_str(io, a->point, sizeof a->point);
    io_str(io, a->panel, sizeof a->panel);
    io_heap_str(io, &a->text, INCIDENT_TEXT_MAX);
}

static void clip_io(struct io *io, struct incident_clip *c)
{
    io_str(io, c->camera, sizeof c->camera);
    io_u64(io, &c->action);
    ENUM_IO(io, c->state);
    io_wall(io, &c->asked_from);
    io_wall(io, &c->asked_to);
    io_wall(io, &c->least_to);
    io_wall(io, &c->from);
    io_wall(io, &c->to);
    io_wall(io, &c->pre_of);
    io_i64(io, &c->bytes);
    io_heap_str(io, &c->gaps, INCIDENT_TEXT_MAX);
    io_heap_str(io, &c->text, INCIDENT_TEXT_MAX);
}

static void action_io(struct io *io, struct incident_action *a)
{
    io_u64(io, &a->id);
    io_str(io, a->verb, sizeof a->verb);
    io_str(io, a->target, sizeof a->target);
    ENUM_IO(io, a->state);
    io_wall(io, &a->commanded_at);
    io_wall(io, &a->confirmed_at);
    io_heap_str(io, &a->text, INCIDENT_TEXT_MAX);
}

static void note_io(struct io *io, struct incident_note *n)
{
    io_wall(io, &n->at);
    io_str(io, n->user, sizeof n->user);
    io_heap_str(io, &n->text, INCIDENT_TEXT_MAX);
}

static void event_io(struct io *io, struct incident_event *e)
{
    io_u64(io, &e->id);
    io_u64(io, &e->signal);
    io_wall(io, &e->at);
    io_wall(io, &e->received_at);
    ENUM_IO(io, e->type);
    ENUM_IO(io, e->state);
    ENUM_IO(io, e->priority);
    io_str(io, e->zone, sizeof e->zone);
    io_str(io, e->area, sizeof e->area);
    io_str(io, e->point, sizeof e->point);
    io_str(io, e->panel, sizeof e->panel);
    io_str(io, e->code, sizeof e->code);
    io_heap_str(io, &e->text, INCIDENT_TEXT_MAX);
}

void incident_io(struct io *io, struct incident *in)
{
    io_u64(io, &in->id);
    ENUM_IO(io, in->state);
    ENUM_IO(io, in->priority);
    ENUM_IO(io, in->type);
    ENUM_IO(io, in->class_);
    io_str(io, in->zone, sizeof in->zone);
    io_str(io, in->area, sizeof in->area);
    io_str(io, in->panel, sizeof in->panel);
    io_str(io, in->owner, sizeof in->owner);
    io_str(io, in->outcome, sizeof in->outcome);
    io_heap_str(io, &in->reason, INCIDENT_TEXT_MAX);
    io_wall(io, &in->opened_at);
    io_wall(io, &in->last_alarm_at);
    io_u64(io, &in->opened_seq);
    io_u64(io, &in->signals);
    for (size_t i = 0; i < INCIDENT_PHASE_COUNT; i++)
        io_wall(io, &in->phases[i]);
    io_u64(io, &in->alarms_more);
    IO_ARRAY(io, in, alarms, INCIDENT_ALARMS_MAX, alarm_io);
    IO_ARRAY(io, in, clips, INCIDENT_CLIPS_MAX, clip_io);
    IO_ARRAY(io, in, actions, INCIDENT_ACTIONS_MAX, action_io);
    IO_ARRAY(io, in, notes, INCIDENT_NOTES_MAX, note_io);
    IO_ARRAY(io, in, events, INCIDENT_EVENTS_MAX, event_io);
}
