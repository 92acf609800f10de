/* SPDX-License-Identifier: Apache-2.0 */
/* A complete simulated site in a temporary folder: cameras, a panel, a configuration, a one-time
 * password. The daemon that runs it is the real one; main.c starts it with what demo_prepare made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { DEMO_PATH_BYTES = 256, DEMO_PASSWORD_BYTES = 40 };

struct demo_options {
    unsigned cameras; /* 1..64 */
    uint16_t port;    /* of the console; 0: 8443, or a free one when that is taken */
    const char *dir;  /* NULL: a temporary folder that is removed at the end */
};

struct demo {
    char dir[DEMO_PATH_BYTES];
    char site_file[DEMO_PATH_BYTES];
    char state_dir[DEMO_PATH_BYTES];
    char password[DEMO_PASSWORD_BYTES]; /* of the user "guard", good for one sign-in */
    uint16_t console_port, receiver_port, camera_port;
    pid_t cameras_pid, panel_pid;
    int start_fd; /* closed when the panel may begin */
    bool remove_dir;
};

/* Makes the folder, the configuration and the secrets, and starts the simulated cameras and
 * (waiting) the panel as processes of their own, which die with this one. What was made before a
 * failure is ended by demo_done. */
enum tc_err demo_prepare(struct demo *d, const struct demo_options *options,
                         struct tc_errinfo *info) TC_MUST_USE;
/* The daemon is ready: prints where to go and with which password, and lets the panel begin. */
void demo_announce(struct demo *d, const char *url, const char *fingerprint);
/* Ends the simulated devices and removes the temporary folder. */
void demo_done(struct demo *d);
