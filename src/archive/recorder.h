/* SPDX-License-Identifier: Apache-2.0 */
/* One camera's way from its ring to the disk.
 *
 * On every tick it looks at the frames that came, and writes a fragment with one call, straight
 * from the ring's memory, when a GOP is whole: or every second, while an alarm is on and in GOPs
 * over two seconds. After the write it asks the ring whether all of it was still there; if not, the
 * file is cut back.
 *
 * Files ("segments") last a minute, begin with a key frame, hold one set of parameters and no hole:
 * a hole in the video begins a new one. A file that is full is first made durable, then its row in
 * the index says "closed", so that what a power cut can shorten is always marked open. */
#pragma once

#include "archive/volume.h"
#include "media/fmp4.h"
#include "runtime/ring.h"

enum {
    RECORDER_PENDING_MAX = 1024, /* frames of one fragment */
    RECORDER_FILES_MAX = 4,      /* the one being written and those on their way to the disk */
};
#define RECORDER_SEGMENT_NS       (60 * TC_NS_PER_S)
#define RECORDER_FRAGMENT_NS      (2 * TC_NS_PER_S) /* longest GOP that stays in one piece */
#define RECORDER_FRAGMENT_BUSY_NS TC_NS_PER_S       /* in alarms and in longer GOPs */
#define RECORDER_GAP_NS                                                                            \
    (5 * TC_NS_PER_S) /* without any sign of a loss: a slow camera is no hole                      \
                       */
#define RECORDER_LOSS_NS (500 * TC_NS_PER_MS) /* a loss that is a hole */

struct recorder_file {
    struct archive_segment segment; /* its fragments, also those that the index has not */
    struct volume *volume;
    int fd; /* -1: this slot is free */
    uint32_t generation;
    uint64_t end_ticks;   /* of what is written, from its first sample */
    bool closing;         /* given to the syncer for the last time */
    bool dirty;           /* written since the last sync was asked for */
    uint32_t syncing;     /* jobs not yet answered */
    struct tc_mono asked; /* for the last sync */
};

struct recorder;

/* What a recorder shares with its like. NOW and WALL are the tick's. */
struct recorder_env {
    struct archive_db *db;
    struct volume *volumes;
    size_t volume_count;
    struct tc_mono now;
    struct tc_wall wall;
    struct tc_buf head; /* for boxes, one fragment at a time */
    archive_fault_fn *fault;
    /* Frees room on a volume that is full; false when nothing could be freed. */
    bool (*make_room)(void *ctx, struct volume *v);
    /* A file was begun (holds are linked here). */
    void (*on_file)(void *ctx, struct recorder *r, struct recorder_file *f);
    void *ctx;
};

struct recorder {
    struct recorder_env *env;
    uint32_t index;  /* in site.yaml */
    uint32_t number; /* in the index */
    char id[ARCHIVE_CAMERA_BYTES];
    bool always; /* mode full: records whenever there are frames */
    bool has_ring;
    struct ring_reader ring;
    /* set by the orders */
    bool urgent;          /* an alarm's clip is being recorded */
    int64_t wanted_to_ns; /* mode alarm: frames before this are recorded; 0: none */
    /* where it stands */
    uint64_t next;          /* number of the next frame to look at */
    uint64_t written;       /* number of the last frame on disk; 0: none */
    int64_t end_ns;         /* end of what is on disk, also from before the start */
    bool waiting;           /* for a key frame */
    bool long_gop;          /* part of this GOP is written already */
    struct ring_frame last; /* the frame looked at last; number 0: none */
    struct ring_frame *pending;
    size_t pending_count;
    struct recorder_file files[RECORDER_FILES_MAX];
    struct recorder_file *current; /* being written; NULL: none */
    /* counted for the metrics */
    uint64_t fragments, frames, bytes, gaps, lost_frames, failed_writes, failed_syncs;
};

enum tc_err recorder_init(struct recorder *r, struct recorder_env *env, uint32_t index,
                          const char *id, bool always, struct tc_errinfo *info) TC_MUST_USE;
/* Gives what is open to the syncer for the last time. */
void recorder_stop(struct recorder *r);
/* After recorder_stop, when the syncer has answered. */
void recorder_done(struct recorder *r);
/* A ring for this camera (a new one replaces the old). FD is not kept. */
enum tc_err recorder_set_ring(struct recorder *r, int fd, struct tc_errinfo *info) TC_MUST_USE;

/* Mode alarm: goes back in the ring to the last key frame at or before FROM, as far as that is not
 * written yet. */
void recorder_rewind(struct recorder *r, struct tc_wall from);
void recorder_tick(struct recorder *r);
/* A sync of a file of this recorder is done; SLOT as in the job's token. */
void recorder_synced(struct recorder *r, unsigned slot, const struct sync_result *result);
/* Writes what is pending and asks for its sync, without waiting for the GOP's end. */
void recorder_flush(struct recorder *r);

/* Is everything written also durable? */
bool recorder_is_durable(const struct recorder *r);
/* The file that this row of the index describes while it is being written, or NULL. */
struct recorder_file *recorder_file_of(struct recorder *r, const struct archive_segment *row);
