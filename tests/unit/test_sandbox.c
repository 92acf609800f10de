/* SPDX-License-Identifier: Apache-2.0 */
/* Every role's real filter, from inside: a child goes behind the line and tries. Run as root, each
 * probe is tried twice, as root and as an ordinary user. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/sandbox.h"
#include "store/archive_db.h"
#include "store/journal.h"

/* One thing tried: 0 when it worked, else errno. */
typedef int probe_fn(void);

struct outcome {
    int signal; /* what ended the child, 0 when nothing did */
    int error;  /* the probe's answer */
    bool reported;
    struct tc_sandbox_event event;
    struct tc_sandbox_report report;
};

static char state_path[64];
static char volume_path[64];
static int state_dir = -1;
static int volume_dir = -1;
static int listener = -1; /* made outside, kept inside */
static int stray = -1;    /* made outside, not listed */

static int answer(long rc)
{
    return rc < 0 ? errno : 0;
}

static void become_nobody(void)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        _exit(98);
}

struct child_result {
    int error;
    struct tc_sandbox_report report;
};

static _Noreturn void child(enum tc_role role, bool as_user, probe_fn *probe, int event_fd,
                            int result_fd)
{
    if (as_user && geteuid() == 0)
        become_nobody();
    int keep[] = {result_fd, listener};
    struct tc_sandbox_options options = {.parent = getppid(),
                                         .state_fd = state_dir,
                                         .volume_fds = &volume_dir,
                                         .volume_count = 1,
                                         .keep_fds = keep,
                                         .keep_count = TC_COUNT(keep),
                                         .event_fd = event_fd};
    struct tc_errinfo info = {0};
    struct child_result result = {.error = 0};
    if (tc_sandbox_apply(role, &options, &result.report, &info) != TC_OK) {
        (void)dprintf(2, "apply %s: %s\n", tc_role_name(role), info.text);
        _exit(99);
    }
    result.error = probe();
    _exit(write(result_fd, &result, sizeof result) == (ssize_t)sizeof result ? 0 : 97);
}

static struct outcome try(enum tc_role role, bool as_user, probe_fn *probe)
{
    int events[2];
    int results[2];
    assert_int_equal(pipe2(events, O_CLOEXEC), 0);
    assert_int_equal(pipe2(results, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(role, as_user, probe, events[1], results[1]);
    (void)close(events[1]);
    (void)close(results[1]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    struct outcome o = {.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
    uint8_t bytes[sizeof o.event];
    ssize_t n = read(events[0], bytes, sizeof bytes);
    o.reported = n > 0;
    if (o.reported)
        assert_ok(tc_sandbox_event_parse(tc_slice(bytes, (size_t)n), &o.event), NULL);
    if (o.signal == 0) {
        struct child_result result;
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(read(results[0], &result, sizeof result), sizeof result);
        o.error = result.error;
        o.report = result.report;
    }
    (void)close(events[0]);
    (void)close(results[0]);
    return o;
}

/* --- probes
 * ------------------------------------------------------------------------------------------ */

static int open_passwd(void)
{
    return answer(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
static int make_socket(void)
{
    return answer(socket(AF_INET, SOCK_STREAM, 0));
}
static int connect_kept(void)
{
    struct sockaddr to = {.sa_family = AF_UNSPEC};
    return answer(connect(listener, &to, sizeof to));
}
static int exec_true(void)
{
    char *const none[] = {NULL};
    return answer(execve("/bin/true", none, none));
}
static int trace_me(void)
{
    return answer(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int kill_parent(void)
{
    return answer(kill(getppid(), 0));
}
static int fork_once(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return answer(pid);
}
static int map_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
}
static int bind_kept(void)
{
    struct sockaddr to = {.sa_family = AF_UNIX};
    return answer(bind(listener, &to, sizeof to));
}
static int become_root(void)
{
    return answer(setuid(0));
}
static int use_stray(void)
{
    return answer(fcntl(stray, F_GETFD));
}
static int accept_kept(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 && errno != EAGAIN ? errno : 0;
}
static int write_state(void)
{
    int fd = open("probe.db", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return errno;
    int error = answer(pwrite(fd, "x", 1, 0)) | answer(fdatasync(fd)) | answer(ftruncate(fd, 0));
    return error | answer(close(fd)) | answer(unlink("probe.db"));
}
static int create_only(void)
{
    int fd = open("probe2.db", O_RDONLY | O_CREAT | O_CLOEXEC, 0640);
    return fd < 0 ? errno : answer(unlink("probe2.db"));
}
static int read_state(void)
{
    char byte;
    int fd = open("readable", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? errno : answer(pread(fd, &byte, 1, 0));
}
static int write_at(void)
{
    int error = answer(pwrite(listener, "x", 1, 0));
    return error == ESPIPE ? 0 : error;
}
static int read_at(void)
{
    char byte;
    int error = answer(pread(listener, &byte, 1, 0));
    return error == ESPIPE ? 0 : error;
}
static int link_volume(void)
{
    int error = answer(mkdirat(volume_dir, "hold", 0750));
    int fd = openat(volume_dir, "segment", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    error |= answer(fd) | answer(linkat(volume_dir, "segment", volume_dir, "hold/segment", 0));
    error |= answer(unlinkat(volume_dir, "hold/segment", 0)) |
             answer(unlinkat(volume_dir, "segment", 0));
    return error | answer(unlinkat(volume_dir, "hold", AT_REMOVEDIR));
}
static int open_beside(void)
{
    return answer(openat(volume_dir, "../../etc/passwd", O_RDONLY | O_CLOEXEC));
}
static int make_memfd(void)
{
    int fd = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? errno
                  : answer(ftruncate(fd, 4096)) | answer(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
}
static void *nothing(void *arg)
{
    return arg;
}
static int make_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    return error != 0 ? error : pthread_join(thread, NULL);
}
/* What every process does all day: loop, timer, link with a descriptor passed, memory. */
static int common_work(void)
{
    int pair[2];
    if (pipe2(pair, O_NONBLOCK | O_CLOEXEC) != 0)
        return errno;
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    int error = answer(loop) | answer(epoll_ctl(loop, EPOLL_CTL_ADD, pair[0], &event));
    error |= answer(epoll_wait(loop, &event, 1, 0)) | answer(fcntl(pair[0], F_SETFL, O_NONBLOCK));
    void *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    error |= page == MAP_FAILED ? errno : answer(munmap(page, 1 << 20));
    free(malloc(8U << 20));
    struct timespec now;
    struct stat st;
    error |= answer(clock_gettime(CLOCK_REALTIME, &now)) | answer(fstat(pair[0], &st));
    return error | answer(write(STDERR_FILENO, "", 0));
}
static int die_by_abort(void)
{
    abort();
}

/* --- what each role must answer
 * ---------------------------------------------------------------------- */

enum expect { NO, WORKS, REFUSED, KILLED, QUIET };

#define R(name)  (1U << TC_ROLE_##name)
#define CONFINED (R(INTAKE) | R(CORE) | R(READER) | R(CAPTURE) | R(ARCHIVE) | R(WEB))

/* In a role of WORKING the probe works; in the other confined ones the answer is OTHERS, and CALL
 * is what the event names. */
static const struct {
    const char *name;
    probe_fn *probe;
    unsigned working;
    unsigned quiet; /* fails with EPERM and without an event */
    enum expect others;
    const char *call;
} probes[] = {
    {"common work", common_work, CONFINED, 0, NO, NULL},
    {"open /etc/passwd", open_passwd, 0, R(CORE) | R(READER) | R(ARCHIVE), REFUSED, "openat"},
    {"socket", make_socket, 0, 0, KILLED, NULL},
    {"connect", connect_kept, 0, 0, KILLED, NULL},
    {"execve", exec_true, 0, 0, KILLED, NULL},
    {"ptrace", trace_me, 0, 0, KILLED, NULL},
    {"kill", kill_parent, 0, 0, REFUSED, "kill"},
    {"fork", fork_once, 0, 0, REFUSED, "clone"},
    {"executable memory", map_code, 0, 0, REFUSED, "mmap"},
    {"bind", bind_kept, 0, 0, REFUSED, "bind"},
    {"setuid", become_root, 0, 0, REFUSED, "setuid"},
    {"accept", accept_kept, R(INTAKE) | R(WEB), 0, REFUSED, "accept4"},
    {"write in state", write_state, R(CORE) | R(ARCHIVE), R(READER), REFUSED, "openat"},
    {"create in state", create_only, R(CORE) | R(ARCHIVE), 0, REFUSED, "openat"},
    {"read in state", read_state, R(CORE) | R(READER) | R(ARCHIVE), 0, REFUSED, "openat"},
    {"pwrite", write_at, R(CORE) | R(ARCHIVE), 0, REFUSED, "pwrite64"},
    {"pread", read_at, R(CORE) | R(READER) | R(ARCHIVE) | R(WEB), 0, REFUSED, "pread64"},
    {"link in volume", link_volume, R(ARCHIVE), 0, REFUSED, "mkdirat"},
    {"memfd", make_memfd, R(ARCHIVE), 0, REFUSED, "memfd_create"},
    {"thread", make_thread, R(CORE) | R(ARCHIVE), CONFINED, NO, NULL},
};

static bool answers_as(const struct outcome *o, enum expect expect, const char *call)
{
    switch (expect) {
    case WORKS:
        return o->signal == 0 && o->error == 0 && !o->reported;
    case KILLED:
        return o->signal == SIGSYS;
    case REFUSED:
        return o->signal == 0 && (o->error & EPERM) != 0 && o->reported &&
               strcmp(o->event.name, call) == 0;
    case QUIET:
        return o->signal == 0 && o->error != 0 && !o->reported;
    default:
        return false;
    }
}

static void check_role(enum tc_role role, bool as_user)
{
    for (size_t i = 0; i < TC_COUNT(probes); i++) {
        enum expect expect = probes[i].others;
        if ((probes[i].working & (1U << role)) != 0)
            expect = WORKS;
        else if ((probes[i].quiet & (1U << role)) != 0)
            expect = QUIET;
#ifdef TC_SANITIZER
        if (expect != WORKS) /* the filters are wider under a sanitizer */
            continue;
#endif
        struct outcome o = try(role, as_user, probes[i].probe);
        if (answers_as(&o, expect, probes[i].call))
            continue;
        fail_msg("%s as %s: %s: signal %d, error %d, event \"%s\"", tc_role_name(role),
                 as_user ? "user" : "root", probes[i].name, o.signal, o.error, o.event.name);
    }
}

static void check_role_both_ways(enum tc_role role)
{
    check_role(role, true);
    if (geteuid() == 0)
        check_role(role, false);
}

static void test_sandbox__intake__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_INTAKE);
}
static void test_sandbox__core__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_CORE);
}
static void test_sandbox__reader__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_READER);
}
static void test_sandbox__capture__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_CAPTURE);
}
static void test_sandbox__archive__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_ARCHIVE);
}
static void test_sandbox__web__only_its_calls(void **state)
{
    (void)state;
    check_role_both_ways(TC_ROLE_WEB);
}

static void test_sandbox__supervisor__starts_processes_but_may_not_trace(void **state)
{
    (void)state;
    struct outcome o = try(TC_ROLE_SUPERVISOR, true, fork_once);
    assert_int_equal(o.signal, 0);
    assert_int_equal(o.error, 0);
    assert_int_equal(try(TC_ROLE_SUPERVISOR, true, make_socket).error, 0);
#ifndef TC_SANITIZER
    assert_int_equal(try(TC_ROLE_SUPERVISOR, true, trace_me).signal, SIGSYS);
#endif
}

static void test_sandbox__abort__still_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(try(TC_ROLE_READER, true, die_by_abort).signal, SIGABRT);
}

static void test_sandbox__descriptor_not_listed__is_closed(void **state)
{
    (void)state;
    struct outcome o = try(TC_ROLE_CAPTURE, true, use_stray);
    assert_int_equal(o.error, EBADF);
}

static int landlock_of_this_kernel(void)
{
    struct tc_sandbox_report report;
    struct tc_sandbox_options options = {.event_fd = -1, .state_fd = -1};
    tc_sandbox_foresee(TC_ROLE_ARCHIVE, &options, &report);
    return report.landlock_abi;
}

static void test_sandbox__archive__walks_out_of_the_volume__refused_by_landlock(void **state)
{
    (void)state;
    if (landlock_of_this_kernel() < 2)
        skip();
    struct outcome o = try(TC_ROLE_ARCHIVE, true, open_beside);
    assert_int_equal(o.error, EACCES);
    assert_int_equal(o.report.layers[TC_SANDBOX_LANDLOCK_FILES].state, TC_SANDBOX_ENFORCED);
}

static void test_sandbox__ordinary_user__report_says_what_is_missing(void **state)
{
    (void)state;
    struct outcome o = try(TC_ROLE_CORE, true, common_work);
    assert_int_equal(o.report.layers[TC_SANDBOX_UID].state, TC_SANDBOX_MISSING);
    assert_int_equal(o.report.layers[TC_SANDBOX_CHROOT].state, TC_SANDBOX_MISSING);
    assert_string_equal(o.report.layers[TC_SANDBOX_UID].why, "not started as root");
    assert_int_equal(o.report.layers[TC_SANDBOX_SECCOMP].state, TC_SANDBOX_ENFORCED);
}

static int own_uid(void)
{
    return (int)getuid();
}
static int own_gid(void)
{
    return (int)getgid();
}

static void test_sandbox__root__user_and_group_of_its_own(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct outcome core = try(TC_ROLE_CORE, false, own_uid);
    assert_int_equal(core.error, TC_SANDBOX_UID_BASE + TC_ROLE_CORE);
    assert_int_equal(core.report.layers[TC_SANDBOX_CHROOT].state, TC_SANDBOX_ENFORCED);
    assert_int_equal(try(TC_ROLE_READER, false, own_uid).error,
                     TC_SANDBOX_UID_BASE + TC_ROLE_READER);
    assert_int_equal(try(TC_ROLE_READER, false, own_gid).error, TC_SANDBOX_UID_BASE + TC_ROLE_CORE);
    assert_int_not_equal(tc_sandbox_uid(TC_ROLE_CAPTURE, 1, 0),
                         tc_sandbox_uid(TC_ROLE_CAPTURE, 0, 0));
}

static int exec_sql(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The journal's way: WAL, FULL, the wal left behind at close. */
static int sqlite_write(void)
{
    sqlite3 *db = NULL;
    int persist = 1;
    int rc = sqlite3_open_v2("test.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    rc |= sqlite3_file_control(db, NULL, SQLITE_FCNTL_PERSIST_WAL, &persist);
    rc |= exec_sql(db, "pragma journal_mode=wal; pragma synchronous=full; pragma temp_store=memory;"
                       "create table if not exists t(a); insert into t values(42);");
    return rc | sqlite3_close(db);
}

static int sqlite_read(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_open_v2("test.db", &db, SQLITE_OPEN_READONLY, NULL);
    rc |= sqlite3_prepare_v2(db, "select a from t", -1, &row, NULL);
    int value =
        rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int(row, 0) : -1;
    (void)sqlite3_finalize(row);
    if (exec_sql(db, "insert into t values(1)") == SQLITE_OK)
        value = -2;
    (void)sqlite3_close(db);
    return value == 42 ? 0 : 1000 + value;
}

static void empty_state_dir(void)
{
    static const char *const names[] = {"journal.db",     "journal.db-wal",  "journal.db-shm",
                                        "journal.lock",   "archive.db",      "archive.db-wal",
                                        "archive.db-shm", "journal.reserve", "test.db",
                                        "test.db-wal",    "test.db-shm"};
    for (size_t i = 0; i < TC_COUNT(names); i++)
        (void)unlinkat(state_dir, names[i], 0);
}

static void check_sqlite(bool as_user)
{
    empty_state_dir();
    struct outcome w = try(TC_ROLE_CORE, as_user, sqlite_write);
    assert_int_equal(w.error, 0);
    assert_string_equal(w.event.name, "");
    struct outcome r = try(TC_ROLE_READER, as_user, sqlite_read);
    assert_int_equal(r.error, 0);
    assert_string_equal(r.event.name, "");
    empty_state_dir();
}

static void test_sandbox__core_and_reader__sqlite_works_without_an_event(void **state)
{
    (void)state;
    check_sqlite(true);
    if (geteuid() == 0)
        check_sqlite(false);
}

/* The journal as core keeps it; left open, as by a crash, so that reader finds its -wal and -shm.
 */
static int journal_work(void)
{
    struct journal *j = NULL;
    struct tc_errinfo info = {0};
    struct journal_options options = {.dir = ".", .reserve_bytes = 1 << 20};
    enum tc_err err = journal_open(&options, &j, &info);
    struct journal_batch batch;
    journal_batch_init(&batch);
    struct record_entry e;
    entry_init(&e, RK_NOTED);
    e.seq = 1;
    e.at.ns = TC_NS_PER_S;
    entry_i64(&e, RF_INCIDENT, 1);
    if (err == TC_OK)
        err = journal_batch_add(&batch, &e);
    if (err == TC_OK)
        err = journal_append(j, &batch, &info);
    journal_batch_done(&batch);
    if (err != TC_OK) {
        (void)dprintf(STDERR_FILENO, "journal: %s\n", info.text);
        return (int)err;
    }
    journal_tick(j);
    return 0;
}

static int journal_read(void)
{
    struct record_verify v;
    struct tc_errinfo info = {0};
    enum tc_err err = journal_verify("./journal.db", &v, NULL, NULL, &info);
    int count = err == TC_OK ? (int)v.count : -1;
    if (err != TC_OK)
        (void)dprintf(STDERR_FILENO, "journal: %s\n", info.text);
    record_verify_done(&v);
    return count == 1 ? 0 : 1;
}

static int archive_index_work(void)
{
    struct archive_db *db = NULL;
    struct tc_errinfo info = {0};
    uint32_t camera = 0;
    enum tc_err err = archive_db_open("archive.db", ARCHIVE_DB_WRITE, &db, &info);
    if (err == TC_OK)
        err = archive_db_begin(db, &info);
    if (err == TC_OK)
        err = archive_db_camera(db, "gate", true, &camera, &info);
    if (err == TC_OK)
        err = archive_db_commit(db, &info);
    if (err != TC_OK)
        (void)dprintf(STDERR_FILENO, "archive index: %s\n", info.text);
    archive_db_close(db);
    return (int)err;
}

static void check_quiet_work(enum tc_role role, bool as_user, probe_fn *probe)
{
    struct outcome o = try(role, as_user, probe);
    if (o.signal != 0 || o.error != 0 || o.reported)
        fail_msg("%s as %s: signal %d, error %d, event \"%s\"", tc_role_name(role),
                 as_user ? "user" : "root", o.signal, o.error, o.event.name);
}

static void check_store(bool as_user)
{
    empty_state_dir();
    check_quiet_work(TC_ROLE_CORE, as_user, journal_work);
    check_quiet_work(TC_ROLE_READER, as_user, journal_read);
    check_quiet_work(TC_ROLE_ARCHIVE, as_user, archive_index_work);
    empty_state_dir();
}

static void test_sandbox__journal_and_index__work_without_an_event(void **state)
{
    (void)state;
    check_store(true);
    if (geteuid() == 0)
        check_store(false);
}

static void *wait_for_end(void *arg)
{
    (void)pthread_mutex_lock(arg);
    return NULL;
}

static void test_sandbox__threads_run_already__refused(void **state)
{
    (void)state;
#ifdef TC_SANITIZER
    skip();
#endif
    pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    (void)pthread_mutex_lock(&end);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &end), 0);
    struct tc_sandbox_options options = {.state_fd = state_dir, .event_fd = -1};
    struct tc_sandbox_report report;
    assert_int_equal(tc_sandbox_apply(TC_ROLE_CORE, &options, &report, NULL), TC_E_CONFLICT);
    (void)pthread_mutex_unlock(&end);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_sandbox__state_directory_missing__range_error(void **state)
{
    (void)state;
    struct tc_sandbox_options options = {.state_fd = -1, .event_fd = -1};
    struct tc_sandbox_report report;
    struct tc_errinfo info = {0};
    assert_int_equal(tc_sandbox_apply(TC_ROLE_CORE, &options, &report, &info), TC_E_RANGE);
}

static void test_sandbox_event_parse__foreign_bytes__refused(void **state)
{
    (void)state;
    struct tc_sandbox_event event = {.magic = 0x54534245, .role = TC_ROLE_CORE, .name = "openat"};
    struct tc_sandbox_event out;
    assert_ok(tc_sandbox_event_parse(tc_slice(&event, sizeof event), &out), NULL);
    assert_int_equal(tc_sandbox_event_parse(tc_slice(&event, sizeof event - 1), &out), TC_E_FORMAT);
    event.role = TC_ROLE_COUNT;
    assert_int_equal(tc_sandbox_event_parse(tc_slice(&event, sizeof event), &out), TC_E_FORMAT);
    event.role = TC_ROLE_CORE;
    memcpy(event.name, "\x1b[2J", 5);
    assert_int_equal(tc_sandbox_event_parse(tc_slice(&event, sizeof event), &out), TC_E_FORMAT);
    memset(event.name, 'a', sizeof event.name);
    assert_int_equal(tc_sandbox_event_parse(tc_slice(&event, sizeof event), &out), TC_E_FORMAT);
}

static void test_sandbox_describe__core__says_row_and_layers(void **state)
{
    (void)state;
    struct tc_sandbox_options options = {.state_fd = -1, .event_fd = -1};
    struct tc_sandbox_report report;
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, 1 << 16);
    tc_sandbox_foresee(TC_ROLE_CORE, &options, &report);
    tc_sandbox_describe_text(&report, &text);
    assert_non_null(strstr(tc_buf_cstr(&text), "state directory: read, write; volumes: none"));
    assert_non_null(strstr(tc_buf_cstr(&text), "open-write"));
    tc_buf_clear(&text);
    tc_sandbox_describe_json(&report, &text);
    assert_non_null(strstr(tc_buf_cstr(&text), "\"process\":\"core\""));
    assert_non_null(strstr(tc_buf_cstr(&text), "\"seccomp\":{\"state\":\"enforced\"}"));
}

static void make_dir(char *path, int *fd)
{
    assert_non_null(mkdtemp(path));
    assert_int_equal(chmod(path, 0777), 0);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(*fd >= 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(state_path, sizeof state_path, "/tmp/tocsin-test-state-XXXXXX");
    (void)snprintf(volume_path, sizeof volume_path, "/tmp/tocsin-test-volume-XXXXXX");
    make_dir(state_path, &state_dir);
    make_dir(volume_path, &volume_dir);
    int fd = openat(state_dir, "readable", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "r", 1), 1);
    (void)fchmod(fd, 0644);
    (void)close(fd);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(listen(listener, 1), 0);
    stray = dup(STDERR_FILENO);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    empty_state_dir();
    (void)unlinkat(state_dir, "readable", 0);
    (void)rmdir(state_path);
    (void)rmdir(volume_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox__intake__only_its_calls),
        cmocka_unit_test(test_sandbox__core__only_its_calls),
        cmocka_unit_test(test_sandbox__reader__only_its_calls),
        cmocka_unit_test(test_sandbox__capture__only_its_calls),
        cmocka_unit_test(test_sandbox__archive__only_its_calls),
        cmocka_unit_test(test_sandbox__web__only_its_calls),
        cmocka_unit_test(test_sandbox__supervisor__starts_processes_but_may_not_trace),
        cmocka_unit_test(test_sandbox__abort__still_ends_the_process),
        cmocka_unit_test(test_sandbox__descriptor_not_listed__is_closed),
        cmocka_unit_test(test_sandbox__archive__walks_out_of_the_volume__refused_by_landlock),
        cmocka_unit_test(test_sandbox__ordinary_user__report_says_what_is_missing),
        cmocka_unit_test(test_sandbox__root__user_and_group_of_its_own),
        cmocka_unit_test(test_sandbox__core_and_reader__sqlite_works_without_an_event),
        cmocka_unit_test(test_sandbox__journal_and_index__work_without_an_event),
        cmocka_unit_test(test_sandbox__threads_run_already__refused),
        cmocka_unit_test(test_sandbox__state_directory_missing__range_error),
        cmocka_unit_test(test_sandbox_event_parse__foreign_bytes__refused),
        cmocka_unit_test(test_sandbox_describe__core__says_row_and_layers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
