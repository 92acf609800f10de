/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 connections on the event loop: accepting, TLS, reading requests, writing answers,
 * handing a connection over (WebSocket). Why this is our own: docs/decisions/0001-http-server.md.
 *
 * Invariants
 * - A connection is freed in one place only, by the server's reaper, from the loop, never
 * underneath a caller. Every function here may be called on a connection that has ended; it then
 * does nothing.
 * - One exchange at a time: a request that comes while one is answered waits in the socket.
 * - What a peer can make us hold is bounded: the input by the read watermark (a head and a body),
 * the output by its sender, who asks web_conn_queued; the number of connections in all and from one
 * source.
 * - Every state has an absolute deadline that trickling bytes do not move: handshake and head,
 * body, idleness, and a write that makes no progress.
 * - Whoever answers later (web_conn_hold) is told exactly once, from the loop, when the connection
 * ends before the answer does; until then its context must live. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "proto/http.h"

struct event_base;
struct bufferevent;
struct ssl_ctx_st;
struct web_server;
struct web_conn;

enum web_door {
    WEB_DOOR_TLS,   /* browsers and programs, over the network */
    WEB_DOOR_LOCAL, /* the verbs of this machine, over tocsin.sock, plain */
};

enum {
    WEB_CONNS_MAX = 512,
    WEB_CONNS_PER_SOURCE_MAX = 128, /* one IPv4 address, one IPv6 /64 */
    WEB_BODY_BYTES_MAX = 65536,
    WEB_PEER_BYTES = 64,
    WEB_TOKEN_BYTES = 72,
};
#define WEB_HEAD_MAX_NS                                                                            \
    (10 * TC_NS_PER_S) /* from the first byte (or the accept) to the whole head */
#define WEB_BODY_MAX_NS  (15 * TC_NS_PER_S)
#define WEB_IDLE_MAX_NS  (75 * TC_NS_PER_S) /* between two requests */
#define WEB_STALL_MAX_NS (30 * TC_NS_PER_S) /* something to send and the peer takes nothing */
#define WEB_LINGER_NS    (2 * TC_NS_PER_S)

struct web_server_stats {
    uint64_t accepted, refused_full, refused_source, tls_failed, timed_out, stalled, malformed;
    uint64_t requests, answers[6]; /* by the status' first digit */
    unsigned conns, held, taken;
};

struct web_server_options {
    struct event_base *base;
    struct ssl_ctx_st *tls; /* borrowed; may be NULL when only local doors are opened */
    struct tc_mono (*now)(void);
    /* A whole request is there: answer it, or hold it. */
    void (*on_request)(void *ctx, struct web_conn *c);
    void *ctx;
    unsigned conns_max; /* 0: WEB_CONNS_MAX */
};

enum tc_err web_server_new(const struct web_server_options *options, struct web_server **ret,
                           struct tc_errinfo *info) TC_MUST_USE;
/* Ends every connection (holders are told) and frees the server. NULL is fine; returns NULL. */
struct web_server *web_server_free(struct web_server *s);
/* New connections and handshakes use this context from now on. */
void web_server_set_tls(struct web_server *s, struct ssl_ctx_st *tls);
/* Accepts from a listening socket; takes FD. */
enum tc_err web_server_listen(struct web_server *s, int fd, enum web_door door,
                              struct tc_errinfo *info) TC_MUST_USE;
/* Serves one accepted socket; takes FD. ADDR may be NULL. */
void web_server_adopt(struct web_server *s, int fd, enum web_door door,
                      const struct sockaddr *addr);
/* Ends what is over its deadline; the server does so once a second by itself. */
void web_server_sweep(struct web_server *s);
const struct web_server_stats *web_server_stats(const struct web_server *s);

/* ---- the request ---- */

const struct http_head *web_conn_head(const struct web_conn *c);
struct tc_slice web_conn_body(const struct web_conn *c);
const char *web_conn_peer(const struct web_conn *c); /* "10.0.0.7:51234", "[::1]:4711", "local" */
enum web_door web_conn_door(const struct web_conn *c);
bool web_conn_is_loopback(const struct web_conn *c);
int web_conn_fd(const struct web_conn *c);
/* Who is at the other end of a local connection, as core said; WEB_TOKEN_BYTES, "" at first. */
char *web_conn_local_token(struct web_conn *c);

/* ---- the answer ---- */

struct web_reply {
    unsigned status;
    const char *type;    /* Content-Type; NULL for none */
    const char *cache;   /* Cache-Control; NULL: no-store */
    const char *headers; /* further lines, each with CRLF; NULL for none */
    const char *csp;     /* Content-Security-Policy; NULL: nothing may load from it */
};

enum { WEB_LENGTH_UNKNOWN = -1 };

/* The whole answer at once. */
void web_reply(struct web_conn *c, const struct web_reply *r, struct tc_slice body);
/* The head of an answer whose LENGTH bytes (or unknown many) follow by web_reply_data;
 * web_reply_end closes it. A HEAD request's data is swallowed. */
void web_reply_start(struct web_conn *c, const struct web_reply *r, int64_t length);
void web_reply_data(struct web_conn *c, const void *data, size_t len);
/* Fewer bytes than announced cut the connection, so that no reader takes the answer for whole. */
void web_reply_end(struct web_conn *c);
/* False once the connection has ended: nobody will read what is sent. */
bool web_conn_is_open(const struct web_conn *c);
bool web_conn_is_head_request(const struct web_conn *c);
/* Bytes that the peer has not taken yet. */
size_t web_conn_queued(const struct web_conn *c);
/* Ends the connection: at once, or (FLUSH) when what is queued has gone. */
void web_conn_close(struct web_conn *c, bool flush);

struct web_holder {
    void (*on_gone)(void *ctx); /* the connection ended first; forget it */
    /* The queue fell to LOW bytes or under; may be NULL. */
    void (*on_drain)(void *ctx);
    /* Only for a connection taken over: bytes came, take them from the bufferevent's input. */
    void (*on_bytes)(void *ctx);
    size_t low;
};

/* The answer comes later. OPS and CTX live until web_reply_end or on_gone. */
void web_conn_hold(struct web_conn *c, const struct web_holder *ops, void *ctx);
/* The holder gives the connection to another one, who calls hold, take or reply at once. */
void web_conn_release(struct web_conn *c);
/* The same, and the connection no longer speaks HTTP: raw bytes both ways until it ends. The caller
 * has written nothing yet; what it writes goes through the returned bufferevent, which stays the
 * connection's. */
struct bufferevent *web_conn_take(struct web_conn *c, const struct web_holder *ops, void *ctx);
