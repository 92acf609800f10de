/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive_clip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/archive_file.h"

void archive_gather_init(struct archive_gather *g, struct tc_wall from, struct tc_wall to,
                         size_t files_max, size_t tail_max)
{
    *g = (struct archive_gather){.from = from, .to = to, .files_max = files_max};
    tc_buf_init(&g->tail, tail_max);
}

static void source_free(struct archive_source *s)
{
    if (s != NULL && s->fd >= 0)
        (void)close(s->fd);
    free(s);
}

void archive_gather_done(struct archive_gather *g)
{
    for (size_t i = 0; i < g->source_count; i++)
        source_free(g->sources[i]);
    for (size_t i = 0; i < g->piece_count; i++)
        free((void *)(uintptr_t)g->pieces[i].samples);
    free(g->sources);
    free(g->pieces);
    tc_buf_done(&g->tail);
    *g = (struct archive_gather){0};
}

/* Makes room for one more in an array of SIZE bytes an element. */
static enum tc_err grow(void *array, size_t count, size_t *cap, size_t size)
{
    void **at = array;
    if (count < *cap)
        return TC_OK;
    size_t more = *cap == 0 ? 16 : *cap * 2;
    void *bigger = realloc(*at, more * size);
    if (bigger == NULL)
        return TC_E_NOMEM;
    *at = bigger;
    *cap = more;
    return TC_OK;
}

/* A new source; takes FD, also when it fails. */
static enum tc_err add_source(struct archive_gather *g, int fd, const struct avc_params *params,
                              struct archive_source **ret)
{
    struct archive_source *s = calloc(1, sizeof *s);
    enum tc_err err =
        s == NULL ? TC_E_NOMEM : grow(&g->sources, g->source_count, &g->source_cap, sizeof s);
    if (err != TC_OK || params->sps.len > sizeof s->sps || params->pps.len > sizeof s->pps) {
        free(s);
        if (fd >= 0)
            (void)close(fd);
        return err != TC_OK ? err : TC_E_LIMIT;
    }
    s->fd = fd;
    memcpy(s->sps, params->sps.ptr, params->sps.len);
    memcpy(s->pps, params->pps.ptr, params->pps.len);
    s->params =
        (struct avc_params){tc_slice(s->sps, params->sps.len), tc_slice(s->pps, params->pps.len)};
    g->sources[g->source_count++] = s;
    *ret = s;
    return TC_OK;
}

/* Takes SAMPLES, also when it fails. */
static enum tc_err add_piece(struct archive_gather *g, struct clip_piece piece,
                             struct fmp4_sample *samples)
{
    enum tc_err err = grow(&g->pieces, g->piece_count, &g->piece_cap, sizeof piece);
    if (err != TC_OK) {
        free(samples);
        return err;
    }
    piece.samples = samples;
    g->pieces[g->piece_count++] = piece;
    return TC_OK;
}

/* Reads the sample table of F; false when the file does not say what the index says. */
static bool read_table(int fd, const struct archive_fragment *f, struct fmp4_head *head,
                       struct fmp4_sample *samples)
{
    size_t bytes = fmp4_head_bytes(f->samples);
    if (bytes > f->bytes)
        return false;
    uint8_t *in = malloc(bytes);
    bool ok = in != NULL && archive_file_pread(fd, in, bytes, f->offset) == TC_OK &&
              fmp4_head_parse(tc_slice(in, bytes), head, samples, f->samples, NULL) == TC_OK &&
              head->count == f->samples && head->head_bytes == bytes &&
              head->head_bytes + head->payload_bytes == f->bytes;
    free(in);
    return ok;
}

static enum tc_err add_fragment(struct archive_gather *g, const struct archive_source *source,
                                const struct archive_fragment *f)
{
    struct fmp4_head head;
    struct fmp4_sample *samples = calloc(f->samples, sizeof *samples);
    if (samples == NULL)
        return TC_E_NOMEM;
    if (!read_table(source->fd, f, &head, samples)) {
        free(samples);
        g->damaged++;
        return TC_OK;
    }
    struct clip_piece piece = {.source = (uint32_t)g->source_count,
                               .offset = f->offset + head.head_bytes,
                               .start = {f->start_ns},
                               .params = &source->params,
                               .count = f->samples};
    return add_piece(g, piece, samples);
}

/* Tells the system which sample tables are wanted, so that a disk fetches them together and not one
 * by one. */
static void announce_tables(int fd, const struct archive_segment *s, size_t first, int64_t to_ns)
{
    for (size_t i = first; i < s->count && s->fragments[i].start_ns < to_ns; i++)
        (void)posix_fadvise(fd, (off_t)s->fragments[i].offset,
                            (off_t)fmp4_head_bytes(s->fragments[i].samples), POSIX_FADV_WILLNEED);
}

/* The fragment to begin with: the last one with a key frame at or before `from`, else the first. */
static size_t first_needed(const struct archive_segment *s, int64_t from_ns)
{
    size_t first = 0;
    for (size_t i = 0; i < s->count && s->fragments[i].start_ns <= from_ns; i++) {
        if (s->fragments[i].key)
            first = i;
    }
    return first;
}

enum tc_err archive_gather_segment(struct archive_gather *g, int dir, struct archive_segment *s,
                                   struct tc_errinfo *info)
{
    if (g->source_count >= g->files_max)
        return tc_fail(info, TC_E_LIMIT,
                       "the interval lies in more than %zu files; ask for a shorter one",
                       g->files_max);
    int fd = dir < 0 ? -1 : openat(dir, s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        g->missing++;
        return TC_OK;
    }
    if (s->open && s->count == 0 && archive_file_read(fd, s, NULL) != TC_OK) {
        (void)close(fd);
        return TC_OK;
    }
    struct archive_source *source;
    struct avc_params params = archive_segment_params(s);
    enum tc_err err = add_source(g, fd, &params, &source);
    size_t first = first_needed(s, g->from.ns);
    if (err == TC_OK)
        announce_tables(fd, s, first, g->to.ns);
    for (size_t i = first; err == TC_OK && i < s->count; i++) {
        if (s->fragments[i].start_ns >= g->to.ns)
            break;
        err = add_fragment(g, source, &s->fragments[i]);
    }
    return err == TC_OK ? TC_OK : tc_fail(info, err, "gather a clip: %s", tc_err_text(err));
}

enum tc_err archive_gather_tail(struct archive_gather *g, const struct avc_params *params,
                                struct tc_wall start, const struct fmp4_sample *samples,
                                size_t count, size_t tail_offset, struct tc_errinfo *info)
{
    struct archive_source *source;
    struct fmp4_sample *copy = calloc(count, sizeof *copy);
    enum tc_err err = copy == NULL ? TC_E_NOMEM : add_source(g, -1, params, &source);
    if (err != TC_OK) {
        free(copy);
        return tc_fail(info, err, "gather a clip's last frames");
    }
    memcpy(copy, samples, count * sizeof *copy);
    struct clip_piece piece = {.source = ARCHIVE_SOURCE_TAIL,
                               .offset = tail_offset,
                               .start = start,
                               .params = &source->params,
                               .count = count};
    return add_piece(g, piece, copy);
}

struct index_walk {
    struct archive_gather *gather;
    int (*dir_of)(void *ctx, uint32_t volume);
    void *ctx;
    enum tc_err err;
    struct tc_errinfo *info;
};

static bool visit_segment(void *ctx, struct archive_segment *s)
{
    struct index_walk *w = ctx;
    w->err = archive_gather_segment(w->gather, w->dir_of(w->ctx, s->volume), s, w->info);
    return w->err == TC_OK;
}

enum tc_err archive_gather_index(struct archive_gather *g, struct archive_db *db, uint32_t camera,
                                 int (*dir_of)(void *ctx, uint32_t volume), void *ctx,
                                 struct tc_errinfo *info)
{
    struct index_walk w = {.gather = g, .dir_of = dir_of, .ctx = ctx, .info = info};
    TC_TRY(archive_db_in(db, camera, g->from.ns, g->to.ns, visit_segment, &w, info));
    return w.err;
}

enum tc_err archive_gather_build(const struct archive_gather *g, struct clip *c,
                                 struct tc_errinfo *info)
{
    return clip_build(c, g->pieces, g->piece_count, g->from, g->to, info);
}
