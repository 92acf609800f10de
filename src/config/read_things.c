/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the named things of the file: each adder makes the element that an entry stands
 * for. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/nearest.h"
#include "config/read.h"
#include "config/words.h"
#include "rule/rule.h"

/* The element's id from the entry's key, and its name until the file gives another. An element
 * whose id is not OK is read all the same, so that its other faults are reported too; the site is
 * thrown away then. */
static void take_id(bool ok, const struct tree_node *entry, char id[SITE_ID_BYTES],
                    char name[SITE_NAME_BYTES])
{
    if (!ok)
        return;
    enum tc_err err = tc_slice_to_str(entry->key, id, SITE_ID_BYTES);
    TC_ASSERT(err == TC_OK); /* site_id_valid said so */
    if (name != NULL)
        tc_slice_to_str_cut(entry->key, name, SITE_NAME_BYTES);
}

enum tc_err cfg_add_receiver(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                             void **ret)
{
    (void)owner;
    struct site_receiver *receiver = NULL;
    TC_TRY(site_add_receiver(r->site, &receiver));
    r->receiver_nodes[r->site->receivers_count - 1] = entry;
    *ret = receiver;
    return TC_OK;
}

enum tc_err cfg_add_panel(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                          void **ret)
{
    (void)owner;
    struct site_panel *panel = NULL;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "panel");
    TC_TRY(site_add_panel(r->site, &panel));
    r->panel_nodes[r->site->panels_count - 1] = entry;
    take_id(ok, entry, panel->id, panel->name);
    *ret = panel;
    return TC_OK;
}

enum tc_err cfg_add_point(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                          void **ret)
{
    struct site_panel *panel = owner;
    uint64_t number = 0;
    if (tc_slice_u64(entry->key, SITE_POINT_NUMBER_MAX, &number) != TC_OK || number == 0) {
        (void)cfg_report_key(r, CONFIG_ERROR, entry, "bad-id",
                             "a point is a number from 1 to %d, not \"%s\"", SITE_POINT_NUMBER_MAX,
                             config_shown(entry->key).s);
        number = 0;
    }
    for (size_t i = 0; i < panel->points_count && number != 0; i++) {
        if (panel->points[i].number == number)
            (void)cfg_report_key(r, CONFIG_ERROR, entry, "duplicate-key", "point %u stands twice",
                                 (unsigned)number);
    }
    struct site_point *point = NULL;
    TC_TRY(site_panel_add_point(panel, &point));
    point->number = (uint32_t)number;
    *ret = point;
    return TC_OK;
}

static enum tc_err make_zone(struct cfg_reader *r, const struct tree_node *node, struct tc_slice id,
                             uint32_t *ret)
{
    struct site_zone *zone = NULL;
    TC_TRY(site_add_zone(r->site, &zone));
    tc_slice_to_str_cut(id, zone->id, sizeof zone->id);
    tc_slice_to_str_cut(id, zone->name, sizeof zone->name);
    *ret = (uint32_t)r->site->zones_count - 1;
    r->zone_notes[*ret] = (struct cfg_zone_note){.first = node};
    return TC_OK;
}

/* The zone whose id is nearest, as a name; NULL when none is near. */
static const char *nearest_zone(const struct site *s, struct tc_slice id)
{
    const char **ids = calloc(s->zones_count + 1, sizeof *ids);
    if (ids == NULL)
        return NULL;
    for (size_t i = 0; i < s->zones_count; i++)
        ids[i] = s->zones[i].id;
    const char *best = tc_nearest(id, ids, s->zones_count);
    free(ids);
    return best;
}

enum tc_err cfg_zone(struct cfg_reader *r, const struct tree_node *node, struct tc_slice id,
                     bool make, uint32_t *ret)
{
    *ret = site_zone_find(r->site, id);
    if (*ret == SITE_NONE && make) {
        if (!cfg_id_ok(r, node, id, false, "zone"))
            return TC_OK;
        TC_TRY(make_zone(r, node, id, ret));
    }
    if (*ret != SITE_NONE) {
        r->zone_notes[*ret].mentions++;
        return TC_OK;
    }
    bool at_key = tc_slice_eq(id, node->key) && node->key.ptr == id.ptr;
    struct config_diag *d = (at_key ? cfg_report_key : cfg_report)(
        r, CONFIG_ERROR, node, "unknown-name", "unknown zone \"%s\"", config_shown(id).s);
    const char *near = nearest_zone(r->site, id);
    cfg_near(d, id, &near, near == NULL ? 0 : 1);
    if (near == NULL)
        cfg_fix(d, "name it under zones, in an area or at a point");
    return TC_OK;
}

enum tc_err cfg_add_zone(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                         void **ret)
{
    (void)owner;
    uint32_t zone = SITE_NONE;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "zone");
    TC_TRY(make_zone(r, entry, ok ? entry->key : tc_slice(NULL, 0), &zone));
    r->zone_notes[zone].declared = true;
    *ret = &r->site->zones[zone];
    return TC_OK;
}

enum tc_err cfg_add_area(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                         void **ret)
{
    (void)owner;
    struct site_area *area = NULL;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "area");
    TC_TRY(site_add_area(r->site, &area));
    take_id(ok, entry, area->id, area->name);
    *ret = area;
    return TC_OK;
}

/* A list's entry must be a text; reports and returns false when it is not. */
static bool is_text(struct cfg_reader *r, const struct tree_node *entry, const char *what)
{
    if (entry->kind == TREE_TEXT && !tree_is_empty(entry))
        return true;
    (void)cfg_report(r, CONFIG_ERROR, entry, "wrong-kind", "%s is needed here", what);
    return false;
}

enum tc_err cfg_put_area_zone(struct cfg_reader *r, void *owner, const struct tree_node *entry)
{
    uint32_t zone = SITE_NONE;
    if (!is_text(r, entry, "a zone's id"))
        return TC_OK;
    TC_TRY(cfg_zone(r, entry, entry->text, true, &zone));
    return zone == SITE_NONE ? TC_OK : site_area_add_zone(owner, zone);
}

enum tc_err cfg_put_adjacent(struct cfg_reader *r, void *owner, const struct tree_node *entry)
{
    (void)owner;
    uint32_t zone = SITE_NONE;
    TC_TRY(cfg_zone(r, entry, entry->key, false, &zone));
    if (entry->kind != TREE_LIST) {
        (void)cfg_report(r, CONFIG_ERROR, entry, "wrong-kind", "\"%s\" takes a list of zones",
                         config_shown(entry->key).s);
        return TC_OK;
    }
    for (const struct tree_node *n = entry->first; n != NULL; n = n->next) {
        uint32_t other = SITE_NONE;
        if (!is_text(r, n, "a zone's id"))
            continue;
        TC_TRY(cfg_zone(r, n, n->text, false, &other));
        if (zone == SITE_NONE || other == SITE_NONE)
            continue;
        if (zone == other)
            (void)cfg_report(r, CONFIG_ERROR, n, "bad-value", "a zone is not adjacent to itself");
        else
            TC_TRY(site_add_adjacent(r->site, zone, other));
    }
    return TC_OK;
}

enum tc_err cfg_add_camera(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                           void **ret)
{
    (void)owner;
    struct site_camera *camera = NULL;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "camera");
    if (tc_slice_is(entry->key,
                    "holds")) { /* a volume keeps what is held in a folder of that name */
        (void)cfg_report_key(r, CONFIG_ERROR, entry, "reserved-id",
                             "a camera cannot be called \"holds\"");
        ok = false;
    }
    TC_TRY(site_add_camera(r->site, &camera));
    r->camera_nodes[r->site->cameras_count - 1] = entry;
    take_id(ok, entry, camera->id, camera->name);
    *ret = camera;
    return TC_OK;
}

enum tc_err cfg_add_cover(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                          void **ret)
{
    uint32_t zone = SITE_NONE;
    TC_TRY(cfg_zone(r, entry, entry->key, false, &zone));
    struct site_cover *cover = NULL;
    TC_TRY(site_camera_add_cover(owner, &cover));
    cover->zone =
        zone == SITE_NONE ? 0 : zone; /* 0 in a site that has a fault and is thrown away */
    *ret = cover;
    return TC_OK;
}

enum tc_err cfg_add_volume(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                           void **ret)
{
    (void)owner;
    struct site_volume *volume = NULL;
    TC_TRY(site_add_volume(r->site, &volume));
    r->volume_nodes[r->site->archive.volumes_count - 1] = entry;
    *ret = volume;
    return TC_OK;
}

enum tc_err cfg_add_user(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                         void **ret)
{
    (void)owner;
    struct site_user *user = NULL;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "user");
    TC_TRY(site_add_user(r->site, &user));
    r->user_nodes[r->site->users_count - 1] = entry;
    take_id(ok, entry, user->id, user->name);
    *ret = user;
    return TC_OK;
}

enum tc_err cfg_add_rule(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                         void **ret)
{
    (void)owner;
    struct rule *rule = NULL;
    bool ok = cfg_id_ok(r, entry, entry->key, true, "rule");
    TC_TRY(site_add_rule(r->site, &rule));
    take_id(ok, entry, rule->id, NULL);
    *ret = rule;
    return TC_OK;
}

static uint32_t count_chars(struct tc_slice s)
{
    uint32_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += (s.ptr[i] & 0xC0) != 0x80;
    return count;
}

/* A fault inside a text of one line, at its own place; a text over several lines, or with escapes,
 * is pointed at as a whole, since its characters do not stand one behind the other. */
static struct config_place place_in_text(const struct tree_node *node, const struct rule_fault *f)
{
    struct config_place at = node->at;
    uint32_t quotes = node->plain ? 0 : 2;
    if (at.line != at.end_line || at.end_column - at.column != count_chars(node->text) + quotes)
        return at;
    at.column += quotes / 2 + count_chars(tc_slice_sub(node->text, 0, f->at));
    uint32_t width = count_chars(tc_slice_sub(node->text, f->at, f->len));
    at.end_column = at.column + (width > 0 ? width : 1);
    return at;
}

static void report_fault(struct cfg_reader *r, const struct tree_node *node,
                         const struct rule_fault *f)
{
    struct config_diag *d = cfg_report(r, CONFIG_ERROR, node, f->code, "%s", f->text);
    d->at = place_in_text(node, f);
    tc_slice_to_str_cut(tc_slice_str(f->near), d->near, sizeof d->near);
    tc_slice_to_str_cut(tc_slice_str(f->fix), d->fix, sizeof d->fix);
}

enum tc_err cfg_read_when(struct cfg_reader *r, const struct tree_node *node, struct rule *rule)
{
    struct rule_fault fault = {0};
    enum tc_err err = rule_parse_when(node->text, r->site, rule, &fault);
    if (err == TC_E_CONFIG)
        report_fault(r, node, &fault);
    return err == TC_E_CONFIG ? TC_OK : err;
}

enum tc_err cfg_put_action(struct cfg_reader *r, void *owner, const struct tree_node *entry)
{
    struct rule *rule = owner;
    struct rule_action action = {0};
    struct rule_fault fault = {0};
    if (!is_text(r, entry, "an action (record, bookmark or notify)"))
        return TC_OK;
    enum tc_err err = rule_parse_action(entry->text, r->site, &action, &fault);
    if (err == TC_E_CONFIG) {
        report_fault(r, entry, &fault);
        return TC_OK;
    }
    TC_TRY(err);
    if (rule->actions_count == RULE_ACTIONS_MAX)
        return TC_E_LIMIT;
    rule->actions[rule->actions_count++] = action;
    return TC_OK;
}
