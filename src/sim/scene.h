/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's picture as a coarse mosaic, and the pens that draw on it: macroblocks of 16x16 pixels,
 * each four cells of 8x8 with a brightness of their own, one colour, or noise. Brightnesses are
 * multiples of 4, which lets the encoder hit them exactly (h264_draw.c). Knows no codec and no
 * clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Eight bytes, so that two can be compared at once. */
struct sim_mb {
    uint8_t y[4]; /* left to right, top to bottom; all SIM_NOISE_EDGE when noise */
    uint8_t u, v;
    uint8_t noise; /* 0: none; else which of the noise patterns */
    uint8_t spare; /* 0 */
};

enum { SIM_NOISE_EDGE = 128 };

struct sim_scene {
    unsigned cols, rows; /* macroblocks */
    struct sim_mb *mbs;  /* row by row; owned by who made the scene */
};

struct sim_colour {
    uint8_t y, u, v;
};

/* Fills a rectangle given in macroblocks; clipped. */
void sim_scene_fill(struct sim_scene *s, int x, int y, int w, int h, struct sim_colour colour);
/* Sets one 8x8 cell's brightness (cell coordinates are twice a macroblock's); clipped; noise ends
 * there. */
void sim_scene_cell(struct sim_scene *s, int x, int y, uint8_t luma);
/* Text in a font of 5x7 cells with one cell between, white on black, X and Y in macroblocks.
 * Letters are shown as capitals; what the font lacks is a box. Returns the number of cells it is
 * wide. */
unsigned sim_scene_text(struct sim_scene *s, int x, int y, struct tc_slice text);

/* The bar code: 64 squares, 16 wide and 4 high, white for 1, most significant first: 48 bits of UTC
 * milliseconds and a CRC-16. SIZE is a square's side in macroblocks. */
enum { SIM_CODE_COLS = 16, SIM_CODE_ROWS = 4 };
void sim_scene_code(struct sim_scene *s, int x, int y, int size, int64_t unix_ms);
/* Reads it back from a picture's luma plane (STRIDE bytes per line, decoded at its own size), at
 * the place where a camera of that size draws it. TC_E_CHECKSUM when there is none, *RET unchanged
 * then. */
enum tc_err sim_scene_code_read(const uint8_t *luma, unsigned stride, unsigned width,
                                unsigned height, int64_t *ret_unix_ms) TC_MUST_USE;
/* Where the code stands in a picture of that size, in macroblocks. */
void sim_scene_code_place(unsigned cols, unsigned rows, int *x, int *y, int *size);

/* A walking person of 6x16 cells (times the scale, which is 2 in tall pictures), feet on the
 * macroblock line Y, X in cells; PHASE alternates the legs. */
enum { SIM_FIGURE_CELLS = 6 };
int sim_scene_figure_scale(const struct sim_scene *s);
void sim_scene_figure(struct sim_scene *s, int x_cells, int y, unsigned phase);
