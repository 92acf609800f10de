/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin signals`, `events`, `alarms`, `incidents`: lists out of the journal, read where it lies.
 * That works beside a running daemon and on the state of a stopped one alike, and asks nobody's
 * leave but the file system's. */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "cli/site_file.h"
#include "decide/incident_reprint.h"
#include "runtime/clock.h"
#include "store/journal_query.h"

enum { ROWS_MAX = 1000000, FOLLOW_EVERY_MS = 200, PAGE_BYTES_MAX = 8 << 20, COLUMNS_MAX = 9 };

/* A column of the text form: the member's name and how wide it is at least. */
struct column {
    const char *key;
    int width;
};

static const struct list {
    enum cli_verb_id verb;
    enum journal_query_what what;
    const char *change; /* kind of change to follow */
    struct column columns[COLUMNS_MAX];
} lists[] = {
    {CLI_VERB_signals,
     JOURNAL_QUERY_SIGNALS,
     "signal",
     {{"id", 8},
      {"received_at", 27},
      {"panel", 12},
      {"account", 6},
      {"token", 8},
      {"sequence", 5},
      {"peer", 21},
      {"duplicate_of", 1},
      {"raw", 0}}},
    {CLI_VERB_events,
     JOURNAL_QUERY_EVENTS,
     "event",
     {{"id", 8},
      {"at", 27},
      {"type", 24},
      {"state", 8},
      {"zone", 14},
      {"panel", 12},
      {"point", 6},
      {"code", 5},
      {"text", 0}}},
    {CLI_VERB_alarms,
     JOURNAL_QUERY_ALARMS,
     "alarm",
     {{"id", 8},
      {"raised_at", 27},
      {"priority", 1},
      {"type", 24},
      {"condition", 6},
      {"count", 4},
      {"zone", 14},
      {"incident", 6},
      {"text", 0}}},
    {CLI_VERB_incidents,
     JOURNAL_QUERY_INCIDENTS,
     "incident",
     {{"id", 6},
      {"opened_at", 27},
      {"priority", 1},
      {"state", 9},
      {"condition", 6},
      {"type", 24},
      {"zone", 14},
      {"owner", 10},
      {"title", 0}}},
};

struct lister {
    const struct cli_args *args;
    const struct list *list;
    struct cli_site site;
    struct journal_reader *journal;
    struct incident_reprint reprint;
    struct journal_context context;
    struct tc_buf page;
    char path[CLI_PATH_BYTES + 16];
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* ---- one row ---- */

static void add_value(struct tc_buf *out, const json_t *v, int width)
{
    char number[32] = "-";
    const char *text = number;
    if (json_is_string(v))
        text = json_string_value(v);
    else if (json_is_integer(v))
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    size_t start = out->len;
    /* A panel's text must not move the terminal's cursor. */
    for (const char *p = text; *p != '\0'; p++)
        tc_buf_add_u8(out, (unsigned char)*p < 32 || *p == 127 ? '?' : (uint8_t)*p);
    while (width > 0 && out->len - start < (size_t)width)
        tc_buf_add_u8(out, ' ');
}

static void add_row(const struct lister *l, const json_t *row, struct tc_buf *out)
{
    if (cli_given(l->args, CLI_OPT_JSON)) {
        char *text = json_dumps(row, JSON_COMPACT | JSON_PRESERVE_ORDER);
        tc_buf_add_str(out, text == NULL ? "" : text);
        free(text);
        tc_buf_add_u8(out, '\n');
        return;
    }
    for (size_t i = 0; i < COLUMNS_MAX && l->list->columns[i].key != NULL; i++) {
        if (i > 0)
            tc_buf_add_str(out, "  ");
        add_value(out, json_object_get(row, l->list->columns[i].key), l->list->columns[i].width);
    }
    tc_buf_add_u8(out, '\n');
}

/* ---- what was asked for ---- */

static enum tc_err set_time(const struct cli_args *args, enum cli_option_id id, int64_t *ret,
                            struct tc_errinfo *info)
{
    struct tc_wall t = {0};
    if (!cli_given(args, id))
        return TC_OK;
    if (cli_time(args->values[id], clock_wall(), &t) != TC_OK)
        return tc_fail(info, TC_E_FORMAT,
                       "--%s %s is no time; write 2026-01-31T12:00:00Z, @1795349109 or -10m",
                       cli_options[id].name, args->values[id]);
    *ret = t.ns;
    return TC_OK;
}

static enum tc_err read_query(const struct cli_args *args, struct journal_query *q,
                              uint64_t *ret_limit, struct tc_errinfo *info)
{
    /* Who names a time wants all of it. */
    bool timed = cli_given(args, CLI_OPT_FROM) || cli_given(args, CLI_OPT_TO);
    *ret_limit = timed ? ROWS_MAX : JOURNAL_LIMIT_DEFAULT;
    if (cli_given(args, CLI_OPT_LIMIT) &&
        tc_slice_u64(tc_slice_str(args->values[CLI_OPT_LIMIT]), ROWS_MAX, ret_limit) != TC_OK)
        return tc_fail(info, TC_E_RANGE, "--limit %s is no number up to %d",
                       args->values[CLI_OPT_LIMIT], ROWS_MAX);
    TC_TRY(set_time(args, CLI_OPT_FROM, &q->from_ns, info));
    TC_TRY(set_time(args, CLI_OPT_TO, &q->to_ns, info));
    q->panel = tc_slice_str(args->values[CLI_OPT_PANEL]);
    q->account = tc_slice_str(args->values[CLI_OPT_ACCOUNT]);
    q->zone = tc_slice_str(args->values[CLI_OPT_ZONE]);
    q->type = tc_slice_str(args->values[CLI_OPT_TYPE]);
    q->open_alarms = cli_given(args, CLI_OPT_OPEN);
    if (cli_given(args, CLI_OPT_OPEN) != cli_given(args, CLI_OPT_CLOSED))
        q->incidents =
            cli_given(args, CLI_OPT_OPEN) ? JOURNAL_INCIDENTS_OPEN : JOURNAL_INCIDENTS_CLOSED;
    if (q->type.len > 0 && ev_pattern_check(q->type) != TC_OK) {
        const char *near = ev_type_nearest(q->type);
        return tc_fail(info, TC_E_UNKNOWN, "--type %s matches no event type%s%s",
                       args->values[CLI_OPT_TYPE], near == NULL ? "" : "; did you mean ",
                       near == NULL ? "" : near);
    }
    return TC_OK;
}

/* ---- pages ---- */

static enum tc_err parse_page(struct lister *l, json_t **ret, struct tc_errinfo *info)
{
    json_error_t error;
    *ret = json_loadb((const char *)l->page.data, l->page.len, 0, &error);
    return *ret != NULL ? TC_OK
                        : tc_fail(info, TC_E_FORMAT, "the journal's answer: %s", error.text);
}

/* The newest LIMIT rows into ROWS, newest first. */
static enum tc_err collect(struct lister *l, struct journal_query *q, uint64_t limit, json_t *rows,
                           struct tc_errinfo *info)
{
    q->what = l->list->what;
    while (json_array_size(rows) < limit) {
        uint64_t left = limit - json_array_size(rows);
        json_t *page = NULL;
        tc_buf_clear(&l->page);
        struct tc_json j = tc_json(&l->page);
        q->limit = left < JOURNAL_LIMIT_MAX ? (unsigned)left : JOURNAL_LIMIT_MAX;
        TC_TRY(journal_query(l->journal, &l->context, q, &j, info));
        TC_TRY(parse_page(l, &page, info));
        (void)json_array_extend(rows, json_object_get(page, "items"));
        q->after = (uint64_t)json_integer_value(json_object_get(page, "next"));
        json_decref(page);
        if (q->after == 0)
            break;
    }
    return TC_OK;
}

static bool text_is(const json_t *row, const char *key, struct tc_slice wanted)
{
    return wanted.len == 0 ||
           tc_slice_eq(wanted, tc_slice_str(json_string_value(json_object_get(row, key))));
}

/* The filters of Q on a row that came as a change. */
static bool passes(const struct journal_query *q, const json_t *row)
{
    enum ev_type type = EV_NONE;
    (void)!ev_type_by_name(tc_slice_str(json_string_value(json_object_get(row, "type"))), &type);
    return text_is(row, "panel", q->panel) && text_is(row, "account", q->account) &&
           text_is(row, "zone", q->zone) && (q->type.len == 0 || ev_type_matches(q->type, type));
}

static enum tc_err follow_some(struct lister *l, const struct journal_query *q, uint64_t *after,
                               bool *ret_more, struct tc_errinfo *info)
{
    json_t *page = NULL, *change;
    size_t i;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, PAGE_BYTES_MAX);
    tc_buf_clear(&l->page);
    struct tc_json j = tc_json(&l->page);
    TC_TRY(
        journal_query_changes(l->journal, &l->context, *after, JOURNAL_LIMIT_MAX, true, &j, info));
    TC_TRY(parse_page(l, &page, info));
    json_array_foreach(json_object_get(page, "items"), i, change)
    {
        const char *kind = json_string_value(json_object_get(change, "kind"));
        const json_t *row = json_object_get(change, "data");
        if (tc_slice_is(tc_slice_str(kind), l->list->change) && passes(q, row))
            add_row(l, row, &out);
    }
    *after = (uint64_t)json_integer_value(json_object_get(page, "seq"));
    *ret_more = json_is_integer(json_object_get(page, "next"));
    json_decref(page);
    return cli_print(&out) == CLI_EXIT_OK ? TC_OK : TC_E_CLOSED;
}

/* A journal that was stopped when it was opened would never show what a daemon adds. */
static enum tc_err open_again(struct lister *l, struct tc_errinfo *info)
{
    if (!journal_reader_is_fixed(l->journal))
        return TC_OK;
    l->journal = journal_reader_close(l->journal);
    return journal_reader_open(l->path, &l->journal, info);
}

static enum tc_err follow(struct lister *l, const struct journal_query *q, uint64_t after,
                          struct tc_errinfo *info)
{
    (void)signal(SIGINT, on_interrupt);
    (void)signal(SIGTERM, on_interrupt);
    while (interrupted == 0) {
        bool more = false;
        TC_TRY(open_again(l, info));
        TC_TRY(follow_some(l, q, &after, &more, info));
        struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * TC_NS_PER_MS};
        if (!more)
            (void)nanosleep(&pause, NULL);
    }
    return TC_OK;
}

static enum tc_err print_rows(struct lister *l, const json_t *rows)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, (size_t)1 << 30);
    for (size_t i = json_array_size(rows); i-- > 0;)
        add_row(l, json_array_get(rows, i), &out);
    return cli_print(&out) == CLI_EXIT_OK ? TC_OK : TC_E_CLOSED;
}

static enum tc_err run_list(struct lister *l, struct tc_errinfo *info)
{
    struct journal_query q = {0};
    uint64_t limit = 0, last = 0;
    TC_TRY(read_query(l->args, &q, &limit, info));
    TC_TRY(journal_query_last(l->journal, &last, info));
    json_t *rows = json_array();
    enum tc_err err = collect(l, &q, limit, rows, info);
    if (err == TC_OK)
        err = print_rows(l, rows);
    json_decref(rows);
    if (err == TC_OK && cli_given(l->args, CLI_OPT_FOLLOW))
        err = follow(l, &q, last, info);
    return err;
}

/* ---- one incident ---- */

static void add_phases(const json_t *incident, struct tc_buf *out)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(incident, "phases"), key, value)
    {
        tc_buf_add_fmt(out, "  %-12s ", key);
        add_value(out, value, 0);
        tc_buf_add_u8(out, '\n');
    }
}

static void add_parts(const json_t *incident, const char *part, const struct column *columns,
                      size_t n, struct tc_buf *out)
{
    const json_t *rows = json_object_get(incident, part);
    if (json_array_size(rows) > 0)
        tc_buf_add_fmt(out, "%s\n", part);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        tc_buf_add_str(out, "  ");
        for (size_t k = 0; k < n; k++) {
            add_value(out, json_object_get(json_array_get(rows, i), columns[k].key),
                      columns[k].width);
            tc_buf_add_str(out, k + 1 < n ? "  " : "\n");
        }
    }
}

static void add_clips(const json_t *incident, struct tc_buf *out)
{
    const json_t *cameras = json_object_get(incident, "cameras");
    if (json_array_size(cameras) > 0)
        tc_buf_add_str(out, "video\n");
    for (size_t i = 0; i < json_array_size(cameras); i++) {
        const json_t *camera = json_array_get(cameras, i), *clip = json_object_get(camera, "clip");
        tc_buf_add_str(out, "  ");
        add_value(out, json_object_get(camera, "id"), 16);
        tc_buf_add_str(out, "  ");
        add_value(out, json_object_get(clip, "state"), 10);
        tc_buf_add_str(out, "  ");
        add_value(out, json_object_get(clip, "text"), 0);
        tc_buf_add_u8(out, '\n');
    }
}

static void add_incident(const json_t *in, struct tc_buf *out)
{
    static const struct column alarms[] = {{"id", 8},        {"raised_at", 27}, {"type", 24},
                                           {"condition", 6}, {"count", 4},      {"zone", 14},
                                           {"text", 0}};
    static const struct column actions[] = {{"id", 8},      {"commanded_at", 27}, {"verb", 10},
                                            {"target", 16}, {"state", 10},        {"text", 0}};
    static const struct column notes[] = {{"at", 27}, {"user", 12}, {"text", 0}};
    static const char *const heads[] = {"state",       "condition",   "priority", "type",
                                        "zone",        "owner",       "outcome",  "reason",
                                        "alarm_count", "signal_count"};
    tc_buf_add_str(out, "incident ");
    add_value(out, json_object_get(in, "id"), 0);
    tc_buf_add_str(out, "  ");
    add_value(out, json_object_get(in, "title"), 0);
    tc_buf_add_u8(out, '\n');
    for (size_t i = 0; i < TC_COUNT(heads); i++) {
        tc_buf_add_fmt(out, "  %-12s ", heads[i]);
        add_value(out, json_object_get(in, heads[i]), 0);
        tc_buf_add_u8(out, '\n');
    }
    tc_buf_add_str(out, "phases\n");
    add_phases(in, out);
    add_clips(in, out);
    add_parts(in, "alarms", alarms, TC_COUNT(alarms), out);
    add_parts(in, "actions", actions, TC_COUNT(actions), out);
    add_parts(in, "notes", notes, TC_COUNT(notes), out);
}

static enum tc_err run_show(struct lister *l, struct tc_errinfo *info)
{
    uint64_t id = 0;
    json_t *incident = NULL;
    if (tc_slice_u64(tc_slice_str(l->args->arguments[0]), INT64_MAX, &id) != TC_OK)
        return tc_fail(info, TC_E_FORMAT, "%s is no incident's number", l->args->arguments[0]);
    struct tc_json j = tc_json(&l->page);
    TC_TRY(journal_query_incident(l->journal, &l->context, id, &j, info));
    if (cli_given(l->args, CLI_OPT_JSON)) {
        tc_buf_add_u8(&l->page, '\n');
        return cli_print(&l->page) == CLI_EXIT_OK ? TC_OK : TC_E_CLOSED;
    }
    TC_TRY(parse_page(l, &incident, info));
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, PAGE_BYTES_MAX);
    add_incident(incident, &out);
    json_decref(incident);
    return cli_print(&out) == CLI_EXIT_OK ? TC_OK : TC_E_CLOSED;
}

/* ---- the verbs ---- */

/* Names come from the configuration where there is one; lists work without. */
static void take_site(struct lister *l)
{
    struct tc_errinfo ignored = {0};
    if (cli_site_read(l->args, NULL, &l->site, &ignored) == TC_OK)
        l->context.site = l->reprint.site = &l->site.site;
}

static int run(const struct cli_args *args,
               enum tc_err (*fn)(struct lister *l, struct tc_errinfo *info))
{
    struct tc_errinfo info = {0};
    struct lister l = {.args = args};
    for (size_t i = 0; i < TC_COUNT(lists); i++) {
        if (lists[i].verb == args->verb)
            l.list = &lists[i];
    }
    l.context.fold = (struct journal_incident_fold){&l.reprint, incident_reprint_begin,
                                                    incident_reprint_entry, incident_reprint_print};
    tc_buf_init(&l.page, PAGE_BYTES_MAX);
    take_site(&l);
    (void)snprintf(l.path, sizeof(l.path), "%s/journal.db", cli_state_path(args));
    enum tc_err err = journal_reader_open(l.path, &l.journal, &info);
    if (err == TC_OK)
        err = fn(&l, &info);
    l.journal = journal_reader_close(l.journal);
    incident_reprint_done(&l.reprint);
    tc_buf_done(&l.page);
    cli_site_done(&l.site);
    if (err == TC_OK)
        return CLI_EXIT_OK;
    int usage = err == TC_E_FORMAT || err == TC_E_UNKNOWN || err == TC_E_RANGE;
    int failed = info.text[0] == '\0' ? CLI_EXIT_FAILED : cli_failed(&info);
    return usage ? CLI_EXIT_USAGE : failed;
}

int verb_signals(const struct cli_args *args)
{
    return run(args, run_list);
}

int verb_events(const struct cli_args *args)
{
    return run(args, run_list);
}

int verb_alarms(const struct cli_args *args)
{
    return run(args, run_list);
}

int verb_incidents(const struct cli_args *args)
{
    return run(args, args->sub == NULL ? run_list : run_show);
}
