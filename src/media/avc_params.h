/* SPDX-License-Identifier: Apache-2.0 */
/* H.264 parameter sets, as far as a container needs them: the picture's size and the fields that
 * the avcC box repeats (ITU-T H.264 7.3.2.1.1; ISO/IEC 14496-15 5.3.3.1). Nothing is decoded. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { AVC_PARAMS_BYTES_MAX = 1024 }; /* of one SPS or one PPS */

/* One pair of NAL units, header byte included, without start code or length. Borrowed. */
struct avc_params {
    struct tc_slice sps;
    struct tc_slice pps;
};

struct avc_size {
    uint16_t width;  /* pixels, cropping taken off, 1..16384 */
    uint16_t height; /* the same */
    uint8_t profile;
    uint8_t compat;
    uint8_t level;
    uint8_t chroma_format; /* 0..3 */
    uint8_t depth_luma;    /* bits above 8: 0..6 */
    uint8_t depth_chroma;
};

/* Reads the SPS. TC_E_FORMAT when it is none or ends early, TC_E_RANGE for a size outside the
 * limits, TC_E_LIMIT above AVC_PARAMS_BYTES_MAX; *RET unchanged then. */
enum tc_err avc_size(struct tc_slice sps, struct avc_size *ret,
                     struct tc_errinfo *info) TC_MUST_USE;

static inline bool avc_params_eq(const struct avc_params *a, const struct avc_params *b)
{
    return tc_slice_eq(a->sps, b->sps) && tc_slice_eq(a->pps, b->pps);
}
