/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IDENTITY_LEN = 32 };

enum tc_err archive_volume_read(int dir, char out[ARCHIVE_VOLUME_ID_BYTES], struct tc_errinfo *info)
{
    out[0] = 0;
    int fd = openat(dir, ARCHIVE_VOLUME_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return tc_fail_errno(info, errno, "read %s", ARCHIVE_VOLUME_FILE);
    char text[IDENTITY_LEN + 1] = "";
    ssize_t got = pread(fd, text, IDENTITY_LEN, 0);
    int error = errno;
    (void)close(fd);
    if (got < 0)
        return tc_fail_errno(info, error, "read %s", ARCHIVE_VOLUME_FILE);
    if (got != IDENTITY_LEN || strspn(text, "0123456789abcdef") != IDENTITY_LEN)
        return tc_fail(info, TC_E_FORMAT, "%s holds no identity", ARCHIVE_VOLUME_FILE);
    memcpy(out, text, IDENTITY_LEN + 1);
    return TC_OK;
}

enum tc_err archive_volume_make(int dir, const uint8_t random[16],
                                char out[ARCHIVE_VOLUME_ID_BYTES], struct tc_errinfo *info)
{
    char text[IDENTITY_LEN + 2];
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", random[i]);
    text[IDENTITY_LEN] = '\n';
    int fd = openat(dir, ARCHIVE_VOLUME_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    0644);
    if (fd < 0)
        return tc_fail_errno(info, errno, "write %s", ARCHIVE_VOLUME_FILE);
    bool ok =
        write(fd, text, IDENTITY_LEN + 1) == IDENTITY_LEN + 1 && fsync(fd) == 0 && fsync(dir) == 0;
    int error = errno;
    (void)close(fd);
    if (!ok)
        return tc_fail_errno(info, error, "write %s", ARCHIVE_VOLUME_FILE);
    memcpy(out, text, IDENTITY_LEN);
    out[IDENTITY_LEN] = 0;
    return TC_OK;
}
