/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to core, and their answers, which core, reader or archive give.
 *
 * Invariants: every question that web_backend_ask took gets exactly one answer through its
 * function, from the loop: the real one, 503 when core is away or restarts, 504 when nobody
 * answered in time; or none, when it was cancelled. At most WEB_ASKS_MAX are open. Answers to
 * questions that are no longer open are dropped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "runtime/channel.h"

enum { WEB_ASKS_MAX = 256, WEB_ANSWER_BYTES_MAX = 16 << 20 };
#define WEB_ASK_MAX_NS (10 * TC_NS_PER_S)

struct web_backend;

struct web_answer {
    unsigned status;       /* HTTP */
    struct tc_slice body;  /* JSON, or the problem's details; borrowed */
    const char *detail;    /* why web itself answers for them; NULL when they did */
    const char *set_token; /* "" for none */
    bool clear_token;
    const struct msg_clip_answer *clip; /* a clip came instead; its descriptors are in MSG */
    const struct msg_live *live;        /* live video is allowed or refused */
    const struct msg_peer_is *peer;
    struct msg *msg; /* for msg_take_fd; NULL when web answers for them */
};

typedef void web_answer_fn(void *ctx, const struct web_answer *a);

struct web_ask {
    const char *route; /* name in the route table, or one of API.md's names between web and core */
    unsigned index;    /* its row */
    struct tc_slice params; /* as msg_param_add makes them */
    uint32_t param_count;
    struct tc_slice body;
    const char *token;
    const char *peer;
    const char *idempotency_key; /* NULL for none */
    bool local;
    int64_t wait_ns; /* 0: WEB_ASK_MAX_NS */
};

struct web_backend_options {
    struct tc_mono (*now)(void);
    /* Sends to core; an error when it is away. FD -1 for none. */
    enum tc_err (*send)(void *ctx, enum msg_type type, const void *body, struct tc_slice tail,
                        int fd);
    void *ctx;
    /* Questions' numbers run from here on: different at each start of the process, so that answers
     * to the one before, still on their way, answer nobody else. */
    uint64_t first_id;
};

struct web_backend_stats {
    uint64_t asked, answered, timed_out, away, cancelled, stray;
    unsigned open;
};

enum tc_err web_backend_new(const struct web_backend_options *options,
                            struct web_backend **ret) TC_MUST_USE;
struct web_backend *web_backend_free(struct web_backend *b);
/* Asks. *RET_ID names the question. TC_E_BUSY: too many are open; TC_E_CLOSED: core is away;
 * TC_E_LIMIT: too long. FN is then never called. */
enum tc_err web_backend_ask(struct web_backend *b, const struct web_ask *ask, web_answer_fn *fn,
                            void *ctx, uint64_t *ret_id) TC_MUST_USE;
/* Who is at the other end of this local connection? Answered with `peer`. */
enum tc_err web_backend_ask_peer(struct web_backend *b, int fd, web_answer_fn *fn, void *ctx,
                                 uint64_t *ret_id) TC_MUST_USE;
/* An answered question that lasts (a stream, live video) is over: core is told. 0 is fine. */
void web_backend_end(struct web_backend *b, uint64_t id);
/* Nobody waits for it any more. 0 and answered ids are fine. */
void web_backend_cancel(struct web_backend *b, uint64_t id);
/* Core's link is gone: every open question is answered with 503. */
void web_backend_core_gone(struct web_backend *b);
/* Answers what is over its time; to be called about once a second. */
void web_backend_sweep(struct web_backend *b);
const struct web_backend_stats *web_backend_stats(const struct web_backend *b);

/* What arrives; each drops what is not open. */
void web_backend_on_answer(struct web_backend *b, struct msg *m);
void web_backend_on_clip(struct web_backend *b, struct msg *m);
void web_backend_on_live(struct web_backend *b, struct msg *m);
void web_backend_on_peer(struct web_backend *b, struct msg *m);
