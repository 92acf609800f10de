/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "base/check.h"

enum { WIDTH = TC_NEAREST_WORD_BYTES + 1 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table from the two above it. */
static void fill_row(struct tc_slice a, struct tc_slice b, size_t i, const size_t *before,
                     const size_t *above, size_t *row)
{
    row[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
        uint8_t ca = lower(a.ptr[i - 1]);
        uint8_t cb = lower(b.ptr[j - 1]);
        row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (ca != cb));
        if (i > 1 && j > 1 && ca == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == cb)
            row[j] = least(row[j], before[j - 2] + 1);
    }
}

size_t tc_edit_distance(struct tc_slice a, struct tc_slice b)
{
    if (a.len > TC_NEAREST_WORD_BYTES || b.len > TC_NEAREST_WORD_BYTES)
        return TC_NEAREST_WORD_BYTES + 1;
    size_t rows[3][WIDTH];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++)
        fill_row(a, b, i, rows[(i + 1) % 3], rows[(i - 1) % 3], rows[i % 3]);
    return rows[a.len % 3][b.len];
}

const char *tc_nearest(struct tc_slice word, const char *const *list, size_t count)
{
    const char *best = NULL;
    size_t allowed = word.len / 3 > 2 ? word.len / 3 : 2;
    size_t best_edits = allowed + 1;
    for (size_t i = 0; i < count; i++) {
        size_t edits = tc_edit_distance(word, tc_slice_str(list[i]));
        if (edits < best_edits && edits < word.len) {
            best = list[i];
            best_edits = edits;
        }
    }
    return best;
}
