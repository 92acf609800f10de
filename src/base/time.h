/* SPDX-License-Identifier: Apache-2.0 */
/* Three kinds of time that the compiler does not let anybody mix, all in nanoseconds:
 *   tc_wall    UTC since 1970 by this machine's clock; may step
 *   tc_mono    since boot by CLOCK_MONOTONIC; never steps, says nothing about the date
 *   tc_device  UTC since 1970 as a device's own clock claims it; never trusted before correction
 * Reading a clock is for the system rooms; this room only converts and prints. 0 means "not known".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct tc_wall {
    int64_t ns;
};
struct tc_mono {
    int64_t ns;
};
struct tc_device {
    int64_t ns;
};

#define TC_NS_PER_US INT64_C(1000)
#define TC_NS_PER_MS INT64_C(1000000)
#define TC_NS_PER_S  INT64_C(1000000000)

enum { TC_TIME_TEXT_BYTES = 40 };

/* "2026-11-22T12:05:09.123456Z"; microseconds, UTC. "" for 0. OUT holds TC_TIME_TEXT_BYTES. Returns
 * OUT. */
const char *tc_wall_format(struct tc_wall t, char *out);
/* RFC 3339 (any offset, up to nanoseconds). TC_E_FORMAT or TC_E_RANGE, *RET unchanged then. */
enum tc_err tc_wall_parse(struct tc_slice text, struct tc_wall *ret) TC_MUST_USE;

/* Proleptic Gregorian civil time in UTC; month 1..12, day 1..31. No leap seconds (POSIX time). */
struct tc_civil {
    int year, month, day, hour, minute, second;
    int32_t nanosecond;
};
struct tc_civil tc_civil_of(int64_t unix_ns);
/* TC_E_RANGE for a date that does not exist (second 60 is taken as 59). *RET unchanged then. */
enum tc_err tc_civil_to_ns(const struct tc_civil *c, int64_t *ret_ns) TC_MUST_USE;

/* "10s", "50ms", "3m", "2h", "30d", a bare "0". *RET in nanoseconds, never negative. */
enum tc_err tc_duration_parse(struct tc_slice text, int64_t *ret_ns) TC_MUST_USE;
/* The shortest exact form: "90s" prints as "90s", 60 s as "1m". OUT holds TC_TIME_TEXT_BYTES.
 * Returns OUT. */
const char *tc_duration_format(int64_t ns, char *out);
