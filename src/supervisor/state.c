/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: made, owned, locked, its starts counted.
 *
 * As root each process has a user of its own, so the directory belongs to core (it makes the
 * journal in it), archive's group may make its index in it, the sticky bit keeps each to its own
 * files, and others may only pass through to a name they know (reader to the journal, which is
 * group-readable for it). Not as root there is one user only, and the directory is that user's
 * alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/sandbox.h"
#include "runtime/secrets.h"
#include "supervisor/internal.h"

static enum tc_err make_path(const char *path, struct tc_errinfo *info)
{
    char part[SITE_PATH_BYTES];
    TC_TRY(tc_slice_to_str(tc_slice_str(path), part, sizeof part));
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != 0)
            continue;
        char end = *at;
        *at = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return tc_fail_errno(info, errno, "making the directory %s", part);
        *at = end;
        if (end == 0)
            return TC_OK;
    }
}

static enum tc_err own_dir(struct supervisor *s, const char *name, uint32_t uid, uint32_t gid,
                           mode_t mode, struct tc_errinfo *info)
{
    int fd = openat(s->state_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return tc_fail_errno(info, errno, "opening %s/%s", s->options->state_dir, name);
    bool done = (!s->root || fchown(fd, uid, gid) == 0) && fchmod(fd, mode) == 0;
    int errnum = errno;
    (void)close(fd);
    if (!done)
        return tc_fail_errno(info, errnum, "taking %s/%s into ownership", s->options->state_dir,
                             name);
    return TC_OK;
}

static enum tc_err sub_dir(struct supervisor *s, const char *name, uint32_t uid, uint32_t gid,
                           mode_t mode, struct tc_errinfo *info)
{
    if (mkdirat(s->state_fd, name, 0700) != 0 && errno != EEXIST)
        return tc_fail_errno(info, errno, "making %s/%s", s->options->state_dir, name);
    return own_dir(s, name, uid, gid, mode, info);
}

static enum tc_err make_dirs(struct supervisor *s, struct tc_errinfo *info)
{
    uint32_t core = tc_sandbox_uid(TC_ROLE_CORE, 0, 0);
    uint32_t archive = tc_sandbox_uid(TC_ROLE_ARCHIVE, 0, 0);
    uint32_t archive_gid = tc_sandbox_gid(TC_ROLE_ARCHIVE, 0, 0);
    TC_TRY(own_dir(s, ".", core, archive_gid, s->root ? 01771 : 0700, info));
    TC_TRY(sub_dir(s, "keys", 0, 0, 0700, info));
    return sub_dir(s, "archive", archive, archive_gid, 0750, info);
}

static enum tc_err take_lock(struct supervisor *s, struct tc_errinfo *info)
{
    s->lock_fd = openat(s->state_fd, "keys/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return tc_fail_errno(info, errno, "opening %s/keys/lock", s->options->state_dir);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return tc_fail(info, TC_E_BUSY,
                       "%s is in use by another daemon; stop that one, or choose another directory "
                       "with --state",
                       s->options->state_dir);
    return TC_OK;
}

/* The number of this start, kept in the lock file. */
static enum tc_err count_boot(struct supervisor *s, struct tc_errinfo *info)
{
    char text[16] = {0};
    uint64_t boot = 0;
    ssize_t n = pread(s->lock_fd, text, sizeof text - 1, 0);
    if (n < 0 ||
        tc_slice_u64(tc_slice_trim(tc_slice(text, (size_t)n)), UINT32_MAX - 1, &boot) != TC_OK)
        boot = 0;
    s->boot = (uint32_t)boot + 1;
    int len = snprintf(text, sizeof text, "%u\n", s->boot);
    if (pwrite(s->lock_fd, text, (size_t)len, 0) != len || fdatasync(s->lock_fd) != 0)
        return tc_fail_errno(info, errno, "writing %s/keys/lock", s->options->state_dir);
    return TC_OK;
}

enum tc_err state_open(struct supervisor *s, struct tc_errinfo *info)
{
    TC_TRY(make_path(s->options->state_dir, info));
    s->state_fd = open(s->options->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->state_fd < 0)
        return tc_fail_errno(info, errno, "opening %s", s->options->state_dir);
    TC_TRY(make_dirs(s, info));
    TC_TRY(take_lock(s, info));
    TC_TRY(count_boot(s, info));
    return secrets_open(s->state_fd, true, &s->secrets_fd, info);
}

void state_close(struct supervisor *s)
{
    int *const fds[] = {&s->secrets_fd, &s->lock_fd, &s->state_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            (void)close(*fds[i]);
        *fds[i] = -1;
    }
}
