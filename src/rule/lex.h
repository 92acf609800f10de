/* SPDX-License-Identifier: Apache-2.0 */
/* A clause of the rule language as words. */
#pragma once

#include "rule/rule.h"

enum { LEX_WORDS_MAX = 32 };

struct lex_word {
    struct tc_slice text; /* borrowed from the clause */
    size_t at;
};

struct lex {
    struct tc_slice clause;
    struct lex_word words[LEX_WORDS_MAX];
    size_t count;
    size_t next; /* index of the word to be read */
};

/* Splits the clause at blanks; a character that is no part of a word is one by itself. TC_E_CONFIG
 * with *FAULT when it is too long or has too many words. */
enum tc_err lex_clause(struct tc_slice clause, struct lex *ret,
                       struct rule_fault *fault) TC_MUST_USE;
/* Takes the next word; NULL at the end. */
const struct lex_word *lex_take(struct lex *l);
/* Takes the next word only when it is WORD. */
bool lex_take_if(struct lex *l, const char *word);

/* Fills FAULT at a word (NULL: behind the clause's last character) and returns TC_E_CONFIG. */
enum tc_err lex_fail(const struct lex *l, const struct lex_word *word, struct rule_fault *fault,
                     const char *code, const char *fmt, ...) TC_PRINTF(5, 6);
/* The same for a name nobody knows; NEAREST may be NULL. */
enum tc_err lex_fail_unknown(const struct lex *l, const struct lex_word *word,
                             struct rule_fault *fault, const char *kind, struct tc_slice name,
                             const char *nearest);
