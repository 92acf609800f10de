/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json_out.h"

/* ---- gathering ---- */

struct walk {
    struct engine *engine;
    struct recorder *recorder;
    struct archive_gather *gather;
    struct tc_errinfo *info;
    enum tc_err err;
};

/* A file that is being written is known better here than in the index. */
static bool visit(void *ctx, struct archive_segment *row)
{
    struct walk *w = ctx;
    struct recorder_file *live = recorder_file_of(w->recorder, row);
    struct volume *v = engine_volume(w->engine, row->volume);
    struct archive_segment *s = live != NULL ? &live->segment : row;
    if (live != NULL && s->end_ns <= w->gather->from.ns)
        return true; /* the index does not know yet that it ended before */
    w->err = archive_gather_segment(w->gather, v == NULL ? -1 : v->options.dir, s, w->info);
    return w->err == TC_OK;
}

/* A run of the ring's frames that are one piece: same parameters, no hole. */
struct run {
    struct fmp4_sample *samples;
    size_t count, offset;
    struct ring_frame first, last;
};

static uint32_t ticks_between(const struct ring_frame *a, const struct ring_frame *b)
{
    int64_t ticks = fmp4_ticks(b->wall.ns - a->wall.ns);
    return ticks < 1 ? 1 : ticks > FMP4_TIMESCALE * 10 ? FMP4_TIMESCALE * 10 : (uint32_t)ticks;
}

static enum tc_err end_run(const struct recorder *r, struct archive_gather *g, struct run *run,
                           struct tc_errinfo *info)
{
    struct ring_params p;
    enum tc_err err = TC_OK;
    if (run->count > 0 && ring_read_params(&r->ring, run->first.param_generation, &p) == TC_OK) {
        struct avc_params params = {tc_slice(p.sps, p.sps_bytes), tc_slice(p.pps, p.pps_bytes)};
        uint32_t last =
            run->count > 1 ? run->samples[run->count - 2].duration : FMP4_TIMESCALE / 15;
        run->samples[run->count - 1].duration = last;
        err = archive_gather_tail(g, &params, run->first.wall, run->samples, run->count,
                                  run->offset, info);
    }
    run->count = 0;
    return err;
}

/* Copies the frame behind the tail; false when the writer was faster (what was copied before stays
 * good). */
static bool copy_frame(const struct recorder *r, const struct ring_frame *f, struct tc_buf *tail)
{
    size_t before = tail->len;
    struct tc_slice view = ring_frame_view(&r->ring, f);
    if (view.ptr == NULL)
        return false;
    tc_buf_add_slice(tail, view);
    if (tail->err == TC_OK && ring_frame_still_valid(&r->ring, f))
        return true;
    tail->len = before;
    return false;
}

static enum tc_err add_to_run(const struct recorder *r, struct archive_gather *g, struct run *run,
                              const struct ring_frame *f, struct tc_errinfo *info)
{
    bool joins = run->count > 0 && f->param_generation == run->last.param_generation &&
                 f->number == run->last.number + 1 && f->epoch == run->last.epoch &&
                 f->wall.ns - run->last.wall.ns < RECORDER_GAP_NS;
    if (joins)
        run->samples[run->count - 1].duration = ticks_between(&run->last, f);
    if (!joins || run->count == RECORDER_PENDING_MAX)
        TC_TRY(end_run(r, g, run, info));
    size_t offset = g->tail.len;
    if (!copy_frame(r, f, &g->tail))
        return TC_OK;
    if (run->count == 0) {
        run->first = *f;
        run->offset = offset;
    }
    run->samples[run->count++] =
        (struct fmp4_sample){.size_bytes = f->length, .key = (f->flags & RING_KEY) != 0};
    run->last = *f;
    return TC_OK;
}

/* What is in the ring and not on the disk: behind the last written frame, or from the key frame at
 * `from` on. */
static enum tc_err gather_tail(struct engine *e, struct recorder *r, struct archive_gather *g,
                               struct tc_errinfo *info)
{
    static struct fmp4_sample samples[RECORDER_PENDING_MAX];
    (void)e;
    if (!r->has_ring)
        return TC_OK;
    struct run run = {.samples = samples};
    uint64_t first = ring_key_at(&r->ring, g->from), end = ring_next(&r->ring);
    if (first == 0)
        return TC_OK;
    if (r->written + 1 > first)
        first = r->written + 1;
    int64_t on_disk = r->written == 0 ? r->end_ns : 0; /* by a process before this one */
    for (uint64_t n = first; n < end; n++) {
        struct ring_frame f;
        if (ring_read_slot(&r->ring, n, &f) != RING_READ_OK || f.wall.ns + TC_NS_PER_MS < on_disk)
            continue;
        if (f.wall.ns >= g->to.ns)
            break;
        TC_TRY(add_to_run(r, g, &run, &f, info));
    }
    return end_run(r, g, &run, info);
}

enum tc_err cut_gather(struct engine *e, uint32_t camera, struct tc_wall from, struct tc_wall to,
                       bool with_tail, struct archive_gather *g, struct tc_errinfo *info)
{
    archive_gather_init(g, from, to, ENGINE_FILES_MAX, ENGINE_TAIL_BYTES_MAX);
    if (camera >= e->camera_count)
        return tc_fail(info, TC_E_NOT_FOUND, "there is no such camera");
    struct recorder *r = &e->recorders[camera];
    struct walk w = {.engine = e, .recorder = r, .gather = g, .info = info};
    TC_TRY(archive_db_in(e->db, r->number, from.ns, to.ns, visit, &w, info));
    TC_TRY(w.err);
    return with_tail ? gather_tail(e, r, g, info) : TC_OK;
}

/* ---- the answer ---- */

void cut_gaps_json(const struct clip *c, struct tc_buf *json)
{
    struct tc_json j = tc_json(json);
    tc_json_arr(&j);
    for (size_t i = 0; i < c->gap_count; i++) {
        tc_json_obj(&j);
        tc_json_kv_wall(&j, "from", c->gaps[i].from);
        tc_json_kv_wall(&j, "to", c->gaps[i].to);
        tc_json_kv_str(&j, "cause", "not_recorded");
        tc_json_obj_end(&j);
    }
    tc_json_arr_end(&j);
}

static bool write_all(int fd, const void *bytes, size_t len, off_t at)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        ssize_t put = pwrite(fd, from, len, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += put;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

/* boxes, extents, tail: the clip's own file in memory, as struct msg_clip_answer says. The tail's
 * extents become extents of this file. */
static enum tc_err make_memory_file(const struct archive_gather *g, struct clip *c, int *ret,
                                    struct tc_errinfo *info)
{
    size_t list_bytes = c->extent_count * sizeof *c->extents;
    size_t tail_at = c->boxes.len + list_bytes;
    for (size_t i = 0; i < c->extent_count; i++) {
        if (c->extents[i].source == ARCHIVE_SOURCE_TAIL) {
            c->extents[i].source = CLIP_BOXES;
            c->extents[i].offset += tail_at;
        }
    }
    int fd = memfd_create("clip", MFD_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "make a clip");
    if (!write_all(fd, c->boxes.data, c->boxes.len, 0) ||
        !write_all(fd, c->extents, list_bytes, (off_t)c->boxes.len) ||
        !write_all(fd, g->tail.data, g->tail.len, (off_t)tail_at)) {
        int error = errno;
        (void)close(fd);
        return tc_fail_errno(info, error, "make a clip");
    }
    *ret = fd;
    return TC_OK;
}

static int64_t at_least_0(int64_t v)
{
    return v < 0 ? 0 : v;
}

static void fill_answer(const struct clip *c, const struct msg_clip *ask, struct msg_clip_answer *a)
{
    a->extents = (uint32_t)c->extent_count;
    a->total_bytes = c->bytes;
    a->boxes_bytes = c->boxes.len;
    a->got_from_ns = c->got_from.ns;
    a->got_to_ns = c->got_to.ns;
    a->pre_asked_ns = ask->pre_asked_ns;
    if (ask->event_ns != 0)
        a->pre_got_ns = at_least_0(ask->event_ns - c->got_from.ns);
    for (int i = 0; i < 8; i++) {
        a->etag[i] = (uint8_t)(c->tag >> (56 - 8 * i));
        a->etag[8 + i] = (uint8_t)(c->bytes >> (56 - 8 * i));
    }
}

/* Hands the descriptors over: the clip's own first, then the sources in their order. */
static unsigned take_fds(struct archive_gather *g, int own, int *fds)
{
    unsigned count = 0;
    fds[count++] = own;
    for (size_t i = 0; i < g->source_count && count < MSG_FDS_MAX; i++) {
        if (g->sources[i]->fd < 0)
            break; /* the tail's parameters, always last */
        fds[count++] = g->sources[i]->fd;
        g->sources[i]->fd = -1;
    }
    return count;
}

void cut_answer(struct engine *e, const struct msg_clip *ask, struct msg_clip_answer *answer,
                int *fds, unsigned *fds_count, struct tc_buf *gaps)
{
    struct archive_gather g;
    struct clip c = {0};
    struct tc_errinfo info = {0};
    struct tc_wall from = {ask->from_ns}, to = {ask->to_ns};
    int own = -1;
    *fds_count = 0;
    *answer = (struct msg_clip_answer){.request = ask->request,
                                       .closed = ask->closed,
                                       .asked_from_ns = ask->from_ns,
                                       .asked_to_ns = ask->to_ns};
    enum tc_err err = cut_gather(e, ask->camera, from, to, true, &g, &info);
    if (err == TC_OK)
        err = archive_gather_build(&g, &c, &info);
    if (err == TC_E_NOT_FOUND && g.missing > 0)
        err = tc_fail(
            &info, err,
            "%u recordings of this interval are in the index, but their files are not on the "
            "disk",
            g.missing);
    if (err == TC_OK)
        err = make_memory_file(&g, &c, &own, &info);
    if (err == TC_OK) {
        fill_answer(&c, ask, answer);
        cut_gaps_json(&c, gaps);
        *fds_count = take_fds(&g, own, fds);
    }
    answer->err = (int32_t)err;
    (void)snprintf(answer->text, sizeof answer->text, "%.*s", (int)sizeof answer->text - 1,
                   err == TC_OK ? "" : info.text);
    clip_done(&c);
    archive_gather_done(&g);
}

/* ---- spans ---- */

enum { SPANS_MAX = 4000 };

struct spans {
    struct {
        int64_t from, to;
    } list[SPANS_MAX];
    size_t count;
};

/* Adds one by its beginning, joined to the last where they meet. */
static bool add_span(void *ctx, int64_t from_ns, int64_t to_ns)
{
    struct spans *s = ctx;
    if (s->count > 0 && from_ns < s->list[s->count - 1].to + CLIP_GAP_NS) {
        if (to_ns > s->list[s->count - 1].to)
            s->list[s->count - 1].to = to_ns;
        return true;
    }
    if (s->count == SPANS_MAX)
        return false;
    s->list[s->count].from = from_ns;
    s->list[s->count].to = to_ns;
    s->count++;
    return true;
}

enum tc_err cut_spans(struct engine *e, uint32_t camera, struct tc_wall from, struct tc_wall to,
                      struct tc_buf *json, struct tc_errinfo *info)
{
    if (camera >= e->camera_count)
        return tc_fail(info, TC_E_NOT_FOUND, "there is no such camera");
    struct recorder *r = &e->recorders[camera];
    struct spans *spans = calloc(1, sizeof *spans);
    if (spans == NULL)
        return tc_fail(info, TC_E_NOMEM, "list what is recorded");
    enum tc_err err = archive_db_spans(e->db, r->number, from.ns, to.ns, add_span, spans, info);
    for (size_t i = 0; i < RECORDER_FILES_MAX; i++) {
        const struct archive_segment *s = &r->files[i].segment;
        if (r->files[i].fd >= 0 && s->end_ns > from.ns && s->start_ns < to.ns)
            (void)add_span(spans, s->start_ns, s->end_ns);
    }
    struct tc_json j = tc_json(json);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "camera", r->id);
    tc_json_key(&j, "spans");
    tc_json_arr(&j);
    for (size_t i = 0; i < spans->count; i++) {
        tc_json_obj(&j);
        tc_json_kv_wall(
            &j, "from",
            (struct tc_wall){spans->list[i].from < from.ns ? from.ns : spans->list[i].from});
        tc_json_kv_wall(&j, "to",
                        (struct tc_wall){spans->list[i].to > to.ns ? to.ns : spans->list[i].to});
        tc_json_obj_end(&j);
    }
    tc_json_arr_end(&j);
    tc_json_obj_end(&j);
    free(spans);
    return err;
}
