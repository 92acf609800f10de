/* SPDX-License-Identifier: Apache-2.0 */
/* What the frames mean: when a fragment ends, when a file does. The writing is in recorder_write.c.
 */
#include "archive/recorder.h"

#include <stdlib.h>
#include <string.h>

#include "archive/recorder_write.h"

enum tc_err recorder_init(struct recorder *r, struct recorder_env *env, uint32_t index,
                          const char *id, bool always, struct tc_errinfo *info)
{
    *r = (struct recorder){.env = env, .index = index, .always = always, .waiting = true};
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++)
        r->files[i].fd = -1;
    TC_TRY(tc_slice_to_str(tc_slice_str(id), r->id, sizeof r->id));
    r->pending = malloc(RECORDER_PENDING_MAX * sizeof *r->pending);
    if (r->pending == NULL)
        return tc_fail(info, TC_E_NOMEM, "make a recorder");
    TC_TRY(archive_db_camera(env->db, id, true, &r->number, info));
    enum tc_err err = archive_db_end(env->db, r->number, &r->end_ns, info);
    return err == TC_E_NOT_FOUND ? TC_OK : err;
}

/* The first frame from NUMBER on that is not on the disk already: what a process before this one
 * wrote is not written twice. */
static uint64_t first_unwritten(const struct recorder *r, uint64_t number)
{
    struct ring_frame f;
    if (number <= r->written)
        number = r->written + 1;
    while (ring_read_slot(&r->ring, number, &f) == RING_READ_OK &&
           f.wall.ns + TC_NS_PER_MS < r->end_ns)
        number++;
    return number;
}

void recorder_stop(struct recorder *r)
{
    recorder_close_file(r);
    r->waiting = true;
}

void recorder_done(struct recorder *r)
{
    if (r->has_ring)
        ring_reader_close(&r->ring);
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++)
        archive_segment_done(&r->files[i].segment);
    free(r->pending);
    *r = (struct recorder){0};
}

enum tc_err recorder_set_ring(struct recorder *r, int fd, struct tc_errinfo *info)
{
    struct ring_reader ring;
    TC_TRY(ring_reader_open(&ring, fd, info));
    if (r->has_ring) {
        recorder_flush(r);
        recorder_close_file(r);
        ring_reader_close(&r->ring);
    }
    r->ring = ring;
    r->has_ring = true;
    r->written = 0;
    r->next = first_unwritten(r, ring_oldest(&r->ring));
    r->waiting = true;
    r->pending_count = 0;
    r->last = (struct ring_frame){0};
    return TC_OK;
}

/* Does a hole, a step of the clock or a new writer stand between LAST and F? */
static bool begins_anew(const struct ring_frame *last, const struct ring_frame *f)
{
    int64_t step = f->wall.ns - last->wall.ns;
    if (last->number == 0 || f->epoch != last->epoch)
        return last->number != 0;
    if (step < -RECORDER_LOSS_NS || step > RECORDER_GAP_NS)
        return true;
    return (f->flags & RING_DISCONTINUITY) != 0 && step > RECORDER_LOSS_NS;
}

/* How long a fragment may last now before it is written though its GOP goes on. */
static int64_t fragment_limit(const struct recorder *r)
{
    return r->urgent || r->long_gop ? RECORDER_FRAGMENT_BUSY_NS : RECORDER_FRAGMENT_NS;
}

/* While the disk is behind with the files before, the one in hand goes on. */
static bool may_change_file(const struct recorder *r)
{
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++) {
        if (r->files[i].fd < 0)
            return true;
    }
    return false;
}

static bool file_is_full(const struct recorder *r, const struct ring_frame *f)
{
    const struct recorder_file *file = r->current;
    if (file == NULL)
        return false;
    bool old = f->wall.ns - file->segment.start_ns >= RECORDER_SEGMENT_NS;
    return (old && may_change_file(r)) || f->param_generation != file->generation;
}

/* A file without an end would break the promise that none lasts longer: cut it, and wait for a key
 * frame. */
static bool file_is_endless(const struct recorder *r, const struct ring_frame *f)
{
    const struct recorder_file *file = r->current;
    return file != NULL &&
           (file->segment.count >= ARCHIVE_FRAGMENTS_MAX - 1 ||
            f->wall.ns - file->segment.start_ns >= ARCHIVE_SEGMENT_MAX_NS - RECORDER_SEGMENT_NS);
}

static void take_frame(struct recorder *r, const struct ring_frame *f)
{
    bool key = (f->flags & RING_KEY) != 0;
    if (begins_anew(&r->last, f) || file_is_endless(r, f)) {
        recorder_write(r, NULL);
        recorder_close_file(r);
        r->waiting = true;
        r->gaps++;
    }
    r->last = *f;
    if (r->waiting && !key)
        return;
    if (r->pending_count > 0) {
        int64_t lasts = f->wall.ns - r->pending[0].wall.ns;
        bool full = lasts >= fragment_limit(r) || r->pending_count == RECORDER_PENDING_MAX;
        if (key || full) {
            recorder_write(r, f);
            r->long_gop = !key;
        }
    }
    if (key && file_is_full(r, f))
        recorder_close_file(r);
    if (r->waiting && !key)
        return; /* the write failed: what comes now leans on what is missing */
    r->waiting = false;
    r->pending[r->pending_count++] = *f;
}

/* Mode alarm: the end of what was ordered. */
static void stop_at(struct recorder *r, const struct ring_frame *f)
{
    if (r->pending_count == 0 && r->current == NULL)
        return;
    recorder_write(r, f);
    recorder_close_file(r);
    r->waiting = true;
}

/* What was not read in time is gone. */
static void skip_lost(struct recorder *r)
{
    uint64_t oldest = ring_oldest(&r->ring);
    r->lost_frames += oldest > r->next ? oldest - r->next : 0;
    r->next = oldest > r->next ? oldest : r->next + 1;
    recorder_write(r, NULL);
    recorder_close_file(r);
    r->waiting = true;
    r->gaps++;
}

/* A camera that went silent keeps nothing back for ever. */
static void flush_when_silent(struct recorder *r)
{
    if (r->pending_count == 0)
        return;
    int64_t silent = r->env->now.ns - r->pending[r->pending_count - 1].arrival_mono.ns;
    if (silent > RECORDER_FRAGMENT_NS)
        recorder_flush(r);
}

void recorder_tick(struct recorder *r)
{
    if (!r->has_ring || (!r->always && r->wanted_to_ns == 0 && r->current == NULL))
        return;
    uint64_t end = ring_next(&r->ring);
    while (r->next < end) {
        struct ring_frame f;
        enum ring_read got = ring_read_slot(&r->ring, r->next, &f);
        if (got == RING_NOT_YET)
            break;
        if (got == RING_GONE) {
            skip_lost(r);
            continue;
        }
        if (!r->always && f.wall.ns >= r->wanted_to_ns) {
            stop_at(r, &f);
            break; /* stays where it is: a renewed order goes on from here */
        }
        take_frame(r, &f);
        r->next++;
    }
    flush_when_silent(r);
    recorder_ask_sync(r);
}

void recorder_rewind(struct recorder *r, struct tc_wall from)
{
    if (!r->has_ring || r->always || r->current != NULL)
        return;
    uint64_t key = ring_key_at(&r->ring, from);
    if (key == 0)
        key = ring_next(&r->ring);
    r->next = first_unwritten(r, key);
    r->waiting = true;
    r->last = (struct ring_frame){0};
}

void recorder_flush(struct recorder *r)
{
    if (r->pending_count == 0)
        return;
    recorder_write(r, NULL);
    r->long_gop = true;
    recorder_ask_sync(r);
}

void recorder_synced(struct recorder *r, unsigned slot, const struct sync_result *result)
{
    if (slot >= RECORDER_FILES_MAX)
        return;
    struct recorder_file *f = &r->files[slot];
    if (f->syncing > 0)
        f->syncing--;
    if (result->kind == SYNC_FILE_CLOSE)
        recorder_file_closed(r, f, result->errnum == 0);
}

bool recorder_is_durable(const struct recorder *r)
{
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++) {
        if (r->files[i].fd >= 0 && (r->files[i].dirty || r->files[i].syncing > 0))
            return false;
    }
    return true;
}

struct recorder_file *recorder_file_of(struct recorder *r, const struct archive_segment *row)
{
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++) {
        struct recorder_file *f = &r->files[i];
        if (f->fd >= 0 && f->segment.volume == row->volume &&
            strcmp(f->segment.path, row->path) == 0)
            return f;
    }
    return NULL;
}
