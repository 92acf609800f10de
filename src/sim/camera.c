/* SPDX-License-Identifier: Apache-2.0 */
/* The cameras and their clocks: one timer per camera that somebody watches. */
#include "sim/camera.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "proto/rtp.h"
#include "runtime/clock.h"
#include "sim/camera_internal.h"

enum {
    FPS_DEFAULT = 15,
    GOP_DEFAULT = 30,
    TIMEOUT_DEFAULT_S = 60,
    PICTURE_BYTES_MAX = 32 << 20,
    UDP_TRIES = 64
};

static const struct {
    const char *word;
} faults[SIM_FAULT_COUNT] = {
#define X(name, word_, text) [SIM_FAULT_##name] = {word_},
    SIM_FAULT_LIST(X)
#undef X
};

enum tc_err sim_fault_parse(const char *word, enum sim_fault *ret)
{
    for (unsigned i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strcmp(word, faults[i].word) == 0) {
            *ret = (enum sim_fault)i;
            return TC_OK;
        }
    }
    return TC_E_UNKNOWN;
}

/* --- one camera
 * -------------------------------------------------------------------------------------- */

struct sim_cam *cam_find(struct sim_cameras *s, struct tc_slice name)
{
    for (size_t i = 0; i < s->cam_count; i++) {
        if (tc_slice_is(name, s->cams[i].name))
            return &s->cams[i];
    }
    return NULL;
}

struct tc_slice cam_sps(const struct sim_cam *cam)
{
    return cam->draw != NULL ? sim_draw_sps(cam->draw) : sim_film_sps(cam->server->film);
}

struct tc_slice cam_pps(const struct sim_cam *cam)
{
    return cam->draw != NULL ? sim_draw_pps(cam->draw) : sim_film_pps(cam->server->film);
}

int64_t cam_wall_ns(const struct sim_cam *cam)
{
    return clock_wall().ns + cam->server->options.clock_skew_ms * TC_NS_PER_MS;
}

uint32_t cam_rtp_time(const struct sim_cam *cam, int64_t wall_ns)
{
    /* 90 kHz is 9 ticks in 100,000 ns; the multiplication overflows in the year 2002 without the
     * split */
    uint64_t ms = (uint64_t)wall_ns / (uint64_t)TC_NS_PER_MS;
    uint64_t rest = (uint64_t)wall_ns % (uint64_t)TC_NS_PER_MS;
    return cam->rtp_base + (uint32_t)(ms * (CAM_RATE_HZ / 1000) + rest * 9 / 100000);
}

static void schedule(struct sim_cam *cam)
{
    int64_t wait_us = (cam->due_mono_ns - clock_mono().ns) / TC_NS_PER_US;
    if (wait_us < 0)
        wait_us = 0;
    struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
    (void)event_add(cam->tick, &wait);
}

/* The next picture's times: on the beat, unless this machine was late or a clock was set. */
static void advance(struct sim_cam *cam)
{
    int64_t now = clock_mono().ns;
    cam->due_mono_ns += cam->period_ns;
    cam->due_wall_ns += cam->period_ns;
    int64_t wall = cam_wall_ns(cam) + (cam->due_mono_ns - now);
    int64_t off = cam->due_wall_ns - wall;
    if (now > cam->due_mono_ns || off > 2 * cam->period_ns || off < -2 * cam->period_ns) {
        cam->due_mono_ns = now + cam->period_ns;
        cam->due_wall_ns = cam_wall_ns(cam) + cam->period_ns;
    }
}

static bool make_picture(struct sim_cam *cam, bool *ret_key)
{
    if (cam->shift > 0 && --cam->shift == 0)
        cam->want_key = true;
    uint32_t timestamp = cam_rtp_time(cam, cam->due_wall_ns);
    enum tc_err err;
    if (cam->draw != NULL) {
        struct sim_draw_frame frame;
        sim_draw_next(cam->draw, cam->due_wall_ns / TC_NS_PER_MS, cam->want_key, &frame);
        *ret_key = frame.key;
        err = rtp_pack_picture(&cam->pack, frame.nals, frame.nal_count, timestamp);
    } else {
        struct sim_picture picture = sim_film_picture(cam->server->film, cam->film_at++);
        *ret_key = picture.key;
        err = rtp_pack_picture(&cam->pack, picture.nals, picture.nal_count, timestamp);
    }
    cam->want_key = false;
    cam->total_packets += cam->pack.packets;
    cam->total_octets += cam->pack.octets;
    cam->server->stats.pictures++;
    cam->server->stats.bytes += cam->pack.bytes.len;
    return err == TC_OK;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct sim_cam *cam = arg;
    if (LIST_EMPTY(&cam->viewers))
        return; /* the next viewer starts the clock again */
    bool key = false;
    if (make_picture(cam, &key)) {
        struct sim_conn *c = LIST_FIRST(&cam->viewers);
        while (c != NULL) {
            struct sim_conn *next = LIST_NEXT(c, viewing);
            camera_conn_send_picture(c, key);
            if (c->closing)
                camera_conn_close(c);
            c = next;
        }
    }
    advance(cam);
    schedule(cam);
}

void cam_add_viewer(struct sim_cam *cam, struct sim_conn *conn)
{
    conn->waits_for_key = true;
    cam->want_key = true;
    if (!event_pending(cam->tick, EV_TIMEOUT, NULL)) {
        cam->due_mono_ns = clock_mono().ns;
        cam->due_wall_ns = cam_wall_ns(cam);
        cam->film_at = 0;
        schedule(cam);
    }
    LIST_INSERT_HEAD(&cam->viewers, conn, viewing);
    cam->server->stats.viewers++;
}

static enum tc_err open_cam(struct sim_cameras *s, struct sim_cam *cam, const char *name,
                            struct tc_errinfo *info)
{
    const struct sim_camera_options *o = &s->options;
    cam->server = s;
    LIST_INIT(&cam->viewers);
    unsigned fps = o->fps == 0 ? FPS_DEFAULT : o->fps;
    cam->period_ns = TC_NS_PER_S / fps;
    uint32_t random[3];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return tc_fail_errno(info, errno, "random numbers");
    cam->rtp_base = random[0];
    rtp_pack_init(&cam->pack, random[1], (uint16_t)random[2], PICTURE_BYTES_MAX);
    if (o->fault_camera == NULL || strcmp(o->fault_camera, name) == 0) {
        cam->fault = o->fault;
        cam->fault_after_ms = o->fault_after_ms;
    }
    if (strlen(name) >= sizeof cam->name || name[0] == '\0' || strpbrk(name, "/?#% \"\r\n") != NULL)
        return tc_fail(info, TC_E_RANGE,
                       "camera name \"%s\": 1 to %zu characters that stand in a URL", name,
                       sizeof cam->name - 1);
    if (cam_find(s, tc_slice_str(name)) != NULL)
        return tc_fail(info, TC_E_EXISTS, "camera name \"%s\" is there twice", name);
    (void)snprintf(cam->name, sizeof cam->name, "%s", name);
    cam->tick = event_new(s->base, -1, 0, on_tick, cam);
    if (cam->tick == NULL)
        return tc_fail(info, TC_E_NOMEM, "camera %s", name);
    if (s->film != NULL)
        return TC_OK;
    const struct sim_draw_options draw = {.name = cam->name,
                                          .width = o->width,
                                          .height = o->height,
                                          .fps = fps,
                                          .gop = o->gop,
                                          .bits_per_second = o->bits_per_second};
    TC_TRY(sim_draw_new(&draw, &cam->draw, info));
    /* Started together, cameras would send their key frames together: real ones do not. */
    size_t gop = o->gop == 0 ? GOP_DEFAULT : o->gop;
    cam->shift = (unsigned)((size_t)(cam - s->cams) * gop / o->name_count);
    sim_draw_set_intruder(cam->draw, o->intruder);
    return TC_OK;
}

/* --- the server
 * -------------------------------------------------------------------------------------- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                      int len, void *arg)
{
    (void)listener;
    (void)peer;
    (void)len;
    struct sim_cameras *s = arg;
    if (s->camera_conn_count >= SIM_CONNS_MAX)
        (void)close(fd);
    else
        camera_conn_open(s, fd);
}

/* Once a second: sender reports that are due, sessions that nobody keeps alive. */
static void on_housekeeping(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct sim_cameras *s = arg;
    int64_t now = clock_mono().ns;
    struct sim_conn *c = LIST_FIRST(&s->conns);
    while (c != NULL) {
        struct sim_conn *next = LIST_NEXT(c, all);
        if (c->state == CONN_PLAYING && now - c->report_mono_ns >= SIM_CAMERA_SR_S * TC_NS_PER_S)
            camera_conn_send_report(c);
        if (now - c->alive_mono_ns > s->options.session_timeout_s * TC_NS_PER_S)
            c->closing = true;
        if (c->closing)
            camera_conn_close(c);
        c = next;
    }
}

static void on_udp_rtcp(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct sim_cameras *s = arg;
    uint8_t bytes[1500];
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    if (recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &len) < 0)
        return;
    struct sim_conn *c;
    LIST_FOREACH(c, &s->conns, all)
    {
        if (c->udp && len == c->udp_len && memcmp(&from, &c->udp_rtcp, len) == 0)
            c->alive_mono_ns = clock_mono().ns;
    }
}

/* ADDRESS is numeric. False: it is none. */
static bool address_of(const char *address, uint16_t port, struct sockaddr_storage *ret,
                       socklen_t *ret_len)
{
    int len = sizeof *ret;
    *ret = (struct sockaddr_storage){0};
    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)ret, &len) != 0)
        return false;
    cam_set_port(ret, port);
    *ret_len = (socklen_t)len;
    return true;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

void cam_set_port(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)a)->sin_port = htons(port);
}

static int bind_udp(const char *address, uint16_t port)
{
    struct sockaddr_storage a;
    socklen_t len;
    if (!address_of(address, port, &a, &len))
        return -1;
    int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, len) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* RTP's port is even, RTCP's the one above (RFC 3550 11): tried until both are free. */
enum tc_err cameras_open_udp(struct sim_cameras *s)
{
    for (int i = 0; s->udp_rtp_fd < 0 && i < UDP_TRIES; i++) {
        int rtp = bind_udp(s->options.address, 0);
        uint16_t port = rtp < 0 ? 0 : bound_port(rtp);
        int rtcp =
            port == 0 || port % 2 != 0 ? -1 : bind_udp(s->options.address, (uint16_t)(port + 1));
        if (rtcp >= 0) {
            s->udp_rtp_fd = rtp;
            s->udp_rtcp_fd = rtcp;
            s->udp_port = port;
        } else if (rtp >= 0) {
            (void)close(rtp);
        }
    }
    if (s->udp_rtp_fd < 0)
        return TC_E_IO;
    if (s->on_udp_rtcp == NULL)
        s->on_udp_rtcp = event_new(s->base, s->udp_rtcp_fd, EV_READ | EV_PERSIST, on_udp_rtcp, s);
    return s->on_udp_rtcp != NULL && event_add(s->on_udp_rtcp, NULL) == 0 ? TC_OK : TC_E_NOMEM;
}

static enum tc_err listen_on(struct sim_cameras *s, struct tc_errinfo *info)
{
    struct sockaddr_storage address;
    socklen_t len;
    const char *host = s->options.address;
    if (!address_of(host, s->options.port, &address, &len))
        return tc_fail(info, TC_E_FORMAT, "\"%s\" is no numeric address", host);
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    s->listener = evconnlistener_new_bind(s->base, on_accept, s, flags, 128,
                                          (struct sockaddr *)&address, (int)len);
    if (s->listener == NULL)
        return tc_fail_errno(info, errno, "cameras: cannot listen on %s port %u", host,
                             s->options.port);
    s->port = bound_port(evconnlistener_get_fd(s->listener));
    return TC_OK;
}

static enum tc_err copy_login(struct sim_cameras *s, struct tc_errinfo *info)
{
    if (s->options.user == NULL)
        return TC_OK;
    s->user = strdup(s->options.user);
    s->password = strdup(s->options.password == NULL ? "" : s->options.password);
    if (s->user == NULL || s->password == NULL)
        return tc_fail(info, TC_E_NOMEM, "login");
    return TC_OK;
}

static enum tc_err open_all(struct sim_cameras *s, const struct sim_camera_options *o,
                            struct tc_errinfo *info)
{
    if (o->name_count == 0 || o->name_count > SIM_CAMERAS_MAX)
        return tc_fail(info, TC_E_RANGE, "%zu cameras: 1 to %d", o->name_count, SIM_CAMERAS_MAX);
    if (o->fps > SIM_DRAW_FPS_MAX)
        return tc_fail(info, TC_E_RANGE, "%u frames per second: at most %d", o->fps,
                       SIM_DRAW_FPS_MAX);
    TC_TRY(copy_login(s, info));
    if (o->film != NULL)
        TC_TRY(sim_film_open(o->film, &s->film, info));
    s->cams = calloc(o->name_count, sizeof *s->cams);
    if (s->cams == NULL)
        return tc_fail(info, TC_E_NOMEM, "cameras");
    for (size_t i = 0; i < o->name_count; i++) {
        s->cam_count = i + 1;
        TC_TRY(open_cam(s, &s->cams[i], o->names[i], info));
    }
    TC_TRY(listen_on(s, info));
    s->housekeeping = event_new(s->base, -1, EV_PERSIST, on_housekeeping, s);
    const struct timeval second = {.tv_sec = 1};
    if (s->housekeeping == NULL || event_add(s->housekeeping, &second) != 0)
        return tc_fail(info, TC_E_NOMEM, "cameras");
    return TC_OK;
}

enum tc_err sim_cameras_start(struct event_base *base, const struct sim_camera_options *options,
                              struct sim_cameras **ret, struct tc_errinfo *info)
{
    struct sim_cameras *s = calloc(1, sizeof *s);
    if (s == NULL)
        return tc_fail(info, TC_E_NOMEM, "cameras");
    s->base = base;
    s->options = *options;
    if (s->options.address == NULL)
        s->options.address = "127.0.0.1";
    if (s->options.session_timeout_s == 0)
        s->options.session_timeout_s = TIMEOUT_DEFAULT_S;
    s->udp_rtp_fd = -1;
    s->udp_rtcp_fd = -1;
    s->started_mono_ns = clock_mono().ns;
    LIST_INIT(&s->conns);
    enum tc_err err = open_all(s, options, info);
    if (err != TC_OK) {
        sim_cameras_stop(s);
        return err;
    }
    *ret = s;
    return TC_OK;
}

void sim_cameras_stop(struct sim_cameras *s)
{
    if (s == NULL)
        return;
    while (!LIST_EMPTY(&s->conns))
        camera_conn_close(LIST_FIRST(&s->conns));
    for (size_t i = 0; i < s->cam_count; i++) {
        if (s->cams[i].tick != NULL)
            event_free(s->cams[i].tick);
        sim_draw_free(s->cams[i].draw);
        rtp_pack_done(&s->cams[i].pack);
    }
    if (s->listener != NULL)
        evconnlistener_free(s->listener);
    if (s->housekeeping != NULL)
        event_free(s->housekeeping);
    if (s->on_udp_rtcp != NULL)
        event_free(s->on_udp_rtcp);
    if (s->udp_rtp_fd >= 0) {
        (void)close(s->udp_rtp_fd);
        (void)close(s->udp_rtcp_fd);
    }
    sim_film_close(s->film);
    free(s->cams);
    free(s->user);
    free(s->password);
    free(s);
}

uint16_t sim_cameras_port(const struct sim_cameras *s)
{
    return s->port;
}

enum tc_err sim_cameras_set_intruder(struct sim_cameras *s, const char *name, bool on)
{
    enum tc_err err = TC_E_NOT_FOUND;
    for (size_t i = 0; i < s->cam_count; i++) {
        if (name != NULL && strcmp(name, s->cams[i].name) != 0)
            continue;
        if (s->cams[i].draw != NULL)
            sim_draw_set_intruder(s->cams[i].draw, on);
        err = TC_OK;
    }
    return err;
}

enum tc_err sim_cameras_set_fault(struct sim_cameras *s, const char *name, enum sim_fault fault,
                                  int64_t after_ms)
{
    enum tc_err err = TC_E_NOT_FOUND;
    for (size_t i = 0; i < s->cam_count; i++) {
        if (name != NULL && strcmp(name, s->cams[i].name) != 0)
            continue;
        s->cams[i].fault = fault;
        s->cams[i].fault_after_ms = after_ms;
        err = TC_OK;
    }
    return err;
}

struct sim_camera_stats sim_cameras_stats(const struct sim_cameras *s)
{
    return s->stats;
}
