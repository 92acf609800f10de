/* SPDX-License-Identifier: Apache-2.0 */
/* The last changes, as core sent them, kept once for all who follow them. A follower is a place in
 * it, so a slow one costs no memory of its own and one that comes back goes on where it was.
 *
 * Invariants: changes lie in the journal's order; places count up from 0 and never come again; what
 * falls out is the oldest. Several changes may carry one seq (one journal entry that changed
 * several things). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { WEB_BACKLOG_CHANGES = 8192, WEB_BACKLOG_BYTES = 16 << 20 };

struct web_change {
    uint64_t seq;
    uint32_t index; /* among the changes of the same seq, from 0 */
    char kind[16];
    struct tc_slice json; /* owned by the backlog; one line */
};

struct web_backlog {
    struct web_change changes[WEB_BACKLOG_CHANGES];
    uint64_t first, next; /* places */
    size_t bytes;
    bool sound;        /* `complete` is known */
    uint64_t complete; /* nothing later than this seq is missing */
};

/* "Everything up to here is known": INDEX counts within SEQ, UINT32_MAX for all of it. */
struct web_cursor {
    uint64_t seq;
    uint32_t index;
};

/* Heap: it is large. */
struct web_backlog *web_backlog_new(void);
struct web_backlog *web_backlog_free(struct web_backlog *b);
void web_backlog_clear(struct web_backlog *b);
/* TC_E_RANGE for a seq smaller than the last one (not kept). */
enum tc_err web_backlog_add(struct web_backlog *b, uint64_t seq, const char *kind,
                            struct tc_slice json) TC_MUST_USE;
/* Core says: what it sends from now on is later than SEQ. */
void web_backlog_begin(struct web_backlog *b, uint64_t seq);
/* The place to go on from behind CURSOR; false when something between may be missing here. */
bool web_backlog_place(const struct web_backlog *b, struct web_cursor cursor, uint64_t *ret);
/* NULL when PLACE has fallen out or has not come yet. */
const struct web_change *web_backlog_at(const struct web_backlog *b, uint64_t place);
/* Is the change behind the cursor (not yet known to who holds it)? */
bool web_cursor_before(struct web_cursor cursor, const struct web_change *change);
/* A Last-Event-ID as we give them out: "17" or "17.2". TC_E_FORMAT. */
enum tc_err web_cursor_parse(struct tc_slice text, struct web_cursor *ret) TC_MUST_USE;
