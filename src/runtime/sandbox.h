/* SPDX-License-Identifier: Apache-2.0 */
/* The privilege line of each process. One table row per role (sandbox_rows.c) says what it may
 * touch; this header applies a row to the calling process, reports which layers took, and describes
 * the row for `tocsin privileges`. What cannot be enforced (not root, an old kernel) is reported,
 * never assumed.
 *
 * For whoever writes a sandboxed process: apply with one thread, before the first byte from outside
 * is read.
 * - Load first what opens files by itself: OpenSSL's configuration, SQLite's randomness
 * (/dev/urandom).
 * - core, reader and archive stand in the state directory afterwards, as root or not: use relative
 * names.
 * - Only core and archive may make threads. No thread may block SIGSYS: a refused call would kill
 * it.
 * - No page may become executable: nothing can be dlopen'd afterwards.
 * - reader: SQLite tries its -wal and -shm files for writing first; that is refused quietly and it
 * goes on reading only. Open with SQLITE_OPEN_READONLY; -wal and -shm must exist (PERSIST_WAL). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/role.h"

enum {
    TC_SANDBOX_UID_BASE = 64500,
    TC_SANDBOX_UID_SPAN = 100, /* uids and gids from the base on that belong to the program */
    TC_SANDBOX_WHY_BYTES = 120,
    TC_SANDBOX_CALL_BYTES = 32,
};

/* layer, word, sentence */
#define TC_SANDBOX_LAYER_LIST(X)                                                                   \
    X(CHROOT, "chroot", "root directory is the state directory")                                   \
    X(UID, "uid", "a user and group of its own")                                                   \
    X(NO_NEW_PRIVS, "no-new-privileges", "never gains a privilege again")                          \
    X(DESCRIPTORS, "descriptors", "holds only the descriptors it was given")                       \
    X(PARENT, "dies-with-parent", "dies with the supervisor")                                      \
    X(NOT_DUMPABLE, "not-dumpable", "no core file, no debugger of the same user")                  \
    X(LANDLOCK_FILES, "landlock-files", "reaches only its directories")                            \
    X(LANDLOCK_NET, "landlock-network", "can neither bind nor connect TCP")                        \
    X(LANDLOCK_SCOPE, "landlock-scope", "no signals or abstract sockets to processes outside")     \
    X(SECCOMP, "seccomp", "only its system calls")

enum tc_sandbox_layer {
#define X(name, word, text) TC_SANDBOX_##name,
    TC_SANDBOX_LAYER_LIST(X)
#undef X
        TC_SANDBOX_LAYER_COUNT
};

enum tc_sandbox_state {
    TC_SANDBOX_UNUSED,   /* the role does not have this layer */
    TC_SANDBOX_ENFORCED, /* checked or returned by the kernel as done */
    TC_SANDBOX_MISSING,  /* the role should have it and has not: see why */
};

/* Plain bytes without pointers, so that it can travel in a message. */
struct tc_sandbox_report {
    enum tc_role role;
    uint32_t uid, gid;
    int32_t landlock_abi; /* of the kernel; 0: none */
    struct {
        enum tc_sandbox_state state;
        char why[TC_SANDBOX_WHY_BYTES]; /* when missing, else "" */
    } layers[TC_SANDBOX_LAYER_COUNT];
};

struct tc_sandbox_options {
    unsigned instance; /* counts within the role; 0 for the first */
    pid_t parent;      /* die when this one does; 0: do not */
    uint32_t uid_base; /* 0: TC_SANDBOX_UID_BASE */
    int state_fd; /* the state directory; roles without a state directory ignore it; -1: none */
    const int *volume_fds; /* archive's volumes, directories */
    size_t volume_count;
    const int *keep_fds; /* stay open beside 0, 1, 2, event_fd and the volumes; any order */
    size_t keep_count;
    int event_fd; /* a pipe or SEQPACKET end for struct tc_sandbox_event; -1: a line on stderr
                   * instead. Must not block (made so by apply). */
};

/* Puts the calling process behind its role's line for ever and fills *REPORT (also on failure, as
 * far as it got). TC_OK also when layers are missing for a stated reason; fails when something
 * failed that should not have: the process must then exit, since some layers may be in force
 * already. TC_E_RANGE: a role with a state directory got none. TC_E_DENIED, TC_E_IO: the system
 * refused. */
enum tc_err tc_sandbox_apply(enum tc_role role, const struct tc_sandbox_options *options,
                             struct tc_sandbox_report *report, struct tc_errinfo *info) TC_MUST_USE;

/* What apply would reach here and now, without doing it: for a daemon that does not run. */
void tc_sandbox_foresee(enum tc_role role, const struct tc_sandbox_options *options,
                        struct tc_sandbox_report *report);

/* The ids of a role when started as root. Core and reader share a group: the journal's files are
 * core's, mode 0640, so that reader opens them for reading only. UID_BASE 0: the default. */
uint32_t tc_sandbox_uid(enum tc_role role, unsigned instance, uint32_t uid_base);
uint32_t tc_sandbox_gid(enum tc_role role, unsigned instance, uint32_t uid_base);
/* Does the role stand in the state directory? Then options.state_fd must be given. */
bool tc_sandbox_has_state_dir(enum tc_role role);

/* A call that seccomp refused, as the process itself wrote it to event_fd. Repeats of one call are
 * written at 1, 2, 4, 8 ... times only. */
struct tc_sandbox_event {
    uint32_t magic;
    uint32_t role;
    uint32_t instance;
    int32_t pid;
    int32_t call; /* number on this machine */
    uint32_t count;
    char name[TC_SANDBOX_CALL_BYTES]; /* "openat"; "?" when it has no name */
};

/* Checks bytes that come from a process which may be under attack. TC_E_FORMAT, *RET unchanged
 * then. */
enum tc_err tc_sandbox_event_parse(struct tc_slice bytes, struct tc_sandbox_event *ret) TC_MUST_USE;

/* The word for it in `tocsin privileges`. */
const char *tc_sandbox_layer_name(enum tc_sandbox_layer layer);

/* The role's row and what is in force of it, for people and as one JSON object. */
void tc_sandbox_describe_text(const struct tc_sandbox_report *report, struct tc_buf *out);
void tc_sandbox_describe_json(const struct tc_sandbox_report *report, struct tc_buf *out);
/* What this kernel lacks of all that is used here, one line each; nothing when it lacks nothing. */
void tc_sandbox_describe_kernel(struct tc_buf *out);
