/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/watch.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "runtime/log.h"

/* How long to wait before the next start: at once, then longer each time it dies young. */
static int64_t back_off_ms(uint32_t quick_deaths)
{
    static const int64_t steps_ms[] = {0, 250, 1000, 2000, 5000, 10000};
    return steps_ms[quick_deaths < TC_COUNT(steps_ms) ? quick_deaths : TC_COUNT(steps_ms) - 1];
}

static void start_after(struct worker *w, int64_t wait_ms);

static void start_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct worker *w = arg;
    struct tc_errinfo info = {0};
    if (w->sup->stopping)
        return;
    enum tc_err err = worker_start(w, &info);
    if (err == TC_OK)
        err = worker_wire(w, &info);
    struct msg_none none = {0};
    if (err == TC_OK)
        err = channel_send(w->control, MSG_GO, &none, tc_slice(NULL, 0));
    if (err != TC_OK) {
        log_error("%s: %s", w->label, info.text);
        if (w->pid > 0)
            worker_kill(w, "could not be set up");
        else
            start_after(
                w, back_off_ms(++w->quick_deaths)); /* no process came to be, so none will die */
    }
}

static void start_after(struct worker *w, int64_t wait_ms)
{
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    w->state = WORKER_WAITING;
    if (w->ev_restart == NULL)
        w->ev_restart = evtimer_new(w->sup->base, start_again, w);
    if (w->ev_restart == NULL || event_add(w->ev_restart, &wait) != 0)
        log_error("no memory for the restart of %s", w->label);
}

static void plan_restart(struct worker *w)
{
    int64_t lived_ms = (clock_mono().ns - w->started_at.ns) / TC_NS_PER_MS;
    w->quick_deaths = lived_ms >= STEADY_AFTER_MS ? 0 : w->quick_deaths + 1;
    int64_t wait_ms = lived_ms >= STEADY_AFTER_MS ? 0 : back_off_ms(w->quick_deaths - 1);
    start_after(w, wait_ms);
}

static const char *death_text(const struct worker *w, int status, char *out, size_t size)
{
    if (w->cause[0] != 0)
        (void)snprintf(out, size, "killed: %.200s", w->cause);
    else if (WIFSIGNALED(status))
        (void)snprintf(out, size, "died of signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    else
        (void)snprintf(out, size, "ended with status %d", WEXITSTATUS(status));
    return out;
}

static bool all_gone(const struct supervisor *s)
{
    for (size_t i = 0; i < s->workers_count; i++) {
        if (s->workers[i].pid > 0)
            return false;
    }
    return true;
}

static bool only_core_left(const struct supervisor *s)
{
    for (size_t i = 0; i < s->workers_count; i++) {
        if (s->workers[i].pid > 0 && s->workers[i].role != TC_ROLE_CORE)
            return false;
    }
    return true;
}

static void stop_worker(struct worker *w)
{
    struct msg_none none = {0};
    if (w->pid <= 0 || w->state == WORKER_STOPPING)
        return;
    w->state = WORKER_STOPPING;
    if (w->control == NULL || channel_send(w->control, MSG_STOP, &none, tc_slice(NULL, 0)) != TC_OK)
        worker_kill(w, "does not take the order to stop");
}

static void after_death(struct worker *w, int status)
{
    struct supervisor *s = w->sup;
    char text[MSG_TEXT_BYTES];
    (void)death_text(w, status, text, sizeof text);
    bool hung = w->cause[0] != 0;
    w->cause[0] = 0;
    w->pid = 0;
    if (w->ev_report != NULL) {
        event_free(w->ev_report);
        w->ev_report = NULL;
        (void)close(w->report_fd);
    }
    w->control = channel_free(w->control);
    if (s->stopping) {
        w->state = WORKER_OFF;
        if (only_core_left(s)) {
            struct worker *core = worker_find(s, TC_ROLE_CORE, 0);
            if (core != NULL)
                stop_worker(core);
        }
        if (all_gone(s))
            (void)event_base_loopbreak(s->base);
        return;
    }
    log_error("%s %s", w->label, text);
    health_tell(s, w, hung ? MSG_PROCESS_HUNG : MSG_PROCESS_DIED, text);
    plan_restart(w);
    health_send(s);
}

static void on_sigchld(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    struct supervisor *s = arg;
    for (size_t i = 0; i < s->workers_count; i++) {
        struct worker *w = &s->workers[i];
        int status = 0;
        if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid)
            after_death(w, status);
    }
}

static void check_heart(struct worker *w, struct tc_mono now)
{
    int64_t limit_ms = w->state == WORKER_STARTING ? START_WITHIN_MS : HANG_AFTER_MS;
    if (w->state != WORKER_STARTING && w->state != WORKER_READY)
        return;
    if ((now.ns - w->heard_at.ns) / TC_NS_PER_MS > limit_ms) {
        worker_kill(w,
                    w->state == WORKER_STARTING ? "was not ready in time" : "gave no sign of life");
        w->heard_at = now;
        return;
    }
    struct msg_ping ping = {.number = w->sup->ping_number};
    if (w->state == WORKER_READY && w->control == NULL)
        return; /* it closed its link: SIGCHLD, or the limit above, comes next */
    if (w->state == WORKER_READY &&
        channel_send(w->control, MSG_PING, &ping, tc_slice(NULL, 0)) != TC_OK)
        worker_kill(w, "does not read its messages");
}

static void on_ping_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct supervisor *s = arg;
    static struct tc_mono last;
    struct tc_mono now = clock_mono();
    /* After the machine itself stood still (suspended, stopped by a debugger) nobody is to blame.
     */
    bool stood_still = last.ns != 0 && (now.ns - last.ns) / TC_NS_PER_MS > HANG_AFTER_MS / 2;
    last = now;
    s->ping_number++;
    passwords_look(s);
    for (size_t i = 0; i < s->workers_count; i++) {
        if (stood_still)
            s->workers[i].heard_at = now;
        check_heart(&s->workers[i], now);
    }
    health_send(s);
}

/* systemd's readiness, where it started us. */
static void notify_systemd(const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL ||
        tc_slice_to_str(tc_slice_str(path), to.sun_path, sizeof to.sun_path) != TC_OK)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (to.sun_path[0] == '@')
        to.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, len) < 0)
        log_warn("systemd could not be told that we are ready: %s", strerrorname_np(errno));
    if (fd >= 0)
        (void)close(fd);
}

void watch_announce(struct supervisor *s)
{
    for (size_t i = 0; i < s->workers_count; i++) {
        if (s->workers[i].state != WORKER_READY)
            return;
    }
    if (s->announced)
        return;
    s->announced = true;
    char url[MSG_NAME_BYTES + 16] = "";
    for (size_t i = 0; i < s->listens_count; i++) {
        if (s->listens[i].what == MSG_LISTEN_CONSOLE)
            (void)snprintf(url, sizeof url, "https://%s/", s->listens[i].address);
    }
    (void)printf("ready %s\n", url);
    (void)fflush(stdout);
    notify_systemd("READY=1");
    log_info("certificate SHA-256 %s", s->fingerprint);
    if (s->options->on_ready != NULL)
        s->options->on_ready(s->options->ctx, url, s->fingerprint);
}

static void on_stop_limit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct supervisor *s = arg;
    for (size_t i = 0; i < s->workers_count; i++)
        worker_kill(&s->workers[i], "did not stop in time");
}

void watch_stop(struct supervisor *s, int status)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->status = status;
    struct timeval limit = {.tv_sec = STOP_WITHIN_MS / 1000};
    (void)event_add(s->ev_stop_limit, &limit);
    for (size_t i = 0; i < s->workers_count; i++) {
        if (s->workers[i].role != TC_ROLE_CORE)
            stop_worker(&s->workers[i]);
    }
    if (all_gone(s))
        (void)event_base_loopbreak(s->base);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    watch_stop(arg, 0);
}

enum tc_err watch_start(struct supervisor *s, struct tc_errinfo *info)
{
    s->ev_sigchld = evsignal_new(s->base, SIGCHLD, on_sigchld, s);
    s->ev_sigterm = evsignal_new(s->base, SIGTERM, on_end, s);
    s->ev_sigint = evsignal_new(s->base, SIGINT, on_end, s);
    s->ev_ping = event_new(s->base, -1, EV_PERSIST, on_ping_tick, s);
    s->ev_end = evtimer_new(s->base, on_end, s);
    s->ev_stop_limit = evtimer_new(s->base, on_stop_limit, s);
    struct timeval ping = {.tv_sec = PING_EVERY_MS / 1000};
    struct timeval end = {.tv_sec = s->options->run_for_s};
    if (s->ev_sigchld == NULL || s->ev_sigterm == NULL || s->ev_sigint == NULL ||
        s->ev_ping == NULL || s->ev_end == NULL || s->ev_stop_limit == NULL ||
        event_add(s->ev_sigchld, NULL) != 0 || event_add(s->ev_sigterm, NULL) != 0 ||
        event_add(s->ev_sigint, NULL) != 0 || event_add(s->ev_ping, &ping) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory to watch the processes");
    if (s->options->run_for_s > 0)
        (void)event_add(s->ev_end, &end);
    return TC_OK;
}

void watch_done(struct supervisor *s)
{
    struct event *const events[] = {s->ev_sigchld, s->ev_sigterm, s->ev_sigint,
                                    s->ev_ping,    s->ev_end,     s->ev_stop_limit};
    for (size_t i = 0; i < TC_COUNT(events); i++) {
        if (events[i] != NULL)
            event_free(events[i]);
    }
}
