/* SPDX-License-Identifier: Apache-2.0 */
/* Who follows what changes: server-sent events for programs, a WebSocket for the console. In the
 * journal's order, nothing lost, nothing twice, also over a lost connection: a follower that names
 * what it has seen goes on behind it, from the backlog, or from reader where the backlog no longer
 * reaches.
 *
 * Invariants: core says who may follow and which kinds (and is asked again every 30 s); a follower
 * that takes nothing holds at most WEB_FOLLOWER_QUEUE bytes here; one that the backlog runs away
 * from is told so and cut; when core's link breaks all are told and cut, for what core does
 * meanwhile would be missing. */
#pragma once

#include "runtime/channel.h"
#include "web/backend.h"
#include "web/backlog.h"
#include "web/conn.h"

enum { WEB_FOLLOWERS_MAX = 128, WEB_FOLLOWER_QUEUE = 128 * 1024 };

struct web_changes;

struct web_changes_options {
    struct web_backend *backend;
    struct tc_mono (*now)(void);
    struct tc_wall (*wall)(void);
};

enum tc_err web_changes_new(const struct web_changes_options *options,
                            struct web_changes **ret) TC_MUST_USE;
/* After the server's connections have ended. */
struct web_changes *web_changes_free(struct web_changes *w);

/* Takes C's request over (or answers why not). */
void web_changes_open(struct web_changes *w, struct web_conn *c, bool websocket, const char *token);
void web_changes_on_change(struct web_changes *w, struct msg *m);
void web_changes_core_gone(struct web_changes *w);
/* The session is over: its followers are cut. */
void web_changes_end_session(struct web_changes *w, const char *token);
/* About once a second: comment lines and pings, questions to core whether each still may. */
void web_changes_tick(struct web_changes *w);
unsigned web_changes_followers(const struct web_changes *w);
uint64_t web_changes_cut(const struct web_changes *w);
