/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clocks. Pure rooms get times as arguments; only system rooms call these. */
#pragma once

#include "base/time.h"

struct tc_wall clock_wall(void);
struct tc_mono clock_mono(void);
