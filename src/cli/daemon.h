/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running daemon over tocsin.sock in its state directory: the same HTTP API that
 * everybody uses. */
#pragma once

#include "base/buf.h"
#include "cli/options.h"

enum { DAEMON_ANSWER_BYTES_MAX = 16 << 20, DAEMON_CLIP_HEADER_BYTES = 8192 };

/* An answer: status 200 to 599, the body (or nothing when it went to a file), the X-Tocsin-Clip
 * header. */
struct daemon_answer {
    long status;
    struct tc_buf body;
    char clip[DAEMON_CLIP_HEADER_BYTES];
};

/* Frees the body. A zeroed answer is fine. */
void daemon_answer_done(struct daemon_answer *a);

/* METHOD and PATH ("/api/v1/..."); JSON may be NULL. With FD >= 0 the body of a 200 goes there.
 * TC_E_CLOSED: no daemon listens; TC_E_DENIED: it is not ours to ask; other errors: INFO. */
enum tc_err daemon_ask(const struct cli_args *args, const char *method, const char *path,
                       const char *json, int fd, struct daemon_answer *ret,
                       struct tc_errinfo *info) TC_MUST_USE;
/* The problem of an answer of 400 and more, as one sentence. */
enum tc_err daemon_problem(const struct daemon_answer *a, struct tc_errinfo *info);
