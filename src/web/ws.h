/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket (RFC 6455) over a connection that spoke HTTP before; framing by wslay.
 *
 * Invariants: on_gone is the last call and comes exactly once, from the loop, whoever ended it;
 * until then every function here may be called and does nothing once the connection has ended.
 * Nothing is queued without bound behind the sender's back: answers to pings count into
 * web_ws_queued, and a peer that makes them pile up to WEB_WS_QUEUE_MAX without reading is cut.
 * What the owner sends is the owner's to bound. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "web/conn.h"

enum {
    WEB_WS_MESSAGE_MAX = 4096, /* from the peer: small operations only */
    WEB_WS_QUEUE_MAX = 4 << 20,
};
#define WEB_WS_SILENCE_MAX_NS (60 * TC_NS_PER_S) /* a peer that answers no ping that long is gone  \
                                                  */

enum web_ws_code {
    WEB_WS_NORMAL = 1000,
    WEB_WS_GOING_AWAY = 1001,
    WEB_WS_UNSUPPORTED = 1003,
    WEB_WS_POLICY = 1008,
    WEB_WS_TRY_AGAIN = 1013,
};

struct web_ws;

struct web_ws_ops {
    void (*on_text)(void *ctx, struct tc_slice text); /* whole message, valid UTF-8 */
    void (*on_drain)(void *ctx); /* the queue fell to LOW or under; may be NULL */
    void (*on_gone)(void *ctx);
    size_t low;
};

/* Answers C's request as the handshake and takes the connection. PROTOCOL (may be NULL) is the
 * subprotocol to agree on; a client that offers others only is refused. On error the refusal has
 * been answered. */
enum tc_err web_ws_accept(struct web_conn *c, const char *protocol, const struct web_ws_ops *ops,
                          void *ctx, struct tc_mono (*now)(void), struct web_ws **ret) TC_MUST_USE;
void web_ws_text(struct web_ws *w, struct tc_slice text);
void web_ws_binary(struct web_ws *w, struct tc_slice bytes);
size_t web_ws_queued(const struct web_ws *w);
bool web_ws_is_open(const struct web_ws *w);
/* Says why and closes once that has gone. REASON: at most 120 bytes. */
void web_ws_close(struct web_ws *w, enum web_ws_code code, const char *reason);
/* To be called every 20 s or so: pings the peer, cuts one that has been silent too long. */
void web_ws_tick(struct web_ws *w);
struct web_conn *web_ws_conn(const struct web_ws *w);
