/* SPDX-License-Identifier: Apache-2.0 */
/* How the core works.
 *
 * Everything that happens becomes an input entry (inputs.c), goes through decide (pure), and lands
 * with all that follows from it in the batch that is being filled. What must leave the process
 * because of it (acknowledgements, orders, answers, changes for screens) is written into the same
 * batch's outbox. As soon as no commit is in flight the filled batch goes to the writer thread
 * (commit.c); when its commit has returned, and never before, its outbox leaves. So the state in
 * memory may be ahead of the disk, but nobody outside ever sees that. A commit that fails ends the
 * process: nothing of the batch was acknowledged, and the next start replays. */
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include "base/buf.h"
#include "decide/decide.h"
#include "model/site.h"
#include "runtime/process.h"
#include "store/journal.h"

enum {
    CORE_DIRTY_MAX = 4096,
    CORE_OUTBOX_BYTES_MAX = 64 << 20,
    CORE_OUTBOX_SPARE_BYTES = 24 << 20, /* of it not for changes: answers and orders */
    CORE_LINK_BYTES_MAX =
        24 << 20, /* that wait for a peer; web has to take answers of up to 8 MiB */
    CORE_ANSWERS_BYTES_MAX =
        12 << 20, /* when so much waits for web already, no more is asked of core */
    CORE_ACKS_MAX = 65536,
    CORE_SNAPSHOT_EVERY = 200000, /* entries */
    CORE_ANSWER_PART_BYTES = 56000,
    CORE_SESSIONS_MAX = 1024,
    CORE_WATCHERS_MAX = 4096,
    CORE_LIVE_MAX = 1024,
    CORE_IDEM_MAX = 512,
    CORE_CAMERAS_PER_SHARD = 16, /* of one capture process, as the supervisor deals them out */
};

/* A commit and what leaves after it. */
struct batch {
    struct journal_batch entries;
    struct tc_buf outbox; /* see outbox.c */
    uint64_t *acks;
    size_t acks_count;
    uint64_t last_seq;
    bool tells_durable;     /* holds more than a DURABLE entry */
    struct tc_buf snapshot; /* len > 0: keep this state after the batch */
    uint64_t snapshot_seq;
};

struct login;
struct login_pool;

/* An answer kept for its Idempotency-Key (idem.c); status 0: free. */
struct idem {
    uint64_t key;
    unsigned status;
    struct tc_mono at;
    struct tc_buf json;
};

/* A camera that somebody watches live, until web cancels the request. */
struct live_view {
    uint64_t request;
    uint32_t camera;
    bool used;
};

struct core {
    struct process *p;
    struct site site;
    struct state state;
    struct decide decide;
    struct journal *journal;
    /* the batch being filled, and the one the writer has */
    struct batch *filling, *flying;
    struct batch batches[2];
    struct event *ev_kick;
    struct event *ev_tick;
    /* incidents and alarms changed since the batch was begun, for the screens */
    uint64_t dirty[CORE_DIRTY_MAX];
    size_t dirty_count;
    bool dirty_all;
    bool changes_lost; /* there was no room for some: web begins anew, its browsers read what they
                          missed */
    uint64_t snapshot_seq;
    /* writer thread: the mutex guards `job`, `done` and `quit`; the condition wakes it */
    pthread_t writer;
    bool writer_runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct batch *job;
    bool quit;
    enum tc_err commit_err;
    struct tc_errinfo commit_info;
    int done_fd; /* eventfd: a commit has returned */
    struct event *ev_done;
    bool failed; /* the state is unfit, or a commit failed: nothing more is taken, written or
                    answered */
    /* people */
    struct login *sessions;
    size_t sessions_count;
    uint64_t watchers[CORE_WATCHERS_MAX]; /* request ids of open streams */
    size_t watchers_count;
    struct live_view live[CORE_LIVE_MAX];
    struct login_pool *logins;
    char spent[SITE_ID_BYTES]; /* whose one-time password opened a session a moment ago */
    struct idem *idem;
    size_t idem_next;
    uid_t starter;
    /* clocks */
    int64_t wall_minus_mono_ns;
    bool on_reserve; /* as last told */
    /* counters for /metrics */
    uint64_t signals, duplicates, commits, entries;
    int64_t commit_ns_max, commit_ns_sum;
    /* the last commit: for how long the next batch may wait for company */
    struct tc_mono commit_began, commit_ended;
    int64_t commit_took_ns;
    size_t commit_acks;
};

/* core.c */
void core_fail(struct core *c, const char *what, const struct tc_errinfo *info);
/* Gives an input to decide; ends the process when that fails. Returns false then. */
bool core_input(struct core *c, struct record_entry *e);
/* An entry of KIND with the clocks of now. */
void core_entry(struct core *c, struct record_entry *e, enum record_kind kind);

/* commit.c: batches and the writer thread */
enum tc_err commit_start(struct core *c, struct tc_errinfo *info) TC_MUST_USE;
void commit_stop(struct core *c);
/* Something was put into the batch being filled: it leaves when the loop comes round. */
void commit_kick(struct core *c);
enum tc_err commit_sink(void *ctx, const struct record_entry *e);
/* So much waits for the commit in flight that nothing should be added that can come again. */
bool commit_is_crowded(const struct core *c);

/* outbox.c: messages that wait for the commit */
void outbox_send(struct core *c, enum tc_role to, enum msg_type type, const void *body,
                 struct tc_slice tail);
void outbox_ack(struct core *c, uint64_t signal_id);
void outbox_deliver(struct core *c, struct batch *b);

/* inputs.c: messages of the other processes */
extern const struct channel_handler core_handlers[];
extern const struct channel_handler core_control_handlers[];

/* effects.c: what decisions order */
void effects_of(struct core *c, const struct record_entry *e);
/* Archive is (again) there: every recording that should run is ordered again by its action's
 * number. */
void effects_resume(struct core *c);
/* A capture process is (again) there: it is told which of its cameras are watched live. */
void effects_watch(struct core *c, unsigned shard);

/* changes.c: rows for the screens */
void changes_note(struct core *c, const struct record_entry *e);
void changes_seal(struct core *c);

/* api.c and its parts */
void api_request(struct core *c, struct msg *m);
void api_cancel(struct core *c, uint64_t request);
void api_peer(struct core *c, struct msg *m);
void api_forget_web(struct core *c);
enum tc_err logins_start(struct core *c, struct tc_errinfo *info) TC_MUST_USE;
void logins_stop(struct core *c);
/* Ends every session that this person opened with a password. */
void logins_end_of(struct core *c, const char *user);
