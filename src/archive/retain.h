/* SPDX-License-Identifier: Apache-2.0 */
/* Making room: recordings older than their camera keeps, and the oldest of a volume that is short
 * of space.
 *
 * A bounded step at a time; after a step the free space is measured again before anything more is
 * deleted. Only files whose deletion frees something are deleted: one that has a second name (a
 * hold) is left alone, whatever the index says. Nothing here touches a file that the index does not
 * know. */
#pragma once

#include "archive/volume.h"
#include "base/time.h"

enum { RETAIN_STEP_FILES = 16 };
#define RETAIN_SPACE_EVERY_NS (5 * TC_NS_PER_S)
#define RETAIN_AGE_EVERY_NS   (10 * TC_NS_PER_S)
/* The clock went ahead by more than this while we ran: nothing is deleted for its age until a
 * restart. */
#define RETAIN_CLOCK_STEP_NS (3600 * TC_NS_PER_S)

struct retain_camera {
    uint32_t number; /* in the index */
    int64_t keep_ns;
};

struct retain {
    struct archive_db *db;
    struct volume *volumes;
    size_t volume_count;
    struct retain_camera *cameras; /* the caller's */
    size_t camera_count;
    archive_fault_fn *fault;
    void *ctx;
    int64_t clock_base_ns; /* wall minus monotonic at the start */
    bool clock_jumped;
    struct tc_mono space_at, age_at, short_told_at;
    size_t next_camera;
    uint64_t deleted_files, deleted_bytes;
};

void retain_tick(struct retain *r, struct tc_mono now, struct tc_wall wall);
/* At once, for a write that found no space: the oldest files of V that free something, a step's
 * worth. False when there are none (a fault then says that all that is left is held). */
bool retain_make_room(struct retain *r, struct volume *v);
