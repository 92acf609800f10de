/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of a camera's last frames: one memfd, one writer (capture), many readers (archive, web).
 *
 * Three parts: a head of one page, a table of slots (a power of two), a data area. A frame is one
 * access unit as an MP4 sample: NAL units with 4-byte big-endian lengths in front, bytes and order
 * as the camera sent them, SEI and in-band parameter sets included. Frames lie whole and in one
 * piece; one that does not fit before the end of the data area starts at its beginning.
 *
 * Invariants
 * - Frames are numbered 1, 2, 3...; frame n sits in slot n % slot_count. Numbers and data positions
 * only grow, also over a restart of the writer, so what a dead writer left can still be read.
 * - A data position p lies at offset p % data_bytes. `reserve` is ahead of every byte ever written;
 * what is at a position below reserve - data_bytes may be overwritten at any moment.
 * - Every writer that opens the ring starts a new epoch; its first frame carries
 * RING_DISCONTINUITY.
 *
 * A reader's way: ring_read_slot, ring_frame_view, copy, ring_frame_still_valid; use the copy only
 * when that said true. (That copy races with the writer on purpose, as a sequence lock does: the
 * check afterwards throws a torn copy away. Everything else that is shared is atomic.)
 *
 * A reader distrusts the writer: sizes are taken once, from the sealed file; every offset is
 * checked; no function loops longer than the slot table; numbers that make no sense give RING_GONE
 * or RING_NOT_YET. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"

enum {
    RING_PARAM_SET_BYTES_MAX = 256, /* one SPS or PPS; real ones are under 60 */
    RING_PARAM_SETS = 4,            /* generations that stay readable */
    RING_SLOTS_MIN = 64,
    RING_SLOTS_MAX = 1 << 16,
};
#define RING_DATA_BYTES_MIN (UINT64_C(1) << 16)
#define RING_DATA_BYTES_MAX (UINT64_C(1) << 32)

enum ring_flag {
    RING_KEY = 1 << 0, /* decoding can start here */
    RING_DISCONTINUITY =
        1 << 1, /* something is missing, or the clock was set anew, before this frame */
};

enum ring_codec { RING_CODEC_NONE, RING_CODEC_H264 };

enum ring_camera_state {
    RING_CAMERA_NONE,
    RING_CAMERA_CONNECTING,
    RING_CAMERA_UP,
    RING_CAMERA_LOST
};

/* What a decoder must know before the first frame. */
struct ring_params {
    uint32_t generation; /* 1, 2, 3...; 0 = none yet. Set by the ring */
    enum ring_codec codec;
    uint16_t width, height;
    uint16_t sps_bytes, pps_bytes;
    uint8_t sps[RING_PARAM_SET_BYTES_MAX];
    uint8_t pps[RING_PARAM_SET_BYTES_MAX];
};

struct ring_frame {
    /* where it is; set by the ring */
    uint64_t number;
    uint64_t position;
    uint32_t length;
    uint32_t epoch;
    /* what it is; set by the writer */
    uint32_t flags;            /* enum ring_flag */
    uint32_t param_generation; /* which ring_params it needs; set by the ring: the newest */
    struct tc_wall arrival;    /* when the tick that read its last packet ran */
    struct tc_mono arrival_mono;
    int64_t rtp;           /* RTP timestamp extended over its wraps, in the stream's clock rate */
    struct tc_wall sender; /* by the camera's sender reports; 0 = none that was plausible */
    struct tc_wall wall;   /* the smooth, corrected time: index by this one */
};

/* ---- making one (the supervisor) ---- */

struct ring_sizing {
    uint64_t bits_per_s;
    int64_t pre_roll_ns;
    int64_t gop_ns;     /* longest time between two key frames */
    bool alarm_mode;    /* the ring alone holds the pre-roll; else the archive does */
    uint64_t cap_bytes; /* share of the site's ring memory; 0 = none */
};

struct ring_size {
    uint64_t data_bytes;
    uint32_t slot_count;
    int64_t holds_ns; /* how much time fits at that bit rate; less than asked when the cap bites */
};

/* Alarm mode: pre-roll + longest GOP + margin; else two GOPs. Never under 1 MiB, nor over the cap
 * when that is larger than the minimum. */
struct ring_size ring_size_for(const struct ring_sizing *want);

struct ring_fds {
    int writer; /* read and write: for capture */
    int reader; /* read only: for archive and web */
};

/* A new, empty ring, sealed against resizing, mode 0400 so that nobody can open it for writing
 * anew. Both descriptors are close-on-exec and the caller's. On error *RET is unchanged. */
enum tc_err ring_create(const char *name, struct ring_size size, struct ring_fds *ret,
                        struct tc_errinfo *info) TC_MUST_USE;

/* ---- writing (capture) ---- */

struct ring_head;
struct ring_slot;

struct ring_writer {
    struct ring_head *head;
    struct ring_slot *slots;
    uint8_t *data;
    size_t map_bytes;
    uint64_t data_bytes;
    uint32_t slot_count;
    uint32_t epoch;
    uint32_t param_generation;
    uint64_t next;     /* number of the frame being written */
    uint64_t position; /* where it starts */
    uint64_t reserve;
    size_t length; /* of the frame being written */
    bool begun;
    bool fresh; /* nothing committed in this epoch yet */
};

/* Maps the ring and starts a new epoch. FD stays the caller's and may be closed afterwards.
 * TC_E_CORRUPT when it is no ring; *W is then zeroed. */
enum tc_err ring_writer_open(struct ring_writer *w, int fd, struct tc_errinfo *info) TC_MUST_USE;
void ring_writer_close(struct ring_writer *w);

/* The longest frame the ring takes. */
size_t ring_frame_max(const struct ring_writer *w);
/* Starts a frame; one that was begun and not committed is dropped. */
void ring_begin_frame(struct ring_writer *w);
/* Room for MORE bytes behind those added so far, or NULL when the frame would grow over its
 * maximum. The frame may move, so pointers of earlier calls are void. The bytes count once
 * ring_frame_added says so. */
uint8_t *ring_frame_space(struct ring_writer *w, size_t more);
void ring_frame_added(struct ring_writer *w, size_t bytes);
/* Both in one. TC_E_LIMIT when it does not fit; the frame is then unchanged. */
enum tc_err ring_frame_add(struct ring_writer *w, const void *bytes, size_t len) TC_MUST_USE;
/* Overwrites four bytes of the frame at AT (asserted to be inside it). */
void ring_frame_set_be32(struct ring_writer *w, size_t at, uint32_t value);
/* Publishes the frame with FRAME's writer fields and returns its number. An empty frame is not
 * published: 0. */
uint64_t ring_commit_frame(struct ring_writer *w, const struct ring_frame *frame);
void ring_abort_frame(struct ring_writer *w);

/* A new generation of parameters, unless they equal the newest. Returns the generation now valid.
 */
uint32_t ring_set_params(struct ring_writer *w, const struct ring_params *params);
void ring_set_state(struct ring_writer *w, enum ring_camera_state state);

/* ---- reading (archive, web) ---- */

struct ring_reader {
    const struct ring_head *head;
    const struct ring_slot *slots;
    const uint8_t *data;
    size_t map_bytes;
    uint64_t data_bytes;
    uint32_t slot_count;
};

enum ring_read {
    RING_READ_OK,
    RING_NOT_YET, /* not written yet */
    RING_GONE,    /* overwritten, or never there: go on at ring_oldest */
};

/* Maps the ring read-only. FD stays the caller's. TC_E_CORRUPT when it is no ring or not sealed
 * against shrinking; *R is then zeroed. */
enum tc_err ring_reader_open(struct ring_reader *r, int fd, struct tc_errinfo *info) TC_MUST_USE;
void ring_reader_close(struct ring_reader *r);

enum ring_camera_state ring_state(const struct ring_reader *r);
/* Changes when a writer (re)started. 0: no writer so far. */
uint32_t ring_epoch(const struct ring_reader *r);
/* The number the next frame will have: the newest there is + 1. */
uint64_t ring_next(const struct ring_reader *r);
/* The oldest frame that is still whole, or ring_next when there is none. */
uint64_t ring_oldest(const struct ring_reader *r);
/* The newest key frame at or before NUMBER that is still whole; 0 when there is none. */
uint64_t ring_key_before(const struct ring_reader *r, uint64_t number);
/* The newest key frame whose `wall` is at or before T; when all are later, the oldest key frame; 0
 * for none. */
uint64_t ring_key_at(const struct ring_reader *r, struct tc_wall t);

enum ring_read ring_read_slot(const struct ring_reader *r, uint64_t number,
                              struct ring_frame *ret) TC_MUST_USE;
/* The frame's bytes where they lie; inside the mapping whatever FRAME says. Empty when it is gone.
 */
struct tc_slice ring_frame_view(const struct ring_reader *r, const struct ring_frame *frame);
/* After the copy: was nothing of it overwritten meanwhile? */
bool ring_frame_still_valid(const struct ring_reader *r,
                            const struct ring_frame *frame) TC_MUST_USE;

/* The parameters of a GENERATION, 0 = the newest. TC_E_NOT_FOUND when there are none or they were
 * replaced; *RET is then unchanged. Lengths are checked. */
enum tc_err ring_read_params(const struct ring_reader *r, uint32_t generation,
                             struct ring_params *ret) TC_MUST_USE;
