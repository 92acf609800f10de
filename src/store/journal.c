/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/check.h"
#include "base/rd.h"
#include "store/db.h"
#include "store/journal_impl.h"

enum { JOURNAL_SCHEMA = 1, JOURNAL_CHECKED_AT_OPEN = 256 };

static const char schema[] =
    "CREATE TABLE entry(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL,"
    " cause INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
    "CREATE TABLE snapshot(seq INTEGER PRIMARY KEY, chain BLOB NOT NULL, body BLOB NOT NULL,"
    " digest BLOB NOT NULL) STRICT;";

static const char *const sql[JS_STMTS] = {
    [JS_BEGIN] = "BEGIN IMMEDIATE",
    [JS_COMMIT] = "COMMIT",
    [JS_ROLLBACK] = "ROLLBACK",
    [JS_ADD] = "INSERT INTO entry(seq, kind, at, cause, body, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [JS_TAIL] = "SELECT seq, body FROM entry WHERE seq >= ?1 ORDER BY seq",
    [JS_LAST] = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1",
};

void journal_batch_init(struct journal_batch *b)
{
    tc_buf_init(&b->bytes, JOURNAL_BATCH_BYTES_MAX);
    b->count = 0;
}

void journal_batch_done(struct journal_batch *b)
{
    tc_buf_done(&b->bytes);
    b->count = 0;
}

void journal_batch_clear(struct journal_batch *b)
{
    tc_buf_clear(&b->bytes);
    b->count = 0;
}

enum tc_err journal_batch_add(struct journal_batch *b, const struct record_entry *e)
{
    size_t before = b->bytes.len;
    tc_buf_add_be32(&b->bytes, 0);
    enum tc_err err = b->bytes.err;
    if (err == TC_OK)
        err = entry_encode(e, &b->bytes);
    if (err != TC_OK) {
        b->bytes.len = before;
        b->bytes.err = TC_OK;
        return err;
    }
    tc_buf_set_be32(&b->bytes, before, (uint32_t)(b->bytes.len - before - 4));
    b->count++;
    return TC_OK;
}

static enum tc_err take_lock(struct journal *j, const char *dir, struct tc_errinfo *info)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/journal.lock", dir);
    j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (j->lock_fd < 0)
        return tc_fail_errno(info, errno, "%s", path);
    if (flock(j->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return TC_OK;
    if (errno == EWOULDBLOCK)
        return tc_fail(info, TC_E_BUSY, "%s: another process writes this journal; stop it first",
                       dir);
    return tc_fail_errno(info, errno, "%s", path);
}

static enum tc_err read_pragma(sqlite3 *db, const char *text, int64_t *ret, struct tc_errinfo *info)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    enum tc_err err = rc == SQLITE_ROW ? TC_OK : db_fail(db, rc, info, text);
    (void)sqlite3_finalize(s);
    return err;
}

static enum tc_err make_schema(sqlite3 *db, struct tc_errinfo *info)
{
    int64_t version = 0;
    TC_TRY(read_pragma(db, "PRAGMA user_version", &version, info));
    if (version == JOURNAL_SCHEMA)
        return TC_OK;
    if (version != 0)
        return tc_fail(info, TC_E_UNSUPPORTED,
                       "journal.db is of form %" PRId64 ", this program knows %d", version,
                       JOURNAL_SCHEMA);
    TC_TRY(db_exec(db, "BEGIN IMMEDIATE", info));
    TC_TRY(db_exec(db, schema, info));
    TC_TRY(db_exec(db, journal_lists_schema, info));
    TC_TRY(db_exec(db, "PRAGMA application_id=1953456995", info)); /* "tocs" */
    TC_TRY(db_exec(db, "PRAGMA user_version=1", info));
    return db_exec(db, "COMMIT", info);
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct journal *j = ctx;
    j->wal_pages = pages;
    return SQLITE_OK;
}

static enum tc_err open_db(struct journal *j, const struct journal_options *o,
                           struct tc_errinfo *info)
{
    TC_TRY(db_open(j->path, DB_WRITE, o->vfs, &j->db, info));
    TC_TRY(db_exec(j->db, "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-32768", info));
    TC_TRY(db_exec(j->db, "PRAGMA journal_size_limit=67108864", info));
    TC_TRY(make_schema(j->db, info));
    (void)sqlite3_wal_hook(j->db, on_commit, j);
    return db_prepare_all(j->db, sql, JS_STMTS, j->stmts, info);
}

/* Seq and hash of the row that S stands on, as SELECT seq, hash. */
static enum tc_err take_last(struct journal *j, sqlite3_stmt *s, struct tc_errinfo *info)
{
    if (sqlite3_column_bytes(s, 1) != RECORD_HASH_BYTES)
        return tc_fail(info, TC_E_CORRUPT, "record %lld has no hash", sqlite3_column_int64(s, 0));
    j->last_seq = (uint64_t)sqlite3_column_int64(s, 0);
    record_chain_set(&j->chain, sqlite3_column_blob(s, 1));
    return TC_OK;
}

static enum tc_err load_last(struct journal *j, struct tc_errinfo *info)
{
    sqlite3_stmt *s = j->stmts[JS_LAST];
    int rc = sqlite3_step(s);
    enum tc_err err = TC_OK;
    if (rc == SQLITE_ROW)
        err = take_last(j, s, info);
    else if (rc != SQLITE_DONE)
        err = db_fail(j->db, rc, info, "last record");
    (void)sqlite3_reset(s);
    return err;
}

/* The newest records follow from each other; a journal that was damaged where it ended is not added
 * to. */
static enum tc_err check_end(struct journal *j, struct tc_errinfo *info)
{
    static const char text[] = "SELECT seq, body, hash FROM entry WHERE seq >= ?1 ORDER BY seq";
    uint64_t from =
        j->last_seq > JOURNAL_CHECKED_AT_OPEN ? j->last_seq - JOURNAL_CHECKED_AT_OPEN : 0;
    struct record_verify v;
    TC_TRY(record_verify_init(&v));
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(j->db, text, -1, &s, NULL);
    (void)sqlite3_bind_int64(s, 1, (int64_t)from);
    enum tc_err err = rc == SQLITE_OK ? TC_OK : db_fail(j->db, rc, info, text);
    while (err == TC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct tc_slice body =
            tc_slice(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        struct tc_slice hash =
            tc_slice(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
        uint64_t seq = (uint64_t)sqlite3_column_int64(s, 0);
        if (seq == from && hash.len == RECORD_HASH_BYTES) {
            record_chain_set(&v.chain, hash.ptr);
            v.next_seq = from + 1;
        } else {
            err = record_verify_entry(&v, seq, body, hash, NULL, info);
        }
    }
    if (err == TC_OK && rc != SQLITE_DONE)
        err = db_fail(j->db, rc, info, text);
    (void)sqlite3_finalize(s);
    record_verify_done(&v);
    return err;
}

static enum tc_err open_all(struct journal *j, const struct journal_options *o,
                            struct tc_errinfo *info)
{
    int n = snprintf(j->path, sizeof(j->path), "%s/journal.db", o->dir);
    if (n < 0 || (size_t)n >= sizeof(j->path) - 16)
        return tc_fail(info, TC_E_LIMIT, "state directory's path is too long");
    j->wal_pages_soft = o->wal_pages == 0 ? JOURNAL_WAL_PAGES : o->wal_pages;
    TC_TRY(take_lock(j, o->dir, info));
    TC_TRY(record_chain_init(&j->chain));
    TC_TRY(open_db(j, o, info));
    TC_TRY(load_last(j, info));
    TC_TRY(check_end(j, info));
    TC_TRY(journal_lists_init(&j->lists, j->db, info));
    TC_TRY(journal_checkpoint_open(j, o->vfs, info));
    return journal_reserve_open(&j->reserve, o->dir, o->reserve_bytes, info);
}

enum tc_err journal_open(const struct journal_options *o, struct journal **ret,
                         struct tc_errinfo *info)
{
    struct journal *j = calloc(1, sizeof(*j));
    if (j == NULL)
        return tc_fail(info, TC_E_NOMEM, "out of memory");
    j->lock_fd = -1;
    j->reserve.dir_fd = -1;
    enum tc_err err = open_all(j, o, info);
    if (err != TC_OK) {
        (void)journal_close(j);
        tc_errinfo_prefix(info, "journal");
        j = NULL;
    }
    *ret = j;
    return err;
}

struct journal *journal_close(struct journal *j)
{
    if (j == NULL)
        return NULL;
    journal_checkpoint_close(j);
    journal_lists_done(&j->lists);
    db_finalize_all(j->stmts, JS_STMTS);
    db_close(j->db);
    record_chain_done(&j->chain);
    journal_reserve_close(&j->reserve);
    if (j->lock_fd >= 0)
        (void)close(j->lock_fd);
    free(j);
    return NULL;
}

uint64_t journal_last(const struct journal *j, uint8_t *hash)
{
    if (hash != NULL)
        memcpy(hash, j->chain.hash, RECORD_HASH_BYTES);
    return j->last_seq;
}

static enum tc_err insert_entry(struct journal *j, const struct record_entry *e,
                                struct tc_slice bytes, struct tc_errinfo *info)
{
    sqlite3_stmt *s = j->stmts[JS_ADD];
    (void)sqlite3_bind_int64(s, 1, (int64_t)e->seq);
    (void)sqlite3_bind_int64(s, 2, e->kind);
    (void)sqlite3_bind_int64(s, 3, e->at.ns);
    (void)sqlite3_bind_int64(s, 4, (int64_t)e->cause);
    (void)sqlite3_bind_blob(s, 5, bytes.ptr, (int)bytes.len, SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, 6, j->chain.hash, RECORD_HASH_BYTES, SQLITE_STATIC);
    return db_run(j->db, s, info, "store an entry");
}

static enum tc_err append_entry(struct journal *j, struct tc_slice bytes, struct tc_errinfo *info)
{
    struct record_entry e;
    TC_TRY(entry_decode(bytes, &e, info));
    if (e.seq != j->last_seq + 1)
        return tc_fail(info, TC_E_CONFLICT, "entry %" PRIu64 " behind entry %" PRIu64, e.seq,
                       j->last_seq);
    if (record_chain_step(&j->chain, bytes) != TC_OK)
        return tc_fail(info, TC_E_CRYPTO, "SHA-256 failed");
    TC_TRY(insert_entry(j, &e, bytes, info));
    j->last_seq = e.seq;
    return journal_lists_add(&j->lists, &e, info);
}

static enum tc_err append_in_transaction(struct journal *j, const struct journal_batch *b,
                                         struct tc_errinfo *info)
{
    struct tc_rd r = tc_rd(tc_buf_view(&b->bytes));
    TC_TRY(db_run(j->db, j->stmts[JS_BEGIN], info, "begin"));
    while (!tc_rd_end(&r)) {
        uint32_t len = tc_rd_be32(&r);
        struct tc_slice bytes = tc_rd_take(&r, len);
        TC_ASSERT(tc_rd_ok(&r));
        TC_TRY(append_entry(j, bytes, info));
    }
    TC_TRY(journal_lists_flush(&j->lists, info));
    return db_run(j->db, j->stmts[JS_COMMIT], info, "commit");
}

/* All of the batch or nothing of it; after an error the journal is as before, in memory too. */
static enum tc_err append_once(struct journal *j, const struct journal_batch *b,
                               struct tc_errinfo *info)
{
    uint8_t hash[RECORD_HASH_BYTES];
    uint64_t seq = journal_last(j, hash);
    struct journal_lists_state lists = j->lists.now;
    enum tc_err err = append_in_transaction(j, b, info);
    if (err == TC_OK)
        return TC_OK;
    if (sqlite3_get_autocommit(j->db) == 0 &&
        db_run(j->db, j->stmts[JS_ROLLBACK], NULL, "rollback") != TC_OK)
        j->failed = err;
    j->last_seq = seq;
    record_chain_set(&j->chain, hash);
    j->lists.now = lists;
    return err;
}

enum tc_err journal_append(struct journal *j, const struct journal_batch *b,
                           struct tc_errinfo *info)
{
    if (j->failed == TC_OK && j->checkpoint.failed != 0)
        j->failed = TC_E_IO;
    if (j->failed != TC_OK)
        return tc_fail(info, j->failed, "the journal stopped after an error (%s)",
                       tc_err_text(j->failed));
    if (b->count == 0)
        return TC_OK;
    enum tc_err err = append_once(j, b, info);
    if (err == TC_E_NO_SPACE && j->failed == TC_OK && journal_reserve_release(&j->reserve))
        err = append_once(j, b, info);
    if (err != TC_OK)
        j->failed = err;
    return err;
}

enum tc_err journal_tail(struct journal *j, uint64_t from, journal_entry_fn *fn, void *ctx,
                         struct tc_errinfo *info)
{
    sqlite3_stmt *s = j->stmts[JS_TAIL];
    (void)sqlite3_bind_int64(s, 1, (int64_t)from);
    enum tc_err err = TC_OK;
    int rc = SQLITE_DONE;
    while (err == TC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct record_entry e;
        struct tc_slice body =
            tc_slice(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        if (entry_decode(body, &e, info) == TC_OK && e.seq == (uint64_t)sqlite3_column_int64(s, 0))
            err = fn(ctx, &e, body);
        else
            err = tc_fail(info, TC_E_CORRUPT, "record %lld does not decode",
                          sqlite3_column_int64(s, 0));
    }
    if (err == TC_OK && rc != SQLITE_DONE)
        err = db_fail(j->db, rc, info, "read the journal");
    (void)sqlite3_reset(s);
    return err;
}

bool journal_on_reserve(const struct journal *j)
{
    return j->reserve.released;
}
