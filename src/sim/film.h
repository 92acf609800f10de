/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded H.264 stream (Annex B) as a row of pictures, to be sent in a loop. Read once, shared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct sim_film;

/* One picture's NAL units without start codes, borrowed from the film. */
struct sim_picture {
    const struct tc_slice *nals;
    size_t nal_count;
    bool key;
};

enum { SIM_FILM_BYTES_MAX = 1 << 30 };

/* Maps the file at PATH. TC_E_FORMAT: no Annex B, no parameter sets or no key frame; TC_E_LIMIT:
 * larger than SIM_FILM_BYTES_MAX; file errors. Pictures before the first key frame are left out. */
enum tc_err sim_film_open(const char *path, struct sim_film **ret,
                          struct tc_errinfo *info) TC_MUST_USE;
void sim_film_close(struct sim_film *f);
size_t sim_film_length(const struct sim_film *f);
/* Picture N, counted over and over. */
struct sim_picture sim_film_picture(const struct sim_film *f, uint64_t n);
/* The first parameter sets; valid as long as F. */
struct tc_slice sim_film_sps(const struct sim_film *f);
struct tc_slice sim_film_pps(const struct sim_film *f);
