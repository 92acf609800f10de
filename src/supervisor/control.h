/* SPDX-License-Identifier: Apache-2.0 */
/* What workers tell the supervisor; the context of the channel is the struct worker. */
#pragma once

#include "runtime/channel.h"

extern const struct channel_ops control_ops;
