/* SPDX-License-Identifier: Apache-2.0 */
/* Which disk is this? Every volume carries a file with a name of its own, so that a mount point
 * whose disk is missing, or another disk in its place, is seen before anything is written to the
 * wrong one. */
#pragma once

#include "store/archive_db.h"

#define ARCHIVE_VOLUME_FILE "tocsin-volume"

/* Reads the identity of the volume whose directory is DIR. TC_E_NOT_FOUND: no such file.
 * TC_E_FORMAT: it holds something else; an empty file is TC_E_FORMAT too. *OUT is "" then. */
enum tc_err archive_volume_read(int dir, char out[ARCHIVE_VOLUME_ID_BYTES],
                                struct tc_errinfo *info) TC_MUST_USE;
/* Makes (or overwrites an empty or damaged) identity out of RANDOM and syncs it. */
enum tc_err archive_volume_make(int dir, const uint8_t random[16],
                                char out[ARCHIVE_VOLUME_ID_BYTES],
                                struct tc_errinfo *info) TC_MUST_USE;
