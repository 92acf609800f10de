/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "proto/dc09.h"
#include "proto/dc09_event.h"

static struct tc_slice lit(const char *text)
{
    return tc_slice_str(text);
}

static struct dc09_msg decoded(struct tc_slice frame)
{
    struct dc09_step s = dc09_scan(frame);
    assert_int_equal(s.next, DC09_DONE);
    assert_int_equal(s.bytes, frame.len);
    struct dc09_msg m;
    struct tc_errinfo info = {0};
    assert_ok(dc09_decode(s.body, &m, &info), &info);
    return m;
}

static void test_crc__check_value__is_arc(void **state)
{
    (void)state;
    assert_int_equal(dc09_crc(lit("123456789")), 0xBB3D);
    assert_int_equal(dc09_crc(lit("")), 0);
    assert_int_equal(dc09_crc(lit("\"NULL\"0000L0#1234[]")), 0x1EF2);
}

static void test_encode__what_was_decoded__is_the_same_frame(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "\n9337003A\"SIA-DCS\"1706L0#0000[#0000|Nri1/NP501]_13:36:04,12-22-2021\r",
        "\nF4D20029\"SIA-DCS\"0001RF3L77#1234[#1234|NRR|Atest]\r",
        "\n96ED0016\"SIA-DCS\"0001L0#1234[]\r",
        "\n3BAC0029\"SIA-DCS\"0002#0123[#0123|Nti20:50:26RP99]\r",
        "\n1EF20013\"NULL\"0000L0#1234[]\r",
    };
    for (size_t i = 0; i < TC_COUNT(frames); i++) {
        struct dc09_msg m = decoded(lit(frames[i]));
        TC_CLEANUP(tc_buf_done) struct tc_buf out;
        tc_buf_init(&out, DC09_FRAME_BYTES_MAX);
        dc09_encode(&out, &m);
        assert_int_equal(out.err, TC_OK);
        assert_slice_is(tc_buf_view(&out), frames[i]);
    }
}

static void test_reply__ack_and_duh__echo_sequence_route_and_account(void **state)
{
    (void)state;
    struct dc09_msg m = decoded(lit("\nF4D20029\"SIA-DCS\"0001RF3L77#1234[#1234|NRR|Atest]\r"));
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 256);
    dc09_add_ack(&out, &m);
    struct dc09_msg ack = decoded(tc_buf_view(&out));
    assert_int_equal(ack.kind, DC09_ACK);
    assert_int_equal(ack.sequence, 1);
    assert_slice_is(ack.receiver, "F3");
    assert_slice_is(ack.line, "77");
    assert_slice_is(ack.account, "1234");
    assert_int_equal(ack.data.len, 0);
    tc_buf_clear(&out);
    dc09_add_duh(&out, &m);
    assert_int_equal(decoded(tc_buf_view(&out)).kind, DC09_DUH);
}

static void test_reply__nak__is_the_published_frame(void **state)
{
    (void)state;
    struct tc_wall now = {0};
    assert_int_equal(tc_wall_parse(lit("2025-09-24T16:20:01.75Z"), &now), TC_OK);
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 256);
    dc09_add_nak(&out, now);
    assert_slice_is(tc_buf_view(&out), "\nE4410025\"NAK\"0000R0L0A0[]_16:20:01,09-24-2025\r");
}

static void test_encode__body_over_the_limit__leaves_no_half_frame(void **state)
{
    (void)state;
    static char text[DC09_BODY_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    struct dc09_msg m = {
        .token = lit("SIA-DCS"), .account = lit("1234"), .data = tc_slice(text, sizeof(text))};
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 65536);
    tc_buf_add_str(&out, "kept");
    dc09_encode(&out, &m);
    assert_int_equal(out.err, TC_E_LIMIT);
    assert_slice_is(tc_buf_view(&out), "kept");
}

static void test_scan__byte_by_byte__asks_for_more_until_the_last(void **state)
{
    (void)state;
    static const char frame[] = "\n3BAC0029\"SIA-DCS\"0002#0123[#0123|Nti20:50:26RP99]\r";
    size_t len = sizeof(frame) - 1;
    for (size_t i = 0; i < len; i++)
        assert_int_equal(dc09_scan(tc_slice(frame, i)).next, DC09_MORE);
    assert_int_equal(dc09_scan(tc_slice(frame, len)).next, DC09_DONE);
}

/* A flipped bit anywhere costs that frame only: the frame behind it is found, and never is the
 * damaged one taken. */
static void test_scan__any_bit_flipped__finds_the_next_frame(void **state)
{
    (void)state;
    static const char bad[] = "\n3BAC0029\"SIA-DCS\"0002#0123[#0123|Nti20:50:26RP99]\r";
    static const char good[] = "\n1EF20013\"NULL\"0000L0#1234[]\r";
    size_t bad_len = sizeof(bad) - 1;
    uint8_t bytes[sizeof(bad) + sizeof(good)];
    for (size_t bit = 8; bit < bad_len * 8; bit++) {
        memcpy(bytes, bad, bad_len);
        memcpy(bytes + bad_len, good, sizeof(good) - 1);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct tc_slice rest = tc_slice(bytes, bad_len + sizeof(good) - 1);
        int frames = 0;
        while (rest.len > 0) {
            struct dc09_step s = dc09_scan(rest);
            assert_int_not_equal(s.next, DC09_MORE);
            if (s.next == DC09_DONE && tc_slice_starts(s.body, "\"NULL\""))
                frames++;
            else if (s.next == DC09_DONE) /* only where a hex digit of the head changed its case */
                assert_true(bit / 8 >= 1 && bit / 8 <= 8 && bit % 8 == 5);
            rest = tc_slice_sub(rest, s.bytes, rest.len);
        }
        assert_int_equal(frames, 1);
    }
}

static void test_text__windows_1252__becomes_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"T\xfcr \x80 \x93x\x94", "T\xc3\xbcr \xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d"},
        {"T\xc3\xbcr", "T\xc3\xbcr"},
        {"a\x01\n\x7f", "a   "},
        {"\x81", "\xef\xbf\xbd"},
        {"", ""},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        TC_CLEANUP(tc_buf_done) struct tc_buf out;
        tc_buf_init(&out, 256);
        dc09_add_text_utf8(&out, lit(rows[i].in));
        assert_slice_is(tc_buf_view(&out), rows[i].out);
    }
}

static void test_events__of_null_and_encrypted__are_none(void **state)
{
    (void)state;
    struct dc09_event e;
    struct dc09_msg m = decoded(lit("\n1EF20013\"NULL\"0000L0#1234[]\r"));
    struct dc09_events it = dc09_events(&m);
    assert_false(dc09_events_next(&it, &e));
    m = (struct dc09_msg){.kind = DC09_SIA_DCS, .encrypted = true, .data = lit("#1234|NBA1")};
    it = dc09_events(&m);
    assert_false(dc09_events_next(&it, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc__check_value__is_arc),
        cmocka_unit_test(test_encode__what_was_decoded__is_the_same_frame),
        cmocka_unit_test(test_reply__ack_and_duh__echo_sequence_route_and_account),
        cmocka_unit_test(test_reply__nak__is_the_published_frame),
        cmocka_unit_test(test_encode__body_over_the_limit__leaves_no_half_frame),
        cmocka_unit_test(test_scan__byte_by_byte__asks_for_more_until_the_last),
        cmocka_unit_test(test_scan__any_bit_flipped__finds_the_next_frame),
        cmocka_unit_test(test_text__windows_1252__becomes_utf8),
        cmocka_unit_test(test_events__of_null_and_encrypted__are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
