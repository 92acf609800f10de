/* SPDX-License-Identifier: Apache-2.0 */
/* The journal on disk: journal.db (SQLite), appended to by core alone, read by everybody else.
 *
 * Invariants: entries have the numbers 1, 2, 3... without a gap; each row holds its canonical bytes
 * and its hash in the chain (record/chain.h); a batch is there whole or not at all, also after a
 * crash; everything in the other tables follows from the entries. Once a commit has failed the
 * journal refuses every later append (a disk that lost one sync may have lost more): the owner
 * acknowledges nothing, stops, and opens it again.
 * One writer at a time, held by a lock on journal.lock. Not for two threads at once, except where
 * a function says so. Readers: store/journal_query.h. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "record/entry.h"
#include "record/verify.h"

struct journal;
struct sqlite3;

enum {
    JOURNAL_BATCH_BYTES_MAX = 64 << 20,
    JOURNAL_SNAPSHOT_BYTES_MAX = 512 << 20,
    JOURNAL_SNAPSHOTS_KEPT = 2,
    /* 48 MiB of 4 KiB pages. Starting over costs one commit two more syncs: at 5,000 signals/s on a
     * disk with 5 ms a sync that happens every few seconds, far less than to one signal in a
     * hundred. */
    JOURNAL_WAL_PAGES = 12288,
    JOURNAL_WAL_HARD = 3, /* at so many times that the writer waits for the checkpoint */
};

/* What 100,000 signals with all that follows from them take, with the WAL, and some more. */
#define JOURNAL_RESERVE_BYTES (INT64_C(256) << 20)

struct journal_options {
    const char *dir;       /* journal.db and its companions live here */
    const char *vfs;       /* NULL: the system's */
    int64_t reserve_bytes; /* of journal.reserve; 0: none (trials, tests) */
    int wal_pages;         /* from so many on the WAL is brought home; 0: JOURNAL_WAL_PAGES */
};

/* Entries in their canonical bytes, ready to be appended. Zeroed after init; owns its memory, so
 * that it can be filled on one thread and appended on another. */
struct journal_batch {
    struct tc_buf bytes; /* per entry: u32 length, canonical bytes */
    size_t count;
};

void journal_batch_init(struct journal_batch *b);
void journal_batch_done(struct journal_batch *b);
/* Empty again, memory kept. */
void journal_batch_clear(struct journal_batch *b);
/* Encodes E behind the others. TC_E_LIMIT (entry_encode's limits, or the batch is full),
 * TC_E_NOMEM; the batch is unchanged then. */
enum tc_err journal_batch_add(struct journal_batch *b, const struct record_entry *e) TC_MUST_USE;

/* Opens for writing, makes what is missing, takes the writer's lock, checks the end of the chain.
 * TC_E_BUSY when another process writes this journal, TC_E_CORRUPT, TC_E_UNSUPPORTED (written by a
 * newer program), TC_E_DENIED, TC_E_NO_SPACE, TC_E_IO. */
enum tc_err journal_open(const struct journal_options *o, struct journal **ret,
                         struct tc_errinfo *info) TC_MUST_USE;
/* NULL is fine. Brings the WAL home if it can, so that the stopped journal is one file. Returns
 * NULL. */
struct journal *journal_close(struct journal *j);

/* Number and hash of the last entry: 0 and zeros for an empty journal. HASH may be NULL. */
uint64_t journal_last(const struct journal *j, uint8_t *hash);

/* Appends the batch as one transaction and returns when it is durable. The first entry's seq must
 * be journal_last + 1 and the others follow (TC_E_CONFLICT). Any failure: nothing of the batch is
 * there, and the journal is closed to appends (TC_E_IO and the like; later calls give the same
 * error). When the disk is full the reserve is released and the batch tried once more. */
enum tc_err journal_append(struct journal *j, const struct journal_batch *b,
                           struct tc_errinfo *info) TC_MUST_USE;

/* True from the release of the reserve until it is there again: the disk is full, everything but
 * signals should be refused. From any thread. */
bool journal_on_reserve(const struct journal *j);
/* Housekeeping between appends, on the thread that appends and best after every one: brings pages
 * from the WAL home when there are many (the long part runs on a thread of the journal's own), and
 * now and then looks at the free space: releases the reserve when less than a WAL's worth is left,
 * allocates it again when there is room for it and as much again. */
void journal_tick(struct journal *j);

/* Calls FN for every entry from FROM on, in order; the entry borrows and is valid during the call.
 * FN's error ends the walk and is returned. TC_E_CORRUPT when a row does not decode. */
typedef enum tc_err journal_entry_fn(void *ctx, const struct record_entry *e,
                                     struct tc_slice bytes);
enum tc_err journal_tail(struct journal *j, uint64_t from, journal_entry_fn *fn, void *ctx,
                         struct tc_errinfo *info) TC_MUST_USE;

/* Keeps BODY as the state after entry SEQ (which must be there) in a transaction of its own and
 * forgets all but the newest JOURNAL_SNAPSHOTS_KEPT. A failure leaves the journal fit for appends
 * unless that fails too. */
enum tc_err journal_snapshot_put(struct journal *j, uint64_t seq, struct tc_slice body,
                                 struct tc_errinfo *info) TC_MUST_USE;
/* The newest snapshot whose digest is good and whose entry is still in the chain with the same
 * hash. BODY must be initialised with room. TC_E_NOT_FOUND when there is none (replay from 1). */
enum tc_err journal_snapshot_last(struct journal *j, uint64_t *ret_seq, struct tc_buf *body,
                                  struct tc_errinfo *info) TC_MUST_USE;

/* Walks the whole journal in PATH (journal.db, open or stopped) and proves it, derived columns
 * included. V is initialised here; the caller's record_verify_done ends it also after an error.
 * Returns TC_E_CORRUPT with V->bad_seq set for a wrong record. PROGRESS may be NULL; told every
 * 65,536 records. */
enum tc_err journal_verify(const char *path, struct record_verify *v,
                           void (*progress)(void *ctx, uint64_t seq), void *ctx,
                           struct tc_errinfo *info) TC_MUST_USE;
