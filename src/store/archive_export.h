/* SPDX-License-Identifier: Apache-2.0 */
/* A clip as a file, without a daemon: for the command line on the state that a stopped one left. */
#pragma once

#include "store/archive_clip.h"

/* Writes the clip to OUT. TC_E_IO and the system's other errors. */
enum tc_err archive_clip_write(const struct archive_gather *g, const struct clip *c, int out,
                               struct tc_errinfo *info) TC_MUST_USE;

/* STATE is the state directory. Fills *C, which says what was got (clip_done it). TC_E_NOT_FOUND
 * when there is no index, no such camera, or nothing in the interval; *C is empty after an error.
 */
enum tc_err archive_export(const char *state, const char *camera, struct tc_wall from,
                           struct tc_wall to, int out, struct clip *c,
                           struct tc_errinfo *info) TC_MUST_USE;
