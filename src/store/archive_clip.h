/* SPDX-License-Identifier: Apache-2.0 */
/* From the index to a clip: finds the segments of an interval, opens them, reads their sample
 * tables and lets media/clip.h build. The archive process adds what only the ring has and passes
 * the descriptors on; the command line writes the file on a stopped daemon's state. */
#pragma once

#include "media/clip.h"
#include "store/archive_db.h"

enum {
    ARCHIVE_SOURCE_TAIL = 1000000, /* the number of the bytes in `tail` in a clip's extents */
};

struct archive_source {
    int fd;
    uint8_t sps[AVC_PARAMS_BYTES_MAX], pps[AVC_PARAMS_BYTES_MAX];
    struct avc_params params;
};

/* What an interval consists of. Zeroed is valid to `done`. */
struct archive_gather {
    struct tc_wall from, to;
    size_t files_max;
    struct archive_source **sources; /* source number i + 1 */
    size_t source_count, source_cap;
    struct clip_piece *pieces; /* each owns its samples */
    size_t piece_count, piece_cap;
    struct tc_buf tail;
    uint32_t damaged; /* fragments that could not be read and are missing */
    uint32_t missing; /* files that are in the index and not on the disk */
};

/* FILES_MAX: how many descriptors may be held; TAIL_MAX: how many bytes may be copied. */
void archive_gather_init(struct archive_gather *g, struct tc_wall from, struct tc_wall to,
                         size_t files_max, size_t tail_max);
void archive_gather_done(struct archive_gather *g);
/* Adds the part of S that the interval needs, from the last key frame at or before `from`. DIR: the
 * volume's directory. An open segment without fragments is walked. A file that is gone or damaged
 * is counted, not an error. TC_E_LIMIT when there are too many files; TC_E_NOMEM. */
enum tc_err archive_gather_segment(struct archive_gather *g, int dir, struct archive_segment *s,
                                   struct tc_errinfo *info) TC_MUST_USE;
/* Adds COUNT samples whose bytes the caller appended to g->tail just before; copies the table. */
enum tc_err archive_gather_tail(struct archive_gather *g, const struct avc_params *params,
                                struct tc_wall start, const struct fmp4_sample *samples,
                                size_t count, size_t tail_offset,
                                struct tc_errinfo *info) TC_MUST_USE;
/* Everything the index has of CAMERA in the interval. DIR_OF gives a volume's directory, -1 when it
 * is not there (counted as missing). */
enum tc_err archive_gather_index(struct archive_gather *g, struct archive_db *db, uint32_t camera,
                                 int (*dir_of)(void *ctx, uint32_t volume), void *ctx,
                                 struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_gather_build(const struct archive_gather *g, struct clip *c,
                                 struct tc_errinfo *info) TC_MUST_USE;
