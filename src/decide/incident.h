/* SPDX-License-Identifier: Apache-2.0 */
/* One incident with everything that happened in it, as a fold over the journal's entries that name
 * it (RF_INCIDENT): core folds them as they are written, reader folds them again for an incident
 * long closed. Both print it through incident_view_of, so there is one truth about what an incident
 * looks like.
 *
 * Invariants: an alarm belongs to one incident for ever; phases are set once, the first one counts;
 * arrays grow up to the limits below, what does not fit is counted (alarms_more) and stands in the
 * journal anyway. Ownership: struct incident owns its arrays and heap texts. */
#pragma once

#include <stdbool.h>

#include "decide/io.h"
#include "model/incident.h"
#include "model/site.h"
#include "record/entry.h"

enum {
    INCIDENT_ALARMS_MAX = 256,
    INCIDENT_CLIPS_MAX = 64,
    INCIDENT_ACTIONS_MAX = 512,
    INCIDENT_NOTES_MAX = 256,
    INCIDENT_EVENTS_MAX = 50, /* the last so many */
    INCIDENT_TEXT_MAX = 8192,
    INCIDENT_POINT_BYTES =
        96, /* a panel's number, or what a fault is about: a camera's id, a volume's path */
};

struct incident_alarm {
    uint64_t id;
    enum ev_type type;
    unsigned priority;
    bool active;
    uint64_t count;
    struct tc_wall raised_at, last_at, normal_at;
    char zone[SITE_ID_BYTES];
    char point[INCIDENT_POINT_BYTES];
    char panel[SITE_ID_BYTES];
    char *text;
};

struct incident_clip {
    char camera[SITE_ID_BYTES];
    uint64_t action; /* seq of the COMMANDED entry that started it */
    enum clip_state state;
    struct tc_wall asked_from, asked_to; /* asked_to 0: still open */
    struct tc_wall least_to;             /* a rule wants it so long at least; 0: none does */
    struct tc_wall from, to;
    struct tc_wall pre_of;
    int64_t bytes;
    char *gaps;
    char *text;
};

struct incident_action {
    uint64_t id;
    char verb[24];
    char target[SITE_ID_BYTES];
    enum action_state state;
    struct tc_wall commanded_at, confirmed_at;
    char *text;
};

struct incident_note {
    struct tc_wall at;
    char user[SITE_ID_BYTES];
    char *text;
};

struct incident_event {
    uint64_t id, signal;
    struct tc_wall at, received_at;
    enum ev_type type;
    enum ev_state state;
    unsigned priority;
    char zone[SITE_ID_BYTES];
    char area[SITE_ID_BYTES];
    char point[INCIDENT_POINT_BYTES];
    char panel[SITE_ID_BYTES];
    char code[16];
    char *text;
};

struct incident {
    uint64_t id;
    enum incident_state state;
    unsigned priority;
    enum ev_type type;
    enum ev_class class_;
    char zone[SITE_ID_BYTES];
    char area[SITE_ID_BYTES];
    char panel[SITE_ID_BYTES]; /* of the first alarm; joins alarms without a zone */
    char owner[SITE_ID_BYTES];
    char outcome[16];
    char *reason;
    struct tc_wall opened_at;
    struct tc_wall last_alarm_at; /* the window for joining runs from here */
    uint64_t opened_seq;
    uint64_t signals;
    struct tc_wall phases[INCIDENT_PHASE_COUNT];
    struct incident_alarm *alarms;
    size_t alarms_count, alarms_cap;
    uint64_t alarms_more;
    struct incident_clip *clips;
    size_t clips_count, clips_cap;
    struct incident_action *actions;
    size_t actions_count, actions_cap;
    struct incident_note *notes;
    size_t notes_count, notes_cap;
    struct incident_event *events; /* oldest first */
    size_t events_count, events_cap;
};

/* An incident without entries; done frees what the folded entries left in it. */
void incident_init(struct incident *in);
void incident_done(struct incident *in);

/* Takes in an entry that names this incident, or the INCIDENT_OPENED that begins it. Entries that
 * say nothing about an incident change nothing. TC_E_NOMEM; then it is as before or lacks this
 * entry's texts. */
enum tc_err incident_apply(struct incident *in, const struct record_entry *e) TC_MUST_USE;
/* Takes in an event that one of its alarms came from or was repeated by. */
enum tc_err incident_add_event(struct incident *in, const struct incident_event *event,
                               struct tc_slice text) TC_MUST_USE;
/* Does E tell of an alarm of this incident, so that the event it names (RF_EVENT) is one of the
 * incident's? */
bool incident_takes_event(const struct record_entry *e);
/* Reads an EVENT entry into OUT (without its text: borrow it from the entry). */
void incident_event_of(const struct record_entry *e, struct incident_event *out);

/* Is an alarm of it active; is it not closed; and its parts by their id, NULL when there is none
 * such. */
bool incident_is_active(const struct incident *in);
bool incident_is_open(const struct incident *in);
struct incident_alarm *incident_alarm_find(struct incident *in, uint64_t alarm_id);
struct incident_clip *incident_clip_find(struct incident *in, struct tc_slice camera);
struct incident_action *incident_action_find(struct incident *in, uint64_t action_id);

/* Appends the incident's JSON (API form). SITE gives names, may be NULL. TC_E_NOMEM. */
enum tc_err incident_print(const struct incident *in, const struct site *site, bool full,
                           struct tc_json *j) TC_MUST_USE;
/* One alarm's row, as the list of alarms and the stream give it. */
void incident_alarm_print(const struct incident *in, const struct incident_alarm *a,
                          const struct site *site, struct tc_json *j);

/* Writes or reads the whole incident. */
void incident_io(struct io *io, struct incident *in);
