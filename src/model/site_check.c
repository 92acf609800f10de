/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in a sealed site, whoever made it. The configuration reports the same faults
 * earlier, with line and column; this is the last line before a process trusts the indexes. */
#include <string.h>

#include "model/site.h"

bool site_id_valid(struct tc_slice id)
{
    if (id.len == 0 || id.len >= SITE_ID_BYTES)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return true;
}

bool site_account_valid(struct tc_slice account)
{
    if (account.len < 3 || account.len >= SITE_ACCOUNT_BYTES)
        return false;
    for (size_t i = 0; i < account.len; i++) {
        uint8_t c = account.ptr[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'F') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

/* Every element's id (its first member) is valid and stands once. Linear search would make this
 * quadratic in time; at the limits (4096 zones) that is 8 million short compares, some 50 ms once
 * per start. */
static enum tc_err check_ids(const void *array, size_t count, size_t size, const char *kind,
                             struct tc_errinfo *info)
{
    for (size_t i = 0; i < count; i++) {
        const char *id = (const char *)array + i * size;
        if (!site_id_valid(tc_slice_str(id)))
            return tc_fail(info, TC_E_CONFIG, "%s number %zu has no valid id", kind, i + 1);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(id, (const char *)array + k * size) == 0)
                return tc_fail(info, TC_E_CONFIG, "two %ss are called %s", kind, id);
        }
    }
    return TC_OK;
}

static enum tc_err check_all_ids(const struct site *s, struct tc_errinfo *info)
{
    TC_TRY(check_ids(s->zones, s->zones_count, sizeof *s->zones, "zone", info));
    TC_TRY(check_ids(s->areas, s->areas_count, sizeof *s->areas, "area", info));
    TC_TRY(check_ids(s->panels, s->panels_count, sizeof *s->panels, "panel", info));
    TC_TRY(check_ids(s->cameras, s->cameras_count, sizeof *s->cameras, "camera", info));
    TC_TRY(check_ids(s->users, s->users_count, sizeof *s->users, "user", info));
    return check_ids(s->rules, s->rules_count, sizeof *s->rules, "rule", info);
}

static bool within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

static enum tc_err check_panel(const struct site *s, const struct site_panel *p,
                               struct tc_errinfo *info)
{
    if (!site_account_valid(tc_slice_str(p->account)))
        return tc_fail(info, TC_E_CONFIG, "panel %s has no valid account", p->id);
    for (size_t i = 0; i < p->points_count; i++) {
        const struct site_point *point = &p->points[i];
        if (point->number < 1 || point->number > SITE_POINT_NUMBER_MAX)
            return tc_fail(info, TC_E_CONFIG, "panel %s: point %u is outside 1..%d", p->id,
                           point->number, SITE_POINT_NUMBER_MAX);
        if (i > 0 && p->points[i - 1].number >= point->number)
            return tc_fail(info, TC_E_CONFIG, "panel %s: point %u stands twice", p->id,
                           point->number);
        if (point->zone >= s->zones_count)
            return tc_fail(info, TC_E_CONFIG, "panel %s: point %u has no zone", p->id,
                           point->number);
    }
    return TC_OK;
}

static enum tc_err check_panels(const struct site *s, struct tc_errinfo *info)
{
    for (size_t i = 0; i < s->panels_count; i++) {
        TC_TRY(check_panel(s, &s->panels[i], info));
        if (i == 0)
            continue;
        const struct site_panel *before = &s->panels[s->panels_by_account[i - 1]];
        const struct site_panel *here = &s->panels[s->panels_by_account[i]];
        if (strcmp(before->account, here->account) == 0)
            return tc_fail(info, TC_E_CONFIG, "panels %s and %s have the same account %s",
                           before->id, here->id, here->account);
    }
    return TC_OK;
}

static enum tc_err check_areas(const struct site *s, struct tc_errinfo *info)
{
    const int64_t delay_max_ns = SITE_DELAY_MAX_S * TC_NS_PER_S;
    for (size_t i = 0; i < s->areas_count; i++) {
        const struct site_area *a = &s->areas[i];
        for (size_t k = 0; k < a->zones_count; k++) {
            if (a->zones[k] >= s->zones_count)
                return tc_fail(info, TC_E_CONFIG, "area %s holds a zone that is not there", a->id);
        }
        if (!within(a->entry_ns, 0, delay_max_ns) || !within(a->exit_ns, 0, delay_max_ns))
            return tc_fail(info, TC_E_CONFIG, "area %s: a delay is outside 0..10 min", a->id);
    }
    for (size_t i = 0; i < s->adjacent_count; i++) {
        const struct site_adjacent *pair = &s->adjacent[i];
        if (pair->a >= pair->b || pair->b >= s->zones_count)
            return tc_fail(info, TC_E_CONFIG, "a pair of adjacent zones is not two zones");
    }
    return TC_OK;
}

static enum tc_err check_record(const struct site_camera *c, struct tc_errinfo *info)
{
    const struct site_record *r = &c->record;
    if (!within(r->pre_ns, 0, SITE_PRE_MAX_S * TC_NS_PER_S))
        return tc_fail(info, TC_E_CONFIG, "camera %s: pre-roll is outside 0..120 s", c->id);
    if (!within(r->post_ns, 0, SITE_POST_MAX_S * TC_NS_PER_S))
        return tc_fail(info, TC_E_CONFIG, "camera %s: post-roll is outside 0..10 min", c->id);
    if (!within(r->keep_ns, 3600 * TC_NS_PER_S, 3650 * 86400 * TC_NS_PER_S))
        return tc_fail(info, TC_E_CONFIG, "camera %s: keep is outside 1 h..3650 d", c->id);
    return TC_OK;
}

static enum tc_err check_cameras(const struct site *s, struct tc_errinfo *info)
{
    for (size_t i = 0; i < s->cameras_count; i++) {
        const struct site_camera *c = &s->cameras[i];
        if (c->url.text[0] == 0 || c->url.host[0] == 0 || c->url.port == 0)
            return tc_fail(info, TC_E_CONFIG, "camera %s has no address", c->id);
        for (size_t k = 0; k < c->covers_count; k++) {
            if (c->covers[k].zone >= s->zones_count)
                return tc_fail(info, TC_E_CONFIG, "camera %s covers a zone that is not there",
                               c->id);
            if (site_cover_find(c, c->covers[k].zone) != &c->covers[k])
                return tc_fail(info, TC_E_CONFIG, "camera %s covers zone %s twice", c->id,
                               s->zones[c->covers[k].zone].id);
        }
        TC_TRY(check_record(c, info));
    }
    return TC_OK;
}

static enum tc_err check_rules(const struct site *s, struct tc_errinfo *info)
{
    for (size_t i = 0; i < s->rules_count; i++) {
        const struct rule *r = &s->rules[i];
        for (size_t k = 0; k < r->zones_count; k++) {
            if (r->zones[k] >= s->zones_count || (k > 0 && r->zones[k - 1] >= r->zones[k]))
                return tc_fail(info, TC_E_CONFIG, "rule %s: its zones are not in order", r->id);
        }
        if (r->actions_count > RULE_ACTIONS_MAX)
            return tc_fail(info, TC_E_CONFIG, "rule %s has too many actions", r->id);
        for (size_t k = 0; k < r->actions_count; k++) {
            const struct rule_action *a = &r->actions[k];
            if (a->verb == RULE_NOTIFY_USER && a->target >= s->users_count)
                return tc_fail(info, TC_E_CONFIG, "rule %s notifies nobody", r->id);
            if (a->verb == RULE_NOTIFY_ROLE && a->target >= SITE_ROLE_COUNT)
                return tc_fail(info, TC_E_CONFIG, "rule %s notifies no role", r->id);
        }
    }
    return TC_OK;
}

static enum tc_err check_archive(const struct site *s, struct tc_errinfo *info)
{
    if (s->archive.volumes_count == 0)
        return tc_fail(info, TC_E_CONFIG, "the archive has no volume");
    for (size_t i = 0; i < s->archive.volumes_count; i++) {
        const char *path = s->archive.volumes[i].path;
        if (path[0] != 0 && path[0] != '/')
            return tc_fail(info, TC_E_CONFIG, "the volume %s is no absolute path", path);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(path, s->archive.volumes[k].path) == 0)
                return tc_fail(info, TC_E_CONFIG, "the volume %s stands twice", path);
        }
    }
    return TC_OK;
}

enum tc_err site_check(const struct site *s, struct tc_errinfo *info)
{
    if (!s->sealed)
        return tc_fail(info, TC_E_CONFIG, "the site was not sealed");
    if (!site_id_valid(tc_slice_str(s->id)))
        return tc_fail(info, TC_E_CONFIG, "the site has no valid id");
    TC_TRY(check_all_ids(s, info));
    TC_TRY(check_panels(s, info));
    TC_TRY(check_areas(s, info));
    TC_TRY(check_cameras(s, info));
    TC_TRY(check_rules(s, info));
    return check_archive(s, info);
}
