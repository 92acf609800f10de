/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the lists with the entries, side by side: each list's cursor goes along with the walk
 * over the entries, so a row that is missing, too many or different shows at its record. */
#include <sqlite3.h>

#include "base/check.h"
#include "store/db.h"
#include "store/journal_lists.h"
#include "store/journal_verify_impl.h"

static bool text_is(sqlite3_stmt *s, int column, struct tc_slice want)
{
    const void *ptr = sqlite3_column_text(s, column);
    return tc_slice_eq(want, tc_slice(ptr, (size_t)sqlite3_column_bytes(s, column)));
}

static bool is_signal(const struct record_entry *e)
{
    return e->kind == RK_SIGNAL;
}

static bool signal_fits(sqlite3_stmt *s, const struct record_entry *e)
{
    return sqlite3_column_int64(s, 1) == e->at.ns && text_is(s, 2, entry_get_text(e, RF_PANEL)) &&
           text_is(s, 3, entry_get_text(e, RF_ACCOUNT));
}

static bool is_event(const struct record_entry *e)
{
    return e->kind == RK_EVENT;
}

static bool event_fits(sqlite3_stmt *s, const struct record_entry *e)
{
    return sqlite3_column_int64(s, 1) == e->at.ns &&
           sqlite3_column_int64(s, 2) == entry_get_i64(e, RF_TYPE, 0) &&
           text_is(s, 3, entry_get_text(e, RF_ZONE));
}

static bool is_bookmark(const struct record_entry *e)
{
    return e->kind == RK_BOOKMARK;
}

static bool is_audit(const struct record_entry *e)
{
    return journal_kind_is_audit(e->kind);
}

static bool seq_fits(sqlite3_stmt *s, const struct record_entry *e)
{
    (void)s;
    (void)e;
    return true;
}

static const struct {
    const char *name, *sql;
    bool (*holds)(const struct record_entry *e);
    bool (*fits)(sqlite3_stmt *s, const struct record_entry *e);
} checks[VERIFY_LISTS] = {
    {"signal", "SELECT seq, at, panel, account FROM signal WHERE seq >= ?1 ORDER BY seq", is_signal,
     signal_fits},
    {"event", "SELECT seq, at, type, zone FROM event WHERE seq >= ?1 ORDER BY seq", is_event,
     event_fits},
    {"bookmark", "SELECT seq FROM listed WHERE list = 1 AND seq >= ?1 ORDER BY seq", is_bookmark,
     seq_fits},
    {"audit", "SELECT seq FROM listed WHERE list = 2 AND seq >= ?1 ORDER BY seq", is_audit,
     seq_fits},
};
_Static_assert(JOURNAL_LIST_BOOKMARK == 1 && JOURNAL_LIST_AUDIT == 2, "as in the statements above");

static const char entry_sql[] = "SELECT 1 FROM incident_entry WHERE incident = ?1 AND seq = ?2";
static const char repeat_sql[] = "SELECT 1 FROM incident_repeat WHERE incident = ?1 AND seq = ?2";

enum tc_err verify_lists_init(struct verify_lists *l, struct sqlite3 *db, struct tc_errinfo *info)
{
    const char *sql[VERIFY_LISTS + 2] = {[VERIFY_LISTS] = entry_sql,
                                         [VERIFY_LISTS + 1] = repeat_sql};
    for (size_t i = 0; i < VERIFY_LISTS; i++)
        sql[i] = checks[i].sql;
    l->db = db;
    return db_prepare_all(db, sql, TC_COUNT(sql), l->stmts, info);
}

void verify_lists_done(struct verify_lists *l)
{
    db_finalize_all(l->stmts, TC_COUNT(l->stmts));
}

static enum tc_err step(struct verify_lists *l, size_t i, struct tc_errinfo *info)
{
    int rc = sqlite3_step(l->stmts[i]);
    l->next[i] = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(l->stmts[i], 0) : UINT64_MAX;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? TC_OK : db_fail(l->db, rc, info, checks[i].name);
}

enum tc_err verify_lists_begin(struct verify_lists *l, uint64_t from, struct tc_errinfo *info)
{
    for (size_t i = 0; i < VERIFY_LISTS; i++) {
        (void)sqlite3_bind_int64(l->stmts[i], 1, (int64_t)from);
        TC_TRY(step(l, i, info));
    }
    return TC_OK;
}

void verify_lists_end(struct verify_lists *l)
{
    for (size_t i = 0; i < TC_COUNT(l->stmts); i++)
        (void)sqlite3_reset(l->stmts[i]);
}

static bool is_in(sqlite3_stmt *s, int64_t incident, uint64_t seq)
{
    (void)sqlite3_bind_int64(s, 1, incident);
    (void)sqlite3_bind_int64(s, 2, (int64_t)seq);
    bool found = sqlite3_step(s) == SQLITE_ROW;
    (void)sqlite3_reset(s);
    return found;
}

static enum tc_err check_incident(struct verify_lists *l, struct record_verify *v,
                                  const struct record_entry *e, struct tc_errinfo *info)
{
    bool repeat = e->kind == RK_ALARM_REPEATED;
    if (!entry_has(e, RF_INCIDENT) || e->kind == RK_SIGNAL || e->kind == RK_EVENT)
        return TC_OK;
    if (is_in(l->stmts[VERIFY_LISTS + repeat], entry_get_i64(e, RF_INCIDENT, 0), e->seq))
        return TC_OK;
    return record_verify_bad(v, e->seq, info, "it is missing among the entries of its incident");
}

enum tc_err verify_lists_entry(struct verify_lists *l, struct record_verify *v,
                               const struct record_entry *e, struct tc_errinfo *info)
{
    for (size_t i = 0; i < VERIFY_LISTS; i++) {
        bool holds = checks[i].holds(e);
        if (l->next[i] < e->seq)
            return record_verify_bad(v, l->next[i], info,
                                     "the list \"%s\" holds a row that it must not",
                                     checks[i].name);
        if (holds != (l->next[i] == e->seq))
            return record_verify_bad(v, e->seq, info, "the list \"%s\" %s", checks[i].name,
                                     holds ? "lacks it" : "must not hold it");
        if (!holds)
            continue;
        if (!checks[i].fits(l->stmts[i], e))
            return record_verify_bad(v, e->seq, info,
                                     "its row in the list \"%s\" differs from its bytes",
                                     checks[i].name);
        TC_TRY(step(l, i, info));
    }
    return check_incident(l, v, e, info);
}

enum tc_err verify_lists_last(struct verify_lists *l, struct record_verify *v,
                              struct tc_errinfo *info)
{
    for (size_t i = 0; i < VERIFY_LISTS; i++) {
        if (l->next[i] != UINT64_MAX)
            return record_verify_bad(v, l->next[i], info,
                                     "the list \"%s\" goes on behind the last record",
                                     checks[i].name);
    }
    return TC_OK;
}
