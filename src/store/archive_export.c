/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/archive_file.h"
#include "store/archive_volume.h"

enum { EXPORT_FILES_MAX = 4096, COPY_BYTES = 256 * 1024 };

static enum tc_err write_all(int out, const uint8_t *bytes, size_t len, struct tc_errinfo *info)
{
    while (len > 0) {
        ssize_t put = write(out, bytes, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return tc_fail_errno(info, errno, "write the clip");
        bytes += put;
        len -= (size_t)put;
    }
    return TC_OK;
}

static enum tc_err copy_extent(int from, const struct clip_extent *e, int out,
                               struct tc_errinfo *info)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    enum tc_err err = buffer == NULL ? tc_fail(info, TC_E_NOMEM, "write the clip") : TC_OK;
    for (uint64_t done = 0; err == TC_OK && done < e->bytes;) {
        uint64_t left = e->bytes - done;
        size_t len = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
        if (archive_file_pread(from, buffer, len, e->offset + done) == TC_OK)
            err = write_all(out, buffer, len, info);
        else
            err = tc_fail(info, TC_E_IO, "read a recording at byte %llu",
                          (unsigned long long)(e->offset + done));
        done += len;
    }
    free(buffer);
    return err;
}

enum tc_err archive_clip_write(const struct archive_gather *g, const struct clip *c, int out,
                               struct tc_errinfo *info)
{
    for (size_t i = 0; i < c->extent_count; i++) {
        const struct clip_extent *e = &c->extents[i];
        if (e->source == CLIP_BOXES)
            TC_TRY(write_all(out, c->boxes.data + e->offset, e->bytes, info));
        else if (e->source == ARCHIVE_SOURCE_TAIL)
            TC_TRY(write_all(out, g->tail.data + e->offset, e->bytes, info));
        else
            TC_TRY(copy_extent(g->sources[e->source - 1]->fd, e, out, info));
    }
    return TC_OK;
}

/* ---- a stopped daemon's state ---- */

enum { VOLUMES_MAX = 64 };

struct offline {
    const char *state;
    struct {
        uint32_t number;
        int fd;
    } dirs[VOLUMES_MAX];
    size_t count;
};

/* The volume where the index says, or, for a state directory that was moved, where the default one
 * is. */
static int open_volume_dir(const char *state, const struct archive_db_volume_row *row)
{
    char path[ARCHIVE_DB_VOLUME_PATH_BYTES], identity[ARCHIVE_VOLUME_ID_BYTES];
    int fd = open(row->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 || snprintf(path, sizeof path, "%s/archive", state) >= (int)sizeof path)
        return fd;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fd;
    if (archive_volume_read(fd, identity, NULL) == TC_OK && strcmp(identity, row->identity) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static bool open_volume(void *ctx, const struct archive_db_volume_row *row)
{
    struct offline *o = ctx;
    if (o->count == VOLUMES_MAX)
        return false;
    o->dirs[o->count].number = row->number;
    o->dirs[o->count].fd = open_volume_dir(o->state, row);
    o->count++;
    return true;
}

static int dir_of(void *ctx, uint32_t volume)
{
    const struct offline *o = ctx;
    for (size_t i = 0; i < o->count; i++) {
        if (o->dirs[i].number == volume)
            return o->dirs[i].fd;
    }
    return -1;
}

static void close_volumes(struct offline *o)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->dirs[i].fd >= 0)
            (void)close(o->dirs[i].fd);
    }
}

static enum tc_err gather_offline(struct archive_gather *g, const char *state, const char *camera,
                                  struct tc_errinfo *info)
{
    char path[ARCHIVE_DB_VOLUME_PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/archive.db", state) >= (int)sizeof path)
        return tc_fail(info, TC_E_LIMIT, "the path of the state directory is too long");
    struct archive_db *db;
    struct offline o = {.state = state};
    uint32_t number;
    TC_TRY(archive_db_open(path, ARCHIVE_DB_READ, &db, info));
    enum tc_err err = archive_db_camera(db, camera, false, &number, info);
    if (err == TC_OK)
        err = archive_db_volumes(db, open_volume, &o, info);
    if (err == TC_OK)
        err = archive_gather_index(g, db, number, dir_of, &o, info);
    close_volumes(&o);
    archive_db_close(db);
    return err;
}

enum tc_err archive_export(const char *state, const char *camera, struct tc_wall from,
                           struct tc_wall to, int out, struct clip *c, struct tc_errinfo *info)
{
    *c = (struct clip){0};
    struct archive_gather g;
    archive_gather_init(&g, from, to, EXPORT_FILES_MAX, 0);
    enum tc_err err = gather_offline(&g, state, camera, info);
    if (err == TC_OK) {
        err = archive_gather_build(&g, c, info);
        if (err == TC_E_NOT_FOUND && g.missing > 0)
            err = tc_fail(info, err,
                          "%u recordings of the interval are in the index and not on the "
                          "disk; is a volume not mounted?",
                          g.missing);
    }
    if (err == TC_OK)
        err = archive_clip_write(&g, c, out, info);
    if (err != TC_OK)
        clip_done(c);
    archive_gather_done(&g);
    return err;
}
