/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated alarm panels: DC-09 clients over TCP that behave as the standard says, for trials,
 * drills, tests and load.
 *
 * Each panel has one connection and one message under way: it sends, waits for the ACK with its
 * sequence and account, sends the same bytes again after a time-out, gives the connection up after
 * `tries`, and connects anew. A NAK gives it the receiver's time, with which it sends again; a DUH
 * makes it go on to the next message. The sequence runs from 0001 to 9999 and round. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "sim/latency.h"

enum { SIM_PANELS_MAX = 4096, SIM_PANEL_STEPS_MAX = 256 };

struct sim_panel_options {
    const char *host; /* a numeric address */
    uint16_t port;
    const char *account;       /* of the first panel; the others count up from it (panel_account) */
    const char *const *events; /* steps as panel_script.h reads them */
    size_t events_count;
    unsigned panels;    /* 0: one */
    uint64_t repeat;    /* how often each panel sends the list; 0: for ever */
    int64_t delay_ns;   /* between an acknowledgement and the next message */
    int64_t run_ns;     /* ends after this; 0: when everything is sent */
    int64_t timeout_ns; /* for an ACK; 0: 20 s */
    unsigned tries;     /* of one message before the connection is given up; 0: 3 */
    unsigned
        failures_max; /* connections in a row without an answer, then a panel gives up; 0: never */
    int64_t supervision_ns;  /* a NULL message whenever it was silent for so long; 0: none */
    unsigned first_sequence; /* 0: 1 */
    bool without_time;       /* send no time stamps */
    bool quiet;              /* print nothing (sim_panel_main) */
};

struct sim_panel_stats {
    uint64_t sent, acked, resent, naks, duhs, strays, reconnects;
    struct latency latency; /* from the first byte out to the ACK in, without the retransmitted */
};

struct event_base;
struct sim_panels;

/* Panels on BASE; they begin with the loop. OPTIONS are copied but for the texts, which must
 * outlive them. TC_E_FORMAT with the step or account in INFO, TC_E_LIMIT, TC_E_NOMEM. */
enum tc_err sim_panels_new(struct event_base *base, const struct sim_panel_options *options,
                           struct sim_panels **ret, struct tc_errinfo *info) TC_MUST_USE;
/* NULL is fine; returns NULL. */
struct sim_panels *sim_panels_free(struct sim_panels *p);
const struct sim_panel_stats *sim_panels_stats(const struct sim_panels *p);
/* Everything sent and acknowledged (or refused), or the time is over. Calls the loop's end when it
 * becomes so. */
bool sim_panels_finished(const struct sim_panels *p);
/* Everything that was sent was acknowledged? */
bool sim_panels_all_acked(const struct sim_panels *p);

/* `tocsin simulate panel`: runs them until finished (or SIGINT, SIGTERM), prints each message and
 * its answer when there is one panel, and the figures at the end. 0 when all was acknowledged, 1
 * when not, 2 for bad options. */
int sim_panel_main(const struct sim_panel_options *options);
