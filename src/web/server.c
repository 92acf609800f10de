/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of conn.h: accepting within limits, deadlines, the reaper. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "web/conn_impl.h"

enum { ACCEPTS_PER_WAKE = 32 };

static void on_reap(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct web_server *s = ctx;
    while (s->dead != NULL) {
        struct web_conn *c = s->dead;
        s->dead = c->next;
        web_conn_destroy(c);
    }
}

void web_conn_kill(struct web_conn *c)
{
    if (c->state == WEB_STATE_DEAD)
        return;
    struct web_server *s = c->server;
    s->stats.taken -= c->state == WEB_STATE_TAKEN;
    s->stats.conns--;
    c->state = WEB_STATE_DEAD;
    bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
    (void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    c->next = s->dead;
    s->dead = c;
    event_active(s->reap, EV_TIMEOUT, 0);
}

static void source_of(const struct sockaddr *addr, struct web_conn *c)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (addr != NULL && addr->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, addr, sizeof in);
        memcpy(c->source.prefix, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
        memcpy(c->source.prefix + 12, &in.sin_addr, 4);
        c->loopback = c->source.prefix[12] == 127;
        (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        (void)snprintf(c->peer, sizeof c->peer, "%s:%u", host, ntohs(in.sin_port));
    } else if (addr != NULL && addr->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, addr, sizeof in);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
        memcpy(c->source.prefix, &in.sin6_addr, mapped ? 16 : 8);
        c->loopback =
            IN6_IS_ADDR_LOOPBACK(&in.sin6_addr) || (mapped && in.sin6_addr.s6_addr[12] == 127);
        (void)inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
        (void)snprintf(c->peer, sizeof c->peer, "[%s]:%u", host, ntohs(in.sin6_port));
    } else {
        (void)snprintf(c->peer, sizeof c->peer, "local");
    }
}

/* Room for one more? When the house is full the longest idle connection makes place. */
static bool admit(struct web_server *s, const struct web_conn *fresh)
{
    unsigned same = 0;
    struct web_conn *idlest = NULL;
    for (struct web_conn *c = s->live; c != NULL; c = c->next) {
        same += fresh->door != WEB_DOOR_LOCAL &&
                memcmp(&c->source, &fresh->source, sizeof c->source) == 0;
        if (c->state == WEB_STATE_HEAD && (idlest == NULL || c->deadline.ns < idlest->deadline.ns))
            idlest = c;
    }
    if (same >= WEB_CONNS_PER_SOURCE_MAX) {
        s->stats.refused_source++;
        return false;
    }
    if (s->stats.conns < s->opt.conns_max)
        return true;
    s->stats.refused_full++;
    if (idlest == NULL)
        return false;
    web_conn_kill(idlest);
    return true;
}

static struct bufferevent *make_bufferevent(struct web_server *s, int fd, enum web_door door)
{
    if (door == WEB_DOOR_LOCAL)
        return bufferevent_socket_new(s->opt.base, fd, BEV_OPT_CLOSE_ON_FREE);
    SSL *ssl = s->opt.tls == NULL ? NULL : SSL_new(s->opt.tls);
    if (ssl == NULL)
        return NULL;
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        s->opt.base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

void web_server_adopt(struct web_server *s, int fd, enum web_door door, const struct sockaddr *addr)
{
    struct web_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)close(fd);
        return;
    }
    c->server = s;
    c->door = door;
    source_of(addr, c);
    int on = 1;
    if (door ==
        WEB_DOOR_TLS) /* without it two small writes wait for each other's acknowledgement */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!admit(s, c) || (c->bev = make_bufferevent(s, fd, door)) == NULL) {
        (void)close(fd);
        free(c);
        return;
    }
    c->next = s->live;
    c->link = &s->live;
    if (c->next != NULL)
        c->next->link = &c->next;
    s->live = c;
    s->stats.accepted++;
    s->stats.conns++;
    web_conn_start(c);
}

static void on_acceptable(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct web_listener *l = ctx;
    for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
        struct sockaddr_storage addr;
        socklen_t len = sizeof addr;
        int got = accept4(fd, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got >= 0) {
            web_server_adopt(l->server, got, l->door, (const struct sockaddr *)&addr);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            (void)event_del(l->event); /* else the loop would spin on it */
            l->server->paused = true;
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

enum tc_err web_server_listen(struct web_server *s, int fd, enum web_door door,
                              struct tc_errinfo *info)
{
    struct web_listener *l = calloc(1, sizeof *l);
    struct event *event =
        l == NULL ? NULL : event_new(s->opt.base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
    if (event == NULL || event_add(event, NULL) != 0) {
        if (event != NULL)
            event_free(event);
        free(l);
        (void)close(fd);
        return tc_fail(info, TC_E_NOMEM, "the console's listener cannot be watched");
    }
    *l = (struct web_listener){
        .next = s->listeners, .server = s, .event = event, .fd = fd, .door = door};
    s->listeners = l;
    return TC_OK;
}

/* Is something queued that the peer has taken nothing of for too long? */
static bool is_stalled(const struct web_conn *c, struct tc_mono now)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev)) > 0 &&
           now.ns - c->progress.ns > WEB_STALL_MAX_NS;
}

void web_server_sweep(struct web_server *s)
{
    struct tc_mono now = s->opt.now();
    for (struct web_conn *c = s->live, *next; c != NULL; c = next) {
        next = c->next;
        if (is_stalled(c, now)) {
            s->stats.stalled++;
            web_conn_kill(c);
        } else if (c->deadline.ns != 0 && now.ns > c->deadline.ns) {
            s->stats.timed_out++;
            web_conn_kill(c);
        }
    }
    if (!s->paused)
        return;
    s->paused = false;
    for (struct web_listener *l = s->listeners; l != NULL; l = l->next)
        (void)event_add(l->event, NULL);
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    web_server_sweep(ctx);
}

enum tc_err web_server_new(const struct web_server_options *options, struct web_server **ret,
                           struct tc_errinfo *info)
{
    struct web_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for the HTTP server");
    s->opt = *options;
    tc_buf_init(&s->scratch, WEB_SCRATCH_BYTES_MAX);
    if (s->opt.conns_max == 0)
        s->opt.conns_max = WEB_CONNS_MAX;
    s->reap = event_new(s->opt.base, -1, 0, on_reap, s);
    s->sweep = event_new(s->opt.base, -1, EV_PERSIST, on_sweep, s);
    const struct timeval second = {.tv_sec = 1};
    if (s->reap == NULL || s->sweep == NULL || event_add(s->sweep, &second) != 0) {
        (void)web_server_free(s);
        return tc_fail(info, TC_E_NOMEM, "no memory for the HTTP server");
    }
    *ret = s;
    return TC_OK;
}

struct web_server *web_server_free(struct web_server *s)
{
    if (s == NULL)
        return NULL;
    while (s->listeners != NULL) {
        struct web_listener *l = s->listeners;
        s->listeners = l->next;
        event_free(l->event);
        (void)close(l->fd);
        free(l);
    }
    while (s->live != NULL)
        web_conn_kill(s->live);
    if (s->reap != NULL) {
        on_reap(-1, 0, s);
        event_free(s->reap);
    }
    if (s->sweep != NULL)
        event_free(s->sweep);
    tc_buf_done(&s->scratch);
    free(s);
    return NULL;
}

void web_server_set_tls(struct web_server *s, struct ssl_ctx_st *tls)
{
    s->opt.tls = tls;
}

const struct web_server_stats *web_server_stats(const struct web_server *s)
{
    return &s->stats;
}
