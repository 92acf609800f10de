/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>

void tc_map_done(struct tc_map *m)
{
    free(m->hashes);
    free(m->values);
    *m = (struct tc_map){0};
}

uint64_t tc_map_hash(uint64_t seed, struct tc_slice part)
{
    uint64_t h = seed;
    for (size_t i = 0; i < part.len; i++)
        h = (h ^ part.ptr[i]) * UINT64_C(0x100000001b3);
    h = (h ^ 0xff) * UINT64_C(0x100000001b3); /* the part's end */
    return h < 2 ? h + 2 : h;
}

/* The low bits of FNV are its worst: spread them before they choose a cell. */
static size_t first_cell(const struct tc_map *m, uint64_t hash)
{
    return (size_t)((hash ^ (hash >> 29)) * UINT64_C(0xbf58476d1ce4e5b9) >> 20) & (m->cap - 1);
}

int64_t tc_map_find(const struct tc_map *m, uint64_t hash,
                    bool (*is_it)(const void *ctx, uint32_t value), const void *ctx)
{
    if (m->cap == 0)
        return TC_MAP_NONE;
    for (size_t i = first_cell(m, hash); m->hashes[i] != 0; i = (i + 1) & (m->cap - 1)) {
        if (m->hashes[i] == hash && is_it(ctx, m->values[i]))
            return m->values[i];
    }
    return TC_MAP_NONE;
}

static void put(struct tc_map *m, uint64_t hash, uint32_t value)
{
    size_t i = first_cell(m, hash);
    while (m->hashes[i] != 0)
        i = (i + 1) & (m->cap - 1);
    m->hashes[i] = hash;
    m->values[i] = value;
    m->used++;
    m->live++;
}

static enum tc_err grow(struct tc_map *m)
{
    size_t cap = m->cap == 0 ? 16 : m->live * 2 > m->cap / 2 ? m->cap * 2 : m->cap;
    struct tc_map wider = {.cap = cap};
    wider.hashes = calloc(cap, sizeof *wider.hashes);
    wider.values = calloc(cap, sizeof *wider.values);
    if (wider.hashes == NULL || wider.values == NULL) {
        tc_map_done(&wider);
        return TC_E_NOMEM;
    }
    for (size_t i = 0; i < m->cap; i++) {
        if (m->hashes[i] > 1)
            put(&wider, m->hashes[i], m->values[i]);
    }
    tc_map_done(m);
    *m = wider;
    return TC_OK;
}

enum tc_err tc_map_add(struct tc_map *m, uint64_t hash, uint32_t value)
{
    if ((m->used + 1) * 4 > m->cap * 3)
        TC_TRY(grow(m));
    put(m, hash, value);
    return TC_OK;
}

void tc_map_remove(struct tc_map *m, uint64_t hash, uint32_t value)
{
    if (m->cap == 0)
        return;
    for (size_t i = first_cell(m, hash); m->hashes[i] != 0; i = (i + 1) & (m->cap - 1)) {
        if (m->hashes[i] == hash && m->values[i] == value) {
            m->hashes[i] = 1;
            m->live--;
            return;
        }
    }
}

void tc_map_clear(struct tc_map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        m->hashes[i] = 0;
    m->used = m->live = 0;
}
