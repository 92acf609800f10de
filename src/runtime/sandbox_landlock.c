/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock: files by directory, TCP, signals. Constants from the kernel's documentation
 * (Documentation/userspace-api/landlock.rst), defined here because Debian 12's headers know ABI 2
 * only. */
#include "runtime/sandbox_row.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux numbers system calls above 423 alike on every architecture. */
enum { CALL_CREATE_RULESET = 444, CALL_ADD_RULE = 445, CALL_RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

#define FS_EXECUTE           (UINT64_C(1) << 0)
#define FS_WRITE_FILE        (UINT64_C(1) << 1)
#define FS_READ_FILE         (UINT64_C(1) << 2)
#define FS_READ_DIR          (UINT64_C(1) << 3)
#define FS_REMOVE_DIR        (UINT64_C(1) << 4)
#define FS_REMOVE_FILE       (UINT64_C(1) << 5)
#define FS_MAKE_DIR          (UINT64_C(1) << 7)
#define FS_MAKE_REG          (UINT64_C(1) << 8)
#define FS_REFER             (UINT64_C(1) << 13)
#define FS_TRUNCATE          (UINT64_C(1) << 14)
#define FS_IOCTL_DEV         (UINT64_C(1) << 15)
#define FS_ALL_ABI1          ((UINT64_C(1) << 13) - 1)
#define NET_BIND_CONNECT_TCP UINT64_C(3)
#define SCOPE_SOCKET_SIGNAL  UINT64_C(3)

struct ruleset_attr {
    uint64_t handled_fs;
    uint64_t handled_net; /* ABI 4 */
    uint64_t scoped;      /* ABI 6 */
};

struct path_beneath_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static const uint64_t rights_of[] = {
    [DIR_NONE] = 0,
    [DIR_READ] = FS_READ_FILE | FS_READ_DIR,
    [DIR_WRITE] =
        FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE,
    [DIR_LINK] = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG |
                 FS_TRUNCATE | FS_REMOVE_DIR | FS_MAKE_DIR | FS_REFER,
};

int landlock_abi(void)
{
    long abi = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static void set_layer(struct tc_sandbox_report *report, enum tc_sandbox_layer layer, int abi,
                      int needs, const char *lost)
{
    if (abi >= needs) {
        report->layers[layer].state = TC_SANDBOX_ENFORCED;
        return;
    }
    report->layers[layer].state = TC_SANDBOX_MISSING;
    char *why = report->layers[layer].why;
    if (abi == 0)
        (void)snprintf(why, TC_SANDBOX_WHY_BYTES, "this kernel has no Landlock");
    else
        (void)snprintf(why, TC_SANDBOX_WHY_BYTES, "Landlock ABI %d: %s needs ABI %d", abi, lost,
                       needs);
}

void landlock_foresee(const struct sandbox_row *row, int abi, struct tc_sandbox_report *report)
{
    report->landlock_abi = abi;
    if (!row_is_confined(row))
        return;
    /* ABI 1 refuses every link between directories and cannot be told otherwise. */
    int files = row->volume == DIR_LINK ? ABI_REFER : 1;
    set_layer(report, TC_SANDBOX_LANDLOCK_FILES, abi, files, "hard links between directories");
    bool any = report->layers[TC_SANDBOX_LANDLOCK_FILES].state == TC_SANDBOX_ENFORCED;
    set_layer(report, TC_SANDBOX_LANDLOCK_NET, any ? abi : 0, ABI_NET, "TCP rules");
    set_layer(report, TC_SANDBOX_LANDLOCK_SCOPE, any ? abi : 0, ABI_SCOPE, "scopes");
}

static uint64_t handled_fs(int abi)
{
    uint64_t all = FS_ALL_ABI1;
    all |= abi >= ABI_REFER ? FS_REFER : 0;
    all |= abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0;
    all |= abi >= ABI_IOCTL ? FS_IOCTL_DEV : 0;
    return all;
}

static enum tc_err add_dir(int ruleset, int dir_fd, uint64_t rights, struct tc_errinfo *info)
{
    struct path_beneath_attr rule = {.allowed = rights, .parent_fd = dir_fd};
    if (syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
        return tc_fail_errno(info, errno, "Landlock rule for descriptor %d", dir_fd);
    return TC_OK;
}

static enum tc_err add_dirs(int ruleset, uint64_t handled, const struct sandbox_row *row,
                            const struct tc_sandbox_options *options, struct tc_errinfo *info)
{
    if (row->state != DIR_NONE)
        TC_TRY(add_dir(ruleset, options->state_fd, rights_of[row->state] & handled, info));
    for (size_t i = 0; row->volume != DIR_NONE && i < options->volume_count; i++)
        TC_TRY(add_dir(ruleset, options->volume_fds[i], rights_of[row->volume] & handled, info));
    return TC_OK;
}

enum tc_err landlock_apply(const struct sandbox_row *row, const struct tc_sandbox_options *options,
                           const struct tc_sandbox_report *report, struct tc_errinfo *info)
{
    if (report->layers[TC_SANDBOX_LANDLOCK_FILES].state != TC_SANDBOX_ENFORCED)
        return TC_OK;
    int abi = report->landlock_abi;
    struct ruleset_attr attr = {
        .handled_fs = handled_fs(abi),
        .handled_net = abi >= ABI_NET ? NET_BIND_CONNECT_TCP : 0,
        .scoped = abi >= ABI_SCOPE ? SCOPE_SOCKET_SIGNAL : 0,
    };
    /* An older kernel takes a longer structure as long as what it does not know is 0. */
    int ruleset = (int)syscall(CALL_CREATE_RULESET, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return tc_fail_errno(info, errno, "Landlock rule set");
    enum tc_err err = add_dirs(ruleset, attr.handled_fs, row, options, info);
    if (err == TC_OK && syscall(CALL_RESTRICT_SELF, ruleset, 0) != 0)
        err = tc_fail_errno(info, errno, "Landlock");
    (void)close(ruleset);
    return err;
}
