/* SPDX-License-Identifier: Apache-2.0 */
/* What a journal entry can say: its kinds and its fields, with the numbers that stand in the
 * journal.
 *
 * An entry is a header (record/entry.h) and a body of fields. Numbers here are for ever: a row may
 * be added, never renumbered, and a row that falls out of use stays. An *input* is something that
 * happened outside the core (a signal, a click, a timer); a *decision* is what the core concluded
 * from an input, and names it as its cause. Replay folds both and decides nothing again. */
#pragma once

#include <stdint.h>

/* name, number, input (1) or decision (0), text for lists */
#define RECORD_KIND_LIST(X)                                                                        \
    X(START, 1, 1, "core started")                                                                 \
    X(CONFIG, 2, 1, "configuration")                                                               \
    X(SIGNAL, 3, 1, "signal")                                                                      \
    X(FAULT, 4, 1, "fault reported by a process")                                                  \
    X(TIMER, 5, 1, "timer")                                                                        \
    X(DURABLE, 6, 1, "entries made durable")                                                       \
    X(CAMERA, 7, 1, "camera state")                                                                \
    X(PROCESS, 8, 1, "process state")                                                              \
    X(LOGIN, 9, 1, "login")                                                                        \
    X(LOGOUT, 10, 1, "logout")                                                                     \
    X(OP_PICKUP, 11, 1, "operator asks to pick up")                                                \
    X(OP_CLOSE, 12, 1, "operator asks to close")                                                   \
    X(OP_NOTE, 13, 1, "operator's note")                                                           \
    X(OP_SHOWN, 14, 1, "shown on a screen")                                                        \
    X(OP_VIEWED, 15, 1, "video viewed")                                                            \
    X(OP_CLIP, 16, 1, "clip requested")                                                            \
    X(CONFIRMED, 17, 1, "action confirmed")                                                        \
    X(FAILED, 18, 1, "action failed")                                                              \
    X(CLIP_STATE, 19, 1, "clip's recorded extent")                                                 \
    X(USER, 20, 1, "user account changed")                                                         \
    X(DENIED, 21, 1, "request denied")                                                             \
    X(EVENT, 40, 0, "event")                                                                       \
    X(ALARM_RAISED, 41, 0, "alarm raised")                                                         \
    X(ALARM_REPEATED, 42, 0, "alarm repeated")                                                     \
    X(ALARM_NORMAL, 43, 0, "alarm's condition returned to normal")                                 \
    X(INCIDENT_OPENED, 44, 0, "incident opened")                                                   \
    X(INCIDENT_JOINED, 45, 0, "alarm joined an incident")                                          \
    X(CORRELATED, 46, 0, "cameras chosen")                                                         \
    X(COMMANDED, 47, 0, "action commanded")                                                        \
    X(PICKED_UP, 48, 0, "incident picked up")                                                      \
    X(RESOLVED, 49, 0, "incident resolved")                                                        \
    X(CLOSED, 50, 0, "incident closed")                                                            \
    X(NOTED, 51, 0, "note added")                                                                  \
    X(BOOKMARK, 52, 0, "bookmark")                                                                 \
    X(NOTIFIED, 53, 0, "people notified")                                                          \
    X(REFUSED, 54, 0, "operator's wish refused")                                                   \
    X(PHASE, 55, 0, "phase of an incident reached")

/* name, number, type (I64: signed integer, TEXT: UTF-8 or Windows bytes as they came, BYTES), JSON
 * name */
#define RECORD_FIELD_LIST(X)                                                                       \
    X(SOURCE, 1, TEXT, "source") /* receiver, process or console that spoke */                     \
    X(PANEL, 2, TEXT, "panel")                                                                     \
    X(ACCOUNT, 3, TEXT, "account")                                                                 \
    X(PEER, 4, TEXT, "peer") /* address of the other side */                                       \
    X(PROTOCOL, 5, TEXT, "protocol")                                                               \
    X(TOKEN, 6, TEXT, "token")      /* protocol's message class, e.g. SIA-DCS */                   \
    X(SEQUENCE, 7, I64, "sequence") /* the sender's own number */                                  \
    X(RAW, 8, BYTES, "raw")                                                                        \
    X(DEVICE_AT, 9, I64, "device_at")      /* tc_device, ns */                                     \
    X(RECEIVED_AT, 10, I64, "received_at") /* tc_wall, ns */                                       \
    X(DUPLICATE_OF, 11, I64, "duplicate_of")                                                       \
    X(CODE, 12, TEXT, "code") /* the source's own code */                                          \
    X(TEXT, 13, TEXT, "text")                                                                      \
    X(TYPE, 14, I64, "type")   /* enum ev_type */                                                  \
    X(STATE, 15, I64, "state") /* enum ev_state */                                                 \
    X(ZONE, 16, TEXT, "zone")                                                                      \
    X(AREA, 17, TEXT, "area")                                                                      \
    X(POINT, 18, TEXT, "point")                                                                    \
    X(USER, 19, TEXT, "user")                                                                      \
    X(CAMERA, 20, TEXT, "camera")                                                                  \
    X(PRIORITY, 21, I64, "priority")                                                               \
    X(ALARM, 22, I64, "alarm")                                                                     \
    X(INCIDENT, 23, I64, "incident")                                                               \
    X(ACTION, 24, I64, "action") /* seq of the COMMANDED entry */                                  \
    X(VERB, 25, TEXT, "verb")    /* what is commanded: record, bookmark, notify */                 \
    X(FROM, 26, I64, "from")     /* ns, wall */                                                    \
    X(TO, 27, I64, "to")                                                                           \
    X(ASKED_FROM, 28, I64, "asked_from")                                                           \
    X(ASKED_TO, 29, I64, "asked_to")                                                               \
    X(COUNT, 30, I64, "count")                                                                     \
    X(OUTCOME, 31, TEXT, "outcome")                                                                \
    X(REASON, 32, TEXT, "reason")                                                                  \
    X(RULE, 33, TEXT, "rule")                                                                      \
    X(HASH, 34, BYTES, "hash")                                                                     \
    X(BODY, 35, BYTES, "body") /* a configuration's text */                                        \
    X(UPTO, 36, I64, "upto")   /* last seq a commit made durable */                                \
    X(AT, 37, I64, "at")       /* when the thing told of happened, wall ns */                      \
    X(DUE, 38, I64, "due")                                                                         \
    X(TIMER, 39, I64, "timer") /* enum decide_timer */                                             \
    X(PROCESS, 40, TEXT, "process")                                                                \
    X(UP, 41, I64, "up") /* 1 or 0 */                                                              \
    X(CAUSE_TEXT, 42, TEXT, "cause_text")                                                          \
    X(ROLE, 43, TEXT, "role")                                                                      \
    X(CAMERAS, 44, TEXT, "cameras") /* ids, separated by blanks, nearest first */                  \
    X(PHASE, 45, I64, "phase")      /* enum incident_phase */                                      \
    X(VERSION, 46, TEXT, "version")                                                                \
    X(UNTIL_NORMAL, 47, I64, "until_normal")                                                       \
    X(BYTES, 48, I64, "bytes")                                                                     \
    X(DIGEST, 49, BYTES, "digest") /* identity of a signal, to know a retransmission */            \
    X(GAPS, 50, TEXT, "gaps")                                                                      \
    X(UNMAPPED, 51, I64, "unmapped") /* 1: the code is in no table */                              \
    X(ITEM, 52, TEXT, "item")        /* what a fault is about: a volume, a port, a file */         \
    X(BOOT, 53, I64, "boot")                                                                       \
    X(LEVEL, 54, I64, "level")                                                                     \
    X(EVENT, 55, I64, "event") /* seq of an EVENT entry */                                         \
    X(CLASS, 56, I64, "class") /* enum ev_class */                                                 \
    X(WIDTH, 57, I64, "width")                                                                     \
    X(HEIGHT, 58, I64, "height")                                                                   \
    X(CODEC, 59, TEXT, "codec")                                                                    \
    X(FORCED, 60, I64, "forced") /* 1: closed though an alarm was active */

enum record_kind {
#define X(name, number, input, text) RK_##name = number,
    RECORD_KIND_LIST(X)
#undef X
};

enum record_field {
#define X(name, number, type, json) RF_##name = number,
    RECORD_FIELD_LIST(X)
#undef X
};

enum { RECORD_KIND_MAX = 64, RECORD_FIELD_MAX = 64 };
