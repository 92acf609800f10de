/* SPDX-License-Identifier: Apache-2.0 */
#include "media/stream_clock.h"

#include <stdlib.h>
#include <string.h>

#define BIN_NS           (500 * TC_NS_PER_MS)
#define MISS_NS          (500 * TC_NS_PER_MS)
#define LATE_AT_ONCE_NS  (10 * TC_NS_PER_S)
#define LATE_PATIENCE_NS (1500 * TC_NS_PER_MS)
#define LATE_LOOK_NS     (600 * TC_NS_PER_MS)
#define LATE_STEADY_NS   (60 * TC_NS_PER_MS)
#define SETTLING_NS      (3 * TC_NS_PER_S)
#define BLEND_NS         (2 * TC_NS_PER_S)
#define START_NS         TC_NS_PER_S /* a burst of old frames at the start is no discontinuity */
#define STEP_MIN_NS      TC_NS_PER_MS
#define PAIR_MIN_NS      (100 * TC_NS_PER_MS)
#define REPORT_NEAR_NS   (600 * TC_NS_PER_S)
#define REPORT_STALE_NS  (120 * TC_NS_PER_S)
#define TICK_ERROR_NS    (50 * TC_NS_PER_MS)

enum {
    SLOPE_EVERY = 4, /* bins, once there are all: a clock's rate changes slowly */
    SLOPE_BINS_MIN = 3,
    PAIRS_MAX = STREAM_CLOCK_BINS * (STREAM_CLOCK_BINS - 1) / 2,
};

void stream_clock_init(struct stream_clock *c, uint32_t clock_hz)
{
    *c = (struct stream_clock){.clock_hz = clock_hz < 1000 ? 90000 : clock_hz};
}

static int64_t ticks_to_ns(const struct stream_clock *c, int64_t ticks)
{
    int64_t hz = c->clock_hz;
    return ticks / hz * TC_NS_PER_S + ticks % hz * TC_NS_PER_S / hz;
}

/* ---- the line ---- */

static int64_t line_at(const struct stream_clock *c, int64_t at_ns)
{
    return at_ns + c->level_ns + (int64_t)(c->slope * (double)at_ns);
}

static int compare_doubles(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* The median of the slopes between all pairs of bins (Theil and Sen); false when there are too few.
 */
static bool median_slope(const struct stream_clock *c, double *ret)
{
    double slopes[PAIRS_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < c->bin_count; i++)
        for (unsigned k = i + 1; k < c->bin_count; k++) {
            int64_t distance = c->bins[k].at_ns - c->bins[i].at_ns;
            if (llabs(distance) >= PAIR_MIN_NS)
                slopes[count++] =
                    (double)(c->bins[k].delay_ns - c->bins[i].delay_ns) / (double)distance;
        }
    if (c->bin_count < SLOPE_BINS_MIN || count < SLOPE_BINS_MIN)
        return false;
    qsort(slopes, count, sizeof slopes[0], compare_doubles);
    double median = slopes[count / 2];
    *ret = median < -0.75 ? -0.75 : median > 3 ? 3 : median;
    return true;
}

/* Lays the line anew through the bins; what that moves at AT_NS goes into the bias. */
static void fit_line(struct stream_clock *c, int64_t at_ns)
{
    int64_t before = line_at(c, at_ns);
    if (c->bin_count < STREAM_CLOCK_BINS || c->bin_next % SLOPE_EVERY == 0)
        (void)median_slope(c, &c->slope);
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (unsigned i = 0; i < c->bin_count; i++) {
        int64_t rest = c->bins[i].delay_ns - (int64_t)(c->slope * (double)c->bins[i].at_ns);
        low = rest < low ? rest : low;
        high = rest > high ? rest : high;
    }
    c->level_ns = low;
    c->spread_ns = high - low;
    c->bias_ns += before - line_at(c, at_ns);
}

static void keep_bin(struct stream_clock *c)
{
    c->bins[c->bin_next] = c->bin;
    c->bin_next = (c->bin_next + 1) % STREAM_CLOCK_BINS;
    if (c->bin_count < STREAM_CLOCK_BINS)
        c->bin_count++;
    c->bin_open = false;
}

static void note_delay(struct stream_clock *c, int64_t at_ns, int64_t arrival_ns)
{
    if (c->bin_open && arrival_ns >= c->bin_end_ns) {
        keep_bin(c);
        fit_line(c, at_ns);
    }
    struct stream_clock_bin sample = {.at_ns = at_ns, .delay_ns = arrival_ns - at_ns};
    if (!c->bin_open) {
        c->bin_open = true;
        c->bin_end_ns = arrival_ns + BIN_NS;
        c->bin = sample;
    } else if (sample.delay_ns < c->bin.delay_ns) {
        c->bin = sample;
    }
}

/* A new line that begins at this frame. The slope is the camera's and stays. */
static void start_line(struct stream_clock *c, int64_t mono_ns)
{
    c->base_rtp = c->rtp;
    c->base_mono_ns = mono_ns;
    c->level_ns = c->bias_ns = c->late_since_ns = c->last_arrival_ns = 0;
    c->bin_count = c->bin_next = 0;
    c->bin_open = false;
    c->spread_ns = 0;
}

/* ---- frames ---- */

/* True when the RTP clock jumped back further than frames are reordered. */
static bool extend_rtp(struct stream_clock *c, uint32_t rtp)
{
    int32_t step = (int32_t)(rtp - c->last_rtp32);
    c->rtp += step;
    c->last_rtp32 = rtp;
    return step < -(int64_t)c->clock_hz;
}

/* Does the frame at AT_NS, which came at ARRIVAL_NS, break the line? */
static bool line_broken(struct stream_clock *c, int64_t at_ns, int64_t arrival_ns)
{
    int64_t late_ns = arrival_ns - line_at(c, at_ns);
    if (late_ns < -MISS_NS && arrival_ns < START_NS && late_ns > -LATE_AT_ONCE_NS) {
        c->level_ns += late_ns;
        return false;
    }
    if (late_ns < -MISS_NS || late_ns > LATE_AT_ONCE_NS)
        return true;
    if (late_ns <= MISS_NS) {
        c->late_since_ns = 0;
        return false;
    }
    if (c->late_since_ns == 0) {
        c->late_since_ns = arrival_ns;
        c->late_first_ns = late_ns;
        return false;
    }
    int64_t for_ns = arrival_ns - c->late_since_ns;
    bool steady = llabs(late_ns - c->late_first_ns) < LATE_STEADY_NS;
    return for_ns > LATE_PATIENCE_NS || (steady && for_ns > LATE_LOOK_NS);
}

/* Takes a share of the bias away: what eyes forgive, or more when much is left, half the time that
 * passes at most. */
static void blend(struct stream_clock *c, int64_t arrival_ns)
{
    int64_t passed_ns = arrival_ns - c->last_arrival_ns;
    c->last_arrival_ns = arrival_ns;
    if (passed_ns <= 0)
        return;
    int64_t left_ns = llabs(c->bias_ns);
    int64_t most_ns = arrival_ns < SETTLING_NS ? passed_ns / 5 : passed_ns / 20;
    int64_t share_ns = (int64_t)((double)left_ns * (double)passed_ns / (double)BLEND_NS);
    most_ns = share_ns > most_ns ? share_ns : most_ns;
    most_ns = most_ns > passed_ns / 2 ? passed_ns / 2 : most_ns;
    most_ns = most_ns > left_ns ? left_ns : most_ns;
    c->bias_ns += c->bias_ns > 0 ? -most_ns : most_ns;
}

static int64_t sender_at(const struct stream_clock *c, struct tc_wall arrival)
{
    if (!c->report_good || arrival.ns - c->report_at.ns > REPORT_STALE_NS)
        return 0;
    return c->report_ns + ticks_to_ns(c, c->rtp - c->report_rtp);
}

struct stream_time stream_clock_frame(struct stream_clock *c, uint32_t rtp, struct tc_wall arrival,
                                      struct tc_mono arrival_mono)
{
    bool broken = false;
    if (!c->started) {
        c->rtp = c->last_rtp32 = rtp;
        c->started = true;
        c->wall_minus_mono_ns = arrival.ns - arrival_mono.ns;
        c->last_wall_ns = INT64_MIN;
        start_line(c, arrival_mono.ns);
    } else {
        broken = extend_rtp(c, rtp);
    }
    int64_t wall_minus_mono_ns = arrival.ns - arrival_mono.ns;
    bool stepped = llabs(wall_minus_mono_ns - c->wall_minus_mono_ns) > MISS_NS;
    c->wall_minus_mono_ns = wall_minus_mono_ns;
    int64_t at_ns = ticks_to_ns(c, c->rtp - c->base_rtp);
    int64_t arrival_ns = arrival_mono.ns - c->base_mono_ns;
    if (!broken) {
        note_delay(c, at_ns, arrival_ns);
        broken = line_broken(c, at_ns, arrival_ns);
    }
    if (broken) {
        start_line(c, arrival_mono.ns);
        at_ns = arrival_ns = 0;
        note_delay(c, 0, 0);
        c->report_seen = c->report_good = false;
    }
    blend(c, arrival_ns);
    int64_t wall_ns = c->base_mono_ns + line_at(c, at_ns) + c->bias_ns + wall_minus_mono_ns;
    bool discontinuity = broken || stepped;
    if (!discontinuity && c->last_wall_ns != INT64_MIN && wall_ns < c->last_wall_ns + STEP_MIN_NS)
        wall_ns = c->last_wall_ns + STEP_MIN_NS;
    c->last_wall_ns = wall_ns;
    return (struct stream_time){.rtp = c->rtp,
                                .wall = {wall_ns},
                                .sender = {sender_at(c, arrival)},
                                .discontinuity = discontinuity};
}

/* ---- sender reports ---- */

/* The camera's time between two reports over the stream's, within a fifth of what the line says. */
static bool rate_plausible(const struct stream_clock *c, int64_t sender_ns, int64_t rtp)
{
    int64_t passed_ns = sender_ns - c->report_ns;
    int64_t stream_ns = ticks_to_ns(c, rtp - c->report_rtp);
    if (passed_ns <= 0 || stream_ns <= 0)
        return false;
    double rate = (double)passed_ns / (double)stream_ns / (1 + c->slope);
    return rate > 0.8 && rate < 1.25;
}

void stream_clock_report(struct stream_clock *c, struct tc_wall sender, uint32_t rtp,
                         struct tc_wall arrival)
{
    if (!c->started || sender.ns == 0)
        return;
    int64_t extended = c->rtp + (int32_t)(rtp - c->last_rtp32);
    if (llabs(sender.ns - arrival.ns) > REPORT_NEAR_NS) {
        c->report_seen = c->report_good = false;
        return;
    }
    if (c->report_seen && arrival.ns - c->report_at.ns < TC_NS_PER_S / 2)
        return; /* too soon to say anything about the rate */
    c->report_good = c->report_seen ? rate_plausible(c, sender.ns, extended) : true;
    c->report_seen = true;
    c->report_ns = sender.ns;
    c->report_rtp = extended;
    c->report_at = arrival;
    int64_t ours_ns = c->base_mono_ns + line_at(c, ticks_to_ns(c, extended - c->base_rtp)) +
                      c->wall_minus_mono_ns;
    c->report_offset_ns = sender.ns - ours_ns;
}

bool stream_clock_offset(const struct stream_clock *c, int64_t *ret_offset_ns,
                         int64_t *ret_error_ns)
{
    if (!c->report_good)
        return false;
    *ret_offset_ns = c->report_offset_ns;
    *ret_error_ns = TICK_ERROR_NS + c->spread_ns;
    return true;
}
