/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/camera.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/log.h"

#define BACKOFF_FIRST_NS TC_NS_PER_S
#define BACKOFF_MOST_NS  (30 * TC_NS_PER_S)
#define PLAYED_LONG_NS   (10 * TC_NS_PER_S)
#define CONNECT_NS       (15 * TC_NS_PER_S) /* the supervisor gives up before */
#define OFFSET_NEWS_NS   TC_NS_PER_S        /* a camera's clock that moved by this much is told */

enum { READS_MAX = 8 }; /* of one camera in one tick, so that one cannot starve the rest */

/* ---- news ---- */

static void tell(struct camera *c)
{
    c->told.camera = c->index;
    c->host->report(c->host->ctx, &c->told);
}

void camera_tell_again(struct camera *c)
{
    if (c->told.what != 0)
        tell(c);
}

static void tell_connecting(struct camera *c)
{
    c->told = (struct msg_camera_state){.what = MSG_CAMERA_CONNECTING,
                                        .at_ns = c->host->now(c->host->ctx).wall.ns,
                                        .clock_offset_ns = INT64_MIN};
    ring_set_state(&c->ring, RING_CAMERA_CONNECTING);
    tell(c);
}

static void tell_down(struct camera *c, int64_t at_ns, const char *cause, const char *text,
                      const char *remedy)
{
    ring_set_state(&c->ring, RING_CAMERA_LOST);
    if (c->told.what == MSG_CAMERA_DOWN && strcmp(c->told.cause, cause) == 0)
        return; /* still down for the same reason */
    c->told = (struct msg_camera_state){
        .what = MSG_CAMERA_DOWN, .at_ns = at_ns, .clock_offset_ns = INT64_MIN};
    (void)snprintf(c->told.cause, sizeof c->told.cause, "%s", cause);
    (void)snprintf(c->told.text, sizeof c->told.text, "%s%s%s", text, remedy[0] != '\0' ? "; " : "",
                   remedy);
    log_info("camera %s: %s (%s)", c->site->id, c->told.text, cause);
    tell(c);
}

static void tell_up(struct camera *c)
{
    const struct session *s = &c->session;
    bool was_up = c->told.what == MSG_CAMERA_UP;
    int64_t offset_ns = INT64_MIN, error_ns = 0;
    bool has_offset = stream_clock_offset(&s->clock, &offset_ns, &error_ns);
    bool moved = has_offset && was_up &&
                 (!c->told_offset || offset_ns - c->told.clock_offset_ns > OFFSET_NEWS_NS ||
                  c->told.clock_offset_ns - offset_ns > OFFSET_NEWS_NS);
    if (was_up && c->told_generation == s->params_generation && !moved)
        return;
    int64_t at_ns = was_up ? c->told.at_ns : s->frame_wall.ns;
    c->told = (struct msg_camera_state){.what = MSG_CAMERA_UP,
                                        .width = s->width,
                                        .height = s->height,
                                        .at_ns = at_ns,
                                        .clock_offset_ns = has_offset ? offset_ns : INT64_MIN,
                                        .clock_error_ns = error_ns};
    (void)snprintf(c->told.codec, sizeof c->told.codec, "%s", s->codec);
    c->told_generation = s->params_generation;
    c->told_offset = has_offset;
    ring_set_state(&c->ring, RING_CAMERA_UP);
    if (!was_up) {
        c->up_since_ns = s->now.mono.ns;
        log_info("camera %s: video, %ux%u %s", c->site->id, s->width, s->height, s->codec);
    }
    tell(c);
}

/* ---- waiting ---- */

static int64_t with_chance(int64_t ns)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = UINT32_MAX / 2;
    return ns * 3 / 4 + (int64_t)((double)ns / 2 * (double)random / UINT32_MAX);
}

static void wait_before_next(struct camera *c, bool login_refused)
{
    int64_t now_ns = c->host->now(c->host->ctx).mono.ns;
    bool played_long = c->up_since_ns != 0 && now_ns - c->up_since_ns > PLAYED_LONG_NS;
    if (login_refused)
        c->backoff_ns = BACKOFF_MOST_NS;
    else if (played_long || c->backoff_ns == 0)
        c->backoff_ns = BACKOFF_FIRST_NS;
    else
        c->backoff_ns = c->backoff_ns > BACKOFF_MOST_NS / 2 ? BACKOFF_MOST_NS : 2 * c->backoff_ns;
    c->up_since_ns = 0;
    c->due_ns = now_ns + with_chance(c->backoff_ns);
    c->phase = CAMERA_WAITING;
}

static void ask_for_connection(struct camera *c, int64_t now_ns)
{
    if (c->told.what == 0)
        tell_connecting(c);
    c->attempt++;
    if (!c->host->connect(c->host->ctx, c->index, c->attempt)) {
        c->due_ns = now_ns + BACKOFF_FIRST_NS;
        return;
    }
    c->counts.connects++;
    c->phase = CAMERA_CONNECTING;
    c->due_ns = now_ns + CONNECT_NS;
}

/* ---- talking ---- */

static void add_counts(struct camera_counts *to, const struct session *s)
{
    to->bytes += s->counts.bytes;
    to->frames += s->counts.frames;
    to->dropped_frames += s->h264.counts.dropped_frames;
    to->lost_packets += s->h264.counts.lost_packets;
    to->broken_packets += s->h264.counts.broken_packets + s->counts.bad_packets;
}

struct camera_counts camera_counts(const struct camera *c)
{
    struct camera_counts counts = c->counts;
    if (c->phase == CAMERA_TALKING)
        add_counts(&counts, &c->session);
    return counts;
}

/* What does not go out now goes with the next tick: it is little, and sent seldom. */
static void flush(struct camera *c)
{
    struct tc_buf *out = &c->session.out;
    while (out->len > 0) {
        ssize_t n = send(c->fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) {
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                session_closed(&c->session, "the connection broke while sending");
            return;
        }
        tc_buf_drop(out, (size_t)n);
    }
}

static void close_connection(struct camera *c)
{
    if (c->readable != NULL)
        event_free(c->readable);
    c->readable = NULL;
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    add_counts(&c->counts, &c->session);
    session_done(&c->session);
    tc_buf_clear(&c->rest);
    explicit_bzero(c->login, sizeof c->login);
}

static void end_talk(struct camera *c)
{
    struct session *s = &c->session;
    int64_t at_ns = s->frame_wall.ns != 0 ? s->frame_wall.ns : s->now.wall.ns;
    bool refused = s->cause == SESSION_CAUSE_UNAUTHORIZED;
    c->counts.failures++;
    /* what had worked needs no advice on how to set it up */
    const char *remedy = s->frame_wall.ns != 0 ? "" : session_cause_remedy(s->cause);
    tell_down(c, at_ns, session_cause_word(s->cause), s->text, remedy);
    close_connection(c);
    wait_before_next(c, refused);
}

/* One read and what came of it. False: nothing more to read now. */
static bool read_once(struct camera *c, struct session_now now)
{
    uint8_t *buffer = c->host->buffer;
    size_t have = c->rest.len;
    size_t room = c->host->buffer_bytes - have;
    if (have > 0)
        memcpy(buffer, c->rest.data, have);
    ssize_t n = recv(c->fd, buffer + have, room, MSG_DONTWAIT);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            session_closed(&c->session, "the connection broke");
        return false;
    }
    if (n == 0) {
        session_closed(&c->session, "the camera closed the connection");
        return false;
    }
    struct tc_slice in = tc_slice(buffer, have + (size_t)n);
    size_t took = session_input(&c->session, in, now);
    tc_buf_clear(&c->rest);
    tc_buf_add(&c->rest, buffer + took, in.len - took);
    if (c->rest.err != TC_OK)
        session_closed(&c->session, "a message longer than there is room for");
    return (size_t)n == room;
}

static void talk(struct camera *c, bool read)
{
    struct session_now now = c->host->now(c->host->ctx);
    for (int i = 0; read && i < READS_MAX && c->session.phase != SESSION_ENDED; i++)
        if (!read_once(c, now))
            break;
    session_tick(&c->session, now);
    flush(c);
    if (session_is_up(&c->session))
        tell_up(c);
    if (c->session.phase == SESSION_PLAYING && c->readable != NULL) {
        event_free(c->readable);
        c->readable = NULL;
    }
    if (c->session.phase == SESSION_ENDED)
        end_talk(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    talk(arg, true);
}

static void take_login(struct camera *c, struct session_config *config)
{
    struct tc_slice login = c->site->login_secret[0] == '\0'
                                ? tc_slice(NULL, 0)
                                : c->host->login(c->host->ctx, c->site->login_secret);
    if (tc_slice_to_str(tc_slice_trim(login), c->login, sizeof c->login) != TC_OK) {
        log_error("camera %s: the secret %s is no login (user:password)", c->site->id,
                  c->site->login_secret);
        c->login[0] = '\0';
    }
    struct tc_slice rest = tc_slice_str(c->login);
    config->user = tc_slice_split(&rest, ':');
    config->password = rest;
}

static void begin_talk(struct camera *c, int fd)
{
    struct session_config config = {.url = tc_slice_str(c->site->url.text), .ring = &c->ring};
    take_login(c, &config);
    if (getrandom(config.seed, sizeof config.seed, 0) != (ssize_t)sizeof config.seed)
        log_warn("no random bytes, ignoring");
    c->fd = fd;
    c->phase = CAMERA_TALKING;
    session_init(&c->session, &config);
    session_start(&c->session, c->host->now(c->host->ctx));
    c->readable = event_new(c->host->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    if (c->readable == NULL || event_add(c->readable, NULL) != 0)
        session_closed(&c->session, "no memory for the connection");
    talk(c, false);
}

static const char *connect_cause(enum tc_err err)
{
    return err == TC_E_TIMEOUT ? "timeout" : err == TC_E_NOT_FOUND ? "unknown-host" : "unreachable";
}

void camera_connected(struct camera *c, uint32_t attempt, int fd, enum tc_err err, const char *text)
{
    if (c->phase != CAMERA_CONNECTING || attempt != c->attempt) {
        if (fd >= 0)
            (void)close(fd); /* an answer to a question given up */
        return;
    }
    if (err == TC_OK && fd >= 0) {
        begin_talk(c, fd);
        return;
    }
    c->counts.failures++;
    tell_down(c, c->host->now(c->host->ctx).wall.ns, connect_cause(err), text, "");
    wait_before_next(c, false);
}

/* ---- life ---- */

void camera_init(struct camera *c, const struct camera_host *host, const struct site_camera *site,
                 uint32_t index)
{
    *c = (struct camera){.host = host, .site = site, .index = index, .fd = -1};
    tc_buf_init(&c->rest, RTSP_HEAD_BYTES_MAX + RTSP_BODY_BYTES_MAX);
}

void camera_done(struct camera *c)
{
    if (c->phase == CAMERA_TALKING) {
        session_stop(&c->session);
        flush(c);
        close_connection(c);
    }
    c->phase = CAMERA_NO_RING;
    tc_buf_done(&c->rest);
    ring_writer_close(&c->ring);
}

enum tc_err camera_set_ring(struct camera *c, int fd, struct tc_errinfo *info)
{
    if (c->phase != CAMERA_NO_RING)
        return TC_OK; /* it has one; the supervisor keeps the same ring for the daemon's life */
    TC_TRY(ring_writer_open(&c->ring, fd, info));
    c->phase = CAMERA_WAITING;
    return TC_OK;
}

void camera_login_changed(struct camera *c)
{
    if (c->phase == CAMERA_WAITING && strcmp(c->told.cause, "unauthorized") == 0)
        c->due_ns = 0;
}

void camera_tick(struct camera *c, bool read)
{
    if (c->phase == CAMERA_TALKING) {
        talk(c, read);
        return;
    }
    int64_t now_ns = c->host->now(c->host->ctx).mono.ns;
    if (c->phase == CAMERA_WAITING && now_ns >= c->due_ns)
        ask_for_connection(c, now_ns);
    else if (c->phase == CAMERA_CONNECTING && now_ns >= c->due_ns)
        camera_connected(c, c->attempt, -1, TC_E_TIMEOUT, "no answer to the wish for a connection");
}
