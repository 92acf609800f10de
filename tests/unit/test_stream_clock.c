/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as letters: a letter and how often, one camera frame each (25 a second by the true
 * clock). .  a frame      _  no frame in that time, and the RTP clock stands still (a paused
 * encoder) ,  no frame, the RTP clock runs (a dropped one) s  a frame that the network holds back
 * until the next other letter J  before the next frame the RTP clock jumps an hour ahead   B  five
 * seconds back   R  to another place W  our own clock steps two seconds ahead                     w
 * ... back Frames are read on a tick of 100 ms. Checked: how many discontinuities, how far the
 * times are from the true ones once the line has settled, how uneven the steps between frames are,
 * and that times grow. */
#include "test.h"

#include <stdlib.h>

#include "media/stream_clock.h"

#define FRAME_NS   (40 * TC_NS_PER_MS)
#define TICK_NS    (100 * TC_NS_PER_MS)
#define START_MONO (5000 * TC_NS_PER_S)
#define START_WALL (INT64_C(1795349109) * TC_NS_PER_S)

struct sim {
    struct stream_clock clock;
    double rate; /* RTP seconds per true second */
    uint32_t rtp0;
    double rtp_s; /* since the start, jumps included */
    int64_t true_ns, held_from_ns;
    uint32_t held[256];
    int64_t held_true[256];
    size_t held_count;
    int64_t wall_step_ns;
    /* results */
    unsigned discontinuities;
    int64_t last_wall_ns, last_true_ns;
    int64_t worst_error_ns, worst_step_ns;
    int64_t settle_until_ns; /* errors before are not counted */
    bool backwards;
};

static void deliver(struct sim *s, uint32_t rtp, int64_t true_ns, int64_t now_ns)
{
    int64_t tick_ns = (now_ns + TICK_NS) / TICK_NS * TICK_NS;
    struct tc_mono mono = {START_MONO + tick_ns};
    struct tc_wall wall = {START_WALL + tick_ns + s->wall_step_ns};
    struct stream_time t = stream_clock_frame(&s->clock, rtp, wall, mono);
    if (t.discontinuity) {
        s->discontinuities++;
        s->settle_until_ns = true_ns + 3 * TC_NS_PER_S;
    } else if (s->last_wall_ns != 0 && t.wall.ns <= s->last_wall_ns) {
        s->backwards = true;
    }
    int64_t error = llabs(t.wall.ns - s->wall_step_ns - START_WALL - true_ns);
    int64_t step = llabs((t.wall.ns - s->last_wall_ns) - (true_ns - s->last_true_ns));
    if (true_ns > s->settle_until_ns) {
        s->worst_error_ns = error > s->worst_error_ns ? error : s->worst_error_ns;
        s->worst_step_ns = step > s->worst_step_ns ? step : s->worst_step_ns;
    }
    s->last_wall_ns = t.wall.ns;
    s->last_true_ns = true_ns;
}

static void release(struct sim *s)
{
    for (size_t i = 0; i < s->held_count; i++)
        deliver(s, s->held[i], s->held_true[i], s->true_ns);
    s->held_count = 0;
}

static void letter(struct sim *s, char c)
{
    static const struct {
        char letter;
        double jump_s;
    } jumps[] = {{'J', 3600}, {'B', -5}, {'R', -12345.678}};
    for (size_t i = 0; i < TC_COUNT(jumps); i++)
        if (jumps[i].letter == c) {
            s->rtp_s += jumps[i].jump_s;
            return;
        }
    if (c == 'W' || c == 'w') {
        s->wall_step_ns += c == 'W' ? 2 * TC_NS_PER_S : -2 * TC_NS_PER_S;
        return;
    }
    uint32_t rtp = s->rtp0 + (uint32_t)(int64_t)(s->rtp_s * 90000);
    if (c == 's' && s->held_count < 256) {
        s->held[s->held_count] = rtp;
        s->held_true[s->held_count++] = s->true_ns;
    } else if (c == '.') {
        release(s);
        deliver(s, rtp, s->true_ns, s->true_ns);
    }
    s->true_ns += FRAME_NS;
    if (c == '_') /* a pause is told from a stall by what follows it */
        s->settle_until_ns = s->true_ns + TC_NS_PER_S;
    else
        s->rtp_s += 0.04 * s->rate;
}

static struct sim run(const char *stream, double rate, uint32_t rtp0)
{
    struct sim s = {.rate = rate, .rtp0 = rtp0, .settle_until_ns = 4 * TC_NS_PER_S};
    stream_clock_init(&s.clock, 90000);
    for (const char *p = stream; *p != '\0';) {
        char c = *p++;
        char *end = NULL;
        long count = strtol(p, &end, 10);
        if (end == p)
            count = 1;
        p = end;
        for (long i = 0; i < count; i++)
            letter(&s, c);
    }
    return s;
}

static void test_clock__streams__have_even_times_near_the_true_ones(void **state)
{
    (void)state;
    static const struct {
        const char *name, *stream;
        double rate;
        uint32_t rtp0;
        unsigned discontinuities;
        int error_ms, step_ms;
    } rows[] = {
        {"plain", ".1000", 1, 1000, 0, 110, 3},
        {"wraps in the middle", ".1000", 1, UINT32_MAX - 90000 * 12, 0, 110, 3},
        {"200 ppm fast", ".5000", 1.0002, 0, 0, 110, 3},
        {"declares 25, delivers 20.8: 72 s in 60 s", ".2000", 60.0 / 72, 7, 0, 130, 10},
        {"declares 25, delivers 12.5", ".2000", 0.5, 7, 0, 180, 20},
        {"declares 25, delivers 30", ".2000", 1.2, 7, 0, 130, 10},
        {"stalls and catches up", ".300 s20 .300 s60 .300", 1, 0, 0, 130, 4},
        {"drops frames", ".200 ,25 .100 ,5 .200", 1, 0, 0, 110, 4},
        {"pauses, RTP stands", ".300 _75 .300", 1, 0, 1, 110, 5},
        {"jumps an hour ahead", ".300 J .300", 1, 0, 1, 110, 4},
        {"jumps five seconds back", ".300 B .300", 1, 0, 1, 110, 4},
        {"jumps anywhere, twice", ".300 R .300 R .300", 1, 0, 2, 110, 4},
        {"our clock steps", ".300 W .300 w .300", 1, 0, 2, 110, 4},
        {"a burst of old frames first", "s40 .500", 1, 0, 0, 130, 4},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct sim s = run(rows[i].stream, rows[i].rate, rows[i].rtp0);
        bool ok = s.discontinuities == rows[i].discontinuities && !s.backwards &&
                  s.worst_error_ns <= rows[i].error_ms * TC_NS_PER_MS &&
                  s.worst_step_ns <= rows[i].step_ms * TC_NS_PER_MS;
        if (!ok) {
            print_error("%s: %u discontinuities, error %d ms, step %d ms%s\n", rows[i].name,
                        s.discontinuities, (int)(s.worst_error_ns / TC_NS_PER_MS),
                        (int)(s.worst_step_ns / TC_NS_PER_MS), s.backwards ? ", backwards" : "");
            fail();
        }
    }
}

static struct tc_wall at(double s)
{
    return (struct tc_wall){START_WALL + (int64_t)(s * 1e9)};
}

/* Frames from second FROM to TO; returns the last one's times. */
static struct stream_time feed(struct stream_clock *c, double from, double to)
{
    struct stream_time t = {0};
    for (double s = from; s < to - 0.001; s += 0.04)
        t = stream_clock_frame(c, (uint32_t)(int64_t)(s * 90000), at(s),
                               (struct tc_mono){START_MONO + (int64_t)(s * 1e9)});
    return t;
}

static void test_clock__sender_reports__give_the_cameras_time_and_offset(void **state)
{
    (void)state;
    struct stream_clock c;
    stream_clock_init(&c, 90000);
    int64_t offset = 0, error = 0;
    assert_int_equal(feed(&c, 0, 2).sender.ns, 0);
    assert_false(stream_clock_offset(&c, &offset, &error));
    stream_clock_report(&c, at(2 + 3.5), 2 * 90000, at(2)); /* the camera is 3.5 s ahead */
    struct stream_time t = feed(&c, 2, 4);
    assert_true(llabs(t.sender.ns - t.wall.ns - 3500 * TC_NS_PER_MS) < TC_NS_PER_MS);
    assert_true(stream_clock_offset(&c, &offset, &error));
    assert_true(llabs(offset - 3500 * TC_NS_PER_MS) < TC_NS_PER_MS);
    assert_true(error > 0 && error < 200 * TC_NS_PER_MS);
    stream_clock_report(&c, at(4 + 3.5), 4 * 90000, at(4.3)); /* sent late: no matter */
    t = feed(&c, 4, 6);
    assert_true(llabs(t.sender.ns - t.wall.ns - 3500 * TC_NS_PER_MS) < TC_NS_PER_MS);
}

static void test_clock__sender_reports_that_cannot_be__are_not_used(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double first_s, second_s; /* camera's clock - ours at the two reports */
    } rows[] = {
        {"an hour off", 3600, 3600},
        {"goes back", 5, -5},
        {"runs twice as fast", 0, 2},
        {"stands still", 0, -2},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct stream_clock c;
        stream_clock_init(&c, 90000);
        (void)feed(&c, 0, 2);
        stream_clock_report(&c, at(2 + rows[i].first_s), 2 * 90000, at(2));
        (void)feed(&c, 2, 4);
        stream_clock_report(&c, at(4 + rows[i].second_s), 4 * 90000, at(4));
        struct stream_time t = feed(&c, 4, 4.5);
        int64_t offset = 0, error = 0;
        if (t.sender.ns != 0 || stream_clock_offset(&c, &offset, &error))
            fail_msg("%s", rows[i].name);
    }
    struct stream_clock c;
    stream_clock_init(&c, 90000);
    stream_clock_report(&c, at(0), 0, at(0)); /* before any frame */
    assert_int_equal(feed(&c, 0, 1).sender.ns, 0);
}

static void test_clock__reports_stop__the_cameras_time_is_no_longer_told(void **state)
{
    (void)state;
    struct stream_clock c;
    stream_clock_init(&c, 90000);
    (void)feed(&c, 0, 2);
    stream_clock_report(&c, at(2), 2 * 90000, at(2));
    assert_int_not_equal(feed(&c, 2, 60).sender.ns, 0);
    assert_int_equal(feed(&c, 60, 125).sender.ns, 0);
}

static void test_clock__timestamps_that_never_move__times_still_grow(void **state)
{
    (void)state;
    struct stream_clock c;
    stream_clock_init(&c, 90000);
    int64_t last = 0;
    unsigned discontinuities = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t ns = i * FRAME_NS;
        struct stream_time t = stream_clock_frame(&c, 5, (struct tc_wall){START_WALL + ns},
                                                  (struct tc_mono){START_MONO + ns});
        discontinuities += t.discontinuity;
        assert_true(t.discontinuity || t.wall.ns > last);
        assert_true(llabs(t.wall.ns - START_WALL - ns) < 3 * TC_NS_PER_S);
        last = t.wall.ns;
    }
    assert_in_range(discontinuities, 5, 30);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__streams__have_even_times_near_the_true_ones),
        cmocka_unit_test(test_clock__sender_reports__give_the_cameras_time_and_offset),
        cmocka_unit_test(test_clock__sender_reports_that_cannot_be__are_not_used),
        cmocka_unit_test(test_clock__reports_stop__the_cameras_time_is_no_longer_told),
        cmocka_unit_test(test_clock__timestamps_that_never_move__times_still_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
