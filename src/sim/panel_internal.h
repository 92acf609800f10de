/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the simulated panels. Not for other files than panel*.c. */
#pragma once

#include <sys/socket.h>

#include "base/buf.h"
#include "base/time.h"
#include "sim/panel.h"
#include "sim/panel_script.h"

struct event;

enum panel_state {
    PANEL_CONNECTING,
    PANEL_WAITING, /* for an answer */
    PANEL_PAUSING, /* until pause_until */
    PANEL_DONE,
};

struct panel {
    struct sim_panels *all;
    char account[DC09_ACCOUNT_BYTES_MAX + 1];
    enum panel_state state;
    int fd; /* -1: no connection */
    struct event *ev_read, *ev_write, *timer;
    unsigned sequence; /* of the message under way, or the next */
    size_t step;
    uint64_t round;
    enum dc09_kind kind; /* of the message under way */
    const char *data;
    bool under_way;      /* sent or to be sent, and not answered */
    bool is_supervision; /* it came out of a pause, not out of the script */
    unsigned failures;   /* connections in a row that brought no answer */
    unsigned tries;
    struct tc_mono sent_at, pause_until, rest_since;
    int64_t offset_ns; /* the receiver's clock minus ours, as its NAK told */
    struct tc_buf frame;
    size_t frame_at;
    size_t in_len;
    uint8_t in[2048];
};

struct sim_panels {
    struct event_base *base;
    struct sim_panel_options options;
    struct sockaddr_storage address;
    socklen_t address_len;
    struct panel_step steps[SIM_PANEL_STEPS_MAX];
    size_t steps_count;
    struct panel *panels;
    unsigned count, done;
    bool time_over;
    struct event *run_over;
    struct sim_panel_stats stats;
    FILE *out; /* where a single panel tells what it does; NULL: nowhere */
};

void panel_reconnect(struct panel *p);
/* Sleeps until the pause is over or a supervision message is due, whichever is first. */
void panel_rest(struct panel *p);
/* Tells a person, when there is one panel and somebody listens. */
void panel_say(const struct panel *p, const char *what, struct tc_slice frame);
