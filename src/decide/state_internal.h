/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by state.c and state_fold.c. */
#pragma once

#include "decide/state.h"

/* What a map's comparison needs. */
struct state_key {
    const struct state *state;
    uint64_t id;
    enum ev_type type;
    struct tc_slice panel, point, zone;
};

uint64_t state_alarm_hash(enum ev_type type, struct tc_slice panel, struct tc_slice point,
                          struct tc_slice zone);
uint64_t state_point_hash(struct tc_slice panel, struct tc_slice point);
enum tc_err state_index_panel(struct state *s, size_t at) TC_MUST_USE;
enum tc_err state_index_incident(struct state *s, size_t at) TC_MUST_USE;
enum tc_err state_index_incidents(struct state *s) TC_MUST_USE;
enum tc_err state_add_alarm(struct state *s, struct incident *in,
                            const struct incident_alarm *a) TC_MUST_USE;
enum tc_err state_drop_alarms(struct state *s, uint64_t incident) TC_MUST_USE;
