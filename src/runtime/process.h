/* SPDX-License-Identifier: Apache-2.0 */
/* What every worker process is made of, so that a reader learns it once.
 *
 * The supervisor executes `tocsin worker ROLE` with two descriptors: PROCESS_CONTROL_FD, a message
 * link to itself, and PROCESS_REPORT_FD, a pipe that the sandbox's signal handler may write to.
 * Over the link come, in any order, SETUP, CONFIG, LINK, LISTEN, DIR, SECRET, RING, and then GO.
 * process_run collects them, calls `prepare` (still free: open databases, take descriptors), closes
 * the sandbox, calls `start`, answers READY and runs the loop until STOP, until the supervisor is
 * gone, or until process_stop. After GO the supervisor may send a new LINK when a peer was
 * restarted (`on_link`), RINGs, and SECRETs.
 *
 * Invariants: one per process; everything runs on the loop's thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/buf.h"
#include "model/role.h"
#include "runtime/channel.h"
#include "runtime/messages.h"

enum { PROCESS_CONTROL_FD = 3, PROCESS_REPORT_FD = 4 };
enum { PROCESS_LINKS_MAX = 96, PROCESS_LISTENS_MAX = 64, PROCESS_DIRS_MAX = 34 };

struct event_base;
struct process;

struct process_listen {
    enum msg_listen_what what;
    unsigned index;
    int fd; /* a listening, non-blocking socket; -1: taken */
    char address[MSG_NAME_BYTES];
};

struct process_dir {
    enum msg_dir_what what;
    unsigned index;
    int fd; /* -1 with err when the supervisor could not open it */
    enum tc_err err;
    char path[MSG_TEXT_BYTES];
};

struct process_secret {
    char name[MSG_NAME_BYTES];
    struct tc_buf value;
};

struct process_ops {
    enum tc_role role;
    size_t queue_max_bytes; /* of each link: what may wait for a peer that reads slowly; 0:
                               channel.h's own */
    /* Before the sandbox closes. P holds configuration, directories, listeners and secrets. May be
     * NULL. */
    enum tc_err (*prepare)(struct process *p, struct tc_errinfo *info);
    /* Behind the sandbox, before READY: events on listeners, first messages to peers. May be NULL.
     */
    enum tc_err (*start)(struct process *p, struct tc_errinfo *info);
    /* Messages of peers, for channels that process_run makes; contexts are P (see process_user). */
    const struct channel_handler *handlers;
    /* Messages of the supervisor beyond the skeleton's own (RING, CONNECTED, HEALTH,
     * PROCESS_STATE...). */
    const struct channel_handler *control_handlers;
    /* A link to PEER is there (also those from before GO, told right after `start`). May be NULL.
     */
    void (*on_link)(struct process *p, struct channel *peer);
    /* A link is gone; the channel is freed after the call. A new one comes when the peer lives. May
     * be NULL. */
    void (*on_unlink)(struct process *p, struct channel *peer);
    /* A secret came or changed after GO. May be NULL. */
    void (*on_secret)(struct process *p, const struct process_secret *secret);
    /* Appends this process's OpenMetrics lines; asked every 5 s. May be NULL. */
    void (*metrics)(struct process *p, struct tc_buf *out);
    /* The last act, the loop has ended: flush, close. May be NULL. */
    void (*stop)(struct process *p);
};

/* Runs the process; returns its exit status: 0 after STOP, 1 after an error (logged). */
int process_run(const struct process_ops *ops, void *user);

void *process_user(const struct process *p);
struct event_base *process_base(const struct process *p);
const struct msg_setup *process_setup(const struct process *p);
/* Where this process's numbers for its questions begin: each start has 2^40 of its own. */
uint64_t process_first_id(const struct process *p);
/* "core", "capture-1". */
const char *process_label(const struct process *p);
/* The text of site.yaml, mapped read-only for the life of the process, and its SHA-256. */
struct tc_slice process_config(const struct process *p);
const uint8_t *process_config_sha256(const struct process *p);
/* The link to a role (any instance / this one), or NULL while there is none. */
struct channel *process_link(const struct process *p, enum tc_role peer);
struct channel *process_link_instance(const struct process *p, enum tc_role peer,
                                      unsigned instance);
/* Every link to a role in turn: *CURSOR starts at 0; NULL at the end. */
struct channel *process_link_next(const struct process *p, enum tc_role peer, unsigned *cursor);
/* Closes a link whose peer does not read, and asks for another: both sides begin anew (on_unlink,
 * on_link). */
void process_link_renew(struct process *p, enum tc_role peer, unsigned instance);
struct channel *process_control(const struct process *p);
/* Listeners and directories, index 0.. ; NULL behind the last. Taking an fd: set the field to -1.
 */
struct process_listen *process_listen_at(struct process *p, unsigned index);
struct process_dir *process_dir_at(struct process *p, unsigned index);
/* The secret's value, or an empty slice with ptr NULL. Borrowed until the secret changes. */
struct tc_slice process_secret(const struct process *p, const char *name);
/* Every secret in turn: *CURSOR starts at 0; NULL at the end. */
const struct process_secret *process_secret_next(const struct process *p, unsigned *cursor);
/* A sign of life from within long work in prepare or start, before READY: the supervisor goes on
 * waiting. */
void process_alive(struct process *p);
/* Ends the loop; process_run returns STATUS. */
void process_stop(struct process *p, int status);

/* Tells core that something is wrong (ACTIVE 1), over (0), or happened (2): see struct msg_fault.
 * Kept and sent when core's link is back if there is none. At most one a second and ITEM leaves,
 * the rest are counted. TYPE is an enum ev_type. */
void process_fault(struct process *p, unsigned type, unsigned active, const char *item,
                   const char *fmt, ...) TC_PRINTF(5, 6);
