/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/lex.h"

#include <stdarg.h>
#include <stdio.h>

enum { NAME_SHOWN_BYTES = 60 };

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_-.*:", c) != NULL;
}

static enum tc_err fail_at(struct rule_fault *fault, size_t at, size_t len, const char *code,
                           const char *text)
{
    *fault = (struct rule_fault){.code = code, .at = at, .len = len};
    tc_slice_to_str_cut(tc_slice_str(text), fault->text, sizeof fault->text);
    return TC_E_CONFIG;
}

/* Bytes of the UTF-8 character at AT, 1 for anything else. */
static size_t char_len(struct tc_slice s, size_t at)
{
    size_t len = 1;
    while (at + len < s.len && len < 4 && (s.ptr[at] & 0xC0) == 0xC0 &&
           (s.ptr[at + len] & 0xC0) == 0x80)
        len++;
    return len;
}

enum tc_err lex_clause(struct tc_slice clause, struct lex *ret, struct rule_fault *fault)
{
    *ret = (struct lex){.clause = clause};
    if (clause.len > RULE_CLAUSE_BYTES_MAX)
        return fail_at(fault, 0, clause.len, "too-long", "a clause has at most 256 bytes");
    size_t at = 0;
    while (at < clause.len) {
        if (clause.ptr[at] == ' ' || clause.ptr[at] == '\t') {
            at++;
            continue;
        }
        size_t start = at;
        while (at < clause.len && clause.ptr[at] != 0 && is_word_byte(clause.ptr[at]))
            at++;
        if (at ==
            start) /* any other character is a word of its own: the parser knows what to say */
            at += char_len(clause, at);
        if (ret->count == LEX_WORDS_MAX)
            return fail_at(fault, start, at - start, "too-long", "a clause has at most 32 words");
        ret->words[ret->count++] =
            (struct lex_word){.text = tc_slice_sub(clause, start, at - start), .at = start};
    }
    return TC_OK;
}

const struct lex_word *lex_take(struct lex *l)
{
    return l->next < l->count ? &l->words[l->next++] : NULL;
}

bool lex_take_if(struct lex *l, const char *word)
{
    if (l->next >= l->count || !tc_slice_is(l->words[l->next].text, word))
        return false;
    l->next++;
    return true;
}

enum tc_err lex_fail(const struct lex *l, const struct lex_word *word, struct rule_fault *fault,
                     const char *code, const char *fmt, ...)
{
    *fault = (struct rule_fault){.code = code, .at = l->clause.len};
    if (word != NULL) {
        fault->at = word->at;
        fault->len = word->text.len;
    }
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(fault->text, sizeof fault->text, fmt, args);
    va_end(args);
    return TC_E_CONFIG;
}

enum tc_err lex_fail_unknown(const struct lex *l, const struct lex_word *word,
                             struct rule_fault *fault, const char *kind, struct tc_slice name,
                             const char *nearest)
{
    struct tc_slice shown = tc_slice_sub(name, 0, NAME_SHOWN_BYTES);
    (void)lex_fail(l, word, fault, "unknown-name", "unknown %s \"%.*s\"", kind, TC_FMT(shown));
    if (nearest != NULL) {
        tc_slice_to_str_cut(tc_slice_str(nearest), fault->near, sizeof fault->near);
        (void)snprintf(fault->fix, sizeof fault->fix, "write \"%s\"", nearest);
    }
    return TC_E_CONFIG;
}
