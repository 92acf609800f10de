/* SPDX-License-Identifier: Apache-2.0 */
/* Building a site and looking things up in it. What must hold is in site_check.c. */
#include "model/site.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { RING_MEMORY_DEFAULT = 1000000000, KEEP_FREE_DEFAULT = 1000000000, CONSOLE_PORT = 8443 };

void site_init(struct site *s)
{
    *s = (struct site){.timezone = "UTC",
                       .console.listen = {.host = "127.0.0.1", .port = CONSOLE_PORT},
                       .archive.ring_memory_bytes = RING_MEMORY_DEFAULT};
}

void rule_def_done(struct rule *r)
{
    free(r->zones);
    *r = (struct rule){0};
}

void site_done(struct site *s)
{
    for (size_t i = 0; i < s->panels_count; i++)
        free(s->panels[i].points);
    for (size_t i = 0; i < s->areas_count; i++)
        free(s->areas[i].zones);
    for (size_t i = 0; i < s->cameras_count; i++)
        free(s->cameras[i].covers);
    for (size_t i = 0; i < s->rules_count; i++)
        rule_def_done(&s->rules[i]);
    free(s->receivers);
    free(s->panels);
    free(s->zones);
    free(s->areas);
    free(s->adjacent);
    free(s->cameras);
    free(s->archive.volumes);
    free(s->users);
    free(s->rules);
    free(s->panels_by_account);
    *s = (struct site){0};
}

/* Makes room for one more zeroed element of SIZE bytes behind COUNT. The capacity is the next power
 * of two and is not stored: it changes exactly when COUNT is zero or a power of two. */
static enum tc_err grow(void **array, size_t count, size_t size, size_t max)
{
    if (count >= max)
        return TC_E_LIMIT;
    if (count == 0 || (count & (count - 1)) == 0) {
        void *more = realloc(*array, (count == 0 ? 1 : count * 2) * size);
        if (more == NULL)
            return TC_E_NOMEM;
        *array = more;
    }
    memset((uint8_t *)*array + count * size, 0, size);
    return TC_OK;
}

/* Appends one element to HOLDER's array FIELD (and FIELD_count) and points RET at it. */
#define ADD(holder, field, max, ret)                                                               \
    do {                                                                                           \
        void *array_ = (holder)->field;                                                            \
        TC_TRY(grow(&array_, (holder)->field##_count, sizeof *(holder)->field, (max)));            \
        (holder)->field = array_;                                                                  \
        *(ret) = &(holder)->field[(holder)->field##_count++];                                      \
    } while (0)

enum tc_err site_add_receiver(struct site *s, struct site_receiver **ret)
{
    ADD(s, receivers, SITE_RECEIVERS_MAX, ret);
    (*ret)->transports = SITE_TRANSPORT_TCP;
    return TC_OK;
}

enum tc_err site_add_panel(struct site *s, struct site_panel **ret)
{
    ADD(s, panels, SITE_PANELS_MAX, ret);
    return TC_OK;
}

enum tc_err site_add_zone(struct site *s, struct site_zone **ret)
{
    ADD(s, zones, SITE_ZONES_MAX, ret);
    return TC_OK;
}

enum tc_err site_add_area(struct site *s, struct site_area **ret)
{
    ADD(s, areas, SITE_AREAS_MAX, ret);
    (*ret)->entry_ns = 30 * TC_NS_PER_S;
    (*ret)->exit_ns = 60 * TC_NS_PER_S;
    return TC_OK;
}

enum tc_err site_add_camera(struct site *s, struct site_camera **ret)
{
    ADD(s, cameras, SITE_CAMERAS_MAX, ret);
    (*ret)->record = (struct site_record){.mode = SITE_RECORD_FULL,
                                          .pre_ns = 10 * TC_NS_PER_S,
                                          .post_ns = 30 * TC_NS_PER_S,
                                          .keep_ns = 30 * 86400 * TC_NS_PER_S};
    return TC_OK;
}

enum tc_err site_add_volume(struct site *s, struct site_volume **ret)
{
    ADD(&s->archive, volumes, SITE_VOLUMES_MAX, ret);
    (*ret)->keep_free_bytes = KEEP_FREE_DEFAULT;
    return TC_OK;
}

enum tc_err site_add_user(struct site *s, struct site_user **ret)
{
    ADD(s, users, SITE_USERS_MAX, ret);
    (*ret)->uid = -1;
    return TC_OK;
}

enum tc_err site_add_rule(struct site *s, struct rule **ret)
{
    ADD(s, rules, SITE_RULES_MAX, ret);
    return TC_OK;
}

enum tc_err site_panel_add_point(struct site_panel *p, struct site_point **ret)
{
    ADD(p, points, SITE_POINTS_MAX, ret);
    return TC_OK;
}

enum tc_err site_camera_add_cover(struct site_camera *c, struct site_cover **ret)
{
    ADD(c, covers, SITE_COVERS_MAX, ret);
    return TC_OK;
}

enum tc_err site_area_add_zone(struct site_area *a, uint32_t zone)
{
    for (size_t i = 0; i < a->zones_count; i++) {
        if (a->zones[i] == zone)
            return TC_OK;
    }
    uint32_t *slot = NULL;
    ADD(a, zones, SITE_ZONES_MAX, &slot);
    *slot = zone;
    return TC_OK;
}

enum tc_err site_add_adjacent(struct site *s, uint32_t zone_a, uint32_t zone_b)
{
    if (site_zones_adjacent(s, zone_a, zone_b))
        return TC_OK;
    struct site_adjacent *pair = NULL;
    ADD(s, adjacent, SITE_ADJACENT_MAX, &pair);
    pair->a = zone_a < zone_b ? zone_a : zone_b;
    pair->b = zone_a < zone_b ? zone_b : zone_a;
    return TC_OK;
}

static int compare_points(const void *a, const void *b)
{
    const struct site_point *x = a;
    const struct site_point *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int compare_accounts(const void *a, const void *b, void *panels)
{
    const struct site_panel *p = panels;
    return strcmp(p[*(const uint32_t *)a].account, p[*(const uint32_t *)b].account);
}

static enum tc_err seal_accounts(struct site *s)
{
    free(s->panels_by_account);
    s->panels_by_account = NULL;
    if (s->panels_count == 0)
        return TC_OK;
    s->panels_by_account = calloc(s->panels_count, sizeof *s->panels_by_account);
    if (s->panels_by_account == NULL)
        return TC_E_NOMEM;
    for (uint32_t i = 0; i < s->panels_count; i++)
        s->panels_by_account[i] = i;
    qsort_r(s->panels_by_account, s->panels_count, sizeof *s->panels_by_account, compare_accounts,
            s->panels);
    return TC_OK;
}

enum tc_err site_seal(struct site *s, struct tc_errinfo *info)
{
    if (s->archive.volumes_count == 0) {
        struct site_volume *volume = NULL;
        if (site_add_volume(s, &volume) != TC_OK)
            return tc_fail(info, TC_E_NOMEM, "no memory for the site's archive");
    }
    for (size_t i = 0; i < s->panels_count; i++) {
        struct site_panel *p = &s->panels[i];
        if (p->points_count > 1)
            qsort(p->points, p->points_count, sizeof *p->points, compare_points);
    }
    if (seal_accounts(s) != TC_OK)
        return tc_fail(info, TC_E_NOMEM, "no memory for the table of accounts");
    s->sealed = true;
    return site_check(s, info);
}

/* The id is the first member of every named element, so one search serves all kinds. */
static uint32_t find_id(const void *array, size_t count, size_t size, struct tc_slice id)
{
    for (size_t i = 0; i < count; i++) {
        if (tc_slice_is(id, (const char *)array + i * size))
            return (uint32_t)i;
    }
    return SITE_NONE;
}

#define DEFINE_FIND(kind, field, type)                                                             \
    _Static_assert(offsetof(struct type, id) == 0, "find_id needs the id first");                  \
    uint32_t site_##kind##_find(const struct site *s, struct tc_slice id)                          \
    {                                                                                              \
        return find_id(s->field, s->field##_count, sizeof(struct type), id);                       \
    }
DEFINE_FIND(zone, zones, site_zone)
DEFINE_FIND(area, areas, site_area)
DEFINE_FIND(panel, panels, site_panel)
DEFINE_FIND(camera, cameras, site_camera)
DEFINE_FIND(user, users, site_user)
DEFINE_FIND(rule, rules, rule)

uint32_t site_panel_by_account(const struct site *s, struct tc_slice account)
{
    TC_ASSERT(s->sealed);
    char key[SITE_ACCOUNT_BYTES];
    if (tc_slice_to_str(account, key, sizeof key) != TC_OK)
        return SITE_NONE;
    for (char *c = key; *c != 0; c++) {
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 32);
    }
    size_t low = 0;
    size_t high = s->panels_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(key, s->panels[s->panels_by_account[mid]].account);
        if (order == 0)
            return s->panels_by_account[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return SITE_NONE;
}

const struct site_point *site_point_find(const struct site_panel *p, uint32_t number)
{
    struct site_point key = {.number = number};
    if (p->points_count == 0)
        return NULL;
    return bsearch(&key, p->points, p->points_count, sizeof *p->points, compare_points);
}

uint32_t site_area_of_zone(const struct site *s, uint32_t zone)
{
    for (uint32_t i = 0; i < s->areas_count; i++) {
        for (size_t k = 0; k < s->areas[i].zones_count; k++) {
            if (s->areas[i].zones[k] == zone)
                return i;
        }
    }
    return SITE_NONE;
}

bool site_zones_adjacent(const struct site *s, uint32_t zone_a, uint32_t zone_b)
{
    uint32_t low = zone_a < zone_b ? zone_a : zone_b;
    uint32_t high = zone_a < zone_b ? zone_b : zone_a;
    for (size_t i = 0; i < s->adjacent_count; i++) {
        if (s->adjacent[i].a == low && s->adjacent[i].b == high)
            return true;
    }
    return false;
}

const struct site_cover *site_cover_find(const struct site_camera *c, uint32_t zone)
{
    for (size_t i = 0; i < c->covers_count; i++) {
        if (c->covers[i].zone == zone)
            return &c->covers[i];
    }
    return NULL;
}

/* Unknown is farther than anything known. */
static uint32_t distance_rank(const struct site *s, uint32_t camera, uint32_t zone)
{
    uint32_t mm = site_cover_find(&s->cameras[camera], zone)->distance_mm;
    return mm == 0 ? UINT32_MAX : mm;
}

size_t site_cameras_of_zone(const struct site *s, uint32_t zone, uint32_t *out, size_t max)
{
    size_t found = 0;
    size_t kept = 0;
    for (uint32_t i = 0; i < s->cameras_count; i++) {
        if (site_cover_find(&s->cameras[i], zone) == NULL)
            continue;
        found++;
        uint32_t rank = distance_rank(s, i, zone);
        size_t at = kept;
        while (at > 0 && distance_rank(s, out[at - 1], zone) > rank)
            at--;
        if (at >= max)
            continue;
        kept += kept < max;
        memmove(&out[at + 1], &out[at], (kept - 1 - at) * sizeof *out);
        out[at] = i;
    }
    return found;
}

const char *site_role_name(enum site_role role)
{
    static const char *const names[SITE_ROLE_COUNT] = {
#define X(name, text) [SITE_ROLE_##name] = text,
        SITE_ROLE_LIST(X)
#undef X
    };
    return (unsigned)role < SITE_ROLE_COUNT ? names[role] : NULL;
}

const char *site_record_mode_name(enum site_record_mode mode)
{
    static const char *const names[] = {[SITE_RECORD_FULL] = "full", [SITE_RECORD_ALARM] = "alarm"};
    return (unsigned)mode < TC_COUNT(names) ? names[mode] : NULL;
}
