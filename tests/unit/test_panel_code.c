/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "model/panel_code.h"

static struct panel_meaning sia(const char *code)
{
    return panel_code_sia(tc_slice_str(code));
}

static struct panel_meaning cid(const char *qualifier_and_event)
{
    return panel_code_cid((uint8_t)qualifier_and_event[0], tc_slice_str(qualifier_and_event + 1));
}

static void check_meaning(struct panel_meaning m)
{
    assert_true(m.known);
    assert_true(m.text[0] != 0);
    assert_int_not_equal(m.type, EV_NONE);
    if (m.state != EV_STATE_INSTANT)
        assert_true(ev_type_has_restoral(m.type));
}

static void test_tables__every_row__is_sorted_found_and_consistent(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *code; (code = panel_code_sia_at(count)) != NULL; count++) {
        assert_true(count == 0 || strcmp(panel_code_sia_at(count - 1), code) < 0);
        check_meaning(sia(code));
    }
    assert_true(count > 300);
    count = 0;
    for (const char *event; (event = panel_code_cid_at(count)) != NULL; count++) {
        assert_true(count == 0 || strcmp(panel_code_cid_at(count - 1), event) < 0);
        check_meaning(panel_code_cid('1', tc_slice_str(event)));
        check_meaning(panel_code_cid('3', tc_slice_str(event)));
    }
    assert_true(count > 200);
}

static void test_tables__well_known_codes__mean_what_the_standards_say(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum ev_type type;
        enum ev_state state;
        enum panel_address address;
    } rows[] = {
        {"BA", EV_INTRUSION_CONTACT, EV_STATE_ACTIVE, PANEL_ZONE},
        {"BR", EV_INTRUSION_CONTACT, EV_STATE_RESTORED, PANEL_ZONE},
        {"FA", EV_FIRE_SMOKE, EV_STATE_ACTIVE, PANEL_ZONE},
        {"FJ", EV_FIRE_TROUBLE, EV_STATE_RESTORED, PANEL_ZONE},
        {"SS", EV_FIRE_SUPERVISORY, EV_STATE_ACTIVE, PANEL_ZONE},
        {"HA", EV_DURESS_HOLDUP, EV_STATE_ACTIVE, PANEL_ZONE},
        {"TA", EV_SUPERVISION_TAMPER, EV_STATE_ACTIVE, PANEL_ZONE},
        {"TS", EV_SUPERVISION_TEST, EV_STATE_INSTANT, PANEL_NOTHING},
        {"AT", EV_SUPERVISION_AC_LOSS, EV_STATE_ACTIVE, PANEL_NOTHING},
        {"YR", EV_SUPERVISION_LOW_BATTERY, EV_STATE_RESTORED, PANEL_NOTHING},
        {"CL", EV_AREA_CLOSING, EV_STATE_INSTANT, PANEL_USER},
        {"OP", EV_AREA_OPENING, EV_STATE_INSTANT, PANEL_USER},
        {"BB", EV_AREA_BYPASS, EV_STATE_ACTIVE, PANEL_ZONE},
        {"RP", EV_SUPERVISION_TEST, EV_STATE_INSTANT, PANEL_NOTHING},
        {"XQ", EV_SUPERVISION_JAM, EV_STATE_ACTIVE, PANEL_DEVICE},
        {"1130", EV_INTRUSION_CONTACT, EV_STATE_ACTIVE, PANEL_ZONE},
        {"6130", EV_INTRUSION_CONTACT, EV_STATE_ACTIVE, PANEL_ZONE},
        {"3130", EV_INTRUSION_CONTACT, EV_STATE_RESTORED, PANEL_ZONE},
        {"1121", EV_DURESS_CODE, EV_STATE_INSTANT, PANEL_USER},
        {"1115", EV_FIRE_PULL, EV_STATE_ACTIVE, PANEL_ZONE},
        {"1401", EV_AREA_OPENING, EV_STATE_INSTANT, PANEL_USER},
        {"3401", EV_AREA_CLOSING, EV_STATE_INSTANT, PANEL_USER},
        {"1301", EV_SUPERVISION_AC_LOSS, EV_STATE_ACTIVE, PANEL_NOTHING},
        {"3570", EV_AREA_BYPASS, EV_STATE_RESTORED, PANEL_ZONE},
        {"1602", EV_SUPERVISION_TEST, EV_STATE_INSTANT, PANEL_NOTHING},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct panel_meaning m = strlen(rows[i].code) == 2 ? sia(rows[i].code) : cid(rows[i].code);
        assert_int_equal(m.type, rows[i].type);
        assert_int_equal(m.state, rows[i].state);
        assert_int_equal(m.address, rows[i].address);
    }
}

static void test_tables__unknown_codes__are_kept_as_unmapped(void **state)
{
    (void)state;
    static const char *const codes[] = {"QX", "ba", "", "B", "BAX", "11"};
    for (size_t i = 0; i < TC_COUNT(codes); i++) {
        struct panel_meaning m = sia(codes[i]);
        assert_false(m.known);
        assert_int_equal(m.type, EV_NONE);
        assert_string_equal(m.text, "");
    }
    assert_false(cid("1999").known);
    assert_false(cid("2130").known);
    assert_false(cid("113").known);
}

static void test_point__configured_type__replaces_alarms_only(void **state)
{
    (void)state;
    static const struct {
        enum ev_type code, point, want;
    } rows[] = {
        {EV_INTRUSION_CONTACT, EV_INTRUSION_MOTION, EV_INTRUSION_MOTION},
        {EV_INTRUSION_CONTACT, EV_FIRE_SMOKE, EV_FIRE_SMOKE},
        {EV_INTRUSION_CONTACT, EV_NONE, EV_INTRUSION_CONTACT},
        {EV_FIRE_SMOKE, EV_FIRE_HEAT, EV_FIRE_HEAT},
        {EV_FIRE_SMOKE, EV_INTRUSION_MOTION, EV_FIRE_SMOKE},
        {EV_DURESS_HOLDUP, EV_ENV_FLOOD, EV_DURESS_HOLDUP},
        {EV_FIRE_TROUBLE, EV_FIRE_SMOKE, EV_FIRE_TROUBLE},
        {EV_SUPERVISION_TAMPER, EV_INTRUSION_MOTION, EV_SUPERVISION_TAMPER},
        {EV_AREA_BYPASS, EV_INTRUSION_MOTION, EV_AREA_BYPASS},
        {EV_NONE, EV_INTRUSION_MOTION, EV_NONE},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++)
        assert_int_equal(panel_type_at_point(rows[i].code, rows[i].point), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables__every_row__is_sorted_found_and_consistent),
        cmocka_unit_test(test_tables__well_known_codes__mean_what_the_standards_say),
        cmocka_unit_test(test_tables__unknown_codes__are_kept_as_unmapped),
        cmocka_unit_test(test_point__configured_type__replaces_alarms_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
