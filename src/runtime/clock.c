/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/clock.h"

#include <time.h>

static int64_t now_ns(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * TC_NS_PER_S + t.tv_nsec;
}

struct tc_wall clock_wall(void)
{
    return (struct tc_wall){.ns = now_ns(CLOCK_REALTIME)};
}

struct tc_mono clock_mono(void)
{
    return (struct tc_mono){.ns = now_ns(CLOCK_MONOTONIC)};
}
