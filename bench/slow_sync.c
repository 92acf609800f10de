/* SPDX-License-Identifier: Apache-2.0 */
/* A preload shim that makes a quick disk slow: every fsync, fdatasync and sync_file_range takes
 * SLOW_SYNC_MS milliseconds longer. For benchmarks: LD_PRELOAD=.../slow_sync.so SLOW_SYNC_MS=5
 * tocsin run ... */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_longer(void)
{
    static long ms = -1;
    if (ms < 0) {
        const char *text = getenv("SLOW_SYNC_MS");
        ms = text == NULL ? 0 : strtol(text, NULL, 10);
    }
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static int real_sync(const char *name, int fd)
{
    int (*fn)(int) = NULL;
    *(void **)&fn = dlsym(RTLD_NEXT, name);
    wait_longer();
    return fn(fd);
}

int fsync(int fd)
{
    return real_sync("fsync", fd);
}

int fdatasync(int fd)
{
    return real_sync("fdatasync", fd);
}

int sync_file_range(int fd, off64_t from, off64_t count, unsigned int flags)
{
    int (*fn)(int, off64_t, off64_t, unsigned int) = NULL;
    *(void **)&fn = dlsym(RTLD_NEXT, "sync_file_range");
    wait_longer();
    return fn(fd, from, count, flags);
}
