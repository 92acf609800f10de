/* SPDX-License-Identifier: Apache-2.0 */
#include "web/ws.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/check.h"
#include "web/problem.h"

enum { SEND_BYTES_MAX = 32 << 20 }; /* the longest frame of a camera and more */

struct web_ws {
    struct web_conn *conn;
    struct bufferevent *bev; /* the connection's */
    wslay_event_context_ptr wslay;
    const struct web_ws_ops *ops;
    void *ctx;
    struct tc_mono (*now)(void);
    struct tc_mono heard;
    struct tc_buf out; /* what wslay gives out; empty outside of flush */
    bool closing;
};

/* ---- wslay's side ---- */

static ssize_t take_bytes(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, int flags,
                          void *ctx)
{
    (void)flags;
    struct web_ws *w = ctx;
    int got = evbuffer_remove(bufferevent_get_input(w->bev), buf, len);
    if (got > 0)
        return got;
    wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t put_bytes(wslay_event_context_ptr wslay, const uint8_t *data, size_t len, int flags,
                         void *ctx)
{
    (void)flags;
    struct web_ws *w = ctx;
    tc_buf_add(&w->out, data, len);
    if (w->out.err == TC_OK)
        return (ssize_t)len;
    wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *m,
                       void *ctx)
{
    (void)wslay;
    struct web_ws *w = ctx;
    if (w->closing || !web_conn_is_open(w->conn))
        return;
    if (m->opcode == WSLAY_TEXT_FRAME)
        w->ops->on_text(w->ctx, tc_slice(m->msg, m->msg_length));
    else if (m->opcode == WSLAY_BINARY_FRAME)
        web_ws_close(w, WEB_WS_UNSUPPORTED, "text messages only");
}

static const struct wslay_event_callbacks wslay_callbacks = {
    .recv_callback = take_bytes,
    .send_callback = put_bytes,
    .on_msg_recv_callback = on_message,
};

/* Frames that wslay holds go to the connection's queue, all at once: it has no bound, we ask ours.
 * Head and payload go in one piece: they would be two TLS records otherwise. */
static void flush(struct web_ws *w)
{
    if (!web_conn_is_open(w->conn))
        return;
    tc_buf_init(&w->out, WEB_WS_QUEUE_MAX + SEND_BYTES_MAX);
    int failed = wslay_event_send(w->wslay);
    if (failed == 0 && w->out.len > 0)
        (void)bufferevent_write(w->bev, w->out.data, w->out.len);
    tc_buf_done(&w->out);
    if (failed != 0)
        web_conn_close(w->conn, false);
    else if (wslay_event_get_close_sent(w->wslay))
        web_conn_close(w->conn, true);
}

/* ---- the connection's side ---- */

static void on_bytes(void *ctx)
{
    struct web_ws *w = ctx;
    w->heard = w->now();
    if (wslay_event_recv(w->wslay) != 0)
        web_conn_close(w->conn, false);
    flush(w);
    if (web_ws_queued(w) > WEB_WS_QUEUE_MAX)
        web_conn_close(w->conn, false);
}

static void on_drain(void *ctx)
{
    struct web_ws *w = ctx;
    if (w->ops->on_drain != NULL && web_ws_is_open(w))
        w->ops->on_drain(w->ctx);
}

static void on_gone(void *ctx)
{
    struct web_ws *w = ctx;
    w->ops->on_gone(w->ctx);
    wslay_event_context_free(w->wslay);
    free(w);
}

static const struct web_holder holder = {
    .on_gone = on_gone, .on_drain = on_drain, .on_bytes = on_bytes};

/* ---- the handshake ---- */

static bool accept_key(struct tc_slice key, char out[32])
{
    uint8_t raw[24], digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char text[24 + 36 + 1];
    if (key.len != 24 || EVP_DecodeBlock(raw, key.ptr, 24) < 16)
        return false;
    (void)snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", TC_FMT(key));
    if (EVP_Digest(text, 60, digest, &len, EVP_sha1(), NULL) != 1)
        return false;
    return EVP_EncodeBlock((uint8_t *)out, digest, (int)len) == 28;
}

static enum tc_err check_request(struct web_conn *c, const char *protocol)
{
    const struct http_head *h = web_conn_head(c);
    if (h->method != HTTP_GET || h->minor != 1 || !h->upgrade ||
        !http_list_has(http_header(h, "upgrade"), "websocket")) {
        web_problem(c, 426, "Upgrade: websocket\r\n", "this address speaks WebSocket only");
        return TC_E_FORMAT;
    }
    if (!tc_slice_is(http_header(h, "sec-websocket-version"), "13")) {
        web_problem(c, 426, "Sec-WebSocket-Version: 13\r\n", "WebSocket version 13 is spoken here");
        return TC_E_UNSUPPORTED;
    }
    struct tc_slice offered = http_header(h, "sec-websocket-protocol");
    if (protocol != NULL && offered.ptr != NULL && !http_list_has(offered, protocol)) {
        web_problem(c, 400, NULL, "none of the offered subprotocols is spoken here");
        return TC_E_UNSUPPORTED;
    }
    return TC_OK;
}

static void send_handshake(struct web_ws *w, const char *key, const char *protocol)
{
    struct evbuffer *out = bufferevent_get_output(w->bev);
    (void)evbuffer_add_printf(out,
                              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
                              key);
    if (protocol != NULL)
        (void)evbuffer_add_printf(out, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    (void)evbuffer_add(out, "\r\n", 2);
}

enum tc_err web_ws_accept(struct web_conn *c, const char *protocol, const struct web_ws_ops *ops,
                          void *ctx, struct tc_mono (*now)(void), struct web_ws **ret)
{
    char key[32];
    TC_TRY(check_request(c, protocol));
    const struct http_head *h = web_conn_head(c);
    bool agreed = protocol != NULL && http_header(h, "sec-websocket-protocol").ptr != NULL;
    if (!accept_key(http_header(h, "sec-websocket-key"), key)) {
        web_problem(c, 400, NULL, "Sec-WebSocket-Key is malformed");
        return TC_E_FORMAT;
    }
    struct web_ws *w = calloc(1, sizeof *w);
    if (w == NULL || wslay_event_context_server_init(&w->wslay, &wslay_callbacks, w) != 0) {
        free(w);
        web_problem(c, 503, NULL, "no memory for one more WebSocket");
        return TC_E_NOMEM;
    }
    wslay_event_config_set_max_recv_msg_length(w->wslay, WEB_WS_MESSAGE_MAX);
    w->conn = c;
    w->ops = ops;
    w->ctx = ctx;
    w->now = now;
    w->heard = now();
    w->bev = web_conn_take(c, &holder, w);
    bufferevent_setwatermark(w->bev, EV_WRITE, ops->low, 0);
    send_handshake(w, key, agreed ? protocol : NULL);
    *ret = w;
    return TC_OK;
}

/* ---- the owner's side ---- */

static void send_message(struct web_ws *w, uint8_t opcode, struct tc_slice bytes)
{
    if (!web_ws_is_open(w))
        return;
    const struct wslay_event_msg m = {.opcode = opcode, .msg = bytes.ptr, .msg_length = bytes.len};
    if (wslay_event_queue_msg(w->wslay, &m) != 0) {
        web_conn_close(w->conn, false);
        return;
    }
    flush(w);
}

void web_ws_text(struct web_ws *w, struct tc_slice text)
{
    send_message(w, WSLAY_TEXT_FRAME, text);
}

void web_ws_binary(struct web_ws *w, struct tc_slice bytes)
{
    send_message(w, WSLAY_BINARY_FRAME, bytes);
}

size_t web_ws_queued(const struct web_ws *w)
{
    return web_conn_queued(w->conn);
}

bool web_ws_is_open(const struct web_ws *w)
{
    return !w->closing && web_conn_is_open(w->conn);
}

void web_ws_close(struct web_ws *w, enum web_ws_code code, const char *reason)
{
    if (!web_ws_is_open(w))
        return;
    struct tc_slice text = tc_slice_sub(tc_slice_str(reason), 0, 120);
    w->closing = true;
    (void)wslay_event_queue_close(w->wslay, (uint16_t)code, text.ptr, text.len);
    flush(w);
}

void web_ws_tick(struct web_ws *w)
{
    if (!web_ws_is_open(w))
        return;
    if (w->now().ns - w->heard.ns > WEB_WS_SILENCE_MAX_NS)
        web_conn_close(w->conn, false);
    else
        send_message(w, WSLAY_PING, tc_slice(NULL, 0));
}

struct web_conn *web_ws_conn(const struct web_ws *w)
{
    return w->conn;
}
