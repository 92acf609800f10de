/* SPDX-License-Identifier: Apache-2.0 */
/* What server.c (accepting, deadlines, the reaper) and conn.c (one connection's life) share; nobody
 * else includes this. */
#pragma once

#include <event2/bufferevent.h>
#include <event2/buffer.h>
#include <event2/event.h>

#include "base/buf.h"
#include "web/conn.h"

enum { WEB_SCRATCH_BYTES_MAX = 1 << 20 };

enum web_state {
    WEB_STATE_HEAD,    /* waiting for a request's head */
    WEB_STATE_BODY,    /* and its body */
    WEB_STATE_HELD,    /* a handler owes the answer, or is writing it */
    WEB_STATE_FLUSH,   /* the answer is written; the queue leaves before the next request is read */
    WEB_STATE_TAKEN,   /* raw bytes */
    WEB_STATE_CLOSING, /* what is queued leaves, then the write side closes */
    WEB_STATE_LINGER,  /* write side closed; the peer's bytes are thrown away so that it sees our
                          answer */
    WEB_STATE_DEAD,    /* waiting for the reaper */
};

struct web_source {
    uint8_t prefix[16]; /* IPv4 mapped; IPv6 cut to /64 */
};

struct web_conn {
    struct web_server *server;
    struct web_conn *next, **link;
    struct bufferevent *bev;
    enum web_door door;
    enum web_state state;
    struct tc_mono deadline; /* 0: none */
    struct tc_mono progress; /* when the peer last took a byte, or the queue was empty */
    struct web_source source;
    bool loopback;
    char peer[WEB_PEER_BYTES];
    char local_token[WEB_TOKEN_BYTES];
    /* the request: head and body in one piece, and what was read from it */
    uint8_t *bytes;
    size_t head_bytes;
    struct http_head head;
    /* the answer */
    bool started, mute, chunked, close_after, has_length;
    uint64_t length_left;
    const struct web_holder *holder;
    void *holder_ctx;
};

struct web_listener {
    struct web_listener *next;
    struct web_server *server;
    struct event *event;
    int fd;
    enum web_door door;
};

struct web_server {
    struct web_server_options opt;
    struct web_server_stats stats;
    struct web_conn *live, *dead;
    struct web_listener *listeners;
    struct event *sweep, *reap;
    struct tc_buf scratch; /* empty between two calls */
    bool paused; /* no descriptors left: listening again at the next sweep */
};

/* The connection is over: no more callbacks; the reaper frees it. */
void web_conn_kill(struct web_conn *c);
/* The reaper's part: tells the holder, frees everything. */
void web_conn_destroy(struct web_conn *c);
void web_conn_start(struct web_conn *c);
void web_conn_end_flushed(struct web_conn *c);
/* Moves on: the next request, or the rest of this one, if it is there. */
void web_conn_advance(struct web_conn *c);
