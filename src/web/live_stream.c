/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live_stream.h"

#include "base/check.h"
#include "base/json_out.h"
#include "media/fmp4.h"

enum {
    FRAMES_PER_PUMP = 512,
    NOMINAL_TICKS = FMP4_TIMESCALE / 25,
    NOMINAL_MIN = FMP4_TIMESCALE / 240,
    NOMINAL_MAX = FMP4_TIMESCALE,
    JUMP_TICKS = FMP4_TIMESCALE / 2, /* a larger error is jumped over at a key frame */
    JSON_BYTES_MAX = 512,
};

enum { KIND_INIT = 0, KIND_MEDIA = 1 };

void live_stream_init(struct live_stream *s, uint16_t number)
{
    *s = (struct live_stream){.number = number, .nominal = NOMINAL_TICKS};
}

static void begin_json(struct tc_json *j, struct tc_buf *out, const struct live_stream *s,
                       const char *op)
{
    tc_buf_init(out, JSON_BYTES_MAX);
    *j = tc_json(out);
    tc_json_obj(j);
    tc_json_kv_str(j, "op", op);
    tc_json_kv_u64(j, "stream", s->number);
}

static void send_json(struct tc_json *j, const struct live_sink *sink)
{
    tc_json_obj_end(j);
    sink->text(sink->ctx, tc_buf_view(j->out));
}

void live_stream_tell(const struct live_stream *s, const struct live_sink *sink, const char *state,
                      const char *text)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    struct tc_json j;
    begin_json(&j, &out, s, "state");
    tc_json_kv_str(&j, "state", state);
    tc_json_kv_str(&j, "text", text);
    send_json(&j, sink);
}

static void tell_dropped(struct live_stream *s, const struct live_sink *sink)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    struct tc_json j;
    begin_json(&j, &out, s, "dropped");
    tc_json_kv_u64(&j, "gops", s->dropped);
    send_json(&j, sink);
    s->dropped = 0;
}

static void tell_state(struct live_stream *s, const struct ring_reader *ring,
                       const struct live_sink *sink)
{
    static const char *const words[] = {[RING_CAMERA_NONE] = "waiting",
                                        [RING_CAMERA_CONNECTING] = "waiting",
                                        [RING_CAMERA_UP] = "live",
                                        [RING_CAMERA_LOST] = "lost"};
    static const char *const texts[] = {[RING_CAMERA_NONE] = "the camera is being started",
                                        [RING_CAMERA_CONNECTING] = "the camera is being connected",
                                        [RING_CAMERA_UP] = "",
                                        [RING_CAMERA_LOST] = "no pictures from the camera"};
    unsigned state = ring_state(ring);
    if (state > RING_CAMERA_LOST || s->shown_state == state + 1)
        return;
    s->shown_state = state + 1;
    live_stream_tell(s, sink, words[state], texts[state]);
}

static void add_header(struct tc_buf *out, const struct live_stream *s, unsigned kind,
                       struct tc_wall wall)
{
    tc_buf_clear(out);
    tc_buf_add_u8(out, 1);
    tc_buf_add_u8(out, (uint8_t)kind);
    tc_buf_add_be16(out, s->number);
    tc_buf_add_be32(out, s->generation);
    tc_buf_add_be64(out, (uint64_t)(wall.ns / TC_NS_PER_US));
}

static bool send_init(struct live_stream *s, const struct ring_reader *ring,
                      const struct live_sink *sink, struct tc_buf *scratch,
                      const struct ring_frame *f)
{
    struct ring_params p;
    char codec[FMP4_CODEC_TEXT_BYTES];
    if (ring_read_params(ring, f->param_generation, &p) != TC_OK || p.codec != RING_CODEC_H264)
        return false;
    const struct avc_params avc = {.sps = tc_slice(p.sps, p.sps_bytes),
                                   .pps = tc_slice(p.pps, p.pps_bytes)};
    s->generation = p.generation;
    add_header(scratch, s, KIND_INIT, f->wall);
    if (fmp4_init(scratch, &avc, 1, f->wall, NULL) != TC_OK || scratch->err != TC_OK)
        return false;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    struct tc_json j;
    begin_json(&j, &out, s, "init");
    tc_json_kv_str(&j, "codec", fmp4_codec(avc.sps, codec));
    tc_json_kv_u64(&j, "width", p.width);
    tc_json_kv_u64(&j, "height", p.height);
    tc_json_kv_u64(&j, "generation", s->generation);
    send_json(&j, sink);
    sink->binary(sink->ctx, tc_buf_view(scratch));
    return true;
}

/* How long the frame lasts: to the next one if that is there already, else as long as frames lasted
 * lately. */
static uint32_t frame_ticks(struct live_stream *s, const struct ring_reader *ring,
                            const struct ring_frame *f)
{
    struct ring_frame next;
    if (ring_read_slot(ring, f->number + 1, &next) == RING_READ_OK && next.epoch == f->epoch) {
        int64_t ticks = fmp4_ticks(next.wall.ns - f->wall.ns);
        if (ticks >= NOMINAL_MIN && ticks <= NOMINAL_MAX)
            s->nominal = (uint32_t)(((uint64_t)s->nominal * 3 + (uint64_t)ticks) / 4);
    }
    return s->nominal;
}

/* Frames follow each other without a hole, since players stop at one; what the clock says otherwise
 * is made good by lengthening or shortening frames, or, at a key frame, by a jump. */
static uint32_t place_frame(struct live_stream *s, const struct ring_reader *ring,
                            const struct ring_frame *f)
{
    if (!s->started) {
        s->base = f->wall;
        s->at = 0;
        s->started = true;
    }
    int64_t target = fmp4_ticks(f->wall.ns - s->base.ns);
    int64_t error = target - (int64_t)s->at;
    if ((f->flags & RING_KEY) != 0 && error > JUMP_TICKS) {
        s->at = (uint64_t)target;
        error = 0;
    }
    int64_t ticks = (int64_t)frame_ticks(s, ring, f), least = ticks / 2, most = ticks * 2;
    ticks += error;
    ticks = ticks < least ? least : ticks > most ? most : ticks;
    return (uint32_t)(ticks < 1 ? 1 : ticks);
}

/* False when the frame was overwritten while it was copied. */
static bool send_frame(struct live_stream *s, const struct ring_reader *ring,
                       const struct live_sink *sink, struct tc_buf *scratch,
                       const struct ring_frame *f)
{
    uint32_t ticks = place_frame(s, ring, f);
    const struct fmp4_sample sample = {
        .size_bytes = f->length, .duration = ticks, .key = (f->flags & RING_KEY) != 0};
    const struct fmp4_fragment fragment = {.sequence = ++s->sequence,
                                           .entry = 1,
                                           .at = s->at,
                                           .start = f->wall,
                                           .samples = &sample,
                                           .count = 1};
    add_header(scratch, s, KIND_MEDIA, f->wall);
    if (fmp4_fragment_head(scratch, &fragment) != TC_OK)
        return false;
    tc_buf_add_slice(scratch, ring_frame_view(ring, f));
    if (scratch->err != TC_OK || !ring_frame_still_valid(ring, f))
        return false;
    sink->binary(sink->ctx, tc_buf_view(scratch));
    s->at += ticks;
    s->frames++;
    s->bytes += scratch->len;
    return true;
}

static void give_up_group(struct live_stream *s)
{
    s->skipping = true;
    s->dropped++;
    s->dropped_total++;
}

/* May this frame go? Groups of pictures go whole, or from some frame on not at all. */
static bool admitted(struct live_stream *s, const struct live_sink *sink,
                     const struct ring_frame *f)
{
    size_t queued = sink->queued(sink->ctx);
    if ((f->flags & RING_KEY) != 0) {
        if (queued > sink->gate_bytes) {
            give_up_group(s);
            return false;
        }
        s->skipping = false;
        if (s->dropped > 0)
            tell_dropped(s, sink);
        return true;
    }
    if (s->skipping || s->generation != f->param_generation)
        return false;
    if ((f->flags & RING_DISCONTINUITY) != 0 || queued > 2 * sink->gate_bytes) {
        if (queued > 2 * sink->gate_bytes)
            give_up_group(s);
        s->skipping = true;
        return false;
    }
    return true;
}

static void find_start(struct live_stream *s, const struct ring_reader *ring)
{
    uint64_t newest = ring_next(ring) - 1;
    s->next = newest == 0 ? 0 : ring_key_before(ring, newest);
    s->skipping = true;
}

void live_stream_pump(struct live_stream *s, const struct ring_reader *ring,
                      const struct live_sink *sink, struct tc_buf *scratch)
{
    tell_state(s, ring, sink);
    if (s->next == 0)
        find_start(s, ring);
    for (int i = 0; i < FRAMES_PER_PUMP && s->next != 0; i++) {
        struct ring_frame f;
        enum ring_read got = ring_read_slot(ring, s->next, &f);
        if (got == RING_NOT_YET)
            return;
        if (got == RING_GONE) { /* it was overwritten: far behind */
            give_up_group(s);
            find_start(s, ring);
            continue;
        }
        s->next++;
        if (!admitted(s, sink, &f))
            continue;
        if (f.param_generation != s->generation && !send_init(s, ring, sink, scratch, &f)) {
            s->skipping = true;
            continue;
        }
        if (!send_frame(s, ring, sink, scratch, &f))
            give_up_group(s);
    }
}
