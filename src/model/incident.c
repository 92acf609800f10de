/* SPDX-License-Identifier: Apache-2.0 */
#include "model/incident.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"

static const char *const incident_states[] = {
#define X(name, word) word,
    INCIDENT_STATE_LIST(X)
#undef X
};
static const char *const phases[] = {
#define X(name, word) word,
    INCIDENT_PHASE_LIST(X)
#undef X
};
static const char *const clip_states[] = {
#define X(name, word) word,
    CLIP_STATE_LIST(X)
#undef X
};
static const char *const action_states[] = {
#define X(name, word) word,
    ACTION_STATE_LIST(X)
#undef X
};

#define WORD_AT(words, index) ((index) < TC_COUNT(words) ? (words)[index] : NULL)

const char *incident_state_name(unsigned state)
{
    return WORD_AT(incident_states, state);
}

const char *incident_phase_name(unsigned phase)
{
    return WORD_AT(phases, phase);
}

const char *clip_state_name(unsigned state)
{
    return WORD_AT(clip_states, state);
}

const char *action_state_name(unsigned state)
{
    return WORD_AT(action_states, state);
}

enum tc_err incident_state_parse(struct tc_slice word, enum incident_state *ret)
{
    for (unsigned i = 0; i < INCIDENT_STATE_COUNT; i++) {
        if (tc_slice_is(word, incident_states[i])) {
            *ret = (enum incident_state)i;
            return TC_OK;
        }
    }
    return TC_E_UNKNOWN;
}

static void kv_text(struct tc_json *j, const char *key, struct tc_slice text)
{
    tc_json_key(j, key);
    if (text.len == 0)
        tc_json_null(j);
    else
        tc_json_str(j, text);
}

static void kv_id(struct tc_json *j, const char *key, uint64_t id)
{
    tc_json_key(j, key);
    if (id == 0)
        tc_json_null(j);
    else
        tc_json_u64(j, id);
}

void raw_to_json(struct tc_slice bytes, struct tc_json *j)
{
    static const char hex[] = "0123456789abcdef";
    /* The opening quote brings the comma; the rest goes in by hand, for it is ASCII already. */
    tc_json_raw(j, tc_slice_str("\""));
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        if (c >= 32 && c < 127 && c != '\\' && c != '"') {
            tc_buf_add_u8(j->out, c);
        } else if (c == '"') {
            tc_buf_add_str(j->out, "\\\"");
        } else {
            const char escape[] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};
            tc_buf_add(j->out, escape, sizeof(escape));
        }
    }
    tc_buf_add_u8(j->out, '"');
}

void signal_to_json(const struct signal_view *s, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", s->id);
    tc_json_kv_wall(j, "at", s->at);
    tc_json_kv_wall(j, "received_at", s->received_at);
    tc_json_kv_wall(j, "durable_at", s->durable_at);
    kv_text(j, "protocol", s->protocol);
    kv_text(j, "panel", s->panel);
    kv_text(j, "account", s->account);
    kv_text(j, "peer", s->peer);
    kv_text(j, "token", s->token);
    tc_json_key(j, "sequence");
    if (s->sequence < 0)
        tc_json_null(j);
    else
        tc_json_i64(j, s->sequence);
    tc_json_kv_wall(j, "device_at", (struct tc_wall){s->device_at.ns});
    tc_json_key(j, "raw");
    raw_to_json(s->raw, j);
    kv_id(j, "duplicate_of", s->duplicate_of);
    tc_json_obj_end(j);
}

void event_to_json(const struct event_view *e, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", e->id);
    tc_json_kv_wall(j, "at", e->at);
    tc_json_kv_wall(j, "received_at", e->received_at);
    tc_json_kv_str(j, "type", ev_type_name(e->type));
    tc_json_kv_str(j, "state", ev_state_name(e->state));
    kv_text(j, "zone", e->zone);
    kv_text(j, "area", e->area);
    kv_text(j, "point", e->point);
    kv_text(j, "panel", e->panel);
    kv_text(j, "code", e->code);
    kv_text(j, "text", e->text);
    kv_text(j, "user", e->user);
    kv_id(j, "signal", e->signal);
    tc_json_kv_u64(j, "priority", e->priority);
    tc_json_kv_bool(j, "unmapped", e->unmapped);
    kv_text(j, "camera", e->camera);
    tc_json_obj_end(j);
}

void alarm_to_json(const struct alarm_view *a, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", a->id);
    tc_json_kv_str(j, "type", ev_type_name(a->type));
    tc_json_kv_str(j, "class", ev_class_name(ev_type_class(a->type)));
    tc_json_kv_u64(j, "priority", a->priority);
    kv_text(j, "zone", a->zone);
    kv_text(j, "zone_name", a->zone_name);
    kv_text(j, "point", a->point);
    kv_text(j, "panel", a->panel);
    tc_json_kv_str(j, "condition", a->active ? "active" : "normal");
    tc_json_kv_u64(j, "count", a->count);
    tc_json_kv_wall(j, "raised_at", a->raised_at);
    tc_json_kv_wall(j, "last_at", a->last_at);
    tc_json_kv_wall(j, "normal_at", a->normal_at);
    kv_id(j, "incident", a->incident);
    kv_text(j, "text", a->text);
    tc_json_obj_end(j);
}

int64_t clip_pre_asked_ns(const struct clip_view *c)
{
    return c->pre_of.ns == 0 || c->asked_from.ns == 0 || c->asked_from.ns > c->pre_of.ns
               ? 0
               : c->pre_of.ns - c->asked_from.ns;
}

int64_t clip_pre_got_ns(const struct clip_view *c)
{
    if (c->from.ns == 0 || c->from.ns >= c->pre_of.ns)
        return 0;
    return c->pre_of.ns - c->from.ns;
}

/* What the person asked for and what there is, the latter rounded down: it must not promise more.
 */
static void clip_text(const struct clip_view *c, struct tc_json *j)
{
    char text[96] = "";
    if (c->text.len > 0) {
        tc_json_kv_slice(j, "text", c->text);
        return;
    }
    int64_t asked = clip_pre_asked_ns(c) / (TC_NS_PER_S / 10);
    int64_t got = clip_pre_got_ns(c) / (TC_NS_PER_S / 10);
    if (c->from.ns != 0)
        (void)snprintf(text, sizeof(text),
                       "asked %" PRId64 ".%" PRId64 " s, got %" PRId64 ".%" PRId64 " s", asked / 10,
                       asked % 10, got / 10, got % 10);
    else
        (void)snprintf(text, sizeof(text), "%s",
                       c->state == CLIP_NONE ? "no recording" : "nothing recorded yet");
    tc_json_kv_str(j, "text", text);
}

static void clip_to_json(const struct clip_view *c, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_str(j, "state", clip_state_name(c->state));
    tc_json_kv_wall(j, "asked_from", c->asked_from);
    tc_json_kv_wall(j, "asked_to", c->asked_to);
    tc_json_kv_wall(j, "from", c->from);
    tc_json_kv_wall(j, "to", c->to);
    tc_json_kv_i64(j, "pre_asked_ns", clip_pre_asked_ns(c));
    tc_json_kv_i64(j, "pre_got_ns", clip_pre_got_ns(c));
    tc_json_kv_i64(j, "bytes", c->bytes);
    tc_json_key(j, "gaps");
    tc_json_raw(j, c->gaps.len > 0 ? c->gaps : tc_slice_str("[]"));
    clip_text(c, j);
    tc_json_obj_end(j);
}

static void cameras_to_json(const struct incident_view *v, struct tc_json *j)
{
    tc_json_key(j, "cameras");
    tc_json_arr(j);
    for (size_t i = 0; i < v->clips_count; i++) {
        const struct clip_view *c = &v->clips[i];
        tc_json_obj(j);
        tc_json_kv_slice(j, "id", c->camera);
        tc_json_kv_slice(j, "name", c->camera_name.len > 0 ? c->camera_name : c->camera);
        tc_json_key(j, "clip");
        clip_to_json(c, j);
        tc_json_obj_end(j);
    }
    tc_json_arr_end(j);
}

static void phases_to_json(const struct incident_view *v, struct tc_json *j)
{
    tc_json_key(j, "phases");
    tc_json_obj(j);
    for (unsigned i = 0; i < INCIDENT_PHASE_COUNT; i++)
        tc_json_kv_wall(j, phases[i], v->phases[i]);
    tc_json_obj_end(j);
}

static void actions_to_json(const struct incident_view *v, struct tc_json *j)
{
    tc_json_key(j, "actions");
    tc_json_arr(j);
    for (size_t i = 0; i < v->actions_count; i++) {
        const struct action_view *a = &v->actions[i];
        tc_json_obj(j);
        tc_json_kv_u64(j, "id", a->id);
        kv_text(j, "verb", a->verb);
        kv_text(j, "target", a->target);
        tc_json_kv_str(j, "state", action_state_name(a->state));
        tc_json_kv_wall(j, "commanded_at", a->commanded_at);
        tc_json_kv_wall(j, "confirmed_at", a->confirmed_at);
        kv_text(j, "text", a->text);
        tc_json_obj_end(j);
    }
    tc_json_arr_end(j);
}

static void notes_to_json(const struct incident_view *v, struct tc_json *j)
{
    tc_json_key(j, "notes");
    tc_json_arr(j);
    for (size_t i = 0; i < v->notes_count; i++) {
        tc_json_obj(j);
        tc_json_kv_wall(j, "at", v->notes[i].at);
        kv_text(j, "user", v->notes[i].user);
        kv_text(j, "text", v->notes[i].text);
        tc_json_obj_end(j);
    }
    tc_json_arr_end(j);
}

static void full_to_json(const struct incident_view *v, struct tc_json *j)
{
    tc_json_key(j, "alarms");
    tc_json_arr(j);
    for (size_t i = 0; v->alarms != NULL && i < v->alarms_count; i++)
        alarm_to_json(&v->alarms[i], j);
    tc_json_arr_end(j);
    actions_to_json(v, j);
    notes_to_json(v, j);
    tc_json_key(j, "events");
    tc_json_arr(j);
    for (size_t i = 0; i < v->events_count; i++)
        event_to_json(&v->events[i], j);
    tc_json_arr_end(j);
}

void incident_to_json(const struct incident_view *v, bool full, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", v->id);
    tc_json_kv_str(j, "state", incident_state_name(v->state));
    tc_json_kv_u64(j, "priority", v->priority);
    tc_json_kv_str(j, "class", ev_class_name(ev_type_class(v->type)));
    tc_json_kv_str(j, "type", ev_type_name(v->type));
    kv_text(j, "title", v->title);
    kv_text(j, "zone", v->zone);
    kv_text(j, "zone_name", v->zone_name);
    kv_text(j, "area", v->area);
    tc_json_kv_wall(j, "opened_at", v->opened_at);
    kv_text(j, "owner", v->owner);
    kv_text(j, "owner_name", v->owner_name);
    kv_text(j, "outcome", v->outcome);
    kv_text(j, "reason", v->reason);
    tc_json_kv_str(j, "condition", v->active ? "active" : "normal");
    tc_json_kv_u64(j, "alarm_count", v->alarms_count);
    tc_json_kv_u64(j, "signal_count", v->signal_count);
    phases_to_json(v, j);
    cameras_to_json(v, j);
    if (full)
        full_to_json(v, j);
    tc_json_obj_end(j);
}
