/* SPDX-License-Identifier: Apache-2.0 */
/* Fragmented MP4, as Tocsin writes it: one H.264 track, one fragment after the other.
 *
 * A file is ftyp + moov (no samples in it), then fragments: prft, moof, mdat. The prft says the UTC
 * time of the fragment's first sample, so that a file whose index is lost still knows when its
 * pictures were taken. Samples are in decoding order and shown in it (cameras send no B-frames);
 * each carries its own duration. Boxes only: sample bytes go behind a fragment's head unread, from
 * wherever they lie. Sources: ISO/IEC 14496-12 (boxes, 8.16.5 prft), 14496-15 (avc1, avcC), RFC
 * 6381 (codecs string). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "media/avc_params.h"

enum {
    FMP4_TIMESCALE = 90000,  /* ticks a second */
    FMP4_SAMPLES_MAX = 8192, /* in one fragment */
    FMP4_ENTRIES_MAX = 32,   /* sample entries (generations of parameters) in one file */
    FMP4_INIT_BYTES_MAX = 80 * 1024,
    FMP4_CODEC_TEXT_BYTES = 12,
};
#define FMP4_PAYLOAD_BYTES_MAX (UINT32_C(1) << 30) /* of one fragment */

/* One access unit: NAL units with 4-byte lengths. */
struct fmp4_sample {
    uint32_t size_bytes;
    uint32_t duration; /* ticks */
    bool key;
};

struct fmp4_fragment {
    uint32_t sequence; /* 1, 2, 3... in its file */
    uint32_t entry;    /* which sample entry, from 1 */
    uint64_t at;       /* ticks from the file's beginning to the first sample */
    struct tc_wall start;
    const struct fmp4_sample *samples;
    size_t count; /* 1..FMP4_SAMPLES_MAX */
};

/* Nanoseconds to ticks and back, to the nearest; for negative values too. Ticks up to INT64_MAX /
 * 11112. */
int64_t fmp4_ticks(int64_t ns);
int64_t fmp4_ns(int64_t ticks);

/* Appends ftyp and moov for COUNT (1..FMP4_ENTRIES_MAX) sets of parameters, sample entry 1 first.
 * CREATED goes into the headers, to the second. Errors: those of avc_size and of the buffer; bytes
 * may have been appended then. */
enum tc_err fmp4_init(struct tc_buf *out, const struct avc_params *entries, size_t count,
                      struct tc_wall created, struct tc_errinfo *info) TC_MUST_USE;

/* Appends prft, moof and the mdat's header; the samples' bytes belong right behind. TC_E_LIMIT for
 * no samples, too many, too many bytes, or a full buffer. */
enum tc_err fmp4_fragment_head(struct tc_buf *out, const struct fmp4_fragment *f) TC_MUST_USE;
/* How many bytes that appends for COUNT samples. */
size_t fmp4_head_bytes(size_t count);

/* "avc1.64001F" for a browser's codecs parameter; "" when SPS is too short. OUT holds
 * FMP4_CODEC_TEXT_BYTES. */
const char *fmp4_codec(struct tc_slice sps, char *out);
