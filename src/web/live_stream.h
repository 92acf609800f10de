/* SPDX-License-Identifier: Apache-2.0 */
/* One camera on its way to one viewer: from the ring's frames to messages, or to nothing when the
 * viewer does not keep up. Knows no socket: what leaves, leaves through LIVE_SINK. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "runtime/ring.h"

/* Where messages go, and how much waits there. */
struct live_sink {
    void (*text)(void *ctx, struct tc_slice json);
    void (*binary)(void *ctx, struct tc_slice bytes);
    size_t (*queued)(void *ctx);
    void *ctx;
    size_t gate_bytes; /* no group of pictures begins above it; at twice as much the group is given
                          up */
};

struct live_stream {
    uint16_t number; /* the viewer's name for it */
    uint64_t next;   /* frame; 0: begin at the last key frame */
    bool skipping;   /* until a key frame, and room */
    bool started;
    uint32_t generation;  /* of parameters the viewer has */
    uint32_t shown_state; /* enum ring_camera_state + 1, as told; 0: nothing told yet */
    uint32_t dropped;     /* groups since the viewer was told */
    uint32_t sequence;
    struct tc_wall base;
    uint64_t at;      /* ticks where the next frame begins */
    uint32_t nominal; /* ticks a frame, as seen lately */
    uint64_t frames, dropped_total, bytes;
};

void live_stream_init(struct live_stream *s, uint16_t number);
/* Sends what has come since. SCRATCH is any buffer with room for a frame and some boxes. */
void live_stream_pump(struct live_stream *s, const struct ring_reader *ring,
                      const struct live_sink *sink, struct tc_buf *scratch);
/* {"op":"state",...}; STATE is a word of API.md. */
void live_stream_tell(const struct live_stream *s, const struct live_sink *sink, const char *state,
                      const char *text);
