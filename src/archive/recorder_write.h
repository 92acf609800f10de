/* SPDX-License-Identifier: Apache-2.0 */
/* Between recorder.c (when to write), recorder_write.c (how) and recorder_file.c (where). */
#pragma once

#include "archive/recorder.h"

/* What became of a try to write. */
enum recorder_outcome {
    WRITTEN,
    NO_PLACE,  /* no volume, or no free slot: the disks are too slow */
    NO_PARAMS, /* the ring has no parameters that go with these frames */
    NO_SPACE,
    FAILED,    /* ERRNUM says why */
    OVERTAKEN, /* the ring wrote over the frames meanwhile */
};

/* Writes the pending frames as one fragment; NEXT, which is not written, tells how long the last
 * one lasts (NULL: as long as those before it). Begins a file when there is none. When it cannot be
 * written the frames are dropped, the file is closed and the recorder waits for a key frame.
 * Nothing is pending afterwards. */
void recorder_write(struct recorder *r, const struct ring_frame *next);
/* Begins the file that the first pending frame, a key frame, goes into; WRITTEN when it is there
 * (r->current). */
enum recorder_outcome recorder_begin_file(struct recorder *r, int *errnum);
/* Where a new file would go; NULL when no volume can be used. */
struct volume *recorder_choose_volume(const struct recorder *r);
/* Gives the current file to the syncer for the last time; nothing when there is none. */
void recorder_close_file(struct recorder *r);
/* The syncer closed it: its row in the index says so from now on (when DURABLE), and the slot is
 * free. */
void recorder_file_closed(struct recorder *r, struct recorder_file *f, bool durable);
/* Asks for a sync of what was written, when it is time. */
void recorder_ask_sync(struct recorder *r);
