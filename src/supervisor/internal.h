/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor's files share: the daemon's resources and the table of its processes. */
#pragma once

#include <event2/event.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/time.h"
#include "model/site.h"
#include "runtime/channel.h"
#include "runtime/messages.h"
#include "runtime/ring.h"
#include "supervisor/supervisor.h"

enum {
    WORKERS_MAX = 96,
    CAMERAS_PER_SHARD = 16,
    PING_EVERY_MS = 1000,
    HANG_AFTER_MS = 5000, /* without an answer to a ping */
    START_WITHIN_MS =
        30000, /* from the start to READY: recovery of a long archive takes its time */
    STEADY_AFTER_MS = 10000, /* a process that lived so long starts again at once */
    STOP_WITHIN_MS = 5000,
    LISTENS_MAX = SITE_RECEIVERS_MAX + 2,
    UNTOLD_MAX = 256,
    RELINK_EVERY_MS = 500,
    VIOLATION_EVERY_MS = 1000,
    CONNECTING_MAX = 2 * CAMERAS_PER_SHARD,
};

enum worker_state { WORKER_OFF, WORKER_STARTING, WORKER_READY, WORKER_WAITING, WORKER_STOPPING };

struct supervisor;

struct worker {
    struct supervisor *sup;
    enum tc_role role;
    unsigned instance;
    char label[TC_ROLE_LABEL_BYTES];
    enum worker_state state;
    pid_t pid;
    struct channel *control;
    struct event *ev_report; /* the pipe of the sandbox's signal handler */
    int report_fd;
    struct event *ev_restart;
    struct tc_mono started_at;
    struct tc_mono heard_at;
    struct tc_wall since;
    uint32_t starts;
    uint32_t quick_deaths; /* in a row, each before STEADY_AFTER_MS */
    bool wired;
    struct tc_mono relinked_at; /* when it last got a new link by its own wish */
    struct tc_mono violated_at; /* when core was last told of a forbidden call */
    unsigned connecting;        /* connections to cameras that are being made for it */
    char cause[MSG_TEXT_BYTES]; /* of the last death */
    struct tc_buf sandbox_json;
};

struct listener {
    enum msg_listen_what what;
    unsigned index;
    int fd;
    char address[MSG_NAME_BYTES];
};

struct volume {
    int fd; /* -1: could not be opened; err and text say why */
    enum tc_err err;
    char path[SITE_PATH_BYTES];
    char text[MSG_TEXT_BYTES];
};

struct password_seen;

struct supervisor {
    const struct supervisor_options *options;
    struct event_base *base;
    struct evdns_base *dns;
    struct site site;
    struct tc_buf config_text;
    uint8_t config_sha256[32];
    int config_fd; /* sealed memfd */
    int state_fd;
    int secrets_fd;
    struct timespec secrets_mtime;
    struct password_seen *passwords; /* one per user of the site */
    int lock_fd;
    uint32_t boot;
    bool root;
    struct tc_buf tls_key, tls_crt;
    struct tc_buf sandbox_json; /* what is enforced in the supervisor itself */
    struct tc_wall since;
    char fingerprint[3 * 32];
    struct listener listens[LISTENS_MAX];
    size_t listens_count;
    struct volume volumes[SITE_VOLUMES_MAX];
    struct ring_fds *rings; /* one per camera */
    struct worker workers[WORKERS_MAX];
    size_t workers_count;
    struct event *ev_sigchld, *ev_sigterm, *ev_sigint, *ev_ping, *ev_end, *ev_stop_limit;
    struct msg_process_state untold[UNTOLD_MAX]; /* waits for core */
    size_t untold_count;
    uint64_t ping_number;
    bool announced; /* `ready` was printed */
    bool stopping;
    int status;
};

/* state.c: the state directory, the lock, the boot counter, secrets, TLS key and certificate */
enum tc_err state_open(struct supervisor *s, struct tc_errinfo *info) TC_MUST_USE;
void state_close(struct supervisor *s);
enum tc_err tls_open(struct supervisor *s, struct tc_errinfo *info) TC_MUST_USE;

/* resources.c: listeners, volumes, rings, the configuration's memfd */
enum tc_err resources_open(struct supervisor *s, struct tc_errinfo *info) TC_MUST_USE;
void resources_close(struct supervisor *s);

/* spawn.c: processes */
enum tc_err worker_start(struct worker *w, struct tc_errinfo *info) TC_MUST_USE;
void worker_kill(struct worker *w, const char *cause);
struct worker *worker_find(struct supervisor *s, enum tc_role role, unsigned instance);

/* wire.c: what a worker gets before GO, and its links */
enum tc_err worker_equip(struct worker *w, struct tc_errinfo *info) TC_MUST_USE;
enum tc_err worker_wire(struct worker *w, struct tc_errinfo *info) TC_MUST_USE;
/* A new link between two that should have one and live; another one of it is dropped by both ends.
 */
void worker_relink(struct worker *w, struct worker *peer);
enum tc_err worker_send_password(struct worker *core, const char *user,
                                 struct tc_slice hash) TC_MUST_USE;

/* passwords.c: tells core what `tocsin user` changed since the last look. */
void passwords_look(struct supervisor *s);

/* connect.c: connections to cameras */
void connect_camera(struct worker *capture, const struct msg_connect *wish);

/* health.c */
void health_send(struct supervisor *s);
void health_metrics(struct supervisor *s, const struct worker *from, struct tc_slice text);
/* Tells core what became of a process; kept while core is away, its own deaths too. */
void health_tell(struct supervisor *s, const struct worker *w, enum msg_process_what what,
                 const char *text);
void health_tell_untold(struct supervisor *s);
