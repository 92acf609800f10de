/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "base/nearest.h"
#include "model/event_type.h"

static void test_type__every_row__comes_back_by_name_and_number(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (size_t i = 0; i < ev_type_count(); i++) {
        enum ev_type type = ev_type_at(i);
        enum ev_type again = EV_NONE;
        assert_int_equal(ev_type_by_name(tc_slice_str(ev_type_name(type)), &again), TC_OK);
        assert_int_equal(again, type);
        assert_int_equal(ev_type_by_number((uint32_t)type), type);
        assert_true((uint32_t)type > last); /* sorted, and no number twice */
        last = (uint32_t)type;
        assert_true(strlen(ev_type_name(type)) < EV_TYPE_NAME_BYTES);
        assert_in_range(ev_type_priority(type), EV_PRIORITY_MOST_URGENT, EV_PRIORITY_LEAST_URGENT);
        const char *branch = ev_class_name(ev_type_class(type));
        assert_true(branch[0] != 0);
        assert_true(tc_slice_starts(tc_slice_str(ev_type_name(type)), branch));
        assert_int_equal(ev_type_name(type)[strlen(branch)], '.');
        assert_true(!ev_type_is_latched(type) || ev_type_has_restoral(type));
    }
}

/* Numbers are in journals already written: these may not move. */
static void test_type__numbers__are_for_ever(void **state)
{
    (void)state;
    assert_int_equal(EV_INTRUSION_MOTION, 101);
    assert_int_equal(EV_FIRE_SMOKE, 201);
    assert_int_equal(EV_DURESS_HOLDUP, 302);
    assert_int_equal(EV_VIDEO_LOSS, 608);
    assert_int_equal(EV_SUPERVISION_AC_LOSS, 1006);
    assert_int_equal(EV_SYSTEM_OVERLOAD, 1211);
    assert_string_equal(ev_state_name((enum ev_state)1), "instant");
    assert_string_equal(ev_state_name((enum ev_state)2), "active");
    assert_string_equal(ev_state_name((enum ev_state)3), "restored");
    assert_string_equal(ev_state_name((enum ev_state)0), "");
}

static void test_type__unknown_number_or_name__is_unmapped(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, 99, 100, 109, 1299, 65536, UINT32_MAX};
    for (size_t i = 0; i < TC_COUNT(numbers); i++)
        assert_int_equal(ev_type_by_number(numbers[i]), EV_NONE);
    enum ev_type type = EV_FIRE_CO;
    assert_int_equal(ev_type_by_name(tc_slice_str("intrusion"), &type), TC_E_UNKNOWN);
    assert_int_equal(type, EV_FIRE_CO);
    assert_string_equal(ev_type_name(EV_NONE), "unmapped");
    assert_int_equal(ev_type_priority(EV_NONE), 5);
    assert_int_equal(ev_type_class(EV_NONE), EV_CLASS_NONE);
}

static void test_type__fire__is_never_below_intrusion(void **state)
{
    (void)state;
    for (enum ev_type type = EV_FIRE_SMOKE; type <= EV_FIRE_WATERFLOW; type++)
        assert_int_equal(ev_type_priority(type), 1);
    assert_int_equal(ev_type_priority(EV_INTRUSION_MOTION), 3);
    assert_true(ev_type_is_latched(EV_FIRE_SMOKE));
    assert_false(ev_type_has_restoral(EV_DURESS_CODE));
}

static void test_pattern__branches_and_names__match_what_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        enum ev_type type;
        bool matches;
    } cases[] = {
        {"*", EV_POS_SALE, true},
        {"*", EV_NONE, false},
        {"intrusion.*", EV_INTRUSION_BEAM, true},
        {"intrusion.*", EV_VIDEO_INTRUSION, false},
        {"intrusion.motion", EV_INTRUSION_MOTION, true},
        {"intrusion.motion", EV_VIDEO_MOTION, false},
        {"intrusion.mot*", EV_INTRUSION_MOTION, false},
        {"intru.*", EV_INTRUSION_MOTION, false},
        {"intrusion", EV_INTRUSION_MOTION, false},
        {"", EV_INTRUSION_MOTION, false},
        {".*", EV_INTRUSION_MOTION, false},
    };
    for (size_t i = 0; i < TC_COUNT(cases); i++)
        assert_int_equal(ev_type_matches(tc_slice_str(cases[i].pattern), cases[i].type),
                         cases[i].matches);
    assert_int_equal(ev_pattern_check(tc_slice_str("fire.*")), TC_OK);
    assert_int_equal(ev_pattern_check(tc_slice_str("fires.*")), TC_E_UNKNOWN);
}

static void test_nearest__misspelt__offers_the_type_or_branch(void **state)
{
    (void)state;
    assert_string_equal(ev_type_nearest(tc_slice_str("intrusion.moiton")), "intrusion.motion");
    assert_string_equal(ev_type_nearest(tc_slice_str("fire.smok")), "fire.smoke");
    assert_string_equal(ev_type_nearest(tc_slice_str("intruson.*")), "intrusion.*");
    assert_null(ev_type_nearest(tc_slice_str("weather.rain")));
}

static void test_edit_distance__known_pairs__counts_edits(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t edits;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"listen", "LISTEN", 0},
        {"kitten", "sitting", 3},
        {"lisetn", "listen", 1},
        {"ca", "abc", 3},
        {"archive", "achive", 1},
    };
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct tc_slice a = tc_slice_str(cases[i].a);
        struct tc_slice b = tc_slice_str(cases[i].b);
        assert_int_equal(tc_edit_distance(a, b), cases[i].edits);
        assert_int_equal(tc_edit_distance(b, a), cases[i].edits);
    }
}

static void test_nearest__short_or_endless_words__are_not_guessed(void **state)
{
    (void)state;
    static const char *const list[] = {"on", "off", "auto"};
    assert_null(tc_nearest(tc_slice_str("xy"), list, TC_COUNT(list)));
    assert_null(tc_nearest(tc_slice_str(""), list, TC_COUNT(list)));
    assert_string_equal(tc_nearest(tc_slice_str("of"), list, TC_COUNT(list)), "on");
    assert_string_equal(tc_nearest(tc_slice_str("atuo"), list, TC_COUNT(list)), "auto");
    char endless[TC_NEAREST_WORD_BYTES + 2];
    memset(endless, 'a', sizeof(endless));
    assert_null(tc_nearest(tc_slice(endless, sizeof(endless)), list, TC_COUNT(list)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type__every_row__comes_back_by_name_and_number),
        cmocka_unit_test(test_type__numbers__are_for_ever),
        cmocka_unit_test(test_type__unknown_number_or_name__is_unmapped),
        cmocka_unit_test(test_type__fire__is_never_below_intrusion),
        cmocka_unit_test(test_pattern__branches_and_names__match_what_they_name),
        cmocka_unit_test(test_nearest__misspelt__offers_the_type_or_branch),
        cmocka_unit_test(test_edit_distance__known_pairs__counts_edits),
        cmocka_unit_test(test_nearest__short_or_endless_words__are_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
