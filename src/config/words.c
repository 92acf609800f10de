/* SPDX-License-Identifier: Apache-2.0 */
#include "config/words.h"

#include <string.h>

#include "base/check.h"
#include "base/nearest.h"

struct config_shown config_shown(struct tc_slice text)
{
    struct config_shown shown = {{0}};
    bool cut = text.len >= sizeof shown.s - 3;
    tc_slice_to_str_cut(text, shown.s, cut ? sizeof shown.s - 3 : sizeof shown.s);
    for (char *c = shown.s; *c != 0; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
    }
    if (cut)
        memcpy(shown.s + strlen(shown.s), "...", 4);
    return shown;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool holds_nocase(struct tc_slice word, const char *part)
{
    for (size_t i = 0; i < word.len; i++) {
        if (tc_slice_starts_nocase(tc_slice_sub(word, i, word.len), part))
            return true;
    }
    return false;
}

bool config_word_is_secret(struct tc_slice text)
{
    static const char *const parts[] = {"pass", "pwd",  "secret", "token", "login",
                                        "auth", "cred", "psk",    "crypt"};
    static const char *const words[] = {"key", "pin", "pw", "aes", "code"};
    static const char *const misspelt[] = {"password", "passphrase", "secret", "token", "login"};
    text = tc_slice_trim(text);
    while (text.len > 0 && !is_word_byte(text.ptr[text.len - 1]))
        text.len--;
    size_t start = text.len;
    while (start > 0 && is_word_byte(text.ptr[start - 1]))
        start--;
    struct tc_slice word = tc_slice_sub(text, start, text.len);
    if (tc_nearest(word, misspelt, TC_COUNT(misspelt)) != NULL)
        return true;
    for (size_t i = 0; i < TC_COUNT(parts); i++) {
        if (holds_nocase(word, parts[i]))
            return true;
    }
    for (size_t i = 0; i < TC_COUNT(words); i++) {
        if (tc_slice_eq_nocase(word, tc_slice_str(words[i])))
            return true;
    }
    return false;
}
