/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of changes behind a number: what a console that was away gets told first. Each change
 * is printed as the thing was at that entry, not as it is now, so that the stream reads the same
 * whenever it is read. */
#include <string.h>

#include "base/check.h"
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

static void kv_text(struct tc_json *j, const char *key, struct tc_slice text)
{
    tc_json_key(j, key);
    if (text.len == 0)
        tc_json_null(j);
    else
        tc_json_str(j, text);
}

static enum tc_err change_item(struct changes *w, const struct record_entry *e, const char *kind,
                               jq_item_fn *item)
{
    begin_change(w, e->seq, kind);
    enum tc_err err = item(w->r, e, w->j, w->info);
    tc_json_obj_end(w->j);
    return err;
}

static enum tc_err on_signal(struct changes *w, const struct record_entry *e)
{
    return w->signals ? change_item(w, e, "signal", jq_signal) : TC_OK;
}

static enum tc_err on_event(struct changes *w, const struct record_entry *e)
{
    return change_item(w, e, "event", jq_event);
}

static enum tc_err on_bookmark(struct changes *w, const struct record_entry *e)
{
    return change_item(w, e, "bookmark", jq_bookmark);
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

static enum tc_err on_note(struct changes *w, const struct record_entry *e)
{
    begin_change(w, e->seq, "note");
    tc_json_obj(w->j);
    tc_json_kv_i64(w->j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    tc_json_kv_wall(w->j, "at", e->at);
    kv_text(w->j, "user", entry_get_text(e, RF_USER));
    kv_text(w->j, "text", entry_get_text(e, RF_TEXT));
    tc_json_obj_end(w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

static enum tc_err on_notified(struct changes *w, const struct record_entry *e)
{
    begin_change(w, e->seq, "notify");
    tc_json_obj(w->j);
    kv_text(w->j, "text", entry_get_text(e, RF_TEXT));
    tc_json_kv_i64(w->j, "priority", entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT));
    tc_json_kv_i64(w->j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    kv_text(w->j, "to", entry_get_text(e, entry_has(e, RF_USER) ? RF_USER : RF_ROLE));
    tc_json_obj_end(w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

static void camera_names(struct changes *w, struct tc_slice id)
{
    const struct site *site = w->c->site;
    uint32_t index = site == NULL ? SITE_NONE : site_camera_find(site, id);
    tc_json_kv_slice(w->j, "name",
                     index == SITE_NONE ? id : tc_slice_str(site->cameras[index].name));
    tc_json_key(w->j, "zones");
    tc_json_arr(w->j);
    for (size_t i = 0; index != SITE_NONE && i < site->cameras[index].covers_count; i++)
        tc_json_str(w->j, tc_slice_str(site->zones[site->cameras[index].covers[i].zone].id));
    tc_json_arr_end(w->j);
}

static enum tc_err on_camera(struct changes *w, const struct record_entry *e)
{
    static const char *const states[] = {"down", "connecting", "up", "down"};
    int64_t state = entry_get_i64(e, RF_STATE, 0);
    begin_change(w, e->seq, "camera");
    tc_json_obj(w->j);
    kv_text(w->j, "id", entry_get_text(e, RF_CAMERA));
    camera_names(w, entry_get_text(e, RF_CAMERA));
    tc_json_kv_str(w->j, "state", state >= 0 && state < 4 ? states[state] : "down");
    tc_json_kv_wall(w->j, "since", (struct tc_wall){entry_get_i64(e, RF_AT, e->at.ns)});
    kv_text(w->j, "cause", entry_get_text(e, RF_CAUSE_TEXT));
    if (entry_has(e, RF_CODEC)) {
        tc_json_kv_i64(w->j, "width", entry_get_i64(e, RF_WIDTH, 0));
        tc_json_kv_i64(w->j, "height", entry_get_i64(e, RF_HEIGHT, 0));
        kv_text(w->j, "codec", entry_get_text(e, RF_CODEC));
    }
    tc_json_obj_end(w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

static enum tc_err on_process(struct changes *w, const struct record_entry *e)
{
    begin_change(w, e->seq, "process");
    tc_json_obj(w->j);
    kv_text(w->j, "name", entry_get_text(e, RF_PROCESS));
    tc_json_kv_wall(w->j, "at", e->at);
    tc_json_kv_str(w->j, "state", entry_get_i64(e, RF_UP, 0) != 0 ? "up" : "down");
    kv_text(w->j, "text", entry_get_text(e, RF_TEXT));
    tc_json_obj_end(w->j);
    tc_json_obj_end(w->j);
    return TC_OK;
}

typedef enum tc_err change_fn(struct changes *w, const struct record_entry *e);

static change_fn *const by_kind[RECORD_KIND_MAX] = {
    [RK_SIGNAL] = on_signal,
    [RK_EVENT] = on_event,
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
    [RK_CAMERA] = on_camera,
    [RK_PROCESS] = on_process,
    [RK_NOTED] = on_note,
    [RK_BOOKMARK] = on_bookmark,
    [RK_NOTIFIED] = on_notified,
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
    tc_json_kv_u64(j, "next", next);
    tc_json_kv_bool(j, "more", more);
    tc_json_obj_end(j);
    return j->out->err == TC_OK ? TC_OK : tc_fail(info, j->out->err, "the answer is too long");
}
