/* SPDX-License-Identifier: Apache-2.0 */
/* Which cameras record for an incident, from when and until when; and what became of it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "decide/decide.h"

static struct tc_wall plus(struct tc_wall t, int64_t ns)
{
    return (struct tc_wall){.ns = t.ns + ns};
}

/* The end that is asked for now: the post-roll after an instant alarm, the longest there is while
 * active. */
static struct tc_wall end_of(const struct site_camera *c, struct tc_wall at, bool active)
{
    return plus(at, active ? DECIDE_CLIP_MOST_NS : c->record.post_ns);
}

static void command(struct decide *d, uint64_t incident, const char *verb,
                    const struct site_camera *c, const struct record_entry *fields)
{
    struct record_entry e = *fields;
    entry_i64(&e, RF_INCIDENT, (int64_t)incident);
    entry_str(&e, RF_VERB, verb);
    entry_str(&e, RF_CAMERA, c->id);
    decide_emit(d, &e);
}

static void start_clip(struct decide *d, uint64_t incident, const struct site_camera *c,
                       struct tc_wall at, bool active)
{
    struct record_entry e;
    entry_init(&e, RK_COMMANDED);
    entry_i64(&e, RF_AT, at.ns);
    entry_i64(&e, RF_FROM, at.ns - c->record.pre_ns);
    entry_i64(&e, RF_TO, end_of(c, at, active).ns);
    command(d, incident, "record", c, &e);
}

/* A repeat extends the same clip; it never ends sooner by it. */
static void renew_clip(struct decide *d, uint64_t incident, const struct site_camera *c,
                       const struct incident_clip *clip, struct tc_wall at, bool active)
{
    struct tc_wall end = end_of(c, at, active);
    /* Not for every signal of a chattering point: an end that moves by less than a second is no
     * news. */
    if (end.ns - clip->asked_to.ns < TC_NS_PER_S)
        return;
    struct record_entry e;
    entry_init(&e, RK_COMMANDED);
    entry_i64(&e, RF_ACTION, (int64_t)clip->action);
    entry_i64(&e, RF_TO, end.ns);
    command(d, incident, "record_until", c, &e);
}

static void tell_cameras(struct decide *d, uint64_t incident, const uint32_t *cameras, size_t count)
{
    char ids[INCIDENT_CLIPS_MAX * SITE_ID_BYTES];
    size_t used = 0;
    ids[0] = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(ids + used, sizeof ids - used, "%s%s", i > 0 ? " " : "",
                                 d->site->cameras[cameras[i]].id);
    struct record_entry e;
    entry_init(&e, RK_CORRELATED);
    entry_i64(&e, RF_INCIDENT, (int64_t)incident);
    entry_str(&e, RF_CAMERAS, ids);
    decide_emit(d, &e);
}

void decide_record_on(struct decide *d, uint64_t incident, struct tc_wall at, bool active)
{
    const struct incident *in = state_incident(d->state, incident);
    for (size_t i = 0; in != NULL && i < in->clips_count && d->err == TC_OK; i++) {
        uint32_t camera = site_camera_find(d->site, tc_slice_str(in->clips[i].camera));
        if (camera != SITE_NONE)
            renew_clip(d, incident, &d->site->cameras[camera], &in->clips[i], at, active);
    }
}

void decide_record(struct decide *d, uint64_t incident, struct tc_slice zone, struct tc_wall at,
                   bool active)
{
    uint32_t cameras[INCIDENT_CLIPS_MAX];
    uint32_t index = site_zone_find(d->site, zone);
    size_t count =
        index == SITE_NONE ? 0 : site_cameras_of_zone(d->site, index, cameras, TC_COUNT(cameras));
    if (count > TC_COUNT(cameras))
        count = TC_COUNT(cameras);
    struct incident *in = state_incident(d->state, incident);
    if (in == NULL || d->err != TC_OK)
        return;
    tell_cameras(d, incident, cameras, count);
    for (size_t i = 0; i < count; i++) {
        const struct site_camera *c = &d->site->cameras[cameras[i]];
        const struct incident_clip *clip = incident_clip_find(in, tc_slice_str(c->id));
        if (clip == NULL)
            start_clip(d, incident, c, at, active);
        else
            renew_clip(d, incident, c, clip, at, active);
    }
}

void decide_record_end(struct decide *d, uint64_t incident, struct tc_wall normal_at)
{
    struct incident *in = state_incident(d->state, incident);
    for (size_t i = 0; in != NULL && i < in->clips_count; i++) {
        const struct incident_clip *clip = &in->clips[i];
        uint32_t index = site_camera_find(d->site, tc_slice_str(clip->camera));
        if (index == SITE_NONE || clip->state != CLIP_RECORDING)
            continue;
        const struct site_camera *c = &d->site->cameras[index];
        struct record_entry e;
        entry_init(&e, RK_COMMANDED);
        entry_i64(&e, RF_ACTION, (int64_t)clip->action);
        int64_t end_ns = normal_at.ns + c->record.post_ns;
        entry_i64(&e, RF_TO, clip->least_to.ns > end_ns ? clip->least_to.ns : end_ns);
        command(d, incident, "record_until", c, &e);
    }
}

/* A failed action is an alarm of its own: silence would be the bug. */
void decide_outcome(struct decide *d, const struct record_entry *e)
{
    if (e->kind != RK_FAILED)
        return;
    struct record_entry event;
    entry_init(&event, RK_EVENT);
    entry_i64(&event, RF_TYPE, EV_SYSTEM_ACTION_FAILED);
    entry_i64(&event, RF_STATE, EV_STATE_INSTANT);
    entry_i64(&event, RF_PRIORITY, ev_type_priority(EV_SYSTEM_ACTION_FAILED));
    entry_text(&event, RF_POINT, entry_get_text(e, RF_CAMERA));
    entry_text(&event, RF_CAMERA, entry_get_text(e, RF_CAMERA));
    entry_text(&event, RF_TEXT, entry_get_text(e, RF_TEXT));
    entry_i64(&event, RF_AT, e->at.ns);
    entry_i64(&event, RF_RECEIVED_AT, e->at.ns);
    decide_emit(d, &event);
    if (d->err == TC_OK)
        decide_event(d, &event);
}
