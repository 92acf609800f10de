/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_query.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "model/event_type.h"
#include "store/db.h"
#include "store/journal_lists.h"
#include "store/journal_query_impl.h"

static const char *const sql[JQ_STMTS] = {
    [JQ_BEGIN] = "BEGIN",
    [JQ_END] = "COMMIT",
    [JQ_ENTRY] = "SELECT body FROM entry WHERE seq = ?1",
    [JQ_LAST] = "SELECT seq FROM entry ORDER BY seq DESC LIMIT 1",
    /* Every entry before this one is older than ?1. */
    [JQ_TIME_FROM] = "SELECT seq FROM mark WHERE high < ?1 ORDER BY high DESC, seq DESC LIMIT 1",
    /* Every entry from this one on is as young as ?1 or younger. */
    [JQ_TIME_TO] = "SELECT seq FROM mark WHERE low >= ?1 ORDER BY low, seq LIMIT 1",
    /* The lists: ?1 before this id, ?2 not before this one. */
    [JQ_SIGNALS] =
        "SELECT seq, at, panel, account FROM signal WHERE seq < ?1 AND seq >= ?2 ORDER BY seq DESC",
    [JQ_EVENTS] =
        "SELECT seq, at, type, zone FROM event WHERE seq < ?1 AND seq >= ?2 ORDER BY seq DESC",
    [JQ_ALARMS] = "SELECT id, last, normal FROM alarm WHERE id < ?1 AND id >= ?2 ORDER BY id DESC",
    [JQ_INCIDENTS] =
        "SELECT id, opened, closed FROM incident WHERE id < ?1 AND id >= ?2 ORDER BY id DESC",
    [JQ_LISTED] =
        "SELECT seq FROM listed WHERE seq < ?1 AND seq >= ?2 AND list = ?3 ORDER BY seq DESC",
    [JQ_ALARM] = "SELECT last, normal FROM alarm WHERE id = ?1",
    [JQ_INCIDENT] = "SELECT opened FROM incident WHERE id = ?1",
    [JQ_INCIDENT_ENTRIES] =
        "SELECT seq FROM incident_entry WHERE incident = ?1 AND seq <= ?2 ORDER BY seq",
    [JQ_INCIDENT_REPEATS] = ("SELECT seq FROM incident_repeat WHERE incident = ?1 AND seq <= ?2"
                             " ORDER BY seq DESC LIMIT 50"),
    [JQ_DURABLE] = "SELECT seq FROM durable WHERE upto >= ?1 ORDER BY upto LIMIT 1",
    [JQ_CHANGES] = "SELECT seq, kind FROM entry WHERE seq > ?1 ORDER BY seq",
};

static const char *const names[JOURNAL_QUERY_COUNT] = {
#define X(name, route) route,
    JOURNAL_QUERY_LIST(X)
#undef X
};

const char *journal_query_name(enum journal_query_what what)
{
    return (unsigned)what < JOURNAL_QUERY_COUNT ? names[what] : NULL;
}

enum journal_query_what journal_query_by_name(struct tc_slice name)
{
    unsigned i = 0;
    while (i < JOURNAL_QUERY_COUNT && !tc_slice_is(name, names[i]))
        i++;
    return (enum journal_query_what)i;
}

const char *journal_query_sql(unsigned index)
{
    return index < JQ_STMTS ? sql[index] : NULL;
}

enum tc_err journal_reader_open(const char *path, struct journal_reader **ret,
                                struct tc_errinfo *info)
{
    *ret = NULL;
    struct journal_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return tc_fail(info, TC_E_NOMEM, "out of memory");
    for (unsigned i = 0; i < JQ_SLOTS; i++)
        tc_buf_init(&r->slots[i], ENTRY_BYTES_MAX);
    enum tc_err err = db_open(path, DB_READ, NULL, &r->db, info);
    if (err == TC_OK)
        err = db_prepare_all(r->db, sql, JQ_STMTS, r->stmts, info);
    if (err == TC_OK)
        *ret = r;
    else
        (void)journal_reader_close(r);
    return err;
}

bool journal_reader_is_fixed(const struct journal_reader *r)
{
    return db_is_fixed(r->db);
}

struct journal_reader *journal_reader_close(struct journal_reader *r)
{
    if (r == NULL)
        return NULL;
    db_finalize_all(r->stmts, JQ_STMTS);
    db_close(r->db);
    for (unsigned i = 0; i < JQ_SLOTS; i++)
        tc_buf_done(&r->slots[i]);
    free(r);
    return NULL;
}

enum tc_err jq_begin(struct journal_reader *r, struct tc_errinfo *info)
{
    return db_run(r->db, r->stmts[JQ_BEGIN], info, "begin to read");
}

void jq_end(struct journal_reader *r)
{
    (void)sqlite3_step(r->stmts[JQ_END]);
    (void)sqlite3_reset(r->stmts[JQ_END]);
}

bool jq_spent(const struct journal_context *c)
{
    return c->spent != NULL && c->spent(c->spent_ctx);
}

enum tc_err jq_walked(struct journal_reader *r, sqlite3_stmt *s, int rc, enum tc_err err,
                      struct tc_errinfo *info)
{
    if (err == TC_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        err = db_fail(r->db, rc, info, "read the journal");
    (void)sqlite3_reset(s);
    return err;
}

enum tc_err jq_load(struct journal_reader *r, enum jq_slot slot, uint64_t seq,
                    struct record_entry *e, struct tc_errinfo *info)
{
    sqlite3_stmt *s = r->stmts[JQ_ENTRY];
    struct tc_buf *b = &r->slots[slot];
    tc_buf_clear(b);
    (void)sqlite3_bind_int64(s, 1, (int64_t)seq);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const void *body = sqlite3_column_blob(s, 0);
        tc_buf_add(b, body, (size_t)sqlite3_column_bytes(s, 0));
    }
    TC_TRY(jq_walked(r, s, rc, TC_OK, info));
    if (rc == SQLITE_DONE)
        return tc_fail(info, TC_E_NOT_FOUND, "no entry %" PRIu64, seq);
    if (b->err != TC_OK)
        return tc_fail(info, b->err, "entry %" PRIu64, seq);
    if (entry_decode(tc_buf_view(b), e, info) != TC_OK || e->seq != seq)
        return tc_fail(info, TC_E_CORRUPT, "record %" PRIu64 " is damaged; run verify --journal",
                       seq);
    return TC_OK;
}

enum tc_err jq_misplaced(const struct record_entry *e, struct tc_errinfo *info)
{
    return tc_fail(info, TC_E_CORRUPT,
                   "record %" PRIu64 " stands in a list that it is not of; run verify --journal",
                   e->seq);
}

/* The first column of the first row, or ABSENT. */
static enum tc_err number_of(struct journal_reader *r, enum journal_query_stmt stmt, int64_t arg,
                             uint64_t absent, uint64_t *ret, struct tc_errinfo *info)
{
    sqlite3_stmt *s = r->stmts[stmt];
    if (sqlite3_bind_parameter_count(s) == 1)
        (void)sqlite3_bind_int64(s, 1, arg);
    int rc = sqlite3_step(s);
    *ret = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : absent;
    return jq_walked(r, s, rc, TC_OK, info);
}

/* One list's walk. */
struct walk {
    struct journal_reader *r;
    const struct journal_context *c;
    const struct journal_query *q;
    struct tc_json *j;
    struct tc_errinfo *info;
    sqlite3_stmt *s;
    unsigned limit;
};

struct list_row {
    enum journal_query_stmt stmt;
    int list; /* of JQ_LISTED */
    /* Looks at the row that the statement stands on: prints the item if the filter lets it through.
     */
    enum tc_err (*row)(struct walk *w, uint64_t id, bool *ret_printed);
};

static bool time_fits(const struct journal_query *q, int64_t at)
{
    return (q->from_ns == 0 || at >= q->from_ns) && (q->to_ns == 0 || at < q->to_ns);
}

static bool text_fits(struct tc_slice wanted, sqlite3_stmt *s, int column)
{
    if (wanted.len == 0)
        return true;
    const void *ptr = sqlite3_column_text(s, column);
    return tc_slice_eq(wanted, tc_slice(ptr, (size_t)sqlite3_column_bytes(s, column)));
}

static bool type_fits(const struct journal_query *q, int64_t number)
{
    return q->type.len == 0 || ev_type_matches(q->type, ev_type_by_number((uint32_t)number));
}

static enum tc_err print_entry(struct walk *w, uint64_t seq, enum record_kind kind,
                               jq_item_fn *item, bool *ret_printed)
{
    struct record_entry e;
    TC_TRY(jq_load(w->r, JQ_SLOT_A, seq, &e, w->info));
    if (e.kind != kind)
        return jq_misplaced(&e, w->info);
    *ret_printed = true;
    return item(w->r, &e, w->j, w->info);
}

static enum tc_err signal_row(struct walk *w, uint64_t seq, bool *ret_printed)
{
    const struct journal_query *q = w->q;
    if (!time_fits(q, sqlite3_column_int64(w->s, 1)) || !text_fits(q->panel, w->s, 2) ||
        !text_fits(q->account, w->s, 3))
        return TC_OK;
    return print_entry(w, seq, RK_SIGNAL, jq_signal, ret_printed);
}

static enum tc_err event_row(struct walk *w, uint64_t seq, bool *ret_printed)
{
    const struct journal_query *q = w->q;
    if (!time_fits(q, sqlite3_column_int64(w->s, 1)) ||
        !type_fits(q, sqlite3_column_int64(w->s, 2)) || !text_fits(q->zone, w->s, 3))
        return TC_OK;
    return print_entry(w, seq, RK_EVENT, jq_row, ret_printed);
}

static enum tc_err alarm_row(struct walk *w, uint64_t id, bool *ret_printed)
{
    const struct journal_query *q = w->q;
    struct record_entry raised;
    struct alarm_view v;
    TC_TRY(jq_load(w->r, JQ_SLOT_A, id, &raised, w->info));
    if (raised.kind != RK_ALARM_RAISED)
        return jq_misplaced(&raised, w->info);
    TC_TRY(jq_alarm_view(w->r, w->c->site, &raised, (uint64_t)sqlite3_column_int64(w->s, 1),
                         (uint64_t)sqlite3_column_int64(w->s, 2), &v, w->info));
    bool fits = time_fits(q, raised.at.ns) && (q->zone.len == 0 || tc_slice_eq(q->zone, v.zone)) &&
                (q->panel.len == 0 || tc_slice_eq(q->panel, v.panel)) && type_fits(q, v.type) &&
                (!q->open_alarms || v.active);
    if (fits)
        alarm_to_json(&v, w->j);
    *ret_printed = fits;
    return TC_OK;
}

static enum tc_err incident_row(struct walk *w, uint64_t id, bool *ret_printed)
{
    const struct journal_query *q = w->q;
    bool closed = sqlite3_column_type(w->s, 2) != SQLITE_NULL;
    if ((q->incidents == JOURNAL_INCIDENTS_OPEN && closed) ||
        (q->incidents == JOURNAL_INCIDENTS_CLOSED && !closed))
        return TC_OK;
    if (q->from_ns != 0 || q->to_ns != 0) {
        struct record_entry opened;
        TC_TRY(jq_load(w->r, JQ_SLOT_A, (uint64_t)sqlite3_column_int64(w->s, 1), &opened, w->info));
        if (!time_fits(q, opened.at.ns))
            return TC_OK;
    }
    *ret_printed = true;
    return jq_incident(w->r, w->c, id, UINT64_MAX, false, w->j, w->info);
}

static enum tc_err listed_row(struct walk *w, uint64_t seq, bool *ret_printed)
{
    struct record_entry e;
    TC_TRY(jq_load(w->r, JQ_SLOT_A, seq, &e, w->info));
    bool audit = w->q->what == JOURNAL_QUERY_AUDIT;
    if (audit ? !journal_kind_is_audit(e.kind) : e.kind != RK_BOOKMARK)
        return jq_misplaced(&e, w->info);
    if (!time_fits(w->q, e.at.ns))
        return TC_OK;
    *ret_printed = true;
    return (audit ? jq_audit : jq_row)(w->r, &e, w->j, w->info);
}

static const struct list_row lists[JOURNAL_QUERY_COUNT] = {
    [JOURNAL_QUERY_SIGNALS] = {JQ_SIGNALS, 0, signal_row},
    [JOURNAL_QUERY_EVENTS] = {JQ_EVENTS, 0, event_row},
    [JOURNAL_QUERY_ALARMS] = {JQ_ALARMS, 0, alarm_row},
    [JOURNAL_QUERY_INCIDENTS] = {JQ_INCIDENTS, 0, incident_row},
    [JOURNAL_QUERY_BOOKMARKS] = {JQ_LISTED, JOURNAL_LIST_BOOKMARK, listed_row},
    [JOURNAL_QUERY_AUDIT] = {JQ_LISTED, JOURNAL_LIST_AUDIT, listed_row},
};

/* Binds the ids between which the walk goes: the cursor, and what the times allow. */
static enum tc_err bind_bounds(struct walk *w, const struct list_row *l)
{
    uint64_t before = w->q->after == 0 ? INT64_MAX : w->q->after, first = 0;
    bool by_seq = l->stmt != JQ_INCIDENTS; /* incidents count by themselves */
    if (by_seq && w->q->from_ns != 0)
        TC_TRY(number_of(w->r, JQ_TIME_FROM, w->q->from_ns, 0, &first, w->info));
    if (by_seq && w->q->to_ns != 0) {
        uint64_t end = 0;
        TC_TRY(number_of(w->r, JQ_TIME_TO, w->q->to_ns, INT64_MAX, &end, w->info));
        before = before < end ? before : end;
    }
    (void)sqlite3_bind_int64(w->s, 1, before > INT64_MAX ? INT64_MAX : (int64_t)before);
    (void)sqlite3_bind_int64(w->s, 2, (int64_t)first);
    if (l->list != 0)
        (void)sqlite3_bind_int64(w->s, 3, l->list);
    return TC_OK;
}

/* Walks until the page is full, time is spent or the list is at its end; *RET_NEXT is 0 there. */
static enum tc_err walk_list(struct walk *w, const struct list_row *l, uint64_t *ret_next)
{
    unsigned printed = 0, looked = 0;
    int rc = SQLITE_DONE;
    enum tc_err err = bind_bounds(w, l);
    *ret_next = 0;
    while (err == TC_OK && (rc = sqlite3_step(w->s)) == SQLITE_ROW) {
        bool is_printed = false;
        uint64_t id = (uint64_t)sqlite3_column_int64(w->s, 0);
        err = l->row(w, id, &is_printed);
        printed += is_printed;
        looked++;
        bool full = printed == w->limit || w->j->out->len >= JOURNAL_ANSWER_BYTES_MAX;
        if (full || ((is_printed || looked % 256 == 0) && jq_spent(w->c))) {
            *ret_next = id;
            break;
        }
    }
    return jq_walked(w->r, w->s, rc, err, w->info);
}

static void print_next(struct tc_json *j, uint64_t next)
{
    tc_json_arr_end(j);
    tc_json_key(j, "next");
    if (next == 0)
        tc_json_null(j);
    else
        tc_json_u64(j, next);
    tc_json_obj_end(j);
}

static void print_items(struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_key(j, "items");
    tc_json_arr(j);
}

static enum tc_err limit_of(unsigned asked, unsigned *ret, struct tc_errinfo *info)
{
    *ret = asked == 0 ? JOURNAL_LIMIT_DEFAULT : asked;
    if (asked > JOURNAL_LIMIT_MAX)
        return tc_fail(info, TC_E_RANGE, "limit %u, %d at most", asked, JOURNAL_LIMIT_MAX);
    return TC_OK;
}

enum tc_err journal_query(struct journal_reader *r, const struct journal_context *c,
                          const struct journal_query *q, struct tc_json *j, struct tc_errinfo *info)
{
    TC_ASSERT((unsigned)q->what < JOURNAL_QUERY_COUNT);
    const struct list_row *l = &lists[q->what];
    struct walk w = {.r = r, .c = c, .q = q, .j = j, .info = info, .s = r->stmts[l->stmt]};
    uint64_t next = 0;
    TC_TRY(limit_of(q->limit, &w.limit, info));
    TC_TRY(jq_begin(r, info));
    print_items(j);
    enum tc_err err = walk_list(&w, l, &next);
    jq_end(r);
    TC_TRY(err);
    print_next(j, next);
    return j->out->err == TC_OK ? TC_OK : tc_fail(info, j->out->err, "the answer is too long");
}

enum tc_err journal_query_incident(struct journal_reader *r, const struct journal_context *c,
                                   uint64_t id, struct tc_json *j, struct tc_errinfo *info)
{
    TC_TRY(jq_begin(r, info));
    enum tc_err err = jq_incident(r, c, id, UINT64_MAX, true, j, info);
    jq_end(r);
    return err;
}

enum tc_err journal_query_last(struct journal_reader *r, uint64_t *ret, struct tc_errinfo *info)
{
    return number_of(r, JQ_LAST, 0, 0, ret, info);
}
