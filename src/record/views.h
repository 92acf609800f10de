/* SPDX-License-Identifier: Apache-2.0 */
/* From entries to the views that lists print (model/incident.h). Views borrow from the entry. */
#pragma once

#include "model/incident.h"
#include "record/entry.h"

/* Of a SIGNAL entry; durable_at is left 0, it stands in a later entry. */
void signal_view_of(const struct record_entry *e, struct signal_view *v);
/* Of an EVENT entry. */
void event_view_of(const struct record_entry *e, struct event_view *v);
/* An alarm as it was raised (ALARM_RAISED)... */
void alarm_view_of(const struct record_entry *raised, struct alarm_view *v);
/* ...and what a later ALARM_REPEATED or ALARM_NORMAL of it changes; other kinds change nothing. */
void alarm_view_apply(struct alarm_view *v, const struct record_entry *e);
