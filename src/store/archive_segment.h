/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of one file of the archive: whose it is, when, where, and its fragments.
 *
 * Invariants: fragments lie in the file's order without holes, the first at `init_bytes`; the last
 * ends at `bytes`; the first begins with a key frame. Path and hold names are made here and nowhere
 * else, so that the index can be made again from the names and the files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "media/avc_params.h"

enum {
    ARCHIVE_CAMERA_BYTES = 48 + 1,
    ARCHIVE_PATH_BYTES = 128, /* <camera>/<yyyy>/<mm>/<dd>/<hh>/<utc-start>.mp4 */
    ARCHIVE_FRAGMENTS_MAX = 4096,
};
/* No segment lasts longer: what a query must look back by. */
#define ARCHIVE_SEGMENT_MAX_NS (10 * 60 * TC_NS_PER_S)

struct archive_fragment {
    uint64_t offset; /* of its head in the file */
    uint32_t bytes;  /* head and payload */
    uint32_t samples;
    int64_t start_ns;
    uint64_t ticks; /* how long, in 1/90000 s */
    bool key;       /* its first sample is a key frame */
};

/* Zeroed is valid to `done`. */
struct archive_segment {
    int64_t number;  /* row in the index; 0: none yet */
    uint32_t camera; /* numbers that the index gave */
    uint32_t volume;
    int64_t start_ns, end_ns;
    uint64_t bytes;
    uint32_t init_bytes;
    bool open; /* being written, or left so by a crash */
    bool held;
    char path[ARCHIVE_PATH_BYTES]; /* below the volume's directory */
    uint8_t sps[AVC_PARAMS_BYTES_MAX], pps[AVC_PARAMS_BYTES_MAX];
    uint16_t sps_bytes, pps_bytes;
    struct archive_fragment *fragments;
    size_t count, cap;
};

void archive_segment_done(struct archive_segment *s);
/* Views of the parameters, borrowed from S. */
struct avc_params archive_segment_params(const struct archive_segment *s);
/* Copies them in. TC_E_LIMIT when one is empty or too long; unchanged then. */
enum tc_err archive_segment_set_params(struct archive_segment *s,
                                       const struct avc_params *params) TC_MUST_USE;
/* Appends what follows at s->bytes and moves bytes and end_ns on. TC_E_LIMIT, TC_E_NOMEM; unchanged
 * then. */
enum tc_err archive_segment_add(struct archive_segment *s,
                                const struct archive_fragment *f) TC_MUST_USE;
/* The end of a fragment. */
int64_t archive_fragment_end(const struct archive_fragment *f);

/* The fragments as a few bytes each, for a column. */
void archive_fragments_encode(const struct archive_segment *s, struct tc_buf *out);
/* Reads that back; fills init_bytes, fragments and count. TC_E_CORRUPT when it is not in order,
 * adds up to more than s->bytes, or is too long; S then has no fragments. */
enum tc_err archive_fragments_decode(struct archive_segment *s, struct tc_slice in) TC_MUST_USE;
/* The parameters as one column, and back. */
void archive_params_encode(const struct archive_segment *s, struct tc_buf *out);
enum tc_err archive_params_decode(struct archive_segment *s, struct tc_slice in) TC_MUST_USE;

/* "gate/2026/11/22/12/20261122T120509.123Z.mp4"; COPY above 0 adds "-COPY" before the dot, for a
 * second file of the same millisecond. OUT holds ARCHIVE_PATH_BYTES. Returns OUT. */
const char *archive_path(const char *camera, struct tc_wall start, unsigned copy, char *out);
/* Is NAME (the last part of a path) such a name? Then its time, to the millisecond. */
bool archive_name_parse(const char *name, struct tc_wall *ret);
/* "holds/17" and "holds/17/gate-20261122T120509.123Z.mp4". */
const char *archive_hold_dir(uint64_t incident, char *out);
const char *archive_hold_path(uint64_t incident, const char *path, char *out);
