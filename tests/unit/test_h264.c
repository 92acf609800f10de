/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as letters. A NAL unit: S sequence parameters, P picture parameters, I slice of an IDR
 * picture (i: not its first), p slice (q: not its first), E SEI, R SEI with a recovery point, A
 * delimiter. A word is a packet, "SPI@3!" its units, RTP timestamp and marker. In front: "a" as
 * STAP-A, "g" glued with Annex B start codes; "f" as three FU-A packets (f1, f2, f3 one of them).
 * "-" is a lost packet, "=" repeats the last number. What comes out: "K" key, "D" discontinuity,
 * units, timestamp. */
#include "test.h"

#include <string.h>

#include "base/buf.h"
#include "proto/h264.h"

static const struct {
    char letter;
    uint8_t header, second;
} kinds[] = {
    {'S', 0x67, 0x42}, {'P', 0x68, 0xce}, {'I', 0x65, 0x88}, {'i', 0x65, 0x40}, {'p', 0x41, 0x9a},
    {'q', 0x41, 0x45}, {'E', 0x06, 0x05}, {'R', 0x06, 0x06}, {'A', 0x09, 0xf0},
};

struct rig {
    struct h264 h;
    struct h264_sink sink;
    uint8_t frame[4096];
    size_t length, max;
    struct tc_buf out;
    uint16_t sequence;
    unsigned params_calls;
};

static void sink_begin(void *ctx)
{
    ((struct rig *)ctx)->length = 0;
}

static bool sink_add(void *ctx, const void *bytes, size_t len)
{
    struct rig *g = ctx;
    if (len > g->max - g->length)
        return false;
    memcpy(g->frame + g->length, bytes, len);
    g->length += len;
    return true;
}

static void sink_set_be32(void *ctx, size_t at, uint32_t value)
{
    struct rig *g = ctx;
    assert_true(at + 4 <= g->length);
    for (size_t i = 0; i < 4; i++)
        g->frame[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

static void sink_abort(void *ctx)
{
    ((struct rig *)ctx)->length = 0;
}

static void sink_params(void *ctx, struct tc_slice sps, struct tc_slice pps)
{
    assert_true(sps.len > 0 && pps.len > 0);
    ((struct rig *)ctx)->params_calls++;
}

static char letter_of(const uint8_t *nal)
{
    for (size_t i = 0; i < TC_COUNT(kinds); i++)
        if (nal[0] == kinds[i].header && nal[1] == kinds[i].second)
            return kinds[i].letter;
    return '?';
}

/* Every unit is header, second byte, and eight bytes that repeat the letter: whole or it is an
 * error. */
static void sink_commit(void *ctx, const struct h264_unit *unit)
{
    struct rig *g = ctx;
    tc_buf_add_fmt(&g->out, "%s%s%s", g->out.len > 0 ? " " : "", unit->key ? "K" : "",
                   unit->discontinuity ? "D" : "");
    size_t at = 0;
    while (at < g->length) {
        assert_true(g->length - at >= 4);
        size_t len = (size_t)g->frame[at + 2] << 8 | g->frame[at + 3];
        assert_true(g->frame[at] == 0 && g->frame[at + 1] == 0 && len == 10 &&
                    len <= g->length - at - 4);
        char letter = letter_of(g->frame + at + 4);
        for (size_t i = 2; i < 10; i++)
            assert_int_equal(g->frame[at + 4 + i], letter);
        tc_buf_add(&g->out, &letter, 1);
        at += 4 + len;
    }
    tc_buf_add_fmt(&g->out, "@%u", unit->timestamp);
}

static void rig_init(struct rig *g)
{
    memset(g, 0, sizeof *g);
    g->max = sizeof g->frame;
    g->sequence = 65533; /* wraps soon */
    g->sink = (struct h264_sink){.ctx = g,
                                 .begin = sink_begin,
                                 .add = sink_add,
                                 .set_be32 = sink_set_be32,
                                 .abort = sink_abort,
                                 .params = sink_params,
                                 .commit = sink_commit};
    h264_init(&g->h, &g->sink);
    tc_buf_init(&g->out, 65536);
}

static size_t make_nal(char letter, uint8_t *out)
{
    for (size_t i = 0; i < TC_COUNT(kinds); i++)
        if (kinds[i].letter == letter) {
            out[0] = kinds[i].header;
            out[1] = kinds[i].second;
            memset(out + 2, letter, 8);
            return 10;
        }
    fail_msg("no unit %c", letter);
    return 0;
}

static void send_packet(struct rig *g, const void *payload, size_t len, uint32_t timestamp,
                        bool marker)
{
    struct rtp_packet p = {.payload_type = 96,
                           .marker = marker,
                           .sequence = g->sequence++,
                           .timestamp = timestamp,
                           .payload = tc_slice(payload, len)};
    h264_packet(&g->h, &p);
}

static void send_fragment(struct rig *g, const uint8_t *units, size_t len, unsigned part,
                          uint32_t timestamp, bool marker)
{
    static const uint8_t flags[] = {0x80, 0, 0x40};
    uint8_t packet[256] = {(uint8_t)((units[0] & 0xe0) | 28),
                          (uint8_t)(flags[part] | (units[0] & 31))};
    size_t third = (len - 1) / 3;
    size_t from = 1 + part * third;
    size_t to = part == 2 ? len : from + third;
    if (part == 0 && (units[0] & 31) == 7)
        to = len; /* glued units come in the first piece */
    else if ((units[0] & 31) == 7)
        from = to = 1;
    memcpy(packet + 2, units + from, to - from);
    send_packet(g, packet, 2 + to - from, timestamp, marker && part == 2);
}

static void send_word(struct rig *g, const char *word)
{
    if (word[0] == '-' || word[0] == '=') {
        g->sequence = (uint16_t)(g->sequence + (word[0] == '-' ? 1 : -1));
        return;
    }
    char mode = strchr("agf", word[0]) != NULL ? *word++ : ' ';
    int part = mode == 'f' && *word >= '1' && *word <= '3' ? *word++ - '1' : -1;
    uint8_t bytes[256];
    size_t len = 0;
    if (mode == 'a')
        bytes[len++] = 24;
    for (unsigned n = 0; *word != '@'; word++, n++) {
        if (mode == 'a') {
            bytes[len++] = 0;
            bytes[len++] = 10;
        } else if (mode == 'g' || n > 0) {
            memcpy(bytes + len, "\0\0\0\1", 4);
            len += 4;
        }
        len += make_nal(*word, bytes + len);
    }
    uint32_t timestamp = (uint32_t)(word[1] - '0');
    bool marker = word[2] == '!';
    if (mode != 'f') {
        send_packet(g, bytes, len, timestamp, marker);
        return;
    }
    for (int i = 0; i < 3; i++)
        if (part < 0 || part == i)
            send_fragment(g, bytes, len, (unsigned)i, timestamp, marker);
}

static const char *run(struct rig *g, const char *stream)
{
    char copy[512];
    assert_true(strlen(stream) < sizeof copy);
    (void)strcpy(copy, stream);
    char *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        send_word(g, word);
    return tc_buf_cstr(&g->out);
}

static void check(const char *in, const char *out, const char *name)
{
    struct rig g;
    rig_init(&g);
    const char *got = run(&g, in);
    if (strcmp(got, out) != 0) {
        print_error("%s: \"%s\"\n got  \"%s\"\n want \"%s\"\n", name, in, got, out);
        fail();
    }
    tc_buf_done(&g.out);
}

static void test_h264__plain_streams__come_out_whole(void **state)
{
    (void)state;
    check("S@0 P@0 I@0! p@1! p@2!", "KSPI@0 p@1 p@2", "single units");
    check("aSP@0 fI@0! fp@1! p@2!", "KSPI@0 p@1 p@2", "STAP-A and FU-A");
    check("aASPEI@0! Ap@1 q@1! p@2!", "KASPEI@0 Apq@1 p@2", "SEI, delimiter, slices: order kept");
    check("aSPI@0! p@1! p@2! p@3! p@4! p@5!", "KSPI@0 p@1 p@2 p@3 p@4 p@5", "sequence wraps");
    check("I@0 i@0! p@1 q@1!", "KIi@0 pq@1", "no parameter sets in the stream");
    check("aSPR@0 p@0! p@1!", "KSPRp@0 p@1", "recovery point: key without IDR");
}

static void test_h264__before_the_first_key_frame__frames_are_dropped(void **state)
{
    (void)state;
    check("p@0! fp@1! SPI@2! p@3!", "KSPI@2 p@3", "start in the middle");
    check("f3p@0! p@1! aSPI@2!", "KDSPI@2", "start in the middle of a fragment");
}

static void test_h264__losses__drop_up_to_the_next_key_frame(void **state)
{
    (void)state;
    check("aSPI@0! p@1! - p@3! p@4! aSPI@5! p@6!", "KSPI@0 p@1 KDSPI@5 p@6",
          "a packet between frames");
    check("aSPI@0! f1p@1! - f3p@1! p@2! fI@3! p@4!", "KSPI@0 KDI@3 p@4",
          "the middle of a fragment");
    check("aSPI@0! f1p@1! f2p@1! p@2! I@3!", "KSPI@0 KDI@3", "a fragment without its end");
    check("aSPI@0! f2p@1! I@3!", "KSPI@0 KDI@3", "a fragment without its start");
    check("aSPI@0! = p@1! p@1! p@2!", "KSPI@0 p@1 p@2",
          "the first packet's number again: passed over");
    check("aSPI@0! f1p@1! f1p@2! I@3!", "KSPI@0 KDI@3", "two starts");
}

static void test_h264__tapo_tc70__marker_on_parameter_sets(void **state)
{
    (void)state;
    check("S@0! P@0! I@0! p@1!", "KSPI@0 p@1", "same timestamp");
    check("S@0! P@0! I@1! p@2!", "KSPI@1 p@2", "timestamp of their own");
}

static void test_h264__v380__start_codes_in_payload(void **state)
{
    (void)state;
    check("gS@0 gP@0 gI@0! gp@1!", "KSPI@0 p@1", "code in front of each unit");
    check("gSPI@0! p@1!", "KSPI@0 p@1", "code in front, several units");
}

static void test_h264__sps_pps_idr_glued__are_split(void **state)
{
    (void)state;
    check("SPI@0! p@1!", "KSPI@0 p@1", "in a single packet");
    check("fSPI@0! p@1!", "KSPI@0 p@1", "in fragments");
}

static void test_h264__no_marker_at_all__timestamp_ends_the_frame(void **state)
{
    (void)state;
    check("aSP@0 fI@0 fp@1 p@2 p@3", "KSPI@0 p@1 p@2", "the last one still open");
}

static void test_h264__marker_on_every_slice__is_noticed_and_ignored(void **state)
{
    (void)state;
    check("aSP@0 I@0! i@0! i@0! p@1! q@1! p@2! q@2! p@3!", "KSPI@0 Kii@0 pq@1 pq@2",
          "one frame is cut, the next ones are whole");
}

static void test_h264__sink_refuses__frame_is_dropped_and_a_key_frame_awaited(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g);
    g.max = 45;
    assert_string_equal(run(&g, "aSPI@0! p@1! pqqqq@2! p@3! SPI@4! p@5!"),
                        "KSPI@0 p@1 KDSPI@4 p@5");
    assert_int_equal(g.h.counts.frames, 4);
    assert_int_equal(g.h.counts.dropped_frames, 2);
    tc_buf_done(&g.out);
}

static void test_h264__parameter_sets__are_told_once_until_they_change(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g);
    h264_set_params(&g.h, tc_slice("\x67old", 4), tc_slice("\x68old", 4));
    (void)run(&g, "I@0! p@1!");
    assert_int_equal(g.params_calls, 1); /* those of the SDP */
    (void)run(&g, "aSPI@2! p@3! aSPI@4!");
    assert_int_equal(g.params_calls, 2); /* in-band ones replace them, once */
    assert_int_equal(g.h.sps_bytes, 10);
    (void)run(&g, "fSPI@5!");
    assert_int_equal(g.params_calls, 2);
    tc_buf_done(&g.out);
}

static void test_h264__payloads_that_make_no_sense__are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x78\x00\x20\x67", 4},     /* STAP-A longer than its packet */
        {"\x78\x00\x00", 3},         /* of nothing */
        {"\x78\x00\x01\x09\x00", 5}, /* with a byte left */
        {"\x7c", 1},                 /* FU-A without its header */
        {"\x7d\x85\x00", 3},         /* FU-B */
        {"\x79\x00\x00", 3},         /* STAP-B */
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct rig g;
        rig_init(&g);
        (void)run(&g, "aSPI@0!");
        send_packet(&g, rows[i].bytes, rows[i].len, 1, true);
        assert_int_equal(g.h.counts.broken_packets, 1);
        assert_string_equal(run(&g, "p@2! aSPI@3!"), "KSPI@0 KDSPI@3");
        tc_buf_done(&g.out);
    }
}

static void test_h264__stream_breaks__goes_on_with_a_discontinuity(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g);
    (void)run(&g, "aSPI@0! f1p@1!");
    h264_break(&g.h);
    g.sequence = 100; /* a new connection numbers anew: no loss */
    assert_string_equal(run(&g, "p@1! aSPI@2! p@3!"), "KSPI@0 KDSPI@2 p@3");
    assert_int_equal(g.h.counts.lost_packets, 0);
    tc_buf_done(&g.out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h264__plain_streams__come_out_whole),
        cmocka_unit_test(test_h264__before_the_first_key_frame__frames_are_dropped),
        cmocka_unit_test(test_h264__losses__drop_up_to_the_next_key_frame),
        cmocka_unit_test(test_h264__tapo_tc70__marker_on_parameter_sets),
        cmocka_unit_test(test_h264__v380__start_codes_in_payload),
        cmocka_unit_test(test_h264__sps_pps_idr_glued__are_split),
        cmocka_unit_test(test_h264__no_marker_at_all__timestamp_ends_the_frame),
        cmocka_unit_test(test_h264__marker_on_every_slice__is_noticed_and_ignored),
        cmocka_unit_test(test_h264__sink_refuses__frame_is_dropped_and_a_key_frame_awaited),
        cmocka_unit_test(test_h264__parameter_sets__are_told_once_until_they_change),
        cmocka_unit_test(test_h264__payloads_that_make_no_sense__are_counted),
        cmocka_unit_test(test_h264__stream_breaks__goes_on_with_a_discontinuity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
