/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/log.h"

static enum tc_err link_file(struct volume *v, uint64_t incident, const char *from, const char *to,
                             struct tc_errinfo *info)
{
    char dir[ARCHIVE_PATH_BYTES];
    int fd = v->options.dir;
    (void)archive_hold_dir(incident, dir);
    bool dirs = (mkdirat(fd, "holds", 0755) == 0 || errno == EEXIST) &&
                (mkdirat(fd, dir, 0755) == 0 || errno == EEXIST);
    if (!dirs || (linkat(fd, from, fd, to, 0) != 0 && errno != EEXIST)) {
        int error = errno;
        if (error == EPERM || error == EOPNOTSUPP || error == EMLINK)
            return tc_fail_errno(
                info, error,
                "%.80s cannot hold recordings: it has no hard links; use a volume with ext4, xfs "
                "or btrfs",
                v->options.path);
        return tc_fail_errno(info, error, "%.80s: hold a recording", v->options.path);
    }
    struct sync_job job = {.kind = SYNC_DIR, .urgent = true, .token = UINT64_MAX};
    (void)snprintf(job.path, sizeof job.path, "%s", dir);
    if (!syncer_push(v->sync, &job))
        log_warn("%s: too many syncs wait already", to);
    return TC_OK;
}

enum tc_err hold_segment(struct archive_db *db, struct volume *v, uint64_t incident,
                         struct archive_segment *s, struct tc_errinfo *info)
{
    struct archive_hold hold = {.incident = incident, .volume = s->volume, .segment = s->number};
    (void)archive_hold_path(incident, s->path, hold.path);
    TC_TRY(link_file(v, incident, s->path, hold.path, info));
    s->held = true;
    TC_TRY(archive_db_begin(db, info));
    if (s->number != 0)
        TC_TRY(archive_db_set_held(db, s->number, info));
    return archive_db_hold_add(db, &hold, info);
}
