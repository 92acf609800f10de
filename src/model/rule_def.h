/* SPDX-License-Identifier: Apache-2.0 */
/* A rule in its compiled form, as part of a site: which events it answers and what it orders.
 * src/rule makes it from text and asks it; it lies here because a site owns its rules.
 *
 * Ownership: a struct rule owns its zones; rule_def_done frees them. Zeroed is valid and matches
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event_type.h"
#include "model/site_limits.h"

enum { RULE_ACTIONS_MAX = 16, RULE_WHEN_BYTES = 256 + 1 };

enum rule_verb { RULE_RECORD, RULE_BOOKMARK, RULE_NOTIFY_ROLE, RULE_NOTIFY_USER };

struct rule_action {
    enum rule_verb verb;
    bool full;       /* RULE_RECORD: in full, whatever the camera's mode */
    int64_t for_ns;  /* RULE_RECORD: 1 s..24 h, or 0 for the camera's own post-roll */
    uint32_t target; /* RULE_NOTIFY_ROLE: enum site_role; RULE_NOTIFY_USER: user index */
};

enum rule_scope { RULE_ANYWHERE, RULE_IN_ZONE, RULE_IN_AREA };

struct rule {
    char id[SITE_ID_BYTES];
    char when[RULE_WHEN_BYTES]; /* as written, for people; "" matches nothing */
    enum ev_class event_class;  /* EV_CLASS_NONE: any class */
    enum ev_type event_type;    /* EV_NONE: any type of the class */
    enum rule_scope scope;
    uint32_t scope_index; /* the zone or the area */
    uint32_t *zones;      /* sorted indexes; empty when scope is RULE_ANYWHERE */
    size_t zones_count;
    struct rule_action actions[RULE_ACTIONS_MAX]; /* in the order written */
    size_t actions_count;
};

/* Frees what the rule owns, not the rule. */
void rule_def_done(struct rule *r);
