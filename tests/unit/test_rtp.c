/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "proto/rtp.h"

static void test_rtp__plain_packet__is_read(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x80, 0xe0, 0x12, 0x34, 0,    0,   0,
                                    9,    0xca, 0xfe, 0xba, 0xbe, 'x', 'y'};
    struct rtp_packet p;
    assert_int_equal(rtp_parse(tc_slice(bytes, sizeof bytes), &p), TC_OK);
    assert_int_equal(p.payload_type, 96);
    assert_true(p.marker);
    assert_int_equal(p.sequence, 0x1234);
    assert_int_equal(p.timestamp, 9);
    assert_int_equal(p.ssrc, 0xcafebabe);
    assert_slice_is(p.payload, "xy");
}

static void test_rtp__csrc_extension_and_padding__are_taken_off(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xb1,
                                    0x60,
                                    0,
                                    1,
                                    0,
                                    0,
                                    0,
                                    9,
                                    0,
                                    0,
                                    0,
                                    1,
                                    /* one CSRC */ 0,
                                    0,
                                    0,
                                    2,
                                    /* extension of one word */ 0xbe,
                                    0xde,
                                    0,
                                    1,
                                    1,
                                    2,
                                    3,
                                    4,
                                    'x',
                                    'y',
                                    0,
                                    2};
    struct rtp_packet p;
    assert_int_equal(rtp_parse(tc_slice(bytes, sizeof bytes), &p), TC_OK);
    assert_false(p.marker);
    assert_slice_is(p.payload, "xy");
}

static void test_rtp__cut_or_broken__is_refused(void **state)
{
    (void)state;
    static const uint8_t good[] = {0xb1, 0x60, 0, 1,    0,    0, 0, 9, 0, 0, 0, 1, 0,
                                   0,    0,    2, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 2};
    struct rtp_packet p;
    for (size_t len = 0; len <= sizeof good; len++)
        assert_int_equal(rtp_parse(tc_slice(good, len), &p), TC_E_FORMAT); /* padding 2 of 1 */
    uint8_t version[12] = {0x40, 96};
    assert_int_equal(rtp_parse(tc_slice(version, sizeof version), &p), TC_E_FORMAT);
    uint8_t pad[13] = {0xa0, 96};
    assert_int_equal(rtp_parse(tc_slice(pad, sizeof pad), &p), TC_E_FORMAT); /* padding of 0 */
}

static void test_rtcp__compound__is_walked(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1024);
    uint64_t ntp = rtp_ntp_of_unix_ns(INT64_C(1795349109500000000));
    rtcp_write_sender_report(&b, 0xabcd, ntp, 77, 10, 1000);
    struct rtcp_report report = {.own_ssrc = 5, .source_ssrc = 0xabcd, .lost = 3};
    rtcp_write_report(&b, &report, "tocsin");
    static const uint8_t bye[] = {0x81, 203, 0, 1, 0, 0, 0, 6};
    tc_buf_add(&b, bye, sizeof bye);
    assert_int_equal(b.len % 4, 0);
    struct tc_slice rest = tc_buf_view(&b);
    struct rtcp_item item;
    assert_int_equal(rtcp_next(&rest, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_SENDER_REPORT);
    assert_int_equal(item.ssrc, 0xabcd);
    assert_int_equal(item.rtp_timestamp, 77);
    assert_int_equal(item.octets, 1000);
    assert_true(llabs(rtp_ntp_to_unix_ns(item.ntp) - INT64_C(1795349109500000000)) < 2);
    assert_int_equal(rtcp_next(&rest, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_RECEIVER_REPORT);
    assert_int_equal(item.ssrc, 5);
    assert_int_equal(rtcp_next(&rest, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_SDES);
    assert_int_equal(rtcp_next(&rest, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_BYE);
    assert_int_equal(item.ssrc, 6);
    assert_int_equal(rest.len, 0);
}

static void test_rtcp__cut_or_lying_about_its_length__ends_the_walk(void **state)
{
    (void)state;
    static const uint8_t cut[] = {0x80, 200, 0, 6, 0, 0, 0, 1};
    static const uint8_t small[] = {0x80, 200, 0, 1,
                                    0,    0,   0, 1}; /* a sender report without its report */
    static const uint8_t rtp[] = {0x80, 96, 0, 0};
    struct rtcp_item item;
    struct tc_slice rest = tc_slice(cut, sizeof cut);
    assert_int_equal(rtcp_next(&rest, &item), TC_E_FORMAT);
    assert_int_equal(rest.len, 0);
    rest = tc_slice(small, sizeof small);
    assert_int_equal(rtcp_next(&rest, &item), TC_E_FORMAT);
    rest = tc_slice(rtp, sizeof rtp);
    assert_int_equal(rtcp_next(&rest, &item), TC_E_FORMAT);
    static const uint8_t empty[] = {0x80, 204, 0, 0};
    rest = tc_slice(empty, sizeof empty);
    assert_int_equal(rtcp_next(&rest, &item), TC_OK);
    assert_int_equal(item.kind, RTCP_OTHER);
}

static void test_ntp__times__convert_both_ways(void **state)
{
    (void)state;
    assert_int_equal(rtp_ntp_to_unix_ns(0), 0);
    assert_int_equal(rtp_ntp_to_unix_ns(UINT64_C(0x83aa7e8000000000)), 0); /* 1970 itself */
    assert_int_equal(rtp_ntp_to_unix_ns(UINT64_C(0x83aa7e8180000000)), INT64_C(1500000000));
    /* era 1: 7 February 2036 06:28:16 UTC */
    assert_int_equal(rtp_ntp_to_unix_ns(1), INT64_C(2085978496) * TC_NS_PER_S);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtp__plain_packet__is_read),
        cmocka_unit_test(test_rtp__csrc_extension_and_padding__are_taken_off),
        cmocka_unit_test(test_rtp__cut_or_broken__is_refused),
        cmocka_unit_test(test_rtcp__compound__is_walked),
        cmocka_unit_test(test_rtcp__cut_or_lying_about_its_length__ends_the_walk),
        cmocka_unit_test(test_ntp__times__convert_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
