/* SPDX-License-Identifier: Apache-2.0 */
/* A file of allocated, empty bytes beside the journal. When recordings or anything else have filled
 * the disk, removing it gives the journal room for 100,000 more signals: an alarm system that says
 * no because of video has its priorities wrong. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/journal_impl.h"

static const char reserve_name[] = "journal.reserve";

static int64_t free_bytes(const struct journal_reserve *r)
{
    struct statvfs v;
    if (fstatvfs(r->dir_fd, &v) != 0)
        return INT64_MAX; /* what cannot be measured is not acted on */
    return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

static bool is_allocated(const struct journal_reserve *r)
{
    struct stat st;
    return fstatat(r->dir_fd, reserve_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_size == r->bytes && (int64_t)st.st_blocks * 512 >= r->bytes;
}

static enum tc_err allocate(struct journal_reserve *r, struct tc_errinfo *info)
{
    int fd = openat(r->dir_fd, reserve_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return tc_fail_errno(info, errno, "%s", reserve_name);
    int errnum = ftruncate(fd, 0) == 0 ? posix_fallocate(fd, 0, (off_t)r->bytes) : errno;
    (void)close(fd);
    if (errnum != 0) {
        (void)unlinkat(r->dir_fd, reserve_name, 0);
        return tc_fail_errno(info, errnum, "%s of %lld bytes", reserve_name, (long long)r->bytes);
    }
    r->allocated = true;
    return TC_OK;
}

enum tc_err journal_reserve_open(struct journal_reserve *r, const char *dir, int64_t bytes,
                                 struct tc_errinfo *info)
{
    r->bytes = bytes;
    r->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir_fd < 0)
        return tc_fail_errno(info, errno, "%s", dir);
    if (bytes == 0)
        return TC_OK;
    r->allocated = is_allocated(r);
    if (r->allocated)
        return TC_OK;
    enum tc_err err = allocate(r, info);
    /* A disk that is full already: go on without, and say so. */
    r->released = err == TC_E_NO_SPACE;
    return r->released ? TC_OK : err;
}

void journal_reserve_close(struct journal_reserve *r)
{
    if (r->dir_fd >= 0)
        (void)close(r->dir_fd);
    r->dir_fd = -1;
}

bool journal_reserve_release(struct journal_reserve *r)
{
    if (!r->allocated)
        return false;
    r->allocated = false;
    r->released = true;
    return unlinkat(r->dir_fd, reserve_name, 0) == 0;
}

void journal_reserve_check(struct journal_reserve *r)
{
    if (r->bytes == 0)
        return;
    int64_t left = free_bytes(r);
    if (r->allocated && left < JOURNAL_WAL_KEEP_BYTES)
        (void)journal_reserve_release(r);
    else if (!r->allocated && left >= 2 * r->bytes + JOURNAL_WAL_KEEP_BYTES &&
             allocate(r, NULL) == TC_OK)
        r->released = false;
}
