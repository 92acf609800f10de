/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the bits of an H.264 NAL unit (ITU-T H.264 clause 7 and 9.1, 9.2): fixed and Exp-Golomb
 * codes, CAVLC blocks of few coefficients, emulation prevention bytes as they become due. The
 * output is bounded: when it is full, `full` is set and the rest is dropped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct sim_bits {
    uint8_t *out; /* borrowed */
    size_t cap;
    size_t len;
    uint64_t acc; /* the low `pending` bits wait for a whole byte */
    unsigned pending;
    unsigned zeros; /* zero bytes just written */
    bool full;
};

/* Begins a NAL unit in OUT with its one header byte. */
void sim_bits_begin(struct sim_bits *b, uint8_t *out, size_t cap, uint8_t nal_header);
/* The low COUNT (0..32) bits of VALUE. */
void sim_bits_put(struct sim_bits *b, uint32_t value, unsigned count);
void sim_bits_ue(struct sim_bits *b, uint32_t value);
void sim_bits_se(struct sim_bits *b, int32_t value);
/* Zero bits up to the next byte. */
void sim_bits_align(struct sim_bits *b);
/* Whole bytes at a byte boundary (asserted). */
void sim_bits_raw(struct sim_bits *b, const uint8_t *bytes, size_t len);
/* The same for bytes that are all above 3, which need no emulation prevention: one copy. */
void sim_bits_raw_plain(struct sim_bits *b, const uint8_t *bytes, size_t len);
/* Stop bit and alignment; returns the whole NAL unit, borrowed from OUT. */
struct tc_slice sim_bits_end(struct sim_bits *b);

enum {
    SIM_BLOCK_COEFFS = 5
}; /* the first places of the zigzag order that this encoder ever uses */

/* One luma block by CAVLC with NC 0 or at least 8 (no other occurs here); at most 4 of COEFFS, in
 * zigzag order, are not 0, each within -1023..1023. */
void sim_bits_luma_block(struct sim_bits *b, const int coeffs[SIM_BLOCK_COEFFS], unsigned nc);
/* A chroma DC block (4:2:0) of which only the first coefficient may differ from 0. */
void sim_bits_chroma_dc(struct sim_bits *b, int coeff);
