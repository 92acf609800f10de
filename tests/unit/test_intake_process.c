/* SPDX-License-Identifier: Apache-2.0 */
/* The intake process as the supervisor runs it, in its sandbox, with this test as supervisor, core
 * and panel. */
#include "test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "intake/intake.h"
#include "model/event_type.h"
#include "runtime/channel.h"
#include "runtime/process.h"
#include "sim/panel.h"

static const char site_text[] =
    "site: { id: test }\n"
    "receivers:\n"
    "  - { protocol: sia-dc09, listen: \"127.0.0.1:12128\" }\n"
    "zones: { yard: { name: Yard } }\n"
    "panels:\n"
    "  main: { account: \"1234\", points: { 12: { zone: yard, type: intrusion.motion } } }\n";

struct world {
    struct event_base *base;
    pid_t pid;
    uint16_t port;
    struct channel *control, *core;
    bool ready;
    bool silent; /* core takes signals and commits nothing */
    unsigned signals, faults;
    uint64_t last_id;
    uint32_t last_sequence;
    struct msg_fault fault;
    struct event *deadline;
};

static void on_ready(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct world *w = ctx;
    const struct msg_ready *ready = m->body;
    assert_int_equal(ready->pid, w->pid);
    w->ready = true;
    event_base_loopbreak(w->base);
}

static void on_ignored(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
}

static void on_signal(void *ctx, struct channel *from, struct msg *m)
{
    struct world *w = ctx;
    const struct msg_signal *s = m->body;
    struct msg_signal_durable durable = {.count = 1};
    w->signals++;
    w->last_id = s->id;
    w->last_sequence = s->sequence;
    assert_int_equal(m->tail.len,
                     s->events * sizeof(struct msg_signal_event) + s->text_bytes + s->raw_bytes);
    if (w->silent)
        event_base_loopbreak(w->base);
    else
        assert_int_equal(
            channel_send(from, MSG_SIGNAL_DURABLE, &durable, tc_slice(&s->id, sizeof s->id)),
            TC_OK);
}

static void on_fault(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct world *w = ctx;
    memcpy(&w->fault, m->body, sizeof w->fault);
    w->faults++;
    event_base_loopbreak(w->base);
}

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)c;
    struct world *w = ctx;
    if (why->err != TC_E_CLOSED)
        print_error("%s\n", why->text);
    event_base_loopbreak(w->base);
}

static const struct channel_handler control_handlers[] = {
    {MSG_READY, on_ready}, {MSG_METRICS, on_ignored}, {MSG_PONG, on_ignored}, {0, NULL}};
static const struct channel_handler core_handlers[] = {
    {MSG_SIGNAL, on_signal}, {MSG_FAULT, on_fault}, {0, NULL}};
static const struct channel_ops control_ops = {.handlers = control_handlers,
                                               .on_closed = on_closed};
static const struct channel_ops core_ops = {.handlers = core_handlers, .on_closed = on_closed};

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    print_error("no end within the test's time\n");
    abort();
}

static _Noreturn void be_intake(int control_fd, int report_fd)
{
    int control = fcntl(control_fd, F_DUPFD, 100);
    int report = fcntl(report_fd, F_DUPFD, 100);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(control, PROCESS_CONTROL_FD) < 0 || dup2(report, PROCESS_REPORT_FD) < 0)
        _exit(3);
    closefrom(PROCESS_REPORT_FD + 1);
    _exit(intake_main());
}

static void give_config(struct world *w)
{
    struct msg_config body = {.bytes = sizeof site_text - 1};
    int fd = memfd_create("site.yaml", MFD_CLOEXEC);
    assert_int_equal(write(fd, site_text, sizeof site_text - 1), sizeof site_text - 1);
    assert_int_equal(channel_send_fds(w->control, MSG_CONFIG, &body, tc_slice(NULL, 0), &fd, 1),
                     TC_OK);
    close(fd);
}

static void give_listener(struct world *w)
{
    struct msg_listen body = {.what = MSG_LISTEN_RECEIVER};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    w->port = ntohs(a.sin_port);
    snprintf(body.address, sizeof body.address, "127.0.0.1:%u", w->port);
    assert_int_equal(channel_send_fds(w->control, MSG_LISTEN, &body, tc_slice(NULL, 0), &fd, 1),
                     TC_OK);
    close(fd);
}

/* A link to core, the first or one to a core that was restarted. */
static void give_core(struct world *w)
{
    struct msg_link body = {.peer = TC_ROLE_CORE};
    struct channel_options options = {.self = TC_ROLE_CORE, .peer = TC_ROLE_INTAKE};
    struct tc_errinfo info = {0};
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    assert_ok(channel_new(w->base, fds[0], &options, &core_ops, w, &w->core, &info), &info);
    assert_int_equal(channel_send_fds(w->control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    close(fds[1]);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct tc_errinfo info = {0};
    int control[2];
    int report[2];
    assert_ok(channel_pair(control, &info), &info);
    assert_int_equal(pipe2(report, O_CLOEXEC | O_NONBLOCK), 0);
    w->pid = fork();
    if (w->pid == 0)
        be_intake(control[1], report[1]);
    close(control[1]);
    close(report[0]);
    close(report[1]);
    w->base = event_base_new();
    w->deadline = event_new(w->base, -1, 0, on_deadline, NULL);
    event_add(w->deadline, &(struct timeval){.tv_sec = 30});
    struct channel_options options = {.self = TC_ROLE_SUPERVISOR, .peer = TC_ROLE_INTAKE};
    assert_ok(channel_new(w->base, control[0], &options, &control_ops, w, &w->control, &info),
              &info);
    struct msg_setup body = {
        .role = TC_ROLE_INTAKE, .boot = 1, .starts = 1, .site_file = "site.yaml"};
    struct msg_none none = {0};
    assert_int_equal(channel_send(w->control, MSG_SETUP, &body, tc_slice(NULL, 0)), TC_OK);
    give_config(w);
    give_listener(w);
    give_core(w);
    assert_int_equal(channel_send(w->control, MSG_GO, &none, tc_slice(NULL, 0)), TC_OK);
    event_base_dispatch(w->base);
    assert_true(w->ready);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    struct msg_none none = {0};
    int status = -1;
    assert_int_equal(channel_send(w->control, MSG_STOP, &none, tc_slice(NULL, 0)), TC_OK);
    channel_flush(w->control);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_int_equal(status, 0);
    channel_free(w->control);
    channel_free(w->core);
    event_free(w->deadline);
    event_base_free(w->base);
    free(w);
    return 0;
}

static struct sim_panels *begin_panel(struct world *w, const char *account,
                                      const char *const *events, size_t count)
{
    struct sim_panel_options o = {.host = "127.0.0.1",
                                  .port = w->port,
                                  .account = account,
                                  .events = events,
                                  .events_count = count,
                                  .repeat = 1};
    struct sim_panels *all = NULL;
    struct tc_errinfo info = {0};
    assert_ok(sim_panels_new(w->base, &o, &all, &info), &info);
    return all;
}

static void test_intake__signals_of_a_panel__are_acknowledged_once_core_has_them(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12", "BR 12", "1130 01 012", "null"};
    struct sim_panels *all = begin_panel(w, "1234", events, TC_COUNT(events));
    event_base_dispatch(w->base);
    assert_true(sim_panels_finished(all));
    assert_int_equal(sim_panels_stats(all)->acked, TC_COUNT(events));
    assert_int_equal(w->signals, TC_COUNT(events));
    assert_int_equal(sim_panels_stats(all)->resent, 0);
    sim_panels_free(all);
}

static void test_intake__core_restarts_before_its_commit__gets_the_signal_again(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12"};
    w->silent = true;
    struct sim_panels *all = begin_panel(w, "1234", events, TC_COUNT(events));
    event_base_dispatch(w->base);
    assert_int_equal(w->signals, 1);
    uint64_t id = w->last_id;
    assert_true(
        id >
        UINT64_C(1) << 40); /* numbers of this start: answers to an earlier one name none of them */
    w->core = channel_free(w->core); /* core dies with the signal in hand */
    w->silent = false;
    give_core(w);
    event_base_dispatch(w->base);
    assert_int_equal(w->signals, 2);
    assert_int_equal(w->last_id, id);
    assert_int_equal(sim_panels_stats(all)->acked, 1);
    assert_int_equal(sim_panels_stats(all)->resent, 0); /* the panel noticed nothing */
    sim_panels_free(all);
}

static void test_intake__wrong_account__is_a_fault_that_core_hears_of(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12"};
    struct sim_panels *all = begin_panel(w, "9999", events, TC_COUNT(events));
    event_base_dispatch(w->base);
    assert_int_equal(w->signals, 0);
    assert_int_equal(w->faults, 1);
    assert_int_equal(w->fault.type, EV_SUPERVISION_COMM_TROUBLE);
    assert_non_null(strstr(w->fault.text, "9999"));
    assert_non_null(strstr(w->fault.item, "receiver 127.0.0.1:"));
    sim_panels_free(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_intake__signals_of_a_panel__are_acknowledged_once_core_has_them),
        TEST(test_intake__core_restarts_before_its_commit__gets_the_signal_again),
        TEST(test_intake__wrong_account__is_a_fault_that_core_hears_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
