/* SPDX-License-Identifier: Apache-2.0 */
/* One item of a list from its entry. */
#include <ctype.h>
#include <inttypes.h>

#include "record/rows.h"
#include "record/views.h"
#include "store/journal_query_impl.h"

static void kv_text(struct tc_json *j, const char *key, struct tc_slice text)
{
    tc_json_key(j, key);
    if (text.len == 0)
        tc_json_null(j);
    else
        tc_json_str(j, text);
}

static void kv_id(struct tc_json *j, const char *key, int64_t id)
{
    tc_json_key(j, key);
    if (id == 0)
        tc_json_null(j);
    else
        tc_json_i64(j, id);
}

/* When the commit that made SEQ durable was over, 0 when no entry says so yet. */
static enum tc_err durable_at(struct journal_reader *r, uint64_t seq, struct tc_wall *ret,
                              struct tc_errinfo *info)
{
    sqlite3_stmt *s = r->stmts[JQ_DURABLE];
    (void)sqlite3_bind_int64(s, 1, (int64_t)seq);
    int rc = sqlite3_step(s);
    uint64_t note = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    TC_TRY(jq_walked(r, s, rc, TC_OK, info));
    *ret = (struct tc_wall){0};
    if (note == 0)
        return TC_OK;
    struct record_entry e;
    TC_TRY(jq_load(r, JQ_SLOT_B, note, &e, info));
    ret->ns = entry_get_i64(&e, RF_AT, e.at.ns);
    return TC_OK;
}

enum tc_err jq_signal(struct journal_reader *r, const struct record_entry *e, struct tc_json *j,
                      struct tc_errinfo *info)
{
    struct signal_view v;
    signal_view_of(e, &v);
    TC_TRY(durable_at(r, e->seq, &v.durable_at, info));
    signal_to_json(&v, j);
    return TC_OK;
}

enum tc_err jq_row(struct journal_reader *r, const struct record_entry *e, struct tc_json *j,
                   struct tc_errinfo *info)
{
    (void)r;
    (void)info;
    record_row_to_json(e, NULL, j);
    return TC_OK;
}

/* "op_pickup" of "OP_PICKUP". */
static void kv_kind(struct tc_json *j, uint16_t kind)
{
    char word[32] = "";
    const char *name = record_kind_name(kind);
    for (size_t i = 0; name != NULL && name[i] != '\0' && i + 1 < sizeof(word); i++)
        word[i] = (char)tolower((unsigned char)name[i]);
    tc_json_kv_str(j, "kind", word);
}

enum tc_err jq_audit(struct journal_reader *r, const struct record_entry *e, struct tc_json *j,
                     struct tc_errinfo *info)
{
    static const enum record_field extra[] = {RF_PEER, RF_CAMERA, RF_OUTCOME, RF_REASON,
                                              RF_ROLE, RF_ITEM,   RF_VERSION, RF_SOURCE};
    (void)r;
    (void)info;
    struct tc_slice text = entry_get_text(e, RF_TEXT);
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", e->seq);
    tc_json_kv_wall(j, "at", e->at);
    kv_kind(j, e->kind);
    kv_text(j, "user", entry_get_text(e, RF_USER));
    kv_text(j, "text", text.len > 0 ? text : tc_slice_str(record_kind_text(e->kind)));
    kv_id(j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
        if (entry_has(e, extra[i]))
            tc_json_kv_slice(j, record_field_name((uint16_t)extra[i]), entry_get_text(e, extra[i]));
    }
    tc_json_obj_end(j);
    return TC_OK;
}

static enum tc_err apply(struct journal_reader *r, uint64_t seq, struct alarm_view *v,
                         struct tc_errinfo *info)
{
    struct record_entry e;
    if (seq == 0)
        return TC_OK;
    TC_TRY(jq_load(r, JQ_SLOT_B, seq, &e, info));
    if ((uint64_t)entry_get_i64(&e, RF_ALARM, 0) != v->id)
        return jq_misplaced(&e, info);
    alarm_view_apply(v, &e);
    return TC_OK;
}

enum tc_err jq_alarm_view(struct journal_reader *r, const struct site *site,
                          const struct record_entry *raised, uint64_t last, uint64_t normal,
                          struct alarm_view *v, struct tc_errinfo *info)
{
    alarm_view_of(raised, v);
    TC_TRY(apply(r, last < normal ? last : normal, v, info));
    TC_TRY(apply(r, last < normal ? normal : last, v, info));
    uint32_t zone = site == NULL ? SITE_NONE : site_zone_find(site, v->zone);
    if (zone != SITE_NONE)
        v->zone_name = tc_slice_str(site->zones[zone].name);
    return TC_OK;
}
