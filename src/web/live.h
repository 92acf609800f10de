/* SPDX-License-Identifier: Apache-2.0 */
/* Live video on a WebSocket (subprotocol tocsin.video.v1): many cameras on one connection, frames
 * out of the cameras' rings as fragments of MP4, as API.md's binary messages.
 *
 * Invariants: core allows each stream (and is told when it ends); a stream begins at the last key
 * frame in the ring; a viewer that does not keep up loses whole groups of pictures and is told how
 * many; no viewer holds more than WEB_LIVE_QUEUE and one group's first frame here, and none waits
 * for another. Rings are looked at only while somebody watches. */
#pragma once

#include "web/backend.h"
#include "web/conn.h"

struct event_base;

enum {
    WEB_VIEWERS_MAX = 64,
    WEB_STREAMS_PER_VIEWER = 16,
    WEB_LIVE_QUEUE = 1 << 20,
    WEB_LIVE_TICK_MS = 20,
    WEB_LIVE_CAMERAS = 1024,
};

struct web_live;

struct web_live_options {
    struct event_base *base;
    struct web_backend *backend;
    struct tc_mono (*now)(void);
};

struct web_live_stats {
    unsigned viewers, streams;
    uint64_t frames, dropped_gops, bytes;
};

enum tc_err web_live_new(const struct web_live_options *options, struct web_live **ret) TC_MUST_USE;
/* After the server's connections have ended. */
struct web_live *web_live_free(struct web_live *l);
/* Takes C's request over as a WebSocket, or answers why not. */
void web_live_open(struct web_live *l, struct web_conn *c, const char *token);
/* The supervisor's RING message: the camera's ring, read-only. */
void web_live_on_ring(struct web_live *l, struct msg *m);
void web_live_core_gone(struct web_live *l);
void web_live_end_session(struct web_live *l, const char *token);
/* Looks at the rings that somebody watches; the timer does so by itself. */
void web_live_pump(struct web_live *l);
/* About once a second: pings, and whether each viewer still may. */
void web_live_tick(struct web_live *l);
const struct web_live_stats *web_live_stats(const struct web_live *l);
