/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/query.h"

#include "base/check.h"

#define ROLE(name) (1U << SITE_ROLE_##name)
#define OPERATORS  (ROLE(OPERATOR) | ROLE(SUPERVISOR) | ROLE(ADMINISTRATOR))
#define EVERYBODY  (OPERATORS | ROLE(VIEWER) | ROLE(AUDITOR))

struct query {
    struct journal_reader *r;
    const struct journal_context *c;
    struct journal_query q;
    uint64_t id;  /* of the path */
    bool signals; /* may see raw signals */
    struct tc_json j;
    struct tc_errinfo info;
};

typedef enum tc_err query_fn(struct query *q);

static enum tc_err run_list(struct query *q)
{
    return journal_query(q->r, q->c, &q->q, &q->j, &q->info);
}

static enum tc_err run_incident(struct query *q)
{
    return journal_query_incident(q->r, q->c, q->id, &q->j, &q->info);
}

static enum tc_err run_changes(struct query *q)
{
    unsigned limit = q->q.limit == 0 ? JOURNAL_LIMIT_MAX : q->q.limit;
    return journal_query_changes(q->r, q->c, q->q.after, limit, q->signals, &q->j, &q->info);
}

/* Core has decided already; this row is the second lock on the same door. */
static const struct {
    const char *route;
    uint32_t roles;
    query_fn *fn;
    enum journal_query_what what;
} routes[] = {
    {"signals", OPERATORS | ROLE(AUDITOR), run_list, JOURNAL_QUERY_SIGNALS},
    {"events", EVERYBODY, run_list, JOURNAL_QUERY_EVENTS},
    {"alarms", EVERYBODY, run_list, JOURNAL_QUERY_ALARMS},
    {"incidents", EVERYBODY, run_list, JOURNAL_QUERY_INCIDENTS},
    {"incident", EVERYBODY, run_incident, JOURNAL_QUERY_COUNT},
    {"incident_get", EVERYBODY, run_incident, JOURNAL_QUERY_COUNT},
    {"bookmarks", EVERYBODY, run_list, JOURNAL_QUERY_BOOKMARKS},
    {"audit", ROLE(ADMINISTRATOR) | ROLE(AUDITOR), run_list, JOURNAL_QUERY_AUDIT},
    {"stream", EVERYBODY, run_changes, JOURNAL_QUERY_COUNT},
    {"changes_since", EVERYBODY, run_changes, JOURNAL_QUERY_COUNT},
    {"changes", EVERYBODY, run_changes, JOURNAL_QUERY_COUNT},
};

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    default:
        return "Service Unavailable";
    }
}

unsigned query_problem(struct tc_buf *out, unsigned status, const char *detail)
{
    tc_buf_clear(out);
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "type", "about:blank");
    tc_json_kv_str(&j, "title", title_of(status));
    tc_json_kv_u64(&j, "status", status);
    tc_json_kv_str(&j, "detail", detail);
    tc_json_obj_end(&j);
    return status;
}

static enum tc_err read_params(struct query *q, unsigned count, struct tc_slice tail)
{
    for (unsigned i = 0; i < count; i++) {
        struct tc_slice name, value;
        if (msg_param_next(&tail, &name, &value) != TC_OK)
            return tc_fail(&q->info, TC_E_FORMAT, "parameters are damaged");
        if (!tc_slice_is(name, "id"))
            TC_TRY(journal_query_param(&q->q, name, value, &q->info));
        else if (tc_slice_u64(value, INT64_MAX, &q->id) != TC_OK)
            return tc_fail(&q->info, TC_E_FORMAT, "id: not \"%.*s\"", TC_FMT(value));
    }
    return TC_OK;
}

static size_t find_route(const char *name)
{
    size_t i = 0;
    while (i < TC_COUNT(routes) && strcmp(routes[i].route, name) != 0)
        i++;
    return i;
}

static unsigned status_of(enum tc_err err)
{
    switch (err) {
    case TC_OK:
        return 200;
    case TC_E_NOT_FOUND:
        return 404;
    case TC_E_FORMAT:
    case TC_E_RANGE:
    case TC_E_UNKNOWN:
        return 400;
    default:
        return 503;
    }
}

unsigned query_answer(struct journal_reader *r, const struct journal_context *c,
                      const struct msg_query *m, struct tc_slice tail, struct tc_buf *out,
                      bool *ret_broken)
{
    size_t at = find_route(m->route_name);
    *ret_broken = false;
    if (at == TC_COUNT(routes))
        return query_problem(out, 404, "no such list");
    uint32_t role = m->role < SITE_ROLE_COUNT ? 1U << m->role : 0;
    if ((routes[at].roles & role) == 0)
        return query_problem(out, 403, "your role may not see this");
    struct query q = {.r = r, .c = c, .signals = (routes[0].roles & role) != 0};
    tc_buf_clear(out);
    q.j = tc_json(out);
    enum tc_err err = read_params(&q, m->params, tail);
    if (routes[at].what != JOURNAL_QUERY_COUNT)
        q.q.what = routes[at].what;
    if (err == TC_OK)
        err = routes[at].fn(&q);
    unsigned status = status_of(err);
    *ret_broken = status == 503;
    return err == TC_OK ? status : query_problem(out, status, q.info.text);
}
