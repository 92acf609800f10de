/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/decide.h"

#include <stdio.h>

#include "base/check.h"

void decide_emit(struct decide *d, struct record_entry *e)
{
    if (d->err != TC_OK)
        return;
    e->seq = d->state->last_seq + 1;
    e->cause = d->input == NULL ? 0 : d->input->seq;
    if (d->input != NULL) {
        e->at = d->input->at;
        e->mono = d->input->mono;
        e->boot = d->input->boot;
    }
    d->err = d->sink(d->ctx, e);
    if (d->err == TC_OK)
        d->err = state_fold(d->state, e);
}

/* An event that the system itself tells of; then it goes the way of every event. */
static void system_event(struct decide *d, enum ev_type type, enum ev_state state,
                         struct tc_slice item, struct tc_slice zone, struct tc_slice camera,
                         struct tc_slice text)
{
    struct record_entry e;
    entry_init(&e, RK_EVENT);
    entry_text(&e, RF_SOURCE, entry_get_text(d->input, RF_SOURCE));
    entry_i64(&e, RF_TYPE, type);
    entry_i64(&e, RF_STATE, state);
    entry_i64(&e, RF_PRIORITY, ev_type_priority(type));
    entry_text(&e, RF_POINT, item);
    entry_text(&e, RF_ZONE, zone);
    entry_text(&e, RF_CAMERA, camera);
    entry_text(&e, RF_TEXT, text);
    entry_i64(&e, RF_AT, entry_get_i64(d->input, RF_AT, d->input->at.ns));
    entry_i64(&e, RF_RECEIVED_AT, d->input->at.ns);
    decide_emit(d, &e);
    if (d->err == TC_OK)
        decide_event(d, &e);
}

static void on_fault(struct decide *d, const struct record_entry *e)
{
    enum ev_type type = ev_type_by_number((uint32_t)entry_get_i64(e, RF_TYPE, 0));
    system_event(d, type, (enum ev_state)entry_get_i64(e, RF_STATE, EV_STATE_INSTANT),
                 entry_get_text(e, RF_ITEM), entry_get_text(e, RF_ZONE),
                 entry_get_text(e, RF_CAMERA), entry_get_text(e, RF_TEXT));
}

/* UP ends a loss, DOWN begins one; a camera that is down already and says so again says nothing
 * new. */
static void on_camera(struct decide *d, const struct record_entry *e)
{
    struct tc_slice id = entry_get_text(e, RF_CAMERA);
    int64_t what = entry_get_i64(e, RF_STATE, 0);
    struct incident *in = NULL;
    bool lost = state_alarm_find(d->state, EV_VIDEO_LOSS, tc_slice(NULL, 0), id, tc_slice(NULL, 0),
                                 &in) != NULL;
    if (what == 3)
        system_event(d, EV_VIDEO_LOSS, EV_STATE_ACTIVE, id, tc_slice(NULL, 0), id,
                     entry_get_text(e, RF_TEXT));
    else if (what == 2 && lost)
        system_event(d, EV_VIDEO_LOSS, EV_STATE_RESTORED, id, tc_slice(NULL, 0), id,
                     tc_slice_str("video is back"));
}

static void on_process(struct decide *d, const struct record_entry *e)
{
    int64_t up = entry_get_i64(e, RF_UP, 0);
    struct tc_slice process = entry_get_text(e, RF_PROCESS);
    struct incident *in = NULL;
    bool down = state_alarm_find(d->state, EV_SYSTEM_PROCESS, tc_slice(NULL, 0), process,
                                 tc_slice(NULL, 0), &in) != NULL;
    if (up == 2)
        system_event(d, EV_SYSTEM_VIOLATION, EV_STATE_INSTANT, process, tc_slice(NULL, 0),
                     tc_slice(NULL, 0), entry_get_text(e, RF_TEXT));
    else if (up == 0)
        system_event(d, EV_SYSTEM_PROCESS, EV_STATE_ACTIVE, process, tc_slice(NULL, 0),
                     tc_slice(NULL, 0), entry_get_text(e, RF_TEXT));
    else if (down)
        system_event(d, EV_SYSTEM_PROCESS, EV_STATE_RESTORED, process, tc_slice(NULL, 0),
                     tc_slice(NULL, 0), entry_get_text(e, RF_TEXT));
}

static void on_start(struct decide *d, const struct record_entry *e)
{
    system_event(d, EV_SYSTEM_START, EV_STATE_INSTANT, tc_slice_str("core"), tc_slice(NULL, 0),
                 tc_slice(NULL, 0), entry_get_text(e, RF_TEXT));
}

static void on_config(struct decide *d, const struct record_entry *e)
{
    system_event(d, EV_SYSTEM_CONFIG, EV_STATE_INSTANT, tc_slice_str("configuration"),
                 tc_slice(NULL, 0), tc_slice(NULL, 0), entry_get_text(e, RF_TEXT));
}

static const struct {
    uint16_t kind;
    void (*fn)(struct decide *d, const struct record_entry *e);
} steps[] = {
    {RK_START, on_start},
    {RK_CONFIG, on_config},
    {RK_EVENT, decide_event},
    {RK_FAULT, on_fault},
    {RK_CAMERA, on_camera},
    {RK_PROCESS, on_process},
    {RK_OP_PICKUP, decide_operator},
    {RK_OP_CLOSE, decide_operator},
    {RK_OP_NOTE, decide_operator},
    {RK_OP_SHOWN, decide_operator},
    {RK_OP_VIEWED, decide_operator},
    {RK_CONFIRMED, decide_outcome},
    {RK_FAILED, decide_outcome},
    {RK_CLIP_STATE, decide_outcome},
};

enum tc_err decide_input(struct decide *d, struct record_entry *e)
{
    d->err = TC_OK;
    /* An event is a conclusion from its signal and yet the input of what follows: its cause stays.
     */
    uint64_t cause = e->cause;
    d->input = NULL;
    e->seq = d->state->last_seq + 1;
    e->cause = e->kind == RK_EVENT ? cause : 0;
    d->err = d->sink(d->ctx, e);
    if (d->err == TC_OK)
        d->err = state_fold(d->state, e);
    d->input = e;
    for (size_t i = 0; i < TC_COUNT(steps) && d->err == TC_OK; i++) {
        if (steps[i].kind == e->kind)
            steps[i].fn(d, e);
    }
    d->input = NULL;
    return d->err;
}
