/* SPDX-License-Identifier: Apache-2.0 */
/* The privilege lines: one row per role. Everything a process may do that another may not stands
 * here. */
#include "runtime/sandbox_row.h"

#define G(name) (1U << GROUP_##name)

const struct sandbox_row sandbox_rows[TC_ROLE_COUNT] = {
    /* Starts the others: what it could not do, they could not either. Reads no network. */
    [TC_ROLE_SUPERVISOR] = {.groups = 0, .group_of = TC_ROLE_SUPERVISOR},
    [TC_ROLE_INTAKE] = {.groups = G(BASE) | G(SOCKETS) | G(ACCEPT), .group_of = TC_ROLE_INTAKE},
    [TC_ROLE_CORE] = {.groups = G(BASE) | G(THREADS) | G(READ_AT) | G(OPEN_READ) |
                                G(OPEN_WRITE) | G(WHO),
                      .state = DIR_WRITE,
                      .group_of = TC_ROLE_CORE},
    [TC_ROLE_READER] = {.groups = G(BASE) | G(READ_AT) | G(OPEN_READ),
                        .state = DIR_READ,
                        .group_of = TC_ROLE_CORE},
    [TC_ROLE_CAPTURE] = {.groups = G(BASE) | G(SOCKETS), .group_of = TC_ROLE_CAPTURE},
    [TC_ROLE_ARCHIVE] = {.groups = G(BASE) | G(THREADS) | G(READ_AT) | G(OPEN_READ) |
                                   G(OPEN_WRITE) | G(LINKS) | G(MEMFD),
                         .state = DIR_WRITE,
                         .volume = DIR_LINK,
                         .group_of = TC_ROLE_ARCHIVE},
    [TC_ROLE_WEB] = {.groups = G(BASE) | G(SOCKETS) | G(ACCEPT) | G(READ_AT),
                     .group_of = TC_ROLE_WEB},
};

const char *const call_group_names[GROUP_COUNT] = {
#define X(name, word, text) [GROUP_##name] = word,
    CALL_GROUP_LIST(X)
#undef X
};

const char *const call_group_texts[GROUP_COUNT] = {
#define X(name, word, text) [GROUP_##name] = text,
    CALL_GROUP_LIST(X)
#undef X
};

/* Instances beyond the first have their ids behind those of all roles. */
enum { INSTANCE_OFFSET = 31 };

static uint32_t id_of(enum tc_role role, unsigned instance, uint32_t uid_base)
{
    uint32_t base = uid_base == 0 ? TC_SANDBOX_UID_BASE : uid_base;
    bool first = instance == 0 || !tc_role_has_instances(role);
    return base + (first ? (uint32_t)role : INSTANCE_OFFSET + instance % TC_ROLE_INSTANCES_MAX);
}

uint32_t tc_sandbox_uid(enum tc_role role, unsigned instance, uint32_t uid_base)
{
    return id_of(role, instance, uid_base);
}

uint32_t tc_sandbox_gid(enum tc_role role, unsigned instance, uint32_t uid_base)
{
    return id_of(sandbox_rows[role].group_of, instance, uid_base);
}

bool tc_sandbox_has_state_dir(enum tc_role role)
{
    return sandbox_rows[role].state != DIR_NONE;
}
