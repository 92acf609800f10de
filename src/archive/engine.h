/* SPDX-License-Identifier: Apache-2.0 */
/* The archive without its messages: recorders, orders, retention and index, driven by a tick with
 * the time in it. archive.c binds it to the process's links; tests drive it with rings of their
 * own.
 *
 * One thread, the syncers' apart. A tick costs some memory reads per camera; what it writes goes to
 * the index as one transaction at its end. */
#pragma once

#include "archive/recorder.h"
#include "archive/recover.h"
#include "archive/retain.h"
#include "runtime/messages.h"
#include "store/archive_clip.h"

enum { ENGINE_ORDERS_MAX = 512, ENGINE_TICK_MS = 250, ENGINE_FILES_MAX = MSG_FDS_MAX - 1 };
#define ENGINE_TAIL_BYTES_MAX (64u * 1024 * 1024)

struct engine_camera {
    char id[ARCHIVE_CAMERA_BYTES];
    bool always; /* mode full */
    int64_t keep_ns;
};

/* STATE's texts and GAPS (JSON) are lent for the call. */
typedef void engine_report_fn(void *ctx, const struct msg_record_state *state,
                              struct tc_slice gaps);

struct engine_options {
    const char *db_path;
    const struct engine_camera *cameras;
    size_t camera_count;
    const struct volume_options *volumes;
    size_t volume_count;
    int (*sync_fn)(int fd); /* fdatasync, or a test's */
    archive_fault_fn *fault;
    engine_report_fn *report;
    void *ctx;
};

/* A recording that core ordered: the clip of an incident. */
struct order {
    struct msg_record asked;     /* from_ns, until_ns (0: open), hold */
    enum msg_record_phase phase; /* 0: nothing of it is on disk yet */
    int64_t got_from_ns, got_to_ns;
    uint64_t bytes;
    uint64_t failed_syncs; /* of its camera when it began */
    struct tc_mono reported;
};

struct engine {
    struct archive_db *db;
    struct volume *volumes;
    size_t volume_count;
    struct recorder *recorders;
    struct engine_camera *cameras;
    size_t camera_count;
    struct recorder_env env;
    struct retain retain;
    struct retain_camera *retain_cameras;
    struct recover_camera *recover_cameras;
    struct recover *recover; /* NULL: the index is complete */
    struct order orders[ENGINE_ORDERS_MAX];
    size_t order_count;
    struct engine_options options;
    uint64_t syncs, sync_errors;
    int64_t sync_worst_ns;
};

/* Opens the index (a damaged one is put aside and made again from the files), looks at the volumes,
 * closes what a crash left open. Volumes that cannot be used are faults, not errors. */
enum tc_err engine_new(const struct engine_options *options, struct engine **ret,
                       struct tc_errinfo *info) TC_MUST_USE;
/* Writes what is pending, makes it durable, closes. NULL is fine. */
void engine_free(struct engine *e);
/* The camera's ring; FD stays the caller's. */
enum tc_err engine_ring(struct engine *e, uint32_t camera, int fd,
                        struct tc_errinfo *info) TC_MUST_USE;
void engine_tick(struct engine *e, struct tc_wall wall, struct tc_mono now);
/* Waits for the syncers and takes their results; for a clean end and for tests. */
void engine_settle(struct engine *e);

/* An order of core. The same action twice is the same recording: its end is taken anew. Answers by
 * `report`. */
void engine_record(struct engine *e, const struct msg_record *order);
void engine_metrics(const struct engine *e, struct tc_buf *out);

/* ---- for the engine's own files ---- */
void order_tick_all(struct engine *e);
/* A recorder began a file: the orders that want its time hold it. */
void order_on_file(struct engine *e, struct recorder *r, struct recorder_file *f);
struct volume *engine_volume(struct engine *e, uint32_t number);
