/* SPDX-License-Identifier: Apache-2.0 */
/* The shard: cameras, one tick that reads them all, messages.
 *
 * Wake-ups cost, bytes do not: while video plays no socket wakes the loop. A timer does, ten times
 * a second, and reads each camera once through one large buffer; when somebody watches a camera
 * live, that one is read every 25 ms. */
#include "capture/capture.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "capture/camera.h"
#include "config/config.h"
#include "proto/http_auth.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"

enum {
    CAMERAS_MAX = 16,       /* of one shard */
    BUFFER_BYTES = 1 << 20, /* above the longest message and a tick of a fast camera */
    TICK_MS = 25,           /* while somebody watches */
    TICKS_PER_READ = 4,     /* 100 ms: what nobody watches is read */
};

struct shard {
    struct process *process;
    struct site site;
    bool has_site;
    struct camera_host host;
    struct camera cameras[CAMERAS_MAX];
    size_t count;
    int early_rings[CAMERAS_MAX]; /* rings that came before the configuration was read */
    uint32_t early_index[CAMERAS_MAX];
    size_t early_count;
    struct event *tick;
    bool fast;     /* the tick runs at TICK_MS */
    unsigned turn; /* of TICKS_PER_READ */
    uint64_t ticks;
};

/* ---- what a camera asks for ---- */

static struct session_now host_now(void *ctx)
{
    (void)ctx;
    return (struct session_now){clock_wall(), clock_mono()};
}

static bool host_connect(void *ctx, uint32_t camera, uint32_t attempt)
{
    struct shard *sh = ctx;
    struct msg_connect wish = {.camera = camera, .attempt = attempt};
    struct channel *control = process_control(sh->process);
    return control != NULL && channel_send(control, MSG_CONNECT, &wish, tc_slice(NULL, 0)) == TC_OK;
}

static void host_report(void *ctx, const struct msg_camera_state *state)
{
    struct shard *sh = ctx;
    struct channel *core = process_link(sh->process, TC_ROLE_CORE);
    if (core != NULL && channel_send(core, MSG_CAMERA_STATE, state, tc_slice(NULL, 0)) != TC_OK)
        log_warn("core does not take the state of camera %u, it is told again with the next link",
                 state->camera);
}

static struct tc_slice host_login(void *ctx, const char *secret)
{
    struct shard *sh = ctx;
    return process_secret(sh->process, secret);
}

/* ---- the tick ---- */

static void set_tick(struct shard *sh, bool fast)
{
    struct timeval every = {.tv_usec = 1000 * (fast ? TICK_MS : TICK_MS * TICKS_PER_READ)};
    sh->fast = fast;
    if (event_add(sh->tick, &every) != 0)
        log_error("the timer cannot be set");
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct shard *sh = arg;
    bool watched = false;
    sh->ticks++;
    sh->turn = sh->fast ? (sh->turn + 1) % TICKS_PER_READ : 0;
    for (size_t i = 0; i < sh->count; i++) {
        struct camera *c = &sh->cameras[i];
        watched = watched || c->watched;
        if (c->watched || sh->turn == 0)
            camera_tick(c, true);
    }
    if (watched != sh->fast)
        set_tick(sh, watched);
}

/* ---- messages ---- */

static struct camera *find_camera(struct shard *sh, uint32_t index)
{
    for (size_t i = 0; i < sh->count; i++)
        if (sh->cameras[i].index == index)
            return &sh->cameras[i];
    return NULL;
}

/* A ring given is a camera given. */
static void take_ring(struct shard *sh, uint32_t index, int fd)
{
    struct camera *c = find_camera(sh, index);
    struct tc_errinfo info = {0};
    if (index >= sh->site.cameras_count || (c == NULL && sh->count == CAMERAS_MAX)) {
        log_error("a ring for camera %u, which is not there", index);
    } else {
        if (c == NULL) {
            c = &sh->cameras[sh->count++];
            camera_init(c, &sh->host, &sh->site.cameras[index], index);
        }
        if (camera_set_ring(c, fd, &info) != TC_OK)
            log_error("camera %s: %s", c->site->id, info.text);
    }
    (void)close(fd);
}

static void on_ring(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct shard *sh = process_user(ctx);
    const struct msg_ring *ring = m->body;
    if (ring->writable == 0 || m->fds_count == 0)
        return;
    if (sh->has_site) {
        take_ring(sh, ring->camera, msg_take_fd(m, 0));
    } else if (sh->early_count < CAMERAS_MAX) {
        sh->early_index[sh->early_count] = ring->camera;
        sh->early_rings[sh->early_count++] = msg_take_fd(m, 0);
    }
}

static void on_connected(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct shard *sh = process_user(ctx);
    const struct msg_connected *answer = m->body;
    struct camera *c = find_camera(sh, answer->camera);
    if (c == NULL)
        return;
    int fd = m->fds_count > 0 ? msg_take_fd(m, 0) : -1;
    enum tc_err err =
        answer->err > 0 && answer->err < TC_ERR_COUNT ? (enum tc_err)answer->err : TC_OK;
    if (err == TC_OK && fd < 0)
        err = TC_E_IO;
    camera_connected(c, answer->attempt, fd, err, answer->text);
}

static void on_watch(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct shard *sh = process_user(ctx);
    const struct msg_watch *watch = m->body;
    struct camera *c = find_camera(sh, watch->camera);
    if (c == NULL)
        return;
    c->watched = watch->watched != 0;
    if (c->watched && !sh->fast)
        set_tick(sh, true);
}

static void on_link(struct process *p, struct channel *peer)
{
    struct shard *sh = process_user(p);
    if (channel_peer(peer) != TC_ROLE_CORE)
        return;
    for (size_t i = 0; i < sh->count; i++) {
        sh->cameras[i].watched = false; /* a new core says anew who is watched */
        camera_tell_again(&sh->cameras[i]);
    }
}

static void on_secret(struct process *p, const struct process_secret *secret)
{
    struct shard *sh = process_user(p);
    for (size_t i = 0; i < sh->count; i++)
        if (strcmp(sh->cameras[i].site->login_secret, secret->name) == 0)
            camera_login_changed(&sh->cameras[i]);
}

/* ---- metrics ---- */

static const struct {
    const char *name;
    size_t at;
} metric_rows[] = {
    {"received_bytes", offsetof(struct camera_counts, bytes)},
    {"frames", offsetof(struct camera_counts, frames)},
    {"dropped_frames", offsetof(struct camera_counts, dropped_frames)},
    {"lost_packets", offsetof(struct camera_counts, lost_packets)},
    {"broken_packets", offsetof(struct camera_counts, broken_packets)},
    {"connects", offsetof(struct camera_counts, connects)},
    {"failures", offsetof(struct camera_counts, failures)},
};

static void metrics(struct process *p, struct tc_buf *out)
{
    const struct shard *sh = process_user(p);
    tc_buf_add_str(out, "# TYPE tocsin_camera_up gauge\n");
    for (size_t i = 0; i < sh->count; i++)
        tc_buf_add_fmt(out, "tocsin_camera_up{camera=\"%s\"} %d\n", sh->cameras[i].site->id,
                       sh->cameras[i].told.what == MSG_CAMERA_UP);
    for (size_t r = 0; r < TC_COUNT(metric_rows); r++) {
        tc_buf_add_fmt(out, "# TYPE tocsin_camera_%s counter\n", metric_rows[r].name);
        for (size_t i = 0; i < sh->count; i++) {
            struct camera_counts counts = camera_counts(&sh->cameras[i]);
            uint64_t value = 0;
            memcpy(&value, (const uint8_t *)&counts + metric_rows[r].at, sizeof value);
            tc_buf_add_fmt(out, "tocsin_camera_%s_total{camera=\"%s\"} %" PRIu64 "\n",
                           metric_rows[r].name, sh->cameras[i].site->id, value);
        }
    }
}

/* ---- life ---- */

/* OpenSSL reads its configuration with the first digest; behind the sandbox it could not. */
static void warm_up_digests(void)
{
    static const enum http_auth_scheme schemes[] = {HTTP_AUTH_DIGEST_MD5, HTTP_AUTH_DIGEST_SHA256};
    for (size_t i = 0; i < TC_COUNT(schemes); i++) {
        struct http_challenge challenge = {.scheme = schemes[i], .realm = "r", .nonce = "n"};
        struct http_login login = {tc_slice_str("u"), tc_slice_str("p")};
        TC_CLEANUP(tc_buf_done) struct tc_buf out;
        tc_buf_init(&out, 4096);
        if (http_authorization_write(&out, &challenge, &login, tc_slice_str("OPTIONS"),
                                     tc_slice_str("*"), 1, tc_slice_str("c")) != TC_OK)
            log_error("this machine's OpenSSL lacks a digest that cameras may ask for");
    }
}

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct shard *sh = process_user(p);
    struct config_report report;
    enum tc_err err =
        config_load(process_config(p), process_setup(p)->site_file, &sh->site, &report);
    config_report_done(&report);
    if (err != TC_OK)
        return tc_fail(info, err, "the configuration does not read: %s", tc_err_text(err));
    sh->process = p;
    sh->has_site = true;
    sh->host = (struct camera_host){.base = process_base(p),
                                    .buffer = malloc(BUFFER_BYTES),
                                    .buffer_bytes = BUFFER_BYTES,
                                    .ctx = sh,
                                    .connect = host_connect,
                                    .report = host_report,
                                    .login = host_login,
                                    .now = host_now};
    if (sh->host.buffer == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for the read buffer");
    warm_up_digests();
    for (size_t i = 0; i < sh->early_count; i++)
        take_ring(sh, sh->early_index[i], sh->early_rings[i]);
    sh->early_count = 0;
    return TC_OK;
}

static enum tc_err start(struct process *p, struct tc_errinfo *info)
{
    struct shard *sh = process_user(p);
    sh->tick = event_new(process_base(p), -1, EV_PERSIST, on_tick, sh);
    if (sh->tick == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for the timer");
    set_tick(sh, false);
    event_active(sh->tick, EV_TIMEOUT, 1); /* connect at once, not in 100 ms */
    return TC_OK;
}

static void stop(struct process *p)
{
    struct shard *sh = process_user(p);
    for (size_t i = 0; i < sh->count; i++)
        camera_done(&sh->cameras[i]);
    if (sh->tick != NULL)
        event_free(sh->tick);
    free(sh->host.buffer);
    if (sh->has_site)
        site_done(&sh->site);
}

int capture_main(void)
{
    static const struct channel_handler handlers[] = {{MSG_WATCH, on_watch}, {0, NULL}};
    static const struct channel_handler control_handlers[] = {
        {MSG_RING, on_ring}, {MSG_CONNECTED, on_connected}, {0, NULL}};
    static const struct process_ops ops = {.role = TC_ROLE_CAPTURE,
                                           .prepare = prepare,
                                           .start = start,
                                           .handlers = handlers,
                                           .control_handlers = control_handlers,
                                           .on_link = on_link,
                                           .on_secret = on_secret,
                                           .metrics = metrics,
                                           .stop = stop};
    struct shard *sh = calloc(1, sizeof *sh);
    if (sh == NULL)
        return 1;
    int status = process_run(&ops, sh);
    free(sh);
    return status;
}
