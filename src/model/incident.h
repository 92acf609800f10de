/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees of signals, events, alarms and incidents: one view of each, and the one JSON
 * form that every answer, change message and list gives it.
 *
 * A view borrows everything; whoever has the thing (core's live state, a fold over the journal)
 * fills a view, prints it and forgets it. Texts are slices: an absent one is empty and prints as
 * null. Times of 0 print as null. Names (zone_name, camera name) are the filler's to look up. */
#pragma once

#include <stdbool.h>

#include "base/json_out.h"
#include "base/slice.h"
#include "base/time.h"
#include "model/event_type.h"

/* name, word. Numbers stand in the journal: append only. */
#define INCIDENT_STATE_LIST(X)                                                                     \
    X(NEW, "new")                                                                                  \
    X(PICKED_UP, "picked_up")                                                                      \
    X(PARKED, "parked")                                                                            \
    X(RESOLVED, "resolved")                                                                        \
    X(CLOSED, "closed")

enum incident_state {
#define X(name, word) INCIDENT_##name,
    INCIDENT_STATE_LIST(X)
#undef X
        INCIDENT_STATE_COUNT
};

/* The phase ledger, in the order in which an incident normally goes through it. Numbers stand in
 * the journal: append only. */
#define INCIDENT_PHASE_LIST(X)                                                                     \
    X(SENSED, "sensed")         /* by the source's clock */                                        \
    X(RECEIVED, "received")     /* the frame was in */                                             \
    X(DURABLE, "durable")       /* acknowledged to the panel */                                    \
    X(CORRELATED, "correlated") /* cameras chosen */                                               \
    X(COMMANDED, "commanded")   /* the first action */                                             \
    X(CONFIRMED, "confirmed")   /* the first action */                                             \
    X(SHOWN, "shown")           /* drawn on an operator's screen */                                \
    X(PICKED_UP, "picked_up")                                                                      \
    X(VIEWED, "viewed")   /* first frame of its video displayed */                                 \
    X(DECIDED, "decided") /* outcome given */                                                      \
    X(CLOSED, "closed")

enum incident_phase {
#define X(name, word) INCIDENT_PHASE_##name,
    INCIDENT_PHASE_LIST(X)
#undef X
        INCIDENT_PHASE_COUNT
};

#define CLIP_STATE_LIST(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(RECORDING, "recording")                                                                      \
    X(COMPLETE, "complete")                                                                        \
    X(FAILED, "failed")

enum clip_state {
#define X(name, word) CLIP_##name,
    CLIP_STATE_LIST(X)
#undef X
        CLIP_STATE_COUNT
};

#define ACTION_STATE_LIST(X)                                                                       \
    X(COMMANDED, "commanded")                                                                      \
    X(CONFIRMED, "confirmed")                                                                      \
    X(FAILED, "failed")

enum action_state {
#define X(name, word) ACTION_##name,
    ACTION_STATE_LIST(X)
#undef X
        ACTION_STATE_COUNT
};

/* The words of the lists above; NULL for a number out of range (a newer journal's). Static. */
const char *incident_state_name(unsigned state);
const char *incident_phase_name(unsigned phase);
const char *clip_state_name(unsigned state);
const char *action_state_name(unsigned state);
/* TC_E_UNKNOWN for any other word, *RET unchanged then. */
enum tc_err incident_state_parse(struct tc_slice word, enum incident_state *ret) TC_MUST_USE;

struct signal_view {
    uint64_t id;
    struct tc_wall at, received_at, durable_at;
    struct tc_device device_at;
    struct tc_slice protocol, panel, account, peer, token;
    int64_t sequence; /* -1: none */
    struct tc_slice raw;
    uint64_t duplicate_of; /* 0: none */
};

struct event_view {
    uint64_t id, signal; /* signal 0: none */
    struct tc_wall at, received_at;
    enum ev_type type;
    enum ev_state state;
    unsigned priority; /* 1..5 */
    bool unmapped;
    struct tc_slice zone, area, point, panel, code, text, user, camera;
};

struct alarm_view {
    uint64_t id, incident; /* incident 0: none */
    enum ev_type type;
    unsigned priority;
    bool active;
    uint64_t count;
    struct tc_wall raised_at, last_at, normal_at;
    struct tc_slice zone, zone_name, point, panel, text;
};

/* One camera of an incident with what was recorded of it. */
struct clip_view {
    struct tc_slice camera, camera_name;
    enum clip_state state;
    struct tc_wall asked_from, asked_to, from, to;
    struct tc_wall pre_of; /* the moment that the pre-roll precedes; 0: no pre-roll is told */
    int64_t bytes;
    struct tc_slice gaps; /* a JSON array as archive told it, or empty; trusted */
    struct tc_slice
        text; /* why it failed; empty: made from the figures ("asked 10.0 s, got 9.4 s") */
};

struct action_view {
    uint64_t id; /* seq of its COMMANDED entry */
    struct tc_slice verb, target, text;
    enum action_state state;
    struct tc_wall commanded_at, confirmed_at;
};

struct note_view {
    struct tc_wall at;
    struct tc_slice user, text;
};

struct incident_view {
    uint64_t id;
    enum incident_state state;
    unsigned priority;
    enum ev_type type; /* of the alarm that opened it */
    struct tc_slice title, zone, zone_name, area, owner, owner_name, outcome, reason;
    struct tc_wall opened_at;
    bool active; /* an alarm's condition is active */
    uint64_t signal_count;
    struct tc_wall phases[INCIDENT_PHASE_COUNT];
    const struct clip_view *clips;
    size_t clips_count;
    size_t alarms_count; /* counted also where the alarms themselves are not given */
    const struct alarm_view *alarms;
    const struct action_view *actions;
    size_t actions_count;
    const struct note_view *notes;
    size_t notes_count;
    const struct event_view *events;
    size_t events_count;
};

/* One JSON object each. */
void signal_to_json(const struct signal_view *s, struct tc_json *j);
void event_to_json(const struct event_view *e, struct tc_json *j);
void alarm_to_json(const struct alarm_view *a, struct tc_json *j);
/* FULL: with alarms, actions, notes and events; else the list's form. */
void incident_to_json(const struct incident_view *v, bool full, struct tc_json *j);
/* Bytes as printable ASCII, \xNN for the rest and for the backslash, as a JSON string. */
void raw_to_json(struct tc_slice bytes, struct tc_json *j);

/* Pre-roll got of a clip in ns, exactly: from its first frame, a key frame, to the moment that it
 * precedes. More than what was asked for where the key frame lies before that, 0 when there is
 * none. */
int64_t clip_pre_asked_ns(const struct clip_view *c);
int64_t clip_pre_got_ns(const struct clip_view *c);
