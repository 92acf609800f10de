/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of a panel into one message for core. No socket and no clock: both come as arguments.
 */
#pragma once

#include "base/buf.h"
#include "intake/outcome.h"
#include "model/site.h"
#include "proto/dc09.h"
#include "runtime/messages.h"

enum {
    SIGNAL_TEXT_BYTES_MAX = 8192, /* of all events of a signal together; more is cut */
    SIGNAL_EVENT_TEXT_BYTES_MAX = 1024,
    SIGNAL_TAIL_BYTES_MAX = 16384,
    SIGNAL_TIME_BEHIND_S = 40, /* how far a panel's time stamp may be off: the standard's window */
    SIGNAL_TIME_AHEAD_S = 20,
};

/* How a frame came. */
struct signal_origin {
    struct tc_wall wall;
    struct tc_mono mono;
    uint32_t receiver; /* index in the site */
    const char *peer;  /* address and port */
};

/* Room for building, used again for every frame; init, done. */
struct signal_room {
    void *digest;    /* OpenSSL's context */
    void *algorithm; /* SHA-256 */
    struct tc_buf text;
    uint8_t tail[SIGNAL_TAIL_BYTES_MAX];
};

/* Makes the room that one signal at a time is worked in; TC_E_NOMEM. */
enum tc_err signal_room_init(struct signal_room *room, struct tc_errinfo *info) TC_MUST_USE;
void signal_room_done(struct signal_room *room);

struct signal {
    struct dc09_msg msg;    /* as decoded; slices borrowed from the frame */
    uint32_t panel;         /* index in the site, SITE_NONE */
    struct msg_signal body; /* OUTCOME_GOOD only; its id is the caller's */
    struct tc_slice tail;   /* OUTCOME_GOOD only; in the room, until the next frame */
};

/* Judges FRAME (as dc09_scan found it: LF to CR, BODY inside) and, when it is good, makes the
 * message. */
enum outcome signal_read(struct signal_room *room, const struct site *site, struct tc_slice frame,
                         struct tc_slice body, const struct signal_origin *origin,
                         struct signal *ret);
