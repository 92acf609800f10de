/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back what media/fmp4.h writes, from a disk that may have lost power in the middle.
 *
 * Strict: a fragment is whole (its head parses, sizes agree, all its bytes are there) or it is the
 * end of the file. Nothing read here is trusted; loops and memory are bounded by the limits of
 * fmp4.h. Files of other makers are refused, not guessed at. */
#pragma once

#include "media/fmp4.h"

/* What the bytes before a file's first fragment say. */
struct fmp4_init_info {
    struct avc_params entries[FMP4_ENTRIES_MAX]; /* borrowed from the input */
    size_t count;
};

/* IN: ftyp and moov, whole. TC_E_FORMAT with the offset when it is not of our form; *RET is then
 * undefined. */
enum tc_err fmp4_init_parse(struct tc_slice in, struct fmp4_init_info *ret,
                            struct tc_errinfo *info) TC_MUST_USE;

struct fmp4_head {
    uint32_t sequence;
    uint32_t entry;
    uint64_t at; /* ticks from the file's beginning */
    struct tc_wall start;
    uint32_t count;
    size_t head_bytes;      /* prft to the mdat's header, included */
    uint32_t payload_bytes; /* right behind */
    uint64_t duration;      /* ticks, of all samples */
    bool first_is_key;
};

/* IN begins at a prft and reaches to the payload at least. Fills SAMPLES (room for MAX; NULL: only
 * *RET). TC_E_FORMAT, TC_E_LIMIT (more than MAX samples); *RET is then undefined. */
enum tc_err fmp4_head_parse(struct tc_slice in, struct fmp4_head *ret, struct fmp4_sample *samples,
                            size_t max, struct tc_errinfo *info) TC_MUST_USE;

/* Where a file's bytes come from. READ gives exactly LEN bytes from AT or fails. */
struct fmp4_input {
    void *ctx;
    enum tc_err (*read)(void *ctx, uint64_t at, void *out, size_t len);
    uint64_t bytes; /* the file's length */
};

/* Walks a file from fragment to fragment. Zeroed is valid to `done`. */
struct fmp4_walk {
    struct fmp4_input in;
    uint64_t at; /* end of the last whole fragment (or of the init): what to keep after a crash */
    struct tc_buf buf; /* the init, then each head; what was parsed from it is borrowed from here */
};

/* Reads the init into *RET, which stays valid until the first fmp4_walk_next. On error *W is ready
 * for `done`. */
enum tc_err fmp4_walk_init(struct fmp4_walk *w, struct fmp4_input in, struct fmp4_init_info *ret,
                           struct tc_errinfo *info) TC_MUST_USE;
/* Starts at AT, where a fragment begins, without reading the init. */
void fmp4_walk_init_at(struct fmp4_walk *w, struct fmp4_input in, uint64_t at);
void fmp4_walk_done(struct fmp4_walk *w);
/* The next fragment, which begins at *BEGIN. TC_E_NOT_FOUND at the end of what is whole (w->at says
 * where; INFO why, when bytes are left over); an error of READ as it is. */
enum tc_err fmp4_walk_next(struct fmp4_walk *w, struct fmp4_head *ret, uint64_t *begin,
                           struct tc_errinfo *info) TC_MUST_USE;
