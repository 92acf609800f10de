/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "rule/rule.h"

static struct site site;

static int build_site(void **state)
{
    (void)state;
    site_init(&site);
    static const char *const zones[] = {"yard", "gate", "dock"};
    for (size_t i = 0; i < TC_COUNT(zones); i++) {
        struct site_zone *zone = NULL;
        assert_ok(site_add_zone(&site, &zone), NULL);
        assert_ok(tc_slice_to_str(tc_slice_str(zones[i]), zone->id, sizeof zone->id), NULL);
    }
    struct site_area *area = NULL;
    assert_ok(site_add_area(&site, &area), NULL);
    (void)strcpy(area->id, "perimeter");
    assert_ok(site_area_add_zone(area, 1), NULL);
    assert_ok(site_area_add_zone(area, 0), NULL);
    struct site_user *user = NULL;
    assert_ok(site_add_user(&site, &user), NULL);
    (void)strcpy(user->id, "anna");
    return 0;
}

static int drop_site(void **state)
{
    (void)state;
    site_done(&site);
    return 0;
}

static void test_rule_matches__patterns_and_places__answer_only_theirs(void **state)
{
    (void)state;
    enum { YARD = 0, GATE = 1, DOCK = 2 };
    static const struct {
        const char *when;
        enum ev_type type;
        uint32_t zone;
        bool answers;
    } rows[] = {
        {"*", EV_FIRE_SMOKE, YARD, true},
        {"*", EV_NONE, SITE_NONE, true},
        {"intrusion.*", EV_INTRUSION_MOTION, DOCK, true},
        {"intrusion.*", EV_FIRE_SMOKE, DOCK, false},
        {"intrusion.*", EV_NONE, DOCK, false},
        {"fire.smoke", EV_FIRE_SMOKE, SITE_NONE, true},
        {"fire.smoke", EV_FIRE_HEAT, YARD, false},
        {"intrusion.* in area:perimeter", EV_INTRUSION_MOTION, YARD, true},
        {"intrusion.* in area:perimeter", EV_INTRUSION_BEAM, GATE, true},
        {"intrusion.* in area:perimeter", EV_INTRUSION_BEAM, DOCK, false},
        {"intrusion.* in area:perimeter", EV_INTRUSION_BEAM, SITE_NONE, false},
        {"  fire.smoke\tin  zone:dock ", EV_FIRE_SMOKE, DOCK, true},
        {"fire.smoke in zone:dock", EV_FIRE_SMOKE, GATE, false},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        TC_CLEANUP(rule_def_done) struct rule rule = {0};
        struct rule_fault fault = {0};
        assert_int_equal(rule_parse_when(tc_slice_str(rows[i].when), &site, &rule, &fault), TC_OK);
        assert_int_equal(rule_matches(&rule, rows[i].type, rows[i].zone), rows[i].answers);
    }
}

static void test_rule_matches__zeroed_rule__answers_nothing(void **state)
{
    (void)state;
    struct rule rule = {0};
    assert_false(rule_matches(&rule, EV_FIRE_SMOKE, 0));
}

static void test_rule_parse_action__every_form__is_compiled_and_prints_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct rule_action action;
    } rows[] = {
        {"record", {.verb = RULE_RECORD}},
        {"record full", {.verb = RULE_RECORD, .full = true}},
        {"record for 5m", {.verb = RULE_RECORD, .for_ns = 300 * TC_NS_PER_S}},
        {"record full for 90s", {.verb = RULE_RECORD, .full = true, .for_ns = 90 * TC_NS_PER_S}},
        {"bookmark", {.verb = RULE_BOOKMARK}},
        {"notify role:supervisor", {.verb = RULE_NOTIFY_ROLE, .target = SITE_ROLE_SUPERVISOR}},
        {"notify anna", {.verb = RULE_NOTIFY_USER, .target = 0}},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct rule_action got = {0};
        struct rule_fault fault = {0};
        char text[64];
        assert_int_equal(rule_parse_action(tc_slice_str(rows[i].text), &site, &got, &fault), TC_OK);
        assert_int_equal(got.verb, rows[i].action.verb);
        assert_int_equal(got.full, rows[i].action.full);
        assert_int_equal(got.for_ns, rows[i].action.for_ns);
        assert_int_equal(got.target, rows[i].action.target);
        rule_action_text(&got, &site, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_rule_parse__faults__point_at_the_word(void **state)
{
    (void)state;
    static const struct {
        bool is_action;
        const char *text, *code, *word; /* the word that the fault covers; "" for the end */
    } rows[] = {
        {false, "", "missing-word", ""},
        {false, "fire.smok", "unknown-name", "fire.smok"},
        {false, "fire.smoke in", "missing-word", ""},
        {false, "fire.smoke in zone:yrd", "unknown-name", "yrd"},
        {false, "fire.smoke in zone:", "unexpected-word", "zone:"},
        {false, "fire.smoke while armed(perimeter)", "not-yet", "while"},
        {false, "fire.smoke in area:perimeter then fire.heat", "not-yet", "then"},
        {false, "3 of fire.*", "unknown-name", "3"},
        {true, "ptz nearest to preset", "not-yet", "ptz"},
        {true, "record for 5m please", "unexpected-word", "please"},
        {true, "record for 0s", "out-of-range", "0s"},
        {true, "notify role:opertor", "unknown-name", "opertor"},
        {true, "notify (anna)", "unknown-name", "("},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct tc_slice text = tc_slice_str(rows[i].text);
        struct rule rule = {0};
        struct rule_action action = {.target = 77};
        struct rule_fault fault = {0};
        enum tc_err err = rows[i].is_action ? rule_parse_action(text, &site, &action, &fault)
                                            : rule_parse_when(text, &site, &rule, &fault);
        assert_int_equal(err, TC_E_CONFIG);
        assert_string_equal(fault.code, rows[i].code);
        assert_slice_is(tc_slice_sub(text, fault.at, fault.len), rows[i].word);
        assert_int_equal(action.target, 77);
        assert_null(rule.zones);
    }
}

static void test_rule_parse_when__too_long__is_refused(void **state)
{
    (void)state;
    char text[RULE_CLAUSE_BYTES_MAX + 2];
    memset(text, ' ', sizeof text);
    text[0] = '*';
    struct rule_fault fault = {0};
    struct rule rule = {0};
    assert_int_equal(rule_parse_when(tc_slice(text, sizeof text - 1), &site, &rule, &fault),
                     TC_E_CONFIG);
    assert_string_equal(fault.code, "too-long");
    assert_int_equal(rule_parse_when(tc_slice(text, sizeof text - 2), &site, &rule, &fault), TC_OK);
    rule_def_done(&rule);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule_matches__patterns_and_places__answer_only_theirs),
        cmocka_unit_test(test_rule_matches__zeroed_rule__answers_nothing),
        cmocka_unit_test(test_rule_parse_action__every_form__is_compiled_and_prints_the_same),
        cmocka_unit_test(test_rule_parse__faults__point_at_the_word),
        cmocka_unit_test(test_rule_parse_when__too_long__is_refused),
    };
    return cmocka_run_group_tests(tests, build_site, drop_site);
}
