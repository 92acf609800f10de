/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a worker: a message link on descriptor 3, the sandbox's report pipe on descriptor 4,
 * nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "runtime/sandbox.h"
#include "supervisor/internal.h"
#include "supervisor/control.h"

static void on_report(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct worker *w = arg;
    uint8_t bytes[sizeof(struct tc_sandbox_event)];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    struct tc_sandbox_event e;
    if (n <= 0 || tc_sandbox_event_parse(tc_slice(bytes, (size_t)n), &e) != TC_OK) {
        (void)event_del(w->ev_report);
        return;
    }
    struct tc_mono now = clock_mono();
    if (w->violated_at.ns != 0 && now.ns - w->violated_at.ns < VIOLATION_EVERY_MS * TC_NS_PER_MS)
        return; /* the next one's count tells of this one too */
    w->violated_at = now;
    char text[MSG_TEXT_BYTES];
    (void)snprintf(text, sizeof text, "tried the forbidden system call %s (%d), %u times by now",
                   e.name, e.call, e.count);
    log_error("%s %s", w->label, text);
    health_tell(w->sup, w, MSG_PROCESS_VIOLATION, text);
}

/* In the child, between fork and exec: only calls that are safe there. */
static _Noreturn void become_worker(const char *program, const struct worker *w, int control,
                                    int report)
{
    char role[TC_ROLE_LABEL_BYTES];
    char *const argv[] = {(char[]){"tocsin"}, (char[]){"worker"}, role, NULL};
    memcpy(role, w->label, sizeof role);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* first out of the way of 3 and 4, then onto them without the close-on-exec flag */
    int high_control = fcntl(control, F_DUPFD, 16);
    int high_report = fcntl(report, F_DUPFD, 16);
    if (high_control < 0 || high_report < 0 || dup2(high_control, PROCESS_CONTROL_FD) < 0 ||
        dup2(high_report, PROCESS_REPORT_FD) < 0)
        _exit(127);
    (void)close_range(PROCESS_REPORT_FD + 1, ~0U, 0);
    (void)execv(program, argv);
    _exit(127);
}

static enum tc_err make_pipes(struct worker *w, int control[2], int report[2],
                              struct tc_errinfo *info)
{
    TC_TRY(channel_pair(control, info));
    if (pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) {
        (void)close(control[0]);
        (void)close(control[1]);
        return tc_fail_errno(info, errno, "making a pipe for %s", w->label);
    }
    return TC_OK;
}

enum tc_err worker_start(struct worker *w, struct tc_errinfo *info)
{
    int control[2] = {-1, -1};
    int report[2] = {-1, -1};
    TC_TRY(make_pipes(w, control, report, info));
    pid_t pid = fork();
    if (pid == 0)
        become_worker(w->sup->options->program, w, control[1], report[1]);
    int fork_errno = errno;
    (void)close(control[1]);
    (void)close(report[1]);
    if (pid < 0) {
        (void)close(control[0]);
        (void)close(report[0]);
        return tc_fail_errno(info, fork_errno, "starting %s", w->label);
    }
    w->pid = pid;
    w->state = WORKER_STARTING;
    w->starts++;
    w->wired = false;
    w->started_at = w->heard_at = clock_mono();
    w->since = clock_wall();
    w->report_fd = report[0];
    w->ev_report = event_new(w->sup->base, report[0], EV_READ | EV_PERSIST, on_report, w);
    if (w->ev_report == NULL || event_add(w->ev_report, NULL) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory to watch %s", w->label);
    struct channel_options options = {
        .self = TC_ROLE_SUPERVISOR, .peer = w->role, .peer_instance = w->instance};
    TC_TRY(channel_new(w->sup->base, control[0], &options, &control_ops, w, &w->control, info));
    return worker_equip(w, info);
}

void worker_kill(struct worker *w, const char *cause)
{
    if (w->pid <= 0)
        return;
    (void)snprintf(w->cause, sizeof w->cause, "%s", cause);
    (void)kill(w->pid, SIGKILL);
}

struct worker *worker_find(struct supervisor *s, enum tc_role role, unsigned instance)
{
    for (size_t i = 0; i < s->workers_count; i++) {
        if (s->workers[i].role == role && s->workers[i].instance == instance)
            return &s->workers[i];
    }
    return NULL;
}
