/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin verify --journal`: see docs/reference/journal.md for what it proves and what it cannot.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json_out.h"
#include "cli/site_file.h"
#include "store/journal.h"

enum { PROGRESS_EVERY = 1 << 20 };

static void add_hash(struct tc_buf *out, const uint8_t *hash)
{
    for (size_t i = 0; i < RECORD_HASH_BYTES; i++)
        tc_buf_add_fmt(out, "%02x", hash[i]);
}

static void print_json(const struct record_verify *v, const char *path,
                       const struct tc_errinfo *info, struct tc_buf *out)
{
    struct tc_buf hash;
    tc_buf_init(&hash, 2 * RECORD_HASH_BYTES + 1);
    add_hash(&hash, v->chain.hash);
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "journal", path);
    tc_json_kv_bool(&j, "good", v->bad_seq == 0);
    tc_json_kv_u64(&j, "records", v->count);
    tc_json_kv_slice(&j, "last_hash", tc_buf_view(&hash));
    tc_json_kv_wall(&j, "first_at", v->first_at);
    tc_json_kv_wall(&j, "last_at", v->last_at);
    tc_json_kv_u64(&j, "starts", v->boots);
    tc_json_kv_u64(&j, "clock_back", v->clock_back_count);
    if (v->clock_back_seq != 0)
        tc_json_kv_u64(&j, "clock_back_first", v->clock_back_seq);
    if (v->bad_seq != 0) {
        tc_json_kv_u64(&j, "bad_record", v->bad_seq);
        tc_json_kv_str(&j, "why", info->text);
    }
    tc_json_obj_end(&j);
    tc_buf_add_u8(out, '\n');
    tc_buf_done(&hash);
}

static void print_text(const struct record_verify *v, const char *path, struct tc_buf *out)
{
    char first[TC_TIME_TEXT_BYTES], last[TC_TIME_TEXT_BYTES];
    if (v->bad_seq != 0)
        tc_buf_add_fmt(out, "%s: %" PRIu64 " records are good, then record %" PRIu64 " is wrong\n",
                       path, v->count, v->bad_seq);
    else
        tc_buf_add_fmt(out, "%s: all %" PRIu64 " records are good\n", path, v->count);
    if (v->count > 0)
        tc_buf_add_fmt(out, "from %s to %s, %" PRIu32 " starts\n",
                       tc_wall_format(v->first_at, first), tc_wall_format(v->last_at, last),
                       v->boots);
    if (v->clock_back_count > 0)
        tc_buf_add_fmt(out, "the clock went back %" PRIu64 " times, first at record %" PRIu64 "\n",
                       v->clock_back_count, v->clock_back_seq);
    tc_buf_add_str(out, "last hash ");
    add_hash(out, v->chain.hash);
    tc_buf_add_u8(out, '\n');
}

static void on_progress(void *ctx, uint64_t seq)
{
    (void)ctx;
    if (seq % PROGRESS_EVERY == 0 && seq > 0)
        (void)fprintf(stderr, "\r%" PRIu64 " records", seq);
}

static int report(const struct cli_args *args, const struct record_verify *v, const char *path,
                  const struct tc_errinfo *info)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 65536);
    if (cli_given(args, CLI_OPT_JSON))
        print_json(v, path, info, &out);
    else if (!cli_given(args, CLI_OPT_QUIET))
        print_text(v, path, &out);
    int printed = cli_print(&out);
    if (v->bad_seq == 0)
        return printed;
    return cli_failed(info);
}

int verb_verify(const struct cli_args *args)
{
    char path[CLI_PATH_BYTES];
    struct tc_errinfo info = {0};
    if (!cli_given(args, CLI_OPT_JOURNAL)) {
        (void)fprintf(stderr, "tocsin: verify what? Give --journal\n");
        return CLI_EXIT_USAGE;
    }
    int n = snprintf(path, sizeof(path), "%s/journal.db", cli_state_path(args));
    if (n < 0 || (size_t)n >= sizeof(path)) {
        (void)tc_fail(&info, TC_E_LIMIT, "the state directory's path is too long");
        return cli_failed(&info);
    }
    bool tell = isatty(STDERR_FILENO) && !cli_given(args, CLI_OPT_QUIET);
    struct record_verify v;
    enum tc_err err = journal_verify(path, &v, tell ? on_progress : NULL, NULL, &info);
    if (tell && v.count >= PROGRESS_EVERY)
        (void)fprintf(stderr, "\r\033[K");
    int exit_code =
        err == TC_OK || v.bad_seq != 0 ? report(args, &v, path, &info) : cli_failed(&info);
    record_verify_done(&v);
    return exit_code;
}
