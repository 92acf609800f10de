/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting: an interval of a camera as a clip, from the index, the files being written and the
 * ring's last frames; and the spans that are recorded. */
#pragma once

#include "archive/engine.h"

/* Gathers [FROM, TO) of CAMERA into *G (the caller's to `done`, also after an error). WITH_TAIL:
 * what only the ring has too. */
enum tc_err cut_gather(struct engine *e, uint32_t camera, struct tc_wall from, struct tc_wall to,
                       bool with_tail, struct archive_gather *g,
                       struct tc_errinfo *info) TC_MUST_USE;

/* The answer to core's order CLIP. Descriptors (to be closed by the caller) go to FDS, which has
 * room for MSG_FDS_MAX; the gaps as JSON are appended to GAPS. Always fills *ANSWER: when something
 * is wrong its err and text say what, and there are no descriptors. */
void cut_answer(struct engine *e, const struct msg_clip *ask, struct msg_clip_answer *answer,
                int *fds, unsigned *fds_count, struct tc_buf *gaps);

/* Appends {"camera":ID,"spans":[{"from":...,"to":...}]}. TC_E_NOT_FOUND: no such camera. */
enum tc_err cut_spans(struct engine *e, uint32_t camera, struct tc_wall from, struct tc_wall to,
                      struct tc_buf *json, struct tc_errinfo *info) TC_MUST_USE;

/* Appends [{"from":...,"to":...,"cause":"..."}]. */
void cut_gaps_json(const struct clip *c, struct tc_buf *json);
