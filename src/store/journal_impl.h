/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct journal, for the files journal*.c alone. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store/journal.h"
#include "store/journal_lists.h"

/* journal.reserve: allocated bytes that are given back when the disk is full. */
struct journal_reserve {
    int dir_fd;
    int64_t bytes;        /* 0: none wanted */
    bool allocated;       /* the file is there in full */
    atomic_bool released; /* given back because the disk was full */
};

/* The thread that brings pages home while the writer goes on. */
struct journal_checkpoint {
    struct sqlite3 *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, ended;
    bool started, stop, wanted, done;
    _Atomic int failed; /* SQLite's code: pages or a sync were lost on their way home */
};

enum { JOURNAL_RESERVE_EVERY = 64, JOURNAL_WAL_REST = 512, JOURNAL_WAL_ROUNDS = 4 };
/* The WAL keeps its file up to this size and overwrites it: growing it costs twice the sync. */
#define JOURNAL_WAL_KEEP_BYTES (INT64_C(64) << 20)

enum journal_stmt { JS_BEGIN, JS_COMMIT, JS_ROLLBACK, JS_ADD, JS_TAIL, JS_LAST, JS_STMTS };

struct journal {
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[JS_STMTS];
    struct journal_lists lists;
    struct record_chain chain;
    uint64_t last_seq;
    int lock_fd;
    int wal_pages; /* after the last commit */
    int wal_pages_soft, wal_pages_asked, wal_rounds;
    unsigned ticks;
    enum tc_err failed;
    struct journal_reserve reserve;
    struct journal_checkpoint checkpoint;
    char path[4096];
};

enum tc_err journal_reserve_open(struct journal_reserve *r, const char *dir, int64_t bytes,
                                 struct tc_errinfo *info) TC_MUST_USE;
void journal_reserve_close(struct journal_reserve *r);
/* Gives the bytes back. False when there was nothing to give. */
bool journal_reserve_release(struct journal_reserve *r);

/* Compares the free space with what the journal needs; one statvfs. */
void journal_reserve_check(struct journal_reserve *r);

/* For a failed checkpoint the same holds as for a failed commit. */
bool journal_checkpoint_failed(int rc);
enum tc_err journal_checkpoint_open(struct journal *j, const char *vfs,
                                    struct tc_errinfo *info) TC_MUST_USE;
void journal_checkpoint_close(struct journal *j);
