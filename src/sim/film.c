/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/film.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAL_SLICE = 1, NAL_IDR = 5, NAL_SEI = 6, NAL_SPS = 7, NAL_PPS = 8, NAL_DELIMITER = 9 };

struct picture {
    size_t first, count; /* into nals */
    bool key;
};

struct sim_film {
    struct tc_slice bytes; /* mapped */
    struct tc_slice *nals;
    size_t nal_count, nal_room;
    struct picture *pictures;
    size_t picture_count, picture_room;
    struct tc_slice sps, pps;
};

static unsigned nal_type(struct tc_slice nal)
{
    return nal.ptr[0] & 0x1f;
}

static bool is_picture_data(struct tc_slice nal)
{
    return nal_type(nal) == NAL_SLICE || nal_type(nal) == NAL_IDR;
}

/* Where the next 00 00 01 begins, or the end. */
static size_t find_start_code(struct tc_slice s, size_t from)
{
    while (from + 3 <= s.len) {
        const uint8_t *zero = memchr(s.ptr + from, 0, s.len - from - 2);
        if (zero == NULL)
            break;
        from = (size_t)(zero - s.ptr);
        if (zero[1] == 0 && zero[2] == 1)
            return from;
        from++;
    }
    return s.len;
}

static void *grow(void *array, size_t *room, size_t item)
{
    size_t wanted = *room == 0 ? 256 : *room * 2;
    void *bigger = reallocarray(array, wanted, item);
    if (bigger != NULL)
        *room = wanted;
    return bigger;
}

/* Clause 7.4.1.2.3: what opens a new picture once the last one has a slice. */
static bool begins_picture(struct tc_slice nal)
{
    unsigned type = nal_type(nal);
    if (is_picture_data(nal))
        return nal.len > 1 && (nal.ptr[1] & 0x80) != 0; /* first_mb_in_slice is 0 */
    return type >= NAL_SEI && type <= NAL_DELIMITER;
}

static enum tc_err add_nal(struct sim_film *f, struct tc_slice nal, bool *picture_has_slice)
{
    unsigned type = nal_type(nal);
    if (type == NAL_SPS && f->sps.len == 0)
        f->sps = nal;
    if (type == NAL_PPS && f->pps.len == 0)
        f->pps = nal;
    bool opens = f->picture_count == 0 || (*picture_has_slice && begins_picture(nal));
    if (opens) {
        if (f->picture_count == f->picture_room) {
            struct picture *more = grow(f->pictures, &f->picture_room, sizeof *more);
            if (more == NULL)
                return TC_E_NOMEM;
            f->pictures = more;
        }
        f->pictures[f->picture_count++] = (struct picture){.first = f->nal_count};
        *picture_has_slice = false;
    }
    if (f->nal_count == f->nal_room) {
        struct tc_slice *more = grow(f->nals, &f->nal_room, sizeof *more);
        if (more == NULL)
            return TC_E_NOMEM;
        f->nals = more;
    }
    struct picture *p = &f->pictures[f->picture_count - 1];
    f->nals[f->nal_count++] = nal;
    p->count++;
    p->key |= type == NAL_IDR;
    *picture_has_slice |= is_picture_data(nal);
    return TC_OK;
}

static enum tc_err index_nals(struct sim_film *f)
{
    bool has_slice = false;
    size_t at = find_start_code(f->bytes, 0);
    while (at < f->bytes.len) {
        size_t begin = at + 3;
        size_t next = find_start_code(f->bytes, begin);
        size_t end = next;
        while (end > begin && f->bytes.ptr[end - 1] == 0)
            end--; /* trailing zeros belong to the next start code */
        if (end > begin)
            TC_TRY(add_nal(f, tc_slice(f->bytes.ptr + begin, end - begin), &has_slice));
        at = next;
    }
    return TC_OK;
}

static void drop_before_key(struct sim_film *f)
{
    size_t n = 0;
    while (n < f->picture_count && !f->pictures[n].key)
        n++;
    if (n == 0)
        return;
    f->picture_count -= n;
    memmove(f->pictures, f->pictures + n, f->picture_count * sizeof *f->pictures);
}

static enum tc_err map_file(struct sim_film *f, const char *path, struct tc_errinfo *info)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "film %s", path);
    struct stat st;
    enum tc_err err = TC_OK;
    if (fstat(fd, &st) != 0)
        err = tc_fail_errno(info, errno, "film %s", path);
    else if (st.st_size < 4)
        err = tc_fail(info, TC_E_FORMAT, "film %s is empty", path);
    else if (st.st_size > SIM_FILM_BYTES_MAX)
        err =
            tc_fail(info, TC_E_LIMIT, "film %s is larger than %d bytes", path, SIM_FILM_BYTES_MAX);
    if (err == TC_OK) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
            err = tc_fail_errno(info, errno, "film %s", path);
        else
            f->bytes = tc_slice(map, (size_t)st.st_size);
    }
    (void)close(fd);
    return err;
}

static enum tc_err load(struct sim_film *f, const char *path, struct tc_errinfo *info)
{
    TC_TRY(map_file(f, path, info));
    if (index_nals(f) != TC_OK)
        return tc_fail(info, TC_E_NOMEM, "film %s", path);
    drop_before_key(f);
    if (f->picture_count == 0 || f->sps.len < 4 || f->pps.len == 0)
        return tc_fail(
            info, TC_E_FORMAT,
            "film %s: an H.264 stream (Annex B) with SPS, PPS and a key frame "
            "is needed; ffmpeg -i FILE -c copy -bsf:v h264_mp4toannexb OUT.h264 makes one",
            path);
    return TC_OK;
}

enum tc_err sim_film_open(const char *path, struct sim_film **ret, struct tc_errinfo *info)
{
    struct sim_film *f = calloc(1, sizeof *f);
    if (f == NULL)
        return tc_fail(info, TC_E_NOMEM, "film %s", path);
    enum tc_err err = load(f, path, info);
    if (err != TC_OK) {
        sim_film_close(f);
        return err;
    }
    *ret = f;
    return TC_OK;
}

void sim_film_close(struct sim_film *f)
{
    if (f == NULL)
        return;
    if (f->bytes.ptr != NULL)
        (void)munmap((void *)(uintptr_t)f->bytes.ptr, f->bytes.len);
    free(f->nals);
    free(f->pictures);
    free(f);
}

size_t sim_film_length(const struct sim_film *f)
{
    return f->picture_count;
}

struct sim_picture sim_film_picture(const struct sim_film *f, uint64_t n)
{
    const struct picture *p = &f->pictures[n % f->picture_count];
    return (struct sim_picture){.nals = f->nals + p->first, .nal_count = p->count, .key = p->key};
}

struct tc_slice sim_film_sps(const struct sim_film *f)
{
    return f->sps;
}

struct tc_slice sim_film_pps(const struct sim_film *f)
{
    return f->pps;
}
