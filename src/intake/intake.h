/* SPDX-License-Identifier: Apache-2.0 */
/* The process that meets the alarm network: panels' connections in, signals to core,
 * acknowledgements back. It opens no file and no socket, and sees no video. */
#pragma once

/* `tocsin worker intake`; returns the exit status. */
int intake_main(void);
