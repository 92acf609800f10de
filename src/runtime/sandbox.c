/* SPDX-License-Identifier: Apache-2.0 */
/* The steps into the sandbox, in the order in which each still works: the root directory needs
 * root, the parent's death signal must follow the change of user (which clears it), seccomp comes
 * last since it forbids all the rest. */
#include "runtime/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/sandbox_row.h"

static void layer_set(struct tc_sandbox_report *report, enum tc_sandbox_layer layer,
                      enum tc_sandbox_state state, const char *why)
{
    report->layers[layer].state = state;
    (void)snprintf(report->layers[layer].why, TC_SANDBOX_WHY_BYTES, "%s", why);
}

void tc_sandbox_foresee(enum tc_role role, const struct tc_sandbox_options *options,
                        struct tc_sandbox_report *report)
{
    const struct sandbox_row *row = &sandbox_rows[role];
    bool root = geteuid() == 0;
    *report = (struct tc_sandbox_report){.role = role, .uid = geteuid(), .gid = getegid()};
    layer_set(report, TC_SANDBOX_NO_NEW_PRIVS, TC_SANDBOX_ENFORCED, "");
    landlock_foresee(row, landlock_abi(), report);
    if (seccomp_is_there())
        layer_set(report, TC_SANDBOX_SECCOMP, TC_SANDBOX_ENFORCED, "");
    else
        layer_set(report, TC_SANDBOX_SECCOMP, TC_SANDBOX_MISSING,
                  "this kernel has no seccomp filters");
    if (!row_is_confined(row))
        return;
    layer_set(report, TC_SANDBOX_DESCRIPTORS, TC_SANDBOX_ENFORCED, "");
    layer_set(report, TC_SANDBOX_NOT_DUMPABLE, TC_SANDBOX_ENFORCED, "");
    if (options->parent != 0)
        layer_set(report, TC_SANDBOX_PARENT, TC_SANDBOX_ENFORCED, "");
    enum tc_sandbox_state by_root = root ? TC_SANDBOX_ENFORCED : TC_SANDBOX_MISSING;
    const char *why = root ? "" : "not started as root";
    layer_set(report, TC_SANDBOX_UID, by_root, why);
    if (row->state != DIR_NONE)
        layer_set(report, TC_SANDBOX_CHROOT, by_root, why);
    if (root) {
        report->uid = tc_sandbox_uid(role, options->instance, options->uid_base);
        report->gid = tc_sandbox_gid(role, options->instance, options->uid_base);
    }
}

static bool planned(const struct tc_sandbox_report *report, enum tc_sandbox_layer layer)
{
    return report->layers[layer].state == TC_SANDBOX_ENFORCED;
}

static enum tc_err enter_state_dir(const struct sandbox_row *row,
                                   const struct tc_sandbox_options *options,
                                   const struct tc_sandbox_report *report, struct tc_errinfo *info)
{
    if (row->state == DIR_NONE)
        return TC_OK;
    if (fchdir(options->state_fd) != 0)
        return tc_fail_errno(info, errno, "state directory");
    if (planned(report, TC_SANDBOX_CHROOT) && (chroot(".") != 0 || chdir("/") != 0))
        return tc_fail_errno(info, errno, "chroot into the state directory");
    return TC_OK;
}

static enum tc_err drop_ids(const struct tc_sandbox_report *report, struct tc_errinfo *info)
{
    if (!planned(report, TC_SANDBOX_UID))
        return TC_OK;
    gid_t gid = report->gid;
    uid_t uid = report->uid;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return tc_fail_errno(info, errno,
                             "cannot become user %u, group %u (root needs CAP_SETUID and "
                             "CAP_SETGID)",
                             (unsigned)uid, (unsigned)gid);
    /* The old user must be out of reach. */
    if (setuid(0) == 0 || geteuid() != uid || getegid() != gid)
        return tc_fail(info, TC_E_DENIED, "the user could be changed back after dropping root");
    return TC_OK;
}

static int compare_ints(const void *a, const void *b)
{
    const int *x = a;
    const int *y = b;
    return (*x > *y) - (*x < *y);
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last || close_range(first, last, 0) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* before Linux 5.9 */
    for (unsigned fd = first; fd <= last && (long)fd < limit; fd++)
        (void)close((int)fd);
}

/* Closes all but 0, 1, 2 and what OPTIONS names. */
static enum tc_err close_others(const struct tc_sandbox_options *options, struct tc_errinfo *info)
{
    size_t count = options->keep_count + options->volume_count + 1;
    int *keep = calloc(count, sizeof *keep);
    if (keep == NULL)
        return tc_fail(info, TC_E_NOMEM, "list of descriptors");
    size_t n = 0;
    for (size_t i = 0; i < options->keep_count; i++)
        keep[n++] = options->keep_fds[i];
    for (size_t i = 0; i < options->volume_count; i++)
        keep[n++] = options->volume_fds[i];
    keep[n++] = options->event_fd;
    qsort(keep, n, sizeof *keep, compare_ints);
    unsigned next = STDERR_FILENO + 1;
    for (size_t i = 0; i < n; i++) {
        if (keep[i] < (int)next)
            continue;
        if ((unsigned)keep[i] > next)
            close_between(next, (unsigned)keep[i] - 1);
        next = (unsigned)keep[i] + 1;
    }
    close_between(next, ~0U);
    free(keep);
    return TC_OK;
}

static enum tc_err tie_to_parent(const struct tc_sandbox_options *options, struct tc_errinfo *info)
{
    if (options->parent == 0)
        return TC_OK;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return tc_fail_errno(info, errno, "parent's death signal");
    if (getppid() != options->parent) /* it died before the line above */
        return tc_fail(info, TC_E_CLOSED, "the supervisor is gone");
    return TC_OK;
}

/* Landlock, no-new-privileges and the filter hold for the calling thread and for those that it
 * makes later: one that is there already would stay outside. */
static enum tc_err check_alone(struct tc_errinfo *info)
{
#ifndef TC_SANITIZER /* the thread sanitizer has one of its own */
    unsigned threads = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir))
        threads += e->d_name[0] != '.';
    if (dir != NULL)
        (void)closedir(dir);
    if (threads > 1)
        return tc_fail(info, TC_E_CONFLICT, "%u threads run already: start them behind the sandbox",
                       threads - 1);
#else
    (void)info;
#endif
    return TC_OK;
}

static enum tc_err confine(const struct sandbox_row *row, const struct tc_sandbox_options *options,
                           const struct tc_sandbox_report *report, struct tc_errinfo *info)
{
    TC_TRY(enter_state_dir(row, options, report, info));
    TC_TRY(drop_ids(report, info));
    TC_TRY(tie_to_parent(options, info));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return tc_fail_errno(info, errno, "dumpable flag");
    return TC_OK;
}

enum tc_err tc_sandbox_apply(enum tc_role role, const struct tc_sandbox_options *options,
                             struct tc_sandbox_report *report, struct tc_errinfo *info)
{
    TC_ASSERT((unsigned)role < TC_ROLE_COUNT);
    const struct sandbox_row *row = &sandbox_rows[role];
    tc_sandbox_foresee(role, options, report);
    if (row->state != DIR_NONE && options->state_fd < 0)
        return tc_fail(info, TC_E_RANGE, "%s needs the state directory", tc_role_name(role));
    if (row_is_confined(row))
        TC_TRY(check_alone(info));
    tzset(); /* reads its file now: gmtime would open it later */
    int flags = options->event_fd < 0 ? 0 : fcntl(options->event_fd, F_GETFL);
    if (flags < 0 ||
        (options->event_fd >= 0 && fcntl(options->event_fd, F_SETFL, flags | O_NONBLOCK) != 0))
        return tc_fail_errno(info, errno, "descriptor for refused calls");
    if (row_is_confined(row))
        TC_TRY(confine(row, options, report, info));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return tc_fail_errno(info, errno, "no-new-privileges");
    TC_TRY(landlock_apply(row, options, report, info));
    if (row_is_confined(row)) /* behind Landlock, which needs the directories' descriptors */
        TC_TRY(close_others(options, info));
    if (planned(report, TC_SANDBOX_SECCOMP))
        TC_TRY(seccomp_apply(role, options, info));
    return TC_OK;
}
