/* SPDX-License-Identifier: Apache-2.0 */
/* OpenMetrics texts of several processes as one: a family that several processes report (each shard
 * of capture has its cameras) must stand in one piece, its TYPE and HELP once. */
#pragma once

#include <stddef.h>

#include "base/buf.h"

/* Appends the families of TEXTS in their order of first appearance. Lines before the first "# TYPE"
 * or "# HELP" are left out, and so is "# EOF". */
void web_metrics_merge(const struct tc_slice *texts, size_t count, struct tc_buf *out);
