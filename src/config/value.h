/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with units and forms, as the configuration writes them. Each function takes the whole text
 * and writes *RET only on success; TC_E_FORMAT when it is not of the form, TC_E_RANGE when the
 * number is too large. */
#pragma once

#include "model/site.h"

/* "50 GB", "2GiB", "512 B": B kB MB GB TB (thousands), KiB MiB GiB TiB (1024), case as written or
 * all small. */
enum tc_err value_bytes(struct tc_slice text, uint64_t *ret_bytes) TC_MUST_USE;
/* "12m", "1.5 m", "80 cm", "350mm", "40 ft"; at most 100 km. */
enum tc_err value_distance(struct tc_slice text, uint32_t *ret_mm) TC_MUST_USE;
/* "10.20.0.5:12128", "[fe80::1]:443": a numeric address and a port. */
enum tc_err value_listen(struct tc_slice text, struct site_addr *ret) TC_MUST_USE;
/* rtsp://host[:port]/path or rtsps://..., printable ASCII. TC_E_DENIED: it holds a user or a
 * password; TC_E_UNSUPPORTED: another scheme; TC_E_LIMIT: too long. */
enum tc_err value_rtsp_url(struct tc_slice text, struct site_url *ret) TC_MUST_USE;
/* "America/New_York", "UTC": the form of an IANA name; whether this machine knows it is not asked.
 */
bool value_timezone_ok(struct tc_slice text);
/* An absolute path without "." or ".." parts, empty parts or a "/" at its end. */
bool value_path_ok(struct tc_slice text);
