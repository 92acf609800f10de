/* SPDX-License-Identifier: Apache-2.0 */
/* A recorder's files: made, made durable, closed, and their rows in the index. */
#include "archive/recorder_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/event_type.h"
#include "runtime/log.h"

enum {
    NAME_TRIES = 10,
    SYNC_PAUSE_MS = 1000, /* between two syncs of a camera without an alarm */
};

/* ---- durability ---- */

static unsigned slot_of(const struct recorder *r, const struct recorder_file *f)
{
    return (unsigned)(f - r->files);
}

static uint64_t token_of(const struct recorder *r, const struct recorder_file *f)
{
    return (uint64_t)r->index << 8 | slot_of(r, f);
}

void recorder_ask_sync(struct recorder *r)
{
    struct recorder_file *f = r->current;
    if (f == NULL || !f->dirty)
        return;
    bool soon = r->urgent || r->env->now.ns - f->asked.ns >= SYNC_PAUSE_MS * TC_NS_PER_MS;
    if (!soon || f->syncing > 0)
        return;
    struct sync_job job = {
        .kind = SYNC_FILE, .urgent = r->urgent, .fd = f->fd, .token = token_of(r, f)};
    if (!syncer_push(f->volume->sync, &job))
        return;
    f->dirty = false;
    f->syncing++;
    f->asked = r->env->now;
}

static void ask_dir_sync(const struct recorder_file *f)
{
    struct sync_job job = {.kind = SYNC_DIR, .urgent = true, .token = UINT64_MAX};
    const char *end = strrchr(f->segment.path, '/');
    (void)snprintf(job.path, sizeof job.path, "%.*s", (int)(end - f->segment.path),
                   f->segment.path);
    if (!syncer_push(f->volume->sync, &job))
        log_debug("%s: too many syncs wait already", job.path);
}

/* ---- the index; a file whose row is missing is found again by the next start ---- */

static void index_failed(struct recorder *r, const struct tc_errinfo *info)
{
    r->env->fault(r->env->ctx, EV_SYSTEM_DISK_FAILED, 2, "archive.db", info->text);
}

static void index_add(struct recorder *r, struct recorder_file *f)
{
    struct tc_errinfo info = {0};
    if (archive_db_begin(r->env->db, &info) != TC_OK ||
        archive_db_add(r->env->db, &f->segment, &info) != TC_OK)
        index_failed(r, &info);
}

static void index_update(struct recorder *r, struct recorder_file *f)
{
    struct tc_errinfo info = {0};
    if (f->segment.number == 0)
        return;
    enum tc_err err = archive_db_begin(r->env->db, &info);
    if (err == TC_OK)
        err = archive_db_update(r->env->db, &f->segment, &info);
    if (err != TC_OK)
        index_failed(r, &info);
}

/* ---- files ---- */

static void release(struct recorder_file *f)
{
    f->fd = -1;
    f->closing = false;
    f->syncing = 0;
    f->segment.count = 0;
    f->segment.number = 0;
}

/* Nothing came to be in it. */
static void discard_file(struct recorder *r, struct recorder_file *f)
{
    (void)unlinkat(f->volume->options.dir, f->segment.path, 0);
    (void)close(f->fd);
    struct tc_errinfo info = {0};
    enum tc_err err = TC_OK;
    if (f->segment.number != 0)
        err = archive_db_begin(r->env->db, &info);
    if (f->segment.number != 0 && err == TC_OK)
        err = archive_db_drop(r->env->db, f->segment.number, &info);
    if (err != TC_OK)
        index_failed(r, &info);
    release(f);
}

void recorder_close_file(struct recorder *r)
{
    struct recorder_file *f = r->current;
    if (f == NULL)
        return;
    r->current = NULL;
    r->long_gop = false;
    if (f->segment.count == 0 && f->syncing == 0) {
        discard_file(r, f);
        return;
    }
    struct sync_job job = {.kind = SYNC_FILE_CLOSE, .fd = f->fd, .token = token_of(r, f)};
    f->closing = true;
    f->dirty = false;
    f->syncing++;
    if (!syncer_push(f->volume->sync, &job)) {
        (void)close(f->fd);
        recorder_file_closed(r, f, false); /* stays open in the index: the next start looks at it */
    }
}

void recorder_file_closed(struct recorder *r, struct recorder_file *f, bool durable)
{
    if (durable) {
        f->segment.open = false;
        index_update(r, f);
    }
    release(f);
}

static struct recorder_file *free_slot(struct recorder *r)
{
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++) {
        if (r->files[i].fd < 0)
            return &r->files[i];
    }
    return NULL;
}

/* Cameras are spread over the volumes; one that cannot be used leaves its cameras to the next. */
struct volume *recorder_choose_volume(const struct recorder *r)
{
    const struct recorder_env *env = r->env;
    for (size_t i = 0; i < env->volume_count; i++) {
        struct volume *v = &env->volumes[(r->index + i) % env->volume_count];
        if (volume_usable(v, env->now))
            return v;
    }
    return NULL;
}

/* Makes every directory above PATH's last part. */
static int make_dirs(int dir, const char *path)
{
    char part[ARCHIVE_PATH_BYTES];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdirat(dir, part, 0755) != 0 && errno != EEXIST)
            return errno;
    }
    return 0;
}

/* Makes the file; returns 0 or errno. */
static int create_file(struct recorder_file *f, const char *camera)
{
    int dir = f->volume->options.dir;
    bool made_dirs = false;
    unsigned copy = 0;
    while (copy < NAME_TRIES) {
        (void)archive_path(camera, (struct tc_wall){f->segment.start_ns}, copy, f->segment.path);
        f->fd =
            openat(dir, f->segment.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (f->fd >= 0)
            return 0;
        if (errno == EEXIST) {
            copy++;
            continue;
        }
        if (errno != ENOENT || made_dirs)
            return errno;
        int errnum = make_dirs(dir, f->segment.path);
        if (errnum != 0)
            return errnum;
        made_dirs = true;
    }
    return EEXIST;
}

static bool set_params(struct recorder *r, struct recorder_file *f, uint32_t generation)
{
    struct ring_params p;
    if (ring_read_params(&r->ring, generation, &p) != TC_OK)
        return false;
    struct avc_params params = {tc_slice(p.sps, p.sps_bytes), tc_slice(p.pps, p.pps_bytes)};
    f->generation = generation;
    return archive_segment_set_params(&f->segment, &params) == TC_OK;
}

enum recorder_outcome recorder_begin_file(struct recorder *r, int *errnum)
{
    const struct ring_frame *first = &r->pending[0];
    struct recorder_file *f = free_slot(r);
    struct volume *v = recorder_choose_volume(r);
    if (f == NULL || v == NULL)
        return NO_PLACE;
    struct archive_fragment *fragments = f->segment.fragments;
    size_t cap = f->segment.cap;
    *f = (struct recorder_file){.volume = v, .fd = -1, .asked = r->env->now};
    f->segment = (struct archive_segment){.camera = r->number,
                                          .volume = v->number,
                                          .open = true,
                                          .start_ns = first->wall.ns,
                                          .end_ns = first->wall.ns,
                                          .fragments = fragments,
                                          .cap = cap};
    if (!set_params(r, f, first->param_generation))
        return NO_PARAMS;
    *errnum = create_file(f, r->id);
    if (*errnum != 0) {
        f->fd = -1;
        return *errnum == ENOSPC || *errnum == EDQUOT ? NO_SPACE : FAILED;
    }
    r->current = f;
    index_add(r, f);
    ask_dir_sync(f);
    return WRITTEN;
}
