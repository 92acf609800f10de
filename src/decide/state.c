/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/check.h"
#include "decide/state_internal.h"

void state_init(struct state *s)
{
    *s = (struct state){.next_incident = 1};
}

void state_done(struct state *s)
{
    for (size_t i = 0; i < s->incidents_count; i++) {
        incident_done(s->incidents[i]);
        free(s->incidents[i]);
    }
    free(s->incidents);
    free(s->points);
    free(s->panels);
    free(s->areas);
    free(s->cameras);
    free(s->alarms);
    free(s->alarms_free);
    free(s->event_text);
    tc_map_done(&s->alarm_map);
    tc_map_done(&s->point_map);
    tc_map_done(&s->panel_map);
    tc_map_done(&s->incident_map);
    state_init(s);
}

const char *area_state_name(enum area_state state)
{
    static const char *const words[] = {
#define X(name, word) [AREA_##name] = word,
        AREA_STATE_LIST(X)
#undef X
    };
    return (unsigned)state < AREA_STATE_COUNT ? words[state] : "unknown";
}

/* ---- finding ---- */

static bool incident_is(const void *ctx, uint32_t value)
{
    const struct state_key *k = ctx;
    return k->state->incidents[value]->id == k->id;
}

static uint64_t id_hash(uint64_t id)
{
    return tc_map_hash(TC_MAP_SEED, tc_slice(&id, sizeof id));
}

struct incident *state_incident(const struct state *s, uint64_t id)
{
    struct state_key k = {.state = s, .id = id};
    int64_t at = tc_map_find(&s->incident_map, id_hash(id), incident_is, &k);
    return at < 0 ? NULL : s->incidents[at];
}

uint64_t state_alarm_hash(enum ev_type type, struct tc_slice panel, struct tc_slice point,
                          struct tc_slice zone)
{
    uint32_t number = type;
    uint64_t h = tc_map_hash(TC_MAP_SEED, tc_slice(&number, sizeof number));
    h = tc_map_hash(h, panel);
    h = tc_map_hash(h, point);
    return tc_map_hash(h, zone);
}

static bool alarm_is(const void *ctx, uint32_t value)
{
    const struct state_key *k = ctx;
    const struct state_alarm *ref = &k->state->alarms[value];
    struct incident *in = state_incident(k->state, ref->incident);
    struct incident_alarm *a = in == NULL ? NULL : incident_alarm_find(in, ref->alarm);
    return a != NULL && a->type == k->type && tc_slice_is(k->panel, a->panel) &&
           tc_slice_is(k->point, a->point) && tc_slice_is(k->zone, a->zone);
}

struct incident_alarm *state_alarm_find(const struct state *s, enum ev_type type,
                                        struct tc_slice panel, struct tc_slice point,
                                        struct tc_slice zone, struct incident **ret_incident)
{
    struct state_key k = {.state = s, .type = type, .panel = panel, .point = point, .zone = zone};
    int64_t at =
        tc_map_find(&s->alarm_map, state_alarm_hash(type, panel, point, zone), alarm_is, &k);
    if (at < 0)
        return NULL;
    *ret_incident = state_incident(s, s->alarms[at].incident);
    return incident_alarm_find(*ret_incident, s->alarms[at].alarm);
}

static bool panel_is(const void *ctx, uint32_t value)
{
    const struct state_key *k = ctx;
    return tc_slice_is(k->panel, k->state->panels[value].id);
}

struct state_panel *state_panel_find(const struct state *s, struct tc_slice id)
{
    struct state_key k = {.state = s, .panel = id};
    int64_t at = tc_map_find(&s->panel_map, tc_map_hash(TC_MAP_SEED, id), panel_is, &k);
    return at < 0 ? NULL : &s->panels[at];
}

enum tc_err state_index_panel(struct state *s, size_t at)
{
    return tc_map_add(&s->panel_map, tc_map_hash(TC_MAP_SEED, tc_slice_str(s->panels[at].id)),
                      (uint32_t)at);
}

struct state_camera *state_camera_find(const struct state *s, struct tc_slice id)
{
    for (size_t i = 0; i < s->cameras_count; i++) {
        if (tc_slice_is(id, s->cameras[i].id))
            return &s->cameras[i];
    }
    return NULL;
}

struct state_area *state_area_find(const struct state *s, struct tc_slice id)
{
    for (size_t i = 0; i < s->areas_count; i++) {
        if (tc_slice_is(id, s->areas[i].id))
            return &s->areas[i];
    }
    return NULL;
}

static bool point_is(const void *ctx, uint32_t value)
{
    const struct state_key *k = ctx;
    const struct state_point *p = &k->state->points[value];
    return tc_slice_is(k->panel, p->panel) && tc_slice_is(k->point, p->point);
}

uint64_t state_point_hash(struct tc_slice panel, struct tc_slice point)
{
    return tc_map_hash(tc_map_hash(TC_MAP_SEED, panel), point);
}

struct state_point *state_point_find(const struct state *s, struct tc_slice panel,
                                     struct tc_slice point)
{
    struct state_key k = {.state = s, .panel = panel, .point = point};
    int64_t at = tc_map_find(&s->point_map, state_point_hash(panel, point), point_is, &k);
    return at < 0 ? NULL : &s->points[at];
}

uint64_t state_duplicate_of(const struct state *s, struct tc_slice panel, const uint8_t digest[32],
                            struct tc_wall received_at)
{
    const struct state_panel *p = state_panel_find(s, panel);
    for (size_t i = 0; p != NULL && i < STATE_DIGESTS; i++) {
        const struct state_digest *d = &p->digests[i];
        int64_t age_ns = received_at.ns - d->received_at.ns;
        if (d->seq != 0 && age_ns < STATE_DUPLICATE_NS && age_ns > -STATE_DUPLICATE_NS &&
            memcmp(d->digest, digest, sizeof d->digest) == 0)
            return d->seq;
    }
    return 0;
}

/* ---- indexes over incidents ---- */

enum tc_err state_index_incident(struct state *s, size_t at)
{
    return tc_map_add(&s->incident_map, id_hash(s->incidents[at]->id), (uint32_t)at);
}

enum tc_err state_index_incidents(struct state *s)
{
    tc_map_clear(&s->incident_map);
    for (size_t i = 0; i < s->incidents_count; i++)
        TC_TRY(state_index_incident(s, i));
    return TC_OK;
}

enum tc_err state_add_alarm(struct state *s, struct incident *in, const struct incident_alarm *a)
{
    size_t at = s->alarms_count;
    if (s->alarms_free_count > 0)
        at = s->alarms_free[--s->alarms_free_count];
    else if (TC_ARRAY_ADD(s, alarms) == NULL)
        return TC_E_NOMEM;
    uint64_t hash = state_alarm_hash(a->type, tc_slice_str(a->panel), tc_slice_str(a->point),
                                     tc_slice_str(a->zone));
    s->alarms[at] =
        (struct state_alarm){.hash = hash, .incident = in->id, .alarm = a->id, .used = true};
    return tc_map_add(&s->alarm_map, hash, (uint32_t)at);
}

enum tc_err state_drop_alarms(struct state *s, uint64_t incident)
{
    for (size_t i = 0; i < s->alarms_count; i++) {
        struct state_alarm *ref = &s->alarms[i];
        if (!ref->used || ref->incident != incident)
            continue;
        tc_map_remove(&s->alarm_map, ref->hash, (uint32_t)i);
        ref->used = false;
        size_t *slot = TC_ARRAY_ADD(s, alarms_free);
        if (slot == NULL)
            return TC_E_NOMEM;
        *slot = i;
    }
    return TC_OK;
}

/* ---- snapshot ---- */

static const uint32_t snapshot_magic = UINT32_C(0x54535331); /* TSS1 */

static void point_io(struct io *io, struct state_point *p)
{
    uint32_t type = p->type;
    uint32_t state = p->state;
    io_str(io, p->panel, sizeof p->panel);
    io_str(io, p->point, sizeof p->point);
    io_str(io, p->zone, sizeof p->zone);
    io_u32(io, &type);
    io_u32(io, &state);
    p->type = type;
    p->state = state;
    io_wall(io, &p->last_at);
}

static void panel_io(struct io *io, struct state_panel *p)
{
    io_str(io, p->id, sizeof p->id);
    io_wall(io, &p->last_heard_at);
    io_u32(io, &p->next);
    for (size_t i = 0; i < STATE_DIGESTS; i++) {
        io_bytes(io, p->digests[i].digest, sizeof p->digests[i].digest);
        io_u64(io, &p->digests[i].seq);
        io_wall(io, &p->digests[i].received_at);
    }
    io->bad = io->bad || p->next >= STATE_DIGESTS;
}

static void area_io(struct io *io, struct state_area *a)
{
    uint32_t state = a->state;
    io_str(io, a->id, sizeof a->id);
    io_u32(io, &state);
    a->state = state;
    io_wall(io, &a->since);
}

static void camera_io(struct io *io, struct state_camera *c)
{
    io_str(io, c->id, sizeof c->id);
    io_u32(io, &c->what);
    io_wall(io, &c->since);
    io_u32(io, &c->width);
    io_u32(io, &c->height);
    io_str(io, c->codec, sizeof c->codec);
    io_str(io, c->cause, sizeof c->cause);
}

static void incidents_io(struct io *io, struct state *s)
{
    s->incidents_count = io_count(io, s->incidents_count, STATE_OPEN_MAX + STATE_CLOSED_KEPT + 1,
                                  (void **)&s->incidents, sizeof *s->incidents, &s->incidents_cap);
    for (size_t i = 0; i < s->incidents_count; i++) {
        if (io->out == NULL && io_ok(io))
            s->incidents[i] = calloc(1, sizeof **s->incidents);
        if (s->incidents[i] == NULL) {
            io->bad = true;
            s->incidents_count = i;
            return;
        }
        incident_io(io, s->incidents[i]);
    }
}

static void state_io(struct io *io, struct state *s)
{
    uint32_t magic = snapshot_magic;
    uint64_t undurable = s->undurable;
    uint64_t closed = s->closed_count;
    io_u32(io, &magic);
    io->bad = io->bad || magic != snapshot_magic;
    io_u64(io, &s->last_seq);
    io_u32(io, &s->boot);
    io_u64(io, &s->next_incident);
    io_u64(io, &s->durable_upto);
    io_bytes(io, s->config_hash, sizeof s->config_hash);
    io_u64(io, &undurable);
    io_u64(io, &closed);
    s->undurable = (size_t)undurable;
    s->closed_count = (size_t)closed;
    IO_ARRAY(io, s, points, STATE_POINTS_MAX, point_io);
    IO_ARRAY(io, s, panels, STATE_PANELS_MAX, panel_io);
    IO_ARRAY(io, s, areas, STATE_AREAS_MAX, area_io);
    IO_ARRAY(io, s, cameras, STATE_CAMERAS_MAX, camera_io);
    incidents_io(io, s);
}

enum tc_err state_write(struct state *s, struct tc_buf *out)
{
    struct io io = io_writer(out);
    state_io(&io, s);
    return io_ok(&io) ? TC_OK : out->err;
}

static enum tc_err index_all(struct state *s)
{
    TC_TRY(state_index_incidents(s));
    for (size_t i = 0; i < s->panels_count; i++)
        TC_TRY(state_index_panel(s, i));
    for (size_t i = 0; i < s->points_count; i++)
        TC_TRY(tc_map_add(
            &s->point_map,
            state_point_hash(tc_slice_str(s->points[i].panel), tc_slice_str(s->points[i].point)),
            (uint32_t)i));
    for (size_t i = 0; i < s->incidents_count; i++) {
        struct incident *in = s->incidents[i];
        for (size_t k = 0; incident_is_open(in) && k < in->alarms_count; k++)
            TC_TRY(state_add_alarm(s, in, &in->alarms[k]));
    }
    return TC_OK;
}

enum tc_err state_read(struct state *s, struct tc_slice bytes)
{
    struct io io = io_reader(bytes);
    state_io(&io, s);
    if (io_ok(&io) && tc_rd_end(&io.in) && index_all(s) == TC_OK)
        return TC_OK;
    state_done(s);
    return TC_E_CORRUPT;
}

void state_check(struct state *s)
{
    size_t open_alarms = 0;
    size_t closed = 0;
    for (size_t i = 0; i < s->incidents_count; i++) {
        struct incident *in = s->incidents[i];
        TC_ASSERT(i == 0 || s->incidents[i - 1]->id < in->id);
        TC_ASSERT(state_incident(s, in->id) == in);
        closed += !incident_is_open(in);
        open_alarms += incident_is_open(in) ? in->alarms_count : 0;
    }
    size_t refs = 0;
    for (size_t i = 0; i < s->alarms_count; i++)
        refs += s->alarms[i].used;
    TC_ASSERT(closed == s->closed_count);
    TC_ASSERT(refs == open_alarms);
    TC_ASSERT(closed <= STATE_CLOSED_KEPT + 1);
}
