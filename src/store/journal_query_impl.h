/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct journal_reader, for journal_query*.c alone. */
#pragma once

#include <sqlite3.h>

#include "record/entry.h"
#include "store/journal_query.h"

enum journal_query_stmt {
    JQ_BEGIN,
    JQ_END,
    JQ_ENTRY,
    JQ_LAST,
    JQ_TIME_FROM,
    JQ_TIME_TO,
    JQ_SIGNALS,
    JQ_EVENTS,
    JQ_ALARMS,
    JQ_INCIDENTS,
    JQ_LISTED,
    JQ_ALARM,
    JQ_INCIDENT,
    JQ_INCIDENT_ENTRIES,
    JQ_INCIDENT_REPEATS,
    JQ_DURABLE,
    JQ_CHANGES,
    JQ_STMTS,
};

/* Two entries can be at hand at a time, each in a buffer of its own. */
enum jq_slot { JQ_SLOT_A, JQ_SLOT_B, JQ_SLOTS };

struct journal_reader {
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[JQ_STMTS];
    struct tc_buf slots[JQ_SLOTS];
    uint64_t seqs[JOURNAL_INCIDENT_ENTRIES_MAX]; /* of one incident */
    size_t seqs_count;
};

/* Entry SEQ into *E, which borrows from SLOT until the next load into it. TC_E_NOT_FOUND. */
enum tc_err jq_load(struct journal_reader *r, enum jq_slot slot, uint64_t seq,
                    struct record_entry *e, struct tc_errinfo *info) TC_MUST_USE;
enum tc_err jq_begin(struct journal_reader *r, struct tc_errinfo *info) TC_MUST_USE;
void jq_end(struct journal_reader *r);
/* TC_E_CORRUPT: a list names an entry that it cannot hold. */
enum tc_err jq_misplaced(const struct record_entry *e, struct tc_errinfo *info);
/* Ends a walk: resets S, turns RC (unless it is DONE or ROW) into an error when ERR is none yet. */
enum tc_err jq_walked(struct journal_reader *r, sqlite3_stmt *s, int rc, enum tc_err err,
                      struct tc_errinfo *info) TC_MUST_USE;
bool jq_spent(const struct journal_context *c);

/* journal_query_items.c: one item of a list, from its entry. */
typedef enum tc_err jq_item_fn(struct journal_reader *r, const struct record_entry *e,
                               struct tc_json *j, struct tc_errinfo *info);
jq_item_fn jq_signal, jq_row, jq_audit;

/* An alarm after its entries LAST and NORMAL (0: none). RAISED is in JQ_SLOT_A; uses JQ_SLOT_B. */
enum tc_err jq_alarm_view(struct journal_reader *r, const struct site *site,
                          const struct record_entry *raised, uint64_t last, uint64_t normal,
                          struct alarm_view *v, struct tc_errinfo *info) TC_MUST_USE;

/* journal_query_incident.c: an incident as it was after entry UPTO (UINT64_MAX: now). Uses both
 * slots. TC_E_NOT_FOUND. */
enum tc_err jq_incident(struct journal_reader *r, const struct journal_context *c, uint64_t id,
                        uint64_t upto, bool full, struct tc_json *j,
                        struct tc_errinfo *info) TC_MUST_USE;
