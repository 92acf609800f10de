/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash, or without an index: the files say what was recorded.
 *
 * At the start, files that the index left open are walked to their last whole fragment, cut there
 * and closed. Then the folders are compared with the index in the background, newest first: of a
 * volume that was looked through before, those since its newest row; of any other, all. Files that
 * are no recordings of ours are never touched. */
#pragma once

#include "archive/volume.h"

struct recover_camera {
    uint32_t number;
    const char *id;
};

struct recover;

/* Closes what was left open. Returns how many files. Faults name what could not be repaired. */
size_t recover_left_open(struct archive_db *db, struct volume *volumes, size_t count,
                         archive_fault_fn *fault, void *ctx);

/* The end of the camera's newest file on the volumes, whether the index has it or not; 0 when there
 * is none. */
int64_t recover_newest_end(const struct volume *volumes, size_t count, const char *camera);

/* Begins the comparison; CAMERAS and VOLUMES must outlive it. NULL without memory. */
struct recover *recover_new(struct archive_db *db, struct volume *volumes, size_t volume_count,
                            const struct recover_camera *cameras, size_t camera_count);
void recover_free(struct recover *r);
/* Looks at no more than FILES files or one folder. True while there is more to do. */
bool recover_step(struct recover *r, size_t files);
/* How many rows it made. */
uint64_t recover_found(const struct recover *r);
