/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clocks. Pure rooms get times as arguments; only system rooms call these. */
#pragma once

#include "base/time.h"

/* The time of day (may jump), and the time that only goes forward (for durations and time-outs). */
struct tc_wall clock_wall(void);
struct tc_mono clock_mono(void);
