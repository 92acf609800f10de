/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "model/event_type.h"
#include "runtime/log.h"
#include "store/archive_file.h"

/* ---- what was left open ---- */

struct left_open {
    struct archive_segment *list;
    size_t count, cap;
};

/* Keeps a copy without the fragments: they come from the file. */
static bool take_left_open(void *ctx, struct archive_segment *s)
{
    struct left_open *l = ctx;
    if (l->count == l->cap) {
        size_t cap = l->cap == 0 ? 16 : l->cap * 2;
        struct archive_segment *more = realloc(l->list, cap * sizeof *more);
        if (more == NULL)
            return false;
        l->list = more;
        l->cap = cap;
    }
    l->list[l->count] = *s;
    l->list[l->count].fragments = NULL;
    l->list[l->count].count = l->list[l->count].cap = 0;
    l->count++;
    return true;
}

/* Cuts what stands behind the last whole fragment. */
static enum tc_err cut_tail(int fd, const struct archive_segment *s, struct tc_errinfo *info)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return tc_fail_errno(info, errno, "%s", s->path);
    if ((uint64_t)st.st_size > s->bytes && ftruncate(fd, (off_t)s->bytes) != 0)
        return tc_fail_errno(info, errno, "cut %s after its last whole fragment", s->path);
    return TC_OK;
}

/* Reads a file of ours into S and cuts its tail. TC_E_NOT_FOUND: there is no file, or nothing in
 * it. */
static enum tc_err repair_file(int dir, struct archive_segment *s, struct tc_errinfo *info)
{
    int fd = openat(dir, s->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return tc_fail_errno(info, errno, "%s", s->path);
    struct stat st;
    enum tc_err err = archive_file_read(fd, s, info);
    if (err == TC_OK)
        err = cut_tail(fd, s, info);
    if (fstat(fd, &st) == 0) {
        s->held = st.st_nlink > 1;
        if (err != TC_OK && st.st_size == 0 && unlinkat(dir, s->path, 0) == 0)
            err = TC_E_NOT_FOUND; /* made, never written */
    }
    (void)close(fd);
    return err;
}

static struct volume *volume_by_number(struct volume *volumes, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (volumes[i].number == number && volumes[i].state != VOLUME_ABSENT)
            return &volumes[i];
    }
    return NULL;
}

static enum tc_err close_left_open(struct archive_db *db, const struct volume *v,
                                   struct archive_segment *s, struct tc_errinfo *info)
{
    enum tc_err err = repair_file(v->options.dir, s, info);
    if (err == TC_E_NOT_FOUND || err == TC_E_FORMAT)
        return archive_db_drop(db, s->number, info);
    TC_TRY(err);
    s->open = false;
    return archive_db_update(db, s, info);
}

size_t recover_left_open(struct archive_db *db, struct volume *volumes, size_t count,
                         archive_fault_fn *fault, void *ctx)
{
    struct left_open left = {0};
    struct tc_errinfo info = {0};
    size_t repaired = 0;
    enum tc_err err = archive_db_left_open(db, take_left_open, &left, &info);
    if (err == TC_OK)
        err = archive_db_begin(db, &info);
    for (size_t i = 0; i < left.count; i++) {
        struct volume *v = volume_by_number(volumes, count, left.list[i].volume);
        if (v == NULL)
            continue; /* its disk is not here: another start will see to it */
        enum tc_err one = close_left_open(db, v, &left.list[i], &info);
        repaired += one == TC_OK;
        if (one != TC_OK)
            fault(ctx, EV_SYSTEM_DISK_FAILED, 2, v->options.path, info.text);
        archive_segment_done(&left.list[i]);
    }
    free(left.list);
    if (err == TC_OK)
        err = archive_db_commit(db, &info);
    if (err != TC_OK)
        fault(ctx, EV_SYSTEM_DISK_FAILED, 2, "archive.db", info.text);
    return repaired;
}

/* ---- the folders ---- */

enum { HOUR_BYTES = 14, NAME_BYTES = 40 }; /* "2026/11/22/12" */

struct names {
    char (*list)[NAME_BYTES];
    size_t count, cap;
};

struct recover {
    struct archive_db *db;
    struct volume *volumes;
    size_t volume_count;
    const struct recover_camera *cameras;
    size_t camera_count;
    size_t volume, camera; /* being compared */
    bool listed;           /* hours are this camera's */
    struct names hours;    /* still to do, oldest first: taken from the end */
    struct names files;    /* of the hour in hand, oldest first */
    char hour[NAME_BYTES];
    uint64_t found, foreign;
};

struct recover *recover_new(struct archive_db *db, struct volume *volumes, size_t volume_count,
                            const struct recover_camera *cameras, size_t camera_count)
{
    struct recover *r = calloc(1, sizeof *r);
    if (r != NULL)
        *r = (struct recover){.db = db,
                              .volumes = volumes,
                              .volume_count = volume_count,
                              .cameras = cameras,
                              .camera_count = camera_count};
    return r;
}

void recover_free(struct recover *r)
{
    if (r == NULL)
        return;
    free(r->hours.list);
    free(r->files.list);
    free(r);
}

uint64_t recover_found(const struct recover *r)
{
    return r->found;
}

static bool names_add(struct names *n, const char *name)
{
    if (strlen(name) >= NAME_BYTES)
        return true; /* none of ours is that long */
    if (n->count == n->cap) {
        size_t cap = n->cap == 0 ? 64 : n->cap * 2;
        void *more = realloc(n->list, cap * sizeof *n->list);
        if (more == NULL)
            return false;
        n->list = more;
        n->cap = cap;
    }
    (void)snprintf(n->list[n->count++], NAME_BYTES, "%s", name);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The entries of DIR/PATH that ACCEPT takes. A folder that is not there has none. */
static void list_dir(int dir, const char *path, bool (*accept)(const char *name), struct names *out)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    const struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        if (accept(e->d_name) && !names_add(out, e->d_name))
            break;
    }
    (void)closedir(d);
    if (out->count > 0)
        qsort(out->list, out->count, sizeof *out->list, by_name);
}

static bool is_number(const char *name)
{
    return *name != 0 && strspn(name, "0123456789") == strlen(name);
}

static bool is_recording(const char *name)
{
    struct tc_wall t;
    return archive_name_parse(name, &t);
}

/* Follows the greatest name from folder to folder into PATH; false when there is no file at the
 * end. */
static bool find_newest(int dir, char *path, size_t size)
{
    for (int level = 0; level < 5; level++) {
        struct names names = {0};
        list_dir(dir, path, level < 4 ? is_number : is_recording, &names);
        size_t len = strlen(path);
        bool found = names.count > 0 && len + NAME_BYTES + 1 < size;
        if (found)
            (void)snprintf(path + len, size - len, "/%s", names.list[names.count - 1]);
        free(names.list);
        if (!found)
            return false;
    }
    return true;
}

int64_t recover_newest_end(const struct volume *volumes, size_t count, const char *camera)
{
    int64_t newest = 0;
    for (size_t i = 0; i < count; i++) {
        char path[ARCHIVE_PATH_BYTES];
        struct archive_segment s = {0};
        (void)snprintf(path, sizeof path, "%s", camera);
        if (volumes[i].state == VOLUME_ABSENT ||
            !find_newest(volumes[i].options.dir, path, sizeof path))
            continue;
        int fd = openat(volumes[i].options.dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue;
        if (archive_file_read(fd, &s, NULL) == TC_OK && s.end_ns > newest)
            newest = s.end_ns;
        archive_segment_done(&s);
        (void)close(fd);
    }
    return newest;
}

/* Appends every hour below camera/PREFIX, from SINCE ("2026/11/22/12") on, LEVELS deep. */
static void list_hours(struct recover *r, const char *prefix, int levels, const char *since)
{
    char path[ARCHIVE_PATH_BYTES];
    struct names names = {0};
    (void)snprintf(path, sizeof path, "%s/%s", r->cameras[r->camera].id, prefix);
    list_dir(r->volumes[r->volume].options.dir, path, is_number, &names);
    for (size_t i = 0; i < names.count; i++) {
        char next[NAME_BYTES];
        (void)snprintf(next, sizeof next, "%.13s%s%.4s", prefix, *prefix == 0 ? "" : "/",
                       names.list[i]);
        if (strncmp(next, since, strlen(next)) < 0)
            continue;
        if (levels > 1)
            list_hours(r, next, levels - 1, since);
        else if (!names_add(&r->hours, next))
            log_error("out of memory while looking through the recordings");
    }
    free(names.list);
}

/* The hour from which on the folders may hold what the index has not. */
static void hour_since(const struct recover *r, char out[HOUR_BYTES + 1])
{
    const struct volume *v = &r->volumes[r->volume];
    bool indexed = false;
    int64_t newest = 0;
    char path[ARCHIVE_PATH_BYTES];
    out[0] = 0;
    if (archive_db_volume_indexed(r->db, v->number, &indexed, NULL) != TC_OK || !indexed)
        return;
    if (archive_db_newest(r->db, r->cameras[r->camera].number, v->number, &newest, NULL) != TC_OK)
        return;
    /* an hour of slack: the row that was lost may be of a file begun before the newest */
    (void)archive_path("x", (struct tc_wall){newest - 3600 * TC_NS_PER_S}, 0, path);
    (void)snprintf(out, HOUR_BYTES, "%.13s", path + 2);
}

static void add_file(struct recover *r, const char *name)
{
    const struct volume *v = &r->volumes[r->volume];
    const struct recover_camera *camera = &r->cameras[r->camera];
    struct archive_segment s = {.camera = camera->number, .volume = v->number};
    struct tc_wall start;
    struct tc_errinfo info = {0};
    int64_t number;
    (void)snprintf(s.path, sizeof s.path, "%.48s/%.13s/%.39s", camera->id, r->hour, name);
    if (!archive_name_parse(name, &start) ||
        archive_db_by_path(r->db, camera->number, v->number, start.ns, s.path, &number, &info) !=
            TC_E_NOT_FOUND)
        return;
    enum tc_err err = repair_file(v->options.dir, &s, &info);
    if (err == TC_OK)
        err = archive_db_begin(r->db, &info);
    if (err == TC_OK)
        err = archive_db_add(r->db, &s, &info);
    r->found += err == TC_OK;
    if (err != TC_OK && err != TC_E_NOT_FOUND) {
        r->foreign++;
        log_warn("%s/%s is left as it is: %s", v->options.path, s.path, info.text);
    }
    archive_segment_done(&s);
}

/* On to the next camera, and after the last one to the next volume, which is then looked through.
 */
static void next_camera(struct recover *r)
{
    struct tc_errinfo info = {0};
    r->listed = false;
    r->camera++;
    if (r->camera < r->camera_count)
        return;
    struct volume *v = &r->volumes[r->volume];
    bool done = v->state != VOLUME_ABSENT && v->number != 0;
    if (done && (archive_db_begin(r->db, &info) != TC_OK ||
                 archive_db_volume_set_indexed(r->db, v->number, &info) != TC_OK))
        log_error("%s", info.text);
    r->camera = 0;
    r->volume++;
}

/* The next thing to look at, in the order file, hour, camera, volume. */
static void step_folder(struct recover *r)
{
    const struct volume *v = &r->volumes[r->volume];
    char since[HOUR_BYTES + 1];
    if (v->state == VOLUME_ABSENT || v->number == 0) {
        r->camera = r->camera_count;
        next_camera(r);
    } else if (!r->listed) {
        hour_since(r, since);
        list_hours(r, "", 4, since);
        r->listed = true;
    } else if (r->hours.count > 0) {
        char path[ARCHIVE_PATH_BYTES];
        (void)snprintf(r->hour, sizeof r->hour, "%s", r->hours.list[--r->hours.count]);
        (void)snprintf(path, sizeof path, "%.48s/%.13s", r->cameras[r->camera].id, r->hour);
        list_dir(v->options.dir, path, is_recording, &r->files);
    } else {
        next_camera(r);
    }
}

bool recover_step(struct recover *r, size_t files)
{
    while (r->files.count > 0 && files > 0) {
        add_file(r, r->files.list[--r->files.count]);
        files--;
    }
    if (r->files.count == 0 && r->volume < r->volume_count && r->camera_count > 0)
        step_folder(r);
    return r->camera_count > 0 && r->volume < r->volume_count;
}
