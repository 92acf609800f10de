/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that leave because of decisions, after the commit (outbox.c). */
#include "core/internal.h"

static bool fill_order(const struct core *c, const struct incident *in,
                       const struct incident_clip *clip, struct msg_record *ret)
{
    uint32_t camera = site_camera_find(&c->site, tc_slice_str(clip->camera));
    if (camera == SITE_NONE)
        return false;
    *ret = (struct msg_record){.what = MSG_RECORD_START,
                               .camera = camera,
                               .action = clip->action,
                               .incident = in->id,
                               .from_ns = clip->asked_from.ns,
                               .until_ns = clip->asked_to.ns,
                               .hold = 1};
    return true;
}

static void order_recording(struct core *c, const struct record_entry *e, bool starts)
{
    uint32_t camera = site_camera_find(&c->site, entry_get_text(e, RF_CAMERA));
    if (camera == SITE_NONE)
        return;
    struct msg_record order = {
        .what = starts ? MSG_RECORD_START : MSG_RECORD_UNTIL,
        .camera = camera,
        .action = starts ? e->seq : (uint64_t)entry_get_i64(e, RF_ACTION, 0),
        .incident = (uint64_t)entry_get_i64(e, RF_INCIDENT, 0),
        .from_ns = entry_get_i64(e, RF_FROM, 0),
        .until_ns = entry_get_i64(e, RF_TO, 0),
    };
    order.hold = order.incident != 0;
    const struct incident *in = state_incident(&c->state, order.incident);
    for (size_t i = 0; !starts && in != NULL && i < in->clips_count; i++) {
        if (in->clips[i].action == order.action)
            order.from_ns = in->clips[i].asked_from.ns;
    }
    outbox_send(c, TC_ROLE_ARCHIVE, MSG_RECORD, &order, tc_slice(NULL, 0));
}

void effects_of(struct core *c, const struct record_entry *e)
{
    if (e->kind != RK_COMMANDED)
        return;
    struct tc_slice verb = entry_get_text(e, RF_VERB);
    if (tc_slice_is(verb, "record"))
        order_recording(c, e, true);
    else if (tc_slice_is(verb, "record_until"))
        order_recording(c, e, false);
}

/* By the outbox, like the first order: what is not durable yet is not ordered yet. */
void effects_resume(struct core *c)
{
    for (size_t i = 0; i < c->state.incidents_count; i++) {
        const struct incident *in = c->state.incidents[i];
        for (size_t k = 0; k < in->clips_count; k++) {
            struct msg_record order;
            if (in->clips[k].state == CLIP_RECORDING && fill_order(c, in, &in->clips[k], &order))
                outbox_send(c, TC_ROLE_ARCHIVE, MSG_RECORD, &order, tc_slice(NULL, 0));
        }
    }
}

void effects_watch(struct core *c, unsigned shard)
{
    for (size_t i = 0; i < CORE_LIVE_MAX; i++) {
        struct msg_watch watched = {.camera = c->live[i].camera, .watched = 1};
        if (c->live[i].used && watched.camera / CORE_CAMERAS_PER_SHARD == shard)
            outbox_send(c, TC_ROLE_CAPTURE, MSG_WATCH, &watched, tc_slice(NULL, 0));
    }
}
