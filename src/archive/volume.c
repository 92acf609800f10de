/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/volume.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "model/event_type.h"

static void tell(const struct volume *v, unsigned type, unsigned active, const char *text)
{
    v->fault(v->ctx, type, active, v->options.path, text);
}

static void refuse(struct volume *v, enum volume_state state, const char *text)
{
    v->state = state;
    tell(v, EV_SYSTEM_DISK_FAILED, 1, text);
}

struct path_search {
    const char *path;
    bool found;
};

static bool has_path(void *ctx, const struct archive_db_volume_row *row)
{
    struct path_search *search = ctx;
    search->found = strcmp(row->path, search->path) == 0;
    return !search->found;
}

/* Was there a disk at this path before? Then a directory without identity is a mount point without
 * its disk. */
static bool known_path(struct archive_db *db, const char *path)
{
    struct path_search search = {.path = path};
    return archive_db_volumes(db, has_path, &search, NULL) == TC_OK && search.found;
}

static enum tc_err make_identity(struct volume *v, struct tc_errinfo *info)
{
    uint8_t random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return tc_fail_errno(info, errno, "get random bytes");
    return archive_volume_make(v->options.dir, random, v->identity, info);
}

/* TC_E_CONFLICT: another disk, or none, is where ours was. An empty identity file is a person's
 * word that a new disk is meant. */
static enum tc_err identify(struct volume *v, struct archive_db *db, struct tc_errinfo *info)
{
    enum tc_err err = archive_volume_read(v->options.dir, v->identity, info);
    if (err == TC_E_NOT_FOUND && !v->options.is_default && known_path(db, v->options.path))
        return TC_E_CONFLICT;
    if (err == TC_E_NOT_FOUND || err == TC_E_FORMAT)
        err = make_identity(v, info);
    if (err == TC_OK)
        err = archive_db_volume(db, v->identity, v->options.path, true, &v->number, info);
    return err;
}

void volume_open(struct volume *v, const struct volume_options *options, struct archive_db *db,
                 int (*sync_fn)(int fd), archive_fault_fn *fault, void *ctx)
{
    *v = (struct volume){.options = *options, .fault = fault, .ctx = ctx};
    struct tc_errinfo info = {0};
    char text[VOLUME_TEXT_BYTES];
    if (options->dir < 0) {
        refuse(v, VOLUME_ABSENT,
               "the directory could not be opened: nothing is recorded on it; make it, or mount "
               "the disk, and restart");
        return;
    }
    enum tc_err err = identify(v, db, &info);
    if (err == TC_OK)
        err = syncer_new(options->dir, sync_fn, &v->sync, &info);
    if (err == TC_E_CONFLICT) {
        refuse(v, VOLUME_ABSENT,
               "the disk that was here is not mounted: nothing is recorded on it; mount it and "
               "restart, or, for a new disk, make an empty file tocsin-volume on it");
    } else if (err != TC_OK) {
        (void)snprintf(text, sizeof text,
                       "%.140s: nothing is recorded on it; set it right and restart", info.text);
        refuse(v, VOLUME_ABSENT, text);
    } else {
        (void)volume_measure(v);
    }
}

void volume_close(struct volume *v)
{
    syncer_free(v->sync);
    v->sync = NULL;
}

bool volume_usable(const struct volume *v, struct tc_mono now)
{
    return v->state == VOLUME_OK || (v->state == VOLUME_TROUBLE && now.ns >= v->retry_at.ns);
}

void volume_worked(struct volume *v)
{
    if (v->state != VOLUME_TROUBLE)
        return;
    v->state = VOLUME_OK;
    tell(v, EV_SYSTEM_DISK_FAILED, 0, "recordings are written again");
}

static const char *remedy(int errnum)
{
    switch (errnum) {
    case EROFS:
        return "remount it for writing (and look why the system made it read-only)";
    case EACCES:
    case EPERM:
        return "let the archive's user write there (tocsin privileges names it)";
    case ENOENT:
    case ENOTDIR:
        return "mount the disk again";
    case EDQUOT:
        return "raise the quota";
    default:
        return "replace the disk if this stays";
    }
}

void volume_write_failed(struct volume *v, int errnum, struct tc_mono now)
{
    if (v->state == VOLUME_FAILED)
        return;
    char text[VOLUME_TEXT_BYTES];
    (void)snprintf(text, sizeof text, "recordings cannot be written: %s; %s", strerror(errnum),
                   remedy(errnum));
    v->retry_at.ns = now.ns + VOLUME_RETRY_NS;
    if (v->state != VOLUME_TROUBLE)
        refuse(v, VOLUME_TROUBLE, text);
}

void volume_sync_failed(struct volume *v, int errnum)
{
    if (v->state == VOLUME_FAILED)
        return;
    char text[VOLUME_TEXT_BYTES];
    (void)snprintf(
        text, sizeof text,
        "the disk lost data (sync: %s): nothing more is recorded on it; replace it and restart",
        strerror(errnum));
    refuse(v, VOLUME_FAILED, text);
}

bool volume_measure(struct volume *v)
{
    struct statvfs st;
    if (v->options.dir < 0 || fstatvfs(v->options.dir, &st) != 0)
        return false;
    v->free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return true;
}

void volume_low(struct volume *v, const char *meaning)
{
    if (v->low)
        return;
    v->low = true;
    char text[VOLUME_TEXT_BYTES];
    (void)snprintf(text, sizeof text, "%.1f GB free: %s", (double)v->free_bytes / 1e9, meaning);
    tell(v, EV_SYSTEM_DISK_LOW, 1, text);
}

void volume_not_low(struct volume *v)
{
    if (!v->low)
        return;
    v->low = false;
    tell(v, EV_SYSTEM_DISK_LOW, 0, "there is room again");
}
