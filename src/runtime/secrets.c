/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/secrets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "model/site.h"

enum { FILES_MAX = 16384 };

static const char password_prefix[] = "password/";

bool secret_name_valid(struct tc_slice name)
{
    if (tc_slice_is(name, "tls.key") || tc_slice_is(name, "tls.crt"))
        return true;
    if (tc_slice_starts(name, password_prefix))
        name = tc_slice_sub(name, sizeof password_prefix - 1, name.len);
    return site_id_valid(name);
}

/* The file of a name: the same, with "." for the "/" of password/anna, which no id has. */
static enum tc_err file_of(const char *name, char file[SECRET_NAME_BYTES], struct tc_errinfo *info)
{
    if (!secret_name_valid(tc_slice_str(name)))
        return tc_fail(
            info, TC_E_FORMAT,
            "a secret's name has 1 to 48 of a-z, 0-9, - and _, the first a letter or digit");
    (void)snprintf(file, SECRET_NAME_BYTES, "%s", name);
    char *slash = strchr(file, '/');
    if (slash != NULL)
        *slash = '.';
    return TC_OK;
}

enum tc_err secrets_open(int state_fd, bool create, int *ret_fd, struct tc_errinfo *info)
{
    if (create && mkdirat(state_fd, "secrets", 0700) != 0 && errno != EEXIST)
        return tc_fail_errno(info, errno, "cannot make the folder secrets");
    int fd = openat(state_fd, "secrets", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "cannot open the folder secrets");
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_mode & 077) != 0) {
        (void)close(fd);
        return tc_fail(info, TC_E_DENIED,
                       "others may enter the folder secrets; run chmod 700 on it");
    }
    *ret_fd = fd;
    return TC_OK;
}

static enum tc_err write_all(int fd, struct tc_slice value)
{
    size_t done = 0;
    while (done < value.len) {
        ssize_t n = write(fd, value.ptr + done, value.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TC_E_IO;
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? TC_OK : TC_E_IO;
}

enum tc_err secret_set(int dir_fd, const char *name, struct tc_slice value, struct tc_errinfo *info)
{
    char file[SECRET_NAME_BYTES];
    char fresh[SECRET_NAME_BYTES + 8];
    TC_TRY(file_of(name, file, info));
    if (value.len == 0 || value.len > SECRET_BYTES_MAX)
        return tc_fail(info, TC_E_RANGE, "a secret has 1 to %d bytes, this one has %zu",
                       SECRET_BYTES_MAX, value.len);
    (void)snprintf(fresh, sizeof fresh, ".new-%s", file);
    (void)unlinkat(dir_fd, fresh, 0); /* of a write that was cut off */
    int fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return tc_fail_errno(info, errno, "cannot store the secret %s", name);
    bool written = fchmod(fd, 0600) == 0 && write_all(fd, value) == TC_OK;
    int saved = errno;
    if (close(fd) != 0 && written) {
        written = false;
        saved = errno;
    }
    if (written && renameat(dir_fd, fresh, dir_fd, file) == 0 && fsync(dir_fd) == 0)
        return TC_OK;
    saved = written ? errno : saved;
    (void)unlinkat(dir_fd, fresh, 0);
    return tc_fail_errno(info, saved, "cannot store the secret %s", name);
}

static enum tc_err read_all(int fd, struct tc_buf *out)
{
    size_t got = 0;
    uint8_t *at = tc_buf_reserve(out, SECRET_BYTES_MAX + 1);
    if (at == NULL)
        return out->err;
    while (got <= SECRET_BYTES_MAX) {
        ssize_t n = read(fd, at + got, SECRET_BYTES_MAX + 1 - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return TC_E_IO;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    if (got > SECRET_BYTES_MAX)
        return TC_E_LIMIT;
    out->len += got;
    return TC_OK;
}

enum tc_err secret_get(int dir_fd, const char *name, struct tc_buf *out, struct tc_errinfo *info)
{
    char file[SECRET_NAME_BYTES];
    TC_TRY(file_of(name, file, info));
    int fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "cannot read the secret %s", name);
    struct stat st;
    enum tc_err err = TC_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        err = tc_fail(info, TC_E_DENIED, "others may read the secret %s; store it again", name);
    else if ((err = read_all(fd, out)) != TC_OK)
        (void)tc_fail(info, err, "cannot read the secret %s: %s", name, tc_err_text(err));
    (void)close(fd);
    return err;
}

enum tc_err secret_remove(int dir_fd, const char *name, struct tc_errinfo *info)
{
    char file[SECRET_NAME_BYTES];
    TC_TRY(file_of(name, file, info));
    if (unlinkat(dir_fd, file, 0) != 0 || fsync(dir_fd) != 0)
        return tc_fail_errno(info, errno, "cannot remove the secret %s", name);
    return TC_OK;
}

/* The name of a file, or false for a file that is no secret's (a cut-off write, something foreign).
 */
static bool name_of(const char *file, char name[SECRET_NAME_BYTES])
{
    static const char prefix[] = "password.";
    if (strlen(file) >= SECRET_NAME_BYTES)
        return false;
    (void)snprintf(name, SECRET_NAME_BYTES, "%s", file);
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        name[sizeof prefix - 2] = '/';
    return secret_name_valid(tc_slice_str(name));
}

struct name_list {
    char (*names)[SECRET_NAME_BYTES];
    size_t count;
};

static enum tc_err add_name(struct name_list *list, const char *name)
{
    if (list->count == FILES_MAX)
        return TC_E_LIMIT;
    void *more = realloc(list->names, (list->count + 1) * sizeof *list->names);
    if (more == NULL)
        return TC_E_NOMEM;
    list->names = more;
    memcpy(list->names[list->count++], name, SECRET_NAME_BYTES);
    return TC_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum tc_err read_names(DIR *dir, struct name_list *list)
{
    const struct dirent *entry = NULL;
    while ((entry = readdir(dir)) != NULL) {
        char name[SECRET_NAME_BYTES];
        if (name_of(entry->d_name, name))
            TC_TRY(add_name(list, name));
    }
    if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, compare_names);
    return TC_OK;
}

enum tc_err secrets_list(int dir_fd, secret_name_fn *fn, void *ctx, struct tc_errinfo *info)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int saved = errno;
        if (fd >= 0)
            (void)close(fd);
        return tc_fail_errno(info, saved, "cannot list the secrets");
    }
    struct name_list list = {0};
    enum tc_err err = read_names(dir, &list);
    (void)closedir(dir);
    if (err != TC_OK)
        (void)tc_fail(info, err, "cannot list the secrets: %s", tc_err_text(err));
    for (size_t i = 0; err == TC_OK && i < list.count; i++)
        err = fn(ctx, list.names[i]);
    free(list.names);
    return err;
}

void secret_wipe(struct tc_buf *b)
{
    if (b->data != NULL)
        explicit_bzero(b->data, b->cap);
    tc_buf_done(b);
}
