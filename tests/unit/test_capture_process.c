/* SPDX-License-Identifier: Apache-2.0 */
/* The capture process as the supervisor runs it, in its sandbox, with this test as supervisor, core
 * and camera. */
#include "test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/capture.h"
#include "runtime/channel.h"
#include "runtime/process.h"
#include "runtime/ring.h"
#include "sim/camera.h"

static const char site_text[] = "site: { id: test }\n"
                                "zones: { yard: { name: Yard } }\n"
                                "cameras:\n"
                                "  gate: { driver: rtsp, url: \"rtsp://127.0.0.1:5554/gate\", "
                                "login: secret:cameras, covers: { yard: {} } }\n";

struct world {
    struct event_base *base;
    pid_t pid;
    struct sim_cameras *cameras;
    struct channel *control, *core;
    struct ring_fds ring;
    struct ring_reader reader;
    bool ready;
    unsigned connects;
    bool refuse;      /* connections are refused */
    uint32_t awaited; /* enum msg_camera_what that ends the loop */
    unsigned states;  /* heard in all */
    struct msg_camera_state state;
    struct event *deadline;
};

static void on_ready(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    (void)m;
    struct world *w = ctx;
    w->ready = true;
    event_base_loopbreak(w->base);
}

static void on_ignored(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void on_connect(void *ctx, struct channel *from, struct msg *m)
{
    struct world *w = ctx;
    const struct msg_connect *wish = m->body;
    struct msg_connected answer = {.camera = wish->camera, .attempt = wish->attempt};
    assert_int_equal(wish->camera, 0);
    w->connects++;
    int fd = -1;
    if (w->refuse) {
        answer.err = TC_E_IO;
        snprintf(answer.text, sizeof answer.text, "connection refused");
    } else {
        fd = connect_to(sim_cameras_port(w->cameras));
    }
    assert_int_equal(
        channel_send_fds(from, MSG_CONNECTED, &answer, tc_slice(NULL, 0), &fd, fd >= 0 ? 1 : 0),
        TC_OK);
    if (fd >= 0)
        close(fd);
}

static void on_camera_state(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct world *w = ctx;
    memcpy(&w->state, m->body, sizeof w->state);
    w->states++;
    if (w->state.what == w->awaited)
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

static const struct channel_handler control_handlers[] = {{MSG_READY, on_ready},
                                                          {MSG_METRICS, on_ignored},
                                                          {MSG_PONG, on_ignored},
                                                          {MSG_CONNECT, on_connect},
                                                          {0, NULL}};
static const struct channel_handler core_handlers[] = {
    {MSG_CAMERA_STATE, on_camera_state}, {MSG_FAULT, on_ignored}, {0, NULL}};
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

static _Noreturn void be_capture(int control_fd, int report_fd)
{
    int control = fcntl(control_fd, F_DUPFD, 100);
    int report = fcntl(report_fd, F_DUPFD, 100);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(control, PROCESS_CONTROL_FD) < 0 || dup2(report, PROCESS_REPORT_FD) < 0)
        _exit(3);
    closefrom(PROCESS_REPORT_FD + 1);
    _exit(capture_main());
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

static void give_ring(struct world *w)
{
    struct msg_ring body = {.camera = 0, .writable = 1};
    struct ring_size size = {.data_bytes = 4 << 20, .slot_count = 1024};
    struct tc_errinfo info = {0};
    assert_ok(ring_create("gate", size, &w->ring, &info), &info);
    assert_ok(ring_reader_open(&w->reader, w->ring.reader, &info), &info);
    assert_int_equal(
        channel_send_fds(w->control, MSG_RING, &body, tc_slice(NULL, 0), &w->ring.writer, 1),
        TC_OK);
}

static void give_secret(struct world *w, const char *text)
{
    struct msg_secret body = {.name = "cameras"};
    assert_int_equal(channel_send(w->control, MSG_SECRET, &body, tc_slice_str(text)), TC_OK);
}

static void give_core(struct world *w)
{
    struct msg_link body = {.peer = TC_ROLE_CORE};
    struct channel_options options = {.self = TC_ROLE_CORE, .peer = TC_ROLE_CAPTURE};
    struct tc_errinfo info = {0};
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    assert_ok(channel_new(w->base, fds[0], &options, &core_ops, w, &w->core, &info), &info);
    assert_int_equal(channel_send_fds(w->control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    close(fds[1]);
}

static void start_cameras(struct world *w)
{
    static const char *const names[] = {"gate"};
    struct sim_camera_options options = {.address = "127.0.0.1",
                                         .names = names,
                                         .name_count = 1,
                                         .fps = 25,
                                         .gop = 10,
                                         .bits_per_second = 1000000,
                                         .user = "tocsin",
                                         .password = "s3cret"};
    struct tc_errinfo info = {0};
    assert_ok(sim_cameras_start(w->base, &options, &w->cameras, &info), &info);
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
        be_capture(control[1], report[1]);
    close(control[1]);
    close(report[0]);
    close(report[1]);
    w->base = event_base_new();
    w->deadline = event_new(w->base, -1, 0, on_deadline, NULL);
    event_add(w->deadline, &(struct timeval){.tv_sec = 40});
    start_cameras(w);
    struct channel_options options = {.self = TC_ROLE_SUPERVISOR, .peer = TC_ROLE_CAPTURE};
    assert_ok(channel_new(w->base, control[0], &options, &control_ops, w, &w->control, &info),
              &info);
    struct msg_setup body = {
        .role = TC_ROLE_CAPTURE, .boot = 1, .starts = 1, .site_file = "site.yaml"};
    assert_int_equal(channel_send(w->control, MSG_SETUP, &body, tc_slice(NULL, 0)), TC_OK);
    give_ring(w);
    give_config(w);
    give_secret(w, "tocsin:s3cret\n");
    give_core(w);
    *state = w;
    return 0;
}

static void go(struct world *w)
{
    struct msg_none none = {0};
    assert_int_equal(channel_send(w->control, MSG_GO, &none, tc_slice(NULL, 0)), TC_OK);
    event_base_dispatch(w->base);
    assert_true(w->ready);
}

/* Runs until core hears WHAT. */
static void await(struct world *w, enum msg_camera_what what)
{
    w->awaited = what;
    event_base_dispatch(w->base);
    assert_int_equal(w->state.what, what);
}

static void run_for(struct world *w, int ms)
{
    w->awaited = 0;
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_base_loopexit(w->base, &time);
    event_base_dispatch(w->base);
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
    sim_cameras_stop(w->cameras);
    ring_reader_close(&w->reader);
    close(w->ring.writer);
    close(w->ring.reader);
    event_free(w->deadline);
    event_base_free(w->base);
    free(w);
    return 0;
}

static void test_capture__camera_with_login__plays_into_the_ring(void **state)
{
    struct world *w = *state;
    go(w);
    await(w, MSG_CAMERA_CONNECTING);
    await(w, MSG_CAMERA_UP);
    assert_int_equal(w->state.width, 1280);
    assert_int_equal(w->state.height, 720);
    assert_int_equal(strncmp(w->state.codec, "avc1.", 5), 0);
    assert_int_equal(ring_state(&w->reader), RING_CAMERA_UP);
    run_for(w, 1500);
    uint64_t oldest = ring_oldest(&w->reader);
    struct ring_frame first, last;
    assert_int_equal(ring_read_slot(&w->reader, oldest, &first), RING_READ_OK);
    assert_int_equal(ring_read_slot(&w->reader, ring_next(&w->reader) - 1, &last), RING_READ_OK);
    assert_int_equal(oldest, 1);
    assert_true((first.flags & RING_KEY) != 0);
    assert_in_range(last.number - first.number, 25, 45);
    struct ring_params params;
    assert_int_equal(ring_read_params(&w->reader, 0, &params), TC_OK);
    assert_int_equal(params.width, 1280);
}

static void test_capture__camera_stalls__is_down_and_up_again(void **state)
{
    struct world *w = *state;
    assert_int_equal(sim_cameras_set_fault(w->cameras, "gate", SIM_FAULT_STALL, 500), TC_OK);
    go(w);
    await(w, MSG_CAMERA_UP);
    await(w, MSG_CAMERA_DOWN);
    assert_string_equal(w->state.cause, "stalled");
    assert_int_equal(ring_state(&w->reader), RING_CAMERA_LOST);
    assert_int_equal(sim_cameras_set_fault(w->cameras, "gate", SIM_FAULT_NONE, 0), TC_OK);
    await(w, MSG_CAMERA_UP);
    assert_int_equal(w->connects, 2);
}

static void test_capture__connection_drops_and_garbage__have_their_causes(void **state)
{
    struct world *w = *state;
    assert_int_equal(sim_cameras_set_fault(w->cameras, "gate", SIM_FAULT_DROP, 300), TC_OK);
    go(w);
    await(w, MSG_CAMERA_UP);
    await(w, MSG_CAMERA_DOWN);
    assert_string_equal(w->state.cause, "closed");
    assert_int_equal(sim_cameras_set_fault(w->cameras, "gate", SIM_FAULT_GARBAGE, 300), TC_OK);
    await(w, MSG_CAMERA_UP);
    await(w, MSG_CAMERA_DOWN);
    assert_string_equal(w->state.cause, "garbage");
    uint64_t n = ring_next(&w->reader) - 1; /* whatever came last is whole */
    struct ring_frame frame;
    assert_int_equal(ring_read_slot(&w->reader, n, &frame), RING_READ_OK);
}

static void test_capture__wrong_password__is_told_once_and_mended_by_the_new_one(void **state)
{
    struct world *w = *state;
    give_secret(w, "tocsin:wrong");
    go(w);
    await(w, MSG_CAMERA_DOWN);
    assert_string_equal(w->state.cause, "unauthorized");
    assert_null(strstr(w->state.text, "wrong"));
    unsigned connects = w->connects;
    run_for(w, 2000);
    assert_int_equal(w->connects, connects); /* accounts get locked: no quick tries */
    give_secret(w, "tocsin:s3cret");
    await(w, MSG_CAMERA_UP);
}

static void test_capture__unreachable__tries_again_and_core_hears_it_once(void **state)
{
    struct world *w = *state;
    w->refuse = true;
    go(w);
    await(w, MSG_CAMERA_DOWN);
    assert_string_equal(w->state.cause, "unreachable");
    unsigned states = w->states;
    run_for(w, 3000);
    assert_in_range(w->connects, 2, 4);
    assert_int_equal(w->states, states);
    w->refuse = false;
    await(w, MSG_CAMERA_UP);
}

static void test_capture__core_restarts__hears_where_cameras_stand(void **state)
{
    struct world *w = *state;
    go(w);
    await(w, MSG_CAMERA_UP);
    w->core = channel_free(w->core);
    w->state.what = 0;
    give_core(w);
    await(w, MSG_CAMERA_UP);
    assert_int_equal(w->connects, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_capture__camera_with_login__plays_into_the_ring),
        TEST(test_capture__camera_stalls__is_down_and_up_again),
        TEST(test_capture__connection_drops_and_garbage__have_their_causes),
        TEST(test_capture__wrong_password__is_told_once_and_mended_by_the_new_one),
        TEST(test_capture__unreachable__tries_again_and_core_hears_it_once),
        TEST(test_capture__core_restarts__hears_where_cameras_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
