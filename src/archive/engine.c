/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/event_type.h"
#include "runtime/clock.h"
#include "runtime/log.h"

enum {
    RECOVER_FILES_A_STEP = 8,
    RECOVER_MS_A_TICK = 15,
    SYNC_RESULTS = 64,
    HEAD_BYTES_MAX = 256 * 1024
};

struct volume *engine_volume(struct engine *e, uint32_t number)
{
    for (size_t i = 0; i < e->volume_count; i++) {
        if (e->volumes[i].number == number && number != 0)
            return &e->volumes[i];
    }
    return NULL;
}

static bool make_room(void *ctx, struct volume *v)
{
    struct engine *e = ctx;
    return retain_make_room(&e->retain, v);
}

static void on_file(void *ctx, struct recorder *r, struct recorder_file *f)
{
    order_on_file(ctx, r, f);
}

/* ---- beginning ---- */

/* A damaged index is put aside with its companions; the files say everything again. */
static enum tc_err open_index(struct engine *e, struct tc_errinfo *info)
{
    static const char *const companions[] = {"", "-wal", "-shm"};
    enum tc_err err = archive_db_open(e->options.db_path, ARCHIVE_DB_WRITE, &e->db, info);
    if (err != TC_E_CORRUPT)
        return err;
    e->options.fault(e->options.ctx, EV_SYSTEM_DISK_FAILED, 2, "archive.db",
                     "the index of the recordings was damaged; it is put aside as "
                     "archive.db.damaged and made again "
                     "from the recordings");
    for (size_t i = 0; i < 3; i++) {
        char from[512], to[512];
        (void)snprintf(from, sizeof from, "%s%s", e->options.db_path, companions[i]);
        (void)snprintf(to, sizeof to, "%s.damaged%s", e->options.db_path, companions[i]);
        if (rename(from, to) != 0 && i == 0)
            return err;
    }
    return archive_db_open(e->options.db_path, ARCHIVE_DB_WRITE, &e->db, info);
}

static enum tc_err allocate(struct engine *e)
{
    size_t cameras = e->options.camera_count, volumes = e->options.volume_count;
    e->cameras = calloc(cameras + 1, sizeof *e->cameras);
    e->recorders = calloc(cameras + 1, sizeof *e->recorders);
    e->retain_cameras = calloc(cameras + 1, sizeof *e->retain_cameras);
    e->recover_cameras = calloc(cameras + 1, sizeof *e->recover_cameras);
    e->volumes = calloc(volumes + 1, sizeof *e->volumes);
    return e->cameras != NULL && e->recorders != NULL && e->retain_cameras != NULL &&
                   e->recover_cameras != NULL && e->volumes != NULL
               ? TC_OK
               : TC_E_NOMEM;
}

static void set_up_env(struct engine *e)
{
    e->env = (struct recorder_env){.db = e->db,
                                   .volumes = e->volumes,
                                   .volume_count = e->volume_count,
                                   .fault = e->options.fault,
                                   .make_room = make_room,
                                   .on_file = on_file,
                                   .ctx = e};
    tc_buf_init(&e->env.head, HEAD_BYTES_MAX);
    e->retain = (struct retain){.db = e->db,
                                .volumes = e->volumes,
                                .volume_count = e->volume_count,
                                .cameras = e->retain_cameras,
                                .fault = e->options.fault,
                                .ctx = e->options.ctx};
}

static enum tc_err set_up_cameras(struct engine *e, struct tc_errinfo *info)
{
    for (size_t i = 0; i < e->options.camera_count; i++) {
        const struct engine_camera *c = &e->options.cameras[i];
        struct recorder *r = &e->recorders[i];
        e->cameras[i] = *c;
        e->camera_count = i + 1;
        TC_TRY(recorder_init(r, &e->env, (uint32_t)i, c->id, c->always, info));
        int64_t on_disk = recover_newest_end(e->volumes, e->volume_count, c->id);
        if (on_disk > r->end_ns)
            r->end_ns = on_disk;
        e->retain_cameras[i] = (struct retain_camera){.number = r->number, .keep_ns = c->keep_ns};
        e->recover_cameras[i] = (struct recover_camera){.number = r->number, .id = r->id};
    }
    e->retain.camera_count = e->camera_count;
    return TC_OK;
}

/* Faults of the recorders pass through here, since their context is the engine. */
static void pass_fault(void *ctx, unsigned type, unsigned active, const char *item,
                       const char *text)
{
    struct engine *e = ctx;
    e->options.fault(e->options.ctx, type, active, item, text);
}

static enum tc_err set_up(struct engine *e, struct tc_errinfo *info)
{
    TC_TRY(open_index(e, info));
    if (allocate(e) != TC_OK)
        return tc_fail(info, TC_E_NOMEM, "start the archive");
    for (size_t i = 0; i < e->options.volume_count; i++) {
        volume_open(&e->volumes[i], &e->options.volumes[i], e->db, e->options.sync_fn,
                    e->options.fault, e->options.ctx);
        e->volume_count = i + 1;
    }
    size_t repaired =
        recover_left_open(e->db, e->volumes, e->volume_count, e->options.fault, e->options.ctx);
    if (repaired > 0)
        log_info("%zu recordings that the last run left open are closed", repaired);
    set_up_env(e);
    e->env.fault = pass_fault;
    TC_TRY(archive_db_begin(e->db, info));
    TC_TRY(set_up_cameras(e, info));
    TC_TRY(archive_db_commit(e->db, info));
    e->recover =
        recover_new(e->db, e->volumes, e->volume_count, e->recover_cameras, e->camera_count);
    return TC_OK;
}

enum tc_err engine_new(const struct engine_options *options, struct engine **ret,
                       struct tc_errinfo *info)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return tc_fail(info, TC_E_NOMEM, "start the archive");
    e->options = *options;
    enum tc_err err = set_up(e, info);
    if (err != TC_OK) {
        engine_free(e);
        return err;
    }
    *ret = e;
    return TC_OK;
}

/* ---- running ---- */

enum tc_err engine_ring(struct engine *e, uint32_t camera, int fd, struct tc_errinfo *info)
{
    if (camera >= e->camera_count)
        return tc_fail(info, TC_E_RANGE, "a ring for camera %u of %zu", camera, e->camera_count);
    TC_TRY(recorder_set_ring(&e->recorders[camera], fd, info));
    for (size_t i = 0; i < e->order_count; i++) { /* an order that came before the ring */
        if (e->orders[i].asked.camera == camera && e->orders[i].phase == 0)
            recorder_rewind(&e->recorders[camera], (struct tc_wall){e->orders[i].asked.from_ns});
    }
    return TC_OK;
}

static void take_result(struct engine *e, struct volume *v, const struct sync_result *result)
{
    uint64_t index = result->token >> 8;
    e->syncs++;
    if (result->took_ns > e->sync_worst_ns)
        e->sync_worst_ns = result->took_ns;
    if (result->errnum != 0) {
        e->sync_errors++;
        volume_sync_failed(v, result->errnum);
    }
    if (result->token == UINT64_MAX || index >= e->camera_count)
        return;
    e->recorders[index].failed_syncs += result->errnum != 0;
    recorder_synced(&e->recorders[index], (unsigned)(result->token & 0xff), result);
}

static void take_sync_results(struct engine *e)
{
    struct sync_result results[SYNC_RESULTS];
    for (size_t i = 0; i < e->volume_count; i++) {
        struct volume *v = &e->volumes[i];
        size_t count = v->sync == NULL ? 0 : syncer_take(v->sync, results, SYNC_RESULTS);
        while (count > 0) {
            for (size_t k = 0; k < count; k++)
                take_result(e, v, &results[k]);
            count = syncer_take(v->sync, results, SYNC_RESULTS);
        }
    }
}

static void commit(struct engine *e)
{
    struct tc_errinfo info = {0};
    if (archive_db_commit(e->db, &info) == TC_OK)
        return;
    e->options.fault(e->options.ctx, EV_SYSTEM_DISK_FAILED, 2, "archive.db", info.text);
}

/* A few milliseconds of it a tick: a lost index of months comes back within minutes, and nobody
 * waits for it. */
static void look_for_lost_rows(struct engine *e)
{
    int64_t until_ns = clock_mono().ns + RECOVER_MS_A_TICK * TC_NS_PER_MS;
    bool more = e->recover != NULL;
    if (!more)
        return;
    while (more && clock_mono().ns < until_ns)
        more = recover_step(e->recover, RECOVER_FILES_A_STEP);
    if (more)
        return;
    if (recover_found(e->recover) > 0)
        log_info("%llu recordings were on the disks and not in the index",
                 (unsigned long long)recover_found(e->recover));
    recover_free(e->recover);
    e->recover = NULL;
}

void engine_tick(struct engine *e, struct tc_wall wall, struct tc_mono now)
{
    e->env.wall = wall;
    e->env.now = now;
    take_sync_results(e);
    for (size_t i = 0; i < e->camera_count; i++)
        recorder_tick(&e->recorders[i]);
    order_tick_all(e);
    look_for_lost_rows(e);
    retain_tick(&e->retain, now, wall);
    commit(e);
}

void engine_settle(struct engine *e)
{
    for (size_t i = 0; i < e->volume_count; i++) {
        if (e->volumes[i].sync != NULL)
            syncer_drain(e->volumes[i].sync);
    }
    take_sync_results(e);
    commit(e);
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->camera_count; i++) {
        if (e->recorders[i].has_ring)
            recorder_flush(&e->recorders[i]);
        recorder_stop(&e->recorders[i]);
    }
    if (e->db != NULL)
        engine_settle(e);
    for (size_t i = 0; i < e->camera_count; i++)
        recorder_done(&e->recorders[i]);
    for (size_t i = 0; i < e->volume_count; i++)
        volume_close(&e->volumes[i]);
    recover_free(e->recover);
    archive_db_close(e->db);
    tc_buf_done(&e->env.head);
    free(e->cameras);
    free(e->recorders);
    free(e->retain_cameras);
    free(e->recover_cameras);
    free(e->volumes);
    free(e);
}

/* ---- metrics ---- */

static void metric(struct tc_buf *out, const char *name, const char *type, const char *help,
                   double value)
{
    tc_buf_add_fmt(
        out,
        "# TYPE tocsin_archive_%s %s\n# HELP tocsin_archive_%s %s\ntocsin_archive_%s%s %.15g\n",
        name, type, name, help, name, strcmp(type, "counter") == 0 ? "_total" : "", value);
}

void engine_metrics(const struct engine *e, struct tc_buf *out)
{
    double bytes = 0, fragments = 0, gaps = 0, lost = 0, failed = 0;
    for (size_t i = 0; i < e->camera_count; i++) {
        const struct recorder *r = &e->recorders[i];
        bytes += (double)r->bytes;
        fragments += (double)r->fragments;
        gaps += (double)r->gaps;
        lost += (double)r->lost_frames;
        failed += (double)r->failed_writes;
    }
    metric(out, "bytes", "counter", "Bytes of video written.", bytes);
    metric(out, "fragments", "counter", "Fragments written.", fragments);
    metric(out, "gaps", "counter", "Times a recording was interrupted.", gaps);
    metric(out, "lost_frames", "counter", "Frames the ring had overwritten before they were read.",
           lost);
    metric(out, "failed_writes", "counter", "Fragments that could not be written.", failed);
    metric(out, "syncs", "counter", "Files made durable.", (double)e->syncs);
    metric(out, "sync_errors", "counter", "Syncs that failed.", (double)e->sync_errors);
    metric(out, "sync_worst_seconds", "gauge", "The longest sync since the start.",
           (double)e->sync_worst_ns / 1e9);
    metric(out, "deleted_files", "counter", "Recordings deleted by retention.",
           (double)e->retain.deleted_files);
    tc_buf_add_str(out, "# TYPE tocsin_archive_free_bytes gauge\n");
    for (size_t i = 0; i < e->volume_count; i++)
        tc_buf_add_fmt(out, "tocsin_archive_free_bytes{volume=\"%zu\"} %llu\n", i,
                       (unsigned long long)e->volumes[i].free_bytes);
}
