/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the other processes become inputs of the journal. */
#include <stdio.h>

#include "base/check.h"
#include "core/internal.h"
#include "model/panel_code.h"
#include "runtime/clock.h"
#include "runtime/log.h"

/* A panel's own time is believed when it is this near to ours; else the time of receipt is the
 * event's. */
#define DEVICE_TIME_NEAR_NS (60 * TC_NS_PER_S)

/* ---- signals ---- */

struct signal {
    const struct msg_signal *m;
    const struct site_panel *panel;
    struct tc_slice events, texts, raw;
    uint64_t seq; /* of the SIGNAL entry */
};

/* A time that can be one: sums and differences of such stay in range. 0: none was given. */
static bool time_is_possible(int64_t ns)
{
    return ns >= 0 && ns < INT64_C(4102444800) * TC_NS_PER_S; /* 2100 */
}

/* The parts of the tail, or false when the sizes do not add up. */
static bool split_signal(struct core *c, struct msg *msg, struct signal *ret)
{
    const struct msg_signal *m = msg->body;
    size_t events_bytes = (size_t)m->events * sizeof(struct msg_signal_event);
    if (m->events > MSG_SIGNAL_EVENTS_MAX || m->panel < 0 ||
        (size_t)m->panel >= c->site.panels_count || m->receiver >= c->site.receivers_count ||
        m->raw_bytes > ENTRY_TEXT_MAX)
        return false;
    if (!time_is_possible(m->received_at_ns) || !time_is_possible(m->device_at_ns))
        return false;
    if (events_bytes + m->text_bytes + m->raw_bytes != msg->tail.len ||
        m->text_bytes > msg->tail.len)
        return false;
    *ret =
        (struct signal){.m = m,
                        .panel = &c->site.panels[m->panel],
                        .events = tc_slice_sub(msg->tail, 0, events_bytes),
                        .texts = tc_slice_sub(msg->tail, events_bytes, m->text_bytes),
                        .raw = tc_slice_sub(msg->tail, events_bytes + m->text_bytes, m->raw_bytes)};
    return true;
}

static uint64_t add_signal(struct core *c, const struct signal *s, uint64_t duplicate_of)
{
    struct record_entry e;
    core_entry(c, &e, RK_SIGNAL);
    entry_str(&e, RF_SOURCE, "intake");
    entry_str(&e, RF_PROTOCOL, "sia-dc09");
    entry_str(&e, RF_PANEL, s->panel->id);
    entry_str(&e, RF_ACCOUNT, s->m->account);
    entry_str(&e, RF_PEER, s->m->peer);
    entry_str(&e, RF_TOKEN, s->m->token);
    entry_i64(&e, RF_SEQUENCE, s->m->sequence);
    entry_bytes(&e, RF_RAW, s->raw);
    if (s->m->device_at_ns != 0)
        entry_i64(&e, RF_DEVICE_AT, s->m->device_at_ns);
    entry_i64(&e, RF_RECEIVED_AT, s->m->received_at_ns);
    entry_bytes(&e, RF_DIGEST, tc_slice(s->m->digest, sizeof s->m->digest));
    if (duplicate_of != 0)
        entry_i64(&e, RF_DUPLICATE_OF, (int64_t)duplicate_of);
    return core_input(c, &e) ? e.seq : 0;
}

/* What the panel's code says, or what its point is configured to be. Intake has asked the same
 * table; asked again here, because the configuration of this process is the one that counts. */
static enum ev_type type_of(const struct msg_signal_event *ev, const struct site_point *point)
{
    enum ev_type by_point = point == NULL ? EV_NONE : ev_type_by_number(point->type);
    return panel_type_at_point(ev_type_by_number(ev->type), by_point);
}

static int64_t event_time(const struct signal *s, const struct msg_signal_event *ev)
{
    int64_t device_ns = ev->device_at_ns != 0 ? ev->device_at_ns : s->m->device_at_ns;
    int64_t off_ns = device_ns - s->m->received_at_ns;
    bool near = device_ns != 0 && off_ns < DEVICE_TIME_NEAR_NS && off_ns > -DEVICE_TIME_NEAR_NS;
    return near ? device_ns : s->m->received_at_ns;
}

static const struct site_point *point_of(const struct signal *s, const struct msg_signal_event *ev)
{
    return ev->point >= 0 && (size_t)ev->point < s->panel->points_count
               ? &s->panel->points[ev->point]
               : NULL;
}

/* "Yard: motion" when the panel sent no words of its own. */
static void describe(const struct core *c, const struct msg_signal_event *ev,
                     const struct site_point *point, enum ev_type type, char *out, size_t size)
{
    const char *name = ev_type_name(type);
    const char *zone =
        point != NULL && point->zone < c->site.zones_count ? c->site.zones[point->zone].name : NULL;
    if (type == EV_NONE)
        (void)snprintf(out, size, "code %s is in no table", ev->code);
    else if (zone != NULL && point->name[0] != 0)
        (void)snprintf(out, size, "%s in %s (%s)", name, zone, point->name);
    else if (zone != NULL)
        (void)snprintf(out, size, "%s in %s", name, zone);
    else if (ev->number != 0)
        (void)snprintf(out, size, "%s, %s %u", name, ev->address_is_user ? "user" : "point",
                       ev->number);
    else
        (void)snprintf(out, size, "%s", name);
}

static bool add_event(struct core *c, const struct signal *s, const struct msg_signal_event *ev,
                      uint32_t area)
{
    const struct site_point *point = point_of(s, ev);
    enum ev_type type = type_of(ev, point);
    struct record_entry e;
    char number[16];
    char text[320];
    core_entry(c, &e, RK_EVENT);
    e.cause = s->seq;
    entry_i64(&e, RF_TYPE, type);
    entry_i64(&e, RF_STATE, ev->state);
    entry_i64(&e, RF_PRIORITY, ev_type_priority(type));
    entry_str(&e, RF_PANEL, s->panel->id);
    entry_str(&e, RF_CODE, ev->code);
    if (!ev->address_is_user && ev->number != 0) {
        (void)snprintf(number, sizeof number, "%u", ev->number);
        entry_str(&e, RF_POINT, number);
    }
    if (point != NULL && point->zone < c->site.zones_count) {
        entry_str(&e, RF_ZONE, c->site.zones[point->zone].id);
        if (area == SITE_NONE)
            area = site_area_of_zone(&c->site, point->zone);
    }
    if (area != SITE_NONE)
        entry_str(&e, RF_AREA, c->site.areas[area].id);
    if (ev->user[0] != 0)
        entry_str(&e, RF_USER, ev->user);
    if (type == EV_NONE)
        entry_i64(&e, RF_UNMAPPED, 1);
    struct tc_slice said = tc_slice_sub(s->texts, ev->text_at, ev->text_len);
    describe(c, ev, point, type, text, sizeof text);
    entry_text(&e, RF_TEXT, said.len > 0 && tc_slice_is_utf8(said) ? said : tc_slice_str(text));
    entry_i64(&e, RF_AT, event_time(s, ev));
    int64_t device_ns = ev->device_at_ns != 0 ? ev->device_at_ns : s->m->device_at_ns;
    if (device_ns != 0)
        entry_i64(&e, RF_DEVICE_AT, device_ns);
    entry_i64(&e, RF_RECEIVED_AT, s->m->received_at_ns);
    return core_input(c, &e);
}

static bool area_has_one(const struct site_area *area, const bool *zones)
{
    bool has = false;
    for (size_t k = 0; k < area->zones_count && !has; k++)
        has = zones[area->zones[k]];
    return has;
}

/* Openings and closings of a panel are those of the areas in which its points lie; one event can
 * tell of one area, so each of them gets an entry of its own. */
static void add_events(struct core *c, const struct signal *s, const struct msg_signal_event *ev)
{
    bool zones[SITE_ZONES_MAX] = {false}; /* where the panel has points */
    bool opens_or_closes = ev_type_class(ev_type_by_number(ev->type)) == EV_CLASS_AREA;
    unsigned areas = 0;
    for (size_t i = 0; opens_or_closes && i < s->panel->points_count; i++)
        zones[s->panel->points[i].zone] = true;
    for (uint32_t a = 0; opens_or_closes && a < c->site.areas_count; a++) {
        if (!area_has_one(&c->site.areas[a], zones))
            continue;
        areas++;
        if (!add_event(c, s, ev, a))
            return;
    }
    if (areas == 0)
        (void)add_event(c, s, ev, SITE_NONE);
}

static void on_signal(void *ctx, struct channel *from, struct msg *msg)
{
    struct core *c = process_user(ctx);
    struct signal s;
    (void)from;
    if (!split_signal(c, msg, &s)) {
        log_error("intake sent a signal that makes no sense, ignoring");
        return;
    }
    if (commit_is_crowded(c))
        return; /* not acknowledged, so it comes again */
    c->signals++;
    struct tc_wall received = {.ns = s.m->received_at_ns};
    uint64_t duplicate_of =
        state_duplicate_of(&c->state, tc_slice_str(s.panel->id), s.m->digest, received);
    c->duplicates += duplicate_of != 0;
    s.seq = add_signal(c, &s, duplicate_of);
    for (uint32_t i = 0; s.seq != 0 && duplicate_of == 0 && i < s.m->events; i++) {
        struct msg_signal_event ev;
        memcpy(&ev, s.events.ptr + i * sizeof ev, sizeof ev);
        ev.device_at_ns = time_is_possible(ev.device_at_ns) ? ev.device_at_ns : 0;
        ev.code[sizeof ev.code - 1] = ev.area[sizeof ev.area - 1] = ev.user[sizeof ev.user - 1] = 0;
        add_events(c, &s, &ev);
    }
    if (!c->failed)
        outbox_ack(c, s.m->id);
}

/* ---- faults, cameras, recordings, processes ---- */

static void on_fault(void *ctx, struct channel *from, struct msg *msg)
{
    struct core *c = process_user(ctx);
    const struct msg_fault *f = msg->body;
    enum ev_class class_ = ev_type_class(ev_type_by_number(f->type));
    if (class_ != EV_CLASS_SYSTEM && class_ != EV_CLASS_SUPERVISION) {
        log_error("a fault of type %u is none that a process may tell, ignoring", f->type);
        return;
    }
    if (commit_is_crowded(c)) {
        log_error("no room for a fault: %s: %s", f->item, f->text);
        return;
    }
    char source[TC_ROLE_LABEL_BYTES];
    struct record_entry e;
    core_entry(c, &e, RK_FAULT);
    entry_str(&e, RF_SOURCE,
              tc_role_label(channel_peer(from), channel_peer_instance(from), source));
    entry_i64(&e, RF_TYPE, f->type);
    entry_i64(&e, RF_STATE,
              f->active == 1   ? EV_STATE_ACTIVE
              : f->active == 0 ? EV_STATE_RESTORED
                               : EV_STATE_INSTANT);
    entry_i64(&e, RF_COUNT, f->count);
    entry_str(&e, RF_ITEM, f->item);
    entry_str(&e, RF_ZONE, f->zone);
    entry_str(&e, RF_TEXT, f->text);
    (void)core_input(c, &e);
}

/* A camera that cannot be reached says so at every attempt: the record takes the first of each
 * cause. */
static bool camera_is_news(const struct core *c, const char *id, const struct msg_camera_state *m)
{
    const struct state_camera *known = state_camera_find(&c->state, tc_slice_str(id));
    if (known == NULL)
        return true;
    if (m->what == MSG_CAMERA_CONNECTING)
        return false;
    return known->what != m->what ||
           (m->what == MSG_CAMERA_DOWN
                ? strcmp(known->cause, m->cause) != 0
                : known->width != m->width || strcmp(known->codec, m->codec) != 0);
}

static void on_camera_state(void *ctx, struct channel *from, struct msg *msg)
{
    struct core *c = process_user(ctx);
    const struct msg_camera_state *m = msg->body;
    char text[MSG_TEXT_BYTES + 64];
    bool own = m->camera / CORE_CAMERAS_PER_SHARD == channel_peer_instance(from);
    if (m->camera >= c->site.cameras_count || !own || m->what < MSG_CAMERA_CONNECTING ||
        m->what > MSG_CAMERA_DOWN || commit_is_crowded(c))
        return;
    const struct site_camera *camera = &c->site.cameras[m->camera];
    if (!camera_is_news(c, camera->id, m))
        return;
    struct record_entry e;
    core_entry(c, &e, RK_CAMERA);
    (void)snprintf(text, sizeof text, "camera %s: %s%s%s", camera->id,
                   m->what == MSG_CAMERA_UP ? "video" : m->cause, m->text[0] != 0 ? ", " : "",
                   m->text);
    entry_str(&e, RF_CAMERA, camera->id);
    entry_i64(&e, RF_STATE, m->what);
    entry_i64(&e, RF_AT, m->at_ns != 0 ? m->at_ns : e.at.ns);
    entry_str(&e, RF_CAUSE_TEXT, m->cause);
    entry_str(&e, RF_TEXT, text);
    if (m->what == MSG_CAMERA_UP) {
        entry_i64(&e, RF_WIDTH, m->width);
        entry_i64(&e, RF_HEIGHT, m->height);
        entry_str(&e, RF_CODEC, m->codec);
    }
    (void)core_input(c, &e);
}

static uint64_t incident_of_action(const struct core *c, uint64_t action)
{
    for (size_t i = c->state.incidents_count; i-- > 0;) {
        if (incident_action_find(c->state.incidents[i], action) != NULL)
            return c->state.incidents[i]->id;
    }
    return 0;
}

static void fill_record_state(struct record_entry *e, const struct core *c,
                              const struct msg_record_state *m, uint64_t incident)
{
    entry_str(e, RF_SOURCE, "archive");
    if (incident != 0)
        entry_i64(e, RF_INCIDENT, (int64_t)incident);
    entry_i64(e, RF_ACTION, (int64_t)m->action);
    entry_str(e, RF_CAMERA, c->site.cameras[m->camera].id);
    entry_str(e, RF_TEXT, m->text);
}

static void on_record_state(void *ctx, struct channel *from, struct msg *msg)
{
    struct core *c = process_user(ctx);
    const struct msg_record_state *m = msg->body;
    struct record_entry e;
    (void)from;
    if (m->camera >= c->site.cameras_count || m->phase == MSG_RECORD_GROWING)
        return; /* growth is archive's own knowledge until the clip is complete */
    uint64_t incident = incident_of_action(c, m->action);
    struct incident *in = state_incident(&c->state, incident);
    struct incident_action *a = in == NULL ? NULL : incident_action_find(in, m->action);
    bool known = a != NULL && a->state != ACTION_COMMANDED;
    if (m->phase == MSG_RECORD_FAILED || !known) {
        core_entry(c, &e, m->phase == MSG_RECORD_FAILED ? RK_FAILED : RK_CONFIRMED);
        fill_record_state(&e, c, m, incident);
        if (!core_input(c, &e))
            return;
    }
    if (m->phase == MSG_RECORD_FAILED)
        return;
    core_entry(c, &e, RK_CLIP_STATE);
    fill_record_state(&e, c, m, incident);
    entry_i64(&e, RF_STATE, m->phase == MSG_RECORD_DONE ? CLIP_COMPLETE : CLIP_RECORDING);
    entry_i64(&e, RF_ASKED_FROM, m->asked_from_ns);
    entry_i64(&e, RF_ASKED_TO, m->asked_to_ns);
    entry_i64(&e, RF_FROM, m->got_from_ns);
    entry_i64(&e, RF_TO, m->got_to_ns);
    entry_i64(&e, RF_BYTES, (int64_t)m->bytes);
    entry_text(&e, RF_GAPS, msg->tail);
    (void)core_input(c, &e);
}

static void on_process_state(void *ctx, struct channel *from, struct msg *msg)
{
    struct core *c = process_user(ctx);
    const struct msg_process_state *m = msg->body;
    char label[TC_ROLE_LABEL_BYTES];
    char text[MSG_TEXT_BYTES + 64];
    struct record_entry e;
    (void)from;
    tc_role_label((enum tc_role)m->role, m->instance, label);
    (void)snprintf(text, sizeof text, "process %s %s", label, m->text);
    core_entry(c, &e, RK_PROCESS);
    entry_str(&e, RF_SOURCE, "supervisor");
    entry_str(&e, RF_PROCESS, label);
    entry_i64(&e, RF_UP, m->what == MSG_PROCESS_UP ? 1 : m->what == MSG_PROCESS_VIOLATION ? 2 : 0);
    entry_str(&e, RF_TEXT, text);
    (void)core_input(c, &e);
}

static void on_request(void *ctx, struct channel *from, struct msg *msg)
{
    (void)from;
    api_request(process_user(ctx), msg);
}

static void on_cancel(void *ctx, struct channel *from, struct msg *msg)
{
    (void)from;
    api_cancel(process_user(ctx), ((const struct msg_cancel *)msg->body)->request);
}

static void on_peer(void *ctx, struct channel *from, struct msg *msg)
{
    (void)from;
    api_peer(process_user(ctx), msg);
}

const struct channel_handler core_handlers[] = {
    {MSG_SIGNAL, on_signal},
    {MSG_FAULT, on_fault},
    {MSG_CAMERA_STATE, on_camera_state},
    {MSG_RECORD_STATE, on_record_state},
    {MSG_REQUEST, on_request},
    {MSG_CANCEL, on_cancel},
    {MSG_PEER, on_peer},
    {0, NULL},
};

const struct channel_handler core_control_handlers[] = {
    {MSG_PROCESS_STATE, on_process_state},
    {0, NULL},
};
