/* SPDX-License-Identifier: Apache-2.0 */
/* The process that keeps the video: reads the rings, writes, holds and deletes recordings, hands
 * out clips when core orders it. It sees no network; its directories are the state directory and
 * the volumes. */
#pragma once

/* `tocsin worker archive`; returns the exit status. */
int archive_main(void);
