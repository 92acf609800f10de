/* SPDX-License-Identifier: Apache-2.0 */
/* The tables beside the entries, from which lists are answered: what each holds, how it is kept.
 *
 * The entries alone are the record; these tables follow from them, in the same transaction. The
 * target is 60,000 entries/s (20,000 signals/s with an event and a repetition each), so there is no
 * secondary index on a hot kind: a list is a narrow table of its own that is only ever appended to
 * at its end, and a filter walks it (a row of 30 bytes: millions a second). What each costs:
 *
 * - signal, event: one append per signal and per event
 * - alarm: one row per alarm; its repetitions in a batch cost one update together
 * - incident_repeat: one append per repetition, at the end of its incident
 * - incident, incident_entry, listed: rare kinds only
 * - durable: one row per commit's note
 * - mark: one row a minute, from time to number and back, also when the clock was set back */
#pragma once

#include "record/entry.h"

struct sqlite3;
struct sqlite3_stmt;

extern const char journal_lists_schema[];

/* The lists in the table "listed". Numbers stand in the database. */
enum journal_list { JOURNAL_LIST_BOOKMARK = 1, JOURNAL_LIST_AUDIT = 2 };

enum {
    JOURNAL_LISTS_STMTS = 13,
    JOURNAL_LISTS_ALARMS_MAX = 64, /* repeated alarms remembered before their rows are written */
    JOURNAL_MARK_ENTRIES = 65536,
};

/* What is remembered between entries; put back when a transaction is rolled back. */
struct journal_lists_state {
    struct {
        int64_t alarm;
        uint64_t seq;
    } repeated[JOURNAL_LISTS_ALARMS_MAX];
    size_t repeated_count;
    /* The newest mark, and the latest time of all entries so far. */
    uint64_t mark_seq;
    int64_t mark_at, mark_low, high;
};

struct journal_lists {
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[JOURNAL_LISTS_STMTS];
    struct journal_lists_state now;
};

enum tc_err journal_lists_init(struct journal_lists *l, struct sqlite3 *db,
                               struct tc_errinfo *info) TC_MUST_USE;
void journal_lists_done(struct journal_lists *l);
/* Takes in one entry, in order, inside the transaction that stores it. */
enum tc_err journal_lists_add(struct journal_lists *l, const struct record_entry *e,
                              struct tc_errinfo *info) TC_MUST_USE;
/* Writes what was held back; before the commit. */
enum tc_err journal_lists_flush(struct journal_lists *l, struct tc_errinfo *info) TC_MUST_USE;
/* An entry of a kind that a person is answerable for. */
bool journal_kind_is_audit(uint16_t kind);
