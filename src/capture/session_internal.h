/* SPDX-License-Identifier: Apache-2.0 */
/* Between session.c (the conversation) and session_media.c (the stream). */
#pragma once

#include "capture/session.h"

void session_end(struct session *s, enum session_cause cause, const char *fmt, ...) TC_PRINTF(3, 4);
/* The stream's decoder and clock, set up from the description. */
void session_media_init(struct session *s, uint32_t clock_hz, struct tc_slice fmtp);
/* An interleaved frame. */
void session_media_frame(struct session *s, const struct rtsp_interleaved *frame);
