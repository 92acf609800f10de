/* SPDX-License-Identifier: Apache-2.0 */
/* How the pictures come out exact. Every drawn macroblock is Intra 16x16 with DC prediction and no
 * AC: only the 4x4 block of luma DCs and one chroma DC per plane are coded. At QP 28 the scale of
 * the DCs is 64 and the final shift is 6 (clauses 8.5.10, 8.5.12): the residual is the inverse
 * Hadamard transform of what is written, without rounding. With brightnesses that are multiples of
 * 4, four cells of 8x8 pixels need four whole coefficients. Chroma is one value per macroblock,
 * predicted from the left or from above, and a chroma offset of -6 gives it the same scale. Noise
 * is I_PCM whose right column and bottom line are flat, so that what is predicted from it stays
 * simple. Unchanged macroblocks are P_Skip; no vector is ever written, so none is ever predicted.
 */
#include "sim/h264_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "sim/h264_bits.h"
#include "sim/scene.h"

enum { MB_QP = 28, CHROMA_QP_OFFSET = -6, FRAME_NUM_BITS = 8 };
enum { NOISE_KINDS = 64, PCM_BYTES = 384, PCM_LUMA_BYTES = 256, PCM_COST_BYTES = PCM_BYTES + 3 };
enum { TOP_ROWS = 10, NAME_ROW = 1, CLOCK_ROW = 6, TEXT_COL = 1 };
enum { KEY_WEIGHT = 4, MB_BYTES_MAX = 32, PARAMETER_SET_BYTES = 64 };

struct sim_draw {
    struct sim_draw_options options;
    char name[SIM_DRAW_NAME_BYTES];
    struct sim_scene want;       /* what the next picture shall show */
    struct sim_mb *have;         /* what decoders show now */
    struct sim_mb *background;   /* without clock, noise and person */
    uint8_t *above_pcm;          /* per column: the macroblock above is I_PCM in this picture */
    uint8_t (*noise)[PCM_BYTES]; /* NOISE_KINDS patterns */
    uint8_t *out;
    size_t out_cap;
    uint8_t sps[PARAMETER_SET_BYTES], pps[PARAMETER_SET_BYTES];
    size_t sps_len, pps_len;
    int code_x, code_y, code_size;
    int noise_w, noise_h;  /* the block of noise, macroblocks */
    int64_t credit_bits;   /* what this GOP may still spend */
    size_t plain_bytes[2]; /* the last P and key frame without noise */
    uint64_t frame;        /* pictures made */
    unsigned in_gop;       /* pictures since the key frame; 0: none yet */
    uint8_t idr_id;
    bool intruder;
};

/* --- parameter sets, clauses 7.3.2.1, 7.3.2.2, annex E
 * ------------------------------------------------ */

/* Table A-1: macroblocks per second, macroblocks per frame, kbit/s for the baseline profile. */
static const struct {
    uint8_t level;
    uint32_t mbs_per_s, mbs, kbits;
} levels[] = {
    {30, 40500, 1620, 10000},    {31, 108000, 3600, 14000},   {32, 216000, 5120, 20000},
    {40, 245760, 8192, 20000},   {41, 245760, 8192, 50000},   {42, 522240, 8704, 50000},
    {50, 589824, 22080, 135000}, {51, 983040, 36864, 240000}, {52, 2073600, 36864, 240000},
};

static uint8_t level_for(uint32_t mbs, unsigned fps, uint64_t bits_per_second)
{
    for (size_t i = 0; i < TC_COUNT(levels); i++) {
        if (mbs <= levels[i].mbs && mbs * fps <= levels[i].mbs_per_s &&
            bits_per_second <= levels[i].kbits * UINT64_C(1000))
            return levels[i].level;
    }
    return levels[TC_COUNT(levels) - 1].level;
}

static void write_vui(struct sim_bits *b, unsigned fps)
{
    sim_bits_put(b, 1, 1); /* aspect ratio */
    sim_bits_put(b, 1, 8); /* square */
    sim_bits_put(b, 0, 1); /* overscan unspecified */
    sim_bits_put(b, 1, 1); /* video signal type */
    sim_bits_put(b, 5, 3);
    sim_bits_put(b, 0, 1);         /* limited range */
    sim_bits_put(b, 1, 1);         /* colour description */
    sim_bits_put(b, 0x010101, 24); /* BT.709 thrice */
    sim_bits_put(b, 0, 1);         /* chroma location */
    sim_bits_put(b, 1, 1);         /* timing */
    sim_bits_put(b, 1, 32);
    sim_bits_put(b, 2 * fps, 32);
    sim_bits_put(b, 0, 1); /* not a fixed rate */
    sim_bits_put(b, 0, 3); /* no HRD twice, no picture structure */
    sim_bits_put(b, 1, 1); /* bitstream restriction */
    sim_bits_put(b, 1, 1);
    sim_bits_ue(b, 0);
    sim_bits_ue(b, 0);
    sim_bits_ue(b, 10);
    sim_bits_ue(b, 10);
    sim_bits_ue(b, 0); /* nothing is reordered */
    sim_bits_ue(b, 1); /* one picture held */
}

static void write_sps(struct sim_draw *d)
{
    const struct sim_draw_options *o = &d->options;
    unsigned cols = d->want.cols;
    unsigned rows = d->want.rows;
    struct sim_bits b;
    sim_bits_begin(&b, d->sps, sizeof d->sps, 0x67);
    sim_bits_put(&b, 66, 8);   /* baseline */
    sim_bits_put(&b, 0xc0, 8); /* constrained */
    sim_bits_put(&b, level_for(cols * rows, o->fps, o->bits_per_second), 8);
    sim_bits_ue(&b, 0);
    sim_bits_ue(&b, FRAME_NUM_BITS - 4);
    sim_bits_ue(&b, 2); /* picture order is decoding order */
    sim_bits_ue(&b, 1); /* one reference */
    sim_bits_put(&b, 0, 1);
    sim_bits_ue(&b, cols - 1);
    sim_bits_ue(&b, rows - 1);
    sim_bits_put(&b, 1, 1); /* frames only */
    sim_bits_put(&b, 1, 1);
    sim_bits_put(&b, 1, 1); /* cropping, in units of two pixels */
    sim_bits_ue(&b, 0);
    sim_bits_ue(&b, (cols * 16 - o->width) / 2);
    sim_bits_ue(&b, 0);
    sim_bits_ue(&b, (rows * 16 - o->height) / 2);
    sim_bits_put(&b, 1, 1);
    write_vui(&b, o->fps);
    d->sps_len = sim_bits_end(&b).len;
}

static void write_pps(struct sim_draw *d)
{
    struct sim_bits b;
    sim_bits_begin(&b, d->pps, sizeof d->pps, 0x68);
    sim_bits_ue(&b, 0);
    sim_bits_ue(&b, 0);
    sim_bits_put(&b, 0, 2); /* CAVLC, no field order */
    sim_bits_ue(&b, 0);     /* one slice group */
    sim_bits_ue(&b, 0);     /* one active reference */
    sim_bits_ue(&b, 0);
    sim_bits_put(&b, 0, 3); /* no weighting */
    sim_bits_se(&b, MB_QP - 26);
    sim_bits_se(&b, 0);
    sim_bits_se(&b, CHROMA_QP_OFFSET);
    sim_bits_put(&b, 1, 1); /* slices say how to deblock */
    sim_bits_put(&b, 0, 2); /* intra may predict from inter; no redundant pictures */
    d->pps_len = sim_bits_end(&b).len;
}

/* --- macroblocks
 * ------------------------------------------------------------------------------------- */

struct slice_writer {
    struct sim_draw *d;
    struct sim_bits bits;
    bool key;
    bool left_pcm;
    unsigned skipped;
    size_t noise_bytes;
};

static void begin_slice(struct slice_writer *w)
{
    struct sim_draw *d = w->d;
    struct sim_bits *b = &w->bits;
    sim_bits_begin(b, d->out, d->out_cap, w->key ? 0x65 : 0x41);
    sim_bits_ue(b, 0);              /* first macroblock */
    sim_bits_ue(b, w->key ? 7 : 5); /* all slices I, all slices P */
    sim_bits_ue(b, 0);
    sim_bits_put(b, d->in_gop, FRAME_NUM_BITS);
    if (w->key) {
        sim_bits_ue(b, d->idr_id);
        sim_bits_put(b, 0, 2); /* marking: output earlier pictures, short-term reference */
    } else {
        sim_bits_put(b, 0, 1); /* default number of references */
        sim_bits_put(b, 0, 1); /* default order */
        sim_bits_put(b, 0, 1); /* sliding window */
    }
    sim_bits_se(b, 0); /* QP of the PPS */
    sim_bits_ue(b, 1); /* no deblocking */
}

static void put_mb_type(struct slice_writer *w, uint32_t intra_type)
{
    if (!w->key) {
        sim_bits_ue(&w->bits, w->skipped);
        w->skipped = 0;
        intra_type += 5; /* in a P slice the intra types follow the five inter ones */
    }
    sim_bits_ue(&w->bits, intra_type);
}

static void put_noise(struct slice_writer *w, const struct sim_mb *mb)
{
    size_t before = w->bits.len;
    put_mb_type(w, 25);
    sim_bits_align(&w->bits);
    sim_bits_raw_plain(&w->bits, w->d->noise[mb->noise % NOISE_KINDS], PCM_BYTES);
    w->noise_bytes += w->bits.len - before;
}

/* Clause 8.3.3.3: the mean of the line above and the column to the left, as far as they exist. */
static int predict_luma(const struct sim_mb *left, const struct sim_mb *above)
{
    int sum_left = left == NULL ? 0 : 8 * (left->y[1] + left->y[3]);
    int sum_above = above == NULL ? 0 : 8 * (above->y[2] + above->y[3]);
    if (left != NULL && above != NULL)
        return (sum_left + sum_above + 16) >> 5;
    return left == NULL && above == NULL ? 128 : (sum_left + sum_above + 8) >> 4;
}

/* The Hadamard coefficients that come back as the four cells; zigzag places 0, 1, 2 and 4. */
static void transform_cells(const struct sim_mb *mb, int predicted, int coeffs[SIM_BLOCK_COEFFS])
{
    int a = mb->y[0];
    int b = mb->y[1];
    int c = mb->y[2];
    int d = mb->y[3];
    coeffs[0] = (a + b + c + d) / 4 - predicted;
    coeffs[1] = (a - b + c - d) / 4;
    coeffs[2] = (a + b - c - d) / 4;
    coeffs[3] = 0;
    coeffs[4] = (a - b - c + d) / 4;
}

/* Clause 9.2.1: how many coefficients the neighbours have: 16 when I_PCM, else none that count. */
static unsigned neighbour_coeffs(const struct slice_writer *w, unsigned col, unsigned row)
{
    unsigned left = w->left_pcm ? 16 : 0;
    unsigned above = w->d->above_pcm[col] != 0 ? 16 : 0;
    return col > 0 && row > 0 ? (left + above + 1) / 2 : left + above;
}

static void put_cells(struct slice_writer *w, const struct sim_mb *mb, unsigned col, unsigned row)
{
    enum { CHROMA_DC = 0, CHROMA_LEFT = 1, CHROMA_ABOVE = 2 };
    const struct sim_mb *left = col > 0 ? mb - 1 : NULL;
    const struct sim_mb *above = row > 0 ? mb - w->d->want.cols : NULL;
    const struct sim_mb *from = left != NULL ? left : above;
    int u = mb->u - (from == NULL ? 128 : from->u);
    int v = mb->v - (from == NULL ? 128 : from->v);
    bool chroma = u != 0 || v != 0;
    int coeffs[SIM_BLOCK_COEFFS];
    transform_cells(mb, predict_luma(left, above), coeffs);
    put_mb_type(w, 1 + 2 + (chroma ? 4 : 0)); /* Intra 16x16, DC prediction, chroma DC or none */
    sim_bits_ue(&w->bits, left != NULL ? CHROMA_LEFT : above != NULL ? CHROMA_ABOVE : CHROMA_DC);
    sim_bits_se(&w->bits, 0);
    sim_bits_luma_block(&w->bits, coeffs, neighbour_coeffs(w, col, row));
    if (chroma) {
        sim_bits_chroma_dc(&w->bits, u);
        sim_bits_chroma_dc(&w->bits, v);
    }
}

static void put_mb(struct slice_writer *w, unsigned col, unsigned row)
{
    struct sim_draw *d = w->d;
    size_t i = (size_t)row * d->want.cols + col;
    struct sim_mb *have = &d->have[i];
    const struct sim_mb *want = &d->want.mbs[i];
    bool pcm = false;
    if (!w->key && memcmp(have, want, sizeof *have) == 0) {
        w->skipped++;
    } else {
        *have = *want;
        pcm = want->noise != 0;
        if (pcm)
            put_noise(w, have);
        else
            put_cells(w, have, col, row);
    }
    w->left_pcm = pcm;
    d->above_pcm[col] = pcm;
}

static struct tc_slice put_picture(struct sim_draw *d, bool key, size_t *ret_noise_bytes)
{
    struct slice_writer w = {.d = d, .key = key};
    memset(d->above_pcm, 0, d->want.cols);
    begin_slice(&w);
    for (unsigned row = 0; row < d->want.rows; row++) {
        w.left_pcm = false;
        for (unsigned col = 0; col < d->want.cols; col++)
            put_mb(&w, col, row);
    }
    if (w.skipped > 0)
        sim_bits_ue(&w.bits, w.skipped);
    struct tc_slice nal = sim_bits_end(&w.bits);
    TC_ASSERT(!w.bits.full);
    *ret_noise_bytes = w.noise_bytes;
    return nal;
}

/* --- what is in the picture
 * -------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* Sky, ground and two houses in colours of the camera's own. */
static void draw_background(struct sim_draw *d)
{
    uint32_t seed = 2166136261;
    for (const char *c = d->name; *c != '\0'; c++)
        seed = (seed ^ (uint8_t)*c) * 16777619;
    seed |= 1;
    struct sim_scene *s = &d->want;
    int cols = (int)s->cols;
    int rows = (int)s->rows;
    struct sim_colour sky = {160, 150, 116};
    struct sim_colour ground = {96, 118, 128};
    sim_scene_fill(s, 0, 0, cols, rows, sky);
    sim_scene_fill(s, 0, d->code_y - 2, cols, rows, ground);
    for (int i = 0; i < 2; i++) {
        struct sim_colour wall = {(uint8_t)(60 + 4 * (next_random(&seed) % 24)),
                                  (uint8_t)(88 + next_random(&seed) % 80),
                                  (uint8_t)(88 + next_random(&seed) % 80)};
        int height = 4 + (int)(next_random(&seed) % (uint32_t)(rows / 4));
        int x = 2 + i * cols / 2 + (int)(next_random(&seed) % (uint32_t)(cols / 6));
        sim_scene_fill(s, x, d->code_y - 2 - height, cols / 4, height, wall);
    }
    int name_cells = 2 * (cols - 2 * TEXT_COL);
    struct tc_slice name = tc_slice_sub(tc_slice_str(d->name), 0, (size_t)name_cells / 6);
    (void)sim_scene_text(s, TEXT_COL, NAME_ROW, name);
    memcpy(d->background, s->mbs, (size_t)s->cols * s->rows * sizeof *s->mbs);
}

static void draw_clock(struct sim_draw *d, int64_t unix_ms)
{
    char text[32];
    struct tc_civil t = tc_civil_of(unix_ms * TC_NS_PER_MS);
    (void)snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", t.hour, t.minute, t.second,
                   (int)(t.nanosecond / TC_NS_PER_MS));
    (void)sim_scene_text(&d->want, TEXT_COL, CLOCK_ROW, tc_slice_str(text));
    sim_scene_code(&d->want, d->code_x, d->code_y, d->code_size, unix_ms);
}

/* How many macroblocks of noise this picture can pay for. */
static int noise_count(struct sim_draw *d, bool key)
{
    const struct sim_draw_options *o = &d->options;
    int64_t gop_bits = (int64_t)(o->bits_per_second * o->gop / o->fps);
    if (key) {
        d->credit_bits += gop_bits;
        if (d->credit_bits >
            2 * gop_bits) /* more than the picture has room for: forget the surplus */
            d->credit_bits = 2 * gop_bits;
    }
    int64_t frames_left = key ? o->gop : o->gop - d->in_gop;
    int64_t share = d->credit_bits / 8 / (frames_left < 1 ? 1 : frames_left);
    if (key && o->gop > 2 * KEY_WEIGHT)
        share *= KEY_WEIGHT;
    int64_t count = (share - (int64_t)d->plain_bytes[key]) / PCM_COST_BYTES;
    int64_t room = (int64_t)d->noise_w * d->noise_h;
    return (int)(count < 0 ? 0 : count > room ? room : count);
}

/* The block wanders from side to side. In it the first COUNT macroblocks get new noise; the others
 * keep theirs, except in a key frame, where noise would have to be paid for again. */
static void draw_noise(struct sim_draw *d, int count, bool key)
{
    struct sim_scene *s = &d->want;
    int way = (int)s->cols - d->noise_w;
    int step = way == 0 ? 0 : (int)(d->frame / 3 % (unsigned)(2 * way));
    int x0 = step > way ? 2 * way - step : step;
    for (int i = 0; i < d->noise_w * d->noise_h; i++) {
        size_t at = (size_t)(TOP_ROWS + i / d->noise_w) * s->cols + (size_t)(x0 + i % d->noise_w);
        uint8_t pattern = (uint8_t)(1 + (d->frame * 7 + (unsigned)i * 5) % NOISE_KINDS);
        struct sim_mb noise = {
            .y = {SIM_NOISE_EDGE, SIM_NOISE_EDGE, SIM_NOISE_EDGE, SIM_NOISE_EDGE},
            .u = 128,
            .v = 128,
            .noise = pattern};
        if (i < count)
            s->mbs[at] = noise;
        else if (!key && d->have[at].noise != 0)
            s->mbs[at] = d->have[at];
    }
}

static void draw_picture(struct sim_draw *d, int64_t unix_ms, bool key)
{
    struct sim_scene *s = &d->want;
    size_t from = (size_t)TOP_ROWS * s->cols;
    size_t to = (size_t)d->code_y * s->cols;
    memcpy(s->mbs + from, d->background + from, (to - from) * sizeof *s->mbs);
    draw_noise(d, noise_count(d, key), key);
    if (d->intruder) {
        int width = SIM_FIGURE_CELLS * sim_scene_figure_scale(s);
        int way = 2 * (int)s->cols + width;
        int x = (int)(unix_ms / 80 % way) - width; /* 100 pixels a second */
        sim_scene_figure(s, x, d->code_y, (unsigned)(unix_ms / 400 % 2));
    }
    draw_clock(d, unix_ms);
}

void sim_draw_next(struct sim_draw *d, int64_t unix_ms, bool want_key, struct sim_draw_frame *ret)
{
    bool key = want_key || d->in_gop == 0 || d->in_gop >= d->options.gop;
    if (key)
        d->in_gop = 0;
    draw_picture(d, unix_ms, key);
    size_t noise_bytes = 0;
    struct tc_slice picture = put_picture(d, key, &noise_bytes);
    *ret = (struct sim_draw_frame){.key = key};
    if (key) {
        ret->nals[ret->nal_count++] = sim_draw_sps(d);
        ret->nals[ret->nal_count++] = sim_draw_pps(d);
        d->idr_id ^= 1;
    }
    ret->nals[ret->nal_count++] = picture;
    d->plain_bytes[key] = picture.len - noise_bytes;
    d->credit_bits -= 8 * (int64_t)picture.len;
    d->in_gop++;
    d->frame++;
}

/* --- life
 * -------------------------------------------------------------------------------------------- */

static void make_noise(struct sim_draw *d)
{
    uint32_t seed = 0x2545f491;
    for (unsigned k = 0; k < NOISE_KINDS; k++) {
        for (unsigned i = 0; i < PCM_BYTES; i++) {
            bool edge = i >= PCM_LUMA_BYTES || i % 16 == 15 || i / 16 == 15;
            d->noise[k][i] = edge ? SIM_NOISE_EDGE : (uint8_t)(16 + next_random(&seed) % 220);
        }
    }
}

static void size_noise(struct sim_draw *d)
{
    uint64_t frame_bytes = d->options.bits_per_second / 8 / d->options.fps;
    int area = (int)(frame_bytes * KEY_WEIGHT / PCM_COST_BYTES) + 1;
    int band = d->code_y - TOP_ROWS;
    while (d->noise_w < (int)d->want.cols && d->noise_w * d->noise_w < 2 * area)
        d->noise_w++;
    d->noise_h = (area + d->noise_w - 1) / d->noise_w;
    if (d->noise_h > band)
        d->noise_h = band;
}

static enum tc_err check_options(const struct sim_draw_options *o, struct tc_errinfo *info)
{
    if (o->width < SIM_DRAW_WIDTH_MIN || o->width > SIM_DRAW_WIDTH_MAX || o->width % 2 != 0 ||
        o->height < SIM_DRAW_HEIGHT_MIN || o->height > SIM_DRAW_HEIGHT_MAX || o->height % 2 != 0)
        return tc_fail(info, TC_E_RANGE, "picture %ux%u: even sizes from %dx%d to %dx%d", o->width,
                       o->height, SIM_DRAW_WIDTH_MIN, SIM_DRAW_HEIGHT_MIN, SIM_DRAW_WIDTH_MAX,
                       SIM_DRAW_HEIGHT_MAX);
    if (o->fps > SIM_DRAW_FPS_MAX)
        return tc_fail(info, TC_E_RANGE, "%u frames per second: at most %d", o->fps,
                       SIM_DRAW_FPS_MAX);
    if (o->gop > SIM_DRAW_GOP_MAX)
        return tc_fail(info, TC_E_RANGE, "GOP of %u frames: at most %d", o->gop, SIM_DRAW_GOP_MAX);
    if (o->bits_per_second > UINT64_C(200000000))
        return tc_fail(info, TC_E_RANGE, "bit rate: at most 200 Mbit/s");
    if (o->name == NULL || strlen(o->name) >= SIM_DRAW_NAME_BYTES)
        return tc_fail(info, TC_E_RANGE, "a camera's name has at most %d bytes",
                       SIM_DRAW_NAME_BYTES - 1);
    return TC_OK;
}

static enum tc_err allocate(struct sim_draw *d, struct tc_errinfo *info)
{
    size_t mbs = (size_t)d->want.cols * d->want.rows;
    d->out_cap = mbs * MB_BYTES_MAX + (size_t)(d->noise_w * d->noise_h) * PCM_COST_BYTES * 2;
    d->want.mbs = calloc(mbs, sizeof *d->want.mbs);
    d->have = calloc(mbs, sizeof *d->have);
    d->background = calloc(mbs, sizeof *d->background);
    d->above_pcm = calloc(d->want.cols, 1);
    d->noise = calloc(NOISE_KINDS, sizeof *d->noise);
    d->out = malloc(d->out_cap);
    if (d->want.mbs == NULL || d->have == NULL || d->background == NULL || d->above_pcm == NULL ||
        d->noise == NULL || d->out == NULL)
        return tc_fail(info, TC_E_NOMEM, "picture of camera %s", d->name);
    return TC_OK;
}

enum tc_err sim_draw_new(const struct sim_draw_options *options, struct sim_draw **ret,
                         struct tc_errinfo *info)
{
    struct sim_draw_options o = *options;
    o.width = o.width == 0 ? 1280 : o.width;
    o.height = o.height == 0 ? 720 : o.height;
    o.fps = o.fps == 0 ? 15 : o.fps;
    o.gop = o.gop == 0 ? 30 : o.gop;
    o.bits_per_second = o.bits_per_second == 0 ? 4000000 : o.bits_per_second;
    TC_TRY(check_options(&o, info));
    struct sim_draw *d = calloc(1, sizeof *d);
    if (d == NULL)
        return tc_fail(info, TC_E_NOMEM, "picture of camera %s", o.name);
    (void)snprintf(d->name, sizeof d->name, "%s", o.name);
    d->options = o;
    d->options.name = d->name;
    d->want.cols = (o.width + 15) / 16;
    d->want.rows = (o.height + 15) / 16;
    sim_scene_code_place(d->want.cols, d->want.rows, &d->code_x, &d->code_y, &d->code_size);
    size_noise(d);
    enum tc_err err = allocate(d, info);
    if (err != TC_OK) {
        sim_draw_free(d);
        return err;
    }
    make_noise(d);
    draw_background(d);
    write_sps(d);
    write_pps(d);
    *ret = d;
    return TC_OK;
}

void sim_draw_free(struct sim_draw *d)
{
    if (d == NULL)
        return;
    free(d->want.mbs);
    free(d->have);
    free(d->background);
    free(d->above_pcm);
    free(d->noise);
    free(d->out);
    free(d);
}

void sim_draw_set_intruder(struct sim_draw *d, bool on)
{
    d->intruder = on;
}

struct tc_slice sim_draw_sps(const struct sim_draw *d)
{
    return tc_slice(d->sps, d->sps_len);
}

struct tc_slice sim_draw_pps(const struct sim_draw *d)
{
    return tc_slice(d->pps, d->pps_len);
}

unsigned sim_draw_fps(const struct sim_draw *d)
{
    return d->options.fps;
}
