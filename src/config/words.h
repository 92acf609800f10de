/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the file as they may be shown, and words that must not be. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct config_shown {
    char s[64];
};

/* TEXT for a message: control characters as "?", at most 60 bytes, then "...". */
struct config_shown config_shown(struct tc_slice text);

/* Does the last word of TEXT, perhaps misspelt, name something like a password (login, key, token,
 * pin)? */
bool config_word_is_secret(struct tc_slice text);
