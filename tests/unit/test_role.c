/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "model/role.h"

static void test_role__every_name__parses_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TC_ROLE_COUNT; i++) {
        enum tc_role role = TC_ROLE_COUNT;
        assert_ok(tc_role_parse(tc_slice_str(tc_role_name((enum tc_role)i)), &role), NULL);
        assert_int_equal(role, i);
    }
}

static void test_role__other_word__unknown_and_unchanged(void **state)
{
    (void)state;
    enum tc_role role = TC_ROLE_WEB;
    assert_int_equal(tc_role_parse(tc_slice_str("Core"), &role), TC_E_UNKNOWN);
    assert_int_equal(tc_role_parse(tc_slice_str(""), &role), TC_E_UNKNOWN);
    assert_int_equal(role, TC_ROLE_WEB);
    assert_string_equal(tc_role_name(TC_ROLE_COUNT), "unknown");
}

static void test_role_label__instances__numbered_only_where_there_can_be_several(void **state)
{
    (void)state;
    char label[TC_ROLE_LABEL_BYTES];
    assert_string_equal(tc_role_label(TC_ROLE_CAPTURE, 3, label), "capture-3");
    assert_string_equal(tc_role_label(TC_ROLE_CORE, 3, label), "core");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role__every_name__parses_back),
        cmocka_unit_test(test_role__other_word__unknown_and_unchanged),
        cmocka_unit_test(test_role_label__instances__numbered_only_where_there_can_be_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
