/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/scene.h"

#include <ctype.h>

#include "base/check.h"

enum { BLACK = 16, WHITE = 236, NEUTRAL = 128 };

static struct sim_mb *mb_at(struct sim_scene *s, int x, int y)
{
    if (x < 0 || y < 0 || x >= (int)s->cols || y >= (int)s->rows)
        return NULL;
    return &s->mbs[(unsigned)y * s->cols + (unsigned)x];
}

void sim_scene_fill(struct sim_scene *s, int x, int y, int w, int h, struct sim_colour c)
{
    TC_ASSERT(c.y % 4 == 0);
    for (int row = y; row < y + h; row++) {
        for (int col = x; col < x + w; col++) {
            struct sim_mb *mb = mb_at(s, col, row);
            if (mb != NULL)
                *mb = (struct sim_mb){.y = {c.y, c.y, c.y, c.y}, .u = c.u, .v = c.v};
        }
    }
}

void sim_scene_cell(struct sim_scene *s, int x, int y, uint8_t luma)
{
    TC_ASSERT(luma % 4 == 0);
    struct sim_mb *mb = x < 0 || y < 0 ? NULL : mb_at(s, x / 2, y / 2);
    if (mb == NULL)
        return;
    mb->noise = 0;
    mb->y[(y % 2) * 2 + x % 2] = luma;
}

/* --- text
 * -------------------------------------------------------------------------------------------- */

enum { GLYPH_ROWS = 7, GLYPH_COLS = 5, GLYPH_PITCH = 6, TEXT_MB_ROWS = 4 };

/* Five bits a row, the left column highest. */
static const struct {
    char c;
    uint8_t rows[GLYPH_ROWS];
} glyphs[] = {
    {' ', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {'-', {0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}},
    {'/', {0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x10}},
    {':', {0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00}},
    {'_', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1f}},
    {'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}},
    {'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'2', {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}},
    {'3', {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e}},
    {'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}},
    {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
    {'6', {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}},
    {'7', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}},
    {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}},
    {'A', {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'B', {0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e}},
    {'C', {0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e}},
    {'D', {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e}},
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}},
    {'F', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10}},
    {'G', {0x0e, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0f}},
    {'H', {0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'J', {0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0c}},
    {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}},
    {'M', {0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11}},
    {'N', {0x11, 0x11, 0x19, 0x15, 0x13, 0x11, 0x11}},
    {'O', {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}},
    {'P', {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}},
    {'Q', {0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d}},
    {'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
    {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}},
    {'T', {0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}},
    {'V', {0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04}},
    {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x15, 0x0a}},
    {'X', {0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11}},
    {'Y', {0x11, 0x11, 0x11, 0x0a, 0x04, 0x04, 0x04}},
    {'Z', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f}},
};

static const uint8_t glyph_box[GLYPH_ROWS] = {0x1f, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1f};

static const uint8_t *glyph_of(uint8_t c)
{
    for (size_t i = 0; i < TC_COUNT(glyphs); i++) {
        if (glyphs[i].c == toupper(c))
            return glyphs[i].rows;
    }
    return glyph_box;
}

unsigned sim_scene_text(struct sim_scene *s, int x, int y, struct tc_slice text)
{
    unsigned cells = (unsigned)text.len * GLYPH_PITCH;
    const struct sim_colour black = {BLACK, NEUTRAL, NEUTRAL};
    sim_scene_fill(s, x, y, (int)(cells + 1) / 2, TEXT_MB_ROWS, black);
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t *rows = glyph_of(text.ptr[i]);
        for (int bit = 0; bit < GLYPH_ROWS * GLYPH_COLS; bit++) {
            int row = bit / GLYPH_COLS;
            int col = bit % GLYPH_COLS;
            if ((rows[row] >> (GLYPH_COLS - 1 - col) & 1) != 0)
                sim_scene_cell(s, 2 * x + (int)i * GLYPH_PITCH + col, 2 * y + row, WHITE);
        }
    }
    return cells;
}

/* --- bar code
 * ---------------------------------------------------------------------------------------- */

enum { CODE_BITS = SIM_CODE_COLS * SIM_CODE_ROWS, CODE_TIME_BITS = 48 };

/* CRC-16/CCITT over the time's six bytes, so that a reader knows a code from a wall. */
static uint16_t crc16(uint64_t time_bits)
{
    uint32_t crc = 0xffff;
    for (int bit = CODE_TIME_BITS - 1; bit >= 0; bit--) {
        uint32_t top = (crc >> 15 ^ (uint32_t)(time_bits >> bit)) & 1;
        crc = (crc << 1 ^ (top != 0 ? 0x1021U : 0U)) & 0xffff;
    }
    return (uint16_t)crc;
}

void sim_scene_code_place(unsigned cols, unsigned rows, int *x, int *y, int *size)
{
    *size = cols >= 2 * SIM_CODE_COLS + 2 && rows >= 40 ? 2 : 1;
    *x = 1;
    *y = (int)rows - 1 - SIM_CODE_ROWS * *size;
}

void sim_scene_code(struct sim_scene *s, int x, int y, int size, int64_t unix_ms)
{
    uint64_t time_bits = (uint64_t)unix_ms & ((UINT64_C(1) << CODE_TIME_BITS) - 1);
    uint64_t bits = time_bits << 16 | crc16(time_bits);
    for (int i = 0; i < CODE_BITS; i++) {
        bool one = (bits >> (CODE_BITS - 1 - i) & 1) != 0;
        struct sim_colour colour = {one ? WHITE : BLACK, NEUTRAL, NEUTRAL};
        sim_scene_fill(s, x + i % SIM_CODE_COLS * size, y + i / SIM_CODE_COLS * size, size, size,
                       colour);
    }
}

enum tc_err sim_scene_code_read(const uint8_t *luma, unsigned stride, unsigned width,
                                unsigned height, int64_t *ret_unix_ms)
{
    int x;
    int y;
    int size;
    sim_scene_code_place((width + 15) / 16, (height + 15) / 16, &x, &y, &size);
    uint64_t bits = 0;
    for (int i = 0; i < CODE_BITS; i++) {
        /* the middle of the square */
        unsigned px = (unsigned)((x + i % SIM_CODE_COLS * size) * 16 + size * 8);
        unsigned py = (unsigned)((y + i / SIM_CODE_COLS * size) * 16 + size * 8);
        if (px >= width || py >= height)
            return TC_E_CHECKSUM;
        bits = bits << 1 | (luma[(size_t)py * stride + px] >= NEUTRAL);
    }
    if (crc16(bits >> 16) != (bits & 0xffff))
        return TC_E_CHECKSUM;
    *ret_unix_ms = (int64_t)(bits >> 16);
    return TC_OK;
}

/* --- the walking person
 * ------------------------------------------------------------------------------ */

enum { FIGURE_CELL_COLS = 6, FIGURE_CELL_ROWS = 16 };

int sim_scene_figure_scale(const struct sim_scene *s)
{
    return s->rows >= 40 ? 2 : 1;
}

static const uint8_t figure_body[FIGURE_CELL_ROWS - 6] = {0x0c, 0x1e, 0x1e, 0x0c, 0x1e,
                                                          0x3f, 0x3f, 0x2d, 0x2d, 0x1e};
static const uint8_t figure_legs[2][6] = {
    {0x1e, 0x1e, 0x12, 0x33, 0x21, 0x21},
    {0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0e},
};

void sim_scene_figure(struct sim_scene *s, int x_cells, int y, unsigned phase)
{
    int scale = sim_scene_figure_scale(s);
    int top = 2 * y - FIGURE_CELL_ROWS * scale;
    for (int i = 0; i < FIGURE_CELL_ROWS * scale * FIGURE_CELL_COLS * scale; i++) {
        int x = i % (FIGURE_CELL_COLS * scale);
        int row = i / (FIGURE_CELL_COLS * scale);
        int line = row / scale;
        uint8_t bits = line < 10 ? figure_body[line] : figure_legs[phase % 2][line - 10];
        if ((bits >> (FIGURE_CELL_COLS - 1 - x / scale) & 1) != 0)
            sim_scene_cell(s, x_cells + x, top + row, BLACK);
    }
}
