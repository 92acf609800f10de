/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: opens what the others may not open, starts them, watches them, starts them again.
 *
 * It reads no byte from any network but DNS answers. It gives each process its links, sockets,
 * directories, rings and only its own secrets (ARCHITECTURE.md, "Processes"), takes heartbeats,
 * kills what hangs, restarts with back-off, and tells core about each of these so that they are on
 * the record. */
#pragma once

#include "base/err.h"

struct supervisor_options {
    const char *site_file; /* path of site.yaml */
    const char *state_dir; /* made when missing */
    const char *program;   /* what to execute for a worker: /proc/self/exe */
    int run_for_s;         /* stop by itself after so long; 0: never */
    /* Called once, in the supervisor, when every process is ready. May be NULL. */
    void (*on_ready)(void *ctx, const char *url, const char *fingerprint);
    void *ctx;
};

/* Runs the daemon in the foreground until SIGTERM, SIGINT, or the time is over. Returns the exit
 * status: 0 orderly, 1 when it could not start (said on stderr). */
int supervisor_run(const struct supervisor_options *options);
