/* SPDX-License-Identifier: Apache-2.0 */
/* The processes by name. A role is a process room, a privilege line and one end of a message link;
 * of some roles (capture) several instances run side by side. The order is stable: uids are counted
 * from it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* name, word, several instances */
#define TC_ROLE_LIST(X)                                                                            \
    X(SUPERVISOR, "supervisor", false)                                                             \
    X(INTAKE, "intake", false)                                                                     \
    X(CORE, "core", false)                                                                         \
    X(READER, "reader", false)                                                                     \
    X(CAPTURE, "capture", true)                                                                    \
    X(ARCHIVE, "archive", false)                                                                   \
    X(WEB, "web", false)

enum tc_role {
#define X(name, word, several) TC_ROLE_##name,
    TC_ROLE_LIST(X)
#undef X
        TC_ROLE_COUNT
};

enum { TC_ROLE_INSTANCES_MAX = 64, TC_ROLE_LABEL_BYTES = 32 };

/* "core"; "unknown" for a value out of range. Static. */
const char *tc_role_name(enum tc_role role);
/* May more than one process of this role run at a time? */
bool tc_role_has_instances(enum tc_role role);
/* TC_E_UNKNOWN for any other word, *RET unchanged then. */
enum tc_err tc_role_parse(struct tc_slice word, enum tc_role *ret) TC_MUST_USE;
/* "core", or "capture-3" where a role has instances: the process's name in logs, metrics and /proc.
 * OUT holds TC_ROLE_LABEL_BYTES. Returns OUT. */
const char *tc_role_label(enum tc_role role, unsigned instance, char *out);
