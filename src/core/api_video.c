/* SPDX-License-Identifier: Apache-2.0 */
/* Clips, spans, live video, streams of changes: core says yes, others deliver. */
#include "base/check.h"
#include "core/api.h"
#include "runtime/clock.h"

#define CLIP_MOST_NS  (2 * 3600 * TC_NS_PER_S)
#define SPANS_MOST_NS (32 * 86400 * TC_NS_PER_S)

static uint32_t camera_or_problem(struct api_call *call, struct tc_slice id)
{
    uint32_t camera = site_camera_find(&call->c->site, id);
    if (camera == SITE_NONE)
        api_problem(call, 404, "No such camera", "There is no camera %.*s.",
                    id.len > 48 ? 48 : TC_FMT(id));
    return camera;
}

static void order(struct api_call *call, enum msg_type type, const struct msg_clip *clip)
{
    if (process_link(call->c->p, TC_ROLE_ARCHIVE) == NULL) {
        api_problem(
            call, 503, "The archive is not there",
            "The process that keeps the recordings is being restarted; ask again in a second.");
        return;
    }
    outbox_send(call->c, TC_ROLE_ARCHIVE, type, clip, tc_slice(NULL, 0));
}

/* Who asked for which video is on the record. */
static bool note_view(struct api_call *call, const char *camera, uint64_t incident, int64_t from_ns,
                      int64_t to_ns)
{
    struct record_entry e;
    core_entry(call->c, &e, RK_OP_CLIP);
    entry_str(&e, RF_USER, call->who->user);
    entry_str(&e, RF_PEER, call->m->peer);
    entry_str(&e, RF_CAMERA, camera);
    if (incident != 0)
        entry_i64(&e, RF_INCIDENT, (int64_t)incident);
    entry_i64(&e, RF_FROM, from_ns);
    entry_i64(&e, RF_TO, to_ns);
    return core_input(call->c, &e);
}

/* FROM and TO of the query; answers a problem and returns false when they are no interval. */
static bool interval(struct api_call *call, int64_t most_ns, struct tc_wall *from,
                     struct tc_wall *to)
{
    if (tc_wall_parse(api_param(call, "from"), from) != TC_OK ||
        tc_wall_parse(api_param(call, "to"), to) != TC_OK || to->ns <= from->ns ||
        to->ns - from->ns > most_ns) {
        api_problem(call, 422, "No such interval",
                    "from and to must be RFC 3339 times, to after from, at most %lld s apart.",
                    (long long)(most_ns / TC_NS_PER_S));
        return false;
    }
    return true;
}

void api_camera_clip(struct api_call *call)
{
    struct tc_wall from;
    struct tc_wall to;
    uint32_t camera = camera_or_problem(call, api_param(call, "id"));
    if (camera == SITE_NONE || !interval(call, CLIP_MOST_NS, &from, &to))
        return;
    struct msg_clip clip = {.request = call->m->request,
                            .camera = camera,
                            .closed = to.ns < clock_wall().ns - 10 * TC_NS_PER_S,
                            .from_ns = from.ns,
                            .to_ns = to.ns};
    if (note_view(call, call->c->site.cameras[camera].id, 0, from.ns, to.ns))
        order(call, MSG_CLIP, &clip);
}

void api_timeline(struct api_call *call)
{
    struct tc_wall from;
    struct tc_wall to;
    uint32_t camera = camera_or_problem(call, api_param(call, "id"));
    if (camera == SITE_NONE || !interval(call, SPANS_MOST_NS, &from, &to))
        return;
    struct msg_clip clip = {
        .request = call->m->request, .camera = camera, .from_ns = from.ns, .to_ns = to.ns};
    order(call, MSG_SPANS, &clip);
}

void api_incident_clip(struct api_call *call)
{
    struct incident *in = state_incident(&call->c->state, api_id(call));
    struct tc_slice id = api_param(call, "camera");
    if (in == NULL) {
        api_problem(call, 404, "No such incident", "There is no incident %llu at hand.",
                    (unsigned long long)api_id(call));
        return;
    }
    if (id.len == 0 && in->clips_count > 0)
        id = tc_slice_str(in->clips[0].camera);
    const struct incident_clip *c = incident_clip_find(in, id);
    uint32_t camera = c == NULL ? SITE_NONE : site_camera_find(&call->c->site, id);
    if (camera == SITE_NONE) {
        api_problem(call, 404, "No such clip", "Incident %llu has no clip of that camera.",
                    (unsigned long long)in->id);
        return;
    }
    struct tc_wall now = clock_wall();
    bool closed = c->state == CLIP_COMPLETE;
    int64_t to_ns = c->asked_to.ns != 0 && c->asked_to.ns < now.ns ? c->asked_to.ns : now.ns;
    struct msg_clip clip = {.request = call->m->request,
                            .camera = camera,
                            .closed = closed,
                            .incident = in->id,
                            .from_ns = c->asked_from.ns,
                            .to_ns = closed ? c->asked_to.ns : to_ns,
                            .pre_asked_ns = c->pre_of.ns - c->asked_from.ns,
                            .event_ns = c->pre_of.ns};
    if (note_view(call, c->camera, in->id, clip.from_ns, clip.to_ns))
        order(call, MSG_CLIP, &clip);
}

/* ---- streams and live video: they last until web cancels them ---- */

static bool watch(struct core *c, uint64_t request)
{
    if (c->watchers_count == CORE_WATCHERS_MAX)
        return false;
    c->watchers[c->watchers_count++] = request;
    return true;
}

/* What this person's stream may tell: signals as panels sent them are not for viewers. */
static void print_kinds(struct tc_json *j, enum site_role role)
{
    static const char *const kinds[] = {"event", "incident", "alarm",  "camera", "process",
                                        "note",  "bookmark", "notify", "signal"};
    size_t count = TC_COUNT(kinds) - (role == SITE_ROLE_VIEWER);
    tc_json_key(j, "kinds");
    tc_json_arr(j);
    for (size_t i = 0; i < count; i++)
        tc_json_str(j, tc_slice_str(kinds[i]));
    tc_json_arr_end(j);
}

void api_stream(struct api_call *call)
{
    if (!watch(call->c, call->m->request)) {
        api_problem(call, 503, "Too many streams", "There are %d open streams; close some.",
                    CORE_WATCHERS_MAX);
        return;
    }
    struct tc_json j = tc_json(&call->json);
    tc_json_obj(&j);
    tc_json_kv_u64(&j, "seq", call->c->state.last_seq);
    tc_json_kv_wall(&j, "now", clock_wall());
    print_kinds(&j, call->who->role);
    tc_json_obj_end(&j);
    api_answer(call, 200);
}

static struct live_view *free_live(struct core *c)
{
    for (size_t i = 0; i < CORE_LIVE_MAX; i++) {
        if (!c->live[i].used)
            return &c->live[i];
    }
    return NULL;
}

void api_video_start(struct api_call *call)
{
    struct tc_slice id = api_param(call, "camera");
    struct msg_live live = {.request = call->m->request, .status = 404};
    uint32_t camera = site_camera_find(&call->c->site, id);
    if (camera == SITE_NONE) {
        outbox_send(call->c, TC_ROLE_WEB, MSG_LIVE, &live, tc_slice(NULL, 0));
        return;
    }
    struct live_view *v = free_live(call->c);
    if (v == NULL) {
        live.status = 503;
        outbox_send(call->c, TC_ROLE_WEB, MSG_LIVE, &live, tc_slice(NULL, 0));
        return;
    }
    if (!note_view(call, call->c->site.cameras[camera].id, 0, clock_wall().ns, 0))
        return;
    live.camera = camera;
    live.status = 200;
    struct msg_ring_give give = {.camera = camera, .request = call->m->request};
    struct msg_watch watched = {.camera = camera, .watched = 1};
    outbox_send(call->c, TC_ROLE_WEB, MSG_LIVE, &live, tc_slice(NULL, 0));
    outbox_send(call->c, TC_ROLE_SUPERVISOR, MSG_RING_GIVE, &give, tc_slice(NULL, 0));
    outbox_send(call->c, TC_ROLE_CAPTURE, MSG_WATCH, &watched, tc_slice(NULL, 0));
    v->request = call->m->request;
    v->camera = camera;
    v->used = true;
}

static bool still_watched(const struct core *c, uint32_t camera)
{
    for (size_t i = 0; i < CORE_LIVE_MAX; i++) {
        if (c->live[i].used && c->live[i].camera == camera)
            return true;
    }
    return false;
}

static void end_live(struct core *c, struct live_view *v)
{
    v->used = false;
    struct msg_watch watched = {.camera = v->camera, .watched = 0};
    if (!still_watched(c, v->camera))
        outbox_send(c, TC_ROLE_CAPTURE, MSG_WATCH, &watched, tc_slice(NULL, 0));
}

void api_cancel(struct core *c, uint64_t request)
{
    for (size_t i = 0; i < c->watchers_count; i++) {
        if (c->watchers[i] == request)
            c->watchers[i--] = c->watchers[--c->watchers_count];
    }
    for (size_t i = 0; i < CORE_LIVE_MAX; i++) {
        if (c->live[i].used && c->live[i].request == request)
            end_live(c, &c->live[i]);
    }
}

void api_forget_web(struct core *c)
{
    c->watchers_count = 0;
    for (size_t i = 0; i < CORE_LIVE_MAX; i++) {
        if (c->live[i].used)
            end_live(c, &c->live[i]);
    }
}
