/* SPDX-License-Identifier: Apache-2.0 */
/* Packing pictures into RTP, and finding pictures in a recorded stream. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/film.h"
#include "sim/rtp_pack.h"

static void test_pack__small_and_large_unit__single_and_fragments(void **state)
{
    (void)state;
    static uint8_t large[3000];
    memset(large, 0xab, sizeof large);
    large[0] = 0x65;
    const struct tc_slice nals[] = {tc_slice("\x67\x42", 2), tc_slice(large, sizeof large)};
    struct rtp_pack p;
    rtp_pack_init(&p, 0x01020304, 0xffff, 1 << 20);
    assert_ok(rtp_pack_picture(&p, nals, 2, 0x11223344), NULL);
    assert_int_equal(p.packets, 4);
    assert_int_equal(p.octets, 2 + 2999 + 3 * 2);
    struct tc_slice rest = tc_buf_view(&p.bytes);

    struct tc_slice frame = rtp_pack_next(&rest);
    const uint8_t single[] = {'$',  0,    0,    14,   0x80, 96,   0xff, 0xff, 0x11,
                              0x22, 0x33, 0x44, 0x01, 0x02, 0x03, 0x04, 0x67, 0x42};
    assert_int_equal(frame.len, sizeof single);
    assert_memory_equal(frame.ptr, single, sizeof single);

    /* 2999 bytes behind the header byte: 1398, 1398, 203 */
    static const struct {
        size_t len;
        uint8_t type, fu;
    } parts[] = {{1398, 96, 0x85}, {1398, 96, 0x05}, {203, 96 | 0x80, 0x45}};
    for (unsigned i = 0; i < 3; i++) {
        frame = rtp_pack_next(&rest);
        assert_int_equal(frame.len, 4 + 12 + 2 + parts[i].len);
        assert_int_equal(frame.ptr[5], parts[i].type);
        assert_int_equal(frame.ptr[6] << 8 | frame.ptr[7], i); /* the sequence has wrapped */
        assert_int_equal(frame.ptr[16], 0x7c);
        assert_int_equal(frame.ptr[17], parts[i].fu);
    }
    assert_int_equal(rtp_pack_next(&rest).len, 0);
    rtp_pack_done(&p);
}

static void test_pack__picture_over_the_limit__empty_and_sequence_gap(void **state)
{
    (void)state;
    static uint8_t large[5000];
    const struct tc_slice nal = tc_slice(large, sizeof large);
    struct rtp_pack p;
    rtp_pack_init(&p, 1, 10, 2000);
    assert_int_equal(rtp_pack_picture(&p, &nal, 1, 0), TC_E_LIMIT);
    assert_int_equal(p.bytes.len, 0);
    assert_int_equal(p.sequence, 14);
    rtp_pack_done(&p);
}

static enum tc_err open_bytes(const void *bytes, size_t len, struct sim_film **ret)
{
    char path[] = "/tmp/tocsin-test-film-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, bytes, len), len);
    (void)close(fd);
    enum tc_err err = sim_film_open(path, ret, NULL);
    (void)unlink(path);
    return err;
}

static void test_film__delimiters_sets_and_two_slices__pictures_as_decoders_see_them(void **state)
{
    (void)state;
    /* a P picture to leave out; AUD SPS PPS IDR(2 slices); AUD P with trailing zeros; P */
    static const char bytes[] = "\0\0\0\1\x41\x9a\1"
                                "\0\0\0\1\x09\x10\0\0\1\x67\x42\xc0\x1f\0\0\1\x68\xce"
                                "\0\0\1\x65\x88\x80\0\0\1\x65\x40\x80"
                                "\0\0\0\1\x09\x30\0\0\1\x41\x9a\2\0\0"
                                "\0\0\0\1\x41\x9b\3";
    struct sim_film *f = NULL;
    assert_ok(open_bytes(bytes, sizeof bytes - 1, &f), NULL);
    assert_int_equal(sim_film_length(f), 3);
    struct sim_picture p = sim_film_picture(f, 0);
    assert_true(p.key);
    assert_int_equal(p.nal_count, 5);
    assert_slice_is(p.nals[4], "\x65\x40\x80");
    p = sim_film_picture(f, 1);
    assert_false(p.key);
    assert_int_equal(p.nal_count, 2);
    assert_slice_is(p.nals[1], "\x41\x9a\2");
    p = sim_film_picture(f, 5); /* the third one again */
    assert_slice_is(p.nals[0], "\x41\x9b\3");
    assert_slice_is(sim_film_sps(f), "\x67\x42\xc0\x1f");
    assert_slice_is(sim_film_pps(f), "\x68\xce");
    sim_film_close(f);
}

static void test_film__no_key_frame_or_no_stream__format_error(void **state)
{
    (void)state;
    static const char no_key[] = "\0\0\1\x67\x42\xc0\x1f\0\0\1\x68\xce\0\0\1\x41\x9a";
    struct sim_film *f = NULL;
    assert_int_equal(open_bytes(no_key, sizeof no_key - 1, &f), TC_E_FORMAT);
    assert_int_equal(open_bytes("no film at all", 14, &f), TC_E_FORMAT);
    assert_int_equal(open_bytes("\0\0\1\0\0\1\0\0\1", 9, &f), TC_E_FORMAT);
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack__small_and_large_unit__single_and_fragments),
        cmocka_unit_test(test_pack__picture_over_the_limit__empty_and_sequence_gap),
        cmocka_unit_test(test_film__delimiters_sets_and_two_slices__pictures_as_decoders_see_them),
        cmocka_unit_test(test_film__no_key_frame_or_no_stream__format_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
