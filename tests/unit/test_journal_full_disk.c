/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full to the last byte, for real: a small file system of its own. Skipped where the
 * kernel does not let this user mount one. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/journal.h"
#include "temp_dir.h"

enum { SIGNALS = 100000, BATCH = 200, CHILD_SKIPPED = 77 };

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #cond, info.text);        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static bool mount_small_disk(const char *dir)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=400m") == 0;
}

static void add(struct journal_batch *b, struct record_entry *e, uint64_t *seq)
{
    e->seq = ++*seq;
    e->at.ns = (int64_t)*seq * TC_NS_PER_MS;
    e->boot = 1;
    if (journal_batch_add(b, e) != TC_OK)
        _exit(2);
}

/* As the core writes them in a flood: the signal, its event, the alarm's repetition. */
static void add_signal(struct journal_batch *b, uint64_t *seq)
{
    static const char raw[] =
        "\n1F2A0046\"SIA-DCS\"0042L0#1234[#1234|Nri1/BA12]_12:05:09,11-22-2026\r";
    struct record_entry e;
    entry_init(&e, RK_SIGNAL);
    entry_str(&e, RF_SOURCE, "receiver 10.20.0.5:12128");
    entry_str(&e, RF_PANEL, "main");
    entry_str(&e, RF_ACCOUNT, "1234");
    entry_str(&e, RF_PEER, "10.20.0.7:40312");
    entry_str(&e, RF_PROTOCOL, "sia-dc09");
    entry_str(&e, RF_TOKEN, "SIA-DCS");
    entry_i64(&e, RF_SEQUENCE, 42);
    entry_bytes(&e, RF_RAW, tc_slice(raw, sizeof(raw) - 1));
    entry_i64(&e, RF_RECEIVED_AT, 1);
    entry_bytes(&e, RF_DIGEST, tc_slice(raw, 32));
    add(b, &e, seq);
    uint64_t signal = *seq;
    entry_init(&e, RK_EVENT);
    e.cause = signal;
    entry_str(&e, RF_PANEL, "main");
    entry_str(&e, RF_ZONE, "warehouse-north-yard");
    entry_str(&e, RF_TEXT, "Burglary alarm, north fence, section 12");
    entry_i64(&e, RF_TYPE, 101);
    entry_i64(&e, RF_STATE, 2);
    entry_i64(&e, RF_AT, 1);
    add(b, &e, seq);
    entry_init(&e, RK_ALARM_REPEATED);
    e.cause = signal;
    entry_i64(&e, RF_ALARM, 3);
    entry_i64(&e, RF_INCIDENT, 1);
    entry_i64(&e, RF_EVENT, (int64_t)*seq);
    entry_i64(&e, RF_COUNT, (int64_t)signal);
    add(b, &e, seq);
}

static void fill_disk(const char *dir)
{
    char path[TEMP_DIR_BYTES + 16];
    static char block[1 << 16];
    (void)snprintf(path, sizeof(path), "%s/video", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    size_t size = sizeof(block);
    while (size > 0) {
        ssize_t n = write(fd, block, size);
        if (n <= 0)
            size /= 2;
    }
    (void)close(fd);
}

static void append_signals(struct journal *j, unsigned count)
{
    struct tc_errinfo info = {0};
    struct journal_batch b;
    journal_batch_init(&b);
    uint64_t seq = journal_last(j, NULL);
    for (unsigned i = 0; i < count; i += BATCH) {
        journal_batch_clear(&b);
        for (unsigned k = 0; k < BATCH; k++)
            add_signal(&b, &seq);
        CHECK(journal_append(j, &b, &info) == TC_OK);
        journal_tick(j);
    }
    journal_batch_done(&b);
}

static _Noreturn void on_the_small_disk(const char *dir)
{
    struct tc_errinfo info = {0};
    struct journal *j = NULL;
    struct journal_options o = {.dir = dir, .reserve_bytes = JOURNAL_RESERVE_BYTES};
    char path[TEMP_DIR_BYTES + 16];
    if (!mount_small_disk(dir))
        _exit(CHILD_SKIPPED);
    CHECK(journal_open(&o, &j, &info) == TC_OK);
    append_signals(j, 1000);
    CHECK(!journal_on_reserve(j));
    fill_disk(dir);
    append_signals(j, SIGNALS);
    CHECK(journal_on_reserve(j));
    (void)journal_close(j);
    /* Opened again on the full disk it goes on, and says that it has no reserve. */
    CHECK(journal_open(&o, &j, &info) == TC_OK);
    CHECK(journal_on_reserve(j));
    append_signals(j, 1000);
    (void)journal_close(j);
    struct record_verify v;
    (void)snprintf(path, sizeof(path), "%s/journal.db", dir);
    CHECK(journal_verify(path, &v, NULL, NULL, &info) == TC_OK);
    CHECK(v.count == 3u * (SIGNALS + 2000));
    record_verify_done(&v);
    _exit(0);
}

static void test_journal__disk_full_to_the_last_byte__takes_100000_more_signals(void **state)
{
    (void)state;
    char dir[TEMP_DIR_BYTES];
    int status = 0;
    temp_dir_make(dir);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        on_the_small_disk(dir);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    temp_dir_remove(dir);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal__disk_full_to_the_last_byte__takes_100000_more_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
