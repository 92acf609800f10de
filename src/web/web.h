/* SPDX-License-Identifier: Apache-2.0 */
/* The process that meets the operators' network: HTTPS, WebSockets, the local socket of the verbs.
 * It carries requests to core and sends from descriptors that it is handed; it opens no file, holds
 * no password hash and no device's secret, and decides about nobody. */
#pragma once

/* `tocsin worker web`; returns the exit status. */
int web_main(void);
