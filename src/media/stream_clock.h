/* SPDX-License-Identifier: Apache-2.0 */
/* When a camera's frame was, by this machine's clock.
 *
 * Nothing that says so can be believed alone. Arrival times come in steps (packets are read in
 * batches, about every 100 ms) and late when the network stalls. RTP timestamps are even but their
 * clock drifts, wraps, jumps, and some cameras stamp a declared frame rate which they do not
 * deliver (72 s in "60 s"). Sender reports carry the camera's own idea of the time, which may be
 * hours off, late, or absent.
 *
 * So: time = line through the earliest arrivals. Per half second the smallest (arrival - RTP) is
 * kept, for the last eight seconds; the line's slope is the median of the slopes between all pairs,
 * which neither steps nor a stall moves, and its level the lowest of them. Changes of the line are
 * blended in over some two seconds, so frames stay evenly spaced.
 *
 * A frame that the line misses by more than 0.5 s starts a new line and is a discontinuity: at once
 * when it came too early, jumped back or is over 10 s late; after 0.6 s of steady lateness (the
 * encoder had paused) or 1.5 s of changing lateness else (a stalled network catches up meanwhile).
 * Times grow by at least 1 ms from frame to frame, except over a discontinuity.
 *
 * Sender reports give the second clock, `sender`: used when within 10 minutes of their arrival,
 * growing, and with a rate within a fifth of the stream's.
 *
 * Pure: all times are arguments. One per stream, no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { STREAM_CLOCK_BINS = 16 };

struct stream_clock_bin {
    int64_t at_ns;    /* RTP time since the base */
    int64_t delay_ns; /* arrival since the base - at_ns */
};

struct stream_clock {
    uint32_t clock_hz;
    bool started;
    uint32_t last_rtp32;
    int64_t rtp; /* extended over wraps */
    /* the base of the line */
    int64_t base_rtp;
    int64_t base_mono_ns;
    /* the line: arrival = at + level + slope * at, blended by bias */
    double slope;
    int64_t level_ns;
    int64_t bias_ns;
    int64_t last_arrival_ns;
    int64_t late_since_ns; /* 0: not late */
    int64_t late_first_ns;
    struct stream_clock_bin bins[STREAM_CLOCK_BINS];
    unsigned bin_count, bin_next;
    bool bin_open;
    int64_t bin_end_ns;
    struct stream_clock_bin bin;
    int64_t spread_ns; /* how far the earliest arrivals scatter about the line */
    /* output */
    int64_t last_wall_ns;
    int64_t wall_minus_mono_ns;
    /* sender reports */
    bool report_seen, report_good;
    int64_t report_rtp, report_ns;
    int64_t report_offset_ns; /* camera's clock - ours, at the report */
    struct tc_wall report_at;
};

struct stream_time {
    int64_t rtp;           /* extended; may jump at a discontinuity */
    struct tc_wall wall;   /* by our clock */
    struct tc_wall sender; /* by the camera's; 0 = not known */
    bool discontinuity;
};

/* CLOCK_HZ under 1000: 90000. */
void stream_clock_init(struct stream_clock *c, uint32_t clock_hz);
/* The times of the next frame in decoding order. */
struct stream_time stream_clock_frame(struct stream_clock *c, uint32_t rtp, struct tc_wall arrival,
                                      struct tc_mono arrival_mono);
/* A sender report: SENDER is its NTP time (0: none), RTP the same instant by the stream's clock. */
void stream_clock_report(struct stream_clock *c, struct tc_wall sender, uint32_t rtp,
                         struct tc_wall arrival);
/* The camera's clock minus ours, and how wrong that may be. False when it is not known. */
bool stream_clock_offset(const struct stream_clock *c, int64_t *ret_offset_ns,
                         int64_t *ret_error_ns);
