/* SPDX-License-Identifier: Apache-2.0 */
/* One connection's life: request in, answer out, or handed over. Accepting and deadlines: server.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "web/conn_impl.h"
#include "web/problem.h"

enum {
    INPUT_MAX = HTTP_HEAD_BYTES_MAX + WEB_BODY_BYTES_MAX + 4096,
    ONE_PIECE_MAX = 64 * 1024, /* a body that leaves together with its head */
};

#define API_CSP "default-src 'none'; frame-ancestors 'none'"

static struct evbuffer *output_of(const struct web_conn *c)
{
    return bufferevent_get_output(c->bev);
}

static void set_deadline(struct web_conn *c, int64_t after_ns)
{
    c->deadline.ns = after_ns == 0 ? 0 : c->server->opt.now().ns + after_ns;
}

/* ---- ending ---- */

static void forget_request(struct web_conn *c)
{
    if (c->bytes != NULL) /* a password may stand in it */
        explicit_bzero(c->bytes, c->head_bytes + (size_t)c->head.content_length);
    free(c->bytes);
    c->bytes = NULL;
    c->head_bytes = 0;
    c->started = c->mute = c->chunked = c->close_after = c->has_length = false;
    c->length_left = 0;
}

void web_conn_destroy(struct web_conn *c)
{
    if (c->holder != NULL) {
        const struct web_holder *holder = c->holder;
        c->holder = NULL;
        c->server->stats.held--;
        holder->on_gone(c->holder_ctx);
    }
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
    if (ssl != NULL && SSL_is_init_finished(ssl))
        (void)SSL_shutdown(ssl); /* the goodbye, if the socket takes it */
    ERR_clear_error();
    bufferevent_free(c->bev);
    forget_request(c);
    free(c);
}

/* Everything queued has left: say goodbye and wait a moment for the peer to close, so that unread
 * input does not reset the connection underneath our answer. */
static void linger(struct web_conn *c)
{
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
    if (ssl != NULL)
        (void)SSL_shutdown(ssl);
    ERR_clear_error();
    (void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    c->state = WEB_STATE_LINGER;
    set_deadline(c, WEB_LINGER_NS);
    struct evbuffer *in = bufferevent_get_input(c->bev);
    (void)evbuffer_drain(in, evbuffer_get_length(in));
    (void)bufferevent_enable(c->bev, EV_READ);
}

void web_conn_end_flushed(struct web_conn *c)
{
    if (c->state == WEB_STATE_DEAD || c->state == WEB_STATE_LINGER)
        return;
    c->server->stats.taken -= c->state == WEB_STATE_TAKEN;
    c->state = WEB_STATE_CLOSING;
    set_deadline(c, WEB_STALL_MAX_NS);
    if (web_conn_queued(c) == 0)
        linger(c);
}

void web_conn_close(struct web_conn *c, bool flush)
{
    if (flush)
        web_conn_end_flushed(c);
    else
        web_conn_kill(c);
}

/* ---- the answer ---- */

/* What leaves together is put together first: each addition to the connection's own buffer would
 * become a TLS record and a system call of its own. */
static void put_scratch(struct web_conn *c)
{
    struct tc_buf *out = &c->server->scratch;
    if (out->err != TC_OK)
        web_conn_kill(c);
    else
        (void)evbuffer_add(output_of(c), out->data, out->len);
    tc_buf_clear(out);
}

static void add_head_line(struct tc_buf *out, const char *name, const char *value)
{
    tc_buf_add_str(out, name);
    tc_buf_add_str(out, ": ");
    tc_buf_add_str(out, value);
    tc_buf_add_str(out, "\r\n");
}

static bool has_no_body(unsigned status)
{
    return status < 200 || status == 204 || status == 304;
}

static void add_reply_head(struct web_conn *c, const struct web_reply *r, int64_t length)
{
    struct tc_buf *out = &c->server->scratch;
    tc_buf_add_fmt(out, "HTTP/1.1 %u %s\r\n", r->status, http_status_text(r->status));
    add_head_line(out, "Cache-Control", r->cache == NULL ? "no-store" : r->cache);
    add_head_line(out, "X-Content-Type-Options", "nosniff");
    add_head_line(out, "Referrer-Policy", "no-referrer");
    add_head_line(out, "Content-Security-Policy", r->csp == NULL ? API_CSP : r->csp);
    if (c->door == WEB_DOOR_TLS)
        add_head_line(out, "Strict-Transport-Security", "max-age=31536000");
    if (r->type != NULL)
        add_head_line(out, "Content-Type", r->type);
    if (r->headers != NULL)
        tc_buf_add_str(out, r->headers);
    if (c->chunked)
        add_head_line(out, "Transfer-Encoding", "chunked");
    else if (length >= 0 && !has_no_body(r->status))
        tc_buf_add_fmt(out, "Content-Length: %" PRId64 "\r\n", length);
    add_head_line(out, "Connection", c->close_after ? "close" : "keep-alive");
    tc_buf_add_str(out, "\r\n");
}

static bool owes_answer(const struct web_conn *c)
{
    return c->state == WEB_STATE_HELD && !c->started;
}

/* The answer's head lies in the scratch buffer afterwards. */
static bool begin_reply(struct web_conn *c, const struct web_reply *r, int64_t length)
{
    if (!owes_answer(c))
        return false;
    c->started = true;
    c->mute = c->head.method == HTTP_HEAD || has_no_body(r->status);
    c->has_length = length >= 0;
    c->length_left = length >= 0 ? (uint64_t)length : 0;
    c->chunked = length < 0 && c->head.minor == 1 && !c->mute;
    c->close_after = c->close_after || c->head.close || (length < 0 && c->head.minor == 0);
    c->server->stats.answers[r->status / 100 < 6 ? r->status / 100 : 5]++;
    add_reply_head(c, r, length);
    return true;
}

void web_reply_start(struct web_conn *c, const struct web_reply *r, int64_t length)
{
    if (begin_reply(c, r, length))
        put_scratch(c);
}

void web_reply_data(struct web_conn *c, const void *data, size_t len)
{
    if (c->state != WEB_STATE_HELD || !c->started || c->mute || len == 0)
        return;
    if (c->has_length) {
        TC_ASSERT(len <= c->length_left);
        c->length_left -= len;
    }
    if (!c->chunked) {
        (void)evbuffer_add(output_of(c), data, len);
        return;
    }
    tc_buf_add_fmt(&c->server->scratch, "%zx\r\n", len);
    tc_buf_add(&c->server->scratch, data, len);
    tc_buf_add_str(&c->server->scratch, "\r\n");
    put_scratch(c);
}

static void drop_holder(struct web_conn *c)
{
    if (c->holder != NULL)
        c->server->stats.held--;
    c->holder = NULL;
    bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
}

void web_reply_end(struct web_conn *c)
{
    if (c->state != WEB_STATE_HELD || !c->started)
        return;
    if (c->chunked)
        (void)evbuffer_add(output_of(c), "0\r\n\r\n", 5);
    bool cut = c->has_length && !c->mute && c->length_left > 0;
    bool close = c->close_after;
    drop_holder(c);
    if (cut) {
        web_conn_kill(c);
    } else if (close) {
        web_conn_end_flushed(c);
    } else {
        forget_request(c);
        c->state = WEB_STATE_FLUSH;
        set_deadline(c, 0);
        if (web_conn_queued(c) == 0)
            bufferevent_trigger(c->bev, EV_WRITE, BEV_OPT_DEFER_CALLBACKS);
    }
}

void web_reply(struct web_conn *c, const struct web_reply *r, struct tc_slice body)
{
    if (!begin_reply(c, r, (int64_t)body.len))
        return;
    bool together = !c->mute && body.len <= ONE_PIECE_MAX;
    if (together) {
        tc_buf_add_slice(&c->server->scratch, body);
        c->length_left = 0;
    }
    put_scratch(c);
    if (!together)
        web_reply_data(c, body.ptr, body.len);
    web_reply_end(c);
}

void web_conn_hold(struct web_conn *c, const struct web_holder *ops, void *ctx)
{
    TC_ASSERT(c->state == WEB_STATE_HELD && c->holder == NULL);
    c->holder = ops;
    c->holder_ctx = ctx;
    c->server->stats.held++;
    bufferevent_setwatermark(c->bev, EV_WRITE, ops->low, 0);
}

void web_conn_release(struct web_conn *c)
{
    TC_ASSERT(!c->started);
    if (c->state == WEB_STATE_HELD)
        drop_holder(c);
}

struct bufferevent *web_conn_take(struct web_conn *c, const struct web_holder *ops, void *ctx)
{
    TC_ASSERT(!c->started && ops->on_bytes != NULL);
    web_conn_hold(c, ops, ctx);
    c->state = WEB_STATE_TAKEN;
    c->server->stats.taken++;
    set_deadline(c, 0);
    (void)bufferevent_enable(c->bev, EV_READ);
    /* Bytes behind the request's head may be there already. */
    bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_OPT_DEFER_CALLBACKS);
    return c->bev;
}

/* ---- the request ---- */

/* What cannot be read is answered in the same form as every other error; then the connection ends.
 */
static void refuse(struct web_conn *c, unsigned status, const char *why)
{
    c->server->stats.malformed++;
    c->state = WEB_STATE_HELD;
    c->close_after = true;
    web_problem(c, status, NULL, why);
}

static void dispatch(struct web_conn *c)
{
    c->state = WEB_STATE_HELD;
    set_deadline(c, 0);
    c->server->stats.requests++;
    c->server->opt.on_request(c->server->opt.ctx, c);
    TC_ASSERT(c->state != WEB_STATE_HELD || c->holder != NULL);
}

static void read_body(struct web_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t want = (size_t)c->head.content_length;
    if (evbuffer_get_length(in) < want)
        return;
    if (want > 0)
        (void)evbuffer_remove(in, c->bytes + c->head_bytes, want);
    dispatch(c);
}

static void accept_head(struct web_conn *c, struct evbuffer *in, size_t len)
{
    unsigned status = 400;
    struct tc_errinfo info = {0};
    struct tc_slice seen = tc_slice(evbuffer_pullup(in, (ev_ssize_t)len), len);
    enum tc_err err = http_head_parse(seen, &c->head, &status, &info);
    if (err != TC_OK) {
        refuse(c, status, info.text);
        return;
    }
    if (c->head.content_length > WEB_BODY_BYTES_MAX) {
        refuse(c, 413, "the body is longer than 65536 bytes");
        return;
    }
    c->bytes = malloc(len + (size_t)c->head.content_length);
    if (c->bytes == NULL) {
        web_conn_kill(c);
        return;
    }
    (void)evbuffer_remove(in, c->bytes, len);
    c->head_bytes = len;
    /* Once more, so that the slices borrow from our own copy. */
    err = http_head_parse(tc_slice(c->bytes, len), &c->head, &status, &info);
    TC_ASSERT(err == TC_OK);
    c->state = WEB_STATE_BODY;
    set_deadline(c, WEB_BODY_MAX_NS);
    if (c->head.expect_continue && c->head.content_length > 0 && evbuffer_get_length(in) == 0)
        (void)evbuffer_add(output_of(c), "HTTP/1.1 100 Continue\r\n\r\n", 25);
    read_body(c);
}

static void read_head(struct web_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t len = evbuffer_get_length(in);
    if (len == 0)
        return;
    if (c->deadline.ns == 0 || c->deadline.ns > c->server->opt.now().ns + WEB_HEAD_MAX_NS)
        set_deadline(c, WEB_HEAD_MAX_NS); /* idle no longer */
    if (len > HTTP_HEAD_BYTES_MAX)
        len = HTTP_HEAD_BYTES_MAX;
    size_t head = http_head_length(tc_slice(evbuffer_pullup(in, (ev_ssize_t)len), len));
    if (head > 0)
        accept_head(c, in, head);
    else if (len == HTTP_HEAD_BYTES_MAX)
        refuse(c, 431, "the request's head is longer than 8192 bytes");
}

void web_conn_advance(struct web_conn *c)
{
    if (c->state == WEB_STATE_HEAD)
        read_head(c);
    else if (c->state == WEB_STATE_BODY)
        read_body(c);
}

/* ---- the loop's calls ---- */

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct web_conn *c = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    if (c->state == WEB_STATE_LINGER || c->state == WEB_STATE_CLOSING)
        (void)evbuffer_drain(in, evbuffer_get_length(in));
    else if (c->state == WEB_STATE_TAKEN)
        c->holder->on_bytes(c->holder_ctx);
    else
        web_conn_advance(c);
    /* What waits behind the present exchange waits in the socket. libevent calls us again and again
     * while the input is at its watermark, so stopping to read is our part; on_written starts
     * again. */
    if ((c->state == WEB_STATE_HELD || c->state == WEB_STATE_FLUSH) &&
        evbuffer_get_length(in) >= INPUT_MAX)
        (void)bufferevent_disable(bev, EV_READ);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
    struct web_conn *c = ctx;
    if (c->state == WEB_STATE_FLUSH) {
        c->state = WEB_STATE_HEAD;
        set_deadline(c, WEB_IDLE_MAX_NS);
        (void)bufferevent_enable(bev, EV_READ);
        web_conn_advance(c);
    } else if (c->state == WEB_STATE_CLOSING) {
        if (web_conn_queued(c) == 0)
            linger(c);
    } else if ((c->state == WEB_STATE_HELD || c->state == WEB_STATE_TAKEN) && c->holder != NULL &&
               c->holder->on_drain != NULL) {
        c->holder->on_drain(c->holder_ctx);
    }
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct web_conn *c = ctx;
    if (what & BEV_EVENT_CONNECTED)
        return;
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    if (ssl != NULL && !SSL_is_init_finished(ssl))
        c->server->stats.tls_failed++;
    while (bufferevent_get_openssl_error(bev) != 0)
        ;
    ERR_clear_error();
    web_conn_kill(c);
}

static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *ctx)
{
    struct web_conn *c = ctx;
    (void)out;
    if (info->n_deleted > 0 || info->orig_size == 0)
        c->progress = c->server->opt.now();
}

void web_conn_start(struct web_conn *c)
{
    c->state = WEB_STATE_HEAD;
    set_deadline(c, WEB_HEAD_MAX_NS);
    c->progress = c->server->opt.now();
    (void)evbuffer_add_cb(output_of(c), on_output, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
    bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- what a handler asks ---- */

const struct http_head *web_conn_head(const struct web_conn *c)
{
    return &c->head;
}

struct tc_slice web_conn_body(const struct web_conn *c)
{
    return tc_slice(c->bytes + c->head_bytes, (size_t)c->head.content_length);
}

const char *web_conn_peer(const struct web_conn *c)
{
    return c->peer;
}

enum web_door web_conn_door(const struct web_conn *c)
{
    return c->door;
}

bool web_conn_is_loopback(const struct web_conn *c)
{
    return c->loopback;
}

int web_conn_fd(const struct web_conn *c)
{
    return bufferevent_getfd(c->bev);
}

char *web_conn_local_token(struct web_conn *c)
{
    return c->local_token;
}

bool web_conn_is_open(const struct web_conn *c)
{
    return c->state != WEB_STATE_DEAD && c->state != WEB_STATE_CLOSING &&
           c->state != WEB_STATE_LINGER;
}

bool web_conn_is_head_request(const struct web_conn *c)
{
    return c->head.method == HTTP_HEAD;
}

size_t web_conn_queued(const struct web_conn *c)
{
    return c->state == WEB_STATE_DEAD ? 0 : evbuffer_get_length(output_of(c));
}
