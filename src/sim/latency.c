/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/latency.h"

#include <stddef.h>

/* The power of two below, and the four bits behind its leading one. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < 16)
        return (size_t)ns;
    unsigned power = 63 - (unsigned)__builtin_clzll(ns);
    return (size_t)(power - 3) * 16 + (size_t)(ns >> (power - 4) & 15);
}

/* The largest value of the bucket. */
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < 16)
        return bucket;
    unsigned power = (unsigned)(bucket / 16) + 3;
    return ((16 + bucket % 16 + 1) << (power - 4)) - 1;
}

void latency_add(struct latency *l, int64_t ns)
{
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
    l->buckets[bucket_of(v)]++;
    l->count++;
    if (ns > l->max_ns)
        l->max_ns = ns;
}

int64_t latency_percentile(const struct latency *l, double percent)
{
    uint64_t wanted = (uint64_t)((double)l->count * percent / 100.0 + 0.999999);
    uint64_t sum = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS && l->count > 0; i++) {
        sum += l->buckets[i];
        if (sum >= wanted && sum > 0) {
            int64_t end = (int64_t)bucket_end(i);
            return end < l->max_ns ? end : l->max_ns;
        }
    }
    return 0;
}
