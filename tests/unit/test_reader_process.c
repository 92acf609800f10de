/* SPDX-License-Identifier: Apache-2.0 */
/* The reader process as the supervisor runs it, in its sandbox, beside a journal that goes on being
 * written; this test is supervisor, core and web. */
#include "test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "model/site.h"
#include "reader/reader.h"
#include "runtime/channel.h"
#include "runtime/process.h"
#include "runtime/sandbox.h"
#include "store/journal.h"
#include "temp_dir.h"

static const char site_text[] = "site: { id: test }\n"
                                "receivers:\n"
                                "  - { protocol: sia-dc09, listen: \"127.0.0.1:12128\" }\n"
                                "zones: { yard: { name: Yard } }\n"
                                "panels:\n"
                                "  main: { account: \"1234\", points: { 12: { zone: yard } } }\n";

static struct {
    char dir[TEMP_DIR_BYTES];
    struct journal *journal;
    struct journal_batch batch;
    struct event_base *base;
    struct event *deadline;
    struct channel *control, *core, *web;
    pid_t pid;
    bool ready;
    struct tc_buf answer;
    unsigned status, parts;
    uint64_t request;
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

static void on_answer(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    (void)from;
    const struct msg_answer *a = m->body;
    assert_int_equal(a->request, w.request);
    w.status = a->status;
    w.parts++;
    tc_buf_add_slice(&w.answer, m->tail);
    if (a->more == 0)
        event_base_loopbreak(w.base);
}

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)ctx;
    (void)c;
    if (why->err != TC_E_CLOSED)
        print_error("%s\n", why->text);
    event_base_loopbreak(w.base);
}

static const struct channel_handler control_handlers[] = {
    {MSG_READY, on_ready}, {MSG_METRICS, on_ignored}, {MSG_PONG, on_ignored}, {0, NULL}};
static const struct channel_handler core_handlers[] = {{MSG_FAULT, on_ignored}, {0, NULL}};
static const struct channel_handler web_handlers[] = {{MSG_ANSWER, on_answer}, {0, NULL}};
static const struct channel_ops control_ops = {.handlers = control_handlers,
                                               .on_closed = on_closed};
static const struct channel_ops core_ops = {.handlers = core_handlers, .on_closed = on_closed};
static const struct channel_ops web_ops = {.handlers = web_handlers, .on_closed = on_closed};

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    print_error("no end within the test's time\n");
    abort();
}

static _Noreturn void be_reader(int control_fd, int report_fd)
{
    int control = fcntl(control_fd, F_DUPFD, 100);
    int report = fcntl(report_fd, F_DUPFD, 100);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(control, PROCESS_CONTROL_FD) < 0 || dup2(report, PROCESS_REPORT_FD) < 0)
        _exit(3);
    closefrom(PROCESS_REPORT_FD + 1);
    _exit(reader_main());
}

static void append(unsigned signals)
{
    journal_batch_clear(&w.batch);
    uint64_t seq = journal_last(w.journal, NULL);
    static uint8_t raw[700];
    memset(raw, 0xFE, sizeof(raw));
    for (unsigned i = 0; i < signals; i++) {
        struct record_entry e;
        entry_init(&e, RK_SIGNAL);
        e.seq = ++seq;
        e.at.ns = (int64_t)seq * TC_NS_PER_S;
        entry_str(&e, RF_PANEL, "main");
        entry_bytes(&e, RF_RAW, tc_slice(raw, sizeof(raw)));
        assert_int_equal(journal_batch_add(&w.batch, &e), TC_OK);
    }
    struct tc_errinfo info = {0};
    assert_ok(journal_append(w.journal, &w.batch, &info), &info);
}

/* As core leaves them: its own, readable by its group. Nothing to do where the test is not root. */
static void hand_to_core(void)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm"};
    uid_t uid = tc_sandbox_uid(TC_ROLE_CORE, 0, 0);
    gid_t gid = tc_sandbox_gid(TC_ROLE_CORE, 0, 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(w.dir, uid, gid), 0);
    assert_int_equal(chmod(w.dir, 0750), 0);
    for (size_t i = 0; i < TC_COUNT(names); i++) {
        char path[TEMP_DIR_BYTES + 32];
        (void)snprintf(path, sizeof(path), "%s/%s", w.dir, names[i]);
        assert_int_equal(chown(path, uid, gid), 0);
        assert_int_equal(chmod(path, 0640), 0);
    }
}

static void give_config(void)
{
    struct msg_config body = {.bytes = sizeof(site_text) - 1};
    int fd = memfd_create("site.yaml", MFD_CLOEXEC);
    assert_int_equal(write(fd, site_text, sizeof(site_text) - 1), sizeof(site_text) - 1);
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

static struct channel *give_link(enum tc_role peer, const struct channel_ops *ops)
{
    struct msg_link body = {.peer = peer};
    struct channel_options options = {.self = peer, .peer = TC_ROLE_READER};
    struct tc_errinfo info = {0};
    struct channel *c = NULL;
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    assert_ok(channel_new(w.base, fds[0], &options, ops, NULL, &c, &info), &info);
    assert_int_equal(channel_send_fds(w.control, MSG_LINK, &body, tc_slice(NULL, 0), &fds[1], 1),
                     TC_OK);
    (void)close(fds[1]);
    return c;
}

static void open_journal(void)
{
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = w.dir};
    assert_ok(journal_open(&o, &w.journal, &info), &info);
    journal_batch_init(&w.batch);
    append(100);
    hand_to_core();
}

static int set_up(void **state)
{
    (void)state;
    struct tc_errinfo info = {0};
    int control[2], report[2];
    memset(&w, 0, sizeof(w));
    tc_buf_init(&w.answer, 8 << 20);
    temp_dir_make(w.dir);
    assert_ok(channel_pair(control, &info), &info);
    assert_int_equal(pipe2(report, O_CLOEXEC | O_NONBLOCK), 0);
    w.pid = fork();
    if (w.pid == 0)
        be_reader(control[1], report[1]);
    (void)close(control[1]);
    (void)close(report[0]);
    (void)close(report[1]);
    w.base = event_base_new();
    w.deadline = event_new(w.base, -1, 0, on_deadline, NULL);
    assert_int_equal(event_add(w.deadline, &(struct timeval){.tv_sec = 30}), 0);
    struct channel_options options = {.self = TC_ROLE_SUPERVISOR, .peer = TC_ROLE_READER};
    assert_ok(channel_new(w.base, control[0], &options, &control_ops, NULL, &w.control, &info),
              &info);
    struct msg_setup body = {
        .role = TC_ROLE_READER, .boot = 1, .starts = 1, .site_file = "site.yaml"};
    assert_int_equal(channel_send(w.control, MSG_SETUP, &body, tc_slice(NULL, 0)), TC_OK);
    give_config();
    return 0;
}

static void go(void)
{
    struct msg_none none = {0};
    give_dir();
    w.core = give_link(TC_ROLE_CORE, &core_ops);
    w.web = give_link(TC_ROLE_WEB, &web_ops);
    assert_int_equal(channel_send(w.control, MSG_GO, &none, tc_slice(NULL, 0)), TC_OK);
    event_base_dispatch(w.base);
    assert_true(w.ready);
}

static int tear_down(void **state)
{
    (void)state;
    struct msg_none none = {0};
    int status = -1;
    assert_int_equal(channel_send(w.control, MSG_STOP, &none, tc_slice(NULL, 0)), TC_OK);
    channel_flush(w.control);
    assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
    assert_int_equal(status, 0);
    channel_free(w.control);
    channel_free(w.core);
    channel_free(w.web);
    event_free(w.deadline);
    event_base_free(w.base);
    tc_buf_done(&w.answer);
    journal_batch_done(&w.batch);
    (void)journal_close(w.journal);
    temp_dir_remove(w.dir);
    return 0;
}

/* Asks as core does and returns the status; the answer is in w.answer. */
static unsigned ask(const char *route, enum site_role role, const char *name, const char *value)
{
    struct msg_query q = {.request = ++w.request, .role = role};
    TC_CLEANUP(tc_buf_done) struct tc_buf tail;
    tc_buf_init(&tail, 4096);
    (void)snprintf(q.route_name, sizeof(q.route_name), "%s", route);
    if (name != NULL) {
        msg_param_add(&tail, tc_slice_str(name), tc_slice_str(value));
        q.params = 1;
    }
    tc_buf_clear(&w.answer);
    w.parts = w.status = 0;
    assert_int_equal(channel_send(w.core, MSG_QUERY, &q, tc_buf_view(&tail)), TC_OK);
    event_base_dispatch(w.base);
    return w.status;
}

static size_t items(void)
{
    json_t *root =
        json_loadb((const char *)w.answer.data, w.answer.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    size_t n = json_array_size(json_object_get(root, "items"));
    json_decref(root);
    return n;
}

static void test_reader__queries_in_its_sandbox__are_answered_to_web(void **state)
{
    (void)state;
    open_journal();
    go();
    assert_int_equal(ask("signals", SITE_ROLE_OPERATOR, NULL, NULL), 200);
    assert_int_equal(items(), 50);
    assert_true(w.parts > 1); /* 50 signals of 700 escaped bytes are more than one message */
    assert_int_equal(ask("signals", SITE_ROLE_OPERATOR, "limit", "3"), 200);
    assert_int_equal(items(), 3);
    append(5);
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "100"), 200);
    assert_int_equal(items(), 5); /* committed a moment ago by another process */
    assert_int_equal(ask("changes", SITE_ROLE_VIEWER, "after", "100"), 200);
    assert_int_equal(items(), 0); /* raw signals are not a viewer's */
}

static void test_reader__refusals__are_problems_with_their_status(void **state)
{
    (void)state;
    static const struct {
        const char *route, *name, *value;
        enum site_role role;
        unsigned status;
    } rows[] = {
        {"signals", NULL, NULL, SITE_ROLE_VIEWER, 403},
        {"audit", NULL, NULL, SITE_ROLE_OPERATOR, 403},
        {"audit", NULL, NULL, SITE_ROLE_AUDITOR, 200},
        {"audit", NULL, NULL, SITE_ROLE_COUNT, 403},
        {"users", NULL, NULL, SITE_ROLE_ADMINISTRATOR, 404},
        {"incident_get", "id", "7", SITE_ROLE_VIEWER, 404},
        {"incident_get", "id", "x", SITE_ROLE_VIEWER, 400},
        {"events", "limit", "201", SITE_ROLE_VIEWER, 400},
        {"events", "from", "yesterday", SITE_ROLE_VIEWER, 400},
        {"events", "colour", "red", SITE_ROLE_VIEWER, 400},
    };
    open_journal();
    go();
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        unsigned status = ask(rows[i].route, rows[i].role, rows[i].name, rows[i].value);
        if (status != rows[i].status)
            fail_msg("row %zu: %u %s", i, status, tc_buf_cstr(&w.answer));
        if (status != 200)
            assert_non_null(strstr(tc_buf_cstr(&w.answer), "\"detail\""));
    }
}

static void test_reader__no_journal_yet__says_so_and_finds_it_later(void **state)
{
    (void)state;
    if (geteuid() == 0) /* the directory is core's */
        assert_int_equal(
            chown(w.dir, tc_sandbox_uid(TC_ROLE_CORE, 0, 0), tc_sandbox_gid(TC_ROLE_CORE, 0, 0)),
            0);
    assert_int_equal(chmod(w.dir, 0750), 0);
    go();
    assert_int_equal(ask("events", SITE_ROLE_VIEWER, NULL, NULL), 503);
    open_journal();
    assert_int_equal(ask("signals", SITE_ROLE_OPERATOR, NULL, NULL), 200);
    assert_int_equal(items(), 50);
}

static void test_reader__writer_restarts__goes_on_with_what_it_wrote(void **state)
{
    (void)state;
    open_journal();
    go();
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "90"), 200);
    assert_int_equal(items(), 10);
    w.journal = journal_close(w.journal);
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "95"), 200);
    assert_int_equal(items(), 5); /* a stopped journal */
    struct journal_options o = {.dir = w.dir};
    assert_int_equal(journal_open(&o, &w.journal, NULL), TC_OK);
    append(7);
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "100"), 200);
    assert_int_equal(items(), 7);
}

static void
test_reader__copied_journal_without_companions__sees_a_writer_that_starts_later(void **state)
{
    (void)state;
    char path[TEMP_DIR_BYTES + 32];
    open_journal();
    w.journal = journal_close(w.journal);
    (void)snprintf(path, sizeof(path), "%s/journal.db-wal", w.dir);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/journal.db-shm", w.dir);
    assert_int_equal(unlink(path), 0);
    go();
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "98"), 200);
    assert_int_equal(items(), 2);
    struct journal_options o = {.dir = w.dir};
    assert_int_equal(journal_open(&o, &w.journal, NULL), TC_OK);
    hand_to_core();
    append(3);
    assert_int_equal(ask("changes", SITE_ROLE_OPERATOR, "after", "98"), 200);
    assert_int_equal(items(), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_reader__queries_in_its_sandbox__are_answered_to_web),
        T(test_reader__refusals__are_problems_with_their_status),
        T(test_reader__no_journal_yet__says_so_and_finds_it_later),
        T(test_reader__writer_restarts__goes_on_with_what_it_wrote),
        T(test_reader__copied_journal_without_companions__sees_a_writer_that_starts_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
