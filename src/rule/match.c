/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "rule/rule.h"

static int compare_indexes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

bool rule_matches(const struct rule *r, enum ev_type type, uint32_t zone)
{
    if (r->when[0] == 0)
        return false;
    if (r->event_type != EV_NONE && r->event_type != type)
        return false;
    if (r->event_class != EV_CLASS_NONE && r->event_class != ev_type_class(type))
        return false;
    if (r->scope == RULE_ANYWHERE)
        return true;
    return r->zones_count > 0 &&
           bsearch(&zone, r->zones, r->zones_count, sizeof *r->zones, compare_indexes) != NULL;
}

static void record_text(const struct rule_action *a, char *out, size_t size)
{
    char duration[TC_TIME_TEXT_BYTES] = "";
    if (a->for_ns > 0)
        (void)tc_duration_format(a->for_ns, duration);
    (void)snprintf(out, size, "record%s%s%s", a->full ? " full" : "", a->for_ns > 0 ? " for " : "",
                   duration);
}

void rule_action_text(const struct rule_action *a, const struct site *site, char *out, size_t size)
{
    switch (a->verb) {
    case RULE_RECORD:
        record_text(a, out, size);
        return;
    case RULE_BOOKMARK:
        (void)snprintf(out, size, "bookmark");
        return;
    case RULE_NOTIFY_ROLE:
        (void)snprintf(out, size, "notify role:%s", site_role_name((enum site_role)a->target));
        return;
    case RULE_NOTIFY_USER:
        (void)snprintf(out, size, "notify %s", site->users[a->target].id);
        return;
    }
}
