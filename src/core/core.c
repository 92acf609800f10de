/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include <jansson.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "config/config.h"
#include "core/internal.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "store/db.h"

enum { TICK_MS = 1000, CLOCK_STEP_MS = 500, ALIVE_EVERY = 100000 /* entries of a replay */ };

void core_fail(struct core *c, const char *what, const struct tc_errinfo *info)
{
    log_error("%s: %s; stopping, the next start replays the journal", what, info->text);
    c->failed = true;
    process_stop(c->p, 1);
}

void core_entry(struct core *c, struct record_entry *e, enum record_kind kind)
{
    entry_init(e, kind);
    e->at = clock_wall();
    e->mono = clock_mono();
    e->boot = c->state.boot;
    e->cause = 0;
}

bool core_input(struct core *c, struct record_entry *e)
{
    if (c->failed)
        return false;
    enum tc_err err = decide_input(&c->decide, e);
    if (err != TC_OK) {
        struct tc_errinfo info = {0};
        (void)tc_fail(&info, err, "entry of kind %u: %s", e->kind, tc_err_text(err));
        core_fail(c, "deciding", &info);
        return false;
    }
    commit_kick(c);
    return true;
}

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct core *c = process_user(p);
    c->p = p;
    c->starter = getuid();
    db_before_sandbox();
    json_object_seed(0); /* reads /dev/urandom, which is not there behind the sandbox */
    return config_take(process_config(p), process_setup(p)->site_file, &c->site, info);
}

static enum tc_err replay_one(void *ctx, const struct record_entry *e, struct tc_slice bytes)
{
    struct core *c = ctx;
    (void)bytes;
    if (e->seq % ALIVE_EVERY == 0)
        process_alive(c->p);
    return state_fold(&c->state, e);
}

/* The newest snapshot and what came after it; without a snapshot everything from the first entry.
 */
static enum tc_err restore(struct core *c, struct tc_errinfo *info)
{
    uint64_t seq = 0;
    TC_CLEANUP(tc_buf_done) struct tc_buf body;
    tc_buf_init(&body, JOURNAL_SNAPSHOT_BYTES_MAX);
    enum tc_err err = journal_snapshot_last(c->journal, &seq, &body, info);
    if (err == TC_OK && state_read(&c->state, tc_buf_view(&body)) != TC_OK)
        log_warn("the snapshot after entry %llu is of no use, replaying from the first entry",
                 (unsigned long long)seq);
    else if (err != TC_OK && err != TC_E_NOT_FOUND)
        return err;
    c->snapshot_seq = c->state.last_seq;
    TC_TRY(journal_tail(c->journal, c->state.last_seq + 1, replay_one, c, info));
    if (c->state.last_seq != journal_last(c->journal, NULL))
        return tc_fail(info, TC_E_CORRUPT, "the replay ended at entry %llu, the journal at %llu",
                       (unsigned long long)c->state.last_seq,
                       (unsigned long long)journal_last(c->journal, NULL));
    return TC_OK;
}

static enum tc_err tell_start(struct core *c)
{
    struct record_entry e;
    const struct msg_setup *setup = process_setup(c->p);
    char text[96];
    (void)snprintf(text, sizeof text, "core started, start %u of this process since the daemon's",
                   setup->starts);
    core_entry(c, &e, RK_START);
    e.boot = c->state.boot + 1;
    entry_str(&e, RF_VERSION, TOCSIN_VERSION);
    entry_i64(&e, RF_BOOT, setup->boot);
    entry_i64(&e, RF_COUNT, setup->starts);
    entry_str(&e, RF_TEXT, text);
    if (!core_input(c, &e))
        return TC_E_IO;
    struct tc_slice hash = tc_slice(process_config_sha256(c->p), 32);
    if (tc_slice_eq(hash, tc_slice(c->state.config_hash, sizeof c->state.config_hash)))
        return TC_OK;
    core_entry(c, &e, RK_CONFIG);
    entry_bytes(&e, RF_HASH, hash);
    entry_bytes(&e, RF_BODY, process_config(c->p));
    entry_str(&e, RF_TEXT, "configuration in force");
    return core_input(c, &e) ? TC_OK : TC_E_IO;
}

/* A step of the wall clock is a fact for the record: times before and after it do not compare. */
static void watch_clock(struct core *c)
{
    int64_t offset_ns = clock_wall().ns - clock_mono().ns;
    int64_t step_ns = offset_ns - c->wall_minus_mono_ns;
    c->wall_minus_mono_ns = offset_ns;
    if (step_ns / TC_NS_PER_MS < CLOCK_STEP_MS && step_ns / TC_NS_PER_MS > -CLOCK_STEP_MS)
        return;
    struct record_entry e;
    char text[96];
    (void)snprintf(text, sizeof text, "this machine's clock was set by %+lld ms",
                   (long long)(step_ns / TC_NS_PER_MS));
    core_entry(c, &e, RK_FAULT);
    entry_i64(&e, RF_TYPE, EV_SYSTEM_CLOCK_STEP);
    entry_i64(&e, RF_STATE, EV_STATE_INSTANT);
    entry_str(&e, RF_SOURCE, "core");
    entry_str(&e, RF_ITEM, "clock");
    entry_str(&e, RF_TEXT, text);
    (void)core_input(c, &e);
}

/* The journal has taken the space that was kept for it: signals still go in, but somebody must make
 * room. */
static void watch_reserve(struct core *c)
{
    bool low = journal_on_reserve(c->journal);
    if (low == c->on_reserve)
        return;
    struct record_entry e;
    c->on_reserve = low;
    core_entry(c, &e, RK_FAULT);
    entry_i64(&e, RF_TYPE, EV_SYSTEM_DISK_LOW);
    entry_i64(&e, RF_STATE, low ? EV_STATE_ACTIVE : EV_STATE_RESTORED);
    entry_str(&e, RF_SOURCE, "core");
    entry_str(&e, RF_ITEM, "journal");
    entry_str(&e, RF_TEXT,
              low ? "the disk of the journal is full, its reserve for 100,000 signals is in use; "
                    "make room on it"
                  : "the journal has its reserve again");
    (void)core_input(c, &e);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    watch_clock(arg);
    watch_reserve(arg);
}

static enum tc_err start(struct process *p, struct tc_errinfo *info)
{
    struct core *c = process_user(p);
    struct journal_options options = {.dir = ".", .reserve_bytes = JOURNAL_RESERVE_BYTES};
    state_init(&c->state);
    TC_TRY(journal_open(&options, &c->journal, info));
    TC_TRY(restore(c, info));
    c->decide =
        (struct decide){.state = &c->state, .site = &c->site, .sink = commit_sink, .ctx = c};
    TC_TRY(commit_start(c, info));
    TC_TRY(logins_start(c, info));
    c->wall_minus_mono_ns = clock_wall().ns - clock_mono().ns;
    if (tell_start(c) != TC_OK)
        return tc_fail(info, TC_E_IO, "the start could not be written to the journal");
    c->ev_tick = event_new(process_base(p), -1, EV_PERSIST, on_tick, c);
    struct timeval every = {.tv_sec = TICK_MS / 1000};
    if (c->ev_tick == NULL || event_add(c->ev_tick, &every) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for a timer");
    log_info("journal at entry %llu, %zu incidents at hand", (unsigned long long)c->state.last_seq,
             c->state.incidents_count);
    return TC_OK;
}

static void on_link(struct process *p, struct channel *peer)
{
    if (channel_peer(peer) == TC_ROLE_ARCHIVE)
        effects_resume(process_user(p));
    else if (channel_peer(peer) == TC_ROLE_CAPTURE)
        effects_watch(process_user(p), channel_peer_instance(peer));
}

static void on_unlink(struct process *p, struct channel *peer)
{
    if (channel_peer(peer) == TC_ROLE_WEB)
        api_forget_web(process_user(p));
}

/* A password that changed ends its person's sessions, but for the one that a one-time password has
 * just opened. */
static void on_secret(struct process *p, const struct process_secret *secret)
{
    static const char prefix[] = "password/";
    struct core *c = process_user(p);
    struct record_entry e;
    if (strncmp(secret->name, prefix, sizeof prefix - 1) != 0)
        return;
    const char *user = secret->name + sizeof prefix - 1;
    bool locked = secret->value.len == 0;
    if (!locked || strcmp(c->spent, user) != 0)
        logins_end_of(c, user);
    if (strcmp(c->spent, user) == 0)
        c->spent[0] = 0;
    core_entry(c, &e, RK_USER);
    entry_str(&e, RF_USER, user);
    entry_str(&e, RF_TEXT, locked ? "has no password any more" : "has a new password");
    (void)core_input(c, &e);
}

static void metrics(struct process *p, struct tc_buf *out)
{
    const struct core *c = process_user(p);
    tc_buf_add_fmt(out, "# TYPE tocsin_signals counter\ntocsin_signals_total %llu\n",
                   (unsigned long long)c->signals);
    tc_buf_add_fmt(out,
                   "# TYPE tocsin_signal_duplicates counter\ntocsin_signal_duplicates_total %llu\n",
                   (unsigned long long)c->duplicates);
    tc_buf_add_fmt(out,
                   "# TYPE tocsin_journal_entries counter\ntocsin_journal_entries_total %llu\n",
                   (unsigned long long)c->entries);
    tc_buf_add_fmt(out,
                   "# TYPE tocsin_journal_commits counter\ntocsin_journal_commits_total %llu\n",
                   (unsigned long long)c->commits);
    tc_buf_add_fmt(
        out,
        "# TYPE tocsin_journal_commit_seconds summary\n"
        "tocsin_journal_commit_seconds_sum %.6f\ntocsin_journal_commit_seconds_count %llu\n",
        (double)c->commit_ns_sum / 1e9, (unsigned long long)c->commits);
    tc_buf_add_fmt(
        out,
        "# TYPE tocsin_journal_commit_seconds_max gauge\ntocsin_journal_commit_seconds_max %.6f\n",
        (double)c->commit_ns_max / 1e9);
    tc_buf_add_fmt(out, "# TYPE tocsin_journal_seq gauge\ntocsin_journal_seq %llu\n",
                   (unsigned long long)c->state.last_seq);
    tc_buf_add_fmt(out, "# TYPE tocsin_journal_on_reserve gauge\ntocsin_journal_on_reserve %d\n",
                   journal_on_reserve(c->journal) ? 1 : 0);
}

static void stop(struct process *p)
{
    struct core *c = process_user(p);
    logins_stop(c);
    commit_stop(c);
    c->journal = journal_close(c->journal);
}

int core_main(void)
{
    static struct core c;
    static const struct process_ops ops = {.role = TC_ROLE_CORE,
                                           .queue_max_bytes = CORE_LINK_BYTES_MAX,
                                           .prepare = prepare,
                                           .start = start,
                                           .handlers = core_handlers,
                                           .control_handlers = core_control_handlers,
                                           .on_link = on_link,
                                           .on_unlink = on_unlink,
                                           .on_secret = on_secret,
                                           .metrics = metrics,
                                           .stop = stop};
    return process_run(&ops, &c);
}
