/* SPDX-License-Identifier: Apache-2.0 */
/* The known word that a misspelt one most likely meant, for errors that offer a fix. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/* Words longer than this are never compared: nobody means a known word with them. */
enum { TC_NEAREST_WORD_BYTES = 64 };

/* Edits (insert, delete, replace, swap two neighbours; ASCII case ignored) that turn A into B.
 * TC_NEAREST_WORD_BYTES + 1 when either is longer than the limit. */
size_t tc_edit_distance(struct tc_slice a, struct tc_slice b);

/* The word of LIST (COUNT strings) nearest to WORD, the first of equals: at most 2 edits or a third
 * of WORD's length away, whichever is more, and always fewer than its length. NULL when none is.
 * Borrowed from LIST. */
const char *tc_nearest(struct tc_slice word, const char *const *list, size_t count);
