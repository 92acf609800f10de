/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a site as the journal tells it: points, areas, cameras, panels, open incidents.
 *
 * It changes through state_fold only, by one entry at a time, in the order of their numbers.
 * Folding decides nothing and asks nobody: the same entries give the same state, byte for byte
 * (state_io), on any machine, and a snapshot with the entries after it gives what a replay from the
 * first entry gives. Invariants (state_check, run after every step in tests): entries' numbers
 * follow each other; incidents are sorted by id; every open alarm of an open incident has exactly
 * one row in `alarms`, and none else has. */
#pragma once

#include "base/map.h"
#include "decide/incident.h"
#include "model/site.h"
#include "record/entry.h"

enum {
    STATE_DIGESTS = 16,     /* last signals of a panel, to know a retransmission */
    STATE_CLOSED_KEPT = 64, /* closed incidents kept at hand; older ones are the reader's */
    STATE_OPEN_MAX = 100000,
    STATE_POINTS_MAX = 1000000,
    STATE_PANELS_MAX = SITE_PANELS_MAX * 4, /* those of older configurations too */
    STATE_CAMERAS_MAX = SITE_CAMERAS_MAX * 4,
    STATE_AREAS_MAX = SITE_AREAS_MAX * 4,
};

/* A retransmission comes within minutes of the first; later the same bytes are news. */
#define STATE_DUPLICATE_NS (120 * TC_NS_PER_S)

struct state_point {
    char panel[SITE_ID_BYTES];
    char point[INCIDENT_POINT_BYTES];
    char zone[SITE_ID_BYTES];
    enum ev_type type; /* of the last event */
    enum ev_state state;
    struct tc_wall last_at;
};

struct state_digest {
    uint8_t digest[32];
    uint64_t seq;
    struct tc_wall received_at;
};

struct state_panel {
    char id[SITE_ID_BYTES];
    struct tc_wall last_heard_at;
    uint32_t next; /* digest cell to overwrite */
    struct state_digest digests[STATE_DIGESTS];
};

/* Spelt as domain.md says; numbers stand in snapshots. */
#define AREA_STATE_LIST(X)                                                                         \
    X(DISARMED, "disarmed")                                                                        \
    X(ARMED_AWAY, "armed_away")

enum area_state {
#define X(name, word) AREA_##name,
    AREA_STATE_LIST(X)
#undef X
        AREA_STATE_COUNT
};
/* The word of the API and the journal. */
const char *area_state_name(enum area_state state);

struct state_area {
    char id[SITE_ID_BYTES];
    enum area_state state;
    struct tc_wall since;
};

struct state_camera {
    char id[SITE_ID_BYTES];
    uint32_t what; /* 1 connecting, 2 up, 3 down: as the CAMERA entries say */
    struct tc_wall since;
    uint32_t width, height;
    char codec[24];
    char cause[32];
};

/* Where an open alarm is. */
struct state_alarm {
    uint64_t hash;
    uint64_t incident;
    uint64_t alarm;
    bool used;
};

struct state {
    uint64_t last_seq;
    uint32_t boot;
    uint64_t next_incident;
    uint64_t durable_upto;
    uint8_t config_hash[32];
    struct state_point *points;
    size_t points_count, points_cap;
    struct state_panel *panels;
    size_t panels_count, panels_cap;
    struct state_area *areas;
    size_t areas_count, areas_cap;
    struct state_camera *cameras;
    size_t cameras_count, cameras_cap;
    struct incident **incidents; /* by id */
    size_t incidents_count, incidents_cap;
    size_t closed_count;
    size_t undurable; /* open incidents whose durable phase is not known yet */
    /* made from the above, not part of a snapshot */
    struct state_alarm *alarms;
    size_t alarms_count, alarms_cap;
    size_t *alarms_free;
    size_t alarms_free_count, alarms_free_cap;
    struct tc_map alarm_map;
    struct tc_map point_map;
    struct tc_map panel_map;
    struct tc_map incident_map;
    struct incident_event event; /* of the EVENT entry folded last, for the alarm that follows */
    char *event_text;
    uint64_t changed_incident; /* by the last fold; 0: none */
};

/* The state before the first entry; done frees it. */
void state_init(struct state *s);
void state_done(struct state *s);

/* Takes in the next entry (seq last_seq + 1, else TC_E_CONFLICT and unchanged). TC_E_NOMEM leaves
 * the state unfit for use: the caller stops and replays. */
enum tc_err state_fold(struct state *s, const struct record_entry *e) TC_MUST_USE;

/* All or nothing: reading, *S must be initialised and empty, and is emptied again when the bytes
 * are no snapshot (TC_E_CORRUPT). Writing, TC_E_NOMEM or the buffer's own limit. */
enum tc_err state_write(struct state *s, struct tc_buf *out) TC_MUST_USE;
enum tc_err state_read(struct state *s, struct tc_slice bytes) TC_MUST_USE;
/* The invariants above; asserts. */
void state_check(struct state *s);

/* The incident with this id among those at hand, or NULL. */
struct incident *state_incident(const struct state *s, uint64_t id);
/* An open incident's alarm from this very source, or NULL. */
struct incident_alarm *state_alarm_find(const struct state *s, enum ev_type type,
                                        struct tc_slice panel, struct tc_slice point,
                                        struct tc_slice zone, struct incident **ret_incident);
struct state_panel *state_panel_find(const struct state *s, struct tc_slice id);
struct state_camera *state_camera_find(const struct state *s, struct tc_slice id);
struct state_area *state_area_find(const struct state *s, struct tc_slice id);
struct state_point *state_point_find(const struct state *s, struct tc_slice panel,
                                     struct tc_slice point);
/* The seq of the SIGNAL entry that this one repeats, or 0. */
uint64_t state_duplicate_of(const struct state *s, struct tc_slice panel, const uint8_t digest[32],
                            struct tc_wall received_at);
