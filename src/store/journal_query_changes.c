/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of changes behind a number: what a console that was away gets told first. Each change
 * is printed as the thing was at that entry, not as it is now, so that the stream reads the same
 * whenever it is read. */
#include <string.h>

#include "base/check.h"
#include "record/rows.h"
#include "record/views.h"
#include "store/journal_query_impl.h"

struct changes {
    struct journal_reader *r;
    const struct journal_context *c;
    struct tc_json *j;
    struct tc_errinfo *info;
    bool signals;
    unsigned count;
};

static void begin_change(struct changes *w, uint64_t seq, const char *kind)
{
    tc_json_obj(w->j);
    tc_json_kv_u64(w->j, "seq", seq);
    tc_json_kv_str(w->j, "kind", kind);
    tc_json_key(w->j, "data");
    w->count++;
}

/* An entry that is a row by itself. */
static enum tc_err on_row(struct changes *w, const struct record_entry *e)
{
    if (e->kind == RK_SIGNAL && !w->signals)
        return TC_OK;
    begin_change(w, e->seq, record_row_name(e->kind));
    if (e->kind == RK_SIGNAL)
        TC_TRY(jq_signal(w->r, e, w->j, w->info));
    else
        record_row_to_json(e, w->c->site, w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

static enum tc_err on_incident(struct changes *w, const struct record_entry *e)
{
    uint64_t id = (uint64_t)entry_get_i64(e, RF_INCIDENT, 0), seq = e->seq;
    if (id == 0)
        return TC_OK;
    size_t before = w->j->out->len;
    struct tc_json json_before = *w->j;
    begin_change(w, seq, "incident");
    enum tc_err err = jq_incident(w->r, w->c, id, seq, false, w->j, w->info);
    if (err == TC_E_NOT_FOUND) { /* an entry that names an incident before it is opened */
        w->j->out->len = before;
        *w->j = json_before;
        w->count--;
        return TC_OK;
    }
    tc_json_obj_end(w->j);
    return err;
}

/* Seq of the last repetition of an alarm before entry UPTO, 0 for none that is known. */
static enum tc_err last_repeat(struct changes *w, uint64_t alarm, uint64_t upto, uint64_t *ret)
{
    sqlite3_stmt *s = w->r->stmts[JQ_ALARM];
    (void)sqlite3_bind_int64(s, 1, (int64_t)alarm);
    int rc = sqlite3_step(s);
    uint64_t last = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    *ret = last < upto ? last : 0;
    return jq_walked(w->r, s, rc, TC_OK, w->info);
}

static enum tc_err on_alarm(struct changes *w, const struct record_entry *e)
{
    uint64_t seq = e->seq, last = 0, normal = 0;
    uint64_t alarm = (uint64_t)entry_get_i64(e, RF_ALARM, (int64_t)e->seq);
    if (e->kind == RK_ALARM_REPEATED)
        last = seq;
    if (e->kind == RK_ALARM_NORMAL) {
        normal = seq;
        TC_TRY(last_repeat(w, alarm, seq, &last));
    }
    struct record_entry raised;
    struct alarm_view v;
    TC_TRY(jq_load(w->r, JQ_SLOT_A, alarm, &raised, w->info));
    TC_TRY(jq_alarm_view(w->r, w->c->site, &raised, last, normal, &v, w->info));
    begin_change(w, seq, "alarm");
    alarm_to_json(&v, w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

/* An alarm that comes or ends changes its incident's row as well; a repetition only its count. */
static enum tc_err on_alarm_edge(struct changes *w, const struct record_entry *e)
{
    struct record_entry head;
    entry_init(&head, (enum record_kind)e->kind);
    head.seq = e->seq;
    if (entry_has(e, RF_INCIDENT))
        entry_i64(&head, RF_INCIDENT, entry_get_i64(e, RF_INCIDENT, 0));
    TC_TRY(on_alarm(w, e));
    return on_incident(w, &head);
}

typedef enum tc_err change_fn(struct changes *w, const struct record_entry *e);

static change_fn *const by_kind[RECORD_KIND_MAX] = {
    [RK_SIGNAL] = on_row,
    [RK_EVENT] = on_row,
    [RK_ALARM_RAISED] = on_alarm_edge,
    [RK_ALARM_REPEATED] = on_alarm,
    [RK_ALARM_NORMAL] = on_alarm_edge,
    [RK_INCIDENT_OPENED] = on_incident,
    [RK_INCIDENT_JOINED] = on_incident,
    [RK_CORRELATED] = on_incident,
    [RK_COMMANDED] = on_incident,
    [RK_CONFIRMED] = on_incident,
    [RK_FAILED] = on_incident,
    [RK_CLIP_STATE] = on_incident,
    [RK_PICKED_UP] = on_incident,
    [RK_RESOLVED] = on_incident,
    [RK_CLOSED] = on_incident,
    [RK_PHASE] = on_incident,
    [RK_CAMERA] = on_row,
    [RK_PROCESS] = on_row,
    [RK_NOTED] = on_row,
    [RK_BOOKMARK] = on_row,
    [RK_NOTIFIED] = on_row,
};

static enum tc_err change_row(struct changes *w, uint64_t seq, int64_t kind)
{
    struct record_entry e;
    if (kind < 0 || kind >= RECORD_KIND_MAX || by_kind[kind] == NULL)
        return TC_OK;
    TC_TRY(jq_load(w->r, JQ_SLOT_A, seq, &e, w->info));
    return e.kind == kind
               ? by_kind[kind](w, &e)
               : tc_fail(w->info, TC_E_CORRUPT, "record %llu is damaged", (unsigned long long)seq);
}

static enum tc_err walk_changes(struct changes *w, uint64_t after, unsigned limit,
                                uint64_t *ret_next, bool *ret_more)
{
    sqlite3_stmt *s = w->r->stmts[JQ_CHANGES];
    int rc = SQLITE_DONE;
    enum tc_err err = TC_OK;
    unsigned looked = 0;
    *ret_next = after;
    (void)sqlite3_bind_int64(s, 1, after > INT64_MAX ? INT64_MAX : (int64_t)after);
    while (err == TC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(s, 0);
        unsigned before = w->count;
        err = change_row(w, seq, sqlite3_column_int64(s, 1));
        *ret_next = seq;
        looked++;
        if (w->count >= limit || w->j->out->len >= JOURNAL_ANSWER_BYTES_MAX)
            break;
        if ((w->count > before || looked % 256 == 0) && jq_spent(w->c))
            break;
    }
    *ret_more = rc == SQLITE_ROW;
    return jq_walked(w->r, s, rc, err, w->info);
}

enum tc_err journal_query_changes(struct journal_reader *r, const struct journal_context *c,
                                  uint64_t after, unsigned limit, bool signals, struct tc_json *j,
                                  struct tc_errinfo *info)
{
    struct changes w = {.r = r, .c = c, .j = j, .info = info, .signals = signals};
    uint64_t next = after;
    if (limit > JOURNAL_LIMIT_MAX)
        return tc_fail(info, TC_E_RANGE, "limit %u, %d at most", limit, JOURNAL_LIMIT_MAX);
    TC_TRY(jq_begin(r, info));
    tc_json_obj(j);
    tc_json_key(j, "items");
    tc_json_arr(j);
    bool more = false;
    enum tc_err err =
        walk_changes(&w, after, limit == 0 ? JOURNAL_LIMIT_DEFAULT : limit, &next, &more);
    jq_end(r);
    TC_TRY(err);
    tc_json_arr_end(j);
    tc_json_kv_u64(j, "seq", next);
    tc_json_key(j, "next");
    if (more)
        tc_json_u64(j, next);
    else
        tc_json_null(j);
    tc_json_obj_end(j);
    return j->out->err == TC_OK ? TC_OK : tc_fail(info, j->out->err, "the answer is too long");
}
