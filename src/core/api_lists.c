/* SPDX-License-Identifier: Apache-2.0 */
/* What the site is made of, with its state now. */
#include <stdio.h>

#include "base/check.h"
#include "core/api.h"

static struct tc_json begin_list(struct api_call *call)
{
    struct tc_json j = tc_json(&call->json);
    tc_json_obj(&j);
    tc_json_key(&j, "items");
    tc_json_arr(&j);
    return j;
}

static void end_list(struct api_call *call, struct tc_json *j)
{
    tc_json_arr_end(j);
    tc_json_key(j, "next");
    tc_json_null(j);
    tc_json_obj_end(j);
    api_answer(call, 200);
}

void api_sites(struct api_call *call)
{
    const struct site *site = &call->c->site;
    struct tc_json j = begin_list(call);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "id", site->id);
    tc_json_kv_str(&j, "name", site->name);
    tc_json_kv_str(&j, "timezone", site->timezone);
    tc_json_obj_end(&j);
    end_list(call, &j);
}

void api_areas(struct api_call *call)
{
    const struct site *site = &call->c->site;
    struct tc_json j = begin_list(call);
    for (size_t i = 0; i < site->areas_count; i++) {
        const struct site_area *a = &site->areas[i];
        const struct state_area *now = state_area_find(&call->c->state, tc_slice_str(a->id));
        tc_json_obj(&j);
        tc_json_kv_str(&j, "id", a->id);
        tc_json_kv_str(&j, "name", a->name);
        tc_json_key(&j, "zones");
        tc_json_arr(&j);
        for (size_t k = 0; k < a->zones_count; k++)
            tc_json_str(&j, tc_slice_str(site->zones[a->zones[k]].id));
        tc_json_arr_end(&j);
        tc_json_kv_str(&j, "state", area_state_name(now == NULL ? AREA_DISARMED : now->state));
        tc_json_obj_end(&j);
    }
    end_list(call, &j);
}

static unsigned active_points(const struct state *s, const char *zone, bool *ret_known)
{
    unsigned active = 0;
    for (size_t i = 0; i < s->points_count; i++) {
        if (strcmp(s->points[i].zone, zone) != 0)
            continue;
        *ret_known = true;
        active += s->points[i].state == EV_STATE_ACTIVE;
    }
    return active;
}

void api_zones(struct api_call *call)
{
    const struct site *site = &call->c->site;
    struct tc_json j = begin_list(call);
    for (uint32_t i = 0; i < site->zones_count; i++) {
        const struct site_zone *z = &site->zones[i];
        bool known = false;
        unsigned active = active_points(&call->c->state, z->id, &known);
        tc_json_obj(&j);
        tc_json_kv_str(&j, "id", z->id);
        tc_json_kv_str(&j, "name", z->name);
        tc_json_key(&j, "areas");
        tc_json_arr(&j);
        for (size_t a = 0; a < site->areas_count; a++) {
            for (size_t k = 0; k < site->areas[a].zones_count; k++) {
                if (site->areas[a].zones[k] == i)
                    tc_json_str(&j, tc_slice_str(site->areas[a].id));
            }
        }
        tc_json_arr_end(&j);
        tc_json_key(&j, "cameras");
        tc_json_arr(&j);
        uint32_t cameras[SITE_COVERS_MAX];
        size_t count = site_cameras_of_zone(site, i, cameras, TC_COUNT(cameras));
        for (size_t k = 0; k < count && k < TC_COUNT(cameras); k++)
            tc_json_str(&j, tc_slice_str(site->cameras[cameras[k]].id));
        tc_json_arr_end(&j);
        tc_json_kv_str(&j, "state", active > 0 ? "active" : known ? "normal" : "unknown");
        tc_json_kv_u64(&j, "active_points", active);
        tc_json_obj_end(&j);
    }
    end_list(call, &j);
}

static void add_point(struct api_call *call, struct tc_json *j, const struct site_panel *panel,
                      const struct site_point *point)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", point->number);
    const struct state_point *now =
        state_point_find(&call->c->state, tc_slice_str(panel->id), tc_slice_str(number));
    tc_json_obj(j);
    tc_json_kv_str(j, "panel", panel->id);
    tc_json_kv_u64(j, "number", point->number);
    tc_json_kv_str(j, "name", point->name);
    tc_json_kv_str(j, "zone", call->c->site.zones[point->zone].id);
    tc_json_kv_str(j, "type",
                   point->type == 0 ? NULL : ev_type_name(ev_type_by_number(point->type)));
    tc_json_kv_str(j, "state",
                   now == NULL                     ? "unknown"
                   : now->state == EV_STATE_ACTIVE ? "active"
                                                   : "normal");
    tc_json_kv_wall(j, "last_at", now == NULL ? (struct tc_wall){0} : now->last_at);
    tc_json_obj_end(j);
}

void api_points(struct api_call *call)
{
    const struct site *site = &call->c->site;
    struct tc_json j = begin_list(call);
    for (size_t i = 0; i < site->panels_count; i++) {
        for (size_t k = 0; k < site->panels[i].points_count; k++)
            add_point(call, &j, &site->panels[i], &site->panels[i].points[k]);
    }
    end_list(call, &j);
}

static bool camera_records(const struct state *s, const struct site_camera *c)
{
    for (size_t i = 0; c->record.mode == SITE_RECORD_ALARM && i < s->incidents_count; i++) {
        const struct incident_clip *clip = incident_clip_find(s->incidents[i], tc_slice_str(c->id));
        if (clip != NULL && clip->state == CLIP_RECORDING)
            return true;
    }
    return c->record.mode == SITE_RECORD_FULL;
}

static void add_camera(struct api_call *call, struct tc_json *j, const struct site_camera *c)
{
    static const char *const states[] = {"connecting", "connecting", "up", "down"};
    const struct state_camera *now = state_camera_find(&call->c->state, tc_slice_str(c->id));
    uint32_t what = now == NULL || now->what > 3 ? 0 : now->what;
    tc_json_obj(j);
    tc_json_kv_str(j, "id", c->id);
    tc_json_kv_str(j, "name", c->name);
    tc_json_key(j, "zones");
    tc_json_arr(j);
    for (size_t k = 0; k < c->covers_count; k++)
        tc_json_str(j, tc_slice_str(call->c->site.zones[c->covers[k].zone].id));
    tc_json_arr_end(j);
    tc_json_kv_str(j, "state", states[what]);
    tc_json_kv_wall(j, "since", now == NULL ? (struct tc_wall){0} : now->since);
    tc_json_kv_str(j, "cause", now == NULL || now->cause[0] == 0 ? NULL : now->cause);
    tc_json_kv_u64(j, "width", now == NULL ? 0 : now->width);
    tc_json_kv_u64(j, "height", now == NULL ? 0 : now->height);
    tc_json_kv_str(j, "codec", now == NULL || now->codec[0] == 0 ? NULL : now->codec);
    tc_json_kv_str(j, "mode", site_record_mode_name(c->record.mode));
    tc_json_kv_bool(j, "recording", what == 2 && camera_records(&call->c->state, c));
    tc_json_obj_end(j);
}

void api_cameras(struct api_call *call)
{
    struct tc_json j = begin_list(call);
    for (size_t i = 0; i < call->c->site.cameras_count; i++)
        add_camera(call, &j, &call->c->site.cameras[i]);
    end_list(call, &j);
}

void api_users(struct api_call *call)
{
    const struct site *site = &call->c->site;
    struct tc_json j = begin_list(call);
    for (size_t i = 0; i < site->users_count; i++) {
        char name[MSG_NAME_BYTES];
        (void)snprintf(name, sizeof name, "password/%s", site->users[i].id);
        tc_json_obj(&j);
        tc_json_kv_str(&j, "id", site->users[i].id);
        tc_json_kv_str(&j, "name", site->users[i].name);
        tc_json_kv_str(&j, "role", site_role_name(site->users[i].role));
        tc_json_kv_bool(&j, "has_password", process_secret(call->c->p, name).len > 0);
        tc_json_obj_end(&j);
    }
    end_list(call, &j);
}
