/* SPDX-License-Identifier: Apache-2.0 */
/* Watching the workers: deaths, heartbeats, restarts with back-off, the orderly end. */
#pragma once

#include "supervisor/internal.h"

/* Signals, the heartbeat timer, the end of a limited run. */
enum tc_err watch_start(struct supervisor *s, struct tc_errinfo *info) TC_MUST_USE;
void watch_done(struct supervisor *s);
/* Prints the `ready` line, once, when every process is ready. */
void watch_announce(struct supervisor *s);
/* Begins the orderly end: the sources first, core when they are gone, the loop ends with the last.
 */
void watch_stop(struct supervisor *s, int status);
