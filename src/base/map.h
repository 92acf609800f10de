/* SPDX-License-Identifier: Apache-2.0 */
/* From a byte key to a 32-bit number (mostly: a position in the owner's array). Keys are not
 * stored: the owner compares, so an entry costs 12 bytes. Order of insertion never shows, so what
 * is built upon it stays deterministic. Invariant: fewer than 3/4 of the cells are in use, deleted
 * ones included. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct tc_map {
    uint64_t *hashes; /* 0: empty, 1: deleted */
    uint32_t *values;
    size_t cap;
    size_t used; /* live and deleted */
    size_t live;
};

enum { TC_MAP_NONE = -1 };

void tc_map_done(struct tc_map *m);
/* FNV-1a, never 0 or 1. Chain parts by passing the last result as SEED; start with TC_MAP_SEED. */
#define TC_MAP_SEED UINT64_C(0xcbf29ce484222325)
uint64_t tc_map_hash(uint64_t seed, struct tc_slice part);
/* The value for which IS_IT(ctx, value) holds among those with this hash, or TC_MAP_NONE. */
int64_t tc_map_find(const struct tc_map *m, uint64_t hash,
                    bool (*is_it)(const void *ctx, uint32_t value), const void *ctx);
/* Adds without looking whether it is there. TC_E_NOMEM, unchanged then. */
enum tc_err tc_map_add(struct tc_map *m, uint64_t hash, uint32_t value) TC_MUST_USE;
/* Removes the pair, if it is there. */
void tc_map_remove(struct tc_map *m, uint64_t hash, uint32_t value);
void tc_map_clear(struct tc_map *m);
