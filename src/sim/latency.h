/* SPDX-License-Identifier: Apache-2.0 */
/* Many durations in little room: buckets of 1/16 of a power of two, so that a percentile is at most
 * 6 % too high. */
#pragma once

#include <stdint.h>

enum { LATENCY_BUCKETS = 64 * 16 };

struct latency {
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t count;
    int64_t max_ns;
};

void latency_add(struct latency *l, int64_t ns);
/* The duration that PERCENT (0 to 100) of them do not exceed; 0 when there are none. */
int64_t latency_percentile(const struct latency *l, double percent);
