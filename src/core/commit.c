/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: one fills while the other is being made durable by the writer thread. */
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "core/internal.h"
#include "runtime/clock.h"
#include "runtime/log.h"

enum tc_err commit_sink(void *ctx, const struct record_entry *e)
{
    struct core *c = ctx;
    struct batch *b = c->filling;
    TC_TRY(journal_batch_add(&b->entries, e));
    b->last_seq = e->seq;
    b->tells_durable = b->tells_durable || e->kind != RK_DURABLE;
    c->entries++;
    effects_of(c, e);
    changes_note(c, e);
    return TC_OK;
}

bool commit_is_crowded(const struct core *c)
{
    const struct batch *b = c->filling;
    return b->entries.bytes.len > JOURNAL_BATCH_BYTES_MAX / 2 ||
           b->outbox.len > CORE_OUTBOX_BYTES_MAX / 2;
}

static void clear(struct batch *b)
{
    journal_batch_clear(&b->entries);
    tc_buf_clear(&b->outbox);
    tc_buf_clear(&b->snapshot);
    b->acks_count = 0;
    b->tells_durable = false;
    b->snapshot_seq = 0;
}

/* ---- the writer thread ---- */

static enum tc_err write_batch(struct core *c, struct batch *b)
{
    if (b->entries.count > 0)
        TC_TRY(journal_append(c->journal, &b->entries, &c->commit_info));
    if (b->snapshot.len > 0)
        TC_TRY(journal_snapshot_put(c->journal, b->snapshot_seq, tc_buf_view(&b->snapshot),
                                    &c->commit_info));
    return TC_OK;
}

static void *writer_main(void *arg)
{
    struct core *c = arg;
    (void)pthread_mutex_lock(&c->lock);
    while (true) {
        while (c->job == NULL && !c->quit)
            (void)pthread_cond_wait(&c->wake, &c->lock);
        if (c->job == NULL)
            break;
        struct batch *b = c->job;
        (void)pthread_mutex_unlock(&c->lock);
        enum tc_err err = write_batch(c, b);
        (void)pthread_mutex_lock(&c->lock);
        c->commit_err = err;
        c->job = NULL;
        uint64_t one = 1;
        if (write(c->done_fd, &one, sizeof one) != sizeof one)
            abort(); /* an eventfd that takes no count: the loop would wait for ever */
        (void)pthread_mutex_unlock(&c->lock);
        journal_tick(c->journal); /* while the acknowledgements leave */
        (void)pthread_mutex_lock(&c->lock);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the loop's side ---- */

static void take_snapshot(struct core *c)
{
    struct batch *b = c->filling;
    if (c->state.last_seq - c->snapshot_seq < CORE_SNAPSHOT_EVERY)
        return;
    if (state_write(&c->state, &b->snapshot) != TC_OK) {
        log_error("the state is too large for a snapshot, going on without");
        tc_buf_clear(&b->snapshot);
    }
    c->snapshot_seq = b->snapshot_seq = c->state.last_seq;
}

static void launch(struct core *c)
{
    if (c->failed)
        return;
    changes_seal(c);
    if (c->failed)
        return;
    struct batch *b = c->filling;
    if (b->entries.count == 0) {
        outbox_deliver(c, b); /* answers that changed nothing */
        clear(b);
        return;
    }
    take_snapshot(c);
    c->flying = b;
    c->filling = b == &c->batches[0] ? &c->batches[1] : &c->batches[0];
    c->commit_began = clock_mono();
    (void)pthread_mutex_lock(&c->lock);
    c->job = b;
    (void)pthread_cond_signal(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
}

/* When the batch leaves. At once, with two exceptions that are worth more than the wait:
 * - news of the last commit (a DURABLE entry) alone does not start a commit of its own, which every
 *   signal that comes meanwhile would have to wait out; it goes with the next batch, or after a
 * while;
 * - on a disk whose syncs take milliseconds, the panels just acknowledged send again in a moment:
 * up to half of a commit's time lets them share one commit. Else the first of them would take it
 *   alone, and all others would wait for two. */
enum { DURABLE_ALONE_MS = 20, GATHER_MS_MAX = 5, GATHER_ACKS_MIN = 8 };

static int64_t wait_ms(const struct core *c)
{
    const struct batch *b = c->filling;
    if (!b->tells_durable && b->outbox.len == 0)
        return DURABLE_ALONE_MS;
    if (c->commit_acks < GATHER_ACKS_MIN || b->acks_count >= c->commit_acks)
        return 0;
    int64_t half_ms = c->commit_took_ns / 2 / TC_NS_PER_MS;
    return half_ms < GATHER_MS_MAX ? half_ms : GATHER_MS_MAX;
}

static void consider_launch(struct core *c)
{
    int64_t left_ns = c->commit_ended.ns + wait_ms(c) * TC_NS_PER_MS - clock_mono().ns;
    if (left_ns <= 0) {
        launch(c);
        return;
    }
    struct timeval left = {.tv_usec = left_ns / TC_NS_PER_US + 1};
    (void)event_add(c->ev_kick, &left);
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct core *c = arg;
    if (c->flying == NULL)
        consider_launch(c);
}

void commit_kick(struct core *c)
{
    if (c->flying == NULL)
        event_active(c->ev_kick, EV_TIMEOUT, 0);
}

/* What the commit made durable is told to the journal itself: the durable phase of incidents comes
 * from it. */
static void note_durable(struct core *c, const struct batch *b)
{
    if (!b->tells_durable)
        return;
    struct record_entry e;
    core_entry(c, &e, RK_DURABLE);
    entry_i64(&e, RF_UPTO, (int64_t)b->last_seq);
    entry_i64(&e, RF_AT, e.at.ns);
    (void)core_input(c, &e);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct core *c = arg;
    uint64_t count = 0;
    if (read(fd, &count, sizeof count) != sizeof count || c->flying == NULL)
        return;
    struct batch *b = c->flying;
    (void)pthread_mutex_lock(&c->lock);
    enum tc_err err = c->commit_err;
    (void)pthread_mutex_unlock(&c->lock);
    if (err != TC_OK) {
        core_fail(c, "a commit of the journal failed, nothing in it was acknowledged",
                  &c->commit_info);
        return;
    }
    c->commit_ended = clock_mono();
    int64_t took_ns = c->commit_ended.ns - c->commit_began.ns;
    c->commit_took_ns = took_ns;
    c->commit_acks = b->acks_count;
    c->commits++;
    c->commit_ns_sum += took_ns;
    if (took_ns > c->commit_ns_max)
        c->commit_ns_max = took_ns;
    outbox_deliver(c, b);
    c->flying = NULL;
    note_durable(c, b);
    clear(b);
    if (c->filling->entries.count > 0 || c->filling->outbox.len > 0)
        consider_launch(c);
}

static enum tc_err init_batch(struct batch *b)
{
    journal_batch_init(&b->entries);
    tc_buf_init(&b->outbox, CORE_OUTBOX_BYTES_MAX);
    tc_buf_init(&b->snapshot, JOURNAL_SNAPSHOT_BYTES_MAX);
    b->acks = calloc(CORE_ACKS_MAX, sizeof *b->acks);
    return b->acks == NULL ? TC_E_NOMEM : TC_OK;
}

enum tc_err commit_start(struct core *c, struct tc_errinfo *info)
{
    c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->done_fd < 0 || init_batch(&c->batches[0]) != TC_OK ||
        init_batch(&c->batches[1]) != TC_OK)
        return tc_fail(info, TC_E_NOMEM, "no memory for the journal's batches");
    c->filling = &c->batches[0];
    c->ev_kick = event_new(process_base(c->p), -1, 0, on_kick, c);
    c->ev_done = event_new(process_base(c->p), c->done_fd, EV_READ | EV_PERSIST, on_done, c);
    if (c->ev_kick == NULL || c->ev_done == NULL || event_add(c->ev_done, NULL) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for the journal's events");
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->wake, NULL);
    if (pthread_create(&c->writer, NULL, writer_main, c) != 0)
        return tc_fail(info, TC_E_NOMEM, "the journal's thread could not be started");
    c->writer_runs = true;
    return TC_OK;
}

/* Lets the commit in flight end and makes the last batch durable, so that an orderly stop loses
 * nothing. */
void commit_stop(struct core *c)
{
    if (!c->writer_runs)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->quit = true;
    (void)pthread_cond_signal(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->writer, NULL);
    c->writer_runs = false;
    if (c->flying != NULL && c->commit_err == TC_OK)
        outbox_deliver(c, c->flying);
    if (c->commit_err == TC_OK && c->filling->entries.count > 0 && !c->failed) {
        if (write_batch(c, c->filling) == TC_OK)
            outbox_deliver(c, c->filling);
        else
            log_error("the last batch: %s", c->commit_info.text);
    }
}
