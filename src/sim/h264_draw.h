/* SPDX-License-Identifier: Apache-2.0 */
/* A small H.264 encoder that draws a simulated camera's picture: its name, a clock, a bar code of
 * the time, a moving block of noise that sets the bit rate, and, when asked, a person who walks
 * through. No library, no clock and no chance: the same options and times give the same bytes.
 *
 * Constrained baseline, CAVLC, one slice per picture, one reference picture, output in decoding
 * order. Pictures are exact: brightness and colour decode to the very values that were drawn. A
 * frame costs some tens of microseconds plus a copy of its noise. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
    SIM_DRAW_WIDTH_MIN = 608, /* the clock's width */
    SIM_DRAW_HEIGHT_MIN = 320,
    SIM_DRAW_WIDTH_MAX = 4096,
    SIM_DRAW_HEIGHT_MAX = 2304,
    SIM_DRAW_FPS_MAX = 60,
    SIM_DRAW_GOP_MAX = 600,
    SIM_DRAW_NALS_MAX = 3,
    SIM_DRAW_NAME_BYTES = 64,
};

struct sim_draw_options {
    const char *name;         /* shown, and seeds colours; at most SIM_DRAW_NAME_BYTES - 1 */
    unsigned width, height;   /* pixels, even; 0: 1280x720 */
    unsigned fps;             /* 0: 15 */
    unsigned gop;             /* frames from key frame to key frame; 0: 30 */
    uint64_t bits_per_second; /* aimed at over a GOP, as far as the picture has room for noise; 0:
                                 4,000,000 */
};

struct sim_draw;

/* One picture: its NAL units without start codes. Valid until the next call for this sim_draw. */
struct sim_draw_frame {
    struct tc_slice nals[SIM_DRAW_NALS_MAX]; /* a key frame's first two are SPS and PPS */
    unsigned nal_count;
    bool key;
};

/* TC_E_RANGE for sizes and rates outside the limits above, TC_E_NOMEM. */
enum tc_err sim_draw_new(const struct sim_draw_options *options, struct sim_draw **ret,
                         struct tc_errinfo *info) TC_MUST_USE;
void sim_draw_free(struct sim_draw *d);

/* The next picture, showing UNIX_MS. A key frame when the GOP is full or WANT_KEY. */
void sim_draw_next(struct sim_draw *d, int64_t unix_ms, bool want_key, struct sim_draw_frame *ret);
/* From the next picture on somebody walks through it, or no longer does. */
void sim_draw_set_intruder(struct sim_draw *d, bool on);
/* Valid as long as D. */
struct tc_slice sim_draw_sps(const struct sim_draw *d);
struct tc_slice sim_draw_pps(const struct sim_draw *d);
unsigned sim_draw_fps(const struct sim_draw *d);
