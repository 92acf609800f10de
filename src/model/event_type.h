/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of event types: what a normalised event can be, and what follows from that alone.
 *
 * One row per type. Its number is written into the journal for ever: a number is never changed and
 * never used again, a new type takes the next free one of its class (class * 100 + n). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* number (times 100), enum, name */
#define EV_CLASS_LIST(X)                                                                           \
    X(1, INTRUSION, "intrusion")                                                                   \
    X(2, FIRE, "fire")                                                                             \
    X(3, DURESS, "duress")                                                                         \
    X(4, ACCESS, "access")                                                                         \
    X(5, ENV, "env")                                                                               \
    X(6, VIDEO, "video")                                                                           \
    X(7, THERMAL, "thermal")                                                                       \
    X(8, LPR, "lpr")                                                                               \
    X(9, POS, "pos")                                                                               \
    X(10, SUPERVISION, "supervision")                                                              \
    X(11, AREA, "area")                                                                            \
    X(12, SYSTEM, "system")

/* How a type behaves: INSTANT has no restoral; STATE is active until it is restored; LATCH is a
 * STATE that stays active until it is reset where it was raised (a panel's own restoral is such a
 * reset, a bare contact that closes again is not).
 *
 * number, enum, name, default priority (1 the most urgent, 5 information), behaviour */
#define EV_TYPE_LIST(X)                                                                            \
    X(101, INTRUSION_MOTION, "intrusion.motion", 3, STATE)                                         \
    X(102, INTRUSION_CONTACT, "intrusion.contact", 3, STATE)                                       \
    X(103, INTRUSION_GLASSBREAK, "intrusion.glassbreak", 3, STATE)                                 \
    X(104, INTRUSION_VIBRATION, "intrusion.vibration", 3, STATE)                                   \
    X(105, INTRUSION_PERIMETER, "intrusion.perimeter", 3, STATE)                                   \
    X(106, INTRUSION_BEAM, "intrusion.beam", 3, STATE)                                             \
    X(107, INTRUSION_MICROWAVE, "intrusion.microwave", 3, STATE)                                   \
    X(108, INTRUSION_DUALTECH, "intrusion.dualtech", 3, STATE)                                     \
    X(201, FIRE_SMOKE, "fire.smoke", 1, LATCH)                                                     \
    X(202, FIRE_HEAT, "fire.heat", 1, LATCH)                                                       \
    X(203, FIRE_FLAME, "fire.flame", 1, LATCH)                                                     \
    X(204, FIRE_CO, "fire.co", 1, LATCH)                                                           \
    X(205, FIRE_GAS, "fire.gas", 1, LATCH)                                                         \
    X(206, FIRE_PULL, "fire.pull", 1, LATCH)                                                       \
    X(207, FIRE_WATERFLOW, "fire.waterflow", 1, LATCH)                                             \
    X(208, FIRE_SUPERVISORY, "fire.supervisory", 4, STATE)                                         \
    X(209, FIRE_TROUBLE, "fire.trouble", 4, STATE)                                                 \
    X(301, DURESS_PANIC, "duress.panic", 1, LATCH)                                                 \
    X(302, DURESS_HOLDUP, "duress.holdup", 1, LATCH)                                               \
    X(303, DURESS_MEDICAL, "duress.medical", 1, LATCH)                                             \
    X(304, DURESS_CODE, "duress.code", 1, INSTANT)                                                 \
    X(305, DURESS_LONE_WORKER, "duress.lone_worker", 1, LATCH)                                     \
    X(401, ACCESS_GRANTED, "access.granted", 5, INSTANT)                                           \
    X(402, ACCESS_DENIED, "access.denied", 5, INSTANT)                                             \
    X(403, ACCESS_FORCED, "access.forced", 3, STATE)                                               \
    X(404, ACCESS_HELD, "access.held", 4, STATE)                                                   \
    X(405, ACCESS_TAILGATING, "access.tailgating", 3, INSTANT)                                     \
    X(406, ACCESS_ANTI_PASSBACK, "access.anti_passback", 5, INSTANT)                               \
    X(407, ACCESS_UNLOCKED, "access.unlocked", 5, INSTANT)                                         \
    X(408, ACCESS_LOCKED, "access.locked", 5, INSTANT)                                             \
    X(409, ACCESS_LOCKDOWN, "access.lockdown", 5, STATE)                                           \
    X(501, ENV_FLOOD, "env.flood", 4, STATE)                                                       \
    X(502, ENV_TEMPERATURE, "env.temperature", 4, STATE)                                           \
    X(503, ENV_HUMIDITY, "env.humidity", 4, STATE)                                                 \
    X(504, ENV_POWER, "env.power", 4, STATE)                                                       \
    X(505, ENV_GENERATOR, "env.generator", 4, STATE)                                               \
    X(506, ENV_LEVEL, "env.level", 4, STATE)                                                       \
    X(601, VIDEO_MOTION, "video.motion", 5, STATE)                                                 \
    X(602, VIDEO_LINE_CROSSING, "video.line_crossing", 5, INSTANT)                                 \
    X(603, VIDEO_INTRUSION, "video.intrusion", 5, STATE)                                           \
    X(604, VIDEO_LOITERING, "video.loitering", 5, STATE)                                           \
    X(605, VIDEO_PERSON, "video.person", 5, INSTANT)                                               \
    X(606, VIDEO_VEHICLE, "video.vehicle", 5, INSTANT)                                             \
    X(607, VIDEO_COUNT, "video.count", 5, INSTANT)                                                 \
    X(608, VIDEO_LOSS, "video.loss", 4, STATE)                                                     \
    X(609, VIDEO_TAMPER, "video.tamper", 4, STATE)                                                 \
    X(610, VIDEO_DEFOCUS, "video.defocus", 4, STATE)                                               \
    X(611, VIDEO_AUDIO, "video.audio", 5, INSTANT)                                                 \
    X(701, THERMAL_TEMPERATURE, "thermal.temperature", 4, STATE)                                   \
    X(702, THERMAL_PERSON, "thermal.person", 5, INSTANT)                                           \
    X(703, THERMAL_FIRE, "thermal.fire", 1, LATCH)                                                 \
    X(801, LPR_READ, "lpr.read", 5, INSTANT)                                                       \
    X(802, LPR_LISTED, "lpr.listed", 5, INSTANT)                                                   \
    X(803, LPR_UNLISTED, "lpr.unlisted", 5, INSTANT)                                               \
    X(901, POS_SALE, "pos.sale", 5, INSTANT)                                                       \
    X(902, POS_NO_SALE, "pos.no_sale", 5, INSTANT)                                                 \
    X(903, POS_REFUND, "pos.refund", 5, INSTANT)                                                   \
    X(904, POS_VOID, "pos.void", 5, INSTANT)                                                       \
    X(905, POS_DISCOUNT, "pos.discount", 5, INSTANT)                                               \
    X(906, POS_DRAWER_OPEN, "pos.drawer_open", 5, INSTANT)                                         \
    X(907, POS_LINE_ITEM, "pos.line_item", 5, INSTANT)                                             \
    X(1001, SUPERVISION_MISSED, "supervision.missed", 4, STATE)                                    \
    X(1002, SUPERVISION_PATH_LOSS, "supervision.path_loss", 4, STATE)                              \
    X(1003, SUPERVISION_TEST, "supervision.test", 5, INSTANT)                                      \
    X(1004, SUPERVISION_TEST_MISSED, "supervision.test_missed", 4, STATE)                          \
    X(1005, SUPERVISION_LOW_BATTERY, "supervision.low_battery", 4, STATE)                          \
    X(1006, SUPERVISION_AC_LOSS, "supervision.ac_loss", 4, STATE)                                  \
    X(1007, SUPERVISION_TAMPER, "supervision.tamper", 4, STATE)                                    \
    X(1008, SUPERVISION_JAM, "supervision.jam", 4, STATE)                                          \
    X(1009, SUPERVISION_COMM_TROUBLE, "supervision.comm_trouble", 4, STATE)                        \
    X(1010, SUPERVISION_TROUBLE, "supervision.trouble", 4, STATE)                                  \
    X(1011, SUPERVISION_NOTICE, "supervision.notice", 5, INSTANT)                                  \
    X(1101, AREA_OPENING, "area.opening", 5, INSTANT)                                              \
    X(1102, AREA_CLOSING, "area.closing", 5, INSTANT)                                              \
    X(1103, AREA_EARLY_OPEN, "area.early_open", 4, INSTANT)                                        \
    X(1104, AREA_LATE_CLOSE, "area.late_close", 5, INSTANT)                                        \
    X(1105, AREA_FAILED_TO_CLOSE, "area.failed_to_close", 4, INSTANT)                              \
    X(1106, AREA_RECENT_CLOSE, "area.recent_close", 5, INSTANT)                                    \
    X(1107, AREA_ARMED, "area.armed", 5, INSTANT)                                                  \
    X(1108, AREA_DISARMED, "area.disarmed", 5, INSTANT)                                            \
    X(1109, AREA_EXIT_ERROR, "area.exit_error", 4, INSTANT)                                        \
    X(1110, AREA_BYPASS, "area.bypass", 5, STATE)                                                  \
    X(1201, SYSTEM_START, "system.start", 5, INSTANT)                                              \
    X(1202, SYSTEM_STOP, "system.stop", 5, INSTANT)                                                \
    X(1203, SYSTEM_CONFIG, "system.config", 5, INSTANT)                                            \
    X(1204, SYSTEM_CLOCK_STEP, "system.clock_step", 4, INSTANT)                                    \
    X(1205, SYSTEM_DISK_LOW, "system.disk_low", 4, STATE)                                          \
    X(1206, SYSTEM_DISK_FAILED, "system.disk_failed", 4, STATE)                                    \
    X(1207, SYSTEM_ACTION_FAILED, "system.action_failed", 4, INSTANT)                              \
    X(1208, SYSTEM_OUTPUT_UNCONFIRMED, "system.output_unconfirmed", 4, INSTANT)                    \
    X(1209, SYSTEM_AUDIT, "system.audit", 5, INSTANT)                                              \
    X(1210, SYSTEM_LOGIN, "system.login", 5, INSTANT)                                              \
    X(1211, SYSTEM_OVERLOAD, "system.overload", 4, STATE)                                          \
    X(1212, SYSTEM_PROCESS, "system.process", 4, STATE)                                            \
    X(1213, SYSTEM_VIOLATION, "system.violation", 2, INSTANT)

enum ev_class {
    EV_CLASS_NONE = 0,
#define X(number, name, text) EV_CLASS_##name = number,
    EV_CLASS_LIST(X)
#undef X
};

/* EV_NONE: a code that no table knows. Such an event is kept and shown, and raises nothing by
 * itself. */
enum ev_type {
    EV_NONE = 0,
#define X(number, name, text, priority, behaviour) EV_##name = number,
    EV_TYPE_LIST(X)
#undef X
};

/* What one event says of its type's condition. In the journal for ever, too. 0 is not used. */
enum ev_state { EV_STATE_INSTANT = 1, EV_STATE_ACTIVE = 2, EV_STATE_RESTORED = 3 };

enum { EV_PRIORITY_MOST_URGENT = 1, EV_PRIORITY_LEAST_URGENT = 5 };
/* The longest name with its NUL. */
enum { EV_TYPE_NAME_BYTES = 32 };

/* How many types there are, and the one at INDEX (0 to count - 1; asserted), in the order of the
 * numbers. */
size_t ev_type_count(void);
enum ev_type ev_type_at(size_t index);

/* The type with this number, EV_NONE when there is none (a journal written by a newer program). */
enum ev_type ev_type_by_number(uint32_t number);
/* TC_E_UNKNOWN when no type has the name; *RET unchanged then. */
enum tc_err ev_type_by_name(struct tc_slice name, enum ev_type *ret) TC_MUST_USE;

/* Static text; "unmapped" for EV_NONE and for what is no type. */
const char *ev_type_name(enum ev_type type);
enum ev_class ev_type_class(enum ev_type type);
/* Static text; "" for EV_CLASS_NONE. */
const char *ev_class_name(enum ev_class class_);
/* "instant", "active", "restored"; "" for what is no state. Static. */
const char *ev_state_name(enum ev_state state);
/* 1 to 5; 5 for EV_NONE. */
unsigned ev_type_priority(enum ev_type type);
/* Active until restored (true) or over when it happened (false, also EV_NONE). */
bool ev_type_has_restoral(enum ev_type type);
bool ev_type_is_latched(enum ev_type type);

/* A pattern is "*", a branch such as "intrusion.*", or a type's exact name. */
bool ev_type_matches(struct tc_slice pattern, enum ev_type type);
/* TC_E_UNKNOWN when PATTERN can match no type at all. */
enum tc_err ev_pattern_check(struct tc_slice pattern) TC_MUST_USE;
/* The name (or branch, for a pattern that ends in ".*") most likely meant by a misspelt one, NULL
 * when none is near. Static. */
const char *ev_type_nearest(struct tc_slice pattern);
