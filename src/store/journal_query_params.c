/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/check.h"
#include "store/journal_query.h"

enum param_type { PARAM_CURSOR, PARAM_LIMIT, PARAM_TIME, PARAM_TEXT, PARAM_STATE, PARAM_BOOL };

static const struct {
    const char *name;
    enum param_type type;
    size_t offset;
} params[] = {
    {"after", PARAM_CURSOR, offsetof(struct journal_query, after)},
    {"limit", PARAM_LIMIT, offsetof(struct journal_query, limit)},
    {"from", PARAM_TIME, offsetof(struct journal_query, from_ns)},
    {"to", PARAM_TIME, offsetof(struct journal_query, to_ns)},
    {"panel", PARAM_TEXT, offsetof(struct journal_query, panel)},
    {"account", PARAM_TEXT, offsetof(struct journal_query, account)},
    {"zone", PARAM_TEXT, offsetof(struct journal_query, zone)},
    {"type", PARAM_TEXT, offsetof(struct journal_query, type)},
    {"state", PARAM_STATE, offsetof(struct journal_query, incidents)},
    {"open", PARAM_BOOL, offsetof(struct journal_query, open_alarms)},
};

static enum tc_err set_time(int64_t *field, struct tc_slice value)
{
    uint64_t seconds = 0;
    struct tc_wall t = {0};
    if (tc_slice_starts(value, "@")) {
        TC_TRY(tc_slice_u64(tc_slice_sub(value, 1, value.len), INT64_MAX / TC_NS_PER_S, &seconds));
        *field = (int64_t)seconds * TC_NS_PER_S;
        return TC_OK;
    }
    TC_TRY(tc_wall_parse(value, &t));
    *field = t.ns;
    return TC_OK;
}

static enum tc_err set_state(enum journal_incidents *field, struct tc_slice value)
{
    static const struct {
        const char *word;
        enum journal_incidents state;
    } words[] = {{"all", JOURNAL_INCIDENTS_ALL},
                 {"open", JOURNAL_INCIDENTS_OPEN},
                 {"closed", JOURNAL_INCIDENTS_CLOSED}};
    for (size_t i = 0; i < TC_COUNT(words); i++) {
        if (tc_slice_is(value, words[i].word)) {
            *field = words[i].state;
            return TC_OK;
        }
    }
    return TC_E_FORMAT;
}

static enum tc_err set_limit(unsigned *field, struct tc_slice value)
{
    uint64_t limit = 0;
    TC_TRY(tc_slice_u64(value, JOURNAL_LIMIT_MAX, &limit));
    if (limit == 0)
        return TC_E_RANGE;
    *field = (unsigned)limit;
    return TC_OK;
}

static enum tc_err set_bool(bool *field, struct tc_slice value)
{
    bool yes = tc_slice_is(value, "1") || tc_slice_is(value, "true");
    if (!yes && !tc_slice_is(value, "0") && !tc_slice_is(value, "false"))
        return TC_E_FORMAT;
    *field = yes;
    return TC_OK;
}

static enum tc_err set_param(enum param_type type, void *field, struct tc_slice value)
{
    switch (type) {
    case PARAM_CURSOR:
        return tc_slice_u64(value, INT64_MAX, field);
    case PARAM_LIMIT:
        return set_limit(field, value);
    case PARAM_TIME:
        return set_time(field, value);
    case PARAM_TEXT:
        *(struct tc_slice *)field = value;
        return TC_OK;
    case PARAM_STATE:
        return set_state(field, value);
    case PARAM_BOOL:
        return set_bool(field, value);
    }
    return TC_E_UNKNOWN;
}

enum tc_err journal_query_param(struct journal_query *q, struct tc_slice name,
                                struct tc_slice value, struct tc_errinfo *info)
{
    for (size_t i = 0; i < TC_COUNT(params); i++) {
        if (!tc_slice_is(name, params[i].name))
            continue;
        enum tc_err err = set_param(params[i].type, (uint8_t *)q + params[i].offset, value);
        return err == TC_OK ? TC_OK
                            : tc_fail(info, err, "%s: not \"%.*s\"", params[i].name, TC_FMT(value));
    }
    return tc_fail(info, TC_E_UNKNOWN, "%.*s: no such parameter", TC_FMT(name));
}
