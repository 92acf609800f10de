/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the receiver: its connections and counters. Not for other files than receiver*.c and
 * conn.c. */
#pragma once

#include <event2/util.h>

#include "intake/pending.h"
#include "intake/receiver.h"
#include "intake/signal.h"
#include "proto/dc09.h"

struct event;

enum {
    CONN_IN_BYTES = 2 * DC09_FRAME_BYTES_MAX,
    CONN_OUT_BYTES = 4096,
    CONN_PEER_BYTES = 64,
    HISTOGRAM_BUCKETS = 10,
};

struct conn {
    struct receiver *receiver;
    uint32_t slot;
    uint32_t generation; /* of the slot: a late acknowledgement must not go to its next user */
    int fd;
    struct event *ev_read, *ev_write;
    uint32_t listen; /* index in listens */
    char peer[CONN_PEER_BYTES];
    bool known;  /* has sent a good frame of a known account */
    bool eof;    /* the panel has closed its side; it still gets its replies */
    bool held;   /* not read: too much waits for core */
    bool dirty;  /* in the list of those to be written at the end of a burst */
    bool broken; /* to be closed by conn_settle */
    uint32_t outstanding;
    struct tc_mono opened, last_good, partial_since, stuck_since; /* 0: not so */
    size_t junk_bytes;
    size_t in_len, out_len;
    uint8_t in[CONN_IN_BYTES];
    uint8_t out[CONN_OUT_BYTES];
};

struct receiver_listener {
    struct receiver *receiver;
    int fd;
    struct event *ev;
    uint32_t index;
    bool resting; /* no descriptors left: tried again at the next sweep */
    char name[MSG_NAME_BYTES];
};

/* What an account may send now, in signals times nanoseconds of a second: a bucket that fills with
 * time. */
struct panel_rate {
    struct tc_mono at;
    int64_t used_ns; /* of the second's room, PANEL_SIGNALS_PER_S parts of a second each */
};

struct receiver_counters {
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t acks, naks, duhs;
    uint64_t accepted, refused, evicted, timed_out;
    uint64_t bytes_in, junk_bytes;
    uint64_t throttled;    /* times that an account had to wait for its rate */
    uint64_t resent, late; /* sent again to a new link; durable after its connection had gone */
    uint64_t latency[HISTOGRAM_BUCKETS + 1];
    int64_t latency_sum_ns;
};

struct receiver {
    struct event_base *base;
    const struct site *site;
    struct receiver_ops ops;
    struct receiver_listener listens[RECEIVER_LISTENS_MAX];
    size_t listens_count;
    struct conn *conns[RECEIVER_CONNS_MAX];
    uint32_t generations[RECEIVER_CONNS_MAX];
    size_t conns_count;
    uint32_t dirty[RECEIVER_CONNS_MAX]; /* slots with output to write at the end of a burst */
    size_t dirty_count;
    uint32_t held[RECEIVER_CONNS_MAX]; /* slots that wait for room, oldest first */
    size_t held_count;
    struct tc_mono asked_again;
    struct event *thaw;       /* armed when somebody waits for its rate */
    struct panel_rate *rates; /* one per panel of the site */
    struct pending_ring pending;
    struct signal_room room;
    struct tc_buf reply;
    struct receiver_counters n;
};

extern const int64_t receiver_bucket_ns[HISTOGRAM_BUCKETS];

/* A new connection on an accepted socket (taken). */
void conn_open(struct receiver *r, uint32_t listen, int fd);
void conn_close(struct conn *c);
/* Reads the frames it has as far as there is room for signals; else it is held. */
void conn_process(struct conn *c);
/* Appends a reply; the bytes leave with conn_flush. */
void conn_reply(struct conn *c, struct tc_slice reply);
/* Writes what it has. */
void conn_flush(struct conn *c);
/* The last act of everything that was done with a connection: closes it when it is broken or
 * finished; false then. */
bool conn_settle(struct conn *c);
/* Reads on after there was no room. */
void conn_resume(struct conn *c);
/* Closes it when its time is over. */
void conn_sweep(struct conn *c, struct tc_mono now);

/* Takes one signal's part of what panel PANEL may send. False: nothing left, wait. */
bool receiver_rate_take(struct receiver *r, uint32_t panel, struct tc_mono now);

/* Sends to core what is unsent, as far as the link takes it. */
void receiver_pump(struct receiver *r);
