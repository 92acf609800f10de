/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/nearest.h"
#include "rule/lex.h"

/* Documented words that this version cannot carry out. Saying "unknown" would send people to the
 * manual, where they would find them. */
static const char *const later_when[] = {"then",  "and",  "or",     "without", "not",
                                         "of",    "for",  "within", "before",  "after",
                                         "where", "same", "while",  "during"};
static const char *const later_do[] = {"ptz",      "lock",     "unlock", "output", "priority",
                                       "snapshot", "lockdown", "bypass", "arm",    "disarm",
                                       "start",    "stop",     "call"};

static bool is_in(struct tc_slice word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tc_slice_is(word, list[i]))
            return true;
    }
    return false;
}

static enum tc_err fail_later(const struct lex *l, const struct lex_word *word,
                              struct rule_fault *fault)
{
    (void)lex_fail(l, word, fault, "not-yet", "\"%.*s\" is documented but not part of this version",
                   TC_FMT(word->text));
    (void)snprintf(fault->fix, sizeof fault->fix, "remove it");
    return TC_E_CONFIG;
}

/* Nothing may follow; when something does, says what it is. */
static enum tc_err expect_end(struct lex *l, const char *const *later, size_t later_count,
                              const char *known, struct rule_fault *fault)
{
    const struct lex_word *word = lex_take(l);
    if (word == NULL)
        return TC_OK;
    if (is_in(word->text, later, later_count))
        return fail_later(l, word, fault);
    (void)lex_fail(l, word, fault, "unexpected-word", "\"%.*s\" cannot stand here",
                   TC_FMT(word->text));
    (void)snprintf(fault->fix, sizeof fault->fix, "%s", known);
    return TC_E_CONFIG;
}

static enum tc_err parse_pattern(const struct lex *l, const struct lex_word *word, struct rule *r,
                                 struct rule_fault *fault)
{
    r->event_class = EV_CLASS_NONE;
    r->event_type = EV_NONE;
    if (tc_slice_is(word->text, "*"))
        return TC_OK;
    if (ev_type_by_name(word->text, &r->event_type) == TC_OK) {
        r->event_class = ev_type_class(r->event_type);
        return TC_OK;
    }
    for (size_t i = 0; i < ev_type_count(); i++) {
        char branch[EV_TYPE_NAME_BYTES + 2];
        const char *name = ev_class_name(ev_type_class(ev_type_at(i)));
        (void)snprintf(branch, sizeof branch, "%s.*", name);
        if (tc_slice_is(word->text, name))
            return lex_fail_unknown(l, word, fault, "event type", word->text, branch);
        if (!tc_slice_is(word->text, branch))
            continue;
        r->event_class = ev_type_class(ev_type_at(i));
        return TC_OK;
    }
    return lex_fail_unknown(l, word, fault, "event type", word->text, ev_type_nearest(word->text));
}

/* The known name nearest to NAME, or NULL. IDS are the first members of elements of SIZE bytes. */
static const char *nearest_id(struct tc_slice name, const void *array, size_t count, size_t size)
{
    const char **ids = calloc(count + 1, sizeof *ids);
    if (ids == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        ids[i] = (const char *)array + i * size;
    const char *best = tc_nearest(name, ids, count);
    free(ids);
    return best;
}

static int compare_indexes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum tc_err set_zones(struct rule *r, const uint32_t *zones, size_t count)
{
    r->zones = NULL;
    r->zones_count = 0;
    if (count == 0)
        return TC_OK;
    r->zones = calloc(count, sizeof *r->zones);
    if (r->zones == NULL)
        return TC_E_NOMEM;
    memcpy(r->zones, zones, count * sizeof *zones);
    r->zones_count = count;
    qsort(r->zones, count, sizeof *r->zones, compare_indexes);
    return TC_OK;
}

static enum tc_err parse_zone(const struct lex *l, const struct lex_word *word,
                              struct tc_slice name, const struct site *site, struct rule *r,
                              struct rule_fault *fault)
{
    uint32_t zone = site_zone_find(site, name);
    if (zone == SITE_NONE)
        return lex_fail_unknown(
            l, word, fault, "zone", name,
            nearest_id(name, site->zones, site->zones_count, sizeof *site->zones));
    r->scope = RULE_IN_ZONE;
    r->scope_index = zone;
    return set_zones(r, &zone, 1);
}

static enum tc_err parse_area(const struct lex *l, const struct lex_word *word,
                              struct tc_slice name, const struct site *site, struct rule *r,
                              struct rule_fault *fault)
{
    uint32_t area = site_area_find(site, name);
    if (area == SITE_NONE)
        return lex_fail_unknown(
            l, word, fault, "area", name,
            nearest_id(name, site->areas, site->areas_count, sizeof *site->areas));
    r->scope = RULE_IN_AREA;
    r->scope_index = area;
    return set_zones(r, site->areas[area].zones, site->areas[area].zones_count);
}

/* Behind "in": the word zone:ID or area:ID, as a word whose place is that of the ID. */
static enum tc_err parse_scope(struct lex *l, const struct site *site, struct rule *r,
                               struct rule_fault *fault)
{
    const struct lex_word *word = lex_take(l);
    if (word == NULL)
        return lex_fail(l, NULL, fault, "missing-word", "\"in\" needs zone:NAME or area:NAME");
    if (is_in(word->text, later_when, TC_COUNT(later_when)))
        return fail_later(l, word, fault);
    size_t colon = tc_slice_find_byte(word->text, ':');
    struct tc_slice kind = tc_slice_sub(word->text, 0, colon);
    struct tc_slice name = tc_slice_sub(word->text, colon + 1, word->text.len);
    struct lex_word at = {.text = name, .at = word->at + colon + 1};
    if (tc_slice_is(kind, "zone") && name.len > 0)
        return parse_zone(l, &at, name, site, r, fault);
    if (tc_slice_is(kind, "area") && name.len > 0)
        return parse_area(l, &at, name, site, r, fault);
    (void)lex_fail(l, word, fault, "unexpected-word",
                   "\"in\" needs zone:NAME or area:NAME, not \"%.*s\"", TC_FMT(word->text));
    if (colon == word->text.len && site_zone_find(site, kind) != SITE_NONE)
        (void)snprintf(fault->fix, sizeof fault->fix, "write zone:%.*s", TC_FMT(kind));
    else if (colon == word->text.len && site_area_find(site, kind) != SITE_NONE)
        (void)snprintf(fault->fix, sizeof fault->fix, "write area:%.*s", TC_FMT(kind));
    return TC_E_CONFIG;
}

enum tc_err rule_parse_when(struct tc_slice text, const struct site *site, struct rule *out,
                            struct rule_fault *fault)
{
    TC_ASSERT(out->zones == NULL);
    struct lex l;
    struct rule r = *out;
    TC_TRY(lex_clause(text, &l, fault));
    const struct lex_word *word = lex_take(&l);
    if (word == NULL)
        return lex_fail(&l, NULL, fault, "missing-word",
                        "an event type is needed here: \"intrusion.*\", \"fire.smoke\" or \"*\"");
    TC_TRY(tc_slice_to_str(text, r.when, sizeof r.when));
    TC_TRY(parse_pattern(&l, word, &r, fault));
    r.scope = RULE_ANYWHERE;
    r.scope_index = SITE_NONE;
    if (lex_take_if(&l, "in"))
        TC_TRY(parse_scope(&l, site, &r, fault));
    enum tc_err err = expect_end(
        &l, later_when, TC_COUNT(later_when),
        "a pattern is an event type and perhaps \"in zone:NAME\" or \"in area:NAME\"", fault);
    if (err != TC_OK) {
        free(r.zones);
        return err;
    }
    *out = r;
    return TC_OK;
}

static enum tc_err parse_record(struct lex *l, const struct site *site, struct rule_action *a,
                                struct rule_fault *fault)
{
    (void)site;
    const int64_t longest_ns = 86400 * TC_NS_PER_S;
    a->verb = RULE_RECORD;
    a->full = lex_take_if(l, "full");
    if (!lex_take_if(l, "for"))
        return TC_OK;
    const struct lex_word *word = lex_take(l);
    if (word == NULL)
        return lex_fail(l, NULL, fault, "missing-word", "\"for\" needs a duration such as 5m");
    if (tc_duration_parse(word->text, &a->for_ns) != TC_OK)
        return lex_fail(l, word, fault, "bad-value",
                        "\"for\" needs a duration such as 5m, not \"%.*s\"", TC_FMT(word->text));
    if (a->for_ns < TC_NS_PER_S || a->for_ns > longest_ns)
        return lex_fail(l, word, fault, "out-of-range", "\"for\" takes 1s to 24h, not \"%.*s\"",
                        TC_FMT(word->text));
    return TC_OK;
}

static enum tc_err parse_bookmark(struct lex *l, const struct site *site, struct rule_action *a,
                                  struct rule_fault *fault)
{
    (void)l;
    (void)site;
    (void)fault;
    a->verb = RULE_BOOKMARK;
    return TC_OK;
}

static enum tc_err parse_role(const struct lex *l, const struct lex_word *word,
                              struct tc_slice name, struct rule_action *a, struct rule_fault *fault)
{
    const char *names[SITE_ROLE_COUNT];
    for (unsigned i = 0; i < SITE_ROLE_COUNT; i++) {
        names[i] = site_role_name((enum site_role)i);
        if (!tc_slice_is(name, names[i]))
            continue;
        a->verb = RULE_NOTIFY_ROLE;
        a->target = i;
        return TC_OK;
    }
    return lex_fail_unknown(l, word, fault, "role", name, tc_nearest(name, names, TC_COUNT(names)));
}

static enum tc_err parse_notify(struct lex *l, const struct site *site, struct rule_action *a,
                                struct rule_fault *fault)
{
    const struct lex_word *word = lex_take(l);
    if (word == NULL)
        return lex_fail(l, NULL, fault, "missing-word",
                        "\"notify\" needs a user's name, or role:NAME");
    if (tc_slice_starts(word->text, "role:")) {
        struct lex_word at = {.text = tc_slice_sub(word->text, 5, word->text.len),
                              .at = word->at + 5};
        return parse_role(l, &at, at.text, a, fault);
    }
    uint32_t user = site_user_find(site, word->text);
    if (user == SITE_NONE) {
        (void)lex_fail_unknown(
            l, word, fault, "user", word->text,
            nearest_id(word->text, site->users, site->users_count, sizeof *site->users));
        for (unsigned i = 0; i < SITE_ROLE_COUNT; i++) {
            if (tc_slice_is(word->text, site_role_name((enum site_role)i)))
                (void)snprintf(fault->fix, sizeof fault->fix,
                               "write role:%s to notify all who have it",
                               site_role_name((enum site_role)i));
        }
        return TC_E_CONFIG;
    }
    a->verb = RULE_NOTIFY_USER;
    a->target = user;
    return TC_OK;
}

static const struct {
    const char *word;
    enum tc_err (*parse)(struct lex *l, const struct site *site, struct rule_action *a,
                         struct rule_fault *fault);
    const char *known;
} actions[] = {
    {"record", parse_record, "write \"record\", \"record for 5m\" or \"record full for 5m\""},
    {"bookmark", parse_bookmark, "\"bookmark\" stands alone"},
    {"notify", parse_notify, "write one action for each person or role"},
};

enum tc_err rule_parse_action(struct tc_slice text, const struct site *site,
                              struct rule_action *out, struct rule_fault *fault)
{
    struct lex l;
    TC_TRY(lex_clause(text, &l, fault));
    const struct lex_word *word = lex_take(&l);
    if (word == NULL)
        return lex_fail(&l, NULL, fault, "missing-word",
                        "an action is needed here: record, bookmark or notify");
    const char *names[TC_COUNT(actions)];
    for (size_t i = 0; i < TC_COUNT(actions); i++) {
        names[i] = actions[i].word;
        if (!tc_slice_is(word->text, names[i]))
            continue;
        struct rule_action a = {0};
        TC_TRY(actions[i].parse(&l, site, &a, fault));
        TC_TRY(expect_end(&l, later_when, TC_COUNT(later_when), actions[i].known, fault));
        *out = a;
        return TC_OK;
    }
    if (is_in(word->text, later_do, TC_COUNT(later_do)))
        return fail_later(&l, word, fault);
    return lex_fail_unknown(&l, word, fault, "action", word->text,
                            tc_nearest(word->text, names, TC_COUNT(names)));
}
