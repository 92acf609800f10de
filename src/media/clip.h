/* SPDX-License-Identifier: Apache-2.0 */
/* A clip: an interval of one camera's recording as an MP4 of its own, made without touching a
 * picture.
 *
 * The caller gives what there is as pieces: runs of samples whose bytes lie in one source (a
 * segment file, a copy of the ring's tail) one behind the other. The clip is a list of extents: new
 * boxes, which lie in `boxes`, and the samples' bytes, where they are. Putting the extents behind
 * each other gives the file.
 *
 * Rules
 * - It begins at the last key frame at or before `from` from which pictures lead up to it without a
 * gap, else at the first key frame after. It ends with the last frame that begins before `to`.
 * - Times are the pieces' wall times: a hole in the recording is a hole in the clip, and is listed.
 * After a hole, and where the parameters change, pictures go on at a key frame. New parameters are
 * a further sample entry. Time never runs backwards: pieces that say so (the clock was set back)
 * follow on directly.
 * - The same pieces and interval give the same bytes. */
#pragma once

#include "media/fmp4.h"

enum {
    CLIP_BOXES = 0, /* the source number of `boxes`; the caller's begin at 1 */
    CLIP_GAPS_MAX = 64,
    CLIP_BOXES_BYTES_MAX = 64 * 1024 * 1024,
};
/* A hole or a jump of this length or more is a gap. */
#define CLIP_GAP_NS (500 * TC_NS_PER_MS)

struct clip_piece {
    uint32_t source;
    uint64_t offset; /* of the first sample's bytes in the source */
    struct tc_wall start;
    const struct avc_params *params;
    const struct fmp4_sample *samples;
    size_t count;
};

/* Of fixed layout: the list travels between processes. */
struct clip_extent {
    uint32_t source;
    uint32_t reserved; /* 0 */
    uint64_t offset;
    uint64_t bytes;
};

struct clip_gap {
    struct tc_wall from, to;
};

struct clip {
    struct tc_buf boxes;
    struct clip_extent *extents;
    size_t extent_count;
    uint64_t bytes;                  /* of the whole file */
    uint64_t tag;                    /* fingerprint of the boxes, which hold every size and time */
    struct tc_wall got_from, got_to; /* first frame's time; end of the last one */
    uint32_t fragments, samples;
    struct clip_gap gaps[CLIP_GAPS_MAX];
    size_t
        gap_count; /* listed; when there were more, the last one reaches to the end of the last */
    size_t extent_cap;
};

/* Builds *C, which needs no preparation. PIECES in the order of recording. TC_E_NOT_FOUND when no
 * key frame lies in the interval, TC_E_RANGE when TO is not after FROM, TC_E_LIMIT for more than
 * FMP4_ENTRIES_MAX sets of parameters or too many boxes. After an error *C is empty. */
enum tc_err clip_build(struct clip *c, const struct clip_piece *pieces, size_t count,
                       struct tc_wall from, struct tc_wall to, struct tc_errinfo *info) TC_MUST_USE;
void clip_done(struct clip *c);
