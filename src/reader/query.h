/* SPDX-License-Identifier: Apache-2.0 */
/* One query of core into the JSON of its answer: routes, rights, parameters. No loop and no socket.
 */
#pragma once

#include "runtime/messages.h"
#include "store/journal_query.h"

/* Appends the answer for the person's role and returns its HTTP status. Errors are answers too
 * (problem details): 400 bad parameters, 403, 404, 503 the journal does not read (then *RET_BROKEN:
 * open it again). */
unsigned query_answer(struct journal_reader *r, const struct journal_context *c,
                      const struct msg_query *q, struct tc_slice tail, struct tc_buf *out,
                      bool *ret_broken);
/* The same form for an error of the caller's. Replaces what OUT holds. */
unsigned query_problem(struct tc_buf *out, unsigned status, const char *detail);
