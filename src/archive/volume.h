/* SPDX-License-Identifier: Apache-2.0 */
/* One directory that recordings go to, usually a disk of its own: what it is, whether it may be
 * written, and how much room it has.
 *
 * States: OK; ABSENT (no directory, or not the disk that was there before: nothing is written to
 * it); TROUBLE (a write failed; tried again after some seconds); FAILED (a sync failed: the disk
 * loses data, and stays out of use until the process starts anew). Every change becomes a fault
 * that names the volume and the remedy. */
#pragma once

#include "archive/syncer.h"
#include "base/time.h"
#include "store/archive_volume.h"

enum { VOLUME_PATH_BYTES = 256, VOLUME_TEXT_BYTES = 240 };
#define VOLUME_RETRY_NS (5 * TC_NS_PER_S)

enum volume_state { VOLUME_OK, VOLUME_ABSENT, VOLUME_TROUBLE, VOLUME_FAILED };

/* Tells a person; TYPE is an enum ev_type, ACTIVE as in struct msg_fault. */
typedef void archive_fault_fn(void *ctx, unsigned type, unsigned active, const char *item,
                              const char *text);

struct volume_options {
    int dir; /* -1: the supervisor could not open it */
    char path[VOLUME_PATH_BYTES];
    uint64_t keep_free_bytes;
    bool is_default; /* archive/ in the state directory: never a mount of its own */
};

struct volume {
    struct volume_options options;
    char identity[ARCHIVE_VOLUME_ID_BYTES];
    uint32_t number; /* in the index; 0: none */
    enum volume_state state;
    struct tc_mono retry_at;
    struct syncer *sync;
    bool low;            /* a fault says that it is full */
    uint64_t free_bytes; /* as measured last */
    uint64_t written_bytes;
    archive_fault_fn *fault;
    void *ctx;
};

/* Fills *V and finds out whether the volume is the one the index knows. Makes an identity where it
 * may. Never fails: a volume that cannot be used says so in its state and by a fault. */
void volume_open(struct volume *v, const struct volume_options *options, struct archive_db *db,
                 int (*sync_fn)(int fd), archive_fault_fn *fault, void *ctx);
void volume_close(struct volume *v);

/* May a file be made here now? (A volume in trouble may, once its time has come.) */
bool volume_usable(const struct volume *v, struct tc_mono now);
/* A write went through: trouble is over. */
void volume_worked(struct volume *v);
/* A write failed with ERRNUM (not for lack of space). */
void volume_write_failed(struct volume *v, int errnum, struct tc_mono now);
void volume_sync_failed(struct volume *v, int errnum);
/* Measures free_bytes. False when it cannot be had; free_bytes is then unchanged. */
bool volume_measure(struct volume *v);
/* Fullness begins (with what it means, for people) or is over. */
void volume_low(struct volume *v, const char *meaning);
void volume_not_low(struct volume *v);
