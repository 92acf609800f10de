/* SPDX-License-Identifier: Apache-2.0 */
/* One camera of this process: its ring, its connection, and the will to have one again, for ever.
 *
 * States: no ring yet -> waiting (back-off) -> connecting (the supervisor was asked for a socket)
 * -> talking (a session runs) -> waiting again when it ends. The first attempt is at once, then 1,
 * 2, 4 ... 30 s, each a quarter more or less by chance; a camera that had played for ten seconds
 * starts at 1 s again; one that refuses the login is asked every 30 s only, since many lock
 * accounts after a few wrong ones. What core hears (struct msg_camera_state): up, again when the
 * picture's form changed; down with its cause. Ownership: the camera owns its socket and the ring's
 * mapping. All on the loop's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "capture/session.h"
#include "model/site.h"
#include "runtime/messages.h"
#include "runtime/ring.h"

struct event;
struct event_base;

enum { CAMERA_LOGIN_BYTES = 300 };

enum camera_phase { CAMERA_NO_RING, CAMERA_WAITING, CAMERA_CONNECTING, CAMERA_TALKING };

/* What a camera needs of its process. */
struct camera_host {
    struct event_base *base;
    uint8_t *buffer; /* what a read goes through; shared by all cameras, nothing stays in it */
    size_t buffer_bytes;
    void *ctx;
    /* Ask for a connection; the answer comes to camera_connected with the same ATTEMPT. False:
     * cannot ask now. */
    bool (*connect)(void *ctx, uint32_t camera, uint32_t attempt);
    void (*report)(void *ctx, const struct msg_camera_state *state);
    /* "user:password", or empty. */
    struct tc_slice (*login)(void *ctx, const char *secret);
    struct session_now (*now)(void *ctx);
};

struct camera_counts {
    uint64_t connects, failures;
    uint64_t bytes, frames, dropped_frames, lost_packets, broken_packets;
};

struct camera {
    const struct camera_host *host;
    const struct site_camera *site;
    uint32_t index;
    enum camera_phase phase;
    bool watched;
    struct ring_writer ring;
    /* waiting and connecting */
    uint32_t attempt;
    int64_t backoff_ns;
    int64_t due_ns; /* mono: when to try again, or to give an attempt up */
    /* talking */
    int fd;
    struct event *readable; /* until the video plays; from then on the process's tick reads */
    struct session session;
    struct tc_buf rest; /* of the last read: the beginning of a message */
    char login[CAMERA_LOGIN_BYTES];
    int64_t up_since_ns; /* mono, 0: not up */
    uint32_t told_generation;
    bool told_offset;
    struct msg_camera_state told; /* what core knows; `what` 0: nothing yet */
    struct camera_counts counts;  /* of sessions that ended */
};

/* SITE and HOST must outlive the camera. */
void camera_init(struct camera *c, const struct camera_host *host, const struct site_camera *site,
                 uint32_t index);
/* Ends the session politely as far as the socket takes it, frees all. */
void camera_done(struct camera *c);
/* The ring's descriptor (stays the caller's). Begins to connect at the next tick. */
enum tc_err camera_set_ring(struct camera *c, int fd, struct tc_errinfo *info) TC_MUST_USE;
/* The supervisor's answer; takes FD (-1 when ERR). */
void camera_connected(struct camera *c, uint32_t attempt, int fd, enum tc_err err,
                      const char *text);
/* The login's secret changed: tries at once if the last one was refused. */
void camera_login_changed(struct camera *c);
/* Reads what there is (READ), keeps deadlines, connects when it is time. */
void camera_tick(struct camera *c, bool read);
/* Tells core again where this camera stands: core is new. */
void camera_tell_again(struct camera *c);
struct camera_counts camera_counts(const struct camera *c);
