/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reader.h"

#include <inttypes.h>

#include "config/config.h"
#include "decide/incident_reprint.h"
#include "reader/query.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "store/db.h"

/* The sandbox leaves us standing in the state directory. */
static const char journal_path[] = "journal.db";

enum { ANSWER_PART_BYTES = 56000, ANSWER_BYTES_MAX = 4 << 20 };

struct reader {
    struct process *process;
    struct site site;
    bool has_site;
    struct journal_reader *journal; /* NULL until core has made it, or after an error */
    struct incident_reprint reprint;
    struct journal_context context;
    struct tc_buf answer;
    struct tc_mono deadline;
    uint64_t queries, refused, failed, cut;
    int64_t query_ns_sum, query_ns_max;
};

static bool spent(void *ctx)
{
    struct reader *rd = ctx;
    bool over = clock_mono().ns >= rd->deadline.ns;
    rd->cut += over;
    return over;
}

static bool open_journal(struct reader *rd)
{
    struct tc_errinfo info = {0};
    if (rd->journal != NULL)
        return true;
    if (journal_reader_open(journal_path, &rd->journal, &info) == TC_OK)
        return true;
    log_warn("%s", info.text);
    return false;
}

static unsigned answer_query(struct reader *rd, const struct msg_query *q, struct tc_slice tail)
{
    bool broken = false;
    if (!open_journal(rd))
        return query_problem(&rd->answer, 503, "the journal cannot be read now; try again");
    struct tc_mono began = clock_mono();
    rd->deadline.ns = began.ns + READER_BUDGET_MS * TC_NS_PER_MS;
    unsigned status = query_answer(rd->journal, &rd->context, q, tail, &rd->answer, &broken);
    int64_t took = clock_mono().ns - began.ns;
    rd->query_ns_sum += took;
    rd->query_ns_max = took > rd->query_ns_max ? took : rd->query_ns_max;
    if (!broken && journal_reader_is_fixed(rd->journal))
        rd->journal = journal_reader_close(rd->journal);
    if (broken) {
        log_error("%s: %.*s", q->route_name, TC_FMT(tc_buf_view(&rd->answer)));
        rd->journal = journal_reader_close(rd->journal);
        rd->failed++;
    }
    return status;
}

static void send_answer(struct reader *rd, uint64_t request, unsigned status)
{
    struct channel *web = process_link(rd->process, TC_ROLE_WEB);
    struct tc_slice all = tc_buf_view(&rd->answer);
    size_t at = 0;
    enum tc_err err = web == NULL ? TC_E_CLOSED : TC_OK;
    do {
        struct tc_slice part = tc_slice_sub(all, at, ANSWER_PART_BYTES);
        at += part.len;
        struct msg_answer body = {.request = request, .status = status, .more = at < all.len};
        if (err == TC_OK)
            err = channel_send(web, MSG_ANSWER, &body, part);
    } while (at < all.len && err == TC_OK);
    if (err != TC_OK)
        log_warn("an answer for web was not taken (%s), dropping it", tc_err_text(err));
}

static void on_query(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct reader *rd = process_user(ctx);
    const struct msg_query *q = m->body;
    unsigned status = answer_query(rd, q, m->tail);
    rd->queries++;
    rd->refused += status >= 400 && status < 500;
    send_answer(rd, q->request, status);
}

/* A query is answered within its message: there is nothing to call off. */
static void on_cancel(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
}

static const struct channel_handler handlers[] = {
    {MSG_QUERY, on_query},
    {MSG_CANCEL, on_cancel},
    {0, NULL},
};

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct reader *rd = process_user(p);
    rd->process = p;
    db_before_sandbox();
    tc_buf_init(&rd->answer, ANSWER_BYTES_MAX);
    struct config_report report;
    enum tc_err err =
        config_load(process_config(p), process_setup(p)->site_file, &rd->site, &report);
    config_report_done(&report);
    if (err != TC_OK)
        return tc_fail(info, err, "the configuration does not read: %s", tc_err_text(err));
    rd->has_site = true;
    rd->reprint.site = &rd->site;
    rd->context = (struct journal_context){
        .site = &rd->site,
        .fold = {&rd->reprint, incident_reprint_begin, incident_reprint_entry,
                 incident_reprint_print},
        .spent = spent,
        .spent_ctx = rd,
    };
    return TC_OK;
}

static void counter(struct tc_buf *out, const char *name, uint64_t value)
{
    tc_buf_add_fmt(out, "# TYPE tocsin_reader_%s counter\ntocsin_reader_%s_total %" PRIu64 "\n",
                   name, name, value);
}

static void seconds(struct tc_buf *out, const char *name, const char *type, const char *suffix,
                    int64_t ns)
{
    tc_buf_add_fmt(out, "# TYPE tocsin_reader_%s %s\ntocsin_reader_%s%s %.6f\n", name, type, name,
                   suffix, (double)ns / (double)TC_NS_PER_S);
}

static void metrics(struct process *p, struct tc_buf *out)
{
    const struct reader *rd = process_user(p);
    counter(out, "queries", rd->queries);
    counter(out, "refused", rd->refused);
    counter(out, "failed", rd->failed);
    counter(out, "cut_short", rd->cut);
    seconds(out, "query_seconds", "counter", "_total", rd->query_ns_sum);
    seconds(out, "longest_query_seconds", "gauge", "", rd->query_ns_max);
}

static void stop(struct process *p)
{
    struct reader *rd = process_user(p);
    rd->journal = journal_reader_close(rd->journal);
    incident_reprint_done(&rd->reprint);
    tc_buf_done(&rd->answer);
    if (rd->has_site)
        site_done(&rd->site);
}

int reader_main(void)
{
    static const struct process_ops ops = {
        .role = TC_ROLE_READER,
        .prepare = prepare,
        .handlers = handlers,
        .metrics = metrics,
        .stop = stop,
    };
    struct reader rd = {0};
    return process_run(&ops, &rd);
}
