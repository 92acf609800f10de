/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/buf.h"
#include "base/json_out.h"
#include "base/rd.h"
#include "base/time.h"

static void test_rd__past_the_end__stays_bad_and_moves_nothing(void **state)
{
    (void)state;
    struct tc_rd r = tc_rd(tc_slice("\x01\x02\x03", 3));
    assert_int_equal(tc_rd_be16(&r), 0x0102);
    assert_int_equal(tc_rd_be16(&r), 0);
    assert_false(tc_rd_ok(&r));
    assert_int_equal(r.at, 2);
    assert_int_equal(tc_rd_u8(&r), 0);
}

static void test_buf__append_over_the_maximum__keeps_the_old_bytes(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 4);
    tc_buf_add_str(&b, "abc");
    tc_buf_add_str(&b, "de");
    assert_int_equal(b.err, TC_E_LIMIT);
    tc_buf_add_str(&b, "f");
    assert_slice_is(tc_buf_view(&b), "abc");
}

static void test_wall__formatted_and_parsed__is_the_same_instant(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"1970-01-01T00:00:01Z", TC_NS_PER_S},
        {"2024-02-29T23:59:59.5Z", INT64_C(1709251199500000000)},
        {"2026-11-22T12:05:09.123456Z", INT64_C(1795349109123456000)},
        {"2026-11-22T07:05:09.123456-05:00", INT64_C(1795349109123456000)},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct tc_wall t = {0};
        assert_int_equal(tc_wall_parse(tc_slice_str(rows[i].text), &t), TC_OK);
        assert_int_equal(t.ns, rows[i].ns);
        char text[TC_TIME_TEXT_BYTES];
        struct tc_wall again = {0};
        assert_int_equal(tc_wall_parse(tc_slice_str(tc_wall_format(t, text)), &again), TC_OK);
        assert_int_equal(again.ns, t.ns);
    }
}

static void test_wall__text_that_is_no_time__is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "2026",
                                        "2026-02-30T00:00:00Z",
                                        "2026-11-22T12:05:09",
                                        "2026-11-22T12:05:09.Z",
                                        "2026-11-22T25:05:09Z",
                                        "2026-11-22T12:05:09Zx"};
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        struct tc_wall t = {.ns = 7};
        assert_int_not_equal(tc_wall_parse(tc_slice_str(texts[i]), &t), TC_OK);
        assert_int_equal(t.ns, 7);
    }
}

static void test_duration__units__come_back_in_the_shortest_form(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"10s", "10s"},   {"60s", "1m"},  {"90 s", "90s"},
                {"50ms", "50ms"}, {"30d", "30d"}, {"0", "0s"}};
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        int64_t ns = -1;
        char text[TC_TIME_TEXT_BYTES];
        assert_int_equal(tc_duration_parse(tc_slice_str(rows[i].in), &ns), TC_OK);
        assert_string_equal(tc_duration_format(ns, text), rows[i].out);
    }
    int64_t ns = 0;
    assert_int_equal(tc_duration_parse(tc_slice_str("10"), &ns), TC_E_FORMAT);
    assert_int_equal(tc_duration_parse(tc_slice_str("99999999999999d"), &ns), TC_E_RANGE);
}

static void test_json__hostile_text__is_escaped_and_stays_utf8(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1024);
    struct tc_json j = tc_json(&b);
    tc_json_obj(&j);
    tc_json_kv_slice(&j, "t", tc_slice("a\"\n\x01\xff\xc3\xa4", 7));
    tc_json_key(&j, "l");
    tc_json_arr(&j);
    tc_json_i64(&j, -1);
    tc_json_bool(&j, true);
    tc_json_arr_end(&j);
    tc_json_kv_wall(&j, "w", (struct tc_wall){0});
    tc_json_obj_end(&j);
    assert_string_equal(
        tc_buf_cstr(&b),
        "{\"t\":\"a\\\"\\n\\u0001\xef\xbf\xbd\xc3\xa4\",\"l\":[-1,true],\"w\":null}");
}

static void test_utf8__overlong_and_surrogates__are_refused(void **state)
{
    (void)state;
    assert_true(tc_slice_is_utf8(tc_slice_str("\xe2\x82\xac \xf0\x9f\x94\x94")));
    assert_false(tc_slice_is_utf8(tc_slice("\xc0\xaf", 2)));
    assert_false(tc_slice_is_utf8(tc_slice("\xed\xa0\x80", 3)));
    assert_false(tc_slice_is_utf8(tc_slice("\xf4\x90\x80\x80", 4)));
    assert_false(tc_slice_is_utf8(tc_slice("\xe2\x82", 2)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rd__past_the_end__stays_bad_and_moves_nothing),
        cmocka_unit_test(test_buf__append_over_the_maximum__keeps_the_old_bytes),
        cmocka_unit_test(test_wall__formatted_and_parsed__is_the_same_instant),
        cmocka_unit_test(test_wall__text_that_is_no_time__is_refused),
        cmocka_unit_test(test_duration__units__come_back_in_the_shortest_form),
        cmocka_unit_test(test_json__hostile_text__is_escaped_and_stays_utf8),
        cmocka_unit_test(test_utf8__overlong_and_surrogates__are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
