/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments: from pending frames to bytes behind the others, in one call. */
#include "archive/recorder_write.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "model/event_type.h"

enum { DEFAULT_TICKS = FMP4_TIMESCALE / 15 }; /* of a single frame that nothing follows */

/* The samples' table: each lasts until the next begins, counted from the file's beginning so that
 * rounding never adds up. *RET_TICKS is the first one's place in the file. */
static void make_samples(const struct recorder *r, const struct ring_frame *next,
                         struct fmp4_sample *samples, int64_t *ret_ticks)
{
    const struct recorder_file *f = r->current;
    int64_t base = f->segment.start_ns;
    int64_t at = fmp4_ticks(r->pending[0].wall.ns - base);
    int64_t begin = at > (int64_t)f->end_ticks ? at : (int64_t)f->end_ticks;
    *ret_ticks = begin;
    for (size_t i = 0; i < r->pending_count; i++) {
        const struct ring_frame *frame = &r->pending[i];
        const struct ring_frame *after = i + 1 < r->pending_count ? frame + 1 : next;
        int64_t average = i == 0 ? DEFAULT_TICKS : (begin - *ret_ticks) / (int64_t)i;
        int64_t end = after == NULL ? begin + average : fmp4_ticks(after->wall.ns - base);
        if (end <= begin)
            end = begin + 1;
        samples[i] = (struct fmp4_sample){.size_bytes = frame->length,
                                          .duration = (uint32_t)(end - begin),
                                          .key = (frame->flags & RING_KEY) != 0};
        begin = end;
    }
}

/* The boxes, then the frames where they lie; neighbours become one. Returns how many, 0 when a
 * frame is gone. */
static size_t make_iov(const struct recorder *r, struct iovec *iov)
{
    const struct tc_buf *head = &r->env->head;
    iov[0] = (struct iovec){head->data, head->len};
    size_t count = 1;
    for (size_t i = 0; i < r->pending_count; i++) {
        struct tc_slice view = ring_frame_view(&r->ring, &r->pending[i]);
        if (view.ptr == NULL)
            return 0;
        const uint8_t *end = (const uint8_t *)iov[count - 1].iov_base + iov[count - 1].iov_len;
        if (count > 1 && end == view.ptr)
            iov[count - 1].iov_len += view.len;
        else
            iov[count++] = (struct iovec){(void *)(uintptr_t)view.ptr, view.len};
    }
    return count;
}

/* One call in the normal case; goes on where a short write stopped. Returns 0 or errno. */
static int write_iov(int fd, struct iovec *iov, size_t count, uint64_t at)
{
    enum { AT_ONCE = 1024 };
    while (count > 0) {
        ssize_t put = pwritev(fd, iov, (int)(count < AT_ONCE ? count : AT_ONCE), (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        if (put == 0)
            return EIO;
        at += (uint64_t)put;
        for (size_t left = (size_t)put; left > 0;) {
            size_t step = left < iov->iov_len ? left : iov->iov_len;
            iov->iov_base = (uint8_t *)iov->iov_base + step;
            iov->iov_len -= step;
            left -= step;
            while (count > 0 && iov->iov_len == 0) {
                iov++;
                count--;
            }
        }
    }
    return 0;
}

static bool all_still_there(const struct recorder *r)
{
    for (size_t i = 0; i < r->pending_count; i++) {
        if (!ring_frame_still_valid(&r->ring, &r->pending[i]))
            return false;
    }
    return true;
}

/* Puts the boxes for the pending frames into env->head: the init too when the file is new. */
static enum tc_err make_head(struct recorder *r, const struct fmp4_fragment *fragment,
                             uint32_t *init_bytes)
{
    struct tc_buf *head = &r->env->head;
    struct recorder_file *f = r->current;
    tc_buf_clear(head);
    *init_bytes = f->segment.init_bytes;
    if (f->segment.count == 0) {
        struct avc_params params = archive_segment_params(&f->segment);
        TC_TRY(fmp4_init(head, &params, 1, (struct tc_wall){f->segment.start_ns}, NULL));
        *init_bytes = (uint32_t)head->len;
    }
    return fmp4_fragment_head(head, fragment);
}

static void account(struct recorder *r, const struct fmp4_sample *samples, uint32_t init_bytes,
                    int64_t ticks)
{
    struct recorder_file *f = r->current;
    struct archive_fragment done = {.samples = (uint32_t)r->pending_count,
                                    .start_ns = r->pending[0].wall.ns,
                                    .key = samples[0].key};
    uint64_t bytes = r->env->head.len;
    for (size_t i = 0; i < r->pending_count; i++) {
        bytes += samples[i].size_bytes;
        done.ticks += samples[i].duration;
    }
    bool first = f->segment.count == 0;
    done.offset = first ? init_bytes : f->segment.bytes;
    done.bytes = (uint32_t)(first ? bytes - init_bytes : bytes);
    f->segment.init_bytes = init_bytes;
    if (archive_segment_add(&f->segment, &done) != TC_OK)
        return; /* without memory the row misses what the file has; recorder_write closes the file
                 */
    f->end_ticks = (uint64_t)ticks + done.ticks;
    f->dirty = true;
    f->volume->written_bytes += bytes;
    r->written = r->pending[r->pending_count - 1].number;
    r->end_ns = f->segment.end_ns;
    r->fragments++;
    r->frames += r->pending_count;
    r->bytes += bytes;
}

static enum recorder_outcome write_fragment(struct recorder *r, const struct ring_frame *next,
                                            int *errnum)
{
    static struct fmp4_sample samples[RECORDER_PENDING_MAX];
    static struct iovec iov[RECORDER_PENDING_MAX + 1];
    struct recorder_file *f = r->current;
    int64_t ticks = 0;
    uint32_t init_bytes = 0;
    make_samples(r, next, samples, &ticks);
    struct fmp4_fragment fragment = {.sequence = (uint32_t)f->segment.count + 1,
                                     .entry = 1,
                                     .at = (uint64_t)ticks,
                                     .start = r->pending[0].wall,
                                     .samples = samples,
                                     .count = r->pending_count};
    if (make_head(r, &fragment, &init_bytes) != TC_OK)
        return NO_PARAMS;
    size_t count = make_iov(r, iov);
    if (count == 0)
        return OVERTAKEN;
    *errnum = write_iov(f->fd, iov, count, f->segment.bytes);
    if (*errnum != 0)
        return *errnum == ENOSPC || *errnum == EDQUOT ? NO_SPACE : FAILED;
    if (!all_still_there(r))
        return OVERTAKEN;
    account(r, samples, init_bytes, ticks);
    if (f->segment.count == 1)
        r->env->on_file(r->env->ctx, r, f);
    return WRITTEN;
}

static enum recorder_outcome try_write(struct recorder *r, const struct ring_frame *next,
                                       int *errnum)
{
    enum recorder_outcome outcome = WRITTEN;
    if (r->current == NULL)
        outcome = recorder_begin_file(r, errnum);
    if (outcome == WRITTEN)
        outcome = write_fragment(r, next, errnum);
    if (outcome != WRITTEN && r->current != NULL &&
        ftruncate(r->current->fd, (off_t)r->current->segment.bytes) != 0 && *errnum == 0)
        *errnum = errno; /* what stands behind is no fragment; a reader stops there */
    return outcome;
}

/* The file in hand cannot go on: what stands in it stays, and the next key frame begins another
 * one. */
static void give_up(struct recorder *r, enum recorder_outcome outcome, int errnum, struct volume *v)
{
    r->failed_writes++;
    r->gaps++;
    if (outcome == FAILED && v != NULL)
        volume_write_failed(v, errnum, r->env->now);
    if (outcome == NO_PLACE && v != NULL)
        r->env->fault(r->env->ctx, EV_SYSTEM_OVERLOAD, 2, v->options.path,
                      "the disk has not finished the recordings of the last minutes: pictures are "
                      "lost; look for "
                      "what else uses it, or replace it");
    if (outcome == OVERTAKEN)
        r->env->fault(r->env->ctx, EV_SYSTEM_OVERLOAD, 2, r->id,
                      "the recording came too late for the ring, frames are missing: the disk or "
                      "the machine is "
                      "too slow, or archive.ring_memory too small");
    recorder_close_file(r);
    r->waiting = true;
}

void recorder_write(struct recorder *r, const struct ring_frame *next)
{
    if (r->pending_count == 0)
        return;
    int errnum = 0;
    struct volume *v = r->current != NULL ? r->current->volume : recorder_choose_volume(r);
    if (r->current != NULL && !volume_usable(v, r->env->now)) {
        recorder_close_file(r); /* its disk failed meanwhile */
        v = recorder_choose_volume(r);
    }
    if (r->current == NULL && (r->pending[0].flags & RING_KEY) == 0) {
        r->waiting = true;
        r->pending_count = 0;
        return;
    }
    enum recorder_outcome outcome = try_write(r, next, &errnum);
    if (outcome == NO_SPACE && r->env->make_room(r->env->ctx, v))
        outcome = try_write(r, next, &errnum);
    if (outcome == WRITTEN)
        volume_worked(v);
    else
        give_up(r, outcome, errnum, v);
    r->pending_count = 0;
}
