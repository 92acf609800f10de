/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to cameras: capture may not make sockets, so it asks, and gets a connected
 * descriptor. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/log.h"
#include "supervisor/internal.h"

enum { CONNECT_WITHIN_S = 8, RECEIVE_BUFFER_BYTES = 4 << 20 };

struct attempt {
    struct supervisor *sup;
    unsigned instance; /* of capture */
    struct msg_connected answer;
    struct event *ev;
    int fd;
    uint16_t port;
};

static void answer(struct attempt *a, enum tc_err err, const char *text)
{
    struct worker *w = worker_find(a->sup, TC_ROLE_CAPTURE, a->instance);
    a->answer.err = (int32_t)err;
    (void)snprintf(a->answer.text, sizeof a->answer.text, "%s", text);
    if (w != NULL)
        w->connecting--;
    if (w != NULL && w->control != NULL) {
        enum tc_err sent = channel_send_fds(w->control, MSG_CONNECTED, &a->answer,
                                            tc_slice(NULL, 0), &a->fd, err == TC_OK ? 1 : 0);
        if (sent != TC_OK)
            log_warn("an answer to %s was lost, it will ask again", w->label);
    }
    if (a->fd >= 0)
        (void)close(a->fd);
    if (a->ev != NULL)
        event_free(a->ev);
    free(a);
}

static enum tc_err err_of(int errnum, struct tc_errinfo *info, const struct attempt *a)
{
    return tc_fail_errno(info, errnum, "connecting to %s",
                         a->sup->site.cameras[a->answer.camera].url.host);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    struct attempt *a = arg;
    struct tc_errinfo info = {0};
    int errnum = 0;
    socklen_t len = sizeof errnum;
    if ((what & EV_TIMEOUT) != 0)
        errnum = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
        errnum = errno;
    if (errnum != 0)
        answer(a, err_of(errnum, &info, a), info.text);
    else
        answer(a, TC_OK, "");
}

static void begin(struct attempt *a, const struct sockaddr *address, socklen_t len)
{
    struct tc_errinfo info = {0};
    struct timeval within = {.tv_sec = CONNECT_WITHIN_S};
    a->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0) {
        answer(a, err_of(errno, &info, a), info.text);
        return;
    }
    int size = RECEIVE_BUFFER_BYTES;
    int on = 1;
    if (setsockopt(a->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(a->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(a->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect(a->fd, address, len) != 0 && errno != EINPROGRESS) {
        answer(a, err_of(errno, &info, a), info.text);
        return;
    }
    a->ev = event_new(a->sup->base, a->fd, EV_WRITE | EV_TIMEOUT, on_connected, a);
    if (a->ev == NULL || event_add(a->ev, &within) != 0)
        answer(a, TC_E_NOMEM, "no memory for a connection");
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *arg)
{
    struct attempt *a = arg;
    char text[MSG_TEXT_BYTES];
    if (result != 0 || found == NULL) {
        (void)snprintf(text, sizeof text, "the name %.180s is not known: %s",
                       a->sup->site.cameras[a->answer.camera].url.host,
                       evutil_gai_strerror(result));
        answer(a, TC_E_NOT_FOUND, text);
    } else {
        begin(a, found->ai_addr, (socklen_t)found->ai_addrlen);
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
}

static void resolve(struct attempt *a, const char *host)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", a->port);
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    if (a->sup->dns == NULL)
        a->sup->dns = evdns_base_new(a->sup->base, EVDNS_BASE_INITIALIZE_NAMESERVERS);
    if (a->sup->dns == NULL) {
        answer(a, TC_E_NOT_FOUND, "no name server is configured on this machine");
        return;
    }
    (void)evdns_getaddrinfo(a->sup->dns, host, port, &hints, on_resolved, a);
}

void connect_camera(struct worker *capture, const struct msg_connect *wish)
{
    struct supervisor *s = capture->sup;
    if (wish->camera >= s->site.cameras_count ||
        wish->camera / CAMERAS_PER_SHARD != capture->instance) {
        log_error("%s asks for a connection to a camera that is not its own", capture->label);
        return;
    }
    if (capture->connecting >= CONNECTING_MAX) {
        log_error("%s asks for more connections at once than it has cameras", capture->label);
        return;
    }
    struct attempt *a = calloc(1, sizeof *a);
    if (a == NULL)
        return;
    capture->connecting++;
    const struct site_camera *camera = &s->site.cameras[wish->camera];
    const struct site_url *url =
        wish->sub != 0 && camera->sub.text[0] != 0 ? &camera->sub : &camera->url;
    *a = (struct attempt){.sup = s,
                          .instance = capture->instance,
                          .answer = {.camera = wish->camera, .attempt = wish->attempt},
                          .fd = -1,
                          .port = url->port};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(url->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(url->port)};
    if (inet_pton(AF_INET, url->host, &v4.sin_addr) == 1)
        begin(a, (const struct sockaddr *)&v4, sizeof v4);
    else if (inet_pton(AF_INET6, url->host, &v6.sin6_addr) == 1)
        begin(a, (const struct sockaddr *)&v6, sizeof v6);
    else
        resolve(a, url->host);
}
