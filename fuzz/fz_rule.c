/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a clause of a rule: no crash, a fault lies in the clause, an accepted action prints
 * as text that is accepted again as the same action. Seeds: tests/golden/rule/. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "rule/rule.h"

static struct site site;

static void name_zone(const char *id)
{
    struct site_zone *zone = NULL;
    TC_ASSERT(site_add_zone(&site, &zone) == TC_OK);
    TC_ASSERT(tc_slice_to_str(tc_slice_str(id), zone->id, sizeof zone->id) == TC_OK);
}

static void build_site(void)
{
    site_init(&site);
    name_zone("yard");
    name_zone("gate");
    struct site_area *area = NULL;
    TC_ASSERT(site_add_area(&site, &area) == TC_OK);
    memcpy(area->id, "perimeter", sizeof "perimeter");
    TC_ASSERT(site_area_add_zone(area, 1) == TC_OK);
    struct site_user *user = NULL;
    TC_ASSERT(site_add_user(&site, &user) == TC_OK);
    memcpy(user->id, "anna", sizeof "anna");
}

static void try_action(struct tc_slice text)
{
    struct rule_fault fault = {0};
    struct rule_action action = {0};
    if (rule_parse_action(text, &site, &action, &fault) != TC_OK) {
        TC_ASSERT(fault.at <= text.len);
        TC_ASSERT(fault.len <= text.len - fault.at);
        return;
    }
    char again_text[128];
    struct rule_action again = {0};
    rule_action_text(&action, &site, again_text, sizeof again_text);
    TC_ASSERT(rule_parse_action(tc_slice_str(again_text), &site, &again, &fault) == TC_OK);
    TC_ASSERT(again.verb == action.verb);
    TC_ASSERT(again.for_ns == action.for_ns);
    TC_ASSERT(again.target == action.target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (site.zones_count == 0)
        build_site();
    struct tc_slice text = tc_slice(data, size);
    struct rule_fault fault = {0};
    struct rule rule = {0};
    enum tc_err err = rule_parse_when(text, &site, &rule, &fault);
    if (err != TC_OK) {
        TC_ASSERT(fault.at <= text.len);
        TC_ASSERT(fault.len <= text.len - fault.at);
        TC_ASSERT(rule.zones == NULL);
    } else {
        (void)rule_matches(&rule, EV_INTRUSION_MOTION, 1);
    }
    rule_def_done(&rule);
    try_action(text);
    return 0;
}
