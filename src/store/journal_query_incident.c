/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the entries of one incident to a fold, in order. In a flood an incident has hundreds of
 * thousands of repetitions; of each alarm the last one says everything, so only those are read, and
 * the newest 50, whose events a person may want to see. */
#include <inttypes.h>
#include <stdlib.h>

#include "store/journal_query_impl.h"

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum tc_err add_seq(struct journal_reader *r, uint64_t seq, struct tc_errinfo *info)
{
    if (r->seqs_count == JOURNAL_INCIDENT_ENTRIES_MAX)
        return tc_fail(info, TC_E_LIMIT, "an incident of more than %d entries",
                       JOURNAL_INCIDENT_ENTRIES_MAX);
    r->seqs[r->seqs_count++] = seq;
    return TC_OK;
}

static enum tc_err collect(struct journal_reader *r, enum journal_query_stmt stmt, uint64_t id,
                           uint64_t upto, struct tc_errinfo *info)
{
    sqlite3_stmt *s = r->stmts[stmt];
    int rc = SQLITE_DONE;
    enum tc_err err = TC_OK;
    (void)sqlite3_bind_int64(s, 1, (int64_t)id);
    if (sqlite3_bind_parameter_count(s) == 2)
        (void)sqlite3_bind_int64(s, 2, upto > INT64_MAX ? INT64_MAX : (int64_t)upto);
    while (err == TC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(s, 0);
        if (seq != 0 && seq <= upto)
            err = add_seq(r, seq, info);
    }
    return jq_walked(r, s, rc, err, info);
}

/* Of every alarm raised in it, the last repetition. */
static enum tc_err collect_last(struct journal_reader *r, uint64_t upto, struct tc_errinfo *info)
{
    size_t n = r->seqs_count;
    for (size_t i = 0; i < n; i++)
        TC_TRY(collect(r, JQ_ALARM, r->seqs[i], upto, info));
    return TC_OK;
}

static enum tc_err give_event(struct journal_reader *r, const struct journal_incident_fold *f,
                              const struct record_entry *e, struct tc_errinfo *info)
{
    struct record_entry event;
    int64_t seq = entry_get_i64(e, RF_EVENT, 0);
    if (seq <= 0)
        return TC_OK;
    enum tc_err err = jq_load(r, JQ_SLOT_B, (uint64_t)seq, &event, info);
    if (err == TC_E_NOT_FOUND)
        return TC_OK;
    return err == TC_OK && event.kind == RK_EVENT ? f->entry(f->ctx, &event) : err;
}

static enum tc_err give_all(struct journal_reader *r, const struct journal_incident_fold *f,
                            uint64_t id, bool events, struct tc_errinfo *info)
{
    uint64_t last = 0;
    for (size_t i = 0; i < r->seqs_count; i++) {
        struct record_entry e;
        if (r->seqs[i] == last)
            continue;
        last = r->seqs[i];
        TC_TRY(jq_load(r, JQ_SLOT_A, last, &e, info));
        if (e.kind != RK_DURABLE && (uint64_t)entry_get_i64(&e, RF_INCIDENT, 0) != id)
            return jq_misplaced(&e, info);
        if (events)
            TC_TRY(give_event(r, f, &e, info));
        TC_TRY(f->entry(f->ctx, &e));
    }
    return TC_OK;
}

enum tc_err jq_incident(struct journal_reader *r, const struct journal_context *c, uint64_t id,
                        uint64_t upto, bool full, struct tc_json *j, struct tc_errinfo *info)
{
    const struct journal_incident_fold *f = &c->fold;
    r->seqs_count = 0;
    TC_TRY(collect(r, JQ_INCIDENT, id, upto, info));
    if (r->seqs_count == 0)
        return tc_fail(info, TC_E_NOT_FOUND, "no incident %" PRIu64, id);
    uint64_t opened = r->seqs[0];
    TC_TRY(collect(r, JQ_INCIDENT_ENTRIES, id, upto, info));
    TC_TRY(collect_last(r, upto, info));
    TC_TRY(collect(r, JQ_INCIDENT_REPEATS, id, upto, info));
    TC_TRY(collect(r, JQ_DURABLE, opened, upto, info));
    qsort(r->seqs, r->seqs_count, sizeof(r->seqs[0]), by_number);
    f->begin(f->ctx);
    TC_TRY(give_all(r, f, id, full, info));
    return f->print(f->ctx, full, j);
}
