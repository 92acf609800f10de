/* SPDX-License-Identifier: Apache-2.0 */
/* The process that meets the camera network: RTSP and RTP in, frames into rings. It opens no file
 * and no socket, and never sees what its frames become. Shards of some cameras each (the supervisor
 * says which by giving it their rings). */
#pragma once

/* `tocsin worker capture`; returns the exit status. */
int capture_main(void);
