/* SPDX-License-Identifier: Apache-2.0 */
/* The rule language in its first form: text into struct rule, and the question whether a rule
 * answers an event. Pure: the same text and the same site give the same rule.
 *
 *   when   = pattern [ "in" ("zone" | "area") ":" id ]
 *   pattern = "*" | class ".*" | type               intrusion.*   fire.smoke
 *   action = "record" ["full"] ["for" duration] | "bookmark" | "notify" ("role:" role | user)
 *
 * Words are separated by blanks. Words of the documented language that this version does not have
 * yet (then, and, while, ptz, ...) are an error that says so. Limits: a clause is at most
 * RULE_CLAUSE_BYTES_MAX bytes; "for" takes 1 s to 24 h. */
#pragma once

#include "model/site.h"

enum { RULE_CLAUSE_BYTES_MAX = RULE_WHEN_BYTES - 1 };

/* What is wrong with a clause, where (bytes in the clause), and what was probably meant. */
struct rule_fault {
    const char *code; /* stable word; static */
    size_t at, len;   /* within the clause; len may be 0 at its end */
    char text[200];
    char near[72];
    char fix[200];
};

/* Fills OUT's when, pattern, scope and zones. The names are those of SITE (zones and areas must be
 * there). TC_E_CONFIG (*FAULT filled) or TC_E_NOMEM; then OUT is unchanged. OUT must hold no zones
 * before. */
enum tc_err rule_parse_when(struct tc_slice text, const struct site *site, struct rule *out,
                            struct rule_fault *fault) TC_MUST_USE;
/* TC_E_CONFIG, *FAULT filled and *OUT unchanged. */
enum tc_err rule_parse_action(struct tc_slice text, const struct site *site,
                              struct rule_action *out, struct rule_fault *fault) TC_MUST_USE;

/* Does the rule answer an event of TYPE in ZONE (an index, or SITE_NONE for an event without a
 * zone)? */
bool rule_matches(const struct rule *r, enum ev_type type, uint32_t zone);
/* The action as it would be written, cut to SIZE: "record full for 5m". */
void rule_action_text(const struct rule_action *a, const struct site *site, char *out, size_t size);
