/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "fault_vfs.h"
#include "store/db.h"
#include "store/journal.h"
#include "temp_dir.h"

static char dir[TEMP_DIR_BYTES];
static char db_path[TEMP_DIR_BYTES + 16];

static int set_up(void **state)
{
    (void)state;
    fault_vfs_register();
    fault_none();
    temp_dir_make(dir);
    (void)snprintf(db_path, sizeof(db_path), "%s/journal.db", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fault_none();
    temp_dir_remove(dir);
    return 0;
}

static struct journal *open_journal(const char *vfs, int64_t reserve)
{
    struct journal *j = NULL;
    struct tc_errinfo info = {0};
    struct journal_options o = {
        .dir = dir, .vfs = vfs, .reserve_bytes = reserve, .wal_pages = 1024};
    assert_ok(journal_open(&o, &j, &info), &info);
    return j;
}

/* N entries behind LAST: signals with an event each, and what else a list is made of. */
static void fill(struct journal_batch *b, uint64_t last, unsigned n)
{
    static const enum record_kind kinds[] = {RK_SIGNAL, RK_EVENT, RK_NOTED, RK_BOOKMARK};
    char raw[300];
    memset(raw, 'x', sizeof(raw));
    journal_batch_clear(b);
    for (unsigned i = 0; i < n; i++) {
        struct record_entry e;
        entry_init(&e, kinds[(last + i) % 4]);
        e.seq = last + i + 1;
        e.at.ns = (int64_t)(1000 + last + i) * TC_NS_PER_S;
        e.boot = 1;
        e.cause = i == 0 ? 0 : last + 1;
        if (e.kind == RK_SIGNAL)
            entry_bytes(&e, RF_RAW, tc_slice(raw, sizeof(raw)));
        if (e.kind == RK_NOTED)
            entry_i64(&e, RF_INCIDENT, 1);
        entry_str(&e, RF_ZONE, "yard");
        entry_i64(&e, RF_COUNT, n);
        assert_int_equal(journal_batch_add(b, &e), TC_OK);
    }
}

static enum tc_err append(struct journal *j, unsigned n)
{
    struct journal_batch b;
    journal_batch_init(&b);
    fill(&b, journal_last(j, NULL), n);
    enum tc_err err = journal_append(j, &b, NULL);
    journal_batch_done(&b);
    return err;
}

/* The number of good records; fails the test when one is bad. */
static uint64_t verified(void)
{
    struct record_verify v;
    struct tc_errinfo info = {0};
    assert_ok(journal_verify(db_path, &v, NULL, NULL, &info), &info);
    uint64_t count = v.count;
    record_verify_done(&v);
    return count;
}

static uint64_t first_bad(struct tc_errinfo *info)
{
    struct record_verify v;
    memset(info, 0, sizeof(*info));
    enum tc_err err = journal_verify(db_path, &v, NULL, NULL, info);
    record_verify_done(&v);
    assert_int_equal(err, v.bad_seq == 0 ? TC_OK : TC_E_CORRUPT);
    return v.bad_seq;
}

static void edit(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t value(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    (void)sqlite3_close(db);
    return v;
}

static enum tc_err collect(void *ctx, const struct record_entry *e, struct tc_slice bytes)
{
    (void)bytes;
    uint64_t *expected = ctx;
    assert_int_equal(e->seq, *expected);
    (*expected)++;
    return e->seq == 9 ? TC_E_CLOSED : TC_OK;
}

/* Is the batch that the last entry belongs to there to its end? */
static enum tc_err check_whole(void *ctx, const struct record_entry *e, struct tc_slice bytes)
{
    (void)ctx;
    (void)bytes;
    uint64_t first = e->cause == 0 ? e->seq : e->cause;
    assert_int_equal(e->seq - first + 1, entry_get_i64(e, RF_COUNT, 0));
    return TC_OK;
}

static void test_journal__closed_and_opened__goes_on_where_it_was(void **state)
{
    (void)state;
    struct journal *j = open_journal(NULL, 0);
    assert_int_equal(journal_last(j, NULL), 0);
    assert_int_equal(append(j, 5), TC_OK);
    uint8_t before[RECORD_HASH_BYTES], after[RECORD_HASH_BYTES];
    assert_int_equal(journal_last(j, before), 5);
    j = journal_close(j);
    j = open_journal(NULL, 0);
    assert_int_equal(journal_last(j, after), 5);
    assert_memory_equal(before, after, RECORD_HASH_BYTES);
    assert_int_equal(append(j, 300), TC_OK);
    assert_int_equal(append(j, 1), TC_OK);
    uint64_t expected = 3;
    assert_int_equal(journal_tail(j, 3, collect, &expected, NULL), TC_E_CLOSED);
    assert_int_equal(expected, 10);
    assert_int_equal(verified(), 306); /* beside the writer */
    (void)journal_close(j);
    assert_int_equal(verified(), 306); /* stopped */
}

static void test_journal__batch_that_does_not_follow__is_refused_whole(void **state)
{
    (void)state;
    struct journal *j = open_journal(NULL, 0);
    assert_int_equal(append(j, 4), TC_OK);
    struct journal_batch b, gap;
    journal_batch_init(&b);
    journal_batch_init(&gap);
    fill(&b, 4, 2);
    fill(&gap, 7, 1);
    tc_buf_add_slice(&b.bytes, tc_buf_view(&gap.bytes));
    b.count++;
    assert_int_equal(journal_append(j, &b, NULL), TC_E_CONFLICT);
    assert_int_equal(append(j, 1), TC_E_CONFLICT); /* closed to appends */
    journal_batch_done(&b);
    journal_batch_done(&gap);
    (void)journal_close(j);
    assert_int_equal(verified(), 4);
}

static void test_journal__second_writer__is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct journal *j = open_journal(NULL, 0), *second = NULL;
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = dir};
    assert_int_equal(journal_open(&o, &second, &info), TC_E_BUSY);
    assert_null(second);
    assert_non_null(strstr(info.text, "another process writes this journal"));
    (void)journal_close(j);
    j = open_journal(NULL, 0);
    (void)journal_close(j);
}

static void test_journal__file_that_is_none__is_named(void **state)
{
    (void)state;
    int fd = open(db_path, O_CREAT | O_WRONLY, 0600);
    char text[8192];
    memset(text, 'n', sizeof(text));
    assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
    (void)close(fd);
    struct journal *j = NULL;
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = dir};
    assert_int_equal(journal_open(&o, &j, &info), TC_E_CORRUPT);
    assert_non_null(strstr(info.text, "journal.db"));
}

static const char *const tables[] = {"entry", "signal", "event", "listed", "incident_entry"};

/* Each %s becomes the table's name. */
static void edit_table(const char *sql, const char *table)
{
    char text[256];
    char *at = text;
    for (const char *p = sql; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == 's') {
            at = stpcpy(at, table);
            p++;
        } else {
            *at++ = *p;
        }
    }
    *at = '\0';
    edit(text);
}

static void test_journal__edited_offline__verifier_names_the_record(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        uint64_t bad;
    } rows[] = {
        {"UPDATE entry SET body = CAST(substr(body, 1, length(body) - 1) || x'7a' AS BLOB) WHERE "
         "seq = 7",
         7},
        {"UPDATE entry SET hash = zeroblob(32) WHERE seq = 20", 20},
        {"DELETE FROM entry WHERE seq = 11", 11},
        {"UPDATE entry SET at = at + 1 WHERE seq = 12", 12},
        {"UPDATE entry SET kind = 50 WHERE seq = 13", 13},
        {"UPDATE entry SET cause = 1 WHERE seq = 1", 1},
        {"INSERT INTO entry SELECT 0, kind, at, cause, body, hash FROM entry WHERE seq = 3", 1},
        {"UPDATE entry SET seq = 1000 WHERE seq = 40", 40},
        {"DELETE FROM signal WHERE seq = 17", 17},
        {"UPDATE signal SET panel = 'x' WHERE seq = 21", 21},
        {"INSERT INTO event SELECT 15, at, type, zone FROM event WHERE seq = 14", 15},
        {"UPDATE event SET zone = 'gate' WHERE seq = 18", 18},
        {"DELETE FROM listed WHERE seq = 20", 20},
        {"INSERT INTO listed VALUES(2, 23)", 23},
        {"INSERT INTO listed VALUES(1, 1000)", 1000},
        {"DELETE FROM incident_entry WHERE seq = 7", 7},
        {"INSERT INTO entry SELECT 41, kind, at, cause, body, hash FROM entry WHERE seq = 3", 41},
    };
    struct journal *j = open_journal(NULL, 0);
    assert_int_equal(append(j, 40), TC_OK);
    (void)journal_close(j);
    for (size_t i = 0; i < TC_COUNT(tables); i++)
        edit_table("CREATE TABLE good_%s AS SELECT * FROM %s", tables[i]);
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct tc_errinfo info;
        edit(rows[i].sql);
        assert_int_equal(first_bad(&info), rows[i].bad);
        for (size_t k = 0; k < TC_COUNT(tables); k++) {
            edit_table("DELETE FROM %s", tables[k]);
            edit_table("INSERT INTO %s SELECT * FROM good_%s", tables[k]);
        }
        assert_int_equal(first_bad(&info), 0);
    }
    edit("UPDATE entry SET body = zeroblob(80) WHERE seq = 35");
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = dir};
    assert_int_equal(journal_open(&o, &j, &info), TC_E_CORRUPT); /* and core does not add to it */
    assert_non_null(strstr(info.text, "record 35"));
}

/* The exit status of tools/verify_journal.py, its first line in OUT. */
static int verify_apart(char *out, size_t size)
{
    static const char tool[] = TC_SOURCE_DIR "/tools/verify_journal.py";
    int fds[2], status = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)execlp("python3", "python3", tool, db_path, (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len<size - 1; len += n> 0 ? (size_t)n : 0)
        n = read(fds[0], out + len, size - 1 - len);
    out[len] = '\0';
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void test_journal__independent_verifier__agrees(void **state)
{
    (void)state;
    char out[256], want[256];
    uint8_t hash[RECORD_HASH_BYTES];
    struct journal *j = open_journal(NULL, 0);
    assert_int_equal(append(j, 50), TC_OK);
    (void)journal_last(j, hash);
    (void)journal_close(j);
    size_t n = (size_t)snprintf(want, sizeof(want), "50 records, last hash ");
    for (size_t i = 0; i < sizeof(hash); i++)
        n += (size_t)snprintf(want + n, sizeof(want) - n, "%02x", hash[i]);
    (void)snprintf(want + n, sizeof(want) - n, "\n");
    assert_int_equal(verify_apart(out, sizeof(out)), 0);
    assert_string_equal(out, want);
    edit("UPDATE entry SET body = CAST(body || x'00' AS BLOB) WHERE seq = 17");
    assert_int_equal(verify_apart(out, sizeof(out)), 1);
    assert_memory_equal(out, "record 17: ", 11);
}

/* The write or sync with number N of a batch fails, for every N until the batch succeeds. */
static unsigned fail_each(bool sync, int rc, enum tc_err expected)
{
    unsigned failures = 0;
    for (int n = 0; n < 500; n++) {
        fault_none();
        struct journal *j = open_journal("fault", 0);
        uint64_t before = journal_last(j, NULL);
        assert_int_equal(append(j, 3), TC_OK);
        fault.write_rc = rc;
        fault.sync_rc = rc;
        *(sync ? &fault.syncs_left : &fault.writes_left) = n;
        enum tc_err err = append(j, 40);
        fault_none();
        if (err != TC_OK) {
            failures++;
            assert_int_equal(err, expected);
            assert_int_equal(append(j, 1), expected); /* the disk is fine again: it still refuses */
            assert_int_equal(journal_last(j, NULL), before + 3);
        }
        (void)journal_close(j);
        assert_int_equal(verified(), before + (err == TC_OK ? 43 : 3));
        if (err == TC_OK)
            break;
    }
    return failures;
}

static void test_journal__write_fails_anywhere__no_part_of_the_batch_is_there(void **state)
{
    (void)state;
    assert_in_range(fail_each(false, SQLITE_IOERR_WRITE, TC_E_IO), 3, 400);
}

static void test_journal__disk_full_without_reserve__no_part_of_the_batch_is_there(void **state)
{
    (void)state;
    assert_in_range(fail_each(false, SQLITE_FULL, TC_E_NO_SPACE), 3, 400);
}

static void test_journal__sync_fails_once__is_not_tried_again(void **state)
{
    (void)state;
    assert_in_range(fail_each(true, SQLITE_IOERR_FSYNC, TC_E_IO), 1, 10);
}

static void test_journal__checkpoint_sync_fails__stops_the_journal(void **state)
{
    (void)state;
    struct journal *j = open_journal("fault", 0);
    bool stopped = false;
    fault.sync_rc = SQLITE_IOERR_FSYNC;
    for (int i = 0; i < 400 && !stopped; i++) {
        fault.syncs_left = -1;
        enum tc_err err = append(j, 200);
        stopped = err != TC_OK;
        assert_int_equal(err, stopped ? TC_E_IO : TC_OK);
        fault.stays = true;
        fault.syncs_left = 0; /* outside of appends, every sync is a checkpoint's */
        journal_tick(j);
        struct timespec moment = {.tv_nsec = 2000000};
        (void)nanosleep(&moment, NULL);
    }
    assert_true(stopped);
    fault_none();
    uint64_t last = journal_last(j, NULL);
    (void)journal_close(j);
    assert_int_equal(verified(), last);
}

static void test_journal__disk_full__releases_the_reserve_and_goes_on(void **state)
{
    (void)state;
    char path[TEMP_DIR_BYTES + 32];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s/journal.reserve", dir);
    struct journal *j = open_journal("fault", 1 << 20);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= 1 << 20);
    assert_int_equal(append(j, 8), TC_OK);
    assert_false(journal_on_reserve(j));
    fault.write_rc = SQLITE_FULL;
    fault.writes_left = 5;
    assert_int_equal(append(j, 40), TC_OK);
    assert_true(journal_on_reserve(j));
    assert_int_not_equal(stat(path, &st), 0);
    assert_int_equal(append(j, 8), TC_OK);
    journal_tick(j); /* there is room on this disk */
    assert_false(journal_on_reserve(j));
    assert_int_equal(stat(path, &st), 0);
    (void)journal_close(j);
    assert_int_equal(verified(), 56);
}

static void test_journal__snapshots__newest_good_one_of_this_history(void **state)
{
    (void)state;
    struct journal *j = open_journal(NULL, 0);
    TC_CLEANUP(tc_buf_done) struct tc_buf body;
    tc_buf_init(&body, 1 << 20);
    uint64_t seq = 0;
    assert_int_equal(append(j, 40), TC_OK);
    assert_int_equal(journal_snapshot_last(j, &seq, &body, NULL), TC_E_NOT_FOUND);
    assert_int_equal(journal_snapshot_put(j, 41, tc_slice("no", 2), NULL), TC_E_NOT_FOUND);
    assert_int_equal(journal_snapshot_put(j, 10, tc_slice("ten", 3), NULL), TC_OK);
    assert_int_equal(journal_snapshot_put(j, 20, tc_slice("twenty", 6), NULL), TC_OK);
    assert_int_equal(journal_snapshot_put(j, 30, tc_slice("thirty", 6), NULL), TC_OK);
    assert_int_equal(append(j, 1), TC_OK);
    assert_int_equal(journal_snapshot_last(j, &seq, &body, NULL), TC_OK);
    assert_int_equal(seq, 30);
    assert_slice_is(tc_buf_view(&body), "thirty");
    (void)journal_close(j);
    assert_int_equal(value("SELECT count(*) FROM snapshot"), JOURNAL_SNAPSHOTS_KEPT);
    edit("UPDATE snapshot SET body = CAST('thirtx' AS BLOB) WHERE seq = 30");
    j = open_journal(NULL, 0);
    assert_int_equal(journal_snapshot_last(j, &seq, &body, NULL), TC_OK);
    assert_int_equal(seq, 20);
    (void)journal_close(j);
    edit("UPDATE snapshot SET chain = zeroblob(32)");
    j = open_journal(NULL, 0);
    assert_int_equal(journal_snapshot_last(j, &seq, &body, NULL), TC_E_NOT_FOUND);
    (void)journal_close(j);
}

/* Appends batches for ever, says over the pipe which last seq each made durable. */
static void write_for_ever(int out)
{
    struct journal *j = open_journal(NULL, 0);
    for (unsigned n = 1;; n = n % 97 + 7) {
        if (append(j, n) != TC_OK)
            _exit(3);
        uint64_t last = journal_last(j, NULL);
        if (write(out, &last, sizeof(last)) != sizeof(last))
            _exit(4);
        journal_tick(j);
    }
}

static void test_journal__killed_at_any_moment__has_every_batch_whole(void **state)
{
    (void)state;
    uint64_t durable = 0;
    for (int round = 0; round < 15; round++) {
        int fds[2];
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            write_for_ever(fds[1]);
        (void)close(fds[1]);
        struct timespec wait = {.tv_nsec = 7919000L * round};
        if (round < 3) /* later also while it opens */
            assert_int_equal(read(fds[0], &durable, sizeof(durable)), sizeof(durable));
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        uint64_t last;
        while (read(fds[0], &last, sizeof(last)) == sizeof(last))
            durable = last;
        (void)close(fds[0]);
        assert_true(verified() >= durable);
        struct journal *j = open_journal(NULL, 0);
        assert_true(journal_last(j, NULL) >= durable);
        assert_int_equal(journal_tail(j, journal_last(j, NULL), check_whole, NULL, NULL), TC_OK);
        (void)journal_close(j);
        assert_int_equal(value("SELECT count(*) FROM signal"),
                         value("SELECT count(*) FROM entry WHERE kind = 3"));
        assert_int_equal(value("SELECT count(*) FROM listed"),
                         value("SELECT count(*) FROM entry WHERE kind = 52"));
    }
    assert_true(durable > 100);
}

/* What a kill before the first frame leaves. */
static void test_journal__wal_of_a_header_alone__reads_at_once(void **state)
{
    (void)state;
    char path[TEMP_DIR_BYTES + 32];
    static const uint8_t header[32] = {0x37, 0x7f, 0x06, 0x82, 0x00, 0x2d, 0xe2, 0x18,
                                       0,    0,    0x10, 0,    0,    0,    0,    0,
                                       0x53, 0x53, 0xbe, 0xc5, 0x84, 0x39, 0x2b, 0x3b,
                                       0x9a, 0xa5, 0x56, 0x66, 0x8d, 0xb8, 0x67, 0x8f};
    struct journal *j = open_journal(NULL, 0);
    assert_int_equal(append(j, 9), TC_OK);
    (void)journal_close(j);
    (void)snprintf(path, sizeof(path), "%s-wal", db_path);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
    (void)close(fd);
    time_t began = time(NULL);
    assert_int_equal(verified(), 9);
    assert_in_range(time(NULL) - began, 0, 3);
    j = open_journal(NULL, 0);
    assert_int_equal(append(j, 9), TC_OK);
    (void)journal_close(j);
    assert_int_equal(verified(), 18);
}

static void test_journal__wal_is_brought_home__while_batches_go_on(void **state)
{
    (void)state;
    struct journal *j = open_journal(NULL, 0);
    struct stat st;
    char path[TEMP_DIR_BYTES + 32];
    (void)snprintf(path, sizeof(path), "%s-wal", db_path);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(append(j, 300), TC_OK);
        journal_tick(j);
    }
    assert_int_equal(stat(db_path, &st), 0);
    assert_true(st.st_size > 16 << 20);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 20 << 20); /* 600 batches wrote some 150 MiB of WAL */
    (void)journal_close(j);
    assert_int_equal(stat(path, &st), 0); /* kept, empty: a reader needs no right to make it */
    assert_int_equal(verified(), 180000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_journal__closed_and_opened__goes_on_where_it_was),
        T(test_journal__batch_that_does_not_follow__is_refused_whole),
        T(test_journal__second_writer__is_refused_with_the_remedy),
        T(test_journal__file_that_is_none__is_named),
        T(test_journal__edited_offline__verifier_names_the_record),
        T(test_journal__independent_verifier__agrees),
        T(test_journal__write_fails_anywhere__no_part_of_the_batch_is_there),
        T(test_journal__disk_full_without_reserve__no_part_of_the_batch_is_there),
        T(test_journal__sync_fails_once__is_not_tried_again),
        T(test_journal__checkpoint_sync_fails__stops_the_journal),
        T(test_journal__disk_full__releases_the_reserve_and_goes_on),
        T(test_journal__snapshots__newest_good_one_of_this_history),
        T(test_journal__killed_at_any_moment__has_every_batch_whole),
        T(test_journal__wal_of_a_header_alone__reads_at_once),
        T(test_journal__wal_is_brought_home__while_batches_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
