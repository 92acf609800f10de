/* SPDX-License-Identifier: Apache-2.0 */
/* Our RTSP client against GStreamer's server over real sockets: seconds of video into a ring,
 * decoded by the ffmpeg program where there is one. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/session.h"
#include "runtime/clock.h"
#include "runtime/ring.h"

enum { BUFFER_BYTES = 1 << 20, PLAY_S = 5, FPS = 15 };

struct rig {
    pid_t server;
    int server_input;
    uint16_t port;
    int fd;
    struct ring_fds fds;
    struct ring_writer ring;
    struct ring_reader reader;
    struct session s;
    uint8_t *buffer;
    size_t have;
};

static _Noreturn void be_server(const char *const *arguments, int input, int output)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(input, 0);
    (void)dup2(output, 1);
    closefrom(3);
    (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* its libraries' business */
    const char *argv[6] = {GST_RTSP_SERVER};
    for (size_t i = 0; arguments[i] != NULL && i < 4; i++)
        argv[i + 1] = arguments[i];
    execv(GST_RTSP_SERVER, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void start_server(struct rig *g, const char *const *arguments)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    g->server = fork();
    if (g->server == 0)
        be_server(arguments, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    g->server_input = to[1];
    FILE *out = fdopen(from[0], "r");
    unsigned port = 0;
    assert_int_equal(fscanf(out, "port %u", &port), 1);
    fclose(out);
    g->port = (uint16_t)port;
}

static void rig_open(struct rig *g, const char *const *arguments, const char *user,
                     const char *password)
{
    static char url[64];
    struct tc_errinfo info = {0};
    *g = (struct rig){.buffer = malloc(BUFFER_BYTES)};
    start_server(g, arguments);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons(g->port);
    g->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(g->fd, (struct sockaddr *)&a, sizeof a), 0);
    struct ring_size size = {.data_bytes = 8 << 20, .slot_count = 1024};
    assert_ok(ring_create("gst", size, &g->fds, &info), &info);
    assert_ok(ring_writer_open(&g->ring, g->fds.writer, &info), &info);
    assert_ok(ring_reader_open(&g->reader, g->fds.reader, &info), &info);
    (void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/main", g->port);
    struct session_config config = {.url = tc_slice_str(url),
                                    .user = tc_slice_str(user),
                                    .password = tc_slice_str(password),
                                    .ring = &g->ring};
    session_init(&g->s, &config);
    session_start(&g->s, (struct session_now){clock_wall(), clock_mono()});
}

static void rig_close(struct rig *g)
{
    int status = -1;
    session_stop(&g->s);
    if (g->s.out.len > 0)
        (void)!write(g->fd, g->s.out.data, g->s.out.len);
    close(g->fd);
    close(g->server_input);
    assert_int_equal(waitpid(g->server, &status, 0), g->server);
    assert_int_equal(status, 0);
    session_done(&g->s);
    ring_writer_close(&g->ring);
    ring_reader_close(&g->reader);
    close(g->fds.writer);
    close(g->fds.reader);
    free(g->buffer);
}

/* As the process does it: a read on a tick of 100 ms. */
static void turn(struct rig *g)
{
    struct session_now now = {clock_wall(), clock_mono()};
    while (g->s.out.len > 0) {
        ssize_t sent = write(g->fd, g->s.out.data, g->s.out.len);
        assert_true(sent > 0);
        tc_buf_drop(&g->s.out, (size_t)sent);
    }
    ssize_t n = recv(g->fd, g->buffer + g->have, BUFFER_BYTES - g->have, MSG_DONTWAIT);
    if (n == 0)
        session_closed(&g->s, "the server closed");
    if (n > 0) {
        size_t len = g->have + (size_t)n;
        size_t took = session_input(&g->s, tc_slice(g->buffer, len), now);
        g->have = len - took;
        memmove(g->buffer, g->buffer + took, g->have);
    }
    session_tick(&g->s, now);
    if (g->s.phase != SESSION_PLAYING)
        (void)poll(&(struct pollfd){.fd = g->fd, .events = POLLIN}, 1, 100);
    else
        (void)poll(NULL, 0, 100);
}

static void play_for(struct rig *g, int seconds)
{
    int64_t end_ns = 0;
    while (g->s.phase != SESSION_ENDED && (end_ns == 0 || clock_mono().ns < end_ns)) {
        turn(g);
        if (end_ns == 0 && session_is_up(&g->s))
            end_ns = clock_mono().ns + seconds * TC_NS_PER_S;
    }
    if (g->s.phase == SESSION_ENDED)
        print_error("%s: %s\n", session_cause_word(g->s.cause), g->s.text);
}

/* The ring's frames as an Annex B stream. */
static unsigned write_stream(const struct rig *g, FILE *out)
{
    unsigned count = 0;
    for (uint64_t n = ring_oldest(&g->reader); n < ring_next(&g->reader); n++, count++) {
        struct ring_frame f;
        assert_int_equal(ring_read_slot(&g->reader, n, &f), RING_READ_OK);
        struct tc_slice rest = ring_frame_view(&g->reader, &f);
        while (rest.len > 4) {
            size_t len = (size_t)rest.ptr[0] << 24 | (size_t)rest.ptr[1] << 16 |
                         (size_t)rest.ptr[2] << 8 | rest.ptr[3];
            assert_true(len > 0 && len <= rest.len - 4);
            (void)fwrite("\0\0\0\1", 1, 4, out);
            (void)fwrite(rest.ptr + 4, 1, len, out);
            rest = tc_slice_sub(rest, 4 + len, rest.len);
        }
        assert_int_equal(rest.len, 0);
    }
    return count;
}

/* Decodes PATH with the ffmpeg program: the pictures it saw, -1 when there is no such program. */
static int decode(const char *path)
{
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(out[1], 1);
        (void)dup2(out[1], 2);
        execlp("ffprobe", "ffprobe", "-v", "error", "-count_frames", "-show_entries",
               "stream=nb_read_frames", "-of", "csv=p=0", "-f", "h264", path, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    char text[256];
    size_t len = 0;
    ssize_t n = 0;
    while (len < sizeof text - 1 && (n = read(out[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(out[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return -1;
    char *end = NULL;
    long frames = strtol(text, &end, 10);
    if (end == text || *end != '\n' || end[1] != '\0')
        fail_msg("the decoder says: %s", text);
    return (int)frames;
}

static void check_recording(struct rig *g)
{
    char path[] = "/tmp/tocsin-gst-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    unsigned count = write_stream(g, out);
    assert_int_equal(fclose(out), 0);
    assert_in_range(count, (PLAY_S - 1) * FPS, (PLAY_S + 3) * FPS);
    int decoded = decode(path);
    unlink(path);
    if (decoded < 0)
        print_message("no ffprobe on this machine: not decoded\n");
    else
        assert_int_equal(decoded, count);
}

static void check_times(const struct rig *g)
{
    struct ring_frame first, last, f;
    uint64_t end = ring_next(&g->reader);
    assert_int_equal(ring_read_slot(&g->reader, 1, &first), RING_READ_OK);
    assert_int_equal(ring_read_slot(&g->reader, end - 1, &last), RING_READ_OK);
    int64_t want_ns = (int64_t)(last.number - first.number) * TC_NS_PER_S / FPS;
    assert_true(llabs(last.wall.ns - first.wall.ns - want_ns) < 200 * TC_NS_PER_MS);
    unsigned keys = 0, gaps = 0;
    for (uint64_t n = 1; n < end; n++) {
        assert_int_equal(ring_read_slot(&g->reader, n, &f), RING_READ_OK);
        keys += (f.flags & RING_KEY) != 0;
        gaps += (f.flags & RING_DISCONTINUITY) != 0;
    }
    assert_in_range(keys, PLAY_S - 1, PLAY_S + 3);
    assert_int_equal(gaps, 1);
}

static void test_gst__five_seconds__are_recorded_and_decode(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    struct rig g;
    rig_open(&g, none, "", "");
    play_for(&g, PLAY_S);
    assert_int_equal(g.s.phase, SESSION_PLAYING);
    assert_int_equal(g.s.width, 640);
    assert_int_equal(g.s.height, 360);
    assert_int_equal(g.s.h264.counts.lost_packets + g.s.h264.counts.broken_packets, 0);
    check_recording(&g);
    check_times(&g);
    struct ring_frame last;
    assert_int_equal(ring_read_slot(&g.reader, ring_next(&g.reader) - 1, &last), RING_READ_OK);
    assert_int_not_equal(last.sender.ns, 0); /* its sender reports are plausible */
    assert_true(llabs(last.sender.ns - last.wall.ns) < TC_NS_PER_S);
    rig_close(&g);
}

static void test_gst__digest__right_password_plays_wrong_one_does_not(void **state)
{
    (void)state;
    static const char *const login[] = {"viewer", "pa55 word", NULL};
    struct rig g;
    rig_open(&g, login, "viewer", "pa55 word");
    play_for(&g, 1);
    assert_int_equal(g.s.phase, SESSION_PLAYING);
    rig_close(&g);
    rig_open(&g, login, "viewer", "wrong");
    play_for(&g, 1);
    assert_int_equal(g.s.cause, SESSION_CAUSE_UNAUTHORIZED);
    rig_close(&g);
    rig_open(&g, login, "", "");
    play_for(&g, 1);
    assert_int_equal(g.s.cause, SESSION_CAUSE_UNAUTHORIZED);
    rig_close(&g);
}

static void test_gst__udp_only__is_told_as_such(void **state)
{
    (void)state;
    static const char *const udp[] = {"udp", NULL};
    struct rig g;
    rig_open(&g, udp, "", "");
    play_for(&g, 1);
    assert_int_equal(g.s.cause, SESSION_CAUSE_TRANSPORT);
    rig_close(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gst__five_seconds__are_recorded_and_decode),
        cmocka_unit_test(test_gst__digest__right_password_plays_wrong_one_does_not),
        cmocka_unit_test(test_gst__udp_only__is_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
