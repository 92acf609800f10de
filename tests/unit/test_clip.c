/* SPDX-License-Identifier: Apache-2.0 */
/* Clips out of pieces. A piece is written as letters, one frame each: I is a key frame, P is none.
 * Frames last 100 ms; frame n of a source is 10 + n bytes of its number, so that every byte of a
 * clip tells where it came from. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "annexb.h"
#include "base/check.h"
#include "media/clip.h"
#include "media/fmp4_read.h"

enum { FRAME_MS = 100, FRAME_TICKS = 9000, PIECES = 16, FRAMES = 32 };
#define T0 INT64_C(1795348800000000000)

static struct annexb streams[2];

struct pieces {
    struct clip_piece list[PIECES];
    struct fmp4_sample samples[PIECES][FRAMES];
    size_t count;
};

/* A piece of LETTERS at START_MS after T0, its bytes at OFFSET of SOURCE, with the parameters of
 * stream PARAMS. */
static void add(struct pieces *p, const char *letters, int64_t start_ms, uint32_t source,
                uint64_t offset, unsigned params)
{
    struct fmp4_sample *samples = p->samples[p->count];
    size_t n = strlen(letters);
    assert_true(p->count < PIECES && n <= FRAMES);
    for (size_t i = 0; i < n; i++)
        samples[i] = (struct fmp4_sample){(uint32_t)(10 + i), FRAME_TICKS, letters[i] == 'I'};
    p->list[p->count++] = (struct clip_piece){.source = source,
                                              .offset = offset,
                                              .start = {T0 + start_ms * TC_NS_PER_MS},
                                              .params = &streams[params].params,
                                              .samples = samples,
                                              .count = n};
}

static enum tc_err build(struct clip *c, const struct pieces *p, int64_t from_ms, int64_t to_ms,
                         struct tc_errinfo *info)
{
    return clip_build(c, p->list, p->count, (struct tc_wall){T0 + from_ms * TC_NS_PER_MS},
                      (struct tc_wall){T0 + to_ms * TC_NS_PER_MS}, info);
}

static int64_t ms(struct tc_wall t)
{
    return (t.ns - T0) / TC_NS_PER_MS;
}

/* The payload extents in words: "SOURCE:OFFSET+BYTES ...". */
static const char *payload(const struct clip *c)
{
    static char text[1024];
    size_t len = 0;
    text[0] = 0;
    for (size_t i = 0; i < c->extent_count; i++) {
        const struct clip_extent *e = &c->extents[i];
        if (e->source != CLIP_BOXES)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%u:%llu+%llu",
                                    len == 0 ? "" : " ", e->source, (unsigned long long)e->offset,
                                    (unsigned long long)e->bytes);
    }
    return text;
}

/* The fragments in words: "AT_MS entry samples ...", read from the clip's own boxes. */
static const char *fragments(const struct clip *c)
{
    static char text[1024];
    size_t len = 0;
    text[0] = 0;
    uint64_t at = 0;
    for (size_t i = 0; i < c->extent_count; i++) {
        const struct clip_extent *e = &c->extents[i];
        if (e->source == CLIP_BOXES)
            assert_int_equal(e->offset, at);
        if (e->source == CLIP_BOXES)
            at += e->bytes;
        struct tc_slice boxes = tc_slice_sub(tc_buf_view(&c->boxes), e->offset, e->bytes);
        size_t head_at = tc_slice_find(boxes, "prft");
        if (e->source != CLIP_BOXES || head_at == boxes.len)
            continue;
        struct fmp4_head head;
        struct tc_errinfo info = {0};
        assert_ok(
            fmp4_head_parse(tc_slice_sub(boxes, head_at - 4, boxes.len), &head, NULL, 0, &info),
            &info);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld/%u/%u", len == 0 ? "" : " ",
                                (long long)(fmp4_ns((int64_t)head.at) / TC_NS_PER_MS), head.entry,
                                head.count);
    }
    return text;
}

static void test_clip__from_inside_gop__begins_at_its_key(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 1000, 0);
    add(&p, "IPPP", 400, 1, 2000, 0);
    add(&p, "IPPP", 800, 2, 3000, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 550, 1000, &info), &info);
    assert_string_equal(payload(&c), "1:2000+46 2:3000+21");
    assert_string_equal(fragments(&c), "0/1/4 400/1/2");
    assert_int_equal(ms(c.got_from), 400);
    assert_int_equal(ms(c.got_to), 1000);
    assert_int_equal(c.gap_count, 0);
    assert_int_equal(c.fragments, 2);
    assert_int_equal(c.bytes, c.boxes.len + 46 + 21);
    clip_done(&c);
}

static void test_clip__to_between_frames__ends_with_the_frame_before(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPPIPPP", 0, 1, 0, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 0, 301, &info), &info);
    assert_string_equal(fragments(&c), "0/1/4");
    clip_done(&c);
    assert_ok(build(&c, &p, 0, 300, &info), &info);
    assert_string_equal(fragments(&c), "0/1/3");
    clip_done(&c);
    assert_ok(build(&c, &p, 500, 600, &info), &info);
    assert_string_equal(payload(&c), "1:46+29");
    assert_int_equal(ms(c.got_from), 400);
    clip_done(&c);
}

static void test_clip__no_key_before__first_key_after(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "PPPIPP", 0, 1, 0, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 100, 600, &info), &info);
    assert_int_equal(ms(c.got_from), 300);
    assert_string_equal(payload(&c), "1:33+42");
    clip_done(&c);
}

/* The camera was away when the alarm came: its last key frame before is no beginning. */
static void test_clip__from_inside_gap__begins_after_it(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 0, 0);
    add(&p, "PIPP", 60000, 1, 100, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 30000, 70000, &info), &info);
    assert_int_equal(ms(c.got_from), 60100);
    assert_int_equal(c.gap_count, 0);
    assert_string_equal(fragments(&c), "0/1/3");
    clip_done(&c);
}

static void test_clip__gap__listed_and_resumed_at_a_key(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 0, 0);
    add(&p, "PPIP", 5000, 1, 100, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 0, 6000, &info), &info);
    assert_string_equal(fragments(&c), "0/1/4 5200/1/2");
    assert_string_equal(payload(&c), "1:0+46 1:121+25");
    assert_int_equal(c.gap_count, 1);
    assert_int_equal(ms(c.gaps[0].from), 400);
    assert_int_equal(ms(c.gaps[0].to), 5200);
    clip_done(&c);
}

static void test_clip__small_jitter__no_gap_and_time_goes_on(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 0, 0);
    add(&p, "PPPP", 380, 1, 100, 0); /* 20 ms early */
    add(&p, "PPPP", 830, 1, 200, 0); /* 50 ms late */
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 0, 6000, &info), &info);
    assert_string_equal(fragments(&c), "0/1/4 400/1/4 830/1/4");
    assert_int_equal(c.gap_count, 0);
    clip_done(&c);
}

static void test_clip__new_parameters__second_sample_entry(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 0, 0);
    add(&p, "IPPP", 400, 2, 0, 1);
    add(&p, "IPPP", 800, 3, 0, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 0, 1200, &info), &info);
    assert_string_equal(fragments(&c), "0/1/4 400/2/4 800/1/4");
    struct fmp4_init_info init;
    assert_ok(fmp4_init_parse(tc_buf_view(&c.boxes), &init, &info), &info);
    assert_int_equal(init.count, 2);
    assert_true(avc_params_eq(&init.entries[1], &streams[1].params));
    clip_done(&c);
}

static void test_clip__clock_set_back__time_goes_on(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 60000, 1, 0, 0);
    add(&p, "IPPP", 59000, 2, 0, 0);
    struct clip c;
    struct tc_errinfo info = {0};
    assert_ok(build(&c, &p, 60000, 70000, &info), &info);
    assert_string_equal(fragments(&c), "0/1/4 400/1/4");
    clip_done(&c);
}

static void test_clip__nothing_there__not_found(void **state)
{
    (void)state;
    struct pieces p = {0};
    struct clip c;
    struct tc_errinfo info;
    assert_int_equal(build(&c, &p, 0, 1000, &info), TC_E_NOT_FOUND);
    add(&p, "PPPP", 0, 1, 0, 0);
    assert_int_equal(build(&c, &p, 0, 1000, &info), TC_E_NOT_FOUND);
    add(&p, "IPPP", 2000, 1, 0, 0);
    assert_int_equal(build(&c, &p, 0, 1000, &info), TC_E_NOT_FOUND);
    assert_int_equal(build(&c, &p, 3000, 4000, &info), TC_E_NOT_FOUND);
    assert_int_equal(build(&c, &p, 1000, 1000, &info), TC_E_RANGE);
    assert_null(c.extents);
}

static void test_clip__same_input__same_bytes_and_tag(void **state)
{
    (void)state;
    struct pieces p = {0};
    add(&p, "IPPP", 0, 1, 0, 0);
    add(&p, "IPPP", 400, 2, 0, 1);
    struct clip a, b;
    struct tc_errinfo info = {0};
    assert_ok(build(&a, &p, 0, 800, &info), &info);
    assert_ok(build(&b, &p, 0, 800, &info), &info);
    assert_true(tc_slice_eq(tc_buf_view(&a.boxes), tc_buf_view(&b.boxes)));
    assert_int_equal(a.tag, b.tag);
    clip_done(&b);
    assert_ok(build(&b, &p, 0, 700, &info), &info);
    assert_int_not_equal(a.tag, b.tag);
    clip_done(&a);
    clip_done(&b);
}

static void test_clip__many_gaps__list_bounded(void **state)
{
    (void)state;
    enum { MANY = CLIP_GAPS_MAX + 10 };
    static struct clip_piece list[MANY];
    static const struct fmp4_sample sample = {10, FRAME_TICKS, true};
    for (size_t i = 0; i < MANY; i++)
        list[i] = (struct clip_piece){.source = 1,
                                      .start = {T0 + (int64_t)i * TC_NS_PER_S},
                                      .params = &streams[0].params,
                                      .samples = &sample,
                                      .count = 1};
    struct clip c;
    struct tc_errinfo info = {0};
    struct tc_wall to = {T0 + MANY * TC_NS_PER_S};
    assert_ok(clip_build(&c, list, MANY, (struct tc_wall){T0}, to, &info), &info);
    assert_int_equal(c.gap_count, CLIP_GAPS_MAX);
    assert_int_equal(ms(c.gaps[CLIP_GAPS_MAX - 1].to), (MANY - 1) * 1000);
    clip_done(&c);
}

/* A real stream cut in the middle decodes without an error in a program that is not ours. */
static void test_clip__real_stream__decodes_elsewhere(void **state)
{
    (void)state;
    if (access("/usr/bin/ffmpeg", X_OK) != 0)
        skip();
    struct fmp4_sample samples[64];
    const struct annexb *a = &streams[0];
    for (size_t i = 0; i < a->count; i++)
        samples[i] = (struct fmp4_sample){a->frames[i].size, FRAME_TICKS, a->frames[i].key};
    struct clip_piece piece = {
        .source = 1, .start = {T0}, .params = &a->params, .samples = samples, .count = a->count};
    struct clip c;
    struct tc_errinfo info = {0};
    struct tc_wall from = {T0 + 700 * TC_NS_PER_MS}, to = {T0 + 1700 * TC_NS_PER_MS};
    assert_ok(clip_build(&c, &piece, 1, from, to, &info), &info);
    FILE *p =
        popen("ffmpeg -v error -xerror -i - -f framecrc - | grep -vc '^#' | grep -qx 12", "w");
    assert_non_null(p);
    for (size_t i = 0; i < c.extent_count; i++) {
        const uint8_t *source = c.extents[i].source == CLIP_BOXES ? c.boxes.data : a->data.data;
        (void)fwrite(source + c.extents[i].offset, 1, c.extents[i].bytes, p);
    }
    assert_int_equal(pclose(p), 0);
    clip_done(&c);
}

static int setup(void **state)
{
    (void)state;
    annexb_load(&streams[0], "two_seconds.h264");
    annexb_load(&streams[1], "other_size.h264");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    annexb_done(&streams[0]);
    annexb_done(&streams[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clip__from_inside_gop__begins_at_its_key),
        cmocka_unit_test(test_clip__to_between_frames__ends_with_the_frame_before),
        cmocka_unit_test(test_clip__no_key_before__first_key_after),
        cmocka_unit_test(test_clip__from_inside_gap__begins_after_it),
        cmocka_unit_test(test_clip__gap__listed_and_resumed_at_a_key),
        cmocka_unit_test(test_clip__small_jitter__no_gap_and_time_goes_on),
        cmocka_unit_test(test_clip__new_parameters__second_sample_entry),
        cmocka_unit_test(test_clip__clock_set_back__time_goes_on),
        cmocka_unit_test(test_clip__nothing_there__not_found),
        cmocka_unit_test(test_clip__same_input__same_bytes_and_tag),
        cmocka_unit_test(test_clip__many_gaps__list_bounded),
        cmocka_unit_test(test_clip__real_stream__decodes_elsewhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
