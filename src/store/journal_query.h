/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and changes out of the journal, as the JSON of the API. Used by the process `reader` beside
 * a running core, and by the command line on the state of a stopped daemon.
 *
 * Every answer is made in one read transaction that ends after at most `spent` says so (100 ms for
 * reader): a list then stops with the cursor where it was, so that a page may hold fewer items than
 * asked for, or none, and still has a next one. No statement scans or sorts (a test asks SQLite for
 * the plan of each): lists walk their own narrow table from the cursor on and filter on the way.
 * Who may see what is the caller's to decide before it asks. */
#pragma once

#include <stdbool.h>

#include "base/json_out.h"
#include "model/incident.h"
#include "model/site.h"
#include "record/entry.h"

struct journal_reader;

enum {
    JOURNAL_LIMIT_DEFAULT = 50,
    JOURNAL_LIMIT_MAX = 200,
    JOURNAL_ANSWER_BYTES_MAX = 1 << 20, /* a page ends behind the item that reaches this */
    JOURNAL_INCIDENT_ENTRIES_MAX = 20000,
};

/* name, route name */
#define JOURNAL_QUERY_LIST(X)                                                                      \
    X(SIGNALS, "signals")                                                                          \
    X(EVENTS, "events")                                                                            \
    X(ALARMS, "alarms")                                                                            \
    X(INCIDENTS, "incidents")                                                                      \
    X(BOOKMARKS, "bookmarks")                                                                      \
    X(AUDIT, "audit")

enum journal_query_what {
#define X(name, route) JOURNAL_QUERY_##name,
    JOURNAL_QUERY_LIST(X)
#undef X
        JOURNAL_QUERY_COUNT
};

enum journal_incidents { JOURNAL_INCIDENTS_ALL, JOURNAL_INCIDENTS_OPEN, JOURNAL_INCIDENTS_CLOSED };

/* Folds the entries of one incident, given in order, and prints it. The fold is not this room's:
 * decide/incident_reprint.h is one. */
struct journal_incident_fold {
    void *ctx;
    /* A new incident begins. */
    void (*begin)(void *ctx);
    /* Its entries in order, among them the EVENT entries that its alarms name (each just before
     * the entry that names it) and the first DURABLE entry behind its opening. Of repetitions of
     * one alarm only the last, and the last 50 of all, are given. */
    enum tc_err (*entry)(void *ctx, const struct record_entry *e);
    enum tc_err (*print)(void *ctx, bool full, struct tc_json *j);
};

/* Zeroed: everything, the first page. */
struct journal_query {
    enum journal_query_what what;
    uint64_t after;                 /* cursor: the last id of the page before, 0: the newest */
    unsigned limit;                 /* 1..JOURNAL_LIMIT_MAX, 0: the default */
    int64_t from_ns;                /* of `at`, inclusive; 0: no bound */
    int64_t to_ns;                  /* exclusive; 0: no bound */
    struct tc_slice panel, account; /* signals, alarms (panel); empty: all */
    struct tc_slice zone;           /* events, alarms */
    struct tc_slice type;           /* events, alarms: a pattern of ev_type_matches */
    enum journal_incidents incidents;
    bool open_alarms; /* alarms: only those whose condition is active */
};

/* What every call needs from outside. */
struct journal_context {
    const struct site *site; /* for names; may be NULL */
    struct journal_incident_fold fold;
    bool (*spent)(void *spent_ctx); /* true: end the transaction; NULL: never */
    void *spent_ctx;
};

/* Opens journal.db in PATH for reading. Errors as db_open's. */
enum tc_err journal_reader_open(const char *path, struct journal_reader **ret,
                                struct tc_errinfo *info) TC_MUST_USE;
/* True when nobody was writing the journal at the open: then nothing that is added later will show;
 * close it after use and open it again. */
bool journal_reader_is_fixed(const struct journal_reader *r);
/* NULL is fine. Returns NULL. */
struct journal_reader *journal_reader_close(struct journal_reader *r);

/* {"items":[...],"next":CURSOR|null}, newest first. TC_E_RANGE for a limit out of range,
 * TC_E_CORRUPT, TC_E_IO, TC_E_LIMIT (J's buffer). After an error J holds part of an answer: throw
 * it away. */
enum tc_err journal_query(struct journal_reader *r, const struct journal_context *c,
                          const struct journal_query *q, struct tc_json *j,
                          struct tc_errinfo *info) TC_MUST_USE;
/* One incident in full. TC_E_NOT_FOUND. */
enum tc_err journal_query_incident(struct journal_reader *r, const struct journal_context *c,
                                   uint64_t id, struct tc_json *j,
                                   struct tc_errinfo *info) TC_MUST_USE;

/* What changed behind seq AFTER, in order, as the stream tells it:
 * {"items":[{"seq","kind","data"}...],"seq":SEQ,"next":SEQ|null}. Seq is the last one looked at
 * (AFTER itself when there was nothing); next is the same where the journal goes on behind it, else
 * null. A page never ends inside a seq. SIGNALS: with the kind "signal", which carries raw bytes.
 */
enum tc_err journal_query_changes(struct journal_reader *r, const struct journal_context *c,
                                  uint64_t after, unsigned limit, bool signals, struct tc_json *j,
                                  struct tc_errinfo *info) TC_MUST_USE;
/* The last committed seq. */
enum tc_err journal_query_last(struct journal_reader *r, uint64_t *ret,
                               struct tc_errinfo *info) TC_MUST_USE;

/* Sets what the parameter NAME of the API asks for: after, limit, from, to (RFC 3339 or @seconds),
 * panel, account, zone, type, state (open, closed, all), open (0, 1). Text values are borrowed.
 * TC_E_UNKNOWN: no list has such a parameter; TC_E_FORMAT, TC_E_RANGE. INFO names the parameter; *Q
 * is unchanged then. */
enum tc_err journal_query_param(struct journal_query *q, struct tc_slice name,
                                struct tc_slice value, struct tc_errinfo *info) TC_MUST_USE;

/* "signals"; NULL out of range. The list of that name, or JOURNAL_QUERY_COUNT. */
const char *journal_query_name(enum journal_query_what what);
enum journal_query_what journal_query_by_name(struct tc_slice name);
/* The statements of this file, for the test of their plans; NULL behind the last. */
const char *journal_query_sql(unsigned index);
