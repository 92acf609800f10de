/* SPDX-License-Identifier: Apache-2.0 */
#include "media/clip.h"

#include <stdlib.h>

/* A difference this small between a piece's time and the end of the last one is rounding. */
enum { SNAP_TICKS = 90 };

struct place {
    size_t piece, sample;
};

struct build {
    struct clip *clip;
    const struct clip_piece *pieces;
    size_t count;
    struct tc_wall from, to;
    struct avc_params entries[FMP4_ENTRIES_MAX];
    size_t entry_count;
    /* while the fragments are made */
    uint64_t end_ticks; /* end of what is written, from the clip's first sample */
    bool waiting;       /* for a key frame */
    size_t boxes_taken; /* bytes of `boxes` that an extent covers already */
};

static int64_t piece_end(const struct clip_piece *p)
{
    int64_t ticks = 0;
    for (size_t i = 0; i < p->count; i++)
        ticks += p->samples[i].duration;
    return p->start.ns + fmp4_ns(ticks);
}

/* Do the pictures of B follow on those of A, so that a decoder needs no key frame? */
static bool piece_follows(const struct clip_piece *a, const struct clip_piece *b)
{
    int64_t step = b->start.ns - piece_end(a);
    return step < CLIP_GAP_NS && step > -CLIP_GAP_NS && avc_params_eq(a->params, b->params);
}

/* The key frame to begin with, as the header says. */
static bool find_start(const struct build *b, struct place *ret)
{
    bool have_key = false, reached = false;
    for (size_t p = 0; p < b->count; p++) {
        const struct clip_piece *piece = &b->pieces[p];
        if (p > 0 && !piece_follows(piece - 1, piece))
            have_key = false;
        int64_t ticks = 0;
        for (size_t s = 0; s < piece->count; s++) {
            if (piece->start.ns + fmp4_ns(ticks) >= b->to.ns)
                return false;
            if (piece->samples[s].key) {
                have_key = true;
                *ret = (struct place){p, s};
            }
            ticks += piece->samples[s].duration;
            reached = reached || piece->start.ns + fmp4_ns(ticks) > b->from.ns;
            if (reached && have_key)
                return true;
        }
    }
    return false;
}

/* The number of the sample entry for PARAMS, from 1; 0 when the table is full. */
static uint32_t entry_of(struct build *b, const struct avc_params *params)
{
    for (size_t i = 0; i < b->entry_count; i++) {
        if (avc_params_eq(&b->entries[i], params))
            return (uint32_t)i + 1;
    }
    if (b->entry_count == FMP4_ENTRIES_MAX)
        return 0;
    b->entries[b->entry_count++] = *params;
    return (uint32_t)b->entry_count;
}

static enum tc_err add_extent(struct build *b, struct clip_extent extent)
{
    struct clip *c = b->clip;
    if (c->extent_count == c->extent_cap) {
        size_t cap = c->extent_cap == 0 ? 64 : c->extent_cap * 2;
        struct clip_extent *more = realloc(c->extents, cap * sizeof *more);
        if (more == NULL)
            return TC_E_NOMEM;
        c->extents = more;
        c->extent_cap = cap;
    }
    c->extents[c->extent_count++] = extent;
    c->bytes += extent.bytes;
    return TC_OK;
}

/* Makes what was added to the boxes since the last time the next extent. */
static enum tc_err take_boxes(struct build *b)
{
    struct tc_buf *boxes = &b->clip->boxes;
    if (boxes->err != TC_OK)
        return boxes->err;
    struct clip_extent extent = {
        .source = CLIP_BOXES, .offset = b->boxes_taken, .bytes = boxes->len - b->boxes_taken};
    b->boxes_taken = boxes->len;
    return add_extent(b, extent);
}

static void note_gap(struct clip *c, struct tc_wall from, struct tc_wall to)
{
    if (to.ns - from.ns < CLIP_GAP_NS)
        return;
    if (c->gap_count == CLIP_GAPS_MAX)
        c->gaps[CLIP_GAPS_MAX - 1].to = to;
    else
        c->gaps[c->gap_count++] = (struct clip_gap){from, to};
}

/* One fragment: COUNT samples of PIECE from FIRST on, which begin at wall time AT. */
static enum tc_err add_fragment(struct build *b, const struct clip_piece *piece, size_t first,
                                size_t count, struct tc_wall at)
{
    struct clip *c = b->clip;
    if (c->fragments == 0)
        c->got_from = at;
    else
        note_gap(c, c->got_to, at);
    int64_t ticks = fmp4_ticks(at.ns - c->got_from.ns);
    if (ticks < (int64_t)b->end_ticks + SNAP_TICKS)
        ticks = (int64_t)b->end_ticks;
    struct fmp4_fragment f = {.sequence = c->fragments + 1,
                              .entry = entry_of(b, piece->params),
                              .at = (uint64_t)ticks,
                              .start = at,
                              .samples = piece->samples + first,
                              .count = count};
    TC_TRY(fmp4_fragment_head(&c->boxes, &f));
    TC_TRY(take_boxes(b));
    struct clip_extent payload = {.source = piece->source, .offset = piece->offset};
    for (size_t i = 0; i < first; i++)
        payload.offset += piece->samples[i].size_bytes;
    uint64_t duration = 0;
    for (size_t i = first; i < first + count; i++) {
        payload.bytes += piece->samples[i].size_bytes;
        duration += piece->samples[i].duration;
    }
    b->end_ticks = f.at + duration;
    c->got_to.ns = at.ns + fmp4_ns((int64_t)duration);
    c->fragments++;
    c->samples += (uint32_t)count;
    return add_extent(b, payload);
}

/* The samples of the piece from SAMPLE on that belong to the clip: those after its first key frame
 * when one is awaited, and before `to`. */
static enum tc_err add_piece(struct build *b, const struct clip_piece *piece, size_t sample)
{
    int64_t ticks = 0, first_ticks = 0;
    size_t first = piece->count, end = 0;
    for (size_t i = 0; i < piece->count; i++) {
        if (piece->start.ns + fmp4_ns(ticks) >= b->to.ns)
            break;
        if (i >= sample && first == piece->count && (!b->waiting || piece->samples[i].key)) {
            first = i;
            first_ticks = ticks;
            b->waiting = false;
        }
        ticks += piece->samples[i].duration;
        end = i + 1;
    }
    if (first >= end)
        return TC_OK;
    struct tc_wall at = {piece->start.ns + fmp4_ns(first_ticks)};
    return add_fragment(b, piece, first, end - first, at);
}

static enum tc_err add_init(struct build *b, struct place start, struct tc_errinfo *info)
{
    const struct clip_piece *begin = &b->pieces[start.piece];
    for (size_t p = start.piece; p < b->count && b->pieces[p].start.ns < b->to.ns; p++) {
        if (entry_of(b, b->pieces[p].params) == 0)
            return tc_fail(info, TC_E_LIMIT,
                           "the camera changed its stream's parameters more than %d times; "
                           "ask for a shorter interval",
                           FMP4_ENTRIES_MAX);
    }
    return fmp4_init(&b->clip->boxes, b->entries, b->entry_count, begin->start, info);
}

static enum tc_err build_all(struct build *b, struct tc_errinfo *info)
{
    if (b->to.ns <= b->from.ns)
        return tc_fail(info, TC_E_RANGE, "the clip's end is not after its beginning");
    struct place start = {0};
    if (!find_start(b, &start))
        return tc_fail(info, TC_E_NOT_FOUND, "nothing is recorded in this interval");
    TC_TRY(add_init(b, start, info));
    for (size_t p = start.piece; p < b->count; p++) {
        const struct clip_piece *piece = &b->pieces[p];
        bool first = p == start.piece;
        if (first || !piece_follows(piece - 1, piece))
            b->waiting = true;
        enum tc_err err = add_piece(b, piece, first ? start.sample : 0);
        if (err != TC_OK)
            return tc_fail(info, err, "the clip is too long; ask for a shorter interval");
    }
    return TC_OK;
}

/* FNV-1a, 64 bits. */
static uint64_t fingerprint(struct tc_slice s)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ s.ptr[i]) * UINT64_C(1099511628211);
    return hash;
}

enum tc_err clip_build(struct clip *c, const struct clip_piece *pieces, size_t count,
                       struct tc_wall from, struct tc_wall to, struct tc_errinfo *info)
{
    *c = (struct clip){0};
    tc_buf_init(&c->boxes, CLIP_BOXES_BYTES_MAX);
    struct build b = {.clip = c, .pieces = pieces, .count = count, .from = from, .to = to};
    enum tc_err err = build_all(&b, info);
    if (err != TC_OK) {
        clip_done(c);
        return err;
    }
    c->tag = fingerprint(tc_buf_view(&c->boxes));
    return TC_OK;
}

void clip_done(struct clip *c)
{
    tc_buf_done(&c->boxes);
    free(c->extents);
    *c = (struct clip){0};
}
