/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that makes a volume's files durable, so that a slow disk delays nobody but its own
 * promise.
 *
 * Jobs run in the order given, urgent ones first; a file's closing job is its last and is never
 * overtaken by another of the same file. A sync that failed is never tried again: the pages may be
 * gone, and a second try would say "fine" (the volume is then done with; see volume.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/archive_segment.h"

enum sync_kind {
    SYNC_FILE,       /* fdatasync the descriptor */
    SYNC_FILE_CLOSE, /* the same, then close it */
    SYNC_DIR,        /* fsync the directory PATH below the volume: a new name is durable then */
};

struct sync_job {
    enum sync_kind kind;
    bool urgent;
    int fd;
    uint64_t token; /* the caller's; comes back in the result */
    char path[ARCHIVE_PATH_BYTES];
};

struct sync_result {
    enum sync_kind kind;
    uint64_t token;
    int errnum;      /* 0: durable */
    int64_t took_ns; /* the system call alone */
};

struct syncer;

/* DIR stays the caller's and must outlive the syncer. SYNC_FN is fdatasync, or a test's. */
enum tc_err syncer_new(int dir, int (*sync_fn)(int fd), struct syncer **ret,
                       struct tc_errinfo *info) TC_MUST_USE;
/* Finishes all jobs, ends the thread. NULL is fine. */
void syncer_free(struct syncer *s);
/* False when the queue is full: the job is still the caller's. */
bool syncer_push(struct syncer *s, const struct sync_job *job) TC_MUST_USE;
/* Takes at most MAX results that are there. */
size_t syncer_take(struct syncer *s, struct sync_result *out, size_t max);
/* Waits until every job given so far is done. */
void syncer_drain(struct syncer *s);
