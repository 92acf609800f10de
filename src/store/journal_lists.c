/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_lists.h"

#include <sqlite3.h>

#include "base/check.h"
#include "store/db.h"

const char journal_lists_schema[] =
    "CREATE TABLE signal(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, panel TEXT, account TEXT) "
    "STRICT;"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type INTEGER NOT NULL, zone "
    "TEXT) STRICT;"
    "CREATE TABLE alarm(id INTEGER PRIMARY KEY, incident INTEGER, last INTEGER, normal INTEGER) "
    "STRICT;"
    "CREATE TABLE incident(id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, closed INTEGER) STRICT;"
    "CREATE TABLE incident_entry(incident INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY(incident, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE listed(list INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY(list, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE incident_repeat(incident INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY(incident, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE durable(upto INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;"
    /* low: no entry from SEQ on is older; high: no entry before SEQ is younger. Both grow with seq.
     */
    "CREATE TABLE mark(seq INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL) "
    "STRICT;"
    "CREATE INDEX mark_low ON mark(low);"
    "CREATE INDEX mark_high ON mark(high);";

enum {
    ADD_SIGNAL,
    ADD_EVENT,
    ADD_ALARM,
    ALARM_LAST,
    ALARM_NORMAL,
    ALARM_INCIDENT,
    ADD_INCIDENT,
    CLOSE_INCIDENT,
    ADD_INCIDENT_ENTRY,
    ADD_INCIDENT_REPEAT,
    ADD_LISTED,
    ADD_DURABLE,
    ADD_MARK,
    STMTS,
};
_Static_assert((int)STMTS == (int)JOURNAL_LISTS_STMTS, "one slot per statement");

/* OR IGNORE: a list must never keep the record from being written. */
static const char *const sql[STMTS] = {
    [ADD_SIGNAL] = "INSERT OR IGNORE INTO signal(seq, at, panel, account) VALUES(?1, ?2, ?3, ?4)",
    [ADD_EVENT] = "INSERT OR IGNORE INTO event(seq, at, type, zone) VALUES(?1, ?2, ?3, ?4)",
    [ADD_ALARM] = "INSERT OR IGNORE INTO alarm(id, incident) VALUES(?1, ?2)",
    [ALARM_LAST] = "UPDATE alarm SET last = ?2 WHERE id = ?1",
    [ALARM_NORMAL] = "UPDATE alarm SET normal = ?2 WHERE id = ?1",
    [ALARM_INCIDENT] = "UPDATE alarm SET incident = ?2 WHERE id = ?1",
    [ADD_INCIDENT] = "INSERT OR IGNORE INTO incident(id, opened) VALUES(?1, ?2)",
    [CLOSE_INCIDENT] = "UPDATE incident SET closed = ?2 WHERE id = ?1",
    [ADD_INCIDENT_ENTRY] = "INSERT OR IGNORE INTO incident_entry(incident, seq) VALUES(?1, ?2)",
    [ADD_INCIDENT_REPEAT] = "INSERT OR IGNORE INTO incident_repeat(incident, seq) VALUES(?1, ?2)",
    [ADD_LISTED] = "INSERT OR IGNORE INTO listed(list, seq) VALUES(?1, ?2)",
    [ADD_DURABLE] = "INSERT OR IGNORE INTO durable(upto, seq) VALUES(?1, ?2)",
    [ADD_MARK] = "INSERT OR IGNORE INTO mark(seq, low, high) VALUES(?1, ?2, ?3)",
};

static const char lower_marks[] = "UPDATE mark SET low = ?1 WHERE low > ?1";

static enum tc_err load_marks(struct journal_lists *l, struct tc_errinfo *info)
{
    static const char newest[] =
        "SELECT m.seq, m.low, max(m.high, (SELECT max(at) FROM entry WHERE seq >= m.seq)), e.at"
        " FROM mark m JOIN entry e ON e.seq = m.seq ORDER BY m.seq DESC LIMIT 1";
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(l->db, newest, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        l->now.mark_seq = (uint64_t)sqlite3_column_int64(s, 0);
        l->now.mark_low = sqlite3_column_int64(s, 1);
        l->now.high = sqlite3_column_int64(s, 2);
        l->now.mark_at = sqlite3_column_int64(s, 3);
    }
    enum tc_err err =
        rc == SQLITE_ROW || rc == SQLITE_DONE ? TC_OK : db_fail(l->db, rc, info, "last mark");
    (void)sqlite3_finalize(s);
    return err;
}

enum tc_err journal_lists_init(struct journal_lists *l, struct sqlite3 *db, struct tc_errinfo *info)
{
    memset(l, 0, sizeof(*l));
    l->db = db;
    l->now.high = INT64_MIN;
    TC_TRY(load_marks(l, info));
    return db_prepare_all(db, sql, STMTS, l->stmts, info);
}

void journal_lists_done(struct journal_lists *l)
{
    db_finalize_all(l->stmts, STMTS);
}

bool journal_kind_is_audit(uint16_t kind)
{
    static const uint8_t kinds[] = {RK_START,     RK_CONFIG,   RK_LOGIN,   RK_LOGOUT,
                                    RK_OP_PICKUP, RK_OP_CLOSE, RK_OP_NOTE, RK_OP_CLIP,
                                    RK_USER,      RK_DENIED,   RK_REFUSED};
    for (size_t i = 0; i < TC_COUNT(kinds); i++) {
        if (kinds[i] == kind)
            return true;
    }
    return false;
}

static void bind_text(sqlite3_stmt *s, int index, struct tc_slice text)
{
    if (text.len == 0)
        (void)sqlite3_bind_null(s, index);
    else
        (void)sqlite3_bind_text(s, index, (const char *)text.ptr, (int)text.len, SQLITE_STATIC);
}

static enum tc_err run2(struct journal_lists *l, unsigned stmt, int64_t a, int64_t b,
                        struct tc_errinfo *info)
{
    sqlite3_stmt *s = l->stmts[stmt];
    (void)sqlite3_bind_int64(s, 1, a);
    (void)sqlite3_bind_int64(s, 2, b);
    return db_run(l->db, s, info, sql[stmt]);
}

static enum tc_err add_signal(struct journal_lists *l, const struct record_entry *e,
                              struct tc_errinfo *info)
{
    sqlite3_stmt *s = l->stmts[ADD_SIGNAL];
    bind_text(s, 3, entry_get_text(e, RF_PANEL));
    bind_text(s, 4, entry_get_text(e, RF_ACCOUNT));
    return run2(l, ADD_SIGNAL, (int64_t)e->seq, e->at.ns, info);
}

static enum tc_err add_event(struct journal_lists *l, const struct record_entry *e,
                             struct tc_errinfo *info)
{
    sqlite3_stmt *s = l->stmts[ADD_EVENT];
    (void)sqlite3_bind_int64(s, 3, entry_get_i64(e, RF_TYPE, 0));
    bind_text(s, 4, entry_get_text(e, RF_ZONE));
    return run2(l, ADD_EVENT, (int64_t)e->seq, e->at.ns, info);
}

static enum tc_err add_alarm(struct journal_lists *l, const struct record_entry *e,
                             struct tc_errinfo *info)
{
    sqlite3_stmt *s = l->stmts[ADD_ALARM];
    (void)sqlite3_bind_int64(s, 1, entry_get_i64(e, RF_ALARM, (int64_t)e->seq));
    if (entry_has(e, RF_INCIDENT))
        (void)sqlite3_bind_int64(s, 2, entry_get_i64(e, RF_INCIDENT, 0));
    else
        (void)sqlite3_bind_null(s, 2);
    return db_run(l->db, s, info, sql[ADD_ALARM]);
}

/* Only the last repetition of each alarm in a batch is written: a flood repeats few alarms often.
 */
static enum tc_err repeat_alarm(struct journal_lists *l, const struct record_entry *e,
                                struct tc_errinfo *info)
{
    int64_t alarm = entry_get_i64(e, RF_ALARM, 0);
    if (entry_has(e, RF_INCIDENT))
        TC_TRY(
            run2(l, ADD_INCIDENT_REPEAT, entry_get_i64(e, RF_INCIDENT, 0), (int64_t)e->seq, info));
    for (size_t i = 0; i < l->now.repeated_count; i++) {
        if (l->now.repeated[i].alarm == alarm) {
            l->now.repeated[i].seq = e->seq;
            return TC_OK;
        }
    }
    if (l->now.repeated_count == JOURNAL_LISTS_ALARMS_MAX)
        TC_TRY(journal_lists_flush(l, info));
    l->now.repeated[l->now.repeated_count].alarm = alarm;
    l->now.repeated[l->now.repeated_count++].seq = e->seq;
    return TC_OK;
}

enum tc_err journal_lists_flush(struct journal_lists *l, struct tc_errinfo *info)
{
    size_t n = l->now.repeated_count;
    l->now.repeated_count = 0;
    for (size_t i = 0; i < n; i++)
        TC_TRY(
            run2(l, ALARM_LAST, l->now.repeated[i].alarm, (int64_t)l->now.repeated[i].seq, info));
    return TC_OK;
}

static enum tc_err join_alarm(struct journal_lists *l, const struct record_entry *e,
                              struct tc_errinfo *info)
{
    return run2(l, ALARM_INCIDENT, entry_get_i64(e, RF_ALARM, 0), entry_get_i64(e, RF_INCIDENT, 0),
                info);
}

static enum tc_err open_incident(struct journal_lists *l, const struct record_entry *e,
                                 struct tc_errinfo *info)
{
    TC_TRY(run2(l, ADD_INCIDENT, entry_get_i64(e, RF_INCIDENT, 0), (int64_t)e->seq, info));
    return entry_has(e, RF_ALARM) ? join_alarm(l, e, info) : TC_OK;
}

static enum tc_err close_incident(struct journal_lists *l, const struct record_entry *e,
                                  struct tc_errinfo *info)
{
    return run2(l, CLOSE_INCIDENT, entry_get_i64(e, RF_INCIDENT, 0), (int64_t)e->seq, info);
}

static enum tc_err normal_alarm(struct journal_lists *l, const struct record_entry *e,
                                struct tc_errinfo *info)
{
    return run2(l, ALARM_NORMAL, entry_get_i64(e, RF_ALARM, 0), (int64_t)e->seq, info);
}

static enum tc_err add_durable(struct journal_lists *l, const struct record_entry *e,
                               struct tc_errinfo *info)
{
    return run2(l, ADD_DURABLE, entry_get_i64(e, RF_UPTO, 0), (int64_t)e->seq, info);
}

static enum tc_err add_bookmark(struct journal_lists *l, const struct record_entry *e,
                                struct tc_errinfo *info)
{
    return run2(l, ADD_LISTED, JOURNAL_LIST_BOOKMARK, (int64_t)e->seq, info);
}

static enum tc_err set_marks_low(struct journal_lists *l, int64_t at, struct tc_errinfo *info)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(l->db, lower_marks, -1, &s, NULL);
    if (rc != SQLITE_OK)
        return db_fail(l->db, rc, info, lower_marks);
    (void)sqlite3_bind_int64(s, 1, at);
    enum tc_err err = db_run(l->db, s, info, lower_marks);
    (void)sqlite3_finalize(s);
    if (err == TC_OK)
        l->now.mark_low = at;
    return err;
}

static enum tc_err mark_time(struct journal_lists *l, const struct record_entry *e,
                             struct tc_errinfo *info)
{
    static const int64_t step = 60 * TC_NS_PER_S;
    int64_t at = e->at.ns;
    if (l->now.mark_seq != 0 && at < l->now.mark_low)
        TC_TRY(set_marks_low(l, at, info));
    bool far = l->now.mark_seq == 0 || at / step != l->now.mark_at / step;
    if (far || e->seq - l->now.mark_seq >= JOURNAL_MARK_ENTRIES) {
        (void)sqlite3_bind_int64(l->stmts[ADD_MARK], 3, l->now.high);
        TC_TRY(run2(l, ADD_MARK, (int64_t)e->seq, at, info));
        l->now.mark_seq = e->seq;
        l->now.mark_at = l->now.mark_low = at;
    }
    if (at > l->now.high)
        l->now.high = at;
    return TC_OK;
}

enum tc_err journal_lists_add(struct journal_lists *l, const struct record_entry *e,
                              struct tc_errinfo *info)
{
    static enum tc_err (*const by_kind[RECORD_KIND_MAX])(
        struct journal_lists *, const struct record_entry *, struct tc_errinfo *) = {
        [RK_SIGNAL] = add_signal,          [RK_EVENT] = add_event,
        [RK_ALARM_RAISED] = add_alarm,     [RK_ALARM_REPEATED] = repeat_alarm,
        [RK_ALARM_NORMAL] = normal_alarm,  [RK_INCIDENT_OPENED] = open_incident,
        [RK_INCIDENT_JOINED] = join_alarm, [RK_CLOSED] = close_incident,
        [RK_DURABLE] = add_durable,        [RK_BOOKMARK] = add_bookmark,
    };
    TC_TRY(mark_time(l, e, info));
    if (e->kind < RECORD_KIND_MAX && by_kind[e->kind] != NULL)
        TC_TRY(by_kind[e->kind](l, e, info));
    if (e->kind == RK_SIGNAL || e->kind == RK_EVENT || e->kind == RK_ALARM_REPEATED)
        return TC_OK; /* the hot kinds are in no further list */
    if (entry_has(e, RF_INCIDENT))
        TC_TRY(
            run2(l, ADD_INCIDENT_ENTRY, entry_get_i64(e, RF_INCIDENT, 0), (int64_t)e->seq, info));
    if (journal_kind_is_audit(e->kind))
        TC_TRY(run2(l, ADD_LISTED, JOURNAL_LIST_AUDIT, (int64_t)e->seq, info));
    return TC_OK;
}
