/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/event_type.h"
#include "runtime/log.h"

#define SHORT_TOLD_EVERY_NS (24 * 3600 * TC_NS_PER_S)

/* Rows on their way out; taken from the index before the first is deleted. */
struct batch {
    struct {
        int64_t number;
        int64_t end_ns;
        uint32_t camera, volume;
        char path[ARCHIVE_PATH_BYTES];
    } rows[RETAIN_STEP_FILES];
    size_t count;
};

static bool take_row(void *ctx, struct archive_segment *s)
{
    struct batch *b = ctx;
    if (b->count == RETAIN_STEP_FILES)
        return false;
    b->rows[b->count].number = s->number;
    b->rows[b->count].end_ns = s->end_ns;
    b->rows[b->count].camera = s->camera;
    b->rows[b->count].volume = s->volume;
    memcpy(b->rows[b->count].path, s->path, sizeof s->path);
    b->count++;
    return true;
}

static struct volume *volume_of(const struct retain *r, uint32_t number)
{
    for (size_t i = 0; i < r->volume_count; i++) {
        if (r->volumes[i].number == number && r->volumes[i].state != VOLUME_ABSENT)
            return &r->volumes[i];
    }
    return NULL;
}

/* The folders above a deleted file, as far as they are empty now. The camera's own stays. */
static void remove_empty_dirs(int dir, const char *path)
{
    char part[ARCHIVE_PATH_BYTES];
    (void)snprintf(part, sizeof part, "%s", path);
    for (int level = 0; level < 4; level++) {
        char *slash = strrchr(part, '/');
        if (slash == NULL)
            return;
        *slash = 0;
        if (strchr(part, '/') == NULL || unlinkat(dir, part, AT_REMOVEDIR) != 0)
            return;
    }
}

enum deletion { FREED, GONE, HELD, FAILED };

static enum deletion delete_file(struct retain *r, struct volume *v, const char *path)
{
    struct stat st;
    if (fstatat(v->options.dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? GONE : FAILED;
    if (st.st_nlink > 1)
        return HELD;
    if (unlinkat(v->options.dir, path, 0) != 0)
        return errno == ENOENT ? GONE : FAILED;
    r->deleted_files++;
    r->deleted_bytes += (uint64_t)st.st_size;
    remove_empty_dirs(v->options.dir, path);
    return FREED;
}

/* Deletes what of the batch frees something, and mends the index where it was wrong. Returns how
 * many were freed. */
static size_t delete_batch(struct retain *r, const struct batch *b)
{
    size_t freed = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct volume *v = volume_of(r, b->rows[i].volume);
        struct tc_errinfo info = {0};
        if (v == NULL)
            continue;
        enum deletion done = delete_file(r, v, b->rows[i].path);
        if (done == FAILED)
            log_warn("%s: cannot delete %s: %s", v->options.path, b->rows[i].path, strerror(errno));
        enum tc_err err = done == FAILED ? TC_OK : archive_db_begin(r->db, &info);
        if (err == TC_OK && done == HELD)
            err = archive_db_set_held(r->db, b->rows[i].number, &info);
        else if (err == TC_OK && done != FAILED)
            err = archive_db_drop(r->db, b->rows[i].number, &info);
        if (err != TC_OK)
            log_error("%s", info.text);
        freed += done == FREED;
    }
    return freed;
}

static int64_t keep_of(const struct retain *r, uint32_t camera)
{
    for (size_t i = 0; i < r->camera_count; i++) {
        if (r->cameras[i].number == camera)
            return r->cameras[i].keep_ns;
    }
    return 0;
}

/* What had to go before its time: once a day a person is told that the disks are too small for what
 * was asked. */
static void tell_short(struct retain *r, const struct volume *v, const struct batch *b,
                       struct tc_mono now, struct tc_wall wall)
{
    if (b->count == 0 ||
        (r->short_told_at.ns != 0 && now.ns - r->short_told_at.ns < SHORT_TOLD_EVERY_NS))
        return;
    int64_t kept = wall.ns - b->rows[0].end_ns, keep = keep_of(r, b->rows[0].camera);
    if (kept >= keep - 3600 * TC_NS_PER_S)
        return;
    char text[VOLUME_TEXT_BYTES];
    (void)snprintf(text, sizeof text,
                   "recordings are deleted after %.1f days, %.1f were asked for: add space or "
                   "lower record.keep",
                   (double)kept / 86400e9, (double)keep / 86400e9);
    r->short_told_at = now;
    r->fault(r->ctx, EV_SYSTEM_DISK_LOW, 2, v->options.path, text);
}

static size_t free_oldest(struct retain *r, struct volume *v, struct batch *b)
{
    struct tc_errinfo info = {0};
    b->count = 0;
    if (archive_db_oldest(r->db, v->number, RETAIN_STEP_FILES, take_row, b, &info) != TC_OK)
        log_error("%s", info.text);
    return delete_batch(r, b);
}

static void keep_space(struct retain *r, struct volume *v, struct tc_mono now, struct tc_wall wall)
{
    struct batch b;
    if (v->state == VOLUME_ABSENT || v->number == 0 || !volume_measure(v))
        return;
    if (v->free_bytes >= v->options.keep_free_bytes) {
        volume_not_low(v);
        return;
    }
    size_t freed = free_oldest(r, v, &b);
    if (freed > 0)
        tell_short(r, v, &b, now, wall);
    else if (b.count == 0)
        volume_low(v, "what is left is held for incidents or not ours: end holds that are no "
                      "longer needed, or "
                      "add space");
}

bool retain_make_room(struct retain *r, struct volume *v)
{
    struct batch b;
    for (int step = 0; step < 4; step++) { /* a batch may turn out to be held altogether */
        if (free_oldest(r, v, &b) > 0)
            return true;
        if (b.count == 0)
            break;
    }
    (void)volume_measure(v);
    volume_low(v, "no recording can be written: what is left is held for incidents or not ours; "
                  "end holds that are "
                  "no longer needed, or add space");
    return false;
}

static void keep_age(struct retain *r, const struct retain_camera *c, struct tc_wall wall)
{
    struct batch b = {.count = 0};
    struct tc_errinfo info = {0};
    if (c->keep_ns <= 0 || wall.ns <= c->keep_ns)
        return;
    if (archive_db_aged(r->db, c->number, wall.ns - c->keep_ns, RETAIN_STEP_FILES, take_row, &b,
                        &info) != TC_OK)
        log_error("%s", info.text);
    (void)delete_batch(r, &b);
}

/* A clock that leaps ahead makes everything old; that is no reason to delete it. */
static void watch_clock(struct retain *r, struct tc_mono now, struct tc_wall wall)
{
    int64_t base = wall.ns - now.ns;
    if (r->clock_base_ns == 0)
        r->clock_base_ns = base;
    if (r->clock_jumped || base - r->clock_base_ns < RETAIN_CLOCK_STEP_NS)
        return;
    r->clock_jumped = true;
    r->fault(r->ctx, EV_SYSTEM_CLOCK_STEP, 2, "archive",
             "the clock went ahead by more than an hour: no recording is deleted for its age until "
             "tocsin is "
             "restarted; check the clock first");
}

void retain_tick(struct retain *r, struct tc_mono now, struct tc_wall wall)
{
    watch_clock(r, now, wall);
    if (now.ns >= r->space_at.ns) {
        for (size_t i = 0; i < r->volume_count; i++)
            keep_space(r, &r->volumes[i], now, wall);
        r->space_at.ns = now.ns + RETAIN_SPACE_EVERY_NS;
    }
    if (now.ns >= r->age_at.ns && r->camera_count > 0 && !r->clock_jumped) {
        keep_age(r, &r->cameras[r->next_camera], wall);
        r->next_camera = (r->next_camera + 1) % r->camera_count;
        r->age_at.ns = now.ns + RETAIN_AGE_EVERY_NS / (int64_t)r->camera_count;
    }
}
