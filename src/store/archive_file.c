/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum tc_err archive_file_pread(int fd, void *out, size_t len, uint64_t at)
{
    uint8_t *to = out;
    while (len > 0) {
        ssize_t got = pread(fd, to, len, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? TC_E_NOT_FOUND : TC_E_IO;
        to += got;
        at += (uint64_t)got;
        len -= (size_t)got;
    }
    return TC_OK;
}

static enum tc_err read_at(void *ctx, uint64_t at, void *out, size_t len)
{
    const int *fd = ctx;
    return archive_file_pread(*fd, out, len, at);
}

enum tc_err archive_file_input(int *fd, struct fmp4_input *ret, struct tc_errinfo *info)
{
    struct stat st;
    if (fstat(*fd, &st) != 0)
        return tc_fail_errno(info, errno, "read a recording");
    if (!S_ISREG(st.st_mode) || st.st_size < 0)
        return tc_fail(info, TC_E_FORMAT, "a recording is no ordinary file");
    *ret = (struct fmp4_input){.ctx = fd, .read = read_at, .bytes = (uint64_t)st.st_size};
    return TC_OK;
}

static enum tc_err walk(struct fmp4_walk *w, struct archive_segment *s, struct tc_errinfo *info)
{
    struct fmp4_head head;
    uint64_t begin;
    enum tc_err err;
    while ((err = fmp4_walk_next(w, &head, &begin, info)) == TC_OK) {
        struct archive_fragment f = {.offset = begin,
                                     .bytes = (uint32_t)(w->at - begin),
                                     .samples = head.count,
                                     .start_ns = head.start.ns,
                                     .ticks = head.duration,
                                     .key = head.first_is_key};
        if (s->count == 0)
            s->start_ns = f.start_ns;
        TC_TRY(archive_segment_add(s, &f));
    }
    return err == TC_E_NOT_FOUND && s->count > 0 ? TC_OK : err;
}

enum tc_err archive_file_read(int fd, struct archive_segment *s, struct tc_errinfo *info)
{
    struct fmp4_input in;
    struct fmp4_walk w = {0};
    struct fmp4_init_info init;
    s->count = 0;
    TC_TRY(archive_file_input(&fd, &in, info));
    enum tc_err err = fmp4_walk_init(&w, in, &init, info);
    if (err == TC_OK)
        err = archive_segment_set_params(s, &init.entries[0]);
    if (err == TC_OK) {
        s->init_bytes = (uint32_t)w.at;
        err = walk(&w, s, info);
    }
    fmp4_walk_done(&w);
    if (err != TC_OK)
        s->count = 0;
    return err;
}
