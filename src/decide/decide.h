/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from an entry: the pure heart of the core.
 *
 * decide_input takes one input entry, numbers it, folds it into the state, and concludes: every
 * conclusion is again an entry (its cause is the input), given to the sink and folded, in order,
 * before the next is drawn. No clock, no random number, no file: times are the input's,
 * configuration is the site that a CONFIG entry put in force. The sink must take every entry;
 * effects (orders to archive, answers, changes on screens) are made by core from COMMANDED and
 * NOTIFIED entries after they are durable.
 *
 * What it concludes (domain.md): an event of priority P1 to P4 raises an alarm by itself when it is
 * active or instant; intrusion from areas of ours only while armed, a panel's own alarm always; the
 * same source again counts up; alarms join an incident of the same class in the same or an adjacent
 * zone within 60 s of its last alarm; the cameras that cover the zone record from the pre-roll on,
 * until the post-roll after normal. */
#pragma once

#include "decide/state.h"
#include "model/site.h"
#include "rule/rule.h"

#define DECIDE_JOIN_NS      (60 * TC_NS_PER_S)
#define DECIDE_CLIP_MOST_NS (600 * TC_NS_PER_S) /* from the alarm on, unless renewed */

typedef enum tc_err decide_sink_fn(void *ctx, const struct record_entry *e);

struct decide {
    struct state *state;
    const struct site *site;
    decide_sink_fn *sink;
    void *ctx;
    /* of the step under way */
    const struct record_entry *input;
    enum tc_err err;
};

/* E's kind, times, boot and fields are filled in; seq and cause are set here. TC_OK, or the sink's
 * or the fold's error: the state is then unfit for use (stop and replay). */
enum tc_err decide_input(struct decide *d, struct record_entry *e) TC_MUST_USE;

/* An operator's wish, as the entry's OUTCOME field of a REFUSED decision says why it was not
 * granted. */
#define DECIDE_REFUSED_OWNED   "owned" /* somebody else has it; USER names them */
#define DECIDE_REFUSED_CLOSED  "closed"
#define DECIDE_REFUSED_UNKNOWN "unknown"

/* ---- for the files of this room ---- */

/* Numbers E, names its cause, gives it to the sink, folds it. After an error nothing more is
 * emitted. */
void decide_emit(struct decide *d, struct record_entry *e);
void decide_event(struct decide *d, const struct record_entry *e);
void decide_operator(struct decide *d, const struct record_entry *e);
void decide_outcome(struct decide *d, const struct record_entry *e);
void decide_rules(struct decide *d, const struct record_entry *event, uint64_t incident);
/* Cameras of the zone start (or go on with) the incident's clip. AT: the moment the pre-roll
 * precedes. */
void decide_record(struct decide *d, uint64_t incident, struct tc_slice zone, struct tc_wall at,
                   bool active);
/* An alarm of the incident was repeated: the clips that it has go on. */
void decide_record_on(struct decide *d, uint64_t incident, struct tc_wall at, bool active);
/* The incident's last active alarm is normal: its clips get their end. */
void decide_record_end(struct decide *d, uint64_t incident, struct tc_wall normal_at);
