/* SPDX-License-Identifier: Apache-2.0 */
/* A preload shim that breaks the disk of a running daemon on order: while a file break-sync lies in
 * the working directory (the state directory, for core and archive) every sync fails with EIO,
 * while break-write lies there every write at an offset fails with ENOSPC. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

static bool ordered(const char *flag)
{
    int saved = errno;
    int fd = open(flag, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
    return fd >= 0;
}

static int sync_with(const char *name, int fd)
{
    int (*fn)(int) = NULL;
    *(void **)&fn = dlsym(RTLD_NEXT, name);
    if (ordered("break-sync")) {
        errno = EIO;
        return -1;
    }
    return fn(fd);
}

int fsync(int fd)
{
    return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_with("fdatasync", fd);
}

static ssize_t write_with(const char *name, int fd, const void *bytes, size_t len, off64_t at)
{
    ssize_t (*fn)(int, const void *, size_t, off64_t) = NULL;
    *(void **)&fn = dlsym(RTLD_NEXT, name);
    if (ordered("break-write")) {
        errno = ENOSPC;
        return -1;
    }
    return fn(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return write_with("pwrite", fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return write_with("pwrite64", fd, bytes, len, at);
}
