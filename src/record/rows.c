/* SPDX-License-Identifier: Apache-2.0 */
#include "record/rows.h"

#include "base/check.h"
#include "record/views.h"

static void kv_text(struct tc_json *j, const char *key, struct tc_slice text)
{
    tc_json_key(j, key);
    if (text.len == 0)
        tc_json_null(j);
    else
        tc_json_str(j, text);
}

static void kv_field(struct tc_json *j, const char *key, const struct record_entry *e,
                     enum record_field tag)
{
    kv_text(j, key, entry_get_text(e, tag));
}

static void kv_id(struct tc_json *j, const char *key, int64_t id)
{
    tc_json_key(j, key);
    if (id == 0)
        tc_json_null(j);
    else
        tc_json_i64(j, id);
}

static void kv_time(struct tc_json *j, const char *key, int64_t ns)
{
    tc_json_kv_wall(j, key, (struct tc_wall){.ns = ns});
}

static void signal_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    struct signal_view v;
    signal_view_of(e, &v);
    signal_to_json(&v, j);
}

static void event_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    struct event_view v;
    event_view_of(e, &v);
    event_to_json(&v, j);
}

static void bookmark_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    tc_json_obj(j);
    tc_json_kv_u64(j, "id", e->seq);
    kv_time(j, "at", entry_get_i64(e, RF_AT, e->at.ns));
    kv_field(j, "camera", e, RF_CAMERA);
    kv_time(j, "from", entry_get_i64(e, RF_FROM, 0));
    kv_time(j, "to", entry_get_i64(e, RF_TO, 0));
    kv_id(j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    kv_field(j, "rule", e, RF_RULE);
    kv_field(j, "text", e, RF_TEXT);
    tc_json_obj_end(j);
}

static void note_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    tc_json_obj(j);
    kv_id(j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    kv_time(j, "at", e->at.ns);
    kv_field(j, "user", e, RF_USER);
    kv_field(j, "text", e, RF_TEXT);
    tc_json_obj_end(j);
}

static void notify_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    tc_json_obj(j);
    kv_field(j, "text", e, RF_TEXT);
    tc_json_kv_i64(j, "priority", entry_get_i64(e, RF_PRIORITY, EV_PRIORITY_LEAST_URGENT));
    kv_id(j, "incident", entry_get_i64(e, RF_INCIDENT, 0));
    kv_field(j, "to", e, entry_has(e, RF_USER) ? RF_USER : RF_ROLE);
    tc_json_obj_end(j);
}

static void camera_names(struct tc_slice id, const struct site *site, struct tc_json *j)
{
    uint32_t index = site == NULL ? SITE_NONE : site_camera_find(site, id);
    tc_json_kv_slice(j, "name", index == SITE_NONE ? id : tc_slice_str(site->cameras[index].name));
    tc_json_key(j, "zones");
    tc_json_arr(j);
    for (size_t i = 0; index != SITE_NONE && i < site->cameras[index].covers_count; i++)
        tc_json_str(j, tc_slice_str(site->zones[site->cameras[index].covers[i].zone].id));
    tc_json_arr_end(j);
}

/* What the entry says of the camera; the list of cameras says more (core's live state). */
static void camera_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    static const char *const states[] = {"down", "connecting", "up", "down"};
    int64_t state = entry_get_i64(e, RF_STATE, 0);
    tc_json_obj(j);
    kv_field(j, "id", e, RF_CAMERA);
    camera_names(entry_get_text(e, RF_CAMERA), site, j);
    tc_json_kv_str(j, "state",
                   state >= 0 && state < (int64_t)TC_COUNT(states) ? states[state] : "down");
    kv_time(j, "since", entry_get_i64(e, RF_AT, e->at.ns));
    kv_field(j, "cause", e, RF_CAUSE_TEXT);
    if (entry_has(e, RF_CODEC)) {
        tc_json_kv_i64(j, "width", entry_get_i64(e, RF_WIDTH, 0));
        tc_json_kv_i64(j, "height", entry_get_i64(e, RF_HEIGHT, 0));
        kv_field(j, "codec", e, RF_CODEC);
    }
    tc_json_obj_end(j);
}

static void process_row(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    (void)site;
    tc_json_obj(j);
    kv_field(j, "name", e, RF_PROCESS);
    kv_time(j, "at", e->at.ns);
    tc_json_kv_str(j, "state", entry_get_i64(e, RF_UP, 0) != 0 ? "up" : "down");
    kv_field(j, "text", e, RF_TEXT);
    tc_json_obj_end(j);
}

static const struct {
    const char *name;
    void (*row)(const struct record_entry *e, const struct site *site, struct tc_json *j);
} rows[RECORD_KIND_MAX] = {
    [RK_SIGNAL] = {"signal", signal_row},       [RK_EVENT] = {"event", event_row},
    [RK_BOOKMARK] = {"bookmark", bookmark_row}, [RK_NOTED] = {"note", note_row},
    [RK_NOTIFIED] = {"notify", notify_row},     [RK_CAMERA] = {"camera", camera_row},
    [RK_PROCESS] = {"process", process_row},
};

const char *record_row_name(uint16_t kind)
{
    return kind < RECORD_KIND_MAX ? rows[kind].name : NULL;
}

void record_row_to_json(const struct record_entry *e, const struct site *site, struct tc_json *j)
{
    TC_ASSERT(record_row_name(e->kind) != NULL);
    rows[e->kind].row(e, site, j);
}
