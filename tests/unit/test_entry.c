/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "record/entry.h"

/* A signal as intake sends it, with every type of field; set out of order on purpose. */
static void sample(struct record_entry *e)
{
    entry_init(e, RK_SIGNAL);
    e->seq = 7;
    e->at.ns = INT64_C(1795349109123456789);
    e->mono.ns = 12345;
    e->boot = 2;
    entry_bytes(e, RF_RAW, tc_slice("\n\\x\xC3\"", 5));
    entry_i64(e, RF_SEQUENCE, -2);
    entry_str(e, RF_PANEL, "main");
    entry_i64(e, RF_RECEIVED_AT, INT64_C(1795349109000000000));
}

static const char sample_bytes[] = "\x01\x00\x03\x00\x00\x00\x00\x00\x00\x00\x07"
                                   "\x18\xea\x5c\x80\xa9\x1e\x1f\x15"
                                   "\x00\x00\x00\x00\x00\x00\x30\x39"
                                   "\x00\x00\x00\x02"
                                   "\x00\x00\x00\x00\x00\x00\x00\x00"
                                   "\x00\x04"
                                   "\x00\x02\x02\x00\x00\x00\x04main"
                                   "\x00\x07\x01\xff\xff\xff\xff\xff\xff\xff\xfe"
                                   "\x00\x08\x03\x00\x00\x00\x05\n\\x\xC3\""
                                   "\x00\x0a\x01\x18\xea\x5c\x80\xa1\xc2\x52\x00";

static void test_entry__sample__has_the_documented_bytes_and_comes_back(void **state)
{
    (void)state;
    struct record_entry e, back;
    sample(&e);
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, ENTRY_BYTES_MAX);
    assert_int_equal(entry_encode(&e, &b), TC_OK);
    assert_int_equal(b.len, sizeof(sample_bytes) - 1);
    assert_memory_equal(b.data, sample_bytes, b.len);
    struct tc_errinfo info = {0};
    assert_ok(entry_decode(tc_buf_view(&b), &back, &info), &info);
    assert_int_equal(back.seq, 7);
    assert_int_equal(entry_get_i64(&back, RF_SEQUENCE, 0), -2);
    assert_slice_is(entry_get_text(&back, RF_PANEL), "main");
    assert_int_equal(entry_get_bytes(&back, RF_RAW).len, 5);
    assert_int_equal(entry_get_i64(&back, RF_ZONE, 9), 9);
    assert_false(entry_has(&back, RF_ZONE));
}

static void test_entry__field_set_again_and_emptied__has_the_last_value(void **state)
{
    (void)state;
    struct record_entry e;
    entry_init(&e, RK_NOTED);
    entry_str(&e, RF_TEXT, "one");
    entry_str(&e, RF_USER, "anna");
    entry_str(&e, RF_TEXT, "two");
    assert_int_equal(e.count, 2);
    assert_slice_is(entry_get_text(&e, RF_TEXT), "two");
    entry_str(&e, RF_TEXT, "");
    assert_int_equal(e.count, 1);
    assert_false(entry_has(&e, RF_TEXT));
    assert_slice_is(entry_get_text(&e, RF_USER), "anna");
}

static void test_entry__text_too_long__is_cut_at_a_character(void **state)
{
    (void)state;
    static char text[ENTRY_TEXT_MAX + 10];
    memset(text, 'a', sizeof(text));
    memcpy(text + ENTRY_TEXT_MAX - 1, "\xE2\x82\xAC", 3);
    struct record_entry e;
    entry_init(&e, RK_NOTED);
    entry_text(&e, RF_TEXT, tc_slice(text, sizeof(text)));
    assert_int_equal(entry_get_text(&e, RF_TEXT).len, ENTRY_TEXT_MAX - 1);
}

static void test_entry__bytes_too_long__are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static uint8_t raw[ENTRY_TEXT_MAX + 1];
    struct record_entry e;
    entry_init(&e, RK_SIGNAL);
    entry_bytes(&e, RF_RAW, tc_slice(raw, sizeof(raw)));
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, ENTRY_BYTES_MAX);
    assert_int_equal(entry_encode(&e, &b), TC_E_LIMIT);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.err, TC_OK);
    entry_bytes(&e, RF_RAW, tc_slice(raw, ENTRY_TEXT_MAX));
    assert_int_equal(entry_encode(&e, &b), TC_OK);
}

/* Every single-byte change of the bytes is either refused or reads as another entry with exactly
 * these bytes. */
static void test_entry__any_byte_changed__is_refused_or_canonical(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(sample_bytes) - 1];
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, ENTRY_BYTES_MAX);
    unsigned refused = 0;
    for (size_t at = 0; at < sizeof(bytes); at++) {
        for (unsigned v = 0; v < 256; v++) {
            memcpy(bytes, sample_bytes, sizeof(bytes));
            bytes[at] = (uint8_t)v;
            struct record_entry e;
            if (entry_decode(tc_slice(bytes, sizeof(bytes)), &e, NULL) != TC_OK) {
                refused++;
                continue;
            }
            tc_buf_clear(&b);
            assert_int_equal(entry_encode(&e, &b), TC_OK);
            assert_true(tc_slice_eq(tc_buf_view(&b), tc_slice(bytes, sizeof(bytes))));
        }
    }
    assert_in_range(refused, 255 * 10, 255 * sizeof(bytes));
}

static void test_entry__any_front_of_it__is_refused(void **state)
{
    (void)state;
    struct record_entry e;
    for (size_t len = 0; len < sizeof(sample_bytes) - 1; len++)
        assert_int_equal(entry_decode(tc_slice(sample_bytes, len), &e, NULL), TC_E_FORMAT);
    assert_int_equal(entry_decode(tc_slice(sample_bytes, sizeof(sample_bytes)), &e, NULL),
                     TC_E_FORMAT);
}

#define HEADER(version, kind, count)                                                               \
    version "\x00" kind "\0\0\0\0\0\0\0\1"                                                         \
            "\0\0\0\0\0\0\0\0"                                                                     \
            "\0\0\0\0\0\0\0\0"                                                                     \
            "\0\0\0\1"                                                                             \
            "\0\0\0\0\0\0\0\0" count
#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static void test_entry__hostile_forms__get_their_error(void **state)
{
    (void)state;
    static const struct {
        struct {
            const char *ptr;
            size_t len;
        } in;
        enum tc_err err;
    } rows[] = {
        {BYTES(HEADER("\1", "\3", "\0\0")), TC_E_OK},
        {BYTES(HEADER("\2", "\3", "\0\0")), TC_E_UNSUPPORTED},
        {BYTES(HEADER("\1", "\xFF", "\0\0")), TC_E_OK}, /* unknown kind */
        {BYTES(HEADER("\1", "\3", "\0\x21")), TC_E_LIMIT},
        {BYTES(HEADER("\1", "\3", "\0\1") "\1\xFF\2\0\0\0\1z"), TC_E_OK}, /* unknown tag */
        {BYTES(HEADER("\1", "\3", "\0\1") "\1\xFF\4\0\0\0\1z"), TC_E_FORMAT},
        {BYTES(HEADER("\1", "\3", "\0\1") "\0\2\3\0\0\0\1z"), TC_E_FORMAT}, /* PANEL as BYTES */
        {BYTES(HEADER("\1", "\3", "\0\1") "\0\2\2\0\0\0\0"), TC_E_FORMAT},  /* empty */
        {BYTES(HEADER("\1", "\3", "\0\1") "\0\0\2\0\0\0\1z"), TC_E_FORMAT}, /* tag 0 */
        {BYTES(HEADER("\1", "\3", "\0\2") "\0\2\2\0\0\0\1z"
                                          "\0\2\2\0\0\0\1z"),
         TC_E_FORMAT},
        {BYTES(HEADER("\1", "\3", "\0\2") "\0\3\2\0\0\0\1z"
                                          "\0\2\2\0\0\0\1z"),
         TC_E_FORMAT},
        {BYTES(HEADER("\1", "\3", "\0\1") "\0\2\2\xFF\xFF\xFF\xFFz"), TC_E_LIMIT},
        {BYTES(HEADER("\1", "\3", "\0\1") "\0\2\2\0\0\0\2z"), TC_E_FORMAT},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct record_entry e;
        struct tc_errinfo info = {0};
        enum tc_err err = entry_decode(tc_slice(rows[i].in.ptr, rows[i].in.len), &e, &info);
        if (err != rows[i].err)
            fail_msg("row %zu: %s %s", i, tc_err_name(err), info.text);
    }
}

static void test_entry__as_json__has_names_times_and_escaped_bytes(void **state)
{
    (void)state;
    struct record_entry e;
    sample(&e);
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1 << 16);
    struct tc_json j = tc_json(&b);
    tc_json_arr(&j);
    entry_to_json(&e, &j);
    tc_json_arr_end(&j);
    assert_slice_is(
        tc_buf_view(&b),
        "[{\"seq\":7,\"kind\":\"SIGNAL\",\"at\":\"2026-11-22T12:05:09.123456Z\","
        "\"mono_ns\":12345,\"boot_number\":2,\"cause\":0,\"panel\":\"main\",\"sequence\":-2,"
        "\"raw\":\"\\\\x0a\\\\x5cx\\\\xc3\\\"\",\"received_at\":\"2026-11-22T12:05:09.000000Z\"}]");
}

static void test_kinds__table__has_every_number_once(void **state)
{
    (void)state;
    static const struct {
        unsigned number;
        const char *name;
    } rows[] = {
#define X(name, number, input, text) {number, #name},
        RECORD_KIND_LIST(X)
#undef X
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++)
        assert_string_equal(record_kind_name((uint16_t)rows[i].number), rows[i].name);
    static const struct {
        unsigned number;
        const char *name;
    } fields[] = {
#define X(name, number, type, json) {number, json},
        RECORD_FIELD_LIST(X)
#undef X
    };
    for (size_t i = 0; i < TC_COUNT(fields); i++)
        assert_string_equal(record_field_name((uint16_t)fields[i].number), fields[i].name);
    assert_null(record_kind_name(9999));
    assert_null(record_field_name(9999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry__sample__has_the_documented_bytes_and_comes_back),
        cmocka_unit_test(test_entry__field_set_again_and_emptied__has_the_last_value),
        cmocka_unit_test(test_entry__text_too_long__is_cut_at_a_character),
        cmocka_unit_test(test_entry__bytes_too_long__are_refused_and_nothing_is_written),
        cmocka_unit_test(test_entry__any_byte_changed__is_refused_or_canonical),
        cmocka_unit_test(test_entry__any_front_of_it__is_refused),
        cmocka_unit_test(test_entry__hostile_forms__get_their_error),
        cmocka_unit_test(test_entry__as_json__has_names_times_and_escaped_bytes),
        cmocka_unit_test(test_kinds__table__has_every_number_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
