/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the sandbox: a role's row, and the two kernel parts that apply it. Not for other files. */
#pragma once

#include "runtime/sandbox.h"

/* group, word, what it is for */
#define CALL_GROUP_LIST(X)                                                                         \
    X(BASE, "base", "event loop, links, memory without execution, time, exit")                     \
    X(THREADS, "threads", "make threads, not processes")                                           \
    X(SOCKETS, "sockets", "use sockets it was given")                                              \
    X(ACCEPT, "accept", "accept on sockets it was given")                                          \
    X(READ_AT, "read-at", "read at an offset of descriptors it was given")                         \
    X(OPEN_READ, "open-read", "open files for reading")                                            \
    X(OPEN_WRITE, "open-write", "open, write, sync, rename and delete files, measure free space")  \
    X(LINKS, "links", "make directories and hard links")                                           \
    X(MEMFD, "memfd", "make memory files")                                                         \
    X(WHO, "who", "ask who is at the other end of a local connection")

enum call_group {
#define X(name, word, text) GROUP_##name,
    CALL_GROUP_LIST(X)
#undef X
        GROUP_COUNT
};

enum dir_rights { DIR_NONE, DIR_READ, DIR_WRITE, DIR_LINK };

struct sandbox_row {
    uint32_t groups;        /* bit per enum call_group; 0: everything but what is always killed */
    enum dir_rights state;  /* in the state directory; not DIR_NONE: chroot into it */
    enum dir_rights volume; /* in the archive's volumes */
    enum tc_role group_of;  /* whose gid it has */
};

extern const struct sandbox_row sandbox_rows[TC_ROLE_COUNT];
extern const char *const call_group_names[GROUP_COUNT];
extern const char *const call_group_texts[GROUP_COUNT];

static inline bool row_is_confined(const struct sandbox_row *row)
{
    return row->groups != 0;
}

/* The calls that end the process, space-separated, for descriptions. */
extern const char *const sandbox_killed_text;

/* The kernel's Landlock ABI, 0 when it has none. */
int landlock_abi(void);
/* What of Landlock the row can have on ABI: sets the three layers in REPORT to enforced, missing or
 * unused. */
void landlock_foresee(const struct sandbox_row *row, int abi, struct tc_sandbox_report *report);
/* Applies what landlock_foresee called enforced. */
enum tc_err landlock_apply(const struct sandbox_row *row, const struct tc_sandbox_options *options,
                           const struct tc_sandbox_report *report,
                           struct tc_errinfo *info) TC_MUST_USE;

/* Does this kernel filter system calls? */
bool seccomp_is_there(void);
/* Installs the SIGSYS handler and the filter. */
enum tc_err seccomp_apply(enum tc_role role, const struct tc_sandbox_options *options,
                          struct tc_errinfo *info) TC_MUST_USE;
