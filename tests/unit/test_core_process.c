/* SPDX-License-Identifier: Apache-2.0 */
/* The core process as the supervisor runs it, in its sandbox; this test is supervisor, intake,
 * capture, archive and web, also such as have been taken over by somebody. */
#include "test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/core.h"
#include "model/site.h"
#include "runtime/channel.h"
#include "runtime/process.h"
#include "runtime/sandbox.h"
#include "store/journal.h"
#include "temp_dir.h"

static const char site_text[] =
    "site: { id: test }\n"
    "console: { listen: \"127.0.0.1:8443\" }\n"
    "receivers:\n"
    "  - { protocol: sia-dc09, listen: \"127.0.0.1:12128\" }\n"
    "zones: { yard: { name: Yard } }\n"
    "panels:\n"
    "  main: { account: \"1234\", points: { 12: { zone: yard } } }\n"
    "cameras:\n"
    "  near: { driver: rtsp, url: rtsp://127.0.0.1/near, covers: { yard: {} } }\n"
    "users: { anna: { role: operator } }\n";

struct answer {
    uint64_t request;
    unsigned status;
    size_t bytes;
    char token[MSG_TOKEN_BYTES];
};

static struct {
    char dir[TEMP_DIR_BYTES];
    struct event_base *base;
    struct event *deadline;
    struct channel *control, *intake, *web, *archive, *capture;
    pid_t pid;
    bool ready, closed;
    uint64_t pong, ping;
    uint64_t durable; /* the last signal that was told to be so */
    unsigned spends, records;
    struct msg_link_lost lost;
    unsigned losts;
    struct msg_record record;
    struct answer answers[64];
    size_t answers_count;
    size_t answer_bytes; /* of the answer that is coming */
    char answer_end[65];
} w;

static void on_ready(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
    w.ready = true;
    event_base_loopbreak(w.base);
}

static void on_ignored(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
}

static void on_pong(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    w.pong = ((const struct msg_ping *)m->body)->number;
    event_base_loopbreak(w.base);
}

static void on_spend(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    (void)m;
    w.spends++;
}

static void on_lost(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    memcpy(&w.lost, m->body, sizeof w.lost);
    w.losts++;
    event_base_loopbreak(w.base);
}

static void on_durable(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    memcpy(&w.durable, m->tail.ptr + m->tail.len - sizeof w.durable, sizeof w.durable);
    event_base_loopbreak(w.base);
}

static void on_answer(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    const struct msg_answer *a = m->body;
    w.answer_bytes += m->tail.len;
    memcpy(w.answer_end, m->tail.ptr + (m->tail.len > 64 ? m->tail.len - 64 : 0),
           m->tail.len > 64 ? 64 : m->tail.len);
    if (a->more != 0)
        return;
    struct answer *kept = &w.answers[w.answers_count++ % TC_COUNT(w.answers)];
    *kept = (struct answer){.request = a->request, .status = a->status, .bytes = w.answer_bytes};
    w.answer_bytes = 0;
    memcpy(kept->token, a->set_token, sizeof kept->token);
    event_base_loopbreak(w.base);
}

static void on_peer_is(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    const struct msg_peer_is *a = m->body;
    struct answer *kept = &w.answers[w.answers_count++ % TC_COUNT(w.answers)];
    *kept = (struct answer){.request = a->request, .status = 200};
    memcpy(kept->token, a->token, sizeof kept->token);
    event_base_loopbreak(w.base);
}

static void on_record(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    memcpy(&w.record, m->body, sizeof w.record);
    w.records++;
    event_base_loopbreak(w.base);
}

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)ctx;
    (void)c;
    if (why->err != TC_E_CLOSED)
        print_error("%s\n", why->text);
    w.closed = true;
    event_base_loopbreak(w.base);
}

static const struct channel_handler control_handlers[] = {{MSG_READY, on_ready},
                                                          {MSG_METRICS, on_ignored},
                                                          {MSG_PONG, on_pong},
                                                          {MSG_RING_GIVE, on_ignored},
                                                          {MSG_PASSWORD_PUT, on_spend},
                                                          {MSG_LINK_LOST, on_lost},
                                                          {0, NULL}};
static const struct channel_handler peer_handlers[] = {
    {MSG_SIGNAL_DURABLE, on_durable}, {MSG_ANSWER, on_answer},
    {MSG_PEER_IS, on_peer_is},        {MSG_CHANGE, on_ignored},
    {MSG_LIVE, on_ignored},           {MSG_RECORD, on_record},
    {MSG_WATCH, on_ignored},          {0, NULL}};
static const struct channel_ops control_ops = {.handlers = control_handlers,
                                               .on_closed = on_closed};
static const struct channel_ops peer_ops = {.handlers = peer_handlers, .on_closed = on_closed};

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    print_error("no end within the test's time\n");
    abort();
}

static _Noreturn void be_core(int control_fd, int report_fd)
{
    int control = fcntl(control_fd, F_DUPFD, 100);
    int report = fcntl(report_fd, F_DUPFD, 100);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(control, PROCESS_CONTROL_FD) < 0 || dup2(report, PROCESS_REPORT_FD) < 0)
        _exit(3);
    closefrom(PROCESS_REPORT_FD + 1);
    _exit(core_main());
}

static void give_config(void)
{
    struct msg_config body = {.bytes = sizeof site_text - 1};
    int fd = memfd_create("site.yaml", MFD_CLOEXEC);
    assert_int_equal(write(fd, site_text, sizeof site_text - 1), sizeof site_text - 1);
    assert_int_equal(channel_send_fds(w.control, MSG_CONFIG, &body, tc_slice(NULL, 0), &fd, 1),
                     TC_OK);
    (void)close(fd);
}

static void give_dir(void)
{
    struct msg_dir body = {.what = MSG_DIR_STATE};
    int fd = open(w.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(channel_send_fds(w.control, MSG_DIR, &body, tc_slice(NULL, 0), &fd, 1), TC_OK);
    (void)close(fd);
}

static struct channel *give_link(enum tc_role peer, unsigned instance)
{
    struct msg_link body = {.peer = peer, .instance = instance};
    struct channel_options options = {.self = peer, .peer = TC_ROLE_CORE};
    struct tc_errinfo info = {0};
    struct channel *c = NULL;
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    assert_ok(channel_new(w.base, fds[0], &options, &peer_ops, NULL, &c, &info), &info);
    assert_int_equal(channel_send_fds(w.control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    (void)close(fds[1]);
    return c;
}

/* A hash that is quick to compare; MARK is "once:" or "". */
static void give_password(const char *mark, const char *password)
{
    struct msg_secret body = {.name = "password/anna"};
    char text[crypto_pwhash_STRBYTES + 8];
    size_t at = strlen(mark);
    memcpy(text, mark, at);
    assert_int_equal(crypto_pwhash_str(text + at, password, strlen(password),
                                       crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                     0);
    assert_int_equal(channel_send(w.control, MSG_SECRET, &body, tc_slice_str(text)), TC_OK);
}

static void start(void)
{
    struct tc_errinfo info = {0};
    int control[2], report[2];
    assert_ok(channel_pair(control, &info), &info);
    assert_int_equal(pipe2(report, O_CLOEXEC | O_NONBLOCK), 0);
    w.pid = fork();
    if (w.pid == 0)
        be_core(control[1], report[1]);
    (void)close(control[1]);
    (void)close(report[0]);
    (void)close(report[1]);
    struct channel_options options = {.self = TC_ROLE_SUPERVISOR, .peer = TC_ROLE_CORE};
    assert_ok(channel_new(w.base, control[0], &options, &control_ops, NULL, &w.control, &info),
              &info);
    struct msg_setup body = {
        .role = TC_ROLE_CORE, .boot = 1, .starts = 1, .site_file = "site.yaml"};
    struct msg_none none = {0};
    assert_int_equal(channel_send(w.control, MSG_SETUP, &body, tc_slice(NULL, 0)), TC_OK);
    give_config();
    give_dir();
    give_password("", "right");
    w.intake = give_link(TC_ROLE_INTAKE, 0);
    w.web = give_link(TC_ROLE_WEB, 0);
    w.archive = give_link(TC_ROLE_ARCHIVE, 0);
    w.capture = give_link(TC_ROLE_CAPTURE, 1); /* cameras 16 to 31, of which this site has none */
    assert_int_equal(channel_send(w.control, MSG_GO, &none, tc_slice(NULL, 0)), TC_OK);
    w.ready = false;
    event_base_dispatch(w.base);
    assert_true(w.ready);
}

static void drop_links(void)
{
    struct channel **const all[] = {&w.control, &w.intake, &w.web, &w.archive, &w.capture};
    for (size_t i = 0; i < TC_COUNT(all); i++)
        *all[i] = channel_free(*all[i]);
}

static void stop(void)
{
    struct msg_none none = {0};
    int status = -1;
    assert_int_equal(channel_send(w.control, MSG_STOP, &none, tc_slice(NULL, 0)), TC_OK);
    channel_flush(w.control);
    assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
    assert_int_equal(status, 0);
    drop_links();
}

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    assert_true(sodium_init() >= 0);
    temp_dir_make(w.dir);
    if (geteuid() == 0) {
        assert_int_equal(
            chown(w.dir, tc_sandbox_uid(TC_ROLE_CORE, 0, 0), tc_sandbox_gid(TC_ROLE_CORE, 0, 0)),
            0);
        assert_int_equal(chmod(w.dir, 0750), 0);
    }
    w.base = event_base_new();
    w.deadline = event_new(w.base, -1, 0, on_deadline, NULL);
    assert_int_equal(event_add(w.deadline, &(struct timeval){.tv_sec = 30}), 0);
    start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    event_free(w.deadline);
    event_base_free(w.base);
    temp_dir_remove(w.dir);
    return 0;
}

/* Core has handled all that was sent before, and answers: it lives. */
static void assert_alive(void)
{
    struct msg_ping ping = {.number = ++w.ping};
    channel_flush(w.intake);
    channel_flush(w.web);
    channel_flush(w.capture);
    assert_int_equal(channel_send(w.control, MSG_PING, &ping, tc_slice(NULL, 0)), TC_OK);
    while (w.pong != w.ping && !w.closed)
        event_base_dispatch(w.base);
    assert_false(w.closed);
}

static void send_signal(uint64_t id, size_t raw_bytes)
{
    static uint8_t tail[sizeof(struct msg_signal_event) + 16384];
    struct msg_signal_event ev = {.type = EV_INTRUSION_MOTION,
                                  .state = EV_STATE_ACTIVE,
                                  .point = 0,
                                  .number = 12,
                                  .code = "BA"};
    struct msg_signal m = {.id = id, .events = 1, .raw_bytes = (uint32_t)raw_bytes};
    memcpy(m.digest, &id, sizeof id);
    m.received_at_ns = INT64_C(1800000000) * TC_NS_PER_S;
    memcpy(tail, &ev, sizeof ev);
    memset(tail + sizeof ev, 'x', raw_bytes);
    assert_int_equal(channel_send(w.intake, MSG_SIGNAL, &m, tc_slice(tail, sizeof ev + raw_bytes)),
                     TC_OK);
}

static const struct answer *answer_of(uint64_t request)
{
    while (!w.closed) {
        for (size_t i = 0; i < w.answers_count && i < TC_COUNT(w.answers); i++) {
            if (w.answers[i].request == request)
                return &w.answers[i];
        }
        event_base_dispatch(w.base);
    }
    fail_msg("core is gone");
    return NULL;
}

static void ask(uint64_t request, const char *route, const char *token, const char *body)
{
    struct msg_request r = {
        .request = request, .body_bytes = (uint32_t)strlen(body), .peer = "192.0.2.7:40000"};
    (void)snprintf(r.route_name, sizeof r.route_name, "%s", route);
    (void)snprintf(r.token, sizeof r.token, "%s", token);
    assert_int_equal(channel_send(w.web, MSG_REQUEST, &r, tc_slice_str(body)), TC_OK);
}

struct find {
    uint16_t kind;
    unsigned count;
    char user[SITE_ID_BYTES];
};

static enum tc_err find_one(void *ctx, const struct record_entry *e, struct tc_slice bytes)
{
    (void)bytes;
    struct find *f = ctx;
    if (e->kind != f->kind)
        return TC_OK;
    f->count++;
    tc_slice_to_str_cut(entry_get_text(e, RF_USER), f->user, sizeof f->user);
    return TC_OK;
}

/* What the stopped core's journal holds of this kind. */
static struct find in_journal(enum record_kind kind)
{
    struct find f = {.kind = (uint16_t)kind};
    struct journal *j = NULL;
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = w.dir};
    assert_ok(journal_open(&o, &j, &info), &info);
    assert_ok(journal_tail(j, 1, find_one, &f, &info), &info);
    (void)journal_close(j);
    return f;
}

static void test_core__signal__is_told_durable_and_its_camera_ordered(void **state)
{
    (void)state;
    send_signal(7, 20);
    while (w.durable != 7 || w.records == 0)
        event_base_dispatch(w.base);
    assert_int_equal(w.record.what, MSG_RECORD_START);
    stop();
    assert_int_equal(in_journal(RK_SIGNAL).count, 1);
    assert_int_equal(in_journal(RK_ALARM_RAISED).count, 1);
}

static void test_core__archive_comes_back__is_ordered_what_should_run(void **state)
{
    (void)state;
    send_signal(7, 20);
    while (w.durable != 7 || w.records == 0)
        event_base_dispatch(w.base);
    uint64_t action = w.record.action;
    w.archive = channel_free(w.archive);
    w.records = 0;
    w.archive = give_link(TC_ROLE_ARCHIVE, 0);
    while (w.records == 0)
        event_base_dispatch(w.base);
    assert_int_equal(w.record.action, action);
    stop();
}

static void test_core__signal_too_long_for_the_journal__is_refused_and_nothing_else(void **state)
{
    (void)state;
    send_signal(8, ENTRY_TEXT_MAX + 1);
    assert_alive();
    send_signal(9, ENTRY_TEXT_MAX);
    while (w.durable != 9)
        event_base_dispatch(w.base);
    stop();
    assert_int_equal(in_journal(RK_SIGNAL).count, 1);
}

static void test_core__sign_out__is_on_the_record_with_its_name(void **state)
{
    (void)state;
    ask(1, "session_create", "", "{\"user\":\"anna\",\"password\":\"right\"}");
    const struct answer *a = answer_of(1);
    assert_int_equal(a->status, 200);
    char token[MSG_TOKEN_BYTES];
    memcpy(token, a->token, sizeof token);
    ask(2, "session_delete", token, "");
    assert_int_equal(answer_of(2)->status, 204);
    ask(3, "session_get", token, "");
    assert_int_equal(answer_of(3)->status, 401);
    stop();
    struct find f = in_journal(RK_LOGOUT);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.user, "anna");
}

static void test_core__many_wrong_passwords_at_once__few_are_compared(void **state)
{
    (void)state;
    unsigned compared = 0;
    for (uint64_t i = 1; i <= 20; i++)
        ask(i, "session_create", "", "{\"user\":\"anna\",\"password\":\"wrong\"}");
    for (uint64_t i = 1; i <= 20; i++) {
        unsigned status = answer_of(i)->status;
        assert_true(status == 401 || status == 429);
        compared += status == 401;
    }
    assert_int_equal(compared, 4);
    stop();
}

static void test_core__one_time_password_twice_at_once__opens_one_session(void **state)
{
    (void)state;
    unsigned opened = 0;
    give_password("once:", "first");
    assert_alive();
    for (uint64_t i = 1; i <= 3; i++)
        ask(i, "session_create", "", "{\"user\":\"anna\",\"password\":\"first\"}");
    for (uint64_t i = 1; i <= 3; i++)
        opened += answer_of(i)->status == 200;
    assert_int_equal(opened, 1);
    assert_int_equal(w.spends, 1);
    stop();
}

static void peer(uint64_t request, int fd)
{
    struct msg_peer p = {.request = request};
    assert_int_equal(channel_send_fds(w.web, MSG_PEER, &p, tc_slice(NULL, 0), &fd, 1), TC_OK);
}

/* A connection to a socket of this name: both ends, and the socket that listens. */
static void local_socket(const char *name, int ret[3])
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%.80s/%s", w.dir, name);
    ret[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(ret[0], (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(ret[0], 4), 0);
    ret[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ret[1], (const struct sockaddr *)&a, sizeof a), 0);
    ret[2] = accept4(ret[0], NULL, NULL, SOCK_CLOEXEC);
    assert_true(ret[2] >= 0);
}

static void test_core__any_other_socket_of_ours_as_a_local_connection__is_nobody(void **state)
{
    (void)state;
    int local[3], other[3], pair[2];
    local_socket("tocsin.sock", local);
    local_socket("other.sock", other);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    peer(1, local[2]);
    assert_true(answer_of(1)->token[0] != 0);
    const int wrong[] = {local[0], local[1], other[0], other[1], other[2], pair[0], STDIN_FILENO};
    for (size_t i = 0; i < TC_COUNT(wrong); i++) {
        peer(2 + i, wrong[i]);
        assert_string_equal(answer_of(2 + i)->token, "");
    }
    for (size_t i = 0; i < 3; i++) {
        (void)close(local[i]);
        (void)close(other[i]);
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
    stop();
}

static void test_core__flood_of_incidents__the_list_is_still_an_answer(void **state)
{
    (void)state;
    char token[MSG_TOKEN_BYTES];
    ask(1, "session_create", "", "{\"user\":\"anna\",\"password\":\"right\"}");
    memcpy(token, answer_of(1)->token, sizeof token);
    for (unsigned i = 0; i < 10000; i++) {
        struct msg_fault f = {.type = EV_SYSTEM_DISK_FAILED, .active = 1, .count = 1};
        (void)snprintf(f.item, sizeof f.item, "volume %u", i);
        memset(f.text, 'x', sizeof f.text - 1);
        assert_int_equal(channel_send(w.archive, MSG_FAULT, &f, tc_slice(NULL, 0)), TC_OK);
    }
    for (uint64_t request = 2; strstr(w.answer_end, "left_off") == NULL; request++) {
        ask(request, "incidents", token, "");
        assert_int_equal(answer_of(request)->status, 200);
        assert_in_range(answer_of(request)->bytes, 1, (3 << 20) + 65536);
    }
    stop();
}

/* Web takes nothing any more: what it misses must not be missed for ever. */
static void test_core__web_does_not_read__gets_a_new_link_instead_of_a_gap(void **state)
{
    (void)state;
    struct {
        struct msg_head head;
        struct msg_request request;
    } stream = {.head = {.magic = MSG_MAGIC,
                         .version = 1,
                         .type = MSG_REQUEST,
                         .body_bytes = sizeof stream.request},
                .request = {.request = 2, .route_name = "stream"}};
    struct msg_link body = {.peer = TC_ROLE_WEB};
    struct tc_errinfo info = {0};
    int fds[2];
    ask(1, "session_create", "", "{\"user\":\"anna\",\"password\":\"right\"}");
    memcpy(stream.request.token, answer_of(1)->token, sizeof stream.request.token);
    assert_ok(channel_pair(fds, &info), &info);
    assert_int_equal(channel_send_fds(w.control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    (void)close(fds[1]);
    channel_flush(w.control);
    w.web = channel_free(w.web);
    assert_int_equal(send(fds[0], &stream, sizeof stream, 0), sizeof stream);
    struct pollfd answered = {.fd = fds[0], .events = POLLIN};
    assert_int_equal(poll(&answered, 1, 10000), 1);
    for (uint64_t id = 1; id <= 8000 && w.losts == 0; id++) {
        send_signal(id, ENTRY_TEXT_MAX);
        while (id % 50 == 0 && w.durable != id)
            event_base_dispatch(w.base);
    }
    while (w.losts == 0)
        event_base_dispatch(w.base);
    assert_int_equal(w.lost.peer, TC_ROLE_WEB);
    (void)close(fds[0]);
    stop();
}

static void test_core__what_a_process_may_not_tell__is_not_on_the_record(void **state)
{
    (void)state;
    struct msg_camera_state camera = {.camera = 0, .what = MSG_CAMERA_UP};
    struct msg_fault fire = {
        .type = EV_FIRE_SMOKE, .active = 1, .count = 1, .zone = "yard", .item = "12"};
    assert_int_equal(channel_send(w.capture, MSG_CAMERA_STATE, &camera, tc_slice(NULL, 0)), TC_OK);
    assert_int_equal(channel_send(w.web, MSG_FAULT, &fire, tc_slice(NULL, 0)), TC_OK);
    assert_alive();
    assert_alive();
    stop();
    assert_int_equal(in_journal(RK_CAMERA).count, 0);
    assert_int_equal(in_journal(RK_ALARM_RAISED).count, 0);
}

static void test_core__intake_breaks_the_table__a_new_link_is_asked_for_and_works(void **state)
{
    (void)state;
    struct msg_link body = {.peer = TC_ROLE_INTAKE};
    struct tc_errinfo info = {0};
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    assert_int_equal(channel_send_fds(w.control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    (void)close(fds[1]);
    w.intake = channel_free(w.intake);
    assert_int_equal(send(fds[0], "rubbish", 7, 0), 7);
    while (w.losts == 0)
        event_base_dispatch(w.base);
    assert_int_equal(w.lost.peer, TC_ROLE_INTAKE);
    (void)close(fds[0]);
    w.intake = give_link(TC_ROLE_INTAKE, 0);
    send_signal(7, 20);
    while (w.durable != 7)
        event_base_dispatch(w.base);
    stop();
}

#define PROCESS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        PROCESS_TEST(test_core__signal__is_told_durable_and_its_camera_ordered),
        PROCESS_TEST(test_core__archive_comes_back__is_ordered_what_should_run),
        PROCESS_TEST(test_core__signal_too_long_for_the_journal__is_refused_and_nothing_else),
        PROCESS_TEST(test_core__sign_out__is_on_the_record_with_its_name),
        PROCESS_TEST(test_core__many_wrong_passwords_at_once__few_are_compared),
        PROCESS_TEST(test_core__one_time_password_twice_at_once__opens_one_session),
        PROCESS_TEST(test_core__any_other_socket_of_ours_as_a_local_connection__is_nobody),
        PROCESS_TEST(test_core__intake_breaks_the_table__a_new_link_is_asked_for_and_works),
        PROCESS_TEST(test_core__flood_of_incidents__the_list_is_still_an_answer),
        PROCESS_TEST(test_core__web_does_not_read__gets_a_new_link_instead_of_a_gap),
        PROCESS_TEST(test_core__what_a_process_may_not_tell__is_not_on_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
