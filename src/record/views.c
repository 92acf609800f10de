/* SPDX-License-Identifier: Apache-2.0 */
#include "record/views.h"

static struct tc_wall wall_of(const struct record_entry *e, enum record_field tag)
{
    return (struct tc_wall){.ns = entry_get_i64(e, tag, 0)};
}

static enum ev_type type_of(const struct record_entry *e)
{
    return ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
}

static unsigned priority_of(const struct record_entry *e)
{
    int64_t p = entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT);
    bool known = p >= EV_PRIORITY_MOST_URGENT && p <= EV_PRIORITY_LEAST_URGENT;
    return known ? (unsigned)p : EV_PRIORITY_LEAST_URGENT;
}

static enum ev_state state_of(const struct record_entry *e)
{
    return (enum ev_state)entry_get_i64(e, RF_STATE, EV_STATE_INSTANT);
}

void signal_view_of(const struct record_entry *e, struct signal_view *v)
{
    *v = (struct signal_view){
        .id = e->seq,
        .at = e->at,
        .received_at = wall_of(e, RF_RECEIVED_AT),
        .device_at = {entry_get_i64(e, RF_DEVICE_AT, 0)},
        .protocol = entry_get_text(e, RF_PROTOCOL),
        .panel = entry_get_text(e, RF_PANEL),
        .account = entry_get_text(e, RF_ACCOUNT),
        .peer = entry_get_text(e, RF_PEER),
        .token = entry_get_text(e, RF_TOKEN),
        .sequence = entry_get_i64(e, RF_SEQUENCE, -1),
        .raw = entry_get_bytes(e, RF_RAW),
        .duplicate_of = (uint64_t)entry_get_i64(e, RF_DUPLICATE_OF, 0),
    };
}

void event_view_of(const struct record_entry *e, struct event_view *v)
{
    *v = (struct event_view){
        .id = e->seq,
        .signal = e->cause,
        .at = wall_of(e, RF_AT),
        .received_at = wall_of(e, RF_RECEIVED_AT),
        .type = type_of(e),
        .state = state_of(e),
        .priority = priority_of(e),
        .unmapped = entry_get_i64(e, RF_UNMAPPED, 0) != 0,
        .zone = entry_get_text(e, RF_ZONE),
        .area = entry_get_text(e, RF_AREA),
        .point = entry_get_text(e, RF_POINT),
        .panel = entry_get_text(e, RF_PANEL),
        .code = entry_get_text(e, RF_CODE),
        .text = entry_get_text(e, RF_TEXT),
        .user = entry_get_text(e, RF_USER),
        .camera = entry_get_text(e, RF_CAMERA),
    };
}

void alarm_view_of(const struct record_entry *e, struct alarm_view *v)
{
    *v = (struct alarm_view){
        .id = (uint64_t)entry_get_i64(e, RF_ALARM, (int64_t)e->seq),
        .incident = (uint64_t)entry_get_i64(e, RF_INCIDENT, 0),
        .type = type_of(e),
        .priority = priority_of(e),
        .active = state_of(e) == EV_STATE_ACTIVE,
        .count = 1,
        .raised_at = wall_of(e, RF_AT),
        .last_at = wall_of(e, RF_AT),
        .zone = entry_get_text(e, RF_ZONE),
        .point = entry_get_text(e, RF_POINT),
        .panel = entry_get_text(e, RF_PANEL),
        .text = entry_get_text(e, RF_TEXT),
    };
    if (!v->active)
        v->normal_at = v->raised_at;
}

void alarm_view_apply(struct alarm_view *v, const struct record_entry *e)
{
    if (e->kind == RK_ALARM_REPEATED) {
        v->count = (uint64_t)entry_get_i64(e, RF_COUNT, (int64_t)v->count + 1);
        v->last_at = wall_of(e, RF_AT);
        v->active = state_of(e) == EV_STATE_ACTIVE;
        v->normal_at = v->active ? (struct tc_wall){0} : v->last_at;
    } else if (e->kind == RK_ALARM_NORMAL) {
        v->active = false;
        v->normal_at = wall_of(e, RF_AT);
    }
}
