/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing the WAL's pages home without holding up commits.
 *
 * A checkpoint of a full WAL takes two syncs and thousands of page writes: done by the writer it
 * would stop acknowledgements for tens of milliseconds. So a thread with a connection of its own
 * does the bulk while the writer goes on, and the writer brings home only what was added meanwhile;
 * then the WAL starts over. */
#include <sqlite3.h>

#include "base/check.h"
#include "store/db.h"
#include "store/journal_impl.h"

/* A lost sync of journal.db is like one of the WAL: the pages that it was to bring home may be gone
 * from the cache, a later sync would say nothing, and starting the WAL over would lose them. Busy
 * and full are not that: the WAL stays as it is. */
bool journal_checkpoint_failed(int rc)
{
    rc &= 0xFF;
    return rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED && rc != SQLITE_FULL;
}

static void *checkpoint_main(void *arg)
{
    struct journal_checkpoint *c = arg;
    (void)pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->wanted && !c->stop)
            (void)pthread_cond_wait(&c->wake, &c->lock);
        if (c->stop)
            break;
        (void)pthread_mutex_unlock(&c->lock);
        int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (journal_checkpoint_failed(rc))
            c->failed = rc;
        (void)pthread_mutex_lock(&c->lock);
        c->wanted = false;
        c->done = true;
        (void)pthread_cond_signal(&c->ended);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum tc_err journal_checkpoint_open(struct journal *j, const char *vfs, struct tc_errinfo *info)
{
    struct journal_checkpoint *c = &j->checkpoint;
    TC_TRY(db_open(j->path, DB_WRITE, vfs, &c->db, info));
    TC_TRY(db_exec(c->db, "PRAGMA wal_autocheckpoint=0", info));
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->wake, NULL);
    (void)pthread_cond_init(&c->ended, NULL);
    int errnum = pthread_create(&c->thread, NULL, checkpoint_main, c);
    if (errnum != 0)
        return tc_fail_errno(info, errnum, "start the checkpoint thread");
    c->started = true;
    return TC_OK;
}

void journal_checkpoint_close(struct journal *j)
{
    struct journal_checkpoint *c = &j->checkpoint;
    if (c->started) {
        (void)pthread_mutex_lock(&c->lock);
        c->stop = true;
        (void)pthread_cond_signal(&c->wake);
        (void)pthread_mutex_unlock(&c->lock);
        (void)pthread_join(c->thread, NULL);
        (void)pthread_mutex_destroy(&c->lock);
        (void)pthread_cond_destroy(&c->wake);
        (void)pthread_cond_destroy(&c->ended);
    }
    db_close(c->db);
    c->db = NULL;
}

/* Has the thread brought home what there was when it was asked? Asks it when it has not been. With
 * WAIT the answer is yes, later. */
static bool bulk_is_home(struct journal *j, bool wait)
{
    struct journal_checkpoint *c = &j->checkpoint;
    (void)pthread_mutex_lock(&c->lock);
    if (!c->done && !c->wanted) {
        c->wanted = true;
        j->wal_pages_asked = j->wal_pages;
        (void)pthread_cond_signal(&c->wake);
    }
    while (wait && !c->done)
        (void)pthread_cond_wait(&c->ended, &c->lock);
    bool done = c->done;
    c->done = false;
    (void)pthread_mutex_unlock(&c->lock);
    return done;
}

/* What was added while the thread was at work is brought home by the thread again, while it is
 * much: what is left for the writer holds up the next commit. */
static bool worth_another_round(struct journal *j)
{
    int added = j->wal_pages - j->wal_pages_asked;
    if (added <= JOURNAL_WAL_REST || j->wal_rounds >= JOURNAL_WAL_ROUNDS)
        return false;
    j->wal_rounds++;
    return true;
}

static void checkpoint(struct journal *j)
{
    int log = 0, home = 0;
    if (j->failed != TC_OK || j->wal_pages < j->wal_pages_soft)
        return;
    if (!bulk_is_home(j, j->wal_pages >= j->wal_pages_soft * JOURNAL_WAL_HARD))
        return;
    if (worth_another_round(j)) {
        (void)bulk_is_home(j, false);
        return;
    }
    j->wal_rounds = 0;
    int rc = sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &home);
    if (rc == SQLITE_OK && log == home)
        j->wal_pages = 0; /* the next commit starts the WAL over */
    else if (journal_checkpoint_failed(rc))
        j->failed = TC_E_IO;
}

void journal_tick(struct journal *j)
{
    if (j->ticks++ % JOURNAL_RESERVE_EVERY == 0)
        journal_reserve_check(&j->reserve);
    checkpoint(j);
}
