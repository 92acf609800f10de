/* SPDX-License-Identifier: Apache-2.0 */
/* An incident printed again from its entries in the journal, by the same fold that core runs live.
 * The functions fit into struct journal_incident_fold (store/journal_query.h), which says what they
 * are given. */
#pragma once

#include "decide/incident.h"

/* Zeroed with the site set (may be NULL) is ready for begin; done frees. */
struct incident_reprint {
    struct incident in;
    const struct site *site;
    struct incident_event event; /* the EVENT entry given last, for the entry that names it */
    char *event_text;
};

/* Frees what is in it. The three others are called in this order for each incident: begin, entry
 * after entry, print. TC_E_NOMEM. */
void incident_reprint_done(struct incident_reprint *p);
void incident_reprint_begin(void *reprint);
enum tc_err incident_reprint_entry(void *reprint, const struct record_entry *e) TC_MUST_USE;
enum tc_err incident_reprint_print(void *reprint, bool full, struct tc_json *j) TC_MUST_USE;
