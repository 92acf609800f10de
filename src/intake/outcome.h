/* SPDX-License-Identifier: Apache-2.0 */
/* What can become of a frame: one table gives each outcome its reply, its name in /metrics and its
 * fault. */
#pragma once

#include "model/event_type.h"

enum outcome_reply {
    REPLY_WHEN_DURABLE, /* to core; acknowledged when core says that it is durable */
    REPLY_NAK,
    REPLY_DUH,
    REPLY_NONE, /* the panel times out, sends again, and then uses its second path */
};

/* name, reply, label in /metrics, event type of the fault (NONE: none), text of the fault */
#define OUTCOME_LIST(X)                                                                            \
    X(GOOD, WHEN_DURABLE, "good", NONE, "")                                                        \
    X(BAD_CRC, NONE, "bad_crc", SUPERVISION_COMM_TROUBLE,                                          \
      "a frame with a wrong CRC; the panel sends it again. Check the line if it goes on")          \
    X(BAD_LENGTH, NONE, "bad_length", SUPERVISION_COMM_TROUBLE,                                    \
      "a frame with a wrong length; the panel sends it again. Check the line if it goes on")       \
    X(MALFORMED, NONE, "malformed", SUPERVISION_COMM_TROUBLE, "a frame that is no DC-09 message")  \
    X(UNKNOWN_ACCOUNT, NONE, "unknown_account", SUPERVISION_COMM_TROUBLE,                          \
      "a signal for an account that no panel has: add it under panels in site.yaml, or stop the "  \
      "sender")                                                                                    \
    X(ENCRYPTED, NONE, "encrypted", SUPERVISION_COMM_TROUBLE,                                      \
      "an encrypted signal, which cannot be read: set the panel to send in clear")                 \
    X(IN_CLEAR, NONE, "in_clear", SUPERVISION_TAMPER,                                              \
      "a signal in clear from a panel that has a key: refused. Remove the panel's key in "         \
      "site.yaml if it cannot encrypt")                                                            \
    X(BAD_TIME, NAK, "bad_time", SUPERVISION_COMM_TROUBLE,                                         \
      "a signal whose time is not within 40 s behind and 20 s ahead of ours: refused with our "    \
      "time. Set the panel's clock")                                                               \
    X(UNSUPPORTED, DUH, "unsupported", SUPERVISION_COMM_TROUBLE,                                   \
      "a message class that is not read here: set the panel to SIA-DCS or ADM-CID")                \
    X(TOO_MANY_EVENTS, DUH, "too_many_events", SUPERVISION_COMM_TROUBLE,                           \
      "more events in one message than are taken")                                                 \
    X(STRAY_REPLY, NONE, "stray_reply", NONE, "")

enum outcome {
#define X(name, reply, label, fault, text) OUTCOME_##name,
    OUTCOME_LIST(X)
#undef X
        OUTCOME_COUNT
};

struct outcome_row {
    enum outcome_reply reply;
    const char *label;
    enum ev_type fault;
    const char *text;
};

extern const struct outcome_row outcome_rows[OUTCOME_COUNT];
